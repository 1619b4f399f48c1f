/* ui/lines.h - what a pane shows, as lines of styled parts that may stand for an object; scroll,
 * selection and filter are the same for every pane because of it.
 *
 * Thread: UI thread. Ownership: the list owns its texts.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef UI_LINES_H
#define UI_LINES_H

#include <stdbool.h>
#include <stddef.h>

#include "model/obj.h"
#include "ui/canvas.h"

struct ui_part {
    enum ui_style style;
    char *text;
};

struct ui_line {
    struct ui_part *parts;
    int parts_count;
    int target; /* of the object it stands for; -1: none */
    enum tg_kind kind;
    char *ns;
    char *name;
    int step; /* of the lab it stands for; -1: none */
};

struct ui_lines {
    struct ui_line *items;
    size_t count;
    long wanted; /* line to keep in sight until the operator scrolls, counted from 1; 0: none */
};

void ui_lines_fini(struct ui_lines *lines);

/* A new line at the end; the pointer is valid until the next one. */
struct ui_line *ui_lines_add(struct ui_lines *lines);

/* A part: printf-like; with cells > 0 padded or cut to so many cells (right-aligned when negative).
 */
void ui_line_put(struct ui_line *line, enum ui_style style, int cells, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* What Enter opens. */
void ui_line_set_object(struct ui_line *line, int target, const struct tg_obj *obj);

/* Adds text as one or more lines of at most cells, broken at blanks, or within words that are
 * longer (text without blanks, as Chinese, breaks anywhere). */
void ui_lines_add_wrapped(struct ui_lines *lines, enum ui_style style, int cells, const char *text);

/* Keeps only lines that contain filter, or stand for an object whose name does, since a narrow pane
 * shows the end of a name alone ("!" in front: that do not). ASCII case is ignored. */
void ui_lines_filter(struct ui_lines *lines, const char *filter);

/* Draws the lines from `first` into rect; `selected` (or -1) is shown as the bar. A line that does
 * not fit ends in a mark, so that nobody takes what is cut for all there is. */
void ui_lines_draw(const struct ui_lines *lines, struct ui_canvas *canvas, struct ui_rect rect,
                   size_t first, long selected, bool is_utf8);

#endif
