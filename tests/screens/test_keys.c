/* screens/test_keys.c - any keys at any size: nothing breaks, and nothing is changed without its
 * question. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/rng.h"
#include "tests/screens/scene.h"

#define KEYS_PRESSED 6000

static struct ui_key random_key(struct tg_rng *rng)
{
    static const char letters[] = "qjkgGpzDARy12345678/:?n ";
    struct ui_key key = {.code = UI_KEY_CHAR};
    switch (tg_rng_below(rng, 4)) {
    case 0:
        key.code = (enum ui_key_code)tg_rng_below(rng, UI_KEY_HANGUP);
        key.codepoint = key.code == UI_KEY_CHAR ? 'x' : (uint32_t)tg_rng_below(rng, 2);
        break;
    case 1:
        key.codepoint = (uint32_t)('a' + tg_rng_below(rng, 26));
        key.is_control = tg_rng_below(rng, 2) == 0;
        break;
    case 2:
        key.codepoint = (uint32_t)tg_rng_below(rng, 0x30000) + 0x20;
        break;
    default:
        key.codepoint = (unsigned char)letters[tg_rng_below(rng, sizeof(letters) - 1)];
        break;
    }
    return key;
}

/* Typed keys that spell the region by chance are as good as impossible. */
static void press_at_random(enum scene_moment moment, uint64_t seed)
{
    struct scene scene = scene_new(moment, "zh_TW.UTF-8");
    struct tg_rng rng = tg_rng_named(seed, "keys");
    for (int i = 0; i < KEYS_PRESSED; i++) {
        struct ui_intent intent = {.kind = UI_INTENT_NONE};
        ui_key(scene.ui, &scene.inputs, random_key(&rng), &intent);
        cr_assert_neq(intent.kind, UI_INTENT_DRILL_START, "a region would be taken down");
        cr_assert(intent.kind != UI_INTENT_WAIVE || intent.reason[0] != '\0');
        if (i % 8 == 0) {
            free(scene_draw(&scene, (int)tg_rng_between(&rng, 1, 300),
                            (int)tg_rng_between(&rng, 1, 100)));
        }
    }
    scene_free(&scene);
}

Test(keys, any_keys_over_a_steady_world)
{
    press_at_random(SCENE_STEADY, 1);
}

Test(keys, any_keys_while_a_drill_runs)
{
    press_at_random(SCENE_OBSERVING, 2);
}

Test(keys, any_keys_while_a_restore_is_offered)
{
    press_at_random(SCENE_RESTORE_OFFER, 3);
}

Test(keys, a_drill_starts_only_when_the_region_was_typed)
{
    struct scene scene = scene_new(SCENE_STEADY, "C");
    scene_keys(&scene, "D");
    cr_assert_eq(scene_keys(&scene, "Enter").kind, UI_INTENT_NONE);
    scene_keys(&scene, "D");
    scene_type(&scene, "europe-west4");
    cr_assert_eq(scene_keys(&scene, "Enter").kind, UI_INTENT_NONE, "not the region asked for");
    scene_keys(&scene, "D");
    scene_type(&scene, "us-east5");
    cr_assert_eq(scene_keys(&scene, "Esc").kind, UI_INTENT_NONE);
    scene_keys(&scene, "D");
    scene_type(&scene, "us-east5");
    struct ui_intent intent = scene_keys(&scene, "Enter");
    cr_assert_eq(intent.kind, UI_INTENT_DRILL_START);
    cr_assert_eq(intent.target, tg_app_primary_target(tg_rig_app(scene.rig)));
    scene_free(&scene);
}

Test(keys, pasted_text_is_no_command_and_confirms_nothing)
{
    static const struct ui_key begins = {.code = UI_KEY_PASTE, .codepoint = 1};
    static const struct ui_key ends = {.code = UI_KEY_PASTE, .codepoint = 0};
    struct scene scene = scene_new(SCENE_STEADY, "C");
    struct ui_intent intent;
    ui_key(scene.ui, &scene.inputs, begins, &intent);
    cr_assert_eq(scene_type(&scene, "q").kind, UI_INTENT_NONE);
    ui_key(scene.ui, &scene.inputs, ends, &intent);
    scene_keys(&scene, "D");
    ui_key(scene.ui, &scene.inputs, begins, &intent);
    scene_type(&scene, "us-east5");
    cr_assert_eq(scene_keys(&scene, "Enter").kind, UI_INTENT_NONE);
    ui_key(scene.ui, &scene.inputs, ends, &intent);
    cr_assert_eq(scene_keys(&scene, "Enter").kind, UI_INTENT_NONE, "pasted, not typed");
    scene_free(&scene);
}

