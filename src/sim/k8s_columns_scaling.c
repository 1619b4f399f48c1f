/* sim/k8s_columns_scaling.c - columns of autoscalers, disruption budgets and volumes. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim/json_path.h"
#include "sim/k8s_table.h"

#define CELL_MAX  4096u
#define SHOWN_MAX 2
#define UNKNOWN   "<unknown>"

/* ---- budgets ---- */

/* "2", "50%" or "N/A". */
static json_t *cell_int_or_percent(const struct sim_column *column, json_t *object, int64_t now_us)
{
    (void)now_us;
    const json_t *value = sim_json_at(object, column->path);
    return json_is_integer(value)  ? json_sprintf("%lld", json_integer_value(value))
           : json_is_string(value) ? json_string(json_string_value(value))
                                   : json_string("N/A");
}

/* ---- autoscalers ---- */

static json_t *cell_reference(const struct sim_column *column, json_t *object, int64_t now_us)
{
    (void)column;
    (void)now_us;
    return json_sprintf("%s/%s", sim_json_text(object, "spec.scaleTargetRef.kind"),
                        sim_json_text(object, "spec.scaleTargetRef.name"));
}

static json_t *cell_least(const struct sim_column *column, json_t *object, int64_t now_us)
{
    (void)now_us;
    const json_t *value = sim_json_at(object, column->path);
    return json_is_integer(value) ? json_sprintf("%lld", json_integer_value(value))
                                  : json_string("<unset>");
}

/* Source of a metric of this type: "pods", "resource", ... */
static const json_t *source_of(const json_t *metric)
{
    static const struct {
        const char *type;
        const char *member;
    } types[] = {{"External", "external"},
                 {"Pods", "pods"},
                 {"Object", "object"},
                 {"Resource", "resource"},
                 {"ContainerResource", "containerResource"}};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (tg_str_eq(sim_json_text(metric, "type"), types[i].type)) {
            return json_object_get(metric, types[i].member);
        }
    }
    return NULL;
}

/* A quantity as text, whether it is one or a number. The caller frees. */
static char *quantity_text(const json_t *value)
{
    return json_is_integer(value)  ? tg_asprintf("%lld", json_integer_value(value))
           : json_is_string(value) ? tg_strdup(json_string_value(value))
                                   : tg_strdup(UNKNOWN);
}

/* "cpu: 10%/50%", "250m/500m", "3/10 (avg)". The caller frees. */
static char *metric_text(const json_t *metric, const json_t *status)
{
    const json_t *source = source_of(metric);
    const json_t *current = json_object_get(source_of(status), "current");
    const json_t *target = json_object_get(source, "target");
    bool is_resource = strstr(sim_json_text(metric, "type"), "Resource") != NULL;
    bool is_average = json_object_get(target, "averageValue") != NULL;
    char *text;
    if (is_resource && !is_average) {
        const json_t *wanted = json_object_get(target, "averageUtilization");
        const json_t *use = json_object_get(current, "averageUtilization");
        char *percent =
            use == NULL ? tg_strdup(UNKNOWN) : tg_asprintf("%lld%%", json_integer_value(use));
        char *limit = wanted == NULL ? tg_strdup("<auto>")
                                     : tg_asprintf("%lld%%", json_integer_value(wanted));
        text = tg_asprintf("%s: %s/%s", sim_json_text(source, "name"), percent, limit);
        free(percent);
        free(limit);
        return text;
    }
    const char *key = is_average ? "averageValue" : "value";
    char *has = quantity_text(json_object_get(current, key));
    char *wants = quantity_text(json_object_get(target, key));
    bool is_pods = tg_str_eq(sim_json_text(metric, "type"), "Pods");
    text = is_resource ? tg_asprintf("%s: %s/%s", sim_json_text(source, "name"), has, wants)
                       : tg_asprintf("%s/%s%s", has, wants, is_average && !is_pods ? " (avg)" : "");
    free(has);
    free(wants);
    return text;
}

