/* sim/k8s_columns.c - the columns of every served kind. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/fmt.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim/json_path.h"
#include "sim/jsonpath.h"
#include "sim/k8s_table.h"
#include "sim/selector.h"

#define CELL_MAX 16384u

static json_t *text_or(const char *text, const char *otherwise)
{
    return json_string(text[0] == '\0' ? otherwise : text);
}

/* Joins by commas: sep goes before every part but the first. */
static void join(struct tg_buf *buf, const char *separator, const char *part)
{
    if (buf->len > 0) {
        tg_buf_puts(buf, separator);
    }
    tg_buf_puts(buf, part);
}

static json_t *joined(struct tg_buf *buf, const char *otherwise)
{
    json_t *cell = text_or(tg_buf_text(buf), otherwise);
    tg_buf_fini(buf);
    return cell;
}

json_t *sim_cell_text(const struct sim_column *column, json_t *object, int64_t now_us)
{
    (void)now_us;
    const json_t *value = sim_json_at(object, column->path);
    if (json_is_boolean(value)) {
        return json_string(json_is_true(value) ? "true" : "false");
    }
    if (json_is_array(value)) {
        char *text = json_dumps(value, JSON_COMPACT);
        json_t *cell = json_string(text);
        free(text);
        return cell;
    }
    return json_string(sim_json_text(object, column->path));
}

static json_t *cell_text_or_none(const struct sim_column *column, json_t *object, int64_t now_us)
{
    (void)now_us;
    return text_or(sim_json_text(object, column->path), "<none>");
}

static json_t *cell_text_or_unknown(const struct sim_column *column, json_t *object, int64_t now_us)
{
    (void)now_us;
    return text_or(sim_json_text(object, column->path), "<unknown>");
}

/* "a=b,c=d" of a map of texts. */
static json_t *cell_labels(const struct sim_column *column, json_t *object, int64_t now_us)
{
    (void)now_us;
    struct tg_buf buf;
    tg_buf_init(&buf, CELL_MAX);
    const char *key;
    json_t *value;
    json_object_foreach(sim_json_at(object, column->path), key, value)
    {
        char *label = tg_asprintf("%s=%s", key, json_string_value(value));
        join(&buf, ",", label);
        free(label);
    }
    return joined(&buf, "<none>");
}

json_t *sim_cell_int(const struct sim_column *column, json_t *object, int64_t now_us)
{
    (void)now_us;
    return json_integer(sim_json_int(object, column->path, 0));
}

/* Members of an object or elements of an array. */
static json_t *cell_size(const struct sim_column *column, json_t *object, int64_t now_us)
{
    (void)now_us;
    const json_t *value = sim_json_at(object, column->path);
    return json_integer((json_int_t)(json_object_size(value) + json_array_size(value)));
}

static json_t *age_of(const char *time, int64_t now_us, const char *otherwise)
{
    int64_t at_us;
    char text[24];
    if (!tg_parse_rfc3339(time, &at_us)) {
        return json_string(otherwise);
    }
    return json_string(tg_fmt_age(text, sizeof text, now_us - at_us));
}

json_t *sim_cell_age(const struct sim_column *column, json_t *object, int64_t now_us)
{
    const char *path = column->path == NULL ? "metadata.creationTimestamp" : column->path;
    return age_of(sim_json_text(object, path), now_us, "<unknown>");
}

/* status.x out of spec.y, as "1/2"; path is "status.x spec.y". */
static json_t *cell_fraction(const struct sim_column *column, json_t *object, int64_t now_us)
{
    (void)now_us;
    size_t len = strcspn(column->path, " ");
    char have[64];
    snprintf(have, sizeof have, "%.*s", (int)len, column->path);
    return json_sprintf("%" PRId64 "/%" PRId64, sim_json_int(object, have, 0),
                        sim_json_int(object, column->path + len + 1, 1));
}

static const json_t *containers_of(json_t *object)
{
    const json_t *containers = sim_json_at(object, "spec.template.spec.containers");
    return containers != NULL ? containers : sim_json_at(object, "spec.containers");
}

