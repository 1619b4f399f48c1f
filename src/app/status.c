/* app/status.c - the panes as JSON. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "app/status.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/json_out.h"
#include "base/str.h"
#include "model/select.h"
#include "plan/progress.h"

#define EVENTS_SHOWN_MAX 50

static void put_source(struct tg_json_out *json, const struct tg_source *source)
{
    static const char *const states[] = {"live", "connecting", "old", "lost", "denied", "removed"};
    tg_json_open(json, "source", '{');
    tg_json_put_text(json, "state", states[source->state]);
    tg_json_put_seconds(json, "age_seconds", source->age_us);
    tg_json_put_seconds(json, "retry_in_seconds", source->retry_in_us);
    tg_json_put_text(json, "error", source->err.code != TG_CODE_NONE ? source->err.msg : NULL);
    tg_json_close(json, '}');
}

/* What Google Cloud's lists are worth that the steps, gateways and backends are judged by. */
static void put_google_cloud(struct tg_json_out *json, const struct tg_status_inputs *inputs)
{
    const struct tg_target *gcp = tg_model_gcp(inputs->model);
    if (gcp == NULL) {
        tg_json_put_null(json, "google_cloud");
        return;
    }
    struct tg_source source = tg_select_source(gcp, NULL, 0, inputs->now_us);
    tg_json_open(json, "google_cloud", '{');
    tg_json_put_text(json, "project", gcp->name);
    put_source(json, &source);
    tg_json_close(json, '}');
}

static void put_steps(struct tg_json_out *json, const struct tg_status_inputs *inputs)
{
    static const char *const states[] = {"unknown", "missing", "running", "done"};
    tg_json_open(json, "steps", '[');
    for (size_t i = 0; i < inputs->lab->steps_count; i++) {
        const struct tg_step_status *status = &inputs->steps[i];
        tg_json_open(json, NULL, '{');
        tg_json_put_text(json, "id", inputs->lab->steps[i].id);
        tg_json_put_text(json, "title", inputs->lab->steps[i].title.en);
        tg_json_put_text(json, "state", states[status->state]);
        tg_json_put_int(json, "conditions_met", status->conditions_met);
        tg_json_put_int(json, "conditions_total", status->conditions_total);
        tg_json_put_text(json, "missing", status->missing[0] != '\0' ? status->missing : NULL);
        tg_json_put_seconds(json, "age_seconds", status->age_us);
        if (status->state != TG_STEP_DONE) {
            tg_progress_json(json, inputs->lab, i, inputs->model, NULL, inputs->now_us,
                             inputs->lab_us);
        }
        tg_json_close(json, '}');
    }
    tg_json_close(json, ']');
}

static void put_pods(struct tg_json_out *json, const struct tg_status_inputs *inputs, int target)
{
    static const char *const serving[] = {NULL, "no", "yes"};
    size_t count = 0;
    struct tg_pod_row *rows = tg_select_pods(inputs->model, target, inputs->now_us, &count);
    tg_json_open(json, "pods", '[');
    for (size_t i = 0; i < count; i++) {
        const struct tg_pod *pod = &rows[i].pod->as.pod;
        tg_json_open(json, NULL, '{');
        tg_json_put_text(json, "namespace", rows[i].pod->ns);
        tg_json_put_text(json, "name", rows[i].pod->name);
        tg_json_put_text(json, "status", pod->status);
        tg_json_put_bool(json, "ready", pod->is_ready);
        tg_json_put_text(json, "serving", serving[rows[i].serving]);
        tg_json_put_text(json, "node", pod->node_name);
        tg_json_put_int(json, "restarts", pod->restarts);
        tg_json_put_time(json, "created", rows[i].pod->created_us);
        tg_json_put_seconds(json, "sample_age_seconds", rows[i].sample_age_us);
        tg_json_put_number(json, "tokens_per_second", rows[i].tokens_per_s);
        tg_json_put_number(json, "requests_per_second", rows[i].requests_per_s);
        tg_json_put_number(json, "ttft_ms", rows[i].ttft_ms);
        tg_json_close(json, '}');
    }
    tg_json_close(json, ']');
    free(rows);
}

/* None of something is a count; not having looked is not. */
static void put_count(struct tg_json_out *json, const char *name, bool is_known, int count)
{
    if (is_known) {
        tg_json_put_int(json, name, count);
    } else {
        tg_json_put_null(json, name);
    }
}

