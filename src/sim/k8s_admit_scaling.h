/* sim/k8s_admit_scaling.h - defaults and refusals of autoscalers, disruption budgets and volumes.
 *
 * Thread: the world's.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_SIM_K8S_ADMIT_SCALING_H
#define TG_SIM_K8S_ADMIT_SCALING_H

#include <jansson.h>

#include "sim/store.h"

/* Fills the defaults of object, which is changed, when its kind is one of these. */
void sim_k8s_default_scaling(const struct sim_resource *resource, json_t *object);

/* Adds what is wrong with object to causes (array). */
void sim_k8s_check_scaling(const struct sim_resource *resource, const json_t *object,
                           const json_t *previous, json_t *causes);

#endif
