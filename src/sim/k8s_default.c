/* sim/k8s_default.c - what an API server writes into fields that were left out. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim/json_path.h"
#include "sim/k8s_admit.h"
#include "sim/k8s_admit_scaling.h"

#define SERVICE_ADDRESSES 4094u
#define NODE_PORTS        2768u
#define FILE_MODE         0644

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

static void default_probe(json_t *probe)
{
    if (!json_is_object(probe)) {
        return;
    }
    json_t *http = json_object_get(probe, "httpGet");
    if (json_is_object(http)) {
        default_text(http, "path", "/");
        default_text(http, "scheme", "HTTP");
    }
    json_t *grpc = json_object_get(probe, "grpc");
    if (json_is_object(grpc)) {
        default_text(grpc, "service", "");
    }
    default_int(probe, "timeoutSeconds", 1);
    default_int(probe, "periodSeconds", 10);
    default_int(probe, "successThreshold", 1);
    default_int(probe, "failureThreshold", 3);
}

/* Amounts are texts, however they were written. */
static void default_amounts(json_t *amounts)
{
    void *next;
    const char *key;
    json_t *value;
    json_object_foreach_safe(amounts, next, key, value)
    {
        if (json_is_integer(value)) {
            json_object_set_new(amounts, key, json_sprintf("%lld", json_integer_value(value)));
        }
    }
}

/* In a Pod (not in a template) what is limited and not requested is requested. */
static void default_resources(json_t *resources, bool is_pod)
{
    json_t *limits = json_object_get(resources, "limits");
    default_amounts(limits);
    default_amounts(json_object_get(resources, "requests"));
    if (!is_pod || json_object_size(limits) == 0) {
        return;
    }
    json_t *requests = sim_json_make_object(resources, "requests");
    const char *key;
    json_t *value;
    json_object_foreach(limits, key, value)
    {
        if (json_object_get(requests, key) == NULL) {
            json_object_set(requests, key, value);
        }
    }
}

static void default_environment(json_t *variables)
{
    size_t i;
    json_t *variable;
    json_array_foreach(variables, i, variable)
    {
        json_t *field = sim_json_at(variable, "valueFrom.fieldRef");
        if (json_is_object(field)) {
            default_text(field, "apiVersion", "v1");
        }
    }
}

void sim_k8s_default_containers(json_t *containers, bool is_pod)
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
        default_environment(json_object_get(container, "env"));
        sim_json_default(container, "resources", json_object());
        default_resources(json_object_get(container, "resources"), is_pod);
        default_probe(json_object_get(container, "livenessProbe"));
        default_probe(json_object_get(container, "readinessProbe"));
        default_probe(json_object_get(container, "startupProbe"));
        default_text(container, "terminationMessagePath", "/dev/termination-log");
        default_text(container, "terminationMessagePolicy", "File");
        default_text(container, "imagePullPolicy", pull_policy(sim_json_text(container, "image")));
    }
}

static void default_files(json_t *files)
{
    size_t i;
    json_t *file;
    json_array_foreach(files, i, file)
    {
        json_t *field = json_object_get(file, "fieldRef");
        if (json_is_object(field)) {
            default_text(field, "apiVersion", "v1");
        }
    }
}

static void default_sources(json_t *sources)
{
    size_t i;
    json_t *source;
    json_array_foreach(sources, i, source)
    {
        json_t *token = json_object_get(source, "serviceAccountToken");
        if (json_is_object(token)) {
            default_int(token, "expirationSeconds", 3600);
        }
        default_files(sim_json_at(source, "downwardAPI.items"));
    }
}

