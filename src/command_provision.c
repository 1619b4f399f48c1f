/* command_provision.c - `tidegate up` and `tidegate down`: the lab stood up or taken down, without
 * screens. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/doctor.h"
#include "app/provision.h"
#include "base/fmt.h"
#include "base/i18n.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/utf8.h"
#include "commands.h"
#include "io/ask.h"
#include "plan/doctor_report.h"
#include "plan/progress.h"
#include "plan/run_report.h"
#include "plan/run_survey.h"

#define REPORT_BYTES_MAX (4 * 1024 * 1024)
#define FIRST_DATA_US    (60 * TG_US_PER_S)
#define REPEAT_US        (10 * TG_US_PER_S) /* a step that only waits says so this often at most */

/* A plan is only worth reading when everything it speaks of was looked at, and judged since. */
static bool is_looked_at(const struct tg_app *app)
{
    return tg_app_is_project_seen(app) && command_is_settled(app) &&
           app->steps_revision == app->model->revision;
}

static void wait_for_project(struct tg_session *session)
{
    const struct tg_app *app = session->app;
    int64_t until_us = tg_clock_monotonic_us(&app->clock) + FIRST_DATA_US;
    while (!is_looked_at(app) && command_signal_count() == 0 &&
           tg_clock_monotonic_us(&app->clock) < until_us) {
        command_wait(session, 50 * TG_US_PER_MS);
    }
}

/* Without a login nothing of the project is seen: a plan would be a guess. */
static bool is_signed_in(const struct tg_target *gcp, struct tg_err *err)
{
    for (int kind = 0; kind < TG_KIND_COUNT; kind++) {
        if (gcp->kinds[kind].phase == TG_KIND_PHASE_DENIED &&
            gcp->kinds[kind].err.code == TG_CODE_UNAUTHORIZED) {
            *err = gcp->kinds[kind].err;
            return false;
        }
    }
    return true;
}

/* What the lab's steps in the range carry and what is not there yet. */
static const char *needed_secret(const struct tg_app *app, const struct tg_run_config *config)
{
    for (int step = config->from; step <= config->until; step++) {
        const struct tg_lab_step *of = &app->lab->steps[step];
        bool is_there = of->is_made_only_once && app->steps[step].state == TG_STEP_DONE;
        for (size_t i = 0; i < of->makes_count && !is_there; i++) {
            if (of->makes[i].secret != NULL) {
                return of->makes[i].secret;
            }
        }
    }
    return NULL;
}

static bool confirm(const struct cli *cli, const struct tg_run_config *config, struct tg_err *err)
{
    if (cli->is_yes || cli->mode == TG_RUN_BY_HAND) {
        return true;
    }
    char answer[128];
    char *question = tg_asprintf(config->direction == TG_RUN_UP
                                     ? _("Type the project's id, %s, to make all this: ")
                                     : _("Type the project's id, %s, to remove all this: "),
                                 config->project);
    bool is_ok = tg_ask_line(question, answer, sizeof(answer), err);
    free(question);
    if (!is_ok) {
        return tg_err_set(err, TG_CODE_USAGE, 0, "without a terminal --yes is needed");
    }
    return tg_str_eq(answer, config->project) ||
           tg_err_set(err, TG_CODE_CANCELLED, 0, "nothing was done");
}

/* ---- telling what happens ---- */

/* The phase of one row of progress, as told last. */
struct told_row {
    int step; /* one Pod may be a row of several steps */
    char object[120];
    int target;
    char phase[80];
};

#define TOLD_ROWS_MAX 256

struct command_teller {
    struct told_row *rows; /* TOLD_ROWS_MAX */
    size_t rows_count;
    const struct tg_app *app;
    FILE *out;
    enum tg_run_state *states; /* as told last */
    char (*waits)[320];
    int64_t *told_us;
    bool *is_end_told;    /* of the rows of a step that is over */
    bool *is_shown;       /* by hand: its commands */
    bool has_shown[2];    /* what comes before: on Google Cloud, within clusters */
    uint64_t lines_total; /* of the program's output that are told */
    size_t items_told;    /* of the run's, those that controllers left behind */
};

