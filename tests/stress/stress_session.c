/* stress/stress_session.c - the program's own threads, all at once, for ThreadSanitizer: a served
 * world, a session of workers with its journal, and a drill in it; then sessions that are started
 * and stopped at once.
 *
 * A plain program, since Criterion cannot start under ThreadSanitizer.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "app/session.h"
#include "base/assets.h"
#include "codec/json.h"
#include "codec/lab_file.h"
#include "io/clock_real.h"
#include "io/curl_transport.h"
#include "sim/server.h"

#define LIMIT_US (60 * TG_US_PER_S)

static struct tg_session *start(const struct sim_server *server, const char *journal,
                                struct tg_err *err)
{
    const struct tg_asset *asset = tg_asset_get("labs/gemma-two-region.yaml");
    struct tg_session_config config = {
        .clock = tg_clock_real(),
        .lab = tg_lab_parse(asset->path, asset->text, asset->len, err),
        .kubeconfig = sim_server_kubeconfig_path(server),
        .project = sim_server_project(server),
        .gcp_endpoint = sim_server_gcp_url(server),
        .gcp_ca_pem = sim_server_ca_pem(server),
        .gcp_token = sim_server_gcp_token(server),
        .journal = journal,
        .is_armed = true,
        .workers_max = 8,
    };
    return config.lab != NULL ? tg_session_start(&config, err) : NULL;
}

static void pump(struct tg_session *session)
{
    struct pollfd fd = {.fd = tg_queue_fd(session->inbox), .events = POLLIN};
    (void)poll(&fd, 1, 20);
    tg_session_pump(session, 256);
}

static bool run_drill(struct tg_session *session, struct sim_server *server)
{
    struct tg_app *app = session->app;
    struct tg_err err = TG_ERR_INIT;
    int64_t until_us = tg_clock_monotonic_us(&app->clock) + LIMIT_US;
    bool is_started = false;
    while (tg_clock_monotonic_us(&app->clock) < until_us) {
        pump(session);
        if (!is_started && tg_model_is_simulated(app->model, NULL)) {
            is_started = tg_app_drill_start(app, tg_app_primary_target(app), &err);
        }
        if (is_started && app->drill->state == TG_DRILL_DONE &&
            app->drill->score.verdict == TG_VERDICT_ERROR) {
            is_started = false; /* the preflight came before the first scrape */
        }
        if (is_started && app->drill->trace.restore_acked_us != 0) {
            return true;
        }
        sim_server_set_speed(server, 40);
    }
    fprintf(stderr, "the drill did not restore in time: %s\n", err.msg);
    return false;
}

int main(void)
{
    struct tg_err err = TG_ERR_INIT;
    char directory[] = "/tmp/tidegate-stress-XXXXXX";
    char journal[64];
    tg_json_setup();
    if (!tg_curl_global_init(&err) || mkdtemp(directory) == NULL) {
        return 1;
    }
    snprintf(journal, sizeof(journal), "%s/journal.db", directory);
    struct sim_server_config config = {
        .world = {.seed = 1, .regions = 2, .is_built = true},
        .dir = directory,
        .listen = "127.0.0.1:0",
        .speed = 20,
        .clock = tg_clock_real(),
    };
    struct sim_server *server = sim_server_start(&config, &err);
    struct tg_session *session = server != NULL ? start(server, journal, &err) : NULL;
    bool is_ok = session != NULL && run_drill(session, server);
    tg_session_stop(session);
    for (int i = 0; i < 5 && is_ok; i++) {
        session = start(server, NULL, &err);
        is_ok = session != NULL;
        if (is_ok) {
            pump(session);
            tg_session_stop(session);
        }
    }
    sim_server_stop(server);
    tg_curl_global_fini();
    if (!is_ok) {
        fprintf(stderr, "stress_session: %s\n", err.msg);
    }
    return is_ok ? 0 : 1;
}
