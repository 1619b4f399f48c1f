/* io/capture.h - runs a program and takes what it prints: no shell, no terminal, a deadline.
 *
 * Thread: any; it waits for the program.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_IO_CAPTURE_H
#define TG_IO_CAPTURE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct tg_capture {
    const char *const *argv;        /* ended by NULL; argv[0] is looked up in PATH */
    int64_t deadline_us;            /* then it is killed with all it started */
    int stop_fd;                    /* the same as soon as this is readable; -1: none */
    const char *const *environment; /* "NAME=VALUE", ended by NULL: on top of ours; NULL: none */
};

/* Appends what the program wrote to its standard output, within the ceiling of out. False and err:
 * NOT_FOUND when there is no such program, TIMEOUT, CANCELLED, LIMIT, or STATE with the last line
 * of its standard error when it exits with another status than 0. */
bool tg_capture_run(const struct tg_capture *capture, struct tg_buf *out, struct tg_err *err);

#endif
