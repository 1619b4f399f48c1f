/* app/world_control.h - commands for a simulated world in words ("fault add status code=503",
 * "speed 20", "step 10m") as requests to the world's own API, and its answers as lines.
 *
 * Used by `tidegate sim ...` over HTTPS and by the console's `:sim` on a world of its own.
 *
 * Thread: any.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_APP_WORLD_CONTROL_H
#define TG_APP_WORLD_CONTROL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

#define TG_WORLD_WORDS_MAX 32
#define TG_WORLD_PATH      "/tidegate.dev/v1/world"

struct tg_world_request {
    const char *method; /* static */
    char path[160];
    char *body; /* NULL: none; tg_world_request_fini() frees */
};

/* USAGE with a message that names the word when it is no command. */
bool tg_world_request_parse(const char *const *words, size_t count,
                            struct tg_world_request *request, struct tg_err *err);

/* The same from one line, words apart by blanks; a word in quotes ('...' or "...") may hold some.
 */
bool tg_world_request_parse_line(const char *line, struct tg_world_request *request,
                                 struct tg_err *err);
void tg_world_request_fini(struct tg_world_request *request);

/* Appends the answer as lines for people. False and err when the world refused (INVALID with its
 * words) or the answer cannot be read. */
bool tg_world_answer_text(int status, const char *answer, size_t len, struct tg_buf *out,
                          struct tg_err *err);

/* True while a step is under way, by the answer of GET world. */
bool tg_world_answer_is_stepping(const char *answer, size_t len);

/* True when the world's clock stands, by the same answer. */
bool tg_world_answer_is_paused(const char *answer, size_t len);

#endif
