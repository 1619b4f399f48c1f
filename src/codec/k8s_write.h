/* codec/k8s_write.h - bodies of the requests that change something, and of the question whether one
 * may.
 *
 * Thread: a worker's. Ownership: each result is the caller's to free.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_CODEC_K8S_WRITE_H
#define TG_CODEC_K8S_WRITE_H

#include "model/msg.h"

/* Merge patch of a Deployment for TG_CALL_SCALE: replicas and the tidegate.dev annotations in one,
 * with the uid and the resourceVersion as preconditions when the call has them. */
char *tg_k8s_write_scale(const struct tg_call *call);

/* SelfSubjectAccessReview for TG_CALL_ACCESS_REVIEW. */
char *tg_k8s_write_access_review(const struct tg_call *call);

/* DeleteOptions, with the uid as precondition when the call has one. */
char *tg_k8s_write_delete(const struct tg_call *call);

/* The probe Pod for TG_CALL_CREATE_PROBE; its script is assets/probe/probe.sh, its contract is told
 * there. */
char *tg_k8s_write_probe(const struct tg_call *call);

#endif
