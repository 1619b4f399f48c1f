/* sim/params.h - the assumed numbers of the world as named parameters; their home is assets/sim,
 * and sim/params_table.def is made from it when the program is built.
 *
 * Thread: the world's; a world owns its own copy, so a test may change one before or while it runs.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_SIM_PARAMS_H
#define TG_SIM_PARAMS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "sim/world.h"

/* Log-normal duration, microseconds. */
struct sim_duration {
    int64_t median_us;
    int64_t p95_us;
    int64_t cap_us;
};

/* Uniform duration, microseconds. */
struct sim_range {
    int64_t low_us;
    int64_t high_us;
};

struct sim_params {
#define SIM_DURATION(name, median, p95, cap, source, confidence) struct sim_duration name;
#define SIM_RANGE(name, low, high, source, confidence)           struct sim_range name;
#define SIM_VALUE(name, unit, value, source, confidence)         int64_t name;
#include "sim/params_table.def"
#undef SIM_DURATION
#undef SIM_RANGE
#undef SIM_VALUE
};

/* One settable number: a value, or a part of a duration or range ("schedule.median"). */
struct sim_param_info {
    const char *name;
    const char *unit;
    const char *source;
    char confidence; /* V, D, M, K or U */
    int64_t value;   /* default */
    long offset;     /* of the number within struct sim_params */
};

/* Table of all numbers, ended by name == NULL. */
extern const struct sim_param_info sim_param_table[];

/* Fills *params with the defaults. */
void sim_params_init(struct sim_params *params);

/* Sets the number called name to value (>= 0); INVALID when there is no such number. */
bool sim_params_set(struct sim_params *params, const char *name, int64_t value, struct tg_err *err);

/* The same with the value as text: a whole number in the parameter's unit, or, where that is time,
 * one with us, ms, s, m or h behind it ("200ms", "2 s"). */
bool sim_params_set_text(struct sim_params *params, const char *name, const char *value,
                         struct tg_err *err);

/* INVALID when the numbers do not go together: durations with a p95 below their median or a cap of
 * nothing, ranges that end before they begin, periods and counts of nothing. */
bool sim_params_check(const struct sim_params *params, struct tg_err *err);

/* Reads a time such as "90s", "1h30m" or "200 ms" in microseconds; false when it is none. */
bool sim_params_time(const char *text, int64_t *time_us);

/* The number as it stands in params. */
int64_t sim_params_get(const struct sim_params *params, const struct sim_param_info *info);

/* The world's numbers; borrowed, changeable. */
struct sim_params *sim_world_params(struct sim_world *world);

/* Draws from a parameter for (entity, purpose). */
int64_t sim_draw_duration(struct sim_world *world, const char *entity, const char *purpose,
                          const struct sim_duration *duration);
int64_t sim_draw_range(struct sim_world *world, const char *entity, const char *purpose,
                       const struct sim_range *range);

#endif
