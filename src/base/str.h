/* base/str.h - small string helpers in the C locale, over NUL-terminated text.
 *
 * Thread: any. Nothing here allocates unless it says so.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_BASE_STR_H
#define TG_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Equality; two NULLs are equal, NULL and text are not. */
bool tg_str_eq(const char *a, const char *b);

/* ASCII case-insensitive equality. */
bool tg_str_eq_nocase(const char *a, const char *b);
bool tg_str_has_prefix(const char *text, const char *prefix);
bool tg_str_has_suffix(const char *text, const char *suffix);

/* True when needle occurs in text, ASCII case-insensitively; an empty needle occurs everywhere. */
bool tg_str_contains_nocase(const char *text, const char *needle);

/* Copies text into out (size bytes, > 0), cutting at a UTF-8 character boundary; returns false when
 * it was cut. */
bool tg_str_copy(char *out, size_t size, const char *text);

/* Parses the whole of text as a decimal integer within [min, max]; false otherwise, *value
 * untouched. */
bool tg_str_to_int64(const char *text, int64_t min, int64_t max, int64_t *value);

/* Parses the whole of text as a finite decimal number ("0.25", "1e3"), C locale; false otherwise.
 */
bool tg_str_to_double(const char *text, double *value);

/* Standard base64 (RFC 4648), line breaks in the input ignored. Result is NUL-terminated; the
 * caller frees. Decode returns NULL when the input is not base64. */
char *tg_base64_encode(const void *bytes, size_t len);
char *tg_base64_decode(const char *text, size_t text_len, size_t *len);

/* FNV-1a, 64 bit: stable across machines and runs. */
uint64_t tg_hash(const void *bytes, size_t len);
uint64_t tg_hash_str(const char *text);

#endif
