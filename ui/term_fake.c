/* ui/term_fake.c - a terminal of a script, for tests. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/mem.h"
#include "ui/term.h"

#define KEYS_MAX 4096

struct fake {
    struct ui_term base;
    int width;
    int height;
    struct ui_key keys[KEYS_MAX];
    size_t first;
    size_t count;
    struct ui_canvas *shown;
    bool is_whole;
    int changed;
    char *copied;
};

static void get_size(struct ui_term *term, int *width, int *height)
{
    *width = ((struct fake *)term)->width;
    *height = ((struct fake *)term)->height;
}

static struct ui_key take_key(struct ui_term *term)
{
    struct fake *fake = (struct fake *)term;
    if (fake->first == fake->count) {
        return (struct ui_key){.code = UI_KEY_NONE};
    }
    return fake->keys[fake->first++];
}

static int no_fd(struct ui_term *term)
{
    (void)term;
    return -1;
}

static void present(struct ui_term *term, const struct ui_canvas *canvas)
{
    struct fake *fake = (struct fake *)term;
    int width = ui_canvas_width(canvas);
    int height = ui_canvas_height(canvas);
    if (fake->is_whole || ui_canvas_width(fake->shown) != width ||
        ui_canvas_height(fake->shown) != height) {
        ui_canvas_resize(fake->shown, width, height);
        fake->is_whole = false;
    }
    fake->changed = 0;
    for (int y = 0; y < height; y++) {
        for (int x = 0; x < width; x++) {
            const struct ui_cell *new = ui_canvas_cell(canvas, x, y);
            struct ui_cell *old = (struct ui_cell *)(uintptr_t)ui_canvas_cell(fake->shown, x, y);
            fake->changed += memcmp(old, new, sizeof(*old)) != 0 ? 1 : 0;
            *old = *new;
        }
    }
}

static void invalidate(struct ui_term *term)
{
    ((struct fake *)term)->is_whole = true;
}

static void copy(struct ui_term *term, const char *text)
{
    struct fake *fake = (struct fake *)term;
    free(fake->copied);
    fake->copied = tg_strdup(text);
}

static void nothing(struct ui_term *term)
{
    (void)term;
}

static void free_fake(struct ui_term *term)
{
    ui_canvas_free(((struct fake *)term)->shown);
    free(((struct fake *)term)->copied);
    free(term);
}

struct ui_term *ui_term_fake_new(int width, int height)
{
    static const struct ui_term_ops ops = {get_size, take_key, no_fd, present, invalidate,
                                           nothing,  nothing,  copy,  nothing, free_fake};
    struct fake *fake = TG_NEW(struct fake);
    fake->base.ops = &ops;
    fake->width = width;
    fake->height = height;
    fake->shown = ui_canvas_new(width, height);
    fake->is_whole = true;
    return &fake->base;
}

void ui_term_fake_push(struct ui_term *term, const char *keys)
{
    struct fake *fake = (struct fake *)term;
    while (*keys != '\0') {
        size_t len = strcspn(keys, " ");
        char *name = tg_strndup(keys, len);
        tg_assert(fake->count < KEYS_MAX);
        if (len > 0) {
            bool is_key = ui_key_parse(name, &fake->keys[fake->count++]);
            tg_assert(is_key);
        }
        free(name);
        keys += len + (keys[len] == ' ' ? 1 : 0);
    }
}

void ui_term_fake_resize(struct ui_term *term, int width, int height)
{
    ((struct fake *)term)->width = width;
    ((struct fake *)term)->height = height;
}

char *ui_term_fake_frame(const struct ui_term *term, bool with_styles)
{
    return ui_canvas_dump(((const struct fake *)term)->shown, with_styles);
}

const char *ui_term_fake_copied(const struct ui_term *term)
{
    const char *copied = ((const struct fake *)term)->copied;
    return copied != NULL ? copied : "";
}

int ui_term_fake_changed_cells(const struct ui_term *term)
{
    return ((const struct fake *)term)->changed;
}
