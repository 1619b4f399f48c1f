/* provider/ask.h - questions under way: abstract questions to requests, answers to facts.
 *
 * One exchange for each call ASK, to Google's API of the question or to the Hugging Face hub; the
 * hub is sent the call's own token and nothing else. Whoever asked decides whether to ask again.
 *
 * Thread: the worker's.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_PROVIDER_ASK_H
#define TG_PROVIDER_ASK_H

#include <stdbool.h>
#include <stdint.h>

#include "provider/context.h"

struct tg_asks;

struct tg_asks *tg_asks_new(struct tg_provider_context *context);
void tg_asks_free(struct tg_asks *asks);

/* Starts a call of kind ASK, which moves in; one CALL_DONE comes of it. */
void tg_asks_start(struct tg_asks *asks, struct tg_call *call);

/* Ends a call without a CALL_DONE; one that is not here is no error. */
void tg_asks_cancel(struct tg_asks *asks, uint64_t call_id);

/* True for an exchange with the hub, which is no part of the world that is watched. */
bool tg_asks_is_of_hub(const struct tg_asks *asks, uint64_t exchange);

/* Handles the event when it is one of theirs; false otherwise. */
bool tg_asks_event(struct tg_asks *asks, const struct tg_transport_event *event, int64_t now_us);

#endif
