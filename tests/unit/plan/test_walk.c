/* tests/unit/plan/test_walk.c - the walk that is built in, walks that are wrong, and pages that
 * tick themselves off. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "plan/walk.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/assets.h"
#include "base/mem.h"
#include "codec/lab_file.h"
#include "codec/walk_file.h"
#include "model/reduce.h"

static struct tg_model *model;
static struct tg_lab *lab;
static struct tg_step_status *statuses;

static void set_up(void)
{
    struct tg_err err = TG_ERR_INIT;
    const struct tg_asset *asset = tg_asset_get("labs/gemma-two-region.yaml");
    const struct tg_asset *walk = tg_asset_get("labs/gemma-two-region.walk.yaml");
    lab = tg_lab_parse(asset->path, asset->text, asset->len, &err);
    cr_assert_not_null(lab, "%s", err.msg);
    cr_assert(tg_walk_parse(lab, walk->path, walk->text, walk->len, &err), "%s", err.msg);
    model = tg_model_new();
    tg_model_add_gcp(model, "my-project");
    statuses = tg_calloc(lab->steps_count, sizeof(*statuses));
}

static void tear_down(void)
{
    free(statuses);
    tg_model_free(model);
    tg_lab_free(lab);
}

TestSuite(walk, .init = set_up, .fini = tear_down);

static size_t section(int number)
{
    for (size_t i = 0; i < lab->walk->sections_count; i++) {
        if (lab->walk->sections[i].number == number) {
            return i;
        }
    }
    cr_assert_fail("no section %d", number);
    return 0;
}

static enum tg_step_state judge(const struct tg_walk_place *place, int number)
{
    int done = 0;
    int total = 0;
    return tg_walk_judge(place, lab, statuses, model, section(number), &done, &total);
}

static void set_all(enum tg_step_state state)
{
    for (size_t i = 0; i < lab->steps_count; i++) {
        statuses[i].state = state;
    }
}

static char *commands(int number, const char *environment)
{
    struct tg_buf out;
    tg_buf_init(&out, 1 << 20);
    const struct tg_walk_shell shell = {.environment = environment,
                                        .folder = environment != NULL ? "/state/work" : NULL};
    bool has_some = tg_walk_commands(lab, section(number), model, &shell, &out);
    char *text = tg_buf_take(&out, NULL);
    if (!has_some) {
        free(text);
        return NULL;
    }
    return text;
}

Test(walk, has_the_labs_eleven_sections_in_both_languages)
{
    cr_assert_eq(lab->walk->sections_count, 11);
    for (size_t i = 0; i < lab->walk->sections_count; i++) {
        const struct tg_walk_section *of = &lab->walk->sections[i];
        cr_expect_eq(of->number, (int)i + 1);
        cr_expect_not_null(of->title.zh_tw, "%d: title", of->number);
        cr_expect_not_null(of->why.zh_tw, "%d: why", of->number);
        cr_expect_not_null(of->look.zh_tw, "%d: look", of->number);
    }
}

Test(walk, every_step_of_the_lab_is_on_a_page)
{
    for (size_t s = 0; s < lab->steps_count; s++) {
        bool is_on = false;
        for (size_t i = 0; i < lab->walk->sections_count; i++) {
            is_on = is_on || ((int)s >= lab->walk->sections[i].from &&
                              (int)s <= lab->walk->sections[i].until);
        }
        cr_expect(is_on, "%s is on no page", lab->steps[s].id);
    }
}

/* Whoever pastes a page's commands has the files that they read. */
Test(walk, a_page_brings_the_files_that_its_commands_read)
{
    for (size_t i = 0; i < lab->walk->sections_count; i++) {
        const struct tg_walk_section *of = &lab->walk->sections[i];
        char *text = commands(of->number, NULL);
        for (const char *at = text; at != NULL && (at = strstr(at, "apply -f ")) != NULL;) {
            bool is_brought = false;
            at += strlen("apply -f ");
            is_brought = strncmp(at, "$OBJECTIVE_CRD", 14) == 0; /* from where its release is */
            for (size_t f = 0; f < of->files_count; f++) {
                size_t len = strlen(of->files[f]);
                is_brought = is_brought || strncmp(at, of->files[f], len) == 0;
            }
            cr_expect(is_brought, "section %d lacks %.30s", of->number, at);
        }
        free(text);
    }
}

