/* tests/unit/plan/test_verify.c - steps are judged by what is observed and nothing else. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "plan/verify.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/assets.h"
#include "base/mem.h"
#include "codec/lab_file.h"
#include "model/reduce.h"

#define S_US   INT64_C(1000000)
#define T0_US  INT64_C(1767225600000000)
#define NOW_US (1000 * S_US)

/* One step on two regions, us-east5 with cluster gke-us and europe-west4 with gke-eu; the config
 * cluster is gke-us. */
#define LAB                                                                                   \
    "name: t\ntitle: {en: T}\nconfig_cluster: gke-us\nnamespace: default\ndeployment: vllm\n" \
    "app_label: gemma-server\nmodel: m\ngateway: g\nprimary_region: us-east5\nregions:\n"     \
    "  - {name: us-east5, zone: us-east5-b, cluster: gke-us, node_pool: tpu-us, "             \
    "address_name: ip-us}\n"                                                                  \
    "  - {name: europe-west4, zone: europe-west4-a, cluster: gke-eu, node_pool: tpu-eu, "     \
    "address_name: ip-eu}\n"                                                                  \
    "steps:\n  - id: s\n    section: 1\n    title: {en: S}\n    why: {en: W}\n    verify:\n"

static struct tg_model *model;
static int us;
static int eu;
static int gcp;

static void set_up(void)
{
    model = tg_model_new();
    us = tg_model_add_cluster(model, "gke_p_us-east5-b_gke-us");
    eu = tg_model_add_cluster(model, "gke_p_europe-west4-a_gke-eu");
    gcp = tg_model_add_gcp(model, "p");
}

static void tear_down(void)
{
    tg_model_free(model);
}

TestSuite(verify, .init = set_up, .fini = tear_down);

/* A complete list of one kind with at most one object, at a time of our clock. */
static void list_at(int target, enum tg_kind kind, const struct tg_obj *draft, int64_t at_us)
{
    struct tg_msg *msg = tg_msg_new(TG_MSG_REPLACE, target, at_us);
    msg->resource = kind;
    msg->as.replace.items = tg_calloc(1, sizeof(struct tg_obj *));
    if (draft != NULL) {
        struct tg_obj copy = *draft;
        copy.kind = kind;
        msg->as.replace.items[msg->as.replace.count++] = tg_obj_new(&copy);
    }
    tg_reduce(model, msg);
    tg_msg_free(msg);
}

static void list(int target, enum tg_kind kind, const struct tg_obj *draft)
{
    list_at(target, kind, draft, NOW_US - 10 * S_US);
}

static void add(int target, enum tg_kind kind, const struct tg_obj *draft)
{
    struct tg_msg *msg = tg_msg_new(TG_MSG_PUT, target, NOW_US - 10 * S_US);
    struct tg_obj copy = *draft;
    copy.kind = kind;
    msg->resource = kind;
    msg->as.obj = tg_obj_new(&copy);
    tg_reduce(model, msg);
    tg_msg_free(msg);
}

static void set_phase(int target, enum tg_kind kind, enum tg_kind_phase phase)
{
    struct tg_msg *msg = tg_msg_new(TG_MSG_KIND_PHASE, target, NOW_US - 10 * S_US);
    msg->resource = kind;
    msg->as.phase.phase = phase;
    tg_reduce(model, msg);
    tg_msg_free(msg);
}

/* Judges a step with these conditions, each a YAML flow map on a line of its own. */
static struct tg_step_status judge(const char *conditions)
{
    struct tg_err err = TG_ERR_INIT;
    struct tg_step_status status;
    char *text = tg_asprintf("%s%s", LAB, conditions);
    struct tg_lab *lab = tg_lab_parse("lab", text, strlen(text), &err);
    cr_assert_not_null(lab, "%s", err.msg);
    tg_verify_lab(lab, model, NOW_US, &status);
    tg_lab_free(lab);
    free(text);
    return status;
}

