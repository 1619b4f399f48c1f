/* sim/load.c - background traffic of the lab, which is none unless a parameter asks for it. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <stddef.h>

#include "base/clock.h"
#include "sim/behaviour.h"
#include "sim/gateway.h"

static void ended(struct sim_world *world, void *context, const struct sim_gateway_result *result)
{
    (void)world;
    (void)context;
    (void)result;
}

static void arrive(struct sim_world *world, void *data)
{
    const struct sim_params *params = sim_world_params(world);
    (void)data;
    if (params->load_mrps > 0) {
        sim_gateway_request(world, 0, 0, params->load_prompt_tokens, params->load_output_tokens, 0,
                            ended, NULL);
        int64_t interval_us = 1000 * TG_US_PER_S / params->load_mrps;
        uint64_t draw = tg_rng_keyed(sim_world_config(world)->seed, "load", "gap",
                                     sim_world_behaviour(world)->load_number++);
        interval_us = interval_us / 2 + (int64_t)(draw % (uint64_t)(interval_us + 1));
        sim_world_at(world, sim_world_now_us(world) + interval_us, SIM_PRIORITY_CLIENT, arrive,
                     NULL, NULL);
    }
}

void sim_load_start(struct sim_world *world)
{
    arrive(world, NULL);
}
