/* sim/controller_deployment.c - Deployments drive their ReplicaSets; rolling update and Recreate.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "sim/behaviour.h"
#include "sim/deployment.h"
#include "sim/json_path.h"
#include "sim/shape.h"

static bool add_set(void *context, json_t *set)
{
    struct sim_sets *sets = context;
    if (!tg_str_eq(sim_shape_owner_uid(set), sets->uid)) {
        return true;
    }
    int64_t wanted = sim_json_int(set, "spec.replicas", 1);
    int64_t present = sim_json_int(set, "status.replicas", 0);
    sets->present += present;
    sets->ready += sim_json_int(set, "status.readyReplicas", 0);
    if (tg_str_eq(sim_json_text(set, "metadata.name"), sets->new_name)) {
        sets->new_set = set;
        sets->new_wanted = wanted;
    } else {
        int64_t revision = sim_deployment_revision(set);
        sets->old_revision = revision > sets->old_revision ? revision : sets->old_revision;
        sets->old_wanted += wanted;
        sets->old_present += present;
        if (sets->old_set == NULL && wanted > 0) {
            sets->old_set = set;
        }
        if (sets->sick_set == NULL && wanted > sim_json_int(set, "status.readyReplicas", 0)) {
            sets->sick_set = set;
        }
    }
    return true;
}

/* Ten characters from the template, as Kubernetes names its ReplicaSets. */
static void template_hash(const json_t *deployment, char out[11])
{
    static const char letters[] = "bcdfghjklmnpqrstvwxz2456789";
    char *text =
        json_dumps(sim_json_at(deployment, "spec.template"), JSON_COMPACT | JSON_SORT_KEYS);
    uint64_t hash = tg_hash_str(text);
    free(text);
    for (int i = 0; i < 10; i++) {
        out[i] = letters[hash % (sizeof letters - 1)];
        hash /= sizeof letters - 1;
    }
    out[10] = '\0';
}

static void create_set(struct sim_region *region, const json_t *deployment,
                       const struct sim_sets *sets, int64_t replicas, int64_t desired)
{
    const char *hash = strrchr(sets->new_name, '-') + 1;
    const struct sim_kinds *kinds = sim_world_kinds(region->world);
    json_t *template = json_deep_copy(sim_json_at(deployment, "spec.template"));
    json_t *metadata = sim_json_make_object(template, "metadata");
    json_t *labels = sim_json_make_object(metadata, "labels");
    json_object_set_new(labels, "pod-template-hash", json_string(hash));
    json_t *selector = json_deep_copy(sim_json_at(deployment, "spec.selector"));
    json_object_set_new(sim_json_make_object(selector, "matchLabels"), "pod-template-hash",
                        json_string(hash));
    json_t *set = json_pack(
        "{s:s,s:s,s:{s:s,s:s,s:O,s:o,s:[o]},s:{s:I,s:o,s:o},s:{s:I}}", "apiVersion", "apps/v1",
        "kind", "ReplicaSet", "metadata", "name", sets->new_name, "namespace",
        sim_json_text(deployment, "metadata.namespace"), "labels", labels, "annotations",
        sim_deployment_set_annotations(deployment, NULL, sets, desired), "ownerReferences",
        sim_shape_owner(deployment), "spec", "replicas", (json_int_t)replicas, "selector", selector,
        "template", template, "status", "replicas", (json_int_t)0);
    sim_shape_create(region->store, kinds->replica_set, set);
    if (replicas > 0) {
        sim_event_record(region, deployment, "Normal", "ScalingReplicaSet",
                         SIM_DEPLOYMENT_CONTROLLER, "Scaled up replica set %s from 0 to %" PRId64,
                         sets->new_name, replicas);
    }
}

