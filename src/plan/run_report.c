/* plan/run_report.c - plans and runs for people and for scripts. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "plan/run_report.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fmt.h"
#include "base/i18n.h"
#include "base/json_out.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "plan/progress.h"
#include "plan/run_advice.h"
#include "plan/run_survey.h"

#define ADVICE_LEN_MAX   4096
#define COMMANDS_LEN_MAX (64 * 1024)

static const char *const seen_names[] = {"unknown", "missing", "running", "done"};

static const char *seen_word(enum tg_step_state state)
{
    static const char *const words[] = {N_("not observed"), N_("missing"), N_("partly there"),
                                        N_("done")};
    return _(words[state]);
}

static void put_padded(struct tg_buf *out, const char *text, int width)
{
    tg_buf_puts(out, text);
    for (int used = (int)tg_utf8_width(text); used < width; used++) {
        tg_buf_putc(out, ' ');
    }
}

static size_t things_of(const struct tg_run_config *config, int step)
{
    const struct tg_lab *lab = config->lab;
    bool is_down = config->direction == TG_RUN_DOWN;
    size_t count = 0;
    for (size_t i = 0; i < lab->steps[step].makes_count; i++) {
        const struct tg_lab_make *make = &lab->steps[step].makes[i];
        bool is_everywhere =
            make->where == TG_LAB_WHERE_REGIONS || make->where == TG_LAB_WHERE_EACH_REGION_GCP;
        bool is_left_out = is_down ? make->is_kept : !tg_lab_make_is_wanted(make, config->fixes);
        count += is_left_out ? 0 : is_everywhere ? lab->regions_count : 1;
    }
    return count;
}

/* The steps that are not done yet, those that wait for nothing of each other side by side: the
 * longest way through them. Of a step that does not say how long it takes nothing is known. */
static void usual_span(const struct tg_run_config *config, const struct tg_step_status *statuses,
                       int *least_s, int *most_s)
{
    const struct tg_lab *lab = config->lab;
    int *least = tg_calloc(lab->steps_count + 1, sizeof(*least));
    int *most = tg_calloc(lab->steps_count + 1, sizeof(*most));
    *least_s = 0;
    *most_s = 0;
    for (int i = config->from; i <= config->until; i++) {
        const struct tg_lab_step *step = &lab->steps[i];
        int own_least = 0;
        int own_most = 0;
        if (step->usual != NULL && statuses[i].state != TG_STEP_DONE) {
            (void)tg_lab_read_usual(step->usual, &own_least, &own_most);
        }
        for (size_t n = 0; n < step->needs_count; n++) {
            int need = step->needs[n]; /* stands before it */
            least[i] = least[need] > least[i] ? least[need] : least[i];
            most[i] = most[need] > most[i] ? most[need] : most[i];
        }
        least[i] += own_least;
        most[i] += own_most;
        *least_s = least[i] > *least_s ? least[i] : *least_s;
        *most_s = most[i] > *most_s ? most[i] : *most_s;
    }
    free(least);
    free(most);
}

/* What stands in the way of the network's removal, before anything is removed. */
static void put_things(const struct tg_run_config *config, const struct tg_model *model,
                       struct tg_buf *out)
{
    size_t count = 0;
    struct tg_survey_thing *things = tg_survey_things(config, model, &count);
    for (size_t i = 0; i < count; i++) {
        tg_buf_printf(out,
                      things[i].is_removed
                          ? _("    %s was made by a controller, and is removed too\n")
                          : _("    %s is on the lab's network, is not known to be the lab's, and "
                              "is left\n"),
                      things[i].name);
    }
    free(things);
}

static bool has_fixes(const struct tg_run_config *config)
{
    return config->direction == TG_RUN_UP && config->fixes != 0;
}

