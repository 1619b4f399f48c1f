/* drill/machine.h - the private half of a drill: which step it is in, what it waits for, and its
 * ear on the probe.
 *
 * Shared by the files of drill/ alone.
 *
 * Thread: UI thread.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_DRILL_MACHINE_H
#define TG_DRILL_MACHINE_H

#include "drill/drill.h"

/* Steps within the states: each either waits for one call, one journal acknowledgement, or the
 * passing of time. */
enum drill_step {
    STEP_CHECK_ACCESS,     /* preflight: one access review after another */
    STEP_WRITE_PLAN,       /* journal */
    STEP_CREATE_PROBE,     /* call */
    STEP_WAIT_PROBE,       /* until the probe Pod runs */
    STEP_MEASURE_BASELINE, /* time */
    STEP_COUNT_ANSWERS,    /* until the replicas' counters are fresh, for a moment at most */
    STEP_READ_TARGET,      /* call: the Deployment as it is now */
    STEP_WRITE_INTENT,     /* journal */
    STEP_SCALE_DOWN,       /* call */
    STEP_HOLD,             /* time */
    STEP_READ_BEFORE_RESTORE,
    STEP_WRITE_RESTORE_INTENT,
    STEP_SCALE_UP,
    STEP_VERIFY, /* until serving, healthy and proved by traffic */
    STEP_WRITE_VERIFY,
    STEP_DELETE_PROBE,
    STEP_WRITE_CLOSE,
    STEP_OVER,
};

#define CLOCK_SAMPLES_MAX 64

struct drill_machine {
    enum drill_step step;
    uint64_t *next_call_id;
    uint64_t call;     /* the one answer waited for; 0: none */
    uint64_t log_call; /* the followed log; 0: not followed */
    bool is_waiting_for_journal;
    int64_t retry_at_us; /* monotonic; 0: at once */
    int retries;
    int access_index;
    bool is_reopened;
    bool has_verified; /* VERIFY is written: closing is all that is left */
    int conflicts;
    char resource_version[64];
    char probe_name[80];
    char context[256];
    char client_context[256];
    char pending_notice[200]; /* told with the next update */

    /* The probe's log. */
    char boot[64];
    int64_t start_ms;
    int64_t offset_us; /* lab wall time = offset + the Pod's ms * 1000; the smallest seen */
    bool has_offset;
    int64_t
        samples[CLOCK_SAMPLES_MAX]; /* arrival - completion, to tell how well the offset is known */
    size_t samples_count;
    int64_t last_line_lab_us;
    int64_t last_line_at_us;  /* monotonic */
    int64_t follow_at_lab_us; /* when to follow again */

    int64_t backends_synced_us; /* poll of backends that was looked at last */
    int64_t healthy_lab_us;     /* last time one was seen healthy */

    /* Answers counted by replicas: what processes that are gone had counted stays counted. */
    double served_gone[2];
    double served_last[2];
    bool has_served[2];
    bool is_scrape_wanted, is_balancer_wanted; /* told with the next update */
    int64_t balancer_asked_us;                 /* monotonic */
    int64_t scrape_asked_us;                   /* monotonic */
    bool has_counted_restored, has_asked_end;  /* of the window after the proof */
};

static inline struct drill_machine *tg_machine(struct tg_drill *drill)
{
    return drill->machine;
}

/* ---- drill_probe.c ---- */

/* Takes whole lines of the probe's log. */
void tg_probe_take_lines(struct tg_drill *drill, const char *text, size_t len, int64_t lab_us);

/* Slots that went well in a row, counted back from the newest that has an outcome. */
int tg_probe_ok_in_a_row(const struct tg_drill *drill);

/* True when any slot so far did not go well. */
bool tg_probe_has_failed(const struct tg_drill *drill);

/* Looks at the replicas' counters and the balancer's health in the model. */
void tg_probe_observe_model(struct tg_drill *drill, const struct tg_drill_event *event);

/* Answers so far, by [drilled region, others]; -1 where nothing was ever scraped. */
void tg_probe_served(const struct tg_drill *drill, double out[2]);

/* True when every replica was asked for its counters at since_us (monotonic) or later. */
bool tg_probe_is_counted(const struct tg_model *model, int64_t since_us);

/* ---- drill_preflight.c ---- */

/* Fills drill->findings from the model; false when one of them forbids the drill. */
bool tg_preflight_check(struct tg_drill *drill, const struct tg_model *model, int64_t now_us);

/* Adds a finding. */
void tg_preflight_add(struct tg_drill *drill, enum tg_finding_level level, const char *what,
                      const char *detail);

/* ---- drill_restore.c ---- */

/* True when the drilled region serves again: replicas answer, the balancer calls them healthy,
 * traffic reaches them. Else waiting_for says what is missing. */
bool tg_restore_is_verified(struct tg_drill *drill, const struct tg_model *model, int64_t now_us);

#endif