static json_t *cell_targets(const struct sim_column *column, json_t *object, int64_t now_us)
{
    (void)column;
    (void)now_us;
    const json_t *metrics = sim_json_at(object, "spec.metrics");
    const json_t *statuses = sim_json_at(object, "status.currentMetrics");
    size_t count = json_array_size(metrics);
    if (count == 0) {
        return json_string("<none>");
    }
    struct tg_buf buf;
    tg_buf_init(&buf, CELL_MAX);
    for (size_t i = 0; i < count && i < SHOWN_MAX; i++) {
        char *text = metric_text(json_array_get(metrics, i), json_array_get(statuses, i));
        tg_buf_printf(&buf, "%s%s", i == 0 ? "" : ", ", text);
        free(text);
    }
    if (count > SHOWN_MAX) {
        tg_buf_printf(&buf, " + %zu more...", count - SHOWN_MAX);
    }
    json_t *cell = json_string(tg_buf_text(&buf));
    tg_buf_fini(&buf);
    return cell;
}

/* ---- volumes ---- */

/* "RWO,RWX" of a list of access modes. */
static json_t *modes_text(const json_t *modes)
{
    static const char *const names[][2] = {{"ReadWriteOnce", "RWO"},
                                           {"ReadOnlyMany", "ROX"},
                                           {"ReadWriteMany", "RWX"},
                                           {"ReadWriteOncePod", "RWOP"}};
    char text[32] = "";
    for (size_t n = 0; n < sizeof names / sizeof names[0]; n++) {
        for (size_t i = 0; i < json_array_size(modes); i++) {
            if (tg_str_eq(json_string_value(json_array_get(modes, i)), names[n][0])) {
                size_t len = strlen(text);
                snprintf(text + len, sizeof text - len, "%s%s", len == 0 ? "" : ",", names[n][1]);
                break;
            }
        }
    }
    return json_string(text);
}

static json_t *cell_modes(const struct sim_column *column, json_t *object, int64_t now_us)
{
    (void)now_us;
    return modes_text(sim_json_at(object, column->path));
}

static json_t *cell_phase(const struct sim_column *column, json_t *object, int64_t now_us)
{
    (void)now_us;
    bool is_leaving = sim_json_at(object, "metadata.deletionTimestamp") != NULL;
    return json_string(is_leaving ? "Terminating" : sim_json_text(object, column->path));
}

static json_t *cell_claim(const struct sim_column *column, json_t *object, int64_t now_us)
{
    (void)column;
    (void)now_us;
    const char *name = sim_json_text(object, "spec.claimRef.name");
    return name[0] == '\0'
               ? json_string("")
               : json_sprintf("%s/%s", sim_json_text(object, "spec.claimRef.namespace"), name);
}

static json_t *cell_text_or_unset(const struct sim_column *column, json_t *object, int64_t now_us)
{
    (void)now_us;
    const char *text = sim_json_text(object, column->path);
    return json_string(text[0] == '\0' ? "<unset>" : text);
}

/* What a claim has is shown once it has a volume. */
static json_t *cell_claimed(const struct sim_column *column, json_t *object, int64_t now_us)
{
    (void)now_us;
    if (sim_json_text(object, "spec.volumeName")[0] == '\0') {
        return json_string("");
    }
    const json_t *value = sim_json_at(object, column->path);
    return json_is_array(value) ? modes_text(value)
                                : json_string(sim_json_text(object, column->path));
}

static json_t *cell_class_name(const struct sim_column *column, json_t *object, int64_t now_us)
{
    (void)column;
    (void)now_us;
    const char *name = sim_json_text(object, "metadata.name");
    const json_t *mark = json_object_get(sim_json_at(object, "metadata.annotations"),
                                         "storageclass.kubernetes.io/is-default-class");
    bool is_default = tg_str_eq(json_string_value(mark), "true");
    return is_default ? json_sprintf("%s (default)", name) : json_string(name);
}

