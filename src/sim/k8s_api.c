/* sim/k8s_api.c - from path and method to a verb on a resource. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "sim/k8s_api.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim/definition.h"
#include "sim/k8s_autoscale_v1.h"
#include "sim/k8s_call.h"
#include "sim/k8s_discovery.h"
#include "sim/k8s_list.h"
#include "sim/k8s_options.h"
#include "sim/k8s_status.h"
#include "sim/k8s_watch.h"
#include "sim/metrics.h"
#include "sim/query.h"

#define SEGMENTS_MAX 8

/* First segments of a path, copied, and where the rest begins. */
struct segments {
    char *text[SEGMENTS_MAX];
    const char *end[SEGMENTS_MAX]; /* in the path, behind each segment */
    size_t count;
};

static void split(struct segments *segments, const char *path)
{
    segments->count = 0;
    while (*path == '/' && segments->count < SEGMENTS_MAX) {
        path++;
        size_t len = strcspn(path, "/");
        segments->text[segments->count] = tg_strndup(path, len);
        path += len;
        segments->end[segments->count++] = path;
    }
}

static void segments_fini(struct segments *segments)
{
    for (size_t i = 0; i < segments->count; i++) {
        free(segments->text[i]);
    }
}

static const char *segment(const struct segments *segments, size_t i)
{
    return i < segments->count ? segments->text[i] : NULL;
}

/* Fills resource, ns, name, subresource and rest; false when the path leads to no served resource.
 */
static bool read_path(struct sim_call *call, const char *path)
{
    struct segments s;
    split(&s, path);
    bool is_core = tg_str_eq(segment(&s, 0), "api");
    size_t at = is_core ? 2 : 3;
    const char *group = is_core ? "" : segment(&s, 1);
    const char *version = segment(&s, at - 1);
    if ((!is_core && !tg_str_eq(segment(&s, 0), "apis")) || s.count <= at) {
        segments_fini(&s);
        return false;
    }
    const char *third = segment(&s, at + 2);
    bool is_own = third == NULL || tg_str_eq(third, "status") || tg_str_eq(third, "finalize");
    if (tg_str_eq(segment(&s, at), "namespaces") && !(is_core && is_own)) {
        call->ns = tg_strdup(segment(&s, at + 1));
        at += 2;
    }
    const char *plural = segment(&s, at);
    call->resource = plural == NULL ? NULL : sim_served_find(call->store, group, version, plural);
    const char *name = segment(&s, at + 1);
    call->name = name != NULL && name[0] != '\0' ? tg_strdup(name) : NULL;
    const char *subresource = segment(&s, at + 2);
    call->subresource = tg_strdup(subresource == NULL ? "" : subresource);
    call->rest = tg_strdup(subresource == NULL ? "" : s.end[at + 2]);
    bool is_of_nothing = call->name == NULL && call->subresource[0] != '\0'; /* pods//exec */
    bool is_found = call->resource != NULL && !is_of_nothing;
    bool is_scope_good =
        is_found &&
        (call->resource->is_namespaced ? call->ns != NULL || call->name == NULL : call->ns == NULL);
    segments_fini(&s);
    return is_found && is_scope_good;
}

static void fail_method(struct sim_call *call)
{
    sim_k8s_reply(call->response, 405,
                  sim_k8s_status(405, NULL,
                                 "the server does not allow this method on the requested resource",
                                 json_object()));
}

static void get_object(struct sim_call *call)
{
    json_t *object =
        sim_store_get(call->store, call->resource, call->ns == NULL ? "" : call->ns, call->name);
    const char *version = sim_query_text(call->query, "resourceVersion");
    int64_t number;
    if (version[0] != '\0' && !tg_str_to_int64(version, 0, INT64_MAX, &number)) {
        char *bad = sim_k8s_bad_version(version);
        sim_k8s_fail(call->response, 500, "", "%s", bad);
        free(bad);
    } else if (object == NULL) {
        sim_k8s_fail_not_found(call->response, call->resource, call->name);
    } else {
        sim_k8s_reply_object(call->response, 200, call->store, call->resource, object,
                             call->encoding);
    }
}

