/* sim/store.c - objects of one simulated API server, their history and observers. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "sim/store.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/clock.h"
#include "base/fmt.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim/definition.h"
#include "sim/json_path.h"

#define STORE_MAGIC     0x53544f52u
#define HISTORY_MAX     10000u
#define NAME_SUFFIX_LEN 5
#define POD_GRACE_S     30
#define KEY_SEPARATOR_TEXT \
    "\x01" /* sorts before every character of a name: order is (namespace, name) */

struct entry {
    json_t *object;
    struct sim_text *text; /* NULL until somebody asked */
};

struct observer {
    uint64_t id; /* 0: removed while changes were being told */
    sim_observer *observe;
    void *context;
};

struct sim_store {
    uint32_t magic;
    struct sim_world *world;
    char *name;
    uint64_t resource_version;
    uint64_t oldest_version; /* changes after it are in history */
    struct tg_map **objects; /* first those of the table, then the slots of definitions */
    size_t slot_count;
    struct sim_definitions *definitions;

    struct sim_change *history; /* ring */
    size_t history_cap;
    size_t history_first;
    size_t history_count;
    size_t told_count; /* of the history's entries, those that observers have seen */
    bool is_telling;

    struct observer *observers;
    size_t observer_count;
    uint64_t observer_id_last;

    void *face;
    void (*free_face)(void *face);
};

static void entry_free(void *value)
{
    struct entry *entry = value;
    json_decref(entry->object);
    sim_text_drop(entry->text);
    free(entry);
}

static void change_fini(struct sim_change *change)
{
    json_decref(change->object);
    json_decref(change->previous);
}

struct sim_store *sim_store_new(struct sim_world *world, const char *name)
{
    struct sim_store *store = TG_NEW(struct sim_store);
    store->magic = STORE_MAGIC;
    store->world = world;
    store->name = tg_strdup(name);
    store->resource_version = 1; /* "0" has a meaning of its own on the wire */
    store->oldest_version = 1;
    for (size_t i = 0; sim_resources[i].plural != NULL; i++) {
        sim_store_add_slot(store);
    }
    store->definitions = sim_definitions_new();
    return store;
}

void sim_store_free(struct sim_store *store)
{
    if (store == NULL) {
        return;
    }
    TG_MAGIC_CHECK(store, STORE_MAGIC);
    tg_assert(!store->is_telling);
    if (store->free_face != NULL) {
        store->free_face(store->face);
    }
    for (size_t i = 0; i < store->history_count; i++) {
        change_fini(&store->history[(store->history_first + i) % store->history_cap]);
    }
    free(store->history);
    for (size_t i = 0; i < store->slot_count; i++) {
        tg_map_free(store->objects[i]);
    }
    free(store->objects);
    sim_definitions_free(store->definitions);
    free(store->observers);
    free(store->name);
    store->magic = 0;
    free(store);
}

const char *sim_store_name(const struct sim_store *store)
{
    TG_MAGIC_CHECK(store, STORE_MAGIC);
    return store->name;
}

struct sim_world *sim_store_world(struct sim_store *store)
{
    TG_MAGIC_CHECK(store, STORE_MAGIC);
    return store->world;
}

uint64_t sim_store_resource_version(const struct sim_store *store)
{
    TG_MAGIC_CHECK(store, STORE_MAGIC);
    return store->resource_version;
}

uint64_t sim_store_oldest_version(const struct sim_store *store)
{
    TG_MAGIC_CHECK(store, STORE_MAGIC);
    return store->oldest_version;
}

void sim_store_set_face(struct sim_store *store, void *face, void (*free_face)(void *face))
{
    tg_assert(store->face == NULL);
    store->face = face;
    store->free_face = free_face;
}

void *sim_store_face(const struct sim_store *store)
{
    TG_MAGIC_CHECK(store, STORE_MAGIC);
    return store->face;
}