/* What the chosen fixes change, and whose file says so to who types the commands. */
static void put_fixes(const struct tg_run_config *config, const char *locale, struct tg_buf *out)
{
    const struct tg_lab *lab = config->lab;
    tg_buf_printf(out, "%s\n", _("With fixes:"));
    for (size_t i = 0; i < lab->hazards_count; i++) {
        if ((config->fixes & (UINT32_C(1) << i)) != 0) {
            tg_buf_puts(out, "  ");
            put_padded(out, lab->hazards[i].id, 24);
            tg_buf_printf(out, "%s\n", tg_lab_text_for(&lab->hazards[i].title, locale));
        }
    }
}

/* What is run or typed for the step, below it, unless it is done. */
static void put_commands(const struct tg_run_config *config, int step, bool has_before[2],
                         struct tg_buf *out)
{
    struct tg_buf text;
    bool *is_begun = &has_before[tg_run_is_within_clusters(&config->lab->steps[step]) ? 1 : 0];
    tg_buf_init(&text, COMMANDS_LEN_MAX);
    tg_run_commands(config, step, !*is_begun, &text);
    *is_begun = *is_begun || text.len > 0;
    for (const char *at = tg_buf_text(&text); *at != '\0';) {
        size_t len = strcspn(at, "\n");
        tg_buf_printf(out, "      %s%.*s\n", *at == '#' ? "" : "$ ", (int)len, at);
        at += len + (at[len] == '\n' ? 1 : 0);
    }
    tg_buf_fini(&text);
}

/* Fixes that change a step which stands already are a reason to run it again. */
static bool is_to_be_done(const struct tg_run_config *config, int step,
                          const struct tg_step_status *status)
{
    return config->direction == TG_RUN_UP
               ? status->state != TG_STEP_DONE ||
                     tg_lab_step_is_fixed(&config->lab->steps[step], config->fixes)
               : status->state != TG_STEP_MISSING;
}

bool tg_run_report_plan(const struct tg_run_config *config, const struct tg_step_status *statuses,
                        const struct tg_model *model, const char *locale, struct tg_buf *out)
{
    const struct tg_lab *lab = config->lab;
    bool is_down = config->direction == TG_RUN_DOWN;
    bool has_before[2] = {false, false};
    tg_buf_printf(
        out, is_down ? _("Taking down %s in project %s:\n") : _("Standing up %s in project %s:\n"),
        tg_lab_text_for(&lab->title, locale), config->project);
    for (int i = config->from; i <= config->until; i++) {
        int step = is_down ? config->until - (i - config->from) : i;
        const struct tg_lab_step *of = &lab->steps[step];
        size_t things = things_of(config, step);
        tg_buf_puts(out, "  ");
        put_padded(out, of->id, 16);
        put_padded(out, tg_lab_text_for(&of->title, locale), 40);
        put_padded(out, seen_word(statuses[step].state), 14);
        if (things == 0) {
            tg_buf_printf(out, "%s", is_down ? _("nothing of its own") : _("only waits"));
        } else {
            tg_buf_printf(out,
                          is_down
                              ? ngettext("%zu thing is removed", "%zu things are removed", things)
                              : ngettext("%zu thing", "%zu things", things),
                          things);
        }
        if (of->usual != NULL && !is_down) {
            tg_buf_printf(out, _(", usually %s"), of->usual);
        }
        tg_buf_putc(out, '\n');
        if (config->mode != TG_RUN_NATIVE && is_to_be_done(config, step, &statuses[step])) {
            put_commands(config, step, has_before, out);
        }
    }
    if (has_fixes(config)) {
        put_fixes(config, locale, out);
    }
    int least_s = 0;
    int most_s = 0;
    usual_span(config, statuses, &least_s, &most_s);
    if (is_down) {
        put_things(config, model, out);
    } else if (most_s > 0) {
        tg_buf_printf(out,
                      _("In all usually %d to %d minutes; what waits for nothing goes side by "
                        "side.\n"),
                      (least_s + 59) / 60, (most_s + 59) / 60);
    }
    return !out->is_full;
}

