/* sim/gcp_project.c - the project itself: its APIs, its billing, its quotas.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim/gcp_store.h"
#include "sim/json_path.h"
#include "sim/lab_objects.h"
#include "sim/shape.h"

/* ---- services ---- */

static json_t *service_document(struct sim_world *world, const char *name)
{
    uint64_t number = sim_lab_project_number(world);
    json_t *document = sim_shape("{'parent':'projects/%" PRIu64 "','state':'ENABLED'}", number);
    json_object_set_new(document, "name",
                        json_sprintf("projects/%" PRIu64 "/services/%s", number, name));
    json_object_set_new(document, "config", json_pack("{s:s}", "name", name));
    return document;
}

void sim_gcp_enable_service(struct sim_world *world, const char *name)
{
    char *path = tg_asprintf("service/%s", name);
    if (sim_gcp_find(world, "%s", path) == NULL) {
        sim_gcp_put(world, path, service_document(world, name));
    }
    free(path);
}

/* Only the services that look at the project of the resource: the others look at the project of the
 * caller's credentials, which for gcloud's and Terraform's own has them all. */
static const struct {
    const char *service;
    const char *title;
} guarded[] = {{"compute", "Compute Engine API"},
               {"container", "Kubernetes Engine API"},
               {"gkehub", "GKE Hub API"}};

json_t *sim_gcp_refuse_disabled(struct sim_gcp_call *call, const char *service)
{
    size_t i = 0;
    while (i < TG_COUNT(guarded) && !tg_str_eq(guarded[i].service, service)) {
        i++;
    }
    if (i == TG_COUNT(guarded) ||
        sim_gcp_find(call->world, "service/%s.googleapis.com", service) != NULL) {
        return NULL;
    }
    uint64_t number = sim_lab_project_number(call->world);
    char *url = tg_asprintf("https://console.developers.google.com/apis/api/%s.googleapis.com/"
                            "overview?project=%" PRIu64,
                            service, number);
    json_t *answer = sim_gcp_error(
        call, 403, "PERMISSION_DENIED",
        "%s has not been used in project %" PRIu64 " before or it is disabled. Enable it by "
        "visiting %s then retry. If you enabled this API recently, wait a few minutes for the "
        "action to propagate to our systems and retry.",
        guarded[i].title, number, url);
    json_t *error = json_object_get(answer, "error");
    json_t *first = json_array_get(json_object_get(error, "errors"), 0);
    json_object_set_new(first, "domain", json_string("usageLimits"));
    json_object_set_new(first, "reason", json_string("accessNotConfigured"));
    json_object_set_new(
        error, "details",
        sim_shape("[{'@type':'type.googleapis.com/google.rpc.Help','links':[{'description':"
                  "'Google developers console API activation','url':'%s'}]},{'@type':"
                  "'type.googleapis.com/google.rpc.ErrorInfo','reason':'SERVICE_DISABLED','domain':"
                  "'googleapis.com','metadata':{'service':'%s.googleapis.com','consumer':"
                  "'projects/%" PRIu64 "'}}]",
                  url, service, number));
    free(url);
    return answer;
}

static void service_enabled(struct sim_world *world, const char *path)
{
    sim_gcp_enable_service(world, sim_gcp_last(path));
}

static json_t *operate(struct sim_gcp_call *call, const char *verb, const char *name,
                       const struct sim_duration *duration, sim_gcp_finish *finish,
                       json_t *response)
{
    char *path = tg_asprintf("service/%s", name);
    struct sim_gcp_change change = {.type = verb,
                                    .place = "services",
                                    .target_link = path,
                                    .path = path,
                                    .duration = duration,
                                    .finish = finish,
                                    .response = response};
    json_t *answer = sim_gcp_operate_long(call->world, &change);
    free(path);
    return answer;
}

static bool is_known_service(const char *name)
{
    return tg_str_has_suffix(name, ".googleapis.com") && strlen(name) < 100 &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-.") == strlen(name);
}

static json_t *enable(struct sim_gcp_call *call, const char *name)
{
    if (!is_known_service(name)) {
        return sim_gcp_error(call, 404, "NOT_FOUND",
                             "Not found or permission denied for "
                             "service(s): %s.",
                             name);
    }
    bool is_on = sim_gcp_find(call->world, "service/%s", name) != NULL;
    return operate(call, "enable", name,
                   is_on ? NULL : &sim_world_params(call->world)->service_enable, service_enabled,
                   NULL);
}

static json_t *batch_enable(struct sim_gcp_call *call)
{
    json_t *answer = NULL;
    size_t i;
    json_t *id;
    json_array_foreach(json_object_get(call->body, "serviceIds"), i, id)
    {
        json_decref(answer);
        answer = enable(call, json_is_string(id) ? json_string_value(id) : "");
        if (*call->status >= 400) {
            return answer;
        }
    }
    return answer == NULL ? sim_gcp_error(call, 400, "INVALID_ARGUMENT", "serviceIds is empty.")
                          : answer;
}

