/* sim/gcp_container.c - the GKE API: clusters and node pools, which make and end what stands in the
 * simulated clusters.
 */
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
#include "sim/cluster.h"
#include "sim/gcp_compute.h"
#include "sim/gcp_quota.h"
#include "sim/gcp_store.h"
#include "sim/json_path.h"
#include "sim/shape.h"

#define VERSION "1.34.1-gke.1829001"
#define LINK    "https://container.googleapis.com/v1/projects/"
#define COMPUTE "https://www.googleapis.com/compute/v1/projects/"

void sim_gcp_set_cluster_access(struct sim_world *world, int region, const char *endpoint,
                                const char *ca_base64)
{
    tg_assert(region >= 0 && region < sim_world_region_count(world));
    struct sim_cluster_access *access = &sim_world_behaviour(world)->access[region];
    tg_str_replace(&access->endpoint, endpoint);
    tg_str_replace(&access->ca_base64, ca_base64);
}

static json_t *not_found(struct sim_gcp_call *call, const char *zone, const char *cluster)
{
    return sim_gcp_error(call, 404, "NOT_FOUND", "Not found: projects/%s/locations/%s/clusters/%s.",
                         sim_gcp_project(call->world), zone, cluster);
}

static char *cluster_link(struct sim_world *world, const char *zone, const char *cluster)
{
    return tg_asprintf(LINK "%s/zones/%s/clusters/%s", sim_gcp_project(world), zone, cluster);
}

static void set_status(json_t *document, const char *status)
{
    json_object_set_new(document, "status", json_string(status));
}

/* ---- shown ---- */

static json_t *show_pool(struct sim_world *world, const json_t *document)
{
    (void)world;
    return sim_gcp_shown(document);
}

static json_t *pools_of(struct sim_world *world, const char *zone, const char *cluster)
{
    char *folder = tg_asprintf("container/%s/%s/nodePools", zone, cluster);
    json_t *pools = sim_gcp_children(world, folder);
    free(folder);
    return pools;
}

static json_t *show_cluster(struct sim_world *world, const struct sim_region *region,
                            const json_t *document)
{
    json_t *shown = sim_gcp_shown(document);
    const char *name = sim_json_text(document, "name");
    const struct sim_cluster_access *access = &sim_world_behaviour(world)->access[region->index];
    bool is_up = !tg_str_eq(sim_json_text(document, "status"), "PROVISIONING");
    if (is_up) {
        json_object_set_new(shown, "endpoint",
                            json_string(access->endpoint == NULL ? "127.0.0.1" : access->endpoint));
    }
    json_object_set_new(shown, "masterAuth",
                        access->ca_base64 == NULL
                            ? json_object()
                            : json_pack("{s:s}", "clusterCaCertificate", access->ca_base64));
    json_t *pools = pools_of(world, region->zone, name);
    int64_t nodes = 0;
    size_t i;
    json_t *pool;
    json_array_foreach(pools, i, pool)
    {
        nodes += sim_json_int(pool, "initialNodeCount", 0);
    }
    json_object_set_new(shown, "nodePools", pools);
    json_object_set_new(shown, "currentNodeCount", json_integer((json_int_t)nodes));
    if (sim_gcp_find(world, "hub/memberships/%s", name) != NULL) {
        json_object_set_new(
            shown, "fleet",
            json_pack("{s:s,s:o,s:b}", "project", sim_gcp_project(world), "membership",
                      json_sprintf("//gkehub.googleapis.com/projects/%s/locations/global/"
                                   "memberships/%s",
                                   sim_gcp_project(world), name),
                      /* by the fleet's API and not by the cluster's: Terraform leaves it alone */
                      "preRegistered", 1));
    }
    return shown;
}

