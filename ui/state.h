/* ui/state.h - the console's own state: focus, scroll, filters, dialogs. No model data. Private to
 * ui/.
 *
 * Thread: UI thread.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef UI_STATE_H
#define UI_STATE_H

#include "ui/ui.h"
#include "ui/view.h"

enum ui_overlay {
    UI_OVERLAY_NONE,
    UI_OVERLAY_HELP,
    UI_OVERLAY_DETAIL,
    UI_OVERLAY_PALETTE,
    UI_OVERLAY_COMMAND,
    UI_OVERLAY_FILTER,
    UI_OVERLAY_CONFIRM,
    UI_OVERLAY_QUIT,
    UI_OVERLAY_WAIVE,
};

struct ui_pane {
    size_t first; /* line at the top */
    size_t count; /* lines when last drawn */
    int width;    /* cells within the frame when last drawn: what a line is depends on it */
    int height;
    long selected; /* -1: none */
    bool is_following;
    char filter[80];
};

struct ui {
    bool is_utf8;
    enum ui_view focus;
    bool is_zoomed;
    bool is_paused;
    int64_t paused_us; /* monotonic time of the picture that stands still */
    int drawn_width;   /* of the last whole picture */
    int drawn_height;
    bool is_pasting;
    bool is_offer_seen;
    struct ui_pane panes[UI_VIEW_COUNT];
    enum ui_overlay overlay;
    long overlay_first;
    long overlay_selected; /* in the palette */
    char input[120];
    char message[300];
    char detail_title[320];
};

/* Fills lines with a view's contents. */
void ui_frame_fill(const struct ui_view_context *context, enum ui_view view,
                   struct ui_lines *lines);

/* Commands of the palette that match what is typed, best first; returns how many. */
size_t ui_palette_matches(const struct ui *ui, enum tg_command matches[TG_COMMAND_COUNT]);

/* Draws the dialog or overlay that is open over the panes (ui/overlay.c). */
void ui_overlay_draw(struct ui *ui, const struct ui_inputs *inputs, struct ui_canvas *canvas);

/* A framed box with a title; returns the room within. */
struct ui_rect ui_frame_box(struct ui_canvas *canvas, struct ui_rect rect, bool is_utf8,
                            bool is_focused, const char *title, enum ui_style note_style,
                            const char *note);

#endif
