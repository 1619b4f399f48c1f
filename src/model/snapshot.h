/* model/snapshot.h - the objects of one moment, kept by counting references: for comparing before
 * with after.
 *
 * Thread: UI thread. Ownership: the snapshot holds references; free it with tg_snapshot_free().
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_MODEL_SNAPSHOT_H
#define TG_MODEL_SNAPSHOT_H

#include <stddef.h>

#include "model/fleet.h"

struct tg_snapshot;

/* Copies the pointers of every store and counts one more reference for each object. */
struct tg_snapshot *tg_snapshot_take(const struct tg_model *model);
void tg_snapshot_free(struct tg_snapshot *snapshot);

/* How the objects of one kind on one target differ: new, gone, and changed (another resourceVersion
 * or uid). */
struct tg_difference {
    size_t added;
    size_t removed;
    size_t changed;
};
struct tg_difference tg_snapshot_compare(const struct tg_snapshot *before,
                                         const struct tg_snapshot *after, int target,
                                         enum tg_kind kind);

#endif
