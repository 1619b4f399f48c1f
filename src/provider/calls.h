/* provider/calls.h - the calls under way to one cluster: abstract calls to requests, answers to
 * messages.
 *
 * Thread: the worker's.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_PROVIDER_CALLS_H
#define TG_PROVIDER_CALLS_H

#include <stdbool.h>
#include <stdint.h>

#include "provider/context.h"

struct tg_calls;

struct tg_calls *tg_calls_new(struct tg_provider_context *context);
void tg_calls_free(struct tg_calls *calls);

/* Starts a call (taken over). */
void tg_calls_start(struct tg_calls *calls, struct tg_call *call, int64_t now_us);
bool tg_calls_event(struct tg_calls *calls, const struct tg_transport_event *event, int64_t now_us);

#endif
