/* command_provision.c - `tidegate up` and `tidegate down`: the lab stood up or taken down, without
 * screens. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/provision.h"
#include "base/fmt.h"
#include "base/i18n.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/utf8.h"
#include "codec/lab_move.h"
#include "commands.h"
#include "io/ask.h"
#include "io/paths.h"
#include "io/read_file.h"
#include "plan/run_report.h"

#define REPORT_BYTES_MAX (4 * 1024 * 1024)
#define FIRST_DATA_US    (60 * TG_US_PER_S)
#define TOKEN_FILE_MAX   4096
#define REPEAT_US        (10 * TG_US_PER_S) /* a step that only waits says so this often at most */

static const char *language(void)
{
    const char *chosen = getenv("LANGUAGE");
    return chosen != NULL && *chosen != '\0' ? chosen : setlocale(LC_MESSAGES, NULL);
}

/* Servers' words are among the lines: they are made safe for the terminal one by one. */
static void print_buf(struct tg_buf *out, FILE *to)
{
    const char *at = tg_buf_text(out);
    while (*at != '\0') {
        size_t len = strcspn(at, "\n");
        char *line = tg_utf8_sanitize(at, len);
        fprintf(to, "%s\n", line);
        free(line);
        at += len + (at[len] == '\n' ? 1 : 0);
    }
    fflush(to);
    tg_buf_fini(out);
}

