/* plan/progress_pods.c - where model servers stand on their way, and what the gateway's objects
 * lack. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/i18n.h"
#include "base/str.h"
#include "model/select.h"
#include "plan/progress_rows.h"

/* ---- model servers ---- */

/* The way of a Pod, in this order. */
enum way { WAY_SCHEDULE, WAY_CLAIM, WAY_MOUNT, WAY_PULL, WAY_LOAD, WAY_COMPILE, WAY_LISTENING };

static const char *const way_words[] = {N_("schedule"), N_("claim"),   N_("mount"),    N_("pull"),
                                        N_("load"),     N_("compile"), N_("listening")};

static const struct tg_container *main_container(const struct tg_pod *pod)
{
    const char *name = tg_pod_main_container(pod);
    for (size_t i = 0; i < pod->containers_count; i++) {
        if (tg_str_eq(pod->containers[i].name, name)) {
            return &pod->containers[i];
        }
    }
    return NULL;
}

static const struct tg_obj *claim_of(const struct tg_target *target, const struct tg_obj *pod)
{
    return pod->as.pod.claim_name[0] == '\0'
               ? NULL
               : tg_store_get(&target->kinds[TG_KIND_RESOURCE_CLAIM].store, pod->ns,
                              pod->as.pod.claim_name);
}

static bool has_event(const struct tg_target *target, const struct tg_obj *pod, const char *reason,
                      const char *part)
{
    const struct tg_store *events = &target->kinds[TG_KIND_EVENT].store;
    for (size_t i = 0; i < events->count; i++) {
        const struct tg_event *event = &events->items[i]->as.event;
        if (tg_str_eq(event->object_name, pod->name) && tg_str_eq(event->object_kind, "Pod") &&
            tg_str_eq(event->reason, reason) && strstr(event->message, part) != NULL) {
            return true;
        }
    }
    return false;
}

static enum way way_before_start(const struct tg_target *target, const struct tg_obj *pod,
                                 const struct tg_container *container)
{
    const struct tg_condition *scheduled = tg_obj_condition(pod, "PodScheduled");
    if (scheduled == NULL || !tg_str_eq(scheduled->status, "True")) {
        bool is_claim = scheduled != NULL && strstr(scheduled->message, "claim") != NULL;
        return is_claim ? WAY_CLAIM : WAY_SCHEDULE;
    }
    const struct tg_obj *claim = claim_of(target, pod);
    if (claim != NULL && !claim->as.resource_claim.is_allocated) {
        return WAY_CLAIM;
    }
    bool is_pulling = container != NULL && (tg_str_eq(container->reason, "ImagePullBackOff") ||
                                            tg_str_eq(container->reason, "ErrImagePull"));
    return is_pulling || has_event(target, pod, "Pulling", "vllm") ? WAY_PULL : WAY_MOUNT;
}

static enum way way_of_log(const struct tg_log_digest *log)
{
    return log == NULL                      ? WAY_LOAD
           : log->phase == TG_LOG_LISTENING ? WAY_LISTENING
           : log->phase == TG_LOG_COMPILE   ? WAY_COMPILE
                                            : WAY_LOAD;
}

static void say_log(struct tg_progress_row *row, const struct tg_log_digest *log)
{
    if (log->total > 0) {
        tg_progress_say(row, "%d of %d shards, %d%%", log->done, log->total, log->percent);
    } else if (log->last_count > 0) {
        tg_progress_say(row, "%s", log->last[log->last_count - 1]);
    }
}

/* What a Pod that does not run yet waits for: its condition, its container, the newest Event. */
static void say_waiting(struct tg_progress *progress, struct tg_progress_row *row,
                        const struct tg_target *target, const struct tg_obj *pod)
{
    const struct tg_container *container = main_container(&pod->as.pod);
    const struct tg_condition *scheduled = tg_obj_condition(pod, "PodScheduled");
    if (scheduled != NULL && !tg_str_eq(scheduled->status, "True")) {
        tg_progress_say(row, "%s: %s", scheduled->reason, scheduled->message);
        row->severity = TG_SEVERITY_WARN;
        return;
    }
    if (container != NULL && container->message[0] != '\0') {
        tg_progress_say(row, "%s: %s", container->reason, container->message);
    }
    tg_progress_say_event(row, tg_progress_event(target, "Pod", pod->ns, pod->name), "",
                          progress->lab_us);
}

static void add_pod(struct tg_progress *progress, const struct tg_target *target,
                    const struct tg_pod_row *of)
{
    const struct tg_obj *pod = of->pod;
    const struct tg_container *container = main_container(&pod->as.pod);
    const struct tg_witness *witness = tg_target_witness(target, pod->ns, pod->name);
    bool is_serving = of->serving == TG_SERVING_YES;
    bool is_running = container != NULL && tg_str_eq(container->state, "running");
    bool is_failing = container != NULL && !is_running &&
                      (container->restarts > 0 || tg_str_eq(container->state, "terminated"));
    const struct tg_log_digest *log = witness != NULL ? witness->log : NULL;
    enum way way = is_serving                 ? WAY_LISTENING
                   : is_running || is_failing ? way_of_log(log)
                                              : way_before_start(target, pod, container);
    struct tg_progress_row *row = tg_progress_add(progress,
                                                  is_serving   ? TG_SEVERITY_OK
                                                  : is_failing ? TG_SEVERITY_FAIL
                                                               : TG_SEVERITY_INFO,
                                                  target->index, "Pod", pod->name, way_words[way]);
    row->done = way + 1;
    row->total = WAY_LISTENING + 1;
    if (is_failing) {
        tg_progress_say(row, "%s, %d restarts", pod->as.pod.status, container->restarts);
        tg_progress_say(row, "%s", log != NULL ? log->failure : "");
    }
    if (is_running && !is_serving && way == WAY_LISTENING) {
        tg_progress_say(row, "it says so; /metrics does not answer yet");
    } else if (is_running && !is_serving && log != NULL) {
        say_log(row, log);
    } else if (!is_running) {
        say_waiting(progress, row, target, pod);
    }
}

