/* provider/target.h - all that is asked of one target (a cluster's API server, or Google Cloud),
 * over one transport.
 *
 * Owns the list/watch machines of every kind (provider/k8s_watch.h) or the pollers
 * (provider/gcp_poll.h), the scrapes of model servers' /metrics through the API server's proxy, and
 * the calls under way; routes transport events to them by id; emits model messages. Never blocks,
 * reads no clock: time comes in.
 *
 * Thread: its worker's. Ownership: emitted messages move to the receiver; calls given in move to
 * the target.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_PROVIDER_TARGET_H
#define TG_PROVIDER_TARGET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/rng.h"
#include "model/msg.h"
#include "net/transport.h"

struct tg_target_config {
    int index; /* in the model */
    bool is_gcp;
    struct tg_http_endpoint endpoint; /* moved in */
    char *project;                    /* GCP; moved in */
    char *app_label;                  /* scrape Pods with app=this; moved in; NULL: none */
    char *ns; /* listed alone where the whole cluster is denied; moved in; NULL: "default" */
    /* GCP, while endpoint.base_url is NULL: where an API is instead of at its own host, as
     * "//host/prefix" (io/google_hosts.h); moved in; NULL: there */
    char *api_places[TG_API_COUNT];
    char *hub_url;              /* the Hugging Face hub's base URL; moved in; NULL: its own */
    int64_t scrape_interval_us; /* 0: default 2 s */
    uint64_t seed;              /* for jitter */
};

void tg_target_config_fini(struct tg_target_config *config);

struct tg_emitter {
    /* Takes the message; may block (back-pressure). */
    void (*emit)(void *context, struct tg_msg *msg);
    void *context;
};

struct tg_provider;

struct tg_provider *tg_provider_new(struct tg_target_config *config, struct tg_transport *transport,
                                    const struct tg_emitter *emitter, uint64_t *next_exchange_id);
void tg_provider_free(struct tg_provider *provider);

/* Starts what is due at now_us (monotonic); returns when it wants to be called again at the latest.
 */
int64_t tg_provider_step(struct tg_provider *provider, int64_t now_us);

/* Handles a transport event if its id is one of this provider's; false when it is not. */
bool tg_provider_event(struct tg_provider *provider, const struct tg_transport_event *event,
                       int64_t now_us);

/* Starts a call; answers come as TG_MSG_CALL_DONE / TG_MSG_LOG_LINES. The call moves in. */
void tg_provider_call(struct tg_provider *provider, struct tg_call *call, int64_t now_us);

#endif