static void check(const char *conditions, enum tg_step_state state, const char *missing)
{
    struct tg_step_status status = judge(conditions);
    cr_assert_eq(status.state, state, "%s: state %d, %s", conditions, (int)status.state,
                 status.missing);
    cr_assert_str_eq(status.missing, missing);
}

#define VPC "      - {where: gcp, kind: Network, name: vpc, field: number, equals: 8896}\n"

Test(verify, nothing_observed_is_unknown_not_missing)
{
    struct tg_step_status status = judge(VPC);
    cr_assert_eq(status.state, TG_STEP_UNKNOWN);
    cr_assert_eq(status.conditions_met, 0);
    cr_assert_eq(status.conditions_total, 1);
    cr_assert_eq(status.age_us, -1);
    cr_assert_str_eq(status.missing, "Network/vpc not observed");
}

Test(verify, a_list_without_it_is_missing)
{
    list(gcp, TG_KIND_GCP_NETWORK, &(struct tg_obj){.name = "default", .as.gcp.number = 8896});
    check(VPC, TG_STEP_MISSING, "Network/vpc missing");
}

Test(verify, there_and_not_so_is_running)
{
    list(gcp, TG_KIND_GCP_NETWORK, &(struct tg_obj){.name = "vpc", .as.gcp.number = 1460});
    check(VPC, TG_STEP_RUNNING, "Network/vpc number=1460");
}

Test(verify, there_and_so_is_done)
{
    list(gcp, TG_KIND_GCP_NETWORK, &(struct tg_obj){.name = "vpc", .as.gcp.number = 8896});
    struct tg_step_status status = judge(VPC);
    cr_assert_eq(status.state, TG_STEP_DONE);
    cr_assert_eq(status.conditions_met, 1);
    cr_assert_eq(status.conditions_total, 1);
    cr_assert_str_eq(status.missing, "");
    cr_assert_eq(status.age_us, 10 * S_US);
}

static void put_gateway(const char *type, const char *status)
{
    struct tg_condition condition = {type, status, "", "", T0_US + 500 * S_US};
    list(us, TG_KIND_GATEWAY,
         &(struct tg_obj){.ns = "default",
                          .name = "g",
                          .created_us = T0_US + 20 * S_US,
                          .as.gateway.conditions = {&condition, 1}});
}

#define GATEWAY "      - {where: config, kind: Gateway, name: g, condition: Programmed}\n"

Test(verify, a_condition_must_be_true)
{
    put_gateway("Programmed", "False");
    check(GATEWAY, TG_STEP_RUNNING, "Gateway/g Programmed=False");
    put_gateway("Programmed", "Unknown");
    check(GATEWAY, TG_STEP_RUNNING, "Gateway/g Programmed=Unknown");
    put_gateway("Accepted", "True");
    check(GATEWAY, TG_STEP_RUNNING, "Gateway/g Programmed=missing");
    put_gateway("Programmed", "True");
    check(GATEWAY, TG_STEP_DONE, "");
}

Test(verify, the_config_cluster_is_asked_and_no_other)
{
    list(us, TG_KIND_GATEWAY, NULL);
    struct tg_condition condition = {"Programmed", "True", "", "", 0};
    list(eu, TG_KIND_GATEWAY,
         &(struct tg_obj){.name = "g", .as.gateway.conditions = {&condition, 1}});
    check(GATEWAY, TG_STEP_MISSING, "Gateway/g missing");
}

Test(verify, the_observed_span_is_from_creation_to_the_last_transition)
{
    put_gateway("Programmed", "True");
    cr_assert_eq(judge(GATEWAY).observed_span_us, 480 * S_US);
    put_gateway("Programmed", "False");
    cr_assert_eq(judge(GATEWAY).observed_span_us, 0);
}

