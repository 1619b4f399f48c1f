/* tests/unit/base/test_utf8.c - decoding, cells and the cleaning of hostile text. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/utf8.h"

static void expect_sanitized(const char *bytes, size_t len, const char *expected)
{
    char *safe = tg_utf8_sanitize(bytes, len);

    cr_assert_str_eq(safe, expected);
    free(safe);
}

#define EXPECT_SANITIZED(text, expected) expect_sanitized(text, sizeof(text) - 1, expected)

Test(utf8, every_character_comes_back)
{
    for (uint32_t codepoint = 0; codepoint <= 0x10FFFF; codepoint += codepoint < 0x3000 ? 1 : 7) {
        char bytes[4];
        uint32_t decoded = 0;
        size_t len = 0;

        if (codepoint >= 0xD800 && codepoint <= 0xDFFF) {
            continue;
        }
        len = tg_utf8_encode(codepoint, bytes);
        cr_assert_eq(tg_utf8_decode(bytes, len, &decoded), len);
        cr_assert_eq(decoded, codepoint);
        /* Cut short, it is one malformed byte and never a read past the end. */
        if (len > 1) {
            cr_assert_eq(tg_utf8_decode(bytes, len - 1, &decoded), 1);
            cr_assert_eq(decoded, 0xFFFD);
        }
    }
}

Test(utf8, malformed_bytes_are_one_replacement_each)
{
    static const char *const wrong[] = {
        "\x80",             /* continuation alone */
        "\xc0\xaf",         /* overlong slash */
        "\xe0\x80\xaf",     /* overlong in three bytes */
        "\xed\xa0\x80",     /* surrogate */
        "\xf4\x90\x80\x80", /* beyond the last character */
        "\xf0\x80\x80\xaf", /* overlong in four bytes */
        "\xff",
        "\xe6\xbd",
        "\xe6x\xae",
    };

    for (size_t i = 0; i < TG_COUNT(wrong); i++) {
        uint32_t decoded = 0;

        cr_assert_eq(tg_utf8_decode(wrong[i], strlen(wrong[i]), &decoded), 1);
        cr_assert_eq(decoded, 0xFFFD);
        cr_assert_not(tg_utf8_is_valid(wrong[i], strlen(wrong[i])));
    }
    cr_assert(tg_utf8_is_valid("\xef\xbf\xbd", 3), "a real replacement character is valid");
    cr_assert(tg_utf8_is_valid("", 0));
}

Test(utf8, cells_of_characters)
{
    static const struct {
        uint32_t codepoint;
        int width;
    } rows[] = {
        {'a', 1},     {0xE9, 1},    {0xB1, 1},    {0x2500, 1}, {0x2588, 1},   {0x2026, 1},
        {0x4E2D, 2},  {0x6F6E, 2},  {0x3042, 2},  {0xAC00, 2}, {0xFF21, 2},   {0x3000, 2},
        {0x1F30A, 2}, {0x1F600, 2}, {0x20000, 2}, {0x2705, 2}, {0x231A, 2},   {0x2713, 1},
        {0x301, 0},   {0x20E3, 0},  {0x200D, 0},  {0xFE0F, 0}, {0x1160, 0},   {0x302A, 0},
        {0x2028, 1},  {0xFF71, 1},  {0x28FF, 1},  {0xE000, 1}, {0x10FFFF, 1}, {0x1100, 2},
    };

    for (size_t i = 0; i < TG_COUNT(rows); i++) {
        cr_assert_eq(tg_utf8_codepoint_width(rows[i].codepoint), rows[i].width, "U+%04X",
                     (unsigned)rows[i].codepoint);
    }
}

Test(utf8, graphemes_stay_together)
{
    static const struct {
        const char *text;
        size_t len;
        int width;
    } rows[] = {
        {"ab", 1, 1},
        {"e\xcc\x81x", 3, 1},                                       /* e + acute */
        {"\xe6\xbd\xae\xe6\xb1\x90", 3, 2},                         /* two ideographs */
        {"\xf0\x9f\x87\xb9\xf0\x9f\x87\xbc\xf0\x9f\x87\xaf", 8, 2}, /* flag, half of one */
        {"\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x92\xbb!", 11, 2},   /* joined emoji */
        {"\xf0\x9f\x91\x8d\xf0\x9f\x8f\xbd!", 8, 2},                /* skin tone */
        {"\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab.", 9, 2},            /* Hangul letters */
        {"1\xef\xb8\x8f\xe2\x83\xa3.", 7, 1},                       /* keycap */
        {"a\xe2\x80\x8d"
         "b",
         4, 1},              /* no joined letters */
        {"\xcc\x81z", 2, 1}, /* mark without base */
        {"\xff\xfe", 1, 1},
        {"", 0, 0},
    };

    for (size_t i = 0; i < TG_COUNT(rows); i++) {
        int width = -1;

        cr_assert_eq(tg_utf8_grapheme(rows[i].text, strlen(rows[i].text), &width), rows[i].len,
                     "%s", rows[i].text);
        cr_assert_eq(width, rows[i].width, "%s", rows[i].text);
    }
}

