/* sim/controller_gateway.c - the fleet's controllers: exported pools become imports in the config
 * cluster, Gateways of the multi-cluster class are programmed, routes and policies are attached.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim/behaviour.h"
#include "sim/cloud.h"
#include "sim/cluster.h"
#include "sim/fault.h"
#include "sim/gateway.h"
#include "sim/json_path.h"
#include "sim/lab_objects.h"
#include "sim/shape.h"

#define CLASS      "gke-l7-cross-regional-internal-managed-mc"
#define CONTROLLER "networking.gke.io/gateway"
#define FINALIZER  "gateway.finalizer.networking.gke.io"
#define COMPONENT  "mc-gateway-controller"
#define EXPORT     "networking.gke.io/export"
#define NEVER      "1970-01-01T00:00:00Z"
#define HEALTHY    "networking.gke.io/GatewayHealthy"

/* Work on one object at a later time; the object may be gone or another by then. */
struct later {
    struct sim_region *region;
    sim_sync *run;
    char *ns;
    char *name;
};

static void later_free(void *data)
{
    struct later *later = data;
    free(later->ns);
    free(later->name);
    free(later);
}

static void later_run(struct sim_world *world, void *data)
{
    struct later *later = data;
    (void)world;
    later->run(later->region, later->ns, later->name);
}

static void run_later(struct sim_region *region, sim_sync *run, const char *ns, const char *name,
                      int64_t delay_us)
{
    struct later *later = TG_NEW(struct later);
    later->region = region;
    later->run = run;
    later->ns = tg_strdup(ns);
    later->name = tg_strdup(name);
    sim_world_at(region->world, sim_world_now_us(region->world) + delay_us, SIM_PRIORITY_CONTROL,
                 later_run, later, later_free);
}

static void set_status(struct sim_region *region, const struct sim_resource *resource,
                       const char *ns, const char *name, json_t *status)
{
    struct tg_err err = TG_ERR_INIT;
    sim_store_set_status(region->store, resource, ns, name, status, &err);
}

static void observe(struct sim_region *region, const json_t *object, json_t *status,
                    const char *type, bool is_true, const char *reason, const char *message)
{
    sim_shape_condition(region->world, status, type, is_true, reason, message,
                        json_pack("{s:I}", "observedGeneration",
                                  (json_int_t)sim_json_int(object, "metadata.generation", 1)));
}

static json_t *status_of(const json_t *object)
{
    const json_t *status = json_object_get(object, "status");
    return status == NULL ? json_object() : json_deep_copy(status);
}

/* ---- pools and imports ---- */

static bool is_exported(const json_t *pool)
{
    const json_t *annotations = sim_json_at(pool, "metadata.annotations");
    return tg_str_eq(json_string_value(json_object_get(annotations, EXPORT)), "True");
}

static bool is_exported_anywhere(struct sim_world *world, const char *ns, const char *name)
{
    for (int i = 0; i < sim_world_region_count(world); i++) {
        const json_t *pool = sim_store_get(sim_world_region(world, i)->store,
                                           sim_world_kinds(world)->pool, ns, name);
        if (pool != NULL && is_exported(pool)) {
            return true;
        }
    }
    return false;
}

static void sync_import(struct sim_region *region, const char *ns, const char *name)
{
    struct sim_world *world = region->world;
    const struct sim_kinds *kinds = sim_world_kinds(world);
    int config = sim_cloud_config_region(world);
    bool is_wanted = is_exported_anywhere(world, ns, name);
    if (config < 0 || !sim_cloud_is_feature_ready(world, "multiclusterservicediscovery") ||
        !sim_world_region(world, config)->is_serving) {
        if (is_wanted) {
            run_later(
                region, sync_import, ns, name,
                sim_world_params(region->world)->gateway_retry_us); /* the fleet is not ready yet */
        }
        return;
    }
    struct sim_store *store = sim_world_region(world, config)->store;
    bool is_there = sim_store_get(store, kinds->import, ns, name) != NULL;
    if (is_wanted && !is_there) {
        json_t *import = json_pack("{s:{s:s,s:s},s:{},s:{}}", "metadata", "name", name, "namespace",
                                   ns, "spec", "status");
        observe(region, import, json_object_get(import, "status"), "Accepted", true, "Accepted",
                "");
        sim_shape_create(store, kinds->import, import);
    } else if (!is_wanted && is_there) {
        sim_store_remove(store, kinds->import, ns, name);
    }
}

