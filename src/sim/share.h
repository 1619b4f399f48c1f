/* sim/share.h - equal JSON values kept once.
 *
 * Objects of one shape differ in few places: a hundred thousand Pods of one template have the same
 * tolerations, resources and managed fields. Values of a store are never changed in place, so that
 * what is equal (members in the same order too: the order shows in texts) can be one value with
 * many owners.
 *
 * Only containers and short texts are shared. The table owns a reference to each and lets go of
 * those that nobody else has, now and then.
 *
 * Thread: the world's.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_SIM_SHARE_H
#define TG_SIM_SHARE_H

#include <jansson.h>
#include <stddef.h>

#include "sim/world.h"

struct sim_share;

/* The table of a world, for all its clusters. */
struct sim_share *sim_world_share(struct sim_world *world);

struct sim_share *sim_share_new(void);
void sim_share_free(struct sim_share *share);

/* The one value that is equal to value (borrowed), with shared values all the way down: a new
 * reference, to value itself when it is the first of its kind. */
json_t *sim_share_value(struct sim_share *share, json_t *value);

/* Lets an object that comes into a store have its values in common with others: a new one by what
 * they are, a changed one those that did not change, from the state before (NULL: it is new).
 * Changes the outermost object and its metadata in place; they must be the caller's own. */
void sim_share_object(struct sim_share *share, json_t *object, const json_t *before);

/* How many values the table has. */
size_t sim_share_count(const struct sim_share *share);

#endif
