/* sim/remote.h - exec, attach and port-forward: sessions over a connection that left HTTP.
 *
 * Sub-protocols of WebSocket: v5.channel.k8s.io and v4.channel.k8s.io for exec and attach,
 * SPDY/3.1+portforward.k8s.io for port-forward; and plain SPDY/3.1 with v4.channel.k8s.io or
 * portforward.k8s.io, as clients before 1.31 speak.
 *
 * Thread: the world's.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_SIM_REMOTE_H
#define TG_SIM_REMOTE_H

#include "sim/front.h"
#include "sim/pod.h"
#include "sim/spdy.h"
#include "sim/websocket.h"

/* Answers the subresource ("exec", "attach", "portforward") of a Pod: 101 with a channel, or an
 * error. container may be NULL for port-forward; query is the request's, parsed. */
void sim_remote_open(struct sim_pod *pod, const char *subresource, const char *container,
                     const json_t *commands, const json_t *query, const struct sim_request *request,
                     struct sim_response *response);

/* ---- shared by the files of this part ---- */

struct sim_remote;

/* What a session does with streams; stream numbers are SPDY's, or channels of a WebSocket. */
struct sim_remote_session {
    void (*opened)(struct sim_remote *remote, uint32_t stream, const json_t *headers);
    void (*data)(struct sim_remote *remote, uint32_t stream, const char *bytes, size_t len,
                 bool is_end);
    void (*free)(struct sim_remote *remote);
};

struct sim_remote {
    struct sim_channel channel; /* first: the front sees only this */
    struct sim_world *world;
    struct sim_websocket *websocket;
    struct sim_spdy *spdy;
    const struct sim_remote_session *session;
    void *state;
    bool is_over;        /* close once the output is out */
    bool has_half_close; /* v5 */
    uint64_t close_event;
};

/* Bytes on a stream, is_end: our side of it ends. */
void sim_remote_send(struct sim_remote *remote, uint32_t stream, const void *bytes, size_t len,
                     bool is_end);

/* The session is over: a close frame goes out, and the connection ends when the peer ends it, or
 * some seconds later. */
void sim_remote_close(struct sim_remote *remote);

/* Tells the front that there is something to send. */
void sim_remote_wake(struct sim_remote *remote);

/* Session makers: state and session of a remote (sim/remote_exec.c, sim/remote_forward.c). */
struct sim_exec_options {
    struct sim_pod *pod;
    const struct sim_container *container;
    const json_t *words; /* of the command; NULL: attach */
    bool has_input;
    bool has_output;
    bool has_errors;
    bool is_terminal;
    bool is_websocket;
};
void sim_remote_exec_init(struct sim_remote *remote, const struct sim_exec_options *options);
void sim_remote_forward_init(struct sim_remote *remote, struct sim_pod *pod);

#endif
