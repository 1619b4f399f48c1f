/* provider/exec.c - exec by WebSocket, one machine for each command. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "provider/exec.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/utf8.h"
#include "codec/k8s.h"
#include "codec/k8s_exec.h"
#include "net/url.h"
#include "net/websocket.h"

#define PROTOCOLS         "v5.channel.k8s.io, v4.channel.k8s.io"
#define PATH_LEN_MAX      4096
#define OUTPUT_BYTES_MAX  ((size_t)64 * 1024) /* of each channel */
#define SESSION_BYTES_MAX ((size_t)256 * 1024)
#define MESSAGE_BYTES_MAX ((size_t)64 * 1024)
#define REFUSAL_BYTES_MAX ((size_t)64 * 1024)

/* Channels: the first byte of every message. */
enum channel { CHANNEL_OUTPUT = 1, CHANNEL_ERRORS = 2, CHANNEL_STATUS = 3 };

struct session {
    struct session *next;
    struct tg_call *call;
    uint64_t exchange;
    int http_status;
    char key[TG_WEBSOCKET_KEY_SIZE];
    struct tg_websocket *websocket; /* NULL until the server agreed */
    struct tg_buf refusal;          /* the body of another answer */
    struct tg_buf output;
    struct tg_buf errors;
    struct tg_buf status;
    struct tg_err err; /* the first that went wrong */
    bool is_told;      /* the answer went out; what remains is the closing */
};

struct tg_execs {
    struct tg_provider_context *context;
    struct session *first;
};

struct tg_execs *tg_execs_new(struct tg_provider_context *context)
{
    struct tg_execs *execs = TG_NEW(struct tg_execs);
    execs->context = context;
    return execs;
}

static void free_session(struct session *session)
{
    tg_call_free(session->call);
    tg_websocket_free(session->websocket);
    tg_buf_fini(&session->refusal);
    tg_buf_fini(&session->output);
    tg_buf_fini(&session->errors);
    tg_buf_fini(&session->status);
    free(session);
}

void tg_execs_free(struct tg_execs *execs)
{
    while (execs != NULL && execs->first != NULL) {
        struct session *session = execs->first;
        execs->first = session->next;
        free_session(session);
    }
    free(execs);
}

static char *exec_path(const struct tg_call *call)
{
    struct tg_buf path;
    tg_buf_init(&path, PATH_LEN_MAX);
    tg_buf_puts(&path, "/api/v1/namespaces");
    tg_url_append_segment(&path, call->ns);
    tg_buf_puts(&path, "/pods");
    tg_url_append_segment(&path, call->name);
    tg_buf_puts(&path, "/exec");
    tg_url_append_query(&path, "command", "ls");
    tg_url_append_query(&path, "command", "/sys/class/net");
    tg_url_append_query(&path, "container", call->container);
    tg_url_append_query(&path, "stdout", "true");
    tg_url_append_query(&path, "stderr", "true");
    return tg_buf_take(&path, NULL);
}

static struct tg_msg *interfaces_message(const struct tg_execs *execs,
                                         const struct session *session, int64_t now_us)
{
    struct tg_msg *msg = tg_msg_new(TG_MSG_INTERFACES, execs->context->config.index, now_us);
    msg->as.interfaces.ns = tg_strdup(session->call->ns);
    msg->as.interfaces.pod = tg_strdup(session->call->name);
    return msg;
}

void tg_execs_start(struct tg_execs *execs, struct tg_call *call, int64_t now_us)
{
    struct session *session = TG_NEW(struct session);
    session->call = call;
    tg_buf_init(&session->refusal, REFUSAL_BYTES_MAX);
    tg_buf_init(&session->output, OUTPUT_BYTES_MAX);
    tg_buf_init(&session->errors, OUTPUT_BYTES_MAX);
    tg_buf_init(&session->status, OUTPUT_BYTES_MAX);
    tg_websocket_key(&execs->context->rng, session->key);
    session->next = execs->first;
    execs->first = session;
    struct tg_http_request request = {
        .method = "GET",
        .path = exec_path(call),
        .websocket_key = tg_strdup(session->key),
        .websocket_protocols = PROTOCOLS,
        .body_len_max = SESSION_BYTES_MAX,
    };
    session->exchange = tg_provider_submit_request(execs->context, &request);
    struct tg_msg *msg = interfaces_message(execs, session, now_us);
    msg->as.interfaces.is_asked = true;
    tg_provider_emit(execs->context, msg);
}

void tg_execs_cancel(struct tg_execs *execs, uint64_t call_id)
{
    for (struct session **at = &execs->first; *at != NULL; at = &(*at)->next) {
        if ((*at)->call->id == call_id) {
            struct session *session = *at;
            *at = session->next;
            execs->context->transport->ops->cancel(execs->context->transport, session->exchange);
            free_session(session);
            return;
        }
    }
}

/* ---- what the server says ---- */

static void take_message(void *context, const char *bytes, size_t len)
{
    struct session *session = context;
    struct tg_buf *to = NULL;
    switch (len > 0 ? bytes[0] : 0) {
    case CHANNEL_OUTPUT:
        to = &session->output;
        break;
    case CHANNEL_ERRORS:
        to = &session->errors;
        break;
    case CHANNEL_STATUS:
        to = &session->status;
        break;
    default:
        return;
    }
    if (!tg_buf_append(to, bytes + 1, len - 1)) {
        tg_err_set(&session->err, TG_CODE_LIMIT, 0, "the command prints more than %zu bytes",
                   OUTPUT_BYTES_MAX);
    }
}

