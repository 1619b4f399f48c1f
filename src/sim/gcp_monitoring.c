/* sim/gcp_monitoring.c - the Monitoring API as far as the load balancer's metrics and TPU quota go:
 * samples of a minute, visible some time after it ended.
 */
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
#include "sim/gcp_balancer.h"
#include "sim/gcp_list.h"
#include "sim/gcp_monitoring.h"
#include "sim/gcp_quota.h"
#include "sim/gcp_store.h"
#include "sim/json_path.h"
#include "sim/lab_objects.h"
#include "sim/params.h"
#include "sim/query.h"
#include "sim/shape.h"

#define BALANCER  "loadbalancing.googleapis.com/https/internal/"
#define QUOTA     "compute.googleapis.com/quota/tpus_per_tpu_family/usage"
#define KEEP      "metric/"
#define KEPT      360 /* samples of each series */
#define GROUP_MAX 512
#define PAGE_MAX  100000

/* ---- recorded ---- */

/* "metric/MINUTE/front/backend/code", so that order is by time. */
static char *sample_path(int64_t minute, int front, int backend, int status)
{
    return tg_asprintf(KEEP "%010" PRId64 "/%04d/%04d/%03d", minute, front, backend, status);
}

static bool first_path(void *context, const char *path, json_t *document)
{
    (void)document;
    tg_str_copy(context, 96, path);
    return false;
}

/* Samples that nobody asks for any more go. */
static void forget(struct sim_world *world, int64_t minute)
{
    char path[96] = "";
    int64_t oldest = 0;
    sim_gcp_each(world, KEEP, first_path, path);
    if (path[0] != '\0') {
        path[strlen(KEEP) + 10] = '\0';
        tg_str_to_int64(path + strlen(KEEP), 0, INT64_MAX, &oldest);
        if (oldest < minute - KEPT) {
            char full[96] = "";
            sim_gcp_each(world, KEEP, first_path, full);
            sim_gcp_drop(world, full);
        }
    }
}

void sim_gcp_monitoring_request(struct sim_world *world, int front, int backend, int status,
                                int64_t latency_us)
{
    int64_t minute = sim_world_wall_us(world) / sim_world_params(world)->metric_period_us;
    char *path = sample_path(minute, front, backend + 1, status);
    json_t *sample = sim_gcp_find(world, "%s", path);
    if (sample == NULL) {
        forget(world, minute);
        sample = json_pack("{s:I,s:i,s:i,s:i,s:I,s:I}", "minute", (json_int_t)minute, "front",
                           front, "backend", backend, "status", status, "count", (json_int_t)0,
                           "latency", (json_int_t)0);
        sim_gcp_put(world, path, sample);
    }
    json_int_t count = sim_json_int(sample, "count", 0);
    json_int_t latency = sim_json_int(sample, "latency", 0);
    json_object_set_new(sample, "count", json_integer(count + 1));
    json_object_set_new(sample, "latency", json_integer(latency + (json_int_t)latency_us));
    free(path);
}

/* ---- a question ---- */

struct question {
    struct sim_gcp_call *call;
    const char *filter;
    bool is_filter_valid;
    int64_t from_us; /* wall time */
    int64_t to_us;
    int64_t align_us;
    const char *aligner;
    bool is_summed;
    json_t *groups; /* names of labels, with their "resource.labels." */
    json_t *series; /* key -> {"shown":..., "points": {end -> {count, latency}}} */
};

static const char *label(const json_t *series, const char *field)
{
    static const char *const old_forms[][2] = {{"resource.label.", "resource.labels."},
                                               {"metric.label.", "metric.labels."}};
    char name[96];
    tg_str_copy(name, sizeof name, field);
    for (size_t i = 0; i < TG_COUNT(old_forms); i++) {
        if (tg_str_has_prefix(field, old_forms[i][0])) {
            snprintf(name, sizeof name, "%s%.60s", old_forms[i][1],
                     field + strlen(old_forms[i][0]));
        }
    }
    return sim_json_text(series, name);
}

/* What the filter sees: the series, with labels under both names that documents use. */
static bool is_asked(struct question *question, const json_t *series)
{
    json_t *seen = json_deep_copy(series);
    static const char *const parts[] = {"metric", "resource"};
    for (size_t i = 0; i < TG_COUNT(parts); i++) {
        json_t *part = json_object_get(seen, parts[i]);
        json_object_set(part, "label", json_object_get(part, "labels"));
    }
    bool is_wanted = sim_gcp_is_wanted(question->filter, seen, &question->is_filter_valid);
    json_decref(seen);
    return is_wanted;
}

