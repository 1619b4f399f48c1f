/* sim/cluster.c - clusters and node pools come and go: what GKE itself puts into a cluster. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "sim/cluster.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/str.h"
#include "sim/behaviour.h"
#include "sim/definition.h"
#include "sim/json_path.h"
#include "sim/lab_objects.h"
#include "sim/pod.h"
#include "sim/rbac.h"
#include "sim/shape.h"
#include "sim/volume.h"

#define TPU_MACHINE "ct6e"
#define MC_CLASS    "-mc"

/* ---- namespaces ---- */

void sim_cluster_namespace_changed(struct sim_region *region, const struct sim_change *change)
{
    const struct sim_kinds *kinds = sim_world_kinds(region->world);
    const char *name = sim_json_text(change->object, "metadata.name");
    if (change->type != SIM_ADDED) {
        return;
    }
    sim_shape_create(region->store, kinds->service_account,
                     sim_shape("{'metadata':{'name':'default','namespace':'%s'}}", name));
    sim_shape_create(region->store, kinds->config_map,
                     sim_shape("{'metadata':{'name':'kube-root-ca.crt','namespace':'%s'},'data':{"
                               "'ca.crt':'(simulated)'}}",
                               name));
}

static void create_namespaces(struct sim_region *region)
{
    static const char *const names[] = {
        "default",    "gke-gmp-system",  "gke-managed-networking-dra-driver",
        "gmp-system", "kube-node-lease", "kube-public",
        "kube-system"};
    const struct sim_resource *kind = sim_world_kinds(region->world)->namespaces;
    for (size_t i = 0; i < TG_COUNT(names); i++) {
        sim_shape_create(
            region->store, kind,
            sim_shape("{'metadata':{'name':'%s','labels':{'kubernetes.io/metadata.name':'%s'}},"
                      "'spec':{'finalizers':['kubernetes']},'status':{'phase':'Active'}}",
                      names[i], names[i]));
    }
}

/* ---- gateway classes ---- */

static void create_class(struct sim_region *region, const char *name)
{
    json_t *status = json_object();
    sim_shape_condition(region->world, status, "Accepted", true, "Accepted", "", NULL);
    json_t *class = sim_shape("{'metadata':{'name':'%s'},'spec':{'controllerName':"
                              "'networking.gke.io/gateway','description':'GKE Gateway class %s'}}",
                              name, name);
    json_object_set_new(class, "status", status);
    sim_shape_create(region->store, sim_world_kinds(region->world)->gateway_class, class);
}

void sim_cluster_set_config(struct sim_region *region, bool is_config)
{
    static const char *const classes[] = {"gke-l7-cross-regional-internal-managed-mc",
                                          "gke-l7-global-external-managed-mc", "gke-l7-gxlb-mc",
                                          "gke-l7-regional-external-managed-mc", "gke-l7-rilb-mc"};
    if (region->is_config == is_config) {
        return;
    }
    region->is_config = is_config;
    for (size_t i = 0; i < TG_COUNT(classes); i++) {
        if (is_config) {
            create_class(region, classes[i]);
        } else {
            sim_store_remove(region->store, sim_world_kinds(region->world)->gateway_class, "",
                             classes[i]);
        }
    }
    if (is_config) {
        sim_fleet_controllers_start(region);
    }
}

/* ---- clusters ---- */

/* The API server writes its own addresses, as no Pod is behind its Service. */
static void create_api_service(struct sim_region *region)
{
    const struct sim_kinds *kinds = sim_world_kinds(region->world);
    char address[SIM_IP_SIZE];
    sim_region_node_ip(region, 2, address);
    sim_shape_create(region->store, kinds->service,
                     sim_shape("{'metadata':{'name':'kubernetes','namespace':'default','labels':{"
                               "'component':'apiserver','provider':'kubernetes'}},'spec':{'type':"
                               "'ClusterIP','clusterIP':'34.118.224.1','clusterIPs':["
                               "'34.118.224.1'],'ports':[{'name':'https','protocol':'TCP','port':"
                               "443,'targetPort':443}]},'status':{'loadBalancer':{}}}"));
    sim_shape_create(
        region->store, kinds->endpoints,
        sim_shape("{'metadata':{'name':'kubernetes','namespace':'default','labels':{"
                  "'endpointslice.kubernetes.io/skip-mirror':'true'}},'subsets':[{'addresses':[{"
                  "'ip':'%s'}],'ports':[{'name':'https','port':443,'protocol':'TCP'}]}]}",
                  address));
    sim_shape_create(
        region->store, kinds->endpoint_slice,
        sim_shape("{'metadata':{'name':'kubernetes','namespace':'default','labels':{"
                  "'kubernetes.io/service-name':'kubernetes'}},'addressType':'IPv4','endpoints':[{"
                  "'addresses':['%s'],'conditions':{'ready':true}}],'ports':[{'name':'https',"
                  "'port':443,'protocol':'TCP'}]}",
                  address));
}

