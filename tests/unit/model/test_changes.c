/* tests/unit/model/test_changes.c - what changes the screen, and what the timeline tells. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "tests/unit/model/model_rig.h"

static size_t count_of(const struct tg_model *model, enum tg_kind kind)
{
    return model->targets[0]->kinds[kind].store.count;
}

Test(changes, a_list_replaces_all_and_tells_what_vanished)
{
    struct tg_model *model = rig_model();
    struct tg_obj first[] = {rig_pod("vllm-a", "1"), rig_pod("vllm-b", "1")};
    struct tg_obj second[] = {rig_pod("vllm-b", "1"), rig_pod("vllm-c", "1")};
    rig_list(model, 0, TG_KIND_POD, first, 2, SECOND);
    cr_assert_eq(model->timeline_count, 0, "what was there before us is not news");
    rig_list(model, 0, TG_KIND_POD, second, 2, 2 * SECOND);
    cr_assert_eq(count_of(model, TG_KIND_POD), 2);
    cr_assert_eq(model->timeline_count, 2);
    cr_assert_eq(model->timeline[0].kind, TG_TIMELINE_VANISHED);
    cr_assert_str_eq(model->timeline[0].object, "Pod/vllm-a");
    cr_assert_eq(model->timeline[1].kind, TG_TIMELINE_APPEARED);
    cr_assert_str_eq(model->timeline[1].object, "Pod/vllm-c");
    tg_model_free(model);
}

Test(changes, one_of_the_same_name_is_another_one_when_its_uid_is)
{
    struct tg_model *model = rig_model();
    struct tg_obj pod = rig_pod("vllm-a", "1");
    rig_list(model, 0, TG_KIND_POD, &pod, 1, SECOND);
    pod.uid = "another";
    rig_put(model, 0, &pod, 2 * SECOND);
    cr_assert_eq(model->timeline_count, 2);
    cr_assert_eq(model->timeline[0].kind, TG_TIMELINE_VANISHED);
    cr_assert_eq(model->timeline[1].kind, TG_TIMELINE_APPEARED);
    tg_model_free(model);
}

Test(changes, deleting_forgets_its_figures_too)
{
    struct tg_model *model = rig_model();
    struct tg_obj pod = rig_pod("vllm-a", "1");
    rig_list(model, 0, TG_KIND_POD, &pod, 1, SECOND);
    rig_scrape(model, 0, "vllm-a", true, 10, SECOND);
    cr_assert(rig_delete(model, 0, &pod, 2 * SECOND));
    cr_assert_eq(count_of(model, TG_KIND_POD), 0);
    rig_put(model, 0, &pod, 3 * SECOND);
    size_t count = 0;
    struct tg_pod_row *rows = tg_select_pods(model, 0, 3 * SECOND, &count);
    cr_assert_eq(count, 1);
    cr_assert_eq(rows[0].serving, TG_SERVING_UNKNOWN);
    free(rows);
    tg_model_free(model);
}

Test(changes, the_same_again_wakes_nobody)
{
    struct tg_model *model = rig_model();
    struct tg_obj pod = rig_pod("vllm-a", "1");
    struct tg_obj lease = {.kind = TG_KIND_LEASE,
                           .name = "gke-tpu-0",
                           .uid = "l",
                           .resource_version = "1",
                           .as.lease = {.holder = "gke-tpu-0", .renewed_us = SECOND}};
    struct tg_obj address = {.kind = TG_KIND_GCP_ADDRESS,
                             .name = "ip",
                             .uid = "ip",
                             .as.gcp = {.status = "RESERVED", .address = "10.0.2.7"}};
    rig_list(model, 0, TG_KIND_POD, &pod, 1, SECOND);
    rig_list(model, 0, TG_KIND_LEASE, &lease, 1, SECOND);
    rig_list(model, 0, TG_KIND_GCP_ADDRESS, &address, 1, SECOND);
    uint64_t revision = model->revision;
    lease.resource_version = "2";
    lease.as.lease.renewed_us = 11 * SECOND;
    cr_assert_not(rig_put(model, 0, &lease, 11 * SECOND));
    cr_assert_not(rig_list(model, 0, TG_KIND_POD, &pod, 1, 11 * SECOND));
    cr_assert_not(rig_list(model, 0, TG_KIND_GCP_ADDRESS, &address, 1, 11 * SECOND));
    cr_assert_eq(model->revision, revision);
    cr_assert_eq(model->targets[0]->kinds[TG_KIND_POD].contact_us, 11 * SECOND, "but it is fresh");
    lease.as.lease.holder = "another";
    cr_assert(rig_put(model, 0, &lease, 12 * SECOND));
    address.as.gcp.status = "IN_USE";
    cr_assert(rig_list(model, 0, TG_KIND_GCP_ADDRESS, &address, 1, 12 * SECOND));
    cr_assert_eq(rig_last(model)->kind, TG_TIMELINE_CHANGED);
    cr_assert_str_eq(rig_last(model)->message, "RESERVED > IN_USE");
    tg_model_free(model);
}

Test(changes, figures_that_stand_still_wake_nobody)
{
    struct tg_model *model = rig_model();
    struct tg_obj pod = rig_pod("vllm-a", "1");
    rig_list(model, 0, TG_KIND_POD, &pod, 1, SECOND);
    cr_assert(rig_scrape(model, 0, "vllm-a", true, 10, 2 * SECOND));
    cr_assert(rig_scrape(model, 0, "vllm-a", true, 30, 4 * SECOND));
    size_t count = 0;
    struct tg_pod_row *rows = tg_select_pods(model, 0, 4 * SECOND, &count);
    cr_assert_float_eq(rows[0].tokens_per_s, 10, 1e-9);
    free(rows);
    cr_assert(rig_scrape(model, 0, "vllm-a", true, 30, 6 * SECOND), "the rate falls to 0");
    cr_assert_not(rig_scrape(model, 0, "vllm-a", true, 30, 8 * SECOND));
    cr_assert(rig_scrape(model, 0, "vllm-a", false, 30, 10 * SECOND));
    tg_model_free(model);
}

/* A restarted process counts from zero: no rate is better than a wrong one. */
Test(changes, a_restarted_server_has_no_rate)
{
    struct tg_model *model = rig_model();
    struct tg_obj pod = rig_pod("vllm-a", "1");
    rig_list(model, 0, TG_KIND_POD, &pod, 1, SECOND);
    rig_scrape(model, 0, "vllm-a", true, 1000, 2 * SECOND);
    rig_scrape(model, 0, "vllm-a", true, 5, 4 * SECOND);
    size_t count = 0;
    struct tg_pod_row *rows = tg_select_pods(model, 0, 4 * SECOND, &count);
    cr_assert_eq(rows[0].tokens_per_s, -1);
    free(rows);
    tg_model_free(model);
}

