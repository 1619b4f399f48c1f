/* ui/frame.c - draws the whole screen: banner, panes, problem line, hints. */
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
#include "ui/state.h"

#define WIDTH_MIN        60
#define HEIGHT_MIN       16
#define MESSAGE_ROWS_MAX 5

void ui_frame_fill(const struct ui_view_context *context, enum ui_view view, struct ui_lines *lines)
{
    static void (*const fill[])(const struct ui_view_context *, struct ui_lines *) = {
        ui_view_steps,  ui_view_pods,  ui_view_interfaces,
        ui_view_routes, ui_view_drill, ui_view_events};
    fill[view](context, lines);
    ui_view_unseen(context, view, lines);
}

struct ui_rect ui_frame_box(struct ui_canvas *canvas, struct ui_rect rect, bool is_utf8,
                            bool is_focused, const char *title, enum ui_style note_style,
                            const char *note)
{
    enum ui_style style = is_focused ? UI_STYLE_FOCUS : UI_STYLE_BORDER;
    const char *across = is_utf8 ? "─" : "-";
    const char *down = is_utf8 ? "│" : "|";
    int right = rect.x + rect.width - 1;
    int bottom = rect.y + rect.height - 1;
    ui_canvas_push_clip(canvas, rect);
    ui_canvas_fill(canvas, rect, " ", UI_STYLE_TEXT);
    for (int x = rect.x; x <= right; x++) {
        ui_canvas_put(canvas, x, rect.y, style, across);
        ui_canvas_put(canvas, x, bottom, style, across);
    }
    for (int y = rect.y; y <= bottom; y++) {
        bool is_top = y == rect.y;
        bool is_bottom = y == bottom;
        ui_canvas_put(canvas, rect.x, y, style,
                      !is_utf8    ? (is_top || is_bottom ? "+" : down)
                      : is_top    ? "┌"
                      : is_bottom ? "└"
                                  : down);
        ui_canvas_put(canvas, right, y, style,
                      !is_utf8    ? (is_top || is_bottom ? "+" : down)
                      : is_top    ? "┐"
                      : is_bottom ? "┘"
                                  : down);
    }
    int note_cells = (int)tg_utf8_width(note);
    int title_cells = (int)tg_utf8_width(title);
    enum ui_style title_style = is_focused ? UI_STYLE_FOCUS : UI_STYLE_TITLE;
    title_cells = title_cells > rect.width - 6 ? rect.width - 6 : title_cells;
    if (title_cells > 0) {
        ui_canvas_put(canvas, rect.x + 2, rect.y, title_style, is_focused ? "[" : " ");
        int end =
            ui_canvas_put_fit(canvas, rect.x + 3, rect.y, title_cells, false, title_style, title);
        ui_canvas_put(canvas, end, rect.y, title_style, is_focused ? "]" : " ");
    }
    int room = rect.width - title_cells - 8;
    if (note_cells > 0 && room > 6) {
        int cells = note_cells < room ? note_cells : room;
        ui_canvas_put(canvas, right - cells - 2, rect.y, note_style, " ");
        int end =
            ui_canvas_put_fit(canvas, right - cells - 1, rect.y, cells, false, note_style, note);
        ui_canvas_put(canvas, end, rect.y, note_style, " ");
    }
    ui_canvas_pop_clip(canvas);
    return (struct ui_rect){rect.x + 1, rect.y + 1, rect.width - 2, rect.height - 2};
}

