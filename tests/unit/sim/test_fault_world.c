/* tests/unit/sim/test_fault_world.c - what a user notices of faults in regions, clusters and Google
 * Cloud. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <criterion/criterion.h>

#include "base/str.h"
#include "sim/behaviour.h"
#include "sim/fault.h"
#include "sim/front.h"
#include "sim/gateway.h"
#include "sim/params.h"
#include "tests/unit/sim/fault_rig.h"
#include "tests/unit/sim/sim_client.h"
#include "tests/unit/sim/world_rig.h"

static void answered(struct sim_world *world, void *context,
                     const struct sim_gateway_result *result)
{
    (void)world;
    *(struct sim_gateway_result *)context = *result;
}

/* One short question from a client of that region, and how it ended within the seconds given. */
static struct sim_gateway_result question(struct sim_world *world, int region, int64_t seconds)
{
    struct sim_gateway_result result = {.status = -1};
    sim_gateway_request(world, region, region, 15, 4, seconds * TG_US_PER_S, answered, &result);
    rig_run(world, seconds + 1);
    return result;
}

Test(fault_world, without_faults_nothing_is_drawn_or_traced)
{
    struct sim_world *a = rig_world(9, 2, true);
    struct sim_world *b = rig_world(9, 2, true);
    fault_add(b, "stockout region=0 id=idle");
    rig_run(a, 100);
    rig_run(b, 100);
    cr_expect_null(strstr(sim_world_trace_text(a), "] fault >"));
    /* a fault that meets no occasion leaves its own lines only */
    char *text = tg_strdup(sim_world_trace_text(b));
    char *line = strstr(text, "] fault >");
    cr_assert_not_null(line);
    while (line > text && line[-1] != '\n') {
        line--;
    }
    char *next = strchr(line, '\n') + 1;
    memmove(line, next, strlen(next) + 1);
    cr_expect_str_eq(sim_world_trace_text(a), text);
    free(text);
    sim_world_free(a);
    sim_world_free(b);
}

Test(fault_world, a_region_cut_off_is_left_by_the_balancer_and_taken_back)
{
    struct sim_world *world = rig_world(5, 2, true);
    fault_add(world, "region-down region=1 for=5m");
    cr_expect_eq(question(world, 0, 5).status, 200, "the other region does not care");
    rig_run(world, 60);
    cr_expect_not(sim_gateway_is_usable(world, 1));
    cr_expect_eq(question(world, 1, 5).curl_code, 28, "its own clients reach nobody");
    rig_run(world, 300);
    cr_expect(sim_truth_is_in_rotation(world, 1));
    cr_expect_eq(question(world, 1, 5).served_region, 1);
    sim_world_free(world);
}

Test(fault_world, without_firewall_rules_health_is_red_with_the_pods_fine)
{
    struct sim_world *world = rig_world(5, 2, true);
    fault_add(world, "fwgone region=0");
    struct sim_gateway_result first = question(world, 0, 20);
    cr_expect_eq(first.status, 503);
    cr_expect_gt(first.total_us, 4 * TG_US_PER_S, "the proxy waits for its connection");
    rig_run(world, 40);
    cr_expect_not(sim_gateway_is_usable(world, 0));
    cr_expect(rig_server_pod(world, 0) != NULL);
    cr_expect_str_eq(sim_json_text(rig_server_pod(world, 0), "status.phase"), "Running");
    cr_expect_eq(question(world, 0, 5).served_region, 1);
    sim_fault_clear(world);
    rig_run(world, 60);
    cr_expect_eq(question(world, 0, 5).served_region, 0);
    sim_world_free(world);
}

Test(fault_world, a_picker_that_is_down_fails_closed)
{
    struct sim_world *world = rig_world(5, 2, true);
    fault_add(world, "epp0 region=0 for=60s");
    cr_expect_eq(question(world, 0, 5).status, 500);
    cr_expect(sim_gateway_is_usable(world, 0), "health checks do not see it");
    rig_run(world, 60);
    cr_expect_eq(question(world, 0, 5).status, 200);
    sim_world_free(world);
}

