/* sim/tunnel.c - a channel's bytes through a socket. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "sim/tunnel.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

void sim_tunnel_feed(struct sim_tunnel *tunnel)
{
    char bytes[SIM_TUNNEL_BLOCK];
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

void sim_tunnel_send(struct sim_tunnel *tunnel)
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