static json_t *list_clusters(struct sim_gcp_call *call, const char *location)
{
    json_t *clusters = json_array();
    for (int i = 0; i < sim_world_region_count(call->world); i++) {
        const struct sim_region *region = sim_world_region(call->world, i);
        const json_t *document =
            sim_gcp_find(call->world, "container/%s/%s", region->zone, region->cluster);
        if (document != NULL && (tg_str_eq(location, "-") || tg_str_eq(location, region->zone))) {
            json_array_append_new(clusters, show_cluster(call->world, region, document));
        }
    }
    if (json_array_size(clusters) == 0) {
        json_decref(clusters);
        return json_object();
    }
    return json_pack("{s:o}", "clusters", clusters);
}

/* ---- node pools ---- */

static struct sim_region *region_of_path(struct sim_world *world, const char *path)
{
    char zone[SIM_NAME_SIZE];
    tg_str_copy(zone, sizeof zone, path + strlen("container/"));
    zone[strcspn(zone, "/")] = '\0';
    return sim_gcp_zone(world, zone);
}

static void pool_up(struct sim_world *world, const char *path)
{
    json_t *document = sim_gcp_find(world, "%s", path);
    struct sim_region *region = region_of_path(world, path);
    if (document == NULL || !sim_cluster_is_serving(region)) {
        return; /* it went while it was made */
    }
    const json_t *label = json_object_get(sim_json_at(document, "config.labels"),
                                          "cloud.google.com/gke-networking-dra-driver");
    struct sim_pool_spec spec = {
        .name = sim_json_text(document, "name"),
        .machine_type = sim_json_text(document, "config.machineType"),
        .count = (int)sim_json_int(document, "initialNodeCount", 1),
        .has_dra_label = tg_str_eq(json_string_value(label), "true"),
        .has_dra_profile =
            tg_str_eq(sim_json_text(document, "networkConfig.acceleratorNetworkProfile"), "auto"),
    };
    json_t *next = json_deep_copy(document);
    set_status(next, "RUNNING");
    sim_cluster_pool_set(region, &spec);
    sim_gcp_put(world, path, next);
}

static void pool_gone(struct sim_world *world, const char *path)
{
    char *name = tg_strdup(sim_gcp_last(path));
    sim_cluster_pool_remove(region_of_path(world, path), name);
    sim_gcp_drop(world, path);
    free(name);
}

static json_t *pool_document(struct sim_world *world, const struct sim_region *region,
                             const char *cluster, const json_t *asked)
{
    const char *project = sim_gcp_project(world);
    char name[SIM_NAME_SIZE];
    tg_str_copy(name, sizeof name, sim_json_text(asked, "name"));
    json_t *document = sim_shape(
        "{'status':'PROVISIONING','version':'" VERSION "','initialNodeCount':1,'locations':['%s'],"
        "'management':{'autoRepair':true,'autoUpgrade':true},'maxPodsConstraint':{'maxPodsPerNode':"
        "'110'},'instanceGroupUrls':['" COMPUTE "%s/zones/%s/instanceGroupManagers/gke-%s-%s-grp'],"
        "'selfLink':'" LINK "%s/zones/%s/clusters/%s/nodePools/%s','upgradeSettings':{'maxSurge':1,"
        "'strategy':'SURGE'},'podIpv4CidrSize':24}",
        region->zone, project, region->zone, cluster, name, project, region->zone, cluster, name);
    json_t *given = json_deep_copy(asked);
    json_object_update(document, given);
    json_decref(given);
    json_t *config = sim_json_make_object(document, "config");
    bool is_tpu = tg_str_has_prefix(sim_json_text(config, "machineType"), "ct6e");
    sim_json_default(config, "machineType", json_string("e2-medium"));
    sim_json_default(config, "imageType", json_string("COS_CONTAINERD"));
    sim_json_default(config, "diskSizeGb", json_integer(100));
    sim_json_default(config, "diskType",
                     json_string(is_tpu ? "hyperdisk-balanced" : "pd-balanced"));
    sim_json_default(config, "serviceAccount", json_string("default"));
    if (is_tpu) {
        json_object_set_new(
            config, "taints",
            sim_shape("[{'key':'google.com/tpu','value':'present','effect':'NO_SCHEDULE'}]"));
    }
    sim_json_default(document, "networkConfig", json_pack("{s:b}", "enablePrivateNodes", 0));
    char etag[24];
    json_object_set_new(document, "etag", json_string(sim_gcp_fingerprint(world, etag)));
    json_object_set_new(document, "_count",
                        json_integer((json_int_t)sim_json_int(document, "initialNodeCount", 1)));
    return document;
}

