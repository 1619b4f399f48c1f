/* integration/test_faults.c - the fault test matrix through the real client: what the console says
 * while a fault lasts, that it does not rush, and that it sees what is there afterwards. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "app/status.h"
#include "base/str.h"
#include "sim/controllers.h"
#include "sim/store.h"
#include "sim/truth.h"
#include "tests/integration/rig_support.h"
#include "tests/unit/sim/fault_rig.h"

#define PODS "/api/v1/pods"

static const struct tg_kind_view *pods_view(struct tg_rig *rig, int region)
{
    return &tg_model_target(tg_rig_app(rig)->model, region)->kinds[TG_KIND_POD];
}

static size_t pods_there(struct tg_rig *rig, int region)
{
    struct sim_store *store = sim_region_store(sim_world_region(tg_rig_world(rig), region));
    return sim_store_count(store, sim_resource_by_plural("pods"));
}

static void pass(struct tg_rig *rig, int64_t seconds)
{
    tg_rig_run(rig, seconds * TG_US_PER_S, NULL);
}

/* A Pod that comes while the fault lasts. */
static void make_pod(struct tg_rig *rig, const char *name)
{
    struct tg_err err = TG_ERR_INIT;
    struct sim_store *store = sim_region_store(sim_world_region(tg_rig_world(rig), 0));
    json_t *pod = json_pack("{s:{s:s,s:s},s:{s:[{s:s,s:s,s:[s,s]}]}}", "metadata", "name", name,
                            "namespace", "default", "spec", "containers", "name", "c", "image",
                            "busybox", "command", "sleep", "3600");
    cr_assert_not_null(sim_store_create(store, sim_resource_by_plural("pods"), pod, &err), "%s",
                       err.msg);
}

struct matrix_row {
    const char *fault;
    enum tg_kind_phase phase; /* in the middle of it */
    enum tg_code code;        /* NONE: not looked at */
    uint64_t strikes_max;     /* in its 100 seconds */
};

/* Answers to one list are harmed; the watch is ended with 410 so that there is one. */
static const struct matrix_row rows[] = {
    {"status code=401", TG_KIND_PHASE_DENIED, TG_CODE_UNAUTHORIZED, 12},
    {"token", TG_KIND_PHASE_DENIED, TG_CODE_UNAUTHORIZED, 12},
    {"deny", TG_KIND_PHASE_DENIED, TG_CODE_FORBIDDEN, 16} /* all namespaces, then one */,
    {"status code=404", TG_KIND_PHASE_ABSENT, TG_CODE_NOT_FOUND, 3},
    {"status code=410", TG_KIND_PHASE_RETRYING, TG_CODE_EXPIRED, 12},
    {"status code=429 retry-after=40", TG_KIND_PHASE_RETRYING, TG_CODE_RATE_LIMITED, 3},
    {"status code=500", TG_KIND_PHASE_RETRYING, TG_CODE_SERVER, 12},
    {"status code=502", TG_KIND_PHASE_RETRYING, TG_CODE_SERVER, 12},
    {"status code=503", TG_KIND_PHASE_RETRYING, TG_CODE_SERVER, 12},
    {"status code=504", TG_KIND_PHASE_RETRYING, TG_CODE_SERVER, 12},
    {"stall", TG_KIND_PHASE_RETRYING, TG_CODE_TIMEOUT, 12},
    {"trickle", TG_KIND_PHASE_RETRYING, TG_CODE_TIMEOUT, 12},
    {"truncate", TG_KIND_PHASE_RETRYING, TG_CODE_BROKEN, 12},
    {"reset", TG_KIND_PHASE_RETRYING, TG_CODE_BROKEN, 12},
    {"lost", TG_KIND_PHASE_RETRYING, TG_CODE_BROKEN, 12},
    {"refuse", TG_KIND_PHASE_RETRYING, TG_CODE_CONNECT, 12},
    {"dns", TG_KIND_PHASE_RETRYING, TG_CODE_DNS, 12},
    {"tls", TG_KIND_PHASE_RETRYING, TG_CODE_TLS, 12},
    {"headers", TG_KIND_PHASE_RETRYING, TG_CODE_LIMIT, 12},
    {"html", TG_KIND_PHASE_RETRYING, TG_CODE_PROTOCOL, 12},
    {"bomb", TG_KIND_PHASE_RETRYING, TG_CODE_LIMIT, 12},
    {"malformed", TG_KIND_PHASE_RETRYING, TG_CODE_PROTOCOL, 12},
};

