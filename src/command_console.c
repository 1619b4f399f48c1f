/* command_console.c - `tidegate` and `tidegate demo`: the console on clusters, or on a simulated
 * world of its own. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "app/plain.h"
#include "base/i18n.h"
#include "base/mem.h"
#include "base/str.h"
#include "commands.h"
#include "io/clock_real.h"
#include "io/paths.h"
#include "sim/download.h"
#include "sim/hub.h"
#include "sim/params.h"
#include "sim/server.h"

#define DEMO_SPEED       10.0
#define DEMO_PLAIN_SPEED 60.0
#define DEMO_EMPTY_SPEED 60.0  /* the lab stands in a minute or two */
#define TOUR_SPEED       200.0 /* nobody watches; a step's ten minutes are three of our seconds */
#define TOUR_DRILL_SPEED 80.0
#define DEMO_SETTLE_US   (5 * TG_US_PER_S)

static bool has_terminal(const struct cli *cli)
{
    return !cli->is_plain && !cli->is_json && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
}

/* Without a terminal the console tells its story in lines until it is told to end. */
static int tell_story(struct tg_session *session)
{
    uint64_t told = 0;
    while (command_signal_count() == 0 && !ferror(stdout)) {
        command_wait(session, -1);
        told = tg_plain_print(session->app->model, told, stdout);
        fflush(stdout);
    }
    return CLI_EXIT_OK;
}

int command_console(const struct cli *cli)
{
    struct tg_err err = TG_ERR_INIT;
    command_watch_signals();
    struct tg_session *session = command_start_session(cli, &err);
    if (session == NULL) {
        return command_fail(&err);
    }
    int status = has_terminal(cli) ? loop_run(session, cli, NULL, NULL) : tell_story(session);
    tg_session_stop(session);
    return status;
}

static struct sim_server *start_world(const struct cli *cli, const char *dir, double speed,
                                      struct tg_err *err)
{
    struct tg_clock clock = tg_clock_real();
    struct sim_params params;
    sim_params_init(&params);
    if (!command_params(cli, &params, err)) {
        return NULL;
    }
    struct sim_server_config config = {
        .world = {.params = &params,
                  .seed = cli->seed,
                  .regions = cli->regions,
                  .is_built = !cli->is_empty,
                  .start_wall_us = tg_clock_wall_us(&clock)},
        .dir = dir,
        .listen = cli->listen != NULL ? cli->listen : "127.0.0.1:0",
        .speed = cli->speed > 0 ? cli->speed : speed,
        .clock = clock,
    };
    return sim_server_start(&config, err);
}

static struct tg_session *start_demo_session(const struct cli *cli, const char *dir,
                                             struct sim_server *server, struct tg_err *err)
{
    struct tg_lab *lab = command_load_lab(cli, err);
    if (lab == NULL) {
        return NULL;
    }
    char digest[TG_DIGEST_LEN + 1];
    char *manifest_url = tg_asprintf("%s" SIM_DOWNLOAD_PATH, sim_server_gcp_url(server));
    sim_download_digest(digest);
    /* The journal and Terraform's state live with the world: another run's world is another world.
     */
    char *journal = tg_asprintf("%s/journal.db", dir);
    char *hub_url = tg_asprintf("%s" SIM_HUB_PREFIX, sim_server_gcp_url(server));
    char *work_folder = tg_asprintf("%s/work", dir);
    char *terraform_state = tg_asprintf("%s/gke-tf/terraform.tfstate", work_folder);
    remove(journal);
    remove(terraform_state);
    free(terraform_state);
    struct tg_session_config config = {
        .clock = tg_clock_real(),
        .lab = lab,
        /* In an empty project clusters are watched when they come to be. */
        .kubeconfig = cli->is_empty ? NULL : sim_server_kubeconfig_path(server),
        .project = sim_server_project(server),
        .gcp_endpoint = sim_server_gcp_url(server),
        .gcp_ca_pem = sim_server_ca_pem(server),
        .gcp_token = sim_server_gcp_token(server),
        .hub_url = hub_url,
        .journal = journal,
        .work_folder = work_folder,
        .manifest_url = manifest_url,
        .manifest_sha256 = digest,
        .is_armed = true,
        .workers_max = cli->workers,
    };
    struct tg_session *session = tg_session_start(&config, err);
    free(work_folder);
    free(manifest_url);
    free(journal);
    free(hub_url);
    return session;
}

/* The demonstration in plain lines: both regions are seen serving, the primary is taken down,
 * traffic fails over, the region comes back, and the verdict is printed. */
static int demonstrate(struct tg_session *session, const struct cli *cli)
{
    struct tg_err err = TG_ERR_INIT;
    struct tg_app *app = session->app;
    fprintf(cli->is_json ? stderr : stdout, "%s\n", _("SIMULATED: no cloud is touched."));
    int64_t until_us = tg_clock_monotonic_us(&app->clock) + DEMO_SETTLE_US;
    while (command_signal_count() == 0 && tg_clock_monotonic_us(&app->clock) < until_us) {
        command_wait(session, 50 * TG_US_PER_MS);
    }
    if (!tg_app_drill_start(app, tg_app_primary_target(app), &err)) {
        return command_fail(&err);
    }
    return command_run_drill(session, cli, true);
}

static void ask_own_world(void *context, const struct tg_world_request *request,
                          struct tg_buf *answer, int *status)
{
    sim_server_ask(context, request->method, request->path, request->body, answer, status);
}

/* A speed of the command line's is the speed of everything. */
static struct tg_tour_config tour_config(const struct cli *cli, struct sim_server *server,
                                         bool is_console)
{
    struct tg_tour_config config = {.ask = ask_own_world, .context = server};
    double provision = is_console ? DEMO_EMPTY_SPEED : TOUR_SPEED;
    double drill = is_console ? DEMO_SPEED : TOUR_DRILL_SPEED;
    for (int phase = 0; phase < TG_TOUR_PHASE_COUNT; phase++) {
        bool is_drill = phase == TG_TOUR_SETTLE || phase == TG_TOUR_DRILL;
        config.speeds[phase] = cli->speed > 0 ? cli->speed : is_drill ? drill : provision;
    }
    return config;
}

static int run_demo(struct tg_session *session, const struct cli *cli, struct sim_server *server)
{
    bool is_console = has_terminal(cli);
    struct tg_tour_config config = tour_config(cli, server, is_console);
    if (is_console) {
        return loop_run(session, cli, server, cli->is_auto ? &config : NULL);
    }
    return cli->is_auto ? command_run_tour(session, cli, &config) : demonstrate(session, cli);
}

static double speed_of(const struct cli *cli)
{
    return cli->is_empty ? DEMO_EMPTY_SPEED : has_terminal(cli) ? DEMO_SPEED : DEMO_PLAIN_SPEED;
}

int command_demo(const struct cli *cli)
{
    struct tg_err err = TG_ERR_INIT;
    command_watch_signals();
    char *dir = cli->dir != NULL ? tg_strdup(cli->dir) : tg_paths_demo_dir(&err);
    if (dir == NULL) {
        return command_fail(&err);
    }
    struct sim_server *server = start_world(cli, dir, speed_of(cli), &err);
    struct tg_session *session = server != NULL ? start_demo_session(cli, dir, server, &err) : NULL;
    int status = session == NULL ? command_fail(&err) : run_demo(session, cli, server);
    tg_session_stop(session);
    sim_server_stop(server);
    free(dir);
    return status;
}
