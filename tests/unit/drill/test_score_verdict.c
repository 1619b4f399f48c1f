/* tests/unit/drill/test_score_verdict.c - PASS, FAIL, INCONCLUSIVE, ABORTED, ERROR, and why. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "drill/score.h"

#define SECOND INT64_C(1000000)

/* 100 slots before the fault, `down` failed ones after it, success until slot 300; restored and
 * verified there. One a second, so that slots are seconds. */
static struct tg_trace drill_with(size_t down)
{
    struct tg_trace trace = {.count = 400, .cap = 400, .interval_us = SECOND};
    trace.slots = tg_calloc(trace.count, sizeof(struct tg_slot));
    for (size_t i = 0; i < trace.count; i++) {
        trace.slots[i] = (struct tg_slot){.k = (uint32_t)i,
                                          .due_us = SECOND * ((int64_t)i + 1),
                                          .total_ms = 100,
                                          .outcome = TG_OUTCOME_OK};
        if (i >= 101 && i < 101 + down) {
            trace.slots[i].outcome = TG_OUTCOME_FAIL;
        }
    }
    trace.baseline_from_us = SECOND;
    trace.fault_sent_us = 101 * SECOND;
    trace.fault_acked_us = trace.fault_sent_us + 1000;
    trace.restore_sent_us = 301 * SECOND;
    trace.restore_acked_us = trace.restore_sent_us + 1000;
    trace.restored_us = 350 * SECOND;
    return trace;
}

static struct tg_score judge(const struct tg_trace *trace, bool is_aborted)
{
    return tg_score_trace(trace, 10, 60 * SECOND, 0.8, 402 * SECOND, true, is_aborted);
}

static const char *line(const struct tg_score *score, size_t i)
{
    static char text[200];
    cr_assert_lt(i, score->reasons_count);
    return tg_reason_text(&score->reasons[i], text, sizeof(text));
}

Test(verdict, pass_when_every_rule_is_surely_met)
{
    struct tg_trace trace = drill_with(5);
    struct tg_score score = judge(&trace, false);
    cr_assert_eq(score.verdict, TG_VERDICT_PASS);
    cr_assert_eq(score.reasons_count, 2);
    cr_assert_str_eq(line(&score, 0), "met recovery: 5.00s (4.00 to 6.00), wanted 60.00s");
    cr_assert(strncmp(line(&score, 1), "met available while down: 97.50% (", 34) == 0, "%s",
              line(&score, 1));
    free(trace.slots);
}

Test(verdict, fail_when_the_favourable_bound_misses_too)
{
    struct tg_trace trace = drill_with(70);
    struct tg_score score = judge(&trace, false);
    cr_assert_eq(score.verdict, TG_VERDICT_FAIL);
    cr_assert_str_eq(line(&score, 0), "FAIL recovery: 70.00s (69.00 to 71.00), wanted 60.00s");
    free(trace.slots);
}

Test(verdict, inconclusive_between_the_bounds)
{
    struct tg_trace trace = drill_with(20);
    struct tg_score score = tg_score_trace(&trace, 10, 20 * SECOND, 0.8, 402 * SECOND, true, false);
    cr_assert_eq(score.verdict, TG_VERDICT_INCONCLUSIVE, "20 s, give or take 1 s, against 20 s");
    cr_assert(strncmp(line(&score, 0), "unclear recovery: 20.00s", 24) == 0);
    free(trace.slots);
}

Test(verdict, fail_when_it_never_recovered)
{
    struct tg_trace trace = drill_with(299);
    struct tg_score score = judge(&trace, false);
    cr_assert_eq(score.verdict, TG_VERDICT_FAIL);
    cr_assert_not_null(strstr(line(&score, 0), "never succeeded again"));
    free(trace.slots);
}

Test(verdict, fail_when_the_restore_is_not_verified)
{
    struct tg_trace trace = drill_with(5);
    trace.restored_us = 0;
    struct tg_score score = judge(&trace, false);
    cr_assert_eq(score.verdict, TG_VERDICT_FAIL);
    free(trace.slots);
}

Test(verdict, no_failure_at_all_passes)
{
    struct tg_trace trace = drill_with(0);
    struct tg_score score = judge(&trace, false);
    cr_assert_eq(score.verdict, TG_VERDICT_PASS);
    cr_assert_not(score.has_failure);
    free(trace.slots);
}

