/* sim/deployment.h - what the parts of the Deployment controller share: the ReplicaSets of a
 * Deployment, their revisions, and its status.
 *
 * Thread: the world's.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_SIM_DEPLOYMENT_H
#define TG_SIM_DEPLOYMENT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "sim/region.h"

#define SIM_DEPLOYMENT_CONTROLLER "deployment-controller"

/* What the Deployment's ReplicaSets come to. Objects are borrowed. */
struct sim_sets {
    const char *uid;      /* of the Deployment */
    const char *new_name; /* of the set for the present template */
    json_t *new_set;      /* NULL when missing */
    json_t *old_set;      /* first old set that wants replicas */
    json_t *sick_set;     /* first old set that wants more than are ready */
    int64_t new_wanted;
    int64_t old_wanted;
    int64_t old_present;
    int64_t present;
    int64_t ready;
    int64_t old_revision; /* highest of the old sets, 0: none */
};

/* Absolute number of an int-or-percent field of desired; 25% when it is absent. */
int64_t sim_deployment_share(const json_t *value, int64_t desired, bool is_rounded_up);

/* Replicas that may be there during a rollout. */
int64_t sim_deployment_max_replicas(const json_t *deployment, int64_t desired);

/* Revision that a ReplicaSet says to be, 0: none. */
int64_t sim_deployment_revision(const json_t *set);

/* Annotations of set as they have to be: the Deployment's own, how many replicas are wanted, and
 * its revision when it is to become the newest. New reference. */
json_t *sim_deployment_set_annotations(const json_t *deployment, const json_t *set,
                                       const struct sim_sets *sets, int64_t desired);

/* Writes them to the present set (created or found again by a rollback), and the revision to the
 * Deployment. */
void sim_deployment_sync_revision(struct sim_region *region, const json_t *deployment,
                                  const struct sim_sets *sets, int64_t desired);

/* Deletes the oldest sets beyond spec.revisionHistoryLimit, once the rollout is over or paused. */
void sim_deployment_clean_up(struct sim_region *region, const json_t *deployment,
                             const struct sim_sets *sets);

/* Says that the Deployment is paused, or resumed, when that is news. True when it was. */
bool sim_deployment_sync_pause(struct sim_region *region, const json_t *deployment);

/* Writes the status. Returns when (world time) to look again, because the rollout's deadline will
 * have passed if nothing moved until then; 0: need not. */
int64_t sim_deployment_write_status(struct sim_region *region, const json_t *deployment,
                                    const struct sim_sets *sets, int64_t desired);

/* True when what is there is what is wanted, by the last status. */
bool sim_deployment_is_complete(const struct sim_sets *sets, int64_t desired);

#endif
