/* sim/controller_scheduler.c - finds nodes for Pods, generates and allocates their device claims.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim/behaviour.h"
#include "sim/fault.h"
#include "sim/json_path.h"
#include "sim/node_affinity.h"
#include "sim/pod.h"
#include "sim/shape.h"
#include "sim/volume.h"

#define TPU "google.com/tpu"

int sim_scheduler_tpu_used(struct sim_region *region, const char *node)
{
    int used = 0;
    for (const struct tg_map_node *n = tg_map_first(region->pods); n != NULL; n = tg_map_next(n)) {
        const struct sim_pod *pod = tg_map_node_value(n);
        if (pod->step != SIM_STEP_FINISHED && tg_str_eq(pod->node, node)) {
            used += pod->tpu_count;
        }
    }
    return used;
}

struct fit {
    struct sim_pod *pod;
    const json_t *spec;
    int nodes;
    int cordoned;
    int mismatched;
    int tainted;
    int full;
    int claimed;
    char chosen[SIM_NAME_SIZE * 2];
};

static bool try_node(void *context, json_t *node)
{
    struct fit *fit = context;
    struct sim_pod *pod = fit->pod;
    const char *name = sim_json_text(node, "metadata.name");
    fit->nodes++;
    const char *chips_text =
        json_string_value(json_object_get(sim_json_at(node, "status.allocatable"), TPU));
    int64_t chips = 0;
    if (chips_text != NULL) {
        tg_str_to_int64(chips_text, 0, 4096, &chips);
    }
    if (!sim_shape_is_true(node, "Ready") || sim_node_is_cordoned(fit->spec, node)) {
        fit->cordoned++;
    } else if (!sim_node_matches(fit->spec, node)) {
        fit->mismatched++;
    } else if (sim_node_taint_against(fit->spec, node, NULL) != NULL) {
        fit->tainted++;
    } else if (pod->tpu_count > 0 &&
               sim_scheduler_tpu_used(pod->region, name) + pod->tpu_count > chips) {
        fit->full++;
    } else if (!sim_claim_fits(pod, name)) {
        fit->claimed++;
    } else if (fit->chosen[0] == '\0') {
        tg_str_copy(fit->chosen, sizeof fit->chosen, name);
    }
    return true;
}

static void append_cause(char *text, size_t size, int count, const char *cause)
{
    if (count > 0) {
        size_t len = strlen(text);
        snprintf(text + len, size - len, "%s%d %s", text[0] == '\0' ? "" : ", ", count, cause);
    }
}

static void attempt(struct sim_world *world, void *data);

/* why: what keeps it from every node, "" when the nodes do. */
static void report_failure(struct sim_pod *pod, const json_t *object, const struct fit *fit,
                           const char *why)
{
    struct sim_world *world = pod->world;
    char causes[400] = "";
    tg_str_copy(causes, sizeof causes, why);
    append_cause(causes, sizeof causes, fit->cordoned, "node(s) were unschedulable");
    append_cause(causes, sizeof causes, fit->full, "Insufficient " TPU);
    append_cause(causes, sizeof causes, fit->claimed, "cannot allocate all claims");
    append_cause(causes, sizeof causes, fit->mismatched,
                 "node(s) didn't match Pod's node affinity/selector");
    append_cause(causes, sizeof causes, fit->tainted,
                 "node(s) had untolerated taint {google.com/tpu: present}");
    char message[800];
    char preemption[200] = "";
    append_cause(preemption, sizeof preemption, fit->full,
                 "No preemption victims found for incoming pod");
    append_cause(preemption, sizeof preemption, fit->nodes - fit->full,
                 "Preemption is not helpful for scheduling");
    if (fit->nodes == 0) {
        snprintf(message, sizeof message, "no nodes available to schedule pods");
    } else {
        snprintf(message, sizeof message,
                 "0/%d nodes are available: %s. preemption: 0/%d nodes are available: %s.",
                 fit->nodes, causes, fit->nodes, preemption);
    }
    pod->is_unschedulable = true;
    json_t *status = json_deep_copy(sim_json_at(object, "status"));
    sim_shape_condition(world, status, "PodScheduled", false, "Unschedulable", message, NULL);
    sim_event_record(pod->region, object, "Warning", "FailedScheduling", "default-scheduler", "%s",
                     message);
    sim_store_set_status(pod->region->store, sim_world_kinds(world)->pod, pod->ns, pod->name,
                         status, NULL);
    sim_world_cancel(world, pod->schedule_event);
    pod->schedule_event =
        sim_world_at(world, sim_world_now_us(world) + sim_world_params(world)->schedule_retry_us,
                     SIM_PRIORITY_CONTROL, attempt, pod, NULL);
}

