/* sim/k8s_discovery.c - discovery in both forms, version, OpenAPI v3 index, health. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "sim/k8s_discovery.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim/definition.h"
#include "sim/k8s_autoscale_v1.h"
#include "sim/k8s_list.h"
#include "sim/k8s_openapi.h"
#include "sim/k8s_status.h"
#include "sim/query.h"
#include "sim/store.h"

#define GROUP_VERSIONS_MAX 256u

static json_t *verbs_new(const char *comma_list)
{
    json_t *verbs = json_array();
    while (*comma_list != '\0') {
        size_t len = strcspn(comma_list, ",");
        json_array_append_new(verbs, json_stringn(comma_list, len));
        comma_list += len;
        comma_list += *comma_list == ',' ? 1 : 0;
    }
    return verbs;
}

#define ALL_VERBS "create,delete,deletecollection,get,list,patch,update,watch"

/* Namespaces go one by one. */
static const char *verbs_of(const struct sim_resource *r)
{
    bool is_namespace = r->group[0] == '\0' && tg_str_eq(r->plural, "namespaces");
    return is_namespace ? "create,delete,get,list,patch,update,watch" : ALL_VERBS;
}

/* Resources that are only asked, never kept. */
static const struct virtual_resource {
    const char *group;
    const char *version;
    const char *plural;
    const char *singular;
    const char *kind;
    bool is_namespaced;
    const char *verbs;
    const char *short_name; /* NULL: none */
} virtual_resources[] = {
    {"authentication.k8s.io", "v1", "selfsubjectreviews", "selfsubjectreview", "SelfSubjectReview",
     false, "create", NULL},
    {"authentication.k8s.io", "v1", "tokenreviews", "tokenreview", "TokenReview", false, "create",
     NULL},
    {"authorization.k8s.io", "v1", "localsubjectaccessreviews", "localsubjectaccessreview",
     "LocalSubjectAccessReview", true, "create", NULL},
    {"authorization.k8s.io", "v1", "selfsubjectaccessreviews", "selfsubjectaccessreview",
     "SelfSubjectAccessReview", false, "create", NULL},
    {"authorization.k8s.io", "v1", "selfsubjectrulesreviews", "selfsubjectrulesreview",
     "SelfSubjectRulesReview", false, "create", NULL},
    {"authorization.k8s.io", "v1", "subjectaccessreviews", "subjectaccessreview",
     "SubjectAccessReview", false, "create", NULL},
    {"autoscaling", "v1", "horizontalpodautoscalers", "horizontalpodautoscaler",
     "HorizontalPodAutoscaler", true, SIM_AUTOSCALE_V1_VERBS, "hpa"},
    {"metrics.k8s.io", "v1beta1", "nodes", "", "NodeMetrics", false, "get,list", NULL},
    {"metrics.k8s.io", "v1beta1", "pods", "", "PodMetrics", true, "get,list", NULL},
};

/* Subresources by which a resource is known. */
struct subresource {
    const char *plural; /* NULL: by flag */
    const char *name;
    const char *kind;
    const char *group;
    const char *verbs;
};

static const struct subresource core_subresources[] = {
    {"pods", "attach", "PodAttachOptions", "", "create,get"},
    {"pods", "ephemeralcontainers", "Pod", "", "get,patch,update"},
    {"pods", "eviction", "Eviction", "policy", "create"},
    {"pods", "exec", "PodExecOptions", "", "create,get"},
    {"pods", "log", "Pod", "", "get"},
    {"pods", "portforward", "PodPortForwardOptions", "", "create,get"},
    {"pods", "proxy", "PodProxyOptions", "", "create,delete,get,patch,update"},
    {"serviceaccounts", "token", "TokenRequest", "authentication.k8s.io", "create"},
    {"services", "proxy", "ServiceProxyOptions", "", "create,delete,get,patch,update"},
};

/* ---- which groups there are ---- */

struct group_version {
    const char *group;
    const char *version;
};

struct group_versions {
    struct group_version items[GROUP_VERSIONS_MAX];
    size_t count;
};

static void add_group_version(struct group_versions *all, const char *group, const char *version)
{
    for (size_t i = 0; i < all->count; i++) {
        if (tg_str_eq(all->items[i].group, group) && tg_str_eq(all->items[i].version, version)) {
            return;
        }
    }
    if (group[0] != '\0' && all->count < GROUP_VERSIONS_MAX) {
        all->items[all->count++] = (struct group_version){group, version};
    }
}

/* All (group, version) pairs but the core one, each once. */
static void find_group_versions(const struct sim_store *store, struct group_versions *all)
{
    const struct sim_resource *r;
    all->count = 0;
    for (size_t i = 0; (r = sim_served_at(store, i)) != NULL; i++) {
        add_group_version(all, r->group, r->version);
    }
    for (size_t i = 0; i < TG_COUNT(virtual_resources); i++) {
        add_group_version(all, virtual_resources[i].group, virtual_resources[i].version);
    }
}

