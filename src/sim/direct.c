/* sim/direct.c - transport over a world without sockets. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "sim/direct.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim/front.h"
#include "sim/query.h"
#include "sim/region.h"

#define DIRECT_MAGIC     0x44495245u
#define CHUNK            16384u
#define HEADER_BYTES_MAX 32768u /* what the program's own transport takes */

struct exchange {
    struct exchange *next;
    uint64_t id;
    struct tg_http_request request;
    bool is_started;
    bool is_over; /* done or cancelled: swept at the end of a poll */
    struct sim_response response;
    bool has_waited;  /* it is a call that waits, and has begun to */
    bool is_answered; /* the headers went out */
    bool is_hung_up;  /* the world's side of an upgraded connection wants no more of it */
    int64_t submitted_us;
    int64_t ready_us; /* when the answer is there; TG_TIME_NEVER: it never is */
    int64_t last_data_us;
    size_t body_len;
    bool has_news; /* the stream may have something to read */
};

struct direct {
    struct tg_transport transport; /* first */
    uint32_t magic;
    struct sim_world *world;
    struct exchange *first;
    bool is_polling;
};

static struct direct *direct_of(struct tg_transport *transport)
{
    struct direct *direct = (struct direct *)transport;
    TG_MAGIC_CHECK(direct, DIRECT_MAGIC);
    return direct;
}

static void exchange_free(struct exchange *exchange)
{
    sim_response_fini(&exchange->response);
    tg_http_request_fini(&exchange->request);
    free(exchange);
}

static void submit(struct tg_transport *transport, uint64_t id, struct tg_http_request *request)
{
    struct direct *direct = direct_of(transport);
    tg_assert(id != 0 && request->endpoint != NULL && request->path != NULL);
    struct exchange *exchange = TG_NEW(struct exchange);
    exchange->id = id;
    exchange->request = *request;
    *request = (struct tg_http_request){.endpoint = NULL};
    tg_buf_init(&exchange->response.body, CHUNK);
    struct exchange **at = &direct->first;
    while (*at != NULL) {
        tg_assert((*at)->id != id || (*at)->is_over);
        at = &(*at)->next;
    }
    *at = exchange;
}

static void send_bytes(struct tg_transport *transport, uint64_t id, const char *bytes, size_t len)
{
    struct direct *direct = direct_of(transport);
    for (struct exchange *exchange = direct->first; exchange; exchange = exchange->next) {
        struct sim_channel *channel = exchange->response.channel;
        if (exchange->id == id && !exchange->is_over && exchange->is_answered && channel != NULL) {
            exchange->is_hung_up = !channel->feed(channel, bytes, len) || exchange->is_hung_up;
        }
    }
}

static void sweep(struct direct *direct)
{
    struct exchange **at = &direct->first;
    while (*at != NULL) {
        struct exchange *exchange = *at;
        if (exchange->is_over) {
            *at = exchange->next;
            exchange_free(exchange);
        } else {
            at = &exchange->next;
        }
    }
}

static void cancel(struct tg_transport *transport, uint64_t id)
{
    struct direct *direct = direct_of(transport);
    for (struct exchange *exchange = direct->first; exchange; exchange = exchange->next) {
        if (exchange->id == id) {
            exchange->is_over = true;
        }
    }
    if (!direct->is_polling) {
        sweep(direct);
    }
}

/* ---- answers ---- */

static void emit(const struct tg_transport_sink *sink, struct exchange *exchange,
                 struct tg_transport_event *event)
{
    if (!exchange->is_over) {
        event->id = exchange->id;
        event->status = exchange->response.status;
        sink->event(sink->context, event);
    }
}

static void emit_done(const struct tg_transport_sink *sink, struct exchange *exchange,
                      const struct tg_err *err)
{
    struct tg_transport_event event = {.kind = TG_TRANSPORT_DONE, .content_type = "", .world = ""};
    if (err != NULL) {
        event.err = *err;
    }
    emit(sink, exchange, &event);
    exchange->is_over = true;
}

