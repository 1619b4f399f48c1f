/* plan/run.c - the order in which a lab is stood up or taken down. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "plan/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/clock.h"
#include "base/i18n.h"
#include "base/mem.h"
#include "base/str.h"
#include "plan/progress.h"
#include "plan/run_items.h"
#include "plan/run_machine.h"
#include "plan/run_past.h"
#include "plan/run_survey.h"
#include "plan/run_tool.h"

#define ASKED_MAX       16 /* calls under way at once */
#define RESCAN_TAKES_US (60 * TG_US_PER_S)
#define CLEAR_TAKES_US  (120 * TG_US_PER_S)

static const struct {
    const char *word;
    const char *name;
} states[] = {
#define TG_RUN_STATE(id, word, name) {word, name},
#include "plan/run_state.def"
#undef TG_RUN_STATE
};

const char *tg_run_state_word(enum tg_run_state state)
{
    return states[state].word;
}

const char *tg_run_state_name(enum tg_run_state state)
{
    return states[state].name;
}

void tg_run_update_fini(struct tg_run_update *update)
{
    for (size_t i = 0; i < update->calls_count; i++) {
        tg_call_free(update->calls[i]);
    }
    for (size_t i = 0; i < update->records_count; i++) {
        free(update->records[i].run_id);
        free(update->records[i].payload);
    }
    free(update->order.script);
    *update = (struct tg_run_update){0};
}

struct tg_run *tg_run_new(const struct tg_run_config *config, uint64_t *next_call_id)
{
    struct tg_run *run = TG_NEW(struct tg_run);
    run->config = *config;
    run->config.id = tg_strdup(config->id);
    run->config.project = tg_strdup(config->project);
    run->next_call_id = next_call_id;
    run->steps = tg_calloc(config->lab->steps_count + 1, sizeof(*run->steps));
    for (size_t i = 0; i < config->lab->steps_count; i++) {
        bool is_wanted = (int)i >= config->from && (int)i <= config->until;
        run->steps[i].state = is_wanted ? TG_RUN_PENDING : TG_RUN_SKIPPED;
    }
    tg_run_tool_init(run);
    return run;
}

void tg_run_free(struct tg_run *run)
{
    if (run == NULL) {
        return;
    }
    for (size_t i = 0; i < run->items_count; i++) {
        free(run->items[i].name);
        tg_desired_free(run->items[i].leftover);
    }
    tg_run_tool_fini(run);
    tg_run_past_free(run->past);
    tg_survey_free(run->survey);
    free(run->items);
    free(run->steps);
    free((char *)(uintptr_t)run->config.id);
    free((char *)(uintptr_t)run->config.project);
    free(run);
}

void tg_run_remember(struct tg_run *run, struct tg_run_past *past)
{
    tg_run_past_free(run->past);
    run->past = past;
}

void tg_run_count(const struct tg_run *run, int step, int *done, int *total)
{
    *done = 0;
    *total = 0;
    for (size_t i = 0; i < run->items_count; i++) {
        if (run->items[i].step == step) {
            *total += 1;
            *done += run->items[i].state == TG_RUN_ITEM_DONE ? 1 : 0;
        }
    }
}

/* ---- records ---- */

void tg_run_emit(struct tg_run *run, struct tg_run_update *update, enum tg_record_kind kind,
                 char *payload)
{
    tg_assert(update->records_count < TG_RUN_RECORDS_MAX);
    update->records[update->records_count++] =
        (struct tg_record){kind, tg_strdup(run->config.id), payload};
    run->is_waiting_for_journal = true;
}

static void write_plan(struct tg_run *run, const struct tg_run_event *event,
                       struct tg_run_update *update)
{
    const struct tg_lab *lab = run->config.lab;
    char fixes[512];
    tg_lab_write_fixes(lab, run->config.fixes, fixes, sizeof(fixes));
    run->started_lab_us = event->lab_us;
    tg_run_emit(run, update, TG_RECORD_PLAN,
                tg_record_new("kind", 's', run->config.direction == TG_RUN_UP ? "up" : "down",
                              "mode", 's', tg_run_mode_name(run->config.mode), "lab", 's',
                              lab->name, "project", 's', run->config.project, "from", 's',
                              lab->steps[run->config.from].id, "until", 's',
                              lab->steps[run->config.until].id, "fixes", 's', fixes, "lab_us", 'd',
                              event->lab_us, NULL));
}

