/* sim/k8s_write.c - create, update, patch and delete as an API server does them. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim/behaviour.h"
#include "sim/custom_schema.h"
#include "sim/json_path.h"
#include "sim/k8s_admit.h"
#include "sim/k8s_call.h"
#include "sim/k8s_list.h"
#include "sim/k8s_managed.h"
#include "sim/k8s_patch.h"
#include "sim/k8s_protobuf.h"
#include "sim/k8s_status.h"
#include "sim/k8s_strict.h"
#include "sim/query.h"
#include "sim/volume.h"

bool sim_k8s_is_dry_run(const struct sim_call *call)
{
    return tg_str_eq(sim_query_text(call->query, "dryRun"), "All");
}

const char *sim_k8s_ns(const struct sim_call *call)
{
    return call->ns == NULL ? "" : call->ns;
}

/* ---- bodies ---- */

static void fail_media_type(const struct sim_call *call, const char *accepted)
{
    sim_k8s_fail(call->response, 415, NULL,
                 "the body of the request was in an unknown format - accepted media types include: "
                 "%s",
                 accepted);
}

static bool is_media_type(const char *content_type, const char *type)
{
    size_t len = strlen(type);
    bool is_same = strncmp(content_type, type, len) == 0;
    return is_same && strchr("; ", content_type[len]) != NULL;
}

static json_t *parse(const struct sim_call *call)
{
    json_error_t error;
    const char *body = call->request->body;
    json_t *value = json_loadb(body == NULL ? "" : body, call->request->body_len,
                               JSON_REJECT_DUPLICATES, &error);
    if (value == NULL) {
        bool is_cut = json_error_code(&error) == json_error_premature_end_of_input;
        const char *why = is_cut ? "unexpected end of JSON input" : error.text;
        if (tg_str_eq(call->request->method, "PATCH")) {
            sim_k8s_fail(call->response, 400, NULL, "error decoding patch: %s", why);
        } else if (tg_str_eq(call->request->method, "DELETE")) {
            sim_k8s_fail(call->response, 500, "", "couldn't get version/kind; json parse error: %s",
                         why);
        } else {
            sim_k8s_fail(call->response, 400, NULL,
                         "the object provided is unrecognized (must be of type %s): couldn't get "
                         "version/kind; json parse error: %s (%.*s)",
                         call->resource == NULL ? "Status" : call->resource->kind, why,
                         (int)(call->request->body_len < 60 ? call->request->body_len : 60),
                         body == NULL ? "" : body);
        }
    }
    return value;
}

static json_t *protobuf_body(const struct sim_call *call)
{
    struct tg_err err = TG_ERR_INIT;
    json_t *value = sim_protobuf_decode(call->request->body, call->request->body_len, &err);
    if (value == NULL) {
        sim_k8s_fail(call->response, err.detail, NULL, "%s", err.msg);
    }
    return value;
}

json_t *sim_k8s_body(const struct sim_call *call)
{
    const char *type = call->request->content_type;
    if (is_media_type(type, "application/vnd.kubernetes.protobuf")) {
        return protobuf_body(call);
    }
    if (type[0] != '\0' && !is_media_type(type, "application/json")) {
        fail_media_type(call, "application/json");
        return NULL;
    }
    json_t *value = parse(call);
    if (value != NULL && !json_is_object(value)) {
        json_decref(value);
        sim_k8s_fail(call->response, 400, NULL, "the body is not an object");
        return NULL;
    }
    return value;
}

