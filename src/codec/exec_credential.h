/* codec/exec_credential.h - what a kubeconfig's exec plug-in is told and what it prints:
 * client.authentication.k8s.io/v1 and v1beta1.
 *
 * What is printed holds secrets: whoever has its bytes wipes them, and no error quotes it.
 *
 * Thread: any; pure.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_CODEC_EXEC_CREDENTIAL_H
#define TG_CODEC_EXEC_CREDENTIAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "net/http.h"
#include "net/token_source.h"

/* True for the versions of the interface that are spoken. */
bool tg_exec_is_known_version(const char *api_version);

/* The value of KUBERNETES_EXEC_INFO: never interactive, since the plug-in gets no terminal. cluster
 * is told when it is not NULL (provideClusterInfo), with config, JSON text of what the kubeconfig
 * has there for plug-ins (NULL: nothing). The caller frees. */
char *tg_exec_info(const char *api_version, const struct tg_http_endpoint *cluster,
                   const char *config);

/* Reads what was printed at wall_us. False and err (PROTOCOL; UNAUTHORIZED when it has ended) when
 * it is no credential of that version; else *grant is the caller's, and *life_us runs from now on
 * (TG_TIME_NEVER: no end was told). */
bool tg_exec_credential_parse(const char *json, size_t len, const char *api_version,
                              int64_t wall_us, struct tg_token_grant *grant, int64_t *life_us,
                              struct tg_err *err);

#endif