static void write_intent(struct tg_run *run, struct tg_run_item *item,
                         const struct tg_run_event *event, struct tg_run_update *update)
{
    item->state = TG_RUN_ITEM_INTENT;
    item->started_lab_us = item->started_lab_us != 0 ? item->started_lab_us : event->lab_us;
    tg_run_emit(run, update, TG_RECORD_INTENT,
                tg_record_new("what", 's', item->is_removal ? "remove" : "ensure", "step", 's',
                              run->config.lab->steps[item->step].id, "thing", 's', item->name,
                              "lab_us", 'd', event->lab_us, NULL));
}

static void write_step(struct tg_run *run, int step, const struct tg_run_event *event,
                       struct tg_run_update *update)
{
    const struct tg_run_step *of = &run->steps[step];
    tg_run_emit(run, update, TG_RECORD_RESULT,
                tg_record_new("step", 's', run->config.lab->steps[step].id, "state", 's',
                              tg_run_state_name(of->state), "error", 's',
                              of->err.code != TG_CODE_NONE ? of->err.msg : "", "lab_us", 'd',
                              event->lab_us, NULL));
}

bool tg_run_reopen(const struct tg_record *records, size_t count, const struct tg_lab *lab,
                   struct tg_run_reopened *out, struct tg_err *err)
{
    char kind[16] = "";
    char name[64] = "";
    char from[64] = "";
    char until[64] = "";
    char fixes[512] = "";
    *out = (struct tg_run_reopened){.config = {.lab = lab, .from = -1, .until = -1}};
    for (size_t i = 0; i < count; i++) {
        if (records[i].kind != TG_RECORD_PLAN) {
            continue;
        }
        const char *payload = records[i].payload;
        bool is_whole =
            tg_record_get_text(payload, "kind", kind, sizeof(kind)) &&
            tg_record_get_text(payload, "lab", name, sizeof(name)) &&
            tg_record_get_text(payload, "project", out->project, sizeof(out->project)) &&
            tg_record_get_text(payload, "from", from, sizeof(from)) &&
            tg_record_get_text(payload, "until", until, sizeof(until));
        if (!is_whole) {
            return tg_err_set(err, TG_CODE_PROTOCOL, 0, "%s: its plan does not say enough",
                              records[i].run_id);
        }
        out->config.id = records[i].run_id;
        out->config.project = out->project;
        out->config.direction = tg_str_eq(kind, "down") ? TG_RUN_DOWN : TG_RUN_UP;
        out->config.from = tg_lab_step_index(lab, from);
        out->config.until = tg_lab_step_index(lab, until);
        (void)tg_record_get_text(payload, "fixes", fixes, sizeof(fixes)); /* older ones had none */
        if (!tg_lab_read_fixes(lab, fixes, &out->config.fixes, err)) {
            return false;
        }
    }
    return (out->config.from >= 0 && out->config.until >= 0 && tg_str_eq(name, lab->name)) ||
           tg_err_set(err, TG_CODE_STATE, 0, "the open provisioning is of another lab: %s", name);
}

/* ---- one step ---- */

static bool is_ended(enum tg_run_state state)
{
    return state == TG_RUN_SATISFIED || state == TG_RUN_DONE || state == TG_RUN_FAILED ||
           state == TG_RUN_BLOCKED || state == TG_RUN_SKIPPED;
}

void tg_run_enter(struct tg_run *run, int step, enum tg_run_state state,
                  const struct tg_run_event *event, struct tg_run_update *update)
{
    struct tg_run_step *of = &run->steps[step];
    of->state = state;
    if (of->started_lab_us == 0) {
        of->started_lab_us = event->lab_us;
        of->due_from_lab_us = event->lab_us;
    }
    update->is_changed = true;
    if (is_ended(state)) {
        of->ended_lab_us = event->lab_us;
        of->waiting_for[0] = '\0';
        write_step(run, step, event, update);
    }
}

