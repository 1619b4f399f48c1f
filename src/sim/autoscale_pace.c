/* sim/autoscale_pace.c - how fast an autoscaler follows its metrics: stabilisation and policies. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <math.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim/autoscale.h"
#include "sim/json_path.h"

#define MEMORY_US        (3600 * TG_US_PER_S) /* the longest window that there may be */
#define DOWN_WINDOW_S    300
#define REPLICAS_CEILING INT32_MAX

struct entry {
    int64_t at_us;
    int64_t replicas; /* wished for, or added (negative: taken away) */
};

struct entries {
    struct entry *items;
    size_t count;
    size_t capacity;
};

struct sim_scale_memory {
    struct entries wishes;
    struct entries changes;
};

static void remember(struct entries *entries, int64_t now_us, int64_t replicas)
{
    size_t kept = 0;
    for (size_t i = 0; i < entries->count; i++) {
        if (entries->items[i].at_us >= now_us - MEMORY_US) {
            entries->items[kept++] = entries->items[i];
        }
    }
    entries->count = kept;
    if (entries->count == entries->capacity) {
        entries->capacity = entries->capacity == 0 ? 16 : entries->capacity * 2;
        entries->items =
            tg_realloc_array(entries->items, entries->capacity, sizeof *entries->items);
    }
    entries->items[entries->count++] = (struct entry){now_us, replicas};
}

struct sim_scale_memory *sim_scale_memory_new(int64_t now_us, int64_t replicas)
{
    struct sim_scale_memory *memory = TG_NEW(struct sim_scale_memory);
    remember(&memory->wishes, now_us, replicas);
    return memory;
}

void sim_scale_memory_free(void *data)
{
    struct sim_scale_memory *memory = data;
    free(memory->wishes.items);
    free(memory->changes.items);
    free(memory);
}

void sim_scale_note(struct sim_scale_memory *memory, int64_t now_us, int64_t from, int64_t to)
{
    remember(&memory->changes, now_us, to - from);
}

/* ---- stabilisation ---- */

static int64_t window_us(const json_t *autoscaler, const char *path, int64_t otherwise_s)
{
    return sim_json_int(autoscaler, path, otherwise_s) * TG_US_PER_S;
}

static int64_t stabilise(struct sim_scale_memory *memory, const json_t *autoscaler, int64_t now_us,
                         int64_t current, int64_t desired, struct sim_scale_limits *limits)
{
    int64_t up_us = window_us(autoscaler, "spec.behavior.scaleUp.stabilizationWindowSeconds", 0);
    int64_t down_us =
        window_us(autoscaler, "spec.behavior.scaleDown.stabilizationWindowSeconds", DOWN_WINDOW_S);
    int64_t lowest = desired;
    int64_t highest = desired;
    for (size_t i = 0; i < memory->wishes.count; i++) {
        const struct entry *wish = &memory->wishes.items[i];
        if (wish->at_us > now_us - up_us && wish->replicas < lowest) {
            lowest = wish->replicas;
        }
        if (wish->at_us > now_us - down_us && wish->replicas > highest) {
            highest = wish->replicas;
        }
    }
    remember(&memory->wishes, now_us, desired);
    int64_t stable = current < lowest ? lowest : current;
    stable = stable > highest ? highest : stable;
    if (stable == desired) {
        limits->stable_reason = "ReadyForNewScale";
        limits->stable_message = "recommended size matches current size";
    } else if (desired >= current) {
        limits->stable_reason = "ScaleUpStabilized";
        limits->stable_message = "recent recommendations were lower than current one, applying "
                                 "the lowest recent recommendation";
    } else {
        limits->stable_reason = "ScaleDownStabilized";
        limits->stable_message = "recent recommendations were higher than current one, applying "
                                 "the highest recent recommendation";
    }
    return stable;
}

/* ---- policies ---- */

json_t *sim_scale_policies(bool is_up)
{
    json_t *policies = json_array();
    if (is_up) {
        json_array_append_new(policies, json_pack("{s:s, s:i, s:i}", "type", "Pods", "value", 4,
                                                  "periodSeconds", 15));
    }
    json_array_append_new(policies, json_pack("{s:s, s:i, s:i}", "type", "Percent", "value", 100,
                                              "periodSeconds", 15));
    return policies;
}

