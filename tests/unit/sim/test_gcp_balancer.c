/* tests/unit/sim/test_gcp_balancer.c - the load balancer's objects: they come with the Gateway, go
 * with its controller, and are left behind without it. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "sim/cloud.h"
#include "sim/cluster.h"
#include "sim/gcp_monitoring.h"
#include "tests/unit/sim/gcp_rig.h"

#define GLOBAL   RIG_COMPUTE "/global"
#define FEATURES "/gkehub/v1/projects/demo-4711/locations/global/features"

static size_t rules_like(struct sim_world *world, const char *part)
{
    char target[200];
    snprintf(target, sizeof target, GLOBAL "/firewalls?filter=name%%20eq%%20%%22.*(%s).*%%22",
             part);
    return rig_count(world, target, "items");
}

static void delete_gateway(struct sim_world *world)
{
    struct tg_err err = TG_ERR_INIT;
    const struct sim_resource *kind = sim_world_kinds(world)->gateway;
    sim_store_delete(rig_store(world, 0), kind, "default", "cross-region-gateway", 0, &err);
}

Test(gcp_balancer, an_empty_project_has_no_endpoint_groups)
{
    struct sim_world *world = rig_project();
    cr_expect_eq(rig_count(world, RIG_COMPUTE "/zones/us-east5-b/networkEndpointGroups", "items"),
                 0);
    cr_expect_eq(rules_like(world, "k8s-fw-l7"), 0);
    sim_world_free(world);
}

Test(gcp_balancer, what_is_used_names_its_user)
{
    struct sim_world *world = rig_world(1, 2, true);
    static const char *const kinds[] = {"backendServices", "healthChecks", "urlMaps",
                                        "targetHttpProxies"};
    for (size_t i = 0; i < TG_COUNT(kinds); i++) {
        char target[300];
        snprintf(target, sizeof target, GLOBAL "/%s", kinds[i]);
        json_t *list = rig_ask(world, "GET", target, NULL, 200);
        const json_t *first = json_array_get(json_object_get(list, "items"), 0);
        snprintf(target, sizeof target, GLOBAL "/%s/%s", kinds[i], sim_json_text(first, "name"));
        json_t *refused = rig_ask(world, "DELETE", target, NULL, 400);
        cr_expect_str_eq(rig_reason(refused), "resourceInUseByAnotherResource");
        cr_expect_not_null(
            strstr(sim_json_text(refused, "error.message"), "is already being used by"));
        json_decref(refused);
        json_decref(list);
    }
    json_t *refused =
        rig_ask(world, "DELETE",
                RIG_COMPUTE "/regions/us-east5/addresses/gemma-gateway-ip-us-east5", NULL, 400);
    cr_expect_not_null(strstr(sim_json_text(refused, "error.message"), "forwardingRules/gkemcg1"));
    json_decref(refused);
    rig_do(world, "POST", RIG_COMPUTE "/regions/us-east5/addresses",
           json_pack("{s:s,s:s}", "name", "other", "subnetwork",
                     "projects/demo-4711/regions/us-east5/subnetworks/tpu-gke-dranet-node-subnet"),
           200);
    rig_run(world, 120);
    rig_do(world, "DELETE", RIG_COMPUTE "/regions/us-east5/addresses/other", NULL, 200);
    sim_world_free(world);
}

Test(gcp_balancer, its_controller_takes_it_apart_but_for_one_rule)
{
    struct sim_world *world = rig_world(1, 2, true);
    delete_gateway(world);
    rig_run(world, 10);
    cr_expect_eq(rig_count(world, GLOBAL "/forwardingRules", "items"), 2, "not at once");
    rig_run(world, 600);
    cr_expect_eq(rig_count(world, GLOBAL "/forwardingRules", "items"), 0);
    cr_expect_eq(rig_count(world, GLOBAL "/backendServices", "items"), 0);
    cr_expect_eq(rig_count(world, RIG_COMPUTE "/zones/us-east5-b/networkEndpointGroups", "items"),
                 0);
    cr_expect_eq(rules_like(world, "gkemcg1"), 0);
    cr_expect_eq(rules_like(world, "k8s-fw-l7"), 1, "nobody takes that one away");
    char *status = rig_text(
        world, RIG_COMPUTE "/regions/us-east5/addresses/gemma-gateway-ip-us-east5", "status");
    cr_expect_str_eq(status, "RESERVED");
    free(status);
    sim_world_free(world);
}

Test(gcp_balancer, without_its_cluster_it_stays_and_holds_the_network)
{
    struct sim_world *world = rig_world(1, 2, true);
    rig_do(world, "DELETE", RIG_CLUSTERS "/gke-us-east5", NULL, 200);
    rig_run(world, 1800);
    cr_expect_not(sim_cluster_is_serving(sim_world_region(world, 0)));
    cr_expect_eq(rig_count(world, GLOBAL "/forwardingRules", "items"), 2);
    cr_expect_eq(rules_like(world, "gkemcg1"), 1);
    json_t *operation = rig_ask(world, "DELETE", GLOBAL "/networks/tpu-gke-dranet-vpc", NULL, 200);
    char target[300];
    snprintf(target, sizeof target, GLOBAL "/operations/%s", sim_json_text(operation, "name"));
    json_decref(operation);
    rig_run(world, 300);
    operation = rig_ask(world, "GET", target, NULL, 200);
    cr_expect_str_eq(
        sim_json_text(json_array_get(sim_json_at(operation, "error.errors"), 0), "code"),
        "RESOURCE_IN_USE_BY_ANOTHER_RESOURCE");
    json_decref(operation);
    sim_world_free(world);
}

Test(gcp_balancer, a_deleted_rule_comes_back_while_its_feature_lives)
{
    struct sim_world *world = rig_world(1, 2, true);
    json_t *rules =
        rig_ask(world, "GET", GLOBAL "/firewalls?filter=name%20eq%20%22.*(mcsd)%22", NULL, 200);
    char target[300];
    snprintf(target, sizeof target, GLOBAL "/firewalls/%s",
             sim_json_text(json_array_get(json_object_get(rules, "items"), 0), "name"));
    json_decref(rules);
    rig_do(world, "DELETE", target, NULL, 200);
    rig_run(world, 300);
    cr_expect_eq(rules_like(world, "mcsd"), 2, "made anew");
    rig_do(world, "DELETE", FEATURES "/multiclusterservicediscovery", NULL, 200);
    rig_run(world, 600);
    cr_expect_eq(rules_like(world, "mcsd"), 2, "the feature leaves its rules");
    rig_do(world, "DELETE", target, NULL, 200);
    rig_run(world, 300);
    cr_expect_eq(rules_like(world, "mcsd"), 1, "and nobody makes them anew");
    sim_world_free(world);
}

/* ---- its metrics ---- */

