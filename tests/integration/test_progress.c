/* integration/test_progress.c - what the operator is told while the lab is stood up in an empty
 * simulated project: how far things are, what they wait for, and why they come to nothing. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <criterion/criterion.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/provision.h"
#include "base/str.h"
#include "plan/progress.h"
#include "plan/run_report.h"
#include "sim/behaviour.h"
#include "sim/cluster.h"
#include "sim/controllers.h"
#include "sim/json_path.h"
#include "sim/store.h"
#include "tests/integration/rig_support.h"
#include "tests/unit/sim/fault_rig.h"

#define SEED     11
#define LIMIT_US (6 * 60 * MINUTE_US)

static struct tg_rig *empty_rig(void)
{
    struct tg_err err = TG_ERR_INIT;
    struct tg_rig_config config = {
        .world = {.seed = SEED, .regions = 2, .start_wall_us = INT64_C(1767225600) * TG_US_PER_S},
        .lab = rig_lab(),
        .journal = rig_journal_path()};
    struct tg_rig *rig = tg_rig_new(&config, &err);
    cr_assert_not_null(rig, "%s", err.msg);
    return rig;
}

static bool is_over(const struct tg_app *app)
{
    return app->run != NULL && app->run->is_over;
}

static bool is_project_seen(const struct tg_app *app)
{
    const struct tg_target *gcp = tg_model_gcp(app->model);
    return gcp->kinds[TG_KIND_GCP_CLUSTER].phase != TG_KIND_PHASE_UNKNOWN &&
           gcp->kinds[TG_KIND_GCP_BUCKET].phase != TG_KIND_PHASE_UNKNOWN;
}

static void begin(struct tg_rig *rig, const struct tg_secret *token, const char *until)
{
    struct tg_err err = TG_ERR_INIT;
    const struct tg_run_secret given = {"hf_token", token};
    struct tg_provision_request request = {
        .direction = TG_RUN_UP, .until = until, .secrets = &given, .secrets_count = 1};
    cr_assert(tg_rig_run(rig, 2 * MINUTE_US, is_project_seen));
    cr_assert(tg_app_provision_start(tg_rig_app(rig), &request, &err), "%s", err.msg);
}

static const struct tg_run_step *step_of(struct tg_rig *rig, const char *id)
{
    const struct tg_app *app = tg_rig_app(rig);
    return &app->run->steps[tg_lab_step_index(app->lab, id)];
}

/* All rows of a step, a line each: "OBJECT PHASE: DETAIL". The caller frees. */
static char *rows_of(struct tg_rig *rig, const char *id)
{
    const struct tg_app *app = tg_rig_app(rig);
    size_t count = 0;
    struct tg_buf out;
    struct tg_progress_row *rows =
        tg_progress_rows(app->lab, (size_t)tg_lab_step_index(app->lab, id), app->model, app->run,
                         tg_clock_monotonic_us(&app->clock), tg_app_lab_us(app), &count);
    tg_buf_init(&out, 65536);
    for (size_t i = 0; i < count; i++) {
        tg_buf_printf(&out, "%d %s %s: %s\n", (int)rows[i].severity, rows[i].object, rows[i].phase,
                      rows[i].detail);
    }
    free(rows);
    return tg_buf_take(&out, NULL);
}

static bool is_secret_there(struct tg_rig *rig)
{
    struct sim_world *world = tg_rig_world(rig);
    return sim_store_get(sim_region_store(sim_world_region(world, 0)),
                         sim_world_kinds(world)->secret, "default", "hf-secret") != NULL;
}

