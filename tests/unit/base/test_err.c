/* tests/unit/base/test_err.c - codes, messages and their cutting. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <criterion/criterion.h>

#include <ctype.h>
#include <string.h>

#include "base/assert.h"
#include "base/err.h"

static const char *const spelled[] = {
#define TG_ERR(code, transient, text, hint) #code,
#include "base/err.def"
#undef TG_ERR
};

Test(err, set_fills_code_detail_and_message_and_returns_false)
{
    struct tg_err err = TG_ERR_INIT;

    cr_assert_not(tg_err_set(&err, TG_CODE_SERVER, 503, "pool %s: %d", "east", 7));
    cr_assert_eq(err.code, TG_CODE_SERVER);
    cr_assert_eq(err.detail, 503);
    cr_assert_str_eq(err.msg, "pool east: 7");
}

Test(err, set_and_wrap_allow_no_error)
{
    cr_assert_not(tg_err_set(NULL, TG_CODE_IO, 0, "nobody listens"));
    cr_assert_not(tg_err_wrap(NULL, "nobody"));
}

Test(err, wrap_puts_the_place_first_and_keeps_the_code)
{
    struct tg_err err = TG_ERR_INIT;

    tg_err_set(&err, TG_CODE_DNS, 6, "no such host");
    cr_assert_not(tg_err_wrap(&err, "watch %s", "pods"));
    cr_assert_str_eq(err.msg, "watch pods: no such host");
    cr_assert_eq(err.code, TG_CODE_DNS);
    cr_assert_eq(err.detail, 6);
}

Test(err, set_may_quote_the_old_message)
{
    struct tg_err err = TG_ERR_INIT;

    tg_err_set(&err, TG_CODE_IO, 0, "disk full");
    tg_err_set(&err, TG_CODE_CONFIG, 0, "cannot save (%s)", err.msg);
    cr_assert_str_eq(err.msg, "cannot save (disk full)");
}

Test(err, a_long_message_is_cut_between_characters)
{
    struct tg_err err = TG_ERR_INIT;
    char text[400];

    /* One byte and then characters of three bytes: the limit falls inside one. */
    memset(text, 0, sizeof(text));
    strncat(text, "xx", sizeof(text) - 1);
    for (int i = 0; i < 100; i++) {
        strncat(text, "\xe6\xbd\xae", sizeof(text) - strlen(text) - 1);
    }
    tg_err_set(&err, TG_CODE_IO, 0, "%s", text);
    cr_assert_lt(strlen(err.msg), sizeof(err.msg));
    cr_assert_eq((strlen(err.msg) - 2) % 3, 0);
    tg_err_wrap(&err, "a");
    cr_assert_eq((strlen(err.msg) - 5) % 3, 0);
}

Test(err, names_are_the_codes_in_lower_case)
{
    for (size_t i = 0; i < TG_COUNT(spelled); i++) {
        const char *name = tg_code_name((enum tg_code)i);

        cr_assert_eq(strlen(name), strlen(spelled[i]));
        for (size_t at = 0; name[at] != '\0'; at++) {
            cr_assert_eq(name[at], tolower((unsigned char)spelled[i][at]), "%s", spelled[i]);
        }
        cr_assert_neq(tg_code_text((enum tg_code)i)[0], '\0');
        cr_assert_not_null(tg_code_hint((enum tg_code)i));
    }
}

Test(err, what_may_be_retried_as_it_is)
{
    cr_assert(tg_code_is_transient(TG_CODE_TIMEOUT));
    cr_assert(tg_code_is_transient(TG_CODE_RATE_LIMITED));
    cr_assert_not(tg_code_is_transient(TG_CODE_FORBIDDEN));
    cr_assert_not(tg_code_is_transient(TG_CODE_CONFLICT));
}

Test(err, http_status_to_code)
{
    static const struct {
        int status;
        enum tg_code code;
    } rows[] = {
        {0, TG_CODE_NONE},        {200, TG_CODE_NONE},      {201, TG_CODE_NONE},
        {302, TG_CODE_PROTOCOL},  {400, TG_CODE_INVALID},   {401, TG_CODE_UNAUTHORIZED},
        {403, TG_CODE_FORBIDDEN}, {404, TG_CODE_NOT_FOUND}, {409, TG_CODE_CONFLICT},
        {410, TG_CODE_EXPIRED},   {422, TG_CODE_INVALID},   {429, TG_CODE_RATE_LIMITED},
        {500, TG_CODE_SERVER},    {503, TG_CODE_SERVER},    {999, TG_CODE_PROTOCOL},
    };

    for (size_t i = 0; i < TG_COUNT(rows); i++) {
        cr_assert_eq(tg_code_from_http_status(rows[i].status), rows[i].code, "%d", rows[i].status);
    }
}