/* The first pair of a group stands for it. */
static bool is_first_of_group(const struct group_versions *all, size_t at)
{
    for (size_t i = 0; i < at; i++) {
        if (tg_str_eq(all->items[i].group, all->items[at].group)) {
            return false;
        }
    }
    return true;
}

/* ---- aggregated form ---- */

static json_t *response_kind(const char *group, const char *version, const char *kind)
{
    return json_pack("{s:s, s:s, s:s}", "group", group, "version", version, "kind", kind);
}

static void add_subresource(json_t *list, const char *name, json_t *kind, const char *verbs)
{
    json_array_append_new(list, json_pack("{s:s, s:o, s:o}", "subresource", name, "responseKind",
                                          kind, "verbs", verbs_new(verbs)));
}

static json_t *aggregated_resource(const struct sim_resource *r)
{
    json_t *resource = json_pack("{s:s, s:o, s:s, s:s, s:o}", "resource", r->plural, "responseKind",
                                 response_kind(r->group, r->version, r->kind), "scope",
                                 r->is_namespaced ? "Namespaced" : "Cluster", "singularResource",
                                 r->singular, "verbs", verbs_new(verbs_of(r)));
    if (r->short_names[0] != '\0') {
        json_object_set_new(resource, "shortNames", verbs_new(r->short_names));
    }
    if (r->categories[0] != '\0') {
        json_object_set_new(resource, "categories", verbs_new(r->categories));
    }
    json_t *subresources = json_array();
    for (size_t i = 0; i < TG_COUNT(core_subresources); i++) {
        const struct subresource *s = &core_subresources[i];
        if (r->group[0] == '\0' && tg_str_eq(s->plural, r->plural)) {
            add_subresource(subresources, s->name, response_kind(s->group, "v1", s->kind),
                            s->verbs);
        }
    }
    if (r->has_scale) {
        add_subresource(subresources, "scale", response_kind("autoscaling", "v1", "Scale"),
                        "get,patch,update");
    }
    if (r->has_status) {
        add_subresource(subresources, "status", response_kind(r->group, r->version, r->kind),
                        "get,patch,update");
    }
    if (json_array_size(subresources) > 0) {
        json_object_set(resource, "subresources", subresources);
    }
    json_decref(subresources);
    return resource;
}

static json_t *aggregated_virtual(const struct virtual_resource *v)
{
    json_t *resource = json_pack("{s:s, s:o, s:s, s:s, s:o}", "resource", v->plural, "responseKind",
                                 response_kind(v->group, v->version, v->kind), "scope",
                                 v->is_namespaced ? "Namespaced" : "Cluster", "singularResource",
                                 v->singular, "verbs", verbs_new(v->verbs));
    if (v->short_name != NULL) {
        json_object_set_new(resource, "shortNames", verbs_new(v->short_name));
    }
    return resource;
}

static json_t *aggregated_version(const struct sim_store *store, const char *group,
                                  const char *version)
{
    json_t *resources = json_array();
    const struct sim_resource *r;
    for (size_t i = 0; (r = sim_served_at(store, i)) != NULL; i++) {
        if (tg_str_eq(r->group, group) && tg_str_eq(r->version, version)) {
            json_array_append_new(resources, aggregated_resource(r));
        }
    }
    for (size_t i = 0; i < TG_COUNT(virtual_resources); i++) {
        if (tg_str_eq(virtual_resources[i].group, group) &&
            tg_str_eq(virtual_resources[i].version, version)) {
            json_array_append_new(resources, aggregated_virtual(&virtual_resources[i]));
        }
    }
    return json_pack("{s:s, s:s, s:o}", "version", version, "freshness", "Current", "resources",
                     resources);
}

static json_t *aggregated_group(const struct sim_store *store, const struct group_versions *all,
                                const char *group)
{
    json_t *versions = json_array();
    for (size_t i = 0; i < all->count; i++) {
        if (tg_str_eq(all->items[i].group, group)) {
            json_array_append_new(versions,
                                  aggregated_version(store, group, all->items[i].version));
        }
    }
    return json_pack("{s:{s:s}, s:o}", "metadata", "name", group, "versions", versions);
}

