/* tests/unit/base/test_buf.c - growing, and the ceiling that is an error. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <criterion/criterion.h>

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

Test(buf, an_empty_one_reads_as_empty_text)
{
    struct tg_buf buf;
    size_t len = 9;
    char *taken = NULL;

    tg_buf_init(&buf, 10);
    cr_assert_str_eq(tg_buf_text(&buf), "");
    taken = tg_buf_take(&buf, &len);
    cr_assert_str_eq(taken, "");
    cr_assert_eq(len, 0);
    free(taken);
}

Test(buf, holds_exactly_its_ceiling_and_refuses_one_more)
{
    struct tg_buf buf;

    tg_buf_init(&buf, 5);
    cr_assert(tg_buf_puts(&buf, "abc"));
    cr_assert(tg_buf_append(&buf, "de", 2));
    cr_assert_not(tg_buf_putc(&buf, 'f'));
    cr_assert(buf.is_full);
    cr_assert_str_eq(tg_buf_text(&buf), "abcde");
    tg_buf_fini(&buf);
}

Test(buf, stays_full_until_reset)
{
    struct tg_buf buf;

    tg_buf_init(&buf, 5);
    cr_assert_not(tg_buf_puts(&buf, "abcdef"));
    /* Would fit, but the text would have a hole. */
    cr_assert_not(tg_buf_puts(&buf, "g"));
    tg_buf_reset(&buf);
    cr_assert(tg_buf_puts(&buf, "g"));
    cr_assert_str_eq(tg_buf_text(&buf), "g");
    tg_buf_fini(&buf);
}

Test(buf, printf_is_all_or_nothing)
{
    struct tg_buf buf;

    tg_buf_init(&buf, 8);
    cr_assert(tg_buf_printf(&buf, "%d%s", 12, "34"));
    cr_assert_not(tg_buf_printf(&buf, "%05d", 1));
    cr_assert_str_eq(tg_buf_text(&buf), "1234");
    tg_buf_fini(&buf);
}

Test(buf, consume_takes_from_the_front)
{
    struct tg_buf buf;

    tg_buf_init(&buf, 100);
    tg_buf_puts(&buf, "high tide");
    tg_buf_consume(&buf, 5);
    cr_assert_str_eq(tg_buf_text(&buf), "tide");
    tg_buf_consume(&buf, 0);
    tg_buf_consume(&buf, 4);
    cr_assert_eq(buf.len, 0);
    tg_buf_fini(&buf);
}

Test(buf, bytes_may_be_any)
{
    struct tg_buf buf;
    size_t len = 0;
    char *taken = NULL;

    tg_buf_init(&buf, 100000);
    for (int i = 0; i < 100000; i++) {
        cr_assert(tg_buf_putc(&buf, (char)i));
    }
    taken = tg_buf_take(&buf, &len);
    cr_assert_eq(len, 100000);
    cr_assert_eq(taken[65], 'A');
    cr_assert_eq(taken[100000], '\0');
    cr_assert_eq(buf.len, 0);
    free(taken);
}

Test(buf, consuming_what_is_not_there_is_a_fault, .signal = SIGABRT)
{
    struct tg_buf buf;

    tg_buf_init(&buf, 10);
    tg_buf_consume(&buf, 1);
}

Test(buf, a_secret_one_never_moves)
{
    struct tg_buf buf;
    const char *first = NULL;

    tg_buf_init_secret(&buf, 4096);
    cr_assert_str_eq(tg_buf_text(&buf), "");
    first = buf.data;
    while (tg_buf_puts(&buf, "0123456")) {
    }
    cr_assert_eq(buf.len, 4096 / 7 * 7);
    cr_assert_eq(buf.data, first, "a copy was left behind");
    tg_buf_fini(&buf);
    cr_assert_null(buf.data);
}
