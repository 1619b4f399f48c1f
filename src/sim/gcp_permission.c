/* sim/gcp_permission.c - which permission a call needs, and who has it. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "sim/gcp_permission.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim/front.h"
#include "sim/gcp_store.h"
#include "sim/json_path.h"

#define DENIED "deny/"

/* ---- roles ---- */

/* Permissions of a role: names, "container.*" all of a service, "*.list" all that end so. */
static const struct {
    const char *role;
    const char *permissions[8];
} roles[] = {
    {"roles/owner", {"*"}},
    {"roles/editor", {"*"}}, /* without what is_reserved() names */
    {"roles/viewer", {"*.get", "*.list", "*.getIamPolicy"}},
    {"roles/container.admin", {"container.*", "resourcemanager.projects.get"}},
    {"roles/container.developer",
     {"container.clusters.get", "container.clusters.list", "container.operations.*"}},
    {"roles/container.viewer", {"container.*.get", "container.*.list"}},
    {"roles/compute.admin", {"compute.*"}},
    {"roles/compute.networkAdmin",
     {"compute.networks.*", "compute.subnetworks.*", "compute.addresses.*", "compute.*.get",
      "compute.*.list", "compute.forwardingRules.*", "compute.backendServices.*"}},
    {"roles/compute.securityAdmin", {"compute.firewalls.*", "compute.networks.updatePolicy"}},
    {"roles/compute.viewer", {"compute.*.get", "compute.*.list"}},
    {"roles/gkehub.admin", {"gkehub.*"}},
    {"roles/gkehub.viewer", {"gkehub.*.get", "gkehub.*.list"}},
    {"roles/storage.admin", {"storage.*"}},
    {"roles/storage.objectAdmin", {"storage.objects.*"}},
    {"roles/storage.objectUser", {"storage.objects.*"}},
    {"roles/storage.objectViewer", {"storage.objects.get", "storage.objects.list"}},
    {"roles/storage.objectCreator", {"storage.objects.create"}},
    {"roles/storage.legacyBucketReader", {"storage.buckets.get", "storage.objects.list"}},
    {"roles/iam.serviceAccountAdmin", {"iam.serviceAccounts.*"}},
    {"roles/iam.serviceAccountTokenCreator", {"iam.serviceAccounts.getAccessToken"}},
    {"roles/iam.workloadIdentityUser", {"iam.serviceAccounts.getAccessToken"}},
    {"roles/resourcemanager.projectIamAdmin",
     {"resourcemanager.projects.getIamPolicy", "resourcemanager.projects.setIamPolicy",
      "resourcemanager.projects.get"}},
    {"roles/serviceusage.serviceUsageAdmin", {"serviceusage.*"}},
    {"roles/serviceusage.serviceUsageConsumer",
     {"serviceusage.services.use", "serviceusage.services.list", "serviceusage.services.get"}},
    {"roles/monitoring.viewer", {"monitoring.*.get", "monitoring.*.list"}},
    {"roles/monitoring.metricWriter", {"monitoring.timeSeries.create"}},
};

/* "container.*.get" against "container.clusters.get"; one star each side of a dot at most. */
static bool covers(const char *pattern, const char *permission)
{
    const char *star = strchr(pattern, '*');
    if (star == NULL) {
        return tg_str_eq(pattern, permission);
    }
    size_t head = (size_t)(star - pattern);
    size_t tail = strlen(star + 1);
    size_t len = strlen(permission);
    return len >= head + tail && strncmp(pattern, permission, head) == 0 &&
           strcmp(permission + len - tail, star + 1) == 0;
}

static bool is_reserved(const char *role, const char *permission)
{
    return tg_str_eq(role, "roles/editor") && tg_str_has_suffix(permission, ".setIamPolicy");
}

static bool grants(const char *role, const char *permission)
{
    for (size_t i = 0; i < TG_COUNT(roles); i++) {
        if (!tg_str_eq(roles[i].role, role) || is_reserved(role, permission)) {
            continue;
        }
        for (size_t p = 0; p < TG_COUNT(roles[i].permissions); p++) {
            if (roles[i].permissions[p] != NULL && covers(roles[i].permissions[p], permission)) {
                return true;
            }
        }
    }
    return false;
}

