/* provider/ensure.h - makes wanted things, or takes them away, and waits until the server says that
 * it is so.
 *
 * One machine for each call ENSURE or REMOVE: read; when it is there, compare; make it or change it
 * (a repeated request is the same request: request_id, or 409 read again); follow the long-running
 * operation; read once more. Kubernetes objects are server-side applied with our field manager, and
 * never take a field from another one.
 *
 * What comes of it:
 * - ENSURE: FOUND as wanted (also when it was being made, and was waited for), CREATED, CHANGED. An
 *   agent account is always FOUND, since asking for it is all that can be asked.
 *   A thing that is_remade and is found broken for want of capacity or quota is taken away first.
 * - REMOVE: REMOVED once it is gone, ABSENT when it was not there. APIs and agent accounts stay:
 *   FOUND.
 * - Errors: CONFLICT (there, and different in what may not be changed: "network x: mtu is 1460,
 *   wanted 8896"; or another manager owns a field), IN_USE ("in use by PATH" whenever the server
 *   names one), QUOTA, STOCKOUT, DISABLED (the API's name first), STATE (there, and broken),
 *   FORBIDDEN, UNAUTHORIZED, INVALID with the server's sentence.
 *
 * Transient errors, kinds that a cluster does not know yet and accounts that a policy does not know
 * yet are tried again with back-off for five minutes, and then returned. An operation that the
 * server says is running, also somebody else's that keeps a cluster busy, is waited for without an
 * end: whoever asked has the deadline, and cancels.
 *
 * Thread: the worker's; instances are independent.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_PROVIDER_ENSURE_H
#define TG_PROVIDER_ENSURE_H

#include <stdbool.h>
#include <stdint.h>

#include "provider/context.h"

struct tg_ensures;

struct tg_ensures *tg_ensures_new(struct tg_provider_context *context);
void tg_ensures_free(struct tg_ensures *ensures);

/* Starts a call of kind ENSURE or REMOVE, which moves in. CALL_PROGRESS and one CALL_DONE come of
 * it. */
void tg_ensures_start(struct tg_ensures *ensures, struct tg_call *call, int64_t now_us);

/* Ends the machine of a call without a CALL_DONE; what the server is doing goes on. A call that is
 * not here is no error. */
void tg_ensures_cancel(struct tg_ensures *ensures, uint64_t call_id);

/* Lets time pass; returns when it wants to be stepped again (monotonic), TG_TIME_NEVER: not. */
int64_t tg_ensures_step(struct tg_ensures *ensures, int64_t now_us);

/* Handles the event when it is one of theirs; false otherwise. */
bool tg_ensures_event(struct tg_ensures *ensures, const struct tg_transport_event *event,
                      int64_t now_us);

#endif
