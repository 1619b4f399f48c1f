/* sim/gcp_platform.c - clusters, fleet, bucket, accounts, services and the project itself. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim/behaviour.h"
#include "sim/gcp_state.h"
#include "sim/json_path.h"
#include "sim/lab_objects.h"
#include "sim/shape.h"

#define MASTER_VERSION "1.34.1-gke.1829001"
#define SHARDS         12

static bool is_built(const struct sim_gcp_call *call)
{
    return sim_world_config(call->world)->is_built;
}

static bool is_get(const struct sim_gcp_call *call)
{
    return tg_str_eq(call->method, "GET");
}

/* ---- container ---- */

static json_t *node_pool(struct sim_world *world, const struct sim_region *region, int i)
{
    static const char *const names[] = {"default-pool", "tpu-v6e-pool"};
    static const char *const machines[] = {"e2-standard-16", "ct6e-standard-4t"};
    const char *project = sim_gcp_project(world);
    json_t *pool = sim_shape(
        "{'name':'%s','status':'RUNNING','version':'" MASTER_VERSION
        "','initialNodeCount':1,'locations':['%s'],"
        "'config':{'machineType':'%s','imageType':'COS_CONTAINERD','diskSizeGb':100,'diskType':'%s'"
        ","
        "'oauthScopes':['https://www.googleapis.com/auth/cloud-platform'],'workloadMetadataConfig':"
        "{'mode':'GKE_METADATA'}},'networkConfig':{'enablePrivateNodes':false},'management':{'"
        "autoRepair':true,"
        "'autoUpgrade':true},'maxPodsConstraint':{'maxPodsPerNode':'110'},'instanceGroupUrls':["
        "'https://www.googleapis.com/compute/v1/projects/%s/zones/%s/instanceGroupManagers/"
        "gke-%s-%s-grp'],"
        "'selfLink':'https://container.googleapis.com/v1/projects/%s/zones/%s/clusters/%s/"
        "nodePools/%s'}",
        names[i], region->zone, machines[i], i == 0 ? "pd-balanced" : "hyperdisk-balanced", project,
        region->zone, region->cluster, names[i], project, region->zone, region->cluster, names[i]);
    if (i == 1) {
        json_t *config = json_object_get(pool, "config");
        json_object_set_new(config, "labels",
                            sim_shape("{'cloud.google.com/gke-networking-dra-driver':'true'}"));
        json_object_set_new(
            config, "taints",
            sim_shape("[{'key':'google.com/tpu','value':'present','effect':'NO_SCHEDULE'}]"));
        json_object_set_new(json_object_get(pool, "networkConfig"), "acceleratorNetworkProfile",
                            json_string("auto"));
    }
    return pool;
}

static json_t *node_pools(struct sim_world *world, const struct sim_region *region)
{
    json_t *pools = json_array();
    json_array_append_new(pools, node_pool(world, region, 0));
    json_array_append_new(pools, node_pool(world, region, 1));
    return pools;
}

static json_t *cluster(struct sim_world *world, const struct sim_region *region)
{
    const char *project = sim_gcp_project(world);
    char created[48];
    char id[24];
    json_t *answer = sim_shape(
        "{'name':'%s','location':'%s','zone':'%s','locations':['%s'],'status':'RUNNING','id':'%s',"
        "'selfLink':'https://container.googleapis.com/v1/projects/%s/zones/%s/clusters/"
        "%s','initialNodeCount':1,"
        "'currentNodeCount':2,'currentMasterVersion':'" MASTER_VERSION
        "','currentNodeVersion':'" MASTER_VERSION "',"
        "'createTime':'%s','legacyAbac':{},'shieldedNodes':{'enabled':true},'autopilot':{},'"
        "autoscaling':{},"
        "'releaseChannel':{'channel':'RAPID'},'network':'" SIM_NETWORK "','subnetwork':'" SIM_SUBNET
        "',"
        "'networkConfig':{'network':'projects/%s/global/networks/" SIM_NETWORK "','subnetwork':"
        "'projects/%s/regions/%s/subnetworks/" SIM_SUBNET
        "','datapathProvider':'ADVANCED_DATAPATH',"
        "'gatewayApiConfig':{'channel':'CHANNEL_STANDARD'},'defaultSnatStatus':{}},"
        "'ipAllocationPolicy':{'useIpAliases':true,'stackType':'IPV4'},'workloadIdentityConfig':{'"
        "workloadPool':"
        "'%s.svc.id.goog'},'addonsConfig':{'gcsFuseCsiDriverConfig':{'enabled':true}},'"
        "controlPlaneEndpointsConfig':{"
        "'ipEndpointsConfig':{'enabled':true,'enablePublicEndpoint':true}},'fleet':{'project':'"
        "%" PRIu64
        "','membership':'//gkehub.googleapis.com/projects/%s/locations/global/memberships/%s'}}",
        region->cluster, region->zone, region->zone, region->zone,
        sim_gcp_id("cluster", region->cluster, id), project, region->zone, region->cluster,
        sim_gcp_created(world, created, sizeof created), project, project, region->name, project,
        sim_lab_project_number(world), project, region->cluster);
    const struct sim_cluster_access *access = &sim_world_behaviour(world)->access[region->index];
    json_object_set_new(answer, "endpoint",
                        json_string(access->endpoint == NULL ? "127.0.0.1" : access->endpoint));
    json_object_set_new(answer, "masterAuth",
                        access->ca_base64 == NULL
                            ? json_object()
                            : json_pack("{s:s}", "clusterCaCertificate", access->ca_base64));
    json_object_set_new(answer, "nodePools", node_pools(world, region));
    return answer;
}

