/* tests/unit/base/test_str.c - comparing, parsing, base64. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <criterion/criterion.h>

#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/str.h"

Test(str, equality)
{
    cr_assert(tg_str_eq("a", "a"));
    cr_assert(tg_str_eq(NULL, NULL));
    cr_assert_not(tg_str_eq(NULL, ""));
    cr_assert_not(tg_str_eq("", NULL));
    cr_assert_not(tg_str_eq("a", "A"));
    cr_assert(tg_str_eq_nocase("Content-Type", "content-type"));
    cr_assert_not(tg_str_eq_nocase("abc", "abcd"));
    cr_assert_not(tg_str_eq_nocase("abcd", "abc"));
    cr_assert_not(tg_str_eq_nocase("[", "{"));
}

Test(str, prefix_suffix_contains)
{
    cr_assert(tg_str_has_prefix("gemma-2b", "gemma"));
    cr_assert(tg_str_has_prefix("gemma", ""));
    cr_assert_not(tg_str_has_prefix("gem", "gemma"));
    cr_assert(tg_str_has_suffix("lab.yaml", ".yaml"));
    cr_assert_not(tg_str_has_suffix("yaml", ".yaml"));
    cr_assert(tg_str_contains_nocase("InferencePool", "pool"));
    cr_assert(tg_str_contains_nocase("aab", "AB"));
    cr_assert(tg_str_contains_nocase("", ""));
    cr_assert_not(tg_str_contains_nocase("poo", "pool"));
}

Test(str, copy_cuts_between_characters)
{
    char out[6];

    cr_assert(tg_str_copy(out, sizeof(out), "12345"));
    cr_assert_str_eq(out, "12345");
    cr_assert_not(tg_str_copy(out, sizeof(out), "123456"));
    cr_assert_str_eq(out, "12345");
    cr_assert_not(tg_str_copy(out, sizeof(out), "1234\xe6\xbd\xae"));
    cr_assert_str_eq(out, "1234");
    cr_assert_not(tg_str_copy(out, 1, "x"));
    cr_assert_str_eq(out, "");
}

Test(str, integers_are_whole_and_within_their_bounds)
{
    int64_t value = 99;

    cr_assert(tg_str_to_int64("-17", -20, 20, &value));
    cr_assert_eq(value, -17);
    cr_assert(tg_str_to_int64("9223372036854775807", 0, INT64_MAX, &value));
    cr_assert_eq(value, INT64_MAX);
    value = 99;
    cr_assert_not(tg_str_to_int64("9223372036854775808", 0, INT64_MAX, &value));
    cr_assert_not(tg_str_to_int64("21", 0, 20, &value));
    cr_assert_not(tg_str_to_int64("", 0, 20, &value));
    cr_assert_not(tg_str_to_int64(" 1", 0, 20, &value));
    cr_assert_not(tg_str_to_int64("1 ", 0, 20, &value));
    cr_assert_not(tg_str_to_int64("0x10", 0, 20, &value));
    cr_assert_not(tg_str_to_int64("-", 0, 20, &value));
    cr_assert_not(tg_str_to_int64(NULL, 0, 20, &value));
    cr_assert_eq(value, 99);
}

Test(str, numbers_do_not_follow_the_locale)
{
    double value = 0;

    /* Where it is installed, this locale writes a comma; elsewhere the test still checks the point.
     */
    setlocale(LC_ALL, "de_DE.UTF-8");
    cr_assert(tg_str_to_double("0.25", &value));
    cr_assert_eq(value, 0.25);
    cr_assert(tg_str_to_double("1e3", &value));
    cr_assert_eq(value, 1000.0);
    cr_assert_not(tg_str_to_double("0,25", &value));
    cr_assert_not(tg_str_to_double("inf", &value));
    cr_assert_not(tg_str_to_double("nan", &value));
    cr_assert_not(tg_str_to_double("1e999", &value));
    cr_assert_not(tg_str_to_double("0x1p3", &value));
    cr_assert_not(tg_str_to_double("1.2.3", &value));
    cr_assert_not(tg_str_to_double("", &value));
    cr_assert_not(tg_str_to_double(" 1", &value));
}

Test(str, base64_of_rfc_4648)
{
    static const char *const pairs[][2] = {
        {"", ""},
        {"f", "Zg=="},
        {"fo", "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"},
    };

    for (size_t i = 0; i < TG_COUNT(pairs); i++) {
        size_t len = 0;
        char *encoded = tg_base64_encode(pairs[i][0], strlen(pairs[i][0]));
        char *decoded = tg_base64_decode(pairs[i][1], strlen(pairs[i][1]), &len);

        cr_assert_str_eq(encoded, pairs[i][1]);
        cr_assert_str_eq(decoded, pairs[i][0]);
        cr_assert_eq(len, strlen(pairs[i][0]));
        free(encoded);
        free(decoded);
    }
}

Test(str, base64_of_every_byte_comes_back)
{
    unsigned char bytes[256];
    size_t len = 0;
    char *encoded = NULL;
    char *decoded = NULL;

    for (int i = 0; i < 256; i++) {
        bytes[i] = (unsigned char)(255 - i);
    }
    encoded = tg_base64_encode(bytes, sizeof(bytes));
    decoded = tg_base64_decode(encoded, strlen(encoded), &len);
    cr_assert_eq(len, sizeof(bytes));
    cr_assert_arr_eq(decoded, bytes, sizeof(bytes));
    free(encoded);
    free(decoded);
}

Test(str, base64_takes_line_breaks_and_refuses_the_rest)
{
    static const char *const wrong[] = {"Zg", "Zg=", "Zg===", "Z", "Zg=a", "Z-9v", "Zm 9v", "===="};
    size_t len = 0;
    char *decoded = tg_base64_decode("Zm9v\r\nYmFy\n", 11, &len);

    cr_assert_str_eq(decoded, "foobar");
    free(decoded);
    for (size_t i = 0; i < TG_COUNT(wrong); i++) {
        cr_assert_null(tg_base64_decode(wrong[i], strlen(wrong[i]), &len), "%s", wrong[i]);
    }
}

Test(str, hash_is_fnv_1a)
{
    cr_assert_eq(tg_hash_str(""), UINT64_C(0xcbf29ce484222325));
    cr_assert_eq(tg_hash_str("a"), UINT64_C(0xaf63dc4c8601ec8c));
    cr_assert_eq(tg_hash_str("foobar"), UINT64_C(0x85944171f73967e8));
}
