/* io/sig.c - signalfd and crash handlers. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "io/sig.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define ALTERNATE_STACK_SIZE 65536

static void (*crash_restore)(void);

void tg_sig_ignore_pipe(void)
{
    signal(SIGPIPE, SIG_IGN);
}

int tg_sig_open(struct tg_err *err)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGWINCH, SIGTSTP, SIGCONT};
    sigset_t mask;
    sigemptyset(&mask);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        sigaddset(&mask, numbers[i]);
    }
    /* A signal that the parent ignored (nohup, background jobs) must still be readable here. */
    for (size_t i = 0; i < 3; i++) {
        signal(numbers[i], SIG_DFL);
    }
    sigprocmask(SIG_BLOCK, &mask, NULL);
    int fd = signalfd(-1, &mask, SFD_NONBLOCK | SFD_CLOEXEC);
    if (fd < 0) {
        tg_err_set(err, TG_CODE_IO, errno, "signalfd: %s", strerror(errno));
    }
    return fd;
}

int tg_sig_take(int fd)
{
    struct signalfd_siginfo info;
    return fd >= 0 && read(fd, &info, sizeof(info)) == (ssize_t)sizeof(info) ? (int)info.ssi_signo
                                                                             : 0;
}

bool tg_sig_is_end(int number)
{
    return number == SIGINT || number == SIGTERM || number == SIGHUP;
}

static void crash(int number)
{
    if (crash_restore != NULL) {
        crash_restore();
    }
    signal(number, SIG_DFL);
    raise(number);
}

void tg_sig_catch_crashes(void (*restore)(void))
{
    static const int numbers[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
    static char stack[ALTERNATE_STACK_SIZE];
    stack_t alternate = {.ss_sp = stack, .ss_size = sizeof(stack)};
    struct sigaction action = {.sa_handler = crash, .sa_flags = (int)(SA_ONSTACK | SA_RESETHAND)};
    crash_restore = restore;
    sigaltstack(&alternate, NULL);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        sigaction(numbers[i], &action, NULL);
    }
}
