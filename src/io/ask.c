/* io/ask.c - one question, one line. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "io/ask.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define SECRET_LEN_MAX 4096

static bool write_all(int terminal, const char *text)
{
    size_t len = strlen(text);
    while (len > 0) {
        ssize_t wrote = write(terminal, text, len);
        if (wrote <= 0) {
            return false;
        }
        text += wrote;
        len -= (size_t)wrote;
    }
    return true;
}

/* One byte at a time: nothing that was typed ahead for others is taken. */
static bool read_line(int terminal, char *out, size_t size)
{
    size_t len = 0;
    for (;;) {
        char byte = 0;
        ssize_t got = read(terminal, &byte, 1);
        if (got < 0 && errno == EINTR) {
            return false; /* a signal asks to end */
        }
        if (got <= 0) {
            return false;
        }
        if (byte == '\n' || byte == '\r') {
            out[len] = '\0';
            return true;
        }
        if (len + 1 < size) {
            out[len++] = byte;
        }
    }
}

static int open_terminal(struct tg_err *err)
{
    int terminal = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    if (terminal < 0) {
        tg_err_set(err, TG_CODE_STATE, errno, "there is no terminal to ask on");
    }
    return terminal;
}

bool tg_ask_line(const char *question, char *out, size_t size, struct tg_err *err)
{
    int terminal = open_terminal(err);
    if (terminal < 0) {
        return false;
    }
    bool is_ok = write_all(terminal, question) && read_line(terminal, out, size);
    close(terminal);
    return is_ok || tg_err_set(err, TG_CODE_STATE, 0, "nothing was answered");
}

struct tg_secret *tg_ask_secret(const char *question, struct tg_err *err)
{
    int terminal = open_terminal(err);
    if (terminal < 0) {
        return NULL;
    }
    struct termios shown;
    char line[SECRET_LEN_MAX];
    bool is_ok = tcgetattr(terminal, &shown) == 0;
    if (is_ok) {
        struct termios hidden = shown;
        hidden.c_lflag &= (tcflag_t) ~(tcflag_t)ECHO;
        is_ok = tcsetattr(terminal, TCSAFLUSH, &hidden) == 0 && write_all(terminal, question) &&
                read_line(terminal, line, sizeof(line));
        (void)tcsetattr(terminal, TCSAFLUSH, &shown);
        (void)write_all(terminal, "\n");
    }
    close(terminal);
    struct tg_secret *secret = NULL;
    if (is_ok && line[0] != '\0') {
        secret = tg_secret_new(line, strlen(line));
    } else {
        tg_err_set(err, TG_CODE_STATE, 0, "nothing was answered");
    }
    explicit_bzero(line, sizeof(line));
    return secret;
}
