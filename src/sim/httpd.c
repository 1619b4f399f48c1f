/* sim/httpd.c - HTTPS front by libmicrohttpd. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "sim/httpd.h"

#include <microhttpd.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/clock.h"
#include "base/fmt.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim/fault.h"
#include "sim/fault_response.h"
#include "sim/front.h"
#include "sim/listener.h"
#include "sim/query.h"
#include "sim/tunnel.h"

#define STREAM_BLOCK         16384u
#define POLL_MS_MAX          1000
#define CONNECTION_BYTES_MAX ((size_t)160 * 1024) /* a faulty header of 64 KiB has room */
#define PRIORITIES           "NORMAL"
#define PRIORITIES_OLD       "NORMAL:-VERS-ALL:+VERS-TLS1.0:%COMPAT"

/* One daemon of libmicrohttpd, which is given its connections. */
struct face {
    struct MHD_Daemon *daemon; /* NULL: none yet */
    int fd;                    /* its epoll descriptor: readable when it has work */
};

/* One listening port. */
struct port {
    struct sim_httpd *httpd;
    /* By what is wrong with TLS; the sound one is always there, the others from their first
     * connection on. */
    struct face faces[SIM_TLS_COUNT];
    struct sim_mute mute;
    enum sim_tls owed; /* the next handshake goes wrong so, whatever faults say then */
    int server;
    int number;
    int listener;
    short revents;
};

struct tunnel;

struct sim_httpd {
    struct sim_world *world;
    const struct sim_certificates *certificates; /* borrowed */
    double speed;
    bool is_closing;
    struct port *ports; /* 0: Google Cloud, 1 + i: cluster i, the last: the metadata server */
    size_t port_count;
    struct pollfd *polled; /* wake_fd, listeners, daemons, suspended streams, then tunnels */
    size_t polled_cap;
    struct stream *streams;
    struct tunnel *tunnels;
    struct incoming *held; /* requests whose answer is late */
};

/* One request while its body comes in. */
struct incoming {
    char *target; /* path and query as sent */
    struct tg_buf body;
    bool is_seen;
    bool is_too_large;
    bool is_held;    /* its answer is there and waits */
    bool has_waited; /* it is a call that waits, and did: asked again */
    struct sim_response response;
    int64_t ready_us;      /* virtual time; TG_TIME_NEVER: it never goes out */
    struct incoming *next; /* in the list of those held */
    struct incoming **link;
    struct sim_httpd *httpd;
    struct MHD_Connection *connection;
    int fd;
    bool is_gone; /* the peer hung up meanwhile */
};

/* One open stream; suspended while it has nothing to say. */
struct stream {
    struct stream *next;
    struct sim_httpd *httpd;
    struct MHD_Connection *connection;
    struct sim_stream *source;
    int fd;
    bool is_suspended;
    bool is_gone; /* the peer hung up while the stream was suspended */
};

/* One connection that left HTTP. libmicrohttpd carries its bytes through TLS and a pair of sockets.
 */
struct tunnel {
    struct tunnel *next;
    struct sim_httpd *httpd;
    struct MHD_UpgradeResponseHandle *handle; /* NULL until the 101 is out */
    struct sim_tunnel ends;
    short revents;
};

/* ---- streams ---- */

static void resume(struct stream *stream)
{
    if (stream->is_suspended) {
        stream->is_suspended = false;
        MHD_resume_connection(stream->connection);
    }
}

static void on_notify(void *context)
{
    resume(context);
}

static ssize_t stream_read(void *context, uint64_t position, char *out, size_t size)
{
    (void)position;
    struct stream *stream = context;
    bool is_end = false;
    if (stream->is_gone) {
        return MHD_CONTENT_READER_END_WITH_ERROR;
    }
    if (stream->httpd->is_closing) {
        return MHD_CONTENT_READER_END_OF_STREAM;
    }
    size_t len = stream->source->read(stream->source, out, size, &is_end);
    if (len > 0) {
        return (ssize_t)len;
    }
    if (is_end) {
        return stream->source->is_broken ? MHD_CONTENT_READER_END_WITH_ERROR
                                         : MHD_CONTENT_READER_END_OF_STREAM;
    }
    stream->is_suspended = true;
    MHD_suspend_connection(stream->connection);
    return 0;
}