static void check_row(const struct matrix_row *row)
{
    char words[200];
    struct tg_rig *rig = rig_new(3, NULL);
    struct sim_world *world = tg_rig_world(rig);
    rig_wait_until_serving(rig);
    size_t before = pods_view(rig, 0)->store.count;
    snprintf(words, sizeof(words), "%s id=row region=0 route=GET~*pods for=100s", row->fault);
    fault_add(world, words);
    fault_add(world, "expire id=begin region=0 route=WATCH~*pods times=1");
    pass(rig, 55);
    make_pod(rig, "meanwhile");
    const struct tg_kind_view *view = pods_view(rig, 0);
    cr_expect_eq(view->phase, row->phase, "%s: phase %d", row->fault, (int)view->phase);
    cr_expect_eq(view->err.code, row->code, "%s: %d %s", row->fault, (int)view->err.code,
                 view->err.msg);
    cr_expect_eq(pods_view(rig, 1)->phase, TG_KIND_PHASE_LIVE, "%s: the other region", row->fault);
    if (row->phase != TG_KIND_PHASE_ABSENT) {
        cr_expect_eq(view->store.count, before, "%s: what was seen stays", row->fault);
    }
    pass(rig, 46);
    const struct sim_fault *fault = sim_fault_at(world, 0);
    cr_expect_str_eq(fault->spec.id, "row");
    cr_expect_gt(fault->strikes, 0, "%s", row->fault);
    cr_expect_leq(fault->strikes, row->strikes_max, "%s: %llu requests in 100 s", row->fault,
                  (unsigned long long)fault->strikes);
    pass(rig, 120);
    cr_expect_eq(view->phase, TG_KIND_PHASE_LIVE, "%s: it comes back", row->fault);
    cr_expect_eq(view->store.count, pods_there(rig, 0), "%s: nothing is missed", row->fault);
    tg_rig_free(rig);
}

Test(faults, lists_that_fail_are_told_retried_slowly_and_recovered)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        check_row(&rows[i]);
    }
}

/* What answers and events say does not end anything, or only the document that says it. */
Test(faults, strange_documents_cost_themselves_at_most)
{
    static const char *const strange[] = {
        "huge value=5000000", "deep",   "duplicate-keys", "numbers",   "utf8",     "controls",
        "wrong-kind",         "repeat", "reorder",        "backwards", "malformed"};
    for (size_t i = 0; i < sizeof(strange) / sizeof(strange[0]); i++) {
        char words[200];
        struct tg_rig *rig = rig_new(3, NULL);
        struct sim_world *world = tg_rig_world(rig);
        rig_wait_until_serving(rig);
        snprintf(words, sizeof(words), "%s region=0 route=WATCH~*pods for=60s", strange[i]);
        fault_add(world, words);
        make_pod(rig, "one");
        make_pod(rig, "two");
        pass(rig, 61);
        fault_add(world, "expire region=0 route=WATCH~*pods times=1");
        pass(rig, 90);
        cr_expect_eq(pods_view(rig, 0)->phase, TG_KIND_PHASE_LIVE, "%s", strange[i]);
        cr_expect_eq(pods_view(rig, 0)->store.count, pods_there(rig, 0), "%s", strange[i]);
        tg_rig_free(rig);
    }
}

/* Lists in which the clusters have other names, twice in a row and more, are no word of clusters
 * whose own API answers. */