static void put_things_json(const struct tg_run_config *config, const struct tg_model *model,
                            struct tg_json_out *json)
{
    size_t count = 0;
    struct tg_survey_thing *things = tg_survey_things(config, model, &count);
    tg_json_open(json, "found", '[');
    for (size_t i = 0; i < count; i++) {
        tg_json_open(json, NULL, '{');
        tg_json_put_text(json, "name", things[i].name);
        tg_json_put_bool(json, "removed", things[i].is_removed);
        tg_json_close(json, '}');
    }
    tg_json_close(json, ']');
    free(things);
}

static void open_json(struct tg_json_out *json, const struct tg_run_config *config)
{
    tg_json_open(json, NULL, '{');
    tg_json_put_int(json, "schema_version", 1);
    tg_json_put_text(json, "direction", config->direction == TG_RUN_UP ? "up" : "down");
    tg_json_put_text(json, "lab", config->lab->name);
    tg_json_put_text(json, "project", config->project);
    tg_json_put_text(json, "mode", tg_run_mode_name(config->mode));
}

static void put_observed(struct tg_json_out *json, const struct tg_step_status *status)
{
    tg_json_put_text(json, "observed", seen_names[status->state]);
    tg_json_put_text(json, "missing", status->missing[0] != '\0' ? status->missing : NULL);
}

/* What the Pods themselves said, of a step that wants to hear it. */
static void put_proof(struct tg_json_out *json, const struct tg_step_status *status)
{
    static const char *const names[] = {NULL, "open", "agrees", "refused", "differs"};
    if (status->proof != TG_STEP_PROOF_NONE) {
        tg_json_put_text(json, "proof", names[status->proof]);
        tg_json_put_text(json, "proof_note", status->proof_note);
    }
}

bool tg_run_report_plan_json(const struct tg_run_config *config,
                             const struct tg_step_status *statuses, const struct tg_cost *cost,
                             const struct tg_model *model, struct tg_buf *out)
{
    struct tg_json_out json = {out, false};
    const struct tg_lab *lab = config->lab;
    open_json(&json, config);
    tg_json_open(&json, "fixes", '[');
    for (size_t i = 0; i < lab->hazards_count && has_fixes(config); i++) {
        if ((config->fixes & (UINT32_C(1) << i)) != 0) {
            tg_json_put_text(&json, NULL, lab->hazards[i].id);
        }
    }
    tg_json_close(&json, ']');
    tg_cost_json(lab, cost, &json);
    if (config->direction == TG_RUN_UP) {
        int least_s = 0;
        int most_s = 0;
        usual_span(config, statuses, &least_s, &most_s);
        tg_json_put_int(&json, "usual_least_s", least_s);
        tg_json_put_int(&json, "usual_most_s", most_s);
    }
    tg_json_open(&json, "steps", '[');
    for (int step = config->from; step <= config->until; step++) {
        tg_json_open(&json, NULL, '{');
        tg_json_put_text(&json, "id", lab->steps[step].id);
        put_observed(&json, &statuses[step]);
        tg_json_put_int(&json, "things", (int64_t)things_of(config, step));
        tg_json_put_text(&json, "usually", lab->steps[step].usual);
        if (config->mode != TG_RUN_NATIVE) {
            struct tg_buf text;
            tg_buf_init(&text, COMMANDS_LEN_MAX);
            tg_run_commands(config, step, false, &text);
            tg_json_put_text(&json, "commands", text.len > 0 ? tg_buf_text(&text) : NULL);
            tg_buf_fini(&text);
        }
        tg_json_close(&json, '}');
    }
    tg_json_close(&json, ']');
    if (config->direction == TG_RUN_DOWN) {
        put_things_json(config, model, &json);
    }
    tg_json_close(&json, '}');
    return !out->is_full;
}

