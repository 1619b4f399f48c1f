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
#include "base/clock.h"
#include "base/str.h"
#include "plan/price.h"
#include "plan/run_advice.h"
#include "plan/run_report.h"
#include "sim/controllers.h"
#include "sim/gcp_object.h"
#include "sim/gcp_permission.h"
#include "sim/gcp_quota.h"
#include "sim/json_path.h"
#include "sim/params.h"
#include "sim/store.h"
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

/* A script reads the same: the class, Google's words and what to do. */
static void expect_in_json(const char *id, enum tg_code code, const char *message,
                           const char *advice)
{
    struct tg_buf out;
    tg_buf_init(&out, 4 * 1024 * 1024);
    tg_run_report_json(app->run, app->steps, app->model, tg_clock_monotonic_us(&app->clock),
                       tg_app_lab_us(app), &out);
    json_t *report = json_loads(tg_buf_text(&out), 0, NULL);
    const json_t *found =
        json_array_get(json_object_get(report, "steps"), (size_t)tg_lab_step_index(app->lab, id));
    cr_expect_str_eq(sim_json_text(found, "error_code"), tg_code_name(code));
    cr_expect_not_null(strstr(sim_json_text(found, "error"), message), "%s",
                       sim_json_text(found, "error"));
    cr_expect_not_null(strstr(sim_json_text(found, "advice"), advice));
    json_decref(report);
    tg_buf_fini(&out);
}

/* The newest line of the timeline that tells of the lab's change. */
static const struct tg_timeline_entry *last_told(void)
{
    for (size_t i = app->model->timeline_count; i > 0; i--) {
        const struct tg_timeline_entry *entry =
            &app->model->timeline[(app->model->timeline_first + i - 1) % TG_TIMELINE_MAX];
        if (entry->kind == TG_TIMELINE_LAB) {
            return entry;
        }
    }
    return NULL;
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
    expect_in_json(id, code, message, advice);
    tg_buf_reset(&out);
    tg_run_advice(app->run, tg_lab_step_index(app->lab, id), TG_RUN_READER_CONSOLE, &out);
    cr_expect_null(strstr(tg_buf_text(&out), "--on-stockout"), "%s", tg_buf_text(&out));
    cr_expect_not_null(strstr(tg_buf_text(&out), app->run->config.direction == TG_RUN_UP
                                                     ? ":lab.up goes on"
                                                     : ":lab.down goes on"),
                       "%s", tg_buf_text(&out));
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
    cr_assert_not_null(last_told());
    cr_expect_str_eq(last_told()->reason, "stockout");
    cr_expect_not_null(strstr(last_told()->message, "next try at"), "%s", last_told()->message);
    cr_assert(tg_rig_run(rig, LIMIT_US, rig_run_is_over));
    expect_good("after a stockout");
    cr_expect_null(tg_run_out_of_stock(app->run, 0));
    expect_pool("us-east5-b");
}

