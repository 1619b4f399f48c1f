/* tests/unit/io/test_token_file.c - tokens that are renewed in their files while we run. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/token_file.h"

static void write_token(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    cr_assert_not_null(file);
    fputs(text, file);
    fclose(file);
}

Test(token_file, a_new_token_in_the_file_is_used)
{
    char path[] = "/tmp/tidegate-token-XXXXXX";
    int fd = mkstemp(path);
    cr_assert_geq(fd, 0);
    close(fd);
    struct tg_token_files *files = tg_token_files_new();
    cr_expect_null(tg_token_files_get(files, path), "an empty file holds no token");
    write_token(path, "first-token\n");
    cr_expect_str_eq(tg_secret_peek(tg_token_files_get(files, path)), "first-token");
    write_token(path, "the-second-token\r\n");
    cr_expect_str_eq(tg_secret_peek(tg_token_files_get(files, path)), "the-second-token");
    unlink(path);
    cr_expect_str_eq(tg_secret_peek(tg_token_files_get(files, path)), "the-second-token",
                     "the last good one serves while the file is gone");
    tg_token_files_free(files);
}