Test(faults, strange_lists_of_the_project_take_no_cluster_away_that_answers)
{
    static const char *const strange[] = {"controls", "utf8", "wrong-kind"};
    for (size_t i = 0; i < sizeof(strange) / sizeof(strange[0]); i++) {
        char words[200];
        struct tg_rig *rig = rig_new(3, NULL);
        rig_wait_until_serving(rig);
        snprintf(words, sizeof(words), "%s region=gcp for=150s", strange[i]);
        fault_add(tg_rig_world(rig), words);
        pass(rig, 240);
        for (int r = 0; r < 2; r++) {
            cr_expect_eq(tg_model_target(tg_rig_app(rig)->model, r)->removed_us, 0, "%s",
                         strange[i]);
            cr_expect_eq(pods_view(rig, r)->store.count, pods_there(rig, r), "%s", strange[i]);
        }
        cr_expect_eq(tg_rig_app(rig)->model->targets_count, 3, "%s", strange[i]);
        tg_rig_free(rig);
    }
}

/* Twice the same, and swapped events of different Pods, are nothing to recover from. */
Test(faults, repeated_and_swapped_events_need_no_list)
{
    static const char *const harmless[] = {"repeat", "reorder", "duplicate-keys"};
    for (size_t i = 0; i < sizeof(harmless) / sizeof(harmless[0]); i++) {
        char words[200];
        struct tg_rig *rig = rig_new(3, NULL);
        rig_wait_until_serving(rig);
        snprintf(words, sizeof(words), "%s region=0 route=WATCH~*pods for=60s", harmless[i]);
        fault_add(tg_rig_world(rig), words);
        make_pod(rig, "one");
        make_pod(rig, "two");
        pass(rig, 50);
        cr_expect_eq(pods_view(rig, 0)->phase, TG_KIND_PHASE_LIVE, "%s", harmless[i]);
        tg_rig_free(rig);
    }
}

Test(faults, a_watch_that_is_cut_goes_on_and_one_that_is_silent_is_left_within_90_seconds)
{
    struct tg_rig *rig = rig_new(3, NULL);
    struct sim_world *world = tg_rig_world(rig);
    rig_wait_until_serving(rig);
    fault_add(world, "cut region=0 route=WATCH~*pods times=1");
    pass(rig, 1);
    make_pod(rig, "one");
    pass(rig, 5);
    cr_expect_eq(pods_view(rig, 0)->phase, TG_KIND_PHASE_LIVE);
    cr_expect_eq(pods_view(rig, 0)->store.count, pods_there(rig, 0));
    fault_add(world, "silence region=0 route=WATCH~*pods times=1");
    pass(rig, 1);
    make_pod(rig, "two");
    pass(rig, 100);
    cr_expect_eq(pods_view(rig, 0)->phase, TG_KIND_PHASE_LIVE);
    cr_expect_eq(pods_view(rig, 0)->store.count, pods_there(rig, 0), "on a new connection");
    tg_rig_free(rig);
}

Test(faults, refused_for_an_hour_it_asks_at_most_twice_a_minute)
{
    struct tg_rig *rig = rig_new(3, NULL);
    rig_wait_until_serving(rig);
    fault_add(tg_rig_world(rig), "refuse id=hour region=0 route=GET~*pods for=1h");
    fault_add(tg_rig_world(rig), "cut region=0 route=WATCH~*pods times=1");
    pass(rig, 600);
    uint64_t early = sim_fault_at(tg_rig_world(rig), 0)->strikes;
    pass(rig, 3000);
    uint64_t late = sim_fault_at(tg_rig_world(rig), 0)->strikes - early;
    cr_expect_leq(late, 100, "%llu in 50 minutes", (unsigned long long)late);
    pass(rig, 90);
    cr_expect_eq(pods_view(rig, 0)->phase, TG_KIND_PHASE_LIVE);
    tg_rig_free(rig);
}

Test(faults, a_servers_clock_that_is_off_moves_no_deadline)
{
    struct tg_rig *rig = rig_new(3, NULL);
    rig_wait_until_serving(rig);
    fault_add(tg_rig_world(rig), "clock region=0 value=1h for=60s");
    fault_add(tg_rig_world(rig), "clock region=1 value=-1h for=60s");
    pass(rig, 90);
    cr_expect_eq(pods_view(rig, 0)->phase, TG_KIND_PHASE_LIVE);
    cr_expect_eq(pods_view(rig, 1)->phase, TG_KIND_PHASE_LIVE);
    cr_expect_eq(pods_view(rig, 0)->store.count, pods_there(rig, 0));
    tg_rig_free(rig);
}

