/* integration/test_status.c - what `tidegate status --json` and the drill's report promise to
 * programs. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <criterion/criterion.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "app/status.h"
#include "base/assert.h"
#include "drill/report.h"
#include "sim/controllers.h"
#include "sim/store.h"
#include "sim/truth.h"
#include "tests/integration/rig_support.h"

static json_t *status_of(struct tg_rig *rig)
{
    const struct tg_app *app = tg_rig_app(rig);
    struct tg_status_inputs inputs = {.model = app->model,
                                      .lab = app->lab,
                                      .steps = app->steps,
                                      .now_us = tg_clock_monotonic_us(&app->clock),
                                      .lab_us = tg_app_lab_us(app),
                                      .is_armed = app->is_armed};
    struct tg_buf out;
    tg_buf_init(&out, 16 * 1024 * 1024);
    cr_assert(tg_status_json(&inputs, &out));
    json_error_t why;
    json_t *document = json_loadb(tg_buf_text(&out), out.len, 0, &why);
    cr_assert_not_null(document, "line %d: %s", why.line, why.text);
    tg_buf_fini(&out);
    return document;
}

static void expect_keys(const json_t *object, const char *const *keys, size_t count,
                        const char *where)
{
    cr_assert(json_is_object(object), "%s is no object", where);
    for (size_t i = 0; i < count; i++) {
        cr_assert_not_null(json_object_get(object, keys[i]), "%s lacks %s", where, keys[i]);
    }
}

#define EXPECT_KEYS(object, where, ...)                                       \
    do {                                                                      \
        static const char *const wanted[] = {__VA_ARGS__};                    \
        expect_keys(object, wanted, sizeof(wanted) / sizeof(*wanted), where); \
    } while (0)

static const json_t *first(const json_t *document, const char *list)
{
    const json_t *items = json_object_get(document, list);
    cr_assert(json_is_array(items), "%s is no list", list);
    cr_assert_gt(json_array_size(items), 0, "%s is empty", list);
    return json_array_get(items, 0);
}

/* The keys of src/app/README.md: a script that was written against them goes on working. */
Test(status, has_the_documented_keys)
{
    struct tg_rig *rig = rig_new(1, NULL);
    rig_wait_until_serving(rig);
    tg_rig_run(rig, 30 * TG_US_PER_S, NULL);
    json_t *document = status_of(rig);
    EXPECT_KEYS(document, "status", "schema_version", "lab", "is_simulated", "speed", "is_armed",
                "lab_time", "google_cloud", "steps", "regions", "interfaces", "gateways",
                "backends", "unseen", "problems", "events");
    cr_assert_eq(json_integer_value(json_object_get(document, "schema_version")), 1);
    cr_assert(json_is_true(json_object_get(document, "is_simulated")));
    cr_assert_eq(json_array_size(json_object_get(document, "steps")), 25);
    EXPECT_KEYS(first(document, "steps"), "a step", "id", "title", "state", "conditions_met",
                "conditions_total", "missing", "age_seconds");
    const json_t *cloud = json_object_get(document, "google_cloud");
    cr_expect_str_eq(json_string_value(json_object_get(cloud, "project")), "demo-4711");
    cr_expect_str_eq(json_string_value(json_object_get(json_object_get(cloud, "source"), "state")),
                     "live");
    const json_t *region = first(document, "regions");
    EXPECT_KEYS(region, "a region", "context", "label", "source", "deployment", "replicas_desired",
                "replicas_ready", "pods_serving", "kv_cache_usage", "requests_running",
                "requests_waiting", "pods");
    EXPECT_KEYS(json_object_get(region, "source"), "a source", "state", "age_seconds",
                "retry_in_seconds", "error");
    EXPECT_KEYS(first(region, "pods"), "a Pod", "namespace", "name", "status", "ready", "serving",
                "node", "restarts", "created", "sample_age_seconds", "tokens_per_second",
                "requests_per_second", "ttft_ms");
    EXPECT_KEYS(first(document, "interfaces"), "an interface", "region", "pod", "node", "interface",
                "device", "address", "mac", "mtu", "claimed", "ready");
    EXPECT_KEYS(first(document, "gateways"), "a gateway", "name", "programmed", "addresses",
                "route", "route_accepted", "route_resolved");
    EXPECT_KEYS(first(document, "backends"), "a backend", "name", "zone", "health", "share",
                "requests_per_second");
    cr_assert_str_eq(json_string_value(json_object_get(json_object_get(region, "source"), "state")),
                     "live");
    cr_assert_str_eq(json_string_value(json_object_get(first(region, "pods"), "serving")), "yes");
    json_decref(document);
    tg_rig_free(rig);
}

