/* sim/k8s_write.c - create, update, patch and delete as an API server does them. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim/behaviour.h"
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

static bool is_dry_run(const struct sim_call *call)
{
    return tg_str_eq(sim_query_text(call->query, "dryRun"), "All");
}

static const char *ns_of(const struct sim_call *call)
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
        sim_k8s_fail(call->response, 400, NULL,
                     "couldn't get version/kind; json parse error: %s (line %d column %d)",
                     error.text, error.line, error.column);
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
static bool check_fields(const struct sim_call *call, const json_t *object)
{
    struct tg_err err = TG_ERR_INIT;
    bool is_strict = tg_str_eq(sim_query_text(call->query, "fieldValidation"), "Strict");
    if (!sim_k8s_check_fields(call->resource, object, is_strict, &err)) {
        sim_k8s_fail(call->response, 400, NULL, "%s", err.msg);
        return false;
    }
    return true;
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
        sim_k8s_fail(
            call->response, 400, NULL,
            "the API version or kind in the data (%s, Kind=%s) does not match the expected "
            "(%s, Kind=%s)",
            body_version, body_kind, version, resource->kind);
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
        fail_media_type(call, call->resource->is_strategic
                                  ? "application/json-patch+json, application/merge-patch+json, "
                                    "application/strategic-merge-patch+json, "
                                    "application/apply-patch+yaml"
                                  : "application/json-patch+json, application/merge-patch+json, "
                                    "application/apply-patch+yaml");
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
        sim_k8s_fail(call->response, err.detail, NULL, "%s", err.msg);
    } else if (!json_is_object(result)) {
        json_decref(result);
        result = NULL;
        sim_k8s_fail(call->response, 400, NULL, "the patch leaves no object");
    }
    return result;
}

/* ---- create ---- */