static void emit_data(const struct tg_transport_sink *sink, struct exchange *exchange,
                      const char *data, size_t len)
{
    struct tg_transport_event event = {
        .kind = TG_TRANSPORT_DATA, .content_type = "", .world = "", .data = data, .len = len};
    emit(sink, exchange, &event);
}

static void emit_headers(const struct direct *direct, const struct tg_transport_sink *sink,
                         struct exchange *exchange)
{
    char world[128];
    int64_t clock_us = exchange->response.damage.clock_us;
    int64_t wall_us = sim_world_wall_us(direct->world) + clock_us;
    struct tg_transport_event event = {
        .kind = TG_TRANSPORT_HEADERS,
        .content_type = exchange->response.content_type,
        .retry_after_us = exchange->response.retry_after_s * TG_US_PER_S,
        .server_date_us = wall_us / TG_US_PER_S * TG_US_PER_S,
        .world = sim_front_world_header(direct->world, 1, clock_us, world, sizeof world),
        .websocket_accept = exchange->response.websocket_accept,
        .websocket_protocol = exchange->response.websocket_protocol,
    };
    emit(sink, exchange, &event);
}

/* Splits "sim://0/prefix": false when it names no server of this world. */
static bool read_server(const struct direct *direct, const char *url, int *server,
                        const char **prefix)
{
    static const char scheme[] = "sim://";
    if (url == NULL || !tg_str_has_prefix(url, scheme)) {
        return false;
    }
    url += strlen(scheme);
    size_t len = strcspn(url, "/");
    char name[24];
    snprintf(name, sizeof name, "%.*s", (int)(len < sizeof name ? len : sizeof name - 1), url);
    *prefix = url + len;
    if (tg_str_eq(name, "gcp")) {
        *server = SIM_SERVER_GCP;
        return true;
    }
    int64_t index;
    if (!tg_str_to_int64(name, 0, sim_world_region_count(direct->world) - 1, &index)) {
        return false;
    }
    *server = (int)index;
    return true;
}

/* Asks the server, for the first time or after the call's wait, and notes when that is to be told.
 */
static void handle(struct direct *direct, struct exchange *exchange, int server, const char *prefix)
{
    const struct tg_http_request *request = &exchange->request;
    const struct tg_secret *token = request->endpoint->bearer_token;
    char *whole = tg_asprintf("%s%s", prefix, request->path);
    size_t path_len = strcspn(whole, "?");
    char *path = sim_query_decode(whole, path_len, false);
    char *authorization =
        token == NULL ? tg_strdup("") : tg_asprintf("Bearer %s", tg_secret_peek(token));
    struct sim_request asked = {
        .server = server,
        .method = request->method,
        .path = path,
        .query = whole[path_len] == '?' ? whole + path_len + 1 : "",
        .accept = request->accept == NULL ? "application/json" : request->accept,
        .content_type = request->content_type == NULL ? "" : request->content_type,
        .authorization = authorization,
        .user_agent = "tidegate",
        .upgrade = request->websocket_key == NULL ? "" : "websocket",
        .websocket_key = request->websocket_key == NULL ? "" : request->websocket_key,
        .websocket_protocols =
            request->websocket_protocols == NULL ? "" : request->websocket_protocols,
        .body = request->body == NULL ? "" : request->body,
        .body_len = request->body == NULL ? 0 : request->body_len,
        .has_waited = exchange->has_waited,
    };
    sim_response_fini(&exchange->response);
    sim_front_handle(direct->world, &asked, &exchange->response);
    const struct sim_response *response = &exchange->response;
    bool is_stalled = response->damage.connection == SIM_CONNECTION_STALLED ||
                      (response->damage.connection == SIM_CONNECTION_NO_TRUST &&
                       response->damage.tls == SIM_TLS_STALL);
    int64_t wait_us = response->wait_us > 0 ? response->wait_us : response->damage.delay_us;
    exchange->ready_us = is_stalled ? TG_TIME_NEVER : sim_world_now_us(direct->world) + wait_us;
    free(authorization);
    free(path);
    free(whole);
}

