/* screens/scene.h - a simulated world brought to a known moment, and the console drawn over it.
 *
 * The moment comes from the whole program on its virtual clock (app/rig.h), so that a golden shows
 * what an operator would see, not what a test made up.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TESTS_SCREENS_SCENE_H
#define TESTS_SCREENS_SCENE_H

#include "app/rig.h"
#include "ui/ui.h"

enum scene_moment {
    SCENE_NOTHING_YET,   /* the program has just started */
    SCENE_STEADY,        /* both regions serve */
    SCENE_OBSERVING,     /* 40 s after the fault of a drill */
    SCENE_VERDICT,       /* the drill is over */
    SCENE_LOST,          /* a region's API server stopped answering 25 s ago */
    SCENE_RESTORE_OFFER, /* an interrupted drill was found at start */
    SCENE_KINDS_UNSEEN,  /* a region has no ResourceClaims, and its Events are denied */
    SCENE_COUNT
};

struct scene {
    struct tg_rig *rig;
    struct ui *ui;
    struct ui_inputs inputs;
    struct ui_canvas *canvas;
    bool is_utf8;
    struct tg_walk_place walk_place;
};

const char *scene_name(enum scene_moment moment);

/* locale: "C" gives ASCII and English, "zh_TW.UTF-8" UTF-8 and Chinese. Once for each process. */
struct scene scene_new(enum scene_moment moment, const char *locale);
void scene_free(struct scene *scene);

/* The same over a project in which nothing stands yet. */
struct scene scene_empty_new(const char *locale);

/* From now on every translated text is in brackets and half as long again (screens/stretch.c). */
void scene_stretch_texts(void);

/* Inputs as the program's loop would gather them now. */
void scene_gather(struct scene *scene);

/* Presses keys by name, separated by blanks; opens objects as the program's loop does. Returns the
 * last intent. */
struct ui_intent scene_keys(struct scene *scene, const char *keys);

/* Types text, character by character. */
struct ui_intent scene_type(struct scene *scene, const char *text);

/* Draws at a size; the screen as text, which the caller frees. */
char *scene_draw(struct scene *scene, int width, int height);

/* Compares the screen with tests/screens/golden/NAME; with GOLDEN_UPDATE=1 writes it. */
void scene_expect(struct scene *scene, const char *name, int width, int height);

#endif
