/* codec/gcp.c - Google Cloud's lists to objects. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "codec/gcp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "codec/json.h"

/* What stands after the last slash of a name or URL. */
static const char *last(const char *url)
{
    const char *slash = strrchr(url, '/');
    return slash != NULL ? slash + 1 : url;
}

/* The key under which a kind's list stands, and within an aggregated list. */
static const char *list_key(enum tg_kind kind)
{
    switch (kind) {
    case TG_KIND_GCP_SERVICE:
        return "services";
    case TG_KIND_GCP_SERVICE_ACCOUNT:
        return "accounts";
    case TG_KIND_GCP_CLUSTER:
    case TG_KIND_GCP_NODE_POOL:
        return "clusters";
    case TG_KIND_GCP_MEMBERSHIP:
    case TG_KIND_GCP_FEATURE:
        return "resources";
    default:
        return "items";
    }
}

static void push(struct tg_k8s_list *list, const struct tg_obj *draft)
{
    list->items = tg_realloc_array(list->items, list->count + 1, sizeof(struct tg_obj *));
    list->items[list->count++] = tg_obj_new(draft);
}

static void fill(struct tg_obj *draft, enum tg_kind kind, const json_t *item)
{
    /* tidy: table */
    struct tg_gcp *gcp = &draft->as.gcp;
    switch (kind) {
    case TG_KIND_GCP_PROJECT:
        draft->name = tg_json_text(item, "projectId");
        gcp->status = tg_json_text(item, "lifecycleState");
        gcp->number = tg_json_int(item, "projectNumber", 0);
        break;
    case TG_KIND_GCP_SERVICE:
        gcp->status = tg_json_text(item, "state");
        break;
    case TG_KIND_GCP_NETWORK:
        gcp->number = tg_json_int(item, "mtu", 0);
        break;
    case TG_KIND_GCP_SUBNETWORK:
        gcp->range = tg_json_text(item, "ipCidrRange");
        gcp->purpose = tg_json_text(item, "purpose");
        gcp->status = tg_json_text(item, "state");
        gcp->parent = last(tg_json_text(item, "network"));
        break;
    case TG_KIND_GCP_ADDRESS:
        gcp->address = tg_json_text(item, "address");
        gcp->status = tg_json_text(item, "status");
        gcp->purpose = tg_json_text(item, "addressType");
        break;
    case TG_KIND_GCP_FIREWALL:
        gcp->parent = last(tg_json_text(item, "network"));
        break;
    case TG_KIND_GCP_BUCKET:
        gcp->location = tg_json_text(item, "location");
        break;
    case TG_KIND_GCP_SERVICE_ACCOUNT:
        draft->name = tg_json_text(item, "email");
        break;
    case TG_KIND_GCP_CLUSTER:
        gcp->location = tg_json_text(item, "location");
        gcp->status = tg_json_text(item, "status");
        gcp->status_text = tg_json_text(item, "statusMessage");
        gcp->version = tg_json_text(item, "currentMasterVersion");
        gcp->address = tg_json_text(item, "endpoint");
        gcp->authority = tg_json_text(item, "masterAuth/clusterCaCertificate");
        gcp->number = tg_json_int(item, "currentNodeCount", 0);
        break;
    case TG_KIND_GCP_MEMBERSHIP:
        gcp->status = tg_json_text(item, "state/code");
        gcp->parent = last(tg_json_text(item, "endpoint/gkeCluster/resourceLink"));
        break;
    case TG_KIND_GCP_FEATURE:
        gcp->status = tg_json_text(item, "resourceState/state");
        break;
    default:
        break;
    }
}

static void add_item(struct tg_k8s_list *list, enum tg_kind kind, const json_t *item)
{
    struct tg_obj draft = {.kind = kind, .name = last(tg_json_text(item, "name"))};
    draft.uid = tg_json_text(item, "id");
    draft.created_us = tg_json_time(item, "creationTimestamp");
    if (draft.created_us == 0) {
        draft.created_us = tg_json_time(item, "createTime");
    }
    draft.as.gcp.location = last(tg_json_text(item, "region"));
    fill(&draft, kind, item);
    /* Regional resources may have one name in two regions. */
    if (kind == TG_KIND_GCP_SUBNETWORK || kind == TG_KIND_GCP_ADDRESS ||
        kind == TG_KIND_GCP_CLUSTER) {
        draft.ns = draft.as.gcp.location;
    }
    if (*draft.name == '\0') {
        list->rejected++;
        return;
    }
    push(list, &draft);
}

