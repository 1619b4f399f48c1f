/* plan/run_report.h - a lab as it is to be stood up or taken down, and what came of it: as a page
 * of text and as JSON (schema in src/plan/README.md).
 *
 * Thread: UI thread. Text is translated, JSON never.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_PLAN_RUN_REPORT_H
#define TG_PLAN_RUN_REPORT_H

#include "base/buf.h"
#include "plan/price.h"
#include "plan/run.h"

/* The steps from..until in the order they are taken, each with what is observed of it and how long
 * it usually takes; down, also what controllers left behind on the lab's network, which goes, and
 * what is not known to be the lab's, which stays. Appends; false when the buffer's ceiling cut it.
 */
bool tg_run_report_plan(const struct tg_run_config *config, const struct tg_step_status *statuses,
                        const struct tg_model *model, const char *locale, struct tg_buf *out);
bool tg_run_report_plan_json(const struct tg_run_config *config,
                             const struct tg_step_status *statuses, const struct tg_cost *cost,
                             const struct tg_model *model, struct tg_buf *out);

/* What came of a run that is over, in one translated sentence; static storage. */
const char *tg_run_report_outcome(const struct tg_run *run);

/* What failed and why, down: what was looked at and is left (plan/run_survey.h), and that sentence.
 */
bool tg_run_report_text(const struct tg_run *run, const char *locale, struct tg_buf *out);
bool tg_run_report_json(const struct tg_run *run, const struct tg_step_status *statuses,
                        const struct tg_model *model, int64_t now_us, int64_t lab_us,
                        struct tg_buf *out);

/* One line about a step as it is now: "vpc: waiting  Network/... 25s". */
void tg_run_report_step(const struct tg_run *run, int step, const char *locale, int64_t lab_us,
                        struct tg_buf *out);

#endif
