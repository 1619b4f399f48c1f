/* sim/remote_forward.c - port-forward: HTTP/1.1 of the peer's connections, answered by the Pod's
 * containers.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/assert.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim/controllers.h"
#include "sim/json_path.h"
#include "sim/remote.h"

#define INPUT_LEN_MAX   ((size_t)4 << 20)
#define CONNECTIONS_MAX 256

/* One forwarded connection: a pair of streams with one request id. */
struct connection {
    struct connection *sibling;
    struct sim_remote *remote;
    char *id;
    int port;
    uint32_t data; /* 0: not opened yet */
    uint32_t error;
    struct tg_buf input;
    struct sim_stream *body; /* of the answer under way, when it grows */
    bool is_peer_done;
    bool is_over;
};

struct forward {
    struct sim_region *region;
    char *ns;
    char *name;
    char *uid;
    struct connection *connections;
    int count;
};

static void serve(struct connection *connection);

/* ---- answers ---- */

static void send_text(struct connection *connection, const char *text)
{
    sim_remote_send(connection->remote, connection->data, text, strlen(text), false);
}

static void finish(struct connection *connection)
{
    if (!connection->is_over) {
        connection->is_over = true;
        sim_remote_send(connection->remote, connection->data, "", 0, true);
        sim_remote_send(connection->remote, connection->error, "", 0, true);
    }
}

static void refuse(struct connection *connection, const char *why)
{
    const struct forward *forward = connection->remote->state;
    char *text = tg_asprintf("error forwarding port %d to pod %s_%s, uid %s: %s", connection->port,
                             forward->name, forward->ns, forward->uid, why);
    connection->is_over = true;
    sim_remote_send(connection->remote, connection->error, text, strlen(text), true);
    sim_remote_send(connection->remote, connection->data, "", 0, true);
    free(text);
}

/* Sends what the growing body has; ends it when it is over. */
static void pump(void *context)
{
    struct connection *connection = context;
    char bytes[4096];
    char size[24];
    bool is_end = false;
    size_t len;
    while ((len = connection->body->read(connection->body, bytes, sizeof bytes, &is_end)) > 0) {
        snprintf(size, sizeof size, "%zx\r\n", len);
        send_text(connection, size);
        sim_remote_send(connection->remote, connection->data, bytes, len, false);
        send_text(connection, "\r\n");
    }
    if (is_end) {
        send_text(connection, "0\r\n\r\n");
        connection->body->free(connection->body);
        connection->body = NULL;
        serve(connection);
    }
}

static void send_answer(struct connection *connection, struct sim_response *response, bool is_head)
{
    bool is_growing = response->stream != NULL;
    char *head =
        tg_asprintf("HTTP/1.1 %d %s\r\nserver: uvicorn\r\ncontent-type: %s\r\n", response->status,
                    response->status == 200 ? "OK" : "Error",
                    response->content_type[0] == '\0' ? "text/plain" : response->content_type);
    send_text(connection, head);
    free(head);
    if (is_growing) {
        send_text(connection, "transfer-encoding: chunked\r\n\r\n");
        connection->body = response->stream;
        response->stream = NULL;
        connection->body->notify = pump;
        connection->body->notify_context = connection;
        pump(connection);
        return;
    }
    char length[64];
    snprintf(length, sizeof length, "content-length: %zu\r\n\r\n", response->body.len);
    send_text(connection, length);
    if (!is_head && response->body.len > 0) {
        sim_remote_send(connection->remote, connection->data, response->body.data,
                        response->body.len, false);
    }
}

/* ---- requests ---- */

/* Value of a header among the lines of head, -1 when absent or no number. */
static int64_t length_header(const char *head)
{
    static const char name[] = "content-length:";
    int64_t value = -1;
    for (const char *line = head; *line != '\0';) {
        size_t len = strcspn(line, "\r\n");
        if (len > sizeof name && strncasecmp(line, name, sizeof name - 1) == 0) {
            const char *at = line + sizeof name - 1;
            at += strspn(at, " \t");
            char *number = tg_strndup(at, strcspn(at, " \r\n"));
            if (!tg_str_to_int64(number, 0, (int64_t)INPUT_LEN_MAX, &value)) {
                value = -1;
            }
            free(number);
        }
        line += len;
        line += strspn(line, "\r\n");
    }
    return value;
}

static void answer(struct connection *connection, const char *head, const char *body, size_t len)
{
    struct forward *forward = connection->remote->state;
    char *method = tg_strndup(head, strcspn(head, " \r\n"));
    const char *target = head + strlen(method);
    target += strspn(target, " ");
    char *path = tg_strndup(target, strcspn(target, " ?\r\n"));
    struct sim_response response = {.status = 0};
    tg_buf_init(&response.body, SIM_RESPONSE_BODY_MAX);
    struct tg_err err = TG_ERR_INIT;
    if (sim_pod_http(connection->remote->world, forward->region->index, forward->ns, forward->name,
                     connection->port, method, path[0] == '\0' ? "/" : path, body, len, &response,
                     &err)) {
        send_answer(connection, &response, tg_str_eq(method, "HEAD"));
    } else {
        char *why = tg_asprintf("failed to connect to localhost:%d inside namespace, IPv4: dial "
                                "tcp4 127.0.0.1:%d: connect: connection refused",
                                connection->port, connection->port);
        refuse(connection, why);
        free(why);
    }
    sim_response_fini(&response);
    free(method);
    free(path);
}

