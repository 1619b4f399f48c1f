/* net/http.h - one HTTP exchange as values: what is asked, with which limits, and what came back.
 *
 * Thread: values; whoever holds one owns it.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_NET_HTTP_H
#define TG_NET_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/secret.h"

struct tg_token_source;

/* How to reach and trust one server; shared by all requests to it and outliving them. */
struct tg_http_endpoint {
    char *base_url;        /* "https://host:port", without a slash at the end */
    char *ca_pem;          /* certificate authorities as PEM bytes; NULL: the system's */
    char *tls_server_name; /* expected name when it differs from the host; NULL: the host */
    char *client_cert_pem; /* NULL unless client certificates are used */
    struct tg_secret *client_key_pem;
    struct tg_secret *bearer_token; /* sent as Authorization; NULL: none */
    char *token_path; /* file that somebody keeps a fresh token in; NULL: bearer_token stays */
    struct tg_token_source *token_source; /* asked before both; borrowed, outlives the endpoint */
    bool names_quota_project; /* say whom the source's credentials bill: Google's own APIs alone */
    bool is_metadata_server;  /* the one kind of server that is spoken to without TLS, and without
                                 a proxy: it is on the machine's own link. No token is sent. */
};

void tg_http_endpoint_fini(struct tg_http_endpoint *endpoint);

struct tg_http_request {
    const struct tg_http_endpoint *endpoint; /* borrowed until the exchange ended */
    const char *method; /* static storage: "GET", "HEAD", "POST", "PATCH", "PUT",
                           "DELETE" */
    char *path;         /* path and query, starting with a slash */
    char *content_type; /* of body; NULL without one */
    char *accept;       /* NULL: application/json */
    const char *extra;  /* one more header, "Name: value"; static storage; NULL: none */
    char *body;         /* NULL: none */
    size_t body_len;
    bool is_body_secret;        /* wiped when it is given back */
    int64_t deadline_us;        /* whole exchange, from submit; 0: none (streams) */
    int64_t header_deadline_us; /* until the status line; 0: deadline_us alone rules */
    int64_t idle_deadline_us;   /* longest silence within the body; 0: none */
    size_t body_len_max; /* ceiling of the answer; for streams, of what is unread (0 is refused) */
    bool is_stream;      /* deliver DATA as it comes (watch, log follow) */
    /* Opens a WebSocket when key is not NULL (net/websocket.h): the connection leaves HTTP/1.1
     * after status 101, and no other request uses it. body_len_max is then all that the peer may
     * send. */
    char *websocket_key;
    const char *websocket_protocols; /* offered, separated by commas; static storage */
};

void tg_http_request_fini(struct tg_http_request *request);

#endif
