/* io/curl_transport.c - exchanges over libcurl. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "io/curl_transport.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/fmt.h"
#include "base/mem.h"
#include "base/str.h"
#include "io/curl_options.h"
#include "io/curl_upgrade.h"
#include "io/token_file.h"
#include "net/token_source.h"

#define HEADER_BYTES_MAX   32768
#define CONNECT_TIMEOUT_MS 10000L
#define CONNECTIONS_MAX    256L
/* Each idle connection is looked at before a request is sent: what the start needed is let go. */
#define IDLE_CONNECTION_MAX_S 15L
#define SOCKETS_AT_ONCE       64
#define WAIT_MS_MAX           60000

struct curl_transport {
    struct tg_transport base;
    struct tg_clock clock;
    CURLM *multi;
    int epoll_fd;     /* the sockets that libcurl waits for, and wake_fd */
    int wake_fd;      /* eventfd: written from any thread */
    int64_t timer_us; /* when libcurl wants to run whatever the sockets say */
    struct exchange *first;
    int upgrades_count; /* WebSockets among them */
    struct tg_token_files *tokens;
    const struct tg_transport_sink *sink; /* during poll() */
    bool has_emitted; /* in this poll(): the caller wants to act before it waits */
};

struct exchange {
    struct exchange *next;
    struct curl_transport *owner;
    uint64_t id;
    CURL *easy;
    struct curl_slist *headers;
    struct curl_slist *connect_to; /* where a server is that is known by another name; NULL */
    char error[CURL_ERROR_SIZE];
    size_t body_len;
    size_t body_len_max;
    size_t header_bytes;
    int64_t submitted_us;
    int64_t header_deadline_us; /* absolute; 0: none */
    int64_t idle_us;            /* allowed silence; 0: none */
    int64_t last_byte_us;
    bool has_headers;
    bool is_stream;
    bool is_cancelled;
    struct tg_token_source *source;    /* NULL: the endpoint has a token that stays, or none */
    struct tg_token_listener listener; /* while it waits for a token */
    uint64_t token_serial;
    bool is_waiting;   /* for a token: libcurl does not have it */
    bool is_refused;   /* answered 401, which nobody is told: it is sent again with another token */
    bool is_second;    /* it was sent again */
    struct tg_err why; /* our own reason for ending it */
    struct tg_curl_upgrade *upgrade; /* of a WebSocket; NULL: an ordinary exchange */
    struct tg_http_request request;  /* its body is sent from here, so that no copy of it stays */
    char content_type[128];
    char world[192];
    char websocket_accept[64];
    char websocket_protocol[64];
    int64_t retry_after_us;
    int64_t server_date_us;
};

bool tg_curl_global_init(struct tg_err *err)
{
    return curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ||
           tg_err_set(err, TG_CODE_INTERNAL, 0, "libcurl does not start");
}

void tg_curl_global_fini(void)
{
    curl_global_cleanup();
}

static void emit(struct exchange *exchange, struct tg_transport_event *event)
{
    event->id = exchange->id;
    if (!exchange->is_cancelled && exchange->owner->sink != NULL) {
        exchange->owner->has_emitted = true;
        exchange->owner->sink->event(exchange->owner->sink->context, event);
    }
}

static int status_of(const struct exchange *exchange)
{
    long status = 0;
    if (exchange->upgrade != NULL) {
        return tg_curl_upgrade_status(exchange->upgrade);
    }
    curl_easy_getinfo(exchange->easy, CURLINFO_RESPONSE_CODE, &status);
    return (int)status;
}

static void emit_headers(struct exchange *exchange)
{
    if (exchange->has_headers) {
        return;
    }
    exchange->has_headers = true;
    int64_t now_us = tg_clock_monotonic_us(&exchange->owner->clock);
    struct tg_transport_event event = {
        .kind = TG_TRANSPORT_HEADERS,
        .status = status_of(exchange),
        .content_type = exchange->content_type,
        .retry_after_us = exchange->retry_after_us,
        .server_date_us = exchange->server_date_us,
        .world = exchange->world,
        .websocket_accept = exchange->websocket_accept,
        .websocket_protocol = exchange->websocket_protocol,
        .round_trip_us = now_us - exchange->submitted_us,
    };
    emit(exchange, &event);
}

/* ---- callbacks ---- */

