/* base/rng.c - named random streams and draws from them, in integers only. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "base/rng.h"

#include <stdio.h>

#include "base/assert.h"
#include "base/str.h"

/* Quantiles of the standard normal distribution at 0.5 + i/256, in 1/65536. The last one, at 1, is
 * not infinite but 3.5: the far tail is cut there, and the cap cuts it anyway. */
static const int64_t normal_quantiles[] = {
    0,      642,    1283,   1925,   2567,   3210,   3852,   4495,   5139,   5783,   6427,   7072,
    7718,   8365,   9012,   9660,   10310,  10960,  11611,  12263,  12917,  13572,  14228,  14886,
    15545,  16206,  16869,  17533,  18199,  18867,  19536,  20208,  20882,  21559,  22237,  22918,
    23601,  24287,  24976,  25668,  26362,  27059,  27759,  28463,  29170,  29880,  30594,  31311,
    32032,  32758,  33487,  34220,  34958,  35700,  36446,  37198,  37954,  38715,  39482,  40254,
    41032,  41816,  42605,  43401,  44203,  45012,  45828,  46651,  47482,  48320,  49166,  50021,
    50884,  51756,  52637,  53528,  54428,  55340,  56262,  57195,  58140,  59097,  60067,  61051,
    62048,  63060,  64087,  65131,  66191,  67268,  68364,  69480,  70616,  71774,  72954,  74159,
    75389,  76647,  77933,  79250,  80600,  81985,  83408,  84871,  86377,  87931,  89536,  91196,
    92917,  94704,  96565,  98507,  100540, 102675, 104924, 107304, 109834, 112540, 115453, 118613,
    122076, 125918, 130248, 135235, 141156, 148519, 158437, 174330, 229376,
};

/* 2 to the power of 1/2, 1/4, 1/8, ... in 1/2^31. */
static const uint64_t root_powers[] = {
    UINT64_C(3037000500), UINT64_C(2553802834), UINT64_C(2341847524), UINT64_C(2242560872),
    UINT64_C(2194507417), UINT64_C(2170868212), UINT64_C(2159144272), UINT64_C(2153306067),
    UINT64_C(2150392887), UINT64_C(2148937775), UINT64_C(2148210589), UINT64_C(2147847087),
    UINT64_C(2147665360), UINT64_C(2147574502), UINT64_C(2147529075), UINT64_C(2147506361),
    UINT64_C(2147495005), UINT64_C(2147489326), UINT64_C(2147486487), UINT64_C(2147485068),
    UINT64_C(2147484358), UINT64_C(2147484003), UINT64_C(2147483825), UINT64_C(2147483737),
};

/* The quantile of 0.95, in 1/65536. */
#define QUANTILE_95 INT64_C(107797)
#define ONE_Q31     (UINT64_C(1) << 31)
#define LOG_BITS    24

