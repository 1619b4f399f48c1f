/* plan/progress_rows.h - how rows of progress are made. Private to plan/progress*.c.
 *
 * Thread: UI thread.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_PLAN_PROGRESS_ROWS_H
#define TG_PLAN_PROGRESS_ROWS_H

#include "plan/progress.h"

struct tg_progress {
    const struct tg_lab *lab;
    const struct tg_model *model;
    const struct tg_run *run; /* NULL: none */
    int64_t now_us;
    int64_t lab_us;
    struct tg_progress_row *rows;
    size_t count;
};

/* A new row at the end; the pointer is valid until the next one. kind NULL: no object. */
struct tg_progress_row *tg_progress_add(struct tg_progress *progress, enum tg_severity severity,
                                        int target, const char *kind, const char *name,
                                        const char *phase);

/* Adds to the row's detail, after a semicolon where there is some already. */
void tg_progress_say(struct tg_progress_row *row, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The newest Event about an object, or NULL; and what it says, when it is more than was said
 * already ("" when nothing was). A warning makes a row that only waits one. */
const struct tg_obj *tg_progress_event(const struct tg_target *target, const char *kind,
                                       const char *ns, const char *name);
void tg_progress_say_event(struct tg_progress_row *row, const struct tg_obj *event,
                           const char *said, int64_t lab_us);

/* A row for each model server's Pod: scheduled, claim, mount, pull, load, compile, listening. */
void tg_progress_add_pods(struct tg_progress *progress);

/* A row for each object of the gateway, when the step waits for one of them. */
void tg_progress_add_gateway(struct tg_progress *progress, const struct tg_lab_step *step);

#endif
