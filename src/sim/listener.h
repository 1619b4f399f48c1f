/* sim/listener.h - a listening socket, and connections that are taken and left alone.
 *
 * Thread: any.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_SIM_LISTENER_H
#define TG_SIM_LISTENER_H

#include <stdbool.h>
#include <sys/socket.h>

#include "base/err.h"

/* Listens on host (an IP address) and port (0: a free one) without blocking; *number is the port.
 * -1 and err (USAGE when host is no address, CONNECT when the port cannot be had). The caller
 * closes. */
int sim_listen(const char *host, int port, int *number, struct tg_err *err);

/* The next connection that waits, and its peer; -1 when there is none. The caller closes. */
int sim_accept(int listener, struct sockaddr_storage *peer, socklen_t *peer_len);

#define SIM_MUTE_MAX 64

/* Connections whose peers wait for a handshake in vain; when there are too many the oldest ends.
 * All zero: none. */
struct sim_mute {
    int fds[SIM_MUTE_MAX]; /* the next to be replaced at count % SIM_MUTE_MAX */
    size_t count;          /* ever held */
};

/* Takes over fd, a connection. */
void sim_mute_hold(struct sim_mute *mute, int fd);

/* Closes all of them. */
void sim_mute_close(struct sim_mute *mute);

#endif
