/* model/select_routes.c - interfaces, gateways and backends as rows. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "model/select.h"

static const struct tg_slice_device *find_slice_device(const struct tg_target *target,
                                                       const char *pool, const char *device,
                                                       const struct tg_obj **slice)
{
    const struct tg_store *slices = &target->kinds[TG_KIND_RESOURCE_SLICE].store;
    for (size_t i = 0; i < slices->count; i++) {
        const struct tg_resource_slice *found = &slices->items[i]->as.resource_slice;
        for (size_t d = 0; tg_str_eq(found->pool, pool) && d < found->devices_count; d++) {
            if (tg_str_eq(found->devices[d].name, device)) {
                *slice = slices->items[i];
                return &found->devices[d];
            }
        }
    }
    return NULL;
}

static struct tg_interface_row *add_row(struct tg_interface_row **rows, size_t *count)
{
    *rows = tg_realloc_array(*rows, *count + 1, sizeof(**rows));
    struct tg_interface_row *row = &(*rows)[(*count)++];
    *row = (struct tg_interface_row){.pod = "",
                                     .node = "",
                                     .interface_name = "",
                                     .device = "",
                                     .address = "",
                                     .mac = "",
                                     .network = ""};
    return row;
}

static void add_claimed(struct tg_interface_row **rows, size_t *count,
                        const struct tg_target *target, const struct tg_obj *claim)
{
    for (size_t d = 0; d < claim->as.resource_claim.devices_count; d++) {
        const struct tg_claim_device *device = &claim->as.resource_claim.devices[d];
        struct tg_interface_row *row = add_row(rows, count);
        const struct tg_slice_device *known =
            find_slice_device(target, device->pool, device->device, &row->slice);
        row->target = target->index;
        row->kind = TG_INTERFACE_CLAIMED;
        row->claim = claim;
        row->pod = claim->as.resource_claim.reserved_for;
        row->node = device->pool;
        row->interface_name = device->interface_name;
        row->device = device->device;
        row->address = device->address;
        row->mac = device->mac;
        row->is_ready = device->is_ready;
        row->is_releasing = claim->deleted_us != 0;
        if (known != NULL) {
            row->network = known->network;
            row->mtu = known->mtu;
        }
    }
}

static bool is_claimed(const struct tg_interface_row *rows, size_t count, int target,
                       const char *pool, const char *device)
{
    for (size_t i = 0; i < count; i++) {
        if (rows[i].target == target && tg_str_eq(rows[i].node, pool) &&
            tg_str_eq(rows[i].device, device)) {
            return true;
        }
    }
    return false;
}

static void add_free(struct tg_interface_row **rows, size_t *count, const struct tg_target *target,
                     const struct tg_obj *slice)
{
    const struct tg_resource_slice *from = &slice->as.resource_slice;
    for (size_t d = 0; d < from->devices_count; d++) {
        const struct tg_slice_device *device = &from->devices[d];
        if (is_claimed(*rows, *count, target->index, from->pool, device->name)) {
            continue;
        }
        struct tg_interface_row *row = add_row(rows, count);
        row->target = target->index;
        row->kind = TG_INTERFACE_FREE;
        row->slice = slice;
        row->node = from->node_name;
        row->interface_name = device->interface_name;
        row->device = device->name;
        row->address = device->address;
        row->mac = device->mac;
        row->network = device->network;
        row->mtu = device->mtu;
    }
}

struct tg_interface_row *tg_select_interfaces(const struct tg_model *model, int64_t now_us,
                                              size_t *count)
{
    static const enum tg_kind kinds[] = {TG_KIND_RESOURCE_CLAIM, TG_KIND_RESOURCE_SLICE};
    struct tg_interface_row *rows = NULL;
    *count = 0;
    for (size_t t = 0; t < model->targets_count; t++) {
        const struct tg_target *target = model->targets[t];
        const struct tg_store *claims = &target->kinds[TG_KIND_RESOURCE_CLAIM].store;
        const struct tg_store *slices = &target->kinds[TG_KIND_RESOURCE_SLICE].store;
        size_t first = *count;
        for (size_t i = 0; i < claims->count; i++) {
            add_claimed(&rows, count, target, claims->items[i]);
        }
        for (size_t i = 0; i < slices->count; i++) {
            add_free(&rows, count, target, slices->items[i]);
        }
        struct tg_source source = tg_select_source(target, kinds, 2, now_us);
        for (size_t i = first; i < *count; i++) {
            rows[i].is_stale = source.state != TG_SOURCE_LIVE;
            rows[i].age_us = source.age_us;
        }
    }
    return rows;
}

static bool is_condition_true(const struct tg_obj *obj, const char *type)
{
    const struct tg_condition *condition = tg_obj_condition(obj, type);
    return condition != NULL && tg_str_eq(condition->status, "True");
}

static void join_route(struct tg_gateway_row *row, const struct tg_target *target)
{
    const struct tg_store *routes = &target->kinds[TG_KIND_HTTP_ROUTE].store;
    for (size_t i = 0; i < routes->count && row->route == NULL; i++) {
        const struct tg_obj *route = routes->items[i];
        if (tg_str_eq(route->as.http_route.parent, row->gateway->name) &&
            tg_str_eq(route->ns, row->gateway->ns)) {
            row->route = route;
            row->is_route_accepted = is_condition_true(route, "Accepted");
            row->is_route_resolved = is_condition_true(route, "ResolvedRefs");
            row->pool = tg_store_get(&target->kinds[TG_KIND_INFERENCE_POOL].store, route->ns,
                                     route->as.http_route.backend_name);
        }
    }
}

struct tg_gateway_row *tg_select_gateways(const struct tg_model *model, int64_t now_us,
                                          size_t *count)
{
    static const enum tg_kind kinds[] = {TG_KIND_GATEWAY, TG_KIND_HTTP_ROUTE};
    struct tg_gateway_row *rows = NULL;
    *count = 0;
    for (size_t t = 0; t < model->targets_count; t++) {
        const struct tg_target *target = model->targets[t];
        const struct tg_store *gateways = &target->kinds[TG_KIND_GATEWAY].store;
        struct tg_source source = tg_select_source(target, kinds, 2, now_us);
        for (size_t i = 0; i < gateways->count; i++) {
            rows = tg_realloc_array(rows, *count + 1, sizeof(*rows));
            struct tg_gateway_row *row = &rows[(*count)++];
            *row = (struct tg_gateway_row){.target = target->index, .gateway = gateways->items[i]};
            row->is_programmed = is_condition_true(row->gateway, "Programmed");
            row->is_stale = source.state != TG_SOURCE_LIVE;
            row->age_us = source.age_us;
            join_route(row, target);
        }
    }
    return rows;
}

static const struct tg_target *target_in(const struct tg_model *model, const char *location)
{
    for (size_t t = 0; t < model->targets_count; t++) {
        const struct tg_target *target = model->targets[t];
        if (target->type == TG_TARGET_CLUSTER && *location != '\0' &&
            (tg_str_eq(target->zone, location) || tg_str_eq(target->region, location))) {
            return target;
        }
    }
    return NULL;
}

/* Shares are of what all replicas answered between their last two scrapes; idle gateways have none.
 */