/* Puts what a failed command complained about into err, clean. */
static void tell_failure(const struct session *session, int exit_code, struct tg_err *err)
{
    char line[160];
    const char *text = tg_buf_text(&session->errors);
    size_t len = strcspn(text, "\r\n");
    (void)tg_utf8_sanitize_into(line, sizeof(line), text, len);
    tg_err_set(err, exit_code == 127 ? TG_CODE_NOT_FOUND : TG_CODE_STATE, exit_code,
               "the command ended with %d: %s", exit_code, line);
}

static void read_result(struct session *session, struct tg_interface_list *list, struct tg_err *err)
{
    int exit_code = 0;
    *err = session->err;
    if (err->code != TG_CODE_NONE ||
        !tg_k8s_decode_exit(tg_buf_text(&session->status), session->status.len, &exit_code, err)) {
        return;
    }
    if (exit_code != 0) {
        tell_failure(session, exit_code, err);
        return;
    }
    (void)tg_k8s_decode_interfaces(tg_buf_text(&session->output), session->output.len, list, err);
}

static void tell(struct tg_execs *execs, struct session *session, int64_t now_us)
{
    if (session->is_told) {
        return;
    }
    session->is_told = true;
    struct tg_msg *msg = interfaces_message(execs, session, now_us);
    struct tg_msg *done = tg_msg_new(TG_MSG_CALL_DONE, execs->context->config.index, now_us);
    read_result(session, &msg->as.interfaces.list, &msg->as.interfaces.err);
    done->resource = TG_KIND_POD;
    done->as.call.call_id = session->call->id;
    done->as.call.status = session->http_status;
    done->as.call.err = msg->as.interfaces.err;
    tg_provider_emit(execs->context, msg);
    tg_provider_emit(execs->context, done);
}

static void flush(struct tg_execs *execs, struct session *session)
{
    struct tg_transport *transport = execs->context->transport;
    struct tg_buf *output = tg_websocket_output(session->websocket);
    if (output->len > 0) {
        transport->ops->send(transport, session->exchange, output->data, output->len);
        tg_buf_reset(output);
    }
}

/* The server left HTTP as it was asked to, and to one of the protocols that we speak. */
static void open_websocket(struct tg_execs *execs, struct session *session,
                           const struct tg_transport_event *event)
{
    const char *accept = event->websocket_accept != NULL ? event->websocket_accept : "";
    const char *protocol = event->websocket_protocol != NULL ? event->websocket_protocol : "";
    if (!tg_websocket_is_accepted(session->key, accept)) {
        tg_err_set(&session->err, TG_CODE_PROTOCOL, 0, "the server's WebSocket is not ours");
    } else if (!tg_str_eq(protocol, "v5.channel.k8s.io") &&
               !tg_str_eq(protocol, "v4.channel.k8s.io")) {
        tg_err_set(&session->err, TG_CODE_PROTOCOL, 0, "the server speaks '%.60s' instead of %s",
                   protocol, PROTOCOLS);
    } else {
        session->websocket =
            tg_websocket_new(&execs->context->rng, MESSAGE_BYTES_MAX, take_message, session);
    }
}

static void take_data(struct tg_execs *execs, struct session *session,
                      const struct tg_transport_event *event, int64_t now_us)
{
    if (session->http_status != 101) {
        (void)tg_buf_append(&session->refusal, event->data, event->len);
        return;
    }
    if (session->websocket == NULL || session->is_told) {
        return;
    }
    bool is_good = tg_websocket_feed(session->websocket, event->data, event->len, &session->err);
    if (!is_good || session->err.code != TG_CODE_NONE || session->status.len > 0) {
        tell(execs, session, now_us);
        tg_websocket_close(session->websocket);
    }
    flush(execs, session);
}

static void take_end(struct session *session, const struct tg_err *err)
{
    if (session->err.code != TG_CODE_NONE || session->is_told) {
        return;
    }
    if (err->code != TG_CODE_NONE) {
        session->err = *err;
    } else if (session->http_status != 101) {
        tg_k8s_decode_status(session->http_status, tg_buf_text(&session->refusal),
                             session->refusal.len, &session->err);
        if (session->err.code == TG_CODE_NONE) {
            tg_err_set(&session->err, TG_CODE_PROTOCOL, session->http_status,
                       "the server did not open a WebSocket");
        }
    } else if (session->status.len == 0) {
        tg_err_set(&session->err, TG_CODE_BROKEN, 0, "the connection ended before the command did");
    }
}

bool tg_execs_event(struct tg_execs *execs, const struct tg_transport_event *event, int64_t now_us)
{
    struct session **at = &execs->first;
    while (*at != NULL && (*at)->exchange != event->id) {
        at = &(*at)->next;
    }
    struct session *session = *at;
    if (session == NULL) {
        return false;
    }
    switch (event->kind) {
    case TG_TRANSPORT_HEADERS:
        session->http_status = event->status;
        if (event->status == 101) {
            open_websocket(execs, session, event);
        }
        break;
    case TG_TRANSPORT_DATA:
        take_data(execs, session, event, now_us);
        break;
    case TG_TRANSPORT_DONE:
        *at = session->next;
        take_end(session, &event->err);
        tell(execs, session, now_us);
        free_session(session);
        break;
    }
    return true;
}
