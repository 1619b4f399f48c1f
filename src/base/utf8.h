/* base/utf8.h - UTF-8 text as a terminal shows it: decoding, grapheme clusters, cell widths and
 * sanitising.
 *
 * The width table is our own, because the C library's depends on the locale and version. East Asian
 * ambiguous characters are one cell. Sanitising is the choke point for bytes from outside: control
 * characters (C0, DEL, C1), bidirectional controls, zero-width and other invisible format
 * characters become visible escapes such as \x1b or \u202e; bytes that are not UTF-8 become U+FFFD.
 * (CVE-2021-25743 is what happens without it.)
 *
 * Thread: any.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_BASE_UTF8_H
#define TG_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Decodes one character of at most len bytes (len > 0). Returns the bytes used (>= 1); a malformed
 * byte gives *codepoint 0xFFFD and 1. Overlong forms and surrogates are malformed. */
size_t tg_utf8_decode(const char *bytes, size_t len, uint32_t *codepoint);

/* Writes codepoint into out (at least 4 bytes); returns the bytes written. */
size_t tg_utf8_encode(uint32_t codepoint, char out[4]);

/* Cells of one character: 0 (combining, zero width), 1 or 2. */
int tg_utf8_codepoint_width(uint32_t codepoint);

/* Length in bytes of the grapheme cluster at the start (base plus combining marks, variation
 * selectors and ZWJ sequences), and its cells (1 or 2; 0 only for the empty text). */
size_t tg_utf8_grapheme(const char *bytes, size_t len, int *width);

/* Cells of the whole text. */
size_t tg_utf8_width(const char *text);

/* Bytes of the longest start of text that takes at most cells; never cuts a grapheme. *used gets
 * its cells. */
size_t tg_utf8_fit(const char *text, size_t cells, size_t *used);
bool tg_utf8_is_valid(const char *bytes, size_t len);

/* Safe copy of len bytes for a single line: line breaks and tabs become a space. The caller frees.
 */
char *tg_utf8_sanitize(const char *bytes, size_t len);

/* Same into out (size > 0), cut at a character boundary when too long; returns false when it was
 * cut. */
bool tg_utf8_sanitize_into(char *out, size_t size, const char *bytes, size_t len);

#endif
