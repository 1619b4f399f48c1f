/* io/curl_upgrade.c - a request by hand on a connection of libcurl's. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "io/curl_upgrade.h"

#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"

#define OUTPUT_BYTES_MAX (256 * 1024)
#define READ_BYTES       16384

struct tg_curl_upgrade {
    char *head; /* request line and fields, without Authorization and the empty line */
    struct tg_secret *token;
    struct tg_buf output;
    struct tg_upgrade answer;
    int epoll_fd; /* that fd is in; -1: in none */
    curl_socket_t fd;
    bool is_writing; /* the epoll set waits for room too */
};

struct tg_curl_upgrade *tg_curl_upgrade_new(const struct tg_http_request *request, const char *url)
{
    CURLU *parts = curl_url();
    char *host = NULL;
    char *port = NULL;
    char *path = NULL;
    char *query = NULL;
    struct tg_curl_upgrade *upgrade = NULL;
    if (curl_url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK &&
        curl_url_get(parts, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
        curl_url_get(parts, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK &&
        curl_url_get(parts, CURLUPART_PATH, &path, 0) == CURLUE_OK) {
        (void)curl_url_get(parts, CURLUPART_QUERY, &query, 0);
        upgrade = TG_NEW(struct tg_curl_upgrade);
        upgrade->fd = CURL_SOCKET_BAD;
        upgrade->epoll_fd = -1;
        tg_buf_init(&upgrade->output, OUTPUT_BYTES_MAX);
        upgrade->head =
            tg_asprintf("GET %s%s%s HTTP/1.1\r\nHost: %s:%s\r\nUser-Agent: tidegate\r\n"
                        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                        "Sec-WebSocket-Key: %s\r\nSec-WebSocket-Protocol: %s\r\n",
                        path, query != NULL ? "?" : "", query != NULL ? query : "", host, port,
                        request->websocket_key,
                        request->websocket_protocols != NULL ? request->websocket_protocols : "");
    }
    curl_free(host);
    curl_free(port);
    curl_free(path);
    curl_free(query);
    curl_url_cleanup(parts);
    return upgrade;
}

/* The request carries a token: what was not sent of it is wiped. */
static void wipe_output(struct tg_curl_upgrade *upgrade)
{
    if (upgrade->output.data != NULL) {
        explicit_bzero(upgrade->output.data, upgrade->output.len);
    }
    tg_buf_reset(&upgrade->output);
}

void tg_curl_upgrade_reset(struct tg_curl_upgrade *upgrade)
{
    if (upgrade->epoll_fd >= 0) {
        (void)epoll_ctl(upgrade->epoll_fd, EPOLL_CTL_DEL, upgrade->fd, NULL);
    }
    upgrade->epoll_fd = -1;
    upgrade->fd = CURL_SOCKET_BAD;
    upgrade->is_writing = false;
    upgrade->answer = (struct tg_upgrade){.status = 0};
    wipe_output(upgrade);
}

void tg_curl_upgrade_free(struct tg_curl_upgrade *upgrade)
{
    if (upgrade != NULL) {
        tg_curl_upgrade_reset(upgrade);
        tg_buf_fini(&upgrade->output);
        tg_secret_free(upgrade->token);
        free(upgrade->head);
        free(upgrade);
    }
}

void tg_curl_upgrade_set_options(CURL *easy)
{
    curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, 1L);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
}

void tg_curl_upgrade_set_token(struct tg_curl_upgrade *upgrade, const struct tg_secret *token)
{
    tg_secret_free(upgrade->token);
    upgrade->token = tg_secret_new(tg_secret_peek(token), tg_secret_len(token));
}

bool tg_curl_upgrade_open(struct tg_curl_upgrade *upgrade, CURL *easy, int epoll_fd)
{
    curl_socket_t fd = CURL_SOCKET_BAD;
    struct epoll_event event = {.events = EPOLLIN};
    if (curl_easy_getinfo(easy, CURLINFO_ACTIVESOCKET, &fd) != CURLE_OK || fd == CURL_SOCKET_BAD) {
        return false;
    }
    event.data.fd = fd;
    if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0 &&
        epoll_ctl(epoll_fd, EPOLL_CTL_MOD, fd, &event) != 0) {
        return false;
    }
    upgrade->fd = fd;
    upgrade->epoll_fd = epoll_fd;
    tg_buf_puts(&upgrade->output, upgrade->head);
    /* A token with a line break in it would be a field of somebody else's making. */
    if (upgrade->token != NULL && strpbrk(tg_secret_peek(upgrade->token), "\r\n") == NULL) {
        tg_buf_puts(&upgrade->output, "Authorization: Bearer ");
        tg_buf_append(&upgrade->output, tg_secret_peek(upgrade->token),
                      tg_secret_len(upgrade->token));
        tg_buf_puts(&upgrade->output, "\r\n");
    }
    return tg_buf_puts(&upgrade->output, "\r\n");
}

