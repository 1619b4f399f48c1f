/* sim/gateway_health.c - endpoints of the gateway: picker, network endpoint group, probers, and the
 * proxies' view. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim/behaviour.h"
#include "sim/fault_world.h"
#include "sim/gateway.h"
#include "sim/vllm.h"

#define GONE_LIMIT_US (180 * TG_US_PER_S) /* longest that a detach may take */

static int probers(const struct sim_params *params)
{
    tg_assert(params->health_probers >= 1 && params->health_probers <= SIM_PROBERS_MAX);
    return (int)params->health_probers;
}

static uint64_t in(struct sim_endpoint *endpoint, int64_t delay_us, sim_action *action)
{
    struct sim_world *world = endpoint->gateway->world;
    return sim_world_at(world, sim_world_now_us(world) + delay_us, SIM_PRIORITY_CONTROL, action,
                        endpoint, NULL);
}

struct sim_endpoint *sim_gateway_find_endpoint(struct sim_pod *pod)
{
    struct sim_gateway *gateway = sim_world_gateway(pod->world);
    struct sim_region_view *view = &gateway->regions[pod->region->index];
    for (int i = 0; i < view->endpoint_count; i++) {
        if (view->endpoints[i]->pod == pod) {
            return view->endpoints[i];
        }
    }
    return NULL;
}

static void endpoint_free(struct sim_endpoint *endpoint)
{
    struct sim_world *world = endpoint->gateway->world;
    struct sim_region_view *view = &endpoint->gateway->regions[endpoint->region->index];
    sim_world_cancel(world, endpoint->candidate_event);
    sim_world_cancel(world, endpoint->neg_event);
    sim_world_cancel(world, endpoint->view_event);
    for (int p = 0; p < SIM_PROBERS_MAX; p++) {
        sim_world_cancel(world, endpoint->prober_event[p]);
    }
    for (int i = 0; i < view->endpoint_count; i++) {
        if (view->endpoints[i] == endpoint) {
            memmove(&view->endpoints[i], &view->endpoints[i + 1],
                    (size_t)(view->endpoint_count - i - 1) * sizeof(struct sim_endpoint *));
            view->endpoint_count--;
            break;
        }
    }
    free(endpoint->entity);
    free(endpoint);
}

void sim_gateway_free_endpoints(struct sim_gateway *gateway)
{
    for (int r = 0; r < sim_world_region_count(gateway->world); r++) {
        struct sim_region_view *view = &gateway->regions[r];
        while (view->endpoint_count > 0) {
            endpoint_free(view->endpoints[0]);
        }
        free(view->endpoints);
    }
}

/* ---- endpoint picker ---- */

static void picker_sees(struct sim_world *world, void *data)
{
    struct sim_endpoint *endpoint = data;
    endpoint->candidate_event = 0;
    endpoint->is_candidate = !endpoint->is_leaving;
    sim_world_trace(world, endpoint->entity, "endpoint picker %s",
                    endpoint->is_candidate ? "adds" : "drops");
    sim_gateway_view_changed(endpoint->gateway);
}

static void plan_picker(struct sim_endpoint *endpoint)
{
    struct sim_world *world = endpoint->gateway->world;
    const struct sim_params *params = sim_world_params(world);
    sim_world_cancel(world, endpoint->candidate_event);
    endpoint->candidate_event =
        in(endpoint, sim_draw_range(world, endpoint->entity, "picker", &params->picker_watch),
           picker_sees);
}

void sim_gateway_picker(struct sim_region *region, bool is_ready)
{
    struct sim_gateway *gateway = sim_world_gateway(region->world);
    if (gateway->regions[region->index].has_picker != is_ready) {
        gateway->regions[region->index].has_picker = is_ready;
        sim_gateway_view_changed(gateway);
    }
}

/* ---- network endpoint group ---- */

