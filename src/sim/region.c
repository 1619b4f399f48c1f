/* sim/region.c - the table of regions: names, addresses and distances. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "sim/region.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim/controllers.h"
#include "sim/params.h"

/* Places on the globe in kilometres from its centre, so that distance is a chord and needs no libm.
 */
struct place {
    const char *prefix;
    int32_t x_km;
    int32_t y_km;
    int32_t z_km;
};

static const struct place places[] = {
    {"us-east", 595, -4844, 4095},
    {"europe-west", 3820, 334, 5088},
    {"us-central", -503, -4782, 4180},
    {"asia-northeast", -3998, 3355, 3654},
    {"us-west", -2320, -3862, 4505},
    {"europe-north", 2838, 1446, 5517},
    {"asia-southeast", -1541, 6181, 111},
    {"us-south", -658, -5363, 3376},
    {"europe-central", 3662, 1406, 5020},
    {"southamerica-east", 4074, -4219, -2489},
    {"asia-east", -2910, 5040, 2591},
    {"northamerica-northeast", 1317, -4308, 4505},
    {"europe-southwest", 4869, -340, 4095},
    {"asia-south", 1761, 5761, 2074},
    {"australia-southeast", -4620, 2561, -3563},
    {"me-west", 4426, 3099, 3376},
    {"me-central", 3634, 4487, 2693},
    {"southamerica-west", 1827, -5021, -3470},
    {"africa-south", 5056, 2688, -2793},
};

#define PLACE_COUNT  ((int)TG_COUNT(places))
#define LAB_CHORD_KM 6261 /* between the first two places */
#define FIRST_SYNTHETIC \
    11 /* numbers that Google does not use, so that nobody takes them for real ones */
#define LAB_REGIONS 2

static int place_of(int index)
{
    if (index < LAB_REGIONS) {
        return index;
    }
    return index % PLACE_COUNT;
}

static void name_region(struct sim_region *region)
{
    static const char *const lab_names[LAB_REGIONS] = {"us-east5", "europe-west4"};
    static const char lab_zones[LAB_REGIONS] = {'b', 'a'};
    int index = region->index;
    char zone = 'a';
    if (index < LAB_REGIONS) {
        snprintf(region->name, sizeof region->name, "%s", lab_names[index]);
        zone = lab_zones[index];
    } else {
        snprintf(region->name, sizeof region->name, "%s%d", places[place_of(index)].prefix,
                 FIRST_SYNTHETIC + index / PLACE_COUNT);
        zone = (char)('a' + index % 3);
    }
    snprintf(region->zone, sizeof region->zone, "%.40s-%c", region->name, zone);
    snprintf(region->cluster, sizeof region->cluster, "gke-%.40s", region->name);
}

static void name_nodes(struct sim_region *region)
{
    static const char letters[] = "bcdfghjklmnpqrstvwxz0123456789";
    uint64_t seed = sim_world_config(region->world)->seed;
    char tails[2][5];
    for (int pool = 0; pool < 2; pool++) {
        uint64_t draw = tg_rng_keyed(seed, region->name, "node-name", (uint64_t)pool);
        for (int i = 0; i < 4; i++) {
            tails[pool][i] = letters[draw % (sizeof letters - 1)];
            draw /= sizeof letters - 1;
        }
        tails[pool][4] = '\0';
    }
    uint32_t pool_hash = (uint32_t)tg_rng_keyed(seed, region->name, "pool-name", 0);
    snprintf(region->default_node, sizeof region->default_node,
             "gke-%.50s-default-pool-%08" PRIx32 "-%s", region->cluster, pool_hash, tails[0]);
    snprintf(region->tpu_node, sizeof region->tpu_node, "gke-tpu-%08" PRIx32 "-%s",
             pool_hash ^ 0x5a5a5a5au, tails[1]);
}

void sim_region_init(struct sim_region *region, struct sim_world *world, int index)
{
    region->world = world;
    region->index = index;
    name_region(region);
    name_nodes(region);
    int network = index == 0 ? 2 : index == 1 ? 1 : index + 1;
    region->network_high = 2 * (network / 256);
    region->network_low = network % 256;
    region->pod_network = (UINT32_C(10) << 24) + (UINT32_C(64) << 16) + (uint32_t)network * 4096;
    sim_region_node_ip(region, index == 1 ? 9 : 7, region->vip);
    region->store = sim_store_new(world, region->cluster);
    region->pods = tg_map_new(NULL);
    region->images = tg_map_new(NULL);
}

void sim_region_fini(struct sim_region *region)
{
    tg_assert(tg_map_count(region->pods) == 0);
    tg_map_free(region->pods);
    tg_map_free(region->images);
    sim_store_free(region->store);
    region->store = NULL;
}

static int64_t square_root(int64_t value)
{
    int64_t low = 0;
    int64_t high = INT64_C(1) << 31;
    while (low < high) {
        int64_t middle = low + (high - low + 1) / 2;
        if (middle <= value / middle) {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    return low;
}

int64_t sim_region_rtt_us(struct sim_world *world, int a, int b)
{
    const struct sim_params *params = sim_world_params(world);
    if (a == b) {
        return params->rtt_local_us;
    }
    const struct place *from = &places[place_of(a)];
    const struct place *to = &places[place_of(b)];
    int64_t x = from->x_km - to->x_km;
    int64_t y = from->y_km - to->y_km;
    int64_t z = from->z_km - to->z_km;
    int64_t chord_km = square_root(x * x + y * y + z * z);
    int64_t rtt_us = params->rtt_lab_us * chord_km / LAB_CHORD_KM;
    /* Regions that share a place lie some way apart all the same; the tail keeps every pair
     * distinct. */
    int64_t apart = a > b ? a - b : b - a;
    if (a < LAB_REGIONS && b < LAB_REGIONS) {
        return params->rtt_lab_us;
    }
    return 3000 + rtt_us + apart * 7;
}

const char *sim_region_node_ip(const struct sim_region *region, int host, char out[SIM_IP_SIZE])
{
    snprintf(out, SIM_IP_SIZE, "10.%d.%d.%d", region->network_high & 0xff,
             region->network_low & 0xff, host & 0xff);
    return out;
}

const char *sim_region_pod_ip(struct sim_region *region, int node, char out[SIM_IP_SIZE])
{
    /* Each node has a /24; addresses are reused only after all others. */
    uint32_t host = 2 + region->pod_address_count++ % 250;
    uint32_t address = region->pod_network + (uint32_t)node * 256 + host;
    snprintf(out, SIM_IP_SIZE, "%" PRIu32 ".%" PRIu32 ".%" PRIu32 ".%" PRIu32, address >> 24,
             (address >> 16) & 0xff, (address >> 8) & 0xff, address & 0xff);
    return out;
}

int sim_region_of_vip(struct sim_world *world, const char *vip)
{
    for (int i = 0; i < sim_world_region_count(world); i++) {
        if (tg_str_eq(sim_world_region(world, i)->vip, vip)) {
            return i;
        }
    }
    return -1;
}

struct sim_store *sim_region_store(struct sim_region *region)
{
    return region->store;
}

const char *sim_region_name(const struct sim_region *region)
{
    return region->name;
}

const char *sim_region_zone(const struct sim_region *region)
{
    return region->zone;
}

const char *sim_region_cluster(const struct sim_region *region)
{
    return region->cluster;
}

int sim_region_index(const struct sim_region *region)
{
    return region->index;
}
