/* ui/view_step.c - the steps of the lab as a pane, and one of them as a page of the walkthrough. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fmt.h"
#include "base/i18n.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/utf8.h"
#include "plan/price.h"
#include "plan/progress.h"
#include "plan/run_advice.h"
#include "plan/run_survey.h"
#include "plan/walk.h"
#include "ui/view.h"

#define COMMANDS_BYTES_MAX 16384
#define PATIENCE_US        (10 * 60 * TG_US_PER_S)
#define COST_LINES_MAX     64
#define REST_SIZE          300
#define TITLE_CELLS_MIN    14
#define SPAN_WIDTH_MIN     40 /* cells of a pane that has room for how long it goes on */
#define NAME_BYTES_MAX     256
#define STAGES_MAX         16 /* a row that counts more than these counts bytes */

struct ui_look ui_view_look(const struct ui_view_context *context,
                            const struct tg_step_status *status)
{
    struct ui_look look = {"?", UI_STYLE_STALE, ""};
    switch (status->state) {
    case TG_STEP_DONE:
        look.sign = ui_view_sign(context, TG_SEVERITY_OK);
        look.style = UI_STYLE_OK;
        snprintf(look.word, sizeof(look.word), "%s", _("done"));
        break;
    case TG_STEP_RUNNING:
        look.sign = context->is_utf8 ? "▸" : ">";
        look.style = UI_STYLE_RUNNING;
        snprintf(look.word, sizeof(look.word), "%d/%d", status->conditions_met,
                 status->conditions_total);
        break;
    case TG_STEP_MISSING:
        look.sign = ui_view_sign(context, TG_SEVERITY_INFO);
        look.style = UI_STYLE_MUTED;
        snprintf(look.word, sizeof(look.word), "%s", _("missing"));
        break;
    case TG_STEP_UNKNOWN:
        snprintf(look.word, sizeof(look.word), "%s", _("unknown"));
        break;
    }
    return look;
}

static const char *span_of(const struct ui_view_context *context, const struct tg_run_step *step,
                           char *out, size_t size)
{
    int64_t until_us = step->ended_lab_us > 0 ? step->ended_lab_us : context->inputs->lab_us;
    return tg_fmt_duration(out, size, until_us - step->started_lab_us);
}

bool ui_view_is_failed(const struct ui_inputs *inputs, size_t index)
{
    const struct tg_run *run = inputs->run;
    if (run == NULL || run->steps[index].state != TG_RUN_FAILED) {
        return false;
    }
    /* Somebody may have brought about since what the run did not. */
    return inputs->steps[index].state !=
           (run->config.direction == TG_RUN_UP ? TG_STEP_DONE : TG_STEP_MISSING);
}

bool ui_view_is_late(const struct ui_inputs *inputs, size_t index)
{
    const struct tg_run *run = inputs->run;
    int64_t usual_us = tg_lab_step_usual_us(&inputs->lab->steps[index]);
    if (run == NULL || run->is_over || run->config.direction != TG_RUN_UP || usual_us == 0) {
        return false;
    }
    /* "1m" is not meant to the second. */
    int64_t patience_us = usual_us / 2 > PATIENCE_US ? usual_us / 2 : PATIENCE_US;
    enum tg_run_state state = run->steps[index].state;
    return (state == TG_RUN_MAKING || state == TG_RUN_WAITING) &&
           inputs->lab_us - run->steps[index].started_lab_us > usual_us + patience_us;
}

/* While the lab is changed, and where that failed, the run's word counts; else what is observed. */
static bool look_of_run(const struct ui_view_context *context, size_t index, struct ui_look *look)
{
    const struct tg_run *run = context->inputs->run;
    if (run == NULL) {
        return false;
    }
    char span[24];
    const struct tg_run_step *step = &run->steps[index];
    switch (step->state) {
    case TG_RUN_MAKING:
    case TG_RUN_WAITING:
        if (run->is_over) {
            return false; /* it was stopped: only what is observed counts */
        }
        look->sign = context->is_utf8 ? "▸" : ">";
        look->style = ui_view_is_late(context->inputs, index) ? UI_STYLE_WARN : UI_STYLE_RUNNING;
        span_of(context, step, span, sizeof(span));
        if (context->width < SPAN_WIDTH_MIN) { /* the sign says what the word would */
            snprintf(look->word, sizeof(look->word), "%s%s", span,
                     ui_view_is_late(context->inputs, index) ? "!" : "");
        } else {
            snprintf(look->word, sizeof(look->word), "%s %s%s", _(tg_run_state_word(step->state)),
                     span, ui_view_is_late(context->inputs, index) ? _(" (late)") : "");
        }
        return true;
    case TG_RUN_FAILED:
    case TG_RUN_BLOCKED:
        if (step->state == TG_RUN_FAILED ? !ui_view_is_failed(context->inputs, index)
                                         : context->inputs->steps[index].state == TG_STEP_DONE) {
            return false;
        }
        look->sign = ui_view_sign(context, TG_SEVERITY_FAIL);
        look->style = UI_STYLE_FAIL;
        snprintf(look->word, sizeof(look->word), "%s", _(tg_run_state_word(step->state)));
        return true;
    default:
        return false;
    }
}

