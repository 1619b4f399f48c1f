/* tests/unit/sim/test_k8s_subresource.c - log, proxy and eviction of a running Pod, over HTTP. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <criterion/criterion.h>

#include "base/clock.h"
#include "sim/fault.h"
#include "sim_client.h"

#define PODS "/api/v1/namespaces/default/pods"

/* The lab, built and serving; *pod gets the name of region 0's model server. */
static struct sim_world *lab(char *pod, size_t size)
{
    struct sim_config config = {
        .seed = 7, .regions = 2, .is_built = true, .start_wall_us = START_WALL_US};
    struct sim_world *world = sim_world_new(&config, NULL);
    cr_assert_not_null(world);
    json_t *list =
        ask_json(world, (struct ask){.target = PODS "?labelSelector=app%3Dgemma-server"}, NULL);
    json_t *item = json_array_get(json_object_get(list, "items"), 0);
    snprintf(pod, size, "%s", sim_json_text(item, "metadata.name"));
    cr_assert_str_neq(pod, "");
    json_decref(list);
    return world;
}

Test(k8s_subresource, log_in_part_and_followed)
{
    char pod[128];
    char target[300];
    struct sim_world *world = lab(pod, sizeof pod);
    snprintf(target, sizeof target, PODS "/%s/log?container=vllm-tpu&tailLines=2&timestamps=true",
             pod);
    struct sim_response response = ask(world, (struct ask){.target = target});
    cr_assert_eq(response.status, 200);
    cr_assert_str_eq(response.content_type, "text/plain");
    size_t lines = 0;
    for (const char *c = tg_buf_text(&response.body); *c != '\0'; c++) {
        lines += *c == '\n';
    }
    cr_assert_eq(lines, 2);
    cr_assert_eq(strncmp(tg_buf_text(&response.body), "2025-12-31T", 11), 0);
    sim_response_fini(&response);
    snprintf(target, sizeof target, PODS "/%s/log?container=vllm-tpu&limitBytes=5", pod);
    response = ask(world, (struct ask){.target = target});
    cr_assert_eq(response.body.len, 5);
    sim_response_fini(&response);
    snprintf(target, sizeof target, PODS "/%s/log?container=vllm-tpu&follow=true&tailLines=1", pod);
    response = ask(world, (struct ask){.target = target});
    cr_assert_not_null(response.stream);
    bool is_end;
    free(drain_stream(response.stream, &is_end));
    cr_assert_not(is_end);
    sim_response_fini(&response);
    sim_world_free(world);
}

static size_t log_len(struct sim_world *world, const char *pod)
{
    char target[300];
    snprintf(target, sizeof target, PODS "/%s/log?container=vllm-tpu", pod);
    struct sim_response response = ask(world, (struct ask){.target = target});
    size_t len = response.body.len;
    cr_expect_eq(response.status, 200);
    sim_response_fini(&response);
    return len;
}

/* A kubelet gives the newest file alone. */
Test(k8s_subresource, of_a_rotated_log_only_what_came_later_is_there)
{
    char pod[128];
    struct tg_err err = TG_ERR_INIT;
    struct sim_world *world = lab(pod, sizeof pod);
    size_t whole = log_len(world, pod);
    cr_assert_gt(whole, 0);
    struct sim_fault_spec spec = sim_fault_spec_of(SIM_FAULT_ROTATE);
    spec.region = 0;
    cr_assert_not_null(sim_fault_add(world, &spec, &err), "%s", err.msg);
    sim_world_run_until(world, sim_world_now_us(world) + TG_US_PER_S);
    cr_expect_lt(log_len(world, pod), whole);
    sim_fault_clear(world);
    cr_expect_geq(log_len(world, pod), whole);
    sim_world_free(world);
}

Test(k8s_subresource, proxy_reaches_the_pod_and_the_service)
{
    char pod[128];
    char target[300];
    struct sim_world *world = lab(pod, sizeof pod);
    snprintf(target, sizeof target, PODS "/http:%s:8000/proxy/metrics", pod);
    struct sim_response response = ask(world, (struct ask){.target = target});
    cr_assert_eq(response.status, 200);
    cr_assert_not_null(strstr(tg_buf_text(&response.body), "vllm:num_requests_running"));
    sim_response_fini(&response);
    cr_assert_eq(ask_status(world, (struct ask){.target = "/api/v1/namespaces/default/services/"
                                                          "vllm-gemma-service:8000/proxy/health"}),
                 200);
    snprintf(target, sizeof target, PODS "/%s:8001/proxy/metrics", pod);
    int status;
    json_t *refusal = ask_json(world, (struct ask){.target = target}, &status);
    cr_assert_eq(status, 503);
    cr_assert_str_eq(sim_json_text(refusal, "reason"), "ServiceUnavailable");
    cr_assert_not_null(strstr(sim_json_text(refusal, "message"), "connection refused"));
    json_decref(refusal);
    sim_world_free(world);
}

Test(k8s_subresource, eviction_begins_a_deletion_with_grace)
{
    char pod[128];
    char target[300];
    struct sim_world *world = lab(pod, sizeof pod);
    snprintf(target, sizeof target, PODS "/%s/eviction", pod);
    cr_assert_eq(ask_status(world, (struct ask){.method = "POST",
                                                .target = target,
                                                .body = "{\"kind\":\"Eviction\"}",
                                                .content_type = "application/json"}),
                 201);
    snprintf(target, sizeof target, PODS "/%s", pod);
    json_t *object = ask_json(world, (struct ask){.target = target}, NULL);
    cr_assert_not_null(sim_json_at(object, "metadata.deletionTimestamp"));
    json_decref(object);
    sim_world_run_until(world, sim_world_now_us(world) + 60 * TG_US_PER_S);
    cr_assert_eq(ask_status(world, (struct ask){.target = target}), 404);
    sim_world_free(world);
}

/* A path without the Pod's name leads to nothing; it ended the program. */
Test(k8s_subresource, of_a_pod_without_a_name_there_is_none)
{
    static const char *const names[] = {"exec?command=ls", "attach",   "portforward", "log",
                                        "proxy/health",    "eviction", "status",      "scale"};
    char target[128];
    struct sim_config config = {
        .seed = 7, .regions = 1, .is_built = true, .start_wall_us = START_WALL_US};
    struct sim_world *world = sim_world_new(&config, NULL);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        snprintf(target, sizeof target, PODS "//%s", names[i]);
        for (int is_post = 0; is_post < 2; is_post++) {
            int status = ask_status(
                world, (struct ask){.method = is_post ? "POST" : NULL, .target = target});
            cr_expect_eq(status, 404, "%s: %d", target, status);
        }
    }
    sim_world_free(world);
}
