/* tests/unit/model/test_attention.c - what needs attention appears, worst first, and goes again. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "tests/unit/model/model_rig.h"

static bool has(const struct tg_model *model, enum tg_problem_code code, int64_t now_us)
{
    size_t count = 0;
    bool is_found = false;
    struct tg_problem *problems = tg_select_problems(model, now_us, &count);
    for (size_t i = 0; i < count; i++) {
        is_found = is_found || problems[i].code == code;
        cr_assert(i == 0 || problems[i].severity <= problems[i - 1].severity, "worst first");
    }
    free(problems);
    return is_found;
}

static struct tg_model *healthy(struct tg_obj *pod, struct tg_obj *deployment)
{
    struct tg_model *model = rig_model();
    *pod = rig_pod("vllm-a", "1");
    *deployment = rig_deployment(1, "", "1");
    for (int kind = 0; kind < TG_KIND_COUNT; kind++) {
        for (int target = 0; target < 2; target++) {
            rig_list(model, target, (enum tg_kind)kind, NULL, 0, SECOND);
        }
    }
    rig_list(model, 0, TG_KIND_POD, pod, 1, SECOND);
    rig_list(model, 0, TG_KIND_DEPLOYMENT, deployment, 1, SECOND);
    rig_scrape(model, 0, "vllm-a", true, 1, SECOND);
    return model;
}

Test(attention, none_when_all_is_well)
{
    struct tg_obj pod;
    struct tg_obj deployment;
    struct tg_model *model = healthy(&pod, &deployment);
    size_t count = 9;
    struct tg_problem *problems = tg_select_problems(model, 2 * SECOND, &count);
    cr_assert_eq(count, 0, "%s", count > 0 ? problems[0].detail : "");
    free(problems);
    tg_model_free(model);
}

Test(attention, a_lost_source_and_its_end)
{
    struct tg_obj pod;
    struct tg_obj deployment;
    struct tg_model *model = healthy(&pod, &deployment);
    rig_phase(model, 1, TG_KIND_POD, TG_KIND_PHASE_RETRYING, 2 * SECOND);
    cr_assert(has(model, TG_PROBLEM_SOURCE_LOST, 2 * SECOND));
    rig_phase(model, 1, TG_KIND_POD, TG_KIND_PHASE_LIVE, 3 * SECOND);
    cr_assert_not(has(model, TG_PROBLEM_SOURCE_LOST, 3 * SECOND));
    rig_phase(model, 1, TG_KIND_POD, TG_KIND_PHASE_DENIED, 3 * SECOND);
    cr_assert(has(model, TG_PROBLEM_SOURCE_DENIED, 3 * SECOND));
    tg_model_free(model);
}

/* The lab's Pods are Ready long before vLLM listens. */
Test(attention, ready_is_not_serving)
{
    struct tg_obj pod;
    struct tg_obj deployment;
    struct tg_model *model = healthy(&pod, &deployment);
    rig_scrape(model, 0, "vllm-a", false, 0, 2 * SECOND);
    cr_assert(has(model, TG_PROBLEM_NOT_SERVING, 2 * SECOND));
    rig_scrape(model, 0, "vllm-a", true, 1, 4 * SECOND);
    cr_assert_not(has(model, TG_PROBLEM_NOT_SERVING, 4 * SECOND));
    tg_model_free(model);
}

Test(attention, scaled_to_zero_and_held_by_a_drill)
{
    struct tg_obj pod;
    struct tg_obj deployment;
    struct tg_model *model = healthy(&pod, &deployment);
    deployment = rig_deployment(0, "", "2");
    rig_put(model, 0, &deployment, 2 * SECOND);
    cr_assert(has(model, TG_PROBLEM_SCALED_TO_ZERO, 2 * SECOND));
    deployment.labels_count = 0;
    rig_put(model, 0, &deployment, 2 * SECOND);
    cr_assert_not(has(model, TG_PROBLEM_SCALED_TO_ZERO, 2 * SECOND), "not the model server's");
    deployment = rig_deployment(1, "scale0-1", "3");
    rig_put(model, 0, &deployment, 3 * SECOND);
    cr_assert(has(model, TG_PROBLEM_DRILL_ANNOTATION, 3 * SECOND));
    cr_assert_not(has(model, TG_PROBLEM_SCALED_TO_ZERO, 3 * SECOND));
    tg_model_free(model);
}

Test(attention, pods_that_fail_or_wait)
{
    struct tg_obj pod;
    struct tg_obj deployment;
    struct tg_model *model = healthy(&pod, &deployment);
    pod.as.pod.status = "CrashLoopBackOff";
    pod.as.pod.is_ready = false;
    rig_put(model, 0, &pod, 2 * SECOND);
    cr_assert(has(model, TG_PROBLEM_POD_FAILING, 2 * SECOND));
    pod.as.pod.status = "Pending";
    pod.as.pod.phase = "Pending";
    rig_put(model, 0, &pod, 3 * SECOND);
    cr_assert(has(model, TG_PROBLEM_POD_PENDING, 600 * SECOND));
    tg_model_free(model);
}

Test(attention, nodes_and_gateways)
{
    struct tg_obj pod;
    struct tg_obj deployment;
    struct tg_model *model = healthy(&pod, &deployment);
    struct tg_obj node = {.kind = TG_KIND_NODE,
                          .name = "gke-tpu-0",
                          .uid = "n",
                          .resource_version = "1",
                          .as.node = {.is_ready = false, .tpu_capacity = 4}};
    struct tg_obj gateway = {.kind = TG_KIND_GATEWAY,
                             .ns = "default",
                             .name = "cross-region-gateway",
                             .uid = "g",
                             .resource_version = "1"};
    rig_put(model, 0, &node, 2 * SECOND);
    rig_put(model, 0, &gateway, 2 * SECOND);
    cr_assert(has(model, TG_PROBLEM_NODE_NOT_READY, 2 * SECOND));
    cr_assert(has(model, TG_PROBLEM_GATEWAY_NOT_PROGRAMMED, 2 * SECOND));
    struct tg_condition programmed = {.type = "Programmed", .status = "True", .reason = ""};
    gateway.as.gateway.conditions = (struct tg_conditions){&programmed, 1};
    node.as.node.is_ready = true;
    rig_put(model, 0, &node, 3 * SECOND);
    rig_put(model, 0, &gateway, 3 * SECOND);
    cr_assert_not(has(model, TG_PROBLEM_NODE_NOT_READY, 3 * SECOND));
    cr_assert_not(has(model, TG_PROBLEM_GATEWAY_NOT_PROGRAMMED, 3 * SECOND));
    tg_model_free(model);
}

/* Nobody looks again in a cluster that is gone: what it does not show is not told of. */
Test(attention, what_a_removed_cluster_does_not_show_is_not_told)
{
    struct tg_obj pod;
    struct tg_obj deployment;
    struct tg_model *model = healthy(&pod, &deployment);
    size_t count = 9;
    rig_phase(model, 0, TG_KIND_POD, TG_KIND_PHASE_DENIED, 2 * SECOND);
    free(tg_select_unseen(model, 3 * SECOND, &count));
    cr_assert_eq(count, 1);
    tg_model_remove_cluster(model, 0, 3 * SECOND, 3 * SECOND);
    free(tg_select_unseen(model, 4 * SECOND, &count));
    cr_assert_eq(count, 0);
    tg_model_free(model);
}
