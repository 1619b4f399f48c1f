/* tests/unit/sim/test_controllers.c - objects come alive: deployments, scheduling, claims, kubelet,
 * jobs, garbage. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <criterion/criterion.h>

#include "sim/behaviour.h"
#include "sim/params.h"
#include "sim/pod.h"
#include "sim/shape.h"
#include "tests/unit/sim/world_rig.h"

struct event_search {
    const char *reason;
    const char *text;
    bool is_found;
};

static bool match_event(void *context, json_t *event)
{
    struct event_search *search = context;
    search->is_found =
        search->is_found || (strcmp(sim_json_text(event, "reason"), search->reason) == 0 &&
                             strstr(sim_json_text(event, "message"), search->text) != NULL);
    return !search->is_found;
}

static bool has_event(struct sim_world *world, int region, const char *reason, const char *text)
{
    struct event_search search = {reason, text, false};
    sim_store_each(rig_store(world, region), sim_resource_by_plural("events"), NULL, match_event,
                   &search);
    return search.is_found;
}

Test(sim_controllers, the_built_lab_stands_and_serves)
{
    struct sim_world *world = rig_world(7, 2, true);
    for (int r = 0; r < 2; r++) {
        cr_expect(sim_truth_is_in_rotation(world, r));
        const json_t *deployment = rig_get(world, r, "deployments", "vllm-gemma");
        cr_expect_eq(sim_json_int(deployment, "status.availableReplicas", 0), 1);
        const json_t *pod = rig_server_pod(world, r);
        cr_expect_str_eq(sim_json_text(pod, "status.phase"), "Running");
        cr_expect(sim_shape_is_true(pod, "Ready"));
        cr_expect_str_eq(
            sim_json_text(json_array_get(sim_json_at(pod, "spec.initContainers"), 0), "name"),
            "gke-gcsfuse-sidecar");
        const json_t *claim = rig_first(world, r, "resourceclaims", "vllm-gemma-", NULL);
        const json_t *devices = sim_json_at(claim, "status.devices");
        cr_expect_eq(json_array_size(devices), 2);
        cr_expect_str_eq(sim_json_text(json_array_get(devices, 1), "networkData.interfaceName"),
                         "eth2");
        cr_expect_not_null(rig_get(world, r, "inferencepools", "gemma-pool"));
        cr_expect_not_null(rig_get(world, r, "podmonitorings", "vllm-gemma-monitoring"));
    }
    cr_expect(sim_shape_is_true(rig_get(world, 0, "jobs", "model-downloader"), "Complete"));
    const json_t *gateway = rig_get(world, 0, "gateways", "cross-region-gateway");
    cr_expect(sim_shape_is_true(gateway, "Programmed"));
    cr_expect_str_eq(
        sim_json_text(json_array_get(sim_json_at(gateway, "status.addresses"), 0), "value"),
        "10.0.1.9");
    cr_expect_null(rig_get(world, 1, "gateways", "cross-region-gateway"),
                   "only the config cluster has it");
    const json_t *subset =
        json_array_get(sim_json_at(rig_get(world, 0, "endpoints", "kubernetes"), "subsets"), 0);
    cr_expect_eq(json_array_size(sim_json_at(subset, "addresses")), 1, "the API server's");
    cr_expect_not_null(rig_get(world, 0, "endpointslices", "kubernetes"));
    sim_world_free(world);
}

Test(sim_controllers, scale_to_zero_releases_pod_and_claim)
{
    struct sim_world *world = rig_world(7, 2, true);
    rig_scale(world, 0, "vllm-gemma", 0);
    sim_world_run_until(world, 1200 * TG_US_PER_MS);
    const json_t *pod = rig_server_pod(world, 0);
    cr_assert_not_null(pod);
    cr_expect_not_null(sim_json_at(pod, "metadata.deletionTimestamp"), "marked, still there");
    rig_run(world, 30);
    cr_expect_null(rig_server_pod(world, 0));
    cr_expect_null(rig_first(world, 0, "resourceclaims", "vllm-gemma-", NULL));
    const json_t *deployment = rig_get(world, 0, "deployments", "vllm-gemma");
    cr_expect_null(sim_json_at(deployment, "status.replicas"), "zero counters are left out");
    cr_expect(sim_shape_is_true(deployment, "Available"));
    cr_expect_eq(sim_json_int(deployment, "status.observedGeneration", 0), 2);
    cr_expect(has_event(world, 0, "ScalingReplicaSet", "Scaled down replica set"));
    cr_expect(has_event(world, 0, "SuccessfulDelete", "Deleted pod"));
    cr_expect(has_event(world, 0, "Killing", "Stopping container vllm-tpu"));
    sim_world_free(world);
}

Test(sim_controllers, a_deleted_pod_is_seen_as_completed_before_it_is_gone)
{
    struct sim_world *world = rig_world(7, 1, true);
    rig_scale(world, 0, "vllm-gemma", 0);
    const json_t *pod = rig_server_pod(world, 0);
    bool was_terminating = false;
    for (int i = 0; i < 3000 && pod != NULL; i++) {
        const char *phase = sim_json_text(pod, "status.phase");
        bool is_going = sim_json_at(pod, "metadata.deletionTimestamp") != NULL;
        was_terminating = was_terminating || (is_going && strcmp(phase, "Running") == 0);
        if (strcmp(phase, "Running") != 0) {
            break;
        }
        sim_world_run_until(world, sim_world_now_us(world) + 10 * TG_US_PER_MS);
        pod = rig_server_pod(world, 0);
    }
    cr_expect(was_terminating, "first it is only marked");
    cr_assert_not_null(pod, "kubelets write the last state of a Pod before they let go of it");
    cr_expect_str_eq(sim_json_text(pod, "status.phase"), "Succeeded");
    cr_expect_str_eq(sim_json_text(sim_json_condition(pod, "Ready"), "reason"), "PodCompleted");
    sim_world_free(world);
}

struct event_order {
    char last_time[SIM_TIME_SIZE];
    int count;
    bool is_ordered;
};

static bool follow_order(void *context, json_t *event)
{
    struct event_order *order = context;
    if (strncmp(sim_json_text(event, "metadata.name"), "vllm-gemma-", 11) == 0 &&
        strcmp(sim_json_text(event, "involvedObject.kind"), "Pod") == 0) {
        const char *time = sim_json_text(event, "firstTimestamp");
        order->is_ordered = order->is_ordered && strcmp(time, order->last_time) >= 0;
        snprintf(order->last_time, sizeof order->last_time, "%s", time);
        order->count++;
    }
    return true;
}

Test(sim_controllers, events_of_a_pod_are_listed_in_the_order_in_which_they_came)
{
    struct sim_world *world = rig_world(7, 1, true);
    rig_scale(world, 0, "vllm-gemma", 0);
    rig_run(world, 4000); /* the Events of the first Pod are gone */
    rig_scale(world, 0, "vllm-gemma", 1);
    rig_run(world, 60);
    struct event_order order = {.last_time = "", .is_ordered = true};
    sim_store_each(rig_store(world, 0), sim_resource_by_plural("events"), NULL, follow_order,
                   &order);
    cr_expect_geq(order.count, 8);
    cr_expect(order.is_ordered, "the names of Events are hexadecimal nanoseconds, and rise");
    sim_world_free(world);
}

