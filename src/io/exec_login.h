/* io/exec_login.h - credentials from a kubeconfig's exec plug-ins (gke-gcloud-auth-plugin and its
 * like): run as children without a shell or a terminal, with a deadline and a ceiling, renewed in
 * time (io/token_keeper.h).
 *
 * Contexts whose plug-in would be run in the same way share its credential. A few threads serve all
 * of them, one child for each plug-in at a time. What is printed is in no argument, environment,
 * log or file of ours. Whoever adds a plug-in has asked for consent first.
 *
 * Thread: UI thread; the sources from any.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_IO_EXEC_LOGIN_H
#define TG_IO_EXEC_LOGIN_H

#include "base/clock.h"
#include "base/err.h"
#include "io/kubeconfig.h"
#include "net/token_source.h"

struct tg_exec_logins;

/* NULL and err when the system refuses what it needs. */
struct tg_exec_logins *tg_exec_logins_new(struct tg_clock clock, struct tg_err *err);

/* Ends the threads and the children, and wipes. Nobody uses the sources any more; NULL allowed. */
void tg_exec_logins_free(struct tg_exec_logins *logins);

/* The source of exec's credential (copied; the source belongs to logins). The plug-in is run at
 * once, on another thread. NULL and err when a thread cannot be started. */
struct tg_token_source *tg_exec_logins_add(struct tg_exec_logins *logins,
                                           const struct tg_kube_exec *exec, struct tg_err *err);

#endif
