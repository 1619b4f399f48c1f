/* sim/share.c - a table of values by what they hold. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "sim/share.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

#define TEXT_LEN_MAX  128u /* longer ones are rarely equal, and dear to compare */
#define SLOTS_MIN     256u
#define SWEEP_MIN     4096u
#define HASH_OF_ARRAY UINT64_C(0x9e3779b97f4a7c15)
#define HASH_FACTOR   UINT64_C(0xff51afd7ed558ccd)

struct slot {
    uint64_t hash;
    json_t *value; /* NULL: free */
};

struct sim_share {
    struct slot *slots; /* open addressing, a power of two of them */
    size_t slot_count;
    size_t count;
    size_t sweep_at; /* how many values make a sweep worth its time */
};

/* A value and the hash of what it holds. */
struct shared {
    json_t *value; /* a reference */
    uint64_t hash;
};

struct sim_share *sim_share_new(void)
{
    struct sim_share *share = TG_NEW(struct sim_share);
    share->slot_count = SLOTS_MIN;
    share->slots = tg_calloc(share->slot_count, sizeof *share->slots);
    share->sweep_at = SWEEP_MIN;
    return share;
}

void sim_share_free(struct sim_share *share)
{
    if (share == NULL) {
        return;
    }
    for (size_t i = 0; i < share->slot_count; i++) {
        json_decref(share->slots[i].value);
    }
    free(share->slots);
    free(share);
}

size_t sim_share_count(const struct sim_share *share)
{
    return share->count;
}

/* ---- the table ---- */

static uint64_t mix(uint64_t hash, uint64_t more)
{
    hash = (hash ^ more) * HASH_FACTOR;
    return hash ^ hash >> 32;
}

static void place(struct slot *slots, size_t slot_count, uint64_t hash, json_t *value)
{
    size_t at = (size_t)hash & (slot_count - 1);
    while (slots[at].value != NULL) {
        at = (at + 1) & (slot_count - 1);
    }
    slots[at] = (struct slot){hash, value};
}

/* Lays the table out anew with slot_count slots. */
static void rebuild(struct sim_share *share, size_t slot_count)
{
    struct slot *slots = tg_calloc(slot_count, sizeof *slots);
    for (size_t i = 0; i < share->slot_count; i++) {
        if (share->slots[i].value != NULL) {
            place(slots, slot_count, share->slots[i].hash, share->slots[i].value);
        }
    }
    free(share->slots);
    share->slots = slots;
    share->slot_count = slot_count;
}

/* Lets go of what nobody else has. What only such a value held goes with a later sweep. */
static void sweep(struct sim_share *share)
{
    for (size_t i = 0; i < share->slot_count; i++) {
        json_t *value = share->slots[i].value;
        if (value != NULL && value->refcount == 1) {
            share->slots[i].value = NULL;
            share->count--;
            json_decref(value);
        }
    }
    rebuild(share, share->slot_count); /* an emptied slot would cut the ways past it */
    share->sweep_at = share->count * 2 < SWEEP_MIN ? SWEEP_MIN : share->count * 2;
}

static void add(struct sim_share *share, uint64_t hash, json_t *value)
{
    if ((share->count + 1) * 2 > share->slot_count) {
        rebuild(share, share->slot_count * 2);
    }
    place(share->slots, share->slot_count, hash, json_incref(value));
    share->count++;
}

/* Equal members of equal containers are one value already, where they are shared at all. */
static bool is_same_member(const json_t *a, const json_t *b)
{
    return a == b || (!json_is_object(a) && !json_is_array(a) && json_equal(a, b));
}

static bool is_same_object(json_t *a, json_t *b)
{
    void *at_a = json_object_iter(a);
    void *at_b = json_object_iter(b);
    while (at_a != NULL && at_b != NULL) {
        if (!is_same_member(json_object_iter_value(at_a), json_object_iter_value(at_b)) ||
            !tg_str_eq(json_object_iter_key(at_a), json_object_iter_key(at_b))) {
            return false;
        }
        at_a = json_object_iter_next(a, at_a);
        at_b = json_object_iter_next(b, at_b);
    }
    return at_a == at_b;
}

/* True when both hold the same; their members are shared ones. */
static bool is_same(json_t *a, json_t *b)
{
    if (json_typeof(a) != json_typeof(b)) {
        return false;
    }
    if (json_is_object(a)) {
        return json_object_size(a) == json_object_size(b) && is_same_object(a, b);
    }
    if (json_is_array(a)) {
        bool is_equal = json_array_size(a) == json_array_size(b);
        for (size_t i = 0; is_equal && i < json_array_size(a); i++) {
            is_equal = is_same_member(json_array_get(a, i), json_array_get(b, i));
        }
        return is_equal;
    }
    return json_equal(a, b);
}

