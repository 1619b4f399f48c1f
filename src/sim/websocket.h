/* sim/websocket.h - the server's side of one WebSocket (RFC 6455) over bytes that somebody else
 * carries: framing by wslay.
 *
 * Thread: the world's. Ownership: the caller frees; message bytes are borrowed during the call.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_SIM_WEBSOCKET_H
#define TG_SIM_WEBSOCKET_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

#define SIM_WEBSOCKET_ACCEPT_SIZE 32

struct sim_websocket;

/* One whole message from the peer; is_end when the peer closed its side (bytes is then NULL). */
typedef void sim_websocket_message(void *context, const char *bytes, size_t len, bool is_end);

struct sim_websocket *sim_websocket_new(sim_websocket_message *message, void *context);
void sim_websocket_free(struct sim_websocket *socket);

/* Bytes from the peer. False: broken beyond use (a close frame may still wait in the output). */
bool sim_websocket_feed(struct sim_websocket *socket, const char *bytes, size_t len);

/* Queues one binary message. */
void sim_websocket_send(struct sim_websocket *socket, const void *bytes, size_t len);

/* Queues the close frame; nothing is sent after it. */
void sim_websocket_close(struct sim_websocket *socket);

/* Bytes for the peer; whoever sends them consumes them. */
struct tg_buf *sim_websocket_output(struct sim_websocket *socket);

/* Value of Sec-WebSocket-Accept for the client's key (RFC 6455, 4.2.2). */
void sim_websocket_accept(const char *key, char out[SIM_WEBSOCKET_ACCEPT_SIZE]);

#endif
