/* tests/unit/sim/test_hub.c - the simulated hub: whose token it is, and who may read the gated
 * model. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "sim/hub.h"

#include <criterion/criterion.h>
#include <string.h>

#include "sim/params.h"
#include "sim_client.h"

#define WHO           SIM_HUB_PREFIX "/api/whoami-v2"
#define FILE_OF_MODEL SIM_HUB_PREFIX "/" SIM_HUB_MODEL "/resolve/main/config.json"

static int status_of(struct sim_world *world, const char *method, const char *target,
                     const char *token)
{
    char authorization[80] = "";
    if (token != NULL) {
        snprintf(authorization, sizeof(authorization), "Bearer %s", token);
    }
    return ask_status(world, (struct ask){.method = method,
                                          .target = target,
                                          .server = SIM_SERVER_GCP,
                                          .authorization = authorization});
}

Test(hub, a_token_says_who_it_is)
{
    int status;
    struct sim_world *world = empty_world();
    /* Google's token is none of the hub's business, and the other way round */
    sim_front_set_token(world, SIM_SERVER_GCP, "gcp-token");
    json_t *answer = ask_json(
        world,
        (struct ask){.target = WHO, .server = SIM_SERVER_GCP, .authorization = "Bearer hf_abc"},
        &status);
    cr_assert_eq(status, 200);
    cr_assert_str_eq(sim_json_text(answer, "name"), "operator");
    cr_assert_str_eq(sim_json_text(answer, "auth.accessToken.role"), "read");
    json_decref(answer);
    cr_assert_eq(status_of(world, "GET", WHO, "gcp-token"), 401);
    cr_assert_eq(status_of(world, "GET", WHO, NULL), 401);
    cr_assert_eq(status_of(world, "GET", "/compute/v1/projects/demo-4711", "hf_abc"), 401);
    sim_world_free(world);
}

Test(hub, the_model_is_gated)
{
    struct sim_world *world = empty_world();
    cr_assert_eq(status_of(world, "HEAD", FILE_OF_MODEL, NULL), 401);
    cr_assert_eq(status_of(world, "HEAD", FILE_OF_MODEL, "hf_abc"), 200);
    cr_assert_eq(status_of(world, "GET", FILE_OF_MODEL, "hf_abc"), 200);
    sim_world_params(world)->has_gemma_licence = 0;
    cr_assert_eq(status_of(world, "HEAD", FILE_OF_MODEL, "hf_abc"), 403);
    cr_assert_eq(status_of(world, "GET", WHO, "hf_abc"), 200, "the token is as good as before");
    cr_assert_eq(status_of(world, "GET", SIM_HUB_PREFIX "/other/model/resolve/main/x", "hf_abc"),
                 404);
    cr_assert_eq(status_of(world, "POST", WHO, "hf_abc"), 404);
    sim_world_free(world);
}
