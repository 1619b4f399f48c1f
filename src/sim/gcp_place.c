/* sim/gcp_place.c - Compute Engine's regions and zones, and what every zone offers. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "sim/gcp_compute.h"
#include "sim/gcp_list.h"
#include "sim/gcp_quota.h"
#include "sim/gcp_store.h"
#include "sim/json_path.h"
#include "sim/shape.h"

#define BASE         "https://www.googleapis.com/compute/v1/projects/"
#define ZONE_LETTERS "abc"
#define PAGE_MAX     500

/* A zone of a region: the lab's, or one of its neighbours, where nothing of the lab can stand. */
static struct sim_region *region_of_zone(struct sim_world *world, const char *zone)
{
    size_t len = strlen(zone);
    for (int i = 0; i < sim_world_region_count(world); i++) {
        struct sim_region *region = sim_world_region(world, i);
        size_t name_len = strlen(region->name);
        if (len == name_len + 2 && strncmp(region->name, zone, name_len) == 0 &&
            zone[name_len] == '-' && strchr(ZONE_LETTERS, zone[name_len + 1]) != NULL) {
            return region;
        }
    }
    return NULL;
}

/* TPU v6e stands in the lab's zones, and in one more where Google says so. */
bool sim_gcp_zone_has_tpu(const struct sim_region *region, const char *zone)
{
    return tg_str_eq(zone, region->zone) || tg_str_eq(zone, "us-east5-a");
}

static json_t *region_item(struct sim_gcp_call *call, const struct sim_region *region)
{
    const char *project = sim_gcp_project(call->world);
    char id[24];
    json_t *item = sim_shape("{'kind':'compute#region','name':'%s','description':'%s','id':'%s',"
                             "'status':'UP','creationTimestamp':'1969-12-31T16:00:00.000-08:00',"
                             "'selfLink':'" BASE "%s/regions/%s','supportsPzs':false}",
                             region->name, region->name, sim_gcp_id("place", region->name, id),
                             project, region->name);
    json_t *zones = json_array();
    for (const char *letter = ZONE_LETTERS; *letter != '\0'; letter++) {
        json_array_append_new(zones,
                              json_sprintf(BASE "%s/zones/%s-%c", project, region->name, *letter));
    }
    json_object_set_new(item, "zones", zones);
    json_object_set_new(item, "quotas", sim_gcp_region_quotas(call->world, region));
    return item;
}

static json_t *zone_item(struct sim_gcp_call *call, const struct sim_region *region,
                         const char *zone)
{
    const char *project = sim_gcp_project(call->world);
    char id[24];
    return sim_shape("{'kind':'compute#zone','name':'%s','description':'%s','id':'%s','status':"
                     "'UP','creationTimestamp':'1969-12-31T16:00:00.000-08:00','region':'" BASE
                     "%s/regions/%s','selfLink':'" BASE "%s/zones/%s','supportsPzs':false}",
                     zone, zone, sim_gcp_id("place", zone, id), project, region->name, project,
                     zone);
}

static json_t *list_places(struct sim_gcp_call *call, bool is_zone)
{
    json_t *items = json_array();
    for (int i = 0; i < sim_world_region_count(call->world); i++) {
        const struct sim_region *region = sim_world_region(call->world, i);
        if (!is_zone) {
            json_array_append_new(items, region_item(call, region));
        }
        for (const char *letter = ZONE_LETTERS; is_zone && *letter != '\0'; letter++) {
            char zone[SIM_NAME_SIZE + 4];
            snprintf(zone, sizeof zone, "%s-%c", region->name, *letter);
            json_array_append_new(items, zone_item(call, region, zone));
        }
    }
    return sim_gcp_compute_page(call, is_zone ? "zone" : "region", is_zone ? "zones" : "regions",
                                items);
}

/* ---- machine types and accelerator types ---- */

static json_t *machine_item(struct sim_gcp_call *call, const char *zone,
                            const struct sim_machine *machine)
{
    char id[24];
    json_t *item = sim_shape(
        "{'kind':'compute#machineType','id':'%s','name':'%s','guestCpus':%d,'memoryMb':%d,"
        "'zone':'%s','description':'%d vCPUs, %d GB RAM','isSharedCpu':%s,'architecture':'X86_64',"
        "'maximumPersistentDisks':128,'maximumPersistentDisksSizeGb':'263168',"
        "'creationTimestamp':'1969-12-31T16:00:00.000-08:00','selfLink':'" BASE
        "%s/zones/%s/machineTypes/%s'}",
        sim_gcp_id(zone, machine->name, id), machine->name, machine->cpus, machine->memory_mib,
        zone, machine->cpus, machine->memory_mib / 1024,
        tg_str_eq(machine->name, "e2-medium") ? "true" : "false", sim_gcp_project(call->world),
        zone, machine->name);
    if (machine->chips > 0) {
        json_object_set_new(item, "accelerators",
                            sim_shape("[{'guestAcceleratorType':'ct6e','guestAcceleratorCount':"
                                      "%d}]",
                                      machine->chips));
    }
    return item;
}

