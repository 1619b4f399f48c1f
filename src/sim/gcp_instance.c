/* sim/gcp_instance.c - what node pools look like in Compute Engine: instances and their groups. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "sim/behaviour.h"
#include "sim/gcp_compute.h"
#include "sim/gcp_store.h"
#include "sim/json_path.h"
#include "sim/shape.h"

#define BASE "https://www.googleapis.com/compute/v1/projects/"

/* ---- instances ---- */

static const char *label_of(const json_t *node, const char *label)
{
    const char *text =
        json_string_value(json_object_get(sim_json_at(node, "metadata.labels"), label));
    return text == NULL ? "" : text;
}

static const char *address_of(const json_t *node)
{
    size_t i;
    json_t *address;
    json_array_foreach(sim_json_at(node, "status.addresses"), i, address)
    {
        if (tg_str_eq(sim_json_text(address, "type"), "InternalIP")) {
            return sim_json_text(address, "address");
        }
    }
    return "";
}

struct instances {
    struct sim_world *world;
    const struct sim_region *region;
    json_t *items;
};

static json_t *instance_of(struct instances *all, const json_t *node)
{
    const char *project = sim_gcp_project(all->world);
    const char *zone = all->region->zone;
    const char *name = sim_json_text(node, "metadata.name");
    const char *type = label_of(node, "node.kubernetes.io/instance-type");
    json_t *instance = sim_shape(
        "{'status':'RUNNING','zone':'" BASE "%s/zones/%s','canIpForward':true,'networkInterfaces':"
        "[{'kind':'compute#networkInterface','name':'nic0','network':'" BASE
        "%s/global/networks/" SIM_NETWORK "','subnetwork':'" BASE
        "%s/regions/%s/subnetworks/" SIM_SUBNET "'}],'scheduling':{'preemptible':false,"
        "'onHostMaintenance':'%s','automaticRestart':true},'deletionProtection':false}",
        project, zone, project, project, all->region->name,
        tg_str_has_prefix(type, "ct6e") ? "TERMINATE" : "MIGRATE");
    /* what clients of the cluster may have written */
    json_object_set_new(instance, "name", json_string(name));
    json_object_set_new(instance, "machineType",
                        json_sprintf(BASE "%s/zones/%s/machineTypes/%s", project, zone, type));
    json_object_set_new(json_array_get(json_object_get(instance, "networkInterfaces"), 0),
                        "networkIP", json_string(address_of(node)));
    json_object_set_new(instance, "labels",
                        json_pack("{s:s,s:s}", "goog-k8s-cluster-name", all->region->cluster,
                                  "goog-k8s-node-pool-name",
                                  label_of(node, "cloud.google.com/gke-nodepool")));
    return instance;
}

static bool add_instance(void *context, json_t *object)
{
    struct instances *all = context;
    json_array_append_new(all->items, instance_of(all, object));
    return true;
}

void sim_gcp_instances(struct sim_world *world, struct sim_region *region, json_t *items)
{
    struct instances all = {world, region, items};
    sim_store_each(region->store, sim_world_kinds(world)->node, NULL, add_instance, &all);
}

/* ---- groups ---- */

struct groups {
    struct sim_world *world;
    const struct sim_region *region;
    json_t *items;
    bool is_manager;
};

static bool add_group(void *context, const char *path, json_t *document)
{
    struct groups *groups = context;
    if (strstr(path, "/nodePools/") == NULL) {
        return true;
    }
    const char *zone = groups->region->zone;
    const char *project = sim_gcp_project(groups->world);
    char *name = tg_strdup(sim_gcp_last(
        json_string_value(json_array_get(json_object_get(document, "instanceGroupUrls"), 0))));
    int count = (int)sim_json_int(document, "_count", 1);
    bool is_up = tg_str_eq(sim_json_text(document, "status"), "RUNNING");
    json_t *group =
        groups->is_manager
            ? sim_shape("{'name':'%s','baseInstanceName':'%.40s','targetSize':%d,'zone':'" BASE
                        "%s/zones/%s','instanceGroup':'" BASE "%s/zones/%s/instanceGroups/%s',"
                        "'instanceTemplate':'" BASE "%s/global/instanceTemplates/%s',"
                        "'status':{'isStable':%s},'currentActions':{'none':%d,'creating':%d}}",
                        name, name, count, project, zone, project, zone, name, project, name,
                        is_up ? "true" : "false", is_up ? count : 0, is_up ? 0 : count)
            : sim_shape("{'name':'%s','size':%d,'zone':'" BASE "%s/zones/%s','network':'" BASE
                        "%s/global/networks/" SIM_NETWORK "'}",
                        name, is_up ? count : 0, project, zone, project);
    json_array_append_new(groups->items, group);
    free(name);
    return true;
}

static void each_pool(struct groups *groups)
{
    char *prefix = tg_asprintf("container/%s/", groups->region->zone);
    sim_gcp_each(groups->world, prefix, add_group, groups);
    free(prefix);
}

void sim_gcp_group_managers(struct sim_world *world, struct sim_region *region, json_t *items)
{
    struct groups groups = {world, region, items, true};
    each_pool(&groups);
}

void sim_gcp_instance_groups(struct sim_world *world, struct sim_region *region, json_t *items)
{
    struct groups groups = {world, region, items, false};
    each_pool(&groups);
}
