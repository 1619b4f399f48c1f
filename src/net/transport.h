/* net/transport.h - the one way an HTTP exchange happens: libcurl in production, the simulator's
 * direct front in tests.
 *
 * submit() starts an exchange under an id the caller chose; poll() waits and hands events to the
 * sink, on the caller's thread. Exactly one DONE event ends each exchange, also a cancelled one's
 * silence excepted: after cancel() no further event with that id is delivered. Order for one id:
 * HEADERS, DATA*, DONE; DONE alone on early failure. A request that is not a stream gets its whole
 * body in the DATA events before DONE as well.
 *
 * Thread: one transport belongs to one thread; wake() alone may be called from any.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_NET_TRANSPORT_H
#define TG_NET_TRANSPORT_H

#include <stdint.h>

#include "base/err.h"
#include "net/http.h"

enum tg_transport_event_kind {
    TG_TRANSPORT_HEADERS, /* status line and header fields are in */
    TG_TRANSPORT_DATA,    /* bytes of the body */
    TG_TRANSPORT_DONE,    /* the end; err.code is NONE when the exchange was whole (whatever its
                             status) */
};

struct tg_transport_event {
    enum tg_transport_event_kind kind;
    uint64_t id;
    int status;               /* HTTP status; 0 before HEADERS */
    const char *content_type; /* HEADERS; "" when absent; borrowed during the call */
    int64_t retry_after_us;   /* HEADERS; 0 when absent */
    int64_t server_date_us;   /* HEADERS; Date as wall time, 0 when absent (1 s grain) */
    const char *world; /* HEADERS; value of Tidegate-World (see sim/README.md), "" when absent */
    int64_t round_trip_us;          /* HEADERS; submit to status line */
    const char *websocket_accept;   /* HEADERS of a WebSocket; may be NULL or "" otherwise */
    const char *websocket_protocol; /* HEADERS of a WebSocket: the one the server chose; likewise */
    const char *data;               /* DATA; borrowed during the call */
    size_t len;
    struct tg_err err; /* DONE */
};

struct tg_transport_sink {
    void (*event)(void *context, const struct tg_transport_event *event);
    void *context;
};

struct tg_transport;

struct tg_transport_ops {
    /* Takes the request's contents (fields become empty). id is unique among those under way, never
     * 0. */
    void (*submit)(struct tg_transport *transport, uint64_t id, struct tg_http_request *request);
    void (*cancel)(struct tg_transport *transport, uint64_t id);

    /* Bytes (copied) for the peer of a WebSocket, after its HEADERS with status 101; nothing
     * happens when the exchange is over. Its DATA are the peer's bytes. */
    void (*send)(struct tg_transport *transport, uint64_t id, const char *bytes, size_t len);

    /* Delivers what is ready, waiting for at most timeout_us (0: not at all). */
    void (*poll)(struct tg_transport *transport, int64_t timeout_us,
                 const struct tg_transport_sink *sink);

    /* Ends a poll() early, from any thread. */
    void (*wake)(struct tg_transport *transport);
    void (*free)(struct tg_transport *transport);
};

/* Implementations embed this first. */
struct tg_transport {
    const struct tg_transport_ops *ops;
};

#endif
