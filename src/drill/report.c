/* drill/report.c - prints what a drill found (model notes B.7). */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "drill/report.h"

#include <stdio.h>

#include "base/fmt.h"
#include "base/i18n.h"
#include "base/json_out.h"

static void put_duration(struct tg_buf *out, const char *label, int64_t value_us, int64_t error_us)
{
    char value[32];
    char error[32];
    if (value_us < 0) {
        tg_buf_printf(out, "  %s: %s\n", label, _("not observed"));
        return;
    }
    tg_fmt_duration(value, sizeof(value), value_us);
    tg_fmt_duration(error, sizeof(error), error_us);
    tg_buf_printf(out, "  %s: %s +- %s\n", label, value, error);
}

static void put_availability(struct tg_buf *out, const char *label,
                             const struct tg_availability *value)
{
    if (value->value < 0) {
        tg_buf_printf(out, "  %s: %s\n", label, _("no requests"));
        return;
    }
    tg_buf_printf(out,
                  _("  %s: %.1f%% (95%% interval %.1f to %.1f), ok %zu, failed %zu, late %zu\n"),
                  label, value->value * 100, value->low * 100, value->high * 100, value->ok,
                  value->fail, value->late);
}

static void put_latency(struct tg_buf *out, const char *label, const struct tg_latency *value)
{
    char texts[3][16];
    const int32_t values[3] = {value->p50_ms, value->p95_ms, value->p99_ms};
    for (int i = 0; i < 3; i++) {
        if (values[i] < 0) {
            snprintf(texts[i], sizeof(texts[i]), "--");
        } else {
            snprintf(texts[i], sizeof(texts[i]), "%dms", values[i]);
        }
    }
    tg_buf_printf(out, "  %s: p50 %s  p95 %s  p99 %s  (n=%zu)\n", label, texts[0], texts[1],
                  texts[2], value->count);
}

static void put_share(struct tg_buf *out, const char *label, double share)
{
    if (share < 0) {
        tg_buf_printf(out, "  %s: %s\n", label, _("unknown"));
    } else {
        tg_buf_printf(out, "  %s: %.0f%%\n", label, share * 100);
    }
}

static void put_findings(const struct tg_drill *drill, struct tg_buf *out)
{
    static const char *const signs[] = {"ok", "warn", "FAIL", "wait"};
    for (size_t i = 0; i < drill->findings_count; i++) {
        if (drill->findings[i].level != TG_FINDING_PASS) {
            tg_buf_printf(out, "  %s: %s  %s\n", signs[drill->findings[i].level],
                          _(drill->findings[i].what), drill->findings[i].detail);
        }
    }
}

bool tg_report_text(const struct tg_drill *drill, struct tg_buf *out)
{
    const struct tg_score *score = &drill->score;
    tg_buf_printf(out, "%s %s: %s\n", _("drill"), drill->config.id,
                  tg_verdict_name(score->verdict));
    put_findings(drill, out);
    for (size_t i = 0; i < score->reasons_count; i++) {
        char text[200];
        tg_buf_printf(out, "  %s\n", tg_reason_text(&score->reasons[i], text, sizeof(text)));
    }
    if (drill->trace.fault_sent_us == 0) {
        return !out->is_full;
    }
    if (score->has_failure) {
        put_duration(out, _("error window"), score->window_us, score->window_error_us);
        put_duration(out, _("recovery (first failure to steady success)"), score->recovery_us,
                     score->window_error_us);
    } else {
        tg_buf_printf(out, "  %s\n", _("no failed request was observed"));
    }
    put_duration(out, _("balancer saw it"), score->time_to_detect_us,
                 drill->trace.unhealthy_error_us);
    put_duration(out, _("restored and verified after"), score->time_to_restore_us, 1000000);
    put_availability(out, _("availability before"), &score->before);
    put_availability(out, _("availability while down"), &score->during);
    put_availability(out, _("availability after"), &score->after);
    put_latency(out, _("latency before"), &score->latency_before);
    put_latency(out, _("latency while down"), &score->latency_during);
    put_latency(out, _("latency after"), &score->latency_after);
    put_share(out, _("served by the drilled region before"), score->share_down_before);
    put_share(out, _("served by the drilled region while down"), score->share_down_during);
    put_share(out, _("served by the drilled region after"), score->share_down_after);
    tg_buf_printf(
        out, "  %s\n",
        _("not observable: retries made by the load balancer; who answered a single request"));
    return !out->is_full;
}

static void json_availability(struct tg_json_out *json, const char *name,
                              const struct tg_availability *value)
{
    tg_json_open(json, name, '{');
    tg_json_put_number(json, "value", value->value);
    tg_json_put_number(json, "low", value->low);
    tg_json_put_number(json, "high", value->high);
    tg_json_put_int(json, "ok", (int64_t)value->ok);
    tg_json_put_int(json, "failed", (int64_t)value->fail);
    tg_json_put_int(json, "late", (int64_t)value->late);
    tg_json_put_int(json, "lost", (int64_t)value->lost);
    tg_json_put_int(json, "skipped", (int64_t)value->skipped);
    tg_json_close(json, '}');
}

