/* tests/unit/sim/test_gateway.c - health, endpoint views, choice of region, and requests through
 * the gateway. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <criterion/criterion.h>

#include "sim/behaviour.h"
#include "sim/gateway.h"
#include "sim/params.h"
#include "tests/unit/sim/world_rig.h"

#define SIM_GATEWAY_TEST_LONG_US                                    \
    (170 * TG_US_PER_S) /* an endpoint group that is slow to follow \
                         */

struct answer {
    struct sim_gateway_result last;
    int count;
    int ok;
    int by_region[4];
};

static void answered(struct sim_world *world, void *context,
                     const struct sim_gateway_result *result)
{
    struct answer *answer = context;
    (void)world;
    answer->last = *result;
    answer->count++;
    answer->ok += result->status == 200 ? 1 : 0;
    if (result->served_region >= 0 && result->served_region < 4) {
        answer->by_region[result->served_region]++;
    }
}

Test(sim_gateway, the_nearest_region_serves_and_distance_costs_a_round_trip)
{
    struct sim_world *world = rig_world(5, 2, true);
    struct answer near = {0};
    sim_gateway_request(world, 0, 0, 15, 4, 0, answered, &near);
    rig_run(world, 5);
    cr_expect_eq(near.last.status, 200);
    cr_expect_eq(near.last.served_region, 0);
    rig_scale(world, 0, "vllm-gemma", 0);
    rig_run(world, 60);
    struct answer far = {0};
    sim_gateway_request(world, 0, 0, 15, 4, 0, answered, &far);
    rig_run(world, 5);
    cr_expect_eq(far.last.status, 200);
    cr_expect_eq(far.last.served_region, 1);
    int64_t more_us = far.last.ttfb_us - near.last.ttfb_us;
    cr_expect(more_us > 60000 && more_us < 140000, "%ld us more", (long)more_us);
    sim_world_free(world);
}

Test(sim_gateway, the_picker_refuses_at_once_when_the_pod_is_being_deleted)
{
    struct sim_world *world = rig_world(5, 2, true);
    rig_scale(world, 0, "vllm-gemma", 0);
    sim_world_run_until(world, 1500 * TG_US_PER_MS);
    struct sim_endpoint_view view;
    cr_assert(sim_gateway_endpoint(world, 0, 0, &view));
    cr_expect(view.is_in_neg && view.is_healthy, "the load balancer does not know yet");
    cr_expect_not(view.is_candidate, "the picker does");
    struct answer answer = {0};
    sim_gateway_request(world, 0, 0, 15, 4, 0, answered, &answer);
    rig_run(world, 2);
    cr_expect_eq(answer.last.status, 503);
    cr_expect_lt(answer.last.total_us, 50000, "fast");
    struct answer other = {0};
    sim_gateway_request(world, 1, 1, 15, 4, 0, answered, &other);
    rig_run(world, 2);
    cr_expect_eq(other.last.status, 200, "clients of the other region notice nothing");
    sim_world_free(world);
}

Test(sim_gateway, health_checks_need_their_rows_of_answers)
{
    /* A deaf server with its endpoint kept: only the health path can end the window. */
    struct sim_world *world = rig_world(6, 2, true);
    sim_world_params(world)->neg_operation = (struct sim_duration){
        SIM_GATEWAY_TEST_LONG_US, SIM_GATEWAY_TEST_LONG_US, SIM_GATEWAY_TEST_LONG_US};
    rig_scale(world, 0, "vllm-gemma", 0);
    int64_t step_us = 100 * TG_US_PER_MS;
    while (sim_gateway_is_usable(world, 0) && sim_world_now_us(world) < 60 * TG_US_PER_S) {
        sim_world_run_until(world, sim_world_now_us(world) + step_us);
    }
    int64_t seconds = sim_world_now_us(world) / TG_US_PER_S;
    cr_expect(seconds >= 6 && seconds <= 16, "%ld s", (long)seconds);
    sim_world_free(world);
}

Test(sim_gateway, nobody_left_is_a_clean_503)
{
    struct sim_world *world = rig_world(5, 2, true);
    rig_scale(world, 0, "vllm-gemma", 0);
    rig_scale(world, 1, "vllm-gemma", 0);
    rig_run(world, 90);
    struct answer answer = {0};
    sim_gateway_request(world, 1, 1, 15, 4, 0, answered, &answer);
    rig_run(world, 2);
    cr_expect_eq(answer.last.status, 503);
    cr_expect_eq(answer.last.served_region, -1);
    sim_world_free(world);
}

