/* plan/walk.c - pages that tick themselves off. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "plan/walk.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "model/select.h"

#define FILE_MAX ((size_t)1024 * 1024)

/* ---- what is seen ---- */

static bool are_all_done(const struct tg_lab *lab, const struct tg_step_status *statuses)
{
    for (size_t i = 0; i < lab->steps_count; i++) {
        if (statuses[i].state != TG_STEP_DONE) {
            return false;
        }
    }
    return lab->steps_count > 0;
}

/* Taking the lab down leaves some things, such as enabled APIs: their steps do not count. */
static bool is_step_kept(const struct tg_lab_step *step)
{
    bool is_kept = step->makes_count > 0;
    for (size_t i = 0; i < step->makes_count; i++) {
        is_kept = is_kept && step->makes[i].is_kept;
    }
    return is_kept;
}

static void count_gone(const struct tg_lab *lab, const struct tg_step_status *statuses, int *gone,
                       int *total)
{
    *gone = 0;
    *total = 0;
    for (size_t i = 0; i < lab->steps_count; i++) {
        if (!is_step_kept(&lab->steps[i])) {
            *total += 1;
            *gone += statuses[i].state == TG_STEP_MISSING ? 1 : 0;
        }
    }
}

static void observe_primary(struct tg_walk_place *place, const struct tg_lab *lab,
                            const struct tg_model *model, int64_t now_us)
{
    size_t count = 0;
    struct tg_region_row *rows = tg_select_regions(model, now_us, &count);
    for (size_t i = 0; i < count; i++) {
        const struct tg_target *target = tg_model_target(model, rows[i].target);
        const struct tg_obj *deployment = tg_store_get(&target->kinds[TG_KIND_DEPLOYMENT].store,
                                                       lab->namespace_name, lab->deployment);
        if (!tg_str_eq(target->region, lab->primary_region) || deployment == NULL) {
            continue;
        }
        bool is_at_zero = deployment->as.deployment.replicas_desired == 0;
        place->was_at_zero = place->was_at_zero || is_at_zero;
        place->came_back =
            place->came_back || (place->was_at_zero && !is_at_zero && rows[i].pods_serving > 0);
    }
    free(rows);
}

bool tg_walk_observe(struct tg_walk_place *place, const struct tg_lab *lab,
                     const struct tg_step_status *statuses, const struct tg_model *model,
                     int64_t now_us)
{
    int gone = 0;
    int total = 0;
    struct tg_walk_place before = *place;
    place->has_stood = place->has_stood || are_all_done(lab, statuses);
    /* A Deployment of no replicas that nobody ever saw serving is no outage. */
    if (place->has_stood && !place->came_back) {
        observe_primary(place, lab, model, now_us);
    }
    count_gone(lab, statuses, &gone, &total);
    place->is_gone = place->has_stood && (place->is_gone || gone == total);
    return memcmp(&before, place, sizeof(before)) != 0;
}

void tg_walk_go(struct tg_walk_place *place, const struct tg_walk *walk, size_t section)
{
    if (section > place->section) {
        place->read |= UINT32_C(1) << place->section;
    }
    if (section + 1 == walk->sections_count) {
        place->read |= UINT32_C(1) << section;
    }
    place->section = section;
}

void tg_walk_forget_world(struct tg_walk_place *place)
{
    place->has_stood = false;
    place->was_at_zero = false;
    place->came_back = false;
    place->is_gone = false;
}

static enum tg_step_state judge_steps(const struct tg_walk_section *section,
                                      const struct tg_step_status *statuses, int *done, int *total)
{
    bool is_known = false;
    bool is_begun = false;
    *total = section->until - section->from + 1;
    for (int i = section->from; i <= section->until; i++) {
        *done += statuses[i].state == TG_STEP_DONE ? 1 : 0;
        is_begun = is_begun || statuses[i].state == TG_STEP_RUNNING;
        is_known = is_known || statuses[i].state != TG_STEP_UNKNOWN;
    }
    return *done == *total         ? TG_STEP_DONE
           : *done > 0 || is_begun ? TG_STEP_RUNNING
           : is_known              ? TG_STEP_MISSING
                                   : TG_STEP_UNKNOWN;
}

static enum tg_step_state state_of_counts(int done, int total)
{
    return done == total ? TG_STEP_DONE : done > 0 ? TG_STEP_RUNNING : TG_STEP_MISSING;
}

enum tg_step_state tg_walk_judge(const struct tg_walk_place *place, const struct tg_lab *lab,
                                 const struct tg_step_status *statuses,
                                 const struct tg_model *model, size_t section, int *done,
                                 int *total)
{
    const struct tg_walk_section *of = &lab->walk->sections[section];
    const struct tg_target *gcp = tg_model_gcp(model);
    *done = 0;
    *total = 1;
    switch (of->proof) {
    case TG_WALK_READ:
        *done = (place->read >> section & 1U) != 0 ? 1 : 0;
        break;
    case TG_WALK_PROJECT:
        *done = gcp != NULL && gcp->kinds[TG_KIND_GCP_PROJECT].store.count > 0 ? 1 : 0;
        break;
    case TG_WALK_STEPS:
        return judge_steps(of, statuses, done, total);
    case TG_WALK_DRILL:
        *total = 2;
        *done = (place->was_at_zero ? 1 : 0) + (place->came_back ? 1 : 0);
        break;
    case TG_WALK_DOWN:
        count_gone(lab, statuses, done, total);
        /* What never stood was not taken down. */
        *done = place->is_gone ? *total : !place->has_stood || *done == *total ? 0 : *done;
        break;
    }
    return state_of_counts(*done, *total);
}

