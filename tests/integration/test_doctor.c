/* integration/test_doctor.c - the preflight against a simulated project, and what its fixes make of
 * the lab. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <criterion/criterion.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/doctor.h"
#include "app/provision.h"
#include "plan/doctor_report.h"
#include "sim/controllers.h"
#include "sim/fault.h"
#include "sim/front.h"
#include "sim/gcp_permission.h"
#include "sim/gcp_quota.h"
#include "sim/gcp_store.h"
#include "sim/params.h"
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

static void add_fault_about(struct tg_rig *rig, const char *kind, const char *route)
{
    struct tg_err err = TG_ERR_INIT;
    struct sim_fault_spec spec = sim_fault_spec_of(sim_fault_kind_of(kind));
    snprintf(spec.route, sizeof(spec.route), "%s", route);
    cr_assert_not_null(sim_fault_add(tg_rig_world(rig), &spec, &err), "%s: %s", kind, err.msg);
}

static void add_fault(struct tg_rig *rig, const char *kind)
{
    add_fault_about(rig, kind, "");
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
                      "\"--kv-cache-usage-percentage-metric\",\"vllm:kv_cache_usage_perc\""));
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
    request.fixes = tg_rig_app(rig)->fixes; /* remembered, not chosen again */
    cr_assert(tg_app_provision_start(tg_rig_app(rig), &request, &err), "%s", err.msg);
    char chosen[128];
    tg_lab_write_fixes(tg_rig_app(rig)->lab, tg_rig_app(rig)->run->config.fixes, chosen,
                       sizeof(chosen));
    cr_assert_str_eq(chosen, "max-model-len");
    tg_rig_free(rig);
    tg_rig_free(before);
}

static json_t *policy(struct tg_rig *rig, const char *verb, const char *quoted)
{
    int status = 0;
    char path[100];
    json_t *body = json_loads(quoted, 0, NULL);
    snprintf(path, sizeof(path), "/cloudresourcemanager/v1/projects/demo-4711:%s", verb);
    json_t *answer = sim_gcp_get(tg_rig_world(rig), "POST", path, "", body, &status);
    json_decref(body);
    cr_assert_eq(status, 200);
    return answer;
}

static const char colleague[] =
    "{\"policy\":{\"bindings\":[{\"role\":\"roles/"
    "owner\",\"members\":[\"user:operator@example.com\"]}"
    ",{\"role\":\"roles/container.admin\",\"members\":[\"user:colleague@example.com\"]}]}}";

/* The lab's own Terraform speaks for everybody who has a role; here its members are added. */
Test(fixes, whoever_had_a_role_of_the_labs_keeps_it, .timeout = 300)
{
    struct tg_rig *rig = empty_rig(rig_journal_path());
    json_decref(policy(rig, "setIamPolicy", colleague));
    stand_up(rig, "");
    json_t *after = policy(rig, "getIamPolicy", "{}");
    char *text = json_dumps(after, JSON_COMPACT);
    cr_assert(strstr(text, "user:colleague@example.com") != NULL, "%s", text);
    cr_assert(strstr(text, "gcp-sa-multiclusteringress") != NULL, "%s", text);
    free(text);
    json_decref(after);
    tg_rig_free(rig);
}

/* What was made with a fix is not undone by an up that says nothing of it. */
Test(fixes, those_of_the_last_run_are_chosen_for_the_next, .timeout = 300)
{
    struct tg_err err = TG_ERR_INIT;
    char chosen[128];
    char journal[128];
    snprintf(journal, sizeof(journal), "%s", rig_journal_path());
    struct tg_rig *before = empty_rig(journal);
    stand_up(before, "backend-timeout");
    tg_journal_close(tg_rig_app(before)->journal);
    tg_rig_app(before)->journal = NULL;
    struct tg_rig_config config = {.lab = rig_lab(), .journal = journal};
    struct tg_rig *rig = tg_rig_attach(&config, tg_rig_world(before), &err);
    cr_assert_not_null(rig, "%s", err.msg);
    struct tg_app *app = tg_rig_app(rig);
    cr_assert_str_eq(tg_lab_write_fixes(app->lab, app->fixes, chosen, sizeof(chosen)),
                     "backend-timeout");
    stand_up(rig, chosen);
    for (size_t i = 0; i < app->run->items_count; i++) {
        const struct tg_run_item *item = &app->run->items[i]; /* a secret goes at once, if at all */
        cr_assert(item->is_removal || item->ensured == TG_ENSURED_FOUND, "%s is %s the second time",
                  item->name, tg_ensured_name(item->ensured));
    }
    tg_rig_free(rig);
    tg_rig_free(before);
}

