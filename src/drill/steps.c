/* drill/steps.c - emitting: calls, records, and the passing of time. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "drill/steps.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/clock.h"
#include "base/i18n.h"
#include "base/mem.h"
#include "base/str.h"
#include "drill/access.h"
#include "plan/record.h"

#define BLIND_FOLLOW_US    (12 * TG_US_PER_S) /* no line for so long: follow the log again */
#define BLIND_STOP_US      (45 * TG_US_PER_S) /* no line for so long: no data is a reason to stop */
#define STALL_US           (3 * TG_US_PER_S)  /* of our time */
#define PROBE_START_MAX_US (300 * TG_US_PER_S)
#define AFTER_US           (20 * TG_US_PER_S) /* measured after the proof, for the comparison */
#define COUNT_MAX_US       TG_US_PER_S        /* longest wait for the replicas' counters */

void tg_steps_enter(struct tg_drill *drill, enum tg_drill_state state, enum drill_step step,
                    int64_t lab_us)
{
    struct drill_machine *machine = tg_machine(drill);
    if (drill->state != state || drill->entered_lab_us[state] == 0) {
        drill->entered_lab_us[state] = lab_us;
    }
    drill->state = state;
    machine->step = step;
    machine->retry_at_us = 0;
    machine->retries = 0;
}

/* ---- emitting ---- */

static struct tg_call *emit_call(struct tg_drill *drill, struct tg_drill_update *update,
                                 enum tg_call_kind kind, int target)
{
    struct drill_machine *machine = tg_machine(drill);
    tg_assert(update->calls_count < TG_DRILL_CALLS_MAX);
    struct tg_call *call = tg_call_new(kind, target);
    call->id = (*machine->next_call_id)++;
    call->ns = tg_strdup(drill->config.ns);
    update->calls[update->calls_count++] = call;
    return call;
}

/* The one call whose answer the machine waits for. */
static struct tg_call *emit_awaited(struct tg_drill *drill, struct tg_drill_update *update,
                                    enum tg_call_kind kind, int target)
{
    struct tg_call *call = emit_call(drill, update, kind, target);
    tg_machine(drill)->call = call->id;
    return call;
}

static void emit_record(struct tg_drill *drill, struct tg_drill_update *update,
                        enum tg_record_kind kind, char *payload)
{
    tg_assert(update->records_count < TG_DRILL_RECORDS_MAX);
    update->records[update->records_count++] =
        (struct tg_record){kind, tg_strdup(drill->config.id), payload};
    tg_machine(drill)->is_waiting_for_journal = true;
}

static void write_plan(struct tg_drill *drill, const struct tg_drill_event *event,
                       struct tg_drill_update *update)
{
    const struct tg_drill_config *config = &drill->config;
    struct drill_machine *machine = tg_machine(drill);
    emit_record(drill, update, TG_RECORD_PLAN,
                tg_record_new("kind", 's', config->kind, "context", 's',
                              tg_model_target(event->model, config->target)->name, "client_context",
                              's', tg_model_target(event->model, config->client_target)->name, "ns",
                              's', config->ns, "deployment", 's', config->deployment, "app_label",
                              's', config->app_label, "gateway_address", 's',
                              config->gateway_address, "model", 's', config->model, "probe", 's',
                              machine->probe_name, "lab_us", 'd', event->lab_us, NULL));
}

static void create_probe(struct tg_drill *drill, struct tg_drill_update *update)
{
    const struct tg_drill_config *config = &drill->config;
    struct tg_call *call = emit_awaited(drill, update, TG_CALL_CREATE_PROBE, config->client_target);
    int64_t lifetime_us =
        config->baseline_us + config->held_max_us + config->restore_max_us + 600 * TG_US_PER_S;
    call->name = tg_strdup(tg_machine(drill)->probe_name);
    call->drill_id = tg_strdup(config->id);
    call->probe_target = tg_asprintf("http://%s/v1/chat/completions", config->gateway_address);
    call->probe_model = tg_strdup(config->model);
    call->probe_interval_ms = config->probe_interval_ms;
    call->probe_timeout_ms = config->probe_timeout_ms;
    call->probe_lifetime_s = lifetime_us / TG_US_PER_S;
}

