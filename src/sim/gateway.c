/* sim/gateway.c - requests through the cross-region gateway. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "sim/gateway.h"
#include "sim/gcp_monitoring.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/clock.h"
#include "base/mem.h"
#include "sim/behaviour.h"
#include "sim/fault_world.h"
#include "sim/json_path.h"
#include "sim/truth_internal.h"
#include "sim/vllm.h"

struct request {
    uint64_t id;
    char key[24];
    struct sim_world *world;
    int client;
    int front;
    int region; /* -1 before the choice */
    int64_t prompt_tokens;
    int64_t output_tokens;
    int64_t start_us;
    uint64_t hop_event;
    uint64_t timeout_event;
    uint64_t backend_event; /* the policy's timeoutSec */
    struct sim_vllm *vllm;
    uint64_t vllm_id;
    struct sim_gateway_result result;
    sim_gateway_done *done; /* NULL: the client is gone */
    void *context;
};

struct sim_gateway *sim_world_gateway(struct sim_world *world)
{
    return sim_world_behaviour(world)->gateway;
}

struct sim_gateway *sim_gateway_new(struct sim_world *world)
{
    struct sim_gateway *gateway = TG_NEW(struct sim_gateway);
    size_t count = (size_t)sim_world_region_count(world);
    gateway->world = world;
    gateway->regions = tg_calloc(count, sizeof *gateway->regions);
    gateway->fronts = tg_calloc(count, sizeof *gateway->fronts);
    gateway->requests = tg_map_new(free);
    for (size_t r = 0; r < count; r++) {
        gateway->regions[r].capacity_mrps = sim_world_params(world)->capacity_low_mrps;
    }
    return gateway;
}

void sim_gateway_free(struct sim_gateway *gateway)
{
    sim_gateway_free_endpoints(gateway);
    for (int r = 0; r < sim_world_region_count(gateway->world); r++) {
        free(gateway->fronts[r].order);
        free(gateway->fronts[r].share_ppm);
    }
    tg_map_free(gateway->requests);
    free(gateway->regions);
    free(gateway->fronts);
    free(gateway);
}

bool sim_gateway_is_programmed(struct sim_world *world)
{
    return sim_world_gateway(world)->is_programmed;
}

void sim_gateway_set_programmed(struct sim_world *world, bool is_programmed)
{
    struct sim_gateway *gateway = sim_world_gateway(world);
    if (gateway->is_programmed != is_programmed) {
        gateway->is_programmed = is_programmed;
        sim_world_trace(world, "gateway", "%s", is_programmed ? "is programmed" : "is gone");
        sim_gateway_view_changed(gateway);
    }
}

/* Half a round trip, with jitter on long ways. */
static int64_t way_us(const struct request *request, int a, int b, uint64_t leg)
{
    struct sim_world *world = request->world;
    int64_t rtt_us = sim_region_rtt_us(world, a, b) + 2 * sim_fault_way_us(world, a, b);
    int64_t jitter_us = sim_world_params(world)->rtt_jitter_us;
    if (a == b || jitter_us == 0) {
        return rtt_us / 2;
    }
    uint64_t draw =
        tg_rng_keyed(sim_world_config(world)->seed, "gateway", "jitter", request->id * 8 + leg);
    int64_t way_us = rtt_us / 2 + (int64_t)(draw % (uint64_t)(jitter_us + 1)) - jitter_us / 2;
    return way_us < 0 ? 0 : way_us;
}

static void stop_timers(struct request *request)
{
    sim_world_cancel(request->world, request->hop_event);
    sim_world_cancel(request->world, request->timeout_event);
    sim_world_cancel(request->world, request->backend_event);
    request->hop_event = request->timeout_event = request->backend_event = 0;
}

