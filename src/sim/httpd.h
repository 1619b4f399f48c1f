/* sim/httpd.h - the HTTPS front of a world: one listening port for each server, all driven by one
 * caller's loop.
 *
 * libmicrohttpd without threads of its own. wait() sleeps until a socket has something, without
 * touching the world; run() then reads, answers and writes, and does touch it: the owner holds its
 * lock around run() only.
 *
 * Thread: the one that drives it. Ownership: borrows the world, which must outlive it.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_SIM_HTTPD_H
#define TG_SIM_HTTPD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "sim/certificate.h"
#include "sim/world.h"

struct sim_httpd;

/* Listens on host (an IP address), for Google Cloud at port and for cluster i at port + 1 + i, or
 * on free ports when port is 0. Errors: CONNECT when a port cannot be had, USAGE when host is no
 * address. */
struct sim_httpd *sim_httpd_new(struct sim_world *world, const char *host, int port,
                                const struct sim_certificates *certificates, struct tg_err *err);

/* Ends all connections and streams. */
void sim_httpd_free(struct sim_httpd *httpd);

/* Port of a server (cluster index or SIM_SERVER_GCP). */
int sim_httpd_port(const struct sim_httpd *httpd, int server);

/* Speed that answers name in Tidegate-World. */
void sim_httpd_set_speed(struct sim_httpd *httpd, double speed);

/* Sleeps until there is work, wake_fd is readable, or timeout_us passed. */
void sim_httpd_wait(struct sim_httpd *httpd, int wake_fd, int64_t timeout_us);

/* Does what there is to do without sleeping. */
void sim_httpd_run(struct sim_httpd *httpd);

#endif
