/* ui/ui.c - the console: layout, focus, keys, dialogs. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "ui/ui.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/utf8.h"
#include "ui/state.h"

#define FARTHEST 1000000L /* rows: drawing stops at the last one */

struct ui *ui_new(bool is_utf8)
{
    struct ui *ui = TG_NEW(struct ui);
    ui->is_utf8 = is_utf8;
    ui->focus = UI_VIEW_DRILL;
    ui->panes[UI_VIEW_EVENTS].is_following = true;
    for (int i = 0; i < UI_VIEW_COUNT; i++) {
        ui->panes[i].selected = -1;
    }
    return ui;
}

void ui_free(struct ui *ui)
{
    free(ui);
}

/* ---- commands ---- */

static void focus_on(struct ui *ui, int view)
{
    ui->focus = (enum ui_view)((view + UI_VIEW_COUNT) % UI_VIEW_COUNT);
}

/* Overlays that are read and scrolled, not typed into. */
static bool is_page(enum ui_overlay overlay)
{
    return overlay == UI_OVERLAY_DETAIL || overlay == UI_OVERLAY_HELP ||
           overlay == UI_OVERLAY_STEP || overlay == UI_OVERLAY_DOCTOR ||
           overlay == UI_OVERLAY_WALK || overlay == UI_OVERLAY_OUTPUT ||
           overlay == UI_OVERLAY_STOCKOUT;
}

/* Questions that may be longer than the screen. */
static bool is_question(enum ui_overlay overlay)
{
    return overlay == UI_OVERLAY_CONFIRM || overlay == UI_OVERLAY_LAB_UP ||
           overlay == UI_OVERLAY_LAB_DOWN || overlay == UI_OVERLAY_SECRET;
}

static void move(struct ui *ui, long by)
{
    struct ui_pane *pane = &ui->panes[ui->focus];
    if (is_page(ui->overlay) || is_question(ui->overlay)) {
        ui->is_end_followed = by == FARTHEST;
        ui->overlay_first = ui->overlay_first + by < 0 ? 0 : ui->overlay_first + by;
        return;
    }
    pane->selected =
        pane->selected < 0 && by > 0 ? (long)pane->first + by - 1 : pane->selected + by;
    pane->selected = pane->selected < 0 ? 0 : pane->selected;
    if (pane->selected >= (long)pane->count) {
        pane->selected = (long)pane->count - 1;
    }
    pane->is_following = false;
}

/* A row that stands for no object, as in the timeline, opens as the whole of its text, which the
 * pane may have cut. */
static void open_row(struct ui *ui, const struct ui_line *line)
{
    char whole[sizeof(ui->detail_row)];
    size_t used = 0;
    whole[0] = '\0';
    for (int i = 0; i < line->parts_count && used + 1 < sizeof(whole); i++) {
        tg_str_copy(whole + used, sizeof(whole) - used, line->parts[i].text);
        used += strlen(whole + used);
    }
    tg_utf8_sanitize_into(ui->detail_row, sizeof(ui->detail_row), whole, strlen(whole));
    tg_str_copy(ui->detail_title, sizeof(ui->detail_title), _("the whole row"));
    ui->overlay = UI_OVERLAY_DETAIL;
    ui->overlay_first = 0;
}

static void open_selected(struct ui *ui, const struct ui_inputs *inputs, struct ui_intent *intent)
{
    struct ui_pane *pane = &ui->panes[ui->focus];
    struct ui_view_context context = {inputs, ui->is_utf8, pane->width, pane->height,
                                      ui->is_zoomed};
    struct ui_lines lines = {0};
    ui_frame_fill(&context, ui->focus, &lines);
    long wanted = pane->filter[0] == '\0' && lines.wanted > 0 ? lines.wanted - 1 : 0;
    ui_lines_filter(&lines, pane->filter);
    if (pane->selected < 0 && lines.count > 0) {
        /* Nobody chose: the row that the pane itself shows. */
        pane->selected = pane->is_following ? (long)lines.count - 1 : wanted;
        pane->is_following = false;
    }
    const struct ui_line *line = pane->selected >= 0 && pane->selected < (long)lines.count
                                     ? &lines.items[pane->selected]
                                     : NULL;
    if (line != NULL && line->name != NULL) {
        ui->detail_row[0] = '\0';
        intent->kind = UI_INTENT_OPEN;
        intent->target = line->target;
        intent->resource = line->kind;
        tg_str_copy(intent->ns, sizeof(intent->ns), line->ns);
        tg_str_copy(intent->name, sizeof(intent->name), line->name);
        snprintf(ui->detail_title, sizeof(ui->detail_title), "%s/%s",
                 tg_kind_info(line->kind)->name, line->name);
        ui->overlay = UI_OVERLAY_DETAIL;
        ui->overlay_first = 0;
    } else if (line != NULL && line->step >= 0) {
        ui->step = (size_t)line->step;
        ui->overlay = UI_OVERLAY_STEP;
        ui->overlay_first = 0;
    } else if (line != NULL) {
        open_row(ui, line);
    }
    ui_lines_fini(&lines);
}