/* The lab's script says that it is complete and exits with 0, whatever happened. */
Test(progress, a_download_that_lies_is_told_as_failed_and_made_anew, .timeout = 300)
{
    struct tg_rig *rig = empty_rig();
    struct tg_secret *bad = tg_secret_new("not-a-token", 11);
    struct tg_secret *good = tg_secret_new("hf_planted_0123456789", 21);
    begin(rig, bad, "weights");
    cr_assert(tg_rig_run(rig, LIMIT_US, is_over));
    const struct tg_run_step *weights = step_of(rig, "weights");
    cr_assert_eq(weights->state, TG_RUN_FAILED);
    cr_assert_not_null(strstr(weights->err.msg, "'Download complete!'"), "%s", weights->err.msg);
    cr_assert_not_null(strstr(weights->err.msg, "with 0 shards"), "%s", weights->err.msg);
    cr_assert_not_null(strstr(weights->err.msg, "restricted"), "%s", weights->err.msg);
    cr_assert_lt(weights->ended_lab_us - weights->started_lab_us, 10 * MINUTE_US,
                 "nobody waits for the deadline");
    char *rows = rows_of(rig, "weights");
    cr_assert_not_null(strstr(rows, "3 Job/model-downloader Complete: it ended"), "%s", rows);
    cr_assert_not_null(strstr(rows, "2  log: Download complete! Safe to proceed."), "%s", rows);
    cr_assert_not_null(strstr(rows, "Secret/hf-secret deleted"), "%s", rows);
    free(rows);
    cr_assert_not(is_secret_there(rig), "the token is gone also when it was for nothing");
    begin(rig, good, "weights");
    cr_assert(tg_rig_run(rig, LIMIT_US, is_over));
    weights = step_of(rig, "weights");
    cr_assert_eq(weights->state, TG_RUN_DONE, "%s", weights->err.msg);
    cr_assert_not(is_secret_there(rig));
    rows = rows_of(rig, "weights");
    cr_assert_not_null(strstr(rows, "complete: 12 of 12 shards, "), "%s", rows);
    cr_assert_not_null(strstr(rows, "judged by model.safetensors.index.json"), "%s", rows);
    free(rows);
    tg_secret_free(bad);
    tg_secret_free(good);
    tg_rig_free(rig);
}

/* Everything that was told of a step until it was over, to look for what must have been there. */
static void watch(struct tg_rig *rig, const char *id, struct tg_buf *told)
{
    while (!is_over(tg_rig_app(rig)) && step_of(rig, id)->state != TG_RUN_DONE) {
        char *rows = rows_of(rig, id);
        tg_buf_puts(told, rows);
        free(rows);
        tg_rig_run(rig, 5 * TG_US_PER_S, is_over);
    }
}

Test(progress, the_way_of_weights_and_pods_is_told, .timeout = 300)
{
    static const char *const weights[] = {" downloading: ", " of 15 files, ",
                                          "filling: ", " of 12 shards, ", "Secret/hf-secret there"};
    static const char *const pods[] = {
        " mount: ", " pull: ", " load: ", " of 12 shards, ", " compile: ", " listening: "};
    struct tg_buf told;
    struct tg_rig *rig = empty_rig();
    struct tg_secret *token = tg_secret_new("hf_planted_0123456789", 21);
    tg_buf_init(&told, 64 * 1024 * 1024);
    begin(rig, token, NULL);
    watch(rig, "weights", &told);
    for (size_t i = 0; i < sizeof(weights) / sizeof(weights[0]); i++) {
        cr_expect_not_null(strstr(tg_buf_text(&told), weights[i]), "nothing of '%s'", weights[i]);
    }
    tg_buf_reset(&told);
    watch(rig, "serving", &told);
    for (size_t i = 0; i < sizeof(pods) / sizeof(pods[0]); i++) {
        cr_expect_not_null(strstr(tg_buf_text(&told), pods[i]), "nothing of '%s'", pods[i]);
    }
    tg_buf_fini(&told);
    cr_assert(tg_rig_run(rig, LIMIT_US, is_over));
    const struct tg_app *app = tg_rig_app(rig);
    cr_assert(tg_run_is_good(app->run));
    cr_assert_eq(app->steps[tg_lab_step_index(app->lab, "claims")].proof, TG_STEP_PROOF_AGREES,
                 "the Pods were asked");
    struct tg_buf json;
    tg_buf_init(&json, 4 * 1024 * 1024);
    cr_assert(tg_run_report_json(app->run, app->steps, app->model,
                                 tg_clock_monotonic_us(&app->clock), tg_app_lab_us(app), &json));
    json_t *report = json_loads(tg_buf_text(&json), 0, NULL);
    cr_assert_not_null(report);
    const json_t *step = json_array_get(json_object_get(report, "steps"),
                                        (size_t)tg_lab_step_index(app->lab, "weights"));
    const json_t *row = json_array_get(json_object_get(step, "progress"), 0);
    cr_assert_str_eq(sim_json_text(row, "phase"), "complete");
    cr_assert_gt(json_integer_value(json_object_get(row, "done")), INT64_C(54000000000));
    json_decref(report);
    tg_buf_fini(&json);
    tg_secret_free(token);
    tg_rig_free(rig);
}

