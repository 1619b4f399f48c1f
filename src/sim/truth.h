/* sim/truth.h - what really happened in the simulated world, for tests that compare a report with
 * it.
 *
 * The console never sees this; it sees API objects with delays. The truth about a drill: which
 * requests through the gateway failed, and when, on the virtual clock.
 *
 * Thread: the world's.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_SIM_TRUTH_H
#define TG_SIM_TRUTH_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/world.h"

/* The gateway's state as a client in region client_region would meet it, at every instant. */
struct sim_truth_window {
    int64_t open_us;   /* virtual wall time since when a request from that region would fail; -1:
                          never did */
    int64_t close_us;  /* virtual wall time since when requests succeed again; -1: still open or
                          never opened */
    uint64_t requests; /* through the gateway since reset, from that region */
    uint64_t failures;
};

/* Forgets the window so far; the next one is recorded from now on. */
void sim_truth_reset(struct sim_world *world);

/* First to last failing instant since reset, for clients in that region. */
struct sim_truth_window sim_truth_window(struct sim_world *world, int client_region);

/* Successful requests that region's replicas served since reset. */
uint64_t sim_truth_served_by(struct sim_world *world, int region);

/* True when region's endpoint is in rotation right now: in the NEG, healthy in the proxies' view,
 * picker reachable. */
bool sim_truth_is_in_rotation(struct sim_world *world, int region);

#endif
