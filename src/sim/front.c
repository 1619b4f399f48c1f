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
#include "sim/account_token.h"
#include "sim/admin.h"
#include "sim/cluster.h"
#include "sim/controllers.h"
#include "sim/download.h"
#include "sim/face.h"
#include "sim/fault_response.h"
#include "sim/gcp_http.h"
#include "sim/gcp_state.h"
#include "sim/gcp_token.h"
#include "sim/hub.h"
#include "sim/json_path.h"
#include "sim/k8s_api.h"
#include "sim/k8s_discovery.h"
#include "sim/k8s_status.h"
#include "sim/rbac.h"
#include "sim/script.h"

static struct sim_face *face_of(struct sim_world *world, int server)
{
    int index = server < 0 ? 0 : server;
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

const char *sim_front_token(struct sim_world *world, int server)
{
    const struct sim_face *face = face_of(world, server);
    return server == SIM_SERVER_GCP ? face->gcp_token : face->token;
}

/* The bearer token of a request, "" when it has none. */
static const char *bearer_of(const struct sim_request *request)
{
    static const char scheme[] = "Bearer ";
    bool has_bearer = tg_str_has_prefix(request->authorization, scheme);
    return has_bearer ? request->authorization + sizeof scheme - 1 : "";
}

/* Who asks Google Cloud; NULL: nobody known (401). Borrowed. */
static const char *principal_of(struct sim_world *world, const struct sim_request *request)
{
    const char *token = sim_front_token(world, SIM_SERVER_GCP);
    const char *given = bearer_of(request);
    if (token == NULL || sim_gcp_is_sign_in(request->path)) {
        return SIM_GCP_OPERATOR;
    }
    if (given[0] == '\0') {
        return NULL;
    }
    return tg_str_eq(given, token) ? SIM_GCP_OPERATOR : sim_gcp_token_principal(world, given);
}

/* The service account of a request to a cluster; NULL when it is none's. Borrowed. */
static const json_t *account_of(struct sim_world *world, const struct sim_request *request)
{
    return sim_account_token_user(sim_region_store(sim_world_region(world, request->server)),
                                  bearer_of(request));
}

/* Who bears the request's token; NULL: nobody known (401). Borrowed. */
static const char *user_of(struct sim_world *world, const struct sim_request *request)
{
    const struct sim_face *face = face_of(world, request->server);
    const char *token = face->token;
    const char *header = request->authorization;
    if (request->server == SIM_SERVER_GCP) {
        return principal_of(world, request);
    }
    const char *given = bearer_of(request);
    const json_t *account = account_of(world, request);
    if (account != NULL) {
        return sim_json_text(account, "username");
    }
    const json_t *user = json_object_get(face->users, given);
    if (user != NULL) {
        return json_string_value(user);
    }
    if (token == NULL) {
        return SIM_OWNER;
    }
    if (header[0] == '\0' && sim_k8s_is_public(request->path)) {
        return "system:anonymous";
    }
    /* GKE takes Google's own access tokens, as gke-gcloud-auth-plugin hands them out */
    const char *google = face_of(world, SIM_SERVER_GCP)->gcp_token;
    bool is_owner = given[0] != '\0' &&
                    (tg_str_eq(given, token) || (google != NULL && tg_str_eq(given, google)) ||
                     tg_str_eq(sim_gcp_token_principal(world, given), SIM_GCP_OPERATOR));
    return is_owner ? SIM_OWNER : NULL;
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
    who->uid = NULL;
    who->extra = NULL;
    json_decref(who->groups);
    who->groups = sim_account_groups(user);
    if (who->groups == NULL || (group != NULL && group[0] != '\0')) {
        json_decref(who->groups);
        who->groups = json_pack("[s]", "system:authenticated");
    }
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
    const json_t *account = account_of(world, request);
    struct sim_identity who = {.user = user,
                               .uid = json_string_value(json_object_get(account, "uid")),
                               .extra = json_object_get(account, "extra"),
                               .groups = sim_account_groups(user)};
    if (who.groups == NULL) {
        who.groups =
            json_pack("[s]", is_anonymous ? "system:unauthenticated" : "system:authenticated");
    }
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

/* Faults belong to a world's script; how fast time passes does not. Where faults may strike, every
 * request is an occasion. */
static void note(struct sim_world *world, const struct sim_request *request, bool is_faulty)
{
    bool is_admin = sim_admin_is_path(request);
    bool is_fault = !tg_str_eq(request->method, "GET") && strstr(request->path, "/faults") != NULL;
    bool is_hub = request->server == SIM_SERVER_GCP && sim_hub_is_path(request->path);
    if ((is_admin && !is_fault) || is_hub || !is_plain_text(request)) {
        return;
    }
    const char *user = user_of(world, request);
    if (user != NULL) {
        bool is_owner = tg_str_eq(user, SIM_OWNER) || request->server == SIM_SERVER_GCP;
        sim_script_note(world, request, is_owner ? "" : user, is_faulty);
    }
}

static void handle(struct sim_world *world, const struct sim_request *request,
                   struct sim_response *response)
{
    bool is_gcp = request->server == SIM_SERVER_GCP;
    bool is_metadata = request->server == SIM_SERVER_METADATA;
    tg_assert(is_gcp || is_metadata ||
              (request->server >= 0 && request->server < sim_world_region_count(world)));
    const char *user = NULL;
    if (!is_plain_text(request)) {
        sim_k8s_fail(response, 400, NULL, "the request is not in UTF-8");
    } else if (is_metadata) {
        sim_gcp_metadata(world, request, response);
    } else if (sim_download_is_path(request)) {
        sim_download_handle(response);
    } else if (is_gcp && sim_hub_is_path(request->path)) {
        sim_hub_handle(world, request, response); /* its tokens are its own */
    } else if ((user = user_of(world, request)) == NULL) {
        if (is_gcp) {
            sim_response_add_header(response, "WWW-Authenticate",
                                    "Bearer realm=\"https://accounts.google.com/\", "
                                    "error=\"invalid_token\"");
            sim_gcp_fail(response, 401, "UNAUTHENTICATED",
                         "Request had invalid authentication credentials. Expected OAuth 2 access "
                         "token, login cookie or other valid authentication credential.");
        } else {
            sim_k8s_fail(response, 401, NULL, "Unauthorized");
        }
    } else if (request->body_len > sim_front_body_max(request->server, request->path)) {
        if (is_gcp) {
            sim_gcp_fail(response, 413, "INVALID_ARGUMENT",
                         "Request payload size exceeds the limit.");
        } else {
            sim_k8s_fail(response, 413, NULL, "Request entity too large: limit is %u",
                         SIM_REQUEST_BODY_MAX);
        }
    } else if (sim_admin_is_path(request)) {
        sim_admin_handle(world, request, response);
    } else if (is_gcp) {
        sim_gcp_handle(world, user, request, response);
    } else if (!sim_cluster_is_serving(sim_world_region(world, request->server))) {
        sim_k8s_fail(response, 503, NULL, "the cluster %s does not exist (yet)",
                     sim_world_region(world, request->server)->cluster);
    } else {
        handle_cluster(world, user, request, response);
    }
}

void sim_front_handle(struct sim_world *world, const struct sim_request *request,
                      struct sim_response *response)
{
    *response = (struct sim_response){.status = 0};
    tg_buf_init(&response->body, SIM_RESPONSE_BODY_MAX);
    bool is_metadata = request->server == SIM_SERVER_METADATA; /* a Pod's own node answers that */
    bool is_faulty = sim_fault_has_routes(world) && !is_metadata && !sim_admin_is_path(request);
    if (!is_metadata && !request->has_waited) {
        note(world, request, is_faulty);
    }
    /* a call that waits is one occasion: before it faults strike when it comes, after it when it is
     * answered */
    struct sim_request asked = *request;
    if (!is_faulty || request->has_waited || !sim_fault_before(world, &asked, response)) {
        handle(world, &asked, response);
        if (response->stream != NULL && response->status == 200) {
            sim_fault_watch_stream(world, request, response);
        }
        if (is_faulty && response->wait_us == 0) {
            sim_fault_after(world, request, response);
        }
    }
    tg_assert(response->status != 0);
}

size_t sim_front_body_max(int server, const char *path)
{
    bool is_upload = server == SIM_SERVER_GCP && sim_gcp_is_upload(path);
    return is_upload ? SIM_UPLOAD_BODY_MAX : SIM_REQUEST_BODY_MAX;
}

void sim_response_add_header(struct sim_response *response, const char *name, const char *value)
{
    tg_assert(response->header_count < SIM_HEADERS_MAX);
    struct sim_header *header = &response->headers[response->header_count++];
    header->name = name;
    tg_str_copy(header->value, sizeof header->value, value);
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

const char *sim_front_world_header(const struct sim_world *world, double speed, int64_t clock_us,
                                   char *out, size_t size)
{
    snprintf(out, size, "simulated; seed=%" PRIu64 "; speed=%g; now_us=%" PRId64,
             sim_world_config(world)->seed, speed, sim_world_wall_us(world) + clock_us);
    return out;
}
