/* sim/k8s_admit.h - what an API server does to an object between request and store: defaults and
 * refusals.
 *
 * Thread: the world's.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_SIM_K8S_ADMIT_H
#define TG_SIM_K8S_ADMIT_H

#include <jansson.h>
#include <stdbool.h>

#include "sim/front.h"
#include "sim/store.h"

/* Fills the defaults of built-in kinds in object, which is changed. */
void sim_k8s_default(const struct sim_resource *resource, json_t *object);

/* Fills the defaults of containers (array), of a Pod or of a template. */
void sim_k8s_default_containers(json_t *containers, bool is_pod);

/* Gives a new object of a built-in kind the status that it has before any controller saw it. */
void sim_k8s_first_status(const struct sim_resource *resource, json_t *object);

/* May text be a label's value, or key be its key? And the rule as refusals tell it. */
bool sim_k8s_is_label(const char *text);
bool sim_k8s_is_label_key(const char *key);
const char *sim_k8s_label_rule(bool is_key);

/* Checks object; previous is NULL on creation. False with *response filled (422) when it is
 * refused. */
bool sim_k8s_validate(const struct sim_resource *resource, const json_t *object,
                      const json_t *previous, struct sim_response *response);

#endif
