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
#include "sim/k8s_list.h"
#include "sim/k8s_status.h"
#include "sim/query.h"
#include "sim/store.h"

#define GIT_VERSION "v1.34.1-gke.1829001"

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

/* Resources that are only asked, never kept. */
static const struct {
    const char *group;
    const char *version;
    const char *plural;
    const char *singular;
    const char *kind;
} reviews[] = {
    {"authentication.k8s.io", "v1", "selfsubjectreviews", "selfsubjectreview", "SelfSubjectReview"},
    {"authorization.k8s.io", "v1", "selfsubjectaccessreviews", "selfsubjectaccessreview",
     "SelfSubjectAccessReview"},
};

/* Subresources by which a resource is known. */
struct subresource {
    const char *plural; /* NULL: by flag */
    const char *name;
    const char *kind;
    const char *group;
    const char *verbs;
};

static const struct subresource pod_subresources[] = {
    {"pods", "eviction", "Eviction", "policy", "create"},
    {"pods", "log", "Pod", "", "get"},
    {"pods", "proxy", "PodProxyOptions", "", "create,delete,get,patch,update"},
    {"services", "proxy", "ServiceProxyOptions", "", "create,delete,get,patch,update"},
};

/* ---- which groups there are ---- */

struct group_version {
    const char *group;
    const char *version;
};

/* All (group, version) pairs but the core one, each once, in the table's order. Returns how many.
 */