void ui_ask(struct ui *ui, enum ui_overlay overlay)
{
    ui->overlay = overlay;
    ui->input[0] = '\0';
    ui->overlay_first = 0;
    ui->overlay_selected = 0;
    ui->is_end_followed = true;
    ui->message[0] = '\0';
}

bool ui_is_end_followed(const struct ui *ui)
{
    return ui->is_end_followed && (ui->overlay == UI_OVERLAY_OUTPUT || is_question(ui->overlay));
}

static void drill_commands(struct ui *ui, const struct ui_inputs *inputs, enum tg_command command,
                           struct ui_intent *intent)
{
    bool is_running = inputs->drill != NULL && !tg_drill_is_over(inputs->drill);
    switch (command) {
    case TG_COMMAND_STOCKOUT:
        ui_stockout_open(ui, inputs);
        break;
    case TG_COMMAND_STOCKOUT_RETRY:
    case TG_COMMAND_STOCKOUT_ZONE:
    case TG_COMMAND_STOCKOUT_REGION:
    case TG_COMMAND_STOCKOUT_STOP:
        ui_lab_command(ui, inputs, command, intent);
        break;
    case TG_COMMAND_DRILL_START:
        if (!inputs->is_armed) {
            tg_str_copy(ui->message, sizeof(ui->message),
                        _("Not now: this session is read-only; start with --arm."));
        } else if (is_running || inputs->is_restore_offered) {
            tg_str_copy(ui->message, sizeof(ui->message), _("Not now: a drill is open already."));
        } else if (inputs->run != NULL && !inputs->run->is_over) {
            tg_str_copy(ui->message, sizeof(ui->message),
                        _("Not now: the lab is being changed already; :lab.stop ends that."));
        } else if (ui_primary_target(inputs) < 0) {
            tg_str_copy(ui->message, sizeof(ui->message),
                        _("Not now: the primary region's cluster is not there; :lab.up makes it."));
        } else {
            ui_ask(ui, UI_OVERLAY_CONFIRM);
        }
        break;
    case TG_COMMAND_DRILL_ABORT:
        if (is_running) {
            intent->kind = UI_INTENT_DRILL_ABORT;
        } else {
            tg_str_copy(ui->message, sizeof(ui->message), _("No drill is running."));
        }
        break;
    case TG_COMMAND_RESTORE:
        if (inputs->is_restore_offered) {
            intent->kind = UI_INTENT_RESTORE;
            ui->is_offer_seen = true;
        } else {
            tg_str_copy(ui->message, sizeof(ui->message), _("There is nothing to restore."));
        }
        break;
    case TG_COMMAND_WAIVE:
        /* A drill that can still be stopped is: waiving it would leave its region down unwatched.
         */
        if (inputs->is_restore_offered || (is_running && inputs->drill->is_aborted) ||
            (is_running && inputs->drill->state >= TG_DRILL_RESTORE)) {
            ui_ask(ui, UI_OVERLAY_WAIVE);
        } else {
            tg_str_copy(ui->message, sizeof(ui->message),
                        is_running ? _("Not now: stop the drill first (A).")
                                   : _("No drill is running."));
        }
        break;
    default:
        break;
    }
}

static void quit(struct ui *ui, const struct ui_inputs *inputs, struct ui_intent *intent)
{
    if (inputs->drill != NULL && tg_drill_holds_fault(inputs->drill) &&
        inputs->drill->trace.restore_acked_us == 0 && ui->overlay != UI_OVERLAY_QUIT) {
        ui_ask(ui, UI_OVERLAY_QUIT);
    } else {
        intent->kind = UI_INTENT_QUIT;
    }
}

