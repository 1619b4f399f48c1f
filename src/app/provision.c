/* app/provision.c - standing a lab up and taking it down, with the app's journal and targets. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "app/provision.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/work_folder.h"
#include "base/fmt.h"
#include "base/i18n.h"
#include "base/mem.h"
#include "base/str.h"
#include "plan/run_past.h"
#include "plan/run_report.h"

/* What is waited for is polled out of turn, no more often than this. */
#define REFRESH_US        (1 * TG_US_PER_S)
#define REFRESH_FAST_US   (200 * TG_US_PER_MS) /* a simulated world that runs faster than ours */
#define RESCAN_DEFAULT_US (120 * TG_US_PER_S)

static void step_run(struct tg_app *app, struct tg_run_event *event);

static void journalled(struct tg_app *app, const struct tg_err *err)
{
    struct tg_run_event event = {.kind = TG_RUN_EVENT_JOURNALLED};
    if (err != NULL) {
        event.err = *err;
    }
    step_run(app, &event);
}

static void append_records(struct tg_app *app, const struct tg_run_update *update)
{
    int64_t sequence = tg_app_append(app, update->records, update->records_count);
    if (sequence < 0) {
        struct tg_err err = TG_ERR_INIT;
        tg_err_set(&err, TG_CODE_IO, 0, "the journal refuses to write");
        journalled(app, &err);
    } else if (sequence > 0) {
        app->run_sequence = sequence;
        if (app->is_journal_synchronous) {
            journalled(app, NULL);
        }
    }
}

static bool carry_order(struct tg_app *app, struct tg_tool_order *order, struct tg_err *err)
{
    if (order->kind == TG_TOOL_NOTHING) {
        return true;
    }
    return app->link.order != NULL
               ? app->link.order(app->link.context, order, err)
               : tg_err_set(err, TG_CODE_STATE, 0, "commands cannot be run here");
}

/* ---- what is told of it ---- */

/* How far a run is, to see afterwards what became of it. */
struct mark {
    enum tg_run_state *states; /* of the lab's steps */
    size_t items_count;
    int *stockouts; /* of the run's items */
    bool was_over;
};

static struct mark mark_of(const struct tg_app *app)
{
    const struct tg_run *run = app->run;
    struct mark mark = {.states = tg_calloc(app->lab->steps_count + 1, sizeof(*mark.states)),
                        .items_count = run->items_count,
                        .stockouts = tg_calloc(run->items_count + 1, sizeof(*mark.stockouts)),
                        .was_over = run->is_over};
    for (size_t i = 0; i < app->lab->steps_count; i++) {
        mark.states[i] = run->steps[i].state;
    }
    for (size_t i = 0; i < run->items_count; i++) {
        mark.stockouts[i] = run->items[i].stockouts;
    }
    return mark;
}

static void tell(struct tg_app *app, enum tg_severity severity, const char *reason,
                 const char *message)
{
    tg_model_tell(app->model, TG_TIMELINE_LAB, severity, -1, tg_app_lab_us(app),
                  tg_clock_monotonic_us(&app->clock), "", reason, message);
}

/* Good news that is older must not hide it. */
static void clear_good_notice(struct tg_app *app)
{
    if (app->notice_severity < TG_SEVERITY_WARN) {
        app->notice[0] = '\0';
    }
}

