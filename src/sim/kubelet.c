/* sim/kubelet.c - runs Pods on nodes: preparation, containers, deletion with grace; leases and
 * heartbeats. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim/behaviour.h"
#include "sim/command.h"
#include "sim/downloader.h"
#include "sim/ephemeral.h"
#include "sim/fault_world.h"
#include "sim/fuse.h"
#include "sim/gateway.h"
#include "sim/json_path.h"
#include "sim/kubelet.h"
#include "sim/manifest.h"
#include "sim/pod.h"
#include "sim/probe.h"
#include "sim/process.h"
#include "sim/shape.h"
#include "sim/vllm.h"

static void step(struct sim_world *world, void *data);

struct sim_pod *sim_pod_find(struct sim_region *region, const char *ns, const char *name)
{
    char *key = tg_asprintf("%s/%s", ns, name);
    struct sim_pod *pod = tg_map_get(region->pods, key);
    free(key);
    return pod;
}

struct sim_container *sim_pod_main(struct sim_pod *pod)
{
    for (int i = 0; i < pod->container_count; i++) {
        if (!pod->containers[i].is_sidecar) {
            return &pod->containers[i];
        }
    }
    TG_UNREACHABLE("every Pod has a container");
}

static const json_t *stored(const struct sim_pod *pod)
{
    return sim_store_get(pod->region->store, sim_world_kinds(pod->world)->pod, pod->ns, pod->name);
}

void sim_kubelet_record(struct sim_pod *pod, const char *type, const char *reason,
                        const char *message)
{
    const json_t *object = stored(pod);
    if (object != NULL) {
        sim_event_record(pod->region, object, type, reason, "kubelet", "%s", message);
    }
}

/* ---- a new Pod ---- */

static void add_container(struct sim_pod *pod, const json_t *spec, bool is_sidecar)
{
    tg_assert(pod->container_count < SIM_CONTAINERS_MAX);
    struct sim_container *container = &pod->containers[pod->container_count++];
    container->name = tg_strdup(sim_json_text(spec, "name"));
    container->image = tg_strdup(sim_json_text(spec, "image"));
    container->is_sidecar = is_sidecar;
    container->state = SIM_CONTAINER_WAITING;
    container->reason = "ContainerCreating";
    container->log = sim_log_new(pod->world);
    const char *chips =
        json_string_value(json_object_get(sim_json_at(spec, "resources.limits"), "google.com/tpu"));
    int64_t count = 0;
    const json_t *number = json_object_get(sim_json_at(spec, "resources.limits"), "google.com/tpu");
    if (json_is_integer(number)) {
        count = json_integer_value(number);
    }
    if (chips != NULL) {
        tg_str_to_int64(chips, 0, 4096, &count);
    }
    pod->tpu_count += (int)count;
}

static void add_containers(struct sim_pod *pod, const json_t *object)
{
    const json_t *inits = sim_json_at(object, "spec.initContainers");
    const json_t *mains = sim_json_at(object, "spec.containers");
    size_t i;
    json_t *spec;
    size_t room = json_array_size(inits) + json_array_size(mains);
    room = room < 1 ? 1 : room > SIM_CONTAINERS_MAX ? SIM_CONTAINERS_MAX : room;
    pod->containers = tg_calloc(room, sizeof *pod->containers);
    json_array_foreach(inits, i, spec)
    {
        if (tg_str_eq(sim_json_text(spec, "restartPolicy"), "Always") &&
            pod->container_count < SIM_CONTAINERS_MAX - 1) {
            add_container(pod, spec, true);
        }
    }
    json_array_foreach(mains, i, spec)
    {
        if (pod->container_count < SIM_CONTAINERS_MAX) {
            add_container(pod, spec, false);
        }
    }
    for (int c = 0; c < pod->container_count; c++) {
        if (pod->containers[0].is_sidecar) {
            pod->containers[c].reason = "PodInitializing";
        }
    }
}

