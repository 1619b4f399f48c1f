/* tests/unit/sim/test_world.c - the virtual clock, events, draws, trace, parameters and regions. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <criterion/criterion.h>
#include <signal.h>

#include "base/assert.h"
#include "base/str.h"
#include "sim/behaviour.h"
#include "sim/cluster.h"
#include "sim/params.h"
#include "sim/region.h"
#include "tests/unit/sim/world_rig.h"

struct note {
    char text[64];
};

static void note_a(struct sim_world *world, void *data)
{
    (void)world;
    strcat(((struct note *)data)->text, "a");
}

static void note_b(struct sim_world *world, void *data)
{
    (void)world;
    strcat(((struct note *)data)->text, "b");
}

static void note_again(struct sim_world *world, void *data)
{
    strcat(((struct note *)data)->text, "+");
    sim_world_at(world, sim_world_now_us(world), 0, note_a, data, NULL);
}

Test(sim_world, events_run_by_time_then_priority_then_order)
{
    struct sim_world *world = rig_world(1, 1, false);
    struct note note = {""};
    sim_world_at(world, 2000, 5, note_a, &note, NULL);
    sim_world_at(world, 2000, 1, note_b, &note, NULL);
    sim_world_at(world, 1000, 9, note_again, &note, NULL);
    sim_world_run_until(world, 1999);
    cr_expect_str_eq(note.text, "+a");
    sim_world_run_until(world, 2000);
    cr_expect_str_eq(note.text, "+aba");
    cr_expect_eq(sim_world_now_us(world), 2000);
    cr_expect_eq(sim_world_wall_us(world), RIG_START_US + 2000);
    sim_world_free(world);
}

Test(sim_world, a_cancelled_event_never_runs_and_its_data_is_freed)
{
    struct sim_world *world = rig_world(1, 1, false);
    struct note note = {""};
    uint64_t id = sim_world_at(world, 1000, 0, note_a, &note, NULL);
    cr_expect(sim_world_cancel(world, id));
    cr_expect_not(sim_world_cancel(world, id));
    uint64_t other = sim_world_at(world, 1000, 0, note_a, malloc(8), free);
    cr_expect_neq(other, id, "an old id never names a new event");
    cr_expect_not(sim_world_cancel(world, id));
    cr_expect(sim_world_cancel(world, other));
    sim_world_run_until(world, 5000);
    cr_expect_str_eq(note.text, "");
    sim_world_free(world);
}

Test(sim_world, draws_of_one_entity_do_not_shift_another)
{
    struct sim_world *a = rig_world(5, 1, false);
    struct sim_world *b = rig_world(5, 1, false);
    sim_world_draw(a, "somebody", "else");
    sim_world_draw(a, "somebody", "else");
    uint64_t first = sim_world_draw(a, "pod", "x");
    cr_expect_eq(first, sim_world_draw(b, "pod", "x"));
    cr_expect_neq(first, sim_world_draw(b, "pod", "x"), "the next one differs");
    sim_world_free(a);
    sim_world_free(b);
}

Test(sim_world, wrong_region_counts_are_refused)
{
    struct sim_config config = {.seed = 1, .regions = 0};
    struct tg_err err = TG_ERR_INIT;
    cr_expect_null(sim_world_new(&config, &err));
    cr_expect_eq(err.code, TG_CODE_INVALID);
    config.regions = SIM_REGIONS_MAX + 1;
    cr_expect_null(sim_world_new(&config, &err));
}

Test(sim_world, parameters_are_named_and_settable)
{
    struct sim_params params;
    sim_params_init(&params);
    cr_expect_eq(params.rtt_lab_us, 96000);
    cr_expect(sim_params_set(&params, "vllm_compile.median", 1, NULL));
    cr_expect_eq(params.vllm_compile.median_us, 1);
    struct tg_err err = TG_ERR_INIT;
    cr_expect_not(sim_params_set(&params, "no_such_number", 1, &err));
    cr_expect_eq(err.code, TG_CODE_INVALID);
    for (const struct sim_param_info *info = sim_param_table; info->name != NULL; info++) {
        cr_expect_not_null(strchr("VDMKU", info->confidence), "%s has a confidence", info->name);
        cr_expect_gt(strlen(info->source), 5, "%s has a source", info->name);
    }
}

static void expect_refused(const char *name, int64_t value, const char *why)
{
    struct sim_params params;
    sim_params_init(&params);
    cr_assert(sim_params_set(&params, name, value, NULL));
    struct sim_config config = {.seed = 1, .regions = 1, .is_built = true, .params = &params};
    struct tg_err err = TG_ERR_INIT;
    cr_expect_null(sim_world_new(&config, &err), "%s", name);
    cr_expect_eq(err.code, TG_CODE_INVALID, "%s", name);
    cr_expect_not_null(strstr(err.msg, why), "%s: %s", name, err.msg);
}

Test(sim_world, ways_shorter_than_their_jitter_take_no_negative_time)
{
    struct sim_params params;
    sim_params_init(&params);
    params.rtt_lab_us = 0;
    params.load_mrps = 2000;
    struct sim_config config = {.seed = 1, .regions = 2, .is_built = true, .params = &params};
    struct sim_world *world = sim_world_new(&config, NULL);
    cr_assert_not_null(world);
    rig_run(world, 20);
    rig_scale(world, 0, "vllm-gemma", 0);
    rig_run(world, 60);
    sim_world_free(world);
}

Test(sim_world, refuses_numbers_that_do_not_go_together)
{
    expect_refused("schedule.p95", 1, "schedule: p95 must not be less than the median");
    expect_refused("fuse_mount.cap", 0, "nor cap 0");
    expect_refused("status_react.high", 0, "high is less than low");
    expect_refused("load_prompt_tokens", 0, "must be more than 0");
    expect_refused("metric_period_us", 0, "must be more than 0");
    expect_refused("tpu_quota_chips", 0, "the lab does not come to stand");
    expect_refused("has_gemma_licence", 0, "the lab does not come to stand");
}

Test(sim_world, regions_have_distinct_names_and_addresses_and_symmetric_distances)
{
    struct sim_world *world = rig_world(1, 300, false);
    cr_expect_str_eq(sim_world_region(world, 0)->name, "us-east5");
    cr_expect_str_eq(sim_world_region(world, 0)->zone, "us-east5-b");
    cr_expect_str_eq(sim_world_region(world, 0)->vip, "10.0.2.7");
    cr_expect_str_eq(sim_world_region(world, 1)->cluster, "gke-europe-west4");
    cr_expect_str_eq(sim_world_region(world, 1)->vip, "10.0.1.9");
    cr_expect_eq(sim_region_rtt_us(world, 0, 1), 96000);
    for (int i = 0; i < 300; i++) {
        for (int j = 0; j < i; j++) {
            cr_assert_str_neq(sim_world_region(world, i)->name, sim_world_region(world, j)->name);
            cr_assert_str_neq(sim_world_region(world, i)->vip, sim_world_region(world, j)->vip);
            cr_assert_eq(sim_region_rtt_us(world, i, j), sim_region_rtt_us(world, j, i));
            cr_assert_lt(sim_region_rtt_us(world, i, j), 400000);
        }
    }
    sim_world_free(world);
}

static const char *never_right(struct sim_world *world)
{
    (void)world;
    return "the moon is made of cheese";
}

Test(sim_world, a_broken_invariant_ends_the_world, .signal = SIGABRT)
{
    struct sim_world *world = rig_world(1, 1, false);
    sim_world_add_check(world, never_right);
    sim_world_check(world);
}

Test(sim_world, an_empty_project_has_neither_clusters_nor_a_lab)
{
    struct sim_world *world = rig_world(1, 2, false);
    rig_run(world, 100);
    cr_expect_not(sim_cluster_is_serving(sim_world_region(world, 0)));
    sim_cluster_create(sim_world_region(world, 0));
    cr_expect_not_null(rig_get(world, 0, "namespaces", "kube-system"));
    cr_expect_eq(sim_store_count(rig_store(world, 0), sim_resource_by_plural("pods")), 0);
    cr_expect_eq(sim_store_count(rig_store(world, 1), sim_resource_by_plural("nodes")), 0);
    cr_expect_not(sim_truth_is_in_rotation(world, 0));
    sim_world_free(world);
}

Test(sim_world, the_built_lab_has_its_helm_release)
{
    struct sim_world *world = rig_world(3, 2, true);
    const json_t *secret = rig_get(world, 0, "secrets", "sh.helm.release.v1.gemma-pool.v1");
    cr_assert_str_eq(sim_json_text(secret, "type"), "helm.sh/release.v1");
    cr_assert_str_eq(sim_json_text(secret, "metadata.labels.owner"), "helm");
    const char *outer = sim_json_text(secret, "data.release");
    size_t inner_len = 0;
    char *inner = tg_base64_decode(outer, strlen(outer), &inner_len);
    cr_assert_not_null(inner);
    size_t len = 0;
    char *packed = tg_base64_decode(inner, inner_len, &len);
    cr_assert_not_null(packed);
    cr_assert(len > 30 && memcmp(packed, "\x1f\x8b\x08", 3) == 0, "gzip");
    int documents = 0;
    for (size_t i = 0; i + 14 < len; i++) {
        documents += memcmp(packed + i, "---\\n# Source: ", 14) == 0;
    }
    cr_assert_eq(documents, 18, "the chart's objects in the config cluster: %d", documents);
    free(packed);
    free(inner);
    cr_assert_not_null(rig_get(world, 1, "secrets", "sh.helm.release.v1.gemma-pool.v1"));
    const json_t *account = rig_get(world, 0, "serviceaccounts", "gemma-pool-epp");
    cr_assert_str_eq(json_string_value(json_object_get(sim_json_at(account, "metadata.labels"),
                                                       "app.kubernetes.io/managed-by")),
                     "Helm");
    sim_world_free(world);
}