static void follow_log(struct tg_drill *drill, const struct tg_drill_event *event,
                       struct tg_drill_update *update)
{
    struct drill_machine *machine = tg_machine(drill);
    struct tg_call *call =
        emit_call(drill, update, TG_CALL_FOLLOW_LOG, drill->config.client_target);
    call->name = tg_strdup(machine->probe_name);
    call->container = tg_strdup("probe");
    machine->log_call = call->id;
    machine->last_line_lab_us = event->lab_us;
    machine->last_line_at_us = event->at_us;
}

static void scale(struct tg_drill *drill, struct tg_drill_update *update, bool is_restore)
{
    struct tg_call *call = emit_awaited(drill, update, TG_CALL_SCALE, drill->config.target);
    call->name = tg_strdup(drill->config.deployment);
    call->uid = tg_strdup(drill->deployment_uid);
    call->resource_version = tg_strdup(tg_machine(drill)->resource_version);
    call->replicas = is_restore ? drill->original_replicas : 0;
    if (!is_restore) {
        call->drill_id = tg_strdup(drill->config.id);
        call->original_replicas = drill->original_replicas;
    }
}

static void read_deployment(struct tg_drill *drill, struct tg_drill_update *update)
{
    struct tg_call *call = emit_awaited(drill, update, TG_CALL_GET, drill->config.target);
    call->resource = TG_KIND_DEPLOYMENT;
    call->name = tg_strdup(drill->config.deployment);
}

static void write_intent(struct tg_drill *drill, const struct tg_drill_event *event,
                         struct tg_drill_update *update, const char *what)
{
    emit_record(drill, update, TG_RECORD_INTENT,
                tg_record_new("what", 's', what, "uid", 's', drill->deployment_uid,
                              "original_replicas", 'd', (int64_t)drill->original_replicas,
                              "resource_version", 's', tg_machine(drill)->resource_version,
                              "lab_us", 'd', event->lab_us, NULL));
}

/* ---- the passing of time ---- */

/* Where a phase ends, who answered in it is counted. A replica that is about to go takes its
 * counter with it, so the fault waits for the count; one that does not answer holds nothing up. */
static void ask_counters(struct tg_drill *drill, const struct tg_drill_event *event)
{
    tg_machine(drill)->is_scrape_wanted = true;
    tg_machine(drill)->scrape_asked_us = event->at_us;
}

static bool are_counted(struct tg_drill *drill, const struct tg_drill_event *event)
{
    int64_t asked_us = tg_machine(drill)->scrape_asked_us;
    return tg_probe_is_counted(event->model, asked_us) || event->at_us - asked_us > COUNT_MAX_US;
}

/* The restore never waits for a count: this one is read when the restore is acknowledged. */
static void begin_restore(struct tg_drill *drill, int64_t lab_us)
{
    tg_machine(drill)->is_scrape_wanted = true;
    tg_steps_enter(drill, TG_DRILL_RESTORE, STEP_READ_BEFORE_RESTORE, lab_us);
}

/* Stopping before anything was changed needs nothing but cleaning up. */
static void stop(struct tg_drill *drill, const char *why, int64_t lab_us)
{
    drill->is_aborted = true;
    tg_str_copy(drill->abort_reason, sizeof(drill->abort_reason), why);
    if (drill->is_fault_held) {
        begin_restore(drill, lab_us);
    } else {
        tg_steps_enter(drill, TG_DRILL_RESTORE, STEP_DELETE_PROBE, lab_us);
    }
}