static enum sim_pod_role role_of(const struct sim_pod *pod, const json_t *object)
{
    const json_t *labels = sim_json_at(object, "metadata.labels");
    if (tg_str_eq(json_string_value(json_object_get(labels, "tidegate.dev/probe")), "true")) {
        return SIM_POD_PROBE;
    }
    for (int i = 0; i < pod->container_count; i++) {
        if (strstr(pod->containers[i].image, "vllm") != NULL && pod->tpu_count > 0) {
            return SIM_POD_VLLM;
        }
        if (strstr(pod->containers[i].image, "/epp:") != NULL) {
            return SIM_POD_PICKER;
        }
    }
    const json_t *first = json_array_get(sim_json_at(object, "spec.containers"), 0);
    return sim_downloader_is_meant(first) ? SIM_POD_DOWNLOADER : SIM_POD_PLAIN;
}

static struct sim_pod *pod_new(struct sim_region *region, const json_t *object)
{
    struct sim_pod *pod = TG_NEW(struct sim_pod);
    pod->world = region->world;
    pod->region = region;
    pod->ns = tg_strdup(sim_json_text(object, "metadata.namespace"));
    pod->name = tg_strdup(sim_json_text(object, "metadata.name"));
    pod->uid = tg_strdup(sim_json_text(object, "metadata.uid"));
    pod->entity = tg_asprintf("%s/%s/%s", region->name, pod->ns, pod->name);
    add_containers(pod, object);
    pod->role = role_of(pod, object);
    const char *policy = sim_json_text(object, "spec.restartPolicy");
    pod->restart_policy = tg_str_eq(policy, "Never") ? 2 : tg_str_eq(policy, "OnFailure") ? 1 : 0;
    char *key = tg_asprintf("%s/%s", pod->ns, pod->name);
    tg_map_put(region->pods, key, pod);
    free(key);
    return pod;
}

static void pod_free(struct sim_pod *pod)
{
    uint64_t const events[] = {pod->step_event, pod->end_event, pod->schedule_event,
                               pod->deadline_event};
    for (size_t i = 0; i < TG_COUNT(events); i++) {
        sim_world_cancel(pod->world, events[i]);
    }
    sim_process_kill_all(pod);
    sim_command_stop(pod, 137);
    sim_ephemeral_free(pod);
    sim_vllm_free(pod->vllm);
    sim_probe_free(pod->probe);
    sim_downloader_free(pod->downloader);
    for (int i = 0; i < pod->container_count; i++) {
        struct sim_container *container = &pod->containers[i];
        sim_log_end(container->log);
        sim_log_drop(container->log);
        sim_log_drop(container->last_log);
        free(container->name);
        free(container->image);
    }
    char *key = tg_asprintf("%s/%s", pod->ns, pod->name);
    tg_map_take(pod->region->pods, key);
    free(key);
    free(pod->ns);
    free(pod->name);
    free(pod->uid);
    free(pod->entity);
    free(pod->failure_message);
    free(pod->containers);
    free(pod);
}

/* ---- start ---- */

static void step_in(struct sim_pod *pod, enum sim_pod_step next, int64_t delay_us)
{
    pod->step = next;
    pod->step_event = sim_world_at(pod->world, sim_world_now_us(pod->world) + delay_us,
                                   SIM_PRIORITY_NODE, step, pod, NULL);
}

void sim_kubelet_bound(struct sim_pod *pod)
{
    const struct sim_params *params = sim_world_params(pod->world);
    step_in(pod, SIM_STEP_BOUND,
            sim_draw_range(pod->world, pod->entity, "kubelet", &params->kubelet_react));
}

void sim_kubelet_run(struct sim_pod *pod, struct sim_container *container)
{
    char message[300];
    container->state = SIM_CONTAINER_RUNNING;
    container->started_wall_us = sim_world_wall_us(pod->world);
    container->is_ready = true;
    snprintf(message, sizeof message, "Created container: %.200s", container->name);
    sim_kubelet_record(pod, "Normal", "Created", message);
    snprintf(message, sizeof message, "Started container %.200s", container->name);
    sim_kubelet_record(pod, "Normal", "Started", message);
}

static void enter_prepare(struct sim_pod *pod)
{
    const struct sim_params *params = sim_world_params(pod->world);
    pod->started_wall_us = sim_world_wall_us(pod->world);
    int64_t delay_us = pod->claim[0] == '\0' ? 0
                                             : sim_draw_duration(pod->world, pod->entity, "prepare",
                                                                 &params->claim_prepare);
    step_in(pod, SIM_STEP_PREPARE, delay_us);
    sim_pod_write_status(pod);
}

