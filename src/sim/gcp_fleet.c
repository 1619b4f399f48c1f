/* sim/gcp_fleet.c - the GKE Hub API: memberships and features, and what the fleet's controllers
 * make of them.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim/behaviour.h"
#include "sim/cluster.h"
#include "sim/gateway.h"
#include "sim/gcp_balancer.h"
#include "sim/gcp_list.h"
#include "sim/gcp_store.h"
#include "sim/json_path.h"
#include "sim/lab_objects.h"
#include "sim/query.h"
#include "sim/shape.h"

#define INGRESS   "multiclusteringress"
#define DISCOVERY "multiclusterservicediscovery"

static json_t *operate(struct sim_gcp_call *call, const char *verb, const char *kind,
                       const char *name, const struct sim_duration *duration,
                       sim_gcp_finish *finish, json_t *response)
{
    char *path = tg_asprintf("hub/%s/%s", kind, name);
    char *target =
        tg_asprintf("projects/%s/locations/global/%s/%s", sim_gcp_project(call->world), kind, name);
    struct sim_gcp_change change = {.type = verb,
                                    .place = "global",
                                    .target_link = target,
                                    .path = path,
                                    .duration = duration,
                                    .finish = finish,
                                    .response = response};
    json_t *answer = sim_gcp_operate_long(call->world, &change);
    free(path);
    free(target);
    return answer;
}

/* ---- what follows from it ---- */

/* Firewall rule of service discovery in a registered cluster's network: it comes back while the
 * feature lives, and nobody takes it away when the feature goes. */
static void make_ghosts(struct sim_world *world)
{
    const char *project = sim_gcp_project(world);
    if (!sim_cloud_is_feature_ready(world, DISCOVERY)) {
        return;
    }
    for (int i = 0; i < sim_world_region_count(world); i++) {
        const struct sim_region *region = sim_world_region(world, i);
        const json_t *cluster =
            sim_gcp_find(world, "container/%s/%s", region->zone, region->cluster);
        if (cluster == NULL || !sim_cloud_is_member(world, i)) {
            continue;
        }
        char name[SIM_NAME_SIZE * 2];
        snprintf(name, sizeof name, "gke-%.40s-%08" PRIx32 "-mcsd", region->cluster,
                 (uint32_t)tg_hash_str(region->cluster));
        char *path = tg_asprintf("compute/global/firewalls/%s", name);
        if (sim_gcp_find(world, "%s", path) == NULL) {
            char now[SIM_TIME_SIZE];
            char id[24];
            sim_gcp_put(
                world, path,
                sim_shape(
                    "{'kind':'compute#firewall','name':'%s','id':'%s','creationTimestamp':'%s',"
                    "'network':'https://www.googleapis.com/compute/v1/projects/%s/global/"
                    "networks/%s','direction':'INGRESS','priority':1000,'disabled':false,"
                    "'allowed':[{'IPProtocol':'tcp','ports':['8080']}],'sourceRanges':["
                    "'130.211.0.0/22','35.191.0.0/16'],'selfLink':'https://www.googleapis."
                    "com/compute/v1/projects/%s/global/firewalls/%s','logConfig':{'enable':"
                    "false}}",
                    name, sim_gcp_id("ghost", name, id), sim_gcp_now(world, now), project,
                    sim_json_text(cluster, "network"), project, name));
        }
        free(path);
    }
}

void sim_gcp_fleet_changed(struct sim_world *world)
{
    int config = sim_cloud_config_region(world);
    for (int i = 0; i < sim_world_region_count(world); i++) {
        struct sim_region *region = sim_world_region(world, i);
        if (sim_cluster_is_serving(region)) {
            sim_cluster_set_config(region, i == config);
        }
    }
    make_ghosts(world);
}

static void controllers_ready(struct sim_world *world, void *data)
{
    (void)data;
    sim_gcp_fleet_changed(world);
    if (sim_gateway_is_programmed(world)) {
        sim_gcp_balancer_make(world);
    }
}

void sim_gcp_fleet_heal(struct sim_world *world)
{
    int64_t wait_us = sim_draw_range(world, "fleet", "heal", &sim_world_params(world)->fleet_heal);
    sim_world_at(world, sim_world_now_us(world) + wait_us, SIM_PRIORITY_CONTROL, controllers_ready,
                 NULL, NULL);
}

/* ---- memberships ---- */

static void membership_ready(struct sim_world *world, const char *path)
{
    json_t *document = sim_gcp_find(world, "%s", path);
    if (document != NULL) {
        json_t *next = json_deep_copy(document);
        json_object_set_new(next, "state", json_pack("{s:s}", "code", "READY"));
        sim_gcp_put(world, path, next);
        sim_gcp_fleet_changed(world);
    }
}

static void drop(struct sim_world *world, const char *path)
{
    sim_gcp_drop(world, path);
    sim_gcp_fleet_changed(world);
}

