/* provider/k8s_watch.c - the list and watch machine. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "provider/k8s_watch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "codec/k8s.h"
#include "net/backoff.h"
#include "net/linesplit.h"
#include "net/url.h"

#define PAGE_SIZE             500
#define PATH_MAX_LEN          4096
#define LIST_BYTES_MAX        (64 * 1024 * 1024)
#define LINE_BYTES_MAX        (4 * 1024 * 1024)
#define SILENCE_MAX_US        (90 * TG_US_PER_S)
#define LOOK_AGAIN_US         (60 * TG_US_PER_S)
#define AUDIT_US              (600 * TG_US_PER_S)
#define SHORT_WATCH_US        (1 * TG_US_PER_S)
#define QUIET_RESET_US        (120 * TG_US_PER_S)
#define CONTACT_INTERVAL_US   (1 * TG_US_PER_S)
#define REJECTED_IN_A_ROW_MAX 3

enum state {
    STATE_WAITING, /* until wake_us, then list or watch */
    STATE_LISTING,
    STATE_WATCHING,
};

struct tg_k8s_watch {
    struct tg_provider_context *context;
    enum tg_kind kind;
    enum state state;
    enum tg_kind_phase phase;
    uint64_t exchange; /* 0: none */
    int64_t wake_us;
    bool needs_list;
    bool is_namespaced; /* cluster-wide listing was denied: the target's namespace alone */
    int attempts;
    struct tg_backoff backoff;
    char resource_version[64];
    char *continue_token;
    struct tg_buf body;
    struct tg_linesplit *lines;
    int status;
    bool is_json;
    int64_t retry_after_us;
    int64_t opened_us;
    int64_t listed_us;  /* last whole list */
    int64_t contact_us; /* last CONTACT emitted */
    int64_t now_us;     /* of the event in hand */
    int rejected_in_a_row;
    int expired_in_a_row; /* fresh lists without a line of a watch in between */
    uint64_t lines_seen;
    struct tg_err stream_err; /* from an ERROR line or a bad line: ends the stream */
    struct tg_obj **items;    /* pages so far */
    size_t items_count;
    uint64_t rejected;
};

struct tg_k8s_watch *tg_k8s_watch_new(struct tg_provider_context *context, enum tg_kind kind)
{
    struct tg_k8s_watch *watch = TG_NEW(struct tg_k8s_watch);
    watch->context = context;
    watch->kind = kind;
    watch->needs_list = true;
    watch->backoff = (struct tg_backoff)TG_BACKOFF_WATCH;
    watch->lines = tg_linesplit_new(LINE_BYTES_MAX);
    tg_buf_init(&watch->body, LIST_BYTES_MAX);
    return watch;
}

static void drop_pages(struct tg_k8s_watch *watch)
{
    for (size_t i = 0; i < watch->items_count; i++) {
        tg_obj_unref(watch->items[i]);
    }
    free(watch->items);
    watch->items = NULL;
    watch->items_count = 0;
    watch->rejected = 0;
    free(watch->continue_token);
    watch->continue_token = NULL;
}

void tg_k8s_watch_free(struct tg_k8s_watch *watch)
{
    if (watch == NULL) {
        return;
    }
    drop_pages(watch);
    tg_buf_fini(&watch->body);
    tg_linesplit_free(watch->lines);
    free(watch);
}

static char *collection_path(struct tg_k8s_watch *watch, bool is_watch)
{
    const struct tg_kind_info *kind = tg_kind_info(watch->kind);
    struct tg_buf path;
    char number[24];
    tg_buf_init(&path, PATH_MAX_LEN);
    if (kind->group[0] == '\0') {
        tg_buf_printf(&path, "/api/%s", kind->version);
    } else {
        tg_buf_printf(&path, "/apis/%s/%s", kind->group, kind->version);
    }
    if (watch->is_namespaced && kind->is_namespaced) {
        const char *ns = watch->context->config.ns;
        tg_buf_puts(&path, "/namespaces");
        tg_url_append_segment(&path, ns != NULL ? ns : "default");
    }
    tg_buf_printf(&path, "/%s", kind->plural);
    if (is_watch) {
        tg_url_append_query(&path, "watch", "1");
        tg_url_append_query(&path, "allowWatchBookmarks", "true");
        tg_url_append_query(&path, "resourceVersion", watch->resource_version);
        int64_t timeout_s = tg_rng_between(&watch->context->rng, 300, 600);
        snprintf(number, sizeof(number), "%lld", (long long)timeout_s);
        tg_url_append_query(&path, "timeoutSeconds", number);
    } else {
        snprintf(number, sizeof(number), "%d", PAGE_SIZE);
        tg_url_append_query(&path, "limit", number);
        if (watch->continue_token != NULL) {
            tg_url_append_query(&path, "continue", watch->continue_token);
        }
    }
    return tg_buf_take(&path, NULL);
}

