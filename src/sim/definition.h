/* sim/definition.h - which resources a store serves: the built-in ones, and the versions of its
 * established CustomResourceDefinitions.
 *
 * A version of a definition is a struct sim_resource of its own. Kinds that controllers of the
 * world handle keep their objects under the table's resource (sim/resource.def), so that a
 * controller finds them whoever defined the kind; others get a place of their own, shared by all
 * versions.
 *
 * Thread: the world's. Ownership: the store owns its definitions; resources stay valid as long as
 * the store, also when they are no longer served.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_SIM_DEFINITION_H
#define TG_SIM_DEFINITION_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "sim/store.h"

struct sim_definitions *sim_definitions_new(void);
void sim_definitions_free(struct sim_definitions *definitions);

/* Resource number i that the store serves, NULL past the end: built-in ones first. */
const struct sim_resource *sim_served_at(const struct sim_store *store, size_t i);

/* The served resource of that name, or NULL. */
const struct sim_resource *sim_served_find(const struct sim_store *store, const char *group,
                                           const char *version, const char *plural);

/* Serves the versions of a CustomResourceDefinition as the object says now; those that it no longer
 * has are withdrawn. */
void sim_definition_serve(struct sim_store *store, json_t *definition);

/* Nothing of the definition is served any more. */
void sim_definition_withdraw(struct sim_store *store, const json_t *definition);

/* Where the objects of a definition are, established or not; NULL when it was never served. */
const struct sim_resource *sim_definition_storage(const struct sim_store *store,
                                                  const json_t *definition);

/* How a version's schema stands in OpenAPI documents:
 * "io.x-k8s.networking.inference.v1alpha2.InferenceObjective". The caller frees. */
char *sim_definition_schema_name(const struct sim_resource *resource);

#endif