/* False with the response filled when the object is not what its kind takes. */
static bool check_fields(const struct sim_call *call, json_t *object)
{
    struct tg_err err = TG_ERR_INIT;
    bool is_strict = tg_str_eq(sim_query_text(call->query, "fieldValidation"), "Strict");
    if (!sim_k8s_check_fields(call->resource, object, is_strict, &err)) {
        sim_k8s_fail(call->response, 400, NULL, "%s", err.msg);
        return false;
    }
    sim_k8s_prune(call->resource, object);
    char *unknown = sim_custom_prune(call->resource, object);
    if (unknown != NULL && is_strict) {
        const char *kind = call->resource->kind;
        sim_k8s_fail(call->response, 400, NULL,
                     "%s in version \"%s\" cannot be handled as a %s: strict decoding error: %s",
                     kind, call->resource->version, kind, unknown);
    }
    bool is_good = unknown == NULL || !is_strict;
    free(unknown);
    if (is_good) {
        sim_custom_default(call->resource, object);
    }
    return is_good;
}

/* Pruning must not touch what next (stolen) shares with the object in the store. */
static json_t *own_copy(const struct sim_call *call, json_t *next)
{
    if (call->resource->schema == NULL) {
        return next;
    }
    json_t *own = json_deep_copy(next);
    json_decref(next);
    return own;
}

/* Defaults are filled; is it what its kind may be? False with the response filled when not. */
static bool validate(const struct sim_call *call, const json_t *object, const json_t *previous)
{
    return sim_k8s_validate(call->resource, object, previous, call->response) &&
           sim_custom_validate(call->resource, object, call->response);
}

/* Another kind than the path means. */
static void fail_kind(const struct sim_call *call, const char *version, const char *kind)
{
    const struct sim_resource *resource = call->resource;
    const char *slash = strchr(version, '/');
    const char *body_version = slash == NULL ? version : slash + 1;
    if (!tg_str_eq(kind, resource->kind)) {
        int group_len = (int)strcspn(resource->group, ".");
        sim_k8s_fail(call->response, 400, NULL,
                     "%s in version \"%s\" cannot be handled as a %s: converting (%s.%s) to "
                     "(%.*s.%s): unknown conversion",
                     kind, body_version, resource->kind, body_version, kind,
                     group_len == 0 ? 4 : group_len, group_len == 0 ? "core" : resource->group,
                     resource->kind);
        return;
    }
    sim_k8s_fail(call->response, 400, NULL,
                 "%s in version \"%s\" cannot be handled as a %s: no kind \"%s\" is registered for "
                 "version \"%s\" in scheme \"pkg/runtime/scheme.go:110\"",
                 kind, body_version, resource->kind, kind, version);
}

/* Checks an object (stolen) as the body of the request; NULL with the response filled when it is
 * not what the path means. */
static json_t *take_body(const struct sim_call *call, json_t *object)
{
    const struct sim_resource *resource = call->resource;
    char version[128];
    sim_k8s_group_version(resource, version, sizeof version);
    const char *body_version = sim_json_text(object, "apiVersion");
    const char *body_kind = sim_json_text(object, "kind");
    if ((body_version[0] != '\0' && !tg_str_eq(body_version, version)) ||
        (body_kind[0] != '\0' && !tg_str_eq(body_kind, resource->kind))) {
        fail_kind(call, body_version, body_kind);
        json_decref(object);
        return NULL;
    }
    if (!check_fields(call, object)) {
        json_decref(object);
        return NULL;
    }
    json_t *metadata = sim_json_make_object(object, "metadata");
    const char *ns = sim_json_text(metadata, "namespace");
    const char *name = sim_json_text(metadata, "name");
    if (call->ns != NULL && ns[0] != '\0' && !tg_str_eq(ns, call->ns)) {
        sim_k8s_fail(
            call->response, 400, NULL,
            "the namespace of the provided object does not match the namespace sent on the "
            "request");
    } else if (call->name != NULL && name[0] != '\0' && !tg_str_eq(name, call->name)) {
        sim_k8s_fail(call->response, 400, NULL,
                     "the name of the object (%s) does not match the name on the URL (%s)", name,
                     call->name);
    } else {
        if (call->ns != NULL) {
            json_object_set_new(metadata, "namespace", json_string(call->ns));
        }
        if (call->name != NULL) {
            json_object_set_new(metadata, "name", json_string(call->name));
        }
        return object;
    }
    json_decref(object);
    return NULL;
}

