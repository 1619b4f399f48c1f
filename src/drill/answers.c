/* drill/answers.c - what answers and acknowledgements mean for the drill. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "base/str.h"
#include "drill/access.h"
#include "drill/steps.h"

#define RETRY_FIRST_US (1 * TG_US_PER_S)
#define RETRY_MAX_US   (15 * TG_US_PER_S)
#define CONFLICTS_MAX  5

static void notice(struct tg_drill *drill, const char *text)
{
    struct drill_machine *machine = tg_machine(drill);
    tg_str_copy(machine->pending_notice, sizeof(machine->pending_notice), text);
}

/* The same step again after a while; a restore never gives up by itself. */
static void try_again(struct tg_drill *drill, const struct tg_drill_event *event,
                      enum drill_step step)
{
    struct drill_machine *machine = tg_machine(drill);
    int64_t wait_us = RETRY_FIRST_US << (machine->retries < 5 ? machine->retries : 5);
    machine->retries++;
    machine->step = step;
    machine->retry_at_us = event->at_us + (wait_us < RETRY_MAX_US ? wait_us : RETRY_MAX_US);
    snprintf(drill->waiting_for, sizeof(drill->waiting_for), _("another try: %.120s"),
             drill->last_err.msg);
}

static void stop_early(struct tg_drill *drill, const struct tg_drill_event *event, const char *why)
{
    drill->is_aborted = true;
    tg_str_copy(drill->abort_reason, sizeof(drill->abort_reason), why);
    tg_steps_enter(drill, TG_DRILL_RESTORE, STEP_DELETE_PROBE, event->lab_us);
}

static void needs_restore(struct tg_drill *drill, const struct tg_drill_event *event,
                          const char *why)
{
    drill->state = TG_DRILL_NEEDS_RESTORE;
    drill->entered_lab_us[TG_DRILL_NEEDS_RESTORE] = event->lab_us;
    tg_str_copy(drill->waiting_for, sizeof(drill->waiting_for), why);
    notice(drill, why);
    try_again(drill, event, STEP_READ_BEFORE_RESTORE);
    tg_str_copy(drill->waiting_for, sizeof(drill->waiting_for), why);
}

static void answer_access(struct tg_drill *drill, const struct tg_drill_event *event)
{
    struct drill_machine *machine = tg_machine(drill);
    const char *right = tg_access_name(machine->access_index);
    bool is_allowed = event->msg->as.call.is_allowed && drill->last_err.code == TG_CODE_NONE;
    tg_preflight_add(drill, is_allowed ? TG_FINDING_PASS : TG_FINDING_FAIL, N_("permission"),
                     drill->last_err.code != TG_CODE_NONE ? drill->last_err.msg : right);
    machine->access_index++;
    if (!is_allowed) {
        tg_steps_enter(drill, TG_DRILL_DONE, STEP_OVER, event->lab_us);
        notice(drill, "preflight refuses the drill; nothing was changed");
    }
}

static void answer_probe(struct tg_drill *drill, const struct tg_drill_event *event)
{
    bool is_there =
        drill->last_err.code == TG_CODE_NONE || drill->last_err.code == TG_CODE_CONFLICT;
    if (is_there) {
        tg_machine(drill)->step = STEP_WAIT_PROBE;
    } else if (tg_machine(drill)->is_reopened) {
        try_again(drill, event, STEP_CREATE_PROBE);
    } else {
        stop_early(drill, event, "the probe Pod cannot be created");
    }
}

static void remember(struct tg_drill *drill, const struct tg_obj *obj)
{
    tg_str_copy(tg_machine(drill)->resource_version, sizeof(tg_machine(drill)->resource_version),
                obj->resource_version);
}

static void answer_target(struct tg_drill *drill, const struct tg_drill_event *event)
{
    const struct tg_obj *obj = event->msg->as.call.obj;
    if (drill->last_err.code != TG_CODE_NONE || obj == NULL) {
        stop_early(drill, event, "the Deployment cannot be read");
        return;
    }
    if (obj->as.deployment.replicas_desired < 1 || *obj->as.deployment.drill != '\0') {
        stop_early(drill, event, "somebody else changed the Deployment");
        return;
    }
    remember(drill, obj);
    drill->original_replicas = obj->as.deployment.replicas_desired;
    tg_str_copy(drill->deployment_uid, sizeof(drill->deployment_uid), obj->uid);
    tg_machine(drill)->step = STEP_WRITE_INTENT;
}

