/* sim/json_write.h - JSON values as text, byte for byte as jansson's json_dumps() writes them
 * with JSON_COMPACT.
 *
 * json_dumps() formats the address of every container and looks it up in a table, to find cycles:
 * most of its time. Values of the world have none (they are parsed, packed or copied), and a
 * watched world is serialised all the time.
 *
 * Thread: any, as for the values.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_SIM_JSON_WRITE_H
#define TG_SIM_JSON_WRITE_H

#include <jansson.h>

#include "base/buf.h"

/* Appends value, of any type. out says by is_full when its ceiling was met. */
void sim_json_write(struct tg_buf *out, const json_t *value);

/* The same without the members of the outermost object that are called skip_a or skip_b
 * (may be NULL). */
void sim_json_write_without(struct tg_buf *out, const json_t *value, const char *skip_a,
                            const char *skip_b);

#endif