/* A Deployment without a Pod: what its controller says. */
static void add_deployment(struct tg_progress *progress, const struct tg_target *target)
{
    const struct tg_obj *deployment =
        tg_store_get(&target->kinds[TG_KIND_DEPLOYMENT].store, progress->lab->namespace_name,
                     progress->lab->deployment);
    if (deployment == NULL) {
        return;
    }
    struct tg_progress_row *row = tg_progress_add(progress, TG_SEVERITY_INFO, target->index,
                                                  "Deployment", deployment->name, N_("no Pod yet"));
    const struct tg_condition *failure = tg_obj_condition(deployment, "ReplicaFailure");
    if (failure != NULL && tg_str_eq(failure->status, "True")) {
        row->severity = TG_SEVERITY_FAIL;
        tg_progress_say(row, "%s: %s", failure->reason, failure->message);
    }
}

void tg_progress_add_pods(struct tg_progress *progress)
{
    for (size_t r = 0; r < progress->lab->regions_count; r++) {
        size_t count = 0;
        const struct tg_target *target =
            tg_verify_cluster(progress->model, progress->lab->regions[r].cluster);
        if (target == NULL) {
            continue;
        }
        struct tg_pod_row *rows =
            tg_select_pods(progress->model, target->index, progress->now_us, &count);
        for (size_t i = 0; i < count; i++) {
            add_pod(progress, target, &rows[i]);
        }
        if (count == 0) {
            add_deployment(progress, target);
        }
        free(rows);
    }
}

/* ---- the gateway ---- */

static const enum tg_kind gateway_kinds[] = {
    TG_KIND_GATEWAY, TG_KIND_HTTP_ROUTE, TG_KIND_HEALTH_CHECK_POLICY, TG_KIND_GCP_BACKEND_POLICY};

/* The first condition that does not hold; all of them by name go to out. */
static const struct tg_condition *lacking(const struct tg_conditions *conditions, char *out,
                                          size_t size)
{
    const struct tg_condition *first = NULL;
    out[0] = '\0';
    for (size_t i = 0; i < conditions->count; i++) {
        const struct tg_condition *condition = &conditions->items[i];
        size_t len = strlen(out);
        if (!tg_str_eq(condition->status, "True")) {
            snprintf(out + len, size - len, "%s%.40s=%.10s", len > 0 ? " " : "", condition->type,
                     condition->status);
            first = first == NULL ? condition : first;
        }
    }
    return first;
}

static void add_object(struct tg_progress *progress, const struct tg_target *target,
                       const struct tg_obj *obj)
{
    char phase[80];
    const char *kind = tg_kind_info(obj->kind)->name;
    struct tg_conditions conditions = tg_obj_conditions(obj);
    const struct tg_condition *lacks = lacking(&conditions, phase, sizeof(phase));
    if (lacks == NULL && conditions.count > 0) {
        snprintf(phase, sizeof(phase), "%.60s=True", conditions.items[conditions.count - 1].type);
    } else if (lacks == NULL) {
        tg_str_copy(phase, sizeof(phase), N_("no condition yet"));
    }
    /* Policies and pools may never get a condition: that nobody speaks is no warning. */
    struct tg_progress_row *row = tg_progress_add(progress,
                                                  lacks != NULL          ? TG_SEVERITY_WARN
                                                  : conditions.count > 0 ? TG_SEVERITY_OK
                                                                         : TG_SEVERITY_INFO,
                                                  target->index, kind, obj->name, phase);
    if (lacks != NULL) {
        tg_progress_say(row, "%s%s%s", lacks->reason, lacks->message[0] != '\0' ? ": " : "",
                        lacks->message);
    }
    if (lacks != NULL || conditions.count == 0) {
        tg_progress_say_event(row, tg_progress_event(target, kind, obj->ns, obj->name),
                              lacks != NULL ? lacks->message : "", progress->lab_us);
    }
}

static void add_kind(struct tg_progress *progress, const struct tg_target *target,
                     enum tg_kind kind)
{
    const struct tg_store *store = &target->kinds[kind].store;
    for (size_t i = 0; i < store->count; i++) {
        if (tg_str_eq(store->items[i]->ns, progress->lab->namespace_name)) {
            add_object(progress, target, store->items[i]);
        }
    }
}

void tg_progress_add_gateway(struct tg_progress *progress, const struct tg_lab_step *step)
{
    bool is_asked = false;
    for (size_t c = 0; c < step->conditions_count; c++) {
        is_asked = is_asked || step->conditions[c].kind == TG_KIND_INFERENCE_POOL;
        for (size_t i = 0; i < sizeof(gateway_kinds) / sizeof(gateway_kinds[0]); i++) {
            is_asked = is_asked || step->conditions[c].kind == gateway_kinds[i];
        }
    }
    const struct tg_target *config =
        tg_verify_cluster(progress->model, progress->lab->config_cluster);
    for (size_t i = 0;
         is_asked && config != NULL && i < sizeof(gateway_kinds) / sizeof(gateway_kinds[0]); i++) {
        add_kind(progress, config, gateway_kinds[i]);
    }
    for (size_t r = 0; is_asked && r < progress->lab->regions_count; r++) {
        const struct tg_target *target =
            tg_verify_cluster(progress->model, progress->lab->regions[r].cluster);
        if (target != NULL) {
            add_kind(progress, target, TG_KIND_INFERENCE_POOL);
        }
    }
}
