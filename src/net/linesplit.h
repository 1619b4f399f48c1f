/* net/linesplit.h - a stream of bytes into lines (a watch sends one JSON document per line).
 *
 * A pure machine: bytes may come cut anywhere. It does not look into the lines.
 *
 * Thread: owner only.
 * Errors: a line longer than the ceiling is TG_CODE_LIMIT; the splitter then refuses everything
 * until a reset.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_NET_LINESPLIT_H
#define TG_NET_LINESPLIT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct tg_linesplit;

/* Gets one line, NUL-terminated, without its line break (LF or CR LF); borrowed during the call.
 * False stops the feeding: the rest of the bytes is dropped and tg_linesplit_feed() returns false
 * with the error that was set here. */
typedef bool tg_linesplit_line(void *context, const char *line, size_t len, struct tg_err *err);

/* Splitter for lines of at most line_len_max bytes. */
struct tg_linesplit *tg_linesplit_new(size_t line_len_max);
void tg_linesplit_free(struct tg_linesplit *split);

/* Forgets an unfinished line and an error. */
void tg_linesplit_reset(struct tg_linesplit *split);

/* Hands every line that ends within bytes to line(); empty lines are skipped. */
bool tg_linesplit_feed(struct tg_linesplit *split, const char *bytes, size_t len,
                       tg_linesplit_line *line, void *context, struct tg_err *err);

/* At the end of the stream: hands over what stands after the last line break, if anything. */
bool tg_linesplit_finish(struct tg_linesplit *split, tg_linesplit_line *line, void *context,
                         struct tg_err *err);

/* Bytes of the unfinished line. */
size_t tg_linesplit_pending_len(const struct tg_linesplit *split);

#endif
