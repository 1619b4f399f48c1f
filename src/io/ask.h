/* io/ask.h - questions to a person at the terminal, before any screen is up.
 *
 * Thread: main. Both ask on the controlling terminal, whatever standard input and output are.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_IO_ASK_H
#define TG_IO_ASK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/secret.h"

/* Prints question and reads one line into out. False with STATE when there is no terminal or the
 * line was ended by end of file. */
bool tg_ask_line(const char *question, char *out, size_t size, struct tg_err *err);

/* The same without showing what is typed; NULL and err as above. The caller frees. */
struct tg_secret *tg_ask_secret(const char *question, struct tg_err *err);

#endif
