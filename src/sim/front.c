/* sim/front.c - one request in, one answer out: who asks, and which server is meant. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "sim/front.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/utf8.h"
#include "sim/cluster.h"
#include "sim/controllers.h"
#include "sim/face.h"
#include "sim/k8s_api.h"
#include "sim/k8s_discovery.h"
#include "sim/k8s_status.h"
#include "sim/rbac.h"

static struct sim_face *face_of(struct sim_world *world, int server)
{
    int index = server == SIM_SERVER_GCP ? 0 : server;
    return sim_face_of(sim_region_store(sim_world_region(world, index)));
}

void sim_front_set_token(struct sim_world *world, int server, const char *token)
{
    struct sim_face *face = face_of(world, server);
    char **slot = server == SIM_SERVER_GCP ? &face->gcp_token : &face->token;
    tg_str_replace(slot, token == NULL || token[0] == '\0' ? NULL : token);
}

void sim_front_add_user(struct sim_world *world, int server, const char *token, const char *user)
{
    struct sim_face *face = face_of(world, server);
    if (face->users == NULL) {
        face->users = json_object();
    }
    json_object_set_new(face->users, token, json_string(user));
}

/* Who bears the request's token; NULL: nobody known (401). Borrowed. */
static const char *user_of(struct sim_world *world, const struct sim_request *request)
{
    const struct sim_face *face = face_of(world, request->server);
    bool is_gcp = request->server == SIM_SERVER_GCP;
    const char *token = is_gcp ? face->gcp_token : face->token;
    const char *header = request->authorization;
    bool has_bearer = strncmp(header, "Bearer ", strlen("Bearer ")) == 0;
    const char *given = has_bearer ? header + strlen("Bearer ") : "";
    const json_t *user = is_gcp ? NULL : json_object_get(face->users, given);
    if (user != NULL) {
        return json_string_value(user);
    }
    if (token == NULL) {
        return SIM_OWNER;
    }
    if (header[0] == '\0' && !is_gcp && sim_k8s_is_public(request->path)) {
        return "system:anonymous";
    }
    /* GKE takes Google's own access tokens, as gke-gcloud-auth-plugin hands them out */
    const char *google = face_of(world, SIM_SERVER_GCP)->gcp_token;
    bool is_owner = has_bearer && (tg_str_eq(given, token) ||
                                   (!is_gcp && google != NULL && tg_str_eq(given, google)));
    return is_owner ? SIM_OWNER : NULL;
}

/* ---- Google Cloud ---- */

static void gcp_fail(struct sim_response *response, int code, const char *status,
                     const char *message)
{
    sim_k8s_reply(response, code,
                  json_pack("{s:{s:i, s:s, s:s}}", "error", "code", code, "message", message,
                            "status", status));
}

static void handle_gcp(struct sim_world *world, const struct sim_request *request,
                       struct sim_response *response)
{
    json_t *body = NULL;
    if (request->body_len > 0) {
        body = json_loadb(request->body, request->body_len, 0, NULL);
        if (body == NULL) {
            gcp_fail(response, 400, "INVALID_ARGUMENT", "Invalid JSON payload received.");
            return;
        }
    }
    int status = 200;
    json_t *answer =
        sim_gcp_get(world, request->method, request->path, request->query, body, &status);
    if (answer == NULL) {
        gcp_fail(response, 404, "NOT_FOUND", "Not found.");
    } else {
        sim_k8s_reply(response, status, answer);
        tg_str_copy(response->content_type, sizeof response->content_type,
                    "application/json; charset=UTF-8");
    }
    json_decref(body);
}

/* ---- a cluster ---- */

/* The identity that user takes on by impersonation; false with the response filled when they may
 * not. */