static void reply_aggregated(const struct sim_store *store, struct sim_response *response,
                             bool is_core, const char *version)
{
    json_t *items = json_array();
    struct group_versions all = {.count = 0};
    if (is_core) {
        json_array_append_new(items, json_pack("{s:{}, s:[o]}", "metadata", "versions",
                                               aggregated_version(store, "", "v1")));
    } else {
        find_group_versions(store, &all);
    }
    for (size_t i = 0; i < all.count; i++) {
        if (is_first_of_group(&all, i)) {
            json_array_append_new(items, aggregated_group(store, &all, all.items[i].group));
        }
    }
    char *api_version = tg_asprintf("apidiscovery.k8s.io/%s", version);
    sim_k8s_reply(response, 200,
                  json_pack("{s:s, s:s, s:{}, s:o}", "kind", "APIGroupDiscoveryList", "apiVersion",
                            api_version, "metadata", "items", items));
    free(api_version);
    snprintf(response->content_type, sizeof response->content_type,
             "application/json;g=apidiscovery.k8s.io;v=%s;as=APIGroupDiscoveryList", version);
}

/* ---- legacy form ---- */

static void reply_core_versions(struct sim_response *response)
{
    sim_k8s_reply(response, 200,
                  json_pack("{s:s, s:[s], s:[]}", "kind", "APIVersions", "versions", "v1",
                            "serverAddressByClientCIDRs"));
}

static json_t *legacy_group(const struct group_versions *all, const char *group)
{
    json_t *versions = json_array();
    for (size_t i = 0; i < all->count; i++) {
        const struct group_version *item = &all->items[i];
        if (tg_str_eq(item->group, group)) {
            char *text = tg_asprintf("%s/%s", group, item->version);
            json_array_append_new(
                versions, json_pack("{s:s, s:s}", "groupVersion", text, "version", item->version));
            free(text);
        }
    }
    if (json_array_size(versions) == 0) {
        json_decref(versions);
        return NULL;
    }
    return json_pack("{s:s, s:o, s:O}", "name", group, "versions", versions, "preferredVersion",
                     json_array_get(versions, 0));
}

/* group NULL: all of them. False when there is no such group. */
static bool reply_legacy_groups(const struct sim_store *store, struct sim_response *response,
                                const char *group)
{
    struct group_versions all;
    find_group_versions(store, &all);
    if (group != NULL) {
        json_t *one = legacy_group(&all, group);
        if (one == NULL) {
            return false;
        }
        json_object_set_new(one, "kind", json_string("APIGroup"));
        json_object_set_new(one, "apiVersion", json_string("v1"));
        sim_k8s_reply(response, 200, one);
        return true;
    }
    json_t *groups = json_array();
    for (size_t i = 0; i < all.count; i++) {
        if (is_first_of_group(&all, i)) {
            json_array_append_new(groups, legacy_group(&all, all.items[i].group));
        }
    }
    sim_k8s_reply(
        response, 200,
        json_pack("{s:s, s:s, s:o}", "kind", "APIGroupList", "apiVersion", "v1", "groups", groups));
    return true;
}

/* group: of the kind when it is not the resource's own, else "". */
static void add_legacy(json_t *list, const struct sim_resource *r, const char *subresource,
                       const char *group, const char *kind, const char *verbs)
{
    char *name = subresource[0] == '\0' ? tg_strdup(r->plural)
                                        : tg_asprintf("%s/%s", r->plural, subresource);
    json_t *item = json_pack("{s:s, s:s, s:b, s:s, s:o}", "name", name, "singularName",
                             subresource[0] == '\0' ? r->singular : "", "namespaced",
                             (int)r->is_namespaced, "kind", kind, "verbs", verbs_new(verbs));
    if (subresource[0] == '\0' && r->short_names[0] != '\0') {
        json_object_set_new(item, "shortNames", verbs_new(r->short_names));
    }
    if (subresource[0] == '\0' && r->categories[0] != '\0') {
        json_object_set_new(item, "categories", verbs_new(r->categories));
    }
    if (group[0] != '\0') {
        json_object_set_new(item, "group", json_string(group));
        json_object_set_new(item, "version", json_string("v1"));
    }
    json_array_append_new(list, item);
    free(name);
}

