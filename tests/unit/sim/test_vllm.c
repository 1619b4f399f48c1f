/* tests/unit/sim/test_vllm.c - the model server: boot, batch, metrics, chat, and ways to end. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <criterion/criterion.h>

#include "sim/params.h"
#include "sim/pod.h"
#include "sim/vllm.h"
#include "tests/unit/sim/world_rig.h"

static struct sim_pod *server(struct sim_world *world, int region)
{
    const json_t *object = rig_server_pod(world, region);
    cr_assert_not_null(object);
    return sim_pod_find(sim_world_region(world, region), "default",
                        sim_json_text(object, "metadata.name"));
}

struct outcome {
    int whole;
    int cut;
    int64_t last_us;
};

static void done(struct sim_world *world, void *context, bool is_whole)
{
    struct outcome *outcome = context;
    outcome->whole += is_whole ? 1 : 0;
    outcome->cut += is_whole ? 0 : 1;
    outcome->last_us = sim_world_now_us(world);
}

Test(sim_vllm, one_sequence_decodes_at_about_sixty_tokens_a_second)
{
    struct sim_world *world = rig_world(2, 1, true);
    struct outcome outcome = {0, 0, 0};
    cr_assert_neq(sim_vllm_submit(server(world, 0)->vllm, "10.1.2.2", 100, 62, done, &outcome), 0);
    rig_run(world, 10);
    cr_expect_eq(outcome.whole, 1);
    cr_expect(outcome.last_us > 900000 && outcome.last_us < 1100000, "62 tokens took %ld us",
              (long)outcome.last_us);
    sim_world_free(world);
}

Test(sim_vllm, a_batch_shares_steps_so_that_throughput_grows)
{
    struct sim_world *world = rig_world(2, 1, true);
    struct outcome outcome = {0, 0, 0};
    for (int i = 0; i < 64; i++) {
        sim_vllm_submit(server(world, 0)->vllm, "10.1.2.2", 500, 200, done, &outcome);
    }
    struct sim_vllm_gauges gauges = sim_vllm_gauges(server(world, 0)->vllm);
    cr_expect_eq(gauges.running + gauges.waiting, 64);
    rig_run(world, 60);
    cr_expect_eq(outcome.whole, 64);
    int64_t tokens_per_s = 64 * 200 * TG_US_PER_S / outcome.last_us;
    cr_expect(tokens_per_s > 1200 && tokens_per_s < 3500, "%ld tokens/s", (long)tokens_per_s);
    cr_expect_eq(sim_vllm_gauges(server(world, 0)->vllm).kv_ppm, 0, "nothing is left behind");
    sim_world_free(world);
}

Test(sim_vllm, the_cache_bounds_the_batch_and_overflow_is_computed_again)
{
    struct sim_world *world = rig_world(2, 1, true);
    sim_world_params(world)->kv_blocks = 200;
    struct outcome outcome = {0, 0, 0};
    for (int i = 0; i < 20; i++) {
        sim_vllm_submit(server(world, 0)->vllm, "10.1.2.2", 300, 400, done, &outcome);
    }
    struct sim_vllm_gauges gauges = sim_vllm_gauges(server(world, 0)->vllm);
    cr_expect_gt(gauges.waiting, 0);
    cr_expect_leq(gauges.kv_ppm, 1000000);
    rig_run(world, 600);
    cr_expect_eq(outcome.whole, 20, "all end: %d", outcome.whole);
    cr_expect_gt(sim_vllm_counters(server(world, 0)->vllm)->preemptions, 0);
    sim_world_free(world);
}

Test(sim_vllm, a_cancelled_request_counts_as_abort)
{
    struct sim_world *world = rig_world(2, 1, true);
    struct outcome outcome = {0, 0, 0};
    struct sim_vllm *vllm = server(world, 0)->vllm;
    uint64_t id = sim_vllm_submit(vllm, "10.1.2.2", 100, 500, done, &outcome);
    rig_run(world, 1);
    cr_expect(sim_vllm_cancel(vllm, id));
    cr_expect_not(sim_vllm_cancel(vllm, id));
    rig_run(world, 60);
    cr_expect_eq(outcome.whole + outcome.cut, 0);
    cr_expect_eq(sim_vllm_counters(vllm)->success_abort, 1);
    sim_world_free(world);
}

static char *http(struct sim_world *world, int region, const char *method, const char *path,
                  const char *body, int *status)
{
    struct sim_response response;
    struct tg_err err = TG_ERR_INIT;
    char *pod = strdup(sim_json_text(rig_server_pod(world, region), "metadata.name"));
    bool is_ok = sim_pod_http(world, region, "default", pod, 8000, method, path, body, strlen(body),
                              &response, &err);
    free(pod);
    cr_assert(is_ok, "%s", err.msg);
    *status = response.status;
    char *text = strdup(tg_buf_text(&response.body));
    tg_buf_fini(&response.body);
    return text;
}

static const char france[] =
    "{\"model\":\"/data/gemma-weights\",\"messages\":[{\"role\":\"user\",\"content\":\"What is "
    "the capital of France?\"}],\"max_tokens\":100}";

Test(sim_vllm, the_labs_questions_are_answered_and_counted)
{
    struct sim_world *world = rig_world(2, 1, true);
    int status = 0;
    char *text = http(world, 0, "POST", "/v1/chat/completions", france, &status);
    cr_expect_eq(status, 200);
    json_t *answer = json_loads(text, 0, NULL);
    const json_t *choice = json_array_get(sim_json_at(answer, "choices"), 0);
    cr_expect_not_null(strstr(sim_json_text(choice, "message.content"), "Paris"));
    cr_expect_str_eq(sim_json_text(choice, "finish_reason"), "stop");
    cr_expect_gt(sim_json_int(answer, "usage.completion_tokens", 0), 0);
    json_decref(answer);
    free(text);
    text = http(world, 0, "GET", "/metrics", "", &status);
    cr_expect_not_null(
        strstr(text, "vllm:request_success_total{engine=\"0\",model_name=\"/data/gemma-weights\","
                     "finished_reason=\"stop\"} 1.0\n"));
    cr_expect_not_null(strstr(
        text, "vllm:time_to_first_token_seconds_bucket{engine=\"0\",model_name=\"/data/gemma-"
              "weights\",le=\"+Inf\"} 1.0\n"));
    cr_expect_not_null(strstr(text, "vllm:kv_cache_usage_perc{"));
    cr_expect_not_null(strstr(text, "le=\"0.001\"} 0.0\n"));
    static const char *const names[] = {"vllm:num_requests_waiting_by_reason{",
                                        "vllm:prompt_tokens_by_source_total{",
                                        "vllm:engine_sleep_state{",
                                        "vllm:request_inference_time_seconds_count{",
                                        "vllm:request_prefill_time_seconds_count{",
                                        "vllm:request_decode_time_seconds_count{",
                                        "vllm:request_time_per_output_token_seconds_count{"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        cr_expect_not_null(strstr(text, names[i]), "%s", names[i]);
    }
    free(text);
    sim_world_free(world);
}

Test(sim_vllm, wrong_requests_get_vllms_errors)
{
    struct sim_world *world = rig_world(2, 1, true);
    int status = 0;
    free(http(world, 0, "POST", "/v1/chat/completions", "not json", &status));
    cr_expect_eq(status, 400);
    free(http(world, 0, "POST", "/v1/chat/completions",
              "{\"model\":\"gpt\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}",
              &status));
    cr_expect_eq(status, 404);
    free(http(world, 0, "GET", "/nothing", "", &status));
    cr_expect_eq(status, 404);
    free(http(world, 0, "GET", "/health", "", &status));
    cr_expect_eq(status, 200);
    sim_world_free(world);
}

Test(sim_vllm, a_booting_server_refuses_and_tells_its_phases)
{
    struct sim_world *world = rig_world(2, 1, true);
    rig_scale(world, 0, "vllm-gemma", 0);
    rig_run(world, 60);
    rig_scale(world, 0, "vllm-gemma", 1);
    rig_run(world, 60);
    char *pod = strdup(sim_json_text(rig_server_pod(world, 0), "metadata.name"));
    struct sim_response response;
    struct tg_err err = TG_ERR_INIT;
    cr_expect_not(
        sim_pod_http(world, 0, "default", pod, 8000, "GET", "/health", "", 0, &response, &err));
    cr_expect_not_null(strstr(err.msg, "connect: connection refused"));
    cr_expect_eq(err.detail, 503);
    rig_run(world, 2400);
    char *log = rig_log(world, 0, pod, "vllm-tpu");
    static const char *const phases[] = {
        "Booting vLLM instantly", "vLLM API server version",
        "TPU info: node_name=",   "Init worker | rank=",
        "Starting to load model", "Loading safetensors checkpoint shards: 100%",
        "Memory statistics |",    "Precompile all the subgraphs",
        "init engine (profile",   "Application startup complete."};
    const char *at = log;
    for (size_t i = 0; i < sizeof phases / sizeof phases[0]; i++) {
        at = strstr(at, phases[i]);
        cr_assert_not_null(at, "phase %s comes in order", phases[i]);
    }
    free(log);
    free(pod);
    sim_world_free(world);
}

static int64_t seconds_until_gone(int64_t term_mode, struct outcome *outcome)
{
    struct sim_world *world = rig_world(2, 2, true);
    sim_world_params(world)->term_mode = term_mode;
    sim_vllm_submit(server(world, 0)->vllm, "10.1.2.2", 100, 310, done,
                    outcome); /* about five seconds */
    rig_scale(world, 0, "vllm-gemma", 0);
    int64_t seconds = 0;
    while (rig_server_pod(world, 0) != NULL && seconds < 100) {
        rig_run(world, 1);
        seconds++;
    }
    sim_world_free(world);
    return seconds;
}

Test(sim_vllm, term_mode_decides_what_happens_to_work_under_way)
{
    struct outcome abort_mode = {0, 0, 0};
    struct outcome drain_mode = {0, 0, 0};
    struct outcome deaf_mode = {0, 0, 0};
    int64_t abort_s = seconds_until_gone(0, &abort_mode);
    int64_t drain_s = seconds_until_gone(1, &drain_mode);
    int64_t deaf_s = seconds_until_gone(2, &deaf_mode);
    cr_expect_eq(abort_mode.cut, 1);
    cr_expect_leq(abort_s, 6);
    cr_expect_eq(drain_mode.whole, 1);
    cr_expect(drain_s > 4 && drain_s < 15, "%ld s", (long)drain_s);
    cr_expect_eq(deaf_mode.whole, 1);
    cr_expect(deaf_s >= 30 && deaf_s < 36, "%ld s", (long)deaf_s);
}
