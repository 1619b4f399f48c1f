/* sim/region.h - one region of the world: its names, its addresses, its distance to others, its
 * cluster's store.
 *
 * Thread: the world's. Ownership: the world owns its regions; texts are borrowed from them.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_SIM_REGION_H
#define TG_SIM_REGION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/map.h"
#include "sim/store.h"
#include "sim/world.h"

#define SIM_NETWORK   "tpu-gke-dranet-vpc"
#define SIM_SUBNET    "tpu-gke-dranet-node-subnet"
#define SIM_NAME_SIZE 64
#define SIM_IP_SIZE   16

struct sim_region {
    struct sim_world *world;
    int index;
    char name[SIM_NAME_SIZE];    /* "us-east5" */
    char zone[SIM_NAME_SIZE];    /* "us-east5-b" */
    char cluster[SIM_NAME_SIZE]; /* "gke-us-east5" */
    char default_node[SIM_NAME_SIZE * 2];
    char tpu_node[SIM_NAME_SIZE * 2];
    char vip[SIM_IP_SIZE]; /* of the gateway in this region */
    int network_high;      /* node subnet is 10.high.low.0/24, proxy subnet 10.(high+1).low.0/24 */
    int network_low;
    uint32_t pod_network; /* first address of the /20 that pods get */
    struct sim_store *store;
    struct tg_map *pods;        /* "namespace/name" -> struct sim_pod, kept by sim/kubelet.c */
    struct tg_map *images;      /* "node image" that a node has pulled */
    uint32_t pod_address_count; /* given out so far */
    bool is_serving;            /* the cluster's API server is up; see sim/cluster.h */
    bool is_config;             /* the fleet's gateway controller works here */
};

/* Fills region number index with its names and a store. */
void sim_region_init(struct sim_region *region, struct sim_world *world, int index);

/* Frees the store; the pods must be gone. */
void sim_region_fini(struct sim_region *region);

/* Network round trip between two regions, microseconds, without jitter; the same both ways. */
int64_t sim_region_rtt_us(struct sim_world *world, int a, int b);

/* Address number host of the node subnet: "10.0.2.host". out has SIM_IP_SIZE bytes. */
const char *sim_region_node_ip(const struct sim_region *region, int host, char out[SIM_IP_SIZE]);

/* Next pod address of a node (0: default pool, 1: TPU pool). */
const char *sim_region_pod_ip(struct sim_region *region, int node, char out[SIM_IP_SIZE]);

/* Region whose gateway has this address, or -1. */
int sim_region_of_vip(struct sim_world *world, const char *vip);

#endif
