/* sim/k8s_subresource.c - scale, log, proxy, eviction, exec and its relatives. */
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
#include "sim/account_token.h"
#include "sim/controllers.h"
#include "sim/ephemeral.h"
#include "sim/fault.h"
#include "sim/json_path.h"
#include "sim/k8s_call.h"
#include "sim/k8s_list.h"
#include "sim/k8s_managed.h"
#include "sim/k8s_status.h"
#include "sim/pod.h"
#include "sim/query.h"
#include "sim/remote.h"
#include "sim/selector.h"

#define LOG_CHUNK 65536u

/* ---- scale ---- */

static json_t *scale_of(json_t *object)
{
    json_t *metadata = json_pack(
        "{s:s, s:s, s:s, s:s, s:s}", "name", sim_json_text(object, "metadata.name"), "namespace",
        sim_json_text(object, "metadata.namespace"), "uid", sim_json_text(object, "metadata.uid"),
        "resourceVersion", sim_json_text(object, "metadata.resourceVersion"), "creationTimestamp",
        sim_json_text(object, "metadata.creationTimestamp"));
    char *selector = sim_selector_text_of_json(sim_json_at(object, "spec.selector"));
    json_t *scale =
        json_pack("{s:s, s:s, s:o, s:{}, s:{s:I, s:s}}", "kind", "Scale", "apiVersion",
                  "autoscaling/v1", "metadata", metadata, "spec", "status", "replicas",
                  (json_int_t)sim_json_int(object, "status.replicas", 0), "selector", selector);
    free(selector);
    tg_assert(scale != NULL);
    int64_t replicas = sim_json_int(object, "spec.replicas", 1);
    if (replicas != 0) { /* its zero is left out */
        json_object_set_new(json_object_get(scale, "spec"), "replicas", json_integer(replicas));
    }
    return scale;
}

/* Scale as kubectl shows it. */
static const struct sim_column scale_columns[] = {
    {"Name", "string", 0, sim_cell_text, "metadata.name"},
    {"Desired", "integer", 0, sim_cell_int, "spec.replicas"},
    {"Available", "integer", 0, sim_cell_int, "status.replicas"},
    {"Age", "string", 0, sim_cell_age, NULL},
    {NULL, NULL, 0, NULL, NULL},
};
static const struct sim_resource scale_kind = {.group = "autoscaling",
                                               .version = "v1",
                                               .plural = "scales",
                                               .kind = "Scale",
                                               .columns = scale_columns};

/* scale is stolen. */
static void show_scale(struct sim_call *call, json_t *scale)
{
    const char *include = sim_query_text(call->query, "includeObject");
    if (!sim_encoding_from_accept(call->request->accept, include, &call->encoding) ||
        call->encoding == SIM_ENCODING_PLAIN) {
        sim_k8s_reply(call->response, 200, scale);
        return;
    }
    sim_k8s_reply_object(call->response, 200, call->store, &scale_kind, scale, call->encoding);
    json_decref(scale);
}

static void write_scale(struct sim_call *call, json_t *current, json_t *wanted)
{
    const json_t *replicas = sim_json_at(wanted, "spec.replicas");
    if (replicas != NULL && (!json_is_integer(replicas) || json_integer_value(replicas) < 0)) {
        sim_k8s_fail_causes(call->response, "autoscaling", "Scale", call->name,
                            json_pack("[o]", sim_k8s_cause_value("spec.replicas", replicas,
                                                                 "must be greater than or equal "
                                                                 "to 0")));
        return;
    }
    json_t *next = json_copy(current);
    json_t *spec = json_copy(json_object_get(current, "spec"));
    json_t *metadata = json_copy(json_object_get(current, "metadata"));
    json_object_set_new(spec, "replicas", json_integer(sim_json_int(wanted, "spec.replicas", 0)));
    json_object_del(metadata, "resourceVersion");
    const char *version = sim_json_text(wanted, "metadata.resourceVersion");
    if (version[0] != '\0') {
        json_object_set_new(metadata, "resourceVersion", json_string(version));
    }
    json_object_set_new(next, "spec", spec);
    json_object_set_new(next, "metadata", metadata);
    if (tg_str_eq(sim_query_text(call->query, "dryRun"), "All")) {
        sim_k8s_reply(call->response, 200, scale_of(next));
        json_decref(next);
        return;
    }
    struct tg_err err = TG_ERR_INIT;
    sim_managed_track(call, current, next);
    json_t *result = sim_store_update(call->store, call->resource, next, &err);
    if (result == NULL) {
        sim_k8s_fail_write(call->response, call->resource, call->name, false, &err);
        return;
    }
    sim_k8s_reply(call->response, 200, scale_of(result));
}

