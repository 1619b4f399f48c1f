/* provider/calls.c - one request for each call, and its answer. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "provider/calls.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/fmt.h"
#include "base/mem.h"
#include "base/str.h"
#include "codec/k8s.h"
#include "codec/k8s_write.h"
#include "codec/log_digest.h"
#include "net/linesplit.h"
#include "net/url.h"

#define ANSWER_BYTES_MAX (16 * 1024 * 1024)
#define PATH_LEN_MAX     8192
#define LOG_LINE_MAX     (1024 * 1024)

struct pending {
    struct pending *next;
    struct tg_call *call;
    uint64_t exchange;
    int status;
    struct tg_buf body;         /* of short answers */
    struct tg_linesplit *lines; /* of a followed log */
    struct tg_buf batch;
    struct tg_log_digest *digest; /* of a log of which only that is told */
};

struct tg_calls {
    struct tg_provider_context *context;
    /* For downloads: the target's own server, and anybody's; neither gets what opens the target. */
    struct tg_http_endpoint beside;
    struct tg_http_endpoint elsewhere;
    struct pending *first;
};

struct tg_calls *tg_calls_new(struct tg_provider_context *context)
{
    struct tg_calls *calls = TG_NEW(struct tg_calls);
    calls->context = context;
    calls->beside.base_url = tg_strdup(context->config.endpoint.base_url);
    calls->beside.ca_pem = tg_strdup(context->config.endpoint.ca_pem);
    return calls;
}

static void free_pending(struct pending *pending)
{
    tg_call_free(pending->call);
    tg_buf_fini(&pending->body);
    tg_buf_fini(&pending->batch);
    tg_linesplit_free(pending->lines);
    free(pending->digest);
    free(pending);
}

void tg_calls_free(struct tg_calls *calls)
{
    if (calls == NULL) {
        return;
    }
    while (calls->first != NULL) {
        struct pending *pending = calls->first;
        calls->first = pending->next;
        free_pending(pending);
    }
    tg_http_endpoint_fini(&calls->beside);
    tg_http_endpoint_fini(&calls->elsewhere);
    free(calls);
}

static void put_collection(struct tg_buf *path, const struct tg_call *call)
{
    const struct tg_kind_info *kind = tg_kind_info(call->resource);
    if (kind->group[0] == '\0') {
        tg_buf_printf(path, "/api/%s", kind->version);
    } else {
        tg_buf_printf(path, "/apis/%s/%s", kind->group, kind->version);
    }
    if (kind->is_namespaced) {
        tg_buf_puts(path, "/namespaces");
        tg_url_append_segment(path, call->ns);
    }
    tg_buf_printf(path, "/%s", kind->plural);
}

static char *object_path(const struct tg_call *call)
{
    struct tg_buf path;
    tg_buf_init(&path, PATH_LEN_MAX);
    put_collection(&path, call);
    tg_url_append_segment(&path, call->name);
    if (call->kind == TG_CALL_SCALE) {
        tg_url_append_query(&path, "fieldManager", "tidegate");
    }
    return tg_buf_take(&path, NULL);
}

static char *log_path(const struct tg_call *call)
{
    struct tg_buf path;
    tg_buf_init(&path, PATH_LEN_MAX);
    tg_buf_puts(&path, "/api/v1/namespaces");
    tg_url_append_segment(&path, call->ns);
    tg_buf_puts(&path, "/pods");
    tg_url_append_segment(&path, call->name);
    tg_buf_puts(&path, "/log");
    tg_url_append_query(&path, "follow", "true");
    if (call->container != NULL) {
        tg_url_append_query(&path, "container", call->container);
    }
    if (call->since_wall_us > 0) {
        char since[40];
        tg_fmt_rfc3339(since, sizeof(since), call->since_wall_us, 0);
        tg_url_append_query(&path, "sinceTime", since);
    }
    return tg_buf_take(&path, NULL);
}

static char *create_path(const struct tg_call *call)
{
    struct tg_buf path;
    tg_buf_init(&path, PATH_LEN_MAX);
    tg_buf_puts(&path, "/api/v1/namespaces");
    tg_url_append_segment(&path, call->ns);
    tg_buf_puts(&path, "/pods");
    tg_url_append_query(&path, "fieldManager", "tidegate");
    return tg_buf_take(&path, NULL);
}

