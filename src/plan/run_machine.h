/* plan/run_machine.h - what the parts of the run's machine ask of each other. Private to
 * plan/run*.c.
 *
 * Thread: UI thread.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_PLAN_RUN_MACHINE_H
#define TG_PLAN_RUN_MACHINE_H

#include "plan/run.h"

/* Adds a record to the update; the payload is moved. Nothing that it announces may be done before
 * it is durable. */
void tg_run_emit(struct tg_run *run, struct tg_run_update *update, enum tg_record_kind kind,
                 char *payload);

/* The step is in this state from now on, which is written down when it is its last. */
void tg_run_enter(struct tg_run *run, int step, enum tg_run_state state,
                  const struct tg_run_event *event, struct tg_run_update *update);
void tg_run_fail(struct tg_run *run, int step, const struct tg_err *err,
                 const struct tg_run_event *event, struct tg_run_update *update);

/* Fails the step when its time is up, and says what it waited for. */
bool tg_run_fail_overdue(struct tg_run *run, int step, const struct tg_run_event *event,
                         struct tg_run_update *update);

/* Sets what the step as a whole waits for. */
void tg_run_tell(struct tg_run *run, int step);

/* Steps that failed, and those that wait for them, are pending again. What was made is found; what
 * a server does already is not asked for a second time. */
void tg_run_retry_failed(struct tg_run *run, const struct tg_run_event *event);

/* Down: nothing of the step is observed any more that could have gone. */
bool tg_run_is_seen_gone(const struct tg_run *run, int step, const struct tg_step_status *status);

#endif
