/* tests/unit/sim/test_gcp_quota.c - quota and capacity: what is used, and what a lack of it looks
 * like. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "sim/gcp_quota.h"
#include "tests/unit/sim/fault_rig.h"
#include "tests/unit/sim/gcp_rig.h"

#define POOLS RIG_CLUSTERS "/gke-us-east5/nodePools"

static json_t *pool(const char *name, const char *type, int count)
{
    return json_pack("{s:{s:s,s:i,s:{s:s}}}", "nodePool", "name", name, "initialNodeCount", count,
                     "config", "machineType", type);
}

/* The operation's end. */
static json_t *ended(struct sim_world *world, json_t *operation)
{
    char target[300];
    snprintf(target, sizeof target,
             "/container/v1/projects/demo-4711/locations/us-east5-b/operations/%s",
             sim_json_text(operation, "name"));
    json_decref(operation);
    rig_run(world, 3600);
    return rig_ask(world, "GET", target, NULL, 200);
}

Test(gcp_quota, use_follows_what_stands)
{
    struct sim_world *world = rig_world(1, 2, true);
    const struct sim_region *region = sim_world_region(world, 0);
    cr_expect_eq(sim_gcp_quota_usage(world, region, "CPUS"), 16);
    cr_expect_eq(sim_gcp_quota_usage(world, region, SIM_QUOTA_TPU), 4);
    cr_expect_eq(sim_gcp_quota_usage(world, region, "STATIC_ADDRESSES"), 1);
    json_t *answer = rig_ask(world, "GET", RIG_COMPUTE "/regions/us-east5", NULL, 200);
    const json_t *first = json_array_get(json_object_get(answer, "quotas"), 0);
    cr_expect_str_eq(sim_json_text(first, "metric"), "CPUS");
    cr_expect_float_eq(json_real_value(json_object_get(first, "usage")), 16.0, 0.001);
    json_decref(answer);
    sim_world_free(world);
}

Test(gcp_quota, too_few_cpus_are_refused_at_once)
{
    struct sim_world *world = rig_world(1, 2, true);
    json_t *refused = rig_ask(world, "POST", POOLS, pool("more", "e2-standard-16", 5), 403);
    cr_expect_not_null(strstr(sim_json_text(refused, "error.message"),
                              "request requires '80.0' and is short '24.0'. project has a quota of "
                              "'72.0' with '56.0' available."));
    json_decref(refused);
    rig_do(world, "GET", POOLS "/more", NULL, 404);
    sim_world_free(world);
}

Test(gcp_quota, too_few_chips_leave_a_pool_in_error)
{
    struct sim_world *world = rig_world(1, 2, true);
    json_t *operation =
        ended(world, rig_ask(world, "POST", POOLS, pool("more", "ct6e-standard-4t", 1), 200));
    cr_expect_str_eq(sim_json_text(operation, "status"), "DONE");
    cr_expect_not_null(
        strstr(sim_json_text(operation, "statusMessage"), "[GCE_QUOTA_EXCEEDED]: Instance"));
    cr_expect_str_eq(
        sim_json_text(json_array_get(json_object_get(operation, "nodepoolConditions"), 0), "code"),
        "GCE_QUOTA_EXCEEDED");
    json_decref(operation);
    char *status = rig_text(world, POOLS "/more", "status");
    cr_expect_str_eq(status, "ERROR");
    free(status);
    rig_do(world, "DELETE", POOLS "/more", NULL, 200);
    sim_world_free(world);
}

Test(gcp_quota, a_stockout_fails_late_and_ends)
{
    struct sim_world *world = rig_world(1, 2, true);
    sim_gcp_set_quota(world, "us-east5", SIM_QUOTA_TPU, 8);
    fault_add(world, "stockout region=0 for=1h");
    json_t *operation = rig_ask(world, "POST", POOLS, pool("more", "ct6e-standard-4t", 1), 200);
    rig_run(world, 1200);
    char *status = rig_text(world, POOLS "/more", "status");
    cr_expect_str_eq(status, "PROVISIONING", "it tries for half an hour");
    free(status);
    operation = ended(world, operation);
    cr_expect_not_null(strstr(sim_json_text(operation, "statusMessage"), "[GCE_STOCKOUT]"));
    json_decref(operation);
    rig_do(world, "DELETE", POOLS "/more", NULL, 200);
    rig_run(world, 1200);
    operation =
        ended(world, rig_ask(world, "POST", POOLS, pool("more", "ct6e-standard-4t", 1), 200));
    cr_expect_null(json_object_get(operation, "statusMessage"));
    json_decref(operation);
    sim_world_free(world);
}

