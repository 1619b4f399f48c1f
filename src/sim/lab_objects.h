/* sim/lab_objects.h - the lab's objects as their manifests state them, and what Google's
 * controllers add.
 *
 * Each function creates its objects now, in the region's store.
 *
 * Thread: the world's.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_SIM_LAB_OBJECTS_H
#define TG_SIM_LAB_OBJECTS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "sim/region.h"

/* A node with its lease: 0 of the default pool, 1 of the TPU pool; has_tpu false: the device
 * plug-in has not registered yet. */
void sim_lab_node(struct sim_region *region, int index, bool has_tpu);

/* The TPU node's devices: its chips, device classes and the driver's slice. */
void sim_lab_devices(struct sim_region *region);

/* The downloader (config cluster only) with the service account and secret it needs. */
void sim_lab_downloader(struct sim_region *region);

/* The model server and what goes with it. */
void sim_lab_workload(struct sim_region *region);

/* Inference pool with its picker, objective and metric. */
void sim_lab_pool(struct sim_region *region);

/* Gateway, route and policies (config cluster only), programmed. */
void sim_lab_gateway(struct sim_region *region);

/* What the gateway's controller writes beside a programmed Gateway: names of the load balancer's
 * objects. New reference. */
json_t *sim_lab_gateway_annotations(struct sim_world *world);

/* Name of the load balancer's objects: "gkemcg1-default-WHAT-HASH12". out has size bytes and is
 * returned. */
const char *sim_lab_balancer_name(struct sim_world *world, const char *what, char *out,
                                  size_t size);

/* Number of the project that goes with its id. */
uint64_t sim_lab_project_number(struct sim_world *world);

#endif