Test(verify, an_object_that_does_not_tell_its_creation_is_not_the_first)
{
    put_gateway("Programmed", "True");
    list(gcp, TG_KIND_GCP_NETWORK, &(struct tg_obj){.name = "vpc", .as.gcp.number = 8896});
    list(us, TG_KIND_DEPLOYMENT,
         &(struct tg_obj){.name = "late", .created_us = T0_US + 400 * S_US});
    cr_assert_eq(judge(GATEWAY VPC "      - {where: config, kind: Deployment}\n").observed_span_us,
                 480 * S_US);
}

#define READY "      - {where: regions, kind: Deployment, name: vllm, field: ready, equals: 1+}\n"

static void put_deployment(int target, int ready)
{
    list(target, TG_KIND_DEPLOYMENT,
         &(struct tg_obj){.ns = "default", .name = "vllm", .as.deployment.ready = ready});
}

Test(verify, regions_multiply_and_all_must_hold)
{
    put_deployment(us, 1);
    check(READY, TG_STEP_UNKNOWN, "Deployment/vllm not observed in europe-west4");
    list(eu, TG_KIND_DEPLOYMENT, NULL);
    check(READY, TG_STEP_RUNNING, "Deployment/vllm missing in europe-west4");
    put_deployment(eu, 0);
    struct tg_step_status status = judge(READY);
    cr_assert_eq(status.state, TG_STEP_RUNNING);
    cr_assert_eq(status.conditions_met, 1);
    cr_assert_eq(status.conditions_total, 2);
    cr_assert_str_eq(status.missing, "Deployment/vllm ready=0 in europe-west4");
    put_deployment(eu, 12); /* "1+" is a number, not a text */
    check(READY, TG_STEP_DONE, "");
}

Test(verify, names_are_filled_in_for_each_region)
{
    const char *pools = "      - {where: each_region_gcp, kind: NodePool, name: '{node_pool}', "
                        "field: status, equals: RUNNING}\n";
    const char *bucket = "      - {where: gcp, kind: Bucket, name: '{project}-gemma-weights'}\n";
    const char *backends = "      - {where: each_region_gcp, kind: BackendHealth, name: '{zone}*', "
                           "field: status, equals: HEALTHY}\n";
    struct tg_obj pool = {.ns = "gke-us", .name = "tpu-us"};
    pool.as.gcp.status = "RUNNING";
    pool.as.gcp.location = "us-east5-b";
    list(gcp, TG_KIND_GCP_NODE_POOL, &pool);
    check(pools, TG_STEP_RUNNING, "NodePool/tpu-eu missing in europe-west4");

    list(gcp, TG_KIND_GCP_BUCKET, &(struct tg_obj){.name = "q-gemma-weights"});
    check(bucket, TG_STEP_MISSING, "Bucket/p-gemma-weights missing");
    list(gcp, TG_KIND_GCP_BUCKET, &(struct tg_obj){.name = "p-gemma-weights"});
    check(bucket, TG_STEP_DONE, "");

    struct tg_obj backend = {.name = "us-east5-b 10.4.0.9:8000"};
    backend.as.gcp.status = "HEALTHY";
    backend.as.gcp.location = "us-east5-b";
    list(gcp, TG_KIND_GCP_BACKEND, &backend);
    backend.name = "europe-west4-a 10.5.0.9:8000";
    backend.as.gcp.location = "europe-west4-a";
    backend.as.gcp.status = "UNHEALTHY";
    add(gcp, TG_KIND_GCP_BACKEND, &backend);
    check(backends, TG_STEP_RUNNING,
          "BackendHealth/europe-west4-a* status=UNHEALTHY in europe-west4");
}