static void read_header(struct exchange *exchange, const char *name, const char *value)
{
    if (tg_str_eq_nocase(name, "content-type")) {
        tg_str_copy(exchange->content_type, sizeof(exchange->content_type), value);
    } else if (tg_str_eq_nocase(name, "tidegate-world")) {
        tg_str_copy(exchange->world, sizeof(exchange->world), value);
    } else if (tg_str_eq_nocase(name, "sec-websocket-accept")) {
        tg_str_copy(exchange->websocket_accept, sizeof(exchange->websocket_accept), value);
    } else if (tg_str_eq_nocase(name, "sec-websocket-protocol")) {
        tg_str_copy(exchange->websocket_protocol, sizeof(exchange->websocket_protocol), value);
    } else if (tg_str_eq_nocase(name, "date")) {
        (void)tg_parse_http_date(value, &exchange->server_date_us);
    } else if (tg_str_eq_nocase(name, "retry-after")) {
        int64_t seconds = 0;
        int64_t at_us = 0;
        if (tg_str_to_int64(value, 0, 86400, &seconds)) {
            exchange->retry_after_us = seconds * TG_US_PER_S;
        } else if (tg_parse_http_date(value, &at_us)) {
            int64_t wait_us = at_us - tg_clock_wall_us(&exchange->owner->clock);
            exchange->retry_after_us = wait_us > 0 ? wait_us : 0;
        }
    }
}

/* At the end of the headers: whether the server refused a token for which another can be had. */
static bool is_token_refused(const struct exchange *exchange)
{
    return status_of(exchange) == 401 && exchange->source != NULL && !exchange->is_second &&
           exchange->source->ops->refused(exchange->source, exchange->token_serial);
}

static size_t on_header(char *bytes, size_t size, size_t count, void *context)
{
    struct exchange *exchange = context;
    size_t len = size * count;
    char line[1024];
    exchange->header_bytes += len;
    exchange->last_byte_us = tg_clock_monotonic_us(&exchange->owner->clock);
    if (exchange->header_bytes > HEADER_BYTES_MAX) {
        tg_err_set(&exchange->why, TG_CODE_LIMIT, 0, "more than %d bytes of headers",
                   HEADER_BYTES_MAX);
        return 0;
    }
    size_t copy = len < sizeof(line) - 1 ? len : sizeof(line) - 1;
    memcpy(line, bytes, copy);
    line[copy] = '\0';
    line[strcspn(line, "\r\n")] = '\0';
    if (line[0] == '\0') {
        exchange->is_refused = is_token_refused(exchange);
        bool is_final = status_of(exchange) >= 200 || exchange->upgrade != NULL;
        if (is_final && !exchange->is_refused) {
            emit_headers(exchange);
        }
        return len;
    }
    char *colon = strchr(line, ':');
    if (colon != NULL) {
        *colon = '\0';
        read_header(exchange, line, colon + 1 + strspn(colon + 1, " \t"));
    }
    return len;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *context)
{
    struct exchange *exchange = context;
    size_t len = size * count;
    exchange->last_byte_us = tg_clock_monotonic_us(&exchange->owner->clock);
    exchange->body_len += len;
    if (!exchange->is_stream && exchange->body_len > exchange->body_len_max) {
        tg_err_set(&exchange->why, TG_CODE_LIMIT, 0, "an answer of more than %zu bytes",
                   exchange->body_len_max);
        return 0;
    }
    if (exchange->is_refused) {
        return len;
    }
    emit_headers(exchange);
    struct tg_transport_event event = {
        .kind = TG_TRANSPORT_DATA, .status = status_of(exchange), .data = bytes, .len = len};
    emit(exchange, &event);
    return exchange->is_cancelled ? 0 : len;
}

/* ---- setting up ---- */

static void set_bearer(struct exchange *exchange, const struct tg_secret *token)
{
    if (exchange->upgrade != NULL) {
        tg_curl_upgrade_set_token(exchange->upgrade, token);
        return;
    }
    curl_easy_setopt(exchange->easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BEARER);
    curl_easy_setopt(exchange->easy, CURLOPT_XOAUTH2_BEARER, tg_secret_peek(token));
}

static void set_token(struct exchange *exchange, const struct tg_http_endpoint *endpoint)
{
    const struct tg_secret *token =
        endpoint->token_path == NULL
            ? NULL
            : tg_token_files_get(exchange->owner->tokens, endpoint->token_path);
    token = token == NULL ? endpoint->bearer_token : token;
    if (token != NULL) {
        set_bearer(exchange, token);
    }
}