static struct tg_map *objects_of(const struct sim_store *store, const struct sim_resource *resource)
{
    TG_MAGIC_CHECK(store, STORE_MAGIC);
    tg_assert(resource != NULL && resource->plural != NULL);
    resource = sim_resource_storage(resource);
    size_t index = resource->slot == 0 ? (size_t)(resource - sim_resources) : resource->slot;
    tg_assert(index < store->slot_count);
    return store->objects[index];
}

size_t sim_store_add_slot(struct sim_store *store)
{
    TG_MAGIC_CHECK(store, STORE_MAGIC);
    store->objects =
        tg_realloc_array(store->objects, store->slot_count + 1, sizeof *store->objects);
    store->objects[store->slot_count] = tg_map_new(entry_free);
    return store->slot_count++;
}

struct sim_definitions *sim_store_definitions(const struct sim_store *store)
{
    TG_MAGIC_CHECK(store, STORE_MAGIC);
    return store->definitions;
}

static char *key_new(const struct sim_resource *resource, const char *ns, const char *name)
{
    if (!resource->is_namespaced || ns == NULL) {
        ns = "";
    }
    return tg_asprintf("%s" KEY_SEPARATOR_TEXT "%s", ns, name);
}

static struct entry *find(const struct sim_store *store, const struct sim_resource *resource,
                          const char *ns, const char *name)
{
    char *key = key_new(resource, ns, name);
    struct entry *entry = tg_map_get(objects_of(store, resource), key);
    free(key);
    return entry;
}

json_t *sim_store_get(struct sim_store *store, const struct sim_resource *resource, const char *ns,
                      const char *name)
{
    struct entry *entry = find(store, resource, ns, name);
    return entry == NULL ? NULL : entry->object;
}

void sim_store_each(struct sim_store *store, const struct sim_resource *resource, const char *ns,
                    bool (*visit)(void *context, json_t *object), void *context)
{
    struct tg_map *objects = objects_of(store, resource);
    char *prefix = tg_asprintf("%s" KEY_SEPARATOR_TEXT, ns == NULL ? "" : ns);
    const struct tg_map_node *node =
        ns == NULL ? tg_map_first(objects) : tg_map_at_or_after(objects, prefix);
    for (; node != NULL; node = tg_map_next(node)) {
        if (ns != NULL && !tg_str_has_prefix(tg_map_node_key(node), prefix)) {
            break;
        }
        const struct entry *entry = tg_map_node_value(node);
        if (!visit(context, entry->object)) {
            break;
        }
    }
    free(prefix);
}

size_t sim_store_count(struct sim_store *store, const struct sim_resource *resource)
{
    return tg_map_count(objects_of(store, resource));
}

struct sim_text *sim_store_text(struct sim_store *store, const struct sim_resource *resource,
                                json_t *object)
{
    struct entry *entry = find(store, resource, sim_json_text(object, "metadata.namespace"),
                               sim_json_text(object, "metadata.name"));
    if (entry == NULL || entry->object != object) {
        return sim_text_of_json(object, "kind", "apiVersion");
    }
    if (entry->text == NULL) {
        entry->text = sim_text_of_json(object, "kind", "apiVersion");
    }
    return sim_text_keep(entry->text);
}

/* ---- history and observers ---- */

static void history_grow(struct sim_store *store)
{
    size_t cap = store->history_cap == 0 ? 64 : store->history_cap * 2;
    struct sim_change *history = tg_calloc(cap, sizeof *history);
    for (size_t i = 0; i < store->history_count; i++) {
        history[i] = store->history[(store->history_first + i) % store->history_cap];
    }
    free(store->history);
    store->history = history;
    store->history_cap = cap;
    store->history_first = 0;
}

/* Drops told entries until at most count are left. */
static void history_trim(struct sim_store *store, size_t count)
{
    while (store->history_count > count && store->told_count > 0) {
        struct sim_change *oldest = &store->history[store->history_first];
        store->oldest_version = oldest->resource_version;
        change_fini(oldest);
        store->history_first = (store->history_first + 1) % store->history_cap;
        store->history_count--;
        store->told_count--;
    }
}

