/* io/token_file.c - tokens by path, with what their files looked like when they were read. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "io/token_file.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/map.h"
#include "base/mem.h"
#include "io/read_file.h"

#define TOKEN_LEN_MAX (64u * 1024)

struct token {
    struct tg_secret *secret;
    struct timespec changed;
    off_t size;
    ino_t inode;
};

struct tg_token_files {
    struct tg_map *tokens;
};

static void token_free(void *value)
{
    struct token *token = value;
    tg_secret_free(token->secret);
    free(token);
}

struct tg_token_files *tg_token_files_new(void)
{
    struct tg_token_files *files = TG_NEW(struct tg_token_files);
    files->tokens = tg_map_new(token_free);
    return files;
}

void tg_token_files_free(struct tg_token_files *files)
{
    if (files != NULL) {
        tg_map_free(files->tokens);
        free(files);
    }
}

static void read_token(struct token *token, const char *path)
{
    struct tg_err err = TG_ERR_INIT;
    size_t len = 0;
    char *text = tg_read_secret_file(path, TOKEN_LEN_MAX, &len, &err);
    if (text == NULL) {
        return;
    }
    text[strcspn(text, "\r\n")] = '\0';
    if (text[0] != '\0') {
        tg_secret_free(token->secret);
        token->secret = tg_secret_new(text, strlen(text));
    }
    explicit_bzero(text, len);
    free(text);
}

const struct tg_secret *tg_token_files_get(struct tg_token_files *files, const char *path)
{
    struct token *token = tg_map_get(files->tokens, path);
    if (token == NULL) {
        token = TG_NEW(struct token);
        tg_map_put(files->tokens, path, token);
    }
    struct stat status;
    if (stat(path, &status) == 0 &&
        (status.st_mtim.tv_sec != token->changed.tv_sec ||
         status.st_mtim.tv_nsec != token->changed.tv_nsec || status.st_size != token->size ||
         status.st_ino != token->inode)) {
        token->changed = status.st_mtim;
        token->size = status.st_size;
        token->inode = status.st_ino;
        read_token(token, path);
    }
    return token->secret;
}