static void put_regions(struct tg_json_out *json, const struct tg_status_inputs *inputs)
{
    size_t count = 0;
    struct tg_region_row *rows = tg_select_regions(inputs->model, inputs->now_us, &count);
    const struct tg_target *gcp = tg_model_gcp(inputs->model);
    bool has_backends = gcp != NULL && gcp->kinds[TG_KIND_GCP_BACKEND].synced_us != 0;
    tg_json_open(json, "regions", '[');
    for (size_t i = 0; i < count; i++) {
        const struct tg_target *target = tg_model_target(inputs->model, rows[i].target);
        const struct tg_obj *deployment = rows[i].deployment;
        tg_json_open(json, NULL, '{');
        tg_json_put_text(json, "context", target->name);
        tg_json_put_text(json, "label", target->label);
        put_source(json, &rows[i].source);
        bool has_nodes = target->kinds[TG_KIND_NODE].synced_us != 0;
        put_count(json, "nodes_ready", has_nodes, rows[i].nodes_ready);
        put_count(json, "nodes_total", has_nodes, rows[i].nodes_total);
        put_count(json, "tpu_chips_ready", has_nodes, rows[i].tpu_chips_ready);
        put_count(json, "tpu_chips_capacity", has_nodes, rows[i].tpu_chips_capacity);
        if (deployment != NULL) {
            tg_json_put_text(json, "deployment", deployment->name);
            tg_json_put_int(json, "replicas_desired", deployment->as.deployment.replicas_desired);
            tg_json_put_int(json, "replicas_ready", deployment->as.deployment.ready);
        } else {
            tg_json_put_null(json, "deployment");
            tg_json_put_null(json, "replicas_desired");
            tg_json_put_null(json, "replicas_ready");
        }
        put_count(json, "pods_serving", target->kinds[TG_KIND_POD].synced_us != 0,
                  rows[i].pods_serving);
        tg_json_put_number(json, "kv_cache_usage", rows[i].kv_cache_usage);
        tg_json_put_number(json, "requests_running", rows[i].running);
        tg_json_put_number(json, "requests_waiting", rows[i].waiting);
        put_count(json, "backends_healthy", has_backends, rows[i].backends_healthy);
        put_count(json, "backends_total", has_backends, rows[i].backends_total);
        put_pods(json, inputs, rows[i].target);
        tg_json_close(json, '}');
    }
    tg_json_close(json, ']');
    free(rows);
}

static void put_interfaces(struct tg_json_out *json, const struct tg_status_inputs *inputs)
{
    size_t count = 0;
    struct tg_interface_row *rows = tg_select_interfaces(inputs->model, inputs->now_us, &count);
    tg_json_open(json, "interfaces", '[');
    for (size_t i = 0; i < count; i++) {
        tg_json_open(json, NULL, '{');
        tg_json_put_text(json, "region", tg_model_target(inputs->model, rows[i].target)->label);
        tg_json_put_text(json, "pod", *rows[i].pod != '\0' ? rows[i].pod : NULL);
        tg_json_put_text(json, "node", rows[i].node);
        tg_json_put_text(json, "interface", rows[i].interface_name);
        tg_json_put_text(json, "device", rows[i].device);
        tg_json_put_text(json, "address", rows[i].address);
        tg_json_put_text(json, "mac", rows[i].mac);
        tg_json_put_int(json, "mtu", rows[i].mtu);
        tg_json_put_bool(json, "claimed", rows[i].kind == TG_INTERFACE_CLAIMED);
        tg_json_put_bool(json, "ready", rows[i].is_ready);
        tg_json_put_bool(json, "stale", rows[i].is_stale);
        tg_json_put_seconds(json, "age_seconds", rows[i].age_us);
        tg_json_close(json, '}');
    }
    tg_json_close(json, ']');
    free(rows);
}

/* What the containers themselves listed, beside what the claims say. */
static void put_proofs(struct tg_json_out *json, const struct tg_status_inputs *inputs)
{
    size_t count = 0;
    struct tg_proof_row *rows = tg_select_proofs(inputs->model, inputs->now_us, &count);
    tg_json_open(json, "interface_proofs", '[');
    for (size_t i = 0; i < count; i++) {
        tg_json_open(json, NULL, '{');
        tg_json_put_text(json, "region", tg_model_target(inputs->model, rows[i].target)->label);
        tg_json_put_text(json, "pod", rows[i].pod->name);
        tg_json_put_text(json, "container", rows[i].container);
        tg_json_put_text(json, "proof", tg_proof_name(rows[i].proof));
        tg_json_put_text(json, "listed", rows[i].listed[0] != '\0' ? rows[i].listed : NULL);
        tg_json_put_text(json, "detail", rows[i].detail[0] != '\0' ? rows[i].detail : NULL);
        tg_json_put_seconds(json, "age_seconds", rows[i].age_us);
        tg_json_close(json, '}');
    }
    tg_json_close(json, ']');
    free(rows);
}

