/* ui/walk.c - the guided walk through the lab: one section as a page beside the list of all. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/i18n.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/utf8.h"
#include "plan/price.h"
#include "plan/walk.h"
#include "ui/state.h"

#define TEXT_BYTES_MAX ((size_t)256 * 1024)
#define LIST_CELLS     32 /* the list of sections, where there is room for it */
#define LIST_WIDTH_MIN 100
#define PAGE_CELLS_MAX 120 /* longer lines are no pleasure to read */

static const struct tg_walk *walk_of(const struct ui_inputs *inputs)
{
    return inputs->lab->walk;
}

static const struct tg_walk_section *section_of(const struct ui *ui, const struct ui_inputs *inputs)
{
    return &walk_of(inputs)->sections[ui->section];
}

static bool has_commands(const struct tg_walk_section *section)
{
    return section->commands != NULL || section->from >= 0 || section->proof == TG_WALK_DOWN;
}

/* ---- what the reader does ---- */

static void turn_to(struct ui *ui, size_t section, struct ui_intent *intent)
{
    ui->section = section;
    ui->overlay_first = 0;
    intent->kind = UI_INTENT_WALK_GO;
    intent->section = section;
}

void ui_walk_open(struct ui *ui, const struct ui_inputs *inputs)
{
    if (walk_of(inputs) == NULL) {
        tg_str_copy(ui->message, sizeof(ui->message), _("This lab has no walkthrough."));
        return;
    }
    ui_ask(ui, UI_OVERLAY_WALK);
    ui->section = inputs->walk_place != NULL ? inputs->walk_place->section : 0;
    ui->is_walking = true;
}

/* What the page is about is asked for as anywhere else, with the same questions. */
static void do_it(struct ui *ui, const struct ui_inputs *inputs, struct ui_intent *intent)
{
    const struct tg_walk_section *section = section_of(ui, inputs);
    switch (section->proof) {
    case TG_WALK_STEPS:
        ui_lab_ask_range(ui, inputs, section->from, section->until, intent);
        break;
    case TG_WALK_DRILL:
        ui_command(ui, inputs, TG_COMMAND_DRILL_START, intent);
        break;
    case TG_WALK_DOWN:
        ui_command(ui, inputs, TG_COMMAND_LAB_DOWN, intent);
        break;
    case TG_WALK_READ:
    case TG_WALK_PROJECT:
        tg_str_copy(ui->message, sizeof(ui->message),
                    _("There is nothing to be done here but to read."));
        break;
    }
}

void ui_walk_command(struct ui *ui, const struct ui_inputs *inputs, enum tg_command command,
                     struct ui_intent *intent)
{
    if (command == TG_COMMAND_WALK || ui->overlay != UI_OVERLAY_WALK) {
        ui_walk_open(ui, inputs);
    }
    if (ui->overlay != UI_OVERLAY_WALK || command == TG_COMMAND_WALK) {
        return;
    }
    intent->section = ui->section;
    if (command == TG_COMMAND_WALK_DO) {
        do_it(ui, inputs, intent);
    } else if (!has_commands(section_of(ui, inputs))) {
        tg_str_copy(ui->message, sizeof(ui->message), _("This section has no commands."));
    } else {
        intent->kind = command == TG_COMMAND_WALK_COPY ? UI_INTENT_WALK_COPY : UI_INTENT_WALK_WRITE;
    }
}

bool ui_walk_key(struct ui *ui, const struct ui_inputs *inputs, struct ui_key key,
                 struct ui_intent *intent)
{
    size_t last = walk_of(inputs)->sections_count - 1;
    uint32_t letter = key.code == UI_KEY_CHAR && !key.is_control ? key.codepoint : 0;
    if (key.code == UI_KEY_TAB || key.code == UI_KEY_RIGHT || letter == 'n') {
        turn_to(ui, ui->section < last ? ui->section + 1 : last, intent);
    } else if (key.code == UI_KEY_BACKTAB || key.code == UI_KEY_LEFT || letter == 'b') {
        turn_to(ui, ui->section > 0 ? ui->section - 1 : 0, intent);
    } else if (letter == 'x' || letter == 'c' || letter == 'f') {
        ui_walk_command(ui, inputs,
                        letter == 'x'   ? TG_COMMAND_WALK_DO
                        : letter == 'c' ? TG_COMMAND_WALK_COPY
                                        : TG_COMMAND_WALK_WRITE,
                        intent);
    } else if (letter == 'w') {
        ui->overlay = UI_OVERLAY_NONE;
        ui->is_walking = false;
    } else {
        return false;
    }
    return true;
}