Test(fault_world, a_slow_model_takes_its_time)
{
    struct sim_world *world = rig_world(5, 2, true);
    struct sim_gateway_result before = question(world, 0, 20);
    fault_add(world, "slow region=0 value=1000");
    struct sim_gateway_result during = question(world, 0, 20);
    cr_expect_eq(during.status, 200);
    cr_expect_gt(during.total_us, before.total_us + 4 * 9 * 15000, "%ld and %ld",
                 (long)before.total_us, (long)during.total_us);
    sim_world_free(world);
}

Test(fault_world, a_zombie_is_healthy_and_finishes_nothing)
{
    struct sim_world *world = rig_world(5, 2, true);
    fault_add(world, "zombie region=0 for=5m");
    cr_expect_eq(question(world, 0, 5).curl_code, 28);
    rig_run(world, 60);
    cr_expect(sim_gateway_is_usable(world, 0), "/health says that all is well");
    cr_expect_not(sim_truth_is_in_rotation(world, 0));
    rig_run(world, 240);
    cr_expect_eq(question(world, 0, 5).status, 200, "it comes to itself");
    sim_world_free(world);
}

Test(fault_world, a_flapping_replica_turns_health_again_and_again)
{
    struct sim_world *world = rig_world(5, 2, true);
    fault_add(world, "flap region=0 value=40s for=10m");
    int turns = 0;
    bool was = true;
    for (int i = 0; i < 600; i++) {
        rig_run(world, 1);
        bool is = sim_gateway_is_usable(world, 0);
        turns += is != was ? 1 : 0;
        was = is;
    }
    cr_expect_geq(turns, 8, "%d turns", turns);
    rig_run(world, 60);
    cr_expect(sim_truth_is_in_rotation(world, 0));
    sim_world_free(world);
}

Test(fault_world, distance_grows_and_breaks)
{
    struct sim_world *world = rig_world(5, 2, true);
    rig_scale(world, 0, "vllm-gemma", 0);
    rig_run(world, 60);
    struct sim_gateway_result before = question(world, 0, 20);
    fault_add(world, "rtt value=400ms id=far");
    struct sim_gateway_result far = question(world, 0, 20);
    cr_expect_gt(far.total_us, before.total_us + 300000);
    fault_add(world, "part region=1");
    cr_expect_eq(question(world, 0, 20).status, 503, "nothing gets across");
    cr_expect_eq(question(world, 1, 5).status, 200);
    sim_world_free(world);
}

Test(fault_world, without_metrics_a_region_counts_as_small)
{
    struct sim_world *world = rig_world(5, 2, true);
    fault_add(world, "nometric region=0");
    fault_add(world, "load region=0 value=12000");
    rig_run(world, 60);
    cr_expect_lt(sim_gateway_share_ppm(world, 0, 0), 900000, "the rest spills over");
    cr_expect_gt(sim_truth_served_by(world, 1), 50);
    sim_world_free(world);
}

Test(fault_world, a_burst_changes_pods_and_nothing_else)
{
    struct sim_world *world = rig_world(7, 1, true);
    uint64_t before = sim_store_resource_version(rig_store(world, 0));
    const struct sim_fault *fault = fault_add(world, "burst value=10000 for=2s object=vllm-*");
    rig_run(world, 3);
    cr_expect_geq(sim_store_resource_version(rig_store(world, 0)) - before, 20000);
    cr_expect_geq(fault->strikes, 20000);
    const json_t *pod = rig_server_pod(world, 0);
    cr_expect_not_null(
        json_object_get(sim_json_at(pod, "metadata.annotations"), "tidegate.dev/burst"));
    cr_expect_eq(
        sim_json_int(rig_get(world, 0, "deployments", "vllm-gemma"), "status.readyReplicas", 0), 1);
    before = sim_store_resource_version(rig_store(world, 0));
    rig_run(world, 3);
    cr_expect_lt(sim_store_resource_version(rig_store(world, 0)) - before, 50, "it is over");
    sim_world_free(world);
}

