/* sim/k8s_admit.c - validation of written objects. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "sim/k8s_admit.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim/json_path.h"
#include "sim/k8s_admit_scaling.h"
#include "sim/k8s_status.h"

#define NAME_LEN_MAX  253
#define LABEL_LEN_MAX 63

/* Names of most kinds are DNS subdomains; RBAC kinds only have to be usable in a path. */
#define PORT_MAX  65535
#define PORT_RULE "must be between 1 and 65535, inclusive"
#define NAME_RULE                                                                                 \
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or "  \
    "'.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used " \
    "for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
#define VALUE_RULE                                                                                 \
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or "    \
    "'.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value', " \
    " "                                                                                            \
    "or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
#define KEY_RULE                                                                                   \
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end "  \
    "with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for " \
    "validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
#define POD_RULE                                                                                   \
    "Forbidden: pod updates may not change fields other than `spec.containers[*].image`,"          \
    "`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only "        \
    "additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set " \
    "to 1 if it was previously negative)"

/* ---- names and labels ---- */

static bool is_good_name(const struct sim_resource *resource, const char *name)
{
    size_t len = strlen(name);
    if (tg_str_eq(resource->group, "rbac.authorization.k8s.io")) {
        return len > 0 && strpbrk(name, "/%") == NULL;
    }
    if (len == 0 || len > NAME_LEN_MAX ||
        strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-.") != len) {
        return false;
    }
    return name[0] != '-' && name[0] != '.' && name[len - 1] != '-' && name[len - 1] != '.';
}

static bool is_alphanumeric(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool sim_k8s_is_label(const char *text)
{
    size_t len = strlen(text);
    for (size_t i = 0; i < len; i++) {
        if (!is_alphanumeric(text[i]) && (strchr("-_.", text[i]) == NULL)) {
            return false;
        }
    }
    return len == 0 ||
           (len <= LABEL_LEN_MAX && is_alphanumeric(text[0]) && is_alphanumeric(text[len - 1]));
}

const char *sim_k8s_label_rule(bool is_key)
{
    return is_key ? KEY_RULE : VALUE_RULE;
}

bool sim_k8s_is_label_key(const char *key)
{
    const char *slash = strchr(key, '/');
    const char *name = slash == NULL ? key : slash + 1;
    return name[0] != '\0' && sim_k8s_is_label(name);
}

/* Adds a FieldValueInvalid that tells the text. */
static void add_invalid(json_t *causes, const char *field, const char *text, const char *rule)
{
    json_t *value = json_string(text);
    json_array_append_new(causes, sim_k8s_cause_value(field, value, rule));
    json_decref(value);
}

static void add_required(json_t *causes, const char *field)
{
    json_array_append_new(causes, sim_k8s_cause("FieldValueRequired", field, "Required value"));
}

static void check_labels(const json_t *labels, const char *field, json_t *causes)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)labels, key, value)
    {
        const char *text = json_string_value(value);
        if (!sim_k8s_is_label_key(key)) {
            add_invalid(causes, field, key, KEY_RULE);
        }
        if (text != NULL && !sim_k8s_is_label(text)) {
            add_invalid(causes, field, text, VALUE_RULE);
        }
    }
}

/* ---- changes ---- */

/* Parts that stay as they were created. */
static const struct {
    const char *kind;
    const char *path;
} immutable[] = {
    {"DaemonSet", "spec.selector"},
    {"Deployment", "spec.selector"},
    {"Job", "spec.completions"},
    {"Job", "spec.selector"},
    {"Job", "spec.template"},
    {"ReplicaSet", "spec.selector"},
    {"ResourceClaim", "spec"},
    {"ResourceClaimTemplate", "spec"},
    {"Secret", "type"},
    {"Service", "spec.clusterIP"},
};

static bool is_same(const json_t *a, const json_t *b)
{
    return (a == NULL && b == NULL) || (a != NULL && b != NULL && json_equal(a, b));
}

/* A Pod's spec without what may change of it. New reference. */
static json_t *fixed_spec(const json_t *pod)
{
    static const char *const lists[] = {"containers", "initContainers"};
    static const char *const free_members[] = {"activeDeadlineSeconds", "tolerations"};
    json_t *spec = json_deep_copy(json_object_get(pod, "spec"));
    for (size_t i = 0; i < TG_COUNT(free_members); i++) {
        json_object_del(spec, free_members[i]);
    }
    for (size_t l = 0; l < TG_COUNT(lists); l++) {
        size_t i;
        json_t *container;
        json_array_foreach(json_object_get(spec, lists[l]), i, container)
        {
            json_object_del(container, "image");
        }
    }
    return spec;
}

