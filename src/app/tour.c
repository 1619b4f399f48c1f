/* app/tour.c - one phase after the other, each judged before the next. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "app/tour.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/provision.h"
#include "base/fmt.h"
#include "base/i18n.h"
#include "base/json_out.h"
#include "base/mem.h"
#include "base/str.h"
#include "codec/json.h"
#include "drill/report.h"
#include "model/select.h"
#include "plan/run_report.h"
#include "plan/run_survey.h"

#define REPORT_BYTES_MAX (16 * 1024 * 1024)
#define SETTLE_MAX_US    (30 * 60 * TG_US_PER_S) /* lab time */
#define ATTEMPTS_MAX     4                       /* of a run */
#define INVENTORY_MAX    (4 * 1024 * 1024)

/* The simulated hub takes whatever looks like one of its tokens. */
static const char token_text[] = "hf_simulated";

struct tg_tour *tg_tour_new(const struct tg_tour_config *config)
{
    struct tg_tour *tour = TG_NEW(struct tg_tour);
    tour->config = *config;
    tour->failed_in = TG_TOUR_OVER;
    tour->left = -1;
    tour->secret = tg_secret_new(token_text, sizeof(token_text) - 1);
    return tour;
}

void tg_tour_free(struct tg_tour *tour)
{
    if (tour == NULL) {
        return;
    }
    free(tour->up);
    free(tour->down);
    free(tour->inventory);
    tg_secret_free(tour->secret);
    free(tour);
}

bool tg_tour_is_good(const struct tg_tour *tour)
{
    return tour->phase == TG_TOUR_OVER && tour->failed_in == TG_TOUR_OVER && !tour->is_stopped;
}

const char *tg_tour_phase_name(enum tg_tour_phase phase)
{
    static const char *const names[] = {"look", "up",        "settle", "drill",
                                        "down", "inventory", "over"};
    return names[phase];
}

const char *tg_tour_phase_text(enum tg_tour_phase phase)
{
    static const char *const texts[] = {
        N_("1/6 the empty project is read"),  N_("2/6 the lab is stood up"),
        N_("3/6 both regions come to serve"), N_("4/6 the failover drill"),
        N_("5/6 the lab is taken down"),      N_("6/6 the world is asked what is left"),
        N_("the demonstration is over"),
    };
    return _(texts[phase]);
}

/* ---- asking the world ---- */

static bool ask(struct tg_tour *tour, const char *line, struct tg_buf *answer, struct tg_err *err)
{
    struct tg_world_request request;
    int status = 0;
    if (!tg_world_request_parse_line(line, &request, err)) {
        return false;
    }
    tour->config.ask(tour->config.context, &request, answer, &status);
    tg_world_request_fini(&request);
    return status == 200 ||
           tg_err_set(err, TG_CODE_STATE, status, "the simulated world refuses '%s'", line);
}

/* Of a phase as it is tried now: half as fast each time. */
static double speed_of(const struct tg_tour *tour, enum tg_tour_phase phase)
{
    double speed = tour->config.speeds[phase];
    for (int attempt = 1; attempt < tour->attempts[phase]; attempt++) {
        speed /= 2;
    }
    return speed;
}

static bool set_speed(struct tg_tour *tour, enum tg_tour_phase phase)
{
    if (tour->config.speeds[phase] <= 0) {
        return true;
    }
    char line[48];
    struct tg_buf answer;
    snprintf(line, sizeof(line), "speed %g", speed_of(tour, phase));
    tg_buf_init(&answer, INVENTORY_MAX);
    bool is_ok = ask(tour, line, &answer, &tour->err);
    tg_buf_fini(&answer);
    return is_ok;
}

/* ---- phases ---- */

static void enter(struct tg_tour *tour, const struct tg_app *app, enum tg_tour_phase phase)
{
    tour->phase = phase;
    tour->entered_lab_us[phase] = tg_app_lab_us(app);
    tour->entered_us[phase] = tg_clock_monotonic_us(&app->clock);
}

