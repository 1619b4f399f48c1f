/* screens/scene.c - see scene.h. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "tests/screens/scene.h"

#include <criterion/criterion.h>
#include <libintl.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/doctor.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/utf8.h"
#include "io/read_file.h"
#include "tests/integration/rig_support.h"

#define GOLDEN_BYTES_MAX 1000000

const char *scene_name(enum scene_moment moment)
{
    static const char *const names[] = {"nothing-yet", "steady",        "observing",   "verdict",
                                        "lost",        "restore-offer", "kinds-unseen"};
    return names[moment];
}

static void speak(const char *locale)
{
    const char *catalogues = getenv("TIDEGATE_LOCALEDIR");
    cr_assert_not_null(catalogues, "TIDEGATE_LOCALEDIR names the built catalogues");
    cr_assert_not_null(setlocale(LC_ALL, tg_str_eq(locale, "C") ? "C" : "C.UTF-8"));
    setenv("LANGUAGE", tg_str_eq(locale, "C") ? "C" : "zh_TW", 1);
    bindtextdomain("tidegate", catalogues);
    bind_textdomain_codeset("tidegate", "UTF-8");
    textdomain("tidegate");
}

static bool is_observing(const struct tg_app *app)
{
    return app->drill->state == TG_DRILL_OBSERVE;
}

static void lose_region(struct tg_app *app)
{
    for (int kind = 0; kind < TG_KIND_COUNT; kind++) {
        struct tg_msg *msg = tg_msg_new(TG_MSG_KIND_PHASE, 0, tg_clock_monotonic_us(&app->clock));
        msg->resource = (enum tg_kind)kind;
        msg->as.phase.phase = TG_KIND_PHASE_RETRYING;
        msg->as.phase.retry_at_us = msg->at_us + 34 * TG_US_PER_S;
        tg_err_set(&msg->as.phase.err, TG_CODE_TIMEOUT, 0, "no answer within 10 s");
        tg_app_handle(app, msg);
    }
}

static void hide_kind(struct tg_app *app, enum tg_kind kind, enum tg_kind_phase phase,
                      const char *why)
{
    struct tg_msg *list = tg_msg_new(TG_MSG_REPLACE, 1, tg_clock_monotonic_us(&app->clock));
    list->resource = kind;
    tg_app_handle(app, list);
    struct tg_msg *msg = tg_msg_new(TG_MSG_KIND_PHASE, 1, tg_clock_monotonic_us(&app->clock));
    msg->resource = kind;
    msg->as.phase.phase = phase;
    msg->as.phase.retry_at_us = msg->at_us + 40 * TG_US_PER_S;
    tg_err_set(&msg->as.phase.err,
               phase == TG_KIND_PHASE_DENIED ? TG_CODE_FORBIDDEN : TG_CODE_NOT_FOUND, 0, "%s", why);
    tg_app_handle(app, msg);
}

static void observe_walk(struct scene *scene)
{
    const struct tg_app *app = tg_rig_app(scene->rig);
    tg_walk_observe(&scene->walk_place, app->lab, app->steps, app->model,
                    tg_clock_monotonic_us(&app->clock));
}

static void bring(struct scene *scene, enum scene_moment moment)
{
    struct tg_err err = TG_ERR_INIT;
    struct tg_app *app = tg_rig_app(scene->rig);
    if (moment == SCENE_NOTHING_YET) {
        return;
    }
    rig_wait_until_serving(scene->rig);
    tg_rig_run(scene->rig, 30 * TG_US_PER_S, NULL);
    observe_walk(scene);
    if (moment == SCENE_OBSERVING || moment == SCENE_VERDICT) {
        cr_assert(tg_app_drill_start(app, tg_app_primary_target(app), &err), "%s", err.msg);
        cr_assert(tg_rig_run(scene->rig, 5 * MINUTE_US, is_observing));
        tg_rig_run(scene->rig, 40 * TG_US_PER_S, NULL);
    }
    if (moment == SCENE_VERDICT) {
        cr_assert(tg_rig_run(scene->rig, 60 * MINUTE_US, rig_drill_is_over));
    }
}

void scene_gather(struct scene *scene)
{
    const struct tg_app *app = tg_rig_app(scene->rig);
    bool is_offered = scene->inputs.is_restore_offered;
    const char *locale = scene->inputs.locale;
    scene->inputs = (struct ui_inputs){
        .model = app->model,
        .lab = app->lab,
        .steps = app->steps,
        .drill = app->drill,
        .doctor = app->doctor,
        .fixes = app->fixes,
        .run = app->run,
        .is_restore_offered = is_offered,
        .is_armed = app->is_armed,
        .now_us = tg_clock_monotonic_us(&app->clock),
        .wall_us = tg_clock_wall_us(&app->clock),
        .lab_us = tg_app_lab_us(app),
        .locale = locale,
        .detail_text = app->detail_text,
        .detail_err = app->detail_err.code != TG_CODE_NONE ? &app->detail_err : NULL,
        .detail_us = app->detail_us,
        .walk_place = &scene->walk_place,
        .walk_folder = "state/tidegate/walk",
        .walk_shell = {NULL, "state/tidegate/work"},
        .world_note = "export KUBECONFIG=world/kubeconfig",
    };
    scene->inputs.is_simulated = tg_model_is_simulated(app->model, &scene->inputs.speed);
}

struct scene scene_new(enum scene_moment moment, const char *locale)
{
    struct scene scene = {0};
    speak(locale);
    scene.rig = rig_new(1, rig_journal_path());
    scene.ui = ui_new(!tg_str_eq(locale, "C"));
    scene.is_utf8 = !tg_str_eq(locale, "C");
    scene.canvas = ui_canvas_new(80, 24);
    scene.inputs.locale = locale;
    scene.inputs.is_restore_offered = moment == SCENE_RESTORE_OFFER;
    bring(&scene, moment);
    if (moment == SCENE_LOST) {
        lose_region(tg_rig_app(scene.rig));
    }
    if (moment == SCENE_KINDS_UNSEEN) {
        hide_kind(tg_rig_app(scene.rig), TG_KIND_RESOURCE_CLAIM, TG_KIND_PHASE_ABSENT,
                  "HTTP 404: 404 page not found");
        hide_kind(tg_rig_app(scene.rig), TG_KIND_EVENT, TG_KIND_PHASE_DENIED,
                  "Forbidden: events is forbidden");
    }
    observe_walk(&scene);
    scene_gather(&scene);
    if (moment == SCENE_LOST) {
        scene.inputs.now_us += 25 * TG_US_PER_S;
        scene.inputs.lab_us += 25 * TG_US_PER_S;
    }
    return scene;
}

struct scene scene_empty_new(const char *locale)
{
    struct scene scene = {0};
    struct tg_err err = TG_ERR_INIT;
    struct tg_rig_config config = {
        .world = {.seed = 11, .regions = 2, .start_wall_us = INT64_C(1767225600) * TG_US_PER_S},
        .lab = rig_lab(),
        .journal = rig_journal_path()};
    speak(locale);
    scene.rig = tg_rig_new(&config, &err);
    cr_assert_not_null(scene.rig, "%s", err.msg);
    scene.ui = ui_new(!tg_str_eq(locale, "C"));
    scene.canvas = ui_canvas_new(80, 24);
    scene.inputs.locale = locale;
    tg_rig_run(scene.rig, 30 * TG_US_PER_S, NULL);
    scene_gather(&scene);
    return scene;
}

void scene_free(struct scene *scene)
{
    ui_canvas_free(scene->canvas);
    ui_free(scene->ui);
    tg_rig_free(scene->rig);
}

static bool has_detail(const struct tg_app *app)
{
    return app->detail_text != NULL;
}

static struct ui_intent press(struct scene *scene, struct ui_key key)
{
    struct ui_intent intent = {.kind = UI_INTENT_NONE};
    scene->inputs.walk_place = &scene->walk_place; /* a scene is a value, and moves */
    ui_key(scene->ui, &scene->inputs, key, &intent);
    if (intent.kind == UI_INTENT_WALK_GO) {
        tg_walk_go(&scene->walk_place, scene->inputs.lab->walk, intent.section);
    }
    if (intent.kind == UI_INTENT_OPEN) {
        tg_app_open_detail(tg_rig_app(scene->rig), intent.target, intent.resource, intent.ns,
                           intent.name);
        cr_assert(tg_rig_run(scene->rig, MINUTE_US, has_detail));
        scene_gather(scene);
    }
    if (intent.kind == UI_INTENT_DOCTOR) {
        struct tg_err err = TG_ERR_INIT;
        struct tg_doctor_config config = {.until = -1,
                                          .has_terminal = true,
                                          .terminal = {.is_terminal = true,
                                                       .is_utf8 = scene->is_utf8,
                                                       .colours = 256,
                                                       .name = "xterm",
                                                       .width = 80,
                                                       .height = 24}};
        cr_assert(tg_app_doctor_start(tg_rig_app(scene->rig), &config, &err), "%s", err.msg);
        cr_assert(tg_rig_run(scene->rig, MINUTE_US, tg_app_doctor_is_over));
        scene_gather(scene);
    }
    if (intent.kind == UI_INTENT_FIXES) {
        tg_app_choose_fixes(tg_rig_app(scene->rig), intent.fixes);
        scene_gather(scene);
    }
    return intent;
}

