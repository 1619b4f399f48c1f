/* sim/controller_definition.c - CustomResourceDefinitions: names accepted, served, and cleaned up
 * with their objects. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim/behaviour.h"
#include "sim/definition.h"
#include "sim/json_path.h"
#include "sim/shape.h"

#define CLEANUP "customresourcecleanup.apiextensions.k8s.io"

static void establish(struct sim_region *region, json_t *definition)
{
    struct sim_world *world = region->world;
    json_t *status = json_deep_copy(json_object_get(definition, "status"));
    if (!json_is_object(status)) {
        json_decref(status);
        status = json_object();
    }
    sim_shape_condition(world, status, "NamesAccepted", true, "NoConflicts", "no conflicts found",
                        NULL);
    sim_shape_condition(world, status, "Established", true, "InitialNamesAccepted",
                        "the initial names have been accepted", NULL);
    json_object_set(status, "acceptedNames", sim_json_at(definition, "spec.names"));
    sim_store_set_status(region->store, sim_world_kinds(world)->definition, "",
                         sim_json_text(definition, "metadata.name"), status, NULL);
}

struct found {
    json_t *keys; /* [namespace, name] */
};

static bool add_key(void *context, json_t *object)
{
    struct found *found = context;
    json_array_append_new(found->keys,
                          json_pack("[s,s]", sim_json_text(object, "metadata.namespace"),
                                    sim_json_text(object, "metadata.name")));
    return true;
}

/* Asks every object of the definition to go; true when none is left. */
static bool is_emptied(struct sim_region *region, const struct sim_resource *resource)
{
    if (resource == NULL) {
        return true;
    }
    struct found found = {json_array()};
    sim_store_each(region->store, resource, NULL, add_key, &found);
    size_t i;
    json_t *key;
    json_array_foreach(found.keys, i, key)
    {
        sim_store_delete(region->store, resource, json_string_value(json_array_get(key, 0)),
                         json_string_value(json_array_get(key, 1)), -1, NULL);
    }
    json_decref(found.keys);
    return sim_store_count(region->store, resource) == 0;
}

static void sync_definition(struct sim_region *region, const char *ns, const char *name);

static void poke(struct sim_region *region, const char *name)
{
    sim_controllers_poke(region, "definition", sync_definition, "", name,
                         &sim_world_params(region->world)->definition_accept);
}

static void clean_up(struct sim_region *region, json_t *definition)
{
    const struct sim_resource *kind = sim_world_kinds(region->world)->definition;
    if (!is_emptied(region, sim_definition_storage(region->store, definition))) {
        poke(region,
             sim_json_text(definition, "metadata.name")); /* objects with finalizers of their own */
        return;
    }
    json_t *next = json_deep_copy(definition);
    json_t *finalizers = sim_json_at(next, "metadata.finalizers");
    for (size_t i = json_array_size(finalizers); i > 0; i--) {
        if (tg_str_eq(json_string_value(json_array_get(finalizers, i - 1)), CLEANUP)) {
            json_array_remove(finalizers, i - 1);
        }
    }
    json_object_del(json_object_get(next, "metadata"), "resourceVersion");
    sim_store_update(region->store, kind, next, NULL);
}

bool sim_definition_begin_delete(struct sim_region *region, const char *name)
{
    const struct sim_resource *kind = sim_world_kinds(region->world)->definition;
    json_t *definition = sim_store_get(region->store, kind, "", name);
    if (definition == NULL || sim_json_at(definition, "metadata.deletionTimestamp") != NULL) {
        return false;
    }
    json_t *next = json_deep_copy(definition);
    json_t *metadata = sim_json_make_object(next, "metadata");
    sim_json_default(metadata, "finalizers", json_array());
    json_array_append_new(json_object_get(metadata, "finalizers"), json_string(CLEANUP));
    json_object_del(metadata, "resourceVersion");
    sim_shape_condition(region->world, sim_json_make_object(next, "status"), "Terminating", true,
                        "InstanceDeletionInProgress", "CustomResource deletion is in progress",
                        NULL);
    return sim_store_update(region->store, kind, next, NULL) != NULL;
}

static void sync_definition(struct sim_region *region, const char *ns, const char *name)
{
    json_t *definition =
        sim_store_get(region->store, sim_world_kinds(region->world)->definition, ns, name);
    if (definition == NULL) {
        return;
    }
    json_incref(definition);
    if (sim_json_at(definition, "metadata.deletionTimestamp") != NULL) {
        clean_up(region, definition);
    } else if (!sim_shape_is_true(definition, "Established")) {
        establish(region, definition);
    }
    json_decref(definition);
}

void sim_definition_changed(struct sim_region *region, const struct sim_change *change)
{
    json_t *definition = change->object;
    bool is_deleting = sim_json_at(definition, "metadata.deletionTimestamp") != NULL;
    if (change->type == SIM_DELETED) {
        sim_definition_withdraw(region->store, definition);
        return;
    }
    if (sim_shape_is_true(definition, "Established")) {
        sim_definition_serve(region->store, definition);
    }
    if (is_deleting || !sim_shape_is_true(definition, "Established")) {
        poke(region, sim_json_text(definition, "metadata.name"));
    }
}

/* ---- what GKE itself defines ---- */