static void put_thing(struct tg_json_out *json, const struct tg_run_item *item)
{
    static const char *const states[] = {"waiting", "waiting", "asked", "done", "failed"};
    tg_json_open(json, NULL, '{');
    tg_json_put_text(json, "name", item->name);
    tg_json_put_text(json, "what", item->is_removal ? "remove" : "ensure");
    tg_json_put_text(json, "state", states[item->state]);
    tg_json_put_text(json, "outcome",
                     item->state == TG_RUN_ITEM_DONE ? tg_ensured_name(item->ensured) : NULL);
    tg_json_put_text(json, "error", item->err.code != TG_CODE_NONE ? item->err.msg : NULL);
    tg_json_put_text(json, "error_code",
                     item->err.code != TG_CODE_NONE ? tg_code_name(item->err.code) : NULL);
    tg_json_put_seconds(json, "seconds",
                        item->ended_lab_us > 0 && item->started_lab_us > 0
                            ? item->ended_lab_us - item->started_lab_us
                            : -1);
    tg_json_close(json, '}');
}

static int64_t span_us(const struct tg_run_step *step)
{
    return step->ended_lab_us > 0 && step->started_lab_us > 0
               ? step->ended_lab_us - step->started_lab_us
               : -1;
}

/* What stands, and how, is told of what the run was about. */
static void put_progress(struct tg_json_out *json, const struct tg_run *run, size_t step,
                         const struct tg_model *model, int64_t now_us, int64_t lab_us)
{
    if (run->config.direction == TG_RUN_UP && run->steps[step].state != TG_RUN_SKIPPED) {
        tg_progress_json(json, run->config.lab, step, model, run, now_us, lab_us);
    }
}

/* How the step's commands ended. */
static void put_exit(struct tg_json_out *json, const struct tg_run_step *step)
{
    if (step->has_exit && step->exit_signal == 0) {
        tg_json_put_int(json, "exit", step->exit_status);
    } else {
        tg_json_put_null(json, "exit");
    }
    if (step->has_exit && step->exit_signal != 0) {
        tg_json_put_int(json, "signal", step->exit_signal);
    } else {
        tg_json_put_null(json, "signal");
    }
}

static void put_failure(struct tg_json_out *json, const struct tg_run *run, int step)
{
    const struct tg_err *err = &run->steps[step].err;
    struct tg_buf advice;
    tg_buf_init(&advice, ADVICE_LEN_MAX);
    tg_run_advice(run, step, TG_RUN_READER_SHELL, &advice);
    tg_json_put_text(json, "error", err->code != TG_CODE_NONE ? err->msg : NULL);
    tg_json_put_text(json, "error_code",
                     err->code != TG_CODE_NONE ? tg_code_name(err->code) : NULL);
    tg_json_put_text(json, "advice", advice.len > 0 ? tg_buf_text(&advice) : NULL);
    tg_buf_fini(&advice);
}

bool tg_run_report_json(const struct tg_run *run, const struct tg_step_status *statuses,
                        const struct tg_model *model, int64_t now_us, int64_t lab_us,
                        struct tg_buf *out)
{
    struct tg_json_out json = {out, false};
    const struct tg_lab *lab = run->config.lab;
    open_json(&json, &run->config);
    tg_json_put_text(&json, "id", run->config.id);
    tg_json_put_bool(&json, "good", tg_run_is_good(run));
    tg_json_put_bool(&json, "inconclusive", tg_survey_is_inconclusive(run));
    tg_json_put_bool(&json, "aborted", run->is_aborted);
    tg_json_put_bool(&json, "left_behind", run->has_left_behind);
    tg_json_put_text(&json, "error", run->err.code != TG_CODE_NONE ? run->err.msg : NULL);
    tg_json_open(&json, "steps", '[');
    for (size_t step = 0; step < lab->steps_count; step++) {
        const struct tg_run_step *of = &run->steps[step];
        tg_json_open(&json, NULL, '{');
        tg_json_put_text(&json, "id", lab->steps[step].id);
        tg_json_put_text(&json, "state", tg_run_state_name(of->state));
        put_observed(&json, &statuses[step]);
        tg_json_put_seconds(&json, "seconds", span_us(of));
        put_failure(&json, run, (int)step);
        put_exit(&json, of);
        tg_json_open(&json, "things", '[');
        for (size_t i = 0; i < run->items_count; i++) {
            if (run->items[i].step == (int)step) {
                put_thing(&json, &run->items[i]);
            }
        }
        tg_json_close(&json, ']');
        put_progress(&json, run, step, model, now_us, lab_us);
        put_proof(&json, &statuses[step]);
        tg_json_close(&json, '}');
    }
    tg_json_close(&json, ']');
    if (run->config.direction == TG_RUN_DOWN) {
        tg_survey_json(run, &json);
    }
    tg_json_close(&json, '}');
    return !out->is_full;
}