static void expect_shown(struct scene *scene, const char *text)
{
    char *screen = scene_draw(scene, 100, 30);
    cr_assert_not_null(strstr(screen, text), "%s is not on the screen:\n%s", text, screen);
    free(screen);
}

/* A page does its own steps alone, after the project was typed, and comes back. */
Test(keys, a_page_of_the_walkthrough_does_what_it_is_about)
{
    struct scene scene = scene_new(SCENE_STEADY, "C");
    const struct tg_lab *lab = scene.inputs.lab;
    scene_keys(&scene, "w n n n");
    expect_shown(&scene, "[4/11 The fleet]");
    scene_keys(&scene, "x");
    expect_shown(&scene, "Of it only the steps fleet-apis to features.");
    scene_type(&scene, "somebody-elses");
    cr_assert_eq(scene_keys(&scene, "Enter").kind, UI_INTENT_NONE);
    expect_shown(&scene, "[4/11 The fleet]");
    scene_keys(&scene, "x");
    scene_type(&scene, "demo-4711");
    struct ui_intent intent = scene_keys(&scene, "Enter");
    cr_assert_eq(intent.kind, UI_INTENT_LAB_UP);
    cr_assert_eq(intent.from, tg_lab_step_index(lab, "fleet-apis"));
    cr_assert_eq(intent.until, tg_lab_step_index(lab, "features"));
    expect_shown(&scene, "[4/11 The fleet]");
    scene_keys(&scene, "n n n n n x");
    expect_shown(&scene, "Take the primary region down?");
    scene_keys(&scene, "Esc");
    expect_shown(&scene, "[9/11 The failover]");
    scene_keys(&scene, "n x");
    expect_shown(&scene, "Take the lab down?");
    scene_keys(&scene, "Esc Esc");
    expect_shown(&scene, "1 Steps 25 of 25 done");
    scene_keys(&scene, ":");
    scene_type(&scene, "lab.up");
    scene_keys(&scene, "Enter");
    scene_type(&scene, "demo-4711");
    intent = scene_keys(&scene, "Enter");
    cr_assert_eq(intent.kind, UI_INTENT_LAB_UP);
    cr_assert_eq(intent.from, -1, "the whole lab, whatever page was read last");
    scene_free(&scene);
}

Test(keys, what_is_pasted_over_the_walkthrough_does_nothing)
{
    static const struct ui_key begins = {.code = UI_KEY_PASTE, .codepoint = 1};
    struct scene scene = scene_new(SCENE_STEADY, "C");
    struct ui_intent intent;
    scene_keys(&scene, "w n n");
    ui_key(scene.ui, &scene.inputs, begins, &intent);
    static const char *const letters[] = {"n", "b", "x", "c", "f", "w"};
    for (size_t i = 0; i < sizeof(letters) / sizeof(letters[0]); i++) {
        cr_expect_eq(scene_type(&scene, letters[i]).kind, UI_INTENT_NONE, "%s", letters[i]);
    }
    expect_shown(&scene, "[3/11 Network, storage, clusters]");
    scene_free(&scene);
}

Test(keys, a_page_is_copied_and_written_when_it_has_commands)
{
    struct scene scene = scene_new(SCENE_STEADY, "C");
    scene_keys(&scene, "w");
    cr_expect_eq(scene_keys(&scene, "c").kind, UI_INTENT_NONE, "nothing is typed to read");
    struct ui_intent intent = scene_keys(&scene, "n n c");
    cr_expect_eq(intent.kind, UI_INTENT_WALK_COPY);
    cr_expect_eq(intent.section, 2);
    cr_expect_eq(scene_keys(&scene, "f").kind, UI_INTENT_WALK_WRITE);
    scene_keys(&scene, ":");
    scene_type(&scene, "walk.copy");
    intent = scene_keys(&scene, "Enter");
    cr_expect_eq(intent.kind, UI_INTENT_WALK_COPY, "as a command too");
    cr_expect_eq(intent.section, 2, "of the page that was read last");
    scene_free(&scene);
}

