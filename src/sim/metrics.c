/* sim/metrics.c - metrics.k8s.io/v1beta1. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "sim/metrics.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/clock.h"
#include "base/fmt.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim/behaviour.h"
#include "sim/controllers.h"
#include "sim/json_path.h"
#include "sim/k8s_list.h"
#include "sim/k8s_status.h"
#include "sim/params.h"
#include "sim/pod.h"
#include "sim/shape.h"
#include "sim/vllm.h"

#define PREFIX "/apis/metrics.k8s.io/v1beta1/"
#define GROUP  "metrics.k8s.io/v1beta1"
#define WINDOW "15.0s"

/* What metrics.k8s.io calls itself in refusals. */
static const struct sim_resource pod_metrics = {
    .group = "metrics.k8s.io", .version = "v1beta1", .plural = "podmetrics", .kind = "PodMetrics"};
static const struct sim_resource node_metrics = {.group = "metrics.k8s.io",
                                                 .version = "v1beta1",
                                                 .plural = "nodemetrics",
                                                 .kind = "NodeMetrics"};

struct usage {
    int64_t cpu_n;     /* nanocores */
    int64_t memory_ki; /* KiB */
};

/* End of the last whole window. */
static int64_t window_end_us(struct sim_world *world)
{
    int64_t now_us = sim_world_wall_us(world);
    return now_us - now_us % sim_world_params(world)->usage_window_us;
}

/* Measurements scatter by a twentieth; the same window always by the same. */
static int64_t scattered(const struct sim_pod *pod, const char *what, int64_t value)
{
    char *key =
        tg_asprintf("%s/%s/%" PRId64, pod->uid, what,
                    window_end_us(pod->world) / sim_world_params(pod->world)->usage_window_us);
    int64_t per_mille = (int64_t)(tg_hash_str(key) % 101) - 50;
    free(key);
    return value + value * per_mille / 1000;
}

static struct usage usage_of(struct sim_pod *pod, const struct sim_container *container)
{
    const struct sim_params *params = sim_world_params(pod->world);
    int64_t cpu_m = params->usage_plain_cpu_m;
    int64_t memory_mi = params->usage_plain_memory_mi;
    bool is_loading = pod->vllm != NULL && !sim_vllm_is_listening(pod->vllm);
    if (container->is_sidecar) {
        bool is_busy = is_loading || pod->role == SIM_POD_DOWNLOADER;
        cpu_m = is_busy ? params->usage_sidecar_busy_cpu_m : params->usage_sidecar_cpu_m;
        memory_mi = params->usage_sidecar_memory_mi;
    } else if (is_loading) {
        cpu_m = params->usage_server_boot_cpu_m;
        memory_mi = params->usage_server_memory_mi / 2;
    } else if (pod->vllm != NULL) {
        cpu_m = params->usage_server_cpu_m +
                sim_vllm_gauges(pod->vllm).running * params->usage_request_cpu_m;
        memory_mi = params->usage_server_memory_mi;
    } else if (pod->role == SIM_POD_PICKER) {
        cpu_m = params->usage_picker_cpu_m;
        memory_mi = params->usage_picker_memory_mi;
    } else if (pod->role == SIM_POD_DOWNLOADER) {
        cpu_m = params->usage_downloader_cpu_m;
        memory_mi = params->usage_downloader_memory_mi;
    }
    char *name = tg_asprintf("%s memory", container->name);
    struct usage usage = {
        .cpu_n = scattered(pod, container->name, cpu_m * 1000000),
        .memory_ki = scattered(pod, name, memory_mi * 1024),
    };
    free(name);
    return usage;
}

static bool is_measured(const struct sim_pod *pod, const struct sim_container *container)
{
    return container->state == SIM_CONTAINER_RUNNING &&
           container->started_wall_us + sim_world_params(pod->world)->usage_window_us <=
               window_end_us(pod->world);
}