/* "https://host/path"; a simulated world serves such files beside its Google Cloud. */
static uint64_t submit_download(struct tg_calls *calls, const char *url)
{
    const char *base = calls->beside.base_url;
    bool is_beside = base != NULL && tg_str_has_prefix(url, base) && url[strlen(base)] == '/';
    bool is_https = tg_str_has_prefix(url, "https://");
    struct tg_http_request request = {
        .endpoint = is_beside ? &calls->beside : &calls->elsewhere,
        .method = "GET",
        .path = tg_strdup(url + (is_beside  ? strlen(base)
                                 : is_https ? strlen("https:")
                                            : 0)),
        .accept = tg_strdup("*/*"),
    };
    return tg_provider_submit_request(calls->context, &request);
}

static uint64_t submit(struct tg_calls *calls, struct tg_call *call)
{
    struct tg_provider_context *context = calls->context;
    switch (call->kind) {
    case TG_CALL_GET_TEXT:
    case TG_CALL_GET:
        return tg_provider_submit(context, "GET", object_path(call), NULL, NULL);
    case TG_CALL_ACCESS_REVIEW:
        return tg_provider_submit(
            context, "POST", tg_strdup("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"),
            tg_k8s_write_access_review(call), "application/json");
    case TG_CALL_SCALE:
        return tg_provider_submit(context, "PATCH", object_path(call), tg_k8s_write_scale(call),
                                  "application/merge-patch+json");
    case TG_CALL_CREATE_PROBE:
        return tg_provider_submit(context, "POST", create_path(call), tg_k8s_write_probe(call),
                                  "application/json");
    case TG_CALL_DELETE_POD:
        return tg_provider_submit(context, "DELETE", object_path(call), tg_k8s_write_delete(call),
                                  "application/json");
    case TG_CALL_DOWNLOAD:
        return submit_download(calls, call->name);
    case TG_CALL_FOLLOW_LOG:
    case TG_CALL_DIGEST_LOG:
        return tg_provider_submit_stream(context, log_path(call), 0);
    case TG_CALL_LIST_INTERFACES:
    case TG_CALL_CANCEL:
    case TG_CALL_REFRESH:
    case TG_CALL_ENSURE:
    case TG_CALL_REMOVE:
    case TG_CALL_ASK:
    case TG_CALL_KIND_COUNT:
        break;
    }
    TG_UNREACHABLE("a call without a request");
}

static void cancel(struct tg_calls *calls, uint64_t call_id)
{
    for (struct pending **at = &calls->first; *at != NULL; at = &(*at)->next) {
        if ((*at)->call->id == call_id) {
            struct pending *pending = *at;
            *at = pending->next;
            calls->context->transport->ops->cancel(calls->context->transport, pending->exchange);
            free_pending(pending);
            return;
        }
    }
}

void tg_calls_start(struct tg_calls *calls, struct tg_call *call, int64_t now_us)
{
    (void)now_us;
    if (call->kind == TG_CALL_CANCEL) {
        cancel(calls, call->cancel_id);
        tg_call_free(call);
        return;
    }
    if (call->kind == TG_CALL_DELETE_POD || call->kind == TG_CALL_CREATE_PROBE) {
        call->resource = TG_KIND_POD;
    } else if (call->kind == TG_CALL_SCALE) {
        call->resource = TG_KIND_DEPLOYMENT;
    }
    struct pending *pending = TG_NEW(struct pending);
    pending->call = call;
    tg_buf_init(&pending->body, ANSWER_BYTES_MAX);
    tg_buf_init(&pending->batch, ANSWER_BYTES_MAX);
    if (call->kind == TG_CALL_FOLLOW_LOG || call->kind == TG_CALL_DIGEST_LOG) {
        pending->lines = tg_linesplit_new(LOG_LINE_MAX);
    }
    if (call->kind == TG_CALL_DIGEST_LOG) {
        pending->digest = TG_NEW(struct tg_log_digest);
        tg_log_digest_init(pending->digest);
    }
    pending->next = calls->first;
    calls->first = pending;
    pending->exchange = submit(calls, call);
}

/* ---- answers ---- */

static bool add_line(void *context, const char *line, size_t len, struct tg_err *err)
{
    struct pending *pending = context;
    (void)err;
    if (pending->digest != NULL) {
        tg_log_digest_line(pending->digest, line, len);
        return true;
    }
    tg_buf_append(&pending->batch, line, len);
    tg_buf_putc(&pending->batch, '\n');
    return true;
}

static void emit_digest(struct tg_calls *calls, struct pending *pending, int64_t now_us)
{
    struct tg_msg *msg = tg_msg_new(TG_MSG_LOG_DIGEST, calls->context->config.index, now_us);
    msg->as.digest.ns = tg_strdup(pending->call->ns);
    msg->as.digest.pod = tg_strdup(pending->call->name);
    msg->as.digest.digest = TG_NEW(struct tg_log_digest);
    *msg->as.digest.digest = *pending->digest;
    tg_provider_emit(calls->context, msg);
}