/* From another terminal, to be copied whole. */
static void show_world(struct ui *ui, const struct ui_inputs *inputs)
{
    ui_ask(ui, UI_OVERLAY_DETAIL);
    tg_str_copy(ui->detail_row, sizeof(ui->detail_row),
                inputs->world_note != NULL ? inputs->world_note
                                           : _("These are clusters of your kubeconfig."));
    tg_str_copy(ui->detail_title, sizeof(ui->detail_title), _("the world, from another terminal"));
}

static void run(struct ui *ui, const struct ui_inputs *inputs, enum tg_command command,
                struct ui_intent *intent)
{
    /* tidy: table */
    struct ui_pane *pane = &ui->panes[ui->focus];
    ui->message[0] = '\0';
    switch (command) {
    case TG_COMMAND_QUIT:
        quit(ui, inputs, intent);
        break;
    case TG_COMMAND_HELP:
        ui_ask(ui, ui->overlay == UI_OVERLAY_HELP ? UI_OVERLAY_NONE : UI_OVERLAY_HELP);
        break;
    case TG_COMMAND_PALETTE:
        ui_ask(ui, UI_OVERLAY_PALETTE);
        break;
    case TG_COMMAND_COMMAND_LINE:
        ui_ask(ui, UI_OVERLAY_COMMAND);
        break;
    case TG_COMMAND_BACK:
        if (ui->is_zoomed) {
            ui->is_zoomed = false;
        } else {
            pane->filter[0] = '\0';
        }
        break;
    case TG_COMMAND_PANE_NEXT:
        focus_on(ui, (int)ui->focus + 1);
        break;
    case TG_COMMAND_PANE_PREVIOUS:
        focus_on(ui, (int)ui->focus - 1);
        break;
    case TG_COMMAND_PANE_STEPS:
    case TG_COMMAND_PANE_PODS:
    case TG_COMMAND_PANE_INTERFACES:
    case TG_COMMAND_PANE_ROUTES:
    case TG_COMMAND_PANE_DRILL:
    case TG_COMMAND_PANE_EVENTS:
        focus_on(ui, (int)command - (int)TG_COMMAND_PANE_STEPS);
        break;
    case TG_COMMAND_ZOOM:
        ui->is_zoomed = !ui->is_zoomed;
        break;
    case TG_COMMAND_REDRAW:
        intent->kind = UI_INTENT_REDRAW;
        break;
    case TG_COMMAND_PAUSE:
        ui->is_paused = !ui->is_paused;
        ui->paused_us = inputs->now_us;
        ui->is_touched = !ui->is_paused; /* what stands there stays */
        break;
    case TG_COMMAND_UP:
        move(ui, -1);
        break;
    case TG_COMMAND_DOWN:
        move(ui, 1);
        break;
    case TG_COMMAND_PAGE_UP:
        move(ui, -10);
        break;
    case TG_COMMAND_PAGE_DOWN:
        move(ui, 10);
        break;
    case TG_COMMAND_FIRST:
        move(ui, -FARTHEST);
        break;
    case TG_COMMAND_LAST:
        if (is_page(ui->overlay)) {
            move(ui, FARTHEST);
            break;
        }
        move(ui, (long)pane->count - 1 - (pane->selected > 0 ? pane->selected : 0));
        pane->is_following = ui->focus == UI_VIEW_EVENTS;
        break;
    case TG_COMMAND_OPEN:
        open_selected(ui, inputs, intent);
        break;
    case TG_COMMAND_FILTER:
        ui_ask(ui, UI_OVERLAY_FILTER);
        tg_str_copy(ui->input, sizeof(ui->input), pane->filter);
        break;
    case TG_COMMAND_FILTER_CLEAR:
        pane->filter[0] = '\0';
        break;
    case TG_COMMAND_WORLD:
        show_world(ui, inputs);
        break;
    case TG_COMMAND_DRANET_PROVE:
        intent->kind = UI_INTENT_PROVE;
        ui->focus = UI_VIEW_INTERFACES;
        break;
    case TG_COMMAND_LAB_UP:
    case TG_COMMAND_LAB_DOWN:
    case TG_COMMAND_LAB_RETRY:
    case TG_COMMAND_LAB_STOP:
    case TG_COMMAND_LAB_OUTPUT:
        ui_lab_command(ui, inputs, command, intent);
        break;
    case TG_COMMAND_DOCTOR:
        ui_doctor_command(ui, inputs, intent);
        break;
    case TG_COMMAND_WALK:
    case TG_COMMAND_WALK_DO:
    case TG_COMMAND_WALK_COPY:
    case TG_COMMAND_WALK_WRITE:
        ui_walk_command(ui, inputs, command, intent);
        break;
    case TG_COMMAND_WORLD_PAUSE:
        intent->kind = UI_INTENT_WORLD_PAUSE;
        break;
    case TG_COMMAND_SIM:
        intent->kind = UI_INTENT_SIM; /* without words: how the world is */
        intent->reason[0] = '\0';
        break;
    default:
        drill_commands(ui, inputs, command, intent);
        break;
    }
}

