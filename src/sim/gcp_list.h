/* sim/gcp_list.h - what Google's list methods share: filter, order, pages, and partial answers.
 *
 * Thread: the world's. Ownership: items and answers are changed in place.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_SIM_GCP_LIST_H
#define TG_SIM_GCP_LIST_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "sim/gcp_state.h"

/* True when the item is wanted by filter: comparisons (FIELD eq "EXPRESSION" and ne as gcloud sends
 * them, the expression matching the whole value; FIELD = VALUE, !=, : , <, <=, >, >=) joined by
 * AND, OR, NOT, parentheses, or nothing, which is AND. A filter that is not understood sets
 * *is_valid false (may be NULL). */
bool sim_gcp_is_wanted(const char *filter, const json_t *item, bool *is_valid);

/* Drops the items that the call's filter does not want. False with the call's error in *error (new
 * reference) when the filter is malformed. */
bool sim_gcp_filter(struct sim_gcp_call *call, json_t *items, json_t **error);

/* Orders the items as the call's orderBy says ("creationTimestamp desc"), by name when it says
 * nothing. */
void sim_gcp_order(const struct sim_gcp_call *call, json_t *items);

/* Leaves one page of items, of as many as the parameter called size_name asks for (at most max; max
 * when it asks for none), and puts nextPageToken into answer when more follow. False with the
 * call's error when the page token is none of this server's. */
bool sim_gcp_page(struct sim_gcp_call *call, json_t *items, const char *size_name, size_t max,
                  json_t *answer, json_t **error);

/* The answer cut down to what the call's fields parameter asks for ("items/name,nextPageToken",
 * "items(name,id)"); the answer is stolen, a new reference is returned. */
json_t *sim_gcp_partial(const struct sim_gcp_call *call, json_t *answer);

#endif
