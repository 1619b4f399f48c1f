/* sim/hub.c - whoami-v2, and files of a gated model. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "sim/hub.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "sim/k8s_status.h"
#include "sim/params.h"

#define TOKEN_START "hf_" /* as all of the hub's tokens begin */
#define BEARER      "Bearer "
#define PLACE       "https://huggingface.co/" SIM_HUB_MODEL

bool sim_hub_is_path(const char *path)
{
    return tg_str_has_prefix(path, SIM_HUB_PREFIX "/");
}

bool sim_hub_is_token(const char *token, size_t len)
{
    return token != NULL && len > strlen(TOKEN_START) &&
           memcmp(token, TOKEN_START, strlen(TOKEN_START)) == 0;
}

bool sim_hub_lets_read(struct sim_world *world, const char *token, size_t len)
{
    return sim_hub_is_token(token, len) && sim_world_params(world)->has_gemma_licence != 0;
}

/* Refusals are told in headers too, for HEAD has no body. */
static void refuse(struct sim_response *response, int status, const char *code, const char *message)
{
    if (code != NULL) {
        sim_response_add_header(response, "X-Error-Code", code);
    }
    sim_response_add_header(response, "X-Error-Message", message);
    sim_k8s_reply(response, status, json_pack("{s:s}", "error", message));
}

static void tell_who(struct sim_response *response)
{
    sim_k8s_reply(response, 200,
                  json_pack("{s:s,s:s,s:s,s:s,s:b,s:b,s:[],s:{s:s,s:{s:s,s:s,s:s}}}", "type",
                            "user", "id", "65a000000000000000000001", "name", "operator",
                            "fullname", "Operator", "isPro", 0, "canPay", 0, "orgs", "auth", "type",
                            "access_token", "accessToken", "displayName", "gemma", "role", "read",
                            "createdAt", "2025-12-01T00:00:00.000Z"));
}

static void give_file(struct sim_world *world, const char *token, struct sim_response *response)
{
    if (!sim_hub_is_token(token, strlen(token))) {
        refuse(response, 401, "GatedRepo",
               "Access to model " SIM_HUB_MODEL " is restricted. You must have access to it and be "
               "authenticated to access it. Please log in.");
    } else if (!sim_hub_lets_read(world, token, strlen(token))) {
        refuse(response, 403, "GatedRepo",
               "Access to model " SIM_HUB_MODEL " is restricted and you are not in the authorized "
               "list. Visit " PLACE " to ask for access.");
    } else {
        sim_response_add_header(response, "X-Repo-Commit",
                                "005ad3404e59d6023443cb575daa05336842228a");
        sim_k8s_reply(response, 200, json_pack("{s:s}", "model_type", "gemma3"));
    }
}

void sim_hub_handle(struct sim_world *world, const struct sim_request *request,
                    struct sim_response *response)
{
    const char *path = request->path + strlen(SIM_HUB_PREFIX "/");
    bool has_token = tg_str_has_prefix(request->authorization, BEARER);
    const char *token = has_token ? request->authorization + strlen(BEARER) : "";
    bool is_get = tg_str_eq(request->method, "GET") || tg_str_eq(request->method, "HEAD");
    if (is_get && has_token && !sim_hub_is_token(token, strlen(token))) {
        refuse(response, 401, NULL, "Invalid credentials in Authorization header");
    } else if (is_get && tg_str_eq(path, "api/whoami-v2")) {
        if (has_token) {
            tell_who(response);
        } else {
            refuse(response, 401, NULL, "Invalid username or password.");
        }
    } else if (is_get && tg_str_has_prefix(path, SIM_HUB_MODEL "/resolve/")) {
        give_file(world, token, response);
    } else {
        refuse(response, 404, "RepoNotFound", "Repository not found");
    }
}
