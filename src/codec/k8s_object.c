/* codec/k8s_object.c - fields of each kind that is watched. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "codec/k8s_object.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "codec/json.h"

#define CONDITIONS_MAX 64
#define CONTAINERS_MAX 64
#define DEVICES_MAX    128
#define LABELS_MAX     64

/* Scratch that a draft borrows from while it is packed. */
struct draft {
    struct tg_obj obj;
    struct tg_condition conditions[CONDITIONS_MAX];
    struct tg_container containers[CONTAINERS_MAX];
    struct tg_claim_device claim_devices[DEVICES_MAX];
    struct tg_slice_device slice_devices[DEVICES_MAX];
    struct tg_label labels[LABELS_MAX];
    char text[1024];
    char more[1024];
};

static struct tg_conditions conditions(struct draft *draft, const json_t *list)
{
    size_t count = json_array_size(list);
    count = count < CONDITIONS_MAX ? count : CONDITIONS_MAX;
    for (size_t i = 0; i < count; i++) {
        const json_t *item = json_array_get(list, i);
        int64_t since_us = tg_json_time(item, "lastTransitionTime");
        draft->conditions[i] = (struct tg_condition){
            .type = tg_json_text(item, "type"),
            .status = tg_json_text(item, "status"),
            .reason = tg_json_text(item, "reason"),
            .message = tg_json_text(item, "message"),
            .since_us = since_us,
        };
    }
    return (struct tg_conditions){draft->conditions, count};
}

static bool is_true(struct tg_conditions list, const char *type)
{
    for (size_t i = 0; i < list.count; i++) {
        if (tg_str_eq(list.items[i].type, type)) {
            return tg_str_eq(list.items[i].status, "True");
        }
    }
    return false;
}

static const char *label(const json_t *document, const char *key)
{
    const json_t *labels = tg_json_at(document, "metadata/labels");
    const char *value = json_string_value(json_object_get(labels, key));
    return value != NULL ? value : "";
}

static const char *annotation(const json_t *document, const char *key)
{
    const json_t *annotations = tg_json_at(document, "metadata/annotations");
    const char *value = json_string_value(json_object_get(annotations, key));
    return value != NULL ? value : "";
}

static int resource_count(const json_t *list, const char *name)
{
    const json_t *value = json_object_get(list, name);
    const char *text = json_string_value(value);
    return json_is_integer(value) ? (int)json_integer_value(value)
           : text != NULL         ? (int)strtol(text, NULL, 10)
                                  : 0;
}

static void read_node(struct draft *draft, const json_t *document)
{
    struct tg_node *node = &draft->obj.as.node;
    node->conditions = conditions(draft, tg_json_at(document, "status/conditions"));
    node->is_ready = is_true(node->conditions, "Ready");
    node->is_unschedulable = tg_json_bool(document, "spec/unschedulable");
    node->tpu_capacity = resource_count(tg_json_at(document, "status/capacity"), "google.com/tpu");
    node->tpu_allocatable =
        resource_count(tg_json_at(document, "status/allocatable"), "google.com/tpu");
    node->tpu_accelerator = label(document, "cloud.google.com/gke-tpu-accelerator");
    node->tpu_topology = label(document, "cloud.google.com/gke-tpu-topology");
    node->node_pool = label(document, "cloud.google.com/gke-nodepool");
    node->region = label(document, "topology.kubernetes.io/region");
    node->zone = label(document, "topology.kubernetes.io/zone");
    node->instance_type = label(document, "node.kubernetes.io/instance-type");
    node->kubelet_version = tg_json_text(document, "status/nodeInfo/kubeletVersion");
    const json_t *addresses = tg_json_at(document, "status/addresses");
    for (size_t i = 0; i < json_array_size(addresses); i++) {
        const json_t *address = json_array_get(addresses, i);
        if (tg_str_eq(tg_json_text(address, "type"), "InternalIP")) {
            node->internal_ip = tg_json_text(address, "address");
        }
    }
}

