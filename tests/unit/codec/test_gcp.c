/* tests/unit/codec/test_gcp.c - Google Cloud's answers. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "codec/gcp.h"
#include "codec/gcp_answer.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "quoted.h"

#define COMPUTE "https://www.googleapis.com/compute/v1/projects/p"

static struct tg_k8s_list page(enum tg_kind kind, const char *text)
{
    struct tg_k8s_list list;
    struct tg_err err = TG_ERR_INIT;
    char *json = quoted(text);
    cr_assert(tg_gcp_decode_page(kind, json, strlen(json), &list, &err), "%s", err.msg);
    for (size_t i = 0; i < list.count; i++) {
        cr_assert_eq(list.items[i]->kind, kind);
    }
    free(json);
    return list;
}

static void release(struct tg_k8s_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        tg_obj_unref(list->items[i]);
    }
    free(list->items);
    free(list->continue_token);
}

Test(gcp, a_plain_list_with_a_next_page)
{
    struct tg_k8s_list list =
        page(TG_KIND_GCP_NETWORK,
             "{'kind':'compute#networkList','items':[{'kind':'compute#network','id':'815','name':"
             "'tpu-gke-dranet-vpc','mtu':8896,'creationTimestamp':'2025-12-31T16:00:00.000-08:00',"
             "'autoCreateSubnetworks':false},{'name':'default'}],'nextPageToken':'more'}");
    cr_assert_eq(list.count, 2);
    cr_assert_str_eq(list.items[0]->name, "tpu-gke-dranet-vpc");
    cr_assert_str_eq(list.items[0]->uid, "815");
    cr_assert_str_eq(list.items[0]->ns, "");
    cr_assert_eq(list.items[0]->as.gcp.number, 8896);
    cr_assert_eq(list.items[0]->created_us, INT64_C(1767225600000000));
    cr_assert_str_eq(list.continue_token, "more");
    cr_assert_str_eq(list.resource_version, "");
    release(&list);
}

Test(gcp, an_empty_answer_is_an_empty_list)
{
    struct tg_k8s_list list = page(TG_KIND_GCP_BUCKET, "{}");
    cr_assert_eq(list.count, 0);
    cr_assert_null(list.continue_token);
    release(&list);
}

Test(gcp, an_aggregated_list_tells_the_regions_apart)
{
    struct tg_k8s_list list = page(
        TG_KIND_GCP_SUBNETWORK,
        "{'items':{'regions/us-east5':{'subnetworks':[{'id':'1','name':'nodes','ipCidrRange':"
        "'10.0.0.0/24','purpose':'PRIVATE','state':'READY','network':'" COMPUTE
        "/global/networks/vpc','region':'" COMPUTE "/regions/us-east5'}]},'regions/europe-west4':"
        "{'subnetworks':[{'id':'2','name':'nodes','region':'" COMPUTE "/regions/europe-west4'}]},"
        "'regions/asia-east1':{'warning':{'code':'NO_RESULTS_ON_PAGE'}}}}");
    cr_assert_eq(list.count, 2);
    const struct tg_gcp *gcp = &list.items[0]->as.gcp;
    cr_assert_str_eq(list.items[0]->ns, "us-east5");
    cr_assert_str_eq(list.items[0]->name, "nodes");
    cr_assert_str_eq(gcp->location, "us-east5");
    cr_assert_str_eq(gcp->range, "10.0.0.0/24");
    cr_assert_str_eq(gcp->purpose, "PRIVATE");
    cr_assert_str_eq(gcp->status, "READY");
    cr_assert_str_eq(gcp->parent, "vpc");
    cr_assert_str_eq(list.items[1]->ns, "europe-west4");
    cr_assert_str_eq(list.items[1]->as.gcp.parent, "");
    release(&list);
}

Test(gcp, addresses)
{
    struct tg_k8s_list list = page(
        TG_KIND_GCP_ADDRESS, "{'items':{'regions/us-east5':{'addresses':[{'name':'ip-us',"
                             "'address':'10.0.0.7','status':'IN_USE','addressType':'INTERNAL',"
                             "'purpose':'GCE_ENDPOINT','region':'" COMPUTE "/regions/us-east5'}]},"
                             "'global':{'addresses':[{'name':'ip-global','status':'RESERVED'}]}}}");
    cr_assert_eq(list.count, 2);
    cr_assert_str_eq(list.items[0]->as.gcp.address, "10.0.0.7");
    cr_assert_str_eq(list.items[0]->as.gcp.status, "IN_USE");
    cr_assert_str_eq(list.items[0]->as.gcp.purpose, "INTERNAL");
    cr_assert_str_eq(list.items[0]->as.gcp.location, "us-east5");
    cr_assert_str_eq(list.items[1]->name, "ip-global");
    cr_assert_str_eq(list.items[1]->as.gcp.status, "RESERVED");
    release(&list);
}

Test(gcp, names_that_are_paths_are_told_by_their_last_part)
{
    struct tg_k8s_list list =
        page(TG_KIND_GCP_SERVICE, "{'services':[{'name':'projects/1/services/compute.googleapis.com"
                                  "','state':'ENABLED'}]}");
    cr_assert_str_eq(list.items[0]->name, "compute.googleapis.com");
    cr_assert_str_eq(list.items[0]->as.gcp.status, "ENABLED");
    release(&list);

    list = page(TG_KIND_GCP_MEMBERSHIP,
                "{'resources':[{'name':'projects/1/locations/us-east5/memberships/gke-us-east5',"
                "'state':{'code':'READY'},'createTime':'2026-01-01T00:00:00.5Z','endpoint':"
                "{'gkeCluster':{'resourceLink':'//container.googleapis.com/projects/p/locations/"
                "us-east5-b/clusters/the-cluster'}}}]}");
    cr_assert_str_eq(list.items[0]->name, "gke-us-east5");
    cr_assert_str_eq(list.items[0]->as.gcp.status, "READY");
    cr_assert_str_eq(list.items[0]->as.gcp.parent, "the-cluster");
    cr_assert_eq(list.items[0]->created_us, INT64_C(1767225600500000));
    release(&list);

    list = page(TG_KIND_GCP_FEATURE,
                "{'resources':[{'name':'projects/1/locations/global/features/multiclusteringress',"
                "'resourceState':{'state':'ACTIVE'},'state':{'state':{'code':'OK'}}}]}");
    cr_assert_str_eq(list.items[0]->name, "multiclusteringress");
    cr_assert_str_eq(list.items[0]->as.gcp.status, "ACTIVE");
    release(&list);
}

Test(gcp, project_accounts_buckets_and_firewalls)
{
    struct tg_k8s_list list =
        page(TG_KIND_GCP_PROJECT, "{'projectNumber':'1','projectId':'p-1','lifecycleState':"
                                  "'ACTIVE','name':'My Project'}");
    cr_assert_eq(list.count, 1);
    cr_assert_str_eq(list.items[0]->name, "p-1");
    cr_assert_str_eq(list.items[0]->as.gcp.status, "ACTIVE");
    release(&list);
    list = page(TG_KIND_GCP_SERVICE_ACCOUNT,
                "{'accounts':[{'name':'projects/p/serviceAccounts/x','email':'fuse@p.iam'}]}");
    cr_assert_str_eq(list.items[0]->name, "fuse@p.iam");
    release(&list);
    list = page(TG_KIND_GCP_BUCKET, "{'items':[{'name':'p-gemma-weights','location':'US'}]}");
    cr_assert_str_eq(list.items[0]->as.gcp.location, "US");
    release(&list);
    list = page(TG_KIND_GCP_FIREWALL,
                "{'items':[{'name':'allow-hc','network':'" COMPUTE "/global/networks/vpc'}]}");
    cr_assert_str_eq(list.items[0]->as.gcp.parent, "vpc");
    release(&list);
}

#define CLUSTERS                                                                                  \
    "{'clusters':[{'name':'gke-us-east5','id':'abc','location':'us-east5-b','status':'DEGRADED'," \
    "'statusMessage':'nodes are "                                                                 \
    "sick','currentMasterVersion':'1.34.1-gke.1','endpoint':'34.1.2.3',"                          \
    "'currentNodeCount':3,'createTime':'2026-01-01T00:00:00+00:00','nodePools':["                 \
    "{'name':'default-pool','status':'RUNNING','initialNodeCount':2,'version':'1.34.1-gke.1',"    \
    "'config':{'machineType':'e2-standard-4'}},{'name':'tpu-v6e-pool','status':'ERROR',"          \
    "'statusMessage':'no capacity','config':{'machineType':'ct6e-standard-4t'},"                  \
    "'networkConfig':{'acceleratorNetworkProfile':'auto'}}]},{'name':'gke-eu',"                   \
    "'location':'europe-west4-a','nodePools':[{'name':'tpu-v6e-pool'}]}]}"

Test(gcp, clusters)
{
    struct tg_k8s_list list = page(TG_KIND_GCP_CLUSTER, CLUSTERS);
    cr_assert_eq(list.count, 2);
    const struct tg_gcp *gcp = &list.items[0]->as.gcp;
    cr_assert_str_eq(list.items[0]->name, "gke-us-east5");
    cr_assert_str_eq(list.items[0]->ns, "us-east5-b");
    cr_assert_eq(list.items[0]->created_us, INT64_C(1767225600000000));
    cr_assert_str_eq(gcp->location, "us-east5-b");
    cr_assert_str_eq(gcp->status, "DEGRADED");
    cr_assert_str_eq(gcp->status_text, "nodes are sick");
    cr_assert_str_eq(gcp->version, "1.34.1-gke.1");
    cr_assert_str_eq(gcp->address, "34.1.2.3");
    cr_assert_eq(gcp->number, 3);
    release(&list);
}

Test(gcp, an_answer_of_clusters_gives_the_node_pools)
{
    struct tg_k8s_list list = page(TG_KIND_GCP_NODE_POOL, CLUSTERS);
    cr_assert_eq(list.count, 3);
    cr_assert_str_eq(list.items[0]->name, "default-pool");
    cr_assert_eq(list.items[0]->as.gcp.number, 2);
    const struct tg_gcp *gcp = &list.items[1]->as.gcp;
    cr_assert_str_eq(list.items[1]->name, "tpu-v6e-pool");
    cr_assert_str_eq(gcp->parent, "gke-us-east5");
    cr_assert_str_eq(gcp->location, "us-east5-b");
    cr_assert_str_eq(gcp->status, "ERROR");
    cr_assert_str_eq(gcp->status_text, "no capacity");
    cr_assert_str_eq(gcp->machine_type, "ct6e-standard-4t");
    cr_assert_str_eq(list.items[2]->name, "tpu-v6e-pool");
    cr_assert_str_eq(list.items[2]->as.gcp.parent, "gke-eu");
    cr_assert_str_neq(list.items[1]->ns, list.items[2]->ns); /* one name in two clusters */
    release(&list);
}