/* Chips that are not there cost nothing: while they are waited for, and while they are tried. */
Test(trouble, machines_that_are_not_there_are_not_billed)
{
    fault_add(tg_rig_world(rig), "stockout region=us-east5");
    start(TG_RUN_UP, "tpu-pools", TG_RUN_STOCKOUT_RETRY);
    cr_assert(tg_rig_run(rig, LIMIT_US, is_out_of_stock));
    cr_expect_gt(tg_run_out_of_stock(app->run, 0)->stockout_lab_us, 0);
    for (int i = 0; i < 6; i++) {
        struct tg_cost cost = tg_cost_of(app->lab, app->model, tg_clock_monotonic_us(&app->clock),
                                         0, (int)app->lab->steps_count - 1);
        for (size_t row = 0; row < cost.rows_count; row++) {
            bool is_chips = tg_str_eq(app->lab->steps[cost.rows[row].charge->step].id, "tpu-pools");
            if (is_chips && tg_str_eq(cost.rows[row].region->name, "us-east5")) {
                cr_expect_eq((int)(cost.rows[row].running_usd * 100), 0, "after %d min", i);
            } else if (is_chips) {
                cr_expect_gt(cost.rows[row].running_usd, 1);
            }
        }
        tg_cost_fini(&cost);
        tg_rig_run(rig, MINUTE_US, NULL);
    }
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

/* To try at once is no other choice of where. */
Test(trouble, what_is_tried_at_once_is_tried_where_it_was_said)
{
    struct tg_err err = TG_ERR_INIT;
    fault_add(tg_rig_world(rig), "stockout region=us-east5");
    cr_expect_not(tg_app_provision_try_now(app, &err));
    start(TG_RUN_UP, "tpu-pools", TG_RUN_STOCKOUT_ZONE);
    cr_assert(tg_rig_run(rig, LIMIT_US, is_out_of_stock));
    const struct tg_run_item *item = tg_run_out_of_stock(app->run, 0);
    char *zone = tg_strdup(tg_run_item_zone(app->run, item));
    cr_assert_gt(item->retry_lab_us, tg_app_lab_us(app));
    cr_assert(tg_app_provision_try_now(app, &err), "%s", err.msg);
    cr_expect_leq(tg_run_out_of_stock(app->run, 0)->retry_lab_us, tg_app_lab_us(app));
    cr_expect_str_eq(tg_run_item_zone(app->run, tg_run_out_of_stock(app->run, 0)), zone);
    free(zone);
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

static bool is_forbidden(const struct tg_app *of)
{
    return of->run->steps[tg_lab_step_index(of->lab, "clusters")].state == TG_RUN_FAILED;
}

/* The other region's cluster is on its way when one is refused for good: it is followed to its end,
 * so that what is reported is so. */
Test(trouble, what_is_under_way_beside_a_refusal_is_followed)
{
    struct sim_params *params = sim_world_params(tg_rig_world(rig));
    params->cluster_create = (struct sim_duration){40 * MINUTE_US, 40 * MINUTE_US, 40 * MINUTE_US};
    fault_add(tg_rig_world(rig), "deny region=gcp route=POST~*us-east5-b/clusters");
    start(TG_RUN_UP, "clusters", TG_RUN_STOCKOUT_RETRY);
    cr_assert(tg_rig_run(rig, LIMIT_US, is_forbidden));
    cr_expect_not(app->run->is_over);
    cr_assert(tg_rig_run(rig, LIMIT_US, rig_run_is_over));
    expect_failed("clusters", TG_CODE_FORBIDDEN, "container.clusters.create",
                  "give your account the permission");
    for (size_t i = 0; i < app->run->items_count; i++) {
        cr_expect_neq((int)app->run->items[i].state, (int)TG_RUN_ITEM_ASKED, "%s",
                      app->run->items[i].name);
    }
}

/* ---- beginning again ---- */

static int created(const char *type)
{
    int count = 0;
    json_t *list = get("/container/v1/projects/demo-4711/locations/-/operations");
    size_t i;
    json_t *operation;
    json_array_foreach(json_object_get(list, "operations"), i, operation)
    {
        count += tg_str_eq(sim_json_text(operation, "operationType"), type) ? 1 : 0;
    }
    json_decref(list);
    return count;
}

Test(trouble, what_failed_is_begun_again_while_the_rest_goes_on)
{
    struct tg_err err = TG_ERR_INIT;
    struct tg_err refused = TG_ERR_INIT;
    fault_add(tg_rig_world(rig), "deny id=d region=gcp route=POST~*us-east5-b/clusters");
    struct sim_params *params = sim_world_params(tg_rig_world(rig));
    params->cluster_create = (struct sim_duration){40 * MINUTE_US, 40 * MINUTE_US, 40 * MINUTE_US};
    cr_expect_not(tg_app_provision_retry(app, &refused), "there is no run");
    start(TG_RUN_UP, "clusters", TG_RUN_STOCKOUT_RETRY);
    cr_expect_not(tg_app_provision_retry(app, &refused), "nothing failed");
    cr_assert(tg_rig_run(rig, LIMIT_US, is_forbidden));
    cr_expect_str_eq(last_told()->reason, "forbidden");
    cr_assert(sim_fault_remove(tg_rig_world(rig), "d"));
    cr_assert(tg_app_provision_retry(app, &err), "%s", err.msg);
    cr_assert(tg_rig_run(rig, LIMIT_US, rig_run_is_over));
    expect_good("in the same run");
    cr_expect_eq((int)step("vpc")->state, (int)TG_RUN_DONE);
    cr_expect_eq(created("CREATE_CLUSTER"), 2, "one in each region");
}

/* Steps that waited for the one that failed come again, too. */
Test(trouble, what_was_blocked_is_begun_again_with_what_blocked_it)
{
    struct tg_err err = TG_ERR_INIT;
    fault_add(tg_rig_world(rig), "nametaken id=n");
    start(TG_RUN_UP, "clusters", TG_RUN_STOCKOUT_RETRY);
    while (step("bucket")->state != TG_RUN_FAILED ||
           step("service-account")->state != TG_RUN_BLOCKED) {
        cr_assert(!app->run->is_over);
        tg_rig_run(rig, TG_US_PER_S, NULL);
    }
    cr_assert(sim_fault_remove(tg_rig_world(rig), "n"));
    cr_assert(tg_app_provision_retry(app, &err), "%s", err.msg);
    cr_assert(tg_rig_run(rig, LIMIT_US, rig_run_is_over));
    expect_good("with the name");
    cr_expect_eq((int)step("service-account")->state, (int)TG_RUN_DONE);
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

/* Stopped on the way, and gone on with: the clusters that were on their way are found. */
Test(trouble, a_slow_cluster_may_be_left_and_is_not_made_twice)
{
    struct sim_params *params = sim_world_params(tg_rig_world(rig));
    params->cluster_create = (struct sim_duration){40 * MINUTE_US, 40 * MINUTE_US, 40 * MINUTE_US};
    start(TG_RUN_UP, "clusters", TG_RUN_STOCKOUT_RETRY);
    cr_assert(tg_rig_run(rig, LIMIT_US, is_making_clusters));
    cr_expect_gt(tg_run_due_us(app->run, tg_lab_step_index(app->lab, "clusters")),
                 tg_app_lab_us(app));
    tg_app_provision_abort(app);
    cr_assert(tg_rig_run(rig, MINUTE_US, rig_run_is_over));
    cr_expect(app->run->is_aborted);
    run_up("clusters", TG_RUN_STOCKOUT_RETRY);
    expect_good("gone on with");
    cr_expect_eq(created("CREATE_CLUSTER"), 2, "one in each region");
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

/* The token's Secret is made before the Job that reads it, and goes though the Job is refused. */
Test(trouble, a_token_does_not_stay_when_what_needs_it_is_refused)
{
    static const char token_text[] = "hf_planted_0123456789";
    struct tg_secret *token = tg_secret_new(token_text, sizeof(token_text) - 1);
    const struct tg_run_secret given = {"hf_token", token};
    struct tg_err err = TG_ERR_INIT;
    struct tg_provision_request request = {
        .direction = TG_RUN_UP, .until = "weights", .secrets = &given, .secrets_count = 1};
    fault_add(tg_rig_world(rig), "status value=422 region=us-east5 route=*batch/v1*");
    cr_assert(tg_rig_run(rig, 2 * MINUTE_US, rig_project_is_seen));
    cr_assert(tg_app_provision_start(app, &request, &err), "%s", err.msg);
    cr_assert(tg_rig_run(rig, LIMIT_US, rig_run_is_over));
    cr_expect_eq((int)step("weights")->state, (int)TG_RUN_FAILED);
    struct sim_store *store = sim_region_store(sim_world_region(tg_rig_world(rig), 0));
    cr_expect_null(
        sim_store_get(store, sim_resource_find("", "v1", "secrets"), "default", "hf-secret"));
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
    expect_failed("vpc", TG_CODE_TIMEOUT, "somebodys-rule",
                  "gcloud compute firewall-rules describe somebodys-rule --project demo-4711");
    rule = get(RULE);
    cr_expect_str_eq(sim_json_text(rule, "name"), "somebodys-rule");
    json_decref(rule);
    json_decref(sim_gcp_get(tg_rig_world(rig), "DELETE", RULE, "", NULL, &status));
    start(TG_RUN_DOWN, NULL, TG_RUN_STOCKOUT_RETRY);
    cr_assert(tg_rig_run(rig, LIMIT_US, rig_run_is_over));
    expect_good("when somebody removed it");
}