Test(verify, one_name_in_two_regions_is_told_apart_by_place)
{
    const char *subnets = "      - {where: each_region_gcp, kind: Subnetwork, name: nodes}\n";
    struct tg_obj subnet = {.ns = "us-east5", .name = "nodes"};
    subnet.as.gcp.location = "us-east5";
    list(gcp, TG_KIND_GCP_SUBNETWORK, &subnet);
    check(subnets, TG_STEP_RUNNING, "Subnetwork/nodes missing in europe-west4");
    subnet.ns = "europe-west4";
    subnet.as.gcp.location = "europe-west4";
    add(gcp, TG_KIND_GCP_SUBNETWORK, &subnet);
    check(subnets, TG_STEP_DONE, "");
}

Test(verify, any_object_will_do_when_no_name_is_given_and_so_many_as_wanted)
{
    const char *two =
        "      - {where: config, kind: Node, field: chips, equals: 4+, at_least: 2}\n";
    struct tg_obj node = {.name = "a"};
    node.as.node.is_ready = true;
    node.as.node.tpu_allocatable = 4;
    list(us, TG_KIND_NODE, &node);
    check(two, TG_STEP_RUNNING, "Node 1 of 2");
    node.name = "b";
    node.as.node.is_ready = false; /* the chips of a node that is not Ready do not count */
    add(us, TG_KIND_NODE, &node);
    check(two, TG_STEP_RUNNING, "Node chips=0");
    node.as.node.is_ready = true;
    add(us, TG_KIND_NODE, &node);
    check(two, TG_STEP_DONE, "");
}

Test(verify, fields_of_the_kubernetes_kinds)
{
    struct tg_claim_device devices[] = {{.is_ready = true}, {.is_ready = false}};
    struct tg_obj claim = {.name = "c"};
    claim.as.resource_claim.devices = devices;
    claim.as.resource_claim.devices_count = 2;
    list(us, TG_KIND_RESOURCE_CLAIM, &claim);
    check("      - {where: config, kind: ResourceClaim, field: devices, equals: 2+}\n",
          TG_STEP_RUNNING, "ResourceClaim devices=1");

    struct tg_obj slice = {.name = "s", .as.resource_slice.driver = "dra.net"};
    list(us, TG_KIND_RESOURCE_SLICE, &slice);
    check("      - {where: config, kind: ResourceSlice, field: driver, equals: dra.net}\n",
          TG_STEP_DONE, "");

    list(us, TG_KIND_INFERENCE_POOL, &(struct tg_obj){.name = "gemma-pool"});
    check("      - {where: config, kind: InferencePool, field: exported, equals: 'true'}\n",
          TG_STEP_RUNNING, "InferencePool exported=false");

    list(us, TG_KIND_JOB, &(struct tg_obj){.name = "j", .as.plain.succeeded = 1});
    check("      - {where: config, kind: Job, field: succeeded, equals: 1}\n", TG_STEP_DONE, "");

    list(us, TG_KIND_GATEWAY, &(struct tg_obj){.name = "g"});
    check("      - {where: config, kind: Gateway, field: addresses}\n", TG_STEP_RUNNING,
          "Gateway addresses=");
}

static void scrape(int target, bool is_serving)
{
    struct tg_msg *msg = tg_msg_new(TG_MSG_METRICS, target, NOW_US - S_US);
    msg->as.metrics.ns = tg_strdup("default");
    msg->as.metrics.pod = tg_strdup("vllm-1");
    msg->as.metrics.sample.is_serving = is_serving;
    tg_reduce(model, msg);
    tg_msg_free(msg);
}

Test(verify, serving_is_what_metrics_say_not_what_ready_says)
{
    const char *serving =
        "      - {where: config, kind: Deployment, name: vllm, field: serving, equals: 1+}\n";
    put_deployment(us, 1);
    list(us, TG_KIND_POD,
         &(struct tg_obj){
             .ns = "default", .name = "vllm-1", .as.pod = {.tpu_chips = 4, .is_ready = true}});
    check(serving, TG_STEP_RUNNING, "Deployment/vllm serving=0");
    scrape(us, false);
    check(serving, TG_STEP_RUNNING, "Deployment/vllm serving=0");
    scrape(us, true);
    check(serving, TG_STEP_DONE, "");
}