/* ---- drills under faults ---- */

static const struct tg_drill *drill_with(struct tg_rig *rig, const char *fault)
{
    struct tg_err err = TG_ERR_INIT;
    struct tg_app *app = tg_rig_app(rig);
    rig_wait_until_serving(rig);
    cr_assert(tg_app_drill_start(app, tg_app_primary_target(app), &err), "%s", err.msg);
    fault_add(tg_rig_world(rig), fault);
    cr_assert(tg_rig_run(rig, 120 * MINUTE_US, rig_drill_is_over), "%s: it waits for %s", fault,
              app->drill->waiting_for);
    return app->drill;
}

/* Whatever happens to the restore's requests, the region comes back. */
Test(faults, a_restore_gets_through_errors_lost_answers_and_a_dead_connection)
{
    static const char *const faults[] = {
        "status code=503 region=0 route=PATCH~* skip=1 times=5",
        "status code=429 retry-after=5 region=0 route=PATCH~* skip=1 times=3",
        "lost region=0 route=PATCH~* skip=1 times=1",
        "reset region=0 route=PATCH~* skip=1 times=4",
        "stall region=0 route=PATCH~* skip=1 times=2",
        "token region=0 route=PATCH~* skip=1 times=3",
    };
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        struct tg_rig *rig = rig_new(7, rig_journal_path());
        const struct tg_drill *drill = drill_with(rig, faults[i]);
        cr_expect_gt(sim_fault_at(tg_rig_world(rig), 0)->strikes, 0, "%s", faults[i]);
        cr_expect_eq(rig_true_replicas(tg_rig_world(rig)), 1, "%s: %s", faults[i],
                     tg_verdict_name(drill->score.verdict));
        pass(rig, 60);
        cr_expect(sim_truth_is_in_rotation(tg_rig_world(rig), 0), "%s", faults[i]);
        tg_rig_free(rig);
    }
}

/* The answer to the scale to zero is lost: whether it happened is read from the world, and the
 * region does not stay down. */
Test(faults, a_lost_answer_to_the_injection_is_not_forgotten)
{
    struct tg_rig *rig = rig_new(7, rig_journal_path());
    drill_with(rig, "lost region=0 route=PATCH~* times=1");
    pass(rig, 60);
    cr_expect_eq(rig_true_replicas(tg_rig_world(rig)), 1);
    tg_rig_free(rig);
}

/* No capacity at the restore: the drill does not claim that the region is back. */
Test(faults, a_stockout_at_the_restore_is_no_pass)
{
    struct tg_rig *rig = rig_new(7, rig_journal_path());
    struct tg_err err = TG_ERR_INIT;
    struct tg_app *app = tg_rig_app(rig);
    rig_wait_until_serving(rig);
    fault_add(tg_rig_world(rig), "stockout region=0 for=4h");
    cr_assert(tg_app_drill_start(app, tg_app_primary_target(app), &err), "%s", err.msg);
    pass(rig, 90);
    fault_add(tg_rig_world(rig), "nodelost region=0");
    tg_rig_run(rig, 90 * MINUTE_US, rig_drill_is_over);
    cr_expect_neq(app->drill->score.verdict, TG_VERDICT_PASS);
    cr_expect_not(sim_truth_is_in_rotation(tg_rig_world(rig), 0));
    cr_expect_eq(rig_true_replicas(tg_rig_world(rig)), 1, "the replicas are as they were");
    tg_rig_free(rig);
}

/* The endpoint picker of the survivor is down: the failover fails, and the verdict says so. */
Test(faults, a_survivor_without_its_picker_fails_the_drill)
{
    struct tg_rig *rig = rig_new(7, rig_journal_path());
    const struct tg_drill *drill = drill_with(rig, "epp0 region=1 after=30s for=2h");
    cr_expect_neq(drill->score.verdict, TG_VERDICT_PASS, "%s",
                  tg_verdict_name(drill->score.verdict));
    cr_expect_eq(rig_true_replicas(tg_rig_world(rig)), 1);
    tg_rig_free(rig);
}