/* ---- by hand ---- */

struct texts {
    struct tg_lab_place place;
    char number[24];
};

static void set_place(struct texts *texts, const struct tg_lab *lab, const struct tg_model *model)
{
    const struct tg_target *gcp = tg_model_gcp(model);
    *texts =
        (struct texts){.place = {.lab = lab, .project = gcp != NULL ? gcp->name : "PROJECT_ID"}};
    if (gcp != NULL && gcp->kinds[TG_KIND_GCP_PROJECT].store.count > 0) {
        snprintf(texts->number, sizeof(texts->number), "%" PRId64,
                 gcp->kinds[TG_KIND_GCP_PROJECT].store.items[0]->as.gcp.number);
        texts->place.project_number = texts->number;
    }
}

/* What the steps need before comes once for Google Cloud and once for the clusters. */
static void put_steps(const struct tg_walk_section *section, const struct tg_run_config *run,
                      struct tg_buf *out)
{
    bool is_up = run->direction == TG_RUN_UP;
    int from = is_up ? section->from : 0;
    int until = is_up ? section->until : (int)run->lab->steps_count - 1;
    bool has_before[2] = {false, false};
    for (int i = from; i <= until; i++) {
        int step = is_up ? i : until - i;
        const struct tg_lab_step *of = &run->lab->steps[step];
        bool *is_begun = &has_before[tg_run_is_within_clusters(of) ? 1 : 0];
        if ((is_up ? of->commands : of->undo) != NULL) {
            tg_buf_printf(out, "# %s: %s\n", of->id, of->title.en);
            (void)tg_run_commands(run, step, !*is_begun, out);
            *is_begun = true;
        }
    }
}

static void put_shell(const struct tg_run_config *run, const struct tg_walk_shell *shell,
                      struct tg_buf *out)
{
    if (shell->environment != NULL) {
        tg_buf_printf(out, ". '%s'\n", shell->environment);
    }
    if (shell->folder != NULL) {
        tg_buf_printf(out, "cd '%s'\n", shell->folder);
    }
    (void)tg_run_shell(run, out);
}

bool tg_walk_step_commands(const struct tg_lab *lab, size_t step, bool is_down, bool is_whole,
                           const struct tg_model *model, const struct tg_walk_shell *shell,
                           struct tg_buf *out)
{
    struct texts texts;
    set_place(&texts, lab, model);
    const struct tg_run_config run = {.lab = lab,
                                      .direction = is_down ? TG_RUN_DOWN : TG_RUN_UP,
                                      .project = texts.place.project,
                                      .fixes = shell->fixes};
    if ((is_down ? lab->steps[step].undo : lab->steps[step].commands) != NULL) {
        if (is_whole) {
            put_shell(&run, shell, out);
        }
        (void)tg_run_commands(&run, (int)step, is_whole, out);
    }
    return !out->is_full;
}

bool tg_walk_commands(const struct tg_lab *lab, size_t section, const struct tg_model *model,
                      const struct tg_walk_shell *shell, struct tg_buf *out)
{
    const struct tg_walk_section *of = &lab->walk->sections[section];
    bool is_down = of->proof == TG_WALK_DOWN;
    struct texts texts;
    if (of->commands == NULL && of->from < 0 && !is_down) {
        return false;
    }
    set_place(&texts, lab, model);
    texts.place.fixes = shell->fixes;
    const struct tg_run_config run = {.lab = lab,
                                      .direction = is_down ? TG_RUN_DOWN : TG_RUN_UP,
                                      .project = texts.place.project,
                                      .fixes = shell->fixes};
    tg_buf_printf(out, "# %s, %d: %s\n", lab->name, of->number, of->title.en);
    put_shell(&run, shell, out);
    if (of->commands != NULL) {
        tg_lab_expand(of->commands, &texts.place, out);
    } else {
        put_steps(of, &run, out);
    }
    return !out->is_full;
}

bool tg_walk_file(const struct tg_lab *lab, const char *name, const struct tg_model *model,
                  tg_lab_fixes fixes, struct tg_buf *out)
{
    struct texts texts;
    struct tg_buf whole;
    char *path = tg_asprintf("manifests/%s", name);
    set_place(&texts, lab, model);
    texts.place.fixes = fixes;
    tg_buf_init(&whole, FILE_MAX);
    bool is_there = tg_lab_manifest(path, &texts.place, &whole);
    const char *text = tg_buf_text(&whole);
    const char *first = text;
    while (tg_str_has_prefix(text, "# SPDX") || (text == first && tg_str_has_prefix(text, "# "))) {
        text += strcspn(text, "\n");
        text += *text == '\n' ? 1 : 0;
    }
    tg_buf_puts(out, text);
    tg_buf_fini(&whole);
    free(path);
    return is_there && !out->is_full;
}
