/* sim/controller_daemon.c - DaemonSets: one Pod on each node that will have it. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim/behaviour.h"
#include "sim/deployment.h"
#include "sim/json_path.h"
#include "sim/node_affinity.h"
#include "sim/shape.h"

#define COMPONENT "daemonset-controller"
#define HASH      "controller-revision-hash"

/* What daemons put up with, whatever their template says. */
static const char *const endured[][2] = {
    {"node.kubernetes.io/not-ready", "NoExecute"},
    {"node.kubernetes.io/unreachable", "NoExecute"},
    {"node.kubernetes.io/disk-pressure", "NoSchedule"},
    {"node.kubernetes.io/memory-pressure", "NoSchedule"},
    {"node.kubernetes.io/pid-pressure", "NoSchedule"},
    {SIM_TAINT_UNSCHEDULABLE, "NoSchedule"},
};

struct daemons {
    struct sim_region *region;
    const json_t *set;
    json_t *spec; /* of its Pods, with what they endure; owned */
    char hash[11];
    /* of the node that is looked at */
    const char *node;
    const json_t *pod; /* the active one there */
    /* of all */
    json_t *missing; /* names of nodes that lack one */
    json_t *surplus; /* Pods that have to go */
    json_t *outdated;
    int64_t desired;
    int64_t current;
    int64_t ready;
    int64_t updated;
};

static json_t *pod_spec(const json_t *set)
{
    json_t *spec = json_deep_copy(sim_json_at(set, "spec.template.spec"));
    json_t *tolerations = json_object_get(spec, "tolerations");
    if (!json_is_array(tolerations)) {
        tolerations = json_array();
        json_object_set_new(spec, "tolerations", tolerations);
    }
    for (size_t i = 0; i < TG_COUNT(endured); i++) {
        json_array_append_new(tolerations,
                              json_pack("{s:s, s:s, s:s}", "key", endured[i][0], "operator",
                                        "Exists", "effect", endured[i][1]));
    }
    return spec;
}

/* Node that a daemon is meant for, before and after it is bound. */
static const char *node_of(const json_t *pod)
{
    const char *bound = sim_json_text(pod, "spec.nodeName");
    if (bound[0] != '\0') {
        return bound;
    }
    const json_t *term = json_array_get(
        sim_json_at(pod, "spec.affinity.nodeAffinity."
                         "requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms"),
        0);
    const json_t *field = json_array_get(json_object_get(term, "matchFields"), 0);
    const char *name = json_string_value(json_array_get(json_object_get(field, "values"), 0));
    return name == NULL ? "" : name;
}

static bool is_active(const json_t *pod)
{
    const char *phase = sim_json_text(pod, "status.phase");
    return !tg_str_eq(phase, "Failed") && !tg_str_eq(phase, "Succeeded");
}

static bool find_pod(void *context, json_t *pod)
{
    struct daemons *daemons = context;
    if (tg_str_eq(sim_shape_owner_uid(pod), sim_json_text(daemons->set, "metadata.uid")) &&
        is_active(pod) && tg_str_eq(node_of(pod), daemons->node)) {
        daemons->pod = pod;
        return false;
    }
    return true;
}

static bool is_up_to_date(const struct daemons *daemons, const json_t *pod)
{
    const json_t *labels = sim_json_at(pod, "metadata.labels");
    return tg_str_eq(json_string_value(json_object_get(labels, HASH)), daemons->hash);
}

