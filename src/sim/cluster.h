/* sim/cluster.h - the life of a cluster and its node pools, as the container API and the fleet
 * drive it.
 *
 * Thread: the world's.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_SIM_CLUSTER_H
#define TG_SIM_CLUSTER_H

#include <stdbool.h>

#include "sim/region.h"

/* What a node pool was asked to be. */
struct sim_pool_spec {
    const char *name;         /* "tpu-v6e-pool" */
    const char *machine_type; /* "ct6e-standard-4t" */
    int count;
    bool has_dra_label;   /* cloud.google.com/gke-networking-dra-driver=true */
    bool has_dra_profile; /* accelerator network profile "auto" */
};

/* The control plane serves: namespaces, system objects, CRDs and gateway classes appear. */
void sim_cluster_create(struct sim_region *region);

/* Everything in the cluster goes, and its API refuses connections (503 through the front). */
void sim_cluster_delete(struct sim_region *region);
bool sim_cluster_is_serving(const struct sim_region *region);

/* Nodes of a pool join (device plug-in and DRANET follow with their delay) or leave. */
void sim_cluster_pool_set(struct sim_region *region, const struct sim_pool_spec *spec);
void sim_cluster_pool_remove(struct sim_region *region, const char *pool);

/* The fleet's controllers became active in the cluster or left it: multi-cluster gateway classes.
 */
void sim_cluster_set_config(struct sim_region *region, bool is_config);

/* A namespace came: its default ServiceAccount and the cluster's authority appear in it. */
void sim_cluster_namespace_changed(struct sim_region *region, const struct sim_change *change);

#endif