static void read_containers(struct draft *draft, const json_t *list, bool is_init)
{
    struct tg_pod *pod = &draft->obj.as.pod;
    for (size_t i = 0; i < json_array_size(list) && pod->containers_count < CONTAINERS_MAX; i++) {
        const json_t *status = json_array_get(list, i);
        const json_t *state = json_object_get(status, "state");
        const char *name = json_object_iter_key(json_object_iter((json_t *)(uintptr_t)state));
        name = name != NULL ? name : "";
        const json_t *detail = json_object_get(state, name);
        draft->containers[pod->containers_count++] = (struct tg_container){
            .name = tg_json_text(status, "name"),
            .state = name,
            .reason = tg_json_text(detail, "reason"),
            .message = tg_json_text(detail, "message"),
            .exit_code = (int)tg_json_int(detail, "exitCode", 0),
            .restarts = (int)tg_json_int(status, "restartCount", 0),
            .is_ready = tg_json_bool(status, "ready"),
            .is_init = is_init,
        };
    }
}

static int tpu_chips(const json_t *pod)
{
    const json_t *containers = tg_json_at(pod, "spec/containers");
    int chips = 0;
    for (size_t i = 0; i < json_array_size(containers); i++) {
        const json_t *container = json_array_get(containers, i);
        chips += resource_count(tg_json_at(container, "resources/limits"), "google.com/tpu");
    }
    return chips;
}

static void read_pod(struct draft *draft, const json_t *document)
{
    struct tg_pod *pod = &draft->obj.as.pod;
    pod->phase = tg_json_text(document, "status/phase");
    tg_k8s_pod_status(document, draft->text, sizeof(draft->text), &pod->ready_count,
                      &pod->total_count, &pod->restarts);
    pod->status = draft->text;
    pod->node_name = tg_json_text(document, "spec/nodeName");
    pod->pod_ip = tg_json_text(document, "status/podIP");
    pod->app = label(document, "app");
    const json_t *claims = tg_json_at(document, "status/resourceClaimStatuses");
    pod->claim_name = tg_json_text(json_array_get(claims, 0), "resourceClaimName");
    pod->containers = draft->containers;
    read_containers(draft, tg_json_at(document, "status/initContainerStatuses"), true);
    read_containers(draft, tg_json_at(document, "status/containerStatuses"), false);
    pod->conditions = conditions(draft, tg_json_at(document, "status/conditions"));
    pod->is_ready = is_true(pod->conditions, "Ready");
    pod->tpu_chips = tpu_chips(document);
}

static void read_deployment(struct draft *draft, const json_t *document)
{
    struct tg_deployment *deployment = &draft->obj.as.deployment;
    deployment->conditions = conditions(draft, tg_json_at(document, "status/conditions"));
    deployment->replicas_desired = (int)tg_json_int(document, "spec/replicas", 1);
    deployment->replicas = (int)tg_json_int(document, "status/replicas", 0);
    deployment->updated = (int)tg_json_int(document, "status/updatedReplicas", 0);
    deployment->ready = (int)tg_json_int(document, "status/readyReplicas", 0);
    deployment->available = (int)tg_json_int(document, "status/availableReplicas", 0);
    deployment->observed_generation = tg_json_int(document, "status/observedGeneration", 0);
    deployment->is_paused = tg_json_bool(document, "spec/paused");
    deployment->drill = annotation(document, "tidegate.dev/drill");
    deployment->original_replicas = annotation(document, "tidegate.dev/original-replicas");
}

