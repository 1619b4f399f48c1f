/* sim/gcp_compute.h - the Compute Engine API's parts, and how its lists are filtered.
 *
 * Thread: the world's. Ownership: answers are new references.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_SIM_GCP_COMPUTE_H
#define TG_SIM_GCP_COMPUTE_H

#include <jansson.h>

#include "sim/gcp_state.h"

/* What a request is about. */
struct sim_gcp_target {
    const char *collection; /* "networks" */
    const char *kind;       /* "network" */
    const char *scope;      /* "global", "regions/R", "zones/Z" */
    struct sim_region *region;
    const char *name; /* "" for the collection */
};

/* Writes (sim/gcp_compute_write.c): answers are operations or errors. */
json_t *sim_gcp_compute_insert(struct sim_gcp_call *call, const struct sim_gcp_target *target);
json_t *sim_gcp_compute_patch(struct sim_gcp_call *call, const struct sim_gcp_target *target);
json_t *sim_gcp_compute_set_labels(struct sim_gcp_call *call, const struct sim_gcp_target *target);
json_t *sim_gcp_compute_delete(struct sim_gcp_call *call, const struct sim_gcp_target *target);

/* A page of items (stolen) as lists of the API have it: filtered, ordered, cut; or the call's
 * error. */
json_t *sim_gcp_compute_page(struct sim_gcp_call *call, const char *kind, const char *collection,
                             json_t *items);

/* What an aggregated list holds under one scope: the items (stolen), or that there are none. */
json_t *sim_gcp_compute_scope(const char *scope, const char *collection, json_t *items);

/* 404 for a resource. */
json_t *sim_gcp_compute_missing(struct sim_gcp_call *call, const char *scope,
                                const char *collection, const char *name);

/* Now as Compute Engine writes it, with the offset of its own time zone. out has SIM_TIME_SIZE
 * bytes and is returned. */
const char *sim_gcp_compute_now(struct sim_world *world, char *out);

/* Regions, zones, and what zones offer (sim/gcp_place.c). */
bool sim_gcp_is_place(const struct sim_gcp_call *call);
json_t *sim_gcp_places(struct sim_gcp_call *call);

/* True when TPU v6e is offered in that zone of the region. */
bool sim_gcp_zone_has_tpu(const struct sim_region *region, const char *zone);

/* Nodes of the clusters as instances (sim/gcp_instance.c); item builders append to items. */
void sim_gcp_instances(struct sim_world *world, struct sim_region *region, json_t *items);
void sim_gcp_instance_groups(struct sim_world *world, struct sim_region *region, json_t *items);
void sim_gcp_group_managers(struct sim_world *world, struct sim_region *region, json_t *items);

#endif
