/* base/log.c - one JSON object for each event. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "base/log.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/buf.h"
#include "base/secret.h"
#include "base/utf8.h"

/* A line never grows beyond this; a field that does not fit is left out and "cut":"yes" says so. */
#define LINE_LEN_MAX  ((size_t)16 * 1024)
#define VALUE_LEN_MAX ((size_t)2 * 1024)
#define CUT_FIELD     ",\"cut\":\"yes\"}"

static const char *const level_names[] = {"debug", "info", "warn", "error"};

static void append_escaped(struct tg_buf *line, const char *bytes, size_t len)
{
    size_t at = 0;

    while (at < len) {
        uint32_t codepoint = 0;
        char out[4];

        at += tg_utf8_decode(bytes + at, len - at, &codepoint);
        if (codepoint == '"' || codepoint == '\\') {
            tg_buf_printf(line, "\\%c", (char)codepoint);
        } else if (codepoint < 0x20 || (codepoint >= 0x7F && codepoint < 0xA0)) {
            tg_buf_printf(line, "\\u%04x", (unsigned)codepoint);
        } else {
            tg_buf_append(line, out, tg_utf8_encode(codepoint, out));
        }
    }
}

/* Appends ,"key":"value"; takes it back and returns false when it does not fit. */
static bool append_field(struct tg_buf *line, const char *key, const char *value)
{
    size_t len_before = line->len;
    char *safe = tg_redact(value == NULL ? "" : value);
    size_t len = strlen(safe);

    if (len > VALUE_LEN_MAX) {
        len = VALUE_LEN_MAX;
        while (len > 0 && ((unsigned char)safe[len] & 0xC0) == 0x80) {
            len--;
        }
    }
    tg_buf_puts(line, len_before == 0 ? "{\"" : ",\"");
    append_escaped(line, key, strlen(key));
    tg_buf_puts(line, "\":\"");
    append_escaped(line, safe, len);
    tg_buf_putc(line, '"');
    free(safe);
    if (line->is_full) {
        line->is_full = false;
        line->len = len_before;
        line->data[len_before] = '\0';
        return false;
    }
    return true;
}

void tg_log(const struct tg_log *log, enum tg_log_level level, const char *area, const char *event,
            ...)
{
    struct tg_buf line;
    va_list fields;
    const char *key = NULL;
    bool is_cut = false;

    if (log == NULL || log->write == NULL || level < log->level_min) {
        return;
    }
    tg_assert((size_t)level < TG_COUNT(level_names) && area != NULL && event != NULL);
    tg_buf_init(&line, LINE_LEN_MAX);
    append_field(&line, "level", level_names[level]);
    append_field(&line, "area", area);
    append_field(&line, "event", event);
    va_start(fields, event);
    while ((key = va_arg(fields, const char *)) != NULL) {
        const char *value = va_arg(fields, const char *);

        is_cut = !append_field(&line, key, value) || is_cut;
    }
    va_end(fields);
    line.len_max += sizeof(CUT_FIELD);
    tg_buf_puts(&line, is_cut ? CUT_FIELD : "}");
    log->write(log->context, level, tg_buf_text(&line));
    tg_buf_fini(&line);
}
