/* sim/tunnel.h - a connection that left HTTP: the bytes of a channel through a socket.
 *
 * Thread: the world's. Ownership: borrows both ends.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_SIM_TUNNEL_H
#define TG_SIM_TUNNEL_H

#include <stdbool.h>
#include <stddef.h>

#include "sim/front.h"

#define SIM_TUNNEL_BLOCK 16384u

struct sim_tunnel {
    struct sim_channel *channel;
    int fd;
    bool is_ready;                  /* the channel may have something to say */
    char pending[SIM_TUNNEL_BLOCK]; /* bytes that the socket did not take yet */
    size_t pending_len;
    bool is_over; /* either end has ended */
};

/* Gives the channel what the socket has. */
void sim_tunnel_feed(struct sim_tunnel *tunnel);

/* Sends until the socket is full or there is nothing to send. */
void sim_tunnel_send(struct sim_tunnel *tunnel);

#endif