struct ui_look ui_view_step_look(const struct ui_view_context *context, size_t index)
{
    struct ui_look look = ui_view_look(context, &context->inputs->steps[index]);
    (void)look_of_run(context, index, &look);
    return look;
}

/* Returns out, or what the run says. */
static const char *rest_of(const struct ui_view_context *context, size_t index, char *out,
                           size_t size)
{
    const struct tg_run *run = context->inputs->run;
    const struct tg_step_status *status = &context->inputs->steps[index];
    if (run != NULL && run->steps[index].err.code != TG_CODE_NONE &&
        (run->steps[index].state == TG_RUN_FAILED ? ui_view_is_failed(context->inputs, index)
                                                  : status->state != TG_STEP_DONE)) {
        return run->steps[index].err.msg;
    }
    if (run != NULL && !run->is_over && run->steps[index].waiting_for[0] != '\0' &&
        run->steps[index].state != TG_RUN_PENDING &&
        !tg_str_eq(run->steps[index].waiting_for, status->missing)) {
        return run->steps[index].waiting_for;
    }
    return tg_step_missing_text(status, out, size);
}

/* What runs now and what it costs by the hour: whoever forgets it pays. */
static void add_running(const struct ui_view_context *context, struct ui_lines *lines)
{
    struct tg_cost_line costs[COST_LINES_MAX];
    const struct ui_inputs *inputs = context->inputs;
    const struct tg_lab *lab = inputs->lab;
    if (lab->prices == NULL) {
        return;
    }
    struct tg_cost cost =
        tg_cost_of(lab, inputs->model, inputs->now_us, 0, (int)lab->steps_count - 1);
    size_t count = tg_cost_lines(&cost, costs, COST_LINES_MAX);
    ui_line_put(ui_lines_add(lines), UI_STYLE_TEXT, 0, " ");
    ui_line_put(ui_lines_add(lines), UI_STYLE_TITLE, 0,
                _("Running now: about %.2f USD per hour of %.2f (estimate, list prices of %s)"),
                cost.running, cost.usd, lab->prices->date);
    for (size_t i = 0; i < count; i++) {
        const struct tg_charge *charge = costs[i].charge;
        if (costs[i].running_usd <= 0) {
            continue;
        }
        struct ui_line *line = ui_lines_add(lines);
        ui_line_put(line, UI_STYLE_WARN, 2, "%s", ui_view_sign(context, TG_SEVERITY_WARN));
        ui_line_put(line, UI_STYLE_TEXT, 42, "%s", tg_lab_text_for(&charge->what, inputs->locale));
        ui_line_put(line, UI_STYLE_TEXT, -8, "%.2f", costs[i].running_usd);
        ui_line_put(line, UI_STYLE_MUTED, 0, "  %c  %s", charge->confidence, charge->source);
    }
    ui_line_put(ui_lines_add(lines), UI_STYLE_MUTED, 0, "%s",
                inputs->is_simulated
                    ? _("This world is simulated: nothing is billed.")
                    : _("V read at its source, K known, U assumed; no discounts, no taxes"));
    tg_cost_fini(&cost);
}

/* After the lab was taken down: what was looked at, what is left, what could not be read. */
static void add_survey(const struct ui_view_context *context, struct ui_lines *lines)
{
    struct tg_buf text;
    if (context->inputs->run == NULL || !context->inputs->run->is_over) {
        return;
    }
    tg_buf_init(&text, COMMANDS_BYTES_MAX);
    tg_survey_text(context->inputs->run, &text);
    if (text.len > 0) {
        ui_line_put(ui_lines_add(lines), UI_STYLE_TEXT, 0, " ");
        ui_lines_add_wrapped(lines, UI_STYLE_TEXT, context->width, tg_buf_text(&text));
    }
    tg_buf_fini(&text);
}