static bool is_probe_running(const struct tg_drill *drill, const struct tg_model *model)
{
    const struct tg_target *client = tg_model_target(model, drill->config.client_target);
    const struct tg_obj *pod =
        tg_store_get(&client->kinds[TG_KIND_POD].store, drill->config.ns,
                     ((const struct drill_machine *)drill->machine)->probe_name);
    return pod != NULL && tg_str_eq(pod->as.pod.phase, "Running");
}

static void wait_for_probe(struct tg_drill *drill, const struct tg_drill_event *event,
                           struct tg_drill_update *update)
{
    tg_str_copy(drill->waiting_for, sizeof(drill->waiting_for), _("the probe Pod to run"));
    if (is_probe_running(drill, event->model)) {
        follow_log(drill, event, update);
        drill->entered_lab_us[TG_DRILL_BASELINE] = event->lab_us;
        if (tg_machine(drill)->is_reopened) {
            tg_machine(drill)->step = STEP_VERIFY;
        } else {
            tg_machine(drill)->step = STEP_MEASURE_BASELINE;
        }
    } else if (!tg_machine(drill)->is_reopened &&
               event->lab_us - drill->entered_lab_us[TG_DRILL_BASELINE] > PROBE_START_MAX_US) {
        stop(drill, "the probe Pod does not start", event->lab_us);
    }
}

/* How long no line came, in lab time. In a lab that runs fast a moment's stall of our own machine
 * is long: it is no silence of the probe. */
static int64_t silence_us(const struct drill_machine *machine, const struct tg_drill_event *event)
{
    return event->at_us - machine->last_line_at_us < STALL_US
               ? 0
               : event->lab_us - machine->last_line_lab_us;
}

/* The log is followed again when it ended or went silent; silence for long is a reason to stop. */
static void mind_probe(struct tg_drill *drill, const struct tg_drill_event *event,
                       struct tg_drill_update *update)
{
    struct drill_machine *machine = tg_machine(drill);
    int64_t silent_us = silence_us(machine, event);
    if (machine->log_call == 0 && event->lab_us >= machine->follow_at_lab_us &&
        is_probe_running(drill, event->model)) {
        int64_t kept_us = machine->last_line_lab_us;
        int64_t kept_at_us = machine->last_line_at_us;
        follow_log(drill, event, update);
        machine->last_line_lab_us = kept_us;
        machine->last_line_at_us = kept_at_us;
    } else if (machine->log_call != 0 && silent_us > BLIND_FOLLOW_US &&
               event->lab_us >= machine->follow_at_lab_us) {
        struct tg_call *call =
            emit_call(drill, update, TG_CALL_CANCEL, drill->config.client_target);
        call->cancel_id = machine->log_call;
        machine->log_call = 0;
        machine->follow_at_lab_us = event->lab_us + BLIND_FOLLOW_US;
    }
    bool is_measuring = machine->step == STEP_MEASURE_BASELINE || machine->step == STEP_HOLD;
    if (is_measuring && silent_us > BLIND_STOP_US) {
        stop(drill, "the probe went silent: no data is a reason to stop", event->lab_us);
    }
}

static void measure_baseline(struct tg_drill *drill, const struct tg_drill_event *event)
{
    int64_t from_us = drill->trace.baseline_from_us;
    tg_str_copy(drill->waiting_for, sizeof(drill->waiting_for), _("the baseline"));
    if (from_us == 0 || event->lab_us - from_us < drill->config.baseline_us) {
        return;
    }
    if (tg_probe_ok_in_a_row(drill) < drill->config.slots_in_a_row) {
        if (!tg_probe_has_failed(drill)) {
            return; /* nothing failed: the lines are still on their way, or silence ends it */
        }
        stop(drill, "requests fail already before the fault", event->lab_us);
        return;
    }
    ask_counters(drill, event);
    tg_steps_enter(drill, TG_DRILL_INJECT, STEP_COUNT_ANSWERS, event->lab_us);
}

