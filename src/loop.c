/* loop.c - the frame loop: keys, messages and signals in, frames out; the one file that sees both
 * app/ and ui/.
 *
 * One thread waits for whatever comes first: a key, a message, a signal, the drill's timer, or the
 * moment at which something on screen reads differently. Nothing is written when nothing changed.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/doctor.h"
#include "app/provision.h"
#include "app/tour.h"
#include "app/walk_files.h"
#include "app/witness.h"
#include "app/world_control.h"
#include "base/assert.h"
#include "base/i18n.h"
#include "base/mem.h"
#include "base/str.h"
#include "commands.h"
#include "drill/report.h"
#include "io/paths.h"
#include "io/sig.h"
#include "sim/server.h"
#include "ui/term.h"
#include "ui/ui.h"

#define FRAME_US           (33 * TG_US_PER_MS)
#define MESSAGES_PER_FRAME 512
#define COMMANDS_MAX       (64 * 1024) /* more no terminal takes at once */
#define LEAVE_MAX_US       (60 * TG_US_PER_S)

struct loop {
    struct tg_session *session;
    struct sim_server *server;
    struct ui_term *term; /* NULL once the terminal is gone */
    struct ui *ui;
    struct ui_canvas *canvas;
    char *world_note;
    struct tg_walk_place walk_place;
    char *walk_folder; /* NULL: there is nowhere to keep anything */
    char *world_environment;
    const struct cli *cli;
    char *moved_lab;          /* the lab with another region, once that was asked for; NULL: none */
    struct tg_tour *tour;     /* what happens by itself; NULL: nothing */
    struct tg_secret *secret; /* the operator's, for standing the lab up; NULL: none given */
    int up_from;              /* steps asked for; -1: all */
    int up_until;
    bool is_up_pending;    /* the lab is stood up once the preflight has looked at it */
    enum tg_run_mode mode; /* in which the lab is stood up or taken down */
    bool is_dirty;
    bool is_first_data_seen;
    bool is_leaving;
    bool is_over;
    int64_t leave_until_us;
    int64_t last_frame_us;
    int signals_obeyed;
};

/* The language of the catalogue in use: LANGUAGE when it chooses, as gettext does, for which the C
 * locale has no languages. */
static const char *language(void)
{
    const char *chosen = getenv("LANGUAGE");
    const char *locale = setlocale(LC_MESSAGES, NULL);
    if (tg_str_eq(locale, "C") || tg_str_eq(locale, "POSIX")) {
        return locale;
    }
    return chosen != NULL && *chosen != '\0' ? chosen : locale;
}

/* The folder in which the lab's commands run is also where they are typed. */
static struct tg_walk_shell walk_shell(const struct loop *loop)
{
    const struct tg_app *app = loop->session->app;
    const char *folder = app->work_folder;
    return (struct tg_walk_shell){.environment = loop->world_environment,
                                  .folder = folder != NULL ? folder : loop->walk_folder,
                                  .fixes = app->fixes};
}

static struct ui_inputs gather(const struct loop *loop)
{
    const struct tg_app *app = loop->session->app;
    struct ui_inputs inputs = {
        .model = app->model,
        .lab = app->lab,
        .steps = app->steps,
        .drill = app->drill,
        .run = app->run,
        .doctor = app->doctor,
        .fixes = app->fixes,
        .mode = loop->mode,
        .is_restore_offered = app->is_restore_offered,
        .is_armed = app->is_armed,
        .now_us = tg_clock_monotonic_us(&app->clock),
        .wall_us = tg_clock_wall_us(&app->clock),
        .lab_us = tg_app_lab_us(app),
        .locale = language(),
        .detail_text = app->detail_text,
        .detail_err = app->detail_err.code != TG_CODE_NONE ? &app->detail_err : NULL,
        .detail_us = app->detail_us,
        .world_note = loop->world_note,
        .walk_place = &loop->walk_place,
        .walk_folder = loop->walk_folder,
        .walk_shell = walk_shell(loop),
        .moved_lab = loop->moved_lab,
        .tour_note = loop->tour != NULL ? tg_tour_phase_text(loop->tour->phase) : NULL,
        .is_touring = loop->tour != NULL && loop->tour->phase != TG_TOUR_OVER,
        .notice = app->notice[0] != '\0' ? app->notice : NULL,
        .notice_severity = app->notice_severity,
        .notice_us = app->notice_us,
    };
    inputs.is_simulated = tg_model_is_simulated(app->model, &inputs.speed);
    return inputs;
}