/* Names or images of a template's containers; path says which member. */
static json_t *cell_containers(const struct sim_column *column, json_t *object, int64_t now_us)
{
    (void)now_us;
    struct tg_buf buf;
    tg_buf_init(&buf, CELL_MAX);
    size_t i;
    json_t *container;
    json_array_foreach(containers_of(object), i, container)
    {
        join(&buf, ",", sim_json_text(container, column->path));
    }
    return joined(&buf, "<none>");
}

static json_t *cell_selector(const struct sim_column *column, json_t *object, int64_t now_us)
{
    (void)column;
    (void)now_us;
    json_t *selector = sim_json_at(object, "spec.selector");
    bool is_plain = selector != NULL && json_object_get(selector, "matchLabels") == NULL &&
                    json_object_get(selector, "matchExpressions") == NULL;
    json_t *whole = is_plain ? json_pack("{s:O}", "matchLabels", selector) : json_incref(selector);
    char *text = sim_selector_text_of_json(whole);
    json_t *cell = text_or(text, "<none>");
    free(text);
    json_decref(whole);
    return cell;
}

static json_t *cell_pod_ready(const struct sim_column *column, json_t *object, int64_t now_us)
{
    (void)column;
    (void)now_us;
    struct sim_pod_row row;
    sim_pod_row(object, &row);
    return json_sprintf("%zu/%zu", row.ready, row.total);
}

static json_t *cell_pod_status(const struct sim_column *column, json_t *object, int64_t now_us)
{
    (void)column;
    (void)now_us;
    struct sim_pod_row row;
    sim_pod_row(object, &row);
    return json_string(row.status);
}

static json_t *cell_pod_restarts(const struct sim_column *column, json_t *object, int64_t now_us)
{
    (void)column;
    struct sim_pod_row row;
    sim_pod_row(object, &row);
    int64_t last_us;
    char age[24];
    if (row.restarts == 0 || !tg_parse_rfc3339(row.last_restart, &last_us)) {
        return json_sprintf("%" PRId64, row.restarts);
    }
    return json_sprintf("%" PRId64 " (%s ago)", row.restarts,
                        tg_fmt_age(age, sizeof age, now_us - last_us));
}

static json_t *cell_gates(const struct sim_column *column, json_t *object, int64_t now_us)
{
    (void)column;
    (void)now_us;
    size_t total = sim_json_count(object, "spec.readinessGates");
    size_t met = 0;
    size_t i;
    json_t *gate;
    json_array_foreach(sim_json_at(object, "spec.readinessGates"), i, gate)
    {
        const json_t *condition = sim_json_condition(object, sim_json_text(gate, "conditionType"));
        met += tg_str_eq(sim_json_text(condition, "status"), "True") ? 1 : 0;
    }
    return total == 0 ? json_string("<none>") : json_sprintf("%zu/%zu", met, total);
}

static json_t *cell_node_status(const struct sim_column *column, json_t *object, int64_t now_us)
{
    (void)column;
    (void)now_us;
    const json_t *ready = sim_json_condition(object, "Ready");
    const char *status = sim_json_text(ready, "status");
    const char *word = ready == NULL ? "Unknown" : tg_str_eq(status, "True") ? "Ready" : "NotReady";
    bool is_cordoned = sim_json_is_true(object, "spec.unschedulable");
    return json_sprintf("%s%s", word, is_cordoned ? ",SchedulingDisabled" : "");
}

static json_t *cell_node_roles(const struct sim_column *column, json_t *object, int64_t now_us)
{
    (void)column;
    (void)now_us;
    static const char prefix[] = "node-role.kubernetes.io/";
    struct tg_buf buf;
    tg_buf_init(&buf, CELL_MAX);
    const char *key;
    json_t *value;
    json_object_foreach(sim_json_at(object, "metadata.labels"), key, value)
    {
        if (tg_str_has_prefix(key, prefix)) {
            join(&buf, ",", key + strlen(prefix));
        }
    }
    return joined(&buf, "<none>");
}

/* path is the type of the node address. */
static json_t *cell_node_address(const struct sim_column *column, json_t *object, int64_t now_us)
{
    (void)now_us;
    size_t i;
    json_t *address;
    json_array_foreach(sim_json_at(object, "status.addresses"), i, address)
    {
        if (tg_str_eq(sim_json_text(address, "type"), column->path)) {
            return json_string(sim_json_text(address, "address"));
        }
    }
    return json_string("<none>");
}