static void check_pod_change(const json_t *object, const json_t *previous, json_t *causes)
{
    json_t *next = fixed_spec(object);
    json_t *was = fixed_spec(previous);
    if (!is_same(next, was)) {
        json_array_append_new(causes, sim_k8s_cause("FieldValueForbidden", "spec", POD_RULE));
    }
    json_decref(next);
    json_decref(was);
}

static bool has_text(const json_t *list, const char *text)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        if (tg_str_eq(json_string_value(json_array_get(list, i)), text)) {
            return true;
        }
    }
    return false;
}

/* What is being deleted waits for nobody new. */
static void check_finalizers(const json_t *object, const json_t *previous, json_t *causes)
{
    const json_t *was = sim_json_at(previous, "metadata.finalizers");
    size_t i;
    json_t *item;
    if (sim_json_at(previous, "metadata.deletionTimestamp") == NULL) {
        return;
    }
    json_array_foreach(sim_json_at(object, "metadata.finalizers"), i, item)
    {
        const char *text = json_string_value(item);
        if (text != NULL && !has_text(was, text)) {
            char *message =
                tg_asprintf("Forbidden: no new finalizers can be added if the object is "
                            "being deleted, found new finalizers []string{\"%s\"}",
                            text);
            json_array_append_new(
                causes, sim_k8s_cause("FieldValueForbidden", "metadata.finalizers", message));
            free(message);
        }
    }
}

static void check_change(const struct sim_resource *resource, const json_t *object,
                         const json_t *previous, json_t *causes)
{
    for (size_t i = 0; i < TG_COUNT(immutable); i++) {
        const char *path = immutable[i].path;
        bool is_meant = resource->is_strategic && tg_str_eq(immutable[i].kind, resource->kind);
        const json_t *was = sim_json_at(previous, path);
        const json_t *next = sim_json_at(object, path);
        if (is_meant && was != NULL && !is_same(next, was)) {
            json_array_append_new(causes, sim_k8s_cause_value(path, next, "field is immutable"));
        }
    }
    if (resource->is_strategic && tg_str_eq(resource->kind, "Pod")) {
        check_pod_change(object, previous, causes);
    }
    check_finalizers(object, previous, causes);
    bool is_locked = sim_json_is_true(previous, "immutable");
    if (is_locked && !is_same(json_object_get(object, "data"), json_object_get(previous, "data"))) {
        json_array_append_new(
            causes, sim_k8s_cause("FieldValueForbidden", "data",
                                  "Forbidden: field is immutable when `immutable` is set"));
    }
}

static bool check_definition(const struct sim_resource *resource, const char *name,
                             const json_t *object, struct sim_response *response)
{
    if (!tg_str_eq(resource->kind, "CustomResourceDefinition")) {
        return true;
    }
    char *expected = tg_asprintf("%s.%s", sim_json_text(object, "spec.names.plural"),
                                 sim_json_text(object, "spec.group"));
    bool is_named = tg_str_eq(expected, name);
    free(expected);
    if (!is_named) {
        char *message =
            tg_asprintf("Invalid value: \"%s\": must be spec.names.plural+\".\"+spec.group", name);
        sim_k8s_fail_invalid(response, resource, name, "FieldValueInvalid", "metadata.name",
                             message);
        free(message);
        return false;
    }
    size_t stored = 0;
    size_t i;
    json_t *version;
    json_array_foreach(sim_json_at(object, "spec.versions"), i, version)
    {
        stored += sim_json_is_true(version, "storage") ? 1 : 0;
        if (sim_json_at(version, "schema.openAPIV3Schema") == NULL) {
            char *field = tg_asprintf("spec.versions[%zu].schema.openAPIV3Schema", i);
            sim_k8s_fail_invalid(response, resource, name, "FieldValueRequired", field,
                                 "Required value: schemas are required");
            free(field);
            return false;
        }
    }
    if (stored != 1) {
        sim_k8s_fail_invalid(response, resource, name, "FieldValueInvalid", "spec.versions",
                             "Invalid value: must have exactly one version marked as storage "
                             "version");
    }
    return stored == 1;
}

/* ---- Pods, their templates and Services ---- */

static void check_container_ports(const json_t *container, const char *path, json_t *causes)
{
    size_t i;
    json_t *port;
    json_array_foreach(json_object_get(container, "ports"), i, port)
    {
        if (sim_json_int(port, "containerPort", 0) == 0) {
            char *field = tg_asprintf("%s.ports[%zu].containerPort", path, i);
            add_required(causes, field);
            free(field);
        }
    }
}

