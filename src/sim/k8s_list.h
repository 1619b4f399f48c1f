/* sim/k8s_list.h - collections as requests see them: which objects, shown how; and list answers in
 * pages.
 *
 * All pages of one list show the state at one resourceVersion: what changed since is undone from
 * the store's history, and when that is gone the answer is 410 Expired.
 *
 * Thread: the world's. Ownership: a collection owns its texts and selectors, borrows store and
 * resource.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_SIM_K8S_LIST_H
#define TG_SIM_K8S_LIST_H

#include <jansson.h>
#include <stdbool.h>

#include "base/buf.h"
#include "sim/front.h"
#include "sim/k8s_table.h"
#include "sim/selector.h"
#include "sim/store.h"

struct sim_collection {
    struct sim_store *store;
    const struct sim_resource *resource;
    char *ns;   /* NULL: all namespaces */
    char *name; /* NULL: all names */
    struct sim_selector labels;
    struct sim_selector fields;
    enum sim_encoding encoding;
};

/* The encoding that Accept asks for; false when nothing it names can be produced (406).
 * include_object is the query parameter of that name. */
bool sim_encoding_from_accept(const char *accept, const char *include_object,
                              enum sim_encoding *encoding);

/* Sets a collection up from a request's query; false with *response filled when a selector is
 * wrong. ns and name may be NULL. */
bool sim_collection_init(struct sim_collection *collection, struct sim_store *store,
                         const struct sim_resource *resource, const char *ns, const char *name,
                         const json_t *query, enum sim_encoding encoding,
                         struct sim_response *response);
void sim_collection_fini(struct sim_collection *collection);

/* True when object (of the right resource) belongs to the collection. */
bool sim_collection_has(const struct sim_collection *collection, const json_t *object);

/* "apps/v1", "v1". out is returned. */
const char *sim_k8s_group_version(const struct sim_resource *resource, char *out, size_t size);

/* Answers a list request. */
void sim_k8s_list(const struct sim_collection *collection, const json_t *query,
                  struct sim_response *response);

/* Answers with one object of the resource in this encoding. */
void sim_k8s_reply_object(struct sim_response *response, int code, struct sim_store *store,
                          const struct sim_resource *resource, json_t *object,
                          enum sim_encoding encoding);

#endif
