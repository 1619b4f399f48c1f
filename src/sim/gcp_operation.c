/* sim/gcp_operation.c - long-running operations of four kinds of API: begun, polled, finished. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/clock.h"
#include "base/fmt.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim/behaviour.h"
#include "sim/fault_world.h"
#include "sim/gcp_compute.h"
#include "sim/gcp_list.h"
#include "sim/gcp_store.h"
#include "sim/json_path.h"
#include "sim/lab_objects.h"
#include "sim/shape.h"

#define COMPUTE    "https://www.googleapis.com/compute/v1/projects/"
#define CONTAINER  "https://container.googleapis.com/v1/projects/"
#define HANGING_US (INT64_C(100) * 365 * 86400 * TG_US_PER_S) /* never, for whoever waits */
#define WAIT_US    (120 * TG_US_PER_S)
#define KEEP       "operation/"

struct pending {
    char *path;
    sim_gcp_finish *finish;
};

static void pending_free(void *data)
{
    struct pending *pending = data;
    free(pending->path);
    free(pending);
}

static void finish_later(struct sim_world *world, void *data)
{
    struct pending *pending = data;
    pending->finish(world, pending->path);
}

/* What was being made is there in error, or, where it has no status, not there. */
static void fail_resource(struct sim_world *world, const char *path)
{
    const json_t *document = sim_gcp_find(world, "%s", path);
    if (document == NULL) {
        return;
    }
    if (json_object_get(document, "status") == NULL) {
        sim_gcp_drop(world, path);
        return;
    }
    json_t *next = json_deep_copy(document);
    json_object_set_new(next, "status", json_string("ERROR"));
    sim_gcp_put(world, path, next);
}

/* Sets when the operation ends and what happens then. */
static void plan_end(struct sim_world *world, const struct sim_gcp_change *change, json_t *document)
{
    int64_t now_us = sim_world_now_us(world);
    int64_t wait_us = change->duration == NULL || now_us < 0
                          ? 0
                          : sim_draw_duration(world, change->path, change->type, change->duration);
    bool is_hanging = false;
    const char *fault = sim_fault_operation_error(world, change->type, &is_hanging);
    const char *error = change->error != NULL ? change->error : fault;
    wait_us = is_hanging ? HANGING_US : wait_us;
    json_object_set_new(document, "_end", json_integer((json_int_t)(now_us + wait_us)));
    if (error != NULL) {
        json_object_set_new(document, "_error", json_string(error));
    }
    sim_gcp_finish *fail = change->fail != NULL ? change->fail
                           : fault == error     ? fail_resource
                                                : NULL;
    sim_gcp_finish *finish = is_hanging ? NULL : error == NULL ? change->finish : fail;
    if (finish == NULL) {
        return;
    }
    if (wait_us == 0) {
        finish(world, change->path);
        return;
    }
    struct pending *pending = TG_NEW(struct pending);
    pending->path = tg_strdup(change->path);
    pending->finish = finish;
    uint64_t event = sim_world_at(world, now_us + wait_us, SIM_PRIORITY_CONTROL, finish_later,
                                  pending, pending_free);
    json_object_set_new(document, "_event", json_integer((json_int_t)event));
}

static void operation_name(struct sim_world *world, char *out, size_t size)
{
    snprintf(out, size, "operation-%" PRId64 "-%08" PRIx32, sim_world_wall_us(world) / 1000,
             (uint32_t)sim_world_draw(world, "cloud", "operation"));
}

static bool is_over(struct sim_world *world, const json_t *document)
{
    return sim_world_now_us(world) >= sim_json_int(document, "_end", 0);
}

/* ---- forms ---- */

/* What an error's text means in the codes of Compute Engine and of GKE. */
static const struct {
    const char *mark;
    const char *code;
    const char *condition; /* of a node pool; "" none */
    int http_status;
    const char *http_message;
} meanings[] = {
    {"already being used by", "RESOURCE_IN_USE_BY_ANOTHER_RESOURCE", "", 400, "BAD REQUEST"},
    {"GCE_QUOTA_EXCEEDED", "QUOTA_EXCEEDED", "GCE_QUOTA_EXCEEDED", 403, "FORBIDDEN"},
    {"exceeded.  Limit:", "QUOTA_EXCEEDED", "GCE_QUOTA_EXCEEDED", 403, "FORBIDDEN"},
    {"GCE_STOCKOUT", "ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS", "GCE_STOCKOUT", 503,
     "SERVICE UNAVAILABLE"},
    {"does not have enough resources", "ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS", "GCE_STOCKOUT",
     503, "SERVICE UNAVAILABLE"},
    {"is not ready", "RESOURCE_NOT_READY", "", 400, "BAD REQUEST"},
    {"was not found", "RESOURCE_NOT_FOUND", "", 404, "NOT FOUND"},
    {"", "INTERNAL_ERROR", "UNKNOWN", 500, "INTERNAL SERVER ERROR"},
};