static void pool_changed(struct sim_region *region, const struct sim_change *change)
{
    struct sim_world *world = region->world;
    const char *ns = sim_json_text(change->object, "metadata.namespace");
    const char *name = sim_json_text(change->object, "metadata.name");
    bool was = change->previous != NULL && is_exported(change->previous);
    bool is = change->type != SIM_DELETED && is_exported(change->object);
    if (was == is || sim_world_now_us(world) < 0) {
        return;
    }
    run_later(region, sync_import, ns, name,
              sim_draw_duration(world, region->cluster, "import",
                                &sim_world_params(world)->import_create));
}

/* ---- gateways ---- */

static bool is_ours(const json_t *gateway)
{
    return tg_str_eq(sim_json_text(gateway, "spec.gatewayClassName"), CLASS);
}

static json_t *unknown(const char *type)
{
    return json_pack("{s:s,s:s,s:s,s:s,s:s}", "type", type, "status", "Unknown", "reason",
                     "Pending", "message", "Waiting for controller", "lastTransitionTime", NEVER);
}

/* Address of "regions/R/addresses/N", NULL when it is not reserved. */
static const char *named_address(struct sim_world *world, const char *value)
{
    char region[SIM_NAME_SIZE];
    const char *name = strrchr(value, '/');
    if (!tg_str_has_prefix(value, "regions/") || name == NULL) {
        return NULL;
    }
    tg_str_copy(region, sizeof region, value + strlen("regions/"));
    region[strcspn(region, "/")] = '\0';
    return sim_cloud_address(world, region, name + 1);
}

/* Addresses of the Gateway as its status has them; NULL with *missing set when one is not there.
 * New reference. */
static json_t *addresses_of(struct sim_world *world, const json_t *gateway, const char **missing)
{
    json_t *addresses = json_array();
    size_t i;
    json_t *wanted;
    json_array_foreach(sim_json_at(gateway, "spec.addresses"), i, wanted)
    {
        const char *value = sim_json_text(wanted, "value");
        const char *ip = named_address(world, value);
        if (ip == NULL) {
            *missing = value;
            json_decref(addresses);
            return NULL;
        }
        json_array_append_new(addresses, json_pack("{s:s,s:s}", "type", "IPAddress", "value", ip));
    }
    return addresses;
}

static json_t *listeners_of(struct sim_region *region, const json_t *gateway, int routes)
{
    json_t *listeners = json_array();
    size_t i;
    json_t *wanted;
    json_array_foreach(sim_json_at(gateway, "spec.listeners"), i, wanted)
    {
        json_t *listener = json_pack(
            "{s:s,s:i,s:[{s:s,s:s}]}", "name", sim_json_text(wanted, "name"), "attachedRoutes",
            routes, "supportedKinds", "group", "gateway.networking.k8s.io", "kind", "HTTPRoute");
        observe(region, gateway, listener, "Accepted", true, "Accepted", "");
        observe(region, gateway, listener, "Programmed", true, "Programmed", "");
        observe(region, gateway, listener, "ResolvedRefs", true, "ResolvedRefs", "");
        observe(region, gateway, listener, "Conflicted", false, "NoConflicts", "");
        json_array_append_new(listeners, listener);
    }
    return listeners;
}

static json_t *live_gateway(struct sim_region *region, const char *ns, const char *name)
{
    json_t *gateway =
        sim_store_get(region->store, sim_world_kinds(region->world)->gateway, ns, name);
    bool is_live = gateway != NULL && is_ours(gateway) &&
                   sim_json_at(gateway, "metadata.deletionTimestamp") == NULL;
    return is_live && region->is_config ? gateway : NULL;
}