static void stream_free(void *context)
{
    struct stream *stream = context;
    struct stream **at = &stream->httpd->streams;
    while (*at != stream) {
        at = &(*at)->next;
    }
    *at = stream->next;
    stream->source->free(stream->source);
    free(stream);
}

static struct MHD_Response *stream_response(struct sim_httpd *httpd,
                                            struct MHD_Connection *connection,
                                            struct sim_response *response)
{
    struct stream *stream = TG_NEW(struct stream);
    stream->httpd = httpd;
    stream->connection = connection;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    stream->fd = info == NULL ? -1 : info->connect_fd;
    stream->source = response->stream;
    response->stream = NULL;
    stream->source->notify = on_notify;
    stream->source->notify_context = stream;
    stream->next = httpd->streams;
    httpd->streams = stream;
    struct MHD_Response *made = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_BLOCK,
                                                                  stream_read, stream, stream_free);
    tg_assert(made != NULL);
    return made;
}

/* ---- tunnels ---- */

static void tunnel_notify(void *context)
{
    struct tunnel *tunnel = context;
    tunnel->ends.is_ready = true;
}

/* Takes the tunnel out of the list and ends its connection. */
static void tunnel_free(struct tunnel *tunnel)
{
    struct tunnel **at = &tunnel->httpd->tunnels;
    while (*at != tunnel) {
        at = &(*at)->next;
    }
    *at = tunnel->next;
    tunnel->ends.channel->free(tunnel->ends.channel);
    if (tunnel->handle != NULL) {
        MHD_upgrade_action(tunnel->handle, MHD_UPGRADE_ACTION_CLOSE);
    }
    free(tunnel);
}

static void tunnel_run(struct tunnel *tunnel)
{
    if (tunnel->handle == NULL) {
        return;
    }
    if ((tunnel->revents & (POLLIN | POLLHUP | POLLERR | POLLRDHUP)) != 0) {
        sim_tunnel_feed(&tunnel->ends);
    }
    tunnel->revents = 0;
    sim_tunnel_send(&tunnel->ends);
    if (tunnel->ends.is_over) {
        tunnel_free(tunnel);
    }
}

/* The 101 is out; extra is what the peer sent behind its request already. */
static void on_upgraded(void *context, struct MHD_Connection *connection, void *request,
                        const char *extra, size_t extra_len, MHD_socket fd,
                        struct MHD_UpgradeResponseHandle *handle)
{
    struct tunnel *tunnel = context;
    (void)connection;
    (void)request;
    tunnel->ends.fd = fd;
    tunnel->handle = handle;
    if (extra_len > 0) {
        tunnel->ends.is_over = !tunnel->ends.channel->feed(tunnel->ends.channel, extra, extra_len);
    }
}

static struct MHD_Response *upgrade_response(struct sim_httpd *httpd, struct sim_response *response)
{
    struct tunnel *tunnel = TG_NEW(struct tunnel);
    tunnel->httpd = httpd;
    tunnel->ends.fd = -1;
    tunnel->ends.channel = response->channel;
    response->channel = NULL;
    tunnel->ends.channel->notify = tunnel_notify;
    tunnel->ends.channel->notify_context = tunnel;
    tunnel->next = httpd->tunnels;
    httpd->tunnels = tunnel;
    struct MHD_Response *made = MHD_create_response_for_upgrade(on_upgraded, tunnel);
    tg_assert(made != NULL);
    MHD_add_response_header(made, "Upgrade", response->upgrade);
    const char *const headers[][2] = {
        {"Sec-WebSocket-Accept", response->websocket_accept},
        {"Sec-WebSocket-Protocol", response->websocket_protocol},
        {"X-Stream-Protocol-Version", response->stream_protocol},
    };
    for (size_t i = 0; i < TG_COUNT(headers); i++) {
        if (headers[i][1][0] != '\0') {
            MHD_add_response_header(made, headers[i][0], headers[i][1]);
        }
    }
    return made;
}

/* ---- requests ---- */

static void *on_target(void *context, const char *target, struct MHD_Connection *connection)
{
    const struct port *port = context;
    (void)connection;
    struct incoming *incoming = TG_NEW(struct incoming);
    incoming->target = tg_strdup(target);
    tg_buf_init(&incoming->body, sim_front_body_max(port->server, target));
    return incoming;
}