static void end(struct request *request)
{
    struct sim_world *world = request->world;
    struct sim_gateway *gateway = sim_world_gateway(world);
    struct sim_gateway_result *result = &request->result;
    stop_timers(request);
    result->total_us = sim_world_now_us(world) - request->start_us;
    result->ttfb_us = result->status == 0      ? 0
                      : result->total_us > 200 ? result->total_us - 200
                                               : result->total_us;
    bool is_ok = result->status == 200;
    result->served_region = is_ok ? request->region : -1;
    if (is_ok && request->region >= 0) {
        gateway->regions[request->region].ok_period++;
    }
    sim_world_trace(world, "gateway", "request %" PRIu64 " from %d: %d/%d by %d in %" PRId64,
                    request->id, request->client, result->status, result->curl_code,
                    result->served_region, result->total_us);
    sim_truth_request(world, request->client, result->served_region, is_ok);
    if (request->front >= 0) {
        sim_gcp_monitoring_request(world, request->front, request->region, result->status,
                                   result->total_us);
    }
    tg_map_take(gateway->requests, request->key);
    if (request->done != NULL) {
        request->done(world, request->context, result);
    }
    free(request);
}

static void arrive_at_client(struct sim_world *world, void *data)
{
    struct request *request = data;
    (void)world;
    request->hop_event = 0;
    end(request);
}

/* The answer travels back: from where it was made to the proxy to the client. */
static void respond(struct request *request, int status, int curl_code, int64_t bytes,
                    int64_t delay_us)
{
    request->result.status = status;
    request->result.curl_code = curl_code;
    request->result.bytes = bytes;
    int64_t back_us = delay_us + way_us(request, request->front, request->client, 3);
    request->hop_event = sim_world_at(request->world, sim_world_now_us(request->world) + back_us,
                                      SIM_PRIORITY_NETWORK, arrive_at_client, request, NULL);
}

static void completed(struct sim_world *world, void *context, bool is_whole)
{
    struct request *request = context;
    const struct sim_params *params = sim_world_params(world);
    int64_t overhead_us = sim_vllm_overhead_us(request->vllm, request->vllm_id);
    request->vllm = NULL;
    sim_world_cancel(world, request->backend_event);
    request->backend_event = 0;
    int64_t back_us = way_us(request, request->region, request->front, 2);
    if (is_whole) {
        respond(request, 200, 0, 420 + 4 * request->output_tokens, back_us + overhead_us);
        return;
    }
    /* Nothing was sent yet, so the proxy can still say 503; sometimes the connection to the client
     * goes as well. */
    uint64_t draw =
        tg_rng_keyed(sim_world_config(world)->seed, "gateway", "killed", request->id) % 1000000;
    if ((int64_t)draw < params->killed_reset_ppm) {
        respond(request, 0, draw % 2 == 0 ? 52 : 56, 0, back_us);
    } else {
        respond(request, 503, 0, 95, back_us);
    }
}

static void backend_timed_out(struct sim_world *world, void *data)
{
    struct request *request = data;
    (void)world;
    request->backend_event = 0;
    if (request->vllm != NULL) {
        sim_vllm_cancel(request->vllm, request->vllm_id);
        request->vllm = NULL;
        respond(request, 504, 0, 24, 0);
    }
}

/* Endpoint with the best score among the picker's candidates, ties by a draw; NULL when there is
 * none. */
static struct sim_endpoint *pick(struct sim_gateway *gateway, const struct request *request)
{
    struct sim_region_view *view = &gateway->regions[request->region];
    struct sim_endpoint *best = NULL;
    int64_t best_cost = INT64_MAX;
    uint64_t ties = 0;
    for (int i = 0; i < view->endpoint_count; i++) {
        struct sim_endpoint *endpoint = view->endpoints[i];
        if (!endpoint->is_candidate) {
            continue;
        }
        struct sim_vllm_gauges gauges = {0, 0, 0};
        if (endpoint->pod != NULL && endpoint->is_listening) {
            gauges = sim_vllm_gauges(endpoint->pod->vllm);
        }
        int64_t cost = gauges.waiting * 1000000 + gauges.kv_ppm;
        ties = cost == best_cost ? ties + 1 : 1;
        uint64_t draw = tg_rng_keyed(sim_world_config(gateway->world)->seed, "picker", "tie",
                                     request->id * 16 + ties);
        if (cost < best_cost || (cost == best_cost && draw % ties == 0)) {
            best = endpoint;
            best_cost = cost;
        }
    }
    return best;
}

