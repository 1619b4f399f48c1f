/* ui/state.h - the console's own state: focus, scroll, filters, dialogs. No model data. Private to
 * ui/.
 *
 * Thread: UI thread.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef UI_STATE_H
#define UI_STATE_H

#include "base/clock.h"
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
    UI_OVERLAY_STEP,
    UI_OVERLAY_WALK,
    UI_OVERLAY_OUTPUT,
    UI_OVERLAY_LAB_UP,
    UI_OVERLAY_LAB_DOWN,
    UI_OVERLAY_SECRET,
    UI_OVERLAY_DOCTOR,
    UI_OVERLAY_STOCKOUT,
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

#define UI_NOTICE_US (10 * TG_US_PER_S) /* within which a notice is read */

#define UI_INPUT_SIZE  120
#define UI_HISTORY_MAX 32

/* Command lines of this session, oldest first. */
struct ui_history {
    char lines[UI_HISTORY_MAX][UI_INPUT_SIZE];
    char typed[UI_INPUT_SIZE]; /* what was being typed when the first was recalled */
    size_t count;
    size_t at; /* the one that is shown, counted from the newest; 0: what is typed */
};

struct ui {
    bool is_utf8;
    enum ui_view focus;
    bool is_zoomed;
    bool is_paused;
    int64_t paused_us; /* monotonic time of the picture that stands still */
    bool is_touched;   /* a key changed what is shown since the last whole picture */
    int drawn_width;   /* of the last whole picture */
    int drawn_height;
    bool is_pasting;
    bool is_offer_seen;
    struct ui_pane panes[UI_VIEW_COUNT];
    enum ui_overlay overlay;
    long overlay_first;
    bool is_end_followed;  /* nobody scrolled away from it */
    long overlay_selected; /* in the palette */
    char input[UI_INPUT_SIZE];
    struct ui_history history;
    char message[300];
    char detail_title[320];
    size_t step;            /* of the page that is open */
    size_t section;         /* of the walkthrough's page */
    long walk_first;        /* line at its top */
    bool is_walking;        /* it comes back when what it asked for was answered */
    size_t stockouts_shown; /* things without machines of which the dialog told unasked */
    int lab_from;           /* steps that are asked for; -1: all */
    int lab_until;
    char detail_row[2048]; /* "": the detail is an object's */
};

/* Fills lines with a view's contents. */
void ui_frame_fill(const struct ui_view_context *context, enum ui_view view,
                   struct ui_lines *lines);

/* Opens a dialog with an empty line to type in. */
void ui_ask(struct ui *ui, enum ui_overlay overlay);

/* The end of what is open stays in sight: of what is printed while it is printed, and of a
 * question, whose line to type in is its last. */
bool ui_is_end_followed(const struct ui *ui);

/* ---- ui/command_line.c ---- */

/* Tab completes, Up and Down recall; true when the key was one of them. */
bool ui_command_line_key(struct ui *ui, struct ui_key key);

/* Keeps the line that was entered. */
void ui_command_line_remember(struct ui *ui);

/* Writes the names that what is typed may become, as many as have room, from x on. */
void ui_command_line_draw(const struct ui *ui, struct ui_canvas *canvas, int x, int y);

/* ---- ui/lab.c: standing the lab up and taking it down ---- */

void ui_lab_command(struct ui *ui, const struct ui_inputs *inputs, enum tg_command command,
                    struct ui_intent *intent);
/* Enter in one of its dialogs, which is closed already. */
void ui_lab_submit(struct ui *ui, const struct ui_inputs *inputs, enum ui_overlay overlay,
                   struct ui_intent *intent);
/* Asks whether to make steps from..until. */
void ui_lab_ask_range(struct ui *ui, const struct ui_inputs *inputs, int from, int until,
                      struct ui_intent *intent);
void ui_lab_draw_confirm(struct ui *ui, const struct ui_inputs *inputs, struct ui_canvas *canvas);
void ui_lab_draw_secret(struct ui *ui, struct ui_canvas *canvas);
void ui_lab_draw_output(struct ui *ui, const struct ui_inputs *inputs, struct ui_canvas *canvas);
void ui_lab_draw_step(struct ui *ui, const struct ui_inputs *inputs, struct ui_canvas *canvas);

