/* io/curl_upgrade.h - a connection that leaves HTTP: libcurl makes it and verifies the server
 * (CONNECT_ONLY), and what is said on it is said here. Private to io/curl_*.c.
 *
 * libcurl speaks WebSocket only as an experiment of some builds, so that the request is written and
 * its answer read by hand (net/upgrade.h).
 *
 * Thread: the transport's. Ownership: the transport frees; the easy handle stays the transport's.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_IO_CURL_UPGRADE_H
#define TG_IO_CURL_UPGRADE_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>

#include "net/http.h"
#include "net/upgrade.h"

struct tg_curl_upgrade;

/* For a request with a websocket_key that goes to url. NULL when url is none. */
struct tg_curl_upgrade *tg_curl_upgrade_new(const struct tg_http_request *request, const char *url);

/* Takes its socket out of the epoll set that it was put into. */
void tg_curl_upgrade_free(struct tg_curl_upgrade *upgrade);

/* Options of the easy handle beside those that every request has. */
void tg_curl_upgrade_set_options(CURL *easy);

/* The bearer token to send (copied, wiped when it is sent). */
void tg_curl_upgrade_set_token(struct tg_curl_upgrade *upgrade, const struct tg_secret *token);

/* The connection stands: queues the request and waits for the socket with epoll_fd. False when
 * there is no socket. */
bool tg_curl_upgrade_open(struct tg_curl_upgrade *upgrade, CURL *easy, int epoll_fd);

/* Forgets the connection, which is closed; another may be opened. */
void tg_curl_upgrade_reset(struct tg_curl_upgrade *upgrade);

/* Queues bytes for the peer; false when too much waits already. */
bool tg_curl_upgrade_send(struct tg_curl_upgrade *upgrade, const char *bytes, size_t len);

enum tg_curl_upgrade_end {
    TG_CURL_UPGRADE_GOES_ON,
    TG_CURL_UPGRADE_ENDED,
    TG_CURL_UPGRADE_FAILED, /* err says why; NONE when the sink wanted no more */
};

/* Sends and reads what can be without waiting. */
enum tg_curl_upgrade_end tg_curl_upgrade_pump(struct tg_curl_upgrade *upgrade, CURL *easy,
                                              const struct tg_upgrade_sink *sink,
                                              struct tg_err *err);

bool tg_curl_upgrade_is_open(const struct tg_curl_upgrade *upgrade);
bool tg_curl_upgrade_has_output(const struct tg_curl_upgrade *upgrade);
int tg_curl_upgrade_fd(const struct tg_curl_upgrade *upgrade); /* -1: none */
int tg_curl_upgrade_status(const struct tg_curl_upgrade *upgrade);

#endif
