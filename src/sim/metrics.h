/* sim/metrics.h - metrics.k8s.io/v1beta1: what Pods and nodes use, as metrics-server measures it.
 *
 * A model server's use follows its boot and its batch; the rest are parameters (usage_...).
 * Measurements stand for windows of fifteen seconds: a container younger than one window has none.
 *
 * Thread: the world's.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_SIM_METRICS_H
#define TG_SIM_METRICS_H

#include <stdbool.h>

#include "sim/k8s_call.h"
#include "sim/region.h"

/* Answers call when its path is below /apis/metrics.k8s.io/v1beta1; false (nothing done) when it is
 * not. */
bool sim_metrics_handle(struct sim_call *call);

/* What the Pod's containers (or the one called container) used when last measured: thousandths of
 * processors or of bytes. False when they have not been measured yet. */
bool sim_metrics_usage(struct sim_region *region, const json_t *pod, const char *container,
                       bool is_cpu, int64_t *milli);

#endif
