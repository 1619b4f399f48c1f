/* ui/view_drill.c - the drill: ready or not, the tape of requests while it runs, and the verdict.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/fmt.h"
#include "base/i18n.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "ui/state.h"

static void add_text(struct ui_lines *lines, enum ui_style style, const char *text)
{
    ui_line_put(ui_lines_add(lines), style, 0, "%s", text);
}

static void add_idle(const struct ui_view_context *context, struct ui_lines *lines)
{
    const struct ui_inputs *inputs = context->inputs;
    if (inputs->is_restore_offered) {
        add_text(lines, UI_STYLE_FAIL, _("An interrupted drill is open."));
        add_text(lines, UI_STYLE_TEXT, _("R restores what it left behind."));
        return;
    }
    add_text(lines, UI_STYLE_TEXT, _("No drill has run in this session."));
    if (inputs->is_armed && ui_primary_target(inputs) < 0) {
        ui_lines_add_wrapped(lines, UI_STYLE_MUTED, context->width,
                             _("It takes the lab standing: :lab.up makes it, w tells of it."));
        return;
    }
    ui_lines_add_wrapped(lines, inputs->is_armed ? UI_STYLE_OK : UI_STYLE_MUTED, context->width,
                         inputs->is_armed
                             ? _("D starts one: primary region to zero, measure, restore, verdict.")
                             : _("Read-only: start with --arm to allow drills."));
}

/* One strip of all states, the present one marked; where there is no room, signs alone for the
 * others. */
static void add_phases(const struct ui_view_context *context, struct ui_lines *lines,
                       const struct tg_drill *drill)
{
    struct ui_line *line = ui_lines_add(lines);
    size_t wanted = 0;
    for (int state = 0; state <= TG_DRILL_DONE; state++) {
        wanted += 2 + tg_utf8_width(_(tg_drill_state_name((enum tg_drill_state)state)));
    }
    bool is_narrow = wanted > (size_t)context->width;
    for (int state = 0; state <= TG_DRILL_DONE; state++) {
        bool is_now = state == (int)drill->state;
        bool is_past = !is_now && drill->entered_lab_us[state] != 0;
        const char *name = _(tg_drill_state_name((enum tg_drill_state)state));
        ui_line_put(line,
                    is_now    ? UI_STYLE_RUNNING
                    : is_past ? UI_STYLE_OK
                              : UI_STYLE_MUTED,
                    0, "%s%s%s",
                    is_now    ? (context->is_utf8 ? "▸" : ">")
                    : is_past ? ui_view_sign(context, TG_SEVERITY_OK)
                              : ui_view_sign(context, TG_SEVERITY_INFO),
                    is_now || !is_narrow ? name : "", is_now || !is_narrow ? " " : "");
    }
    if (drill->state == TG_DRILL_NEEDS_RESTORE) {
        ui_line_put(line, UI_STYLE_FAIL, 0, "%s", _(tg_drill_state_name(drill->state)));
    }
}

/* The worst outcome among the requests that were due within a cell of the tape. */
static char tape_mark(const struct tg_trace *trace, size_t *next, int64_t to_us)
{
    char mark = ' ';
    for (; *next < trace->count && trace->slots[*next].due_us < to_us; ++*next) {
        switch (trace->slots[*next].outcome) {
        case TG_OUTCOME_FAIL:
        case TG_OUTCOME_LOST:
            mark = 'x';
            break;
        case TG_OUTCOME_LATE:
            mark = mark == 'x' ? mark : 'L';
            break;
        case TG_OUTCOME_OK:
            mark = mark == ' ' ? 'o' : mark;
            break;
        default:
            break;
        }
    }
    return mark;
}

static enum ui_style tape_style(char mark)
{
    return mark == 'x' ? UI_STYLE_FAIL : mark == 'L' ? UI_STYLE_WARN : UI_STYLE_OK;
}