/* A token that was only needed on the way must not stay in the cluster because the way was none. */
void tg_run_fail(struct tg_run *run, int step, const struct tg_err *err,
                 const struct tg_run_event *event, struct tg_run_update *update)
{
    struct tg_run_step *of = &run->steps[step];
    bool is_up = run->config.direction == TG_RUN_UP;
    of->err = *err;
    if (is_up && run->config.mode == TG_RUN_NATIVE && of->state != TG_RUN_PENDING &&
        of->given_up_lab_us == 0 && !of->is_passing_removed &&
        tg_run_items_add_passing(run, step)) {
        of->is_passing_removed = true;
        of->given_up_lab_us = event->lab_us;
        tg_run_enter(run, step, TG_RUN_MAKING, event, update);
        return;
    }
    tg_run_enter(run, step, TG_RUN_FAILED, event, update);
}

/* What stands before a step: up what it needs, down what needs it. */
static bool comes_before(const struct tg_run *run, int other, int step)
{
    const struct tg_lab_step *of =
        &run->config.lab->steps[run->config.direction == TG_RUN_UP ? step : other];
    int wanted = run->config.direction == TG_RUN_UP ? other : step;
    for (size_t i = 0; i < of->needs_count; i++) {
        if (of->needs[i] == wanted) {
            return true;
        }
    }
    return false;
}

/* A step outside of the run counts by what is observed: up it must be done, down it must not stand,
 * unless it has nothing that could go. */
static bool is_met(const struct tg_run *run, int step, const struct tg_run_event *event)
{
    enum tg_run_state state = run->steps[step].state;
    if (state != TG_RUN_SKIPPED) {
        return state == TG_RUN_DONE || state == TG_RUN_SATISFIED;
    }
    enum tg_step_state seen = event->statuses[step].state;
    return run->config.direction == TG_RUN_UP
               ? seen == TG_STEP_DONE
               : seen == TG_STEP_UNKNOWN || tg_run_is_seen_gone(run, step, &event->statuses[step]);
}

static void consider(struct tg_run *run, int step, const struct tg_run_event *event,
                     struct tg_run_update *update)
{
    const struct tg_lab *lab = run->config.lab;
    struct tg_run_step *of = &run->steps[step];
    of->waiting_for[0] = '\0';
    bool is_outside = true; /* all that it waits for */
    for (size_t i = 0; i < lab->steps_count; i++) {
        if (!comes_before(run, (int)i, step)) {
            continue;
        }
        enum tg_run_state state = run->steps[i].state;
        if (state == TG_RUN_FAILED || state == TG_RUN_BLOCKED) {
            tg_err_set(&of->err, TG_CODE_STATE, 0, "%s comes first, and failed", lab->steps[i].id);
            tg_run_enter(run, step, TG_RUN_BLOCKED, event, update);
            return;
        }
        if (!is_met(run, (int)i, event)) {
            snprintf(of->waiting_for, sizeof(of->waiting_for), "%s", lab->steps[i].id);
            is_outside = is_outside && state == TG_RUN_SKIPPED;
        }
    }
    if (of->waiting_for[0] == '\0' && run->tool.state != TG_RUN_TOOL_IDLE) {
        tg_str_copy(of->waiting_for, sizeof(of->waiting_for), lab->steps[run->tool.step].id);
        return; /* one program at a time, as a person would */
    }
    int64_t limit_us = run->started_lab_us + (int64_t)lab->steps[step].timeout_s * TG_US_PER_S;
    bool is_alone = of->waiting_for[0] != '\0' && is_outside;
    for (size_t i = 0; i < lab->steps_count; i++) {
        is_alone =
            is_alone && (is_ended(run->steps[i].state) || run->steps[i].state == TG_RUN_PENDING);
    }
    if (of->waiting_for[0] == '\0') {
        bool is_there_already = run->config.direction == TG_RUN_UP &&
                                lab->steps[step].is_made_only_once &&
                                event->statuses[step].state == TG_STEP_DONE;
        if (!is_there_already && run->config.mode == TG_RUN_NATIVE) {
            tg_run_items_add(run, step, run->config.direction == TG_RUN_DOWN, event);
        }
        tg_run_enter(run, step, TG_RUN_MAKING, event, update);
    } else if (is_alone && event->lab_us > limit_us) {
        struct tg_err err = TG_ERR_INIT;
        tg_err_set(&err, TG_CODE_TIMEOUT, 0, "%s, which is outside of this run, is not done",
                   of->waiting_for);
        tg_run_fail(run, step, &err, event, update);
    }
}

