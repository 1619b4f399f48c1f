/* tests/unit/base/test_log.c - one safe JSON line for each event. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/secret.h"

static char *last_line;
static int line_count;

static void keep(void *context, enum tg_log_level level, const char *line)
{
    (void)context;
    (void)level;
    line_count++;
    tg_str_replace(&last_line, line);
}

static const struct tg_log capture = {TG_LOG_INFO, keep, NULL};

static void forget(void)
{
    tg_str_replace(&last_line, NULL);
}

TestSuite(log, .fini = forget);

Test(log, writes_fields_in_their_order)
{
    tg_log(&capture, TG_LOG_WARN, "watch", "relist", "target", "east", "reason", "410", NULL);
    cr_assert_str_eq(last_line, "{\"level\":\"warn\",\"area\":\"watch\",\"event\":\"relist\","
                                "\"target\":\"east\",\"reason\":\"410\"}");
}

Test(log, below_the_level_nothing_is_written)
{
    line_count = 0;
    tg_log(&capture, TG_LOG_DEBUG, "watch", "tick", NULL);
    tg_log(NULL, TG_LOG_ERROR, "watch", "tick", NULL);
    cr_assert_eq(line_count, 0);
}

Test(log, values_cannot_leave_their_quotes)
{
    tg_log(&capture, TG_LOG_INFO, "a", "b", "k", "x\"y\\z\n\x1b[31m\xc2\x9b\xff", "n", NULL, "m",
           "last", NULL);
    cr_assert_str_eq(last_line,
                     "{\"level\":\"info\",\"area\":\"a\",\"event\":\"b\",\"k\":\"x\\\"y\\\\z"
                     "\\u000a\\u001b[31m\\u009b\xef\xbf\xbd\",\"n\":\"\",\"m\":\"last\"}");
}

Test(log, secrets_do_not_pass)
{
    struct tg_secret *secret = tg_secret_new("hunter2hunter2", 14);

    tg_log(&capture, TG_LOG_ERROR, "auth", "refused", "header", "Bearer hunter2hunter2", NULL);
    cr_assert_null(strstr(last_line, "hunter2"));
    cr_assert_not_null(strstr(last_line, "\"header\":\"Bearer ***\""));
    tg_secret_free(secret);
}

Test(log, a_long_line_is_cut_and_says_so)
{
    char *large = tg_malloc(5001);
    size_t len = 0;

    memset(large, 'x', 5000);
    large[5000] = '\0';
    tg_log(&capture, TG_LOG_INFO, "a", "b", "1", large, "2", large, "3", large, "4", large, "5",
           large, "6", large, "7", large, "8", large, "9", large, "short", "fits", NULL);
    len = strlen(last_line);
    cr_assert_lt(len, 17000);
    cr_assert_not_null(strstr(last_line, "\"short\":\"fits\",\"cut\":\"yes\"}"));
    cr_assert_null(strstr(last_line, "\"9\":"));
    cr_assert_str_eq(last_line + len - 2, "\"}");
    free(large);
}