static size_t meaning_of(const char *error)
{
    size_t i = 0;
    while (strstr(error, meanings[i].mark) == NULL) {
        i++; /* the last one's mark is in every text */
    }
    return i;
}

static void show_end_time(struct sim_world *world, const json_t *document, json_t *shown)
{
    char text[SIM_TIME_SIZE];
    int64_t end_us = sim_json_int(document, "_end", 0) - sim_world_now_us(world);
    sim_shape_time_at(sim_world_wall_us(world) + end_us, text);
    json_object_set_new(shown, "endTime", json_string(text));
}

static json_t *show_compute(struct sim_world *world, const json_t *document)
{
    json_t *shown = sim_gcp_shown(document);
    if (is_over(world, document)) {
        json_object_set_new(shown, "status", json_string("DONE"));
        json_object_set_new(shown, "progress", json_integer(100));
        show_end_time(world, document, shown);
        const char *error = sim_json_text(document, "_error");
        if (error[0] != '\0') {
            size_t i = meaning_of(error);
            json_object_set_new(
                shown, "error",
                json_pack("{s:[{s:s,s:s}]}", "errors", "code", meanings[i].code, "message", error));
            json_object_set_new(shown, "httpErrorStatusCode",
                                json_integer(meanings[i].http_status));
            json_object_set_new(shown, "httpErrorMessage", json_string(meanings[i].http_message));
        }
    }
    return shown;
}

static json_t *show_container(struct sim_world *world, const json_t *document)
{
    json_t *shown = sim_gcp_shown(document);
    bool is_done = is_over(world, document);
    const char *error = is_done ? sim_json_text(document, "_error") : "";
    json_t *progress = json_deep_copy(json_object_get(document, "progress"));
    json_t *metrics = json_object_get(progress, "metrics");
    json_array_append_new(metrics, json_pack("{s:s,s:s}", "name", "nodes done", "intValue",
                                             is_done && error[0] == '\0' ? "1" : "0"));
    json_object_set_new(shown, "progress", progress);
    if (!is_done) {
        return shown;
    }
    json_object_set_new(shown, "status", json_string("DONE"));
    show_end_time(world, document, shown);
    if (error[0] != '\0') {
        const char *code = meanings[meaning_of(error)].condition;
        json_object_set_new(shown, "statusMessage", json_string(error));
        json_object_set_new(shown, "error", json_pack("{s:i,s:s}", "code", 8, "message", error));
        json_object_set_new(shown, "nodepoolConditions",
                            json_pack("[{s:s,s:s,s:s}]", "code", code, "canonicalCode",
                                      "RESOURCE_EXHAUSTED", "message", error));
    }
    return shown;
}

static json_t *show_long(struct sim_world *world, const json_t *document)
{
    json_t *shown = sim_gcp_shown(document);
    bool is_done = is_over(world, document);
    json_object_set_new(shown, "done", json_boolean(is_done));
    if (!is_done) {
        json_object_del(shown, "response");
    }
    return shown;
}

static json_t *show(struct sim_world *world, const json_t *document)
{
    const char *form = sim_json_text(document, "_form");
    return tg_str_eq(form, "compute")     ? show_compute(world, document)
           : tg_str_eq(form, "container") ? show_container(world, document)
                                          : show_long(world, document);
}

static json_t *keep(struct sim_world *world, const struct sim_gcp_change *change, const char *form,
                    const char *name, json_t *document)
{
    json_object_set_new(document, "_form", json_string(form));
    json_object_set_new(document, "_place", json_string(change->place));
    json_object_set_new(document, "_target", json_string(change->path));
    plan_end(world, change, document);
    char *path = tg_asprintf(KEEP "%s/%s", form, name);
    sim_gcp_put(world, path, document);
    free(path);
    return show(world, document);
}

/* ---- begun ---- */