static void set_phase(struct tg_k8s_watch *watch, enum tg_kind_phase phase, int64_t retry_at_us,
                      const struct tg_err *err)
{
    watch->phase = phase;
    tg_provider_emit_phase(watch->context, watch->kind, phase, watch->attempts, retry_at_us, err,
                           watch->now_us);
}

static void start_list(struct tg_k8s_watch *watch)
{
    watch->state = STATE_LISTING;
    watch->status = 0;
    watch->stream_err = (struct tg_err)TG_ERR_INIT;
    tg_buf_reset(&watch->body);
    if (watch->phase == TG_KIND_PHASE_UNKNOWN) {
        set_phase(watch, TG_KIND_PHASE_LISTING, 0, NULL);
    }
    watch->exchange =
        tg_provider_submit(watch->context, "GET", collection_path(watch, false), NULL, NULL);
}

static void start_watch(struct tg_k8s_watch *watch)
{
    watch->state = STATE_WATCHING;
    watch->status = 0;
    watch->opened_us = watch->now_us;
    watch->lines_seen = 0;
    watch->stream_err = (struct tg_err)TG_ERR_INIT;
    tg_buf_reset(&watch->body);
    tg_linesplit_reset(watch->lines);
    watch->exchange =
        tg_provider_submit_stream(watch->context, collection_path(watch, true), SILENCE_MAX_US);
}

int64_t tg_k8s_watch_step(struct tg_k8s_watch *watch, int64_t now_us)
{
    watch->now_us = now_us;
    if (watch->state != STATE_WAITING) {
        return TG_TIME_NEVER;
    }
    if (now_us < watch->wake_us) {
        return watch->wake_us;
    }
    if (watch->needs_list) {
        start_list(watch);
    } else {
        start_watch(watch);
    }
    return TG_TIME_NEVER;
}

void tg_k8s_watch_hasten(struct tg_k8s_watch *watch)
{
    if (watch->state == STATE_WAITING && watch->phase == TG_KIND_PHASE_ABSENT) {
        watch->wake_us = 0;
    }
}

/* Waits before the next attempt. Objects are kept: they are old, not gone. */
static void retry(struct tg_k8s_watch *watch, enum tg_kind_phase phase, const struct tg_err *err)
{
    int64_t delay_us =
        tg_backoff_next(&watch->backoff, &watch->context->rng, watch->retry_after_us);
    watch->retry_after_us = 0; /* was asked for this time: a lost connection asks for nothing */
    watch->attempts++;
    watch->state = STATE_WAITING;
    watch->exchange = 0;
    watch->wake_us = watch->now_us + delay_us;
    drop_pages(watch);
    set_phase(watch, phase, watch->wake_us, err);
}

/* History or the list's token is gone: lists afresh, at once the first time. */
static void list_afresh(struct tg_k8s_watch *watch, const struct tg_err *err)
{
    watch->needs_list = true;
    if (watch->expired_in_a_row++ > 0) {
        retry(watch, TG_KIND_PHASE_RETRYING, err);
        return;
    }
    watch->state = STATE_WAITING;
    watch->exchange = 0;
    watch->wake_us = watch->now_us;
    drop_pages(watch);
}

static void look_again_later(struct tg_k8s_watch *watch, const struct tg_err *err)
{
    watch->state = STATE_WAITING;
    watch->exchange = 0;
    watch->needs_list = true;
    watch->wake_us = watch->now_us + LOOK_AGAIN_US;
    drop_pages(watch);
    /* What was there is gone with the kind. */
    struct tg_msg *msg = tg_msg_new(TG_MSG_REPLACE, watch->context->config.index, watch->now_us);
    msg->resource = watch->kind;
    tg_provider_emit(watch->context, msg);
    set_phase(watch, TG_KIND_PHASE_ABSENT, watch->wake_us, err);
}