static json_t *usage_json(struct usage usage)
{
    return json_pack("{s:o, s:o}", "cpu", json_sprintf("%" PRId64 "n", usage.cpu_n), "memory",
                     json_sprintf("%" PRId64 "Ki", usage.memory_ki));
}

/* One measurement; body holds what is measured and is stolen. object is the Pod or node. */
static json_t *measurement(struct sim_world *world, const char *kind, const json_t *object,
                           json_t *body)
{
    char time[40];
    char now[SIM_TIME_SIZE];
    json_t *metadata = json_pack("{s:s, s:s}", "name", sim_json_text(object, "metadata.name"),
                                 "creationTimestamp", sim_shape_time(world, now));
    const char *ns = sim_json_text(object, "metadata.namespace");
    if (ns[0] != '\0') {
        json_object_set_new(metadata, "namespace", json_string(ns));
    }
    json_t *labels = sim_json_at(object, "metadata.labels");
    if (labels != NULL) {
        json_object_set(metadata, "labels", labels);
    }
    tg_fmt_rfc3339(time, sizeof time, window_end_us(world), 0);
    json_t *result = json_pack("{s:s, s:s, s:o, s:s, s:s}", "kind", kind, "apiVersion", GROUP,
                               "metadata", metadata, "timestamp", time, "window", WINDOW);
    json_object_update(result, body);
    json_decref(body);
    return result;
}

/* NULL when nothing in the Pod has been measured yet; total (may be NULL) is added to. */
static json_t *measure_pod(struct sim_region *region, const json_t *object, struct usage *total)
{
    struct sim_pod *pod = sim_pod_find(region, sim_json_text(object, "metadata.namespace"),
                                       sim_json_text(object, "metadata.name"));
    json_t *containers = json_array();
    for (int i = 0; pod != NULL && i < pod->container_count; i++) {
        const struct sim_container *container = &pod->containers[i];
        if (is_measured(pod, container)) {
            struct usage usage = usage_of(pod, container);
            json_array_append_new(containers, json_pack("{s:s, s:o}", "name", container->name,
                                                        "usage", usage_json(usage)));
            if (total != NULL) {
                total->cpu_n += usage.cpu_n;
                total->memory_ki += usage.memory_ki;
            }
        }
    }
    if (json_array_size(containers) == 0) {
        json_decref(containers);
        return NULL;
    }
    return measurement(region->world, "PodMetrics", object,
                       json_pack("{s:o}", "containers", containers));
}

bool sim_metrics_usage(struct sim_region *region, const json_t *object, const char *container,
                       bool is_cpu, int64_t *milli)
{
    struct sim_pod *pod = sim_pod_find(region, sim_json_text(object, "metadata.namespace"),
                                       sim_json_text(object, "metadata.name"));
    bool is_any = false;
    *milli = 0;
    for (int i = 0; pod != NULL && i < pod->container_count; i++) {
        const struct sim_container *one = &pod->containers[i];
        if (is_measured(pod, one) && (container == NULL || tg_str_eq(container, one->name))) {
            struct usage usage = usage_of(pod, one);
            *milli += is_cpu ? usage.cpu_n / 1000000 : usage.memory_ki * 1024 * 1000;
            is_any = true;
        }
    }
    return is_any;
}

struct on_node {
    struct sim_region *region;
    const char *node;
    struct usage total;
};

static bool add_pod_of_node(void *context, json_t *object)
{
    struct on_node *sum = context;
    if (tg_str_eq(sim_json_text(object, "spec.nodeName"), sum->node)) {
        json_decref(measure_pod(sum->region, object, &sum->total));
    }
    return true;
}