/* Answers the requests that are there whole, one after the other. */
static void serve(struct connection *connection)
{
    while (!connection->is_over && connection->body == NULL && connection->input.len > 0) {
        const char *text = tg_buf_text(&connection->input);
        const char *end = strstr(text, "\r\n\r\n");
        if (end == NULL) {
            break;
        }
        size_t head_len = (size_t)(end - text) + 4;
        char *head = tg_strndup(text, head_len);
        int64_t len = length_header(head);
        len = len < 0 ? 0 : len;
        if (connection->input.len - head_len < (size_t)len) {
            free(head);
            return;
        }
        char *body = tg_strndup(text + head_len, (size_t)len);
        tg_buf_consume(&connection->input, head_len + (size_t)len);
        answer(connection, head, body, (size_t)len);
        free(head);
        free(body);
    }
    if (connection->is_peer_done && connection->body == NULL) {
        finish(connection);
    }
}

/* ---- streams ---- */

static struct connection *connection_of(struct forward *forward, struct sim_remote *remote,
                                        const char *id)
{
    for (struct connection *c = forward->connections; c != NULL; c = c->sibling) {
        if (tg_str_eq(c->id, id)) {
            return c;
        }
    }
    if (forward->count >= CONNECTIONS_MAX) {
        return NULL;
    }
    struct connection *connection = TG_NEW(struct connection);
    connection->remote = remote;
    connection->id = tg_strdup(id);
    tg_buf_init(&connection->input, INPUT_LEN_MAX);
    connection->sibling = forward->connections;
    forward->connections = connection;
    forward->count++;
    return connection;
}

static void connection_free(struct connection *connection)
{
    if (connection->body != NULL) {
        connection->body->free(connection->body);
    }
    tg_buf_fini(&connection->input);
    free(connection->id);
    free(connection);
}

/* Connections that are over make room. */
static void sweep(struct forward *forward)
{
    struct connection **at = &forward->connections;
    while (*at != NULL) {
        struct connection *connection = *at;
        if (connection->is_over && connection->is_peer_done) {
            *at = connection->sibling;
            forward->count--;
            connection_free(connection);
        } else {
            at = &connection->sibling;
        }
    }
}

static bool is_same_pod(const struct forward *forward)
{
    const struct sim_pod *pod = sim_pod_find(forward->region, forward->ns, forward->name);
    return pod != NULL && tg_str_eq(pod->uid, forward->uid) && pod->step == SIM_STEP_RUNNING;
}

static void on_opened(struct sim_remote *remote, uint32_t stream, const json_t *headers)
{
    struct forward *forward = remote->state;
    sweep(forward);
    struct connection *connection =
        connection_of(forward, remote, sim_json_text(headers, "requestid"));
    if (connection == NULL) {
        return;
    }
    int64_t port = 0;
    tg_str_to_int64(sim_json_text(headers, "port"), 1, 65535, &port);
    connection->port = (int)port;
    if (tg_str_eq(sim_json_text(headers, "streamtype"), "error")) {
        connection->error = stream;
    } else {
        connection->data = stream;
    }
    if (connection->data != 0 && connection->error != 0 && !is_same_pod(forward)) {
        refuse(connection, "network namespace for sandbox is closed");
    }
}

static void on_data(struct sim_remote *remote, uint32_t stream, const char *bytes, size_t len,
                    bool is_end)
{
    struct forward *forward = remote->state;
    for (struct connection *c = forward->connections; c != NULL; c = c->sibling) {
        if (c->data == stream) {
            if (!c->is_over && !tg_buf_append(&c->input, bytes, len)) {
                refuse(c, "request too large for the simulation");
            }
            c->is_peer_done = c->is_peer_done || is_end;
            serve(c);
            return;
        }
    }
}

static void forward_free(struct sim_remote *remote)
{
    struct forward *forward = remote->state;
    while (forward->connections != NULL) {
        struct connection *connection = forward->connections;
        forward->connections = connection->sibling;
        connection_free(connection);
    }
    free(forward->ns);
    free(forward->name);
    free(forward->uid);
    free(forward);
}

void sim_remote_forward_init(struct sim_remote *remote, struct sim_pod *pod)
{
    static const struct sim_remote_session session = {
        .opened = on_opened, .data = on_data, .free = forward_free};
    struct forward *forward = TG_NEW(struct forward);
    forward->region = pod->region;
    forward->ns = tg_strdup(pod->ns);
    forward->name = tg_strdup(pod->name);
    forward->uid = tg_strdup(pod->uid);
    remote->session = &session;
    remote->state = forward;
}