/* One of the addresses that the front's proxies have in their own subnet. */
static const char *proxy_address(const struct request *request, char out[SIM_IP_SIZE])
{
    const struct sim_region *front = sim_world_region(request->world, request->front);
    snprintf(out, SIM_IP_SIZE, "10.%d.%d.%d", (front->network_high + 1) & 0xff,
             front->network_low & 0xff, 2 + (int)(request->id % 6));
    return out;
}

static void arrive_at_region(struct sim_world *world, void *data)
{
    struct request *request = data;
    struct sim_gateway *gateway = sim_world_gateway(world);
    struct sim_region_view *view = &gateway->regions[request->region];
    const struct sim_params *params = sim_world_params(world);
    request->hop_event = 0;
    int64_t back_us = way_us(request, request->region, request->front, 2);
    if (sim_fault_is_dark(world, request->region) ||
        sim_fault_is_parted(world, request->front, request->region)) {
        respond(request, 503, 0, 91, params->upstream_connect_timeout_us);
        return;
    }
    if (!view->has_picker || sim_fault_in_force(world, SIM_FAULT_PICKER, request->region) != NULL) {
        respond(request, 500, 0, 0, back_us);
        return;
    }
    view->picked++;
    struct sim_endpoint *endpoint = pick(gateway, request);
    if (endpoint == NULL) {
        view->refused++;
        respond(
            request, 503, 0, 74,
            back_us); /* inference gateway: ServiceUnavailable - failed to find candidate pods */
        return;
    }
    struct sim_pod *pod = endpoint->pod;
    if (pod != NULL && sim_vllm_is_listening(pod->vllm) &&
        !sim_fault_is_shut(world, request->region)) {
        request->vllm = pod->vllm;
        char proxy_ip[SIM_IP_SIZE];
        request->vllm_id =
            sim_vllm_submit(pod->vllm, proxy_address(request, proxy_ip), request->prompt_tokens,
                            request->output_tokens, completed, request);
    }
    if (request->vllm == NULL) {
        respond(request, 503, 0, 114, back_us); /* connection refused by the Pod */
        return;
    }
    request->backend_event =
        sim_world_at(world, sim_world_now_us(world) + params->backend_timeout_us,
                     SIM_PRIORITY_NETWORK, backend_timed_out, request, NULL);
}

static void arrive_at_proxy(struct sim_world *world, void *data)
{
    struct request *request = data;
    struct sim_gateway *gateway = sim_world_gateway(world);
    request->hop_event = 0;
    if (!gateway->is_programmed ||
        sim_fault_in_force(world, SIM_FAULT_GATEWAY, request->front) != NULL) {
        respond(request, 0, 7, 0, 0);
        return;
    }
    request->region = sim_gateway_choose(gateway, request->front, request->id);
    if (request->region < 0) {
        respond(request, 503, 0, 19, 0); /* no healthy upstream */
        return;
    }
    gateway->regions[request->region].served_period++;
    request->hop_event = sim_world_at(
        world, sim_world_now_us(world) + way_us(request, request->front, request->region, 1),
        SIM_PRIORITY_NETWORK, arrive_at_region, request, NULL);
}

/* Nobody answers the client's connection, and it gives up. */
static void gave_up(struct sim_world *world, void *data)
{
    struct request *request = data;
    (void)world;
    request->hop_event = 0;
    request->result.curl_code = 28;
    end(request);
}

static void timed_out(struct sim_world *world, void *data)
{
    struct request *request = data;
    (void)world;
    request->timeout_event = 0;
    if (request->vllm != NULL) {
        sim_vllm_cancel(request->vllm, request->vllm_id);
        request->vllm = NULL;
    }
    request->result.status = 0;
    request->result.curl_code = 28;
    request->result.bytes = 0;
    end(request);
}

