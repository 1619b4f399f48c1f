/* tests/unit/net/test_upgrade.c - answers to a request that asks to leave HTTP. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <criterion/criterion.h>

#include <string.h>

#include "base/buf.h"
#include "net/upgrade.h"

struct seen {
    struct tg_buf lines;
    struct tg_buf body;
};

static bool see_line(void *context, const char *line, size_t len)
{
    struct seen *seen = context;
    cr_assert_eq(line[len - 1], '\n');
    return tg_buf_append(&seen->lines, line, len);
}

static bool see_body(void *context, const char *bytes, size_t len)
{
    return tg_buf_append(&((struct seen *)context)->body, bytes, len);
}

/* Feeds text in two parts; the status, or 0 and the error's code in *code. */
static int feed(const char *text, size_t cut, struct tg_upgrade *upgrade, struct seen *seen,
                enum tg_code *code)
{
    struct tg_err err = TG_ERR_INIT;
    struct tg_upgrade_sink sink = {see_line, see_body, seen};
    size_t len = strlen(text);
    *upgrade = (struct tg_upgrade){.status = 0};
    tg_buf_init(&seen->lines, 65536);
    tg_buf_init(&seen->body, 65536);
    bool is_ok = tg_upgrade_feed(upgrade, text, cut, &sink, &err) &&
                 tg_upgrade_feed(upgrade, text + cut, len - cut, &sink, &err);
    *code = err.code;
    return is_ok ? upgrade->status : 0;
}

static void forget(struct seen *seen)
{
    tg_buf_fini(&seen->lines);
    tg_buf_fini(&seen->body);
}

static void expect(const char *text, int status, const char *body, bool may_end)
{
    for (size_t cut = 0; cut <= strlen(text); cut++) {
        struct tg_upgrade upgrade;
        struct seen seen;
        enum tg_code code;
        cr_assert_eq(feed(text, cut, &upgrade, &seen, &code), status, "cut at %zu: %d", cut, code);
        cr_assert_str_eq(tg_buf_text(&seen.body), body, "cut at %zu", cut);
        cr_assert_eq(tg_upgrade_may_end(&upgrade), may_end, "cut at %zu", cut);
        forget(&seen);
    }
}

Test(upgrade, after_101_everything_is_the_peers)
{
    expect("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nContent-Length: 0\r\n\r\n"
           "\x82\x01\x03\r\n",
           101, "\x82\x01\x03\r\n", true);
    expect("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 101 \r\n\r\nx", 101, "x", true);
}

Test(upgrade, another_answer_is_read_as_long_as_it_says)
{
    expect("HTTP/1.1 403 Forbidden\r\ncontent-length: 4\r\n\r\n{..}behind", 403, "{..}", true);
    expect("HTTP/1.1 403 Forbidden\r\nContent-Length: 4\r\n\r\n{..", 403, "{..", false);
    expect("HTTP/1.1 404 Not Found\nContent-Length: 0\n\n", 404, "", true);
    expect("HTTP/1.0 500 Oops\r\n\r\nuntil the end", 500, "until the end", true);
    expect("HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA;x=y\r\n"
           "0123456789\r\n0\r\nTrailer: x\r\n\r\n",
           403, "abc0123456789", true);
    expect("HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", 403, "abc",
           false);
}

static enum tg_code failure_of(const char *text)
{
    struct tg_upgrade upgrade;
    struct seen seen;
    enum tg_code code;
    cr_assert_eq(feed(text, 0, &upgrade, &seen, &code), 0, "%s", text);
    forget(&seen);
    return code;
}

Test(upgrade, what_is_no_http_is_told)
{
    static char line[TG_UPGRADE_LINE_MAX + 100];
    cr_assert_eq(failure_of("SSH-2.0-OpenSSH\r\n"), TG_CODE_PROTOCOL);
    cr_assert_eq(failure_of("HTTP/2 200\r\n\r\n"), TG_CODE_PROTOCOL);
    cr_assert_eq(failure_of("HTTP/1.1 xyz\r\n\r\n"), TG_CODE_PROTOCOL);
    cr_assert_eq(failure_of("HTTP/1.1 999 x\r\n\r\n"), TG_CODE_PROTOCOL);
    cr_assert_eq(failure_of("HTTP/1.1 403 x\r\nContent-Length: -1\r\n\r\n"), TG_CODE_PROTOCOL);
    cr_assert_eq(failure_of("HTTP/1.1 403 x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
                 TG_CODE_PROTOCOL);
    cr_assert_eq(failure_of("HTTP/1.1 403 x\r\nTransfer-Encoding: chunked\r\n\r\nfffffffff\r\n"),
                 TG_CODE_PROTOCOL);
    cr_assert_eq(failure_of("HTTP/1.1 403 x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n"),
                 TG_CODE_PROTOCOL);
    memset(line, 'x', sizeof(line) - 1);
    cr_assert_eq(failure_of(line), TG_CODE_LIMIT);
}
