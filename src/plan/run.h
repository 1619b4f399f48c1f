/* plan/run.h - standing a lab up, or taking it down, as a pure machine.
 *
 * tg_run_step(run, event, update): time, answers and what is observed come in; calls and records go
 * out. A call leaves only after the record that announces it is durable. Every call is an ENSURE or
 * a REMOVE, which find what is there already: a run that was killed is taken up by running it
 * again.
 *
 * Up: a step starts when the steps it needs are done; its things are made in order, those of
 * different regions at once; then it waits until its conditions are observed (plan/verify.h), so
 * that a step counts as done only when it is seen to be. Down goes the other way round, removes
 * first what Google's controllers left behind, and looks a second time after a while, since
 * controllers resurrect.
 *
 * Times: at_us is the monotonic clock; lab_us is lab wall time, which all waiting here uses.
 *
 * By commands (TG_RUN_COMMANDS) a step's own commands are run by a program that is ordered, one
 * step's at a time as a person would; by hand they are shown. Then as well a step is done when it
 * is observed to be, whatever the program's exit status was: plan/run_tool.c.
 *
 * Thread: UI thread. Ownership: the run owns its items; an update's calls and records belong to the
 * caller, who frees them with tg_run_update_fini().
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_PLAN_RUN_H
#define TG_PLAN_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "model/fleet.h"
#include "model/msg.h"
#include "model/tool.h"
#include "plan/lab.h"
#include "plan/record.h"
#include "plan/verify.h"

enum tg_run_direction { TG_RUN_UP, TG_RUN_DOWN };

enum tg_run_mode {
    TG_RUN_NATIVE,   /* by calls of our own */
    TG_RUN_COMMANDS, /* by the lab's commands, run as programs */
    TG_RUN_BY_HAND,  /* by somebody else, to whom the commands are shown */
};

/* Where the lab's commands have Terraform's files, below the folder in which they run. */
#define TG_RUN_TERRAFORM_FOLDER "gke-tf"

struct tg_run_past;

/* What is done when a zone has no machines of a kind. */
enum tg_run_stockout {
    TG_RUN_STOCKOUT_RETRY,  /* tried again, later and later up to a quarter of an hour, for a day */
    TG_RUN_STOCKOUT_ZONE,   /* the same, in each of the region's spare zones in turn */
    TG_RUN_STOCKOUT_REGION, /* it fails: the lab is stood up with another region instead */
    TG_RUN_STOCKOUT_STOP,   /* it fails */
    TG_RUN_STOCKOUT_COUNT
};

enum tg_run_state {
#define TG_RUN_STATE(id, word, name) TG_RUN_##id,
#include "plan/run_state.def"
#undef TG_RUN_STATE
    TG_RUN_STATE_COUNT
};

/* A secret the operator gave, by the name the lab file uses. */
struct tg_run_secret {
    const char *name; /* "hf_token" */
    const struct tg_secret *value;
};

#define TG_RUN_SECRETS_MAX 4
struct tg_run_config {
    const char *id; /* "up-20260101t120431z"; copied */
    const struct tg_lab *lab;
    enum tg_run_direction direction;
    enum tg_run_mode mode;
    const char *project; /* copied */
    int from;            /* index of the first step, in the lab's order */
    int until;           /* index of the last one */
    tg_lab_fixes fixes;  /* what the lab's hazards are met with */
    struct tg_run_secret secrets[TG_RUN_SECRETS_MAX];
    size_t secrets_count;
    int64_t rescan_us;                /* down: lab time until the second look */
    enum tg_run_stockout on_stockout; /* may be changed while it runs */
    const char *folder; /* where the commands run, for advice; NULL: not known; borrowed */
};

enum tg_run_item_state {
    TG_RUN_ITEM_WAITING, /* for its turn, for its API server, or for another try */
    TG_RUN_ITEM_INTENT,  /* its record is on the way to the disk */
    TG_RUN_ITEM_ASKED,   /* its call is under way */
    TG_RUN_ITEM_DONE,
    TG_RUN_ITEM_FAILED,
};

