/* screens/test_goldens.c - what an operator sees, at four sizes and in two languages. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdio.h>
#include <stdlib.h>

#include "app/witness.h"
#include "base/assert.h"
#include "base/mem.h"
#include "sim/gcp_permission.h"
#include "sim/gcp_quota.h"
#include "sim/params.h"
#include "tests/screens/scene.h"
#include "tests/unit/sim/fault_rig.h"

static const struct {
    int width, height;
} sizes[] = {{80, 24}, {100, 30}, {200, 60}, {60, 16}};
static const char *const locales[] = {"C", "zh_TW.UTF-8"};

static const char *tag(const char *locale)
{
    return locale[0] == 'C' ? "C" : "zh_TW";
}

static void show(enum scene_moment moment, const char *locale)
{
    struct scene scene = scene_new(moment, locale);
    for (size_t i = 0; i < TG_COUNT(sizes); i++) {
        char name[120];
        snprintf(name, sizeof(name), "%s-%dx%d-%s", scene_name(moment), sizes[i].width,
                 sizes[i].height, tag(locale));
        scene_expect(&scene, name, sizes[i].width, sizes[i].height);
    }
    scene_free(&scene);
}

ParameterizedTestParameters(goldens, moments)
{
    static int numbers[SCENE_COUNT * 2];
    for (int i = 0; i < SCENE_COUNT * 2; i++) {
        numbers[i] = i;
    }
    return cr_make_param_array(int, numbers, SCENE_COUNT * 2);
}

ParameterizedTest(int *number, goldens, moments)
{
    show((enum scene_moment)(*number / 2), locales[*number % 2]);
}

/* Each pane alone on the screen. */
ParameterizedTestParameters(goldens, panes)
{
    static int numbers[] = {0, 1, 2, 3, 4, 5};
    return cr_make_param_array(int, numbers, 6);
}

ParameterizedTest(int *number, goldens, panes)
{
    struct scene scene = scene_new(SCENE_OBSERVING, "C");
    char keys[16];
    char name[60];
    snprintf(keys, sizeof(keys), "%d z", *number + 1);
    scene_keys(&scene, keys);
    snprintf(name, sizeof(name), "pane-%d-100x30-C", *number + 1);
    scene_expect(&scene, name, 100, 30);
    scene_free(&scene);
}

/* One region's container answered, the other may not be asked. */
static void show_proofs(const char *locale)
{
    static const char *const names[] = {"pane-3-proved-80x24", "pane-3-proved-100x30"};
    struct scene scene = scene_new(SCENE_STEADY, locale);
    (void)fault_add(tg_rig_world(scene.rig), "deny region=europe-west4 route=*/exec");
    cr_assert_eq(tg_app_prove(tg_rig_app(scene.rig)), 2);
    tg_rig_run(scene.rig, 12 * TG_US_PER_S, NULL);
    scene_gather(&scene);
    scene_keys(&scene, "3 z");
    for (size_t i = 0; i < TG_COUNT(names); i++) {
        char name[120];
        snprintf(name, sizeof(name), "%s-%s", names[i], tag(locale));
        scene_expect(&scene, name, sizes[i].width, sizes[i].height);
    }
    scene_free(&scene);
}

Test(goldens, proofs)
{
    show_proofs("C");
}

Test(goldens, proofs_in_chinese)
{
    show_proofs("zh_TW.UTF-8");
}

static void overlay(const char *name, const char *locale, const char *keys, const char *text)
{
    struct scene scene = scene_new(SCENE_STEADY, locale);
    char file[120];
    free(scene_draw(&scene, 80, 24)); /* what is selected depends on what was drawn */
    scene_keys(&scene, keys);
    scene_type(&scene, text);
    for (size_t i = 0; i < 2; i++) {
        snprintf(file, sizeof(file), "%s-%dx%d-%s", name, sizes[i].width, sizes[i].height,
                 tag(locale));
        scene_expect(&scene, file, sizes[i].width, sizes[i].height);
    }
    scene_free(&scene);
}