json_t *sim_gcp_operate_compute(struct sim_world *world, const struct sim_gcp_change *change)
{
    char name[80];
    char id[24];
    char now[SIM_TIME_SIZE];
    operation_name(world, name, sizeof name);
    const char *project = sim_gcp_project(world);
    sim_gcp_now(world, now);
    json_t *document = sim_shape(
        "{'kind':'compute#operation','id':'%s','name':'%s','operationType':'%s','targetLink':'%s',"
        "'targetId':'%s','status':'RUNNING','progress':0,'user':'operator@example.com','insertTime'"
        ":'%s',"
        "'startTime':'%s','selfLink':'" COMPUTE "%s/%s/operations/%s'}",
        sim_gcp_id("operation", name, id), name, change->type, change->target_link,
        sim_gcp_id("target", change->path, (char[24]){0}), now, now, project, change->place, name);
    const char *slash = strchr(change->place, '/');
    if (slash != NULL) {
        bool is_region = tg_str_has_prefix(change->place, "regions/");
        json_object_set_new(document, is_region ? "region" : "zone",
                            json_sprintf(COMPUTE "%s/%s", project, change->place));
    }
    return keep(world, change, "compute", name, document);
}

json_t *sim_gcp_operate_container(struct sim_world *world, const struct sim_gcp_change *change)
{
    char name[80];
    char now[SIM_TIME_SIZE];
    operation_name(world, name, sizeof name);
    json_t *document = sim_shape(
        "{'name':'%s','operationType':'%s','status':'RUNNING','zone':'%s','location':'%s',"
        "'selfLink':'" CONTAINER "%s/zones/%s/operations/%s','targetLink':'%s','startTime':'%s',"
        "'progress':{'metrics':[{'name':'nodes total','intValue':'1'}]}}",
        name, change->type, change->place, change->place, sim_gcp_project(world), change->place,
        name, change->target_link, sim_gcp_now(world, now));
    json_object_set_new(document, "_cluster", json_string(change->path));
    return keep(world, change, "container", name, document);
}

json_t *sim_gcp_operate_long(struct sim_world *world, const struct sim_gcp_change *change)
{
    char name[80];
    char now[SIM_TIME_SIZE];
    operation_name(world, name, sizeof name);
    bool is_service = tg_str_eq(change->place, "services");
    json_t *document = is_service
                           ? sim_shape("{'name':'operations/%s'}", name)
                           : sim_shape("{'name':'projects/%s/locations/global/operations/%s',"
                                       "'metadata':{'createTime':'%s','target':'%s','verb':'%s',"
                                       "'apiVersion':'v1'}}",
                                       sim_gcp_project(world), name, sim_gcp_now(world, now),
                                       change->target_link, change->type);
    json_object_set_new(document, "response",
                        change->response == NULL ? json_object() : change->response);
    return keep(world, change, "long", name, document);
}

/* ---- asked for ---- */

struct listing {
    struct sim_world *world;
    const char *place; /* "us-east5-b", "regions/us-east5"; "-": all */
    json_t *items;
};

static bool add_operation(void *context, const char *path, json_t *document)
{
    struct listing *listing = context;
    (void)path;
    if (tg_str_eq(listing->place, "-") ||
        tg_str_eq(listing->place, sim_json_text(document, "_place"))) {
        json_array_append_new(listing->items, show(listing->world, document));
    }
    return true;
}

static json_t *operations_in(struct sim_world *world, const char *form, const char *place)
{
    struct listing listing = {world, place, json_array()};
    char prefix[40];
    snprintf(prefix, sizeof prefix, KEEP "%s/", form);
    sim_gcp_each(world, prefix, add_operation, &listing);
    return listing.items;
}

static json_t *list_container(struct sim_gcp_call *call)
{
    json_t *items = operations_in(call->world, "container", sim_gcp_segment(call, 3));
    if (json_array_size(items) == 0) {
        json_decref(items);
        return json_object();
    }
    return json_pack("{s:o}", "operations", items);
}

static json_t *list_long(struct sim_gcp_call *call)
{
    json_t *error = NULL;
    json_t *items = operations_in(call->world, "long", "-");
    json_t *answer = json_object();
    if (!sim_gcp_page(call, items, "pageSize", 100, answer, &error)) {
        json_decref(answer);
        answer = error;
    } else {
        json_object_set(answer, "operations", items);
    }
    json_decref(items);
    return answer;
}

/* Places in the form of aggregated lists. */
static json_t *aggregate(struct sim_gcp_call *call)
{
    json_t *error = NULL;
    json_t *scopes = json_object();
    for (int i = -1; i < 2 * sim_world_region_count(call->world); i++) {
        char place[SIM_NAME_SIZE + 16] = "global";
        const struct sim_region *region = i < 0 ? NULL : sim_world_region(call->world, i / 2);
        if (region != NULL) {
            snprintf(place, sizeof place, i % 2 == 0 ? "regions/%s" : "zones/%s",
                     i % 2 == 0 ? region->name : region->zone);
        }
        json_t *items = operations_in(call->world, "compute", place);
        if (!sim_gcp_filter(call, items, &error)) {
            json_decref(items);
            json_decref(scopes);
            return error;
        }
        json_object_set_new(scopes, place, sim_gcp_compute_scope(place, "operations", items));
    }
    return json_pack(
        "{s:s,s:o,s:o}", "kind", "compute#operationAggregatedList", "id",
        json_sprintf("projects/%s/aggregated/operations", sim_gcp_project(call->world)), "items",
        scopes);
}

