/* base/fmt.c - numbers and times as text, the same in every locale and time zone. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "base/fmt.h"

#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/clock.h"
#include "base/str.h"

#define SECONDS_PER_DAY INT64_C(86400)

/* Years 0001 to 9999: what RFC 3339 can write. */
#define SECONDS_MIN INT64_C(-62135596800)
#define SECONDS_MAX INT64_C(253402300799)

struct civil {
    int64_t year;
    int month; /* 1 to 12 */
    int day;   /* 1 to 31 */
    int hour;
    int minute;
    int second;
    int weekday; /* 0 is Sunday */
};

static const char month_names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
static const char weekday_names[] = "SunMonTueWedThuFriSat";

static int64_t floor_div(int64_t value, int64_t by)
{
    return value >= 0 ? value / by : -((-value + by - 1) / by);
}

/* Days since 1970-01-01 of a date in the Gregorian calendar; eras of 400 years that begin on 1
 * March. */
static int64_t days_of(int64_t year, int month, int day)
{
    int64_t shifted = month <= 2 ? year - 1 : year;
    int64_t era = floor_div(shifted, 400);
    int64_t year_of_era = shifted - era * 400;
    int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

    return era * 146097 + day_of_era - 719468;
}

static struct civil civil_of(int64_t seconds)
{
    int64_t days = floor_div(seconds, SECONDS_PER_DAY);
    int64_t rest = seconds - days * SECONDS_PER_DAY;
    int64_t shifted = days + 719468;
    int64_t era = floor_div(shifted, 146097);
    int64_t day_of_era = shifted - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month = (5 * day_of_year + 2) / 153;
    struct civil civil = {0};

    civil.day = (int)(day_of_year - (153 * month + 2) / 5 + 1);
    civil.month = (int)(month < 10 ? month + 3 : month - 9);
    civil.year = year_of_era + era * 400 + (civil.month <= 2 ? 1 : 0);
    civil.hour = (int)(rest / 3600);
    civil.minute = (int)(rest / 60 % 60);
    civil.second = (int)(rest % 60);
    civil.weekday = (int)(((days + 4) % 7 + 7) % 7);
    return civil;
}