static void handle_scale(struct sim_call *call)
{
    json_t *current = sim_k8s_current(call);
    if (current == NULL) {
        return;
    }
    const char *method = call->request->method;
    json_t *scale = scale_of(current);
    json_t *wanted = NULL;
    if (tg_str_eq(method, "GET")) {
        show_scale(call, json_incref(scale));
    } else if (tg_str_eq(method, "PUT")) {
        wanted = sim_k8s_body(call);
    } else if (tg_str_eq(method, "PATCH")) {
        wanted = sim_k8s_patched(call, scale);
    } else {
        sim_k8s_fail(call->response, 405, NULL,
                     "the server does not allow this method on the "
                     "requested resource");
    }
    if (wanted != NULL) {
        write_scale(call, current, wanted);
    }
    json_decref(wanted);
    json_decref(scale);
}

/* ---- log ---- */

/* "a b c" of a list of containers. The caller frees. */
static char *container_names(const json_t *containers)
{
    char *names = tg_strdup("");
    size_t i;
    json_t *container;
    json_array_foreach(containers, i, container)
    {
        char *longer =
            tg_asprintf("%s%s%s", names, i == 0 ? "" : " ", sim_json_text(container, "name"));
        free(names);
        names = longer;
    }
    return names;
}

static bool has_container(const json_t *containers, const char *name)
{
    size_t i;
    json_t *container;
    json_array_foreach(containers, i, container)
    {
        if (tg_str_eq(sim_json_text(container, "name"), name)) {
            return true;
        }
    }
    return false;
}

/* The container whose log is meant; NULL with the response filled when that is not clear. Borrowed.
 */
static const char *log_container(const struct sim_call *call, const json_t *pod)
{
    const json_t *containers = sim_json_at(pod, "spec.containers");
    const json_t *init = sim_json_at(pod, "spec.initContainers");
    const char *name = sim_query_text(call->query, "container");
    if (name[0] != '\0') {
        if (!has_container(containers, name) && !has_container(init, name) &&
            !has_container(sim_json_at(pod, "spec.ephemeralContainers"), name)) {
            sim_k8s_fail(call->response, 400, NULL, "container %s is not valid for pod %s", name,
                         call->name);
            return NULL;
        }
        return name;
    }
    if (json_array_size(containers) == 1) {
        return sim_json_text(json_array_get(containers, 0), "name");
    }
    char *names = container_names(containers);
    char *init_names = container_names(init);
    sim_k8s_fail(call->response, 400, NULL,
                 "a container name must be specified for pod %s, choose one of: [%s]%s%s%s",
                 call->name, names,
                 init_names[0] == '\0' ? "" : " or one of the init containers: [", init_names,
                 init_names[0] == '\0' ? "" : "]");
    free(names);
    free(init_names);
    return NULL;
}

/* Reads a stream that does not follow to its end. */
static void drain(struct sim_stream *stream, struct tg_buf *body, int64_t limit)
{
    char *chunk = tg_malloc(LOG_CHUNK);
    bool is_end = false;
    size_t len = 1;
    while (!is_end && len > 0) {
        len = stream->read(stream, chunk, LOG_CHUNK, &is_end);
        if (limit >= 0 && body->len + len >= (size_t)limit) {
            len = (size_t)limit - body->len;
            is_end = true;
        }
        tg_buf_append(body, chunk, len);
    }
    free(chunk);
}