static void annotate(struct sim_region *region, const json_t *gateway)
{
    struct tg_err err = TG_ERR_INIT;
    json_t *next = json_deep_copy(gateway);
    json_t *metadata = json_object_get(next, "metadata");
    json_t *annotations = sim_json_make_object(metadata, "annotations");
    json_t *made = sim_lab_gateway_annotations(region->world);
    json_object_update(annotations, made);
    json_decref(made);
    json_object_del(metadata, "resourceVersion");
    sim_store_update(region->store, sim_world_kinds(region->world)->gateway, next, &err);
}

static void program(struct sim_region *region, const char *ns, const char *name)
{
    const char *missing = NULL;
    json_t *gateway = live_gateway(region, ns, name);
    if (gateway != NULL &&
        sim_fault_in_force(region->world, SIM_FAULT_GATEWAY_PENDING, region->index) != NULL) {
        run_later(region, program, ns, name, sim_world_params(region->world)->gateway_retry_us);
        return;
    }
    json_t *addresses = gateway == NULL ? NULL : addresses_of(region->world, gateway, &missing);
    if (addresses == NULL) {
        return;
    }
    json_t *status = status_of(gateway);
    json_object_set_new(status, "addresses", addresses);
    json_object_set_new(status, "listeners", listeners_of(region, gateway, 1));
    observe(region, gateway, status, "Programmed", true, "Programmed", "");
    observe(region, gateway, status, HEALTHY, true, "Healthy", "");
    annotate(region, gateway);
    set_status(region, sim_world_kinds(region->world)->gateway, ns, name, status);
    gateway = live_gateway(region, ns, name);
    if (gateway != NULL) {
        sim_event_record(region, gateway, "Normal", "SYNC", COMPONENT,
                         "SYNC on %s/%s was a success", ns, name);
    }
}

static void sync_gateway(struct sim_region *region, const char *ns, const char *name)
{
    struct sim_world *world = region->world;
    const char *missing = NULL;
    json_t *gateway = live_gateway(region, ns, name);
    if (gateway == NULL || sim_shape_is_true(gateway, "Programmed")) {
        return;
    }
    json_t *addresses = addresses_of(world, gateway, &missing);
    json_t *status = status_of(gateway);
    bool was_accepted = sim_shape_is_true(gateway, "Accepted");
    if (addresses == NULL) {
        char message[400];
        snprintf(message, sizeof message,
                 "Error GWCER106: Gateway \"%s/%s\" is invalid, err: failed to find address "
                 "\"%.120s\".",
                 ns, name, missing);
        observe(region, gateway, status, "Accepted", false, "UnsupportedAddress", message);
        observe(region, gateway, status, "Programmed", false, "Invalid", message);
        sim_event_record(region, gateway, "Warning", "SYNC", COMPONENT,
                         "failed to translate Gateway \"%s/%s\": %s", ns, name, message);
        set_status(region, sim_world_kinds(world)->gateway, ns, name, status);
        run_later(region, sync_gateway, ns, name,
                  sim_world_params(region->world)->gateway_retry_us);
        return;
    }
    json_decref(addresses);
    observe(region, gateway, status, "Accepted", true, "Accepted", "");
    observe(region, gateway, status, "Scheduled", true, "Scheduled", "");
    json_object_set_new(status, "listeners", listeners_of(region, gateway, 0));
    set_status(region, sim_world_kinds(world)->gateway, ns, name, status);
    if (!was_accepted) {
        run_later(region, program, ns, name,
                  sim_draw_duration(world, region->cluster, "program",
                                    &sim_world_params(world)->gateway_program));
    }
}

/* The load balancer's objects are gone: the finalizer lets the Gateway go. */
static void detach(struct sim_region *region, const char *ns, const char *name)
{
    const struct sim_resource *kind = sim_world_kinds(region->world)->gateway;
    const json_t *gateway = sim_store_get(region->store, kind, ns, name);
    if (gateway == NULL || sim_json_at(gateway, "metadata.deletionTimestamp") == NULL) {
        return;
    }
    sim_cloud_gateway_detached(region->world);
    struct tg_err err = TG_ERR_INIT;
    json_t *next = json_deep_copy(gateway);
    json_t *metadata = json_object_get(next, "metadata");
    json_t *finalizers = json_object_get(metadata, "finalizers");
    for (size_t i = json_array_size(finalizers); i > 0; i--) {
        if (tg_str_eq(json_string_value(json_array_get(finalizers, i - 1)), FINALIZER)) {
            json_array_remove(finalizers, i - 1);
        }
    }
    json_object_del(metadata, "resourceVersion");
    sim_store_update(region->store, kind, next, &err);
}

