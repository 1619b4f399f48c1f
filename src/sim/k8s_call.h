/* sim/k8s_call.h - one request to a cluster after its path is understood; shared by the verbs.
 *
 * Thread: the world's. Ownership: texts belong to the call and go with it.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_SIM_K8S_CALL_H
#define TG_SIM_K8S_CALL_H

#include <jansson.h>
#include <stdbool.h>

#include "sim/front.h"
#include "sim/k8s_table.h"
#include "sim/rbac.h"
#include "sim/store.h"
#include "sim/world.h"

struct sim_call {
    struct sim_world *world;
    struct sim_store *store;
    const struct sim_identity *who;
    const struct sim_request *request;
    struct sim_response *response;
    json_t *query;
    const struct sim_resource *resource;
    char *ns;          /* NULL: none in the path */
    char *name;        /* NULL: the collection */
    char *subresource; /* "" when none */
    char *rest;        /* path below the subresource, "" or starting with a slash */
    enum sim_encoding encoding;
};

/* Namespace of the path, "" when it has none; whether nothing shall be kept; the object that the
 * path names, NULL with the response filled (404) when there is none. Borrowed. */
const char *sim_k8s_ns(const struct sim_call *call);
bool sim_k8s_is_dry_run(const struct sim_call *call);
json_t *sim_k8s_current(const struct sim_call *call);

/* Verbs on objects and on the status subresource (sim/k8s_write.c, sim/k8s_delete.c). Each fills
 * call->response. */
void sim_k8s_create(struct sim_call *call);
void sim_k8s_update(struct sim_call *call);
void sim_k8s_patch(struct sim_call *call);
void sim_k8s_delete(struct sim_call *call);
void sim_k8s_delete_collection(struct sim_call *call);

/* Brings the result of a server-side apply (stolen) into the store; live NULL: it is new. */
void sim_k8s_write_applied(struct sim_call *call, json_t *live, json_t *next);

/* Parses the body as JSON object; NULL with the response filled (400, 415) when it is none. New
 * reference. */
json_t *sim_k8s_body(const struct sim_call *call);

/* Applies the request's patch to target; NULL with the response filled when that fails. New
 * reference. */
json_t *sim_k8s_patched(const struct sim_call *call, json_t *target);

/* Subresources other than status (sim/k8s_subresource.c): scale, log, proxy, eviction; 404 for
 * others. */
void sim_k8s_subresource(struct sim_call *call);

/* POST pods/NAME/eviction (sim/k8s_eviction.c). */
void sim_k8s_evict(struct sim_call *call);

/* Access and subject reviews (sim/k8s_review.c); true when the path was one. */
bool sim_k8s_review(const struct sim_call *call);

#endif
