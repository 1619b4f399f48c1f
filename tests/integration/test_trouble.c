/* integration/test_trouble.c - what goes wrong while a lab is stood up or taken down, and what a
 * careful operator is told: no machines, no quota, no permission, slow and stuck things, names that
 * are taken, rules that hold a network. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <criterion/criterion.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "app/provision.h"
#include "base/buf.h"
#include "plan/run_advice.h"
#include "plan/run_report.h"
#include "sim/controllers.h"
#include "sim/gcp_object.h"
#include "sim/gcp_permission.h"
#include "sim/gcp_quota.h"
#include "sim/json_path.h"
#include "sim/params.h"
#include "tests/integration/rig_support.h"
#include "tests/unit/sim/fault_rig.h"

#define SEED     7
#define LIMIT_US (30 * 60 * MINUTE_US)
#define P        "/compute/v1/projects/demo-4711"
#define ZONES    "/container/v1/projects/demo-4711/locations/"
#define POOL     ZONES "us-east5-b/clusters/gke-us-east5/nodePools/tpu-v6e-pool"

static struct tg_rig *rig;
static struct tg_app *app;

static void begin(void)
{
    rig = rig_empty(SEED, rig_journal_path());
    app = tg_rig_app(rig);
}

static void end(void)
{
    tg_rig_free(rig);
}

TestSuite(trouble, .init = begin, .fini = end, .timeout = 300);

static void start(enum tg_run_direction direction, const char *until, enum tg_run_stockout policy)
{
    struct tg_err err = TG_ERR_INIT;
    struct tg_provision_request request = {
        .direction = direction, .until = until, .on_stockout = policy};
    cr_assert(tg_rig_run(rig, 2 * MINUTE_US, rig_project_is_seen));
    cr_assert(tg_app_provision_start(app, &request, &err), "%s", err.msg);
}

static const struct tg_run_step *step(const char *id)
{
    return &app->run->steps[tg_lab_step_index(app->lab, id)];
}

static void run_up(const char *until, enum tg_run_stockout policy)
{
    start(TG_RUN_UP, until, policy);
    cr_assert(tg_rig_run(rig, LIMIT_US, rig_run_is_over), "the run should end");
}

static void expect_good(const char *when)
{
    for (size_t i = 0; i < app->lab->steps_count; i++) {
        cr_expect(app->run->steps[i].state != TG_RUN_FAILED, "%s: %s: %s", when,
                  app->lab->steps[i].id, app->run->steps[i].err.msg);
    }
    cr_assert(tg_run_is_good(app->run), "%s", when);
}

/* The step failed for that, and the advice says so much. */
static void expect_failed(const char *id, enum tg_code code, const char *message,
                          const char *advice)
{
    const struct tg_run_step *of = step(id);
    struct tg_buf out;
    tg_buf_init(&out, 65536);
    cr_expect_eq((int)of->state, (int)TG_RUN_FAILED, "%s is %s", id, tg_run_state_name(of->state));
    cr_expect_eq((int)of->err.code, (int)code, "%s", of->err.msg);
    cr_expect_not_null(strstr(of->err.msg, message), "%s", of->err.msg);
    tg_run_advice(app->run, tg_lab_step_index(app->lab, id), TG_RUN_READER_SHELL, &out);
    cr_expect_not_null(strstr(tg_buf_text(&out), advice), "%s", tg_buf_text(&out));
    tg_buf_reset(&out);
    tg_run_report_text(app->run, "C", &out);
    cr_expect_not_null(strstr(tg_buf_text(&out), advice), "the report lacks it");
    tg_buf_fini(&out);
}

static json_t *get(const char *path)
{
    int status = 0;
    return sim_gcp_get(tg_rig_world(rig), "GET", path, "", NULL, &status);
}

static void expect_pool(const char *zone)
{
    json_t *pool = get(POOL);
    cr_expect_str_eq(sim_json_text(pool, "status"), "RUNNING");
    cr_expect_str_eq(json_string_value(json_array_get(json_object_get(pool, "locations"), 0)),
                     zone);
    json_decref(pool);
}

/* ---- no machines ---- */

static bool is_out_of_stock(const struct tg_app *of)
{
    return strstr(of->run->steps[tg_lab_step_index(of->lab, "tpu-pools")].waiting_for,
                  "no machines are free") != NULL;
}

