/* tests/unit/base/test_rng.c - the same draws on every machine. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/rng.h"

#define DRAW_COUNT 20001

Test(rng, is_xoshiro256starstar)
{
    /* The reference generator from the state 1, 2, 3, 4. */
    static const uint64_t expected[] = {11520, 0, 1509978240, UINT64_C(1215971899390074240)};
    struct tg_rng rng = {{1, 2, 3, 4}};

    for (size_t i = 0; i < TG_COUNT(expected); i++) {
        cr_assert_eq(tg_rng_next(&rng), expected[i]);
    }
}

Test(rng, named_streams_are_golden)
{
    struct tg_rng rng = tg_rng_named(42, "boot");

    cr_assert_eq(tg_rng_next(&rng), UINT64_C(0xe88dad9b7aecd005));
    cr_assert_eq(tg_rng_next(&rng), UINT64_C(0x00762dca4f3249f1));
    cr_assert_eq(tg_rng_next(&rng), UINT64_C(0x72364baeebf6b245));
    cr_assert_eq(tg_rng_keyed(1, "pod-1", "boot", 0), UINT64_C(0x9ed64b1e52e5f5b3));
    cr_assert_eq(tg_rng_keyed(1, "pod-1", "boot", 1), UINT64_C(0x4057e1738fe97a16));
}

Test(rng, streams_and_keys_differ_by_each_part)
{
    struct tg_rng a = tg_rng_named(42, "boot");
    struct tg_rng b = tg_rng_named(42, "list");
    struct tg_rng c = tg_rng_named(43, "boot");
    uint64_t draw = tg_rng_next(&a);

    cr_assert_neq(draw, tg_rng_next(&b));
    cr_assert_neq(draw, tg_rng_next(&c));
    cr_assert_neq(tg_rng_keyed(1, "ab", "c", 0), tg_rng_keyed(1, "a", "bc", 0));
    cr_assert_neq(tg_rng_keyed(1, "a", "b", 0), tg_rng_keyed(1, "b", "a", 0));
    cr_assert_neq(tg_rng_keyed(1, "a", "b", 0), tg_rng_keyed(2, "a", "b", 0));
}

Test(rng, bounds_hold_and_every_value_is_reached)
{
    struct tg_rng rng = tg_rng_named(1, "bounds");
    int seen[6] = {0};

    for (int i = 0; i < 6000; i++) {
        int64_t value = tg_rng_between(&rng, -2, 3);

        cr_assert(value >= -2 && value <= 3);
        seen[value + 2]++;
    }
    for (int i = 0; i < 6; i++) {
        cr_assert(seen[i] > 850 && seen[i] < 1150, "%d came %d times", i - 2, seen[i]);
    }
    cr_assert_eq(tg_rng_below(&rng, 1), 0);
    cr_assert_eq(tg_rng_between(&rng, 7, 7), 7);
    tg_rng_between(&rng, INT64_MIN, INT64_MAX);
}

Test(rng, chance_follows_its_probability)
{
    struct tg_rng rng = tg_rng_named(1, "chance");
    int hits = 0;

    for (int i = 0; i < 100000; i++) {
        cr_assert_not(tg_rng_chance(&rng, 0));
        cr_assert(tg_rng_chance(&rng, 1000000));
        hits += tg_rng_chance(&rng, 30000) ? 1 : 0;
    }
    cr_assert(hits > 2800 && hits < 3200, "%d of 100000 at 3 %%", hits);
}

static int compare_int64(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a;
    int64_t right = *(const int64_t *)b;

    return left < right ? -1 : left > right;
}

static void expect_quantiles(int64_t median, int64_t p95, int64_t cap)
{
    static int64_t draws[DRAW_COUNT];
    struct tg_rng rng = tg_rng_named(11, "lognormal");
    int64_t middle = 0;
    int64_t high = 0;

    for (int i = 0; i < DRAW_COUNT; i++) {
        draws[i] = tg_rng_lognormal(&rng, median, p95, cap);
        cr_assert(draws[i] > 0 && draws[i] <= cap);
    }
    qsort(draws, DRAW_COUNT, sizeof(draws[0]), compare_int64);
    middle = draws[DRAW_COUNT / 2];
    high = draws[DRAW_COUNT * 95 / 100];
    cr_assert(llabs(middle - median) <= median / 25, "median %lld", (long long)middle);
    cr_assert(llabs(high - p95) <= p95 / 12, "p95 %lld", (long long)high);
}

Test(rng, lognormal_has_the_median_and_the_95th_percentile_asked_for)
{
    expect_quantiles(180000000, 400000000, INT64_C(1) << 50);
    expect_quantiles(800, 9000, 1000000);
    expect_quantiles(INT64_C(3600000000) * 24, INT64_C(3600000000) * 30, INT64_C(3600000000) * 99);
}

Test(rng, lognormal_of_known_draws)
{
    /* The middle of the upper half starts at the median; 0.95 lies at 0.45 * 256 = 115.2 steps
     * above it. */
    uint64_t p95_draw = UINT64_C(115) << 56 | UINT64_C(13107) << 40;
    int64_t at_p95 = tg_rng_lognormal_from(p95_draw, 1000000, 3000000, 100000000);
    int64_t below =
        tg_rng_lognormal_from(p95_draw | UINT64_C(1) << 63, 1000000, 3000000, 100000000);

    cr_assert_eq(tg_rng_lognormal_from(0, 1000000, 3000000, 100000000), 1000000);
    cr_assert(llabs(at_p95 - 3000000) < 3000, "%lld", (long long)at_p95);
    cr_assert(llabs(below - 333333) < 400, "%lld", (long long)below);
    cr_assert_eq(tg_rng_lognormal_from(UINT64_MAX >> 1, 1000000, 3000000, 5000000), 5000000);
    cr_assert_eq(tg_rng_lognormal_from(12345, 70, 70, 100), 70, "no spread, no change");
}

Test(rng, lognormal_is_golden)
{
    static const int64_t expected[] = {96241347, 126757752, 107616259};
    struct tg_rng rng = tg_rng_named(9, "t");
    int64_t sum = 0;

    for (size_t i = 0; i < TG_COUNT(expected); i++) {
        uint64_t draw = tg_rng_keyed(7, "node-a", "boot", i);

        cr_assert_eq(tg_rng_lognormal_from(draw, 180000000, 400000000, 900000000), expected[i]);
    }
    for (int i = 0; i < 100000; i++) {
        sum += tg_rng_lognormal(&rng, 1000, 5000, 1000000);
    }
    cr_assert_eq(sum, 161745710);
}

Test(rng, uuid_is_version_4)
{
    struct tg_rng rng = tg_rng_named(5, "uuid");
    char first[37];
    char second[37];

    tg_rng_uuid(&rng, first);
    tg_rng_uuid(&rng, second);
    cr_assert_eq(strlen(first), 36);
    cr_assert_str_eq(first, "f06142e4-aabb-413d-b3fb-d9cc5c16a32e");
    cr_assert_str_neq(first, second);
    cr_assert_eq(strspn(first, "0123456789abcdef-"), 36);
    for (size_t i = 8; i <= 23; i += 5) {
        cr_assert_eq(first[i], '-');
    }
    cr_assert_eq(first[14], '4');
    cr_assert_not_null(strchr("89ab", first[19]));
}
