/* ui/stockout.c - the dialog of a zone without machines: what is waited for, and what can be done.
 *
 * It only tells of what goes on by itself: closing it changes nothing, and the first choice is to
 * go on, so that no key that was meant for something else decides.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <stdio.h>
#include <stdlib.h>

#include "base/fmt.h"
#include "base/i18n.h"
#include "base/mem.h"
#include "base/str.h"
#include "ui/state.h"
#include "ui/view.h"

#define CELLS      96
#define NUMBER_PAD 4 /* cells before a choice's text */

enum choice { CHOICE_WAIT, CHOICE_NOW, CHOICE_ZONE, CHOICE_REGION, CHOICE_STOP, CHOICE_COUNT };

static size_t count_waiting(const struct ui_inputs *inputs)
{
    size_t count = 0;
    while (tg_run_out_of_stock(inputs->run, count) != NULL) {
        count++;
    }
    return count;
}

void ui_stockout_open(struct ui *ui, const struct ui_inputs *inputs)
{
    if (count_waiting(inputs) == 0) {
        tg_str_copy(ui->message, sizeof(ui->message), _("Nothing waits for machines."));
        return;
    }
    ui_ask(ui, UI_OVERLAY_STOCKOUT);
    ui->stockouts_shown = count_waiting(inputs);
}

void ui_stockout_follow(struct ui *ui, const struct ui_inputs *inputs)
{
    size_t count = count_waiting(inputs);
    if (count < ui->stockouts_shown) {
        ui->stockouts_shown = count;
    }
    if (count > ui->stockouts_shown && ui->overlay == UI_OVERLAY_NONE) {
        ui_stockout_open(ui, inputs);
    } else if (count == 0 && ui->overlay == UI_OVERLAY_STOCKOUT) {
        ui->overlay = UI_OVERLAY_NONE;
    }
}

/* ---- what can be chosen ---- */

static const struct tg_lab_region *region_of(const struct ui_inputs *inputs, size_t i)
{
    const struct tg_run_item *item = tg_run_out_of_stock(inputs->run, i);
    return item != NULL && item->region >= 0 ? &inputs->run->config.lab->regions[item->region]
                                             : NULL;
}

/* The first thing's spare zones, or where else its machines are offered; "" for none. */
static void write_places(const struct ui_inputs *inputs, bool is_elsewhere, char *out, size_t size)
{
    const struct tg_lab_region *region = region_of(inputs, 0);
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0;
         region != NULL && i < (is_elsewhere ? region->elsewhere_count : region->spare_zones_count);
         i++) {
        const char *place = is_elsewhere ? region->elsewhere[i] : region->spare_zones[i];
        if (used < size) {
            used += (size_t)snprintf(out + used, size - used, "%s%s", i > 0 ? ", " : "", place);
        }
    }
}

static bool is_possible(const struct ui_inputs *inputs, enum choice choice)
{
    char places[200];
    write_places(inputs, choice == CHOICE_REGION, places, sizeof(places));
    return (choice != CHOICE_ZONE && choice != CHOICE_REGION) || places[0] != '\0';
}

static void choose(struct ui *ui, const struct ui_inputs *inputs, struct ui_intent *intent)
{
    enum choice choice = (enum choice)ui->overlay_selected;
    const struct tg_run_item *first = tg_run_out_of_stock(inputs->run, 0);
    if (first == NULL) { /* there were machines since it was drawn */
        ui->overlay = UI_OVERLAY_NONE;
        tg_str_copy(ui->message, sizeof(ui->message), _("Nothing waits for machines."));
        return;
    }
    if (!is_possible(inputs, choice)) {
        tg_str_copy(ui->message, sizeof(ui->message), _("The lab names no such place."));
        return;
    }
    ui->overlay = UI_OVERLAY_NONE;
    if (choice == CHOICE_WAIT) {
        tg_str_copy(ui->message, sizeof(ui->message), _("It goes on trying; S shows it again."));
        return;
    }
    if (first->state != TG_RUN_ITEM_WAITING) {
        tg_str_copy(ui->message, sizeof(ui->message),
                    _("It counts once the try that is under way has ended."));
    }
    intent->kind = choice == CHOICE_NOW ? UI_INTENT_TRY_NOW : UI_INTENT_STOCKOUT;
    intent->target = choice == CHOICE_ZONE     ? TG_RUN_STOCKOUT_ZONE
                     : choice == CHOICE_REGION ? TG_RUN_STOCKOUT_REGION
                                               : TG_RUN_STOCKOUT_STOP;
}

bool ui_stockout_key(struct ui *ui, const struct ui_inputs *inputs, struct ui_key key,
                     struct ui_intent *intent)
{
    bool is_plain = key.code == UI_KEY_CHAR && !key.is_control;
    ui->message[0] = '\0';
    if (key.code == UI_KEY_ENTER) {
        choose(ui, inputs, intent);
    } else if (is_plain && key.codepoint >= '1' && key.codepoint < '1' + CHOICE_COUNT) {
        ui->overlay_selected = (long)(key.codepoint - '1');
    } else if (key.code == UI_KEY_UP || (is_plain && key.codepoint == 'k')) {
        ui->overlay_selected -= ui->overlay_selected > 0 ? 1 : 0;
    } else if (key.code == UI_KEY_DOWN || (is_plain && key.codepoint == 'j')) {
        ui->overlay_selected += ui->overlay_selected < CHOICE_COUNT - 1 ? 1 : 0;
    } else {
        return false;
    }
    return true;
}