/* Unknown is null, never zero: a script must be able to tell. */
Test(status, says_unknown_as_null)
{
    struct tg_rig *rig = rig_new(1, NULL);
    json_t *document = status_of(rig);
    const json_t *region = first(document, "regions");
    static const char *const figures[] = {"kv_cache_usage",   "nodes_total",    "tpu_chips_ready",
                                          "replicas_desired", "replicas_ready", "pods_serving",
                                          "backends_healthy", "backends_total"};
    for (size_t i = 0; i < sizeof(figures) / sizeof(*figures); i++) {
        cr_assert(json_is_null(json_object_get(region, figures[i])), "%s", figures[i]);
    }
    cr_assert_str_eq(json_string_value(json_object_get(json_object_get(region, "source"), "state")),
                     "connecting");
    cr_assert_str_eq(json_string_value(json_object_get(first(document, "steps"), "state")),
                     "unknown");
    json_decref(document);
    tg_rig_free(rig);
}

Test(status, the_drills_report_has_the_documented_keys)
{
    struct tg_rig *rig = rig_new(1, rig_journal_path());
    const struct tg_drill *drill = rig_run_drill(rig);
    struct tg_buf out;
    tg_buf_init(&out, 16 * 1024 * 1024);
    cr_assert(tg_report_json(drill, &out));
    json_t *document = json_loadb(tg_buf_text(&out), out.len, 0, NULL);
    cr_assert_not_null(document);
    EXPECT_KEYS(document, "the report", "schema_version", "id", "kind", "state", "verdict",
                "reasons", "aborted", "abort_reason", "preflight", "fault_sent",
                "fault_acknowledged", "restore_acknowledged", "restore_verified", "error_window",
                "recovery_seconds", "time_to_detect_seconds", "time_to_detect_uncertainty_seconds",
                "time_to_restore_seconds", "availability_before", "availability_during",
                "availability_after", "latency_before", "latency_during", "latency_after",
                "served_by_drilled_region_before", "served_by_drilled_region_during",
                "served_by_drilled_region_after", "log_holes", "clock_uncertainty_seconds");
    const char *reason = json_string_value(json_array_get(json_object_get(document, "reasons"), 0));
    cr_assert(strncmp(reason, "met recovery: ", 14) == 0, "%s", reason);
    json_decref(document);
    tg_buf_fini(&out);
    tg_rig_free(rig);
}

/* The most that the balancer's health aged within these seconds, seen each half second. */
static int64_t oldest_health_us(struct tg_rig *rig, int seconds)
{
    const struct tg_app *app = tg_rig_app(rig);
    int64_t oldest_us = 0;
    for (int half = 0; half < 2 * seconds; half++) {
        tg_rig_run(rig, TG_US_PER_S / 2, NULL);
        int64_t synced_us = tg_model_gcp(app->model)->kinds[TG_KIND_GCP_BACKEND].synced_us;
        int64_t age_us = tg_clock_monotonic_us(&app->clock) - synced_us;
        oldest_us = age_us > oldest_us ? age_us : oldest_us;
    }
    return oldest_us;
}

/* A quiet fleet costs next to nothing; where Pods change, what the balancer makes of it is there in
 * two seconds. */
Test(status, asks_the_balancer_more_often_while_pods_change)
{
    struct tg_rig *rig = rig_new(1, NULL);
    rig_wait_until_serving(rig);
    tg_rig_run(rig, 120 * TG_US_PER_S, NULL);
    int64_t quiet_us = oldest_health_us(rig, 40);
    cr_assert_gt(quiet_us, 4 * TG_US_PER_S);
    cr_assert_lt(quiet_us, 10 * TG_US_PER_S);
    json_t *pod = json_pack("{s:{s:s,s:s},s:{s:[{s:s,s:s,s:[s,s]}]}}", "metadata", "name", "news",
                            "namespace", "default", "spec", "containers", "name", "c", "image",
                            "busybox", "command", "sleep", "3600");
    struct sim_store *store = sim_region_store(sim_world_region(tg_rig_world(rig), 0));
    struct tg_err err = TG_ERR_INIT;
    cr_assert(sim_store_create(store, sim_resource_by_plural("pods"), pod, &err));
    tg_rig_run(rig, 2 * TG_US_PER_S, NULL);
    cr_assert_lt(oldest_health_us(rig, 40), 3 * TG_US_PER_S);
    tg_rig_run(rig, 120 * TG_US_PER_S, NULL);
    cr_assert_gt(oldest_health_us(rig, 40), 4 * TG_US_PER_S);
    tg_rig_free(rig);
}