static void hold(struct tg_drill *drill, const struct tg_drill_event *event)
{
    int64_t held_us = event->lab_us - drill->trace.fault_acked_us;
    snprintf(drill->waiting_for, sizeof(drill->waiting_for),
             _("the fault to have been held (%lld of %lld s)"), (long long)(held_us / TG_US_PER_S),
             (long long)(drill->config.observe_us / TG_US_PER_S));
    bool is_overdue = drill->score.has_failure && !drill->score.is_window_closed &&
                      held_us > drill->config.recovery_target_us + 30 * TG_US_PER_S;
    if (held_us >= drill->config.observe_us || held_us >= drill->config.held_max_us || is_overdue ||
        drill->is_aborted) {
        begin_restore(drill, event->lab_us);
    }
}

/* Some requests after the proof, counted at both ends: did traffic come home? */
static bool is_measured_after(struct tg_drill *drill, const struct tg_drill_event *event)
{
    struct drill_machine *machine = tg_machine(drill);
    tg_str_copy(drill->waiting_for, sizeof(drill->waiting_for),
                _("some more requests after the restore"));
    if (!machine->has_counted_restored && are_counted(drill, event)) {
        tg_probe_served(drill, drill->trace.served_restored);
        machine->has_counted_restored = true;
    }
    if (!machine->has_counted_restored || event->lab_us - drill->trace.restored_us < AFTER_US) {
        return false;
    }
    if (!machine->has_asked_end) {
        machine->has_asked_end = true;
        ask_counters(drill, event);
        return false;
    }
    return are_counted(drill, event);
}

static void verify(struct tg_drill *drill, const struct tg_drill_event *event)
{
    struct drill_machine *machine = tg_machine(drill);
    if (tg_restore_is_verified(drill, event->model, event->at_us)) {
        if (drill->trace.restored_us == 0) {
            drill->trace.restored_us = event->lab_us;
            ask_counters(drill, event);
        }
        if (is_measured_after(drill, event)) {
            tg_probe_served(drill, drill->trace.served_end);
            machine->step = STEP_WRITE_VERIFY;
        }
    } else if (drill->state == TG_DRILL_SETTLE &&
               event->lab_us - drill->entered_lab_us[TG_DRILL_SETTLE] >
                   drill->config.restore_max_us) {
        drill->state = TG_DRILL_NEEDS_RESTORE;
        drill->entered_lab_us[TG_DRILL_NEEDS_RESTORE] = event->lab_us;
        tg_str_copy(machine->pending_notice, sizeof(machine->pending_notice),
                    "the restore is not verified in time");
    }
}

static void preflight(struct tg_drill *drill, const struct tg_drill_event *event,
                      struct tg_drill_update *update)
{
    struct drill_machine *machine = tg_machine(drill);
    if (drill->entered_lab_us[TG_DRILL_PREFLIGHT] == 0) {
        drill->entered_lab_us[TG_DRILL_PREFLIGHT] = event->lab_us;
    }
    if (machine->access_index == 0) {
        drill->findings_count = 0;
        if (!tg_preflight_check(drill, event->model, event->at_us)) {
            tg_steps_enter(drill, TG_DRILL_DONE, STEP_OVER, event->lab_us);
            tg_str_copy(machine->pending_notice, sizeof(machine->pending_notice),
                        "preflight refuses the drill; nothing was changed");
            return;
        }
    }
    if (machine->access_index < tg_access_count()) {
        struct tg_call *call =
            emit_awaited(drill, update, TG_CALL_ACCESS_REVIEW,
                         tg_access_is_client(machine->access_index) ? drill->config.client_target
                                                                    : drill->config.target);
        tg_access_fill(machine->access_index, call);
        tg_str_copy(drill->waiting_for, sizeof(drill->waiting_for), _("access reviews"));
        return;
    }
    machine->step = STEP_WRITE_PLAN;
}