static bool reply_legacy_resources(const struct sim_store *store, struct sim_response *response,
                                   const char *group, const char *version)
{
    json_t *list = json_array();
    const struct sim_resource *r;
    for (size_t i = 0; (r = sim_served_at(store, i)) != NULL; i++) {
        if (!tg_str_eq(r->group, group) || !tg_str_eq(r->version, version)) {
            continue;
        }
        add_legacy(list, r, "", "", r->kind, verbs_of(r));
        for (size_t p = 0; p < TG_COUNT(core_subresources); p++) {
            const struct subresource *s = &core_subresources[p];
            if (r->group[0] == '\0' && tg_str_eq(s->plural, r->plural)) {
                add_legacy(list, r, s->name, s->group, s->kind, s->verbs);
            }
        }
        if (r->has_scale) {
            add_legacy(list, r, "scale", "autoscaling", "Scale", "get,patch,update");
        }
        if (r->has_status) {
            add_legacy(list, r, "status", "", r->kind, "get,patch,update");
        }
    }
    for (size_t i = 0; i < TG_COUNT(virtual_resources); i++) {
        const struct virtual_resource *v = &virtual_resources[i];
        if (tg_str_eq(v->group, group) && tg_str_eq(v->version, version)) {
            json_t *item = json_pack("{s:s, s:s, s:b, s:s, s:o}", "name", v->plural, "singularName",
                                     v->singular, "namespaced", (int)v->is_namespaced, "kind",
                                     v->kind, "verbs", verbs_new(v->verbs));
            if (v->short_name != NULL) {
                json_object_set_new(item, "shortNames", verbs_new(v->short_name));
            }
            json_array_append_new(list, item);
        }
    }
    if (json_array_size(list) == 0) {
        json_decref(list);
        return false;
    }
    char *text = group[0] == '\0' ? tg_strdup(version) : tg_asprintf("%s/%s", group, version);
    json_t *answer = json_pack("{s:s, s:s, s:o}", "kind", "APIResourceList", "groupVersion", text,
                               "resources", list);
    if (group[0] != '\0') { /* the core group's has always lacked it */
        json_object_set_new(answer, "apiVersion", json_string("v1"));
    }
    sim_k8s_reply(response, 200, answer);
    free(text);
    return true;
}

/* ---- version and health ---- */

static void reply_version(struct sim_response *response)
{
    sim_k8s_reply(response, 200,
                  json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "major", "1", "minor", "34",
                            "gitVersion", SIM_GIT_VERSION, "gitTreeState", "clean", "goVersion",
                            "go1.24.6 X:boringcrypto", "compiler", "gc", "platform",
                            "linux/amd64"));
}

static void reply_health(const struct sim_request *request, struct sim_response *response)
{
    json_t *query = sim_query_parse(request->query);
    bool is_verbose = json_object_get(query, "verbose") != NULL;
    json_decref(query);
    response->status = 200;
    snprintf(response->content_type, sizeof response->content_type, "text/plain; charset=utf-8");
    if (is_verbose) {
        tg_buf_printf(&response->body, "[+]ping ok\n[+]etcd ok\n%s check passed\n",
                      request->path + 1);
    } else {
        tg_buf_puts(&response->body, "ok");
    }
}

bool sim_k8s_is_public(const char *path)
{
    static const char *const paths[] = {"/version", "/healthz", "/livez", "/readyz"};
    for (size_t i = 0; i < TG_COUNT(paths); i++) {
        if (tg_str_eq(path, paths[i])) {
            return true;
        }
    }
    return false;
}

/* "v2" or "v2beta1" when Accept prefers aggregated discovery, else NULL. */
static const char *aggregated_version_of(const char *accept)
{
    const char *at = strstr(accept, "as=APIGroupDiscoveryList");
    if (at == NULL) {
        return NULL;
    }
    const char *beta = strstr(accept, "v=v2beta1");
    const char *stable = strstr(accept, "v=v2;");
    return stable != NULL && (beta == NULL || stable < beta) ? "v2"
           : beta != NULL                                    ? "v2beta1"
                                                             : NULL;
}

/* "/apis/G", "/apis/G/V": false when it is neither. */
static bool discover_below(const struct sim_store *store, const char *path,
                           struct sim_response *response)
{
    char group[128];
    char version[64] = "";
    size_t len = strcspn(path, "/");
    snprintf(group, sizeof group, "%.*s", (int)len, path);
    if (path[len] == '\0') {
        return reply_legacy_groups(store, response, group);
    }
    if (strchr(path + len + 1, '/') != NULL) {
        return false;
    }
    snprintf(version, sizeof version, "%s", path + len + 1);
    return reply_legacy_resources(store, response, group, version);
}

bool sim_k8s_discovery(struct sim_store *store, const struct sim_request *request,
                       struct sim_response *response)
{
    const char *path = request->path;
    const char *version = aggregated_version_of(request->accept);
    bool is_root = tg_str_eq(path, "/api") || tg_str_eq(path, "/apis");
    if (!tg_str_eq(request->method, "GET")) {
        return false;
    }
    if (sim_k8s_is_public(path)) {
        if (tg_str_eq(path, "/version")) {
            reply_version(response);
        } else {
            reply_health(request, response);
        }
        return true;
    }
    if (is_root && version != NULL) {
        reply_aggregated(store, response, tg_str_eq(path, "/api"), version);
        return true;
    }
    if (tg_str_eq(path, "/api")) {
        reply_core_versions(response);
        return true;
    }
    if (tg_str_eq(path, "/apis")) {
        return reply_legacy_groups(store, response, NULL);
    }
    if (tg_str_eq(path, "/api/v1")) {
        return reply_legacy_resources(store, response, "", "v1");
    }
    if (tg_str_has_prefix(path, "/apis/")) {
        return discover_below(store, path + strlen("/apis/"), response);
    }
    return sim_k8s_openapi(store, path, request->accept, response);
}