static void list_or_watch(struct sim_call *call)
{
    struct sim_collection collection;
    if (!sim_collection_init(&collection, call->store, call->resource, call->ns, call->name,
                             call->query, call->encoding, call->response)) {
        return;
    }
    if (sim_query_is_true(call->query, "watch")) {
        sim_k8s_watch(&collection, call->query, call->response);
    } else {
        sim_k8s_list(&collection, call->query, call->response);
        sim_collection_fini(&collection);
    }
}

static void handle_collection(struct sim_call *call)
{
    const char *method = call->request->method;
    if (tg_str_eq(method, "GET")) {
        list_or_watch(call);
    } else if (tg_str_eq(method, "POST") && (call->ns != NULL || !call->resource->is_namespaced)) {
        sim_k8s_create(call);
    } else if (tg_str_eq(method, "DELETE") && !tg_str_eq(call->resource->plural, "namespaces")) {
        sim_k8s_delete_collection(call);
    } else {
        fail_method(call);
    }
}

static void handle_object(struct sim_call *call)
{
    const char *method = call->request->method;
    bool is_status = tg_str_eq(call->subresource, "status");
    if (tg_str_eq(method, "GET")) {
        get_object(call);
    } else if (tg_str_eq(method, "PUT")) {
        sim_k8s_update(call);
    } else if (tg_str_eq(method, "PATCH")) {
        sim_k8s_patch(call);
    } else if (tg_str_eq(method, "DELETE") && !is_status) {
        sim_k8s_delete(call);
    } else {
        fail_method(call);
    }
}

static void dispatch(struct sim_call *call)
{
    bool is_status = call->resource->has_status && tg_str_eq(call->subresource, "status") &&
                     call->rest[0] == '\0';
    bool is_object_or_list = call->subresource[0] == '\0' || is_status;
    if (!is_object_or_list) {
        sim_k8s_subresource(call);
        return;
    }
    const char *include = sim_query_text(call->query, "includeObject");
    if (!sim_encoding_from_accept(call->request->accept, include, &call->encoding)) {
        sim_k8s_fail(call->response, 406, NULL,
                     "406: Not Acceptable\n\nAvailable representations: application/json, "
                     "application/json;stream=watch");
        return;
    }
    bool is_apply = tg_str_has_prefix(call->request->content_type, "application/apply-patch+yaml");
    const char *method = call->request->method;
    bool is_write = !tg_str_eq(method, "GET") && !tg_str_eq(method, "DELETE");
    if (is_write &&
        !sim_k8s_check_write_options(call->query, method, NULL, is_apply, call->response)) {
        return;
    }
    if (call->name == NULL) {
        handle_collection(call);
    } else {
        handle_object(call);
    }
}

/* The verb by which roles know a request. */
static const char *access_verb(const struct sim_call *call)
{
    const char *method = call->request->method;
    if (tg_str_eq(method, "POST")) {
        return "create";
    }
    if (tg_str_eq(method, "PUT")) {
        return "update";
    }
    if (tg_str_eq(method, "PATCH")) {
        return "patch";
    }
    if (tg_str_eq(method, "DELETE")) {
        return call->name == NULL ? "deletecollection" : "delete";
    }
    if (call->name != NULL) {
        return "get";
    }
    return sim_query_is_true(call->query, "watch") ? "watch" : "list";
}

/* The name by which roles know what a path means: without the scheme and port of a proxy's target.
 */
static char *access_name(const struct sim_call *call)
{
    const char *name = call->name == NULL ? "" : call->name;
    const char *colon = tg_str_eq(call->subresource, "proxy") ? strchr(name, ':') : NULL;
    if (colon == NULL) {
        return tg_strdup(name);
    }
    const char *second = strchr(colon + 1, ':');
    return second == NULL ? tg_strndup(name, (size_t)(colon - name))
                          : tg_strndup(colon + 1, (size_t)(second - colon - 1));
}

/* What the call would do to a resource; name is from access_name(). */
static struct sim_access access_of(const struct sim_call *call, const char *group,
                                   const char *plural, const char *name)
{
    bool is_namespace = tg_str_eq(plural, "namespaces") && group[0] == '\0' && call->name != NULL;
    return (struct sim_access){
        .verb = access_verb(call),
        .group = group,
        .resource = plural,
        .subresource = call->subresource,
        .ns = call->ns != NULL ? call->ns
              : is_namespace   ? call->name
                               : "",
        .name = name,
    };
}

