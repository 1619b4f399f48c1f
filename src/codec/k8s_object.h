/* codec/k8s_object.h - one parsed Kubernetes object to a struct tg_obj; used by the decoders of
 * codec/k8s.h.
 *
 * Thread: a worker's.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_CODEC_K8S_OBJECT_H
#define TG_CODEC_K8S_OBJECT_H

#include <jansson.h>

#include "base/err.h"
#include "model/obj.h"

/* NULL and err (PROTOCOL) when the document has no metadata.name or names another kind. */
struct tg_obj *tg_k8s_object(enum tg_kind kind, const json_t *document, struct tg_err *err);

/* STATUS as kubectl prints it for a Pod (k8s-api 1.11), into out; and containers ready and in all.
 */
void tg_k8s_pod_status(const json_t *pod, char *out, size_t size, int *ready, int *total,
                       int *restarts);

#endif
