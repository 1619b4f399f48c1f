/* drill/score.h - from a trace of probe slots to the figures of a verdict: pure, with stated
 * uncertainty.
 *
 * Definitions are those of the model notes B.2 to B.8; each field says which.
 *
 * Thread: any; values.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_DRILL_SCORE_H
#define TG_DRILL_SCORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum tg_outcome {
    TG_OUTCOME_PENDING,
    TG_OUTCOME_OK,
    TG_OUTCOME_FAIL,
    TG_OUTCOME_LATE,
    TG_OUTCOME_LOST,
    TG_OUTCOME_SKIPPED
};

struct tg_slot {
    uint32_t k;
    enum tg_outcome outcome;
    int code; /* HTTP, 0 none */
    int curl_error;
    int64_t due_us;      /* lab wall time, mapped from the Pod's clock */
    int32_t ttfb_ms;     /* from due; -1 none */
    int32_t total_ms;    /* from due; -1 none */
    int32_t lateness_ms; /* sent - due */
};

#define TG_SLOTS_MAX 20000

struct tg_trace {
    struct tg_slot *slots; /* dense by k */
    size_t count;
    size_t cap;
    int64_t interval_us;
    int64_t clock_error_us;     /* bound of the mapping from the Pod's clock to lab time */
    int64_t baseline_from_us;   /* lab wall times; 0: not yet */
    int64_t fault_sent_us;      /* F0 */
    int64_t fault_acked_us;     /* F1 */
    int64_t restore_sent_us;    /* R0 */
    int64_t restore_acked_us;   /* R1 */
    int64_t restored_us;        /* primary healthy and serving again, verified */
    int64_t unhealthy_seen_us;  /* the balancer's view of the primary turned (TTD), 0: not seen */
    int64_t unhealthy_error_us; /* it turned within so long before: the distance of the two polls */
    /* Answers counted by the replicas, by [the drilled region, all others], at five moments: the
     * probe's first slot, the fault, the restore, its proof, and the end; -1: unknown. A restarted
     * process counts on from what it had. */
    double served_start[2], served_fault[2], served_restore[2], served_restored[2], served_end[2];
};

struct tg_latency {
    size_t count;   /* of slots due in the window, failures ranking as infinity */
    int32_t p50_ms; /* -1: too few, or infinite */
    int32_t p95_ms;
    int32_t p99_ms;
};

struct tg_availability {
    size_t ok, fail, late, lost, skipped;
    double value;     /* ok / (ok+fail+late+lost); -1 when none */
    double low, high; /* Wilson 95 % */
};

enum tg_verdict {
    TG_VERDICT_OPEN,
    TG_VERDICT_PASS,
    TG_VERDICT_FAIL,
    TG_VERDICT_INCONCLUSIVE,
    TG_VERDICT_ABORTED,
    TG_VERDICT_ERROR
};

enum tg_reason_level { TG_REASON_MET, TG_REASON_UNCLEAR, TG_REASON_MISSED, TG_REASON_NOTE };

/* Why a verdict is what it is. */
struct tg_reason {
    enum tg_reason_level level;
    const char *what; /* rule or remark; English, marked N_ */
    const char *unit; /* "s", "%"; NULL: a remark without figures */
    double value, low, high, wanted;
    bool is_ceiling; /* wanted at most; else at least */
};

#define TG_REASONS_MAX 8
struct tg_score {
    enum tg_verdict verdict;
    struct tg_reason reasons[TG_REASONS_MAX];
    size_t reasons_count;
    bool has_failure; /* any slot not ok after F0 */
    bool is_window_closed;
    int64_t first_failure_us; /* due of the first non-ok slot after F0 (FFR), lab wall time */
    int64_t last_failure_us;  /* due of the last non-ok slot before the first run of m ok slots */
    int64_t window_from_us;   /* error window [from, to]: first non-ok due, last non-ok due + D */
    int64_t window_to_us;
    int64_t window_us;
    int64_t window_error_us;          /* +- : D + 2 * clock error */
    int64_t recovery_us;              /* RTO_obs: first slot of the first run of m ok slots - FFR */
    int64_t time_to_first_failure_us; /* FFR - F1 */
    int64_t time_to_detect_us;        /* unhealthy_seen - F1; -1 not observed */
    int64_t time_to_restore_us;       /* restored - R1; -1 not yet */
    int flaps;                        /* further runs of failures after recovery, before restore */
    size_t in_flight_killed;          /* sent before F1, failed after */
    struct tg_availability before, during, after, whole;
    struct tg_latency latency_before, latency_during, latency_after;
    double share_down_before, share_down_during,
        share_down_after; /* of answers served by the drilled region: baseline, fault held, after
                             the restore was proved; -1 unknown */
    size_t holes;         /* slots with no log line */
};

/* Scores the trace so far; interval, m and targets as in struct tg_drill_config. now_us: lab wall
 * time. */
struct tg_score tg_score_trace(const struct tg_trace *trace, int slots_in_a_row,
                               int64_t recovery_target_us, double availability_target,
                               int64_t now_us, bool is_over, bool is_aborted);

/* A reason as one English line, as JSON and the journal have it: "met recovery: 2.00s (1.95 to
 * 2.05), wanted 60.00s". Returns out. */
const char *tg_reason_text(const struct tg_reason *reason, char *out, size_t size);

const char *tg_verdict_name(enum tg_verdict verdict); /* "PASS" */

/* Exit status of `tidegate drill`: 0 PASS, 1 FAIL, 3 ERROR, 4 ABORTED, 5 INCONCLUSIVE. */
int tg_verdict_exit_status(enum tg_verdict verdict);

#endif
