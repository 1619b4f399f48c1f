/* sim/behaviour.h - what the controllers share: the kinds they handle, their work queue, and the
 * world's parts.
 *
 * Thread: the world's. Ownership: the world's behaviour is made by sim_controllers_start() and
 * freed by sim_controllers_stop().
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_SIM_BEHAVIOUR_H
#define TG_SIM_BEHAVIOUR_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/map.h"
#include "sim/params.h"
#include "sim/region.h"
#include "sim/store.h"
#include "sim/world.h"

/* Priorities within one instant: what the world does to itself comes before what clients do. */
enum sim_priority {
    SIM_PRIORITY_NODE = 0,
    SIM_PRIORITY_CONTROL = 10,
    SIM_PRIORITY_NETWORK = 20,
    SIM_PRIORITY_CLIENT = 30
};

/* Resources by what they are, looked up once. */
struct sim_kinds {
    const struct sim_resource *namespaces;
    const struct sim_resource *node;
    const struct sim_resource *pod;
    const struct sim_resource *event;
    const struct sim_resource *secret;
    const struct sim_resource *service_account;
    const struct sim_resource *service;
    const struct sim_resource *config_map;
    const struct sim_resource *deployment;
    const struct sim_resource *replica_set;
    const struct sim_resource *job;
    const struct sim_resource *lease;
    const struct sim_resource *claim;
    const struct sim_resource *claim_template;
    const struct sim_resource *slice;
    const struct sim_resource *device_class;
    const struct sim_resource *pool;
    const struct sim_resource *objective;
    const struct sim_resource *metric;
    const struct sim_resource *import;
    const struct sim_resource *gateway;
    const struct sim_resource *gateway_class;
    const struct sim_resource *route;
    const struct sim_resource *health_policy;
    const struct sim_resource *backend_policy;
    const struct sim_resource *pod_monitoring;
    const struct sim_resource *definition;
    const struct sim_resource *endpoint_slice;
    const struct sim_resource *endpoints;
    const struct sim_resource *daemon_set;
    const struct sim_resource *disruption_budget;
    const struct sim_resource *autoscaler;
    const struct sim_resource *volume;
    const struct sim_resource *volume_claim;
    const struct sim_resource *storage_class;
};

struct sim_clockwork;
struct sim_faults;
struct sim_script;
struct watched;
struct sim_gateway;
struct sim_truth;

/* Where a cluster's API server listens; see sim_gcp_set_cluster_access(). */
struct sim_cluster_access {
    char *endpoint;
    char *ca_base64;
};

struct sim_behaviour {
    struct sim_kinds kinds;
    struct sim_gateway *gateway;
    struct sim_truth *truth;
    struct sim_faults *faults;
    struct sim_clockwork *clockwork; /* NULL: none; of sim/admin.c */
    struct sim_script *script;       /* NULL: none is kept */
    struct watched *streams;         /* open ones, of sim/fault_stream.c */
    struct tg_map *syncs;            /* "region/kind/namespace/name" -> pending work */
    struct tg_map
        *events; /* "region/uid/reason/message" -> struct recorded, of sim/event_recorder.c */
    int64_t event_name_ns;             /* of the newest Event's name */
    uint64_t *versions;                /* resourceVersion of each region when it was last checked */
    struct sim_cluster_access *access; /* one each region */
    json_t *job_losses;                /* uid of a Job -> Pods that failed and are gone */
    json_t *definition_specs;          /* plural -> spec of GKE's own definitions */
    json_t *token_volume;              /* source of every Pod's kube-api-access volume */
    json_t *role_rules;                /* ClusterRole -> its rules */
    struct tg_map *cloud;              /* path -> document, of sim/gcp_store.c */
    struct tg_map *autoscalers;        /* uid -> struct sim_scale_memory; NULL: none yet */
    uint64_t load_number;
};

struct sim_behaviour *sim_world_behaviour(struct sim_world *world);
void sim_world_set_behaviour(struct sim_world *world, struct sim_behaviour *behaviour);

/* Moves the clock of a world in which nothing was scheduled yet (to before its start: the lab is
 * built there). */
void sim_world_begin_at(struct sim_world *world, int64_t now_us);
const struct sim_kinds *sim_world_kinds(struct sim_world *world);

