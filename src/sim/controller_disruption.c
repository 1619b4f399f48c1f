/* sim/controller_disruption.c - PodDisruptionBudgets: what they allow now. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fmt.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim/behaviour.h"
#include "sim/deployment.h"
#include "sim/disruption.h"
#include "sim/json_path.h"
#include "sim/selector.h"
#include "sim/shape.h"

#define EVICTION_WAIT_US (120 * TG_US_PER_S) /* for the Pod to begin its deletion */

/* ---- the Pods of a budget ---- */

struct members {
    struct sim_region *region;
    struct sim_selector selector;
    json_t *evicted; /* status.disruptedPods that are still awaited */
    json_t *owners;  /* uid of a controller -> Pods that it wants */
    int64_t pods;
    int64_t healthy;
};

/* Pods that the Pod's controller wants in all; 0 when it has none that is known. */
static int64_t scale_of(struct sim_region *region, const json_t *pod)
{
    const struct sim_kinds *kinds = sim_world_kinds(region->world);
    const char *ns = sim_json_text(pod, "metadata.namespace");
    const json_t *owner = json_array_get(sim_json_at(pod, "metadata.ownerReferences"), 0);
    if (!tg_str_eq(sim_json_text(owner, "kind"), "ReplicaSet")) {
        return 0;
    }
    const json_t *set =
        sim_store_get(region->store, kinds->replica_set, ns, sim_json_text(owner, "name"));
    const json_t *parent = json_array_get(sim_json_at(set, "metadata.ownerReferences"), 0);
    const json_t *deployment =
        tg_str_eq(sim_json_text(parent, "kind"), "Deployment")
            ? sim_store_get(region->store, kinds->deployment, ns, sim_json_text(parent, "name"))
            : NULL;
    return sim_json_int(deployment == NULL ? set : deployment, "spec.replicas", 0);
}

/* The controller that scale_of() looks at: a Deployment counts once, however many sets it has. */
static const char *controller_uid(struct sim_region *region, const json_t *pod)
{
    const json_t *owner = json_array_get(sim_json_at(pod, "metadata.ownerReferences"), 0);
    const json_t *set =
        sim_store_get(region->store, sim_world_kinds(region->world)->replica_set,
                      sim_json_text(pod, "metadata.namespace"), sim_json_text(owner, "name"));
    const char *above = set == NULL ? "" : sim_shape_owner_uid(set);
    return above[0] != '\0' ? above : sim_shape_owner_uid(pod);
}

static bool add_member(void *context, json_t *pod)
{
    struct members *members = context;
    const char *phase = sim_json_text(pod, "status.phase");
    const char *name = sim_json_text(pod, "metadata.name");
    if (!sim_selector_matches_labels(&members->selector, pod) || tg_str_eq(phase, "Succeeded") ||
        tg_str_eq(phase, "Failed")) {
        return true;
    }
    members->pods++;
    bool is_leaving = sim_json_at(pod, "metadata.deletionTimestamp") != NULL ||
                      json_object_get(members->evicted, name) != NULL;
    members->healthy += !is_leaving && sim_shape_is_true(pod, "Ready") ? 1 : 0;
    int64_t scale = scale_of(members->region, pod);
    const char *uid = controller_uid(members->region, pod);
    if (scale > 0 && uid[0] != '\0') {
        json_object_set_new(members->owners, uid, json_integer(scale));
    }
    return true;
}

static int64_t expected_of(const struct members *members)
{
    int64_t expected = 0;
    const char *uid;
    json_t *scale;
    json_object_foreach(members->owners, uid, scale)
    {
        expected += json_integer_value(scale);
    }
    return expected;
}

/* Evictions that are still awaited: the Pod is there and is not being deleted, and not for long.
 * New reference. */
static json_t *awaited(struct sim_region *region, const json_t *budget)
{
    json_t *left = json_object();
    const char *name;
    json_t *time;
    json_object_foreach(sim_json_at(budget, "status.disruptedPods"), name, time)
    {
        int64_t since_us = 0;
        const json_t *pod = sim_store_get(region->store, sim_world_kinds(region->world)->pod,
                                          sim_json_text(budget, "metadata.namespace"), name);
        if (pod != NULL && sim_json_at(pod, "metadata.deletionTimestamp") == NULL &&
            tg_parse_rfc3339(json_string_value(time), &since_us) &&
            sim_world_wall_us(region->world) < since_us + EVICTION_WAIT_US) {
            json_object_set(left, name, time);
        }
    }
    return left;
}

/* ---- status ---- */

static json_t *condition_of(struct sim_region *region, const json_t *budget, int64_t allowed)
{
    bool is_allowed = allowed > 0;
    json_t *old = json_deep_copy(sim_json_at(budget, "status.conditions"));
    json_t *status = json_object();
    if (old != NULL) {
        json_object_set_new(status, "conditions", old);
    }
    sim_shape_condition(region->world, status, "DisruptionAllowed", is_allowed,
                        is_allowed ? "SufficientPods" : "InsufficientPods", "",
                        json_pack("{s:I}", "observedGeneration",
                                  (json_int_t)sim_json_int(budget, "metadata.generation", 1)));
    json_t *conditions = json_incref(json_object_get(status, "conditions"));
    json_decref(status);
    return conditions;
}

