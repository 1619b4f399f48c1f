/* sim/volume.h - PersistentVolumes and their claims: binding, provisioning, release.
 *
 * Thread: the world's.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_SIM_VOLUME_H
#define TG_SIM_VOLUME_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "sim/region.h"
#include "sim/store.h"

/* The volume behind a claim; NULL while it is not bound. Borrowed. */
const json_t *sim_volume_of_claim(struct sim_region *region, const char *ns, const char *claim);

/* False while a claim of the Pod is missing or not bound; why gets what the scheduler says. */
bool sim_volume_is_ready(struct sim_region *region, const json_t *pod, char *why, size_t size);

/* Gives a new volume or claim (object of resource) its finalizer, and a claim that names no class
 * the cluster's default one; other kinds are left alone. */
void sim_volume_admit(struct sim_region *region, const struct sim_resource *resource,
                      json_t *object);

/* The storage classes that GKE brings along. */
void sim_volume_create_classes(struct sim_region *region);

/* Observers of one change each; called by the dispatcher in sim/controllers.c. */
void sim_volume_claim_changed(struct sim_region *region, const struct sim_change *change);
void sim_volume_changed(struct sim_region *region, const struct sim_change *change);
void sim_volume_pod_changed(struct sim_region *region, const struct sim_change *change);

#endif