static void scale_set(struct sim_region *region, const json_t *deployment, const json_t *set,
                      int64_t replicas)
{
    int64_t now = sim_json_int(set, "spec.replicas", 1);
    if (now == replicas) {
        return;
    }
    char *name = tg_strdup(sim_json_text(set, "metadata.name"));
    json_t *next = json_deep_copy(set);
    json_object_set_new(sim_json_make_object(next, "spec"), "replicas", json_integer(replicas));
    sim_store_update(region->store, sim_world_kinds(region->world)->replica_set, next, NULL);
    sim_event_record(region, deployment, "Normal", "ScalingReplicaSet", SIM_DEPLOYMENT_CONTROLLER,
                     "Scaled %s replica set %s from %" PRId64 " to %" PRId64,
                     replicas > now ? "up" : "down", name, now, replicas);
    free(name);
}

int64_t sim_deployment_share(const json_t *value, int64_t desired, bool is_rounded_up)
{
    if (json_is_integer(value)) {
        return json_integer_value(value);
    }
    const char *text = json_is_string(value) ? json_string_value(value) : "25%";
    char digits[16];
    int64_t percent = 25;
    tg_str_copy(digits, sizeof digits, text);
    char *sign = strchr(digits, '%');
    if (sign != NULL) {
        *sign = '\0';
    }
    tg_str_to_int64(digits, 0, 1000, &percent);
    return (desired * percent + (is_rounded_up ? 99 : 0)) / 100;
}

/* Replicas that the new set should want now. */
static int64_t new_target(const json_t *deployment, const struct sim_sets *sets, int64_t desired)
{
    if (sets->old_wanted == 0 && sets->old_present == 0) {
        return desired;
    }
    if (tg_str_eq(sim_json_text(deployment, "spec.strategy.type"), "Recreate")) {
        return sets->old_wanted > 0 || sets->old_present > 0 ? sets->new_wanted : desired;
    }
    int64_t surge = sim_deployment_share(
        sim_json_at(deployment, "spec.strategy.rollingUpdate.maxSurge"), desired, true);
    int64_t room = desired + surge - sets->old_wanted - sets->new_wanted;
    int64_t target = sets->new_wanted + (room > 0 ? room : 0);
    return target < desired ? target : desired;
}

/* Old replicas that never got ready are in the way of the new ones: they go first. True when some
 * did. */
static bool scale_sick(struct sim_region *region, const json_t *deployment,
                       const struct sim_sets *sets, int64_t available_min)
{
    if (sets->sick_set == NULL) {
        return false;
    }
    int64_t new_ready =
        sets->new_set == NULL ? 0 : sim_json_int(sets->new_set, "status.readyReplicas", 0);
    int64_t room = sets->old_wanted + new_ready - available_min;
    int64_t wanted = sim_json_int(sets->sick_set, "spec.replicas", 0);
    int64_t sick = wanted - sim_json_int(sets->sick_set, "status.readyReplicas", 0);
    int64_t count = sick < room ? sick : room;
    if (count <= 0) {
        return false;
    }
    scale_set(region, deployment, sets->sick_set, wanted - count);
    return true;
}

static void scale_old(struct sim_region *region, const json_t *deployment,
                      const struct sim_sets *sets, int64_t desired)
{
    if (sets->old_set == NULL) {
        return;
    }
    int64_t wanted = sim_json_int(sets->old_set, "spec.replicas", 0);
    if (tg_str_eq(sim_json_text(deployment, "spec.strategy.type"), "Recreate") || desired == 0) {
        scale_set(region, deployment, sets->old_set, 0);
        return;
    }
    int64_t unavailable = sim_deployment_share(
        sim_json_at(deployment, "spec.strategy.rollingUpdate.maxUnavailable"), desired, false);
    if (scale_sick(region, deployment, sets, desired - unavailable)) {
        return; /* the others' turn comes when its Pods are gone */
    }
    int64_t spare = sets->ready - (desired - unavailable);
    if (spare > 0) {
        scale_set(region, deployment, sets->old_set, wanted > spare ? wanted - spare : 0);
    }
}

static void set_count(json_t *status, const char *key, int64_t count)
{
    if (count > 0) {
        json_object_set_new(status, key, json_integer(count));
    } else {
        json_object_del(status, key);
    }
}

