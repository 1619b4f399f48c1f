/* sim/script.c - keeps what was asked of a world, and asks it of another. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "sim/script.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/utf8.h"
#include "sim/behaviour.h"
#include "sim/json_path.h"

#define SCRIPT_BYTES_MAX ((size_t)64 << 20)

struct sim_script {
    json_t *requests; /* array */
    size_t bytes;
    bool is_full;
    bool is_exact; /* no session went on outside of it */
};

void sim_script_start(struct sim_world *world)
{
    struct sim_script *script = TG_NEW(struct sim_script);
    script->requests = json_array();
    script->is_exact = true;
    sim_world_behaviour(world)->script = script;
}

void sim_script_free(struct sim_script *script)
{
    if (script != NULL) {
        json_decref(script->requests);
        free(script);
    }
}

/* Reading a cluster's objects changes nothing; Google Cloud's answers and those of Pods may. */
static bool can_change(const struct sim_request *request)
{
    bool is_read = tg_str_eq(request->method, "GET") || tg_str_eq(request->method, "HEAD");
    return !is_read || request->server == SIM_SERVER_GCP || strstr(request->path, "/proxy") != NULL;
}

static void put_body(json_t *record, const struct sim_request *request)
{
    if (request->body_len == 0) {
        return;
    }
    if (tg_utf8_is_valid(request->body, request->body_len)) {
        json_object_set_new(record, "body", json_stringn(request->body, request->body_len));
        return;
    }
    char *text = tg_base64_encode(request->body, request->body_len);
    json_object_set_new(record, "body64", json_string(text));
    free(text);
}

void sim_script_note(struct sim_world *world, const struct sim_request *request, const char *user,
                     bool is_every)
{
    struct sim_script *script = sim_world_behaviour(world)->script;
    if (script == NULL || script->is_full) {
        return;
    }
    if (request->upgrade != NULL && request->upgrade[0] != '\0') {
        script->is_exact = false;
        return;
    }
    if (!is_every && !can_change(request)) {
        return;
    }
    size_t size = 200 + strlen(request->path) + strlen(request->query) + request->body_len * 4 / 3;
    if (script->bytes + size > SCRIPT_BYTES_MAX) {
        script->is_full = true;
        return;
    }
    script->bytes += size;
    json_t *record = json_pack(
        "{s:I,s:i,s:s,s:s,s:s,s:s,s:s,s:s}", "t", (json_int_t)sim_world_now_us(world), "server",
        request->server, "method", request->method, "path", request->path, "query", request->query,
        "accept", request->accept, "type", request->content_type, "agent", request->user_agent);
    const char *as = request->impersonate_user;
    as = as != NULL && as[0] != '\0' ? as : user;
    const char *group = request->impersonate_group;
    if (as[0] != '\0') {
        json_object_set_new(record, "as", json_string(as));
        json_object_set_new(record, "group", json_string(group == NULL ? "" : group));
    }
    put_body(record, request);
    json_array_append_new(script->requests, record);
}

json_t *sim_script_json(struct sim_world *world, int64_t until_us, struct tg_err *err)
{
    const struct sim_script *script = sim_world_behaviour(world)->script;
    const struct sim_config *config = sim_world_config(world);
    if (script == NULL || script->is_full) {
        tg_err_set(err, script == NULL ? TG_CODE_STATE : TG_CODE_LIMIT, 0,
                   script == NULL ? "this world keeps no script"
                                  : "more was asked of this world than its script holds");
        return NULL;
    }
    json_t *requests = json_array();
    size_t i;
    json_t *record;
    json_array_foreach(script->requests, i, record)
    {
        if (sim_json_int(record, "t", 0) <= until_us) {
            json_array_append(requests, record);
        }
    }
    json_t *params = json_object();
    const struct sim_params *numbers = sim_world_params(world);
    for (const struct sim_param_info *info = sim_param_table; info->name != NULL; info++) {
        if (sim_params_get(numbers, info) != info->value) {
            json_object_set_new(params, info->name, json_integer(sim_params_get(numbers, info)));
        }
    }
    /* a seed is unsigned, a number in JSON is not: as text */
    return json_pack("{s:o,s:i,s:b,s:I,s:s,s:o,s:I,s:b,s:o}", "seed",
                     json_sprintf("%llu", (unsigned long long)config->seed), "regions",
                     config->regions, "built", config->is_built, "startWallUs",
                     (json_int_t)config->start_wall_us, "project", config->project, "params",
                     params, "nowUs", (json_int_t)sim_world_now_us(world), "exact",
                     script->is_exact, "requests", requests);
}

bool sim_script_config(const char *text, size_t len, struct sim_config *config,
                       struct sim_params *params, char **project, struct tg_err *err)
{
    json_t *script = json_loadb(text, len, 0, NULL);
    int64_t seed = 0;
    if (!json_is_object(script) ||
        !tg_str_to_int64(sim_json_text(script, "seed"), 0, INT64_MAX, &seed)) {
        json_decref(script);
        return tg_err_set(err, TG_CODE_INVALID, 0, "this is no script of a world");
    }
    sim_params_init(params);
    const char *name;
    json_t *value;
    bool is_good = true;
    json_object_foreach(json_object_get(script, "params"), name, value)
    {
        is_good = is_good && sim_params_set(params, name, json_integer_value(value), err);
    }
    *project = tg_strdup(sim_json_text(script, "project"));
    *config = (struct sim_config){
        .seed = (uint64_t)seed,
        .regions = (int)sim_json_int(script, "regions", 0),
        .is_built = json_is_true(json_object_get(script, "built")),
        .start_wall_us = sim_json_int(script, "startWallUs", 0),
        .project = *project,
        .params = params,
    };
    json_decref(script);
    return is_good;
}

static void ask_again(struct sim_world *world, const json_t *record)
{
    const char *body = sim_json_text(record, "body");
    const char *base64 = sim_json_text(record, "body64");
    size_t len = json_string_length(json_object_get(record, "body"));
    char *decoded = base64[0] == '\0' ? NULL : tg_base64_decode(base64, strlen(base64), &len);
    struct sim_request request = {
        .server = (int)sim_json_int(record, "server", 0),
        .method = sim_json_text(record, "method"),
        .path = sim_json_text(record, "path"),
        .query = sim_json_text(record, "query"),
        .accept = sim_json_text(record, "accept"),
        .content_type = sim_json_text(record, "type"),
        .authorization = "",
        .user_agent = sim_json_text(record, "agent"),
        .impersonate_user = sim_json_text(record, "as"),
        .impersonate_group = sim_json_text(record, "group"),
        .body = decoded != NULL ? decoded : body,
        .body_len = len,
    };
    struct sim_response response;
    if (request.server < sim_world_region_count(world)) {
        sim_front_handle(world, &request, &response);
        sim_response_fini(&response);
    }
    free(decoded);
}

/* Tokens are set after this, so that the script's requests need none. */
bool sim_script_replay(struct sim_world *world, const char *text, size_t len, int64_t until_us,
                       struct tg_err *err)
{
    json_t *script = json_loadb(text, len, 0, NULL);
    if (!json_is_array(json_object_get(script, "requests"))) {
        json_decref(script);
        return tg_err_set(err, TG_CODE_INVALID, 0, "this is no script of a world");
    }
    size_t i;
    json_t *record;
    json_array_foreach(json_object_get(script, "requests"), i, record)
    {
        int64_t at_us = sim_json_int(record, "t", 0);
        if (at_us > until_us) {
            break;
        }
        sim_world_run_until(world, at_us);
        ask_again(world, record);
    }
    sim_world_run_until(world, until_us);
    json_decref(script);
    return true;
}
