/* sim/field_set.h - sets of fields in the form of managedFields (FieldsV1): trees whose members are
 * "f:NAME" (a member), "k:{KEYS}" (an element of a list by its keys), "v:VALUE" (an element of a
 * set) and "." (the thing itself).
 *
 * Source: structured-merge-diff's FieldsV1. Thread: the world's. Ownership: results are new
 * references.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_SIM_FIELD_SET_H
#define TG_SIM_FIELD_SET_H

#include <jansson.h>
#include <stdbool.h>

#include "sim/schema.h"

/* The fields that object has, of those that have owners (not: type, name, what the server sets).
 * message may be NULL: a custom resource, whose lists have one owner each. */
json_t *sim_field_set_of(const struct sim_field *message, const json_t *object);

/* Fields in which two objects differ: changed or new in after (changed) and no longer there
 * (removed). */
void sim_field_set_diff(const struct sim_field *message, const json_t *before, const json_t *after,
                        json_t **changed, json_t **removed);

json_t *sim_field_set_union(const json_t *a, const json_t *b);
json_t *sim_field_set_minus(const json_t *a, const json_t *b);
bool sim_field_set_is_empty(const json_t *set);

/* Calls visit with the path (".spec.replicas") and both values of each field that is in both sets
 * and whose values differ. */
typedef void sim_field_visit(void *context, const char *path);
void sim_field_set_conflicts(const json_t *mine, const json_t *theirs, const json_t *wanted,
                             const json_t *live, sim_field_visit *visit, void *context);

/* Takes the fields of set out of object, which is changed. */
void sim_field_set_remove(const json_t *set, json_t *object);

/* The keys of an element of a list that has some (field->apply), with defaults for those that it
 * lacks: {"port": 80, "protocol": "TCP"}. */
json_t *sim_field_keys(const struct sim_field *field, const json_t *element);

/* What server-side apply makes of live and the applied configuration. */
json_t *sim_field_merge(const struct sim_field *message, const json_t *live, const json_t *applied);

#endif
