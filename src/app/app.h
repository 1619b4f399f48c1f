/* app/app.h - composition: the model, the lab, the drill and the journal, joined to whatever
 * carries calls to targets.
 *
 * Both ways of running use it unchanged: the program with its worker threads (app/session.h) and a
 * single thread on virtual time (app/rig.h). Messages go in through tg_app_handle(), calls go out
 * through the link.
 *
 * Thread: UI thread. Ownership: the app owns all that its struct points to; readers borrow.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_APP_APP_H
#define TG_APP_APP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/manifests.h"
#include "base/clock.h"
#include "base/err.h"
#include "drill/drill.h"
#include "io/journal.h"
#include "model/fleet.h"
#include "model/msg.h"
#include "plan/doctor.h"
#include "plan/lab.h"
#include "plan/run.h"
#include "plan/verify.h"

/* How a call reaches its target's worker; takes the call over. */
struct tg_link {
    void (*call)(void *context, struct tg_call *call);
    void *context;
    /* Watches a cluster of project from now on, as a new target of the model; false when it cannot
     * be. NULL: clusters are only those from the start. */
    bool (*open_cluster)(void *context, const char *project, const struct tg_obj *cluster);
    /* Runs the lab's commands (app/tools.h); takes the order's script over. NULL: nobody does. */
    bool (*order)(void *context, struct tg_tool_order *order, struct tg_err *err);
    /* Nothing more is asked of that target: its cluster is gone. NULL: it may go on. */
    void (*close_cluster)(void *context, int target);
};

struct tg_app {
    struct tg_clock clock;
    struct tg_link link;
    struct tg_model *model;
    struct tg_lab *lab;
    struct tg_step_status *steps; /* lab->steps_count, judged by tg_app_tick() */
    struct tg_drill *drill;       /* the running or last one; NULL: none */
    struct tg_journal *journal;   /* NULL: none (read-only) */
    bool is_journal_synchronous;
    bool is_armed;
    bool is_restore_offered; /* the journal has an open drill that nobody took up yet */
    uint64_t next_call_id;
    int64_t drill_wake_lab_us;
    /* Standing the lab up or taking it down (app/provision.h). */
    struct tg_run *run; /* the present or last one; NULL: none */
    char *work_folder;  /* where the lab's commands run; NULL: they do not */
    int64_t run_wake_lab_us;
    int64_t run_sequence;     /* newest record of it */
    int64_t run_refreshed_us; /* monotonic */
    bool is_run_changed;      /* within one event */

    int64_t news_us;           /* monotonic time of the last change of a Pod */
    int64_t balancer_asked_us; /* because of it */
    /* The preflight (app/doctor.h). */
    struct tg_doctor *doctor; /* the present or last one; NULL: none */
    int64_t doctor_wake_us;   /* monotonic */
    tg_lab_fixes fixes;       /* chosen for the next run */
    /* What is asked of Pods themselves (app/witness.h). */
    struct tg_witness_call *witness_calls;
    size_t witness_calls_count;

    struct tg_manifests manifests; /* all empty: as the lab says, and not kept */

    int64_t steps_judged_us; /* monotonic time of the last judgement */
    uint64_t steps_revision; /* model revision it was made on */

    /* The last detail asked for. */
    uint64_t detail_call_id;
    char *detail_text;
    struct tg_err detail_err;
    int64_t detail_us;

    /* One line for the operator, translated; "" when none. */
    char notice[240];
    enum tg_severity notice_severity;
    int64_t notice_us; /* monotonic time it was set */
};

/* Takes lab over. The model is empty: add targets to app->model before messages come. */
struct tg_app *tg_app_new(struct tg_clock clock, struct tg_lab *lab, bool is_armed);
void tg_app_free(struct tg_app *app);

/* Opens the journal and looks for an open drill. A journal held by another tidegate is no failure:
 * the session goes on read-only and says so. inbox NULL: synchronous. */
bool tg_app_open_journal(struct tg_app *app, const char *path, struct tg_queue *inbox,
                         struct tg_err *err);

/* Folds msg into the model, gives it to the drill when it is the drill's, and frees it. True when a
 * screen may differ. */
bool tg_app_handle(struct tg_app *app, struct tg_msg *msg);

/* Lets time pass: steps the drill when due, judges the lab's steps at most four times a second.
 * True when a screen may differ. */
bool tg_app_tick(struct tg_app *app);

/* Real (monotonic) time at which tick is needed again at the latest; TG_TIME_NEVER when only
 * messages matter. */
int64_t tg_app_next_wake_us(const struct tg_app *app);
int64_t tg_app_lab_us(const struct tg_app *app);

/* Starts the drill scale0 on target. Fails (READ_ONLY, STATE, NOT_FOUND) without having done
 * anything. */
bool tg_app_drill_start(struct tg_app *app, int target, struct tg_err *err);

/* The lab's primary region as a target, or -1. */
int tg_app_primary_target(const struct tg_app *app);

/* Tells the drill to stop and restore; nothing happens when none runs. */
void tg_app_drill_abort(struct tg_app *app, const char *reason);

/* Takes up the open drill of the journal and restores. */
bool tg_app_restore(struct tg_app *app, struct tg_err *err);

/* Closes the open drill of the journal without restoring, with the operator's words. */
bool tg_app_waive(struct tg_app *app, const char *reason, struct tg_err *err);

/* True while leaving would leave a region down: the fault is held and its restore not acknowledged.
 */
bool tg_app_holds_fault(const struct tg_app *app);

/* True while leaving would leave behind what a few more seconds clear away: a region that is down,
 * or, where nothing was changed yet, the probe Pod and an open drill in the journal; or a program
 * that runs the lab's commands. */
bool tg_app_must_clear(const struct tg_app *app);

/* Fetches an object as text for the detail view; the answer appears in detail_text or detail_err.
 */
void tg_app_open_detail(struct tg_app *app, int target, enum tg_kind resource, const char *ns,
                        const char *name);

/* For app/provision.c: sends a call, asks for what is polled of all targets of a type before it is
 * due, and appends records: the sequence of the last, 0 when there are none, -1 when the journal
 * refused (the operator is told). */
void tg_app_send(struct tg_app *app, struct tg_call *call);
void tg_app_refresh(struct tg_app *app, enum tg_target_type type, enum tg_kind kind);
int64_t tg_app_append(struct tg_app *app, const struct tg_record *records, size_t count);

/* Sets the operator's line (printf), already translated. */
void tg_app_notice(struct tg_app *app, enum tg_severity severity, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