void sim_gcp_set_cluster_access(struct sim_world *world, int region, const char *endpoint,
                                const char *ca_base64)
{
    tg_assert(region >= 0 && region < sim_world_region_count(world));
    struct sim_cluster_access *access = &sim_world_behaviour(world)->access[region];
    tg_str_replace(&access->endpoint, endpoint);
    tg_str_replace(&access->ca_base64, ca_base64);
}

static json_t *list_clusters(struct sim_gcp_call *call, const char *location)
{
    json_t *clusters = json_array();
    for (int i = 0; is_built(call) && i < sim_world_region_count(call->world); i++) {
        const struct sim_region *region = sim_world_region(call->world, i);
        if (tg_str_eq(location, "-") || tg_str_eq(location, region->zone)) {
            json_array_append_new(clusters, cluster(call->world, region));
        }
    }
    json_t *answer = json_object();
    if (json_array_size(clusters) > 0) {
        json_object_set(answer, "clusters", clusters);
    }
    json_decref(clusters);
    return answer;
}

json_t *sim_gcp_container(struct sim_gcp_call *call)
{
    /* projects/P/locations/L/clusters[/C[/nodePools[/N]]]; the old form says zones/Z */
    const char *location = sim_gcp_segment(call, 3);
    const char *collection = sim_gcp_segment(call, 4);
    if (!is_get(call)) {
        return NULL;
    }
    if (tg_str_eq(collection, "operations")) {
        return call->count == 5 ? json_object() : NULL;
    }
    if (!tg_str_eq(collection, "clusters")) {
        return NULL;
    }
    if (call->count == 5) {
        return list_clusters(call, location);
    }
    const char *name = sim_gcp_segment(call, 5);
    const struct sim_region *region = is_built(call) ? sim_gcp_zone(call->world, location) : NULL;
    if (region == NULL || !tg_str_eq(region->cluster, name)) {
        return sim_gcp_error(call, 404, "NOT_FOUND",
                             "Not found: projects/%s/locations/%s/clusters/%s.",
                             sim_gcp_project(call->world), location, name);
    }
    if (call->count == 6) {
        return cluster(call->world, region);
    }
    if (!tg_str_eq(sim_gcp_segment(call, 6), "nodePools")) {
        return NULL;
    }
    if (call->count == 7) {
        return json_pack("{s:o}", "nodePools", node_pools(call->world, region));
    }
    const char *pool = sim_gcp_segment(call, 7);
    if (tg_str_eq(pool, "default-pool") || tg_str_eq(pool, "tpu-v6e-pool")) {
        return node_pool(call->world, region, tg_str_eq(pool, "tpu-v6e-pool") ? 1 : 0);
    }
    return sim_gcp_error(call, 404, "NOT_FOUND", "Not found: node pool \"%s\" not found.", pool);
}

/* ---- fleet ---- */

static json_t *membership(struct sim_world *world, const struct sim_region *region)
{
    char created[48];
    char id[24];
    const char *project = sim_gcp_project(world);
    return sim_shape(
        "{'name':'projects/%s/locations/global/memberships/"
        "%s','endpoint':{'gkeCluster':{'resourceLink':"
        "'//container.googleapis.com/projects/%s/locations/%s/clusters/"
        "%s'}},'state':{'code':'READY'},"
        "'uniqueId':'%s','createTime':'%s','authority':{'workloadIdentityPool':'%s.svc.id.goog'}}",
        project, region->cluster, project, region->zone, region->cluster,
        sim_gcp_id("membership", region->cluster, id),
        sim_gcp_created(world, created, sizeof created), project);
}