/* The call has waited: what came of it. */
static void ask_again(struct direct *direct, struct exchange *exchange)
{
    int server = 0;
    const char *prefix = "";
    bool is_known = read_server(direct, exchange->request.endpoint->base_url, &server, &prefix);
    tg_assert(is_known);
    exchange->has_waited = true;
    handle(direct, exchange, server, prefix);
}

/* Where the request would have gone, as a client names it. */
static const char *host_of(const struct direct *direct, const struct exchange *exchange)
{
    int server = 0;
    const char *prefix = "";
    read_server(direct, exchange->request.endpoint->base_url, &server, &prefix);
    return server == SIM_SERVER_GCP ? "googleapis.com"
                                    : sim_world_region(direct->world, server)->cluster;
}

/* What libcurl says of a handshake that fails, and by which number. */
static void say_tls(enum sim_tls tls, const char *host, struct tg_err *err)
{
    switch (tls) {
    case SIM_TLS_SOUND:
    case SIM_TLS_UNKNOWN:
        tg_err_set(err, TG_CODE_TLS, 60,
                   "SSL certificate problem: unable to get local issuer certificate");
        break;
    case SIM_TLS_EXPIRED:
        tg_err_set(err, TG_CODE_TLS, 60, "SSL certificate problem: certificate has expired");
        break;
    case SIM_TLS_HOST:
        tg_err_set(err, TG_CODE_TLS, 60,
                   "SSL: no alternative certificate subject name matches target host name '%s'",
                   host);
        break;
    case SIM_TLS_STALL: /* nothing is ever said: the client's own deadline ends it */
        break;
    case SIM_TLS_OLD:
        tg_err_set(err, TG_CODE_TLS, 35,
                   "OpenSSL/3: error:0A00042E:SSL routines::tlsv1 alert protocol version");
        break;
    }
}

/* What the client's own library makes of an answer that faults had in hand; false: nothing. */
static bool is_broken(const struct direct *direct, const struct exchange *exchange,
                      struct tg_err *err)
{
    const struct sim_damage *damage = &exchange->response.damage;
    const char *host = host_of(direct, exchange);
    switch (damage->connection) {
    case SIM_CONNECTION_OK:
    case SIM_CONNECTION_STALLED:
        break;
    case SIM_CONNECTION_REFUSED:
        tg_err_set(err, TG_CODE_CONNECT, 7,
                   "Failed to connect to %s port 443: Couldn't connect to server", host);
        break;
    case SIM_CONNECTION_NO_NAME:
        tg_err_set(err, TG_CODE_DNS, 6, "Could not resolve host: %s", host);
        break;
    case SIM_CONNECTION_NO_TRUST:
        say_tls(damage->tls, host, err);
        break;
    case SIM_CONNECTION_RESET:
        tg_err_set(err, TG_CODE_BROKEN, 56, "Recv failure: Connection reset by peer");
        break;
    }
    if (err->code == TG_CODE_NONE && damage->header_bytes > HEADER_BYTES_MAX) {
        tg_err_set(err, TG_CODE_LIMIT, 0, "the answer's header is too large");
    }
    return err->code != TG_CODE_NONE;
}

static void on_news(void *context)
{
    struct exchange *exchange = context;
    exchange->has_news = true;
}

/* From now on the stream says itself when there is something to read, as over a socket. */
static void await_news(struct exchange *exchange)
{
    exchange->response.stream->notify = on_news;
    exchange->response.stream->notify_context = exchange;
    exchange->has_news = true;
}