/* Replicas at the beginning of the period that ends now. */
static int64_t at_start(const struct sim_scale_memory *memory, int64_t now_us, int64_t period_us,
                        int64_t current)
{
    for (size_t i = 0; i < memory->changes.count; i++) {
        if (memory->changes.items[i].at_us > now_us - period_us) {
            current -= memory->changes.items[i].replicas;
        }
    }
    return current;
}

static int64_t policy_limit(const struct sim_scale_memory *memory, const json_t *policy,
                            int64_t now_us, int64_t current, bool is_up)
{
    int64_t value = sim_json_int(policy, "value", 0);
    int64_t start =
        at_start(memory, now_us, sim_json_int(policy, "periodSeconds", 15) * TG_US_PER_S, current);
    bool is_pods = tg_str_eq(sim_json_text(policy, "type"), "Pods");
    if (is_up) {
        return is_pods ? start + value : (int64_t)ceil((double)start * (1 + (double)value / 100));
    }
    return is_pods ? start - value : (int64_t)((double)start * (1 - (double)value / 100));
}

/* The number that rules (NULL: Kubernetes' own) let the target reach now. */
static int64_t rate_limit(const struct sim_scale_memory *memory, const json_t *rules,
                          int64_t now_us, int64_t current, bool is_up)
{
    const char *select = sim_json_text(rules, "selectPolicy");
    if (tg_str_eq(select, "Disabled")) {
        return current;
    }
    json_t *policies = json_object_get(rules, "policies");
    policies = json_array_size(policies) > 0 ? json_incref(policies) : sim_scale_policies(is_up);
    bool wants_high = is_up != tg_str_eq(select, "Min");
    int64_t limit = wants_high ? INT64_MIN : INT64_MAX;
    size_t i;
    json_t *policy;
    json_array_foreach(policies, i, policy)
    {
        int64_t reach = policy_limit(memory, policy, now_us, current, is_up);
        limit = wants_high == (reach > limit) ? reach : limit;
    }
    json_decref(policies);
    if (is_up) {
        return limit < current ? current : limit;
    }
    return limit > current ? current : limit;
}

static int64_t limited(struct sim_scale_limits *limits, const char *reason, const char *message,
                       int64_t replicas)
{
    limits->is_limited = true;
    limits->limit_reason = reason;
    limits->limit_message = message;
    return replicas;
}

int64_t sim_scale_pace(struct sim_scale_memory *memory, const json_t *autoscaler, int64_t now_us,
                       int64_t current, int64_t desired, struct sim_scale_limits *limits)
{
    int64_t least = sim_json_int(autoscaler, "spec.minReplicas", 1);
    int64_t most = sim_json_int(autoscaler, "spec.maxReplicas", REPLICAS_CEILING);
    int64_t stable = stabilise(memory, autoscaler, now_us, current, desired, limits);
    limits->is_limited = false;
    limits->limit_reason = "DesiredWithinRange";
    limits->limit_message = "the desired count is within the acceptable range";
    if (stable > current) {
        int64_t reach = rate_limit(memory, sim_json_at(autoscaler, "spec.behavior.scaleUp"), now_us,
                                   current, true);
        if (stable > reach && reach < most) {
            return limited(limits, "ScaleUpLimit",
                           "the desired replica count is increasing faster than the maximum scale "
                           "rate",
                           reach);
        }
    } else if (stable < current) {
        int64_t reach = rate_limit(memory, sim_json_at(autoscaler, "spec.behavior.scaleDown"),
                                   now_us, current, false);
        if (stable < reach && reach > least) {
            return limited(limits, "ScaleDownLimit",
                           "the desired replica count is decreasing faster than the maximum scale "
                           "rate",
                           reach);
        }
    }
    if (stable > most) {
        return limited(limits, "TooManyReplicas",
                       "the desired replica count is more than the maximum replica count", most);
    }
    if (stable < least) {
        return limited(limits, "TooFewReplicas",
                       "the desired replica count is less than the minimum replica count", least);
    }
    return stable;
}