/* An unknown outcome (no answer) is treated as if it had happened: reading before restoring
 * decides. */
static void answer_scale_down(struct tg_drill *drill, const struct tg_drill_event *event)
{
    struct drill_machine *machine = tg_machine(drill);
    switch (drill->last_err.code) {
    case TG_CODE_NONE:
        drill->trace.fault_acked_us = event->lab_us;
        tg_steps_enter(drill, TG_DRILL_OBSERVE, STEP_HOLD, event->lab_us);
        notice(drill, "the region is scaled to zero");
        break;
    case TG_CODE_CONFLICT:
        if (machine->conflicts++ == 0) {
            drill->is_fault_held = false;
            drill->trace.fault_sent_us = 0;
            machine->step = STEP_READ_TARGET;
            break;
        }
        drill->is_fault_held = false;
        drill->trace.fault_sent_us = 0;
        stop_early(drill, event, "somebody else keeps changing the Deployment");
        break;
    case TG_CODE_FORBIDDEN:
    case TG_CODE_UNAUTHORIZED:
    case TG_CODE_INVALID:
    case TG_CODE_NOT_FOUND:
        drill->is_fault_held = false;
        drill->trace.fault_sent_us = 0;
        stop_early(drill, event, drill->last_err.msg);
        break;
    default:
        drill->is_aborted = true;
        tg_str_copy(drill->abort_reason, sizeof(drill->abort_reason),
                    "no answer to the scaling: it may have happened");
        drill->trace.fault_acked_us = event->lab_us;
        tg_steps_enter(drill, TG_DRILL_RESTORE, STEP_READ_BEFORE_RESTORE, event->lab_us);
        break;
    }
}

static void settle(struct tg_drill *drill, const struct tg_drill_event *event)
{
    struct drill_machine *machine = tg_machine(drill);
    if (drill->trace.restore_acked_us == 0) {
        drill->trace.restore_acked_us = event->lab_us;
        tg_probe_served(drill, drill->trace.served_restore);
    }
    if (drill->trace.restore_sent_us == 0) {
        drill->trace.restore_sent_us = event->lab_us;
    }
    /* A drill taken up after a restart has no probe of its own any more: a new one proves the
     * restore. */
    if (machine->is_reopened && machine->boot[0] == '\0') {
        size_t len = strlen(machine->probe_name);
        if (len > 2 && strcmp(machine->probe_name + len - 2, "-r") != 0) {
            snprintf(machine->probe_name + len, sizeof(machine->probe_name) - len, "-r");
        }
        tg_steps_enter(drill, TG_DRILL_SETTLE, STEP_CREATE_PROBE, event->lab_us);
    } else {
        tg_steps_enter(drill, TG_DRILL_SETTLE, STEP_VERIFY, event->lab_us);
    }
}

/* A Deployment that somebody made anew meanwhile is the drill's to put right when it carries the
 * drill's own mark (it was made from what was there), and nobody's when it stands as before the
 * drill. Any other is somebody's decision. */
static bool is_taken_up(struct tg_drill *drill, const struct tg_obj *obj)
{
    const struct tg_deployment *now = &obj->as.deployment;
    bool is_marked = tg_str_eq(now->drill, drill->config.id);
    bool is_as_before = now->replicas_desired == drill->original_replicas && *now->drill == '\0';
    if (!is_marked && !is_as_before) {
        return false;
    }
    tg_str_copy(drill->deployment_uid, sizeof(drill->deployment_uid), obj->uid);
    return true;
}

/* Convergence: back to the recorded value, unless somebody else decided otherwise since. */
static void answer_before_restore(struct tg_drill *drill, const struct tg_drill_event *event)
{
    const struct tg_obj *obj = event->msg->as.call.obj;
    if (drill->last_err.code == TG_CODE_NOT_FOUND) {
        needs_restore(drill, event, "the Deployment is gone");
        return;
    }
    if (drill->last_err.code != TG_CODE_NONE || obj == NULL) {
        try_again(drill, event, STEP_READ_BEFORE_RESTORE);
        return;
    }
    const struct tg_deployment *now = &obj->as.deployment;
    remember(drill, obj);
    if (!tg_str_eq(obj->uid, drill->deployment_uid) && !is_taken_up(drill, obj)) {
        needs_restore(drill, event, "the Deployment was made anew by somebody else");
    } else if (now->replicas_desired == drill->original_replicas && *now->drill == '\0') {
        settle(drill, event);
    } else if (now->replicas_desired == 0 || now->replicas_desired == drill->original_replicas) {
        drill->state = TG_DRILL_RESTORE;
        tg_machine(drill)->step = STEP_WRITE_RESTORE_INTENT;
    } else {
        needs_restore(drill, event, "somebody else set other replicas; not overwritten");
    }
}