static bool binds(struct sim_world *world, const json_t *policy, const char *member,
                  const char *permission)
{
    size_t i;
    json_t *binding;
    json_array_foreach(json_object_get(policy, "bindings"), i, binding)
    {
        const char *role = sim_json_text(binding, "role");
        if (grants(role, permission) && sim_gcp_policy_is_effective(world, policy, role, member)) {
            return true;
        }
    }
    return false;
}

struct denial {
    const char *permission;
    bool is_denied;
};

static bool look_denied(void *context, const char *path, json_t *document)
{
    struct denial *denial = context;
    (void)document;
    denial->is_denied = covers(path + strlen(DENIED), denial->permission);
    return !denial->is_denied;
}

bool sim_gcp_may(struct sim_world *world, const char *member, const char *permission,
                 const char *bucket)
{
    struct denial denial = {permission, false};
    sim_gcp_each(world, DENIED, look_denied, &denial);
    if (denial.is_denied) {
        return false;
    }
    return binds(world, sim_gcp_find(world, "policy/project"), member, permission) ||
           (bucket != NULL &&
            binds(world, sim_gcp_find(world, "policy/bucket/%s", bucket), member, permission));
}

void sim_gcp_deny(struct sim_world *world, const char *permission, bool is_denied)
{
    char *path = tg_asprintf(DENIED "%s", permission);
    if (is_denied) {
        sim_gcp_put(world, path, json_object());
    } else {
        sim_gcp_drop(world, path);
    }
    free(path);
}

/* ---- what a call needs ---- */

static const char *verb_of(const struct sim_gcp_call *call, bool is_one)
{
    return tg_str_eq(call->method, "POST")                                      ? "create"
           : tg_str_eq(call->method, "DELETE")                                  ? "delete"
           : tg_str_eq(call->method, "PATCH") || tg_str_eq(call->method, "PUT") ? "update"
           : is_one                                                             ? "get"
                                                                                : "list";
}

static void compute_permission(const struct sim_gcp_call *call, char *out, size_t size)
{
    const char *place = sim_gcp_segment(call, 2);
    bool is_scoped = tg_str_eq(place, "regions") || tg_str_eq(place, "zones");
    int at = is_scoped ? 4 : 3;
    const char *collection = sim_gcp_segment(call, at);
    const char *extra = sim_gcp_segment(call, at + 2);
    if (call->count == 2) {
        snprintf(out, size, "compute.projects.get");
    } else if (collection[0] == '\0') {
        snprintf(out, size, "compute.%s.%s", place, verb_of(call, call->count == 4));
    } else if (tg_str_eq(collection, "operations")) {
        snprintf(out, size, "compute.%sOperations.%s",
                 tg_str_eq(place, "zones")     ? "zone"
                 : tg_str_eq(place, "regions") ? "region"
                                               : "global",
                 call->count > at + 1 ? "get" : "list");
    } else if (tg_str_eq(extra, "getHealth") || tg_str_eq(extra, "listNetworkEndpoints")) {
        snprintf(out, size, "compute.%s.get", collection);
    } else if (extra[0] != '\0') {
        snprintf(out, size, "compute.%s.%s", collection, extra);
    } else {
        snprintf(out, size, "compute.%s.%s", collection, verb_of(call, call->count > at + 1));
    }
}

static void storage_permission(const struct sim_gcp_call *call, char *out, size_t size)
{
    const char *part = sim_gcp_segment(call, 2);
    if (tg_str_eq(part, "iam")) {
        snprintf(out, size, "storage.buckets.%s",
                 tg_str_eq(call->method, "PUT") ? "setIamPolicy" : "getIamPolicy");
    } else if (tg_str_eq(part, "o")) {
        snprintf(out, size, "storage.objects.%s", verb_of(call, call->count > 3));
    } else {
        snprintf(out, size, "storage.buckets.%s", verb_of(call, call->count > 1));
    }
}

/* Services whose resources are projects/P/COLLECTION/NAME or
 * projects/P/locations/L/COLLECTION/NAME, some with a verb behind a colon. */
