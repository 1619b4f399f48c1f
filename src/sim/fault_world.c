/* sim/fault_world.c - faults of the world: what is asked of them, and what happens when they begin
 * and end. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "sim/fault_world.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim/behaviour.h"
#include "sim/cluster.h"
#include "sim/front.h"
#include "sim/gateway.h"
#include "sim/json_path.h"
#include "sim/shape.h"
#include "sim/vllm.h"

#define DEPLOYMENT      "vllm-gemma"
#define TPU_POOL        "tpu-v6e-pool"
#define TPU_MACHINE     "ct6e-standard-4t"
#define BURST_STEPS     100  /* a second; each makes its share of the changes */
#define BURST_STEP_MAX  1000 /* changes of one step */
#define BURST_PODS_MAX  100
#define BYTES_PER_GIB   (INT64_C(1) << 30)
#define BUCKET_IDENTITY "gcsfuse-sa"

/* ---- what is asked ---- */

bool sim_fault_is_dark(struct sim_world *world, int region)
{
    return sim_fault_in_force(world, SIM_FAULT_REGION_DOWN, region) != NULL ||
           sim_fault_in_force(world, SIM_FAULT_FIREWALL, region) != NULL;
}

bool sim_fault_is_shut(struct sim_world *world, int region)
{
    const struct sim_fault *fault = sim_fault_in_force(world, SIM_FAULT_FLAP, region);
    return fault != NULL && fault->is_low;
}

bool sim_fault_is_parted(struct sim_world *world, int a, int b)
{
    return a != b && (sim_fault_in_force(world, SIM_FAULT_PARTITION, a) != NULL ||
                      sim_fault_in_force(world, SIM_FAULT_PARTITION, b) != NULL);
}

int64_t sim_fault_way_us(struct sim_world *world, int a, int b)
{
    int64_t sum_us = 0;
    int ends[2] = {a, b};
    for (int i = 0; i < (a == b ? 1 : 2); i++) {
        const struct sim_fault *slow = sim_fault_in_force(world, SIM_FAULT_REGION_SLOW, ends[i]);
        sum_us += slow == NULL ? 0 : slow->spec.value / 2;
    }
    const struct sim_fault *far = a == b ? NULL : sim_fault_in_force(world, SIM_FAULT_RTT, a);
    far = a != b && far == NULL ? sim_fault_in_force(world, SIM_FAULT_RTT, b) : far;
    return sum_us + (far == NULL ? 0 : far->spec.value / 2);
}

int64_t sim_fault_pace_percent(struct sim_world *world, int region)
{
    if (sim_fault_in_force(world, SIM_FAULT_ZOMBIE, region) != NULL) {
        return 0;
    }
    const struct sim_fault *slow = sim_fault_in_force(world, SIM_FAULT_SLOW, region);
    return slow == NULL ? 100 : slow->spec.value < 1 ? 1 : slow->spec.value;
}

bool sim_fault_mount_error(struct sim_pod *pod, char *message, size_t size)
{
    if (sim_fault_strikes(pod->world, SIM_FAULT_BUCKET, pod->region->index, pod->name) == NULL) {
        return false;
    }
    const char *project = sim_world_config(pod->world)->project;
    snprintf(message, size,
             "MountVolume.SetUp failed for volume \"gcs-fuse-volume\" : rpc error: code = "
             "PermissionDenied desc = failed to get GCS bucket \"%s-gemma-weights\": googleapi: "
             "Error 403: Caller does not have storage.objects.list access to the Google Cloud "
             "Storage bucket. Permission 'storage.objects.list' denied on resource (or it may not "
             "exist)., forbidden",
             project);
    return true;
}

void sim_fault_evict(struct sim_pod *pod, int64_t limit_bytes)
{
    char message[200];
    snprintf(message, sizeof message,
             "Pod ephemeral local storage usage exceeds the total limit of containers %" PRId64
             "Gi. ",
             limit_bytes / BYTES_PER_GIB);
    sim_kubelet_evict(pod, message);
}

