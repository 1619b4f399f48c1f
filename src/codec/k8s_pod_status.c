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

/* What the walk through the containers has found. */
struct walk {
    const json_t *pod;
    char *out;
    size_t size;
    int ready;
    int restarts;         /* of all init containers so far, while one of them holds the Pod up */
    int sidecar_restarts; /* of the sidecars among them */
};

/* True when an init container still holds the Pod up; out says how then. */
static bool walk_init(struct walk *walk)
{
    const json_t *list = tg_json_at(walk->pod, "status/initContainerStatuses");
    size_t count = json_array_size(tg_json_at(walk->pod, "spec/initContainers"));
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *status = json_array_get(list, i);
        const json_t *terminated = tg_json_at(status, "state/terminated");
        const char *waiting = tg_json_text(status, "state/waiting/reason");
        bool is_side = is_sidecar(walk->pod, tg_json_text(status, "name"));
        int restarts = (int)tg_json_int(status, "restartCount", 0);
        walk->restarts += restarts;
        walk->sidecar_restarts += is_side ? restarts : 0;
        if (terminated != NULL && tg_json_int(terminated, "exitCode", 0) == 0) {
            continue;
        }
        if (is_side && tg_json_bool(status, "started")) {
            walk->ready += tg_json_bool(status, "ready") ? 1 : 0;
            continue;
        }
        if (terminated != NULL) {
            ended(terminated, "Init:", walk->out, walk->size);
        } else if (*waiting != '\0' && !tg_str_eq(waiting, "PodInitializing")) {
            snprintf(walk->out, walk->size, "Init:%s", waiting);
        } else {
            snprintf(walk->out, walk->size, "Init:%zu/%zu", i, count);
        }
        return true;
    }
    return false;
}

static const json_t *condition_of(const json_t *pod, const char *type)
{
    const json_t *list = tg_json_at(pod, "status/conditions");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *condition = json_array_get(list, i);
        if (tg_str_eq(tg_json_text(condition, "type"), type)) {
            return condition;
        }
    }
    return NULL;
}

static bool is_condition_true(const json_t *pod, const char *type)
{
    return tg_str_eq(tg_json_text(condition_of(pod, type), "status"), "True");
}

static void walk_containers(struct walk *walk)
{
    const json_t *list = tg_json_at(walk->pod, "status/containerStatuses");
    bool has_running = false;
    walk->restarts = walk->sidecar_restarts;
    for (size_t i = json_array_size(list); i > 0; i--) {
        const json_t *status = json_array_get(list, i - 1);
        const json_t *terminated = tg_json_at(status, "state/terminated");
        const char *waiting = tg_json_text(status, "state/waiting/reason");
        walk->restarts += (int)tg_json_int(status, "restartCount", 0);
        if (*waiting != '\0') {
            snprintf(walk->out, walk->size, "%s", waiting);
        } else if (terminated != NULL) {
            ended(terminated, "", walk->out, walk->size);
        } else if (tg_json_bool(status, "ready") && tg_json_at(status, "state/running") != NULL) {
            has_running = true;
            walk->ready++;
        }
    }
    if (tg_str_eq(walk->out, "Completed") && has_running) {
        bool is_ready = is_condition_true(walk->pod, "Ready");
        snprintf(walk->out, walk->size, "%s", is_ready ? "Running" : "NotReady");
    }
}

void tg_k8s_pod_status(const json_t *pod, char *out, size_t size, int *ready, int *total,
                       int *restarts)
{
    const char *reason = tg_json_text(pod, "status/reason");
    const char *phase = tg_json_text(pod, "status/phase");
    struct walk walk = {.pod = pod, .out = out, .size = size};
    snprintf(out, size, "%s", *reason != '\0' ? reason : phase);
    if (tg_str_eq(tg_json_text(condition_of(pod, "PodScheduled"), "reason"), "SchedulingGated")) {
        snprintf(out, size, "SchedulingGated");
    }
    if (!walk_init(&walk) || is_condition_true(pod, "Initialized")) {
        walk_containers(&walk);
    }
    *ready = walk.ready;
    *restarts = walk.restarts;
    *total = (int)json_array_size(tg_json_at(pod, "spec/containers")) + count_sidecars(pod);
    bool is_over = tg_str_eq(phase, "Succeeded") || tg_str_eq(phase, "Failed");
    if (tg_json_at(pod, "metadata/deletionTimestamp") == NULL) {
        return;
    }
    if (tg_str_eq(reason, "NodeLost")) {
        snprintf(out, size, "Unknown");
    } else if (!is_over) { /* what is over cannot be terminating any more */
        snprintf(out, size, "Terminating");
    }
}
