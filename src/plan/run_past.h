/* plan/run_past.h - what the journal knows of the lab's commands: of earlier runs, and of this one
 * before it was interrupted.
 *
 * Terraform knows only what is in its state, and what it was making when it was killed is not. A
 * thing of a step is proved to be ours when the journal says that it was not observed before the
 * step's commands were begun, and that Terraform then began to create it and did not refuse.
 *
 * Thread: UI thread. Ownership: the caller frees with tg_run_past_free().
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_PLAN_RUN_PAST_H
#define TG_PLAN_RUN_PAST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "plan/lab.h"
#include "plan/record.h"

struct tg_run_past;
struct tg_run;
struct tg_run_event;

/* Reads records of runs, oldest first (OUTPUT is not needed), of the lab in that project; run_id is
 * the run that is going to go on. */
struct tg_run_past *tg_run_past_new(const struct tg_record *records, size_t count,
                                    const struct tg_lab *lab, const char *project,
                                    const char *run_id);
void tg_run_past_free(struct tg_run_past *past); /* NULL allowed */

/* Below, NULL is a past without records. */

/* The step's commands were begun, and are not known to have done what they should. */
bool tg_run_past_is_begun(const struct tg_run_past *past, int step);

/* This very run had the step done before it was interrupted. */
bool tg_run_past_is_done(const struct tg_run_past *past, int step);

/* Whether Terraform's resource is proved to be ours at lab_us. A proof lasts a day: then somebody
 * else may have made a thing of that name. */
bool tg_run_past_has_made(const struct tg_run_past *past, int step, const char *address,
                          int64_t lab_us);

/* ---- Terraform's resources of a step, as they are observed now ---- */

/* Appends the addresses of those that are not observed, a space behind each: records are read back
 * without line breaks. */
void tg_run_absent(const struct tg_run *run, int step, const struct tg_run_event *event,
                   struct tg_buf *out);

/* Appends what tells Terraform of those that are observed and proved to be ours, a command and a
 * line each: "terraform -chdir=gke-tf import 'ADDRESS' 'ID'". addresses, unless NULL, gets their
 * addresses in the same order. */
void tg_run_imports(const struct tg_run *run, int step, const struct tg_run_event *event,
                    struct tg_buf *commands, struct tg_buf *addresses);

/* The same for one resource of any step, proved or not; nothing when the lab has no such one. */
void tg_run_import_of(const struct tg_run *run, const char *address, struct tg_buf *out);

#endif