static void fail(struct tg_tour *tour, const struct tg_app *app)
{
    tour->failed_in = tour->phase;
    enter(tour, app, TG_TOUR_OVER);
}

void tg_tour_stop(struct tg_tour *tour, const struct tg_app *app)
{
    if (tour->phase != TG_TOUR_OVER) {
        tour->is_stopped = true;
        tg_err_set(&tour->err, TG_CODE_CANCELLED, 0, "stopped");
        fail(tour, app);
    }
}

static bool start_run(struct tg_tour *tour, struct tg_app *app, enum tg_run_direction direction)
{
    const struct tg_run_secret given = {"hf_token", tour->secret};
    const struct tg_provision_request request = {
        .direction = direction, .secrets = &given, .secrets_count = 1};
    return tg_app_provision_start(app, &request, &tour->err);
}

/* The regions of the lab serve, their backends are healthy, and the clock that a drill measures by
 * runs as the world's does. */
static bool is_ready_for_drill(const struct tg_tour *tour, const struct tg_app *app)
{
    size_t count = 0;
    size_t serving = 0;
    double speed = tour->config.speeds[TG_TOUR_SETTLE];
    struct tg_region_row *rows =
        tg_select_regions(app->model, tg_clock_monotonic_us(&app->clock), &count);
    for (size_t i = 0; i < count; i++) {
        serving += rows[i].pods_serving > 0 && rows[i].backends_healthy > 0 &&
                           rows[i].source.state == TG_SOURCE_LIVE
                       ? 1
                       : 0;
    }
    free(rows);
    for (size_t i = 0; i < app->model->targets_count; i++) {
        if (speed > 0 && app->model->targets[i]->world.speed != speed) {
            return false;
        }
    }
    return serving >= app->lab->regions_count;
}

/* Does what a phase begins with; false when it cannot be. */
static bool begin(struct tg_tour *tour, struct tg_app *app, enum tg_tour_phase phase)
{
    tour->attempts[phase]++;
    if (tour->attempts[phase] == 1) {
        enter(tour, app, phase);
    }
    if (!set_speed(tour, phase)) {
        return false;
    }
    switch (phase) {
    case TG_TOUR_UP:
        return start_run(tour, app, TG_RUN_UP);
    case TG_TOUR_DRILL:
        return tg_app_drill_start(app, tg_app_primary_target(app), &tour->err);
    case TG_TOUR_DOWN:
        return start_run(tour, app, TG_RUN_DOWN);
    default:
        return true;
    }
}

enum progress { WAITING, GOOD, BAD, AGAIN };

static char *run_json(const struct tg_app *app)
{
    struct tg_buf out;
    tg_buf_init(&out, REPORT_BYTES_MAX);
    tg_run_report_json(app->run, app->steps, app->model, tg_clock_monotonic_us(&app->clock),
                       tg_app_lab_us(app), &out);
    return tg_buf_take(&out, NULL);
}

static enum progress judge_run(struct tg_tour *tour, const struct tg_app *app, char **json)
{
    const struct tg_run *run = app->run;
    if (!run->is_over) {
        return WAITING;
    }
    free(*json);
    *json = run_json(app);
    if (tg_run_is_good(run)) {
        return GOOD;
    }
    tg_err_set(&tour->err, TG_CODE_STATE, 0, "%s",
               run->err.code != TG_CODE_NONE    ? run->err.msg
               : tg_survey_is_inconclusive(run) ? "not everything could be read"
                                                : "something is left behind");
    for (size_t i = 0; i < app->lab->steps_count; i++) {
        if (run->steps[i].state == TG_RUN_FAILED) {
            tg_err_set(&tour->err, run->steps[i].err.code, 0, "%s: %s", app->lab->steps[i].id,
                       run->steps[i].err.msg);
            break;
        }
    }
    /* On a busy machine our own slowness is the world's many minutes; as an operator would, what
     * ran out of them is run again, which makes nothing twice. */
    bool is_too_fast = tour->err.code == TG_CODE_TIMEOUT && tour->config.speeds[tour->phase] > 0;
    return is_too_fast && tour->attempts[tour->phase] < ATTEMPTS_MAX ? AGAIN : BAD;
}

