/* sim/k8s_admit_scaling.c - defaults and refusals of autoscalers, disruption budgets and volumes.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "sim/k8s_admit_scaling.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim/autoscale.h"
#include "sim/json_path.h"
#include "sim/k8s_status.h"
#include "sim/quantity.h"

#define DEFAULT_UTILISATION 80

static void required(json_t *causes, const char *field, const char *why)
{
    char *message = tg_asprintf("Required value%s%s", why[0] == '\0' ? "" : ": ", why);
    json_array_append_new(causes, sim_k8s_cause("FieldValueRequired", field, message));
    free(message);
}

static void invalid(json_t *causes, const char *field, const json_t *value, const char *why)
{
    json_array_append_new(causes, sim_k8s_cause_value(field, value, why));
}

static void invalid_number(json_t *causes, const char *field, int64_t number, const char *why)
{
    json_t *value = json_integer(number);
    invalid(causes, field, value, why);
    json_decref(value);
}

/* ---- autoscalers ---- */

static void default_rules(json_t *rules, bool is_up)
{
    if (!json_is_object(rules)) {
        return;
    }
    sim_json_default(rules, "selectPolicy", json_string("Max"));
    if (is_up) {
        sim_json_default(rules, "stabilizationWindowSeconds", json_integer(0));
    }
    if (json_object_get(rules, "policies") == NULL) {
        json_object_set_new(rules, "policies", sim_scale_policies(is_up));
    }
}

/* Amounts are written the shortest way. */
static void default_target(json_t *target)
{
    static const char *const amounts[] = {"value", "averageValue"};
    for (size_t i = 0; i < TG_COUNT(amounts); i++) {
        int64_t milli = 0;
        const json_t *value = json_object_get(target, amounts[i]);
        if (value != NULL && sim_quantity_milli(value, &milli)) {
            json_object_set_new(target, amounts[i], sim_quantity_json(milli));
        }
    }
}

static void default_autoscaler(json_t *spec)
{
    static const char *const sources[] = {"resource", "pods", "object", "external",
                                          "containerResource"};
    sim_json_default(spec, "minReplicas", json_integer(1));
    if (sim_json_count(spec, "metrics") == 0) {
        json_object_set_new(spec, "metrics",
                            json_pack("[{s:s, s:{s:s, s:{s:s, s:i}}}]", "type", "Resource",
                                      "resource", "name", "cpu", "target", "type", "Utilization",
                                      "averageUtilization", DEFAULT_UTILISATION));
    }
    size_t i;
    json_t *metric;
    json_array_foreach(json_object_get(spec, "metrics"), i, metric)
    {
        for (size_t s = 0; s < TG_COUNT(sources); s++) {
            default_target(json_object_get(json_object_get(metric, sources[s]), "target"));
        }
    }
    json_t *behaviour = json_object_get(spec, "behavior");
    if (json_is_object(behaviour)) {
        default_rules(sim_json_make_object(behaviour, "scaleUp"), true);
        default_rules(sim_json_make_object(behaviour, "scaleDown"), false);
    }
}

static void check_target_ref(const json_t *spec, json_t *causes)
{
    static const char *const needed[] = {"kind", "name"};
    for (size_t i = 0; i < TG_COUNT(needed); i++) {
        char *path = tg_asprintf("scaleTargetRef.%s", needed[i]);
        if (sim_json_text(spec, path)[0] == '\0') {
            char *field = tg_asprintf("spec.%s", path);
            required(causes, field, "");
            free(field);
        }
        free(path);
    }
    const char *version = sim_json_text(spec, "scaleTargetRef.apiVersion");
    if (strchr(version, '/') == NULL) {
        json_t *value = json_string(version);
        invalid(causes, "spec.scaleTargetRef.apiVersion", value,
                "apiVersion must specify API group");
        json_decref(value);
    }
}

