/* sim/k8s_pod_text.c - READY, STATUS and RESTARTS of a Pod, by the rules of the real tables. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <stdio.h>
#include <string.h>

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

static void note_restarts(struct sim_pod_row *row, const json_t *status)
{
    const char *finished = sim_json_text(status, "lastState.terminated.finishedAt");
    row->restarts += sim_json_int(status, "restartCount", 0);
    row->last_restart = strcmp(finished, row->last_restart) > 0 ? finished : row->last_restart;
}

/* True when an init container is what the Pod waits for; the row then says which. *sidecars counts
 * the restarts of sidecars alone. */
static bool init_row(const json_t *pod, struct sim_pod_row *row, struct sim_pod_row *sidecars)
{
    size_t i;
    json_t *status;
    json_array_foreach(sim_json_at(pod, "status.initContainerStatuses"), i, status)
    {
        const json_t *terminated = sim_json_at(status, "state.terminated");
        const char *waiting = sim_json_text(status, "state.waiting.reason");
        bool is_sidecar = is_restartable(pod, sim_json_text(status, "name"));
        note_restarts(row, status);
        if (is_sidecar) {
            note_restarts(sidecars, status);
        }
        if (terminated != NULL && sim_json_int(terminated, "exitCode", 0) == 0) {
            continue;
        }
        if (is_sidecar && sim_json_is_true(status, "started")) {
            row->ready += sim_json_is_true(status, "ready") ? 1 : 0;
            continue;
        }
        if (terminated != NULL) {
            terminated_text(terminated, "Init:", row->status, sizeof row->status);
        } else if (waiting[0] != '\0' && !tg_str_eq(waiting, "PodInitializing")) {
            snprintf(row->status, sizeof row->status, "Init:%s", waiting);
        } else {
            snprintf(row->status, sizeof row->status, "Init:%zu/%zu", i,
                     sim_json_count(pod, "spec.initContainers"));
        }
        return true;
    }
    return false;
}

static bool is_condition_true(const json_t *pod, const char *type)
{
    return tg_str_eq(sim_json_text(sim_json_condition(pod, type), "status"), "True");
}

static void container_row(const json_t *pod, struct sim_pod_row *row)
{
    const json_t *statuses = sim_json_at(pod, "status.containerStatuses");
    bool has_running = false;
    for (size_t i = json_array_size(statuses); i > 0; i--) {
        const json_t *status = json_array_get(statuses, i - 1);
        const char *waiting = sim_json_text(status, "state.waiting.reason");
        const json_t *terminated = sim_json_at(status, "state.terminated");
        note_restarts(row, status);
        if (waiting[0] != '\0') {
            snprintf(row->status, sizeof row->status, "%s", waiting);
        } else if (terminated != NULL) {
            terminated_text(terminated, "", row->status, sizeof row->status);
        } else if (sim_json_is_true(status, "ready") && sim_json_at(status, "state.running")) {
            has_running = true;
            row->ready++;
        }
    }
    if (tg_str_eq(row->status, "Completed") && has_running) {
        snprintf(row->status, sizeof row->status, "%s",
                 is_condition_true(pod, "Ready") ? "Running" : "NotReady");
    }
}

void sim_pod_row(const json_t *pod, struct sim_pod_row *row)
{
    const char *reason = sim_json_text(pod, "status.reason");
    const char *phase = sim_json_text(pod, "status.phase");
    struct sim_pod_row sidecars = {.last_restart = ""};
    *row =
        (struct sim_pod_row){.last_restart = "", .total = sim_json_count(pod, "spec.containers")};
    snprintf(row->status, sizeof row->status, "%s", reason[0] != '\0' ? reason : phase);
    const json_t *scheduled = sim_json_condition(pod, "PodScheduled");
    if (tg_str_eq(sim_json_text(scheduled, "reason"), "SchedulingGated")) {
        snprintf(row->status, sizeof row->status, "SchedulingGated");
    }
    size_t i;
    json_t *container;
    json_array_foreach(sim_json_at(pod, "spec.initContainers"), i, container)
    {
        row->total += tg_str_eq(sim_json_text(container, "restartPolicy"), "Always") ? 1 : 0;
    }
    if (!init_row(pod, row, &sidecars) || is_condition_true(pod, "Initialized")) {
        row->restarts = sidecars.restarts;
        row->last_restart = sidecars.last_restart;
        container_row(pod, row);
    }
    bool is_over = tg_str_eq(phase, "Succeeded") || tg_str_eq(phase, "Failed");
    if (sim_json_at(pod, "metadata.deletionTimestamp") != NULL) {
        if (tg_str_eq(reason, "NodeLost")) {
            snprintf(row->status, sizeof row->status, "Unknown");
        } else if (!is_over) {
            snprintf(row->status, sizeof row->status, "Terminating");
        }
    }
}
