/* sim/gcp_compute.c - the Compute Engine API: what is there, by place and kind. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/clock.h"
#include "base/fmt.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim/behaviour.h"
#include "sim/gcp_balancer.h"
#include "sim/gcp_compute.h"
#include "sim/gcp_list.h"
#include "sim/gcp_quota.h"
#include "sim/gcp_state.h"
#include "sim/gcp_store.h"
#include "sim/json_path.h"
#include "sim/lab_objects.h"
#include "sim/query.h"
#include "sim/shape.h"

#define BASE      "https://www.googleapis.com/compute/v1/projects/"
#define PAGE_MAX  500
#define OFFSET_US ((int64_t)8 * 3600 * TG_US_PER_S)

enum scope { SCOPE_GLOBAL, SCOPE_REGION, SCOPE_ZONE };

struct collection {
    const char *name;
    const char *kind;
    enum scope scope;
    /* Objects that follow from the state of the world; NULL: stored ones only. */
    void (*build)(struct sim_world *world, struct sim_region *region, json_t *items);
};

static const struct collection collections[] = {
    {"networks", "network", SCOPE_GLOBAL, NULL},
    {"firewalls", "firewall", SCOPE_GLOBAL, NULL},
    {"routes", "route", SCOPE_GLOBAL, NULL},
    {"forwardingRules", "forwardingRule", SCOPE_GLOBAL, NULL},
    {"targetHttpProxies", "targetHttpProxy", SCOPE_GLOBAL, NULL},
    {"urlMaps", "urlMap", SCOPE_GLOBAL, NULL},
    {"backendServices", "backendService", SCOPE_GLOBAL, NULL},
    {"healthChecks", "healthCheck", SCOPE_GLOBAL, NULL},
    {"subnetworks", "subnetwork", SCOPE_REGION, NULL},
    {"addresses", "address", SCOPE_REGION, NULL},
    {"networkEndpointGroups", "networkEndpointGroup", SCOPE_ZONE, NULL},
    {"instances", "instance", SCOPE_ZONE, sim_gcp_instances},
    {"instanceGroups", "instanceGroup", SCOPE_ZONE, sim_gcp_instance_groups},
    {"instanceGroupManagers", "instanceGroupManager", SCOPE_ZONE, sim_gcp_group_managers},
    {"autoscalers", "autoscaler", SCOPE_ZONE, NULL},
    {"disks", "disk", SCOPE_ZONE, NULL},
};

static const struct collection *find_collection(const char *name)
{
    for (size_t i = 0; i < TG_COUNT(collections); i++) {
        if (tg_str_eq(collections[i].name, name)) {
            return &collections[i];
        }
    }
    return NULL;
}

/* "global", "regions/R" or "zones/Z". */
static void scope_path(const struct collection *collection, const struct sim_region *region,
                       char *out, size_t size)
{
    switch (collection->scope) {
    case SCOPE_GLOBAL:
        snprintf(out, size, "global");
        return;
    case SCOPE_REGION:
        snprintf(out, size, "regions/%s", region->name);
        return;
    case SCOPE_ZONE:
        snprintf(out, size, "zones/%s", region->zone);
        return;
    }
    TG_UNREACHABLE("no other scope");
}

/* A static address is in use while a forwarding rule answers on it. */
static void show_address(struct sim_world *world, const struct sim_region *region, json_t *address)
{
    json_t *rules = sim_gcp_children(world, "compute/global/forwardingRules");
    json_t *users = json_array();
    size_t i;
    json_t *rule;
    (void)region;
    json_array_foreach(rules, i, rule)
    {
        if (tg_str_eq(sim_json_text(rule, "IPAddress"), sim_json_text(address, "address"))) {
            json_array_append(users, json_object_get(rule, "selfLink"));
        }
    }
    bool is_used = json_array_size(users) > 0;
    json_object_set_new(address, "status", json_string(is_used ? "IN_USE" : "RESERVED"));
    if (is_used) {
        json_object_set(address, "users", users);
    }
    json_decref(users);
    json_decref(rules);
}