static json_t *measure_node(struct sim_region *region, const json_t *node)
{
    const struct sim_params *params = sim_world_params(region->world);
    struct on_node sum = {
        .region = region,
        .node = sim_json_text(node, "metadata.name"),
        .total = {.cpu_n = params->usage_node_cpu_m * 1000000,
                  .memory_ki = params->usage_node_memory_mi * 1024},
    };
    sim_store_each(region->store, sim_world_kinds(region->world)->pod, NULL, add_pod_of_node, &sum);
    return measurement(region->world, "NodeMetrics", node,
                       json_pack("{s:o}", "usage", usage_json(sum.total)));
}

/* ---- requests ---- */

struct listing {
    struct sim_region *region;
    const struct sim_collection *collection;
    bool is_nodes;
    json_t *items;
};

static bool add_item(void *context, json_t *object)
{
    struct listing *listing = context;
    if (sim_collection_has(listing->collection, object)) {
        json_t *item = listing->is_nodes ? measure_node(listing->region, object)
                                         : measure_pod(listing->region, object, NULL);
        if (item != NULL) {
            json_array_append_new(listing->items, item);
        }
    }
    return true;
}

static json_t *table_row(const json_t *item)
{
    int64_t cpu_n = 0;
    int64_t memory_ki = 0;
    int64_t one = 0;
    size_t i;
    json_t *container;
    json_t *parts = json_object_get(item, "containers");
    json_t *all = parts == NULL ? json_pack("[O]", item) : json_incref(parts);
    json_array_foreach(all, i, container)
    {
        char *cpu = tg_strdup(sim_json_text(container, "usage.cpu"));
        char *memory = tg_strdup(sim_json_text(container, "usage.memory"));
        cpu[strcspn(cpu, "n")] = '\0';
        memory[strcspn(memory, "K")] = '\0';
        cpu_n += tg_str_to_int64(cpu, 0, INT64_MAX, &one) ? one : 0;
        memory_ki += tg_str_to_int64(memory, 0, INT64_MAX, &one) ? one : 0;
        free(cpu);
        free(memory);
    }
    json_decref(all);
    return json_pack("{s:[s,o,o,s], s:{s:s, s:s, s:O}}", "cells",
                     sim_json_text(item, "metadata.name"), json_sprintf("%" PRId64 "n", cpu_n),
                     json_sprintf("%" PRId64 "Ki", memory_ki), WINDOW, "object", "kind",
                     "PartialObjectMetadata", "apiVersion", "meta.k8s.io/v1", "metadata",
                     json_object_get(item, "metadata"));
}

static void reply_table(struct sim_call *call, const json_t *items)
{
    static const char *const names[] = {"Name", "Cpu", "Memory", "Window"};
    json_t *definitions = json_array();
    json_t *rows = json_array();
    for (size_t i = 0; i < TG_COUNT(names); i++) {
        json_array_append_new(definitions,
                              json_pack("{s:s, s:s, s:s, s:s, s:i}", "name", names[i], "type",
                                        "string", "format", i == 0 ? "name" : "", "description",
                                        names[i], "priority", 0));
    }
    size_t i;
    json_t *item;
    json_array_foreach(items, i, item)
    {
        json_array_append_new(rows, table_row(item));
    }
    sim_k8s_reply(call->response, 200,
                  json_pack("{s:s, s:s, s:{}, s:o, s:o}", "kind", "Table", "apiVersion",
                            "meta.k8s.io/v1", "metadata", "columnDefinitions", definitions, "rows",
                            rows));
}

/* Unknown, or not measured yet. */
static void fail_not_found(struct sim_call *call, const struct sim_resource *measured)
{
    if (sim_store_get(call->store, measured, sim_k8s_ns(call), call->name) == NULL) {
        sim_k8s_fail_not_found(call->response, measured, call->name);
    } else if (call->ns == NULL) {
        sim_k8s_fail_not_found(call->response, &node_metrics, call->name);
    } else {
        char *name = tg_asprintf("%s/%s", call->ns, call->name);
        sim_k8s_fail_not_found(call->response, &pod_metrics, name);
        free(name);
    }
}

