/* sim/cloud.c - what the clusters see of Google Cloud, and the lab's resources in it. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "sim/cloud.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim/gcp_balancer.h"
#include "sim/gcp_object.h"
#include "sim/gcp_store.h"
#include "sim/json_path.h"
#include "sim/lab_objects.h"
#include "sim/shape.h"

#define SHARDS       12
#define SHARD_HEADER 40000 /* bytes of a shard that are no tensors */
#define LAYERS       62

const char *sim_cloud_address(struct sim_world *world, const char *region, const char *name)
{
    const json_t *address = sim_gcp_find(world, "compute/regions/%s/addresses/%s", region, name);
    return address == NULL ? NULL : sim_json_text(address, "address");
}

bool sim_cloud_is_member(struct sim_world *world, int region)
{
    const json_t *membership =
        sim_gcp_find(world, "hub/memberships/%s", sim_world_region(world, region)->cluster);
    return tg_str_eq(sim_json_text(membership, "state.code"), "READY");
}

bool sim_cloud_is_feature_ready(struct sim_world *world, const char *feature)
{
    const json_t *document = sim_gcp_find(world, "hub/features/%s", feature);
    return document != NULL &&
           sim_world_now_us(world) >= sim_json_int(document, "_ready", INT64_MAX);
}

int sim_cloud_config_region(struct sim_world *world)
{
    const json_t *feature = sim_gcp_find(world, "hub/features/multiclusteringress");
    const char *config =
        sim_gcp_last(sim_json_text(feature, "spec.multiclusteringress.configMembership"));
    for (int i = 0; i < sim_world_region_count(world); i++) {
        if (tg_str_eq(config, sim_world_region(world, i)->cluster) &&
            sim_cloud_is_feature_ready(world, "multiclusteringress")) {
            return i;
        }
    }
    return -1;
}

void sim_cloud_gateway_programmed(struct sim_world *world)
{
    sim_gcp_balancer_make(world);
}

void sim_cloud_gateway_detached(struct sim_world *world)
{
    sim_gcp_balancer_remove(world);
}

/* ---- the lab's resources, by the requests that make them ---- */

/* A request as a client would send it; it must succeed. */
static void ask(struct sim_world *world, const char *method, const char *path, const char *query,
                json_t *body)
{
    int status = 200;
    json_t *answer = sim_gcp_get(world, method, path, query, body, &status);
    if (answer == NULL || status >= 300) {
        tg_assert_fail(sim_json_text(answer, "error.message"), path, status, __func__);
    }
    json_decref(answer);
    json_decref(body);
}

static void ask_in(struct sim_world *world, const char *service, const char *rest,
                   const char *query, json_t *body)
{
    char *path = tg_asprintf("%s/projects/%s/%s", service, sim_gcp_project(world), rest);
    ask(world, "POST", path, query, body);
    free(path);
}

static void seed_network(struct sim_world *world)
{
    const char *project = sim_gcp_project(world);
    ask_in(world, "compute/v1", "global/networks", "",
           sim_shape("{'name':'" SIM_NETWORK "','autoCreateSubnetworks':false,'mtu':8896}"));
    for (int i = 0; i < sim_world_region_count(world); i++) {
        const struct sim_region *region = sim_world_region(world, i);
        char rest[SIM_NAME_SIZE * 2];
        snprintf(rest, sizeof rest, "regions/%s/subnetworks", region->name);
        ask_in(world, "compute/v1", rest, "",
               sim_shape("{'name':'" SIM_SUBNET "','ipCidrRange':'10.%d.%d.0/24','network':"
                         "'projects/%s/global/networks/" SIM_NETWORK "'}",
                         region->network_high, region->network_low, project));
        ask_in(world, "compute/v1", rest, "",
               sim_shape("{'name':'tpu-gke-dranet-proxy-subnet-%s','ipCidrRange':'10.%d.%d.0/24',"
                         "'network':'projects/%s/global/networks/" SIM_NETWORK "','purpose':"
                         "'GLOBAL_MANAGED_PROXY','role':'ACTIVE'}",
                         region->name, region->network_high + 1, region->network_low, project));
        snprintf(rest, sizeof rest, "regions/%s/addresses", region->name);
        ask_in(world, "compute/v1", rest, "",
               sim_shape("{'name':'gemma-gateway-ip-%s','addressType':'INTERNAL','subnetwork':"
                         "'projects/%s/regions/%s/subnetworks/" SIM_SUBNET "'}",
                         region->name, project, region->name));
    }
    ask_in(world, "compute/v1", "global/firewalls", "",
           sim_shape("{'name':'tpu-gke-dranet-allow-internal','network':'projects/%s/global/"
                     "networks/" SIM_NETWORK "','allowed':[{'IPProtocol':'all'}],'sourceRanges':["
                     "'10.0.0.0/8','10.1.0.0/16']}",
                     project));
    ask_in(
        world, "compute/v1", "global/firewalls", "",
        sim_shape(
            "{'name':'tpu-gke-dranet-allow-hc','network':'projects/%s/global/networks/" SIM_NETWORK
            "','allowed':[{'IPProtocol':'tcp','ports':['8000']}],"
            "'sourceRanges':['130.211.0.0/22','35.191.0.0/16']}",
            project));
}