/* Takes it out of the list of those held; an answer that never went out goes. */
static void release(struct incoming *incoming)
{
    if (incoming->link != NULL) {
        *incoming->link = incoming->next;
        if (incoming->next != NULL) {
            incoming->next->link = incoming->link;
        }
        incoming->link = NULL;
    }
    if (incoming->is_held) {
        incoming->is_held = false;
        sim_response_fini(&incoming->response);
    }
}

static void on_completed(void *context, struct MHD_Connection *connection, void **slot,
                         enum MHD_RequestTerminationCode code)
{
    (void)context;
    (void)connection;
    (void)code;
    struct incoming *incoming = *slot;
    if (incoming != NULL) {
        release(incoming);
        free(incoming->target);
        tg_buf_fini(&incoming->body);
        free(incoming);
        *slot = NULL;
    }
}

static const char *header(struct MHD_Connection *connection, const char *name)
{
    const char *value = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
    return value == NULL ? "" : value;
}

/* A header that nobody asked for. */
static void add_filler(struct MHD_Response *made, size_t len)
{
    if (len > 0) {
        char *filler = tg_malloc(len + 1);
        memset(filler, 'x', len);
        filler[len] = '\0';
        MHD_add_response_header(made, "X-Filler", filler);
        free(filler);
    }
}

static enum MHD_Result send_response(struct sim_httpd *httpd, struct MHD_Connection *connection,
                                     struct sim_response *response)
{
    struct MHD_Response *made;
    if (response->channel != NULL) {
        made = upgrade_response(httpd, response);
        enum MHD_Result queued = MHD_queue_response(connection, MHD_HTTP_SWITCHING_PROTOCOLS, made);
        MHD_destroy_response(made);
        sim_response_fini(response);
        return queued;
    }
    if (response->stream != NULL) {
        made = stream_response(httpd, connection, response);
    } else {
        size_t len;
        char *body = tg_buf_take(&response->body, &len);
        made = MHD_create_response_from_buffer(len, body, MHD_RESPMEM_MUST_FREE);
    }
    tg_assert(made != NULL);
    char text[160];
    const struct sim_damage *damage = &response->damage;
    add_filler(made, damage->header_bytes);
    if (damage->unpacked_len > 0) {
        MHD_add_response_header(made, "Content-Encoding", "gzip");
    }
    MHD_add_response_header(made, "Content-Type", response->content_type);
    MHD_add_response_header(made, "Cache-Control", "no-cache, private");
    MHD_add_response_header(
        made, "Date",
        tg_fmt_http_date(text, sizeof text, sim_world_wall_us(httpd->world) + damage->clock_us));
    MHD_add_response_header(
        made, "Tidegate-World",
        sim_front_world_header(httpd->world, httpd->speed, damage->clock_us, text, sizeof text));
    for (int i = 0; i < response->header_count; i++) {
        MHD_add_response_header(made, response->headers[i].name, response->headers[i].value);
    }
    if (response->retry_after_s > 0) {
        snprintf(text, sizeof text, "%d", response->retry_after_s);
        MHD_add_response_header(made, "Retry-After", text);
    }
    enum MHD_Result result = MHD_queue_response(connection, (unsigned)response->status, made);
    MHD_destroy_response(made);
    sim_response_fini(response);
    return result;
}

static void no_action(struct sim_world *world, void *data)
{
    (void)world;
    (void)data;
}

/* Keeps an answer for later; the connection sleeps meanwhile. */
static void hold(struct sim_httpd *httpd, struct MHD_Connection *connection,
                 struct incoming *incoming, struct sim_response *response)
{
    int64_t delay_us = response->wait_us > 0 ? response->wait_us : response->damage.delay_us;
    bool is_stalled = response->damage.connection == SIM_CONNECTION_STALLED;
    incoming->ready_us = is_stalled ? TG_TIME_NEVER : sim_world_now_us(httpd->world) + delay_us;
    if (!is_stalled) { /* so that the owner of the loop wakes then */
        sim_world_at(httpd->world, incoming->ready_us, 0, no_action, NULL, NULL);
    }
    incoming->is_held = true;
    incoming->response = *response;
    incoming->httpd = httpd;
    incoming->connection = connection;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    incoming->fd = info == NULL ? -1 : info->connect_fd;
    incoming->next = httpd->held;
    incoming->link = &httpd->held;
    if (incoming->next != NULL) {
        incoming->next->link = &incoming->next;
    }
    httpd->held = incoming;
    MHD_suspend_connection(connection);
}