/* Capacity or quota was missing: the pool is there in error, and says why. */
static void pool_failed(struct sim_world *world, const char *path)
{
    json_t *document = sim_gcp_find(world, "%s", path);
    if (document == NULL) {
        return;
    }
    const char *why = sim_json_text(document, "_failure");
    bool is_quota = strstr(why, "GCE_QUOTA_EXCEEDED") != NULL;
    json_t *next = json_deep_copy(document);
    set_status(next, "ERROR");
    json_object_set_new(next, "statusMessage", json_string(why));
    json_object_set_new(next, "conditions",
                        json_pack("[{s:s,s:s,s:s}]", "code",
                                  is_quota ? "GCE_QUOTA_EXCEEDED" : "GCE_STOCKOUT", "canonicalCode",
                                  "RESOURCE_EXHAUSTED", "message", why));
    sim_gcp_put(world, path, next);
}

static bool is_busy(void *context, const char *path, json_t *document)
{
    bool *is_found = context;
    (void)path;
    const char *status = sim_json_text(document, "status");
    *is_found = *is_found || tg_str_eq(status, "PROVISIONING") || tg_str_eq(status, "STOPPING");
    return !*is_found;
}

/* 400 while another operation changes the cluster; NULL when none does. */
static json_t *refuse_busy(struct sim_gcp_call *call, const char *zone, const char *cluster)
{
    bool is_found = false;
    char *prefix = tg_asprintf("container/%s/%s", zone, cluster);
    sim_gcp_each(call->world, prefix, is_busy, &is_found);
    free(prefix);
    if (!is_found) {
        return NULL;
    }
    return sim_gcp_error(call, 400, "FAILED_PRECONDITION",
                         "Operation is currently operating on cluster %s. Please wait and try "
                         "again once it is done.",
                         cluster);
}

static json_t *operate(struct sim_gcp_call *call, const char *type, const char *zone,
                       const char *path, const char *link, const struct sim_duration *duration,
                       sim_gcp_finish *finish)
{
    struct sim_gcp_change change = {.type = type,
                                    .place = zone,
                                    .target_link = link,
                                    .path = path,
                                    .duration = duration,
                                    .finish = finish};
    return sim_gcp_operate_container(call->world, &change);
}

/* Where a pool's machines are: the cluster's zone unless the pool says otherwise. */
static const char *zone_of_pool(const struct sim_region *region, const json_t *pool)
{
    const char *zone = json_string_value(json_array_get(json_object_get(pool, "locations"), 0));
    return zone != NULL ? zone : region->zone;
}

/* The operation that brings a pool's nodes up, or tries to. */
static json_t *make_pool(struct sim_gcp_call *call, struct sim_region *region, const char *path,
                         json_t *document)
{
    const struct sim_params *params = sim_world_params(call->world);
    char *why = sim_gcp_capacity_error(call->world, region, zone_of_pool(region, document),
                                       sim_json_text(document, "config.machineType"),
                                       (int)sim_json_int(document, "_count", 1));
    if (why != NULL) {
        json_object_set_new(document, "_failure", json_string(why));
    }
    char *link = tg_strdup(sim_json_text(document, "selfLink"));
    struct sim_gcp_change change = {.type = "CREATE_NODE_POOL",
                                    .place = region->zone,
                                    .target_link = link,
                                    .path = path,
                                    .duration =
                                        why == NULL ? &params->pool_create : &params->pool_give_up,
                                    .finish = pool_up,
                                    .fail = pool_failed,
                                    .error = why};
    json_t *answer = sim_gcp_operate_container(call->world, &change);
    free(link);
    free(why);
    return answer;
}

