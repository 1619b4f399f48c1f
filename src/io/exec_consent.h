/* io/exec_consent.h - which exec plug-ins may be run: asked once, kept in the state directory.
 *
 * A kubeconfig that somebody sends can name any command. Consent is for one command (the program
 * that its name leads to), its arguments, its variables and the kubeconfig that names it: any of
 * them changed is another digest, which is asked for again.
 *
 * Thread: UI thread, at start.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_IO_EXEC_CONSENT_H
#define TG_IO_EXEC_CONSENT_H

#include <stdbool.h>

#include "base/digest.h"
#include "base/err.h"
#include "io/kubeconfig.h"

/* What is consented to: "PROGRAM ARGUMENTS", for a person; its digest is put into digest. The
 * caller frees. */
char *tg_exec_consent_what(const struct tg_kube_exec *exec, char digest[TG_DIGEST_LEN + 1]);

bool tg_exec_consent_is_given(const char *state_dir, const char *digest);

/* Remembers consent. False and err (IO) when it cannot be written. */
bool tg_exec_consent_remember(const char *state_dir, const char *digest, const char *what,
                              struct tg_err *err);

#endif