static void forget_removed_observers(struct sim_store *store)
{
    size_t kept = 0;
    for (size_t i = 0; i < store->observer_count; i++) {
        if (store->observers[i].id != 0) {
            store->observers[kept++] = store->observers[i];
        }
    }
    store->observer_count = kept;
}

static void tell(struct sim_store *store)
{
    if (store->is_telling) {
        return; /* the loop further up the stack gets to it: nested changes come after the current
                   one */
    }
    store->is_telling = true;
    while (store->told_count < store->history_count) {
        size_t at = (store->history_first + store->told_count) % store->history_cap;
        struct sim_change change = store->history[at];
        json_incref(change.object);
        json_incref(change.previous);
        store->told_count++;
        size_t count = store->observer_count;
        for (size_t i = 0; i < count; i++) {
            struct observer observer = store->observers[i];
            if (observer.id != 0) {
                observer.observe(observer.context, store, &change);
            }
        }
        change_fini(&change);
    }
    store->is_telling = false;
    forget_removed_observers(store);
    history_trim(store, HISTORY_MAX);
}

/* Records a change (object and previous are borrowed) and tells observers. */
static void publish(struct sim_store *store, enum sim_change_type type,
                    const struct sim_resource *resource, json_t *object, json_t *previous)
{
    if (store->history_count == store->history_cap) {
        history_grow(store);
    }
    size_t at = (store->history_first + store->history_count) % store->history_cap;
    store->history[at] = (struct sim_change){
        .resource_version = store->resource_version,
        .type = type,
        .resource = resource,
        .object = json_incref(object),
        .previous = json_incref(previous),
    };
    store->history_count++;
    tell(store);
}

bool sim_store_changes_since(struct sim_store *store, uint64_t resource_version,
                             bool (*visit)(void *context, const struct sim_change *change),
                             void *context, struct tg_err *err)
{
    TG_MAGIC_CHECK(store, STORE_MAGIC);
    if (resource_version < store->oldest_version) {
        return tg_err_set(err, TG_CODE_EXPIRED, 410,
                          "too old resource version: %" PRIu64 " (%" PRIu64 ")", resource_version,
                          store->oldest_version);
    }
    size_t low = 0;
    size_t high = store->history_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        size_t at = (store->history_first + middle) % store->history_cap;
        if (store->history[at].resource_version > resource_version) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    for (size_t i = low; i < store->history_count; i++) {
        if (!visit(context, &store->history[(store->history_first + i) % store->history_cap])) {
            break;
        }
    }
    return true;
}

void sim_store_compact(struct sim_store *store)
{
    TG_MAGIC_CHECK(store, STORE_MAGIC);
    history_trim(store, 0);
    if (store->history_count == 0) {
        store->oldest_version = store->resource_version;
    }
}

uint64_t sim_store_observe(struct sim_store *store, sim_observer *observer, void *context)
{
    TG_MAGIC_CHECK(store, STORE_MAGIC);
    store->observers =
        tg_realloc_array(store->observers, store->observer_count + 1, sizeof *store->observers);
    store->observers[store->observer_count++] =
        (struct observer){++store->observer_id_last, observer, context};
    return store->observer_id_last;
}

void sim_store_unobserve(struct sim_store *store, uint64_t id)
{
    TG_MAGIC_CHECK(store, STORE_MAGIC);
    for (size_t i = 0; i < store->observer_count; i++) {
        if (store->observers[i].id == id) {
            store->observers[i].id = 0;
        }
    }
    if (!store->is_telling) {
        forget_removed_observers(store);
    }
}

/* ---- writing ---- */

static void set_text(json_t *object, const char *key, const char *text)
{
    json_object_set_new(object, key, json_string(text));
}

static void stamp_version(struct sim_store *store, json_t *metadata)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRIu64, ++store->resource_version);
    set_text(metadata, "resourceVersion", text);
}

