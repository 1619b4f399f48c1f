/* drill/score.c - the figures of a verdict (model notes B). */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "drill/score.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/i18n.h"
#include "base/mem.h"

#define Z_95                        1.959964
#define SAMPLES_BEYOND_QUANTILE_MIN 10
#define SHARE_ALLOWED               0.01 /* of slots that may be skipped, or lost from the log */
#define GRACE_US                    10000000 /* after which a slot without a line is a hole */

static bool is_bad(const struct tg_slot *slot)
{
    return slot->outcome == TG_OUTCOME_FAIL || slot->outcome == TG_OUTCOME_LATE ||
           slot->outcome == TG_OUTCOME_LOST;
}

static struct tg_availability availability(const struct tg_trace *trace, int64_t from_us,
                                           int64_t to_us)
{
    struct tg_availability result = {.value = -1, .low = 0, .high = 1};
    for (size_t i = 0; i < trace->count; i++) {
        const struct tg_slot *slot = &trace->slots[i];
        if (slot->due_us < from_us || slot->due_us >= to_us) {
            continue;
        }
        result.ok += slot->outcome == TG_OUTCOME_OK ? 1 : 0;
        result.fail += slot->outcome == TG_OUTCOME_FAIL ? 1 : 0;
        result.late += slot->outcome == TG_OUTCOME_LATE ? 1 : 0;
        result.lost += slot->outcome == TG_OUTCOME_LOST ? 1 : 0;
        result.skipped += slot->outcome == TG_OUTCOME_SKIPPED ? 1 : 0;
    }
    double n = (double)(result.ok + result.fail + result.late + result.lost);
    if (n > 0) {
        double p = (double)result.ok / n;
        double z2 = Z_95 * Z_95;
        double middle = (p + z2 / (2 * n)) / (1 + z2 / n);
        double half = Z_95 * sqrt(p * (1 - p) / n + z2 / (4 * n * n)) / (1 + z2 / n);
        result.value = p;
        result.low = middle - half < 0 ? 0 : middle - half;
        result.high = middle + half > 1 ? 1 : middle + half;
    }
    return result;
}

static int compare_ms(const void *a, const void *b)
{
    int32_t left = *(const int32_t *)a;
    int32_t right = *(const int32_t *)b;
    return left < right ? -1 : left > right;
}

/* Order statistic; refused when too few samples lie beyond it, or when it falls among the failures.
 */
static int32_t quantile(const int32_t *sorted, size_t n, double q)
{
    if (n == 0 || (q > 0.5 && (double)n * (1 - q) < SAMPLES_BEYOND_QUANTILE_MIN)) {
        return -1;
    }
    size_t rank = (size_t)ceil((double)n * q);
    int32_t value = sorted[rank > 0 ? rank - 1 : 0];
    return value == INT32_MAX ? -1 : value;
}

static struct tg_latency latency(const struct tg_trace *trace, int64_t from_us, int64_t to_us)
{
    struct tg_latency result = {0, -1, -1, -1};
    int32_t *values = tg_calloc(trace->count + 1, sizeof(*values));
    for (size_t i = 0; i < trace->count; i++) {
        const struct tg_slot *slot = &trace->slots[i];
        if (slot->due_us < from_us || slot->due_us >= to_us) {
            continue;
        }
        if (slot->outcome == TG_OUTCOME_OK) {
            values[result.count++] = slot->total_ms;
        } else if (is_bad(slot)) {
            values[result.count++] = INT32_MAX;
        }
    }
    qsort(values, result.count, sizeof(*values), compare_ms);
    result.p50_ms = quantile(values, result.count, 0.50);
    result.p95_ms = quantile(values, result.count, 0.95);
    result.p99_ms = quantile(values, result.count, 0.99);
    free(values);
    return result;
}

/* First slot of the first run of m ok slots that starts after the first failure; count when there
 * is none. Skipped slots neither break nor make a run. */
static size_t find_recovery(const struct tg_trace *trace, size_t first_bad, int slots_in_a_row)
{
    int run = 0;
    size_t start = trace->count;
    for (size_t i = first_bad; i < trace->count; i++) {
        switch (trace->slots[i].outcome) {
        case TG_OUTCOME_OK:
            start = run == 0 ? i : start;
            if (++run >= slots_in_a_row) {
                return start;
            }
            break;
        case TG_OUTCOME_SKIPPED:
            break;
        default:
            run = 0;
            break;
        }
    }
    return trace->count;
}

static int count_flaps(const struct tg_trace *trace, size_t from)
{
    int flaps = 0;
    bool was_bad = false;
    for (size_t i = from; i < trace->count; i++) {
        if (trace->restore_sent_us > 0 && trace->slots[i].due_us >= trace->restore_sent_us) {
            break;
        }
        bool bad = is_bad(&trace->slots[i]);
        flaps += bad && !was_bad ? 1 : 0;
        was_bad = bad;
    }
    return flaps;
}

