/* model/fleet.c - targets, the lab's clock, freshness and the timeline's ring. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "model/fleet.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"

#define REMOVED_SHOWN_US (60 * TG_US_PER_S)

#define HEARTBEAT_INTERVAL_US   (5 * TG_US_PER_S)
#define POLL_INTERVAL_US        (15 * TG_US_PER_S)
#define SELDOM_POLL_INTERVAL_US (60 * TG_US_PER_S)

struct tg_model *tg_model_new(void)
{
    return TG_NEW(struct tg_model);
}

static void free_timeline_entry(struct tg_timeline_entry *entry)
{
    free(entry->object);
    free(entry->reason);
    free(entry->message);
}

static void free_witness(void *item)
{
    struct tg_witness *witness = item;
    free(witness->log);
    free(witness);
}

static void free_target(struct tg_target *target)
{
    for (int kind = 0; kind < TG_KIND_COUNT; kind++) {
        tg_store_fini(&target->kinds[kind].store);
    }
    tg_map_free(target->replicas);
    tg_map_free(target->witnesses);
    free(target->name);
    free(target->label);
    free(target->project);
    free(target->region);
    free(target->zone);
    free(target->cluster);
    free(target);
}

void tg_model_free(struct tg_model *model)
{
    if (model == NULL) {
        return;
    }
    for (size_t i = 0; i < model->targets_count; i++) {
        free_target(model->targets[i]);
    }
    for (size_t i = 0; i < model->timeline_count; i++) {
        free_timeline_entry(&model->timeline[(model->timeline_first + i) % TG_TIMELINE_MAX]);
    }
    free(model->targets);
    free(model);
}

static struct tg_target *add_target(struct tg_model *model, enum tg_target_type type,
                                    const char *name)
{
    tg_assert(model->targets_count < TG_TARGETS_MAX);
    model->targets =
        tg_realloc_array(model->targets, model->targets_count + 1, sizeof(struct tg_target *));
    struct tg_target *target = TG_NEW(struct tg_target);
    target->index = (int)model->targets_count;
    target->type = type;
    target->name = tg_strdup(name);
    target->replicas = tg_map_new(free);
    target->witnesses = tg_map_new(free_witness);
    for (int kind = 0; kind < TG_KIND_COUNT; kind++) {
        tg_store_init(&target->kinds[kind].store);
    }
    model->targets[model->targets_count++] = target;
    model->revision++;
    return target;
}

void tg_model_remove_cluster(struct tg_model *model, int index, int64_t lab_us, int64_t now_us)
{
    tg_assert(index >= 0 && (size_t)index < model->targets_count);
    struct tg_target *target = model->targets[index];
    tg_assert(target->type == TG_TARGET_CLUSTER && target->removed_us == 0);
    target->removed_us = now_us;
    for (int kind = 0; kind < TG_KIND_COUNT; kind++) {
        struct tg_kind_view *view = &target->kinds[kind];
        tg_store_fini(&view->store);
        *view = (struct tg_kind_view){.phase = TG_KIND_PHASE_ABSENT};
        tg_store_init(&view->store);
    }
    tg_map_free(target->replicas);
    target->replicas = tg_map_new(free);
    char *object = tg_asprintf("Cluster/%s", target->cluster);
    tg_model_tell(model, TG_TIMELINE_VANISHED, TG_SEVERITY_INFO, index, lab_us, now_us, object,
                  "removed", "");
    free(object);
    model->revision++;
}

bool tg_target_is_shown(const struct tg_target *target, int64_t now_us)
{
    return target->removed_us == 0 || now_us - target->removed_us < REMOVED_SHOWN_US;
}

/* gke_PROJECT_ZONE_CLUSTER: projects and zones have no underscore. */
static void split_gke_context(struct tg_target *target, const char *context)
{
    bool is_gke = tg_str_has_prefix(context, "gke_");
    const char *project = is_gke ? context + strlen("gke_") : "";
    const char *zone = strchr(project, '_');
    const char *cluster = zone != NULL ? strchr(zone + 1, '_') : NULL;
    if (cluster == NULL) {
        target->project = tg_strdup("");
        target->zone = tg_strdup("");
        target->region = tg_strdup("");
        target->cluster = tg_strdup(context);
        return;
    }
    target->project = tg_strndup(project, (size_t)(zone - project));
    target->zone = tg_strndup(zone + 1, (size_t)(cluster - zone - 1));
    target->cluster = tg_strdup(cluster + 1);
    const char *dash = strrchr(target->zone, '-');
    bool is_zone = dash != NULL && strlen(dash) == 2;
    target->region =
        tg_strndup(target->zone, is_zone ? (size_t)(dash - target->zone) : strlen(target->zone));
}

static bool is_label_taken(const struct tg_model *model, const char *label)
{
    for (size_t i = 0; i < model->targets_count; i++) {
        if (model->targets[i]->label != NULL && tg_str_eq(model->targets[i]->label, label)) {
            return true;
        }
    }
    return false;
}

int tg_model_add_cluster(struct tg_model *model, const char *context)
{
    struct tg_target *target = add_target(model, TG_TARGET_CLUSTER, context);
    split_gke_context(target, context);
    const char *label = target->region;
    label = *label == '\0' || is_label_taken(model, label) ? target->cluster : label;
    label = *label == '\0' || is_label_taken(model, label) ? target->name : label;
    target->label = tg_strdup(label);
    return target->index;
}