/* The whole run from its first request on, at a scale that fits the pane. */
static void add_tape(const struct ui_view_context *context, struct ui_lines *lines,
                     const struct tg_drill *drill)
{
    static const int scales_s[] = {1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 3600};
    const struct tg_trace *trace = &drill->trace;
    int cells = context->width > 4 ? context->width : 4;
    int64_t from_us = trace->slots[0].due_us;
    int64_t span_us = trace->slots[trace->count - 1].due_us - from_us;
    size_t scale = 0;
    while (scale + 1 < TG_COUNT(scales_s) && span_us >= cells * scales_s[scale] * TG_US_PER_S) {
        scale++;
    }
    int64_t cell_us = scales_s[scale] * TG_US_PER_S;
    struct ui_line *tape = ui_lines_add(lines);
    struct tg_buf marks;
    size_t next = 0;
    tg_buf_init(&marks, 4096);
    for (int64_t at_us = from_us; at_us <= from_us + span_us; at_us += cell_us) {
        char mark = tape_mark(trace, &next, at_us + cell_us);
        bool is_fault = trace->fault_acked_us >= at_us && trace->fault_acked_us < at_us + cell_us;
        bool is_restore =
            trace->restore_acked_us >= at_us && trace->restore_acked_us < at_us + cell_us;
        ui_line_put(tape, tape_style(mark), 0, "%c", mark);
        tg_buf_putc(&marks, is_fault ? 'F' : is_restore ? 'R' : ' ');
    }
    add_text(lines, UI_STYLE_TITLE, tg_buf_text(&marks));
    ui_line_put(ui_lines_add(lines), UI_STYLE_MUTED, 0, _("1 cell = %d s"), scales_s[scale]);
    struct ui_line *legend =
        context->width < 60 ? ui_lines_add(lines) : &lines->items[lines->count - 1];
    ui_line_put(legend, UI_STYLE_MUTED, 0, "%s%s", context->width < 60 ? "" : "  ",
                _("o ok  x failed  L late  F fault  R restore"));
    tg_buf_fini(&marks);
}

