/* plan/run_trouble.c - what goes wrong on the way: no machines, time that is up, and beginning
 * again. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <stdio.h>
#include <stdlib.h>

#include "base/assert.h"
#include "base/clock.h"
#include "base/fmt.h"
#include "base/str.h"
#include "plan/run_items.h"
#include "plan/run_machine.h"

#define STOCKOUT_US_MAX (24 * 3600 * TG_US_PER_S) /* then waiting for machines is over, too */

/* ---- no machines ---- */

const char *tg_run_stockout_name(enum tg_run_stockout policy)
{
    static const char *const names[] = {"retry", "zone", "region", "stop"};
    tg_assert(policy < TG_RUN_STOCKOUT_COUNT);
    return names[policy];
}

enum tg_run_stockout tg_run_stockout_by_name(const char *name)
{
    enum tg_run_stockout policy = TG_RUN_STOCKOUT_RETRY;
    while (policy < TG_RUN_STOCKOUT_COUNT && !tg_str_eq(tg_run_stockout_name(policy), name)) {
        policy++;
    }
    return policy;
}

bool tg_run_item_is_out_of_stock(const struct tg_run_item *item)
{
    return item->stockouts > 0 && item->state != TG_RUN_ITEM_DONE &&
           item->state != TG_RUN_ITEM_FAILED;
}

const struct tg_run_item *tg_run_out_of_stock(const struct tg_run *run, size_t i)
{
    for (size_t k = 0; run != NULL && !run->is_over && k < run->items_count; k++) {
        const struct tg_run_item *item = &run->items[k];
        bool is_under_way = run->steps[item->step].state == TG_RUN_MAKING;
        if (is_under_way && tg_run_item_is_out_of_stock(item) && i-- == 0) {
            return item;
        }
    }
    return NULL;
}

static bool is_out_of_stock(const struct tg_run *run, int step)
{
    for (size_t i = 0; i < run->items_count; i++) {
        if (run->items[i].step == step && tg_run_item_is_out_of_stock(&run->items[i])) {
            return true;
        }
    }
    return false;
}

/* ---- time that is up ---- */

/* Machines come when others give them back: no deadline of the step is meant for that. */
static int64_t limit_of(const struct tg_run *run, int step)
{
    return is_out_of_stock(run, step)
               ? STOCKOUT_US_MAX
               : (int64_t)run->config.lab->steps[step].timeout_s * TG_US_PER_S;
}

int64_t tg_run_due_us(const struct tg_run *run, int step)
{
    const struct tg_run_step *of = &run->steps[step];
    bool is_under_way = of->state == TG_RUN_MAKING || of->state == TG_RUN_WAITING;
    return is_under_way && run->config.mode != TG_RUN_BY_HAND && of->given_up_lab_us == 0
               ? of->due_from_lab_us + limit_of(run, step)
               : 0;
}

bool tg_run_fail_overdue(struct tg_run *run, int step, const struct tg_run_event *event,
                         struct tg_run_update *update)
{
    struct tg_run_step *of = &run->steps[step];
    int64_t limit_us = limit_of(run, step);
    if (event->lab_us - of->due_from_lab_us < limit_us) {
        return false;
    }
    struct tg_err err = TG_ERR_INIT;
    const char *why = of->waiting_for[0] != '\0' ? of->waiting_for : "no answer";
    for (size_t i = 0; i < run->items_count; i++) {
        const struct tg_run_item *item = &run->items[i];
        if (item->step == step && item->state != TG_RUN_ITEM_DONE &&
            item->err.code != TG_CODE_NONE) {
            why = item->err.msg; /* what kept failing says more than that it is tried again */
        }
    }
    tg_err_set(&err, TG_CODE_TIMEOUT, 0, "not done within %d min: %.200s",
               (int)(limit_us / TG_US_PER_S / 60), why);
    tg_run_fail(run, step, &err, event, update);
    return true;
}

/* ---- what is waited for ---- */

static void tell_stockout(const struct tg_run *run, const struct tg_run_item *item, char *out,
                          size_t size)
{
    char clock[16];
    const char *zone = tg_run_item_zone(run, item);
    if (item->state == TG_RUN_ITEM_ASKED) {
        snprintf(out, size, "%.60s: no machines were free (%d so far); tried again now%s%s: %.60s",
                 item->name, item->stockouts, zone != NULL ? " in " : "", zone != NULL ? zone : "",
                 item->progress);
        return;
    }
    snprintf(out, size, "%.60s: no machines are free (%d so far); next try at %s%s%s", item->name,
             item->stockouts, tg_fmt_clock(clock, sizeof(clock), item->retry_lab_us),
             zone != NULL ? " in " : "", zone != NULL ? zone : "");
}

/* The first thing under way, in its own words; what is out of stock comes before all others, whose
 * progress must not hide it. */
