/* tests/unit/net/test_backoff.c - the schedule of tries. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <criterion/criterion.h>

#include <signal.h>

#include "base/assert.h"
#include "net/backoff.h"

Test(backoff, doubles_from_0_8_s_to_30_s_with_jitter_up_to_twice)
{
    static const int64_t delays_us[] = {800000,   1600000,  3200000,  6400000,
                                        12800000, 25600000, 30000000, 30000000};
    struct tg_backoff backoff = TG_BACKOFF_WATCH;
    struct tg_rng rng = tg_rng_named(1, "backoff");

    for (size_t i = 0; i < TG_COUNT(delays_us); i++) {
        int64_t delay_us = tg_backoff_next(&backoff, &rng, 0);

        cr_assert(delay_us >= delays_us[i] && delay_us < 2 * delays_us[i], "try %zu: %lld", i,
                  (long long)delay_us);
        cr_assert_eq(backoff.tries, i + 1);
    }
}

Test(backoff, clients_do_not_march_in_step)
{
    struct tg_rng rng = tg_rng_named(1, "backoff");
    int64_t low = INT64_MAX;
    int64_t high = 0;

    for (int i = 0; i < 1000; i++) {
        struct tg_backoff backoff = tg_backoff_of(1000, 1000, 0);
        int64_t delay_us = tg_backoff_next(&backoff, &rng, 0);

        low = delay_us < low ? delay_us : low;
        high = delay_us > high ? delay_us : high;
    }
    cr_assert(low < 1050 && high > 1950, "%lld to %lld", (long long)low, (long long)high);
}

Test(backoff, never_earlier_than_the_server_asked)
{
    struct tg_backoff backoff = TG_BACKOFF_WATCH;
    struct tg_rng rng = tg_rng_named(1, "backoff");

    cr_assert_eq(tg_backoff_next(&backoff, &rng, 90000000), 90000000);
    cr_assert_geq(tg_backoff_next(&backoff, &rng, 1), 1600000);
}

Test(backoff, starts_over_after_enough_quiet_only)
{
    struct tg_backoff backoff = TG_BACKOFF_WATCH;
    struct tg_rng rng = tg_rng_named(1, "backoff");

    tg_backoff_next(&backoff, &rng, 0);
    tg_backoff_next(&backoff, &rng, 0);
    tg_backoff_note_quiet(&backoff, 119999999);
    cr_assert_geq(tg_backoff_next(&backoff, &rng, 0), 3200000);
    tg_backoff_note_quiet(&backoff, 120000000);
    cr_assert_lt(tg_backoff_next(&backoff, &rng, 0), 1600000);
    tg_backoff_reset(&backoff);
    cr_assert_eq(backoff.tries, 0);
    cr_assert_lt(tg_backoff_next(&backoff, &rng, 0), 1600000);
}

Test(backoff, a_cap_below_the_base_is_a_fault, .signal = SIGABRT)
{
    tg_backoff_of(10, 5, 0);
}
