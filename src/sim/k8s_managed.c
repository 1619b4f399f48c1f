/* sim/k8s_managed.c - managers of fields, and server-side apply with its conflicts. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "sim/k8s_managed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim/apply_check.h"
#include "sim/face.h"
#include "sim/field_set.h"
#include "sim/json_path.h"
#include "sim/k8s_list.h"
#include "sim/k8s_status.h"
#include "sim/k8s_strict.h"
#include "sim/query.h"
#include "sim/shape.h"

#define MANAGER_SIZE 129

struct manager {
    char name[MANAGER_SIZE];
    const char *operation; /* "Apply", "Update" */
    const char *subresource;
    char version[128];
};

static struct manager manager_of(const struct sim_call *call, const char *operation)
{
    struct manager manager = {.operation = operation, .subresource = call->subresource};
    const char *named = sim_query_text(call->query, "fieldManager");
    const char *agent = call->request->user_agent;
    tg_str_copy(manager.name, sizeof manager.name, named[0] != '\0' ? named : agent);
    if (named[0] == '\0') { /* the program's name is what stands before its version */
        manager.name[strcspn(manager.name, "/")] = '\0';
    }
    sim_k8s_group_version(call->resource, manager.version, sizeof manager.version);
    return manager;
}

static bool is_entry_of(const json_t *entry, const struct manager *manager)
{
    return tg_str_eq(sim_json_text(entry, "manager"), manager->name) &&
           tg_str_eq(sim_json_text(entry, "operation"), manager->operation) &&
           tg_str_eq(sim_json_text(entry, "subresource"), manager->subresource);
}

static json_t *entries_of(const json_t *object)
{
    json_t *entries = sim_json_at(object, "metadata.managedFields");
    return json_is_array(entries) ? json_deep_copy(entries) : json_array();
}

/* Takes the reference to entries. */
static void set_entries(json_t *object, json_t *entries)
{
    json_t *metadata = json_object_get(object, "metadata");
    if (json_array_size(entries) == 0) {
        json_object_del(metadata, "managedFields");
        json_decref(entries);
    } else {
        json_object_set_new(metadata, "managedFields", entries);
    }
}

/* Sets the manager's fields (stolen); an empty set takes its entry away. */
static void put_entry(struct sim_world *world, json_t *entries, const struct manager *manager,
                      json_t *fields)
{
    char now[SIM_TIME_SIZE];
    for (size_t i = json_array_size(entries); i > 0; i--) {
        if (is_entry_of(json_array_get(entries, i - 1), manager)) {
            json_array_remove(entries, i - 1);
        }
    }
    if (sim_field_set_is_empty(fields)) {
        json_decref(fields);
        return;
    }
    json_t *entry =
        json_pack("{s:s,s:s,s:s,s:s,s:s,s:o}", "manager", manager->name, "operation",
                  manager->operation, "apiVersion", manager->version, "time",
                  sim_shape_time(world, now), "fieldsType", "FieldsV1", "fieldsV1", fields);
    if (manager->subresource[0] != '\0') {
        json_object_set_new(entry, "subresource", json_string(manager->subresource));
    }
    json_array_append_new(entries, entry);
}

/* Takes fields from everybody but the manager. */
static void take_from_others(json_t *entries, const struct manager *manager, const json_t *fields)
{
    for (size_t i = json_array_size(entries); i > 0; i--) {
        json_t *entry = json_array_get(entries, i - 1);
        if (manager != NULL && is_entry_of(entry, manager)) {
            continue;
        }
        json_t *rest = sim_field_set_minus(json_object_get(entry, "fieldsV1"), fields);
        if (sim_field_set_is_empty(rest)) {
            json_decref(rest);
            json_array_remove(entries, i - 1);
        } else {
            json_object_set_new(entry, "fieldsV1", rest);
        }
    }
}

static const json_t *fields_of_manager(const json_t *entries, const struct manager *manager)
{
    size_t i;
    json_t *entry;
    json_array_foreach(entries, i, entry)
    {
        if (is_entry_of(entry, manager)) {
            return json_object_get(entry, "fieldsV1");
        }
    }
    return NULL;
}