Test(gcp, items_without_a_name_are_rejected)
{
    struct tg_k8s_list list =
        page(TG_KIND_GCP_NETWORK, "{'items':[{'mtu':1460},{'name':'a'},'text',{'name':''}]}");
    cr_assert_eq(list.count, 1);
    cr_assert_eq(list.rejected, 3);
    release(&list);
}

Test(gcp, groups_are_those_of_the_gateways_own_services)
{
    struct tg_err err = TG_ERR_INIT;
    struct tg_gcp_group groups[3];
    char *json = quoted("{'items':[{'name':'other','backends':[{'group':'g0'}]},"
                        "{'name':'gkemcg1-default-gemma-pool-8000-abc','backends':[{'group':"
                        "'g1'},{'group':'g2'}]},{'name':'gkemcg1-default-gemma-pool-epp-9002-d',"
                        "'backends':[{'group':'g3'}]},{'name':'gkemcg1-empty'},"
                        "{'name':'gkemcg1-x','backends':[{'group':'g4'},{'group':'g5'}]}]}");
    size_t count = tg_gcp_decode_groups(json, strlen(json), groups, 3, &err);

    cr_assert_eq(count, 3); /* g5 finds no room */
    cr_assert_str_eq(groups[0].service, "gkemcg1-default-gemma-pool-8000-abc");
    cr_assert_str_eq(groups[0].group, "g1");
    cr_assert_str_eq(groups[1].group, "g2");
    cr_assert_str_eq(groups[2].service, "gkemcg1-x");
    cr_assert_str_eq(groups[2].group, "g4");
    for (size_t i = 0; i < count; i++) {
        free(groups[i].service);
        free(groups[i].group);
    }
    free(json);
}