static json_t *cell_job_status(const struct sim_column *column, json_t *object, int64_t now_us)
{
    (void)column;
    (void)now_us;
    static const char *const words[][2] = {{"Complete", "Complete"},
                                           {"Failed", "Failed"},
                                           {"Suspended", "Suspended"},
                                           {"FailureTarget", "FailureTarget"},
                                           {"SuccessCriteriaMet", "SuccessCriteriaMet"}};
    for (size_t i = 0; i < TG_COUNT(words); i++) {
        const json_t *condition = sim_json_condition(object, words[i][0]);
        if (tg_str_eq(sim_json_text(condition, "status"), "True")) {
            return json_string(words[i][1]);
        }
    }
    bool is_going = sim_json_at(object, "metadata.deletionTimestamp") != NULL;
    return json_string(is_going ? "Terminating" : "Running");
}

static json_t *cell_job_duration(const struct sim_column *column, json_t *object, int64_t now_us)
{
    (void)column;
    int64_t start_us;
    int64_t end_us = now_us;
    if (!tg_parse_rfc3339(sim_json_text(object, "status.startTime"), &start_us)) {
        return json_string("");
    }
    tg_parse_rfc3339(sim_json_text(object, "status.completionTime"), &end_us);
    char text[24];
    return json_string(tg_fmt_age(text, sizeof text, end_us - start_us));
}

static json_t *cell_external_ip(const struct sim_column *column, json_t *object, int64_t now_us)
{
    (void)column;
    (void)now_us;
    if (!tg_str_eq(sim_json_text(object, "spec.type"), "LoadBalancer")) {
        return json_string("<none>");
    }
    const json_t *ingress = sim_json_at(object, "status.loadBalancer.ingress");
    return text_or(sim_json_text(json_array_get(ingress, 0), "ip"), "<pending>");
}

static json_t *cell_service_ports(const struct sim_column *column, json_t *object, int64_t now_us)
{
    (void)column;
    (void)now_us;
    struct tg_buf buf;
    tg_buf_init(&buf, CELL_MAX);
    size_t i;
    json_t *port;
    json_array_foreach(sim_json_at(object, "spec.ports"), i, port)
    {
        char text[64];
        const char *protocol = sim_json_text(port, "protocol");
        int64_t node_port = sim_json_int(port, "nodePort", 0);
        char node_text[24] = "";
        if (node_port != 0) {
            snprintf(node_text, sizeof node_text, ":%" PRId64, node_port);
        }
        snprintf(text, sizeof text, "%" PRId64 "%s/%s", sim_json_int(port, "port", 0), node_text,
                 protocol[0] == '\0' ? "TCP" : protocol);
        join(&buf, ",", text);
    }
    return joined(&buf, "<none>");
}

static json_t *cell_event_seen(const struct sim_column *column, json_t *object, int64_t now_us)
{
    (void)column;
    const char *times[] = {sim_json_text(object, "series.lastObservedTime"),
                           sim_json_text(object, "lastTimestamp"),
                           sim_json_text(object, "eventTime")};
    for (size_t i = 0; i < TG_COUNT(times); i++) {
        if (times[i][0] != '\0') {
            return age_of(times[i], now_us, "<unknown>");
        }
    }
    return json_string("<unknown>");
}

static json_t *cell_event_object(const struct sim_column *column, json_t *object, int64_t now_us)
{
    (void)column;
    (void)now_us;
    char kind[64];
    snprintf(kind, sizeof kind, "%s", sim_json_text(object, "involvedObject.kind"));
    for (char *c = kind; *c != '\0'; c++) {
        *c = (char)(*c >= 'A' && *c <= 'Z' ? *c - 'A' + 'a' : *c);
    }
    return json_sprintf("%s/%s", kind, sim_json_text(object, "involvedObject.name"));
}

static json_t *cell_claim_state(const struct sim_column *column, json_t *object, int64_t now_us)
{
    (void)column;
    (void)now_us;
    struct tg_buf buf;
    tg_buf_init(&buf, CELL_MAX);
    if (sim_json_at(object, "metadata.deletionTimestamp") != NULL) {
        join(&buf, ",", "deleted");
    }
    bool is_allocated = sim_json_at(object, "status.allocation") != NULL;
    join(&buf, ",", is_allocated ? "allocated" : "pending");
    if (sim_json_count(object, "status.reservedFor") > 0) {
        join(&buf, ",", "reserved");
    }
    return joined(&buf, "");
}

