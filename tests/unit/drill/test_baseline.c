/* tests/unit/drill/test_baseline.c - when the baseline is enough to break something after it. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "drill/steps.h"

#define START_US (INT64_C(1767225600) * TG_US_PER_S)

struct baseline {
    struct tg_model *model;
    struct tg_drill *drill;
    uint64_t next_call_id;
};

static void begin(struct baseline *at)
{
    struct tg_drill_config config = tg_drill_config_default();
    at->model = tg_model_new();
    at->next_call_id = 1;
    config.id = "scale0-test";
    config.target = tg_model_add_cluster(at->model, "gke_p_us-east5-b_gke-us-east5");
    config.client_target = config.target;
    at->drill = tg_drill_new(&config, &at->next_call_id);
    tg_steps_enter(at->drill, TG_DRILL_BASELINE, STEP_MEASURE_BASELINE, START_US);
}

static void end(struct baseline *at)
{
    tg_drill_free(at->drill);
    tg_model_free(at->model);
}

/* The log with so many lines, the last of them failed or not, arrives and then time passes. */
static enum tg_drill_state after(struct baseline *at, int lines, bool has_failed, int64_t seconds)
{
    char text[8192];
    int used =
        snprintf(text, sizeof(text), "tidegate-probe v1 boot=b start_ms=0 interval_ms=470\n");
    for (int k = 0; k < lines; k++) {
        bool is_bad = has_failed && k == lines - 1;
        used += snprintf(text + used, sizeof(text) - (size_t)used,
                         "k=%d due_ms=%d sent_ms=%d code=%d err=0 ttfb_ms=50 total_ms=100\n", k,
                         k * 470, k * 470, is_bad ? 503 : 200);
    }
    tg_probe_take_lines(at->drill, text, (size_t)used, START_US);
    struct tg_drill_update update = {0};
    struct tg_drill_event event = {.kind = TG_DRILL_EVENT_TICK,
                                   .at_us = TG_US_PER_S,
                                   .lab_us = START_US + seconds * TG_US_PER_S,
                                   .model = at->model};
    tg_drill_step(at->drill, &event, &update);
    enum tg_drill_state state = at->drill->state;
    tg_drill_update_fini(&update);
    return state;
}

Test(baseline, enough_good_answers_end_it)
{
    struct baseline at;
    begin(&at);
    cr_assert_eq(after(&at, 60, false, 1), TG_DRILL_BASELINE);
    cr_assert_eq(after(&at, 60, false, 31), TG_DRILL_INJECT);
    end(&at);
}

Test(baseline, a_failure_stops_the_drill)
{
    struct baseline at;
    begin(&at);
    cr_assert_eq(after(&at, 5, true, 31), TG_DRILL_RESTORE);
    cr_assert(at.drill->is_aborted);
    cr_assert_not_null(strstr(at.drill->abort_reason, "fail already before the fault"));
    end(&at);
}

/* In a fast world, or behind a slow API server, the time is up before the lines are here. */
Test(baseline, lines_on_their_way_are_waited_for)
{
    struct baseline at;
    begin(&at);
    cr_assert_eq(after(&at, 5, false, 31), TG_DRILL_BASELINE);
    cr_assert_not(at.drill->is_aborted);
    cr_assert_eq(after(&at, 60, false, 32), TG_DRILL_INJECT);
    end(&at);
}
