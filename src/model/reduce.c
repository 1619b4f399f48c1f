/* model/reduce.c - folds messages into the model. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "model/reduce.h"

#include <stdlib.h>

#include "base/assert.h"
#include "base/mem.h"
#include "base/str.h"
#include "model/story.h"

#define LATE_IN_A_ROW 8
#define LATE_MAX_US   5e6 /* of our time; a jump beyond that is another clock */

static struct tg_target *target_of(struct tg_model *model, const struct tg_msg *msg)
{
    tg_assert(msg->target >= 0 && (size_t)msg->target < model->targets_count);
    return model->targets[msg->target];
}

static void note_contact(struct tg_target *target, const struct tg_msg *msg)
{
    target->contact_us = msg->at_us;
    if (msg->resource < TG_KIND_COUNT) {
        target->kinds[msg->resource].contact_us = msg->at_us;
    }
}

static bool reduce_phase(struct tg_model *model, const struct tg_msg *msg)
{
    struct tg_target *target = target_of(model, msg);
    struct tg_kind_view *view = &target->kinds[msg->resource];
    enum tg_kind_phase before = view->phase;
    bool is_changed = before != msg->as.phase.phase || view->err.code != msg->as.phase.err.code ||
                      view->attempts != msg->as.phase.attempts;
    tg_story_phase(model, target, msg->resource, before, msg);
    view->phase = msg->as.phase.phase;
    view->retry_at_us = msg->as.phase.retry_at_us;
    view->attempts = msg->as.phase.attempts;
    view->err = msg->as.phase.err;
    if (view->phase == TG_KIND_PHASE_LIVE) {
        view->err = (struct tg_err)TG_ERR_INIT;
        view->attempts = 0;
    }
    model->revision += is_changed ? 1 : 0;
    return is_changed;
}

/* True when something is told or shown that was not before. */
static bool put(struct tg_model *model, struct tg_target *target, struct tg_obj *obj,
                const struct tg_msg *msg, bool is_first_list)
{
    bool is_changed = true;
    struct tg_obj *old = tg_store_put(&target->kinds[obj->kind].store, obj);
    if (old != NULL && !tg_str_eq(old->uid, obj->uid)) {
        tg_story_vanished(model, target, old, msg->at_us);
        tg_story_appeared(model, target, obj, msg->at_us, false);
    } else if (old != NULL) {
        tg_story_changed(model, target, old, obj, msg->at_us);
        is_changed = !tg_obj_is_same(old, obj);
    } else {
        tg_story_appeared(model, target, obj, msg->at_us, is_first_list);
    }
    tg_obj_unref(old);
    return is_changed;
}

static void drop(struct tg_model *model, struct tg_target *target, enum tg_kind kind,
                 const char *ns, const char *name, int64_t at_us)
{
    struct tg_obj *old = tg_store_take(&target->kinds[kind].store, ns, name);
    if (old == NULL) {
        return;
    }
    tg_story_vanished(model, target, old, at_us);
    if (kind == TG_KIND_POD) {
        char *key = tg_asprintf("%s/%s", ns, name);
        tg_map_remove(target->replicas, key);
        tg_map_remove(target->witnesses, key);
        free(key);
    }
    tg_obj_unref(old);
}

