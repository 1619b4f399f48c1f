/* command_drill.c - `tidegate drill` and `tidegate restore`: a drill without screens, to its
 * verdict. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/plain.h"
#include "base/i18n.h"
#include "base/utf8.h"
#include "commands.h"
#include "drill/report.h"

#define REPORT_BYTES_MAX (16 * 1024 * 1024)
#define FIRST_DATA_US    (60 * TG_US_PER_S)

static void print_report(const struct tg_drill *drill, bool is_json)
{
    struct tg_buf out;
    tg_buf_init(&out, REPORT_BYTES_MAX);
    if (is_json) {
        tg_report_json(drill, &out);
        tg_buf_putc(&out, '\n');
    } else {
        tg_report_text(drill, &out);
    }
    fwrite(tg_buf_text(&out), 1, out.len, stdout);
    fflush(stdout);
    tg_buf_fini(&out);
}

/* First signal: stop and restore; the drill then ends by itself. Second: leave as soon as the
 * restore is acknowledged is not waited for either; the journal keeps the drill open. */
static bool obey_signals(struct tg_session *session, int *obeyed)
{
    int count = command_signal_count();
    if (count > *obeyed && *obeyed == 0) {
        fprintf(stderr, "%s\n",
                _("Stopping: the region is restored first. Once more leaves at once."));
        tg_app_drill_abort(session->app, "signal");
    }
    *obeyed = count;
    return count < 2;
}

/* A drill that was left open names what closes it. */
static void say_what_is_left(const struct tg_app *app)
{
    if (tg_drill_is_over(app->drill)) {
        return;
    }
    fprintf(stderr, "%s\n  tidegate restore\n",
            app->drill->state == TG_DRILL_NEEDS_RESTORE
                ? _("The region could not be restored and verified. Run again when it can be:")
            : tg_app_holds_fault(app)
                ? _("Left with the region down: the restore is not acknowledged. Run:")
                : _("The region is restored but not yet verified; to verify and close the drill:"));
}

int command_run_drill(struct tg_session *session, const struct cli *cli, bool is_story_wanted)
{
    struct tg_app *app = session->app;
    uint64_t told = app->model->timeline_total;
    int obeyed = 0;
    while (!tg_drill_is_over(app->drill)) {
        command_wait(session, -1);
        if (is_story_wanted) {
            told = tg_plain_print(app->model, told, cli->is_json ? stderr : stdout);
            fflush(stdout);
        }
        if (!obey_signals(session, &obeyed) || (obeyed > 0 && !tg_app_must_clear(app))) {
            break;
        }
        if (app->drill->state == TG_DRILL_NEEDS_RESTORE) {
            break;
        }
    }
    say_what_is_left(app);
    print_report(app->drill, cli->is_json);
    return tg_verdict_exit_status(app->drill->score.verdict);
}

/* A restore needs no more than the Deployments. */
static void wait_for_deployments(struct tg_session *session)
{
    const struct tg_app *app = session->app;
    int64_t until_us = tg_clock_monotonic_us(&app->clock) + FIRST_DATA_US;
    bool is_waiting = true;
    while (is_waiting && command_signal_count() == 0 &&
           tg_clock_monotonic_us(&app->clock) < until_us) {
        is_waiting = false;
        for (size_t i = 0; i < app->model->targets_count; i++) {
            const struct tg_target *target = app->model->targets[i];
            enum tg_kind kind =
                target->type == TG_TARGET_GCP ? TG_KIND_GCP_ADDRESS : TG_KIND_DEPLOYMENT;
            enum tg_kind_phase phase = target->kinds[kind].phase;
            is_waiting =
                is_waiting || phase == TG_KIND_PHASE_UNKNOWN || phase == TG_KIND_PHASE_LISTING;
        }
        if (is_waiting) {
            command_wait(session, 50 * TG_US_PER_MS);
        }
    }
}

/* The drill needs a whole picture of both regions, and who serves in them, before its preflight can
 * judge. */
static void wait_for_picture(struct tg_session *session)
{
    const struct tg_app *app = session->app;
    int64_t until_us = tg_clock_monotonic_us(&app->clock) + FIRST_DATA_US;
    while (!command_is_settled(app) && command_signal_count() == 0 &&
           tg_clock_monotonic_us(&app->clock) < until_us) {
        command_wait(session, 50 * TG_US_PER_MS);
    }
}

int command_drill(const struct cli *cli)
{
    struct tg_err err = TG_ERR_INIT;
    command_watch_signals();
    struct tg_session *session = command_start_session(cli, &err);
    if (session == NULL) {
        return command_fail(&err);
    }
    wait_for_picture(session);
    /* A simulated world is there to be broken: its sessions start armed, as in the console. */
    if (tg_model_may_be_broken(session->app->model) && session->app->journal != NULL) {
        session->app->is_armed = true;
    }
    int status;
    if (session->app->is_restore_offered) {
        fprintf(stderr, "%s\n  tidegate restore\n",
                _("A drill was interrupted and is still open. Restore it first:"));
        status = CLI_EXIT_ENVIRONMENT;
    } else if (tg_app_drill_start(session->app, tg_app_primary_target(session->app), &err)) {
        status = command_run_drill(session, cli, true);
    } else {
        status = command_fail(&err);
    }
    tg_session_stop(session);
    return status;
}

int command_restore(const struct cli *cli)
{
    struct tg_err err = TG_ERR_INIT;
    command_watch_signals();
    struct tg_session *session = command_start_session(cli, &err);
    if (session == NULL) {
        return command_fail(&err);
    }
    int status = CLI_EXIT_OK;
    if (session->app->journal != NULL && !tg_journal_is_writable(session->app->journal, &err)) {
        char *why = tg_utf8_sanitize(session->app->notice, strlen(session->app->notice));
        fprintf(stderr, "%s\n", why);
        free(why);
        err = (struct tg_err)TG_ERR_INIT;
    }
    if (session->app->journal != NULL && !session->app->is_restore_offered) {
        printf("%s\n", _("No drill is open: there is nothing to restore."));
    } else if (cli->waive_reason != NULL) {
        if (tg_app_waive(session->app, cli->waive_reason, &err)) {
            printf("%s\n", _("The drill is closed without restoring."));
        } else {
            status = command_fail(&err);
        }
    } else {
        wait_for_deployments(session);
        if (tg_app_restore(session->app, &err)) {
            (void)command_run_drill(session, cli, true);
            status = tg_drill_is_over(session->app->drill) ? CLI_EXIT_OK : CLI_EXIT_ENVIRONMENT;
        } else {
            status = command_fail(&err);
        }
    }
    tg_session_stop(session);
    return status;
}