/* Reads the body as an object of the call's resource, with namespace and name from the path. */
static json_t *object_body(const struct sim_call *call)
{
    json_t *object = sim_k8s_body(call);
    return object == NULL ? NULL : take_body(call, object);
}

json_t *sim_k8s_patched(const struct sim_call *call, json_t *target)
{
    const char *type = call->request->content_type;
    bool is_merge = is_media_type(type, "application/merge-patch+json");
    bool is_json = is_media_type(type, "application/json-patch+json");
    bool is_strategic = call->resource->is_strategic &&
                        is_media_type(type, "application/strategic-merge-patch+json");
    if (!is_merge && !is_json && !is_strategic) {
        sim_k8s_reply(call->response, 415,
                      sim_k8s_status(415, NULL, "415: Unsupported Media Type", json_object()));
        return NULL;
    }
    json_t *patch = parse(call);
    if (patch == NULL) {
        return NULL;
    }
    struct tg_err err = TG_ERR_INIT;
    json_t *result = is_merge ? sim_patch_merge(target, patch)
                     : is_json
                         ? sim_patch_json(target, patch, &err)
                         : sim_patch_strategic(sim_schema_of(call->resource), target, patch, &err);
    json_decref(patch);
    if (result == NULL) {
        const char *reason = err.detail == 500 ? "" : NULL;
        sim_k8s_reply(
            call->response, err.detail,
            sim_k8s_status(err.detail, reason, err.msg, err.detail == 422 ? json_object() : NULL));
    } else if (!json_is_object(result)) {
        json_decref(result);
        result = NULL;
        sim_k8s_fail(call->response, 400, NULL,
                     "error decoding patch: json: cannot unmarshal array into Go value of type "
                     "map[string]interface {}");
    }
    return result;
}

/* ---- create ---- */

/* False with the response filled when nothing can be created there. */
static bool check_namespace(const struct sim_call *call)
{
    if (!call->resource->is_namespaced) {
        return true;
    }
    const char *ns = sim_k8s_ns(call);
    const struct sim_resource *namespaces = sim_resource_find("", "v1", "namespaces");
    const json_t *space = sim_store_get(call->store, namespaces, "", ns);
    if (space == NULL && !tg_str_eq(ns, "default")) {
        sim_k8s_fail_not_found(call->response, namespaces, ns);
        return false;
    }
    if (sim_json_at(space, "metadata.deletionTimestamp") != NULL) {
        char text[160];
        sim_k8s_fail(call->response, 403, NULL,
                     "%s is forbidden: unable to create new content in namespace %s because it is "
                     "being terminated",
                     sim_k8s_resource_text(call->resource, text, sizeof text), ns);
        return false;
    }
    return true;
}

static void reply(const struct sim_call *call, int code, json_t *object)
{
    sim_k8s_reply_object(call->response, code, call->store, call->resource, object, call->encoding);
}

/* Brings a new object (stolen) into the store. is_applied: its managers are noted already. */
static void create_object(struct sim_call *call, json_t *object, bool is_applied)
{
    json_t *metadata = json_object_get(object, "metadata");
    if (sim_json_text(metadata, "resourceVersion")[0] != '\0') {
        sim_k8s_fail(call->response, 500, "",
                     "resourceVersion should not be set on objects to be created");
        json_decref(object);
        return;
    }
    if (call->resource->has_status) {
        json_object_del(object, "status");
    }
    sim_store_stamp(call->store, call->resource, object);
    sim_k8s_default(call->resource, object);
    sim_k8s_first_status(call->resource, object);
    if (!is_applied) { /* what admission adds is nobody's: the API server notes managers before it
                        */
        sim_managed_track(call, NULL, object);
    }
    if (tg_str_eq(call->resource->kind, "Pod")) {
        sim_admission_pod(sim_world_region(call->world, call->request->server), object);
    }
    sim_volume_admit(sim_world_region(call->world, call->request->server), call->resource, object);
    if (!validate(call, object, NULL)) {
        json_decref(object);
        return;
    }
    char *name = tg_strdup(sim_json_text(metadata, "name"));
    struct tg_err err = TG_ERR_INIT;
    if (sim_k8s_is_dry_run(call)) {
        if (sim_store_get(call->store, call->resource, sim_k8s_ns(call), name) != NULL) {
            tg_err_set(&err, TG_CODE_CONFLICT, 409, "exists");
            sim_k8s_fail_write(call->response, call->resource, name, true, &err);
        } else {
            if (call->resource->has_generation) {
                json_object_set_new(metadata, "generation", json_integer(1));
            }
            reply(call, 201, object);
        }
        json_decref(object);
    } else {
        json_t *made = sim_store_create(call->store, call->resource, object, &err);
        if (made == NULL && err.code != TG_CODE_NONE) {
            sim_k8s_fail_write(call->response, call->resource, name, true, &err);
        } else if (made == NULL) {
            sim_k8s_fail(call->response, 409, NULL, "the object was deleted at once");
        } else {
            reply(call, 201, made);
        }
    }
    free(name);
}

