/* sim/gcp_balancer.c - the load balancer's objects that the gateway's controller made, and its view
 * of health. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "sim/behaviour.h"
#include "sim/gateway.h"
#include "sim/gcp_compute.h"
#include "sim/gcp_state.h"
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

static const char *group_name(const struct sim_region *region, char *out, size_t size)
{
    uint64_t hash = tg_hash_str(region->cluster);
    snprintf(out, size, "k8s1-%08" PRIx32 "-default-gemma-pool-8000-%08" PRIx32, (uint32_t)hash,
             (uint32_t)(hash >> 32));
    return out;
}

void sim_gcp_forwarding_rules(struct sim_world *world, struct sim_region *unused, json_t *items)
{
    (void)unused;
    struct names names = names_of(world);
    for (int i = 0; sim_gateway_is_programmed(world) && i < sim_world_region_count(world); i++) {
        const struct sim_region *region = sim_world_region(world, i);
        json_array_append_new(
            items,
            sim_shape("{'name':'%s-%s','IPAddress':'%s','IPProtocol':'TCP','portRange':'80-80',"
                      "'target':'" BASE "%s/global/targetHttpProxies/%s','network':'" BASE
                      "%s/global/networks/" SIM_NETWORK "','subnetwork':'" BASE
                      "%s/regions/%s/subnetworks/" SIM_SUBNET "',"
                      "'loadBalancingScheme':'INTERNAL_MANAGED','networkTier':'PREMIUM'}",
                      names.gateway, region->name, region->vip, names.project, names.gateway,
                      names.project, names.project, region->name));
    }
}

void sim_gcp_balancer_firewalls(struct sim_world *world, struct sim_region *unused, json_t *items)
{
    (void)unused;
    if (sim_gateway_is_programmed(world)) {
        json_array_append_new(
            items, sim_shape("{'name':'gkemcg1-l7-" SIM_NETWORK "-global','network':'" BASE
                             "%s/global/networks/" SIM_NETWORK "','direction':'INGRESS','priority':"
                             "1000,'disabled':false,'logConfig':{'enable':false},'allowed':[{"
                             "'IPProtocol':'tcp','ports':['0-65535']}],'sourceRanges':["
                             "'130.211.0.0/22','35.191.0.0/16']}",
                             sim_gcp_project(world)));
    }
}

void sim_gcp_target_proxies(struct sim_world *world, struct sim_region *unused, json_t *items)
{
    (void)unused;
    struct names names = names_of(world);
    if (sim_gateway_is_programmed(world)) {
        json_array_append_new(items,
                              sim_shape("{'name':'%s','urlMap':'" BASE "%s/global/urlMaps/%s'}",
                                        names.gateway, names.project, names.gateway));
    }
}

void sim_gcp_url_maps(struct sim_world *world, struct sim_region *unused, json_t *items)
{
    (void)unused;
    struct names names = names_of(world);
    if (sim_gateway_is_programmed(world)) {
        json_array_append_new(
            items,
            sim_shape("{'name':'%s','defaultService':'" BASE
                      "%s/global/backendServices/%s','hostRules':[{'hosts':['*'],"
                      "'pathMatcher':'all'}],'pathMatchers':[{'name':'all','defaultService':'" BASE
                      "%s/global/backendServices/"
                      "%s','routeRules':[{'priority':1,'matchRules':[{'prefixMatch':'/'}],"
                      "'routeAction':{'weightedBackendServices':[{'backendService':'" BASE
                      "%s/global/backendServices/%s',"
                      "'weight':1}]}}]}]}",
                      names.gateway, names.project, names.service, names.project, names.service,
                      names.project, names.service));
    }
}

void sim_gcp_backend_services(struct sim_world *world, struct sim_region *unused, json_t *items)
{
    (void)unused;
    if (!sim_gateway_is_programmed(world)) {
        return;
    }
    struct names names = names_of(world);
    const struct sim_params *params = sim_world_params(world);
    json_t *service = sim_shape(
        "{'name':'%s','protocol':'HTTP','portName':'','timeoutSec':%d,'loadBalancingScheme':'"
        "INTERNAL_MANAGED',"
        "'localityLbPolicy':'WEIGHTED_ROUND_ROBIN','connectionDraining':{'drainingTimeoutSec':0},"
        "'healthChecks':['" BASE "%s/global/healthChecks/%s'],'backends':[]}",
        names.service, (int)(params->backend_timeout_us / TG_US_PER_S), names.project,
        names.service);
    json_t *backends = json_object_get(service, "backends");
    int utilization = (int)(params->target_utilization_ppm / 10000);
    for (int i = 0; i < sim_world_region_count(world); i++) {
        const struct sim_region *region = sim_world_region(world, i);
        char group[SIM_NAME_SIZE * 2];
        json_array_append_new(
            backends,
            sim_shape(
                "{'group':'" BASE
                "%s/zones/%s/networkEndpointGroups/%s','balancingMode':'CUSTOM_METRICS',"
                "'capacityScaler':1.0,'preference':'DEFAULT','trafficDuration':'LONG','"
                "customMetrics':[{"
                "'name':'gke.named_metrics.tpu-cache','dryRun':false,'maxUtilization':%d.%02d}]}",
                names.project, region->zone, group_name(region, group, sizeof group),
                utilization / 100, utilization % 100));
    }
    json_array_append_new(items, service);
}

void sim_gcp_health_checks(struct sim_world *world, struct sim_region *unused, json_t *items)
{
    (void)unused;
    if (!sim_gateway_is_programmed(world)) {
        return;
    }
    struct names names = names_of(world);
    const struct sim_params *params = sim_world_params(world);
    json_array_append_new(
        items,
        sim_shape("{'name':'%s','type':'HTTP','checkIntervalSec':%d,'timeoutSec':%d,'"
                  "healthyThreshold':%d,"
                  "'unhealthyThreshold':%d,'httpHealthCheck':{'requestPath':'/health','port':8000,"
                  "'portSpecification':'USE_FIXED_PORT','proxyHeader':'NONE'}}",
                  names.service, (int)(params->health_interval_us / TG_US_PER_S),
                  (int)(params->health_timeout_us / TG_US_PER_S),
                  (int)params->health_healthy_threshold, (int)params->health_unhealthy_threshold));
}

void sim_gcp_endpoint_groups(struct sim_world *world, struct sim_region *region, json_t *items)
{
    char name[SIM_NAME_SIZE * 2];
    int size = 0;
    struct sim_endpoint_view view;
    for (int i = 0; sim_gateway_endpoint(world, region->index, i, &view); i++) {
        size += view.is_in_neg ? 1 : 0;
    }
    json_array_append_new(
        items,
        sim_shape(
            "{'name':'%s','networkEndpointType':'GCE_VM_IP_PORT','size':%d,'defaultPort':8000,"
            "'zone':'" BASE "%s/zones/%s','network':'" BASE "%s/global/networks/" SIM_NETWORK "',"
            "'subnetwork':'" BASE "%s/regions/%s/subnetworks/" SIM_SUBNET "'}",
            group_name(region, name, sizeof name), size, sim_gcp_project(world), region->zone,
            sim_gcp_project(world), sim_gcp_project(world), region->name));
}

/* Region whose group the URL or path names, NULL when none. */
static struct sim_region *region_of_group(struct sim_world *world, const char *url)
{
    for (int i = 0; i < sim_world_region_count(world); i++) {
        struct sim_region *region = sim_world_region(world, i);
        char name[SIM_NAME_SIZE * 2];
        char tail[SIM_NAME_SIZE * 4];
        snprintf(tail, sizeof tail, "zones/%s/networkEndpointGroups/%s", region->zone,
                 group_name(region, name, sizeof name));
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
    if (!sim_gateway_is_programmed(world) || !tg_str_eq(service, names.service)) {
        return sim_gcp_error(call, 404, "NOT_FOUND",
                             "The resource 'projects/%s/global/backendServices/%s' was not found",
                             names.project, service);
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
    char name[SIM_NAME_SIZE * 2];
    if (!sim_world_config(world)->is_built ||
        !tg_str_eq(group, group_name(region, name, sizeof name))) {
        return sim_gcp_error(
            call, 404, "NOT_FOUND",
            "The resource 'projects/%s/zones/%s/networkEndpointGroups/%s' was not found",
            sim_gcp_project(world), region->zone, group);
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
