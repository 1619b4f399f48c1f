/* app/rig.c - the whole program on one thread and a virtual clock. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "app/rig.h"

#include <stdlib.h>

#include "base/assert.h"
#include "base/mem.h"
#include "base/queue.h"
#include "base/str.h"
#include "provider/target.h"
#include "sim/controllers.h"
#include "sim/direct.h"
#include "sim/download.h"
#include "sim/hub.h"

#define DEFAULT_QUANTUM_US (100 * TG_US_PER_MS)
#define SETTLE_ROUNDS_MAX  64
#define INBOX_MAX          1000000

struct tg_rig {
    struct tg_virtual_clock now;
    struct sim_world *world;
    bool is_world_owned;
    struct tg_transport *transport;
    struct tg_app *app;
    struct tg_provider **providers; /* by target */
    size_t providers_count;
    int64_t *wake_us;
    uint64_t next_exchange_id;
    int64_t quantum_us;
    int64_t speed;
    bool is_built; /* its clusters stand from the start; else they are watched when they come */
    struct tg_queue
        *inbox; /* as in production: what a provider says during a call is heard after it */
    bool has_activity;
    bool (*on_step)(void *context);
    void *context;
};

static void free_message(void *item)
{
    tg_msg_free(item);
}

static void take_message(void *context, struct tg_msg *msg)
{
    struct tg_rig *rig = context;
    rig->has_activity = true;
    bool is_taken = tg_queue_try_push(rig->inbox, msg);
    tg_assert(is_taken);
}

static void handle_messages(struct tg_rig *rig)
{
    struct tg_msg *msg;
    while ((msg = tg_queue_take(rig->inbox)) != NULL) {
        tg_app_handle(rig->app, msg);
    }
}

static void take_call(void *context, struct tg_call *call)
{
    struct tg_rig *rig = context;
    tg_assert(call->target >= 0 && (size_t)call->target < rig->providers_count);
    rig->has_activity = true;
    rig->wake_us[call->target] = 0;
    tg_provider_call(rig->providers[call->target], call, rig->now.monotonic_us);
}

static void take_event(void *context, const struct tg_transport_event *event)
{
    struct tg_rig *rig = context;
    rig->has_activity = true;
    for (size_t i = 0; i < rig->providers_count; i++) {
        if (tg_provider_event(rig->providers[i], event, rig->now.monotonic_us)) {
            rig->wake_us[i] = 0;
            return;
        }
    }
}

static void add_provider(struct tg_rig *rig, struct tg_target_config *config)
{
    struct tg_emitter emitter = {take_message, rig};
    rig->providers =
        tg_realloc_array(rig->providers, rig->providers_count + 1, sizeof(struct tg_provider *));
    rig->wake_us = tg_realloc_array(rig->wake_us, rig->providers_count + 1, sizeof(int64_t));
    rig->wake_us[rig->providers_count] = 0;
    rig->providers[rig->providers_count++] =
        tg_provider_new(config, rig->transport, &emitter, &rig->next_exchange_id);
}

static void add_cluster(struct tg_rig *rig, int region)
{
    const struct sim_region *place = sim_world_region(rig->world, region);
    char *context = tg_asprintf("gke_%s_%s_%s", sim_world_config(rig->world)->project,
                                sim_region_zone(place), sim_region_cluster(place));
    struct tg_target_config config = {
        .index = tg_model_add_cluster(rig->app->model, context),
        .endpoint.base_url = tg_asprintf("sim://%d", region),
        .app_label = tg_strdup(rig->app->lab->app_label),
        .seed = (uint64_t)region,
    };
    free(context);
    add_provider(rig, &config);
}

static bool open_cluster(void *context, const char *project, const struct tg_obj *cluster)
{
    struct tg_rig *rig = context;
    (void)project;
    for (int i = 0; i < sim_world_region_count(rig->world); i++) {
        if (tg_str_eq(sim_region_cluster(sim_world_region(rig->world, i)), cluster->name)) {
            add_cluster(rig, i);
            return true;
        }
    }
    return false;
}

static void add_targets(struct tg_rig *rig)
{
    const char *project = sim_world_config(rig->world)->project;
    for (int i = 0; i < sim_world_region_count(rig->world) && rig->is_built; i++) {
        add_cluster(rig, i);
    }
    struct tg_target_config gcp = {
        .index = tg_model_add_gcp(rig->app->model, project),
        .is_gcp = true,
        .endpoint.base_url = tg_strdup("sim://gcp"),
        .project = tg_strdup(project),
        .hub_url = tg_strdup("sim://gcp" SIM_HUB_PREFIX),
        .seed = UINT64_C(1) << 32,
    };
    add_provider(rig, &gcp);
}