/* Leaving never abandons a fault: the drill is told to restore, and the loop goes on until the API
 * server has acknowledged it, for a bounded time. Nor does it abandon a probe that nobody reads. */
static void leave(struct loop *loop, const char *reason)
{
    struct tg_app *app = loop->session->app;
    if (!tg_app_must_clear(app)) {
        loop->is_over = true;
        return;
    }
    if (!loop->is_leaving) {
        loop->is_leaving = true;
        loop->leave_until_us = tg_clock_monotonic_us(&app->clock) + LEAVE_MAX_US;
        tg_app_notice(app, TG_SEVERITY_WARN, "%s",
                      tg_app_holds_fault(app)
                          ? _("Restoring the region before leaving; once more leaves at once.")
                      : tg_app_provision_has_program(app)
                          ? _("The commands are interrupted and may end in order before leaving; "
                              "once more leaves at once.")
                          : _("Ending the drill before leaving; once more leaves at once."));
        tg_app_drill_abort(app, reason);
        if (tg_app_provision_has_program(app)) {
            tg_app_provision_abort(app);
        }
        loop->is_dirty = true;
    } else {
        loop->is_over = true;
    }
}

/* A terminal that goes away is told of two or three times (its end of file, the kernel's SIGHUP,
 * the shell's): that is nobody's wish to leave before the restore. */
static void leave_unhurried(struct loop *loop, const char *reason)
{
    if (!loop->is_leaving) {
        leave(loop, reason);
    }
}

/* The secret lives until the console ends: a run borrows it. */
static bool change_lab(struct loop *loop, enum tg_run_direction direction, struct tg_err *err)
{
    struct tg_run_secret given = {.name = "hf_token", .value = loop->secret};
    struct tg_provision_request request = {.direction = direction,
                                           .mode = loop->mode,
                                           .secrets = &given,
                                           .secrets_count = loop->secret != NULL ? 1 : 0,
                                           .fixes = loop->session->app->fixes};
    if (direction == TG_RUN_UP && loop->up_from >= 0) {
        request.from = loop->session->app->lab->steps[loop->up_from].id;
        request.until = loop->session->app->lab->steps[loop->up_until].id;
    }
    return tg_app_provision_start(loop->session->app, &request, err);
}

/* The token that was typed for an earlier run is looked at too; no other is asked for here. */
static bool examine(struct loop *loop, struct tg_err *err)
{
    struct tg_doctor_config config = {.until = -1, .hub_token = loop->secret, .has_terminal = true};
    ui_term_look(&config.terminal);
    return tg_app_doctor_start(loop->session->app, &config, err);
}

/* A token that was typed is looked at before anything is made: the run begins when the hub said
 * that it does. */
static bool take_secret(struct loop *loop, struct ui_intent *intent, struct tg_err *err)
{
    loop->up_from = intent->from;
    loop->up_until = intent->until;
    if (intent->reason[0] == '\0') {
        return change_lab(loop, TG_RUN_UP, err);
    }
    tg_secret_free(loop->secret);
    loop->secret = tg_secret_new(intent->reason, strlen(intent->reason));
    explicit_bzero(intent->reason, sizeof(intent->reason));
    loop->is_up_pending = examine(loop, err);
    return loop->is_up_pending;
}