static bool is_adopted(const json_t *gateway)
{
    size_t i;
    json_t *finalizer;
    json_array_foreach(sim_json_at(gateway, "metadata.finalizers"), i, finalizer)
    {
        if (tg_str_eq(json_string_value(finalizer), FINALIZER)) {
            return true;
        }
    }
    return false;
}

static void adopt(struct sim_region *region, const char *ns, const char *name)
{
    struct sim_world *world = region->world;
    const struct sim_resource *kind = sim_world_kinds(world)->gateway;
    json_t *gateway = live_gateway(region, ns, name);
    if (gateway == NULL || is_adopted(gateway)) {
        return;
    }
    struct tg_err err = TG_ERR_INIT;
    json_t *next = json_deep_copy(gateway);
    json_t *metadata = json_object_get(next, "metadata");
    json_t *finalizers = json_object_get(metadata, "finalizers");
    if (finalizers == NULL) {
        finalizers = json_array();
        json_object_set_new(metadata, "finalizers", finalizers);
    }
    json_array_append_new(finalizers, json_string(FINALIZER));
    json_object_del(metadata, "resourceVersion");
    sim_store_update(region->store, kind, next, &err);
    gateway = live_gateway(region, ns, name);
    sim_event_record(region, gateway, "Normal", "ADD", COMPONENT, "%s/%s", ns, name);
    sim_controllers_poke(region, "gateway", sync_gateway, ns, name,
                         &sim_world_params(world)->controller_react);
}

static void gateway_changed(struct sim_region *region, const struct sim_change *change)
{
    struct sim_world *world = region->world;
    const struct sim_kinds *kinds = sim_world_kinds(world);
    const char *ns = sim_json_text(change->object, "metadata.namespace");
    const char *name = sim_json_text(change->object, "metadata.name");
    if (!is_ours(change->object)) {
        return;
    }
    bool is_programmed =
        change->type != SIM_DELETED && sim_shape_is_true(change->object, "Programmed");
    bool was_programmed =
        change->type == SIM_MODIFIED && sim_shape_is_true(change->previous, "Programmed");
    if (region->is_config) {
        sim_gateway_set_programmed(world, is_programmed);
        if (is_programmed && !was_programmed) {
            sim_cloud_gateway_programmed(world);
        }
    }
    if (change->type == SIM_ADDED && !is_programmed) {
        /* the CRD's own defaults */
        set_status(
            region, kinds->gateway, ns, name,
            json_pack("{s:[o,o]}", "conditions", unknown("Accepted"), unknown("Programmed")));
        sim_controllers_poke(region, "gateway-add", adopt, ns, name,
                             &sim_world_params(world)->controller_react);
    } else if (change->type == SIM_MODIFIED &&
               sim_json_at(change->object, "metadata.deletionTimestamp") != NULL &&
               sim_json_at(change->previous, "metadata.deletionTimestamp") == NULL) {
        run_later(region, detach, ns, name,
                  sim_draw_duration(world, region->cluster, "detach",
                                    &sim_world_params(world)->gateway_detach));
    }
}

/* ---- routes and policies ---- */

static bool is_import_there(struct sim_region *region, const char *ns, const char *name)
{
    return sim_store_get(region->store, sim_world_kinds(region->world)->import, ns, name) != NULL;
}

/* Name of the first backend that is not there, NULL when all are. Borrowed. */
static const char *missing_backend(struct sim_region *region, const char *ns, const json_t *route)
{
    size_t r;
    json_t *rule;
    json_array_foreach(sim_json_at(route, "spec.rules"), r, rule)
    {
        size_t b;
        json_t *backend;
        json_array_foreach(json_object_get(rule, "backendRefs"), b, backend)
        {
            if (tg_str_eq(sim_json_text(backend, "kind"), "GCPInferencePoolImport") &&
                !is_import_there(region, ns, sim_json_text(backend, "name"))) {
                return sim_json_text(backend, "name");
            }
        }
    }
    return NULL;
}

