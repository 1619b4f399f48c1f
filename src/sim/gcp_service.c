/* sim/gcp_service.c - the Service Usage API: which APIs the project has enabled, and what one that
 * is not says. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim/gcp_list.h"
#include "sim/gcp_store.h"
#include "sim/json_path.h"
#include "sim/lab_objects.h"
#include "sim/params.h"
#include "sim/query.h"
#include "sim/shape.h"

#define DOMAIN_END ".googleapis.com"

/* What the world knows; others may be enabled too. Those that an API needs are enabled with it.
 * has_guard: the service looks at the project of the resource; the others look at the project of
 * the caller's credentials, which for gcloud's and Terraform's own has them all. */
static const struct {
    const char *name;
    const char *title;
    const char *needs;
    bool has_guard;
} known[] = {
    {"artifactregistry", "Artifact Registry API", "", false},
    {"cloudbilling", "Cloud Billing API", "", false},
    {"cloudquotas", "Cloud Quotas API", "", true},
    {"cloudresourcemanager", "Cloud Resource Manager API", "", false},
    {"compute", "Compute Engine API", "oslogin", true},
    {"container", "Kubernetes Engine API",
     "artifactregistry compute iam iamcredentials logging monitoring pubsub", true},
    {"gkehub", "GKE Hub API", "", true},
    {"iam", "Identity and Access Management (IAM) API", "", false},
    {"iamcredentials", "IAM Service Account Credentials API", "iam", false},
    {"logging", "Cloud Logging API", "", false},
    {"monitoring", "Cloud Monitoring API", "", true},
    {"multiclusteringress", "Multi Cluster Ingress API", "gkehub", false},
    {"multiclusterservicediscovery", "Multi Cluster Service Discovery API", "gkehub", false},
    {"networkservices", "Network Services API", "", false},
    {"oslogin", "Cloud OS Login API", "", false},
    {"pubsub", "Cloud Pub/Sub API", "", false},
    {"serviceusage", "Service Usage API", "", false},
    {"storage", "Cloud Storage API", "", false},
    {"tpu", "Cloud TPU API", "", false},
    {"trafficdirector", "Traffic Director API", "networkservices", false},
};

/* Number of "compute.googleapis.com" in the table, -1 when it is not there. */
static int find_known(const char *name)
{
    for (size_t i = 0; i < TG_COUNT(known); i++) {
        size_t len = strlen(known[i].name);
        if (strncmp(known[i].name, name, len) == 0 && tg_str_eq(name + len, DOMAIN_END)) {
            return (int)i;
        }
    }
    return -1;
}

static json_t *service_document(struct sim_world *world, const char *name, bool is_on)
{
    uint64_t number = sim_lab_project_number(world);
    int i = find_known(name);
    return json_pack("{s:o,s:o,s:s,s:{s:s,s:s}}", "name",
                     json_sprintf("projects/%" PRIu64 "/services/%s", number, name), "parent",
                     json_sprintf("projects/%" PRIu64, number), "state",
                     is_on ? "ENABLED" : "DISABLED", "config", "name", name, "title",
                     i < 0 ? name : known[i].title);
}

/* ---- enabled and disabled ---- */

/* True when needs, a list of short names, has the one that name begins with. */
static bool needs_it(const char *needs, const char *name)
{
    size_t len = strcspn(name, ".");
    for (const char *at = needs; *at != '\0'; at += strspn(at, " ")) {
        size_t word = strcspn(at, " ");
        if (word == len && strncmp(at, name, len) == 0) {
            return true;
        }
        at += word;
    }
    return false;
}

void sim_gcp_enable_service(struct sim_world *world, const char *name)
{
    char *path = tg_asprintf("service/%s", name);
    if (sim_gcp_find(world, "%s", path) == NULL) {
        sim_gcp_put(world, path, service_document(world, name, true));
        int i = find_known(name);
        for (size_t k = 0; i >= 0 && k < TG_COUNT(known); k++) {
            if (needs_it(known[i].needs, known[k].name)) {
                char *needed = tg_asprintf("%s" DOMAIN_END, known[k].name);
                sim_gcp_enable_service(world, needed);
                free(needed);
            }
        }
    }
    free(path);
}

json_t *sim_gcp_refuse_disabled(struct sim_gcp_call *call, const char *service)
{
    char name[SIM_GCP_SEGMENT_SIZE];
    snprintf(name, sizeof name, "%.100s" DOMAIN_END, service);
    int i = find_known(name);
    if (i < 0 || !known[i].has_guard || sim_gcp_find(call->world, "service/%s", name) != NULL) {
        return NULL;
    }
    uint64_t number = sim_lab_project_number(call->world);
    char *url = tg_asprintf("https://console.developers.google.com/apis/api/%s/overview?project="
                            "%" PRIu64,
                            name, number);
    json_t *answer = sim_gcp_error(
        call, 403, "PERMISSION_DENIED",
        "%s has not been used in project %" PRIu64 " before or it is disabled. Enable it by "
        "visiting %s then retry. If you enabled this API recently, wait a few minutes for the "
        "action to propagate to our systems and retry.",
        known[i].title, number, url);
    sim_gcp_reason(answer, "usageLimits", "accessNotConfigured");
    json_object_set_new(
        json_object_get(answer, "error"), "details",
        sim_shape("[{'@type':'type.googleapis.com/google.rpc.Help','links':[{'description':"
                  "'Google developers console API activation','url':'%s'}]}]",
                  url));
    sim_gcp_error_info(answer, "SERVICE_DISABLED", "googleapis.com",
                       json_pack("{s:s,s:o,s:s,s:s}", "service", name, "consumer",
                                 json_sprintf("projects/%" PRIu64, number), "serviceTitle",
                                 known[i].title, "activationUrl", url));
    free(url);
    return answer;
}

