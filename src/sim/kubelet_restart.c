/* sim/kubelet_restart.c - containers that ended are started again, with a growing back-off. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "sim/behaviour.h"
#include "sim/gateway.h"
#include "sim/kubelet.h"

#define RESTART_ON_FAILURE 1
#define RESTART_NEVER      2

static void restart(struct sim_world *world, void *data)
{
    struct sim_pod *pod = data;
    struct sim_container *container = sim_pod_main(pod);
    (void)world;
    pod->step_event = 0;
    char message[300];
    snprintf(message, sizeof message,
             "Container image \"%.200s\" already present on machine and can be accessed by the pod",
             container->image);
    sim_kubelet_record(pod, "Normal", "Pulled", message);
    container->restart_count++;
    sim_log_drop(container->last_log);
    container->last_log = container->log; /* for logs --previous */
    container->log = sim_log_new(pod->world);
    sim_kubelet_run(pod, container);
    pod->is_ready = pod->role != SIM_POD_PICKER;
    sim_pod_write_status(pod);
    sim_kubelet_enter_process(pod);
}

/* Time to wait before the next start: none the first time, then longer each time, and as at first
 * when the container had run for long. */
static int64_t next_backoff(struct sim_pod *pod, struct sim_container *container)
{
    const struct sim_params *params = sim_world_params(pod->world);
    int64_t ran_us = container->finished_wall_us - container->started_wall_us;
    if (!container->has_ended || ran_us >= 2 * params->restart_backoff_max_us) {
        container->backoff_us = 0;
        return 0;
    }
    int64_t wait_us =
        container->backoff_us == 0 ? params->restart_backoff_us : 2 * container->backoff_us;
    container->backoff_us =
        wait_us < params->restart_backoff_max_us ? wait_us : params->restart_backoff_max_us;
    return container->backoff_us;
}

static void keep_end(struct sim_container *container)
{
    container->has_ended = true;
    container->last_exit_code = container->exit_code;
    container->last_reason = container->reason;
    container->last_started_wall_us = container->started_wall_us;
    container->last_finished_wall_us = container->finished_wall_us;
}

bool sim_kubelet_restarts(struct sim_pod *pod, int exit_code)
{
    struct sim_world *world = pod->world;
    if (pod->is_deleting || pod->is_stopping || pod->restart_policy == RESTART_NEVER ||
        (pod->restart_policy == RESTART_ON_FAILURE && exit_code == 0)) {
        return false;
    }
    struct sim_container *container = sim_pod_main(pod);
    sim_kubelet_kill_processes(pod, exit_code);
    sim_kubelet_end_container(pod, container, exit_code, exit_code == 0 ? "Completed" : "Error");
    if (pod->role == SIM_POD_VLLM) {
        sim_gateway_pod_unready(pod);
    }
    int64_t wait_us = next_backoff(pod, container);
    keep_end(container);
    if (wait_us > 0) {
        char message[500];
        container->state = SIM_CONTAINER_WAITING;
        container->reason = "CrashLoopBackOff";
        snprintf(message, sizeof message,
                 "Back-off restarting failed container %.100s in pod %.150s_%.60s(%.60s)",
                 container->name, pod->name, pod->ns, pod->uid);
        sim_kubelet_record(pod, "Warning", "BackOff", message);
    }
    sim_world_trace(world, pod->entity, "is started again in %" PRId64 " s", wait_us / TG_US_PER_S);
    sim_pod_write_status(pod);
    int64_t start_us =
        sim_draw_duration(world, pod->entity, "restart", &sim_world_params(world)->plain_start);
    pod->step_event = sim_world_at(world, sim_world_now_us(world) + wait_us + start_us,
                                   SIM_PRIORITY_NODE, restart, pod, NULL);
    return true;
}
