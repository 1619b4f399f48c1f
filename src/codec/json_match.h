/* codec/json_match.h - whether what is there is what was wanted; and changing values for writing.
 *
 * Servers tell wanted things in words of their own: they add members, leave out zero values, put
 * 64-bit numbers into text, sort lists, and name resources by full links or by their last segment
 * alone. None of that is a difference.
 *
 * Thread: any; pure.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_CODEC_JSON_MATCH_H
#define TG_CODEC_JSON_MATCH_H

#include <jansson.h>
#include <stdbool.h>

#include "base/err.h"

struct tg_json_difference {
    char member[96]; /* "spec.multiclusteringress.configMembership" */
    char text[192];  /* "mtu is 1460, wanted 8896", "mtu is not set, wanted 8896" */
};

/* True when every member of wanted is in found with the same value; the first that is not goes to
 * *difference (NULL: not asked for). found may be NULL: nothing is there. Lists of scalars are
 * sets; lists of objects are as long as wanted, in any order. */
bool tg_json_match(const json_t *wanted, const json_t *found,
                   struct tg_json_difference *difference);

/* A new object from JSON text (NULL: an empty one), to be changed and released with json_decref().
 * NULL and err (INVALID) when it is no JSON object. */
json_t *tg_json_draft(const char *text, struct tg_err *err);

/* Puts a copy of every member of from into the object into, member by member where both hold
 * objects; from wins. */
void tg_json_merge(json_t *into, const json_t *from);

/* Compact text of the document, which is released; the caller frees. */
char *tg_json_dump(json_t *document);

#endif