static void check_metric(const json_t *metric, size_t i, json_t *causes)
{
    static const char *const types[][2] = {{"ContainerResource", "containerResource"},
                                           {"External", "external"},
                                           {"Object", "object"},
                                           {"Pods", "pods"},
                                           {"Resource", "resource"}};
    const char *type = sim_json_text(metric, "type");
    for (size_t t = 0; t < TG_COUNT(types); t++) {
        if (!tg_str_eq(type, types[t][0])) {
            continue;
        }
        const json_t *source = json_object_get(metric, types[t][1]);
        char *field = tg_asprintf("spec.metrics[%zu].%s", i, types[t][1]);
        if (source == NULL) {
            required(causes, field, "must populate information for the given metric source");
        } else if (tg_str_eq(type, "Pods") && sim_json_at(source, "target.averageValue") == NULL) {
            char *deeper = tg_asprintf("%s.target.averageValue", field);
            required(causes, deeper, "must specify a positive target averageValue");
            free(deeper);
        }
        free(field);
        return;
    }
    char *field = tg_asprintf("spec.metrics[%zu].type", i);
    if (type[0] == '\0') {
        required(causes, field, "must specify a metric source type");
    } else {
        json_array_append_new(
            causes, sim_k8s_cause("FieldValueNotSupported", field,
                                  "Unsupported value: supported values: \"ContainerResource\", "
                                  "\"External\", \"Object\", \"Pods\", \"Resource\""));
    }
    free(field);
}

static void check_autoscaler(const json_t *spec, json_t *causes)
{
    int64_t least = sim_json_int(spec, "minReplicas", 1);
    int64_t most = sim_json_int(spec, "maxReplicas", 0);
    if (least < 1) {
        invalid_number(causes, "spec.minReplicas", least, "must be greater than or equal to 1");
    }
    if (most < 1) {
        invalid_number(causes, "spec.maxReplicas", most, "must be greater than 0");
    }
    if (most < least) {
        invalid_number(causes, "spec.maxReplicas", most,
                       "must be greater than or equal to `minReplicas`");
    }
    check_target_ref(spec, causes);
    size_t i;
    json_t *metric;
    json_array_foreach(json_object_get(spec, "metrics"), i, metric)
    {
        check_metric(metric, i, causes);
    }
}

/* ---- disruption budgets ---- */

static void check_share(const json_t *spec, const char *key, json_t *causes)
{
    const json_t *value = json_object_get(spec, key);
    char *field = tg_asprintf("spec.%s", key);
    int64_t percent = 0;
    if (json_is_integer(value) && json_integer_value(value) < 0) {
        invalid(causes, field, value, "must be greater than or equal to 0");
    } else if (json_is_string(value)) {
        char *digits = tg_strdup(json_string_value(value));
        char *sign = strchr(digits, '%');
        bool is_percent = sign != NULL && sign[1] == '\0';
        if (is_percent) {
            *sign = '\0';
        }
        if (!is_percent || !tg_str_to_int64(digits, 0, INT32_MAX, &percent)) {
            invalid(causes, field, value,
                    "a valid percent string must be a numeric string followed by an ending '%' "
                    "(e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')");
        } else if (percent > 100) {
            invalid(causes, field, value, "must not be greater than 100%");
        }
        free(digits);
    }
    free(field);
}

static void check_budget(const json_t *spec, json_t *causes)
{
    if (json_object_get(spec, "minAvailable") != NULL &&
        json_object_get(spec, "maxUnavailable") != NULL) {
        invalid(causes, "spec", spec, "minAvailable and maxUnavailable cannot be both set");
    }
    check_share(spec, "minAvailable", causes);
    check_share(spec, "maxUnavailable", causes);
}

/* ---- volumes ---- */

static void check_modes(const json_t *spec, const char *why, json_t *causes)
{
    if (sim_json_count(spec, "accessModes") == 0) {
        required(causes, "spec.accessModes", why);
    }
}