static int64_t latest(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static void read_event(struct draft *draft, const json_t *document)
{
    struct tg_event *event = &draft->obj.as.event;
    event->type = tg_json_text(document, "type");
    event->reason = tg_json_text(document, "reason");
    event->message = tg_json_text(document, "message");
    event->object_kind = tg_json_text(document, "involvedObject/kind");
    event->object_namespace = tg_json_text(document, "involvedObject/namespace");
    event->object_name = tg_json_text(document, "involvedObject/name");
    event->object_uid = tg_json_text(document, "involvedObject/uid");
    event->source = tg_json_text(document, "source/component");
    if (*event->source == '\0') {
        event->source = tg_json_text(document, "reportingComponent");
    }
    event->count = (int)tg_json_int(document, "count", 1);
    event->first_us = tg_json_time(document, "firstTimestamp");
    event->last_us = latest(latest(tg_json_time(document, "series/lastObservedTime"),
                                   tg_json_time(document, "lastTimestamp")),
                            latest(tg_json_time(document, "eventTime"),
                                   tg_json_time(document, "metadata/creationTimestamp")));
    event->first_us = event->first_us != 0 ? event->first_us : event->last_us;
}

/* The condition of a claim's device is Ready as soon as one says so; older drivers write
 * NetworkReady alone. */
static bool is_device_ready(const json_t *device)
{
    const json_t *list = json_object_get(device, "conditions");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *item = json_array_get(list, i);
        if (tg_str_eq(tg_json_text(item, "type"), "Ready")) {
            return tg_str_eq(tg_json_text(item, "status"), "True");
        }
    }
    return false;
}

static const json_t *reported_device(const json_t *document, const char *pool, const char *name)
{
    const json_t *devices = tg_json_at(document, "status/devices");
    for (size_t i = 0; i < json_array_size(devices); i++) {
        const json_t *device = json_array_get(devices, i);
        if (tg_str_eq(tg_json_text(device, "pool"), pool) &&
            tg_str_eq(tg_json_text(device, "device"), name)) {
            return device;
        }
    }
    return NULL;
}

static void read_resource_claim(struct draft *draft, const json_t *document)
{
    struct tg_resource_claim *claim = &draft->obj.as.resource_claim;
    const json_t *request = json_array_get(tg_json_at(document, "spec/devices/requests"), 0);
    claim->pod_claim_name = annotation(document, "resource.kubernetes.io/pod-claim-name");
    claim->device_class = tg_json_text(request, "exactly/deviceClassName");
    if (*claim->device_class == '\0') {
        claim->device_class = tg_json_text(request, "deviceClassName"); /* v1beta1 */
    }
    const json_t *reserved = json_array_get(tg_json_at(document, "status/reservedFor"), 0);
    claim->reserved_for = tg_json_text(reserved, "name");
    claim->is_allocated = json_is_object(tg_json_at(document, "status/allocation"));
    const json_t *results = tg_json_at(document, "status/allocation/devices/results");
    claim->devices = draft->claim_devices;
    for (size_t i = 0; i < json_array_size(results) && i < DEVICES_MAX; i++) {
        const json_t *result = json_array_get(results, i);
        const json_t *device =
            reported_device(document, tg_json_text(result, "pool"), tg_json_text(result, "device"));
        const json_t *ips = tg_json_at(device, "networkData/ips");
        const char *address = json_string_value(json_array_get(ips, 0));
        draft->claim_devices[claim->devices_count++] = (struct tg_claim_device){
            .driver = tg_json_text(result, "driver"),
            .pool = tg_json_text(result, "pool"),
            .device = tg_json_text(result, "device"),
            .interface_name = tg_json_text(device, "networkData/interfaceName"),
            .address = address != NULL ? address : "",
            .mac = tg_json_text(device, "networkData/hardwareAddress"),
            .is_ready = is_device_ready(device),
        };
    }
}

/* Value of an attribute whatever its type; DRANET's have the prefix dra.net/, older ones none. */
static const json_t *attribute(const json_t *device, const char *name)
{
    const json_t *attributes = json_object_get(device, "attributes");
    if (attributes == NULL) {
        attributes = tg_json_at(device, "basic/attributes"); /* v1beta1 */
    }
    const json_t *value = json_object_get(attributes, name);
    const char *slash = strchr(name, '/');
    if (value == NULL && slash != NULL) {
        value = json_object_get(attributes, slash + 1);
    }
    return value;
}

