/* sim/autoscale.h - what the parts of the horizontal Pod autoscaler share: what metrics ask for,
 * and how fast a target may follow.
 *
 * Thread: the world's.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_SIM_AUTOSCALE_H
#define TG_SIM_AUTOSCALE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/region.h"

#define SIM_SCALE_TEXT 320

/* ---- metrics (sim/autoscale_metric.c) ---- */

/* One metric of an autoscaler, evaluated. */
struct sim_scale_metric {
    bool is_valid;
    int64_t replicas;           /* that it asks for */
    char name[SIM_SCALE_TEXT];  /* as events call it: "pods metric x" */
    const char *reason;         /* of its failure: "FailedGetPodsMetric"; static */
    char error[SIM_SCALE_TEXT]; /* what failed */
    json_t *status;             /* for status.currentMetrics, owned; NULL when invalid */
};

/* What metric (of spec.metrics) asks for, of current replicas of the Pods that selector (of the
 * scale target, JSON) selects. result->status is the caller's. */
void sim_scale_measure(struct sim_region *region, const char *ns, const json_t *selector,
                       const json_t *metric, int64_t current, struct sim_scale_metric *result);

/* ---- pace (sim/autoscale_pace.c) ---- */

/* Kubernetes' own policies for scaling up or down. New reference. */
json_t *sim_scale_policies(bool is_up);

/* What an autoscaler remembers of its own past. */
struct sim_scale_memory;

struct sim_scale_memory *sim_scale_memory_new(int64_t now_us, int64_t replicas);
void sim_scale_memory_free(void *memory);

/* Why a target does not get what the metrics ask for. Texts are static. */
struct sim_scale_limits {
    const char *stable_reason; /* of condition AbleToScale */
    const char *stable_message;
    bool is_limited; /* condition ScalingLimited */
    const char *limit_reason;
    const char *limit_message;
};

/* Replicas that the target may have now, when the metrics ask for desired; remembers the wish. */
int64_t sim_scale_pace(struct sim_scale_memory *memory, const json_t *autoscaler, int64_t now_us,
                       int64_t current, int64_t desired, struct sim_scale_limits *limits);

/* The target was scaled. */
void sim_scale_note(struct sim_scale_memory *memory, int64_t now_us, int64_t from, int64_t to);

#endif
