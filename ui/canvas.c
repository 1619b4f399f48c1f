/* ui/canvas.c - a clipped grid of cells. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "ui/canvas.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/utf8.h"

#define CLIPS_MAX 16
#define SIDE_MAX  2000

struct ui_canvas {
    int width;
    int height;
    struct ui_cell *cells;
    struct ui_rect clips[CLIPS_MAX];
    int clips_count;
};

static void blank(struct ui_cell *cell, enum ui_style style)
{
    cell->text[0] = ' ';
    cell->text[1] = '\0';
    cell->width = 1;
    cell->style = (uint8_t)style;
}

struct ui_canvas *ui_canvas_new(int width, int height)
{
    struct ui_canvas *canvas = TG_NEW(struct ui_canvas);
    ui_canvas_resize(canvas, width, height);
    return canvas;
}

void ui_canvas_free(struct ui_canvas *canvas)
{
    if (canvas != NULL) {
        free(canvas->cells);
        free(canvas);
    }
}

void ui_canvas_resize(struct ui_canvas *canvas, int width, int height)
{
    canvas->width = width < 1 ? 1 : width > SIDE_MAX ? SIDE_MAX : width;
    canvas->height = height < 1 ? 1 : height > SIDE_MAX ? SIDE_MAX : height;
    canvas->cells = tg_realloc_array(canvas->cells, (size_t)canvas->width * (size_t)canvas->height,
                                     sizeof(*canvas->cells));
    ui_canvas_clear(canvas);
}

int ui_canvas_width(const struct ui_canvas *canvas)
{
    return canvas->width;
}

int ui_canvas_height(const struct ui_canvas *canvas)
{
    return canvas->height;
}

static struct ui_cell *cell_at(const struct ui_canvas *canvas, int x, int y)
{
    return &canvas->cells[(size_t)y * (size_t)canvas->width + (size_t)x];
}

void ui_canvas_clear(struct ui_canvas *canvas)
{
    canvas->clips_count = 1;
    canvas->clips[0] = (struct ui_rect){0, 0, canvas->width, canvas->height};
    for (int y = 0; y < canvas->height; y++) {
        for (int x = 0; x < canvas->width; x++) {
            memset(cell_at(canvas, x, y), 0, sizeof(struct ui_cell));
            blank(cell_at(canvas, x, y), UI_STYLE_TEXT);
        }
    }
}

const struct ui_cell *ui_canvas_cell(const struct ui_canvas *canvas, int x, int y)
{
    tg_assert(x >= 0 && y >= 0 && x < canvas->width && y < canvas->height);
    return cell_at(canvas, x, y);
}

static const struct ui_rect *clip_of(const struct ui_canvas *canvas)
{
    return &canvas->clips[canvas->clips_count - 1];
}

void ui_canvas_push_clip(struct ui_canvas *canvas, struct ui_rect rect)
{
    const struct ui_rect *now = clip_of(canvas);
    tg_assert(canvas->clips_count < CLIPS_MAX);
    int left = rect.x > now->x ? rect.x : now->x;
    int top = rect.y > now->y ? rect.y : now->y;
    int right =
        rect.x + rect.width < now->x + now->width ? rect.x + rect.width : now->x + now->width;
    int bottom =
        rect.y + rect.height < now->y + now->height ? rect.y + rect.height : now->y + now->height;
    canvas->clips[canvas->clips_count++] = (struct ui_rect){
        left, top, right > left ? right - left : 0, bottom > top ? bottom - top : 0};
}

void ui_canvas_pop_clip(struct ui_canvas *canvas)
{
    tg_assert(canvas->clips_count > 1);
    canvas->clips_count--;
}

/* Overwriting one half of a wide grapheme leaves a blank in place of the other. */
static void heal(struct ui_canvas *canvas, int x, int y)
{
    struct ui_cell *cell = cell_at(canvas, x, y);
    if (cell->width == 0 && x > 0) {
        blank(cell_at(canvas, x - 1, y), cell_at(canvas, x - 1, y)->style);
    }
    if (cell->width == 2 && x + 1 < canvas->width) {
        blank(cell_at(canvas, x + 1, y), cell_at(canvas, x + 1, y)->style);
    }
}

static void put_cell(struct ui_canvas *canvas, int x, int y, enum ui_style style, const char *bytes,
                     size_t len, int width)
{
    struct ui_cell *cell = cell_at(canvas, x, y);
    heal(canvas, x, y);
    if (width == 2) {
        heal(canvas, x + 1, y);
    }
    memset(cell->text, 0, sizeof(cell->text));
    memcpy(cell->text, bytes, len < sizeof(cell->text) ? len : sizeof(cell->text) - 1);
    cell->width = (uint8_t)width;
    cell->style = (uint8_t)style;
    if (width == 2) {
        struct ui_cell *right = cell_at(canvas, x + 1, y);
        memset(right->text, 0, sizeof(right->text));
        right->width = 0;
        right->style = (uint8_t)style;
    }
}