static json_t *create_pool(struct sim_gcp_call *call, struct sim_region *region,
                           const char *cluster)
{
    const json_t *asked = json_object_get(call->body, "nodePool");
    const char *name = sim_json_text(asked, "name");
    if (!sim_gcp_is_name(name) || strlen(name) > 40) {
        return sim_gcp_error(call, 400, "INVALID_ARGUMENT",
                             "Invalid value for field \"node_pool.name\": \"%.100s\". Must be 1 to "
                             "40 lower-case letters, digits and hyphens, starting with a letter.",
                             name);
    }
    char *path = tg_asprintf("container/%s/%s/nodePools/%s", region->zone, cluster, name);
    json_t *answer = NULL;
    if (sim_gcp_find(call->world, "%s", path) != NULL) {
        answer = sim_gcp_error(call, 409, "ALREADY_EXISTS",
                               "Already exists: projects/%s/zones/%s/clusters/%s/nodePools/%s.",
                               sim_gcp_project(call->world), region->zone, cluster, name);
    } else {
        answer = refuse_busy(call, region->zone, cluster);
    }
    struct sim_machine machine;
    const char *type = sim_json_text(asked, "config.machineType");
    const char *zone = zone_of_pool(region, asked);
    if (answer == NULL && sim_gcp_machine(type, &machine) && machine.chips > 0 &&
        !sim_gcp_zone_has_tpu(region, zone)) {
        answer = sim_gcp_error(call, 400, "INVALID_ARGUMENT",
                               "Machine type with name '%.60s' does not exist in zone '%.60s'.",
                               type, zone);
    }
    if (answer == NULL) {
        answer = sim_gcp_refuse_quota(call, region, sim_json_text(asked, "config.machineType"),
                                      (int)sim_json_int(asked, "initialNodeCount", 1));
    }
    if (answer == NULL) {
        json_t *document = pool_document(call->world, region, cluster, asked);
        sim_gcp_put(call->world, path, document);
        answer = make_pool(call, region, path, document);
    }
    free(path);
    return answer;
}

static json_t *resize_pool(struct sim_gcp_call *call, struct sim_region *region, const char *path)
{
    json_t *next = json_deep_copy(sim_gcp_find(call->world, "%s", path));
    json_int_t count = (json_int_t)sim_json_int(call->body, "nodeCount", 1);
    json_object_set_new(next, "_count", json_integer(count));
    json_object_set_new(next, "initialNodeCount", json_integer(count));
    char *link = tg_strdup(sim_json_text(next, "selfLink"));
    sim_gcp_put(call->world, path, next);
    json_t *answer = operate(call, "SET_NODE_POOL_SIZE", region->zone, path, link,
                             &sim_world_params(call->world)->pool_create, pool_up);
    free(link);
    return answer;
}

/* Everything else that changes a pool keeps what it says, and its nodes as they are. */
static json_t *update_pool(struct sim_gcp_call *call, struct sim_region *region, const char *path)
{
    json_t *next = json_deep_copy(sim_gcp_find(call->world, "%s", path));
    static const char *const kept[] = {"management", "autoscaling", "upgradeSettings"};
    for (size_t i = 0; i < TG_COUNT(kept); i++) {
        json_t *value = json_object_get(call->body, kept[i]);
        if (json_is_object(value)) {
            json_object_set_new(next, kept[i], json_deep_copy(value));
        }
    }
    char *link = tg_strdup(sim_json_text(next, "selfLink"));
    sim_gcp_put(call->world, path, next);
    json_t *answer = operate(call, "UPDATE_CLUSTER", region->zone, path, link, NULL, NULL);
    free(link);
    return answer;
}