Test(sim_controllers, a_second_server_finds_no_chips_until_the_first_is_gone)
{
    struct sim_world *world = rig_world(9, 2, true);
    rig_scale(world, 0, "vllm-gemma", 2);
    rig_run(world, 60);
    int count = 0;
    rig_first(world, 0, "pods", "vllm-gemma-", &count);
    cr_expect_eq(count, 2);
    cr_expect(has_event(world, 0, "FailedScheduling", "Insufficient google.com/tpu"));
    cr_expect_eq(
        sim_scheduler_tpu_used(sim_world_region(world, 0), sim_world_region(world, 0)->tpu_node),
        4);
    rig_scale(world, 0, "vllm-gemma", 1);
    rig_run(world, 60);
    rig_first(world, 0, "pods", "vllm-gemma-", &count);
    cr_expect_eq(count, 1, "the pending one goes first");
    cr_expect(sim_truth_is_in_rotation(world, 0));
    sim_world_free(world);
}

static void create_pod(struct sim_world *world, const char *name, const char *member,
                       const char *value)
{
    json_t *pod =
        json_pack("{s:{s:s,s:s},s:{s:[{s:s,s:s}],s:s}}", "metadata", "name", name, "namespace",
                  "default", "spec", "containers", "name", "c", "image", "none", member, value);
    sim_shape_create(rig_store(world, 0), sim_resource_by_plural("pods"), pod);
}

