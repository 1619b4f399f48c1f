/* codec/gcp.h - Google Cloud's REST answers to observed objects.
 *
 * Thread: a worker's. Ownership: lists as in codec/k8s.h.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_CODEC_GCP_H
#define TG_CODEC_GCP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "codec/k8s.h"

/* One page of a kind: items[] under the API's own key, or an aggregated list by location.
 * resource_version stays empty; continue_token is the nextPageToken. An answer of clusters gives
 * node pools when kind is GCP_NODE_POOL. */
bool tg_gcp_decode_page(enum tg_kind kind, const char *json, size_t len, struct tg_k8s_list *list,
                        struct tg_err *err);

/* The groups (full URLs) of the multi-cluster backend services in a backendServices list: pairs of
 * service name and group, at most pairs_max; the caller frees the texts. */
struct tg_gcp_group {
    char *service;
    char *group;
};
size_t tg_gcp_decode_groups(const char *json, size_t len, struct tg_gcp_group *groups,
                            size_t groups_max, struct tg_err *err);

/* Health of the endpoints of one group: GCP_BACKEND objects, appended to list. */
bool tg_gcp_decode_health(const struct tg_gcp_group *group, const char *json, size_t len,
                          struct tg_k8s_list *list, struct tg_err *err);

#endif
