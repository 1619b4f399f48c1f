/* plan/record.c - ids of runs, and flat JSON objects. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "plan/record.h"

#include <stdarg.h>
#include <string.h>

#include "base/assert.h"
#include "base/buf.h"
#include "base/str.h"

#define PAYLOAD_MAX 65536

enum tg_run_family tg_run_family_of(const char *run_id)
{
    return tg_str_has_prefix(run_id, "up-") || tg_str_has_prefix(run_id, "down-") ? TG_RUN_PROVISION
                                                                                  : TG_RUN_DRILL;
}

static void put_text(struct tg_buf *out, const char *text)
{
    tg_buf_putc(out, '"');
    for (; *text != '\0'; text++) {
        unsigned char byte = (unsigned char)*text;
        if (byte == '"' || byte == '\\') {
            tg_buf_printf(out, "\\%c", byte);
        } else if (byte < 0x20) {
            tg_buf_printf(out, "\\u%04x", byte);
        } else {
            tg_buf_putc(out, *text);
        }
    }
    tg_buf_putc(out, '"');
}

char *tg_record_new(const char *key, ...)
{
    struct tg_buf out;
    va_list args;
    tg_buf_init(&out, PAYLOAD_MAX);
    tg_buf_putc(&out, '{');
    va_start(args, key);
    for (const char *name = key; name != NULL; name = va_arg(args, const char *)) {
        int type = va_arg(args, int);
        if (name != key) {
            tg_buf_putc(&out, ',');
        }
        put_text(&out, name);
        tg_buf_putc(&out, ':');
        if (type == 's') {
            const char *text = va_arg(args, const char *);
            put_text(&out, text != NULL ? text : "");
        } else {
            tg_buf_printf(&out, "%lld", (long long)va_arg(args, int64_t));
        }
    }
    va_end(args);
    tg_buf_putc(&out, '}');
    tg_assert(!out.is_full);
    return tg_buf_take(&out, NULL);
}

char *tg_record_new_text(const char *key, const char *value)
{
    return tg_record_new(key, 's', value, NULL);
}

/* Reads a quoted text at *at into out (cut when too long; out may be NULL) and moves *at behind it.
 */
static bool read_text(const char **at, char *out, size_t size)
{
    size_t used = 0;
    if (**at != '"') {
        return false;
    }
    for ((*at)++; **at != '"'; (*at)++) {
        char byte = **at;
        if (byte == '\0') {
            return false;
        }
        if (byte == '\\') {
            byte = *++(*at);
            if (byte == 'u') {
                if (strspn(*at + 1, "0123456789abcdef") < 4) {
                    return false;
                }
                *at += 4;
                byte = '?'; /* control characters carry nothing that is read back */
            } else if (byte == '\0') {
                return false;
            }
        }
        if (out != NULL && used + 1 < size) {
            out[used++] = byte;
        }
    }
    (*at)++;
    if (out != NULL) {
        out[used] = '\0';
    }
    return true;
}

/* Finds a member: *at stands at its value then. */
static bool find(const char *payload, const char *key, const char **at)
{
    char name[64];
    if (payload == NULL || payload[0] != '{') {
        return false;
    }
    for (*at = payload + 1; **at != '}' && **at != '\0';) {
        if (!read_text(at, name, sizeof(name)) || **at != ':') {
            return false;
        }
        (*at)++;
        if (tg_str_eq(name, key)) {
            return true;
        }
        if (**at == '"') {
            if (!read_text(at, NULL, 0)) {
                return false;
            }
        } else {
            *at += strspn(*at, "-0123456789");
        }
        *at += **at == ',' ? 1 : 0;
    }
    return false;
}

bool tg_record_get_text(const char *payload, const char *key, char *out, size_t size)
{
    const char *at;
    return find(payload, key, &at) && read_text(&at, out, size);
}

bool tg_record_get_int(const char *payload, const char *key, int64_t *value)
{
    const char *at;
    char digits[24];
    if (!find(payload, key, &at)) {
        return false;
    }
    size_t len = strspn(at, "-0123456789");
    if (len == 0 || len >= sizeof(digits)) {
        return false;
    }
    memcpy(digits, at, len);
    digits[len] = '\0';
    return tg_str_to_int64(digits, INT64_MIN, INT64_MAX, value);
}
