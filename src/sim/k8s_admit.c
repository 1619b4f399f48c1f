/* sim/k8s_admit.c - defaults and validation of written objects. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "sim/k8s_admit.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim/json_path.h"
#include "sim/k8s_status.h"

#define NAME_LEN_MAX      253
#define SERVICE_ADDRESSES 4094u

/* ---- defaults ---- */

static void default_text(json_t *object, const char *key, const char *value)
{
    sim_json_default(object, key, json_string(value));
}

static void default_int(json_t *object, const char *key, int64_t value)
{
    sim_json_default(object, key, json_integer(value));
}

static const char *pull_policy(const char *image)
{
    const char *slash = strrchr(image, '/');
    const char *tag = strchr(slash == NULL ? image : slash, ':');
    bool is_latest = strchr(image, '@') == NULL && (tag == NULL || tg_str_eq(tag, ":latest"));
    return is_latest ? "Always" : "IfNotPresent";
}

static void default_containers(json_t *containers)
{
    size_t i;
    json_t *container;
    json_array_foreach(containers, i, container)
    {
        size_t p;
        json_t *port;
        json_array_foreach(json_object_get(container, "ports"), p, port)
        {
            default_text(port, "protocol", "TCP");
        }
        sim_json_default(container, "resources", json_object());
        default_text(container, "terminationMessagePath", "/dev/termination-log");
        default_text(container, "terminationMessagePolicy", "File");
        default_text(container, "imagePullPolicy", pull_policy(sim_json_text(container, "image")));
    }
}

static void default_pod_spec(json_t *spec, bool is_pod)
{
    if (!json_is_object(spec)) {
        return;
    }
    default_containers(json_object_get(spec, "containers"));
    default_containers(json_object_get(spec, "initContainers"));
    default_text(spec, "restartPolicy", "Always");
    default_int(spec, "terminationGracePeriodSeconds", 30);
    default_text(spec, "dnsPolicy", "ClusterFirst");
    sim_json_default(spec, "securityContext", json_object());
    default_text(spec, "schedulerName", "default-scheduler");
    const char *account = sim_json_text(spec, "serviceAccountName");
    if (account[0] != '\0') {
        default_text(spec, "serviceAccount", account);
    } else if (is_pod) {
        default_text(spec, "serviceAccountName", "default");
        default_text(spec, "serviceAccount", "default");
    }
    if (is_pod) {
        sim_json_default(spec, "enableServiceLinks", json_true());
        default_int(spec, "priority", 0);
        default_text(spec, "preemptionPolicy", "PreemptLowerPriority");
    }
}

static void default_deployment(json_t *spec)
{
    default_int(spec, "replicas", 1);
    default_int(spec, "revisionHistoryLimit", 10);
    default_int(spec, "progressDeadlineSeconds", 600);
    json_t *strategy = sim_json_make_object(spec, "strategy");
    default_text(strategy, "type", "RollingUpdate");
    if (tg_str_eq(sim_json_text(strategy, "type"), "RollingUpdate")) {
        json_t *rolling = sim_json_make_object(strategy, "rollingUpdate");
        default_text(rolling, "maxUnavailable", "25%");
        default_text(rolling, "maxSurge", "25%");
    }
}

/* Addresses of Services lie in the range that GKE gives out by itself; the name decides, so that a
 * Service that is made again has its old address. */
static void default_cluster_ip(json_t *spec, const json_t *object)
{
    char *path = tg_asprintf("%s/%s", sim_json_text(object, "metadata.namespace"),
                             sim_json_text(object, "metadata.name"));
    unsigned host = (unsigned)(tg_hash_str(path) % SERVICE_ADDRESSES) + 1;
    sim_json_default(spec, "clusterIP", json_sprintf("34.118.%u.%u", 224 + host / 256, host % 256));
    free(path);
}