static json_t *machine_items(struct sim_gcp_call *call, const struct sim_region *region,
                             const char *zone)
{
    json_t *items = json_array();
    struct sim_machine machine;
    for (int i = 0; sim_gcp_machine_at(sim_gcp_zone_has_tpu(region, zone), i, &machine); i++) {
        if (sim_gcp_offers(call->world, zone, machine.name)) {
            json_array_append_new(items, machine_item(call, zone, &machine));
        }
    }
    return items;
}

static json_t *accelerator_items(struct sim_gcp_call *call, const struct sim_region *region,
                                 const char *zone)
{
    json_t *items = json_array();
    char id[24];
    if (sim_gcp_zone_has_tpu(region, zone)) {
        json_array_append_new(
            items,
            sim_shape("{'kind':'compute#acceleratorType','id':'%s','name':'ct6e','description':"
                      "'TPU v6e','maximumCardsPerInstance':8,'zone':'" BASE
                      "%s/zones/%s','creationTimestamp':'1969-12-31T16:00:00.000-08:00',"
                      "'selfLink':'" BASE "%s/zones/%s/acceleratorTypes/ct6e'}",
                      sim_gcp_id(zone, "ct6e", id), sim_gcp_project(call->world), zone,
                      sim_gcp_project(call->world), zone));
    }
    return items;
}

static json_t *offers(struct sim_gcp_call *call, const struct sim_region *region, const char *zone,
                      const char *collection)
{
    return tg_str_eq(collection, "machineTypes") ? machine_items(call, region, zone)
                                                 : accelerator_items(call, region, zone);
}

static json_t *aggregated_offers(struct sim_gcp_call *call, const char *collection)
{
    json_t *error = NULL;
    json_t *scopes = json_object();
    for (int i = 0; i < sim_world_region_count(call->world); i++) {
        const struct sim_region *region = sim_world_region(call->world, i);
        for (const char *letter = ZONE_LETTERS; *letter != '\0'; letter++) {
            char zone[SIM_NAME_SIZE + 4];
            char scope[SIM_NAME_SIZE + 16];
            snprintf(zone, sizeof zone, "%s-%c", region->name, *letter);
            snprintf(scope, sizeof scope, "zones/%s", zone);
            json_t *items = offers(call, region, zone, collection);
            if (!sim_gcp_filter(call, items, &error)) {
                json_decref(items);
                json_decref(scopes);
                return error;
            }
            json_object_set_new(scopes, scope, sim_gcp_compute_scope(scope, collection, items));
        }
    }
    return json_pack(
        "{s:o,s:o,s:o}", "kind",
        json_sprintf("compute#%.*sAggregatedList", (int)strlen(collection) - 1, collection), "id",
        json_sprintf("projects/%s/aggregated/%s", sim_gcp_project(call->world), collection),
        "items", scopes);
}

static json_t *named(struct sim_gcp_call *call, json_t *items, const char *scope,
                     const char *collection, const char *name)
{
    json_t *found = NULL;
    size_t i;
    json_t *item;
    json_array_foreach(items, i, item)
    {
        found = tg_str_eq(sim_json_text(item, "name"), name) ? item : found;
    }
    json_incref(found);
    json_decref(items);
    return found != NULL ? found : sim_gcp_compute_missing(call, scope, collection, name);
}

bool sim_gcp_is_place(const struct sim_gcp_call *call)
{
    const char *place = sim_gcp_segment(call, 2);
    bool is_zone = tg_str_eq(place, "zones");
    const char *collection = sim_gcp_segment(call, tg_str_eq(place, "aggregated") ? 3 : 4);
    bool is_offer =
        tg_str_eq(collection, "machineTypes") || tg_str_eq(collection, "acceleratorTypes");
    return ((is_zone || tg_str_eq(place, "regions")) && call->count <= 4) || is_offer;
}

json_t *sim_gcp_places(struct sim_gcp_call *call)
{
    const char *place = sim_gcp_segment(call, 2);
    const char *name = sim_gcp_segment(call, 3);
    const char *collection = sim_gcp_segment(call, 4);
    bool is_zone = tg_str_eq(place, "zones");
    if (!tg_str_eq(call->method, "GET")) {
        return NULL;
    }
    if (tg_str_eq(place, "aggregated")) {
        return aggregated_offers(call, name);
    }
    if (call->count == 3) {
        return list_places(call, is_zone);
    }
    const struct sim_region *region =
        is_zone ? region_of_zone(call->world, name) : sim_gcp_region(call->world, name);
    if (region == NULL) {
        return sim_gcp_error(call, 404, "NOT_FOUND",
                             "The resource 'projects/%s/%s/%s' was not found",
                             sim_gcp_project(call->world), place, name);
    }
    if (call->count == 4) {
        return is_zone ? zone_item(call, region, name) : region_item(call, region);
    }
    char scope[SIM_GCP_SEGMENT_SIZE + 16];
    snprintf(scope, sizeof scope, "zones/%s", name);
    json_t *items = offers(call, region, name, collection);
    return call->count == 5
               ? sim_gcp_compute_page(call,
                                      tg_str_eq(collection, "machineTypes") ? "machineType"
                                                                            : "acceleratorType",
                                      collection, items)
               : named(call, items, scope, collection, sim_gcp_segment(call, 5));
}
