/* sim/face.h - what the HTTP face keeps with a store: its watches, and the token that requests must
 * bear.
 *
 * Thread: the world's. Ownership: the store frees it.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_SIM_FACE_H
#define TG_SIM_FACE_H

#include <stdint.h>

#include "sim/store.h"

struct watch; /* private to sim/k8s_watch.c */

struct sim_face {
    struct watch *watches;
    uint64_t observer;      /* 0 until the first watch */
    char *token;            /* NULL: any */
    json_t *users;          /* other tokens -> user, NULL: none */
    json_t *account_tokens; /* of service accounts, NULL: none; of sim/account_token.c */
    char *gcp_token; /* used in region 0's face only: Google Cloud has no store of its own here */
};

/* The face of a store, made at first use. Borrowed. */
struct sim_face *sim_face_of(struct sim_store *store);

#endif
