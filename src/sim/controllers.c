/* sim/controllers.c - starts the behaviour of a world, hands changes to the controllers, checks
 * invariants. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "sim/controllers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim/behaviour.h"
#include "sim/cluster.h"
#include "sim/disruption.h"
#include "sim/fault_world.h"
#include "sim/gateway.h"
#include "sim/json_path.h"
#include "sim/kubelet.h"
#include "sim/pod.h"
#include "sim/script.h"
#include "sim/shape.h"
#include "sim/truth_internal.h"
#include "sim/vllm.h"
#include "sim/volume.h"

/* By which a drill marks the Deployment that it holds down, for whoever finds it. */
#define DRILL_ANNOTATION "tidegate.dev/drill"

static const struct sim_resource *served(const char *group, const char *version, const char *plural)
{
    const struct sim_resource *resource = sim_resource_find(group, version, plural);
    tg_assert(resource != NULL);
    return resource;
}

static void find_kinds(struct sim_kinds *kinds)
{
    kinds->namespaces = served("", "v1", "namespaces");
    kinds->node = served("", "v1", "nodes");
    kinds->pod = served("", "v1", "pods");
    kinds->event = served("", "v1", "events");
    kinds->secret = served("", "v1", "secrets");
    kinds->service_account = served("", "v1", "serviceaccounts");
    kinds->service = served("", "v1", "services");
    kinds->config_map = served("", "v1", "configmaps");
    kinds->deployment = served("apps", "v1", "deployments");
    kinds->replica_set = served("apps", "v1", "replicasets");
    kinds->job = served("batch", "v1", "jobs");
    kinds->lease = served("coordination.k8s.io", "v1", "leases");
    kinds->claim = served("resource.k8s.io", "v1", "resourceclaims");
    kinds->claim_template = served("resource.k8s.io", "v1", "resourceclaimtemplates");
    kinds->slice = served("resource.k8s.io", "v1", "resourceslices");
    kinds->device_class = served("resource.k8s.io", "v1", "deviceclasses");
    kinds->pool = served("inference.networking.k8s.io", "v1", "inferencepools");
    kinds->objective = served("inference.networking.x-k8s.io", "v1alpha2", "inferenceobjectives");
    kinds->metric = served("autoscaling.gke.io", "v1beta1", "autoscalingmetrics");
    kinds->import = served("networking.gke.io", "v1", "gcpinferencepoolimports");
    kinds->gateway = served("gateway.networking.k8s.io", "v1", "gateways");
    kinds->gateway_class = served("gateway.networking.k8s.io", "v1", "gatewayclasses");
    kinds->route = served("gateway.networking.k8s.io", "v1", "httproutes");
    kinds->health_policy = served("networking.gke.io", "v1", "healthcheckpolicies");
    kinds->backend_policy = served("networking.gke.io", "v1", "gcpbackendpolicies");
    kinds->pod_monitoring = served("monitoring.googleapis.com", "v1", "podmonitorings");
    kinds->definition = served("apiextensions.k8s.io", "v1", "customresourcedefinitions");
    kinds->endpoint_slice = served("discovery.k8s.io", "v1", "endpointslices");
    kinds->endpoints = served("", "v1", "endpoints");
    kinds->daemon_set = served("apps", "v1", "daemonsets");
    kinds->autoscaler = served("autoscaling", "v2", "horizontalpodautoscalers");
    kinds->volume = served("", "v1", "persistentvolumes");
    kinds->volume_claim = served("", "v1", "persistentvolumeclaims");
    kinds->storage_class = served("storage.k8s.io", "v1", "storageclasses");
    kinds->disruption_budget = served("policy", "v1", "poddisruptionbudgets");
}

const struct sim_kinds *sim_world_kinds(struct sim_world *world)
{
    return &sim_world_behaviour(world)->kinds;
}

/* ---- work queue ---- */

struct sync {
    struct sim_region *region;
    sim_sync *run;
    char *key;
    char *ns;
    char *name;
};

static void sync_free(void *data)
{
    struct sync *sync = data;
    free(sync->key);
    free(sync->ns);
    free(sync->name);
    free(sync);
}

static void run_sync(struct sim_world *world, void *data)
{
    struct sync *sync = data;
    tg_map_remove(sim_world_behaviour(world)->syncs, sync->key);
    sync->run(sync->region, sync->ns, sync->name);
}

void sim_controllers_poke(struct sim_region *region, const char *kind, sim_sync *sync,
                          const char *ns, const char *name, const struct sim_range *range)
{
    struct sim_world *world = region->world;
    struct tg_map *syncs = sim_world_behaviour(world)->syncs;
    char *key = tg_asprintf("%s/%s/%s/%s", region->name, kind, ns, name);
    if (tg_map_get(syncs, key) != NULL) {
        free(key);
        return;
    }
    struct sync *work = TG_NEW(struct sync);
    work->region = region;
    work->run = sync;
    work->key = key;
    work->ns = tg_strdup(ns);
    work->name = tg_strdup(name);
    tg_map_put(syncs, key,
               work); /* freed by the event, which always runs or is dropped with the world */
    int64_t delay_us = sim_draw_range(world, key, "react", range);
    sim_world_at(world, sim_world_now_us(world) + delay_us, SIM_PRIORITY_CONTROL, run_sync, work,
                 sync_free);
}