static void find_window(const struct tg_trace *trace, int slots_in_a_row, struct tg_score *score)
{
    size_t first_bad = trace->count;
    for (size_t i = 0; i < trace->count && trace->fault_sent_us > 0; i++) {
        const struct tg_slot *slot = &trace->slots[i];
        int64_t ended_us = slot->due_us + (int64_t)(slot->total_ms > 0 ? slot->total_ms : 0) * 1000;
        if (is_bad(slot) && ended_us >= trace->fault_sent_us - trace->clock_error_us) {
            first_bad = i;
            break;
        }
    }
    score->window_error_us = trace->interval_us + 2 * trace->clock_error_us;
    score->time_to_first_failure_us = -1;
    score->recovery_us = -1;
    if (first_bad == trace->count) {
        return;
    }
    size_t recovery = find_recovery(trace, first_bad, slots_in_a_row);
    score->has_failure = true;
    score->is_window_closed = recovery < trace->count;
    score->first_failure_us = trace->slots[first_bad].due_us;
    score->last_failure_us = score->first_failure_us;
    for (size_t i = first_bad; i < recovery; i++) {
        if (is_bad(&trace->slots[i])) {
            score->last_failure_us = trace->slots[i].due_us;
        }
    }
    score->window_from_us = score->first_failure_us;
    score->window_to_us = score->last_failure_us + trace->interval_us;
    score->window_us = score->window_to_us - score->window_from_us;
    score->time_to_first_failure_us = score->first_failure_us - trace->fault_acked_us;
    if (score->is_window_closed) {
        score->recovery_us = trace->slots[recovery].due_us - score->first_failure_us;
        score->flaps = count_flaps(trace, recovery);
    }
    for (size_t i = 0; i < trace->count; i++) {
        const struct tg_slot *slot = &trace->slots[i];
        int64_t ended_us = slot->due_us + (int64_t)(slot->total_ms > 0 ? slot->total_ms : 0) * 1000;
        score->in_flight_killed +=
            is_bad(slot) && slot->due_us < trace->fault_acked_us && ended_us > trace->fault_acked_us
                ? 1
                : 0;
    }
}

static double share(const double start[2], const double end[2])
{
    double down = end[0] - start[0];
    double others = end[1] - start[1];
    if (start[0] < 0 || start[1] < 0 || end[0] < 0 || end[1] < 0 || down < 0 || others < 0 ||
        down + others <= 0) {
        return -1;
    }
    return down / (down + others);
}

static void add_reason(struct tg_score *score, struct tg_reason reason)
{
    if (score->reasons_count < TG_REASONS_MAX) {
        score->reasons[score->reasons_count++] = reason;
    }
}

static void remark(struct tg_score *score, enum tg_reason_level level, const char *what)
{
    add_reason(score, (struct tg_reason){.level = level, .what = what});
}

/* Judges one rule: it is missed only when the favourable bound misses it too; between the bounds
 * nothing is known. */
static void judge(struct tg_score *score, struct tg_reason rule)
{
    double worst = rule.is_ceiling ? rule.high : rule.low;
    double best = rule.is_ceiling ? rule.low : rule.high;
    bool is_met_surely = rule.is_ceiling ? worst <= rule.wanted : worst >= rule.wanted;
    bool is_missed_surely = rule.is_ceiling ? best > rule.wanted : best < rule.wanted;
    if (is_missed_surely) {
        rule.level = TG_REASON_MISSED;
        score->verdict = TG_VERDICT_FAIL;
    } else if (!is_met_surely) {
        rule.level = TG_REASON_UNCLEAR;
        score->verdict =
            score->verdict == TG_VERDICT_FAIL ? TG_VERDICT_FAIL : TG_VERDICT_INCONCLUSIVE;
    } else {
        rule.level = TG_REASON_MET;
    }
    add_reason(score, rule);
}

static void doubt(struct tg_score *score, const char *why)
{
    if (score->verdict == TG_VERDICT_PASS) {
        score->verdict = TG_VERDICT_INCONCLUSIVE;
    }
    remark(score, TG_REASON_UNCLEAR, why);
}