/* One thing in one place. */
struct tg_run_item {
    int step;
    int make;   /* index into the step's makes; -1: a leftover */
    int region; /* index into the lab's regions; -1: none */
    bool is_removal;
    enum tg_run_item_state state;
    enum tg_ensured ensured;
    uint64_t call; /* 0: none */
    int attempts;
    int stockouts;           /* how often there were no machines for it */
    int64_t stockout_lab_us; /* when there were none for the first time; 0: there always were */
    int place;               /* 0: the region's zone; n: its n-th spare zone */
    int64_t retry_lab_us;    /* not before */
    int64_t started_lab_us;
    int64_t ended_lab_us;
    struct tg_err err;           /* of the last attempt */
    char progress[120];          /* in the server's words; "" none */
    int percent;                 /* -1: not told */
    char *name;                  /* "Network/tpu-gke-dranet-vpc", for people */
    struct tg_desired *leftover; /* make < 0: what is removed */
};

struct tg_run_step {
    enum tg_run_state state;
    int64_t started_lab_us; /* 0: not yet */
    int64_t ended_lab_us;
    char waiting_for[320]; /* English, from the server or verify; "" when nothing is waited for */
    struct tg_err err;
    bool is_passing_removed; /* what was only needed on the way is gone again */
    int64_t job_ended_us;    /* monotonic: its Job was first seen to have ended; 0: it was not */
    int64_t given_up_lab_us; /* it has failed, as err says; what was only needed on the way is
                                removed before that is its state; 0: no */
    int64_t due_from_lab_us; /* since when its deadline counts */
    bool is_commanded;       /* its commands ran to their end, or were shown */
    bool has_exit;           /* its commands ended, with this: */
    int exit_status;         /* -1: by the signal */
    int exit_signal;
};

#define TG_RUN_LINES_MAX 1000
enum tg_run_tool_state {
    TG_RUN_TOOL_IDLE,
    TG_RUN_TOOL_INTENT, /* its record is on the way to the disk */
    TG_RUN_TOOL_RUNNING,
    TG_RUN_TOOL_ENDED, /* what came of it is not judged yet */
};

/* The program that runs a step's commands, and the last of what it said. */
struct tg_run_tool {
    enum tg_run_tool_state state;
    int step;
    uint64_t id;
    struct tg_tool_end end;
    int wishes;         /* to stop: the first is passed on gently, the second harder */
    bool is_overdue;    /* stopped because its time was up */
    int64_t started_us; /* monotonic, as all times here: programs know no lab time */
    int64_t stopped_us; /* when it was last told to stop; 0: it was not */
    int64_t retry_us;   /* not started before */
    bool has_gcp;       /* the lab's before_gcp was run to its end by this run */
    bool has_clusters;  /* and its before_clusters */
    char lock[200];     /* who holds terraform's state; "" nobody */
    char complaint[200];
    bool is_tidying;               /* what the step makes stands: only what passes is removed */
    char *imports;                 /* what Terraform is told of first, a command a line */
    char *imported;                /* the addresses, a line each */
    struct tg_buf creates;         /* addresses that Terraform began to create, for the journal */
    struct tg_buf refused;         /* and those of which it said that it failed */
    char *lines[TG_RUN_LINES_MAX]; /* the last of them, in a ring */
    uint64_t lines_total;          /* the next goes to this, modulo the ring's size */
    struct tg_buf unwritten;       /* for the journal, as lines */
    int64_t unwritten_lost;        /* lines that it has no room for */
    int64_t written_us;
    size_t written_len; /* of this step's output */
};

struct tg_survey;

/* Readable by views; written by tg_run_step() alone. */
struct tg_run {
    struct tg_run_config config; /* texts are the run's copies */
    struct tg_run_step *steps;   /* lab->steps_count */
    struct tg_run_item *items;
    size_t items_count;
    bool is_over;
    bool is_aborted;
    bool is_waiting_for_journal;
    int64_t granted_lab_us; /* a role was given or an API enabled by this run: they take time */
    int64_t started_lab_us;
    int64_t rescan_lab_us; /* down: when the second look is due; 0: not yet */
    bool has_left_behind;  /* down: the second look found something */
    struct tg_err err;     /* the journal refused */
    uint64_t *next_call_id;
    struct tg_run_tool tool;
    struct tg_survey *survey; /* down, at its end: plan/run_survey.h; NULL before */
    struct tg_run_past *past; /* NULL: nothing is known */
};

enum tg_run_event_kind {
    TG_RUN_EVENT_TICK,       /* time passed, or what is observed changed */
    TG_RUN_EVENT_MSG,        /* CALL_DONE or CALL_PROGRESS; borrowed */
    TG_RUN_EVENT_JOURNALLED, /* the last records are durable, or err */
    TG_RUN_EVENT_STOCKOUT,   /* on_stockout is another from now on */
    TG_RUN_EVENT_TRY_NOW,    /* what waits for machines is tried at once */
    TG_RUN_EVENT_RETRY,      /* what failed, and what waited for that, is begun again */
    TG_RUN_EVENT_ABORT,      /* nothing more is started; what the servers do goes on. A program that
                                runs is told to stop, and again with each further one */
    TG_RUN_EVENT_REFUSED,    /* the program that was ordered does not start: err. LOCKED: one of an
                                earlier run still runs; it is tried again */
};