static void show_network(struct sim_world *world, json_t *network)
{
    json_t *links = json_array();
    for (int i = 0; i < sim_world_region_count(world); i++) {
        char folder[SIM_NAME_SIZE * 2];
        snprintf(folder, sizeof folder, "compute/regions/%s/subnetworks",
                 sim_world_region(world, i)->name);
        json_t *subnets = sim_gcp_children(world, folder);
        size_t s;
        json_t *subnet;
        json_array_foreach(subnets, s, subnet)
        {
            if (tg_str_eq(sim_gcp_last(sim_json_text(subnet, "network")),
                          sim_json_text(network, "name"))) {
                json_array_append(links, json_object_get(subnet, "selfLink"));
            }
        }
        json_decref(subnets);
    }
    json_object_set_new(network, "subnetworks", links);
}

/* The scope's items with what every compute object carries. */
static json_t *items_of(struct sim_world *world, const struct collection *collection,
                        struct sim_region *region)
{
    char scope[SIM_NAME_SIZE * 2];
    scope_path(collection, region, scope, sizeof scope);
    char folder[SIM_NAME_SIZE * 4];
    snprintf(folder, sizeof folder, "compute/%s/%s", scope, collection->name);
    json_t *items = sim_gcp_children(world, folder);
    size_t stored = json_array_size(items);
    if (collection->build != NULL) {
        collection->build(world, region, items);
    }
    size_t i;
    json_t *item;
    json_array_foreach(items, i, item)
    {
        if (i < stored) {
            if (tg_str_eq(collection->name, "addresses")) {
                show_address(world, region, item);
            } else if (tg_str_eq(collection->name, "networks")) {
                show_network(world, item);
            } else if (tg_str_eq(collection->name, "networkEndpointGroups")) {
                sim_gcp_show_group(world, region, item);
            }
            continue;
        }
        char id[24];
        char created[48];
        const char *name = sim_json_text(item, "name");
        json_object_set_new(item, "kind", json_sprintf("compute#%s", collection->kind));
        json_object_set_new(item, "id", json_string(sim_gcp_id(scope, name, id)));
        json_object_set_new(item, "creationTimestamp",
                            json_string(sim_gcp_created(world, created, sizeof created)));
        json_object_set_new(item, "selfLink",
                            json_sprintf(BASE "%s/%s/%s/%s", sim_gcp_project(world), scope,
                                         collection->name, name));
    }
    return items;
}

json_t *sim_gcp_compute_page(struct sim_gcp_call *call, const char *kind, const char *collection,
                             json_t *items)
{
    json_t *error = NULL;
    size_t tail = strlen(collection);
    const char *end = strstr(call->rest, collection);
    int len = end == NULL ? (int)strlen(call->rest) : (int)(end - call->rest) + (int)tail;
    json_t *answer =
        json_pack("{s:o,s:o,s:o}", "kind", json_sprintf("compute#%sList", kind), "id",
                  json_sprintf("%.*s", len, call->rest), "selfLink",
                  json_sprintf("https://www.googleapis.com/compute/v1/%.*s", len, call->rest));
    sim_gcp_order(call, items);
    if (!sim_gcp_filter(call, items, &error) ||
        !sim_gcp_page(call, items, "maxResults", PAGE_MAX, answer, &error)) {
        json_decref(answer);
        answer = error;
    } else if (json_array_size(items) > 0) {
        json_object_set(answer, "items", items);
    }
    json_decref(items);
    return answer;
}

json_t *sim_gcp_compute_scope(const char *scope, const char *collection, json_t *items)
{
    if (json_array_size(items) > 0) {
        return json_pack("{s:o}", collection, items);
    }
    json_decref(items);
    return json_pack("{s:{s:s,s:o,s:[{s:s,s:s}]}}", "warning", "code", "NO_RESULTS_ON_PAGE",
                     "message",
                     json_sprintf("There are no results for scope '%s' on this page.", scope),
                     "data", "key", "scope", "value", scope);
}

json_t *sim_gcp_compute_missing(struct sim_gcp_call *call, const char *scope,
                                const char *collection, const char *name)
{
    return sim_gcp_error(call, 404, "NOT_FOUND",
                         "The resource 'projects/%s/%s/%s/%s' was not found",
                         sim_gcp_project(call->world), scope, collection, name);
}