void sim_k8s_create(struct sim_call *call)
{
    if (call->resource->is_terminating) {
        sim_k8s_fail(call->response, 405, NULL,
                     "create not allowed while custom resource definition is terminating");
        return;
    }
    json_t *object = check_namespace(call) ? object_body(call) : NULL;
    if (object != NULL) {
        create_object(call, object, false);
    }
}

/* ---- update and patch ---- */

/* A Service written without its address keeps the one it has. */
static void keep_cluster_ip(const struct sim_resource *resource, json_t *next, json_t *current)
{
    json_t *address = sim_json_at(current, "spec.clusterIP");
    json_t *spec = json_object_get(next, "spec");
    if (tg_str_eq(resource->kind, "Service") && address != NULL && json_is_object(spec) &&
        json_object_get(spec, "clusterIP") == NULL) {
        json_object_set(spec, "clusterIP", address);
    }
}

/* A dry run shows the generation that the change would make. */
static void raise_generation(const struct sim_resource *resource, const json_t *current,
                             json_t *written)
{
    const json_t *was = json_object_get(current, "spec");
    const json_t *is = json_object_get(written, "spec");
    int64_t generation = sim_json_int(current, "metadata.generation", 0);
    if (resource->has_generation && was != NULL && is != NULL && !json_equal(was, is)) {
        json_t *metadata = json_copy(json_object_get(written, "metadata"));
        json_object_set_new(metadata, "generation", json_integer(generation + 1));
        json_object_set_new(written, "metadata", metadata);
    }
}

/* Brings next (stolen) into the store as the call's verb means it: the status subresource changes
 * status alone, the others everything but status. */
static void write_next(struct sim_call *call, json_t *current, json_t *next, bool is_applied)
{
    const struct sim_resource *resource = call->resource;
    bool is_status = tg_str_eq(call->subresource, "status");
    json_t *written = next;
    if (is_status) {
        written = json_copy(current);
        json_t *status = json_object_get(next, "status");
        json_t *metadata = json_copy(json_object_get(current, "metadata"));
        json_object_set(metadata, "resourceVersion", sim_json_at(next, "metadata.resourceVersion"));
        json_object_set_new(written, "metadata", metadata);
        if (status != NULL) {
            json_object_set(written, "status", status);
        }
        json_decref(next);
    } else {
        if (resource->has_status) {
            json_object_del(written, "status");
            json_t *status = json_object_get(current, "status");
            if (status != NULL) {
                json_object_set(written, "status", status);
            }
        }
        keep_cluster_ip(resource, written, current);
        sim_k8s_default(resource, written);
        if (!validate(call, written, current)) {
            json_decref(written);
            return;
        }
        if (!is_applied) {
            sim_managed_track(call, current, written);
        }
    }
    if (sim_k8s_is_dry_run(call)) {
        raise_generation(resource, current, written);
        reply(call, 200, written);
        json_decref(written);
        return;
    }
    json_t *last = json_incref(written);
    struct tg_err err = TG_ERR_INIT;
    json_t *result = sim_store_update(call->store, resource, written, &err);
    if (result == NULL && err.code != TG_CODE_NONE) {
        sim_k8s_fail_write(call->response, resource, call->name, false, &err);
    } else {
        reply(call, 200, result == NULL ? last : result);
    }
    json_decref(last);
}

