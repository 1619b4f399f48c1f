/* integration/test_manifests.c - the definition of InferenceObjective is downloaded, checked and
 * kept: from the simulated world, offline, and when it is not what is pinned. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/provision.h"
#include "base/mem.h"
#include "sim/controllers.h"
#include "sim/download.h"
#include "tests/integration/rig_support.h"
#include "tests/unit/sim/fault_rig.h"

#define LIMIT_US (6 * 60 * MINUTE_US)
#define KIND     "inferenceobjectives.inference.networking.x-k8s.io"

static char cache[] = "/tmp/tidegate-cache-XXXXXX";
static struct tg_rig *rig;

static void begin(void)
{
    cr_assert_not_null(mkdtemp(cache));
    rig = rig_empty(1, rig_journal_path());
}

static void end(void)
{
    char command[128];
    tg_rig_free(rig);
    snprintf(command, sizeof(command), "rm -r %s", cache);
    cr_assert_eq(system(command), 0);
}

TestSuite(manifests, .init = begin, .fini = end, .timeout = 120);

/* What came of the step. */
static const struct tg_run_step *make_objective(void)
{
    struct tg_err err = TG_ERR_INIT;
    struct tg_app *app = tg_rig_app(rig);
    struct tg_provision_request request = {.direction = TG_RUN_UP, .until = "tpu-pools"};
    cr_assert(tg_rig_run(rig, 2 * MINUTE_US, rig_project_is_seen));
    cr_assert(tg_app_provision_start(app, &request, &err), "%s", err.msg);
    cr_assert(tg_rig_run(rig, LIMIT_US, rig_run_is_over));
    cr_assert(tg_run_is_good(app->run), "the clusters");
    request.from = "objective";
    request.until = "objective";
    cr_assert(tg_app_provision_start(app, &request, &err), "%s", err.msg);
    cr_assert(tg_rig_run(rig, LIMIT_US, rig_run_is_over));
    return &app->run->steps[tg_lab_step_index(app->lab, "objective")];
}

static bool is_defined(int region)
{
    struct sim_store *store = sim_region_store(sim_world_region(tg_rig_world(rig), region));
    return sim_store_get(
               store, sim_resource_find("apiextensions.k8s.io", "v1", "customresourcedefinitions"),
               "", KIND) != NULL;
}

Test(manifests, what_the_release_has_is_applied_and_kept)
{
    char path[128];
    char digest[TG_DIGEST_LEN + 1];
    struct stat status;
    struct tg_app *app = tg_rig_app(rig);
    app->manifests.cache = tg_strdup(cache);
    sim_download_digest(digest);
    const struct tg_run_step *step = make_objective();
    cr_expect_eq((int)step->state, (int)TG_RUN_DONE, "%s", step->err.msg);
    cr_expect(is_defined(0));
    cr_expect(is_defined(1));
    snprintf(path, sizeof(path), "%s/%s", cache, digest);
    cr_expect_eq(stat(path, &status), 0, "the download is kept under its digest");
}

/* What was downloaded once serves without a network. */
Test(manifests, a_kept_one_needs_no_network)
{
    char digest[TG_DIGEST_LEN + 1];
    char path[128];
    struct tg_app *app = tg_rig_app(rig);
    struct sim_response response = {.status = 0};
    tg_buf_init(&response.body, SIM_RESPONSE_BODY_MAX);
    sim_download_handle(&response);
    sim_download_digest(digest);
    snprintf(path, sizeof(path), "%s/%s", cache, digest);
    FILE *file = fopen(path, "w");
    fputs(tg_buf_text(&response.body), file);
    fclose(file);
    sim_response_fini(&response);
    app->manifests.cache = tg_strdup(cache);
    tg_str_replace(&app->manifests.url, "https://nowhere.example/crd.yaml");
    const struct tg_run_step *step = make_objective();
    cr_expect_eq((int)step->state, (int)TG_RUN_DONE, "%s", step->err.msg);
}

/* A file in the cache that is not what its name says is as if it were not there. */
Test(manifests, a_kept_one_that_was_changed_is_fetched_anew)
{
    char digest[TG_DIGEST_LEN + 1];
    char path[128];
    struct tg_app *app = tg_rig_app(rig);
    sim_download_digest(digest);
    snprintf(path, sizeof(path), "%s/%s", cache, digest);
    FILE *file = fopen(path, "w");
    fputs("apiVersion: v1\nkind: Secret\nmetadata: {name: a}\n", file);
    fclose(file);
    app->manifests.cache = tg_strdup(cache);
    const struct tg_run_step *step = make_objective();
    cr_expect_eq((int)step->state, (int)TG_RUN_DONE, "%s", step->err.msg);
    cr_expect(is_defined(0));
}

/* The world's stand-in is not the release's file, so without the world's own digest it is refused.
 */
Test(manifests, what_is_not_pinned_is_never_applied)
{
    struct tg_app *app = tg_rig_app(rig);
    tg_str_replace(&app->manifests.sha256, NULL);
    const struct tg_run_step *step = make_objective();
    cr_expect_eq((int)step->state, (int)TG_RUN_FAILED);
    cr_expect_not_null(strstr(step->err.msg, "pinned is 803432d07b9c"), "%s", step->err.msg);
    cr_expect_not_null(strstr(step->err.msg, "nothing was applied"), "%s", step->err.msg);
    cr_expect_not(is_defined(0));
}

Test(manifests, without_a_network_it_says_what_it_needs)
{
    struct tg_app *app = tg_rig_app(rig);
    tg_str_replace(&app->manifests.url, "https://nowhere.example/bases/crd.yaml");
    const struct tg_run_step *step = make_objective();
    cr_expect_eq((int)step->state, (int)TG_RUN_FAILED);
    cr_expect_not_null(strstr(step->err.msg, "crd.yaml from nowhere.example"), "%s", step->err.msg);
    cr_expect_not(is_defined(0));
}

/* A server that fails for a while is asked again. */
Test(manifests, a_server_that_recovers_is_asked_again)
{
    fault_add(tg_rig_world(rig),
              "status code=503 region=gcp times=2 route=GET~*inferenceobjectives.yaml");
    const struct tg_run_step *step = make_objective();
    cr_expect_eq((int)step->state, (int)TG_RUN_DONE, "%s", step->err.msg);
}
