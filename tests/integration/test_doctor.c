/* integration/test_doctor.c - the preflight against a simulated project, and what its fixes make of
 * the lab. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "app/provision.h"
#include "sim/controllers.h"
#include "sim/fault.h"
#include "sim/front.h"
#include "tests/integration/rig_support.h"

#define LIMIT_US (6 * 60 * MINUTE_US)

static struct tg_rig *empty_rig(const char *journal)
{
    struct tg_err err = TG_ERR_INIT;
    struct tg_rig_config config = {
        .world = {.seed = 21, .regions = 2, .start_wall_us = INT64_C(1767225600) * TG_US_PER_S},
        .lab = rig_lab(),
        .journal = journal};
    struct tg_rig *rig = tg_rig_new(&config, &err);
    cr_assert_not_null(rig, "%s", err.msg);
    return rig;
}

static bool is_run_over(const struct tg_app *app)
{
    return app->run != NULL && app->run->is_over;
}

static bool is_some_time_gone(const struct tg_app *app)
{
    (void)app;
    return false;
}

static void stand_up(struct tg_rig *rig, const char *fixes)
{
    static struct tg_secret *token;
    struct tg_err err = TG_ERR_INIT;
    token = token == NULL ? tg_secret_new("hf_0123456789", strlen("hf_0123456789")) : token;
    const struct tg_run_secret given = {"hf_token", token};
    struct tg_provision_request request = {
        .direction = TG_RUN_UP, .secrets = &given, .secrets_count = 1};
    struct tg_app *app = tg_rig_app(rig);
    (void)tg_rig_run(rig, MINUTE_US, is_some_time_gone);
    cr_assert(tg_lab_read_fixes(app->lab, fixes, &request.fixes, &err), "%s", err.msg);
    cr_assert(tg_app_provision_start(app, &request, &err), "%s", err.msg);
    cr_assert(tg_rig_run(rig, LIMIT_US, is_run_over), "the run should end");
    for (size_t i = 0; i < app->lab->steps_count; i++) {
        cr_assert(app->run->steps[i].err.code == TG_CODE_NONE, "%s: %s", app->lab->steps[i].id,
                  app->run->steps[i].err.msg);
    }
}

/* What a region's API server says of an object; false when it has none. */
static bool has(struct tg_rig *rig, int region, const char *path, const char *text)
{
    struct sim_response response;
    struct sim_request request = {.server = region,
                                  .method = "GET",
                                  .path = path,
                                  .query = "",
                                  .accept = "application/json",
                                  .content_type = "",
                                  .authorization = "",
                                  .user_agent = "test"};
    sim_front_handle(tg_rig_world(rig), &request, &response);
    bool is_there = response.status == 200 && strstr(tg_buf_text(&response.body), text) != NULL;
    sim_response_fini(&response);
    return is_there;
}

#define APPS "/apis/apps/v1/namespaces/default/deployments/"
#define MONITORING                                                          \
    "/apis/monitoring.googleapis.com/v1/namespaces/default/podmonitorings/" \
    "gemma-pool"

static void add_fault(struct tg_rig *rig, const char *kind)
{
    struct tg_err err = TG_ERR_INIT;
    struct sim_fault_spec spec = sim_fault_spec_of(sim_fault_kind_of(kind));
    cr_assert_not_null(sim_fault_add(tg_rig_world(rig), &spec, &err), "%s: %s", kind, err.msg);
}