/* A volume that cannot be mounted is tried again, later each time; true when that is so. */
static bool waits_for_volume(struct sim_pod *pod)
{
    char message[640];
    bool is_struck =
        pod->containers[0].is_sidecar && sim_fault_mount_error(pod, message, sizeof message);
    if (!is_struck && !sim_fuse_mount_error(pod, message, sizeof message)) {
        return false;
    }
    const struct sim_params *params = sim_world_params(pod->world);
    sim_kubelet_record(pod, "Warning", "FailedMount", message);
    int64_t wait_us = pod->mount_backoff_us > 0 ? pod->mount_backoff_us : params->mount_backoff_us;
    int64_t longest_us = params->mount_backoff_max_us;
    pod->mount_backoff_us = 2 * wait_us < longest_us ? 2 * wait_us : longest_us;
    step_in(pod, SIM_STEP_SANDBOX, wait_us);
    return true;
}

static void enter_sidecar(struct sim_pod *pod)
{
    const struct sim_params *params = sim_world_params(pod->world);
    if (waits_for_volume(pod)) {
        return;
    }
    sim_region_pod_ip(pod->region, pod->node_index, pod->ip);
    if (pod->claim[0] != '\0') {
        sim_claim_attach(pod);
    }
    bool has_sidecar = pod->containers[0].is_sidecar;
    int64_t delay_us =
        has_sidecar ? sim_draw_duration(pod->world, pod->entity, "fuse", &params->fuse_mount) : 0;
    step_in(pod, SIM_STEP_SIDECAR, delay_us);
    sim_pod_write_status(pod);
}

static bool is_pulled(struct sim_pod *pod, bool is_now)
{
    char *key = tg_asprintf("%s %s", pod->node, sim_pod_main(pod)->image);
    bool was = tg_map_get(pod->region->images, key) != NULL;
    if (is_now) {
        tg_map_put(pod->region->images, key, pod->region);
    }
    free(key);
    return was;
}

static void enter_pull(struct sim_pod *pod)
{
    const struct sim_params *params = sim_world_params(pod->world);
    if (pod->containers[0].is_sidecar) {
        char present[300];
        snprintf(present, sizeof present, "Container image \"%.200s\" already present on machine",
                 pod->containers[0].image);
        sim_kubelet_record(pod, "Normal", "Pulled", present);
        sim_kubelet_run(pod, &pod->containers[0]);
        sim_log_line(pod->containers[0].log,
                     "gcsfuse sidecar: start to mount bucket for volume gcs-fuse-volume");
    }
    const struct sim_duration *duration = is_pulled(pod, false)       ? &params->image_check
                                          : pod->role == SIM_POD_VLLM ? &params->image_pull_cold
                                                                      : &params->image_pull_small;
    char message[300];
    snprintf(message, sizeof message, "Pulling image \"%.200s\"", sim_pod_main(pod)->image);
    sim_kubelet_record(pod, "Normal", "Pulling", message);
    pod->pull_us = sim_draw_duration(pod->world, pod->entity, "pull", duration);
    step_in(pod, SIM_STEP_PULL, pod->pull_us);
    sim_pod_write_status(pod);
}

/* The model server's image is some gigabytes, others some megabytes; the name decides how many. */
static uint64_t image_bytes(struct sim_pod *pod)
{
    uint64_t spread = tg_hash_str(sim_pod_main(pod)->image) % 40000000;
    return (pod->role == SIM_POD_VLLM ? UINT64_C(5800000000) : UINT64_C(9000000)) + spread;
}

static void enter_start(struct sim_pod *pod)
{
    const struct sim_params *params = sim_world_params(pod->world);
    is_pulled(pod, true);
    const char *image = sim_pod_main(pod)->image;
    char message[400];
    char time[24];
    double seconds = (double)pod->pull_us / 1e6;
    snprintf(time, sizeof time, seconds < 1 ? "%.0fms" : "%.3fs",
             seconds < 1 ? seconds * 1000 : seconds);
    snprintf(
        message, sizeof message,
        "Successfully pulled image \"%.200s\" in %s (%s including waiting). Image size: %" PRIu64
        " bytes.",
        image, time, time, image_bytes(pod));
    sim_kubelet_record(pod, "Normal", "Pulled", message);
    step_in(pod, SIM_STEP_START,
            sim_draw_duration(pod->world, pod->entity, "start", &params->plain_start));
}

