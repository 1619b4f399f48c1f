/* sim/httpd.c - HTTPS front by libmicrohttpd. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "sim/httpd.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/assert.h"
#include "base/clock.h"
#include "base/fmt.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim/front.h"
#include "sim/query.h"

#define STREAM_BLOCK         16384u
#define TUNNEL_BLOCK         16384u
#define POLL_MS_MAX          1000
#define CONNECTION_BYTES_MAX ((size_t)160 * 1024) /* a faulty header of 64 KiB has room */

/* One listening port. */
struct port {
    struct sim_httpd *httpd;
    struct MHD_Daemon *daemon;
    int server;
    int number;
    int fd; /* epoll descriptor of the daemon: readable when it has work */
};

struct tunnel;

struct sim_httpd {
    struct sim_world *world;
    double speed;
    bool is_closing;
    struct port *ports; /* 0: Google Cloud, 1 + i: cluster i, the last: the metadata server */
    size_t port_count;
    struct pollfd *polled; /* the ports, wake_fd, suspended streams, then tunnels */
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
    struct sim_channel *channel;
    int fd;
    bool is_ready;              /* the channel may have something to say */
    char pending[TUNNEL_BLOCK]; /* bytes that the socket did not take yet */
    size_t pending_len;
    bool is_over;
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
    tunnel->is_ready = true;
}

/* Takes the tunnel out of the list and ends its connection. */
static void tunnel_free(struct tunnel *tunnel)
{
    struct tunnel **at = &tunnel->httpd->tunnels;
    while (*at != tunnel) {
        at = &(*at)->next;
    }
    *at = tunnel->next;
    tunnel->channel->free(tunnel->channel);
    if (tunnel->handle != NULL) {
        MHD_upgrade_action(tunnel->handle, MHD_UPGRADE_ACTION_CLOSE);
    }
    free(tunnel);
}

static void tunnel_feed(struct tunnel *tunnel)
{
    char bytes[TUNNEL_BLOCK];
    ssize_t len;
    while (!tunnel->is_over && (len = recv(tunnel->fd, bytes, sizeof bytes, MSG_DONTWAIT)) != 0) {
        if (len < 0) {
            tunnel->is_over = errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR;
            return;
        }
        tunnel->is_over = !tunnel->channel->feed(tunnel->channel, bytes, (size_t)len);
        tunnel->is_ready = true;
    }
    tunnel->is_over = true;
}

