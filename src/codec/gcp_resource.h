/* codec/gcp_resource.h - a Google Cloud resource that is wanted, against the one that is there.
 *
 * Thread: a worker's. Ownership: texts returned are the caller's to free.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_CODEC_GCP_RESOURCE_H
#define TG_CODEC_GCP_RESOURCE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "codec/json_match.h"
#include "model/desired.h"

/* What messages call it: "network"; "resource" for a collection we know nothing of. Static. */
const char *tg_gcp_noun(const struct tg_desired *desired);

/* Query parameter that names it when it is made ("membershipId"); "": its body does. Static. */
const char *tg_gcp_name_query(const struct tg_desired *desired);

/* The body that makes it: body and create_body as one, in the form its API wants. NULL and err
 * (INVALID) when one of them is no JSON object. */
char *tg_gcp_write_create(const struct tg_desired *desired, struct tg_err *err);

enum tg_gcp_state {
    TG_GCP_SETTLED, /* it is there */
    TG_GCP_MAKING,  /* it will be */
    TG_GCP_GOING,   /* it will not be for long */
    TG_GCP_BROKEN,  /* it stays as it is until somebody acts */
};

struct tg_gcp_found {
    enum tg_gcp_state state;
    char status[32];   /* in the server's words; "" when it tells none */
    struct tg_err why; /* BROKEN: STOCKOUT, QUOTA or STATE */
    bool is_as_wanted;
    struct tg_json_difference difference; /* when it is not */
    char *patch;                          /* body of the PATCH that makes it so; NULL: none can */
    char *patch_mask;                     /* its top-level members, separated by commas */
};

/* Reads the answer of a GET. False and err (PROTOCOL, INVALID) when it or the wanted body cannot be
 * read. tg_gcp_found_fini() frees what *found holds, and is allowed after a failure too. */
bool tg_gcp_read_found(const struct tg_desired *desired, const char *json, size_t len,
                       struct tg_gcp_found *found, struct tg_err *err);
void tg_gcp_found_fini(struct tg_gcp_found *found);

/* What a bucket still holds: one page of names with their generations. */
struct tg_gcp_contents {
    char **names;
    char **generations;
    size_t count;
    bool is_all; /* there are no further pages */
};
bool tg_gcp_read_contents(const char *json, size_t len, struct tg_gcp_contents *contents,
                          struct tg_err *err);
void tg_gcp_contents_fini(struct tg_gcp_contents *contents);

/* state of a service: true when it says ENABLED. */
bool tg_gcp_read_enabled(const char *json, size_t len, bool *is_enabled, struct tg_err *err);

#endif
