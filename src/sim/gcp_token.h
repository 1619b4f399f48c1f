/* sim/gcp_token.h - access tokens: Google's token endpoint, its metadata server, and who bears a
 * token.
 *
 * Thread: the world's. Ownership: texts are borrowed until the world's next change.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_SIM_GCP_TOKEN_H
#define TG_SIM_GCP_TOKEN_H

#include <jansson.h>
#include <stdbool.h>

#include "sim/front.h"
#include "sim/world.h"

/* Tells where this world's token endpoint is ("https://127.0.0.1:4433/token") and which refresh
 * token its user has; both are copied. */
void sim_gcp_set_sign_in(struct sim_world *world, const char *token_url, const char *refresh_token);

/* URL of the token endpoint, Google's own when nobody told. */
const char *sim_gcp_token_url(struct sim_world *world);

/* A new access token of principal ("user:...", "serviceAccount:..."), as the token endpoint
 * answers: access_token, expires_in (virtual seconds), token_type. New reference. */
json_t *sim_gcp_token_issue(struct sim_world *world, const char *principal);

/* Whose token it is; NULL when it was never issued or is expired. */
const char *sim_gcp_token_principal(struct sim_world *world, const char *token);

/* True for paths that are about tokens themselves and need none: the token endpoint, tokeninfo,
 * userinfo. sim_gcp_sign_in() answers them. */
bool sim_gcp_is_sign_in(const char *path);
void sim_gcp_sign_in(struct sim_world *world, const struct sim_request *request,
                     struct sim_response *response);

/* Answers as the metadata server of an instance (sim/gcp_metadata.c). */
void sim_gcp_metadata(struct sim_world *world, const struct sim_request *request,
                      struct sim_response *response);

#endif
