/* ui/overlay.c - help, detail, palette, prompts and the dialogs that guard what cannot be undone by
 * a key. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/i18n.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/utf8.h"
#include "ui/state.h"

static struct ui_rect centre(const struct ui_canvas *canvas, int width, int height)
{
    int room_x = ui_canvas_width(canvas);
    int room_y = ui_canvas_height(canvas);
    width = width > room_x - 4 ? room_x - 4 : width;
    int margin = room_y < 24 ? 2 : 4; /* where there is little room, it is the dialog's */
    height = height > room_y - margin ? room_y - margin : height;
    return (struct ui_rect){(room_x - width) / 2, (room_y - height) / 2, width, height};
}

int ui_overlay_cells(const struct ui_canvas *canvas, int width)
{
    return centre(canvas, width, 8).width - 2;
}

static void draw_lines(struct ui *ui, struct ui_canvas *canvas, struct ui_rect rect,
                       const char *title, const char *note, enum ui_style note_style,
                       const struct ui_lines *lines, long selected)
{
    struct ui_rect inner = ui_frame_box(canvas, rect, ui->is_utf8, true, title, note_style, note);
    long rows = inner.height > 0 ? inner.height : 0;
    long count = (long)lines->count;
    long last = count > rows ? count - rows : 0;
    ui->overlay_first =
        ui->overlay_first > last || ui_is_end_followed(ui) ? last : ui->overlay_first;
    ui_lines_draw(lines, canvas, inner, (size_t)ui->overlay_first, selected, ui->is_utf8);
    if (count > rows && rect.width > 30) {
        ui_canvas_printf(canvas, rect.x + rect.width - 16, rect.y + rect.height - 1, UI_STYLE_MUTED,
                         " %ld-%ld/%ld ", ui->overlay_first + 1, ui->overlay_first + rows, count);
    }
}

void ui_overlay_lines(struct ui *ui, struct ui_canvas *canvas, int width, const char *title,
                      const char *note, const struct ui_lines *lines)
{
    draw_lines(ui, canvas, centre(canvas, width, (int)lines->count + 2), title, note,
               UI_STYLE_MUTED, lines, -1);
}

void ui_overlay_page(struct ui *ui, struct ui_canvas *canvas, struct ui_rect rect,
                     const char *title, const char *note, enum ui_style note_style,
                     const struct ui_lines *lines)
{
    draw_lines(ui, canvas, rect, title, note, note_style, lines, -1);
}

/* One command: keys and name, and what it does beside them on as many lines as it needs. */
static void add_help(struct ui_lines *lines, const struct tg_command_info *info, int cells)
{
    int keys_cells = 14;
    int name_cells = 17;
    struct ui_lines text = {0};
    ui_lines_add_wrapped(&text, UI_STYLE_TEXT, cells - keys_cells - name_cells, _(info->help));
    for (size_t i = 0; i < text.count; i++) {
        struct ui_line *line = ui_lines_add(lines);
        ui_line_put(line, UI_STYLE_KEY, keys_cells, "%s", i == 0 ? info->keys : "");
        ui_line_put(line, UI_STYLE_MUTED, name_cells, "%s%s", i == 0 ? ":" : "",
                    i == 0 ? info->name : "");
        ui_line_put(line, UI_STYLE_TEXT, 0, "%s", text.items[i].parts[0].text);
    }
    ui_lines_fini(&text);
}

static void draw_help(struct ui *ui, struct ui_canvas *canvas)
{
    struct ui_lines lines = {0};
    int cells = centre(canvas, 104, 8).width - 2;
    for (int i = 0; i < TG_COMMAND_COUNT; i++) {
        add_help(&lines, tg_command_info((enum tg_command)i), cells);
    }
    ui_line_put(ui_lines_add(&lines), UI_STYLE_TEXT, 0, " ");
    ui_line_put(ui_lines_add(&lines), UI_STYLE_TITLE, 0, "%s",
                _("signs: a word always stands beside them"));
    ui_lines_add_wrapped(
        &lines, UI_STYLE_TEXT, cells,
        ui->is_utf8 ? _("✓ ok  ▸ running  ◦ waiting  ! warning  ✗ failed  ~ old data  ? unknown")
                    : "+ ok  > running  . waiting  ! warning  X failed  ~ old data  ? unknown");
    ui_lines_add_wrapped(&lines, UI_STYLE_TEXT, cells,
                         _("live: heard from within the last two intervals (10 s for clusters); "
                           "else the age stands there"));
    draw_lines(ui, canvas, centre(canvas, 104, (int)lines.count + 2), _("Help"), _("Esc closes"),
               UI_STYLE_MUTED, &lines, -1);
    ui_lines_fini(&lines);
}

