/* sim/lab_objects.c - builds the lab in the past of the world, in the order of its steps, so that
 * it serves at once. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "sim/lab_objects.h"

#include "base/assert.h"
#include "base/clock.h"
#include "sim/behaviour.h"
#include "sim/cloud.h"
#include "sim/gateway.h"
#include "sim/truth.h"

/* When the steps of the lab were done, before the world's start. */
#define CLUSTERS_AT_US   (-7200 * TG_US_PER_S)
#define DOWNLOADER_AT_US (-7000 * TG_US_PER_S)
#define WORKLOAD_AT_US   (-5400 * TG_US_PER_S)
#define POOL_AT_US       (-2400 * TG_US_PER_S)
#define GATEWAY_AT_US    (-2100 * TG_US_PER_S)

static void in_every_region(struct sim_world *world, int64_t at_us,
                            void (*build)(struct sim_region *region))
{
    sim_world_run_until(world, at_us);
    for (int i = 0; i < sim_world_region_count(world); i++) {
        build(sim_world_region(world, i));
    }
}

bool sim_lab_build(struct sim_world *world)
{
    sim_world_begin_at(world, CLUSTERS_AT_US);
    sim_world_run_until(world, CLUSTERS_AT_US);
    sim_cloud_seed_base(world);
    sim_cloud_seed_lab(world);
    in_every_region(world, CLUSTERS_AT_US, sim_cloud_seed_cluster);
    sim_cloud_seed_fleet(world);
    sim_world_run_until(world, DOWNLOADER_AT_US);
    sim_lab_downloader(sim_world_region(world, 0));
    in_every_region(world, WORKLOAD_AT_US, sim_lab_workload);
    in_every_region(world, POOL_AT_US, sim_lab_pool);
    sim_world_run_until(world, GATEWAY_AT_US);
    sim_lab_gateway(sim_world_region(world, 0));
    sim_world_run_until(world, 0);
    for (int i = 0; i < sim_world_region_count(world); i++) {
        if (!sim_truth_is_in_rotation(world, i)) {
            return false; /* the default's longest caps sum to less than the time given */
        }
    }
    return true;
}

void sim_lab_build_empty(struct sim_world *world)
{
    sim_cloud_seed_base(world);
}
