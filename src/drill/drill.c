/* drill/drill.c - the drill's life: making, reopening, and what each event means. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "drill/drill.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/clock.h"
#include "base/i18n.h"
#include "base/mem.h"
#include "base/str.h"
#include "drill/machine.h"
#include "drill/steps.h"
#include "plan/record.h"

struct tg_drill_config tg_drill_config_default(void)
{
    return (struct tg_drill_config){
        .kind = "scale0",
        .target = -1,
        .client_target = -1,
        .baseline_us = 30 * TG_US_PER_S,
        .observe_us = 90 * TG_US_PER_S,
        .held_max_us = 180 * TG_US_PER_S,
        .restore_max_us = 30 * 60 * TG_US_PER_S,
        .probe_interval_ms = 470,
        .probe_timeout_ms = 5000,
        .slots_in_a_row = 10,
        .recovery_target_us = 60 * TG_US_PER_S,
        .availability_target = 0.80,
    };
}

static const char *copy(const char *text)
{
    return tg_strdup(text != NULL ? text : "");
}

static struct tg_drill *new_drill(const struct tg_drill_config *config, uint64_t *next_call_id)
{
    struct tg_drill *drill = TG_NEW(struct tg_drill);
    struct drill_machine *machine = TG_NEW(struct drill_machine);
    drill->machine = machine;
    drill->config = *config;
    drill->config.id = copy(config->id);
    drill->config.kind = copy(config->kind);
    drill->config.ns = copy(config->ns);
    drill->config.deployment = copy(config->deployment);
    drill->config.app_label = copy(config->app_label);
    drill->config.gateway_address = copy(config->gateway_address);
    drill->config.model = copy(config->model);
    drill->trace.interval_us = (int64_t)config->probe_interval_ms * 1000;
    for (int side = 0; side < 2; side++) {
        drill->trace.served_start[side] = drill->trace.served_fault[side] = -1;
        drill->trace.served_restore[side] = drill->trace.served_restored[side] = -1;
        drill->trace.served_end[side] = -1;
    }
    machine->next_call_id = next_call_id;
    snprintf(machine->probe_name, sizeof(machine->probe_name), "tidegate-probe-%s",
             drill->config.id);
    drill->score.verdict = TG_VERDICT_OPEN;
    return drill;
}

struct tg_drill *tg_drill_new(const struct tg_drill_config *config, uint64_t *next_call_id)
{
    tg_assert(config->target >= 0 && config->client_target >= 0);
    return new_drill(config, next_call_id);
}

void tg_drill_free(struct tg_drill *drill)
{
    if (drill == NULL) {
        return;
    }
    free((void *)(uintptr_t)drill->config.id);
    free((void *)(uintptr_t)drill->config.kind);
    free((void *)(uintptr_t)drill->config.ns);
    free((void *)(uintptr_t)drill->config.deployment);
    free((void *)(uintptr_t)drill->config.app_label);
    free((void *)(uintptr_t)drill->config.gateway_address);
    free((void *)(uintptr_t)drill->config.model);
    free(drill->trace.slots);
    free(drill->machine);
    free(drill);
}

/* What the PLAN says; false when it does not say enough. */
static bool read_plan(const char *payload, struct tg_drill_config *config, char texts[6][256])
{
    static const char *const keys[] = {"ns", "deployment", "app_label", "gateway_address", "model"};
    for (int i = 0; i < 5; i++) {
        if (!tg_record_get_text(payload, keys[i], texts[i], 256)) {
            return false;
        }
    }
    config->ns = texts[0];
    config->deployment = texts[1];
    config->app_label = texts[2];
    config->gateway_address = texts[3];
    config->model = texts[4];
    return true;
}

/* An INTENT to scale down, with or without its RESULT, means: maybe it happened. The world decides.
 */
static void read_intent(struct tg_drill *drill, const char *payload)
{
    char what[32];
    int64_t replicas = 0;
    int64_t lab_us = 0;
    if (!tg_record_get_text(payload, "what", what, sizeof(what)) ||
        !tg_str_eq(what, "scale_down") ||
        !tg_record_get_int(payload, "original_replicas", &replicas)) {
        return;
    }
    (void)tg_record_get_text(payload, "uid", drill->deployment_uid, sizeof(drill->deployment_uid));
    (void)tg_record_get_int(payload, "lab_us", &lab_us);
    drill->original_replicas = (int)replicas;
    drill->trace.fault_sent_us = lab_us;
    drill->trace.fault_acked_us = lab_us;
    drill->is_fault_held = true;
}

