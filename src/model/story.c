/* model/story.c - turns changes of objects into lines of the timeline. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "model/story.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"

#define EVENT_AGE_TOLD_US (INT64_C(600) * 1000000)

static void tell(struct tg_model *model, const struct tg_target *target, const struct tg_obj *obj,
                 int64_t at_us, enum tg_timeline_kind kind, enum tg_severity severity,
                 const char *reason, const char *message)
{
    char name[400];
    snprintf(name, sizeof(name), "%s/%s", tg_kind_info(obj->kind)->name, obj->name);
    tg_model_tell(model, kind, severity, target->index, tg_model_lab_us(model, at_us, 0), at_us,
                  name, reason, message);
}

/* Pods of the model server and of drills are followed; the hundreds of others are not news. */
static bool is_pod_told(const struct tg_obj *pod)
{
    return pod->as.pod.tpu_chips > 0 || tg_obj_label(pod, "tidegate.dev/probe") != NULL;
}

static bool is_told(const struct tg_obj *obj)
{
    switch (obj->kind) {
    case TG_KIND_POD:
        return is_pod_told(obj);
    case TG_KIND_NODE:
    case TG_KIND_DEPLOYMENT:
    case TG_KIND_RESOURCE_CLAIM:
    case TG_KIND_GATEWAY:
    case TG_KIND_HTTP_ROUTE:
    case TG_KIND_INFERENCE_POOL:
    case TG_KIND_JOB:
    case TG_KIND_GCP_NETWORK:
    case TG_KIND_GCP_SUBNETWORK:
    case TG_KIND_GCP_ADDRESS:
    case TG_KIND_GCP_CLUSTER:
    case TG_KIND_GCP_NODE_POOL:
    case TG_KIND_GCP_MEMBERSHIP:
        return true;
    default:
        return false;
    }
}

static void tell_event(struct tg_model *model, const struct tg_target *target,
                       const struct tg_obj *obj, int64_t at_us)
{
    const struct tg_event *event = &obj->as.event;
    char name[600];
    snprintf(name, sizeof(name), "%s/%s", event->object_kind, event->object_name);
    bool is_warning = tg_str_eq(event->type, "Warning");
    tg_model_tell(model, TG_TIMELINE_EVENT, is_warning ? TG_SEVERITY_WARN : TG_SEVERITY_INFO,
                  target->index, event->last_us, at_us, name, event->reason, event->message);
}

void tg_story_appeared(struct tg_model *model, const struct tg_target *target,
                       const struct tg_obj *obj, int64_t at_us, bool is_first_list)
{
    if (obj->kind == TG_KIND_EVENT) {
        int64_t lab_us = tg_model_lab_us(model, at_us, 0);
        if (!is_first_list || lab_us == 0 || lab_us - obj->as.event.last_us < EVENT_AGE_TOLD_US) {
            tell_event(model, target, obj, at_us);
        }
    } else if (!is_first_list && is_told(obj)) {
        tell(model, target, obj, at_us, TG_TIMELINE_APPEARED, TG_SEVERITY_INFO, "created",
             obj->kind == TG_KIND_POD ? obj->as.pod.status : "");
    }
}

void tg_story_vanished(struct tg_model *model, const struct tg_target *target,
                       const struct tg_obj *obj, int64_t at_us)
{
    if (is_told(obj)) {
        tell(model, target, obj, at_us, TG_TIMELINE_VANISHED, TG_SEVERITY_WARN, "gone", "");
    }
}

static void tell_change(struct tg_model *model, const struct tg_target *target,
                        const struct tg_obj *obj, int64_t at_us, enum tg_severity severity,
                        const char *what, const char *before, const char *after)
{
    char message[300];
    snprintf(message, sizeof(message), "%s > %s", before, after);
    tell(model, target, obj, at_us, TG_TIMELINE_CHANGED, severity, what, message);
}

static void pod_changed(struct tg_model *model, const struct tg_target *target,
                        const struct tg_obj *before, const struct tg_obj *after, int64_t at_us)
{
    const struct tg_pod *old = &before->as.pod;
    const struct tg_pod *new = &after->as.pod;
    if (!tg_str_eq(old->status, new->status)) {
        bool is_good = tg_str_eq(new->status, "Running");
        tell_change(model, target, after, at_us, is_good ? TG_SEVERITY_OK : TG_SEVERITY_INFO,
                    "status", old->status, new->status);
    }
    if (old->is_ready != new->is_ready) {
        tell_change(model, target, after, at_us, new->is_ready ? TG_SEVERITY_OK : TG_SEVERITY_WARN,
                    "Ready", old->is_ready ? "True" : "False", new->is_ready ? "True" : "False");
    }
}

