/* integration/test_survey.c - what is found before a lab is taken down, and the statement after it:
 * what was looked at, what is left, what could not be read. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <criterion/criterion.h>
#include <jansson.h>
#include <string.h>

#include "base/str.h"
#include "plan/run_report.h"
#include "plan/run_survey.h"
#include "sim/controllers.h"
#include "sim/gcp_permission.h"
#include "sim/gcp_store.h"
#include "tests/integration/rig_support.h"

#define SEED 7
#define P    "/compute/v1/projects/demo-4711"

static struct tg_rig *rig;
static struct tg_app *app;
static struct tg_buf text;

static void begin(void)
{
    rig = rig_empty(SEED, rig_journal_path());
    app = tg_rig_app(rig);
    tg_buf_init(&text, 1 << 20);
}

static void end(void)
{
    tg_buf_fini(&text);
    tg_rig_free(rig);
}

TestSuite(survey, .init = begin, .fini = end, .timeout = 300);

static void post(const char *path, json_t *body)
{
    int status = 0;
    cr_assert_not_null(body);
    json_decref(sim_gcp_get(tg_rig_world(rig), "POST", path, "", body, &status));
    json_decref(body);
    cr_assert_eq(status, 200, "%d", status);
}

static void add_rule(const char *name)
{
    post(P "/global/firewalls",
         json_pack("{s:s,s:s,s:[s],s:[{s:s}]}", "name", name, "network",
                   "projects/demo-4711/global/networks/tpu-gke-dranet-vpc", "sourceRanges",
                   "10.0.0.0/8", "allowed", "IPProtocol", "tcp"));
}

static const char *report(void)
{
    tg_buf_reset(&text);
    tg_run_report_text(app->run, "C", &text);
    return tg_buf_text(&text);
}

static const struct tg_survey_scope *scope(const char *name)
{
    size_t count = 0;
    const struct tg_survey_scope *scopes = tg_survey_scopes(app->run, &count);
    for (size_t i = 0; i < count; i++) {
        if (tg_str_eq(scopes[i].name, name)) {
            return &scopes[i];
        }
    }
    cr_assert_fail("nobody looked for %s", name);
    return NULL;
}

static void expect_said(const char *said, const char *words)
{
    cr_expect_not_null(strstr(said, words), "'%s' is missing in\n%s", words, said);
}

static const char *plan(void)
{
    struct tg_run_config config = {.lab = app->lab,
                                   .direction = TG_RUN_DOWN,
                                   .project = "demo-4711",
                                   .until = (int)app->lab->steps_count - 1};
    tg_buf_reset(&text);
    tg_run_report_plan(&config, app->steps, app->model, "C", &text);
    return tg_buf_text(&text);
}

static bool sees_rules(const struct tg_app *of)
{
    const struct tg_store *rules = &tg_model_gcp(of->model)->kinds[TG_KIND_GCP_FIREWALL].store;
    return tg_store_get(rules, "", "somebodys-rule") != NULL ||
           tg_store_get(rules, "global", "somebodys-rule") != NULL;
}

/* The rules that go and the rules that stay are named before anything is removed. */
Test(survey, what_is_on_the_network_is_shown_before)
{
    rig_provision(rig, TG_RUN_UP, NULL);
    cr_assert_null(strstr(plan(), "tpu-gke-dranet-allow-hc"), "the lab's own are its steps");
    add_rule("somebodys-rule");
    cr_assert(tg_rig_run(rig, 10 * MINUTE_US, sees_rules));
    expect_said(plan(),
                "    Firewall/somebodys-rule is on the lab's network, is not known to be the "
                "lab's, and is left\n");
    expect_said(plan(), "    Firewall/gkemcg1-l7-tpu-gke-dranet-vpc-global was made by a "
                        "controller, and is removed too\n");
}

Test(survey, what_was_looked_at_is_told)
{
    static const char *const names[] = {"Network",
                                        "Subnetwork",
                                        "Address",
                                        "Firewall",
                                        "Bucket",
                                        "Cluster",
                                        "NodePool",
                                        "forwardingRules",
                                        "disks",
                                        "instances",
                                        "networkEndpointGroups"};
    rig_provision(rig, TG_RUN_UP, NULL);
    rig_provision(rig, TG_RUN_DOWN, NULL);
    cr_assert(tg_run_is_good(app->run), "%s", report());
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        cr_expect_eq(scope(names[i])->err.code, TG_CODE_NONE, "%s: %s", names[i],
                     scope(names[i])->err.msg);
        cr_expect_eq(scope(names[i])->found_count, 0, "%s: %s", names[i], scope(names[i])->found);
    }
    expect_said(report(), "Looked at once more at the end, in every region and zone: ");
    expect_said(report(), "soft-delete");
    expect_said(report(), "Nothing of the lab is left in what could be read.");
}

/* A volume that outlives its cluster is billed, and observed by nobody. */
Test(survey, a_disk_that_a_cluster_left_is_no_success)
{
    rig_provision(rig, TG_RUN_UP, "clusters");
    struct sim_world *world = tg_rig_world(rig);
    sim_gcp_put(world, "compute/zones/us-east5-b/disks/pvc-0123",
                json_pack("{s:s,s:{s:s}}", "name", "pvc-0123", "labels", "goog-k8s-cluster-name",
                          "gke-us-east5"));
    sim_gcp_put(world, "compute/zones/us-east5-b/disks/somebodys",
                json_pack("{s:s}", "name", "somebodys"));
    rig_provision(rig, TG_RUN_DOWN, NULL);
    cr_expect_not(tg_run_is_good(app->run));
    cr_expect(app->run->has_left_behind);
    cr_expect_str_eq(scope("disks")->found, "us-east5-b/pvc-0123");
    expect_said(report(), "Still there, and billed: disks us-east5-b/pvc-0123\n"
                          "    gcloud compute disks delete pvc-0123 --zone=us-east5-b "
                          "--project=demo-4711\n");
    cr_expect_null(strstr(report(), "run again"), "no run removes it");
    cr_expect_null(strstr(report(), "somebodys"));
}

Test(survey, what_could_not_be_read_is_not_called_gone)
{
    rig_provision(rig, TG_RUN_UP, "clusters");
    sim_gcp_deny(tg_rig_world(rig), "compute.disks.list", true);
    rig_provision(rig, TG_RUN_DOWN, NULL);
    cr_expect_not(tg_run_is_good(app->run));
    cr_expect(tg_survey_is_inconclusive(app->run));
    cr_expect_not(app->run->has_left_behind);
    cr_expect_eq(scope("disks")->err.code, TG_CODE_FORBIDDEN);
    expect_said(report(), "Could not be read, so nothing is known of: disks (");
    expect_said(report(), "what could not be read may be there and billed");
}

/* Only what was to go is asked about. */
Test(survey, a_part_of_the_lab_is_looked_at_alone)
{
    size_t count = 0;
    rig_provision(rig, TG_RUN_UP, "firewalls");
    rig_provision(rig, TG_RUN_DOWN, "firewalls");
    cr_assert(tg_run_is_good(app->run), "%s", report());
    const struct tg_survey_scope *scopes = tg_survey_scopes(app->run, &count);
    cr_expect_gt(count, 0);
    for (size_t i = 0; i < count; i++) {
        cr_expect_str_neq(scopes[i].name, "disks");
    }
}
