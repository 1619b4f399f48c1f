/* sim/k8s_autoscale_v1.c - HorizontalPodAutoscalers by their old version. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "sim/k8s_autoscale_v1.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "sim/json_path.h"
#include "sim/k8s_api.h"

#define V1 "/apis/autoscaling/v1/"
#define V2 "/apis/autoscaling/v2/"

/* The metric that version 1 tells as a number. */
static bool is_processor(const json_t *metric)
{
    return tg_str_eq(sim_json_text(metric, "type"), "Resource") &&
           tg_str_eq(sim_json_text(metric, "resource.name"), "cpu") &&
           sim_json_at(metric, "resource.target.averageUtilization") != NULL;
}

/* Changes object from version 1 to version 2. */
static void to_v2(json_t *object)
{
    json_t *spec = json_object_get(object, "spec");
    const json_t *target = json_object_get(spec, "targetCPUUtilizationPercentage");
    if (target != NULL) {
        json_object_set_new(spec, "metrics",
                            json_pack("[{s:s, s:{s:s, s:{s:s, s:O}}}]", "type", "Resource",
                                      "resource", "name", "cpu", "target", "type", "Utilization",
                                      "averageUtilization", target));
        json_object_del(spec, "targetCPUUtilizationPercentage");
    }
    if (json_object_get(object, "apiVersion") != NULL) {
        json_object_set_new(object, "apiVersion", json_string("autoscaling/v2"));
    }
}

/* Changes object from version 2 to version 1; what version 1 has no field for goes into an
 * annotation, as it always did. */
static void to_v1(json_t *object)
{
    static const char *const own[] = {"currentReplicas", "desiredReplicas", "lastScaleTime",
                                      "observedGeneration"};
    json_t *spec = json_object_get(object, "spec");
    json_t *others = json_array();
    size_t i;
    json_t *metric;
    json_array_foreach(json_object_get(spec, "metrics"), i, metric)
    {
        if (is_processor(metric)) {
            json_object_set(spec, "targetCPUUtilizationPercentage",
                            sim_json_at(metric, "resource.target.averageUtilization"));
        } else {
            json_array_append(others, metric);
        }
    }
    if (json_array_size(others) > 0) {
        char *text = json_dumps(others, JSON_COMPACT);
        json_t *metadata = sim_json_make_object(object, "metadata");
        json_object_set_new(sim_json_make_object(metadata, "annotations"),
                            "autoscaling.alpha.kubernetes.io/metrics", json_string(text));
        free(text);
    }
    json_decref(others);
    json_object_del(spec, "metrics");
    json_object_del(spec, "behavior");
    json_t *status = json_pack("{s:i, s:i}", "currentReplicas", 0, "desiredReplicas", 0);
    for (size_t k = 0; k < sizeof own / sizeof own[0]; k++) {
        json_t *value = sim_json_at(json_object_get(object, "status"), own[k]);
        if (value != NULL) {
            json_object_set(status, own[k], value);
        }
    }
    json_object_set_new(object, "status", status);
    if (json_object_get(object, "apiVersion") != NULL) {
        json_object_set_new(object, "apiVersion", json_string("autoscaling/v1"));
    }
}

/* The answer to a request for version 2, as version 1. */
static void convert_answer(struct sim_response *response)
{
    json_t *answer = json_loadb(tg_buf_text(&response->body), response->body.len, 0, NULL);
    const char *kind = sim_json_text(answer, "kind");
    size_t i;
    json_t *item;
    if (tg_str_eq(kind, "HorizontalPodAutoscaler")) {
        to_v1(answer);
    } else if (tg_str_eq(kind, "HorizontalPodAutoscalerList")) {
        json_object_set_new(answer, "apiVersion", json_string("autoscaling/v1"));
        json_array_foreach(json_object_get(answer, "items"), i, item)
        {
            to_v1(item);
        }
    } else {
        json_decref(answer);
        return; /* tables and failures know no version */
    }
    char *text = json_dumps(answer, JSON_COMPACT);
    tg_buf_reset(&response->body);
    tg_buf_puts(&response->body, text);
    free(text);
    json_decref(answer);
}

/* ---- watches ---- */

#define BLOCK 16384u

