/* tests/unit/sim/test_script.c - a fork is the world as it was, and two forks meet the same chance.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <criterion/criterion.h>

#include "sim/fault.h"
#include "sim/params.h"
#include "sim/script.h"
#include "tests/unit/sim/sim_client.h"
#include "tests/unit/sim/world_rig.h"

#define SCALE "/apis/apps/v1/namespaces/default/deployments/vllm-gemma/scale"

static void scale(struct sim_world *world, const char *body)
{
    cr_assert_eq(ask_status(world, (struct ask){.method = "PATCH",
                                                .target = SCALE,
                                                .content_type = "application/merge-patch+json",
                                                .body = body}),
                 200);
}

static void fault(struct sim_world *world, const char *body)
{
    cr_assert_eq(ask_status(world, (struct ask){.server = SIM_SERVER_GCP,
                                                .method = "POST",
                                                .target = "/tidegate.dev/v1/faults",
                                                .body = body}),
                 200);
}

static char *script_of(struct sim_world *world, int64_t until_us)
{
    struct tg_err err = TG_ERR_INIT;
    json_t *script = sim_script_json(world, until_us, &err);
    cr_assert_not_null(script, "%s", err.msg);
    char *text = json_dumps(script, 0);
    json_decref(script);
    return text;
}

static struct sim_world *fork_of(const char *text, int64_t until_us)
{
    struct tg_err err = TG_ERR_INIT;
    struct sim_config config;
    struct sim_params params;
    char *project = NULL;
    cr_assert(sim_script_config(text, strlen(text), &config, &params, &project, &err), "%s",
              err.msg);
    struct sim_world *world = sim_world_new(&config, &err);
    free(project);
    cr_assert_not_null(world, "%s", err.msg);
    cr_assert(sim_script_replay(world, text, strlen(text), until_us, &err), "%s", err.msg);
    return world;
}

Test(sim_script, a_fork_at_any_time_is_the_world_as_it_was_then)
{
    struct sim_world *world = rig_world(11, 2, true);
    sim_script_start(world);
    rig_run(world, 20);
    fault(world, "{\"kind\":\"podkill\",\"region\":\"1\",\"after\":\"30s\"}");
    scale(world, "{\"spec\":{\"replicas\":0}}");
    rig_run(world, 40);
    int64_t then_us = sim_world_now_us(world);
    uint64_t then = sim_world_trace_hash(world);
    rig_run(world, 1); /* what comes at the very moment is part of it */
    scale(world, "{\"spec\":{\"replicas\":1}}");
    rig_run(world, 900);
    char *text = script_of(world, sim_world_now_us(world));
    struct sim_world *same = fork_of(text, sim_world_now_us(world));
    cr_expect_eq(sim_world_trace_hash(same), sim_world_trace_hash(world));
    struct sim_world *earlier = fork_of(text, then_us);
    cr_expect_eq(sim_world_trace_hash(earlier), then, "what came later is not in it");
    /* two policies from one point meet the same boot times */
    struct sim_world *other = fork_of(text, then_us);
    scale(earlier, "{\"spec\":{\"replicas\":1}}");
    scale(other, "{\"spec\":{\"replicas\":1}}");
    fault(other, "{\"kind\":\"delay\",\"region\":\"0\"}");
    rig_run(earlier, 3000);
    rig_run(other, 3000);
    char *a = json_dumps(rig_server_pod(earlier, 0), 0);
    char *b = json_dumps(rig_server_pod(other, 0), 0);
    cr_expect_str_eq(a, b);
    free(a);
    free(b);
    sim_world_free(other);
    sim_world_free(earlier);
    sim_world_free(same);
    sim_world_free(world);
    free(text);
}

Test(sim_script, parameters_go_along_and_a_world_without_script_cannot_be_forked)
{
    struct tg_err err = TG_ERR_INIT;
    struct sim_world *world = rig_world(11, 2, true);
    cr_expect_null(sim_script_json(world, 0, &err));
    cr_expect_eq(err.code, TG_CODE_STATE);
    sim_script_start(world);
    cr_assert(sim_params_set_text(sim_world_params(world), "rtt_lab_us", "200ms", &err));
    char *text = script_of(world, 0);
    struct sim_world *fork = fork_of(text, 0);
    cr_expect_eq(sim_world_params(fork)->rtt_lab_us, 200000);
    struct sim_config config;
    struct sim_params params;
    char *project = NULL;
    cr_expect_not(sim_script_config("[]", 2, &config, &params, &project, &err));
    cr_expect_not(sim_script_replay(fork, "{}", 2, 0, &err));
    free(text);
    sim_world_free(fork);
    sim_world_free(world);
}

Test(sim_params, values_are_read_with_their_units)
{
    struct tg_err err = TG_ERR_INIT;
    struct sim_params params;
    sim_params_init(&params);
    cr_expect(sim_params_set_text(&params, "schedule.median", "1m30s", &err));
    cr_expect_eq(params.schedule.median_us, 90 * TG_US_PER_S);
    cr_expect(sim_params_set_text(&params, "schedule.median", "250", &err));
    cr_expect_eq(params.schedule.median_us, 250, "without a unit it is the number's own");
    cr_expect(sim_params_set_text(&params, "kv_blocks", "100", &err));
    cr_expect_not(sim_params_set_text(&params, "kv_blocks", "100ms", &err), "no time");
    cr_expect_not(sim_params_set_text(&params, "kv_blocks", "-1", &err));
    cr_expect_not(sim_params_set_text(&params, "no_such", "1", &err));
    int64_t time_us;
    static const char *const bad[] = {"", "s", "5", "5x", "1s2", "99999999999s"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        cr_expect_not(sim_params_time(bad[i], &time_us), "%s", bad[i]);
    }
}
