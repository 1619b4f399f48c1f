/* sim/controller_autoscale.c - HorizontalPodAutoscalers: every 15 s they look at their metrics and
 * scale their target. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim/autoscale.h"
#include "sim/behaviour.h"
#include "sim/json_path.h"
#include "sim/shape.h"

#define COMPONENT "horizontal-pod-autoscaler"

/* One look at an autoscaler. */
struct look {
    struct sim_region *region;
    const json_t *autoscaler;
    json_t *status; /* the next one, owned */
    const char *ns;
    int64_t current;
    int64_t desired;
    char reason[SIM_SCALE_TEXT]; /* of a change */
};

static void condition(struct look *look, const char *type, bool is_true, const char *reason,
                      const char *message)
{
    sim_shape_condition(look->region->world, look->status, type, is_true, reason, message, NULL);
}

/* ---- the target ---- */

static const struct sim_resource *target_kind(struct sim_world *world, const json_t *autoscaler)
{
    const struct sim_kinds *kinds = sim_world_kinds(world);
    const char *kind = sim_json_text(autoscaler, "spec.scaleTargetRef.kind");
    return tg_str_eq(kind, "Deployment")   ? kinds->deployment
           : tg_str_eq(kind, "ReplicaSet") ? kinds->replica_set
                                           : NULL;
}

static json_t *find_target(const struct look *look)
{
    const struct sim_resource *kind = target_kind(look->region->world, look->autoscaler);
    return kind == NULL
               ? NULL
               : sim_store_get(look->region->store, kind, look->ns,
                               sim_json_text(look->autoscaler, "spec.scaleTargetRef.name"));
}

static void scale_target(const struct look *look, const json_t *target, int64_t replicas)
{
    json_t *next = json_deep_copy(target);
    json_object_set_new(sim_json_make_object(next, "spec"), "replicas", json_integer(replicas));
    sim_store_update(look->region->store, target_kind(look->region->world, look->autoscaler), next,
                     NULL);
}

static void target_is_missing(struct look *look)
{
    const char *kind = sim_json_text(look->autoscaler, "spec.scaleTargetRef.kind");
    const char *name = sim_json_text(look->autoscaler, "spec.scaleTargetRef.name");
    const struct sim_resource *resource = target_kind(look->region->world, look->autoscaler);
    char error[SIM_SCALE_TEXT];
    if (resource == NULL) {
        snprintf(error, sizeof error,
                 "unable to determine resource for scale target reference: no "
                 "matches for kind \"%.60s\" in group \"\"",
                 kind);
    } else {
        snprintf(error, sizeof error, "%s.apps \"%.100s\" not found", resource->plural, name);
    }
    char message[SIM_SCALE_TEXT * 2];
    snprintf(message, sizeof message,
             "the HPA controller was unable to get the target's current scale: %s", error);
    condition(look, "AbleToScale", false, "FailedGetScale", message);
    sim_event_record(look->region, look->autoscaler, "Warning", "FailedGetScale", COMPONENT, "%s",
                     error);
}

/* ---- what the metrics say ---- */

/* False when no metric could be read; then nothing is scaled. */
static bool ask_metrics(struct look *look, const json_t *target)
{
    json_t *statuses = json_array();
    size_t bad = 0;
    size_t i;
    json_t *metric;
    const json_t *metrics = sim_json_at(look->autoscaler, "spec.metrics");
    char name[SIM_SCALE_TEXT] = "";
    char error[SIM_SCALE_TEXT] = "";
    int64_t wanted = 0;
    json_array_foreach(metrics, i, metric)
    {
        struct sim_scale_metric result;
        sim_scale_measure(look->region, look->ns, sim_json_at(target, "spec.selector"), metric,
                          look->current, &result);
        if (!result.is_valid) {
            bad++;
            json_array_append_new(statuses, json_pack("{s:s}", "type", ""));
            if (bad == 1) {
                tg_str_copy(error, sizeof error, result.error);
                condition(look, "ScalingActive", false, result.reason, result.error);
            }
            sim_event_record(look->region, look->autoscaler, "Warning", result.reason, COMPONENT,
                             "%s", result.error);
            continue;
        }
        json_array_append_new(statuses, result.status);
        if (name[0] == '\0' || result.replicas > wanted) {
            wanted = result.replicas;
            tg_str_copy(name, sizeof name, result.name);
        }
    }
    json_object_set_new(look->status, "currentMetrics", statuses);
    /* with a metric missing nothing is taken away */
    if (name[0] == '\0' || (bad > 0 && wanted < look->current)) {
        sim_event_record(look->region, look->autoscaler, "Warning", "FailedComputeMetricsReplicas",
                         COMPONENT, "invalid metrics (%zu invalid out of %zu), first error is: %s",
                         bad, json_array_size(metrics), error);
        return false;
    }
    char message[SIM_SCALE_TEXT * 2];
    snprintf(message, sizeof message,
             "the HPA was able to successfully calculate a replica count from %s", name);
    condition(look, "ScalingActive", true, "ValidMetricFound", message);
    look->desired = wanted;
    if (wanted > look->current) {
        snprintf(look->reason, sizeof look->reason, "%.280s above target", name);
    } else {
        snprintf(look->reason, sizeof look->reason, "All metrics below target");
    }
    return true;
}

