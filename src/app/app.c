/* app/app.c - joins the model, the lab's steps, the drill and the journal. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "app/app.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/doctor.h"
#include "app/provision.h"
#include "app/witness.h"
#include "base/assert.h"
#include "base/i18n.h"
#include "base/mem.h"
#include "base/str.h"
#include "model/reduce.h"

#define STEPS_INTERVAL_US (250 * TG_US_PER_MS)
#define BALANCER_ASK_US   (2 * TG_US_PER_S)
#define NEWS_LAST_US      (60 * TG_US_PER_S)

struct tg_app *tg_app_new(struct tg_clock clock, struct tg_lab *lab, bool is_armed)
{
    tg_assert(lab != NULL);
    struct tg_app *app = TG_NEW(struct tg_app);
    app->clock = clock;
    app->lab = lab;
    app->is_armed = is_armed;
    app->model = tg_model_new();
    app->steps = tg_calloc(lab->steps_count + 1, sizeof(*app->steps));
    app->next_call_id = 1;
    app->drill_wake_lab_us = TG_TIME_NEVER;
    app->run_wake_lab_us = TG_TIME_NEVER;
    app->steps_judged_us = INT64_MIN;
    app->news_us = INT64_MIN;
    return app;
}

void tg_app_free(struct tg_app *app)
{
    if (app == NULL) {
        return;
    }
    tg_drill_free(app->drill);
    tg_run_free(app->run);
    tg_doctor_free(app->doctor);
    tg_app_witness_fini(app);
    tg_journal_close(app->journal);
    tg_model_free(app->model);
    tg_lab_free(app->lab);
    free(app->steps);
    free(app->work_folder);
    free(app->detail_text);
    tg_manifests_fini(&app->manifests);
    free(app);
}

void tg_app_notice(struct tg_app *app, enum tg_severity severity, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(app->notice, sizeof(app->notice), format, args);
    va_end(args);
    app->notice_severity = severity;
    app->notice_us = tg_clock_monotonic_us(&app->clock);
}

int64_t tg_app_lab_us(const struct tg_app *app)
{
    return tg_model_lab_us(app->model, tg_clock_monotonic_us(&app->clock),
                           tg_clock_wall_us(&app->clock));
}

bool tg_app_open_journal(struct tg_app *app, const char *path, struct tg_queue *inbox,
                         struct tg_err *err)
{
    struct tg_err why = TG_ERR_INIT;
    app->journal = tg_journal_open(path, inbox, app->clock, &why);
    app->is_journal_synchronous = inbox == NULL;
    if (app->journal == NULL) {
        if (why.code != TG_CODE_LOCKED) {
            *err = why;
            return false;
        }
        app->is_armed = false;
        tg_app_notice(app, TG_SEVERITY_WARN, "%s",
                      _("Another tidegate holds the journal: this session only watches."));
        return true;
    }
    if (!tg_journal_is_writable(app->journal, &why)) {
        app->is_armed = false;
        tg_app_notice(app, TG_SEVERITY_FAIL,
                      _("The journal cannot be written (%s): make room. Until then nothing is "
                        "begun; a restore goes on, and is offered again."),
                      why.msg);
    }
    struct tg_record *records = NULL;
    size_t count = 0;
    if (!tg_journal_open_run(app->journal, TG_RUN_DRILL, &records, &count, err)) {
        return false;
    }
    app->is_restore_offered = count > 0;
    tg_app_remember_fixes(app);
    tg_journal_records_free(records, count);
    return true;
}

/* ---- the drill's updates ---- */

static void step_drill(struct tg_app *app, struct tg_drill_event *event);

static void drill_journalled(struct tg_app *app, int64_t sequence, const struct tg_err *err)
{
    struct tg_drill_event event = {.kind = TG_DRILL_EVENT_JOURNALLED, .sequence = sequence};
    if (err != NULL) {
        event.err = *err;
    }
    step_drill(app, &event);
}

int64_t tg_app_append(struct tg_app *app, const struct tg_record *records, size_t count)
{
    int64_t sequence = 0;
    struct tg_err err = TG_ERR_INIT;
    for (size_t i = 0; i < count && err.code == TG_CODE_NONE; i++) {
        if (app->journal == NULL) {
            tg_err_set(&err, TG_CODE_STATE, 0, "there is no journal");
        } else {
            sequence = tg_journal_append(app->journal, &records[i], &err);
        }
    }
    if (err.code == TG_CODE_NONE) {
        return sequence;
    }
    tg_app_notice(app, TG_SEVERITY_FAIL, _("The journal refuses to write: %s"), err.msg);
    return -1;
}

/* The records of one update, in order. In the synchronous form the machine hears at once that they
 * are durable; with the journal's own thread TG_MSG_JOURNALLED tells it later. */
static void append_records(struct tg_app *app, const struct tg_drill_update *update)
{
    int64_t sequence = tg_app_append(app, update->records, update->records_count);
    if (sequence < 0) {
        struct tg_err err = TG_ERR_INIT;
        tg_err_set(&err, TG_CODE_IO, 0, "%.200s", app->notice);
        drill_journalled(app, 0, &err);
    } else if (sequence > 0 && app->is_journal_synchronous) {
        drill_journalled(app, sequence, NULL);
    }
}