static bool look_at_node(void *context, json_t *node)
{
    struct daemons *daemons = context;
    daemons->node = sim_json_text(node, "metadata.name");
    daemons->pod = NULL;
    sim_store_each(daemons->region->store, sim_world_kinds(daemons->region->world)->pod,
                   sim_json_text(daemons->set, "metadata.namespace"), find_pod, daemons);
    bool is_wanted = sim_node_matches(daemons->spec, node) &&
                     sim_node_taint_against(daemons->spec, node, NULL) == NULL;
    /* one that is being deleted is awaited, then made anew */
    bool is_leaving = sim_json_at(daemons->pod, "metadata.deletionTimestamp") != NULL;
    if (!is_wanted) {
        if (daemons->pod != NULL && !is_leaving) {
            json_array_append(daemons->surplus, (json_t *)(uintptr_t)daemons->pod);
        }
        return true;
    }
    daemons->desired++;
    if (daemons->pod == NULL) {
        json_array_append_new(daemons->missing, json_string(daemons->node));
        return true;
    }
    daemons->current++;
    daemons->ready += sim_shape_is_true(daemons->pod, "Ready") ? 1 : 0;
    if (is_up_to_date(daemons, daemons->pod)) {
        daemons->updated++;
    } else if (!is_leaving) {
        json_array_append(daemons->outdated, (json_t *)(uintptr_t)daemons->pod);
    }
    return true;
}

static void create_daemon(const struct daemons *daemons, const char *node)
{
    const json_t *set = daemons->set;
    json_t *pod = json_deep_copy(sim_json_at(set, "spec.template"));
    json_t *metadata = sim_json_make_object(pod, "metadata");
    json_t *labels = sim_json_make_object(metadata, "labels");
    json_object_set_new(labels, HASH, json_string(daemons->hash));
    json_object_set_new(labels, "pod-template-generation",
                        json_sprintf("%" PRId64, sim_json_int(set, "metadata.generation", 1)));
    json_object_set_new(metadata, "generateName",
                        json_sprintf("%s-", sim_json_text(set, "metadata.name")));
    json_object_set(metadata, "namespace", sim_json_at(set, "metadata.namespace"));
    json_object_set_new(metadata, "ownerReferences", json_pack("[o]", sim_shape_owner(set)));
    json_t *spec = json_deep_copy(daemons->spec);
    json_t *affinity = sim_json_make_object(sim_json_make_object(spec, "affinity"), "nodeAffinity");
    json_object_set_new(affinity, "requiredDuringSchedulingIgnoredDuringExecution",
                        json_pack("{s:[{s:[{s:s, s:s, s:[s]}]}]}", "nodeSelectorTerms",
                                  "matchFields", "key", "metadata.name", "operator", "In", "values",
                                  node));
    json_object_set_new(pod, "spec", spec);
    sim_admission_pod(daemons->region, pod);
    const json_t *made =
        sim_shape_create(daemons->region->store, sim_world_kinds(daemons->region->world)->pod, pod);
    sim_event_record(daemons->region, set, "Normal", "SuccessfulCreate", COMPONENT,
                     "Created pod: %s", sim_json_text(made, "metadata.name"));
}

static void delete_daemon(const struct daemons *daemons, const json_t *pod)
{
    char *name = tg_strdup(sim_json_text(pod, "metadata.name"));
    sim_store_delete(daemons->region->store, sim_world_kinds(daemons->region->world)->pod,
                     sim_json_text(daemons->set, "metadata.namespace"), name, -1, NULL);
    sim_event_record(daemons->region, daemons->set, "Normal", "SuccessfulDelete", COMPONENT,
                     "Deleted pod: %s", name);
    free(name);
}

/* Outdated daemons go as long as few enough are away. */
static void roll(const struct daemons *daemons)
{
    const json_t *most =
        sim_json_at(daemons->set, "spec.updateStrategy.rollingUpdate.maxUnavailable");
    int64_t allowed = most == NULL ? 1 : sim_deployment_share(most, daemons->desired, true);
    int64_t away = daemons->desired - daemons->ready;
    if (tg_str_eq(sim_json_text(daemons->set, "spec.updateStrategy.type"), "OnDelete")) {
        return;
    }
    size_t i;
    json_t *pod;
    json_array_foreach(daemons->outdated, i, pod)
    {
        bool is_ready = sim_shape_is_true(pod, "Ready");
        if (!is_ready || away < allowed) {
            away += is_ready ? 1 : 0;
            delete_daemon(daemons, pod);
        }
    }
}

