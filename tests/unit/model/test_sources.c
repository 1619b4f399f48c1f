/* tests/unit/model/test_sources.c - how old the data is, and what is wrong with where it comes
 * from. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "tests/unit/model/model_rig.h"

static const enum tg_kind pods[] = {TG_KIND_POD};

static struct tg_source source_of(const struct tg_model *model, int target, int64_t now_us)
{
    return tg_select_source(tg_model_target(model, target), pods, 1, now_us);
}

Test(sources, nothing_is_live_before_it_was_listed)
{
    struct tg_model *model = rig_model();
    cr_assert_eq(source_of(model, 0, 5 * SECOND).state, TG_SOURCE_CONNECTING);
    cr_assert_eq(source_of(model, 0, 5 * SECOND).age_us, -1);
    cr_assert_eq(tg_select_source(tg_model_target(model, 0), NULL, 0, SECOND).state,
                 TG_SOURCE_CONNECTING);
    rig_phase(model, 0, TG_KIND_POD, TG_KIND_PHASE_LISTING, SECOND);
    cr_assert_eq(source_of(model, 0, 5 * SECOND).state, TG_SOURCE_CONNECTING);
    rig_list(model, 0, TG_KIND_POD, NULL, 0, 6 * SECOND);
    cr_assert_eq(source_of(model, 0, 7 * SECOND).state, TG_SOURCE_LIVE);
    cr_assert_eq(source_of(model, 0, 7 * SECOND).age_us, SECOND);
    cr_assert_eq(source_of(model, 1, 7 * SECOND).state, TG_SOURCE_CONNECTING, "the other one");
    tg_model_free(model);
}

/* Heartbeats come each 5 s: old after two are missed, lost after five. */
Test(sources, silence_makes_old_then_lost)
{
    struct tg_model *model = rig_model();
    rig_list(model, 0, TG_KIND_POD, NULL, 0, SECOND);
    cr_assert_eq(source_of(model, 0, 11 * SECOND).state, TG_SOURCE_LIVE);
    cr_assert_eq(source_of(model, 0, 12 * SECOND).state, TG_SOURCE_OLD);
    cr_assert_eq(source_of(model, 0, 12 * SECOND).age_us, 11 * SECOND);
    cr_assert_eq(source_of(model, 0, 26 * SECOND).state, TG_SOURCE_OLD);
    cr_assert_eq(source_of(model, 0, 27 * SECOND).state, TG_SOURCE_LOST);
    struct tg_msg *contact = tg_msg_new(TG_MSG_CONTACT, 0, 28 * SECOND);
    contact->resource = TG_KIND_COUNT;
    cr_assert_not(rig_send(model, contact), "a sign of life alone changes nothing on screen");
    cr_assert_eq(source_of(model, 0, 28 * SECOND).state, TG_SOURCE_LIVE);
    tg_model_free(model);
}

Test(sources, a_lost_one_keeps_its_data_and_says_when_it_is_tried_again)
{
    struct tg_model *model = rig_model();
    struct tg_obj pod = rig_pod("vllm-a", "1");
    rig_list(model, 0, TG_KIND_POD, &pod, 1, SECOND);
    rig_phase(model, 0, TG_KIND_POD, TG_KIND_PHASE_RETRYING, 10 * SECOND);
    struct tg_source source = source_of(model, 0, 15 * SECOND);
    cr_assert_eq(source.state, TG_SOURCE_LOST);
    cr_assert_eq(source.age_us, 14 * SECOND, "since the last data, not since the error");
    cr_assert_eq(source.retry_in_us, 25 * SECOND);
    cr_assert_eq(source.err.code, TG_CODE_TIMEOUT);
    cr_assert_eq(model->targets[0]->kinds[TG_KIND_POD].store.count, 1);
    rig_phase(model, 0, TG_KIND_POD, TG_KIND_PHASE_LIVE, 20 * SECOND);
    cr_assert_eq(source_of(model, 0, 15 * SECOND).err.code, TG_CODE_NONE);
    tg_model_free(model);
}

Test(sources, the_worst_kind_speaks_for_the_target_and_absent_ones_do_not)
{
    static const enum tg_kind two[] = {TG_KIND_POD, TG_KIND_NODE};
    struct tg_model *model = rig_model();
    rig_list(model, 0, TG_KIND_POD, NULL, 0, SECOND);
    rig_phase(model, 0, TG_KIND_NODE, TG_KIND_PHASE_ABSENT, SECOND);
    const struct tg_target *target = tg_model_target(model, 0);
    cr_assert_eq(tg_select_source(target, two, 2, 2 * SECOND).state, TG_SOURCE_LIVE);
    rig_phase(model, 0, TG_KIND_NODE, TG_KIND_PHASE_DENIED, SECOND);
    cr_assert_eq(tg_select_source(target, two, 2, 2 * SECOND).state, TG_SOURCE_DENIED);
    tg_model_free(model);
}