static void answer_scale_up(struct tg_drill *drill, const struct tg_drill_event *event)
{
    if (drill->last_err.code == TG_CODE_NONE) {
        notice(drill, "the replicas are restored");
        settle(drill, event);
    } else {
        try_again(drill, event, STEP_READ_BEFORE_RESTORE);
    }
}

void tg_steps_answer(struct tg_drill *drill, const struct tg_drill_event *event)
{
    drill->last_err = event->msg->as.call.err;
    switch (tg_machine(drill)->step) {
    case STEP_CHECK_ACCESS:
        answer_access(drill, event);
        break;
    case STEP_CREATE_PROBE:
        answer_probe(drill, event);
        break;
    case STEP_READ_TARGET:
        answer_target(drill, event);
        break;
    case STEP_SCALE_DOWN:
        answer_scale_down(drill, event);
        break;
    case STEP_READ_BEFORE_RESTORE:
        answer_before_restore(drill, event);
        break;
    case STEP_SCALE_UP:
        answer_scale_up(drill, event);
        break;
    case STEP_DELETE_PROBE:
        /* A probe that cannot be deleted ends by its own deadline. */
        tg_machine(drill)->step = STEP_WRITE_CLOSE;
        break;
    default:
        break;
    }
}

/* ---- the journal ---- */

void tg_steps_journalled(struct tg_drill *drill, const struct tg_drill_event *event)
{
    struct drill_machine *machine = tg_machine(drill);
    bool is_durable = event->err.code == TG_CODE_NONE;
    switch (machine->step) {
    case STEP_WRITE_PLAN:
        if (is_durable && drill->is_aborted) {
            tg_steps_enter(drill, TG_DRILL_RESTORE, STEP_WRITE_CLOSE, event->lab_us);
        } else if (is_durable) {
            tg_steps_enter(drill, TG_DRILL_BASELINE, STEP_CREATE_PROBE, event->lab_us);
        } else {
            drill->last_err = event->err;
            tg_steps_enter(drill, TG_DRILL_DONE, STEP_OVER, event->lab_us);
        }
        break;
    case STEP_WRITE_INTENT:
        if (drill->is_aborted) {
            tg_steps_enter(drill, TG_DRILL_RESTORE, STEP_DELETE_PROBE, event->lab_us);
        } else if (is_durable) {
            machine->step = STEP_SCALE_DOWN;
        } else {
            stop_early(drill, event, "the journal cannot be written");
        }
        break;
    case STEP_WRITE_RESTORE_INTENT:
        /* Safety beats record: a restore goes on without the journal. */
        machine->step = STEP_SCALE_UP;
        break;
    case STEP_WRITE_VERIFY:
        drill->is_fault_held = false;
        machine->step = STEP_DELETE_PROBE;
        notice(drill, "the restore is verified by traffic");
        break;
    case STEP_WRITE_CLOSE:
        drill->is_fault_held = false;
        tg_steps_enter(drill, TG_DRILL_DONE, STEP_OVER, event->lab_us);
        notice(drill, "the drill is closed");
        break;
    default:
        break;
    }
}

void tg_steps_abort(struct tg_drill *drill, const struct tg_drill_event *event)
{
    struct drill_machine *machine = tg_machine(drill);
    switch (machine->step) {
    case STEP_CHECK_ACCESS:
    case STEP_WRITE_PLAN:
        if (!machine->is_waiting_for_journal) {
            tg_steps_enter(drill, TG_DRILL_DONE, STEP_OVER, event->lab_us);
            machine->call = 0;
        }
        break;
    case STEP_CREATE_PROBE:
    case STEP_WAIT_PROBE:
    case STEP_MEASURE_BASELINE:
    case STEP_COUNT_ANSWERS:
    case STEP_READ_TARGET:
        machine->call = 0;
        tg_steps_enter(drill, TG_DRILL_RESTORE, STEP_DELETE_PROBE, event->lab_us);
        break;
    case STEP_HOLD:
        tg_steps_enter(drill, TG_DRILL_RESTORE, STEP_READ_BEFORE_RESTORE, event->lab_us);
        break;
    default:
        break; /* a call that changes something is under way, or it is being restored already */
    }
}