void sim_managed_track(const struct sim_call *call, const json_t *before, json_t *after)
{
    struct manager manager = manager_of(call, "Update");
    json_t *changed;
    json_t *removed;
    if (manager.name[0] == '\0') {
        return;
    }
    sim_field_set_diff(sim_schema_of(call->resource), before, after, &changed, &removed);
    if (call->resource->has_status && call->subresource[0] == '\0') {
        json_object_del(changed, "f:status"); /* which is the server's own on this path */
    }
    json_t *entries = entries_of(before);
    take_from_others(entries, &manager, changed);
    take_from_others(entries, NULL, removed);
    if (!sim_field_set_is_empty(changed)) {
        const json_t *have = fields_of_manager(entries, &manager);
        put_entry(call->world, entries, &manager, sim_field_set_union(have, changed));
    }
    set_entries(after, entries);
    json_decref(changed);
    json_decref(removed);
}

/* ---- apply ---- */

struct conflicts {
    json_t *causes;
    struct tg_buf text; /* of the message, after its head */
    bool is_entry_told;
    char who[400];
};

static void add_conflict(void *context, const char *path)
{
    struct conflicts *conflicts = context;
    if (!conflicts->is_entry_told) {
        conflicts->is_entry_told = true;
        tg_buf_printf(&conflicts->text,
                      "%sconflicts with %s:", conflicts->text.len == 0 ? "" : "\n", conflicts->who);
    }
    tg_buf_printf(&conflicts->text, "\n- %s", path);
    char *message = tg_asprintf("conflict with %s", conflicts->who);
    json_array_append_new(conflicts->causes,
                          json_pack("{s:s,s:s,s:s}", "reason", "FieldManagerConflict", "message",
                                    message, "field", path));
    free(message);
}

static void name_entry(struct conflicts *conflicts, const json_t *entry)
{
    const char *subresource = sim_json_text(entry, "subresource");
    bool is_update = tg_str_eq(sim_json_text(entry, "operation"), "Update");
    conflicts->is_entry_told = false;
    snprintf(conflicts->who, sizeof conflicts->who, "\"%.120s\"%s%.60s%s%s%.120s",
             sim_json_text(entry, "manager"), subresource[0] == '\0' ? "" : " with subresource \"",
             subresource, subresource[0] == '\0' ? "" : "\"", is_update ? " using " : "",
             is_update ? sim_json_text(entry, "apiVersion") : "");
}

/* False with the response filled (409) when somebody else holds a field at another value. */
static bool check_conflicts(const struct sim_call *call, const struct manager *manager,
                            const json_t *entries, const json_t *mine, const json_t *applied,
                            const json_t *live)
{
    struct conflicts conflicts = {.causes = json_array()};
    tg_buf_init(&conflicts.text, 1u << 16);
    size_t i;
    json_t *entry;
    json_array_foreach(entries, i, entry)
    {
        if (!is_entry_of(entry, manager)) {
            name_entry(&conflicts, entry);
            sim_field_set_conflicts(mine, json_object_get(entry, "fieldsV1"), applied, live,
                                    add_conflict, &conflicts);
        }
    }
    size_t count = json_array_size(conflicts.causes);
    if (count > 0) {
        const json_t *first = json_array_get(conflicts.causes, 0);
        char *message =
            count == 1 ? tg_asprintf("Apply failed with 1 conflict: %s: %s",
                                     sim_json_text(first, "message"), sim_json_text(first, "field"))
                       : tg_asprintf("Apply failed with %zu conflicts: %s", count,
                                     tg_buf_text(&conflicts.text));
        json_t *status =
            json_pack("{s:s,s:s,s:{},s:s,s:s,s:s,s:{s:O},s:i}", "kind", "Status", "apiVersion",
                      "v1", "metadata", "status", "Failure", "message", message, "reason",
                      "Conflict", "details", "causes", conflicts.causes, "code", 409);
        sim_k8s_reply(call->response, 409, status);
        free(message);
    }
    json_decref(conflicts.causes);
    tg_buf_fini(&conflicts.text);
    return count == 0;
}

static bool is_of_resource(const struct sim_call *call, const json_t *applied)
{
    char version[128];
    sim_k8s_group_version(call->resource, version, sizeof version);
    return tg_str_eq(sim_json_text(applied, "apiVersion"), version) &&
           tg_str_eq(sim_json_text(applied, "kind"), call->resource->kind);
}

/* "group/version", and "/version" of the core group. out is returned. */
static const char *group_version_text(const json_t *object, char *out, size_t size)
{
    const char *version = sim_json_text(object, "apiVersion");
    snprintf(out, size, "%s%.100s", strchr(version, '/') == NULL ? "/" : "", version);
    return out;
}