Test(gcp, health_of_a_group)
{
    struct tg_err err = TG_ERR_INIT;
    struct tg_k8s_list list = {0};
    char service[] = "gkemcg1-x";
    char group_us[] = COMPUTE "/zones/us-east5-b/networkEndpointGroups/neg-1";
    char group_eu[] = COMPUTE "/regions/europe-west4/networkEndpointGroups/neg-2";
    struct tg_gcp_group us = {service, group_us};
    struct tg_gcp_group eu = {service, group_eu};
    char *json = quoted("{'kind':'compute#backendServiceGroupHealth','healthStatus':[{"
                        "'healthState':'UNHEALTHY','ipAddress':'10.4.0.9','port':8000}]}");

    cr_assert(tg_gcp_decode_health(&us, json, strlen(json), &list, &err));
    cr_assert(tg_gcp_decode_health(&eu, json, strlen(json), &list, &err));
    cr_assert(tg_gcp_decode_health(&eu, "{}", 2, &list, &err));
    cr_assert_not(tg_gcp_decode_health(&eu, "{", 1, &list, &err));
    cr_assert_eq(err.code, TG_CODE_PROTOCOL);
    cr_assert_eq(list.count, 2);
    cr_assert_eq(list.items[0]->kind, TG_KIND_GCP_BACKEND);
    cr_assert_str_eq(list.items[0]->as.gcp.location, "us-east5-b");
    cr_assert_str_eq(list.items[0]->as.gcp.status, "UNHEALTHY");
    cr_assert_str_eq(list.items[0]->as.gcp.address, "10.4.0.9");
    cr_assert_str_eq(list.items[0]->as.gcp.parent, "gkemcg1-x");
    cr_assert_str_eq(list.items[0]->as.gcp.group, "neg-1");
    cr_assert_eq(list.items[0]->as.gcp.number, 8000);
    cr_assert_str_eq(list.items[1]->as.gcp.location, "europe-west4");
    cr_assert_str_neq(list.items[0]->name, list.items[1]->name);
    release(&list);
    free(json);
}

Test(gcp, errors_are_told_as_google_says)
{
    struct tg_err err = TG_ERR_INIT;
    char *json = quoted("{'error':{'code':403,'message':'Permission denied on x','status':"
                        "'PERMISSION_DENIED','details':[]}}");
    tg_gcp_decode_error(403, json, strlen(json), &err);
    cr_assert_eq(err.code, TG_CODE_FORBIDDEN);
    cr_assert_eq(err.detail, 403);
    cr_assert_str_eq(err.msg, "PERMISSION_DENIED: Permission denied on x");
    tg_gcp_decode_error(502, "<html>", 6, &err);
    cr_assert_eq(err.code, TG_CODE_SERVER);
    cr_assert_str_eq(err.msg, "HTTP 502: <html>");
    free(json);
}

Test(gcp, what_is_not_json_is_a_protocol_error)
{
    struct tg_k8s_list list;
    struct tg_err err = TG_ERR_INIT;
    cr_assert_not(tg_gcp_decode_page(TG_KIND_GCP_NETWORK, "<html>", 6, &list, &err));
    cr_assert_eq(err.code, TG_CODE_PROTOCOL);
    cr_assert_null(list.items);
}
