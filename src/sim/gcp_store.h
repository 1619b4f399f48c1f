/* sim/gcp_store.h - Google Cloud's resources as JSON documents, and the operations that change
 * them.
 *
 * A document's path names service, place and name: "compute/global/networks/N",
 * "compute/regions/R/subnetworks/N", "container/Z/C", "container/Z/C/nodePools/N",
 * "hub/memberships/M", "hub/features/F", "iam/EMAIL", "key/EMAIL/ID", "service/NAME", "bucket/B",
 * "object/B/NAME", "trash/B/NAME#GENERATION", "policy/project", "policy/bucket/B",
 * "policy/account/EMAIL", "token/HASH", "upload/ID", "deny/PERMISSION". Members that start with an
 * underscore are the world's own and are never shown.
 *
 * Thread: the world's. Ownership: the world's behaviour owns the documents; results are borrowed
 * until the next change unless a function says otherwise.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_SIM_GCP_STORE_H
#define TG_SIM_GCP_STORE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "sim/cloud.h"
#include "sim/controllers.h"
#include "sim/gcp_state.h"
#include "sim/params.h"
#include "sim/shape.h"

json_t *sim_gcp_find(struct sim_world *world, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Stores document (stolen) at path. */
void sim_gcp_put(struct sim_world *world, const char *path, json_t *document);
bool sim_gcp_drop(struct sim_world *world, const char *path);

/* Documents right below folder ("compute/global/networks"), by name: a new array. */
json_t *sim_gcp_children(struct sim_world *world, const char *folder);

/* Calls visit for every document whose path starts with prefix, by path, until it returns false.
 * visit must not change the store. */
void sim_gcp_each(struct sim_world *world, const char *prefix,
                  bool (*visit)(void *context, const char *path, json_t *document), void *context);

/* The document as clients see it: a new object without the world's own members, whose values are
 * the document's: only the outermost object may be changed. NULL when document is. */
json_t *sim_gcp_shown(const json_t *document);

/* RFC 3339 time now in the form of Google's APIs. out has SIM_TIME_SIZE bytes and is returned. */
const char *sim_gcp_now(struct sim_world *world, char *out);

/* Last segment of a path or link; borrowed from it. */
const char *sim_gcp_last(const char *link);

/* Opaque value that changes with every call ("BwX..."), for fingerprints and etags. out has 24
 * bytes and is returned. */
const char *sim_gcp_fingerprint(struct sim_world *world, char out[24]);

/* ---- operations (sim/gcp_operation.c) ---- */

/* What happens when an operation ends; path is the document it is about. */
typedef void sim_gcp_finish(struct sim_world *world, const char *path);

struct sim_gcp_change {
    const char *type;        /* "insert", "CREATE_CLUSTER" */
    const char *place;       /* "global", "regions/us-east5", "us-east5-b" */
    const char *target_link; /* selfLink of the resource */
    const char *path;        /* of the document */
    const struct sim_duration *duration;
    sim_gcp_finish *finish; /* NULL: nothing */
    sim_gcp_finish *fail; /* instead of finish when the operation ends with error; NULL: nothing */
    const char *error;    /* text of a failure that the operation ends with; NULL: none */
    json_t *response;     /* of a long-running operation, stolen; NULL: none */
};

/* Starts one and gives its document as the API answers it (new reference). Operations of a world
 * that is being built end at once. */
json_t *sim_gcp_operate_compute(struct sim_world *world, const struct sim_gcp_change *change);
json_t *sim_gcp_operate_container(struct sim_world *world, const struct sim_gcp_change *change);
json_t *sim_gcp_operate_long(struct sim_world *world, const struct sim_gcp_change *change);

/* Requests on operations themselves: at is the segment after "operations". NULL: no such request.
 */
json_t *sim_gcp_operations(struct sim_gcp_call *call, const char *service, int at);

/* An operation of Compute Engine as it is now (new reference), NULL when there is none of that
 * name. */
json_t *sim_gcp_operation_named(struct sim_world *world, const char *name);

/* ---- shared by the services' files ---- */

/* The fleet or a cluster changed: controllers appear or go, and leave their firewall rules. */
void sim_gcp_fleet_changed(struct sim_world *world);
void sim_gcp_enable_service(struct sim_world *world, const char *name);

/* A while from now the fleet's controllers look after their firewall rules again. */
void sim_gcp_fleet_heal(struct sim_world *world);

/* The answer (new reference, 403) to a request on a service whose API the project has not enabled;
 * NULL when it may go on. service: "compute", "container", ... */
json_t *sim_gcp_refuse_disabled(struct sim_gcp_call *call, const char *service);

/* Requests on policies; NULL: no such request. */
json_t *sim_gcp_bucket_policy(struct sim_gcp_call *call, const char *bucket);
json_t *sim_gcp_policy(struct sim_gcp_call *call, const char *path, const char *verb);

/* What a new project's policy holds: its owner. */
void sim_gcp_policy_seed(struct sim_world *world);

/* True when member has had role by the policy for as long as it takes to work. */
bool sim_gcp_policy_is_effective(struct sim_world *world, const json_t *policy, const char *role,
                                 const char *member);
json_t *sim_gcp_quotas(struct sim_gcp_call *call);
json_t *sim_gcp_consumer_quotas(struct sim_gcp_call *call);

#endif