static void handle_log(struct sim_call *call, int region)
{
    json_t *pod = sim_k8s_current(call);
    const char *container = pod == NULL ? NULL : log_container(call, pod);
    if (container == NULL) {
        return;
    }
    if (sim_json_text(pod, "spec.nodeName")[0] == '\0') {
        call->response->status = 204; /* no kubelet has it: there is nothing to say */
        return;
    }
    int64_t since_us = 0;
    int64_t since_s = sim_query_int(call->query, "sinceSeconds", 0);
    if (since_s > 0 && since_s < INT32_MAX) {
        since_us = sim_world_wall_us(call->world) - since_s * TG_US_PER_S;
    }
    tg_parse_rfc3339(sim_query_text(call->query, "sinceTime"), &since_us);
    const struct sim_fault *rotated = sim_fault_in_force(call->world, SIM_FAULT_ROTATE, region);
    if (rotated != NULL) { /* the kubelet reads the newest file alone */
        int64_t wall_us = sim_world_wall_us(call->world) - sim_world_now_us(call->world);
        int64_t rotated_us = wall_us + rotated->start_us;
        since_us = since_us > rotated_us ? since_us : rotated_us;
    }
    bool is_follow = sim_query_is_true(call->query, "follow");
    struct tg_err err = TG_ERR_INIT;
    bool has_times = sim_query_is_true(call->query, "timestamps");
    int64_t tail = sim_query_int(call->query, "tailLines", -1);
    struct sim_stream *stream =
        sim_query_is_true(call->query, "previous")
            ? sim_pod_previous_log(call->world, region, sim_k8s_ns(call), call->name, container,
                                   has_times, since_us, tail, &err)
            : sim_pod_log(call->world, region, sim_k8s_ns(call), call->name, container, is_follow,
                          has_times, since_us, tail, &err);
    if (stream == NULL) {
        int code = err.code == TG_CODE_NOT_FOUND ? 404 : err.detail >= 400 ? err.detail : 400;
        sim_k8s_fail(call->response, code, NULL, "%s", err.msg);
        return;
    }
    call->response->status = 200;
    snprintf(call->response->content_type, sizeof call->response->content_type, "text/plain");
    if (is_follow) {
        call->response->stream = stream;
    } else {
        drain(stream, &call->response->body, sim_query_int(call->query, "limitBytes", -1));
        stream->free(stream);
    }
}

/* ---- proxy ---- */

/* Splits "[scheme:]NAME[:PORT]"; *port is "" when there is none. The results point into text, which
 * is changed. */
static void split_target(char *text, const char **name, const char **port)
{
    *port = "";
    char *colon = strchr(text, ':');
    if (colon == NULL) {
        *name = text;
        return;
    }
    *colon = '\0';
    char *second = strchr(colon + 1, ':');
    if (second != NULL) {
        *second = '\0';
        *name = colon + 1;
        *port = second + 1;
    } else {
        *name = text;
        *port = colon + 1;
    }
}

/* Number of a port given as number, as a container port's name, or not at all (then the first). 0:
 * no such port. */
static int pod_port(const json_t *pod, const char *port)
{
    int64_t number = 0;
    if (tg_str_to_int64(port, 1, 65535, &number)) {
        return (int)number;
    }
    size_t i;
    json_t *container;
    json_array_foreach(sim_json_at(pod, "spec.containers"), i, container)
    {
        size_t p;
        json_t *item;
        json_array_foreach(json_object_get(container, "ports"), p, item)
        {
            if (port[0] == '\0' || tg_str_eq(sim_json_text(item, "name"), port)) {
                return (int)sim_json_int(item, "containerPort", 0);
            }
        }
    }
    return 0;
}

struct backend {
    struct sim_selector selector;
    json_t *pod; /* borrowed */
};

static bool find_backend(void *context, json_t *pod)
{
    struct backend *backend = context;
    const json_t *ready = sim_json_condition(pod, "Ready");
    if (sim_selector_matches_labels(&backend->selector, pod) &&
        tg_str_eq(sim_json_text(ready, "status"), "True") &&
        sim_json_at(pod, "metadata.deletionTimestamp") == NULL) {
        backend->pod = pod;
        return false;
    }
    return true;
}

/* Pod and port behind a Service's port; NULL with the response filled when there is none. Borrowed.
 */
static json_t *service_backend(const struct sim_call *call, json_t *service, const char *port,
                               int *number)
{
    size_t i;
    json_t *item;
    json_t *target = NULL;
    json_array_foreach(sim_json_at(service, "spec.ports"), i, item)
    {
        int64_t asked = 0;
        tg_str_to_int64(port, 1, 65535, &asked);
        if (port[0] == '\0' || tg_str_eq(sim_json_text(item, "name"), port) ||
            sim_json_int(item, "port", 0) == asked) {
            target = json_object_get(item, "targetPort");
            *number = (int)sim_json_int(item, "port", 0);
            break;
        }
    }
    struct backend backend = {{NULL, 0}, NULL};
    json_t *labels = sim_json_at(service, "spec.selector");
    if (labels != NULL) {
        json_t *wrapped = json_pack("{s:O}", "matchLabels", labels);
        sim_selector_from_json(&backend.selector, wrapped);
        json_decref(wrapped);
        sim_store_each(call->store, sim_resource_find("", "v1", "pods"), sim_k8s_ns(call),
                       find_backend, &backend);
        sim_selector_fini(&backend.selector);
    }
    if (backend.pod == NULL) {
        sim_k8s_fail(call->response, 503, NULL, "no endpoints available for service \"%s\"",
                     sim_json_text(service, "metadata.name"));
    } else if (json_is_integer(target)) {
        *number = (int)json_integer_value(target);
    } else if (json_is_string(target)) {
        *number = pod_port(backend.pod, json_string_value(target));
    }
    return backend.pod;
}

