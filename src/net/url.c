/* net/url.c - percent escapes. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "net/url.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/mem.h"
#include "base/str.h"

static bool is_unreserved(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || (byte != '\0' && strchr("-._~", byte) != NULL);
}

bool tg_url_escape(struct tg_buf *buf, const char *text)
{
    bool is_done = true;

    tg_assert(buf != NULL && text != NULL);
    for (; *text != '\0' && is_done; text++) {
        is_done = is_unreserved(*text)
                      ? tg_buf_putc(buf, *text)
                      : tg_buf_printf(buf, "%%%02X", (unsigned)(unsigned char)*text);
    }
    return is_done;
}

bool tg_url_append_segment(struct tg_buf *buf, const char *segment)
{
    return tg_buf_putc(buf, '/') && tg_url_escape(buf, segment);
}

bool tg_url_append_query(struct tg_buf *buf, const char *name, const char *value)
{
    bool is_first = strchr(tg_buf_text(buf), '?') == NULL;

    return tg_buf_putc(buf, is_first ? '?' : '&') && tg_url_escape(buf, name) &&
           tg_buf_putc(buf, '=') && tg_url_escape(buf, value);
}

static int hex_value(char digit)
{
    if (digit >= '0' && digit <= '9') {
        return digit - '0';
    }
    if (digit >= 'a' && digit <= 'f') {
        return digit - 'a' + 10;
    }
    return digit >= 'A' && digit <= 'F' ? digit - 'A' + 10 : -1;
}

char *tg_url_unescape(const char *text, size_t len, bool is_query)
{
    char *out = NULL;
    size_t to = 0;

    tg_assert(text != NULL || len == 0);
    out = tg_malloc(len + 1);
    for (size_t i = 0; i < len; i++) {
        char byte = text[i];

        if (byte == '%' && i + 2 < len && hex_value(text[i + 1]) >= 0 &&
            hex_value(text[i + 2]) >= 0) {
            byte = (char)(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2]));
            i += 2;
        } else if (byte == '+' && is_query) {
            byte = ' ';
        }
        /* A NUL would let the rest of the value hide behind it. */
        if (byte == '\0') {
            free(out);
            return NULL;
        }
        out[to++] = byte;
    }
    out[to] = '\0';
    return out;
}

char *tg_url_query_get(const char *query, const char *name)
{
    const char *at = query;

    tg_assert(name != NULL);
    if (query == NULL) {
        return NULL;
    }
    if (strchr(query, '?') != NULL) {
        at = strchr(query, '?') + 1;
    }
    while (*at != '\0') {
        size_t field_len = strcspn(at, "&");
        size_t name_len = strcspn(at, "=&");
        char *field_name = tg_url_unescape(at, name_len, true);
        bool is_found = tg_str_eq(field_name, name);

        free(field_name);
        if (is_found && name_len == field_len) {
            return tg_strdup("");
        }
        if (is_found) {
            return tg_url_unescape(at + name_len + 1, field_len - name_len - 1, true);
        }
        at += field_len;
        at += *at == '&' ? 1 : 0;
    }
    return NULL;
}
