/* plan/doctor_report.h - the preflight's findings as text and as JSON (schema in
 * src/plan/README.md).
 *
 * Thread: UI thread. Text is translated, JSON never.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_PLAN_DOCTOR_REPORT_H
#define TG_PLAN_DOCTOR_REPORT_H

#include "base/buf.h"
#include "plan/doctor.h"

/* Appends what a finding says, or what to do about it (nothing when there is nothing), on one line;
 * locale NULL: English as for JSON. */
void tg_doctor_finding_words(const struct tg_doctor *doctor,
                             const struct tg_doctor_finding *finding, const char *locale,
                             struct tg_buf *out);
void tg_doctor_finding_advice(const struct tg_doctor *doctor,
                              const struct tg_doctor_finding *finding, const char *locale,
                              struct tg_buf *out);

/* "TPU quota us-east5": what was looked at. */
void tg_doctor_finding_title(const struct tg_doctor *doctor,
                             const struct tg_doctor_finding *finding, const char *locale,
                             struct tg_buf *out);

/* All findings with their advice, or (is_brief) those that are no PASS and no hazard; then how many
 * there are of each kind. False when the buffer's ceiling cut it. */
bool tg_doctor_report_text(const struct tg_doctor *doctor, const char *locale, bool is_brief,
                           struct tg_buf *out);
bool tg_doctor_report_json(const struct tg_doctor *doctor, struct tg_buf *out);

/* "12 pass, 3 warnings, 1 failure, 2 unknown", translated. */
void tg_doctor_report_counts(const struct tg_doctor *doctor, struct tg_buf *out);

#endif
