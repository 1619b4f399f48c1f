/* integration/test_kill.c - the program killed after every journal record, and started again on the
 * same world.
 *
 * The world outlives the program as the real one does: the drill runs in a child process that is
 * killed right after its n-th durable record; the requests that it had got through are replayed
 * into a world of the parent by running the same seed to the same record (the world is
 * deterministic), and a new rig with the same journal must restore.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sim/truth.h"
#include "tests/integration/rig_support.h"

#define RECORDS_MAX 64

/* In the child: a drill that is killed after so many records, or ends. */
static void run_killed_child(const char *journal, int64_t records)
{
    struct tg_rig *rig = rig_new(7, journal);
    struct tg_app *app = tg_rig_app(rig);
    struct tg_err err = TG_ERR_INIT;
    rig_wait_until_serving(rig);
    tg_journal_kill_after(app->journal, records);
    if (!tg_app_drill_start(app, tg_app_primary_target(app), &err)) {
        _exit(2);
    }
    _exit(tg_rig_run(rig, 60 * MINUTE_US, rig_drill_is_over) ? 0 : 3);
}

/* True when the child was killed at that record, false when the drill had fewer records and ended
 * well. */
static bool kill_at(const char *journal, int64_t records)
{
    pid_t child = fork();
    if (child == 0) {
        run_killed_child(journal, records);
    }
    int status = 0;
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert(WIFSIGNALED(status) ? WTERMSIG(status) == SIGKILL : WEXITSTATUS(status) == 0,
              "record %lld: the child ended in an unexpected way (%d)", (long long)records, status);
    return WIFSIGNALED(status);
}

/* The world as the killed program left it: the same drill, stopped at the same record. */
static struct tg_rig *world_at(int64_t records)
{
    struct tg_err err = TG_ERR_INIT;
    struct tg_rig *rig = rig_new(7, rig_journal_path());
    struct tg_app *app = tg_rig_app(rig);
    rig_wait_until_serving(rig);
    rig_die_at(rig, records);
    cr_assert(tg_app_drill_start(app, tg_app_primary_target(app), &err), "%s", err.msg);
    cr_assert(rig_has_died(app) || tg_rig_run(rig, 60 * MINUTE_US, rig_has_died));
    return rig;
}

static void restart_and_restore(struct sim_world *world, const char *journal, int64_t records)
{
    struct tg_err err = TG_ERR_INIT;
    struct tg_rig_config config = {.lab = rig_lab(), .journal = journal};
    struct tg_rig *rig = tg_rig_attach(&config, world, &err);
    cr_assert_not_null(rig, "%s", err.msg);
    struct tg_app *app = tg_rig_app(rig);
    if (app->is_restore_offered) {
        tg_rig_run(rig, 5 * TG_US_PER_S, NULL);
        cr_assert(tg_app_restore(app, &err), "record %lld: %s", (long long)records, err.msg);
        cr_assert(tg_rig_run(rig, 60 * MINUTE_US, rig_drill_is_over),
                  "record %lld: the restore should end; it waits for %s", (long long)records,
                  app->drill->waiting_for);
    }
    if (app->drill != NULL) {
        cr_assert_eq(app->drill->score.share_down_during, -1,
                     "record %lld: who served before the restart was not counted",
                     (long long)records);
    }
    cr_assert_eq(rig_true_replicas(world), 1, "record %lld: replicas are as before",
                 (long long)records);
    tg_rig_free(rig);
    rig = tg_rig_attach(&(struct tg_rig_config){.lab = rig_lab(), .journal = journal}, world, &err);
    cr_assert_not_null(rig, "%s", err.msg);
    cr_assert_not(tg_rig_app(rig)->is_restore_offered,
                  "record %lld: nothing is open after the restore", (long long)records);
    tg_rig_free(rig);
}

Test(kill, at_every_record_the_next_start_restores, .timeout = 600)
{
    int64_t records = 1;
    for (; records < RECORDS_MAX; records++) {
        char journal[128];
        snprintf(journal, sizeof(journal), "%s", rig_journal_path());
        bool was_killed = kill_at(journal, records);
        if (!was_killed) {
            break;
        }
        struct tg_rig *before = world_at(records);
        restart_and_restore(tg_rig_world(before), journal, records);
        tg_rig_free(before);
    }
    cr_assert_gt(records, 5, "a drill writes at least five records");
    cr_assert_lt(records, RECORDS_MAX);
}

/* ---- and the disk is full ---- */

/* No file grows any more, as on a full disk. */
static void fill_disk(bool is_full)
{
    static struct rlimit before;
    signal(SIGXFSZ, SIG_IGN);
    if (is_full) {
        cr_assert_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
        struct rlimit none = {0, before.rlim_max};
        cr_assert_eq(setrlimit(RLIMIT_FSIZE, &none), 0);
    } else {
        cr_assert_eq(setrlimit(RLIMIT_FSIZE, &before), 0);
    }
}

/* A region that is down is brought back also when nobody can write that down; it is offered again
 * once there is room. */
Test(kill, a_restore_goes_on_when_the_journal_cannot_be_written, .timeout = 120)
{
    char journal[128];
    struct tg_err err = TG_ERR_INIT;
    struct tg_rig *before = NULL;
    for (int64_t records = 3; records < RECORDS_MAX; records++) {
        before = world_at(records);
        if (rig_true_replicas(tg_rig_world(before)) == 0) {
            snprintf(journal, sizeof(journal), "%s", rig_journal_path());
            cr_assert(kill_at(journal, records));
            break;
        }
        tg_rig_free(before);
    }
    fill_disk(true);
    struct tg_rig_config config = {.lab = rig_lab(), .journal = journal};
    struct tg_rig *rig = tg_rig_attach(&config, tg_rig_world(before), &err);
    bool is_attached = rig != NULL;
    bool is_restored = false;
    bool is_told = false;
    if (is_attached) {
        struct tg_app *app = tg_rig_app(rig);
        is_told = strstr(app->notice, "make room") != NULL && !app->is_armed;
        tg_rig_run(rig, 5 * TG_US_PER_S, NULL);
        is_restored = app->is_restore_offered && tg_app_restore(app, &err) &&
                      tg_rig_run(rig, 60 * MINUTE_US, rig_drill_is_over);
        tg_rig_free(rig);
    }
    fill_disk(false);
    cr_assert(is_attached, "%s", err.msg);
    cr_expect(is_told, "it should say what to do");
    cr_assert(is_restored, "%s", err.msg);
    cr_expect_eq(rig_true_replicas(tg_rig_world(before)), 1);
    rig = tg_rig_attach(&(struct tg_rig_config){.lab = rig_lab(), .journal = journal},
                        tg_rig_world(before), &err);
    cr_assert_not_null(rig, "%s", err.msg);
    cr_expect(tg_rig_app(rig)->is_restore_offered, "it was never written that it is over");
    tg_rig_free(rig);
    tg_rig_free(before);
}
