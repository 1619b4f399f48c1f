/* base/digest.c - SHA-256 by OpenSSL. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "base/digest.h"

#include <openssl/evp.h>
#include <stdio.h>

#include "base/assert.h"

void tg_digest_sha256(const void *bytes, size_t len, char out[TG_DIGEST_LEN + 1])
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    tg_assert(EVP_Digest(bytes, len, digest, &size, EVP_sha256(), NULL) == 1 &&
              size * 2 == TG_DIGEST_LEN);
    for (unsigned int i = 0; i < size; i++) {
        snprintf(out + (size_t)i * 2, 3, "%02x", digest[i]);
    }
}
