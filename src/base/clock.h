/* base/clock.h - where time comes from: one vtable, so that no decision reads a real clock.
 *
 * All times are int64_t microseconds. Monotonic time is for durations, wall time (since 1970, UTC)
 * for labels.
 *
 * Thread: the real clock from any thread; a virtual one from its owner only.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_BASE_CLOCK_H
#define TG_BASE_CLOCK_H

#include <stdint.h>

#define TG_US_PER_MS  INT64_C(1000)
#define TG_US_PER_S   INT64_C(1000000)
#define TG_TIME_NEVER INT64_MAX

struct tg_clock {
    int64_t (*monotonic_us)(void *context);
    int64_t (*wall_us)(void *context);
    void *context;
};

static inline int64_t tg_clock_monotonic_us(const struct tg_clock *clock)
{
    return clock->monotonic_us(clock->context);
}

static inline int64_t tg_clock_wall_us(const struct tg_clock *clock)
{
    return clock->wall_us(clock->context);
}

/* A clock that stands still until it is moved: for tests and the direct front of the simulator. */
struct tg_virtual_clock {
    int64_t monotonic_us;
    int64_t wall_us;
};

/* Clock that reads *source, which must outlive it. */
struct tg_clock tg_clock_virtual(struct tg_virtual_clock *source);
void tg_virtual_clock_advance(struct tg_virtual_clock *source, int64_t delta_us);

#endif