const char *sim_gcp_compute_now(struct sim_world *world, char *out)
{
    /* standard time of the place where the API stands, all year */
    char text[SIM_TIME_SIZE];
    tg_fmt_rfc3339(text, sizeof text, sim_world_wall_us(world) - OFFSET_US, 3);
    text[strcspn(text, "Z")] = '\0';
    snprintf(out, SIM_TIME_SIZE, "%.30s-08:00", text);
    return out;
}

static json_t *one(struct sim_gcp_call *call, const struct collection *collection,
                   struct sim_region *region, const char *scope, const char *name)
{
    json_t *items = items_of(call->world, collection, region);
    json_t *found = NULL;
    size_t i;
    json_t *item;
    json_array_foreach(items, i, item)
    {
        if (tg_str_eq(sim_json_text(item, "name"), name)) {
            found = json_incref(item);
        }
    }
    json_decref(items);
    return found != NULL ? found : sim_gcp_compute_missing(call, scope, collection->name, name);
}

static json_t *aggregated(struct sim_gcp_call *call, const struct collection *collection)
{
    json_t *error = NULL;
    json_t *scopes = json_object();
    int count = collection->scope == SCOPE_GLOBAL ? 1 : sim_world_region_count(call->world);
    for (int i = 0; i < count; i++) {
        struct sim_region *region = sim_world_region(call->world, i);
        char scope[SIM_NAME_SIZE * 2];
        scope_path(collection, region, scope, sizeof scope);
        json_t *items = items_of(call->world, collection, region);
        if (!sim_gcp_filter(call, items, &error)) {
            json_decref(items);
            json_decref(scopes);
            return error;
        }
        json_object_set_new(scopes, scope, sim_gcp_compute_scope(scope, collection->name, items));
    }
    if (collection->scope != SCOPE_GLOBAL) {
        json_object_set_new(scopes, "global",
                            sim_gcp_compute_scope("global", collection->name, json_array()));
    }
    return json_pack(
        "{s:o,s:o,s:o}", "kind", json_sprintf("compute#%sAggregatedList", collection->kind), "id",
        json_sprintf("projects/%s/aggregated/%s", sim_gcp_project(call->world), collection->name),
        "items", scopes);
}

static json_t *scoped(struct sim_gcp_call *call, struct sim_region *region, const char *scope,
                      int at)
{
    const struct collection *collection = find_collection(sim_gcp_segment(call, at));
    const char *name = sim_gcp_segment(call, at + 1);
    const char *verb = sim_gcp_segment(call, at + 2);
    if (collection == NULL) {
        return NULL;
    }
    struct sim_gcp_target target = {.collection = collection->name,
                                    .kind = collection->kind,
                                    .scope = scope,
                                    .region = region,
                                    .name = name};
    if (tg_str_eq(call->method, "POST") && tg_str_eq(verb, "getHealth")) {
        return sim_gcp_group_health(call, name);
    }
    if (tg_str_eq(call->method, "POST") && tg_str_eq(verb, "listNetworkEndpoints")) {
        return sim_gcp_group_endpoints(call, region, name);
    }
    if (tg_str_eq(call->method, "POST") && tg_str_eq(verb, "setLabels")) {
        return sim_gcp_compute_set_labels(call, &target);
    }
    if (verb[0] != '\0') {
        return NULL;
    }
    if (tg_str_eq(call->method, "POST") && name[0] == '\0') {
        return sim_gcp_compute_insert(call, &target);
    }
    if ((tg_str_eq(call->method, "PATCH") || tg_str_eq(call->method, "PUT")) && name[0] != '\0') {
        return sim_gcp_compute_patch(call, &target);
    }
    if (tg_str_eq(call->method, "DELETE") && name[0] != '\0') {
        return sim_gcp_compute_delete(call, &target);
    }
    if (!tg_str_eq(call->method, "GET")) {
        return NULL;
    }
    if (name[0] != '\0') {
        return one(call, collection, region, scope, name);
    }
    return sim_gcp_compute_page(call, collection->kind, collection->name,
                                items_of(call->world, collection, region));
}

/* ---- requests ---- */