static void stamp_time(const struct sim_store *store, json_t *metadata, const char *key,
                       int64_t add_s)
{
    char text[40];
    int64_t wall_us = sim_world_wall_us(store->world) + add_s * TG_US_PER_S;
    set_text(metadata, key, tg_fmt_rfc3339(text, sizeof text, wall_us, 0));
}

/* Draws are keyed by what the object is called, so that another object's birth shifts nothing here.
 */
static void stamp_uid(struct sim_store *store, const struct sim_resource *resource,
                      json_t *metadata)
{
    char *entity =
        tg_asprintf("%s/%s/%s/%s", store->name, resource->plural,
                    sim_json_text(metadata, "namespace"), sim_json_text(metadata, "name"));
    uint64_t a = sim_world_draw(store->world, entity, "uid");
    uint64_t b = sim_world_draw(store->world, entity, "uid");
    free(entity);
    char text[37];
    snprintf(text, sizeof text, "%08x-%04x-4%03x-%04x-%012" PRIx64, (unsigned)(a >> 32),
             (unsigned)(a >> 16) & 0xffffu, (unsigned)a & 0xfffu,
             ((unsigned)(b >> 48) & 0x3fffu) | 0x8000u, b & UINT64_C(0xffffffffffff));
    set_text(metadata, "uid", text);
}

static char *generated_name(struct sim_store *store, const struct sim_resource *resource,
                            const char *ns, const char *prefix)
{
    static const char letters[] = "bcdfghjklmnpqrstvwxz2456789";
    char *entity = tg_asprintf("%s/%s/%s/%s", store->name, resource->plural, ns, prefix);
    char *name = NULL;
    do {
        free(name);
        uint64_t draw = sim_world_draw(store->world, entity, "name");
        char suffix[NAME_SUFFIX_LEN + 1] = "";
        for (int i = 0; i < NAME_SUFFIX_LEN; i++) {
            suffix[i] = letters[draw % (sizeof letters - 1)];
            draw /= sizeof letters - 1;
        }
        name = tg_asprintf("%s%s", prefix, suffix);
    } while (find(store, resource, ns, name) != NULL);
    free(entity);
    return name;
}

static void set_kind(const struct sim_resource *resource, json_t *object)
{
    char *version = resource->group[0] == '\0'
                        ? tg_strdup(resource->version)
                        : tg_asprintf("%s/%s", resource->group, resource->version);
    set_text(object, "apiVersion", version);
    set_text(object, "kind", resource->kind);
    free(version);
}

/* Copy of object (stolen) of which the outside and metadata may be changed; *metadata is borrowed
 * from it. */
static json_t *writable_copy(const struct sim_resource *resource, json_t *object, json_t **metadata)
{
    tg_assert(json_is_object(object));
    json_t *copy = json_copy(object);
    const json_t *given = json_object_get(copy, "metadata");
    *metadata =
        json_is_object(given) ? json_copy(json_object_get(copy, "metadata")) : json_object();
    json_object_set_new(copy, "metadata", *metadata);
    set_kind(resource, copy);
    json_decref(object);
    return copy;
}

/* Takes the reference to object. */
static json_t *put(struct sim_store *store, const struct sim_resource *resource, const char *ns,
                   const char *name, json_t *object)
{
    struct entry *entry = TG_NEW(struct entry);
    entry->object = object;
    char *key = key_new(resource, ns, name);
    tg_map_put(objects_of(store, resource), key, entry);
    free(key);
    return object;
}

/* The name of generateName when there is no other. */
static void stamp_name(struct sim_store *store, const struct sim_resource *resource,
                       json_t *metadata)
{
    const char *prefix = sim_json_text(metadata, "generateName");
    if (sim_json_text(metadata, "name")[0] == '\0' && prefix[0] != '\0') {
        char *name = generated_name(store, resource, sim_json_text(metadata, "namespace"), prefix);
        set_text(metadata, "name", name);
        free(name);
    }
}

