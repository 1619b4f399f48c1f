/* ui/next.c - the next thing to do, in a line: for whoever does not know it. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <stdio.h>

#include "base/i18n.h"
#include "base/str.h"
#include "ui/state.h"

int ui_primary_target(const struct ui_inputs *inputs)
{
    for (size_t i = 0; i < inputs->model->targets_count; i++) {
        const struct tg_target *target = inputs->model->targets[i];
        if (target->type == TG_TARGET_CLUSTER && target->removed_us == 0 &&
            tg_str_eq(target->region, inputs->lab->primary_region)) {
            return target->index;
        }
    }
    return -1;
}

/* The first step that is under way, or -1. */
static int step_under_way(const struct ui_inputs *inputs)
{
    for (size_t i = 0; i < inputs->lab->steps_count; i++) {
        enum tg_run_state state = inputs->run->steps[i].state;
        if (state == TG_RUN_MAKING || state == TG_RUN_WAITING) {
            return (int)i;
        }
    }
    return -1;
}

static void say_run(const struct ui_inputs *inputs, char *out, size_t size)
{
    int step = step_under_way(inputs);
    if (step < 0) {
        return;
    }
    const char *title = tg_lab_text_for(&inputs->lab->steps[step].title, inputs->locale);
    switch (inputs->run->config.mode) {
    case TG_RUN_BY_HAND:
        snprintf(out, size, _("your turn, step: %s; 1 Enter says what to type"), title);
        break;
    case TG_RUN_COMMANDS:
        snprintf(out, size, _("step under way: %s; O shows what its commands print"), title);
        break;
    case TG_RUN_NATIVE:
        snprintf(out, size, _("step under way: %s; 1 Enter says what it waits for"), title);
        break;
    }
}

static bool has_failed(const struct ui_inputs *inputs)
{
    for (size_t i = 0; inputs->run != NULL && i < inputs->lab->steps_count; i++) {
        if (ui_view_is_failed(inputs, i)) {
            return true;
        }
    }
    return false;
}

static void say_steps(const struct ui_inputs *inputs, char *out, size_t size)
{
    size_t count = inputs->lab->steps_count;
    size_t done = 0;
    size_t open = 0;
    for (size_t i = 0; i < count; i++) {
        done += inputs->steps[i].state == TG_STEP_DONE ? 1 : 0;
        open += inputs->steps[i].state == TG_STEP_MISSING ? 1 : 0;
    }
    if (done == count) {
        snprintf(out, size, "%s",
                 inputs->drill == NULL
                     ? _("next: D takes a region away and measures it; w tells of it")
                     : _("next: :lab.down takes the lab down; w tells of it"));
    } else if (open > 0 && tg_model_gcp(inputs->model) != NULL) {
        snprintf(out, size,
                 _("next: %zu of %zu steps are open: :lab.up makes them; w walks through"),
                 count - done, count);
    }
}

bool ui_next_text(const struct ui_inputs *inputs, char *out, size_t size)
{
    bool is_drilling = inputs->drill != NULL && !tg_drill_is_over(inputs->drill);
    bool is_changing = inputs->run != NULL && !inputs->run->is_over;
    out[0] = '\0';
    if (inputs->is_touring) {
        tg_str_copy(out, size,
                    _("it goes on by itself; Space: the clock stands; 1 Enter: why; q leaves"));
    } else if (is_changing) {
        say_run(inputs, out, size);
    } else if (is_drilling || inputs->is_restore_offered) {
        return false;
    } else if (has_failed(inputs)) {
        tg_str_copy(out, size, _("next: 1 Enter says why a step failed; :lab.up goes on from it"));
    } else if (!inputs->is_armed) {
        tg_str_copy(out, size, _("next: w walks through the lab, ? has all keys"));
    } else {
        say_steps(inputs, out, size);
    }
    return out[0] != '\0' && is_changing && !inputs->is_touring &&
           inputs->run->config.mode == TG_RUN_BY_HAND;
}
