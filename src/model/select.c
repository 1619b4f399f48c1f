/* model/select.c - sources, regions and model servers as rows. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "model/select.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"

#define SAMPLE_OLD_US (15 * TG_US_PER_S)

/* ---- sources ---- */

static bool is_of(const struct tg_target *target, enum tg_kind kind)
{
    return (tg_kind_info(kind)->source == TG_KIND_SOURCE_GCP) == (target->type == TG_TARGET_GCP);
}

static enum tg_source_state state_of(const struct tg_target *target, enum tg_kind kind,
                                     int64_t now_us)
{
    switch (target->kinds[kind].phase) {
    case TG_KIND_PHASE_DENIED:
        return TG_SOURCE_DENIED;
    case TG_KIND_PHASE_RETRYING:
        return TG_SOURCE_LOST;
    case TG_KIND_PHASE_ABSENT:
        return TG_SOURCE_LIVE;
    case TG_KIND_PHASE_UNKNOWN:
        return TG_SOURCE_CONNECTING;
    case TG_KIND_PHASE_LISTING:
    case TG_KIND_PHASE_LIVE:
        break;
    }
    if (target->kinds[kind].synced_us == 0) {
        return TG_SOURCE_CONNECTING;
    }
    switch (tg_target_freshness(target, kind, now_us)) {
    case TG_FRESH:
        return TG_SOURCE_LIVE;
    case TG_OLD:
        return TG_SOURCE_OLD;
    case TG_UNKNOWN:
        break;
    }
    return TG_SOURCE_LOST;
}

static void merge_kind(struct tg_source *source, const struct tg_target *target, enum tg_kind kind,
                       int64_t now_us)
{
    const struct tg_kind_view *view = &target->kinds[kind];
    enum tg_source_state state = state_of(target, kind, now_us);
    if (view->phase == TG_KIND_PHASE_ABSENT) {
        return;
    }
    int64_t contact_us = tg_target_contact_us(target, kind);
    int64_t age_us = contact_us == 0 ? -1 : now_us - contact_us;
    if (age_us > source->age_us || source->age_us == -2) {
        source->age_us = age_us;
    }
    if (state > source->state || source->state == TG_SOURCE_LIVE) {
        source->state = state > source->state ? state : source->state;
        if (view->err.code != TG_CODE_NONE) {
            source->err = view->err;
            source->attempts = view->attempts;
            source->retry_in_us = view->retry_at_us > now_us ? view->retry_at_us - now_us : 0;
        }
    }
}

struct tg_source tg_select_source(const struct tg_target *target, const enum tg_kind *kinds,
                                  size_t kinds_count, int64_t now_us)
{
    struct tg_source source = {.state = TG_SOURCE_LIVE, .age_us = -2, .retry_in_us = -1};
    if (target->removed_us != 0) {
        return (struct tg_source){.state = TG_SOURCE_REMOVED, .age_us = -1, .retry_in_us = -1};
    }
    if (kinds != NULL) {
        for (size_t i = 0; i < kinds_count; i++) {
            if (is_of(target, kinds[i])) {
                merge_kind(&source, target, kinds[i], now_us);
            }
        }
    } else {
        for (int kind = 0; kind < TG_KIND_COUNT; kind++) {
            if (is_of(target, (enum tg_kind)kind)) {
                merge_kind(&source, target, (enum tg_kind)kind, now_us);
            }
        }
    }
    source.age_us = source.age_us == -2 ? -1 : source.age_us;
    return source;
}

/* ---- model servers ---- */

static bool is_model_server(const struct tg_obj *pod)
{
    return pod->as.pod.tpu_chips > 0 || tg_str_eq(pod->as.pod.app, TG_MODEL_SERVER_APP);
}

/* Rate of a counter between two scrapes; a restarted process starts again from zero and gives no
 * rate. */
static double rate(double now, double before, int64_t elapsed_us)
{
    return elapsed_us <= 0 || now < before ? -1 : (now - before) * 1e6 / (double)elapsed_us;
}

