/* tests/unit/ui/test_lines.c - lines of a pane: fitting, wrapping, filtering, drawing. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "ui/lines.h"

static void expect_drawn(const struct ui_lines *lines, int width, int height, size_t first,
                         const char *rows)
{
    struct ui_canvas *canvas = ui_canvas_new(width, height);
    ui_lines_draw(lines, canvas, (struct ui_rect){0, 0, width, height}, first, -1, true);
    char *dump = ui_canvas_dump(canvas, false);
    cr_assert_str_eq(dump, rows);
    free(dump);
    ui_canvas_free(canvas);
}

static void add(struct ui_lines *lines, const char *text)
{
    ui_line_put(ui_lines_add(lines), UI_STYLE_TEXT, 0, "%s", text);
}

Test(lines, a_line_that_is_cut_says_so)
{
    struct ui_lines lines = {0};
    add(&lines, "exactly 10");
    add(&lines, "eleven char");
    add(&lines, "ten and    ");
    add(&lines, "負載平衡器的");
    expect_drawn(&lines, 10, 4, 0, "exactly 10\neleven ch›\nten and\n負載平衡 ›\n");
    ui_lines_fini(&lines);
}

Test(lines, parts_have_their_cells)
{
    struct ui_lines lines = {0};
    struct ui_line *line = ui_lines_add(&lines);
    ui_line_put(line, UI_STYLE_TEXT, 6, "ab");
    ui_line_put(line, UI_STYLE_TEXT, 4, "%s", "abcdefg");
    ui_line_put(line, UI_STYLE_TEXT, 0, "|");
    expect_drawn(&lines, 20, 1, 0, "ab    abc~|\n");
    ui_lines_fini(&lines);
}

Test(lines, draws_from_the_first_that_is_asked_for)
{
    struct ui_lines lines = {0};
    add(&lines, "one");
    add(&lines, "two");
    add(&lines, "three");
    expect_drawn(&lines, 10, 2, 1, "two\nthree\n");
    expect_drawn(&lines, 10, 2, 3, "\n\n");
    ui_lines_fini(&lines);
}

Test(lines, chinese_among_words_fills_its_lines_and_keeps_its_signs)
{
    struct ui_lines lines = {0};
    ui_lines_add_wrapped(&lines, UI_STYLE_TEXT, 16, "看 Programmed 一直等");
    expect_drawn(&lines, 16, 2, 0, "看 Programmed 一\n直等\n");
    ui_lines_fini(&lines);
    lines = (struct ui_lines){0};
    ui_lines_add_wrapped(&lines, UI_STYLE_TEXT, 12, "然後:閘道會「等」。再來");
    expect_drawn(&lines, 12, 3, 0, "然後:閘道會\n「等」。再來\n\n");
    ui_lines_fini(&lines);
    lines = (struct ui_lines){0};
    ui_lines_add_wrapped(&lines, UI_STYLE_TEXT, 12, "四個字四個字,逗號");
    expect_drawn(&lines, 12, 3, 0, "四個字四個\n字,逗號\n\n");
    ui_lines_fini(&lines);
}

Test(lines, wraps_at_blanks_and_chinese_anywhere)
{
    struct ui_lines lines = {0};
    ui_lines_add_wrapped(&lines, UI_STYLE_TEXT, 12, "the region is restored now");
    ui_lines_add_wrapped(&lines, UI_STYLE_TEXT, 12, "supercalifragilistic");
    ui_lines_add_wrapped(&lines, UI_STYLE_TEXT, 12, "區域將在九十秒後還原");
    expect_drawn(
        &lines, 12, 8, 0,
        "the region\nis restored\nnow\nsupercalifra\ngilistic\n區域將在九十\n秒後還原\n\n");
    ui_lines_fini(&lines);
}

Test(lines, filters_by_text_and_by_its_absence)
{
    struct ui_lines lines = {0};
    add(&lines, "Pod vllm Running");
    add(&lines, "Node gke Ready");
    add(&lines, "Pod other Pending");
    ui_lines_filter(&lines, "pod");
    cr_assert_eq(lines.count, 2);
    ui_lines_filter(&lines, "!running");
    cr_assert_eq(lines.count, 1);
    expect_drawn(&lines, 20, 1, 0, "Pod other Pending\n");
    ui_lines_filter(&lines, "nothing has this");
    cr_assert_eq(lines.count, 0);
    ui_lines_fini(&lines);
}
