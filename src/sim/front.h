/* sim/front.h - one request in, one answer out: the seam between what the world serves and how
 * bytes travel.
 *
 * Both fronts (sim/httpd.h over HTTPS, sim/direct.h without a socket) build a struct sim_request,
 * call sim_front_handle() and send the struct sim_response, so that a test without sockets meets
 * the very same server.
 *
 * Thread: the world's.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_SIM_FRONT_H
#define TG_SIM_FRONT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "sim/world.h"

/* Ceilings: of a request's body (413 above), and of an answer's. */
#define SIM_REQUEST_BODY_MAX  (3u * 1024 * 1024)
#define SIM_UPLOAD_BODY_MAX   (256u * 1024 * 1024) /* what is uploaded to Cloud Storage */
#define SIM_RESPONSE_BODY_MAX (512u * 1024 * 1024)

/* Which server is meant: cluster index, or Google Cloud. */
#define SIM_SERVER_GCP      (-1)
#define SIM_SERVER_METADATA (-2) /* plain HTTP, as an instance's metadata server is */

/* Which refusal a fault has for a request; whoever handles it says so in their own words. */
enum sim_refusal { SIM_REFUSAL_NONE, SIM_REFUSAL_DENIED, SIM_REFUSAL_QUOTA };

struct sim_request {
    int server; /* 0.. cluster of that region, or SIM_SERVER_GCP */
    const char *method;
    const char *path;         /* decoded path without query */
    const char *query;        /* raw query, "" when none */
    const char *accept;       /* "" when absent */
    const char *content_type; /* "" when absent */
    const char *authorization;
    const char *user_agent;
    const char *impersonate_user;    /* Impersonate-User (kubectl --as); "" or NULL when absent */
    const char *impersonate_group;   /* Impersonate-Group, the first */
    const char *upgrade;             /* "websocket", "SPDY/3.1"; "" or NULL when absent */
    const char *websocket_key;       /* Sec-WebSocket-Key */
    const char *websocket_protocols; /* Sec-WebSocket-Protocol, comma-separated */
    const char *stream_protocols;    /* X-Stream-Protocol-Version, comma-separated */
    const char *metadata_flavor;     /* Metadata-Flavor; "" or NULL when absent */
    const char *quota_project;       /* X-Goog-User-Project; "" or NULL when absent */
    const char *range;               /* Range; "" or NULL when absent */
    const char *content_range;       /* Content-Range; "" or NULL when absent */
    const char *upload_type;         /* X-Upload-Content-Type; "" or NULL when absent */
    const char *body;
    size_t body_len;
    bool has_waited; /* asked again after the wait_us of its first answer */
    bool has_shaken; /* its connection was made by a handshake, at which faults of TLS had their
                        chance already */
    enum sim_refusal refusal; /* of a fault; set by the front */
};

/* A body that grows: watch, log follow. read() gives what there is now; nothing yet is 0 with
 * *is_end false. notify is called by the world when read() may have more (set by the front; may be
 * NULL). */
struct sim_stream {
    size_t (*read)(struct sim_stream *stream, char *out, size_t size, bool *is_end);
    void (*free)(struct sim_stream *stream);
    void (*notify)(void *context);
    void *notify_context;
    bool is_broken; /* set with the end: the connection breaks, the body is not whole */
};

/* A connection that left HTTP after status 101: bytes both ways, framed by whoever made it. */
struct sim_channel {
    /* Bytes from the peer. False: it said something that ends the connection. */
    bool (*feed)(struct sim_channel *channel, const char *bytes, size_t len);
    /* Bytes for the peer: as many as there are, up to size. *is_end: none will follow, close. */
    size_t (*read)(struct sim_channel *channel, char *out, size_t size, bool *is_end);
    void (*free)(struct sim_channel *channel);
    /* Called by the world when read() may have more (set by the front; may be NULL). */
    void (*notify)(void *context);
    void *notify_context;
};

