/* tests/unit/sim/test_autoscale.c - HorizontalPodAutoscalers: metrics, bounds, pace, both versions.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "sim/behaviour.h"
#include "sim/quantity.h"
#include "tests/unit/sim/sim_client.h"
#include "tests/unit/sim/world_rig.h"

#define AUTOSCALERS "/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers"
#define OLD         "/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers"
#define TARGET \
    "\"scaleTargetRef\":{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"name\":\"%s\"}"
#define CPU(percent)                                                                           \
    "\"metrics\":[{\"type\":\"Resource\",\"resource\":{\"name\":\"cpu\",\"target\":{\"type\":" \
    "\"Utilization\",\"averageUtilization\":" percent "}}}]"

static void post(struct sim_world *world, const char *target, const char *body, int status)
{
    int got = 0;
    json_t *answer =
        ask_json(world, (struct ask){.method = "POST", .target = target, .body = body}, &got);
    cr_assert_eq(got, status, "%d: %s", got, sim_json_text(answer, "message"));
    json_decref(answer);
}

/* A Deployment "web" of two Pods that request a tenth of a processor, and an autoscaler. */
static struct sim_world *scaled_world(const char *rest)
{
    struct sim_world *world = rig_world(9, 1, true);
    post(world, DEPLOYMENTS,
         "{\"metadata\":{\"name\":\"web\"},\"spec\":{\"replicas\":2,\"selector\":{\"matchLabels\":{"
         "\"app\":\"web\"}},\"template\":{\"metadata\":{\"labels\":{\"app\":\"web\"}},\"spec\":{"
         "\"containers\":[{\"name\":\"c\",\"image\":\"i:1\",\"resources\":{\"requests\":{\"cpu\":"
         "\"100m\"}}}]}}}}",
         201);
    rig_run(world, 60);
    char body[1024];
    snprintf(body, sizeof body, "{\"metadata\":{\"name\":\"web\"},\"spec\":{" TARGET ",%s}}", "web",
             rest);
    post(world, AUTOSCALERS, body, 201);
    return world;
}

static void set_load(struct sim_world *world, int64_t cpu_m)
{
    sim_world_params(world)->usage_plain_cpu_m = cpu_m;
}

static int64_t replicas(struct sim_world *world, const char *name)
{
    return sim_json_int(rig_get(world, 0, "deployments", name), "spec.replicas", -1);
}

static const char *reason(struct sim_world *world, const char *name, const char *type)
{
    return sim_json_text(
        sim_json_condition(rig_get(world, 0, "horizontalpodautoscalers", name), type), "reason");
}

Test(autoscale, follows_the_processors_use_up_to_its_maximum)
{
    struct sim_world *world = scaled_world("\"maxReplicas\":5," CPU("50"));
    set_load(world, 100);
    rig_run(world, 120);
    cr_assert_eq(replicas(world, "web"), 5, "100%% of the request where 50%% are meant: 4, 8, ...");
    const json_t *scaler = rig_get(world, 0, "horizontalpodautoscalers", "web");
    cr_assert_str_eq(reason(world, "web", "ScalingActive"), "ValidMetricFound");
    cr_assert_str_eq(reason(world, "web", "ScalingLimited"), "TooManyReplicas");
    cr_assert_eq(sim_json_int(scaler, "status.desiredReplicas", -1), 5);
    const json_t *metric = json_array_get(sim_json_at(scaler, "status.currentMetrics"), 0);
    int64_t use = sim_json_int(metric, "resource.current.averageUtilization", -1);
    cr_assert(use >= 90 && use <= 110, "%d%%", (int)use);
    sim_world_free(world);
}

Test(autoscale, comes_down_only_after_five_quiet_minutes)
{
    struct sim_world *world = scaled_world("\"maxReplicas\":4," CPU("50"));
    set_load(world, 100);
    rig_run(world, 120);
    cr_assert_eq(replicas(world, "web"), 4);
    set_load(world, 1);
    rig_run(world, 240);
    cr_assert_eq(replicas(world, "web"), 4);
    cr_assert_str_eq(reason(world, "web", "AbleToScale"), "ScaleDownStabilized");
    rig_run(world, 120);
    cr_assert_eq(replicas(world, "web"), 1);
    sim_world_free(world);
}

Test(autoscale, its_own_behaviour_sets_the_pace)
{
    struct sim_world *world = scaled_world(
        "\"maxReplicas\":9," CPU("50") ",\"behavior\":{\"scaleUp\":{\"policies\":[{"
                                       "\"type\":\"Pods\",\"value\":1,\"periodSeconds\":60}]}}");
    set_load(world, 400);
    rig_run(world, 30);
    cr_assert_eq(replicas(world, "web"), 3);
    cr_assert_str_eq(reason(world, "web", "ScalingLimited"), "ScaleUpLimit");
    rig_run(world, 60);
    cr_assert_eq(replicas(world, "web"), 4);
    sim_world_free(world);
}