static bool reduce_replace(struct tg_model *model, struct tg_msg *msg)
{
    struct tg_target *target = target_of(model, msg);
    struct tg_kind_view *view = &target->kinds[msg->resource];
    bool is_first_list = view->synced_us == 0;
    bool is_changed = is_first_list || msg->as.replace.rejected > 0;
    struct tg_map *listed = tg_map_new(NULL);
    for (size_t i = 0; i < msg->as.replace.count; i++) {
        struct tg_obj *obj = msg->as.replace.items[i];
        char *key = tg_asprintf("%s/%s", obj->ns, obj->name);
        tg_map_put(listed, key, obj);
        free(key);
    }
    for (size_t i = view->store.count; i > 0; i--) {
        struct tg_obj *old = tg_obj_ref(view->store.items[i - 1]);
        char *key = tg_asprintf("%s/%s", old->ns, old->name);
        if (tg_map_get(listed, key) == NULL) {
            drop(model, target, msg->resource, old->ns, old->name, msg->at_us);
            is_changed = true;
        }
        free(key);
        tg_obj_unref(old);
    }
    for (size_t i = 0; i < msg->as.replace.count; i++) {
        is_changed = put(model, target, msg->as.replace.items[i], msg, is_first_list) || is_changed;
    }
    msg->as.replace.count = 0;
    tg_map_free(listed);
    view->synced_us = msg->at_us;
    view->rejected += msg->as.replace.rejected;
    note_contact(target, msg);
    model->revision += is_changed ? 1 : 0;
    return is_changed;
}

/* The same counters twice give the same rates on screen. */
static bool is_same_sample(const struct tg_replica_metrics *a, const struct tg_replica_metrics *b)
{
    return a->is_serving == b->is_serving && a->running == b->running && a->waiting == b->waiting &&
           a->kv_cache_usage == b->kv_cache_usage && a->success_total == b->success_total &&
           a->prompt_tokens_total == b->prompt_tokens_total &&
           a->generation_tokens_total == b->generation_tokens_total &&
           a->ttft_count == b->ttft_count && a->process_start_s == b->process_start_s;
}

static bool reduce_metrics(struct tg_model *model, const struct tg_msg *msg)
{
    struct tg_target *target = target_of(model, msg);
    char *key = tg_asprintf("%s/%s", msg->as.metrics.ns, msg->as.metrics.pod);
    struct tg_replica_view *view = tg_map_get(target->replicas, key);
    if (view == NULL) {
        view = TG_NEW(struct tg_replica_view);
        tg_map_put(target->replicas, key, view);
    }
    free(key);
    bool is_changed = view->sampled_us == 0 || view->err.code != msg->as.metrics.err.code ||
                      !is_same_sample(&view->sample, &view->previous) ||
                      !is_same_sample(&view->sample, &msg->as.metrics.sample);
    view->attempted_us = msg->at_us;
    view->err = msg->as.metrics.err;
    if (msg->as.metrics.err.code != TG_CODE_NONE) {
        view->sample.is_serving = msg->as.metrics.sample.is_serving;
    } else {
        view->previous = view->sample;
        view->previous_us = view->sampled_us;
        view->sample = msg->as.metrics.sample;
        view->sampled_us = msg->at_us;
    }
    model->revision += is_changed ? 1 : 0;
    return is_changed;
}

/* Of a Pod that is there: what comes after its end is of nobody's. NULL then. */
static struct tg_witness *witness_of(struct tg_target *target, const char *ns, const char *pod)
{
    if (tg_store_get(&target->kinds[TG_KIND_POD].store, ns, pod) == NULL) {
        return NULL;
    }
    char *key = tg_asprintf("%s/%s", ns, pod);
    struct tg_witness *witness = tg_map_get(target->witnesses, key);
    if (witness == NULL) {
        witness = TG_NEW(struct tg_witness);
        tg_map_put(target->witnesses, key, witness);
    }
    free(key);
    return witness;
}

static bool reduce_interfaces(struct tg_model *model, const struct tg_msg *msg)
{
    struct tg_witness *witness =
        witness_of(target_of(model, msg), msg->as.interfaces.ns, msg->as.interfaces.pod);
    if (witness == NULL) {
        return false;
    }
    if (msg->as.interfaces.is_asked) {
        witness->asked_us = msg->at_us;
    } else {
        witness->answered_us = msg->at_us;
        witness->err = msg->as.interfaces.err;
        if (witness->err.code == TG_CODE_NONE) {
            witness->interfaces = msg->as.interfaces.list;
            witness->interfaces_us = msg->at_us;
        }
    }
    model->revision++;
    return true;
}