static void seed_storage(struct sim_world *world)
{
    const char *project = sim_gcp_project(world);
    char *bucket = tg_asprintf("%s-gemma-weights", project);
    ask(world, "POST", "storage/v1/b", "",
        sim_shape("{'name':'%s','location':'US','iamConfiguration':{'uniformBucketLevelAccess':{"
                  "'enabled':true}}}",
                  bucket));
    ask_in(world, "iam/v1", "serviceAccounts", "",
           sim_shape("{'accountId':'gcs-fuse-sa','serviceAccount':{'displayName':'Service Account "
                     "for GCS FUSE'}}"));
    char *path = tg_asprintf("storage/v1/b/%s/iam", bucket);
    ask(world, "PUT", path, "",
        sim_shape("{'bindings':[{'role':'roles/storage.objectAdmin','members':['serviceAccount:"
                  "gcs-fuse-sa@%s.iam.gserviceaccount.com']}]}",
                  project));
    free(path);
    path = tg_asprintf("cloudresourcemanager/v1/projects/%s:setIamPolicy", project);
    ask(world, "POST", path, "",
        sim_shape("{'policy':{'bindings':[{'role':'roles/owner','members':['" SIM_GCP_OPERATOR
                  "']},{'role':'roles/iam.workloadIdentityUser','members':["
                  "'serviceAccount:%s.svc.id.goog[default/gemma-ksa]']}]}}",
                  project));
    free(path);
    free(bucket);
}

int sim_cloud_weights_count(void)
{
    return SHARDS + 3;
}

void sim_cloud_weights_file(int number, char name[64], int64_t *size)
{
    if (number == 0) {
        tg_str_copy(name, 64, "config.json");
        *size = 1614;
    } else if (number <= SHARDS) {
        snprintf(name, 64, "model-%05d-of-%05d.safetensors", number, SHARDS);
        /* 54.9 GB of weights: eleven full shards and the rest */
        *size = number < SHARDS ? INT64_C(4954792944) : INT64_C(462476696);
    } else if (number == SHARDS + 1) {
        tg_str_copy(name, 64, "model.safetensors.index.json");
        *size = 108603;
    } else {
        tg_str_copy(name, 64, "tokenizer.json");
        *size = 33384568;
    }
}

char *sim_cloud_weights_text(int number)
{
    char name[64];
    int64_t size = 0;
    int64_t total = 0;
    struct tg_buf text;
    if (number != SHARDS + 1) {
        return NULL;
    }
    for (int i = 1; i <= SHARDS; i++) {
        sim_cloud_weights_file(i, name, &size);
        total += size - SHARD_HEADER;
    }
    sim_cloud_weights_file(number, name, &size);
    tg_buf_init(&text, (size_t)size);
    tg_buf_printf(&text, "{\"metadata\":{\"total_size\":%" PRId64 "},\"weight_map\":{", total);
    for (int i = 0; i < LAYERS; i++) {
        tg_buf_printf(&text,
                      "%s\"language_model.model.layers.%d.mlp.down_proj.weight\":\"model-%05d-of-"
                      "%05d.safetensors\"",
                      i > 0 ? "," : "", i, i * SHARDS / LAYERS + 1, SHARDS);
    }
    tg_buf_puts(&text, "}}");
    while ((int64_t)text.len < size) {
        tg_buf_putc(&text, '\n');
    }
    return tg_buf_take(&text, NULL);
}

