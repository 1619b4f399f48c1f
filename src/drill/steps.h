/* drill/steps.h - the order of a drill: what is emitted next, and what answers mean. Private to
 * drill/.
 *
 * Thread: UI thread.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_DRILL_STEPS_H
#define TG_DRILL_STEPS_H

#include "drill/machine.h"

/* Enters a state and a step. */
void tg_steps_enter(struct tg_drill *drill, enum tg_drill_state state, enum drill_step step,
                    int64_t lab_us);

/* The answer to the one call that was waited for. */
void tg_steps_answer(struct tg_drill *drill, const struct tg_drill_event *event);

/* The last record is durable, or was refused. */
void tg_steps_journalled(struct tg_drill *drill, const struct tg_drill_event *event);

/* The operator or the program wants it to end. */
void tg_steps_abort(struct tg_drill *drill, const struct tg_drill_event *event);

/* Emits what the present step calls for, unless it waits for something. */
void tg_steps_advance(struct tg_drill *drill, const struct tg_drill_event *event,
                      struct tg_drill_update *update);

#endif
