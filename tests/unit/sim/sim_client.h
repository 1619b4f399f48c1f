/* tests/unit/sim/sim_client.h - a small client of a simulated world, for tests: one request, its
 * answer as JSON. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_TESTS_SIM_CLIENT_H
#define TG_TESTS_SIM_CLIENT_H

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "sim/cluster.h"
#include "sim/controllers.h"
#include "sim/front.h"
#include "sim/json_path.h"
#include "sim/store.h"
#include "sim/world.h"

#define START_WALL_US INT64_C(1767225600000000) /* 2026-01-01T00:00:00Z */

/* An empty project with two regions, in which both clusters stand. */
static inline struct sim_world *empty_world(void)
{
    struct sim_config config = {
        .seed = 7, .regions = 2, .is_built = false, .start_wall_us = START_WALL_US};
    struct tg_err err = TG_ERR_INIT;
    struct sim_world *world = sim_world_new(&config, &err);
    if (world == NULL) {
        fprintf(stderr, "no world: %s\n", err.msg);
        abort();
    }
    sim_cluster_create(sim_world_region(world, 0));
    sim_cluster_create(sim_world_region(world, 1));
    return world;
}

static inline struct sim_store *store_of(struct sim_world *world, int region)
{
    return sim_region_store(sim_world_region(world, region));
}

/* What may be said about a request beside method and target; NULL members have the usual value. */
struct ask {
    const char *method;
    const char *target; /* path and query */
    const char *body;
    const char *content_type;
    const char *accept;
    const char *authorization;
    int server;
};

static inline struct sim_response ask(struct sim_world *world, struct ask what)
{
    char path[512];
    size_t len = strcspn(what.target, "?");
    snprintf(path, sizeof path, "%.*s", (int)len, what.target);
    struct sim_request request = {
        .server = what.server,
        .method = what.method == NULL ? "GET" : what.method,
        .path = path,
        .query = what.target[len] == '?' ? what.target + len + 1 : "",
        .accept = what.accept == NULL ? "" : what.accept,
        .content_type = what.content_type == NULL ? "" : what.content_type,
        .authorization = what.authorization == NULL ? "" : what.authorization,
        .user_agent = "test",
        .body = what.body == NULL ? "" : what.body,
        .body_len = what.body == NULL ? 0 : strlen(what.body),
    };
    struct sim_response response;
    sim_front_handle(world, &request, &response);
    return response;
}

/* The answer's body as JSON (new reference) and its status. */
static inline json_t *ask_json(struct sim_world *world, struct ask what, int *status)
{
    struct sim_response response = ask(world, what);
    json_t *value = json_loadb(tg_buf_text(&response.body), response.body.len, 0, NULL);
    if (status != NULL) {
        *status = response.status;
    }
    sim_response_fini(&response);
    return value;
}

/* Status of a request whose body does not matter. */
static inline int ask_status(struct sim_world *world, struct ask what)
{
    struct sim_response response = ask(world, what);
    int status = response.status;
    sim_response_fini(&response);
    return status;
}

/* Creates a ConfigMap with this name, label app and data.v in the cluster of region 0. */
static inline void make_config(struct sim_world *world, const char *name, const char *app,
                               const char *value)
{
    json_t *object = json_pack("{s:{s:s, s:s, s:{s:s}}, s:{s:s}}", "metadata", "name", name,
                               "namespace", "default", "labels", "app", app, "data", "v", value);
    struct tg_err err = TG_ERR_INIT;
    if (sim_store_create(store_of(world, 0), sim_resource_by_plural("configmaps"), object, &err) ==
        NULL) {
        fprintf(stderr, "%s: %s\n", name, err.msg);
        abort();
    }
}

/* Sets label app and data.v of a ConfigMap. */
static inline void change_config(struct sim_world *world, const char *name, const char *app,
                                 const char *value)
{
    json_t *object = json_pack("{s:{s:s, s:s, s:{s:s}}, s:{s:s}}", "metadata", "name", name,
                               "namespace", "default", "labels", "app", app, "data", "v", value);
    sim_store_update(store_of(world, 0), sim_resource_by_plural("configmaps"), object, NULL);
}

/* Everything a stream has to say now, as one text. The caller frees. */
static inline char *drain_stream(struct sim_stream *stream, bool *is_end)
{
    struct tg_buf buf;
    tg_buf_init(&buf, 64u * 1024 * 1024);
    char chunk[777];
    size_t len;
    bool end = false;
    do {
        len = stream->read(stream, chunk, sizeof chunk, &end);
        tg_buf_append(&buf, chunk, len);
    } while (len > 0 && !end);
    if (is_end != NULL) {
        *is_end = end;
    }
    return tg_buf_take(&buf, NULL);
}

#define DEPLOYMENT_BODY                                                                        \
    "{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"metadata\":{\"name\":\"web\"},"     \
    "\"spec\":{\"replicas\":2,\"selector\":{\"matchLabels\":{\"app\":\"web\"}},\"template\":{" \
    "\"metadata\":{\"labels\":{\"app\":\"web\"}},\"spec\":{\"containers\":[{\"name\":\"c\","   \
    "\"image\":\"i:1\"}]}}}}"
#define DEPLOYMENTS "/apis/apps/v1/namespaces/default/deployments"
#define CONFIGS     "/api/v1/namespaces/default/configmaps"

#endif
