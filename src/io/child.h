/* io/child.h - a shell script run for the operator in a pseudo-terminal of its own, as a session of
 * its own: what it prints comes line by line through the inbox, signals go to all that it started.
 *
 * It outlives us: a program that changes the world must be able to end what it began. While it or
 * anything that it started runs, it holds the lock of its folder, so that the next start of ours
 * waits for it.
 *
 * Thread: start, signal and free from the UI thread; reading and reaping happen on the child's own.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_IO_CHILD_H
#define TG_IO_CHILD_H

#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/queue.h"
#include "base/secret.h"

/* Where the script finds the secret: a file of its own that has no name anywhere. */
#define TG_CHILD_SECRET_PATH "/dev/fd/8"

struct tg_child_config {
    uint64_t id; /* in its messages */
    const char *script;
    const char *folder;             /* where it runs and whose lock it holds */
    const char *const *environment; /* NAME=VALUE, ended by NULL */
    const struct tg_secret *secret; /* NULL: none */
    struct tg_queue *inbox;         /* gets TG_MSG_TOOL_LINE and one TG_MSG_TOOL_ENDED */
    struct tg_clock clock;
};

struct tg_child;

/* Everything in config is copied or used up before it returns, but the inbox, which outlives the
 * child. NULL and err: LOCKED when an earlier one holds the folder, IO otherwise. */
struct tg_child *tg_child_start(const struct tg_child_config *config, struct tg_err *err);

/* Sends a signal to the shell and all that it started; nothing when it has ended. */
void tg_child_signal(struct tg_child *child, int number);

/* Frees. One that still runs goes on by itself, and nobody hears of it any more. NULL allowed. The
 * inbox must be closed or drained. */
void tg_child_free(struct tg_child *child);

#endif