/* The table's value that holds the same as value (a reference, taken), which becomes the table's
 * when there is none. */
static struct shared unite(struct sim_share *share, json_t *value, uint64_t hash)
{
    size_t at = (size_t)hash & (share->slot_count - 1);
    while (share->slots[at].value != NULL) {
        if (share->slots[at].hash == hash && is_same(share->slots[at].value, value)) {
            json_t *kept = json_incref(share->slots[at].value);
            json_decref(value);
            return (struct shared){kept, hash};
        }
        at = (at + 1) & (share->slot_count - 1);
    }
    add(share, hash, value);
    return (struct shared){value, hash};
}

/* ---- values ---- */

static struct shared share_any(struct sim_share *share, json_t *value);

/* The object itself when its members are shared ones, else a copy with those: nobody's value is
 * changed. */
static struct shared share_object(struct sim_share *share, json_t *value)
{
    uint64_t hash = json_object_size(value);
    json_t *copy = NULL;
    for (void *at = json_object_iter(value); at != NULL; at = json_object_iter_next(value, at)) {
        const char *key = json_object_iter_key(at);
        json_t *member = json_object_iter_value(at);
        struct shared shared = share_any(share, member);
        hash = mix(mix(hash, tg_hash_str(key)), shared.hash);
        if (shared.value != member && copy == NULL) {
            copy = json_copy(value);
        }
        if (copy != NULL) {
            json_object_set_new_nocheck(copy, key, shared.value);
        } else {
            json_decref(shared.value);
        }
    }
    return unite(share, copy == NULL ? json_incref(value) : copy, hash);
}

static struct shared share_array(struct sim_share *share, json_t *value)
{
    uint64_t hash = HASH_OF_ARRAY;
    json_t *copy = NULL;
    for (size_t i = 0; i < json_array_size(value); i++) {
        json_t *member = json_array_get(value, i);
        struct shared shared = share_any(share, member);
        hash = mix(hash, shared.hash);
        if (shared.value != member && copy == NULL) {
            copy = json_copy(value);
        }
        if (copy != NULL) {
            json_array_set_new(copy, i, shared.value);
        } else {
            json_decref(shared.value);
        }
    }
    return unite(share, copy == NULL ? json_incref(value) : copy, hash);
}

static struct shared share_any(struct sim_share *share, json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return share_object(share, value);
    case JSON_ARRAY:
        return share_array(share, value);
    case JSON_STRING:
        if (json_string_length(value) <= TEXT_LEN_MAX) {
            return unite(share, json_incref(value), tg_hash_str(json_string_value(value)));
        }
        return (struct shared){json_incref(value), tg_hash_str(json_string_value(value))};
    case JSON_INTEGER:
        return (struct shared){json_incref(value), mix(1, (uint64_t)json_integer_value(value))};
    case JSON_REAL:
    case JSON_TRUE:
    case JSON_FALSE:
    case JSON_NULL:
        break;
    }
    return (struct shared){json_incref(value), mix(2, (uint64_t)json_typeof(value))};
}

json_t *sim_share_value(struct sim_share *share, json_t *value)
{
    if (share->count >= share->sweep_at) {
        sweep(share);
    }
    return share_any(share, value).value;
}

/* ---- objects of a store ---- */

/* What of metadata is an object's own. */
static bool is_own(const char *key)
{
    return tg_str_eq(key, "name") || tg_str_eq(key, "uid") || tg_str_eq(key, "resourceVersion");
}

/* The member metadata (NULL: none is called so) is left alone. */
static void share_members(struct sim_share *share, json_t *object, const json_t *metadata,
                          const json_t *before)
{
    const char *key;
    json_t *value;
    json_object_foreach(object, key, value)
    {
        json_t *old = json_object_get(before, key);
        if (value == metadata || old == value || is_own(key)) {
            continue;
        }
        if (old != NULL && json_equal(old, value)) {
            json_object_set(object, key, old);
        } else if (before == NULL || tg_str_eq(key, "managedFields")) {
            json_object_set_new(object, key, sim_share_value(share, value));
        }
    }
}

void sim_share_object(struct sim_share *share, json_t *object, const json_t *before)
{
    json_t *metadata = json_object_get(object, "metadata");
    share_members(share, object, metadata, before);
    share_members(share, metadata, NULL, json_object_get(before, "metadata"));
}