void ui_view_steps(const struct ui_view_context *context, struct ui_lines *lines)
{
    const struct tg_lab *lab = context->inputs->lab;
    int first_failed = tg_run_first_failed(context->inputs->run);
    long first_late = -1;
    for (size_t i = 0; i < lab->steps_count; i++) {
        const struct tg_step_status *status = &context->inputs->steps[i];
        struct ui_look look = ui_view_look(context, status);
        bool is_moving = look_of_run(context, i, &look);
        int word_cells = (int)tg_utf8_width(look.word);
        struct ui_line *line = ui_lines_add(lines);
        line->step = (int)i;
        int title_cells = context->width > 46 ? 38 : context->width - 12;
        int room = context->width - 3 - word_cells; /* a title is known by its beginning */
        title_cells = room < title_cells && room >= TITLE_CELLS_MIN ? room : title_cells;
        if (lines->wanted == 0 && (is_moving || status->state != TG_STEP_DONE)) {
            lines->wanted = (long)i + 1;
        }
        first_late = first_late < 0 && ui_view_is_late(context->inputs, i) ? (long)i : first_late;
        ui_line_put(line, look.style, 2, "%s", look.sign);
        ui_line_put(line, UI_STYLE_TEXT, title_cells, "%s",
                    tg_lab_text_for(&lab->steps[i].title, context->inputs->locale));
        ui_line_put(line, look.style, 0, " %s", look.word);
        char missing[REST_SIZE];
        const char *rest = rest_of(context, i, missing, sizeof(missing));
        if (rest[0] != '\0' && context->width > 60) {
            ui_line_put(line, UI_STYLE_MUTED, 0, "  %s", rest);
        } else if (context->width > 100) {
            ui_line_put(line, UI_STYLE_MUTED, 0, "  %s",
                        tg_lab_text_for(&lab->steps[i].why, context->inputs->locale));
        }
    }
    /* What failed comes before all that goes on, and what is late before the rest. */
    if (first_failed >= 0 && ui_view_is_failed(context->inputs, (size_t)first_failed)) {
        lines->wanted = first_failed + 1;
    } else if (first_late >= 0) {
        lines->wanted = first_late + 1;
    }
    if (context->is_zoomed) {
        add_running(context, lines);
        add_survey(context, lines);
    }
}

/* ---- one step as a page ---- */

static void heading(struct ui_lines *lines, const char *text)
{
    ui_line_put(ui_lines_add(lines), UI_STYLE_TEXT, 0, " ");
    ui_line_put(ui_lines_add(lines), UI_STYLE_TITLE, 0, "%s", text);
}

/* What goes on being billed while somebody thinks. */
void ui_view_running_cost(const struct ui_inputs *inputs, int cells, struct ui_lines *lines)
{
    const struct tg_lab *lab = inputs->lab;
    if (lab->prices == NULL) {
        return;
    }
    struct tg_cost cost =
        tg_cost_of(lab, inputs->model, inputs->now_us, 0, (int)lab->steps_count - 1);
    char *text =
        tg_asprintf(_("What runs now costs about %.2f USD per hour (estimate, list prices of %s)."),
                    cost.running, lab->prices->date);
    ui_lines_add_wrapped(lines, UI_STYLE_WARN, cells, text);
    free(text);
    tg_cost_fini(&cost);
}

/* Why the step failed, and what to do about it. */
static void add_failure(const struct ui_view_context *context, size_t index, int cells,
                        struct ui_lines *lines)
{
    const struct ui_inputs *inputs = context->inputs;
    const struct tg_run *run = inputs->run;
    const struct tg_run_step *step = &run->steps[index];
    struct tg_buf why;
    struct tg_buf advice;
    tg_buf_init(&why, COMMANDS_BYTES_MAX);
    tg_run_put_failure(&step->err, &why);
    ui_lines_add_wrapped(lines, UI_STYLE_FAIL, cells, tg_buf_text(&why));
    tg_buf_fini(&why);
    tg_buf_init(&advice, COMMANDS_BYTES_MAX);
    tg_run_advice(run, (int)index, TG_RUN_READER_CONSOLE, &advice);
    ui_lines_add_wrapped(lines, UI_STYLE_TEXT, cells, tg_buf_text(&advice));
    tg_buf_fini(&advice);
    if (inputs->moved_lab != NULL && step->err.code == TG_CODE_STOCKOUT) {
        char *moved =
            tg_asprintf(_("The lab with another region is in %s. To go on with it: :lab.down, then "
                          "tidegate up --project %s --lab with that file."),
                        inputs->moved_lab, run->config.project);
        ui_lines_add_wrapped(lines, UI_STYLE_KEY, cells, moved);
        free(moved);
    }
    ui_view_running_cost(context->inputs, cells, lines);
}