/* A configuration that is none of its kind. */
static void fail_typed(const struct sim_call *call, const json_t *applied, const char *message)
{
    char version[128];
    sim_k8s_fail(
        call->response, 500, "", "failed to create typed patch object (%s/%s; %s, Kind=%s): %s",
        sim_json_text(applied, "metadata.namespace"), sim_json_text(applied, "metadata.name"),
        group_version_text(applied, version, sizeof version), call->resource->kind, message);
}

/* One with fields that its kind has not. */
static void fail_undeclared(const struct sim_call *call, const json_t *applied, const char *message)
{
    static const char mark[] = "unknown field \"";
    const char *field = strstr(message, mark);
    field = field == NULL ? "" : field + sizeof mark - 1;
    char *text =
        tg_asprintf(".%.*s: field not declared in schema", (int)strcspn(field, "\""), field);
    fail_typed(call, applied, text);
    free(text);
}

/* The applied configuration; NULL with the response filled. New reference. */
static json_t *applied_body(const struct sim_call *call)
{
    char version[128];
    struct tg_err err = TG_ERR_INIT;
    const struct sim_request *request = call->request;
    json_t *applied =
        json_loadb(request->body == NULL ? "" : request->body, request->body_len, 0, NULL);
    if (!json_is_object(applied)) {
        sim_k8s_fail(call->response, 400, NULL,
                     "(simulated) server-side apply takes its configuration as JSON here");
    } else if (!is_of_resource(call, applied)) {
        sim_k8s_fail(call->response, 400, NULL, "invalid object type: %s, Kind=%s",
                     group_version_text(applied, version, sizeof version),
                     sim_json_text(applied, "kind"));
    } else if (!sim_apply_check(sim_schema_of(call->resource), applied, &err)) {
        fail_typed(call, applied, err.msg);
    } else if (!sim_k8s_check_fields(call->resource, applied, true, &err)) {
        fail_undeclared(call, applied, err.msg);
    } else if (sim_json_count(applied, "metadata.managedFields") > 0) {
        sim_k8s_fail(call->response, 400, NULL, "metadata.managedFields must be nil");
    } else {
        return applied;
    }
    json_decref(applied);
    return NULL;
}

/* live with what the configuration says, without what it no longer says. New reference. */
static json_t *merged(const struct sim_call *call, const struct manager *manager,
                      const json_t *entries, const json_t *mine, const json_t *live,
                      const json_t *applied)
{
    json_t *next = sim_field_merge(sim_schema_of(call->resource), live, applied);
    const json_t *old = fields_of_manager(entries, manager);
    json_t *gone = old == NULL ? json_object() : sim_field_set_minus(old, mine);
    size_t i;
    json_t *entry;
    json_array_foreach(entries, i, entry)
    {
        if (!is_entry_of(entry, manager)) {
            json_t *rest = sim_field_set_minus(gone, json_object_get(entry, "fieldsV1"));
            json_decref(gone);
            gone = rest;
        }
    }
    sim_field_set_remove(gone, next);
    json_decref(gone);
    return next;
}

void sim_k8s_apply(struct sim_call *call)
{
    json_t *applied = applied_body(call);
    if (applied == NULL) {
        return;
    }
    struct manager manager = manager_of(call, "Apply");
    const struct sim_field *message = sim_schema_of(call->resource);
    json_t *live =
        sim_store_get(call->store, call->resource, call->ns == NULL ? "" : call->ns, call->name);
    json_t *mine = sim_field_set_of(message, applied);
    json_t *entries = entries_of(live);
    bool is_forced = sim_query_is_true(call->query, "force");
    json_t *next = NULL;
    if (live == NULL) {
        next = json_deep_copy(applied);
    } else if (is_forced || check_conflicts(call, &manager, entries, mine, applied, live)) {
        next = merged(call, &manager, entries, mine, live, applied);
        if (is_forced) {
            json_t *changed;
            json_t *removed;
            sim_field_set_diff(message, live, next, &changed, &removed);
            take_from_others(entries, &manager, changed);
            json_decref(changed);
            json_decref(removed);
        }
    }
    if (next != NULL) {
        bool is_same_set = json_equal(fields_of_manager(entries, &manager), mine);
        if (!is_same_set || live == NULL) {
            put_entry(call->world, entries, &manager, json_incref(mine));
        }
        sim_json_make_object(next, "metadata");
        set_entries(next, entries);
        entries = NULL;
        sim_k8s_write_applied(call, live, next);
    }
    json_decref(entries);
    json_decref(mine);
    json_decref(applied);
}