/* Takes text's memory back. */
static void put_indented(struct tg_buf *text, struct tg_buf *out)
{
    for (const char *at = tg_buf_text(text); *at != '\0';) {
        size_t len = strcspn(at, "\n");
        tg_buf_printf(out, "    %.*s\n", (int)len, at);
        at += len + (at[len] == '\n' ? 1 : 0);
    }
    tg_buf_fini(text);
}

/* What a person is to type for a step, once its turn has come. */
static void show_commands(struct command_teller *teller, int step)
{
    const struct tg_run *run = teller->app->run;
    const struct tg_lab_step *of = &run->config.lab->steps[step];
    bool *has_shown = &teller->has_shown[tg_run_is_within_clusters(of) ? 1 : 0];
    struct tg_buf text;
    struct tg_buf out;
    tg_buf_init(&text, REPORT_BYTES_MAX);
    tg_buf_init(&out, REPORT_BYTES_MAX);
    if (run->steps[step].state != TG_RUN_WAITING) {
        tg_buf_printf(&out, "    # %s\n", _("it stands; what follows gives it the chosen fixes"));
    }
    tg_run_commands(&run->config, step, !*has_shown, &text);
    *has_shown = *has_shown || text.len > 0;
    put_indented(&text, &out);
    command_print_lines(&out, teller->out);
}

static void show_shell(const struct tg_app *app, FILE *to)
{
    struct tg_buf text;
    struct tg_buf out;
    tg_buf_init(&text, REPORT_BYTES_MAX);
    tg_buf_init(&out, REPORT_BYTES_MAX);
    tg_buf_printf(&out, "%s\n    cd %s\n",
                  _("Type in another terminal; each step ticks itself off when it is seen done:"),
                  app->work_folder);
    tg_run_shell(&app->run->config, &text);
    put_indented(&text, &out);
    command_print_lines(&out, to);
}

/* What the program that runs a step's commands said since. */
static void tell_output(struct command_teller *teller)
{
    const struct tg_run_tool *tool = &teller->app->run->tool;
    struct tg_buf out;
    tg_buf_init(&out, REPORT_BYTES_MAX);
    if (tool->lines_total - teller->lines_total > TG_RUN_LINES_MAX) {
        teller->lines_total = tool->lines_total - TG_RUN_LINES_MAX;
    }
    for (; teller->lines_total < tool->lines_total; teller->lines_total++) {
        tg_buf_printf(&out, "         | %s\n", tool->lines[teller->lines_total % TG_RUN_LINES_MAX]);
    }
    command_print_lines(&out, teller->out);
}

struct command_teller *command_teller_new(const struct tg_app *app, FILE *out)
{
    size_t count = app->lab->steps_count;
    struct command_teller *teller = TG_NEW(struct command_teller);
    *teller = (struct command_teller){.app = app,
                                      .out = out,
                                      .rows = tg_calloc(TOLD_ROWS_MAX, sizeof(struct told_row)),
                                      .states = tg_calloc(count, sizeof(*teller->states)),
                                      .waits = tg_calloc(count, sizeof(*teller->waits)),
                                      .told_us = tg_calloc(count, sizeof(*teller->told_us)),
                                      .is_end_told = tg_calloc(count, sizeof(bool)),
                                      .is_shown = tg_calloc(count, sizeof(*teller->is_shown))};
    return teller;
}

void command_teller_free(struct command_teller *teller)
{
    if (teller != NULL) {
        free(teller->rows);
        free(teller->states);
        free(teller->waits);
        free(teller->told_us);
        free(teller->is_end_told);
        free(teller->is_shown);
        free(teller);
    }
}

/* What stands already was made before its fixes were chosen, perhaps: nothing that is observed says
 * so. */