/* Since when the step is at it, how long that usually takes, and when it is given up. */
static void add_times(const struct ui_view_context *context, size_t index, int cells,
                      struct ui_lines *lines)
{
    char since[16];
    char due[24];
    const struct tg_run *run = context->inputs->run;
    const struct tg_run_step *step = &run->steps[index];
    const char *usual = context->inputs->lab->steps[index].usual;
    int64_t due_us = tg_run_due_us(run, (int)index);
    struct tg_buf text;
    tg_buf_init(&text, 1024);
    if (step->state == TG_RUN_FAILED) {
        char age[24];
        tg_buf_printf(&text, _("Failed at %s, %s ago."),
                      tg_fmt_clock(since, sizeof(since), step->ended_lab_us),
                      ui_view_age(age, sizeof(age), context->inputs->lab_us - step->ended_lab_us));
    } else {
        tg_buf_printf(&text, _("Since %s."),
                      tg_fmt_clock(since, sizeof(since), step->started_lab_us));
    }
    if (usual != NULL && run->config.direction == TG_RUN_UP && step->state != TG_RUN_FAILED) {
        tg_buf_puts(&text, " ");
        tg_buf_printf(&text,
                      ui_view_is_late(context->inputs, index)
                          ? _("It takes longer than the usual %s.")
                          : _("Usually it takes %s."),
                      usual);
    }
    if (due_us != 0 && ui_view_is_late(context->inputs, index)) {
        tg_buf_puts(&text, " ");
        tg_buf_printf(&text, _("It is given up in %s; what the server has begun goes on then."),
                      tg_fmt_duration(due, sizeof(due), due_us - context->inputs->lab_us));
    }
    ui_lines_add_wrapped(lines, UI_STYLE_MUTED, cells, tg_buf_text(&text));
    tg_buf_fini(&text);
}

/* What the run does about the step, or why it does not any more. */
static void add_run_state(const struct ui_view_context *context, size_t index, int cells,
                          struct ui_lines *lines)
{
    struct ui_look look;
    const struct tg_run *run = context->inputs->run;
    if (!look_of_run(context, index, &look)) {
        return;
    }
    struct ui_line *line = ui_lines_add(lines);
    ui_line_put(line, look.style, 2, "%s", look.sign);
    ui_line_put(line, look.style, 0, "%s", look.word);
    if (run->steps[index].state != TG_RUN_BLOCKED) {
        add_times(context, index, cells, lines);
    }
    if (run->steps[index].state != TG_RUN_FAILED && ui_view_is_late(context->inputs, index)) {
        ui_view_running_cost(context->inputs, cells, lines);
        ui_lines_add_wrapped(lines, UI_STYLE_MUTED, cells,
                             _("Nothing has to be done: it is waited for. :lab.stop begins nothing "
                               "more, :lab.up goes on later."));
    }
}

static void add_state(const struct ui_view_context *context, size_t index, int cells, bool has_rows,
                      struct ui_lines *lines)
{
    const struct tg_step_status *status = &context->inputs->steps[index];
    struct ui_look look = ui_view_look(context, status);
    char age[24];
    struct ui_line *line = ui_lines_add(lines);
    ui_line_put(line, look.style, 2, "%s", look.sign);
    ui_line_put(line, look.style, 0, "%s", look.word);
    ui_line_put(line, UI_STYLE_MUTED, 0, "  ");
    ui_line_put(line, UI_STYLE_MUTED, 0, _("%d of %d conditions are observed"),
                status->conditions_met, status->conditions_total);
    if (status->age_us >= 0) {
        ui_line_put(line, UI_STYLE_MUTED, 0, ", ");
        ui_line_put(line, UI_STYLE_MUTED, 0, _("seen %s ago"),
                    ui_view_age(age, sizeof(age), status->age_us));
    }
    add_run_state(context, index, cells, lines);
    if (ui_view_is_failed(context->inputs, index)) {
        add_failure(context, index, cells, lines);
        return;
    }
    char missing[REST_SIZE];
    const char *rest = rest_of(context, index, missing, sizeof(missing));
    /* What is waited for stands among the rows of progress, where there are any. */
    bool is_error =
        context->inputs->run != NULL && context->inputs->run->steps[index].err.code != TG_CODE_NONE;
    if (rest[0] != '\0' && (is_error || !has_rows)) {
        ui_lines_add_wrapped(lines, UI_STYLE_WARN, cells, rest);
    }
}

