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

#define UI_PARTS_MAX 12

struct ui_part {
    enum ui_style style;
    char *text;
};

struct ui_line {
    struct ui_part parts[UI_PARTS_MAX];
    int parts_count;
    int target; /* of the object it stands for; -1: none */
    enum tg_kind kind;
    char *ns;
    char *name;
};

struct ui_lines {
    struct ui_line *items;
    size_t count;
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

/* Keeps only lines that contain filter ("!" in front: that do not); ASCII case is ignored. */
void ui_lines_filter(struct ui_lines *lines, const char *filter);

/* Draws the lines from `first` into rect; `selected` (or -1) is shown as the bar. */
void ui_lines_draw(const struct ui_lines *lines, struct ui_canvas *canvas, struct ui_rect rect,
                   size_t first, long selected);

#endif
