/* ui/lines.c - lines of styled parts. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "ui/lines.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/utf8.h"

static void free_line(struct ui_line *line)
{
    for (int i = 0; i < line->parts_count; i++) {
        free(line->parts[i].text);
    }
    free(line->parts);
    free(line->ns);
    free(line->name);
}

void ui_lines_fini(struct ui_lines *lines)
{
    for (size_t i = 0; i < lines->count; i++) {
        free_line(&lines->items[i]);
    }
    free(lines->items);
    *lines = (struct ui_lines){0};
}

struct ui_line *ui_lines_add(struct ui_lines *lines)
{
    lines->items = tg_realloc_array(lines->items, lines->count + 1, sizeof(*lines->items));
    struct ui_line *line = &lines->items[lines->count++];
    *line = (struct ui_line){.target = -1, .step = -1};
    return line;
}

/* Text in exactly so many cells, left or right aligned, with a mark where it was cut. */
static char *fit(char *text, int cells)
{
    size_t wanted = (size_t)(cells < 0 ? -cells : cells);
    char *safe = tg_utf8_sanitize(text, strlen(text));
    size_t used = 0;
    size_t len = tg_utf8_fit(safe, wanted, &used);
    bool is_cut = safe[len] != '\0';
    if (is_cut) {
        len = tg_utf8_fit(safe, wanted > 0 ? wanted - 1 : 0, &used);
    }
    int pad = (int)(wanted - used) - (is_cut ? 1 : 0);
    char *out = cells < 0 ? tg_asprintf("%*s%.*s%s", pad, "", (int)len, safe, is_cut ? "~" : "")
                          : tg_asprintf("%.*s%s%*s", (int)len, safe, is_cut ? "~" : "", pad, "");
    free(safe);
    free(text);
    return out;
}

void ui_line_put(struct ui_line *line, enum ui_style style, int cells, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *text = tg_vasprintf(format, args);
    va_end(args);
    line->parts =
        tg_realloc_array(line->parts, (size_t)line->parts_count + 1, sizeof(*line->parts));
    line->parts[line->parts_count++] =
        (struct ui_part){style, cells != 0 ? fit(text, cells) : text};
}

void ui_line_set_object(struct ui_line *line, int target, const struct tg_obj *obj)
{
    line->target = target;
    line->kind = obj->kind;
    line->ns = tg_strdup(obj->ns);
    line->name = tg_strdup(obj->name);
}

static bool contains(const struct ui_line *line, const char *text)
{
    char whole[2048];
    size_t used = 0;
    whole[0] = '\0';
    for (int i = 0; i < line->parts_count; i++) {
        size_t len = strlen(line->parts[i].text);
        if (used + len + 1 < sizeof(whole)) {
            memcpy(whole + used, line->parts[i].text, len + 1);
            used += len;
        }
    }
    return tg_str_contains_nocase(whole, text) ||
           (line->name != NULL && tg_str_contains_nocase(line->name, text));
}

/* Never at the start of a line, as books in Chinese have it; ASCII ones stand among Chinese too. */
static bool is_closing(uint32_t codepoint)
{
    static const uint32_t closing[] = {0x3001, 0x3002, 0x300d, 0x300f, 0xff09, 0xff0c,
                                       0xff1b, 0xff1a, ',',    ';',    ':',    '.',
                                       ')',    '!',    '?',    '%',    '"'};
    for (size_t i = 0; i < sizeof(closing) / sizeof(closing[0]); i++) {
        if (codepoint == closing[i]) {
            return true;
        }
    }
    return false;
}

static bool is_opening(uint32_t codepoint)
{
    return codepoint == 0x300c || codepoint == 0x300e || codepoint == 0xff08 || codepoint == '(';
}

/* The last place at or before taken where a line may end: after a blank, and on either side of a
 * Chinese character; 0 when there is none. */
static size_t last_break(const char *text, size_t taken)
{
    size_t best = 0;
    uint32_t before = 0;
    for (size_t at = 0; at <= taken;) {
        uint32_t codepoint = 0;
        size_t used = tg_utf8_decode(text + at, strlen(text + at), &codepoint);
        bool is_chinese =
            tg_utf8_codepoint_width(codepoint) == 2 || tg_utf8_codepoint_width(before) == 2;
        if (at > 0 &&
            (before == ' ' || (is_chinese && !is_closing(codepoint) && !is_opening(before)))) {
            best = at;
        }
        before = codepoint;
        at += used;
    }
    return best;
}

void ui_lines_add_wrapped(struct ui_lines *lines, enum ui_style style, int cells, const char *text)
{
    while (*text != '\0') {
        size_t len = strlen(text);
        size_t used = 0;
        size_t taken = tg_utf8_fit(text, (size_t)(cells > 2 ? cells : 2), &used);
        int width;
        taken = taken > 0 ? taken : tg_utf8_grapheme(text, len, &width);
        size_t at = taken < len && text[taken] != ' ' ? last_break(text, taken) : taken;
        at = at > taken / 2 ? at : taken;
        ui_line_put(ui_lines_add(lines), style, 0, "%.*s", (int)at, text);
        text += at;
        text += strspn(text, " ");
    }
}

void ui_lines_filter(struct ui_lines *lines, const char *filter)
{
    bool is_inverse = filter[0] == '!';
    const char *text = is_inverse ? filter + 1 : filter;
    size_t kept = 0;
    if (*text == '\0') {
        return;
    }
    for (size_t i = 0; i < lines->count; i++) {
        if (contains(&lines->items[i], text) != is_inverse) {
            lines->items[kept++] = lines->items[i];
        } else {
            free_line(&lines->items[i]);
        }
    }
    lines->count = kept;
}

void ui_lines_draw(const struct ui_lines *lines, struct ui_canvas *canvas, struct ui_rect rect,
                   size_t first, long selected, bool is_utf8)
{
    ui_canvas_push_clip(canvas, rect);
    for (int row = 0; row < rect.height && first + (size_t)row < lines->count; row++) {
        const struct ui_line *line = &lines->items[first + (size_t)row];
        int x = rect.x;
        int end = x; /* after the last cell that is not blank */
        for (int i = 0; i < line->parts_count; i++) {
            const char *text = line->parts[i].text;
            size_t len = strlen(text);
            size_t blanks = 0;
            x = ui_canvas_put(canvas, x, rect.y + row, line->parts[i].style, text);
            while (blanks < len && text[len - blanks - 1] == ' ') {
                blanks++;
            }
            end = blanks < len ? x - (int)blanks : end;
        }
        if (end > rect.x + rect.width) {
            ui_canvas_put(canvas, rect.x + rect.width - 1, rect.y + row, UI_STYLE_MUTED,
                          is_utf8 ? "›" : ">");
        }
        if ((long)first + row == selected) {
            ui_canvas_restyle(canvas, (struct ui_rect){rect.x, rect.y + row, rect.width, 1},
                              UI_STYLE_SELECTED);
        }
    }
    ui_canvas_pop_clip(canvas);
}
