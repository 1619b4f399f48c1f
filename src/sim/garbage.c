/* sim/garbage.c - deletion of what an object owns: after it (background) or before it (foreground).
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim/behaviour.h"
#include "sim/json_path.h"

#define FOREGROUND "foregroundDeletion"

struct search {
    const char *uid;
    char **names;
    char **spaces;
    size_t count;
};

static bool collect_owned(void *context, json_t *object)
{
    struct search *search = context;
    const json_t *owners = sim_json_at(object, "metadata.ownerReferences");
    size_t i;
    json_t *owner;
    json_array_foreach(owners, i, owner)
    {
        if (tg_str_eq(sim_json_text(owner, "uid"), search->uid)) {
            search->names = tg_realloc_array(search->names, search->count + 1, sizeof(char *));
            search->spaces = tg_realloc_array(search->spaces, search->count + 1, sizeof(char *));
            search->names[search->count] = tg_strdup(sim_json_text(object, "metadata.name"));
            search->spaces[search->count] = tg_strdup(sim_json_text(object, "metadata.namespace"));
            search->count++;
            break;
        }
    }
    return true;
}

static void delete_owned(struct sim_region *region, const struct sim_resource *resource,
                         const char *uid)
{
    struct search search = {uid, NULL, NULL, 0};
    sim_store_each(region->store, resource, NULL, collect_owned, &search);
    for (size_t i = 0; i < search.count; i++) {
        sim_store_delete(region->store, resource, search.spaces[i], search.names[i], -1, NULL);
        free(search.names[i]);
        free(search.spaces[i]);
    }
    free(search.names);
    free(search.spaces);
}

static void collect(struct sim_region *region, const char *ns, const char *uid)
{
    const struct sim_kinds *kinds = sim_world_kinds(region->world);
    (void)ns;
    delete_owned(region, kinds->replica_set, uid);
    delete_owned(region, kinds->pod, uid);
    delete_owned(region, kinds->config_map, uid);
}

/* ---- foreground: the owner waits for its dependents ---- */

static size_t finalizer_at(const json_t *object)
{
    const json_t *finalizers = sim_json_at(object, "metadata.finalizers");
    size_t i;
    json_t *item;
    json_array_foreach(finalizers, i, item)
    {
        if (tg_str_eq(json_string_value(item), FOREGROUND)) {
            return i;
        }
    }
    return SIZE_MAX;
}

void sim_garbage_add_finalizer(struct sim_store *store, const struct sim_resource *resource,
                               json_t *object)
{
    if (finalizer_at(object) != SIZE_MAX) {
        return;
    }
    json_t *next = json_deep_copy(object);
    json_t *metadata = sim_json_make_object(next, "metadata");
    sim_json_default(metadata, "finalizers", json_array());
    json_array_append_new(json_object_get(metadata, "finalizers"), json_string(FOREGROUND));
    json_object_del(metadata, "resourceVersion");
    sim_store_update(store, resource, next, NULL);
}

/* Dependents are asked to go, in the foreground themselves; true when none is left. */
static bool delete_dependents(struct sim_region *region, const char *uid)
{
    const struct sim_kinds *kinds = sim_world_kinds(region->world);
    const struct sim_resource *const resources[] = {kinds->replica_set, kinds->pod,
                                                    kinds->config_map};
    size_t left = 0;
    for (size_t i = 0; i < TG_COUNT(resources); i++) {
        struct search search = {uid, NULL, NULL, 0};
        sim_store_each(region->store, resources[i], NULL, collect_owned, &search);
        left += search.count;
        for (size_t n = 0; n < search.count; n++) {
            json_t *object =
                sim_store_get(region->store, resources[i], search.spaces[n], search.names[n]);
            if (object != NULL && resources[i] == kinds->replica_set) {
                sim_garbage_add_finalizer(region->store, resources[i], object);
            }
            sim_store_delete(region->store, resources[i], search.spaces[n], search.names[n], -1,
                             NULL);
            free(search.names[n]);
            free(search.spaces[n]);
        }
        free(search.names);
        free(search.spaces);
    }
    return left == 0;
}

/* Kinds that own others; "Kind/name" names the work on one of them. */
static const struct sim_resource *owner_kind(const struct sim_kinds *kinds, const char *kind)
{
    const struct sim_resource *const owners[] = {kinds->deployment, kinds->replica_set, kinds->job,
                                                 kinds->pod, kinds->config_map};
    for (size_t i = 0; i < TG_COUNT(owners); i++) {
        if (tg_str_eq(owners[i]->kind, kind)) {
            return owners[i];
        }
    }
    return NULL;
}

static void finish_owner(struct sim_region *region, const char *ns, const char *kind_and_name)
{
    size_t len = strcspn(kind_and_name, "/");
    char *kind = tg_strndup(kind_and_name, len);
    const struct sim_resource *resource = owner_kind(sim_world_kinds(region->world), kind);
    free(kind);
    json_t *owner = sim_store_get(region->store, resource, ns, kind_and_name + len + 1);
    if (owner == NULL || !sim_garbage_is_waiting(owner) ||
        !delete_dependents(region, sim_json_text(owner, "metadata.uid"))) {
        return;
    }
    json_t *next = json_deep_copy(owner);
    json_t *finalizers = sim_json_at(next, "metadata.finalizers");
    json_array_remove(finalizers, finalizer_at(next));
    json_object_del(json_object_get(next, "metadata"), "resourceVersion");
    sim_store_update(region->store, resource, next, NULL);
}

static void poke_owner(struct sim_region *region, const char *ns, const char *kind,
                       const char *name)
{
    if (owner_kind(sim_world_kinds(region->world), kind) == NULL) {
        return;
    }
    char *work = tg_asprintf("%s/%s", kind, name);
    sim_controllers_poke(region, "foreground", finish_owner, ns, work,
                         &sim_world_params(region->world)->garbage_collect);
    free(work);
}

bool sim_garbage_is_waiting(const json_t *object)
{
    return sim_json_at(object, "metadata.deletionTimestamp") != NULL &&
           finalizer_at(object) != SIZE_MAX;
}

void sim_garbage_changed(struct sim_region *region, const struct sim_change *change)
{
    const char *ns = sim_json_text(change->object, "metadata.namespace");
    if (change->type != SIM_DELETED) {
        poke_owner(region, ns, change->resource->kind,
                   sim_json_text(change->object, "metadata.name"));
        return;
    }
    size_t i;
    json_t *owner;
    json_array_foreach(sim_json_at(change->object, "metadata.ownerReferences"), i, owner)
    {
        poke_owner(region, ns, sim_json_text(owner, "kind"), sim_json_text(owner, "name"));
    }
    sim_controllers_poke(region, "garbage", collect,
                         sim_json_text(change->object, "metadata.namespace"),
                         sim_json_text(change->object, "metadata.uid"),
                         &sim_world_params(region->world)->garbage_collect);
}