static bool is_to_be_typed(const struct tg_run *run, int step)
{
    enum tg_run_state state = run->steps[step].state;
    bool is_there = state == TG_RUN_SATISFIED || state == TG_RUN_DONE;
    return state == TG_RUN_WAITING ||
           (is_there && run->config.direction == TG_RUN_UP &&
            tg_lab_step_is_fixed(&run->config.lab->steps[step], run->config.fixes));
}

static void tell_step(struct command_teller *teller, int step)
{
    const struct tg_app *app = teller->app;
    const struct tg_run_step *of = &app->run->steps[step];
    int64_t now_us = tg_clock_monotonic_us(&app->clock);
    bool is_new = of->state != teller->states[step];
    bool is_other_wait = strcmp(of->waiting_for, teller->waits[step]) != 0 &&
                         of->waiting_for[0] != '\0' && of->state != TG_RUN_PENDING &&
                         now_us - teller->told_us[step] > REPEAT_US;
    /* A program tells itself what it does. */
    is_other_wait =
        is_other_wait && !(tg_app_provision_has_program(app) && app->run->tool.step == step);
    if (of->state == TG_RUN_SKIPPED || of->state == TG_RUN_PENDING || (!is_new && !is_other_wait)) {
        return;
    }
    teller->states[step] = of->state;
    teller->told_us[step] = now_us;
    tg_str_copy(teller->waits[step], sizeof(teller->waits[step]), of->waiting_for);
    char clock[16];
    struct tg_buf out;
    tg_buf_init(&out, REPORT_BYTES_MAX);
    int64_t lab_us = tg_app_lab_us(app);
    tg_buf_printf(&out, "%s ", tg_fmt_clock(clock, sizeof(clock), lab_us));
    tg_run_report_step(app->run, step, command_language(), lab_us, &out);
    tg_buf_putc(&out, '\n');
    command_print_lines(&out, teller->out);
    if (app->run->config.mode == TG_RUN_BY_HAND && is_to_be_typed(app->run, step) &&
        !teller->is_shown[step]) {
        teller->is_shown[step] = true;
        show_commands(teller, step);
    }
}

/* Another wish to stop. True when the program is to be left at once. */
static bool obey(struct tg_app *app, int wishes)
{
    bool has_program = tg_app_provision_has_program(app);
    if (wishes > (has_program ? 2 : 1)) {
        return true;
    }
    fprintf(stderr, "%s\n",
            !has_program  ? _("Stopping: nothing more is begun. Once more leaves at once.")
            : wishes == 1 ? _("Stopping: the commands are interrupted and may end in order. Once "
                              "more ends them.")
                          : _("Ending the commands. Once more leaves at once."));
    tg_app_provision_abort(app);
    return false;
}

/* Another step told the same of the same thing, so that it is told once. */
static bool is_told_elsewhere(const struct command_teller *teller, int step,
                              const struct tg_progress_row *row)
{
    for (size_t i = 0; i < teller->rows_count; i++) {
        const struct told_row *told = &teller->rows[i];
        if (told->step != step && told->target == row->target &&
            tg_str_eq(told->object, row->object) && tg_str_eq(told->phase, row->phase)) {
            return true;
        }
    }
    return false;
}

static bool is_new_phase(struct command_teller *teller, int step, const struct tg_progress_row *row)
{
    size_t at = 0;
    while (at < teller->rows_count &&
           (teller->rows[at].step != step || teller->rows[at].target != row->target ||
            !tg_str_eq(teller->rows[at].object, row->object))) {
        at++;
    }
    if (row->object[0] == '\0' || at == TOLD_ROWS_MAX ||
        (at < teller->rows_count && tg_str_eq(teller->rows[at].phase, row->phase))) {
        return false;
    }
    bool is_new = !is_told_elsewhere(teller, step, row);
    teller->rows_count = at == teller->rows_count ? at + 1 : teller->rows_count;
    teller->rows[at].step = step;
    teller->rows[at].target = row->target;
    tg_str_copy(teller->rows[at].object, sizeof(teller->rows[at].object), row->object);
    tg_str_copy(teller->rows[at].phase, sizeof(teller->rows[at].phase), row->phase);
    return is_new;
}

