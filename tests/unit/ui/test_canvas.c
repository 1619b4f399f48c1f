/* tests/unit/ui/test_canvas.c - cells, clipping, wide graphemes, and text from outside. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "ui/canvas.h"

static void expect(const struct ui_canvas *canvas, const char *rows)
{
    char *dump = ui_canvas_dump(canvas, false);
    cr_assert_str_eq(dump, rows);
    free(dump);
}

Test(canvas, puts_text_and_returns_the_column_after_it)
{
    struct ui_canvas *canvas = ui_canvas_new(8, 2);
    cr_assert_eq(ui_canvas_put(canvas, 1, 0, UI_STYLE_OK, "ab"), 3);
    cr_assert_eq(ui_canvas_put(canvas, 0, 1, UI_STYLE_OK, "網路"), 4);
    cr_assert_eq(ui_canvas_cell(canvas, 0, 1)->width, 2);
    cr_assert_eq(ui_canvas_cell(canvas, 1, 1)->width, 0);
    expect(canvas, " ab\n網路\n");
    ui_canvas_free(canvas);
}

Test(canvas, what_is_outside_is_lost)
{
    struct ui_canvas *canvas = ui_canvas_new(4, 1);
    ui_canvas_put(canvas, -2, 0, UI_STYLE_TEXT, "abcdefgh");
    ui_canvas_put(canvas, 0, 1, UI_STYLE_TEXT, "below");
    ui_canvas_put(canvas, 0, -1, UI_STYLE_TEXT, "above");
    expect(canvas, "cdef\n");
    ui_canvas_free(canvas);
}

Test(canvas, wide_graphemes_are_never_halved)
{
    struct ui_canvas *canvas = ui_canvas_new(5, 2);
    ui_canvas_put(canvas, 0, 0, UI_STYLE_TEXT, "a網路");  /* ends at the edge */
    ui_canvas_put(canvas, 0, 1, UI_STYLE_TEXT, "網路網"); /* the third has no room */
    expect(canvas, "a網路\n網路\n");
    ui_canvas_put(canvas, 2, 0, UI_STYLE_TEXT, "x"); /* over a right half */
    expect(canvas, "a x路\n網路\n");
    ui_canvas_put(canvas, 3, 0, UI_STYLE_TEXT, "y"); /* over a left half */
    expect(canvas, "a xy\n網路\n");
    ui_canvas_free(canvas);
}

Test(canvas, clips_nest)
{
    struct ui_canvas *canvas = ui_canvas_new(8, 1);
    ui_canvas_push_clip(canvas, (struct ui_rect){2, 0, 4, 1});
    ui_canvas_push_clip(canvas, (struct ui_rect){0, 0, 4, 1});
    ui_canvas_put(canvas, 0, 0, UI_STYLE_TEXT, "abcdefgh");
    ui_canvas_pop_clip(canvas);
    ui_canvas_put(canvas, 5, 0, UI_STYLE_TEXT, "XYZ");
    ui_canvas_pop_clip(canvas);
    expect(canvas, "  cd X\n");
    ui_canvas_free(canvas);
}

/* A Pod's name, an Event's message or a log line may hold anything. */
Test(canvas, controls_never_reach_a_cell)
{
    static const char *const hostile[] = {"\033]0;owned\007x",
                                          "\033[2J\033[H",
                                          "a\rb\nc\td",
                                          "\x9b"
                                          "31m",
                                          "\xc2\x9b"
                                          "31m",
                                          "\xff\xfe\x80",
                                          "\xe2\x80\xae"
                                          "evil",
                                          "\xed\xa0\x80",
                                          "x\177y",
                                          "\xf4\x90\x80\x80"};
    for (size_t i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++) {
        struct ui_canvas *canvas = ui_canvas_new(40, 1);
        ui_canvas_put(canvas, 0, 0, UI_STYLE_TEXT, hostile[i]);
        for (int x = 0; x < 40; x++) {
            const struct ui_cell *cell = ui_canvas_cell(canvas, x, 0);
            for (const char *byte = cell->text; *byte != '\0'; byte++) {
                cr_assert((unsigned char)*byte >= 0x20 && (unsigned char)*byte != 0x7f, "text %zu",
                          i);
            }
            cr_assert_null(strstr(cell->text, "\xc2\x9b"), "C1 control in text %zu", i);
            cr_assert_null(strstr(cell->text, "\xe2\x80\xae"), "bidi override in text %zu", i);
        }
        ui_canvas_free(canvas);
    }
}

Test(canvas, fits_pads_and_marks_what_is_cut)
{
    struct ui_canvas *canvas = ui_canvas_new(6, 4);
    ui_canvas_put_fit(canvas, 0, 0, 5, false, UI_STYLE_TEXT, "abcdefg");
    ui_canvas_put_fit(canvas, 0, 1, 5, true, UI_STYLE_TEXT, "ab");
    ui_canvas_put_fit(canvas, 0, 2, 5, false, UI_STYLE_TEXT, "網路網路");
    ui_canvas_put_fit(canvas, 0, 3, 5, false, UI_STYLE_TEXT, "abcde");
    expect(canvas, "abcd~\n   ab\n網路~\nabcde\n");
    ui_canvas_free(canvas);
}

Test(canvas, resizing_blanks_and_any_size_is_safe)
{
    struct ui_canvas *canvas = ui_canvas_new(10, 3);
    ui_canvas_put(canvas, 0, 0, UI_STYLE_TEXT, "text");
    ui_canvas_resize(canvas, 3, 1);
    expect(canvas, "\n");
    ui_canvas_resize(canvas, 0, 0);
    ui_canvas_put(canvas, 0, 0, UI_STYLE_TEXT, "text");
    ui_canvas_fill(canvas, (struct ui_rect){0, 0, 5, 5}, "x", UI_STYLE_TEXT);
    ui_canvas_restyle(canvas, (struct ui_rect){-3, -3, 50, 50}, UI_STYLE_SELECTED);
    ui_canvas_free(canvas);
}