Test(sim_controllers, a_pod_that_names_its_node_is_not_scheduled)
{
    struct sim_world *world = rig_world(9, 1, true);
    create_pod(world, "here", "nodeName", sim_world_region(world, 0)->tpu_node);
    create_pod(world, "nowhere", "nodeName", "nowhere");
    rig_run(world, 30);
    const json_t *here = rig_get(world, 0, "pods", "here");
    cr_expect_str_eq(sim_json_text(here, "status.phase"), "Running");
    cr_expect(sim_shape_is_true(here, "PodScheduled"));
    const json_t *nowhere = rig_get(world, 0, "pods", "nowhere");
    cr_expect_str_eq(sim_json_text(nowhere, "spec.nodeName"), "nowhere");
    cr_expect_str_eq(sim_json_text(nowhere, "status.phase"), "Pending");
    rig_run(world, 60);
    cr_expect_null(rig_get(world, 0, "pods", "nowhere"), "collected: there is no such node");
    sim_world_free(world);
}

Test(sim_controllers, a_pod_of_another_scheduler_waits_for_it)
{
    struct sim_world *world = rig_world(9, 1, true);
    create_pod(world, "waits", "schedulerName", "somebody-else");
    rig_run(world, 600);
    const json_t *pod = rig_get(world, 0, "pods", "waits");
    cr_expect_str_eq(sim_json_text(pod, "spec.nodeName"), "");
    cr_expect_null(sim_json_at(pod, "status.conditions"), "nobody tried");
    sim_world_free(world);
}

Test(sim_controllers, a_template_change_deadlocks_on_the_single_node)
{
    struct sim_world *world = rig_world(9, 1, true);
    json_t *next = json_deep_copy(rig_get(world, 0, "deployments", "vllm-gemma"));
    json_object_set_new(sim_json_at(next, "spec.template.metadata.annotations"), "touched",
                        json_string("yes"));
    sim_store_update(rig_store(world, 0), sim_resource_by_plural("deployments"), next, NULL);
    rig_run(world, 300);
    int count = 0;
    rig_first(world, 0, "replicasets", "vllm-gemma-", &count);
    cr_expect_eq(count, 2);
    rig_first(world, 0, "pods", "vllm-gemma-", &count);
    cr_expect_eq(count, 2, "the new Pod waits for chips that the old one keeps");
    cr_expect(has_event(world, 0, "FailedScheduling", "Insufficient"));
    sim_world_free(world);
}

Test(sim_controllers, deleting_a_deployment_takes_everything_it_owned)
{
    struct sim_world *world = rig_world(4, 1, true);
    sim_store_delete(rig_store(world, 0), sim_resource_by_plural("deployments"), "default",
                     "vllm-gemma", -1, NULL);
    rig_run(world, 60);
    cr_expect_null(rig_first(world, 0, "replicasets", "vllm-gemma-", NULL));
    cr_expect_null(rig_server_pod(world, 0));
    cr_expect_null(rig_first(world, 0, "resourceclaims", "vllm-gemma-", NULL));
    sim_world_free(world);
}