Test(fault_world, a_gateway_that_is_gone_refuses)
{
    struct sim_world *world = rig_world(5, 2, true);
    fault_add(world, "gwgone for=30s");
    cr_expect_eq(question(world, 0, 5).curl_code, 7);
    rig_run(world, 30);
    cr_expect_eq(question(world, 0, 5).status, 200);
    sim_world_free(world);
}

/* ---- Pods ---- */

static const json_t *main_status(struct sim_world *world, int region)
{
    const json_t *statuses = sim_json_at(rig_server_pod(world, region), "status.containerStatuses");
    return json_array_get(statuses, 0);
}

static bool has_event(struct sim_world *world, int region, const char *reason, const char *text)
{
    struct ask events = {.target = "/api/v1/namespaces/default/events", .server = region};
    json_t *list = ask_json(world, events, NULL);
    bool is_there = false;
    size_t i;
    json_t *event;
    json_array_foreach(json_object_get(list, "items"), i, event)
    {
        is_there = is_there || (strcmp(sim_json_text(event, "reason"), reason) == 0 &&
                                strstr(sim_json_text(event, "message"), text) != NULL);
    }
    json_decref(list);
    return is_there;
}

Test(fault_world, too_little_cache_is_a_crash_loop_with_the_engines_words)
{
    struct sim_world *world = rig_world(5, 2, true);
    fault_add(world, "kvsmall region=0");
    fault_add(world, "exit region=0");
    rig_run(world, 2);
    cr_expect_eq(sim_json_int(main_status(world, 0), "restartCount", -1), 1, "at once at first");
    char name[128];
    tg_str_copy(name, sizeof name, sim_json_text(rig_server_pod(world, 0), "metadata.name"));
    int64_t waited_s = 0;
    while (strcmp(sim_json_text(main_status(world, 0), "state.waiting.reason"),
                  "CrashLoopBackOff") != 0) {
        rig_run(world, 5);
        waited_s += 5;
        cr_assert_lt(waited_s, 1200);
    }
    cr_expect_not_null(strstr(sim_json_text(main_status(world, 0), "state.waiting.message"),
                              "back-off 10s restarting failed container="));
    cr_expect_eq(sim_json_int(main_status(world, 0), "lastState.terminated.exitCode", 0), 1);
    cr_expect_str_eq(sim_json_text(main_status(world, 0), "lastState.terminated.reason"), "Error");
    cr_expect_str_eq(sim_json_text(rig_server_pod(world, 0), "status.phase"), "Running");
    cr_expect_str_eq(sim_json_text(rig_server_pod(world, 0), "metadata.name"), name);
    cr_expect(has_event(world, 0, "BackOff", "Back-off restarting failed container"));
    char *log = rig_log(world, 0, name, sim_json_text(main_status(world, 0), "name"));
    cr_expect_not_null(strstr(log, "larger than the available KV cache memory"), "%s", log);
    free(log);
    struct ask table = {.target = "/api/v1/namespaces/default/pods",
                        .accept = "application/json;as=Table;v=v1;g=meta.k8s.io"};
    struct sim_response response = ask(world, table);
    cr_expect_not_null(strstr(tg_buf_text(&response.body), "CrashLoopBackOff"), "kubectl shows it");
    sim_response_fini(&response);
    struct ask previous = {.target = NULL};
    char target[300];
    snprintf(target, sizeof target, "/api/v1/namespaces/default/pods/%s/log?previous=true", name);
    previous.target = target;
    response = ask(world, previous);
    cr_expect_eq(response.status, 200);
    cr_expect_not_null(strstr(tg_buf_text(&response.body), "Engine core initialization failed"));
    sim_response_fini(&response);
    sim_fault_clear(world);
    rig_run(world, 1800);
    cr_expect(sim_truth_is_in_rotation(world, 0), "it heals by itself");
    cr_expect_geq(sim_json_int(main_status(world, 0), "restartCount", -1), 2);
    sim_world_free(world);
}

