/* app/session.h - an app on worker threads: targets from a kubeconfig or a simulated world, and the
 * inbox between.
 *
 * Thread: UI thread.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_APP_SESSION_H
#define TG_APP_SESSION_H

#include <stdbool.h>
#include <stddef.h>

#include "app/app.h"
#include "base/queue.h"
#include "io/kubeconfig.h"

/* What to watch; texts are borrowed. */
struct tg_session_config {
    struct tg_clock clock;
    struct tg_lab *lab;     /* moved in, also on failure */
    const char *kubeconfig; /* files, separated by colons (io/kubeconfig.h). NULL: the lab's
                               clusters, when the project has them running */
    const char *const
        *contexts; /* none: the lab's clusters when the file has them, else every context */
    size_t contexts_count;
    const char *project;        /* Google Cloud; NULL: not watched */
    const char *gcp_endpoint;   /* NULL: Google's own hosts */
    char *const *gcp_places;    /* of each API instead (io/google_hosts.h), TG_API_COUNT of them, or
                                   NULL; copied */
    const char *gcp_ca_pem;     /* NULL: the system's authorities */
    const char *gcp_token;      /* NULL: whatever login to Google Cloud is found on this machine */
    const char *hub_url;        /* the Hugging Face hub's; NULL: its own */
    const char *gcp_token_path; /* file that somebody keeps it fresh in, or NULL */
    const char *journal;        /* NULL: none */
    const char *work_folder;    /* for the lab's commands; NULL: they are not run */
    /* Manifests that are downloaded (app/manifests.h); each may be NULL. */
    const char *manifest_cache;
    const char *manifest_url;
    const char *manifest_sha256;
    bool is_armed;
    int workers_max;

    /* Whether a context's plug-in may be run; false and err: why not. NULL: none may. */
    bool (*may_exec)(void *context, const struct tg_kube_exec *exec, struct tg_err *err);
    void *may_exec_context;
};

struct tg_session {
    struct tg_app *app;
    struct tg_queue *inbox;
    struct tg_worker **workers;
    size_t workers_count;
    size_t workers_max;
    int *worker_of; /* by target */
    /* For clusters that come to be while it runs. */
    struct tg_clock clock;
    struct tg_google_login *login; /* NULL: gcp_token is used, or Google Cloud is not watched */
    struct tg_secret *gcp_token;
    char *gcp_token_path;
    struct tg_tools *tools;         /* NULL: the lab's commands are not run */
    struct tg_exec_logins *plugins; /* NULL: no context has one */
};

/* Reads the kubeconfig, opens the journal and starts the workers. NULL and err (CONFIG with
 * file:line:column, IO). */
struct tg_session *tg_session_start(struct tg_session_config *config, struct tg_err *err);

/* Ends the workers (within a second or so), closes the journal and frees. NULL allowed. */
void tg_session_stop(struct tg_session *session);

/* Handles at most count_max waiting messages and ticks; true when a screen may differ. */
bool tg_session_pump(struct tg_session *session, size_t count_max);

#endif