/* Steps that failed, and machines that were not there, stand in the timeline with their time. */
static void tell_trouble(struct tg_app *app, const struct mark *mark)
{
    const struct tg_run *run = app->run;
    bool is_same = run->items_count >= mark->items_count; /* else a step was begun again */
    for (size_t i = 0; i < app->lab->steps_count; i++) {
        if (run->steps[i].state == TG_RUN_FAILED && mark->states[i] != TG_RUN_FAILED) {
            char text[320];
            snprintf(text, sizeof(text), "%.60s: %s", app->lab->steps[i].id, run->steps[i].err.msg);
            tell(app, TG_SEVERITY_FAIL, tg_code_name(run->steps[i].err.code), text);
            clear_good_notice(app);
        }
    }
    for (size_t i = 0; i < mark->items_count && is_same; i++) {
        const struct tg_run_item *item = &run->items[i];
        if (item->stockouts > mark->stockouts[i] && tg_run_item_is_out_of_stock(item)) {
            char clock[16];
            char text[400];
            snprintf(text, sizeof(text), _("%.80s, next try at %s: %s"), item->name,
                     tg_fmt_clock(clock, sizeof(clock), item->retry_lab_us), item->err.msg);
            tell(app, TG_SEVERITY_WARN, tg_code_name(TG_CODE_STOCKOUT), text);
            clear_good_notice(app);
        }
    }
}

static void tell_end(struct tg_app *app, const struct mark *mark)
{
    if (!app->run->is_over || mark->was_over) {
        return;
    }
    bool is_good = tg_run_is_good(app->run);
    tell(app, is_good ? TG_SEVERITY_OK : TG_SEVERITY_WARN, app->run->config.id,
         tg_run_report_outcome(app->run));
    tg_app_notice(app, is_good ? TG_SEVERITY_OK : TG_SEVERITY_WARN, "%s",
                  tg_run_report_outcome(app->run));
    if (tg_run_first_failed(app->run) >= 0 && !app->run->is_aborted) {
        app->notice[0] = '\0'; /* which step failed says more */
    }
}

static void mark_fini(struct mark *mark)
{
    free(mark->states);
    free(mark->stockouts);
}

static void step_run(struct tg_app *app, struct tg_run_event *event)
{
    struct tg_run_update update = {0};
    struct mark mark = mark_of(app);
    event->at_us = tg_clock_monotonic_us(&app->clock);
    event->lab_us = tg_app_lab_us(app);
    event->model = app->model;
    event->statuses = app->steps;
    tg_run_step(app->run, event, &update);
    tell_trouble(app, &mark);
    tell_end(app, &mark);
    mark_fini(&mark);
    app->run_wake_lab_us = update.wake_lab_us;
    app->is_run_changed = app->is_run_changed || update.is_changed;
    struct tg_call *calls[TG_RUN_CALLS_MAX];
    size_t count = update.calls_count;
    memcpy(calls, update.calls, sizeof(calls));
    update.calls_count = 0;
    for (size_t i = 0; i < count; i++) {
        tg_app_send(app, calls[i]);
    }
    struct tg_run_event refused = {.kind = TG_RUN_EVENT_REFUSED};
    bool is_refused = !carry_order(app, &update.order, &refused.err);
    append_records(app, &update);
    tg_run_update_fini(&update);
    if (is_refused) {
        step_run(app, &refused);
    }
}

/* ---- starting ---- */

bool tg_app_provision_range(const struct tg_lab *lab, const char *from, const char *until,
                            struct tg_run_config *config, struct tg_err *err)
{
    config->from = from != NULL ? tg_lab_step_index(lab, from) : 0;
    config->until = until != NULL ? tg_lab_step_index(lab, until) : (int)lab->steps_count - 1;
    if (config->from < 0 || config->until < 0) {
        return tg_err_set(err, TG_CODE_USAGE, 0, "the lab has no step '%s'",
                          config->from < 0 ? from : until);
    }
    return config->from <= config->until ||
           tg_err_set(err, TG_CODE_USAGE, 0, "step '%s' comes after '%s'",
                      lab->steps[config->from].id, lab->steps[config->until].id);
}

bool tg_app_is_project_seen(const struct tg_app *app)
{
    const struct tg_target *gcp = tg_model_gcp(app->model);
    for (int kind = 0; gcp != NULL && kind < TG_KIND_COUNT; kind++) {
        enum tg_kind_phase phase = gcp->kinds[kind].phase;
        if (tg_kind_info((enum tg_kind)kind)->source == TG_KIND_SOURCE_GCP &&
            (phase == TG_KIND_PHASE_UNKNOWN || phase == TG_KIND_PHASE_LISTING)) {
            return false;
        }
    }
    return gcp != NULL;
}