/* ---- what is shown ---- */

static struct ui_look look_of(const struct ui_view_context *context, enum tg_step_state state,
                              int done, int total)
{
    const struct tg_step_status status = {
        .state = state, .conditions_met = done, .conditions_total = total};
    return ui_view_look(context, &status);
}

static struct ui_look look_of_section(const struct ui_view_context *context, size_t section)
{
    const struct ui_inputs *inputs = context->inputs;
    static const struct tg_walk_place beginning;
    const struct tg_walk_place *place =
        inputs->walk_place != NULL ? inputs->walk_place : &beginning;
    int done = 0;
    int total = 0;
    enum tg_step_state state =
        tg_walk_judge(place, inputs->lab, inputs->steps, inputs->model, section, &done, &total);
    struct ui_look look = look_of(context, state, done, total);
    if (walk_of(inputs)->sections[section].proof == TG_WALK_READ) {
        snprintf(look.word, sizeof(look.word), "%s", done > 0 ? _("read") : _("not read"));
    } else if (state == TG_STEP_MISSING && walk_of(inputs)->sections[section].from < 0) {
        snprintf(look.word, sizeof(look.word), "%s", _("not yet"));
    } else if (state == TG_STEP_RUNNING) {
        snprintf(look.word, sizeof(look.word), _("%d of %d done"), done, total);
    }
    return look;
}

static void add_heading(struct ui_lines *lines, const char *text)
{
    if (lines->count > 0) {
        ui_line_put(ui_lines_add(lines), UI_STYLE_TEXT, 0, " ");
    }
    ui_line_put(ui_lines_add(lines), UI_STYLE_TITLE, 0, "%s", text);
}

/* Paragraphs of a text, or, with a mark, its points: what goes on stands below the first word. */
static void add_text(struct ui_lines *lines, int cells, const char *mark, const char *text)
{
    while (*text != '\0') {
        size_t len = strcspn(text, "\n");
        struct ui_lines wrapped = {0};
        char *line = tg_utf8_sanitize(text, len);
        ui_lines_add_wrapped(&wrapped, UI_STYLE_TEXT, cells - (int)strlen(mark), line);
        for (size_t i = 0; i < wrapped.count; i++) {
            ui_line_put(ui_lines_add(lines), UI_STYLE_TEXT, 0, "%*s%s", (int)strlen(mark),
                        i == 0 ? mark : "", wrapped.items[i].parts[0].text);
        }
        ui_lines_fini(&wrapped);
        free(line);
        text += len + (text[len] == '\n' ? 1 : 0);
    }
}

/* Code as it is, but for what is too long, which goes on in the next row. */
static void add_code(struct ui_lines *lines, int cells, enum ui_style style, const char *text)
{
    while (*text != '\0') {
        size_t len = strcspn(text, "\n");
        char *safe = tg_utf8_sanitize(text, len);
        if (*safe == '\0') {
            ui_line_put(ui_lines_add(lines), UI_STYLE_TEXT, 0, " ");
        }
        ui_lines_add_wrapped(lines, *safe == '#' ? UI_STYLE_MUTED : style, cells, safe);
        free(safe);
        text += len + (text[len] == '\n' ? 1 : 0);
    }
}

static void add_steps(const struct ui_view_context *context, const struct tg_walk_section *section,
                      int cells, struct ui_lines *lines)
{
    const struct ui_inputs *inputs = context->inputs;
    for (int i = section->from; i >= 0 && i <= section->until; i++) {
        struct ui_look look = ui_view_step_look(context, (size_t)i);
        struct ui_line *line = ui_lines_add(lines);
        ui_line_put(line, look.style, 2, "%s", look.sign);
        ui_line_put(line, UI_STYLE_TEXT, cells > 60 ? 40 : 30, "%s",
                    tg_lab_text_for(&inputs->lab->steps[i].title, inputs->locale));
        ui_line_put(line, look.style, 0, " %s", look.word);
        if (inputs->steps[i].state != TG_STEP_DONE && cells > 60) {
            char missing[300];
            ui_line_put(line, UI_STYLE_MUTED, 0, "  %s",
                        tg_step_missing_text(&inputs->steps[i], missing, sizeof(missing)));
        }
    }
}

static void add_point(const struct ui_view_context *context, bool is_met, const char *text,
                      struct ui_lines *lines)
{
    enum tg_severity severity = is_met ? TG_SEVERITY_OK : TG_SEVERITY_INFO;
    struct ui_line *line = ui_lines_add(lines);
    ui_line_put(line, ui_view_style(severity), 2, "%s", ui_view_sign(context, severity));
    ui_line_put(line, UI_STYLE_TEXT, 0, "%s", text);
}

