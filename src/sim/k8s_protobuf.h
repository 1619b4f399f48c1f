/* sim/k8s_protobuf.h - request bodies in Kubernetes' protobuf encoding, as typed clients send them.
 *
 * Thread: the world's.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_SIM_K8S_PROTOBUF_H
#define TG_SIM_K8S_PROTOBUF_H

#include <jansson.h>
#include <stddef.h>

#include "base/err.h"

/* Decodes "k8s\0" and the runtime.Unknown that follows to the object in JSON form, apiVersion and
 * kind included; a new reference. NULL and err: INVALID with detail 400 (malformed) or 415 (a kind
 * that is not known here). */
json_t *sim_protobuf_decode(const char *bytes, size_t len, struct tg_err *err);

#endif