/* ---- the preflight ---- */

TestSuite(doctor, .timeout = 120);

/* A preflight with this token, and its text for whoever looks at a failure. */
static void examine(struct tg_rig *rig, const char *token)
{
    struct tg_err err = TG_ERR_INIT;
    struct tg_doctor_config config = {.until = -1};
    struct tg_secret *secret = token != NULL ? tg_secret_new(token, strlen(token)) : NULL;
    config.hub_token = secret;
    cr_assert(tg_app_doctor_start(tg_rig_app(rig), &config, &err), "%s", err.msg);
    tg_secret_free(secret);
    cr_assert(tg_rig_run(rig, 3 * MINUTE_US, tg_app_doctor_is_over), "the preflight should end");
    if (getenv("SHOW") != NULL) {
        struct tg_buf out;
        tg_buf_init(&out, 1 << 20);
        tg_doctor_report_text(tg_rig_app(rig)->doctor, NULL, false, &out);
        fprintf(stderr, "%s", tg_buf_text(&out));
        tg_buf_fini(&out);
    }
}

/* What the preflight found of a check, about a subject (NULL: any), as "state: words". */
static const char *found(struct tg_rig *rig, enum tg_doctor_check check, const char *subject)
{
    static char text[2048];
    const struct tg_doctor *doctor = tg_rig_app(rig)->doctor;
    snprintf(text, sizeof(text), "nothing");
    for (size_t i = 0; i < doctor->findings_count; i++) {
        const struct tg_doctor_finding *finding = &doctor->findings[i];
        if (finding->check == check &&
            (subject == NULL || strcmp(finding->subject, subject) == 0)) {
            struct tg_buf words;
            tg_buf_init(&words, 1024);
            tg_doctor_finding_words(doctor, finding, NULL, &words);
            snprintf(text, sizeof(text), "%s: %s", tg_doctor_state_name(finding->state),
                     tg_buf_text(&words));
            tg_buf_fini(&words);
            break;
        }
    }
    return text;
}

static size_t fails(struct tg_rig *rig)
{
    return tg_doctor_count(tg_rig_app(rig)->doctor, TG_DOCTOR_FAIL);
}

/* Enabled as the first step of the lab does it, so that what they guard can be asked. */
static void enable_apis(struct tg_rig *rig)
{
    static const char *const names[] = {"compute", "container"};
    for (size_t i = 0; i < 2; i++) {
        char name[60];
        snprintf(name, sizeof(name), "%s.googleapis.com", names[i]);
        sim_gcp_enable_service(tg_rig_world(rig), name);
    }
}

static struct sim_params *params_of(struct tg_rig *rig)
{
    return sim_world_params(tg_rig_world(rig));
}

Test(doctor, an_empty_project_that_is_in_order_has_nothing_that_fails)
{
    struct tg_rig *rig = empty_rig(NULL);
    examine(rig, "hf_0123456789");
    cr_assert_eq(fails(rig), 0);
    cr_assert_str_eq(found(rig, TG_DOCTOR_CREDENTIALS, NULL), "pass: operator@example.com");
    cr_assert_str_eq(found(rig, TG_DOCTOR_PROJECT, NULL), "pass: demo-4711 is active");
    cr_assert_str_eq(found(rig, TG_DOCTOR_APIS, NULL), "pass: 1 enabled; up enables 7 more");
    cr_assert_str_eq(found(rig, TG_DOCTOR_HUB_TOKEN, NULL), "pass: valid, of operator");
    cr_assert_str_eq(found(rig, TG_DOCTOR_HUB_LICENCE, NULL),
                     "pass: google/gemma-3-27b-it may be read with this token");
    cr_assert_str_eq(found(rig, TG_DOCTOR_CLOCK, NULL),
                     "pass: agrees with Google's, within a few seconds");
    /* what cannot be read yet is not taken for good */
    cr_assert_str_eq(found(rig, TG_DOCTOR_MACHINE_TYPE, "us-east5-b"),
                     "unknown: compute.googleapis.com is not enabled yet");
    enable_apis(rig);
    examine(rig, "hf_0123456789");
    cr_assert_str_eq(found(rig, TG_DOCTOR_MACHINE_TYPE, "us-east5-b"),
                     "pass: ct6e-standard-4t is offered");
    cr_assert_str_eq(found(rig, TG_DOCTOR_CPU_QUOTA, "europe-west4"),
                     "pass: 72 CPUs left, 16 are wanted");
    cr_assert_eq(tg_doctor_count(tg_rig_app(rig)->doctor, TG_DOCTOR_UNKNOWN), 0);
    tg_rig_free(rig);
}