static void draw_pane(struct ui *ui, const struct ui_inputs *inputs, struct ui_canvas *canvas,
                      enum ui_view view, struct ui_rect rect)
{
    struct ui_pane *pane = &ui->panes[view];
    struct ui_view_context context = {inputs, ui->is_utf8, rect.width - 2, rect.height - 2,
                                      ui->is_zoomed};
    struct ui_lines lines = {0};
    char note[160];
    char title[160];
    ui_frame_fill(&context, view, &lines);
    size_t all = lines.count;
    ui_lines_filter(&lines, pane->filter);
    pane->count = lines.count;
    pane->width = context.width;
    pane->height = context.height;
    if (lines.count == 0 && all > 0) {
        ui_line_put(ui_lines_add(&lines), UI_STYLE_MUTED, 0, _("no row contains '%s'"),
                    pane->filter);
    }
    enum ui_style note_style = ui_view_source(&context, view, note, sizeof(note));
    if (pane->filter[0] != '\0') {
        snprintf(title, sizeof(title), "%d %s /%s %zu:%zu", (int)view + 1, ui_view_title(view),
                 pane->filter, pane->count, all);
    } else {
        char summary[60];
        ui_view_summary(&context, view, summary, sizeof(summary));
        snprintf(title, sizeof(title), "%d %s%s%s", (int)view + 1, ui_view_title(view),
                 summary[0] != '\0' ? " " : "", summary);
    }
    struct ui_rect inner =
        ui_frame_box(canvas, rect, ui->is_utf8, view == ui->focus, title, note_style, note);
    size_t rows = inner.height > 0 ? (size_t)inner.height : 0;
    size_t last = lines.count > rows ? lines.count - rows : 0;
    if (pane->is_following) {
        pane->first = last;
    } else if (pane->selected >= 0) {
        size_t selected = (size_t)pane->selected;
        pane->first = selected < pane->first           ? selected
                      : selected >= pane->first + rows ? selected - rows + 1
                                                       : pane->first;
    }
    if (pane->selected < 0 && !pane->is_following) {
        pane->first = lines.wanted > 2 ? (size_t)lines.wanted - 2 : 0;
    }
    pane->first = pane->first > last ? last : pane->first;
    ui_lines_draw(&lines, canvas, inner, pane->first,
                  view == ui->focus && !pane->is_following ? pane->selected : -1, ui->is_utf8);
    if (lines.count > rows && rect.width > 30) {
        ui_canvas_printf(canvas, rect.x + rect.width - 16, rect.y + rect.height - 1, UI_STYLE_MUTED,
                         " %zu-%zu/%zu ", pane->first + 1,
                         pane->first + rows < lines.count ? pane->first + rows : lines.count,
                         lines.count);
    }
    ui_lines_fini(&lines);
}

/* Large screens show all panes; smaller ones the steps and Pods above the focused other one; the
 * smallest one pane. */
static void draw_panes(struct ui *ui, const struct ui_inputs *inputs, struct ui_canvas *canvas,
                       struct ui_rect room)
{
    if (ui->is_zoomed || room.height < 18 || room.width < 80) {
        draw_pane(ui, inputs, canvas, ui->focus, room);
        return;
    }
    int left = room.width / 2;
    int right = room.width - left;
    if (room.height < 25 || room.width < 100) {
        int top = room.height / 2;
        enum ui_view lower = ui->focus > UI_VIEW_PODS ? ui->focus : UI_VIEW_DRILL;
        int narrow = room.width * 2 / 5;
        draw_pane(ui, inputs, canvas, UI_VIEW_STEPS, (struct ui_rect){room.x, room.y, narrow, top});
        draw_pane(ui, inputs, canvas, UI_VIEW_PODS,
                  (struct ui_rect){room.x + narrow, room.y, room.width - narrow, top});
        draw_pane(ui, inputs, canvas, lower,
                  (struct ui_rect){room.x, room.y + top, room.width, room.height - top});
        return;
    }
    int top = room.height * 4 / 10;
    int middle = room.height * 2 / 10 > 7 ? room.height * 2 / 10 : 7;
    int bottom = room.height - top - middle;
    draw_pane(ui, inputs, canvas, UI_VIEW_STEPS, (struct ui_rect){room.x, room.y, left, top});
    draw_pane(ui, inputs, canvas, UI_VIEW_PODS,
              (struct ui_rect){room.x + left, room.y, right, top});
    draw_pane(ui, inputs, canvas, UI_VIEW_INTERFACES,
              (struct ui_rect){room.x, room.y + top, left, middle});
    draw_pane(ui, inputs, canvas, UI_VIEW_ROUTES,
              (struct ui_rect){room.x + left, room.y + top, right, middle});
    draw_pane(ui, inputs, canvas, UI_VIEW_DRILL,
              (struct ui_rect){room.x, room.y + top + middle, left, bottom});
    draw_pane(ui, inputs, canvas, UI_VIEW_EVENTS,
              (struct ui_rect){room.x + left, room.y + top + middle, right, bottom});
}

static bool has_anything_answered(const struct ui_inputs *inputs)
{
    for (size_t i = 0; i < inputs->model->targets_count; i++) {
        if (tg_select_source(inputs->model->targets[i], NULL, 0, inputs->now_us).age_us >= 0) {
            return true;
        }
    }
    return false;
}