/* Names of a binding's subjects of one kind (path), as "a, b"; accounts with their namespaces. */
static json_t *cell_subjects(const struct sim_column *column, json_t *object, int64_t now_us)
{
    (void)now_us;
    struct tg_buf buf;
    tg_buf_init(&buf, CELL_MAX);
    size_t i;
    json_t *subject;
    json_array_foreach(json_object_get(object, "subjects"), i, subject)
    {
        const char *ns = sim_json_text(subject, "namespace");
        if (tg_str_eq(sim_json_text(subject, "kind"), column->path)) {
            join(&buf, ", ", ns);
            tg_buf_puts(&buf, ns[0] == '\0' ? "" : "/");
            tg_buf_puts(&buf, sim_json_text(subject, "name"));
        }
    }
    return joined(&buf, "");
}

static json_t *cell_role(const struct sim_column *column, json_t *object, int64_t now_us)
{
    (void)column;
    (void)now_us;
    return json_sprintf("%s/%s", sim_json_text(object, "roleRef.kind"),
                        sim_json_text(object, "roleRef.name"));
}

static json_t *cell_endpoints(const struct sim_column *column, json_t *object, int64_t now_us)
{
    (void)column;
    (void)now_us;
    struct tg_buf buf;
    tg_buf_init(&buf, CELL_MAX);
    size_t i;
    json_t *endpoint;
    json_array_foreach(sim_json_at(object, "endpoints"), i, endpoint)
    {
        const char *address =
            json_string_value(json_array_get(json_object_get(endpoint, "addresses"), 0));
        join(&buf, ",", address == NULL ? "" : address);
    }
    return joined(&buf, "<unset>");
}

/* "10.0.0.1:80,10.0.0.2:80" of Endpoints. */
static json_t *cell_subsets(const struct sim_column *column, json_t *object, int64_t now_us)
{
    (void)column;
    (void)now_us;
    struct tg_buf buf;
    tg_buf_init(&buf, CELL_MAX);
    size_t i;
    json_t *subset;
    json_array_foreach(json_object_get(object, "subsets"), i, subset)
    {
        size_t p;
        json_t *port;
        json_array_foreach(json_object_get(subset, "ports"), p, port)
        {
            size_t a;
            json_t *address;
            json_array_foreach(json_object_get(subset, "addresses"), a, address)
            {
                join(&buf, ",", sim_json_text(address, "ip"));
                tg_buf_printf(&buf, ":%" PRId64, sim_json_int(port, "port", 0));
            }
        }
    }
    return joined(&buf, "<none>");
}

static json_t *cell_slice_ports(const struct sim_column *column, json_t *object, int64_t now_us)
{
    (void)column;
    (void)now_us;
    struct tg_buf buf;
    tg_buf_init(&buf, CELL_MAX);
    size_t i;
    json_t *port;
    json_array_foreach(sim_json_at(object, "ports"), i, port)
    {
        char text[24];
        snprintf(text, sizeof text, "%" PRId64, sim_json_int(port, "port", 0));
        join(&buf, ",", text);
    }
    return joined(&buf, "<unset>");
}

#define NAME                                                \
    {                                                       \
        "Name", "string", 0, sim_cell_text, "metadata.name" \
    }
#define AGE                                    \
    {                                          \
        "Age", "string", 0, sim_cell_age, NULL \
    }
#define TEMPLATE                                           \
    {"Containers", "string", 1, cell_containers, "name"},  \
        {"Images", "string", 1, cell_containers, "image"}, \
    {                                                      \
        "Selector", "string", 1, cell_selector, NULL       \
    }
#define END                       \
    {                             \
        NULL, NULL, 0, NULL, NULL \
    }
#define COLUMNS(plural) static const struct sim_column columns_##plural[]

