/* sim/admin.c - the world's own API. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "sim/admin.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim/behaviour.h"
#include "sim/fault.h"
#include "sim/gcp_http.h"
#include "sim/inventory.h"
#include "sim/json_path.h"
#include "sim/k8s_status.h"
#include "sim/query.h"
#include "sim/script.h"

#define PREFIX "/tidegate.dev/v1/"

bool sim_admin_is_path(const struct sim_request *request)
{
    return request->server == SIM_SERVER_GCP && tg_str_has_prefix(request->path, PREFIX);
}

void sim_admin_set_clockwork(struct sim_world *world, const struct sim_clockwork *clockwork)
{
    struct sim_behaviour *behaviour = sim_world_behaviour(world);
    if (behaviour->clockwork == NULL) {
        behaviour->clockwork = TG_NEW(struct sim_clockwork);
    }
    *behaviour->clockwork = *clockwork;
}

struct admin_call {
    struct sim_world *world;
    const struct sim_request *request;
    struct sim_response *response;
    const char *rest; /* of the path, behind the collection and its slash; "" */
    json_t *body;     /* NULL when there is none */
};

static void fail(const struct admin_call *call, const struct tg_err *err)
{
    bool is_conflict = err->code == TG_CODE_CONFLICT || err->code == TG_CODE_STATE;
    int status = err->code == TG_CODE_NOT_FOUND ? 404 : is_conflict ? 409 : 400;
    sim_gcp_fail(call->response, status,
                 status == 404   ? "NOT_FOUND"
                 : status == 409 ? "FAILED_PRECONDITION"
                                 : "INVALID_ARGUMENT",
                 err->msg);
}

static void refuse(const struct admin_call *call, enum tg_code code, const char *message)
{
    struct tg_err err = TG_ERR_INIT;
    tg_err_set(&err, code, 0, "%s", message);
    fail(call, &err);
}

static void reply(const struct admin_call *call, json_t *value)
{
    sim_k8s_reply(call->response, 200, value);
}

/* ---- faults ---- */

static const char *region_name(struct sim_world *world, int region)
{
    switch (region) {
    case SIM_SERVER_GCP:
        return "gcp";
    case SIM_FAULT_CLUSTERS:
        return "clusters";
    case SIM_FAULT_EVERY:
        return "all";
    default:
        return sim_world_region(world, region)->name;
    }
}

static json_t *show_fault(struct sim_world *world, const struct sim_fault *fault)
{
    const struct sim_fault_spec *spec = &fault->spec;
    const char *state = fault->is_over     ? "over"
                        : fault->is_paused ? "paused"
                        : fault->is_begun  ? "on"
                                           : "waiting";
    json_t *shown = json_pack(
        "{s:s,s:s,s:s,s:s,s:s,s:s,s:I,s:I,s:I,s:I,s:I,s:I,s:I}", "id", spec->id, "kind",
        sim_fault_info(spec->kind)->name, "region", region_name(world, spec->region), "route",
        spec->route, "object", spec->object, "state", state, "value", (json_int_t)spec->value,
        "ratePpm", (json_int_t)(spec->rate_ppm == 0 ? 1000000 : spec->rate_ppm), "skip",
        (json_int_t)spec->skip, "times", (json_int_t)spec->times, "startUs",
        (json_int_t)fault->start_us, "occasions", (json_int_t)fault->occasions, "strikes",
        (json_int_t)fault->strikes);
    json_object_set_new(shown, "endUs",
                        fault->end_us == TG_TIME_NEVER ? json_null() : json_integer(fault->end_us));
    return shown;
}

static void list_faults(const struct admin_call *call)
{
    json_t *items = json_array();
    const struct sim_fault *fault;
    for (size_t i = 0; (fault = sim_fault_at(call->world, i)) != NULL; i++) {
        json_array_append_new(items, show_fault(call->world, fault));
    }
    reply(call, json_pack("{s:o}", "faults", items));
}