int tg_model_add_gcp(struct tg_model *model, const char *project)
{
    struct tg_target *target = add_target(model, TG_TARGET_GCP, project);
    target->label = tg_strdup("gcp");
    target->project = tg_strdup(project);
    target->region = tg_strdup("");
    target->zone = tg_strdup("");
    target->cluster = tg_strdup("");
    return target->index;
}

const struct tg_target *tg_model_gcp(const struct tg_model *model)
{
    for (size_t i = 0; i < model->targets_count; i++) {
        if (model->targets[i]->type == TG_TARGET_GCP) {
            return model->targets[i];
        }
    }
    return NULL;
}

const struct tg_target *tg_model_target(const struct tg_model *model, int index)
{
    tg_assert(index >= 0 && (size_t)index < model->targets_count);
    return model->targets[index];
}

const struct tg_witness *tg_target_witness(const struct tg_target *target, const char *ns,
                                           const char *pod)
{
    char *key = tg_asprintf("%s/%s", ns, pod);
    const struct tg_witness *witness = tg_map_get(target->witnesses, key);
    free(key);
    return witness;
}

/* Of several worlds always the same one: time that jumped from clock to clock would be none. */
static const struct tg_world *first_world(const struct tg_model *model)
{
    const struct tg_world *gone = NULL; /* of a cluster that was deleted: its clock is not heard */
    for (size_t i = 0; i < model->targets_count; i++) {
        const struct tg_target *target = model->targets[i];
        if (target->world.is_simulated && target->removed_us == 0) {
            return &target->world;
        }
        gone = gone == NULL && target->world.is_simulated ? &target->world : gone;
    }
    return gone;
}

int64_t tg_model_lab_us(const struct tg_model *model, int64_t monotonic_us, int64_t wall_us)
{
    const struct tg_world *world = first_world(model);
    if (world == NULL) {
        return wall_us;
    }
    int64_t elapsed_us = monotonic_us - world->seen_at_us;
    return world->wall_us + (int64_t)((double)elapsed_us * world->speed);
}

bool tg_model_is_simulated(const struct tg_model *model, double *speed)
{
    const struct tg_world *world = first_world(model);
    for (size_t i = 0; i < model->targets_count; i++) {
        const struct tg_target *target = model->targets[i];
        if (target->contact_us != 0 && !target->world.is_simulated) {
            return false;
        }
    }
    if (world != NULL && speed != NULL) {
        *speed = world->speed;
    }
    return world != NULL;
}

bool tg_model_may_be_broken(const struct tg_model *model)
{
    size_t clusters = 0;
    for (size_t i = 0; i < model->targets_count; i++) {
        const struct tg_target *target = model->targets[i];
        if (target->type == TG_TARGET_CLUSTER) {
            clusters++;
            if (!target->world.is_simulated) {
                return false;
            }
        }
    }
    return clusters > 0;
}

static int64_t poll_interval_us(enum tg_kind kind)
{
    switch (kind) {
    case TG_KIND_GCP_PROJECT:
    case TG_KIND_GCP_SERVICE:
    case TG_KIND_GCP_BUCKET:
    case TG_KIND_GCP_SERVICE_ACCOUNT:
    case TG_KIND_GCP_FIREWALL:
        return SELDOM_POLL_INTERVAL_US;
    default:
        return POLL_INTERVAL_US;
    }
}

int64_t tg_target_contact_us(const struct tg_target *target, enum tg_kind kind)
{
    int64_t own_us = target->kinds[kind].contact_us;
    bool is_watched = tg_kind_info(kind)->source == TG_KIND_SOURCE_K8S;
    return is_watched && own_us != 0 && target->contact_us > own_us ? target->contact_us : own_us;
}

enum tg_freshness tg_target_freshness(const struct tg_target *target, enum tg_kind kind,
                                      int64_t now_us)
{
    int64_t contact_us = tg_target_contact_us(target, kind);
    if (contact_us == 0) {
        return TG_UNKNOWN;
    }
    int64_t interval_us = tg_kind_info(kind)->source == TG_KIND_SOURCE_GCP ? poll_interval_us(kind)
                                                                           : HEARTBEAT_INTERVAL_US;
    int64_t age_us = now_us - contact_us;
    return age_us > 5 * interval_us ? TG_UNKNOWN : age_us > 2 * interval_us ? TG_OLD : TG_FRESH;
}

void tg_model_tell(struct tg_model *model, enum tg_timeline_kind kind, enum tg_severity severity,
                   int target, int64_t lab_us, int64_t at_us, const char *object,
                   const char *reason, const char *message)
{
    size_t at;
    if (model->timeline_count == TG_TIMELINE_MAX) {
        at = model->timeline_first;
        model->timeline_first = (model->timeline_first + 1) % TG_TIMELINE_MAX;
        free_timeline_entry(&model->timeline[at]);
    } else {
        at = (model->timeline_first + model->timeline_count++) % TG_TIMELINE_MAX;
    }
    model->timeline[at] = (struct tg_timeline_entry){
        .kind = kind,
        .severity = severity,
        .target = target,
        .lab_us = lab_us,
        .at_us = at_us,
        .object = tg_strdup(object != NULL ? object : ""),
        .reason = tg_strdup(reason != NULL ? reason : ""),
        .message = tg_strdup(message != NULL ? message : ""),
    };
    model->timeline_total++;
    model->revision++;
}