static void deployment_changed(struct tg_model *model, const struct tg_target *target,
                               const struct tg_obj *before, const struct tg_obj *after,
                               int64_t at_us)
{
    char old[16];
    char new[16];
    if (before->as.deployment.replicas_desired != after->as.deployment.replicas_desired) {
        snprintf(old, sizeof(old), "%d", before->as.deployment.replicas_desired);
        snprintf(new, sizeof(new), "%d", after->as.deployment.replicas_desired);
        tell_change(model, target, after, at_us,
                    after->as.deployment.replicas_desired == 0 ? TG_SEVERITY_WARN : TG_SEVERITY_OK,
                    "replicas", old, new);
    }
}

/* Conditions of Nodes, Gateways and the like: one line for each status that turned. */
static void conditions_changed(struct tg_model *model, const struct tg_target *target,
                               const struct tg_obj *before, const struct tg_obj *after,
                               int64_t at_us)
{
    struct tg_conditions conditions = tg_obj_conditions(after);
    for (size_t i = 0; i < conditions.count; i++) {
        const struct tg_condition *new = &conditions.items[i];
        const struct tg_condition *old = tg_obj_condition(before, new->type);
        if (old == NULL || tg_str_eq(old->status, new->status)) {
            continue;
        }
        tell_change(model, target, after, at_us,
                    tg_str_eq(new->status, "True") ? TG_SEVERITY_OK : TG_SEVERITY_WARN, new->type,
                    old->status, new->status);
    }
}

static void claim_changed(struct tg_model *model, const struct tg_target *target,
                          const struct tg_obj *before, const struct tg_obj *after, int64_t at_us)
{
    if (before->as.resource_claim.is_allocated != after->as.resource_claim.is_allocated) {
        tell(model, target, after, at_us, TG_TIMELINE_CHANGED, TG_SEVERITY_OK,
             after->as.resource_claim.is_allocated ? "allocated" : "released",
             after->as.resource_claim.reserved_for);
    }
}

void tg_story_changed(struct tg_model *model, const struct tg_target *target,
                      const struct tg_obj *before, const struct tg_obj *after, int64_t at_us)
{
    switch (after->kind) {
    case TG_KIND_EVENT:
        if (before->as.event.count != after->as.event.count) {
            tell_event(model, target, after, at_us);
        }
        return;
    case TG_KIND_POD:
        if (is_pod_told(after)) {
            pod_changed(model, target, before, after, at_us);
        }
        return;
    case TG_KIND_DEPLOYMENT:
        deployment_changed(model, target, before, after, at_us);
        return;
    case TG_KIND_RESOURCE_CLAIM:
        claim_changed(model, target, before, after, at_us);
        return;
    case TG_KIND_NODE:
    case TG_KIND_GATEWAY:
    case TG_KIND_HTTP_ROUTE:
    case TG_KIND_INFERENCE_POOL:
    case TG_KIND_JOB:
        conditions_changed(model, target, before, after, at_us);
        return;
    default:
        break;
    }
    if (tg_kind_info(after->kind)->source == TG_KIND_SOURCE_GCP &&
        !tg_str_eq(before->as.gcp.status, after->as.gcp.status)) {
        bool is_bad = tg_str_eq(after->as.gcp.status, "UNHEALTHY");
        tell_change(model, target, after, at_us, is_bad ? TG_SEVERITY_WARN : TG_SEVERITY_OK,
                    "status", before->as.gcp.status, after->as.gcp.status);
    }
}

static bool is_lost(const struct tg_target *target, enum tg_kind but)
{
    for (int kind = 0; kind < TG_KIND_COUNT; kind++) {
        if (kind != (int)but && target->kinds[kind].phase == TG_KIND_PHASE_RETRYING) {
            return true;
        }
    }
    return false;
}

void tg_story_phase(struct tg_model *model, const struct tg_target *target, enum tg_kind kind,
                    enum tg_kind_phase before, const struct tg_msg *msg)
{
    bool was_lost = before == TG_KIND_PHASE_RETRYING;
    bool is_lost_now = msg->as.phase.phase == TG_KIND_PHASE_RETRYING;
    bool is_back = was_lost && msg->as.phase.phase == TG_KIND_PHASE_LIVE;
    if ((!is_back && (was_lost || !is_lost_now)) || is_lost(target, kind)) {
        return;
    }
    tg_model_tell(model, is_back ? TG_TIMELINE_SOURCE_BACK : TG_TIMELINE_SOURCE_LOST,
                  is_back ? TG_SEVERITY_OK : TG_SEVERITY_FAIL, target->index,
                  tg_model_lab_us(model, msg->at_us, 0), msg->at_us, target->label,
                  is_back ? "back" : "lost", is_back ? "" : msg->as.phase.err.msg);
}