static json_t *pools(struct sim_gcp_call *call, struct sim_region *region, const char *cluster)
{
    char name[SIM_GCP_SEGMENT_SIZE];
    tg_str_copy(name, sizeof name, sim_gcp_segment(call, 7));
    bool is_resize = tg_str_has_suffix(name, ":setSize");
    bool is_other = !is_resize && (strchr(name, ':') != NULL || tg_str_eq(call->method, "PUT"));
    name[strcspn(name, ":")] = '\0';
    if (name[0] == '\0') {
        return tg_str_eq(call->method, "POST")
                   ? create_pool(call, region, cluster)
                   : json_pack("{s:o}", "nodePools", pools_of(call->world, region->zone, cluster));
    }
    char *path = tg_asprintf("container/%s/%s/nodePools/%s", region->zone, cluster, name);
    const json_t *document = sim_gcp_find(call->world, "%s", path);
    json_t *answer = NULL;
    if (document == NULL) {
        answer =
            sim_gcp_error(call, 404, "NOT_FOUND", "Not found: node pool \"%s\" not found.", name);
    } else if (is_resize || tg_str_eq(sim_gcp_segment(call, 8), "setSize")) {
        answer = resize_pool(call, region, path);
    } else if (is_other) {
        answer = update_pool(call, region, path);
    } else if (tg_str_eq(call->method, "DELETE")) {
        answer = refuse_busy(call, region->zone, cluster);
        if (answer == NULL) {
            json_t *next = json_deep_copy(document);
            set_status(next, "STOPPING");
            char *link = tg_strdup(sim_json_text(next, "selfLink"));
            sim_gcp_put(call->world, path, next);
            answer = operate(call, "DELETE_NODE_POOL", region->zone, path, link,
                             &sim_world_params(call->world)->pool_delete, pool_gone);
            free(link);
        }
    } else {
        answer = show_pool(call->world, document);
    }
    free(path);
    return answer;
}

/* ---- clusters ---- */

/* GKE adds the ranges of Pods and Services to the node subnet. */
static void add_ranges(struct sim_world *world, const struct sim_region *region,
                       const json_t *cluster)
{
    json_t *subnet = sim_gcp_find(world, "compute/regions/%s/subnetworks/%s", region->name,
                                  sim_json_text(cluster, "subnetwork"));
    if (subnet == NULL) {
        return;
    }
    const char *name = sim_json_text(cluster, "name");
    uint32_t hash = (uint32_t)tg_hash_str(name);
    json_object_set_new(subnet, "secondaryIpRanges",
                        sim_shape("[{'rangeName':'gke-%.40s-pods-%08" PRIx32
                                  "','ipCidrRange':'%s'}]",
                                  name, hash, sim_json_text(cluster, "clusterIpv4Cidr")));
}

static void cluster_up(struct sim_world *world, const char *path)
{
    json_t *document = sim_gcp_find(world, "%s", path);
    if (document == NULL) {
        return;
    }
    struct sim_region *region = region_of_path(world, path);
    json_t *next = json_deep_copy(document);
    set_status(next, "RUNNING");
    sim_gcp_put(world, path, next);
    const char *pool_name = sim_json_text(next, "workloadIdentityConfig.workloadPool");
    if (pool_name[0] != '\0') {
        char *identity = tg_asprintf("pool/%s", pool_name);
        sim_gcp_put(world, identity, json_object());
        free(identity);
    }
    add_ranges(world, region, next);
    sim_cluster_create(region);
    char *pool = tg_asprintf("%s/nodePools/default-pool", path);
    pool_up(world, pool);
    free(pool);
    sim_gcp_fleet_changed(world);
}

static bool collect_path(void *context, const char *path, json_t *document)
{
    (void)document;
    json_array_append_new(context, json_string(path));
    return true;
}

static void cluster_gone(struct sim_world *world, const char *path)
{
    json_t *paths = json_array();
    sim_gcp_each(world, path, collect_path, paths);
    struct sim_region *region = region_of_path(world, path);
    size_t i;
    json_t *one;
    json_array_foreach(paths, i, one)
    {
        sim_gcp_drop(world, json_string_value(one));
    }
    json_decref(paths);
    json_t *subnet =
        sim_gcp_find(world, "compute/regions/%s/subnetworks/" SIM_SUBNET, region->name);
    json_object_del(subnet, "secondaryIpRanges");
    sim_cluster_delete(region);
}

