/* model/obj.c - packs a draft object into one block. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "model/obj.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/mem.h"
#include "base/str.h"

#define OBJ_MAGIC 0x0b1ec7edU

/* Copies strings and arrays behind the object. The same functions run twice: first with no memory,
 * to measure, then to write; so that size and contents can never disagree. */
struct packer {
    char *memory; /* NULL while measuring */
    size_t used;
};

static void *pack_bytes(struct packer *packer, const void *from, size_t size, size_t alignment)
{
    packer->used = (packer->used + alignment - 1) / alignment * alignment;
    void *to = packer->memory != NULL ? packer->memory + packer->used : NULL;
    if (to != NULL && size > 0) {
        memcpy(to, from, size);
    }
    packer->used += size;
    return to;
}

static void pack_text(struct packer *packer, const char **text)
{
    if (*text == NULL || **text == '\0') {
        *text = "";
        return;
    }
    char *copy = pack_bytes(packer, *text, strlen(*text) + 1, 1);
    if (copy != NULL) {
        *text = copy;
    }
}

/* Copies an array of count elements; returns the copy to go on packing in, or NULL while measuring.
 */
static void *pack_array(struct packer *packer, const void *from, size_t count, size_t size)
{
    return count == 0 ? NULL : pack_bytes(packer, from, count * size, _Alignof(max_align_t));
}

/* Packs the texts of each element: of the copy when writing, of a scratch element when measuring.
 */
#define PACK_EACH(packer, array, count, type, pack_element)                   \
    do {                                                                      \
        type *copies = pack_array(packer, array, count, sizeof(type));        \
        for (size_t index = 0; index < (count); index++) {                    \
            type scratch = (array)[index];                                    \
            pack_element(packer, copies != NULL ? &copies[index] : &scratch); \
        }                                                                     \
        if (copies != NULL) {                                                 \
            (array) = copies;                                                 \
        }                                                                     \
    } while (0)

static void pack_condition(struct packer *packer, struct tg_condition *condition)
{
    pack_text(packer, &condition->type);
    pack_text(packer, &condition->status);
    pack_text(packer, &condition->reason);
    pack_text(packer, &condition->message);
}

static void pack_conditions(struct packer *packer, struct tg_conditions *conditions)
{
    PACK_EACH(packer, conditions->items, conditions->count, struct tg_condition, pack_condition);
}

static void pack_node(struct packer *packer, struct tg_node *node)
{
    pack_conditions(packer, &node->conditions);
    pack_text(packer, &node->tpu_accelerator);
    pack_text(packer, &node->tpu_topology);
    pack_text(packer, &node->node_pool);
    pack_text(packer, &node->region);
    pack_text(packer, &node->zone);
    pack_text(packer, &node->instance_type);
    pack_text(packer, &node->kubelet_version);
    pack_text(packer, &node->internal_ip);
}

static void pack_container(struct packer *packer, struct tg_container *container)
{
    pack_text(packer, &container->name);
    pack_text(packer, &container->state);
    pack_text(packer, &container->reason);
    pack_text(packer, &container->message);
}

static void pack_pod(struct packer *packer, struct tg_pod *pod)
{
    pack_text(packer, &pod->phase);
    pack_text(packer, &pod->status);
    pack_text(packer, &pod->node_name);
    pack_text(packer, &pod->pod_ip);
    pack_text(packer, &pod->app);
    pack_text(packer, &pod->claim_name);
    PACK_EACH(packer, pod->containers, pod->containers_count, struct tg_container, pack_container);
    pack_conditions(packer, &pod->conditions);
}

static void pack_deployment(struct packer *packer, struct tg_deployment *deployment)
{
    pack_conditions(packer, &deployment->conditions);
    pack_text(packer, &deployment->drill);
    pack_text(packer, &deployment->original_replicas);
}

static void pack_event(struct packer *packer, struct tg_event *event)
{
    pack_text(packer, &event->type);
    pack_text(packer, &event->reason);
    pack_text(packer, &event->message);
    pack_text(packer, &event->object_kind);
    pack_text(packer, &event->object_namespace);
    pack_text(packer, &event->object_name);
    pack_text(packer, &event->object_uid);
    pack_text(packer, &event->source);
}

static void pack_claim_device(struct packer *packer, struct tg_claim_device *device)
{
    pack_text(packer, &device->driver);
    pack_text(packer, &device->pool);
    pack_text(packer, &device->device);
    pack_text(packer, &device->interface_name);
    pack_text(packer, &device->address);
    pack_text(packer, &device->mac);
}

