/* model/obj.h - one observed resource: an immutable, counted block holding only the fields that
 * screens and decisions need.
 *
 * A codec fills a draft struct tg_obj on the stack whose strings are borrowed and calls
 * tg_obj_new(), which copies everything into a single allocation. Raw JSON is never kept; the
 * detail view fetches it when asked. Text is as the server sent it; whoever draws sanitises.
 * Missing text is "" (never NULL) after tg_obj_new(); missing times are 0. Wall times are
 * microseconds since 1970 UTC by the server's clock.
 *
 * Thread: made by a worker with one reference, then moved to the UI thread, which alone touches the
 * count.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_MODEL_OBJ_H
#define TG_MODEL_OBJ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/kind.h"

struct tg_label {
    const char *key;
    const char *value;
};

struct tg_condition {
    const char *type;
    const char *status; /* "True", "False", "Unknown" */
    const char *reason;
    const char *message;
    int64_t since_us; /* lastTransitionTime; 0: never */
};

struct tg_conditions {
    const struct tg_condition *items;
    size_t count;
};

struct tg_node {
    struct tg_conditions conditions;
    bool is_ready;
    bool is_unschedulable;
    int tpu_capacity; /* chips; 0 on ordinary nodes */
    int tpu_allocatable;
    const char *tpu_accelerator; /* "tpu-v6e-slice" */
    const char *tpu_topology;    /* "2x2" */
    const char *node_pool;
    const char *region;
    const char *zone;
    const char *instance_type;
    const char *kubelet_version;
    const char *internal_ip;
};

struct tg_container {
    const char *name;
    const char *state;  /* "waiting", "running", "terminated", "" before the kubelet reported */
    const char *reason; /* of waiting or terminated */
    const char *message;
    int exit_code;
    int restarts;
    bool is_ready;
    bool is_init;
};

struct tg_pod {
    const char *phase;
    const char *status; /* as kubectl prints STATUS (k8s-api 1.11) */
    const char *node_name;
    const char *pod_ip;
    const char *app;                       /* label app */
    const char *claim_name;                /* first generated ResourceClaim */
    const struct tg_container *containers; /* init containers first */
    size_t containers_count;
    struct tg_conditions conditions;
    int ready_count;
    int total_count;
    int restarts;
    int tpu_chips; /* requested by its containers */
    bool is_ready; /* condition Ready */
};

struct tg_deployment {
    struct tg_conditions conditions;
    int replicas_desired; /* spec.replicas */
    int replicas;
    int updated;
    int ready;
    int available;
    int64_t observed_generation;
    bool is_paused;
    const char *drill;             /* annotation tidegate.dev/drill, "" when none */
    const char *original_replicas; /* annotation tidegate.dev/original-replicas */
};

struct tg_event {
    const char *type; /* Normal, Warning */
    const char *reason;
    const char *message;
    const char *object_kind;
    const char *object_namespace;
    const char *object_name;
    const char *object_uid;
    const char *source;
    int count;
    int64_t first_us;
    int64_t last_us;
};

struct tg_claim_device {
    const char *driver;
    const char *pool; /* the node */
    const char *device;
    const char *interface_name; /* in the Pod: "eth1"; "" until the driver reported */
    const char *address;        /* first ip, "10.0.2.9/32" */
    const char *mac;
    bool is_ready;
};

struct tg_resource_claim {
    const char *pod_claim_name;
    const char *device_class;
    const char *reserved_for; /* Pod name, "" when free */
    bool is_allocated;
    const struct tg_claim_device *devices;
    size_t devices_count;
};

struct tg_slice_device {
    const char *name;
    const char *interface_name; /* on the node */
    const char *mac;
    const char *address;
    const char *pci_address;
    const char *network;
    int mtu;
    bool is_rdma;
    bool is_up;
};

struct tg_resource_slice {
    const char *driver;
    const char *node_name;
    const char *pool;
    int64_t pool_generation;
    int pool_slice_count;
    const struct tg_slice_device *devices;
    size_t devices_count;
};

struct tg_gateway {
    struct tg_conditions conditions;
    const char *class_name;
    const char *addresses_wanted; /* spec.addresses values, comma-separated */
    const char *addresses;        /* status.addresses values, comma-separated */
    int attached_routes;
    const char *backend_services; /* annotation networking.gke.io/backend-services */
};

