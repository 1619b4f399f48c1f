/* app/swarm_check.h - what must hold between the console, its journal and the world's truth at each
 * step of a swarm's run.
 *
 * - What is called restored has been seen to serve, after the restore and not long ago.
 * - Whatever a drill did to the world stands in the journal, and the journal, cut after any of its
 *   records, can be read and leads to a drill that puts things right.
 * - No second drill starts while one is open.
 *
 * Thread: the rig's.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_APP_SWARM_CHECK_H
#define TG_APP_SWARM_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "app/app.h"
#include "sim/world.h"

struct tg_swarm_check {
    struct sim_world *world;
    struct tg_app *app;
    int64_t serving_us;  /* lab wall time at which the drilled region last served in truth */
    int64_t restored_us; /* of the restore that was judged already */
    int64_t records;     /* of the journal, when it was last looked at */
    char marked[64];     /* the drill whose mark the world had then */
    int64_t lag_us;      /* the longest time between serving in truth and being called restored */
    bool is_waived;      /* an operator took the open drill out of the journal */
};

/* NULL, or what does not hold (static). */
const char *tg_swarm_check_step(struct tg_swarm_check *check);

#endif
