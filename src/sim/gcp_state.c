/* sim/gcp_state.c - which service a REST path means, and what all its answers share. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "sim/gcp_state.h"
#include "sim/gcp_list.h"
#include "sim/gcp_permission.h"
#include "sim/gcp_store.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/clock.h"
#include "base/fmt.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim/behaviour.h"
#include "sim/controllers.h"
#include "sim/lab_objects.h"
#include "sim/query.h"

typedef json_t *service_function(struct sim_gcp_call *call);

static const struct {
    const char *name;
    service_function *answer;
} services[] = {
    {"compute", sim_gcp_compute},
    {"container", sim_gcp_container},
    {"gkehub", sim_gcp_hub},
    {"storage", sim_gcp_storage},
    {"iam", sim_gcp_iam},
    {"serviceusage", sim_gcp_services},
    {"cloudresourcemanager", sim_gcp_projects},
    {"cloudbilling", sim_gcp_projects},
    {"cloudquotas", sim_gcp_quotas},
    {"monitoring", sim_gcp_monitoring},
};

/* Prefixes under which one host serves several services. */
static const char *const prefixes[][2] = {
    {"gce", ""},
    {"gcs", ""},
    {"gke", "container"},
    {"hub", "gkehub"},
    {"su", "serviceusage"},
    {"crm", "cloudresourcemanager"},
    {"billing", "cloudbilling"},
    {"resumable", ""}, /* gcp_upload.c tells by the request */
    {"upload", ""},
    {"download", ""},
};

static bool is_version(const char *segment)
{
    return tg_str_eq(segment, "beta") ||
           (segment[0] == 'v' && segment[1] >= '1' && segment[1] <= '9' && strlen(segment) <= 8);
}

static bool is_service(const char *segment)
{
    for (size_t i = 0; i < TG_COUNT(services); i++) {
        if (tg_str_eq(services[i].name, segment)) {
            return true;
        }
    }
    return false;
}

/* Cuts the path into segments; the whole is kept, since names of objects hold slashes and are
 * longer than a segment. */
static void split(struct sim_gcp_call *call, const char *path)
{
    call->rest = path + strspn(path, "/");
    while (*path != '\0' && call->count < SIM_GCP_SEGMENTS_MAX) {
        path += *path == '/' ? 1 : 0;
        size_t len = strcspn(path, "/");
        if (len == 0) {
            continue;
        }
        char *segment = tg_strndup(path, len);
        tg_str_copy(call->segments[call->count++], SIM_GCP_SEGMENT_SIZE, segment);
        free(segment);
        path += len;
    }
}

static void shift(struct sim_gcp_call *call)
{
    memmove(call->segments[0], call->segments[1], sizeof call->segments - sizeof call->segments[0]);
    call->count--;
    call->rest += strcspn(call->rest, "/");
    call->rest += strspn(call->rest, "/");
    call->segments[SIM_GCP_SEGMENTS_MAX - 1][0] = '\0';
}

/* The service that a path without its name means, by its collection. */
static const char *guess(const struct sim_gcp_call *call)
{
    static const char *const marks[][2] = {
        {"clusters", "container"},       {"serverConfig", "container"},
        {"memberships", "gkehub"},       {"features", "gkehub"},
        {"services", "serviceusage"},    {"serviceAccounts", "iam"},
        {"operations", "container"},     {"b", "storage"},
        {"timeSeries", "monitoring"},    {"quotaInfos", "cloudquotas"},
        {"billingInfo", "cloudbilling"},
    };
    if (call->count > 0 && tg_str_eq(call->segments[0], "operations")) {
        return "serviceusage"; /* the only one whose operations belong to no project */
    }
    for (int s = 0; s < call->count; s++) {
        for (size_t i = 0; i < TG_COUNT(marks); i++) {
            if (tg_str_eq(call->segments[s], marks[i][0])) {
                return marks[i][1];
            }
        }
    }
    return "cloudresourcemanager";
}

static const char *take_service(struct sim_gcp_call *call)
{
    const char *service = "";
    for (size_t i = 0; call->count > 0 && i < TG_COUNT(prefixes); i++) {
        if (tg_str_eq(call->segments[0], prefixes[i][0])) {
            service = prefixes[i][1];
            shift(call);
        }
    }
    if (call->count > 0 && is_service(call->segments[0])) {
        for (size_t i = 0; i < TG_COUNT(services); i++) {
            if (tg_str_eq(services[i].name, call->segments[0])) {
                service = services[i].name;
            }
        }
        shift(call);
    }
    if (call->count > 0 && is_version(call->segments[0])) {
        tg_str_copy(call->version, sizeof call->version, call->segments[0]);
        shift(call);
    }
    return service[0] != '\0' ? service : guess(call);
}

void sim_gcp_read_path(struct sim_gcp_call *call, const char *path)
{
    call->count = 0;
    split(call, path);
    call->service = take_service(call);
}