/* A paused Deployment rolls nothing out, but follows its number of replicas. */
static void scale_paused(struct sim_region *region, const json_t *deployment,
                         const struct sim_sets *sets, int64_t desired)
{
    if (sets->old_wanted == 0 && sets->new_set != NULL) {
        scale_set(region, deployment, sets->new_set, desired);
    } else if (sets->old_set != NULL && sets->new_wanted == 0 &&
               sim_json_int(sets->old_set, "spec.replicas", 0) == sets->old_wanted) {
        scale_set(region, deployment, sets->old_set, desired);
    }
}

static void roll(struct sim_region *region, const json_t *deployment, const struct sim_sets *sets,
                 int64_t desired)
{
    int64_t target = new_target(deployment, sets, desired);
    if (sets->new_set == NULL) {
        create_set(region, deployment, sets, target, desired);
    } else {
        scale_set(region, deployment, sets->new_set, target);
    }
    scale_old(region, deployment, sets, desired);
}

static struct sim_sets find_sets(struct sim_region *region, const json_t *deployment,
                                 const char *set_name)
{
    struct sim_sets sets = {.uid = sim_json_text(deployment, "metadata.uid"), .new_name = set_name};
    sim_store_each(region->store, sim_world_kinds(region->world)->replica_set,
                   sim_json_text(deployment, "metadata.namespace"), add_set, &sets);
    return sets;
}

/* Looks at the sets as they are now and keeps what it found while work is done on it. */
static void with_sets(struct sim_region *region, const char *ns, const char *name,
                      const char *set_name,
                      void (*work)(struct sim_region *region, const json_t *deployment,
                                   const struct sim_sets *sets, int64_t desired))
{
    json_t *deployment =
        sim_store_get(region->store, sim_world_kinds(region->world)->deployment, ns, name);
    json_incref(deployment);
    struct sim_sets sets = find_sets(region, deployment, set_name);
    json_incref(sets.new_set);
    json_incref(sets.old_set);
    json_incref(sets.sick_set);
    work(region, deployment, &sets, sim_json_int(deployment, "spec.replicas", 1));
    json_decref(sets.sick_set);
    json_decref(sets.old_set);
    json_decref(sets.new_set);
    json_decref(deployment);
}

static void sync_deployment(struct sim_region *region, const char *ns, const char *name);

static void scale_and_roll(struct sim_region *region, const json_t *deployment,
                           const struct sim_sets *sets, int64_t desired)
{
    if (sim_json_is_true(deployment, "spec.paused")) {
        scale_paused(region, deployment, sets, desired);
    } else {
        roll(region, deployment, sets, desired);
    }
}

static void number_and_clean_up(struct sim_region *region, const json_t *deployment,
                                const struct sim_sets *sets, int64_t desired)
{
    if (sets->new_set != NULL) {
        sim_deployment_sync_revision(region, deployment, sets, desired);
    }
    if (sim_json_is_true(deployment, "spec.paused") || sim_deployment_is_complete(sets, desired)) {
        sim_deployment_clean_up(region, deployment, sets);
    }
}

static void report(struct sim_region *region, const json_t *deployment, const struct sim_sets *sets,
                   int64_t desired)
{
    int64_t again_us = sim_deployment_write_status(region, deployment, sets, desired);
    if (again_us != 0) {
        int64_t delay_us = again_us - sim_world_now_us(region->world);
        sim_controllers_poke(region, "deployment-deadline", sync_deployment,
                             sim_json_text(deployment, "metadata.namespace"),
                             sim_json_text(deployment, "metadata.name"),
                             &(struct sim_range){delay_us, delay_us});
    }
}

