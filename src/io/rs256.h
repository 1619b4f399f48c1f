/* io/rs256.h - signatures with RSA and SHA-256 (RS256 of RFC 7518).
 *
 * Thread: any.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_IO_RS256_H
#define TG_IO_RS256_H

#include <stddef.h>

#include "base/err.h"
#include "base/secret.h"

/* The signature of bytes by an RSA key in PEM, the caller's to free; NULL and err (CONFIG) when it
 * is no such key. */
unsigned char *tg_rs256_sign(const struct tg_secret *pem_key, const char *bytes, size_t len,
                             size_t *signature_len, struct tg_err *err);

#endif