/* Printer columns as the published definitions of these kinds have them. */
static const struct {
    const char *plural;
    const char *name;
    const char *type;
    const char *path;
    int priority;
} columns[] = {
    {"gatewayclasses", "Controller", "string", ".spec.controllerName", 0},
    {"gatewayclasses", "Accepted", "string", ".status.conditions[?(@.type==\"Accepted\")].status",
     0},
    {"gatewayclasses", "Age", "date", ".metadata.creationTimestamp", 0},
    {"gatewayclasses", "Description", "string", ".spec.description", 1},
    {"gateways", "Class", "string", ".spec.gatewayClassName", 0},
    {"gateways", "Address", "string", ".status.addresses[*].value", 0},
    {"gateways", "Programmed", "string", ".status.conditions[?(@.type==\"Programmed\")].status", 0},
    {"gateways", "Age", "date", ".metadata.creationTimestamp", 0},
    {"httproutes", "Hostnames", "string", ".spec.hostnames", 0},
    {"httproutes", "Age", "date", ".metadata.creationTimestamp", 0},
    {"inferenceobjectives", "Inference Pool", "string", ".spec.poolRef.name", 0},
    {"inferenceobjectives", "Priority", "string", ".spec.priority", 0},
    {"inferenceobjectives", "Age", "date", ".metadata.creationTimestamp", 0},
};

static json_t *columns_of(const char *plural)
{
    json_t *list = json_array();
    for (size_t i = 0; i < TG_COUNT(columns); i++) {
        if (tg_str_eq(columns[i].plural, plural)) {
            json_t *column = json_pack("{s:s, s:s, s:s}", "name", columns[i].name, "type",
                                       columns[i].type, "jsonPath", columns[i].path);
            if (columns[i].priority > 0) {
                json_object_set_new(column, "priority", json_integer(columns[i].priority));
            }
            json_array_append_new(list, column);
        }
    }
    return list;
}

/* Only what a client must be able to tell from a schema is spelt out: which of its two shapes an
 * AutoscalingMetric has here. */
static json_t *schema_of(const char *plural)
{
    return tg_str_eq(plural, "autoscalingmetrics")
               ? sim_shape("{'type':'object','x-kubernetes-preserve-unknown-fields':true,'"
                           "properties':{'spec':{"
                           "'type':'object','x-kubernetes-preserve-unknown-fields':true,'"
                           "properties':{'selector':{"
                           "'type':'object','x-kubernetes-preserve-unknown-fields':true},'"
                           "endpoints':{'type':"
                           "'array','items':{'type':'object','x-kubernetes-preserve-unknown-fields'"
                           ":true}}}}}}")
               : sim_shape("{'type':'object','x-kubernetes-preserve-unknown-fields':true}");
}

static json_t *names_of(const struct sim_resource *r)
{
    json_t *names = json_pack("{s:s, s:s, s:s, s:s}", "plural", r->plural, "singular", r->singular,
                              "kind", r->kind, "listKind", r->list_kind);
    json_t *const lists[] = {json_array(), json_array()};
    const char *const texts[] = {r->short_names, r->categories};
    const char *const keys[] = {"shortNames", "categories"};
    for (size_t i = 0; i < TG_COUNT(lists); i++) {
        for (const char *at = texts[i]; *at != '\0';) {
            size_t len = strcspn(at, ",");
            json_array_append_new(lists[i], json_stringn(at, len));
            at += len + (at[len] == ',' ? 1 : 0);
        }
        if (json_array_size(lists[i]) > 0) {
            json_object_set(names, keys[i], lists[i]);
        }
        json_decref(lists[i]);
    }
    return names;
}

static json_t *spec_of(const struct sim_resource *r)
{
    json_t *version =
        json_pack("{s:s, s:b, s:b, s:{s:o}, s:o, s:{s:{}}}", "name", r->version, "served", 1,
                  "storage", 1, "schema", "openAPIV3Schema", schema_of(r->plural),
                  "additionalPrinterColumns", columns_of(r->plural), "subresources", "status");
    if (json_array_size(json_object_get(version, "additionalPrinterColumns")) == 0) {
        json_object_del(version, "additionalPrinterColumns");
    }
    return json_pack("{s:s, s:o, s:s, s:[o], s:{s:s}}", "group", r->group, "names", names_of(r),
                     "scope", r->is_namespaced ? "Namespaced" : "Cluster", "versions", version,
                     "conversion", "strategy", "None");
}

/* The spec of a kind's definition; one for all clusters of the world, since nothing in a store is
 * ever changed in place. Borrowed. */
static json_t *shared_spec(struct sim_world *world, const struct sim_resource *r)
{
    struct sim_behaviour *behaviour = sim_world_behaviour(world);
    if (behaviour->definition_specs == NULL) {
        behaviour->definition_specs = json_object();
    }
    json_t *spec = json_object_get(behaviour->definition_specs, r->plural);
    if (spec == NULL) {
        spec = spec_of(r);
        json_object_set_new(behaviour->definition_specs, r->plural, spec);
    }
    return spec;
}

void sim_definition_create(struct sim_region *region, const struct sim_resource *resource)
{
    const struct sim_kinds *kinds = sim_world_kinds(region->world);
    json_t *spec = shared_spec(region->world, resource);
    json_t *status = json_pack("{s:O, s:[s]}", "acceptedNames", json_object_get(spec, "names"),
                               "storedVersions", resource->version);
    sim_shape_condition(region->world, status, "NamesAccepted", true, "NoConflicts",
                        "no conflicts found", NULL);
    sim_shape_condition(region->world, status, "Established", true, "InitialNamesAccepted",
                        "the initial names have been accepted", NULL);
    char *name = tg_asprintf("%s.%s", resource->plural, resource->group);
    sim_shape_create(
        region->store, kinds->definition,
        json_pack("{s:{s:s}, s:O, s:o}", "metadata", "name", name, "spec", spec, "status", status));
    free(name);
}

void sim_definition_create_gke(struct sim_region *region)
{
    const struct sim_kinds *kinds = sim_world_kinds(region->world);
    for (const struct sim_resource *r = sim_resources; r->plural != NULL; r++) {
        if (!r->is_strategic && r != kinds->objective) { /* that one the user brings */
            sim_definition_create(region, r);
        }
    }
}
