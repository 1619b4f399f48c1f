/* ui/lab.c - the console's commands that stand the lab up and take it down: what is asked before,
 * and the page of a step. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fmt.h"
#include "base/i18n.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/utf8.h"
#include "plan/price.h"
#include "plan/run_survey.h"
#include "ui/state.h"

static bool is_running(const struct ui_inputs *inputs)
{
    return inputs->run != NULL && !inputs->run->is_over;
}

static const char *why_not(const struct ui_inputs *inputs)
{
    if (!inputs->is_armed) {
        return _("Not now: this session is read-only; start with --arm.");
    }
    if (is_running(inputs)) {
        return tg_run_first_failed(inputs->run) >= 0
                   ? _("Not now: the rest goes on; :lab.retry tries what failed, :lab.stop stops.")
                   : _("Not now: the lab is being changed already; :lab.stop ends that.");
    }
    if (inputs->is_restore_offered || (inputs->drill != NULL && !tg_drill_is_over(inputs->drill))) {
        return _("Not now: a drill is open already.");
    }
    return tg_model_gcp(inputs->model) == NULL ? _("Google Cloud is not watched: give --project.")
                                               : NULL;
}

static enum tg_run_stockout stockout_of(enum tg_command command)
{
    return command == TG_COMMAND_STOCKOUT_ZONE     ? TG_RUN_STOCKOUT_ZONE
           : command == TG_COMMAND_STOCKOUT_REGION ? TG_RUN_STOCKOUT_REGION
           : command == TG_COMMAND_STOCKOUT_STOP   ? TG_RUN_STOCKOUT_STOP
                                                   : TG_RUN_STOCKOUT_RETRY;
}

/* Commands of a lab that is being changed. */
static void change_command(struct ui *ui, const struct ui_inputs *inputs, enum tg_command command,
                           struct ui_intent *intent)
{
    if (command == TG_COMMAND_LAB_RETRY && tg_run_first_failed(inputs->run) < 0) {
        tg_str_copy(ui->message, sizeof(ui->message), _("No step has failed."));
    } else if (!is_running(inputs)) {
        tg_str_copy(ui->message, sizeof(ui->message), _("The lab is not being changed."));
    } else if (command == TG_COMMAND_LAB_STOP || command == TG_COMMAND_LAB_RETRY) {
        intent->kind = command == TG_COMMAND_LAB_STOP ? UI_INTENT_LAB_STOP : UI_INTENT_LAB_RETRY;
    } else {
        intent->kind = UI_INTENT_STOCKOUT;
        intent->target = (int)stockout_of(command);
    }
}

void ui_lab_command(struct ui *ui, const struct ui_inputs *inputs, enum tg_command command,
                    struct ui_intent *intent)
{
    if (command == TG_COMMAND_LAB_OUTPUT) {
        ui_ask(ui, UI_OVERLAY_OUTPUT);
        return;
    }
    /* What failed in a run that is over is begun again as the run was. */
    if (command == TG_COMMAND_LAB_RETRY && !is_running(inputs) &&
        tg_run_first_failed(inputs->run) >= 0) {
        command =
            inputs->run->config.direction == TG_RUN_UP ? TG_COMMAND_LAB_UP : TG_COMMAND_LAB_DOWN;
    }
    if (command != TG_COMMAND_LAB_UP && command != TG_COMMAND_LAB_DOWN) {
        change_command(ui, inputs, command, intent);
        return;
    }
    ui->lab_from = -1;
    ui->lab_until = -1;
    const char *refusal = why_not(inputs);
    if (refusal != NULL) {
        tg_str_copy(ui->message, sizeof(ui->message), refusal);
    } else {
        ui_ask(ui, command == TG_COMMAND_LAB_UP ? UI_OVERLAY_LAB_UP : UI_OVERLAY_LAB_DOWN);
        if (command == TG_COMMAND_LAB_UP && ui_doctor_is_due(inputs)) {
            intent->kind = UI_INTENT_DOCTOR; /* its findings stand in the dialog */
        }
    }
}

void ui_lab_ask_range(struct ui *ui, const struct ui_inputs *inputs, int from, int until,
                      struct ui_intent *intent)
{
    ui_lab_command(ui, inputs, TG_COMMAND_LAB_UP, intent);
    ui->lab_from = from;
    ui->lab_until = until;
}

static size_t first_asked(const struct ui *ui)
{
    return ui->lab_from < 0 ? 0 : (size_t)ui->lab_from;
}

static size_t after_asked(const struct ui *ui, const struct ui_inputs *inputs)
{
    return ui->lab_from < 0 ? inputs->lab->steps_count : (size_t)ui->lab_until + 1;
}

