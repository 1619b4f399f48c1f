/* sim/gcp_metadata.c - the metadata server that an instance, or Cloud Shell, would find at
 * metadata.google.internal. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim/gcp_state.h"
#include "sim/gcp_token.h"
#include "sim/json_path.h"
#include "sim/k8s_status.h"
#include "sim/lab_objects.h"
#include "sim/query.h"
#include "sim/region.h"

#define ROOT "/computeMetadata/v1"

static void text(struct sim_response *response, int status, const char *type, const char *body)
{
    response->status = status;
    tg_str_copy(response->content_type, sizeof response->content_type, type);
    tg_buf_puts(&response->body, body);
}

/* The value of a leaf or the names in a folder; NULL when there is nothing. The caller frees. */
static char *plain_at(struct sim_world *world, const char *path)
{
    const char *email = strchr(SIM_GCP_OPERATOR, ':') + 1;
    uint64_t number = sim_lab_project_number(world);
    const char *zone = sim_world_region(world, 0)->zone;
    if (tg_str_eq(path, "/project/project-id")) {
        return tg_strdup(sim_gcp_project(world));
    }
    if (tg_str_eq(path, "/project/numeric-project-id")) {
        return tg_asprintf("%" PRIu64, number);
    }
    if (tg_str_eq(path, "/instance/zone")) {
        return tg_asprintf("projects/%" PRIu64 "/zones/%s", number, zone);
    }
    if (tg_str_eq(path, "/instance/service-accounts/")) {
        return tg_asprintf("default/\n%s/\n", email);
    }
    if (tg_str_eq(path, "/universe/universe-domain") ||
        tg_str_eq(path, "/universe/universe_domain")) {
        return tg_strdup("googleapis.com");
    }
    if (tg_str_eq(path, "/") || path[0] == '\0') {
        return tg_strdup("instance/\nproject/\nuniverse/\n");
    }
    return NULL;
}

/* The part behind ".../service-accounts/default/" or the account's own address; NULL: none. */
static const char *account_part(const char *path)
{
    static const char *const names[] = {"default", "operator@example.com"};
    const char *folder = "/instance/service-accounts/";
    if (!tg_str_has_prefix(path, folder)) {
        return NULL;
    }
    path += strlen(folder);
    for (size_t i = 0; i < TG_COUNT(names); i++) {
        size_t len = strlen(names[i]);
        if (strncmp(path, names[i], len) == 0 && path[len] == '/') {
            return path + len + 1;
        }
    }
    return NULL;
}

static void account(struct sim_world *world, const char *part, bool is_recursive,
                    struct sim_response *response)
{
    const char *email = strchr(SIM_GCP_OPERATOR, ':') + 1;
    const char *scope = "https://www.googleapis.com/auth/cloud-platform";
    if (tg_str_eq(part, "token")) {
        sim_k8s_reply(response, 200, sim_gcp_token_issue(world, SIM_GCP_OPERATOR));
    } else if (part[0] == '\0' && is_recursive) {
        sim_k8s_reply(
            response, 200,
            json_pack("{s:[s],s:s,s:[s]}", "aliases", "default", "email", email, "scopes", scope));
    } else if (part[0] == '\0') {
        text(response, 200, "application/text", "aliases\nemail\nidentity\nscopes\ntoken\n");
    } else if (tg_str_eq(part, "email")) {
        text(response, 200, "application/text", email);
    } else if (tg_str_eq(part, "aliases")) {
        text(response, 200, "application/text", "default\n");
    } else if (tg_str_eq(part, "scopes")) {
        text(response, 200, "application/text", "https://www.googleapis.com/auth/cloud-platform\n");
    } else {
        text(response, 404, "text/html; charset=UTF-8", "<title>Error 404 (Not Found)</title>\n");
    }
}

void sim_gcp_metadata(struct sim_world *world, const struct sim_request *request,
                      struct sim_response *response)
{
    sim_response_add_header(response, "Metadata-Flavor", "Google");
    if (tg_str_eq(request->path, "/") || tg_str_eq(request->path, "/computeMetadata/")) {
        text(response, 200, "application/text",
             request->path[1] == '\0' ? "computeMetadata/\n" : "v1/\n");
        return;
    }
    if (!tg_str_has_prefix(request->path, ROOT)) {
        text(response, 404, "text/html; charset=UTF-8", "<title>Error 404 (Not Found)</title>\n");
        return;
    }
    if (request->metadata_flavor == NULL || !tg_str_eq(request->metadata_flavor, "Google")) {
        /* what a browser or a redirected request cannot send */
        text(response, 403, "text/html; charset=UTF-8",
             "<title>Error 403 (Forbidden)</title> Missing Metadata-Flavor:Google header.\n");
        return;
    }
    const char *path = request->path + strlen(ROOT);
    const char *part = account_part(path);
    if (part != NULL) {
        json_t *query = sim_query_parse(request->query);
        account(world, part, sim_query_is_true(query, "recursive"), response);
        json_decref(query);
        return;
    }
    char *value = plain_at(world, path);
    if (value == NULL) {
        text(response, 404, "text/html; charset=UTF-8", "<title>Error 404 (Not Found)</title>\n");
    } else {
        text(response, 200, "application/text", value);
    }
    free(value);
}
