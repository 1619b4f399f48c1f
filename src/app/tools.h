/* app/tools.h - the programs that a run orders: their environment, and their life.
 *
 * They get the operator's environment, and in it: nothing to ask questions or draw with; a
 * kubeconfig of the folder's own; no options for Terraform but `-json`; and where Google Cloud is
 * somebody else's server, the variables by which gcloud and Terraform find it. Tokens come by
 * files, but for the access token that was given to us: Terraform's providers take it from their
 * environment alone, and only scripts that run Terraform have it.
 *
 * Thread: UI thread.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_APP_TOOLS_H
#define TG_APP_TOOLS_H

#include "base/clock.h"
#include "base/queue.h"
#include "base/secret.h"
#include "model/tool.h"

struct tg_tools_config {
    const char *folder;            /* app/work_folder.h */
    const char *gcp_endpoint;      /* NULL: Google's own hosts */
    const char *gcp_ca_pem;        /* NULL: the system's authorities */
    const char *gcp_token_path;    /* NULL: none */
    const struct tg_secret *token; /* that was given to us; borrowed; NULL: a login of their own */
    struct tg_queue *inbox;
    struct tg_clock clock;
};

struct tg_tools;

/* Texts are copied. */
struct tg_tools *tg_tools_new(const struct tg_tools_config *config);

/* A program that still runs goes on; one that was told to terminate is killed. NULL allowed. */
void tg_tools_free(struct tg_tools *tools);

/* Does what is ordered; takes the order's script over. False and err (LOCKED, IO) when a program
 * does not start. */
bool tg_tools_order(struct tg_tools *tools, struct tg_tool_order *order, struct tg_err *err);

#endif
