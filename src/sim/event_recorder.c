/* sim/event_recorder.c - Events about objects, counted when they repeat, gone after their hour. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/str.h"
#include "sim/behaviour.h"
#include "sim/json_path.h"
#include "sim/shape.h"

struct recorded {
    struct sim_region *region;
    char *key;
    char *ns;
    char *name;
    uint64_t expiry_event;
};

static void recorded_free(void *data)
{
    struct recorded *recorded = data;
    free(recorded->key);
    free(recorded->ns);
    free(recorded->name);
    free(recorded);
}

static void expire(struct sim_world *world, void *data)
{
    struct recorded *recorded = data;
    struct sim_behaviour *behaviour = sim_world_behaviour(world);
    sim_store_remove(recorded->region->store, behaviour->kinds.event, recorded->ns, recorded->name);
    tg_map_remove(behaviour->events, recorded->key);
}

static void plan_expiry(struct sim_world *world, struct recorded *recorded)
{
    sim_world_cancel(world, recorded->expiry_event);
    int64_t ttl_us = sim_world_params(world)->event_ttl_us;
    recorded->expiry_event = sim_world_at(world, sim_world_now_us(world) + ttl_us,
                                          SIM_PRIORITY_CONTROL, expire, recorded, NULL);
}

/* Events are called by their object and the nanosecond in which they were made, as client-go does:
 * so lists, which are in the order of names, show an object's Events in the order in which they
 * came. */
static char *event_name_new(struct sim_world *world, const char *name)
{
    struct sim_behaviour *behaviour = sim_world_behaviour(world);
    int64_t now_ns = sim_world_wall_us(world) * 1000;
    behaviour->event_name_ns =
        now_ns > behaviour->event_name_ns ? now_ns : behaviour->event_name_ns + 1;
    return tg_asprintf("%s.%016" PRIx64, name, (uint64_t)behaviour->event_name_ns);
}

static json_t *event_new(struct sim_region *region, const json_t *object, const char *type,
                         const char *reason, const char *component, const char *message)
{
    struct sim_world *world = region->world;
    const char *name = sim_json_text(object, "metadata.name");
    const char *ns = sim_json_text(object, "metadata.namespace");
    bool is_node = tg_str_eq(component, "kubelet");
    char now[SIM_TIME_SIZE];
    sim_shape_time(world, now);
    char *event_name = event_name_new(world, name);
    json_t *event = json_pack(
        "{s:s,s:s,s:{s:s,s:s},s:{s:s,s:s,s:s,s:s,s:s,s:s},s:s,s:s,s:s,s:{s:s},s:s,s:s,s:i,s:n,s:s,"
        "s:s}",
        "apiVersion", "v1", "kind", "Event", "metadata", "name", event_name, "namespace",
        ns[0] == '\0' ? "default" : ns, "involvedObject", "kind", sim_json_text(object, "kind"),
        "namespace", ns, "name", name, "uid", sim_json_text(object, "metadata.uid"), "apiVersion",
        sim_json_text(object, "apiVersion"), "resourceVersion",
        sim_json_text(object, "metadata.resourceVersion"), "type", type, "reason", reason,
        "message", message, "source", "component", component, "firstTimestamp", now,
        "lastTimestamp", now, "count", 1, "eventTime", "reportingComponent", component,
        "reportingInstance", is_node ? sim_json_text(object, "spec.nodeName") : "");
    if (is_node) {
        json_object_set(json_object_get(event, "source"), "host",
                        json_object_get(event, "reportingInstance"));
    }
    free(event_name);
    return event;
}

static void count_again(struct sim_region *region, struct recorded *recorded)
{
    struct sim_world *world = region->world;
    const struct sim_resource *kind = sim_world_kinds(world)->event;
    json_t *event = sim_store_get(region->store, kind, recorded->ns, recorded->name);
    if (event == NULL) {
        return;
    }
    char now[SIM_TIME_SIZE];
    json_t *next = json_copy(event);
    json_object_set_new(next, "count", json_integer(sim_json_int(event, "count", 1) + 1));
    json_object_set_new(next, "lastTimestamp", json_string(sim_shape_time(world, now)));
    sim_store_update(region->store, kind, next, NULL);
    plan_expiry(world, recorded);
}

void sim_event_record(struct sim_region *region, const json_t *object, const char *type,
                      const char *reason, const char *component, const char *format, ...)
{
    struct sim_world *world = region->world;
    struct sim_behaviour *behaviour = sim_world_behaviour(world);
    va_list args;
    va_start(args, format);
    char *message = tg_vasprintf(format, args);
    va_end(args);
    if (behaviour->events == NULL) {
        behaviour->events = tg_map_new(recorded_free);
    }
    char *key = tg_asprintf("%s/%s/%s/%s", region->name, sim_json_text(object, "metadata.uid"),
                            reason, message);
    struct recorded *recorded = tg_map_get(behaviour->events, key);
    if (recorded != NULL && sim_store_get(region->store, behaviour->kinds.event, recorded->ns,
                                          recorded->name) != NULL) {
        free(key);
        count_again(region, recorded);
    } else {
        if (recorded != NULL) {
            sim_world_cancel(world, recorded->expiry_event);
        }
        json_t *event = event_new(region, object, type, reason, component, message);
        recorded = TG_NEW(struct recorded);
        recorded->region = region;
        recorded->key = key;
        recorded->ns = tg_strdup(sim_json_text(event, "metadata.namespace"));
        recorded->name = tg_strdup(sim_json_text(event, "metadata.name"));
        tg_map_put(behaviour->events, key, recorded);
        plan_expiry(world, recorded);
        sim_shape_create(region->store, behaviour->kinds.event, event);
    }
    free(message);
}

void sim_event_recorder_fini(struct sim_behaviour *behaviour)
{
    tg_map_free(behaviour->events);
    behaviour->events = NULL;
}