void ui_show_pane(struct ui *ui, enum tg_command pane)
{
    if (ui->overlay == UI_OVERLAY_NONE) {
        focus_on(ui, (int)pane - (int)TG_COMMAND_PANE_STEPS);
        ui->is_touched = true;
    }
}

bool ui_command(struct ui *ui, const struct ui_inputs *inputs, enum tg_command command,
                struct ui_intent *intent)
{
    intent->kind = UI_INTENT_NONE;
    if (command < TG_COMMAND_COUNT) {
        run(ui, inputs, command, intent);
    }
    return true;
}

/* ---- keys ---- */

static enum tg_command command_of(struct ui_key key)
{
    for (int i = 0; i < TG_COMMAND_COUNT; i++) {
        const char *keys = tg_command_info((enum tg_command)i)->keys;
        while (*keys != '\0') {
            char name[24];
            struct ui_key bound;
            size_t len = strcspn(keys, " ");
            snprintf(name, sizeof(name), "%.*s", (int)len, keys);
            if (ui_key_parse(name, &bound) && ui_key_is_equal(bound, key)) {
                return (enum tg_command)i;
            }
            keys += len + (keys[len] == ' ' ? 1 : 0);
        }
    }
    return TG_COMMAND_NONE;
}

/* Edits the line of a dialog; true when the key was one for it. */
static bool edit(struct ui *ui, struct ui_key key)
{
    size_t len = strlen(ui->input);
    if (key.code == UI_KEY_CHAR && !key.is_control && key.codepoint >= 32) {
        char bytes[4];
        size_t used = tg_utf8_encode(key.codepoint, bytes);
        if (len + used < sizeof(ui->input)) {
            memcpy(ui->input + len, bytes, used);
            ui->input[len + used] = '\0';
        }
        return true;
    }
    if (key.code == UI_KEY_BACKSPACE) {
        while (len > 0 && ((unsigned char)ui->input[len - 1] & 0xc0) == 0x80) {
            len--;
        }
        ui->input[len > 0 ? len - 1 : 0] = '\0';
        return true;
    }
    if (key.code == UI_KEY_CHAR && key.is_control && key.codepoint == 'u') {
        ui->input[0] = '\0';
        return true;
    }
    return false;
}

static void confirm_drill(struct ui *ui, const struct ui_inputs *inputs, struct ui_intent *intent)
{
    if (!tg_str_eq(ui->input, inputs->lab->primary_region)) {
        snprintf(ui->message, sizeof(ui->message), _("Not the region's name: nothing is done."));
        ui->overlay = UI_OVERLAY_NONE;
        return;
    }
    intent->target = ui_primary_target(inputs);
    if (intent->target >= 0) {
        intent->kind = UI_INTENT_DRILL_START;
        ui->focus = UI_VIEW_DRILL;
    } else {
        snprintf(ui->message, sizeof(ui->message), _("The primary region is not watched."));
    }
    ui->overlay = UI_OVERLAY_NONE;
}

size_t ui_palette_matches(const struct ui *ui, enum tg_command matches[TG_COMMAND_COUNT])
{
    int scores[TG_COMMAND_COUNT];
    size_t count = 0;
    for (int i = 0; i < TG_COMMAND_COUNT; i++) {
        const struct tg_command_info *info = tg_command_info((enum tg_command)i);
        int score = tg_command_fuzzy_score(ui->input, info->name);
        if ((info->flags & TG_COMMAND_FLAG_HIDDEN) != 0 || score < 0) {
            continue;
        }
        size_t at = count++;
        for (; at > 0 && scores[at - 1] < score; at--) {
            scores[at] = scores[at - 1];
            matches[at] = matches[at - 1];
        }
        scores[at] = score;
        matches[at] = (enum tg_command)i;
    }
    return count;
}

static enum tg_command selected_match(const struct ui *ui)
{
    enum tg_command matches[TG_COMMAND_COUNT];
    size_t count = ui_palette_matches(ui, matches);
    return ui->overlay_selected < (long)count ? matches[ui->overlay_selected] : TG_COMMAND_NONE;
}

