/* io/write_file.c - written beside its place, then moved there. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "io/write_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"

static bool write_all(int fd, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t written = write(fd, bytes, len);
        if (written < 0 && errno != EINTR) {
            return false;
        }
        bytes += written > 0 ? written : 0;
        len -= written > 0 ? (size_t)written : 0;
    }
    return true;
}

bool tg_write_file(const char *path, const char *bytes, size_t len, struct tg_err *err)
{
    char *beside = tg_asprintf("%s.XXXXXX", path);
    int fd = mkostemp(beside, O_CLOEXEC); /* mode 0600 */
    bool is_made = fd >= 0;
    bool is_ok = is_made && write_all(fd, bytes, len);
    int why = errno;
    if (is_made && close(fd) != 0 && is_ok) {
        why = errno;
        is_ok = false;
    }
    if (is_ok && rename(beside, path) != 0) {
        why = errno;
        is_ok = false;
    }
    if (!is_ok) {
        tg_err_set(err, TG_CODE_IO, why, "%s: %s", path, strerror(why));
        if (is_made) {
            unlink(beside);
        }
    }
    free(beside);
    return is_ok;
}