Test(sources, losing_and_coming_back_is_told_once)
{
    struct tg_model *model = rig_model();
    rig_list(model, 0, TG_KIND_POD, NULL, 0, SECOND);
    rig_list(model, 0, TG_KIND_NODE, NULL, 0, SECOND);
    rig_phase(model, 0, TG_KIND_POD, TG_KIND_PHASE_RETRYING, 2 * SECOND);
    rig_phase(model, 0, TG_KIND_NODE, TG_KIND_PHASE_RETRYING, 2 * SECOND);
    cr_assert_eq(model->timeline_count, 1);
    cr_assert_eq(rig_last(model)->kind, TG_TIMELINE_SOURCE_LOST);
    cr_assert_str_eq(rig_last(model)->message, "no answer within 10 s");
    rig_phase(model, 0, TG_KIND_POD, TG_KIND_PHASE_LIVE, 3 * SECOND);
    cr_assert_eq(model->timeline_count, 1, "one kind is still lost");
    rig_phase(model, 0, TG_KIND_NODE, TG_KIND_PHASE_LIVE, 3 * SECOND);
    cr_assert_eq(model->timeline_count, 2);
    cr_assert_eq(rig_last(model)->kind, TG_TIMELINE_SOURCE_BACK);
    tg_model_free(model);
}

Test(sources, names_of_clusters_give_regions)
{
    struct tg_model *model = rig_model();
    const struct tg_target *target = tg_model_target(model, 0);
    cr_assert_str_eq(target->project, "demo-4711");
    cr_assert_str_eq(target->zone, "us-east5-b");
    cr_assert_str_eq(target->region, "us-east5");
    cr_assert_str_eq(target->cluster, "gke-us-east5");
    cr_assert_str_eq(target->label, "us-east5");
    int other = tg_model_add_cluster(model, "kind-local");
    cr_assert_str_eq(tg_model_target(model, other)->label, "kind-local");
    cr_assert_str_eq(tg_model_target(model, other)->region, "");
    tg_model_free(model);
}

Test(sources, lab_time_runs_at_the_worlds_speed)
{
    struct tg_model *model = rig_model();
    cr_assert_eq(tg_model_lab_us(model, 5 * SECOND, 777), 777, "a real world has our time");
    struct tg_msg *msg = tg_msg_new(TG_MSG_WORLD, 0, 10 * SECOND);
    msg->as.world = (struct tg_world){
        .is_simulated = true, .speed = 10, .wall_us = 1000 * SECOND, .seen_at_us = 10 * SECOND};
    rig_send(model, msg);
    double speed = 0;
    cr_assert(tg_model_is_simulated(model, &speed));
    cr_assert_eq(speed, 10);
    cr_assert_eq(tg_model_lab_us(model, 12 * SECOND, 777), 1020 * SECOND);
    tg_model_free(model);
}

static void say_simulated(struct tg_model *model, int target, int64_t wall_us, int64_t at_us)
{
    struct tg_msg *msg = tg_msg_new(TG_MSG_WORLD, target, at_us);
    msg->as.world = (struct tg_world){
        .is_simulated = true, .speed = 1, .wall_us = wall_us, .seen_at_us = at_us};
    rig_send(model, msg);
}

/* An answer that reached us late tells an older clock than the one carried forward; a world that
 * falls behind for good is believed after a while, by the best of its readings. */
Test(sources, a_late_answer_does_not_set_the_clock_back)
{
    struct tg_model *model = rig_model();
    say_simulated(model, 0, 1000 * SECOND, 10 * SECOND);
    say_simulated(model, 0, 1000 * SECOND, 11 * SECOND);
    cr_assert_eq(tg_model_lab_us(model, 11 * SECOND, 0), 1001 * SECOND);
    say_simulated(model, 0, 1003 * SECOND, 12 * SECOND);
    cr_assert_eq(tg_model_lab_us(model, 12 * SECOND, 0), 1003 * SECOND, "ahead is truer");
    for (int i = 1; i <= 8; i++) {
        int64_t behind = i == 5 ? SECOND : 2 * SECOND;
        say_simulated(model, 0, 1003 * SECOND + i * SECOND - behind, 12 * SECOND + i * SECOND);
    }
    cr_assert_eq(tg_model_lab_us(model, 20 * SECOND, 0), 1010 * SECOND);
    tg_model_free(model);
}