static void sync_deployment(struct sim_region *region, const char *ns, const char *name)
{
    const struct sim_kinds *kinds = sim_world_kinds(region->world);
    const json_t *deployment = sim_store_get(region->store, kinds->deployment, ns, name);
    if (deployment == NULL || sim_json_at(deployment, "metadata.deletionTimestamp") != NULL) {
        return;
    }
    char hash[11];
    template_hash(deployment, hash);
    char *set_name = tg_asprintf("%s-%s", name, hash);
    sim_deployment_sync_pause(region, deployment);
    with_sets(region, ns, name, set_name, scale_and_roll);
    with_sets(region, ns, name, set_name, number_and_clean_up);
    with_sets(region, ns, name, set_name, report);
    free(set_name);
}

static bool same_annotations(const json_t *a, const json_t *b)
{
    const json_t *one = sim_json_at(a, "metadata.annotations");
    const json_t *other = sim_json_at(b, "metadata.annotations");
    return one == other || (one != NULL && other != NULL && json_equal(one, other));
}

/* Its sets carry the Deployment's annotations, so that these matter too. */
static bool is_of_interest(const struct sim_change *change)
{
    return change->type == SIM_ADDED || (change->type == SIM_MODIFIED &&
                                         (!json_equal(json_object_get(change->object, "spec"),
                                                      json_object_get(change->previous, "spec")) ||
                                          !same_annotations(change->object, change->previous)));
}

void sim_deployment_changed(struct sim_region *region, const struct sim_change *change)
{
    if (!is_of_interest(change)) {
        return;
    }
    sim_controllers_poke(region, "deployment", sync_deployment,
                         sim_json_text(change->object, "metadata.namespace"),
                         sim_json_text(change->object, "metadata.name"),
                         &sim_world_params(region->world)->controller_react);
}

/* A ReplicaSet of the Deployment changed. */
static void poke_owner(struct sim_region *region, const json_t *set)
{
    const json_t *owner = json_array_get(sim_json_at(set, "metadata.ownerReferences"), 0);
    if (tg_str_eq(sim_json_text(owner, "kind"), "Deployment")) {
        sim_controllers_poke(region, "deployment", sync_deployment,
                             sim_json_text(set, "metadata.namespace"), sim_json_text(owner, "name"),
                             &sim_world_params(region->world)->status_react);
    }
}

/* ---- ReplicaSets ---- */

#define PODS_MAX 512

struct set_pods {
    const char *uid;
    json_t *pods[PODS_MAX]; /* borrowed, active ones */
    size_t count;
    int64_t ready;
};

static bool is_active(const json_t *pod)
{
    const char *phase = sim_json_text(pod, "status.phase");
    return sim_json_at(pod, "metadata.deletionTimestamp") == NULL && !tg_str_eq(phase, "Failed") &&
           !tg_str_eq(phase, "Succeeded");
}

static bool add_pod(void *context, json_t *pod)
{
    struct set_pods *pods = context;
    if (tg_str_eq(sim_shape_owner_uid(pod), pods->uid) && is_active(pod) &&
        pods->count < PODS_MAX) {
        pods->pods[pods->count++] = pod;
        pods->ready += sim_shape_is_true(pod, "Ready") ? 1 : 0;
    }
    return true;
}

static void create_pod(struct sim_region *region, const json_t *set)
{
    json_t *pod = json_deep_copy(sim_json_at(set, "spec.template"));
    json_t *metadata = sim_json_make_object(pod, "metadata");
    char *prefix = tg_asprintf("%s-", sim_json_text(set, "metadata.name"));
    json_object_set_new(metadata, "generateName", json_string(prefix));
    json_object_set(metadata, "namespace", sim_json_at(set, "metadata.namespace"));
    json_object_set_new(metadata, "ownerReferences", json_pack("[o]", sim_shape_owner(set)));
    free(prefix);
    sim_admission_pod(region, pod);
    const json_t *made = sim_shape_create(region->store, sim_world_kinds(region->world)->pod, pod);
    sim_event_record(region, set, "Normal", "SuccessfulCreate", "replicaset-controller",
                     "Created pod: %s", sim_json_text(made, "metadata.name"));
}