static void begin_pending(struct loop *loop)
{
    struct tg_app *app = loop->session->app;
    struct tg_err err = TG_ERR_INIT;
    if (!loop->is_up_pending || !tg_app_doctor_is_over(app)) {
        return;
    }
    loop->is_up_pending = false;
    loop->is_dirty = true;
    for (size_t i = 0; i < app->doctor->findings_count; i++) {
        const struct tg_doctor_finding *finding = &app->doctor->findings[i];
        bool is_of_hub =
            finding->check == TG_DOCTOR_HUB_TOKEN || finding->check == TG_DOCTOR_HUB_LICENCE;
        if (is_of_hub && finding->state == TG_DOCTOR_FAIL) {
            tg_app_notice(app, TG_SEVERITY_FAIL, "%s",
                          _("Not started: the token does not do; :doctor says why."));
            return;
        }
    }
    if (!change_lab(loop, TG_RUN_UP, &err)) {
        tg_app_notice(app, TG_SEVERITY_FAIL, "%s: %s", _(tg_code_text(err.code)), err.msg);
    }
}

/* A command for the world of this console's own, such as "fault add epp0 region=us-east5"; its
 * answer's last line is shown, for the first is a table's head. */
static bool command_own_world(struct loop *loop, const char *words, struct tg_err *err)
{
    struct tg_app *app = loop->session->app;
    struct tg_world_request request;
    if (loop->server == NULL) {
        return tg_err_set(err, TG_CODE_STATE, 0, "%s",
                          _("this console has no world of its own; see 'tidegate sim fault'"));
    }
    if (!tg_world_request_parse_line(words, &request, err)) {
        return false;
    }
    struct tg_buf answer;
    struct tg_buf text;
    int status = 0;
    tg_buf_init(&answer, 16 * 1024 * 1024);
    tg_buf_init(&text, 16 * 1024 * 1024);
    sim_server_ask(loop->server, request.method, request.path, request.body, &answer, &status);
    bool is_ok = tg_world_answer_text(status, tg_buf_text(&answer), answer.len, &text, err);
    if (is_ok && text.len > 0) {
        char *lines = tg_buf_take(&text, NULL);
        lines[strlen(lines) - 1] = '\0';
        const char *last = strrchr(lines, '\n');
        tg_app_notice(app, TG_SEVERITY_INFO, "%s", last == NULL ? lines : last + 1);
        free(lines);
    }
    tg_buf_fini(&answer);
    tg_buf_fini(&text);
    tg_world_request_fini(&request);
    return is_ok;
}

static void prove(struct tg_app *app)
{
    size_t asked = tg_app_prove(app);
    if (asked > 0) {
        tg_app_notice(app, TG_SEVERITY_INFO,
                      ngettext("%zu container is asked for its interfaces.",
                               "%zu containers are asked for their interfaces.", asked),
                      asked);
    } else {
        tg_app_notice(app, TG_SEVERITY_WARN, "%s",
                      _("Nobody to ask: no running Pod holds a claim."));
    }
}

/* Stops the clock of this console's own world, or lets it go on. */
static bool pause_own_world(struct loop *loop, struct tg_err *err)
{
    struct tg_buf answer;
    int status = 0;
    if (loop->server == NULL) {
        return command_own_world(loop, "pause", err);
    }
    tg_buf_init(&answer, 65536);
    sim_server_ask(loop->server, "GET", TG_WORLD_PATH, NULL, &answer, &status);
    bool is_paused = tg_world_answer_is_paused(tg_buf_text(&answer), answer.len);
    tg_buf_fini(&answer);
    if (!command_own_world(loop, is_paused ? "resume" : "pause", err)) {
        return false;
    }
    tg_app_notice(loop->session->app, TG_SEVERITY_INFO, "%s",
                  is_paused ? _("The simulated world goes on.")
                            : _("The simulated world stands still; Space lets it go on."));
    return true;
}

/* ---- the walkthrough ---- */