static int64_t desired_healthy(const json_t *budget, const struct members *members,
                               int64_t *expected)
{
    const json_t *least = sim_json_at(budget, "spec.minAvailable");
    const json_t *most = sim_json_at(budget, "spec.maxUnavailable");
    if (most != NULL) {
        *expected = expected_of(members);
        int64_t healthy = *expected - sim_deployment_share(most, *expected, true);
        return healthy < 0 ? 0 : healthy;
    }
    if (least == NULL) {
        return 0; /* and nothing may go */
    }
    if (json_is_integer(least)) {
        *expected = members->pods;
        return json_integer_value(least);
    }
    *expected = expected_of(members);
    return sim_deployment_share(least, *expected, true);
}

static void sync_budget(struct sim_region *region, const char *ns, const char *name)
{
    const struct sim_kinds *kinds = sim_world_kinds(region->world);
    json_t *budget = sim_store_get(region->store, kinds->disruption_budget, ns, name);
    if (budget == NULL || sim_json_at(budget, "metadata.deletionTimestamp") != NULL) {
        return;
    }
    json_incref(budget);
    struct members members = {
        .region = region, .evicted = awaited(region, budget), .owners = json_object()};
    sim_selector_from_json(&members.selector, sim_json_at(budget, "spec.selector"));
    bool has_selector = sim_json_at(budget, "spec.selector") != NULL;
    if (has_selector) {
        sim_store_each(region->store, kinds->pod, ns, add_member, &members);
    }
    int64_t expected = 0;
    int64_t desired = desired_healthy(budget, &members, &expected);
    int64_t allowed = members.healthy - desired;
    allowed = allowed < 0 || expected <= 0 ? 0 : allowed;
    if (members.pods == 0) {
        sim_event_record(region, budget, "Normal", "NoPods", "controllermanager",
                         "No matching pods found");
    }
    json_t *status =
        json_pack("{s:I, s:I, s:I, s:I, s:I, s:o}", "observedGeneration",
                  (json_int_t)sim_json_int(budget, "metadata.generation", 1), "disruptionsAllowed",
                  (json_int_t)allowed, "currentHealthy", (json_int_t)members.healthy,
                  "desiredHealthy", (json_int_t)desired, "expectedPods", (json_int_t)expected,
                  "conditions", condition_of(region, budget, allowed));
    if (json_object_size(members.evicted) > 0) {
        json_object_set(status, "disruptedPods", members.evicted);
    }
    sim_store_set_status(region->store, kinds->disruption_budget, ns, name, status, NULL);
    sim_selector_fini(&members.selector);
    json_decref(members.evicted);
    json_decref(members.owners);
    json_decref(budget);
}

static void poke(struct sim_region *region, const json_t *budget)
{
    sim_controllers_poke(region, "budget", sync_budget, sim_json_text(budget, "metadata.namespace"),
                         sim_json_text(budget, "metadata.name"),
                         &sim_world_params(region->world)->status_react);
}

void sim_disruption_budget_changed(struct sim_region *region, const struct sim_change *change)
{
    if (change->type == SIM_ADDED ||
        (change->type == SIM_MODIFIED && !json_equal(json_object_get(change->object, "spec"),
                                                     json_object_get(change->previous, "spec")))) {
        poke(region, change->object);
    }
}

/* ---- budgets of a Pod ---- */

struct matching {
    const json_t *pod;
    const json_t *first;
    size_t count;
};

static bool match_budget(void *context, json_t *budget)
{
    struct matching *matching = context;
    struct sim_selector selector;
    if (sim_json_at(budget, "spec.selector") == NULL) {
        return true; /* it selects nothing */
    }
    sim_selector_from_json(&selector, sim_json_at(budget, "spec.selector"));
    if (sim_selector_matches_labels(&selector, matching->pod)) {
        matching->first = matching->first == NULL ? budget : matching->first;
        matching->count++;
    }
    sim_selector_fini(&selector);
    return true;
}

size_t sim_disruption_budgets(struct sim_region *region, const json_t *pod, const json_t **first)
{
    struct matching matching = {.pod = pod};
    sim_store_each(region->store, sim_world_kinds(region->world)->disruption_budget,
                   sim_json_text(pod, "metadata.namespace"), match_budget, &matching);
    *first = matching.first;
    return matching.count;
}

struct poked {
    struct sim_region *region;
    const json_t *pod;
};

static bool poke_matching(void *context, json_t *budget)
{
    const struct poked *poked = context;
    struct matching matching = {.pod = poked->pod};
    match_budget(&matching, budget);
    if (matching.count > 0) {
        poke(poked->region, budget);
    }
    return true;
}

void sim_disruption_pod_changed(struct sim_region *region, const struct sim_change *change)
{
    struct poked poked = {region, change->object};
    sim_store_each(region->store, sim_world_kinds(region->world)->disruption_budget,
                   sim_json_text(change->object, "metadata.namespace"), poke_matching, &poked);
}

bool sim_disruption_take(struct sim_region *region, const json_t *budget, const char *pod)
{
    int64_t allowed = sim_json_int(budget, "status.disruptionsAllowed", 0);
    if (allowed <= 0) {
        return false;
    }
    char now[SIM_TIME_SIZE];
    json_t *status = json_deep_copy(sim_json_at(budget, "status"));
    json_object_set_new(status, "disruptionsAllowed", json_integer(allowed - 1));
    json_object_set_new(sim_json_make_object(status, "disruptedPods"), pod,
                        json_string(sim_shape_time(region->world, now)));
    if (allowed == 1) {
        json_object_set_new(status, "conditions", condition_of(region, budget, 0));
    }
    sim_store_set_status(region->store, sim_world_kinds(region->world)->disruption_budget,
                         sim_json_text(budget, "metadata.namespace"),
                         sim_json_text(budget, "metadata.name"), status, NULL);
    return true;
}
