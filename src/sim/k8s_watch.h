/* sim/k8s_watch.h - watch streams over a store: events as lines of JSON, bookmarks, expiry.
 *
 * A stream is fed by the store's changes as they happen; the text of each change is made once for
 * each encoding and shared by all streams. It ends by itself at its timeout, or when its reader
 * lets too much pile up.
 *
 * Thread: the world's. Ownership: the response owns the stream; all streams must be freed before
 * the world.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_SIM_K8S_WATCH_H
#define TG_SIM_K8S_WATCH_H

#include "sim/front.h"
#include "sim/k8s_list.h"

/* Answers a watch request; the collection moves into the stream (it is empty afterwards, also on
 * failure). */
void sim_k8s_watch(struct sim_collection *collection, const json_t *query,
                   struct sim_response *response);

/* Watch streams open on a store. */
size_t sim_k8s_watch_count(const struct sim_store *store);

#endif
