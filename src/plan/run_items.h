/* plan/run_items.h - the things of a run: which there are, where each is asked for, and what an
 * answer means. Private to plan/run*.c.
 *
 * Thread: UI thread.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_PLAN_RUN_ITEMS_H
#define TG_PLAN_RUN_ITEMS_H

#include "plan/run.h"

/* Adds the items of a step: what it makes, in every place; a Job that ended is removed before it is
 * made again. Removal: in reverse order, what is kept
 * left out, and what is observed to have been left behind by controllers first. */
void tg_run_items_add(struct tg_run *run, int step, bool is_removal,
                      const struct tg_run_event *event);

/* Adds removals of what the step made only for its own time. True when there is any. */
bool tg_run_items_add_passing(struct tg_run *run, int step);

/* Whether a name is the pattern, or begins as one with a star at its end. */
bool tg_run_items_match(const char *pattern, const char *name);

/* Adds removals of what is observed to be left behind and is not an item yet; returns how many. */
size_t tg_run_items_add_leftovers(struct tg_run *run, int step, const struct tg_model *model);

/* True when nothing that the item comes after, within its step, is still to be done. */
bool tg_run_items_is_turn(const struct tg_run *run, const struct tg_run_item *item);

/* Where an item is asked for: a target's index; -1 when there is none yet; -2 when there never will
 * be, because its cluster does not exist. */
int tg_run_items_target(const struct tg_run *run, const struct tg_run_item *item,
                        const struct tg_model *model);

/* The call that makes the item so. NULL and a reason in the item's err when a name is not known
 * yet. */
struct tg_call *tg_run_items_call(struct tg_run *run, const struct tg_run_item *item, int target,
                                  const struct tg_model *model, struct tg_err *err);

/* Takes what a program says of one of its resources, whose row is made when there is none yet. */
void tg_run_items_told(struct tg_run *run, int step, const struct tg_tool_line *line,
                       int64_t lab_us);
/* What waits for machines is done with as on_stockout says now: tried at once, or given up. */
void tg_run_items_choose_stockout(struct tg_run *run, const struct tg_run_event *event);

/* What waits for machines is tried at once, in the zone where it would be tried next. */
void tg_run_items_try_now(struct tg_run *run, const struct tg_run_event *event);

/* Takes the answer or the progress of an item. */
void tg_run_items_answer(struct tg_run *run, struct tg_run_item *item,
                         const struct tg_run_event *event);

#endif