static void add_cost(const struct ui_inputs *inputs, const struct tg_walk_section *section,
                     int cells, struct ui_lines *lines)
{
    if (inputs->lab->prices == NULL || section->from < 0) {
        return;
    }
    struct tg_cost cost =
        tg_cost_of(inputs->lab, inputs->model, inputs->now_us, section->from, section->until);
    if (cost.usd >= 0.01) {
        char *text = tg_asprintf(_("costs about %.2f USD per hour while it stands (estimate, list "
                                   "prices of %s)"),
                                 cost.usd, inputs->lab->prices->date);
        ui_lines_add_wrapped(lines, UI_STYLE_WARN, cells, text);
        free(text);
    }
    tg_cost_fini(&cost);
}

static void add_proof(const struct ui_view_context *context, size_t index, int cells,
                      struct ui_lines *lines)
{
    const struct ui_inputs *inputs = context->inputs;
    const struct tg_walk_section *section = &walk_of(inputs)->sections[index];
    const struct tg_walk_place *place = inputs->walk_place;
    const struct tg_drill *drill = inputs->drill;
    struct ui_look look = look_of_section(context, index);
    if (section->proof == TG_WALK_READ) {
        return;
    }
    add_heading(lines, _("It ticks itself off"));
    struct ui_line *line = ui_lines_add(lines);
    ui_line_put(line, look.style, 2, "%s", look.sign);
    ui_line_put(line, look.style, 0, "%s", look.word);
    if (section->usual != NULL) {
        ui_line_put(line, UI_STYLE_MUTED, 0, "  ");
        ui_line_put(line, UI_STYLE_MUTED, 0, _("usually %s"), section->usual);
    }
    add_steps(context, section, cells, lines);
    add_cost(inputs, section, cells, lines);
    if (section->proof == TG_WALK_DRILL) {
        add_point(context, place != NULL && place->was_at_zero,
                  _("the primary region was seen at zero replicas"), lines);
        add_point(context, place != NULL && place->came_back, _("it was seen serving again"),
                  lines);
    }
    if (section->proof == TG_WALK_DRILL && drill != NULL) {
        add_heading(lines, ui_view_title(UI_VIEW_DRILL));
        ui_view_drill(context, lines);
    }
    if (section->proof == TG_WALK_DOWN) {
        add_point(context, place != NULL && place->has_stood, _("the lab was seen standing"),
                  lines);
        add_point(context, place != NULL && place->is_gone,
                  _("and nothing of it was left in what could be read"), lines);
    }
}

/* Three ways: here, copied, or by files; each with its key. */
static void add_ways(const struct ui_inputs *inputs, const struct tg_walk_section *section,
                     int cells, struct ui_lines *lines)
{
    add_heading(lines, _("Three ways to do it"));
    add_text(lines, cells, "x  ",
             section->proof == TG_WALK_DRILL  ? _("here: the console's drill, after its question")
             : section->proof == TG_WALK_DOWN ? _("here: the console takes it down, after its "
                                                  "question")
             : section->proof == TG_WALK_STEPS
                 ? _("here: the console makes what is missing of this section, after its question")
                 : _("here: nothing, this is yours"));
    add_text(lines, cells, "c  ",
             _("copy the commands: sent to the terminal (OSC 52), which says nothing back, so it "
               "cannot be known whether it took them; within tmux it needs 'set -s set-clipboard "
               "on' or 'set -g allow-passthrough on'"));
    char *files = tg_asprintf(_("write the commands and their files, for a shell in another "
                                "terminal, to %s"),
                              inputs->walk_shell.folder != NULL ? inputs->walk_shell.folder : "?");
    add_text(lines, cells, "f  ", files);
    free(files);
}

static void add_commands(const struct ui_inputs *inputs, size_t index, int cells,
                         struct ui_lines *lines)
{
    const struct tg_walk_section *section = &walk_of(inputs)->sections[index];
    struct tg_buf text;
    if (!has_commands(section)) {
        return;
    }
    add_ways(inputs, section, cells, lines);
    tg_buf_init(&text, TEXT_BYTES_MAX);
    tg_walk_commands(inputs->lab, index, inputs->model, &inputs->walk_shell, &text);
    add_heading(lines, _("The commands"));
    add_code(lines, cells, UI_STYLE_KEY, tg_buf_text(&text));
    for (size_t i = 0; i < section->files_count; i++) {
        tg_buf_reset(&text);
        tg_walk_file(inputs->lab, section->files[i], inputs->model, inputs->walk_shell.fixes,
                     &text);
        add_heading(lines, section->files[i]);
        add_code(lines, cells, UI_STYLE_TEXT, tg_buf_text(&text));
    }
    tg_buf_fini(&text);
}

