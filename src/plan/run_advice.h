/* plan/run_advice.h - what a careful operator does about a step that failed.
 *
 * Thread: UI thread. Text is translated.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_PLAN_RUN_ADVICE_H
#define TG_PLAN_RUN_ADVICE_H

#include "base/buf.h"
#include "plan/run.h"

/* Appends sentences about the step; nothing when it did not fail, or only waits for one that did.
 */
void tg_run_advice(const struct tg_run *run, int step, struct tg_buf *out);

#endif
