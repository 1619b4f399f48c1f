/* sim/remote.c - negotiates how to leave HTTP, and carries streams over what was agreed on. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "sim/remote.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim/behaviour.h"
#include "sim/k8s_status.h"
#include "sim/query.h"

#define V5            "v5.channel.k8s.io"
#define V4            "v4.channel.k8s.io"
#define TUNNEL        "SPDY/3.1+portforward.k8s.io"
#define FORWARD       "portforward.k8s.io"
#define LINGER_US     (10 * TG_US_PER_S)
#define CHANNEL_CLOSE 255

/* ---- carrying ---- */

void sim_remote_wake(struct sim_remote *remote)
{
    if (remote->channel.notify != NULL) {
        remote->channel.notify(remote->channel.notify_context);
    }
}

/* What SPDY has to say travels as one message of the WebSocket when there is one. */
static void flush_tunnel(struct sim_remote *remote)
{
    if (remote->websocket != NULL && remote->spdy != NULL) {
        struct tg_buf *output = sim_spdy_output(remote->spdy);
        if (output->len > 0) {
            sim_websocket_send(remote->websocket, output->data, output->len);
            tg_buf_reset(output);
        }
    }
}

void sim_remote_send(struct sim_remote *remote, uint32_t stream, const void *bytes, size_t len,
                     bool is_end)
{
    if (remote->spdy != NULL) {
        sim_spdy_send(remote->spdy, stream, bytes, len, is_end);
        flush_tunnel(remote);
    } else if (len > 0 || !is_end) {
        struct tg_buf message;
        tg_buf_init(&message, len + 1);
        tg_buf_putc(&message, (char)stream);
        tg_buf_append(&message, bytes, len);
        sim_websocket_send(remote->websocket, message.data, message.len);
        tg_buf_fini(&message);
    }
    sim_remote_wake(remote);
}

static void linger_over(struct sim_world *world, void *data)
{
    struct sim_remote *remote = data;
    (void)world;
    remote->close_event = 0;
    remote->is_over = true;
    sim_remote_wake(remote);
}

void sim_remote_close(struct sim_remote *remote)
{
    if (remote->websocket != NULL) {
        sim_websocket_close(remote->websocket);
    }
    if (remote->close_event == 0) {
        remote->close_event =
            sim_world_at(remote->world, sim_world_now_us(remote->world) + LINGER_US,
                         SIM_PRIORITY_CLIENT, linger_over, remote, NULL);
    }
    sim_remote_wake(remote);
}

static void on_opened(void *context, uint32_t stream, const json_t *headers)
{
    struct sim_remote *remote = context;
    sim_spdy_reply(remote->spdy, stream);
    remote->session->opened(remote, stream, headers);
    sim_remote_wake(remote);
}

static void on_data(void *context, uint32_t stream, const char *bytes, size_t len, bool is_end)
{
    struct sim_remote *remote = context;
    remote->session->data(remote, stream, bytes, len, is_end);
}

static void on_reset(void *context, uint32_t stream)
{
    struct sim_remote *remote = context;
    remote->session->data(remote, stream, "", 0, true);
}

static void on_message(void *context, const char *bytes, size_t len, bool is_end)
{
    struct sim_remote *remote = context;
    if (is_end) {
        remote->is_over = true;
    } else if (remote->spdy != NULL) {
        if (!sim_spdy_feed(remote->spdy, bytes, len)) {
            remote->is_over = true;
        }
        flush_tunnel(remote);
    } else if (len > 0) {
        unsigned char stream = (unsigned char)bytes[0];
        bool is_half_close = remote->has_half_close && stream == CHANNEL_CLOSE && len == 2;
        remote->session->data(remote, is_half_close ? (unsigned char)bytes[1] : stream, bytes + 1,
                              is_half_close ? 0 : len - 1, is_half_close);
    }
}

static bool channel_feed(struct sim_channel *channel, const char *bytes, size_t len)
{
    struct sim_remote *remote = (struct sim_remote *)channel;
    if (remote->websocket != NULL) {
        /* what was said before the end, the close frame too, still goes out */
        remote->is_over = !sim_websocket_feed(remote->websocket, bytes, len) || remote->is_over;
        return true;
    }
    return sim_spdy_feed(remote->spdy, bytes, len);
}

static size_t channel_read(struct sim_channel *channel, char *out, size_t size, bool *is_end)
{
    struct sim_remote *remote = (struct sim_remote *)channel;
    struct tg_buf *output = remote->websocket != NULL ? sim_websocket_output(remote->websocket)
                                                      : sim_spdy_output(remote->spdy);
    size_t len = output->len < size ? output->len : size;
    if (len > 0) {
        memcpy(out, output->data, len);
        tg_buf_consume(output, len);
    }
    *is_end = len == 0 && remote->is_over;
    return len;
}

static void channel_free(struct sim_channel *channel)
{
    struct sim_remote *remote = (struct sim_remote *)channel;
    remote->session->free(remote);
    sim_world_cancel(remote->world, remote->close_event);
    sim_websocket_free(remote->websocket);
    sim_spdy_free(remote->spdy);
    free(remote);
}

