/* io/curl_options.h - how libcurl is told whom to trust, and what its errors mean to us. Private to
 * io/curl_*.c.
 *
 * Thread: the transport's.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_IO_CURL_OPTIONS_H
#define TG_IO_CURL_OPTIONS_H

#include <curl/curl.h>

#include "base/err.h"
#include "net/http.h"

/* TLS is always verified, with the endpoint's authorities or the system's; sets its client
 * certificate too. */
void tg_curl_set_trust(CURL *easy, const struct tg_http_endpoint *endpoint);

/* A client certificate with its key; NULL: nothing is set. */
void tg_curl_set_certificate(CURL *easy, const char *cert_pem, const struct tg_secret *key_pem);

enum tg_code tg_curl_code_of(CURLcode result);

#endif