/* A condition in one place; region NULL: its name is the same everywhere. */
static void add_condition(const struct ui_view_context *context,
                          const struct tg_lab_condition *condition,
                          const struct tg_lab_region *region, struct ui_lines *lines)
{
    const struct tg_target *gcp = tg_model_gcp(context->inputs->model);
    struct tg_lab_place place = {
        .lab = context->inputs->lab, .region = region, .project = gcp != NULL ? gcp->name : NULL};
    bool is_everywhere = condition->where == TG_LAB_WHERE_REGIONS ||
                         condition->where == TG_LAB_WHERE_EACH_REGION_GCP;
    struct tg_buf name;
    tg_buf_init(&name, NAME_BYTES_MAX);
    tg_lab_expand(condition->name, &place, &name);
    struct ui_line *line = ui_lines_add(lines);
    ui_line_put(line, UI_STYLE_TEXT, 0, "  %s", tg_kind_info(condition->kind)->name);
    ui_line_put(line, UI_STYLE_TEXT, 0, "%s%s", name.len > 0 ? "/" : "", tg_buf_text(&name));
    if (condition->condition != NULL) {
        ui_line_put(line, UI_STYLE_MUTED, 0, "  %s=True", condition->condition);
    } else if (condition->field != NULL && condition->equals != NULL) {
        ui_line_put(line, UI_STYLE_MUTED, 0, "  %s=%s", condition->field, condition->equals);
    }
    if (is_everywhere) {
        ui_line_put(line, UI_STYLE_MUTED, 0, "  %s",
                    region != NULL ? region->name : _("in each region"));
    }
    tg_buf_fini(&name);
}

static void add_conditions(const struct ui_view_context *context, const struct tg_lab_step *step,
                           struct ui_lines *lines)
{
    const struct tg_lab *lab = context->inputs->lab;
    for (size_t i = 0; i < step->conditions_count; i++) {
        const struct tg_lab_condition *condition = &step->conditions[i];
        bool is_everywhere = condition->where == TG_LAB_WHERE_REGIONS ||
                             condition->where == TG_LAB_WHERE_EACH_REGION_GCP;
        bool has_names = is_everywhere && strchr(condition->name, '{') != NULL;
        for (size_t r = 0; r < (has_names ? lab->regions_count : 1); r++) {
            add_condition(context, condition, has_names ? &lab->regions[r] : NULL, lines);
        }
    }
}

static void add_things(const struct ui_view_context *context, int index, struct ui_lines *lines)
{
    const struct tg_run *run = context->inputs->run;
    for (size_t i = 0; run != NULL && i < run->items_count; i++) {
        const struct tg_run_item *item = &run->items[i];
        if (item->step != index) {
            continue;
        }
        enum tg_severity severity = item->state == TG_RUN_ITEM_DONE     ? TG_SEVERITY_OK
                                    : item->state == TG_RUN_ITEM_FAILED ? TG_SEVERITY_FAIL
                                    : item->err.code != TG_CODE_NONE    ? TG_SEVERITY_WARN
                                                                        : TG_SEVERITY_INFO;
        struct ui_line *line = ui_lines_add(lines);
        ui_line_put(line, ui_view_style(severity), 2, "%s", ui_view_sign(context, severity));
        ui_line_put(line, UI_STYLE_TEXT, 0, "%s", item->name);
        ui_line_put(line, UI_STYLE_MUTED, 0, "  %s",
                    item->state == TG_RUN_ITEM_DONE  ? tg_ensured_name(item->ensured)
                    : item->progress[0] != '\0'      ? item->progress
                    : item->err.code != TG_CODE_NONE ? item->err.msg
                                                     : "");
    }
}

