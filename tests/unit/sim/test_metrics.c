/* tests/unit/sim/test_metrics.c - metrics.k8s.io: what kubectl top shows. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <criterion/criterion.h>

#include "base/clock.h"
#include "base/str.h"
#include "sim/vllm.h"
#include "tests/unit/sim/sim_client.h"

#define METRICS "/apis/metrics.k8s.io/v1beta1"

static struct sim_world *built_world(void)
{
    struct sim_config config = {
        .seed = 7, .regions = 1, .is_built = true, .start_wall_us = START_WALL_US};
    struct tg_err err = TG_ERR_INIT;
    struct sim_world *world = sim_world_new(&config, &err);
    cr_assert_not_null(world, "%s", err.msg);
    return world;
}

static int64_t nanocores(const json_t *usage)
{
    char text[32];
    int64_t value = -1;
    tg_str_copy(text, sizeof text, sim_json_text(usage, "cpu"));
    size_t len = strlen(text);
    cr_assert(len > 1 && text[len - 1] == 'n', "%s", text);
    text[len - 1] = '\0';
    cr_assert(tg_str_to_int64(text, 0, INT64_MAX, &value));
    return value;
}

Test(metrics, a_node_uses_what_its_pods_use_and_more)
{
    struct sim_world *world = built_world();
    json_t *pods = ask_json(
        world, (struct ask){.target = METRICS "/pods?labelSelector=app%3Dgemma-server"}, NULL);
    json_t *pod = json_array_get(json_object_get(pods, "items"), 0);
    cr_assert_str_eq(sim_json_text(pod, "window"), "15.0s");
    int64_t used = 0;
    size_t i;
    json_t *container;
    json_array_foreach(json_object_get(pod, "containers"), i, container)
    {
        used += nanocores(json_object_get(container, "usage"));
    }
    cr_assert_eq(json_array_size(json_object_get(pod, "containers")), 2,
                 "the server and its sidecar");
    json_t *nodes = ask_json(world, (struct ask){.target = METRICS "/nodes"}, NULL);
    bool is_found = false;
    json_t *node;
    json_array_foreach(json_object_get(nodes, "items"), i, node)
    {
        bool is_tpu = sim_json_at(node, "metadata.labels") != NULL &&
                      json_object_get(sim_json_at(node, "metadata.labels"),
                                      "cloud.google.com/gke-tpu-accelerator") != NULL;
        is_found = is_found || (is_tpu && nanocores(json_object_get(node, "usage")) > used);
    }
    cr_assert(is_found);
    json_decref(nodes);
    json_decref(pods);
    sim_world_free(world);
}

Test(metrics, a_young_pod_is_not_measured_yet)
{
    struct sim_world *world = built_world();
    int status = ask_status(
        world,
        (struct ask){
            .method = "POST",
            .target = "/api/v1/namespaces/default/pods",
            .body = "{\"metadata\":{\"name\":\"young\"},\"spec\":{\"restartPolicy\":\"Never\","
                    "\"containers\":[{\"name\":\"c\",\"image\":\"curlimages/curl\",\"command\":["
                    "\"sleep\",\"3600\"]}]}}"});
    cr_assert_eq(status, 201);
    json_t *answer =
        ask_json(world, (struct ask){.target = METRICS "/namespaces/default/pods/young"}, &status);
    cr_assert_eq(status, 404);
    cr_assert_str_eq(sim_json_text(answer, "message"),
                     "podmetrics.metrics.k8s.io \"default/young\" not found");
    json_decref(answer);
    answer =
        ask_json(world, (struct ask){.target = METRICS "/namespaces/default/pods/none"}, &status);
    cr_assert_str_eq(sim_json_text(answer, "message"), "pods \"none\" not found");
    json_decref(answer);
    sim_world_run_until(world, sim_world_now_us(world) + 120 * TG_US_PER_S);
    cr_assert_eq(
        ask_status(world, (struct ask){.target = METRICS "/namespaces/default/pods/young"}), 200);
    sim_world_free(world);
}