/* ---- operations ---- */

/* The document "enable/..." lists what shall be on; it goes when that is done. */
static void batch_enabled(struct sim_world *world, const char *path)
{
    json_t *names = json_incref(sim_gcp_find(world, "%s", path));
    size_t i;
    json_t *name;
    json_array_foreach(names, i, name)
    {
        sim_gcp_enable_service(world, json_string_value(name));
    }
    json_decref(names);
    sim_gcp_drop(world, path);
}

static json_t *operate(struct sim_gcp_call *call, const char *verb, const char *path,
                       const struct sim_duration *duration, sim_gcp_finish *finish,
                       json_t *response)
{
    struct sim_gcp_change change = {.type = verb,
                                    .place = "services",
                                    .target_link = path,
                                    .path = path,
                                    .duration = duration,
                                    .finish = finish,
                                    .response = response};
    return sim_gcp_operate_long(call->world, &change);
}

static bool is_service_name(const char *name)
{
    return tg_str_has_suffix(name, DOMAIN_END) && strlen(name) < 100 &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-.") == strlen(name);
}

/* Compute Engine and Kubernetes Engine are enabled only where somebody pays; NULL: go on. */
static json_t *refuse_unpaid(struct sim_gcp_call *call, const json_t *names)
{
    size_t i;
    json_t *item;
    json_array_foreach(names, i, item)
    {
        const char *name = json_string_value(item);
        bool is_paid = tg_str_has_prefix(name, "compute.") || tg_str_has_prefix(name, "container.");
        if (is_paid && sim_world_params(call->world)->has_billing == 0) {
            return sim_gcp_error(call, 400, "FAILED_PRECONDITION",
                                 "Billing account for project '%" PRIu64
                                 "' is not found. Billing must be enabled for activation of "
                                 "service(s) '%s' to proceed.",
                                 sim_lab_project_number(call->world), name);
        }
    }
    return NULL;
}

/* Enables the services in names (an array, stolen) with one operation. */
static json_t *enable(struct sim_gcp_call *call, json_t *names, bool is_batch)
{
    json_t *shown = json_array();
    bool is_on = true;
    size_t i;
    json_t *item;
    json_array_foreach(names, i, item)
    {
        const char *name = json_is_string(item) ? json_string_value(item) : "";
        if (!is_service_name(name)) {
            json_t *error =
                sim_gcp_error(call, 404, "NOT_FOUND",
                              "Not found or permission denied for service(s): %.100s.", name);
            json_decref(shown);
            json_decref(names);
            return error;
        }
        is_on = is_on && sim_gcp_find(call->world, "service/%s", name) != NULL;
        json_array_append_new(shown, service_document(call->world, name, true));
    }
    if (json_array_size(names) == 0) {
        json_decref(shown);
        json_decref(names);
        return sim_gcp_error(call, 400, "INVALID_ARGUMENT", "No services were specified.");
    }
    json_t *unpaid = refuse_unpaid(call, names);
    if (unpaid != NULL) {
        json_decref(shown);
        json_decref(names);
        return unpaid;
    }
    static const char type[] = "type.googleapis.com/google.api.serviceusage.v1.";
    json_t *response =
        is_batch ? json_pack("{s:o,s:o}", "@type",
                             json_sprintf("%sBatchEnableServicesResponse", type), "services", shown)
                 : json_pack("{s:o,s:O}", "@type", json_sprintf("%sEnableServiceResponse", type),
                             "service", json_array_get(shown, 0));
    if (!is_batch) {
        json_decref(shown);
    }
    /* by the first one's name, so that draws do not depend on how many there are */
    char *path = tg_asprintf("enable/%s/%" PRIx64, json_string_value(json_array_get(names, 0)),
                             sim_world_draw(call->world, "cloud", "enable"));
    sim_gcp_put(call->world, path, names);
    json_t *answer =
        operate(call, "enable", path, is_on ? NULL : &sim_world_params(call->world)->service_enable,
                batch_enabled, response);
    free(path);
    return answer;
}

/* Enabled services that need name, as texts; a new array. */
static json_t *dependents_of(struct sim_world *world, const char *name)
{
    json_t *list = json_array();
    for (size_t i = 0; i < TG_COUNT(known); i++) {
        if (needs_it(known[i].needs, name) &&
            sim_gcp_find(world, "service/%s" DOMAIN_END, known[i].name) != NULL) {
            json_array_append_new(list, json_sprintf("%s" DOMAIN_END, known[i].name));
        }
    }
    return list;
}