static void add_node_pools(struct tg_k8s_list *list, const json_t *cluster)
{
    const json_t *pools = json_object_get(cluster, "nodePools");
    for (size_t i = 0; i < json_array_size(pools); i++) {
        const json_t *pool = json_array_get(pools, i);
        const char *name = tg_json_text(pool, "name");
        const char *parent = tg_json_text(cluster, "name");
        char key[256];
        snprintf(key, sizeof(key), "%s", parent);
        struct tg_obj draft = {
            .kind = TG_KIND_GCP_NODE_POOL,
            .ns = key, /* two clusters may have pools of one name */
            .name = name,
            .as.gcp = {.location = tg_json_text(cluster, "location"),
                       .status = tg_json_text(pool, "status"),
                       .status_text = tg_json_text(pool, "statusMessage"),
                       .machine_type = tg_json_text(pool, "config/machineType"),
                       .version = tg_json_text(pool, "version"),
                       .purpose = tg_json_text(pool, "networkConfig/acceleratorNetworkProfile"),
                       .parent = parent,
                       .number = tg_json_int(pool, "initialNodeCount", 0)}};
        push(list, &draft);
    }
}

static void add_all(struct tg_k8s_list *list, enum tg_kind kind, const json_t *items)
{
    for (size_t i = 0; i < json_array_size(items); i++) {
        const json_t *item = json_array_get(items, i);
        if (kind == TG_KIND_GCP_NODE_POOL) {
            add_node_pools(list, item);
        } else {
            add_item(list, kind, item);
        }
    }
}

bool tg_gcp_decode_page(enum tg_kind kind, const char *json, size_t len, struct tg_k8s_list *list,
                        struct tg_err *err)
{
    *list = (struct tg_k8s_list){0};
    struct tg_json document = {0};
    if (!tg_json_parse(json, len, NULL, &document, err)) {
        return false;
    }
    const json_t *items = json_object_get(document.root, list_key(kind));
    if (kind == TG_KIND_GCP_PROJECT) {
        add_item(list, kind, document.root);
    } else if (json_is_object(items)) {
        const char *place;
        json_t *scoped;
        json_object_foreach((json_t *)(uintptr_t)items, place, scoped)
        {
            add_all(list, kind, json_object_get(scoped, tg_kind_info(kind)->plural));
        }
    } else {
        add_all(list, kind, items);
    }
    const char *more = tg_json_text(document.root, "nextPageToken");
    list->continue_token = *more != '\0' ? tg_strdup(more) : NULL;
    tg_json_release(&document);
    return true;
}

size_t tg_gcp_decode_groups(const char *json, size_t len, struct tg_gcp_group *groups,
                            size_t groups_max, struct tg_err *err)
{
    size_t count = 0;
    struct tg_json document = {0};
    (void)tg_json_parse(json, len, NULL, &document, err);
    const json_t *items = json_object_get(document.root, "items");
    for (size_t i = 0; i < json_array_size(items); i++) {
        const json_t *service = json_array_get(items, i);
        const char *name = tg_json_text(service, "name");
        const json_t *backends = json_object_get(service, "backends");
        /* The endpoint pickers' own services are not where answers come from. */
        if (!tg_str_has_prefix(name, "gkemcg1-") || strstr(name, "-epp-") != NULL) {
            continue;
        }
        for (size_t b = 0; b < json_array_size(backends) && count < groups_max; b++) {
            const json_t *backend = json_array_get(backends, b);
            groups[count++] =
                (struct tg_gcp_group){tg_strdup(name), tg_strdup(tg_json_text(backend, "group"))};
        }
    }
    tg_json_release(&document);
    return count;
}

/* Zone or region in a URL such as ".../zones/us-east5-b/networkEndpointGroups/x". */
static void location_in(const char *url, char *out, size_t size)
{
    const char *at = strstr(url, "/zones/");
    at = at != NULL ? at + strlen("/zones/") : strstr(url, "/regions/");
    out[0] = '\0';
    if (at != NULL) {
        at += at[0] == '/' ? strlen("/regions/") : 0;
        snprintf(out, size, "%.*s", (int)strcspn(at, "/"), at);
    }
}

bool tg_gcp_decode_health(const struct tg_gcp_group *group, const char *json, size_t len,
                          struct tg_k8s_list *list, struct tg_err *err)
{
    struct tg_json document = {0};
    if (!tg_json_parse(json, len, NULL, &document, err)) {
        return false;
    }
    char location[64];
    location_in(group->group, location, sizeof(location));
    const json_t *endpoints = json_object_get(document.root, "healthStatus");
    for (size_t i = 0; i < json_array_size(endpoints); i++) {
        const json_t *endpoint = json_array_get(endpoints, i);
        char name[160];
        int port = (int)tg_json_int(endpoint, "port", 0);
        snprintf(name, sizeof(name), "%s %s:%d", location, tg_json_text(endpoint, "ipAddress"),
                 port);
        struct tg_obj draft = {.kind = TG_KIND_GCP_BACKEND,
                               .name = name,
                               .uid = name,
                               .as.gcp = {.location = location,
                                          .status = tg_json_text(endpoint, "healthState"),
                                          .address = tg_json_text(endpoint, "ipAddress"),
                                          .parent = group->service,
                                          .group = last(group->group),
                                          .number = port}};
        push(list, &draft);
    }
    tg_json_release(&document);
    return true;
}
