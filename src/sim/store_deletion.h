/* sim/store_deletion.h - what holds a deleted object back.
 *
 * Thread: any.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_SIM_STORE_DELETION_H
#define TG_SIM_STORE_DELETION_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "sim/store.h"

bool sim_store_is_namespace(const struct sim_resource *resource);

/* True when a deletion is under way and nothing holds the object back any more. */
bool sim_store_is_finished(const struct sim_resource *resource, const json_t *object);

/* Seconds that a deletion of this object waits: only Pods that a kubelet may be running have a
 * grace at all. grace_s is what was asked for, -1: the object's own. */
int64_t sim_store_grace_s(const struct sim_resource *resource, const json_t *object,
                          int64_t grace_s);

#endif