Test(doctor, a_lab_that_stands_passes_in_its_clusters_too)
{
    struct tg_rig *rig = rig_new(5, NULL);
    rig_wait_until_serving(rig);
    examine(rig, NULL);
    cr_assert_eq(fails(rig), 0);
    cr_assert(strstr(found(rig, TG_DOCTOR_CLUSTER_RIGHTS, "gke-us-east5"), "pass: all there") !=
              NULL);
    cr_assert_str_eq(found(rig, TG_DOCTOR_HUB_TOKEN, NULL),
                     "pass: not needed: no step that is to be done downloads the weights");
    cr_assert_str_eq(found(rig, TG_DOCTOR_HEALTH_CHECKS, NULL),
                     "pass: in force: /health:8000 every 5 s, timeout 5 s, 2 up, 2 down");
    tg_rig_free(rig);
}

Test(doctor, no_quota_is_told_by_region)
{
    struct tg_rig *rig = empty_rig(NULL);
    enable_apis(rig);
    sim_gcp_set_quota(tg_rig_world(rig), "europe-west4", SIM_QUOTA_TPU, 0);
    sim_gcp_set_quota(tg_rig_world(rig), "us-east5", "CPUS", 8);
    examine(rig, NULL);
    cr_assert_str_eq(found(rig, TG_DOCTOR_TPU_QUOTA, "europe-west4"),
                     "fail: 0 chips, and 4 are wanted");
    cr_assert_str_eq(found(rig, TG_DOCTOR_TPU_QUOTA, "us-east5"),
                     "pass: 4 chips; 4 are wanted (no promise that they are free)");
    cr_assert_str_eq(found(rig, TG_DOCTOR_CPU_QUOTA, "us-east5"),
                     "fail: 8 CPUs left, and 16 are wanted");
    cr_assert_eq(fails(rig), 2);
    tg_rig_free(rig);
}

Test(doctor, nobody_who_pays_is_told)
{
    struct tg_rig *rig = empty_rig(NULL);
    params_of(rig)->has_billing = 0;
    examine(rig, NULL);
    cr_assert_str_eq(found(rig, TG_DOCTOR_BILLING, NULL),
                     "fail: no billing account pays for the project");
    tg_rig_free(rig);
}

Test(doctor, a_denied_permission_is_told_with_the_step_that_needs_it)
{
    struct tg_rig *rig = empty_rig(NULL);
    sim_gcp_deny(tg_rig_world(rig), "container.clusters.create", true);
    sim_gcp_deny(tg_rig_world(rig), "compute.networks.delete", true);
    examine(rig, NULL);
    cr_assert_str_eq(found(rig, TG_DOCTOR_PERMISSIONS, "clusters"),
                     "fail: needs container.clusters.create");
    cr_assert_str_eq(found(rig, TG_DOCTOR_PERMISSIONS, "vpc"),
                     "fail: could not be undone without compute.networks.delete");
    cr_assert_eq(fails(rig), 2);
    tg_rig_free(rig);
}

/* A step that is done is not done again: what is denied of it is told, and holds nothing up. */
Test(doctor, a_right_that_is_needed_no_more_is_no_failure)
{
    struct tg_rig *rig = rig_new(5, NULL);
    rig_wait_until_serving(rig);
    sim_gcp_deny(tg_rig_world(rig), "container.clusters.create", true);
    sim_gcp_deny(tg_rig_world(rig), "compute.networks.delete", true);
    examine(rig, NULL);
    cr_assert_str_eq(found(rig, TG_DOCTOR_PERMISSIONS, "clusters"),
                     "warn: needs container.clusters.create");
    cr_assert_str_eq(found(rig, TG_DOCTOR_PERMISSIONS, "vpc"),
                     "warn: could not be undone without compute.networks.delete");
    cr_assert_eq(fails(rig), 0);
    tg_rig_free(rig);
}

