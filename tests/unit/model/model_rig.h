/* unit/model/model_rig.h - a model of two clusters, fed with messages as workers would. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TESTS_UNIT_MODEL_RIG_H
#define TESTS_UNIT_MODEL_RIG_H

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "model/reduce.h"
#include "model/select.h"

#define SECOND INT64_C(1000000)

static inline struct tg_model *rig_model(void)
{
    struct tg_model *model = tg_model_new();
    tg_model_add_cluster(model, "gke_demo-4711_us-east5-b_gke-us-east5");
    tg_model_add_cluster(model, "gke_demo-4711_europe-west4-a_gke-europe-west4");
    return model;
}

static inline bool rig_send(struct tg_model *model, struct tg_msg *msg)
{
    bool is_changed = tg_reduce(model, msg);
    tg_msg_free(msg);
    return is_changed;
}

static inline bool rig_phase(struct tg_model *model, int target, enum tg_kind kind,
                             enum tg_kind_phase phase, int64_t at_us)
{
    struct tg_msg *msg = tg_msg_new(TG_MSG_KIND_PHASE, target, at_us);
    msg->resource = kind;
    msg->as.phase.phase = phase;
    if (phase == TG_KIND_PHASE_RETRYING) {
        msg->as.phase.retry_at_us = at_us + 30 * SECOND;
        msg->as.phase.attempts = 3;
        tg_err_set(&msg->as.phase.err, TG_CODE_TIMEOUT, 0, "no answer within 10 s");
    }
    return rig_send(model, msg);
}

/* A complete list of drafts, then LIVE. */
static inline bool rig_list(struct tg_model *model, int target, enum tg_kind kind,
                            const struct tg_obj *drafts, size_t count, int64_t at_us)
{
    struct tg_msg *msg = tg_msg_new(TG_MSG_REPLACE, target, at_us);
    msg->resource = kind;
    msg->as.replace.items = tg_calloc(count + 1, sizeof(struct tg_obj *));
    msg->as.replace.count = count;
    for (size_t i = 0; i < count; i++) {
        msg->as.replace.items[i] = tg_obj_new(&drafts[i]);
    }
    bool is_changed = rig_send(model, msg);
    rig_phase(model, target, kind, TG_KIND_PHASE_LIVE, at_us);
    return is_changed;
}

static inline bool rig_put(struct tg_model *model, int target, const struct tg_obj *draft,
                           int64_t at_us)
{
    struct tg_msg *msg = tg_msg_new(TG_MSG_PUT, target, at_us);
    msg->resource = draft->kind;
    msg->as.obj = tg_obj_new(draft);
    return rig_send(model, msg);
}

static inline bool rig_delete(struct tg_model *model, int target, const struct tg_obj *draft,
                              int64_t at_us)
{
    struct tg_msg *msg = tg_msg_new(TG_MSG_DELETE, target, at_us);
    msg->resource = draft->kind;
    msg->as.obj = tg_obj_new(draft);
    return rig_send(model, msg);
}

/* A model server's Pod as it is when all is well. */
static inline struct tg_obj rig_pod(const char *name, const char *version)
{
    return (struct tg_obj){.kind = TG_KIND_POD,
                           .ns = "default",
                           .name = name,
                           .uid = name,
                           .resource_version = version,
                           .as.pod = {.phase = "Running",
                                      .status = "Running",
                                      .node_name = "gke-tpu-0",
                                      .pod_ip = "10.4.0.9",
                                      .app = "gemma-server",
                                      .tpu_chips = 4,
                                      .is_ready = true,
                                      .ready_count = 2,
                                      .total_count = 2}};
}

static inline struct tg_obj rig_deployment(int replicas, const char *drill, const char *version)
{
    static struct tg_label app = {"app", TG_MODEL_SERVER_APP};
    return (struct tg_obj){.kind = TG_KIND_DEPLOYMENT,
                           .ns = "default",
                           .name = "vllm-gemma",
                           .labels = &app,
                           .labels_count = 1,
                           .uid = "d",
                           .resource_version = version,
                           .as.deployment = {.replicas_desired = replicas,
                                             .ready = replicas,
                                             .drill = drill,
                                             .original_replicas = ""}};
}

static inline bool rig_scrape(struct tg_model *model, int target, const char *pod, bool is_serving,
                              double tokens, int64_t at_us)
{
    struct tg_msg *msg = tg_msg_new(TG_MSG_METRICS, target, at_us);
    msg->as.metrics.ns = tg_strdup("default");
    msg->as.metrics.pod = tg_strdup(pod);
    msg->as.metrics.sample.is_serving = is_serving;
    msg->as.metrics.sample.generation_tokens_total = tokens;
    msg->as.metrics.sample.process_start_s = 1;
    if (!is_serving) {
        tg_err_set(&msg->as.metrics.err, TG_CODE_SERVER, 503, "connection refused");
    }
    return rig_send(model, msg);
}

/* The newest line of the timeline, or NULL. */
static inline const struct tg_timeline_entry *rig_last(const struct tg_model *model)
{
    return model->timeline_count == 0
               ? NULL
               : &model->timeline[(model->timeline_first + model->timeline_count - 1) %
                                  TG_TIMELINE_MAX];
}

#endif