static json_t *show_project(struct sim_gcp_call *call)
{
    char id[24];
    char created[48];
    uint64_t number = sim_lab_project_number(call->world);
    json_t *quotas = json_array();
    static const char *const metrics[] = {"NETWORKS", "FORWARDING_RULES", "STATIC_ADDRESSES"};
    for (size_t i = 0; i < TG_COUNT(metrics); i++) {
        json_array_append_new(
            quotas, json_pack("{s:s,s:f,s:f}", "metric", metrics[i], "limit",
                              (double)sim_gcp_quota_limit(call->world, "global", metrics[i]),
                              "usage", 0.0));
    }
    json_t *project = sim_shape(
        "{'kind':'compute#project','name':'%s','id':'%s','creationTimestamp':'%s',"
        "'defaultServiceAccount':'%" PRIu64 "-compute@developer.gserviceaccount.com',"
        "'selfLink':'" BASE "%s','xpnProjectStatus':'UNSPECIFIED_XPN_PROJECT_STATUS',"
        "'defaultNetworkTier':'PREMIUM','commonInstanceMetadata':{'kind':'compute#metadata',"
        "'fingerprint':'AAAAAAAAAAA='}}",
        sim_gcp_project(call->world), sim_gcp_id("project", sim_gcp_project(call->world), id),
        sim_gcp_created(call->world, created, sizeof created), number,
        sim_gcp_project(call->world));
    json_object_set_new(project, "quotas", quotas);
    return project;
}

static json_t *in_place(struct sim_gcp_call *call, const char *place)
{
    char scope[SIM_GCP_SEGMENT_SIZE + 16];
    bool is_zone = tg_str_eq(place, "zones");
    const char *name = sim_gcp_segment(call, 3);
    struct sim_region *region =
        is_zone ? sim_gcp_zone(call->world, name) : sim_gcp_region(call->world, name);
    snprintf(scope, sizeof scope, "%s/%s", place, name);
    if (region == NULL) {
        return sim_gcp_error(call, 404, "NOT_FOUND", "The resource 'projects/%s/%s' was not found",
                             sim_gcp_project(call->world), scope);
    }
    const struct collection *collection = find_collection(sim_gcp_segment(call, 4));
    bool is_right =
        collection != NULL && collection->scope == (is_zone ? SCOPE_ZONE : SCOPE_REGION);
    if (!is_right && collection != NULL && tg_str_eq(call->method, "GET") && call->count == 5) {
        /* kinds that exist in this place too, but never in this world */
        return sim_gcp_compute_page(call, collection->kind, collection->name, json_array());
    }
    return is_right ? scoped(call, region, scope, 4) : NULL;
}

static json_t *route(struct sim_gcp_call *call)
{
    const char *place = sim_gcp_segment(call, 2);
    if (call->count == 2) {
        return show_project(call);
    }
    if (sim_gcp_is_place(call)) {
        return sim_gcp_places(call);
    }
    bool is_wide = tg_str_eq(place, "global") || tg_str_eq(place, "aggregated");
    int operations = is_wide ? 3 : 4;
    if (tg_str_eq(sim_gcp_segment(call, operations), "operations")) {
        return sim_gcp_operations(call, "compute", operations + 1);
    }
    const struct collection *collection =
        is_wide ? find_collection(sim_gcp_segment(call, 3)) : NULL;
    if (tg_str_eq(place, "aggregated")) {
        return collection == NULL ? NULL : aggregated(call, collection);
    }
    if (tg_str_eq(place, "global")) {
        bool is_global = collection != NULL && collection->scope == SCOPE_GLOBAL;
        return is_global ? scoped(call, sim_world_region(call->world, 0), "global", 3) : NULL;
    }
    return tg_str_eq(place, "zones") || tg_str_eq(place, "regions") ? in_place(call, place) : NULL;
}

/* A change that carries a requestId is made once: who asks again gets the same operation. */
json_t *sim_gcp_compute(struct sim_gcp_call *call)
{
    const char *id = sim_query_text(call->params, "requestId");
    if (id[0] == '\0' || tg_str_eq(call->method, "GET")) {
        return route(call);
    }
    char *path = tg_asprintf("request/%s", id);
    const json_t *before = sim_gcp_find(call->world, "%s", path);
    json_t *answer =
        before == NULL ? NULL : sim_gcp_operation_named(call->world, json_string_value(before));
    if (answer == NULL) {
        answer = route(call);
        if (answer != NULL && *call->status < 300 && json_object_get(answer, "operationType")) {
            sim_gcp_put(call->world, path, json_string(sim_json_text(answer, "name")));
        }
    }
    free(path);
    return answer;
}
