/* integration/test_provision.c - the whole lab stood up in an empty simulated project and taken
 * down again, also by a program that is killed on the way.
 *
 * Killed as in test_kill.c: a child dies right after its n-th durable record, and the same seed run
 * to the same record gives the world that it left.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <criterion/criterion.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/provision.h"
#include "model/select.h"
#include "sim/controllers.h"
#include "sim/json_path.h"
#include "tests/integration/rig_support.h"

#define SEED        11
#define RECORDS_MAX 1000
#define KILLS       3 /* of each direction, spread over its records; KILLS=all: at every one */
#define LIMIT_US    (6 * 60 * MINUTE_US)

static const char token_text[] = "hf_planted_0123456789";

/* The secret outlives the runs that borrow it. */
static void begin_until(struct tg_rig *rig, enum tg_run_direction direction, const char *until)
{
    static struct tg_secret *token;
    struct tg_err err = TG_ERR_INIT;
    token = token == NULL ? tg_secret_new(token_text, sizeof(token_text) - 1) : token;
    const struct tg_run_secret given = {"hf_token", token};
    struct tg_provision_request request = {
        .direction = direction, .until = until, .secrets = &given, .secrets_count = 1};
    cr_assert(tg_rig_run(rig, 2 * MINUTE_US, rig_project_is_seen));
    cr_assert(tg_app_provision_start(tg_rig_app(rig), &request, &err), "%s", err.msg);
}

static void begin(struct tg_rig *rig, enum tg_run_direction direction)
{
    begin_until(rig, direction, NULL);
}

static void finish(struct tg_rig *rig, const char *when)
{
    struct tg_app *app = tg_rig_app(rig);
    cr_assert(tg_rig_run(rig, LIMIT_US, rig_run_is_over), "%s: the run should end", when);
    for (size_t i = 0; i < app->lab->steps_count; i++) {
        const struct tg_run_step *step = &app->run->steps[i];
        cr_assert(step->state == TG_RUN_DONE || step->state == TG_RUN_SATISFIED ||
                      step->state == TG_RUN_SKIPPED,
                  "%s: %s is %s: %s", when, app->lab->steps[i].id, tg_run_state_name(step->state),
                  step->err.msg);
    }
    cr_assert(tg_run_is_good(app->run), "%s", when);
}

static size_t members(struct sim_world *world, const char *path, const char *key)
{
    int status = 0;
    json_t *answer = sim_gcp_get(world, "GET", path, "", NULL, &status);
    size_t count = json_array_size(json_object_get(answer, key));
    json_decref(answer);
    return count;
}

#define P "/compute/v1/projects/demo-4711"

static void expect_nothing_left(struct sim_world *world, const char *when)
{
    cr_assert_eq(members(world, P "/global/networks", "items"), 0, "%s: a network is left", when);
    cr_assert_eq(members(world, P "/global/firewalls", "items"), 0, "%s: a rule is left", when);
    cr_assert_eq(
        members(world, "/container/v1/projects/demo-4711/locations/-/clusters", "clusters"), 0,
        "%s: a cluster is left", when);
    cr_assert_eq(members(world, "/storage/v1/b", "items"), 0, "%s: a bucket is left", when);
}

/* Each cluster and node pool was asked for once, whatever happened in between. */
static void expect_nothing_twice(struct sim_world *world, const char *when)
{
    int status = 0;
    json_t *answer = sim_gcp_get(
        world, "GET", "/container/v1/projects/demo-4711/locations/-/operations", "", NULL, &status);
    const json_t *operations = json_object_get(answer, "operations");
    cr_assert_gt(json_array_size(operations), 0, "%s: no operations", when);
    for (size_t i = 0; i < json_array_size(operations); i++) {
        const json_t *one = json_array_get(operations, i);
        for (size_t j = 0; j < i; j++) {
            const json_t *other = json_array_get(operations, j);
            bool is_same =
                strcmp(sim_json_text(one, "targetLink"), sim_json_text(other, "targetLink")) == 0 &&
                strcmp(sim_json_text(one, "operationType"),
                       sim_json_text(other, "operationType")) == 0;
            cr_assert_not(is_same && strncmp(sim_json_text(one, "operationType"), "CREATE", 6) == 0,
                          "%s: %s twice for %s", when, sim_json_text(one, "operationType"),
                          sim_json_text(one, "targetLink"));
        }
    }
    json_decref(answer);
}