static void default_service(json_t *spec, const json_t *object)
{
    if (!tg_str_eq(sim_json_text(spec, "type"), "ExternalName")) {
        default_cluster_ip(spec, object);
        sim_json_default(spec, "clusterIPs", json_pack("[s]", sim_json_text(spec, "clusterIP")));
        sim_json_default(spec, "ipFamilies", json_pack("[s]", "IPv4"));
        default_text(spec, "ipFamilyPolicy", "SingleStack");
    }
    default_text(spec, "type", "ClusterIP");
    default_text(spec, "sessionAffinity", "None");
    default_text(spec, "internalTrafficPolicy", "Cluster");
    size_t i;
    json_t *port;
    json_array_foreach(json_object_get(spec, "ports"), i, port)
    {
        default_text(port, "protocol", "TCP");
        default_int(port, "targetPort", sim_json_int(port, "port", 0));
    }
}

static void default_definition(json_t *object, json_t *spec)
{
    json_t *names = sim_json_make_object(spec, "names");
    const char *kind = sim_json_text(names, "kind");
    char *singular = tg_strdup(kind);
    for (char *c = singular; *c != '\0'; c++) {
        *c = (char)(*c >= 'A' && *c <= 'Z' ? *c - 'A' + 'a' : *c);
    }
    default_text(names, "singular", singular);
    free(singular);
    sim_json_default(names, "listKind", json_sprintf("%sList", kind));
    sim_json_default(spec, "conversion", json_pack("{s:s}", "strategy", "None"));
    if (sim_json_at(object, "status.storedVersions") != NULL) {
        return;
    }
    json_t *stored = json_array();
    size_t i;
    json_t *version;
    json_array_foreach(json_object_get(spec, "versions"), i, version)
    {
        if (sim_json_is_true(version, "storage")) {
            json_array_append_new(stored, json_string(sim_json_text(version, "name")));
        }
    }
    json_object_set_new(object, "status",
                        json_pack("{s:{s:s, s:s}, s:[], s:o}", "acceptedNames", "kind", "",
                                  "plural", "", "conditions", "storedVersions", stored));
}

static void default_job(json_t *spec)
{
    default_int(spec, "parallelism", 1);
    default_int(spec, "completions", 1);
    default_int(spec, "backoffLimit", 6);
    default_text(spec, "completionMode", "NonIndexed");
    sim_json_default(spec, "suspend", json_false());
}

void sim_k8s_default(const struct sim_resource *resource, json_t *object)
{
    const char *kind = resource->kind;
    json_t *spec = json_object_get(object, "spec");
    if (tg_str_eq(kind, "Secret")) {
        default_text(object, "type", "Opaque");
        size_t len;
        const char *key;
        json_t *value;
        json_t *plain = json_object_get(object, "stringData");
        json_t *data = json_is_object(plain) ? sim_json_make_object(object, "data") : NULL;
        json_object_foreach(plain, key, value)
        {
            len = json_string_length(value);
            char *encoded = tg_base64_encode(len == 0 ? "" : json_string_value(value), len);
            json_object_set_new(data, key, json_string(encoded));
            free(encoded);
        }
        json_object_del(object, "stringData");
    }
    if (!json_is_object(spec)) {
        return;
    }
    if (tg_str_eq(kind, "Pod")) {
        default_pod_spec(spec, true);
    } else if (tg_str_eq(kind, "Service")) {
        default_service(spec, object);
    } else if (resource->is_strategic && sim_json_at(spec, "template.spec") != NULL) {
        default_pod_spec(sim_json_at(spec, "template.spec"), false);
    }
    if (tg_str_eq(kind, "Deployment")) {
        default_deployment(spec);
    } else if (tg_str_eq(kind, "ReplicaSet")) {
        default_int(spec, "replicas", 1);
    } else if (tg_str_eq(kind, "Job")) {
        default_job(spec);
    } else if (tg_str_eq(kind, "CustomResourceDefinition")) {
        default_definition(object, spec);
    }
}

/* ---- refusals ---- */

/* Names of most kinds are DNS subdomains; RBAC kinds only have to be usable in a path. */
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

