/* base/clock.c - the clock that moves only when told. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "base/clock.h"

#include "base/assert.h"

static int64_t virtual_monotonic_us(void *context)
{
    return ((const struct tg_virtual_clock *)context)->monotonic_us;
}

static int64_t virtual_wall_us(void *context)
{
    return ((const struct tg_virtual_clock *)context)->wall_us;
}

struct tg_clock tg_clock_virtual(struct tg_virtual_clock *source)
{
    tg_assert(source != NULL);
    return (struct tg_clock){virtual_monotonic_us, virtual_wall_us, source};
}

void tg_virtual_clock_advance(struct tg_virtual_clock *source, int64_t delta_us)
{
    tg_assert(source != NULL && delta_us >= 0);
    tg_assert(delta_us <= TG_TIME_NEVER - source->monotonic_us);
    source->monotonic_us += delta_us;
    source->wall_us += delta_us;
}