static void palette_key(struct ui *ui, struct ui_key key)
{
    enum tg_command matches[TG_COMMAND_COUNT];
    if (key.code == UI_KEY_UP || key.code == UI_KEY_DOWN) {
        long last = (long)ui_palette_matches(ui, matches) - 1;
        ui->overlay_selected += key.code == UI_KEY_UP ? -1 : 1;
        ui->overlay_selected = ui->overlay_selected > last ? last : ui->overlay_selected;
        ui->overlay_selected = ui->overlay_selected < 0 ? 0 : ui->overlay_selected;
    } else {
        ui->overlay_selected = 0;
    }
}

static void submit(struct ui *ui, const struct ui_inputs *inputs, struct ui_intent *intent)
{
    enum ui_overlay overlay = ui->overlay;
    enum tg_command command = TG_COMMAND_NONE;
    ui->overlay = UI_OVERLAY_NONE;
    switch (overlay) {
    case UI_OVERLAY_FILTER:
        break;
    case UI_OVERLAY_COMMAND:
        ui_command_line_remember(ui);
        if (tg_str_has_prefix(ui->input, "sim ")) {
            intent->kind = UI_INTENT_SIM;
            tg_str_copy(intent->reason, sizeof(intent->reason), ui->input + strlen("sim "));
            return;
        }
        command = tg_command_by_name(ui->input);
        break;
    case UI_OVERLAY_PALETTE:
        command = selected_match(ui);
        break;
    case UI_OVERLAY_CONFIRM:
        confirm_drill(ui, inputs, intent);
        return;
    case UI_OVERLAY_WAIVE:
        if (ui->input[0] != '\0') {
            intent->kind = UI_INTENT_WAIVE;
            tg_str_copy(intent->reason, sizeof(intent->reason), ui->input);
        }
        return;
    case UI_OVERLAY_QUIT:
        intent->kind = UI_INTENT_QUIT;
        return;
    case UI_OVERLAY_LAB_UP:
    case UI_OVERLAY_LAB_DOWN:
    case UI_OVERLAY_SECRET:
        ui_lab_submit(ui, inputs, overlay, intent);
        return;
    default:
        return;
    }
    if (overlay != UI_OVERLAY_FILTER && command == TG_COMMAND_NONE) {
        snprintf(ui->message, sizeof(ui->message), _("There is no command '%s'."), ui->input);
    } else if (command != TG_COMMAND_NONE) {
        run(ui, inputs, command, intent);
    }
}

/* Esc: a filter is taken back, a token is not kept. */
static void close_dialog(struct ui *ui)
{
    if (ui->overlay == UI_OVERLAY_SECRET) {
        explicit_bzero(ui->input, sizeof(ui->input));
    }
    if (ui->overlay == UI_OVERLAY_FILTER) {
        ui->panes[ui->focus].filter[0] = '\0';
    }
    ui->overlay = UI_OVERLAY_NONE;
}