static void bind(struct sim_world *world, void *data)
{
    struct sim_pod *pod = data;
    const struct sim_resource *kind = sim_world_kinds(world)->pod;
    pod->schedule_event = 0;
    json_t *object = sim_store_get(pod->region->store, kind, pod->ns, pod->name);
    tg_assert(object != NULL);
    json_t *next = json_deep_copy(object);
    json_object_set_new(sim_json_make_object(next, "spec"), "nodeName", json_string(pod->node));
    json_t *status = sim_json_make_object(next, "status");
    sim_shape_condition(world, status, "PodScheduled", true, NULL, NULL, NULL);
    sim_claim_allocate(pod);
    sim_store_update(pod->region->store, kind, next, NULL);
    object = sim_store_get(pod->region->store, kind, pod->ns, pod->name);
    if (object == NULL) {
        return; /* an observer removed it */
    }
    sim_event_record(pod->region, object, "Normal", "Scheduled", "default-scheduler",
                     "Successfully assigned %s/%s to %s", pod->ns, pod->name, pod->node);
    sim_kubelet_bound(pod);
}

static void attempt(struct sim_world *world, void *data)
{
    struct sim_pod *pod = data;
    struct sim_region *region = pod->region;
    const struct sim_params *params = sim_world_params(world);
    pod->schedule_event = 0;
    if (pod->is_deleting || pod->node[0] != '\0') {
        return;
    }
    bool has_claims = sim_claim_ensure(pod);
    const json_t *object =
        sim_store_get(region->store, sim_world_kinds(world)->pod, pod->ns, pod->name);
    tg_assert(object != NULL);
    struct fit fit = {.pod = pod, .spec = json_object_get(object, "spec")};
    char why[200] = "";
    if (!sim_volume_is_ready(region, object, why, sizeof why)) {
        fit.nodes = (int)sim_store_count(region->store, sim_world_kinds(world)->node);
    } else if (!has_claims) {
        fit.nodes = (int)sim_store_count(region->store, sim_world_kinds(world)->node);
        fit.claimed = fit.nodes;
    } else {
        sim_store_each(region->store, sim_world_kinds(world)->node, NULL, try_node, &fit);
    }
    if (fit.chosen[0] == '\0') {
        report_failure(pod, object, &fit, why);
        return;
    }
    pod->is_unschedulable = false;
    tg_str_copy(pod->node, sizeof pod->node, fit.chosen);
    pod->node_index = tg_str_eq(pod->node, region->tpu_node) ? 1 : 0;
    int64_t delay_us = pod->claim[0] == '\0' ? 0
                                             : sim_draw_duration(world, pod->entity, "allocate",
                                                                 &params->claim_allocate);
    pod->schedule_event = sim_world_at(world, sim_world_now_us(world) + delay_us,
                                       SIM_PRIORITY_CONTROL, bind, pod, NULL);
}

static bool is_node(const struct sim_pod *pod)
{
    return sim_store_get(pod->region->store, sim_world_kinds(pod->world)->node, "", pod->node) !=
           NULL;
}