Test(keys, a_session_that_is_not_armed_changes_nothing)
{
    struct scene scene = scene_new(SCENE_STEADY, "C");
    scene.inputs.is_armed = false;
    scene_keys(&scene, "D");
    scene_type(&scene, "us-east5");
    cr_assert_eq(scene_keys(&scene, "Enter").kind, UI_INTENT_NONE);
    char *screen = scene_draw(&scene, 100, 30);
    cr_assert_not_null(strstr(screen, "READ-ONLY"));
    free(screen);
    scene_free(&scene);
}

Test(keys, leaving_while_a_region_is_down_asks_first)
{
    struct scene scene = scene_new(SCENE_OBSERVING, "C");
    cr_assert_eq(scene_keys(&scene, "q").kind, UI_INTENT_NONE);
    cr_assert_eq(scene_keys(&scene, "Esc").kind, UI_INTENT_NONE);
    scene_keys(&scene, "C-c");
    cr_assert_eq(scene_keys(&scene, "C-c").kind, UI_INTENT_QUIT);
    scene_free(&scene);
}

static bool is_shown(struct scene *scene, const char *text)
{
    char *screen = scene_draw(scene, 100, 30);
    bool is_there = strstr(screen, text) != NULL;
    free(screen);
    return is_there;
}

/* Pausing stops what the world changes, not what keys do. */
Test(keys, keys_are_obeyed_while_paused)
{
    struct scene scene = scene_new(SCENE_STEADY, "C");
    cr_assert(is_shown(&scene, "3 DRANET"));
    scene_keys(&scene, "p ?");
    cr_assert(is_shown(&scene, "Esc closes"));
    scene_keys(&scene, "Esc");
    cr_assert_not(is_shown(&scene, "Esc closes"), "help stays after it was closed");
    scene_keys(&scene, "1 z");
    cr_assert_not(is_shown(&scene, "3 DRANET"), "zoom is not obeyed");
    scene.inputs.now_us += 40 * TG_US_PER_S;
    cr_assert(is_shown(&scene, "PAUSED ~40s"));
    scene_free(&scene);
}

Test(keys, the_end_of_a_long_text_can_be_reached)
{
    struct scene scene = scene_new(SCENE_STEADY, "C");
    scene_keys(&scene, "?");
    cr_assert_not(is_shown(&scene, "signs: a word"));
    scene_keys(&scene, "End");
    cr_assert(is_shown(&scene, "signs: a word"));
    scene_keys(&scene, "Home");
    cr_assert(is_shown(&scene, ":quit"));
    scene_free(&scene);
}

/* What a pane cuts can be read whole. */
Test(keys, a_row_of_the_timeline_opens_whole)
{
    struct scene scene = scene_new(SCENE_VERDICT, "C");
    struct ui_intent intent;
    static const char *const message = "|by traffic scale0";
    free(scene_draw(&scene, 60, 30));
    scene_keys(&scene, "6 /");
    scene_type(&scene, "verified");
    scene_keys(&scene, "Enter");
    free(scene_draw(&scene, 60, 30));
    scene_keys(&scene, "Home");
    intent = scene_keys(&scene, "Enter");
    cr_assert_eq(intent.kind, UI_INTENT_NONE);
    char *screen = scene_draw(&scene, 60, 30);
    cr_assert_not_null(strstr(screen, "the whole row"), "%s", screen);
    cr_assert_not_null(strstr(screen, message), "%s", screen);
    free(screen);
    scene_free(&scene);
}