static void become_ready(struct sim_world *world, void *data)
{
    struct sim_pod *pod = data;
    (void)world;
    pod->end_event = 0;
    pod->is_ready = true;
    sim_pod_main(pod)->is_ready = true;
    sim_pod_write_status(pod);
    sim_gateway_picker(pod->region, true);
}

/* With a readiness probe it is not Ready before it answers. */
static void set_ready(struct sim_pod *pod, bool is_ready)
{
    pod->is_ready = is_ready;
    sim_pod_main(pod)->is_ready = is_ready;
    sim_pod_write_status(pod);
}

void sim_kubelet_answers(struct sim_pod *pod)
{
    if (!pod->is_ready && pod->role == SIM_POD_VLLM && pod->step == SIM_STEP_RUNNING) {
        set_ready(pod, true);
        sim_gateway_pod_ready(pod);
    }
}

/* The process of the main container begins. */
void sim_kubelet_enter_process(struct sim_pod *pod)
{
    struct sim_world *world = pod->world;
    int64_t now_us = sim_world_now_us(world);
    switch (pod->role) {
    case SIM_POD_VLLM:
        sim_vllm_free(pod->vllm); /* of an earlier start */
        pod->vllm = sim_vllm_new(pod);
        sim_vllm_start(pod->vllm);
        if (sim_manifest_has_probe(pod)) {
            set_ready(pod, false);
        } else {
            sim_gateway_pod_ready(pod);
        }
        break;
    case SIM_POD_PROBE:
        pod->probe = sim_probe_start(pod);
        break;
    case SIM_POD_PICKER:
        pod->is_ready = false; /* it has a readiness probe */
        sim_pod_main(pod)->is_ready = false;
        sim_pod_write_status(pod);
        pod->end_event = sim_world_at(world, now_us + sim_world_params(world)->picker_ready_us,
                                      SIM_PRIORITY_NODE, become_ready, pod, NULL);
        break;
    case SIM_POD_DOWNLOADER:
        pod->downloader = sim_downloader_start(pod);
        break;
    case SIM_POD_PLAIN:
        sim_command_start(pod);
        break;
    }
}

static void kill_all(struct sim_pod *pod, int exit_code, const char *reason);

static void deadline(struct sim_world *world, void *data)
{
    struct sim_pod *pod = data;
    (void)world;
    pod->deadline_event = 0;
    if (pod->is_deleting || pod->step == SIM_STEP_FINISHED) {
        return;
    }
    sim_kubelet_record(pod, "Normal", "DeadlineExceeded",
                       "Pod was active on the node longer than the specified deadline");
    pod->failure = "DeadlineExceeded";
    kill_all(pod, 137, "Error");
    pod->step = SIM_STEP_FINISHED;
    sim_pod_write_status(pod);
}

static void enter_running(struct sim_pod *pod)
{
    for (int i = 0; i < pod->container_count; i++) {
        if (!pod->containers[i].is_sidecar) {
            sim_kubelet_run(pod, &pod->containers[i]);
        }
    }
    pod->step = SIM_STEP_RUNNING;
    pod->is_ready =
        pod->role != SIM_POD_PICKER; /* without probes a running container is a ready one */
    if (pod->role != SIM_POD_PICKER) {
        sim_pod_write_status(pod);
    }
    int64_t seconds = sim_json_int(stored(pod), "spec.activeDeadlineSeconds", 0);
    if (seconds > 0) {
        pod->deadline_event =
            sim_world_at(pod->world, sim_world_now_us(pod->world) + seconds * TG_US_PER_S,
                         SIM_PRIORITY_NODE, deadline, pod, NULL);
    }
    sim_kubelet_enter_process(pod);
}

static void step(struct sim_world *world, void *data)
{
    struct sim_pod *pod = data;
    const struct sim_params *params = sim_world_params(world);
    pod->step_event = 0;
    switch (pod->step) {
    case SIM_STEP_BOUND:
        enter_prepare(pod);
        break;
    case SIM_STEP_PREPARE:
        step_in(pod, SIM_STEP_SANDBOX,
                sim_draw_duration(world, pod->entity, "sandbox", &params->sandbox));
        break;
    case SIM_STEP_SANDBOX:
        enter_sidecar(pod);
        break;
    case SIM_STEP_SIDECAR:
        enter_pull(pod);
        break;
    case SIM_STEP_PULL:
        enter_start(pod);
        break;
    case SIM_STEP_START:
        enter_running(pod);
        break;
    case SIM_STEP_UNBOUND:
    case SIM_STEP_RUNNING:
    case SIM_STEP_FINISHED:
        TG_UNREACHABLE("no step is planned then");
    }
}

