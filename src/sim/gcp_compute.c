/* sim/gcp_compute.c - the Compute Engine API: networks, addresses, firewalls, and lists of all
 * kinds. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/str.h"
#include "sim/behaviour.h"
#include "sim/gateway.h"
#include "sim/gcp_state.h"
#include "sim/json_path.h"
#include "sim/lab_objects.h"
#include "sim/shape.h"

#define BASE "https://www.googleapis.com/compute/v1/projects/"

enum scope { SCOPE_GLOBAL, SCOPE_REGION, SCOPE_ZONE };

struct collection {
    const char *name;
    const char *kind;
    enum scope scope;
    void (*build)(struct sim_world *world, struct sim_region *region, json_t *items);
};

static void build_networks(struct sim_world *world, struct sim_region *region, json_t *items)
{
    (void)region;
    const char *project = sim_gcp_project(world);
    json_t *subnets = json_array();
    for (int i = 0; i < sim_world_region_count(world); i++) {
        const char *name = sim_world_region(world, i)->name;
        json_array_append_new(
            subnets, json_sprintf(BASE "%s/regions/%s/subnetworks/" SIM_SUBNET, project, name));
        json_array_append_new(
            subnets, json_sprintf(BASE "%s/regions/%s/subnetworks/tpu-gke-dranet-proxy-subnet-%s",
                                  project, name, name));
    }
    json_t *network =
        sim_shape("{'name':'" SIM_NETWORK "','autoCreateSubnetworks':false,'mtu':8896,"
                  "'routingConfig':{'routingMode':'REGIONAL'},"
                  "'networkFirewallPolicyEnforcementOrder':'AFTER_CLASSIC_FIREWALL'}");
    json_object_set_new(network, "subnetworks", subnets);
    json_array_append_new(items, network);
}

static void build_subnetworks(struct sim_world *world, struct sim_region *region, json_t *items)
{
    const char *project = sim_gcp_project(world);
    char gateway[SIM_IP_SIZE];
    json_array_append_new(
        items,
        sim_shape("{'name':'" SIM_SUBNET "','ipCidrRange':'10.%d.%d.0/24','gatewayAddress':'%s',"
                  "'network':'" BASE "%s/global/networks/" SIM_NETWORK "','region':'" BASE
                  "%s/regions/%s',"
                  "'purpose':'PRIVATE','stackType':'IPV4_ONLY','privateIpGoogleAccess':false,"
                  "'logConfig':{'enable':false}}",
                  region->network_high, region->network_low, sim_region_node_ip(region, 1, gateway),
                  project, project, region->name));
    json_array_append_new(
        items, sim_shape("{'name':'tpu-gke-dranet-proxy-subnet-%s','ipCidrRange':'10.%d.%d.0/24',"
                         "'network':'" BASE "%s/global/networks/" SIM_NETWORK "','region':'" BASE
                         "%s/regions/%s',"
                         "'purpose':'GLOBAL_MANAGED_PROXY','role':'ACTIVE','state':'READY','"
                         "stackType':'IPV4_ONLY'}",
                         region->name, region->network_high + 1, region->network_low, project,
                         project, region->name));
}

static void build_addresses(struct sim_world *world, struct sim_region *region, json_t *items)
{
    const char *project = sim_gcp_project(world);
    bool is_used = sim_gateway_is_programmed(world);
    json_t *address = sim_shape(
        "{'name':'gemma-gateway-ip-%s','address':'%s','addressType':'INTERNAL','status':'%s',"
        "'purpose':'GCE_ENDPOINT','networkTier':'PREMIUM','region':'" BASE "%s/regions/%s',"
        "'subnetwork':'" BASE "%s/regions/%s/subnetworks/" SIM_SUBNET "'}",
        region->name, region->vip, is_used ? "IN_USE" : "RESERVED", project, region->name, project,
        region->name);
    if (is_used) {
        char name[120];
        sim_lab_balancer_name(world, "cross-region-gateway", name, sizeof name);
        json_object_set_new(
            address, "users",
            sim_shape("['" BASE "%s/global/forwardingRules/%s-%s']", project, name, region->name));
    }
    json_array_append_new(items, address);
}

static void build_firewalls(struct sim_world *world, struct sim_region *region, json_t *items)
{
    (void)region;
    const char *project = sim_gcp_project(world);
    static const char *const rules[] = {
        "'name':'tpu-gke-dranet-allow-internal','allowed':[{'IPProtocol':'all'}],"
        "'sourceRanges':['10.0.0.0/8','10.1.0.0/16']",
        "'name':'tpu-gke-dranet-allow-hc','allowed':[{'IPProtocol':'tcp','ports':['8000']}],"
        "'sourceRanges':['130.211.0.0/22','35.191.0.0/16']",
        "'name':'gkemcg1-l7-" SIM_NETWORK
        "-global','allowed':[{'IPProtocol':'tcp','ports':['0-65535']}],"
        "'sourceRanges':['130.211.0.0/22','35.191.0.0/16']",
    };
    size_t count = sim_gateway_is_programmed(world) ? TG_COUNT(rules) : TG_COUNT(rules) - 1;
    for (size_t i = 0; i < count; i++) {
        json_array_append_new(
            items, sim_shape("{%s,'network':'" BASE "%s/global/networks/" SIM_NETWORK "',"
                             "'direction':'INGRESS','priority':1000,'disabled':false,"
                             "'logConfig':{'enable':false}}",
                             rules[i], project));
    }
}

static void build_group_managers(struct sim_world *world, struct sim_region *region, json_t *items)
{
    const char *const pools[] = {"default-pool", "tpu-v6e-pool"};
    for (size_t i = 0; i < TG_COUNT(pools); i++) {
        json_array_append_new(
            items, sim_shape("{'name':'gke-%s-%s-grp','targetSize':1,'zone':'" BASE "%s/zones/%s',"
                             "'instanceGroup':'" BASE "%s/zones/%s/instanceGroups/gke-%s-%s-grp'}",
                             region->cluster, pools[i], sim_gcp_project(world), region->zone,
                             sim_gcp_project(world), region->zone, region->cluster, pools[i]));
    }
}

static const struct collection collections[] = {
    {"networks", "network", SCOPE_GLOBAL, build_networks},
    {"firewalls", "firewall", SCOPE_GLOBAL, build_firewalls},
    {"forwardingRules", "forwardingRule", SCOPE_GLOBAL, sim_gcp_forwarding_rules},
    {"targetHttpProxies", "targetHttpProxy", SCOPE_GLOBAL, sim_gcp_target_proxies},
    {"urlMaps", "urlMap", SCOPE_GLOBAL, sim_gcp_url_maps},
    {"backendServices", "backendService", SCOPE_GLOBAL, sim_gcp_backend_services},
    {"healthChecks", "healthCheck", SCOPE_GLOBAL, sim_gcp_health_checks},
    {"subnetworks", "subnetwork", SCOPE_REGION, build_subnetworks},
    {"addresses", "address", SCOPE_REGION, build_addresses},
    {"networkEndpointGroups", "networkEndpointGroup", SCOPE_ZONE, sim_gcp_endpoint_groups},
    {"instanceGroupManagers", "instanceGroupManager", SCOPE_ZONE, build_group_managers},
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

/* The scope's items with what every compute object carries. Nothing exists in a world that is not
 * built. */