/* Waiving abandons a region: not while stopping the drill still restores it. */
Test(keys, a_drill_in_progress_is_not_waived)
{
    struct scene scene = scene_new(SCENE_OBSERVING, "C");
    scene_keys(&scene, ":");
    scene_type(&scene, "waive");
    scene_keys(&scene, "Enter");
    scene_type(&scene, "because");
    cr_assert_eq(scene_keys(&scene, "Enter").kind, UI_INTENT_NONE);
    scene_free(&scene);
}

/* The object that opens is the one under the bar, whatever the width makes of the lines above. */
Test(keys, enter_opens_the_object_under_the_bar)
{
    static const int widths[] = {60, 80, 200};
    for (size_t i = 0; i < TG_COUNT(widths); i++) {
        struct scene scene = scene_new(SCENE_STEADY, "C");
        free(scene_draw(&scene, 100, 40));
        scene_keys(&scene, "4 z Down");
        for (int row = 0; row < 6; row++) {
            char *screen = scene_draw(&scene, widths[i], 40);
            struct ui_intent intent = scene_keys(&scene, "Enter");
            if (intent.kind == UI_INTENT_OPEN) {
                int selected_y = -1;
                for (int y = 0; y < 40; y++) {
                    if (ui_canvas_cell(scene.canvas, 3, y)->style == UI_STYLE_SELECTED) {
                        selected_y = y;
                    }
                }
                cr_assert_geq(selected_y, 0, "no bar in:\n%s", screen);
                char *line = screen;
                for (int y = 0; y < selected_y; y++) {
                    line = strchr(line, '\n') + 1;
                }
                line[strcspn(line, "\n")] = '\0';
                bool is_second_line = strstr(line, "10.0.") != NULL;
                cr_assert(is_second_line || strstr(line, intent.name) != NULL, "%s is not in: %s",
                          intent.name, line);
                scene_keys(&scene, "Esc");
            }
            free(screen);
            scene_keys(&scene, "Down");
        }
        scene_free(&scene);
    }
}

Test(keys, tab_completes_a_command_as_far_as_names_are_alike)
{
    struct scene scene = scene_new(SCENE_STEADY, "C");
    scene_keys(&scene, ":");
    scene_type(&scene, "la");
    cr_assert(is_shown(&scene, ":la_  lab.up  lab.down  lab.retry"), "what it may become is shown");
    scene_keys(&scene, "Tab");
    cr_assert(is_shown(&scene, ":lab._"));
    scene_type(&scene, "d");
    scene_keys(&scene, "Tab");
    cr_assert(is_shown(&scene, ":lab.down_"));
    scene_keys(&scene, "C-u");
    scene_type(&scene, "nothing");
    scene_keys(&scene, "Tab");
    cr_assert(is_shown(&scene, ":nothing_"), "what nothing completes stays");
    scene_free(&scene);
}

Test(keys, commands_typed_before_are_recalled)
{
    struct scene scene = scene_new(SCENE_STEADY, "C");
    const char *const typed[] = {"world", "zoom", "zoom"};
    for (size_t i = 0; i < 3; i++) {
        scene_keys(&scene, ":");
        scene_type(&scene, typed[i]);
        scene_keys(&scene, "Enter");
    }
    scene_keys(&scene, ":");
    scene_type(&scene, "he");
    scene_keys(&scene, "Up");
    cr_assert(is_shown(&scene, ":zoom_"));
    scene_keys(&scene, "Up");
    cr_assert(is_shown(&scene, ":world_"), "a command that was repeated is one");
    scene_keys(&scene, "Up");
    cr_assert(is_shown(&scene, ":world_"), "before the first is nothing");
    scene_keys(&scene, "Down Down");
    cr_assert(is_shown(&scene, ":he_"), "what was being typed is not lost");
    scene_free(&scene);
}

/* What O promises: the page of what the commands print, whether they run or not. */
Test(keys, what_the_commands_print_is_shown)
{
    struct scene scene = scene_new(SCENE_STEADY, "C");
    cr_assert_eq(scene_keys(&scene, "O").kind, UI_INTENT_NONE);
    cr_assert(is_shown(&scene, "|No commands were run: start with --mode commands."));
    scene_free(&scene);
}

