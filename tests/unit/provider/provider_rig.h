/* unit/provider/provider_rig.h - one machine of a provider over a transport that only remembers, in
 * virtual time. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TESTS_UNIT_PROVIDER_RIG_H
#define TESTS_UNIT_PROVIDER_RIG_H

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "net/http.h"
#include "provider/context.h"

#define MESSAGES_MAX 256
#define SECOND       INT64_C(1000000)

struct provider_rig {
    struct tg_transport transport; /* first: ops find the rig by it */
    struct tg_provider_context context;
    void *machine;
    int64_t (*step)(void *machine, int64_t now_us);
    bool (*event)(void *machine, const struct tg_transport_event *event, int64_t now_us);
    uint64_t next_id;
    uint64_t exchange; /* newest submitted */
    uint64_t cancelled;
    int submitted;
    char path[1024]; /* of the newest */
    bool has_credentials;
    char method[16];
    char body[4096];
    char content_type[64];
    char accept[128];
    char base_url[128]; /* of the newest's endpoint; "" Google's or the hub's own */
    char token[64];
    char authorities[64];
    bool is_body_secret;
    bool is_stream;
    int64_t idle_us; /* its silence limit */
    char websocket_key[32];
    char sent[256]; /* on a WebSocket */
    size_t sent_len;
    struct tg_msg *messages[MESSAGES_MAX];
    size_t messages_count;
    int64_t now_us;
    int64_t wake_us;
};

static inline void rig_submit(struct tg_transport *transport, uint64_t id,
                              struct tg_http_request *request)
{
    struct provider_rig *rig = (struct provider_rig *)transport;
    rig->exchange = id;
    rig->submitted++;
    rig->idle_us = request->idle_deadline_us;
    rig->is_stream = request->is_stream;
    rig->is_body_secret = request->is_body_secret;
    snprintf(rig->accept, sizeof(rig->accept), "%s",
             request->accept != NULL ? request->accept : "");
    const struct tg_http_endpoint *endpoint = request->endpoint;
    snprintf(rig->base_url, sizeof(rig->base_url), "%s",
             endpoint->base_url != NULL ? endpoint->base_url : "");
    snprintf(rig->token, sizeof(rig->token), "%s",
             endpoint->bearer_token != NULL ? tg_secret_peek(endpoint->bearer_token) : "");
    snprintf(rig->authorities, sizeof(rig->authorities), "%s",
             endpoint->ca_pem != NULL ? endpoint->ca_pem : "");
    snprintf(rig->websocket_key, sizeof(rig->websocket_key), "%s",
             request->websocket_key != NULL ? request->websocket_key : "");
    snprintf(rig->path, sizeof(rig->path), "%s", request->path);
    rig->has_credentials =
        request->endpoint->bearer_token != NULL || request->endpoint->token_path != NULL ||
        request->endpoint->token_source != NULL || request->endpoint->client_cert_pem != NULL;
    snprintf(rig->method, sizeof(rig->method), "%s", request->method);
    snprintf(rig->body, sizeof(rig->body), "%s", request->body != NULL ? request->body : "");
    snprintf(rig->content_type, sizeof(rig->content_type), "%s",
             request->content_type != NULL ? request->content_type : "");
    tg_http_request_fini(request);
}

static inline void rig_cancel(struct tg_transport *transport, uint64_t id)
{
    ((struct provider_rig *)transport)->cancelled = id;
}

static inline void rig_send(struct tg_transport *transport, uint64_t id, const char *bytes,
                            size_t len)
{
    struct provider_rig *rig = (struct provider_rig *)transport;
    cr_assert_eq(id, rig->exchange);
    cr_assert_lt(rig->sent_len + len, sizeof(rig->sent));
    memcpy(rig->sent + rig->sent_len, bytes, len);
    rig->sent_len += len;
}