/* Faults that strike what the lab leaves out do not strike a lab with all fixes. */
Test(fixes, the_lab_with_all_of_them_stands_where_the_plain_one_would_not, .timeout = 300)
{
    struct tg_rig *rig = empty_rig(rig_journal_path());
    add_fault(rig, "kvsmall");
    add_fault(rig, "fuse-evict");
    stand_up(rig, "all");
    for (int region = 0; region < 2; region++) {
        cr_assert(has(rig, region, APPS "vllm-gemma", "\"readinessProbe\""));
        cr_assert(has(rig, region, APPS "vllm-gemma", "--max-model-len 16384"));
        cr_assert(has(rig, region, APPS "vllm-gemma",
                      "\"gke-gcsfuse/ephemeral-storage-limit\":\"120Gi\""));
        cr_assert(has(rig, region, APPS "gemma-pool-epp",
                      "--kv-cache-usage-percentage-metric=vllm:kv_cache_usage_perc"));
        cr_assert(has(rig, region, MONITORING, "gemma-pool-metrics-reader-secret"));
    }
    cr_assert(has(rig, 0,
                  "/apis/networking.gke.io/v1/namespaces/default/gcpbackendpolicies/"
                  "gemma-backend-policy",
                  "\"timeoutSec\":600"));
    tg_rig_free(rig);
}

Test(fixes, none_is_made_unasked, .timeout = 300)
{
    struct tg_rig *rig = empty_rig(rig_journal_path());
    stand_up(rig, "");
    for (int region = 0; region < 2; region++) {
        cr_assert(has(rig, region, APPS "vllm-gemma", "--port 8000"));
        cr_assert_not(has(rig, region, APPS "vllm-gemma", "\"readinessProbe\""));
        cr_assert_not(has(rig, region, APPS "vllm-gemma", "--max-model-len"));
        cr_assert_eq(has(rig, region, MONITORING, ""), region == 0, "in the US alone");
    }
    tg_rig_free(rig);
}

/* With the probe a Pod is not Ready before the model answers: as long as the lab's waits for
 * readiness take, nothing lies. */
Test(fixes, with_the_probe_ready_means_that_it_serves, .timeout = 300)
{
    struct tg_rig *rig = empty_rig(rig_journal_path());
    stand_up(rig, "readiness-probe");
    const struct tg_app *app = tg_rig_app(rig);
    int workload = tg_lab_step_index(app->lab, "workload");
    int serving = tg_lab_step_index(app->lab, "serving");
    int64_t ready_us = app->run->steps[workload].ended_lab_us;
    int64_t serves_us = app->run->steps[serving].ended_lab_us;
    cr_assert_lt(serves_us - ready_us, MINUTE_US, "Ready %.0f s before it served",
                 (double)(serves_us - ready_us) / 1e6);
    tg_rig_free(rig);
}

/* What was chosen is recorded, and a run that is taken up goes on with it. */
Test(fixes, a_run_that_is_taken_up_keeps_its_own, .timeout = 300)
{
    struct tg_err err = TG_ERR_INIT;
    char journal[128];
    snprintf(journal, sizeof(journal), "%s", rig_journal_path());
    struct tg_rig *before = empty_rig(journal);
    struct tg_provision_request request = {.direction = TG_RUN_UP};
    struct tg_app *app = tg_rig_app(before);
    (void)tg_rig_run(before, MINUTE_US, is_some_time_gone);
    cr_assert(tg_lab_read_fixes(app->lab, "max-model-len", &request.fixes, &err));
    cr_assert(tg_app_provision_start(app, &request, &err), "%s", err.msg);
    tg_journal_close(app->journal);
    app->journal = NULL;
    struct tg_rig_config config = {.lab = rig_lab(), .journal = journal};
    struct tg_rig *rig = tg_rig_attach(&config, tg_rig_world(before), &err);
    cr_assert_not_null(rig, "%s", err.msg);
    (void)tg_rig_run(rig, MINUTE_US, is_some_time_gone);
    request.fixes = 0;
    cr_assert(tg_app_provision_start(tg_rig_app(rig), &request, &err), "%s", err.msg);
    char chosen[128];
    tg_lab_write_fixes(tg_rig_app(rig)->lab, tg_rig_app(rig)->run->config.fixes, chosen,
                       sizeof(chosen));
    cr_assert_str_eq(chosen, "max-model-len");
    tg_rig_free(rig);
    tg_rig_free(before);
}