/* What makes the measurement doubtful makes no PASS of it, and a FAIL stays one. */
Test(verdict, doubts_never_help)
{
    struct tg_trace trace = drill_with(5);
    trace.slots[50].outcome = TG_OUTCOME_FAIL;
    cr_assert_eq(judge(&trace, false).verdict, TG_VERDICT_INCONCLUSIVE, "failed before the fault");
    trace.slots[50].outcome = TG_OUTCOME_OK;
    for (size_t i = 350; i < 356; i++) {
        trace.slots[i].outcome = TG_OUTCOME_SKIPPED;
    }
    cr_assert_eq(judge(&trace, false).verdict, TG_VERDICT_INCONCLUSIVE, "6 of 400 skipped");
    for (size_t i = 350; i < 356; i++) {
        trace.slots[i].outcome = i < 355 ? TG_OUTCOME_PENDING : TG_OUTCOME_OK;
    }
    cr_assert_eq(judge(&trace, false).verdict, TG_VERDICT_INCONCLUSIVE, "5 lines missing");
    free(trace.slots);
    trace = drill_with(70);
    trace.slots[50].outcome = TG_OUTCOME_FAIL;
    cr_assert_eq(judge(&trace, false).verdict, TG_VERDICT_FAIL);
    free(trace.slots);
}

/* What the fault caught under way, as far as the two clocks can tell, did not fail before it. */
Test(verdict, a_request_under_way_is_the_faults)
{
    struct tg_trace trace = drill_with(5);
    trace.slots[99].outcome = TG_OUTCOME_FAIL;
    trace.slots[99].total_ms = 1500;
    struct tg_score score = judge(&trace, false);
    cr_assert_eq(score.verdict, TG_VERDICT_PASS);
    cr_assert_eq(score.before.fail, 0);
    cr_assert_eq(score.during.fail, 6);
    trace.slots[99].total_ms = 600;
    cr_assert_eq(judge(&trace, false).verdict, TG_VERDICT_INCONCLUSIVE, "0.4 s before the fault");
    trace.clock_error_us = SECOND / 2;
    cr_assert_eq(judge(&trace, false).verdict, TG_VERDICT_PASS, "or not, by half a second");
    free(trace.slots);
}

Test(verdict, a_region_that_still_answers_was_not_down)
{
    struct tg_trace trace = drill_with(5);
    trace.served_fault[0] = 100;
    trace.served_restore[0] = 250;
    trace.served_restore[1] = 50;
    cr_assert_eq(judge(&trace, false).verdict, TG_VERDICT_INCONCLUSIVE);
    free(trace.slots);
}

Test(verdict, stopped_early_says_what_was_changed)
{
    struct tg_trace trace = drill_with(5);
    struct tg_score score = judge(&trace, true);
    cr_assert_eq(score.verdict, TG_VERDICT_ABORTED);
    cr_assert_str_eq(line(&score, 0), "stopped early; the region was restored");
    trace.fault_sent_us = 0;
    score = judge(&trace, true);
    cr_assert_str_eq(line(&score, 0), "stopped early; nothing was changed");
    cr_assert_eq(judge(&trace, false).verdict, TG_VERDICT_ERROR);
    free(trace.slots);
}

Test(verdict, open_while_it_runs)
{
    struct tg_trace trace = drill_with(5);
    struct tg_score score =
        tg_score_trace(&trace, 10, 60 * SECOND, 0.8, 402 * SECOND, false, false);
    cr_assert_eq(score.verdict, TG_VERDICT_OPEN);
    cr_assert_eq(score.reasons_count, 0);
    free(trace.slots);
}

Test(verdict, exit_statuses)
{
    cr_assert_eq(tg_verdict_exit_status(TG_VERDICT_PASS), 0);
    cr_assert_eq(tg_verdict_exit_status(TG_VERDICT_FAIL), 1);
    cr_assert_eq(tg_verdict_exit_status(TG_VERDICT_ERROR), 3);
    cr_assert_eq(tg_verdict_exit_status(TG_VERDICT_ABORTED), 4);
    cr_assert_eq(tg_verdict_exit_status(TG_VERDICT_INCONCLUSIVE), 5);
}