/* Sends until the socket is full or there is nothing to send. */
static void tunnel_send(struct tunnel *tunnel)
{
    bool is_end = false;
    while (!is_end) {
        if (tunnel->pending_len == 0) {
            tunnel->pending_len = tunnel->channel->read(tunnel->channel, tunnel->pending,
                                                        sizeof tunnel->pending, &is_end);
        }
        if (tunnel->pending_len == 0) {
            tunnel->is_ready = false;
            tunnel->is_over = tunnel->is_over || is_end;
            return;
        }
        ssize_t len =
            send(tunnel->fd, tunnel->pending, tunnel->pending_len, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (len < 0) {
            tunnel->is_over = errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR;
            return;
        }
        tunnel->pending_len -= (size_t)len;
        memmove(tunnel->pending, tunnel->pending + len, tunnel->pending_len);
    }
}

static void tunnel_run(struct tunnel *tunnel)
{
    if (tunnel->handle == NULL) {
        return;
    }
    if ((tunnel->revents & (POLLIN | POLLHUP | POLLERR | POLLRDHUP)) != 0) {
        tunnel_feed(tunnel);
    }
    tunnel->revents = 0;
    tunnel_send(tunnel);
    if (tunnel->is_over) {
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
    tunnel->fd = fd;
    tunnel->handle = handle;
    if (extra_len > 0) {
        tunnel->is_over = !tunnel->channel->feed(tunnel->channel, extra, extra_len);
    }
}

static struct MHD_Response *upgrade_response(struct sim_httpd *httpd, struct sim_response *response)
{
    struct tunnel *tunnel = TG_NEW(struct tunnel);
    tunnel->httpd = httpd;
    tunnel->fd = -1;
    tunnel->channel = response->channel;
    response->channel = NULL;
    tunnel->channel->notify = tunnel_notify;
    tunnel->channel->notify_context = tunnel;
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

static enum MHD_Result answer(struct port *port, struct MHD_Connection *connection,
                              const char *method, struct incoming *incoming)
{
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
    };
    struct sim_response response;
    sim_front_handle(port->httpd->world, &request, &response);
    free(path);
    const struct sim_damage *damage = &response.damage;
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

static bool read_address(const char *host, int port, struct sockaddr_storage *address, bool *is_v6)
{
    memset(address, 0, sizeof *address);
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
    *is_v6 = inet_pton(AF_INET, host, &v4.sin_addr) != 1;
    if (!*is_v6) {
        memcpy(address, &v4, sizeof v4);
        return true;
    }
    if (inet_pton(AF_INET6, host, &v6.sin6_addr) != 1) {
        return false;
    }
    memcpy(address, &v6, sizeof v6);
    return true;
}

static bool open_port(struct port *port, const char *host, int number,
                      const struct sim_certificates *certificates, struct tg_err *err)
{
    struct sockaddr_storage address;
    bool is_v6;
    if (!read_address(host, number, &address, &is_v6)) {
        return tg_err_set(err, TG_CODE_USAGE, 0, "%s is not an IP address", host);
    }
    bool is_plain = port->server == SIM_SERVER_METADATA;
    unsigned flags = MHD_USE_EPOLL | (is_plain ? 0 : MHD_USE_TLS) | MHD_ALLOW_SUSPEND_RESUME |
                     MHD_ALLOW_UPGRADE | MHD_USE_ITC | MHD_USE_ERROR_LOG |
                     MHD_USE_SUPPRESS_DATE_NO_CLOCK | (is_v6 ? MHD_USE_IPv6 : 0);
    port->daemon = MHD_start_daemon(
        flags, (uint16_t)number, NULL, NULL, on_request, port, MHD_OPTION_EXTERNAL_LOGGER, on_log,
        NULL, MHD_OPTION_SOCK_ADDR, &address, MHD_OPTION_URI_LOG_CALLBACK, on_target, port,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_BYTES_MAX, MHD_OPTION_NOTIFY_COMPLETED,
        on_completed, NULL, is_plain ? MHD_OPTION_END : MHD_OPTION_HTTPS_MEM_KEY,
        certificates->server_key_pem, MHD_OPTION_HTTPS_MEM_CERT, certificates->server_pem,
        MHD_OPTION_END);
    if (port->daemon == NULL) {
        return tg_err_set(err, TG_CODE_CONNECT, 0, "cannot listen on %s port %d", host, number);
    }
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(port->daemon, MHD_DAEMON_INFO_BIND_PORT);
    tg_assert(info != NULL);
    port->number = info->port;
    info = MHD_get_daemon_info(port->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    tg_assert(info != NULL);
    port->fd = info->epoll_fd;
    return true;
}

static void make_room(struct sim_httpd *httpd, size_t count)
{
    if (count > httpd->polled_cap) {
        httpd->polled_cap = count * 2;
        httpd->polled = tg_realloc_array(httpd->polled, httpd->polled_cap, sizeof *httpd->polled);
    }
}

struct sim_httpd *sim_httpd_new(struct sim_world *world, const char *host, int port,
                                const struct sim_certificates *certificates, struct tg_err *err)
{
    struct sim_httpd *httpd = TG_NEW(struct sim_httpd);
    httpd->world = world;
    httpd->port_count = 2 + (size_t)sim_world_region_count(world);
    httpd->ports = tg_calloc(httpd->port_count, sizeof *httpd->ports);
    make_room(httpd, httpd->port_count + 1);
    for (size_t i = 0; i < httpd->port_count; i++) {
        httpd->ports[i].httpd = httpd;
        bool is_last = i + 1 == httpd->port_count;
        httpd->ports[i].server = i == 0    ? SIM_SERVER_GCP
                                 : is_last ? SIM_SERVER_METADATA
                                           : (int)i - 1;
        if (!open_port(&httpd->ports[i], host, port == 0 ? 0 : port + (int)i, certificates, err)) {
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
    for (size_t i = 0; i < httpd->port_count; i++) {
        if (httpd->ports[i].daemon != NULL) {
            MHD_run(httpd->ports[i].daemon); /* lets resumed connections end before the stop */
            MHD_stop_daemon(httpd->ports[i].daemon);
        }
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

void sim_httpd_wait(struct sim_httpd *httpd, int wake_fd, int64_t timeout_us)
{
    int64_t timeout_ms = (timeout_us + TG_US_PER_MS - 1) / TG_US_PER_MS;
    timeout_ms = timeout_ms < 0 ? 0 : timeout_ms > POLL_MS_MAX ? POLL_MS_MAX : timeout_ms;
    for (size_t i = 0; i < httpd->port_count; i++) {
        MHD_UNSIGNED_LONG_LONG own_ms;
        if (MHD_get_timeout(httpd->ports[i].daemon, &own_ms) == MHD_YES &&
            own_ms < (MHD_UNSIGNED_LONG_LONG)timeout_ms) {
            timeout_ms = (int64_t)own_ms;
        }
        httpd->polled[i] = (struct pollfd){.fd = httpd->ports[i].fd, .events = POLLIN};
    }
    size_t count = httpd->port_count;
    httpd->polled[count++] = (struct pollfd){.fd = wake_fd, .events = POLLIN};
    /* libmicrohttpd does not look at suspended connections: a peer that hangs up is noticed here */
    for (const struct stream *stream = httpd->streams; stream != NULL; stream = stream->next) {
        make_room(httpd, count + 1);
        int fd = stream->is_suspended ? stream->fd : -1;
        httpd->polled[count++] = (struct pollfd){.fd = fd, .events = POLLRDHUP};
    }
    for (const struct incoming *held = httpd->held; held != NULL; held = held->next) {
        make_room(httpd, count + 1);
        httpd->polled[count++] = (struct pollfd){.fd = held->fd, .events = POLLRDHUP};
    }
    for (const struct tunnel *tunnel = httpd->tunnels; tunnel != NULL; tunnel = tunnel->next) {
        make_room(httpd, count + 1);
        short events = (short)(POLLIN | (tunnel->pending_len > 0 ? POLLOUT : 0));
        timeout_ms = tunnel->is_ready && tunnel->pending_len == 0 ? 0 : timeout_ms;
        httpd->polled[count++] = (struct pollfd){.fd = tunnel->fd, .events = events};
    }
    poll(httpd->polled, count, (int)timeout_ms);
    count = httpd->port_count + 1;
    for (struct stream *stream = httpd->streams; stream != NULL; stream = stream->next) {
        stream->is_gone = (httpd->polled[count].revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
        count++;
    }
    for (struct incoming *held = httpd->held; held != NULL; held = held->next) {
        held->is_gone = (httpd->polled[count].revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
        count++;
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
        MHD_run(httpd->ports[i].daemon);
    }
}
