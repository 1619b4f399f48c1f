/* model/reduce.h - folds one message into the model: the only writer of what is observed.
 *
 * Pure: no clock, no I/O. A PUT with a changed uid is a delete and an add; a REPLACE is compared by
 * uid, so that the timeline tells adds, changes and removals, not a relist.
 *
 * Thread: UI thread.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_MODEL_REDUCE_H
#define TG_MODEL_REDUCE_H

#include "model/fleet.h"

/* Folds msg into model, taking objects out of it (the caller still frees msg). Returns true when
 * anything that a screen may show has changed (freshness alone does not count: ages are computed
 * when drawn). */
bool tg_reduce(struct tg_model *model, struct tg_msg *msg);

#endif