static void write_status(const struct daemons *daemons)
{
    json_t *status = json_pack(
        "{s:I, s:I, s:I, s:I, s:I}", "currentNumberScheduled", (json_int_t)daemons->current,
        "desiredNumberScheduled", (json_int_t)daemons->desired, "numberMisscheduled",
        (json_int_t)json_array_size(daemons->surplus), "numberReady", (json_int_t)daemons->ready,
        "observedGeneration", (json_int_t)sim_json_int(daemons->set, "metadata.generation", 1));
    const struct {
        const char *key;
        int64_t count;
    } counts[] = {{"updatedNumberScheduled", daemons->updated},
                  {"numberAvailable", daemons->ready},
                  {"numberUnavailable", daemons->desired - daemons->ready}};
    for (size_t i = 0; i < TG_COUNT(counts); i++) {
        if (counts[i].count > 0) {
            json_object_set_new(status, counts[i].key, json_integer(counts[i].count));
        }
    }
    sim_store_set_status(daemons->region->store,
                         sim_world_kinds(daemons->region->world)->daemon_set,
                         sim_json_text(daemons->set, "metadata.namespace"),
                         sim_json_text(daemons->set, "metadata.name"), status, NULL);
}

static void template_hash(const json_t *set, char out[11])
{
    char *text = json_dumps(sim_json_at(set, "spec.template"), JSON_COMPACT | JSON_SORT_KEYS);
    snprintf(out, 11, "%010" PRIx64, tg_hash_str(text) & UINT64_C(0xffffffffff));
    free(text);
}

static void sync_set(struct sim_region *region, const char *ns, const char *name)
{
    const struct sim_kinds *kinds = sim_world_kinds(region->world);
    json_t *set = sim_store_get(region->store, kinds->daemon_set, ns, name);
    if (set == NULL || sim_json_at(set, "metadata.deletionTimestamp") != NULL) {
        return;
    }
    json_incref(set);
    struct daemons daemons = {.region = region,
                              .set = set,
                              .spec = pod_spec(set),
                              .missing = json_array(),
                              .surplus = json_array(),
                              .outdated = json_array()};
    template_hash(set, daemons.hash);
    sim_store_each(region->store, kinds->node, NULL, look_at_node, &daemons);
    size_t i;
    json_t *item;
    json_array_foreach(daemons.surplus, i, item)
    {
        delete_daemon(&daemons, item);
    }
    json_array_foreach(daemons.missing, i, item)
    {
        create_daemon(&daemons, json_string_value(item));
        daemons.current++;
        daemons.updated++;
    }
    roll(&daemons);
    write_status(&daemons);
    json_decref(daemons.spec);
    json_decref(daemons.missing);
    json_decref(daemons.surplus);
    json_decref(daemons.outdated);
    json_decref(set);
}

static void poke(struct sim_region *region, const char *ns, const char *name)
{
    sim_controllers_poke(region, "daemonset", sync_set, ns, name,
                         &sim_world_params(region->world)->controller_react);
}

void sim_daemon_set_changed(struct sim_region *region, const struct sim_change *change)
{
    if (change->type == SIM_ADDED ||
        (change->type == SIM_MODIFIED && !json_equal(json_object_get(change->object, "spec"),
                                                     json_object_get(change->previous, "spec")))) {
        poke(region, sim_json_text(change->object, "metadata.namespace"),
             sim_json_text(change->object, "metadata.name"));
    }
}

void sim_daemon_pod_changed(struct sim_region *region, const struct sim_change *change)
{
    const json_t *owner =
        json_array_get(sim_json_at(change->object, "metadata.ownerReferences"), 0);
    if (tg_str_eq(sim_json_text(owner, "kind"), "DaemonSet")) {
        poke(region, sim_json_text(change->object, "metadata.namespace"),
             sim_json_text(owner, "name"));
    }
}

static bool poke_one(void *context, json_t *set)
{
    poke(context, sim_json_text(set, "metadata.namespace"), sim_json_text(set, "metadata.name"));
    return true;
}

void sim_daemon_node_changed(struct sim_region *region)
{
    sim_store_each(region->store, sim_world_kinds(region->world)->daemon_set, NULL, poke_one,
                   region);
}
