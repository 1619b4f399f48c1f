/* tests/unit/base/test_secret.c - what must never be printed. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

#include "base/secret.h"

static void expect_redacted(const char *text, const char *expected)
{
    char *redacted = tg_redact(text);

    cr_assert_str_eq(redacted, expected);
    free(redacted);
}

Test(secret, keeps_its_value)
{
    struct tg_secret *secret = tg_secret_new("ya29.token\0tail", 15);

    cr_assert_eq(tg_secret_len(secret), 15);
    cr_assert_eq(memcmp(tg_secret_peek(secret), "ya29.token\0tail", 16), 0);
    tg_secret_free(secret);
    tg_secret_free(NULL);
}

Test(secret, redaction_replaces_every_occurrence_while_it_lives)
{
    struct tg_secret *secret = tg_secret_new("ya29.abcdef", 11);

    expect_redacted("Authorization: Bearer ya29.abcdef", "Authorization: Bearer ***");
    expect_redacted("ya29.abcdefya29.abcdef ya29.abcde", "****** ya29.abcde");
    expect_redacted("", "");
    tg_secret_free(secret);
    expect_redacted("ya29.abcdef", "ya29.abcdef");
}

Test(secret, the_longest_secret_wins)
{
    struct tg_secret *inner = tg_secret_new("12345678", 8);
    struct tg_secret *outer = tg_secret_new("12345678-90", 11);
    struct tg_secret *twin = tg_secret_new("12345678", 8);

    expect_redacted("<12345678-90> <12345678>", "<***> <***>");
    tg_secret_free(inner);
    expect_redacted("<12345678>", "<***>");
    tg_secret_free(outer);
    expect_redacted("<12345678-90>", "<***-90>");
    tg_secret_free(twin);
}

Test(secret, short_values_would_eat_ordinary_words)
{
    struct tg_secret *secret = tg_secret_new("pool", 4);
    struct tg_secret *empty = tg_secret_new("", 0);

    expect_redacted("pool whirlpool", "pool whirlpool");
    cr_assert_str_eq(tg_secret_peek(empty), "");
    tg_secret_free(secret);
    tg_secret_free(empty);
}

Test(secret, large_values_are_kept_too)
{
    char *large = malloc(20001);
    struct tg_secret *secret = NULL;

    memset(large, 'k', 20000);
    large[20000] = '\0';
    secret = tg_secret_new(large, 20000);
    expect_redacted(large, "***");
    tg_redact_in_place(large);
    cr_assert_str_eq(large, "***");
    tg_secret_free(secret);
    free(large);
}
