/* sim/k8s_eviction.c - the eviction subresource of Pods: a deletion that asks the budgets first. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim/behaviour.h"
#include "sim/disruption.h"
#include "sim/json_path.h"
#include "sim/k8s_call.h"
#include "sim/k8s_status.h"
#include "sim/shape.h"

#define REFUSAL "Cannot evict pod as it would violate the pod's disruption budget."

/* 429 with the cause that a budget gives; cause is freed. */
static void refuse(struct sim_call *call, char *cause, int64_t retry_s)
{
    json_t *details = json_pack("{s:[o]}", "causes", sim_k8s_cause("DisruptionBudget", "", cause));
    json_object_del(json_array_get(json_object_get(details, "causes"), 0), "field");
    if (retry_s > 0) {
        json_object_set_new(details, "retryAfterSeconds", json_integer(retry_s));
        call->response->retry_after_s = (int)retry_s;
    }
    sim_k8s_reply(call->response, 429, sim_k8s_status(429, "TooManyRequests", REFUSAL, details));
    free(cause);
}

/* Pods that serve nobody may go without asking. */
static bool needs_no_budget(const json_t *pod)
{
    const char *phase = sim_json_text(pod, "status.phase");
    return tg_str_eq(phase, "Succeeded") || tg_str_eq(phase, "Failed") ||
           tg_str_eq(phase, "Pending") || sim_json_at(pod, "metadata.deletionTimestamp") != NULL;
}

/* Does the budget let this one go because it is not ready anyway? */
static bool is_free_while_unhealthy(const json_t *pod, const json_t *budget)
{
    int64_t desired = sim_json_int(budget, "status.desiredHealthy", 0);
    bool is_always =
        tg_str_eq(sim_json_text(budget, "spec.unhealthyPodEvictionPolicy"), "AlwaysAllow");
    return !sim_shape_is_true(pod, "Ready") &&
           (is_always ||
            (desired > 0 && sim_json_int(budget, "status.currentHealthy", 0) >= desired));
}

/* False with the response filled when a budget forbids it. */
static bool ask_budget(struct sim_call *call, const json_t *pod)
{
    struct sim_region *region = sim_world_region(call->world, call->request->server);
    const json_t *budget = NULL;
    size_t count = needs_no_budget(pod) ? 0 : sim_disruption_budgets(region, pod, &budget);
    if (count == 0) {
        return true;
    }
    if (count > 1) {
        sim_k8s_fail(call->response, 500, "",
                     "This pod has more than one PodDisruptionBudget, which the eviction "
                     "subresource does not support.");
        return false;
    }
    const char *name = sim_json_text(budget, "metadata.name");
    if (is_free_while_unhealthy(pod, budget)) {
        return true;
    }
    if (sim_json_int(budget, "status.observedGeneration", 0) <
        sim_json_int(budget, "metadata.generation", 0)) {
        refuse(
            call,
            tg_asprintf("The disruption budget %s is still being processed by the server.", name),
            10);
        return false;
    }
    if (sim_json_int(budget, "status.disruptionsAllowed", 0) <= 0) {
        refuse(call,
               tg_asprintf("The disruption budget %s needs %lld healthy pods and has %lld "
                           "currently",
                           name, (long long)sim_json_int(budget, "status.desiredHealthy", 0),
                           (long long)sim_json_int(budget, "status.currentHealthy", 0)),
               0);
        return false;
    }
    return sim_k8s_is_dry_run(call) || sim_disruption_take(region, budget, call->name);
}

/* The Pod says why it goes. */
static void mark(struct sim_call *call)
{
    const json_t *pod = sim_store_get(call->store, call->resource, sim_k8s_ns(call), call->name);
    json_t *status = json_deep_copy(sim_json_at(pod, "status"));
    sim_shape_condition(call->world, status, "DisruptionTarget", true, "EvictionByEvictionAPI",
                        "Eviction API: evicting", NULL);
    sim_store_set_status(call->store, call->resource, sim_k8s_ns(call), call->name, status, NULL);
}

static void evict(struct sim_call *call, const json_t *body)
{
    struct tg_err err = TG_ERR_INIT;
    const json_t *dry = sim_json_at(body, "deleteOptions.dryRun");
    bool is_dry =
        sim_k8s_is_dry_run(call) || tg_str_eq(json_string_value(json_array_get(dry, 0)), "All");
    if (!is_dry) {
        mark(call);
        int64_t grace_s = sim_json_int(body, "deleteOptions.gracePeriodSeconds", -1);
        if (!sim_store_delete(call->store, call->resource, sim_k8s_ns(call), call->name, grace_s,
                              &err)) {
            sim_k8s_fail_write(call->response, call->resource, call->name, false, &err);
            return;
        }
    }
    sim_k8s_reply(call->response, 201,
                  json_pack("{s:s, s:s, s:{}, s:s, s:i}", "kind", "Status", "apiVersion", "v1",
                            "metadata", "status", "Success", "code", 201));
}

void sim_k8s_evict(struct sim_call *call)
{
    json_t *body = sim_k8s_body(call);
    if (body == NULL) {
        return;
    }
    const char *name = sim_json_text(body, "metadata.name");
    const char *uid = sim_json_text(body, "deleteOptions.preconditions.uid");
    const json_t *pod = NULL;
    if (name[0] != '\0' && !tg_str_eq(name, call->name)) {
        sim_k8s_fail(call->response, 400, NULL,
                     "name in URL does not match name in Eviction object");
    } else if ((pod = sim_k8s_current(call)) == NULL) {
        /* answered */
    } else if (uid[0] != '\0' && !tg_str_eq(uid, sim_json_text(pod, "metadata.uid"))) {
        sim_k8s_fail(call->response, 409, NULL,
                     "Operation cannot be fulfilled on Pod \"%s\": the UID in the precondition "
                     "(%s) does not match the UID in record (%s). The object might have been "
                     "deleted and then recreated",
                     call->name, uid, sim_json_text(pod, "metadata.uid"));
    } else if (ask_budget(call, pod)) {
        evict(call, body);
    }
    json_decref(body);
}
