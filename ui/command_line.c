/* ui/command_line.c - what is typed after ":": completed from the catalogue, recalled from before.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <string.h>

#include "base/str.h"
#include "ui/state.h"

/* The next command from there whose name begins with what is typed; NONE when there is no more. */
static enum tg_command next_beginning(const struct ui *ui, int from)
{
    for (int i = from; i < TG_COMMAND_COUNT; i++) {
        const struct tg_command_info *info = tg_command_info((enum tg_command)i);
        if ((info->flags & TG_COMMAND_FLAG_HIDDEN) == 0 &&
            tg_str_has_prefix(info->name, ui->input)) {
            return (enum tg_command)i;
        }
    }
    return TG_COMMAND_NONE;
}

/* As far as all commands that begin so go on alike. */
static void complete(struct ui *ui)
{
    enum tg_command first = next_beginning(ui, 0);
    if (first == TG_COMMAND_NONE) {
        return;
    }
    const char *name = tg_command_info(first)->name;
    size_t len = strlen(name);
    for (enum tg_command command = first; command != TG_COMMAND_NONE;
         command = next_beginning(ui, (int)command + 1)) {
        const char *other = tg_command_info(command)->name;
        size_t alike = 0;
        while (alike < len && other[alike] == name[alike]) {
            alike++;
        }
        len = alike;
    }
    if (len < sizeof(ui->input)) {
        memcpy(ui->input, name, len);
        ui->input[len] = '\0';
    }
}

static void recall(struct ui *ui, int step)
{
    struct ui_history *history = &ui->history;
    size_t at = history->at + (step < 0 ? 1U : 0U);
    if (step > 0) {
        at = history->at > 0 ? history->at - 1 : 0;
    }
    if (at > history->count) {
        return;
    }
    if (history->at == 0) {
        tg_str_copy(history->typed, sizeof(history->typed), ui->input);
    }
    history->at = at;
    const char *line = at == 0 ? history->typed : history->lines[history->count - at];
    tg_str_copy(ui->input, sizeof(ui->input), line);
}

bool ui_command_line_key(struct ui *ui, struct ui_key key)
{
    switch (key.code) {
    case UI_KEY_TAB:
        complete(ui);
        return true;
    case UI_KEY_UP:
        recall(ui, -1);
        return true;
    case UI_KEY_DOWN:
        recall(ui, 1);
        return true;
    default:
        return false;
    }
}

void ui_command_line_remember(struct ui *ui)
{
    struct ui_history *history = &ui->history;
    history->at = 0;
    bool is_repeated =
        history->count > 0 && tg_str_eq(history->lines[history->count - 1], ui->input);
    if (ui->input[0] == '\0' || is_repeated) {
        return;
    }
    if (history->count == UI_HISTORY_MAX) {
        memmove(history->lines[0], history->lines[1], sizeof(history->lines[0]) * --history->count);
    }
    tg_str_copy(history->lines[history->count++], sizeof(history->lines[0]), ui->input);
}

void ui_command_line_draw(const struct ui *ui, struct ui_canvas *canvas, int x, int y)
{
    int width = ui_canvas_width(canvas);
    for (enum tg_command command = next_beginning(ui, 0); command != TG_COMMAND_NONE;
         command = next_beginning(ui, (int)command + 1)) {
        const char *name = tg_command_info(command)->name;
        int cells = 2 + (int)strlen(name);
        bool is_last = next_beginning(ui, (int)command + 1) == TG_COMMAND_NONE;
        if (x + cells + (is_last ? 0 : 5) >= width) {
            ui_canvas_put(canvas, x + 2, y, UI_STYLE_MUTED, "...");
            return; /* a name that is cut is no help */
        }
        if (!tg_str_eq(name, ui->input)) {
            x = ui_canvas_printf(canvas, x + 2, y, UI_STYLE_MUTED, "%s", name);
        }
    }
}