/* Members are the words of sim_fault_spec_set(), as texts or numbers. */
static bool read_spec(const struct admin_call *call, struct sim_fault_spec *spec,
                      struct tg_err *err)
{
    const char *kind_name = sim_json_text(call->body, "kind");
    enum sim_fault_kind kind = sim_fault_kind_of(kind_name);
    if (kind == SIM_FAULT_KIND_COUNT) {
        return tg_err_set(err, TG_CODE_INVALID, 0, "there is no kind of fault called '%s'",
                          kind_name);
    }
    *spec = sim_fault_spec_of(kind);
    const char *word;
    json_t *value;
    json_object_foreach(call->body, word, value)
    {
        if (tg_str_eq(word, "kind")) {
            continue;
        }
        char *text = json_is_string(value) ? tg_strdup(json_string_value(value))
                                           : json_dumps(value, JSON_ENCODE_ANY);
        bool is_good = sim_fault_spec_set(call->world, spec, word, text == NULL ? "" : text, err);
        free(text);
        if (!is_good) {
            return false;
        }
    }
    return true;
}

static void add_fault(const struct admin_call *call)
{
    struct tg_err err = TG_ERR_INIT;
    struct sim_fault_spec spec;
    const struct sim_fault *fault =
        read_spec(call, &spec, &err) ? sim_fault_add(call->world, &spec, &err) : NULL;
    if (fault == NULL) {
        fail(call, &err);
    } else {
        reply(call, show_fault(call->world, fault));
    }
}

static void faults(const struct admin_call *call)
{
    const char *method = call->request->method;
    const char *id = call->rest;
    bool is_done = true;
    if (id[0] == '\0') {
        if (tg_str_eq(method, "GET")) {
            list_faults(call);
        } else if (tg_str_eq(method, "POST")) {
            add_fault(call);
        } else if (tg_str_eq(method, "DELETE")) {
            sim_fault_clear(call->world);
            list_faults(call);
        } else {
            refuse(call, TG_CODE_INVALID, "faults are got, posted and deleted");
        }
        return;
    }
    if (tg_str_eq(method, "DELETE")) {
        is_done = sim_fault_remove(call->world, id);
    } else if (tg_str_eq(method, "PATCH")) {
        is_done = sim_fault_pause(call->world, id, sim_json_is_true(call->body, "paused"));
    } else {
        refuse(call, TG_CODE_INVALID, "a fault is patched and deleted");
        return;
    }
    if (is_done) {
        list_faults(call);
    } else {
        refuse(call, TG_CODE_NOT_FOUND, "there is no fault of that id");
    }
}

static void kinds(const struct admin_call *call)
{
    static const char *const units[] = {"", "code", "us", "bytes", "count", "percent", "mreq/s"};
    static const char *const places[] = {"response", "stream", "world"};
    json_t *items = json_array();
    for (int kind = 0; kind < SIM_FAULT_KIND_COUNT; kind++) {
        const struct sim_fault_info *info = sim_fault_info((enum sim_fault_kind)kind);
        json_array_append_new(items,
                              json_pack("{s:s,s:s,s:s,s:I,s:s}", "kind", info->name, "place",
                                        places[info->place], "unit", units[info->unit], "value",
                                        (json_int_t)info->value, "help", info->help));
    }
    reply(call, json_pack("{s:o}", "kinds", items));
}

/* ---- time ---- */

static void show_world(const struct admin_call *call)
{
    struct sim_world *world = call->world;
    const struct sim_clockwork *clockwork = sim_world_behaviour(world)->clockwork;
    json_t *shown =
        json_pack("{s:o,s:i,s:I,s:I,s:o,s:I,s:i}", "seed",
                  json_sprintf("%" PRIu64, sim_world_config(world)->seed), "regions",
                  sim_world_region_count(world), "nowUs", (json_int_t)sim_world_now_us(world),
                  "wallUs", (json_int_t)sim_world_wall_us(world), "traceHash",
                  json_sprintf("%016" PRIx64, sim_world_trace_hash(world)), "events",
                  (json_int_t)sim_world_event_count(world), "faults", (int)sim_fault_count(world));
    if (clockwork != NULL) {
        json_object_set_new(shown, "speed", json_real(clockwork->speed(clockwork->context)));
        json_object_set_new(shown, "stepping",
                            json_boolean(clockwork->is_stepping(clockwork->context)));
    }
    reply(call, shown);
}

