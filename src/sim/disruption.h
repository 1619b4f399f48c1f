/* sim/disruption.h - PodDisruptionBudgets: how many Pods may be evicted, and what eviction asks
 * them.
 *
 * Thread: the world's.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_SIM_DISRUPTION_H
#define TG_SIM_DISRUPTION_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "sim/region.h"
#include "sim/store.h"

/* Budgets of the Pod's namespace whose selector matches it: their number, and the first (borrowed,
 * NULL when there is none) in *first. */
size_t sim_disruption_budgets(struct sim_region *region, const json_t *pod, const json_t **first);

/* Takes one disruption from the budget for the Pod that is evicted; false when none is left. */
bool sim_disruption_take(struct sim_region *region, const json_t *budget, const char *pod);

/* Observers of one change each; called by the dispatcher in sim/controllers.c. */
void sim_disruption_budget_changed(struct sim_region *region, const struct sim_change *change);
void sim_disruption_pod_changed(struct sim_region *region, const struct sim_change *change);

#endif
