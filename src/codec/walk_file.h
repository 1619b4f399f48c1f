/* codec/walk_file.h - reads a lab's guided walk from YAML, as strictly as the lab itself.
 *
 * Thread: UI thread, at start. Ownership: the walk lives in the lab's arena.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_CODEC_WALK_FILE_H
#define TG_CODEC_WALK_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "plan/walk.h"

/* Sets lab->walk. False and err (CONFIG, "name:line:column: what") when the text is no walk through
 * this lab. */
bool tg_walk_parse(struct tg_lab *lab, const char *name, const char *text, size_t len,
                   struct tg_err *err);

/* The same, and every mistake as a line in mistakes; *count grows by how many there are. */
bool tg_walk_parse_all(struct tg_lab *lab, const char *name, const char *text, size_t len,
                       struct tg_buf *mistakes, size_t *count, struct tg_err *err);

/* A place as JSON text, and back; what cannot be read, or is of another lab, is the beginning. */
bool tg_walk_place_write(const struct tg_walk_place *place, const struct tg_lab *lab,
                         struct tg_buf *out);
struct tg_walk_place tg_walk_place_read(const char *text, size_t len, const struct tg_lab *lab);

#endif