/* ---- one look ---- */

static struct sim_scale_memory *memory_of(const struct look *look)
{
    struct sim_behaviour *behaviour = sim_world_behaviour(look->region->world);
    const char *uid = sim_json_text(look->autoscaler, "metadata.uid");
    if (behaviour->autoscalers == NULL) {
        behaviour->autoscalers = tg_map_new(sim_scale_memory_free);
    }
    struct sim_scale_memory *memory = tg_map_get(behaviour->autoscalers, uid);
    if (memory == NULL) {
        memory = sim_scale_memory_new(sim_world_now_us(look->region->world), look->current);
        tg_map_put(behaviour->autoscalers, uid, memory);
    }
    return memory;
}

/* What the target is to have; false when that could not be found out. */
static bool decide(struct look *look, const json_t *target)
{
    int64_t least = sim_json_int(look->autoscaler, "spec.minReplicas", 1);
    int64_t most = sim_json_int(look->autoscaler, "spec.maxReplicas", 1);
    struct sim_scale_limits limits;
    if (look->current == 0) {
        look->desired = 0;
        condition(look, "ScalingActive", false, "ScalingDisabled",
                  "scaling is disabled since the replica count of the target is zero");
        return true;
    }
    if (look->current > most || look->current < least) {
        bool is_above = look->current > most;
        look->desired = is_above ? most : least;
        snprintf(look->reason, sizeof look->reason, "Current number of replicas %s Spec.%s",
                 is_above ? "above" : "below", is_above ? "MaxReplicas" : "MinReplicas");
        return true;
    }
    struct sim_scale_memory *memory = memory_of(look);
    if (!ask_metrics(look, target)) {
        return false;
    }
    look->desired = sim_scale_pace(memory, look->autoscaler, sim_world_now_us(look->region->world),
                                   look->current, look->desired, &limits);
    condition(look, "AbleToScale", true, limits.stable_reason, limits.stable_message);
    condition(look, "ScalingLimited", limits.is_limited, limits.limit_reason, limits.limit_message);
    return true;
}

static void reconcile(struct look *look, const json_t *target)
{
    struct sim_world *world = look->region->world;
    look->current = sim_json_int(target, "spec.replicas", 1);
    json_object_set_new(look->status, "currentReplicas",
                        json_integer(sim_json_int(target, "status.replicas", 0)));
    condition(look, "AbleToScale", true, "SucceededGetScale",
              "the HPA controller was able to get the target's current scale");
    if (!decide(look, target)) {
        return;
    }
    json_object_set_new(look->status, "desiredReplicas", json_integer(look->desired));
    if (look->desired == look->current) {
        return;
    }
    char message[SIM_SCALE_TEXT];
    char now[SIM_TIME_SIZE];
    snprintf(message, sizeof message,
             "the HPA controller was able to update the target scale to %" PRId64, look->desired);
    scale_target(look, target, look->desired);
    sim_scale_note(memory_of(look), sim_world_now_us(world), look->current, look->desired);
    condition(look, "AbleToScale", true, "SucceededRescale", message);
    json_object_set_new(look->status, "lastScaleTime", json_string(sim_shape_time(world, now)));
    sim_event_record(look->region, look->autoscaler, "Normal", "SuccessfulRescale", COMPONENT,
                     "New size: %" PRId64 "; reason: %s", look->desired, look->reason);
}

static void sync_autoscaler(struct sim_region *region, const char *ns, const char *name)
{
    const struct sim_resource *kind = sim_world_kinds(region->world)->autoscaler;
    json_t *autoscaler = sim_store_get(region->store, kind, ns, name);
    if (autoscaler == NULL || sim_json_at(autoscaler, "metadata.deletionTimestamp") != NULL) {
        return;
    }
    json_incref(autoscaler);
    json_t *old = sim_json_at(autoscaler, "status");
    struct look look = {.region = region,
                        .autoscaler = autoscaler,
                        .ns = ns,
                        .status = json_is_object(old) ? json_deep_copy(old) : json_object()};
    json_t *target = json_incref(find_target(&look));
    if (target == NULL) {
        target_is_missing(&look);
    } else {
        reconcile(&look, target);
    }
    sim_store_set_status(region->store, kind, ns, name, look.status, NULL);
    int64_t period_us = sim_world_params(region->world)->autoscale_period_us;
    sim_controllers_poke(region, "autoscaler", sync_autoscaler, ns, name,
                         &(struct sim_range){period_us, period_us});
    json_decref(target);
    json_decref(autoscaler);
}

void sim_autoscaler_changed(struct sim_region *region, const struct sim_change *change)
{
    struct sim_behaviour *behaviour = sim_world_behaviour(region->world);
    if (change->type == SIM_DELETED && behaviour->autoscalers != NULL) {
        tg_map_remove(behaviour->autoscalers, sim_json_text(change->object, "metadata.uid"));
    } else if (change->type == SIM_ADDED) {
        sim_controllers_poke(region, "autoscaler", sync_autoscaler,
                             sim_json_text(change->object, "metadata.namespace"),
                             sim_json_text(change->object, "metadata.name"),
                             &sim_world_params(region->world)->controller_react);
    }
}
