/* integration/test_drill_rig.c - whole drills on the simulated world: the report against the truth,
 * over seeds. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <criterion/criterion.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "sim/controllers.h"
#include "sim/fault.h"
#include "sim/store.h"
#include "sim/truth.h"
#include "tests/integration/rig_support.h"

#define SEEDS_DEFAULT 20

Test(drill_rig, passes_and_leaves_the_world_as_it_was)
{
    struct tg_rig *rig = rig_new(1, rig_journal_path());
    const struct tg_drill *drill = rig_run_drill(rig);
    char why[200];
    cr_assert_eq(drill->score.verdict, TG_VERDICT_PASS, "%s: %s",
                 tg_verdict_name(drill->score.verdict),
                 tg_reason_text(&drill->score.reasons[0], why, sizeof(why)));
    cr_assert_eq(rig_true_replicas(tg_rig_world(rig)), 1);
    cr_assert(sim_truth_is_in_rotation(tg_rig_world(rig), 0));
    cr_assert(drill->score.has_failure);
    cr_assert(drill->score.is_window_closed);
    cr_assert_gt(drill->score.share_down_before, 0.9, "the near region answers before");
    cr_assert_lt(drill->score.share_down_during, 0.2, "the far region answers during");
    tg_rig_free(rig);
}

/* At x60 a scrape each 2 s is one each two minutes of the lab: the drill asks when it needs to
 * know.
 */
Test(drill_rig, knows_who_served_however_fast_the_lab_runs)
{
    struct tg_err err = TG_ERR_INIT;
    struct tg_rig_config config = {.world = {.seed = 3,
                                             .regions = 2,
                                             .is_built = true,
                                             .start_wall_us = INT64_C(1767225600) * TG_US_PER_S},
                                   .lab = rig_lab(),
                                   .journal = rig_journal_path(),
                                   .speed = 60};
    struct tg_rig *rig = tg_rig_new(&config, &err);
    cr_assert_not_null(rig, "%s", err.msg);
    const struct tg_drill *drill = rig_run_drill(rig);
    const struct tg_score *score = &drill->score;
    cr_assert_gt(score->time_to_detect_us, 0);
    cr_assert_leq(drill->trace.unhealthy_error_us, 20 * TG_US_PER_S, "the balancer is asked often");
    cr_assert_gt(score->share_down_before, 0.9, "the near region answers before");
    cr_assert(score->share_down_during >= 0 && score->share_down_during < 0.2,
              "the far region answers during");
    cr_assert_gt(score->share_down_after, 0.5, "traffic comes home after");
    tg_rig_free(rig);
}

Test(drill_rig, same_seed_gives_the_same_world_and_the_same_report)
{
    uint64_t hash[2];
    struct tg_score score[2];
    for (int run = 0; run < 2; run++) {
        /* Nor does where and in which language it runs matter. */
        setenv("TZ", run == 0 ? "UTC" : "Asia/Taipei", 1);
        tzset();
        cr_assert_not_null(setlocale(LC_ALL, run == 0 ? "C" : "C.UTF-8"));
        struct tg_rig *rig = rig_new(42, rig_journal_path());
        score[run] = rig_run_drill(rig)->score;
        hash[run] = sim_world_trace_hash(tg_rig_world(rig));
        tg_rig_free(rig);
    }
    cr_assert_eq(hash[0], hash[1]);
    cr_assert_eq(score[0].window_from_us, score[1].window_from_us);
    cr_assert_eq(score[0].window_to_us, score[1].window_to_us);
    cr_assert_eq(score[0].whole.ok, score[1].whole.ok);
    cr_assert_eq(score[0].whole.fail, score[1].whole.fail);
}

static bool is_observing(const struct tg_app *app)
{
    return app->drill->state == TG_DRILL_OBSERVE;
}