void sim_store_stamp(struct sim_store *store, const struct sim_resource *resource, json_t *object)
{
    TG_MAGIC_CHECK(store, STORE_MAGIC);
    json_t *metadata = sim_json_make_object(object, "metadata");
    stamp_name(store, resource, metadata);
    stamp_uid(store, resource, metadata);
    stamp_time(store, metadata, "creationTimestamp", 0);
}

json_t *sim_store_create(struct sim_store *store, const struct sim_resource *resource,
                         json_t *object, struct tg_err *err)
{
    resource = sim_resource_storage(resource);
    json_t *metadata;
    json_t *next = writable_copy(resource, object, &metadata);
    const char *ns = sim_json_text(metadata, "namespace");
    if (!resource->is_namespaced) {
        json_object_del(metadata, "namespace");
        ns = "";
    } else if (ns[0] == '\0') {
        set_text(metadata, "namespace", "default");
        ns = sim_json_text(metadata, "namespace");
    }
    stamp_name(store, resource, metadata);
    if (sim_json_text(metadata, "name")[0] == '\0') {
        json_decref(next);
        tg_err_set(err, TG_CODE_INVALID, 422, "name or generateName is required");
        return NULL;
    }
    const char *name = sim_json_text(metadata, "name");
    if (find(store, resource, ns, name) != NULL) {
        tg_err_set(err, TG_CODE_CONFLICT, 409, "\"%s\" already exists", name);
        json_decref(next);
        return NULL;
    }
    json_object_del(metadata, "deletionTimestamp");
    json_object_del(metadata, "deletionGracePeriodSeconds");
    if (sim_json_text(metadata, "uid")[0] == '\0') {
        stamp_uid(store, resource, metadata);
    }
    if (sim_json_text(metadata, "creationTimestamp")[0] == '\0') {
        stamp_time(store, metadata, "creationTimestamp", 0);
    }
    if (resource->has_generation) {
        json_object_set_new(metadata, "generation", json_integer(1));
    }
    stamp_version(store, metadata);
    put(store, resource, ns, name, next);
    json_incref(next);
    publish(store, SIM_ADDED, resource, next, NULL);
    json_decref(next); /* the store keeps it as long as it is current */
    return sim_store_get(store, resource, ns, name);
}

static void keep_immutable(json_t *metadata, const json_t *current)
{
    static const char *const keys[] = {"uid",
                                       "namespace",
                                       "name",
                                       "generateName",
                                       "creationTimestamp",
                                       "generation",
                                       "deletionTimestamp",
                                       "deletionGracePeriodSeconds"};
    for (size_t i = 0; i < TG_COUNT(keys); i++) {
        json_t *value = json_object_get(current, keys[i]);
        if (value == NULL) {
            json_object_del(metadata, keys[i]);
        } else {
            json_object_set(metadata, keys[i], value);
        }
    }
}

static bool is_namespace(const struct sim_resource *resource)
{
    return resource->group[0] == '\0' && tg_str_eq(resource->kind, "Namespace");
}

static bool is_finished(const struct sim_resource *resource, const json_t *object)
{
    const json_t *metadata = json_object_get(object, "metadata");
    bool is_held = is_namespace(resource) && sim_json_count(object, "spec.finalizers") > 0;
    return !is_held && json_object_get(metadata, "deletionTimestamp") != NULL &&
           sim_json_count(metadata, "finalizers") == 0 &&
           sim_json_int(metadata, "deletionGracePeriodSeconds", 0) == 0;
}

/* Takes the reference to last, the state that the object goes with. */
static void vanish(struct sim_store *store, const struct sim_resource *resource, json_t *last)
{
    const char *ns = sim_json_text(last, "metadata.namespace");
    char *key = key_new(resource, ns, sim_json_text(last, "metadata.name"));
    struct entry *entry = tg_map_take(objects_of(store, resource), key);
    free(key);
    tg_assert(entry != NULL);
    publish(store, SIM_DELETED, resource, last, entry->object);
    entry_free(entry);
    json_decref(last);
}