static void handle_proxy(struct sim_call *call, int region)
{
    char *text = tg_strdup(call->name);
    const char *name;
    const char *port;
    split_target(text, &name, &port);
    json_t *object = sim_store_get(call->store, call->resource, sim_k8s_ns(call), name);
    int number = 0;
    if (object == NULL) {
        sim_k8s_fail_not_found(call->response, call->resource, name);
        free(text);
        return;
    }
    bool is_pod = tg_str_eq(call->resource->plural, "pods");
    json_t *pod = is_pod ? object : service_backend(call, object, port, &number);
    if (pod != NULL) {
        number = is_pod ? pod_port(pod, port) : number;
        struct tg_err err = TG_ERR_INIT;
        char *pod_name = tg_strdup(sim_json_text(pod, "metadata.name"));
        const struct sim_request *request = call->request;
        if (!sim_pod_http(call->world, region, sim_k8s_ns(call), pod_name, number, request->method,
                          call->rest[0] == '\0' ? "/" : call->rest, request->body,
                          request->body_len, call->response, &err)) {
            tg_buf_reset(&call->response->body);
            sim_k8s_fail(call->response, 503, NULL, "%s", err.msg);
        }
        free(pod_name);
    }
    free(text);
}

/* ---- exec, attach, portforward ---- */

static void handle_remote(struct sim_call *call, int region)
{
    json_t *object = sim_k8s_current(call);
    struct sim_pod *pod = object == NULL ? NULL
                                         : sim_pod_find(sim_world_region(call->world, region),
                                                        sim_k8s_ns(call), call->name);
    if (pod == NULL) {
        if (object != NULL) {
            sim_k8s_fail(call->response, 400, NULL, "pod %s does not have a host assigned",
                         call->name);
        }
        return;
    }
    bool is_forward = tg_str_eq(call->subresource, "portforward");
    const char *container = is_forward ? "" : log_container(call, object);
    if (container != NULL) {
        json_t *commands = sim_query_list(call->request->query, "command");
        sim_remote_open(pod, call->subresource, container, commands, call->query, call->request,
                        call->response);
        json_decref(commands);
    }
}

void sim_k8s_subresource(struct sim_call *call)
{
    const char *sub = call->subresource;
    const char *method = call->request->method;
    bool is_core = call->resource->group[0] == '\0';
    bool is_pod = is_core && tg_str_eq(call->resource->plural, "pods");
    bool is_service = is_core && tg_str_eq(call->resource->plural, "services");
    int region = call->request->server;
    if (call->resource->has_scale && tg_str_eq(sub, "scale")) {
        handle_scale(call);
    } else if (is_pod && tg_str_eq(sub, "log") && tg_str_eq(method, "GET")) {
        handle_log(call, region);
    } else if ((is_pod || is_service) && tg_str_eq(sub, "proxy")) {
        handle_proxy(call, region);
    } else if (is_pod && (tg_str_eq(sub, "exec") || tg_str_eq(sub, "attach") ||
                          tg_str_eq(sub, "portforward"))) {
        handle_remote(call, region);
    } else if (is_pod && tg_str_eq(sub, "eviction") && tg_str_eq(method, "POST")) {
        sim_k8s_evict(call);
    } else if (is_pod && tg_str_eq(sub, "ephemeralcontainers")) {
        sim_ephemeral_handle(call);
    } else if (is_core && tg_str_eq(call->resource->plural, "serviceaccounts") &&
               tg_str_eq(sub, "token")) {
        sim_account_token_handle(call);
    } else {
        sim_k8s_reply(call->response, 404,
                      sim_k8s_status(404, NULL, "the server could not find the requested resource",
                                     json_object()));
    }
}