uint64_t sim_gateway_request(struct sim_world *world, int client_region, int front_region,
                             int64_t prompt_tokens, int64_t output_tokens, int64_t timeout_us,
                             sim_gateway_done *done, void *context)
{
    struct sim_gateway *gateway = sim_world_gateway(world);
    const struct sim_params *params = sim_world_params(world);
    struct request *request = TG_NEW(struct request);
    request->id = ++gateway->last_request;
    request->world = world;
    request->client = client_region;
    request->front = front_region;
    request->region = -1;
    request->prompt_tokens = prompt_tokens;
    request->output_tokens = output_tokens;
    request->start_us = sim_world_now_us(world);
    request->done = done;
    request->context = context;
    snprintf(request->key, sizeof request->key, "%020" PRIu64, request->id);
    tg_map_put(gateway->requests, request->key, request);
    /* Connection set-up is a round trip, then the request travels one way. */
    int64_t there_us = sim_region_rtt_us(world, client_region, front_region) +
                       way_us(request, client_region, front_region, 0) + params->proxy_overhead_us;
    bool is_lost = sim_fault_is_parted(world, client_region, front_region) ||
                   sim_fault_in_force(world, SIM_FAULT_REGION_DOWN, front_region) != NULL;
    there_us = is_lost ? params->client_connect_timeout_us : there_us;
    request->hop_event = sim_world_at(world, request->start_us + there_us, SIM_PRIORITY_NETWORK,
                                      is_lost ? gave_up : arrive_at_proxy, request, NULL);
    if (timeout_us > 0) {
        request->timeout_event = sim_world_at(world, request->start_us + timeout_us,
                                              SIM_PRIORITY_CLIENT, timed_out, request, NULL);
    }
    return request->id;
}

void sim_gateway_forget(struct sim_world *world, uint64_t id)
{
    char key[24];
    snprintf(key, sizeof key, "%020" PRIu64, id);
    struct request *request = tg_map_get(sim_world_gateway(world)->requests, key);
    if (request != NULL) {
        request->done = NULL;
    }
}

void sim_gateway_picker_metrics(struct sim_world *world, int region, struct tg_buf *out)
{
    struct sim_region_view *view = &sim_world_gateway(world)->regions[region];
    int64_t ready = 0;
    int64_t waiting = 0;
    for (int i = 0; i < view->endpoint_count; i++) {
        const struct sim_endpoint *endpoint = view->endpoints[i];
        if (endpoint->is_candidate) {
            ready++;
            waiting += endpoint->pod != NULL && endpoint->is_listening
                           ? sim_vllm_gauges(endpoint->pod->vllm).waiting
                           : 0;
        }
    }
    /* This picker's release scrapes a metric that vLLM no longer has, so cache utilization stays
     * zero. */
    tg_buf_printf(out,
                  "# TYPE inference_pool_ready_pods gauge\n"
                  "inference_pool_ready_pods{name=\"gemma-pool\"} %" PRId64 "\n"
                  "# TYPE inference_pool_average_kv_cache_utilization gauge\n"
                  "inference_pool_average_kv_cache_utilization{name=\"gemma-pool\"} 0\n"
                  "# TYPE inference_pool_average_queue_size gauge\n"
                  "inference_pool_average_queue_size{name=\"gemma-pool\"} %" PRId64 "\n"
                  "# TYPE inference_objective_request_total counter\n"
                  "inference_objective_request_total{model_name=\"" SIM_MODEL
                  "\",target_model_name=\"" SIM_MODEL "\"} %" PRIu64 "\n"
                  "# TYPE inference_objective_request_error_total counter\n"
                  "inference_objective_request_error_total{error_code=\"ServiceUnavailable\",model_"
                  "name=\"" SIM_MODEL "\",target_model_name=\"" SIM_MODEL "\"} %" PRIu64 "\n"
                  "# TYPE inference_extension_info gauge\n"
                  "inference_extension_info{commit=\"v1.1.0\",build_ref=\"v1.1.0\"} 1\n",
                  ready, ready == 0 ? 0 : waiting / ready, view->picked, view->refused);
}