static void add_header(struct exchange *exchange, const char *name, const char *value)
{
    char *line = tg_asprintf("%s: %s", name, value);
    exchange->headers = curl_slist_append(exchange->headers, line);
    free(line);
}

/* A certificate for another name than the host's: libcurl verifies, and asks by SNI for, the host
 * of its URL, so that this is the name, and the connection goes to the real place. The server still
 * hears the host that it was configured with. False when the URL is none. */
static bool set_server_name(struct exchange *exchange, const char *name, const char *url)
{
    CURLU *parts = curl_url();
    char *host = NULL;
    char *port = NULL;
    char *named = NULL;
    bool is_ok = curl_url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK &&
                 curl_url_get(parts, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
                 curl_url_get(parts, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK &&
                 curl_url_set(parts, CURLUPART_HOST, name, 0) == CURLUE_OK &&
                 curl_url_get(parts, CURLUPART_URL, &named, 0) == CURLUE_OK;
    if (is_ok) {
        char *to = tg_asprintf("%s:%s:%s:%s", name, port, host, port);
        char *header = tg_asprintf("%s:%s", host, port);
        exchange->connect_to = curl_slist_append(NULL, to);
        curl_easy_setopt(exchange->easy, CURLOPT_CONNECT_TO, exchange->connect_to);
        curl_easy_setopt(exchange->easy, CURLOPT_URL, named);
        add_header(exchange, "Host", header);
        free(to);
        free(header);
    }
    curl_free(host);
    curl_free(port);
    curl_free(named);
    curl_url_cleanup(parts);
    return is_ok;
}

static void set_url(struct exchange *exchange, const struct tg_http_request *request)
{
    const char *base = request->endpoint->base_url;
    char *url;
    if (tg_str_has_prefix(request->path, "//")) {
        url = tg_asprintf("https:%s", request->path);
    } else {
        url = tg_asprintf("%s%s", base != NULL ? base : "", request->path);
    }
    if (request->websocket_key != NULL) {
        exchange->upgrade = tg_curl_upgrade_new(request, url);
    }
    if (request->endpoint->tls_server_name == NULL ||
        !set_server_name(exchange, request->endpoint->tls_server_name, url)) {
        curl_easy_setopt(exchange->easy, CURLOPT_URL, url);
    }
    free(url);
}

static void set_request(struct exchange *exchange, const struct tg_http_request *request)
{
    CURL *easy = exchange->easy;
    set_url(exchange, request);
    tg_curl_set_trust(easy, request->endpoint);
    add_header(exchange, "Accept", request->accept != NULL ? request->accept : "application/json");
    add_header(exchange, "Expect", "");
    if (request->extra != NULL) {
        exchange->headers = curl_slist_append(exchange->headers, request->extra);
    }
    if (request->body != NULL) {
        add_header(exchange, "Content-Type",
                   request->content_type != NULL ? request->content_type : "application/json");
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_len);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->body);
    }
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method);
    curl_easy_setopt(easy, CURLOPT_NOBODY, tg_str_eq(request->method, "HEAD") ? 1L : 0L);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, exchange->headers);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "tidegate");
    if (request->endpoint->is_metadata_server) {
        curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http");
        curl_easy_setopt(easy, CURLOPT_PROXY, "");
    } else {
        curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "https");
    }
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    curl_easy_setopt(easy, CURLOPT_PIPEWAIT, 0L);
    curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, IDLE_CONNECTION_MAX_S);
    curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "");
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPIDLE, 30L);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPINTVL, 10L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT_MS);
    if (request->deadline_us > 0) {
        curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)(request->deadline_us / TG_US_PER_MS));
    }
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, exchange->error);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, exchange);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, exchange);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, exchange);
    if (exchange->upgrade != NULL) {
        tg_curl_upgrade_set_options(easy);
    }
}

/* ---- tokens that are renewed meanwhile ---- */

static void wake(struct tg_transport *transport)
{
    const uint64_t one = 1;
    (void)!write(((struct curl_transport *)transport)->wake_fd, &one, sizeof(one));
}

static void on_token(void *context)
{
    struct exchange *exchange = context;
    wake(&exchange->owner->base);
}

