/* sim/query.h - the query part of a URL, percent-decoded.
 *
 * Thread: the world's.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_SIM_QUERY_H
#define TG_SIM_QUERY_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Percent-decoded copy of len bytes; a plus becomes a space when is_form. The caller frees. */
char *sim_query_decode(const char *text, size_t len, bool is_form);

/* "a=1&b=x%20y" as an object of texts (the first value of a repeated name counts); a new reference.
 */
json_t *sim_query_parse(const char *query);

/* Value of name, "" when absent; borrowed. */
const char *sim_query_text(const json_t *query, const char *name);

/* True for "1", "true" and for a name without a value, as the API server's own parser has it. */
bool sim_query_is_true(const json_t *query, const char *name);

/* All values of a repeated name, in order; a new array. */
json_t *sim_query_list(const char *query, const char *name);

/* Decimal value of name; otherwise when it is absent, malformed or negative. */
int64_t sim_query_int(const json_t *query, const char *name, int64_t otherwise);

#endif