/* The first step that the steps asked for need, that is none of them, and that is not done. */
static const char *missing_before(const struct ui *ui, const struct ui_inputs *inputs)
{
    for (size_t i = first_asked(ui); i < after_asked(ui, inputs); i++) {
        const struct tg_lab_step *step = &inputs->lab->steps[i];
        for (size_t n = 0; n < step->needs_count; n++) {
            size_t need = (size_t)step->needs[n];
            if (need < first_asked(ui) && inputs->steps[need].state != TG_STEP_DONE) {
                return inputs->lab->steps[need].id;
            }
        }
    }
    return NULL;
}

/* Something that is not there yet carries a secret of the operator's. */
static bool needs_secret(const struct ui *ui, const struct ui_inputs *inputs)
{
    for (size_t i = first_asked(ui); i < after_asked(ui, inputs); i++) {
        const struct tg_lab_step *step = &inputs->lab->steps[i];
        bool is_there = step->is_made_only_once && inputs->steps[i].state == TG_STEP_DONE;
        for (size_t m = 0; m < step->makes_count && !is_there; m++) {
            if (step->makes[m].secret != NULL) {
                return true;
            }
        }
    }
    return false;
}

void ui_lab_submit(struct ui *ui, const struct ui_inputs *inputs, enum ui_overlay overlay,
                   struct ui_intent *intent)
{
    const struct tg_target *gcp = tg_model_gcp(inputs->model);
    intent->from = ui->lab_from;
    intent->until = ui->lab_until;
    if (overlay == UI_OVERLAY_SECRET) {
        if (ui->input[0] != '\0') {
            intent->kind = UI_INTENT_LAB_UP;
            tg_str_copy(intent->reason, sizeof(intent->reason), ui->input);
        }
        explicit_bzero(ui->input, sizeof(ui->input));
        return;
    }
    if (overlay == UI_OVERLAY_LAB_UP && inputs->doctor != NULL && !inputs->doctor->is_over) {
        ui->overlay = overlay; /* what was typed stays */
        return;
    }
    char wanted[160];
    bool is_anyway = overlay == UI_OVERLAY_LAB_UP && ui_doctor_fails(inputs) > 0;
    snprintf(wanted, sizeof(wanted), "%s%s", gcp != NULL ? gcp->name : "",
             is_anyway ? " anyway" : "");
    if (gcp == NULL || !tg_str_eq(ui->input, wanted)) {
        tg_str_copy(ui->message, sizeof(ui->message), _("Not the project's id: nothing is done."));
        return;
    }
    ui->focus = UI_VIEW_STEPS;
    if (overlay == UI_OVERLAY_LAB_DOWN) {
        intent->kind = UI_INTENT_LAB_DOWN;
    } else if (inputs->mode != TG_RUN_BY_HAND && needs_secret(ui, inputs)) {
        ui_ask(ui, UI_OVERLAY_SECRET);
    } else {
        intent->kind = UI_INTENT_LAB_UP;
    }
}

/* What it costs by the hour, and that this is an estimate. */
static void add_cost(const struct ui *ui, const struct ui_inputs *inputs, int cells, bool is_down,
                     struct ui_lines *lines)
{
    if (inputs->lab->prices == NULL) {
        return;
    }
    int last = (int)inputs->lab->steps_count - 1;
    struct tg_cost cost =
        tg_cost_of(inputs->lab, inputs->model, inputs->now_us, is_down ? 0 : (int)first_asked(ui),
                   is_down ? last : (int)after_asked(ui, inputs) - 1);
    char *text = is_down
                     ? tg_asprintf(_("What runs now costs about %.2f USD per hour (estimate, list "
                                     "prices of %s)."),
                                   cost.running, inputs->lab->prices->date)
                     : tg_asprintf(_("It costs about %.2f USD per hour when it stands, %.2f now "
                                     "(estimate, list prices of %s)."),
                                   cost.usd, cost.running, inputs->lab->prices->date);
    ui_lines_add_wrapped(lines, UI_STYLE_WARN, cells, text);
    if (inputs->is_simulated) {
        ui_lines_add_wrapped(lines, UI_STYLE_TEXT, cells,
                             _("This world is simulated: nothing is billed."));
    }
    free(text);
    tg_cost_fini(&cost);
}

#define THINGS_MAX 6