static void default_volumes(json_t *volumes)
{
    static const char *const with_mode[] = {"configMap", "downwardAPI", "projected", "secret"};
    size_t i;
    json_t *volume;
    json_array_foreach(volumes, i, volume)
    {
        if (json_is_object(volume) && json_object_size(volume) == 1) {
            json_object_set_new(volume, "emptyDir", json_object()); /* a name and no source */
        }
        for (size_t s = 0; s < TG_COUNT(with_mode); s++) {
            json_t *source = json_object_get(volume, with_mode[s]);
            if (json_is_object(source)) {
                default_int(source, "defaultMode", FILE_MODE);
            }
        }
        default_sources(sim_json_at(volume, "projected.sources"));
        default_files(sim_json_at(volume, "downwardAPI.items"));
        json_t *path = json_object_get(volume, "hostPath");
        if (json_is_object(path)) {
            default_text(path, "type", "");
        }
    }
}

static void default_pod_spec(json_t *spec, bool is_pod)
{
    if (!json_is_object(spec)) {
        return;
    }
    sim_k8s_default_containers(json_object_get(spec, "containers"), is_pod);
    sim_k8s_default_containers(json_object_get(spec, "initContainers"), is_pod);
    default_volumes(json_object_get(spec, "volumes"));
    default_text(spec, "restartPolicy", "Always");
    default_int(spec, "terminationGracePeriodSeconds", 30);
    default_text(spec, "dnsPolicy", "ClusterFirst");
    sim_json_default(spec, "securityContext", json_object());
    default_text(spec, "schedulerName", "default-scheduler");
    const char *account = sim_json_text(spec, "serviceAccountName");
    if (account[0] != '\0') {
        default_text(spec, "serviceAccount", account);
    }
    if (is_pod) {
        sim_json_default(spec, "enableServiceLinks", json_true());
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

/* A port of every node for each port of a Service that is seen from outside. */
static void default_node_ports(json_t *spec)
{
    size_t i;
    json_t *port;
    json_array_foreach(json_object_get(spec, "ports"), i, port)
    {
        char *key = tg_asprintf("%s/%zu/%lld", sim_json_text(spec, "clusterIP"), i,
                                (long long)sim_json_int(port, "port", 0));
        default_int(port, "nodePort", 30000 + (int64_t)(tg_hash_str(key) % NODE_PORTS));
        free(key);
    }
}

static void default_service(json_t *spec, const json_t *object)
{
    default_text(spec, "type", "ClusterIP");
    const char *type = sim_json_text(spec, "type");
    default_text(spec, "sessionAffinity", "None");
    if (!tg_str_eq(type, "ExternalName")) {
        default_cluster_ip(spec, object);
        sim_json_default(spec, "clusterIPs", json_pack("[s]", sim_json_text(spec, "clusterIP")));
        sim_json_default(spec, "ipFamilies", json_pack("[s]", "IPv4"));
        default_text(spec, "ipFamilyPolicy", "SingleStack");
        default_text(spec, "internalTrafficPolicy", "Cluster");
    }
    size_t i;
    json_t *port;
    json_array_foreach(json_object_get(spec, "ports"), i, port)
    {
        default_text(port, "protocol", "TCP");
        default_int(port, "targetPort", sim_json_int(port, "port", 0));
    }
    bool is_balancer = tg_str_eq(type, "LoadBalancer");
    if (is_balancer || tg_str_eq(type, "NodePort")) {
        default_text(spec, "externalTrafficPolicy", "Cluster");
        default_node_ports(spec);
    }
    if (is_balancer) {
        sim_json_default(spec, "allocateLoadBalancerNodePorts", json_true());
    }
}

static void default_daemon_set(json_t *object, json_t *spec)
{
    json_t *annotations =
        sim_json_make_object(sim_json_make_object(object, "metadata"), "annotations");
    default_text(annotations, "deprecated.daemonset.template.generation", "1");
    default_int(spec, "revisionHistoryLimit", 10);
    json_t *strategy = sim_json_make_object(spec, "updateStrategy");
    default_text(strategy, "type", "RollingUpdate");
    if (tg_str_eq(sim_json_text(strategy, "type"), "RollingUpdate")) {
        json_t *rolling = sim_json_make_object(strategy, "rollingUpdate");
        default_int(rolling, "maxUnavailable", 1);
        default_int(rolling, "maxSurge", 0);
    }
}

static void default_namespace(json_t *object)
{
    json_t *metadata = sim_json_make_object(object, "metadata");
    const char *name = sim_json_text(metadata, "name");
    if (name[0] != '\0') {
        json_t *labels = sim_json_make_object(metadata, "labels");
        json_object_set_new(labels, "kubernetes.io/metadata.name", json_string(name));
    }
    json_t *spec = sim_json_make_object(object, "spec");
    sim_json_default(spec, "finalizers", json_pack("[s]", "kubernetes"));
}

static void default_slice(json_t *object)
{
    size_t i;
    json_t *item;
    json_array_foreach(json_object_get(object, "endpoints"), i, item)
    {
        sim_json_default(item, "conditions", json_object());
    }
    json_array_foreach(json_object_get(object, "ports"), i, item)
    {
        default_text(item, "name", "");
        default_text(item, "protocol", "TCP");
    }
}

static void default_subjects(json_t *object)
{
    size_t i;
    json_t *subject;
    json_array_foreach(json_object_get(object, "subjects"), i, subject)
    {
        if (!tg_str_eq(sim_json_text(subject, "kind"), "ServiceAccount")) {
            default_text(subject, "apiGroup", "rbac.authorization.k8s.io");
        }
    }
}

static void default_claim(json_t *spec)
{
    size_t i;
    json_t *request;
    json_array_foreach(sim_json_at(spec, "devices.requests"), i, request)
    {
        json_t *exactly = json_object_get(request, "exactly");
        if (json_is_object(exactly)) {
            default_text(exactly, "allocationMode", "ExactCount");
            if (tg_str_eq(sim_json_text(exactly, "allocationMode"), "ExactCount")) {
                default_int(exactly, "count", 1);
            }
        }
    }
}

static void default_event(json_t *object)
{
    sim_json_default(object, "eventTime", json_null());
    default_text(object, "reportingComponent", "");
    default_text(object, "reportingInstance", "");
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

/* Its Pods are found by a selector that no other Job has. */
static void default_job_selector(json_t *object, json_t *spec)
{
    const char *uid = sim_json_text(object, "metadata.uid");
    const char *name = sim_json_text(object, "metadata.name");
    if (json_object_get(spec, "selector") != NULL || uid[0] == '\0' ||
        sim_json_is_true(spec, "manualSelector")) {
        return;
    }
    json_object_set_new(
        spec, "selector",
        json_pack("{s:{s:s}}", "matchLabels", "batch.kubernetes.io/controller-uid", uid));
    json_t *template = sim_json_make_object(spec, "template");
    json_t *owners[] = {json_object_get(object, "metadata"),
                        sim_json_make_object(template, "metadata")};
    for (size_t i = 0; i < TG_COUNT(owners); i++) {
        json_t *labels = sim_json_make_object(owners[i], "labels");
        json_object_set_new(labels, "batch.kubernetes.io/controller-uid", json_string(uid));
        json_object_set_new(labels, "batch.kubernetes.io/job-name", json_string(name));
        json_object_set_new(labels, "controller-uid", json_string(uid));
        json_object_set_new(labels, "job-name", json_string(name));
    }
}

static void default_job(json_t *object, json_t *spec)
{
    default_job_selector(object, spec);
    default_int(spec, "parallelism", 1);
    default_int(spec, "completions", 1);
    default_int(spec, "backoffLimit", 6);
    default_text(spec, "completionMode", "NonIndexed");
    sim_json_default(spec, "suspend", json_false());
    sim_json_default(spec, "manualSelector", json_false());
    default_text(spec, "podReplacementPolicy",
                 json_object_get(spec, "podFailurePolicy") == NULL ? "TerminatingOrFailed"
                                                                   : "Failed");
}

static void default_secret(json_t *object)
{
    default_text(object, "type", "Opaque");
    const char *key;
    json_t *value;
    json_t *plain = json_object_get(object, "stringData");
    json_t *data = json_is_object(plain) ? sim_json_make_object(object, "data") : NULL;
    json_object_foreach(plain, key, value)
    {
        size_t len = json_string_length(value);
        char *encoded = tg_base64_encode(len == 0 ? "" : json_string_value(value), len);
        json_object_set_new(data, key, json_string(encoded));
        free(encoded);
    }
    json_object_del(object, "stringData");
}

static void default_spec(const struct sim_resource *resource, json_t *object, json_t *spec)
{
    const char *kind = resource->kind;
    if (tg_str_eq(kind, "Pod")) {
        default_pod_spec(spec, true);
    } else if (tg_str_eq(kind, "Service")) {
        default_service(spec, object);
    } else if (sim_json_at(spec, "template.spec") != NULL) {
        default_pod_spec(sim_json_at(spec, "template.spec"), false);
    }
    if (tg_str_eq(kind, "Deployment")) {
        default_deployment(spec);
    } else if (tg_str_eq(kind, "ReplicaSet")) {
        default_int(spec, "replicas", 1);
    } else if (tg_str_eq(kind, "DaemonSet")) {
        default_daemon_set(object, spec);
    } else if (tg_str_eq(kind, "Job")) {
        default_job(object, spec);
    } else if (tg_str_eq(kind, "CustomResourceDefinition")) {
        default_definition(object, spec);
    } else if (tg_str_eq(kind, "ResourceClaim")) {
        default_claim(spec);
    } else if (tg_str_eq(kind, "ResourceClaimTemplate")) {
        sim_json_default(spec, "metadata", json_object());
        default_claim(json_object_get(spec, "spec"));
    }
}

void sim_k8s_default(const struct sim_resource *resource, json_t *object)
{
    const char *kind = resource->kind;
    json_t *spec = json_object_get(object, "spec");
    if (!resource->is_strategic) {
        return;
    }
    sim_k8s_default_scaling(resource, object);
    if (tg_str_eq(kind, "Secret")) {
        default_secret(object);
    } else if (tg_str_eq(kind, "Namespace")) {
        default_namespace(object);
    } else if (tg_str_eq(kind, "EndpointSlice")) {
        default_slice(object);
    } else if (tg_str_eq(kind, "Event")) {
        default_event(object);
    } else if (tg_str_eq(resource->group, "rbac.authorization.k8s.io")) {
        default_subjects(object);
    } else if (json_is_object(spec)) {
        default_spec(resource, object, spec);
    }
}

void sim_k8s_first_status(const struct sim_resource *resource, json_t *object)
{
    static const struct {
        const char *kind;
        const char *status; /* JSON: what has no zero value left out */
    } first[] = {
        {"DaemonSet", "{\"currentNumberScheduled\":0,\"numberMisscheduled\":0,"
                      "\"desiredNumberScheduled\":0,\"numberReady\":0}"},
        {"Deployment", "{}"},
        {"HorizontalPodAutoscaler", "{\"desiredReplicas\":0,\"currentMetrics\":null}"},
        {"Job", "{}"},
        {"Namespace", "{\"phase\":\"Active\"}"},
        {"PersistentVolume", "{\"phase\":\"Pending\"}"},
        {"PersistentVolumeClaim", "{\"phase\":\"Pending\"}"},
        {"PodDisruptionBudget", "{\"disruptionsAllowed\":0,\"currentHealthy\":0,"
                                "\"desiredHealthy\":0,\"expectedPods\":0}"},
        {"ReplicaSet", "{\"replicas\":0}"},
        {"ResourceClaim", "{}"},
        {"Service", "{\"loadBalancer\":{}}"},
    };
    for (size_t i = 0; resource->is_strategic && i < TG_COUNT(first); i++) {
        if (tg_str_eq(first[i].kind, resource->kind)) {
            json_object_set_new(object, "status", json_loads(first[i].status, 0, NULL));
        }
    }
}