/* A dialog has the keys first. */
static bool dialog_key(struct ui *ui, const struct ui_inputs *inputs, struct ui_key key,
                       struct ui_intent *intent)
{
    if (ui->overlay == UI_OVERLAY_NONE) {
        return false;
    }
    if (key.code == UI_KEY_ESC) {
        close_dialog(ui);
        return true;
    }
    if (ui->overlay == UI_OVERLAY_STEP && (key.code == UI_KEY_TAB || key.code == UI_KEY_BACKTAB)) {
        size_t count = inputs->lab->steps_count;
        ui->step = (ui->step + (key.code == UI_KEY_TAB ? 1 : count - 1)) % count;
        ui->panes[UI_VIEW_STEPS].selected = (long)ui->step;
        ui->overlay_first = 0;
        return true;
    }
    if (ui->overlay == UI_OVERLAY_DOCTOR && ui_doctor_key(inputs, key, intent)) {
        return true;
    }
    if (ui->overlay == UI_OVERLAY_STOCKOUT && !ui->is_pasting &&
        ui_stockout_key(ui, inputs, key, intent)) {
        return true;
    }
    if (ui->overlay == UI_OVERLAY_WALK && !ui->is_pasting) {
        ui->message[0] = '\0';
        if (ui_walk_key(ui, inputs, key, intent)) {
            return true;
        }
    }
    if (is_page(ui->overlay)) {
        return false;
    }
    /* One key is enough to leave in a hurry: Ctrl-C in the quit dialog means yes. */
    if (key.code == UI_KEY_CHAR && key.is_control && key.codepoint == 'c') {
        bool is_quit = ui->overlay == UI_OVERLAY_QUIT;
        ui->overlay = UI_OVERLAY_NONE;
        if (is_quit) {
            intent->kind = UI_INTENT_QUIT;
        } else {
            quit(ui, inputs, intent);
        }
        return true;
    }
    if (key.code == UI_KEY_ENTER && !ui->is_pasting) {
        submit(ui, inputs, intent);
        return true;
    }
    if (ui->overlay == UI_OVERLAY_PALETTE) {
        palette_key(ui, key);
    }
    if (is_question(ui->overlay) && (key.code == UI_KEY_UP || key.code == UI_KEY_DOWN)) {
        move(ui, key.code == UI_KEY_UP ? -1 : 1);
        return true;
    }
    if (ui->overlay == UI_OVERLAY_COMMAND && ui_command_line_key(ui, key)) {
        return true;
    }
    /* What is dangerous is typed by hand; a token is long, and pasted. */
    bool is_typed =
        !ui->is_pasting || (ui->overlay != UI_OVERLAY_CONFIRM && ui->overlay != UI_OVERLAY_LAB_UP &&
                            ui->overlay != UI_OVERLAY_LAB_DOWN);
    if (is_typed && edit(ui, key) && ui->overlay == UI_OVERLAY_FILTER) {
        tg_str_copy(ui->panes[ui->focus].filter, sizeof(ui->panes[ui->focus].filter), ui->input);
        ui->panes[ui->focus].selected = -1;
    }
    return true;
}

/* The walkthrough comes back when the dialog that it opened was answered. */
static void come_back(struct ui *ui, enum ui_overlay before)
{
    if (ui->overlay != UI_OVERLAY_NONE || !ui->is_walking) {
        return;
    }
    ui->is_walking = before != UI_OVERLAY_WALK;
    if (ui->is_walking) {
        ui->overlay = UI_OVERLAY_WALK;
        ui->overlay_first = ui->walk_first;
    }
}

bool ui_key(struct ui *ui, const struct ui_inputs *inputs, struct ui_key key,
            struct ui_intent *intent)
{
    intent->kind = UI_INTENT_NONE;
    if (key.code == UI_KEY_PASTE) {
        ui->is_pasting = key.codepoint != 0;
        return false;
    }
    ui->is_touched = true;
    enum ui_overlay before = ui->overlay;
    if (before == UI_OVERLAY_WALK) {
        ui->walk_first = ui->overlay_first;
    }
    if (dialog_key(ui, inputs, key, intent)) {
        come_back(ui, before);
        return true;
    }
    if (ui->is_pasting) {
        return false; /* pasted text is never a command */
    }
    enum tg_command command = command_of(key);
    if (command == TG_COMMAND_NONE) {
        return false;
    }
    if (ui->overlay != UI_OVERLAY_NONE && command != TG_COMMAND_UP && command != TG_COMMAND_DOWN &&
        command != TG_COMMAND_PAGE_UP && command != TG_COMMAND_PAGE_DOWN &&
        command != TG_COMMAND_FIRST && command != TG_COMMAND_LAST && command != TG_COMMAND_HELP) {
        ui->overlay = UI_OVERLAY_NONE;
        ui->is_walking = false;
    }
    run(ui, inputs, command, intent);
    return true;
}

int64_t ui_refresh_us(const struct ui_inputs *inputs)
{
    if ((inputs->drill != NULL && !tg_drill_is_over(inputs->drill)) ||
        (inputs->run != NULL && !inputs->run->is_over) ||
        (inputs->doctor != NULL && !inputs->doctor->is_over)) {
        return TG_US_PER_S;
    }
    if (inputs->notice != NULL && inputs->now_us - inputs->notice_us < UI_NOTICE_US) {
        return TG_US_PER_S; /* what it hides comes back */
    }
    for (size_t i = 0; i < inputs->model->targets_count; i++) {
        struct tg_source source =
            tg_select_source(inputs->model->targets[i], NULL, 0, inputs->now_us);
        if (source.state != TG_SOURCE_LIVE) {
            return TG_US_PER_S;
        }
    }
    /* Ages of Pods in minutes, and sources that may fall silent. */
    return 10 * TG_US_PER_S;
}
