/* sim/account_token.h - tokens of service accounts: TokenRequest, and whom a token stands for.
 *
 * A token reads like a real one (three parts, claims that a program may look at), but its signature
 * is made-up bytes: what the cluster takes is the tokens that it remembers having given out.
 *
 * Thread: the world's.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_SIM_ACCOUNT_TOKEN_H
#define TG_SIM_ACCOUNT_TOKEN_H

#include <jansson.h>

#include "sim/k8s_call.h"
#include "sim/store.h"

/* Answers POST serviceaccounts/NAME/token; other methods are 405. */
void sim_account_token_handle(struct sim_call *call);

/* Whom the token stands for: {"username", "uid", "groups", "extra"}; NULL when it is no account's,
 * has expired, was made for another audience, or its account or the object it is bound to is gone.
 * Borrowed, until the next token is made. */
const json_t *sim_account_token_user(struct sim_store *store, const char *token);

/* Groups of "system:serviceaccount:NAMESPACE:NAME"; NULL when user is no service account. New
 * reference. */
json_t *sim_account_groups(const char *user);

/* What this cluster's tokens are made for when nobody says, which is also who makes them. The
 * caller frees. */
char *sim_account_audience(struct sim_store *store);

#endif