void sim_cloud_seed_base(struct sim_world *world)
{
    sim_gcp_enable_service(world, "cloudresourcemanager.googleapis.com");
    sim_gcp_enable_service(world, "serviceusage.googleapis.com");
    sim_gcp_policy_seed(world);
}

void sim_cloud_seed_lab(struct sim_world *world)
{
    static const char *const services[] = {
        "compute.googleapis.com",
        "container.googleapis.com",
        "gkehub.googleapis.com",
        "iam.googleapis.com",
        "multiclusteringress.googleapis.com",
        "multiclusterservicediscovery.googleapis.com",
        "storage.googleapis.com",
        "trafficdirector.googleapis.com",
    };
    for (size_t i = 0; i < TG_COUNT(services); i++) {
        sim_gcp_enable_service(world, services[i]);
    }
    seed_network(world);
    seed_storage(world);
}

void sim_cloud_seed_cluster(struct sim_region *region)
{
    struct sim_world *world = region->world;
    const char *project = sim_gcp_project(world);
    char rest[SIM_NAME_SIZE * 4];
    snprintf(rest, sizeof rest, "locations/%s/clusters", region->zone);
    ask_in(world, "container/v1", rest, "",
           sim_shape("{'cluster':{'name':'%s','initialNodeCount':1,'releaseChannel':{'channel':"
                     "'RAPID'},'network':'projects/%s/global/networks/" SIM_NETWORK
                     "','subnetwork':'projects/%s/regions/%s/subnetworks/" SIM_SUBNET
                     "','networkConfig':{'datapathProvider':'ADVANCED_DATAPATH','gatewayApiConfig':"
                     "{'channel':'CHANNEL_STANDARD'}},'workloadIdentityConfig':{'workloadPool':"
                     "'%s.svc.id.goog'},'addonsConfig':{'gcsFuseCsiDriverConfig':{'enabled':true}},"
                     "'nodeConfig':{'machineType':'e2-standard-16','oauthScopes':['https://www."
                     "googleapis.com/auth/cloud-platform'],'workloadMetadataConfig':{'mode':"
                     "'GKE_METADATA'}}}}",
                     region->cluster, project, project, region->name, project));
    snprintf(rest, sizeof rest, "locations/%s/clusters/%s/nodePools", region->zone,
             region->cluster);
    ask_in(world, "container/v1", rest, "",
           sim_shape("{'nodePool':{'name':'tpu-v6e-pool','initialNodeCount':1,'config':{"
                     "'machineType':'ct6e-standard-4t','oauthScopes':['https://www.googleapis.com/"
                     "auth/cloud-platform'],'labels':{'cloud.google.com/gke-networking-dra-driver':"
                     "'true'},'workloadMetadataConfig':{'mode':'GKE_METADATA'}},'networkConfig':{"
                     "'enablePrivateNodes':false,'acceleratorNetworkProfile':'auto'}}}"));
}

void sim_cloud_seed_fleet(struct sim_world *world)
{
    const char *project = sim_gcp_project(world);
    for (int i = 0; i < sim_world_region_count(world); i++) {
        const struct sim_region *region = sim_world_region(world, i);
        char query[SIM_NAME_SIZE * 2];
        snprintf(query, sizeof query, "membershipId=%s", region->cluster);
        ask_in(world, "gkehub/v1", "locations/global/memberships", query,
               sim_shape("{'endpoint':{'gkeCluster':{'resourceLink':'//container.googleapis.com/"
                         "projects/%s/locations/%s/clusters/%s'}}}",
                         project, region->zone, region->cluster));
    }
    ask_in(world, "gkehub/v1", "locations/global/features",
           "featureId=multiclusterservicediscovery", json_object());
    ask_in(world, "gkehub/v1", "locations/global/features", "featureId=multiclusteringress",
           sim_shape("{'spec':{'multiclusteringress':{'configMembership':'projects/%s/locations/"
                     "global/memberships/%s'}}}",
                     project, sim_world_region(world, 0)->cluster));
}