static json_t *request_counts(struct sim_world *world, const char *more)
{
    char target[1000];
    char end[40];
    sim_shape_time_at(sim_world_wall_us(world), end);
    snprintf(target, sizeof target,
             "/monitoring/v3/projects/demo-4711/timeSeries?filter=metric.type%%3D%%22loadbalancing."
             "googleapis.com%%2Fhttps%%2Finternal%%2Frequest_count%%22%%20AND%%20resource.type%%3D"
             "%%22internal_http_lb_rule%%22&interval.startTime=2000-01-01T00:00:00Z&"
             "interval.endTime=%s%s",
             end, more);
    return rig_ask(world, "GET", target, NULL, 200);
}

Test(gcp_balancer, metrics_tell_which_region_served_some_time_later)
{
    struct sim_world *world = rig_world(1, 2, true);
    for (int i = 0; i < 3; i++) {
        sim_gcp_monitoring_request(world, 0, 0, 200, 500000);
    }
    sim_gcp_monitoring_request(world, 0, 1, 200, 700000);
    sim_gcp_monitoring_request(world, 0, -1, 503, 1000);
    json_t *answer = request_counts(world, "");
    cr_expect_eq(json_object_size(answer), 0, "not sampled yet");
    json_decref(answer);
    rig_run(world, 151);
    static const char grouped[] = "&aggregation.alignmentPeriod=3600s&aggregation.perSeriesAligner="
                                  "ALIGN_DELTA&aggregation.crossSeriesReducer=REDUCE_SUM&"
                                  "aggregation.groupByFields=resource.label.backend_scope";
    answer = request_counts(world, grouped);
    cr_expect_eq(sim_json_count(answer, "timeSeries"), 3);
    size_t i;
    json_t *series;
    json_array_foreach(json_object_get(answer, "timeSeries"), i, series)
    {
        const char *scope = sim_json_text(series, "resource.labels.backend_scope");
        const json_t *point = json_array_get(json_object_get(series, "points"), 0);
        cr_expect_str_eq(sim_json_text(point, "value.int64Value"),
                         tg_str_eq(scope, "us-east5-b") ? "3" : "1", "%s", scope);
    }
    json_decref(answer);
    sim_world_free(world);
}

Test(gcp_balancer, requests_through_the_gateway_are_counted)
{
    struct sim_world *world = rig_world(1, 2, true);
    rig_create_pod(world, 0, rig_probe("probe", "http://10.0.2.7/v1/chat/completions", "6"));
    rig_run(world, 300);
    json_t *answer = request_counts(
        world, "&aggregation.alignmentPeriod=3600s&aggregation.crossSeriesReducer=REDUCE_SUM&"
               "aggregation.groupByFields=resource.labels.backend_scope&aggregation.groupByFields="
               "resource.labels.region");
    const json_t *series = json_array_get(json_object_get(answer, "timeSeries"), 0);
    cr_expect_eq(sim_json_count(answer, "timeSeries"), 1);
    cr_expect_str_eq(sim_json_text(series, "resource.labels.backend_scope"), "us-east5-b");
    cr_expect_str_eq(sim_json_text(series, "resource.labels.region"), "us-east5");
    cr_expect_str_eq(
        sim_json_text(json_array_get(json_object_get(series, "points"), 0), "value.int64Value"),
        "6");
    json_decref(answer);
    sim_world_free(world);
}