static void put_routing(struct tg_json_out *json, const struct tg_status_inputs *inputs)
{
    size_t count = 0;
    struct tg_gateway_row *gateways = tg_select_gateways(inputs->model, inputs->now_us, &count);
    tg_json_open(json, "gateways", '[');
    for (size_t i = 0; i < count; i++) {
        tg_json_open(json, NULL, '{');
        tg_json_put_text(json, "name", gateways[i].gateway->name);
        tg_json_put_bool(json, "programmed", gateways[i].is_programmed);
        tg_json_put_text(json, "addresses", gateways[i].gateway->as.gateway.addresses);
        tg_json_put_text(json, "route", gateways[i].route != NULL ? gateways[i].route->name : NULL);
        tg_json_put_bool(json, "route_accepted", gateways[i].is_route_accepted);
        tg_json_put_bool(json, "route_resolved", gateways[i].is_route_resolved);
        tg_json_put_bool(json, "stale", gateways[i].is_stale);
        tg_json_close(json, '}');
    }
    tg_json_close(json, ']');
    free(gateways);
    struct tg_backend_row *backends = tg_select_backends(inputs->model, inputs->now_us, &count);
    tg_json_open(json, "backends", '[');
    for (size_t i = 0; i < count; i++) {
        tg_json_open(json, NULL, '{');
        tg_json_put_text(json, "name", backends[i].backend->name);
        tg_json_put_text(json, "zone", backends[i].backend->as.gcp.location);
        tg_json_put_text(json, "health", backends[i].backend->as.gcp.status);
        tg_json_put_number(json, "share", backends[i].share);
        tg_json_put_number(json, "requests_per_second", backends[i].requests_per_s);
        tg_json_put_bool(json, "stale", backends[i].is_stale);
        tg_json_close(json, '}');
    }
    tg_json_close(json, ']');
    free(backends);
}

static void put_problems(struct tg_json_out *json, const struct tg_status_inputs *inputs)
{
    static const char *const severities[] = {"info", "ok", "warn", "fail"};
    size_t count = 0;
    struct tg_problem *problems = tg_select_problems(inputs->model, inputs->now_us, &count);
    tg_json_open(json, "problems", '[');
    for (size_t i = 0; i < count; i++) {
        tg_json_open(json, NULL, '{');
        tg_json_put_text(json, "severity", severities[problems[i].severity]);
        tg_json_put_text(json, "region",
                         problems[i].target >= 0
                             ? tg_model_target(inputs->model, problems[i].target)->label
                             : NULL);
        tg_json_put_text(json, "object", problems[i].object);
        tg_json_put_text(json, "detail", problems[i].detail);
        tg_json_close(json, '}');
    }
    tg_json_close(json, ']');
    free(problems);
}

static void put_events(struct tg_json_out *json, const struct tg_model *model)
{
    size_t from =
        model->timeline_count > EVENTS_SHOWN_MAX ? model->timeline_count - EVENTS_SHOWN_MAX : 0;
    tg_json_open(json, "events", '[');
    for (size_t i = from; i < model->timeline_count; i++) {
        const struct tg_timeline_entry *entry =
            &model->timeline[(model->timeline_first + i) % TG_TIMELINE_MAX];
        tg_json_open(json, NULL, '{');
        tg_json_put_time(json, "at", entry->lab_us);
        tg_json_put_text(json, "region",
                         entry->target >= 0 ? tg_model_target(model, entry->target)->label : NULL);
        tg_json_put_text(json, "object", entry->object);
        tg_json_put_text(json, "reason", entry->reason);
        tg_json_put_text(json, "message", entry->message);
        tg_json_close(json, '}');
    }
    tg_json_close(json, ']');
}

static void put_unseen(struct tg_json_out *json, const struct tg_status_inputs *inputs)
{
    size_t count = 0;
    struct tg_unseen_row *rows = tg_select_unseen(inputs->model, inputs->now_us, &count);
    tg_json_open(json, "unseen", '[');
    for (size_t i = 0; i < count; i++) {
        tg_json_open(json, NULL, '{');
        tg_json_put_text(json, "region", tg_model_target(inputs->model, rows[i].target)->label);
        tg_json_put_text(json, "kind", tg_kind_info(rows[i].kind)->name);
        tg_json_put_bool(json, "denied", rows[i].is_denied);
        tg_json_put_text(json, "reason", rows[i].why);
        tg_json_put_number(json, "retry_in_seconds",
                           (double)rows[i].retry_in_us / (double)TG_US_PER_S);
        tg_json_close(json, '}');
    }
    tg_json_close(json, ']');
    free(rows);
}

bool tg_status_json(const struct tg_status_inputs *inputs, struct tg_buf *out)
{
    struct tg_json_out json = {out, false};
    double speed = 1;
    bool is_simulated = tg_model_is_simulated(inputs->model, &speed);
    tg_json_open(&json, NULL, '{');
    tg_json_put_int(&json, "schema_version", 1);
    tg_json_put_text(&json, "lab", inputs->lab->name);
    tg_json_put_bool(&json, "is_simulated", is_simulated);
    tg_json_put_number(&json, "speed", is_simulated ? speed : 1);
    tg_json_put_bool(&json, "is_armed", inputs->is_armed);
    tg_json_put_time(&json, "lab_time", inputs->lab_us);
    put_google_cloud(&json, inputs);
    put_steps(&json, inputs);
    put_regions(&json, inputs);
    put_interfaces(&json, inputs);
    put_proofs(&json, inputs);
    put_routing(&json, inputs);
    put_unseen(&json, inputs);
    put_problems(&json, inputs);
    put_events(&json, inputs->model);
    tg_json_close(&json, '}');
    return !out->is_full;
}