static void keep_label(const json_t *series, json_t *shown, const char *field)
{
    const char *value = label(series, field);
    const char *name = strrchr(field, '.');
    bool is_metric = tg_str_has_prefix(field, "metric");
    if (name != NULL && value[0] != '\0') {
        json_t *labels = sim_json_at(shown, is_metric ? "metric.labels" : "resource.labels");
        json_object_set_new(labels, name + 1, json_string(value));
    }
}

/* The series that a sample falls into, by its labels or by those that are grouped by. */
static json_t *series_for(struct question *question, const json_t *series)
{
    char key[GROUP_MAX] = "";
    json_t *shown;
    size_t i;
    json_t *group;
    if (!question->is_summed) {
        char *text = json_dumps(series, JSON_SORT_KEYS | JSON_COMPACT);
        snprintf(key, sizeof key, "%016" PRIx64, tg_hash_str(text));
        free(text);
        shown = json_deep_copy(series);
    } else {
        shown = json_pack("{s:{s:s,s:{}},s:{s:s,s:{}}}", "metric", "type",
                          sim_json_text(series, "metric.type"), "labels", "resource", "type",
                          sim_json_text(series, "resource.type"), "labels");
        json_array_foreach(question->groups, i, group)
        {
            size_t len = strlen(key);
            snprintf(key + len, sizeof key - len, "%.120s|",
                     label(series, json_string_value(group)));
            keep_label(series, shown, json_string_value(group));
        }
    }
    json_t *found = json_object_get(question->series, key[0] == '\0' ? "all" : key);
    if (found == NULL) {
        found = json_pack("{s:O,s:{}}", "shown", shown, "points");
        json_object_set_new(question->series, key[0] == '\0' ? "all" : key, found);
    }
    json_decref(shown);
    return found;
}

static void add(struct question *question, const json_t *series, int64_t end_us, json_int_t count,
                json_int_t latency)
{
    char key[32];
    if (!is_asked(question, series)) {
        return;
    }
    /* periods are counted back from the end of what was asked for */
    int64_t back = (question->to_us - end_us) / question->align_us;
    snprintf(key, sizeof key, "%020" PRId64, question->to_us - back * question->align_us);
    json_t *points = json_object_get(series_for(question, series), "points");
    json_t *point = sim_json_make_object(points, key);
    json_object_set_new(point, "count", json_integer(sim_json_int(point, "count", 0) + count));
    json_object_set_new(point, "latency",
                        json_integer(sim_json_int(point, "latency", 0) + latency));
}

/* ---- the load balancer's series ---- */

static json_t *balancer_series(struct sim_world *world, const char *metric, const json_t *sample)
{
    char map[120];
    char service[120];
    char group[SIM_NAME_SIZE * 2] = "";
    int backend = (int)sim_json_int(sample, "backend", -1);
    int status = (int)sim_json_int(sample, "status", 0);
    const struct sim_region *front = sim_world_region(world, (int)sim_json_int(sample, "front", 0));
    const struct sim_region *served = backend < 0 ? NULL : sim_world_region(world, backend);
    sim_lab_balancer_name(world, "cross-region-gateway", map, sizeof map);
    sim_lab_balancer_name(world, "gemma-pool-8000", service, sizeof service);
    if (served != NULL) {
        sim_gcp_group_name(served, group, sizeof group);
    }
    json_t *series =
        json_pack("{s:{s:o,s:{s:s,s:s}},s:{s:s}}", "metric", "type",
                  json_sprintf(BALANCER "%s", metric), "labels", "protocol", "HTTP/1.1",
                  "cache_result", "DISABLED", "resource", "type", "internal_http_lb_rule");
    json_t *labels = sim_json_at(series, "metric.labels");
    json_object_set_new(labels, "response_code", json_sprintf("%d", status));
    json_object_set_new(labels, "response_code_class", json_sprintf("%d", status / 100 * 100));
    json_object_set_new(
        json_object_get(series, "resource"), "labels",
        json_pack("{s:s,s:s,s:s,s:s,s:s,s:o,s:s,s:s,s:s,s:s,s:s,s:s,s:s}", "project_id",
                  sim_gcp_project(world), "network_name", SIM_NETWORK, "region", front->name,
                  "url_map_name", map, "target_proxy_name", map, "forwarding_rule_name",
                  json_sprintf("%s-%s", map, front->name), "matched_url_path_rule", "UNMATCHED",
                  "backend_target_name", service, "backend_target_type", "BACKEND_SERVICE",
                  "backend_name", served == NULL ? "NO_BACKEND_SELECTED" : group, "backend_type",
                  served == NULL ? "NO_BACKEND_SELECTED" : "NETWORK_ENDPOINT_GROUP",
                  "backend_scope", served == NULL ? "NO_BACKEND_SELECTED" : served->zone,
                  "backend_scope_type", served == NULL ? "NO_BACKEND_SELECTED" : "ZONE"));
    return series;
}

