/* sim/inventory.h - what really stands in the world's project: its own truth, whatever any client
 * believes, for the proof that nothing is left behind.
 *
 * Thread: the world's.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_SIM_INVENTORY_H
#define TG_SIM_INVENTORY_H

#include <jansson.h>

#include "sim/world.h"

/* {"things": [{kind, name, place}], "softDeleted": N, "kept": N}, a new reference. things are all
 * resources but what an empty project has: cluster objects are those of clusters, which count as
 * one; roles in policies count one for each member. kept are APIs that are enabled, which cost
 * nothing; softDeleted are objects of Cloud Storage that may still be brought back. */
json_t *sim_inventory(struct sim_world *world);

#endif