struct tg_run_event {
    enum tg_run_event_kind kind;
    int64_t at_us;
    int64_t lab_us;
    const struct tg_model *model;
    const struct tg_step_status *statuses; /* of the lab's steps, as judged now */
    const struct tg_msg *msg;
    enum tg_run_stockout on_stockout;
    struct tg_err err;
};

#define TG_RUN_CALLS_MAX   32
#define TG_RUN_RECORDS_MAX 32
struct tg_run_update {
    struct tg_call *calls[TG_RUN_CALLS_MAX];
    size_t calls_count;
    struct tg_record records[TG_RUN_RECORDS_MAX];
    size_t records_count;
    struct tg_tool_order order;
    bool is_changed;     /* a view of the run may differ */
    int64_t wake_lab_us; /* when a TICK is needed at the latest; TG_TIME_NEVER */
};
void tg_run_update_fini(struct tg_run_update *update);

/* New run; next_call_id is where it takes ids for its calls from (shared with the app). The caller
 * frees with tg_run_free(). */
struct tg_run *tg_run_new(const struct tg_run_config *config, uint64_t *next_call_id);
void tg_run_free(struct tg_run *run);

/* Tells the run what the journal knows of the lab's commands (plan/run_past.h); takes past over. */
void tg_run_remember(struct tg_run *run, struct tg_run_past *past);

/* Fills what the records of an open run say of it: id, direction, project, from, until; texts
 * borrow from the records or from out->texts. False and err when they do not say enough, or speak
 * of another lab. */
struct tg_run_reopened {
    struct tg_run_config config;
    char project[64];
};
bool tg_run_reopen(const struct tg_record *records, size_t count, const struct tg_lab *lab,
                   struct tg_run_reopened *out, struct tg_err *err);

void tg_run_step(struct tg_run *run, const struct tg_run_event *event,
                 struct tg_run_update *update);

/* "retry", "zone", "region", "stop", and back; TG_RUN_STOCKOUT_COUNT when it is none of them. */
const char *tg_run_stockout_name(enum tg_run_stockout policy);
enum tg_run_stockout tg_run_stockout_by_name(const char *name);

/* The zone in which a thing is made next; NULL when it is in none. Borrowed. */
const char *tg_run_item_zone(const struct tg_run *run, const struct tg_run_item *item);

/* There were no machines for the thing, and it is still wanted: it waits for its next try, or is
 * being tried. */
bool tg_run_item_is_out_of_stock(const struct tg_run_item *item);

/* The i-th thing of the run that is out of stock; NULL past the last, and when the run is over. */
const struct tg_run_item *tg_run_out_of_stock(const struct tg_run *run, size_t i);

/* The first step that failed, as an index into the lab's; -1 when none did. */
int tg_run_first_failed(const struct tg_run *run);

/* Lab time at which a step that is under way is given up; 0 when it is not under way, or has all
 * the time it needs. */
int64_t tg_run_due_us(const struct tg_run *run, int step);

/* True when every step that was asked for is done (and, down, the second look found nothing). */
bool tg_run_is_good(const struct tg_run *run);

const char *tg_run_state_word(enum tg_run_state state); /* N_ text, for screens */
const char *tg_run_state_name(enum tg_run_state state); /* for JSON and journal */

/* "native", "commands", "by-hand"; and back: false when there is no such mode. */
const char *tg_run_mode_name(enum tg_run_mode mode);
bool tg_run_mode_by_name(const char *name, enum tg_run_mode *out);

/* Appends what a person types for the step, a line each, placeholders replaced: what comes before
 * it when has_before, then its commands (down: what undoes it). Nothing when it has none. */
bool tg_run_commands(const struct tg_run_config *config, int step, bool has_before,
                     struct tg_buf *out);

/* The same for what begins every shell. */
bool tg_run_shell(const struct tg_run_config *config, struct tg_buf *out);

/* Whether the step is on Google Cloud alone, or within clusters. */
bool tg_run_is_within_clusters(const struct tg_lab_step *step);

/* Items of a step: how many, and how many are done. */
void tg_run_count(const struct tg_run *run, int step, int *done, int *total);

#endif
