/* sim/controller_node.c - what a cordoned or tainted node means: its own taint, and which Pods must
 * leave. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <stdlib.h>

#include "base/mem.h"
#include "base/str.h"
#include "sim/behaviour.h"
#include "sim/json_path.h"
#include "sim/node_affinity.h"
#include "sim/pod.h"
#include "sim/shape.h"

/* New array of the node's taints with or without the one of cordoned nodes; NULL when that is how
 * it is. */
static json_t *taints_of(struct sim_world *world, const json_t *node)
{
    bool is_cordoned = sim_json_is_true(node, "spec.unschedulable");
    bool was = false;
    json_t *taints = json_array();
    size_t i;
    json_t *taint;
    json_array_foreach(sim_json_at(node, "spec.taints"), i, taint)
    {
        if (tg_str_eq(sim_json_text(taint, "key"), SIM_TAINT_UNSCHEDULABLE)) {
            was = true;
        } else {
            json_array_append(taints, taint);
        }
    }
    if (was == is_cordoned) {
        json_decref(taints);
        return NULL;
    }
    if (is_cordoned) {
        char now[SIM_TIME_SIZE];
        json_array_append_new(taints,
                              json_pack("{s:s, s:s, s:s}", "key", SIM_TAINT_UNSCHEDULABLE, "effect",
                                        "NoSchedule", "timeAdded", sim_shape_time(world, now)));
    }
    return taints;
}

struct leaving {
    const json_t *node;
    json_t *pods; /* array */
};

static bool add_leaving(void *context, json_t *pod)
{
    struct leaving *leaving = context;
    if (tg_str_eq(sim_json_text(pod, "spec.nodeName"),
                  sim_json_text(leaving->node, "metadata.name")) &&
        sim_json_at(pod, "metadata.deletionTimestamp") == NULL &&
        sim_node_taint_against(json_object_get(pod, "spec"), leaving->node, "NoExecute") != NULL) {
        json_array_append(leaving->pods, pod);
    }
    return true;
}

/* Pods that do not tolerate a NoExecute taint are deleted. */
static void empty_node(struct sim_region *region, const json_t *node)
{
    const struct sim_resource *kind = sim_world_kinds(region->world)->pod;
    struct leaving leaving = {node, json_array()};
    sim_store_each(region->store, kind, NULL, add_leaving, &leaving);
    size_t i;
    json_t *pod;
    json_array_foreach(leaving.pods, i, pod)
    {
        const char *ns = sim_json_text(pod, "metadata.namespace");
        const char *name = sim_json_text(pod, "metadata.name");
        sim_event_record(region, pod, "Normal", "TaintManagerEviction", "taint-eviction-controller",
                         "Marking for deletion Pod %s/%s", ns, name);
        sim_store_delete(region->store, kind, ns, name, -1, NULL);
    }
    json_decref(leaving.pods);
}

static void sync_node(struct sim_region *region, const char *ns, const char *name)
{
    const struct sim_resource *kind = sim_world_kinds(region->world)->node;
    json_t *node = sim_store_get(region->store, kind, ns, name);
    if (node == NULL) {
        return;
    }
    json_t *taints = taints_of(region->world, node);
    if (taints != NULL) {
        json_t *next = json_deep_copy(node);
        json_t *spec = sim_json_make_object(next, "spec");
        if (json_array_size(taints) > 0) {
            json_object_set(spec, "taints", taints);
        } else {
            json_object_del(spec, "taints");
        }
        json_decref(taints);
        node = sim_store_update(region->store, kind, next, NULL);
    }
    json_incref(node);
    empty_node(region, node);
    json_decref(node);
}

static bool same(const json_t *a, const json_t *b, const char *path)
{
    const json_t *one = sim_json_at(a, path);
    const json_t *other = sim_json_at(b, path);
    return one == other || (one != NULL && other != NULL && json_equal(one, other));
}

void sim_node_changed(struct sim_region *region, const struct sim_change *change)
{
    if (change->type == SIM_MODIFIED && same(change->object, change->previous, "spec") &&
        same(change->object, change->previous, "metadata.labels")) {
        return; /* heartbeats */
    }
    sim_scheduler_kick(region);
    if (change->type == SIM_MODIFIED) {
        sim_controllers_poke(region, "node", sync_node, "",
                             sim_json_text(change->object, "metadata.name"),
                             &sim_world_params(region->world)->controller_react);
    }
    sim_daemon_node_changed(region);
}