static void reach_verdict(const struct tg_trace *trace, struct tg_score *score,
                          int64_t recovery_target_us, double availability_target)
{
    double target_s = (double)recovery_target_us / 1e6;
    double error_s = (double)score->window_error_us / 1e6;
    size_t slots = trace->count > 0 ? trace->count : 1;
    score->verdict = TG_VERDICT_PASS;
    if (score->has_failure && !score->is_window_closed) {
        score->verdict = TG_VERDICT_FAIL;
        remark(score, TG_REASON_MISSED,
               N_("no recovery: requests never succeeded again while the fault was held"));
    } else {
        double recovery_s = score->has_failure ? (double)score->recovery_us / 1e6 : 0;
        double low_s = recovery_s - error_s;
        judge(score, (struct tg_reason){.what = N_("recovery"),
                                        .unit = "s",
                                        .value = recovery_s,
                                        .low = low_s < 0 ? 0 : low_s,
                                        .high = recovery_s + error_s,
                                        .wanted = target_s,
                                        .is_ceiling = true});
    }
    const struct tg_availability *during = &score->during;
    judge(score, (struct tg_reason){.what = N_("available while down"),
                                    .unit = "%",
                                    .value = during->value * 100,
                                    .low = during->low * 100,
                                    .high = during->high * 100,
                                    .wanted = availability_target * 100});
    if (score->before.ok == 0 || score->before.fail + score->before.late > 0) {
        doubt(score, N_("requests failed before the fault, or none was made"));
    }
    if (trace->restored_us == 0) {
        score->verdict = TG_VERDICT_FAIL;
        remark(score, TG_REASON_MISSED, N_("the restore was not verified by traffic"));
    }
    if (score->share_down_during > 0.5) {
        doubt(score, N_("the region taken down still answered most requests"));
    }
    if ((double)score->whole.skipped > SHARE_ALLOWED * (double)slots) {
        doubt(score, N_("the probe skipped more than 1 in 100 requests"));
    }
    if ((double)score->holes > SHARE_ALLOWED * (double)slots) {
        doubt(score, N_("more than 1 in 100 lines of the log are missing"));
    }
}

struct tg_score tg_score_trace(const struct tg_trace *trace, int slots_in_a_row,
                               int64_t recovery_target_us, double availability_target,
                               int64_t now_us, bool is_over, bool is_aborted)
{
    struct tg_score score = {.verdict = TG_VERDICT_OPEN, .time_to_restore_us = -1};
    int64_t fault_us = trace->fault_sent_us > 0 ? trace->fault_sent_us : INT64_MAX;
    int64_t restore_us = trace->restore_sent_us > 0 ? trace->restore_sent_us : INT64_MAX;
    int64_t restored_us = trace->restored_us > 0 ? trace->restored_us : INT64_MAX;
    int64_t baseline_us = trace->baseline_from_us;
    find_window(trace, slots_in_a_row, &score);
    /* A request that was under way when the fault came, or that the two clocks cannot tell from
     * one, opens the error window: it did not fail before the fault too. */
    if (score.has_failure && score.first_failure_us < fault_us) {
        fault_us = score.first_failure_us;
    }
    score.before = availability(trace, baseline_us, fault_us);
    score.during = availability(trace, fault_us, restore_us);
    score.after = availability(trace, restored_us, INT64_MAX);
    score.whole = availability(trace, baseline_us, INT64_MAX);
    score.latency_before = latency(trace, baseline_us, fault_us);
    score.latency_during = latency(trace, fault_us, restore_us);
    score.latency_after = latency(trace, restored_us, INT64_MAX);
    score.share_down_before = share(trace->served_start, trace->served_fault);
    score.share_down_during = share(trace->served_fault, trace->served_restore);
    score.share_down_after = share(trace->served_restored, trace->served_end);
    score.time_to_detect_us =
        trace->unhealthy_seen_us > 0 ? trace->unhealthy_seen_us - trace->fault_acked_us : -1;
    if (trace->restored_us > 0 && trace->restore_acked_us > 0) {
        score.time_to_restore_us = trace->restored_us - trace->restore_acked_us;
    }
    for (size_t i = 0; i < trace->count; i++) {
        score.holes += trace->slots[i].outcome == TG_OUTCOME_PENDING &&
                               trace->slots[i].due_us + GRACE_US < now_us
                           ? 1
                           : 0;
    }
    if (is_over && is_aborted) {
        score.verdict = TG_VERDICT_ABORTED;
        remark(&score, TG_REASON_NOTE,
               trace->fault_sent_us > 0 ? N_("stopped early; the region was restored")
                                        : N_("stopped early; nothing was changed"));
    } else if (is_over && trace->fault_sent_us == 0) {
        score.verdict = TG_VERDICT_ERROR;
        remark(&score, TG_REASON_NOTE, N_("nothing was changed"));
    } else if (is_over) {
        reach_verdict(trace, &score, recovery_target_us, availability_target);
    }
    return score;
}

const char *tg_reason_text(const struct tg_reason *reason, char *out, size_t size)
{
    static const char *const levels[] = {"met ", "unclear ", "FAIL ", ""};
    if (reason->unit == NULL) {
        snprintf(out, size, "%s%s", levels[reason->level], reason->what);
    } else {
        snprintf(out, size, "%s%s: %.2f%s (%.2f to %.2f), wanted %.2f%s", levels[reason->level],
                 reason->what, reason->value, reason->unit, reason->low, reason->high,
                 reason->wanted, reason->unit);
    }
    return out;
}

const char *tg_verdict_name(enum tg_verdict verdict)
{
    static const char *const names[] = {"OPEN", "PASS", "FAIL", "INCONCLUSIVE", "ABORTED", "ERROR"};
    return names[verdict];
}

int tg_verdict_exit_status(enum tg_verdict verdict)
{
    static const int statuses[] = {3, 0, 1, 5, 4, 3};
    return statuses[verdict];
}