/* Makes next (reference taken; outside and metadata are its own) the new state of entry. */
static json_t *replace(struct sim_store *store, const struct sim_resource *resource,
                       struct entry *entry, json_t *next, json_t *metadata)
{
    json_t *previous = json_incref(entry->object);
    stamp_version(store, metadata);
    json_t *result = NULL;
    if (is_finished(resource, next)) {
        vanish(store, resource, next);
    } else {
        char *ns = tg_strdup(sim_json_text(metadata, "namespace"));
        char *name = tg_strdup(sim_json_text(metadata, "name"));
        put(store, resource, ns, name, next);
        json_incref(next);
        publish(store, SIM_MODIFIED, resource, next, previous);
        json_decref(next);
        result = sim_store_get(store, resource, ns, name);
        free(ns);
        free(name);
    }
    json_decref(previous);
    return result;
}

/* Without what controllers write that is no wish of anybody: a Pod's node, a Deployment's revision.
 * New reference. */
static json_t *wishes_of(const json_t *members, const char *dropped)
{
    json_t *wishes = json_object();
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)members, key, value)
    {
        if (!tg_str_has_prefix(key, dropped)) {
            json_object_set(wishes, key, value);
        }
    }
    return wishes;
}

static bool is_changed(const json_t *next, const json_t *current, const char *path,
                       const char *dropped)
{
    json_t *a = wishes_of(sim_json_at(next, path), dropped);
    json_t *b = wishes_of(sim_json_at(current, path), dropped);
    bool is_same = json_equal(a, b);
    json_decref(a);
    json_decref(b);
    return !is_same;
}

static bool is_new_generation(const struct sim_resource *resource, const json_t *next,
                              const json_t *current)
{
    if (tg_str_eq(resource->kind, "Pod") && resource->group[0] == '\0') {
        return is_changed(next, current, "spec", "nodeName");
    }
    if (tg_str_eq(resource->kind, "EndpointSlice")) {
        static const char *const parts[] = {"endpoints", "ports", "metadata.labels"};
        bool is_other = false;
        for (size_t i = 0; i < TG_COUNT(parts); i++) {
            const json_t *a = sim_json_at(next, parts[i]);
            const json_t *b = sim_json_at(current, parts[i]);
            is_other = is_other || (a == NULL) != (b == NULL) || (a != NULL && !json_equal(a, b));
        }
        return is_other;
    }
    bool is_deployment =
        tg_str_eq(resource->kind, "Deployment") && tg_str_eq(resource->group, "apps");
    return !json_equal(json_object_get(next, "spec"), json_object_get(current, "spec")) ||
           (is_deployment &&
            is_changed(next, current, "metadata.annotations", "deployment.kubernetes.io/"));
}

json_t *sim_store_update(struct sim_store *store, const struct sim_resource *resource,
                         json_t *object, struct tg_err *err)
{
    resource = sim_resource_storage(resource);
    json_t *metadata;
    json_t *next = writable_copy(resource, object, &metadata);
    const char *name = sim_json_text(metadata, "name");
    struct entry *entry = find(store, resource, sim_json_text(metadata, "namespace"), name);
    if (entry == NULL) {
        tg_err_set(err, TG_CODE_NOT_FOUND, 404, "%s \"%s\" not found", resource->plural, name);
        json_decref(next);
        return NULL;
    }
    const json_t *current = json_object_get(entry->object, "metadata");
    const char *version = sim_json_text(metadata, "resourceVersion");
    const char *uid = sim_json_text(metadata, "uid");
    if ((version[0] != '\0' && !tg_str_eq(version, sim_json_text(current, "resourceVersion"))) ||
        (uid[0] != '\0' && !tg_str_eq(uid, sim_json_text(current, "uid")))) {
        tg_err_set(err, TG_CODE_CONFLICT, 409,
                   "the object has been modified; please apply your changes to the latest version "
                   "and try again");
        json_decref(next);
        return NULL;
    }
    keep_immutable(metadata, current);
    json_object_set(metadata, "resourceVersion", json_object_get(current, "resourceVersion"));
    if (json_equal(next, entry->object)) {
        json_decref(next);
        return entry->object;
    }
    if (resource->has_generation && is_new_generation(resource, next, entry->object)) {
        json_object_set_new(metadata, "generation",
                            json_integer(sim_json_int(current, "generation", 0) + 1));
    }
    return replace(store, resource, entry, next, metadata);
}