static void pack_resource_claim(struct packer *packer, struct tg_resource_claim *claim)
{
    pack_text(packer, &claim->pod_claim_name);
    pack_text(packer, &claim->device_class);
    pack_text(packer, &claim->reserved_for);
    PACK_EACH(packer, claim->devices, claim->devices_count, struct tg_claim_device,
              pack_claim_device);
}

static void pack_slice_device(struct packer *packer, struct tg_slice_device *device)
{
    pack_text(packer, &device->name);
    pack_text(packer, &device->interface_name);
    pack_text(packer, &device->mac);
    pack_text(packer, &device->address);
    pack_text(packer, &device->pci_address);
    pack_text(packer, &device->network);
}

static void pack_resource_slice(struct packer *packer, struct tg_resource_slice *slice)
{
    pack_text(packer, &slice->driver);
    pack_text(packer, &slice->node_name);
    pack_text(packer, &slice->pool);
    PACK_EACH(packer, slice->devices, slice->devices_count, struct tg_slice_device,
              pack_slice_device);
}

static void pack_gcp(struct packer *packer, struct tg_gcp *gcp)
{
    pack_text(packer, &gcp->location);
    pack_text(packer, &gcp->status);
    pack_text(packer, &gcp->status_text);
    pack_text(packer, &gcp->address);
    pack_text(packer, &gcp->range);
    pack_text(packer, &gcp->purpose);
    pack_text(packer, &gcp->machine_type);
    pack_text(packer, &gcp->version);
    pack_text(packer, &gcp->parent);
    pack_text(packer, &gcp->group);
    pack_text(packer, &gcp->authority);
}

static void pack_kind(struct packer *packer, struct tg_obj *obj)
{
    /* tidy: table */
    switch (obj->kind) {
    case TG_KIND_NODE:
        pack_node(packer, &obj->as.node);
        break;
    case TG_KIND_POD:
        pack_pod(packer, &obj->as.pod);
        break;
    case TG_KIND_DEPLOYMENT:
        pack_deployment(packer, &obj->as.deployment);
        break;
    case TG_KIND_EVENT:
        pack_event(packer, &obj->as.event);
        break;
    case TG_KIND_RESOURCE_CLAIM:
        pack_resource_claim(packer, &obj->as.resource_claim);
        break;
    case TG_KIND_RESOURCE_SLICE:
        pack_resource_slice(packer, &obj->as.resource_slice);
        break;
    case TG_KIND_GATEWAY:
        pack_conditions(packer, &obj->as.gateway.conditions);
        pack_text(packer, &obj->as.gateway.class_name);
        pack_text(packer, &obj->as.gateway.addresses_wanted);
        pack_text(packer, &obj->as.gateway.addresses);
        pack_text(packer, &obj->as.gateway.backend_services);
        break;
    case TG_KIND_HTTP_ROUTE:
        pack_conditions(packer, &obj->as.http_route.conditions);
        pack_text(packer, &obj->as.http_route.parent);
        pack_text(packer, &obj->as.http_route.backend_kind);
        pack_text(packer, &obj->as.http_route.backend_name);
        break;
    case TG_KIND_INFERENCE_POOL:
        pack_conditions(packer, &obj->as.inference_pool.conditions);
        pack_text(packer, &obj->as.inference_pool.selector_app);
        pack_text(packer, &obj->as.inference_pool.picker);
        pack_text(packer, &obj->as.inference_pool.failure_mode);
        break;
    case TG_KIND_LEASE:
        pack_text(packer, &obj->as.lease.holder);
        break;
    case TG_KIND_JOB:
    case TG_KIND_INFERENCE_OBJECTIVE:
    case TG_KIND_AUTOSCALING_METRIC:
    case TG_KIND_HEALTH_CHECK_POLICY:
    case TG_KIND_GCP_BACKEND_POLICY:
        pack_conditions(packer, &obj->as.plain.conditions);
        break;
    default:
        pack_gcp(packer, &obj->as.gcp);
        break;
    }
}

static void pack_label(struct packer *packer, struct tg_label *label)
{
    pack_text(packer, &label->key);
    pack_text(packer, &label->value);
}

static void pack_obj(struct packer *packer, struct tg_obj *obj)
{
    pack_text(packer, &obj->ns);
    pack_text(packer, &obj->name);
    pack_text(packer, &obj->uid);
    pack_text(packer, &obj->resource_version);
    PACK_EACH(packer, obj->labels, obj->labels_count, struct tg_label, pack_label);
    pack_kind(packer, obj);
}

