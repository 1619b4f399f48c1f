/* sim/k8s_options.c - options of lists, watches and writes, refused in a real server's words. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "sim/k8s_options.h"

#include <stdlib.h>

#include "base/assert.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim/json_path.h"
#include "sim/k8s_status.h"
#include "sim/query.h"

#define GROUP "meta.k8s.io"

static void add(json_t *causes, const char *reason, const char *field, const char *message)
{
    json_array_append_new(causes, sim_k8s_cause(reason, field, message));
}

static void forbid(json_t *causes, const char *field, const char *message)
{
    char *whole = tg_asprintf("Forbidden: %s", message);
    add(causes, "FieldValueForbidden", field, whole);
    free(whole);
}

/* value as JSON has it. */
static void unsupported(json_t *causes, const char *field, const char *value, const char *supported)
{
    char *whole = tg_asprintf("Unsupported value: %s: supported values: %s", value, supported);
    add(causes, "FieldValueNotSupported", field, whole);
    free(whole);
}

/* Answers when there are causes (stolen). */
static bool passed(struct sim_response *response, const char *kind, json_t *causes)
{
    if (json_array_size(causes) == 0) {
        json_decref(causes);
        return true;
    }
    sim_k8s_fail_causes(response, GROUP, kind, "", causes);
    return false;
}

char *sim_k8s_bad_version(const char *text)
{
    return tg_asprintf("resourceVersion: Invalid value: \"%s\": strconv.ParseUint: parsing \"%s\": "
                       "invalid syntax",
                       text, text);
}