void sim_cluster_create(struct sim_region *region)
{
    static const char *const classes[] = {"gke-l7-global-external-managed", "gke-l7-gxlb",
                                          "gke-l7-regional-external-managed", "gke-l7-rilb"};
    if (region->is_serving) {
        return;
    }
    region->is_serving = true;
    sim_definition_create_gke(region);
    create_namespaces(region);
    sim_rbac_create(region);
    sim_volume_create_classes(region);
    create_api_service(region);
    for (size_t i = 0; i < TG_COUNT(classes); i++) {
        create_class(region, classes[i]);
    }
}

struct keys {
    json_t *list; /* [namespace, name] */
};

static bool add_key(void *context, json_t *object)
{
    struct keys *keys = context;
    json_array_append_new(keys->list,
                          json_pack("[s,s]", sim_json_text(object, "metadata.namespace"),
                                    sim_json_text(object, "metadata.name")));
    return true;
}

static void remove_all(struct sim_region *region, const struct sim_resource *resource)
{
    struct keys keys = {json_array()};
    sim_store_each(region->store, resource, NULL, add_key, &keys);
    size_t i;
    json_t *key;
    json_array_foreach(keys.list, i, key)
    {
        sim_store_remove(region->store, resource, json_string_value(json_array_get(key, 0)),
                         json_string_value(json_array_get(key, 1)));
    }
    json_decref(keys.list);
}

void sim_cluster_delete(struct sim_region *region)
{
    if (region == NULL || !region->is_serving) {
        return;
    }
    const struct sim_kinds *kinds = sim_world_kinds(region->world);
    /* owners first, so that nothing is made anew */
    const struct sim_resource *const first[] = {kinds->deployment, kinds->replica_set, kinds->job,
                                                kinds->pod};
    for (size_t i = 0; i < TG_COUNT(first); i++) {
        remove_all(region, first[i]);
    }
    const struct sim_resource *served;
    for (size_t i = 0; (served = sim_served_at(region->store, i)) != NULL; i++) {
        if (served != kinds->definition) { /* which go last: they say where the others are */
            remove_all(region, served);
        }
    }
    for (const struct sim_resource *r = sim_resources; r->plural != NULL; r++) {
        remove_all(region, r);
    }
    region->is_serving = false;
    region->is_config = false;
}

bool sim_cluster_is_serving(const struct sim_region *region)
{
    return region != NULL && region->is_serving;
}

/* ---- node pools ---- */

static void devices_ready(struct sim_world *world, void *data)
{
    struct sim_region *region = data;
    if (region->is_serving &&
        sim_store_get(region->store, sim_world_kinds(world)->node, "", region->tpu_node) != NULL) {
        sim_lab_devices(region);
        sim_scheduler_kick(region);
    }
}

void sim_cluster_pool_set(struct sim_region *region, const struct sim_pool_spec *spec)
{
    struct sim_world *world = region->world;
    int index = tg_str_has_prefix(spec->machine_type, TPU_MACHINE) ? 1 : 0;
    const char *node = index == 0 ? region->default_node : region->tpu_node;
    if (spec->count == 0) {
        sim_cluster_pool_remove(region, spec->name);
        return;
    }
    if (sim_store_get(region->store, sim_world_kinds(world)->node, "", node) != NULL) {
        return;
    }
    bool is_building = sim_world_now_us(world) < 0;
    sim_lab_node(region, index, is_building);
    if (index == 1 && spec->has_dra_label && spec->has_dra_profile) {
        int64_t delay_us = is_building ? 0
                                       : sim_draw_range(world, region->cluster, "device-plugin",
                                                        &sim_world_params(world)->device_plugin);
        if (delay_us == 0) {
            sim_lab_devices(region);
        } else {
            sim_world_at(world, sim_world_now_us(world) + delay_us, SIM_PRIORITY_NODE,
                         devices_ready, region, NULL);
        }
    }
    sim_scheduler_kick(region);
}

struct on_node {
    const char *node;
    json_t *list;
};

static bool add_on_node(void *context, json_t *object)
{
    struct on_node *wanted = context;
    if (tg_str_eq(sim_json_text(object, "spec.nodeName"), wanted->node)) {
        json_array_append_new(wanted->list,
                              json_pack("[s,s]", sim_json_text(object, "metadata.namespace"),
                                        sim_json_text(object, "metadata.name")));
    }
    return true;
}

static void remove_on_node(struct sim_region *region, const struct sim_resource *resource,
                           const char *node)
{
    struct on_node wanted = {node, json_array()};
    sim_store_each(region->store, resource, NULL, add_on_node, &wanted);
    size_t i;
    json_t *key;
    json_array_foreach(wanted.list, i, key)
    {
        sim_store_remove(region->store, resource, json_string_value(json_array_get(key, 0)),
                         json_string_value(json_array_get(key, 1)));
    }
    json_decref(wanted.list);
}

void sim_cluster_pool_remove(struct sim_region *region, const char *pool)
{
    if (region == NULL || !region->is_serving) {
        return;
    }
    const struct sim_kinds *kinds = sim_world_kinds(region->world);
    const char *node = tg_str_eq(pool, "default-pool") ? region->default_node : region->tpu_node;
    remove_on_node(region, kinds->slice, node);
    sim_store_remove(region->store, kinds->node, "", node);
    sim_store_remove(region->store, kinds->lease, "kube-node-lease", node);
    remove_on_node(region, kinds->pod, node);
}
