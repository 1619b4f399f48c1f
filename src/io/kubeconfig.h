/* io/kubeconfig.h - reads kubeconfig files (KUBECONFIG list, --kubeconfig) into endpoints, with
 * errors as file:line:column: what.
 *
 * Thread: UI thread, at start.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_IO_KUBECONFIG_H
#define TG_IO_KUBECONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "net/http.h"

struct tg_kube_context {
    char *name;
    char *ns; /* default namespace, "default" when unset */
    struct tg_http_endpoint endpoint;
    char *refusal; /* why it cannot be used, NULL when it can; told when somebody asks for it */
};

struct tg_kubeconfig {
    struct tg_kube_context *contexts; /* in the file's order */
    size_t count;
    char *current; /* NULL when unset */
};

/* Loads path (one file). Relative file names inside are taken from its directory. Users may have
 * token, tokenFile, client-certificate(-data) with client-key(-data); exec, auth-provider,
 * passwords, impersonation, proxy-url and insecure-skip-tls-verify are refused. A context that
 * cannot be used does not spoil the others of its file: tg_kubeconfig_find() refuses it alone, as
 * file:line:column: what. False when the file itself is no kubeconfig. */
bool tg_kubeconfig_load(struct tg_kubeconfig *config, const char *path, struct tg_err *err);
void tg_kubeconfig_fini(struct tg_kubeconfig *config);

/* True when the file has a context of that name, whether it can be used or not. */
bool tg_kubeconfig_has(const struct tg_kubeconfig *config, const char *name);

/* Context by name (borrowed), or NULL and err (CONFIG) naming the nearest names. */
const struct tg_kube_context *tg_kubeconfig_find(const struct tg_kubeconfig *config,
                                                 const char *name, struct tg_err *err);

#endif