/* The Pod garbage collector's: a Pod bound to a node that there is not. */
static void collect_orphan(struct sim_world *world, void *data)
{
    struct sim_pod *pod = data;
    pod->schedule_event = 0;
    if (!is_node(pod)) {
        sim_store_delete(pod->region->store, sim_world_kinds(world)->pod, pod->ns, pod->name, 0,
                         NULL);
    }
}

/* The Pod came with a node: no scheduler is asked, its kubelet takes it as it is. */
static void bind_as_asked(struct sim_pod *pod, const char *node)
{
    struct sim_world *world = pod->world;
    tg_str_copy(pod->node, sizeof pod->node, node);
    pod->node_index = tg_str_eq(pod->node, pod->region->tpu_node) ? 1 : 0;
    if (is_node(pod)) {
        sim_kubelet_bound(pod);
    } else {
        int64_t at_us = sim_world_now_us(world) + sim_world_params(world)->orphan_quarantine_us;
        pod->schedule_event =
            sim_world_at(world, at_us, SIM_PRIORITY_CONTROL, collect_orphan, pod, NULL);
    }
}

/* GKE runs a second scheduler under its own name; other names are other people's schedulers. */
static bool is_ours(const json_t *object)
{
    const char *name = sim_json_text(object, "spec.schedulerName");
    return name[0] == '\0' || tg_str_eq(name, "default-scheduler") ||
           tg_str_eq(name, "gke.io/optimize-utilization-scheduler");
}

void sim_scheduler_add(struct sim_pod *pod)
{
    struct sim_world *world = pod->world;
    const struct sim_params *params = sim_world_params(world);
    const json_t *object =
        sim_store_get(pod->region->store, sim_world_kinds(world)->pod, pod->ns, pod->name);
    const char *node = sim_json_text(object, "spec.nodeName");
    if (node[0] != '\0') {
        bind_as_asked(pod, node);
        return;
    }
    if (!is_ours(object)) {
        return;
    }
    int64_t delay_us = sim_draw_duration(world, pod->entity, "schedule", &params->schedule);
    pod->schedule_event = sim_world_at(world, sim_world_now_us(world) + delay_us,
                                       SIM_PRIORITY_CONTROL, attempt, pod, NULL);
}

void sim_scheduler_kick(struct sim_region *region)
{
    struct sim_world *world = region->world;
    for (const struct tg_map_node *n = tg_map_first(region->pods); n != NULL; n = tg_map_next(n)) {
        struct sim_pod *pod = tg_map_node_value(n);
        if (pod->is_unschedulable && !pod->is_deleting && pod->node[0] == '\0') {
            pod->is_unschedulable = false;
            sim_world_cancel(world, pod->schedule_event);
            sim_scheduler_add(pod);
        }
    }
}

/* ---- device claims ---- */

static const json_t *claim_request(const json_t *pod)
{
    return json_array_get(sim_json_at(pod, "spec.resourceClaims"), 0);
}

bool sim_claim_ensure(struct sim_pod *pod)
{
    struct sim_region *region = pod->region;
    const struct sim_kinds *kinds = sim_world_kinds(region->world);
    json_t *object = sim_store_get(region->store, kinds->pod, pod->ns, pod->name);
    const json_t *request = claim_request(object);
    if (request == NULL || pod->claim[0] != '\0') {
        return true;
    }
    const char *template_name = sim_json_text(request, "resourceClaimTemplateName");
    const json_t *template =
        sim_store_get(region->store, kinds->claim_template, pod->ns, template_name);
    if (template == NULL) {
        return false;
    }
    const char *key = sim_json_text(request, "name");
    tg_str_copy(pod->claim_key, sizeof pod->claim_key, key);
    char *prefix = tg_asprintf("%s-%s-", pod->name, key);
    json_t *claim =
        json_pack("{s:{s:s,s:s,s:[s],s:{s:s},s:[o]},s:o,s:{}}", "metadata", "generateName", prefix,
                  "namespace", pod->ns, "finalizers", "resource.kubernetes.io/delete-protection",
                  "annotations", "resource.kubernetes.io/pod-claim-name", key, "ownerReferences",
                  sim_shape_owner(object), "spec",
                  json_deep_copy(sim_json_at(template, "spec.spec")), "status");
    free(prefix);
    const json_t *made = sim_shape_create(region->store, kinds->claim, claim);
    tg_str_copy(pod->claim, sizeof pod->claim, sim_json_text(made, "metadata.name"));
    json_t *status = json_deep_copy(sim_json_at(object, "status"));
    json_object_set_new(
        status, "resourceClaimStatuses",
        json_pack("[{s:s,s:s}]", "name", pod->claim_key, "resourceClaimName", pod->claim));
    sim_store_set_status(region->store, kinds->pod, pod->ns, pod->name, status, NULL);
    return true;
}

