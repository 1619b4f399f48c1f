/* sim/cluster.c - clusters and node pools come and go. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "sim/cluster.h"

#include "base/str.h"
#include "sim/lab_objects.h"

void sim_cluster_create(struct sim_region *region)
{
    sim_lab_namespaces(region);
}

void sim_cluster_delete(struct sim_region *region)
{
    (void)region;
}

bool sim_cluster_is_serving(const struct sim_region *region)
{
    return region != NULL;
}

void sim_cluster_pool_set(struct sim_region *region, const struct sim_pool_spec *spec)
{
    if (spec->count > 0 && tg_str_has_prefix(spec->machine_type, "ct6e")) {
        sim_lab_nodes(region);
    }
}

void sim_cluster_pool_remove(struct sim_region *region, const char *pool)
{
    (void)region;
    (void)pool;
}

void sim_cluster_set_config(struct sim_region *region, bool is_config)
{
    (void)region;
    (void)is_config;
}