static enum progress judge_drill(struct tg_tour *tour, const struct tg_app *app)
{
    char reason[200] = "";
    const struct tg_score *score = &app->drill->score;
    if (!tg_drill_is_over(app->drill) && app->drill->state != TG_DRILL_NEEDS_RESTORE) {
        return WAITING;
    }
    if (tg_drill_is_over(app->drill) && score->verdict == TG_VERDICT_PASS) {
        return GOOD;
    }
    for (size_t i = 0; i < score->reasons_count && reason[0] == '\0'; i++) {
        if (score->reasons[i].level != TG_REASON_MET && score->reasons[i].level != TG_REASON_NOTE) {
            tg_reason_text(&score->reasons[i], reason, sizeof(reason));
        }
    }
    tg_err_set(&tour->err, TG_CODE_STATE, 0, "the drill's verdict is %s: %s",
               tg_verdict_name(score->verdict),
               reason[0] != '\0' ? reason : app->drill->last_err.msg);
    return BAD;
}

static enum progress judge_inventory(struct tg_tour *tour)
{
    struct tg_buf answer;
    struct tg_json document;
    tg_buf_init(&answer, INVENTORY_MAX);
    bool is_ok = ask(tour, "inventory", &answer, &tour->err);
    size_t len = 0;
    tour->inventory = tg_buf_take(&answer, &len);
    if (!is_ok || !tg_json_parse(tour->inventory, len, NULL, &document, &tour->err)) {
        return BAD;
    }
    const json_t *things = tg_json_at(document.root, "things");
    tour->left = (int)json_array_size(things);
    if (tour->left > 0) {
        const json_t *first = json_array_get(things, 0);
        tg_err_set(&tour->err, TG_CODE_STATE, 0, "%d things are left in the world, such as %s %s",
                   tour->left, tg_json_text(first, "kind"), tg_json_text(first, "name"));
    }
    tg_json_release(&document);
    return tour->left == 0 ? GOOD : BAD;
}

static enum progress judge(struct tg_tour *tour, const struct tg_app *app)
{
    switch (tour->phase) {
    case TG_TOUR_LOOK:
        return tg_app_is_project_seen(app) ? GOOD : WAITING;
    case TG_TOUR_UP:
        return judge_run(tour, app, &tour->up);
    case TG_TOUR_SETTLE:
        if (tg_app_lab_us(app) - tour->entered_lab_us[TG_TOUR_SETTLE] > SETTLE_MAX_US) {
            tg_err_set(&tour->err, TG_CODE_TIMEOUT, 0, "not every region is seen serving");
            return BAD;
        }
        return is_ready_for_drill(tour, app) ? GOOD : WAITING;
    case TG_TOUR_DRILL:
        return judge_drill(tour, app);
    case TG_TOUR_DOWN:
        return judge_run(tour, app, &tour->down);
    case TG_TOUR_INVENTORY:
        return judge_inventory(tour);
    case TG_TOUR_OVER:
        break;
    }
    return WAITING;
}

bool tg_tour_step(struct tg_tour *tour, struct tg_app *app)
{
    if (tour->entered_us[TG_TOUR_LOOK] == 0) {
        if (!begin(tour, app, TG_TOUR_LOOK)) {
            fail(tour, app);
        }
        return true;
    }
    if (tour->phase == TG_TOUR_OVER) {
        return false;
    }
    enum progress progress = judge(tour, app);
    if (progress == BAD) {
        fail(tour, app);
    } else if (progress != WAITING) {
        enum tg_tour_phase next = (enum tg_tour_phase)((int)tour->phase + (progress == GOOD));
        tour->err = (struct tg_err)TG_ERR_INIT;
        if (next == TG_TOUR_OVER) {
            enter(tour, app, next);
        } else if (!begin(tour, app, next)) {
            fail(tour, app);
        }
    }
    return progress != WAITING;
}