/* A line whenever something of a step under way comes to another phase. */
static void tell_progress(struct command_teller *teller, int step)
{
    const struct tg_app *app = teller->app;
    enum tg_run_state state = app->run->steps[step].state;
    size_t count = 0;
    int64_t lab_us = tg_app_lab_us(app);
    bool is_under_way = state == TG_RUN_MAKING || state == TG_RUN_WAITING;
    bool has_ended = state == TG_RUN_DONE || state == TG_RUN_SATISFIED || state == TG_RUN_FAILED;
    if (app->run->config.direction != TG_RUN_UP || (!is_under_way && !has_ended) ||
        teller->is_end_told[step]) {
        return;
    }
    teller->is_end_told[step] = has_ended;
    struct tg_progress_row *rows =
        tg_progress_rows(app->lab, (size_t)step, app->model, app->run,
                         tg_clock_monotonic_us(&app->clock), lab_us, &count);
    for (size_t i = 0; i < count; i++) {
        char clock[16];
        struct tg_buf out;
        if (!is_new_phase(teller, step, &rows[i])) {
            continue;
        }
        tg_buf_init(&out, REPORT_BYTES_MAX);
        tg_buf_printf(&out, "%s   %s %s  %s  %s\n", tg_fmt_clock(clock, sizeof(clock), lab_us),
                      rows[i].object,
                      rows[i].target >= 0 ? tg_model_target(app->model, rows[i].target)->label : "",
                      _(rows[i].phase), rows[i].detail);
        command_print_lines(&out, teller->out);
    }
    free(rows);
}

/* What controllers left behind is named before it goes. */
static void tell_leftovers(struct command_teller *teller)
{
    const struct tg_run *run = teller->app->run;
    for (; teller->items_told < run->items_count; teller->items_told++) {
        const struct tg_run_item *item = &run->items[teller->items_told];
        char clock[16];
        struct tg_buf out;
        if (item->leftover == NULL) {
            continue;
        }
        tg_buf_init(&out, REPORT_BYTES_MAX);
        tg_buf_printf(&out, "%s   ",
                      tg_fmt_clock(clock, sizeof(clock), tg_app_lab_us(teller->app)));
        tg_buf_printf(&out, _("%s was left behind by a controller, and is removed\n"), item->name);
        command_print_lines(&out, teller->out);
    }
}

void command_teller_tell(struct command_teller *teller)
{
    tell_output(teller);
    tell_leftovers(teller);
    for (size_t step = 0; step < teller->app->lab->steps_count; step++) {
        tell_step(teller, (int)step);
        tell_progress(teller, (int)step);
    }
}

static void follow(struct tg_session *session, FILE *out)
{
    struct tg_app *app = session->app;
    struct command_teller *teller = command_teller_new(app, out);
    int obeyed = 0;
    if (app->run->config.mode == TG_RUN_BY_HAND) {
        show_shell(app, out);
    }
    while (!app->run->is_over) {
        command_wait(session, -1);
        command_teller_tell(teller);
        int signals = command_signal_count();
        if (signals > obeyed && obey(app, signals)) {
            break;
        }
        obeyed = signals;
    }
    tell_output(teller);
    command_teller_free(teller);
}

static int report(const struct tg_app *app, const struct cli *cli)
{
    struct tg_buf out;
    tg_buf_init(&out, REPORT_BYTES_MAX);
    if (cli->is_json) {
        tg_run_report_json(app->run, app->steps, app->model, tg_clock_monotonic_us(&app->clock),
                           tg_app_lab_us(app), &out);
        tg_buf_putc(&out, '\n');
    } else {
        tg_run_report_text(app->run, command_language(), &out);
    }
    command_print_lines(&out, stdout);
    return tg_run_is_good(app->run)              ? CLI_EXIT_OK
           : app->run->is_aborted                ? CLI_EXIT_ABORTED
           : tg_survey_is_inconclusive(app->run) ? CLI_EXIT_INCONCLUSIVE
                                                 : CLI_EXIT_FAILED;
}