Test(gcp_quota, tpu_quota_is_seen_in_two_apis)
{
    struct sim_world *world = rig_project();
    static const char quotas[] = "/cloudquotas/v1/projects/demo-4711/locations/global/services/"
                                 "compute.googleapis.com/quotaInfos/"
                                 "TPUS-PER-TPU-FAMILY-per-project-region";
    rig_do(world, "GET", quotas, NULL, 403);
    rig_do(world, "POST",
           "/serviceusage/v1/projects/demo-4711/services/cloudquotas.googleapis.com:enable",
           json_object(), 200);
    rig_run(world, 300);
    sim_gcp_set_quota(world, "europe-west4", SIM_QUOTA_TPU, 32);
    json_t *info = rig_ask(world, "GET", quotas, NULL, 200);
    const json_t *row = json_array_get(json_object_get(info, "dimensionsInfos"), 1);
    cr_expect_str_eq(sim_json_text(row, "dimensions.region"), "europe-west4");
    cr_expect_str_eq(sim_json_text(row, "details.value"), "32");
    json_decref(info);
    json_t *metric = rig_ask(world, "GET",
                             "/serviceusage/v1beta1/projects/demo-4711/services/"
                             "compute.googleapis.com/consumerQuotaMetrics/compute.googleapis.com/"
                             "tpus_per_tpu_family",
                             NULL, 200);
    const json_t *limit = json_array_get(json_object_get(metric, "consumerQuotaLimits"), 0);
    cr_expect_eq(sim_json_count(limit, "quotaBuckets"), 3);
    json_decref(metric);
    sim_world_free(world);
}

Test(gcp_quota, services_that_others_need_are_not_disabled)
{
    struct sim_world *world = rig_project();
    static const char compute[] =
        "/serviceusage/v1/projects/demo-4711/services/compute.googleapis.com";
    char target[200];
    snprintf(target, sizeof target, "%s:disable", compute);
    json_t *refused = rig_ask(world, "POST", target, json_object(), 400);
    cr_expect_str_eq(sim_json_text(refused, "error.status"), "FAILED_PRECONDITION");
    json_decref(refused);
    char *state =
        rig_text(world, "/serviceusage/v1/projects/demo-4711/services/iam.googleapis.com", "state");
    cr_expect_str_eq(state, "ENABLED", "the Kubernetes Engine API needs it");
    free(state);
    rig_do(world, "POST", target, json_pack("{s:b}", "disableDependentServices", 1), 200);
    rig_do(world, "GET", RIG_CLUSTERS, NULL, 403);
    sim_world_free(world);
}

/* What a zone does not offer is no machine type of it, by name or in a list. */
Test(gcp_quota, a_machine_type_that_was_withdrawn)
{
    struct sim_world *world = rig_world(1, 2, true);
    json_decref(rig_ask(world, "GET", RIG_COMPUTE "/zones/us-east5-b/machineTypes/ct6e-standard-4t",
                        NULL, 200));
    sim_gcp_withdraw(world, "us-east5-b", "ct6e-standard-4t");
    json_decref(rig_ask(world, "GET", RIG_COMPUTE "/zones/us-east5-b/machineTypes/ct6e-standard-4t",
                        NULL, 404));
    json_decref(rig_ask(world, "GET", RIG_COMPUTE "/zones/us-east5-a/machineTypes/ct6e-standard-4t",
                        NULL, 200));
    sim_world_free(world);
}

/* Where nobody pays, what costs is not enabled. */
Test(gcp_quota, no_billing_account)
{
    struct sim_world *world = rig_world(1, 2, false);
    sim_world_params(world)->has_billing = 0;
    json_t *answer = rig_ask(world, "GET", "/v1/projects/demo-4711/billingInfo", NULL, 200);
    cr_assert_not(json_is_true(json_object_get(answer, "billingEnabled")));
    json_decref(answer);
    answer = rig_ask(world, "POST",
                     "/serviceusage/v1/projects/demo-4711/services/compute.googleapis.com:enable",
                     NULL, 400);
    cr_assert(strstr(sim_json_text(answer, "error.message"), "Billing must be enabled") != NULL);
    json_decref(answer);
    sim_world_free(world);
}