static void fill_pod_row(struct tg_pod_row *row, const struct tg_target *target,
                         const struct tg_obj *pod, int64_t now_us)
{
    char key[600];
    snprintf(key, sizeof(key), "%s/%s", pod->ns, pod->name);
    const struct tg_replica_view *replica = tg_map_get(target->replicas, key);
    *row = (struct tg_pod_row){.target = target->index,
                               .pod = pod,
                               .replica = replica,
                               .tokens_per_s = -1,
                               .requests_per_s = -1,
                               .ttft_ms = -1,
                               .sample_age_us = -1};
    if (replica == NULL) {
        return;
    }
    bool is_refused = replica->err.code == TG_CODE_SERVER || replica->err.code == TG_CODE_NOT_FOUND;
    if (replica->err.code == TG_CODE_NONE) {
        row->serving = replica->sample.is_serving ? TG_SERVING_YES : TG_SERVING_NO;
    } else {
        row->serving = is_refused ? TG_SERVING_NO : TG_SERVING_UNKNOWN;
    }
    if (replica->sampled_us == 0) {
        return;
    }
    row->sample_age_us = now_us - replica->sampled_us;
    if (row->sample_age_us > SAMPLE_OLD_US && row->serving == TG_SERVING_YES) {
        row->serving = TG_SERVING_UNKNOWN;
    }
    if (replica->previous_us != 0) {
        int64_t elapsed_us = replica->sampled_us - replica->previous_us;
        double speed = target->world.is_simulated ? target->world.speed : 1.0;
        elapsed_us = (int64_t)((double)elapsed_us * (speed > 0 ? speed : 1.0));
        row->tokens_per_s = rate(replica->sample.generation_tokens_total,
                                 replica->previous.generation_tokens_total, elapsed_us);
        row->requests_per_s =
            rate(replica->sample.success_total, replica->previous.success_total, elapsed_us);
        double answers = replica->sample.ttft_count - replica->previous.ttft_count;
        if (answers > 0) {
            row->ttft_ms =
                (replica->sample.ttft_sum_s - replica->previous.ttft_sum_s) * 1000 / answers;
        }
    }
}

struct tg_pod_row *tg_select_pods(const struct tg_model *model, int target, int64_t now_us,
                                  size_t *count)
{
    struct tg_pod_row *rows = NULL;
    *count = 0;
    for (size_t t = 0; t < model->targets_count; t++) {
        const struct tg_target *from = model->targets[t];
        if (from->type != TG_TARGET_CLUSTER || (target >= 0 && from->index != target)) {
            continue;
        }
        size_t first = *count;
        const struct tg_store *store = &from->kinds[TG_KIND_POD].store;
        for (size_t i = 0; i < store->count; i++) {
            if (!is_model_server(store->items[i])) {
                continue;
            }
            rows = tg_realloc_array(rows, *count + 1, sizeof(*rows));
            size_t at = (*count)++;
            while (at > first && rows[at - 1].pod->created_us < store->items[i]->created_us) {
                rows[at] = rows[at - 1];
                at--;
            }
            fill_pod_row(&rows[at], from, store->items[i], now_us);
        }
    }
    return rows;
}

/* ---- regions ---- */

static void add_nodes(struct tg_region_row *row, const struct tg_target *target)
{
    const struct tg_store *nodes = &target->kinds[TG_KIND_NODE].store;
    for (size_t i = 0; i < nodes->count; i++) {
        const struct tg_node *node = &nodes->items[i]->as.node;
        row->nodes_total++;
        row->nodes_ready += node->is_ready ? 1 : 0;
        row->tpu_chips_capacity += node->tpu_capacity;
        row->tpu_chips_ready += node->is_ready ? node->tpu_allocatable : 0;
    }
}

static double sum(double total, double value)
{
    return value < 0 ? total : (total < 0 ? 0 : total) + value;
}