/* ---- another region ---- */

/* What stands is not taken down unasked. */
static void offer_other_region(const struct tg_app *app, const struct cli *cli)
{
    struct tg_err err = TG_ERR_INIT;
    const struct tg_run *run = app->run;
    const struct tg_lab_region *region = command_region_without_machines(run);
    if (region == NULL || run->config.on_stockout != TG_RUN_STOCKOUT_REGION) {
        return;
    }
    char *path = command_write_other_region(cli, app, &err);
    if (path == NULL) {
        (void)command_fail(&err);
        return;
    }
    fprintf(stderr, _("The lab with another region instead of %s is in %s. Go on with:\n"),
            region->name, path);
    fprintf(stderr, "  tidegate down --project %s\n  tidegate up --project %s --lab %s\n",
            run->config.project, run->config.project, path);
    free(path);
}

/* ---- the command ---- */

static void print_plan(const struct tg_app *app, const struct cli *cli,
                       const struct tg_run_config *config)
{
    struct tg_buf out;
    tg_buf_init(&out, REPORT_BYTES_MAX);
    struct tg_cost cost = tg_cost_of(app->lab, app->model, tg_clock_monotonic_us(&app->clock),
                                     config->from, config->until);
    if (cli->is_json) {
        tg_run_report_plan_json(config, app->steps, &cost, app->model, &out);
        tg_buf_putc(&out, '\n');
    } else {
        tg_run_report_plan(config, app->steps, app->model, command_language(), &out);
        tg_cost_report(app->lab, &cost, command_language(), tg_model_is_simulated(app->model, NULL),
                       &out);
    }
    tg_cost_fini(&cost);
    command_print_lines(&out, cli->is_json && !cli->is_dry_run ? stderr : stdout);
}

/* ---- the preflight ---- */

/* What fails is told with the plan; going on in spite of it is the operator's word. */
static bool heed(const struct tg_app *app, const struct cli *cli, struct tg_err *err)
{
    size_t fails = tg_doctor_count(app->doctor, TG_DOCTOR_FAIL);
    char answer[32] = "";
    if (fails == 0 || cli->is_despite_doctor) {
        return true;
    }
    if (cli->is_yes ||
        !tg_ask_line(_("Something above fails. Type 'anyway' to start in spite of it: "), answer,
                     sizeof(answer), err)) {
        return tg_err_set(err, TG_CODE_STATE, 0,
                          "the preflight found %zu that fail; --despite-doctor starts all the same",
                          fails);
    }
    return tg_str_eq(answer, "anyway") || tg_err_set(err, TG_CODE_CANCELLED, 0, "nothing was done");
}

static bool preflight(struct tg_session *session, const struct cli *cli,
                      const struct tg_run_config *config, const struct tg_secret *token,
                      bool is_hub_only, struct tg_err *err)
{
    struct tg_buf out;
    struct tg_doctor_config wanted = {.from = config->from,
                                      .until = config->until,
                                      .hub_token = token,
                                      .is_hub_only = is_hub_only};
    if (!command_examine(session, cli, &wanted, err)) {
        return false;
    }
    tg_buf_init(&out, REPORT_BYTES_MAX);
    tg_doctor_report_text(session->app->doctor, command_language(), true, &out);
    command_print_lines(&out, cli->is_json ? stderr : stdout);
    return true;
}

/* The secret that the steps carry: read before, or asked for here and looked at. */
static bool get_secret(struct tg_session *session, const struct cli *cli,
                       const struct tg_run_config *config, struct tg_secret **secret,
                       struct tg_err *err)
{
    if (*secret == NULL) {
        *secret = tg_ask_secret(_("Hugging Face token (not shown): "), err);
        return *secret != NULL &&
               (cli->is_hub_left_out || (preflight(session, cli, config, *secret, true, err) &&
                                         heed(session->app, cli, err)));
    }
    return true;
}

