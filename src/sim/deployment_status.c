/* sim/deployment_status.c - what a Deployment says of its rollout. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <stdio.h>

#include "base/clock.h"
#include "base/fmt.h"
#include "base/str.h"
#include "sim/behaviour.h"
#include "sim/deployment.h"
#include "sim/json_path.h"
#include "sim/shape.h"

#define DEADLINE_S INT64_C(600)

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
    char now[SIM_TIME_SIZE];
    if (sim_shape_condition(world, status, type, is_true, reason, message, NULL)) {
        sim_shape_condition(world, status, type, is_true, reason, message,
                            json_pack("{s:s}", "lastUpdateTime", sim_shape_time(world, now)));
    }
}

static json_t *status_of(const json_t *deployment)
{
    json_t *old = sim_json_at(deployment, "status");
    return json_is_object(old) ? json_deep_copy(old) : json_object();
}

static void put_status(struct sim_region *region, const json_t *deployment, json_t *status)
{
    sim_store_set_status(region->store, sim_world_kinds(region->world)->deployment,
                         sim_json_text(deployment, "metadata.namespace"),
                         sim_json_text(deployment, "metadata.name"), status, NULL);
}

/* ---- pause ---- */

bool sim_deployment_sync_pause(struct sim_region *region, const json_t *deployment)
{
    bool is_paused = sim_json_is_true(deployment, "spec.paused");
    const char *reason = sim_json_text(sim_json_condition(deployment, "Progressing"), "reason");
    bool says_paused = tg_str_eq(reason, "DeploymentPaused");
    if (is_paused == says_paused || tg_str_eq(reason, "ProgressDeadlineExceeded")) {
        return false;
    }
    char now[SIM_TIME_SIZE];
    sim_shape_time(region->world, now);
    json_t *status = status_of(deployment);
    sim_shape_condition(region->world, status, "Progressing", false,
                        is_paused ? "DeploymentPaused" : "DeploymentResumed",
                        is_paused ? "Deployment is paused" : "Deployment is resumed",
                        json_pack("{s:s, s:s, s:s}", "status", "Unknown", "lastUpdateTime", now,
                                  "lastTransitionTime", now));
    put_status(region, deployment, status);
    return true;
}

/* ---- progress ---- */

bool sim_deployment_is_complete(const struct sim_sets *sets, int64_t desired)
{
    int64_t updated = sets->new_set == NULL ? 0 : sim_json_int(sets->new_set, "status.replicas", 0);
    return updated == desired && sets->present == desired && sets->ready == desired;
}

/* Did anything move towards the end since the last status? */
static bool has_moved(const json_t *deployment, const json_t *status)
{
    int64_t updated = sim_json_int(status, "updatedReplicas", 0);
    int64_t old_updated = sim_json_int(deployment, "status.updatedReplicas", 0);
    return updated > old_updated ||
           sim_json_int(status, "replicas", 0) - updated <
               sim_json_int(deployment, "status.replicas", 0) - old_updated ||
           sim_json_int(status, "readyReplicas", 0) >
               sim_json_int(deployment, "status.readyReplicas", 0);
}

/* World time at which the rollout is late. */
static int64_t deadline_of(struct sim_world *world, const json_t *deployment, const json_t *status)
{
    size_t i;
    json_t *item;
    int64_t updated_us = sim_world_wall_us(world);
    json_array_foreach(json_object_get(status, "conditions"), i, item)
    {
        if (tg_str_eq(sim_json_text(item, "type"), "Progressing")) {
            tg_parse_rfc3339(sim_json_text(item, "lastUpdateTime"), &updated_us);
        }
    }
    int64_t wall_us =
        updated_us +
        sim_json_int(deployment, "spec.progressDeadlineSeconds", DEADLINE_S) * TG_US_PER_S;
    return wall_us - sim_world_wall_us(world) + sim_world_now_us(world);
}

static int64_t write_progress(struct sim_world *world, const json_t *deployment, json_t *status,
                              const struct sim_sets *sets, int64_t desired)
{
    char message[SIM_NAME_SIZE * 5];
    char now[SIM_TIME_SIZE];
    bool is_done = sim_deployment_is_complete(sets, desired);
    const json_t *progress = sim_json_condition(deployment, "Progressing");
    const char *reason = sim_json_text(progress, "reason");
    snprintf(message, sizeof message, "ReplicaSet \"%.250s\" %s", sets->new_name,
             is_done ? "has successfully progressed." : "is progressing.");
    if (is_done) {
        condition(world, status, "Progressing", true, "NewReplicaSetAvailable", message);
        return 0;
    }
    /* a Deployment that is done and merely scaled, or lost a Pod, makes no new rollout */
    char done[SIM_NAME_SIZE * 5];
    snprintf(done, sizeof done, "ReplicaSet \"%.250s\" has successfully progressed.",
             sets->new_name);
    if (tg_str_eq(reason, "NewReplicaSetAvailable") &&
        tg_str_eq(sim_json_text(progress, "message"), done) && sets->old_wanted == 0) {
        return 0;
    }
    bool is_new = progress == NULL || tg_str_eq(reason, "NewReplicaSetAvailable");
    if (is_new || has_moved(deployment, status)) {
        sim_shape_condition(world, status, "Progressing", true, "ReplicaSetUpdated", message,
                            json_pack("{s:s}", "lastUpdateTime", sim_shape_time(world, now)));
    }
    int64_t deadline_us = deadline_of(world, deployment, status);
    if (sim_world_now_us(world) < deadline_us) {
        return deadline_us;
    }
    snprintf(message, sizeof message, "ReplicaSet \"%.250s\" has timed out progressing.",
             sets->new_name);
    condition(world, status, "Progressing", false, "ProgressDeadlineExceeded", message);
    return 0;
}

int64_t sim_deployment_write_status(struct sim_region *region, const json_t *deployment,
                                    const struct sim_sets *sets, int64_t desired)
{
    struct sim_world *world = region->world;
    json_t *status = status_of(deployment);
    json_object_set(status, "observedGeneration", sim_json_at(deployment, "metadata.generation"));
    set_count(status, "replicas", sets->present);
    set_count(status, "updatedReplicas",
              sets->new_set == NULL ? 0 : sim_json_int(sets->new_set, "status.replicas", 0));
    set_count(status, "readyReplicas", sets->ready);
    set_count(status, "availableReplicas", sets->ready);
    set_count(status, "unavailableReplicas",
              (desired > sets->present ? desired : sets->present) - sets->ready);
    int64_t unavailable = sim_deployment_share(
        sim_json_at(deployment, "spec.strategy.rollingUpdate.maxUnavailable"), desired, false);
    if (sets->ready >= desired - unavailable) {
        condition(world, status, "Available", true, "MinimumReplicasAvailable",
                  "Deployment has minimum availability.");
    } else {
        condition(world, status, "Available", false, "MinimumReplicasUnavailable",
                  "Deployment does not have minimum availability.");
    }
    int64_t again_us = 0;
    if (!sim_json_is_true(deployment, "spec.paused")) {
        again_us = write_progress(world, deployment, status, sets, desired);
    }
    put_status(region, deployment, status);
    return again_us;
}