const char *sim_fault_operation_error(struct sim_world *world, const char *type, bool *is_hanging)
{
    *is_hanging = false;
    if (sim_fault_count(world) == 0) {
        return NULL;
    }
    if (sim_fault_strikes(world, SIM_FAULT_OPERATION_HANG, SIM_SERVER_GCP, type) != NULL) {
        *is_hanging = true;
        return NULL;
    }
    if (sim_fault_strikes(world, SIM_FAULT_OPERATION_ERROR, SIM_SERVER_GCP, type) != NULL) {
        return "Internal error. Please try again or contact Google Support.";
    }
    return NULL;
}

bool sim_fault_operation_is_lost(struct sim_world *world, const char *name)
{
    return sim_fault_in_force(world, SIM_FAULT_OPERATION_LOST, SIM_SERVER_GCP) != NULL &&
           sim_fault_strikes(world, SIM_FAULT_OPERATION_LOST, SIM_SERVER_GCP, name) != NULL;
}

/* ---- regions ---- */

typedef void visit_region(struct sim_region *region, struct sim_fault *fault);

static void each_region(struct sim_world *world, struct sim_fault *fault, visit_region *visit)
{
    for (int r = 0; r < sim_world_region_count(world); r++) {
        if (fault->spec.region == r || fault->spec.region == SIM_FAULT_CLUSTERS ||
            fault->spec.region == SIM_FAULT_EVERY) {
            visit(sim_world_region(world, r), fault);
        }
    }
}

static bool is_struck(const struct sim_fault *fault, const char *name)
{
    return fault->spec.object[0] == '\0' || sim_fault_is_like(fault->spec.object, name);
}

static void tell_servers(struct sim_region *region, struct sim_fault *fault)
{
    (void)fault;
    for (const struct tg_map_node *n = tg_map_first(region->pods); n != NULL; n = tg_map_next(n)) {
        struct sim_pod *pod = tg_map_node_value(n);
        if (pod->vllm != NULL) {
            sim_vllm_pace_changed(pod->vllm);
        }
    }
}

/* Names of the region's model servers that the fault means: what is done to one may change the
 * table of Pods. A new array. */
static json_t *servers(struct sim_region *region, const struct sim_fault *fault)
{
    json_t *names = json_array();
    for (const struct tg_map_node *n = tg_map_first(region->pods); n != NULL; n = tg_map_next(n)) {
        const struct sim_pod *pod = tg_map_node_value(n);
        if (pod->role == SIM_POD_VLLM && !pod->is_deleting && is_struck(fault, pod->name)) {
            json_array_append_new(names, json_pack("[s,s]", pod->ns, pod->name));
        }
    }
    return names;
}

typedef void visit_pod(struct sim_pod *pod, struct sim_fault *fault);

static void each_server(struct sim_region *region, struct sim_fault *fault, visit_pod *visit)
{
    json_t *names = servers(region, fault);
    size_t i;
    json_t *key;
    json_array_foreach(names, i, key)
    {
        struct sim_pod *pod = sim_pod_find(region, json_string_value(json_array_get(key, 0)),
                                           json_string_value(json_array_get(key, 1)));
        if (pod != NULL) {
            visit(pod, fault);
        }
    }
    json_decref(names);
}

static void kill_pod(struct sim_pod *pod, struct sim_fault *fault)
{
    fault->strikes++;
    sim_store_delete(pod->region->store, sim_world_kinds(pod->world)->pod, pod->ns, pod->name, 0,
                     NULL);
}

static void kill_pods(struct sim_region *region, struct sim_fault *fault)
{
    each_server(region, fault, kill_pod);
}

static void end_process(struct sim_pod *pod, struct sim_fault *fault)
{
    if (pod->step == SIM_STEP_RUNNING && sim_pod_main(pod)->state == SIM_CONTAINER_RUNNING) {
        fault->strikes++;
        sim_kubelet_exited(pod, (int)fault->spec.value);
    }
}

static void end_processes(struct sim_region *region, struct sim_fault *fault)
{
    each_server(region, fault, end_process);
}

static void evict_pod(struct sim_pod *pod, struct sim_fault *fault)
{
    if (sim_vllm_is_listening(pod->vllm) &&
        sim_world_params(pod->world)->vllm_weight_bytes > fault->spec.value) {
        fault->strikes++;
        sim_fault_evict(pod, fault->spec.value);
    }
}