Test(provision, the_lab_stands_is_found_again_and_goes, .timeout = 300)
{
    struct tg_rig *rig = rig_empty(SEED, rig_journal_path());
    struct tg_app *app = tg_rig_app(rig);
    begin(rig, TG_RUN_UP);
    finish(rig, "up");
    expect_nothing_twice(tg_rig_world(rig), "up");
    begin(rig, TG_RUN_UP);
    finish(rig, "up again");
    for (size_t i = 0; i < app->run->items_count; i++) {
        const struct tg_run_item *item = &app->run->items[i];
        cr_assert_eq(item->ensured, item->is_removal ? TG_ENSURED_ABSENT : TG_ENSURED_FOUND,
                     "%s is %s the second time", item->name, tg_ensured_name(item->ensured));
    }
    begin(rig, TG_RUN_DOWN);
    finish(rig, "down");
    expect_nothing_left(tg_rig_world(rig), "down");
    bool has_ghosts = false;
    for (size_t i = 0; i < app->run->items_count; i++) {
        has_ghosts = has_ghosts || app->run->items[i].leftover != NULL;
    }
    cr_assert(has_ghosts, "controllers leave firewall rules behind");
    tg_rig_free(rig);
}

/* One region has no other to fail over to, but stands; three stand side by side. */
static void stand_and_go(int regions)
{
    char when[32];
    struct tg_rig *rig = rig_empty_of(regions, SEED, rig_journal_path());
    struct tg_app *app = tg_rig_app(rig);
    snprintf(when, sizeof(when), "%d regions", regions);
    begin(rig, TG_RUN_UP);
    finish(rig, when);
    const struct tg_step_status *backends = &app->steps[tg_lab_step_index(app->lab, "backends")];
    cr_expect_eq(backends->conditions_total, regions);
    cr_expect_eq(backends->conditions_met, regions);
    begin(rig, TG_RUN_DOWN);
    finish(rig, when);
    expect_nothing_left(tg_rig_world(rig), when);
    tg_rig_free(rig);
}

Test(provision, a_lab_of_one_region_stands_and_goes, .timeout = 300)
{
    stand_and_go(1);
}

Test(provision, a_lab_of_three_regions_stands_and_goes, .timeout = 300)
{
    stand_and_go(3);
}

/* APIs that the part never needed are not enabled: nothing of theirs is there, which is no failure.
 */
Test(provision, a_part_of_the_lab_is_taken_down_whole, .timeout = 300)
{
    struct tg_rig *rig = rig_empty(SEED, rig_journal_path());
    begin_until(rig, TG_RUN_UP, "firewalls");
    finish(rig, "up");
    begin(rig, TG_RUN_DOWN);
    finish(rig, "down");
    expect_nothing_left(tg_rig_world(rig), "down");
    tg_rig_free(rig);
}

static bool are_clusters_hidden(const struct tg_app *app)
{
    for (size_t i = 0; i < app->model->targets_count; i++) {
        const struct tg_target *target = app->model->targets[i];
        if (target->type == TG_TARGET_CLUSTER &&
            tg_target_is_shown(target, tg_clock_monotonic_us(&app->clock))) {
            return false;
        }
    }
    return true;
}

/* What was taken down is no fault: it is shown as removed, and leaves; and comes again with the
 * lab. */
Test(provision, clusters_that_are_taken_down_leave, .timeout = 300)
{
    struct tg_rig *rig = rig_empty(SEED, rig_journal_path());
    struct tg_app *app = tg_rig_app(rig);
    begin_until(rig, TG_RUN_UP, "clusters");
    finish(rig, "up");
    cr_assert_eq(app->model->targets_count, 3);
    begin(rig, TG_RUN_DOWN);
    finish(rig, "down");
    cr_assert(tg_rig_run(rig, 5 * MINUTE_US, are_clusters_hidden), "they should leave");
    size_t count = 0;
    int64_t now_us = tg_clock_monotonic_us(&app->clock);
    free(tg_select_regions(app->model, now_us, &count));
    cr_expect_eq(count, 0);
    for (size_t i = 0; i < app->model->targets_count; i++) {
        struct tg_source source = tg_select_source(app->model->targets[i], NULL, 0, now_us);
        cr_expect_neq((int)source.state, (int)TG_SOURCE_LOST, "%s", app->model->targets[i]->name);
    }
    begin_until(rig, TG_RUN_UP, "clusters");
    finish(rig, "up again");
    cr_expect_eq(app->model->targets_count, 5);
    free(tg_select_regions(app->model, tg_clock_monotonic_us(&app->clock), &count));
    cr_expect_eq(count, 2);
    tg_rig_free(rig);
}