static bool take_sample(void *context, const char *path, json_t *sample)
{
    static const char *const metrics[] = {"request_count", "backend_request_count",
                                          "total_latencies", "backend_latencies"};
    struct question *question = context;
    struct sim_world *world = question->call->world;
    const struct sim_params *params = sim_world_params(world);
    int64_t end_us = (sim_json_int(sample, "minute", 0) + 1) * params->metric_period_us;
    (void)path;
    if (end_us <= question->from_us || end_us > question->to_us ||
        end_us + params->metric_lag_us > sim_world_wall_us(world)) {
        return true;
    }
    for (size_t i = 0; i < TG_COUNT(metrics); i++) {
        bool has_backend = sim_json_int(sample, "backend", -1) >= 0;
        if (tg_str_has_prefix(metrics[i], "backend_") && !has_backend) {
            continue;
        }
        json_t *series = balancer_series(world, metrics[i], sample);
        add(question, series, end_us, sim_json_int(sample, "count", 0),
            sim_json_int(sample, "latency", 0));
        json_decref(series);
    }
    return true;
}

static void take_quota(struct question *question)
{
    struct sim_world *world = question->call->world;
    for (int i = 0; i < sim_world_region_count(world); i++) {
        const struct sim_region *region = sim_world_region(world, i);
        json_t *series = sim_shape("{'metric':{'type':'" QUOTA "','labels':{'tpu_family':'CT6E'}},"
                                   "'resource':{'type':'compute.googleapis.com/Location','labels':"
                                   "{'location':'%s','resource_container':'%s'}}}",
                                   region->name, sim_gcp_project(world));
        add(question, series, question->to_us,
            (json_int_t)sim_gcp_quota_usage(world, region, SIM_QUOTA_TPU), 0);
        json_decref(series);
    }
}

/* ---- the answer ---- */

static json_t *show_value(const struct question *question, const json_t *point, bool is_latency)
{
    int64_t count = sim_json_int(point, "count", 0);
    if (is_latency) {
        double mean =
            count == 0 ? 0 : (double)sim_json_int(point, "latency", 0) / 1000.0 / (double)count;
        return json_pack("{s:{s:o,s:f}}", "distributionValue", "count",
                         json_sprintf("%" PRId64, count), "mean", mean);
    }
    if (tg_str_eq(question->aligner, "ALIGN_RATE")) {
        return json_pack("{s:f}", "doubleValue",
                         (double)count * (double)TG_US_PER_S / (double)question->align_us);
    }
    return json_pack("{s:o}", "int64Value", json_sprintf("%" PRId64, count));
}

static json_t *show_series(const struct question *question, const json_t *series)
{
    json_t *shown = json_deep_copy(json_object_get(series, "shown"));
    const char *type = sim_json_text(shown, "metric.type");
    bool is_latency = tg_str_has_suffix(type, "latencies");
    bool is_gauge = tg_str_eq(type, QUOTA);
    bool is_rate = tg_str_eq(question->aligner, "ALIGN_RATE");
    json_object_set_new(shown, "metricKind", json_string(is_gauge || is_rate ? "GAUGE" : "DELTA"));
    json_object_set_new(shown, "valueType",
                        json_string(is_latency ? "DISTRIBUTION"
                                    : is_rate  ? "DOUBLE"
                                               : "INT64"));
    json_t *points = json_array();
    const char *key;
    json_t *point;
    json_object_foreach(json_object_get(series, "points"), key, point)
    {
        char start[SIM_TIME_SIZE];
        char end[SIM_TIME_SIZE];
        int64_t end_us = 0;
        tg_str_to_int64(key, 0, INT64_MAX, &end_us);
        sim_shape_time_at(is_gauge ? end_us : end_us - question->align_us, start);
        sim_shape_time_at(end_us, end);
        json_array_insert_new(points, 0,
                              json_pack("{s:{s:s,s:s},s:o}", "interval", "startTime", start,
                                        "endTime", end, "value",
                                        show_value(question, point, is_latency)));
    }
    json_object_set_new(shown, "points", points);
    return shown;
}

