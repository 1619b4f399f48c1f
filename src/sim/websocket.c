/* sim/websocket.c - wslay over two buffers. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "sim/websocket.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <wslay/wslay.h>

#include "base/assert.h"
#include "base/mem.h"
#include "base/str.h"

#define MESSAGE_LEN_MAX ((size_t)1 << 20)
#define OUTPUT_LEN_MAX  ((size_t)64 << 20)

struct sim_websocket {
    wslay_event_context_ptr wslay;
    sim_websocket_message *message;
    void *context;
    const char *input; /* what feed() was given, while it runs */
    size_t input_len;
    struct tg_buf output;
    bool is_closing;
};

static ssize_t take_input(wslay_event_context_ptr wslay, uint8_t *out, size_t size, int flags,
                          void *context)
{
    (void)flags;
    struct sim_websocket *socket = context;
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
    struct sim_websocket *socket = context;
    if (!tg_buf_append(&socket->output, bytes, len)) {
        wslay_event_set_error(wslay, WSLAY_ERR_CALLBACK_FAILURE);
        return -1;
    }
    return (ssize_t)len;
}

static void on_message(wslay_event_context_ptr wslay, const struct wslay_event_on_msg_recv_arg *arg,
                       void *context)
{
    (void)wslay;
    struct sim_websocket *socket = context;
    if (arg->opcode == WSLAY_CONNECTION_CLOSE) {
        socket->message(socket->context, NULL, 0, true);
    } else if (!wslay_is_ctrl_frame(arg->opcode)) {
        socket->message(socket->context, (const char *)arg->msg, arg->msg_length, false);
    }
}

struct sim_websocket *sim_websocket_new(sim_websocket_message *message, void *context)
{
    struct sim_websocket *socket = TG_NEW(struct sim_websocket);
    socket->message = message;
    socket->context = context;
    tg_buf_init(&socket->output, OUTPUT_LEN_MAX);
    struct wslay_event_callbacks callbacks = {.recv_callback = take_input,
                                              .send_callback = put_output,
                                              .on_msg_recv_callback = on_message};
    int status = wslay_event_context_server_init(&socket->wslay, &callbacks, socket);
    tg_assert(status == 0);
    wslay_event_config_set_max_recv_msg_length(socket->wslay, MESSAGE_LEN_MAX);
    return socket;
}

void sim_websocket_free(struct sim_websocket *socket)
{
    if (socket != NULL) {
        wslay_event_context_free(socket->wslay);
        tg_buf_fini(&socket->output);
        free(socket);
    }
}

static bool flush(struct sim_websocket *socket)
{
    while (wslay_event_want_write(socket->wslay)) {
        if (wslay_event_send(socket->wslay) != 0) {
            return false;
        }
    }
    return true;
}

bool sim_websocket_feed(struct sim_websocket *socket, const char *bytes, size_t len)
{
    socket->input = bytes;
    socket->input_len = len;
    bool is_good = true;
    while (is_good && socket->input_len > 0 && wslay_event_want_read(socket->wslay)) {
        is_good = wslay_event_recv(socket->wslay) == 0;
    }
    socket->input = NULL;
    socket->input_len = 0;
    return flush(socket) && is_good && wslay_event_want_read(socket->wslay);
}

void sim_websocket_send(struct sim_websocket *socket, const void *bytes, size_t len)
{
    if (!socket->is_closing) {
        struct wslay_event_msg message = {
            .opcode = WSLAY_BINARY_FRAME, .msg = bytes, .msg_length = len};
        wslay_event_queue_msg(socket->wslay, &message);
        flush(socket);
    }
}

void sim_websocket_close(struct sim_websocket *socket)
{
    if (!socket->is_closing) {
        socket->is_closing = true;
        wslay_event_queue_close(socket->wslay, WSLAY_CODE_NORMAL_CLOSURE, NULL, 0);
        flush(socket);
    }
}

struct tg_buf *sim_websocket_output(struct sim_websocket *socket)
{
    return &socket->output;
}

void sim_websocket_accept(const char *key, char out[SIM_WEBSOCKET_ACCEPT_SIZE])
{
    static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    char *text = tg_asprintf("%.64s%s", key, guid);
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    int status = EVP_Digest(text, strlen(text), digest, &len, EVP_sha1(), NULL);
    tg_assert(status == 1 && len == 20);
    EVP_EncodeBlock((unsigned char *)out, digest, (int)len);
    free(text);
}