static void group_changes(struct sim_world *world, void *data)
{
    struct sim_endpoint *endpoint = data;
    struct sim_gateway *gateway = endpoint->gateway;
    endpoint->neg_event = 0;
    endpoint->is_in_neg = !endpoint->is_leaving;
    sim_world_trace(world, endpoint->entity, "%s the endpoint group",
                    endpoint->is_in_neg ? "joins" : "leaves");
    if (!endpoint->is_in_neg && endpoint->pod == NULL) {
        endpoint_free(endpoint);
    }
    sim_gateway_view_changed(gateway);
}

static void plan_group(struct sim_endpoint *endpoint)
{
    struct sim_world *world = endpoint->gateway->world;
    const struct sim_params *params = sim_world_params(world);
    sim_world_cancel(world, endpoint->neg_event);
    int64_t delay_us = sim_draw_range(world, endpoint->entity, "slice", &params->endpoint_slice) +
                       sim_draw_duration(world, endpoint->entity, "neg", &params->neg_operation) +
                       sim_draw_range(world, endpoint->entity, "program", &params->neg_program);
    endpoint->neg_event = in(endpoint, delay_us, group_changes);
}

/* ---- health checks ---- */

static void proxies_learn(struct sim_world *world, void *data)
{
    struct sim_endpoint *endpoint = data;
    endpoint->view_event = 0;
    endpoint->is_healthy = endpoint->is_majority;
    sim_world_trace(world, endpoint->entity, "is %s to the proxies",
                    endpoint->is_healthy ? "HEALTHY" : "UNHEALTHY");
    sim_gateway_view_changed(endpoint->gateway);
}

static void count_votes(struct sim_endpoint *endpoint)
{
    struct sim_world *world = endpoint->gateway->world;
    const struct sim_params *params = sim_world_params(world);
    int healthy = 0;
    for (int p = 0; p < probers(params); p++) {
        healthy += endpoint->prober_state[p] ? 1 : 0;
    }
    bool is_majority = 2 * healthy > probers(params);
    if (is_majority == endpoint->is_majority) {
        return;
    }
    endpoint->is_majority = is_majority;
    sim_world_cancel(world, endpoint->view_event);
    endpoint->view_event = 0;
    if (is_majority != endpoint->is_healthy) {
        endpoint->view_event =
            in(endpoint,
               sim_draw_range(world, endpoint->entity, "propagate", &params->health_propagation),
               proxies_learn);
    }
}

/* What a probe meets: whether something listens, and whether anything gets there. */
static bool answers_probes(const struct sim_endpoint *endpoint)
{
    struct sim_world *world = endpoint->gateway->world;
    int region = endpoint->region->index;
    return endpoint->is_listening && !sim_fault_is_dark(world, region) &&
           !sim_fault_is_shut(world, region);
}

/* Only the probe that turns a prober's opinion is an event: those that confirm it change nothing.
 */
static void prober_turns(struct sim_world *world, void *data)
{
    struct sim_endpoint *endpoint = data;
    const struct sim_params *params = sim_world_params(world);
    for (int p = 0; p < probers(params); p++) {
        uint64_t id = endpoint->prober_event[p];
        if (id != 0 && endpoint->prober_due_us[p] <= sim_world_now_us(world)) {
            endpoint->prober_event[p] = 0;
            endpoint->prober_state[p] = answers_probes(endpoint);
        }
    }
    count_votes(endpoint);
}

