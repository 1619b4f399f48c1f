/* sim/gcp_balancer.h - the load balancer's own objects: made when a Gateway is programmed, taken
 * away when its controller detaches it, left behind when nobody does.
 *
 * Thread: the world's.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_SIM_GCP_BALANCER_H
#define TG_SIM_GCP_BALANCER_H

#include <jansson.h>

#include "sim/gcp_state.h"

/* Forwarding rules, proxy, URL map, backend service, health check, endpoint groups and firewall
 * rules appear, those that are not there yet. */
void sim_gcp_balancer_make(struct sim_world *world);

/* They go, but for the rule of the cluster's own controller (k8s-fw-l7), which nobody takes away.
 */
void sim_gcp_balancer_remove(struct sim_world *world);

/* Name of the region's endpoint group. out is returned. */
const char *sim_gcp_group_name(const struct sim_region *region, char *out, size_t size);

/* Completes an endpoint group as it is shown: its size now. */
void sim_gcp_show_group(struct sim_world *world, const struct sim_region *region, json_t *group);

/* The proxies' view of one group of a backend service, and the endpoints of a group. */
json_t *sim_gcp_group_health(struct sim_gcp_call *call, const char *service);
json_t *sim_gcp_group_endpoints(struct sim_gcp_call *call, struct sim_region *region,
                                const char *group);

#endif