/* A watch of version 2, read as one of version 1. */
struct converted {
    struct sim_stream stream; /* first */
    struct sim_stream *source;
    bool is_over;         /* the source is */
    struct tg_buf coming; /* an unfinished line */
    struct tg_buf ready;  /* for the reader */
    size_t taken;         /* of ready */
};

static void on_notify(void *context)
{
    struct converted *converted = context;
    if (converted->stream.notify != NULL) {
        converted->stream.notify(converted->stream.notify_context);
    }
}

static void put_line(struct converted *converted, const char *line, size_t len)
{
    json_t *event = json_loadb(line, len, 0, NULL);
    json_t *object = json_object_get(event, "object");
    if (!tg_str_eq(sim_json_text(object, "kind"), "HorizontalPodAutoscaler")) {
        tg_buf_append(&converted->ready, line, len); /* tables and failures know no version */
    } else {
        if (json_object_get(object, "spec") != NULL) {
            to_v1(object);
        } else { /* a bookmark */
            json_object_set_new(object, "apiVersion", json_string("autoscaling/v1"));
        }
        char *text = json_dumps(event, JSON_COMPACT);
        tg_buf_puts(&converted->ready, text);
        tg_buf_putc(&converted->ready, '\n');
        free(text);
    }
    json_decref(event);
}

static void pull(struct converted *converted)
{
    char block[BLOCK];
    size_t len;
    do {
        len = converted->source->read(converted->source, block, sizeof block, &converted->is_over);
        tg_buf_append(&converted->coming, block, len);
    } while (len > 0 && !converted->is_over);
    const char *text = tg_buf_text(&converted->coming);
    size_t at = 0;
    for (const char *end; (end = memchr(text + at, '\n', converted->coming.len - at)) != NULL;) {
        put_line(converted, text + at, (size_t)(end - text) + 1 - at);
        at = (size_t)(end - text) + 1;
    }
    tg_buf_consume(&converted->coming, at);
}

static size_t converted_read(struct sim_stream *stream, char *out, size_t size, bool *is_end)
{
    struct converted *converted = (struct converted *)stream;
    if (converted->taken == converted->ready.len && !converted->is_over) {
        tg_buf_reset(&converted->ready);
        converted->taken = 0;
        pull(converted);
    }
    size_t left = converted->ready.len - converted->taken;
    size_t len = left < size ? left : size;
    memcpy(out, tg_buf_text(&converted->ready) + converted->taken, len);
    converted->taken += len;
    *is_end = converted->is_over && converted->taken == converted->ready.len;
    converted->stream.is_broken = converted->source->is_broken;
    return len;
}

static void converted_free(struct sim_stream *stream)
{
    struct converted *converted = (struct converted *)stream;
    converted->source->free(converted->source);
    tg_buf_fini(&converted->coming);
    tg_buf_fini(&converted->ready);
    free(converted);
}

static void convert_stream(struct sim_response *response)
{
    struct converted *converted = TG_NEW(struct converted);
    converted->stream.read = converted_read;
    converted->stream.free = converted_free;
    converted->source = response->stream;
    converted->source->notify = on_notify;
    converted->source->notify_context = converted;
    tg_buf_init(&converted->coming, SIM_RESPONSE_BODY_MAX);
    tg_buf_init(&converted->ready, SIM_RESPONSE_BODY_MAX);
    response->stream = &converted->stream;
}

bool sim_k8s_autoscale_v1(const struct sim_call *call)
{
    const struct sim_request *old = call->request;
    if (!tg_str_has_prefix(old->path, V1)) {
        return false;
    }
    char *path = tg_asprintf(V2 "%s", old->path + sizeof V1 - 1);
    char *body = NULL;
    struct sim_request request = *old;
    request.path = path;
    if (old->body_len > 0 && !tg_str_eq(old->method, "DELETE")) {
        json_t *object = json_loadb(old->body, old->body_len, 0, NULL);
        if (json_is_object(object)) { /* else version 2 says what is wrong with it */
            to_v2(object);
            body = json_dumps(object, JSON_COMPACT);
            request.body = body;
            request.body_len = strlen(body);
        }
        json_decref(object);
    }
    sim_k8s_handle(call->world, call->store, call->who, &request, call->response);
    if (call->response->stream == NULL) {
        convert_answer(call->response);
    } else {
        convert_stream(call->response);
    }
    free(body);
    free(path);
    return true;
}