static void advance_write(struct tg_drill *drill, const struct tg_drill_event *event,
                          struct tg_drill_update *update)
{
    switch (tg_machine(drill)->step) {
    case STEP_WRITE_PLAN:
        write_plan(drill, event, update);
        break;
    case STEP_WRITE_INTENT:
        /* From here on it may have happened. */
        write_intent(drill, event, update, "scale_down");
        break;
    case STEP_WRITE_RESTORE_INTENT:
        write_intent(drill, event, update, "scale_up");
        break;
    case STEP_WRITE_VERIFY:
        emit_record(drill, update, TG_RECORD_VERIFY,
                    tg_record_new("lab_us", 'd', event->lab_us, NULL));
        break;
    case STEP_WRITE_CLOSE:
        emit_record(drill, update, TG_RECORD_CLOSE,
                    tg_record_new("aborted", 'd', (int64_t)drill->is_aborted, "reason", 's',
                                  drill->abort_reason, NULL));
        break;
    default:
        break;
    }
}

static void advance_call(struct tg_drill *drill, const struct tg_drill_event *event,
                         struct tg_drill_update *update)
{
    struct drill_machine *machine = tg_machine(drill);
    switch (machine->step) {
    case STEP_CREATE_PROBE:
        create_probe(drill, update);
        break;
    case STEP_READ_TARGET:
    case STEP_READ_BEFORE_RESTORE:
        read_deployment(drill, update);
        break;
    case STEP_SCALE_DOWN:
        drill->is_fault_held = true;
        drill->trace.fault_sent_us = event->lab_us;
        tg_probe_served(drill, drill->trace.served_fault);
        scale(drill, update, false);
        break;
    case STEP_SCALE_UP:
        if (drill->trace.restore_sent_us == 0) {
            drill->trace.restore_sent_us = event->lab_us;
        }
        scale(drill, update, true);
        break;
    case STEP_DELETE_PROBE: {
        struct tg_call *call =
            emit_awaited(drill, update, TG_CALL_DELETE_POD, drill->config.client_target);
        call->name = tg_strdup(machine->probe_name);
        if (machine->log_call != 0) {
            struct tg_call *end =
                emit_call(drill, update, TG_CALL_CANCEL, drill->config.client_target);
            end->cancel_id = machine->log_call;
            machine->log_call = 0;
        }
        break;
    }
    default:
        break;
    }
}

void tg_steps_advance(struct tg_drill *drill, const struct tg_drill_event *event,
                      struct tg_drill_update *update)
{
    struct drill_machine *machine = tg_machine(drill);
    bool is_following =
        machine->boot[0] != '\0' || machine->log_call != 0 || machine->follow_at_lab_us != 0;
    if (is_following && machine->step < STEP_DELETE_PROBE) {
        mind_probe(drill, event, update);
    }
    /* One step may complete the next at once; each waits for something in the end. */
    for (int turn = 0; turn < 4; turn++) {
        enum drill_step before = machine->step;
        if (machine->call != 0 || machine->is_waiting_for_journal ||
            event->at_us < machine->retry_at_us) {
            return;
        }
        switch (machine->step) {
        case STEP_CHECK_ACCESS:
            preflight(drill, event, update);
            break;
        case STEP_WAIT_PROBE:
            wait_for_probe(drill, event, update);
            break;
        case STEP_MEASURE_BASELINE:
            measure_baseline(drill, event);
            break;
        case STEP_COUNT_ANSWERS:
            if (are_counted(drill, event)) {
                machine->step = STEP_READ_TARGET;
            }
            break;
        case STEP_HOLD:
            hold(drill, event);
            break;
        case STEP_VERIFY:
            verify(drill, event);
            break;
        case STEP_OVER:
            return;
        default:
            advance_write(drill, event, update);
            advance_call(drill, event, update);
            break;
        }
        if (machine->step == before) {
            return;
        }
    }
}
