/* sim/controller_service.c - which Pods stand behind a Service: EndpointSlices, and Endpoints for
 * older clients; and the status that GKE's monitoring operator gives a PodMonitoring. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <stdlib.h>

#include "base/mem.h"
#include "base/str.h"
#include "sim/behaviour.h"
#include "sim/json_path.h"
#include "sim/shape.h"

#define SERVICE_LABEL "kubernetes.io/service-name"

/* ---- the Pods behind a Service ---- */

struct backends {
    struct sim_region *region;
    const json_t *service;
    json_t *endpoints; /* of the slice */
    json_t *ready;     /* addresses of Endpoints */
    json_t *unready;
};

static json_t *target_of(const json_t *pod)
{
    return json_pack("{s:s, s:s, s:s, s:s}", "kind", "Pod", "namespace",
                     sim_json_text(pod, "metadata.namespace"), "name",
                     sim_json_text(pod, "metadata.name"), "uid",
                     sim_json_text(pod, "metadata.uid"));
}

static bool add_backend(void *context, json_t *pod)
{
    struct backends *backends = context;
    const char *ip = sim_json_text(pod, "status.podIP");
    const char *phase = sim_json_text(pod, "status.phase");
    bool is_over = tg_str_eq(phase, "Succeeded") || tg_str_eq(phase, "Failed");
    if (ip[0] == '\0' || is_over ||
        !sim_shape_labels_match(sim_json_at(pod, "metadata.labels"),
                                sim_json_at(backends->service, "spec.selector"))) {
        return true;
    }
    bool is_serving = sim_shape_is_true(pod, "Ready");
    bool is_ending = sim_json_at(pod, "metadata.deletionTimestamp") != NULL;
    bool is_ready = is_serving && !is_ending;
    const char *node = sim_json_text(pod, "spec.nodeName");
    json_array_append_new(
        backends->endpoints,
        json_pack("{s:[s], s:{s:b, s:b, s:b}, s:s, s:o, s:s}", "addresses", ip, "conditions",
                  "ready", (int)is_ready, "serving", (int)is_serving, "terminating", (int)is_ending,
                  "nodeName", node, "targetRef", target_of(pod), "zone", backends->region->zone));
    if (!is_ending) {
        json_array_append_new(
            is_ready ? backends->ready : backends->unready,
            json_pack("{s:s, s:s, s:o}", "ip", ip, "nodeName", node, "targetRef", target_of(pod)));
    }
    return true;
}

/* Ports as the Pods have them; a named port is looked up in the first Pod's containers by the API's
 * clients, not here, so that only numbers are known. */
static json_t *ports_of(const json_t *service)
{
    json_t *ports = json_array();
    size_t i;
    json_t *port;
    json_array_foreach(sim_json_at(service, "spec.ports"), i, port)
    {
        int64_t number = sim_json_int(port, "targetPort", sim_json_int(port, "port", 0));
        json_array_append_new(
            ports, json_pack("{s:s, s:I, s:s}", "name", sim_json_text(port, "name"), "port",
                             (json_int_t)number, "protocol", sim_json_text(port, "protocol")));
    }
    return ports;
}

/* ---- writing ---- */

struct slice_search {
    const char *service;
    json_t *found;
};

static bool find_slice(void *context, json_t *slice)
{
    struct slice_search *search = context;
    const json_t *labels = sim_json_at(slice, "metadata.labels");
    if (tg_str_eq(json_string_value(json_object_get(labels, SERVICE_LABEL)), search->service)) {
        search->found = slice;
        return false;
    }
    return true;
}

static json_t *slice_of(struct sim_region *region, const char *ns, const char *service)
{
    struct slice_search search = {service, NULL};
    sim_store_each(region->store, sim_world_kinds(region->world)->endpoint_slice, ns, find_slice,
                   &search);
    return search.found;
}

static void write_slice(struct sim_region *region, const json_t *service,
                        const struct backends *backends)
{
    const struct sim_resource *kind = sim_world_kinds(region->world)->endpoint_slice;
    const char *name = sim_json_text(service, "metadata.name");
    const char *ns = sim_json_text(service, "metadata.namespace");
    json_t *current = slice_of(region, ns, name);
    json_t *next = NULL;
    if (current == NULL) {
        next = json_pack("{s:{s:o, s:s, s:{s:s, s:s}, s:[o]}, s:s}", "metadata", "generateName",
                         json_sprintf("%s-", name), "namespace", ns, "labels",
                         "endpointslice.kubernetes.io/managed-by",
                         "endpointslice-controller.k8s.io", SERVICE_LABEL, name, "ownerReferences",
                         sim_shape_owner(service), "addressType", "IPv4");
    } else {
        next = json_copy(current);
    }
    json_object_set(next, "endpoints", backends->endpoints);
    json_object_set_new(next, "ports", ports_of(service));
    if (current == NULL) {
        sim_shape_create(region->store, kind, next);
    } else {
        sim_store_update(region->store, kind, next, NULL);
    }
}