Test(sim_gateway, a_deleted_gateway_refuses_connections)
{
    struct sim_world *world = rig_world(5, 2, true);
    sim_store_remove(rig_store(world, 0), sim_resource_by_plural("gateways"), "default",
                     "cross-region-gateway");
    struct answer answer = {0};
    sim_gateway_request(world, 0, 0, 15, 4, 0, answered, &answer);
    rig_run(world, 2);
    cr_expect_eq(answer.last.status, 0);
    cr_expect_eq(answer.last.curl_code, 7);
    sim_world_free(world);
}

Test(sim_gateway, without_its_picker_a_region_fails_closed)
{
    struct sim_world *world = rig_world(5, 2, true);
    rig_scale(world, 0, "gemma-pool-epp", 0);
    rig_run(world, 10);
    struct answer answer = {0};
    sim_gateway_request(world, 0, 0, 15, 4, 0, answered, &answer);
    rig_run(world, 2);
    cr_expect_eq(answer.last.status, 500);
    cr_expect_not(sim_truth_is_in_rotation(world, 0));
    rig_scale(world, 0, "gemma-pool-epp", 1);
    rig_run(world, 60);
    cr_expect(sim_truth_is_in_rotation(world, 0));
    sim_world_free(world);
}

Test(sim_gateway, an_impatient_client_times_out)
{
    struct sim_world *world = rig_world(5, 2, true);
    struct answer answer = {0};
    sim_gateway_request(world, 0, 0, 15, 5000, 2 * TG_US_PER_S, answered, &answer);
    rig_run(world, 10);
    cr_expect_eq(answer.count, 1);
    cr_expect_eq(answer.last.curl_code, 28);
    cr_expect_eq(answer.last.total_us, 2 * TG_US_PER_S);
    sim_world_free(world);
}

Test(sim_gateway, requests_under_way_are_cut_when_their_server_is_killed)
{
    struct sim_world *world = rig_world(5, 2, true);
    struct answer answer = {0};
    for (int i = 0; i < 40; i++) {
        sim_gateway_request(world, 0, 0, 15, 3000, 0, answered, &answer);
    }
    rig_run(world, 2);
    cr_expect_eq(answer.count, 0);
    rig_scale(world, 0, "vllm-gemma", 0);
    rig_run(world, 10);
    cr_expect_eq(answer.count, 40);
    cr_expect_eq(answer.ok, 0);
    sim_world_free(world);
}

static void flood(struct sim_world *world, struct answer *answer, int seconds, int per_second)
{
    for (int s = 0; s < seconds; s++) {
        for (int i = 0; i < per_second; i++) {
            sim_gateway_request(world, 0, 0, 600, 500, 0, answered, answer);
            sim_world_run_until(world, sim_world_now_us(world) + TG_US_PER_S / per_second);
        }
        sim_world_check(world);
    }
}

Test(sim_gateway, a_full_region_spills_to_the_next)
{
    struct sim_world *world = rig_world(5, 2, true);
    struct answer light = {0};
    flood(world, &light, 60, 2);
    cr_expect_eq(light.by_region[1], 0, "little load stays near");
    struct answer heavy = {0};
    flood(world, &heavy, 180, 20);
    cr_expect_gt(heavy.by_region[1], 100, "much load spills: %d", heavy.by_region[1]);
    cr_expect_gt(heavy.by_region[0], heavy.by_region[1]);
    int64_t sum = sim_gateway_share_ppm(world, 0, 0) + sim_gateway_share_ppm(world, 0, 1);
    cr_expect_eq(sum, 1000000);
    sim_world_free(world);
}

Test(sim_gateway, truth_counts_what_clients_met)
{
    struct sim_world *world = rig_world(5, 2, true);
    sim_truth_reset(world);
    struct answer answer = {0};
    flood(world, &answer, 20, 2);
    rig_run(world, 30);
    struct sim_truth_window window = sim_truth_window(world, 0);
    cr_expect_eq(window.open_us, -1);
    cr_expect_eq(window.requests, 40);
    cr_expect_eq(window.failures, 0);
    cr_expect_eq(sim_truth_served_by(world, 0), 40);
    cr_expect_eq(sim_truth_window(world, 1).requests, 0);
    sim_world_free(world);
}

Test(sim_gateway, three_regions_fail_over_to_the_nearest_left)
{
    struct sim_world *world = rig_world(5, 4, true);
    rig_scale(world, 0, "vllm-gemma", 0);
    rig_run(world, 60);
    struct answer answer = {0};
    sim_gateway_request(world, 0, 0, 15, 4, 0, answered, &answer);
    rig_run(world, 5);
    int nearest = 1;
    for (int r = 2; r < 4; r++) {
        nearest =
            sim_region_rtt_us(world, 0, r) < sim_region_rtt_us(world, 0, nearest) ? r : nearest;
    }
    cr_expect_eq(answer.last.served_region, nearest);
    sim_world_free(world);
}