static void reply_items(struct sim_call *call, const struct listing *listing)
{
    const char *kind = listing->is_nodes ? "NodeMetrics" : "PodMetrics";
    const struct sim_resource *measured = listing->collection->resource;
    if (call->name != NULL && json_array_size(listing->items) == 0) {
        fail_not_found(call, measured);
    } else if (call->encoding != SIM_ENCODING_PLAIN) {
        reply_table(call, listing->items);
    } else if (call->name != NULL) {
        sim_k8s_reply(call->response, 200, json_incref(json_array_get(listing->items, 0)));
    } else {
        json_t *list = json_pack("{s:o, s:s, s:{}, s:O}", "kind", json_sprintf("%sList", kind),
                                 "apiVersion", GROUP, "metadata", "items", listing->items);
        sim_k8s_reply(call->response, 200, list);
    }
}

/* "pods", "nodes/N", "namespaces/NS/pods/P": false when it is none of these. */
static bool read_path(struct sim_call *call, const char *path, bool *is_nodes)
{
    static const char spaces[] = "namespaces/";
    if (tg_str_has_prefix(path, spaces)) {
        path += sizeof spaces - 1;
        size_t len = strcspn(path, "/");
        call->ns = tg_strndup(path, len);
        path += len + (path[len] == '/' ? 1 : 0);
    }
    size_t len = strcspn(path, "/");
    *is_nodes = len == strlen("nodes") && tg_str_has_prefix(path, "nodes") && call->ns == NULL;
    bool is_pods = len == strlen("pods") && tg_str_has_prefix(path, "pods");
    if (path[len] == '/' && path[len + 1] != '\0') {
        call->name = tg_strdup(path + len + 1);
    }
    bool is_deep = call->name != NULL && strchr(call->name, '/') != NULL;
    bool is_ours =
        (*is_nodes || is_pods) && !is_deep && (call->name == NULL || call->ns != NULL || *is_nodes);
    if (!is_ours) { /* another handler reads the path afresh */
        free(call->ns);
        free(call->name);
        call->ns = NULL;
        call->name = NULL;
    }
    return is_ours;
}

bool sim_metrics_handle(struct sim_call *call)
{
    struct listing listing = {.region = sim_world_region(call->world, call->request->server)};
    if (!tg_str_has_prefix(call->request->path, PREFIX) ||
        !read_path(call, call->request->path + sizeof PREFIX - 1, &listing.is_nodes)) {
        return false;
    }
    if (!tg_str_eq(call->request->method, "GET")) {
        sim_k8s_fail(call->response, 405, NULL,
                     "the server does not allow this method on the requested resource");
        return true;
    }
    const struct sim_access access = {
        .verb = call->name == NULL ? "list" : "get",
        .group = "metrics.k8s.io",
        .resource = listing.is_nodes ? "nodes" : "pods",
        .subresource = "",
        .ns = sim_k8s_ns(call),
        .name = call->name == NULL ? "" : call->name,
    };
    if (!sim_rbac_allows(call->store, call->who, &access, NULL)) {
        sim_rbac_refuse(call->response, call->who, &access);
        return true;
    }
    const struct sim_kinds *kinds = sim_world_kinds(call->world);
    const struct sim_resource *measured = listing.is_nodes ? kinds->node : kinds->pod;
    struct sim_collection collection;
    if (!sim_encoding_from_accept(call->request->accept, "", &call->encoding)) {
        call->encoding = SIM_ENCODING_PLAIN;
    }
    if (!sim_collection_init(&collection, call->store, measured, call->ns, call->name, call->query,
                             call->encoding, call->response)) {
        return true;
    }
    listing.collection = &collection;
    listing.items = json_array();
    sim_store_each(call->store, measured, call->ns, add_item, &listing);
    reply_items(call, &listing);
    json_decref(listing.items);
    sim_collection_fini(&collection);
    return true;
}
