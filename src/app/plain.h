/* app/plain.h - the timeline as plain lines, for pipes, logs and screen readers.
 *
 * Thread: UI thread.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_APP_PLAIN_H
#define TG_APP_PLAIN_H

#include <stdio.h>

#include "model/fleet.h"

/* Prints the entries after the first `told` ever; returns how many there were by now, for the next
 * call. Entries that the ring has dropped in between are counted aloud. */
uint64_t tg_plain_print(const struct tg_model *model, uint64_t told, FILE *out);

#endif
