/* base/buf.h - growable byte buffer with a mandatory ceiling; always NUL-terminated after its
 * bytes.
 *
 * Anything that a peer can size goes through one of these, so that hitting the ceiling is an error
 * and not an allocation. Once an append failed, the buffer stays as it was and is_full stays true
 * until reset.
 *
 * Thread: owner only.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_BASE_BUF_H
#define TG_BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct tg_buf {
    char *data; /* NULL until the first append; use tg_buf_text() to read as a string */
    size_t len;
    size_t cap;
    size_t len_max;
    bool is_full;   /* an append was refused */
    bool is_secret; /* wiped when its memory is given back */
};

/* Starts an empty buffer that never holds more than len_max bytes (> 0). */
void tg_buf_init(struct tg_buf *buf, size_t len_max);

/* The same for secrets: all the memory is taken at once, since growing would leave copies behind,
 * and wiped by tg_buf_fini(). What tg_buf_take() hands out is the caller's to wipe. */
void tg_buf_init_secret(struct tg_buf *buf, size_t len_max);
void tg_buf_fini(struct tg_buf *buf);

/* Empties the buffer, keeping its memory. */
void tg_buf_reset(struct tg_buf *buf);

/* Each returns false, changing nothing but is_full, when the ceiling would be passed. */
bool tg_buf_append(struct tg_buf *buf, const void *bytes, size_t len);
bool tg_buf_puts(struct tg_buf *buf, const char *text);
bool tg_buf_putc(struct tg_buf *buf, char byte);
bool tg_buf_printf(struct tg_buf *buf, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
bool tg_buf_vprintf(struct tg_buf *buf, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

/* Drops the first len bytes (len <= buf->len). */
void tg_buf_consume(struct tg_buf *buf, size_t len);

/* The bytes as a NUL-terminated string, "" when empty; borrowed until the next change. */
const char *tg_buf_text(const struct tg_buf *buf);

/* Hands the bytes (NUL-terminated, never NULL) to the caller, who frees; the buffer is empty
 * afterwards. */
char *tg_buf_take(struct tg_buf *buf, size_t *len);

#endif
