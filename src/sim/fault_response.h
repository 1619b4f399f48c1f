/* sim/fault_response.h - the seam at which faults meet answers: before a request is handled, after
 * it, and while a stream is read.
 *
 * Thread: the world's.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_SIM_FAULT_RESPONSE_H
#define TG_SIM_FAULT_RESPONSE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "sim/fault.h"
#include "sim/front.h"

/* True when a fault answers in the request's place (the connection breaks, or a status comes):
 * *response is whole then, and the request is not handled. Else request->refusal says whether it is
 * to be refused by whoever handles it. */
bool sim_fault_before(struct sim_world *world, struct sim_request *request,
                      struct sim_response *response);

/* The same for one request of a batch, whose connection is the batch's: by faults that name a route
 * and answer. */
bool sim_fault_before_part(struct sim_world *world, struct sim_request *request,
                           struct sim_response *response);

/* What is wrong with the handshake of a new connection to server, which is one occasion of each
 * fault of TLS that names no route. */
enum sim_tls sim_fault_handshake(struct sim_world *world, int server);

/* True while the name of server's host is not to be found, by a fault that names no route. */
bool sim_fault_hides_name(struct sim_world *world, int server);

/* True while a fault of TLS that names no route is in force there: connections from before it do
 * not go on. */
bool sim_fault_breaks_tls(struct sim_world *world, int server);

/* Harms the answer to a request that was handled. */
void sim_fault_after(struct sim_world *world, const struct sim_request *request,
                     struct sim_response *response);

/* "PATCH /path", with WATCH or LIST in place of GET where a cluster is asked. out is returned. */
const char *sim_fault_route(const struct sim_request *request, char *out, size_t size);

/* ---- streams (sim/fault_stream.c) ---- */

/* Puts faults between the answer's stream and its reader. */
void sim_fault_watch_stream(struct sim_world *world, const struct sim_request *request,
                            struct sim_response *response);

/* The answer's body becomes a stream of bytes_per_s (0: at once) that breaks after bytes_max (below
 * 0: never). */
void sim_fault_slow_body(struct sim_world *world, struct sim_response *response,
                         int64_t bytes_per_s, int64_t bytes_max);

/* ---- texts (sim/fault_text.c) ---- */

/* True when the kind changes what an answer says. */
bool sim_fault_is_text(enum sim_fault_kind kind);

/* Appends JSON (a whole answer, or one line of a watch) to out as the fault has it. */
void sim_fault_write(const struct sim_fault *fault, const char *text, size_t len,
                     struct tg_buf *out);

/* A gzip stream that unpacks to len bytes of zero, without being that large. */
void sim_fault_write_bomb(int64_t len, struct tg_buf *out);

#endif