static bool impersonate(struct sim_store *store, struct sim_identity *who,
                        const struct sim_request *request, struct sim_response *response)
{
    const char *user = request->impersonate_user;
    const char *group = request->impersonate_group;
    if (user == NULL || user[0] == '\0') {
        return true;
    }
    const struct sim_access access = {.verb = "impersonate",
                                      .group = "",
                                      .resource = "users",
                                      .subresource = "",
                                      .ns = "",
                                      .name = user};
    if (!sim_rbac_allows(store, who, &access, NULL)) {
        sim_rbac_refuse(response, who, &access);
        return false;
    }
    who->user = user;
    if (group != NULL && group[0] != '\0') {
        json_array_insert_new(who->groups, 0, json_string(group));
    }
    return true;
}

static void handle_cluster(struct sim_world *world, const char *user,
                           const struct sim_request *request, struct sim_response *response)
{
    struct sim_region *region = sim_world_region(world, request->server);
    struct sim_store *store = sim_region_store(region);
    bool is_anonymous = tg_str_eq(user, "system:anonymous");
    struct sim_identity who = {.user = user,
                               .groups = json_pack("[s]", is_anonymous ? "system:unauthenticated"
                                                                       : "system:authenticated")};
    if (impersonate(store, &who, request, response)) {
        sim_k8s_handle(world, store, &who, request, response);
    }
    json_decref(who.groups);
}

/* ---- any server ---- */

/* Everything that may come back in an answer is text. */
static bool is_plain_text(const struct sim_request *request)
{
    return tg_utf8_is_valid(request->path, strlen(request->path)) &&
           tg_utf8_is_valid(request->user_agent, strlen(request->user_agent)) &&
           (request->impersonate_user == NULL ||
            tg_utf8_is_valid(request->impersonate_user, strlen(request->impersonate_user))) &&
           (request->impersonate_group == NULL ||
            tg_utf8_is_valid(request->impersonate_group, strlen(request->impersonate_group)));
}

void sim_front_handle(struct sim_world *world, const struct sim_request *request,
                      struct sim_response *response)
{
    *response = (struct sim_response){.status = 0};
    tg_buf_init(&response->body, SIM_RESPONSE_BODY_MAX);
    bool is_gcp = request->server == SIM_SERVER_GCP;
    tg_assert(is_gcp || (request->server >= 0 && request->server < sim_world_region_count(world)));
    const char *user = NULL;
    if (!is_plain_text(request)) {
        sim_k8s_fail(response, 400, NULL, "the request is not in UTF-8");
    } else if ((user = user_of(world, request)) == NULL) {
        if (is_gcp) {
            gcp_fail(response, 401, "UNAUTHENTICATED",
                     "Request had invalid authentication credentials. Expected OAuth 2 access "
                     "token, login cookie or other valid authentication credential.");
        } else {
            sim_k8s_fail(response, 401, NULL, "Unauthorized");
        }
    } else if (request->body_len > SIM_REQUEST_BODY_MAX) {
        if (is_gcp) {
            gcp_fail(response, 413, "INVALID_ARGUMENT", "Request payload size exceeds the limit.");
        } else {
            sim_k8s_fail(response, 413, NULL, "Request entity too large: limit is %u",
                         SIM_REQUEST_BODY_MAX);
        }
    } else if (is_gcp) {
        handle_gcp(world, request, response);
    } else if (!sim_cluster_is_serving(sim_world_region(world, request->server))) {
        sim_k8s_fail(response, 503, NULL, "the cluster %s does not exist (yet)",
                     sim_world_region(world, request->server)->cluster);
    } else {
        handle_cluster(world, user, request, response);
    }
    tg_assert(response->status != 0);
}

void sim_response_fini(struct sim_response *response)
{
    if (response->stream != NULL) {
        response->stream->free(response->stream);
        response->stream = NULL;
    }
    if (response->channel != NULL) {
        response->channel->free(response->channel);
        response->channel = NULL;
    }
    tg_buf_fini(&response->body);
}

const char *sim_front_world_header(const struct sim_world *world, double speed, char *out,
                                   size_t size)
{
    snprintf(out, size, "simulated; seed=%" PRIu64 "; speed=%g; now_us=%" PRId64,
             sim_world_config(world)->seed, speed, sim_world_wall_us(world));
    return out;
}
