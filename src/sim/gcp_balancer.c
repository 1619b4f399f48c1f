/* sim/gcp_balancer.c - the load balancer's objects that the gateway's controller made, and its view
 * of health. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim/behaviour.h"
#include "sim/gateway.h"
#include "sim/gcp_balancer.h"
#include "sim/gcp_compute.h"
#include "sim/gcp_store.h"
#include "sim/json_path.h"
#include "sim/lab_objects.h"
#include "sim/shape.h"

#define BASE "https://www.googleapis.com/compute/v1/projects/"

struct names {
    const char *project;
    char gateway[120];
    char service[120];
};

static struct names names_of(struct sim_world *world)
{
    struct names names = {.project = sim_gcp_project(world)};
    sim_lab_balancer_name(world, "cross-region-gateway", names.gateway, sizeof names.gateway);
    sim_lab_balancer_name(world, "gemma-pool-8000", names.service, sizeof names.service);
    return names;
}

const char *sim_gcp_group_name(const struct sim_region *region, char *out, size_t size)
{
    uint64_t hash = tg_hash_str(region->cluster);
    snprintf(out, size, "k8s1-%08" PRIx32 "-default-gemma-pool-8000-%08" PRIx32, (uint32_t)hash,
             (uint32_t)(hash >> 32));
    return out;
}

/* Stores an object of a collection at a place, unless it is there already. */
static void make(struct sim_world *world, const char *place, const char *collection,
                 const char *kind, json_t *object)
{
    char id[24];
    char now[SIM_TIME_SIZE];
    char fingerprint[24];
    const char *name = sim_json_text(object, "name");
    char *path = tg_asprintf("compute/%s/%s/%s", place, collection, name);
    if (sim_gcp_find(world, "%s", path) != NULL) {
        json_decref(object);
        free(path);
        return;
    }
    json_object_set_new(object, "kind", json_sprintf("compute#%s", kind));
    json_object_set_new(object, "id", json_string(sim_gcp_id(path, name, id)));
    json_object_set_new(object, "creationTimestamp", json_string(sim_gcp_compute_now(world, now)));
    json_object_set_new(
        object, "selfLink",
        json_sprintf(BASE "%s/%s/%s/%s", sim_gcp_project(world), place, collection, name));
    json_object_set_new(object, "fingerprint",
                        json_string(sim_gcp_fingerprint(world, fingerprint)));
    json_object_set_new(object, "_balancer", json_true());
    sim_gcp_put(world, path, object);
    free(path);
}

static void make_forwarding_rules(struct sim_world *world, const struct names *names)
{
    for (int i = 0; i < sim_world_region_count(world); i++) {
        const struct sim_region *region = sim_world_region(world, i);
        json_t *rule = sim_shape(
            "{'name':'%s-%s','IPAddress':'%s','IPProtocol':'TCP','portRange':'80-80',"
            "'target':'" BASE "%s/global/targetHttpProxies/%s','network':'" BASE
            "%s/global/networks/" SIM_NETWORK "','subnetwork':'" BASE
            "%s/regions/%s/subnetworks/" SIM_SUBNET "','loadBalancingScheme':'INTERNAL_MANAGED',"
            "'networkTier':'PREMIUM','labelFingerprint':'42WmSpB8rSM='}",
            names->gateway, region->name, region->vip, names->project, names->gateway,
            names->project, names->project, region->name);
        json_object_set_new(
            rule, "description",
            json_sprintf("{\"k8sResource\":\"/namespaces/default/gateways/cross-region-gateway\","
                         "\"k8sCluster\":\"/projects/%s/locations/%s/clusters/%s\"}",
                         names->project, sim_world_region(world, 0)->zone,
                         sim_world_region(world, 0)->cluster));
        make(world, "global", "forwardingRules", "forwardingRule", rule);
    }
}

static void make_firewalls(struct sim_world *world)
{
    const char *project = sim_gcp_project(world);
    const struct sim_region *config = sim_world_region(world, 0);
    make(world, "global", "firewalls", "firewall",
         sim_shape("{'name':'gkemcg1-l7-" SIM_NETWORK "-global','network':'" BASE
                   "%s/global/networks/" SIM_NETWORK "','direction':'INGRESS','priority':1000,"
                   "'disabled':false,'logConfig':{'enable':false},'allowed':[{'IPProtocol':'tcp',"
                   "'ports':['0-65535']}],'sourceRanges':['130.211.0.0/22','35.191.0.0/16']}",
                   project));
    if (sim_world_params(world)->has_l7_rule != 0) {
        make(world, "global", "firewalls", "firewall",
             sim_shape("{'name':'k8s-fw-l7--%016" PRIx64 "','network':'" BASE
                       "%s/global/networks/" SIM_NETWORK "','direction':'INGRESS','priority':1000,"
                       "'disabled':false,'logConfig':{'enable':false},'description':'GCE L7 "
                       "firewall rule','allowed':[{'IPProtocol':'tcp','ports':['8000']}],"
                       "'sourceRanges':['130.211.0.0/22','35.191.0.0/16']}",
                       tg_hash_str(config->cluster), project));
    }
}