Test(autoscale, leaves_a_target_that_is_scaled_to_zero)
{
    struct sim_world *world = scaled_world("\"minReplicas\":2,\"maxReplicas\":4," CPU("50"));
    rig_scale(world, 0, "web", 0);
    rig_run(world, 60);
    cr_assert_eq(replicas(world, "web"), 0);
    cr_assert_str_eq(reason(world, "web", "ScalingActive"), "ScalingDisabled");
    sim_world_free(world);
}

Test(autoscale, brings_a_target_into_its_bounds)
{
    struct sim_world *world = scaled_world("\"minReplicas\":3,\"maxReplicas\":4," CPU("90"));
    rig_run(world, 30);
    cr_assert_eq(replicas(world, "web"), 3);
    rig_scale(world, 0, "web", 6);
    rig_run(world, 30);
    cr_assert_leq(replicas(world, "web"), 4);
    cr_assert_geq(replicas(world, "web"), 3);
    sim_world_free(world);
}

static struct sim_world *gemma_world(const char *metric)
{
    struct sim_world *world = rig_world(9, 1, true);
    char body[1024];
    snprintf(body, sizeof body,
             "{\"metadata\":{\"name\":\"gemma\"},\"spec\":{" TARGET
             ",\"maxReplicas\":3,\"metrics\":[{\"type\":\"Pods\",\"pods\":{\"metric\":{\"name\":"
             "\"%s\"},\"target\":{\"type\":\"AverageValue\",\"averageValue\":\"0.001\"}}}]}}",
             "vllm-gemma", metric);
    post(world, AUTOSCALERS, body, 201);
    return world;
}

Test(autoscale, follows_what_an_autoscalingmetric_exports)
{
    struct sim_world *world = gemma_world("autoscaling.gke.io|tpu-cache|tpu-cache");
    rig_run(world, 60);
    cr_assert_eq(replicas(world, "vllm-gemma"), 1, "nobody asks anything");
    sim_world_params(world)->load_mrps = 4000;
    sim_load_start(world);
    rig_run(world, 60);
    cr_assert_gt(replicas(world, "vllm-gemma"), 1);
    cr_assert_str_eq(reason(world, "gemma", "ScalingActive"), "ValidMetricFound");
    const json_t *event = NULL;
    int count = 0;
    event = rig_first(world, 0, "events", "gemma.", &count);
    cr_assert_str_eq(sim_json_text(event, "reason"), "SuccessfulRescale");
    cr_assert_not_null(strstr(sim_json_text(event, "message"),
                              "pods metric autoscaling.gke.io|tpu-cache|tpu-cache above target"));
    sim_world_free(world);
}

Test(autoscale, says_what_it_cannot_read)
{
    struct sim_world *world = gemma_world("requests_per_second");
    rig_run(world, 30);
    cr_assert_str_eq(reason(world, "gemma", "ScalingActive"), "FailedGetPodsMetric");
    cr_assert_eq(replicas(world, "vllm-gemma"), 1);
    sim_world_free(world);
    world = rig_world(9, 1, true);
    post(world, AUTOSCALERS,
         "{\"metadata\":{\"name\":\"epp\"},\"spec\":{\"scaleTargetRef\":{\"apiVersion\":"
         "\"apps/v1\",\"kind\":\"Deployment\",\"name\":\"gemma-pool-epp\"},\"maxReplicas\":2}}",
         201);
    rig_run(world, 30);
    const json_t *scaler = rig_get(world, 0, "horizontalpodautoscalers", "epp");
    const json_t *active = sim_json_condition(scaler, "ScalingActive");
    cr_assert_str_eq(sim_json_text(active, "reason"), "FailedGetResourceMetric");
    cr_assert_not_null(strstr(sim_json_text(active, "message"),
                              "missing request for cpu in container epp of Pod gemma-pool-epp-"));
    sim_world_free(world);
}

Test(autoscale, a_request_of_nothing_is_no_measure)
{
    struct sim_world *world = scaled_world("\"maxReplicas\":5," CPU("50"));
    json_t *next = json_deep_copy(rig_get(world, 0, "deployments", "web"));
    json_t *container = json_array_get(sim_json_at(next, "spec.template.spec.containers"), 0);
    json_object_set_new(sim_json_at(container, "resources.requests"), "cpu", json_string("0"));
    sim_store_update(rig_store(world, 0), sim_resource_by_plural("deployments"), next, NULL);
    rig_run(world, 180);
    const json_t *active =
        sim_json_condition(rig_get(world, 0, "horizontalpodautoscalers", "web"), "ScalingActive");
    cr_assert_not_null(
        strstr(sim_json_text(active, "message"), "no metrics returned matched known pods"));
    cr_assert_eq(replicas(world, "web"), 2);
    sim_world_free(world);
}