static void add_shares(struct tg_backend_row *rows, size_t count)
{
    double all = 0;
    for (size_t i = 0; i < count; i++) {
        all += rows[i].requests_per_s > 0 ? rows[i].requests_per_s : 0;
    }
    for (size_t i = 0; i < count; i++) {
        rows[i].share = all > 0 && rows[i].requests_per_s >= 0 ? rows[i].requests_per_s / all : -1;
    }
}

struct tg_backend_row *tg_select_backends(const struct tg_model *model, int64_t now_us,
                                          size_t *count)
{
    struct tg_backend_row *rows = NULL;
    const struct tg_target *gcp = tg_model_gcp(model);
    *count = 0;
    if (gcp == NULL) {
        return NULL;
    }
    const struct tg_store *backends = &gcp->kinds[TG_KIND_GCP_BACKEND].store;
    static const enum tg_kind kinds[] = {TG_KIND_GCP_BACKEND};
    bool is_stale = tg_select_source(gcp, kinds, 1, now_us).state != TG_SOURCE_LIVE;
    for (size_t i = 0; i < backends->count; i++) {
        const struct tg_obj *backend = backends->items[i];
        const struct tg_target *target = target_in(model, backend->as.gcp.location);
        rows = tg_realloc_array(rows, *count + 1, sizeof(*rows));
        struct tg_backend_row *row = &rows[(*count)++];
        *row = (struct tg_backend_row){.target = target != NULL ? target->index : -1,
                                       .backend = backend,
                                       .is_healthy = tg_str_eq(backend->as.gcp.status, "HEALTHY"),
                                       .is_stale = is_stale,
                                       .share = -1,
                                       .requests_per_s = -1,
                                       .kv_cache_usage = -1};
        size_t pods_count = 0;
        struct tg_pod_row *pods =
            target != NULL ? tg_select_pods(model, target->index, now_us, &pods_count) : NULL;
        for (size_t p = 0; p < pods_count; p++) {
            if (tg_str_eq(pods[p].pod->as.pod.pod_ip, backend->as.gcp.address) &&
                pods[p].serving == TG_SERVING_YES) {
                row->requests_per_s = pods[p].requests_per_s;
                row->kv_cache_usage = pods[p].replica->sample.kv_cache_usage;
            }
        }
        free(pods);
    }
    add_shares(rows, *count);
    return rows;
}
