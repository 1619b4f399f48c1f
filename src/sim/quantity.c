/* sim/quantity.c - Kubernetes' amounts as thousandths. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "sim/quantity.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

#define DIGITS_MAX 24

static double factor_of(const char *suffix)
{
    static const struct {
        const char *suffix;
        double factor;
    } factors[] = {
        {"", 1},
        {"n", 1e-9},
        {"u", 1e-6},
        {"m", 1e-3},
        {"k", 1e3},
        {"M", 1e6},
        {"G", 1e9},
        {"T", 1e12},
        {"P", 1e15},
        {"Ki", 1024},
        {"Mi", 1048576},
        {"Gi", 1073741824},
        {"Ti", 1099511627776},
        {"Pi", 1125899906842624},
    };
    for (size_t i = 0; i < sizeof factors / sizeof factors[0]; i++) {
        if (tg_str_eq(factors[i].suffix, suffix)) {
            return factors[i].factor;
        }
    }
    return 0;
}

bool sim_quantity_milli(const json_t *value, int64_t *milli)
{
    double number = json_number_value(value);
    double factor = 1;
    if (json_is_string(value)) {
        const char *text = json_string_value(value);
        size_t len = strspn(text, "0123456789.");
        char digits[DIGITS_MAX];
        if (len == 0 || len >= sizeof digits) {
            return false;
        }
        memcpy(digits, text, len);
        digits[len] = '\0';
        char *end = NULL;
        number = strtod(digits, &end);
        factor = *end == '\0' ? factor_of(text + len) : 0;
    } else if (!json_is_number(value)) {
        return false;
    }
    double thousandths = ceil(number * factor * 1000 - 1e-6);
    if (factor == 0 || number < 0 || thousandths > 9e18) {
        return false;
    }
    *milli = (int64_t)thousandths;
    return true;
}

json_t *sim_quantity_json(int64_t milli)
{
    static const char *const suffixes[] = {"m", "", "k", "M", "G", "T", "P"};
    size_t step = 0;
    if (milli == 0) {
        return json_string("0");
    }
    while (milli % 1000 == 0 && step + 1 < sizeof suffixes / sizeof suffixes[0]) {
        milli /= 1000;
        step++;
    }
    return json_sprintf("%" PRId64 "%s", milli, suffixes[step]);
}