static void add_progress_row(const struct ui_view_context *context,
                             const struct tg_progress_row *row, int cells, struct ui_lines *lines)
{
    enum ui_style style = ui_view_style(row->severity);
    char *detail = tg_asprintf("    %s", row->detail);
    if (row->object[0] == '\0') { /* a line of a log, below its Pod */
        ui_lines_add_wrapped(lines, style, cells, detail);
        free(detail);
        return;
    }
    struct ui_line *line = ui_lines_add(lines);
    ui_line_put(line, style, 2, "%s", ui_view_sign(context, row->severity));
    ui_line_put(line, UI_STYLE_TEXT, 0, "%s  ", row->object);
    if (row->target >= 0) {
        ui_line_put(line, UI_STYLE_MUTED, 0, "%s  ",
                    tg_model_target(context->inputs->model, row->target)->label);
    }
    ui_line_put(line, style, 0, "%s", _(row->phase));
    if (row->total > 0 && row->total < STAGES_MAX) {
        ui_line_put(line, UI_STYLE_MUTED, 0, "  %d/%d", (int)row->done, (int)row->total);
    }
    if (row->detail[0] != '\0') {
        ui_lines_add_wrapped(lines, UI_STYLE_MUTED, cells, detail);
    }
    free(detail);
}

static void add_shell_lines(const char *text, int cells, struct ui_lines *lines)
{
    for (const char *at = text; *at != '\0';) {
        size_t len = strcspn(at, "\n");
        char *line = tg_asprintf(*at == '#' ? "%.*s" : "$ %.*s", (int)len, at);
        ui_lines_add_wrapped(lines, UI_STYLE_KEY, cells, line);
        free(line);
        at += len + (at[len] == '\n' ? 1 : 0);
    }
}

/* By hand all that a shell of its own needs, where and with what; else the step's own alone. */
static void add_commands(const struct ui_view_context *context, size_t index, int cells,
                         struct ui_lines *lines)
{
    const struct ui_inputs *inputs = context->inputs;
    const struct tg_run *run = inputs->run;
    bool is_by_hand = inputs->mode == TG_RUN_BY_HAND;
    bool is_down =
        is_by_hand && run != NULL && !run->is_over && run->config.direction == TG_RUN_DOWN;
    struct tg_buf text;
    tg_buf_init(&text, COMMANDS_BYTES_MAX);
    tg_walk_step_commands(inputs->lab, index, is_down, is_by_hand, inputs->model,
                          &inputs->walk_shell, &text);
    if (text.len > 0) {
        heading(lines, _("By hand, in another terminal; it ticks itself off"));
        add_shell_lines(tg_buf_text(&text), cells, lines);
        ui_lines_add_wrapped(lines, UI_STYLE_MUTED, cells,
                             is_by_hand ? _("w has the same by sections, to be copied (c)")
                                        : _("w has them with what comes before, to be copied (c)"));
    }
    tg_buf_fini(&text);
}

void ui_view_step_page(const struct ui_view_context *context, size_t index, struct ui_lines *lines)
{
    const struct tg_lab *lab = context->inputs->lab;
    const struct tg_lab_step *step = &lab->steps[index];
    int cells = context->width;
    ui_lines_add_wrapped(lines, UI_STYLE_TEXT, cells,
                         tg_lab_text_for(&step->why, context->inputs->locale));
    ui_line_put(ui_lines_add(lines), UI_STYLE_TEXT, 0, " ");
    size_t count = 0;
    const struct ui_inputs *inputs = context->inputs;
    struct tg_progress_row *rows = tg_progress_rows(lab, index, inputs->model, inputs->run,
                                                    inputs->now_us, inputs->lab_us, &count);
    add_state(context, index, cells, count > 0, lines);
    if (count > 0) {
        heading(lines, _("What its things are doing"));
    }
    for (size_t i = 0; i < count; i++) {
        add_progress_row(context, &rows[i], cells, lines);
    }
    free(rows);
    heading(lines, _("It is done when this is observed"));
    add_conditions(context, step, lines);
    int done = 0;
    int total = 0;
    if (context->inputs->run != NULL) {
        tg_run_count(context->inputs->run, (int)index, &done, &total);
    }
    if (total > 0) {
        heading(lines, _("What was made, or removed"));
        add_things(context, (int)index, lines);
    }
    add_commands(context, index, cells, lines);
    if (step->needs_count > 0) {
        heading(lines, _("It needs"));
        for (size_t i = 0; i < step->needs_count; i++) {
            ui_line_put(
                ui_lines_add(lines), UI_STYLE_TEXT, 0, "  %s",
                tg_lab_text_for(&lab->steps[step->needs[i]].title, context->inputs->locale));
        }
    }
    if (step->usual != NULL) {
        ui_line_put(ui_lines_add(lines), UI_STYLE_TEXT, 0, " ");
        ui_line_put(ui_lines_add(lines), UI_STYLE_MUTED, 0, _("usually %s"), step->usual);
    }
}
