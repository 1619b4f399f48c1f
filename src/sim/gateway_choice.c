/* sim/gateway_choice.c - which region a request goes to: nearest first, filled to its capacity,
 * then the next. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/mem.h"
#include "sim/behaviour.h"
#include "sim/fault.h"
#include "sim/gateway.h"
#include "sim/truth_internal.h"
#include "sim/vllm.h"

#define WHOLE_PPM    INT64_C(1000000)
#define CATCH_UP_MAX 8 /* periods without requests that are computed one by one */

struct distance {
    int64_t rtt_us;
    int region;
};

static int by_distance(const void *a, const void *b)
{
    const struct distance *x = a;
    const struct distance *y = b;
    if (x->rtt_us != y->rtt_us) {
        return x->rtt_us < y->rtt_us ? -1 : 1;
    }
    return x->region - y->region;
}

static const int *order_of(struct sim_gateway *gateway, int front)
{
    struct sim_front_view *view = &gateway->fronts[front];
    if (view->order == NULL) {
        int count = sim_world_region_count(gateway->world);
        struct distance *distances = tg_calloc((size_t)count, sizeof *distances);
        for (int r = 0; r < count; r++) {
            distances[r] = (struct distance){sim_region_rtt_us(gateway->world, front, r), r};
        }
        qsort(distances, (size_t)count, sizeof *distances, by_distance);
        view->order = tg_calloc((size_t)count, sizeof *view->order);
        for (int r = 0; r < count; r++) {
            view->order[r] = distances[r].region;
        }
        free(distances);
    }
    return view->order;
}

/* Mean KV-cache use of the region's endpoints; -1 when nobody reports. */
static int64_t metric_ppm(const struct sim_gateway *gateway, int region)
{
    const struct sim_region_view *view = &gateway->regions[region];
    if (sim_fault_in_force(gateway->world, SIM_FAULT_NO_METRIC, region) != NULL) {
        return -1;
    }
    int64_t sum = 0;
    int64_t count = 0;
    for (int i = 0; i < view->endpoint_count; i++) {
        const struct sim_endpoint *endpoint = view->endpoints[i];
        if (endpoint->pod != NULL && endpoint->is_listening) {
            sum += sim_vllm_gauges(endpoint->pod->vllm).kv_ppm;
            count++;
        }
    }
    return count == 0 ? -1 : sum / count;
}

/* A period ended: what was counted in it becomes rates, and the capacity estimate follows. */
static void close_period(struct sim_gateway *gateway, int region, bool had_traffic)
{
    const struct sim_params *params = sim_world_params(gateway->world);
    struct sim_region_view *view = &gateway->regions[region];
    int64_t metric = metric_ppm(gateway, region);
    if (metric >= 0) {
        view->utilization_ppm = (view->utilization_ppm * (WHOLE_PPM - params->metric_alpha_ppm) +
                                 metric * params->metric_alpha_ppm) /
                                WHOLE_PPM;
    }
    int64_t served = had_traffic ? view->served_period : 0;
    view->ok_ppm = served == 0 ? WHOLE_PPM : view->ok_period * WHOLE_PPM / served;
    view->served_mrps = served * 1000 * 1000000 / params->choice_period_us;
    view->served_period = 0;
    view->ok_period = 0;
    int64_t full_ppm = view->utilization_ppm * WHOLE_PPM / params->target_utilization_ppm;
    full_ppm = full_ppm > params->fullness_floor_ppm ? full_ppm : params->fullness_floor_ppm;
    int64_t capacity = view->served_mrps * WHOLE_PPM / full_ppm;
    if (sim_fault_in_force(gateway->world, SIM_FAULT_NO_METRIC, region) != NULL) {
        capacity = params->capacity_low_mrps; /* without a metric nothing says how full it is */
    }
    capacity = capacity < params->capacity_low_mrps ? params->capacity_low_mrps : capacity;
    capacity = capacity > params->capacity_high_mrps ? params->capacity_high_mrps : capacity;
    capacity = capacity * sim_gateway_health_ppm(gateway, region) / WHOLE_PPM;
    if (params->has_blackhole != 0 && view->ok_ppm < params->blackhole_ppm &&
        capacity < view->capacity_mrps) {
        capacity =
            view->capacity_mrps; /* errors look idle: the balancer does not believe in less */
    }
    view->capacity_mrps = capacity;
}

/* Wanted shares of one front by waterfall; taken holds what fronts before it were promised. */
static void waterfall(struct sim_gateway *gateway, int front, int64_t *taken, int64_t *wanted)
{
    int count = sim_world_region_count(gateway->world);
    const int *order = order_of(gateway, front);
    int64_t rate = gateway->fronts[front].rate_mrps;
    memset(wanted, 0, (size_t)count * sizeof *wanted);
    int64_t left = rate > 0 ? rate : 1;
    int64_t whole = left;
    int64_t capacity_sum = 0;
    for (int i = 0; i < count && left > 0; i++) {
        int r = order[i];
        if (sim_gateway_health_ppm(gateway, r) == 0) {
            continue;
        }
        int64_t room = gateway->regions[r].capacity_mrps - taken[r];
        int64_t amount = left < room ? left : room > 0 ? room : 0;
        wanted[r] = amount;
        taken[r] += amount;
        left -= amount;
        capacity_sum += gateway->regions[r].capacity_mrps;
    }
    if (left > 0 && capacity_sum > 0) { /* all are full: the overload is shared by size */
        for (int r = 0; r < count; r++) {
            if (sim_gateway_health_ppm(gateway, r) > 0) {
                wanted[r] += left * gateway->regions[r].capacity_mrps / capacity_sum;
            }
        }
    }
    for (int r = 0; r < count; r++) {
        wanted[r] = wanted[r] * WHOLE_PPM / whole;
    }
}