void tg_run_tell(struct tg_run *run, int step)
{
    struct tg_run_step *of = &run->steps[step];
    of->waiting_for[0] = '\0';
    for (size_t i = 0; i < run->items_count; i++) {
        const struct tg_run_item *item = &run->items[i];
        if (item->step == step && tg_run_item_is_out_of_stock(item)) {
            tell_stockout(run, item, of->waiting_for, sizeof(of->waiting_for));
            return;
        }
    }
    for (size_t i = 0; i < run->items_count; i++) {
        const struct tg_run_item *item = &run->items[i];
        if (item->step != step || item->state == TG_RUN_ITEM_DONE) {
            continue;
        }
        if (item->progress[0] != '\0') {
            snprintf(of->waiting_for, sizeof(of->waiting_for), "%.80s: %.70s", item->name,
                     item->progress);
            return;
        }
        if (item->err.code != TG_CODE_NONE) {
            snprintf(of->waiting_for, sizeof(of->waiting_for), "%.60s: another try after: %.75s",
                     item->name, item->err.msg);
            return;
        }
        if (of->waiting_for[0] == '\0') {
            snprintf(of->waiting_for, sizeof(of->waiting_for), "%.150s", item->name);
        }
    }
}

/* ---- beginning again ---- */

int tg_run_first_failed(const struct tg_run *run)
{
    for (size_t i = 0; run != NULL && i < run->config.lab->steps_count; i++) {
        if (run->steps[i].state == TG_RUN_FAILED) {
            return (int)i;
        }
    }
    return -1;
}

/* A server still does what it was asked. What a program told of ended with the program. */
static bool is_any_asked(const struct tg_run *run, int step)
{
    for (size_t i = 0; run->config.mode == TG_RUN_NATIVE && i < run->items_count; i++) {
        enum tg_run_item_state state = run->items[i].state;
        if (run->items[i].step == step &&
            (state == TG_RUN_ITEM_ASKED || state == TG_RUN_ITEM_INTENT)) {
            return true;
        }
    }
    return false;
}

static bool is_any(const struct tg_run_item *item)
{
    (void)item;
    return true;
}

static bool is_settled_removal(const struct tg_run_item *item)
{
    return item->is_removal && item->state != TG_RUN_ITEM_ASKED &&
           item->state != TG_RUN_ITEM_INTENT;
}

static void drop_items(struct tg_run *run, int step, bool (*is_dropped)(const struct tg_run_item *))
{
    size_t kept = 0;
    for (size_t i = 0; i < run->items_count; i++) {
        if (run->items[i].step != step || !is_dropped(&run->items[i])) {
            run->items[kept++] = run->items[i];
            continue;
        }
        free(run->items[i].name);
        tg_desired_free(run->items[i].leftover);
    }
    run->items_count = kept;
}

/* What is only needed on the way went when the step was given up: it is needed once more. */
static void bring_back_passing(struct tg_run *run, int step, const struct tg_run_event *event)
{
    const struct tg_lab_step *of = &run->config.lab->steps[step];
    drop_items(run, step, is_settled_removal);
    for (size_t i = 0; i < run->items_count; i++) {
        struct tg_run_item *item = &run->items[i];
        if (item->step == step && !item->is_removal && item->make >= 0 &&
            of->makes[item->make].is_passing && item->state == TG_RUN_ITEM_DONE) {
            item->state = TG_RUN_ITEM_WAITING;
            item->attempts++;
            item->retry_lab_us = event->lab_us;
            item->ended_lab_us = 0;
        }
    }
}

/* What is under way elsewhere goes on and is not asked for a second time. */
static void wake_failed_items(struct tg_run *run, int step, const struct tg_run_event *event)
{
    for (size_t i = 0; i < run->items_count; i++) {
        struct tg_run_item *item = &run->items[i];
        if (item->step == step && item->state == TG_RUN_ITEM_FAILED) {
            item->state = TG_RUN_ITEM_WAITING;
            item->err = (struct tg_err)TG_ERR_INIT;
            item->attempts++;
            item->stockouts = 0;
            item->stockout_lab_us = 0;
            item->retry_lab_us = event->lab_us;
            item->ended_lab_us = 0;
        }
    }
}

void tg_run_retry_failed(struct tg_run *run, const struct tg_run_event *event)
{
    bool is_given_up = run->config.on_stockout == TG_RUN_STOCKOUT_STOP ||
                       run->config.on_stockout == TG_RUN_STOCKOUT_REGION;
    run->config.on_stockout = is_given_up ? TG_RUN_STOCKOUT_RETRY : run->config.on_stockout;
    for (size_t i = 0; i < run->config.lab->steps_count; i++) {
        struct tg_run_step *of = &run->steps[i];
        if (of->state != TG_RUN_FAILED && of->state != TG_RUN_BLOCKED) {
            continue;
        }
        bool goes_on = of->state == TG_RUN_FAILED && is_any_asked(run, (int)i);
        bool is_up = run->config.direction == TG_RUN_UP;
        *of = (struct tg_run_step){.state = TG_RUN_PENDING};
        if (goes_on) {
            of->state = TG_RUN_MAKING;
            of->started_lab_us = event->lab_us;
            of->due_from_lab_us = event->lab_us;
            wake_failed_items(run, (int)i, event);
            if (is_up) {
                bring_back_passing(run, (int)i, event);
            }
        } else {
            drop_items(run, (int)i, is_any);
        }
    }
}