/* The answer is there: headers go out, and the body when it is whole already. */
static void answer(struct direct *direct, struct exchange *exchange,
                   const struct tg_transport_sink *sink)
{
    struct tg_err err = TG_ERR_INIT;
    if (is_broken(direct, exchange, &err)) {
        exchange->response.status = 0; /* nobody saw it */
        emit_done(sink, exchange, &err);
        return;
    }
    exchange->is_answered = true;
    exchange->last_data_us = sim_world_now_us(direct->world);
    emit_headers(direct, sink, exchange);
    if (exchange->response.stream != NULL) {
        await_news(exchange);
    }
    if (exchange->response.stream != NULL || exchange->response.channel != NULL ||
        exchange->is_over) {
        return;
    }
    const struct tg_buf *body = &exchange->response.body;
    size_t unpacked_len = (size_t)exchange->response.damage.unpacked_len;
    size_t len = unpacked_len > 0 ? unpacked_len : body->len;
    if (len > exchange->request.body_len_max) {
        tg_err_set(&err, TG_CODE_LIMIT, 0, "the answer has %zu bytes, more than %zu", len,
                   exchange->request.body_len_max);
        emit_done(sink, exchange, &err);
        return;
    }
    if (body->len > 0) {
        emit_data(sink, exchange, body->data, body->len);
    }
    emit_done(sink, exchange, NULL);
}

static void start(struct direct *direct, struct exchange *exchange,
                  const struct tg_transport_sink *sink)
{
    struct tg_err err = TG_ERR_INIT;
    int server = 0;
    const char *prefix = "";
    exchange->is_started = true;
    exchange->submitted_us = sim_world_now_us(direct->world);
    exchange->last_data_us = exchange->submitted_us;
    if (exchange->request.body_len_max == 0) {
        tg_err_set(&err, TG_CODE_LIMIT, 0, "a request without a ceiling for its answer is refused");
        emit_done(sink, exchange, &err);
        return;
    }
    if (!read_server(direct, exchange->request.endpoint->base_url, &server, &prefix)) {
        const char *base = exchange->request.endpoint->base_url;
        tg_err_set(&err, TG_CODE_CONNECT, 0, "%s: no such simulated server",
                   base != NULL ? base : exchange->request.path);
        emit_done(sink, exchange, &err);
        return;
    }
    handle(direct, exchange, server, prefix);
    if (exchange->ready_us <= sim_world_now_us(direct->world)) {
        answer(direct, exchange, sink);
    }
}

/* The deadlines of the request, in virtual time. */
static void end_if_late(struct direct *direct, struct exchange *exchange,
                        const struct tg_transport_sink *sink)
{
    const struct tg_http_request *request = &exchange->request;
    int64_t waited_us = sim_world_now_us(direct->world) - exchange->submitted_us;
    bool is_whole_late = request->deadline_us > 0 && waited_us >= request->deadline_us;
    bool is_header_late = !exchange->is_answered && request->header_deadline_us > 0 &&
                          waited_us >= request->header_deadline_us;
    if (!is_whole_late && !is_header_late) {
        return;
    }
    struct tg_err err = TG_ERR_INIT;
    tg_err_set(&err, TG_CODE_TIMEOUT, 0, "no answer within %lld s",
               (long long)(waited_us / TG_US_PER_S));
    if (!exchange->is_answered) {
        exchange->response.status = 0;
    }
    emit_done(sink, exchange, &err);
}

static void deliver(struct direct *direct, struct exchange *exchange,
                    const struct tg_transport_sink *sink, char *chunk)
{
    struct sim_stream *stream = exchange->response.stream;
    int64_t now_us = sim_world_now_us(direct->world);
    bool is_end = false;
    bool has_news = exchange->has_news;
    exchange->has_news = false;
    while (has_news && !exchange->is_over && !is_end) {
        size_t len = stream->read(stream, chunk, CHUNK, &is_end);
        if (len > 0) {
            exchange->last_data_us = now_us;
            exchange->body_len += len;
            emit_data(sink, exchange, chunk, len);
        } else if (!is_end) {
            break;
        }
    }
    int64_t idle_us = exchange->request.idle_deadline_us;
    if (is_end && stream->is_broken) {
        struct tg_err err = TG_ERR_INIT;
        tg_err_set(&err, TG_CODE_BROKEN, 0, "the connection broke after %zu bytes",
                   exchange->body_len);
        emit_done(sink, exchange, &err);
    } else if (is_end) {
        emit_done(sink, exchange, NULL);
    } else if (idle_us > 0 && now_us - exchange->last_data_us >= idle_us) {
        struct tg_err err = TG_ERR_INIT;
        tg_err_set(&err, TG_CODE_TIMEOUT, 0, "the stream was silent for too long");
        emit_done(sink, exchange, &err);
    }
}