/* Takes up an open run of the same direction; closes one of the other. */
static bool take_open(struct tg_app *app, struct tg_run_config *config,
                      struct tg_run_reopened *reopened, char *id, size_t size, struct tg_err *err)
{
    struct tg_record *records = NULL;
    size_t count = 0;
    if (!tg_journal_open_run(app->journal, TG_RUN_PROVISION, &records, &count, err)) {
        return false;
    }
    struct tg_err why = TG_ERR_INIT;
    bool is_ours = count > 0 && tg_run_reopen(records, count, app->lab, reopened, &why) &&
                   reopened->config.direction == config->direction &&
                   (config->direction == TG_RUN_DOWN || reopened->config.fixes == config->fixes) &&
                   tg_str_eq(reopened->project, config->project);
    bool is_ok = true;
    if (is_ours) {
        tg_str_copy(id, size, records[0].run_id);
        config->from = reopened->config.from;
        config->until = reopened->config.until;
        config->fixes = reopened->config.fixes;
    } else if (count > 0) {
        struct tg_record waive = {.kind = TG_RECORD_WAIVE,
                                  .run_id = records[0].run_id,
                                  .payload = tg_record_new_text("reason", id)};
        is_ok = tg_journal_append(app->journal, &waive, err) > 0;
        free(waive.payload);
    }
    tg_journal_records_free(records, count);
    return is_ok;
}

static void make_id(const struct tg_app *app, enum tg_run_direction direction, char *out,
                    size_t size)
{
    char stamp[40];
    tg_fmt_compact(stamp, sizeof(stamp), tg_app_lab_us(app));
    snprintf(out, size, "%s-%s", direction == TG_RUN_UP ? "up" : "down", stamp);
}

/* A fix for which the lab's commands have no place must not be left out in silence. */
static bool prepare_commands(const struct tg_app *app, const struct tg_run_config *config,
                             struct tg_err *err)
{
    char names[256];
    tg_lab_fixes without = tg_lab_uncommanded(config->lab, config->fixes);
    if (config->direction == TG_RUN_UP && without != 0) {
        return tg_err_set(err, TG_CODE_USAGE, 0,
                          "the lab's commands have no place for %.120s: choose other fixes, or "
                          "--mode native",
                          tg_lab_write_fixes(config->lab, without, names, sizeof(names)));
    }
    return app->work_folder != NULL
               ? tg_work_folder_fill(app->work_folder, config, err)
               : tg_err_set(err, TG_CODE_STATE, 0, "commands cannot be run here");
}

/* What was begun by commands before, of which Terraform may have to be told. */
static bool recall(struct tg_app *app, const struct tg_run_config *config,
                   struct tg_run_past **past, struct tg_err *err)
{
    struct tg_record *records = NULL;
    size_t count = 0;
    if (!tg_journal_history(app->journal, TG_RUN_PROVISION, &records, &count, err)) {
        return false;
    }
    *past = tg_run_past_new(records, count, app->lab, config->project, config->id);
    tg_journal_records_free(records, count);
    return true;
}

