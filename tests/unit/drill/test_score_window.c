/* tests/unit/drill/test_score_window.c - the figures of a verdict, from traces written by hand. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "drill/score.h"

#define SECOND   INT64_C(1000000)
#define INTERVAL (SECOND / 2)
#define START    (1000 * SECOND)
#define EVER     (START + 100000 * SECOND)

/* One slot for each letter, half a second apart: o ok, x failed, L late, - skipped, ? lost from the
 * log. The fault is sent when slot `fault` is due and acknowledged 100 ms later; the same with the
 * restore (0: not yet). */
static struct tg_trace make_trace(const char *slots, size_t fault, size_t restore)
{
    struct tg_trace trace = {.count = strlen(slots), .cap = strlen(slots)};
    trace.slots = tg_calloc(trace.count + 1, sizeof(struct tg_slot));
    trace.interval_us = INTERVAL;
    trace.clock_error_us = 20000;
    trace.baseline_from_us = START;
    for (size_t i = 0; i < trace.count; i++) {
        struct tg_slot *slot = &trace.slots[i];
        *slot = (struct tg_slot){.k = (uint32_t)i,
                                 .due_us = START + (int64_t)i * INTERVAL,
                                 .ttfb_ms = 90,
                                 .total_ms = 100};
        slot->outcome = slots[i] == 'o'   ? TG_OUTCOME_OK
                        : slots[i] == 'x' ? TG_OUTCOME_FAIL
                        : slots[i] == 'L' ? TG_OUTCOME_LATE
                        : slots[i] == '-' ? TG_OUTCOME_SKIPPED
                                          : TG_OUTCOME_PENDING;
    }
    for (int i = 0; i < 2; i++) {
        trace.served_start[i] = trace.served_fault[i] = -1;
        trace.served_restore[i] = trace.served_restored[i] = trace.served_end[i] = -1;
    }
    trace.fault_sent_us = fault > 0 ? START + (int64_t)fault * INTERVAL : 0;
    trace.fault_acked_us = fault > 0 ? trace.fault_sent_us + 100000 : 0;
    trace.restore_sent_us = restore > 0 ? START + (int64_t)restore * INTERVAL : 0;
    trace.restore_acked_us = restore > 0 ? trace.restore_sent_us + 100000 : 0;
    return trace;
}

static struct tg_score score(struct tg_trace *trace)
{
    return tg_score_trace(trace, 3, 60 * SECOND, 0.8, START + (int64_t)trace->count * INTERVAL,
                          false, false);
}

Test(score, the_window_goes_from_the_first_failure_to_the_end_of_the_last)
{
    struct tg_trace trace = make_trace("ooooooxxoxxooooooo", 5, 0);
    struct tg_score result = score(&trace);
    cr_assert(result.has_failure);
    cr_assert(result.is_window_closed);
    cr_assert_eq(result.window_from_us, START + 6 * INTERVAL);
    cr_assert_eq(result.last_failure_us, START + 10 * INTERVAL);
    cr_assert_eq(result.window_to_us, START + 11 * INTERVAL);
    cr_assert_eq(result.window_us, 5 * INTERVAL);
    cr_assert_eq(result.recovery_us, 5 * INTERVAL,
                 "from the first failure to the first of the run");
    cr_assert_eq(result.window_error_us, INTERVAL + 2 * 20000);
    cr_assert_eq(result.time_to_first_failure_us, INTERVAL - 100000);
    free(trace.slots);
}

/* Two successes are not recovery when three in a row are asked for. */
Test(score, recovery_needs_a_run)
{
    struct tg_trace trace = make_trace("oooooxooxooxxooo", 4, 0);
    struct tg_score result = score(&trace);
    cr_assert_eq(result.last_failure_us, START + 12 * INTERVAL);
    cr_assert_eq(result.recovery_us, 8 * INTERVAL);
    free(trace.slots);
    trace = make_trace("oooooxooxoo", 4, 0);
    result = score(&trace);
    cr_assert_not(result.is_window_closed);
    cr_assert_eq(result.recovery_us, -1);
    free(trace.slots);
}

Test(score, skipped_slots_neither_make_nor_break_a_run)
{
    struct tg_trace trace = make_trace("ooooxo-o-ooo", 3, 0);
    struct tg_score result = score(&trace);
    cr_assert(result.is_window_closed);
    cr_assert_eq(result.recovery_us, INTERVAL);
    free(trace.slots);
}

Test(score, late_counts_as_failed)
{
    struct tg_trace trace = make_trace("ooooLLooo", 3, 0);
    struct tg_score result = score(&trace);
    cr_assert_eq(result.window_us, 2 * INTERVAL);
    cr_assert_eq(result.during.late, 2);
    free(trace.slots);
}

