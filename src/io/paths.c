/* io/paths.c - makes and finds directories. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "io/paths.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

bool tg_paths_make(const char *path, struct tg_err *err)
{
    char *copy = tg_strdup(path);
    bool is_ok = true;
    for (char *at = copy + 1; is_ok; at++) {
        if (*at != '/' && *at != '\0') {
            continue;
        }
        char kept = *at;
        *at = '\0';
        if (mkdir(copy, 0700) != 0 && errno != EEXIST) {
            is_ok = tg_err_set(err, TG_CODE_IO, errno, "%s: %s", copy, strerror(errno));
        }
        *at = kept;
        if (kept == '\0') {
            break;
        }
    }
    free(copy);
    return is_ok;
}

char *tg_paths_state_dir(struct tg_err *err)
{
    const char *state = getenv("XDG_STATE_HOME");
    const char *home = getenv("HOME");
    char *path = NULL;
    if (state != NULL && state[0] == '/') {
        path = tg_asprintf("%s/tidegate", state);
    } else if (home != NULL && home[0] == '/') {
        path = tg_asprintf("%s/.local/state/tidegate", home);
    } else {
        tg_err_set(err, TG_CODE_IO, 0,
                   "neither XDG_STATE_HOME nor HOME says where state may be kept");
        return NULL;
    }
    if (!tg_paths_make(path, err)) {
        free(path);
        return NULL;
    }
    return path;
}

/* Holds the directory for the life of the process; the descriptor is left open on purpose. */
static bool hold(const char *directory)
{
    char *lock = tg_asprintf("%s/lock", directory);
    int file = open(lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    free(lock);
    if (file >= 0 && flock(file, LOCK_EX | LOCK_NB) == 0) {
        return true;
    }
    if (file >= 0) {
        close(file);
    }
    return false;
}

char *tg_paths_demo_dir(struct tg_err *err)
{
    char *state = tg_paths_state_dir(err);
    if (state == NULL) {
        return NULL;
    }
    char *path = tg_asprintf("%s/demo", state);
    bool is_ok = tg_paths_make(path, err);
    if (is_ok && !hold(path)) {
        free(path);
        path = tg_asprintf("%s/demo-%ld", state, (long)getpid());
        is_ok = tg_paths_make(path, err);
    }
    free(state);
    if (!is_ok) {
        free(path);
        return NULL;
    }
    return path;
}