static void draw_banner(const struct ui *ui, const struct ui_inputs *inputs,
                        struct ui_canvas *canvas)
{
    char clock[16];
    int width = ui_canvas_width(canvas);
    ui_canvas_fill(canvas, (struct ui_rect){0, 0, width, 1}, " ", UI_STYLE_TEXT);
    int x = ui_canvas_put(canvas, 0, 0, UI_STYLE_BANNER, " tidegate ");
    if (inputs->is_simulated) {
        x = ui_canvas_printf(canvas, x, 0, UI_STYLE_SIMULATED,
                             inputs->speed == 1 ? "SIMULATED " : "SIMULATED x%g ", inputs->speed);
    } else if (has_anything_answered(inputs)) {
        x = ui_canvas_put(canvas, x, 0, UI_STYLE_BANNER, "LIVE ");
    } else {
        /* Only an answer tells whether the world is a simulated one. */
        x = ui_canvas_put(canvas, x, 0, UI_STYLE_BANNER, "...  ");
    }
    x = ui_canvas_put(canvas, x, 0, inputs->is_armed ? UI_STYLE_ARMED : UI_STYLE_MUTED,
                      inputs->is_armed ? _("ARMED") : _("READ-ONLY"));
    if (ui->is_paused) {
        char age[24];
        x = ui_canvas_printf(canvas, x, 0, UI_STYLE_WARN, " %s ~%s", _("PAUSED"),
                             ui_view_age(age, sizeof(age), inputs->now_us - ui->paused_us));
    }
    /* Minutes only: a clock of seconds would write every second. */
    tg_fmt_clock(clock, sizeof(clock), inputs->lab_us);
    clock[5] = '\0';
    ui_canvas_printf(canvas, width - 8, 0, UI_STYLE_MUTED, "%sZ", clock);
    const char *title = tg_lab_text_for(&inputs->lab->title, inputs->locale);
    int room = width - 11 - x;
    int cells = (int)tg_utf8_width(title);
    if (room > 3) {
        ui_canvas_put_fit(canvas, x + 2, 0, cells < room ? cells : room, false, UI_STYLE_MUTED,
                          title);
    }
}

static void draw_sources(const struct ui_inputs *inputs, struct ui_canvas *canvas)
{
    int x = 1;
    for (size_t i = 0; i < inputs->model->targets_count && x < ui_canvas_width(canvas); i++) {
        char text[96];
        struct tg_source source =
            tg_select_source(inputs->model->targets[i], NULL, 0, inputs->now_us);
        if (!tg_target_is_shown(inputs->model->targets[i], inputs->now_us)) {
            continue;
        }
        enum ui_style style = ui_view_source_text(&source, text, sizeof(text));
        x = ui_canvas_printf(canvas, x, 1, UI_STYLE_TEXT, "%s ", inputs->model->targets[i]->label);
        x = ui_canvas_printf(canvas, x, 1, style, "%s   ", text);
    }
    int room = ui_canvas_width(canvas) - x - 1;
    if (inputs->tour_note != NULL && room > 3) {
        int cells = (int)tg_utf8_width(inputs->tour_note);
        cells = cells < room ? cells : room;
        ui_canvas_put_fit(canvas, ui_canvas_width(canvas) - cells - 1, 1, cells, false,
                          UI_STYLE_RUNNING, inputs->tour_note);
    }
}

static const char *problem_text(enum tg_problem_code code)
{
    /* tidy: table */
    static const char *const texts[] = {
        [TG_PROBLEM_SOURCE_LOST] = N_("source lost"),
        [TG_PROBLEM_SOURCE_DENIED] = N_("source denied"),
        [TG_PROBLEM_NODE_NOT_READY] = N_("node not ready"),
        [TG_PROBLEM_POD_FAILING] = N_("Pod failing"),
        [TG_PROBLEM_POD_PENDING] = N_("Pod pending"),
        [TG_PROBLEM_NOT_SERVING] = N_("Ready, but not serving yet"),
        [TG_PROBLEM_SCALED_TO_ZERO] = N_("scaled to zero"),
        [TG_PROBLEM_BACKEND_UNHEALTHY] = N_("backend unhealthy"),
        [TG_PROBLEM_GATEWAY_NOT_PROGRAMMED] = N_("gateway not programmed"),
        [TG_PROBLEM_CLAIM_PENDING] = N_("ResourceClaim not allocated"),
        [TG_PROBLEM_DRILL_ANNOTATION] = N_("held by a drill"),
    };
    return _(texts[code]);
}

