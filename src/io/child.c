/* io/child.c - a pseudo-terminal, the process that is led by a shell in it, and the thread that
 * reads and reaps. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "io/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "base/mem.h"
#include "codec/tool_output.h"
#include "model/msg.h"

#define LOOK_MS      50 /* how often it is looked whether the shell has ended */
#define COLUMNS      160
#define ROWS         50
#define SECRET_FD    8 /* as TG_CHILD_SECRET_PATH says */
#define LOCK_FD      9
#define FIRST_OWN_FD 10 /* ours stay clear of those of the child */

struct tg_child {
    uint64_t id;
    struct tg_queue *inbox;
    struct tg_clock clock;
    struct tg_tool_output *output;
    int terminal;
    pid_t leader;
    pthread_t thread;
    pthread_mutex_t mutex; /* of is_reaped: a number that was reaped may be somebody else's */
    bool is_reaped;
    atomic_bool is_left; /* nobody wants to hear of it */
};

/* ---- the thread ---- */

static void push(struct tg_child *child, struct tg_msg *msg)
{
    if (!tg_queue_push(child->inbox, msg)) {
        tg_msg_free(msg);
    }
}

static void take_line(void *context, struct tg_tool_line *line)
{
    struct tg_child *child = context;
    struct tg_msg *msg = tg_msg_new(TG_MSG_TOOL_LINE, -1, tg_clock_monotonic_us(&child->clock));
    msg->as.tool.id = child->id;
    msg->as.tool.line = *line;
    push(child, msg);
}

/* Reads what is there. False when nobody has the terminal open any more. */
static bool drain(struct tg_child *child)
{
    char bytes[4096];
    ssize_t got;
    while ((got = read(child->terminal, bytes, sizeof(bytes))) > 0) {
        tg_tool_output_feed(child->output, bytes, (size_t)got, take_line, child);
        explicit_bzero(bytes, (size_t)got);
        if (atomic_load(&child->is_left)) {
            return true;
        }
    }
    return got < 0 && (errno == EAGAIN || errno == EINTR);
}

static bool reap(struct tg_child *child, struct tg_tool_end *end)
{
    int status = 0;
    pthread_mutex_lock(&child->mutex);
    pid_t got = waitpid(child->leader, &status, WNOHANG);
    child->is_reaped = got == child->leader || (got < 0 && errno != EINTR);
    bool is_over = child->is_reaped;
    pthread_mutex_unlock(&child->mutex);
    if (got == child->leader) {
        end->status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
        end->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    } else if (is_over) {
        end->status = -1;
        tg_err_set(&end->err, TG_CODE_INTERNAL, errno, "its end cannot be known: %s",
                   strerror(errno));
    }
    return is_over;
}

static void *run(void *context)
{
    struct tg_child *child = context;
    struct tg_tool_end end = {0};
    bool is_open = true;
    while (!atomic_load(&child->is_left)) {
        struct pollfd fd = {.fd = is_open ? child->terminal : -1, .events = POLLIN};
        (void)poll(&fd, 1, LOOK_MS);
        is_open = is_open && drain(child);
        if (reap(child, &end)) {
            (void)(is_open && drain(child));
            tg_tool_output_finish(child->output, take_line, child);
            struct tg_msg *msg =
                tg_msg_new(TG_MSG_TOOL_ENDED, -1, tg_clock_monotonic_us(&child->clock));
            msg->as.tool.id = child->id;
            msg->as.tool.end = end;
            push(child, msg);
            break;
        }
    }
    return NULL;
}

/* ---- starting ---- */

struct ends {
    int terminal; /* ours */
    int lock;
    int secret;
    char name[64]; /* of the child's end of the terminal */
};

static void close_fd(int *fd)
{
    if (*fd >= 0) {
        close(*fd);
        *fd = -1;
    }
}

/* Out of the way of the numbers that the child gives its descriptors. */
static int move_up(int fd)
{
    int moved = fd >= 0 ? fcntl(fd, F_DUPFD_CLOEXEC, FIRST_OWN_FD) : -1;
    int kept = errno;
    close_fd(&fd);
    errno = kept;
    return moved;
}

