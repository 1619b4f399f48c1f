/* sim/deployment_revision.c - ReplicaSets as the history of a Deployment. */
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

#define PREFIX           "deployment.kubernetes.io/"
#define REVISION         PREFIX "revision"
#define REVISION_HISTORY PREFIX "revision-history"
#define LAST_APPLIED     "kubectl.kubernetes.io/last-applied-configuration"
#define HISTORY_LIMIT    10

int64_t sim_deployment_revision(const json_t *set)
{
    const json_t *annotations = sim_json_at(set, "metadata.annotations");
    const char *text = json_string_value(json_object_get(annotations, REVISION));
    int64_t revision = 0;
    if (text != NULL) {
        tg_str_to_int64(text, 0, INT64_MAX - 1, &revision);
    }
    return revision;
}

int64_t sim_deployment_max_replicas(const json_t *deployment, int64_t desired)
{
    bool is_recreate =
        tg_str_eq(sim_json_text(deployment, "spec.strategy.type"), "Recreate") || desired == 0;
    return is_recreate
               ? desired
               : desired + sim_deployment_share(
                               sim_json_at(deployment, "spec.strategy.rollingUpdate.maxSurge"),
                               desired, true);
}

/* The annotations of the Deployment itself that its sets do not get. */
static bool is_own(const char *key)
{
    return tg_str_eq(key, LAST_APPLIED) || tg_str_has_prefix(key, PREFIX);
}

static void set_number(json_t *object, const char *key, int64_t number)
{
    json_object_set_new(object, key, json_sprintf("%" PRId64, number));
}

json_t *sim_deployment_set_annotations(const json_t *deployment, const json_t *set,
                                       const struct sim_sets *sets, int64_t desired)
{
    json_t *old = sim_json_at(set, "metadata.annotations");
    json_t *next = old == NULL ? json_object() : json_copy(old);
    const char *key;
    json_t *value;
    json_object_foreach(sim_json_at(deployment, "metadata.annotations"), key, value)
    {
        if (!is_own(key)) {
            json_object_set(next, key, value);
        }
    }
    set_number(next, PREFIX "desired-replicas", desired);
    set_number(next, PREFIX "max-replicas", sim_deployment_max_replicas(deployment, desired));
    int64_t was = sim_deployment_revision(set);
    if (was <= sets->old_revision) {
        const char *history = json_string_value(json_object_get(next, REVISION_HISTORY));
        if (was > 0) { /* it is rolled back to: its earlier numbers are kept */
            json_object_set_new(next, REVISION_HISTORY,
                                history == NULL ? json_sprintf("%" PRId64, was)
                                                : json_sprintf("%s,%" PRId64, history, was));
        }
        set_number(next, REVISION, sets->old_revision + 1);
    }
    return next;
}

/* Gives object (of the store) these annotations (stolen) when they are others. */
static void annotate(struct sim_region *region, const struct sim_resource *kind,
                     const json_t *object, json_t *annotations)
{
    const json_t *old = sim_json_at(object, "metadata.annotations");
    if (old != NULL && json_equal(old, annotations)) {
        json_decref(annotations);
        return;
    }
    json_t *next = json_deep_copy(object);
    json_object_set_new(sim_json_make_object(next, "metadata"), "annotations", annotations);
    sim_store_update(region->store, kind, next, NULL);
}

void sim_deployment_sync_revision(struct sim_region *region, const json_t *deployment,
                                  const struct sim_sets *sets, int64_t desired)
{
    const struct sim_kinds *kinds = sim_world_kinds(region->world);
    json_t *next = sim_deployment_set_annotations(deployment, sets->new_set, sets, desired);
    json_t *own = sim_json_at(deployment, "metadata.annotations");
    own = own == NULL ? json_object() : json_copy(own);
    json_object_set(own, REVISION, json_object_get(next, REVISION));
    annotate(region, kinds->replica_set, sets->new_set, next);
    annotate(region, kinds->deployment, deployment, own);
}

/* ---- history ---- */

struct oldest {
    const struct sim_sets *sets;
    const json_t *set; /* the oldest that wants and has nothing */
    int64_t count;
};

static bool add_idle(void *context, json_t *set)
{
    struct oldest *oldest = context;
    bool is_old = tg_str_eq(sim_shape_owner_uid(set), oldest->sets->uid) &&
                  !tg_str_eq(sim_json_text(set, "metadata.name"), oldest->sets->new_name);
    if (!is_old || sim_json_int(set, "spec.replicas", 1) != 0 ||
        sim_json_int(set, "status.replicas", 0) != 0 ||
        sim_json_at(set, "metadata.deletionTimestamp") != NULL) {
        return true;
    }
    oldest->count++;
    if (oldest->set == NULL ||
        sim_deployment_revision(set) < sim_deployment_revision(oldest->set)) {
        oldest->set = set;
    }
    return true;
}

void sim_deployment_clean_up(struct sim_region *region, const json_t *deployment,
                             const struct sim_sets *sets)
{
    const struct sim_resource *kind = sim_world_kinds(region->world)->replica_set;
    const char *ns = sim_json_text(deployment, "metadata.namespace");
    int64_t limit = sim_json_int(deployment, "spec.revisionHistoryLimit", HISTORY_LIMIT);
    struct oldest oldest = {.sets = sets};
    sim_store_each(region->store, kind, ns, add_idle, &oldest);
    for (int64_t surplus = oldest.count - limit; surplus > 0; surplus--) {
        char *name = tg_strdup(sim_json_text(oldest.set, "metadata.name"));
        bool is_gone = sim_store_delete(region->store, kind, ns, name, 0, NULL);
        free(name);
        oldest = (struct oldest){.sets = sets};
        sim_store_each(region->store, kind, ns, add_idle, &oldest);
        if (!is_gone || oldest.set == NULL) {
            return;
        }
    }
}
