/* drill/drill.h - the failover drill as a pure machine: what is done, in which order, and what was
 * measured.
 *
 * tg_drill_step(drill, event, update): time, journal acknowledgements, calls' answers and log lines
 * come in; calls to send, records to make durable and things to tell go out. A record of the update
 * must be durable before the calls of the same update are sent: the machine itself waits for
 * JOURNALLED before it emits a call that changes anything.
 *
 * Life cycle (model notes A.2): PREFLIGHT, BASELINE, INJECT, OBSERVE, RESTORE, SETTLE, then DONE
 * (verified) or NEEDS_RESTORE (sticky until verified or waived). Restoring runs also after an
 * abort, a failure and a restart.
 *
 * Times: at_us of events is the monotonic clock (deadlines of ours); lab_us is lab wall time (what
 * is measured and all drill timers, so that a simulated world at x100 drills at x100).
 *
 * Thread: UI thread. Ownership: the drill owns its slots and texts; an update's calls and records
 * belong to the caller, who frees them with tg_drill_update_fini().
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_DRILL_DRILL_H
#define TG_DRILL_DRILL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "drill/score.h"
#include "model/fleet.h"
#include "model/msg.h"
#include "plan/record.h"

enum tg_drill_state {
    TG_DRILL_PREFLIGHT,
    TG_DRILL_BASELINE,
    TG_DRILL_INJECT,
    TG_DRILL_OBSERVE,
    TG_DRILL_RESTORE,
    TG_DRILL_SETTLE, /* restored; waiting until the load balancer and traffic prove it */
    TG_DRILL_DONE,
    TG_DRILL_NEEDS_RESTORE, /* could not restore or verify; stays until done or waived */
    TG_DRILL_STATE_COUNT
};

struct tg_drill_config {
    const char *id;    /* "scale0-20260101T120431Z" */
    const char *kind;  /* "scale0" */
    int target;        /* region that goes down */
    int client_target; /* where the probe Pod runs (the config cluster) */
    const char *ns;
    const char *deployment;
    const char *app_label;
    const char *gateway_address; /* VIP that the client uses */
    const char *model;
    int64_t baseline_us;        /* default 30 s, lab time */
    int64_t observe_us;         /* fault held; default 90 s */
    int64_t held_max_us;        /* T_max: restore now, whatever; default 180 s */
    int64_t restore_max_us;     /* until verified; default 30 min */
    int probe_interval_ms;      /* 470 */
    int probe_timeout_ms;       /* 5000 */
    int slots_in_a_row;         /* m: consecutive ok slots that count as recovered; 10 */
    int64_t recovery_target_us; /* RTO_obs allowed; default 60 s */
    double
        availability_target; /* over the drill's fault window to recovery + observe; default 0.80 */
};

/* Fills everything but the texts and targets with the defaults above. */
struct tg_drill_config tg_drill_config_default(void);

enum tg_drill_event_kind {
    TG_DRILL_EVENT_TICK,       /* time passed, or the model changed */
    TG_DRILL_EVENT_CALL_DONE,  /* msg borrowed */
    TG_DRILL_EVENT_LOG_LINES,  /* msg borrowed */
    TG_DRILL_EVENT_JOURNALLED, /* sequence durable, or err */
    TG_DRILL_EVENT_ABORT,      /* operator, or the program is told to end */
};

struct tg_drill_event {
    enum tg_drill_event_kind kind;
    int64_t at_us;
    int64_t lab_us;
    const struct tg_model *model;
    const struct tg_msg *msg;
    int64_t sequence;
    struct tg_err err;
    const char *reason; /* ABORT */
};

#define TG_DRILL_CALLS_MAX   8
#define TG_DRILL_RECORDS_MAX 4
struct tg_drill_update {
    struct tg_call *calls[TG_DRILL_CALLS_MAX];
    size_t calls_count;
    struct tg_record records[TG_DRILL_RECORDS_MAX];
    size_t records_count;
    bool is_state_changed;
    bool is_scrape_wanted;   /* a phase ends: how much each replica answered is asked for now */
    bool is_balancer_wanted; /* when the balancer turns matters: its health is asked for now */
    char notice[200];        /* English, for the timeline; "" when none */
    enum tg_severity notice_severity;
    int64_t wake_lab_us; /* when the next TICK is needed at the latest; TG_TIME_NEVER */
};
void tg_drill_update_fini(struct tg_drill_update *update);

enum tg_finding_level { TG_FINDING_PASS, TG_FINDING_WARN, TG_FINDING_FAIL, TG_FINDING_WAITING };
struct tg_finding {
    enum tg_finding_level level;
    const char *what; /* N_ text, static */
    char detail[120];
};
#define TG_DRILL_FINDINGS_MAX 24

/* Readable by views; written by tg_drill_step() alone. */
struct tg_drill {
    struct tg_drill_config config; /* texts are the drill's copies */
    enum tg_drill_state state;
    int64_t entered_lab_us[TG_DRILL_STATE_COUNT];      /* 0: not entered */
    struct tg_finding findings[TG_DRILL_FINDINGS_MAX]; /* preflight */
    size_t findings_count;
    bool is_fault_held; /* from the INTENT of the injection until the restore is verified */
    bool is_aborted;
    char abort_reason[120];
    int original_replicas;
    char deployment_uid[64];
    struct tg_trace trace; /* slots and anchors: drill/score.h */
    struct tg_score score; /* recomputed as slots arrive; final when state is DONE */
    struct tg_err last_err;
    char waiting_for[160]; /* what the present state waits for; translated, only for screens */
    void *machine;         /* private to drill.c */
};

/* New drill in PREFLIGHT; texts of config are copied. The caller frees with tg_drill_free().
 * next_call_id is where the drill takes ids for its calls from (shared with the app; incremented).
 */
struct tg_drill *tg_drill_new(const struct tg_drill_config *config, uint64_t *next_call_id);

/* A drill found open in the journal: starts in RESTORE, from its records (payloads in order). NULL
 * and err when the records do not say enough. */
struct tg_drill *tg_drill_reopen(const struct tg_record *records, size_t count,
                                 const struct tg_drill_config *config, uint64_t *next_call_id,
                                 struct tg_err *err);
void tg_drill_free(struct tg_drill *drill);

void tg_drill_step(struct tg_drill *drill, const struct tg_drill_event *event,
                   struct tg_drill_update *update);

/* True when nothing more will happen by itself: DONE. */
bool tg_drill_is_over(const struct tg_drill *drill);

/* True when leaving now would leave the world broken. */
bool tg_drill_holds_fault(const struct tg_drill *drill);

/* Untranslated N_ name of a state: "baseline". */
const char *tg_drill_state_name(enum tg_drill_state state);

#endif