/* What failed before the fault is not the fault's doing. */
Test(score, failures_before_the_fault_do_not_open_the_window)
{
    struct tg_trace trace = make_trace("oxxooooooooo", 6, 0);
    struct tg_score result = score(&trace);
    cr_assert_not(result.has_failure);
    cr_assert_eq(result.before.fail, 2);
    cr_assert_eq(result.during.fail, 0);
    free(trace.slots);
}

/* A request under way when the fault came is killed by it: due before, ended after. */
Test(score, requests_in_flight_are_counted)
{
    struct tg_trace trace = make_trace("ooooxxooooo", 5, 0);
    trace.slots[4].total_ms = 900;
    struct tg_score result = score(&trace);
    cr_assert_eq(result.window_from_us, START + 4 * INTERVAL);
    cr_assert_eq(result.in_flight_killed, 1, "slot 5 had failed before the fault was acknowledged");
    free(trace.slots);
}

Test(score, flaps_are_failures_again_before_the_restore)
{
    struct tg_trace trace = make_trace("ooooxxoooxooooxxooooxooo", 3, 20);
    struct tg_score result = score(&trace);
    cr_assert_eq(result.recovery_us, 2 * INTERVAL);
    cr_assert_eq(result.flaps, 2, "the one at the restore is not one");
    free(trace.slots);
}

/* Wilson's interval for 16 of 20 at 95 %: 0.584 to 0.919 (worked out from the formula by hand). */
Test(score, availability_has_wilson_bounds)
{
    struct tg_trace trace = make_trace("ooooooooooooooooxxxx", 0, 0);
    struct tg_score result = score(&trace);
    cr_assert_eq(result.whole.ok, 16);
    cr_assert_eq(result.whole.fail, 4);
    cr_assert_float_eq(result.whole.value, 0.8, 1e-9);
    cr_assert_float_eq(result.whole.low, 0.58398, 1e-4);
    cr_assert_float_eq(result.whole.high, 0.91933, 1e-4);
    free(trace.slots);
    trace = make_trace("----", 0, 0);
    result = score(&trace);
    cr_assert_eq(result.whole.value, -1, "nothing was asked");
    free(trace.slots);
}

Test(score, quantiles_are_refused_without_enough_beyond_them)
{
    char slots[401];
    memset(slots, 'o', 400);
    slots[400] = '\0';
    struct tg_trace trace = make_trace(slots, 0, 0);
    for (size_t i = 0; i < 400; i++) {
        trace.slots[i].total_ms = (int32_t)i + 1;
    }
    trace.fault_sent_us = EVER;
    struct tg_score result = score(&trace);
    cr_assert_eq(result.latency_before.p50_ms, 200);
    cr_assert_eq(result.latency_before.p95_ms, 380, "20 samples lie beyond");
    cr_assert_eq(result.latency_before.p99_ms, -1, "4 are not enough");
    free(trace.slots);
}

/* Failures rank as infinitely slow: half of them leave no median. */
Test(score, failures_count_as_slow)
{
    struct tg_trace trace = make_trace("ooxxx", 0, 0);
    trace.fault_sent_us = EVER;
    cr_assert_eq(score(&trace).latency_before.p50_ms, -1);
    free(trace.slots);
}

Test(score, who_served_is_unknown_when_a_counter_is)
{
    struct tg_trace trace = make_trace("oooooooo", 2, 6);
    trace.served_start[0] = 100;
    trace.served_start[1] = 50;
    trace.served_fault[0] = 190;
    trace.served_fault[1] = 60;
    trace.served_restore[0] = 190;
    trace.served_restore[1] = 100;
    struct tg_score result = score(&trace);
    cr_assert_float_eq(result.share_down_before, 0.9, 1e-9);
    cr_assert_float_eq(result.share_down_during, 0.0, 1e-9);
    cr_assert_eq(result.share_down_after, -1);
    free(trace.slots);
}

Test(score, lines_missing_for_long_are_holes)
{
    struct tg_trace trace = make_trace("oo??oo", 0, 0);
    struct tg_score soon =
        tg_score_trace(&trace, 3, 60 * SECOND, 0.8, START + 3 * SECOND, false, false);
    struct tg_score later =
        tg_score_trace(&trace, 3, 60 * SECOND, 0.8, START + 30 * SECOND, false, false);
    cr_assert_eq(soon.holes, 0);
    cr_assert_eq(later.holes, 2);
    free(trace.slots);
}
