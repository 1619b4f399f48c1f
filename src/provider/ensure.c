/* provider/ensure.c - what the forms of wanted things share: requests and answers, waiting, trying
 * again, and the end. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "provider/ensure.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "provider/ensure_machine.h"

#define ANSWER_BYTES_MAX (16 * 1024 * 1024)
#define REQUEST_US       (60 * TG_US_PER_S)
#define FAILING_US_MAX   (300 * TG_US_PER_S)
#define POLL_BASE_US     (TG_US_PER_S / 2)
#define POLL_CAP_US      (5 * TG_US_PER_S) /* with jitter at most twice that */

struct tg_ensures *tg_ensures_new(struct tg_provider_context *context)
{
    struct tg_ensures *ensures = TG_NEW(struct tg_ensures);
    ensures->context = context;
    ensures->groups = tg_map_new(free);
    return ensures;
}

/* An answer about a Secret may hold its value. */
static void forget_answer(struct tg_ensure *ensure)
{
    if (ensure->desired->secret != NULL && ensure->body.data != NULL) {
        explicit_bzero(ensure->body.data, ensure->body.len);
    }
    tg_buf_reset(&ensure->body);
}

static void free_ensure(struct tg_ensure *ensure)
{
    forget_answer(ensure);
    tg_buf_fini(&ensure->body);
    tg_gcp_contents_fini(&ensure->contents);
    free(ensure->change);
    free(ensure->change_mask);
    free(ensure->told);
    tg_call_free(ensure->call);
    free(ensure);
}

void tg_ensures_free(struct tg_ensures *ensures)
{
    if (ensures == NULL) {
        return;
    }
    while (ensures->first != NULL) {
        struct tg_ensure *ensure = ensures->first;
        ensures->first = ensure->next;
        free_ensure(ensure);
    }
    tg_map_free(ensures->groups);
    free(ensures);
}

static void sweep(struct tg_ensures *ensures)
{
    struct tg_ensure **at = &ensures->first;
    while (*at != NULL) {
        struct tg_ensure *ensure = *at;
        if (ensure->is_over) {
            *at = ensure->next;
            free_ensure(ensure);
        } else {
            at = &ensure->next;
        }
    }
}

/* ---- for the forms ---- */

void tg_ensure_submit(struct tg_ensure *ensure, struct tg_http_request *request)
{
    request->deadline_us = REQUEST_US;
    request->header_deadline_us = REQUEST_US;
    ensure->exchange = tg_provider_submit_request(ensure->owner->context, request);
}

void tg_ensure_go(struct tg_ensure *ensure, enum tg_ensure_stage stage)
{
    ensure->stage = stage;
    ensure->status = 0;
    ensure->retry_after_us = 0;
    ensure->wake_us = TG_TIME_NEVER;
    forget_answer(ensure);
    ensure->form->ask(ensure);
}

static void sleep_until(struct tg_ensure *ensure, struct tg_backoff *backoff)
{
    ensure->wake_us = ensure->owner->now_us + tg_backoff_next(backoff, &ensure->owner->context->rng,
                                                              ensure->retry_after_us);
}

void tg_ensure_wait(struct tg_ensure *ensure, enum tg_ensure_stage stage)
{
    ensure->stage = stage;
    ensure->failing_since_us = -1;
    tg_backoff_reset(&ensure->retrying);
    sleep_until(ensure, &ensure->polling);
}

void tg_ensure_retry(struct tg_ensure *ensure, enum tg_ensure_stage stage, const struct tg_err *err)
{
    int64_t now_us = ensure->owner->now_us;
    if (ensure->failing_since_us < 0) {
        ensure->failing_since_us = now_us;
    }
    if (now_us - ensure->failing_since_us >= FAILING_US_MAX) {
        tg_ensure_fail(ensure, err);
        return;
    }
    ensure->stage = stage;
    tg_ensure_tell(ensure, err->msg, NULL, -1);
    sleep_until(ensure, &ensure->retrying);
}

static void end(struct tg_ensure *ensure, enum tg_ensured ensured, const struct tg_err *err)
{
    struct tg_ensures *ensures = ensure->owner;
    struct tg_msg *msg =
        tg_msg_new(TG_MSG_CALL_DONE, ensures->context->config.index, ensures->now_us);
    tg_assert(!ensure->is_over);
    ensure->is_over = true;
    ensure->wake_us = TG_TIME_NEVER;
    msg->resource = ensure->call->resource;
    msg->as.call.call_id = ensure->call->id;
    msg->as.call.status = ensure->status;
    msg->as.call.ensured = ensured;
    if (err != NULL) {
        msg->as.call.err = *err;
        tg_redact_in_place(msg->as.call.err.msg);
    }
    tg_provider_emit(ensures->context, msg);
}

void tg_ensure_finish(struct tg_ensure *ensure, enum tg_ensured ensured)
{
    end(ensure, ensured, NULL);
}

void tg_ensure_fail(struct tg_ensure *ensure, const struct tg_err *err)
{
    tg_assert(err->code != TG_CODE_NONE);
    if (ensure->is_removal && err->code == TG_CODE_DISABLED) {
        /* An API that holds something cannot be disabled: one that is not enabled holds nothing. */
        end(ensure, ensure->outcome, NULL);
        return;
    }
    end(ensure, TG_ENSURED_NOT, err);
}