Test(sim_controllers, a_deleted_server_pod_is_replaced_and_serves_after_its_boot)
{
    struct sim_world *world = rig_world(4, 1, true);
    char *name = strdup(sim_json_text(rig_server_pod(world, 0), "metadata.name"));
    sim_store_delete(rig_store(world, 0), sim_resource_by_plural("pods"), "default", name, -1,
                     NULL);
    rig_run(world, 90);
    const json_t *pod = rig_server_pod(world, 0);
    cr_assert_not_null(pod);
    cr_expect_str_neq(sim_json_text(pod, "metadata.name"), name);
    cr_expect(sim_shape_is_true(pod, "Ready"), "ready without probes, long before it serves");
    cr_expect_not(sim_truth_is_in_rotation(world, 0));
    rig_run(world, 3000);
    cr_expect(sim_truth_is_in_rotation(world, 0));
    free(name);
    sim_world_free(world);
}

static json_t *sleeper(const char *name, const char *seconds)
{
    return json_pack("{s:{s:s},s:{s:s,s:[{s:s,s:s,s:[s,s]}]}}", "metadata", "name", name, "spec",
                     "restartPolicy", "Never", "containers", "name", "sleeper", "image",
                     "curlimages/curl", "args", "sleep", seconds);
}

Test(sim_controllers, plain_pods_start_in_seconds_and_end_when_their_sleep_does)
{
    struct sim_world *world = rig_world(4, 1, true);
    rig_create_pod(world, 0, sleeper("curl-test", "3600"));
    rig_create_pod(world, 0, sleeper("nap", "5"));
    rig_run(world, 20);
    cr_expect_str_eq(sim_json_text(rig_get(world, 0, "pods", "curl-test"), "status.phase"),
                     "Running");
    rig_run(world, 20);
    cr_expect_str_eq(sim_json_text(rig_get(world, 0, "pods", "nap"), "status.phase"), "Succeeded");
    sim_store_delete(rig_store(world, 0), sim_resource_by_plural("pods"), "default", "curl-test",
                     -1, NULL);
    rig_run(world, 25);
    cr_expect_not_null(rig_get(world, 0, "pods", "curl-test"),
                       "sleep as process 1 does not hear SIGTERM");
    rig_run(world, 10);
    cr_expect_null(rig_get(world, 0, "pods", "curl-test"));
    sim_world_free(world);
}

Test(sim_controllers, an_active_deadline_ends_an_orphaned_probe)
{
    struct sim_world *world = rig_world(4, 1, true);
    json_t *pod = rig_probe("orphan", "http://10.0.2.7/v1/chat/completions", "0");
    json_object_set_new(json_object_get(pod, "spec"), "activeDeadlineSeconds", json_integer(20));
    rig_create_pod(world, 0, pod);
    rig_run(world, 60);
    const json_t *stored = rig_get(world, 0, "pods", "orphan");
    cr_expect_str_eq(sim_json_text(stored, "status.phase"), "Failed");
    cr_expect_str_eq(sim_json_text(stored, "status.reason"), "DeadlineExceeded");
    sim_world_free(world);
}

Test(sim_controllers, a_waiting_container_has_no_log_yet)
{
    struct sim_world *world = rig_world(4, 1, true);
    rig_create_pod(world, 0, sleeper("curl-test", "3600"));
    struct tg_err err = TG_ERR_INIT;
    cr_expect_null(sim_pod_log(world, 0, "default", "curl-test", NULL, false, false, 0, -1, &err));
    cr_expect_eq(err.detail, 400);
    cr_expect_not_null(strstr(err.msg, "is waiting to start: ContainerCreating"));
    cr_expect_null(sim_pod_log(world, 0, "default", "nobody", NULL, false, false, 0, -1, &err));
    cr_expect_eq(err.code, TG_CODE_NOT_FOUND);
    sim_world_free(world);
}

