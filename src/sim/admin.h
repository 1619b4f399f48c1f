/* sim/admin.h - the world's own API: faults, speed and time, parameters, and the script of a fork,
 * below /tidegate.dev/v1 of Google Cloud's server; sim/README.md describes it.
 *
 * Thread: the world's.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_SIM_ADMIN_H
#define TG_SIM_ADMIN_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/front.h"
#include "sim/world.h"

/* True when the request is for this API; no fault ever strikes it. */
bool sim_admin_is_path(const struct sim_request *request);

void sim_admin_handle(struct sim_world *world, const struct sim_request *request,
                      struct sim_response *response);

/* Who lets the world's time pass; a world without one has its time moved by its owner. */
struct sim_clockwork {
    double (*speed)(void *context);                   /* 0: paused */
    void (*set_speed)(void *context, double speed);   /* 0 pauses; the speed before is kept */
    void (*resume)(void *context);                    /* at the speed before the pause */
    void (*step)(void *context, int64_t duration_us); /* of a paused world: so much passes */
    bool (*is_stepping)(void *context);
    void *context;
};

/* Copied. */
void sim_admin_set_clockwork(struct sim_world *world, const struct sim_clockwork *clockwork);

#endif