#define OVERLAY(name, keys, text)                  \
    Test(goldens, name)                            \
    {                                              \
        overlay(#name, "C", keys, text);           \
    }                                              \
    Test(goldens, name##_in_chinese)               \
    {                                              \
        overlay(#name, "zh_TW.UTF-8", keys, text); \
    }

OVERLAY(help, "?", "")
OVERLAY(palette, "C-p", "pa")
OVERLAY(command_line, ":", "drill")
OVERLAY(filter, "2 /", "vllm")
OVERLAY(confirm, "D", "us-ea")
OVERLAY(lab_up, ": l a b . u p Enter", "demo")
OVERLAY(lab_down, ": l a b . d o w n Enter", "demo")
OVERLAY(detail, "2 Down Down Enter", "")

/* The preflight as a page: what fails and what is unknown, hazards with their fixes, two of them
 * chosen; and what is in order, further down. */
static void preflight(const char *locale)
{
    static const struct {
        int width, height;
    } page_sizes[] = {{80, 24}, {120, 40}};
    struct scene scene = scene_new(SCENE_STEADY, locale);
    sim_world_params(tg_rig_world(scene.rig))->has_billing = 0;
    sim_gcp_deny(tg_rig_world(scene.rig), "compute.firewalls.delete", true);
    sim_gcp_set_quota(tg_rig_world(scene.rig), "europe-west4", SIM_QUOTA_TPU, 0);
    free(scene_draw(&scene, 80, 24));
    scene_keys(&scene, ":");
    scene_type(&scene, "doctor");
    scene_keys(&scene, "Enter 1 3");
    for (size_t i = 0; i < TG_COUNT(page_sizes); i++) {
        char name[120];
        snprintf(name, sizeof(name), "doctor-%dx%d-%s", page_sizes[i].width, page_sizes[i].height,
                 tag(locale));
        scene_expect(&scene, name, page_sizes[i].width, page_sizes[i].height);
    }
    scene_keys(&scene, "End");
    char name[120];
    snprintf(name, sizeof(name), "doctor-end-80x24-%s", tag(locale));
    scene_expect(&scene, name, 80, 24);
    scene_free(&scene);
}

Test(goldens, doctor)
{
    preflight("C");
}

Test(goldens, doctor_in_chinese)
{
    preflight("zh_TW.UTF-8");
}

/* What fails stands in the dialog that asks whether the lab is to be stood up. */
Test(goldens, lab_up_after_a_preflight_that_fails)
{
    struct scene scene = scene_new(SCENE_STEADY, "C");
    sim_world_params(tg_rig_world(scene.rig))->has_billing = 0;
    sim_gcp_deny(tg_rig_world(scene.rig), "compute.firewalls.delete", true);
    free(scene_draw(&scene, 80, 24));
    scene_keys(&scene, ":");
    scene_type(&scene, "lab.up");
    scene_keys(&scene, "Enter");
    scene_expect(&scene, "lab-up-80x24-C", 80, 24);
    scene_free(&scene);
}
/* Pages of the walkthrough, at all sizes. */
static void walk(enum scene_moment moment, const char *name, const char *locale, const char *keys)
{
    struct scene scene = scene_new(moment, locale);
    char file[120];
    scene_keys(&scene, keys);
    for (size_t i = 0; i < TG_COUNT(sizes); i++) {
        snprintf(file, sizeof(file), "walk-%s-%dx%d-%s", name, sizes[i].width, sizes[i].height,
                 tag(locale));
        scene_expect(&scene, file, sizes[i].width, sizes[i].height);
    }
    scene_free(&scene);
}

#define WALK(moment, name, keys)                  \
    Test(goldens, walk_##name)                    \
    {                                             \
        walk(moment, #name, "C", keys);           \
    }                                             \
    Test(goldens, walk_##name##_in_chinese)       \
    {                                             \
        walk(moment, #name, "zh_TW.UTF-8", keys); \
    }

WALK(SCENE_STEADY, start, "w")
WALK(SCENE_STEADY, gateway, "w n n n n n n n PageDown")
WALK(SCENE_OBSERVING, failover, "w n n n n n n n n PageDown")

/* Below the steps stands what runs now and what it costs. */
static void zoom_steps(const char *locale)
{
    struct scene scene = scene_new(SCENE_STEADY, locale);
    scene_keys(&scene, "1 z");
    for (size_t i = 0; i < 3; i++) {
        char file[120];
        free(scene_draw(&scene, sizes[i].width, sizes[i].height));
        scene_keys(&scene, "End");
        snprintf(file, sizeof(file), "steps-zoomed-%dx%d-%s", sizes[i].width, sizes[i].height,
                 tag(locale));
        scene_expect(&scene, file, sizes[i].width, sizes[i].height);
    }
    scene_free(&scene);
}

Test(goldens, steps_zoomed)
{
    zoom_steps("C");
}

Test(goldens, steps_zoomed_in_chinese)
{
    zoom_steps("zh_TW.UTF-8");
}

/* The page of the commands under way, as they speak; and nothing of what they say is obeyed. */
static void show_output(const char *locale, bool is_running)
{
    static const char *const lines[] = {
        "$ terraform -chdir=gke-tf apply -auto-approve -target=google_container_cluster.clusters",
        "google_container_cluster.clusters[\"us-east5\"]: Creating...",
        "google_container_cluster.clusters[\"us-east5\"]: Still creating... [10s elapsed]",
        "Error: googleapi: Error 403: \x1b[2Jsaid somebody with a very long sentence which goes on "
        "in the next row because there is no way to scroll sideways, forbidden",
    };
    struct scene scene = scene_new(SCENE_STEADY, locale);
    uint64_t next_call_id = 1;
    struct tg_run_config config = {.id = "up-1",
                                   .lab = scene.inputs.lab,
                                   .mode = TG_RUN_COMMANDS,
                                   .project = "demo-4711",
                                   .until = (int)scene.inputs.lab->steps_count - 1};
    struct tg_run *run = tg_run_new(&config, &next_call_id);
    run->tool.step = tg_lab_step_index(scene.inputs.lab, "clusters");
    run->tool.state = is_running ? TG_RUN_TOOL_RUNNING : TG_RUN_TOOL_IDLE;
    run->tool.started_us = scene.inputs.now_us - 74 * TG_US_PER_S;
    run->steps[run->tool.step].has_exit = !is_running;
    run->steps[run->tool.step].exit_status = 1;
    for (size_t i = 0; i < TG_COUNT(lines); i++) {
        run->tool.lines[run->tool.lines_total++] = tg_strdup(lines[i]);
    }
    scene.inputs.run = run;
    cr_assert_eq(scene_keys(&scene, "O").kind, UI_INTENT_NONE, "looking changes nothing");
    for (size_t i = 0; i < 2; i++) {
        char file[120];
        snprintf(file, sizeof(file), "output-%s-%dx%d-%s", is_running ? "running" : "ended",
                 sizes[i].width, sizes[i].height, tag(locale));
        scene_expect(&scene, file, sizes[i].width, sizes[i].height);
    }
    scene.inputs.run = NULL;
    tg_run_free(run);
    scene_free(&scene);
}

Test(goldens, output_of_commands)
{
    show_output("C", true);
}

Test(goldens, output_of_commands_that_ended_in_chinese)
{
    show_output("zh_TW.UTF-8", false);
}

/* A picture that stands still says how old it is, at the size of the terminal too. */
Test(goldens, paused)
{
    struct scene scene = scene_new(SCENE_STEADY, "C");
    free(scene_draw(&scene, 100, 30));
    scene_keys(&scene, "p");
    scene.inputs.now_us += 40 * TG_US_PER_S;
    scene_expect(&scene, "paused-100x30-C", 100, 30);
    scene_expect(&scene, "paused-80x24-C", 80, 24);
    scene_free(&scene);
}

/* Translators' texts grow: every one that is shown is made half as long again. */
Test(goldens, longer_texts)
{
    scene_stretch_texts();
    struct scene scene = scene_new(SCENE_OBSERVING, "zh_TW.UTF-8");
    scene_expect(&scene, "longer-texts-80x24", 80, 24);
    scene_expect(&scene, "longer-texts-100x30", 100, 30);
    scene_keys(&scene, "D");
    scene_expect(&scene, "longer-texts-refusal-100x30", 100, 30);
    scene_free(&scene);
}