static json_t *items_of(struct sim_world *world, const struct collection *collection,
                        struct sim_region *region)
{
    json_t *items = json_array();
    if (!sim_world_config(world)->is_built) {
        return items;
    }
    collection->build(world, region, items);
    char scope[SIM_NAME_SIZE * 2];
    scope_path(collection, region, scope, sizeof scope);
    size_t i;
    json_t *item;
    json_array_foreach(items, i, item)
    {
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
    if (tg_str_eq(call->method, "POST")) {
        if (tg_str_eq(verb, "getHealth")) {
            return sim_gcp_group_health(call, name);
        }
        return tg_str_eq(verb, "listNetworkEndpoints") ? sim_gcp_group_endpoints(call, region, name)
                                                       : NULL;
    }
    if (!tg_str_eq(call->method, "GET") || verb[0] != '\0') {
        return NULL;
    }
    if (name[0] != '\0') {
        return one(call, collection, region, scope, name);
    }
    return page(call, collection, scope, items_of(call->world, collection, region));
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
    const struct collection *collection = find_collection(sim_gcp_segment(call, 4));
    bool is_right = collection != NULL &&
                    collection->scope == (tg_str_eq(place, "zones") ? SCOPE_ZONE : SCOPE_REGION);
    return is_right ? scoped(call, region, scope, 4) : NULL;
}
