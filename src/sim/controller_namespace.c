/* sim/controller_namespace.c - a namespace that is deleted takes everything in it along. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "base/assert.h"
#include "base/str.h"
#include "sim/behaviour.h"
#include "sim/definition.h"
#include "sim/json_path.h"
#include "sim/params.h"
#include "sim/region.h"

static bool collect(void *context, json_t *object)
{
    json_array_append(context, object);
    return true;
}

/* Deletes what one resource has there; how many objects are left (Pods in their grace). */
static size_t delete_all(struct sim_store *store, const struct sim_resource *resource,
                         const char *ns)
{
    json_t *found = json_array();
    sim_store_each(store, resource, ns, collect, found);
    size_t left = 0;
    size_t i;
    json_t *object;
    json_array_foreach(found, i, object)
    {
        const char *name = sim_json_text(object, "metadata.name");
        if (sim_json_at(object, "metadata.deletionTimestamp") == NULL) {
            sim_store_delete(store, resource, ns, name, -1, NULL);
        }
        left += sim_store_get(store, resource, ns, name) != NULL ? 1 : 0;
    }
    json_decref(found);
    return left;
}

static void empty(struct sim_region *region, const char *unused, const char *ns)
{
    (void)unused;
    const struct sim_kinds *kinds = sim_world_kinds(region->world);
    const json_t *object = sim_store_get(region->store, kinds->namespaces, "", ns);
    if (object == NULL || sim_json_at(object, "metadata.deletionTimestamp") == NULL) {
        return;
    }
    size_t left = 0;
    const struct sim_resource *resource;
    for (size_t i = 0; (resource = sim_served_at(region->store, i)) != NULL; i++) {
        left += resource->is_namespaced ? delete_all(region->store, resource, ns) : 0;
    }
    object = sim_store_get(region->store, kinds->namespaces, "", ns);
    if (left == 0 && object != NULL) {
        json_t *next = json_deep_copy(object);
        json_object_del(json_object_get(next, "spec"), "finalizers");
        sim_store_update(region->store, kinds->namespaces, next, NULL);
    }
}

static void poke(struct sim_region *region, const char *ns)
{
    sim_controllers_poke(region, "namespace", empty, "", ns,
                         &sim_world_params(region->world)->garbage_collect);
}

void sim_namespace_changed(struct sim_region *region, const struct sim_change *change)
{
    const struct sim_kinds *kinds = sim_world_kinds(region->world);
    const char *name = sim_json_text(change->object, "metadata.name");
    const char *ns = sim_json_text(change->object, "metadata.namespace");
    if (change->resource == kinds->namespaces) {
        if (change->type == SIM_MODIFIED &&
            sim_json_at(change->object, "metadata.deletionTimestamp") != NULL) {
            poke(region, name);
        }
    } else if (change->type == SIM_DELETED && ns[0] != '\0') {
        const json_t *space = sim_store_get(region->store, kinds->namespaces, "", ns);
        if (space != NULL && sim_json_at(space, "metadata.deletionTimestamp") != NULL) {
            poke(region, ns);
        }
    }
}
