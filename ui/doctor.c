/* ui/doctor.c - the preflight as a page of the console: what fails first, then the lab's hazards
 * with a key for each fix, then what is in order. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/utf8.h"
#include "plan/doctor_report.h"
#include "ui/state.h"

#define PAGE_CELLS       120
#define FINDINGS_LAST_US (10 * 60 * TG_US_PER_S)
#define TITLE_CELLS      34
#define TEXT_MAX         4096
#define FIXES_MAX        9 /* a digit each */

/* The hazard whose fix has this number on the page; -1: none. */
static int hazard_of_digit(const struct tg_lab *lab, int digit)
{
    for (size_t i = 0; i < lab->hazards_count; i++) {
        if (lab->hazards[i].has_fix && --digit == 0) {
            return (int)i;
        }
    }
    return -1;
}

static int digit_of_hazard(const struct tg_lab *lab, int hazard)
{
    int digit = 0;
    for (int i = 0; i <= hazard; i++) {
        digit += lab->hazards[i].has_fix ? 1 : 0;
    }
    return lab->hazards[hazard].has_fix && digit <= FIXES_MAX ? digit : 0;
}

/* Findings of another hour are none, nor are those of before the lab was changed. */
bool ui_doctor_is_due(const struct ui_inputs *inputs)
{
    const struct tg_doctor *doctor = inputs->doctor;
    if (doctor == NULL || !doctor->is_over) {
        return doctor == NULL;
    }
    return inputs->lab_us - doctor->ended_lab_us > FINDINGS_LAST_US ||
           (inputs->run != NULL && inputs->run->started_lab_us > doctor->ended_lab_us);
}

void ui_doctor_command(struct ui *ui, const struct ui_inputs *inputs, struct ui_intent *intent)
{
    if (tg_model_gcp(inputs->model) == NULL) {
        tg_str_copy(ui->message, sizeof(ui->message),
                    _("Google Cloud is not watched: give --project."));
        return;
    }
    ui_ask(ui, UI_OVERLAY_DOCTOR);
    if (ui_doctor_is_due(inputs)) {
        intent->kind = UI_INTENT_DOCTOR;
    }
}

bool ui_doctor_key(const struct ui_inputs *inputs, struct ui_key key, struct ui_intent *intent)
{
    if (key.code != UI_KEY_CHAR || key.is_control) {
        return false;
    }
    tg_lab_fixes all = tg_lab_all_fixes(inputs->lab);
    if (key.codepoint == 'r') {
        intent->kind = UI_INTENT_DOCTOR;
        return true;
    }
    if (key.codepoint == 'a') {
        intent->kind = UI_INTENT_FIXES;
        intent->fixes = inputs->fixes == all ? 0 : all;
        return true;
    }
    if (key.codepoint < '1' || key.codepoint > '9') {
        return false;
    }
    int hazard = hazard_of_digit(inputs->lab, (int)(key.codepoint - '0'));
    if (hazard >= 0) {
        intent->kind = UI_INTENT_FIXES;
        intent->fixes = inputs->fixes ^ (UINT32_C(1) << hazard);
    }
    return true; /* a digit without a fix leads to no pane either */
}

/* ---- the page ---- */

static enum tg_severity severity_of(enum tg_doctor_state state)
{
    return state == TG_DOCTOR_PASS   ? TG_SEVERITY_OK
           : state == TG_DOCTOR_FAIL ? TG_SEVERITY_FAIL
           : state == TG_DOCTOR_WARN ? TG_SEVERITY_WARN
                                     : TG_SEVERITY_INFO;
}

