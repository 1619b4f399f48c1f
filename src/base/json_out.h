/* base/json_out.h - writes JSON: commas, escaping and nesting are kept here, the ceiling by the
 * buffer.
 *
 * Numbers that are not known are null: tg_json_number() writes null for NaN and for negative values
 * of the _or_null form.
 *
 * Thread: owner only.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_BASE_JSON_OUT_H
#define TG_BASE_JSON_OUT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct tg_json_out {
    struct tg_buf *out;
    bool needs_comma;
};

/* Opens and closes; name is NULL at the top and within lists. */
void tg_json_open(struct tg_json_out *json, const char *name, char bracket);
void tg_json_close(struct tg_json_out *json, char bracket);

/* Members, or items when name is NULL. Text is made valid UTF-8 on the way. */
void tg_json_put_text(struct tg_json_out *json, const char *name, const char *text);
void tg_json_put_int(struct tg_json_out *json, const char *name, int64_t value);
void tg_json_put_bool(struct tg_json_out *json, const char *name, bool value);
/* A value that is JSON already; null when NULL. */
void tg_json_put_raw(struct tg_json_out *json, const char *name, const char *value);
void tg_json_put_null(struct tg_json_out *json, const char *name);

/* With three decimals; null when value is negative. */
void tg_json_put_number(struct tg_json_out *json, const char *name, double value);

/* Microseconds as seconds with three decimals; null when negative. */
void tg_json_put_seconds(struct tg_json_out *json, const char *name, int64_t value_us);

/* Wall time as RFC 3339 with milliseconds; null when 0. */
void tg_json_put_time(struct tg_json_out *json, const char *name, int64_t wall_us);

#endif