/* ---- end ---- */

void sim_kubelet_end_container(struct sim_pod *pod, struct sim_container *container, int exit_code,
                               const char *reason)
{
    if (container->state == SIM_CONTAINER_TERMINATED) {
        return;
    }
    if (container->state == SIM_CONTAINER_WAITING) {
        container->started_wall_us = sim_world_wall_us(pod->world);
    }
    container->state = SIM_CONTAINER_TERMINATED;
    container->is_ready = false;
    container->exit_code = exit_code;
    container->reason = reason;
    container->finished_wall_us = sim_world_wall_us(pod->world);
    sim_log_end(container->log);
}

void sim_kubelet_kill_processes(struct sim_pod *pod, int exit_code)
{
    pod->is_ready = false;
    if (pod->role == SIM_POD_PICKER) {
        sim_gateway_picker(pod->region, false);
    }
    if (pod->vllm != NULL) {
        sim_vllm_kill(pod->vllm);
    }
    sim_probe_free(pod->probe);
    pod->probe = NULL;
    sim_downloader_free(pod->downloader);
    pod->downloader = NULL;
    sim_process_kill_all(pod);
    sim_command_stop(pod, exit_code);
}

/* No process of the Pod is left. */
static void kill_all(struct sim_pod *pod, int exit_code, const char *reason)
{
    sim_kubelet_kill_processes(pod, exit_code);
    sim_ephemeral_stop(pod);
    for (int i = 0; i < pod->container_count; i++) {
        bool is_sidecar = pod->containers[i].is_sidecar;
        sim_kubelet_end_container(pod, &pod->containers[i], is_sidecar ? 0 : exit_code,
                                  is_sidecar ? "Completed" : reason);
    }
}

static void remove_pod(struct sim_world *world, void *data)
{
    struct sim_pod *pod = data;
    pod->end_event = 0;
    sim_store_remove(pod->region->store, sim_world_kinds(world)->pod, pod->ns, pod->name);
}

static void finish_main(struct sim_pod *pod, int exit_code)
{
    struct sim_world *world = pod->world;
    const struct sim_params *params = sim_world_params(world);
    sim_world_trace(world, pod->entity, "exits with %d", exit_code);
    sim_world_cancel(world, pod->end_event);
    pod->end_event = 0;
    if (sim_kubelet_restarts(pod, exit_code)) {
        return;
    }
    kill_all(pod, exit_code, exit_code == 0 ? "Completed" : "Error");
    pod->step = SIM_STEP_FINISHED; /* also of one that goes: it is seen as Completed before */
    sim_pod_write_status(pod);
    if (pod->is_deleting) {
        int64_t delay_us = sim_draw_range(world, pod->entity, "sidecar", &params->sidecar_exit);
        pod->end_event = sim_world_at(world, sim_world_now_us(world) + delay_us, SIM_PRIORITY_NODE,
                                      remove_pod, pod, NULL);
    }
}

void sim_kubelet_exited(struct sim_pod *pod, int exit_code)
{
    tg_assert(pod->step == SIM_STEP_RUNNING);
    finish_main(pod, exit_code);
}

void sim_kubelet_evict(struct sim_pod *pod, const char *message)
{
    if (pod->is_deleting || pod->step == SIM_STEP_FINISHED || pod->step < SIM_STEP_PREPARE) {
        return;
    }
    sim_world_trace(pod->world, pod->entity, "is evicted");
    sim_kubelet_record(pod, "Warning", "Evicted", message);
    sim_world_cancel(pod->world, pod->step_event);
    sim_world_cancel(pod->world, pod->end_event);
    pod->step_event = pod->end_event = 0;
    pod->failure = "Evicted";
    pod->failure_message = tg_strdup(message);
    sim_gateway_pod_deleting(pod); /* a failed Pod is no endpoint */
    kill_all(pod, 137, "Error");
    pod->step = SIM_STEP_FINISHED;
    sim_pod_write_status(pod);
    sim_scheduler_kick(pod->region);
}

void sim_kubelet_listening(struct sim_pod *pod)
{
    sim_gateway_pod_listening(pod);
}