/* A sign and the word of the state, then a title and what is so, on as many lines as it takes. */
static void add_row(const struct ui_view_context *context, const struct tg_doctor_finding *finding,
                    const char *title, const char *words, struct ui_lines *lines)
{
    enum ui_style style = finding->state == TG_DOCTOR_UNKNOWN
                              ? UI_STYLE_STALE
                              : ui_view_style(severity_of(finding->state));
    const char *sign = finding->state == TG_DOCTOR_UNKNOWN
                           ? "?"
                           : ui_view_sign(context, severity_of(finding->state));
    int indent = 2 + 9;
    int title_cells = context->width >= 100 ? TITLE_CELLS : 0;
    struct ui_lines text = {0};
    char *whole = title_cells > 0 || title[0] == '\0' ? tg_strdup(words)
                                                      : tg_asprintf("%s: %s", title, words);
    ui_lines_add_wrapped(&text, UI_STYLE_TEXT, context->width - indent - title_cells, whole);
    free(whole);
    for (size_t i = 0; i < text.count; i++) {
        struct ui_line *line = ui_lines_add(lines);
        ui_line_put(line, style, 2, "%s", i == 0 ? sign : "");
        ui_line_put(line, style, 9, "%s", i == 0 ? _(tg_doctor_state_word(finding->state)) : "");
        if (title_cells > 0) {
            ui_line_put(line, UI_STYLE_TEXT, title_cells, "%s", i == 0 ? title : "");
        }
        ui_line_put(line, UI_STYLE_TEXT, 0, "%s", text.items[i].parts[0].text);
    }
    ui_lines_fini(&text);
}

static void add_advice(const struct ui_view_context *context, const char *advice,
                       struct ui_lines *lines)
{
    struct ui_lines text = {0};
    int indent = 2 + 9 + 3;
    ui_lines_add_wrapped(&text, UI_STYLE_MUTED, context->width - indent, advice);
    for (size_t i = 0; i < text.count; i++) {
        struct ui_line *line = ui_lines_add(lines);
        ui_line_put(line, UI_STYLE_MUTED, indent, "%s", i == 0 ? "           ->" : "");
        ui_line_put(line, UI_STYLE_MUTED, 0, "%s", text.items[i].parts[0].text);
    }
    ui_lines_fini(&text);
}

static void add_finding(const struct ui_view_context *context,
                        const struct tg_doctor_finding *finding, struct ui_lines *lines)
{
    const struct ui_inputs *inputs = context->inputs;
    struct tg_buf text;
    char title[160] = "";
    tg_buf_init(&text, TEXT_MAX);
    if (finding->hazard < 0) {
        tg_doctor_finding_title(inputs->doctor, finding, inputs->locale, &text);
        tg_utf8_sanitize_into(title, sizeof(title), tg_buf_text(&text), text.len);
        tg_buf_reset(&text);
    }
    tg_doctor_finding_words(inputs->doctor, finding, inputs->locale, &text);
    char *words = tg_utf8_sanitize(tg_buf_text(&text), text.len);
    add_row(context, finding, title, words, lines);
    free(words);
    tg_buf_reset(&text);
    tg_doctor_finding_advice(inputs->doctor, finding, inputs->locale, &text);
    if (text.len > 0) {
        words = tg_utf8_sanitize(tg_buf_text(&text), text.len);
        add_advice(context, words, lines);
        free(words);
    }
    tg_buf_fini(&text);
}

