/* io/write_file.h - a whole file at once: it has its new contents or its old ones, never half.
 *
 * Thread: any.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_IO_WRITE_FILE_H
#define TG_IO_WRITE_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* Mode 0600. False and err (IO) otherwise. */
bool tg_write_file(const char *path, const char *bytes, size_t len, struct tg_err *err);

#endif
