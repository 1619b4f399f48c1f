/* provider/target.c - the machines of one target behind one door. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "provider/target.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "provider/ask.h"
#include "provider/calls.h"
#include "provider/context.h"
#include "provider/ensure.h"
#include "provider/exec.h"
#include "provider/gcp_poll.h"
#include "provider/k8s_watch.h"
#include "provider/scrape.h"

#define WORLD_INTERVAL_US     (1 * TG_US_PER_S)
#define HEARTBEAT_INTERVAL_US (5 * TG_US_PER_S)

struct tg_provider {
    struct tg_provider_context context;
    struct tg_emitter emitter; /* where messages go after they were looked at */
    struct tg_k8s_watch *watches[TG_KIND_COUNT];
    struct tg_gcp_poll *polls[TG_KIND_COUNT];
    struct tg_calls *calls;
    struct tg_execs *execs;
    struct tg_ensures *ensures;
    struct tg_asks *asks; /* NULL: not Google Cloud */
    struct tg_scrape *scrape;
    int64_t world_us;     /* last WORLD emitted */
    uint64_t heartbeat;   /* exchange of the question whether the API server is there; 0: none */
    int64_t heartbeat_us; /* next one */
};

static void emit_after_look(void *context, struct tg_msg *msg)
{
    struct tg_provider *provider = context;
    if (provider->scrape != NULL) {
        tg_scrape_observe(provider->scrape, msg);
    }
    provider->emitter.emit(provider->emitter.context, msg);
}

struct tg_provider *tg_provider_new(struct tg_target_config *config, struct tg_transport *transport,
                                    const struct tg_emitter *emitter, uint64_t *next_exchange_id)
{
    struct tg_provider *provider = TG_NEW(struct tg_provider);
    char stream[32];
    snprintf(stream, sizeof(stream), "target %d", config->index);
    provider->context = (struct tg_provider_context){
        .config = *config,
        .transport = transport,
        .emitter = {emit_after_look, provider},
        .rng = tg_rng_named(config->seed, stream),
        .next_exchange_id = next_exchange_id,
    };
    provider->emitter = *emitter;
    *config = (struct tg_target_config){0};
    for (int kind = 0; kind < TG_KIND_COUNT; kind++) {
        bool is_gcp_kind = tg_kind_info((enum tg_kind)kind)->source == TG_KIND_SOURCE_GCP;
        if (is_gcp_kind != provider->context.config.is_gcp) {
            continue;
        }
        if (is_gcp_kind) {
            provider->polls[kind] = tg_gcp_poll_new(&provider->context, (enum tg_kind)kind);
        } else {
            provider->watches[kind] = tg_k8s_watch_new(&provider->context, (enum tg_kind)kind);
        }
    }
    provider->ensures = tg_ensures_new(&provider->context);
    provider->calls = tg_calls_new(&provider->context);
    if (provider->context.config.is_gcp) {
        provider->asks = tg_asks_new(&provider->context);
    } else {
        provider->execs = tg_execs_new(&provider->context);
        provider->scrape = tg_scrape_new(&provider->context);
    }
    return provider;
}

void tg_target_config_fini(struct tg_target_config *config)
{
    tg_http_endpoint_fini(&config->endpoint);
    free(config->project);
    free(config->app_label);
    free(config->ns);
    free(config->hub_url);
    for (int api = 0; api < TG_API_COUNT; api++) {
        free(config->api_places[api]);
    }
    *config = (struct tg_target_config){0};
}

