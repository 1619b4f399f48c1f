/* sim/spdy.h - the server's side of SPDY/3.1, which exec, attach and port-forward of older clients
 * speak, over bytes that somebody else carries.
 *
 * Source: the SPDY/3.1 draft (framing, the header dictionary). Flow control is not done: neither do
 * the clients (they never send WINDOW_UPDATE and ignore it).
 *
 * Thread: the world's. Ownership: the caller frees; what events point to is borrowed.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_SIM_SPDY_H
#define TG_SIM_SPDY_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct sim_spdy;

struct sim_spdy_events {
    /* The peer opened a stream; headers is an object of lower-case names and texts. */
    void (*opened)(void *context, uint32_t stream, const json_t *headers);
    /* Bytes on a stream; is_end when the peer will send no more on it. */
    void (*data)(void *context, uint32_t stream, const char *bytes, size_t len, bool is_end);
    /* The peer gave a stream up. */
    void (*reset)(void *context, uint32_t stream);
    void *context;
};

struct sim_spdy *sim_spdy_new(const struct sim_spdy_events *events);
void sim_spdy_free(struct sim_spdy *spdy);

/* Bytes from the peer. False when they are no SPDY/3.1, or the peer said goodbye. */
bool sim_spdy_feed(struct sim_spdy *spdy, const char *bytes, size_t len);

/* Accepts a stream that was opened. */
void sim_spdy_reply(struct sim_spdy *spdy, uint32_t stream);

/* Sends bytes on a stream; is_end ends our side of it. */
void sim_spdy_send(struct sim_spdy *spdy, uint32_t stream, const void *bytes, size_t len,
                   bool is_end);

/* Bytes for the peer; whoever sends them consumes them. */
struct tg_buf *sim_spdy_output(struct sim_spdy *spdy);

#endif