/* Whoever may not exec still stands the lab up, and is told. */
Test(progress, a_refused_proof_is_told_and_holds_nothing_up, .timeout = 300)
{
    struct tg_rig *rig = empty_rig();
    struct tg_secret *token = tg_secret_new("hf_planted_0123456789", 21);
    (void)fault_add(tg_rig_world(rig), "deny region=us-east5 route=*/exec");
    begin(rig, token, "claims");
    cr_assert(tg_rig_run(rig, LIMIT_US, is_over));
    const struct tg_app *app = tg_rig_app(rig);
    cr_assert(tg_run_is_good(app->run));
    const struct tg_step_status *status = &app->steps[tg_lab_step_index(app->lab, "claims")];
    cr_assert_eq(status->proof, TG_STEP_PROOF_REFUSED);
    cr_assert_not_null(strstr(status->proof_note, "refused"), "%s", status->proof_note);
    tg_secret_free(token);
    tg_rig_free(rig);
}

/* A server that breaks each question is asked again until it answers. */
Test(progress, a_proof_that_failed_is_asked_for_again, .timeout = 300)
{
    struct tg_rig *rig = empty_rig();
    struct tg_secret *token = tg_secret_new("hf_planted_0123456789", 21);
    (void)fault_add(tg_rig_world(rig), "reset route=*/exec times=3");
    begin(rig, token, "claims");
    cr_assert(tg_rig_run(rig, LIMIT_US, is_over));
    const struct tg_app *app = tg_rig_app(rig);
    cr_assert(tg_run_is_good(app->run));
    cr_assert_eq(app->steps[tg_lab_step_index(app->lab, "claims")].proof, TG_STEP_PROOF_AGREES);
    tg_secret_free(token);
    tg_rig_free(rig);
}

static bool is_pool_done(const struct tg_app *app)
{
    enum tg_run_state state = app->run->steps[tg_lab_step_index(app->lab, "pool")].state;
    return app->run->is_over || state == TG_RUN_DONE;
}

/* It ends at the step's deadline, and says which condition is missing and what the controller says
 * of it. */
Test(progress, a_gateway_that_never_programs_ends_with_its_reason, .timeout = 300)
{
    struct tg_rig *rig = empty_rig();
    struct tg_secret *token = tg_secret_new("hf_planted_0123456789", 21);
    begin(rig, token, NULL);
    cr_assert(tg_rig_run(rig, LIMIT_US, is_pool_done));
    int status = 0;
    json_decref(sim_gcp_get(tg_rig_world(rig), "DELETE",
                            "/compute/v1/projects/demo-4711/regions/us-east5/addresses/"
                            "gemma-gateway-ip-us-east5",
                            "", NULL, &status));
    cr_assert_eq(status, 200);
    tg_rig_run(rig, 10 * MINUTE_US, is_over);
    char *rows = rows_of(rig, "gateway");
    cr_assert_not_null(
        strstr(rows, "2 Gateway/cross-region-gateway Accepted=False Programmed=False: "), "%s",
        rows);
    cr_assert_not_null(strstr(rows, "GWCER106"), "%s", rows);
    cr_assert_not_null(strstr(rows, "Event SYNC "), "%s", rows);
    cr_assert_not_null(strstr(rows, "HTTPRoute/gemma-route "), "%s", rows);
    cr_assert_not_null(strstr(rows, "GCPBackendPolicy/gemma-backend-policy "), "%s", rows);
    cr_assert_not_null(strstr(rows, "InferencePool/gemma-pool "), "%s", rows);
    free(rows);
    cr_assert(tg_rig_run(rig, LIMIT_US, is_over));
    const struct tg_run_step *gateway = step_of(rig, "gateway");
    cr_assert_eq(gateway->state, TG_RUN_FAILED);
    cr_assert_not_null(strstr(gateway->err.msg, "not done within 30 min"), "%s", gateway->err.msg);
    cr_assert_not_null(strstr(gateway->err.msg, "UnsupportedAddress"), "%s", gateway->err.msg);
    cr_assert_eq(step_of(rig, "backends")->state, TG_RUN_BLOCKED);
    tg_secret_free(token);
    tg_rig_free(rig);
}