int ui_canvas_put(struct ui_canvas *canvas, int x, int y, enum ui_style style, const char *text)
{
    const struct ui_rect *clip = clip_of(canvas);
    char *safe = tg_utf8_sanitize(text, strlen(text));
    const char *at = safe;
    size_t left = strlen(safe);
    while (left > 0) {
        int width = 0;
        size_t len = tg_utf8_grapheme(at, left, &width);
        width = width < 1 ? 1 : width;
        bool is_row = y >= clip->y && y < clip->y + clip->height;
        if (is_row && x >= clip->x && x + width <= clip->x + clip->width) {
            /* A cluster too long for a cell keeps its base alone. */
            if (len >= UI_GRAPHEME_BYTES_MAX) {
                uint32_t base = 0;
                put_cell(canvas, x, y, style, at, tg_utf8_decode(at, left, &base), width);
            } else {
                put_cell(canvas, x, y, style, at, len, width);
            }
        } else if (is_row && width == 2 && x >= clip->x && x + 1 == clip->x + clip->width) {
            put_cell(canvas, x, y, style, " ", 1, 1);
        }
        x += width;
        at += len;
        left -= len;
    }
    free(safe);
    return x;
}

int ui_canvas_printf(struct ui_canvas *canvas, int x, int y, enum ui_style style,
                     const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *text = tg_vasprintf(format, args);
    va_end(args);
    int after = ui_canvas_put(canvas, x, y, style, text);
    free(text);
    return after;
}

int ui_canvas_put_fit(struct ui_canvas *canvas, int x, int y, int cells, bool is_right,
                      enum ui_style style, const char *text)
{
    if (cells <= 0) {
        return x;
    }
    char *safe = tg_utf8_sanitize(text, strlen(text));
    size_t used = 0;
    size_t len = tg_utf8_fit(safe, (size_t)cells, &used);
    bool is_cut = safe[len] != '\0';
    if (is_cut && cells > 1) {
        len = tg_utf8_fit(safe, (size_t)cells - 1, &used);
    }
    safe[len] = '\0';
    int pad = cells - (int)used - (is_cut ? 1 : 0);
    int at = x;
    for (int i = 0; is_right && i < pad; i++) {
        at = ui_canvas_put(canvas, at, y, style, " ");
    }
    at = ui_canvas_put(canvas, at, y, style, safe);
    if (is_cut && at < x + cells) {
        at = ui_canvas_put(canvas, at, y, style, "~");
    }
    while (at < x + cells) {
        at = ui_canvas_put(canvas, at, y, style, " ");
    }
    free(safe);
    return x + cells;
}

void ui_canvas_fill(struct ui_canvas *canvas, struct ui_rect rect, const char *grapheme,
                    enum ui_style style)
{
    ui_canvas_push_clip(canvas, rect);
    for (int y = rect.y; y < rect.y + rect.height; y++) {
        for (int x = rect.x; x < rect.x + rect.width;) {
            x = ui_canvas_put(canvas, x, y, style, grapheme);
        }
    }
    ui_canvas_pop_clip(canvas);
}

void ui_canvas_restyle(struct ui_canvas *canvas, struct ui_rect rect, enum ui_style style)
{
    ui_canvas_push_clip(canvas, rect);
    const struct ui_rect clip = *clip_of(canvas);
    for (int y = clip.y; y < clip.y + clip.height; y++) {
        for (int x = clip.x; x < clip.x + clip.width; x++) {
            cell_at(canvas, x, y)->style = (uint8_t)style;
        }
    }
    ui_canvas_pop_clip(canvas);
}

char *ui_canvas_dump(const struct ui_canvas *canvas, bool with_styles)
{
    static const char letters[] = ".mtbforwxsSBAIk";
    struct tg_buf out;
    tg_buf_init(&out, 64 * 1024 * 1024);
    for (int pass = 0; pass < (with_styles ? 2 : 1); pass++) {
        for (int y = 0; y < canvas->height; y++) {
            size_t end = out.len;
            for (int x = 0; x < canvas->width; x++) {
                const struct ui_cell *cell = cell_at(canvas, x, y);
                if (pass == 0) {
                    tg_buf_puts(&out, cell->text);
                } else {
                    tg_buf_putc(&out, letters[cell->style]);
                }
                end = strcmp(cell->text, " ") != 0 || pass == 1 ? out.len : end;
            }
            out.len = end;
            tg_buf_putc(&out, '\n');
        }
        if (pass == 0 && with_styles) {
            tg_buf_puts(&out, "----\n");
        }
    }
    return tg_buf_take(&out, NULL);
}
