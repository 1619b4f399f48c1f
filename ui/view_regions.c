/* ui/view_regions.c - the regions with their model servers, and the routing. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fmt.h"
#include "base/i18n.h"
#include "base/str.h"
#include "ui/view.h"

#define KV_TARGET 0.60 /* of the lab's GCPBackendPolicy */
#define WIDE      60   /* cells from which a row has room for everything */

static void add_pod(const struct ui_view_context *context, struct ui_lines *lines,
                    const struct tg_pod_row *row, bool is_old)
{
    const struct tg_obj *pod = row->pod;
    char age[24];
    bool is_serving = row->serving == TG_SERVING_YES;
    enum tg_severity severity = pod->deleted_us != 0 ? TG_SEVERITY_WARN
                                : is_serving         ? TG_SEVERITY_OK
                                                     : TG_SEVERITY_INFO;
    struct ui_line *line = ui_lines_add(lines);
    ui_line_put(line, ui_view_style(severity), 4, "  %s", ui_view_sign(context, severity));
    /* Where there is no room, the end of the name tells Pods apart. */
    size_t len = strlen(pod->name);
    if (context->width > 70) {
        ui_line_put(line, UI_STYLE_TEXT, 34, "%s", pod->name);
    } else {
        ui_line_put(line, UI_STYLE_TEXT, 13, "%s%s", len > 10 ? ".." : "",
                    pod->name + (len > 10 ? len - 10 : 0));
    }
    ui_line_put(line, is_old ? UI_STYLE_STALE : UI_STYLE_TEXT, 0, "%s%s %d/%d ", is_old ? "~" : "",
                pod->as.pod.status, pod->as.pod.ready_count, pod->as.pod.total_count);
    ui_line_put(line, is_serving ? UI_STYLE_OK : UI_STYLE_WARN, 0, "%s ",
                is_serving                      ? _("serving")
                : row->serving == TG_SERVING_NO ? _("not serving")
                                                : _("serving unknown"));
    ui_line_put(line, UI_STYLE_MUTED, 0, "%s",
                ui_view_age(age, sizeof(age), context->inputs->lab_us - pod->created_us));
    ui_line_set_object(line, row->target, pod);
}

static void add_load(const struct ui_view_context *context, struct ui_lines *lines,
                     const struct tg_region_row *row)
{
    struct ui_line *line = ui_lines_add(lines);
    int cells = context->width > 60 ? 20 : 10;
    if (row->kv_cache_usage < 0) {
        ui_line_put(line, UI_STYLE_MUTED, 0, "    %s", _("no figures: nothing answers /metrics"));
        return;
    }
    char *bar = ui_view_bar(context, row->kv_cache_usage, cells);
    enum ui_style style = row->kv_cache_usage > KV_TARGET ? UI_STYLE_WARN : UI_STYLE_OK;
    ui_line_put(line, UI_STYLE_TEXT, 0, "    KV ");
    ui_line_put(line, style, 0, "%s %.1f%%", bar, row->kv_cache_usage * 100);
    ui_line_put(line, UI_STYLE_TEXT, 0, _("  run %.0f wait %.0f"), row->running, row->waiting);
    if (row->tokens_per_s >= 0 && context->width > 56) {
        ui_line_put(line, UI_STYLE_TEXT, 0, "  tok/s %.0f", row->tokens_per_s);
    }
    if (row->ttft_ms >= 0 && context->width > 66) {
        ui_line_put(line, UI_STYLE_TEXT, 0, "  TTFT %.0fms", row->ttft_ms);
    }
    free(bar);
}

void ui_view_pods(const struct ui_view_context *context, struct ui_lines *lines)
{
    size_t count = 0;
    const struct tg_model *model = context->inputs->model;
    struct tg_region_row *rows = tg_select_regions(model, context->inputs->now_us, &count);
    if (count == 0) {
        ui_line_put(ui_lines_add(lines), UI_STYLE_MUTED, 0, "%s", _("No cluster seen so far."));
    }
    for (size_t i = 0; i < count; i++) {
        char source[96];
        enum ui_style style = ui_view_source_text(&rows[i].source, source, sizeof(source));
        bool is_old = rows[i].source.state != TG_SOURCE_LIVE;
        struct ui_line *line = ui_lines_add(lines);
        ui_line_put(line, UI_STYLE_TITLE, 0, "%s", tg_model_target(model, rows[i].target)->label);
        if (is_old) {
            ui_line_put(line, style, 0, "  %s", source);
        }
        if (rows[i].source.state == TG_SOURCE_REMOVED) {
            continue;
        }
        if (rows[i].deployment != NULL) {
            const struct tg_deployment *deployment = &rows[i].deployment->as.deployment;
            ui_line_put(line, deployment->replicas_desired == 0 ? UI_STYLE_WARN : UI_STYLE_TEXT, 0,
                        _("  replicas %d/%d"), deployment->ready, deployment->replicas_desired);
            ui_line_set_object(line, rows[i].target, rows[i].deployment);
        }
        ui_line_put(line, is_old ? UI_STYLE_STALE : UI_STYLE_TEXT, 0, _("  nodes %d/%d  TPU %d/%d"),
                    rows[i].nodes_ready, rows[i].nodes_total, rows[i].tpu_chips_ready,
                    rows[i].tpu_chips_capacity);
        if (rows[i].source.err.code != TG_CODE_NONE) {
            struct ui_line *why = ui_lines_add(lines);
            ui_line_put(why, UI_STYLE_FAIL, 0, "    %s", _(tg_code_text(rows[i].source.err.code)));
            ui_line_put(why, UI_STYLE_MUTED, 0, ": %s", rows[i].source.err.msg);
        }
        size_t pods_count = 0;
        struct tg_pod_row *pods =
            tg_select_pods(model, rows[i].target, context->inputs->now_us, &pods_count);
        for (size_t p = 0; p < pods_count; p++) {
            add_pod(context, lines, &pods[p], is_old);
        }
        free(pods);
        if (pods_count > 0) {
            add_load(context, lines, &rows[i]);
        } else {
            ui_line_put(ui_lines_add(lines), UI_STYLE_MUTED, 0, "    %s",
                        rows[i].source.state == TG_SOURCE_CONNECTING ? _("nothing heard yet")
                                                                     : _("no model server"));
        }
    }
    free(rows);
}

