/* command_status.c - `tidegate status`: prints what the panes show, once or as it changes. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <stdio.h>
#include <stdlib.h>

#include "app/plain.h"
#include "app/status.h"
#include "app/witness.h"
#include "base/i18n.h"
#include "commands.h"

#define STATUS_BYTES_MAX (64 * 1024 * 1024)
#define PROVE_US         (20 * TG_US_PER_S) /* exec's own deadline, and some */

static int print_status(const struct tg_app *app, bool is_json)
{
    struct tg_buf out;
    tg_buf_init(&out, STATUS_BYTES_MAX);
    struct tg_status_inputs inputs = {
        .model = app->model,
        .lab = app->lab,
        .steps = app->steps,
        .drill = app->drill,
        .is_armed = app->is_armed,
        .now_us = tg_clock_monotonic_us(&app->clock),
        .wall_us = tg_clock_wall_us(&app->clock),
        .lab_us = tg_app_lab_us(app),
    };
    bool is_whole = is_json ? tg_status_json(&inputs, &out) : tg_status_text(&inputs, &out);
    fwrite(tg_buf_text(&out), 1, out.len, stdout);
    if (is_json) {
        putchar('\n');
    }
    tg_buf_fini(&out);
    return is_whole && fflush(stdout) == 0 ? CLI_EXIT_OK : CLI_EXIT_ENVIRONMENT;
}

/* True when no cluster gave any object: then there is nothing to call a status. */
static bool is_all_silent(const struct tg_model *model)
{
    for (size_t i = 0; i < model->targets_count; i++) {
        for (int kind = 0; kind < TG_KIND_COUNT; kind++) {
            if (model->targets[i]->kinds[kind].synced_us != 0) {
                return false;
            }
        }
    }
    return true;
}

int command_status(const struct cli *cli)
{
    struct tg_err err = TG_ERR_INIT;
    command_watch_signals();
    struct tg_session *session = command_start_session(cli, &err);
    if (session == NULL) {
        return command_fail(&err);
    }
    const struct tg_app *app = session->app;
    int64_t until_us = tg_clock_monotonic_us(&app->clock) + cli->timeout_s * TG_US_PER_S;
    while (!command_is_settled(app) && command_signal_count() == 0 &&
           tg_clock_monotonic_us(&app->clock) < until_us) {
        command_wait(session, 100 * TG_US_PER_MS);
    }
    if (cli->is_prove) {
        tg_app_prove(session->app);
        do {
            command_wait(session, 100 * TG_US_PER_MS);
        } while (tg_app_is_proving(app) && command_signal_count() == 0 &&
                 tg_clock_monotonic_us(&app->clock) < until_us + PROVE_US);
    }
    session->app->steps_judged_us = INT64_MIN;
    tg_app_tick(session->app);
    int status = print_status(app, cli->is_json);
    bool is_silent = is_all_silent(app->model);
    uint64_t told = app->model->timeline_total;
    while (cli->is_watch && command_signal_count() == 0 && !ferror(stdout)) {
        bool is_changed = command_wait(session, -1);
        if (cli->is_json && is_changed) {
            status = print_status(app, true);
        } else if (!cli->is_json) {
            told = tg_plain_print(app->model, told, stdout);
            fflush(stdout);
        }
    }
    tg_session_stop(session);
    return is_silent ? CLI_EXIT_ENVIRONMENT : status;
}