Test(verify, a_kind_that_the_server_lacks_is_missing)
{
    set_phase(us, TG_KIND_GATEWAY, TG_KIND_PHASE_ABSENT);
    check(GATEWAY, TG_STEP_MISSING, "Gateway/g missing");
    set_phase(us, TG_KIND_GATEWAY, TG_KIND_PHASE_DENIED);
    check(GATEWAY, TG_STEP_UNKNOWN, "Gateway/g not observed");
}

Test(verify, the_age_is_that_of_the_oldest_source)
{
    list_at(gcp, TG_KIND_GCP_NETWORK, NULL, NOW_US - 300 * S_US);
    list_at(gcp, TG_KIND_GCP_BUCKET, NULL, NOW_US - 20 * S_US);
    cr_assert_eq(judge(VPC "      - {where: gcp, kind: Bucket}\n").age_us, 300 * S_US);
}

Test(verify, a_silent_watch_is_as_young_as_the_targets_heartbeat)
{
    list_at(us, TG_KIND_GATEWAY, NULL, NOW_US - 600 * S_US);
    struct tg_msg *msg = tg_msg_new(TG_MSG_CONTACT, us, NOW_US - 3 * S_US);
    tg_reduce(model, msg);
    tg_msg_free(msg);
    cr_assert_eq(judge(GATEWAY).age_us, 3 * S_US);
}

Test(verify, of_the_built_in_lab_nothing_is_known_at_first)
{
    struct tg_err err = TG_ERR_INIT;
    const struct tg_asset *asset = tg_asset_get("labs/gemma-two-region.yaml");
    struct tg_lab *lab = tg_lab_parse(asset->path, asset->text, asset->len, &err);
    cr_assert_not_null(lab, "%s", err.msg);
    struct tg_step_status *statuses = tg_calloc(lab->steps_count, sizeof(*statuses));
    tg_verify_lab(lab, model, NOW_US, statuses);
    for (size_t i = 0; i < lab->steps_count; i++) {
        cr_assert_eq(statuses[i].state, TG_STEP_UNKNOWN, "%s", lab->steps[i].id);
        cr_assert_eq(statuses[i].conditions_met, 0);
        cr_assert_geq(statuses[i].conditions_total, (int)lab->steps[i].conditions_count);
    }
    free(statuses);
    tg_lab_free(lab);
}

/* Where Google Cloud shows no such cluster, nothing is in it: missing, and as fresh as that list.
 */
Test(verify, what_is_in_a_cluster_that_does_not_exist_is_missing)
{
    tg_model_free(model);
    model = tg_model_new();
    gcp = tg_model_add_gcp(model, "p");
    list(gcp, TG_KIND_GCP_CLUSTER, NULL);
    struct tg_step_status status =
        judge("      - {where: regions, kind: Deployment, name: vllm}\n");
    cr_assert_eq(status.state, TG_STEP_MISSING);
    cr_assert_str_eq(status.missing, "Deployment/vllm missing in us-east5");
    cr_assert_eq(status.age_us, 10 * S_US);
}

/* A project in which nobody enabled the API of clusters has none. */
Test(verify, without_the_api_of_clusters_there_is_none)
{
    tg_model_free(model);
    model = tg_model_new();
    gcp = tg_model_add_gcp(model, "p");
    cr_assert_not(tg_verify_is_cluster_absent(model, "gke-us"), "nothing is known yet");
    set_phase(gcp, TG_KIND_GCP_CLUSTER, TG_KIND_PHASE_ABSENT);
    cr_assert(tg_verify_is_cluster_absent(model, "gke-us"));
    set_phase(gcp, TG_KIND_GCP_CLUSTER, TG_KIND_PHASE_DENIED);
    cr_assert_not(tg_verify_is_cluster_absent(model, "gke-us"), "it may be there");
}
