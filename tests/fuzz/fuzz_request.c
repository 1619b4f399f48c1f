/* fuzz/fuzz_request.c - whole requests to a cluster and to Google Cloud: one world for each input,
 * requests separated by a zero byte: "method target\ncontent type\nbody". A target that starts with
 * "gcp" goes to Google Cloud; what follows a bar in the second line is accepted, else tables are.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "base/clock.h"
#include "base/str.h"
#include "sim/cluster.h"
#include "sim/front.h"
#include "sim/query.h"
#include "tests/fuzz/fuzz.h"

#define REQUESTS_MAX 8

static char *line(char **rest)
{
    char *start = *rest;
    size_t len = strcspn(start, "\n");
    *rest = start + len + (start[len] == '\n' ? 1 : 0);
    start[len] = '\0';
    return start;
}

static void drain(struct sim_stream *stream)
{
    char bytes[4096];
    bool is_end = false;
    while (!is_end && stream->read(stream, bytes, sizeof bytes, &is_end) > 0) {
    }
    stream->free(stream);
}

static void send_request(struct sim_world *world, char *text)
{
    char *rest = text;
    char *first = line(&rest);
    char *content_type = line(&rest);
    size_t method_len = strcspn(first, " ");
    char *target = first + method_len + (first[method_len] == ' ' ? 1 : 0);
    first[method_len] = '\0';
    size_t type_len = strcspn(content_type, "|");
    const char *accept = content_type[type_len] == '|'
                             ? content_type + type_len + 1
                             : "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
    content_type[type_len] = '\0';
    bool is_gcp = tg_str_has_prefix(target, "gcp");
    target += is_gcp ? 3 : 0;
    size_t path_len = strcspn(target, "?");
    char *path = sim_query_decode(target, path_len, false);
    struct sim_request request = {
        .server = is_gcp ? SIM_SERVER_GCP : 0,
        .method = first,
        .path = path,
        .query = target[path_len] == '?' ? target + path_len + 1 : "",
        .accept = accept,
        .content_type = content_type,
        .authorization = "",
        .user_agent = "fuzz/1",
        .body = rest,
        .body_len = strlen(rest),
    };
    struct sim_response response;
    sim_front_handle(world, &request, &response);
    sim_world_run_until(world, sim_world_now_us(world) + TG_US_PER_S);
    if (response.stream != NULL) {
        drain(response.stream);
        response.stream = NULL;
    }
    sim_response_fini(&response);
    free(path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sim_config config = {.seed = 1, .regions = 1, .start_wall_us = TG_US_PER_S};
    struct tg_err err = TG_ERR_INIT;
    struct sim_world *world = sim_world_new(&config, &err);
    if (world == NULL) {
        abort();
    }
    sim_cluster_create(sim_world_region(world, 0));
    for (int i = 0; i < REQUESTS_MAX && size > 0; i++) {
        char *text = fuzz_part(&data, &size);
        send_request(world, text);
        free(text);
    }
    sim_world_check(world);
    sim_world_free(world);
    return 0;
}
