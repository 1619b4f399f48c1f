/* integration/test_walk.c - the walkthrough beside a real run of events: it ticks itself off by
 * what happens, whoever made it happen. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "app/walk_files.h"
#include "base/mem.h"
#include "io/read_file.h"
#include "tests/integration/rig_support.h"

static struct tg_walk_place place;

static bool look(const struct tg_app *app)
{
    tg_walk_observe(&place, app->lab, app->steps, app->model, tg_clock_monotonic_us(&app->clock));
    return app->drill != NULL && tg_drill_is_over(app->drill);
}

static enum tg_step_state judge(const struct tg_app *app, size_t section)
{
    int done = 0;
    int total = 0;
    return tg_walk_judge(&place, app->lab, app->steps, app->model, section, &done, &total);
}

Test(walk, a_drill_ticks_the_ninth_section_off)
{
    struct tg_err err = TG_ERR_INIT;
    struct tg_rig *rig = rig_new(3, rig_journal_path());
    struct tg_app *app = tg_rig_app(rig);
    place = (struct tg_walk_place){0};
    rig_wait_until_serving(rig);
    tg_rig_run(rig, MINUTE_US, look);
    for (size_t section = 1; section <= 7; section++) {
        cr_expect_eq(judge(app, section), TG_STEP_DONE, "section %zu", section + 1);
    }
    cr_expect_eq(judge(app, 8), TG_STEP_MISSING, "nothing failed over yet");
    cr_assert(tg_app_drill_start(app, tg_app_primary_target(app), &err), "%s", err.msg);
    cr_assert(tg_rig_run(rig, 60 * MINUTE_US, look));
    cr_expect_eq(judge(app, 8), TG_STEP_DONE);
    cr_expect_eq(judge(app, 9), TG_STEP_MISSING, "nothing is taken down yet");
    tg_rig_free(rig);
}

static void expect_private(const char *path)
{
    struct stat status;
    cr_assert_eq(stat(path, &status), 0, "%s", path);
    cr_expect_eq(status.st_mode & 0777, 0600, "%s", path);
}

Test(walk, files_are_for_their_owner_alone_and_the_place_is_found_again)
{
    struct tg_err err = TG_ERR_INIT;
    size_t len = 0;
    char *path = NULL;
    char *folder = tg_asprintf("%s.walk", rig_journal_path());
    struct tg_rig *rig = rig_new(3, NULL);
    struct tg_app *app = tg_rig_app(rig);
    cr_assert_eq(tg_walk_load(folder, app->lab).section, 0, "nothing is kept yet");
    place = (struct tg_walk_place){.section = 4};
    cr_assert(tg_walk_save(folder, app->lab, &place, &err), "%s", err.msg);
    cr_expect_eq(tg_walk_load(folder, app->lab).section, 4);
    const struct tg_walk_shell shell = {.folder = folder};
    cr_assert(tg_walk_write(app->lab, 4, app->model, &shell, &path, &err), "%s", err.msg);
    expect_private(path);
    char *text = tg_read_file(path, 1 << 20, &len, &err);
    cr_assert_not_null(text);
    cr_expect_not_null(strstr(text, "kubectl --context=$CTX_US apply -f download-job.yaml"));
    free(text);
    free(path);
    char *manifest = tg_asprintf("%s/download-job.yaml", folder);
    expect_private(manifest);
    cr_expect_not(tg_walk_write(app->lab, 0, app->model, &shell, &path, &err));
    cr_expect_eq(err.code, TG_CODE_NOT_FOUND);
    char *sweep = tg_asprintf("rm -r '%s'", folder);
    cr_expect_eq(system(sweep), 0);
    free(sweep);
    free(manifest);
    free(folder);
    tg_rig_free(rig);
}