static bool is_free(void *context, json_t *claim)
{
    const char **node = context;
    const json_t *results = sim_json_at(claim, "status.allocation.devices.results");
    size_t i;
    json_t *result;
    json_array_foreach(results, i, result)
    {
        if (tg_str_eq(sim_json_text(result, "pool"), *node)) {
            *node = NULL;
            return false;
        }
    }
    return true;
}

/* Devices of the driver's slice on that node; NULL when it has none. Borrowed. */
struct slice_search {
    const char *node;
    const json_t *devices;
};

static bool find_slice(void *context, json_t *slice)
{
    struct slice_search *search = context;
    if (tg_str_eq(sim_json_text(slice, "spec.nodeName"), search->node)) {
        search->devices = sim_json_at(slice, "spec.devices");
        return false;
    }
    return true;
}

static const json_t *devices_of(struct sim_region *region, const char *node)
{
    struct slice_search search = {node, NULL};
    sim_store_each(region->store, sim_world_kinds(region->world)->slice, NULL, find_slice, &search);
    return search.devices;
}

bool sim_claim_fits(struct sim_pod *pod, const char *node)
{
    if (pod->claim[0] == '\0') {
        return true;
    }
    struct sim_region *region = pod->region;
    if (sim_fault_in_force(region->world, SIM_FAULT_CLAIM, region->index) != NULL) {
        return false;
    }
    const char *left = node;
    sim_store_each(region->store, sim_world_kinds(region->world)->claim, NULL, is_free, &left);
    return left != NULL && json_array_size(devices_of(region, node)) > 0;
}

void sim_claim_allocate(struct sim_pod *pod)
{
    if (pod->claim[0] == '\0') {
        return;
    }
    struct sim_region *region = pod->region;
    const struct sim_kinds *kinds = sim_world_kinds(region->world);
    const json_t *claim = sim_store_get(region->store, kinds->claim, pod->ns, pod->claim);
    const json_t *devices = devices_of(region, pod->node);
    if (claim == NULL || devices == NULL) {
        return; /* somebody deleted them meanwhile; the kubelet will wait */
    }
    const json_t *request = json_array_get(sim_json_at(claim, "spec.devices.requests"), 0);
    json_t *results = json_array();
    size_t i;
    json_t *device;
    json_array_foreach(devices, i, device)
    {
        json_array_append_new(results,
                              json_pack("{s:s,s:s,s:s,s:s}", "request",
                                        sim_json_text(request, "name"), "driver", "dra.net", "pool",
                                        pod->node, "device", sim_json_text(device, "name")));
    }
    char now[SIM_TIME_SIZE];
    json_t *status =
        json_pack("{s:{s:{s:o},s:{s:[{s:[{s:s,s:s,s:[s]}]}]},s:s},s:[{s:s,s:s,s:s}]}", "allocation",
                  "devices", "results", results, "nodeSelector", "nodeSelectorTerms", "matchFields",
                  "key", "metadata.name", "operator", "In", "values", pod->node,
                  "allocationTimestamp", sim_shape_time(region->world, now), "reservedFor",
                  "resource", "pods", "name", pod->name, "uid", pod->uid);
    sim_store_set_status(region->store, kinds->claim, pod->ns, pod->claim, status, NULL);
}