/* ---- dispatch ---- */

static void trace_change(struct sim_region *region, const struct sim_change *change)
{
    static const char *const verbs[] = {"added", "modified", "deleted"};
    const struct sim_kinds *kinds = sim_world_kinds(region->world);
    if (change->resource == kinds->lease || change->resource == kinds->node) {
        return; /* renewals would bury everything else */
    }
    sim_world_trace(region->world, region->name, "%s %s/%s %s", verbs[change->type],
                    change->resource->plural, sim_json_text(change->object, "metadata.name"),
                    sim_json_text(change->object, "metadata.resourceVersion"));
}

static void dispatch(void *context, struct sim_store *store, const struct sim_change *change)
{
    struct sim_region *region = context;
    const struct sim_kinds *kinds = sim_world_kinds(region->world);
    (void)store;
    if (change->resource == kinds->lease) {
        return;
    }
    trace_change(region, change);
    if (change->resource == kinds->pod) {
        sim_kubelet_pod_changed(region, change);
        sim_replica_set_pod_changed(region, change);
        sim_job_pod_changed(region, change);
        sim_claim_pod_changed(region, change);
        sim_service_pod_changed(region, change);
        sim_daemon_pod_changed(region, change);
        sim_disruption_pod_changed(region, change);
        sim_volume_pod_changed(region, change);
    } else if (change->resource == kinds->deployment) {
        sim_deployment_changed(region, change);
        sim_fault_deployment_changed(region, change);
    } else if (change->resource == kinds->replica_set) {
        sim_replica_set_changed(region, change);
    } else if (change->resource == kinds->job) {
        sim_job_changed(region, change);
    } else if (change->resource == kinds->node) {
        sim_node_changed(region, change);
    } else if (change->resource == kinds->daemon_set) {
        sim_daemon_set_changed(region, change);
    } else if (change->resource == kinds->volume) {
        sim_volume_changed(region, change);
    } else if (change->resource == kinds->volume_claim) {
        sim_volume_claim_changed(region, change);
    } else if (change->resource == kinds->autoscaler) {
        sim_autoscaler_changed(region, change);
    } else if (change->resource == kinds->disruption_budget) {
        sim_disruption_budget_changed(region, change);
    } else if (change->resource == kinds->namespaces) {
        sim_cluster_namespace_changed(region, change);
    } else if (change->resource == kinds->service) {
        sim_service_changed(region, change);
    } else if (change->resource == kinds->pod_monitoring) {
        sim_monitoring_changed(region, change);
    } else if (change->resource == kinds->definition) {
        sim_definition_changed(region, change);
    } else {
        sim_fleet_object_changed(region, change);
    }
    sim_namespace_changed(region, change);
    if ((change->type == SIM_DELETED && change->resource != kinds->event) ||
        (change->type == SIM_MODIFIED && sim_garbage_is_waiting(change->object))) {
        sim_garbage_changed(region, change);
    }
}

/* ---- invariants ---- */

static const char *check_versions(struct sim_world *world)
{
    struct sim_behaviour *behaviour = sim_world_behaviour(world);
    for (int i = 0; i < sim_world_region_count(world); i++) {
        uint64_t version = sim_store_resource_version(sim_world_region(world, i)->store);
        if (version < behaviour->versions[i]) {
            return "a resourceVersion fell";
        }
        behaviour->versions[i] = version;
    }
    return NULL;
}

struct owner_check {
    struct sim_region *region;
    const char *broken;
};

static bool check_owner(void *context, json_t *pod)
{
    struct owner_check *check = context;
    const struct sim_kinds *kinds = sim_world_kinds(check->region->world);
    const json_t *owner = json_array_get(sim_json_at(pod, "metadata.ownerReferences"), 0);
    const char *kind = sim_json_text(owner, "kind");
    const struct sim_resource *resource = tg_str_eq(kind, "ReplicaSet")  ? kinds->replica_set
                                          : tg_str_eq(kind, "Job")       ? kinds->job
                                          : tg_str_eq(kind, "ConfigMap") ? kinds->config_map
                                          : tg_str_eq(kind, "DaemonSet") ? kinds->daemon_set
                                                                         : NULL;
    if (resource == NULL || sim_json_at(pod, "metadata.deletionTimestamp") != NULL) {
        return true;
    }
    const json_t *found =
        sim_store_get(check->region->store, resource, sim_json_text(pod, "metadata.namespace"),
                      sim_json_text(owner, "name"));
    char key[SIM_NAME_SIZE * 6];
    snprintf(key, sizeof key, "%s/garbage/%s/%s", check->region->name,
             sim_json_text(pod, "metadata.namespace"), sim_json_text(owner, "uid"));
    bool is_collected = tg_map_get(sim_world_behaviour(check->region->world)->syncs, key) != NULL;
    if (found == NULL && !is_collected) {
        check->broken = "a Pod outlives its owner and nobody collects it";
    }
    return check->broken == NULL;
}

