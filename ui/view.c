/* ui/view.c - words, signs and ages that all panes share. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "ui/view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fmt.h"
#include "base/i18n.h"
#include "plan/price.h"

const char *ui_view_title(enum ui_view view)
{
    static const char *const titles[] = {
        N_("Steps"),           N_("TPU Pods"),       N_("DRANET interfaces"),
        N_("Gateway routing"), N_("Failover drill"), N_("Events")};
    return _(titles[view]);
}

/* Where there is room: what runs now costs. */
static void add_running_cost(const struct ui_view_context *context, char *out, size_t size)
{
    const struct ui_inputs *inputs = context->inputs;
    if (!context->is_zoomed || inputs->lab->prices == NULL) {
        return;
    }
    size_t used = strlen(out);
    struct tg_cost cost = tg_cost_of(inputs->lab, inputs->model, inputs->now_us, 0,
                                     (int)inputs->lab->steps_count - 1);
    snprintf(out + used, size - used, _(", about %.2f USD/h"), cost.running);
    tg_cost_fini(&cost);
}

void ui_view_summary(const struct ui_view_context *context, enum ui_view view, char *out,
                     size_t size)
{
    const struct tg_lab *lab = context->inputs->lab;
    size_t done = 0;
    out[0] = '\0';
    if (view == UI_VIEW_STEPS) {
        for (size_t i = 0; i < lab->steps_count; i++) {
            done += context->inputs->steps[i].state == TG_STEP_DONE ? 1 : 0;
        }
        snprintf(out, size, _("%zu of %zu done"), done, lab->steps_count);
        add_running_cost(context, out, size);
    }
}

const char *ui_view_age(char *out, size_t size, int64_t age_us)
{
    int64_t age_s = age_us / TG_US_PER_S;
    if (age_s >= 10 && age_s < 60) {
        age_s -= age_s % 5;
    } else if (age_s >= 60 && age_s < 3600) {
        age_s -= age_s % 60;
    }
    return tg_fmt_age(out, size, age_s * TG_US_PER_S);
}

enum ui_style ui_view_source_text(const struct tg_source *source, char *out, size_t size)
{
    char age[24] = "";
    char retry[24];
    if (source->age_us >= 0) {
        ui_view_age(age, sizeof(age), source->age_us);
    }
    switch (source->state) {
    case TG_SOURCE_CONNECTING:
        snprintf(out, size, "%s", _("connecting"));
        return UI_STYLE_RUNNING;
    case TG_SOURCE_LIVE:
        snprintf(out, size, "%s", _("live"));
        return UI_STYLE_OK;
    case TG_SOURCE_OLD:
        snprintf(out, size, "%s ~%s", _("old"), age);
        return UI_STYLE_STALE;
    case TG_SOURCE_DENIED:
        snprintf(out, size, "%s", _("denied"));
        return UI_STYLE_WARN;
    case TG_SOURCE_REMOVED:
        snprintf(out, size, "%s", _("removed"));
        return UI_STYLE_MUTED;
    case TG_SOURCE_LOST:
        break;
    }
    if (source->retry_in_us > 0) {
        snprintf(out, size, _("lost ~%s, retry in %s"), age,
                 ui_view_age(retry, sizeof(retry), source->retry_in_us));
    } else {
        snprintf(out, size, _("lost ~%s"), age);
    }
    return UI_STYLE_FAIL;
}

static const enum tg_kind pod_kinds[] = {TG_KIND_POD, TG_KIND_NODE, TG_KIND_DEPLOYMENT};
static const enum tg_kind interface_kinds[] = {TG_KIND_RESOURCE_CLAIM, TG_KIND_RESOURCE_SLICE};
static const enum tg_kind route_kinds[] = {TG_KIND_GATEWAY, TG_KIND_HTTP_ROUTE,
                                           TG_KIND_INFERENCE_POOL, TG_KIND_GCP_BACKEND,
                                           TG_KIND_GCP_ADDRESS};
static const enum tg_kind event_kinds[] = {TG_KIND_EVENT};

static const struct {
    const enum tg_kind *kinds;
    size_t count;
} kinds_of[] = {{NULL, 0},        {pod_kinds, 3}, {interface_kinds, 2},
                {route_kinds, 5}, {NULL, 0},      {event_kinds, 1}};

static bool is_in_view(enum ui_view view, enum tg_kind kind)
{
    for (size_t i = 0; i < kinds_of[view].count; i++) {
        if (kinds_of[view].kinds[i] == kind) {
            return true;
        }
    }
    return false;
}

void ui_view_unseen(const struct ui_view_context *context, enum ui_view view,
                    struct ui_lines *lines)
{
    size_t count = 0;
    const struct tg_model *model = context->inputs->model;
    struct tg_unseen_row *rows = tg_select_unseen(model, context->inputs->now_us, &count);
    for (size_t i = 0; i < count; i++) {
        char retry[24];
        if (!is_in_view(view, rows[i].kind)) {
            continue;
        }
        struct ui_line *line = ui_lines_add(lines);
        ui_line_put(line, rows[i].is_denied ? UI_STYLE_WARN : UI_STYLE_MUTED, 0,
                    rows[i].is_denied ? _("%s: may not see %s") : _("%s: has no %s"),
                    tg_model_target(model, rows[i].target)->label,
                    tg_kind_info(rows[i].kind)->name);
        ui_line_put(line, UI_STYLE_MUTED, 0, _(", again in %s"),
                    ui_view_age(retry, sizeof(retry), rows[i].retry_in_us));
        ui_line_put(line, UI_STYLE_MUTED, 0, "  %s", rows[i].why);
    }
    free(rows);
}

/* The worst source among all targets, by its label. */
enum ui_style ui_view_source(const struct ui_view_context *context, enum ui_view view, char *out,
                             size_t size)
{
    const struct tg_model *model = context->inputs->model;
    enum tg_source_state worst = TG_SOURCE_LIVE;
    enum ui_style style = UI_STYLE_OK;
    snprintf(out, size, "%s", model->targets_count > 0 ? _("live") : _("nothing is watched"));
    for (size_t i = 0; i < model->targets_count; i++) {
        struct tg_source source = tg_select_source(model->targets[i], kinds_of[view].kinds,
                                                   kinds_of[view].count, context->inputs->now_us);
        if (source.state > worst && source.state != TG_SOURCE_REMOVED) {
            char text[96];
            worst = source.state;
            style = ui_view_source_text(&source, text, sizeof(text));
            snprintf(out, size, "%s %s", model->targets[i]->label, text);
        }
    }
    return style;
}

const char *ui_view_sign(const struct ui_view_context *context, enum tg_severity severity)
{
    static const char *const utf8[] = {"◦", "✓", "!", "✗"};
    static const char *const ascii[] = {".", "+", "!", "X"};
    return context->is_utf8 ? utf8[severity] : ascii[severity];
}

enum ui_style ui_view_style(enum tg_severity severity)
{
    static const enum ui_style styles[] = {UI_STYLE_TEXT, UI_STYLE_OK, UI_STYLE_WARN,
                                           UI_STYLE_FAIL};
    return styles[severity];
}

char *ui_view_bar(const struct ui_view_context *context, double fraction, int cells)
{
    struct tg_buf out;
    tg_buf_init(&out, 4096);
    int full = (int)(fraction * cells + 0.5);
    for (int i = 0; i < cells; i++) {
        if (context->is_utf8) {
            tg_buf_puts(&out, i < full ? "⣿" : "⣀");
        } else {
            tg_buf_puts(&out, i < full ? "#" : ".");
        }
    }
    return tg_buf_take(&out, NULL);
}