bool tg_app_provision_start(struct tg_app *app, const struct tg_provision_request *request,
                            struct tg_err *err)
{
    const struct tg_target *gcp = tg_model_gcp(app->model);
    if (!app->is_armed) {
        return tg_err_set(err, TG_CODE_READ_ONLY, 0, "the session is not armed");
    }
    if (app->journal == NULL) {
        return tg_err_set(err, TG_CODE_STATE, 0, "there is no journal to write intents into");
    }
    if (gcp == NULL) {
        return tg_err_set(err, TG_CODE_NOT_FOUND, 0, "no Google Cloud project is given");
    }
    if (app->is_restore_offered || (app->drill != NULL && !tg_drill_is_over(app->drill))) {
        return tg_err_set(err, TG_CODE_STATE, 0, "a drill is open; restore it first");
    }
    if (app->run != NULL && !app->run->is_over) {
        return tg_err_set(err, TG_CODE_STATE, 0, "the lab is being changed already");
    }
    char id[64];
    struct tg_run_reopened reopened;
    struct tg_run_config config = {.lab = app->lab,
                                   .direction = request->direction,
                                   .mode = request->mode,
                                   .project = gcp->name,
                                   .fixes = request->fixes,
                                   .rescan_us = RESCAN_DEFAULT_US,
                                   .on_stockout = request->on_stockout};
    for (size_t i = 0; i < request->secrets_count && i < TG_RUN_SECRETS_MAX; i++) {
        config.secrets[config.secrets_count++] = request->secrets[i];
    }
    make_id(app, request->direction, id, sizeof(id));
    if (!tg_app_provision_range(app->lab, request->from, request->until, &config, err) ||
        !take_open(app, &config, &reopened, id, sizeof(id), err)) {
        return false;
    }
    config.id = id;
    if (request->mode != TG_RUN_NATIVE && !prepare_commands(app, &config, err)) {
        return false;
    }
    config.folder = app->work_folder;
    struct tg_run_past *past = NULL;
    if (request->mode == TG_RUN_COMMANDS && !recall(app, &config, &past, err)) {
        return false;
    }
    tg_run_free(app->run);
    app->run = tg_run_new(&config, &app->next_call_id);
    tg_run_remember(app->run, past);
    app->run_wake_lab_us = 0;
    tg_app_tick(app);
    return true;
}

bool tg_app_provision_on_stockout(struct tg_app *app, enum tg_run_stockout policy,
                                  struct tg_err *err)
{
    if (app->run == NULL || app->run->is_over) {
        return tg_err_set(err, TG_CODE_STATE, 0, "the lab is not being changed");
    }
    struct tg_run_event event = {.kind = TG_RUN_EVENT_STOCKOUT, .on_stockout = policy};
    step_run(app, &event);
    return true;
}

bool tg_app_provision_try_now(struct tg_app *app, struct tg_err *err)
{
    if (app->run == NULL || app->run->is_over) {
        return tg_err_set(err, TG_CODE_STATE, 0, "the lab is not being changed");
    }
    struct tg_run_event event = {.kind = TG_RUN_EVENT_TRY_NOW};
    step_run(app, &event);
    return true;
}

bool tg_app_provision_retry(struct tg_app *app, struct tg_err *err)
{
    if (app->run == NULL || app->run->is_over) {
        return tg_err_set(err, TG_CODE_STATE, 0, "the lab is not being changed");
    }
    if (tg_run_first_failed(app->run) < 0) {
        return tg_err_set(err, TG_CODE_STATE, 0, "no step has failed");
    }
    struct tg_run_past *past = NULL; /* what this run itself began counts now, too */
    if (app->run->config.mode == TG_RUN_COMMANDS) {
        if (!recall(app, &app->run->config, &past, err)) {
            return false;
        }
        tg_run_remember(app->run, past);
    }
    struct tg_run_event event = {.kind = TG_RUN_EVENT_RETRY};
    step_run(app, &event);
    return true;
}

void tg_app_remember_fixes(struct tg_app *app)
{
    char lab[64] = "";
    char project[64] = "";
    char text[512] = "";
    struct tg_err err = TG_ERR_INIT;
    tg_lab_fixes fixes = 0;
    const struct tg_target *gcp = tg_model_gcp(app->model);
    char *plan = app->journal != NULL ? tg_journal_newest_plan(app->journal, "up-") : NULL;
    bool is_ours = plan != NULL && gcp != NULL &&
                   tg_record_get_text(plan, "lab", lab, sizeof(lab)) &&
                   tg_record_get_text(plan, "project", project, sizeof(project)) &&
                   tg_record_get_text(plan, "fixes", text, sizeof(text)) &&
                   tg_str_eq(lab, app->lab->name) && tg_str_eq(project, gcp->name);
    /* a fix that the lab file has no more is none */
    if (is_ours && tg_lab_read_fixes(app->lab, text, &fixes, &err)) {
        app->fixes = fixes;
    }
    free(plan);
}

