/* tests/unit/io/test_capture.c - programs that are run for what they print. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "io/capture.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"

static struct tg_err run(const char *script, int64_t deadline_us, int stop_fd, struct tg_buf *out)
{
    const char *const argv[] = {"sh", "-c", script, NULL};
    struct tg_capture capture = {.argv = argv, .deadline_us = deadline_us, .stop_fd = stop_fd};
    struct tg_err err = TG_ERR_INIT;
    tg_buf_init(out, 64);
    cr_assert_eq(tg_capture_run(&capture, out, &err), err.code == TG_CODE_NONE);
    return err;
}

Test(capture, output_is_taken_and_complaints_are_not)
{
    struct tg_buf out;
    struct tg_err err = run("echo told; echo aside >&2", 30 * TG_US_PER_S, -1, &out);
    cr_assert_eq(err.code, TG_CODE_NONE, "%s", err.msg);
    cr_assert_str_eq(tg_buf_text(&out), "told\n");
    tg_buf_fini(&out);
}

Test(capture, a_failure_tells_the_reason)
{
    struct tg_buf out;
    struct tg_err err =
        run("echo one >&2; echo the reason >&2; exit 3", 30 * TG_US_PER_S, -1, &out);
    cr_expect_eq(err.code, TG_CODE_STATE);
    cr_expect_eq(err.detail, 3);
    cr_expect_str_eq(err.msg, "sh: the reason");
    tg_buf_fini(&out);
    err = run("printf 'ERROR: (x) no account.\\nRun:\\n\\n  $ gcloud\\n' >&2; exit 1",
              30 * TG_US_PER_S, -1, &out);
    cr_expect_str_eq(err.msg, "sh: ERROR: (x) no account.");
    tg_buf_fini(&out);
}

Test(capture, what_does_not_end_is_ended)
{
    struct tg_buf out;
    cr_expect_eq(run("sleep 600", TG_US_PER_MS, -1, &out).code, TG_CODE_TIMEOUT);
    tg_buf_fini(&out);
    int stop_fd = eventfd(1, EFD_CLOEXEC);
    cr_expect_eq(run("sleep 600 & wait", 600 * TG_US_PER_S, stop_fd, &out).code, TG_CODE_CANCELLED);
    close(stop_fd);
    tg_buf_fini(&out);
}

Test(capture, too_much_is_an_error_and_no_program_is_another)
{
    struct tg_buf out;
    cr_expect_eq(run("head -c 100000 /dev/zero", 30 * TG_US_PER_S, -1, &out).code, TG_CODE_LIMIT);
    tg_buf_fini(&out);
    const char *const argv[] = {"tidegate-no-such-program", NULL};
    struct tg_capture capture = {.argv = argv, .deadline_us = TG_US_PER_S, .stop_fd = -1};
    struct tg_err err = TG_ERR_INIT;
    tg_buf_init(&out, 64);
    cr_expect_not(tg_capture_run(&capture, &out, &err));
    cr_expect_eq(err.code, TG_CODE_NOT_FOUND);
    tg_buf_fini(&out);
}

/* On top of what we have, and instead of it where a name is given. */
Test(capture, variables_are_given_to_the_child_alone)
{
    static const char *const environment[] = {"TIDEGATE_PLANTED=b c", "HOME=/elsewhere", NULL};
    const char *const argv[] = {"sh", "-c", "echo $TIDEGATE_PLANTED $HOME ${PATH:+path}", NULL};
    struct tg_capture capture = {
        .argv = argv, .deadline_us = 30 * TG_US_PER_S, .stop_fd = -1, .environment = environment};
    struct tg_err err = TG_ERR_INIT;
    struct tg_buf out;
    tg_buf_init(&out, 64);
    cr_assert(tg_capture_run(&capture, &out, &err), "%s", err.msg);
    cr_expect_str_eq(tg_buf_text(&out), "b c /elsewhere path\n");
    cr_expect_null(getenv("TIDEGATE_PLANTED"));
    tg_buf_fini(&out);
}
