/* drill/access.h - the rights a drill needs, its restore and its cleaning up included: one table.
 *
 * Private to drill/. Thread: any; static storage.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_DRILL_ACCESS_H
#define TG_DRILL_ACCESS_H

#include <stdbool.h>

#include "model/msg.h"

int tg_access_count(void);

/* True when the right is needed where the probe Pod runs, else where the region goes down. */
bool tg_access_is_client(int index);

/* Fills verb, resource and subresource of an access review. */
void tg_access_fill(int index, struct tg_call *call);

/* "patch deployments", for the finding. */
const char *tg_access_name(int index);

#endif