void sim_claim_attach(struct sim_pod *pod)
{
    struct sim_region *region = pod->region;
    const struct sim_kinds *kinds = sim_world_kinds(region->world);
    const json_t *claim = sim_store_get(region->store, kinds->claim, pod->ns, pod->claim);
    const json_t *results = sim_json_at(claim, "status.allocation.devices.results");
    if (results == NULL) {
        return;
    }
    json_t *devices = json_array();
    size_t i;
    json_t *result;
    json_array_foreach(results, i, result)
    {
        char ip[SIM_IP_SIZE];
        char address[SIM_IP_SIZE + 4];
        char mac[24];
        int host = 20 + (int)i;
        snprintf(address, sizeof address, "%s/32", sim_region_node_ip(region, host, ip));
        snprintf(mac, sizeof mac, "42:01:0a:%02x:%02x:%02x", (unsigned)region->network_high,
                 (unsigned)region->network_low, (unsigned)host);
        json_t *state = json_object();
        sim_shape_condition(region->world, state, "Ready", true, "NetworkDeviceReady", "", NULL);
        sim_shape_condition(region->world, state, "NetworkReady", true, "NetworkReady", "", NULL);
        char interface[8];
        snprintf(interface, sizeof interface, "eth%d", (int)(i % 100) + 1);
        json_array_append_new(
            devices, json_pack("{s:s,s:s,s:s,s:O,s:{s:s,s:[s],s:s}}", "driver", "dra.net", "pool",
                               pod->node, "device", sim_json_text(result, "device"), "conditions",
                               json_object_get(state, "conditions"), "networkData", "interfaceName",
                               interface, "ips", address, "hardwareAddress", mac));
        json_decref(state);
    }
    json_t *status = json_deep_copy(sim_json_at(claim, "status"));
    json_object_set_new(status, "devices", devices);
    sim_store_set_status(region->store, kinds->claim, pod->ns, pod->claim, status, NULL);
}

/* The Pod is gone: the claim is released, then deleted; its devices are free for the next. */
static void release(struct sim_region *region, const char *ns, const char *name)
{
    const struct sim_kinds *kinds = sim_world_kinds(region->world);
    const json_t *claim = sim_store_get(region->store, kinds->claim, ns, name);
    if (claim == NULL) {
        return;
    }
    sim_store_set_status(region->store, kinds->claim, ns, name, json_object(), NULL);
    sim_store_delete(region->store, kinds->claim, ns, name, -1, NULL);
    claim = sim_store_get(region->store, kinds->claim, ns, name);
    if (claim != NULL) {
        json_t *next = json_deep_copy(claim);
        json_object_del(json_object_get(next, "metadata"), "finalizers");
        sim_store_update(region->store, kinds->claim, next, NULL);
    }
    sim_scheduler_kick(region);
}

void sim_claim_pod_changed(struct sim_region *region, const struct sim_change *change)
{
    const json_t *claims = sim_json_at(change->object, "status.resourceClaimStatuses");
    const char *phase = sim_json_text(change->object, "status.phase");
    bool is_over = tg_str_eq(phase, "Failed") || tg_str_eq(phase, "Succeeded");
    if (claims == NULL || (change->type != SIM_DELETED && !is_over)) {
        return; /* a Pod that ended needs its devices no more, though it is still there */
    }
    size_t i;
    json_t *claim;
    json_array_foreach(claims, i, claim)
    {
        sim_controllers_poke(region, "claim", release,
                             sim_json_text(change->object, "metadata.namespace"),
                             sim_json_text(claim, "resourceClaimName"),
                             &sim_world_params(region->world)->claim_create);
    }
}