static const char *check_owners(struct sim_world *world)
{
    for (int i = 0; i < sim_world_region_count(world); i++) {
        struct owner_check check = {sim_world_region(world, i), NULL};
        sim_store_each(check.region->store, sim_world_kinds(world)->pod, NULL, check_owner, &check);
        if (check.broken != NULL) {
            return check.broken;
        }
    }
    return NULL;
}

static const char *check_chips(struct sim_world *world)
{
    for (int i = 0; i < sim_world_region_count(world); i++) {
        struct sim_region *region = sim_world_region(world, i);
        if (sim_scheduler_tpu_used(region, region->tpu_node) > 4) {
            return "more TPU chips are taken than the node has";
        }
    }
    return NULL;
}

static const char *check_caches(struct sim_world *world)
{
    for (int i = 0; i < sim_world_region_count(world); i++) {
        const struct tg_map_node *n = tg_map_first(sim_world_region(world, i)->pods);
        for (; n != NULL; n = tg_map_next(n)) {
            const struct sim_pod *pod = tg_map_node_value(n);
            const char *broken = pod->vllm == NULL ? NULL : sim_vllm_check(pod->vllm);
            if (broken != NULL) {
                return broken;
            }
        }
    }
    return NULL;
}

struct drill_check {
    const char *id; /* of the drill that was found first */
    bool is_second;
};

static bool check_drill(void *context, json_t *deployment)
{
    struct drill_check *check = context;
    const char *id = json_string_value(
        json_object_get(sim_json_at(deployment, "metadata.annotations"), DRILL_ANNOTATION));
    if (id != NULL && check->id == NULL) {
        check->id = id;
    } else if (id != NULL && !tg_str_eq(id, check->id)) {
        check->is_second = true;
    }
    return !check->is_second;
}

static const char *check_drills(struct sim_world *world)
{
    struct drill_check check = {NULL, false};
    for (int i = 0; i < sim_world_region_count(world) && !check.is_second; i++) {
        sim_store_each(sim_world_region(world, i)->store, sim_world_kinds(world)->deployment, NULL,
                       check_drill, &check);
    }
    return check.is_second ? "two drills are open in one fleet" : NULL;
}

/* ---- start and stop ---- */

bool sim_controllers_start(struct sim_world *world)
{
    struct sim_behaviour *behaviour = TG_NEW(struct sim_behaviour);
    sim_world_set_behaviour(world, behaviour);
    find_kinds(&behaviour->kinds);
    behaviour->syncs = tg_map_new(NULL);
    int regions = sim_world_region_count(world);
    behaviour->versions = tg_calloc((size_t)regions, sizeof *behaviour->versions);
    behaviour->access = tg_calloc((size_t)regions, sizeof *behaviour->access);
    behaviour->faults = sim_faults_new();
    behaviour->gateway = sim_gateway_new(world);
    behaviour->truth = sim_truth_new(world);
    for (int i = 0; i < regions; i++) {
        struct sim_region *region = sim_world_region(world, i);
        sim_store_observe(region->store, dispatch, region);
    }
    sim_world_add_check(world, check_versions);
    sim_world_add_check(world, check_owners);
    sim_world_add_check(world, check_chips);
    sim_world_add_check(world, sim_gateway_check);
    sim_world_add_check(world, check_caches);
    sim_world_add_check(world, check_drills);
    bool is_standing = true;
    if (sim_world_config(world)->is_built) {
        is_standing = sim_lab_build(world);
    } else {
        sim_lab_build_empty(world);
    }
    sim_truth_reset(world);
    sim_load_start(world);
    return is_standing;
}

void sim_controllers_stop(struct sim_world *world)
{
    struct sim_behaviour *behaviour = sim_world_behaviour(world);
    sim_faults_free(world, behaviour->faults);
    behaviour->faults = NULL;
    sim_script_free(behaviour->script);
    free(behaviour->clockwork);
    sim_kubelet_stop(world);
    sim_gateway_free(behaviour->gateway);
    sim_truth_free(behaviour->truth);
    sim_event_recorder_fini(behaviour);
    tg_map_free(behaviour->syncs);
    tg_map_free(behaviour->autoscalers);
    tg_map_free(behaviour->cloud);
    json_decref(behaviour->job_losses);
    json_decref(behaviour->definition_specs);
    json_decref(behaviour->role_rules);
    json_decref(behaviour->token_volume);
    for (int i = 0; i < sim_world_region_count(world); i++) {
        free(behaviour->access[i].endpoint);
        free(behaviour->access[i].ca_base64);
    }
    free(behaviour->access);
    free(behaviour->versions);
    free(behaviour);
    sim_world_set_behaviour(world, NULL);
}