void tg_app_send(struct tg_app *app, struct tg_call *call)
{
    if (app->link.call == NULL) {
        tg_call_free(call);
        return;
    }
    if (tg_manifests_hold(app, call)) {
        return;
    }
    app->link.call(app->link.context, call);
}

void tg_app_refresh(struct tg_app *app, enum tg_target_type type, enum tg_kind kind)
{
    for (size_t i = 0; i < app->model->targets_count; i++) {
        if (app->model->targets[i]->type == type && app->model->targets[i]->removed_us == 0) {
            struct tg_call *call = tg_call_new(TG_CALL_REFRESH, app->model->targets[i]->index);
            call->id = app->next_call_id++;
            call->resource = kind;
            tg_app_send(app, call);
        }
    }
}

/* A restore is never refused: read-only sessions cannot have started a drill, but may take one up.
 */
static void step_drill(struct tg_app *app, struct tg_drill_event *event)
{
    struct tg_drill_update update = {0};
    event->at_us = tg_clock_monotonic_us(&app->clock);
    event->lab_us = tg_app_lab_us(app);
    event->model = app->model;
    tg_drill_step(app->drill, event, &update);
    app->drill_wake_lab_us = update.wake_lab_us;
    if (update.notice[0] != '\0') {
        tg_model_tell(app->model, TG_TIMELINE_DRILL, update.notice_severity,
                      app->drill->config.target, event->lab_us, event->at_us, app->drill->config.id,
                      tg_drill_state_name(app->drill->state), update.notice);
    }
    if (update.is_scrape_wanted) {
        tg_app_refresh(app, TG_TARGET_CLUSTER, TG_KIND_POD);
    }
    if (update.is_balancer_wanted) {
        tg_app_refresh(app, TG_TARGET_GCP, TG_KIND_GCP_BACKEND);
    }
    struct tg_call *calls[TG_DRILL_CALLS_MAX];
    size_t calls_count = update.calls_count;
    memcpy(calls, update.calls, sizeof(calls));
    update.calls_count = 0;
    /* Calls go first only in the order of memory: the machine emits a changing call after its
     * record's acknowledgement, never in the same update as the record. */
    for (size_t i = 0; i < calls_count; i++) {
        tg_app_send(app, calls[i]);
    }
    append_records(app, &update);
    tg_drill_update_fini(&update);
}

/* ---- messages and time ---- */

static bool handle_detail(struct tg_app *app, struct tg_msg *msg)
{
    if (msg->kind != TG_MSG_CALL_DONE || msg->as.call.call_id != app->detail_call_id) {
        return false;
    }
    free(app->detail_text);
    app->detail_text = msg->as.call.text;
    msg->as.call.text = NULL;
    app->detail_err = msg->as.call.err;
    app->detail_us = msg->at_us;
    return true;
}

static void note_news(struct tg_app *app, const struct tg_msg *msg)
{
    if ((msg->kind == TG_MSG_PUT || msg->kind == TG_MSG_DELETE) && msg->resource == TG_KIND_POD) {
        app->news_us = tg_clock_monotonic_us(&app->clock);
    }
}

/* When the balancer's health is to be asked for before its turn: where Pods come and go it follows,
 * and that is what everybody looks at. */
static int64_t balancer_due_us(const struct tg_app *app)
{
    int64_t due_us = app->balancer_asked_us + BALANCER_ASK_US;
    return due_us < app->news_us + NEWS_LAST_US ? due_us : TG_TIME_NEVER;
}

static void follow_news(struct tg_app *app, int64_t now_us)
{
    if (now_us >= balancer_due_us(app)) {
        app->balancer_asked_us = now_us;
        tg_app_refresh(app, TG_TARGET_GCP, TG_KIND_GCP_BACKEND);
    }
}

bool tg_app_handle(struct tg_app *app, struct tg_msg *msg)
{
    note_news(app, msg);
    bool is_changed = tg_reduce(app->model, msg);
    tg_app_witness_handle(app, msg);
    is_changed = tg_app_provision_handle(app, msg) || is_changed;
    is_changed = tg_manifests_handle(app, msg) || is_changed;
    is_changed = tg_app_doctor_handle(app, msg) || is_changed;
    if (handle_detail(app, msg)) {
        is_changed = true;
    } else if (app->drill != NULL) {
        struct tg_drill_event event = {.msg = msg};
        switch (msg->kind) {
        case TG_MSG_CALL_DONE:
            event.kind = TG_DRILL_EVENT_CALL_DONE;
            step_drill(app, &event);
            is_changed = true;
            break;
        case TG_MSG_LOG_LINES:
            event.kind = TG_DRILL_EVENT_LOG_LINES;
            step_drill(app, &event);
            is_changed = true;
            break;
        case TG_MSG_JOURNALLED:
            drill_journalled(app, msg->as.journalled.sequence, &msg->as.journalled.err);
            break;
        default:
            break;
        }
    }
    tg_msg_free(msg);
    return is_changed;
}