/* What is on the lab's network and is none of its steps' things: what goes, and what stays. */
static void add_things(const struct ui_inputs *inputs, int cells, struct ui_lines *lines)
{
    const struct tg_target *gcp = tg_model_gcp(inputs->model);
    struct tg_run_config config = {.lab = inputs->lab,
                                   .direction = TG_RUN_DOWN,
                                   .project = gcp != NULL ? gcp->name : "",
                                   .until = (int)inputs->lab->steps_count - 1};
    size_t count = 0;
    struct tg_survey_thing *things = tg_survey_things(&config, inputs->model, &count);
    for (size_t i = 0; i < count && i < THINGS_MAX; i++) {
        char *text = tg_asprintf(things[i].is_removed ? _("%s goes too: a controller made it.")
                                                      : _("%s stays: it is not known to be the "
                                                          "lab's, and may hold the network."),
                                 things[i].name);
        ui_lines_add_wrapped(lines, things[i].is_removed ? UI_STYLE_TEXT : UI_STYLE_WARN, cells,
                             text);
        free(text);
    }
    if (count > THINGS_MAX) {
        ui_line_put(ui_lines_add(lines), UI_STYLE_MUTED, 0, _("and %zu more"), count - THINGS_MAX);
    }
    free(things);
}

void ui_lab_draw_confirm(struct ui *ui, const struct ui_inputs *inputs, struct ui_canvas *canvas)
{
    struct ui_lines lines = {0};
    const struct tg_target *gcp = tg_model_gcp(inputs->model);
    bool is_down = ui->overlay == UI_OVERLAY_LAB_DOWN;
    int cells = ui_overlay_cells(canvas, 92);
    int there = 0;
    size_t first = is_down ? 0 : first_asked(ui);
    size_t after = is_down ? inputs->lab->steps_count : after_asked(ui, inputs);
    int count = (int)(after - first);
    for (size_t i = first; i < after; i++) {
        there += inputs->steps[i].state == TG_STEP_DONE ? 1 : 0;
    }
    struct ui_line *line = ui_lines_add(&lines);
    ui_line_put(line, is_down ? UI_STYLE_FAIL : UI_STYLE_WARN, 0,
                is_down ? _("Everything of the lab in project %s is removed, its weights too.")
                        : _("What is missing of the lab in project %s is made."),
                gcp != NULL ? gcp->name : "");
    if (!is_down && ui->lab_from >= 0) {
        line = ui_lines_add(&lines);
        ui_line_put(line, UI_STYLE_TEXT, 0, _("Of it only the steps %s to %s."),
                    inputs->lab->steps[ui->lab_from].id, inputs->lab->steps[ui->lab_until].id);
    }
    line = ui_lines_add(&lines);
    ui_line_put(line, UI_STYLE_TEXT, 0, _("%d of %d steps are done now."), there, count);
    add_cost(ui, inputs, cells, is_down, &lines);
    const char *missing = is_down ? NULL : missing_before(ui, inputs);
    if (missing != NULL) {
        line = ui_lines_add(&lines);
        ui_line_put(line, UI_STYLE_WARN, 0, _("It needs what is not done before it: %s."), missing);
    }
    ui_lines_add_wrapped(&lines, UI_STYLE_TEXT, cells,
                         is_down
                             ? _("Firewall rules that controllers leave behind are found and "
                                 "removed; a second look comes two minutes later.")
                             : _("Clusters and TPUs are billed from the moment they exist. What "
                                 "is there already is only looked at."));
    if (is_down) {
        add_things(inputs, cells, &lines);
    }
    ui_lines_add_wrapped(&lines, UI_STYLE_TEXT, cells,
                         _("Every act is written to the journal first; run again to continue."));
    if (!is_down) {
        ui_doctor_add_summary(inputs, cells, &lines);
    }
    if (inputs->mode != TG_RUN_NATIVE) {
        ui_lines_add_wrapped(
            &lines, UI_STYLE_WARN, cells,
            inputs->mode == TG_RUN_COMMANDS
                ? _("By the lab's own commands, run here; O shows what they print.")
                : _("By hand: each step's page (Enter) has what is to be typed."));
    }
    ui_line_put(ui_lines_add(&lines), UI_STYLE_TEXT, 0, " ");
    line = ui_lines_add(&lines);
    ui_line_put(line, UI_STYLE_TEXT, 0,
                !is_down && ui_doctor_fails(inputs) > 0
                    ? _("Type %s anyway, to start in spite of it: ")
                    : _("Type the project's id, %s, and Enter: "),
                gcp != NULL ? gcp->name : "");
    ui_line_put(line, UI_STYLE_KEY, 0, "%s_", ui->input);
    ui_overlay_lines(ui, canvas, 92, is_down ? _("Take the lab down?") : _("Stand the lab up?"),
                     _("Esc: nothing is done"), &lines);
    ui_lines_fini(&lines);
}

