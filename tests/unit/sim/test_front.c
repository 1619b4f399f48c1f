/* tests/unit/sim/test_front.c - who may ask, how much, and what every answer says about the world.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <criterion/criterion.h>

#include "base/mem.h"
#include "sim_client.h"

Test(front, tokens)
{
    struct sim_world *world = empty_world();
    cr_assert_eq(ask_status(world, (struct ask){.target = CONFIGS}), 200, "no token set: anyone");
    sim_front_set_token(world, 0, "secret-token");
    int status;
    json_t *answer = ask_json(world, (struct ask){.target = CONFIGS}, &status);
    cr_assert_eq(status, 401);
    cr_assert_str_eq(sim_json_text(answer, "reason"), "Unauthorized");
    json_decref(answer);
    cr_assert_eq(
        ask_status(world, (struct ask){.target = CONFIGS, .authorization = "Bearer secret-toke"}),
        401);
    cr_assert_eq(
        ask_status(world, (struct ask){.target = CONFIGS, .authorization = "Bearer secret-token"}),
        200);
    cr_assert_eq(ask_status(world, (struct ask){.target = CONFIGS, .server = 1}), 200,
                 "each server has its own token");
    cr_assert_eq(ask_status(world, (struct ask){.target = "/livez"}), 200);
    cr_assert_eq(
        ask_status(world, (struct ask){.target = "/version", .authorization = "Bearer expired"}),
        401);
    sim_front_set_token(world, 0, NULL);
    cr_assert_eq(ask_status(world, (struct ask){.target = CONFIGS}), 200);
    sim_world_free(world);
}

Test(front, google_cloud_refuses_in_its_own_words)
{
    struct sim_world *world = empty_world();
    sim_front_set_token(world, SIM_SERVER_GCP, "gcp-token");
    int status;
    json_t *answer = ask_json(
        world, (struct ask){.target = "/compute/v1/projects/demo-4711", .server = SIM_SERVER_GCP},
        &status);
    cr_assert_eq(status, 401);
    cr_assert_str_eq(sim_json_text(answer, "error.status"), "UNAUTHENTICATED");
    cr_assert_eq(sim_json_int(answer, "error.code", 0), 401);
    json_decref(answer);
    sim_world_free(world);
}

Test(front, bodies_have_a_ceiling)
{
    struct sim_world *world = empty_world();
    char *body = tg_calloc(1, SIM_REQUEST_BODY_MAX + 2u);
    memset(body, ' ', SIM_REQUEST_BODY_MAX + 1u);
    int status;
    json_t *answer = ask_json(
        world,
        (struct ask){
            .method = "POST", .target = CONFIGS, .body = body, .content_type = "application/json"},
        &status);
    cr_assert_eq(status, 413);
    cr_assert_str_eq(sim_json_text(answer, "reason"), "RequestEntityTooLarge");
    json_decref(answer);
    free(body);
    sim_world_free(world);
}

Test(front, header_names_the_world)
{
    struct sim_world *world = empty_world();
    char text[128];
    int64_t before_us = sim_world_wall_us(world);
    char wanted[128];
    snprintf(wanted, sizeof wanted, "simulated; seed=7; speed=10; now_us=%lld",
             (long long)before_us);
    cr_assert_str_eq(sim_front_world_header(world, 10, 0, text, sizeof text), wanted);
    sim_world_free(world);
}