static void plain_permission(const struct sim_gcp_call *call, const char *service, char *out,
                             size_t size)
{
    int at = tg_str_eq(sim_gcp_segment(call, 2), "locations") ||
                     tg_str_eq(sim_gcp_segment(call, 2), "zones")
                 ? 4
                 : 2;
    char collection[SIM_GCP_SEGMENT_SIZE];
    tg_str_copy(collection, sizeof collection, sim_gcp_segment(call, at));
    const char *last = call->count > 0 ? sim_gcp_segment(call, call->count - 1) : "";
    const char *colon = strchr(last, ':');
    collection[strcspn(collection, ":")] = '\0';
    if (collection[0] == '\0') {
        out[0] = '\0';
    } else if (colon != NULL) {
        bool is_batch = tg_str_has_prefix(colon + 1, "batch");
        snprintf(out, size, "%s.%s.%s%s", service, collection, is_batch ? "" : colon + 1,
                 is_batch ? "enable" : "");
    } else {
        snprintf(out, size, "%s.%s.%s", service, collection, verb_of(call, call->count > at + 1));
    }
}

static void project_permission(const struct sim_gcp_call *call, char *out, size_t size)
{
    const char *colon = strchr(sim_gcp_segment(call, 1), ':');
    if (call->count < 2 || (colon != NULL && tg_str_eq(colon, ":testIamPermissions"))) {
        out[0] = '\0'; /* everybody may ask what they may, and list what they see */
        return;
    }
    snprintf(out, size, "resourcemanager.projects.%s", colon == NULL ? "get" : colon + 1);
}

const char *sim_gcp_permission_of(const struct sim_gcp_call *call, char *out, size_t size)
{
    const char *service = call->service;
    out[0] = '\0';
    if (tg_str_eq(service, "compute")) {
        compute_permission(call, out, size);
    } else if (tg_str_eq(service, "storage")) {
        storage_permission(call, out, size);
    } else if (tg_str_eq(service, "cloudresourcemanager") || tg_str_eq(service, "cloudbilling")) {
        project_permission(call, out, size);
    } else if (tg_str_eq(service, "container") &&
               tg_str_eq(sim_gcp_segment(call, 6), "nodePools")) {
        /* node pools are part of their cluster */
        snprintf(out, size, "container.clusters.%s",
                 tg_str_eq(call->method, "GET") ? "get" : "update");
    } else {
        plain_permission(call, service, out, size);
    }
    if (tg_str_has_suffix(out, "estIamPermissions") || tg_str_has_suffix(out, "testPermissions")) {
        out[0] = '\0';
    }
    return out;
}

static const char *bucket_of(const struct sim_gcp_call *call)
{
    return tg_str_eq(call->service, "storage") && call->count > 1 ? sim_gcp_segment(call, 1) : NULL;
}

static json_t *denied(struct sim_gcp_call *call, const char *permission)
{
    const char *service = call->service;
    const char *project = sim_gcp_project(call->world);
    const char *email = strchr(call->principal, ':');
    email = email == NULL ? call->principal : email + 1;
    if (tg_str_eq(service, "compute")) {
        return sim_gcp_error(call, 403, "PERMISSION_DENIED",
                             "Required '%s' permission for 'projects/%s/%s'", permission, project,
                             call->count > 2 ? strchr(strchr(call->rest, '/') + 1, '/') + 1 : "");
    }
    if (tg_str_eq(service, "storage")) {
        const char *what = tg_str_has_prefix(permission, "storage.objects") ? "object" : "bucket";
        return sim_gcp_error(call, 403, "PERMISSION_DENIED",
                             "%s does not have %s access to the Google Cloud Storage %s. "
                             "Permission '%s' denied on resource (or it may not exist).",
                             email, permission, what, permission);
    }
    if (tg_str_eq(service, "container")) {
        return sim_gcp_error(call, 403, "PERMISSION_DENIED",
                             "Required \"%s\" permission(s) for \"projects/%s\".", permission,
                             project);
    }
    json_t *error =
        sim_gcp_error(call, 403, "PERMISSION_DENIED",
                      "Permission '%s' denied on resource '//%s.googleapis.com/projects/"
                      "%s' (or it may not exist).",
                      permission, service, project);
    return sim_gcp_error_info(error, "IAM_PERMISSION_DENIED", "iam.googleapis.com",
                              json_pack("{s:s,s:o}", "permission", permission, "resource",
                                        json_sprintf("projects/%s", project)));
}

