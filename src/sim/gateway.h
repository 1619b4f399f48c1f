/* sim/gateway.h - the cross-region gateway: endpoints, health, choice of region, and requests
 * through it.
 *
 * Three views of a region's endpoints differ in time, and the drills live in the difference: the
 * endpoint picker drops a Pod within milliseconds of its deletion, the network endpoint group and
 * the health checks follow in seconds, and the proxies act on what they were told last.
 *
 * Thread: the world's. Ownership: the gateway owns endpoints and requests under way.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_SIM_GATEWAY_H
#define TG_SIM_GATEWAY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/map.h"
#include "sim/pod.h"
#include "sim/world.h"

#define SIM_PROBERS_MAX 9

struct sim_gateway;

struct sim_gateway *sim_gateway_new(struct sim_world *world);
void sim_gateway_free(struct sim_gateway *gateway);

/* The kubelet tells what happens to a model server's Pod: it got ready (once more, after a
 * restart), its container ended and is started again, it is being deleted, its port opened or
 * closed. */
void sim_gateway_pod_ready(struct sim_pod *pod);
void sim_gateway_pod_unready(struct sim_pod *pod);
void sim_gateway_pod_deleting(struct sim_pod *pod);
void sim_gateway_pod_listening(struct sim_pod *pod);
void sim_gateway_pod_gone(struct sim_pod *pod);

/* The endpoint picker of a region got ready or went away. */
void sim_gateway_picker(struct sim_region *region, bool is_ready);

/* A fault that changes who reaches whom began or ended. */
void sim_gateway_faults_changed(struct sim_world *world);

/* How a request ended. */
struct sim_gateway_result {
    int status;        /* HTTP status; 0 when the connection failed */
    int curl_code;     /* 0, 7 refused, 28 timeout, 52 closed without an answer, 56 reset */
    int served_region; /* index, or -1 */
    int64_t ttfb_us;   /* until the first byte of the answer; 0 when there was none */
    int64_t total_us;
    int64_t bytes; /* of the body */
};

typedef void sim_gateway_done(struct sim_world *world, void *context,
                              const struct sim_gateway_result *result);

/* Sends one chat completion from a client in client_region to the gateway's address in
 * front_region; done is called once, later in virtual time. timeout_us 0: the client waits for
 * ever. Returns an id for sim_gateway_forget(). */
uint64_t sim_gateway_request(struct sim_world *world, int client_region, int front_region,
                             int64_t prompt_tokens, int64_t output_tokens, int64_t timeout_us,
                             sim_gateway_done *done, void *context);

/* The client died: done is not called any more. */
void sim_gateway_forget(struct sim_world *world, uint64_t id);

/* ---- views, for truth, Google Cloud's face and tests ---- */

/* The proxies' view of one endpoint. */
struct sim_endpoint_view {
    const char *ip;    /* borrowed */
    bool is_in_neg;    /* in the network endpoint group as the load balancer knows it */
    bool is_healthy;   /* as the proxies know it */
    bool is_candidate; /* the endpoint picker would pick it */
    bool is_listening; /* the truth */
};

/* Endpoint number i of the region, false when there are fewer. */
bool sim_gateway_endpoint(struct sim_world *world, int region, int i,
                          struct sim_endpoint_view *view);

/* True when the proxies may choose the region. */
bool sim_gateway_is_usable(struct sim_world *world, int region);

/* True when a request that was sent to the region now would be answered. */
bool sim_gateway_would_serve(struct sim_world *world, int region);

/* True while the gateway's addresses answer. */
bool sim_gateway_is_programmed(struct sim_world *world);
void sim_gateway_set_programmed(struct sim_world *world, bool is_programmed);

/* Share of the requests arriving at front that region gets now, in millionths. All shares sum to
 * 1,000,000 or 0. */
int64_t sim_gateway_share_ppm(struct sim_world *world, int front, int region);

/* Answer of the endpoint picker's port 9090. */
void sim_gateway_picker_metrics(struct sim_world *world, int region, struct tg_buf *out);

/* Invariants; NULL when all hold. */
const char *sim_gateway_check(struct sim_world *world);

/* ---- shared by the gateway's files ---- */

struct sim_endpoint {
    struct sim_gateway *gateway;
    struct sim_region *region;
    struct sim_pod *pod; /* NULL once the Pod is gone */
    char *entity;
    char ip[SIM_IP_SIZE];
    bool is_leaving; /* the Pod is being deleted */
    bool is_candidate;
    bool is_in_neg;
    bool is_listening;
    bool is_healthy;  /* as the proxies know it */
    bool is_majority; /* as the probers know it */
    bool prober_state[SIM_PROBERS_MAX];
    int64_t prober_phase_us[SIM_PROBERS_MAX];
    uint64_t prober_event[SIM_PROBERS_MAX];
    int64_t prober_due_us[SIM_PROBERS_MAX];
    uint64_t candidate_event;
    uint64_t neg_event;
    uint64_t view_event;
    int64_t gone_us; /* when the Pod went, for the checker */
};

struct sim_region_view {
    struct sim_endpoint **endpoints;
    int endpoint_count;
    bool has_picker;
    uint64_t picked; /* requests the picker saw */
    uint64_t refused;
    /* Region choice, D.7 */
    int64_t utilization_ppm;
    int64_t served_period; /* requests sent there in the present period */
    int64_t ok_period;
    int64_t served_mrps;
    int64_t ok_ppm;
    int64_t capacity_mrps;
};

struct sim_front_view {
    int *order; /* regions by distance */
    int64_t *share_ppm;
    int64_t arrivals; /* in the present period */
    int64_t rate_mrps;
};

struct sim_gateway {
    struct sim_world *world;
    struct sim_region_view *regions;
    struct sim_front_view *fronts;
    bool is_programmed;
    int64_t period; /* number of the period that the shares are for */
    bool is_stale;  /* the view changed since */
    struct tg_map *requests;
    uint64_t last_request;
    bool is_blind; /* a request was sent to a region without endpoints in the proxies' view */
};

struct sim_gateway *sim_world_gateway(struct sim_world *world);
struct sim_endpoint *sim_gateway_find_endpoint(struct sim_pod *pod);
void sim_gateway_view_changed(struct sim_gateway *gateway);
void sim_gateway_free_endpoints(struct sim_gateway *gateway);

/* Healthy share of the region's endpoints, scaled by the failover threshold, in millionths. */
int64_t sim_gateway_health_ppm(struct sim_gateway *gateway, int region);

/* Nearest region that the proxies may choose, -1 when none. */
int sim_gateway_nearest(struct sim_gateway *gateway, int front);

/* Region for request number id arriving at front; -1 when none is usable. */
int sim_gateway_choose(struct sim_gateway *gateway, int front, uint64_t id);

#endif