static void read_resource_slice(struct draft *draft, const json_t *document)
{
    struct tg_resource_slice *slice = &draft->obj.as.resource_slice;
    slice->driver = tg_json_text(document, "spec/driver");
    slice->node_name = tg_json_text(document, "spec/nodeName");
    slice->pool = tg_json_text(document, "spec/pool/name");
    slice->pool_generation = tg_json_int(document, "spec/pool/generation", 0);
    slice->pool_slice_count = (int)tg_json_int(document, "spec/pool/resourceSliceCount", 0);
    const json_t *devices = tg_json_at(document, "spec/devices");
    slice->devices = draft->slice_devices;
    for (size_t i = 0; i < json_array_size(devices) && i < DEVICES_MAX; i++) {
        const json_t *device = json_array_get(devices, i);
        draft->slice_devices[slice->devices_count++] = (struct tg_slice_device){
            .name = tg_json_text(device, "name"),
            .interface_name = tg_json_text(attribute(device, "dra.net/ifName"), "string"),
            .mac = tg_json_text(attribute(device, "dra.net/mac"), "string"),
            .address = tg_json_text(attribute(device, "dra.net/ipv4"), "string"),
            .pci_address = tg_json_text(attribute(device, "dra.net/pciAddress"), "string"),
            .network = tg_json_text(attribute(device, "gce.dra.net/networkName"), "string"),
            .mtu = (int)tg_json_int(attribute(device, "dra.net/mtu"), "int", 0),
            .is_rdma = tg_json_bool(attribute(device, "dra.net/rdma"), "bool"),
            .is_up = tg_str_eq(tg_json_text(attribute(device, "dra.net/state"), "string"), "up"),
        };
    }
}

/* Texts of an array joined by commas into out. */
static const char *join(const json_t *list, const char *field, char *out, size_t size)
{
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *text = tg_json_text(json_array_get(list, i), field);
        int wrote = snprintf(out + used, size - used, "%s%s", used > 0 ? "," : "", text);
        if (wrote < 0 || (size_t)wrote >= size - used) {
            break;
        }
        used += (size_t)wrote;
    }
    return out;
}

static void read_gateway(struct draft *draft, const json_t *document)
{
    struct tg_gateway *gateway = &draft->obj.as.gateway;
    gateway->conditions = conditions(draft, tg_json_at(document, "status/conditions"));
    gateway->class_name = tg_json_text(document, "spec/gatewayClassName");
    gateway->addresses_wanted =
        join(tg_json_at(document, "spec/addresses"), "value", draft->text, sizeof(draft->text));
    gateway->addresses =
        join(tg_json_at(document, "status/addresses"), "value", draft->more, sizeof(draft->more));
    const json_t *listeners = tg_json_at(document, "status/listeners");
    for (size_t i = 0; i < json_array_size(listeners); i++) {
        gateway->attached_routes +=
            (int)tg_json_int(json_array_get(listeners, i), "attachedRoutes", 0);
    }
    gateway->backend_services = annotation(document, "networking.gke.io/backend-services");
}

static void read_http_route(struct draft *draft, const json_t *document)
{
    struct tg_http_route *route = &draft->obj.as.http_route;
    const json_t *parent = json_array_get(tg_json_at(document, "status/parents"), 0);
    const json_t *rule = json_array_get(tg_json_at(document, "spec/rules"), 0);
    const json_t *backend = json_array_get(json_object_get(rule, "backendRefs"), 0);
    route->conditions = conditions(draft, json_object_get(parent, "conditions"));
    route->parent =
        tg_json_text(json_array_get(tg_json_at(document, "spec/parentRefs"), 0), "name");
    route->backend_kind = tg_json_text(backend, "kind");
    route->backend_name = tg_json_text(backend, "name");
    route->backend_port = (int)tg_json_int(backend, "port", 0);
}

static void read_inference_pool(struct draft *draft, const json_t *document)
{
    struct tg_inference_pool *pool = &draft->obj.as.inference_pool;
    const json_t *parent = json_array_get(tg_json_at(document, "status/parents"), 0);
    const json_t *port = json_array_get(tg_json_at(document, "spec/targetPorts"), 0);
    pool->conditions = conditions(draft, json_object_get(parent, "conditions"));
    pool->selector_app = tg_json_text(document, "spec/selector/matchLabels/app");
    pool->target_port = (int)tg_json_int(port, "number", 0);
    pool->picker = tg_json_text(document, "spec/endpointPickerRef/name");
    pool->failure_mode = tg_json_text(document, "spec/endpointPickerRef/failureMode");
    pool->is_exported = tg_str_eq_nocase(annotation(document, "networking.gke.io/export"), "true");
}

