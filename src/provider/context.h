/* provider/context.h - what the machines of one target share: its transport, its voice and its
 * randomness.
 *
 * Thread: the worker's.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_PROVIDER_CONTEXT_H
#define TG_PROVIDER_CONTEXT_H

#include "provider/target.h"

struct tg_provider_context {
    struct tg_target_config config;
    struct tg_transport *transport;
    struct tg_emitter emitter;
    struct tg_rng rng;
    uint64_t *next_exchange_id;
};

/* Submits a request for path (taken over) with the defaults for short answers: 15 s deadline, 10 s
 * until the status line, 64 MiB at most. Returns its id. */
uint64_t tg_provider_submit(struct tg_provider_context *context, const char *method, char *path,
                            char *body, const char *content_type);

/* The same for a request of the caller's making, whose contents move: endpoint, ceiling and
 * deadlines are filled in where they are 0. */
uint64_t tg_provider_submit_request(struct tg_provider_context *context,
                                    struct tg_http_request *request);

/* The same for a stream: no deadline, but idle_us of silence end it. */
uint64_t tg_provider_submit_stream(struct tg_provider_context *context, char *path,
                                   int64_t idle_us);

void tg_provider_emit(struct tg_provider_context *context, struct tg_msg *msg);

/* Emits KIND_PHASE. err may be NULL. */
void tg_provider_emit_phase(struct tg_provider_context *context, enum tg_kind kind,
                            enum tg_kind_phase phase, int attempts, int64_t retry_at_us,
                            const struct tg_err *err, int64_t now_us);

#endif