static void save_walk(struct loop *loop)
{
    struct tg_app *app = loop->session->app;
    struct tg_err err = TG_ERR_INIT;
    if (loop->walk_folder != NULL &&
        !tg_walk_save(loop->walk_folder, app->lab, &loop->walk_place, &err)) {
        tg_app_notice(app, TG_SEVERITY_WARN, "%s: %s", _(tg_code_text(err.code)), err.msg);
    }
}

static void go_to_section(struct loop *loop, size_t section)
{
    tg_walk_go(&loop->walk_place, loop->session->app->lab->walk, section);
    save_walk(loop);
    loop->is_dirty = true;
}

static void watch_walk(struct loop *loop)
{
    const struct tg_app *app = loop->session->app;
    if (app->lab->walk != NULL && tg_walk_observe(&loop->walk_place, app->lab, app->steps,
                                                  app->model, tg_clock_monotonic_us(&app->clock))) {
        save_walk(loop);
        loop->is_dirty = true;
    }
}

static bool copy_commands(struct loop *loop, size_t section, struct tg_err *err)
{
    struct tg_app *app = loop->session->app;
    const struct tg_walk_shell shell = walk_shell(loop);
    char *path = NULL;
    struct tg_buf text;
    tg_buf_init(&text, COMMANDS_MAX);
    bool is_ok = tg_walk_commands(app->lab, section, app->model, &shell, &text) ||
                 tg_err_set(err, TG_CODE_LIMIT, 0, "the commands are too long to be copied");
    /* what they read is there when they are pasted */
    is_ok = is_ok && (shell.folder == NULL ||
                      tg_walk_write(app->lab, section, app->model, &shell, &path, err));
    free(path);
    if (is_ok) {
        loop->term->ops->copy(loop->term, tg_buf_text(&text));
        tg_app_notice(
            app, TG_SEVERITY_INFO,
            _("%zu bytes sent as OSC 52; whether they were taken cannot be known. f: a file"),
            text.len);
    }
    tg_buf_fini(&text);
    return is_ok;
}

static bool write_commands(struct loop *loop, size_t section, struct tg_err *err)
{
    struct tg_app *app = loop->session->app;
    const struct tg_walk_shell shell = walk_shell(loop);
    char *path = NULL;
    if (shell.folder == NULL) {
        return tg_err_set(err, TG_CODE_IO, 0, "there is no state directory to write to");
    }
    if (!tg_walk_write(app->lab, section, app->model, &shell, &path, err)) {
        return false;
    }
    tg_app_notice(app, TG_SEVERITY_OK, _("written: %s"), path);
    free(path);
    return true;
}

/* A folder for each project; what is no plain name shares one. */
static const char *walk_name(const struct tg_app *app)
{
    const struct tg_target *gcp = tg_model_gcp(app->model);
    const char *name = gcp != NULL ? gcp->name : "";
    return *name == '\0' || *name == '.' || strchr(name, '/') != NULL ? "project" : name;
}

/* Where a place and files are kept; a simulated world that has just begun remembers nothing. */
static void open_walk(struct loop *loop, const struct cli *cli)
{
    struct tg_err err = TG_ERR_INIT;
    const struct tg_app *app = loop->session->app;
    char *state = cli->state_dir != NULL ? tg_strdup(cli->state_dir) : tg_paths_state_dir(&err);
    if (state == NULL || app->lab->walk == NULL) {
        free(state);
        return;
    }
    loop->walk_folder = tg_asprintf("%s/walk/%s", state, walk_name(app));
    loop->walk_place = tg_walk_load(loop->walk_folder, app->lab);
    if (loop->server != NULL) {
        tg_walk_forget_world(&loop->walk_place);
        const char *kubeconfig = sim_server_kubeconfig_path(loop->server);
        const char *slash = strrchr(kubeconfig, '/');
        loop->world_environment =
            tg_asprintf("%.*s/env", slash != NULL ? (int)(slash - kubeconfig) : 1,
                        slash != NULL ? kubeconfig : ".");
    }
    free(state);
}

/* ---- intents ---- */

