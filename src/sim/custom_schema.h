/* sim/custom_schema.h - objects of CustomResourceDefinitions against their structural schema:
 * unknown fields pruned, defaults filled, values checked, in the words of the API server.
 *
 * CEL rules and conversion webhooks are not evaluated; patterns that sim/pattern.h does not
 * understand are not judged.
 *
 * Thread: the world's.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_SIM_CUSTOM_SCHEMA_H
#define TG_SIM_CUSTOM_SCHEMA_H

#include <jansson.h>
#include <stdbool.h>

#include "sim/front.h"
#include "sim/store.h"

/* Takes unknown fields out of object and returns their names as 'unknown field "spec.x", unknown
 * field "..."'; NULL when there were none. The caller frees. Does nothing for kinds without schema.
 */
char *sim_custom_prune(const struct sim_resource *resource, json_t *object);

/* Fills the schema's defaults in object. */
void sim_custom_default(const struct sim_resource *resource, json_t *object);

/* False with *response filled (422, a cause for each mistake) when object breaks the schema. */
bool sim_custom_validate(const struct sim_resource *resource, const json_t *object,
                         struct sim_response *response);

#endif