static void add_figure(struct ui_lines *lines, const char *label, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static void add_figure(struct ui_lines *lines, const char *label, const char *format, ...)
{
    char text[160];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    struct ui_line *line = ui_lines_add(lines);
    ui_line_put(line, UI_STYLE_MUTED, 20, "%s", label);
    ui_line_put(line, UI_STYLE_TEXT, 0, " %s", text);
}

static void add_latency(struct ui_lines *lines, const struct tg_score *score)
{
    char texts[3][16];
    const int32_t values[3] = {score->latency_before.p50_ms, score->latency_during.p50_ms,
                               score->latency_after.p50_ms};
    for (int i = 0; i < 3; i++) {
        snprintf(texts[i], sizeof(texts[i]), values[i] < 0 ? "--" : "%dms", values[i]);
    }
    add_figure(lines, _("latency p50"), _("before %s  down %s  after %s"), texts[0], texts[1],
               texts[2]);
}

static void add_share(struct ui_lines *lines, const struct tg_score *score)
{
    char texts[3][16];
    const double values[3] = {score->share_down_before, score->share_down_during,
                              score->share_down_after};
    for (int i = 0; i < 3; i++) {
        if (values[i] < 0) {
            snprintf(texts[i], sizeof(texts[i]), "--");
        } else {
            snprintf(texts[i], sizeof(texts[i]), "%.0f%%", values[i] * 100);
        }
    }
    add_figure(lines, _("region's share"), _("before %s  down %s  after %s"), texts[0], texts[1],
               texts[2]);
}

static void add_figures(struct ui_lines *lines, const struct tg_drill *drill)
{
    const struct tg_score *score = &drill->score;
    char window[32];
    char error[32];
    if (score->has_failure) {
        tg_fmt_duration(window, sizeof(window), score->window_us);
        tg_fmt_duration(error, sizeof(error), score->window_error_us);
        add_figure(lines, _("error window"), "%s +- %s%s", window, error,
                   score->is_window_closed ? "" : _(" so far"));
    } else if (drill->trace.fault_acked_us != 0) {
        add_figure(lines, _("error window"), "%s", _("no failed request was observed"));
    }
    if (score->whole.value >= 0) {
        add_figure(lines, _("requests"), _("ok %zu  failed %zu  late %zu"), score->whole.ok,
                   score->whole.fail, score->whole.late);
    }
    if (score->during.value >= 0) {
        add_figure(lines, _("available while down"), "%.1f%% (%.1f..%.1f)",
                   score->during.value * 100, score->during.low * 100, score->during.high * 100);
    }
    add_latency(lines, score);
    add_share(lines, score);
}

static void add_reason(const struct ui_view_context *context, struct ui_lines *lines,
                       const struct tg_reason *reason)
{
    static const enum tg_severity severities[] = {TG_SEVERITY_OK, TG_SEVERITY_WARN,
                                                  TG_SEVERITY_FAIL, TG_SEVERITY_INFO};
    static const char *const words[] = {N_("met"), N_("unclear"), N_("missed"), ""};
    enum tg_severity severity = severities[reason->level];
    struct ui_line *line = ui_lines_add(lines);
    ui_line_put(line, ui_view_style(severity), 0, "%s %s ", ui_view_sign(context, severity),
                words[reason->level][0] != '\0' ? _(words[reason->level]) : "");
    if (reason->unit == NULL) {
        ui_line_put(line, UI_STYLE_TEXT, 0, "%s", _(reason->what));
        return;
    }
    ui_line_put(line, UI_STYLE_TEXT, 0, "%s %.1f%s ", _(reason->what), reason->value, reason->unit);
    if (context->width >= 60) {
        ui_line_put(line, UI_STYLE_MUTED, 0, "(%.2f..%.2f) ", reason->low, reason->high);
    }
    ui_line_put(line, UI_STYLE_MUTED, 0, "%s %.0f%s",
                context->is_utf8     ? reason->is_ceiling ? "≤" : "≥"
                : reason->is_ceiling ? "<="
                                     : ">=",
                reason->wanted, reason->unit);
}

static void add_verdict(const struct ui_view_context *context, struct ui_lines *lines,
                        const struct tg_drill *drill)
{
    const struct tg_score *score = &drill->score;
    enum ui_style style = score->verdict == TG_VERDICT_PASS   ? UI_STYLE_OK
                          : score->verdict == TG_VERDICT_FAIL ? UI_STYLE_FAIL
                                                              : UI_STYLE_WARN;
    struct ui_line *line = ui_lines_add(lines);
    ui_line_put(line, style, 0, "%s %s", _("verdict"), tg_verdict_name(score->verdict));
    ui_line_put(line, UI_STYLE_MUTED, 0, "  %s", drill->config.id);
    for (size_t i = 0; i < score->reasons_count; i++) {
        add_reason(context, lines, &score->reasons[i]);
    }
}

void ui_view_drill(const struct ui_view_context *context, struct ui_lines *lines)
{
    const struct tg_drill *drill = context->inputs->drill;
    if (drill == NULL) {
        add_idle(context, lines);
        return;
    }
    if (tg_drill_is_over(drill)) {
        add_verdict(context, lines, drill);
    } else {
        add_phases(context, lines, drill);
        if (drill->waiting_for[0] != '\0') {
            char span[24];
            int64_t since_us = context->inputs->lab_us - drill->entered_lab_us[drill->state];
            /* That of a fault counts its seconds itself. */
            char *text = drill->state == TG_DRILL_OBSERVE
                             ? tg_asprintf(_("waits for %s"), drill->waiting_for)
                             : tg_asprintf(_("waits for %s, for %s so far"), drill->waiting_for,
                                           ui_view_age(span, sizeof(span), since_us));
            ui_lines_add_wrapped(lines, UI_STYLE_MUTED, context->width, text);
            free(text);
        }
    }
    for (size_t i = 0; i < drill->findings_count; i++) {
        const struct tg_finding *finding = &drill->findings[i];
        if (finding->level == TG_FINDING_FAIL || finding->level == TG_FINDING_WARN) {
            struct ui_line *line = ui_lines_add(lines);
            ui_line_put(line, finding->level == TG_FINDING_FAIL ? UI_STYLE_FAIL : UI_STYLE_WARN, 0,
                        "%s %s  %s",
                        ui_view_sign(context, finding->level == TG_FINDING_FAIL ? TG_SEVERITY_FAIL
                                                                                : TG_SEVERITY_WARN),
                        _(finding->what), finding->detail);
        }
    }
    if (drill->trace.count > 0) {
        add_tape(context, lines, drill);
        add_figures(lines, drill);
    }
    if (!tg_drill_is_over(drill)) {
        add_text(lines, UI_STYLE_KEY, _("A stops and restores now"));
    }
}