/* Those whose answer is a notice, which stays. */
static bool is_answered(enum ui_intent_kind kind)
{
    return kind == UI_INTENT_SIM || kind == UI_INTENT_WORLD_PAUSE || kind == UI_INTENT_WALK_COPY ||
           kind == UI_INTENT_WALK_WRITE || kind == UI_INTENT_PROVE;
}

/* Another region is another lab: it is written, and its page says what to do with it. */
static bool choose_stockout(struct loop *loop, enum tg_run_stockout policy, struct tg_err *err)
{
    struct tg_app *app = loop->session->app;
    if (policy == TG_RUN_STOCKOUT_REGION && app->run != NULL && !app->run->is_over) {
        if (tg_run_out_of_stock(app->run, 0) == NULL) {
            return tg_err_set(err, TG_CODE_STATE, 0, "nothing waits for machines");
        }
        char *moved = command_write_other_region(loop->cli, app, err);
        if (moved == NULL) {
            return false;
        }
        free(loop->moved_lab);
        loop->moved_lab = moved;
    }
    return tg_app_provision_on_stockout(app, policy, err);
}

static bool act_on_lab(struct loop *loop, struct ui_intent *intent, struct tg_err *err)
{
    switch (intent->kind) {
    case UI_INTENT_LAB_UP:
        return take_secret(loop, intent, err);
    case UI_INTENT_LAB_DOWN:
        return change_lab(loop, TG_RUN_DOWN, err);
    case UI_INTENT_STOCKOUT:
        return choose_stockout(loop, (enum tg_run_stockout)intent->target, err);
    case UI_INTENT_TRY_NOW:
        return tg_app_provision_try_now(loop->session->app, err);
    case UI_INTENT_LAB_RETRY:
        return tg_app_provision_retry(loop->session->app, err);
    default:
        tg_app_provision_abort(loop->session->app);
        return true;
    }
}

static void carry_out(struct loop *loop, struct ui_intent *intent)
{
    struct tg_app *app = loop->session->app;
    struct tg_err err = TG_ERR_INIT;
    bool is_ok = true;
    switch (intent->kind) {
    case UI_INTENT_NONE:
        return;
    case UI_INTENT_REDRAW:
        loop->term->ops->invalidate(loop->term);
        break;
    case UI_INTENT_QUIT:
        leave(loop, "quit");
        break;
    case UI_INTENT_OPEN:
        tg_app_open_detail(app, intent->target, intent->resource, intent->ns, intent->name);
        break;
    case UI_INTENT_DRILL_START:
        is_ok = tg_app_drill_start(app, intent->target, &err);
        break;
    case UI_INTENT_DRILL_ABORT:
        tg_app_drill_abort(app, "operator");
        break;
    case UI_INTENT_RESTORE:
        is_ok = tg_app_restore(app, &err);
        break;
    case UI_INTENT_WAIVE:
        is_ok = tg_app_waive(app, intent->reason, &err);
        break;
    case UI_INTENT_LAB_UP:
    case UI_INTENT_LAB_DOWN:
    case UI_INTENT_LAB_STOP:
    case UI_INTENT_LAB_RETRY:
    case UI_INTENT_STOCKOUT:
    case UI_INTENT_TRY_NOW:
        is_ok = act_on_lab(loop, intent, &err);
        break;
    case UI_INTENT_DOCTOR:
        is_ok = examine(loop, &err);
        break;
    case UI_INTENT_FIXES:
        tg_app_choose_fixes(app, intent->fixes);
        break;
    case UI_INTENT_PROVE:
        prove(app);
        break;
    case UI_INTENT_SIM:
        is_ok = command_own_world(loop, intent->reason, &err);
        break;
    case UI_INTENT_WALK_GO:
        go_to_section(loop, intent->section);
        return;
    case UI_INTENT_WALK_COPY:
        is_ok = copy_commands(loop, intent->section, &err);
        break;
    case UI_INTENT_WALK_WRITE:
        is_ok = write_commands(loop, intent->section, &err);
        break;
    case UI_INTENT_WORLD_PAUSE:
        is_ok = pause_own_world(loop, &err);
        break;
    }
    if (!is_ok) {
        tg_app_notice(app, TG_SEVERITY_FAIL, "%s: %s", _(tg_code_text(err.code)), err.msg);
    } else if (intent->kind != UI_INTENT_QUIT && !is_answered(intent->kind)) {
        app->notice[0] = '\0';
    }
    loop->is_dirty = true;
}