/* Only what was asked for to clear away is waited for, and not for long. */
static void advance_giving_up(struct tg_run *run, int step, const struct tg_run_event *event,
                              struct tg_run_update *update)
{
    bool is_clear = true;
    for (size_t i = 0; i < run->items_count; i++) {
        const struct tg_run_item *item = &run->items[i];
        is_clear =
            is_clear && (item->step != step || !item->is_removal ||
                         item->state == TG_RUN_ITEM_DONE || item->state == TG_RUN_ITEM_FAILED);
    }
    tg_run_tell(run, step);
    if (is_clear || event->lab_us - run->steps[step].given_up_lab_us > CLEAR_TAKES_US) {
        tg_run_enter(run, step, TG_RUN_FAILED, event, update);
    }
}

static void advance_making(struct tg_run *run, int step, const struct tg_run_event *event,
                           struct tg_run_update *update)
{
    if (run->steps[step].given_up_lab_us != 0) {
        advance_giving_up(run, step, event, update);
        return;
    }
    bool is_all_done = true;
    for (size_t i = 0; i < run->items_count; i++) {
        const struct tg_run_item *item = &run->items[i];
        if (item->step != step) {
            continue;
        }
        if (item->state == TG_RUN_ITEM_FAILED) {
            struct tg_err err = item->err;
            tg_err_wrap(&err, "%s", item->name);
            tg_run_fail(run, step, &err, event, update);
            return;
        }
        is_all_done = is_all_done && item->state == TG_RUN_ITEM_DONE;
    }
    tg_run_tell(run, step);
    if (is_all_done) {
        tg_run_enter(run, step, TG_RUN_WAITING, event, update);
    } else {
        tg_run_fail_overdue(run, step, event, update);
    }
}

static bool is_anything_changed(const struct tg_run *run, int step)
{
    for (size_t i = 0; i < run->items_count; i++) {
        enum tg_ensured ensured = run->items[i].ensured;
        if (run->items[i].step == step && ensured != TG_ENSURED_FOUND &&
            ensured != TG_ENSURED_ABSENT) {
            return true;
        }
    }
    return false;
}

/* Nothing that is kept can vanish; what only waits for others has nothing of its own. */
bool tg_run_is_seen_gone(const struct tg_run *run, int step, const struct tg_step_status *status)
{
    const struct tg_lab_step *of = &run->config.lab->steps[step];
    bool has_own = false;
    for (size_t i = 0; i < of->makes_count; i++) {
        has_own = has_own || !of->makes[i].is_kept;
    }
    return !has_own || status->state == TG_STEP_MISSING || of->is_made_only_once;
}

