/* sim/gcp_compute.c - the Compute Engine API: what is there, by place and kind. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim/behaviour.h"
#include "sim/gateway.h"
#include "sim/gcp_compute.h"
#include "sim/gcp_state.h"
#include "sim/gcp_store.h"
#include "sim/json_path.h"
#include "sim/lab_objects.h"
#include "sim/shape.h"

#define BASE "https://www.googleapis.com/compute/v1/projects/"

enum scope { SCOPE_GLOBAL, SCOPE_REGION, SCOPE_ZONE };

struct collection {
    const char *name;
    const char *kind;
    enum scope scope;
    /* Objects that follow from the state of the world; NULL: stored ones only. */
    void (*build)(struct sim_world *world, struct sim_region *region, json_t *items);
};

struct managers {
    struct sim_world *world;
    const struct sim_region *region;
    json_t *items;
};

static bool add_manager(void *context, const char *path, json_t *document)
{
    struct managers *managers = context;
    if (strstr(path, "/nodePools/") == NULL) {
        return true;
    }
    const char *zone = managers->region->zone;
    const char *project = sim_gcp_project(managers->world);
    char *name = tg_strdup(sim_gcp_last(
        json_string_value(json_array_get(json_object_get(document, "instanceGroupUrls"), 0))));
    json_array_append_new(managers->items, sim_shape("{'name':'%s','targetSize':%d,'zone':'" BASE
                                                     "%s/zones/%s','instanceGroup':'" BASE
                                                     "%s/zones/%s/instanceGroups/%s'}",
                                                     name, (int)sim_json_int(document, "_count", 1),
                                                     project, zone, project, zone, name));
    free(name);
    return true;
}

static void build_group_managers(struct sim_world *world, struct sim_region *region, json_t *items)
{
    struct managers managers = {world, region, items};
    char *prefix = tg_asprintf("container/%s/", region->zone);
    sim_gcp_each(world, prefix, add_manager, &managers);
    free(prefix);
}

static void build_machine_types(struct sim_world *world, struct sim_region *region, json_t *items)
{
    static const struct {
        const char *name;
        int cpus;
        int memory_mib;
        int chips;
    } types[] = {{"ct6e-standard-4t", 180, 737280, 4}, {"e2-standard-16", 16, 65536, 0}};
    (void)world;
    for (size_t i = 0; i < TG_COUNT(types); i++) {
        json_t *type = sim_shape("{'name':'%s','guestCpus':%d,'memoryMb':%d,'zone':'%s'}",
                                 types[i].name, types[i].cpus, types[i].memory_mib, region->zone);
        if (types[i].chips > 0) {
            json_object_set_new(type, "accelerators",
                                sim_shape("[{'guestAcceleratorType':'ct6e','guestAcceleratorCount'"
                                          ":%d}]",
                                          types[i].chips));
        }
        json_array_append_new(items, type);
    }
}