json_t *sim_k8s_current(const struct sim_call *call)
{
    json_t *current = sim_store_get(call->store, call->resource, sim_k8s_ns(call), call->name);
    if (current == NULL) {
        sim_k8s_fail_not_found(call->response, call->resource, call->name);
    }
    return current;
}

void sim_k8s_write_applied(struct sim_call *call, json_t *live, json_t *next)
{
    if (live == NULL && !check_namespace(call)) {
        json_decref(next);
        return;
    }
    next = own_copy(call, next);
    json_t *object = take_body(call, next);
    if (object == NULL) {
        return;
    }
    if (live == NULL) {
        create_object(call, object, true);
    } else {
        json_incref(live);
        write_next(call, live, object, true);
        json_decref(live);
    }
}

void sim_k8s_update(struct sim_call *call)
{
    json_t *current = sim_k8s_current(call);
    json_t *next = current == NULL ? NULL : object_body(call);
    if (next != NULL) {
        json_incref(current);
        write_next(call, current, next, false);
        json_decref(current);
    }
}

/* An unknown field of a patch is refused as the patch's mistake, with the patch. */
static void explain_patch(struct sim_call *call)
{
    json_t *answer =
        json_loadb(tg_buf_text(&call->response->body), call->response->body.len, 0, NULL);
    const char *why = strstr(sim_json_text(answer, "message"), "strict decoding error");
    json_t *patch = why == NULL ? NULL : parse(call);
    if (patch != NULL) {
        char *shown = sim_patch_text(patch);
        char *message = tg_asprintf("Invalid value: \"%s\": %s", shown, why);
        sim_k8s_fail_causes(call->response, "", "", "",
                            json_pack("[o]", sim_k8s_cause("FieldValueInvalid", "patch", message)));
        free(message);
        free(shown);
    }
    json_decref(patch);
    json_decref(answer);
}

void sim_k8s_patch(struct sim_call *call)
{
    if (is_media_type(call->request->content_type, "application/apply-patch+yaml")) {
        sim_k8s_apply(call);
        return;
    }
    json_t *current = sim_k8s_current(call);
    json_t *next = current == NULL ? NULL : sim_k8s_patched(call, current);
    if (next == NULL) {
        return;
    }
    const char *name = sim_json_text(next, "metadata.name");
    const json_t *uid = sim_json_at(next, "metadata.uid");
    bool is_kind = tg_str_eq(sim_json_text(next, "kind"), call->resource->kind);
    bool is_uid = uid == NULL || json_equal(uid, sim_json_at(current, "metadata.uid"));
    if (!tg_str_eq(name, call->name)) {
        sim_k8s_fail(call->response, 400, NULL,
                     "the name of the object (%s) does not match the name on the URL (%s)", name,
                     call->name);
    } else if (!is_kind) {
        sim_k8s_fail(call->response, 400, NULL, "no kind \"%s\" is registered for version \"%s\"",
                     sim_json_text(next, "kind"), sim_json_text(next, "apiVersion"));
    } else if (!is_uid) {
        sim_k8s_fail_causes(
            call->response, call->resource->group, call->resource->kind, call->name,
            json_pack("[o]", sim_k8s_cause_value("metadata.uid", uid, "field is immutable")));
    }
    if (!tg_str_eq(name, call->name) || !is_kind || !is_uid) {
        json_decref(next);
        return;
    }
    next = own_copy(call, next);
    if (!check_fields(call, next)) {
        explain_patch(call);
        json_decref(next);
        return;
    }
    json_incref(current);
    write_next(call, current, next, false);
    json_decref(current);
}