static json_t *feature(struct sim_world *world, const char *name)
{
    char created[48];
    const char *project = sim_gcp_project(world);
    const char *config = sim_world_region(world, 0)->cluster;
    bool is_ingress = tg_str_eq(name, "multiclusteringress");
    json_t *answer = sim_shape(
        "{'name':'projects/%s/locations/global/features/%s','resourceState':{'state':'ACTIVE'},"
        "'state':{'state':{'code':'OK','description':'Ready to use'}},'createTime':'%s'}",
        project, name, sim_gcp_created(world, created, sizeof created));
    if (is_ingress) {
        json_object_set_new(answer, "spec",
                            sim_shape("{'multiclusteringress':{'configMembership':"
                                      "'projects/%s/locations/global/memberships/%s'}}",
                                      project, config));
    }
    json_t *states = json_object();
    for (int i = 0; i < sim_world_region_count(world); i++) {
        char key[SIM_NAME_SIZE * 3];
        snprintf(key, sizeof key, "projects/%" PRIu64 "/locations/global/memberships/%s",
                 sim_lab_project_number(world), sim_world_region(world, i)->cluster);
        json_object_set_new(states, key, sim_shape("{'state':{'code':'OK'}}"));
    }
    json_object_set_new(answer, "membershipStates", states);
    return answer;
}

static json_t *named_page(const char *key, json_t *items)
{
    json_t *answer = json_object();
    if (json_array_size(items) > 0) {
        json_object_set(answer, key, items);
    }
    json_decref(items);
    return answer;
}

static json_t *pick_or_page(struct sim_gcp_call *call, const char *key, json_t *items,
                            const char *name)
{
    if (name[0] == '\0') {
        return named_page(key, items);
    }
    json_t *found = NULL;
    size_t i;
    json_t *item;
    json_array_foreach(items, i, item)
    {
        const char *full = sim_json_text(item, "name");
        const char *slash = strrchr(full, '/');
        if (tg_str_eq(slash == NULL ? full : slash + 1, name)) {
            found = json_incref(item);
        }
    }
    json_decref(items);
    return found != NULL
               ? found
               : sim_gcp_error(call, 404, "NOT_FOUND", "Resource '%s' was not found", name);
}

json_t *sim_gcp_hub(struct sim_gcp_call *call)
{
    const char *collection = sim_gcp_segment(call, 4);
    const char *name = sim_gcp_segment(call, 5);
    if (!is_get(call) || call->count > 6) {
        return NULL;
    }
    json_t *items = json_array();
    if (tg_str_eq(collection, "memberships")) {
        for (int i = 0; is_built(call) && i < sim_world_region_count(call->world); i++) {
            json_array_append_new(items, membership(call->world, sim_world_region(call->world, i)));
        }
        return pick_or_page(call, "resources", items, name);
    }
    if (tg_str_eq(collection, "features")) {
        if (is_built(call)) {
            json_array_append_new(items, feature(call->world, "multiclusteringress"));
            json_array_append_new(items, feature(call->world, "multiclusterservicediscovery"));
        }
        return pick_or_page(call, "resources", items, name);
    }
    json_decref(items);
    return NULL;
}

/* ---- storage ---- */

static json_t *bucket(struct sim_world *world)
{
    char created[48];
    const char *project = sim_gcp_project(world);
    return sim_shape(
        "{'kind':'storage#bucket','id':'%s-gemma-weights','name':'%s-gemma-weights','selfLink':"
        "'https://www.googleapis.com/storage/v1/b/%s-gemma-weights','projectNumber':'%" PRIu64 "',"
        "'location':'US','locationType':'multi-region','storageClass':'STANDARD','timeCreated':'%s'"
        ","
        "'iamConfiguration':{'uniformBucketLevelAccess':{'enabled':true},"
        "'publicAccessPrevention':'inherited'},'rpo':'DEFAULT'}",
        project, project, project, sim_lab_project_number(world),
        sim_gcp_created(world, created, sizeof created));
}

static void add_object(struct sim_world *world, json_t *items, const char *name, uint64_t size)
{
    char created[48];
    json_array_append_new(
        items, sim_shape("{'kind':'storage#object','name':'%s','bucket':'%s-gemma-weights',"
                         "'size':'%" PRIu64 "','timeCreated':'%s','generation':'1'}",
                         name, sim_gcp_project(world), size,
                         sim_gcp_created(world, created, sizeof created)));
}