Test(trouble, machines_that_come_back_are_waited_for)
{
    fault_add(tg_rig_world(rig), "stockout region=us-east5 for=5h");
    start(TG_RUN_UP, "tpu-pools", TG_RUN_STOCKOUT_RETRY);
    cr_assert(tg_rig_run(rig, LIMIT_US, is_out_of_stock), "it should say what it waits for");
    cr_expect_not_null(strstr(step("tpu-pools")->waiting_for, "next try at"), "%s",
                       step("tpu-pools")->waiting_for);
    cr_expect_not_null(strstr(app->notice, ":stockout.zone"), "%s", app->notice);
    cr_assert(tg_rig_run(rig, LIMIT_US, rig_run_is_over));
    expect_good("after a stockout");
    expect_pool("us-east5-b");
}

Test(trouble, another_zone_of_the_region_is_tried)
{
    fault_add(tg_rig_world(rig), "stockout region=us-east5");
    run_up("tpu-pools", TG_RUN_STOCKOUT_ZONE);
    expect_good("in another zone");
    expect_pool("us-east5-a");
    start(TG_RUN_DOWN, NULL, TG_RUN_STOCKOUT_RETRY);
    cr_assert(tg_rig_run(rig, LIMIT_US, rig_run_is_over));
    expect_good("down again");
}

/* Who looks on decides while it waits. */
Test(trouble, the_answer_may_come_while_it_waits)
{
    struct tg_err err = TG_ERR_INIT;
    fault_add(tg_rig_world(rig), "stockout region=us-east5");
    cr_expect_not(tg_app_provision_on_stockout(app, TG_RUN_STOCKOUT_ZONE, &err));
    start(TG_RUN_UP, "tpu-pools", TG_RUN_STOCKOUT_RETRY);
    cr_assert(tg_rig_run(rig, LIMIT_US, is_out_of_stock));
    cr_assert(tg_app_provision_on_stockout(app, TG_RUN_STOCKOUT_ZONE, &err), "%s", err.msg);
    cr_assert(tg_rig_run(rig, LIMIT_US, rig_run_is_over));
    expect_good("in another zone");
    expect_pool("us-east5-a");
}

Test(trouble, without_machines_it_stops_when_it_is_told_to)
{
    fault_add(tg_rig_world(rig), "stockout region=us-east5");
    run_up("tpu-pools", TG_RUN_STOCKOUT_STOP);
    expect_failed("tpu-pools", TG_CODE_STOCKOUT, "does not have enough resources",
                  "--on-stockout zone also tries, for the same cluster: us-east5-a.");
    sim_fault_clear(tg_rig_world(rig));
    run_up("tpu-pools", TG_RUN_STOCKOUT_STOP);
    expect_good("run again: the pool that is there in error is made anew");
    expect_pool("us-east5-b");
}

Test(trouble, another_region_is_another_lab)
{
    fault_add(tg_rig_world(rig), "stockout region=us-east5");
    run_up("tpu-pools", TG_RUN_STOCKOUT_REGION);
    expect_failed("tpu-pools", TG_CODE_STOCKOUT, "does not have enough resources",
                  "offered in: us-east1-d, us-central1-b.");
}

/* ---- no quota, no permission ---- */

Test(trouble, without_quota_it_says_which_and_goes_on_when_it_is_given)
{
    sim_gcp_set_quota(tg_rig_world(rig), "europe-west4", SIM_QUOTA_TPU, 0);
    run_up("tpu-pools", TG_RUN_STOCKOUT_RETRY);
    expect_failed("tpu-pools", TG_CODE_QUOTA, "TPUS_PER_TPU_FAMILY", "in europe-west4: https://");
    cr_expect_eq((int)step("bucket")->state, (int)TG_RUN_DONE, "what does not need it is done");
    sim_gcp_set_quota(tg_rig_world(rig), "europe-west4", SIM_QUOTA_TPU, 4);
    run_up("tpu-pools", TG_RUN_STOCKOUT_RETRY);
    expect_good("with the quota");
}

static bool is_vpc_done(const struct tg_app *of)
{
    return of->run->steps[tg_lab_step_index(of->lab, "vpc")].state == TG_RUN_DONE;
}

Test(trouble, a_permission_that_goes_half_way_is_named_and_nothing_is_made_twice)
{
    start(TG_RUN_UP, "clusters", TG_RUN_STOCKOUT_RETRY);
    cr_assert(tg_rig_run(rig, LIMIT_US, is_vpc_done));
    sim_gcp_deny(tg_rig_world(rig), "container.clusters.create", true);
    cr_assert(tg_rig_run(rig, LIMIT_US, rig_run_is_over));
    expect_failed("clusters", TG_CODE_FORBIDDEN, "container.clusters.create",
                  "give your account the permission");
    cr_expect_eq((int)step("firewalls")->state, (int)TG_RUN_DONE, "what does not need it is done");
    sim_gcp_deny(tg_rig_world(rig), "container.clusters.create", false);
    run_up("clusters", TG_RUN_STOCKOUT_RETRY);
    expect_good("with the permission");
    cr_expect_eq((int)step("vpc")->state, (int)TG_RUN_SATISFIED);
}

