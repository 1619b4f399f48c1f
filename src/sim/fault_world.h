/* sim/fault_world.h - what faults of the world mean to those who decide in it.
 *
 * Thread: the world's.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_SIM_FAULT_WORLD_H
#define TG_SIM_FAULT_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/fault.h"
#include "sim/pod.h"

/* True when packets to the region's Pods vanish: cut off, or without its firewall rules. */
bool sim_fault_is_dark(struct sim_world *world, int region);

/* True when the model server's port is shut at present though the server runs (FLAP). */
bool sim_fault_is_shut(struct sim_world *world, int region);

/* True when nothing gets from one region to the other. */
bool sim_fault_is_parted(struct sim_world *world, int a, int b);

/* What a message from one region to another takes longer, microseconds. */
int64_t sim_fault_way_us(struct sim_world *world, int a, int b);

/* Length of a model server's step: 100 as ever, more when it is slow, 0 when it gets nowhere. */
int64_t sim_fault_pace_percent(struct sim_world *world, int region);

/* True when the Pod's bucket cannot be mounted; message gets the kubelet's words. */
bool sim_fault_mount_error(struct sim_pod *pod, char *message, size_t size);

/* The node evicts the Pod, whose cached weights outgrew limit_bytes. */
void sim_fault_evict(struct sim_pod *pod, int64_t limit_bytes);

/* A Deployment changed: somebody who contests that sets it back. */
void sim_fault_deployment_changed(struct sim_region *region, const struct sim_change *change);

/* Text of the error that an operation of Google Cloud ("CREATE_NODE_POOL") ends with, NULL when
 * none does; *is_hanging when it never ends. Borrowed, static. Lack of capacity is told by
 * sim_gcp_capacity_error(). */
const char *sim_fault_operation_error(struct sim_world *world, const char *type, bool *is_hanging);

/* True when operation name is forgotten. */
bool sim_fault_operation_is_lost(struct sim_world *world, const char *name);

#endif
