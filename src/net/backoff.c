/* net/backoff.c - the delays between tries. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "net/backoff.h"

#include <stddef.h>

#include "base/assert.h"

struct tg_backoff tg_backoff_of(int64_t base_us, int64_t cap_us, int64_t quiet_us)
{
    tg_assert(base_us > 0 && base_us <= cap_us && cap_us < INT64_MAX / 4 && quiet_us >= 0);
    return (struct tg_backoff){base_us, cap_us, quiet_us, base_us, 0};
}

int64_t tg_backoff_next(struct tg_backoff *backoff, struct tg_rng *rng, int64_t retry_after_us)
{
    int64_t delay_us = 0;

    tg_assert(backoff != NULL && rng != NULL);
    tg_assert(backoff->delay_us > 0 && backoff->delay_us <= backoff->cap_us);
    delay_us = backoff->delay_us + tg_rng_between(rng, 0, backoff->delay_us - 1);
    backoff->delay_us *= 2;
    if (backoff->delay_us > backoff->cap_us) {
        backoff->delay_us = backoff->cap_us;
    }
    backoff->tries++;
    return delay_us < retry_after_us ? retry_after_us : delay_us;
}

void tg_backoff_reset(struct tg_backoff *backoff)
{
    tg_assert(backoff != NULL);
    backoff->delay_us = backoff->base_us;
    backoff->tries = 0;
}

void tg_backoff_note_quiet(struct tg_backoff *backoff, int64_t quiet_us)
{
    tg_assert(backoff != NULL);
    if (quiet_us >= backoff->quiet_us) {
        tg_backoff_reset(backoff);
    }
}
