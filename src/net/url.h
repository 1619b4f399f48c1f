/* net/url.h - paths and queries: escaping while they are built, and reading a query back.
 *
 * Only the unreserved characters of RFC 3986 pass unescaped, so that a name can never end a segment
 * or start a query.
 *
 * Thread: any.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_NET_URL_H
#define TG_NET_URL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/* Appends text percent-encoded; false when the buffer is full. */
bool tg_url_escape(struct tg_buf *buf, const char *text);

/* Appends a slash and the segment, percent-encoded; false when the buffer is full. */
bool tg_url_append_segment(struct tg_buf *buf, const char *segment);

/* Appends name=value, both percent-encoded, after "?" or, when the buffer holds a query already,
 * "&". */
bool tg_url_append_query(struct tg_buf *buf, const char *name, const char *value);

/* Decodes percent escapes ("+" too when is_query). A broken escape stays as it is; an escaped NUL
 * gives NULL. The caller frees. */
char *tg_url_unescape(const char *text, size_t len, bool is_query);

/* Decoded value of the first field called name in query (with or without "?" before it, or a whole
 * path with one);
 * "" for a field without value; NULL when there is none. query may be NULL. The caller frees. */
char *tg_url_query_get(const char *query, const char *name);

#endif