static void handle_refusal(struct tg_k8s_watch *watch)
{
    struct tg_err err = TG_ERR_INIT;
    tg_k8s_decode_status(watch->status, tg_buf_text(&watch->body), watch->body.len, &err);
    switch (err.code) {
    case TG_CODE_EXPIRED:
        list_afresh(watch, &err);
        break;
    case TG_CODE_NOT_FOUND:
        look_again_later(watch, &err);
        break;
    case TG_CODE_FORBIDDEN:
        if (!watch->is_namespaced && tg_kind_info(watch->kind)->is_namespaced) {
            watch->is_namespaced = true;
            watch->needs_list = true;
            watch->state = STATE_WAITING;
            watch->exchange = 0;
            watch->wake_us = watch->now_us;
            drop_pages(watch);
        } else {
            watch->is_namespaced = false; /* rights may have come when it is tried again */
            retry(watch, TG_KIND_PHASE_DENIED, &err);
        }
        break;
    case TG_CODE_UNAUTHORIZED:
        retry(watch, TG_KIND_PHASE_DENIED, &err);
        break;
    default:
        retry(watch, TG_KIND_PHASE_RETRYING, &err);
        break;
    }
}

static void emit_list(struct tg_k8s_watch *watch)
{
    struct tg_msg *msg = tg_msg_new(TG_MSG_REPLACE, watch->context->config.index, watch->now_us);
    msg->resource = watch->kind;
    msg->as.replace.items = watch->items;
    msg->as.replace.count = watch->items_count;
    msg->as.replace.rejected = watch->rejected;
    watch->items = NULL;
    watch->items_count = 0;
    watch->rejected = 0;
    watch->listed_us = watch->now_us;
    tg_provider_emit(watch->context, msg);
}

static void take_page(struct tg_k8s_watch *watch)
{
    struct tg_k8s_list page;
    struct tg_err err = TG_ERR_INIT;
    if (!watch->is_json) {
        tg_err_set(&err, TG_CODE_PROTOCOL, watch->status, "the answer is not JSON");
        retry(watch, TG_KIND_PHASE_RETRYING, &err);
        return;
    }
    if (!tg_k8s_decode_list(watch->kind, tg_buf_text(&watch->body), watch->body.len, &page, &err)) {
        retry(watch, TG_KIND_PHASE_RETRYING, &err);
        return;
    }
    watch->items = tg_realloc_array(watch->items, watch->items_count + page.count + 1,
                                    sizeof(struct tg_obj *));
    memcpy(watch->items + watch->items_count, page.items, page.count * sizeof(struct tg_obj *));
    watch->items_count += page.count;
    watch->rejected += page.rejected;
    free(page.items);
    free(watch->continue_token);
    watch->continue_token = page.continue_token;
    if (watch->continue_token != NULL) {
        start_list(watch);
        return;
    }
    tg_str_copy(watch->resource_version, sizeof(watch->resource_version), page.resource_version);
    emit_list(watch);
    watch->needs_list = false;
    watch->attempts = 0;
    watch->rejected_in_a_row = 0;
    set_phase(watch, TG_KIND_PHASE_LIVE, 0, NULL);
    start_watch(watch);
}

/* ---- the stream ---- */

static void emit_contact(struct tg_k8s_watch *watch)
{
    if (watch->now_us - watch->contact_us < CONTACT_INTERVAL_US) {
        return;
    }
    watch->contact_us = watch->now_us;
    struct tg_msg *msg = tg_msg_new(TG_MSG_CONTACT, watch->context->config.index, watch->now_us);
    msg->resource = watch->kind;
    tg_provider_emit(watch->context, msg);
}

static void emit_object(struct tg_k8s_watch *watch, struct tg_k8s_watch_line *line)
{
    struct tg_msg *msg = tg_msg_new(line->type == TG_K8S_DELETED ? TG_MSG_DELETE : TG_MSG_PUT,
                                    watch->context->config.index, watch->now_us);
    msg->resource = watch->kind;
    msg->as.obj = line->obj;
    tg_provider_emit(watch->context, msg);
}

/* A line that cannot be read is refused alone, without moving the resourceVersion; three in a row
 * mean that the stream is not what we think it is, and the list is taken afresh. */
static bool take_line(void *context, const char *text, size_t len, struct tg_err *err)
{
    struct tg_k8s_watch *watch = context;
    struct tg_k8s_watch_line line;
    struct tg_err why = TG_ERR_INIT;
    watch->lines_seen++;
    if (!tg_k8s_decode_watch_line(watch->kind, text, len, &line, &why)) {
        if (++watch->rejected_in_a_row >= REJECTED_IN_A_ROW_MAX) {
            watch->needs_list = true;
            *err = why;
            return false;
        }
        return true;
    }
    watch->rejected_in_a_row = 0;
    if (line.type == TG_K8S_ERROR) {
        *err = line.err;
        watch->needs_list = line.err.code == TG_CODE_EXPIRED;
        return false;
    }
    watch->expired_in_a_row = 0;
    if (line.obj != NULL) {
        emit_object(watch, &line);
    }
    if (line.resource_version[0] != '\0' && line.type != TG_K8S_OTHER) {
        tg_str_copy(watch->resource_version, sizeof(watch->resource_version),
                    line.resource_version);
    }
    return true;
}

