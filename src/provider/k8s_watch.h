/* provider/k8s_watch.h - keeps one resource collection current by list and watch (model notes C.1).
 *
 * A machine: fed with transport events and the time, it submits its own requests and emits
 * messages. No sockets, no clock, no threads.
 *
 * Thread: the worker's; instances are independent.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_PROVIDER_K8S_WATCH_H
#define TG_PROVIDER_K8S_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "provider/context.h"

struct tg_k8s_watch;

struct tg_k8s_watch *tg_k8s_watch_new(struct tg_provider_context *context, enum tg_kind kind);
void tg_k8s_watch_free(struct tg_k8s_watch *watch);

/* Starts what is due; returns when it wants to be called again at the latest (TG_TIME_NEVER: only
 * on events). */
int64_t tg_k8s_watch_step(struct tg_k8s_watch *watch, int64_t now_us);

/* A kind that the server lacked is looked for now, not when the minute is over: somebody may just
 * have made it. Else nothing. */
void tg_k8s_watch_hasten(struct tg_k8s_watch *watch);

/* Handles the event when it is this machine's; false otherwise. */
bool tg_k8s_watch_event(struct tg_k8s_watch *watch, const struct tg_transport_event *event,
                        int64_t now_us);

#endif
