/* sim/cloud.c - what the clusters see of Google Cloud. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "sim/cloud.h"

#include "base/str.h"
#include "sim/gcp_state.h"

const char *sim_cloud_address(struct sim_world *world, const char *region, const char *name)
{
    struct sim_region *found = sim_gcp_region(world, region);
    return found != NULL && tg_str_has_prefix(name, "gemma-gateway-ip-") ? found->vip : NULL;
}

bool sim_cloud_is_member(struct sim_world *world, int region)
{
    return region < sim_world_region_count(world) && sim_world_config(world)->is_built;
}

bool sim_cloud_is_feature_ready(struct sim_world *world, const char *feature)
{
    return feature[0] != '\0' && sim_world_config(world)->is_built;
}

int sim_cloud_config_region(struct sim_world *world)
{
    return sim_world_config(world)->is_built ? 0 : -1;
}

enum sim_cloud_access sim_cloud_bucket_access(struct sim_world *world, const char *bucket,
                                              const char *ns, const char *ksa, const char *email)
{
    (void)bucket;
    (void)ns;
    (void)ksa;
    (void)email;
    return sim_world_config(world)->is_built ? SIM_ACCESS_OK : SIM_ACCESS_NO_BUCKET;
}

bool sim_cloud_object_put(struct sim_world *world, const char *bucket, const char *name,
                          int64_t size)
{
    (void)bucket;
    (void)name;
    (void)size;
    return sim_world_config(world)->is_built;
}

void sim_cloud_object_each(struct sim_world *world, const char *bucket, const char *prefix,
                           bool (*visit)(void *context, const char *name, int64_t size),
                           void *context)
{
    (void)world;
    (void)bucket;
    (void)prefix;
    (void)visit;
    (void)context;
}

void sim_cloud_balancer(struct sim_world *world, const char *ns, const char *gateway,
                        bool is_programmed)
{
    (void)world;
    (void)ns;
    (void)gateway;
    (void)is_programmed;
}