/* False with the response filled (403) when the identity's roles do not cover the request. */
static bool is_allowed(struct sim_call *call)
{
    char *name = access_name(call);
    const struct sim_access access =
        access_of(call, call->resource->group, call->resource->plural, name);
    bool is_good = sim_rbac_allows(call->store, call->who, &access, NULL);
    if (!is_good) {
        sim_rbac_refuse(call->response, call->who, &access);
    }
    free(name);
    return is_good;
}

bool sim_k8s_is_resource(const char *path)
{
    struct segments s;
    split(&s, path);
    bool is_core = tg_str_eq(segment(&s, 0), "api");
    bool is_resource =
        (is_core && s.count > 2) || (tg_str_eq(segment(&s, 0), "apis") && s.count > 3);
    segments_fini(&s);
    return is_resource;
}

/* Refuses what a fault denies, also what is no resource and what other files answer. */
static void refuse_struck(struct sim_call *call)
{
    const char *path = call->request->path;
    struct segments s;
    split(&s, path);
    if (read_path(call, path) || sim_k8s_is_resource(path)) {
        bool is_core = tg_str_eq(segment(&s, 0), "api");
        size_t at = is_core ? 2 : 3;
        const char *inside = segment(&s, at + 2);
        at += tg_str_eq(segment(&s, at), "namespaces") && inside != NULL ? 2 : 0;
        char *name = access_name(call);
        const struct sim_access access =
            access_of(call, is_core ? "" : segment(&s, 1),
                      call->resource != NULL ? call->resource->plural : segment(&s, at), name);
        sim_rbac_refuse(call->response, call->who, &access);
        free(name);
    } else {
        char verb[16];
        tg_str_copy(verb, sizeof verb, call->request->method);
        for (char *c = verb; *c != '\0'; c++) {
            *c = *c >= 'A' && *c <= 'Z' ? (char)(*c - 'A' + 'a') : *c;
        }
        const struct sim_access access = {.verb = verb, .path = path};
        sim_rbac_refuse(call->response, call->who, &access);
    }
    segments_fini(&s);
}

/* True for a path in a group that some resource has. */
static bool is_served_group(const char *path)
{
    struct segments s;
    split(&s, path);
    bool is_core = tg_str_eq(segment(&s, 0), "api");
    const char *group = is_core ? "" : segment(&s, 1);
    bool is_found = is_core && tg_str_eq(segment(&s, 1), "v1");
    for (const struct sim_resource *r = sim_resources; r->plural != NULL; r++) {
        is_found = is_found || (!is_core && tg_str_eq(r->group, group));
    }
    is_found = is_found && (is_core || tg_str_eq(segment(&s, 0), "apis"));
    segments_fini(&s);
    return is_found;
}

void sim_k8s_handle(struct sim_world *world, struct sim_store *store,
                    const struct sim_identity *who, const struct sim_request *request,
                    struct sim_response *response)
{
    bool is_struck = request->refusal == SIM_REFUSAL_DENIED;
    if (!is_struck && sim_k8s_discovery(store, request, response)) {
        return;
    }
    struct sim_call call = {
        .world = world,
        .store = store,
        .who = who,
        .request = request,
        .response = response,
        .query = sim_query_parse(request->query),
    };
    if (is_struck) {
        refuse_struck(&call);
    } else if (sim_k8s_review(&call) || sim_metrics_handle(&call) || sim_k8s_autoscale_v1(&call)) {
        /* answered: nothing of it is kept in the store, or by another version */
    } else if (read_path(&call, request->path)) {
        if (is_allowed(&call)) {
            dispatch(&call);
        }
    } else if (is_served_group(request->path)) {
        sim_k8s_reply(response, 404,
                      sim_k8s_status(404, NULL, "the server could not find the requested resource",
                                     json_object()));
    } else {
        response->status = 404;
        tg_str_copy(response->content_type, sizeof response->content_type,
                    "text/plain; charset=utf-8");
        tg_buf_puts(&response->body, "404 page not found\n");
    }
    json_decref(call.query);
    free(call.ns);
    free(call.name);
    free(call.subresource);
    free(call.rest);
}