static bool judge_steps(struct tg_app *app, int64_t now_us)
{
    if (app->steps_judged_us != INT64_MIN && (now_us - app->steps_judged_us < STEPS_INTERVAL_US ||
                                              app->steps_revision == app->model->revision)) {
        return false;
    }
    app->steps_judged_us = now_us;
    app->steps_revision = app->model->revision;
    size_t size = app->lab->steps_count * sizeof(*app->steps);
    struct tg_step_status *before = tg_malloc(size + 1);
    memcpy(before, app->steps, size);
    tg_verify_lab(app->lab, app->model, now_us, app->steps);
    bool is_changed = false;
    for (size_t i = 0; i < app->lab->steps_count; i++) {
        is_changed = is_changed || before[i].state != app->steps[i].state ||
                     before[i].conditions_met != app->steps[i].conditions_met ||
                     strcmp(before[i].missing, app->steps[i].missing) != 0;
    }
    free(before);
    return is_changed;
}

bool tg_app_tick(struct tg_app *app)
{
    int64_t now_us = tg_clock_monotonic_us(&app->clock);
    bool is_changed = tg_app_close_clusters(app);
    is_changed = tg_app_open_clusters(app) || is_changed;
    is_changed = judge_steps(app, now_us) || is_changed;
    follow_news(app, now_us);
    is_changed = tg_app_provision_tick(app) || is_changed;
    is_changed = tg_app_doctor_tick(app) || is_changed;
    tg_app_witness_tick(app);
    if (app->drill != NULL && !tg_drill_is_over(app->drill) &&
        tg_app_lab_us(app) >= app->drill_wake_lab_us) {
        struct tg_drill_event event = {.kind = TG_DRILL_EVENT_TICK};
        step_drill(app, &event);
        is_changed = true;
    }
    return is_changed;
}

/* Our clock when the lab's will read so. */
static int64_t monotonic_of_lab(const struct tg_app *app, int64_t lab_us)
{
    double speed = 1.0;
    if (lab_us == TG_TIME_NEVER) {
        return TG_TIME_NEVER;
    }
    if (!tg_model_is_simulated(app->model, &speed) || speed <= 0) {
        speed = 1.0;
    }
    int64_t wait_lab_us = lab_us - tg_app_lab_us(app);
    int64_t wait_us = wait_lab_us <= 0 ? 0 : (int64_t)((double)wait_lab_us / speed) + 1000;
    return tg_clock_monotonic_us(&app->clock) + wait_us;
}

int64_t tg_app_next_wake_us(const struct tg_app *app)
{
    int64_t now_us = tg_clock_monotonic_us(&app->clock);
    int64_t wake_us = balancer_due_us(app);
    if (app->steps_judged_us == INT64_MIN) {
        wake_us = now_us;
    } else if (app->steps_revision != app->model->revision) {
        int64_t judge_us = app->steps_judged_us + STEPS_INTERVAL_US;
        wake_us = judge_us < wake_us ? judge_us : wake_us;
    }
    if (app->drill != NULL && !tg_drill_is_over(app->drill)) {
        int64_t drill_us = monotonic_of_lab(app, app->drill_wake_lab_us);
        wake_us = drill_us < wake_us ? drill_us : wake_us;
    }
    if (app->doctor != NULL && !app->doctor->is_over) {
        wake_us = app->doctor_wake_us < wake_us ? app->doctor_wake_us : wake_us;
    }
    if (app->run != NULL && !app->run->is_over) {
        int64_t run_us = monotonic_of_lab(app, app->run_wake_lab_us);
        wake_us = run_us < wake_us ? run_us : wake_us;
    }
    return wake_us;
}

/* ---- what the operator asks for ---- */

void tg_app_open_detail(struct tg_app *app, int target, enum tg_kind resource, const char *ns,
                        const char *name)
{
    struct tg_call *call = tg_call_new(TG_CALL_GET_TEXT, target);
    call->id = app->next_call_id++;
    call->resource = resource;
    call->ns = tg_strdup(ns);
    call->name = tg_strdup(name);
    free(app->detail_text);
    app->detail_text = NULL;
    app->detail_err = (struct tg_err)TG_ERR_INIT;
    app->detail_call_id = call->id;
    tg_app_send(app, call);
}

bool tg_app_holds_fault(const struct tg_app *app)
{
    return app->drill != NULL && tg_drill_holds_fault(app->drill) &&
           app->drill->trace.restore_acked_us == 0;
}

bool tg_app_must_clear(const struct tg_app *app)
{
    return tg_app_holds_fault(app) || tg_app_provision_has_program(app) ||
           (app->drill != NULL && !tg_drill_is_over(app->drill) &&
            app->drill->trace.fault_sent_us == 0);
}

void tg_app_drill_abort(struct tg_app *app, const char *reason)
{
    if (app->drill == NULL || tg_drill_is_over(app->drill)) {
        return;
    }
    struct tg_drill_event event = {.kind = TG_DRILL_EVENT_ABORT, .reason = reason};
    step_drill(app, &event);
}
