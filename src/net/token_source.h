/* net/token_source.h - where a bearer token that is renewed while the program runs comes from.
 *
 * A transport asks for each request; while there is no token yet it keeps the request back and
 * listens. A token that a server refused is told, once, so that an early renewal can be tried.
 *
 * Thread: any; implementations lock. Listeners are called on the source's thread, under its lock:
 * they only wake somebody.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_NET_TOKEN_SOURCE_H
#define TG_NET_TOKEN_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/secret.h"

/* A copy of the credential of this moment: a token, a client certificate with its key, or both;
 * released with tg_token_grant_fini(). */
struct tg_token_grant {
    struct tg_secret *token;
    char *client_cert_pem;
    struct tg_secret *client_key_pem;
    char
        *quota_project; /* project that Google's APIs are to bill and count; NULL: the called one */
    uint64_t serial;    /* counts the source's tokens, from 1 */
};

enum tg_token_answer {
    TG_TOKEN_READY,   /* the grant is filled in; the caller releases it */
    TG_TOKEN_PENDING, /* it is being fetched: listeners are told when that ended */
    TG_TOKEN_FAILED,  /* there is none; err says why, and listeners are told when there is one */
};

/* Kept by whoever listens; from listen() to forget() it belongs to the source. */
struct tg_token_listener {
    struct tg_token_listener *before;
    struct tg_token_listener *after;
    void (*changed)(void *context);
    void *context;
};

struct tg_token_source;

struct tg_token_source_ops {
    enum tg_token_answer (*get)(struct tg_token_source *source, struct tg_token_grant *grant,
                                struct tg_err *err);

    /* A server refused the token with this serial (401). True when the request is worth another
     * try with the token that get() then gives, now or soon. */
    bool (*refused)(struct tg_token_source *source, uint64_t serial);
    void (*listen)(struct tg_token_source *source, struct tg_token_listener *listener);

    /* After it no call reaches the listener. */
    void (*forget)(struct tg_token_source *source, struct tg_token_listener *listener);
};

/* Implementations embed this first. */
struct tg_token_source {
    const struct tg_token_source_ops *ops;
};

/* Wipes and frees what the grant holds. */
void tg_token_grant_fini(struct tg_token_grant *grant);

#endif