static enum MHD_Result answer(struct port *port, struct MHD_Connection *connection,
                              const char *method, struct incoming *incoming);

/* The connection was woken: its answer goes out, the server is asked again, or it ends. */
static enum MHD_Result send_held(struct port *port, const char *method, struct incoming *incoming)
{
    struct sim_httpd *httpd = incoming->httpd;
    struct sim_response response = incoming->response;
    bool is_stalled = response.damage.connection == SIM_CONNECTION_STALLED;
    incoming->is_held = false;
    if (is_stalled || incoming->is_gone || httpd->is_closing) {
        sim_response_fini(&response);
        return MHD_NO;
    }
    if (response.wait_us > 0) {
        sim_response_fini(&response);
        incoming->has_waited = true;
        return answer(port, incoming->connection, method, incoming);
    }
    return send_response(httpd, incoming->connection, &response);
}

/* Wakes those whose time came, who hung up, or all. */
static void wake_held(struct sim_httpd *httpd, bool is_all)
{
    struct incoming *next;
    for (struct incoming *incoming = httpd->held; incoming != NULL; incoming = next) {
        next = incoming->next;
        if (is_all || incoming->is_gone || incoming->ready_us <= sim_world_now_us(httpd->world)) {
            bool is_held = incoming->is_held;
            incoming->is_held = false; /* release() would take the answer */
            release(incoming);
            incoming->is_held = is_held;
            MHD_resume_connection(incoming->connection);
        }
    }
}

#define PROTOCOLS_SIZE 512

/* Old clients send one header for each protocol that they speak; gathered to "a, b". */
static enum MHD_Result join_protocols(void *context, enum MHD_ValueKind kind, const char *name,
                                      const char *value)
{
    char *joined = context;
    (void)kind;
    if (tg_str_eq_nocase(name, "X-Stream-Protocol-Version") && value != NULL) {
        size_t len = strlen(joined);
        snprintf(joined + len, PROTOCOLS_SIZE - len, "%s%s", len == 0 ? "" : ", ", value);
    }
    return MHD_YES;
}

/* Faults that had begun when the connection was made are noted with it. */
static void on_connection(void *context, struct MHD_Connection *connection, void **slot,
                          enum MHD_ConnectionNotificationCode code)
{
    const struct port *port = context;
    (void)connection;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        *slot = (void *)(uintptr_t)sim_fault_begun(port->httpd->world);
    }
}

/* True of a connection from before a fault that would have broken its handshake. */
static bool is_outdated(const struct port *port, struct MHD_Connection *connection)
{
    if (!sim_fault_breaks_tls(port->httpd->world, port->server)) {
        return false;
    }
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info != NULL &&
           (uintptr_t)info->socket_context != (uintptr_t)sim_fault_begun(port->httpd->world);
}

