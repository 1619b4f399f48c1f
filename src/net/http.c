/* net/http.c - what an exchange owns, given back. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "net/http.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "net/token_source.h"

void tg_http_endpoint_fini(struct tg_http_endpoint *endpoint)
{
    tg_assert(endpoint != NULL);
    free(endpoint->base_url);
    free(endpoint->ca_pem);
    free(endpoint->tls_server_name);
    free(endpoint->client_cert_pem);
    tg_secret_free(endpoint->client_key_pem);
    tg_secret_free(endpoint->bearer_token);
    free(endpoint->token_path);
    memset(endpoint, 0, sizeof(*endpoint));
}

void tg_token_grant_fini(struct tg_token_grant *grant)
{
    tg_assert(grant != NULL);
    tg_secret_free(grant->token);
    free(grant->client_cert_pem);
    tg_secret_free(grant->client_key_pem);
    free(grant->quota_project);
    memset(grant, 0, sizeof(*grant));
}

void tg_http_request_fini(struct tg_http_request *request)
{
    tg_assert(request != NULL);
    free(request->path);
    free(request->content_type);
    free(request->accept);
    free(request->websocket_key);
    if (request->is_body_secret && request->body != NULL) {
        explicit_bzero(request->body, request->body_len);
    }
    free(request->body);
    memset(request, 0, sizeof(*request));
}