static void make_proxy_and_map(struct sim_world *world, const struct names *names)
{
    make(world, "global", "targetHttpProxies", "targetHttpProxy",
         sim_shape("{'name':'%s','urlMap':'" BASE "%s/global/urlMaps/%s'}", names->gateway,
                   names->project, names->gateway));
    make(world, "global", "urlMaps", "urlMap",
         sim_shape("{'name':'%s','defaultService':'" BASE "%s/global/backendServices/%s',"
                   "'hostRules':[{'hosts':['*'],'pathMatcher':'all'}],'pathMatchers':[{'name':"
                   "'all','defaultService':'" BASE "%s/global/backendServices/%s','routeRules':[{"
                   "'priority':1,'matchRules':[{'prefixMatch':'/'}],'routeAction':{"
                   "'weightedBackendServices':[{'backendService':'" BASE
                   "%s/global/backendServices/%s','weight':1}]}}]}]}",
                   names->gateway, names->project, names->service, names->project, names->service,
                   names->project, names->service));
}

static void make_backend_service(struct sim_world *world, const struct names *names)
{
    const struct sim_params *params = sim_world_params(world);
    json_t *service = sim_shape(
        "{'name':'%s','protocol':'HTTP','port':80,'portName':'http','timeoutSec':%d,"
        "'loadBalancingScheme':'INTERNAL_MANAGED','localityLbPolicy':'WEIGHTED_ROUND_ROBIN',"
        "'sessionAffinity':'NONE','connectionDraining':{'drainingTimeoutSec':0},"
        "'healthChecks':['" BASE "%s/global/healthChecks/%s'],'backends':[]}",
        names->service, (int)(params->backend_timeout_us / TG_US_PER_S), names->project,
        names->service);
    json_t *backends = json_object_get(service, "backends");
    int utilization = (int)(params->target_utilization_ppm / 10000);
    for (int i = 0; i < sim_world_region_count(world); i++) {
        const struct sim_region *region = sim_world_region(world, i);
        char group[SIM_NAME_SIZE * 2];
        json_array_append_new(
            backends,
            sim_shape(
                "{'group':'" BASE "%s/zones/%s/networkEndpointGroups/%s','balancingMode':"
                "'CUSTOM_METRICS','capacityScaler':1.0,'preference':'DEFAULT','trafficDuration':"
                "'LONG','customMetrics':[{'name':'gke.named_metrics.tpu-cache','dryRun':false,"
                "'maxUtilization':%d.%02d}]}",
                names->project, region->zone, sim_gcp_group_name(region, group, sizeof group),
                utilization / 100, utilization % 100));
    }
    make(world, "global", "backendServices", "backendService", service);
}

static void make_health_check(struct sim_world *world, const struct names *names)
{
    const struct sim_params *params = sim_world_params(world);
    make(world, "global", "healthChecks", "healthCheck",
         sim_shape("{'name':'%s','type':'HTTP','checkIntervalSec':%d,'timeoutSec':%d,"
                   "'healthyThreshold':%d,'unhealthyThreshold':%d,'httpHealthCheck':{'requestPath':"
                   "'/health','port':8000,'portSpecification':'USE_FIXED_PORT','proxyHeader':"
                   "'NONE'}}",
                   names->service, (int)(params->health_interval_us / TG_US_PER_S),
                   (int)(params->health_timeout_us / TG_US_PER_S),
                   (int)params->health_healthy_threshold, (int)params->health_unhealthy_threshold));
}

static void make_groups(struct sim_world *world, const struct names *names)
{
    for (int i = 0; i < sim_world_region_count(world); i++) {
        const struct sim_region *region = sim_world_region(world, i);
        char name[SIM_NAME_SIZE * 2];
        char place[SIM_NAME_SIZE * 2];
        snprintf(place, sizeof place, "zones/%s", region->zone);
        make(world, place, "networkEndpointGroups", "networkEndpointGroup",
             sim_shape("{'name':'%s','networkEndpointType':'GCE_VM_IP_PORT','size':0,'defaultPort':"
                       "8000,'zone':'" BASE "%s/zones/%s','network':'" BASE
                       "%s/global/networks/" SIM_NETWORK "','subnetwork':'" BASE
                       "%s/regions/%s/subnetworks/" SIM_SUBNET "'}",
                       sim_gcp_group_name(region, name, sizeof name), names->project, region->zone,
                       names->project, names->project, region->name));
    }
}

