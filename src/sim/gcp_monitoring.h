/* sim/gcp_monitoring.h - what the load balancer's metrics count.
 *
 * Thread: the world's.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_SIM_GCP_MONITORING_H
#define TG_SIM_GCP_MONITORING_H

#include <stdint.h>

#include "sim/world.h"

/* A request ended that came in at region front's proxies and was sent to region backend (-1: to
 * none) with this HTTP status (0: the connection broke). */
void sim_gcp_monitoring_request(struct sim_world *world, int front, int backend, int status,
                                int64_t latency_us);

#endif