static void default_cluster(struct sim_world *world, const struct sim_region *region,
                            json_t *document)
{
    const char *project = sim_gcp_project(world);
    char id[24];
    char now[SIM_TIME_SIZE];
    char fingerprint[24];
    const char *name = sim_json_text(document, "name");
    char *link = cluster_link(world, region->zone, name);
    json_t *fixed = sim_shape(
        "{'location':'%s','zone':'%s','locations':['%s'],'status':'PROVISIONING','id':'%s',"
        "'currentMasterVersion':'" VERSION "','currentNodeVersion':'" VERSION "','createTime':'%s',"
        "'selfLink':'%s','labelFingerprint':'%s','loggingService':'logging.googleapis.com/"
        "kubernetes','monitoringService':'monitoring.googleapis.com/kubernetes','clusterIpv4Cidr':"
        "'10.%u.%u.0/20','servicesIpv4Cidr':'34.118.224.0/20'}",
        region->zone, region->zone, region->zone, sim_gcp_id("cluster", name, id),
        sim_gcp_now(world, now), link, sim_gcp_fingerprint(world, fingerprint),
        (unsigned)(region->pod_network >> 16) & 0xffu,
        (unsigned)(region->pod_network >> 8) & 0xffu);
    json_object_update(document, fixed);
    json_decref(fixed);
    free(link);
    /* members that Google's Terraform provider reads without asking whether they are there */
    sim_json_default(document, "legacyAbac", json_object());
    sim_json_default(document, "shieldedNodes", json_pack("{s:b}", "enabled", 1));
    sim_json_default(document, "autopilot", json_object());
    sim_json_default(document, "autoscaling", json_object());
    sim_json_default(document, "releaseChannel", json_pack("{s:s}", "channel", "REGULAR"));
    sim_json_default(document, "defaultMaxPodsConstraint",
                     json_pack("{s:s}", "maxPodsPerNode", "110"));
    sim_json_default(document, "addonsConfig", json_object());
    json_t *network = sim_json_make_object(document, "networkConfig");
    const char *vpc = sim_gcp_last(sim_json_text(document, "network"));
    const char *subnet = sim_gcp_last(sim_json_text(document, "subnetwork"));
    json_object_set_new(
        network, "network",
        json_sprintf("projects/%s/global/networks/%s", project, vpc[0] == '\0' ? "default" : vpc));
    json_object_set_new(network, "subnetwork",
                        json_sprintf("projects/%s/regions/%s/subnetworks/%s", project, region->name,
                                     subnet[0] == '\0' ? "default" : subnet));
    sim_json_default(network, "defaultSnatStatus", json_object());
    json_object_set_new(document, "network", json_string(vpc));
    json_object_set_new(document, "subnetwork", json_string(subnet));
    json_t *ips = sim_json_make_object(document, "ipAllocationPolicy");
    sim_json_default(ips, "useIpAliases", json_true());
    sim_json_default(ips, "stackType", json_string("IPV4"));
    json_t *endpoints = sim_json_make_object(document, "controlPlaneEndpointsConfig");
    json_t *ip_endpoints = sim_json_make_object(endpoints, "ipEndpointsConfig");
    json_object_set_new(ip_endpoints, "enabled", json_true());
    sim_json_default(ip_endpoints, "enablePublicEndpoint", json_true());
}