/* Reads the parameters; NULL when they can be answered, else the error. */
static json_t *read_question(struct question *question)
{
    struct sim_gcp_call *call = question->call;
    const char *end = sim_query_text(call->params, "interval.endTime");
    const char *start = sim_query_text(call->params, "interval.startTime");
    const char *period = sim_query_text(call->params, "aggregation.alignmentPeriod");
    const char *reducer = sim_query_text(call->params, "aggregation.crossSeriesReducer");
    int64_t seconds = 60;
    if (question->filter[0] == '\0' || strstr(question->filter, "metric.type") == NULL) {
        return sim_gcp_error(call, 400, "INVALID_ARGUMENT",
                             "Field filter had an invalid value: must name one metric.type.");
    }
    if (!tg_parse_rfc3339(end, &question->to_us) ||
        (start[0] != '\0' && !tg_parse_rfc3339(start, &question->from_us))) {
        return sim_gcp_error(call, 400, "INVALID_ARGUMENT",
                             "Field interval.end_time had an invalid value.");
    }
    question->from_us = start[0] == '\0' ? question->to_us : question->from_us;
    if (question->from_us > question->to_us) {
        return sim_gcp_error(call, 400, "INVALID_ARGUMENT",
                             "Field interval.start_time had an invalid value: it is later than the "
                             "end.");
    }
    char number[24];
    tg_str_copy(number, sizeof number, period[0] == '\0' ? "60s" : period);
    number[strcspn(number, "s")] = '\0';
    if (!tg_str_to_int64(number, 60, 86400 * 365, &seconds)) {
        return sim_gcp_error(call, 400, "INVALID_ARGUMENT",
                             "Field aggregation.alignmentPeriod had an invalid value of \"%s\": "
                             "it must be at least 60 seconds.",
                             period);
    }
    question->align_us = seconds * TG_US_PER_S;
    question->is_summed = reducer[0] != '\0' && !tg_str_eq(reducer, "REDUCE_NONE");
    return NULL;
}

static json_t *list_series(struct sim_gcp_call *call)
{
    struct question question = {
        .call = call,
        .filter = sim_query_text(call->params, "filter"),
        .is_filter_valid = true,
        .aligner = sim_query_text(call->params, "aggregation.perSeriesAligner"),
        .groups =
            sim_query_list(call->query == NULL ? "" : call->query, "aggregation.groupByFields"),
        .series = json_object()};
    json_t *answer = read_question(&question);
    if (answer == NULL) {
        sim_gcp_each(call->world, KEEP, take_sample, &question);
        take_quota(&question);
        json_t *list = json_array();
        const char *key;
        json_t *series;
        json_object_foreach(question.series, key, series)
        {
            json_array_append_new(list, show_series(&question, series));
        }
        answer = json_object();
        json_t *error = NULL;
        if (!question.is_filter_valid) {
            json_decref(answer);
            answer =
                sim_gcp_error(call, 400, "INVALID_ARGUMENT",
                              "Field filter had an invalid value of \"%.200s\".", question.filter);
        } else if (!sim_gcp_page(call, list, "pageSize", PAGE_MAX, answer, &error)) {
            json_decref(answer);
            answer = error;
        } else if (json_array_size(list) > 0) {
            json_object_set(answer, "timeSeries", list);
        }
        json_decref(list);
    }
    json_decref(question.groups);
    json_decref(question.series);
    return answer;
}

json_t *sim_gcp_monitoring(struct sim_gcp_call *call)
{
    const char *collection = sim_gcp_segment(call, 2);
    if (!tg_str_eq(call->method, "GET")) {
        return NULL;
    }
    return tg_str_eq(collection, "timeSeries") ? list_series(call) : NULL;
}