static json_t *objects(struct sim_world *world)
{
    json_t *items = json_array();
    add_object(world, items, "config.json", 1614);
    for (int i = 1; i <= SHARDS; i++) {
        char name[64];
        snprintf(name, sizeof name, "model-%05d-of-%05d.safetensors", i, SHARDS);
        /* 54.9 GB of weights: eleven full shards and the rest */
        add_object(world, items, name, i < SHARDS ? UINT64_C(4954792944) : UINT64_C(462476696));
    }
    add_object(world, items, "model.safetensors.index.json", 108603);
    add_object(world, items, "tokenizer.json", 33384568);
    return json_pack("{s:s,s:o}", "kind", "storage#objects", "items", items);
}

json_t *sim_gcp_storage(struct sim_gcp_call *call)
{
    char name[160];
    snprintf(name, sizeof name, "%s-gemma-weights", sim_gcp_project(call->world));
    if (!is_get(call) || !tg_str_eq(sim_gcp_segment(call, 0), "b")) {
        return NULL;
    }
    if (call->count == 1) {
        json_t *items = json_array();
        if (is_built(call)) {
            json_array_append_new(items, bucket(call->world));
        }
        json_t *answer = named_page("items", items);
        json_object_set_new(answer, "kind", json_string("storage#buckets"));
        return answer;
    }
    if (!is_built(call) || !tg_str_eq(sim_gcp_segment(call, 1), name)) {
        return sim_gcp_error(call, 404, "NOT_FOUND", "The specified bucket does not exist.");
    }
    if (call->count == 2) {
        return bucket(call->world);
    }
    return call->count == 3 && tg_str_eq(sim_gcp_segment(call, 2), "o") ? objects(call->world)
                                                                        : NULL;
}

/* ---- accounts, services, project ---- */

json_t *sim_gcp_iam(struct sim_gcp_call *call)
{
    const char *project = sim_gcp_project(call->world);
    char id[24];
    if (!is_get(call) || !tg_str_eq(sim_gcp_segment(call, 2), "serviceAccounts") ||
        call->count > 4) {
        return NULL;
    }
    json_t *items = json_array();
    if (is_built(call)) {
        json_array_append_new(
            items,
            sim_shape(
                "{'name':'projects/%s/serviceAccounts/gcs-fuse-sa@%s.iam.gserviceaccount.com',"
                "'email':'gcs-fuse-sa@%s.iam.gserviceaccount.com','projectId':'%s',"
                "'uniqueId':'%s','displayName':'Service Account for GCS FUSE'}",
                project, project, project, project, sim_gcp_id("account", project, id)));
    }
    return pick_or_page(call, "accounts", items, sim_gcp_segment(call, 3));
}

json_t *sim_gcp_services(struct sim_gcp_call *call)
{
    static const char *const enabled[] = {
        "cloudresourcemanager.googleapis.com",
        "compute.googleapis.com",
        "container.googleapis.com",
        "gkehub.googleapis.com",
        "iam.googleapis.com",
        "multiclusteringress.googleapis.com",
        "multiclusterservicediscovery.googleapis.com",
        "serviceusage.googleapis.com",
        "storage.googleapis.com",
        "trafficdirector.googleapis.com",
    };
    if (!is_get(call) || !tg_str_eq(sim_gcp_segment(call, 2), "services") || call->count > 4) {
        return NULL;
    }
    json_t *items = json_array();
    for (size_t i = 0; i < TG_COUNT(enabled); i++) {
        bool is_basic = tg_str_has_prefix(enabled[i], "cloudresource") ||
                        tg_str_has_prefix(enabled[i], "serviceusage");
        if (is_built(call) || is_basic) {
            json_array_append_new(items,
                                  sim_shape("{'name':'projects/%" PRIu64
                                            "/services/%s','parent':'projects/%" PRIu64
                                            "','config':{'name':'%s'},'state':'ENABLED'}",
                                            sim_lab_project_number(call->world), enabled[i],
                                            sim_lab_project_number(call->world), enabled[i]));
        }
    }
    return pick_or_page(call, "services", items, sim_gcp_segment(call, 3));
}

json_t *sim_gcp_projects(struct sim_gcp_call *call)
{
    char created[48];
    if (!is_get(call) || !tg_str_eq(sim_gcp_segment(call, 0), "projects") || call->count != 2) {
        return NULL;
    }
    /* v1 says projectNumber and lifecycleState, v3 name and state: one object serves both. */
    const char *project = sim_gcp_project(call->world);
    uint64_t number = sim_lab_project_number(call->world);
    return sim_shape(
        "{'projectId':'%s','projectNumber':'%" PRIu64 "','name':'projects/%" PRIu64
        "','displayName':'%s','lifecycleState':'ACTIVE','state':'ACTIVE','createTime':'%s'}",
        project, number, number, project, sim_gcp_created(call->world, created, sizeof created));
}