static inline void rig_take(void *context, struct tg_msg *msg)
{
    struct provider_rig *rig = context;
    cr_assert_lt(rig->messages_count, MESSAGES_MAX);
    rig->messages[rig->messages_count++] = msg;
}

static const struct tg_transport_ops rig_ops = {
    .submit = rig_submit, .cancel = rig_cancel, .send = rig_send};

static inline void rig_step(struct provider_rig *rig)
{
    rig->wake_us = rig->step(rig->machine, rig->now_us);
}

/* Without its machine yet. */
static inline struct provider_rig *rig_new(void)
{
    struct provider_rig *rig = TG_NEW(struct provider_rig);
    rig->transport.ops = &rig_ops;
    rig->next_id = 1;
    rig->now_us = 1000 * SECOND;
    rig->context = (struct tg_provider_context){.transport = &rig->transport,
                                                .emitter = {rig_take, rig},
                                                .rng = tg_rng_named(1, "provider"),
                                                .next_exchange_id = &rig->next_id};
    return rig;
}

static inline void rig_forget(struct provider_rig *rig)
{
    for (size_t i = 0; i < rig->messages_count; i++) {
        tg_msg_free(rig->messages[i]);
    }
    rig->messages_count = 0;
}

static inline void rig_close(struct provider_rig *rig)
{
    rig_forget(rig);
    free(rig);
}

static inline void rig_headers(struct provider_rig *rig, int status, int64_t retry_after_us)
{
    struct tg_transport_event event = {.kind = TG_TRANSPORT_HEADERS,
                                       .id = rig->exchange,
                                       .status = status,
                                       .content_type = "application/json",
                                       .retry_after_us = retry_after_us,
                                       .world = ""};
    cr_assert(rig->event(rig->machine, &event, rig->now_us));
}

/* Text with ' for ". */
static inline void rig_data(struct provider_rig *rig, const char *quoted)
{
    char *text = tg_strdup(quoted);
    for (char *at = text; *at != '\0'; at++) {
        *at = *at == '\'' ? '"' : *at;
    }
    struct tg_transport_event event = {
        .kind = TG_TRANSPORT_DATA, .id = rig->exchange, .data = text, .len = strlen(text)};
    cr_assert(rig->event(rig->machine, &event, rig->now_us));
    free(text);
}

static inline void rig_end(struct provider_rig *rig, enum tg_code code)
{
    struct tg_transport_event event = {.kind = TG_TRANSPORT_DONE, .id = rig->exchange};
    if (code != TG_CODE_NONE) {
        tg_err_set(&event.err, code, 0, "it broke");
    }
    cr_assert(rig->event(rig->machine, &event, rig->now_us));
    rig_step(rig);
}

static inline void rig_answer(struct provider_rig *rig, int status, const char *quoted)
{
    rig_headers(rig, status, 0);
    rig_data(rig, quoted);
    rig_end(rig, TG_CODE_NONE);
}

/* Lets time pass to the machine's own next moment; returns how long that was. */
static inline int64_t rig_wait(struct provider_rig *rig)
{
    cr_assert_neq(rig->wake_us, TG_TIME_NEVER, "it waits for nothing");
    int64_t waited_us = rig->wake_us - rig->now_us;
    rig->now_us = rig->wake_us;
    rig_step(rig);
    return waited_us;
}

/* The newest message of a kind, or NULL. */
static inline const struct tg_msg *rig_newest(const struct provider_rig *rig, enum tg_msg_kind kind)
{
    for (size_t i = rig->messages_count; i > 0; i--) {
        if (rig->messages[i - 1]->kind == kind) {
            return rig->messages[i - 1];
        }
    }
    return NULL;
}

static inline enum tg_kind_phase rig_phase(const struct provider_rig *rig)
{
    const struct tg_msg *msg = rig_newest(rig, TG_MSG_KIND_PHASE);
    return msg == NULL ? TG_KIND_PHASE_UNKNOWN : msg->as.phase.phase;
}

#endif
