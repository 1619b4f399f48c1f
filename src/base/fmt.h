/* base/fmt.h - numbers and times as text, in the C locale, for wire, journal and screens alike.
 *
 * Thread: any; results go into the caller's buffer and are returned for convenience.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_BASE_FMT_H
#define TG_BASE_FMT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Age as kubectl prints it: "0s", "59s", "2m10s", "41m", "3h5m", "2d". Negative gives "0s". */
const char *tg_fmt_age(char *out, size_t size, int64_t age_us);

/* Duration with a resolution that suits it: "320ms", "8.4s", "2m10s", "1h05m". */
const char *tg_fmt_duration(char *out, size_t size, int64_t duration_us);

/* Bytes in binary units: "512B", "1.5KiB", "54.9GiB". */
const char *tg_fmt_bytes(char *out, size_t size, uint64_t bytes);

/* RFC 3339 in UTC with digits fractional digits (0, 3, 6 or 9): "2026-01-01T00:00:00Z". */
const char *tg_fmt_rfc3339(char *out, size_t size, int64_t wall_us, int digits);

/* A moment as part of a name, in UTC: "20260101t120431z". */
const char *tg_fmt_compact(char *out, size_t size, int64_t wall_us);

/* "12:04:31" in UTC. */
const char *tg_fmt_clock(char *out, size_t size, int64_t wall_us);

/* Parses RFC 3339 with any fraction and offset; false when it is not one. Result is microseconds
 * since 1970 UTC. */
bool tg_parse_rfc3339(const char *text, int64_t *wall_us);

/* HTTP date (RFC 9110 IMF-fixdate), both ways. */
const char *tg_fmt_http_date(char *out, size_t size, int64_t wall_us);
bool tg_parse_http_date(const char *text, int64_t *wall_us);

#endif