static enum MHD_Result answer(struct port *port, struct MHD_Connection *connection,
                              const char *method, struct incoming *incoming)
{
    if (is_outdated(port, connection)) {
        return MHD_NO;
    }
    size_t path_len = strcspn(incoming->target, "?");
    char *path = sim_query_decode(incoming->target, path_len, false);
    char stream_protocols[PROTOCOLS_SIZE] = "";
    MHD_get_connection_values(connection, MHD_HEADER_KIND, join_protocols, stream_protocols);
    struct sim_request request = {
        .server = port->server,
        .method = method,
        .path = path,
        .query = incoming->target[path_len] == '?' ? incoming->target + path_len + 1 : "",
        .accept = header(connection, "Accept"),
        .content_type = header(connection, "Content-Type"),
        .authorization = header(connection, "Authorization"),
        .user_agent = header(connection, "User-Agent"),
        .impersonate_user = header(connection, "Impersonate-User"),
        .impersonate_group = header(connection, "Impersonate-Group"),
        .upgrade = header(connection, "Upgrade"),
        .websocket_key = header(connection, "Sec-WebSocket-Key"),
        .websocket_protocols = header(connection, "Sec-WebSocket-Protocol"),
        .stream_protocols = stream_protocols,
        .metadata_flavor = header(connection, "Metadata-Flavor"),
        .quota_project = header(connection, "X-Goog-User-Project"),
        .range = header(connection, "Range"),
        .content_range = header(connection, "Content-Range"),
        .upload_type = header(connection, "X-Upload-Content-Type"),
        .body = tg_buf_text(&incoming->body),
        /* a body past the ceiling was dropped; its length alone makes the front refuse it */
        .body_len = incoming->is_too_large ? incoming->body.len_max + 1u : incoming->body.len,
        .has_waited = incoming->has_waited,
        .has_shaken = port->server != SIM_SERVER_METADATA,
    };
    struct sim_response response;
    sim_front_handle(port->httpd->world, &request, &response);
    free(path);
    const struct sim_damage *damage = &response.damage;
    if (damage->connection == SIM_CONNECTION_NO_TRUST) {
        port->owed = damage->tls;
    }
    if (damage->connection == SIM_CONNECTION_STALLED || damage->delay_us > 0 ||
        response.wait_us > 0) {
        hold(port->httpd, connection, incoming, &response);
        return MHD_YES;
    }
    if (damage->connection != SIM_CONNECTION_OK) {
        sim_response_fini(&response);
        return MHD_NO; /* closes the connection */
    }
    return send_response(port->httpd, connection, &response);
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_len, void **slot)
{
    (void)url;
    (void)version;
    struct port *port = context;
    struct incoming *incoming = *slot;
    tg_assert(incoming != NULL);
    if (!incoming->is_seen) {
        incoming->is_seen = true;
        return MHD_YES;
    }
    if (incoming->is_held) {
        return send_held(port, method, incoming);
    }
    if (*upload_len > 0) {
        incoming->is_too_large =
            !tg_buf_append(&incoming->body, upload, *upload_len) || incoming->is_too_large;
        *upload_len = 0;
        return MHD_YES;
    }
    return answer(port, connection, method, incoming);
}