static void add_pods(struct tg_region_row *row, const struct tg_model *model, int64_t now_us)
{
    size_t count = 0;
    int sampled = 0;
    int timed = 0;
    struct tg_pod_row *pods = tg_select_pods(model, row->target, now_us, &count);
    for (size_t i = 0; i < count; i++) {
        row->pods_total++;
        row->pods_ready += pods[i].pod->as.pod.is_ready ? 1 : 0;
        row->pods_terminating += pods[i].pod->deleted_us != 0 ? 1 : 0;
        if (pods[i].serving != TG_SERVING_YES) {
            continue;
        }
        row->pods_serving++;
        row->kv_cache_usage = sum(row->kv_cache_usage, pods[i].replica->sample.kv_cache_usage);
        row->running = sum(row->running, pods[i].replica->sample.running);
        row->waiting = sum(row->waiting, pods[i].replica->sample.waiting);
        row->tokens_per_s = sum(row->tokens_per_s, pods[i].tokens_per_s);
        row->requests_per_s = sum(row->requests_per_s, pods[i].requests_per_s);
        row->ttft_ms = sum(row->ttft_ms, pods[i].ttft_ms);
        timed += pods[i].ttft_ms >= 0 ? 1 : 0;
        sampled++;
    }
    if (sampled > 1) {
        row->kv_cache_usage /= sampled;
    }
    if (timed > 1) {
        row->ttft_ms /= timed;
    }
    free(pods);
}

static void add_gcp(struct tg_region_row *row, const struct tg_model *model,
                    const struct tg_target *target)
{
    const struct tg_target *gcp = tg_model_gcp(model);
    if (gcp == NULL) {
        return;
    }
    const struct tg_store *clusters = &gcp->kinds[TG_KIND_GCP_CLUSTER].store;
    for (size_t i = 0; i < clusters->count; i++) {
        if (tg_str_eq(clusters->items[i]->name, target->cluster)) {
            row->gcp_cluster = clusters->items[i];
        }
    }
    const struct tg_store *pools = &gcp->kinds[TG_KIND_GCP_NODE_POOL].store;
    for (size_t i = 0; i < pools->count; i++) {
        const struct tg_gcp *pool = &pools->items[i]->as.gcp;
        if (tg_str_eq(pool->parent, target->cluster) &&
            tg_str_has_prefix(pool->machine_type, "ct")) {
            row->gcp_node_pool = pools->items[i];
        }
    }
    const struct tg_store *backends = &gcp->kinds[TG_KIND_GCP_BACKEND].store;
    for (size_t i = 0; i < backends->count; i++) {
        const struct tg_gcp *backend = &backends->items[i]->as.gcp;
        if (tg_str_eq(backend->location, target->zone)) {
            row->backends_total++;
            row->backends_healthy += tg_str_eq(backend->status, "HEALTHY") ? 1 : 0;
        }
    }
}

/* A kind that is not shown there does not make a region's figures old. */
static const enum tg_kind region_kinds[] = {TG_KIND_POD, TG_KIND_NODE, TG_KIND_DEPLOYMENT};

struct tg_region_row *tg_select_regions(const struct tg_model *model, int64_t now_us, size_t *count)
{
    struct tg_region_row *rows = tg_calloc(model->targets_count + 1, sizeof(*rows));
    *count = 0;
    for (size_t i = 0; i < model->targets_count; i++) {
        const struct tg_target *target = model->targets[i];
        if (target->type != TG_TARGET_CLUSTER || !tg_target_is_shown(target, now_us)) {
            continue;
        }
        struct tg_region_row *row = &rows[(*count)++];
        row->target = target->index;
        row->kv_cache_usage = row->running = row->waiting = -1;
        row->tokens_per_s = row->requests_per_s = row->ttft_ms = -1;
        add_nodes(row, target);
        add_pods(row, model, now_us);
        add_gcp(row, model, target);
        const struct tg_store *deployments = &target->kinds[TG_KIND_DEPLOYMENT].store;
        for (size_t d = 0; d < deployments->count; d++) {
            const char *app = tg_obj_label(deployments->items[d], "app");
            if (tg_str_eq(app, TG_MODEL_SERVER_APP)) {
                row->deployment = deployments->items[d];
            }
        }
        row->source = tg_select_source(target, region_kinds, TG_COUNT(region_kinds), now_us);
    }
    return rows;
}