static json_t *disable(struct sim_gcp_call *call, const char *name)
{
    json_t *dependents = dependents_of(call->world, name);
    bool has_all = sim_json_is_true(call->body, "disableDependentServices");
    if (json_array_size(dependents) > 0 && !has_all) {
        json_t *error = sim_gcp_error(
            call, 400, "FAILED_PRECONDITION",
            "The service %s is depended on by the following active service(s): %s; Please specify "
            "disable_dependent_services=true if you want to proceed with disabling all services.",
            name, json_string_value(json_array_get(dependents, 0)));
        json_decref(dependents);
        return error;
    }
    json_array_append_new(dependents, json_string(name));
    size_t i;
    json_t *one;
    json_array_foreach(dependents, i, one)
    {
        char *path = tg_asprintf("service/%s", json_string_value(one));
        sim_gcp_drop(call->world, path);
        free(path);
    }
    json_decref(dependents);
    return operate(
        call, "disable", name, NULL, NULL,
        json_pack("{s:s,s:o}", "@type",
                  "type.googleapis.com/google.api.serviceusage.v1.DisableServiceResponse",
                  "service", service_document(call->world, name, false)));
}

static json_t *identity(struct sim_gcp_call *call, const char *name)
{
    char id[24];
    json_t *response =
        json_pack("{s:s,s:o,s:s}", "@type",
                  "type.googleapis.com/google.api.serviceusage.v1beta1.ServiceIdentity", "email",
                  json_sprintf("service-%" PRIu64 "@gcp-sa-%.*s.iam.gserviceaccount.com",
                               sim_lab_project_number(call->world), (int)strcspn(name, "."), name),
                  "uniqueId", sim_gcp_id("identity", name, id));
    return operate(call, "generateServiceIdentity", name, NULL, NULL, response);
}

/* ---- requests ---- */

static json_t *list_services(struct sim_gcp_call *call)
{
    json_t *error = NULL;
    json_t *items = sim_gcp_children(call->world, "service");
    for (size_t i = 0; i < TG_COUNT(known); i++) {
        if (sim_gcp_find(call->world, "service/%s" DOMAIN_END, known[i].name) == NULL) {
            char *name = tg_asprintf("%s" DOMAIN_END, known[i].name);
            json_array_append_new(items, service_document(call->world, name, false));
            free(name);
        }
    }
    json_t *answer = json_object();
    sim_gcp_order(call, items);
    if (!sim_gcp_filter(call, items, &error) ||
        !sim_gcp_page(call, items, "pageSize", 200, answer, &error)) {
        json_decref(answer);
        answer = error;
    } else if (json_array_size(items) > 0) {
        json_object_set(answer, "services", items);
    }
    json_decref(items);
    return answer;
}

static json_t *batch_get(struct sim_gcp_call *call)
{
    json_t *names = sim_query_list(call->query == NULL ? "" : call->query, "names");
    json_t *items = json_array();
    size_t i;
    json_t *item;
    json_array_foreach(names, i, item)
    {
        const char *name = sim_gcp_last(json_string_value(item));
        json_array_append_new(
            items, service_document(call->world, name,
                                    sim_gcp_find(call->world, "service/%s", name) != NULL));
    }
    json_decref(names);
    return json_pack("{s:o}", "services", items);
}

static json_t *on_service(struct sim_gcp_call *call, const char *name, const char *verb)
{
    if (tg_str_eq(verb, "enable")) {
        return enable(call, json_pack("[s]", name), false);
    }
    if (tg_str_eq(verb, "disable")) {
        return disable(call, name);
    }
    if (tg_str_eq(verb, "generateServiceIdentity")) {
        return identity(call, name);
    }
    bool is_on = sim_gcp_find(call->world, "service/%s", name) != NULL;
    return verb[0] == '\0' ? service_document(call->world, name, is_on) : NULL;
}

json_t *sim_gcp_services(struct sim_gcp_call *call)
{
    if (tg_str_eq(sim_gcp_segment(call, 0), "operations")) {
        return sim_gcp_operations(call, "serviceusage", 1);
    }
    const char *collection = sim_gcp_segment(call, 2);
    if (tg_str_eq(collection, "services:batchEnable")) {
        const json_t *ids = json_object_get(call->body, "serviceIds");
        return enable(call, json_is_array(ids) ? json_deep_copy(ids) : json_array(), true);
    }
    if (tg_str_eq(collection, "services:batchGet")) {
        return batch_get(call);
    }
    if (!tg_str_eq(collection, "services")) {
        return NULL;
    }
    char name[SIM_GCP_SEGMENT_SIZE];
    tg_str_copy(name, sizeof name, sim_gcp_segment(call, 3));
    char *colon = strchr(name, ':');
    if (colon != NULL) {
        *colon = '\0';
    }
    if (tg_str_eq(sim_gcp_segment(call, 4), "consumerQuotaMetrics")) {
        return sim_gcp_consumer_quotas(call);
    }
    if (call->count > 4) {
        return NULL;
    }
    return name[0] == '\0' ? list_services(call)
                           : on_service(call, name, colon == NULL ? "" : colon + 1);
}
