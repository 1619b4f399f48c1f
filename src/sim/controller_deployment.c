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
#include "sim/json_path.h"
#include "sim/shape.h"

#define REVISION  "deployment.kubernetes.io/revision"
#define COMPONENT "deployment-controller"

/* What the Deployment's ReplicaSets come to. */
struct sets {
    const char *uid;      /* of the Deployment */
    const char *new_name; /* of the set for the present template */
    json_t *new_set;      /* borrowed, NULL when missing */
    json_t *old_set;      /* first old set that wants replicas */
    int64_t new_wanted;
    int64_t old_wanted;
    int64_t old_present;
    int64_t present;
    int64_t ready;
    int64_t revision_max;
};

static bool add_set(void *context, json_t *set)
{
    struct sets *sets = context;
    if (!tg_str_eq(sim_shape_owner_uid(set), sets->uid)) {
        return true;
    }
    int64_t wanted = sim_json_int(set, "spec.replicas", 1);
    int64_t present = sim_json_int(set, "status.replicas", 0);
    sets->present += present;
    sets->ready += sim_json_int(set, "status.readyReplicas", 0);
    int64_t revision = 0;
    const json_t *annotations = sim_json_at(set, "metadata.annotations");
    const char *text = json_string_value(json_object_get(annotations, REVISION));
    if (text != NULL) {
        tg_str_to_int64(text, 0, INT64_MAX, &revision);
    }
    sets->revision_max = revision > sets->revision_max ? revision : sets->revision_max;
    if (tg_str_eq(sim_json_text(set, "metadata.name"), sets->new_name)) {
        sets->new_set = set;
        sets->new_wanted = wanted;
    } else {
        sets->old_wanted += wanted;
        sets->old_present += present;
        if (sets->old_set == NULL && wanted > 0) {
            sets->old_set = set;
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

static void create_set(struct sim_region *region, json_t *deployment, const char *hash,
                       const struct sets *sets, int64_t replicas)
{
    const struct sim_kinds *kinds = sim_world_kinds(region->world);
    char revision[24];
    snprintf(revision, sizeof revision, "%" PRId64, sets->revision_max + 1);
    json_t *template = json_deep_copy(sim_json_at(deployment, "spec.template"));
    json_t *metadata = sim_json_make_object(template, "metadata");
    json_t *labels = sim_json_make_object(metadata, "labels");
    json_object_set_new(labels, "pod-template-hash", json_string(hash));
    json_t *selector = json_deep_copy(sim_json_at(deployment, "spec.selector"));
    json_object_set_new(sim_json_make_object(selector, "matchLabels"), "pod-template-hash",
                        json_string(hash));
    json_t *set =
        json_pack("{s:s,s:s,s:{s:s,s:s,s:O,s:{s:s},s:[o]},s:{s:I,s:o,s:o},s:{s:I}}", "apiVersion",
                  "apps/v1", "kind", "ReplicaSet", "metadata", "name", sets->new_name, "namespace",
                  sim_json_text(deployment, "metadata.namespace"), "labels", labels, "annotations",
                  REVISION, revision, "ownerReferences", sim_shape_owner(deployment), "spec",
                  "replicas", (json_int_t)replicas, "selector", selector, "template", template,
                  "status", "replicas", (json_int_t)0);
    json_t *next = json_deep_copy(deployment);
    json_object_set_new(sim_json_make_object(sim_json_make_object(next, "metadata"), "annotations"),
                        REVISION, json_string(revision));
    sim_shape_create(region->store, kinds->replica_set, set);
    if (replicas > 0) {
        sim_event_record(region, deployment, "Normal", "ScalingReplicaSet", COMPONENT,
                         "Scaled up replica set %s from 0 to %" PRId64, sets->new_name, replicas);
    }
    sim_store_update(region->store, kinds->deployment, next, NULL);
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
    sim_event_record(region, deployment, "Normal", "ScalingReplicaSet", COMPONENT,
                     "Scaled %s replica set %s from %" PRId64 " to %" PRId64,
                     replicas > now ? "up" : "down", name, now, replicas);
    free(name);
}

/* Absolute number of an int-or-percent field; 25% when it is absent. */
static int64_t share(const json_t *value, int64_t desired, bool is_rounded_up)
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
static int64_t new_target(const json_t *deployment, const struct sets *sets, int64_t desired)
{
    if (sets->old_wanted == 0 && sets->old_present == 0) {
        return desired;
    }
    if (tg_str_eq(sim_json_text(deployment, "spec.strategy.type"), "Recreate")) {
        return sets->old_wanted > 0 || sets->old_present > 0 ? sets->new_wanted : desired;
    }
    int64_t surge =
        share(sim_json_at(deployment, "spec.strategy.rollingUpdate.maxSurge"), desired, true);
    int64_t room = desired + surge - sets->old_wanted - sets->new_wanted;
    int64_t target = sets->new_wanted + (room > 0 ? room : 0);
    return target < desired ? target : desired;
}

static void scale_old(struct sim_region *region, const json_t *deployment, const struct sets *sets,
                      int64_t desired)
{
    if (sets->old_set == NULL) {
        return;
    }
    int64_t wanted = sim_json_int(sets->old_set, "spec.replicas", 0);
    if (tg_str_eq(sim_json_text(deployment, "spec.strategy.type"), "Recreate") || desired == 0) {
        scale_set(region, deployment, sets->old_set, 0);
        return;
    }
    int64_t unavailable = share(
        sim_json_at(deployment, "spec.strategy.rollingUpdate.maxUnavailable"), desired, false);
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

static void condition(struct sim_world *world, json_t *status, const char *type, bool is_true,
                      const char *reason, const char *message)
{
    if (sim_shape_condition(world, status, type, is_true, reason, message, NULL)) {
        char now[SIM_TIME_SIZE];
        sim_shape_condition(world, status, type, is_true, reason, message,
                            json_pack("{s:s}", "lastUpdateTime", sim_shape_time(world, now)));
    }
}

static void write_status(struct sim_region *region, const json_t *deployment,
                         const struct sets *sets, int64_t desired)
{
    struct sim_world *world = region->world;
    json_t *old = sim_json_at(deployment, "status");
    json_t *status = json_is_object(old) ? json_deep_copy(old) : json_object();
    int64_t updated = sets->new_set == NULL ? 0 : sim_json_int(sets->new_set, "status.replicas", 0);
    json_object_set(status, "observedGeneration", sim_json_at(deployment, "metadata.generation"));
    set_count(status, "replicas", sets->present);
    set_count(status, "updatedReplicas", updated);
    set_count(status, "readyReplicas", sets->ready);
    set_count(status, "availableReplicas", sets->ready);
    set_count(status, "unavailableReplicas",
              (desired > sets->present ? desired : sets->present) - sets->ready);
    int64_t unavailable = share(
        sim_json_at(deployment, "spec.strategy.rollingUpdate.maxUnavailable"), desired, false);
    if (sets->ready >= desired - unavailable) {
        condition(world, status, "Available", true, "MinimumReplicasAvailable",
                  "Deployment has minimum availability.");
    } else {
        condition(world, status, "Available", false, "MinimumReplicasUnavailable",
                  "Deployment does not have minimum availability.");
    }
    char message[SIM_NAME_SIZE * 5];
    bool is_done = updated == desired && sets->present == desired && sets->ready == desired;
    snprintf(message, sizeof message, "ReplicaSet \"%.250s\" %s", sets->new_name,
             is_done ? "has successfully progressed." : "is progressing.");
    const json_t *progress = sim_json_condition(deployment, "Progressing");
    bool was_done = tg_str_eq(sim_json_text(progress, "reason"), "NewReplicaSetAvailable") &&
                    tg_str_eq(sim_json_text(progress, "message"), message);
    if (is_done || !was_done || sets->old_wanted > 0) {
        condition(world, status, "Progressing", true,
                  is_done ? "NewReplicaSetAvailable" : "ReplicaSetUpdated", message);
    }
    sim_store_set_status(region->store, sim_world_kinds(world)->deployment,
                         sim_json_text(deployment, "metadata.namespace"),
                         sim_json_text(deployment, "metadata.name"), status, NULL);
}

static void sync_deployment(struct sim_region *region, const char *ns, const char *name)
{
    const struct sim_kinds *kinds = sim_world_kinds(region->world);
    json_t *deployment = sim_store_get(region->store, kinds->deployment, ns, name);
    if (deployment == NULL || sim_json_at(deployment, "metadata.deletionTimestamp") != NULL) {
        return;
    }
    json_incref(deployment);
    char hash[11];
    template_hash(deployment, hash);
    char *set_name = tg_asprintf("%s-%s", name, hash);
    struct sets sets = {.uid = sim_json_text(deployment, "metadata.uid"), .new_name = set_name};
    sim_store_each(region->store, kinds->replica_set, ns, add_set, &sets);
    int64_t desired = sim_json_int(deployment, "spec.replicas", 1);
    int64_t target = new_target(deployment, &sets, desired);
    json_incref(sets.old_set);
    if (sets.new_set == NULL) {
        create_set(region, deployment, hash, &sets, target);
    } else {
        json_incref(sets.new_set);
        scale_set(region, deployment, sets.new_set, target);
        json_decref(sets.new_set);
    }
    scale_old(region, deployment, &sets, desired);
    json_decref(sets.old_set);
    json_decref(deployment);

    deployment = json_incref(sim_store_get(region->store, kinds->deployment, ns, name));
    struct sets after = {.uid = sim_json_text(deployment, "metadata.uid"), .new_name = set_name};
    sim_store_each(region->store, kinds->replica_set, ns, add_set, &after);
    write_status(region, deployment, &after, desired);
    json_decref(deployment);
    free(set_name);
}

void sim_deployment_changed(struct sim_region *region, const struct sim_change *change)
{
    if (change->type == SIM_DELETED ||
        (change->type == SIM_MODIFIED && json_equal(json_object_get(change->object, "spec"),
                                                    json_object_get(change->previous, "spec")))) {
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
