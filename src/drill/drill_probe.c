/* drill/drill_probe.c - the probe's log to slots on lab time (model notes B.5, B.6). */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "drill/machine.h"
#include "model/select.h"

#define CLOCK_GRAIN_US  25000 /* two readings of a clock of 10 ms, and rounding */
#define CURL_TIMED_OUT  28
#define BALANCER_ASK_US (250 * TG_US_PER_MS)

/* Number after "name=" in a line of blanks-separated pairs; false when it is not there. */
static bool number_of(const char *line, const char *name, int64_t *value)
{
    size_t len = strlen(name);
    for (const char *at = line; at != NULL; at = strchr(at, ' ')) {
        at += *at == ' ' ? 1 : 0;
        if (strncmp(at, name, len) == 0 && at[len] == '=') {
            char text[32];
            snprintf(text, sizeof(text), "%.*s", (int)strcspn(at + len + 1, " "), at + len + 1);
            return tg_str_to_int64(text, -1, INT64_C(1) << 60, value);
        }
    }
    return false;
}

static struct tg_slot *slot_at(struct tg_trace *trace, int64_t k)
{
    if (k < 0 || k >= TG_SLOTS_MAX) {
        return NULL;
    }
    while ((size_t)k >= trace->count) {
        if (trace->count == trace->cap) {
            trace->cap = trace->cap == 0 ? 256 : trace->cap * 2;
            trace->slots = tg_realloc_array(trace->slots, trace->cap, sizeof(*trace->slots));
        }
        trace->slots[trace->count] =
            (struct tg_slot){.k = (uint32_t)trace->count, .ttfb_ms = -1, .total_ms = -1};
        trace->count++;
    }
    return &trace->slots[k];
}

static int64_t due_ms(const struct tg_drill *drill, const struct drill_machine *machine, size_t k)
{
    return machine->start_ms + (int64_t)k * (drill->trace.interval_us / 1000);
}

static void place_slots(struct tg_drill *drill)
{
    const struct drill_machine *machine = tg_machine(drill);
    for (size_t i = 0; i < drill->trace.count; i++) {
        drill->trace.slots[i].due_us = machine->offset_us + due_ms(drill, machine, i) * 1000;
    }
}

static int compare(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a;
    int64_t right = *(const int64_t *)b;
    return left < right ? -1 : left > right;
}

/* The smallest of arrival - completion is nearest to the clocks' true distance, since a line can
 * only come later than it was written. How far the others lie from it tells how well it is known.
 */
static void learn_clock(struct tg_drill *drill, int64_t completed_ms, int64_t lab_us)
{
    struct drill_machine *machine = tg_machine(drill);
    int64_t offset_us = lab_us - completed_ms * 1000;
    bool is_better = !machine->has_offset || offset_us < machine->offset_us;
    machine->samples[machine->samples_count % CLOCK_SAMPLES_MAX] = offset_us;
    machine->samples_count++;
    if (is_better) {
        machine->offset_us = offset_us;
        machine->has_offset = true;
        place_slots(drill);
    }
    int64_t sorted[CLOCK_SAMPLES_MAX];
    size_t count =
        machine->samples_count < CLOCK_SAMPLES_MAX ? machine->samples_count : CLOCK_SAMPLES_MAX;
    memcpy(sorted, machine->samples, count * sizeof(*sorted));
    qsort(sorted, count, sizeof(*sorted), compare);
    drill->trace.clock_error_us = CLOCK_GRAIN_US + (sorted[count / 2] - machine->offset_us) / 2;
}

static void take_header(struct tg_drill *drill, const char *line)
{
    struct drill_machine *machine = tg_machine(drill);
    int64_t interval_ms = 0;
    const char *boot = strstr(line, "boot=");
    char seen[64] = "";
    if (boot != NULL) {
        snprintf(seen, sizeof(seen), "%.*s", (int)strcspn(boot + 5, " "), boot + 5);
    }
    if (machine->boot[0] != '\0' && tg_str_eq(machine->boot, seen)) {
        return; /* the log was followed again */
    }
    if (number_of(line, "start_ms", &machine->start_ms) &&
        number_of(line, "interval_ms", &interval_ms) && interval_ms > 0) {
        tg_str_copy(machine->boot, sizeof(machine->boot), seen);
        drill->trace.interval_us = interval_ms * 1000;
    }
}