static void plan_prober(struct sim_endpoint *endpoint, int p)
{
    struct sim_world *world = endpoint->gateway->world;
    const struct sim_params *params = sim_world_params(world);
    sim_world_cancel(world, endpoint->prober_event[p]);
    endpoint->prober_event[p] = 0;
    bool is_good = answers_probes(endpoint);
    if (endpoint->prober_state[p] == is_good) {
        return; /* the row of contrary answers is broken */
    }
    int64_t interval_us = params->health_interval_us;
    int64_t threshold =
        is_good ? params->health_healthy_threshold : params->health_unhealthy_threshold;
    int64_t since_us = (sim_world_now_us(world) - endpoint->prober_phase_us[p]) % interval_us;
    if (since_us < 0) {
        since_us += interval_us; /* before the world's start */
    }
    int64_t delay_us = (interval_us - since_us) + (threshold - 1) * interval_us;
    if (!is_good && sim_fault_is_dark(world, endpoint->region->index)) {
        delay_us += params->health_timeout_us; /* nobody even refuses */
    }
    endpoint->prober_due_us[p] = sim_world_now_us(world) + delay_us;
    endpoint->prober_event[p] = in(endpoint, delay_us, prober_turns);
}

static void plan_probers(struct sim_endpoint *endpoint)
{
    const struct sim_params *params = sim_world_params(endpoint->gateway->world);
    for (int p = 0; p < probers(params); p++) {
        plan_prober(endpoint, p);
    }
}

/* ---- what the kubelet tells ---- */

void sim_gateway_pod_ready(struct sim_pod *pod)
{
    struct sim_world *world = pod->world;
    struct sim_gateway *gateway = sim_world_gateway(world);
    struct sim_region_view *view = &gateway->regions[pod->region->index];
    struct sim_endpoint *endpoint = sim_gateway_find_endpoint(pod);
    if (endpoint != NULL) { /* started again */
        endpoint->is_leaving = false;
        plan_picker(endpoint);
        plan_group(endpoint);
        return;
    }
    endpoint = TG_NEW(struct sim_endpoint);
    endpoint->gateway = gateway;
    endpoint->region = pod->region;
    endpoint->pod = pod;
    endpoint->entity = tg_strdup(pod->entity);
    tg_str_copy(endpoint->ip, sizeof endpoint->ip, pod->ip);
    int64_t interval_us = sim_world_params(world)->health_interval_us;
    for (int p = 0; p < SIM_PROBERS_MAX; p++) {
        endpoint->prober_phase_us[p] =
            (int64_t)(sim_world_draw(world, pod->entity, "prober-phase") % (uint64_t)interval_us);
    }
    view->endpoints = tg_realloc_array(view->endpoints, (size_t)view->endpoint_count + 1,
                                       sizeof(struct sim_endpoint *));
    view->endpoints[view->endpoint_count++] = endpoint;
    plan_picker(endpoint);
    plan_group(endpoint);
}

void sim_gateway_pod_deleting(struct sim_pod *pod)
{
    struct sim_endpoint *endpoint = sim_gateway_find_endpoint(pod);
    if (endpoint != NULL && !endpoint->is_leaving) {
        endpoint->is_leaving = true;
        plan_picker(endpoint);
        plan_group(endpoint);
    }
}

void sim_gateway_pod_unready(struct sim_pod *pod)
{
    sim_gateway_pod_deleting(pod); /* a Pod that is not ready is no endpoint either */
}

void sim_gateway_faults_changed(struct sim_world *world)
{
    struct sim_gateway *gateway = sim_world_gateway(world);
    for (int r = 0; r < sim_world_region_count(world); r++) {
        for (int i = 0; i < gateway->regions[r].endpoint_count; i++) {
            plan_probers(gateway->regions[r].endpoints[i]);
        }
    }
    sim_gateway_view_changed(gateway);
}

void sim_gateway_pod_listening(struct sim_pod *pod)
{
    struct sim_endpoint *endpoint = sim_gateway_find_endpoint(pod);
    if (endpoint == NULL) {
        return;
    }
    bool is_listening = sim_vllm_is_listening(pod->vllm);
    if (endpoint->is_listening != is_listening) {
        endpoint->is_listening = is_listening;
        plan_probers(endpoint);
        sim_gateway_view_changed(endpoint->gateway);
    }
}

