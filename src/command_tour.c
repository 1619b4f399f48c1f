/* command_tour.c - `tidegate demo --auto` without screens: the whole lab, up and down, told in
 * lines or as JSON. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <stdio.h>

#include "app/plain.h"
#include "base/i18n.h"
#include "commands.h"
#include "drill/report.h"

#define REPORT_BYTES_MAX (32 * 1024 * 1024)
#define LOOK_US          (100 * TG_US_PER_MS)

static void tell_phase(const struct tg_tour *tour, FILE *out)
{
    fprintf(out, "\n%s\n", tg_tour_phase_text(tour->phase));
    fflush(out);
}

static void tell_verdict(const struct tg_app *app, FILE *to)
{
    struct tg_buf out;
    tg_buf_init(&out, REPORT_BYTES_MAX);
    tg_report_text(app->drill, &out);
    fwrite(tg_buf_text(&out), 1, out.len, to);
    tg_buf_fini(&out);
}

static void follow(struct tg_session *session, struct tg_tour *tour, FILE *out)
{
    struct tg_app *app = session->app;
    struct command_teller *teller = NULL;
    uint64_t told = 0;
    while (tour->phase != TG_TOUR_OVER) {
        command_wait(session, LOOK_US);
        enum tg_tour_phase before = tour->phase;
        bool is_run = tour->phase == TG_TOUR_UP || tour->phase == TG_TOUR_DOWN;
        if (is_run) {
            command_teller_tell(teller);
        } else if (tour->phase == TG_TOUR_DRILL) {
            told = tg_plain_print(app->model, told, out);
            fflush(out);
        }
        if (tg_tour_step(tour, app)) {
            if (before == TG_TOUR_DRILL && app->drill != NULL) {
                tell_verdict(app, out);
            }
            tell_phase(tour, out);
            command_teller_free(teller);
            is_run = tour->phase == TG_TOUR_UP || tour->phase == TG_TOUR_DOWN;
            teller = is_run ? command_teller_new(app, out) : NULL;
            told = app->model->timeline_total;
        }
        if (command_signal_count() > 0) {
            tg_tour_stop(tour, app);
        }
    }
    command_teller_free(teller);
}

int command_run_tour(struct tg_session *session, const struct cli *cli,
                     const struct tg_tour_config *config)
{
    struct tg_buf out;
    FILE *story = cli->is_json ? stderr : stdout;
    struct tg_tour *tour = tg_tour_new(config);
    fprintf(story, "%s\n", _("SIMULATED: no cloud is touched."));
    follow(session, tour, story);
    tg_buf_init(&out, REPORT_BYTES_MAX);
    if (cli->is_json) {
        tg_tour_report_json(tour, session->app, &out);
        tg_buf_putc(&out, '\n');
    } else {
        putchar('\n');
        tg_tour_report_text(tour, &out);
    }
    fwrite(tg_buf_text(&out), 1, out.len, stdout);
    fflush(stdout);
    tg_buf_fini(&out);
    int status = tg_tour_is_good(tour) ? CLI_EXIT_OK
                 : tour->is_stopped    ? CLI_EXIT_ABORTED
                                       : CLI_EXIT_FAILED;
    tg_tour_free(tour);
    return status;
}