static struct sim_remote *remote_new(struct sim_world *world, bool is_websocket, bool is_spdy)
{
    struct sim_remote *remote = TG_NEW(struct sim_remote);
    remote->world = world;
    remote->channel.feed = channel_feed;
    remote->channel.read = channel_read;
    remote->channel.free = channel_free;
    struct sim_spdy_events events = {
        .opened = on_opened, .data = on_data, .reset = on_reset, .context = remote};
    remote->websocket = is_websocket ? sim_websocket_new(on_message, remote) : NULL;
    remote->spdy = is_spdy ? sim_spdy_new(&events) : NULL;
    return remote;
}

/* ---- negotiation ---- */

/* True when list ("a, b") holds name. */
static bool offers(const char *list, const char *name)
{
    size_t len = strlen(name);
    for (const char *at = list == NULL ? "" : list; *at != '\0';) {
        at += strspn(at, ", ");
        size_t word = strcspn(at, ", ");
        if (word == len && strncmp(at, name, len) == 0) {
            return true;
        }
        at += word;
    }
    return false;
}

static void fail_plain(struct sim_response *response, int status, const char *format,
                       const char *what)
{
    response->status = status;
    tg_str_copy(response->content_type, sizeof response->content_type, "text/plain; charset=utf-8");
    tg_buf_printf(&response->body, "%s%s\n", format, what);
}

static void accept_websocket(const struct sim_request *request, struct sim_response *response,
                             const char *protocol)
{
    response->status = 101;
    tg_str_copy(response->upgrade, sizeof response->upgrade, "websocket");
    char accepted[SIM_WEBSOCKET_ACCEPT_SIZE];
    sim_websocket_accept(request->websocket_key == NULL ? "" : request->websocket_key, accepted);
    tg_str_copy(response->websocket_accept, sizeof response->websocket_accept, accepted);
    tg_str_copy(response->websocket_protocol, sizeof response->websocket_protocol, protocol);
}

static void accept_spdy(struct sim_response *response, const char *protocol)
{
    response->status = 101;
    tg_str_copy(response->upgrade, sizeof response->upgrade, "SPDY/3.1");
    tg_str_copy(response->stream_protocol, sizeof response->stream_protocol, protocol);
}

/* True when the connection may leave HTTP; the response then says how. */
static bool negotiate(const struct sim_request *request, bool is_forward,
                      struct sim_response *response)
{
    const char *upgrade = request->upgrade == NULL ? "" : request->upgrade;
    const char *asked = request->websocket_protocols;
    if (tg_str_eq_nocase(upgrade, "websocket")) {
        const char *protocol = is_forward          ? (offers(asked, TUNNEL) ? TUNNEL : NULL)
                               : offers(asked, V5) ? V5
                               : offers(asked, V4) ? V4
                                                   : NULL;
        if (protocol != NULL) {
            accept_websocket(request, response, protocol);
            return true;
        }
    } else if (tg_str_eq_nocase(upgrade, "SPDY/3.1")) {
        const char *protocol = is_forward ? FORWARD : V4;
        if (offers(request->stream_protocols, protocol)) {
            accept_spdy(response, protocol);
            return true;
        }
        fail_plain(response, 403,
                   "unable to upgrade: unable to negotiate protocol: client supports "
                   "",
                   request->stream_protocols == NULL ? "" : request->stream_protocols);
        return false;
    }
    sim_k8s_fail(response, 400, NULL, "Upgrade request required");
    return false;
}

void sim_remote_open(struct sim_pod *pod, const char *subresource, const char *container,
                     const json_t *commands, const json_t *query, const struct sim_request *request,
                     struct sim_response *response)
{
    bool is_forward = tg_str_eq(subresource, "portforward");
    bool is_exec = tg_str_eq(subresource, "exec");
    const struct sim_container *found = is_forward ? NULL : sim_pod_container(pod, container);
    if (!is_forward && (found == NULL || found->state != SIM_CONTAINER_RUNNING)) {
        fail_plain(response, 404, "container not found: ", container);
        return;
    }
    if (is_exec && json_array_size(commands) == 0) {
        sim_k8s_fail(response, 400, NULL, "you must specify at least 1 command for the container");
        return;
    }
    if (!negotiate(request, is_forward, response)) {
        return;
    }
    bool is_websocket = response->websocket_protocol[0] != '\0';
    struct sim_remote *remote = remote_new(pod->world, is_websocket, !is_websocket || is_forward);
    remote->has_half_close = tg_str_eq(response->websocket_protocol, V5);
    response->channel = &remote->channel;
    if (is_forward) {
        sim_remote_forward_init(remote, pod);
        return;
    }
    struct sim_exec_options options = {
        .pod = pod,
        .container = found,
        .words = is_exec ? commands : NULL,
        .has_input = sim_query_is_true(query, "stdin"),
        .has_output = sim_query_is_true(query, "stdout"),
        .has_errors = sim_query_is_true(query, "stderr"),
        .is_terminal = sim_query_is_true(query, "tty"),
        .is_websocket = is_websocket,
    };
    sim_remote_exec_init(remote, &options);
}