static void terminal_gone(struct loop *loop)
{
    loop->term->ops->free(loop->term);
    loop->term = NULL;
    leave_unhurried(loop, "terminal lost");
}

/* Good news that was read makes room for what needs attention. */
static void dismiss_notice(struct tg_app *app)
{
    if (app->notice_severity == TG_SEVERITY_INFO || app->notice_severity == TG_SEVERITY_OK) {
        app->notice[0] = '\0';
    }
}

static void handle_keys(struct loop *loop)
{
    while (loop->term != NULL && !loop->is_over) {
        struct ui_key key = loop->term->ops->key(loop->term);
        if (key.code == UI_KEY_NONE) {
            return;
        }
        if (key.code == UI_KEY_HANGUP) {
            terminal_gone(loop);
            return;
        }
        if (key.code == UI_KEY_RESIZE) {
            loop->is_dirty = true;
            continue;
        }
        dismiss_notice(loop->session->app);
        struct ui_inputs inputs = gather(loop);
        struct ui_intent intent = {.kind = UI_INTENT_NONE};
        loop->is_dirty = ui_key(loop->ui, &inputs, key, &intent) || loop->is_dirty;
        carry_out(loop, &intent);
    }
}

static void handle_signals(struct loop *loop)
{
    int number;
    while ((number = tg_sig_take(command_signal_fd())) != 0) {
        if (tg_sig_is_end(number)) {
            if (number == SIGHUP && loop->term != NULL) {
                terminal_gone(loop);
            } else if (number == SIGHUP) {
                leave_unhurried(loop, "terminal lost");
            } else if (command_is_new_wish(number)) {
                leave(loop, "signal");
            }
        } else if (number == SIGTSTP && loop->term != NULL) {
            loop->term->ops->suspend(loop->term);
            raise(SIGSTOP);
            loop->term->ops->resume(loop->term);
            loop->is_dirty = true;
        } else if (number == SIGWINCH || number == SIGCONT) {
            loop->is_dirty = true;
        }
    }
}

static void render(struct loop *loop)
{
    int width = 0;
    int height = 0;
    loop->term->ops->size(loop->term, &width, &height);
    if (width != ui_canvas_width(loop->canvas) || height != ui_canvas_height(loop->canvas)) {
        ui_canvas_resize(loop->canvas, width, height);
    }
    struct ui_inputs inputs = gather(loop);
    ui_render(loop->ui, &inputs, loop->canvas);
    loop->term->ops->present(loop->term, loop->canvas);
    loop->last_frame_us = inputs.now_us;
    loop->is_dirty = false;
}

/* How long nothing needs doing: the earliest of the frame that is due, the app's timers and the
 * next visible change. */
static int wait_ms(const struct loop *loop)
{
    int64_t now_us = tg_clock_monotonic_us(&loop->session->app->clock);
    int64_t wake_us = tg_app_next_wake_us(loop->session->app);
    if (loop->term != NULL) {
        struct ui_inputs inputs = gather(loop);
        int64_t refresh_us = loop->is_dirty ? FRAME_US : ui_refresh_us(&inputs);
        int64_t frame_us = loop->last_frame_us + refresh_us;
        wake_us = frame_us < wake_us ? frame_us : wake_us;
    }
    if (loop->is_leaving && loop->leave_until_us < wake_us) {
        wake_us = loop->leave_until_us;
    }
    if (wake_us == TG_TIME_NEVER) {
        return -1;
    }
    int64_t wait = wake_us <= now_us ? 0 : (wake_us - now_us + 999) / 1000;
    return (int)(wait > 3600000 ? 3600000 : wait);
}

