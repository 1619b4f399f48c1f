/* sim/k8s_delete.c - delete and deletecollection: preconditions, grace, and what happens to
 * dependents. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim/behaviour.h"
#include "sim/controllers.h"
#include "sim/json_path.h"
#include "sim/k8s_call.h"
#include "sim/k8s_list.h"
#include "sim/k8s_options.h"
#include "sim/k8s_status.h"
#include "sim/query.h"

struct delete_options {
    int64_t grace_s; /* -1: the object's own */
    char *propagation;
    char *uid;
    char *version;
    bool is_dry_run;
};

/* Kinds whose deletion is answered with the object itself. */
static bool is_answered_whole(const struct sim_resource *resource)
{
    bool is_core = resource->group[0] == '\0';
    return is_core &&
           (tg_str_eq(resource->kind, "Pod") || tg_str_eq(resource->kind, "Service") ||
            tg_str_eq(resource->kind, "ServiceAccount") || tg_str_eq(resource->kind, "Namespace"));
}

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
    if (!sim_k8s_check_write_options(call->query, "DELETE", body, false, call->response)) {
        json_decref(body);
        return false;
    }
    options->grace_s = sim_json_int(body, "gracePeriodSeconds",
                                    sim_query_int(call->query, "gracePeriodSeconds", -1));
    options->propagation = option_text(call, body, "propagationPolicy");
    if (options->propagation[0] == '\0' && tg_str_eq(call->resource->kind, "Job")) {
        tg_str_replace(&options->propagation, "Orphan"); /* what batch/v1 has always done */
    }
    options->uid = tg_strdup(sim_json_text(body, "preconditions.uid"));
    options->version = tg_strdup(sim_json_text(body, "preconditions.resourceVersion"));
    const json_t *dry = json_object_get(body, "dryRun");
    options->is_dry_run =
        sim_k8s_is_dry_run(call) || tg_str_eq(json_string_value(json_array_get(dry, 0)), "All");
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

/* What is noted on an object before it is marked: who must be done before it may go. */
static void prepare_delete(struct sim_call *call, json_t *object,
                           const struct delete_options *options)
{
    if (tg_str_eq(options->propagation, "Orphan")) {
        orphan_dependents(call->store, sim_json_text(object, "metadata.uid"));
    } else if (tg_str_eq(options->propagation, "Foreground")) {
        sim_garbage_add_finalizer(call->store, call->resource, object);
    }
    if (tg_str_eq(call->resource->kind, "CustomResourceDefinition")) {
        sim_definition_begin_delete(sim_world_region(call->world, call->request->server),
                                    sim_json_text(object, "metadata.name"));
    }
}

static void fail_precondition(const struct sim_call *call, const char *name, const char *what,
                              const char *wanted, const char *have)
{
    const struct sim_resource *resource = call->resource;
    bool is_core = resource->group[0] == '\0';
    char *message = tg_asprintf(
        "Operation cannot be fulfilled on %s%s%s \"%s\": the %s in the precondition (%s) does not "
        "match the %s in record (%s). The object might have been %s",
        resource->kind, is_core ? "" : ".", resource->group, name, what, wanted, what, have,
        tg_str_eq(what, "UID") ? "deleted and then recreated" : "modified");
    json_t *details = sim_k8s_details(resource, name);
    json_object_set_new(details, "kind", json_string(resource->kind));
    sim_k8s_reply(call->response, 409, sim_k8s_status(409, NULL, message, details));
    free(message);
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
        fail_precondition(call, name, is_other ? "UID" : "ResourceVersion",
                          is_other ? options->uid : options->version, is_other ? uid : version);
        return;
    }
    if (!options->is_dry_run) {
        prepare_delete(call, object, options);
        if (!sim_store_delete(call->store, resource, ns, name, options->grace_s, &err)) {
            sim_k8s_fail_write(call->response, resource, name, false, &err);
            return;
        }
    }
    json_t *left = sim_store_get(call->store, resource, ns, name);
    if (left != NULL && tg_str_eq(sim_json_text(left, "metadata.uid"), uid)) {
        sim_k8s_reply_object(call->response, 200, call->store, call->resource, left,
                             call->encoding);
        return;
    }
    if (is_answered_whole(resource)) {
        sim_k8s_reply_object(call->response, 200, call->store, call->resource, object,
                             call->encoding);
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
    json_t *current = sim_k8s_current(call);
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
        json_t *items = json_array();
        json_array_foreach(selected.found, i, object)
        {
            delete_one(call, object, &options);
            tg_buf_reset(&call->response->body);
            json_t *item = json_copy(object);
            if (call->resource->is_strategic) { /* as in lists of built-in kinds */
                json_object_del(item, "kind");
                json_object_del(item, "apiVersion");
            }
            json_array_append_new(items, item);
        }
        json_decref(selected.found);
        char group_version[128];
        sim_k8s_group_version(call->resource, group_version, sizeof group_version);
        json_t *metadata = json_pack(
            "{s:o}", "resourceVersion",
            json_sprintf("%llu", (unsigned long long)sim_store_resource_version(call->store)));
        sim_k8s_reply(call->response, 200,
                      json_pack("{s:s, s:s, s:o, s:o}", "kind", call->resource->list_kind,
                                "apiVersion", group_version, "metadata", metadata, "items", items));
    }
    delete_options_fini(&options);
    sim_collection_fini(&collection);
}