struct tg_drill *tg_drill_reopen(const struct tg_record *records, size_t count,
                                 const struct tg_drill_config *config, uint64_t *next_call_id,
                                 struct tg_err *err)
{
    char texts[6][256];
    struct tg_drill_config planned = *config;
    bool has_plan = false;
    for (size_t i = 0; i < count && !has_plan; i++) {
        has_plan =
            records[i].kind == TG_RECORD_PLAN && read_plan(records[i].payload, &planned, texts);
    }
    if (!has_plan) {
        tg_err_set(err, TG_CODE_PROTOCOL, 0, "the open drill's plan cannot be read");
        return NULL;
    }
    planned.id = records[0].run_id;
    struct tg_drill *drill = new_drill(&planned, next_call_id);
    struct drill_machine *machine = tg_machine(drill);
    for (size_t i = 0; i < count; i++) {
        if (records[i].kind == TG_RECORD_INTENT) {
            read_intent(drill, records[i].payload);
        } else if (records[i].kind == TG_RECORD_VERIFY) {
            machine->has_verified = true;
        }
    }
    machine->is_reopened = true;
    drill->is_aborted = true;
    tg_str_copy(drill->abort_reason, sizeof(drill->abort_reason), "interrupted");
    if (drill->is_fault_held && !machine->has_verified) {
        tg_steps_enter(drill, TG_DRILL_RESTORE, STEP_READ_BEFORE_RESTORE, 0);
    } else {
        drill->is_fault_held = false;
        tg_steps_enter(drill, TG_DRILL_RESTORE, STEP_DELETE_PROBE, 0);
    }
    return drill;
}

void tg_drill_update_fini(struct tg_drill_update *update)
{
    for (size_t i = 0; i < update->calls_count; i++) {
        tg_call_free(update->calls[i]);
    }
    for (size_t i = 0; i < update->records_count; i++) {
        free(update->records[i].run_id);
        free(update->records[i].payload);
    }
    update->calls_count = 0;
    update->records_count = 0;
}

bool tg_drill_is_over(const struct tg_drill *drill)
{
    return drill->state == TG_DRILL_DONE;
}

bool tg_drill_holds_fault(const struct tg_drill *drill)
{
    return drill->is_fault_held;
}

const char *tg_drill_state_name(enum tg_drill_state state)
{
    static const char *const names[] = {N_("preflight"), N_("baseline"),     N_("inject"),
                                        N_("observe"),   N_("restore"),      N_("settle"),
                                        N_("done"),      N_("needs restore")};
    tg_assert((size_t)state < TG_COUNT(names));
    return names[state];
}

/* ---- events ---- */

static void take_abort(struct tg_drill *drill, const struct tg_drill_event *event)
{
    if (drill->is_aborted || drill->state == TG_DRILL_DONE) {
        return;
    }
    drill->is_aborted = true;
    tg_str_copy(drill->abort_reason, sizeof(drill->abort_reason),
                event->reason != NULL ? event->reason : "");
    tg_steps_abort(drill, event);
}

static void take_answer(struct tg_drill *drill, const struct tg_drill_event *event)
{
    struct drill_machine *machine = tg_machine(drill);
    uint64_t id = event->msg->as.call.call_id;
    if (id == machine->log_call && id != 0) {
        /* The log ended: the Pod did, or its node's log was cut. It is followed again while it
         * matters. */
        machine->log_call = 0;
        machine->follow_at_lab_us = event->lab_us + TG_US_PER_S;
    } else if (id == machine->call && id != 0) {
        machine->call = 0;
        tg_steps_answer(drill, event);
    }
}

void tg_drill_step(struct tg_drill *drill, const struct tg_drill_event *event,
                   struct tg_drill_update *update)
{
    struct drill_machine *machine = tg_machine(drill);
    enum tg_drill_state before = drill->state;
    tg_probe_observe_model(drill, event);
    switch (event->kind) {
    case TG_DRILL_EVENT_TICK:
        break;
    case TG_DRILL_EVENT_ABORT:
        take_abort(drill, event);
        break;
    case TG_DRILL_EVENT_CALL_DONE:
        take_answer(drill, event);
        break;
    case TG_DRILL_EVENT_LOG_LINES:
        if (event->msg->as.log.call_id == machine->log_call && machine->log_call != 0) {
            machine->last_line_at_us = event->at_us;
            tg_probe_take_lines(drill, event->msg->as.log.text, event->msg->as.log.len,
                                event->lab_us);
        }
        break;
    case TG_DRILL_EVENT_JOURNALLED:
        if (machine->is_waiting_for_journal) {
            machine->is_waiting_for_journal = false;
            tg_steps_journalled(drill, event);
        }
        break;
    }
    tg_steps_advance(drill, event, update);
    drill->score =
        tg_score_trace(&drill->trace, drill->config.slots_in_a_row,
                       drill->config.recovery_target_us, drill->config.availability_target,
                       event->lab_us, drill->state == TG_DRILL_DONE, drill->is_aborted);
    update->is_state_changed = drill->state != before;
    update->is_scrape_wanted = machine->is_scrape_wanted;
    update->is_balancer_wanted = machine->is_balancer_wanted;
    machine->is_scrape_wanted = false;
    machine->is_balancer_wanted = false;
    if (machine->pending_notice[0] != '\0') {
        tg_str_copy(update->notice, sizeof(update->notice), machine->pending_notice);
        machine->pending_notice[0] = '\0';
        update->notice_severity =
            drill->state == TG_DRILL_NEEDS_RESTORE ? TG_SEVERITY_FAIL : TG_SEVERITY_INFO;
    }
    update->wake_lab_us =
        drill->state == TG_DRILL_DONE ? TG_TIME_NEVER : event->lab_us + TG_US_PER_S;
}