static void evict_pods(struct sim_region *region, struct sim_fault *fault)
{
    each_server(region, fault, evict_pod);
}

/* ---- nodes ---- */

static void replace_node(struct sim_world *world, void *data)
{
    struct sim_region *region = data;
    if (!region->is_serving) {
        return;
    }
    if (sim_fault_in_force(world, SIM_FAULT_STOCKOUT, region->index) != NULL ||
        sim_fault_in_force(world, SIM_FAULT_NODE_LOST, region->index) != NULL) {
        sim_world_at(world,
                     sim_world_now_us(world) + sim_world_params(world)->node_replace_retry_us,
                     SIM_PRIORITY_NODE, replace_node, region, NULL);
        return;
    }
    sim_world_trace(world, region->name, "a new TPU node comes");
    sim_cluster_pool_set(region, &(struct sim_pool_spec){.name = TPU_POOL,
                                                         .machine_type = TPU_MACHINE,
                                                         .count = 1,
                                                         .has_dra_label = true,
                                                         .has_dra_profile = true});
}

static void lose_node(struct sim_region *region, struct sim_fault *fault)
{
    struct sim_world *world = region->world;
    const struct sim_resource *kind = sim_world_kinds(world)->node;
    if (sim_store_get(region->store, kind, "", region->tpu_node) == NULL) {
        return;
    }
    fault->strikes++;
    sim_world_trace(world, region->name, "the TPU node is lost");
    sim_cluster_pool_remove(region, TPU_POOL);
    int64_t delay_us = sim_draw_duration(world, region->cluster, "replace-node",
                                         &sim_world_params(world)->pool_create);
    sim_world_at(world, sim_world_now_us(world) + delay_us, SIM_PRIORITY_NODE, replace_node, region,
                 NULL);
}

/* ---- what others do to the Deployment ---- */

static json_t *deployment_of(struct sim_region *region)
{
    return sim_store_get(region->store, sim_world_kinds(region->world)->deployment, "default",
                         DEPLOYMENT);
}

static void set_replicas(struct sim_region *region, int64_t replicas)
{
    const json_t *deployment = deployment_of(region);
    if (deployment != NULL && sim_json_int(deployment, "spec.replicas", 1) != replicas) {
        json_t *next = json_deep_copy(deployment);
        json_object_set_new(json_object_get(next, "spec"), "replicas", json_integer(replicas));
        sim_store_update(region->store, sim_world_kinds(region->world)->deployment, next, NULL);
    }
}

static void scale(struct sim_region *region, struct sim_fault *fault)
{
    fault->strikes++;
    set_replicas(region, fault->spec.value);
}

struct set_back {
    struct sim_region *region;
    int64_t replicas;
};

static void set_back(struct sim_world *world, void *data)
{
    const struct set_back *back = data;
    if (sim_fault_strikes(world, SIM_FAULT_CONTEST, back->region->index, DEPLOYMENT) != NULL) {
        set_replicas(back->region, back->replicas);
    }
}

void sim_fault_deployment_changed(struct sim_region *region, const struct sim_change *change)
{
    struct sim_world *world = region->world;
    if (change->type != SIM_MODIFIED ||
        sim_fault_in_force(world, SIM_FAULT_CONTEST, region->index) == NULL ||
        !tg_str_eq(sim_json_text(change->object, "metadata.name"), DEPLOYMENT)) {
        return;
    }
    int64_t before = sim_json_int(change->previous, "spec.replicas", 1);
    if (before == sim_json_int(change->object, "spec.replicas", 1) || before == 0) {
        return; /* this one never wants it gone */
    }
    struct set_back *back = TG_NEW(struct set_back);
    *back = (struct set_back){region, before};
    sim_world_at(world, sim_world_now_us(world) + sim_world_params(world)->contest_react_us,
                 SIM_PRIORITY_CONTROL, set_back, back, free);
}

struct anew {
    struct sim_region *region;
    json_t *deployment;
};

static void anew_free(void *data)
{
    struct anew *anew = data;
    json_decref(anew->deployment);
    free(anew);
}

