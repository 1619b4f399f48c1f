/* plan/run_advice.h - what a careful operator does about a step that failed.
 *
 * Thread: UI thread. Text is translated.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_PLAN_RUN_ADVICE_H
#define TG_PLAN_RUN_ADVICE_H

#include "base/buf.h"
#include "plan/run.h"

/* Who reads it: what can be done is named by options or by the console's commands. */
enum tg_run_reader { TG_RUN_READER_SHELL, TG_RUN_READER_CONSOLE };

/* Appends what failed in one line, translated where a message does not say it itself. */
void tg_run_put_failure(const struct tg_err *err, struct tg_buf *out);

/* Appends sentences about the step; nothing when it did not fail, or only waits for one that did.
 */
void tg_run_advice(const struct tg_run *run, int step, enum tg_run_reader reader,
                   struct tg_buf *out);

#endif
