/* io/read_file.h - a whole file in memory, with a ceiling.
 *
 * Thread: any.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_IO_READ_FILE_H
#define TG_IO_READ_FILE_H

#include <stddef.h>

#include "base/err.h"

/* NUL-terminated contents, the caller's to free; NULL and err (IO, LIMIT) otherwise. */
char *tg_read_file(const char *path, size_t len_max, size_t *len, struct tg_err *err);

/* The same for secrets: no copy stays behind. The caller wipes and frees. */
char *tg_read_secret_file(const char *path, size_t len_max, size_t *len, struct tg_err *err);

#endif