void tg_app_provision_abort(struct tg_app *app)
{
    if (app->run != NULL && !app->run->is_over) {
        struct tg_run_event event = {.kind = TG_RUN_EVENT_ABORT};
        tg_manifests_drop(app);
        step_run(app, &event);
    }
}

bool tg_app_provision_has_program(const struct tg_app *app)
{
    return app->run != NULL && app->run->tool.state == TG_RUN_TOOL_RUNNING;
}

/* ---- messages and time ---- */

bool tg_app_provision_handle(struct tg_app *app, const struct tg_msg *msg)
{
    if (app->run == NULL) {
        return false;
    }
    app->is_run_changed = false;
    if (msg->kind == TG_MSG_CALL_DONE || msg->kind == TG_MSG_CALL_PROGRESS ||
        msg->kind == TG_MSG_TOOL_LINE || msg->kind == TG_MSG_TOOL_ENDED) {
        struct tg_run_event event = {.kind = TG_RUN_EVENT_MSG, .msg = msg};
        step_run(app, &event);
    } else if (msg->kind == TG_MSG_JOURNALLED &&
               (msg->as.journalled.err.code != TG_CODE_NONE ||
                msg->as.journalled.sequence >= app->run_sequence)) {
        journalled(app, &msg->as.journalled.err);
    }
    return app->is_run_changed;
}

/* What steps under way are judged by comes at its own, slow pace: Google Cloud's lists, and kinds
 * that an API server did not know yet. */
static void refresh_waited_for(struct tg_app *app)
{
    double speed = 1;
    int64_t now_us = tg_clock_monotonic_us(&app->clock);
    bool is_fast = tg_model_is_simulated(app->model, &speed) && speed > 1;
    if (now_us - app->run_refreshed_us < (is_fast ? REFRESH_FAST_US : REFRESH_US)) {
        return;
    }
    app->run_refreshed_us = now_us;
    bool is_asked[TG_KIND_COUNT] = {false};
    is_asked[TG_KIND_GCP_PROJECT] = true;
    is_asked[TG_KIND_GCP_CLUSTER] = true;
    for (size_t i = 0; i < app->lab->steps_count; i++) {
        enum tg_run_state state = app->run->steps[i].state;
        const struct tg_lab_step *step = &app->lab->steps[i];
        bool is_under_way = state == TG_RUN_WAITING || state == TG_RUN_MAKING;
        bool is_looked_at = app->run->rescan_lab_us != 0 && state != TG_RUN_SKIPPED;
        for (size_t c = 0; c < step->conditions_count && (is_under_way || is_looked_at); c++) {
            is_asked[step->conditions[c].kind] = true;
        }
        for (size_t l = 0; l < step->leftovers_count && (is_under_way || is_looked_at); l++) {
            is_asked[step->leftovers[l].kind] = true;
        }
    }
    for (int kind = 0; kind < TG_KIND_COUNT; kind++) {
        bool is_gcp = tg_kind_info((enum tg_kind)kind)->source == TG_KIND_SOURCE_GCP;
        if (is_asked[kind]) {
            tg_app_refresh(app, is_gcp ? TG_TARGET_GCP : TG_TARGET_CLUSTER, (enum tg_kind)kind);
        }
    }
}

bool tg_app_provision_tick(struct tg_app *app)
{
    if (app->run == NULL || app->run->is_over) {
        return false;
    }
    app->is_run_changed = false;
    refresh_waited_for(app);
    if (tg_app_lab_us(app) >= app->run_wake_lab_us) {
        struct tg_run_event event = {.kind = TG_RUN_EVENT_TICK};
        step_run(app, &event);
    }
    return app->is_run_changed;
}