static void wait_for_anything(struct loop *loop)
{
    struct pollfd fds[3] = {{.fd = tg_queue_fd(loop->session->inbox), .events = POLLIN},
                            {.fd = command_signal_fd(), .events = POLLIN},
                            {.fd = -1, .events = POLLIN}};
    if (loop->term != NULL) {
        fds[2].fd = loop->term->ops->fd(loop->term);
    }
    (void)poll(fds, 3, wait_ms(loop));
    if (loop->term != NULL && (fds[2].revents & (POLLHUP | POLLERR)) != 0) {
        terminal_gone(loop);
    }
}

/* Sessions on simulated worlds start armed as soon as all of them say that they are. */
static void arm_in_simulation(struct loop *loop)
{
    struct tg_app *app = loop->session->app;
    if (!loop->is_first_data_seen && tg_model_may_be_broken(app->model)) {
        loop->is_first_data_seen = true;
        app->is_armed = app->journal != NULL;
    }
}

/* The demonstration goes on, and shows the pane that it is about. */
static void step_tour(struct loop *loop)
{
    struct tg_app *app = loop->session->app;
    if (loop->tour == NULL || loop->is_leaving || !tg_tour_step(loop->tour, app)) {
        return;
    }
    enum tg_tour_phase phase = loop->tour->phase;
    app->notice[0] = '\0'; /* what came of the phase before is past */
    bool is_drill = phase == TG_TOUR_SETTLE || phase == TG_TOUR_DRILL;
    ui_show_pane(loop->ui, is_drill ? TG_COMMAND_PANE_DRILL : TG_COMMAND_PANE_STEPS);
    if (phase == TG_TOUR_OVER) {
        tg_app_notice(app, tg_tour_is_good(loop->tour) ? TG_SEVERITY_OK : TG_SEVERITY_FAIL, "%s",
                      tg_tour_is_good(loop->tour)
                          ? _("Nothing is left by the simulated world's own books. q leaves.")
                          : loop->tour->err.msg);
    }
    loop->is_dirty = true;
}

static void run_frames(struct loop *loop)
{
    loop->is_dirty = true;
    while (!loop->is_over) {
        int64_t now_us = tg_clock_monotonic_us(&loop->session->app->clock);
        if (loop->term != NULL) {
            struct ui_inputs inputs = gather(loop);
            int64_t refresh_us = loop->is_dirty ? FRAME_US : ui_refresh_us(&inputs);
            if (now_us - loop->last_frame_us >= refresh_us) {
                render(loop);
            }
        }
        wait_for_anything(loop);
        handle_signals(loop);
        handle_keys(loop);
        if (tg_session_pump(loop->session, MESSAGES_PER_FRAME)) {
            loop->is_dirty = true;
        }
        begin_pending(loop);
        arm_in_simulation(loop);
        watch_walk(loop);
        step_tour(loop);
        if (loop->is_leaving &&
            (!tg_app_must_clear(loop->session->app) ||
             tg_clock_monotonic_us(&loop->session->app->clock) >= loop->leave_until_us)) {
            loop->is_over = true;
        }
    }
}

static char *make_world_note(const struct sim_server *server)
{
    if (server == NULL) {
        return NULL;
    }
    const char *kubeconfig = sim_server_kubeconfig_path(server);
    const char *slash = strrchr(kubeconfig, '/');
    int folder_len = slash != NULL ? (int)(slash - kubeconfig) : 1;
    const char *folder = slash != NULL ? kubeconfig : ".";
    return tg_asprintf("kubectl --kubeconfig %s get pods -w\n"
                       "tidegate sim fault kinds --dir %.*s\n"
                       ". %.*s/env",
                       kubeconfig, folder_len, folder, folder_len, folder);
}

