/* io/read_file.c - reads files. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "io/read_file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"

char *tg_read_file(const char *path, size_t len_max, size_t *len, struct tg_err *err)
{
    char block[16384];
    struct tg_buf contents;
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        tg_err_set(err, TG_CODE_IO, errno, "%s: %s", path, strerror(errno));
        return NULL;
    }
    tg_buf_init(&contents, len_max);
    size_t got;
    bool is_ok = true;
    while (is_ok && (got = fread(block, 1, sizeof(block), file)) > 0) {
        is_ok = tg_buf_append(&contents, block, got);
    }
    if (!is_ok) {
        tg_err_set(err, TG_CODE_LIMIT, 0, "%s: larger than %zu bytes", path, len_max);
    } else if (ferror(file)) {
        is_ok = tg_err_set(err, TG_CODE_IO, errno, "%s: %s", path, strerror(errno));
    }
    fclose(file);
    if (!is_ok) {
        tg_buf_fini(&contents);
        return NULL;
    }
    return tg_buf_take(&contents, len);
}
