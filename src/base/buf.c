/* base/buf.c - growable bytes under a ceiling. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "base/buf.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/mem.h"

static void check(const struct tg_buf *buf)
{
    tg_assert(buf != NULL && buf->len_max > 0);
    tg_assert(buf->len <= buf->len_max);
    tg_assert(buf->data == NULL ? buf->cap == 0 : buf->cap > buf->len);
}

/* Makes room for extra bytes and the NUL; false when the ceiling would be passed. */
static bool reserve(struct tg_buf *buf, size_t extra)
{
    size_t cap = 0;

    check(buf);
    if (extra > buf->len_max - buf->len) {
        buf->is_full = true;
        return false;
    }
    if (buf->len + extra < buf->cap) {
        return true;
    }
    cap = buf->cap < 32 ? 64 : buf->cap * 2;
    if (cap > buf->len_max + 1) {
        cap = buf->len_max + 1;
    }
    if (cap < buf->len + extra + 1) {
        cap = buf->len + extra + 1;
    }
    buf->data = tg_realloc_array(buf->data, cap, 1);
    buf->cap = cap;
    return true;
}

void tg_buf_init(struct tg_buf *buf, size_t len_max)
{
    tg_assert(buf != NULL && len_max > 0 && len_max < SIZE_MAX / 4);
    *buf = (struct tg_buf){.len_max = len_max};
}

void tg_buf_init_secret(struct tg_buf *buf, size_t len_max)
{
    tg_buf_init(buf, len_max);
    (void)reserve(buf, len_max);
    buf->data[0] = '\0';
    buf->is_secret = true;
}

void tg_buf_fini(struct tg_buf *buf)
{
    if (buf == NULL) {
        return;
    }
    if (buf->is_secret && buf->data != NULL) {
        explicit_bzero(buf->data, buf->cap);
    }
    free(buf->data);
    *buf = (struct tg_buf){.len_max = buf->len_max};
}

void tg_buf_reset(struct tg_buf *buf)
{
    check(buf);
    buf->len = 0;
    buf->is_full = false;
    if (buf->data != NULL) {
        buf->data[0] = '\0';
    }
}

bool tg_buf_append(struct tg_buf *buf, const void *bytes, size_t len)
{
    tg_assert(bytes != NULL || len == 0);
    if (buf->is_full || !reserve(buf, len)) {
        return false;
    }
    if (len > 0) {
        memcpy(buf->data + buf->len, bytes, len);
    }
    buf->len += len;
    buf->data[buf->len] = '\0';
    return true;
}

bool tg_buf_puts(struct tg_buf *buf, const char *text)
{
    tg_assert(text != NULL);
    return tg_buf_append(buf, text, strlen(text));
}

bool tg_buf_putc(struct tg_buf *buf, char byte)
{
    return tg_buf_append(buf, &byte, 1);
}

bool tg_buf_printf(struct tg_buf *buf, const char *format, ...)
{
    va_list args;
    bool is_done = false;

    va_start(args, format);
    is_done = tg_buf_vprintf(buf, format, args);
    va_end(args);
    return is_done;
}

bool tg_buf_vprintf(struct tg_buf *buf, const char *format, va_list args)
{
    va_list tried;
    size_t room = 0;
    int len = 0;

    check(buf);
    if (buf->is_full) {
        return false;
    }
    /* mostly there is room already, and formatting twice would be for nothing */
    room = buf->cap - buf->len;
    va_copy(tried, args);
    len = vsnprintf(room == 0 ? NULL : buf->data + buf->len, room, format, tried);
    va_end(tried);
    tg_assert(len >= 0);
    if ((size_t)len >= room || (size_t)len > buf->len_max - buf->len) {
        if (room > 0) {
            buf->data[buf->len] = '\0';
        }
        if (!reserve(buf, (size_t)len)) {
            return false;
        }
        vsnprintf(buf->data + buf->len, (size_t)len + 1, format, args);
    }
    buf->len += (size_t)len;
    return true;
}

void tg_buf_consume(struct tg_buf *buf, size_t len)
{
    check(buf);
    tg_assert(len <= buf->len);
    if (len == 0) {
        return;
    }
    memmove(buf->data, buf->data + len, buf->len - len);
    buf->len -= len;
    buf->data[buf->len] = '\0';
}

const char *tg_buf_text(const struct tg_buf *buf)
{
    check(buf);
    return buf->data == NULL ? "" : buf->data;
}

char *tg_buf_take(struct tg_buf *buf, size_t *len)
{
    char *data = NULL;

    check(buf);
    data = buf->data == NULL ? tg_strdup("") : buf->data;
    if (len != NULL) {
        *len = buf->len;
    }
    *buf = (struct tg_buf){.len_max = buf->len_max};
    return data;
}