static void advance_waiting(struct tg_run *run, int step, const struct tg_run_event *event,
                            struct tg_run_update *update)
{
    struct tg_run_step *of = &run->steps[step];
    const struct tg_step_status *status = &event->statuses[step];
    bool is_up = run->config.direction == TG_RUN_UP;
    bool is_proof_open = is_up && status->proof == TG_STEP_PROOF_OPEN;
    bool is_so = is_up ? status->state == TG_STEP_DONE : tg_run_is_seen_gone(run, step, status);
    bool is_native = run->config.mode == TG_RUN_NATIVE;
    bool is_by_hand = run->config.mode == TG_RUN_BY_HAND; /* people have all the time they need */
    struct tg_err err = TG_ERR_INIT;
    if (is_up && !is_so && !is_by_hand &&
        tg_progress_is_hopeless(run->config.lab, (size_t)step, event->model, of->started_lab_us,
                                event->at_us, &of->job_ended_us, &err)) {
        tg_run_fail(run, step, &err, event, update);
        return;
    }
    if (!is_so || is_proof_open) {
        char what[sizeof(of->waiting_for)];
        tg_str_copy(what, sizeof(what),
                    !is_up  ? "to be seen gone"
                    : is_so ? status->proof_note
                            : status->missing);
        if (is_up && !is_so) {
            (void)tg_progress_reason(run->config.lab, (size_t)step, event->model, run, event->at_us,
                                     event->lab_us, what, sizeof(what));
        }
        snprintf(of->waiting_for, sizeof(of->waiting_for), "%s%.270s",
                 of->has_exit && !is_so ? "its commands ended with 0, not yet seen: " : "", what);
        if (!is_by_hand) {
            tg_run_fail_overdue(run, step, event, update);
        }
        return;
    }
    /* Whoever made it: a run that was killed has left what passes, and finds only what is there. */
    if (is_up && is_native && !of->is_passing_removed) {
        of->is_passing_removed = true;
        if (tg_run_items_add_passing(run, step)) {
            tg_run_enter(run, step, TG_RUN_MAKING, event, update);
            return;
        }
    }
    bool is_changed = is_native ? is_anything_changed(run, step) : of->is_commanded;
    tg_run_enter(run, step, is_changed ? TG_RUN_DONE : TG_RUN_SATISFIED, event, update);
}

/* ---- things ---- */

/* Some records are left for what ends within the same update. */
static bool has_room(const struct tg_run_update *update)
{
    return update->records_count < TG_RUN_RECORDS_MAX - 4;
}

static void announce(struct tg_run *run, const struct tg_run_event *event,
                     struct tg_run_update *update)
{
    size_t asked = 0;
    for (size_t i = 0; i < run->items_count; i++) {
        asked += run->items[i].state == TG_RUN_ITEM_ASKED ? 1 : 0;
    }
    for (size_t i = 0; i < run->items_count; i++) {
        struct tg_run_item *item = &run->items[i];
        if (item->state != TG_RUN_ITEM_WAITING || run->steps[item->step].state != TG_RUN_MAKING ||
            event->lab_us < item->retry_lab_us || !tg_run_items_is_turn(run, item)) {
            continue;
        }
        int target = tg_run_items_target(run, item, event->model);
        if (target == -2) {
            item->state = TG_RUN_ITEM_DONE;
            item->ensured = TG_ENSURED_ABSENT;
            update->is_changed = true;
        } else if (target == -1) {
            tg_str_copy(item->progress, sizeof(item->progress), "its server is not watched yet");
        } else if (asked < ASKED_MAX && has_room(update)) {
            item->progress[0] = '\0';
            write_intent(run, item, event, update);
            asked++;
        }
    }
}

static void ask(struct tg_run *run, const struct tg_run_event *event, struct tg_run_update *update)
{
    for (size_t i = 0; i < run->items_count && update->calls_count < TG_RUN_CALLS_MAX; i++) {
        struct tg_run_item *item = &run->items[i];
        if (item->state != TG_RUN_ITEM_INTENT) {
            continue;
        }
        struct tg_err err = TG_ERR_INIT;
        int target = tg_run_items_target(run, item, event->model);
        struct tg_call *call =
            target >= 0 ? tg_run_items_call(run, item, target, event->model, &err) : NULL;
        if (call != NULL) {
            item->state = TG_RUN_ITEM_ASKED;
            item->call = call->id;
            update->calls[update->calls_count++] = call;
        } else {
            item->err = err;
            item->retry_lab_us = event->lab_us + TG_US_PER_S;
            item->state = tg_code_is_transient(err.code) || err.code == TG_CODE_NONE
                              ? TG_RUN_ITEM_WAITING
                              : TG_RUN_ITEM_FAILED;
        }
        update->is_changed = true;
    }
}

