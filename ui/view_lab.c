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

static void add_interface(const struct ui_view_context *context, struct ui_lines *lines,
                          const struct tg_interface_row *row)
{
    const struct tg_target *target = tg_model_target(context->inputs->model, row->target);
    bool is_wide = context->width >= 70;
    bool is_claimed = row->kind == TG_INTERFACE_CLAIMED;
    enum tg_severity severity = !is_claimed     ? TG_SEVERITY_INFO
                                : row->is_ready ? TG_SEVERITY_OK
                                                : TG_SEVERITY_WARN;
    /* What nobody vouches for any more keeps no tick. */
    enum ui_style style = row->is_stale ? UI_STYLE_STALE : ui_view_style(severity);
    struct ui_line *line = ui_lines_add(lines);
    ui_line_put(line, style, 2, "%s", row->is_stale ? "~" : ui_view_sign(context, severity));
    ui_line_put(line, UI_STYLE_TEXT, 13, "%s", target->label);
    ui_line_put(line, UI_STYLE_TITLE, 6, "%s", row->interface_name);
    ui_line_put(line, UI_STYLE_TEXT, 15, "%s", row->address);
    ui_line_put(line, UI_STYLE_MUTED, 6, "%d", row->mtu);
    ui_line_put(line, style, is_wide ? 11 : 0, "%s%s", row->is_stale ? "~" : "",
                row->is_releasing ? _("releasing")
                : !is_claimed     ? _("free")
                : row->is_ready   ? _("ready")
                                  : _("not ready"));
    if (is_wide) {
        ui_line_put(line, UI_STYLE_TEXT, 18, "%s", row->mac);
        ui_line_put(line, UI_STYLE_TEXT, 0, "%s", is_claimed ? row->pod : row->node);
    }
    const struct tg_obj *object = row->claim != NULL ? row->claim : row->slice;
    if (object != NULL) {
        ui_line_set_object(line, row->target, object);
    }
}

void ui_view_proof(const struct ui_view_context *context, const struct tg_proof_row *row,
                   struct ui_lines *lines)
{
    static const char *const words[] = {N_("not asked"),   N_("being asked"),
                                        N_("as claimed"),  N_("differs from the claim"),
                                        N_("may not ask"), N_("no answer")};
    static const enum tg_severity severities[] = {TG_SEVERITY_INFO, TG_SEVERITY_INFO,
                                                  TG_SEVERITY_OK,   TG_SEVERITY_FAIL,
                                                  TG_SEVERITY_WARN, TG_SEVERITY_WARN};
    static const enum tg_kind kinds[] = {TG_KIND_RESOURCE_CLAIM};
    char age[24];
    const struct tg_target *target = tg_model_target(context->inputs->model, row->target);
    struct tg_source source = tg_select_source(target, kinds, 1, context->inputs->now_us);
    enum tg_severity severity = severities[row->proof];
    bool is_stale = source.state != TG_SOURCE_LIVE;
    struct ui_line *line = ui_lines_add(lines);
    ui_line_put(line, is_stale ? UI_STYLE_STALE : ui_view_style(severity), 2, "%s",
                is_stale ? "~" : ui_view_sign(context, severity));
    ui_line_put(line, UI_STYLE_TEXT, 13, "%s", target->label);
    ui_line_put(line, UI_STYLE_MUTED, 0, "ls: ");
    ui_line_put(line, UI_STYLE_TITLE, 0, "%s%s", row->listed, row->listed[0] != '\0' ? "  " : "");
    ui_line_put(line, is_stale ? UI_STYLE_STALE : ui_view_style(severity), 0, "%s%s",
                is_stale ? "~" : "", _(words[row->proof]));
    if (row->age_us >= 0) {
        ui_line_put(line, UI_STYLE_MUTED, 0, "  ");
        ui_line_put(line, UI_STYLE_MUTED, 0, _("%s ago"),
                    ui_view_age(age, sizeof(age), row->age_us));
    }
    ui_line_set_object(line, row->target, row->pod);
    if (row->detail[0] != '\0') {
        ui_lines_add_wrapped(lines, ui_view_style(severity), context->width, row->detail);
    }
}

/* What the containers listed: only once somebody asked. */
static void add_proofs(const struct ui_view_context *context, struct ui_lines *lines)
{
    size_t count = 0;
    bool is_any_asked = false;
    struct tg_proof_row *rows =
        tg_select_proofs(context->inputs->model, context->inputs->now_us, &count);
    for (size_t i = 0; i < count; i++) {
        is_any_asked = is_any_asked || rows[i].proof != TG_PROOF_NOT_ASKED;
    }
    for (size_t i = 0; i < count && is_any_asked; i++) {
        ui_view_proof(context, &rows[i], lines);
    }
    if (count > 0 && !is_any_asked) {
        ui_line_put(ui_lines_add(lines), UI_STYLE_MUTED, 0, "%s",
                    _("P: ask the containers (ls /sys/class/net)"));
    }
    free(rows);
}

void ui_view_interfaces(const struct ui_view_context *context, struct ui_lines *lines)
{
    size_t count = 0;
    struct tg_interface_row *rows =
        tg_select_interfaces(context->inputs->model, context->inputs->now_us, &count);
    if (count == 0) {
        ui_line_put(ui_lines_add(lines), UI_STYLE_MUTED, 0, "%s",
                    _("No DRANET interface seen so far."));
    }
    for (size_t i = 0; i < count; i++) {
        add_interface(context, lines, &rows[i]);
    }
    free(rows);
    add_proofs(context, lines);
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
