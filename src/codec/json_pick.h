/* codec/json_pick.h - the values of a JSON text that somebody reads, and no others.
 *
 * An API server sends far more of an object than a pane shows (managedFields alone is often half of
 * it); what is not wanted costs neither a parser's time nor memory. The values are jansson's, and
 * so is the judgement of all that is not plain: numbers, words, texts with escapes or other than
 * ASCII.
 *
 * Thread: any.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_CODEC_JSON_PICK_H
#define TG_CODEC_JSON_PICK_H

#include <jansson.h>
#include <stddef.h>

/* One wanted member of an object; a table ends with an empty name. Arrays are transparent: a table
 * holds for the objects in them. */
struct tg_json_wanted {
    const char *name;
    size_t len;
    const struct tg_json_wanted *members; /* NULL: all that is below */
};

/* The object or array that bytes is, without the members outside of wanted (NULL: whole); of
 * duplicates the last wins. The caller owns it. NULL when bytes is neither, or not well-formed as
 * far as it was looked at, or nested deeper than depth_max, or when jansson gets no memory. What is
 * not wanted is not judged beyond its brackets and quotes. */
json_t *tg_json_pick(const char *bytes, size_t len, const struct tg_json_wanted *wanted,
                     int depth_max);

#endif