/* Makes shares of usable regions sum to the whole, or to nothing when none is usable. */
static void normalise(struct sim_gateway *gateway, int front, int64_t *share)
{
    int count = sim_world_region_count(gateway->world);
    const int *order = order_of(gateway, front);
    int64_t sum = 0;
    int first = -1;
    for (int i = 0; i < count; i++) {
        int r = order[i];
        if (sim_gateway_health_ppm(gateway, r) == 0) {
            share[r] = 0;
        } else if (first < 0) {
            first = r;
        }
        sum += share[r];
    }
    if (first < 0) {
        return;
    }
    int64_t rest = WHOLE_PPM;
    for (int r = 0; r < count; r++) {
        share[r] = sum == 0 ? 0 : share[r] * WHOLE_PPM / sum;
        if (share[r] < 1000) {
            share[r] = 0; /* less than a thousandth is rounding, not a choice */
        }
        rest -= share[r];
    }
    share[first] += rest;
}

static void blend(struct sim_gateway *gateway, int front, const int64_t *wanted)
{
    int64_t beta = sim_world_params(gateway->world)->weight_beta_ppm;
    int64_t *share = gateway->fronts[front].share_ppm;
    int64_t sum = 0;
    for (int r = 0; r < sim_world_region_count(gateway->world); r++) {
        sum += share[r];
    }
    for (int r = 0; r < sim_world_region_count(gateway->world); r++) {
        share[r] =
            sum == 0 ? wanted[r] : (share[r] * (WHOLE_PPM - beta) + wanted[r] * beta) / WHOLE_PPM;
    }
    normalise(gateway, front, share);
}

static void choose_shares(struct sim_gateway *gateway)
{
    int count = sim_world_region_count(gateway->world);
    int64_t *taken = tg_calloc((size_t)count, sizeof *taken);
    int64_t *wanted = tg_calloc((size_t)count, sizeof *wanted);
    for (int front = 0; front < count; front++) {
        if (gateway->fronts[front].share_ppm != NULL) {
            waterfall(gateway, front, taken, wanted);
            blend(gateway, front, wanted);
        }
    }
    free(taken);
    free(wanted);
}

static void refresh(struct sim_gateway *gateway)
{
    int count = sim_world_region_count(gateway->world);
    int64_t period_us = sim_world_params(gateway->world)->choice_period_us;
    int64_t now_us = sim_world_now_us(gateway->world);
    int64_t period = (now_us - (now_us < 0 ? period_us - 1 : 0)) / period_us;
    int64_t passed = period - gateway->period;
    gateway->period = period;
    for (int64_t n = 0; n < passed && n < CATCH_UP_MAX; n++) {
        for (int r = 0; r < count; r++) {
            close_period(gateway, r, n == 0);
        }
        for (int f = 0; f < count; f++) {
            gateway->fronts[f].rate_mrps =
                n == 0 ? gateway->fronts[f].arrivals * 1000 * 1000000 / period_us : 0;
            gateway->fronts[f].arrivals = 0;
        }
        choose_shares(gateway);
    }
    if (gateway->is_stale) {
        for (int f = 0; f < count; f++) {
            if (gateway->fronts[f].share_ppm != NULL) {
                normalise(gateway, f, gateway->fronts[f].share_ppm);
            }
        }
    }
    gateway->is_stale = false;
}

void sim_gateway_view_changed(struct sim_gateway *gateway)
{
    gateway->is_stale = true;
    sim_truth_view_changed(gateway->world);
}

int sim_gateway_nearest(struct sim_gateway *gateway, int front)
{
    const int *order = order_of(gateway, front);
    for (int i = 0; i < sim_world_region_count(gateway->world); i++) {
        if (sim_gateway_health_ppm(gateway, order[i]) > 0) {
            return order[i];
        }
    }
    return -1;
}

int64_t sim_gateway_share_ppm(struct sim_world *world, int front, int region)
{
    struct sim_gateway *gateway = sim_world_gateway(world);
    const struct sim_front_view *view = &gateway->fronts[front];
    if (view->share_ppm != NULL) {
        refresh(gateway);
        return view->share_ppm[region];
    }
    return sim_gateway_nearest(gateway, front) == region ? WHOLE_PPM : 0;
}

int sim_gateway_choose(struct sim_gateway *gateway, int front, uint64_t id)
{
    struct sim_world *world = gateway->world;
    int count = sim_world_region_count(world);
    struct sim_front_view *view = &gateway->fronts[front];
    if (view->share_ppm == NULL) {
        view->share_ppm = tg_calloc((size_t)count, sizeof *view->share_ppm);
        gateway->is_stale = true;
    }
    refresh(gateway);
    view->arrivals++;
    int64_t draw =
        (int64_t)(tg_rng_keyed(sim_world_config(world)->seed, "gateway", "choice", id) % WHOLE_PPM);
    const int *order = order_of(gateway, front);
    for (int i = 0; i < count; i++) {
        int r = order[i];
        draw -= view->share_ppm[r];
        if (view->share_ppm[r] > 0 && draw < 0) {
            gateway->is_blind = gateway->is_blind || sim_gateway_health_ppm(gateway, r) == 0;
            return r;
        }
    }
    return -1;
}
