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

/* Firewall rules that the gateway's controller made (sim/gcp_balancer.c). */
void sim_gcp_balancer_firewalls(struct sim_world *world, struct sim_region *unused, json_t *items);

/* Drops the items that the query's filter parameter does not want (sim/gcp_filter.c). A filter that
 * is not understood keeps everything. */
void sim_gcp_filter(const char *query, json_t *items);

#endif
