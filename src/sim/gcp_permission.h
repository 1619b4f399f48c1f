/* sim/gcp_permission.h - IAM's answer to "may this caller do that": roles, bindings, denials.
 *
 * Thread: the world's.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_SIM_GCP_PERMISSION_H
#define TG_SIM_GCP_PERMISSION_H

#include <jansson.h>
#include <stdbool.h>

#include "sim/gcp_state.h"

/* True when member ("user:...", "serviceAccount:...") has permission ("storage.objects.get") by a
 * role on the project, or on bucket (NULL: on the project only), for as long as a role takes to
 * work, and nobody denies it. */
bool sim_gcp_may(struct sim_world *world, const char *member, const char *permission,
                 const char *bucket);

/* Denies a permission ("compute.networks.create", or all that begin alike: "container.*") to
 * everybody, whatever their roles, or takes that back. */
void sim_gcp_deny(struct sim_world *world, const char *permission, bool is_denied);

/* The permission that the call needs, "" when none is asked for. Borrowed until the next call. */
const char *sim_gcp_permission_of(const struct sim_gcp_call *call, char *out, size_t size);

/* 403 (new reference) when the caller lacks the permission that the call needs; NULL: go on. */
json_t *sim_gcp_refuse_denied(struct sim_gcp_call *call);

/* True for requests that make something in Compute or Kubernetes Engine, which takes quota. */
bool sim_gcp_creates(struct sim_world *world, const struct sim_request *request);

/* 403 (new reference) when a fault takes the quota from a call that creates; NULL: go on. */
json_t *sim_gcp_refuse_short(struct sim_gcp_call *call);

/* Those of the permissions in asked (an array, or texts repeated in a query) that the caller has:
 * {"permissions":[...]}; new reference. */
json_t *sim_gcp_test_permissions(struct sim_gcp_call *call, const json_t *asked,
                                 const char *bucket);

#endif