#define SIM_HEADER_SIZE 64
#define SIM_HEADERS_MAX 4

struct sim_header {
    const char *name; /* static */
    char value[512];
};

/* What is wrong with a server's side of TLS. */
enum sim_tls {
    SIM_TLS_SOUND,
    SIM_TLS_UNKNOWN,
    SIM_TLS_EXPIRED,
    SIM_TLS_HOST,
    SIM_TLS_OLD,
    SIM_TLS_STALL
};
#define SIM_TLS_COUNT 6

/* How a connection goes on once its request is there. */
enum sim_connection {
    SIM_CONNECTION_OK,
    SIM_CONNECTION_REFUSED,  /* there is none; over sockets it is closed without a byte */
    SIM_CONNECTION_NO_NAME,  /* the host's name is not found; likewise */
    SIM_CONNECTION_NO_TRUST, /* there is no handshake; over sockets it is closed, and the next one
                                fails so */
    SIM_CONNECTION_RESET,    /* it is closed without an answer */
    SIM_CONNECTION_STALLED,  /* it stays open and nothing comes */
};

/* What faults do to an answer on its way (sim/fault_response.h); all zero: nothing. */
struct sim_damage {
    enum sim_connection connection;
    enum sim_tls tls;     /* with NO_TRUST: why */
    int64_t delay_us;     /* virtual time until the first byte */
    int64_t clock_us;     /* added to Date and to the world's time */
    size_t header_bytes;  /* of a header that nobody asked for */
    int64_t unpacked_len; /* above 0: the body is a gzip stream of so many bytes */
};

struct sim_response {
    int status;
    int64_t wait_us; /* above 0: the call waits; after so much virtual time the front asks again,
                        with has_waited, and sends that answer */
    char content_type[160];
    int retry_after_s;                          /* 0: header absent */
    struct sim_header headers[SIM_HEADERS_MAX]; /* more of them, by sim_response_add_header() */
    int header_count;
    struct tg_buf body;        /* whole body when stream is NULL */
    struct sim_stream *stream; /* owned by whoever sends the response */
    /* With status 101: what follows, and the headers that say so ("" when absent). */
    struct sim_channel *channel; /* owned by whoever sends the response */
    char upgrade[SIM_HEADER_SIZE];
    char websocket_accept[SIM_HEADER_SIZE];
    char websocket_protocol[SIM_HEADER_SIZE];
    char stream_protocol[SIM_HEADER_SIZE];
    struct sim_damage damage;
};

/* Answers one request; always fills *response (errors are Status objects). Every answer also
 * carries the headers Date (virtual wall time) and Tidegate-World, which the front adds by
 * sim_front_world_header(). */
void sim_front_handle(struct sim_world *world, const struct sim_request *request,
                      struct sim_response *response);

/* Sets the bearer token that requests to server must carry (copied); NULL or "" means that any
 * request may come. */
void sim_front_set_token(struct sim_world *world, int server, const char *token);

/* Another bearer token (copied) of a cluster, which stands for user ("viewer@example.com") with the
 * roles that are bound to them; the server's own token stands for the project's owner. */
void sim_front_add_user(struct sim_world *world, int server, const char *token, const char *user);
void sim_response_fini(struct sim_response *response);

/* Ceiling of the body of a request on this path. */
size_t sim_front_body_max(int server, const char *path);

/* The token that was set for server, NULL: none. Borrowed. */
const char *sim_front_token(struct sim_world *world, int server);

/* Adds a header to the answer; name must be static. At most SIM_HEADERS_MAX. */
void sim_response_add_header(struct sim_response *response, const char *name, const char *value);

/* "simulated; seed=7; speed=10; now_us=123456789" (virtual wall microseconds, off by clock_us;
 * speed 0 means as fast as asked). */
const char *sim_front_world_header(const struct sim_world *world, double speed, int64_t clock_us,
                                   char *out, size_t size);

#endif