static void fill_page(const struct ui_view_context *context, size_t index, struct ui_lines *lines)
{
    const struct ui_inputs *inputs = context->inputs;
    const struct tg_walk_section *section = &walk_of(inputs)->sections[index];
    int cells = context->width < PAGE_CELLS_MAX ? context->width : PAGE_CELLS_MAX;
    add_heading(lines, _("Why"));
    add_text(lines, cells, "", tg_lab_text_for(&section->why, inputs->locale));
    add_heading(lines, _("What to look at"));
    add_text(lines, cells, "- ", tg_lab_text_for(&section->look, inputs->locale));
    add_proof(context, index, cells, lines);
    add_commands(inputs, index, cells, lines);
}

static void draw_list(const struct ui *ui, const struct ui_view_context *context,
                      struct ui_canvas *canvas, struct ui_rect rect)
{
    struct ui_lines lines = {0};
    const struct tg_walk *walk = walk_of(context->inputs);
    struct ui_rect inner =
        ui_frame_box(canvas, rect, ui->is_utf8, false, _("Walkthrough"), UI_STYLE_MUTED, "");
    for (size_t i = 0; i < walk->sections_count; i++) {
        struct ui_look look = look_of_section(context, i);
        struct ui_line *line = ui_lines_add(&lines);
        ui_line_put(line, look.style, 2, "%s", look.sign);
        ui_line_put(line, UI_STYLE_TEXT, 0, "%2d %s", walk->sections[i].number,
                    tg_lab_text_for(&walk->sections[i].title, context->inputs->locale));
    }
    ui_lines_draw(&lines, canvas, inner, 0, (long)ui->section, ui->is_utf8);
    ui_lines_fini(&lines);
}

static void draw_keys(struct ui_canvas *canvas)
{
    static const struct {
        const char *key;
        const char *hint;
    } hints[] = {{"n", N_("next")}, {"b", N_("back")},         {"x", N_("do")},
                 {"c", N_("copy")}, {"f", N_("files")},        {"w", N_("close")},
                 {"?", N_("help")}, {"PageDown", N_("scroll")}};
    int y = ui_canvas_height(canvas) - 1;
    int x = 1;
    ui_canvas_fill(canvas, (struct ui_rect){0, y, ui_canvas_width(canvas), 1}, " ", UI_STYLE_TEXT);
    for (size_t i = 0; i < sizeof(hints) / sizeof(hints[0]); i++) {
        int cells = (int)(tg_utf8_width(hints[i].key) + tg_utf8_width(_(hints[i].hint)));
        if (x + cells + 1 >= ui_canvas_width(canvas)) {
            break;
        }
        x = ui_canvas_printf(canvas, x, y, UI_STYLE_KEY, "%s ", hints[i].key);
        x = ui_canvas_printf(canvas, x, y, UI_STYLE_MUTED, "%s  ", _(hints[i].hint));
    }
}

void ui_walk_draw(struct ui *ui, const struct ui_inputs *inputs, struct ui_canvas *canvas)
{
    struct ui_rect rect = {0, 2, ui_canvas_width(canvas), ui_canvas_height(canvas) - 4};
    struct ui_view_context context = {inputs, ui->is_utf8, rect.width, rect.height, true};
    if (rect.width >= LIST_WIDTH_MIN) {
        draw_list(ui, &context, canvas, (struct ui_rect){rect.x, rect.y, LIST_CELLS, rect.height});
        rect.x += LIST_CELLS;
        rect.width -= LIST_CELLS;
    }
    struct ui_lines lines = {0};
    char title[160];
    context.width = rect.width - 2;
    context.height = rect.height - 2;
    fill_page(&context, ui->section, &lines);
    const struct tg_walk_section *section = section_of(ui, inputs);
    struct ui_look look = look_of_section(&context, ui->section);
    snprintf(title, sizeof(title), "%d/%zu %s", section->number, walk_of(inputs)->sections_count,
             tg_lab_text_for(&section->title, inputs->locale));
    ui_overlay_page(ui, canvas, rect, title, look.word, look.style, &lines);
    ui_lines_fini(&lines);
    draw_keys(canvas);
}