json_t *sim_gcp_refuse_denied(struct sim_gcp_call *call)
{
    char permission[2 * SIM_GCP_SEGMENT_SIZE + 64];
    sim_gcp_permission_of(call, permission, sizeof permission);
    bool is_struck = call->request != NULL && call->request->refusal == SIM_REFUSAL_DENIED;
    if (permission[0] == '\0' ||
        (!is_struck && sim_gcp_may(call->world, call->principal, permission, bucket_of(call)))) {
        return NULL;
    }
    return denied(call, permission);
}

/* ---- quota that a fault takes ---- */

static bool creates(const struct sim_gcp_call *call)
{
    char permission[2 * SIM_GCP_SEGMENT_SIZE + 64];
    sim_gcp_permission_of(call, permission, sizeof permission);
    bool has_quota = tg_str_eq(call->service, "compute") || tg_str_eq(call->service, "container");
    bool is_pool = tg_str_eq(sim_gcp_segment(call, 6), "nodePools") && call->count == 7;
    return has_quota && tg_str_eq(call->method, "POST") &&
           (is_pool || tg_str_has_suffix(permission, ".create"));
}

bool sim_gcp_creates(struct sim_world *world, const struct sim_request *request)
{
    struct sim_gcp_call call = {.world = world, .method = request->method};
    sim_gcp_read_path(&call, request->path);
    return creates(&call);
}

json_t *sim_gcp_refuse_short(struct sim_gcp_call *call)
{
    if (call->request == NULL || call->request->refusal != SIM_REFUSAL_QUOTA || !creates(call)) {
        return NULL;
    }
    if (tg_str_eq(call->service, "container")) {
        bool is_pool = tg_str_eq(sim_gcp_segment(call, 6), "nodePools");
        return sim_gcp_error(
            call, 403, "PERMISSION_DENIED",
            "Insufficient regional quota to satisfy request: resource \"%s\": request requires "
            "'%s' and is short '%s'. project has a quota of '0.0' with '0.0' available. View and "
            "manage quotas at https://console.cloud.google.com/iam-admin/quotas?usage=USED&project="
            "%s.",
            is_pool ? "TPUV6E_CHIPS" : "CPUS", is_pool ? "4.0" : "16.0", is_pool ? "4.0" : "16.0",
            sim_gcp_project(call->world));
    }
    bool is_regional = tg_str_eq(sim_gcp_segment(call, 2), "regions");
    char metric[SIM_GCP_SEGMENT_SIZE];
    tg_str_copy(metric, sizeof metric, sim_gcp_segment(call, is_regional ? 4 : 3));
    for (char *at = metric; *at != '\0'; at++) {
        *at = *at >= 'a' && *at <= 'z' ? (char)(*at - 'a' + 'A') : *at;
    }
    json_t *error = sim_gcp_error(
        call, 403, "PERMISSION_DENIED", "Quota '%s' exceeded.  Limit: 0.0 %s%s.", metric,
        is_regional ? "in region " : "globally", is_regional ? sim_gcp_segment(call, 3) : "");
    return sim_gcp_reason(error, "usageLimits", "quotaExceeded");
}

json_t *sim_gcp_test_permissions(struct sim_gcp_call *call, const json_t *asked, const char *bucket)
{
    json_t *held = json_array();
    size_t i;
    json_t *one;
    json_array_foreach(asked, i, one)
    {
        if (json_is_string(one) &&
            sim_gcp_may(call->world, call->principal, json_string_value(one), bucket)) {
            json_array_append(held, one);
        }
    }
    if (json_array_size(held) == 0) {
        json_decref(held);
        return json_object();
    }
    return json_pack("{s:o}", "permissions", held);
}
