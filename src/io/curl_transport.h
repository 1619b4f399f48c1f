/* io/curl_transport.h - the transport of production: libcurl's multi interface, TLS always
 * verified.
 *
 * The certificate authority of an endpoint comes as bytes; redirects are off; only https is spoken;
 * answers and their headers have ceilings; HTTP/2 is used when offered. A path that starts with
 * "//" names its own host (Google's APIs).
 *
 * Thread: a transport belongs to one thread; wake() from any. The global functions from main,
 * before and after threads.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_IO_CURL_TRANSPORT_H
#define TG_IO_CURL_TRANSPORT_H

#include <stdbool.h>

#include "base/clock.h"
#include "base/err.h"
#include "net/transport.h"

bool tg_curl_global_init(struct tg_err *err);
void tg_curl_global_fini(void);

/* NULL and err when libcurl cannot start. Freed through its ops. */
struct tg_transport *tg_curl_transport_new(struct tg_clock clock, struct tg_err *err);

#endif