COLUMNS(any) = {NAME, AGE, END};
COLUMNS(pods) = {
    NAME,
    {"Ready", "string", 0, cell_pod_ready, NULL},
    {"Status", "string", 0, cell_pod_status, NULL},
    {"Restarts", "string", 0, cell_pod_restarts, NULL},
    AGE,
    {"IP", "string", 1, cell_text_or_none, "status.podIP"},
    {"Node", "string", 1, cell_text_or_none, "spec.nodeName"},
    {"Nominated Node", "string", 1, cell_text_or_none, "status.nominatedNodeName"},
    {"Readiness Gates", "string", 1, cell_gates, NULL},
    END,
};
COLUMNS(deployments) = {
    NAME,
    {"Ready", "string", 0, cell_fraction, "status.readyReplicas spec.replicas"},
    {"Up-to-date", "string", 0, sim_cell_int, "status.updatedReplicas"},
    {"Available", "string", 0, sim_cell_int, "status.availableReplicas"},
    AGE,
    TEMPLATE,
    END,
};
COLUMNS(replicasets) = {
    NAME,
    {"Desired", "integer", 0, sim_cell_int, "spec.replicas"},
    {"Current", "integer", 0, sim_cell_int, "status.replicas"},
    {"Ready", "integer", 0, sim_cell_int, "status.readyReplicas"},
    AGE,
    TEMPLATE,
    END,
};
COLUMNS(daemonsets) = {
    NAME,
    {"Desired", "integer", 0, sim_cell_int, "status.desiredNumberScheduled"},
    {"Current", "integer", 0, sim_cell_int, "status.currentNumberScheduled"},
    {"Ready", "integer", 0, sim_cell_int, "status.numberReady"},
    {"Up-to-date", "integer", 0, sim_cell_int, "status.updatedNumberScheduled"},
    {"Available", "integer", 0, sim_cell_int, "status.numberAvailable"},
    {"Node Selector", "string", 0, cell_labels, "spec.template.spec.nodeSelector"},
    AGE,
    TEMPLATE,
    END,
};
COLUMNS(jobs) = {
    NAME,
    {"Status", "string", 0, cell_job_status, NULL},
    {"Completions", "string", 0, cell_fraction, "status.succeeded spec.completions"},
    {"Duration", "string", 0, cell_job_duration, NULL},
    AGE,
    TEMPLATE,
    END,
};
COLUMNS(services) = {
    NAME,
    {"Type", "string", 0, sim_cell_text, "spec.type"},
    {"Cluster-IP", "string", 0, cell_text_or_none, "spec.clusterIP"},
    {"External-IP", "string", 0, cell_external_ip, NULL},
    {"Port(s)", "string", 0, cell_service_ports, NULL},
    AGE,
    {"Selector", "string", 1, cell_selector, NULL},
    END,
};
COLUMNS(nodes) = {
    NAME,
    {"Status", "string", 0, cell_node_status, NULL},
    {"Roles", "string", 0, cell_node_roles, NULL},
    AGE,
    {"Version", "string", 0, sim_cell_text, "status.nodeInfo.kubeletVersion"},
    {"Internal-IP", "string", 1, cell_node_address, "InternalIP"},
    {"External-IP", "string", 1, cell_node_address, "ExternalIP"},
    {"OS-Image", "string", 1, cell_text_or_unknown, "status.nodeInfo.osImage"},
    {"Kernel-Version", "string", 1, cell_text_or_unknown, "status.nodeInfo.kernelVersion"},
    {"Container-Runtime", "string", 1, cell_text_or_unknown,
     "status.nodeInfo.containerRuntimeVersion"},
    END,
};
COLUMNS(secrets) = {
    NAME,
    {"Type", "string", 0, sim_cell_text, "type"},
    {"Data", "string", 0, cell_size, "data"},
    AGE,
    END,
};
COLUMNS(configmaps) = {NAME, {"Data", "string", 0, cell_size, "data"}, AGE, END};
COLUMNS(serviceaccounts) = {NAME, {"Secrets", "string", 0, cell_size, "secrets"}, AGE, END};
COLUMNS(namespaces) = {NAME, {"Status", "string", 0, sim_cell_text, "status.phase"}, AGE, END};
COLUMNS(leases) = {NAME, {"Holder", "string", 0, sim_cell_text, "spec.holderIdentity"}, AGE, END};
COLUMNS(events) = {
    {"Last Seen", "string", 0, cell_event_seen, NULL},
    {"Type", "string", 0, sim_cell_text, "type"},
    {"Reason", "string", 0, sim_cell_text, "reason"},
    {"Object", "string", 0, cell_event_object, NULL},
    {"Subobject", "string", 1, sim_cell_text, "involvedObject.fieldPath"},
    {"Source", "string", 1, sim_cell_text, "source.component"},
    {"Message", "string", 0, sim_cell_text, "message"},
    {"First Seen", "string", 1, sim_cell_age, "firstTimestamp"},
    {"Count", "string", 1, sim_cell_int, "count"},
    {"Name", "string", 1, sim_cell_text, "metadata.name"},
    END,
};
COLUMNS(endpointslices) = {
    NAME,
    {"AddressType", "string", 0, sim_cell_text, "addressType"},
    {"Ports", "string", 0, cell_slice_ports, NULL},
    {"Endpoints", "string", 0, cell_endpoints, NULL},
    AGE,
    END,
};
COLUMNS(endpoints) = {NAME, {"Endpoints", "string", 0, cell_subsets, NULL}, AGE, END};
COLUMNS(resourceclaims) = {NAME, {"State", "string", 0, cell_claim_state, NULL}, AGE, END};
COLUMNS(resourceslices) = {
    NAME,
    {"Node", "string", 0, sim_cell_text, "spec.nodeName"},
    {"Driver", "string", 0, sim_cell_text, "spec.driver"},
    {"Pool", "string", 0, sim_cell_text, "spec.pool.name"},
    AGE,
    END,
};
COLUMNS(created) = {
    NAME,
    {"Created At", "date", 0, sim_cell_text, "metadata.creationTimestamp"},
    END,
};
COLUMNS(bindings) = {
    NAME,
    {"Role", "string", 0, cell_role, NULL},
    AGE,
    {"Users", "string", 1, cell_subjects, "User"},
    {"Groups", "string", 1, cell_subjects, "Group"},
    {"ServiceAccounts", "string", 1, cell_subjects, "ServiceAccount"},
    END,
};

