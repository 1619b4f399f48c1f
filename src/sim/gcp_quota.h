/* sim/gcp_quota.h - quota and capacity: limits by region, what is used of them, and the words in
 * which a lack of either is told.
 *
 * Thread: the world's. Ownership: texts returned are the caller's to free.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_SIM_GCP_QUOTA_H
#define TG_SIM_GCP_QUOTA_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "sim/gcp_state.h"

/* Chips of TPU v6e, a metric that regions.get does not show. */
#define SIM_QUOTA_TPU "TPUS_PER_TPU_FAMILY"

/* Limit of a metric ("CPUS", SIM_QUOTA_TPU) in a region, and what of it is in use. */
int64_t sim_gcp_quota_limit(struct sim_world *world, const char *region, const char *metric);
int64_t sim_gcp_quota_usage(struct sim_world *world, const struct sim_region *region,
                            const char *metric);
void sim_gcp_set_quota(struct sim_world *world, const char *region, const char *metric,
                       int64_t limit);

/* Why count nodes of the type cannot come into that zone of the region (quota, or the fault
 * STOCKOUT, which strikes the lab's zone alone), as the operation of a node pool ends with it ("...
 * [GCE_STOCKOUT]: ...", "... [GCE_QUOTA_EXCEEDED]:
 * ..."); NULL: they can. */
char *sim_gcp_capacity_error(struct sim_world *world, const struct sim_region *region,
                             const char *zone, const char *machine_type, int count);

/* 403 (new reference) when GKE refuses the request at once for want of CPU quota; NULL: go on. */
json_t *sim_gcp_refuse_quota(struct sim_gcp_call *call, const struct sim_region *region,
                             const char *machine_type, int count);

/* regions.get's quotas: a new array. */
json_t *sim_gcp_region_quotas(struct sim_world *world, const struct sim_region *region);

/* CPUs, MiB and chips of a machine type; false when there is none of that name. */
struct sim_machine {
    const char *name;
    int cpus;
    int memory_mib;
    int chips; /* TPU v6e */
};
bool sim_gcp_machine(const char *name, struct sim_machine *machine);

/* False once the zone does not offer the machine type any more: sim_gcp_withdraw() sees to that. */
bool sim_gcp_offers(struct sim_world *world, const char *zone, const char *machine_type);
void sim_gcp_withdraw(struct sim_world *world, const char *zone, const char *machine_type);

/* Machine type number i of a zone, with or without TPUs (i from 0); false at the end. */
bool sim_gcp_machine_at(bool has_tpu, int i, struct sim_machine *machine);

#endif