void tg_ensure_tell(struct tg_ensure *ensure, const char *text, const char *operation, int percent)
{
    struct tg_ensures *ensures = ensure->owner;
    if (tg_str_eq(ensure->told, text) && ensure->told_percent == percent) {
        return;
    }
    tg_str_replace(&ensure->told, text);
    ensure->told_percent = percent;
    struct tg_msg *msg =
        tg_msg_new(TG_MSG_CALL_PROGRESS, ensures->context->config.index, ensures->now_us);
    msg->as.progress.call_id = ensure->call->id;
    msg->as.progress.text = tg_redact(text);
    msg->as.progress.operation = tg_strdup(operation);
    msg->as.progress.percent = percent;
    tg_provider_emit(ensures->context, msg);
}

bool tg_ensure_is_ok(const struct tg_ensure *ensure)
{
    return ensure->status >= 200 && ensure->status <= 299;
}

/* ---- the door ---- */

static const struct tg_ensure_form *form_of(const struct tg_desired *desired)
{
    if (desired->api == TG_API_KUBERNETES) {
        return &tg_ensure_k8s;
    }
    switch (desired->form) {
    case TG_FORM_OBJECT:
        return &tg_ensure_gcp;
    case TG_FORM_SERVICE:
        return &tg_ensure_service;
    case TG_FORM_SERVICE_IDENTITY:
        return &tg_ensure_identity;
    case TG_FORM_ROLE:
        return &tg_ensure_policy;
    case TG_FORM_COUNT:
        break;
    }
    TG_UNREACHABLE("a form without a machine");
}

void tg_ensures_start(struct tg_ensures *ensures, struct tg_call *call, int64_t now_us)
{
    tg_assert(call->desired != NULL);
    struct tg_ensure *ensure = TG_NEW(struct tg_ensure);
    ensures->now_us = now_us;
    ensure->owner = ensures;
    ensure->call = call;
    ensure->desired = call->desired;
    ensure->form = form_of(call->desired);
    ensure->is_removal = call->kind == TG_CALL_REMOVE;
    ensure->outcome = ensure->is_removal ? TG_ENSURED_ABSENT : TG_ENSURED_FOUND;
    ensure->polling = tg_backoff_of(POLL_BASE_US, POLL_CAP_US, 0);
    ensure->retrying = ensure->polling;
    ensure->failing_since_us = -1;
    ensure->told_percent = -1;
    tg_buf_init(&ensure->body, ANSWER_BYTES_MAX);
    ensure->next = ensures->first;
    ensures->first = ensure;
    tg_ensure_go(ensure, ensure->is_removal ? ensure->form->first_for_removal
                                            : ensure->form->first_for_ensure);
    sweep(ensures);
}

void tg_ensures_cancel(struct tg_ensures *ensures, uint64_t call_id)
{
    struct tg_transport *transport = ensures->context->transport;
    for (struct tg_ensure *ensure = ensures->first; ensure != NULL; ensure = ensure->next) {
        if (ensure->call->id == call_id) {
            if (ensure->exchange != 0) {
                transport->ops->cancel(transport, ensure->exchange);
            }
            ensure->is_over = true;
        }
    }
    sweep(ensures);
}

int64_t tg_ensures_step(struct tg_ensures *ensures, int64_t now_us)
{
    int64_t wake_us = TG_TIME_NEVER;
    ensures->now_us = now_us;
    for (struct tg_ensure *ensure = ensures->first; ensure != NULL; ensure = ensure->next) {
        if (ensure->exchange == 0 && ensure->wake_us <= now_us) {
            tg_ensure_go(ensure, ensure->stage);
        }
        if (ensure->exchange == 0 && ensure->wake_us < wake_us) {
            wake_us = ensure->wake_us;
        }
    }
    sweep(ensures);
    return wake_us;
}

static void take_end(struct tg_ensure *ensure, const struct tg_err *err)
{
    struct tg_err full = TG_ERR_INIT;
    ensure->exchange = 0;
    if (err->code != TG_CODE_NONE && tg_code_is_transient(err->code)) {
        tg_ensure_retry(ensure, ensure->stage, err);
    } else if (err->code != TG_CODE_NONE) {
        tg_ensure_fail(ensure, err);
    } else if (ensure->body.is_full) {
        tg_err_set(&full, TG_CODE_LIMIT, 0, "the answer is longer than %d bytes", ANSWER_BYTES_MAX);
        tg_ensure_fail(ensure, &full);
    } else {
        ensure->form->take(ensure);
    }
}

bool tg_ensures_event(struct tg_ensures *ensures, const struct tg_transport_event *event,
                      int64_t now_us)
{
    struct tg_ensure *ensure = ensures->first;
    while (ensure != NULL && ensure->exchange != event->id) {
        ensure = ensure->next;
    }
    if (ensure == NULL || event->id == 0) {
        return false;
    }
    ensures->now_us = now_us;
    switch (event->kind) {
    case TG_TRANSPORT_HEADERS:
        ensure->status = event->status;
        ensure->retry_after_us = event->retry_after_us;
        break;
    case TG_TRANSPORT_DATA:
        tg_buf_append(&ensure->body, event->data, event->len);
        break;
    case TG_TRANSPORT_DONE:
        take_end(ensure, &event->err);
        sweep(ensures);
        break;
    }
    return true;
}