Test(changes, pods_and_replicas_are_told_in_the_fields_words)
{
    struct tg_model *model = rig_model();
    struct tg_obj pod = rig_pod("vllm-a", "1");
    struct tg_obj deployment = rig_deployment(1, "", "1");
    rig_list(model, 0, TG_KIND_POD, &pod, 1, SECOND);
    rig_list(model, 0, TG_KIND_DEPLOYMENT, &deployment, 1, SECOND);
    pod.as.pod.status = "Terminating";
    pod.as.pod.is_ready = false;
    rig_put(model, 0, &pod, 2 * SECOND);
    cr_assert_eq(model->timeline_count, 2);
    cr_assert_str_eq(model->timeline[0].message, "Running > Terminating");
    cr_assert_str_eq(model->timeline[1].reason, "Ready");
    cr_assert_str_eq(model->timeline[1].message, "True > False");
    cr_assert_eq(model->timeline[1].severity, TG_SEVERITY_WARN);
    deployment = rig_deployment(0, "", "2");
    rig_put(model, 0, &deployment, 3 * SECOND);
    cr_assert_str_eq(rig_last(model)->message, "1 > 0");
    cr_assert_eq(rig_last(model)->severity, TG_SEVERITY_WARN);
    tg_model_free(model);
}

/* A cluster has hundreds of Pods; those that serve no model are not told. */
Test(changes, other_peoples_pods_are_not_told)
{
    struct tg_model *model = rig_model();
    struct tg_obj pod = rig_pod("kube-dns", "1");
    pod.as.pod.tpu_chips = 0;
    pod.as.pod.app = "kube-dns";
    rig_list(model, 0, TG_KIND_POD, NULL, 0, SECOND);
    cr_assert(rig_put(model, 0, &pod, 2 * SECOND));
    cr_assert_eq(model->timeline_count, 0);
    tg_model_free(model);
}

Test(changes, events_are_told_when_they_are_new_or_recent)
{
    struct tg_model *model = rig_model();
    struct tg_msg *world = tg_msg_new(TG_MSG_WORLD, 0, SECOND);
    world->as.world = (struct tg_world){
        .is_simulated = true, .speed = 1, .wall_us = 5000 * SECOND, .seen_at_us = SECOND};
    rig_send(model, world);
    struct tg_obj event = {.kind = TG_KIND_EVENT,
                           .ns = "default",
                           .name = "e1",
                           .uid = "e1",
                           .resource_version = "1",
                           .as.event = {.type = "Warning",
                                        .reason = "FailedScheduling",
                                        .message = "0/2 nodes are available",
                                        .object_kind = "Pod",
                                        .object_name = "vllm-a",
                                        .count = 1,
                                        .last_us = 5000 * SECOND - 601 * SECOND}};
    struct tg_obj recent = event;
    recent.name = "e2";
    recent.as.event.last_us = 5000 * SECOND - 599 * SECOND;
    struct tg_obj both[] = {event, recent};
    rig_list(model, 0, TG_KIND_EVENT, both, 2, SECOND);
    cr_assert_eq(model->timeline_count, 1);
    cr_assert_str_eq(rig_last(model)->object, "Pod/vllm-a");
    cr_assert_eq(rig_last(model)->severity, TG_SEVERITY_WARN);
    recent.as.event.count = 2;
    recent.resource_version = "2";
    rig_put(model, 0, &recent, 2 * SECOND);
    cr_assert_eq(model->timeline_count, 2, "it happened again");
    tg_model_free(model);
}

/* The ring forgets the oldest lines, never the newest, and says how many are gone. */
Test(changes, the_timeline_is_bounded)
{
    struct tg_model *model = rig_model();
    for (int i = 0; i < TG_TIMELINE_MAX + 10; i++) {
        tg_model_tell(model, TG_TIMELINE_DRILL, TG_SEVERITY_INFO, -1, i, i, "drill", "state", "");
    }
    cr_assert_eq(model->timeline_count, TG_TIMELINE_MAX);
    cr_assert_eq(model->timeline_total, TG_TIMELINE_MAX + 10);
    cr_assert_eq(rig_last(model)->lab_us, TG_TIMELINE_MAX + 9);
    tg_model_free(model);
}