static json_t *list_compute(struct sim_gcp_call *call)
{
    const char *place = sim_gcp_segment(call, 2);
    char scope[SIM_GCP_SEGMENT_SIZE + 16];
    if (tg_str_eq(place, "aggregated")) {
        return aggregate(call);
    }
    bool is_global = tg_str_eq(place, "global");
    snprintf(scope, sizeof scope, "%s%s%s", place, is_global ? "" : "/",
             is_global ? "" : sim_gcp_segment(call, 3));
    return sim_gcp_compute_page(call, "operation", "operations",
                                operations_in(call->world, "compute", scope));
}

json_t *sim_gcp_operation_named(struct sim_world *world, const char *name)
{
    const json_t *document = sim_gcp_find(world, KEEP "compute/%s", name);
    return document == NULL ? NULL : show(world, document);
}

/* Ends an operation of GKE or of the fleet before it is done: what it was to make stays, in error.
 */
static json_t *cancel(struct sim_world *world, json_t *document)
{
    if (is_over(world, document)) {
        return json_object();
    }
    json_t *target = sim_gcp_find(world, "%s", sim_json_text(document, "_target"));
    sim_world_cancel(world, (uint64_t)sim_json_int(document, "_event", 0));
    json_object_set_new(document, "_end", json_integer((json_int_t)sim_world_now_us(world)));
    json_object_set_new(document, "_error", json_string("Operation was aborted."));
    if (target != NULL && json_object_get(target, "status") != NULL) {
        json_object_set_new(target, "status", json_string("ERROR"));
        json_object_set_new(target, "statusMessage", json_string("Operation was aborted."));
    }
    return json_object();
}

/* Compute Engine's wait answers when the operation is done, or after two minutes with what it is
 * then. False: it is to be answered now. */
static bool begin_wait(struct sim_gcp_call *call, int at, const json_t *document)
{
    int64_t left_us = sim_json_int(document, "_end", 0) - sim_world_now_us(call->world);
    if (!tg_str_eq(call->method, "POST") || !tg_str_eq(sim_gcp_segment(call, at + 1), "wait") ||
        left_us <= 0 || call->response == NULL || call->request->has_waited) {
        return false;
    }
    call->response->status = 200;
    call->response->wait_us = left_us < WAIT_US ? left_us : WAIT_US;
    call->has_answered = true;
    return true;
}

json_t *sim_gcp_operations(struct sim_gcp_call *call, const char *service, int at)
{
    const char *form = tg_str_eq(service, "compute")     ? "compute"
                       : tg_str_eq(service, "container") ? "container"
                                                         : "long";
    char name[SIM_GCP_SEGMENT_SIZE];
    tg_str_copy(name, sizeof name, sim_gcp_segment(call, at));
    if (name[0] == '\0') {
        return tg_str_eq(form, "container") ? list_container(call)
               : tg_str_eq(form, "compute") ? list_compute(call)
                                            : list_long(call);
    }
    char *colon = strchr(name, ':');
    bool is_cancel = colon != NULL && tg_str_eq(colon, ":cancel");
    if (colon != NULL) {
        *colon = '\0';
    }
    json_t *document = sim_gcp_find(call->world, KEEP "%s/%s", form, name);
    if (document == NULL && !tg_str_eq(form, "compute")) {
        /* one path serves the fleet and the clusters when no service is named */
        document = sim_gcp_find(call->world, KEEP "%s/%s",
                                tg_str_eq(form, "container") ? "long" : "container", name);
    }
    if (document == NULL || sim_fault_operation_is_lost(call->world, name)) {
        return sim_gcp_error(call, 404, "NOT_FOUND", "Operation '%s' was not found.", name);
    }
    if (tg_str_eq(call->method, "DELETE")) {
        char *path = tg_asprintf(KEEP "%s/%s", form, name);
        sim_gcp_drop(call->world, path);
        free(path);
        *call->status = tg_str_eq(form, "compute") ? 204 : 200;
        return json_object();
    }
    if (tg_str_eq(form, "compute") && begin_wait(call, at, document)) {
        return NULL;
    }
    return is_cancel ? cancel(call->world, document) : show(call->world, document);
}
