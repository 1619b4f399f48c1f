/* plan/run_tool.h - the commands of steps, run by a program that is ordered or shown to a person.
 * Private to plan/run*.c.
 *
 * One program at a time. It is ordered when the record that announces it is durable; what it says
 * is written to the journal as it comes. Stopping is gentle first: the program has what it needs to
 * end in order (Terraform writes its state), and the run is over when it has ended.
 *
 * Thread: UI thread.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_PLAN_RUN_TOOL_H
#define TG_PLAN_RUN_TOOL_H

#include "plan/run.h"

void tg_run_tool_init(struct tg_run *run);
void tg_run_tool_fini(struct tg_run *run);

/* Takes a step that is MAKING one step further, in the modes other than native. */
void tg_run_tool_advance(struct tg_run *run, int step, const struct tg_run_event *event,
                         struct tg_run_update *update);

/* Takes a line or the end of the program. */
void tg_run_tool_take(struct tg_run *run, const struct tg_run_event *event,
                      struct tg_run_update *update);

/* Orders what is announced durably, writes down what was said, and sees to it that a program which
 * was told to stop does. */
void tg_run_tool_ask(struct tg_run *run, const struct tg_run_event *event,
                     struct tg_run_update *update);

/* One more wish that it stops. */
void tg_run_tool_stop(struct tg_run *run, const struct tg_run_event *event,
                      struct tg_run_update *update);

/* What was ordered does not start. */
void tg_run_tool_refused(struct tg_run *run, const struct tg_run_event *event);

#endif