Test(walk, commands_are_for_the_project_and_the_world_that_is_watched)
{
    char *text = commands(3, "/run/world/env");
    cr_expect_not_null(strstr(text, ". '/run/world/env'\ncd '/state/work'\n"));
    cr_expect_not_null(strstr(text, "terraform -chdir=gke-tf init\n"), "what they need before");
    cr_expect_not_null(strstr(text, "export PROJECT_ID=my-project"));
    cr_expect_not_null(strstr(text, "gke_my-project_us-east5-b_gke-us-east5"));
    cr_expect_not_null(strstr(text, "# vpc: "), "each step under its title:\n%s", text);
    cr_expect_null(strstr(text, "{project}"));
    free(text);
    text = commands(8, NULL);
    cr_expect_null(strstr(text, "terraform"), "nothing of the gateway is Terraform's:\n%s", text);
    free(text);
    text = commands(9, NULL);
    cr_expect_not_null(strstr(text, "{\"model\": \"/data/gemma-weights\""), "braces stay:\n%s",
                       text);
    free(text);
    text = commands(10, NULL);
    const char *network = strstr(text, "destroy -auto-approve -target=google_compute_network.vpc");
    const char *gateway = strstr(text, "delete -f gateway.yaml");
    cr_expect(network != NULL && gateway != NULL && gateway < network, "the last comes first:\n%s",
              text);
    free(text);
    cr_expect_null(commands(1, NULL), "nothing is typed to read");
    struct tg_buf file;
    tg_buf_init(&file, 1 << 20);
    cr_expect(tg_walk_file(lab, "ksa.yaml", model, 0, &file));
    cr_expect_not_null(strstr(tg_buf_text(&file), "gcs-fuse-sa@my-project.iam"));
    cr_expect_null(strstr(tg_buf_text(&file), "SPDX"));
    tg_buf_fini(&file);
}

Test(walk, a_section_is_done_when_its_steps_are_seen_to_be)
{
    struct tg_walk_place place = {0};
    cr_expect_eq(judge(&place, 4), TG_STEP_UNKNOWN);
    set_all(TG_STEP_MISSING);
    cr_expect_eq(judge(&place, 4), TG_STEP_MISSING);
    statuses[tg_lab_step_index(lab, "memberships")].state = TG_STEP_DONE;
    cr_expect_eq(judge(&place, 4), TG_STEP_RUNNING);
    cr_expect_eq(judge(&place, 5), TG_STEP_MISSING);
    set_all(TG_STEP_DONE);
    cr_expect_eq(judge(&place, 4), TG_STEP_DONE);
}

Test(walk, what_is_only_read_is_ticked_when_it_is_left)
{
    struct tg_walk_place place = {0};
    cr_expect_eq(judge(&place, 1), TG_STEP_MISSING);
    tg_walk_go(&place, lab->walk, section(2));
    cr_expect_eq(judge(&place, 1), TG_STEP_DONE);
    tg_walk_go(&place, lab->walk, section(1));
    cr_expect_eq(place.section, section(1));
    cr_expect_eq(judge(&place, 11), TG_STEP_MISSING);
    tg_walk_go(&place, lab->walk, section(11));
    cr_expect_eq(judge(&place, 11), TG_STEP_DONE, "there is nothing after the last");
}

/* An empty project was not cleaned up: nothing ever stood in it. */
Test(walk, clean_up_is_done_only_after_something_stood)
{
    struct tg_walk_place place = {0};
    set_all(TG_STEP_MISSING);
    tg_walk_observe(&place, lab, statuses, model, 0);
    cr_expect_eq(judge(&place, 10), TG_STEP_MISSING);
    set_all(TG_STEP_DONE);
    cr_expect(tg_walk_observe(&place, lab, statuses, model, 0));
    cr_expect_not(tg_walk_observe(&place, lab, statuses, model, 0), "nothing new was seen");
    cr_expect_eq(judge(&place, 10), TG_STEP_MISSING);
    set_all(TG_STEP_MISSING);
    statuses[tg_lab_step_index(lab, "vpc")].state = TG_STEP_DONE;
    tg_walk_observe(&place, lab, statuses, model, 0);
    cr_expect_eq(judge(&place, 10), TG_STEP_RUNNING, "a network is left");
    statuses[tg_lab_step_index(lab, "vpc")].state = TG_STEP_MISSING;
    statuses[tg_lab_step_index(lab, "apis")].state = TG_STEP_DONE;
    tg_walk_observe(&place, lab, statuses, model, 0);
    cr_expect_eq(judge(&place, 10), TG_STEP_DONE, "enabled APIs stay");
    tg_walk_forget_world(&place);
    cr_expect_eq(judge(&place, 10), TG_STEP_MISSING, "another world was not cleaned up");
}

