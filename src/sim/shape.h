/* sim/shape.h - building JSON objects that read like the manifests they stand for, and editing
 * their conditions.
 *
 * Thread: the world's. Ownership: every json_t * returned is a new reference unless said otherwise.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_SIM_SHAPE_H
#define TG_SIM_SHAPE_H

#include <jansson.h>
#include <stdbool.h>

#include "sim/store.h"
#include "sim/world.h"

#define SIM_TIME_SIZE 40

/* JSON from text in which ' stands for ": sim_shape("{'kind':'Node','metadata':{'name':'%s'}}",
 * name). The text is the program's own, so a mistake in it is an assertion failure; arguments must
 * not hold quotes or backslashes. */
json_t *sim_shape(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Now as the API writes it: seconds, or microseconds. out has SIM_TIME_SIZE bytes and is returned.
 */
const char *sim_shape_time(const struct sim_world *world, char out[SIM_TIME_SIZE]);
const char *sim_shape_time_at(int64_t wall_us, char out[SIM_TIME_SIZE]);
const char *sim_shape_micro_time(const struct sim_world *world, char out[SIM_TIME_SIZE]);

/* Sets the condition called type in status.conditions' array (made when missing);
 * lastTransitionTime changes only with the status. extra is merged into the condition (stolen, may
 * be NULL). Returns true when something changed. */
bool sim_shape_condition(struct sim_world *world, json_t *status, const char *type, bool is_true,
                         const char *reason, const char *message, json_t *extra);

/* True when object has that condition with status "True". */
bool sim_shape_is_true(const json_t *object, const char *condition);

/* {"apiVersion","kind","name","uid","controller":true,"blockOwnerDeletion":true} for owner. */
json_t *sim_shape_owner(const json_t *owner);

/* uid of the owner marked as controller, or of the first owner; "" when there is none. Borrowed. */
const char *sim_shape_owner_uid(const json_t *object);

/* True when labels (an object or NULL) hold every pair of wanted (an object). */
bool sim_shape_labels_match(const json_t *labels, const json_t *wanted);

/* Creates object (stolen) and asserts that it was possible: for the world's own objects. Result
 * borrowed. */
json_t *sim_shape_create(struct sim_store *store, const struct sim_resource *resource,
                         json_t *object);

#endif