/* ---- what came of it ---- */

/* Phases begin when the one before ends; the last ends when all is over. */
static int64_t span_of(const int64_t *entered, enum tg_tour_phase phase)
{
    for (int next = (int)phase + 1; next <= TG_TOUR_OVER && entered[phase] != 0; next++) {
        if (entered[next] != 0) {
            return entered[next] - entered[phase];
        }
    }
    return -1;
}

bool tg_tour_report_json(const struct tg_tour *tour, const struct tg_app *app, struct tg_buf *out)
{
    struct tg_json_out json = {out, false};
    bool has_failed = tour->failed_in != TG_TOUR_OVER;
    tg_json_open(&json, NULL, '{');
    tg_json_put_int(&json, "schema_version", 1);
    tg_json_put_text(&json, "lab", app->lab->name);
    tg_json_put_bool(&json, "is_simulated", tg_model_is_simulated(app->model, NULL));
    tg_json_put_bool(&json, "good", tg_tour_is_good(tour));
    tg_json_put_bool(&json, "stopped", tour->is_stopped);
    tg_json_put_text(&json, "failed_in", has_failed ? tg_tour_phase_name(tour->failed_in) : NULL);
    tg_json_put_text(&json, "error", has_failed ? tour->err.msg : NULL);
    tg_json_put_seconds(&json, "seconds",
                        tour->entered_us[TG_TOUR_OVER] - tour->entered_us[TG_TOUR_LOOK]);
    tg_json_open(&json, "phases", '[');
    for (int phase = 0; phase < TG_TOUR_OVER; phase++) {
        tg_json_open(&json, NULL, '{');
        tg_json_put_text(&json, "phase", tg_tour_phase_name((enum tg_tour_phase)phase));
        tg_json_put_number(&json, "speed", speed_of(tour, (enum tg_tour_phase)phase));
        tg_json_put_int(&json, "attempts", tour->attempts[phase]);
        tg_json_put_seconds(&json, "seconds", span_of(tour->entered_us, (enum tg_tour_phase)phase));
        tg_json_put_seconds(&json, "lab_seconds",
                            span_of(tour->entered_lab_us, (enum tg_tour_phase)phase));
        tg_json_close(&json, '}');
    }
    tg_json_close(&json, ']');
    tg_json_put_raw(&json, "up", tour->up);
    if (app->drill != NULL) {
        struct tg_buf drill;
        tg_buf_init(&drill, REPORT_BYTES_MAX);
        tg_report_json(app->drill, &drill);
        tg_json_put_raw(&json, "drill", tg_buf_text(&drill));
        tg_buf_fini(&drill);
    } else {
        tg_json_put_null(&json, "drill");
    }
    tg_json_put_raw(&json, "down", tour->down);
    tg_json_put_bool(&json, "inventory_is_empty", tour->left == 0);
    tg_json_put_raw(&json, "inventory", tour->inventory);
    tg_json_close(&json, '}');
    return !out->is_full;
}

bool tg_tour_report_text(const struct tg_tour *tour, struct tg_buf *out)
{
    char span[24];
    for (int phase = TG_TOUR_UP; phase < TG_TOUR_OVER; phase++) {
        int64_t lab_us = span_of(tour->entered_lab_us, (enum tg_tour_phase)phase);
        if (lab_us >= 0) {
            tg_buf_printf(out, "  %s  %s%s\n", tg_fmt_duration(span, sizeof(span), lab_us),
                          tg_tour_phase_text((enum tg_tour_phase)phase),
                          phase == (int)tour->failed_in ? _(": failed") : "");
        }
    }
    if (tg_tour_is_good(tour)) {
        tg_buf_printf(out, "%s\n",
                      _("Stood up from nothing, drilled with PASS, taken down; by the simulated "
                        "world's own books nothing is left."));
    } else {
        tg_buf_printf(out, _("It ended early: %s\n"), tour->err.msg);
    }
    return !out->is_full;
}