/* The first step that takes longer than usual. */
static bool draw_late(const struct ui *ui, const struct ui_inputs *inputs, struct ui_canvas *canvas,
                      int y)
{
    char span[24];
    struct ui_view_context context = {inputs, ui->is_utf8, 0, 0, false};
    for (size_t i = 0; i < inputs->lab->steps_count; i++) {
        if (!ui_view_is_late(inputs, i)) {
            continue;
        }
        const struct tg_lab_step *step = &inputs->lab->steps[i];
        int x = ui_canvas_printf(canvas, 1, y, UI_STYLE_WARN, "%s ",
                                 ui_view_sign(&context, TG_SEVERITY_WARN));
        x = ui_canvas_printf(canvas, x, y, UI_STYLE_WARN, _("%s: for %s, usually %s."),
                             tg_lab_text_for(&step->title, inputs->locale),
                             tg_fmt_duration(span, sizeof(span),
                                             inputs->lab_us - inputs->run->steps[i].started_lab_us),
                             step->usual);
        ui_canvas_printf(canvas, x + 1, y, UI_STYLE_KEY, "%s", _("1 Enter: more"));
        return true;
    }
    return false;
}

/* What stands in the way of the lab, where to look, and what brings it up; false when nothing does.
 */
static bool draw_trouble(const struct ui *ui, const struct ui_inputs *inputs,
                         struct ui_canvas *canvas, int y)
{
    char span[24];
    char clock[16];
    struct ui_view_context context = {inputs, ui->is_utf8, 0, 0, false};
    const struct tg_run_item *item = tg_run_out_of_stock(inputs->run, 0);
    int failed = tg_run_first_failed(inputs->run);
    if (failed >= 0 && ui_view_is_failed(inputs, (size_t)failed)) {
        const struct tg_run_step *step = &inputs->run->steps[failed];
        int x = ui_canvas_printf(canvas, 1, y, UI_STYLE_FAIL, "%s ",
                                 ui_view_sign(&context, TG_SEVERITY_FAIL));
        x = ui_canvas_printf(canvas, x, y, UI_STYLE_FAIL, _("%s: failed %s ago."),
                             tg_lab_text_for(&inputs->lab->steps[failed].title, inputs->locale),
                             ui_view_age(span, sizeof(span), inputs->lab_us - step->ended_lab_us));
        ui_canvas_printf(canvas, x + 1, y, UI_STYLE_KEY, "%s", _("1 Enter: why, and what helps"));
        return true;
    }
    if (item == NULL) {
        return draw_late(ui, inputs, canvas, y);
    }
    const char *zone = tg_run_item_zone(inputs->run, item);
    zone = zone != NULL ? zone : "-";
    int x = ui_canvas_printf(canvas, 1, y, UI_STYLE_WARN, "%s ",
                             ui_view_sign(&context, TG_SEVERITY_WARN));
    if (item->state == TG_RUN_ITEM_WAITING) {
        x = ui_canvas_printf(canvas, x, y, UI_STYLE_WARN, _("No machines in %s; next try at %s."),
                             zone, tg_fmt_clock(clock, sizeof(clock), item->retry_lab_us));
    } else {
        x = ui_canvas_printf(canvas, x, y, UI_STYLE_WARN,
                             _("No machines were free; tried again now in %s."), zone);
    }
    ui_canvas_printf(canvas, x + 1, y, UI_STYLE_KEY, "%s", _("S: what can be done"));
    return true;
}

/* What was said to the operator, whole: upwards from y as many rows as it needs. */
static bool draw_message(const struct ui *ui, const struct ui_inputs *inputs,
                         struct ui_canvas *canvas, int y)
{
    const char *text = ui->message[0] != '\0' ? ui->message : inputs->notice;
    enum ui_style style =
        ui->message[0] != '\0' ? UI_STYLE_WARN : ui_view_style(inputs->notice_severity);
    struct ui_lines lines = {0};
    if (text == NULL) {
        return false;
    }
    ui_lines_add_wrapped(&lines, style, ui_canvas_width(canvas) - 2, text);
    int count = (int)lines.count < MESSAGE_ROWS_MAX ? (int)lines.count : MESSAGE_ROWS_MAX;
    struct ui_rect rect = {0, y - count + 1, ui_canvas_width(canvas), count};
    ui_canvas_fill(canvas, rect, " ", UI_STYLE_TEXT);
    rect.x += 1;
    rect.width -= 2;
    ui_lines_draw(&lines, canvas, rect, 0, -1, ui->is_utf8);
    ui_lines_fini(&lines);
    return true;
}