/* ---- ui/stockout.c: no machines are free ---- */

/* Opens the dialog; says so when nothing waits for machines. */
void ui_stockout_open(struct ui *ui, const struct ui_inputs *inputs);
/* Opens it by itself when there are no machines for one thing more and nothing else is open; closes
 * it when nothing waits any more. For each picture. */
void ui_stockout_follow(struct ui *ui, const struct ui_inputs *inputs);
/* A key while it is open; false when it is none of its own. */
bool ui_stockout_key(struct ui *ui, const struct ui_inputs *inputs, struct ui_key key,
                     struct ui_intent *intent);
void ui_stockout_draw(struct ui *ui, const struct ui_inputs *inputs, struct ui_canvas *canvas);

/* ---- ui/doctor.c: the preflight ---- */

void ui_doctor_command(struct ui *ui, const struct ui_inputs *inputs, struct ui_intent *intent);
/* A key of its page; false when it is none of the page's own. */
bool ui_doctor_key(const struct ui_inputs *inputs, struct ui_key key, struct ui_intent *intent);
void ui_doctor_draw(struct ui *ui, const struct ui_inputs *inputs, struct ui_canvas *canvas);
/* What it found, in a few lines of the dialog that asks whether the lab is to be stood up. */
void ui_doctor_add_summary(const struct ui_inputs *inputs, int cells, struct ui_lines *lines);
/* True when there are no findings, or the world has changed or grown older since. */
bool ui_doctor_is_due(const struct ui_inputs *inputs);
/* How much of what it found fails; 0 without a preflight. */
size_t ui_doctor_fails(const struct ui_inputs *inputs);

/* ---- ui/next.c ---- */

/* The next thing to do, "" when there is none; true when it goes before problems: nothing happens
 * until the operator does it. */
bool ui_next_text(const struct ui_inputs *inputs, char *out, size_t size);

/* The primary region's cluster among the targets; -1: not watched, or not there any more. */
int ui_primary_target(const struct ui_inputs *inputs);

/* ---- ui/walk.c: the guided walk ---- */

void ui_walk_open(struct ui *ui, const struct ui_inputs *inputs);
void ui_walk_command(struct ui *ui, const struct ui_inputs *inputs, enum tg_command command,
                     struct ui_intent *intent);
/* A key while it is open; false when it is none of its own. */
bool ui_walk_key(struct ui *ui, const struct ui_inputs *inputs, struct ui_key key,
                 struct ui_intent *intent);
void ui_walk_draw(struct ui *ui, const struct ui_inputs *inputs, struct ui_canvas *canvas);

/* Commands of the palette that match what is typed, best first; returns how many. */
size_t ui_palette_matches(const struct ui *ui, enum tg_command matches[TG_COMMAND_COUNT]);

/* A dialog of so many cells at most, in the middle: cells within it, and drawing it. */
int ui_overlay_cells(const struct ui_canvas *canvas, int width);
void ui_overlay_lines(struct ui *ui, struct ui_canvas *canvas, int width, const char *title,
                      const char *note, const struct ui_lines *lines);

/* A page that fills rect and is scrolled; says which lines are shown when not all are. */
void ui_overlay_page(struct ui *ui, struct ui_canvas *canvas, struct ui_rect rect,
                     const char *title, const char *note, enum ui_style note_style,
                     const struct ui_lines *lines);

/* Draws the dialog or overlay that is open over the panes (ui/overlay.c). */
void ui_overlay_draw(struct ui *ui, const struct ui_inputs *inputs, struct ui_canvas *canvas);

/* A framed box with a title; returns the room within. */
struct ui_rect ui_frame_box(struct ui_canvas *canvas, struct ui_rect rect, bool is_utf8,
                            bool is_focused, const char *title, enum ui_style note_style,
                            const char *note);

#endif