static void take_message(struct tg_run *run, const struct tg_run_event *event,
                         struct tg_run_update *update)
{
    if (event->msg->kind == TG_MSG_TOOL_LINE || event->msg->kind == TG_MSG_TOOL_ENDED) {
        tg_run_tool_take(run, event, update);
        return;
    }
    if (tg_survey_take(run, event->msg)) {
        return;
    }
    uint64_t id = event->msg->kind == TG_MSG_CALL_PROGRESS ? event->msg->as.progress.call_id
                                                           : event->msg->as.call.call_id;
    for (size_t i = 0; i < run->items_count; i++) {
        if (run->items[i].call == id && id != 0) {
            tg_run_items_answer(run, &run->items[i], event);
            update->is_changed = true;
            return;
        }
    }
}

/* ---- the whole ---- */

static void close_run(struct tg_run *run, const struct tg_run_event *event,
                      struct tg_run_update *update)
{
    run->is_over = true;
    update->is_changed = true;
    tg_run_emit(run, update, TG_RECORD_CLOSE,
                tg_record_new("good", 'd', (int64_t)tg_run_is_good(run), "aborted", 'd',
                              (int64_t)run->is_aborted, "lab_us", 'd', event->lab_us, NULL));
}

/* Controllers resurrect what was removed: what is there a while later is told. */
static void rescan(struct tg_run *run, const struct tg_run_event *event,
                   struct tg_run_update *update)
{
    if (run->rescan_lab_us == 0) {
        run->rescan_lab_us = event->lab_us + run->config.rescan_us;
        update->is_changed = true;
        return;
    }
    if (event->lab_us < run->rescan_lab_us) {
        return;
    }
    bool has_new = false;
    run->has_left_behind = false;
    for (size_t i = 0; i < run->config.lab->steps_count; i++) {
        if (run->steps[i].state == TG_RUN_SKIPPED) {
            continue;
        }
        has_new = (run->config.mode == TG_RUN_NATIVE &&
                   tg_run_items_add_leftovers(run, (int)i, event->model) > 0) ||
                  has_new;
        run->has_left_behind =
            run->has_left_behind || !tg_run_is_seen_gone(run, (int)i, &event->statuses[i]);
        if (has_new) {
            run->steps[i].state = TG_RUN_MAKING;
            run->rescan_lab_us = 0;
            tg_survey_free(run->survey); /* its answers are of before */
            run->survey = NULL;
            return;
        }
    }
    bool is_settled = !run->has_left_behind || event->lab_us > run->rescan_lab_us + RESCAN_TAKES_US;
    if (is_settled && tg_survey_is_over(run, event, update)) {
        run->has_left_behind = tg_survey_conclude(run, event) || run->has_left_behind;
        close_run(run, event, update);
    }
}

static void advance(struct tg_run *run, int step, const struct tg_run_event *event,
                    struct tg_run_update *update)
{
    switch (run->steps[step].state) {
    case TG_RUN_PENDING:
        if (!run->is_aborted) {
            consider(run, step, event, update);
        }
        break;
    case TG_RUN_MAKING:
        if (run->config.mode == TG_RUN_NATIVE) {
            advance_making(run, step, event, update);
        } else {
            tg_run_tool_advance(run, step, event, update);
        }
        break;
    case TG_RUN_WAITING:
        advance_waiting(run, step, event, update);
        break;
    default:
        break;
    }
}

/* Beside a thing that failed another may be under way, which is followed to its end: else nobody
 * would know what became of it. */
static bool is_any_under_way(const struct tg_run *run, const struct tg_run_event *event)
{
    if (run->config.mode != TG_RUN_NATIVE) {
        return false; /* with the program that asked, nobody is left to tell of the answer */
    }
    for (size_t i = 0; i < run->items_count; i++) {
        const struct tg_run_item *item = &run->items[i];
        int64_t limit_us = (int64_t)run->config.lab->steps[item->step].timeout_s * TG_US_PER_S;
        if (item->state == TG_RUN_ITEM_ASKED && !item->is_removal &&
            run->steps[item->step].state == TG_RUN_FAILED &&
            event->lab_us - item->started_lab_us < limit_us) {
            return true;
        }
    }
    return false;
}

