/* command_sim.c - `tidegate sim`: serves a simulated world until it is told to end. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <poll.h>
#include <stdio.h>

#include "base/i18n.h"
#include "commands.h"
#include "io/clock_real.h"
#include "io/sig.h"
#include "sim/server.h"

int command_sim(const struct cli *cli)
{
    struct tg_err err = TG_ERR_INIT;
    struct tg_clock clock = tg_clock_real();
    struct sim_server_config config = {
        .world = {.seed = cli->seed,
                  .regions = cli->regions,
                  .is_built = !cli->is_empty,
                  .start_wall_us = tg_clock_wall_us(&clock)},
        .dir = cli->dir,
        .listen = cli->listen != NULL ? cli->listen : "127.0.0.1:0",
        .speed = cli->speed > 0 ? cli->speed : 1.0,
        .clock = clock,
    };
    command_watch_signals();
    struct sim_server *server = sim_server_start(&config, &err);
    if (server == NULL) {
        return command_fail(&err);
    }
    printf("ready: kubectl --kubeconfig %s get pods; Google Cloud at %s; environment in %s/env\n",
           sim_server_kubeconfig_path(server), sim_server_gcp_url(server), cli->dir);
    fflush(stdout);
    while (command_signal_count() == 0) {
        command_wait_signal(-1);
    }
    sim_server_stop(server);
    return CLI_EXIT_OK;
}