static void emit_lines(struct tg_calls *calls, struct pending *pending, int64_t now_us)
{
    if (pending->digest != NULL) {
        emit_digest(calls, pending, now_us);
        return;
    }
    if (pending->batch.len == 0) {
        return;
    }
    struct tg_msg *msg = tg_msg_new(TG_MSG_LOG_LINES, calls->context->config.index, now_us);
    msg->as.log.call_id = pending->call->id;
    msg->as.log.text = tg_buf_take(&pending->batch, &msg->as.log.len);
    tg_provider_emit(calls->context, msg);
}

static void read_answer(struct pending *pending, struct tg_msg *msg)
{
    struct tg_err *err = &msg->as.call.err;
    const char *body = tg_buf_text(&pending->body);
    if (pending->call->kind == TG_CALL_DOWNLOAD) {
        if (pending->status == 200) {
            msg->as.call.text = tg_buf_take(&pending->body, &msg->as.call.len);
        } else {
            tg_err_set(err, tg_code_from_http_status(pending->status), pending->status,
                       "the server answers %d", pending->status);
            err->code = err->code == TG_CODE_NONE ? TG_CODE_PROTOCOL : err->code;
        }
        return;
    }
    if (pending->status < 200 || pending->status > 299) {
        tg_k8s_decode_status(pending->status, body, pending->body.len, err);
        if (pending->call->kind == TG_CALL_DELETE_POD && err->code == TG_CODE_NOT_FOUND) {
            *err = (struct tg_err)TG_ERR_INIT;
        }
        return;
    }
    switch (pending->call->kind) {
    case TG_CALL_GET_TEXT:
        msg->as.call.text = tg_k8s_text(body, pending->body.len, err);
        break;
    case TG_CALL_GET:
    case TG_CALL_SCALE:
    case TG_CALL_CREATE_PROBE:
        msg->as.call.obj = tg_k8s_decode(pending->call->resource, body, pending->body.len, err);
        break;
    case TG_CALL_ACCESS_REVIEW:
        msg->as.call.is_allowed = tg_k8s_decode_allowed(body, pending->body.len, err);
        break;
    default:
        break;
    }
}

static void finish(struct tg_calls *calls, struct pending **at, const struct tg_err *err,
                   int64_t now_us)
{
    struct pending *pending = *at;
    *at = pending->next;
    if (pending->lines != NULL) {
        struct tg_err ignored = TG_ERR_INIT;
        (void)tg_linesplit_finish(pending->lines, add_line, pending, &ignored);
        if (pending->digest != NULL && pending->status == 200) {
            pending->digest->is_ended = true;
            pending->digest->err = *err;
        }
        if (pending->digest == NULL || pending->status == 200) {
            emit_lines(calls, pending, now_us);
        }
    }
    struct tg_msg *msg = tg_msg_new(TG_MSG_CALL_DONE, calls->context->config.index, now_us);
    msg->resource = pending->call->resource;
    msg->as.call.call_id = pending->call->id;
    msg->as.call.status = pending->status;
    msg->as.call.err = *err;
    if (err->code == TG_CODE_NONE) {
        read_answer(pending, msg);
    }
    free_pending(pending);
    tg_provider_emit(calls->context, msg);
}

bool tg_calls_event(struct tg_calls *calls, const struct tg_transport_event *event, int64_t now_us)
{
    struct pending **at = &calls->first;
    while (*at != NULL && (*at)->exchange != event->id) {
        at = &(*at)->next;
    }
    struct pending *pending = *at;
    if (pending == NULL) {
        return false;
    }
    struct tg_err err = TG_ERR_INIT;
    switch (event->kind) {
    case TG_TRANSPORT_HEADERS:
        pending->status = event->status;
        break;
    case TG_TRANSPORT_DATA:
        if (pending->lines != NULL && pending->status == 200) {
            if (!tg_linesplit_feed(pending->lines, event->data, event->len, add_line, pending,
                                   &err) &&
                pending->digest != NULL) {
                tg_linesplit_reset(pending->lines); /* a line that is too long is nobody's news */
            }
            emit_lines(calls, pending, now_us);
        } else {
            tg_buf_append(&pending->body, event->data, event->len);
        }
        break;
    case TG_TRANSPORT_DONE:
        finish(calls, at, &event->err, now_us);
        break;
    }
    return true;
}
