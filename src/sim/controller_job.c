/* sim/controller_job.c - Jobs with one Pod: started once, Complete when it succeeded, Failed after
 * backoffLimit. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <stdlib.h>

#include "base/mem.h"
#include "base/str.h"
#include "sim/behaviour.h"
#include "sim/json_path.h"
#include "sim/shape.h"

#define COMPONENT "job-controller"

struct job_pods {
    const char *uid;
    int64_t active;
    int64_t ready;
    int64_t succeeded;
    int64_t failed;
};

/* A Pod that is taken away before it succeeded counts as failed, and is replaced at once. */
static bool is_deleting(const json_t *pod)
{
    return sim_json_at(pod, "metadata.deletionTimestamp") != NULL;
}

static bool count_pod(void *context, json_t *pod)
{
    struct job_pods *pods = context;
    if (tg_str_eq(sim_shape_owner_uid(pod), pods->uid)) {
        const char *phase = sim_json_text(pod, "status.phase");
        bool is_succeeded = tg_str_eq(phase, "Succeeded");
        bool is_failed = tg_str_eq(phase, "Failed") || (!is_succeeded && is_deleting(pod));
        pods->succeeded += is_succeeded ? 1 : 0;
        pods->failed += is_failed ? 1 : 0;
        pods->active += is_succeeded || is_failed ? 0 : 1;
        pods->ready += sim_shape_is_true(pod, "Ready") ? 1 : 0;
    }
    return true;
}

static void create_pod(struct sim_region *region, const json_t *job)
{
    const char *name = sim_json_text(job, "metadata.name");
    const char *uid = sim_json_text(job, "metadata.uid");
    json_t *pod = json_deep_copy(sim_json_at(job, "spec.template"));
    json_t *metadata = sim_json_make_object(pod, "metadata");
    char *prefix = tg_asprintf("%s-", name);
    json_object_set_new(metadata, "generateName", json_string(prefix));
    free(prefix);
    json_object_set(metadata, "namespace", sim_json_at(job, "metadata.namespace"));
    json_t *labels = sim_json_make_object(metadata, "labels");
    json_object_set_new(labels, "batch.kubernetes.io/job-name", json_string(name));
    json_object_set_new(labels, "batch.kubernetes.io/controller-uid", json_string(uid));
    json_object_set_new(labels, "job-name", json_string(name));
    json_object_set_new(metadata, "ownerReferences", json_pack("[o]", sim_shape_owner(job)));
    sim_admission_pod(region, pod);
    const json_t *made = sim_shape_create(region->store, sim_world_kinds(region->world)->pod, pod);
    sim_event_record(region, job, "Normal", "SuccessfulCreate", COMPONENT, "Created pod: %s",
                     sim_json_text(made, "metadata.name"));
}

static void set_count(json_t *status, const char *key, int64_t count)
{
    if (count > 0) {
        json_object_set_new(status, key, json_integer(count));
    } else {
        json_object_del(status, key);
    }
}

static void finish(struct sim_region *region, const json_t *job, json_t *status, bool is_complete)
{
    struct sim_world *world = region->world;
    char now[SIM_TIME_SIZE];
    if (is_complete) {
        json_object_set_new(status, "completionTime", json_string(sim_shape_time(world, now)));
        sim_shape_condition(world, status, "SuccessCriteriaMet", true, "CompletionsReached",
                            "Reached expected number of succeeded pods", NULL);
        sim_shape_condition(world, status, "Complete", true, "CompletionsReached",
                            "Reached expected number of succeeded pods", NULL);
        sim_event_record(region, job, "Normal", "Completed", COMPONENT, "Job completed");
    } else {
        sim_shape_condition(world, status, "Failed", true, "BackoffLimitExceeded",
                            "Job has reached the specified backoff limit", NULL);
        sim_event_record(region, job, "Warning", "BackoffLimitExceeded", COMPONENT,
                         "Job has reached the specified backoff limit");
    }
}

static void sync_job(struct sim_region *region, const char *ns, const char *name)
{
    struct sim_world *world = region->world;
    const struct sim_kinds *kinds = sim_world_kinds(world);
    json_t *job = sim_store_get(region->store, kinds->job, ns, name);
    if (job == NULL || sim_json_at(job, "metadata.deletionTimestamp") != NULL ||
        sim_shape_is_true(job, "Complete") || sim_shape_is_true(job, "Failed")) {
        return;
    }
    json_incref(job);
    struct job_pods pods = {.uid = sim_json_text(job, "metadata.uid")};
    sim_store_each(region->store, kinds->pod, ns, count_pod, &pods);
    pods.failed +=
        json_integer_value(json_object_get(sim_world_behaviour(world)->job_losses, pods.uid));
    json_t *old = sim_json_at(job, "status");
    json_t *status = json_is_object(old) ? json_deep_copy(old) : json_object();
    char now[SIM_TIME_SIZE];
    sim_json_default(status, "startTime", json_string(sim_shape_time(world, now)));
    if (pods.succeeded > 0) {
        finish(region, job, status, true);
    } else if (pods.failed > sim_json_int(job, "spec.backoffLimit", 6)) {
        finish(region, job, status, false);
    } else if (pods.active == 0) {
        create_pod(region, job);
        pods.active = 1;
    }
    set_count(status, "active", pods.active);
    set_count(status, "ready", pods.ready);
    set_count(status, "succeeded", pods.succeeded);
    set_count(status, "failed", pods.failed);
    sim_store_set_status(region->store, kinds->job, ns, name, status, NULL);
    json_decref(job);
}

void sim_job_changed(struct sim_region *region, const struct sim_change *change)
{
    if (change->type == SIM_ADDED) {
        sim_controllers_poke(region, "job", sync_job,
                             sim_json_text(change->object, "metadata.namespace"),
                             sim_json_text(change->object, "metadata.name"),
                             &sim_world_params(region->world)->controller_react);
    }
}

/* What failed stays counted when its Pod is gone. */
static void count_loss(struct sim_world *world, const char *uid)
{
    struct sim_behaviour *behaviour = sim_world_behaviour(world);
    if (behaviour->job_losses == NULL) {
        behaviour->job_losses = json_object();
    }
    json_int_t before = json_integer_value(json_object_get(behaviour->job_losses, uid));
    json_object_set_new(behaviour->job_losses, uid, json_integer(before + 1));
}

void sim_job_pod_changed(struct sim_region *region, const struct sim_change *change)
{
    const json_t *owner =
        json_array_get(sim_json_at(change->object, "metadata.ownerReferences"), 0);
    if (tg_str_eq(sim_json_text(owner, "kind"), "Job")) {
        if (change->type == SIM_DELETED &&
            !tg_str_eq(sim_json_text(change->object, "status.phase"), "Succeeded")) {
            count_loss(region->world, sim_json_text(owner, "uid"));
        }
        sim_controllers_poke(
            region, "job", sync_job, sim_json_text(change->object, "metadata.namespace"),
            sim_json_text(owner, "name"), &sim_world_params(region->world)->status_react);
    }
}
