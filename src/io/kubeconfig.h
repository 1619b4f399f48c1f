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

/* A plug-in that signs in (client.authentication.k8s.io). */
struct tg_kube_exec {
    char *file; /* the kubeconfig that names it */
    char *api_version;
    char **argv;        /* ended by NULL; a command with a slash in it is a path from here */
    char **environment; /* "NAME=VALUE", ended by NULL; with KUBERNETES_EXEC_INFO */
    char *install_hint; /* NULL: none */
};

/* Copies and frees; NULL may be freed. */
struct tg_kube_exec *tg_kube_exec_copy(const struct tg_kube_exec *exec);
void tg_kube_exec_free(struct tg_kube_exec *exec);

struct tg_kube_context {
    char *name;
    char *ns; /* default namespace, "default" when unset */
    struct tg_http_endpoint endpoint;
    struct tg_kube_exec *exec; /* NULL: the endpoint has what it needs */
    char *refusal; /* why it cannot be used, NULL when it can; told when somebody asks for it */
};

struct tg_kubeconfig {
    struct tg_kube_context *contexts; /* in the files' order */
    size_t count;
    char *current; /* NULL when unset */
};

/* Loads files, separated by colons, and joins them as kubectl does: of each cluster, user and
 * context the first that has the name counts, whole, whichever file it stands in. Relative file
 * names inside a file are taken from its directory. Users may have token, tokenFile,
 * client-certificate(-data) with client-key(-data), exec; auth-provider, passwords, impersonation,
 * proxy-url and insecure-skip-tls-verify are refused. A context that cannot be used does not spoil
 * the others: tg_kubeconfig_find() refuses it alone, as file:line:column: what. False when a file
 * is no kubeconfig. Nothing is run. */
bool tg_kubeconfig_load(struct tg_kubeconfig *config, const char *files, struct tg_err *err);
void tg_kubeconfig_fini(struct tg_kubeconfig *config);

/* Context by name (borrowed), or NULL and err (CONFIG) naming the nearest names. */
const struct tg_kube_context *tg_kubeconfig_find(const struct tg_kubeconfig *config,
                                                 const char *name, struct tg_err *err);

#endif
