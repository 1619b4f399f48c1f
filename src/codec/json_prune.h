/* codec/json_prune.h - a JSON text without the members that nobody reads.
 *
 * An API server sends far more of an object than a pane shows (managedFields alone is often half of
 * it); what is dropped here never costs a parser's time or memory.
 *
 * Thread: any; pure.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_CODEC_JSON_PRUNE_H
#define TG_CODEC_JSON_PRUNE_H

#include <stdbool.h>
#include <stddef.h>

/* One wanted member of an object; a table ends with an empty name. Arrays are transparent: a table
 * holds for the objects in them. */
struct tg_json_wanted {
    const char *name;
    size_t len;
    const struct tg_json_wanted *members; /* NULL: all that is below */
};

/* Writes the pruned text of bytes to out, which has room for len bytes, and its length to *out_len.
 * False when bytes is not well-formed as far as it was looked at, or nested deeper than depth_max;
 * out is then of no use. What is dropped is not judged beyond its brackets and quotes. */
bool tg_json_prune(const char *bytes, size_t len, const struct tg_json_wanted *wanted,
                   int depth_max, char *out, size_t *out_len);

#endif