/* The Pod that is least worth keeping: unready before ready, then the youngest. */
static size_t victim(const struct set_pods *pods)
{
    size_t worst = 0;
    for (size_t i = 1; i < pods->count; i++) {
        bool is_ready = sim_shape_is_true(pods->pods[i], "Ready");
        bool is_worst_ready = sim_shape_is_true(pods->pods[worst], "Ready");
        int age = strcmp(sim_json_text(pods->pods[i], "metadata.creationTimestamp"),
                         sim_json_text(pods->pods[worst], "metadata.creationTimestamp"));
        if ((is_worst_ready && !is_ready) || (is_ready == is_worst_ready && age > 0)) {
            worst = i;
        }
    }
    return worst;
}

static void delete_pod(struct sim_region *region, const json_t *set, struct set_pods *pods)
{
    size_t at = victim(pods);
    char *name = tg_strdup(sim_json_text(pods->pods[at], "metadata.name"));
    pods->ready -= sim_shape_is_true(pods->pods[at], "Ready") ? 1 : 0;
    pods->pods[at] = pods->pods[--pods->count];
    sim_store_delete(region->store, sim_world_kinds(region->world)->pod,
                     sim_json_text(set, "metadata.namespace"), name, -1, NULL);
    sim_event_record(region, set, "Normal", "SuccessfulDelete", "replicaset-controller",
                     "Deleted pod: %s", name);
    free(name);
}

static void sync_set(struct sim_region *region, const char *ns, const char *name)
{
    const struct sim_kinds *kinds = sim_world_kinds(region->world);
    json_t *set = sim_store_get(region->store, kinds->replica_set, ns, name);
    if (set == NULL || sim_json_at(set, "metadata.deletionTimestamp") != NULL) {
        return;
    }
    json_incref(set);
    int64_t wanted = sim_json_int(set, "spec.replicas", 1);
    struct set_pods pods = {.uid = sim_json_text(set, "metadata.uid")};
    sim_store_each(region->store, kinds->pod, ns, add_pod, &pods);
    while ((int64_t)pods.count > wanted) {
        delete_pod(region, set, &pods);
    }
    for (int64_t i = (int64_t)pods.count; i < wanted && i < PODS_MAX; i++) {
        create_pod(region, set);
        pods.count++;
    }
    json_t *status = json_pack("{s:I,s:O}", "replicas", (json_int_t)pods.count,
                               "observedGeneration", sim_json_at(set, "metadata.generation"));
    set_count(status, "fullyLabeledReplicas", (int64_t)pods.count);
    set_count(status, "readyReplicas", pods.ready);
    set_count(status, "availableReplicas", pods.ready);
    sim_store_set_status(region->store, kinds->replica_set, ns, name, status, NULL);
    json_decref(set);
}

void sim_replica_set_changed(struct sim_region *region, const struct sim_change *change)
{
    poke_owner(region, change->object);
    if (change->type == SIM_DELETED ||
        (change->type == SIM_MODIFIED && json_equal(json_object_get(change->object, "spec"),
                                                    json_object_get(change->previous, "spec")))) {
        return;
    }
    sim_controllers_poke(region, "replicaset", sync_set,
                         sim_json_text(change->object, "metadata.namespace"),
                         sim_json_text(change->object, "metadata.name"),
                         &sim_world_params(region->world)->controller_react);
}

void sim_replica_set_pod_changed(struct sim_region *region, const struct sim_change *change)
{
    const json_t *owner =
        json_array_get(sim_json_at(change->object, "metadata.ownerReferences"), 0);
    if (!tg_str_eq(sim_json_text(owner, "kind"), "ReplicaSet")) {
        return;
    }
    if (change->type == SIM_MODIFIED && is_active(change->object) == is_active(change->previous) &&
        sim_shape_is_true(change->object, "Ready") ==
            sim_shape_is_true(change->previous, "Ready")) {
        return;
    }
    sim_controllers_poke(
        region, "replicaset", sync_set, sim_json_text(change->object, "metadata.namespace"),
        sim_json_text(owner, "name"), &sim_world_params(region->world)->status_react);
}