static void stop_listening(struct exchange *exchange)
{
    if (exchange->is_waiting) {
        exchange->is_waiting = false;
        exchange->source->ops->forget(exchange->source, &exchange->listener);
    }
}

/* Hands the exchange to libcurl; its deadlines begin. */
static void start(struct exchange *exchange)
{
    int64_t header_us = exchange->request.header_deadline_us;
    exchange->submitted_us = tg_clock_monotonic_us(&exchange->owner->clock);
    exchange->last_byte_us = exchange->submitted_us;
    exchange->header_deadline_us = header_us > 0 ? exchange->submitted_us + header_us : 0;
    curl_multi_add_handle(exchange->owner->multi, exchange->easy);
}

/* Starts it if there is a token now; else it goes on waiting, or why says that there is none. */
static void start_with_token(struct exchange *exchange)
{
    struct tg_token_grant grant;
    switch (exchange->source->ops->get(exchange->source, &grant, &exchange->why)) {
    case TG_TOKEN_READY:
        stop_listening(exchange);
        if (grant.token != NULL) {
            set_bearer(exchange, grant.token);
        }
        tg_curl_set_certificate(exchange->easy, grant.client_cert_pem, grant.client_key_pem);
        if (exchange->request.endpoint->names_quota_project && grant.quota_project != NULL &&
            !exchange->is_second) {
            add_header(exchange, "x-goog-user-project", grant.quota_project);
            curl_easy_setopt(exchange->easy, CURLOPT_HTTPHEADER, exchange->headers);
        }
        exchange->token_serial = grant.serial;
        tg_token_grant_fini(&grant);
        start(exchange);
        break;
    case TG_TOKEN_PENDING:
    case TG_TOKEN_FAILED:
        break;
    }
}

static void wait_for_token(struct exchange *exchange)
{
    const struct tg_http_request *request = &exchange->request;
    int64_t wait_us =
        request->header_deadline_us > 0 ? request->header_deadline_us : request->deadline_us;
    exchange->header_deadline_us = wait_us > 0 ? exchange->submitted_us + wait_us : 0;
    exchange->listener.changed = on_token;
    exchange->listener.context = exchange;
    exchange->is_waiting = true;
    exchange->source->ops->listen(exchange->source, &exchange->listener);
    start_with_token(exchange);
}

static void submit(struct tg_transport *transport, uint64_t id, struct tg_http_request *request)
{
    struct curl_transport *owner = (struct curl_transport *)transport;
    struct exchange *exchange = TG_NEW(struct exchange);
    tg_assert(id != 0 && request->endpoint != NULL && request->path != NULL);
    exchange->owner = owner;
    exchange->id = id;
    exchange->easy = curl_easy_init();
    tg_assert(exchange->easy != NULL);
    exchange->body_len_max = request->body_len_max;
    exchange->is_stream = request->is_stream;
    exchange->submitted_us = tg_clock_monotonic_us(&owner->clock);
    exchange->idle_us = request->idle_deadline_us;
    exchange->request = *request;
    *request = (struct tg_http_request){0};
    set_request(exchange, &exchange->request);
    exchange->next = owner->first;
    owner->first = exchange;
    owner->upgrades_count += exchange->upgrade != NULL ? 1 : 0;
    const struct tg_http_endpoint *endpoint = exchange->request.endpoint;
    exchange->source = endpoint->is_metadata_server ? NULL : endpoint->token_source;
    if (exchange->source != NULL) {
        wait_for_token(exchange);
    } else {
        if (!endpoint->is_metadata_server) {
            set_token(exchange, endpoint);
        }
        start(exchange);
    }
}

static void free_exchange(struct exchange *exchange)
{
    struct exchange **at = &exchange->owner->first;
    while (*at != exchange) {
        at = &(*at)->next;
    }
    *at = exchange->next;
    stop_listening(exchange);
    if (exchange->upgrade != NULL) {
        exchange->owner->upgrades_count--;
        tg_curl_upgrade_reset(exchange->upgrade);
    }
    curl_multi_remove_handle(exchange->owner->multi, exchange->easy);
    curl_easy_cleanup(exchange->easy);
    curl_slist_free_all(exchange->headers);
    curl_slist_free_all(exchange->connect_to);
    tg_http_request_fini(&exchange->request);
    tg_curl_upgrade_free(exchange->upgrade);
    free(exchange);
}

