/* ui/canvas.h - the screen as data: a clipped grid of cells, each a grapheme with its width and a
 * style.
 *
 * Everything that is drawn goes through here, and text from outside is sanitised here
 * (base/utf8.h): the one choke point between the world's bytes and the terminal. A wide grapheme
 * that does not fit before the clip edge becomes a space; overwriting half of one blanks the other
 * half.
 *
 * Thread: UI thread. Ownership: the canvas owns its cells; texts are copied.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef UI_CANVAS_H
#define UI_CANVAS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Styles say what is meant; ui/term_curses.c says how it looks (256, 16, mono, NO_COLOR). */
enum ui_style {
    UI_STYLE_TEXT,
    UI_STYLE_MUTED,
    UI_STYLE_TITLE,
    UI_STYLE_BORDER,
    UI_STYLE_FOCUS, /* border and title of the focused pane */
    UI_STYLE_OK,
    UI_STYLE_RUNNING,
    UI_STYLE_WARN,
    UI_STYLE_FAIL,
    UI_STYLE_STALE,
    UI_STYLE_SELECTED,
    UI_STYLE_BANNER,
    UI_STYLE_ARMED,
    UI_STYLE_SIMULATED,
    UI_STYLE_KEY,
    UI_STYLE_COUNT
};

#define UI_GRAPHEME_BYTES_MAX 24

struct ui_cell {
    char text[UI_GRAPHEME_BYTES_MAX]; /* UTF-8, NUL-terminated; "" is the right half of a wide
                                         grapheme */
    uint8_t width;                    /* 1 or 2; 0 for a right half */
    uint8_t style;                    /* enum ui_style */
};

struct ui_rect {
    int x, y, width, height;
};

struct ui_canvas;

struct ui_canvas *ui_canvas_new(int width, int height);
void ui_canvas_free(struct ui_canvas *canvas);

/* Changes the size and blanks everything. */
void ui_canvas_resize(struct ui_canvas *canvas, int width, int height);
int ui_canvas_width(const struct ui_canvas *canvas);
int ui_canvas_height(const struct ui_canvas *canvas);
void ui_canvas_clear(struct ui_canvas *canvas);
const struct ui_cell *ui_canvas_cell(const struct ui_canvas *canvas, int x, int y);

/* Narrows drawing to rect within the present clip until the matching pop. */
void ui_canvas_push_clip(struct ui_canvas *canvas, struct ui_rect rect);
void ui_canvas_pop_clip(struct ui_canvas *canvas);

/* Draws sanitised text at x, y; returns the column after it. Never wraps; what is outside the clip
 * is lost. */
int ui_canvas_put(struct ui_canvas *canvas, int x, int y, enum ui_style style, const char *text);
int ui_canvas_printf(struct ui_canvas *canvas, int x, int y, enum ui_style style,
                     const char *format, ...) __attribute__((format(printf, 5, 6)));

/* Draws text in exactly cells columns: padded, or cut with an ellipsis mark ("~" in ASCII, a
 * neutral sign in UTF-8). */
int ui_canvas_put_fit(struct ui_canvas *canvas, int x, int y, int cells, bool is_right,
                      enum ui_style style, const char *text);
void ui_canvas_fill(struct ui_canvas *canvas, struct ui_rect rect, const char *grapheme,
                    enum ui_style style);

/* Changes the style of cells already drawn (selection bar). */
void ui_canvas_restyle(struct ui_canvas *canvas, struct ui_rect rect, enum ui_style style);

/* Text form for goldens: the rows, trailing blanks cut, then (with_styles) a map with one letter
 * for each cell. The caller frees. */
char *ui_canvas_dump(const struct ui_canvas *canvas, bool with_styles);

#endif
