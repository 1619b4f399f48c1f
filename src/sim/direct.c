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
    bool is_answered; /* the headers went out */
    int64_t submitted_us;
    int64_t ready_us; /* when the answer is there; TG_TIME_NEVER: it never is */
    int64_t last_data_us;
    size_t body_len;
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
        .body = request->body == NULL ? "" : request->body,
        .body_len = request->body == NULL ? 0 : request->body_len,
    };
    tg_buf_fini(&exchange->response.body);
    sim_front_handle(direct->world, &asked, &exchange->response);
    free(authorization);
    free(path);
    free(whole);
}

/* What the client's own library makes of an answer that faults had in hand. */
static enum tg_code broken_as(const struct exchange *exchange)
{
    const struct sim_damage *damage = &exchange->response.damage;
    switch (damage->connection) {
    case SIM_CONNECTION_OK:
    case SIM_CONNECTION_STALLED:
        break;
    case SIM_CONNECTION_REFUSED:
        return TG_CODE_CONNECT;
    case SIM_CONNECTION_NO_NAME:
        return TG_CODE_DNS;
    case SIM_CONNECTION_NO_TRUST:
        return TG_CODE_TLS;
    case SIM_CONNECTION_RESET:
        return TG_CODE_BROKEN;
    }
    return damage->header_bytes > HEADER_BYTES_MAX ? TG_CODE_LIMIT : TG_CODE_NONE;
}

/* The answer is there: headers go out, and the body when it is whole already. */
static void answer(struct direct *direct, struct exchange *exchange,
                   const struct tg_transport_sink *sink)
{
    struct tg_err err = TG_ERR_INIT;
    enum tg_code code = broken_as(exchange);
    if (code != TG_CODE_NONE) {
        exchange->response.status = 0; /* nobody saw it */
        tg_err_set(&err, code, 0, "a fault of the simulated world");
        emit_done(sink, exchange, &err);
        return;
    }
    exchange->is_answered = true;
    exchange->last_data_us = sim_world_now_us(direct->world);
    emit_headers(direct, sink, exchange);
    if (exchange->response.stream != NULL || exchange->is_over) {
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
    const struct sim_damage *damage = &exchange->response.damage;
    bool is_stalled = damage->connection == SIM_CONNECTION_STALLED;
    exchange->ready_us =
        is_stalled ? TG_TIME_NEVER : sim_world_now_us(direct->world) + damage->delay_us;
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
    while (!exchange->is_over && !is_end) {
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
        if (!exchange->is_answered && sim_world_now_us(direct->world) >= exchange->ready_us) {
            answer(direct, exchange, sink);
        }
        if (!exchange->is_over && exchange->is_answered && exchange->response.stream != NULL) {
            deliver(direct, exchange, sink, chunk);
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