static bool is_reconciled(const json_t *route)
{
    size_t i;
    json_t *condition;
    const json_t *parent = json_array_get(sim_json_at(route, "status.parents"), 0);
    json_array_foreach(json_object_get(parent, "conditions"), i, condition)
    {
        if (tg_str_eq(sim_json_text(condition, "type"), "Reconciled")) {
            return tg_str_eq(sim_json_text(condition, "status"), "True");
        }
    }
    return false;
}

static void tell_reconciled(struct sim_region *region, const json_t *route, const char *ns,
                            const char *name)
{
    const char *parent =
        sim_json_text(json_array_get(sim_json_at(route, "spec.parentRefs"), 0), "name");
    sim_event_record(region, route, "Normal", "ADD", COMPONENT, "%s/%s", ns, name);
    sim_event_record(region, route, "Normal", "SYNC", COMPONENT,
                     "All the object references were able to be resolved for HTTPRoute \"%s/%s\"",
                     ns, name);
    sim_event_record(region, route, "Normal", "SYNC", COMPONENT,
                     "Bind of HTTPRoute \"%s/%s\" to ParentRef {Name: %s} was a success", ns, name,
                     parent);
    sim_event_record(
        region, route, "Normal", "SYNC", COMPONENT,
        "Reconciliation of HTTPRoute \"%s/%s\" bound to ParentRef {Name: %s} was a success", ns,
        name, parent);
}

static void sync_route(struct sim_region *region, const char *ns, const char *name)
{
    const struct sim_resource *kind = sim_world_kinds(region->world)->route;
    const json_t *route = sim_store_get(region->store, kind, ns, name);
    if (route == NULL || !region->is_config) {
        return;
    }
    const char *missing = missing_backend(region, ns, route);
    json_t *parents = json_array();
    size_t i;
    json_t *wanted;
    json_array_foreach(sim_json_at(route, "spec.parentRefs"), i, wanted)
    {
        json_t *ref = json_deep_copy(wanted);
        sim_json_default(ref, "group", json_string("gateway.networking.k8s.io"));
        sim_json_default(ref, "kind", json_string("Gateway"));
        const json_t *gateway =
            sim_store_get(region->store, sim_world_kinds(region->world)->gateway, ns,
                          sim_json_text(wanted, "name"));
        json_t *parent = json_pack("{s:o,s:s}", "parentRef", ref, "controllerName", CONTROLLER);
        char message[200] = "";
        if (missing != NULL) {
            snprintf(message, sizeof message, "GCPInferencePoolImport \"%s/%.100s\" not found", ns,
                     missing);
        }
        observe(region, route, parent, "Accepted", gateway != NULL,
                gateway != NULL ? "Accepted" : "NoMatchingParent", "");
        observe(region, route, parent, "ResolvedRefs", missing == NULL,
                missing == NULL ? "ResolvedRefs" : "BackendNotFound", message);
        observe(region, route, parent, "Reconciled", gateway != NULL && missing == NULL,
                gateway != NULL && missing == NULL ? "ReconciliationSucceeded"
                                                   : "ReconciliationFailed",
                message);
        json_array_append_new(parents, parent);
    }
    bool was_reconciled = is_reconciled(route);
    set_status(region, kind, ns, name, json_pack("{s:o}", "parents", parents));
    route = sim_store_get(region->store, kind, ns, name);
    if (route != NULL && !was_reconciled && is_reconciled(route)) {
        tell_reconciled(region, route, ns, name);
    }
    if (missing != NULL) {
        run_later(region, sync_route, ns, name, sim_world_params(region->world)->gateway_retry_us);
    }
}

static void sync_policy(struct sim_region *region, const struct sim_resource *kind, sim_sync *again,
                        const char *ns, const char *name)
{
    const struct sim_kinds *kinds = sim_world_kinds(region->world);
    const json_t *policy = sim_store_get(region->store, kind, ns, name);
    if (policy == NULL) {
        return;
    }
    const char *target = sim_json_text(policy, "spec.targetRef.name");
    bool is_import =
        tg_str_eq(sim_json_text(policy, "spec.targetRef.kind"), "GCPInferencePoolImport");
    bool is_there =
        sim_store_get(region->store, is_import ? kinds->import : kinds->pool, ns, target) != NULL;
    json_t *status = status_of(policy);
    observe(region, policy, status, "Attached", is_there, is_there ? "Attached" : "TargetNotFound",
            is_there ? "" : "the policy's target was not found");
    set_status(region, kind, ns, name, status);
    if (!is_there) {
        run_later(region, again, ns, name, sim_world_params(region->world)->gateway_retry_us);
    }
}