static enum tg_outcome outcome_of(int64_t code, int64_t error)
{
    if (error == 0 && code >= 200 && code < 300) {
        return TG_OUTCOME_OK;
    }
    return error == CURL_TIMED_OUT ? TG_OUTCOME_LATE : TG_OUTCOME_FAIL;
}

static void take_slot(struct tg_drill *drill, const char *line, int64_t lab_us)
{
    int64_t k = 0;
    int64_t due = 0;
    int64_t sent = 0;
    int64_t code = 0;
    int64_t error = 0;
    int64_t ttfb = 0;
    int64_t total = 0;
    int64_t skipped = 0;
    if (!number_of(line, "k", &k) || !number_of(line, "due_ms", &due)) {
        return;
    }
    struct tg_slot *slot = slot_at(&drill->trace, k);
    if (slot == NULL || slot->outcome != TG_OUTCOME_PENDING) {
        return; /* too many, or told again by a log that was followed again */
    }
    if (number_of(line, "skipped", &skipped)) {
        slot->outcome = TG_OUTCOME_SKIPPED;
    } else if (number_of(line, "sent_ms", &sent) && number_of(line, "code", &code) &&
               number_of(line, "err", &error) && number_of(line, "ttfb_ms", &ttfb) &&
               number_of(line, "total_ms", &total)) {
        slot->outcome = outcome_of(code, error);
        slot->code = (int)code;
        slot->curl_error = (int)error;
        slot->lateness_ms = (int32_t)(sent - due);
        slot->ttfb_ms = (int32_t)(sent - due + ttfb);
        slot->total_ms = (int32_t)(sent - due + total);
        learn_clock(drill, sent + total, lab_us);
    } else {
        return;
    }
    place_slots(drill);
}

void tg_probe_take_lines(struct tg_drill *drill, const char *text, size_t len, int64_t lab_us)
{
    struct drill_machine *machine = tg_machine(drill);
    char line[512];
    while (len > 0) {
        const char *end = memchr(text, '\n', len);
        size_t line_len = end != NULL ? (size_t)(end - text) : len;
        snprintf(line, sizeof(line), "%.*s", (int)(line_len < 511 ? line_len : 511), text);
        if (tg_str_has_prefix(line, "tidegate-probe v1")) {
            take_header(drill, line);
        } else if (machine->boot[0] != '\0' && tg_str_has_prefix(line, "k=")) {
            take_slot(drill, line, lab_us);
        }
        size_t step = line_len + (end != NULL ? 1 : 0);
        text += step;
        len -= step;
    }
    machine->last_line_lab_us = lab_us;
    if (drill->trace.baseline_from_us == 0 && drill->trace.count > 0) {
        drill->trace.baseline_from_us = drill->trace.slots[0].due_us;
        tg_probe_served(drill, drill->trace.served_start);
    }
}

int tg_probe_ok_in_a_row(const struct tg_drill *drill)
{
    int run = 0;
    for (size_t i = drill->trace.count; i > 0; i--) {
        switch (drill->trace.slots[i - 1].outcome) {
        case TG_OUTCOME_OK:
            run++;
            break;
        case TG_OUTCOME_PENDING:
        case TG_OUTCOME_SKIPPED:
            break;
        default:
            return run;
        }
    }
    return run;
}

bool tg_probe_has_failed(const struct tg_drill *drill)
{
    for (size_t i = 0; i < drill->trace.count; i++) {
        enum tg_outcome outcome = drill->trace.slots[i].outcome;
        if (outcome != TG_OUTCOME_OK && outcome != TG_OUTCOME_PENDING &&
            outcome != TG_OUTCOME_SKIPPED) {
            return true;
        }
    }
    return false;
}

/* ---- who served ---- */