static void write_endpoints(struct sim_region *region, const json_t *service,
                            const struct backends *backends)
{
    const struct sim_resource *kind = sim_world_kinds(region->world)->endpoints;
    const char *name = sim_json_text(service, "metadata.name");
    const char *ns = sim_json_text(service, "metadata.namespace");
    json_t *current = sim_store_get(region->store, kind, ns, name);
    json_t *next = current != NULL
                       ? json_copy(current)
                       : json_pack("{s:{s:s, s:s}}", "metadata", "name", name, "namespace", ns);
    json_t *subset = json_pack("{s:o}", "ports", ports_of(service));
    bool has_any = false;
    if (json_array_size(backends->ready) > 0) {
        json_object_set(subset, "addresses", backends->ready);
        has_any = true;
    }
    if (json_array_size(backends->unready) > 0) {
        json_object_set(subset, "notReadyAddresses", backends->unready);
        has_any = true;
    }
    json_object_del(next, "subsets");
    if (has_any) {
        json_object_set_new(next, "subsets", json_pack("[O]", subset));
    }
    json_decref(subset);
    if (current == NULL) {
        sim_shape_create(region->store, kind, next);
    } else {
        sim_store_update(region->store, kind, next, NULL);
    }
}

static void sync_service(struct sim_region *region, const char *ns, const char *name)
{
    const struct sim_kinds *kinds = sim_world_kinds(region->world);
    json_t *service = sim_store_get(region->store, kinds->service, ns, name);
    if (service == NULL) {
        json_t *slice = slice_of(region, ns, name);
        if (slice != NULL) {
            sim_store_remove(region->store, kinds->endpoint_slice, ns,
                             sim_json_text(slice, "metadata.name"));
        }
        sim_store_remove(region->store, kinds->endpoints, ns, name);
        return;
    }
    if (json_object_size(sim_json_at(service, "spec.selector")) == 0) {
        return; /* somebody else says what is behind it */
    }
    json_incref(service);
    struct backends backends = {.region = region,
                                .service = service,
                                .endpoints = json_array(),
                                .ready = json_array(),
                                .unready = json_array()};
    sim_store_each(region->store, kinds->pod, ns, add_backend, &backends);
    write_slice(region, service, &backends);
    write_endpoints(region, service, &backends);
    json_decref(backends.endpoints);
    json_decref(backends.ready);
    json_decref(backends.unready);
    json_decref(service);
}

static void poke(struct sim_region *region, const char *ns, const char *name)
{
    sim_controllers_poke(region, "service", sync_service, ns, name,
                         &sim_world_params(region->world)->status_react);
}

void sim_service_changed(struct sim_region *region, const struct sim_change *change)
{
    poke(region, sim_json_text(change->object, "metadata.namespace"),
         sim_json_text(change->object, "metadata.name"));
}

struct pod_change {
    struct sim_region *region;
    const json_t *labels;
};

static bool poke_selecting(void *context, json_t *service)
{
    const struct pod_change *pod = context;
    const json_t *selector = sim_json_at(service, "spec.selector");
    if (json_object_size(selector) > 0 && sim_shape_labels_match(pod->labels, selector)) {
        poke(pod->region, sim_json_text(service, "metadata.namespace"),
             sim_json_text(service, "metadata.name"));
    }
    return true;
}

void sim_service_pod_changed(struct sim_region *region, const struct sim_change *change)
{
    struct pod_change pod = {region, sim_json_at(change->object, "metadata.labels")};
    if (pod.labels != NULL) {
        sim_store_each(region->store, sim_world_kinds(region->world)->service,
                       sim_json_text(change->object, "metadata.namespace"), poke_selecting, &pod);
    }
}

/* ---- monitoring ---- */

static void sync_monitoring(struct sim_region *region, const char *ns, const char *name)
{
    const struct sim_resource *kind = sim_world_kinds(region->world)->pod_monitoring;
    json_t *monitoring = sim_store_get(region->store, kind, ns, name);
    int64_t generation = sim_json_int(monitoring, "metadata.generation", 0);
    if (monitoring == NULL ||
        sim_json_int(monitoring, "status.observedGeneration", 0) == generation) {
        return;
    }
    char now[SIM_TIME_SIZE];
    json_t *status = json_pack("{s:I}", "observedGeneration", (json_int_t)generation);
    json_t *old = sim_json_at(monitoring, "status.conditions");
    if (old != NULL) {
        json_object_set_new(status, "conditions", json_deep_copy(old));
    }
    sim_shape_time(region->world, now);
    sim_shape_condition(region->world, status, "ConfigurationCreateSuccess", true, NULL, NULL,
                        json_pack("{s:s}", "lastUpdateTime", now));
    sim_store_set_status(region->store, kind, ns, name, status, NULL);
}

void sim_monitoring_changed(struct sim_region *region, const struct sim_change *change)
{
    if (change->type != SIM_DELETED) {
        sim_controllers_poke(region, "monitoring", sync_monitoring,
                             sim_json_text(change->object, "metadata.namespace"),
                             sim_json_text(change->object, "metadata.name"),
                             &sim_world_params(region->world)->controller_react);
    }
}