void ui_lab_draw_secret(struct ui *ui, struct ui_canvas *canvas)
{
    struct ui_lines lines = {0};
    int cells = ui_overlay_cells(canvas, 80);
    ui_lines_add_wrapped(&lines, UI_STYLE_TEXT, cells,
                         _("The weights are downloaded with your Hugging Face token. It is sent "
                           "to the config cluster as a Secret, and removed there when the "
                           "download is done."));
    struct ui_line *line = ui_lines_add(&lines);
    ui_line_put(line, UI_STYLE_TEXT, 0, "%s", _("Hugging Face token (not shown): "));
    ui_line_put(line, UI_STYLE_KEY, 0, "%.*s_", (int)strlen(ui->input),
                "************************************************************************");
    ui_overlay_lines(ui, canvas, 80, _("A secret is needed"), _("Esc: nothing is done"), &lines);
    ui_lines_fini(&lines);
}

static enum ui_style style_of_line(const char *line)
{
    return *line == '$' || *line == '#'       ? UI_STYLE_KEY
           : tg_str_has_prefix(line, "Error") ? UI_STYLE_FAIL
                                              : UI_STYLE_TEXT;
}

/* What the commands under way are doing, or how the last ones ended. */
static void describe_program(const struct ui_inputs *inputs, char *out, size_t size)
{
    const struct tg_run *run = inputs->run;
    char span[24];
    if (run == NULL || run->tool.step < 0) {
        snprintf(out, size, "%s", _("No commands were run: start with --mode commands."));
        return;
    }
    const struct tg_run_step *step = &run->steps[run->tool.step];
    const char *title =
        tg_lab_text_for(&run->config.lab->steps[run->tool.step].title, inputs->locale);
    tg_fmt_duration(span, sizeof(span), inputs->now_us - run->tool.started_us);
    if (run->tool.state == TG_RUN_TOOL_RUNNING) {
        snprintf(out, size,
                 run->tool.wishes == 0   ? _("%s: running for %s")
                 : run->tool.wishes == 1 ? _("%s: interrupted, may end in order; for %s")
                                         : _("%s: told to end; for %s"),
                 title, span);
    } else if (!step->has_exit) {
        snprintf(out, size, _("%s: not started"), title);
    } else if (step->exit_signal != 0) {
        snprintf(out, size, _("%s: ended by signal %d"), title, step->exit_signal);
    } else {
        snprintf(out, size, _("%s: ended with %d"), title, step->exit_status);
    }
}

void ui_lab_draw_output(struct ui *ui, const struct ui_inputs *inputs, struct ui_canvas *canvas)
{
    struct ui_lines lines = {0};
    char title[200];
    int cells = ui_overlay_cells(canvas, 160);
    const struct tg_run_tool *tool = inputs->run != NULL ? &inputs->run->tool : NULL;
    uint64_t total = tool != NULL ? tool->lines_total : 0;
    describe_program(inputs, title, sizeof(title));
    if (total == 0) { /* the title has no room for what there is to say */
        ui_lines_add_wrapped(&lines, UI_STYLE_MUTED, cells, title);
        tg_str_copy(title, sizeof(title), _("Output"));
    }
    for (uint64_t i = total > TG_RUN_LINES_MAX ? total - TG_RUN_LINES_MAX : 0; i < total; i++) {
        const char *line = tool->lines[i % TG_RUN_LINES_MAX];
        char *safe = tg_utf8_sanitize(line, strlen(line));
        ui_lines_add_wrapped(&lines, style_of_line(line), cells, safe);
        free(safe);
    }
    ui_overlay_lines(ui, canvas, 160, title, _("End follows, Esc closes"), &lines);
    ui_lines_fini(&lines);
}

void ui_lab_draw_step(struct ui *ui, const struct ui_inputs *inputs, struct ui_canvas *canvas)
{
    struct ui_lines lines = {0};
    char title[160];
    struct ui_view_context context = {inputs, ui->is_utf8, ui_overlay_cells(canvas, 110), 0, false};
    ui_view_step_page(&context, ui->step, &lines);
    snprintf(title, sizeof(title), "%zu/%zu %s", ui->step + 1, inputs->lab->steps_count,
             tg_lab_text_for(&inputs->lab->steps[ui->step].title, inputs->locale));
    ui_overlay_lines(ui, canvas, 110, title, _("Tab next step, Esc closes"), &lines);
    ui_lines_fini(&lines);
}