/* What stands in the way of a new cluster; NULL: nothing. */
static json_t *refuse_cluster(struct sim_gcp_call *call, const struct sim_region *region,
                              const char *zone, const char *name)
{
    struct sim_world *world = call->world;
    if (region == NULL) {
        return sim_gcp_error(call, 400, "INVALID_ARGUMENT",
                             "Location \"%s\" does not exist (in this simulated world).", zone);
    }
    json_t *refusal = sim_gcp_refuse_quota(
        call, region, sim_json_text(call->body, "cluster.nodeConfig.machineType"),
        (int)sim_json_int(call->body, "cluster.initialNodeCount", 3));
    if (refusal != NULL) {
        return refusal;
    }
    if (sim_gcp_find(world, "container/%s/%s", zone, name) != NULL) {
        return sim_gcp_error(call, 409, "ALREADY_EXISTS",
                             "Already exists: projects/%s/zones/%s/clusters/%s.",
                             sim_gcp_project(world), zone, name);
    }
    if (!tg_str_eq(name, region->cluster)) {
        return sim_gcp_error(call, 400, "INVALID_ARGUMENT",
                             "(simulated) the cluster of zone %s is called %s in this world.", zone,
                             region->cluster);
    }
    const char *vpc = sim_gcp_last(sim_json_text(call->body, "cluster.network"));
    if (vpc[0] != '\0' && sim_gcp_find(world, "compute/global/networks/%s", vpc) == NULL) {
        return sim_gcp_error(call, 400, "INVALID_ARGUMENT",
                             "Network \"%s\" does not exist in project \"%s\".", vpc,
                             sim_gcp_project(world));
    }
    return NULL;
}

static json_t *create_cluster(struct sim_gcp_call *call, const char *zone)
{
    struct sim_world *world = call->world;
    struct sim_region *region = sim_gcp_zone(world, zone);
    const json_t *asked = json_object_get(call->body, "cluster");
    const char *name = sim_json_text(asked, "name");
    json_t *error = refuse_cluster(call, region, zone, name);
    if (error != NULL) {
        return error;
    }
    json_t *document = json_deep_copy(asked);
    default_cluster(world, region, document);
    json_t *config = json_object_get(document, "nodeConfig");
    json_t *pool = json_pack("{s:s,s:I,s:o}", "name", "default-pool", "initialNodeCount",
                             (json_int_t)sim_json_int(document, "initialNodeCount", 3), "config",
                             config == NULL ? json_object() : json_deep_copy(config));
    char *path = tg_asprintf("container/%s/%s", zone, name);
    char *pool_path = tg_asprintf("%s/nodePools/default-pool", path);
    char *link = cluster_link(world, zone, name);
    sim_gcp_put(world, pool_path, pool_document(world, region, name, pool));
    sim_gcp_put(world, path, document);
    json_decref(pool);
    json_t *answer = operate(call, "CREATE_CLUSTER", zone, path, link,
                             &sim_world_params(world)->cluster_create, cluster_up);
    free(link);
    free(pool_path);
    free(path);
    return answer;
}

static json_t *delete_cluster(struct sim_gcp_call *call, const char *zone, const char *name)
{
    json_t *busy = refuse_busy(call, zone, name);
    if (busy != NULL) {
        return busy;
    }
    char *path = tg_asprintf("container/%s/%s", zone, name);
    json_t *next = json_deep_copy(sim_gcp_find(call->world, "%s", path));
    char *link = cluster_link(call->world, zone, name);
    set_status(next, "STOPPING");
    sim_gcp_put(call->world, path, next);
    json_t *answer = operate(call, "DELETE_CLUSTER", zone, path, link,
                             &sim_world_params(call->world)->cluster_delete, cluster_gone);
    free(link);
    free(path);
    return answer;
}

/* "desiredReleaseChannel" sets releaseChannel, and so on. */
static void apply_desired(json_t *document, const json_t *update)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)update, key, value)
    {
        char name[80];
        size_t skip = strlen("desired");
        if (!tg_str_has_prefix(key, "desired") || key[skip] == '\0') {
            continue;
        }
        snprintf(name, sizeof name, "%c%.70s", key[skip] - 'A' + 'a', key + skip + 1);
        json_t *into = tg_str_eq(name, "gatewayApiConfig") || tg_str_eq(name, "datapathProvider")
                           ? sim_json_make_object(document, "networkConfig")
                           : document;
        json_object_set_new(into, name, json_deep_copy(value));
    }
}

