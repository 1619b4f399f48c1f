/* codec/lab_file.h - reads a lab from YAML: every field checked, unknown keys refused with the
 * nearest name.
 *
 * Thread: UI thread, at start. Ownership: the lab is the caller's, free with tg_lab_free().
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_CODEC_LAB_FILE_H
#define TG_CODEC_LAB_FILE_H

#include <stddef.h>

#include "base/err.h"
#include "plan/lab.h"

/* NULL and err (CONFIG, "name:line:column: what") when the text is not a lab: the first mistake. */
struct tg_lab *tg_lab_parse(const char *name, const char *text, size_t len, struct tg_err *err);

/* The same, and every mistake as a line in mistakes; *count is how many there are. */
struct tg_lab *tg_lab_parse_all(const char *name, const char *text, size_t len,
                                struct tg_buf *mistakes, size_t *count, struct tg_err *err);

#endif
