/* sim/server.h - a world with its own thread and HTTPS front: what `tidegate sim` and `tidegate
 * demo` start.
 *
 * The thread advances virtual time with real time times speed, serves every cluster and Google
 * Cloud on its own port of the listen address with certificates of a certificate authority made for
 * this run, and writes into dir: kubeconfig (contexts gke_PROJECT_ZONE_CLUSTER, a bearer token
 * each, the CA inline), ca.pem, gcp-token, env (shell exports: KUBECONFIG, PROJECT_ID, CTX_US,
 * CTX_EU, TIDEGATE_GCP_ENDPOINT, TIDEGATE_GCP_CA, TIDEGATE_GCP_TOKEN_FILE, TIDEGATE_CRD_*,
 * CLOUDSDK_API_ENDPOINT_OVERRIDES_*, GOOGLE_*_CUSTOM_ENDPOINT, SSL_CERT_FILE hints), all mode 0600
 * in a directory of mode 0700.
 *
 * Thread: the handle belongs to the caller's thread; every function locks or signals as needed.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_SIM_SERVER_H
#define TG_SIM_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "sim/world.h"

struct sim_server;

struct sim_server_config {
    struct sim_config world;
    const char *dir;    /* made when missing */
    const char *listen; /* "127.0.0.1:0"; port 0: ephemeral; fixed port P: Google Cloud at P,
                           cluster i at P+1+i */
    double speed;       /* virtual seconds per real second, > 0 */
    struct tg_clock clock;
    const char
        *script; /* of another world (sim/script.h), whose configuration world is; NULL: none */
    size_t script_len;
    int64_t script_until_us; /* the fork begins there */
};

struct sim_server *sim_server_start(const struct sim_server_config *config, struct tg_err *err);

/* Ends connections and the thread, frees the world. NULL allowed. */
void sim_server_stop(struct sim_server *server);

/* Paths and URLs, valid while the server lives. */
const char *sim_server_kubeconfig_path(const struct sim_server *server);
const char *sim_server_gcp_url(const struct sim_server *server);
const char *sim_server_ca_pem(const struct sim_server *server);
const char *sim_server_gcp_token(const struct sim_server *server);
const char *sim_server_project(const struct sim_server *server);

/* Changes the speed from now on; 0 pauses. */
void sim_server_set_speed(struct sim_server *server, double speed);

/* One request to the world's own API ("/tidegate.dev/v1/..."), without a socket: appends the JSON
 * that answers it. body may be NULL. */
void sim_server_ask(struct sim_server *server, const char *method, const char *path,
                    const char *body, struct tg_buf *answer, int *status);

/* Virtual wall time now. */
int64_t sim_server_wall_us(struct sim_server *server);

#endif
