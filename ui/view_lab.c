/* ui/view_lab.c - the interfaces and the events. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <stdio.h>
#include <stdlib.h>

#include "base/fmt.h"
#include "base/i18n.h"
#include "base/mem.h"
#include "base/str.h"
#include "ui/view.h"

void ui_view_interfaces(const struct ui_view_context *context, struct ui_lines *lines)
{
    size_t count = 0;
    const struct tg_model *model = context->inputs->model;
    struct tg_interface_row *rows = tg_select_interfaces(model, &count);
    bool is_wide = context->width >= 70;
    if (count == 0) {
        ui_line_put(ui_lines_add(lines), UI_STYLE_MUTED, 0, "%s",
                    _("No DRANET interface seen so far."));
    }
    for (size_t i = 0; i < count; i++) {
        const struct tg_target *target = tg_model_target(model, rows[i].target);
        bool is_claimed = rows[i].kind == TG_INTERFACE_CLAIMED;
        enum tg_severity severity = !is_claimed        ? TG_SEVERITY_INFO
                                    : rows[i].is_ready ? TG_SEVERITY_OK
                                                       : TG_SEVERITY_WARN;
        struct ui_line *line = ui_lines_add(lines);
        ui_line_put(line, ui_view_style(severity), 2, "%s", ui_view_sign(context, severity));
        ui_line_put(line, UI_STYLE_TEXT, 13, "%s", target->label);
        ui_line_put(line, UI_STYLE_TITLE, 6, "%s", rows[i].interface_name);
        ui_line_put(line, UI_STYLE_TEXT, 15, "%s", rows[i].address);
        ui_line_put(line, UI_STYLE_MUTED, 6, "%d", rows[i].mtu);
        ui_line_put(line, ui_view_style(severity), is_wide ? 11 : 0, "%s",
                    rows[i].is_releasing ? _("releasing")
                    : !is_claimed        ? _("free")
                    : rows[i].is_ready   ? _("ready")
                                         : _("not ready"));
        if (is_wide) {
            ui_line_put(line, UI_STYLE_TEXT, 18, "%s", rows[i].mac);
            ui_line_put(line, UI_STYLE_TEXT, 0, "%s", is_claimed ? rows[i].pod : rows[i].node);
        }
        const struct tg_obj *object = rows[i].claim != NULL ? rows[i].claim : rows[i].slice;
        if (object != NULL) {
            ui_line_set_object(line, rows[i].target, object);
        }
    }
    free(rows);
}

/* Sources report at different speeds; an operator reads the lines in the order in which things
 * happened. Nearly sorted already, so that inserting is quick. The caller frees. */
static const struct tg_timeline_entry **sorted_timeline(const struct tg_model *model)
{
    size_t count = model->timeline_count;
    const struct tg_timeline_entry **sorted = tg_calloc(count + 1, sizeof(*sorted));
    for (size_t i = 0; i < count; i++) {
        const struct tg_timeline_entry *entry =
            &model->timeline[(model->timeline_first + i) % TG_TIMELINE_MAX];
        size_t at = i;
        for (; at > 0 && sorted[at - 1]->lab_us > entry->lab_us; at--) {
            sorted[at] = sorted[at - 1];
        }
        sorted[at] = entry;
    }
    return sorted;
}

void ui_view_events(const struct ui_view_context *context, struct ui_lines *lines)
{
    const struct tg_model *model = context->inputs->model;
    const struct tg_timeline_entry **sorted = sorted_timeline(model);
    if (model->timeline_count == 0) {
        ui_line_put(ui_lines_add(lines), UI_STYLE_MUTED, 0, "%s", _("No event seen so far."));
    }
    for (size_t i = 0; i < model->timeline_count; i++) {
        const struct tg_timeline_entry *entry = sorted[i];
        const char *label = entry->target >= 0 ? tg_model_target(model, entry->target)->label : "";
        char clock[16];
        struct ui_line *line = ui_lines_add(lines);
        ui_line_put(line, UI_STYLE_MUTED, 9, "%s",
                    tg_fmt_clock(clock, sizeof(clock), entry->lab_us));
        ui_line_put(line, ui_view_style(entry->severity), 2, "%s",
                    ui_view_sign(context, entry->severity));
        if (context->width > 50) {
            ui_line_put(line, UI_STYLE_MUTED, 13, "%s", label);
        }
        ui_line_put(line, UI_STYLE_TITLE, 0, "%s ", entry->reason);
        ui_line_put(line, ui_view_style(entry->severity), 0, "%s ", entry->message);
        if (context->width <= 50 || !tg_str_eq(entry->object, label)) {
            ui_line_put(line, UI_STYLE_MUTED, 0, "%s", entry->object);
        }
    }
    free(sorted);
}
