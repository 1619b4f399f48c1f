/* base/str.c - text helpers that know no locale. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "base/str.h"

#include <errno.h>
#include <inttypes.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/mem.h"

static char lower(char byte)
{
    return byte >= 'A' && byte <= 'Z' ? (char)(byte - 'A' + 'a') : byte;
}

bool tg_str_eq(const char *a, const char *b)
{
    if (a == NULL || b == NULL) {
        return a == b;
    }
    return strcmp(a, b) == 0;
}

bool tg_str_eq_nocase(const char *a, const char *b)
{
    if (a == NULL || b == NULL) {
        return a == b;
    }
    while (*a != '\0' && lower(*a) == lower(*b)) {
        a++;
        b++;
    }
    return lower(*a) == lower(*b);
}

bool tg_str_has_prefix(const char *text, const char *prefix)
{
    tg_assert(text != NULL && prefix != NULL);
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool tg_str_has_suffix(const char *text, const char *suffix)
{
    size_t text_len = 0;
    size_t suffix_len = 0;

    tg_assert(text != NULL && suffix != NULL);
    text_len = strlen(text);
    suffix_len = strlen(suffix);
    return suffix_len <= text_len && strcmp(text + text_len - suffix_len, suffix) == 0;
}

bool tg_str_contains_nocase(const char *text, const char *needle)
{
    tg_assert(text != NULL && needle != NULL);
    for (;; text++) {
        size_t i = 0;

        while (needle[i] != '\0' && lower(text[i]) == lower(needle[i])) {
            i++;
        }
        if (needle[i] == '\0') {
            return true;
        }
        if (*text == '\0') {
            return false;
        }
    }
}

bool tg_str_copy(char *out, size_t size, const char *text)
{
    size_t len = 0;

    tg_assert(out != NULL && size > 0 && text != NULL);
    len = strlen(text);
    if (len < size) {
        memmove(out, text, len + 1);
        return true;
    }
    len = size - 1;
    while (len > 0 && ((unsigned char)text[len] & 0xC0) == 0x80) {
        len--;
    }
    memmove(out, text, len);
    out[len] = '\0';
    return false;
}

bool tg_str_to_int64(const char *text, int64_t min, int64_t max, int64_t *value)
{
    char *end = NULL;
    intmax_t parsed = 0;
    const char *digits = text;

    tg_assert(value != NULL && min <= max);
    if (text == NULL) {
        return false;
    }
    if (*digits == '-' || *digits == '+') {
        digits++;
    }
    /* strtoimax() would also skip spaces before the number. */
    if (*digits < '0' || *digits > '9') {
        return false;
    }
    errno = 0;
    parsed = strtoimax(text, &end, 10);
    if (errno != 0 || *end != '\0' || parsed < min || parsed > max) {
        return false;
    }
    *value = (int64_t)parsed;
    return true;
}

bool tg_str_to_double(const char *text, double *value)
{
    char *end = NULL;
    double parsed = 0;
    locale_t locale = (locale_t)0;

    tg_assert(value != NULL);
    /* Only plain decimal numbers: no leading spaces, hexadecimal, "inf" or "nan". */
    if (text == NULL || *text == '\0' || text[strspn(text, "+-.0123456789eE")] != '\0') {
        return false;
    }
    locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    tg_assert(locale != (locale_t)0);
    errno = 0;
    parsed = strtod_l(text, &end, locale);
    freelocale(locale);
    if (*end != '\0' || end == text || !isfinite(parsed)) {
        return false;
    }
    *value = parsed;
    return true;
}

static const char base64_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

char *tg_base64_encode(const void *bytes, size_t len)
{
    const unsigned char *in = bytes;
    char *out = NULL;
    size_t at = 0;

    tg_assert(bytes != NULL || len == 0);
    tg_assert(len < SIZE_MAX / 2);
    out = tg_malloc((len + 2) / 3 * 4 + 1);
    for (size_t i = 0; i < len; i += 3) {
        uint32_t group = (uint32_t)in[i] << 16;

        group |= i + 1 < len ? (uint32_t)in[i + 1] << 8 : 0;
        group |= i + 2 < len ? (uint32_t)in[i + 2] : 0;
        out[at++] = base64_digits[group >> 18 & 63];
        out[at++] = base64_digits[group >> 12 & 63];
        out[at++] = i + 1 < len ? base64_digits[group >> 6 & 63] : '=';
        out[at++] = i + 2 < len ? base64_digits[group & 63] : '=';
    }
    out[at] = '\0';
    return out;
}

static int base64_value(char digit)
{
    const char *found = digit == '\0' ? NULL : strchr(base64_digits, digit);

    return found == NULL ? -1 : (int)(found - base64_digits);
}

char *tg_base64_decode(const char *text, size_t text_len, size_t *len)
{
    char *out = NULL;
    size_t at = 0;
    size_t digits = 0;
    size_t pads = 0;
    uint32_t group = 0;

    tg_assert(text != NULL || text_len == 0);
    out = tg_malloc(text_len / 4 * 3 + 4);
    for (size_t i = 0; i < text_len; i++) {
        int value = 0;

        if (text[i] == '\n' || text[i] == '\r') {
            continue;
        }
        if (text[i] == '=') {
            pads++;
            continue;
        }
        value = base64_value(text[i]);
        if (value < 0 || pads > 0) {
            free(out);
            return NULL;
        }
        group = (group << 6 | (uint32_t)value) & 0xFFFFFF;
        if (++digits % 4 == 0) {
            out[at++] = (char)(group >> 16 & 255);
            out[at++] = (char)(group >> 8 & 255);
            out[at++] = (char)(group & 255);
        }
    }
    if (digits % 4 == 1 || pads != (4 - digits % 4) % 4) {
        free(out);
        return NULL;
    }
    if (digits % 4 == 2) {
        out[at++] = (char)(group >> 4 & 255);
    } else if (digits % 4 == 3) {
        out[at++] = (char)(group >> 10 & 255);
        out[at++] = (char)(group >> 2 & 255);
    }
    out[at] = '\0';
    if (len != NULL) {
        *len = at;
    }
    return out;
}

uint64_t tg_hash(const void *bytes, size_t len)
{
    const unsigned char *in = bytes;
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    tg_assert(bytes != NULL || len == 0);
    for (size_t i = 0; i < len; i++) {
        hash = (hash ^ in[i]) * UINT64_C(0x100000001b3);
    }
    return hash;
}

uint64_t tg_hash_str(const char *text)
{
    tg_assert(text != NULL);
    return tg_hash(text, strlen(text));
}