bool tg_app_open_clusters(struct tg_app *app)
{
    const struct tg_target *gcp = tg_model_gcp(app->model);
    bool is_opened = false;
    for (size_t i = 0; gcp != NULL && app->link.open_cluster != NULL && i < app->lab->regions_count;
         i++) {
        const struct tg_lab_region *region = &app->lab->regions[i];
        const struct tg_obj *cluster =
            tg_store_get(&gcp->kinds[TG_KIND_GCP_CLUSTER].store, region->zone, region->cluster);
        if (cluster == NULL || !tg_str_eq(cluster->as.gcp.status, "RUNNING") ||
            tg_verify_cluster(app->model, region->cluster) != NULL) {
            continue;
        }
        is_opened = app->link.open_cluster(app->link.context, gcp->name, cluster) || is_opened;
    }
    return is_opened;
}

/* Its own API speaks to us: then it is there, whatever a list says of it. */
static bool is_answering(const struct tg_target *target, int64_t now_us)
{
    for (int kind = 0; kind < TG_KIND_COUNT; kind++) {
        if (tg_kind_info((enum tg_kind)kind)->source == TG_KIND_SOURCE_K8S &&
            target->kinds[kind].phase == TG_KIND_PHASE_LIVE &&
            tg_target_freshness(target, (enum tg_kind)kind, now_us) == TG_FRESH) {
            return true;
        }
    }
    return false;
}

/* A list in which something has a name that nothing can have is garbled: it says nothing of what it
 * lacks. */
static bool is_garbled(const struct tg_store *list)
{
    for (size_t i = 0; i < list->count; i++) {
        const char *name = list->items[i]->name;
        if (strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") != strlen(name)) {
            return true;
        }
    }
    return false;
}

/* Twice in a row it was not among the project's clusters (a list may come short for once), and it
 * does not answer any more. */
static bool is_deleted(const struct tg_target *gcp, struct tg_target *target, int64_t now_us)
{
    const struct tg_kind_view *view = &gcp->kinds[TG_KIND_GCP_CLUSTER];
    if (target->type != TG_TARGET_CLUSTER || target->removed_us != 0 ||
        view->phase != TG_KIND_PHASE_LIVE || view->synced_us == 0 ||
        !tg_str_eq(target->project, gcp->name)) {
        return false;
    }
    if (tg_store_get(&view->store, target->zone, target->cluster) != NULL) {
        target->missed_us = 0;
        return false;
    }
    if (is_garbled(&view->store)) {
        return false;
    }
    bool is_second = target->missed_us != 0 && view->synced_us > target->missed_us;
    target->missed_us = target->missed_us == 0 ? view->synced_us : target->missed_us;
    return is_second && !is_answering(target, now_us);
}

/* A call that is under way to it would never be answered. */
static bool is_asked(const struct tg_app *app, int target)
{
    const char *cluster = app->model->targets[target]->cluster;
    for (size_t i = 0; app->run != NULL && !app->run->is_over && i < app->run->items_count; i++) {
        const struct tg_run_item *item = &app->run->items[i];
        const char *its =
            item->region >= 0 ? app->lab->regions[item->region].cluster : app->lab->config_cluster;
        if (item->state == TG_RUN_ITEM_ASKED && tg_str_eq(its, cluster)) {
            return true;
        }
    }
    return false;
}

bool tg_app_close_clusters(struct tg_app *app)
{
    const struct tg_target *gcp = tg_model_gcp(app->model);
    int64_t now_us = tg_clock_monotonic_us(&app->clock);
    bool is_changed = false;
    for (size_t i = 0; gcp != NULL && i < app->model->targets_count; i++) {
        struct tg_target *target = app->model->targets[i];
        if (is_deleted(gcp, target, now_us)) {
            tg_model_remove_cluster(app->model, target->index, tg_app_lab_us(app), now_us);
            is_changed = true;
        } else if (target->removed_us != 0 && !target->is_closed &&
                   !tg_target_is_shown(target, now_us) && !is_asked(app, target->index)) {
            target->is_closed = true;
            if (app->link.close_cluster != NULL) {
                app->link.close_cluster(app->link.context, target->index);
            }
            is_changed = true;
        }
    }
    return is_changed;
}