Test(sim_controllers, a_followed_log_ends_with_its_container)
{
    struct sim_world *world = rig_world(4, 1, true);
    rig_create_pod(world, 0, rig_probe("probe", "http://10.0.2.7/v1/chat/completions", "10"));
    rig_run(world, 4);
    struct tg_err err = TG_ERR_INIT;
    struct sim_stream *stream =
        sim_pod_log(world, 0, "default", "probe", "probe", true, true, 0, -1, &err);
    cr_assert_not_null(stream, "%s", err.msg);
    char text[8192];
    bool is_end = true;
    size_t len = stream->read(stream, text, sizeof text - 1, &is_end);
    cr_expect_gt(len, 0);
    cr_expect_not(is_end);
    cr_expect_eq(strncmp(text, "2026-01-01T00:00:0", 18), 0, "stamped");
    rig_run(world, 60);
    while (!is_end) {
        len = stream->read(stream, text, sizeof text - 1, &is_end);
    }
    cr_expect_eq(len, 0, "the end is an empty read");
    stream->free(stream);
    sim_world_free(world);
}

Test(sim_controllers, leases_are_renewed_every_ten_seconds)
{
    struct sim_world *world = rig_world(4, 1, true);
    rig_run(world, 100);
    const struct sim_resource *leases = sim_resource_by_plural("leases");
    const char *node = sim_world_region(world, 0)->tpu_node;
    const json_t *lease = sim_store_get(rig_store(world, 0), leases, "kube-node-lease", node);
    int64_t renewed_us = 0;
    cr_assert(tg_parse_rfc3339(sim_json_text(lease, "spec.renewTime"), &renewed_us));
    cr_expect_leq(sim_world_wall_us(world) - renewed_us, 11 * TG_US_PER_S);
    sim_world_free(world);
}

Test(sim_controllers, events_repeat_by_count_and_expire)
{
    struct sim_world *world = rig_world(4, 1, true);
    rig_scale(world, 0, "vllm-gemma", 2);
    rig_run(world, 1000);
    struct event_search search = {"FailedScheduling", "Insufficient", false};
    sim_store_each(rig_store(world, 0), sim_resource_by_plural("events"), NULL, match_event,
                   &search);
    cr_expect(search.is_found);
    rig_scale(world, 0, "vllm-gemma", 1);
    rig_run(world, 2 * 3600);
    cr_expect_eq(sim_store_count(rig_store(world, 0), sim_resource_by_plural("events")), 0);
    sim_world_free(world);
}

Test(sim_controllers, a_second_deletion_may_shorten_the_grace)
{
    struct sim_world *world = rig_world(4, 1, true);
    const struct sim_resource *pods = sim_resource_by_plural("pods");
    rig_create_pod(world, 0, sleeper("curl-test", "3600"));
    rig_run(world, 20);
    sim_store_delete(rig_store(world, 0), pods, "default", "curl-test", -1, NULL);
    rig_run(world, 2);
    sim_store_delete(rig_store(world, 0), pods, "default", "curl-test", 3, NULL);
    rig_run(world, 6);
    cr_expect_null(rig_get(world, 0, "pods", "curl-test"));
    sim_world_free(world);
}

Test(sim_controllers, a_foreground_deletion_waits_for_the_dependents)
{
    struct sim_world *world = rig_world(5, 1, true);
    const char body[] = "{\"propagationPolicy\":\"Foreground\"}";
    struct sim_request request = {
        .method = "DELETE",
        .path = "/apis/apps/v1/namespaces/default/deployments/vllm-gemma",
        .query = "",
        .accept = "",
        .content_type = "application/json",
        .authorization = "",
        .user_agent = "test",
        .body = body,
        .body_len = sizeof body - 1,
    };
    struct sim_response response;
    sim_front_handle(world, &request, &response);
    cr_assert_eq(response.status, 200);
    sim_response_fini(&response);
    const json_t *deployment = rig_get(world, 0, "deployments", "vllm-gemma");
    cr_assert_not_null(sim_json_at(deployment, "metadata.deletionTimestamp"));
    cr_assert_str_eq(
        json_string_value(json_array_get(sim_json_at(deployment, "metadata.finalizers"), 0)),
        "foregroundDeletion");
    rig_run(world, 1);
    cr_assert_not_null(rig_get(world, 0, "deployments", "vllm-gemma"), "its Pod is still ending");
    rig_run(world, 60);
    cr_assert_null(rig_get(world, 0, "deployments", "vllm-gemma"));
    int count = 0;
    rig_first(world, 0, "replicasets", "vllm-gemma", &count);
    cr_expect_eq(count, 0);
    rig_first(world, 0, "pods", "vllm-gemma", &count);
    cr_expect_eq(count, 0);
    sim_world_free(world);
}