/* Level-triggered work on one object: sync runs once after a reaction time drawn from range,
 * however often it is asked for meanwhile. kind names the work and must be static. */
typedef void sim_sync(struct sim_region *region, const char *ns, const char *name);
void sim_controllers_poke(struct sim_region *region, const char *kind, sim_sync *sync,
                          const char *ns, const char *name, const struct sim_range *range);

/* One Event of the cluster about object ("Normal" or "Warning"); the same again raises its count.
 */
void sim_event_record(struct sim_region *region, const json_t *object, const char *type,
                      const char *reason, const char *component, const char *format, ...)
    __attribute__((format(printf, 6, 7)));
void sim_event_recorder_fini(struct sim_behaviour *behaviour);

/* Empties a namespace that is being deleted, and lets it go when nothing is left in it. */
void sim_namespace_changed(struct sim_region *region, const struct sim_change *change);

/* Observers of one change each; called by the dispatcher in sim/controllers.c. */
void sim_deployment_changed(struct sim_region *region, const struct sim_change *change);
void sim_replica_set_changed(struct sim_region *region, const struct sim_change *change);
void sim_replica_set_pod_changed(struct sim_region *region, const struct sim_change *change);
void sim_daemon_set_changed(struct sim_region *region, const struct sim_change *change);
void sim_daemon_pod_changed(struct sim_region *region, const struct sim_change *change);
void sim_daemon_node_changed(struct sim_region *region);
void sim_autoscaler_changed(struct sim_region *region, const struct sim_change *change);
void sim_node_changed(struct sim_region *region, const struct sim_change *change);
void sim_service_changed(struct sim_region *region, const struct sim_change *change);
void sim_service_pod_changed(struct sim_region *region, const struct sim_change *change);
void sim_monitoring_changed(struct sim_region *region, const struct sim_change *change);
void sim_job_changed(struct sim_region *region, const struct sim_change *change);
void sim_job_pod_changed(struct sim_region *region, const struct sim_change *change);
void sim_claim_pod_changed(struct sim_region *region, const struct sim_change *change);
void sim_kubelet_pod_changed(struct sim_region *region, const struct sim_change *change);
void sim_garbage_changed(struct sim_region *region, const struct sim_change *change);

/* Foreground deletion: the finalizer that makes an owner wait for its dependents, and whether it
 * does wait. */
void sim_garbage_add_finalizer(struct sim_store *store, const struct sim_resource *resource,
                               json_t *object);
bool sim_garbage_is_waiting(const json_t *object);
void sim_definition_changed(struct sim_region *region, const struct sim_change *change);
/* Pools, gateways, routes and policies: what the fleet's controllers watch
 * (sim/controller_gateway.c). */
void sim_fleet_object_changed(struct sim_region *region, const struct sim_change *change);

/* The fleet's controllers begin to look at this cluster, and find what is there already. */
void sim_fleet_controllers_start(struct sim_region *region);

/* Notes on a CustomResourceDefinition, before it is marked for deletion, that its objects go first.
 */
bool sim_definition_begin_delete(struct sim_region *region, const char *name);

/* An established CustomResourceDefinition of a kind of the table; those that GKE brings along. */
void sim_definition_create(struct sim_region *region, const struct sim_resource *resource);
void sim_definition_create_gke(struct sim_region *region);

/* What admission adds to a Pod of the cluster: defaults, tolerations, its account's token, the FUSE
 * sidecar, its class of service. Changes pod in place. */
void sim_admission_pod(struct sim_region *region, json_t *pod);

/* What the API server gives a new Job: its uid, and the selector and labels that follow from it. */
void sim_admission_job(struct sim_region *region, json_t *job);

/* "Guaranteed", "Burstable" or "BestEffort", by what its containers ask of processors and memory.
 */
const char *sim_pod_qos(const json_t *pod);

/* Starts a node's lease renewals and heartbeats. */
void sim_kubelet_start_node(struct sim_region *region, const char *node);

/* Background load through region 0's address until load_mrps is 0; call it again after raising
 * load_mrps from 0. */
void sim_load_start(struct sim_world *world);

/* Builds the lab in the past of the world, so that it serves at time 0 (false: it does not, with
 * the numbers that the world has); or an empty project's clusters. */
bool sim_lab_build(struct sim_world *world);
void sim_lab_build_empty(struct sim_world *world);

#endif