void tg_run_report_step(const struct tg_run *run, int step, const char *locale, int64_t lab_us,
                        struct tg_buf *out)
{
    const struct tg_run_step *of = &run->steps[step];
    const struct tg_lab_step *lab_step = &run->config.lab->steps[step];
    char span[24] = "";
    int done = 0;
    int total = 0;
    tg_run_count(run, step, &done, &total);
    int64_t until_us = of->ended_lab_us > 0 ? of->ended_lab_us : lab_us;
    if (of->started_lab_us > 0) {
        tg_fmt_duration(span, sizeof(span), until_us - of->started_lab_us);
    }
    /* What was waited for to come is not as it was, though nothing was made for it. */
    bool has_come = of->state == TG_RUN_SATISFIED && run->config.direction == TG_RUN_UP &&
                    total == 0 && until_us - of->started_lab_us > TG_US_PER_S;
    put_padded(out, tg_lab_text_for(&lab_step->title, locale), 40);
    put_padded(out, _(tg_run_state_word(has_come ? TG_RUN_DONE : of->state)), 12);
    if (total > 0) {
        tg_buf_printf(out, " %d/%d", done, total);
    }
    tg_buf_printf(out, " %s", span);
    if (of->err.code != TG_CODE_NONE) {
        tg_buf_puts(out, "  ");
        tg_run_put_failure(&of->err, out);
    } else if (of->waiting_for[0] != '\0') {
        tg_buf_printf(out, "  %s", of->waiting_for);
    }
}

const char *tg_run_report_outcome(const struct tg_run *run)
{
    if (tg_run_is_good(run)) {
        return run->config.direction == TG_RUN_DOWN
                   ? _("Nothing of the lab is left in what could be read.")
                   : _("The lab stands: every step is observed to be done.");
    }
    if (run->is_aborted) {
        return _("Stopped. What the servers have begun goes on; run again to continue.");
    }
    if (tg_survey_is_inconclusive(run)) {
        return _(
            "Nothing of the lab was found, but what could not be read may be there and billed; "
            "run again when it can be read.");
    }
    if (tg_survey_verdict(run) == TG_SURVEY_LEFT_BEYOND && tg_run_first_failed(run) < 0) {
        return _(
            "What is still there and billed is nothing that a run removes; delete it by hand.");
    }
    return run->has_left_behind ? _("Something is still there; run again to remove it.")
                                : _("Not everything is done; run again to continue.");
}

bool tg_run_report_text(const struct tg_run *run, const char *locale, struct tg_buf *out)
{
    const struct tg_lab *lab = run->config.lab;
    for (size_t step = 0; step < lab->steps_count; step++) {
        enum tg_run_state state = run->steps[step].state;
        if (state == TG_RUN_FAILED || state == TG_RUN_BLOCKED) {
            tg_buf_puts(out, "  ");
            tg_run_report_step(run, (int)step, locale, 0, out);
            struct tg_buf advice;
            tg_buf_init(&advice, ADVICE_LEN_MAX);
            tg_run_advice(run, (int)step, TG_RUN_READER_SHELL, &advice);
            tg_buf_printf(out, "%s%s\n", advice.len > 0 ? "\n    " : "", tg_buf_text(&advice));
            tg_buf_fini(&advice);
        }
    }
    tg_survey_text(run, out);
    tg_buf_printf(out, "%s\n", tg_run_report_outcome(run));
    return !out->is_full;
}