static bool is_leap(int64_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int days_in_month(int64_t year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

/* Seconds since 1970, or false when a part is out of range. A leap second counts as the second
 * before it. */
static bool seconds_of(const struct civil *civil, int64_t *seconds)
{
    if (civil->year < 1 || civil->month < 1 || civil->month > 12 || civil->day < 1 ||
        civil->day > days_in_month(civil->year, civil->month) || civil->hour > 23 ||
        civil->minute > 59 || civil->second > 60) {
        return false;
    }
    *seconds = days_of(civil->year, civil->month, civil->day) * SECONDS_PER_DAY +
               civil->hour * 3600 + civil->minute * 60 + (civil->second == 60 ? 59 : civil->second);
    return true;
}

/* Wall time cut to what can be written. */
static int64_t seconds_in_range(int64_t wall_us)
{
    int64_t seconds = floor_div(wall_us, TG_US_PER_S);

    if (seconds < SECONDS_MIN) {
        return SECONDS_MIN;
    }
    return seconds > SECONDS_MAX ? SECONDS_MAX : seconds;
}

/* "5d" or "5d3h": the smaller unit is left out when it is zero. */
static const char *two_units(char *out, size_t size, int64_t big, char big_unit, int64_t small,
                             char small_unit)
{
    if (small == 0) {
        snprintf(out, size, "%lld%c", (long long)big, big_unit);
    } else {
        snprintf(out, size, "%lld%c%lld%c", (long long)big, big_unit, (long long)small, small_unit);
    }
    return out;
}

const char *tg_fmt_age(char *out, size_t size, int64_t age_us)
{
    int64_t seconds = age_us < 0 ? 0 : age_us / TG_US_PER_S;
    int64_t minutes = seconds / 60;
    int64_t hours = minutes / 60;
    int64_t days = hours / 24;

    tg_assert(out != NULL && size > 0);
    /* The thresholds of kubectl, so that both tools show the same age. */
    if (seconds < 120) {
        return two_units(out, size, seconds, 's', 0, ' ');
    }
    if (minutes < 10) {
        return two_units(out, size, minutes, 'm', seconds % 60, 's');
    }
    if (minutes < 180) {
        return two_units(out, size, minutes, 'm', 0, ' ');
    }
    if (hours < 8) {
        return two_units(out, size, hours, 'h', minutes % 60, 'm');
    }
    if (hours < 48) {
        return two_units(out, size, hours, 'h', 0, ' ');
    }
    if (days < 8) {
        return two_units(out, size, days, 'd', hours % 24, 'h');
    }
    if (days < 365 * 2) {
        return two_units(out, size, days, 'd', 0, ' ');
    }
    return two_units(out, size, days / 365, 'y', days < 365 * 8 ? days % 365 : 0, 'd');
}

const char *tg_fmt_duration(char *out, size_t size, int64_t duration_us)
{
    const char *sign = duration_us < 0 ? "-" : "";
    uint64_t us = duration_us < 0 ? 0 - (uint64_t)duration_us : (uint64_t)duration_us;
    unsigned long long ms = us / 1000;
    unsigned long long seconds = ms / 1000;

    tg_assert(out != NULL && size > 0);
    if (us > 0 && ms == 0) {
        snprintf(out, size, "%s0.%llums", sign, (unsigned long long)(us < 100 ? 1 : us / 100));
    } else if (seconds == 0) {
        snprintf(out, size, "%s%llums", sign, ms);
    } else if (seconds < 60) {
        snprintf(out, size, "%s%llu.%llus", sign, seconds, ms % 1000 / 100);
    } else if (seconds < 3600) {
        snprintf(out, size, "%s%llum%02llus", sign, seconds / 60, seconds % 60);
    } else {
        snprintf(out, size, "%s%lluh%02llum", sign, seconds / 3600, seconds / 60 % 60);
    }
    return out;
}

const char *tg_fmt_bytes(char *out, size_t size, uint64_t bytes)
{
    static const char units[] = "KMGTPE";
    uint64_t unit = 1024;
    size_t at = 0;

    tg_assert(out != NULL && size > 0);
    if (bytes < 1024) {
        snprintf(out, size, "%lluB", (unsigned long long)bytes);
        return out;
    }
    while (at + 1 < sizeof(units) - 1 && bytes / unit >= 1024) {
        unit *= 1024;
        at++;
    }
    /* Cut, not rounded: never more than there is, and 1023.97 does not become 1024. */
    snprintf(out, size, "%llu.%llu%ciB", (unsigned long long)(bytes / unit),
             (unsigned long long)(bytes % unit * 10 / unit), units[at]);
    return out;
}

const char *tg_fmt_rfc3339(char *out, size_t size, int64_t wall_us, int digits)
{
    struct civil civil = civil_of(seconds_in_range(wall_us));
    int64_t us = wall_us - floor_div(wall_us, TG_US_PER_S) * TG_US_PER_S;
    char fraction[12] = "";

    tg_assert(out != NULL && size > 0);
    tg_assert(digits == 0 || digits == 3 || digits == 6 || digits == 9);
    if (digits > 0) {
        snprintf(fraction, sizeof(fraction), ".%06d000", (int)us);
        fraction[digits + 1] = '\0';
    }
    snprintf(out, size, "%04d-%02d-%02dT%02d:%02d:%02d%sZ", (int)civil.year, civil.month, civil.day,
             civil.hour, civil.minute, civil.second, fraction);
    return out;
}

const char *tg_fmt_compact(char *out, size_t size, int64_t wall_us)
{
    struct civil civil = civil_of(seconds_in_range(wall_us));

    tg_assert(out != NULL && size > 0);
    snprintf(out, size, "%04d%02d%02dt%02d%02d%02dz", (int)civil.year, civil.month, civil.day,
             civil.hour, civil.minute, civil.second);
    return out;
}

const char *tg_fmt_clock(char *out, size_t size, int64_t wall_us)
{
    struct civil civil = civil_of(seconds_in_range(wall_us));

    tg_assert(out != NULL && size > 0);
    snprintf(out, size, "%02d:%02d:%02d", civil.hour, civil.minute, civil.second);
    return out;
}

/* Reads count digits and then the byte that must follow ('\0': none is asked for). Moves *at on. */
static bool take_number(const char **at, int count, char follows, int *value)
{
    int number = 0;

    for (int i = 0; i < count; i++) {
        if (**at < '0' || **at > '9') {
            return false;
        }
        number = number * 10 + (**at - '0');
        (*at)++;
    }
    if (follows != '\0') {
        if (**at != follows) {
            return false;
        }
        (*at)++;
    }
    *value = number;
    return true;
}

/* ".123456789" to microseconds; any number of digits, those beyond the sixth are dropped. */
static bool take_fraction(const char **at, int64_t *us)
{
    int64_t unit = TG_US_PER_S / 10;

    *us = 0;
    if (**at != '.') {
        return true;
    }
    (*at)++;
    if (**at < '0' || **at > '9') {
        return false;
    }
    for (; **at >= '0' && **at <= '9'; (*at)++) {
        *us += (**at - '0') * unit;
        unit /= 10;
    }
    return true;
}

/* "Z" or "+08:00" to seconds east of Greenwich. */
static bool take_offset(const char **at, int64_t *seconds)
{
    int hours = 0;
    int minutes = 0;
    char sign = **at;

    (*at)++;
    *seconds = 0;
    if (sign == 'Z' || sign == 'z') {
        return true;
    }
    if ((sign != '+' && sign != '-') || !take_number(at, 2, ':', &hours) ||
        !take_number(at, 2, '\0', &minutes) || hours > 23 || minutes > 59) {
        return false;
    }
    *seconds = (sign == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
    return true;
}

bool tg_parse_rfc3339(const char *text, int64_t *wall_us)
{
    struct civil civil = {0};
    const char *at = text;
    int year = 0;
    int64_t us = 0;
    int64_t offset = 0;
    int64_t seconds = 0;

    tg_assert(wall_us != NULL);
    if (text == NULL || !take_number(&at, 4, '-', &year) ||
        !take_number(&at, 2, '-', &civil.month) || !take_number(&at, 2, '\0', &civil.day)) {
        return false;
    }
    if (*at != 'T' && *at != 't' && *at != ' ') {
        return false;
    }
    at++;
    if (!take_number(&at, 2, ':', &civil.hour) || !take_number(&at, 2, ':', &civil.minute) ||
        !take_number(&at, 2, '\0', &civil.second) || !take_fraction(&at, &us) || *at == '\0' ||
        !take_offset(&at, &offset) || *at != '\0') {
        return false;
    }
    civil.year = year;
    if (!seconds_of(&civil, &seconds)) {
        return false;
    }
    *wall_us = (seconds - offset) * TG_US_PER_S + us;
    return true;
}

const char *tg_fmt_http_date(char *out, size_t size, int64_t wall_us)
{
    struct civil civil = civil_of(seconds_in_range(wall_us));

    tg_assert(out != NULL && size > 0);
    snprintf(out, size, "%.3s, %02d %.3s %04d %02d:%02d:%02d GMT",
             weekday_names + (size_t)civil.weekday * 3, civil.day,
             month_names + ((size_t)civil.month - 1) * 3, (int)civil.year, civil.hour, civil.minute,
             civil.second);
    return out;
}

/* "Nov " to 11; moves *at on. */
static bool take_month(const char **at, int *month)
{
    for (int i = 0; i < 12; i++) {
        if (strncmp(*at, month_names + (size_t)i * 3, 3) == 0 && (*at)[3] == ' ') {
            *at += 4;
            *month = i + 1;
            return true;
        }
    }
    return false;
}

bool tg_parse_http_date(const char *text, int64_t *wall_us)
{
    struct civil civil = {0};
    const char *at = NULL;
    int year = 0;
    int64_t seconds = 0;

    tg_assert(wall_us != NULL);
    /* The name of the day says nothing that the date does not. */
    if (text == NULL || strlen(text) != 29 || text[3] != ',' || text[4] != ' ') {
        return false;
    }
    at = text + 5;
    if (!take_number(&at, 2, ' ', &civil.day) || !take_month(&at, &civil.month) ||
        !take_number(&at, 4, ' ', &year) || !take_number(&at, 2, ':', &civil.hour) ||
        !take_number(&at, 2, ':', &civil.minute) || !take_number(&at, 2, ' ', &civil.second) ||
        !tg_str_eq(at, "GMT")) {
        return false;
    }
    civil.year = year;
    if (!seconds_of(&civil, &seconds)) {
        return false;
    }
    *wall_us = seconds * TG_US_PER_S;
    return true;
}
