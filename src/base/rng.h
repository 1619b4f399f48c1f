/* base/rng.h - reproducible randomness: xoshiro256** streams, each named, so that a new draw in one
 * place shifts nothing elsewhere.
 *
 * Distributions avoid libm in decisions (D.10 of the model notes): log-normal draws use a table, so
 * that the same seed gives the same bytes on every machine.
 *
 * Thread: owner only.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_BASE_RNG_H
#define TG_BASE_RNG_H

#include <stdbool.h>
#include <stdint.h>

struct tg_rng {
    uint64_t state[4];
};

/* Stream for seed and name: splitmix64 of seed ^ hash(name) fills the state. */
struct tg_rng tg_rng_named(uint64_t seed, const char *name);

/* Counter-based draw: the n-th value for (seed, entity, purpose), independent of every other. */
uint64_t tg_rng_keyed(uint64_t seed, const char *entity, const char *purpose, uint64_t n);
uint64_t tg_rng_next(struct tg_rng *rng);

/* Uniform in [0, bound), bound > 0, without modulo bias. */
uint64_t tg_rng_below(struct tg_rng *rng, uint64_t bound);

/* Uniform in [low, high], low <= high. */
int64_t tg_rng_between(struct tg_rng *rng, int64_t low, int64_t high);

/* True with probability per_million / 1e6. */
bool tg_rng_chance(struct tg_rng *rng, uint32_t per_million);

/* Log-normal duration with this median and 95th percentile (both > 0, p95 >= median), never above
 * cap; integer arithmetic and a fixed quantile table only. Unit is the caller's. */
int64_t tg_rng_lognormal(struct tg_rng *rng, int64_t median, int64_t p95, int64_t cap);

/* The same from a 64-bit draw already made (for tg_rng_keyed). */
int64_t tg_rng_lognormal_from(uint64_t draw, int64_t median, int64_t p95, int64_t cap);

/* RFC 4122 version 4 text from two draws; out has 37 bytes. */
void tg_rng_uuid(struct tg_rng *rng, char out[37]);

#endif
