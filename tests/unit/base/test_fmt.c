/* tests/unit/base/test_fmt.c - ages, durations, bytes and dates. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <criterion/criterion.h>

#include <locale.h>
#include <stdlib.h>

#include "base/assert.h"
#include "base/clock.h"
#include "base/fmt.h"

#define SECOND TG_US_PER_S
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

struct number_row {
    int64_t value;
    const char *text;
};

Test(fmt, age_as_kubectl_prints_it)
{
    static const struct number_row rows[] = {
        {-5 * SECOND, "0s"},
        {0, "0s"},
        {999999, "0s"},
        {59 * SECOND, "59s"},
        {119 * SECOND, "119s"},
        {2 * MINUTE, "2m"},
        {2 * MINUTE + 10 * SECOND, "2m10s"},
        {10 * MINUTE + 10 * SECOND, "10m"},
        {41 * MINUTE, "41m"},
        {179 * MINUTE, "179m"},
        {3 * HOUR + 5 * MINUTE, "3h5m"},
        {8 * HOUR + 5 * MINUTE, "8h"},
        {47 * HOUR, "47h"},
        {2 * DAY, "2d"},
        {3 * DAY + 4 * HOUR, "3d4h"},
        {8 * DAY + 4 * HOUR, "8d"},
        {729 * DAY, "729d"},
        {730 * DAY, "2y"},
        {731 * DAY, "2y1d"},
        {3000 * DAY, "8y"},
    };

    for (size_t i = 0; i < TG_COUNT(rows); i++) {
        char out[32];

        cr_assert_str_eq(tg_fmt_age(out, sizeof(out), rows[i].value), rows[i].text);
    }
}

Test(fmt, duration_with_a_resolution_that_suits_it)
{
    static const struct number_row rows[] = {
        {0, "0ms"},
        {3, "0.1ms"},
        {250, "0.2ms"},
        {320 * TG_US_PER_MS, "320ms"},
        {999999, "999ms"},
        {8400 * TG_US_PER_MS, "8.4s"},
        {59 * SECOND + 999999, "59.9s"},
        {2 * MINUTE + 10 * SECOND, "2m10s"},
        {2 * MINUTE + 5 * SECOND, "2m05s"},
        {HOUR + 5 * MINUTE, "1h05m"},
        {100 * HOUR, "100h00m"},
        {-8400 * TG_US_PER_MS, "-8.4s"},
        {INT64_MIN, "-2562047788h00m"},
    };

    for (size_t i = 0; i < TG_COUNT(rows); i++) {
        char out[32];

        cr_assert_str_eq(tg_fmt_duration(out, sizeof(out), rows[i].value), rows[i].text);
    }
}

Test(fmt, bytes_in_binary_units)
{
    static const struct {
        uint64_t bytes;
        const char *text;
    } rows[] = {
        {0, "0B"},
        {512, "512B"},
        {1023, "1023B"},
        {1024, "1.0KiB"},
        {1536, "1.5KiB"},
        {1048575, "1023.9KiB"},
        {UINT64_C(58947954483), "54.8GiB"},
        {UINT64_MAX, "15.9EiB"},
    };

    for (size_t i = 0; i < TG_COUNT(rows); i++) {
        char out[32];

        cr_assert_str_eq(tg_fmt_bytes(out, sizeof(out), rows[i].bytes), rows[i].text);
    }
}

Test(fmt, rfc3339_of_known_moments)
{
    static const struct number_row rows[] = {
        {0, "1970-01-01T00:00:00Z"},
        {-1, "1969-12-31T23:59:59Z"},
        {1767225600 * SECOND, "2026-01-01T00:00:00Z"},
        {951782400 * SECOND, "2000-02-29T00:00:00Z"},
        {4107542400 * SECOND, "2100-03-01T00:00:00Z"},
        {-2208988800 * SECOND, "1900-01-01T00:00:00Z"},
    };
    char out[40];

    for (size_t i = 0; i < TG_COUNT(rows); i++) {
        cr_assert_str_eq(tg_fmt_rfc3339(out, sizeof(out), rows[i].value, 0), rows[i].text);
    }
    cr_assert_str_eq(tg_fmt_rfc3339(out, sizeof(out), 1234567, 3), "1970-01-01T00:00:01.234Z");
    cr_assert_str_eq(tg_fmt_rfc3339(out, sizeof(out), 1234567, 6), "1970-01-01T00:00:01.234567Z");
    cr_assert_str_eq(tg_fmt_rfc3339(out, sizeof(out), 1234567, 9),
                     "1970-01-01T00:00:01.234567000Z");
    cr_assert_str_eq(tg_fmt_rfc3339(out, sizeof(out), -1, 6), "1969-12-31T23:59:59.999999Z");
}

Test(fmt, rfc3339_comes_back_for_every_kind_of_day)
{
    /* Steps that are no divisor of a day, over four centuries and both sides of 1970. */
    for (int64_t wall_us = -3000000000 * SECOND; wall_us < 10000000000 * SECOND;
         wall_us += 12345678 * SECOND + 987654) {
        char out[40];
        int64_t parsed = 0;

        tg_fmt_rfc3339(out, sizeof(out), wall_us, 6);
        cr_assert(tg_parse_rfc3339(out, &parsed), "%s", out);
        cr_assert_eq(parsed, wall_us, "%s", out);
    }
}