struct tg_rig *tg_rig_attach(const struct tg_rig_config *config, struct sim_world *world,
                             struct tg_err *err)
{
    struct tg_rig *rig = TG_NEW(struct tg_rig);
    rig->world = world;
    rig->quantum_us = config->quantum_us > 0 ? config->quantum_us : DEFAULT_QUANTUM_US;
    rig->speed = config->speed > 0 ? config->speed : 1;
    rig->on_step = config->on_step;
    rig->context = config->context;
    rig->now = (struct tg_virtual_clock){TG_US_PER_S, sim_world_wall_us(world)};
    rig->next_exchange_id = 1;
    rig->inbox = tg_queue_new(INBOX_MAX, free_message);
    rig->transport = sim_direct_new(world);
    rig->app = tg_app_new(tg_clock_virtual(&rig->now), config->lab, true);
    rig->app->link =
        (struct tg_link){.call = take_call, .context = rig, .open_cluster = open_cluster};
    char digest[TG_DIGEST_LEN + 1];
    sim_download_digest(digest);
    tg_manifests_init(&rig->app->manifests, NULL, "sim://gcp" SIM_DOWNLOAD_PATH, digest);
    rig->is_built = sim_world_config(world)->is_built;
    add_targets(rig);
    if (config->journal != NULL && !tg_app_open_journal(rig->app, config->journal, NULL, err)) {
        tg_rig_free(rig);
        return NULL;
    }
    if (rig->app->journal != NULL && config->kill_after > 0) {
        tg_journal_kill_after(rig->app->journal, config->kill_after);
    }
    return rig;
}

struct tg_rig *tg_rig_new(const struct tg_rig_config *config, struct tg_err *err)
{
    struct sim_world *world = sim_world_new(&config->world, err);
    if (world == NULL) {
        tg_lab_free(config->lab);
        return NULL;
    }
    struct tg_rig *rig = tg_rig_attach(config, world, err);
    if (rig == NULL) {
        sim_world_free(world);
        return NULL;
    }
    rig->is_world_owned = true;
    return rig;
}

void tg_rig_free(struct tg_rig *rig)
{
    if (rig == NULL) {
        return;
    }
    for (size_t i = 0; i < rig->providers_count; i++) {
        tg_provider_free(rig->providers[i]);
    }
    rig->transport->ops->free(rig->transport);
    tg_app_free(rig->app);
    tg_queue_free(rig->inbox);
    if (rig->is_world_owned) {
        sim_world_free(rig->world);
    }
    free(rig->providers);
    free(rig->wake_us);
    free(rig);
}

struct tg_app *tg_rig_app(struct tg_rig *rig)
{
    return rig->app;
}

struct sim_world *tg_rig_world(struct tg_rig *rig)
{
    return rig->world;
}

struct tg_transport *tg_rig_transport(struct tg_rig *rig)
{
    return rig->transport;
}

/* At one instant: requests and answers go to and fro until nobody has anything more to say. */
static void settle(struct tg_rig *rig)
{
    struct tg_transport_sink sink = {take_event, rig};
    for (int round = 0; round < SETTLE_ROUNDS_MAX; round++) {
        rig->has_activity = false;
        for (size_t i = 0; i < rig->providers_count; i++) {
            if (rig->wake_us[i] <= rig->now.monotonic_us) {
                rig->wake_us[i] = tg_provider_step(rig->providers[i], rig->now.monotonic_us);
            }
        }
        handle_messages(rig);
        rig->transport->ops->poll(rig->transport, 0, &sink);
        handle_messages(rig);
        if (!rig->has_activity) {
            break;
        }
    }
    tg_app_tick(rig->app);
    handle_messages(rig);
}

bool tg_rig_run(struct tg_rig *rig, int64_t limit_us, bool (*is_done)(const struct tg_app *app))
{
    int64_t until_us = rig->now.wall_us + limit_us;
    settle(rig);
    while (rig->now.wall_us < until_us) {
        if (is_done != NULL && is_done(rig->app)) {
            return true;
        }
        sim_world_run_until(rig->world, sim_world_now_us(rig->world) + rig->quantum_us);
        tg_virtual_clock_advance(&rig->now, rig->quantum_us / rig->speed);
        rig->now.wall_us = sim_world_wall_us(rig->world);
        settle(rig);
        if (rig->on_step != NULL && !rig->on_step(rig->context)) {
            return false;
        }
    }
    return is_done != NULL && is_done(rig->app);
}
