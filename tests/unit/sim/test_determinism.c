/* tests/unit/sim/test_determinism.c - the same seed and script give the same world, byte for byte.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <criterion/criterion.h>

#include "sim/behaviour.h"
#include "sim/front.h"
#include "tests/unit/sim/world_rig.h"

static struct sim_world *drill(uint64_t seed, int steps)
{
    struct sim_world *world = rig_world(seed, 2, true);
    rig_create_pod(world, 0, rig_probe("probe-us", "http://10.0.2.7/v1/chat/completions", "0"));
    rig_create_pod(world, 1, rig_probe("probe-eu", "http://10.0.1.9/v1/chat/completions", "0"));
    for (int i = 0; i < steps; i++) {
        sim_world_run_until(world, sim_world_now_us(world) + 30 * TG_US_PER_S / steps);
    }
    rig_scale(world, 0, "vllm-gemma", 0);
    rig_run(world, 60);
    rig_scale(world, 0, "vllm-gemma", 1);
    rig_run(world, 1500);
    return world;
}

Test(sim_determinism, same_seed_same_trace_however_time_is_cut)
{
    struct sim_world *a = drill(42, 1);
    struct sim_world *b = drill(42, 1000);
    cr_expect_eq(sim_world_trace_hash(a), sim_world_trace_hash(b));
    cr_expect(strcmp(sim_world_trace_text(a), sim_world_trace_text(b)) == 0);
    cr_expect_gt(strlen(sim_world_trace_text(a)), 10000);
    cr_expect_eq(sim_store_resource_version(rig_store(a, 0)),
                 sim_store_resource_version(rig_store(b, 0)));
    sim_world_free(a);
    sim_world_free(b);
}

Test(sim_determinism, another_seed_is_another_world)
{
    struct sim_world *a = drill(42, 1);
    struct sim_world *b = drill(43, 1);
    cr_expect_neq(sim_world_trace_hash(a), sim_world_trace_hash(b));
    sim_world_free(a);
    sim_world_free(b);
}

Test(sim_determinism, objects_and_logs_are_the_same_bytes)
{
    struct sim_world *a = drill(7, 1);
    struct sim_world *b = drill(7, 3);
    char *log_a = rig_log(a, 0, "probe-us", "probe");
    char *log_b = rig_log(b, 0, "probe-us", "probe");
    cr_expect(strcmp(log_a, log_b) == 0);
    free(log_a);
    free(log_b);
    char *pod_a = json_dumps(rig_server_pod(a, 0), 0);
    char *pod_b = json_dumps(rig_server_pod(b, 0), 0);
    cr_expect_str_eq(pod_a, pod_b);
    free(pod_a);
    free(pod_b);
    sim_world_free(a);
    sim_world_free(b);
}

static void send(struct sim_world *world, const char *method, const char *target, const char *body)
{
    struct sim_request request = {
        .method = method,
        .path = target,
        .query = "",
        .accept = "",
        .content_type = strcmp(method, "PATCH") == 0 ? "application/merge-patch+json" : "",
        .authorization = "",
        .user_agent = "test",
        .body = body,
        .body_len = strlen(body),
    };
    struct sim_response response;
    sim_front_handle(world, &request, &response);
    cr_assert_lt(response.status, 300, "%s: %s", target, tg_buf_text(&response.body));
    sim_response_fini(&response);
}

static void create_all(struct sim_world *world)
{
    send(world, "POST", "/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers",
         "{\"metadata\":{\"name\":\"gemma\"},\"spec\":{\"scaleTargetRef\":{\"apiVersion\":"
         "\"apps/v1\",\"kind\":\"Deployment\",\"name\":\"vllm-gemma\"},\"maxReplicas\":2,"
         "\"metrics\":[{\"type\":\"Pods\",\"pods\":{\"metric\":{\"name\":"
         "\"autoscaling.gke.io|tpu-cache|tpu-cache\"},\"target\":{\"type\":\"AverageValue\","
         "\"averageValue\":\"1m\"}}}]}}");
    send(world, "POST", "/apis/policy/v1/namespaces/default/poddisruptionbudgets",
         "{\"metadata\":{\"name\":\"gemma\"},\"spec\":{\"minAvailable\":1,\"selector\":{"
         "\"matchLabels\":{\"app\":\"gemma-server\"}}}}");
    send(world, "POST", "/apis/apps/v1/namespaces/default/daemonsets",
         "{\"metadata\":{\"name\":\"agent\"},\"spec\":{\"selector\":{\"matchLabels\":{\"app\":"
         "\"agent\"}},\"template\":{\"metadata\":{\"labels\":{\"app\":\"agent\"}},\"spec\":{"
         "\"tolerations\":[{\"operator\":\"Exists\"}],\"containers\":[{\"name\":\"c\","
         "\"image\":\"i\"}],\"volumes\":[{\"name\":\"v\",\"persistentVolumeClaim\":{"
         "\"claimName\":\"disk\"}}]}}}}");
    send(world, "POST", "/api/v1/namespaces/default/persistentvolumeclaims",
         "{\"metadata\":{\"name\":\"disk\"},\"spec\":{\"accessModes\":[\"ReadWriteMany\"],"
         "\"resources\":{\"requests\":{\"storage\":\"1Gi\"}}}}");
    send(world, "POST", "/api/v1/namespaces/default/serviceaccounts/default/token", "{}");
}

/* Autoscalers, budgets, daemons, claims and a drained node: what happened, as one text. */
static char *busy_world(int steps)
{
    struct sim_world *world = rig_world(21, 1, true);
    char path[256];
    create_all(world);
    sim_world_params(world)->load_mrps = 4000;
    sim_load_start(world);
    for (int i = 0; i < steps; i++) {
        sim_world_run_until(world, sim_world_now_us(world) + 120 * TG_US_PER_S / steps);
    }
    snprintf(path, sizeof path, "/api/v1/nodes/%s", sim_world_region(world, 0)->default_node);
    send(world, "PATCH", path, "{\"spec\":{\"unschedulable\":true}}");
    rig_run(world, 300);
    char *text = strdup(sim_world_trace_text(world));
    sim_world_free(world);
    return text;
}

Test(sim_determinism, controllers_of_every_kind_do_the_same_again)
{
    char *a = busy_world(1);
    char *b = busy_world(500);
    cr_expect(strcmp(a, b) == 0);
    cr_expect_not_null(strstr(a, "horizontalpodautoscalers"));
    cr_expect_not_null(strstr(a, "persistentvolumes"));
    free(a);
    free(b);
}