struct tg_http_route {
    struct tg_conditions conditions; /* of the first parent */
    const char *parent;              /* Gateway name */
    const char *backend_kind;
    const char *backend_name;
    int backend_port;
};

struct tg_inference_pool {
    struct tg_conditions conditions; /* of the first parent */
    const char *selector_app;
    int target_port;
    const char *picker; /* endpointPickerRef.name */
    const char *failure_mode;
    bool is_exported; /* annotation networking.gke.io/export */
};

struct tg_lease {
    const char *holder;
    int duration_s;
    int64_t renewed_us;
};

/* Job, policies and the like: conditions are all that is judged. */
struct tg_plain {
    struct tg_conditions conditions;
    int succeeded; /* Job */
    int failed;
    int active;
};

/* The model's weights in a bucket, and by what their number is judged. */
enum tg_weights_judge {
    TG_WEIGHTS_UNJUDGED, /* there is nothing to judge them by */
    TG_WEIGHTS_BY_NAMES, /* "model-00001-of-00012.safetensors" says of how many it is one */
    TG_WEIGHTS_BY_INDEX, /* model.safetensors.index.json names all of them */
};
struct tg_weights {
    enum tg_weights_judge judge;
    int shards; /* of those that are expected */
    int shards_expected;
    int64_t bytes;          /* of the shards that are there */
    int64_t bytes_expected; /* by the index; 0: it does not say */
};

/* Every Google Cloud kind; a field that a kind lacks is "" or 0. */
struct tg_gcp {
    const char *location; /* region, zone or "global" */
    const char *status; /* RUNNING, RESERVED, IN_USE, READY, ENABLED, HEALTHY, UNHEALTHY ... as the
                           API says */
    const char *status_text; /* statusMessage and the like */
    const char *address;     /* IP of an Address or of a backend's endpoint */
    const char *range;       /* CIDR */
    const char *purpose;     /* GLOBAL_MANAGED_PROXY */
    const char *machine_type;
    const char *version;
    const char
        *parent; /* cluster of a node pool; backend service of a backend; network of a subnetwork */
    const char *group; /* network endpoint group of a backend */
    int64_t number;    /* of a project; MTU of a network, node count of a pool or cluster, port of a
                          backend, objects    in a bucket */
    int64_t bytes;     /* in a bucket */
    struct tg_weights weights; /* in a bucket */
    const char *authority;     /* of a cluster: its certificate authority, PEM in base64 */
};

struct tg_obj {
    uint32_t magic;
    uint32_t references;
    size_t size; /* of the whole block, for memory accounting */
    enum tg_kind kind;
    const char *ns; /* "" for cluster scope */
    const char *name;
    const char *uid;
    const char *resource_version;
    int64_t generation;
    int64_t created_us;
    int64_t deleted_us; /* deletionTimestamp, 0 when it lives */
    const struct tg_label *labels;
    size_t labels_count;
    union {
        struct tg_node node;
        struct tg_pod pod;
        struct tg_deployment deployment;
        struct tg_event event;
        struct tg_resource_claim resource_claim;
        struct tg_resource_slice resource_slice;
        struct tg_gateway gateway;
        struct tg_http_route http_route;
        struct tg_inference_pool inference_pool;
        struct tg_lease lease;
        struct tg_plain plain;
        struct tg_gcp gcp;
    } as; /* the member that kind says */
};

/* All shards that are expected are there, and as large as they should be. */
bool tg_weights_are_complete(const struct tg_weights *weights);

/* Copies draft and everything it points to into one block with one reference. NULL strings in the
 * draft become "". */
struct tg_obj *tg_obj_new(const struct tg_obj *draft);
/* True when nothing that an operator is told differs between two states of an object. */
bool tg_obj_is_same(const struct tg_obj *a, const struct tg_obj *b);

struct tg_obj *tg_obj_ref(struct tg_obj *obj);

/* Gives one reference back; the last frees. NULL allowed. */
void tg_obj_unref(struct tg_obj *obj);

/* Value of a label, NULL when absent; borrowed. */
const char *tg_obj_label(const struct tg_obj *obj, const char *key);

/* Conditions of the kinds that have them (else an empty list); and one of them by type, ASCII case
 * ignored, or NULL. */
struct tg_conditions tg_obj_conditions(const struct tg_obj *obj);
const struct tg_condition *tg_obj_condition(const struct tg_obj *obj, const char *type);

#endif