/* Parts of a spec that stay as they were created. */
static const struct {
    const char *kind;
    const char *path;
} immutable[] = {
    {"DaemonSet", "spec.selector"},
    {"Deployment", "spec.selector"},
    {"Job", "spec.completions"},
    {"Job", "spec.selector"},
    {"Job", "spec.template"},
    {"Pod", "spec.nodeName"},
    {"Pod", "spec.volumes"},
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

static bool check_immutable(const struct sim_resource *resource, const char *name,
                            const json_t *object, const json_t *previous,
                            struct sim_response *response)
{
    for (size_t i = 0; i < TG_COUNT(immutable); i++) {
        const char *path = immutable[i].path;
        bool is_meant = resource->is_strategic && tg_str_eq(immutable[i].kind, resource->kind);
        const json_t *was = sim_json_at(previous, path);
        if (is_meant && was != NULL && !is_same(sim_json_at(object, path), was)) {
            sim_k8s_fail_invalid(response, resource, name, "FieldValueInvalid", path,
                                 "Invalid value: field is immutable");
            return false;
        }
    }
    bool is_locked = sim_json_is_true(previous, "immutable");
    if (is_locked && !is_same(json_object_get(object, "data"), json_object_get(previous, "data"))) {
        sim_k8s_fail_invalid(response, resource, name, "FieldValueForbidden", "data",
                             "Forbidden: field is immutable when `immutable` is set");
        return false;
    }
    return true;
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

static bool check_template(const struct sim_resource *resource, const char *name,
                           const json_t *object, struct sim_response *response)
{
    const json_t *spec =
        sim_json_at(object, tg_str_eq(resource->kind, "Pod") ? "spec" : "spec.template.spec");
    bool has_pods = tg_str_eq(resource->kind, "Pod") || tg_str_eq(resource->group, "apps") ||
                    tg_str_eq(resource->kind, "Job");
    if (!has_pods) {
        return true;
    }
    if (sim_json_count(spec, "containers") == 0) {
        const char *path =
            tg_str_eq(resource->kind, "Pod") ? "spec.containers" : "spec.template.spec.containers";
        sim_k8s_fail_invalid(response, resource, name, "FieldValueRequired", path,
                             "Required value");
        return false;
    }
    if (!tg_str_eq(resource->group, "apps")) {
        return true;
    }
    if (json_object_size(sim_json_at(object, "spec.selector.matchLabels")) == 0 &&
        sim_json_count(object, "spec.selector.matchExpressions") == 0) {
        sim_k8s_fail_invalid(response, resource, name, "FieldValueRequired", "spec.selector",
                             "Required value");
        return false;
    }
    const char *key;
    json_t *value;
    const json_t *labels = sim_json_at(object, "spec.template.metadata.labels");
    json_object_foreach(sim_json_at(object, "spec.selector.matchLabels"), key, value)
    {
        if (!is_same(json_object_get(labels, key), value)) {
            sim_k8s_fail_invalid(response, resource, name, "FieldValueInvalid",
                                 "spec.template.metadata.labels",
                                 "Invalid value: `selector` does not match template `labels`");
            return false;
        }
    }
    return true;
}

bool sim_k8s_validate(const struct sim_resource *resource, const json_t *object,
                      const json_t *previous, struct sim_response *response)
{
    const char *name = sim_json_text(object, "metadata.name");
    if (!is_good_name(resource, name)) {
        sim_k8s_fail_invalid(
            response, resource, name, name[0] == '\0' ? "FieldValueRequired" : "FieldValueInvalid",
            "metadata.name",
            name[0] == '\0'
                ? "Required value: name or generateName is required"
                : "Invalid value: a lowercase RFC 1123 subdomain must consist of lower case "
                  "alphanumeric characters, '-' or '.', and must start and end with an "
                  "alphanumeric character");
        return false;
    }
    const json_t *replicas = sim_json_at(object, "spec.replicas");
    if (resource->has_scale && replicas != NULL &&
        (!json_is_integer(replicas) || json_integer_value(replicas) < 0)) {
        sim_k8s_fail_invalid(response, resource, name, "FieldValueInvalid", "spec.replicas",
                             "Invalid value: must be greater than or equal to 0");
        return false;
    }
    if (!check_definition(resource, name, object, response) ||
        !check_template(resource, name, object, response)) {
        return false;
    }
    return previous == NULL || check_immutable(resource, name, object, previous, response);
}