static void check_list(const json_t *query, json_t *causes)
{
    const char *match = sim_query_text(query, "resourceVersionMatch");
    const char *version = sim_query_text(query, "resourceVersion");
    bool is_exact = tg_str_eq(match, "Exact");
    if (match[0] != '\0') {
        if (version[0] == '\0') {
            forbid(causes, "resourceVersionMatch",
                   "resourceVersionMatch is forbidden unless resourceVersion is provided");
        }
        if (sim_query_text(query, "continue")[0] != '\0') {
            forbid(causes, "resourceVersionMatch",
                   "resourceVersionMatch is forbidden when continue is provided");
        }
        if (!is_exact && !tg_str_eq(match, "NotOlderThan")) {
            char *value = tg_asprintf("\"%s\"", match);
            unsupported(causes, "resourceVersionMatch", value, "\"Exact\", \"NotOlderThan\", \"\"");
            free(value);
        }
        if (is_exact && tg_str_eq(version, "0")) {
            forbid(causes, "resourceVersionMatch",
                   "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"");
        }
    }
    if (sim_query_text(query, "sendInitialEvents")[0] != '\0') {
        forbid(causes, "sendInitialEvents", "sendInitialEvents is forbidden for list");
    }
}

static void check_watch(const json_t *query, json_t *causes)
{
    const char *match = sim_query_text(query, "resourceVersionMatch");
    bool is_match = tg_str_eq(match, "NotOlderThan");
    bool is_initial = sim_query_text(query, "sendInitialEvents")[0] != '\0';
    if (is_initial && !is_match) {
        forbid(causes, "resourceVersionMatch",
               "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan");
    }
    if (!is_initial && match[0] != '\0') {
        forbid(causes, "resourceVersionMatch",
               "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided");
    }
    if (is_initial && match[0] != '\0' && !is_match) {
        char *value = tg_asprintf("\"%s\"", match);
        unsupported(causes, "resourceVersionMatch", value, "\"NotOlderThan\"");
        free(value);
    }
}

bool sim_k8s_check_list_options(const json_t *query, bool is_watch, int64_t *version,
                                struct sim_response *response)
{
    const char *limit = sim_query_text(query, "limit");
    int64_t number;
    *version = 0;
    if (limit[0] != '\0' && !tg_str_to_int64(limit, INT64_MIN, INT64_MAX, &number)) {
        sim_k8s_fail(response, 400, NULL, "strconv.ParseInt: parsing \"%s\": invalid syntax",
                     limit);
        return false;
    }
    json_t *causes = json_array();
    if (is_watch) {
        check_watch(query, causes);
    } else {
        check_list(query, causes);
    }
    if (!passed(response, "ListOptions", causes)) {
        return false;
    }
    const char *text = sim_query_text(query, "resourceVersion");
    if (text[0] != '\0' && !tg_str_to_int64(text, 0, INT64_MAX, version)) {
        char *bad = sim_k8s_bad_version(text);
        if (is_watch) {
            sim_k8s_fail(response, 500, "", "%s", bad);
        } else {
            sim_k8s_fail(response, 400, NULL, "invalid resource version: %s", bad);
        }
        free(bad);
        return false;
    }
    if (!is_watch && *version > 0 && sim_query_text(query, "continue")[0] != '\0') {
        sim_k8s_fail(response, 400, NULL,
                     "specifying resource version is not allowed when using continue");
        return false;
    }
    return true;
}

static const char *options_kind(const char *method)
{
    static const struct {
        const char *method;
        const char *kind;
    } kinds[] = {{"POST", "CreateOptions"}, {"PUT", "UpdateOptions"}, {"PATCH", "PatchOptions"}};
    for (size_t i = 0; i < TG_COUNT(kinds); i++) {
        if (tg_str_eq(kinds[i].method, method)) {
            return kinds[i].kind;
        }
    }
    return "DeleteOptions";
}

static void check_dry_run(const json_t *query, const json_t *body, json_t *causes)
{
    json_t *values = json_array();
    const char *asked = sim_query_text(query, "dryRun");
    json_t *given = json_object_get(body, "dryRun");
    if (json_is_array(given)) {
        json_array_extend(values, given);
    } else if (asked[0] != '\0') {
        json_array_append_new(values, json_string(asked));
    }
    bool is_good = true;
    for (size_t i = 0; i < json_array_size(values); i++) {
        is_good = is_good && tg_str_eq(json_string_value(json_array_get(values, i)), "All");
    }
    if (!is_good) {
        char *shown = json_dumps(values, JSON_COMPACT);
        unsupported(causes, "dryRun", shown, "\"All\"");
        free(shown);
    }
    json_decref(values);
}

static void check_propagation(const json_t *query, const json_t *body, json_t *causes)
{
    static const char *const known[] = {"", "Foreground", "Background", "Orphan"};
    const char *given = sim_json_text(body, "propagationPolicy");
    const char *policy = given[0] != '\0' ? given : sim_query_text(query, "propagationPolicy");
    bool is_known = false;
    for (size_t i = 0; i < TG_COUNT(known); i++) {
        is_known = is_known || tg_str_eq(policy, known[i]);
    }
    bool has_orphan = json_object_get(body, "orphanDependents") != NULL ||
                      sim_query_text(query, "orphanDependents")[0] != '\0';
    if (has_orphan && policy[0] != '\0') {
        json_t *value = json_string(policy);
        json_array_append_new(causes,
                              sim_k8s_cause_value("propagationPolicy", value,
                                                  "orphanDependents and "
                                                  "deletionPropagation cannot be both set"));
        json_decref(value);
    } else if (!is_known) {
        char *value = tg_asprintf("\"%s\"", policy);
        unsupported(causes, "propagationPolicy", value,
                    "\"Foreground\", \"Background\", \"Orphan\", \"nil\"");
        free(value);
    }
}

bool sim_k8s_check_write_options(const json_t *query, const char *method, const json_t *body,
                                 bool is_apply, struct sim_response *response)
{
    json_t *causes = json_array();
    bool is_patch = tg_str_eq(method, "PATCH");
    if (is_apply && sim_query_text(query, "fieldManager")[0] == '\0') {
        add(causes, "FieldValueRequired", "fieldManager",
            "Required value: is required for apply patch");
    }
    if (is_patch && !is_apply && json_object_get(query, "force") != NULL) {
        forbid(causes, "force", "may not be specified for non-apply patch");
    }
    if (tg_str_eq(method, "DELETE")) {
        check_propagation(query, body, causes);
    }
    check_dry_run(query, body, causes);
    return passed(response, options_kind(method), causes);
}
