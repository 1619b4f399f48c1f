/* net/websocket.h - the client's side of one WebSocket (RFC 6455) over bytes that somebody else
 * carries: framing by wslay, and the two values of the opening handshake.
 *
 * It only listens: nothing but pongs and the close frame is ever said, since what tidegate runs in
 * a container gets no input.
 *
 * Thread: owner only. Ownership: the caller frees; message bytes are borrowed during the call.
 * Errors: frames that break the protocol are TG_CODE_PROTOCOL, a message above the ceiling is
 * TG_CODE_LIMIT; a socket that failed refuses everything after.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_NET_WEBSOCKET_H
#define TG_NET_WEBSOCKET_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/rng.h"

#define TG_WEBSOCKET_KEY_SIZE 25 /* 16 bytes in base64, with the NUL */

struct tg_websocket;

/* One whole message (text or binary) from the peer. */
typedef void tg_websocket_message(void *context, const char *bytes, size_t len);

/* Value for Sec-WebSocket-Key. */
void tg_websocket_key(struct tg_rng *rng, char out[TG_WEBSOCKET_KEY_SIZE]);

/* True when accept is what a server must answer to key. */
bool tg_websocket_is_accepted(const char *key, const char *accept);

/* For messages of at most message_len_max bytes; rng (copied) masks what is sent. */
struct tg_websocket *tg_websocket_new(const struct tg_rng *rng, size_t message_len_max,
                                      tg_websocket_message *message, void *context);
void tg_websocket_free(struct tg_websocket *socket);

/* Bytes from the peer, cut anywhere; whole messages go to message(). False and err when it is
 * broken beyond use (a close frame for the peer may still wait in the output). */
bool tg_websocket_feed(struct tg_websocket *socket, const char *bytes, size_t len,
                       struct tg_err *err);

/* Queues the close frame, once. */
void tg_websocket_close(struct tg_websocket *socket);

/* The peer said that it closes: nothing more will come. */
bool tg_websocket_is_closed(const struct tg_websocket *socket);

/* Bytes for the peer; whoever sends them consumes them. */
struct tg_buf *tg_websocket_output(struct tg_websocket *socket);

#endif
