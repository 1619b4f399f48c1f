/* sim/listener.c - a listening socket, and connections that are taken and left alone. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "sim/listener.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#define BACKLOG 511

/* The address's size, 0 when host is none. */
static socklen_t read_address(const char *host, int port, struct sockaddr_storage *address)
{
    memset(address, 0, sizeof *address);
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
    if (inet_pton(AF_INET, host, &v4.sin_addr) == 1) {
        memcpy(address, &v4, sizeof v4);
        return sizeof v4;
    }
    if (inet_pton(AF_INET6, host, &v6.sin6_addr) == 1) {
        memcpy(address, &v6, sizeof v6);
        return sizeof v6;
    }
    return 0;
}

static int port_of(int fd)
{
    struct sockaddr_storage address;
    socklen_t len = sizeof address;
    if (getsockname(fd, (struct sockaddr *)&address, &len) != 0) {
        return 0;
    }
    in_port_t port;
    if (address.ss_family == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, &address, sizeof v4);
        port = v4.sin_port;
    } else {
        struct sockaddr_in6 v6;
        memcpy(&v6, &address, sizeof v6);
        port = v6.sin6_port;
    }
    return ntohs(port);
}

static bool open_socket(int fd, const struct sockaddr_storage *address, socklen_t len)
{
    int yes = 1;
    bool is_v6 = address->ss_family == AF_INET6;
    return setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0 &&
           (!is_v6 || setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof yes) == 0) &&
           bind(fd, (const struct sockaddr *)address, len) == 0 && listen(fd, BACKLOG) == 0;
}

int sim_listen(const char *host, int port, int *number, struct tg_err *err)
{
    struct sockaddr_storage address;
    socklen_t len = read_address(host, port, &address);
    if (len == 0) {
        tg_err_set(err, TG_CODE_USAGE, 0, "%s is not an IP address", host);
        return -1;
    }
    int fd = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || !open_socket(fd, &address, len)) {
        tg_err_set(err, TG_CODE_CONNECT, 0, "cannot listen on %s port %d", host, port);
        if (fd >= 0) {
            close(fd);
        }
        return -1;
    }
    *number = port_of(fd);
    return fd;
}

int sim_accept(int listener, struct sockaddr_storage *peer, socklen_t *peer_len)
{
    *peer_len = sizeof *peer;
    return accept4(listener, (struct sockaddr *)peer, peer_len, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

void sim_mute_hold(struct sim_mute *mute, int fd)
{
    int *place = &mute->fds[mute->count % SIM_MUTE_MAX];
    if (mute->count >= SIM_MUTE_MAX) {
        close(*place);
    }
    *place = fd;
    mute->count++;
}

void sim_mute_close(struct sim_mute *mute)
{
    for (size_t i = 0; i < mute->count && i < SIM_MUTE_MAX; i++) {
        close(mute->fds[i]);
    }
    mute->count = 0;
}
