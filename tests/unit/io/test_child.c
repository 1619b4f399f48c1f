/* tests/unit/io/test_child.c - a script in a terminal of its own: its lines, its signals, its lock,
 * its secret, and what becomes of it when nobody listens any more. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "io/child.h"

#include <criterion/criterion.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "io/clock_real.h"
#include "io/read_file.h"
#include "model/msg.h"

extern char **environ;

static char folder[] = "/tmp/tidegate-child-XXXXXX";
static struct tg_queue *inbox;
static char said[65536];
static struct tg_tool_end end;

static void free_message(void *item)
{
    tg_msg_free(item);
}

static void set_up(void)
{
    cr_assert_not_null(mkdtemp(folder));
    inbox = tg_queue_new(1024, free_message);
    said[0] = '\0';
}

static void tear_down(void)
{
    tg_queue_close(inbox);
    tg_queue_free(inbox);
    char *command = tg_asprintf("rm -rf %s", folder);
    cr_assert_eq(system(command), 0);
    free(command);
}

TestSuite(child, .init = set_up, .fini = tear_down, .timeout = 60);

static struct tg_child *start(const char *script, const struct tg_secret *secret,
                              struct tg_err *err)
{
    struct tg_child_config config = {.id = 7,
                                     .script = script,
                                     .folder = folder,
                                     .environment = (const char *const *)environ,
                                     .secret = secret,
                                     .inbox = inbox,
                                     .clock = tg_clock_real()};
    return tg_child_start(&config, err);
}

/* Takes messages until the program said text (NULL: until its end). */
static void hear(const char *text)
{
    for (;;) {
        struct tg_msg *msg = tg_queue_take(inbox);
        if (msg == NULL) {
            struct pollfd fd = {.fd = tg_queue_fd(inbox), .events = POLLIN};
            cr_assert_gt(poll(&fd, 1, 30000), 0, "it says nothing more; before: %s", said);
            continue;
        }
        cr_assert_eq(msg->as.tool.id, 7);
        bool is_end = msg->kind == TG_MSG_TOOL_ENDED;
        if (is_end) {
            end = msg->as.tool.end;
        } else {
            size_t len = strlen(said);
            snprintf(said + len, sizeof(said) - len, "%s\n", msg->as.tool.line.text);
        }
        tg_msg_free(msg);
        if (is_end || (text != NULL && strstr(said, text) != NULL)) {
            cr_assert(is_end == (text == NULL), "it ended before it said %s: %s", text, said);
            return;
        }
    }
}

static void run(const char *script)
{
    struct tg_err err = TG_ERR_INIT;
    struct tg_child *child = start(script, NULL, &err);
    cr_assert_not_null(child, "%s", err.msg);
    hear(NULL);
    tg_child_free(child);
}

Test(child, it_has_a_terminal_and_the_folder)
{
    run("test -t 0 && test -t 1 && test -t 2 && echo terminal; pwd; exit 3");
    char *wanted = tg_asprintf("terminal\n%s\n", folder);
    cr_assert_str_eq(said, wanted);
    free(wanted);
    cr_assert_eq(end.status, 3);
    cr_assert_eq(end.signal, 0);
}

Test(child, a_signal_that_ends_it_is_told)
{
    run("kill -s TERM $$");
    cr_assert_eq(end.status, -1);
    cr_assert_eq(end.signal, SIGTERM);
}

Test(child, an_interrupt_reaches_what_it_started)
{
    struct tg_err err = TG_ERR_INIT;
    struct tg_child *child = start(
        "trap 'exit 130' INT\n"
        "sh -c 'trap \"echo in order; exit 5\" INT; echo ready; while :; do sleep 0.05; done'",
        NULL, &err);
    cr_assert_not_null(child, "%s", err.msg);
    hear("ready");
    tg_child_signal(child, SIGINT);
    hear(NULL);
    cr_assert_not_null(strstr(said, "in order"), "%s", said);
    cr_assert_eq(end.status, 130);
    tg_child_free(child);
}

Test(child, the_secret_is_a_file_and_nowhere_else)
{
    struct tg_err err = TG_ERR_INIT;
    struct tg_secret *secret = tg_secret_new("hf_planted_0123456789", 21);
    struct tg_child *child =
        start("wc -c <" TG_CHILD_SECRET_PATH "; wc -c <" TG_CHILD_SECRET_PATH
              "; cat " TG_CHILD_SECRET_PATH "; echo; env; tr '\\0' '\\n' </proc/$$/cmdline; ls",
              secret, &err);
    cr_assert_not_null(child, "%s", err.msg);
    hear(NULL);
    cr_assert(tg_str_has_prefix(said, "21\n21\n***\n"), "%s", said);
    cr_assert_null(strstr(said, "hf_planted"), "%s", said);
    tg_child_free(child);
    tg_secret_free(secret);
}

Test(child, one_at_a_time_in_a_folder_even_after_nobody_listens)
{
    struct tg_err err = TG_ERR_INIT;
    struct tg_child *child = start(
        "trap '' HUP; echo ready; while [ ! -e go ]; do sleep 0.05; done; echo >done", NULL, &err);
    cr_assert_not_null(child, "%s", err.msg);
    hear("ready");
    tg_child_free(child); /* as when the program is gone */
    cr_assert_null(start("echo second", NULL, &err));
    cr_assert_eq(err.code, TG_CODE_LOCKED, "%s", err.msg);
    char *go = tg_asprintf("%s/go", folder);
    char *done = tg_asprintf("%s/done", folder);
    FILE *file = fopen(go, "w");
    cr_assert_not_null(file);
    fclose(file);
    struct tg_child *second = NULL;
    while (second == NULL) {
        second = start("test -e done && echo second", NULL, &err);
        usleep(20000);
    }
    hear(NULL);
    cr_assert_eq(end.status, 0, "the first was not allowed to end: %s", said);
    cr_assert_eq(access(done, F_OK), 0);
    tg_child_free(second);
    free(go);
    free(done);
}
