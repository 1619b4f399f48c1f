/* sim/controllers.h - what makes the objects live: the seam between the store and the behaviour of
 * the world.
 *
 * Everything here hangs on store observers and world events; nothing is called from the HTTP face
 * except the functions below, which are how a request reaches a running container.
 *
 * Thread: the world's.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_SIM_CONTROLLERS_H
#define TG_SIM_CONTROLLERS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "sim/front.h"
#include "sim/store.h"
#include "sim/world.h"

/* The parts of a region; index as in sim_world_region(). */
struct sim_store *sim_region_store(struct sim_region *region);
const char *sim_region_name(const struct sim_region *region);    /* "us-east5" */
const char *sim_region_zone(const struct sim_region *region);    /* "us-east5-b" */
const char *sim_region_cluster(const struct sim_region *region); /* "gke-us-east5" */
int sim_region_index(const struct sim_region *region);

/* Starts all controllers and, when the configuration says built, puts the whole lab there, already
 * serving; false when it does not come to serve, with the numbers that the world has. Called by
 * sim_world_new(). */
bool sim_controllers_start(struct sim_world *world);
void sim_controllers_stop(struct sim_world *world);

/* Google Cloud's objects are kept as JSON by the behaviour side too: collection is the REST path
 * below the API's version, e.g. "compute/projects/demo-4711/global/networks"; NULL when that
 * collection is unknown, else a new reference to {"items": [...]}-like page exactly as the API
 * answers it; single objects likewise by full path. */
json_t *sim_gcp_get(struct sim_world *world, const char *method, const char *path,
                    const char *query, const json_t *body, int *status);

/* Log of a container. since_wall_us 0: from the start; tail -1: all; with timestamps each line
 * starts with RFC3339Nano and a space. follow gives a stream that ends with the container. On
 * failure NULL and err (INVALID 400 "container ... is waiting to start", NOT_FOUND). */
struct sim_stream *sim_pod_log(struct sim_world *world, int region, const char *ns, const char *pod,
                               const char *container, bool is_follow, bool has_timestamps,
                               int64_t since_wall_us, int64_t tail, struct tg_err *err);

/* Log of the container before its last restart; INVALID when there was none. */
struct sim_stream *sim_pod_previous_log(struct sim_world *world, int region, const char *ns,
                                        const char *pod, const char *container, bool has_timestamps,
                                        int64_t since_wall_us, int64_t tail, struct tg_err *err);

/* One HTTP request into a Pod (the pods/proxy subresource; port 8000 is vLLM, 9090 the endpoint
 * picker). Fills the response; a refused connection gives false with err (the caller answers 503
 * ServiceUnavailable as the API server does: "error trying to reach service: dial tcp IP:PORT:
 * connect: connection refused"). */
bool sim_pod_http(struct sim_world *world, int region, const char *ns, const char *pod, int port,
                  const char *method, const char *path, const char *body, size_t body_len,
                  struct sim_response *response, struct tg_err *err);

#endif
