/* sim/pod_status.c - a Pod's status as the kubelet reports it. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <inttypes.h>
#include <stdio.h>

#include "base/assert.h"
#include "base/clock.h"
#include "base/str.h"
#include "sim/behaviour.h"
#include "sim/ephemeral.h"
#include "sim/json_path.h"
#include "sim/pod.h"
#include "sim/shape.h"

static json_t *terminated(int exit_code, const char *reason, int64_t started_us,
                          int64_t finished_us)
{
    char started[SIM_TIME_SIZE];
    char finished[SIM_TIME_SIZE];
    sim_shape_time_at(started_us, started);
    sim_shape_time_at(finished_us, finished);
    return json_pack("{s:{s:i,s:s,s:s,s:s}}", "terminated", "exitCode", exit_code, "reason", reason,
                     "startedAt", started, "finishedAt", finished);
}

static json_t *waiting(const struct sim_pod *pod, const struct sim_container *container)
{
    json_t *state = json_pack("{s:{s:s}}", "waiting", "reason", container->reason);
    if (tg_str_eq(container->reason, "CrashLoopBackOff")) {
        int64_t seconds = container->backoff_us / TG_US_PER_S;
        char wait[32];
        if (seconds >= 60) {
            snprintf(wait, sizeof wait, "%" PRId64 "m%" PRId64 "s", seconds / 60, seconds % 60);
        } else {
            snprintf(wait, sizeof wait, "%" PRId64 "s", seconds);
        }
        json_object_set_new(json_object_get(state, "waiting"), "message",
                            json_sprintf("back-off %s restarting failed container=%s "
                                         "pod=%s_%s(%s)",
                                         wait, container->name, pod->name, pod->ns, pod->uid));
    }
    return state;
}

static json_t *container_state(const struct sim_pod *pod, const struct sim_container *container)
{
    char started[SIM_TIME_SIZE];
    sim_shape_time_at(container->started_wall_us, started);
    switch (container->state) {
    case SIM_CONTAINER_WAITING:
        return waiting(pod, container);
    case SIM_CONTAINER_RUNNING:
        return json_pack("{s:{s:s}}", "running", "startedAt", started);
    case SIM_CONTAINER_TERMINATED:
        break;
    }
    return terminated(container->exit_code, container->reason, container->started_wall_us,
                      container->finished_wall_us);
}

static json_t *last_state(const struct sim_container *container)
{
    if (!container->has_ended) {
        return json_object();
    }
    return terminated(container->last_exit_code, container->last_reason,
                      container->last_started_wall_us, container->last_finished_wall_us);
}

static json_t *container_status(const struct sim_pod *pod, const struct sim_container *container)
{
    bool is_running = container->state == SIM_CONTAINER_RUNNING;
    json_t *status = json_pack(
        "{s:s,s:o,s:o,s:b,s:i,s:s,s:s,s:b}", "name", container->name, "state",
        container_state(pod, container), "lastState", last_state(container), "ready",
        container->is_ready && is_running ? 1 : 0, "restartCount", container->restart_count,
        "image", container->image, "imageID", "", "started", is_running ? 1 : 0);
    if (container->state != SIM_CONTAINER_WAITING || container->has_ended) {
        uint64_t a = (tg_hash_str(pod->uid) ^ tg_hash_str(container->name)) +
                     (uint64_t)container->restart_count;
        uint64_t b = tg_hash_str(container->image);
        char id[120];
        snprintf(id, sizeof id,
                 "containerd://%016" PRIx64 "%016" PRIx64 "%016" PRIx64 "%016" PRIx64, a,
                 a * UINT64_C(0x9e3779b97f4a7c15), b ^ a, ~a);
        json_object_set_new(status, "containerID", json_string(id));
        snprintf(id, sizeof id, "sha256:%016" PRIx64 "%016" PRIx64 "%016" PRIx64 "%016" PRIx64, b,
                 b * UINT64_C(0x9e3779b97f4a7c15), ~b, b ^ UINT64_C(0x5bd1e995));
        json_t *image_id = json_sprintf("%s@%s", container->image, id);
        json_object_set_new(status, "imageID", image_id);
    }
    return status;
}

static const char *phase_of(const struct sim_pod *pod)
{
    if (pod->step < SIM_STEP_RUNNING) {
        return "Pending";
    }
    if (pod->step == SIM_STEP_RUNNING) {
        return "Running";
    }
    for (int i = 0; i < pod->container_count; i++) {
        if (!pod->containers[i].is_sidecar && pod->containers[i].exit_code != 0) {
            return "Failed";
        }
    }
    return pod->failure == NULL ? "Succeeded" : "Failed";
}

static void set_conditions(struct sim_pod *pod, json_t *status)
{
    struct sim_world *world = pod->world;
    bool has_sandbox = pod->step >= SIM_STEP_SIDECAR && pod->step != SIM_STEP_FINISHED;
    bool is_initialized = pod->step >= SIM_STEP_PULL;
    sim_shape_condition(world, status, "PodScheduled", true, NULL, NULL, NULL);
    sim_shape_condition(world, status, "PodReadyToStartContainers", has_sandbox, NULL, NULL, NULL);
    if (is_initialized) {
        sim_shape_condition(world, status, "Initialized", true,
                            pod->step == SIM_STEP_FINISHED ? "PodCompleted" : NULL, NULL, NULL);
    } else {
        sim_shape_condition(world, status, "Initialized", false, "ContainersNotInitialized",
                            "containers with incomplete status", NULL);
    }
    const char *reason = pod->is_ready                           ? NULL
                         : pod->step != SIM_STEP_FINISHED        ? "ContainersNotReady"
                         : tg_str_eq(phase_of(pod), "Succeeded") ? "PodCompleted"
                                                                 : "PodFailed";
    char message[200];
    snprintf(message, sizeof message, "containers with unready status: [%s]",
             sim_pod_main(pod)->name);
    const char *text = tg_str_eq(reason, "ContainersNotReady") ? message : NULL;
    sim_shape_condition(world, status, "Ready", pod->is_ready, reason, text, NULL);
    sim_shape_condition(world, status, "ContainersReady", pod->is_ready, reason, text, NULL);
}

static void set_addresses(const struct sim_pod *pod, json_t *status)
{
    char host[SIM_IP_SIZE];
    char started[SIM_TIME_SIZE];
    sim_region_node_ip(pod->region, 3 + pod->node_index, host);
    json_object_set_new(status, "hostIP", json_string(host));
    json_object_set_new(status, "hostIPs", json_pack("[{s:s}]", "ip", host));
    json_object_set_new(status, "startTime",
                        json_string(sim_shape_time_at(pod->started_wall_us, started)));
    if (pod->ip[0] != '\0') {
        json_object_set_new(status, "podIP", json_string(pod->ip));
        json_object_set_new(status, "podIPs", json_pack("[{s:s}]", "ip", pod->ip));
    }
}

void sim_pod_write_status(struct sim_pod *pod)
{
    const struct sim_resource *kind = sim_world_kinds(pod->world)->pod;
    const json_t *object = sim_store_get(pod->region->store, kind, pod->ns, pod->name);
    if (object == NULL) {
        return;
    }
    json_t *old = json_object_get(object, "status");
    json_t *status = json_is_object(old) ? json_deep_copy(old) : json_object();
    json_object_set_new(status, "phase", json_string(phase_of(pod)));
    sim_json_default(status, "qosClass", json_string(sim_pod_qos(object)));
    if (pod->failure != NULL) {
        json_object_set_new(status, "reason", json_string(pod->failure));
    }
    if (pod->failure_message != NULL) {
        json_object_set_new(status, "message", json_string(pod->failure_message));
        sim_shape_condition(pod->world, status, "DisruptionTarget", true, "TerminationByKubelet",
                            pod->failure_message, NULL);
    }
    if (pod->step > SIM_STEP_BOUND) {
        set_conditions(pod, status);
        set_addresses(pod, status);
        json_t *mains = json_array();
        json_t *inits = json_array();
        for (int i = 0; i < pod->container_count; i++) {
            const struct sim_container *container = &pod->containers[i];
            json_array_append_new(container->is_sidecar ? inits : mains,
                                  container_status(pod, container));
        }
        json_object_set_new(status, "containerStatuses", mains);
        if (json_array_size(inits) > 0) {
            json_object_set(status, "initContainerStatuses", inits);
        }
        json_decref(inits);
        json_t *added = json_array();
        for (const struct sim_ephemeral *e = pod->ephemeral; e != NULL; e = e->next) {
            json_array_append_new(added, container_status(pod, &e->container));
        }
        if (pod->ephemeral != NULL) {
            json_object_set(status, "ephemeralContainerStatuses", added);
        }
        json_decref(added);
    }
    sim_store_set_status(pod->region->store, kind, pod->ns, pod->name, status, NULL);
}