Test(fault_world, the_back_off_doubles_up_to_five_minutes)
{
    struct sim_world *world = rig_world(5, 2, true);
    fault_add(world, "exit region=0 value=139 for=1h");
    int64_t longest_s = 0;
    int64_t waiting_s = 0;
    for (int i = 0; i < 3000; i++) {
        rig_run(world, 1);
        bool is_waiting = strcmp(sim_json_text(main_status(world, 0), "state.waiting.reason"),
                                 "CrashLoopBackOff") == 0;
        waiting_s = is_waiting ? waiting_s + 1 : 0;
        longest_s = waiting_s > longest_s ? waiting_s : longest_s;
    }
    cr_expect(longest_s >= 299 && longest_s <= 304, "%ld s", (long)longest_s);
    cr_expect_eq(sim_json_int(main_status(world, 0), "lastState.terminated.exitCode", 0), 139);
    sim_world_free(world);
}

Test(fault_world, weights_beyond_the_limit_evict_the_pod_and_another_comes)
{
    struct sim_world *world = rig_world(5, 2, true);
    char name[128];
    tg_str_copy(name, sizeof name, sim_json_text(rig_server_pod(world, 0), "metadata.name"));
    fault_add(world, "fuse-evict region=0 for=10m");
    rig_run(world, 5);
    const json_t *pod = rig_get(world, 0, "pods", name);
    cr_assert_not_null(pod, "an evicted Pod stays to be looked at");
    cr_expect_str_eq(sim_json_text(pod, "status.phase"), "Failed");
    cr_expect_str_eq(sim_json_text(pod, "status.reason"), "Evicted");
    cr_expect_not_null(strstr(sim_json_text(pod, "status.message"), "5Gi"));
    cr_expect(has_event(world, 0, "Evicted", "ephemeral local storage usage exceeds"));
    int count = 0;
    rig_run(world, 400);
    rig_first(world, 0, "pods", "vllm-gemma-", &count);
    cr_expect_geq(count, 2, "%d: the next one loads, and is evicted too", count);
    rig_run(world, 2400);
    cr_expect(sim_truth_is_in_rotation(world, 0));
    sim_world_free(world);
}

Test(fault_world, a_denied_bucket_keeps_new_pods_from_their_volume)
{
    struct sim_world *world = rig_world(5, 2, true);
    fault_add(world, "gcsdeny region=0 id=iam");
    fault_add(world, "podkill region=0");
    rig_run(world, 120);
    cr_expect_str_eq(sim_json_text(rig_server_pod(world, 0), "status.phase"), "Pending");
    cr_expect(has_event(world, 0, "FailedMount", "storage.objects.list"));
    cr_assert(sim_fault_remove(world, "iam"));
    rig_run(world, 2000);
    cr_expect(sim_truth_is_in_rotation(world, 0));
    sim_world_free(world);
}

Test(fault_world, claims_that_cannot_be_allocated_keep_pods_pending)
{
    struct sim_world *world = rig_world(5, 2, true);
    fault_add(world, "drafail region=0 for=10m");
    fault_add(world, "podkill region=0");
    rig_run(world, 60);
    cr_expect_str_eq(sim_json_text(rig_server_pod(world, 0), "status.phase"), "Pending");
    cr_expect(has_event(world, 0, "FailedScheduling", "cannot allocate all claims"));
    rig_run(world, 2400);
    cr_expect(sim_truth_is_in_rotation(world, 0), "tried again when the fault is over");
    sim_world_free(world);
}