void sim_gateway_pod_gone(struct sim_pod *pod)
{
    struct sim_endpoint *endpoint = sim_gateway_find_endpoint(pod);
    if (endpoint == NULL) {
        return;
    }
    struct sim_gateway *gateway = endpoint->gateway;
    sim_gateway_pod_deleting(pod);
    if (endpoint->is_listening) {
        endpoint->is_listening = false;
        plan_probers(endpoint);
    }
    endpoint->pod = NULL;
    endpoint->gone_us = sim_world_now_us(gateway->world);
    if (!endpoint->is_in_neg && endpoint->neg_event == 0) {
        endpoint_free(endpoint);
    }
    sim_gateway_view_changed(gateway);
}

/* ---- views ---- */

bool sim_gateway_endpoint(struct sim_world *world, int region, int i,
                          struct sim_endpoint_view *view)
{
    const struct sim_region_view *regions = sim_world_gateway(world)->regions;
    if (i < 0 || i >= regions[region].endpoint_count) {
        return false;
    }
    const struct sim_endpoint *endpoint = regions[region].endpoints[i];
    *view = (struct sim_endpoint_view){endpoint->ip, endpoint->is_in_neg, endpoint->is_healthy,
                                       endpoint->is_candidate, endpoint->is_listening};
    return true;
}

int64_t sim_gateway_health_ppm(struct sim_gateway *gateway, int region)
{
    const struct sim_region_view *view = &gateway->regions[region];
    int64_t total = 0;
    int64_t healthy = 0;
    for (int i = 0; i < view->endpoint_count; i++) {
        if (view->endpoints[i]->is_in_neg) {
            total++;
            healthy += view->endpoints[i]->is_healthy ? 1 : 0;
        }
    }
    if (healthy == 0) {
        return 0;
    }
    int64_t threshold_ppm = sim_world_params(gateway->world)->failover_threshold_ppm;
    int64_t health_ppm = healthy * 1000000 / total;
    int64_t scaled_ppm = threshold_ppm == 0 ? 1000000 : health_ppm * 1000000 / threshold_ppm;
    return scaled_ppm < 1000000 ? scaled_ppm : 1000000;
}

bool sim_gateway_is_usable(struct sim_world *world, int region)
{
    return sim_gateway_health_ppm(sim_world_gateway(world), region) > 0;
}

bool sim_gateway_would_serve(struct sim_world *world, int region)
{
    const struct sim_region_view *view = &sim_world_gateway(world)->regions[region];
    if (!view->has_picker || sim_fault_in_force(world, SIM_FAULT_PICKER, region) != NULL ||
        sim_fault_is_dark(world, region) || sim_fault_is_shut(world, region) ||
        sim_fault_pace_percent(world, region) == 0) {
        return false;
    }
    for (int i = 0; i < view->endpoint_count; i++) {
        if (view->endpoints[i]->is_candidate && view->endpoints[i]->is_listening) {
            return true;
        }
    }
    return false;
}

const char *sim_gateway_check(struct sim_world *world)
{
    const struct sim_gateway *gateway = sim_world_gateway(world);
    if (gateway->is_blind) {
        return "a request went to a region without endpoints in the proxies' view";
    }
    for (int r = 0; r < sim_world_region_count(world); r++) {
        const struct sim_region_view *view = &gateway->regions[r];
        for (int i = 0; i < view->endpoint_count; i++) {
            const struct sim_endpoint *endpoint = view->endpoints[i];
            if (endpoint->pod == NULL && endpoint->is_in_neg &&
                sim_world_now_us(world) - endpoint->gone_us > GONE_LIMIT_US) {
                return "an endpoint stays in its group long after its Pod";
            }
        }
        const struct sim_front_view *front = &gateway->fronts[r];
        int64_t sum = 0;
        for (int i = 0; front->share_ppm != NULL && i < sim_world_region_count(world); i++) {
            sum += front->share_ppm[i];
        }
        if (sum != 0 && sum != 1000000) {
            return "shares of a front sum to neither 1 nor 0";
        }
    }
    return NULL;
}
