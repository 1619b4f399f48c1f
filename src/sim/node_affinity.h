/* sim/node_affinity.h - which nodes a Pod may be on: nodeSelector, required node affinity, taints.
 *
 * Thread: the world's. Objects are borrowed.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_SIM_NODE_AFFINITY_H
#define TG_SIM_NODE_AFFINITY_H

#include <jansson.h>
#include <stdbool.h>

#define SIM_TAINT_UNSCHEDULABLE "node.kubernetes.io/unschedulable"

/* Does the node have what the Pod's spec requires of nodes by selector and affinity? */
bool sim_node_matches(const json_t *pod_spec, const json_t *node);

/* Does the spec tolerate this taint? */
bool sim_node_taint_tolerated(const json_t *pod_spec, const json_t *taint);

/* First taint of the node that keeps the Pod away (of this effect, or with effect NULL of those
 * that keep Pods from being scheduled); NULL when there is none. */
const json_t *sim_node_taint_against(const json_t *pod_spec, const json_t *node,
                                     const char *effect);

/* A cordoned node, for a Pod that does not tolerate that. */
bool sim_node_is_cordoned(const json_t *pod_spec, const json_t *node);

#endif