static void add_hazard(const struct ui_view_context *context,
                       const struct tg_doctor_finding *finding, struct ui_lines *lines)
{
    const struct ui_inputs *inputs = context->inputs;
    const struct tg_lab_hazard *hazard = &inputs->lab->hazards[finding->hazard];
    bool is_chosen = finding->state == TG_DOCTOR_PASS;
    int digit = digit_of_hazard(inputs->lab, finding->hazard);
    struct ui_line *line = ui_lines_add(lines);
    if (digit > 0) {
        ui_line_put(line, UI_STYLE_KEY, 2, "%d", digit);
        ui_line_put(line, is_chosen ? UI_STYLE_OK : UI_STYLE_WARN, 4, "%s",
                    is_chosen ? "[x]" : "[ ]");
    } else {
        ui_line_put(line, UI_STYLE_WARN, 6, "%s", ui_view_sign(context, TG_SEVERITY_WARN));
    }
    ui_line_put(line, UI_STYLE_TEXT, 0, "%s", tg_lab_text_for(&hazard->title, inputs->locale));
    if (is_chosen) {
        ui_line_put(line, UI_STYLE_OK, 0, "  %s", _("the fix is chosen"));
        return;
    }
    struct ui_lines text = {0};
    const char *why = tg_lab_text_for(&hazard->why, inputs->locale);
    char *whole =
        hazard->advice.en != NULL
            ? tg_asprintf("%s (%s)", why, tg_lab_text_for(&hazard->advice, inputs->locale))
            : tg_strdup(why);
    ui_lines_add_wrapped(&text, UI_STYLE_MUTED, context->width - 6, whole);
    free(whole);
    for (size_t i = 0; i < text.count; i++) {
        line = ui_lines_add(lines);
        ui_line_put(line, UI_STYLE_MUTED, 6, "%s", "");
        ui_line_put(line, UI_STYLE_MUTED, 0, "%s", text.items[i].parts[0].text);
    }
    ui_lines_fini(&text);
}

static void add_heading(struct ui_lines *lines, const char *text)
{
    if (lines->count > 0) {
        ui_line_put(ui_lines_add(lines), UI_STYLE_TEXT, 0, " ");
    }
    ui_line_put(ui_lines_add(lines), UI_STYLE_TITLE, 0, "%s", text);
}

static bool is_hazard(const struct tg_doctor_finding *finding)
{
    return finding->hazard >= 0;
}

static void add_all(const struct ui_view_context *context, struct ui_lines *lines)
{
    static const enum tg_doctor_state worst_first[] = {TG_DOCTOR_FAIL, TG_DOCTOR_WARN,
                                                       TG_DOCTOR_UNKNOWN};
    const struct tg_doctor *doctor = context->inputs->doctor;
    for (size_t s = 0; s < sizeof(worst_first) / sizeof(worst_first[0]); s++) {
        for (size_t i = 0; i < doctor->findings_count; i++) {
            const struct tg_doctor_finding *finding = &doctor->findings[i];
            if (!is_hazard(finding) && finding->state == worst_first[s]) {
                add_finding(context, finding, lines);
            }
        }
    }
    if (doctor->config.lab->hazards_count > 0) {
        add_heading(lines, _("Hazards of the lab (a digit chooses the fix, a all of them)"));
    }
    for (size_t i = 0; i < doctor->findings_count; i++) {
        if (is_hazard(&doctor->findings[i])) {
            add_hazard(context, &doctor->findings[i], lines);
        }
    }
    add_heading(lines, _("In order"));
    for (size_t i = 0; i < doctor->findings_count; i++) {
        if (!is_hazard(&doctor->findings[i]) && doctor->findings[i].state == TG_DOCTOR_PASS) {
            add_finding(context, &doctor->findings[i], lines);
        }
    }
}

void ui_doctor_draw(struct ui *ui, const struct ui_inputs *inputs, struct ui_canvas *canvas)
{
    struct ui_lines lines = {0};
    struct ui_view_context context = {inputs, ui->is_utf8, ui_overlay_cells(canvas, PAGE_CELLS), 0,
                                      false};
    const struct tg_doctor *doctor = inputs->doctor;
    char title[200];
    struct tg_buf counts;
    tg_buf_init(&counts, sizeof(title) - 1);
    if (doctor == NULL || !doctor->is_over) {
        ui_line_put(ui_lines_add(&lines), UI_STYLE_RUNNING, 0, _("Asking: %zu of %zu answered."),
                    doctor != NULL ? doctor->answered : 0,
                    doctor != NULL ? doctor->questions_count : 0);
        snprintf(title, sizeof(title), "%s", _("Preflight"));
    } else {
        tg_doctor_report_counts(doctor, &counts);
        snprintf(title, sizeof(title), "%s: %.120s", _("Preflight"), tg_buf_text(&counts));
        char age[24];
        ui_line_put(ui_lines_add(&lines), UI_STYLE_MUTED, 0, _("looked at %s ago"),
                    ui_view_age(age, sizeof(age), inputs->lab_us - doctor->ended_lab_us));
        add_all(&context, &lines);
    }
    ui_overlay_lines(ui, canvas, PAGE_CELLS, title, _("r again, Esc closes"), &lines);
    tg_buf_fini(&counts);
    ui_lines_fini(&lines);
}

