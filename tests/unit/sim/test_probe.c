/* tests/unit/sim/test_probe.c - probe Pods, and the drill as they see it. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <criterion/criterion.h>
#include <stdio.h>

#include "tests/unit/sim/world_rig.h"

#define TARGET "http://10.0.2.7/v1/chat/completions"

Test(sim_probe, drill_shows_its_error_window_and_who_served)
{
    struct sim_world *world = rig_world(7, 2, true);
    rig_create_pod(world, 0, rig_probe("probe-us", TARGET, "0"));
    rig_run(world, 60);
    sim_truth_reset(world);
    rig_scale(world, 0, "vllm-gemma", 0);
    rig_run(world, 90);
    struct sim_truth_window window = sim_truth_window(world, 0);
    cr_expect_gt(window.open_us, 0);
    cr_expect_gt(window.close_us, window.open_us);
    cr_expect_gt(window.failures, 0);
    cr_expect_lt(window.close_us - window.open_us, 40 * TG_US_PER_S);
    cr_expect_gt(sim_truth_served_by(world, 1), 0);
    cr_expect_not(sim_truth_is_in_rotation(world, 0));
    cr_expect_null(rig_server_pod(world, 0));

    rig_scale(world, 0, "vllm-gemma", 1);
    int64_t waited_s = 0;
    while (!sim_truth_is_in_rotation(world, 0) && waited_s < 3600) {
        rig_run(world, 10);
        waited_s += 10;
    }
    cr_expect_gt(waited_s, 120);
    cr_expect_lt(waited_s, 3600);
    uint64_t before = sim_truth_served_by(world, 0);
    rig_run(world, 30);
    cr_expect_gt(sim_truth_served_by(world, 0), before + 20, "the primary serves again");

    char *log = rig_log(world, 0, "probe-us", "probe");
    cr_expect_eq(strncmp(log, "tidegate-probe v1 boot=", 23), 0);
    cr_expect_gt(rig_count_text(log, "code=503 err=0"), 0);
    cr_expect_gt(rig_count_text(log, "code=200 err=0"), 500);
    cr_expect_eq(rig_count_text(log, "skipped=1"), 0);
    free(log);
    sim_world_free(world);
}

Test(sim_probe, slots_are_dense_and_the_pod_completes)
{
    struct sim_world *world = rig_world(3, 2, true);
    rig_create_pod(world, 1, rig_probe("probe-eu", "http://10.0.1.9/v1/chat/completions", "40"));
    rig_run(world, 60);
    char *log = rig_log(world, 1, "probe-eu", "probe");
    for (int k = 0; k < 40; k++) {
        char needle[32];
        snprintf(needle, sizeof needle, "\nk=%d due_ms=", k);
        cr_expect_eq(rig_count_text(log, needle), 1, "slot %d", k);
    }
    cr_expect_eq(rig_count_text(log, "code=200"), 40);
    free(log);
    cr_expect_str_eq(sim_json_text(rig_get(world, 1, "pods", "probe-eu"), "status.phase"),
                     "Succeeded");
    sim_world_free(world);
}

Test(sim_probe, an_address_nobody_has_refuses)
{
    struct sim_world *world = rig_world(3, 2, true);
    rig_create_pod(world, 0, rig_probe("probe-us", "http://10.99.0.1/v1/chat/completions", "5"));
    rig_run(world, 30);
    char *log = rig_log(world, 0, "probe-us", "probe");
    cr_expect_eq(rig_count_text(log, "code=000 err=7"), 5);
    free(log);
    sim_world_free(world);
}

Test(sim_probe, a_lost_region_times_out_or_fails_for_clients_of_both)
{
    struct sim_world *world = rig_world(11, 2, true);
    rig_create_pod(world, 0, rig_probe("probe-us", TARGET, "0"));
    rig_run(world, 30);
    rig_scale(world, 0, "vllm-gemma", 0);
    rig_scale(world, 1, "vllm-gemma", 0);
    rig_run(world, 120);
    sim_truth_reset(world);
    rig_run(world, 30);
    struct sim_truth_window window = sim_truth_window(world, 0);
    cr_expect_gt(window.open_us, 0);
    cr_expect_eq(window.close_us, -1, "still open");
    cr_expect_eq(window.failures, window.requests);
    cr_expect_gt(window.requests, 50);
    sim_world_free(world);
}

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

Test(sim_probe, error_windows_over_seeds_are_as_the_model_says)
{
    enum { SEEDS = 60 };
    int64_t windows[SEEDS];
    for (int i = 0; i < SEEDS; i++) {
        struct sim_world *world = rig_world((uint64_t)i + 100, 2, true);
        rig_run(world, 5);
        sim_truth_reset(world);
        rig_scale(world, 0, "vllm-gemma", 0);
        rig_run(world, 90);
        struct sim_truth_window window = sim_truth_window(world, 0);
        cr_assert_gt(window.close_us, window.open_us);
        windows[i] = window.close_us - window.open_us;
        sim_world_free(world);
    }
    qsort(windows, SEEDS, sizeof windows[0], by_value);
    int64_t median_ms = windows[SEEDS / 2] / 1000;
    int64_t p95_ms = windows[SEEDS * 95 / 100] / 1000;
    printf("error window: median %ld ms, p95 %ld ms\n", (long)median_ms, (long)p95_ms);
    cr_expect(median_ms > 6000 && median_ms < 10500, "median %ld ms", (long)median_ms);
    cr_expect(p95_ms > 9000 && p95_ms < 18000, "p95 %ld ms", (long)p95_ms);
}