void sim_gcp_balancer_make(struct sim_world *world)
{
    struct names names = names_of(world);
    make_groups(world, &names);
    make_health_check(world, &names);
    make_backend_service(world, &names);
    make_proxy_and_map(world, &names);
    make_forwarding_rules(world, &names);
    make_firewalls(world);
}

static bool collect(void *context, const char *path, json_t *document)
{
    bool is_left = tg_str_has_prefix(sim_json_text(document, "name"), "k8s-fw-l7");
    if (json_object_get(document, "_balancer") != NULL && !is_left) {
        json_array_append_new(context, json_string(path));
    }
    return true;
}

void sim_gcp_balancer_remove(struct sim_world *world)
{
    json_t *paths = json_array();
    size_t i;
    json_t *path;
    sim_gcp_each(world, "compute/", collect, paths);
    json_array_foreach(paths, i, path)
    {
        sim_gcp_drop(world, json_string_value(path));
    }
    json_decref(paths);
}

void sim_gcp_show_group(struct sim_world *world, const struct sim_region *region, json_t *group)
{
    int size = 0;
    struct sim_endpoint_view view;
    for (int i = 0; sim_gateway_endpoint(world, region->index, i, &view); i++) {
        size += view.is_in_neg ? 1 : 0;
    }
    json_object_set_new(group, "size", json_integer(size));
}

/* Region whose group the URL or path names, NULL when none. */
static struct sim_region *region_of_group(struct sim_world *world, const char *url)
{
    for (int i = 0; i < sim_world_region_count(world); i++) {
        struct sim_region *region = sim_world_region(world, i);
        char name[SIM_NAME_SIZE * 2];
        char tail[SIM_NAME_SIZE * 4];
        snprintf(tail, sizeof tail, "zones/%s/networkEndpointGroups/%s", region->zone,
                 sim_gcp_group_name(region, name, sizeof name));
        if (tg_str_has_suffix(url, tail)) {
            return region;
        }
    }
    return NULL;
}

json_t *sim_gcp_group_health(struct sim_gcp_call *call, const char *service)
{
    struct sim_world *world = call->world;
    struct names names = names_of(world);
    if (sim_gcp_find(world, "compute/global/backendServices/%s", service) == NULL) {
        return sim_gcp_compute_missing(call, "global", "backendServices", service);
    }
    struct sim_region *region = region_of_group(world, sim_json_text(call->body, "group"));
    if (region == NULL) {
        return sim_gcp_error(call, 400, "INVALID_ARGUMENT",
                             "Invalid value for field 'group': it is not a backend's");
    }
    json_t *states = json_array();
    struct sim_endpoint_view view;
    for (int i = 0; sim_gateway_endpoint(world, region->index, i, &view); i++) {
        if (view.is_in_neg) {
            json_array_append_new(
                states,
                sim_shape("{'ipAddress':'%s','port':8000,'healthState':'%s','instance':'" BASE
                          "%s/zones/%s/instances/%s','weight':'1'}",
                          view.ip, view.is_healthy ? "HEALTHY" : "UNHEALTHY", names.project,
                          region->zone, region->tpu_node));
        }
    }
    json_t *answer = sim_shape("{'kind':'compute#backendServiceGroupHealth'}");
    if (json_array_size(states) > 0) {
        json_object_set(answer, "healthStatus", states);
    }
    json_decref(states);
    return answer;
}

json_t *sim_gcp_group_endpoints(struct sim_gcp_call *call, struct sim_region *region,
                                const char *group)
{
    struct sim_world *world = call->world;
    if (sim_gcp_find(world, "compute/zones/%s/networkEndpointGroups/%s", region->zone, group) ==
        NULL) {
        char scope[SIM_NAME_SIZE * 2];
        snprintf(scope, sizeof scope, "zones/%s", region->zone);
        return sim_gcp_compute_missing(call, scope, "networkEndpointGroups", group);
    }
    bool has_health = tg_str_eq(sim_json_text(call->body, "healthStatus"), "SHOW");
    json_t *items = json_array();
    struct sim_endpoint_view view;
    for (int i = 0; sim_gateway_endpoint(world, region->index, i, &view); i++) {
        if (!view.is_in_neg) {
            continue;
        }
        json_t *item =
            sim_shape("{'networkEndpoint':{'ipAddress':'%s','port':8000,'instance':'%s'}}", view.ip,
                      region->tpu_node);
        if (has_health) {
            json_object_set_new(
                item, "healths",
                sim_shape("[{'healthState':'%s'}]", view.is_healthy ? "HEALTHY" : "UNHEALTHY"));
        }
        json_array_append_new(items, item);
    }
    return json_pack("{s:s,s:o}", "kind", "compute#networkEndpointGroupsListNetworkEndpoints",
                     "items", items);
}