struct ui_intent scene_keys(struct scene *scene, const char *keys)
{
    struct ui_intent intent = {.kind = UI_INTENT_NONE};
    while (*keys != '\0') {
        char name[24];
        struct ui_key key;
        size_t len = strcspn(keys, " ");
        snprintf(name, sizeof(name), "%.*s", (int)len, keys);
        cr_assert(ui_key_parse(name, &key), "no key '%s'", name);
        intent = press(scene, key);
        keys += len + (keys[len] == ' ' ? 1 : 0);
    }
    return intent;
}

struct ui_intent scene_type(struct scene *scene, const char *text)
{
    struct ui_intent intent = {.kind = UI_INTENT_NONE};
    for (; *text != '\0'; text++) {
        intent =
            press(scene, (struct ui_key){.code = UI_KEY_CHAR, .codepoint = (unsigned char)*text});
    }
    return intent;
}

/* Every row has its cells, no wide grapheme is halved, and nothing but text is in them. */
static void check_cells(const struct ui_canvas *canvas)
{
    for (int y = 0; y < ui_canvas_height(canvas); y++) {
        int right_half_due = 0;
        for (int x = 0; x < ui_canvas_width(canvas); x++) {
            const struct ui_cell *cell = ui_canvas_cell(canvas, x, y);
            cr_assert_eq(cell->width == 0, right_half_due == 1, "cell %d,%d", x, y);
            cr_assert(cell->width == 0 || (int)tg_utf8_width(cell->text) == cell->width);
            right_half_due = cell->width == 2;
        }
        cr_assert_eq(right_half_due, 0, "row %d ends in half a grapheme", y);
    }
}

