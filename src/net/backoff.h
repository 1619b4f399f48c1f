/* net/backoff.h - how long to wait before the next try: growing, capped, and spread so that clients
 * do not march in step.
 *
 * It does not look at a clock: the caller says how long it was quiet.
 *
 * Thread: owner only.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_NET_BACKOFF_H
#define TG_NET_BACKOFF_H

#include <stdint.h>

#include "base/rng.h"

struct tg_backoff {
    int64_t base_us;  /* first delay before jitter */
    int64_t cap_us;   /* longest delay before jitter */
    int64_t quiet_us; /* tg_backoff_note_quiet() of at least this long starts over */
    int64_t delay_us; /* next delay before jitter */
    uint32_t tries;   /* since the last reset */
};

/* The schedule of list and watch: 0.8 s, doubling, at most 30 s, over after 2 minutes of quiet. */
#define TG_BACKOFF_WATCH                       \
    {                                          \
        800000, 30000000, 120000000, 800000, 0 \
    }

/* A schedule of its own: 0 < base_us <= cap_us. */
struct tg_backoff tg_backoff_of(int64_t base_us, int64_t cap_us, int64_t quiet_us);

/* The delay until the next try: the scheduled one times a factor in [1, 2), and then the schedule
 * doubles. Never earlier than retry_after_us (0: the server asked for nothing). */
int64_t tg_backoff_next(struct tg_backoff *backoff, struct tg_rng *rng, int64_t retry_after_us);

/* Starts over from base_us. */
void tg_backoff_reset(struct tg_backoff *backoff);

/* Tells how long nothing failed; starts over when that was long enough. */
void tg_backoff_note_quiet(struct tg_backoff *backoff, int64_t quiet_us);

#endif