static uint64_t splitmix(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static uint64_t rotate_left(uint64_t value, int bits)
{
    return value << bits | value >> (64 - bits);
}

struct tg_rng tg_rng_named(uint64_t seed, const char *name)
{
    uint64_t state = seed ^ tg_hash_str(name);
    struct tg_rng rng;

    for (size_t i = 0; i < TG_COUNT(rng.state); i++) {
        rng.state[i] = splitmix(&state);
    }
    return rng;
}

uint64_t tg_rng_keyed(uint64_t seed, const char *entity, const char *purpose, uint64_t n)
{
    uint64_t state = seed;

    /* Mixed between the parts, so that ("ab", "c") and ("a", "bc") differ. */
    state = splitmix(&state) ^ tg_hash_str(entity);
    state = splitmix(&state) ^ tg_hash_str(purpose);
    state = splitmix(&state) ^ n;
    return splitmix(&state);
}

uint64_t tg_rng_next(struct tg_rng *rng)
{
    uint64_t *state = rng->state;
    uint64_t result = rotate_left(state[1] * 5, 7) * 9;
    uint64_t shifted = state[1] << 17;

    state[2] ^= state[0];
    state[3] ^= state[1];
    state[1] ^= state[2];
    state[0] ^= state[3];
    state[2] ^= shifted;
    state[3] = rotate_left(state[3], 45);
    return result;
}

uint64_t tg_rng_below(struct tg_rng *rng, uint64_t bound)
{
    uint64_t draw = 0;
    uint64_t refused = 0;

    tg_assert(rng != NULL && bound > 0);
    /* 2^64 mod bound: the draws below it would favour the small remainders. */
    refused = (UINT64_MAX - bound + 1) % bound;
    do {
        draw = tg_rng_next(rng);
    } while (draw < refused);
    return draw % bound;
}

int64_t tg_rng_between(struct tg_rng *rng, int64_t low, int64_t high)
{
    uint64_t span = 0;

    tg_assert(low <= high);
    span = (uint64_t)high - (uint64_t)low;
    if (span == UINT64_MAX) {
        return (int64_t)tg_rng_next(rng);
    }
    return (int64_t)((uint64_t)low + tg_rng_below(rng, span + 1));
}

bool tg_rng_chance(struct tg_rng *rng, uint32_t per_million)
{
    return tg_rng_below(rng, 1000000) < per_million;
}

/* log2(a / b) in 1/2^24, for a >= b > 0: whole part by shifting, then one bit of fraction for each
 * squaring. */
static int64_t log2_ratio(uint64_t a, uint64_t b)
{
    int64_t whole = 0;
    int64_t fraction = 0;
    uint64_t mantissa = 0;

    while (a / 2 >= b) {
        a /= 2;
        whole++;
    }
    while (a >= UINT64_C(1) << 32) {
        a /= 2;
        b /= 2;
    }
    mantissa = a * ONE_Q31 / b;
    for (int i = 0; i < LOG_BITS; i++) {
        if (mantissa >= 2 * ONE_Q31) {
            mantissa = 2 * ONE_Q31 - 1;
        }
        mantissa = mantissa * mantissa >> 31;
        fraction *= 2;
        if (mantissa >= 2 * ONE_Q31) {
            mantissa /= 2;
            fraction++;
        }
    }
    return whole * (INT64_C(1) << LOG_BITS) + fraction;
}

/* value * 2^(exponent / 2^24), never above cap. */
static int64_t scale(int64_t value, int64_t exponent, int64_t cap)
{
    int64_t whole = exponent >= 0 ? exponent >> LOG_BITS
                                  : -((-exponent + (INT64_C(1) << LOG_BITS) - 1) >> LOG_BITS);
    uint64_t fraction = (uint64_t)(exponent - whole * (INT64_C(1) << LOG_BITS));
    uint64_t factor = ONE_Q31;
    uint64_t result = 0;

    for (int i = 0; i < LOG_BITS; i++) {
        if ((fraction >> (LOG_BITS - 1 - i) & 1) != 0) {
            factor = factor * root_powers[i] >> 31;
        }
    }
    result = ((uint64_t)value >> 31) * factor + (((uint64_t)value & (ONE_Q31 - 1)) * factor >> 31);
    for (; whole < 0 && result > 0; whole++) {
        result /= 2;
    }
    for (; whole > 0 && result < (uint64_t)cap; whole--) {
        result *= 2;
    }
    return result < (uint64_t)cap ? (int64_t)result : cap;
}

int64_t tg_rng_lognormal(struct tg_rng *rng, int64_t median, int64_t p95, int64_t cap)
{
    return tg_rng_lognormal_from(tg_rng_next(rng), median, p95, cap);
}

int64_t tg_rng_lognormal_from(uint64_t draw, int64_t median, int64_t p95, int64_t cap)
{
    bool is_below = (draw >> 63) != 0;
    size_t step = (size_t)(draw >> 56 & 127);
    int64_t between = (int64_t)(draw >> 40 & 65535);
    int64_t quantile = 0;
    int64_t exponent = 0;

    tg_assert(median > 0 && median < INT64_MAX / 4 && p95 >= median && cap > 0);
    quantile = normal_quantiles[step] +
               (normal_quantiles[step + 1] - normal_quantiles[step]) * between / 65536;
    exponent = log2_ratio((uint64_t)p95, (uint64_t)median) * quantile / QUANTILE_95;
    return scale(median, is_below ? -exponent : exponent, cap);
}

void tg_rng_uuid(struct tg_rng *rng, char out[37])
{
    uint64_t high = tg_rng_next(rng);
    uint64_t low = tg_rng_next(rng);

    /* Version 4, variant 1. */
    snprintf(out, 37, "%08x-%04x-4%03x-%04x-%012llx", (unsigned)(high >> 32),
             (unsigned)(high >> 16 & 0xFFFF), (unsigned)(high & 0xFFF),
             (unsigned)(0x8000 | (low >> 48 & 0x3FFF)),
             (unsigned long long)(low & UINT64_C(0xFFFFFFFFFFFF)));
}