static void read_plain(struct draft *draft, const json_t *document)
{
    struct tg_plain *plain = &draft->obj.as.plain;
    plain->conditions = conditions(draft, tg_json_at(document, "status/conditions"));
    plain->succeeded = (int)tg_json_int(document, "status/succeeded", 0);
    plain->failed = (int)tg_json_int(document, "status/failed", 0);
    plain->active = (int)tg_json_int(document, "status/active", 0);
}

static void read_kind(struct draft *draft, const json_t *document)
{
    switch (draft->obj.kind) {
    case TG_KIND_NODE:
        read_node(draft, document);
        break;
    case TG_KIND_POD:
        read_pod(draft, document);
        break;
    case TG_KIND_DEPLOYMENT:
        read_deployment(draft, document);
        break;
    case TG_KIND_EVENT:
        read_event(draft, document);
        break;
    case TG_KIND_RESOURCE_CLAIM:
        read_resource_claim(draft, document);
        break;
    case TG_KIND_RESOURCE_SLICE:
        read_resource_slice(draft, document);
        break;
    case TG_KIND_GATEWAY:
        read_gateway(draft, document);
        break;
    case TG_KIND_HTTP_ROUTE:
        read_http_route(draft, document);
        break;
    case TG_KIND_INFERENCE_POOL:
        read_inference_pool(draft, document);
        break;
    case TG_KIND_LEASE:
        draft->obj.as.lease = (struct tg_lease){
            .holder = tg_json_text(document, "spec/holderIdentity"),
            .duration_s = (int)tg_json_int(document, "spec/leaseDurationSeconds", 0),
            .renewed_us = tg_json_time(document, "spec/renewTime"),
        };
        break;
    default:
        read_plain(draft, document);
        break;
    }
}

static void read_labels(struct draft *draft, const json_t *document)
{
    const char *key;
    json_t *value;
    json_t *labels = (json_t *)(uintptr_t)tg_json_at(document, "metadata/labels");
    draft->obj.labels = draft->labels;
    json_object_foreach(labels, key, value)
    {
        if (draft->obj.labels_count < LABELS_MAX && json_is_string(value)) {
            draft->labels[draft->obj.labels_count++] =
                (struct tg_label){key, json_string_value(value)};
        }
    }
}

struct tg_obj *tg_k8s_object(enum tg_kind kind, const json_t *document, struct tg_err *err)
{
    struct draft draft;
    const char *name = tg_json_text(document, "metadata/name");
    const char *says = tg_json_text(document, "kind");
    if (*name == '\0') {
        tg_err_set(err, TG_CODE_PROTOCOL, 0, "an object without metadata.name");
        return NULL;
    }
    if (*says != '\0' && !tg_str_eq(says, tg_kind_info(kind)->name)) {
        tg_err_set(err, TG_CODE_PROTOCOL, 0, "%s where %s was asked for", says,
                   tg_kind_info(kind)->name);
        return NULL;
    }
    memset(&draft.obj, 0, sizeof(draft.obj));
    draft.obj.kind = kind;
    draft.obj.name = name;
    draft.obj.ns = tg_json_text(document, "metadata/namespace");
    draft.obj.uid = tg_json_text(document, "metadata/uid");
    draft.obj.resource_version = tg_json_text(document, "metadata/resourceVersion");
    draft.obj.generation = tg_json_int(document, "metadata/generation", 0);
    draft.obj.created_us = tg_json_time(document, "metadata/creationTimestamp");
    draft.obj.deleted_us = tg_json_time(document, "metadata/deletionTimestamp");
    read_labels(&draft, document);
    read_kind(&draft, document);
    return tg_obj_new(&draft.obj);
}
