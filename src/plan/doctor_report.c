/* plan/doctor_report.c - findings for people and for scripts. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "plan/doctor_report.h"

#include <stdlib.h>
#include <string.h>

#include "base/i18n.h"
#include "base/json_out.h"
#include "base/str.h"
#include "base/utf8.h"

#define TEXT_MAX    4096
#define TITLE_CELLS 40
#define STATE_CELLS 9

/* Puts the values where {1} and {2} stand. */
static void put_filled(const struct tg_doctor_finding *finding, const char *text,
                       struct tg_buf *out)
{
    while (*text != '\0') {
        bool is_value = text[0] == '{' && (text[1] == '1' || text[1] == '2') && text[2] == '}';
        if (is_value) {
            tg_buf_puts(out, finding->values[text[1] - '1']);
        } else {
            tg_buf_putc(out, *text);
        }
        text += is_value ? 3 : 1;
    }
}

static const char *in_language(const char *text, const char *locale)
{
    return locale != NULL ? _(text) : text;
}

void tg_doctor_finding_words(const struct tg_doctor *doctor,
                             const struct tg_doctor_finding *finding, const char *locale,
                             struct tg_buf *out)
{
    if (finding->hazard >= 0) {
        const struct tg_lab_hazard *hazard = &doctor->config.lab->hazards[finding->hazard];
        tg_buf_puts(out, tg_lab_text_for(&hazard->title, locale));
        if (finding->state == TG_DOCTOR_PASS) {
            tg_buf_printf(out, "; %s", in_language(N_("the fix is chosen"), locale));
        }
        return;
    }
    put_filled(finding, in_language(finding->words, locale), out);
    if (finding->err.code != TG_CODE_NONE && finding->err.msg[0] != '\0') {
        tg_buf_printf(out, ": %s", finding->err.msg);
    }
}

void tg_doctor_finding_advice(const struct tg_doctor *doctor,
                              const struct tg_doctor_finding *finding, const char *locale,
                              struct tg_buf *out)
{
    if (finding->hazard >= 0) {
        const struct tg_lab_hazard *hazard = &doctor->config.lab->hazards[finding->hazard];
        if (finding->state != TG_DOCTOR_PASS) {
            tg_buf_puts(out, tg_lab_text_for(&hazard->why, locale));
            if (hazard->has_fix) {
                tg_buf_printf(out, " (--fix %s)", hazard->id);
            } else if (hazard->advice.en != NULL) {
                tg_buf_printf(out, " (%s)", tg_lab_text_for(&hazard->advice, locale));
            }
        }
    } else if (finding->advice != NULL) {
        put_filled(finding, in_language(finding->advice, locale), out);
    }
}

void tg_doctor_finding_title(const struct tg_doctor *doctor,
                             const struct tg_doctor_finding *finding, const char *locale,
                             struct tg_buf *out)
{
    (void)doctor;
    bool is_word = finding->check == TG_DOCTOR_TERMINAL && finding->subject[0] != '\0';
    tg_buf_puts(out, in_language(tg_doctor_check_title(finding->check), locale));
    tg_buf_printf(out, "%s%s", finding->subject[0] != '\0' ? " " : "",
                  is_word ? in_language(finding->subject, locale) : finding->subject);
}

/* ---- text ---- */

static void put_cell(struct tg_buf *out, const struct tg_buf *text, int cells)
{
    tg_buf_puts(out, tg_buf_text(text));
    for (int used = (int)tg_utf8_width(tg_buf_text(text)); used < cells; used++) {
        tg_buf_putc(out, ' ');
    }
}

static void put_finding(const struct tg_doctor *doctor, const struct tg_doctor_finding *finding,
                        const char *locale, struct tg_buf *out)
{
    struct tg_buf text;
    tg_buf_init(&text, TEXT_MAX);
    tg_buf_puts(out, "  ");
    tg_buf_puts(&text, _(tg_doctor_state_word(finding->state)));
    put_cell(out, &text, STATE_CELLS);
    tg_buf_reset(&text);
    tg_doctor_finding_title(doctor, finding, locale, &text);
    put_cell(out, &text, TITLE_CELLS);
    tg_buf_reset(&text);
    tg_doctor_finding_words(doctor, finding, locale, &text);
    tg_buf_printf(out, " %s\n", tg_buf_text(&text));
    tg_buf_reset(&text);
    tg_doctor_finding_advice(doctor, finding, locale, &text);
    if (text.len > 0) {
        tg_buf_printf(out, "             -> %s\n", tg_buf_text(&text));
    }
    tg_buf_fini(&text);
}

void tg_doctor_report_counts(const struct tg_doctor *doctor, struct tg_buf *out)
{
    tg_buf_printf(out, _("%zu pass, %zu to heed, %zu fail, %zu unknown"),
                  tg_doctor_count(doctor, TG_DOCTOR_PASS), tg_doctor_count(doctor, TG_DOCTOR_WARN),
                  tg_doctor_count(doctor, TG_DOCTOR_FAIL),
                  tg_doctor_count(doctor, TG_DOCTOR_UNKNOWN));
}

