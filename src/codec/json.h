/* codec/json.h - reading JSON without surprises: bounded, and missing or mistyped fields read as
 * nothing.
 *
 * Thread: any. Ownership: what is read borrows from the document.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_CODEC_JSON_H
#define TG_CODEC_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define TG_JSON_DEPTH_MAX 64
#define TG_JSON_SIZE_MAX  ((size_t)256 * 1024 * 1024)

struct tg_arena;
struct tg_json_wanted;

/* A document that is only read. Its memory goes as one: json_decref() and whatever changes a value
 * must not be called on it. */
struct tg_json {
    const json_t *root; /* object or array; NULL after a failure */
    struct tg_arena *arena;
};

/* Tells jansson where memory comes from. tg_json_parse() does it, but a program with threads does
 * it before the first of them. */
void tg_json_setup(void);

/* Parses len bytes as one JSON object or array, at most TG_JSON_DEPTH_MAX deep; of duplicate keys
 * the last wins. With wanted (codec/json_pick.h) members outside of it are not read. False and err
 * (PROTOCOL; LIMIT when it is too deep or its values would take far more memory than its text)
 * otherwise. The caller releases with tg_json_release(); after a failure that does nothing. */
bool tg_json_parse(const char *bytes, size_t len, const struct tg_json_wanted *wanted,
                   struct tg_json *document, struct tg_err *err);
void tg_json_release(struct tg_json *document);

/* The same for a document with secrets: its memory is wiped first. */
void tg_json_release_secret(struct tg_json *document);

/* Value at a path such as "status/conditions" below object, or NULL. */
const json_t *tg_json_at(const json_t *object, const char *path);

/* Text at path, "" when it is not there or not text; borrowed from the document. */
const char *tg_json_text(const json_t *object, const char *path);

/* Whole number at path (numbers and numeric text alike), fallback when it is not there. */
int64_t tg_json_int(const json_t *object, const char *path, int64_t fallback);
bool tg_json_bool(const json_t *object, const char *path);

/* RFC 3339 time at path in microseconds since 1970, 0 when it is not there. */
int64_t tg_json_time(const json_t *object, const char *path);

#endif