Test(doctor, a_machine_type_that_is_not_offered_is_told_by_zone)
{
    struct tg_rig *rig = empty_rig(NULL);
    enable_apis(rig);
    sim_gcp_withdraw(tg_rig_world(rig), "us-east5-b", "ct6e-standard-4t");
    examine(rig, NULL);
    cr_assert_str_eq(found(rig, TG_DOCTOR_MACHINE_TYPE, "us-east5-b"),
                     "fail: ct6e-standard-4t is not offered");
    cr_assert_str_eq(found(rig, TG_DOCTOR_MACHINE_TYPE, "europe-west4-a"),
                     "pass: ct6e-standard-4t is offered");
    tg_rig_free(rig);
}

/* An API that an earlier step than those asked for enables is missed by them. */
Test(doctor, an_api_that_nothing_enables_is_told)
{
    struct tg_err err = TG_ERR_INIT;
    struct tg_rig *rig = empty_rig(NULL);
    struct tg_app *app = tg_rig_app(rig);
    struct tg_doctor_config config = {.from = tg_lab_step_index(app->lab, "memberships"),
                                      .until = tg_lab_step_index(app->lab, "backends")};
    enable_apis(rig);
    cr_assert(tg_app_doctor_start(app, &config, &err), "%s", err.msg);
    cr_assert(tg_rig_run(rig, 3 * MINUTE_US, tg_app_doctor_is_over));
    cr_assert(strstr(found(rig, TG_DOCTOR_APIS, NULL),
                     "fail: not enabled, and by none of the steps asked for: ") != NULL &&
                  strstr(found(rig, TG_DOCTOR_APIS, NULL), "gkehub.googleapis.com") != NULL,
              "%s", found(rig, TG_DOCTOR_APIS, NULL));
    tg_rig_free(rig);
}

static void make(struct tg_rig *rig, const char *path, const char *body)
{
    int status = 0;
    json_t *wanted = json_loads(body, 0, NULL);
    json_decref(sim_gcp_get(tg_rig_world(rig), "POST", path, "", wanted, &status));
    json_decref(wanted);
    cr_assert_lt(status, 300, "%s: %d", path, status);
    (void)tg_rig_run(rig, 5 * MINUTE_US, is_some_time_gone);
}

#define COMPUTE "/compute/v1/projects/demo-4711/"

Test(doctor, ranges_in_the_way_are_told)
{
    struct tg_rig *rig = empty_rig(NULL);
    enable_apis(rig);
    make(rig, COMPUTE "global/networks",
         "{\"name\":\"tpu-gke-dranet-vpc\",\"autoCreateSubnetworks\":false,\"mtu\":8896}");
    make(rig, COMPUTE "global/networks", "{\"name\":\"other\",\"autoCreateSubnetworks\":false}");
    make(rig, COMPUTE "regions/us-east5/subnetworks",
         "{\"name\":\"mine\",\"ipCidrRange\":\"10.0.0.0/22\",\"network\":\"projects/demo-4711/"
         "global/networks/tpu-gke-dranet-vpc\"}");
    make(rig, COMPUTE "regions/us-east5/subnetworks",
         "{\"name\":\"theirs\",\"ipCidrRange\":\"10.1.1.0/24\",\"network\":\"projects/demo-4711/"
         "global/networks/other\"}");
    examine(rig, NULL);
    cr_assert_str_eq(found(rig, TG_DOCTOR_SUBNETS, "mine"),
                     "fail: 10.0.0.0/22 overlaps the lab's 10.0.2.0/24 in the same network");
    cr_assert_str_eq(found(rig, TG_DOCTOR_SUBNETS, "theirs"),
                     "warn: 10.1.1.0/24 of another network overlaps the lab's 10.1.1.0/24");
    tg_rig_free(rig);
}

