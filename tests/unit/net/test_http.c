/* tests/unit/net/test_http.c - what an exchange owns is given back once. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <criterion/criterion.h>

#include "base/mem.h"
#include "net/http.h"

Test(http, fini_frees_everything_and_leaves_empty_values)
{
    struct tg_http_endpoint endpoint = {
        .base_url = tg_strdup("https://east:6443"),
        .ca_pem = tg_strdup("pem"),
        .tls_server_name = tg_strdup("east"),
        .client_cert_pem = tg_strdup("pem"),
        .client_key_pem = tg_secret_new("key", 3),
        .bearer_token = tg_secret_new("token-of-east", 13),
    };
    struct tg_http_request request = {
        .endpoint = &endpoint,
        .method = "POST",
        .path = tg_strdup("/api/v1/pods"),
        .content_type = tg_strdup("application/json"),
        .accept = tg_strdup("application/json"),
        .body = tg_strdup("{}"),
        .body_len = 2,
    };

    /* The leak check of the sanitized build is the witness; the second time must find nothing. */
    for (int i = 0; i < 2; i++) {
        tg_http_request_fini(&request);
        tg_http_endpoint_fini(&endpoint);
        cr_assert_null(request.path);
        cr_assert_null(request.body);
        cr_assert_null(endpoint.base_url);
        cr_assert_null(endpoint.bearer_token);
    }
}
