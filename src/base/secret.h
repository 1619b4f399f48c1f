/* base/secret.h - tokens and keys: wiped when freed, and registered so that no output can print
 * them.
 *
 * tg_secret_new() registers the value; tg_redact() replaces every registered value in a text by
 * ***. Values shorter than 8 bytes are not registered (they would eat ordinary words).
 *
 * Thread: any; the registry locks.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_BASE_SECRET_H
#define TG_BASE_SECRET_H

#include <stddef.h>

struct tg_secret;

/* Copies len bytes into memory that is kept out of core files where the system allows. */
struct tg_secret *tg_secret_new(const char *bytes, size_t len);

/* Wipes and frees; NULL is allowed. */
void tg_secret_free(struct tg_secret *secret);

/* The value, NUL-terminated; borrowed. Only for handing to the network. */
const char *tg_secret_peek(const struct tg_secret *secret);
size_t tg_secret_len(const struct tg_secret *secret);

/* Copy of text with every registered secret replaced by "***"; the caller frees. */
char *tg_redact(const char *text);

/* Same, in place; the text only ever gets shorter or stays. */
void tg_redact_in_place(char *text);

#endif