static void create_anew(struct sim_world *world, void *data)
{
    struct anew *anew = data;
    const struct sim_resource *kind = sim_world_kinds(world)->deployment;
    if (deployment_of(anew->region) == NULL && anew->region->is_serving) {
        sim_store_create(anew->region->store, kind, json_incref(anew->deployment), NULL);
    }
}

static void recreate(struct sim_region *region, struct sim_fault *fault)
{
    static const char *const own[] = {"uid", "resourceVersion", "creationTimestamp", "generation",
                                      "managedFields"};
    struct sim_world *world = region->world;
    const json_t *deployment = deployment_of(region);
    if (deployment == NULL) {
        return;
    }
    fault->strikes++;
    struct anew *anew = TG_NEW(struct anew);
    anew->region = region;
    anew->deployment = json_deep_copy(deployment);
    json_object_del(anew->deployment, "status");
    for (size_t i = 0; i < TG_COUNT(own); i++) {
        json_object_del(json_object_get(anew->deployment, "metadata"), own[i]);
    }
    sim_store_remove(region->store, sim_world_kinds(world)->deployment, "default", DEPLOYMENT);
    sim_world_at(world, sim_world_now_us(world) + sim_world_params(world)->recreate_gap_us,
                 SIM_PRIORITY_CONTROL, create_anew, anew, anew_free);
}

/* ---- what goes on while a fault lasts ---- */

static void flap(struct sim_world *world, void *data)
{
    struct sim_fault *fault = data;
    fault->is_low = !fault->is_low;
    fault->strikes++;
    int64_t period_us = fault->spec.value < TG_US_PER_S ? TG_US_PER_S : fault->spec.value;
    fault->repeat_event = sim_world_at(world, sim_world_now_us(world) + period_us,
                                       SIM_PRIORITY_NODE, flap, fault, NULL);
    sim_gateway_faults_changed(world);
}

static void loaded(struct sim_world *world, void *context, const struct sim_gateway_result *result)
{
    (void)world;
    (void)context;
    (void)result;
}

/* One request, and the next after a gap drawn for this fault. */
static void send_load(struct sim_world *world, void *data)
{
    struct sim_fault *fault = data;
    const struct sim_params *params = sim_world_params(world);
    int region = fault->spec.region >= 0 ? fault->spec.region : 0;
    fault->repeat_event = 0;
    if (fault->spec.value <= 0) {
        return;
    }
    sim_gateway_request(world, region, region, params->load_prompt_tokens,
                        params->load_output_tokens, params->load_timeout_us, loaded, NULL);
    int64_t gap_us = 1000 * TG_US_PER_S / fault->spec.value;
    uint64_t draw =
        tg_rng_keyed(sim_world_config(world)->seed, fault->spec.id, "gap", fault->strikes++);
    gap_us = gap_us / 2 + (int64_t)(draw % (uint64_t)(gap_us + 1));
    fault->repeat_event = sim_world_at(world, sim_world_now_us(world) + gap_us, SIM_PRIORITY_CLIENT,
                                       send_load, fault, NULL);
}

struct burst {
    struct sim_region *region;
    const struct sim_fault *fault;
    json_t *keys; /* [namespace, name] of each Pod that is changed */
};

static bool add_burst_pod(void *context, json_t *pod)
{
    struct burst *burst = context;
    const char *name = sim_json_text(pod, "metadata.name");
    if (is_struck(burst->fault, name)) {
        json_array_append_new(burst->keys,
                              json_pack("[s,s]", sim_json_text(pod, "metadata.namespace"), name));
    }
    return json_array_size(burst->keys) < BURST_PODS_MAX;
}