static bool open_terminal(struct ends *ends)
{
    struct winsize size = {.ws_row = ROWS, .ws_col = COLUMNS};
    struct termios modes;
    ends->terminal = move_up(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
    if (ends->terminal < 0 || grantpt(ends->terminal) != 0 || unlockpt(ends->terminal) != 0 ||
        ptsname_r(ends->terminal, ends->name, sizeof(ends->name)) != 0 ||
        tcgetattr(ends->terminal, &modes) != 0) {
        return false;
    }
    modes.c_lflag &= ~(tcflag_t)(ECHO | ECHONL);
    return tcsetattr(ends->terminal, TCSANOW, &modes) == 0 &&
           ioctl(ends->terminal, TIOCSWINSZ, &size) == 0 &&
           fcntl(ends->terminal, F_SETFL, O_RDWR | O_NONBLOCK) == 0;
}

/* Held by the child and all that it starts, not by us. */
static bool take_lock(const char *folder, struct ends *ends, struct tg_err *err)
{
    char *path = tg_asprintf("%s/commands.lock", folder);
    ends->lock = move_up(open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    bool is_open = ends->lock >= 0;
    bool is_ok = is_open && flock(ends->lock, LOCK_EX | LOCK_NB) == 0;
    if (!is_open || (!is_ok && errno != EWOULDBLOCK)) {
        tg_err_set(err, TG_CODE_IO, errno, "%s: %s", path, strerror(errno));
    } else if (!is_ok) {
        tg_err_set(err, TG_CODE_LOCKED, 0, "commands of an earlier run still run; they come first");
    }
    free(path);
    return is_ok;
}

static bool keep_secret(const struct tg_secret *secret, struct ends *ends)
{
    if (secret == NULL) {
        return true;
    }
    size_t len = tg_secret_len(secret);
    ends->secret = move_up(memfd_create("token", MFD_CLOEXEC));
    return ends->secret >= 0 && write(ends->secret, tg_secret_peek(secret), len) == (ssize_t)len;
}

static void prepare_files(const struct tg_child_config *config, const struct ends *ends,
                          posix_spawn_file_actions_t *files)
{
    posix_spawn_file_actions_init(files);
    /* The leader of a session without a terminal gets the one that it opens. */
    posix_spawn_file_actions_addopen(files, STDIN_FILENO, ends->name, O_RDWR, 0);
    posix_spawn_file_actions_adddup2(files, STDIN_FILENO, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(files, STDIN_FILENO, STDERR_FILENO);
    posix_spawn_file_actions_adddup2(files, ends->lock, LOCK_FD);
    if (ends->secret >= 0) {
        posix_spawn_file_actions_adddup2(files, ends->secret, SECRET_FD);
    }
    posix_spawn_file_actions_addchdir_np(files, config->folder);
}

/* In a session of its own, with the signals of a fresh program, since our threads block them. */
static int spawn(const struct tg_child_config *config, const struct ends *ends, pid_t *leader)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t none;
    sigset_t all;
    sigemptyset(&none);
    sigfillset(&all);
    prepare_files(config, ends, &files);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes,
                             POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    /* The interface takes both lists without const but only reads them. */
    const char *words[] = {"sh", "-c", config->script, NULL};
    union {
        const char *const *given;
        char *const *taken;
    } argv = {.given = words}, environment = {.given = config->environment};
    int result = posix_spawn(leader, "/bin/sh", &files, &attributes, argv.taken, environment.taken);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
    return result;
}

static bool start_thread(struct tg_child *child)
{
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int result = pthread_create(&child->thread, NULL, run, child);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return result == 0;
}

static bool open_all(const struct tg_child_config *config, struct ends *ends, struct tg_err *err)
{
    if (!take_lock(config->folder, ends, err)) {
        return false;
    }
    return (open_terminal(ends) && keep_secret(config->secret, ends)) ||
           tg_err_set(err, TG_CODE_IO, errno, "no terminal for commands: %s", strerror(errno));
}

struct tg_child *tg_child_start(const struct tg_child_config *config, struct tg_err *err)
{
    struct ends ends = {.terminal = -1, .lock = -1, .secret = -1};
    pid_t leader = 0;
    bool is_ok = open_all(config, &ends, err);
    int result = is_ok ? spawn(config, &ends, &leader) : 0;
    if (result != 0) {
        is_ok = tg_err_set(err, TG_CODE_IO, result, "/bin/sh in %s: %s", config->folder,
                           strerror(result));
    }
    close_fd(&ends.lock);
    close_fd(&ends.secret);
    if (!is_ok) {
        close_fd(&ends.terminal);
        return NULL;
    }
    struct tg_child *child = TG_NEW(struct tg_child);
    child->id = config->id;
    child->inbox = config->inbox;
    child->clock = config->clock;
    child->terminal = ends.terminal;
    child->leader = leader;
    child->output = tg_tool_output_new();
    pthread_mutex_init(&child->mutex, NULL);
    if (!start_thread(child)) {
        tg_err_set(err, TG_CODE_INTERNAL, 0, "a thread cannot be started");
        (void)kill(-leader, SIGKILL);
        (void)waitpid(leader, NULL, 0);
        tg_tool_output_free(child->output);
        close(child->terminal);
        free(child);
        return NULL;
    }
    return child;
}

void tg_child_signal(struct tg_child *child, int number)
{
    pthread_mutex_lock(&child->mutex);
    if (!child->is_reaped) {
        (void)kill(-child->leader, number);
    }
    pthread_mutex_unlock(&child->mutex);
}

void tg_child_free(struct tg_child *child)
{
    if (child == NULL) {
        return;
    }
    atomic_store(&child->is_left, true);
    pthread_join(child->thread, NULL);
    pthread_mutex_destroy(&child->mutex);
    tg_tool_output_free(child->output);
    close(child->terminal);
    free(child);
}