/* ---- drawing ---- */

static void add_thing(const struct ui_inputs *inputs, const struct tg_run_item *item, int cells,
                      struct ui_lines *lines)
{
    char clock[16];
    char span[24];
    const char *zone = tg_run_item_zone(inputs->run, item);
    zone = zone != NULL ? zone : "-";
    ui_line_put(ui_lines_add(lines), UI_STYLE_WARN, 0, "! %s", item->name);
    struct ui_line *line = ui_lines_add(lines);
    ui_line_put(line, UI_STYLE_TEXT, 0, "  ");
    ui_line_put(line, UI_STYLE_TEXT, 0,
                ngettext("no machines since %s (%s), %d try so far",
                         "no machines since %s (%s), %d tries so far",
                         (unsigned long)item->stockouts),
                tg_fmt_clock(clock, sizeof(clock), item->stockout_lab_us),
                tg_fmt_duration(span, sizeof(span), inputs->lab_us - item->stockout_lab_us),
                item->stockouts);
    line = ui_lines_add(lines);
    ui_line_put(line, UI_STYLE_TEXT, 0, "  ");
    if (item->state == TG_RUN_ITEM_WAITING) {
        int64_t left_us = item->retry_lab_us - inputs->lab_us;
        ui_line_put(line, UI_STYLE_TITLE, 0, _("next try at %s, in %s, in %s"),
                    tg_fmt_clock(clock, sizeof(clock), item->retry_lab_us),
                    tg_fmt_duration(span, sizeof(span), left_us > 0 ? left_us : 0), zone);
    } else {
        ui_line_put(line, UI_STYLE_RUNNING, 0, _("tried again now, in %s: %s"), zone,
                    item->progress);
    }
    if (item->err.code != TG_CODE_NONE) {
        char *said = tg_asprintf(_("  Google said: %s"), item->err.msg);
        ui_lines_add_wrapped(lines, UI_STYLE_MUTED, cells, said);
        free(said);
    }
}

static void add_meanwhile(const struct ui_inputs *inputs, int cells, struct ui_lines *lines)
{
    ui_lines_add_wrapped(lines, UI_STYLE_TEXT, cells, _("The other steps go on meanwhile."));
    ui_view_running_cost(inputs, cells, lines);
}

static char *text_of(const struct ui_inputs *inputs, enum choice choice)
{
    char places[200];
    bool is_zones = inputs->run->config.on_stockout == TG_RUN_STOCKOUT_ZONE;
    write_places(inputs, choice == CHOICE_REGION, places, sizeof(places));
    switch (choice) {
    case CHOICE_WAIT:
        return tg_strdup(_("go on trying on this schedule, for a day"));
    case CHOICE_NOW:
        return tg_strdup(_("try again now, then on the schedule"));
    case CHOICE_ZONE:
        return places[0] == '\0' ? tg_strdup(_("another zone: the lab names none"))
                                 : tg_asprintf(is_zones ? _("another zone, as chosen: %s")
                                                        : _("another zone of the region too: %s"),
                                               places);
    case CHOICE_REGION:
        return places[0] == '\0'
                   ? tg_strdup(_("another region: the lab names none"))
                   : tg_asprintf(_("another region (%s): a lab file is written, this step ends"),
                                 places);
    default:
        return tg_strdup(_("stop trying: this step ends, what was made stays"));
    }
}

static void add_choice(const struct ui *ui, const struct ui_inputs *inputs, enum choice choice,
                       int cells, struct ui_lines *lines)
{
    struct ui_lines wrapped = {0};
    bool is_marked = ui->overlay_selected == (long)choice;
    enum ui_style style = is_marked                     ? UI_STYLE_KEY
                          : is_possible(inputs, choice) ? UI_STYLE_TEXT
                                                        : UI_STYLE_MUTED;
    char *text = text_of(inputs, choice);
    ui_lines_add_wrapped(&wrapped, style, cells - NUMBER_PAD - 1, text);
    for (size_t i = 0; i < wrapped.count; i++) {
        struct ui_line *line = ui_lines_add(lines);
        if (i == 0) {
            ui_line_put(line, style, NUMBER_PAD, "%s %d",
                        !is_marked    ? " "
                        : ui->is_utf8 ? "▸"
                                      : ">",
                        (int)choice + 1);
        } else {
            ui_line_put(line, style, NUMBER_PAD, " ");
        }
        ui_line_put(line, style, 0, "%s", wrapped.items[i].parts[0].text);
    }
    ui_lines_fini(&wrapped);
    free(text);
}

void ui_stockout_draw(struct ui *ui, const struct ui_inputs *inputs, struct ui_canvas *canvas)
{
    struct ui_lines lines = {0};
    int cells = ui_overlay_cells(canvas, CELLS);
    size_t count = count_waiting(inputs);
    if (count == 0) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        add_thing(inputs, tg_run_out_of_stock(inputs->run, i), cells, &lines);
    }
    add_meanwhile(inputs, cells, &lines);
    ui_line_put(ui_lines_add(&lines), UI_STYLE_TEXT, 0, " ");
    for (int choice = 0; choice < CHOICE_COUNT; choice++) {
        add_choice(ui, inputs, (enum choice)choice, cells, &lines);
    }
    ui_overlay_lines(ui, canvas, CELLS, _("No machines are free"),
                     _("Enter chooses, Esc: it goes on, S: back here"), &lines);
    ui_lines_fini(&lines);
}