static void change_deployment(struct sim_world *world, bool is_unmarked, int replicas)
{
    struct tg_err err = TG_ERR_INIT;
    struct sim_store *store = sim_region_store(sim_world_region(world, 0));
    const struct sim_resource *kind = sim_resource_find("apps", "v1", "deployments");
    json_t *next = json_deep_copy(sim_store_get(store, kind, "default", "vllm-gemma"));
    if (is_unmarked) {
        json_object_del(json_object_get(next, "metadata"), "annotations");
    }
    json_object_set_new(json_object_get(next, "spec"), "replicas", json_integer(replicas));
    cr_assert_not_null(sim_store_update(store, kind, next, &err), "%s", err.msg);
}

/* A drill during which somebody makes the Deployment anew; is_unmarked, replicas: and then changes
 * it. How it ends. */
static enum tg_drill_state state_after_anew(bool is_changed, bool is_unmarked, int replicas)
{
    struct tg_err err = TG_ERR_INIT;
    struct tg_rig *rig = rig_new(5, rig_journal_path());
    struct tg_app *app = tg_rig_app(rig);
    rig_wait_until_serving(rig);
    cr_assert(tg_app_drill_start(app, tg_app_primary_target(app), &err), "%s", err.msg);
    cr_assert(tg_rig_run(rig, 10 * MINUTE_US, is_observing));
    struct sim_fault_spec spec = sim_fault_spec_of(SIM_FAULT_RECREATE);
    spec.region = 0;
    cr_assert_not_null(sim_fault_add(tg_rig_world(rig), &spec, &err), "%s", err.msg);
    tg_rig_run(rig, 20 * TG_US_PER_S, NULL);
    if (is_changed) {
        change_deployment(tg_rig_world(rig), is_unmarked, replicas);
    }
    tg_rig_run(rig, 60 * MINUTE_US, rig_drill_is_over);
    enum tg_drill_state state = app->drill->state;
    cr_expect_eq(rig_true_replicas(tg_rig_world(rig)), state == TG_DRILL_DONE ? 1 : replicas);
    tg_rig_free(rig);
    return state;
}

Test(drill_rig, a_deployment_made_anew_with_the_mark_is_put_right)
{
    cr_assert_eq(state_after_anew(false, false, 0), TG_DRILL_DONE);
}

Test(drill_rig, a_deployment_made_anew_as_it_was_is_verified)
{
    cr_assert_eq(state_after_anew(true, true, 1), TG_DRILL_DONE);
}

Test(drill_rig, a_deployment_made_anew_otherwise_is_somebodys_decision)
{
    cr_assert_eq(state_after_anew(true, true, 0), TG_DRILL_NEEDS_RESTORE);
}

static void check_against_truth(uint64_t seed)
{
    struct tg_rig *rig = rig_new(seed, rig_journal_path());
    sim_truth_reset(tg_rig_world(rig));
    const struct tg_score *score = &rig_run_drill(rig)->score;
    struct sim_truth_window truth = sim_truth_window(tg_rig_world(rig), 0);
    if (truth.open_us >= 0 && score->has_failure) {
        int64_t from_error = llabs(score->window_from_us - truth.open_us);
        int64_t to_error = llabs(score->window_to_us - truth.close_us);
        cr_assert_leq(from_error, score->window_error_us,
                      "seed %llu: window opens %lld us from the truth, stated +-%lld us",
                      (unsigned long long)seed, (long long)from_error,
                      (long long)score->window_error_us);
        cr_assert_leq(to_error, score->window_error_us,
                      "seed %llu: window closes %lld us from the truth, stated +-%lld us",
                      (unsigned long long)seed, (long long)to_error,
                      (long long)score->window_error_us);
    } else {
        cr_assert_eq(truth.open_us >= 0, score->has_failure,
                     "seed %llu: failures %s but the report says otherwise",
                     (unsigned long long)seed, truth.open_us >= 0 ? "happened" : "did not happen");
    }
    tg_rig_free(rig);
}

/* SEEDS=200 is the full sweep; every check runs some of it, starting at a place of its own. */
Test(drill_rig, error_window_agrees_with_the_truth_over_seeds)
{
    const char *wanted = getenv("SEEDS");
    int seeds = wanted != NULL ? atoi(wanted) : SEEDS_DEFAULT;
    for (int seed = 1; seed <= seeds; seed++) {
        check_against_truth((uint64_t)seed);
    }
}