static bool is_prompt(enum ui_overlay overlay)
{
    return overlay == UI_OVERLAY_COMMAND || overlay == UI_OVERLAY_FILTER ||
           overlay == UI_OVERLAY_WAIVE;
}

/* What the drill itself does to its region is what it is for, not an alarm. */
static bool is_of_drill(const struct ui_inputs *inputs, const struct tg_problem *problem)
{
    const struct tg_drill *drill = inputs->drill;
    if (drill == NULL || tg_drill_is_over(drill) || drill->config.target < 0) {
        return false;
    }
    const struct tg_target *down = tg_model_target(inputs->model, drill->config.target);
    switch (problem->code) {
    case TG_PROBLEM_POD_PENDING:
    case TG_PROBLEM_NOT_SERVING:
    case TG_PROBLEM_SCALED_TO_ZERO:
    case TG_PROBLEM_CLAIM_PENDING:
    case TG_PROBLEM_DRILL_ANNOTATION:
        return problem->target == down->index;
    case TG_PROBLEM_BACKEND_UNHEALTHY: /* Google Cloud's, by its zone */
        return down->region[0] != '\0' && strstr(problem->object, down->region) != NULL;
    default:
        return false;
    }
}

static void draw_problems(const struct ui *ui, const struct ui_inputs *inputs,
                          struct ui_canvas *canvas, int y)
{
    size_t count = 0;
    struct ui_view_context context = {inputs, ui->is_utf8, 0, 0, false};
    /* What was answered is read by now; what is wrong stays. */
    bool is_read = inputs->notice == NULL || inputs->now_us - inputs->notice_us > UI_NOTICE_US;
    if (ui->message[0] == '\0' && is_read && draw_trouble(ui, inputs, canvas, y)) {
        return;
    }
    if (draw_message(ui, inputs, canvas, y)) {
        return;
    }
    char next[200];
    bool is_first = ui_next_text(inputs, next, sizeof(next));
    struct tg_problem *problems = tg_select_problems(inputs->model, inputs->now_us, &count);
    /* The walkthrough's page says itself what is next. */
    bool is_walk = ui->overlay == UI_OVERLAY_WALK;
    if (next[0] != '\0' && !is_walk && (is_first || count == 0)) {
        int room = ui_canvas_width(canvas) - 2;
        int cells = (int)tg_utf8_width(next);
        ui_canvas_put_fit(canvas, 1, y, cells < room ? cells : room, false, UI_STYLE_RUNNING, next);
        free(problems);
        return;
    }
    if (count > 0) {
        size_t worst = 0;
        while (worst < count && is_of_drill(inputs, &problems[worst])) {
            worst++;
        }
        bool is_meant = worst == count;
        worst = is_meant ? 0 : worst;
        enum tg_severity severity = is_meant ? TG_SEVERITY_INFO : problems[worst].severity;
        int x = ui_canvas_printf(canvas, 1, y, ui_view_style(severity),
                                 "%s %s%s: ", ui_view_sign(&context, severity),
                                 is_meant && problems[worst].code != TG_PROBLEM_DRILL_ANNOTATION
                                     ? _("the drill's doing: ")
                                     : "",
                                 problem_text(problems[worst].code));
        char more[60] = "";
        if (count > 1) {
            snprintf(more, sizeof(more), _("(%zu more)"), count - 1);
        }
        char *text = tg_asprintf("%s %s", problems[worst].object, problems[worst].detail);
        int room = ui_canvas_width(canvas) - x - (int)tg_utf8_width(more) - 3;
        int cells = (int)tg_utf8_width(text);
        if (room > 0) {
            x = ui_canvas_put_fit(canvas, x, y, cells < room ? cells : room, false, UI_STYLE_TEXT,
                                  text);
        }
        ui_canvas_put(canvas, x + 2, y, UI_STYLE_MUTED, more);
        free(text);
    }
    free(problems);
}

/* What helps now: drilling when that is allowed, stopping while a drill runs. */
static bool is_hinted(const struct ui_inputs *inputs, enum tg_command command)
{
    bool is_running = inputs->drill != NULL && !tg_drill_is_over(inputs->drill);
    switch (command) {
    case TG_COMMAND_DRILL_START:
        return inputs->is_armed && !is_running && !inputs->is_restore_offered &&
               ui_primary_target(inputs) >= 0 && (inputs->run == NULL || inputs->run->is_over);
    case TG_COMMAND_DRILL_ABORT:
        return is_running;
    case TG_COMMAND_RESTORE:
        return inputs->is_restore_offered;
    case TG_COMMAND_STOCKOUT:
        return tg_run_out_of_stock(inputs->run, 0) != NULL;
    default:
        return true;
    }
}