/* Only marks: libcurl must not be left a handle's freeing from within its own callbacks. */
static void cancel(struct tg_transport *transport, uint64_t id)
{
    struct curl_transport *owner = (struct curl_transport *)transport;
    for (struct exchange *exchange = owner->first; exchange != NULL; exchange = exchange->next) {
        if (exchange->id == id) {
            exchange->is_cancelled = true;
        }
    }
}

/* ---- the ends ---- */

static void finish(struct exchange *exchange, CURLcode result)
{
    struct tg_transport_event event = {.kind = TG_TRANSPORT_DONE, .status = 0};
    if (result == CURLE_OK) {
        emit_headers(exchange);
    }
    event.status = exchange->has_headers ? status_of(exchange) : 0;
    if (exchange->why.code != TG_CODE_NONE) {
        event.err = exchange->why;
    } else if (result != CURLE_OK) {
        tg_err_set(&event.err, tg_curl_code_of(result), (int)result, "%s",
                   exchange->error[0] != '\0' ? exchange->error : curl_easy_strerror(result));
    }
    emit(exchange, &event);
    free_exchange(exchange);
}

/* The server did nothing for the refused token, so nothing is done twice. */
static void send_again(struct exchange *exchange)
{
    if (exchange->upgrade != NULL) {
        tg_curl_upgrade_reset(exchange->upgrade);
    }
    curl_multi_remove_handle(exchange->owner->multi, exchange->easy);
    exchange->is_refused = false;
    exchange->is_second = true;
    exchange->body_len = 0;
    exchange->header_bytes = 0;
    exchange->retry_after_us = 0;
    exchange->submitted_us = tg_clock_monotonic_us(&exchange->owner->clock);
    wait_for_token(exchange);
}

/* ---- connections that left HTTP ---- */

static bool on_upgrade_line(void *context, const char *line, size_t len)
{
    return on_header((char *)(uintptr_t)line, 1, len, context) == len;
}

static bool on_upgrade_body(void *context, const char *bytes, size_t len)
{
    return on_body((char *)(uintptr_t)bytes, 1, len, context) == len;
}

static void pump_upgrade(struct exchange *exchange)
{
    struct tg_upgrade_sink sink = {on_upgrade_line, on_upgrade_body, exchange};
    switch (tg_curl_upgrade_pump(exchange->upgrade, exchange->easy, &sink, &exchange->why)) {
    case TG_CURL_UPGRADE_GOES_ON:
        break;
    case TG_CURL_UPGRADE_ENDED:
        if (exchange->is_refused && !exchange->is_cancelled) {
            send_again(exchange);
        } else {
            finish(exchange, CURLE_OK);
        }
        break;
    case TG_CURL_UPGRADE_FAILED:
        finish(exchange, CURLE_RECV_ERROR);
        break;
    }
}

/* libcurl has connected, and verified whom it speaks to; the rest is said by hand. */
static void open_upgrade(struct exchange *exchange)
{
    if (tg_curl_upgrade_open(exchange->upgrade, exchange->easy, exchange->owner->epoll_fd)) {
        pump_upgrade(exchange);
    } else {
        finish(exchange, CURLE_COULDNT_CONNECT);
    }
}

static void send_bytes(struct tg_transport *transport, uint64_t id, const char *bytes, size_t len)
{
    struct curl_transport *owner = (struct curl_transport *)transport;
    for (struct exchange *exchange = owner->first; exchange != NULL; exchange = exchange->next) {
        if (exchange->id == id && exchange->upgrade != NULL && exchange->why.code == TG_CODE_NONE &&
            !tg_curl_upgrade_send(exchange->upgrade, bytes, len)) {
            tg_err_set(&exchange->why, TG_CODE_LIMIT, 0, "the peer does not read");
        }
    }
}

/* Whose socket is ready, or, with fd -1, whoever has something to send. */
static bool pump_upgrades(struct curl_transport *owner, int fd)
{
    struct exchange *following;
    bool is_any = false;
    struct exchange *exchange = owner->upgrades_count > 0 ? owner->first : NULL;
    for (; exchange != NULL && !is_any; exchange = following) {
        following = exchange->next;
        const struct tg_curl_upgrade *upgrade = exchange->upgrade;
        if (upgrade == NULL || exchange->is_cancelled || !tg_curl_upgrade_is_open(upgrade)) {
            continue;
        }
        if (fd < 0 ? tg_curl_upgrade_has_output(upgrade) : tg_curl_upgrade_fd(upgrade) == fd) {
            is_any = fd >= 0;
            pump_upgrade(exchange);
        }
    }
    return is_any;
}