/* ---- slow, and stuck ---- */

static bool is_making_clusters(const struct tg_app *of)
{
    const struct tg_run_step *at = &of->run->steps[tg_lab_step_index(of->lab, "clusters")];
    return at->state == TG_RUN_MAKING && strstr(at->waiting_for, "RUNNING") != NULL;
}

Test(trouble, a_cluster_that_takes_forty_minutes_is_waited_for)
{
    struct sim_params *params = sim_world_params(tg_rig_world(rig));
    params->cluster_create = (struct sim_duration){40 * MINUTE_US, 40 * MINUTE_US, 40 * MINUTE_US};
    start(TG_RUN_UP, "clusters", TG_RUN_STOCKOUT_RETRY);
    cr_assert(tg_rig_run(rig, LIMIT_US, is_making_clusters), "it says what the server does");
    cr_assert(tg_rig_run(rig, LIMIT_US, rig_run_is_over));
    expect_good("slowly");
    const struct tg_run_step *clusters = step("clusters");
    cr_expect_gt(clusters->ended_lab_us - clusters->started_lab_us, 39 * MINUTE_US);
}

Test(trouble, a_gateway_that_never_programs_names_what_is_missing)
{
    struct sim_params *params = sim_world_params(tg_rig_world(rig));
    params->gateway_program =
        (struct sim_duration){6000 * MINUTE_US, 6000 * MINUTE_US, 6000 * MINUTE_US};
    static const char token_text[] = "hf_planted_0123456789";
    struct tg_secret *token = tg_secret_new(token_text, sizeof(token_text) - 1);
    const struct tg_run_secret given = {"hf_token", token};
    struct tg_err err = TG_ERR_INIT;
    struct tg_provision_request request = {
        .direction = TG_RUN_UP, .secrets = &given, .secrets_count = 1};
    cr_assert(tg_rig_run(rig, 2 * MINUTE_US, rig_project_is_seen));
    cr_assert(tg_app_provision_start(app, &request, &err), "%s", err.msg);
    cr_assert(tg_rig_run(rig, LIMIT_US, rig_run_is_over));
    expect_failed("gateway", TG_CODE_TIMEOUT, "Programmed",
                  "in the object's conditions and Events");
    cr_expect_eq((int)step("policies")->state, (int)TG_RUN_DONE);
    cr_expect_eq((int)step("backends")->state, (int)TG_RUN_BLOCKED);
    tg_secret_free(token);
}

/* ---- somebody else's ---- */

Test(trouble, a_bucket_name_that_is_taken_is_left_alone)
{
    sim_gcp_take_bucket_name(tg_rig_world(rig), "demo-4711-gemma-weights");
    run_up("bucket", TG_RUN_STOCKOUT_RETRY);
    expect_failed("bucket", TG_CODE_CONFLICT, "demo-4711-gemma-weights",
                  "Name another in a copy of the lab file");
    cr_expect_eq((int)step("vpc")->state, (int)TG_RUN_DONE);
}

#define RULE P "/global/firewalls/somebodys-rule"

Test(trouble, a_rule_that_is_nobodys_here_holds_the_network_and_is_left)
{
    int status = 0;
    run_up("firewalls", TG_RUN_STOCKOUT_RETRY);
    expect_good("up");
    json_t *rule = json_pack("{s:s,s:s,s:[s],s:[{s:s}]}", "name", "somebodys-rule", "network",
                             "projects/demo-4711/global/networks/tpu-gke-dranet-vpc",
                             "sourceRanges", "10.0.0.0/8", "allowed", "IPProtocol", "tcp");
    json_decref(sim_gcp_get(tg_rig_world(rig), "POST", P "/global/firewalls", "", rule, &status));
    json_decref(rule);
    cr_assert_eq(status, 200);
    start(TG_RUN_DOWN, NULL, TG_RUN_STOCKOUT_RETRY);
    cr_assert(tg_rig_run(rig, LIMIT_US, rig_run_is_over));
    expect_failed("vpc", TG_CODE_TIMEOUT, "somebodys-rule", "is not known to be the lab's");
    rule = get(RULE);
    cr_expect_str_eq(sim_json_text(rule, "name"), "somebodys-rule");
    json_decref(rule);
    json_decref(sim_gcp_get(tg_rig_world(rig), "DELETE", RULE, "", NULL, &status));
    start(TG_RUN_DOWN, NULL, TG_RUN_STOCKOUT_RETRY);
    cr_assert(tg_rig_run(rig, LIMIT_US, rig_run_is_over));
    expect_good("when somebody removed it");
}
