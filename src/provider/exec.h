/* provider/exec.h - commands that run in a container, by exec over a WebSocket.
 *
 * One machine for each: the opening handshake, channels as Kubernetes numbers them
 * (v5.channel.k8s.io, v4 from older servers), what the command printed, and the Status at its end.
 * The command gets no input, prints little and ends within the call's deadline; pings are not
 * needed then. Only `ls /sys/class/net` is run (TG_CALL_LIST_INTERFACES).
 *
 * Thread: the worker's. Errors: in TG_MSG_INTERFACES, and the same in TG_MSG_CALL_DONE.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_PROVIDER_EXEC_H
#define TG_PROVIDER_EXEC_H

#include <stdbool.h>
#include <stdint.h>

#include "provider/context.h"

struct tg_execs;

struct tg_execs *tg_execs_new(struct tg_provider_context *context);
void tg_execs_free(struct tg_execs *execs);

/* Starts the call, which moves in. */
void tg_execs_start(struct tg_execs *execs, struct tg_call *call, int64_t now_us);

/* Ends the call with this id, if there is one, without a word. */
void tg_execs_cancel(struct tg_execs *execs, uint64_t call_id);

bool tg_execs_event(struct tg_execs *execs, const struct tg_transport_event *event, int64_t now_us);

#endif
