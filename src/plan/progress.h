/* plan/progress.h - what the things of a step are doing, one row for each: how far the weights are,
 * where each Pod stands, which condition an object of the gateway lacks, and what the controllers
 * say of it in their Events.
 *
 * Pure: from what is observed and, where a run goes on, what it did. Nothing is concluded from a
 * log but where a Pod stands; whether a step is done is plan/verify.h's to say.
 *
 * Thread: UI thread. Ownership: rows are the caller's to free with free().
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_PLAN_PROGRESS_H
#define TG_PLAN_PROGRESS_H

#include <stddef.h>
#include <stdint.h>

#include "base/json_out.h"
#include "model/fleet.h"
#include "plan/lab.h"
#include "plan/run.h"

struct tg_progress_row {
    enum tg_severity severity; /* OK: nothing is waited for; WARN: something is amiss; FAIL */
    int target;                /* -1: none */
    char object[120];          /* "Pod/vllm-gemma-..."; "" for a line of a log */
    char phase[80];            /* English; N_ text when it is one of tidegate's own words */
    char detail[320];          /* what is waited for, mostly in the servers' words; may be "" */
    int64_t done;              /* bytes of the weights; 0 of 0 where there are none to tell */
    int64_t total;
};

/* Rows of a step; NULL and *count 0 when it has none. run may be NULL. */
struct tg_progress_row *tg_progress_rows(const struct tg_lab *lab, size_t step,
                                         const struct tg_model *model, const struct tg_run *run,
                                         int64_t now_us, int64_t lab_us, size_t *count);

/* Appends them as the member "progress", a list of objects (src/plan/README.md). */
void tg_progress_json(struct tg_json_out *json, const struct tg_lab *lab, size_t step,
                      const struct tg_model *model, const struct tg_run *run, int64_t now_us,
                      int64_t lab_us);

/* What a step waits for, in a sentence: the worst of its rows. False when there is none that says
 * more than that it waits. */
bool tg_progress_reason(const struct tg_lab *lab, size_t step, const struct tg_model *model,
                        const struct tg_run *run, int64_t now_us, int64_t lab_us, char *out,
                        size_t size);

/* True when a step cannot come to be done any more, whatever it waits for: its Job ended since
 * since_lab_us, and what it was to bring is not in a list that was asked for after that. *ended_us
 * keeps when (monotonic) its end was first seen; 0 before. */
bool tg_progress_is_hopeless(const struct tg_lab *lab, size_t step, const struct tg_model *model,
                             int64_t since_lab_us, int64_t now_us, int64_t *ended_us,
                             struct tg_err *err);

/* The Job of a step, as it is observed, or NULL; and whether it ended. */
const struct tg_obj *tg_progress_job(const struct tg_lab *lab, size_t step,
                                     const struct tg_model *model);
bool tg_progress_has_ended(const struct tg_obj *job);

#endif
