/* fuzz/fuzz_shell.c - what exec runs in a container: a script of the little shell, its standard
 * input after a zero byte.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "base/clock.h"
#include "sim/front.h"
#include "sim/pod.h"
#include "sim/process.h"
#include "tests/fuzz/fuzz.h"

#define START_S 120 /* in which a plain Pod is scheduled, pulled and started */
#define RUN_S   20

static const char pod_text[] =
    "{\"metadata\":{\"name\":\"shell\"},\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":"
    "\"curlimages/curl\",\"command\":[\"sleep\",\"infinity\"],\"env\":[{\"name\":\"A\",\"value\":"
    "\"b c\"}]}]}}";

static struct sim_world *world;

static struct sim_pod *shell_pod(void)
{
    if (world == NULL) {
        struct sim_config config = {
            .seed = 1, .regions = 1, .is_built = true, .start_wall_us = TG_US_PER_S};
        struct tg_err err = TG_ERR_INIT;
        world = sim_world_new(&config, &err);
        if (world == NULL) {
            abort();
        }
        struct sim_request request = {.method = "POST",
                                      .path = "/api/v1/namespaces/default/pods",
                                      .query = "",
                                      .accept = "",
                                      .content_type = "application/json",
                                      .authorization = "",
                                      .user_agent = "fuzz/1",
                                      .body = pod_text,
                                      .body_len = sizeof pod_text - 1};
        struct sim_response response;
        sim_front_handle(world, &request, &response);
        sim_response_fini(&response);
        sim_world_run_until(world, START_S * TG_US_PER_S);
    }
    return sim_pod_find(sim_world_region(world, 0), "default", "shell");
}

struct seen {
    size_t bytes;
    bool is_over;
};

static void on_output(void *context, int fd, const char *bytes, size_t len)
{
    struct seen *seen = context;
    seen->bytes += bytes == NULL || fd == 0 ? 0 : len;
}

static void on_exited(void *context, int code)
{
    struct seen *seen = context;
    (void)code;
    seen->is_over = true;
}

static void run(const struct seen *seen, int64_t time_us)
{
    int64_t until_us = sim_world_now_us(world) + time_us;
    while (!seen->is_over && sim_world_next_us(world) <= until_us) {
        sim_world_run_until(world, sim_world_next_us(world));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sim_pod *pod = shell_pod();
    if (pod == NULL || sim_pod_main(pod)->state != SIM_CONTAINER_RUNNING) {
        abort();
    }
    char *script = fuzz_part(&data, &size);
    const char *const words[] = {"sh", "-c", script};
    struct seen seen = {.bytes = 0};
    struct sim_process_io io = {.output = on_output, .exited = on_exited, .context = &seen};
    /* a script that is given, or one that is typed into an interactive shell */
    bool is_typed = script[0] == '\0';
    struct sim_process_spec spec = {
        .words = words, .count = is_typed ? 1 : 3, .has_input = true, .is_terminal = is_typed};
    struct tg_err err = TG_ERR_INIT;
    struct sim_process *process = sim_process_start(pod, sim_pod_main(pod), &spec, &io, &err);
    if (process == NULL) {
        abort();
    }
    run(&seen, TG_US_PER_S);
    sim_process_input(process, (const char *)data, size);
    sim_process_input_end(process);
    run(&seen, RUN_S * TG_US_PER_S);
    sim_process_free(process);
    free(script);
    return 0;
}