static json_t *create_membership(struct sim_gcp_call *call, const char *name)
{
    struct sim_world *world = call->world;
    char id[24];
    char now[SIM_TIME_SIZE];
    char zone[SIM_NAME_SIZE] = "";
    const char *link = sim_json_text(call->body, "endpoint.gkeCluster.resourceLink");
    const char *location = strstr(link, "/locations/");
    location = location == NULL ? strstr(link, "/zones/") : location;
    if (location != NULL) {
        tg_str_copy(zone, sizeof zone, strchr(location + 1, '/') + 1);
        zone[strcspn(zone, "/")] = '\0';
    }
    if (sim_gcp_find(world, "container/%s/%s", zone, sim_gcp_last(link)) == NULL) {
        return sim_gcp_error(call, 400, "INVALID_ARGUMENT",
                             "InvalidValueError for field endpoint.gke_cluster.resource_link: "
                             "cluster %s does not exist",
                             link);
    }
    json_t *document = json_deep_copy(call->body);
    json_t *fixed = sim_shape(
        "{'name':'projects/%s/locations/global/memberships/%s','state':{'code':'CREATING'},"
        "'uniqueId':'%s','createTime':'%s'}",
        sim_gcp_project(world), name, sim_gcp_id("membership", name, id), sim_gcp_now(world, now));
    /* who asked for no authority reads none back, or Terraform would take it away at each plan */
    json_t *authority = json_object_get(document, "authority");
    if (authority != NULL) {
        json_object_set_new(authority, "workloadIdentityPool",
                            json_sprintf("%s.svc.id.goog", sim_gcp_project(world)));
    }
    json_object_update(document, fixed);
    json_decref(fixed);
    json_object_set_new(document, "_zone", json_string(zone));
    json_object_set_new(document, "_cluster", json_string(sim_gcp_last(link)));
    char *path = tg_asprintf("hub/memberships/%s", name);
    json_t *response = sim_gcp_shown(document);
    sim_gcp_put(world, path, document);
    free(path);
    return operate(call, "create", "memberships", name, &sim_world_params(world)->membership_create,
                   membership_ready, response);
}

/* ---- features ---- */

static void feature_active(struct sim_world *world, const char *path)
{
    json_t *document = sim_gcp_find(world, "%s", path);
    if (document == NULL) {
        return;
    }
    int64_t now_us = sim_world_now_us(world);
    int64_t ready_us = now_us < 0
                           ? now_us
                           : now_us + sim_draw_duration(world, path, "controller",
                                                        &sim_world_params(world)->fleet_controller);
    json_t *next = json_deep_copy(document);
    json_object_set_new(next, "resourceState", json_pack("{s:s}", "state", "ACTIVE"));
    json_object_set_new(next, "_ready", json_integer((json_int_t)ready_us));
    sim_gcp_put(world, path, next);
    if (now_us < 0) {
        sim_gcp_fleet_changed(world);
    } else {
        sim_world_at(world, ready_us, SIM_PRIORITY_CONTROL, controllers_ready, NULL, NULL);
    }
}

static json_t *show_feature(struct sim_world *world, const json_t *document)
{
    json_t *shown = sim_gcp_shown(document);
    bool is_ready = sim_world_now_us(world) >= sim_json_int(document, "_ready", (int64_t)1 << 60);
    json_object_set_new(
        shown, "state",
        is_ready
            ? sim_shape("{'state':{'code':'OK','description':'Ready to use'}}")
            : sim_shape("{'state':{'code':'WARNING','description':'Controller is starting'}}"));
    json_t *states = json_object();
    for (int i = 0; i < sim_world_region_count(world); i++) {
        const struct sim_region *region = sim_world_region(world, i);
        if (sim_cloud_is_member(world, i)) {
            char key[SIM_NAME_SIZE * 3];
            snprintf(key, sizeof key, "projects/%" PRIu64 "/locations/global/memberships/%s",
                     sim_lab_project_number(world), region->cluster);
            json_object_set_new(states, key, sim_shape("{'state':{'code':'OK'}}"));
        }
    }
    json_object_set_new(shown, "membershipStates", states);
    return shown;
}

static json_t *create_feature(struct sim_gcp_call *call, const char *name)
{
    struct sim_world *world = call->world;
    char now[SIM_TIME_SIZE];
    const char *config =
        sim_gcp_last(sim_json_text(call->body, "spec.multiclusteringress.configMembership"));
    if (tg_str_eq(name, INGRESS) && sim_gcp_find(world, "hub/memberships/%s", config) == NULL) {
        return sim_gcp_error(call, 400, "INVALID_ARGUMENT",
                             "InvalidValueError for field spec.multiclusteringress."
                             "config_membership: membership %s does not exist",
                             config);
    }
    json_t *document = json_deep_copy(call->body);
    json_t *fixed = sim_shape("{'name':'projects/%s/locations/global/features/%s','resourceState':"
                              "{'state':'ENABLING'},'createTime':'%s','updateTime':'%s'}",
                              sim_gcp_project(world), name, sim_gcp_now(world, now), now);
    json_object_update(document, fixed);
    json_decref(fixed);
    char *path = tg_asprintf("hub/features/%s", name);
    json_t *response = sim_gcp_shown(document);
    sim_gcp_put(world, path, document);
    free(path);
    return operate(call, "create", "features", name, &sim_world_params(world)->feature_create,
                   feature_active, response);
}

