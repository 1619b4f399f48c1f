/* codec/price_file.h - reads the table of a lab's prices from YAML, as strictly as the lab itself.
 *
 * Thread: UI thread, at start. Ownership: the table lives in the lab's arena.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_CODEC_PRICE_FILE_H
#define TG_CODEC_PRICE_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "plan/price.h"

/* Sets lab->prices. False and err (CONFIG, "name:line:column: what") when the text is no table for
 * this lab. */
bool tg_prices_parse(struct tg_lab *lab, const char *name, const char *text, size_t len,
                     struct tg_err *err);

/* The same, and every mistake as a line in mistakes; *count grows by how many there are. */
bool tg_prices_parse_all(struct tg_lab *lab, const char *name, const char *text, size_t len,
                         struct tg_buf *mistakes, size_t *count, struct tg_err *err);

#endif