void tg_provider_free(struct tg_provider *provider)
{
    if (provider == NULL) {
        return;
    }
    for (int kind = 0; kind < TG_KIND_COUNT; kind++) {
        tg_k8s_watch_free(provider->watches[kind]);
        tg_gcp_poll_free(provider->polls[kind]);
    }
    tg_calls_free(provider->calls);
    tg_execs_free(provider->execs);
    tg_ensures_free(provider->ensures);
    tg_asks_free(provider->asks);
    tg_scrape_free(provider->scrape);
    tg_target_config_fini(&provider->context.config);
    free(provider);
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* A watch is silent for a minute when nothing happens; the heartbeat tells much sooner that the
 * server is gone. */
static int64_t step_heartbeat(struct tg_provider *provider, int64_t now_us)
{
    if (provider->context.config.is_gcp) {
        return TG_TIME_NEVER;
    }
    if (provider->heartbeat == 0 && now_us >= provider->heartbeat_us) {
        provider->heartbeat_us = now_us + HEARTBEAT_INTERVAL_US;
        provider->heartbeat =
            tg_provider_submit(&provider->context, "GET", tg_strdup("/readyz"), NULL, NULL);
    }
    return provider->heartbeat == 0 ? provider->heartbeat_us : TG_TIME_NEVER;
}

int64_t tg_provider_step(struct tg_provider *provider, int64_t now_us)
{
    int64_t wake_us = step_heartbeat(provider, now_us);
    for (int kind = 0; kind < TG_KIND_COUNT; kind++) {
        if (provider->watches[kind] != NULL) {
            wake_us = earlier(wake_us, tg_k8s_watch_step(provider->watches[kind], now_us));
        }
        if (provider->polls[kind] != NULL) {
            wake_us = earlier(wake_us, tg_gcp_poll_step(provider->polls[kind], now_us));
        }
    }
    if (provider->scrape != NULL) {
        wake_us = earlier(wake_us, tg_scrape_step(provider->scrape, now_us));
    }
    return earlier(wake_us, tg_ensures_step(provider->ensures, now_us));
}

/* "simulated; seed=7; speed=10; now_us=123": what a simulated world says of itself. */
static void read_world(struct tg_provider *provider, const char *text, int64_t now_us)
{
    if (!tg_str_has_prefix(text, "simulated") ||
        (provider->world_us != 0 && now_us - provider->world_us < WORLD_INTERVAL_US)) {
        return;
    }
    struct tg_world world = {.is_simulated = true, .speed = 1, .seen_at_us = now_us};
    for (const char *at = strchr(text, ';'); at != NULL; at = strchr(at + 1, ';')) {
        char value[64];
        const char *name = at + 1 + strspn(at + 1, " ");
        const char *equals = strchr(name, '=');
        if (equals == NULL) {
            break;
        }
        snprintf(value, sizeof(value), "%.*s", (int)strcspn(equals + 1, ";"), equals + 1);
        int64_t number = 0;
        if (tg_str_has_prefix(name, "speed=")) {
            (void)tg_str_to_double(value, &world.speed);
        } else if (tg_str_to_int64(value, 0, INT64_MAX, &number)) {
            world.seed = tg_str_has_prefix(name, "seed=") ? (uint64_t)number : world.seed;
            world.wall_us = tg_str_has_prefix(name, "now_us=") ? number : world.wall_us;
        }
    }
    provider->world_us = now_us;
    struct tg_msg *msg = tg_msg_new(TG_MSG_WORLD, provider->context.config.index, now_us);
    msg->as.world = world;
    tg_provider_emit(&provider->context, msg);
}

static bool heartbeat_event(struct tg_provider *provider, const struct tg_transport_event *event,
                            int64_t now_us)
{
    if (provider->heartbeat == 0 || event->id != provider->heartbeat) {
        return false;
    }
    if (event->kind == TG_TRANSPORT_HEADERS) {
        struct tg_msg *msg = tg_msg_new(TG_MSG_CONTACT, provider->context.config.index, now_us);
        tg_provider_emit(&provider->context, msg);
    } else if (event->kind == TG_TRANSPORT_DONE) {
        provider->heartbeat = 0;
    }
    return true;
}

bool tg_provider_event(struct tg_provider *provider, const struct tg_transport_event *event,
                       int64_t now_us)
{
    bool is_foreign = provider->asks != NULL && tg_asks_is_of_hub(provider->asks, event->id);
    bool is_taken = heartbeat_event(provider, event, now_us);
    for (int kind = 0; kind < TG_KIND_COUNT && !is_taken; kind++) {
        is_taken = (provider->watches[kind] != NULL &&
                    tg_k8s_watch_event(provider->watches[kind], event, now_us)) ||
                   (provider->polls[kind] != NULL &&
                    tg_gcp_poll_event(provider->polls[kind], event, now_us));
    }
    is_taken = is_taken || tg_ensures_event(provider->ensures, event, now_us) ||
               (provider->scrape != NULL && tg_scrape_event(provider->scrape, event, now_us)) ||
               (provider->calls != NULL && tg_calls_event(provider->calls, event, now_us)) ||
               (provider->execs != NULL && tg_execs_event(provider->execs, event, now_us)) ||
               (provider->asks != NULL && tg_asks_event(provider->asks, event, now_us));
    if (is_taken && !is_foreign && event->kind == TG_TRANSPORT_HEADERS && event->world != NULL) {
        read_world(provider, event->world, now_us);
    }
    return is_taken;
}

static void refresh(struct tg_provider *provider, struct tg_call *call)
{
    if (provider->scrape != NULL && call->resource == TG_KIND_POD) {
        tg_scrape_hasten(provider->scrape);
    }
    if (provider->polls[call->resource] != NULL) {
        tg_gcp_poll_hasten(provider->polls[call->resource]);
    }
    if (provider->watches[call->resource] != NULL) {
        tg_k8s_watch_hasten(provider->watches[call->resource]);
    }
    tg_call_free(call);
}

void tg_provider_call(struct tg_provider *provider, struct tg_call *call, int64_t now_us)
{
    if (call->kind == TG_CALL_REFRESH) {
        refresh(provider, call);
        return;
    }
    if (call->kind == TG_CALL_ENSURE || call->kind == TG_CALL_REMOVE) {
        tg_ensures_start(provider->ensures, call, now_us);
        return;
    }
    if (call->kind == TG_CALL_ASK && provider->asks != NULL) {
        tg_asks_start(provider->asks, call);
        return;
    }
    if (call->kind == TG_CALL_CANCEL) {
        tg_ensures_cancel(provider->ensures, call->cancel_id);
        if (provider->execs != NULL) {
            tg_execs_cancel(provider->execs, call->cancel_id);
        }
    }
    if (call->kind == TG_CALL_LIST_INTERFACES && provider->execs != NULL) {
        tg_execs_start(provider->execs, call, now_us);
        return;
    }
    if (call->kind == TG_CALL_CANCEL && provider->asks != NULL) {
        tg_asks_cancel(provider->asks, call->cancel_id);
    }
    if (!provider->context.config.is_gcp || call->kind == TG_CALL_CANCEL ||
        call->kind == TG_CALL_DOWNLOAD) {
        tg_calls_start(provider->calls, call, now_us);
        return;
    }
    struct tg_msg *msg = tg_msg_new(TG_MSG_CALL_DONE, provider->context.config.index, now_us);
    msg->as.call.call_id = call->id;
    tg_err_set(&msg->as.call.err, TG_CODE_INVALID, 0, "Google Cloud takes no such call");
    tg_provider_emit(&provider->context, msg);
    tg_call_free(call);
}