static void check_containers(const json_t *spec, const char *path, json_t *causes)
{
    static const char *const lists[] = {"initContainers", "containers"};
    for (size_t l = 0; l < TG_COUNT(lists); l++) {
        size_t i;
        json_t *container;
        json_array_foreach(json_object_get(spec, lists[l]), i, container)
        {
            static const char *const needed[] = {"name", "image"};
            for (size_t n = 0; n < TG_COUNT(needed); n++) {
                if (sim_json_text(container, needed[n])[0] == '\0') {
                    char *field = tg_asprintf("%s.%s[%zu].%s", path, lists[l], i, needed[n]);
                    add_required(causes, field);
                    free(field);
                }
            }
            char *below = tg_asprintf("%s.%s[%zu]", path, lists[l], i);
            check_container_ports(container, below, causes);
            free(below);
        }
    }
    if (sim_json_count(spec, "containers") == 0) {
        char *field = tg_asprintf("%s.containers", path);
        add_required(causes, field);
        free(field);
    }
}

static void check_selector(const json_t *object, json_t *causes)
{
    const json_t *selector = sim_json_at(object, "spec.selector");
    json_t *labels = sim_json_at(object, "spec.template.metadata.labels");
    bool is_empty = json_object_size(json_object_get(selector, "matchLabels")) == 0 &&
                    sim_json_count(selector, "matchExpressions") == 0;
    if (is_empty) {
        add_required(causes, "spec.selector");
    }
    bool is_match = !is_empty;
    const char *key;
    json_t *value;
    json_object_foreach(json_object_get(selector, "matchLabels"), key, value)
    {
        is_match = is_match && is_same(json_object_get(labels, key), value);
    }
    if (!is_match) {
        json_array_append_new(causes, sim_k8s_cause_value("spec.template.metadata.labels", labels,
                                                          "`selector` does not match template "
                                                          "`labels`"));
    }
}

static void check_port(const json_t *port, size_t index, const char *member, json_t *causes)
{
    const json_t *value = json_object_get(port, member);
    int64_t number = json_integer_value(value);
    if ((value == NULL || json_is_integer(value)) && (number < 1 || number > PORT_MAX)) {
        char field[64];
        json_t *shown = json_integer((json_int_t)number);
        snprintf(field, sizeof field, "spec.ports[%zu].%s", index, member);
        json_array_append_new(causes, sim_k8s_cause_value(field, shown, PORT_RULE));
        json_decref(shown);
    }
}

static void check_service(const json_t *object, json_t *causes)
{
    const json_t *ports = sim_json_at(object, "spec.ports");
    size_t i;
    json_t *port;
    json_array_foreach(ports, i, port)
    {
        char field[64];
        snprintf(field, sizeof field, "spec.ports[%zu].name", i);
        if (json_array_size(ports) > 1 && sim_json_text(port, "name")[0] == '\0') {
            add_required(causes, field);
        }
        check_port(port, i, "port", causes);
        check_port(port, i, "targetPort", causes);
    }
}

static void check_pods(const struct sim_resource *resource, const json_t *object, json_t *causes)
{
    if (!resource->is_strategic) {
        return;
    }
    if (tg_str_eq(resource->kind, "Pod")) {
        check_containers(json_object_get(object, "spec"), "spec", causes);
        return;
    }
    if (tg_str_eq(resource->kind, "Service") && resource->group[0] == '\0') {
        check_service(object, causes);
        return;
    }
    bool is_set = tg_str_eq(resource->group, "apps");
    if (is_set) {
        check_selector(object, causes);
    }
    if (is_set || tg_str_eq(resource->kind, "Job")) {
        check_labels(sim_json_at(object, "spec.template.metadata.labels"),
                     "spec.template.metadata.labels", causes);
        check_containers(sim_json_at(object, "spec.template.spec"), "spec.template.spec", causes);
    }
}

bool sim_k8s_validate(const struct sim_resource *resource, const json_t *object,
                      const json_t *previous, struct sim_response *response)
{
    const char *name = sim_json_text(object, "metadata.name");
    if (!check_definition(resource, name, object, response)) {
        return false;
    }
    json_t *causes = json_array();
    if (name[0] == '\0') {
        json_array_append_new(causes, sim_k8s_cause("FieldValueRequired", "metadata.name",
                                                    "Required value: name or generateName is "
                                                    "required"));
    } else if (!is_good_name(resource, name)) {
        add_invalid(causes, "metadata.name", name, NAME_RULE);
    }
    check_labels(sim_json_at(object, "metadata.labels"), "metadata.labels", causes);
    const json_t *replicas = sim_json_at(object, "spec.replicas");
    if (resource->has_scale && json_integer_value(replicas) < 0) {
        json_array_append_new(causes, sim_k8s_cause_value("spec.replicas", replicas,
                                                          "must be greater than or equal to 0"));
    }
    check_pods(resource, object, causes);
    sim_k8s_check_scaling(resource, object, previous, causes);
    if (previous != NULL) {
        check_change(resource, object, previous, causes);
    }
    if (json_array_size(causes) == 0) {
        json_decref(causes);
        return true;
    }
    sim_k8s_fail_causes(response, resource->group, resource->kind, name, causes);
    return false;
}