static void grace_over(struct sim_world *world, void *data)
{
    struct sim_pod *pod = data;
    (void)world;
    pod->end_event = 0;
    finish_main(pod, 137);
}

static void terminate(struct sim_world *world, void *data)
{
    struct sim_pod *pod = data;
    int64_t now_us = sim_world_now_us(world);
    const json_t *object = stored(pod);
    int64_t grace_s = sim_json_int(object, "metadata.deletionGracePeriodSeconds", 30);
    pod->step_event = 0;
    if (pod->step != SIM_STEP_RUNNING || sim_pod_main(pod)->state != SIM_CONTAINER_RUNNING) {
        kill_all(pod, 137, "ContainerStatusUnknown");
        pod->end_event = sim_world_at(world, now_us, SIM_PRIORITY_NODE, remove_pod, pod, NULL);
        return;
    }
    for (int i = pod->container_count; i-- > 0;) {
        char message[200];
        snprintf(message, sizeof message, "Stopping container %.150s", pod->containers[i].name);
        sim_kubelet_record(pod, "Normal", "Killing", message);
    }
    pod->is_stopping = true;
    sim_world_cancel(world, pod->end_event);
    pod->end_event = sim_world_at(world, now_us + grace_s * TG_US_PER_S, SIM_PRIORITY_NODE,
                                  grace_over, pod, NULL);
    switch (pod->role) {
    case SIM_POD_VLLM:
        sim_vllm_stop(pod->vllm);
        break;
    case SIM_POD_PROBE:
    case SIM_POD_PICKER:
    case SIM_POD_DOWNLOADER:
        /* These obey SIGTERM; a sleeping process number 1 does not, and stays for its whole grace.
         */
        finish_main(pod, pod->role == SIM_POD_PICKER ? 0 : 143);
        break;
    case SIM_POD_PLAIN:
        break;
    }
}

static void begin_deletion(struct sim_pod *pod)
{
    const struct sim_params *params = sim_world_params(pod->world);
    pod->is_deleting = true;
    sim_world_trace(pod->world, pod->entity, "is being deleted");
    sim_world_cancel(pod->world, pod->step_event);
    sim_gateway_pod_deleting(pod);
    int64_t delay_us = sim_draw_range(pod->world, pod->entity, "terminate", &params->kubelet_react);
    pod->step_event = sim_world_at(pod->world, sim_world_now_us(pod->world) + delay_us,
                                   SIM_PRIORITY_NODE, terminate, pod, NULL);
}

/* A second deletion may shorten the grace of one that is under way. */
static void follow_grace(struct sim_pod *pod, const struct sim_change *change)
{
    static const char path[] = "metadata.deletionGracePeriodSeconds";
    int64_t grace_s = sim_json_int(change->object, path, 0);
    if (grace_s < sim_json_int(change->previous, path, 0)) {
        sim_world_cancel(pod->world, pod->end_event);
        int64_t end_us = sim_world_now_us(pod->world) + grace_s * TG_US_PER_S;
        pod->end_event = sim_world_at(pod->world, end_us, SIM_PRIORITY_NODE, grace_over, pod, NULL);
    }
}

static void destroy(struct sim_pod *pod)
{
    if (pod->role == SIM_POD_PICKER && pod->is_ready) {
        sim_gateway_picker(pod->region, false);
    }
    if (pod->vllm != NULL) {
        sim_vllm_kill(pod->vllm);
    }
    sim_gateway_pod_gone(pod);
    struct sim_region *region = pod->region;
    pod_free(pod);
    sim_scheduler_kick(region);
}

void sim_kubelet_pod_changed(struct sim_region *region, const struct sim_change *change)
{
    const char *ns = sim_json_text(change->object, "metadata.namespace");
    const char *name = sim_json_text(change->object, "metadata.name");
    const char *uid = sim_json_text(change->object, "metadata.uid");
    struct sim_pod *pod = sim_pod_find(region, ns, name);
    if (change->type == SIM_ADDED) {
        if (pod == NULL && sim_json_count(change->object, "spec.containers") > 0) {
            pod = pod_new(region, change->object);
            sim_pod_write_status(pod);
            sim_scheduler_add(pod);
        }
        return;
    }
    if (pod == NULL || !tg_str_eq(pod->uid, uid)) {
        return;
    }
    if (change->type == SIM_DELETED) {
        destroy(pod);
    } else if (pod->is_stopping && sim_pod_main(pod)->state == SIM_CONTAINER_RUNNING) {
        follow_grace(pod, change);
    } else if (sim_json_at(change->object, "metadata.deletionTimestamp") != NULL &&
               !pod->is_deleting) {
        begin_deletion(pod);
    } else {
        sim_ephemeral_pod_changed(pod, change->object);
    }
}

