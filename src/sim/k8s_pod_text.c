/* sim/k8s_pod_text.c - the STATUS word of a Pod, by the rules that kubectl's tables follow. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <stdio.h>

#include "base/str.h"
#include "sim/json_path.h"
#include "sim/k8s_table.h"

static bool is_restartable(const json_t *pod, const char *name)
{
    size_t i;
    json_t *container;
    json_array_foreach(sim_json_at(pod, "spec.initContainers"), i, container)
    {
        if (tg_str_eq(sim_json_text(container, "name"), name)) {
            return tg_str_eq(sim_json_text(container, "restartPolicy"), "Always");
        }
    }
    return false;
}

static void terminated_text(const json_t *terminated, const char *prefix, char *out, size_t size)
{
    const char *reason = sim_json_text(terminated, "reason");
    int64_t signal = sim_json_int(terminated, "signal", 0);
    if (reason[0] != '\0') {
        snprintf(out, size, "%s%s", prefix, reason);
    } else if (signal != 0) {
        snprintf(out, size, "%sSignal:%lld", prefix, (long long)signal);
    } else {
        snprintf(out, size, "%sExitCode:%lld", prefix,
                 (long long)sim_json_int(terminated, "exitCode", 0));
    }
}

/* True when an init container is what the Pod waits for; out then says which. */
static bool init_text(const json_t *pod, char *out, size_t size)
{
    size_t i;
    json_t *status;
    json_array_foreach(sim_json_at(pod, "status.initContainerStatuses"), i, status)
    {
        const json_t *terminated = sim_json_at(status, "state.terminated");
        const char *waiting = sim_json_text(status, "state.waiting.reason");
        bool is_sidecar = is_restartable(pod, sim_json_text(status, "name"));
        if (terminated != NULL && sim_json_int(terminated, "exitCode", 0) == 0) {
            continue;
        }
        if (is_sidecar && sim_json_is_true(status, "started")) {
            continue;
        }
        if (terminated != NULL) {
            terminated_text(terminated, "Init:", out, size);
        } else if (waiting[0] != '\0' && !tg_str_eq(waiting, "PodInitializing")) {
            snprintf(out, size, "Init:%s", waiting);
        } else {
            snprintf(out, size, "Init:%zu/%zu", i, sim_json_count(pod, "spec.initContainers"));
        }
        return true;
    }
    return false;
}

static void container_text(const json_t *pod, char *out, size_t size)
{
    const json_t *statuses = sim_json_at(pod, "status.containerStatuses");
    bool has_running = false;
    for (size_t i = json_array_size(statuses); i > 0; i--) {
        const json_t *status = json_array_get(statuses, i - 1);
        const char *waiting = sim_json_text(status, "state.waiting.reason");
        const json_t *terminated = sim_json_at(status, "state.terminated");
        if (waiting[0] != '\0') {
            snprintf(out, size, "%s", waiting);
        } else if (terminated != NULL) {
            terminated_text(terminated, "", out, size);
        } else if (sim_json_is_true(status, "ready") && sim_json_at(status, "state.running")) {
            has_running = true;
        }
    }
    if (tg_str_eq(out, "Completed") && has_running) {
        const json_t *ready = sim_json_condition(pod, "Ready");
        bool is_ready = tg_str_eq(sim_json_text(ready, "status"), "True");
        snprintf(out, size, "%s", is_ready ? "Running" : "NotReady");
    }
}

const char *sim_pod_status_text(const json_t *pod, char *out, size_t size)
{
    const char *reason = sim_json_text(pod, "status.reason");
    const char *phase = sim_json_text(pod, "status.phase");
    snprintf(out, size, "%s", reason[0] != '\0' ? reason : phase[0] != '\0' ? phase : "Unknown");
    const json_t *scheduled = sim_json_condition(pod, "PodScheduled");
    if (tg_str_eq(sim_json_text(scheduled, "reason"), "SchedulingGated")) {
        snprintf(out, size, "SchedulingGated");
    }
    if (!init_text(pod, out, size)) {
        container_text(pod, out, size);
    }
    if (sim_json_at(pod, "metadata.deletionTimestamp") != NULL) {
        snprintf(out, size, "%s", tg_str_eq(reason, "NodeLost") ? "Unknown" : "Terminating");
    }
    return out;
}