Test(autoscale, without_a_target_it_cannot_scale)
{
    struct sim_world *world = rig_world(9, 1, true);
    post(world, AUTOSCALERS,
         "{\"metadata\":{\"name\":\"n\"},\"spec\":{\"scaleTargetRef\":{\"apiVersion\":\"apps/v1\","
         "\"kind\":\"Deployment\",\"name\":\"nothing\"},\"maxReplicas\":2}}",
         201);
    rig_run(world, 30);
    cr_assert_str_eq(reason(world, "n", "AbleToScale"), "FailedGetScale");
    sim_world_free(world);
}

Test(autoscale, version_1_shows_and_writes_the_same_objects)
{
    struct sim_world *world = empty_world();
    post(world, OLD,
         "{\"apiVersion\":\"autoscaling/v1\",\"kind\":\"HorizontalPodAutoscaler\",\"metadata\":{"
         "\"name\":\"web\"},\"spec\":{\"scaleTargetRef\":{\"apiVersion\":\"apps/v1\",\"kind\":"
         "\"Deployment\",\"name\":\"web\"},\"maxReplicas\":3,"
         "\"targetCPUUtilizationPercentage\":70}}",
         201);
    json_t *second = ask_json(world, (struct ask){.target = AUTOSCALERS "/web"}, NULL);
    const json_t *metric = json_array_get(sim_json_at(second, "spec.metrics"), 0);
    cr_assert_eq(sim_json_int(metric, "resource.target.averageUtilization", -1), 70);
    json_decref(second);
    json_t *first = ask_json(world, (struct ask){.target = OLD "/web"}, NULL);
    cr_assert_str_eq(sim_json_text(first, "apiVersion"), "autoscaling/v1");
    cr_assert_eq(sim_json_int(first, "spec.targetCPUUtilizationPercentage", -1), 70);
    cr_assert_null(sim_json_at(first, "spec.metrics"));
    json_decref(first);
    struct sim_response watch = ask(world, (struct ask){.target = OLD "?watch=1"});
    cr_assert_not_null(watch.stream);
    bool is_end;
    char *text = drain_stream(watch.stream, &is_end);
    json_t *event = json_loads(text, 0, NULL);
    cr_expect_not(is_end);
    cr_expect_str_eq(sim_json_text(event, "type"), "ADDED");
    cr_expect_str_eq(sim_json_text(event, "object.apiVersion"), "autoscaling/v1");
    cr_expect_eq(sim_json_int(event, "object.spec.targetCPUUtilizationPercentage", -1), 70);
    json_decref(event);
    free(text);
    ask_status(world, (struct ask){.method = "DELETE", .target = OLD "/web"});
    text = drain_stream(watch.stream, &is_end);
    event = json_loads(strstr(text, "{\"type\":\"DELETED\"") == NULL ? "" : text,
                       JSON_DISABLE_EOF_CHECK, NULL);
    cr_expect_str_eq(sim_json_text(event, "object.apiVersion"), "autoscaling/v1");
    json_decref(event);
    free(text);
    sim_response_fini(&watch);
    sim_world_free(world);
}

Test(autoscale, refuses_what_a_real_server_refuses)
{
    struct sim_world *world = empty_world();
    int status = 0;
    json_t *answer = ask_json(
        world,
        (struct ask){.method = "POST",
                     .target = AUTOSCALERS,
                     .body = "{\"metadata\":{\"name\":\"d\"},\"spec\":{\"scaleTargetRef\":{"
                             "\"kind\":\"Deployment\"},\"minReplicas\":5,\"maxReplicas\":3,"
                             "\"metrics\":[{\"type\":\"Resource\"}]}}"},
        &status);
    cr_assert_eq(status, 422);
    cr_assert_str_eq(
        sim_json_text(answer, "message"),
        "HorizontalPodAutoscaler.autoscaling \"d\" is invalid: [spec.maxReplicas: Invalid value: "
        "3: must be greater than or equal to `minReplicas`, spec.scaleTargetRef.name: Required "
        "value, spec.scaleTargetRef.apiVersion: Invalid value: \"\": apiVersion must specify API "
        "group, spec.metrics[0].resource: Required value: must populate information for the given "
        "metric source]");
    json_decref(answer);
    sim_world_free(world);
}

Test(autoscale, amounts_are_read_and_written)
{
    static const struct {
        const char *text;
        int64_t milli;
        const char *shortest;
    } cases[] = {{"0.5", 500, "500m"},     {"250m", 250, "250m"}, {"2", 2000, "2"},
                 {"2Ki", 2048000, "2048"}, {"5k", 5000000, "5k"}, {"0", 0, "0"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t milli = -1;
        json_t *value = json_string(cases[i].text);
        cr_assert(sim_quantity_milli(value, &milli), "%s", cases[i].text);
        cr_assert_eq(milli, cases[i].milli, "%s", cases[i].text);
        json_decref(value);
        value = sim_quantity_json(milli);
        cr_assert_str_eq(json_string_value(value), cases[i].shortest);
        json_decref(value);
    }
    json_t *bad = json_string("2 apples");
    int64_t milli = 0;
    cr_assert_not(sim_quantity_milli(bad, &milli));
    json_decref(bad);
}
