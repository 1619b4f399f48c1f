/* sim/k8s_discovery.h - what an API server says about itself: groups, resources, version, schema
 * index, health.
 *
 * Thread: the world's.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_SIM_K8S_DISCOVERY_H
#define TG_SIM_K8S_DISCOVERY_H

#include <stdbool.h>

#include "sim/front.h"
#include "sim/store.h"

/* What the cluster says it runs. */
#define SIM_GIT_VERSION "v1.34.1-gke.1829001"

/* Answers request when it is about discovery, version, OpenAPI or health; false (nothing done) when
 * it is not. */
bool sim_k8s_discovery(struct sim_store *store, const struct sim_request *request,
                       struct sim_response *response);

/* True for paths that are answered without a token, as real clusters do (health and version). */
bool sim_k8s_is_public(const char *path);

#endif