/* ---- nodes ---- */

struct node_timer {
    struct sim_region *region;
    char *name;
    uint64_t renewals;
};

static void node_timer_free(void *data)
{
    struct node_timer *timer = data;
    free(timer->name);
    free(timer);
}

static struct node_timer *node_timer_new(struct sim_region *region, const char *name,
                                         uint64_t renewals)
{
    struct node_timer *timer = TG_NEW(struct node_timer);
    timer->region = region;
    timer->name = tg_strdup(name);
    timer->renewals = renewals;
    return timer;
}

static void heartbeat(struct node_timer *timer)
{
    struct sim_region *region = timer->region;
    const struct sim_resource *kind = sim_world_kinds(region->world)->node;
    const json_t *node = sim_store_get(region->store, kind, "", timer->name);
    json_t *status = json_deep_copy(sim_json_at(node, "status"));
    char now[SIM_TIME_SIZE];
    sim_shape_time(region->world, now);
    size_t i;
    json_t *condition;
    json_array_foreach(json_object_get(status, "conditions"), i, condition)
    {
        json_object_set_new(condition, "lastHeartbeatTime", json_string(now));
    }
    sim_store_set_status(region->store, kind, "", timer->name, status, NULL);
}

static void renew(struct sim_world *world, void *data)
{
    struct node_timer *timer = data;
    struct sim_region *region = timer->region;
    const struct sim_kinds *kinds = sim_world_kinds(world);
    const struct sim_params *params = sim_world_params(world);
    const json_t *lease =
        sim_store_get(region->store, kinds->lease, "kube-node-lease", timer->name);
    if (lease == NULL || sim_store_get(region->store, kinds->node, "", timer->name) == NULL) {
        return; /* the node was taken away */
    }
    json_t *next = json_copy((json_t *)(uintptr_t)lease);
    json_t *spec = json_copy(json_object_get(lease, "spec"));
    char now[SIM_TIME_SIZE];
    json_object_set_new(spec, "renewTime", json_string(sim_shape_micro_time(world, now)));
    json_object_set_new(next, "spec", spec);
    sim_store_update(region->store, kinds->lease, next, NULL);
    timer->renewals++;
    if (timer->renewals % (uint64_t)(params->heartbeat_interval_us / params->lease_interval_us) ==
        0) {
        heartbeat(timer);
    }
    int64_t jitter_us = (int64_t)(tg_rng_keyed(sim_world_config(world)->seed, timer->name, "lease",
                                               timer->renewals) %
                                  40000);
    sim_world_at(world, sim_world_now_us(world) + params->lease_interval_us + jitter_us,
                 SIM_PRIORITY_NODE, renew, node_timer_new(region, timer->name, timer->renewals),
                 node_timer_free);
}

void sim_kubelet_start_node(struct sim_region *region, const char *node)
{
    struct sim_world *world = region->world;
    int64_t first_us = (int64_t)(sim_world_draw(world, node, "lease-phase") %
                                 (uint64_t)sim_world_params(world)->lease_interval_us);
    /* Leases begin with the world: nobody saw those of the past. */
    int64_t now_us = sim_world_now_us(world);
    sim_world_at(world, (now_us < 0 ? 0 : now_us) + first_us, SIM_PRIORITY_NODE, renew,
                 node_timer_new(region, node, 0), node_timer_free);
}

void sim_kubelet_stop(struct sim_world *world)
{
    for (int i = 0; i < sim_world_region_count(world); i++) {
        struct sim_region *region = sim_world_region(world, i);
        const struct tg_map_node *node;
        while ((node = tg_map_first(region->pods)) != NULL) {
            struct sim_pod *pod = tg_map_node_value(node);
            if (pod->vllm != NULL) {
                sim_vllm_kill(pod->vllm);
            }
            sim_gateway_pod_gone(pod);
            pod_free(pod);
        }
    }
}