Test(sim_controllers, a_service_knows_the_ready_pods_behind_it)
{
    struct sim_world *world = rig_world(5, 1, true);
    const json_t *pod = rig_server_pod(world, 0);
    const json_t *slice = rig_first(world, 0, "endpointslices", "vllm-gemma-service-", NULL);
    const json_t *endpoint = json_array_get(sim_json_at(slice, "endpoints"), 0);
    cr_assert_str_eq(json_string_value(json_array_get(json_object_get(endpoint, "addresses"), 0)),
                     sim_json_text(pod, "status.podIP"));
    cr_assert(sim_json_is_true(endpoint, "conditions.ready"));
    cr_assert_str_eq(sim_json_text(endpoint, "targetRef.name"),
                     sim_json_text(pod, "metadata.name"));
    const json_t *endpoints = rig_get(world, 0, "endpoints", "vllm-gemma-service");
    cr_assert_eq(sim_json_count(json_array_get(sim_json_at(endpoints, "subsets"), 0), "addresses"),
                 1);
    rig_scale(world, 0, "vllm-gemma", 0);
    rig_run(world, 120);
    slice = rig_first(world, 0, "endpointslices", "vllm-gemma-service-", NULL);
    cr_assert_eq(sim_json_count(slice, "endpoints"), 0);
    sim_store_delete(rig_store(world, 0), sim_resource_by_plural("services"), "default",
                     "vllm-gemma-service", -1, NULL);
    rig_run(world, 5);
    cr_assert_null(rig_first(world, 0, "endpointslices", "vllm-gemma-service-", NULL));
    sim_world_free(world);
}

Test(sim_controllers, a_pod_has_its_accounts_token_and_a_class_of_service)
{
    struct sim_world *world = rig_world(5, 1, true);
    const json_t *pod = rig_server_pod(world, 0);
    cr_assert_str_eq(sim_json_text(pod, "status.qosClass"), "Burstable",
                     "for its sidecar's requests");
    const json_t *volumes = sim_json_at(pod, "spec.volumes");
    const json_t *last = json_array_get(volumes, json_array_size(volumes) - 1);
    cr_assert_eq(strncmp(sim_json_text(last, "name"), "kube-api-access-", 16), 0);
    cr_assert_eq(sim_json_count(pod, "spec.tolerations"), 3);
    sim_world_free(world);
}

Test(sim_controllers, events_are_in_the_words_of_kubelet_and_scheduler)
{
    struct sim_world *world = rig_world(5, 1, true);
    rig_scale(world, 0, "vllm-gemma", 2);
    rig_run(world, 20);
    cr_expect(has_event(
        world, 0, "FailedScheduling",
        "0/2 nodes are available: 1 Insufficient google.com/tpu, 1 node(s) didn't match Pod's node "
        "affinity/selector. preemption: 0/2 nodes are available: 1 No preemption victims found for "
        "incoming pod, 1 Preemption is not helpful for scheduling."));
    const json_t *pod = rig_server_pod(world, 0);
    sim_store_delete(rig_store(world, 0), sim_resource_by_plural("pods"), "default",
                     sim_json_text(pod, "metadata.name"), -1, NULL);
    rig_run(world, 120);
    cr_expect(has_event(
        world, 0, "Pulled",
        "Container image \"gke.gcr.io/gcs-fuse-csi-driver-sidecar-mounter:v1.17.2-gke.0\" already "
        "present on machine"));
    cr_expect(has_event(world, 0, "Pulled", " including waiting). Image size: "));
    sim_world_free(world);
}