static const struct collection collections[] = {
    {"networks", "network", SCOPE_GLOBAL, NULL},
    {"firewalls", "firewall", SCOPE_GLOBAL, sim_gcp_balancer_firewalls},
    {"forwardingRules", "forwardingRule", SCOPE_GLOBAL, sim_gcp_forwarding_rules},
    {"targetHttpProxies", "targetHttpProxy", SCOPE_GLOBAL, sim_gcp_target_proxies},
    {"urlMaps", "urlMap", SCOPE_GLOBAL, sim_gcp_url_maps},
    {"backendServices", "backendService", SCOPE_GLOBAL, sim_gcp_backend_services},
    {"healthChecks", "healthCheck", SCOPE_GLOBAL, sim_gcp_health_checks},
    {"subnetworks", "subnetwork", SCOPE_REGION, NULL},
    {"addresses", "address", SCOPE_REGION, NULL},
    {"networkEndpointGroups", "networkEndpointGroup", SCOPE_ZONE, sim_gcp_endpoint_groups},
    {"instanceGroupManagers", "instanceGroupManager", SCOPE_ZONE, build_group_managers},
    {"machineTypes", "machineType", SCOPE_ZONE, build_machine_types},
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

/* A static address is in use while the gateway answers on it. */
static void show_address(struct sim_world *world, const struct sim_region *region, json_t *address)
{
    bool is_used = sim_gateway_is_programmed(world) &&
                   tg_str_eq(sim_json_text(address, "address"), region->vip);
    json_object_set_new(address, "status", json_string(is_used ? "IN_USE" : "RESERVED"));
    if (is_used) {
        char name[120];
        sim_lab_balancer_name(world, "cross-region-gateway", name, sizeof name);
        json_object_set_new(address, "users",
                            sim_shape("['" BASE "%s/global/forwardingRules/%s-%s']",
                                      sim_gcp_project(world), name, region->name));
    }
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

static json_t *page(struct sim_gcp_call *call, const struct collection *collection,
                    const char *scope, json_t *items)
{
    json_t *answer = json_pack(
        "{s:o,s:o}", "kind", json_sprintf("compute#%sList", collection->kind), "id",
        json_sprintf("projects/%s/%s/%s", sim_gcp_project(call->world), scope, collection->name));
    sim_gcp_filter(call->query, items);
    if (json_array_size(items) > 0) {
        json_object_set(answer, "items", items);
    }
    json_object_set_new(
        answer, "selfLink",
        json_sprintf(BASE "%s/%s/%s", sim_gcp_project(call->world), scope, collection->name));
    json_decref(items);
    return answer;
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
    if (found == NULL) {
        return sim_gcp_error(call, 404, "NOT_FOUND",
                             "The resource 'projects/%s/%s/%s/%s' was not found",
                             sim_gcp_project(call->world), scope, collection->name, name);
    }
    return found;
}

static json_t *aggregated(struct sim_gcp_call *call, const struct collection *collection)
{
    json_t *scopes = json_object();
    int count = collection->scope == SCOPE_GLOBAL ? 1 : sim_world_region_count(call->world);
    for (int i = 0; i < count; i++) {
        struct sim_region *region = sim_world_region(call->world, i);
        char scope[SIM_NAME_SIZE * 2];
        scope_path(collection, region, scope, sizeof scope);
        json_t *items = items_of(call->world, collection, region);
        sim_gcp_filter(call->query, items);
        if (json_array_size(items) > 0) {
            json_object_set_new(scopes, scope, json_pack("{s:O}", collection->name, items));
        }
        json_decref(items);
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
    if (tg_str_eq(call->method, "PATCH") && name[0] != '\0') {
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
    return page(call, collection, scope, items_of(call->world, collection, region));
}

/* ---- the places themselves ---- */

static json_t *place_item(struct sim_gcp_call *call, const struct sim_region *region, bool is_zone)
{
    const char *project = sim_gcp_project(call->world);
    const char *name = is_zone ? region->zone : region->name;
    char id[24];
    json_t *item = sim_shape(
        "{'kind':'compute#%s','name':'%s','id':'%s','status':'UP','selfLink':'" BASE "%s/%s/%s'}",
        is_zone ? "zone" : "region", name, sim_gcp_id("place", name, id), project,
        is_zone ? "zones" : "regions", name);
    if (is_zone) {
        json_object_set_new(item, "region",
                            json_sprintf(BASE "%s/regions/%s", project, region->name));
    } else {
        json_object_set_new(item, "zones",
                            sim_shape("['" BASE "%s/zones/%s']", project, region->zone));
        json_object_set_new(item, "quotas",
                            sim_shape("[{'metric':'CPUS','limit':72.0,'usage':16.0},{'metric':"
                                      "'SSD_TOTAL_GB','limit':2048.0,'usage':100.0}]"));
    }
    return item;
}

static json_t *places(struct sim_gcp_call *call, bool is_zone)
{
    json_t *items = json_array();
    for (int i = 0; i < sim_world_region_count(call->world); i++) {
        json_array_append_new(items, place_item(call, sim_world_region(call->world, i), is_zone));
    }
    sim_gcp_filter(call->query, items);
    return json_pack("{s:s,s:o}", "kind", is_zone ? "compute#zoneList" : "compute#regionList",
                     "items", items);
}

json_t *sim_gcp_compute(struct sim_gcp_call *call)
{
    const char *place = sim_gcp_segment(call, 2);
    if (call->count == 2) {
        char id[24];
        return sim_shape("{'kind':'compute#project','name':'%s','id':'%s'}",
                         sim_gcp_project(call->world),
                         sim_gcp_id("project", sim_gcp_project(call->world), id));
    }
    bool is_zone = tg_str_eq(place, "zones");
    if ((is_zone || tg_str_eq(place, "regions")) && call->count == 3) {
        return places(call, is_zone);
    }
    int operations = tg_str_eq(place, "global") ? 3 : 4;
    if (tg_str_eq(sim_gcp_segment(call, operations), "operations")) {
        return sim_gcp_operations(call, "compute", operations + 1);
    }
    if (tg_str_eq(place, "aggregated")) {
        const struct collection *collection = find_collection(sim_gcp_segment(call, 3));
        return collection == NULL ? NULL : aggregated(call, collection);
    }
    if (tg_str_eq(place, "global")) {
        const struct collection *collection = find_collection(sim_gcp_segment(call, 3));
        bool is_global = collection != NULL && collection->scope == SCOPE_GLOBAL;
        return is_global ? scoped(call, sim_world_region(call->world, 0), "global", 3) : NULL;
    }
    char scope[SIM_GCP_SEGMENT_SIZE + 16];
    struct sim_region *region = NULL;
    if (tg_str_eq(place, "regions")) {
        region = sim_gcp_region(call->world, sim_gcp_segment(call, 3));
    } else if (tg_str_eq(place, "zones")) {
        region = sim_gcp_zone(call->world, sim_gcp_segment(call, 3));
    }
    snprintf(scope, sizeof scope, "%s/%s", place, sim_gcp_segment(call, 3));
    if (region == NULL) {
        return sim_gcp_error(call, 404, "NOT_FOUND", "The resource 'projects/%s/%s' was not found",
                             sim_gcp_project(call->world), scope);
    }
    if (call->count == 4) {
        return place_item(call, region, is_zone);
    }
    const struct collection *collection = find_collection(sim_gcp_segment(call, 4));
    bool is_right = collection != NULL &&
                    collection->scope == (tg_str_eq(place, "zones") ? SCOPE_ZONE : SCOPE_REGION);
    return is_right ? scoped(call, region, scope, 4) : NULL;
}