static bool sum_answers(const struct tg_target *target, double *sum)
{
    bool has_any = false;
    *sum = 0;
    for (const struct tg_map_node *node = tg_map_first(target->replicas); node != NULL;
         node = tg_map_next(node)) {
        const struct tg_replica_view *view = tg_map_node_value(node);
        if (view->sampled_us != 0) {
            *sum += view->sample.success_total;
            has_any = true;
        }
    }
    return has_any;
}

static void observe_served(struct tg_drill *drill, const struct tg_model *model)
{
    struct drill_machine *machine = tg_machine(drill);
    double sums[2] = {0, 0};
    for (size_t i = 0; i < model->targets_count; i++) {
        const struct tg_target *target = model->targets[i];
        double sum = 0;
        int side = target->index == drill->config.target ? 0 : 1;
        if (target->type == TG_TARGET_CLUSTER && sum_answers(target, &sum)) {
            sums[side] += sum;
            machine->has_served[side] = true;
        }
    }
    for (int side = 0; side < 2; side++) {
        if (sums[side] < machine->served_last[side]) {
            machine->served_gone[side] += machine->served_last[side];
        }
        machine->served_last[side] = sums[side];
    }
}

bool tg_probe_is_counted(const struct tg_model *model, int64_t since_us)
{
    for (size_t i = 0; i < model->targets_count; i++) {
        const struct tg_target *target = model->targets[i];
        if (target->type != TG_TARGET_CLUSTER) {
            continue;
        }
        for (const struct tg_map_node *node = tg_map_first(target->replicas); node != NULL;
             node = tg_map_next(node)) {
            if (((const struct tg_replica_view *)tg_map_node_value(node))->attempted_us <
                since_us) {
                return false;
            }
        }
    }
    return true;
}

void tg_probe_served(const struct tg_drill *drill, double out[2])
{
    const struct drill_machine *machine = drill->machine;
    for (int side = 0; side < 2; side++) {
        out[side] = machine->has_served[side]
                        ? machine->served_gone[side] + machine->served_last[side]
                        : -1;
    }
}

/* Between the fault and the balancer's turn the distance of two polls is the uncertainty of the
 * time to detect: so it is asked again and again, but no more often than a server should bear. */
static void ask_balancer(struct drill_machine *machine, const struct tg_drill_event *event)
{
    if (event->at_us - machine->balancer_asked_us >= BALANCER_ASK_US) {
        machine->balancer_asked_us = event->at_us;
        machine->is_balancer_wanted = true;
    }
}

void tg_probe_observe_model(struct tg_drill *drill, const struct tg_drill_event *event)
{
    const struct tg_model *model = event->model;
    int64_t lab_us = event->lab_us;
    observe_served(drill, model);
    if (drill->trace.fault_acked_us == 0 || drill->trace.unhealthy_seen_us != 0 ||
        drill->trace.restore_sent_us != 0 || tg_model_gcp(model) == NULL) {
        return;
    }
    const struct tg_kind_view *view = &tg_model_gcp(model)->kinds[TG_KIND_GCP_BACKEND];
    struct drill_machine *machine = tg_machine(drill);
    ask_balancer(machine, event);
    if (view->synced_us == machine->backends_synced_us) {
        return; /* nothing new was polled */
    }
    machine->backends_synced_us = view->synced_us;
    const char *zone = tg_model_target(model, drill->config.target)->zone;
    int healthy = 0;
    for (size_t i = 0; i < view->store.count; i++) {
        const struct tg_gcp *backend = &view->store.items[i]->as.gcp;
        healthy +=
            tg_str_eq(backend->location, zone) && tg_str_eq(backend->status, "HEALTHY") ? 1 : 0;
    }
    if (healthy > 0) {
        machine->healthy_lab_us = lab_us;
    } else if (view->phase == TG_KIND_PHASE_LIVE) {
        drill->trace.unhealthy_seen_us = lab_us;
        drill->trace.unhealthy_error_us = machine->healthy_lab_us > 0
                                              ? lab_us - machine->healthy_lab_us
                                              : lab_us - drill->trace.fault_acked_us;
    }
}
