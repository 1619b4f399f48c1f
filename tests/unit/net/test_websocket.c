/* tests/unit/net/test_websocket.c - the handshake, and frames wherever they are cut. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <criterion/criterion.h>

#include <string.h>

#include "net/websocket.h"

struct seen {
    struct tg_buf text; /* each message with a bar after it */
};

static void see(void *context, const char *bytes, size_t len)
{
    struct seen *seen = context;
    tg_buf_append(&seen->text, bytes, len);
    tg_buf_putc(&seen->text, '|');
}

static struct tg_websocket *open_socket(struct seen *seen, size_t len_max)
{
    struct tg_rng rng = tg_rng_named(1, "test");
    tg_buf_init(&seen->text, 4096);
    return tg_websocket_new(&rng, len_max, see, seen);
}

/* RFC 6455, 1.3: the example's key and its answer. */
Test(websocket, a_server_must_answer_to_the_key)
{
    const char *key = "dGhlIHNhbXBsZSBub25jZQ==";
    cr_assert(tg_websocket_is_accepted(key, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
    cr_assert_not(tg_websocket_is_accepted(key, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo"));
    cr_assert_not(tg_websocket_is_accepted(key, ""));
    char own[TG_WEBSOCKET_KEY_SIZE];
    char other[TG_WEBSOCKET_KEY_SIZE];
    struct tg_rng rng = tg_rng_named(1, "key");
    tg_websocket_key(&rng, own);
    tg_websocket_key(&rng, other);
    cr_assert_eq(strlen(own), 24);
    cr_assert_str_neq(own, other);
}

static const char stream[] = "\x82\x06\x01"
                             "eth0\n"
                             "\x02\x03\x01"
                             "et"
                             "\x00\x02h1"
                             "\x80\x01\n"
                             "\x82\x01\x03";
static const char messages[] = "\x01"
                               "eth0\n|\x01"
                               "eth1\n|\x03|";

/* Whole messages, of one frame or of several, and the very same ones however the bytes come. */
Test(websocket, messages_are_whole_wherever_the_bytes_are_cut)
{
    size_t len = sizeof(stream) - 1;
    for (size_t first = 0; first <= len; first++) {
        for (size_t second = first; second <= len; second++) {
            struct seen seen;
            struct tg_err err = TG_ERR_INIT;
            struct tg_websocket *socket = open_socket(&seen, 100);
            cr_assert(tg_websocket_feed(socket, stream, first, &err), "%s", err.msg);
            cr_assert(tg_websocket_feed(socket, stream + first, second - first, &err));
            cr_assert(tg_websocket_feed(socket, stream + second, len - second, &err));
            cr_assert_str_eq(tg_buf_text(&seen.text), messages, "cut at %zu, %zu", first, second);
            tg_websocket_free(socket);
            tg_buf_fini(&seen.text);
        }
    }
}

/* What a client sends is masked (RFC 6455, 5.1). */
Test(websocket, a_ping_is_answered_and_a_close_too)
{
    struct seen seen;
    struct tg_err err = TG_ERR_INIT;
    struct tg_websocket *socket = open_socket(&seen, 100);
    cr_assert(tg_websocket_feed(socket, "\x89\x02hi", 4, &err));
    struct tg_buf *output = tg_websocket_output(socket);
    cr_assert_eq(output->len, 2 + 4 + 2);
    cr_assert_eq((unsigned char)output->data[0], 0x8a);
    cr_assert_eq((unsigned char)output->data[1], 0x82);
    cr_assert_eq(output->data[6] ^ output->data[2], 'h');
    cr_assert_eq(output->data[7] ^ output->data[3], 'i');
    tg_buf_reset(output);
    cr_assert_not(tg_websocket_is_closed(socket));
    cr_assert(tg_websocket_feed(socket, "\x88\x02\x03\xe8", 4, &err), "%s", err.msg);
    cr_assert(tg_websocket_is_closed(socket));
    cr_assert_eq((unsigned char)output->data[0], 0x88);
    tg_websocket_free(socket);
    tg_buf_fini(&seen.text);
}

Test(websocket, our_own_close_frame_goes_out_once)
{
    struct seen seen;
    struct tg_websocket *socket = open_socket(&seen, 100);
    tg_websocket_close(socket);
    size_t len = tg_websocket_output(socket)->len;
    cr_assert_eq(len, 2 + 4 + 2);
    tg_websocket_close(socket);
    cr_assert_eq(tg_websocket_output(socket)->len, len);
    tg_websocket_free(socket);
    tg_buf_fini(&seen.text);
}

static enum tg_code failure_of(const char *bytes, size_t len)
{
    struct seen seen;
    struct tg_err err = TG_ERR_INIT;
    struct tg_websocket *socket = open_socket(&seen, 100);
    cr_assert_not(tg_websocket_feed(socket, bytes, len, &err));
    enum tg_code code = err.code;
    cr_assert_not(tg_websocket_feed(socket, "\x82\x01\x03", 3, &err), "it failed before");
    cr_assert_eq(seen.text.len, 0);
    tg_websocket_free(socket);
    tg_buf_fini(&seen.text);
    return code;
}

Test(websocket, what_breaks_the_rules_breaks_the_socket)
{
    cr_assert_eq(failure_of("\x82\x7e\xff\xffx", 5), TG_CODE_LIMIT, "longer than allowed");
    cr_assert_eq(failure_of("\x82\x7f\x00\x00\x01\x00\x00\x00\x00\x00x", 11), TG_CODE_LIMIT);
    cr_assert_eq(failure_of("\xf2\x01x", 3), TG_CODE_PROTOCOL, "reserved bits");
    cr_assert_eq(failure_of("\x83\x01x", 3), TG_CODE_PROTOCOL, "an opcode of nobody's");
    cr_assert_eq(failure_of("\x80\x01x", 3), TG_CODE_PROTOCOL, "the rest of no message");
    cr_assert_eq(failure_of("\x09\x01x", 3), TG_CODE_PROTOCOL, "half a ping");
}
