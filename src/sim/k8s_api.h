/* sim/k8s_api.h - the HTTP face of one simulated cluster: paths and verbs.
 *
 * Thread: the world's.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_SIM_K8S_API_H
#define TG_SIM_K8S_API_H

#include "sim/front.h"
#include "sim/rbac.h"
#include "sim/store.h"

/* Answers a request of who to a cluster whose objects are in store; the token has been checked. */
void sim_k8s_handle(struct sim_world *world, struct sim_store *store,
                    const struct sim_identity *who, const struct sim_request *request,
                    struct sim_response *response);

/* True for paths of resources, which roles are about; discovery, health and the like are not. */
bool sim_k8s_is_resource(const char *path);

#endif