static void check_volume(const json_t *spec, json_t *causes)
{
    static const char *const others[] = {"accessModes",      "capacity",
                                         "claimRef",         "mountOptions",
                                         "nodeAffinity",     "persistentVolumeReclaimPolicy",
                                         "storageClassName", "volumeAttributesClassName",
                                         "volumeMode"};
    check_modes(spec, "", causes);
    if (json_object_size(json_object_get(spec, "capacity")) == 0) {
        required(causes, "spec.capacity", "");
        json_array_append_new(causes, sim_k8s_cause("FieldValueNotSupported", "spec.capacity",
                                                    "Unsupported value: null: supported values: "
                                                    "\"storage\""));
    }
    size_t known = 0;
    for (size_t i = 0; i < TG_COUNT(others); i++) {
        known += json_object_get(spec, others[i]) != NULL ? 1 : 0;
    }
    if (json_object_size(spec) == known) {
        required(causes, "spec", "must specify a volume type");
    }
}

/* A claim stays what it asked for, but for its size and the volume that it gets. */
static void check_claim(const json_t *spec, const json_t *previous, json_t *causes)
{
    static const char *const free_members[] = {"resources", "volumeAttributesClassName"};
    check_modes(spec, "at least 1 access mode is required", causes);
    if (sim_json_at(spec, "resources.requests.storage") == NULL) {
        required(causes, "spec.resources[storage]", "");
    }
    if (previous == NULL) {
        return;
    }
    json_t *next = json_copy((json_t *)(uintptr_t)spec);
    json_t *was = json_copy(json_object_get(previous, "spec"));
    for (size_t i = 0; i < TG_COUNT(free_members); i++) {
        json_object_del(next, free_members[i]);
        json_object_del(was, free_members[i]);
    }
    if (json_object_get(was, "volumeName") == NULL) {
        json_object_del(next, "volumeName");
    }
    if (!json_equal(next, was)) {
        json_array_append_new(
            causes, sim_k8s_cause("FieldValueForbidden", "spec",
                                  "Forbidden: spec is immutable after creation except "
                                  "resources.requests and volumeAttributesClassName for bound "
                                  "claims"));
    }
    json_decref(next);
    json_decref(was);
}

/* ---- which kind ---- */

void sim_k8s_default_scaling(const struct sim_resource *resource, json_t *object)
{
    json_t *spec = json_object_get(object, "spec");
    if (tg_str_eq(resource->kind, "HorizontalPodAutoscaler") && json_is_object(spec)) {
        default_autoscaler(spec);
    } else if (tg_str_eq(resource->kind, "PersistentVolume")) {
        spec = sim_json_make_object(object, "spec");
        sim_json_default(spec, "persistentVolumeReclaimPolicy", json_string("Retain"));
        sim_json_default(spec, "volumeMode", json_string("Filesystem"));
    } else if (tg_str_eq(resource->kind, "PersistentVolumeClaim")) {
        sim_json_default(sim_json_make_object(object, "spec"), "volumeMode",
                         json_string("Filesystem"));
    } else if (tg_str_eq(resource->kind, "StorageClass")) {
        sim_json_default(object, "reclaimPolicy", json_string("Delete"));
        sim_json_default(object, "volumeBindingMode", json_string("Immediate"));
    }
}

void sim_k8s_check_scaling(const struct sim_resource *resource, const json_t *object,
                           const json_t *previous, json_t *causes)
{
    const json_t *spec = json_object_get(object, "spec");
    if (!resource->is_strategic) {
        return;
    }
    if (tg_str_eq(resource->kind, "HorizontalPodAutoscaler")) {
        check_autoscaler(spec, causes);
    } else if (tg_str_eq(resource->kind, "PodDisruptionBudget")) {
        check_budget(spec, causes);
    } else if (tg_str_eq(resource->kind, "PersistentVolume")) {
        check_volume(spec, causes);
    } else if (tg_str_eq(resource->kind, "PersistentVolumeClaim")) {
        check_claim(spec, previous, causes);
    }
}