/* How a row of the routing looks: what nobody vouches for any more keeps no tick. */
struct route_look {
    enum ui_style style;
    const char *sign;
    const char *mark; /* before words that may be true no longer */
};

static struct route_look look_of(const struct ui_view_context *context, enum tg_severity severity,
                                 bool is_stale)
{
    return is_stale
               ? (struct route_look){UI_STYLE_STALE, "~", "~"}
               : (struct route_look){ui_view_style(severity), ui_view_sign(context, severity), ""};
}

static void add_route(const struct ui_view_context *context, const struct tg_gateway_row *row,
                      struct ui_lines *lines)
{
    bool is_ok = row->is_route_accepted && row->is_route_resolved;
    struct route_look look =
        look_of(context, is_ok ? TG_SEVERITY_OK : TG_SEVERITY_WARN, row->is_stale);
    struct ui_line *line = ui_lines_add(lines);
    ui_line_put(line, look.style, 2, "%s", look.sign);
    ui_line_put(line, UI_STYLE_TEXT, 0, "%s %s ", row->route->name, context->is_utf8 ? "⟶" : "->");
    if (context->width >= WIDE) {
        ui_line_put(line, UI_STYLE_MUTED, 0, "%s/", row->route->as.http_route.backend_kind);
    }
    ui_line_put(line, UI_STYLE_TEXT, 0, "%s", row->route->as.http_route.backend_name);
    ui_line_put(line, look.style, 0, "  %s%s", look.mark,
                is_ok ? _("accepted") : _("not accepted"));
    ui_line_set_object(line, row->target, row->route);
}

static void add_gateways(const struct ui_view_context *context, struct ui_lines *lines)
{
    size_t count = 0;
    struct tg_gateway_row *rows =
        tg_select_gateways(context->inputs->model, context->inputs->now_us, &count);
    for (size_t i = 0; i < count; i++) {
        struct route_look look = look_of(
            context, rows[i].is_programmed ? TG_SEVERITY_OK : TG_SEVERITY_WARN, rows[i].is_stale);
        struct ui_line *line = ui_lines_add(lines);
        ui_line_put(line, look.style, 2, "%s", look.sign);
        ui_line_put(line, UI_STYLE_TITLE, 0, "%s ", rows[i].gateway->name);
        ui_line_put(line, look.style, 0, "%sProgrammed=%s ", look.mark,
                    rows[i].is_programmed ? "True" : "False");
        ui_line_set_object(line, rows[i].target, rows[i].gateway);
        if (context->width < WIDE) {
            line = ui_lines_add(lines);
            ui_line_put(line, UI_STYLE_TEXT, 2, "%s", "");
            ui_line_set_object(line, rows[i].target, rows[i].gateway);
        }
        ui_line_put(line, UI_STYLE_TEXT, 0, "%s", rows[i].gateway->as.gateway.addresses);
        if (rows[i].route != NULL) {
            add_route(context, &rows[i], lines);
        }
    }
    free(rows);
}

void ui_view_routes(const struct ui_view_context *context, struct ui_lines *lines)
{
    size_t count = 0;
    const struct tg_model *model = context->inputs->model;
    add_gateways(context, lines);
    struct tg_backend_row *rows = tg_select_backends(model, context->inputs->now_us, &count);
    if (lines->count == 0 && count == 0) {
        ui_line_put(ui_lines_add(lines), UI_STYLE_MUTED, 0, "%s", _("No gateway seen so far."));
    }
    for (size_t i = 0; i < count; i++) {
        struct route_look look = look_of(
            context, rows[i].is_healthy ? TG_SEVERITY_OK : TG_SEVERITY_FAIL, rows[i].is_stale);
        struct ui_line *line = ui_lines_add(lines);
        ui_line_put(line, look.style, 2, "%s", look.sign);
        ui_line_put(line, UI_STYLE_TEXT, 15, "%s", rows[i].backend->as.gcp.location);
        ui_line_put(line, look.style, 10, "%s%s", look.mark, rows[i].backend->as.gcp.status);
        if (rows[i].share >= 0) {
            char *bar = ui_view_bar(context, rows[i].share, 10);
            ui_line_put(line, UI_STYLE_TEXT, 0, "%s %3.0f%%", bar, rows[i].share * 100);
            free(bar);
        } else {
            ui_line_put(line, UI_STYLE_MUTED, 0, "%s", _("no traffic seen"));
        }
        if (context->width > 60 && rows[i].kv_cache_usage >= 0) {
            ui_line_put(line, UI_STYLE_MUTED, 0, "  KV %.1f%% < %.0f%%",
                        rows[i].kv_cache_usage * 100, KV_TARGET * 100);
        }
    }
    if (tg_model_gcp(model) == NULL) {
        struct ui_line *line = ui_lines_add(lines);
        ui_line_put(line, UI_STYLE_WARN, 0, "%s",
                    _("Google Cloud is not watched: backends are not seen (--project)"));
    }
    free(rows);
}