/* Enter opens something though nobody chose a row: what the pane is about. */
Test(keys, enter_opens_without_a_choice)
{
    struct scene scene = scene_empty_new("C");
    free(scene_draw(&scene, 100, 30));
    scene_keys(&scene, "1 Enter");
    expect_shown(&scene, "[1/25 Google APIs enabled]");
    scene_free(&scene);
    scene = scene_new(SCENE_VERDICT, "C");
    free(scene_draw(&scene, 100, 30));
    scene_keys(&scene, "6 Enter");
    cr_assert(is_shown(&scene, "the whole row"), "the last of the timeline");
    scene_free(&scene);
}

/* Over an empty project nobody is told to take a region away, but what there is to do. */
Test(keys, an_empty_project_says_what_to_do)
{
    struct scene scene = scene_empty_new("C");
    cr_assert(is_shown(&scene, "next: 25 of 25 steps are open: :lab.up makes them"));
    cr_assert(is_shown(&scene, "It takes the lab standing"));
    cr_assert(is_shown(&scene, "No cluster seen so far."));
    cr_assert(is_shown(&scene, "? help  w walk"), "D is no hint where nothing stands");
    cr_assert_not(is_shown(&scene, "? unknown"), "no cluster is there, so that nothing is in it");
    scene_keys(&scene, "D");
    cr_assert(is_shown(&scene, "Not now: the primary region's cluster is not there"));
    scene_free(&scene);
}

/* Chinese is Chinese to the end of the line, but for the names of things. */
Test(keys, what_is_missing_is_told_in_the_readers_language)
{
    struct scene scene = scene_empty_new("zh_TW.UTF-8");
    scene_keys(&scene, "1 z");
    cr_assert(is_shown(&scene, "NodePool/tpu-v6e-pool 缺少 (us-east5)"));
    cr_assert_not(is_shown(&scene, "missing"));
    cr_assert_not(is_shown(&scene, "not observed"));
    scene_free(&scene);
}

static void expect_prompt(struct scene *scene, const char *prompt)
{
    char *screen = scene_draw(scene, 60, 16);
    cr_assert_not_null(strstr(screen, prompt), "%s is not on the screen:\n%s", prompt, screen);
    free(screen);
}

/* On the smallest screen too it is seen what is to be typed; what is above it can be scrolled to.
 */
Test(keys, a_question_shows_what_is_to_be_typed)
{
    struct scene scene = scene_new(SCENE_STEADY, "C");
    scene_keys(&scene, ":");
    scene_type(&scene, "lab.up");
    scene_keys(&scene, "Enter");
    expect_prompt(&scene, "Type the project's id, demo-4711, and Enter: _");
    for (int i = 0; i < 20; i++) {
        scene_keys(&scene, "Up");
    }
    expect_prompt(&scene, "What is missing of the lab");
    expect_prompt(&scene, " 1-12/");
    scene_keys(&scene, "Esc D");
    expect_prompt(&scene, "Type the region's name, us-east5, and Enter:");
    scene_free(&scene);
}

/* By hand a step's page has all that a shell of one's own needs, placeholders filled in. */
Test(keys, by_hand_a_page_says_where_and_with_what)
{
    struct scene scene = scene_empty_new("C");
    scene.inputs.mode = TG_RUN_BY_HAND;
    scene.inputs.walk_shell =
        (struct tg_walk_shell){.environment = "world/env", .folder = "work/demo-4711"};
    free(scene_draw(&scene, 100, 60));
    scene_keys(&scene, "1 Enter");
    static const char *const texts[] = {"$ . 'world/env'", "$ cd 'work/demo-4711'",
                                        "$ export PROJECT_ID=demo-4711",
                                        "$ terraform -chdir=gke-tf init"};
    for (size_t i = 0; i < TG_COUNT(texts); i++) {
        char *screen = scene_draw(&scene, 100, 60);
        cr_assert_not_null(strstr(screen, texts[i]), "%s is not in:\n%s", texts[i], screen);
        cr_assert_null(strstr(screen, "{project}"), "%s", screen);
        free(screen);
    }
    scene_free(&scene);
}