static void finish_ended(struct curl_transport *owner)
{
    int left = 0;
    CURLMsg *message;
    while ((message = curl_multi_info_read(owner->multi, &left)) != NULL) {
        if (message->msg == CURLMSG_DONE) {
            struct exchange *exchange = NULL;
            CURLcode result = message->data.result;
            curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &exchange);
            if (result == CURLE_OK && exchange->upgrade != NULL) {
                open_upgrade(exchange);
            } else if (result == CURLE_OK && exchange->is_refused && !exchange->is_cancelled) {
                send_again(exchange);
            } else {
                finish(exchange, result);
            }
        }
    }
}

/* Starts what waited for a token that has come, and ends what waits for none. */
static void start_waiting(struct curl_transport *owner)
{
    struct exchange *following;
    for (struct exchange *exchange = owner->first; exchange != NULL; exchange = following) {
        following = exchange->next;
        if (!exchange->is_waiting || exchange->is_cancelled) {
            continue;
        }
        start_with_token(exchange);
        if (exchange->why.code != TG_CODE_NONE) {
            finish(exchange, CURLE_LOGIN_DENIED);
            following = owner->first; /* the sink may have submitted or cancelled */
        }
    }
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Our own deadlines, which libcurl has no word for: until the status line, and between two bytes of
 * a stream. */
static int64_t check_deadlines(struct curl_transport *owner, int64_t now_us)
{
    int64_t next_us = TG_TIME_NEVER;
    struct exchange *following;
    for (struct exchange *exchange = owner->first; exchange != NULL; exchange = following) {
        following = exchange->next;
        int64_t due_us = TG_TIME_NEVER;
        if (exchange->is_cancelled) {
            free_exchange(exchange);
            continue;
        }
        if (!exchange->has_headers && exchange->header_deadline_us > 0) {
            due_us = exchange->header_deadline_us;
        } else if (exchange->has_headers && exchange->idle_us > 0) {
            due_us = exchange->last_byte_us + exchange->idle_us;
        }
        if (exchange->upgrade != NULL && exchange->request.deadline_us > 0) {
            /* libcurl's own ends with the connecting */
            due_us = earlier(due_us, exchange->submitted_us + exchange->request.deadline_us);
        }
        if (due_us <= now_us) {
            tg_err_set(&exchange->why, TG_CODE_TIMEOUT, 0,
                       exchange->has_headers  ? "silent for %lld s"
                       : exchange->is_waiting ? "no access token within %lld s"
                                              : "no answer within %lld s",
                       (long long)((now_us - (exchange->has_headers ? exchange->last_byte_us
                                                                    : exchange->submitted_us)) /
                                   TG_US_PER_S));
            finish(exchange, CURLE_OPERATION_TIMEDOUT);
            /* The sink may have submitted or cancelled: look at the whole list again. */
            following = owner->first;
        } else if (due_us < next_us) {
            next_us = due_us;
        }
    }
    return next_us;
}

/* ---- waiting ----
 *
 * libcurl tells which sockets it waits for, and is told which of them are ready: what a moment
 * costs depends on what happens in it, not on how many watches are open and silent. */

static int on_socket(CURL *easy, curl_socket_t socket, int what, void *context, void *known)
{
    (void)easy;
    struct curl_transport *owner = context;
    struct epoll_event event = {.data.fd = socket};
    if (what == CURL_POLL_REMOVE) {
        (void)epoll_ctl(owner->epoll_fd, EPOLL_CTL_DEL, socket, NULL); /* it may be closed */
        return 0;
    }
    event.events =
        ((what & CURL_POLL_IN) != 0 ? EPOLLIN : 0u) | ((what & CURL_POLL_OUT) != 0 ? EPOLLOUT : 0u);
    int operation = known != NULL ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
    int result = epoll_ctl(owner->epoll_fd, operation, socket, &event);
    curl_multi_assign(owner->multi, socket, owner);
    return result == 0 ? 0 : -1;
}

static int on_timer(CURLM *multi, long timeout_ms, void *context)
{
    (void)multi;
    struct curl_transport *owner = context;
    owner->timer_us =
        timeout_ms < 0 ? TG_TIME_NEVER
                       : tg_clock_monotonic_us(&owner->clock) + (int64_t)timeout_ms * TG_US_PER_MS;
    return 0;
}

static void run_timer(struct curl_transport *owner)
{
    int running = 0;
    if (owner->timer_us <= tg_clock_monotonic_us(&owner->clock)) {
        owner->timer_us = TG_TIME_NEVER;
        curl_multi_socket_action(owner->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    }
}

static void run_sockets(struct curl_transport *owner, int wait_ms)
{
    struct epoll_event events[SOCKETS_AT_ONCE];
    int running = 0;
    int count = epoll_wait(owner->epoll_fd, events, SOCKETS_AT_ONCE, wait_ms);
    for (int i = 0; i < count; i++) {
        uint32_t seen = events[i].events;
        uint64_t wakes;
        if (events[i].data.fd == owner->wake_fd) {
            (void)!read(owner->wake_fd, &wakes, sizeof(wakes));
            continue;
        }
        if (pump_upgrades(owner, events[i].data.fd)) {
            continue;
        }
        int mask = ((seen & EPOLLIN) != 0 ? CURL_CSELECT_IN : 0) |
                   ((seen & EPOLLOUT) != 0 ? CURL_CSELECT_OUT : 0) |
                   ((seen & (EPOLLERR | EPOLLHUP)) != 0 ? CURL_CSELECT_ERR : 0);
        curl_multi_socket_action(owner->multi, events[i].data.fd, mask, &running);
    }
}

static void poll_transport(struct tg_transport *transport, int64_t timeout_us,
                           const struct tg_transport_sink *sink)
{
    struct curl_transport *owner = (struct curl_transport *)transport;
    owner->sink = sink;
    owner->has_emitted = false;
    start_waiting(owner);
    (void)pump_upgrades(owner, -1);
    run_timer(owner);
    finish_ended(owner);
    int64_t now_us = tg_clock_monotonic_us(&owner->clock);
    int64_t due_us = earlier(check_deadlines(owner, now_us), owner->timer_us);
    int64_t wait_us = due_us == TG_TIME_NEVER ? timeout_us : earlier(due_us - now_us, timeout_us);
    int64_t wait_ms = wait_us <= 0 || owner->has_emitted ? 0 : (wait_us + 999) / 1000;
    run_sockets(owner, (int)earlier(wait_ms, WAIT_MS_MAX));
    run_timer(owner);
    finish_ended(owner);
    owner->sink = NULL;
}

static void free_transport(struct tg_transport *transport)
{
    struct curl_transport *owner = (struct curl_transport *)transport;
    while (owner->first != NULL) {
        free_exchange(owner->first);
    }
    curl_multi_cleanup(owner->multi);
    tg_token_files_free(owner->tokens);
    close(owner->epoll_fd);
    close(owner->wake_fd);
    free(owner);
}

struct tg_transport *tg_curl_transport_new(struct tg_clock clock, struct tg_err *err)
{
    static const struct tg_transport_ops ops = {submit,         cancel, send_bytes,
                                                poll_transport, wake,   free_transport};
    struct curl_transport *transport = TG_NEW(struct curl_transport);
    transport->base.ops = &ops;
    transport->clock = clock;
    transport->multi = curl_multi_init();
    transport->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    transport->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    transport->timer_us = TG_TIME_NEVER;
    transport->tokens = tg_token_files_new();
    struct epoll_event event = {.events = EPOLLIN, .data.fd = transport->wake_fd};
    if (transport->multi == NULL ||
        epoll_ctl(transport->epoll_fd, EPOLL_CTL_ADD, transport->wake_fd, &event) != 0) {
        free_transport(&transport->base);
        tg_err_set(err, TG_CODE_INTERNAL, 0, "libcurl or epoll does not start");
        return NULL;
    }
    curl_multi_setopt(transport->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(transport->multi, CURLMOPT_SOCKETDATA, transport);
    curl_multi_setopt(transport->multi, CURLMOPT_TIMERFUNCTION, on_timer);
    curl_multi_setopt(transport->multi, CURLMOPT_TIMERDATA, transport);
    curl_multi_setopt(transport->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX);
    curl_multi_setopt(transport->multi, CURLMOPT_MAXCONNECTS, CONNECTIONS_MAX);
    return &transport->base;
}
