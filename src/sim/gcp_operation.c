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
#include "sim/gcp_store.h"
#include "sim/json_path.h"
#include "sim/lab_objects.h"
#include "sim/shape.h"

#define COMPUTE   "https://www.googleapis.com/compute/v1/projects/"
#define CONTAINER "https://container.googleapis.com/v1/projects/"
#define KEEP      "operation/"

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

/* Sets when the operation ends and what happens then. */
static void plan_end(struct sim_world *world, const struct sim_gcp_change *change, json_t *document)
{
    int64_t now_us = sim_world_now_us(world);
    int64_t wait_us = change->duration == NULL || now_us < 0
                          ? 0
                          : sim_draw_duration(world, change->path, change->type, change->duration);
    json_object_set_new(document, "_end", json_integer((json_int_t)(now_us + wait_us)));
    if (change->error != NULL) {
        json_object_set_new(document, "_error", json_string(change->error));
    }
    if (change->finish == NULL || change->error != NULL) {
        return;
    }
    if (wait_us == 0) {
        change->finish(world, change->path);
        return;
    }
    struct pending *pending = TG_NEW(struct pending);
    pending->path = tg_strdup(change->path);
    pending->finish = change->finish;
    sim_world_at(world, now_us + wait_us, SIM_PRIORITY_CONTROL, finish_later, pending,
                 pending_free);
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
            json_object_set_new(shown, "error",
                                json_pack("{s:[{s:s,s:s}]}", "errors", "code",
                                          "RESOURCE_IN_USE_BY_ANOTHER_RESOURCE", "message", error));
            json_object_set_new(shown, "httpErrorStatusCode", json_integer(400));
            json_object_set_new(shown, "httpErrorMessage", json_string("BAD REQUEST"));
        }
    }
    return shown;
}

static json_t *show_container(struct sim_world *world, const json_t *document)
{
    json_t *shown = sim_gcp_shown(document);
    if (is_over(world, document)) {
        json_object_set_new(shown, "status", json_string("DONE"));
        show_end_time(world, document, shown);
        const char *error = sim_json_text(document, "_error");
        if (error[0] != '\0') {
            bool is_stockout = strstr(error, "GCE_STOCKOUT") != NULL;
            const char *code = is_stockout ? "GCE_STOCKOUT" : "GCE_QUOTA_EXCEEDED";
            json_object_set_new(shown, "statusMessage", json_string(error));
            json_object_set_new(shown, "error",
                                json_pack("{s:i,s:s}", "code", 8, "message", error));
            json_object_set_new(shown, "nodepoolConditions",
                                json_pack("[{s:s,s:s,s:s}]", "code", code, "canonicalCode",
                                          "RESOURCE_EXHAUSTED", "message", error));
        }
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
    struct sim_gcp_call *call;
    const char *location;
    json_t *items;
};

static bool add_operation(void *context, const char *path, json_t *document)
{
    struct listing *listing = context;
    (void)path;
    if (tg_str_eq(listing->location, "-") ||
        tg_str_eq(listing->location, sim_json_text(document, "zone"))) {
        json_array_append_new(listing->items, show(listing->call->world, document));
    }
    return true;
}

static json_t *list_container(struct sim_gcp_call *call)
{
    struct listing listing = {call, sim_gcp_segment(call, 3), json_array()};
    sim_gcp_each(call->world, KEEP "container/", add_operation, &listing);
    if (json_array_size(listing.items) == 0) {
        json_decref(listing.items);
        return json_object();
    }
    return json_pack("{s:o}", "operations", listing.items);
}

json_t *sim_gcp_operations(struct sim_gcp_call *call, const char *service, int at)
{
    const char *form = tg_str_eq(service, "compute")     ? "compute"
                       : tg_str_eq(service, "container") ? "container"
                                                         : "long";
    char name[SIM_GCP_SEGMENT_SIZE];
    tg_str_copy(name, sizeof name, sim_gcp_segment(call, at));
    if (name[0] == '\0') {
        return tg_str_eq(form, "container") ? list_container(call) : json_object();
    }
    char *colon = strchr(name, ':');
    bool is_cancel = colon != NULL && tg_str_eq(colon, ":cancel");
    if (colon != NULL) {
        *colon = '\0';
    }
    const json_t *document = sim_gcp_find(call->world, KEEP "%s/%s", form, name);
    if (document == NULL && !tg_str_eq(form, "compute")) {
        /* one path serves the fleet and the clusters when no service is named */
        document = sim_gcp_find(call->world, KEEP "%s/%s",
                                tg_str_eq(form, "container") ? "long" : "container", name);
    }
    if (document == NULL) {
        return sim_gcp_error(call, 404, "NOT_FOUND", "Operation '%s' was not found.", name);
    }
    return is_cancel ? json_object() : show(call->world, document);
}
