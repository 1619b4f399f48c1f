/* provider/ask.c - one request for each question, and its answer. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "provider/ask.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "codec/question.h"
#include "net/url.h"
#include "provider/gcp_path.h"

#define ANSWER_BYTES_MAX (16 * 1024 * 1024)
#define PATH_LEN_MAX     8192
#define HUB_HOST         "huggingface.co"

struct ask {
    struct ask *next;
    struct tg_call *call;
    struct tg_http_endpoint hub; /* how this call reaches the hub, with its token */
    uint64_t exchange;
    int status;
    int64_t server_date_us;
    struct tg_buf body;
};

struct tg_asks {
    struct tg_provider_context *context;
    struct ask *first;
};

struct tg_asks *tg_asks_new(struct tg_provider_context *context)
{
    struct tg_asks *asks = TG_NEW(struct tg_asks);
    asks->context = context;
    return asks;
}

static void free_ask(struct ask *ask)
{
    tg_call_free(ask->call);
    tg_http_endpoint_fini(&ask->hub);
    tg_buf_fini(&ask->body);
    free(ask);
}

void tg_asks_free(struct tg_asks *asks)
{
    while (asks != NULL && asks->first != NULL) {
        struct ask *ask = asks->first;
        asks->first = ask->next;
        free_ask(ask);
    }
    free(asks);
}

/* ---- what is asked ---- */

static const char *value_of(const struct tg_asks *asks, const struct tg_call *call,
                            const char *name, size_t len)
{
    return len == strlen("{project}") && strncmp(name, "{project}", len) == 0
               ? asks->context->config.project
           : strncmp(name, "{1}", len) == 0 ? call->name
           : strncmp(name, "{2}", len) == 0 ? call->ns
                                            : "";
}

static void append_segment(const struct tg_asks *asks, const struct tg_call *call,
                           const char *segment, size_t len, struct tg_buf *path)
{
    struct tg_buf plain;
    tg_buf_init(&plain, PATH_LEN_MAX);
    while (len > 0) {
        size_t used = 1;
        if (*segment == '{') {
            used = strcspn(segment, "}") + 1;
            const char *value = value_of(asks, call, segment, used);
            tg_buf_puts(&plain, value != NULL ? value : "");
        } else {
            tg_buf_putc(&plain, *segment == '~' ? '/' : *segment);
        }
        segment += used;
        len -= used;
    }
    /* a custom verb's colon stands as it is: "projects/p:testIamPermissions" */
    const char *text = tg_buf_text(&plain);
    const char *colon = strchr(text, ':');
    char *name = tg_strndup(text, colon != NULL ? (size_t)(colon - text) : strlen(text));
    tg_url_append_segment(path, name);
    tg_buf_puts(path, colon != NULL ? colon : "");
    free(name);
    tg_buf_fini(&plain);
}

static char *path_of(const struct tg_asks *asks, const struct tg_call *call)
{
    const struct tg_question_info *info = tg_question_info(call->question);
    struct tg_buf path;
    if (info->api == TG_API_COUNT) {
        tg_buf_init(&path, PATH_LEN_MAX);
        tg_buf_puts(&path, asks->context->config.hub_url == NULL ? "//" HUB_HOST : "");
    } else {
        tg_gcp_path_begin(asks->context, info->api, &path);
    }
    for (const char *at = info->path; *at != '\0';) {
        size_t len = strcspn(at, "/");
        append_segment(asks, call, at, len, &path);
        at += len + (at[len] == '/' ? 1 : 0);
    }
    return tg_buf_take(&path, NULL);
}

/* The authorities of the server that stands in for Google's APIs are trusted for a hub that the
 * same server serves, and for no other. */
static bool is_same_server(const struct tg_target_config *config)
{
    const char *base = config->endpoint.base_url;
    return base != NULL && config->hub_url != NULL && tg_str_has_prefix(config->hub_url, base) &&
           config->hub_url[strlen(base)] == '/';
}

static void reach_hub(const struct tg_asks *asks, struct ask *ask)
{
    const struct tg_target_config *config = &asks->context->config;
    const struct tg_secret *token = ask->call->secret;
    ask->hub.base_url = tg_strdup(config->hub_url);
    ask->hub.ca_pem = is_same_server(config) ? tg_strdup(config->endpoint.ca_pem) : NULL;
    ask->hub.bearer_token =
        token != NULL ? tg_secret_new(tg_secret_peek(token), tg_secret_len(token)) : NULL;
}

void tg_asks_start(struct tg_asks *asks, struct tg_call *call)
{
    const struct tg_question_info *info = tg_question_info(call->question);
    struct ask *ask = TG_NEW(struct ask);
    ask->call = call;
    tg_buf_init(&ask->body, ANSWER_BYTES_MAX);
    ask->next = asks->first;
    asks->first = ask;
    struct tg_http_request request = {
        .method = info->method, .path = path_of(asks, call), .body = tg_question_write(call)};
    if (request.body != NULL) {
        request.body_len = strlen(request.body);
        request.content_type = tg_strdup("application/json");
    }
    if (info->api == TG_API_COUNT) {
        reach_hub(asks, ask);
        request.endpoint = &ask->hub;
    }
    ask->exchange = tg_provider_submit_request(asks->context, &request);
}

void tg_asks_cancel(struct tg_asks *asks, uint64_t call_id)
{
    for (struct ask **at = &asks->first; *at != NULL; at = &(*at)->next) {
        struct ask *ask = *at;
        if (ask->call->id == call_id) {
            *at = ask->next;
            asks->context->transport->ops->cancel(asks->context->transport, ask->exchange);
            free_ask(ask);
            return;
        }
    }
}

/* ---- what comes back ---- */

bool tg_asks_is_of_hub(const struct tg_asks *asks, uint64_t exchange)
{
    for (const struct ask *ask = asks->first; ask != NULL; ask = ask->next) {
        if (ask->exchange == exchange) {
            return tg_question_info(ask->call->question)->api == TG_API_COUNT;
        }
    }
    return false;
}

static void finish(struct tg_asks *asks, struct ask **at, const struct tg_err *err, int64_t now_us)
{
    struct ask *ask = *at;
    *at = ask->next;
    struct tg_msg *msg = tg_msg_new(TG_MSG_CALL_DONE, asks->context->config.index, now_us);
    msg->as.call.call_id = ask->call->id;
    msg->as.call.status = ask->status;
    msg->as.call.server_date_us = ask->server_date_us;
    msg->as.call.err = *err;
    if (err->code == TG_CODE_NONE) {
        (void)tg_question_read(ask->call->question, ask->status, tg_buf_text(&ask->body),
                               ask->body.len, &msg->as.call.facts, &msg->as.call.err);
    }
    tg_redact_in_place(msg->as.call.err.msg);
    free_ask(ask);
    tg_provider_emit(asks->context, msg);
}

bool tg_asks_event(struct tg_asks *asks, const struct tg_transport_event *event, int64_t now_us)
{
    struct ask **at = &asks->first;
    while (*at != NULL && (*at)->exchange != event->id) {
        at = &(*at)->next;
    }
    if (*at == NULL) {
        return false;
    }
    switch (event->kind) {
    case TG_TRANSPORT_HEADERS:
        (*at)->status = event->status;
        (*at)->server_date_us = event->server_date_us;
        break;
    case TG_TRANSPORT_DATA:
        tg_buf_append(&(*at)->body, event->data, event->len);
        break;
    case TG_TRANSPORT_DONE:
        finish(asks, at, &event->err, now_us);
        break;
    }
    return true;
}
