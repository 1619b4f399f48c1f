/* tests/unit/sim/test_table.c - what kubectl's tables say. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <criterion/criterion.h>
#include <string.h>

#include "sim/json_path.h"
#include "sim/k8s_table.h"

#define NOW_US INT64_C(1767225660000000) /* 2026-01-01T00:01:00Z */

/* Cells that are shown without -o wide, joined by bars. */
static void check_row(const char *plural, const char *object_text, const char *wanted)
{
    json_error_t error;
    json_t *object = json_loads(object_text, 0, &error);
    cr_assert_not_null(object, "%s", error.text);
    const struct sim_resource *resource = sim_resource_by_plural(plural);
    json_t *row = sim_table_row(resource, object, SIM_ENCODING_TABLE, NOW_US);
    json_t *cells = json_object_get(row, "cells");
    const struct sim_column *columns = sim_columns_of(resource);
    char text[512] = "";
    size_t used = 0;
    for (size_t i = 0; columns[i].name != NULL; i++) {
        char *cell = json_dumps(json_array_get(cells, i), JSON_ENCODE_ANY);
        if (columns[i].priority == 0) {
            used += (size_t)snprintf(text + used, sizeof text - used, "%s|", cell);
        }
        free(cell);
    }
    cr_assert_str_eq(text, wanted);
    cr_assert_str_eq(sim_json_text(row, "object.kind"), "PartialObjectMetadata");
    json_decref(row);
    json_decref(object);
}

#define METADATA "\"metadata\":{\"name\":\"n\",\"creationTimestamp\":\"2026-01-01T00:00:00Z\""

Test(table, pod_with_sidecar_counts_both)
{
    check_row(
        "pods",
        "{" METADATA "},\"spec\":{\"initContainers\":[{\"name\":\"s\",\"restartPolicy\":"
        "\"Always\"}],\"containers\":[{\"name\":\"c\"}]},\"status\":{\"phase\":\"Running\","
        "\"initContainerStatuses\":[{\"name\":\"s\",\"started\":true,\"ready\":true,\"state\":{"
        "\"running\":{}}}],\"containerStatuses\":[{\"name\":\"c\",\"ready\":true,"
        "\"restartCount\":2,\"state\":{\"running\":{}},\"lastState\":{\"terminated\":{"
        "\"finishedAt\":\"2026-01-01T00:00:30Z\"}}}]}}",
        "\"n\"|\"2/2\"|\"Running\"|\"2 (30s ago)\"|\"60s\"|");
}

Test(table, pod_words)
{
    check_row(
        "pods",
        "{" METADATA "},\"spec\":{\"initContainers\":[{\"name\":\"s\"},{\"name\":\"t\"}],"
        "\"containers\":[{\"name\":\"c\"}]},\"status\":{\"phase\":\"Pending\","
        "\"initContainerStatuses\":[{\"name\":\"s\",\"state\":{\"terminated\":{\"exitCode\":0}}},"
        "{\"name\":\"t\",\"state\":{\"waiting\":{\"reason\":\"PodInitializing\"}}}]}}",
        "\"n\"|\"0/1\"|\"Init:1/2\"|\"0\"|\"60s\"|");
    check_row(
        "pods",
        "{" METADATA "},\"spec\":{\"containers\":[{\"name\":\"c\"}]},\"status\":{\"phase\":"
        "\"Running\",\"containerStatuses\":[{\"name\":\"c\",\"state\":{\"waiting\":{\"reason\":"
        "\"CrashLoopBackOff\"}}}]}}",
        "\"n\"|\"0/1\"|\"CrashLoopBackOff\"|\"0\"|\"60s\"|");
    check_row("pods",
              "{" METADATA ",\"deletionTimestamp\":\"2026-01-01T00:02:00Z\"},\"spec\":{"
              "\"containers\":[{\"name\":\"c\"}]},\"status\":{\"phase\":\"Running\"}}",
              "\"n\"|\"0/1\"|\"Terminating\"|\"0\"|\"60s\"|");
}

Test(table, a_pod_that_is_over_keeps_its_end_while_it_is_deleted)
{
    check_row("pods",
              "{" METADATA ",\"deletionTimestamp\":\"2026-01-01T00:02:00Z\"},\"spec\":{"
              "\"containers\":[{\"name\":\"c\"}]},\"status\":{\"phase\":\"Failed\","
              "\"reason\":\"Evicted\"}}",
              "\"n\"|\"0/1\"|\"Evicted\"|\"0\"|\"60s\"|");
}

Test(table, restarts_are_those_of_init_containers_until_it_is_initialized)
{
    check_row("pods",
              "{" METADATA "},\"spec\":{\"initContainers\":[{\"name\":\"i\"}],\"containers\":["
              "{\"name\":\"c\"}]},\"status\":{\"phase\":\"Pending\",\"initContainerStatuses\":["
              "{\"name\":\"i\",\"restartCount\":4,\"state\":{\"waiting\":{\"reason\":"
              "\"CrashLoopBackOff\"}}}],\"containerStatuses\":[{\"name\":\"c\",\"restartCount\":1,"
              "\"ready\":true,\"state\":{\"waiting\":{\"reason\":\"PodInitializing\"}}}]}}",
              "\"n\"|\"0/1\"|\"Init:CrashLoopBackOff\"|\"4\"|\"60s\"|");
}

Test(table, workloads_and_nodes)
{
    check_row("deployments",
              "{" METADATA "},\"spec\":{\"replicas\":3},\"status\":{\"readyReplicas\":1,"
              "\"updatedReplicas\":2,\"availableReplicas\":1}}",
              "\"n\"|\"1/3\"|2|1|\"60s\"|");
    check_row(
        "nodes",
        "{" METADATA "},\"spec\":{\"unschedulable\":true},\"status\":{\"nodeInfo\":{"
        "\"kubeletVersion\":\"v1\"},\"conditions\":[{\"type\":\"Ready\",\"status\":\"True\"}]}}",
        "\"n\"|\"Ready,SchedulingDisabled\"|\"<none>\"|\"60s\"|\"v1\"|");
    check_row("resourceclaims",
              "{" METADATA "},\"status\":{\"allocation\":{},\"reservedFor\":[{}]}}",
              "\"n\"|\"allocated,reserved\"|\"60s\"|");
    check_row("services",
              "{" METADATA
              "},\"spec\":{\"type\":\"ClusterIP\",\"ports\":[{\"port\":80},{\"port\":53,"
              "\"protocol\":\"UDP\"}]}}",
              "\"n\"|\"ClusterIP\"|\"<none>\"|\"<none>\"|\"80/TCP,53/UDP\"|\"60s\"|");
}

Test(table, every_kind_has_columns_and_survives_an_empty_object)
{
    for (const struct sim_resource *r = sim_resources; r->plural != NULL; r++) {
        json_t *object = json_pack("{s:{}}", "metadata");
        json_t *definitions = sim_table_definitions(r);
        json_t *row = sim_table_row(r, object, SIM_ENCODING_TABLE_BARE, NOW_US);
        cr_assert_eq(json_array_size(definitions), json_array_size(json_object_get(row, "cells")));
        cr_assert_geq(json_array_size(definitions), 2, "%s", r->plural);
        cr_assert_null(json_object_get(row, "object"));
        json_decref(row);
        json_decref(definitions);
        json_decref(object);
    }
}
