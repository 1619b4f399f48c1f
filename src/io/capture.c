/* io/capture.c - one child process, both its outputs on pipes. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "io/capture.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "io/clock_real.h"

#define COMPLAINT_LEN_MAX 4096

extern char **environ;

/* Ends of the pipes that are read here; the child has the others. */
struct pipes {
    int out[2];
    int complaint[2];
};

static void close_end(int *fd)
{
    if (*fd >= 0) {
        close(*fd);
        *fd = -1;
    }
}

static bool open_pipes(struct pipes *pipes)
{
    *pipes = (struct pipes){{-1, -1}, {-1, -1}};
    return pipe2(pipes->out, O_CLOEXEC) == 0 && pipe2(pipes->complaint, O_CLOEXEC) == 0;
}

static void close_pipes(struct pipes *pipes)
{
    close_end(&pipes->out[0]);
    close_end(&pipes->out[1]);
    close_end(&pipes->complaint[0]);
    close_end(&pipes->complaint[1]);
}

/* Ours, but for names that the caller gives another value. The array is the caller's to free. */
static char **merged_environment(const char *const *given)
{
    size_t ours = 0;
    size_t count = 0;
    while (environ[ours] != NULL) {
        ours++;
    }
    for (size_t i = 0; given != NULL && given[i] != NULL; i++) {
        count++;
    }
    char **merged = tg_calloc(ours + count + 1, sizeof(*merged));
    size_t used = 0;
    for (size_t i = 0; i < ours; i++) {
        bool is_given = false;
        size_t len = strcspn(environ[i], "=") + 1;
        for (size_t g = 0; g < count && !is_given; g++) {
            is_given = strncmp(environ[i], given[g], len) == 0;
        }
        if (!is_given) {
            merged[used++] = environ[i];
        }
    }
    if (count > 0) {
        memcpy(merged + used, given, count * sizeof(*merged));
    }
    return merged;
}

/* In a process group of its own, so that what it starts can be ended with it; with the signals of a
 * fresh program, since our threads block them all. */
static int spawn(const struct tg_capture *capture, const struct pipes *pipes, pid_t *child)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t none;
    sigset_t pipe_alone;
    sigemptyset(&none);
    sigemptyset(&pipe_alone);
    sigaddset(&pipe_alone, SIGPIPE);
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&files, pipes->out[1], STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&files, pipes->complaint[1], STDERR_FILENO);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
                                              POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &pipe_alone);
    /* The interface takes argv without const but only reads it. */
    union {
        const char *const *given;
        char *const *taken;
    } argv = {.given = capture->argv};
    char **environment = merged_environment(capture->environment);
    int result = posix_spawnp(child, argv.taken[0], &files, &attributes, argv.taken, environment);
    free(environment);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
    return result;
}

/* False at the end of the stream. What does not fit is read and dropped, so that the child never
 * waits for us. */
static bool drain(int fd, struct tg_buf *into)
{
    char bytes[4096];
    ssize_t got = read(fd, bytes, sizeof(bytes));
    if (got > 0) {
        (void)tg_buf_append(into, bytes, (size_t)got);
    }
    explicit_bzero(bytes, sizeof(bytes));
    return got > 0 || (got < 0 && (errno == EINTR || errno == EAGAIN));
}

/* Until both streams ended. */
static bool read_streams(const struct tg_capture *capture, struct pipes *pipes, struct tg_buf *out,
                         struct tg_buf *complaint, struct tg_err *err)
{
    struct tg_clock clock = tg_clock_real();
    int64_t until_us = tg_clock_monotonic_us(&clock) + capture->deadline_us;
    while (pipes->out[0] >= 0 || pipes->complaint[0] >= 0) {
        struct pollfd fds[3] = {{.fd = pipes->out[0], .events = POLLIN},
                                {.fd = pipes->complaint[0], .events = POLLIN},
                                {.fd = capture->stop_fd, .events = POLLIN}};
        int64_t left_us = until_us - tg_clock_monotonic_us(&clock);
        if (left_us <= 0) {
            return tg_err_set(err, TG_CODE_TIMEOUT, 0, "%s does not end within %lld s",
                              capture->argv[0], (long long)(capture->deadline_us / TG_US_PER_S));
        }
        (void)poll(fds, 3, (int)((left_us + TG_US_PER_MS - 1) / TG_US_PER_MS));
        if (fds[2].revents != 0) {
            return tg_err_set(err, TG_CODE_CANCELLED, 0, "%s was stopped", capture->argv[0]);
        }
        if (fds[0].revents != 0 && !drain(pipes->out[0], out)) {
            close_end(&pipes->out[0]);
        }
        if (fds[1].revents != 0 && !drain(pipes->complaint[0], complaint)) {
            close_end(&pipes->complaint[0]);
        }
    }
    return true;
}

/* The line that begins with ERROR (gcloud's way: advice of many lines follows it), else the last,
 * which the others led to. */
static const char *reason(struct tg_buf *complaint)
{
    char *error = strstr(tg_buf_text(complaint), "ERROR");
    if (error != NULL && (error == complaint->data || error[-1] == '\n')) {
        error[strcspn(error, "\r\n")] = '\0';
        return error;
    }
    while (complaint->len > 0 && strchr("\r\n ", complaint->data[complaint->len - 1]) != NULL) {
        complaint->data[--complaint->len] = '\0';
    }
    const char *newline = complaint->len == 0 ? NULL : strrchr(complaint->data, '\n');
    return newline != NULL ? newline + 1 : tg_buf_text(complaint);
}

static bool run_child(const struct tg_capture *capture, struct pipes *pipes, struct tg_buf *out,
                      struct tg_buf *complaint, struct tg_err *err)
{
    pid_t child = 0;
    int status = 0;
    int result = open_pipes(pipes) ? spawn(capture, pipes, &child) : errno;
    if (result != 0) {
        return tg_err_set(err, result == ENOENT ? TG_CODE_NOT_FOUND : TG_CODE_IO, result, "%s: %s",
                          capture->argv[0], strerror(result));
    }
    close_end(&pipes->out[1]);
    close_end(&pipes->complaint[1]);
    bool is_read = read_streams(capture, pipes, out, complaint, err);
    if (!is_read) {
        (void)kill(-child, SIGKILL);
    }
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (!is_read) {
        return false;
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        return tg_err_set(err, TG_CODE_STATE, WIFEXITED(status) ? WEXITSTATUS(status) : 0,
                          "%s: %.160s", capture->argv[0], reason(complaint));
    }
    return !out->is_full ||
           tg_err_set(err, TG_CODE_LIMIT, 0, "%s prints too much", capture->argv[0]);
}

bool tg_capture_run(const struct tg_capture *capture, struct tg_buf *out, struct tg_err *err)
{
    struct pipes pipes;
    struct tg_buf complaint;
    tg_buf_init(&complaint, COMPLAINT_LEN_MAX);
    bool is_ok = run_child(capture, &pipes, out, &complaint, err);
    close_pipes(&pipes);
    tg_buf_fini(&complaint);
    return is_ok;
}
