/* tests/unit/sim/gcp_rig.h - asking a world's Google Cloud, by call and by HTTP. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_TESTS_SIM_GCP_RIG_H
#define TG_TESTS_SIM_GCP_RIG_H

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/str.h"
#include "sim/behaviour.h"
#include "sim/front.h"
#include "sim/gcp_state.h"
#include "sim/params.h"
#include "sim/query.h"
#include "sim/shape.h"
#include "tests/unit/sim/world_rig.h"

#define RIG_COMPUTE  "/compute/v1/projects/demo-4711"
#define RIG_CLUSTERS "/container/v1/projects/demo-4711/locations/us-east5-b/clusters"

/* The answer to one call; target may carry a query, body is stolen. */
static inline json_t *rig_ask(struct sim_world *world, const char *method, const char *target,
                              json_t *body, int expected)
{
    int status = 0;
    const char *query = strchr(target, '?');
    char *path = strndup(target, strcspn(target, "?"));
    json_t *answer =
        sim_gcp_get(world, method, path, query == NULL ? "" : query + 1, body, &status);
    cr_assert_not_null(answer, "%s %s", method, target);
    cr_expect_eq(status, expected, "%s %s: %d %s", method, target, status,
                 sim_json_text(answer, "error.message"));
    free(path);
    json_decref(body);
    return answer;
}

static inline void rig_do(struct sim_world *world, const char *method, const char *target,
                          json_t *body, int expected)
{
    json_decref(rig_ask(world, method, target, body, expected));
}

/* What is at a dotted path of an answer; the caller frees. */
static inline char *rig_text(struct sim_world *world, const char *target, const char *path)
{
    json_t *answer = rig_ask(world, "GET", target, NULL, 200);
    char *text = strdup(sim_json_text(answer, path));
    json_decref(answer);
    return text;
}

/* Reason of an error in the old style. */
static inline const char *rig_reason(const json_t *answer)
{
    return sim_json_text(json_array_get(sim_json_at(answer, "error.errors"), 0), "reason");
}

static inline size_t rig_count(struct sim_world *world, const char *target, const char *key)
{
    json_t *answer = rig_ask(world, "GET", target, NULL, 200);
    size_t count = json_array_size(json_object_get(answer, key));
    json_decref(answer);
    return count;
}

/* An empty project with the lab's APIs. */
static inline struct sim_world *rig_project(void)
{
    struct sim_world *world = rig_world(1, 2, false);
    rig_do(world, "POST", "/serviceusage/v1/projects/demo-4711/services:batchEnable",
           json_pack("{s:[s,s,s]}", "serviceIds", "compute.googleapis.com",
                     "container.googleapis.com", "gkehub.googleapis.com"),
           200);
    rig_run(world, 600);
    return world;
}

/* A request as it comes by HTTP. */
static inline struct sim_response rig_http(struct sim_world *world, struct sim_request request,
                                           const char *target)
{
    struct sim_response response;
    const char *query = strchr(target, '?');
    char *path = sim_query_decode(target, strcspn(target, "?"), false);
    request.path = path;
    request.query = query == NULL ? "" : query + 1;
    request.method = request.method == NULL ? "GET" : request.method;
    request.accept = "";
    request.user_agent = "";
    request.content_type = request.content_type == NULL ? "" : request.content_type;
    request.authorization = request.authorization == NULL ? "" : request.authorization;
    request.server = request.server == 0 ? SIM_SERVER_GCP : request.server;
    sim_front_handle(world, &request, &response);
    free(path);
    return response;
}

/* The body as JSON; ends the response. */
static inline json_t *rig_json(struct sim_response *response)
{
    json_t *value = json_loadb(tg_buf_text(&response->body), response->body.len, 0, NULL);
    cr_assert_not_null(value, "%s", tg_buf_text(&response->body));
    sim_response_fini(response);
    return value;
}

static inline const char *rig_header(const struct sim_response *response, const char *name)
{
    for (int i = 0; i < response->header_count; i++) {
        if (tg_str_eq(response->headers[i].name, name)) {
            return response->headers[i].value;
        }
    }
    return "";
}

#endif