bool tg_curl_upgrade_send(struct tg_curl_upgrade *upgrade, const char *bytes, size_t len)
{
    return tg_buf_append(&upgrade->output, bytes, len);
}

static void wait_for_room(struct tg_curl_upgrade *upgrade, bool is_wanted)
{
    if (upgrade->is_writing != is_wanted) {
        struct epoll_event event = {.events = EPOLLIN | (is_wanted ? EPOLLOUT : 0u),
                                    .data.fd = upgrade->fd};
        upgrade->is_writing = is_wanted;
        (void)epoll_ctl(upgrade->epoll_fd, EPOLL_CTL_MOD, upgrade->fd, &event);
    }
}

static bool push(struct tg_curl_upgrade *upgrade, CURL *easy, struct tg_err *err)
{
    while (upgrade->output.len > 0) {
        size_t sent = 0;
        CURLcode result = curl_easy_send(easy, upgrade->output.data, upgrade->output.len, &sent);
        if (result == CURLE_AGAIN || (result == CURLE_OK && sent == 0)) {
            break;
        }
        if (result != CURLE_OK) {
            return tg_err_set(err, TG_CODE_BROKEN, (int)result, "%s", curl_easy_strerror(result));
        }
        explicit_bzero(upgrade->output.data, sent);
        tg_buf_consume(&upgrade->output, sent);
    }
    wait_for_room(upgrade, upgrade->output.len > 0);
    return true;
}

/* Until there is nothing more to read: what TLS holds decrypted wakes no poll. */
static enum tg_curl_upgrade_end pull(struct tg_curl_upgrade *upgrade, CURL *easy,
                                     const struct tg_upgrade_sink *sink, struct tg_err *err)
{
    char bytes[READ_BYTES];
    while (upgrade->answer.state != TG_UPGRADE_WHOLE) {
        size_t len = 0;
        CURLcode result = curl_easy_recv(easy, bytes, sizeof(bytes), &len);
        if (result == CURLE_AGAIN) {
            return TG_CURL_UPGRADE_GOES_ON;
        }
        if (result != CURLE_OK || len == 0) {
            if (result == CURLE_OK && tg_upgrade_may_end(&upgrade->answer)) {
                return TG_CURL_UPGRADE_ENDED;
            }
            tg_err_set(err, TG_CODE_BROKEN, (int)result, "%s",
                       result == CURLE_OK ? "the connection ended" : curl_easy_strerror(result));
            return TG_CURL_UPGRADE_FAILED;
        }
        if (!tg_upgrade_feed(&upgrade->answer, bytes, len, sink, err)) {
            return TG_CURL_UPGRADE_FAILED;
        }
    }
    return TG_CURL_UPGRADE_ENDED;
}

enum tg_curl_upgrade_end tg_curl_upgrade_pump(struct tg_curl_upgrade *upgrade, CURL *easy,
                                              const struct tg_upgrade_sink *sink,
                                              struct tg_err *err)
{
    if (!push(upgrade, easy, err)) {
        return TG_CURL_UPGRADE_FAILED;
    }
    enum tg_curl_upgrade_end end = pull(upgrade, easy, sink, err);
    /* What the sink had to say to what it read, as a pong, goes out at once. */
    if (end == TG_CURL_UPGRADE_GOES_ON && !push(upgrade, easy, err)) {
        return TG_CURL_UPGRADE_FAILED;
    }
    return end;
}

bool tg_curl_upgrade_is_open(const struct tg_curl_upgrade *upgrade)
{
    return upgrade->fd != CURL_SOCKET_BAD;
}

bool tg_curl_upgrade_has_output(const struct tg_curl_upgrade *upgrade)
{
    return upgrade->output.len > 0;
}

int tg_curl_upgrade_fd(const struct tg_curl_upgrade *upgrade)
{
    return upgrade->fd == CURL_SOCKET_BAD ? -1 : upgrade->fd;
}

int tg_curl_upgrade_status(const struct tg_curl_upgrade *upgrade)
{
    return upgrade->answer.status;
}
