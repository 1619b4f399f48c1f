/* base/digest.h - SHA-256, by which a file or a choice is known again.
 *
 * Thread: any.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_BASE_DIGEST_H
#define TG_BASE_DIGEST_H

#include <stddef.h>

#define TG_DIGEST_LEN 64

/* The digest in lower-case hexadecimal, NUL-terminated. */
void tg_digest_sha256(const void *bytes, size_t len, char out[TG_DIGEST_LEN + 1]);

#endif
