/* io/sig.h - signals as things to read, and a terminal that is put back when the program crashes.
 *
 * Thread: main, before any other thread starts (the mask is inherited).
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_IO_SIG_H
#define TG_IO_SIG_H

#include <stdbool.h>

#include "base/err.h"

void tg_sig_ignore_pipe(void);

/* Blocks INT, TERM, HUP, WINCH, TSTP and CONT and returns a descriptor that reads them; -1 and err
 * otherwise. */
int tg_sig_open(struct tg_err *err);

/* Next signal waiting, 0 when there is none. Never blocks. */
int tg_sig_take(int fd);

/* True for the signals that ask the program to end. */
bool tg_sig_is_end(int number);

/* On a crash runs restore (async-signal-safe), then lets the signal take its usual course. */
void tg_sig_catch_crashes(void (*restore)(void));

#endif
