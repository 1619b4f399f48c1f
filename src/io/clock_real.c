/* io/clock_real.c - reads the machine's clocks. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "io/clock_real.h"

#include <stddef.h>
#include <time.h>

static int64_t read_clock(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * TG_US_PER_S + now.tv_nsec / 1000;
}

static int64_t monotonic_us(void *context)
{
    (void)context;
    return read_clock(CLOCK_BOOTTIME);
}

static int64_t wall_us(void *context)
{
    (void)context;
    return read_clock(CLOCK_REALTIME);
}

struct tg_clock tg_clock_real(void)
{
    return (struct tg_clock){monotonic_us, wall_us, NULL};
}
