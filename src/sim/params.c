/* sim/params.c - the assumed numbers of the world as named parameters. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "sim/params.h"

#include <stddef.h>
#include <string.h>

#include "base/assert.h"
#include "base/str.h"

const struct sim_param_info sim_param_table[] = {
#define PART(name, part, field, unit, value, source, confidence) \
    {#name part, unit, source, confidence, value, (long)offsetof(struct sim_params, field)},
#define SIM_DURATION(name, median, p95, cap, source, confidence)            \
    PART(name, ".median", name.median_us, "us", median, source, confidence) \
    PART(name, ".p95", name.p95_us, "us", p95, source, confidence)          \
    PART(name, ".cap", name.cap_us, "us", cap, source, confidence)
#define SIM_RANGE(name, low, high, source, confidence)             \
    PART(name, ".low", name.low_us, "us", low, source, confidence) \
    PART(name, ".high", name.high_us, "us", high, source, confidence)
#define SIM_VALUE(name, unit, value, source, confidence) \
    PART(name, "", name, unit, value, source, confidence)
#include "sim/params.def"
#undef SIM_DURATION
#undef SIM_RANGE
#undef SIM_VALUE
    {NULL, NULL, NULL, 0, 0, 0},
};

static int64_t *number_at(struct sim_params *params, long offset)
{
    return (int64_t *)(void *)((char *)params + offset);
}

void sim_params_init(struct sim_params *params)
{
    for (const struct sim_param_info *info = sim_param_table; info->name != NULL; info++) {
        *number_at(params, info->offset) = info->value;
    }
}

bool sim_params_set(struct sim_params *params, const char *name, int64_t value, struct tg_err *err)
{
    for (const struct sim_param_info *info = sim_param_table; info->name != NULL; info++) {
        if (tg_str_eq(info->name, name)) {
            if (value < 0) {
                return tg_err_set(err, TG_CODE_INVALID, 0, "parameter %s: negative", name);
            }
            *number_at(params, info->offset) = value;
            return true;
        }
    }
    return tg_err_set(err, TG_CODE_INVALID, 0, "no parameter is called %s", name);
}

int64_t sim_draw_duration(struct sim_world *world, const char *entity, const char *purpose,
                          const struct sim_duration *duration)
{
    if (duration->median_us <= 0) {
        return 0;
    }
    return sim_world_draw_lognormal(world, entity, purpose, duration->median_us, duration->p95_us,
                                    duration->cap_us);
}

int64_t sim_draw_range(struct sim_world *world, const char *entity, const char *purpose,
                       const struct sim_range *range)
{
    tg_assert(range->high_us >= range->low_us);
    uint64_t span = (uint64_t)(range->high_us - range->low_us) + 1;
    return range->low_us + (int64_t)(sim_world_draw(world, entity, purpose) % span);
}