/* Changes a mark on the Pods in turn, as many times as are due in one step. */
static void change_pods(struct sim_region *region, struct sim_fault *fault)
{
    const struct sim_resource *kind = sim_world_kinds(region->world)->pod;
    struct burst burst = {region, fault, json_array()};
    sim_store_each(region->store, kind, NULL, add_burst_pod, &burst);
    size_t pods = json_array_size(burst.keys);
    int64_t count = fault->spec.value < BURST_STEPS ? 1 : fault->spec.value / BURST_STEPS;
    for (int64_t i = 0; pods > 0 && i < count && i < BURST_STEP_MAX; i++) {
        const json_t *key = json_array_get(burst.keys, (size_t)i % pods);
        const json_t *pod =
            sim_store_get(region->store, kind, json_string_value(json_array_get(key, 0)),
                          json_string_value(json_array_get(key, 1)));
        json_t *next = json_deep_copy(pod);
        json_t *metadata = sim_json_make_object(next, "metadata");
        json_object_set_new(sim_json_make_object(metadata, "annotations"), "tidegate.dev/burst",
                            json_sprintf("%" PRIu64, (uint64_t)++fault->strikes));
        sim_store_update(region->store, kind, next, NULL);
    }
    json_decref(burst.keys);
}

static void burst(struct sim_world *world, void *data)
{
    struct sim_fault *fault = data;
    int64_t rate = fault->spec.value < 1 ? 1 : fault->spec.value;
    int64_t step_us = TG_US_PER_S / (rate < BURST_STEPS ? rate : BURST_STEPS);
    fault->repeat_event = sim_world_at(world, sim_world_now_us(world) + step_us,
                                       SIM_PRIORITY_CONTROL, burst, fault, NULL);
    each_region(world, fault, change_pods);
}

/* ---- begin and end ---- */

static void kick(struct sim_region *region, struct sim_fault *fault)
{
    (void)fault;
    sim_scheduler_kick(region);
}

/* Kinds that act once; without a duration they are over then. */
static visit_region *act_of(enum sim_fault_kind kind)
{
    switch ((int)kind) {
    case SIM_FAULT_POD_KILL:
        return kill_pods;
    case SIM_FAULT_EXIT:
        return end_processes;
    case SIM_FAULT_EVICT:
        return evict_pods;
    case SIM_FAULT_NODE_LOST:
        return lose_node;
    case SIM_FAULT_SCALE:
        return scale;
    case SIM_FAULT_RECREATE:
        return recreate;
    default:
        return NULL;
    }
}

static void changed(struct sim_world *world, struct sim_fault *fault)
{
    switch ((int)fault->spec.kind) {
    case SIM_FAULT_REGION_DOWN:
        sim_gateway_faults_changed(world);
        sim_fault_wake_streams(world);
        break;
    case SIM_FAULT_CONFIG_DOWN:
        sim_fault_wake_streams(world);
        break;
    case SIM_FAULT_FIREWALL:
    case SIM_FAULT_FLAP:
    case SIM_FAULT_PICKER:
    case SIM_FAULT_PARTITION:
    case SIM_FAULT_GATEWAY:
    case SIM_FAULT_NO_METRIC:
        sim_gateway_faults_changed(world);
        break;
    case SIM_FAULT_SLOW:
    case SIM_FAULT_ZOMBIE:
        each_region(world, fault, tell_servers);
        sim_gateway_faults_changed(world);
        break;
    case SIM_FAULT_CLAIM:
        each_region(world, fault, kick);
        break;
    default:
        break;
    }
    if (sim_fault_info(fault->spec.kind)->place != SIM_FAULT_PLACE_WORLD) {
        sim_fault_wake_streams(world);
    }
}

void sim_fault_begin(struct sim_world *world, struct sim_fault *fault)
{
    visit_region *act = act_of(fault->spec.kind);
    if (act != NULL) {
        each_region(world, fault, act);
        return;
    }
    if (fault->spec.kind == SIM_FAULT_FLAP) {
        flap(world, fault);
    } else if (fault->spec.kind == SIM_FAULT_LOAD) {
        send_load(world, fault);
    } else if (fault->spec.kind == SIM_FAULT_BURST) {
        burst(world, fault);
    }
    changed(world, fault);
}

void sim_fault_finish(struct sim_world *world, struct sim_fault *fault)
{
    sim_world_cancel(world, fault->repeat_event);
    fault->repeat_event = 0;
    fault->is_low = false;
    changed(world, fault);
}

bool sim_fault_is_momentary(const struct sim_fault_spec *spec)
{
    return act_of(spec->kind) != NULL && spec->kind != SIM_FAULT_EVICT && spec->duration_us == 0;
}
