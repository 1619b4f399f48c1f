/* model/snapshot.c - pointer copies of all stores. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "model/snapshot.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

struct tg_snapshot {
    size_t targets_count;
    struct tg_store *stores; /* targets_count * TG_KIND_COUNT */
};

struct tg_snapshot *tg_snapshot_take(const struct tg_model *model)
{
    struct tg_snapshot *snapshot = TG_NEW(struct tg_snapshot);
    snapshot->targets_count = model->targets_count;
    snapshot->stores = tg_calloc(model->targets_count * TG_KIND_COUNT + 1, sizeof(struct tg_store));
    for (size_t t = 0; t < model->targets_count; t++) {
        for (int kind = 0; kind < TG_KIND_COUNT; kind++) {
            const struct tg_store *from = &model->targets[t]->kinds[kind].store;
            struct tg_store *to = &snapshot->stores[t * TG_KIND_COUNT + (size_t)kind];
            *to = *from;
            to->items = tg_calloc(from->count + 1, sizeof(struct tg_obj *));
            for (size_t i = 0; i < from->count; i++) {
                to->items[i] = tg_obj_ref(from->items[i]);
            }
        }
    }
    return snapshot;
}

void tg_snapshot_free(struct tg_snapshot *snapshot)
{
    if (snapshot == NULL) {
        return;
    }
    for (size_t i = 0; i < snapshot->targets_count * TG_KIND_COUNT; i++) {
        tg_store_fini(&snapshot->stores[i]);
    }
    free(snapshot->stores);
    free(snapshot);
}

static const struct tg_store *store_of(const struct tg_snapshot *snapshot, int target,
                                       enum tg_kind kind)
{
    return &snapshot->stores[(size_t)target * TG_KIND_COUNT + (size_t)kind];
}

struct tg_difference tg_snapshot_compare(const struct tg_snapshot *before,
                                         const struct tg_snapshot *after, int target,
                                         enum tg_kind kind)
{
    struct tg_difference difference = {0};
    const struct tg_store *old = store_of(before, target, kind);
    const struct tg_store *new = store_of(after, target, kind);
    for (size_t i = 0; i < new->count; i++) {
        const struct tg_obj *was = tg_store_get(old, new->items[i]->ns, new->items[i]->name);
        if (was == NULL) {
            difference.added++;
        } else if (!tg_str_eq(was->resource_version, new->items[i]->resource_version) ||
                   !tg_str_eq(was->uid, new->items[i]->uid)) {
            difference.changed++;
        }
    }
    for (size_t i = 0; i < old->count; i++) {
        if (tg_store_get(new, old->items[i]->ns, old->items[i]->name) == NULL) {
            difference.removed++;
        }
    }
    return difference;
}
