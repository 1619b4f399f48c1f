/* io/worker.h - a thread that owns one transport and the providers of its targets, and talks to the
 * UI thread by queues.
 *
 * Thread: start, call and stop from the UI thread; everything else happens on the worker's own.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_IO_WORKER_H
#define TG_IO_WORKER_H

#include <stddef.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/queue.h"
#include "provider/target.h"

struct tg_worker;

/* Starts a worker for count targets (configs are moved in). Messages go to inbox (struct tg_msg *),
 * which outlives it. NULL and err when the thread or the transport cannot be made. */
struct tg_worker *tg_worker_start(struct tg_target_config *configs, size_t count,
                                  struct tg_queue *inbox, struct tg_clock clock,
                                  struct tg_err *err);

/* Another target for a running worker (config is moved in); and one that is left in peace: its
 * calls end with NOT_FOUND. */
void tg_worker_add(struct tg_worker *worker, struct tg_target_config *config);
void tg_worker_remove(struct tg_worker *worker, int target);

/* Hands a call to the worker; it moves. Never blocks long. */
void tg_worker_call(struct tg_worker *worker, struct tg_call *call);

/* Ends the thread within a second whatever the network does, and frees. The inbox must be closed or
 * drained. */
void tg_worker_stop(struct tg_worker *worker);

#endif
