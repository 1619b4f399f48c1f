/* net/linesplit.c - lines out of bytes. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "net/linesplit.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/buf.h"
#include "base/mem.h"

#define LINESPLIT_MAGIC UINT32_C(0x4c494e45)

struct tg_linesplit {
    uint32_t magic;
    bool is_failed;
    size_t line_len_max;
    struct tg_buf pending;
};

struct tg_linesplit *tg_linesplit_new(size_t line_len_max)
{
    struct tg_linesplit *split = TG_NEW(struct tg_linesplit);

    split->magic = LINESPLIT_MAGIC;
    split->line_len_max = line_len_max;
    /* One more for the CR of a line that is just as long as allowed. */
    tg_buf_init(&split->pending, line_len_max + 1);
    return split;
}

void tg_linesplit_free(struct tg_linesplit *split)
{
    if (split == NULL) {
        return;
    }
    TG_MAGIC_CHECK(split, LINESPLIT_MAGIC);
    tg_buf_fini(&split->pending);
    split->magic = 0;
    free(split);
}

void tg_linesplit_reset(struct tg_linesplit *split)
{
    TG_MAGIC_CHECK(split, LINESPLIT_MAGIC);
    split->is_failed = false;
    tg_buf_reset(&split->pending);
}

static bool fail_too_long(struct tg_linesplit *split, struct tg_err *err)
{
    split->is_failed = true;
    return tg_err_set(err, TG_CODE_LIMIT, 0, "a line is longer than %zu bytes",
                      split->line_len_max);
}

/* Hands the pending line over and forgets it. */
static bool hand_over(struct tg_linesplit *split, tg_linesplit_line *line, void *context,
                      struct tg_err *err)
{
    struct tg_buf *pending = &split->pending;
    bool is_wanted = true;

    if (pending->len > 0 && pending->data[pending->len - 1] == '\r') {
        pending->len--;
        pending->data[pending->len] = '\0';
    }
    if (pending->len > split->line_len_max) {
        return fail_too_long(split, err);
    }
    if (pending->len > 0) {
        is_wanted = line(context, pending->data, pending->len, err);
    }
    tg_buf_reset(pending);
    split->is_failed = !is_wanted;
    return is_wanted;
}

bool tg_linesplit_feed(struct tg_linesplit *split, const char *bytes, size_t len,
                       tg_linesplit_line *line, void *context, struct tg_err *err)
{
    size_t at = 0;

    TG_MAGIC_CHECK(split, LINESPLIT_MAGIC);
    tg_assert(line != NULL && (bytes != NULL || len == 0));
    if (split->is_failed) {
        return tg_err_set(err, TG_CODE_STATE, 0, "the stream of lines has failed before");
    }
    while (at < len) {
        const char *end = memchr(bytes + at, '\n', len - at);
        size_t part_len = end == NULL ? len - at : (size_t)(end - (bytes + at));

        if (!tg_buf_append(&split->pending, bytes + at, part_len)) {
            return fail_too_long(split, err);
        }
        at += part_len;
        if (end != NULL) {
            at++;
            if (!hand_over(split, line, context, err)) {
                return false;
            }
        }
    }
    return true;
}

bool tg_linesplit_finish(struct tg_linesplit *split, tg_linesplit_line *line, void *context,
                         struct tg_err *err)
{
    TG_MAGIC_CHECK(split, LINESPLIT_MAGIC);
    tg_assert(line != NULL);
    if (split->is_failed) {
        return tg_err_set(err, TG_CODE_STATE, 0, "the stream of lines has failed before");
    }
    return hand_over(split, line, context, err);
}

size_t tg_linesplit_pending_len(const struct tg_linesplit *split)
{
    TG_MAGIC_CHECK(split, LINESPLIT_MAGIC);
    return split->pending.len;
}