static json_t *cell_expansion(const struct sim_column *column, json_t *object, int64_t now_us)
{
    (void)now_us;
    return json_boolean(sim_json_is_true(object, column->path));
}

/* ---- kinds ---- */

#define NAME                                                \
    {                                                       \
        "Name", "string", 0, sim_cell_text, "metadata.name" \
    }
#define AGE                                    \
    {                                          \
        "Age", "string", 0, sim_cell_age, NULL \
    }
#define END                       \
    {                             \
        NULL, NULL, 0, NULL, NULL \
    }

static const struct sim_column budgets[] = {
    NAME,
    {"Min Available", "string", 0, cell_int_or_percent, "spec.minAvailable"},
    {"Max Unavailable", "string", 0, cell_int_or_percent, "spec.maxUnavailable"},
    {"Allowed Disruptions", "integer", 0, sim_cell_int, "status.disruptionsAllowed"},
    AGE,
    END,
};

static const struct sim_column autoscalers[] = {
    NAME,
    {"Reference", "string", 0, cell_reference, NULL},
    {"Targets", "string", 0, cell_targets, NULL},
    {"MinPods", "string", 0, cell_least, "spec.minReplicas"},
    {"MaxPods", "string", 0, sim_cell_int, "spec.maxReplicas"},
    {"Replicas", "string", 0, sim_cell_int, "status.currentReplicas"},
    AGE,
    END,
};

static const struct sim_column volumes[] = {
    NAME,
    {"Capacity", "string", 0, sim_cell_text, "spec.capacity.storage"},
    {"Access Modes", "string", 0, cell_modes, "spec.accessModes"},
    {"Reclaim Policy", "string", 0, sim_cell_text, "spec.persistentVolumeReclaimPolicy"},
    {"Status", "string", 0, cell_phase, "status.phase"},
    {"Claim", "string", 0, cell_claim, NULL},
    {"StorageClass", "string", 0, sim_cell_text, "spec.storageClassName"},
    {"VolumeAttributesClass", "string", 0, cell_text_or_unset, "spec.volumeAttributesClassName"},
    {"Reason", "string", 0, sim_cell_text, "status.reason"},
    AGE,
    {"VolumeMode", "string", 1, cell_text_or_unset, "spec.volumeMode"},
    END,
};

static const struct sim_column claims[] = {
    NAME,
    {"Status", "string", 0, cell_phase, "status.phase"},
    {"Volume", "string", 0, sim_cell_text, "spec.volumeName"},
    {"Capacity", "string", 0, cell_claimed, "status.capacity.storage"},
    {"Access Modes", "string", 0, cell_claimed, "status.accessModes"},
    {"StorageClass", "string", 0, sim_cell_text, "spec.storageClassName"},
    {"VolumeAttributesClass", "string", 0, cell_text_or_unset, "spec.volumeAttributesClassName"},
    AGE,
    {"VolumeMode", "string", 1, cell_text_or_unset, "spec.volumeMode"},
    END,
};

static const struct sim_column classes[] = {
    {"Name", "string", 0, cell_class_name, NULL},
    {"Provisioner", "string", 0, sim_cell_text, "provisioner"},
    {"ReclaimPolicy", "string", 0, sim_cell_text, "reclaimPolicy"},
    {"VolumeBindingMode", "string", 0, sim_cell_text, "volumeBindingMode"},
    {"AllowVolumeExpansion", "string", 0, cell_expansion, "allowVolumeExpansion"},
    AGE,
    END,
};

const struct sim_column *sim_columns_of_scaling(const char *plural)
{
    static const struct {
        const char *plural;
        const struct sim_column *columns;
    } tables[] = {
        {"horizontalpodautoscalers", autoscalers},
        {"persistentvolumeclaims", claims},
        {"persistentvolumes", volumes},
        {"poddisruptionbudgets", budgets},
        {"storageclasses", classes},
    };
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        if (tg_str_eq(tables[i].plural, plural)) {
            return tables[i].columns;
        }
    }
    return NULL;
}