/* Whoever names a project to be billed must be allowed to use it; here it can only be this one. */
static json_t *refuse_quota_project(struct sim_gcp_call *call)
{
    const char *payer = call->request == NULL ? NULL : call->request->quota_project;
    char number[24];
    snprintf(number, sizeof number, "%" PRIu64, sim_lab_project_number(call->world));
    if (payer == NULL || payer[0] == '\0' || tg_str_eq(payer, sim_gcp_project(call->world)) ||
        tg_str_eq(payer, number)) {
        return NULL;
    }
    json_t *error = sim_gcp_error(
        call, 403, "PERMISSION_DENIED",
        "Caller does not have required permission to use project %s. Grant the caller the "
        "roles/serviceusage.serviceUsageConsumer role, or a custom role with the "
        "serviceusage.services.use permission.",
        payer);
    return sim_gcp_error_info(error, "USER_PROJECT_DENIED", "googleapis.com",
                              json_pack("{s:o,s:o}", "consumer", json_sprintf("projects/%s", payer),
                                        "service",
                                        json_sprintf("%s.googleapis.com", call->service)));
}

/* What every service asks before it looks at anything; NULL: go on. */
static json_t *refuse(struct sim_gcp_call *call)
{
    /* Every path but storage's names the project first, by id or number. */
    if (tg_str_eq(sim_gcp_segment(call, 0), "projects") && call->count > 1) {
        char project[SIM_GCP_SEGMENT_SIZE];
        char number[24];
        tg_str_copy(project, sizeof project, sim_gcp_segment(call, 1));
        project[strcspn(project, ":")] = '\0';
        snprintf(number, sizeof number, "%" PRIu64, sim_lab_project_number(call->world));
        /* an address of a service account says its project itself */
        bool is_any = tg_str_eq(project, "-") && tg_str_eq(call->service, "iam");
        if (!is_any && !tg_str_eq(project, sim_gcp_project(call->world)) &&
            !tg_str_eq(project, number)) {
            return sim_gcp_error(
                call, 403, "PERMISSION_DENIED",
                "The caller does not have permission, or project %s does not exist.", project);
        }
    }
    json_t *refusal = refuse_quota_project(call);
    refusal = refusal != NULL ? refusal : sim_gcp_refuse_disabled(call, call->service);
    refusal = refusal != NULL ? refusal : sim_gcp_refuse_denied(call);
    return refusal != NULL ? refusal : sim_gcp_refuse_short(call);
}

json_t *sim_gcp_ask(struct sim_gcp_call *call, const char *path)
{
    *call->status = 200;
    call->principal = call->principal == NULL ? SIM_GCP_OPERATOR : call->principal;
    call->params = sim_query_parse(call->query == NULL ? "" : call->query);
    sim_gcp_read_path(call, path);
    json_t *answer = refuse(call);
    for (size_t i = 0; answer == NULL && i < TG_COUNT(services); i++) {
        if (tg_str_eq(services[i].name, call->service)) {
            answer = services[i].answer(call);
            break;
        }
    }
    if (answer != NULL && *call->status < 300) {
        answer = sim_gcp_partial(call, answer);
    }
    json_decref(call->params);
    call->params = NULL;
    return answer;
}

json_t *sim_gcp_get(struct sim_world *world, const char *method, const char *path,
                    const char *query, const json_t *body, int *status)
{
    struct sim_gcp_call call = {
        .world = world, .method = method, .query = query, .body = body, .status = status};
    return sim_gcp_ask(&call, path);
}

bool sim_gcp_is_name(const char *name)
{
    size_t len = strlen(name);
    return len >= 1 && len <= 63 && name[0] >= 'a' && name[0] <= 'z' && name[len - 1] != '-' &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == len;
}

const char *sim_gcp_segment(const struct sim_gcp_call *call, int i)
{
    return i < call->count ? call->segments[i] : "";
}

const char *sim_gcp_project(struct sim_world *world)
{
    return sim_world_config(world)->project;
}

const char *sim_gcp_id(const char *kind, const char *name, char out[24])
{
    uint64_t hash = tg_hash_str(kind) * 31 + tg_hash_str(name);
    snprintf(out, 24, "%" PRIu64,
             UINT64_C(1000000000000000000) + hash % UINT64_C(8000000000000000000));
    return out;
}

const char *sim_gcp_created(struct sim_world *world, char *out, size_t size)
{
    return tg_fmt_rfc3339(out, size, sim_world_config(world)->start_wall_us - 7500 * TG_US_PER_S,
                          3);
}

struct sim_region *sim_gcp_region(struct sim_world *world, const char *name)
{
    for (int i = 0; i < sim_world_region_count(world); i++) {
        struct sim_region *region = sim_world_region(world, i);
        if (tg_str_eq(region->name, name)) {
            return region;
        }
    }
    return NULL;
}

struct sim_region *sim_gcp_zone(struct sim_world *world, const char *zone)
{
    for (int i = 0; i < sim_world_region_count(world); i++) {
        struct sim_region *region = sim_world_region(world, i);
        if (tg_str_eq(region->zone, zone)) {
            return region;
        }
    }
    return NULL;
}