static void on_log(void *context, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

/* libmicrohttpd reports peers that hang up or speak no TLS; nobody needs to read that. */
static void on_log(void *context, const char *format, va_list args)
{
    (void)context;
    (void)format;
    (void)args;
}

/* ---- ports ---- */

static struct MHD_Daemon *start_daemon(struct port *port, enum sim_tls tls)
{
    const struct sim_certificates *own = port->httpd->certificates;
    const char *const certificates[SIM_TLS_COUNT] = {
        own->server_pem, own->unknown_pem, own->expired_pem, own->elsewhere_pem, own->server_pem};
    bool is_plain = port->server == SIM_SERVER_METADATA;
    unsigned flags = MHD_USE_EPOLL | (is_plain ? 0 : MHD_USE_TLS) | MHD_ALLOW_SUSPEND_RESUME |
                     MHD_ALLOW_UPGRADE | MHD_USE_ITC | MHD_USE_ERROR_LOG |
                     MHD_USE_NO_LISTEN_SOCKET | MHD_USE_SUPPRESS_DATE_NO_CLOCK;
    return MHD_start_daemon(
        flags, 0, NULL, NULL, on_request, port, MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL,
        MHD_OPTION_URI_LOG_CALLBACK, on_target, port, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        CONNECTION_BYTES_MAX, MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL,
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, port,
        is_plain ? MHD_OPTION_END : MHD_OPTION_HTTPS_MEM_KEY, own->server_key_pem,
        MHD_OPTION_HTTPS_MEM_CERT, certificates[tls], MHD_OPTION_HTTPS_PRIORITIES,
        tls == SIM_TLS_OLD ? PRIORITIES_OLD : PRIORITIES, MHD_OPTION_END);
}

static bool open_face(struct port *port, enum sim_tls tls)
{
    struct face *face = &port->faces[tls];
    if (face->daemon != NULL) {
        return true;
    }
    face->daemon = start_daemon(port, tls);
    if (face->daemon == NULL) {
        return false;
    }
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(face->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    tg_assert(info != NULL);
    face->fd = info->epoll_fd;
    return true;
}

static bool open_port(struct port *port, const char *host, int number, struct tg_err *err)
{
    port->listener = sim_listen(host, number, &port->number, err);
    if (port->listener < 0) {
        return false;
    }
    return open_face(port, SIM_TLS_SOUND) ||
           tg_err_set(err, TG_CODE_INTERNAL, 0, "no HTTPS server on port %d", port->number);
}

/* Hands new connections to the daemon whose side of TLS they are to meet. */
static void accept_all(struct port *port)
{
    struct sockaddr_storage peer;
    socklen_t peer_len;
    int fd;
    bool is_plain = port->server == SIM_SERVER_METADATA;
    while ((fd = sim_accept(port->listener, &peer, &peer_len)) >= 0) {
        enum sim_tls tls = is_plain ? SIM_TLS_SOUND : port->owed;
        port->owed = SIM_TLS_SOUND;
        if (tls == SIM_TLS_SOUND && !is_plain) {
            tls = sim_fault_handshake(port->httpd->world, port->server);
        }
        if (tls == SIM_TLS_STALL) {
            sim_mute_hold(&port->mute, fd);
        } else if (!open_face(port, tls)) {
            close(fd);
        } else {
            MHD_add_connection(port->faces[tls].daemon, fd, (struct sockaddr *)&peer, peer_len);
        }
    }
}

struct sim_httpd *sim_httpd_new(struct sim_world *world, const char *host, int port,
                                const struct sim_certificates *certificates, struct tg_err *err)
{
    struct sim_httpd *httpd = TG_NEW(struct sim_httpd);
    httpd->world = world;
    httpd->certificates = certificates;
    httpd->port_count = 2 + (size_t)sim_world_region_count(world);
    httpd->ports = tg_calloc(httpd->port_count, sizeof *httpd->ports);
    for (size_t i = 0; i < httpd->port_count; i++) {
        httpd->ports[i].listener = -1;
    }
    for (size_t i = 0; i < httpd->port_count; i++) {
        httpd->ports[i].httpd = httpd;
        bool is_last = i + 1 == httpd->port_count;
        httpd->ports[i].server = i == 0    ? SIM_SERVER_GCP
                                 : is_last ? SIM_SERVER_METADATA
                                           : (int)i - 1;
        if (!open_port(&httpd->ports[i], host, port == 0 ? 0 : port + (int)i, err)) {
            sim_httpd_free(httpd);
            return NULL;
        }
    }
    return httpd;
}

void sim_httpd_free(struct sim_httpd *httpd)
{
    if (httpd == NULL) {
        return;
    }
    httpd->is_closing = true;
    while (httpd->tunnels != NULL) {
        tunnel_free(httpd->tunnels);
    }
    for (struct stream *stream = httpd->streams; stream != NULL; stream = stream->next) {
        resume(stream);
    }
    wake_held(httpd, true);
    for (size_t i = 0; i < httpd->port_count * SIM_TLS_COUNT; i++) {
        struct MHD_Daemon *daemon = httpd->ports[i / SIM_TLS_COUNT].faces[i % SIM_TLS_COUNT].daemon;
        if (daemon != NULL) {
            MHD_run(daemon); /* lets resumed connections end before the stop */
            MHD_stop_daemon(daemon);
        }
    }
    for (size_t i = 0; i < httpd->port_count; i++) {
        if (httpd->ports[i].listener >= 0) {
            close(httpd->ports[i].listener);
        }
        sim_mute_close(&httpd->ports[i].mute);
    }
    tg_assert(httpd->streams == NULL);
    free(httpd->polled);
    free(httpd->ports);
    free(httpd);
}

int sim_httpd_port(const struct sim_httpd *httpd, int server)
{
    size_t index = server == SIM_SERVER_GCP        ? 0
                   : server == SIM_SERVER_METADATA ? httpd->port_count - 1
                                                   : (size_t)server + 1;
    tg_assert(index < httpd->port_count);
    return httpd->ports[index].number;
}

void sim_httpd_set_speed(struct sim_httpd *httpd, double speed)
{
    httpd->speed = speed;
}

static void add_polled(struct sim_httpd *httpd, size_t *count, int fd, short events)
{
    if (*count == httpd->polled_cap) {
        httpd->polled_cap = (*count + 1) * 2;
        httpd->polled = tg_realloc_array(httpd->polled, httpd->polled_cap, sizeof *httpd->polled);
    }
    httpd->polled[(*count)++] = (struct pollfd){.fd = fd, .events = events};
}

/* Adds the listeners and the daemons; the shortest of their own timeouts and timeout_ms is what
 * comes back. */
static int64_t poll_ports(struct sim_httpd *httpd, size_t *count, int64_t timeout_ms)
{
    for (size_t i = 0; i < httpd->port_count; i++) {
        add_polled(httpd, count, httpd->ports[i].listener, POLLIN);
    }
    for (size_t i = 0; i < httpd->port_count * SIM_TLS_COUNT; i++) {
        const struct face *face = &httpd->ports[i / SIM_TLS_COUNT].faces[i % SIM_TLS_COUNT];
        MHD_UNSIGNED_LONG_LONG own_ms;
        if (face->daemon == NULL) {
            continue;
        }
        if (MHD_get_timeout(face->daemon, &own_ms) == MHD_YES &&
            own_ms < (MHD_UNSIGNED_LONG_LONG)timeout_ms) {
            timeout_ms = (int64_t)own_ms;
        }
        add_polled(httpd, count, face->fd, POLLIN);
    }
    return timeout_ms;
}

void sim_httpd_wait(struct sim_httpd *httpd, int wake_fd, int64_t timeout_us)
{
    int64_t timeout_ms = (timeout_us + TG_US_PER_MS - 1) / TG_US_PER_MS;
    timeout_ms = timeout_ms < 0 ? 0 : timeout_ms > POLL_MS_MAX ? POLL_MS_MAX : timeout_ms;
    size_t count = 0;
    add_polled(httpd, &count, wake_fd, POLLIN);
    timeout_ms = poll_ports(httpd, &count, timeout_ms);
    size_t first = count;
    /* libmicrohttpd does not look at suspended connections: a peer that hangs up is noticed here */
    for (const struct stream *stream = httpd->streams; stream != NULL; stream = stream->next) {
        add_polled(httpd, &count, stream->is_suspended ? stream->fd : -1, POLLRDHUP);
    }
    for (const struct incoming *held = httpd->held; held != NULL; held = held->next) {
        add_polled(httpd, &count, held->fd, POLLRDHUP);
    }
    for (const struct tunnel *tunnel = httpd->tunnels; tunnel != NULL; tunnel = tunnel->next) {
        timeout_ms = tunnel->ends.is_ready && tunnel->ends.pending_len == 0 ? 0 : timeout_ms;
        add_polled(httpd, &count, tunnel->ends.fd,
                   (short)(POLLIN | (tunnel->ends.pending_len > 0 ? POLLOUT : 0)));
    }
    poll(httpd->polled, count, (int)timeout_ms);
    for (size_t i = 0; i < httpd->port_count; i++) {
        httpd->ports[i].revents = httpd->polled[1 + i].revents;
    }
    count = first;
    for (struct stream *stream = httpd->streams; stream != NULL; stream = stream->next) {
        stream->is_gone = (httpd->polled[count++].revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
    }
    for (struct incoming *held = httpd->held; held != NULL; held = held->next) {
        held->is_gone = (httpd->polled[count++].revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
    }
    for (struct tunnel *tunnel = httpd->tunnels; tunnel != NULL; tunnel = tunnel->next) {
        tunnel->revents = httpd->polled[count++].revents;
    }
}

void sim_httpd_run(struct sim_httpd *httpd)
{
    for (struct stream *stream = httpd->streams; stream != NULL; stream = stream->next) {
        if (stream->is_gone) {
            resume(stream);
        }
    }
    wake_held(httpd, false);
    for (struct tunnel *tunnel = httpd->tunnels; tunnel != NULL;) {
        struct tunnel *next = tunnel->next; /* it may end now */
        tunnel_run(tunnel);
        tunnel = next;
    }
    for (size_t i = 0; i < httpd->port_count; i++) {
        if (httpd->ports[i].revents != 0) {
            httpd->ports[i].revents = 0;
            accept_all(&httpd->ports[i]);
        }
    }
    for (size_t i = 0; i < httpd->port_count * SIM_TLS_COUNT; i++) {
        const struct face *face = &httpd->ports[i / SIM_TLS_COUNT].faces[i % SIM_TLS_COUNT];
        if (face->daemon != NULL) {
            MHD_run(face->daemon);
        }
    }
}
