/* sim/truth.c - records what really happened to requests, and when they would have failed. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "sim/truth.h"

#include <stdlib.h>

#include "base/assert.h"
#include "base/mem.h"
#include "sim/behaviour.h"
#include "sim/fault_world.h"
#include "sim/gateway.h"
#include "sim/truth_internal.h"

struct client {
    struct sim_truth_window window;
    bool is_failing;
};

struct sim_truth {
    struct client *clients;
    uint64_t *served;
    bool is_recording; /* not before the first reset: the past of the world is nobody's drill */
};

struct sim_truth *sim_truth_new(struct sim_world *world)
{
    struct sim_truth *truth = TG_NEW(struct sim_truth);
    size_t count = (size_t)sim_world_region_count(world);
    truth->clients = tg_calloc(count, sizeof *truth->clients);
    truth->served = tg_calloc(count, sizeof *truth->served);
    return truth;
}

void sim_truth_free(struct sim_truth *truth)
{
    free(truth->clients);
    free(truth->served);
    free(truth);
}

static struct sim_truth *truth_of(struct sim_world *world)
{
    return sim_world_behaviour(world)->truth;
}

/* True when some request sent now by a client of that region would fail. */
static bool would_fail(struct sim_world *world, int client)
{
    if (!sim_gateway_is_programmed(world) ||
        sim_fault_in_force(world, SIM_FAULT_GATEWAY, client) != NULL ||
        sim_fault_in_force(world, SIM_FAULT_REGION_DOWN, client) != NULL) {
        return true;
    }
    struct sim_gateway *gateway = sim_world_gateway(world);
    if (gateway->fronts[client].share_ppm == NULL) {
        int nearest = sim_gateway_nearest(gateway, client);
        return nearest < 0 || sim_fault_is_parted(world, client, nearest) ||
               !sim_gateway_would_serve(world, nearest);
    }
    bool is_sent = false;
    for (int r = 0; r < sim_world_region_count(world); r++) {
        if (sim_gateway_is_usable(world, r) && sim_gateway_share_ppm(world, client, r) > 0) {
            is_sent = true;
            if (sim_fault_is_parted(world, client, r) || !sim_gateway_would_serve(world, r)) {
                return true;
            }
        }
    }
    return !is_sent;
}

static void observe(struct sim_world *world, int region)
{
    struct client *client = &truth_of(world)->clients[region];
    bool is_failing = would_fail(world, region);
    if (is_failing == client->is_failing) {
        return;
    }
    client->is_failing = is_failing;
    int64_t now_us = sim_world_wall_us(world);
    if (is_failing) {
        if (client->window.open_us < 0) {
            client->window.open_us = now_us;
        }
        client->window.close_us = -1;
    } else {
        client->window.close_us = now_us;
    }
    sim_world_trace(world, sim_world_region(world, region)->name, "clients %s",
                    is_failing ? "meet errors" : "are served");
}

void sim_truth_view_changed(struct sim_world *world)
{
    struct sim_truth *truth = truth_of(world);
    if (truth == NULL || !truth->is_recording) {
        return;
    }
    for (int r = 0; r < sim_world_region_count(world); r++) {
        observe(world, r);
    }
}

void sim_truth_reset(struct sim_world *world)
{
    struct sim_truth *truth = truth_of(world);
    truth->is_recording = true;
    for (int r = 0; r < sim_world_region_count(world); r++) {
        struct client *client = &truth->clients[r];
        client->is_failing = would_fail(world, r);
        client->window = (struct sim_truth_window){-1, -1, 0, 0};
        if (client->is_failing) {
            client->window.open_us = sim_world_wall_us(world);
        }
        truth->served[r] = 0;
    }
}

void sim_truth_request(struct sim_world *world, int client_region, int served_region, bool is_ok)
{
    struct sim_truth *truth = truth_of(world);
    truth->clients[client_region].window.requests++;
    if (!is_ok) {
        truth->clients[client_region].window.failures++;
    } else if (served_region >= 0) {
        truth->served[served_region]++;
    }
}

struct sim_truth_window sim_truth_window(struct sim_world *world, int client_region)
{
    tg_assert(client_region >= 0 && client_region < sim_world_region_count(world));
    return truth_of(world)->clients[client_region].window;
}

uint64_t sim_truth_served_by(struct sim_world *world, int region)
{
    tg_assert(region >= 0 && region < sim_world_region_count(world));
    return truth_of(world)->served[region];
}

bool sim_truth_is_in_rotation(struct sim_world *world, int region)
{
    return sim_gateway_is_programmed(world) && sim_gateway_is_usable(world, region) &&
           sim_gateway_would_serve(world, region);
}
