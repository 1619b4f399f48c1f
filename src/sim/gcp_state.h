/* sim/gcp_state.h - Google Cloud's face of the world: which service a request means, who asks, and
 * what all answers share.
 *
 * Thread: the world's. Ownership: answers are new references.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_SIM_GCP_STATE_H
#define TG_SIM_GCP_STATE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/region.h"
#include "sim/world.h"

#define SIM_GCP_SEGMENTS_MAX 12
#define SIM_GCP_SEGMENT_SIZE 128

/* Where a cluster's API server really listens, for the container API's answers: endpoint is
 * "host:port", ca_base64 the certificate authority as base64 of its PEM. Both are copied. */
void sim_gcp_set_cluster_access(struct sim_world *world, int region, const char *endpoint,
                                const char *ca_base64);

/* ---- shared by the files of this face ---- */

struct sim_request;
struct sim_response;

struct sim_gcp_call {
    struct sim_world *world;
    const char *method;
    const char *query;
    const json_t *body;
    const char *principal; /* who asks: "user:operator@example.com" */
    /* Of a request that came by HTTP, else NULL: what it is beside JSON, and the answer, for those
     * who answer with anything else (they set has_answered). */
    const struct sim_request *request;
    struct sim_response *response;
    bool has_answered;

    /* Set by sim_gcp_ask(): */
    const char *service; /* "compute" */
    char version[12];    /* "v1", "beta"; "" when the path names none */
    json_t *params;      /* the query's parameters, texts by name */
    const char *rest;    /* path below the service and version, whole */
    char segments[SIM_GCP_SEGMENTS_MAX][SIM_GCP_SEGMENT_SIZE]; /* the same in parts */
    int count;
    int *status;
};

/* Answers call, whose path says service, version and resource ("/compute/v1/projects/P/...";
 * without a service's name it is told by the collection). NULL: no such method, or the response is
 * filled already (has_answered). */
json_t *sim_gcp_ask(struct sim_gcp_call *call, const char *path);

/* Reads a path into the call's service, version, rest and segments, as sim_gcp_ask() does. */
void sim_gcp_read_path(struct sim_gcp_call *call, const char *path);

/* Who asks when nobody says: the project's owner. */
#define SIM_GCP_OPERATOR "user:operator@example.com"

/* Segment i, "" past the end. */
const char *sim_gcp_segment(const struct sim_gcp_call *call, int i);
const char *sim_gcp_project(struct sim_world *world);

/* True for names of resources: RFC 1035, at most 63 characters. */
bool sim_gcp_is_name(const char *name);

/* Stable decimal id of an object called name. out has 24 bytes and is returned. */
const char *sim_gcp_id(const char *kind, const char *name, char out[24]);

/* Error answers, which also set the call's status, in the style of the call's service: Compute
 * Engine and Cloud Storage give errors[] with a reason, the newer ones status and details. */
json_t *sim_gcp_error(struct sim_gcp_call *call, int code, const char *status, const char *format,
                      ...) __attribute__((format(printf, 4, 5)));

/* Replaces the reason of an error that sim_gcp_error() made ("resourceInUseByAnotherResource");
 * gives it back. */
json_t *sim_gcp_reason(json_t *error, const char *domain, const char *reason);

/* Adds a google.rpc.ErrorInfo to the error; metadata (stolen) may be NULL. Gives the error back. */
json_t *sim_gcp_error_info(json_t *error, const char *reason, const char *domain, json_t *metadata);

/* Creation time of the lab's objects. Borrowed until the next call. */
const char *sim_gcp_created(struct sim_world *world, char *out, size_t size);

/* Region by name or zone, NULL when there is none. */
struct sim_region *sim_gcp_region(struct sim_world *world, const char *name);
struct sim_region *sim_gcp_zone(struct sim_world *world, const char *zone);

/* One service each; NULL: no such collection. */
json_t *sim_gcp_compute(struct sim_gcp_call *call);
json_t *sim_gcp_container(struct sim_gcp_call *call);
json_t *sim_gcp_hub(struct sim_gcp_call *call);
json_t *sim_gcp_storage(struct sim_gcp_call *call);
json_t *sim_gcp_iam(struct sim_gcp_call *call);
json_t *sim_gcp_services(struct sim_gcp_call *call);
json_t *sim_gcp_projects(struct sim_gcp_call *call);
json_t *sim_gcp_monitoring(struct sim_gcp_call *call);

#endif
