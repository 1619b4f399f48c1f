/* drill/report.h - a drill as a page of text and as JSON (schema in src/drill/README.md).
 *
 * Thread: UI thread.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_DRILL_REPORT_H
#define TG_DRILL_REPORT_H

#include "base/buf.h"
#include "drill/drill.h"

/* Appends; false when the buffer's ceiling cut it. Text is translated, JSON never. */
bool tg_report_text(const struct tg_drill *drill, struct tg_buf *out);
bool tg_report_json(const struct tg_drill *drill, struct tg_buf *out);

#endif
