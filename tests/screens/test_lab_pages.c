/* screens/test_lab_pages.c - pages of steps while the lab is stood up: how far, what is waited for,
 * and why it came to nothing. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/provision.h"
#include "sim/controllers.h"
#include "tests/integration/rig_support.h"
#include "tests/screens/scene.h"

static const char *const locales[] = {"C", "zh_TW.UTF-8"};
static const char *watched; /* id of a step */

static enum tg_run_state state_of(const struct tg_app *app)
{
    return app->run->steps[tg_lab_step_index(app->lab, watched)].state;
}

static bool has_begun(const struct tg_app *app)
{
    return app->run->is_over || state_of(app) == TG_RUN_WAITING;
}

static bool has_ended(const struct tg_app *app)
{
    enum tg_run_state state = state_of(app);
    return app->run->is_over || state == TG_RUN_FAILED || state == TG_RUN_DONE;
}

static void begin(struct scene *scene, const struct tg_secret *token)
{
    struct tg_err err = TG_ERR_INIT;
    const struct tg_run_secret given = {"hf_token", token};
    struct tg_provision_request request = {
        .direction = TG_RUN_UP, .secrets = &given, .secrets_count = 1};
    cr_assert(tg_app_provision_start(tg_rig_app(scene->rig), &request, &err), "%s", err.msg);
}

/* Lets the run come so far into a step. */
static void go_on(struct scene *scene, const char *id, bool is_to_its_end, int64_t more_us)
{
    watched = id;
    cr_assert(tg_rig_run(scene->rig, 6 * 60 * MINUTE_US, is_to_its_end ? has_ended : has_begun));
    tg_rig_run(scene->rig, more_us, NULL);
}

/* The page of a step at two sizes. */
static void expect_page(struct scene *scene, const char *name, const char *locale)
{
    static const struct {
        int width, height;
    } sizes[] = {{80, 24}, {100, 30}};
    char file[120];
    char keys[200];
    const struct tg_app *app = tg_rig_app(scene->rig);
    int step = tg_lab_step_index(app->lab, watched);
    scene_gather(scene);
    scene_keys(scene, "1 z");
    free(scene_draw(scene, 100, 30));
    scene_keys(scene, "Home");
    for (int i = 0; i < step; i++) {
        scene_keys(scene, "Down");
    }
    snprintf(keys, sizeof(keys), "Enter");
    scene_keys(scene, keys);
    for (size_t i = 0; i < 2; i++) {
        snprintf(file, sizeof(file), "page-%s-%dx%d-%s", name, sizes[i].width, sizes[i].height,
                 locale[0] == 'C' ? "C" : "zh_TW");
        scene_expect(scene, file, sizes[i].width, sizes[i].height);
    }
    scene_keys(scene, "Esc z");
}

static void show_good(const char *locale)
{
    struct scene scene = scene_empty_new(locale);
    struct tg_secret *token = tg_secret_new("hf_planted_0123456789", 21);
    begin(&scene, token);
    go_on(&scene, "weights", false, 4 * MINUTE_US);
    expect_page(&scene, "weights", locale);
    go_on(&scene, "serving", false, 2 * MINUTE_US);
    expect_page(&scene, "serving", locale);
    go_on(&scene, "claims", true, 0);
    expect_page(&scene, "claims", locale);
    tg_secret_free(token);
    scene_free(&scene);
}

/* The download lies; the gateway's address is taken away before it asks for it. */
static void show_bad(const char *locale)
{
    int status = 0;
    struct scene scene = scene_empty_new(locale);
    struct tg_secret *token = tg_secret_new("not-a-token", 11);
    begin(&scene, token);
    go_on(&scene, "weights", true, 0);
    expect_page(&scene, "weights-failed", locale);
    watched = "pool";
    cr_assert(tg_rig_run(scene.rig, 60 * MINUTE_US, has_ended));
    json_decref(sim_gcp_get(tg_rig_world(scene.rig), "DELETE",
                            "/compute/v1/projects/demo-4711/regions/us-east5/addresses/"
                            "gemma-gateway-ip-us-east5",
                            "", NULL, &status));
    go_on(&scene, "gateway", false, 5 * MINUTE_US);
    expect_page(&scene, "gateway-lacks", locale);
    tg_secret_free(token);
    scene_free(&scene);
}

Test(pages, good, .timeout = 120)
{
    show_good(locales[0]);
}

Test(pages, good_in_chinese, .timeout = 120)
{
    show_good(locales[1]);
}

Test(pages, bad, .timeout = 120)
{
    show_bad(locales[0]);
}

Test(pages, bad_in_chinese, .timeout = 120)
{
    show_bad(locales[1]);
}

/* Whoever asked for a section's steps sees on its page that they are under way. */
Test(pages, the_walkthrough_shows_what_is_under_way, .timeout = 120)
{
    struct scene scene = scene_empty_new("C");
    struct tg_secret *token = tg_secret_new("hf_planted_0123456789", 21);
    begin(&scene, token);
    go_on(&scene, "weights", false, 4 * MINUTE_US);
    scene_gather(&scene);
    scene_keys(&scene, "w n n n n");
    char *screen = scene_draw(&scene, 120, 60);
    cr_assert_not_null(strstr(screen, "waiting 4m00s"), "%s", screen);
    free(screen);
    scene_keys(&scene, "Esc D"); /* nor is a region taken away that is still being made */
    screen = scene_draw(&scene, 120, 60);
    cr_assert_not_null(strstr(screen, "Not now: the lab is being changed"), "%s", screen);
    cr_assert_null(strstr(screen, "D drill"), "%s", screen);
    free(screen);
    tg_secret_free(token);
    scene_free(&scene);
}