/* f writes where its page says, which is where the commands are typed. */
Test(keys, a_page_of_the_walkthrough_tells_where_it_writes)
{
    struct scene scene = scene_new(SCENE_STEADY, "C");
    scene_keys(&scene, "w n");
    char *screen = scene_draw(&scene, 100, 60);
    cr_assert_not_null(strstr(screen, "state/tidegate/work"), "%s", screen);
    cr_assert_null(strstr(screen, "state/tidegate/walk"), "%s", screen);
    free(screen);
    scene_keys(&scene, "n n n n n n n");
    cr_assert(is_shown(&scene, "- not yet +"), "a failover is not missing");
    scene_free(&scene);
}

/* What is longer than the screen's last line is shown all the same. */
Test(keys, what_is_said_is_said_to_its_end)
{
    struct scene scene = scene_new(SCENE_STEADY, "C");
    scene.inputs.notice =
        "written: /home/somebody-with-a-long-name/.local/state/tidegate/demo/work/section-05.sh";
    char *screen = scene_draw(&scene, 80, 24);
    cr_assert_not_null(strstr(screen, "-05.sh"), "%s", screen);
    free(screen);
    scene_keys(&scene, "w");
    screen = scene_draw(&scene, 80, 24);
    cr_assert_not_null(strstr(screen, "-05.sh"), "over a page too:\n%s", screen);
    free(screen);
    scene_keys(&scene, "Esc");
    scene.inputs.notice = NULL;
    scene.inputs.world_note =
        "kubectl --kubeconfig /a/very/long/path/of/somebodys/state/kubeconfig "
        "get pods -w\ntidegate sim fault kinds --dir /a/very";
    scene_keys(&scene, ":");
    scene_type(&scene, "world");
    scene_keys(&scene, "Enter");
    screen = scene_draw(&scene, 80, 24);
    cr_assert_not_null(strstr(screen, "|pods -w"), "%s", screen);
    cr_assert_not_null(strstr(screen, "|tidegate sim fault kinds --dir /a/very"), "%s", screen);
    free(screen);
    scene_free(&scene);
}

/* Below the smallest size both sizes are named whole, and the keys that leave from where one is. */
Test(keys, what_is_too_small_is_told_whole)
{
    struct scene scene = scene_new(SCENE_STEADY, "C");
    char *screen = scene_draw(&scene, 40, 12);
    cr_assert_not_null(strstr(screen, "60x16"), "%s", screen);
    cr_assert_not_null(strstr(screen, "40x12"), "%s", screen);
    cr_assert_not_null(strstr(screen, "SIMULATED  q leaves"), "%s", screen);
    free(screen);
    scene_keys(&scene, "D");
    screen = scene_draw(&scene, 40, 12);
    cr_assert_not_null(strstr(screen, "Esc q leaves"), "%s", screen);
    free(screen);
    free(scene_draw(&scene, 1, 1));
    scene_free(&scene);
}

/* What was found before the lab was changed, or hours ago, is not shown as if it were so now. */
Test(keys, the_preflight_looks_again_when_its_findings_are_old)
{
    struct scene scene = scene_new(SCENE_STEADY, "C");
    scene_keys(&scene, ":");
    scene_type(&scene, "doctor");
    cr_assert_eq(scene_keys(&scene, "Enter").kind, UI_INTENT_DOCTOR);
    expect_shown(&scene, "looked at 0s ago");
    scene_keys(&scene, "Esc :");
    scene_type(&scene, "doctor");
    cr_assert_eq(scene_keys(&scene, "Enter").kind, UI_INTENT_NONE, "a moment later");
    scene.inputs.lab_us += 3 * 3600 * TG_US_PER_S;
    expect_shown(&scene, "looked at 3h ago");
    scene_keys(&scene, "Esc :");
    scene_type(&scene, "doctor");
    cr_assert_eq(scene_keys(&scene, "Enter").kind, UI_INTENT_DOCTOR, "hours later");
    scene_free(&scene);
}

/* An outage that was asked for is no alarm; any other beside it is. */
Test(keys, what_the_drill_does_is_told_as_its_doing)
{
    struct scene scene = scene_new(SCENE_OBSERVING, "C");
    expect_shown(&scene, " . held by a drill: ");
    scene_free(&scene);
}
