/* sim/k8s_managed.h - who owns which field of an object: metadata.managedFields, and server-side
 * apply, which lives on it.
 *
 * Thread: the world's.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_SIM_K8S_MANAGED_H
#define TG_SIM_K8S_MANAGED_H

#include "sim/k8s_call.h"

/* Notes in after that the call's manager changed what differs from before (NULL: all is new). */
void sim_managed_track(const struct sim_call *call, const json_t *before, json_t *after);

/* Server-side apply of the call's body: fills the response. */
void sim_k8s_apply(struct sim_call *call);

#endif