/* ---- killed on the way ---- */

/* A rig in which the lab stands, when it is to be taken down; else an empty one. */
static struct tg_rig *rig_before(enum tg_run_direction direction, const char *journal)
{
    struct tg_rig *rig = rig_empty(SEED, journal);
    if (direction == TG_RUN_DOWN) {
        begin(rig, TG_RUN_UP);
        finish(rig, "up");
    }
    return rig;
}

/* False when the run had fewer records and ended. */
static bool kill_at(enum tg_run_direction direction, const char *journal, int64_t records)
{
    pid_t child = fork();
    if (child == 0) {
        struct tg_rig *rig = rig_before(direction, journal);
        struct tg_app *app = tg_rig_app(rig);
        tg_journal_kill_after(app->journal, records);
        begin(rig, direction);
        _exit(tg_rig_run(rig, LIMIT_US, rig_run_is_over) ? 0 : 3);
    }
    int status = 0;
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert(WIFSIGNALED(status) ? WTERMSIG(status) == SIGKILL : WEXITSTATUS(status) == 0,
              "record %lld: the child ended in an unexpected way (%d)", (long long)records, status);
    return WIFSIGNALED(status);
}

static struct tg_rig *world_at(enum tg_run_direction direction, int64_t records)
{
    struct tg_rig *rig = rig_before(direction, rig_journal_path());
    struct tg_app *app = tg_rig_app(rig);
    rig_die_at(rig, tg_journal_count(app->journal) + records);
    begin(rig, direction);
    cr_assert(rig_has_died(app) || tg_rig_run(rig, LIMIT_US, rig_has_died));
    return rig;
}

static void kill_and_continue(enum tg_run_direction direction, int64_t records)
{
    char when[64];
    char journal[128];
    struct tg_err err = TG_ERR_INIT;
    snprintf(when, sizeof(when), "%s, killed at record %lld",
             direction == TG_RUN_UP ? "up" : "down", (long long)records);
    snprintf(journal, sizeof(journal), "%s", rig_journal_path());
    cr_assert(kill_at(direction, journal, records), "%s: it ended", when);
    struct tg_rig *before = world_at(direction, records);
    struct tg_rig_config config = {.lab = rig_lab(), .journal = journal};
    struct tg_rig *rig = tg_rig_attach(&config, tg_rig_world(before), &err);
    cr_assert_not_null(rig, "%s: %s", when, err.msg);
    begin(rig, direction);
    finish(rig, when);
    expect_nothing_twice(tg_rig_world(rig), when);
    if (direction == TG_RUN_DOWN) {
        expect_nothing_left(tg_rig_world(rig), when);
    }
    tg_rig_free(rig);
    tg_rig_free(before);
}

/* How many records a run has that nobody kills. */
static int64_t count_records(enum tg_run_direction direction)
{
    struct tg_rig *rig = rig_before(direction, rig_journal_path());
    int64_t before = tg_journal_count(tg_rig_app(rig)->journal);
    begin(rig, direction);
    finish(rig, "undisturbed");
    int64_t count = tg_journal_count(tg_rig_app(rig)->journal) - before;
    tg_rig_free(rig);
    return count;
}

static void kill_on_the_way(enum tg_run_direction direction)
{
    const char *wanted = getenv("KILLS");
    int64_t count = count_records(direction);
    cr_assert_gt(count, 100);
    cr_assert_lt(count, RECORDS_MAX);
    bool is_all = wanted != NULL && strcmp(wanted, "all") == 0;
    int64_t kills = is_all ? count - 1 : wanted != NULL ? atoi(wanted) : KILLS;
    for (int64_t i = 0; i < kills; i++) {
        kill_and_continue(direction, is_all ? i + 1 : 1 + i * (count - 1) / kills);
    }
}

Test(provision, killed_while_standing_up_it_goes_on, .timeout = 3600)
{
    kill_on_the_way(TG_RUN_UP);
}

Test(provision, killed_while_taking_down_it_goes_on, .timeout = 3600)
{
    kill_on_the_way(TG_RUN_DOWN);
}
