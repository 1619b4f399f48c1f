/* model/store.h - the objects of one kind on one target, sorted by (namespace, name) in byte order.
 *
 * Thread: UI thread. Ownership: the store holds one reference to each object.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_MODEL_STORE_H
#define TG_MODEL_STORE_H

#include <stdbool.h>
#include <stddef.h>

#include "model/obj.h"

struct tg_store {
    struct tg_obj **items; /* sorted; borrowed by readers until the next change */
    size_t count;
    size_t cap;
    size_t bytes; /* of all blocks together */
};

void tg_store_init(struct tg_store *store);
void tg_store_fini(struct tg_store *store);

/* The object, or NULL; borrowed. */
struct tg_obj *tg_store_get(const struct tg_store *store, const char *ns, const char *name);

/* Puts obj (reference taken over), replacing one of the same name. Returns the replaced object with
 * its reference handed to the caller, or NULL. O(log n) search; insertion in the middle moves
 * pointers. */
struct tg_obj *tg_store_put(struct tg_store *store, struct tg_obj *obj);

/* Takes the object out; its reference goes to the caller. NULL when there is none. */
struct tg_obj *tg_store_take(struct tg_store *store, const char *ns, const char *name);

#endif
