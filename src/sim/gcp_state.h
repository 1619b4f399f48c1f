/* sim/gcp_state.h - Google Cloud's face of the world: REST answers computed from what stands in it.
 *
 * Read-only in this version: lists, gets, and the two POSTs that read (getHealth,
 * listNetworkEndpoints).
 *
 * Thread: the world's. Ownership: answers are new references.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_SIM_GCP_STATE_H
#define TG_SIM_GCP_STATE_H

#include <jansson.h>
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

struct sim_gcp_call {
    struct sim_world *world;
    const char *method;
    const char *query;
    const json_t *body;
    char segments[SIM_GCP_SEGMENTS_MAX][SIM_GCP_SEGMENT_SIZE]; /* below the service and version */
    int count;
    int *status;
};

/* Segment i, "" past the end. */
const char *sim_gcp_segment(const struct sim_gcp_call *call, int i);
const char *sim_gcp_project(struct sim_world *world);

/* Stable decimal id of an object called name. out has 24 bytes and is returned. */
const char *sim_gcp_id(const char *kind, const char *name, char out[24]);

/* Error answers, which also set the call's status. */
json_t *sim_gcp_error(struct sim_gcp_call *call, int code, const char *status, const char *format,
                      ...) __attribute__((format(printf, 4, 5)));

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

/* Load balancer's parts of the compute service; item builders append to items. */
void sim_gcp_forwarding_rules(struct sim_world *world, struct sim_region *region, json_t *items);
void sim_gcp_target_proxies(struct sim_world *world, struct sim_region *region, json_t *items);
void sim_gcp_url_maps(struct sim_world *world, struct sim_region *region, json_t *items);
void sim_gcp_backend_services(struct sim_world *world, struct sim_region *region, json_t *items);
void sim_gcp_health_checks(struct sim_world *world, struct sim_region *region, json_t *items);
void sim_gcp_endpoint_groups(struct sim_world *world, struct sim_region *region, json_t *items);
json_t *sim_gcp_group_health(struct sim_gcp_call *call, const char *service);
json_t *sim_gcp_group_endpoints(struct sim_gcp_call *call, struct sim_region *region,
                                const char *group);

#endif
