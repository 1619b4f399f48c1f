/* sim/server_files.h - the files by which other programs find a running simulation: kubeconfig,
 * ca.pem, gcp-token, gcp-user.json, env.
 *
 * Thread: the one that starts the server.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_SIM_SERVER_FILES_H
#define TG_SIM_SERVER_FILES_H

#include <jansson.h>
#include <stdbool.h>

#include "base/err.h"
#include "sim/httpd.h"
#include "sim/world.h"

struct sim_server_files {
    const char *dir;
    const char *host; /* as in URLs: IPv6 in brackets */
    const char *ca_pem;
    const char *cluster_token; /* of all clusters */
    const json_t *user_tokens; /* "viewer" -> token, of all clusters */
    const char *gcp_token;
    const char *refresh_token; /* of the project's owner, for the token endpoint */
    const bool *is_hidden; /* by cluster: its host has a name that nobody resolves; NULL: none */
};

/* Writes the files (mode 0600, each by a temporary file and rename) into dir, which is made with
 * mode 0700 when it is missing. Errors: IO. */
bool sim_server_files_write(const struct sim_server_files *files, struct sim_world *world,
                            const struct sim_httpd *httpd, struct tg_err *err);

/* Writes the kubeconfig alone, afresh. */
bool sim_server_files_write_kubeconfig(const struct sim_server_files *files,
                                       struct sim_world *world, const struct sim_httpd *httpd,
                                       struct tg_err *err);

#endif