Test(utf8, width_and_fit_agree_and_never_cut_a_grapheme)
{
    const char *text = "ab\xe6\xbd\xae"
                       "e\xcc\x81\xf0\x9f\x8c\x8a.";
    static const size_t lens[] = {0, 1, 2, 2, 5, 8, 8, 12, 13, 13};
    static const size_t cells[] = {0, 1, 2, 2, 4, 5, 5, 7, 8, 8};

    cr_assert_eq(tg_utf8_width(text), 8);
    cr_assert_eq(tg_utf8_width(""), 0);
    for (size_t i = 0; i < TG_COUNT(lens); i++) {
        size_t used = 99;

        cr_assert_eq(tg_utf8_fit(text, i, &used), lens[i]);
        cr_assert_eq(used, cells[i]);
    }
}

Test(utf8, plain_text_passes_unchanged)
{
    EXPECT_SANITIZED("tide \xe6\xbd\xae\xe6\xb1\x90 \xf0\x9f\x8c\x8a e\xcc\x81 \\x41",
                     "tide \xe6\xbd\xae\xe6\xb1\x90 \xf0\x9f\x8c\x8a e\xcc\x81 \\x41");
    EXPECT_SANITIZED("", "");
}

Test(utf8, terminal_controls_become_visible)
{
    EXPECT_SANITIZED("\x1b[2J\x1b]0;title\x07", "\\x1b[2J\\x1b]0;title\\x07");
    EXPECT_SANITIZED("a\0b", "a\\x00b");
    EXPECT_SANITIZED("\x7f\x08", "\\x7f\\x08");
    /* C1 as characters (CSI is U+009B) and as raw bytes. */
    EXPECT_SANITIZED("\xc2\x9b"
                     "31m",
                     "\\x9b31m");
    EXPECT_SANITIZED("\x9b"
                     "31m",
                     "\xef\xbf\xbd"
                     "31m");
}

Test(utf8, line_breaks_and_tabs_are_one_space)
{
    EXPECT_SANITIZED("a\rb\nc\td\r\ne", "a b c d e");
}

Test(utf8, text_that_reorders_or_hides_becomes_visible)
{
    EXPECT_SANITIZED("\xe2\x80\xae"
                     "evil\xe2\x80\xac",
                     "\\u202eevil\\u202c");
    EXPECT_SANITIZED("\xe2\x81\xa6x\xe2\x81\xa9", "\\u2066x\\u2069");
    EXPECT_SANITIZED("a\xe2\x80\x8b"
                     "b\xef\xbb\xbf",
                     "a\\u200bb\\ufeff");
    EXPECT_SANITIZED("\xc2\xad", "\\u00ad");
    EXPECT_SANITIZED("\xd8\x9c", "\\u061c");
    EXPECT_SANITIZED("\xe2\x80\xa8", "\\u2028");
    EXPECT_SANITIZED("\xf3\xa0\x81\x81", "\\U000e0041");
    EXPECT_SANITIZED("\xe3\x85\xa4", "\\u3164");
}

Test(utf8, bytes_that_are_not_utf8_become_replacements)
{
    EXPECT_SANITIZED("a\xff"
                     "b\xe6\xbd",
                     "a\xef\xbf\xbd"
                     "b\xef\xbf\xbd\xef\xbf\xbd");
}

Test(utf8, piled_up_marks_are_shown)
{
    char text[64] = "a";

    for (int i = 0; i < 10; i++) {
        strncat(text, "\xcc\x81", sizeof(text) - strlen(text) - 1);
    }
    expect_sanitized(text, strlen(text),
                     "a\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81"
                     "\\u0301\\u0301");
}

Test(utf8, nothing_unsafe_passes_whatever_the_bytes)
{
    /* All pairs of bytes, between letters. */
    for (int pair = 0; pair < 65536; pair++) {
        char bytes[4] = {'a', (char)(pair >> 8), (char)pair, 'z'};
        char *safe = tg_utf8_sanitize(bytes, sizeof(bytes));
        size_t len = strlen(safe);

        cr_assert(tg_utf8_is_valid(safe, len));
        for (size_t at = 0; at < len;) {
            uint32_t codepoint = 0;

            at += tg_utf8_decode(safe + at, len - at, &codepoint);
            cr_assert(codepoint >= 0x20 && (codepoint < 0x7F || codepoint >= 0xA0));
        }
        free(safe);
    }
}

Test(utf8, sanitize_into_cuts_between_pieces)
{
    char out[8];

    cr_assert(tg_utf8_sanitize_into(out, sizeof(out), "abcdefg", 7));
    cr_assert_str_eq(out, "abcdefg");
    cr_assert_not(tg_utf8_sanitize_into(out, sizeof(out), "abcdefgh", 8));
    cr_assert_str_eq(out, "abcdefg");
    cr_assert_not(tg_utf8_sanitize_into(out, sizeof(out), "abcde\xe6\xbd\xae", 8));
    cr_assert_str_eq(out, "abcde");
    cr_assert_not(tg_utf8_sanitize_into(out, sizeof(out), "abcd\x1b", 5));
    cr_assert_str_eq(out, "abcd");
    cr_assert_not(tg_utf8_sanitize_into(out, 1, "a", 1));
    cr_assert_str_eq(out, "");
}
