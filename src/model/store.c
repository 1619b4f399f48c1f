/* model/store.c - a sorted array of objects. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "model/store.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void tg_store_init(struct tg_store *store)
{
    *store = (struct tg_store){0};
}

void tg_store_fini(struct tg_store *store)
{
    for (size_t i = 0; i < store->count; i++) {
        tg_obj_unref(store->items[i]);
    }
    free(store->items);
    tg_store_init(store);
}

/* Place of (ns, name), or where it would be inserted. */
static size_t place(const struct tg_store *store, const char *ns, const char *name, bool *is_there)
{
    size_t low = 0;
    size_t high = store->count;
    *is_there = false;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(store->items[middle]->ns, ns);
        order = order != 0 ? order : strcmp(store->items[middle]->name, name);
        if (order == 0) {
            *is_there = true;
            return middle;
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

struct tg_obj *tg_store_get(const struct tg_store *store, const char *ns, const char *name)
{
    bool is_there;
    size_t at = place(store, ns, name, &is_there);
    return is_there ? store->items[at] : NULL;
}

struct tg_obj *tg_store_put(struct tg_store *store, struct tg_obj *obj)
{
    bool is_there;
    size_t at = place(store, obj->ns, obj->name, &is_there);
    store->bytes += obj->size;
    if (is_there) {
        struct tg_obj *old = store->items[at];
        store->items[at] = obj;
        store->bytes -= old->size;
        return old;
    }
    if (store->count == store->cap) {
        store->cap = store->cap == 0 ? 16 : store->cap * 2;
        store->items = tg_realloc_array(store->items, store->cap, sizeof(struct tg_obj *));
    }
    memmove(&store->items[at + 1], &store->items[at],
            (store->count - at) * sizeof(struct tg_obj *));
    store->items[at] = obj;
    store->count++;
    return NULL;
}

struct tg_obj *tg_store_take(struct tg_store *store, const char *ns, const char *name)
{
    bool is_there;
    size_t at = place(store, ns, name, &is_there);
    if (!is_there) {
        return NULL;
    }
    struct tg_obj *old = store->items[at];
    store->count--;
    store->bytes -= old->size;
    memmove(&store->items[at], &store->items[at + 1],
            (store->count - at) * sizeof(struct tg_obj *));
    return old;
}