struct tg_obj *tg_obj_new(const struct tg_obj *draft)
{
    struct packer packer = {NULL, sizeof(*draft)};
    struct tg_obj measured = *draft;
    pack_obj(&packer, &measured);
    struct tg_obj *obj = tg_malloc(packer.used);
    *obj = *draft;
    obj->size = packer.used;
    packer = (struct packer){(char *)obj, sizeof(*obj)};
    pack_obj(&packer, obj);
    tg_assert(packer.used == obj->size);
    obj->magic = OBJ_MAGIC;
    obj->references = 1;
    return obj;
}

bool tg_weights_are_complete(const struct tg_weights *weights)
{
    return weights->judge != TG_WEIGHTS_UNJUDGED && weights->shards_expected > 0 &&
           weights->shards >= weights->shards_expected && weights->bytes >= weights->bytes_expected;
}

static bool is_same_weights(const struct tg_weights *a, const struct tg_weights *b)
{
    return a->judge == b->judge && a->shards == b->shards &&
           a->shards_expected == b->shards_expected && a->bytes == b->bytes &&
           a->bytes_expected == b->bytes_expected;
}

bool tg_obj_is_same(const struct tg_obj *a, const struct tg_obj *b)
{
    TG_MAGIC_CHECK(a, OBJ_MAGIC);
    TG_MAGIC_CHECK(b, OBJ_MAGIC);
    if (a->kind != b->kind || strcmp(a->uid, b->uid) != 0) {
        return false;
    }
    switch (tg_kind_info(a->kind)->source) {
    case TG_KIND_SOURCE_K8S:
        /* A Lease is renewed every few seconds: who holds it is news, that it is held is not. */
        return a->kind == TG_KIND_LEASE ? strcmp(a->as.lease.holder, b->as.lease.holder) == 0
                                        : strcmp(a->resource_version, b->resource_version) == 0;
    default:
        /* Google Cloud's have no arrays: all their texts follow the head, in one order. */
        return a->size == b->size && a->as.gcp.number == b->as.gcp.number &&
               a->as.gcp.bytes == b->as.gcp.bytes &&
               is_same_weights(&a->as.gcp.weights, &b->as.gcp.weights) &&
               a->labels_count + b->labels_count == 0 &&
               memcmp(a + 1, b + 1, a->size - sizeof(*a)) == 0;
    }
}

struct tg_obj *tg_obj_ref(struct tg_obj *obj)
{
    TG_MAGIC_CHECK(obj, OBJ_MAGIC);
    obj->references++;
    return obj;
}

void tg_obj_unref(struct tg_obj *obj)
{
    if (obj == NULL) {
        return;
    }
    TG_MAGIC_CHECK(obj, OBJ_MAGIC);
    tg_assert(obj->references > 0);
    if (--obj->references == 0) {
        obj->magic = 0;
        free(obj);
    }
}

const char *tg_obj_label(const struct tg_obj *obj, const char *key)
{
    for (size_t i = 0; i < obj->labels_count; i++) {
        if (tg_str_eq(obj->labels[i].key, key)) {
            return obj->labels[i].value;
        }
    }
    return NULL;
}

struct tg_conditions tg_obj_conditions(const struct tg_obj *obj)
{
    switch (obj->kind) {
    case TG_KIND_NODE:
        return obj->as.node.conditions;
    case TG_KIND_POD:
        return obj->as.pod.conditions;
    case TG_KIND_DEPLOYMENT:
        return obj->as.deployment.conditions;
    case TG_KIND_GATEWAY:
        return obj->as.gateway.conditions;
    case TG_KIND_HTTP_ROUTE:
        return obj->as.http_route.conditions;
    case TG_KIND_INFERENCE_POOL:
        return obj->as.inference_pool.conditions;
    case TG_KIND_JOB:
    case TG_KIND_INFERENCE_OBJECTIVE:
    case TG_KIND_AUTOSCALING_METRIC:
    case TG_KIND_HEALTH_CHECK_POLICY:
    case TG_KIND_GCP_BACKEND_POLICY:
        return obj->as.plain.conditions;
    default:
        return (struct tg_conditions){NULL, 0};
    }
}

const struct tg_condition *tg_obj_condition(const struct tg_obj *obj, const char *type)
{
    struct tg_conditions conditions = tg_obj_conditions(obj);
    for (size_t i = 0; i < conditions.count; i++) {
        if (tg_str_eq_nocase(conditions.items[i].type, type)) {
            return &conditions.items[i];
        }
    }
    return NULL;
}
