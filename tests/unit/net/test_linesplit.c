/* tests/unit/net/test_linesplit.c - lines, wherever the bytes are cut. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <criterion/criterion.h>

#include <string.h>

#include "base/buf.h"
#include "net/linesplit.h"

struct seen {
    struct tg_buf lines; /* each with a bar after it */
    int stop_after;      /* 0: never */
    int count;
};

static bool see(void *context, const char *line, size_t len, struct tg_err *err)
{
    struct seen *seen = context;

    cr_assert_eq(strlen(line), len);
    tg_buf_printf(&seen->lines, "%s|", line);
    seen->count++;
    if (seen->count == seen->stop_after) {
        return tg_err_set(err, TG_CODE_PROTOCOL, 0, "not wanted");
    }
    return true;
}

static const char stream[] = "{\"a\":1}\n\n{\"b\":\"\xe6\xbd\xae\"}\r\n\r\nx\nlast";
static const char lines[] = "{\"a\":1}|{\"b\":\"\xe6\xbd\xae\"}|x|last|";

/* Feeds the stream in three parts that end at first and second. */
static void feed_cut(size_t first, size_t second)
{
    struct tg_linesplit *split = tg_linesplit_new(12);
    struct seen seen = {.stop_after = 0};
    struct tg_err err = TG_ERR_INIT;

    tg_buf_init(&seen.lines, 1000);
    cr_assert(tg_linesplit_feed(split, stream, first, see, &seen, &err));
    cr_assert(tg_linesplit_feed(split, stream + first, second - first, see, &seen, &err));
    cr_assert(
        tg_linesplit_feed(split, stream + second, sizeof(stream) - 1 - second, see, &seen, &err));
    cr_assert_eq(tg_linesplit_pending_len(split), 4);
    cr_assert(tg_linesplit_finish(split, see, &seen, &err));
    cr_assert_str_eq(tg_buf_text(&seen.lines), lines);
    cr_assert_eq(tg_linesplit_pending_len(split), 0);
    tg_buf_fini(&seen.lines);
    tg_linesplit_free(split);
}

Test(linesplit, cut_at_every_pair_of_offsets)
{
    for (size_t first = 0; first < sizeof(stream); first++) {
        for (size_t second = first; second < sizeof(stream); second++) {
            feed_cut(first, second);
        }
    }
}

Test(linesplit, byte_by_byte)
{
    struct tg_linesplit *split = tg_linesplit_new(12);
    struct seen seen = {.stop_after = 0};
    struct tg_err err = TG_ERR_INIT;

    tg_buf_init(&seen.lines, 1000);
    for (size_t i = 0; i < sizeof(stream) - 1; i++) {
        cr_assert(tg_linesplit_feed(split, stream + i, 1, see, &seen, &err));
    }
    cr_assert(tg_linesplit_finish(split, see, &seen, &err));
    cr_assert_str_eq(tg_buf_text(&seen.lines), lines);
    tg_buf_fini(&seen.lines);
    tg_linesplit_free(split);
}

Test(linesplit, a_line_as_long_as_allowed_passes_with_either_break)
{
    struct tg_linesplit *split = tg_linesplit_new(4);
    struct seen seen = {.stop_after = 0};
    struct tg_err err = TG_ERR_INIT;

    tg_buf_init(&seen.lines, 1000);
    cr_assert(tg_linesplit_feed(split, "abcd\nefgh\r\n", 11, see, &seen, &err));
    cr_assert_str_eq(tg_buf_text(&seen.lines), "abcd|efgh|");
    tg_buf_fini(&seen.lines);
    tg_linesplit_free(split);
}

static void expect_too_long(const char *bytes, const char *seen_before)
{
    struct tg_linesplit *split = tg_linesplit_new(4);
    struct seen seen = {.stop_after = 0};
    struct tg_err err = TG_ERR_INIT;

    tg_buf_init(&seen.lines, 1000);
    cr_assert_not(tg_linesplit_feed(split, bytes, strlen(bytes), see, &seen, &err));
    cr_assert_eq(err.code, TG_CODE_LIMIT);
    cr_assert_str_eq(tg_buf_text(&seen.lines), seen_before);
    cr_assert_not(tg_linesplit_feed(split, "a\n", 2, see, &seen, &err), "failed for good");
    cr_assert_eq(err.code, TG_CODE_STATE);
    tg_linesplit_reset(split);
    cr_assert(tg_linesplit_feed(split, "b\n", 2, see, &seen, &err));
    tg_buf_fini(&seen.lines);
    tg_linesplit_free(split);
}

Test(linesplit, a_line_over_the_ceiling_is_an_error)
{
    expect_too_long("abcde\n", "");
    expect_too_long("abcdef", "");
    expect_too_long("ok\nabcdefgh\n", "ok|");
}

Test(linesplit, whoever_gets_the_lines_can_stop)
{
    struct tg_linesplit *split = tg_linesplit_new(10);
    struct seen seen = {.stop_after = 2};
    struct tg_err err = TG_ERR_INIT;

    tg_buf_init(&seen.lines, 1000);
    cr_assert_not(tg_linesplit_feed(split, "a\nb\nc\n", 6, see, &seen, &err));
    cr_assert_eq(err.code, TG_CODE_PROTOCOL);
    cr_assert_str_eq(tg_buf_text(&seen.lines), "a|b|");
    tg_buf_fini(&seen.lines);
    tg_linesplit_free(split);
}