static void sync_health_policy(struct sim_region *region, const char *ns, const char *name)
{
    sync_policy(region, sim_world_kinds(region->world)->health_policy, sync_health_policy, ns,
                name);
}

static void sync_backend_policy(struct sim_region *region, const char *ns, const char *name)
{
    sync_policy(region, sim_world_kinds(region->world)->backend_policy, sync_backend_policy, ns,
                name);
}

static void sync_monitoring(struct sim_region *region, const char *ns, const char *name)
{
    const struct sim_resource *kind = sim_world_kinds(region->world)->pod_monitoring;
    const json_t *object = sim_store_get(region->store, kind, ns, name);
    if (object == NULL) {
        return;
    }
    json_t *status = status_of(object);
    observe(region, object, status, "ConfigurationCreateSuccess", true, "", "");
    json_object_set_new(status, "observedGeneration",
                        json_integer((json_int_t)sim_json_int(object, "metadata.generation", 1)));
    set_status(region, kind, ns, name, status);
}

/* Which of the config cluster's objects a controller reconciles by itself. */
#define SYNCED_KINDS 5
struct synced {
    const struct sim_resource *kind;
    const char *name;
    sim_sync *sync;
};

static void synced_kinds(const struct sim_kinds *kinds, struct synced rows[SYNCED_KINDS])
{
    const struct synced all[SYNCED_KINDS] = {
        {kinds->route, "route", sync_route},
        {kinds->health_policy, "health-policy", sync_health_policy},
        {kinds->backend_policy, "backend-policy", sync_backend_policy},
        {kinds->pod_monitoring, "monitoring", sync_monitoring},
        {kinds->gateway, "gateway-add", adopt}};
    memcpy(rows, all, sizeof all);
}

struct visit {
    struct sim_region *region;
    const struct synced *row;
};

static bool poke_existing(void *context, json_t *object)
{
    const struct visit *visit = context;
    sim_controllers_poke(visit->region, visit->row->name, visit->row->sync,
                         sim_json_text(object, "metadata.namespace"),
                         sim_json_text(object, "metadata.name"),
                         &sim_world_params(visit->region->world)->controller_react);
    return true;
}

void sim_fleet_controllers_start(struct sim_region *region)
{
    struct synced rows[SYNCED_KINDS];
    synced_kinds(sim_world_kinds(region->world), rows);
    for (size_t i = 0; i < SYNCED_KINDS; i++) {
        struct visit visit = {region, &rows[i]};
        sim_store_each(region->store, rows[i].kind, NULL, poke_existing, &visit);
    }
}

void sim_fleet_object_changed(struct sim_region *region, const struct sim_change *change)
{
    const struct sim_kinds *kinds = sim_world_kinds(region->world);
    if (change->resource == kinds->pool) {
        pool_changed(region, change);
        return;
    }
    if (change->resource == kinds->gateway) {
        gateway_changed(region, change);
        return;
    }
    struct synced rows[SYNCED_KINDS];
    synced_kinds(kinds, rows);
    bool is_new = change->type == SIM_ADDED && json_object_get(change->object, "status") == NULL;
    bool is_changed = change->type == SIM_MODIFIED &&
                      sim_json_int(change->object, "metadata.generation", 1) !=
                          sim_json_int(change->previous, "metadata.generation", 1);
    for (size_t i = 0; i < SYNCED_KINDS; i++) {
        if (change->resource == rows[i].kind && (is_new || is_changed)) {
            sim_controllers_poke(region, rows[i].name, rows[i].sync,
                                 sim_json_text(change->object, "metadata.namespace"),
                                 sim_json_text(change->object, "metadata.name"),
                                 &sim_world_params(region->world)->controller_react);
        }
    }
}