static const struct {
    const char *plural;
    const struct sim_column *columns;
} tables[] = {
    {"clusterrolebindings", columns_bindings},
    {"clusterroles", columns_created},
    {"configmaps", columns_configmaps},
    {"customresourcedefinitions", columns_created},
    {"daemonsets", columns_daemonsets},
    {"deployments", columns_deployments},
    {"endpoints", columns_endpoints},
    {"endpointslices", columns_endpointslices},
    {"events", columns_events},
    {"jobs", columns_jobs},
    {"leases", columns_leases},
    {"namespaces", columns_namespaces},
    {"nodes", columns_nodes},
    {"pods", columns_pods},
    {"replicasets", columns_replicasets},
    {"resourceclaims", columns_resourceclaims},
    {"resourceslices", columns_resourceslices},
    {"rolebindings", columns_bindings},
    {"roles", columns_created},
    {"secrets", columns_secrets},
    {"serviceaccounts", columns_serviceaccounts},
    {"services", columns_services},
};

json_t *sim_column_jsonpath(const struct sim_column *column, json_t *object, int64_t now_us)
{
    if (tg_str_eq(column->type, "integer") || tg_str_eq(column->type, "number")) {
        json_t *values = sim_jsonpath(object, column->path);
        json_t *value = json_incref(json_array_get(values, 0));
        json_decref(values);
        return json_is_number(value) ? value : (json_decref(value), json_null());
    }
    char *text = sim_jsonpath_text(object, column->path);
    json_t *cell = text == NULL                      ? json_null()
                   : tg_str_eq(column->type, "date") ? age_of(text, now_us, "<invalid>")
                                                     : json_string(text);
    free(text);
    return cell;
}

const struct sim_column *sim_columns_of(const struct sim_resource *resource)
{
    if (resource->columns != NULL) {
        return resource->columns;
    }
    for (size_t i = 0; i < TG_COUNT(tables); i++) {
        if (tg_str_eq(tables[i].plural, resource->plural)) {
            return tables[i].columns;
        }
    }
    const struct sim_column *others = sim_columns_of_scaling(resource->plural);
    return others == NULL ? columns_any : others;
}
