/* io/exec_consent.c - a file of digests, one a line, each with what it stands for. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "io/exec_consent.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/utf8.h"
#include "io/read_file.h"

#define NAME         "exec-plugins"
#define FILE_LEN_MAX (1024u * 1024)
#define WHAT_LEN_MAX (256u * 1024)
#define INFO         "KUBERNETES_EXEC_INFO="

/* The program that a name leads to through PATH; the name itself when there is none. The caller
 * frees. */
static char *find_program(const char *name)
{
    const char *path = getenv("PATH");
    if (strchr(name, '/') != NULL) {
        return tg_strdup(name);
    }
    while (path != NULL && *path != '\0') {
        size_t len = strcspn(path, ":");
        char *whole = tg_asprintf("%.*s/%s", (int)len, path, name);
        if (len > 0 && access(whole, X_OK) == 0) {
            return whole;
        }
        free(whole);
        path += len + (path[len] == ':' ? 1 : 0);
    }
    return tg_strdup(name);
}

/* Every part with its end, so that no two lists read alike. */
static void put_part(struct tg_buf *out, const char *text)
{
    tg_buf_append(out, text, strlen(text) + 1);
}

char *tg_exec_consent_what(const struct tg_kube_exec *exec, char digest[TG_DIGEST_LEN + 1])
{
    char whole[PATH_MAX];
    struct tg_buf what;
    struct tg_buf parts;
    tg_buf_init(&what, WHAT_LEN_MAX);
    tg_buf_init_secret(&parts, FILE_LEN_MAX);
    char *program = find_program(exec->argv[0]);
    put_part(&parts, realpath(exec->file, whole) != NULL ? whole : exec->file);
    put_part(&parts, exec->api_version);
    put_part(&parts, program);
    tg_buf_puts(&what, program);
    for (size_t i = 1; exec->argv[i] != NULL; i++) {
        put_part(&parts, exec->argv[i]);
        tg_buf_printf(&what, " %s", exec->argv[i]);
    }
    put_part(&parts, "");
    for (size_t i = 0; exec->environment[i] != NULL; i++) {
        /* What it is told about the cluster is ours to say and runs nothing else. */
        if (!tg_str_has_prefix(exec->environment[i], INFO)) {
            put_part(&parts, exec->environment[i]);
        }
    }
    tg_digest_sha256(tg_buf_text(&parts), parts.len, digest);
    free(program);
    tg_buf_fini(&parts);
    return tg_buf_take(&what, NULL);
}

bool tg_exec_consent_is_given(const char *state_dir, const char *digest)
{
    struct tg_err err = TG_ERR_INIT;
    size_t len = 0;
    char *path = tg_asprintf("%s/" NAME, state_dir);
    char *text = tg_read_file(path, FILE_LEN_MAX, &len, &err);
    bool is_given = false;
    for (const char *at = text; at != NULL && *at != '\0' && !is_given;) {
        is_given = strncmp(at, digest, TG_DIGEST_LEN) == 0 && at[TG_DIGEST_LEN] == ' ';
        at += strcspn(at, "\n");
        at += *at == '\n' ? 1 : 0;
    }
    free(text);
    free(path);
    return is_given;
}

bool tg_exec_consent_remember(const char *state_dir, const char *digest, const char *what,
                              struct tg_err *err)
{
    char *path = tg_asprintf("%s/" NAME, state_dir);
    char *shown = tg_utf8_sanitize(what, strlen(what));
    char *line = tg_asprintf("%s %s\n", digest, shown);
    size_t len = strlen(line);
    int file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    bool is_ok = file >= 0 && write(file, line, len) == (ssize_t)len;
    int error = errno;
    is_ok = (file < 0 || close(file) == 0) && is_ok;
    if (!is_ok) {
        tg_err_set(err, TG_CODE_IO, error, "%s: %s", path, strerror(error));
    }
    free(line);
    free(shown);
    free(path);
    return is_ok;
}
