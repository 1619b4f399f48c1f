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
#include "sim/share.h"
#include "sim/store_deletion.h"
#include "sim/store_generation.h"

#define STORE_MAGIC     0x53544f52u
#define HISTORY_MAX     10000u
#define NAME_SUFFIX_LEN 5
#define KEY_SEPARATOR   '\x01' /* sorts before every character of a name: (namespace, name) */
#define KEY_SIZE        640    /* a namespace has 63 bytes, a name 253 */
#define TEXT_BYTES_MAX  ((size_t)64 << 20)

struct entry {
    json_t *object;
    struct sim_text *text; /* NULL until somebody asked, and when others were asked for since */
    struct entry *older;   /* of those that have a text, by when it was made */
    struct entry *newer;
};

/* The key of an object in its map; those of sane length need no memory of their own. */
struct key {
    char buffer[KEY_SIZE];
    char *longer; /* NULL: buffer */
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

    struct entry *text_oldest;
    struct entry *text_newest;
    size_t text_bytes;

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

/* Takes the entry out of those with a text. */
static void drop_text(struct sim_store *store, struct entry *entry)
{
    if (entry->text == NULL) {
        return;
    }
    store->text_bytes -= entry->text->len;
    sim_text_drop(entry->text);
    entry->text = NULL;
    *(entry->older == NULL ? &store->text_oldest : &entry->older->newer) = entry->newer;
    *(entry->newer == NULL ? &store->text_newest : &entry->newer->older) = entry->older;
    entry->older = NULL;
    entry->newer = NULL;
}

/* Keeps a text (taken) for the next who asks; the oldest ones make room. */
static void keep_text(struct sim_store *store, struct entry *entry, struct sim_text *text)
{
    entry->text = text;
    entry->older = store->text_newest;
    *(entry->older == NULL ? &store->text_oldest : &entry->older->newer) = entry;
    store->text_newest = entry;
    store->text_bytes += text->len;
    while (store->text_bytes > TEXT_BYTES_MAX && store->text_oldest != entry) {
        drop_text(store, store->text_oldest);
    }
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

/* ns and name in one text, which lives in key until key_fini(). */
static const char *key_of(struct key *key, const struct sim_resource *resource, const char *ns,
                          const char *name)
{
    ns = !resource->is_namespaced || ns == NULL ? "" : ns;
    size_t ns_len = strlen(ns);
    size_t name_len = strlen(name);
    size_t size = ns_len + 1 + name_len + 1;
    key->longer = size > sizeof key->buffer ? tg_malloc(size) : NULL;
    char *text = key->longer == NULL ? key->buffer : key->longer;
    memcpy(text, ns, ns_len);
    text[ns_len] = KEY_SEPARATOR;
    memcpy(text + ns_len + 1, name, name_len + 1);
    return text;
}

static void key_fini(struct key *key)
{
    free(key->longer);
}

static struct entry *find(const struct sim_store *store, const struct sim_resource *resource,
                          const char *ns, const char *name)
{
    struct key key;
    struct entry *entry = tg_map_get(objects_of(store, resource), key_of(&key, resource, ns, name));
    key_fini(&key);
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
    char *prefix = tg_asprintf("%s%c", ns == NULL ? "" : ns, KEY_SEPARATOR);
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
        keep_text(store, entry, sim_text_of_json(object, "kind", "apiVersion"));
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

/* Makes object (reference taken) the state of that name. Texts in it may be others afterwards. */
static void put(struct sim_store *store, const struct sim_resource *resource, const char *ns,
                const char *name, json_t *object)
{
    struct entry *entry = find(store, resource, ns, name);
    json_t *before = NULL;
    if (entry == NULL) {
        struct key key;
        entry = TG_NEW(struct entry);
        tg_map_put(objects_of(store, resource), key_of(&key, resource, ns, name), entry);
        key_fini(&key);
    } else {
        before = entry->object;
        drop_text(store, entry);
    }
    entry->object = object;
    sim_share_object(sim_world_share(store->world), object, before);
    json_decref(before);
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
    /* the texts of before may have been united with others'; an observer may have taken it away */
    json_t *made = sim_store_get(store, resource, sim_json_text(next, "metadata.namespace"),
                                 sim_json_text(next, "metadata.name"));
    json_decref(next);
    return made;
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

/* Takes the reference to last, the state that the object goes with. */
static void vanish(struct sim_store *store, const struct sim_resource *resource, json_t *last)
{
    const char *ns = sim_json_text(last, "metadata.namespace");
    struct key key;
    struct entry *entry =
        tg_map_take(objects_of(store, resource),
                    key_of(&key, resource, ns, sim_json_text(last, "metadata.name")));
    key_fini(&key);
    tg_assert(entry != NULL);
    drop_text(store, entry);
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
    if (sim_store_is_finished(resource, next)) {
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
    if (resource->has_generation && sim_store_is_new_generation(resource, next, entry->object)) {
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

bool sim_store_delete(struct sim_store *store, const struct sim_resource *resource, const char *ns,
                      const char *name, int64_t grace_s, struct tg_err *err)
{
    resource = sim_resource_storage(resource);
    struct entry *entry = find(store, resource, ns, name);
    if (entry == NULL) {
        return tg_err_set(err, TG_CODE_NOT_FOUND, 404, "%s \"%s\" not found", resource->plural,
                          name);
    }
    int64_t grace = sim_store_grace_s(resource, entry->object, grace_s);
    const json_t *current = json_object_get(entry->object, "metadata");
    bool is_marked = json_object_get(current, "deletionTimestamp") != NULL;
    if (is_marked && grace >= sim_json_int(current, "deletionGracePeriodSeconds", 0)) {
        return true; /* only a shorter grace changes a deletion that is under way */
    }
    json_t *metadata;
    json_t *next = writable_copy(resource, json_incref(entry->object), &metadata);
    stamp_time(store, metadata, "deletionTimestamp", grace);
    if (sim_store_is_namespace(resource)) {
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
