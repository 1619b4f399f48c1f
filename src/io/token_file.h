/* io/token_file.h - bearer tokens that somebody else keeps fresh in files: read again when the file
 * changed.
 *
 * Thread: one owner. Ownership: tokens are borrowed until the next call with the same path.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_IO_TOKEN_FILE_H
#define TG_IO_TOKEN_FILE_H

#include "base/secret.h"

struct tg_token_files;

struct tg_token_files *tg_token_files_new(void);
void tg_token_files_free(struct tg_token_files *files);

/* The token in the file now; NULL when it cannot be read or is empty (then the last good one, if
 * there was one). */
const struct tg_secret *tg_token_files_get(struct tg_token_files *files, const char *path);

#endif