/* What an upgraded connection has to say; its ceiling is of all that is said. */
static void deliver_channel(struct exchange *exchange, const struct tg_transport_sink *sink,
                            char *chunk)
{
    struct sim_channel *channel = exchange->response.channel;
    bool is_end = false;
    while (!exchange->is_over && !is_end) {
        size_t len = channel->read(channel, chunk, CHUNK, &is_end);
        exchange->body_len += len;
        if (exchange->body_len > exchange->request.body_len_max) {
            struct tg_err err = TG_ERR_INIT;
            tg_err_set(&err, TG_CODE_LIMIT, 0, "an answer of more than %zu bytes",
                       exchange->request.body_len_max);
            emit_done(sink, exchange, &err);
        } else if (len > 0) {
            emit_data(sink, exchange, chunk, len);
        } else {
            break;
        }
    }
    if (is_end || exchange->is_hung_up) {
        emit_done(sink, exchange, NULL);
    }
}

static void poll_once(struct tg_transport *transport, int64_t timeout_us,
                      const struct tg_transport_sink *sink)
{
    (void)timeout_us; /* nothing to wait for: time stands still here */
    struct direct *direct = direct_of(transport);
    tg_assert(!direct->is_polling);
    direct->is_polling = true;
    char *chunk = tg_malloc(CHUNK);
    /* what a sink submits meanwhile waits for the next poll, so that a retry cannot keep this one
     * from ending */
    struct exchange *last = direct->first;
    while (last != NULL && last->next != NULL) {
        last = last->next;
    }
    for (struct exchange *exchange = direct->first; exchange; exchange = exchange->next) {
        if (!exchange->is_over && !exchange->is_started) {
            start(direct, exchange, sink);
        }
        if (exchange == last) {
            break;
        }
    }
    for (struct exchange *exchange = direct->first; exchange; exchange = exchange->next) {
        if (exchange->is_over || !exchange->is_started) {
            continue;
        }
        if (exchange->response.wait_us > 0 &&
            sim_world_now_us(direct->world) >= exchange->ready_us) {
            ask_again(direct, exchange);
        }
        if (!exchange->is_answered && sim_world_now_us(direct->world) >= exchange->ready_us) {
            answer(direct, exchange, sink);
        }
        if (!exchange->is_over && exchange->is_answered && exchange->response.stream != NULL) {
            deliver(direct, exchange, sink, chunk);
        }
        if (!exchange->is_over && exchange->is_answered && exchange->response.channel != NULL) {
            deliver_channel(exchange, sink, chunk);
        }
        if (!exchange->is_over) {
            end_if_late(direct, exchange, sink);
        }
    }
    free(chunk);
    direct->is_polling = false;
    sweep(direct);
}

static void wake(struct tg_transport *transport)
{
    (void)transport; /* poll() never waits */
}

static void direct_free(struct tg_transport *transport)
{
    struct direct *direct = direct_of(transport);
    while (direct->first != NULL) {
        struct exchange *exchange = direct->first;
        direct->first = exchange->next;
        exchange_free(exchange);
    }
    direct->magic = 0;
    free(direct);
}

struct tg_transport *sim_direct_new(struct sim_world *world)
{
    static const struct tg_transport_ops ops = {
        .submit = submit,
        .cancel = cancel,
        .send = send_bytes,
        .poll = poll_once,
        .wake = wake,
        .free = direct_free,
    };
    struct direct *direct = TG_NEW(struct direct);
    direct->transport.ops = &ops;
    direct->magic = DIRECT_MAGIC;
    direct->world = world;
    return &direct->transport;
}