char *scene_draw(struct scene *scene, int width, int height)
{
    if (ui_canvas_width(scene->canvas) != width || ui_canvas_height(scene->canvas) != height) {
        ui_canvas_resize(scene->canvas, width, height);
    }
    scene->inputs.walk_place = &scene->walk_place;
    ui_render(scene->ui, &scene->inputs, scene->canvas);
    check_cells(scene->canvas);
    return ui_canvas_dump(scene->canvas, false);
}

static void write_golden(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    cr_assert_not_null(file, "%s", path);
    fputs(text, file);
    fclose(file);
}

void scene_expect(struct scene *scene, const char *name, int width, int height)
{
    const char *folder = getenv("TIDEGATE_GOLDEN_DIR");
    cr_assert_not_null(folder, "TIDEGATE_GOLDEN_DIR names tests/screens/golden");
    char *screen = scene_draw(scene, width, height);
    char *path = tg_asprintf("%s/%s.txt", folder, name);
    if (getenv("GOLDEN_UPDATE") != NULL) {
        write_golden(path, screen);
    }
    struct tg_err err = TG_ERR_INIT;
    size_t len = 0;
    char *golden = tg_read_file(path, GOLDEN_BYTES_MAX, &len, &err);
    cr_assert_not_null(golden, "%s (GOLDEN_UPDATE=1 writes it)", err.msg);
    cr_assert(tg_str_eq(golden, screen), "%s differs; the screen is now:\n%s", name, screen);
    free(golden);
    free(path);
    free(screen);
}
