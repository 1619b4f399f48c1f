/* sim/text.h - a counted, immutable piece of text: one object serialised once and shared by every
 * watcher of it.
 *
 * Thread: the world's (the count is not atomic).
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_SIM_TEXT_H
#define TG_SIM_TEXT_H

#include <jansson.h>
#include <stddef.h>

struct sim_text {
    unsigned count;
    size_t len;
    char *bytes; /* NUL-terminated */
};

/* Text of value as compact JSON; the caller owns one reference. Members named skip_a and skip_b
 * (may be NULL) of the outermost object are left out. */
struct sim_text *sim_text_of_json(json_t *value, const char *skip_a, const char *skip_b);
struct sim_text *sim_text_keep(struct sim_text *text);

/* Gives one reference back; NULL allowed. */
void sim_text_drop(struct sim_text *text);

#endif