static json_t *refuse_fingerprint(struct sim_gcp_call *call, const json_t *document)
{
    const char *known = sim_json_text(call->body, "labelFingerprint");
    return known[0] == '\0' || tg_str_eq(known, sim_json_text(document, "labelFingerprint"))
               ? NULL
               : sim_gcp_error(call, 412, "FAILED_PRECONDITION",
                               "Labels fingerprint either invalid or resource labels have changed");
}

static json_t *update_cluster(struct sim_gcp_call *call, const char *zone, const char *name,
                              const char *verb)
{
    char *path = tg_asprintf("container/%s/%s", zone, name);
    json_t *document = sim_gcp_find(call->world, "%s", path);
    json_t *answer = refuse_busy(call, zone, name);
    bool is_labels = tg_str_eq(verb, "setResourceLabels");
    answer = answer == NULL && is_labels ? refuse_fingerprint(call, document) : answer;
    if (answer == NULL) {
        char fingerprint[24];
        json_t *next = json_deep_copy(document);
        const json_t *labels = json_object_get(call->body, "resourceLabels");
        const json_t *policy = json_object_get(call->body, "maintenancePolicy");
        if (is_labels) {
            json_object_set_new(next, "resourceLabels",
                                labels == NULL ? json_object() : json_deep_copy(labels));
            json_object_set_new(next, "labelFingerprint",
                                json_string(sim_gcp_fingerprint(call->world, fingerprint)));
        } else if (policy != NULL) {
            json_object_set_new(next, "maintenancePolicy", json_deep_copy(policy));
        }
        apply_desired(next, json_object_get(call->body, "update"));
        sim_gcp_put(call->world, path, next);
        char *link = cluster_link(call->world, zone, name);
        answer = operate(call, is_labels ? "SET_LABELS" : "UPDATE_CLUSTER", zone, path, link, NULL,
                         NULL);
        free(link);
    }
    free(path);
    return answer;
}

static json_t *server_config(void)
{
    return sim_shape("{'defaultClusterVersion':'" VERSION "','validMasterVersions':['" VERSION
                     "'],'validNodeVersions':['" VERSION "'],'channels':[{'channel':'RAPID',"
                     "'defaultVersion':'" VERSION "','validVersions':['" VERSION "']}]}");
}

json_t *sim_gcp_container(struct sim_gcp_call *call)
{
    /* projects/P/locations/L/clusters[/C[/nodePools[/N]]]; the old form says zones/Z */
    const char *location = sim_gcp_segment(call, 3);
    const char *collection = sim_gcp_segment(call, 4);
    char name[SIM_GCP_SEGMENT_SIZE];
    tg_str_copy(name, sizeof name, sim_gcp_segment(call, 5));
    char *colon = strchr(name, ':');
    const char *verb = colon == NULL ? "" : colon + 1;
    if (colon != NULL) {
        *colon = '\0';
    }
    if (tg_str_eq(collection, "operations")) {
        return sim_gcp_operations(call, "container", 5);
    }
    if (tg_str_eq(collection, "serverConfig") || tg_str_eq(collection, "serverconfig")) {
        return server_config();
    }
    if (!tg_str_eq(collection, "clusters")) {
        return NULL;
    }
    if (call->count == 5) {
        return tg_str_eq(call->method, "POST") ? create_cluster(call, location)
                                               : list_clusters(call, location);
    }
    struct sim_region *region = sim_gcp_zone(call->world, location);
    const json_t *document = sim_gcp_find(call->world, "container/%s/%s", location, name);
    if (region == NULL || document == NULL) {
        return not_found(call, location, name);
    }
    if (tg_str_eq(sim_gcp_segment(call, 6), "nodePools")) {
        return pools(call, region, name);
    }
    if (call->count > 6) {
        return NULL;
    }
    return tg_str_eq(call->method, "DELETE") ? delete_cluster(call, location, name)
           : tg_str_eq(call->method, "PUT") || verb[0] != '\0'
               ? update_cluster(call, location, name, verb)
               : show_cluster(call->world, region, document);
}