/* A plan is only worth reading when everything it speaks of was looked at. */
static void wait_for_project(struct tg_session *session)
{
    const struct tg_app *app = session->app;
    int64_t until_us = tg_clock_monotonic_us(&app->clock) + FIRST_DATA_US;
    bool is_waiting = true;
    while (is_waiting && command_signal_count() == 0 &&
           tg_clock_monotonic_us(&app->clock) < until_us) {
        const struct tg_target *gcp = tg_model_gcp(app->model);
        is_waiting = false;
        for (int kind = 0; kind < TG_KIND_COUNT; kind++) {
            enum tg_kind_phase phase = gcp->kinds[kind].phase;
            is_waiting =
                is_waiting || (tg_kind_info((enum tg_kind)kind)->source == TG_KIND_SOURCE_GCP &&
                               (phase == TG_KIND_PHASE_UNKNOWN || phase == TG_KIND_PHASE_LISTING));
        }
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

static struct tg_secret *get_secret(const struct cli *cli, struct tg_err *err)
{
    if (cli->hf_token_file == NULL) {
        return tg_ask_secret(_("Hugging Face token (not shown): "), err);
    }
    size_t len = 0;
    char *text = tg_read_secret_file(cli->hf_token_file, TOKEN_FILE_MAX, &len, err);
    if (text == NULL) {
        return NULL;
    }
    size_t used = strcspn(text, "\r\n");
    struct tg_secret *secret = tg_secret_new(text, used);
    explicit_bzero(text, len);
    free(text);
    return secret;
}

static bool confirm(const struct cli *cli, const struct tg_run_config *config, struct tg_err *err)
{
    if (cli->is_yes) {
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

struct teller {
    const struct tg_app *app;
    FILE *out;
    enum tg_run_state *states; /* as told last */
    char (*waits)[160];
    int64_t *told_us;
};

static void tell_step(struct teller *teller, int step)
{
    const struct tg_app *app = teller->app;
    const struct tg_run_step *of = &app->run->steps[step];
    int64_t now_us = tg_clock_monotonic_us(&app->clock);
    bool is_new = of->state != teller->states[step];
    bool is_other_wait = strcmp(of->waiting_for, teller->waits[step]) != 0 &&
                         of->waiting_for[0] != '\0' && of->state != TG_RUN_PENDING &&
                         now_us - teller->told_us[step] > REPEAT_US;
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
    tg_run_report_step(app->run, step, language(), lab_us, &out);
    tg_buf_putc(&out, '\n');
    print_buf(&out, teller->out);
}

static void follow(struct tg_session *session, FILE *out)
{
    struct tg_app *app = session->app;
    size_t count = app->lab->steps_count;
    struct teller teller = {.app = app,
                            .out = out,
                            .states = tg_calloc(count, sizeof(*teller.states)),
                            .waits = tg_calloc(count, sizeof(*teller.waits)),
                            .told_us = tg_calloc(count, sizeof(*teller.told_us))};
    int obeyed = 0;
    while (!app->run->is_over) {
        command_wait(session, -1);
        for (size_t step = 0; step < count; step++) {
            tell_step(&teller, (int)step);
        }
        int signals = command_signal_count();
        if (signals > obeyed && obeyed == 0) {
            fprintf(stderr, "%s\n",
                    _("Stopping: nothing more is begun. Once more leaves at once."));
            tg_app_provision_abort(app);
        }
        obeyed = signals;
        if (obeyed > 1) {
            break;
        }
    }
    free(teller.states);
    free(teller.waits);
    free(teller.told_us);
}

static int report(const struct tg_app *app, const struct cli *cli)
{
    struct tg_buf out;
    tg_buf_init(&out, REPORT_BYTES_MAX);
    if (cli->is_json) {
        tg_run_report_json(app->run, app->steps, &out);
        tg_buf_putc(&out, '\n');
    } else {
        tg_run_report_text(app->run, language(), &out);
    }
    print_buf(&out, stdout);
    return tg_run_is_good(app->run) ? CLI_EXIT_OK
           : app->run->is_aborted   ? CLI_EXIT_ABORTED
                                    : CLI_EXIT_FAILED;
}

/* ---- another region ---- */

static const struct tg_lab_region *region_without_machines(const struct tg_run *run)
{
    for (size_t i = 0; i < run->items_count; i++) {
        const struct tg_run_item *item = &run->items[i];
        const struct tg_lab_region *region =
            item->region >= 0 ? &run->config.lab->regions[item->region] : NULL;
        if (item->state == TG_RUN_ITEM_FAILED && item->err.code == TG_CODE_STOCKOUT &&
            region != NULL && region->elsewhere_count > 0) {
            return region;
        }
    }
    return NULL;
}

static char *write_moved(const struct cli *cli, const struct tg_lab *lab,
                         const struct tg_lab_region *region, const char *name, struct tg_err *err)
{
    size_t len = 0;
    char *state = cli->state_dir != NULL ? tg_strdup(cli->state_dir) : tg_paths_state_dir(err);
    char *text = state == NULL ? NULL : command_lab_text(cli, &len, err);
    char *folder = state == NULL ? NULL : tg_asprintf("%s/labs", state);
    char *path = tg_asprintf("%s/%s-%s.yaml", folder != NULL ? folder : "", lab->name, name);
    bool is_ok = text != NULL && tg_paths_make(folder, err);
    if (is_ok) {
        char *moved = tg_lab_move(text, len, region, region->elsewhere[0]);
        FILE *file = fopen(path, "w");
        is_ok = file != NULL && fputs(moved, file) >= 0;
        is_ok = (file == NULL || fclose(file) == 0) && is_ok;
        is_ok = is_ok || tg_err_set(err, TG_CODE_IO, 0, "%s cannot be written", path);
        free(moved);
    }
    free(folder);
    free(text);
    free(state);
    if (!is_ok) {
        free(path);
        return NULL;
    }
    return path;
}

/* The lab with a region where the machines are offered too, and what to do with it. What stands is
 * not taken down unasked. */
static void offer_other_region(const struct tg_app *app, const struct cli *cli)
{
    char name[64];
    struct tg_err err = TG_ERR_INIT;
    const struct tg_run *run = app->run;
    const struct tg_lab_region *region = region_without_machines(run);
    if (region == NULL || run->config.on_stockout != TG_RUN_STOCKOUT_REGION) {
        return;
    }
    tg_lab_region_of_zone(region->elsewhere[0], name, sizeof(name));
    char *path = write_moved(cli, app->lab, region, name, &err);
    if (path == NULL) {
        (void)command_fail(&err);
        return;
    }
    fprintf(stderr, _("The lab with %s instead of %s is in %s. Go on with:\n"), name, region->name,
            path);
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
    if (cli->is_json) {
        tg_run_report_plan_json(config, app->steps, &out);
        tg_buf_putc(&out, '\n');
    } else {
        tg_run_report_plan(config, app->steps, language(), &out);
    }
    print_buf(&out, cli->is_json && !cli->is_dry_run ? stderr : stdout);
}

/* *secret is the caller's to free when the run is gone. */
static bool begin(struct tg_app *app, const struct cli *cli, const struct tg_run_config *config,
                  struct tg_secret **secret, struct tg_err *err)
{
    const char *needed = config->direction == TG_RUN_UP ? needed_secret(app, config) : NULL;
    if (!confirm(cli, config, err)) {
        return false;
    }
    if (needed != NULL) {
        *secret = get_secret(cli, err);
        if (*secret == NULL) {
            return false;
        }
    }
    struct tg_run_secret given = {needed, *secret};
    /* Who types the command and the project's name asks for changes: no --arm on top. */
    app->is_armed = app->journal != NULL;
    struct tg_provision_request request = {.direction = config->direction,
                                           .from = cli->from,
                                           .until = cli->until,
                                           .secrets = &given,
                                           .secrets_count = needed != NULL ? 1 : 0};
    if (cli->on_stockout != NULL) {
        request.on_stockout = tg_run_stockout_by_name(cli->on_stockout);
    }
    return tg_app_provision_start(app, &request, err);
}

static int provision(struct tg_app *app, struct tg_session *session, const struct cli *cli,
                     struct tg_secret **secret)
{
    struct tg_err err = TG_ERR_INIT;
    struct tg_run_config config = {
        .lab = app->lab, .direction = cli->command == CLI_COMMAND_UP ? TG_RUN_UP : TG_RUN_DOWN};
    const struct tg_target *gcp = tg_model_gcp(app->model);
    if (gcp == NULL) {
        tg_err_set(&err, TG_CODE_USAGE, 0, "which project? give --project ID");
        return command_fail(&err);
    }
    config.project = gcp->name;
    if (!tg_app_provision_range(app->lab, cli->from, cli->until, &config, &err)) {
        return command_fail(&err);
    }
    wait_for_project(session);
    if (!is_signed_in(gcp, &err)) {
        return command_fail(&err);
    }
    print_plan(app, cli, &config);
    if (cli->is_dry_run) {
        return CLI_EXIT_OK;
    }
    if (!begin(app, cli, &config, secret, &err)) {
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