static bool check_namespace(const struct sim_call *call)
{
    if (!call->resource->is_namespaced) {
        return true;
    }
    const struct sim_resource *namespaces = sim_resource_find("", "v1", "namespaces");
    bool is_there = sim_store_get(call->store, namespaces, "", ns_of(call)) != NULL;
    if (!is_there && !tg_str_eq(ns_of(call), "default")) {
        sim_k8s_fail_not_found(call->response, namespaces, ns_of(call));
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
    bool is_generated = sim_json_text(metadata, "name")[0] == '\0' &&
                        sim_json_text(metadata, "generateName")[0] != '\0';
    if (sim_json_text(metadata, "resourceVersion")[0] != '\0') {
        sim_k8s_fail(call->response, 400, NULL,
                     "resourceVersion should not be set on objects to be created");
        json_decref(object);
        return;
    }
    if (call->resource->has_status) {
        json_object_del(object, "status");
    }
    sim_k8s_default(call->resource, object);
    if (tg_str_eq(call->resource->kind, "Pod")) {
        sim_admission_pod(object);
        json_object_set_new(object, "status", json_pack("{s:s}", "phase", "Pending"));
    }
    if (!is_generated && !sim_k8s_validate(call->resource, object, NULL, call->response)) {
        json_decref(object);
        return;
    }
    if (!is_applied) {
        sim_managed_track(call, NULL, object);
    }
    char *name = tg_strdup(sim_json_text(metadata, "name"));
    struct tg_err err = TG_ERR_INIT;
    if (is_dry_run(call)) {
        if (sim_store_get(call->store, call->resource, ns_of(call), name) != NULL) {
            tg_err_set(&err, TG_CODE_CONFLICT, 409, "exists");
            sim_k8s_fail_write(call->response, call->resource, name, true, &err);
        } else {
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
        if (!sim_k8s_validate(resource, written, current, call->response)) {
            json_decref(written);
            return;
        }
        if (!is_applied) {
            sim_managed_track(call, current, written);
        }
    }
    if (is_dry_run(call)) {
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

static json_t *current_of(const struct sim_call *call)
{
    json_t *current = sim_store_get(call->store, call->resource, ns_of(call), call->name);
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
    json_t *current = current_of(call);
    json_t *next = current == NULL ? NULL : object_body(call);
    if (next != NULL) {
        json_incref(current);
        write_next(call, current, next, false);
        json_decref(current);
    }
}

void sim_k8s_patch(struct sim_call *call)
{
    if (is_media_type(call->request->content_type, "application/apply-patch+yaml")) {
        sim_k8s_apply(call);
        return;
    }
    json_t *current = current_of(call);
    json_t *next = current == NULL ? NULL : sim_k8s_patched(call, current);
    if (next == NULL) {
        return;
    }
    if (!tg_str_eq(sim_json_text(next, "metadata.name"), call->name) ||
        !tg_str_eq(sim_json_text(next, "kind"), call->resource->kind)) {
        sim_k8s_fail_invalid(call->response, call->resource, call->name, "FieldValueInvalid",
                             "metadata.name", "Invalid value: field is immutable");
        json_decref(next);
        return;
    }
    if (!check_fields(call, next)) {
        json_decref(next);
        return;
    }
    json_incref(current);
    write_next(call, current, next, false);
    json_decref(current);
}

/* ---- delete ---- */

struct delete_options {
    int64_t grace_s; /* -1: the object's own */
    char *propagation;
    char *uid;
    char *version;
    bool is_dry_run;
};

static void delete_options_fini(struct delete_options *options)
{
    free(options->propagation);
    free(options->uid);
    free(options->version);
}

static char *option_text(const struct sim_call *call, const json_t *body, const char *key)
{
    const char *text = sim_json_text(body, key);
    return tg_strdup(text[0] != '\0' ? text : sim_query_text(call->query, key));
}

/* From the body (DeleteOptions) and the query; false with the response filled when the body is no
 * JSON. */
static bool read_delete_options(const struct sim_call *call, struct delete_options *options)
{
    json_t *body = NULL;
    if (call->request->body_len > 0) {
        body = sim_k8s_body(call);
        if (body == NULL) {
            return false;
        }
    }
    options->grace_s = sim_json_int(body, "gracePeriodSeconds",
                                    sim_query_int(call->query, "gracePeriodSeconds", -1));
    options->propagation = option_text(call, body, "propagationPolicy");
    options->uid = tg_strdup(sim_json_text(body, "preconditions.uid"));
    options->version = tg_strdup(sim_json_text(body, "preconditions.resourceVersion"));
    const json_t *dry = json_object_get(body, "dryRun");
    options->is_dry_run =
        is_dry_run(call) || tg_str_eq(json_string_value(json_array_get(dry, 0)), "All");
    json_decref(body);
    return true;
}

struct dependents {
    const char *uid;
    json_t *found; /* array */
};

static bool find_dependent(void *context, json_t *object)
{
    struct dependents *dependents = context;
    size_t i;
    json_t *owner;
    json_array_foreach(sim_json_at(object, "metadata.ownerReferences"), i, owner)
    {
        if (tg_str_eq(sim_json_text(owner, "uid"), dependents->uid)) {
            json_array_append(dependents->found, object);
            break;
        }
    }
    return true;
}

/* Dependents keep living when the owner goes: their reference to it is taken out. */
static void orphan_dependents(struct sim_store *store, const char *uid)
{
    for (const struct sim_resource *r = sim_resources; r->plural != NULL; r++) {
        struct dependents dependents = {uid, json_array()};
        sim_store_each(store, r, NULL, find_dependent, &dependents);
        size_t i;
        json_t *object;
        json_array_foreach(dependents.found, i, object)
        {
            json_t *next = json_deep_copy(object);
            json_t *owners = sim_json_at(next, "metadata.ownerReferences");
            for (size_t o = json_array_size(owners); o > 0; o--) {
                if (tg_str_eq(sim_json_text(json_array_get(owners, o - 1), "uid"), uid)) {
                    json_array_remove(owners, o - 1);
                }
            }
            sim_store_update(store, r, next, NULL);
        }
        json_decref(dependents.found);
    }
}

/* Deletes one object; the answer is the object while it is only marked, else a Status. */
static void delete_one(struct sim_call *call, json_t *object, const struct delete_options *options)
{
    const struct sim_resource *resource = call->resource;
    const char *uid = sim_json_text(object, "metadata.uid");
    const char *version = sim_json_text(object, "metadata.resourceVersion");
    const char *name = sim_json_text(object, "metadata.name");
    const char *ns = sim_json_text(object, "metadata.namespace");
    bool is_other = options->uid[0] != '\0' && !tg_str_eq(options->uid, uid);
    bool is_changed = options->version[0] != '\0' && !tg_str_eq(options->version, version);
    struct tg_err err = TG_ERR_INIT;
    if (is_other || is_changed) {
        tg_err_set(&err, TG_CODE_CONFLICT, 409,
                   "Precondition failed: %s in precondition: %s, %s in object meta: %s",
                   is_other ? "UID" : "ResourceVersion", is_other ? options->uid : options->version,
                   is_other ? "UID" : "ResourceVersion", is_other ? uid : version);
        sim_k8s_fail_write(call->response, resource, name, false, &err);
        return;
    }
    if (!options->is_dry_run) {
        if (tg_str_eq(options->propagation, "Orphan")) {
            orphan_dependents(call->store, uid);
        }
        if (!sim_store_delete(call->store, resource, ns, name, options->grace_s, &err)) {
            sim_k8s_fail_write(call->response, resource, name, false, &err);
            return;
        }
    }
    json_t *left = sim_store_get(call->store, resource, ns, name);
    if (left != NULL && tg_str_eq(sim_json_text(left, "metadata.uid"), uid)) {
        reply(call, 200, left);
        return;
    }
    json_t *details = sim_k8s_details(resource, name);
    json_object_set_new(details, "uid", json_string(uid));
    sim_k8s_reply(call->response, 200,
                  json_pack("{s:s, s:s, s:{}, s:s, s:o}", "kind", "Status", "apiVersion", "v1",
                            "metadata", "status", "Success", "details", details));
}

void sim_k8s_delete(struct sim_call *call)
{
    struct delete_options options = {.grace_s = -1};
    json_t *current = current_of(call);
    if (current == NULL) {
        return;
    }
    json_incref(current);
    if (read_delete_options(call, &options)) {
        delete_one(call, current, &options);
    }
    delete_options_fini(&options);
    json_decref(current);
}

struct selected {
    const struct sim_collection *collection;
    json_t *found;
};

static bool select_object(void *context, json_t *object)
{
    struct selected *selected = context;
    if (sim_collection_has(selected->collection, object)) {
        json_array_append(selected->found, object);
    }
    return true;
}

void sim_k8s_delete_collection(struct sim_call *call)
{
    struct delete_options options = {.grace_s = -1};
    struct sim_collection collection;
    if (!sim_collection_init(&collection, call->store, call->resource, call->ns, NULL, call->query,
                             SIM_ENCODING_PLAIN, call->response)) {
        return;
    }
    if (read_delete_options(call, &options)) {
        struct selected selected = {&collection, json_array()};
        sim_store_each(call->store, call->resource, call->ns, select_object, &selected);
        size_t i;
        json_t *object;
        json_array_foreach(selected.found, i, object)
        {
            delete_one(call, object, &options);
            tg_buf_reset(&call->response->body);
        }
        char group_version[128];
        sim_k8s_group_version(call->resource, group_version, sizeof group_version);
        json_t *metadata = json_pack(
            "{s:o}", "resourceVersion",
            json_sprintf("%llu", (unsigned long long)sim_store_resource_version(call->store)));
        sim_k8s_reply(call->response, 200,
                      json_pack("{s:s, s:s, s:o, s:o}", "kind", call->resource->list_kind,
                                "apiVersion", group_version, "metadata", metadata, "items",
                                selected.found));
    }
    delete_options_fini(&options);
    sim_collection_fini(&collection);
}