Test(fmt, rfc3339_with_offsets_and_fractions)
{
    static const struct number_row rows[] = {
        {0, "1970-01-01T08:00:00+08:00"},      {0, "1969-12-31T19:00:00-05:00"},
        {500000, "1970-01-01t00:00:00.5z"},    {123456, "1970-01-01 00:00:00.123456789Z"},
        {59 * SECOND, "1970-01-01T00:00:60Z"},
    };

    for (size_t i = 0; i < TG_COUNT(rows); i++) {
        int64_t parsed = -7;

        cr_assert(tg_parse_rfc3339(rows[i].text, &parsed), "%s", rows[i].text);
        cr_assert_eq(parsed, rows[i].value, "%s", rows[i].text);
    }
}

Test(fmt, what_is_not_rfc3339)
{
    static const char *const wrong[] = {
        "",
        "1970-01-01",
        "1970-01-01T00:00:00",
        "1970-13-01T00:00:00Z",
        "1970-02-29T00:00:00Z",
        "1970-01-32T00:00:00Z",
        "1970-01-01T24:00:00Z",
        "1970-01-01T00:60:00Z",
        "1970-01-01T00:00:00Zx",
        "1970-01-01T00:00:00.Z",
        "1970-01-01T00:00:00+0800",
        "70-01-01T00:00:00Z",
        "0000-01-01T00:00:00Z",
    };
    int64_t parsed = -7;

    for (size_t i = 0; i < TG_COUNT(wrong); i++) {
        cr_assert_not(tg_parse_rfc3339(wrong[i], &parsed), "%s", wrong[i]);
    }
    cr_assert_not(tg_parse_rfc3339(NULL, &parsed));
    cr_assert_eq(parsed, -7);
}

Test(fmt, neither_locale_nor_time_zone_matters)
{
    char out[40];

    setenv("TZ", "Asia/Taipei", 1);
    setlocale(LC_ALL, "de_DE.UTF-8");
    cr_assert_str_eq(tg_fmt_clock(out, sizeof(out), 12 * HOUR + 4 * MINUTE + 31 * SECOND),
                     "12:04:31");
    cr_assert_str_eq(tg_fmt_http_date(out, sizeof(out), 784111777 * SECOND),
                     "Sun, 06 Nov 1994 08:49:37 GMT");
    cr_assert_str_eq(tg_fmt_duration(out, sizeof(out), 8400 * TG_US_PER_MS), "8.4s");
}

Test(fmt, http_dates_come_back)
{
    int64_t parsed = 0;
    char out[40];

    for (int64_t wall_us = 0; wall_us < 3000000000 * SECOND; wall_us += 7654321 * SECOND) {
        cr_assert(tg_parse_http_date(tg_fmt_http_date(out, sizeof(out), wall_us), &parsed));
        cr_assert_eq(parsed, wall_us, "%s", out);
    }
    cr_assert_not(tg_parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT", &parsed));
    cr_assert_not(tg_parse_http_date("Sun, 06 Nov 1994 08:49:37 CET", &parsed));
    cr_assert_not(tg_parse_http_date("Sun, 31 Feb 1994 08:49:37 GMT", &parsed));
    cr_assert_not(tg_parse_http_date("", &parsed));
    cr_assert_not(tg_parse_http_date(NULL, &parsed));
}
