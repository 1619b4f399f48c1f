/* sim/params.c - the assumed numbers of the world as named parameters. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "sim/params.h"

#include <stddef.h>
#include <string.h>

#include "base/assert.h"
#include "base/clock.h"
#include "base/str.h"
#include "sim/gateway.h"

#define SIM_PARAM_TIME_MAX_US (INT64_C(100) * 365 * 86400 * TG_US_PER_S)

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
#include "sim/params_table.def"
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

/* Numbers of which nothing can be divided into, waited for again and again, or asked of a model. */
static bool is_positive(const char *name)
{
    static const char *const names[] = {"metric_period_us",
                                        "autoscale_period_us",
                                        "schedule_retry_us",
                                        "health_interval_us",
                                        "health_probers",
                                        "choice_period_us",
                                        "gateway_retry_us",
                                        "node_replace_retry_us",
                                        "lease_interval_us",
                                        "heartbeat_interval_us",
                                        "usage_window_us",
                                        "kv_blocks",
                                        "kv_block_tokens",
                                        "sequences_max",
                                        "stats_interval_us",
                                        "load_prompt_tokens",
                                        "load_output_tokens",
                                        "probe_prompt_tokens",
                                        "probe_output_tokens",
                                        "token_bytes",
                                        "vllm_shards",
                                        "prefill_ns_per_token",
                                        "server_overhead",
                                        "health_healthy_threshold",
                                        "health_unhealthy_threshold",
                                        "target_utilization_ppm",
                                        "fullness_floor_ppm"};
    for (size_t i = 0; i < TG_COUNT(names); i++) {
        if (tg_str_eq(names[i], name)) {
            return true;
        }
    }
    return false;
}

static bool check_duration(const char *name, const struct sim_duration *duration,
                           struct tg_err *err)
{
    if (duration->median_us > 0 &&
        (duration->p95_us < duration->median_us || duration->cap_us == 0)) {
        return tg_err_set(err, TG_CODE_INVALID, 0,
                          "parameter %s: p95 must not be less than the median, nor cap 0", name);
    }
    return duration->median_us > 0 || !is_positive(name) ||
           tg_err_set(err, TG_CODE_INVALID, 0, "parameter %s: median must be more than 0", name);
}

static bool check_range(const char *name, const struct sim_range *range, struct tg_err *err)
{
    return range->high_us >= range->low_us ||
           tg_err_set(err, TG_CODE_INVALID, 0, "parameter %s: high is less than low", name);
}

static bool check_value(const char *name, int64_t value, struct tg_err *err)
{
    if (tg_str_eq(name, "health_probers") && value > SIM_PROBERS_MAX) {
        return tg_err_set(err, TG_CODE_INVALID, 0, "parameter %s: at most %d", name,
                          SIM_PROBERS_MAX);
    }
    return value > 0 || !is_positive(name) ||
           tg_err_set(err, TG_CODE_INVALID, 0, "parameter %s: must be more than 0", name);
}

bool sim_params_check(const struct sim_params *params, struct tg_err *err)
{
#define SIM_DURATION(name, median, p95, cap, source, confidence) \
    check_duration(#name, &params->name, err) &&
#define SIM_RANGE(name, low, high, source, confidence)   check_range(#name, &params->name, err) &&
#define SIM_VALUE(name, unit, value, source, confidence) check_value(#name, params->name, err) &&
    return
#include "sim/params_table.def"
        true;
#undef SIM_DURATION
#undef SIM_RANGE
#undef SIM_VALUE
}

bool sim_params_time(const char *text, int64_t *time_us)
{
    static const struct {
        const char *name;
        int64_t us;
    } units[] = {{"us", 1},
                 {"ms", TG_US_PER_MS},
                 {"s", TG_US_PER_S},
                 {"m", 60 * TG_US_PER_S},
                 {"h", 3600 * TG_US_PER_S}};
    const int64_t whole_max = 1000000000; /* of any unit: no sum of them can overflow */
    int64_t sum_us = 0;
    bool is_any = false;
    while (*text != '\0') {
        int64_t number = 0;
        size_t digits = strspn(text, "0123456789");
        for (size_t i = 0; i < digits && number <= whole_max; i++) {
            number = number * 10 + (text[i] - '0');
        }
        text += digits;
        text += strspn(text, " ");
        size_t len = strcspn(text, "0123456789 ");
        int64_t unit_us = 0;
        for (size_t i = 0; i < TG_COUNT(units); i++) {
            if (strlen(units[i].name) == len && strncmp(units[i].name, text, len) == 0) {
                unit_us = units[i].us;
            }
        }
        if (digits == 0 || unit_us == 0 || number > whole_max) {
            return false;
        }
        sum_us += number * unit_us;
        text += len;
        text += strspn(text, " ");
        is_any = true;
        if (sum_us > SIM_PARAM_TIME_MAX_US) {
            return false;
        }
    }
    *time_us = sum_us;
    return is_any;
}

bool sim_params_set_text(struct sim_params *params, const char *name, const char *value,
                         struct tg_err *err)
{
    int64_t number;
    for (const struct sim_param_info *info = sim_param_table; info->name != NULL; info++) {
        if (tg_str_eq(info->name, name) && tg_str_eq(info->unit, "us") &&
            sim_params_time(value, &number)) {
            return sim_params_set(params, name, number, err);
        }
    }
    if (!tg_str_to_int64(value, 0, INT64_MAX, &number)) {
        return tg_err_set(err, TG_CODE_INVALID, 0, "parameter %s: '%s' is no whole number%s", name,
                          value, " (nor a time such as 200ms, where one is meant)");
    }
    return sim_params_set(params, name, number, err);
}

int64_t sim_params_get(const struct sim_params *params, const struct sim_param_info *info)
{
    return *(const int64_t *)(const void *)((const char *)params + info->offset);
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