/* One simulated cluster in a kubeconfig does not make the others fair game. */
Test(sources, a_real_cluster_beside_a_simulated_one_is_real)
{
    struct tg_model *model = tg_model_new();
    int simulated = tg_model_add_cluster(model, "sim");
    int real = tg_model_add_cluster(model, "real");
    cr_assert_not(tg_model_may_be_broken(model));
    say_simulated(model, simulated, 5000 * SECOND, SECOND);
    cr_assert(tg_model_is_simulated(model, NULL), "nothing else answered yet");
    cr_assert_not(tg_model_may_be_broken(model), "the other has not said what it is");
    rig_send(model, tg_msg_new(TG_MSG_CONTACT, real, 2 * SECOND));
    cr_assert_not(tg_model_is_simulated(model, NULL));
    cr_assert_not(tg_model_may_be_broken(model));
    say_simulated(model, real, 5000 * SECOND, 3 * SECOND);
    cr_assert(tg_model_is_simulated(model, NULL));
    cr_assert(tg_model_may_be_broken(model));
    tg_model_free(model);
}

/* Two worlds with clocks of their own: lab time is that of one of them, whoever spoke last. */
Test(sources, lab_time_does_not_jump_between_worlds)
{
    struct tg_model *model = tg_model_new();
    int first = tg_model_add_cluster(model, "one");
    int second = tg_model_add_cluster(model, "two");
    say_simulated(model, first, 5000 * SECOND, SECOND);
    say_simulated(model, second, 9000 * SECOND, 2 * SECOND);
    cr_assert_eq(tg_model_lab_us(model, 3 * SECOND, 777), 5002 * SECOND);
    tg_model_free(model);
}

/* The clock of a cluster that was deleted is not heard any more: carried forward at the speed it
 * had it would run away. */
Test(sources, the_clock_of_a_cluster_that_is_gone_is_not_carried_forward)
{
    double speed = 0;
    struct tg_model *model = rig_model();
    model->targets[0]->world = (struct tg_world){
        .is_simulated = true, .speed = 300, .wall_us = 1000 * SECOND, .seen_at_us = 10 * SECOND};
    model->targets[1]->world = (struct tg_world){
        .is_simulated = true, .speed = 10, .wall_us = 2000 * SECOND, .seen_at_us = 20 * SECOND};
    cr_expect_eq(tg_model_lab_us(model, 11 * SECOND, 0), 1300 * SECOND);
    tg_model_remove_cluster(model, 0, 1300 * SECOND, 11 * SECOND);
    cr_expect_eq(tg_model_lab_us(model, 21 * SECOND, 0), 2010 * SECOND);
    cr_expect(tg_model_is_simulated(model, &speed));
    cr_expect_eq((int)speed, 10);
    tg_model_remove_cluster(model, 1, 2010 * SECOND, 21 * SECOND);
    cr_expect(tg_model_is_simulated(model, NULL), "it was one, all the same");
    tg_model_free(model);
}

/* What a lost cluster said of its gateway is not vouched for by anybody. */
Test(sources, a_gateway_that_is_not_heard_is_stale)
{
    size_t count = 0;
    struct tg_model *model = rig_model();
    const struct tg_obj gateway = {
        .kind = TG_KIND_GATEWAY, .ns = "default", .name = "g", .uid = "g", .resource_version = "1"};
    model->targets[0]->contact_us = 10 * SECOND;
    rig_list(model, 0, TG_KIND_GATEWAY, &gateway, 1, 10 * SECOND);
    rig_list(model, 0, TG_KIND_HTTP_ROUTE, NULL, 0, 10 * SECOND);
    struct tg_gateway_row *rows = tg_select_gateways(model, 11 * SECOND, &count);
    cr_assert_eq(count, 1);
    cr_expect_not(rows[0].is_stale);
    free(rows);
    rig_phase(model, 0, TG_KIND_GATEWAY, TG_KIND_PHASE_RETRYING, 12 * SECOND);
    rows = tg_select_gateways(model, 40 * SECOND, &count);
    cr_expect(rows[0].is_stale);
    cr_expect_gt(rows[0].age_us, 0);
    free(rows);
    tg_model_free(model);
}