/* A line that is too long goes on in the next row: there is no way to scroll sideways. */
static void add_text(struct ui_lines *lines, int cells, const char *text, size_t len)
{
    char *safe = tg_utf8_sanitize(text, len);
    if (*safe == '\0') {
        ui_lines_add(lines);
    }
    ui_lines_add_wrapped(lines, UI_STYLE_TEXT, cells, safe);
    free(safe);
}

static void draw_detail(struct ui *ui, const struct ui_inputs *inputs, struct ui_canvas *canvas)
{
    struct ui_lines lines = {0};
    struct ui_rect rect = centre(canvas, 160, 200);
    char note[80];
    char age[24];
    if (ui->detail_row[0] != '\0') {
        for (const char *at = ui->detail_row; *at != '\0';) {
            size_t len = strcspn(at, "\n");
            add_text(&lines, rect.width - 2, at, len);
            at += len + (at[len] == '\n' ? 1 : 0);
        }
        rect = centre(canvas, 160, (int)lines.count + 2);
        draw_lines(ui, canvas, rect, ui->detail_title, _("Esc closes"), UI_STYLE_MUTED, &lines, -1);
        ui_lines_fini(&lines);
        return;
    }
    snprintf(note, sizeof(note), "%s", _("asking the server"));
    if (inputs->detail_err != NULL) {
        snprintf(note, sizeof(note), "%s", _("failed"));
        ui_line_put(ui_lines_add(&lines), UI_STYLE_FAIL, 0, "%s: %s",
                    _(tg_code_text(inputs->detail_err->code)), inputs->detail_err->msg);
    }
    const char *text = inputs->detail_text;
    if (text != NULL) {
        snprintf(note, sizeof(note), _("read %s ago"),
                 ui_view_age(age, sizeof(age), inputs->now_us - inputs->detail_us));
    }
    while (text != NULL && *text != '\0') {
        size_t len = strcspn(text, "\n");
        add_text(&lines, rect.width - 2, text, len);
        text += len + (text[len] == '\n' ? 1 : 0);
    }
    draw_lines(ui, canvas, rect, ui->detail_title, note, UI_STYLE_MUTED, &lines, -1);
    ui_lines_fini(&lines);
}

static void draw_palette(struct ui *ui, struct ui_canvas *canvas)
{
    struct ui_lines lines = {0};
    enum tg_command matches[TG_COMMAND_COUNT];
    size_t count = ui_palette_matches(ui, matches);
    for (size_t i = 0; i < count; i++) {
        const struct tg_command_info *info = tg_command_info(matches[i]);
        struct ui_line *line = ui_lines_add(&lines);
        ui_line_put(line, UI_STYLE_KEY, 18, "%s", info->name);
        ui_line_put(line, UI_STYLE_TEXT, 0, "%s", _(info->help));
    }
    struct ui_rect rect = centre(canvas, 90, 20);
    char title[160];
    snprintf(title, sizeof(title), "%s: %s_", _("Command"), ui->input);
    long rows = rect.height - 2;
    ui->overlay_first = ui->overlay_selected < rows ? 0 : ui->overlay_selected - rows + 1;
    draw_lines(ui, canvas, rect, title, _("Enter runs the marked one"), UI_STYLE_MUTED, &lines,
               count > 0 ? ui->overlay_selected : -1);
    ui_lines_fini(&lines);
}

/* Returns the column after what is typed. */
static int draw_prompt(const struct ui *ui, struct ui_canvas *canvas, const char *label)
{
    int y = ui_canvas_height(canvas) - 2;
    ui_canvas_fill(canvas, (struct ui_rect){0, y, ui_canvas_width(canvas), 1}, " ", UI_STYLE_TEXT);
    int x = ui_canvas_printf(canvas, 1, y, UI_STYLE_KEY, "%s", label);
    return ui_canvas_printf(canvas, x, y, UI_STYLE_TEXT, "%s_", ui->input);
}

static void put_row(struct ui_lines *lines, enum ui_style style, const char *text)
{
    ui_line_put(ui_lines_add(lines), style, 0, "%s", text);
}