static void end_stream(struct tg_k8s_watch *watch, const struct tg_err *err)
{
    int64_t lived_us = watch->now_us - watch->opened_us;
    tg_backoff_note_quiet(&watch->backoff, lived_us);
    if (err->code == TG_CODE_EXPIRED) {
        list_afresh(watch, err);
        return;
    }
    if (err->code != TG_CODE_NONE) {
        retry(watch, TG_KIND_PHASE_RETRYING, err);
        return;
    }
    if (lived_us < SHORT_WATCH_US && watch->lines_seen == 0) {
        struct tg_err why = TG_ERR_INIT;
        tg_err_set(&why, TG_CODE_BROKEN, 0, "the watch ended at once");
        retry(watch, TG_KIND_PHASE_RETRYING, &why);
        return;
    }
    /* The server's own time limit: go on from where it was; but what was lost on the way, or was
     * never so, is found by listing from time to time. */
    watch->needs_list = watch->now_us - watch->listed_us >= AUDIT_US;
    watch->state = STATE_WAITING;
    watch->exchange = 0;
    watch->wake_us = watch->now_us;
}

static void take_headers(struct tg_k8s_watch *watch, const struct tg_transport_event *event)
{
    watch->status = event->status;
    watch->retry_after_us = event->retry_after_us;
    watch->is_json = strstr(event->content_type, "json") != NULL;
    if (watch->state == STATE_WATCHING && event->status == 200) {
        watch->contact_us = 0;
        emit_contact(watch);
        if (watch->phase != TG_KIND_PHASE_LIVE) {
            watch->attempts = 0;
            set_phase(watch, TG_KIND_PHASE_LIVE, 0, NULL);
        }
    }
}

static void take_data(struct tg_k8s_watch *watch, const struct tg_transport_event *event)
{
    bool is_stream = watch->state == STATE_WATCHING && watch->status == 200;
    if (!is_stream) {
        if (!tg_buf_append(&watch->body, event->data, event->len)) {
            tg_err_set(&watch->stream_err, TG_CODE_LIMIT, 0, "a list of more than %d bytes",
                       LIST_BYTES_MAX);
        }
        return;
    }
    emit_contact(watch);
    if (watch->stream_err.code == TG_CODE_NONE && watch->is_json) {
        (void)tg_linesplit_feed(watch->lines, event->data, event->len, take_line, watch,
                                &watch->stream_err);
    }
    if (watch->stream_err.code != TG_CODE_NONE) {
        struct tg_err err = watch->stream_err;
        watch->context->transport->ops->cancel(watch->context->transport, watch->exchange);
        end_stream(watch, &err);
    }
}

static void take_end(struct tg_k8s_watch *watch, const struct tg_err *err)
{
    watch->exchange = 0;
    if (err->code != TG_CODE_NONE && watch->status == 0) {
        retry(watch, TG_KIND_PHASE_RETRYING, err);
    } else if (watch->status != 0 && watch->status != 200) {
        handle_refusal(watch);
    } else if (watch->state == STATE_LISTING) {
        if (err->code != TG_CODE_NONE) {
            retry(watch, TG_KIND_PHASE_RETRYING, err);
        } else if (watch->stream_err.code != TG_CODE_NONE) {
            retry(watch, TG_KIND_PHASE_RETRYING, &watch->stream_err);
        } else {
            take_page(watch);
        }
    } else if (!watch->is_json) {
        struct tg_err why = TG_ERR_INIT;
        tg_err_set(&why, TG_CODE_PROTOCOL, watch->status, "the answer is not JSON");
        retry(watch, TG_KIND_PHASE_RETRYING, &why);
    } else {
        end_stream(watch, err);
    }
}

bool tg_k8s_watch_event(struct tg_k8s_watch *watch, const struct tg_transport_event *event,
                        int64_t now_us)
{
    if (watch->exchange == 0 || event->id != watch->exchange) {
        return false;
    }
    watch->now_us = now_us;
    switch (event->kind) {
    case TG_TRANSPORT_HEADERS:
        take_headers(watch, event);
        break;
    case TG_TRANSPORT_DATA:
        take_data(watch, event);
        break;
    case TG_TRANSPORT_DONE:
        take_end(watch, &event->err);
        break;
    }
    return true;
}
