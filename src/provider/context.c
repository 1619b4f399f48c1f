/* provider/context.c - submitting and emitting for the machines of one target. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "provider/context.h"

#include <string.h>

#include "base/clock.h"
#include "base/mem.h"

#define DEADLINE_US        (15 * TG_US_PER_S)
#define HEADER_DEADLINE_US (10 * TG_US_PER_S)
#define BODY_BYTES_MAX     (64 * 1024 * 1024)

static uint64_t submit(struct tg_provider_context *context, struct tg_http_request *request)
{
    uint64_t id = (*context->next_exchange_id)++;
    request->endpoint = request->endpoint != NULL ? request->endpoint : &context->config.endpoint;
    if (request->header_deadline_us == 0) {
        request->header_deadline_us = HEADER_DEADLINE_US;
    }
    if (request->body_len_max == 0) {
        request->body_len_max = BODY_BYTES_MAX;
    }
    context->transport->ops->submit(context->transport, id, request);
    tg_http_request_fini(request);
    return id;
}

uint64_t tg_provider_submit_request(struct tg_provider_context *context,
                                    struct tg_http_request *request)
{
    if (request->deadline_us == 0) {
        request->deadline_us = DEADLINE_US;
    }
    return submit(context, request);
}

uint64_t tg_provider_submit(struct tg_provider_context *context, const char *method, char *path,
                            char *body, const char *content_type)
{
    struct tg_http_request request = {
        .method = method,
        .path = path,
        .body = body,
        .body_len = body != NULL ? strlen(body) : 0,
        .content_type = tg_strdup(content_type),
    };
    return tg_provider_submit_request(context, &request);
}

uint64_t tg_provider_submit_stream(struct tg_provider_context *context, char *path, int64_t idle_us)
{
    struct tg_http_request request = {
        .method = "GET",
        .path = path,
        .idle_deadline_us = idle_us,
        .is_stream = true,
    };
    return submit(context, &request);
}

void tg_provider_emit(struct tg_provider_context *context, struct tg_msg *msg)
{
    context->emitter.emit(context->emitter.context, msg);
}

void tg_provider_emit_phase(struct tg_provider_context *context, enum tg_kind kind,
                            enum tg_kind_phase phase, int attempts, int64_t retry_at_us,
                            const struct tg_err *err, int64_t now_us)
{
    struct tg_msg *msg = tg_msg_new(TG_MSG_KIND_PHASE, context->config.index, now_us);
    msg->resource = kind;
    msg->as.phase.phase = phase;
    msg->as.phase.attempts = attempts;
    msg->as.phase.retry_at_us = retry_at_us;
    if (err != NULL) {
        msg->as.phase.err = *err;
    }
    tg_provider_emit(context, msg);
}