Test(fault_world, a_lost_node_comes_back_when_there_is_capacity)
{
    struct sim_world *world = rig_world(5, 2, true);
    struct sim_region *region = sim_world_region(world, 0);
    fault_add(world, "stockout region=0 for=1h");
    fault_add(world, "nodelost region=0");
    rig_run(world, 30);
    cr_expect_null(rig_get(world, 0, "nodes", region->tpu_node));
    cr_expect_str_eq(sim_json_text(rig_server_pod(world, 0), "status.phase"), "Pending");
    rig_run(world, 3000);
    cr_expect_null(rig_get(world, 0, "nodes", region->tpu_node), "no capacity yet");
    rig_run(world, 4000);
    cr_expect_not_null(rig_get(world, 0, "nodes", region->tpu_node));
    cr_expect(sim_truth_is_in_rotation(world, 0));
    sim_world_free(world);
}

/* ---- others ---- */

static int64_t replicas(struct sim_world *world)
{
    return sim_json_int(rig_get(world, 0, "deployments", "vllm-gemma"), "spec.replicas", -1);
}

Test(fault_world, somebody_else_scales_contests_and_recreates)
{
    struct sim_world *world = rig_world(5, 2, true);
    fault_add(world, "scale region=0 value=0");
    cr_expect_eq(replicas(world), 0);
    cr_expect_eq(sim_fault_count(world), 0, "done once");
    fault_add(world, "scale region=0 value=1");
    fault_add(world, "contest region=0");
    rig_scale(world, 0, "vllm-gemma", 0);
    rig_run(world, 3);
    cr_expect_eq(replicas(world), 1, "set back");
    char uid[64];
    tg_str_copy(uid, sizeof uid,
                sim_json_text(rig_get(world, 0, "deployments", "vllm-gemma"), "metadata.uid"));
    fault_add(world, "recreate region=0");
    rig_run(world, 10);
    const json_t *deployment = rig_get(world, 0, "deployments", "vllm-gemma");
    cr_assert_not_null(deployment);
    cr_expect_str_neq(sim_json_text(deployment, "metadata.uid"), uid);
    sim_world_free(world);
}

/* ---- Google Cloud ---- */

#define PROJECT "projects/demo-4711/"

static char *make_network(struct sim_world *world)
{
    struct ask make = {.server = SIM_SERVER_GCP,
                       .method = "POST",
                       .target = "/compute/v1/" PROJECT "global/networks",
                       .body = "{\"name\":\"n\",\"autoCreateSubnetworks\":false}"};
    json_t *operation = ask_json(world, make, NULL);
    char *name = tg_strdup(sim_json_text(operation, "name"));
    json_decref(operation);
    return name;
}

static json_t *operation(struct sim_world *world, const char *name, int *status)
{
    char target[300];
    snprintf(target, sizeof target, "/compute/v1/" PROJECT "global/operations/%s", name);
    return ask_json(world, (struct ask){.server = SIM_SERVER_GCP, .target = target}, status);
}

Test(fault_world, operations_fail_hang_and_are_forgotten)
{
    static const char *const kinds[] = {"op-error", "op-hang", "op-lost"};
    for (int i = 0; i < 3; i++) {
        struct sim_world *world = empty_world();
        ask_status(world, (struct ask){.server = SIM_SERVER_GCP,
                                       .method = "POST",
                                       .body = "{}",
                                       .target = "/serviceusage/v1/" PROJECT
                                                 "services/compute.googleapis.com:enable"});
        rig_run(world, 300);
        fault_add(world, kinds[i]);
        char *name = make_network(world);
        cr_assert_str_not_empty(name);
        rig_run(world, 600);
        int status = 0;
        json_t *shown = operation(world, name, &status);
        if (i == 0) {
            cr_expect_str_eq(sim_json_text(shown, "status"), "DONE");
            cr_expect_not_null(json_object_get(shown, "error"));
        } else if (i == 1) {
            cr_expect_str_eq(sim_json_text(shown, "status"), "RUNNING");
        } else {
            cr_expect_eq(status, 404);
        }
        json_decref(shown);
        free(name);
        sim_world_free(world);
    }
}
