/* codec/k8s_pod_status.c - a Pod's STATUS and READY as kubectl prints them (k8s-api 1.11). */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "codec/json.h"
#include "codec/k8s_object.h"

/* A native sidecar is an init container that restarts always: it counts as a container. */
static bool is_sidecar(const json_t *pod, const char *name)
{
    const json_t *containers = tg_json_at(pod, "spec/initContainers");
    for (size_t i = 0; i < json_array_size(containers); i++) {
        const json_t *container = json_array_get(containers, i);
        if (tg_str_eq(tg_json_text(container, "name"), name)) {
            return tg_str_eq(tg_json_text(container, "restartPolicy"), "Always");
        }
    }
    return false;
}

static int count_sidecars(const json_t *pod)
{
    const json_t *containers = tg_json_at(pod, "spec/initContainers");
    int count = 0;
    for (size_t i = 0; i < json_array_size(containers); i++) {
        const char *policy = tg_json_text(json_array_get(containers, i), "restartPolicy");
        count += tg_str_eq(policy, "Always") ? 1 : 0;
    }
    return count;
}

/* Reason of an ended container: its own, else the signal, else the exit code. */
static void ended(const json_t *terminated, const char *prefix, char *out, size_t size)
{
    const char *reason = tg_json_text(terminated, "reason");
    long long signal = tg_json_int(terminated, "signal", 0);
    long long code = tg_json_int(terminated, "exitCode", 0);
    if (*reason != '\0') {
        snprintf(out, size, "%s%s", prefix, reason);
    } else if (signal != 0) {
        snprintf(out, size, "%sSignal:%lld", prefix, signal);
    } else {
        snprintf(out, size, "%sExitCode:%lld", prefix, code);
    }
}

/* True when an init container still holds the Pod up; out says how then. */
static bool init_status(const json_t *pod, char *out, size_t size, int *ready, int *restarts)
{
    const json_t *list = tg_json_at(pod, "status/initContainerStatuses");
    size_t count = json_array_size(tg_json_at(pod, "spec/initContainers"));
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *status = json_array_get(list, i);
        const json_t *terminated = tg_json_at(status, "state/terminated");
        const char *waiting = tg_json_text(status, "state/waiting/reason");
        bool is_side = is_sidecar(pod, tg_json_text(status, "name"));
        if (is_side) {
            *ready += tg_json_bool(status, "ready") ? 1 : 0;
            *restarts += (int)tg_json_int(status, "restartCount", 0);
        }
        if (is_side && tg_json_bool(status, "started")) {
            continue;
        }
        if (terminated != NULL && tg_json_int(terminated, "exitCode", 0) == 0) {
            continue;
        }
        if (terminated != NULL) {
            ended(terminated, "Init:", out, size);
        } else if (*waiting != '\0' && !tg_str_eq(waiting, "PodInitializing")) {
            snprintf(out, size, "Init:%s", waiting);
        } else {
            snprintf(out, size, "Init:%zu/%zu", i, count);
        }
        return true;
    }
    return false;
}

static bool is_condition_ready(const json_t *pod)
{
    const json_t *list = tg_json_at(pod, "status/conditions");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *condition = json_array_get(list, i);
        if (tg_str_eq(tg_json_text(condition, "type"), "Ready")) {
            return tg_str_eq(tg_json_text(condition, "status"), "True");
        }
    }
    return false;
}

static void container_status(const json_t *pod, bool is_initialising, char *out, size_t size,
                             int *ready, int *restarts)
{
    const json_t *list = tg_json_at(pod, "status/containerStatuses");
    bool has_running = false;
    for (size_t i = json_array_size(list); i > 0; i--) {
        const json_t *status = json_array_get(list, i - 1);
        const json_t *terminated = tg_json_at(status, "state/terminated");
        const char *waiting = tg_json_text(status, "state/waiting/reason");
        *restarts += (int)tg_json_int(status, "restartCount", 0);
        bool is_ready = tg_json_bool(status, "ready");
        *ready += is_ready ? 1 : 0;
        if (is_initialising) {
            continue;
        }
        if (*waiting != '\0') {
            snprintf(out, size, "%s", waiting);
        } else if (terminated != NULL) {
            ended(terminated, "", out, size);
        } else if (is_ready && tg_json_at(status, "state/running") != NULL) {
            has_running = true;
        }
    }
    if (tg_str_eq(out, "Completed") && has_running) {
        snprintf(out, size, "%s", is_condition_ready(pod) ? "Running" : "NotReady");
    }
}

void tg_k8s_pod_status(const json_t *pod, char *out, size_t size, int *ready, int *total,
                       int *restarts)
{
    const char *reason = tg_json_text(pod, "status/reason");
    snprintf(out, size, "%s", *reason != '\0' ? reason : tg_json_text(pod, "status/phase"));
    *ready = 0;
    *restarts = 0;
    *total = (int)json_array_size(tg_json_at(pod, "spec/containers")) + count_sidecars(pod);
    bool is_initialising = init_status(pod, out, size, ready, restarts);
    container_status(pod, is_initialising, out, size, ready, restarts);
    if (tg_json_at(pod, "metadata/deletionTimestamp") != NULL) {
        snprintf(out, size, "%s", tg_str_eq(reason, "NodeLost") ? "Unknown" : "Terminating");
    }
}