Test(walk, a_place_is_kept_and_what_is_damaged_is_the_beginning)
{
    struct tg_buf out;
    struct tg_walk_place place = {.section = 7, .read = 3, .has_stood = true, .came_back = true};
    tg_buf_init(&out, 4096);
    cr_assert(tg_walk_place_write(&place, lab, &out));
    struct tg_walk_place again = tg_walk_place_read(tg_buf_text(&out), out.len, lab);
    cr_expect_eq(again.section, 7);
    cr_expect_eq(again.read, 3);
    cr_expect(again.has_stood && again.came_back && !again.is_gone);
    static const char *const damaged[] = {"",
                                          "{",
                                          "[]",
                                          "{\"lab\": \"another\", \"section\": 3}",
                                          "{\"lab\": \"gemma-two-region\", \"section\": 99}",
                                          "{\"lab\": \"gemma-two-region\", \"section\": -1}"};
    for (size_t i = 0; i < sizeof(damaged) / sizeof(damaged[0]); i++) {
        again = tg_walk_place_read(damaged[i], strlen(damaged[i]), lab);
        cr_expect_eq(again.section, 0, "%s", damaged[i]);
        cr_expect_not(again.has_stood);
    }
    tg_buf_fini(&out);
}

#define START "sections:\n  - number: 3\n    title: {en: T}\n    why: {en: W}\n    look: {en: L}\n"

Test(walk, a_wrong_walk_is_refused_with_its_place)
{
    static const struct {
        const char *text;
        const char *where;
        const char *what;
    } cases[] = {
        {"sections: []\n", "w:1:11: ", "must be a list"},
        {START "    proof: guess\n", "w:2:5: ", "'proof' must be"},
        {START "    proof: steps\n    fils: [ksa.yaml]\n", "w:7:5: ", "is 'files' meant"},
        {START "    proof: steps\n    files: [nothing.yaml]\n", "w:7:13: ", "no manifest"},
        {"sections:\n  - {number: 99, proof: steps, title: {en: T}, why: {en: W}, look: {en: L}}\n",
         "w:2:5: ", "no step of section 99"},
        {"sections:\n  - {number: 1, proof: read, title: {zh_TW: T}}\n", "w:2:37: ", "'en'"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct tg_err err = TG_ERR_INIT;
        cr_expect_not(tg_walk_parse(lab, "w", cases[i].text, strlen(cases[i].text), &err));
        cr_expect_eq(err.code, TG_CODE_CONFIG);
        cr_expect_not_null(strstr(err.msg, cases[i].where), "%s: %s", cases[i].where, err.msg);
        cr_expect_not_null(strstr(err.msg, cases[i].what), "%s: %s", cases[i].what, err.msg);
    }
}

/* As with the lab's own file: one mistake does not hide the next. */
Test(walk, all_mistakes_are_told_at_once)
{
    static const char text[] =
        "sections:\n  - number: 3\n    proof: guess\n    title: {en: T}\n    why: {en: W}\n"
        "    lokk: {en: L}\n  - number: x\n    proof: read\n    title: {en: T}\n"
        "    why: {en: W}\n    look: {en: L}\n";
    struct tg_err err = TG_ERR_INIT;
    struct tg_buf lines;
    size_t count = 0;
    tg_buf_init(&lines, 65536);
    cr_assert_not(tg_walk_parse_all(lab, "w", text, strlen(text), &lines, &count, &err));
    cr_expect_eq(count, 4);
    cr_expect_str_eq(tg_buf_text(&lines),
                     "w:6:5: unknown key 'lokk'; is 'look' meant?\n"
                     "w:2:5: 'proof' must be read, project, steps, drill or down\n"
                     "w:2:5: 'look' is missing\n"
                     "w:7:5: 'number' must be a number\n");
    tg_buf_fini(&lines);
}
