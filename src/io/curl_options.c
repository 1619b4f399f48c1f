/* io/curl_options.c - trust, and what libcurl's errors mean. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "io/curl_options.h"

#include <string.h>

static void set_blob(CURL *easy, CURLoption option, const char *text, size_t len)
{
    struct curl_blob blob = {(void *)(uintptr_t)text, len, CURL_BLOB_COPY};
    curl_easy_setopt(easy, option, &blob);
}

void tg_curl_set_certificate(CURL *easy, const char *cert_pem, const struct tg_secret *key_pem)
{
    if (cert_pem != NULL && key_pem != NULL) {
        set_blob(easy, CURLOPT_SSLCERT_BLOB, cert_pem, strlen(cert_pem));
        set_blob(easy, CURLOPT_SSLKEY_BLOB, tg_secret_peek(key_pem), tg_secret_len(key_pem));
    }
}

void tg_curl_set_trust(CURL *easy, const struct tg_http_endpoint *endpoint)
{
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (endpoint->ca_pem != NULL) {
        set_blob(easy, CURLOPT_CAINFO_BLOB, endpoint->ca_pem, strlen(endpoint->ca_pem));
        curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
    }
    tg_curl_set_certificate(easy, endpoint->client_cert_pem, endpoint->client_key_pem);
}

enum tg_code tg_curl_code_of(CURLcode result)
{
    switch (result) {
    case CURLE_OK:
        return TG_CODE_NONE;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
        return TG_CODE_DNS;
    case CURLE_COULDNT_CONNECT:
        return TG_CODE_CONNECT;
    case CURLE_OPERATION_TIMEDOUT:
        return TG_CODE_TIMEOUT;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_CIPHER:
        return TG_CODE_TLS;
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
        return TG_CODE_CONFIG;
    case CURLE_BAD_CONTENT_ENCODING:
    case CURLE_WEIRD_SERVER_REPLY:
        return TG_CODE_PROTOCOL;
    default:
        return TG_CODE_BROKEN;
    }
}
