/* tests/unit/base/test_clock.c - a clock that moves when told. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <criterion/criterion.h>

#include <signal.h>

#include "base/clock.h"

Test(clock, a_virtual_clock_stands_until_it_is_moved)
{
    struct tg_virtual_clock source = {.monotonic_us = 5, .wall_us = 1000};
    struct tg_clock clock = tg_clock_virtual(&source);

    cr_assert_eq(tg_clock_monotonic_us(&clock), 5);
    tg_virtual_clock_advance(&source, 2 * TG_US_PER_S);
    cr_assert_eq(tg_clock_monotonic_us(&clock), 2000005);
    cr_assert_eq(tg_clock_wall_us(&clock), 2001000);
}

Test(clock, time_never_runs_back, .signal = SIGABRT)
{
    struct tg_virtual_clock source = {0};

    tg_virtual_clock_advance(&source, -1);
}