static size_t group_versions(struct group_version *out, size_t size)
{
    size_t count = 0;
    for (const struct sim_resource *r = sim_resources; r->plural != NULL; r++) {
        bool is_known = r->group[0] == '\0';
        for (size_t i = 0; i < count; i++) {
            is_known = is_known ||
                       (tg_str_eq(out[i].group, r->group) && tg_str_eq(out[i].version, r->version));
        }
        if (!is_known) {
            tg_assert(count < size);
            out[count++] = (struct group_version){r->group, r->version};
        }
    }
    for (size_t i = 0; i < TG_COUNT(reviews); i++) {
        tg_assert(count < size);
        out[count++] = (struct group_version){reviews[i].group, reviews[i].version};
    }
    return count;
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
                                 r->singular, "verbs", verbs_new(ALL_VERBS));
    if (r->short_names[0] != '\0') {
        json_object_set_new(resource, "shortNames", verbs_new(r->short_names));
    }
    if (r->categories[0] != '\0') {
        json_object_set_new(resource, "categories", verbs_new(r->categories));
    }
    json_t *subresources = json_array();
    for (size_t i = 0; i < TG_COUNT(pod_subresources); i++) {
        const struct subresource *s = &pod_subresources[i];
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

static json_t *aggregated_version(const char *group, const char *version)
{
    json_t *resources = json_array();
    for (const struct sim_resource *r = sim_resources; r->plural != NULL; r++) {
        if (tg_str_eq(r->group, group) && tg_str_eq(r->version, version)) {
            json_array_append_new(resources, aggregated_resource(r));
        }
    }
    for (size_t i = 0; i < TG_COUNT(reviews); i++) {
        if (tg_str_eq(reviews[i].group, group)) {
            json_array_append_new(
                resources, json_pack("{s:s, s:o, s:s, s:s, s:o}", "resource", reviews[i].plural,
                                     "responseKind", response_kind(group, version, reviews[i].kind),
                                     "scope", "Cluster", "singularResource", reviews[i].singular,
                                     "verbs", verbs_new("create")));
        }
    }
    return json_pack("{s:s, s:s, s:o}", "version", version, "freshness", "Current", "resources",
                     resources);
}

static void reply_aggregated(struct sim_response *response, bool is_core, const char *version)
{
    json_t *items = json_array();
    struct group_version all[64];
    size_t count = is_core ? 0 : group_versions(all, TG_COUNT(all));
    if (is_core) {
        json_array_append_new(items, json_pack("{s:{}, s:[o]}", "metadata", "versions",
                                               aggregated_version("", "v1")));
    }
    for (size_t i = 0; i < count; i++) {
        json_t *versions = NULL;
        if (i > 0 && tg_str_eq(all[i].group, all[i - 1].group)) {
            json_t *last = json_array_get(items, json_array_size(items) - 1);
            versions = json_object_get(last, "versions");
        } else {
            versions = json_array();
            json_array_append_new(items, json_pack("{s:{s:s}, s:o}", "metadata", "name",
                                                   all[i].group, "versions", versions));
        }
        json_array_append_new(versions, aggregated_version(all[i].group, all[i].version));
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

static json_t *legacy_group(const struct group_version *all, size_t count, const char *group)
{
    json_t *versions = json_array();
    for (size_t i = 0; i < count; i++) {
        if (tg_str_eq(all[i].group, group)) {
            char *text = tg_asprintf("%s/%s", group, all[i].version);
            json_array_append_new(
                versions, json_pack("{s:s, s:s}", "groupVersion", text, "version", all[i].version));
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
static bool reply_legacy_groups(struct sim_response *response, const char *group)
{
    struct group_version all[64];
    size_t count = group_versions(all, TG_COUNT(all));
    if (group != NULL) {
        json_t *one = legacy_group(all, count, group);
        if (one == NULL) {
            return false;
        }
        json_object_set_new(one, "kind", json_string("APIGroup"));
        json_object_set_new(one, "apiVersion", json_string("v1"));
        sim_k8s_reply(response, 200, one);
        return true;
    }
    json_t *groups = json_array();
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || !tg_str_eq(all[i].group, all[i - 1].group)) {
            json_array_append_new(groups, legacy_group(all, count, all[i].group));
        }
    }
    sim_k8s_reply(
        response, 200,
        json_pack("{s:s, s:s, s:o}", "kind", "APIGroupList", "apiVersion", "v1", "groups", groups));
    return true;
}

static void add_legacy(json_t *list, const struct sim_resource *r, const char *subresource,
                       const char *kind, const char *verbs)
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
    if (tg_str_eq(subresource, "scale")) {
        json_object_set_new(item, "group", json_string("autoscaling"));
        json_object_set_new(item, "version", json_string("v1"));
    }
    json_array_append_new(list, item);
    free(name);
}

static bool reply_legacy_resources(struct sim_response *response, const char *group,
                                   const char *version)
{
    json_t *list = json_array();
    for (const struct sim_resource *r = sim_resources; r->plural != NULL; r++) {
        if (!tg_str_eq(r->group, group) || !tg_str_eq(r->version, version)) {
            continue;
        }
        add_legacy(list, r, "", r->kind, ALL_VERBS);
        for (size_t i = 0; i < TG_COUNT(pod_subresources); i++) {
            const struct subresource *s = &pod_subresources[i];
            if (r->group[0] == '\0' && tg_str_eq(s->plural, r->plural)) {
                add_legacy(list, r, s->name, s->kind, s->verbs);
            }
        }
        if (r->has_scale) {
            add_legacy(list, r, "scale", "Scale", "get,patch,update");
        }
        if (r->has_status) {
            add_legacy(list, r, "status", r->kind, "get,patch,update");
        }
    }
    for (size_t i = 0; i < TG_COUNT(reviews); i++) {
        if (tg_str_eq(reviews[i].group, group) && tg_str_eq(reviews[i].version, version)) {
            json_array_append_new(list,
                                  json_pack("{s:s, s:s, s:b, s:s, s:o}", "name", reviews[i].plural,
                                            "singularName", reviews[i].singular, "namespaced", 0,
                                            "kind", reviews[i].kind, "verbs", verbs_new("create")));
        }
    }
    if (json_array_size(list) == 0) {
        json_decref(list);
        return false;
    }
    char *text = group[0] == '\0' ? tg_strdup(version) : tg_asprintf("%s/%s", group, version);
    sim_k8s_reply(response, 200,
                  json_pack("{s:s, s:s, s:s, s:o}", "kind", "APIResourceList", "apiVersion", "v1",
                            "groupVersion", text, "resources", list));
    free(text);
    return true;
}

/* ---- OpenAPI v3: enough for client-side validation to be handed to the server ---- */

static void add_schema_entry(json_t *paths, const char *path)
{
    char *url = tg_asprintf("/openapi/v3/%s?hash=%016" PRIX64, path, tg_hash_str(path));
    json_object_set_new(paths, path, json_pack("{s:s}", "serverRelativeURL", url));
    free(url);
}

static void reply_schema_index(struct sim_response *response)
{
    json_t *paths = json_object();
    add_schema_entry(paths, "api/v1");
    struct group_version all[64];
    size_t count = group_versions(all, TG_COUNT(all));
    for (size_t i = 0; i < count; i++) {
        char *path = tg_asprintf("apis/%s/%s", all[i].group, all[i].version);
        add_schema_entry(paths, path);
        free(path);
    }
    sim_k8s_reply(response, 200, json_pack("{s:o}", "paths", paths));
}

static bool reply_schema(struct sim_response *response, const char *group, const char *version)
{
    json_t *paths = json_object();
    for (const struct sim_resource *r = sim_resources; r->plural != NULL; r++) {
        if (!tg_str_eq(r->group, group) || !tg_str_eq(r->version, version)) {
            continue;
        }
        char *path =
            tg_asprintf("%s%s/%s/%s%s/{name}", group[0] == '\0' ? "/api" : "/apis/", group, version,
                        r->is_namespaced ? "namespaces/{namespace}/" : "", r->plural);
        json_object_set_new(
            paths, path,
            json_pack("{s:{s:s, s:{s:s, s:s, s:s}, s:[{s:s, s:s, s:{s:s}}], s:{}}}", "patch",
                      "x-kubernetes-action", "patch", "x-kubernetes-group-version-kind", "group",
                      group, "kind", r->kind, "version", version, "parameters", "in", "query",
                      "name", "fieldValidation", "schema", "type", "string", "responses"));
        free(path);
    }
    if (json_object_size(paths) == 0) {
        json_decref(paths);
        return false;
    }
    sim_k8s_reply(response, 200,
                  json_pack("{s:s, s:{s:s, s:s}, s:o, s:{s:{}}}", "openapi", "3.0.0", "info",
                            "title", "Kubernetes", "version", GIT_VERSION, "paths", paths,
                            "components", "schemas"));
    return true;
}

/* ---- version and health ---- */

static void reply_version(struct sim_response *response)
{
    sim_k8s_reply(response, 200,
                  json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "major", "1", "minor", "34",
                            "gitVersion", GIT_VERSION, "gitTreeState", "clean", "goVersion",
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
static bool discover_below(const char *path, struct sim_response *response)
{
    char group[128];
    char version[64] = "";
    size_t len = strcspn(path, "/");
    snprintf(group, sizeof group, "%.*s", (int)len, path);
    if (path[len] == '\0') {
        return reply_legacy_groups(response, group);
    }
    if (strchr(path + len + 1, '/') != NULL) {
        return false;
    }
    snprintf(version, sizeof version, "%s", path + len + 1);
    return reply_legacy_resources(response, group, version);
}

static bool schema_below(const char *path, struct sim_response *response)
{
    if (tg_str_eq(path, "api/v1")) {
        return reply_schema(response, "", "v1");
    }
    char group[128];
    if (!tg_str_has_prefix(path, "apis/")) {
        return false;
    }
    path += strlen("apis/");
    size_t len = strcspn(path, "/");
    snprintf(group, sizeof group, "%.*s", (int)len, path);
    return path[len] == '/' && reply_schema(response, group, path + len + 1);
}

bool sim_k8s_discovery(const struct sim_request *request, struct sim_response *response)
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
        reply_aggregated(response, tg_str_eq(path, "/api"), version);
        return true;
    }
    if (tg_str_eq(path, "/api")) {
        reply_core_versions(response);
        return true;
    }
    if (tg_str_eq(path, "/apis")) {
        return reply_legacy_groups(response, NULL);
    }
    if (tg_str_eq(path, "/api/v1")) {
        return reply_legacy_resources(response, "", "v1");
    }
    if (tg_str_has_prefix(path, "/apis/")) {
        return discover_below(path + strlen("/apis/"), response);
    }
    if (tg_str_eq(path, "/openapi/v3")) {
        reply_schema_index(response);
        return true;
    }
    if (tg_str_has_prefix(path, "/openapi/v3/")) {
        return schema_below(path + strlen("/openapi/v3/"), response);
    }
    return false;
}