static bool reduce_digest(struct tg_model *model, struct tg_msg *msg)
{
    struct tg_witness *witness =
        witness_of(target_of(model, msg), msg->as.digest.ns, msg->as.digest.pod);
    if (witness == NULL) {
        return false;
    }
    free(witness->log);
    witness->log = msg->as.digest.digest;
    witness->log_us = msg->at_us;
    msg->as.digest.digest = NULL;
    model->revision++;
    return true;
}

/* A reading is late by what the answer took to reach us, never early: of several the one that is
 * furthest ahead is the truest. A world that cannot keep its speed falls behind in all of them. */
static void read_clock(struct tg_world *known, const struct tg_world *told)
{
    int64_t elapsed_us = told->seen_at_us - known->seen_at_us;
    int64_t carried_us = known->wall_us + (int64_t)((double)elapsed_us * told->speed);
    int64_t behind_us = carried_us - told->wall_us;
    bool is_same = known->is_simulated && told->is_simulated && known->speed == told->speed &&
                   known->seed == told->seed;
    struct tg_world next = *told;
    if (is_same && behind_us > 0 && behind_us < (int64_t)(LATE_MAX_US * told->speed)) {
        next.late_count = known->late_count + 1;
        next.late_least_us = known->late_count == 0 || behind_us < known->late_least_us
                                 ? behind_us
                                 : known->late_least_us;
        next.wall_us = carried_us;
        if (next.late_count >= LATE_IN_A_ROW) {
            next.wall_us -= next.late_least_us;
            next.late_count = 0;
        }
    }
    *known = next;
}

static bool reduce_world(struct tg_model *model, const struct tg_msg *msg)
{
    struct tg_target *target = target_of(model, msg);
    bool is_changed =
        target->world.is_simulated != msg->as.world.is_simulated ||
        (int64_t)(target->world.speed * 1000) != (int64_t)(msg->as.world.speed * 1000);
    read_clock(&target->world, &msg->as.world);
    return is_changed;
}

/* Who watched a cluster that is deleted does not know that yet. */
static bool is_about_removed(const struct tg_model *model, const struct tg_msg *msg)
{
    return msg->target >= 0 && (size_t)msg->target < model->targets_count &&
           model->targets[msg->target]->removed_us != 0;
}

bool tg_reduce(struct tg_model *model, struct tg_msg *msg)
{
    struct tg_target *target;
    bool is_changed;
    model->messages++;
    if (is_about_removed(model, msg)) {
        return false;
    }
    switch (msg->kind) {
    case TG_MSG_CONTACT:
        note_contact(target_of(model, msg), msg);
        return false;
    case TG_MSG_KIND_PHASE:
        return reduce_phase(model, msg);
    case TG_MSG_REPLACE:
        return reduce_replace(model, msg);
    case TG_MSG_PUT:
        target = target_of(model, msg);
        note_contact(target, msg);
        is_changed = put(model, target, msg->as.obj, msg, false);
        msg->as.obj = NULL;
        model->revision += is_changed ? 1 : 0;
        return is_changed;
    case TG_MSG_DELETE:
        target = target_of(model, msg);
        note_contact(target, msg);
        drop(model, target, msg->resource, msg->as.obj->ns, msg->as.obj->name, msg->at_us);
        model->revision++;
        return true;
    case TG_MSG_WORLD:
        return reduce_world(model, msg);
    case TG_MSG_METRICS:
        return reduce_metrics(model, msg);
    case TG_MSG_INTERFACES:
        return reduce_interfaces(model, msg);
    case TG_MSG_LOG_DIGEST:
        return reduce_digest(model, msg);
    case TG_MSG_CALL_DONE:
    case TG_MSG_CALL_PROGRESS:
    case TG_MSG_LOG_LINES:
    case TG_MSG_TOOL_LINE:
    case TG_MSG_TOOL_ENDED:
    case TG_MSG_JOURNALLED:
    case TG_MSG_KIND_COUNT:
        break;
    }
    return false;
}
