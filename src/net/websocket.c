/* net/websocket.c - wslay as a client, over two buffers. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "net/websocket.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <wslay/wslay.h>

#include "base/assert.h"
#include "base/mem.h"
#include "base/str.h"

#define KEY_BYTES      16
#define OUTPUT_LEN_MAX ((size_t)64 * 1024) /* pongs to a peer that reads nothing end somewhere */

struct tg_websocket {
    wslay_event_context_ptr wslay;
    tg_websocket_message *message;
    void *context;
    struct tg_rng rng;
    const char *input; /* what feed() was given, while it runs */
    size_t input_len;
    struct tg_buf output;
    bool is_closing;
    bool is_broken;
};

static void fill_random(struct tg_rng *rng, unsigned char *out, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        out[i] = (unsigned char)(tg_rng_next(rng) >> 56);
    }
}

void tg_websocket_key(struct tg_rng *rng, char out[TG_WEBSOCKET_KEY_SIZE])
{
    unsigned char bytes[KEY_BYTES];
    fill_random(rng, bytes, sizeof(bytes));
    char *text = tg_base64_encode(bytes, sizeof(bytes));
    tg_str_copy(out, TG_WEBSOCKET_KEY_SIZE, text);
    free(text);
}

bool tg_websocket_is_accepted(const char *key, const char *accept)
{
    static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    char *text = tg_asprintf("%s%s", key, guid);
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    int status = EVP_Digest(text, strlen(text), digest, &len, EVP_sha1(), NULL);
    tg_assert(status == 1);
    char *expected = tg_base64_encode(digest, len);
    bool is_same = tg_str_eq(expected, accept);
    free(expected);
    free(text);
    return is_same;
}

/* ---- wslay's callbacks ---- */

static ssize_t take_input(wslay_event_context_ptr wslay, uint8_t *out, size_t size, int flags,
                          void *context)
{
    (void)flags;
    struct tg_websocket *socket = context;
    if (socket->input_len == 0) {
        wslay_event_set_error(wslay, WSLAY_ERR_WOULDBLOCK);
        return -1;
    }
    size_t len = size < socket->input_len ? size : socket->input_len;
    memcpy(out, socket->input, len);
    socket->input += len;
    socket->input_len -= len;
    return (ssize_t)len;
}

static ssize_t put_output(wslay_event_context_ptr wslay, const uint8_t *bytes, size_t len,
                          int flags, void *context)
{
    (void)flags;
    struct tg_websocket *socket = context;
    if (!tg_buf_append(&socket->output, bytes, len)) {
        wslay_event_set_error(wslay, WSLAY_ERR_CALLBACK_FAILURE);
        return -1;
    }
    return (ssize_t)len;
}

static int make_mask(wslay_event_context_ptr wslay, uint8_t *out, size_t len, void *context)
{
    (void)wslay;
    fill_random(&((struct tg_websocket *)context)->rng, out, len);
    return 0;
}

static void on_message(wslay_event_context_ptr wslay, const struct wslay_event_on_msg_recv_arg *arg,
                       void *context)
{
    (void)wslay;
    struct tg_websocket *socket = context;
    if (!wslay_is_ctrl_frame(arg->opcode)) {
        socket->message(socket->context, (const char *)arg->msg, arg->msg_length);
    }
}

struct tg_websocket *tg_websocket_new(const struct tg_rng *rng, size_t message_len_max,
                                      tg_websocket_message *message, void *context)
{
    struct tg_websocket *socket = TG_NEW(struct tg_websocket);
    socket->message = message;
    socket->context = context;
    socket->rng = *rng;
    tg_buf_init(&socket->output, OUTPUT_LEN_MAX);
    struct wslay_event_callbacks callbacks = {.recv_callback = take_input,
                                              .send_callback = put_output,
                                              .genmask_callback = make_mask,
                                              .on_msg_recv_callback = on_message};
    int status = wslay_event_context_client_init(&socket->wslay, &callbacks, socket);
    tg_assert(status == 0);
    wslay_event_config_set_max_recv_msg_length(socket->wslay, message_len_max);
    return socket;
}

void tg_websocket_free(struct tg_websocket *socket)
{
    if (socket != NULL) {
        wslay_event_context_free(socket->wslay);
        tg_buf_fini(&socket->output);
        free(socket);
    }
}

static bool flush(struct tg_websocket *socket)
{
    while (wslay_event_want_write(socket->wslay)) {
        if (wslay_event_send(socket->wslay) != 0) {
            return false;
        }
    }
    return true;
}

/* wslay answers what it does not like with a close frame of its own, and stops reading. */
static bool fail(struct tg_websocket *socket, struct tg_err *err)
{
    socket->is_broken = true;
    return wslay_event_get_status_code_sent(socket->wslay) == WSLAY_CODE_MESSAGE_TOO_BIG
               ? tg_err_set(err, TG_CODE_LIMIT, 0, "a WebSocket message is larger than allowed")
               : tg_err_set(err, TG_CODE_PROTOCOL, 0, "the WebSocket's frames are broken");
}

bool tg_websocket_feed(struct tg_websocket *socket, const char *bytes, size_t len,
                       struct tg_err *err)
{
    if (socket->is_broken) {
        return tg_err_set(err, TG_CODE_PROTOCOL, 0, "the WebSocket failed before");
    }
    bool is_good = true;
    socket->input = bytes;
    socket->input_len = len;
    while (is_good && socket->input_len > 0 && wslay_event_want_read(socket->wslay)) {
        is_good = wslay_event_recv(socket->wslay) == 0;
    }
    socket->input = NULL;
    socket->input_len = 0;
    is_good = flush(socket) && is_good;
    bool is_refused = !wslay_event_want_read(socket->wslay) && !tg_websocket_is_closed(socket);
    return (is_good && !is_refused) || fail(socket, err);
}

void tg_websocket_close(struct tg_websocket *socket)
{
    if (!socket->is_closing && !socket->is_broken) {
        socket->is_closing = true;
        wslay_event_queue_close(socket->wslay, WSLAY_CODE_NORMAL_CLOSURE, NULL, 0);
        (void)flush(socket);
    }
}

bool tg_websocket_is_closed(const struct tg_websocket *socket)
{
    return wslay_event_get_close_received(socket->wslay) != 0;
}

struct tg_buf *tg_websocket_output(struct tg_websocket *socket)
{
    return &socket->output;
}