static json_t *patch_document(struct sim_gcp_call *call, const char *kind, const char *name)
{
    char *path = tg_asprintf("hub/%s/%s", kind, name);
    json_t *next = json_deep_copy(sim_gcp_find(call->world, "%s", path));
    json_t *changes = json_deep_copy(call->body);
    json_object_update(next, changes);
    json_decref(changes);
    json_t *response = sim_gcp_shown(next);
    sim_gcp_put(call->world, path, next);
    free(path);
    sim_gcp_fleet_changed(call->world);
    return operate(call, "update", kind, name, NULL, NULL, response);
}

static json_t *delete_feature(struct sim_gcp_call *call, const char *name)
{
    struct sim_world *world = call->world;
    int config = sim_cloud_config_region(world);
    bool is_forced = sim_query_is_true(call->params, "force");
    if (tg_str_eq(name, INGRESS) && config >= 0 && !is_forced &&
        sim_store_count(sim_world_region(world, config)->store, sim_world_kinds(world)->gateway) >
            0) {
        return sim_gcp_error(call, 400, "FAILED_PRECONDITION",
                             "Feature has associated resources that should be cleaned up before "
                             "deletion: gateways in the config cluster.");
    }
    return operate(call, "delete", "features", name, &sim_world_params(world)->feature_create, drop,
                   NULL);
}

/* ---- requests ---- */

static json_t *page(struct sim_gcp_call *call, const char *kind)
{
    char folder[64];
    snprintf(folder, sizeof folder, "hub/%s", kind);
    json_t *items = json_array();
    json_t *stored = sim_gcp_children(call->world, folder);
    size_t i;
    json_t *item;
    json_array_foreach(stored, i, item)
    {
        const json_t *document =
            sim_gcp_find(call->world, "hub/%s/%s", kind, sim_gcp_last(sim_json_text(item, "name")));
        json_array_append_new(items, tg_str_eq(kind, "features")
                                         ? show_feature(call->world, document)
                                         : sim_gcp_shown(document));
    }
    json_decref(stored);
    json_t *error = NULL;
    json_t *answer = json_object();
    if (!sim_gcp_filter(call, items, &error) ||
        !sim_gcp_page(call, items, "pageSize", 100, answer, &error)) {
        json_decref(answer);
        answer = error;
    } else if (json_array_size(items) > 0) {
        json_object_set(answer, "resources", items);
    }
    json_decref(items);
    return answer;
}

static json_t *create(struct sim_gcp_call *call, const char *kind)
{
    bool is_feature = tg_str_eq(kind, "features");
    char name[SIM_NAME_SIZE];
    tg_str_copy(name, sizeof name,
                sim_query_text(call->params, is_feature ? "featureId" : "membershipId"));
    if (!sim_gcp_is_name(name)) {
        return sim_gcp_error(call, 400, "INVALID_ARGUMENT",
                             "InvalidValueError for field %s: \"%.100s\" is no name of a resource.",
                             is_feature ? "feature_id" : "membership_id", name);
    }
    if (sim_gcp_find(call->world, "hub/%s/%s", kind, name) != NULL) {
        return sim_gcp_error(call, 409, "ALREADY_EXISTS",
                             "Resource 'projects/%s/locations/global/%s/%s' already exists",
                             sim_gcp_project(call->world), kind, name);
    }
    return is_feature ? create_feature(call, name) : create_membership(call, name);
}

json_t *sim_gcp_hub(struct sim_gcp_call *call)
{
    const char *kind = sim_gcp_segment(call, 4);
    const char *name = sim_gcp_segment(call, 5);
    bool is_feature = tg_str_eq(kind, "features");
    if (tg_str_eq(kind, "operations")) {
        return sim_gcp_operations(call, "gkehub", 5);
    }
    if ((!is_feature && !tg_str_eq(kind, "memberships")) || call->count > 6) {
        return NULL;
    }
    if (name[0] == '\0') {
        return tg_str_eq(call->method, "POST") ? create(call, kind) : page(call, kind);
    }
    const json_t *document = sim_gcp_find(call->world, "hub/%s/%s", kind, name);
    if (document == NULL) {
        return sim_gcp_error(call, 404, "NOT_FOUND",
                             "Resource 'projects/%s/locations/global/%s/%s' was not found",
                             sim_gcp_project(call->world), kind, name);
    }
    if (tg_str_eq(call->method, "PATCH")) {
        return patch_document(call, kind, name);
    }
    if (tg_str_eq(call->method, "DELETE")) {
        return is_feature ? delete_feature(call, name)
                          : operate(call, "delete", kind, name,
                                    &sim_world_params(call->world)->feature_create, drop, NULL);
    }
    return is_feature ? show_feature(call->world, document) : sim_gcp_shown(document);
}