Test(doctor, a_token_that_the_hub_refuses_is_told)
{
    struct tg_rig *rig = empty_rig(NULL);
    examine(rig, "not-a-token");
    cr_assert_str_eq(found(rig, TG_DOCTOR_HUB_TOKEN, NULL),
                     "fail: the hub refuses it: Invalid credentials in Authorization header");
    cr_assert_str_eq(found(rig, TG_DOCTOR_HUB_LICENCE, NULL), "nothing");
    params_of(rig)->has_gemma_licence = 0;
    examine(rig, "hf_0123456789");
    cr_assert_str_eq(found(rig, TG_DOCTOR_HUB_TOKEN, NULL), "pass: valid, of operator");
    cr_assert_str_eq(found(rig, TG_DOCTOR_HUB_LICENCE, NULL),
                     "fail: google/gemma-3-27b-it may not be read with this token");
    examine(rig, NULL);
    cr_assert_str_eq(found(rig, TG_DOCTOR_HUB_TOKEN, NULL),
                     "unknown: no token was given to look with");
    tg_rig_free(rig);
}

/* A cluster that does not answer whether something is allowed is neither good nor bad. */
Test(doctor, rights_that_cannot_be_asked_for_are_unknown)
{
    struct tg_rig *rig = rig_new(5, NULL);
    rig_wait_until_serving(rig);
    add_fault_about(rig, "status", "POST *selfsubjectaccessreviews*");
    examine(rig, NULL);
    cr_assert(strstr(found(rig, TG_DOCTOR_CLUSTER_RIGHTS, "gke-us-east5"), "unknown: ") != NULL,
              "%s", found(rig, TG_DOCTOR_CLUSTER_RIGHTS, "gke-us-east5"));
    tg_rig_free(rig);
}

/* A fix that is chosen is no longer warned of, at once and without another look. */
Test(doctor, a_fix_that_is_chosen_settles_its_hazard)
{
    struct tg_err err = TG_ERR_INIT;
    tg_lab_fixes fixes = 0;
    struct tg_rig *rig = empty_rig(NULL);
    examine(rig, NULL);
    cr_assert_str_eq(found(rig, TG_DOCTOR_HAZARD, "readiness-probe"),
                     "warn: vLLM has no readiness probe");
    cr_assert(tg_lab_read_fixes(tg_rig_app(rig)->lab, "readiness-probe", &fixes, &err));
    tg_app_choose_fixes(tg_rig_app(rig), fixes);
    cr_assert_str_eq(found(rig, TG_DOCTOR_HAZARD, "readiness-probe"),
                     "pass: vLLM has no readiness probe; the fix is chosen");
    cr_assert_str_eq(found(rig, TG_DOCTOR_HAZARD, "fuse-cache"),
                     "warn: the FUSE cache is larger than the Pod may store");
    tg_rig_free(rig);
}

/* Others keep the roles that the lab gives to its own accounts, and are told of. */
Test(doctor, members_that_an_authoritative_binding_would_remove_are_told)
{
    struct tg_rig *rig = empty_rig(NULL);
    enable_apis(rig);
    json_decref(policy(rig, "setIamPolicy", colleague));
    examine(rig, NULL);
    cr_assert_str_eq(found(rig, TG_DOCTOR_MEMBERS, NULL),
                     "pass: added one by one; the lab's own Terraform would take the role away "
                     "from user:colleague@example.com");
    tg_rig_free(rig);
}

/* Who else has the role that the lab's workload gets is most likely a workload too. */
Test(doctor, another_workloads_identity_is_not_taken_for_the_labs)
{
    struct tg_rig *rig = rig_new(5, NULL);
    rig_wait_until_serving(rig);
    json_decref(policy(rig, "setIamPolicy",
                       "{\"policy\":{\"bindings\":[{\"role\":\"roles/owner\",\"members\":"
                       "[\"user:operator@example.com\"]},{\"role\":\"roles/"
                       "iam.workloadIdentityUser\",\"members\":[\"serviceAccount:"
                       "demo-4711.svc.id.goog[default/gemma-ksa]\",\"serviceAccount:"
                       "demo-4711.svc.id.goog[shop/cart]\"]}]}}"));
    examine(rig, NULL);
    cr_assert_str_eq(found(rig, TG_DOCTOR_MEMBERS, NULL),
                     "pass: added one by one; the lab's own Terraform would take the role away "
                     "from serviceAccount:demo-4711.svc.id.goog[shop/cart]");
    tg_rig_free(rig);
}