/* ---- before the lab is stood up ---- */

/* A token that failed is asked for again, and looked at again: it needs no word of its own. */
static bool holds_up(const struct tg_doctor_finding *finding)
{
    return finding->state == TG_DOCTOR_FAIL && finding->check != TG_DOCTOR_HUB_TOKEN &&
           finding->check != TG_DOCTOR_HUB_LICENCE;
}

static void add_fixes(const struct ui_inputs *inputs, int cells, struct ui_lines *lines)
{
    struct tg_buf names;
    tg_buf_init(&names, TEXT_MAX);
    for (size_t i = 0; i < inputs->lab->hazards_count; i++) {
        if ((inputs->fixes & (UINT32_C(1) << i)) != 0) {
            tg_buf_printf(&names, "%s%s", names.len > 0 ? ", " : "", inputs->lab->hazards[i].id);
        }
    }
    char *line = tg_asprintf(_("Fixes of the lab's hazards: %s"),
                             names.len > 0 ? tg_buf_text(&names) : _("none chosen"));
    ui_lines_add_wrapped(lines, UI_STYLE_TEXT, cells, line);
    free(line);
    tg_buf_fini(&names);
}

void ui_doctor_add_summary(const struct ui_inputs *inputs, int cells, struct ui_lines *lines)
{
    const struct tg_doctor *doctor = inputs->doctor;
    struct tg_buf text;
    if (doctor == NULL || !doctor->is_over) {
        ui_lines_add_wrapped(lines, UI_STYLE_RUNNING, cells,
                             _("Preflight: looking for what stands in the way."));
        return;
    }
    tg_buf_init(&text, TEXT_MAX);
    tg_buf_printf(&text, "%s: ", _("Preflight"));
    tg_doctor_report_counts(doctor, &text);
    tg_buf_printf(&text, " (:doctor)");
    size_t fails = ui_doctor_fails(inputs);
    ui_lines_add_wrapped(lines, fails > 0 ? UI_STYLE_FAIL : UI_STYLE_OK, cells, tg_buf_text(&text));
    for (size_t i = 0, shown = 0; i < doctor->findings_count && shown < 4; i++) {
        if (holds_up(&doctor->findings[i])) {
            shown++;
            tg_buf_reset(&text);
            tg_doctor_finding_title(doctor, &doctor->findings[i], inputs->locale, &text);
            tg_buf_puts(&text, ": ");
            tg_doctor_finding_words(doctor, &doctor->findings[i], inputs->locale, &text);
            char *safe = tg_utf8_sanitize(tg_buf_text(&text), text.len);
            ui_lines_add_wrapped(lines, UI_STYLE_FAIL, cells, safe);
            free(safe);
        }
    }
    tg_buf_fini(&text);
    if (tg_lab_all_fixes(inputs->lab) != 0) {
        add_fixes(inputs, cells, lines);
    }
}

size_t ui_doctor_fails(const struct ui_inputs *inputs)
{
    const struct tg_doctor *doctor = inputs->doctor;
    size_t count = 0;
    for (size_t i = 0; doctor != NULL && doctor->is_over && i < doctor->findings_count; i++) {
        count += holds_up(&doctor->findings[i]) ? 1 : 0;
    }
    return count;
}
