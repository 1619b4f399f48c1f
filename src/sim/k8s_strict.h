/* sim/k8s_strict.h - is a JSON object what its kind's Go type would take?
 *
 * Thread: the world's.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_SIM_K8S_STRICT_H
#define TG_SIM_K8S_STRICT_H

#include <jansson.h>
#include <stdbool.h>

#include "base/err.h"
#include "sim/store.h"

/* Checks the types of all known fields; with is_strict unknown fields are refused too. False with
 * err (INVALID, 400) in the API server's own words. Of kinds that the table of fields lacks
 * only the metadata is checked. */
bool sim_k8s_check_fields(const struct sim_resource *resource, const json_t *object, bool is_strict,
                          struct tg_err *err);

/* Takes the fields out of object (changed) that a built-in kind does not know, as decoding does. */
void sim_k8s_prune(const struct sim_resource *resource, json_t *object);

#endif