/* *secret is the caller's to free when the run is gone. */
static bool begin(struct tg_session *session, const struct cli *cli,
                  const struct tg_run_config *config, struct tg_secret **secret, struct tg_err *err)
{
    struct tg_app *app = session->app;
    bool is_ours = config->direction == TG_RUN_UP && cli->mode != TG_RUN_BY_HAND;
    const char *needed = is_ours ? needed_secret(app, config) : NULL;
    if (config->direction == TG_RUN_UP && !heed(app, cli, err)) {
        return false;
    }
    if (!confirm(cli, config, err) ||
        (needed != NULL && !get_secret(session, cli, config, secret, err))) {
        return false;
    }
    struct tg_run_secret given = {needed, *secret};
    /* Who types the command and the project's name asks for changes: no --arm on top. */
    app->is_armed = app->journal != NULL;
    struct tg_provision_request request = {.direction = config->direction,
                                           .mode = cli->mode,
                                           .from = cli->from,
                                           .until = cli->until,
                                           .secrets = &given,
                                           .secrets_count = needed != NULL ? 1 : 0,
                                           .fixes = config->fixes};
    if (cli->on_stockout != NULL) {
        request.on_stockout = tg_run_stockout_by_name(cli->on_stockout);
    }
    return tg_app_provision_start(app, &request, err);
}

/* Reads what the command line says of fixes and of the token. */
static bool read_choices(struct tg_app *app, const struct cli *cli, struct tg_run_config *config,
                         struct tg_secret **secret, struct tg_err *err)
{
    config->fixes = cli->fixes != NULL ? 0 : app->fixes; /* those of the last run stay */
    if (cli->fixes != NULL && !tg_lab_read_fixes(app->lab, cli->fixes, &config->fixes, err)) {
        return false;
    }
    tg_app_choose_fixes(app, config->fixes);
    *secret = cli->hf_token_file != NULL ? command_read_token(cli->hf_token_file, err) : NULL;
    return cli->hf_token_file == NULL || *secret != NULL;
}

static int provision(struct tg_app *app, struct tg_session *session, const struct cli *cli,
                     struct tg_secret **secret)
{
    struct tg_err err = TG_ERR_INIT;
    struct tg_run_config config = {.lab = app->lab,
                                   .direction =
                                       cli->command == CLI_COMMAND_UP ? TG_RUN_UP : TG_RUN_DOWN,
                                   .mode = cli->mode};
    const struct tg_target *gcp = tg_model_gcp(app->model);
    if (gcp == NULL) {
        tg_err_set(&err, TG_CODE_USAGE, 0, "which project? give --project ID");
        return command_fail(&err);
    }
    config.project = gcp->name;
    if (!tg_app_provision_range(app->lab, cli->from, cli->until, &config, &err) ||
        !read_choices(app, cli, &config, secret, &err)) {
        return command_fail(&err);
    }
    wait_for_project(session);
    if (!is_signed_in(gcp, &err)) {
        return command_fail(&err);
    }
    if (config.direction == TG_RUN_UP && !preflight(session, cli, &config, *secret, false, &err)) {
        return command_fail(&err);
    }
    print_plan(app, cli, &config);
    if (cli->is_dry_run) {
        return CLI_EXIT_OK;
    }
    if (!begin(session, cli, &config, secret, &err)) {
        int status = command_fail(&err);
        return err.code == TG_CODE_CANCELLED ? CLI_EXIT_ABORTED : status;
    }
    follow(session, cli->is_json ? stderr : stdout);
    offer_other_region(app, cli);
    return report(app, cli);
}

int command_provision(const struct cli *cli)
{
    struct tg_err err = TG_ERR_INIT;
    struct tg_secret *secret = NULL;
    command_watch_signals();
    struct tg_session *session = command_start_session(cli, &err);
    if (session == NULL) {
        return command_fail(&err);
    }
    int status = provision(session->app, session, cli, &secret);
    tg_session_stop(session);
    tg_secret_free(secret);
    return status;
}