static void json_latency(struct tg_json_out *json, const char *name, const struct tg_latency *value)
{
    tg_json_open(json, name, '{');
    tg_json_put_int(json, "n", (int64_t)value->count);
    tg_json_put_number(json, "p50_ms", value->p50_ms);
    tg_json_put_number(json, "p95_ms", value->p95_ms);
    tg_json_put_number(json, "p99_ms", value->p99_ms);
    tg_json_close(json, '}');
}

static void json_findings(struct tg_json_out *json, const struct tg_drill *drill)
{
    static const char *const levels[] = {"pass", "warn", "fail", "waiting"};
    tg_json_open(json, "preflight", '[');
    for (size_t i = 0; i < drill->findings_count; i++) {
        tg_json_open(json, NULL, '{');
        tg_json_put_text(json, "level", levels[drill->findings[i].level]);
        tg_json_put_text(json, "what", drill->findings[i].what);
        tg_json_put_text(json, "detail", drill->findings[i].detail);
        tg_json_close(json, '}');
    }
    tg_json_close(json, ']');
}

static void json_window(struct tg_json_out *json, const struct tg_score *score)
{
    tg_json_open(json, "error_window", '{');
    tg_json_put_bool(json, "observed", score->has_failure);
    tg_json_put_bool(json, "closed", score->is_window_closed);
    tg_json_put_time(json, "from", score->window_from_us);
    tg_json_put_time(json, "to", score->window_to_us);
    tg_json_put_seconds(json, "seconds", score->has_failure ? score->window_us : -1);
    tg_json_put_seconds(json, "uncertainty_seconds", score->window_error_us);
    tg_json_put_int(json, "flaps", score->flaps);
    tg_json_put_int(json, "in_flight_killed", (int64_t)score->in_flight_killed);
    tg_json_close(json, '}');
}

bool tg_report_json(const struct tg_drill *drill, struct tg_buf *out)
{
    struct tg_json_out json = {out, false};
    const struct tg_score *score = &drill->score;
    tg_json_open(&json, NULL, '{');
    tg_json_put_int(&json, "schema_version", 1);
    tg_json_put_text(&json, "id", drill->config.id);
    tg_json_put_text(&json, "kind", drill->config.kind);
    tg_json_put_text(&json, "state", tg_drill_state_name(drill->state));
    tg_json_put_text(&json, "verdict", tg_verdict_name(score->verdict));
    tg_json_put_bool(&json, "aborted", drill->is_aborted);
    tg_json_put_text(&json, "abort_reason", drill->is_aborted ? drill->abort_reason : NULL);
    tg_json_open(&json, "reasons", '[');
    for (size_t i = 0; i < score->reasons_count; i++) {
        char text[200];
        tg_json_put_text(&json, NULL, tg_reason_text(&score->reasons[i], text, sizeof(text)));
    }
    tg_json_close(&json, ']');
    json_findings(&json, drill);
    tg_json_put_time(&json, "fault_sent", drill->trace.fault_sent_us);
    tg_json_put_time(&json, "fault_acknowledged", drill->trace.fault_acked_us);
    tg_json_put_time(&json, "restore_acknowledged", drill->trace.restore_acked_us);
    tg_json_put_time(&json, "restore_verified", drill->trace.restored_us);
    json_window(&json, score);
    tg_json_put_seconds(&json, "recovery_seconds", score->recovery_us);
    tg_json_put_seconds(&json, "time_to_detect_seconds", score->time_to_detect_us);
    tg_json_put_seconds(&json, "time_to_detect_uncertainty_seconds",
                        score->time_to_detect_us >= 0 ? drill->trace.unhealthy_error_us : -1);
    tg_json_put_seconds(&json, "time_to_restore_seconds", score->time_to_restore_us);
    json_availability(&json, "availability_before", &score->before);
    json_availability(&json, "availability_during", &score->during);
    json_availability(&json, "availability_after", &score->after);
    json_latency(&json, "latency_before", &score->latency_before);
    json_latency(&json, "latency_during", &score->latency_during);
    json_latency(&json, "latency_after", &score->latency_after);
    tg_json_put_number(&json, "served_by_drilled_region_before", score->share_down_before);
    tg_json_put_number(&json, "served_by_drilled_region_during", score->share_down_during);
    tg_json_put_number(&json, "served_by_drilled_region_after", score->share_down_after);
    tg_json_put_int(&json, "log_holes", (int64_t)score->holes);
    tg_json_put_seconds(&json, "clock_uncertainty_seconds", drill->trace.clock_error_us);
    tg_json_close(&json, '}');
    return !out->is_full;
}
