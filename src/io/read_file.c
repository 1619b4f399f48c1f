/* io/read_file.c - reads files. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "io/read_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"

/* Unbuffered and straight into the caller's memory: nothing of a secret stays elsewhere. */
static bool read_into(int fd, const char *path, struct tg_buf *contents, struct tg_err *err)
{
    char block[16384];
    ssize_t got;
    bool is_ok = true;
    while (is_ok && (got = read(fd, block, sizeof(block))) != 0) {
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            is_ok = tg_err_set(err, TG_CODE_IO, errno, "%s: %s", path, strerror(errno));
        } else if (!tg_buf_append(contents, block, (size_t)got)) {
            is_ok = tg_err_set(err, TG_CODE_LIMIT, 0, "%s: larger than %zu bytes", path,
                               contents->len_max);
        }
    }
    if (contents->is_secret) {
        explicit_bzero(block, sizeof(block));
    }
    return is_ok;
}

static char *read_file(const char *path, struct tg_buf *contents, size_t *len, struct tg_err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool is_ok = fd >= 0 || tg_err_set(err, TG_CODE_IO, errno, "%s: %s", path, strerror(errno));
    is_ok = is_ok && read_into(fd, path, contents, err);
    if (fd >= 0) {
        close(fd);
    }
    if (!is_ok) {
        tg_buf_fini(contents);
        return NULL;
    }
    return tg_buf_take(contents, len);
}

char *tg_read_file(const char *path, size_t len_max, size_t *len, struct tg_err *err)
{
    struct tg_buf contents;
    tg_buf_init(&contents, len_max);
    return read_file(path, &contents, len, err);
}

char *tg_read_secret_file(const char *path, size_t len_max, size_t *len, struct tg_err *err)
{
    struct tg_buf contents;
    tg_buf_init_secret(&contents, len_max);
    return read_file(path, &contents, len, err);
}