bool tg_doctor_report_text(const struct tg_doctor *doctor, const char *locale, bool is_brief,
                           struct tg_buf *out)
{
    const struct tg_lab *lab = doctor->config.lab;
    tg_buf_printf(out, _("Before %s in project %s:\n"), tg_lab_text_for(&lab->title, locale),
                  doctor->config.project);
    for (size_t i = 0; i < doctor->findings_count; i++) {
        const struct tg_doctor_finding *finding = &doctor->findings[i];
        bool is_quiet = finding->state == TG_DOCTOR_PASS || finding->hazard >= 0;
        if (!is_brief || !is_quiet) {
            put_finding(doctor, finding, locale, out);
        }
    }
    tg_buf_puts(out, "  ");
    tg_doctor_report_counts(doctor, out);
    tg_buf_putc(out, '\n');
    if (is_brief && lab->hazards_count > 0) {
        char fixes[512];
        tg_lab_write_fixes(lab, doctor->config.fixes, fixes, sizeof(fixes));
        tg_buf_printf(out, _("  fixes of the lab's hazards: %s (tidegate doctor tells of them)\n"),
                      fixes[0] != '\0' ? fixes : _("none chosen"));
    }
    return !out->is_full;
}

/* ---- JSON ---- */

typedef void put_function(const struct tg_doctor *doctor, const struct tg_doctor_finding *finding,
                          const char *locale, struct tg_buf *out);

static void put_text(struct tg_json_out *json, const char *name, const struct tg_doctor *doctor,
                     const struct tg_doctor_finding *finding, put_function *put)
{
    struct tg_buf text;
    tg_buf_init(&text, TEXT_MAX);
    put(doctor, finding, NULL, &text);
    tg_json_put_text(json, name, text.len > 0 ? tg_buf_text(&text) : NULL);
    tg_buf_fini(&text);
}

static void put_json(struct tg_json_out *json, const struct tg_doctor *doctor,
                     const struct tg_doctor_finding *finding)
{
    const struct tg_lab *lab = doctor->config.lab;
    bool has_fix = finding->hazard >= 0 && lab->hazards[finding->hazard].has_fix;
    tg_json_open(json, NULL, '{');
    tg_json_put_text(json, "check", tg_doctor_check_name(finding->check));
    tg_json_put_text(json, "subject", finding->subject[0] != '\0' ? finding->subject : NULL);
    tg_json_put_text(json, "state", tg_doctor_state_name(finding->state));
    put_text(json, "detail", doctor, finding, tg_doctor_finding_words);
    put_text(json, "advice", doctor, finding, tg_doctor_finding_advice);
    tg_json_put_text(json, "breaks", finding->step >= 0 ? lab->steps[finding->step].id : NULL);
    tg_json_put_text(json, "fix", has_fix ? lab->hazards[finding->hazard].id : NULL);
    tg_json_put_text(json, "error_code",
                     finding->err.code != TG_CODE_NONE ? tg_code_name(finding->err.code) : NULL);
    tg_json_close(json, '}');
}

bool tg_doctor_report_json(const struct tg_doctor *doctor, struct tg_buf *out)
{
    struct tg_json_out json = {out, false};
    const struct tg_lab *lab = doctor->config.lab;
    tg_json_open(&json, NULL, '{');
    tg_json_put_int(&json, "schema_version", 1);
    tg_json_put_text(&json, "lab", lab->name);
    tg_json_put_text(&json, "project", doctor->config.project);
    tg_json_put_text(&json, "identity", doctor->identity[0] != '\0' ? doctor->identity : NULL);
    tg_json_put_bool(&json, "good", tg_doctor_count(doctor, TG_DOCTOR_FAIL) == 0);
    for (int state = 0; state < TG_DOCTOR_STATE_COUNT; state++) {
        tg_json_put_int(&json, tg_doctor_state_name((enum tg_doctor_state)state),
                        (int64_t)tg_doctor_count(doctor, (enum tg_doctor_state)state));
    }
    tg_json_open(&json, "fixes", '[');
    for (size_t i = 0; i < lab->hazards_count; i++) {
        if ((doctor->config.fixes & (UINT32_C(1) << i)) != 0) {
            tg_json_put_text(&json, NULL, lab->hazards[i].id);
        }
    }
    tg_json_close(&json, ']');
    tg_json_open(&json, "findings", '[');
    for (size_t i = 0; i < doctor->findings_count; i++) {
        put_json(&json, doctor, &doctor->findings[i]);
    }
    tg_json_close(&json, ']');
    tg_json_close(&json, '}');
    return !out->is_full;
}