static bool change_time(const struct admin_call *call, struct tg_err *err)
{
    const struct sim_clockwork *clockwork = sim_world_behaviour(call->world)->clockwork;
    const json_t *speed = json_object_get(call->body, "speed");
    const json_t *paused = json_object_get(call->body, "paused");
    const char *step = sim_json_text(call->body, "step");
    int64_t step_us = 0;
    if (clockwork == NULL) {
        return tg_err_set(err, TG_CODE_STATE, 0, "this world has no clock of its own");
    }
    if (speed != NULL) {
        double value = json_number_value(speed);
        if (!(value > 0) || value > 1000) {
            return tg_err_set(err, TG_CODE_INVALID, 0, "a speed is above 0 and at most 1000");
        }
        clockwork->set_speed(clockwork->context, value);
    } else if (json_is_true(paused)) {
        clockwork->set_speed(clockwork->context, 0);
    } else if (paused != NULL) {
        clockwork->resume(clockwork->context);
    } else if (sim_params_time(step, &step_us)) {
        if (clockwork->speed(clockwork->context) > 0) {
            return tg_err_set(err, TG_CODE_STATE, 0, "pause the world before stepping it");
        }
        clockwork->step(clockwork->context, step_us);
    } else {
        return tg_err_set(err, TG_CODE_INVALID, 0, "one of speed, paused, step is wanted");
    }
    return true;
}

static void world_and_time(const struct admin_call *call)
{
    struct tg_err err = TG_ERR_INIT;
    if (tg_str_eq(call->request->method, "POST") && !change_time(call, &err)) {
        fail(call, &err);
        return;
    }
    show_world(call);
}

/* ---- parameters and the script ---- */

static void params(const struct admin_call *call)
{
    const struct sim_params *numbers = sim_world_params(call->world);
    json_t *items = json_array();
    for (const struct sim_param_info *info = sim_param_table; info->name != NULL; info++) {
        char confidence[2] = {info->confidence, '\0'};
        json_array_append_new(items,
                              json_pack("{s:s,s:I,s:I,s:s,s:s,s:s}", "name", info->name, "value",
                                        (json_int_t)sim_params_get(numbers, info), "default",
                                        (json_int_t)info->value, "unit", info->unit, "source",
                                        info->source, "confidence", confidence));
    }
    reply(call, json_pack("{s:o}", "params", items));
}

static void inventory(const struct admin_call *call)
{
    reply(call, sim_inventory(call->world));
}

static void script(const struct admin_call *call)
{
    struct tg_err err = TG_ERR_INIT;
    json_t *query = sim_query_parse(call->request->query);
    const char *at = sim_query_text(query, "at");
    int64_t until_us = sim_world_now_us(call->world);
    json_t *shown = NULL;
    if (at[0] != '\0' && !sim_params_time(at, &until_us)) {
        tg_err_set(&err, TG_CODE_INVALID, 0, "'%s' is no time since the world's start", at);
    } else if (until_us > sim_world_now_us(call->world)) {
        tg_err_set(&err, TG_CODE_INVALID, 0, "the world has not come to %s yet", at);
    } else {
        shown = sim_script_json(call->world, until_us, &err);
    }
    if (shown == NULL) {
        fail(call, &err);
    } else {
        json_object_set_new(shown, "untilUs", json_integer(until_us));
        reply(call, shown);
    }
    json_decref(query);
}

void sim_admin_handle(struct sim_world *world, const struct sim_request *request,
                      struct sim_response *response)
{
    static const struct {
        const char *name;
        void (*handle)(const struct admin_call *call);
    } collections[] = {{"faults", faults}, {"kinds", kinds},         {"world", world_and_time},
                       {"params", params}, {"inventory", inventory}, {"script", script}};
    const char *name = request->path + strlen(PREFIX);
    size_t len = strcspn(name, "/");
    struct admin_call call = {world, request, response, name + len + (name[len] == '/' ? 1 : 0),
                              NULL};
    if (request->body_len > 0) {
        call.body = json_loadb(request->body, request->body_len, 0, NULL);
        if (!json_is_object(call.body)) {
            json_decref(call.body);
            refuse(&call, TG_CODE_INVALID, "the body is no JSON object");
            return;
        }
    }
    bool is_found = false;
    for (size_t i = 0; i < sizeof collections / sizeof collections[0] && !is_found; i++) {
        if (strlen(collections[i].name) == len && strncmp(collections[i].name, name, len) == 0) {
            collections[i].handle(&call);
            is_found = true;
        }
    }
    if (!is_found) {
        refuse(&call, TG_CODE_NOT_FOUND,
               "there are faults, kinds, world, params, inventory, script");
    }
    json_decref(call.body);
}