/* What a drill found stays in the scrollback after the screen is gone. */
static int say_goodbye(const struct loop *loop)
{
    const struct tg_app *app = loop->session->app;
    if (tg_app_provision_has_program(app)) {
        fprintf(stderr, "%s\n",
                _("The commands go on by themselves; the next start waits for their end."));
    }
    if (app->drill == NULL) {
        return CLI_EXIT_OK;
    }
    if (tg_app_holds_fault(app)) {
        fprintf(stderr, "%s\n  tidegate restore\n",
                _("Left with the region down: the restore is not acknowledged. Run:"));
        return CLI_EXIT_ENVIRONMENT;
    }
    struct tg_buf out;
    tg_buf_init(&out, 1024 * 1024);
    tg_report_text(app->drill, &out);
    fwrite(tg_buf_text(&out), 1, out.len, stdout);
    tg_buf_fini(&out);
    if (!tg_drill_is_over(app->drill) && loop->server == NULL) {
        printf("%s\n  tidegate restore\n",
               _("The region is restored but not yet verified; to verify and close the drill:"));
    }
    return CLI_EXIT_OK;
}

/* Whoever leaves early has seen enough: that is no failure. */
static int say_tour(const struct tg_tour *tour)
{
    if (tour->phase != TG_TOUR_OVER) {
        return CLI_EXIT_OK;
    }
    struct tg_buf out;
    tg_buf_init(&out, 65536);
    tg_tour_report_text(tour, &out);
    fwrite(tg_buf_text(&out), 1, out.len, stdout);
    tg_buf_fini(&out);
    return tg_tour_is_good(tour) ? CLI_EXIT_OK : CLI_EXIT_FAILED;
}

static enum ui_multiplexer find_multiplexer(void)
{
    const char *tmux = getenv("TMUX");
    const char *kind = getenv("TERM");
    return tmux != NULL && *tmux != '\0'                       ? UI_MULTIPLEXER_TMUX
           : kind != NULL && tg_str_has_prefix(kind, "screen") ? UI_MULTIPLEXER_SCREEN
                                                               : UI_MULTIPLEXER_NONE;
}

int loop_run(struct tg_session *session, const struct cli *cli, struct sim_server *server,
             const struct tg_tour_config *tour)
{
    struct tg_err err = TG_ERR_INIT;
    const char *no_color = getenv("NO_COLOR");
    bool is_colour_wanted =
        !tg_str_eq(cli->color, "never") &&
        (tg_str_eq(cli->color, "always") || no_color == NULL || *no_color == '\0');
    struct loop loop = {.session = session,
                        .server = server,
                        .mode = cli->mode,
                        .cli = cli,
                        .world_note = make_world_note(server)};
    loop.term = ui_term_curses_new(is_colour_wanted, find_multiplexer(), &err);
    if (loop.term == NULL) {
        free(loop.world_note);
        return command_fail(&err);
    }
    tg_assert_set_hook(ui_term_restore_now);
    tg_sig_catch_crashes(ui_term_restore_now);
    loop.ui = ui_new(tg_str_eq(nl_langinfo(CODESET), "UTF-8"));
    loop.canvas = ui_canvas_new(80, 24);
    loop.last_frame_us = tg_clock_monotonic_us(&session->app->clock) - FRAME_US;
    open_walk(&loop, cli);
    loop.tour = tour != NULL ? tg_tour_new(tour) : NULL;
    run_frames(&loop);
    if (loop.term != NULL) {
        loop.term->ops->free(loop.term);
    }
    tg_assert_set_hook(NULL);
    int status = say_goodbye(&loop);
    status = status == CLI_EXIT_OK && loop.tour != NULL ? say_tour(loop.tour) : status;
    tg_tour_free(loop.tour);
    ui_canvas_free(loop.canvas);
    ui_free(loop.ui);
    tg_secret_free(loop.secret);
    free(loop.world_note);
    free(loop.walk_folder);
    free(loop.moved_lab);
    free(loop.world_environment);
    return status;
}