static void schedule(struct tg_run *run, const struct tg_run_event *event,
                     struct tg_run_update *update)
{
    bool is_running = false;
    int count = (int)run->config.lab->steps_count;
    for (int i = 0; i < count; i++) {
        int step = run->config.direction == TG_RUN_UP ? i : count - 1 - i;
        enum tg_run_state before;
        do {
            before = run->steps[step].state;
            advance(run, step, event, update);
        } while (has_room(update) && run->steps[step].state != before &&
                 !is_ended(run->steps[step].state));
        is_running = is_running || !is_ended(run->steps[step].state);
        if (!has_room(update)) {
            return; /* the rest when these are durable */
        }
    }
    is_running = is_running || is_any_under_way(run, event);
    if (run->is_aborted) {
        if (run->tool.state == TG_RUN_TOOL_IDLE) {
            close_run(run, event, update);
        }
    } else if (is_running) {
        if (run->config.mode == TG_RUN_NATIVE) {
            announce(run, event, update);
        }
    } else if (run->config.direction == TG_RUN_DOWN) {
        rescan(run, event, update);
    } else {
        close_run(run, event, update);
    }
}

static void abort_run(struct tg_run *run, const struct tg_run_event *event,
                      struct tg_run_update *update)
{
    run->is_aborted = true;
    tg_run_tool_stop(run, event, update);
    for (size_t i = 0; i < run->items_count && update->calls_count < TG_RUN_CALLS_MAX; i++) {
        struct tg_run_item *item = &run->items[i];
        if (item->state == TG_RUN_ITEM_INTENT) {
            item->state = TG_RUN_ITEM_WAITING;
        }
    }
}

void tg_run_step(struct tg_run *run, const struct tg_run_event *event, struct tg_run_update *update)
{
    update->wake_lab_us = TG_TIME_NEVER;
    if (run->is_over && event->kind != TG_RUN_EVENT_JOURNALLED) {
        return;
    }
    switch (event->kind) {
    case TG_RUN_EVENT_TICK:
        break;
    case TG_RUN_EVENT_MSG:
        take_message(run, event, update);
        break;
    case TG_RUN_EVENT_JOURNALLED:
        run->is_waiting_for_journal = false;
        if (event->err.code != TG_CODE_NONE && !run->is_over) {
            /* What cannot be written down is not done. */
            run->err = event->err;
            run->is_over = true;
            update->is_changed = true;
            return;
        }
        break;
    case TG_RUN_EVENT_STOCKOUT:
        run->config.on_stockout = event->on_stockout;
        tg_run_items_choose_stockout(run, event);
        update->is_changed = true;
        break;
    case TG_RUN_EVENT_TRY_NOW:
        tg_run_items_try_now(run, event);
        update->is_changed = true;
        break;
    case TG_RUN_EVENT_RETRY:
        tg_run_retry_failed(run, event);
        update->is_changed = true;
        break;
    case TG_RUN_EVENT_ABORT:
        abort_run(run, event, update);
        break;
    case TG_RUN_EVENT_REFUSED:
        tg_run_tool_refused(run, event);
        break;
    }
    if (run->is_waiting_for_journal || run->is_over) {
        return;
    }
    if (run->started_lab_us == 0) {
        write_plan(run, event, update);
        return;
    }
    if (run->config.mode == TG_RUN_NATIVE) {
        ask(run, event, update);
    } else {
        tg_run_tool_ask(run, event, update);
    }
    if (update->calls_count == 0) {
        schedule(run, event, update);
    }
    update->wake_lab_us = event->lab_us + TG_US_PER_S;
}

bool tg_run_is_good(const struct tg_run *run)
{
    bool is_good = !run->is_aborted && run->err.code == TG_CODE_NONE && !run->has_left_behind &&
                   tg_survey_verdict(run) != TG_SURVEY_UNREAD;
    for (size_t i = 0; i < run->config.lab->steps_count; i++) {
        enum tg_run_state state = run->steps[i].state;
        is_good = is_good &&
                  (state == TG_RUN_DONE || state == TG_RUN_SATISFIED || state == TG_RUN_SKIPPED);
    }
    return is_good;
}
