/* sim/script.h - what was asked of a world, kept so that another one can be brought to the same
 * point: a fork.
 *
 * A world is a function of its configuration and of the requests that change it, at their virtual
 * times. The script holds both; replaying it up to t gives the same world as it was at t, whatever
 * happened later, and two forks of it meet the same chance (every draw is named). Not in it:
 * sessions of exec and port-forward, after which a fork is like the world, but not equal to it, and
 * streams that are open: faults that struck them strike those of the fork anew.
 *
 * Thread: the world's.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_SIM_SCRIPT_H
#define TG_SIM_SCRIPT_H

#include <jansson.h>
#include <stdbool.h>

#include "base/err.h"
#include "sim/front.h"
#include "sim/params.h"
#include "sim/world.h"

struct sim_script;

/* Starts keeping one for the world, which owns it. Call it before the first request. */
void sim_script_start(struct sim_world *world);
void sim_script_free(struct sim_script *script);

/* Keeps the request if it can change the world, or any when is_every (authorised ones only are to
 * be given). user is who asks, "" the owner. */
void sim_script_note(struct sim_world *world, const struct sim_request *request, const char *user,
                     bool is_every);

/* The script up to until_us as JSON (new reference), NULL and err (STATE when none is kept, LIMIT
 * when there was more than is kept). */
json_t *sim_script_json(struct sim_world *world, int64_t until_us, struct tg_err *err);

/* Configuration in a script's text; the caller frees *project, params are overridden as they were.
 * INVALID when it is none. */
bool sim_script_config(const char *text, size_t len, struct sim_config *config,
                       struct sim_params *params, char **project, struct tg_err *err);

/* Brings a world that was just made from that configuration to until_us. */
bool sim_script_replay(struct sim_world *world, const char *text, size_t len, int64_t until_us,
                       struct tg_err *err);

#endif