static void draw_hints(const struct ui_inputs *inputs, struct ui_canvas *canvas, int y)
{
    int x = 1;
    for (int i = 0; i < TG_COMMAND_COUNT; i++) {
        const struct tg_command_info *info = tg_command_info((enum tg_command)i);
        char hint[120];
        char key[16];
        if (info->hint[0] == '\0' || !is_hinted(inputs, (enum tg_command)i)) {
            continue;
        }
        snprintf(key, sizeof(key), "%.*s", (int)strcspn(info->keys, " "), info->keys);
        snprintf(hint, sizeof(hint), "%s", _(info->hint));
        if (x + (int)(tg_utf8_width(key) + tg_utf8_width(hint)) + 1 >= ui_canvas_width(canvas)) {
            break;
        }
        x = ui_canvas_printf(canvas, x, y, UI_STYLE_KEY, "%s ", key);
        x = ui_canvas_printf(canvas, x, y, UI_STYLE_MUTED, "%s  ", hint);
    }
}

/* Where a line is typed into, q would be a letter of it. */
static bool is_typed_into(enum ui_overlay overlay)
{
    return overlay == UI_OVERLAY_COMMAND || overlay == UI_OVERLAY_FILTER ||
           overlay == UI_OVERLAY_PALETTE || overlay == UI_OVERLAY_WAIVE ||
           overlay == UI_OVERLAY_CONFIRM || overlay == UI_OVERLAY_SECRET ||
           overlay == UI_OVERLAY_LAB_UP || overlay == UI_OVERLAY_LAB_DOWN;
}

static void draw_too_small(const struct ui *ui, const struct ui_inputs *inputs,
                           struct ui_canvas *canvas)
{
    int width = ui_canvas_width(canvas);
    int height = ui_canvas_height(canvas);
    struct ui_lines lines = {0};
    char *sizes = tg_asprintf(_("tidegate needs %dx%d, this terminal is %dx%d"), WIDTH_MIN,
                              HEIGHT_MIN, width, height);
    char *keys = tg_asprintf("%s  %sq %s", inputs->is_simulated ? "SIMULATED" : "LIVE",
                             is_typed_into(ui->overlay) ? "Esc " : "", _("leaves"));
    ui_lines_add_wrapped(&lines, UI_STYLE_TEXT, width, sizes);
    ui_lines_add_wrapped(&lines, UI_STYLE_TEXT, width, keys);
    int count = (int)lines.count < height ? (int)lines.count : height;
    ui_lines_draw(&lines, canvas, (struct ui_rect){0, (height - count) / 2, width, count}, 0, -1,
                  ui->is_utf8);
    ui_lines_fini(&lines);
    free(keys);
    free(sizes);
}

void ui_render(struct ui *ui, const struct ui_inputs *inputs, struct ui_canvas *canvas)
{
    int width = ui_canvas_width(canvas);
    int height = ui_canvas_height(canvas);
    if (ui->is_paused && !ui->is_touched && ui->overlay == UI_OVERLAY_NONE &&
        ui->drawn_width == width && ui->drawn_height == height) {
        draw_banner(ui, inputs, canvas);
        return;
    }
    ui_stockout_follow(ui, inputs);
    /* What an operator asks to see, a dialog closed or a pane zoomed, is drawn, as it is now. */
    ui->paused_us = inputs->now_us;
    ui->is_touched = false;
    ui_canvas_clear(canvas);
    ui->drawn_width = width;
    ui->drawn_height = height;
    if (width < WIDTH_MIN || height < HEIGHT_MIN) {
        draw_too_small(ui, inputs, canvas);
        return;
    }
    draw_banner(ui, inputs, canvas);
    draw_sources(inputs, canvas);
    draw_panes(ui, inputs, canvas, (struct ui_rect){0, 2, width, height - 4});
    draw_problems(ui, inputs, canvas, height - 2);
    draw_hints(inputs, canvas, height - 1);
    ui_overlay_draw(ui, inputs, canvas);
    if (ui->overlay != UI_OVERLAY_NONE && !is_prompt(ui->overlay)) {
        (void)draw_message(ui, inputs, canvas, height - 2);
    }
}