static json_t *identity(struct sim_gcp_call *call, const char *name)
{
    char short_name[SIM_GCP_SEGMENT_SIZE];
    char id[24];
    tg_str_copy(short_name, sizeof short_name, name);
    short_name[strcspn(short_name, ".")] = '\0';
    json_t *response =
        json_pack("{s:s,s:o,s:s}", "@type",
                  "type.googleapis.com/google.api.serviceusage.v1beta1.ServiceIdentity", "email",
                  json_sprintf("service-%" PRIu64 "@gcp-sa-%s.iam.gserviceaccount.com",
                               sim_lab_project_number(call->world), short_name),
                  "uniqueId", sim_gcp_id("identity", name, id));
    return operate(call, "generateServiceIdentity", name, NULL, NULL, response);
}

json_t *sim_gcp_services(struct sim_gcp_call *call)
{
    if (tg_str_eq(sim_gcp_segment(call, 0), "operations")) {
        return sim_gcp_operations(call, "serviceusage", 1);
    }
    const char *collection = sim_gcp_segment(call, 2);
    if (tg_str_eq(collection, "services:batchEnable")) {
        return batch_enable(call);
    }
    if (!tg_str_eq(collection, "services") || call->count > 4) {
        return NULL;
    }
    char name[SIM_GCP_SEGMENT_SIZE];
    tg_str_copy(name, sizeof name, sim_gcp_segment(call, 3));
    char *colon = strchr(name, ':');
    const char *verb = colon == NULL ? "" : colon + 1;
    if (colon != NULL) {
        *colon = '\0';
    }
    if (name[0] == '\0') {
        json_t *services = sim_gcp_children(call->world, "service");
        return json_pack("{s:o}", "services", services);
    }
    if (tg_str_eq(verb, "enable")) {
        return enable(call, name);
    }
    if (tg_str_eq(verb, "generateServiceIdentity")) {
        return identity(call, name);
    }
    if (tg_str_eq(verb, "disable")) {
        char *path = tg_asprintf("service/%s", name);
        sim_gcp_drop(call->world, path);
        free(path);
        return operate(call, "disable", name, NULL, NULL, NULL);
    }
    const json_t *document = sim_gcp_find(call->world, "service/%s", name);
    if (document != NULL) {
        return sim_gcp_shown(document);
    }
    json_t *answer = service_document(call->world, name);
    json_object_set_new(answer, "state", json_string("DISABLED"));
    return answer;
}

/* ---- project, billing, quota ---- */

json_t *sim_gcp_projects(struct sim_gcp_call *call)
{
    char created[48];
    char verb[SIM_GCP_SEGMENT_SIZE];
    if (!tg_str_eq(sim_gcp_segment(call, 0), "projects")) {
        return NULL;
    }
    const char *colon = strchr(sim_gcp_segment(call, 1), ':');
    tg_str_copy(verb, sizeof verb, colon == NULL ? "" : colon + 1);
    const char *project = sim_gcp_project(call->world);
    uint64_t number = sim_lab_project_number(call->world);
    if (verb[0] != '\0') {
        return sim_gcp_project_policy(call, verb);
    }
    if (tg_str_eq(sim_gcp_segment(call, 2), "billingInfo")) {
        return sim_shape("{'name':'projects/%s/billingInfo','projectId':'%s','billingAccountName':"
                         "'billingAccounts/000000-000000-000000','billingEnabled':true}",
                         project, project);
    }
    if (call->count != 2) {
        return NULL;
    }
    /* v1 says projectNumber and lifecycleState, v3 name and state: one object serves both. */
    return sim_shape(
        "{'projectId':'%s','projectNumber':'%" PRIu64 "','name':'projects/%" PRIu64
        "','displayName':'%s','lifecycleState':'ACTIVE','state':'ACTIVE','createTime':'%s'}",
        project, number, number, project, sim_gcp_created(call->world, created, sizeof created));
}

json_t *sim_gcp_quotas(struct sim_gcp_call *call)
{
    /* projects/P/locations/global/services/S/quotaInfos/ID */
    if (!tg_str_eq(sim_gcp_segment(call, 6), "quotaInfos")) {
        return NULL;
    }
    json_t *rows = json_array();
    for (int i = 0; i < sim_world_region_count(call->world); i++) {
        const struct sim_region *region = sim_world_region(call->world, i);
        json_array_append_new(
            rows, sim_shape("{'dimensions':{'region':'%s','tpu_family':'CT6E'},'details':{'value':"
                            "'4'},'applicableLocations':['%s']}",
                            region->name, region->name));
    }
    json_t *info = sim_shape("{'name':'projects/%s/locations/global/services/compute.googleapis."
                             "com/quotaInfos/TPUS-PER-TPU-FAMILY-per-project-region','quotaId':"
                             "'TPUS-PER-TPU-FAMILY-per-project-region','metric':"
                             "'compute.googleapis.com/tpus_per_tpu_family'}",
                             sim_gcp_project(call->world));
    json_object_set_new(info, "dimensionsInfos", rows);
    if (tg_str_eq(sim_gcp_segment(call, 7), "TPUS-PER-TPU-FAMILY-per-project-region")) {
        return info;
    }
    return json_pack("{s:[o]}", "quotaInfos", info);
}