static void draw_confirm(struct ui *ui, const struct ui_inputs *inputs, struct ui_canvas *canvas)
{
    struct ui_lines lines = {0};
    const struct tg_lab *lab = inputs->lab;
    const struct tg_lab_region *region = tg_lab_region(lab, lab->primary_region);
    int cells = centre(canvas, 92, 8).width - 2;
    char *what =
        tg_asprintf(_("Deployment %s in namespace %s of %s: replicas > 0"), lab->deployment,
                    lab->namespace_name, region != NULL ? region->cluster : "");
    ui_lines_add_wrapped(&lines, UI_STYLE_FAIL, cells, what);
    free(what);
    ui_lines_add_wrapped(&lines, UI_STYLE_TEXT, cells,
                         _("Requests are measured before, while it is down, and after."));
    ui_lines_add_wrapped(
        &lines, UI_STYLE_TEXT, cells,
        _("After 90 s, at the latest 180 s, the replicas are restored, and proved by traffic."));
    ui_lines_add_wrapped(
        &lines, UI_STYLE_TEXT, cells,
        _("A restores at once. A killed tidegate offers the restore at its next start."));
    put_row(&lines, UI_STYLE_TEXT, " ");
    struct ui_line *line = ui_lines_add(&lines);
    ui_line_put(line, UI_STYLE_TEXT, 0, _("Type the region's name, %s, and Enter: "),
                lab->primary_region);
    ui_line_put(line, UI_STYLE_KEY, 0, "%s_", ui->input);
    draw_lines(ui, canvas, centre(canvas, 92, (int)lines.count + 2),
               _("Take the primary region down?"), _("Esc: nothing is done"), UI_STYLE_MUTED,
               &lines, -1);
    ui_lines_fini(&lines);
}

static void draw_quit(struct ui *ui, struct ui_canvas *canvas)
{
    struct ui_lines lines = {0};
    put_row(&lines, UI_STYLE_FAIL, _("A region is held down by the drill."));
    put_row(&lines, UI_STYLE_KEY, _("Enter: restore it and leave"));
    put_row(&lines, UI_STYLE_KEY, _("Esc: stay"));
    draw_lines(ui, canvas, centre(canvas, 60, 5), _("Leave?"), "", UI_STYLE_MUTED, &lines, -1);
    ui_lines_fini(&lines);
}

static void draw_offer(struct ui *ui, struct ui_canvas *canvas)
{
    struct ui_lines lines = {0};
    put_row(&lines, UI_STYLE_FAIL, _("A drill was interrupted; its region may still be down."));
    put_row(&lines, UI_STYLE_KEY, _("R  Restore now"));
    put_row(&lines, UI_STYLE_TEXT, _("2  Inspect first"));
    put_row(&lines, UI_STYLE_TEXT, _(":waive  close it without restoring (asks for a reason)"));
    draw_lines(ui, canvas, centre(canvas, 66, 6), _("Restore?"), "", UI_STYLE_MUTED, &lines, -1);
    ui_lines_fini(&lines);
}

void ui_overlay_draw(struct ui *ui, const struct ui_inputs *inputs, struct ui_canvas *canvas)
{
    switch (ui->overlay) {
    case UI_OVERLAY_HELP:
        draw_help(ui, canvas);
        break;
    case UI_OVERLAY_DETAIL:
        draw_detail(ui, inputs, canvas);
        break;
    case UI_OVERLAY_PALETTE:
        draw_palette(ui, canvas);
        break;
    case UI_OVERLAY_COMMAND:
        ui_command_line_draw(ui, canvas, draw_prompt(ui, canvas, ":"),
                             ui_canvas_height(canvas) - 2);
        break;
    case UI_OVERLAY_FILTER:
        (void)draw_prompt(ui, canvas, "/");
        break;
    case UI_OVERLAY_CONFIRM:
        draw_confirm(ui, inputs, canvas);
        break;
    case UI_OVERLAY_QUIT:
        draw_quit(ui, canvas);
        break;
    case UI_OVERLAY_STEP:
        ui_lab_draw_step(ui, inputs, canvas);
        break;
    case UI_OVERLAY_WALK:
        ui_walk_draw(ui, inputs, canvas);
        break;
    case UI_OVERLAY_OUTPUT:
        ui_lab_draw_output(ui, inputs, canvas);
        break;
    case UI_OVERLAY_LAB_UP:
    case UI_OVERLAY_LAB_DOWN:
        ui_lab_draw_confirm(ui, inputs, canvas);
        break;
    case UI_OVERLAY_SECRET:
        ui_lab_draw_secret(ui, canvas);
        break;
    case UI_OVERLAY_STOCKOUT:
        ui_stockout_draw(ui, inputs, canvas);
        break;
    case UI_OVERLAY_DOCTOR:
        ui_doctor_draw(ui, inputs, canvas);
        break;
    case UI_OVERLAY_WAIVE:
        (void)draw_prompt(ui, canvas, _("Why is it closed without restoring? "));
        break;
    case UI_OVERLAY_NONE:
        if (inputs->is_restore_offered && ui->focus == UI_VIEW_DRILL) {
            draw_offer(ui, canvas);
        }
        break;
    }
}