json_t *sim_store_set_status(struct sim_store *store, const struct sim_resource *resource,
                             const char *ns, const char *name, json_t *status, struct tg_err *err)
{
    resource = sim_resource_storage(resource);
    struct entry *entry = find(store, resource, ns, name);
    if (entry == NULL) {
        json_decref(status);
        tg_err_set(err, TG_CODE_NOT_FOUND, 404, "%s \"%s\" not found", resource->plural, name);
        return NULL;
    }
    if (json_equal(json_object_get(entry->object, "status"), status)) {
        json_decref(status);
        return entry->object;
    }
    json_t *metadata;
    json_t *next = writable_copy(resource, json_incref(entry->object), &metadata);
    json_object_set_new(next, "status", status);
    return replace(store, resource, entry, next, metadata);
}

/* Seconds that a deletion of this object waits: only Pods that a kubelet may be running have a
 * grace at all. */
static int64_t effective_grace_s(const struct sim_resource *resource, const json_t *object,
                                 int64_t grace_s)
{
    if (resource->group[0] != '\0' || !tg_str_eq(resource->plural, "pods")) {
        return 0;
    }
    const char *phase = sim_json_text(object, "status.phase");
    if (sim_json_text(object, "spec.nodeName")[0] == '\0' || tg_str_eq(phase, "Succeeded") ||
        tg_str_eq(phase, "Failed")) {
        return 0;
    }
    if (grace_s >= 0) {
        return grace_s;
    }
    return sim_json_int(object, "spec.terminationGracePeriodSeconds", POD_GRACE_S);
}

bool sim_store_delete(struct sim_store *store, const struct sim_resource *resource, const char *ns,
                      const char *name, int64_t grace_s, struct tg_err *err)
{
    resource = sim_resource_storage(resource);
    struct entry *entry = find(store, resource, ns, name);
    if (entry == NULL) {
        return tg_err_set(err, TG_CODE_NOT_FOUND, 404, "%s \"%s\" not found", resource->plural,
                          name);
    }
    int64_t grace = effective_grace_s(resource, entry->object, grace_s);
    const json_t *current = json_object_get(entry->object, "metadata");
    bool is_marked = json_object_get(current, "deletionTimestamp") != NULL;
    if (is_marked && grace >= sim_json_int(current, "deletionGracePeriodSeconds", 0)) {
        return true; /* only a shorter grace changes a deletion that is under way */
    }
    json_t *metadata;
    json_t *next = writable_copy(resource, json_incref(entry->object), &metadata);
    stamp_time(store, metadata, "deletionTimestamp", grace);
    if (is_namespace(resource)) {
        json_object_set_new(next, "status", json_pack("{s:s}", "phase", "Terminating"));
    } else {
        json_object_set_new(metadata, "deletionGracePeriodSeconds", json_integer(grace));
    }
    if (resource->has_generation && !is_marked) {
        json_object_set_new(metadata, "generation",
                            json_integer(sim_json_int(current, "generation", 0) + 1));
    }
    replace(store, resource, entry, next, metadata);
    return true;
}

bool sim_store_remove(struct sim_store *store, const struct sim_resource *resource, const char *ns,
                      const char *name)
{
    resource = sim_resource_storage(resource);
    struct entry *entry = find(store, resource, ns, name);
    if (entry == NULL) {
        return false;
    }
    json_t *metadata;
    json_t *last = writable_copy(resource, json_incref(entry->object), &metadata);
    stamp_version(store, metadata);
    vanish(store, resource, last);
    return true;
}
