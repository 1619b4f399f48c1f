/* base/json_out.c - a small JSON writer. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "base/json_out.h"

#include <string.h>

#include "base/fmt.h"
#include "base/utf8.h"

static void put_quoted(struct tg_buf *out, const char *text)
{
    size_t len = strlen(text);
    tg_buf_putc(out, '"');
    while (len > 0) {
        uint32_t codepoint = 0;
        char encoded[4];
        size_t used = tg_utf8_decode(text, len, &codepoint);
        if (codepoint == '"' || codepoint == '\\') {
            tg_buf_printf(out, "\\%c", (int)codepoint);
        } else if (codepoint < 0x20 || (codepoint >= 0x7f && codepoint < 0xa0)) {
            tg_buf_printf(out, "\\u%04x", (unsigned)codepoint);
        } else {
            tg_buf_append(out, encoded, tg_utf8_encode(codepoint, encoded));
        }
        text += used;
        len -= used;
    }
    tg_buf_putc(out, '"');
}

static void begin(struct tg_json_out *json, const char *name)
{
    if (json->needs_comma) {
        tg_buf_putc(json->out, ',');
    }
    if (name != NULL) {
        put_quoted(json->out, name);
        tg_buf_puts(json->out, ": ");
    }
    json->needs_comma = true;
}

void tg_json_open(struct tg_json_out *json, const char *name, char bracket)
{
    begin(json, name);
    tg_buf_putc(json->out, bracket);
    json->needs_comma = false;
}

void tg_json_close(struct tg_json_out *json, char bracket)
{
    tg_buf_putc(json->out, bracket);
    json->needs_comma = true;
}

void tg_json_put_text(struct tg_json_out *json, const char *name, const char *text)
{
    begin(json, name);
    if (text == NULL) {
        tg_buf_puts(json->out, "null");
    } else {
        put_quoted(json->out, text);
    }
}

void tg_json_put_int(struct tg_json_out *json, const char *name, int64_t value)
{
    begin(json, name);
    tg_buf_printf(json->out, "%lld", (long long)value);
}

void tg_json_put_bool(struct tg_json_out *json, const char *name, bool value)
{
    begin(json, name);
    tg_buf_puts(json->out, value ? "true" : "false");
}

void tg_json_put_raw(struct tg_json_out *json, const char *name, const char *value)
{
    begin(json, name);
    tg_buf_puts(json->out, value == NULL ? "null" : value);
}

void tg_json_put_null(struct tg_json_out *json, const char *name)
{
    begin(json, name);
    tg_buf_puts(json->out, "null");
}

void tg_json_put_number(struct tg_json_out *json, const char *name, double value)
{
    begin(json, name);
    if (value < 0) {
        tg_buf_puts(json->out, "null");
    } else {
        tg_buf_printf(json->out, "%.3f", value);
    }
}

void tg_json_put_seconds(struct tg_json_out *json, const char *name, int64_t value_us)
{
    tg_json_put_number(json, name, value_us < 0 ? -1.0 : (double)value_us / 1e6);
}

void tg_json_put_time(struct tg_json_out *json, const char *name, int64_t wall_us)
{
    char text[48];
    if (wall_us == 0) {
        tg_json_put_null(json, name);
    } else {
        tg_json_put_text(json, name, tg_fmt_rfc3339(text, sizeof(text), wall_us, 3));
    }
}
