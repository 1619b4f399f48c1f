/* tests/unit/sim/test_eviction.c - draining a node: cordon, eviction, budgets, daemons, taints. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "tests/unit/sim/sim_client.h"
#include "tests/unit/sim/world_rig.h"

#define PODS    "/api/v1/namespaces/default/pods"
#define BUDGETS "/apis/policy/v1/namespaces/default/poddisruptionbudgets"
#define DAEMONS "/apis/apps/v1/namespaces/default/daemonsets"
#define MERGE   "application/merge-patch+json"

static json_t *send(struct sim_world *world, const char *method, const char *target,
                    const char *body, int status)
{
    int got = 0;
    json_t *answer =
        ask_json(world,
                 (struct ask){.method = method,
                              .target = target,
                              .body = body,
                              .content_type = strcmp(method, "PATCH") == 0 ? MERGE : NULL},
                 &got);
    cr_assert_eq(got, status, "%s %s: %d, not %d: %s", method, target, got, status,
                 sim_json_text(answer, "message"));
    return answer;
}

static void write_object(struct sim_world *world, const char *method, const char *target,
                         const char *body, int status)
{
    json_decref(send(world, method, target, body, status));
}

static struct sim_world *web_world(void)
{
    struct sim_world *world = rig_world(5, 1, true);
    write_object(world, "POST", DEPLOYMENTS, DEPLOYMENT_BODY, 201);
    rig_run(world, 60);
    return world;
}

static json_t *evict(struct sim_world *world, const char *pod, int status)
{
    char target[256];
    snprintf(target, sizeof target, PODS "/%s/eviction", pod);
    return send(world, "POST", target, "{\"apiVersion\":\"policy/v1\",\"kind\":\"Eviction\"}",
                status);
}

static void make_budget(struct sim_world *world, const char *rule)
{
    char body[256];
    snprintf(body, sizeof body,
             "{\"metadata\":{\"name\":\"web\"},\"spec\":{%s,\"selector\":{\"matchLabels\":"
             "{\"app\":\"web\"}}}}",
             rule);
    write_object(world, "POST", BUDGETS, body, 201);
    rig_run(world, 1);
}

static int64_t allowed(struct sim_world *world)
{
    return sim_json_int(rig_get(world, 0, "poddisruptionbudgets", "web"),
                        "status.disruptionsAllowed", -1);
}

Test(eviction, a_budget_lets_one_go_and_the_next_when_it_is_replaced)
{
    struct sim_world *world = web_world();
    make_budget(world, "\"minAvailable\":1");
    cr_assert_eq(allowed(world), 1);
    json_t *first = rig_first(world, 0, "pods", "web-", NULL);
    char name[128];
    snprintf(name, sizeof name, "%s", sim_json_text(first, "metadata.name"));
    json_decref(evict(world, name, 201));
    const json_t *going = rig_get(world, 0, "pods", name);
    cr_assert_not_null(sim_json_at(going, "metadata.deletionTimestamp"));
    cr_assert_str_eq(sim_json_text(sim_json_condition(going, "DisruptionTarget"), "reason"),
                     "EvictionByEvictionAPI");
    cr_assert_eq(allowed(world), 0);
    rig_run(world, 60);
    cr_assert_null(rig_get(world, 0, "pods", name));
    cr_assert_eq(allowed(world), 1, "the one that came instead is ready");
    sim_world_free(world);
}

Test(eviction, a_budget_refuses_with_429_and_its_reason)
{
    struct sim_world *world = web_world();
    make_budget(world, "\"maxUnavailable\":0");
    const char *name = sim_json_text(rig_first(world, 0, "pods", "web-", NULL), "metadata.name");
    json_t *refusal = evict(world, name, 429);
    cr_assert_str_eq(sim_json_text(refusal, "message"),
                     "Cannot evict pod as it would violate the pod's disruption budget.");
    const json_t *cause = json_array_get(sim_json_at(refusal, "details.causes"), 0);
    cr_assert_str_eq(sim_json_text(cause, "reason"), "DisruptionBudget");
    cr_assert_str_eq(sim_json_text(cause, "message"),
                     "The disruption budget web needs 2 healthy pods and has 2 currently");
    cr_assert_null(sim_json_at(rig_get(world, 0, "pods", name), "metadata.deletionTimestamp"));
    json_decref(refusal);
    sim_world_free(world);
}

Test(eviction, percentages_count_what_the_controller_wants)
{
    struct sim_world *world = web_world();
    make_budget(world, "\"minAvailable\":\"50%\"");
    const json_t *budget = rig_get(world, 0, "poddisruptionbudgets", "web");
    cr_assert_eq(sim_json_int(budget, "status.expectedPods", -1), 2);
    cr_assert_eq(sim_json_int(budget, "status.desiredHealthy", -1), 1);
    cr_assert_eq(allowed(world), 1);
    sim_world_free(world);
}

Test(eviction, a_dry_run_and_another_pods_uid_change_nothing)
{
    struct sim_world *world = web_world();
    char name[128];
    char target[256];
    snprintf(name, sizeof name, "%s",
             sim_json_text(rig_first(world, 0, "pods", "web-", NULL), "metadata.name"));
    snprintf(target, sizeof target, PODS "/%s/eviction?dryRun=All", name);
    write_object(world, "POST", target, "{}", 201);
    snprintf(target, sizeof target, PODS "/%s/eviction", name);
    write_object(world, "POST", target, "{\"metadata\":{\"name\":\"other\"}}", 400);
    write_object(world, "POST", target,
                 "{\"deleteOptions\":{\"preconditions\":{\"uid\":\"other\"}}}", 409);
    cr_assert_null(sim_json_at(rig_get(world, 0, "pods", name), "metadata.deletionTimestamp"));
    sim_world_free(world);
}

/* Every node's spec becomes so. */
static void patch_nodes(struct sim_world *world, const char *body)
{
    char target[256];
    const struct sim_region *region = sim_world_region(world, 0);
    const char *const nodes[] = {region->default_node, region->tpu_node};
    for (size_t i = 0; i < 2; i++) {
        snprintf(target, sizeof target, "/api/v1/nodes/%s", nodes[i]);
        write_object(world, "PATCH", target, body, 200);
    }
}

Test(eviction, a_cordoned_node_is_tainted_and_takes_daemons_only)
{
    struct sim_world *world = web_world();
    patch_nodes(world, "{\"spec\":{\"unschedulable\":true}}");
    rig_run(world, 2);
    const char *node = sim_world_region(world, 0)->default_node;
    const json_t *taint =
        json_array_get(sim_json_at(rig_get(world, 0, "nodes", node), "spec.taints"), 0);
    cr_assert_str_eq(sim_json_text(taint, "key"), "node.kubernetes.io/unschedulable");
    json_decref(evict(
        world, sim_json_text(rig_first(world, 0, "pods", "web-", NULL), "metadata.name"), 201));
    write_object(world, "POST", DAEMONS,
                 "{\"metadata\":{\"name\":\"agent\"},\"spec\":{\"selector\":{\"matchLabels\":"
                 "{\"app\":\"agent\"}},\"template\":{\"metadata\":{\"labels\":{\"app\":\"agent\"}},"
                 "\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"i\"}]}}}}",
                 201);
    rig_run(world, 60);
    int running = 0;
    rig_first(world, 0, "pods", "agent-", &running);
    cr_assert_eq(running, 1, "the TPU node has a taint of its own");
    const json_t *daemon = rig_first(world, 0, "pods", "agent-", NULL);
    cr_assert_str_eq(sim_json_text(daemon, "spec.nodeName"), node);
    cr_assert_str_eq(sim_json_text(daemon, "status.phase"), "Running");
    const json_t *set = rig_get(world, 0, "daemonsets", "agent");
    cr_assert_eq(sim_json_int(set, "status.numberReady", -1), 1);
    cr_assert_eq(
        sim_json_int(rig_get(world, 0, "deployments", "web"), "status.unavailableReplicas", -1), 1,
        "what was evicted finds no node");
    patch_nodes(world, "{\"spec\":{\"unschedulable\":null}}");
    rig_run(world, 60);
    cr_assert_eq(sim_json_count(rig_get(world, 0, "nodes", node), "spec.taints"), 0);
    cr_assert_eq(sim_json_int(rig_get(world, 0, "deployments", "web"), "status.readyReplicas", -1),
                 2);
    sim_world_free(world);
}

Test(eviction, daemons_follow_their_template_one_by_one)
{
    struct sim_world *world = rig_world(5, 1, true);
    static const char body[] =
        "{\"metadata\":{\"name\":\"agent\"},\"spec\":{\"selector\":{\"matchLabels\":{\"app\":"
        "\"agent\"}},\"template\":{\"metadata\":{\"labels\":{\"app\":\"agent\"}},\"spec\":{"
        "\"tolerations\":[{\"operator\":\"Exists\"}],\"containers\":[{\"name\":\"c\",\"image\":"
        "\"i:1\"}]}}}}";
    write_object(world, "POST", DAEMONS, body, 201);
    rig_run(world, 60);
    cr_assert_eq(sim_json_int(rig_get(world, 0, "daemonsets", "agent"), "status.numberReady", -1),
                 2);
    write_object(world, "PATCH", DAEMONS "/agent",
                 "{\"spec\":{\"template\":{\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":"
                 "\"i:2\"}]}}}}",
                 200);
    rig_run(world, 180);
    const json_t *set = rig_get(world, 0, "daemonsets", "agent");
    cr_assert_eq(sim_json_int(set, "status.updatedNumberScheduled", -1), 2);
    cr_assert_eq(sim_json_int(set, "status.numberReady", -1), 2);
    sim_world_free(world);
}

Test(eviction, what_does_not_tolerate_a_noexecute_taint_leaves)
{
    struct sim_world *world = web_world();
    patch_nodes(world, "{\"spec\":{\"taints\":[{\"key\":\"repair\",\"effect\":\"NoExecute\"}]}}");
    rig_run(world, 60);
    int waiting = 0;
    rig_first(world, 0, "pods", "web-", &waiting);
    cr_assert_eq(waiting, 2);
    cr_assert_str_eq(sim_json_text(rig_first(world, 0, "pods", "web-", NULL), "status.phase"),
                     "Pending");
    sim_world_free(world);
}

Test(eviction, affinity_to_nodes_is_heeded)
{
    struct sim_world *world = web_world();
    static const char body[] =
        "{\"metadata\":{\"name\":\"picky\"},\"spec\":{\"affinity\":{\"nodeAffinity\":{"
        "\"requiredDuringSchedulingIgnoredDuringExecution\":{\"nodeSelectorTerms\":[{"
        "\"matchExpressions\":[{\"key\":\"zone\",\"operator\":\"In\",\"values\":[\"moon\"]}]}]}}},"
        "\"containers\":[{\"name\":\"c\",\"image\":\"i\"}]}}";
    write_object(world, "POST", PODS, body, 201);
    rig_run(world, 10);
    const json_t *pod = rig_get(world, 0, "pods", "picky");
    cr_assert_str_eq(sim_json_text(pod, "spec.nodeName"), "");
    cr_assert_not_null(strstr(sim_json_text(sim_json_condition(pod, "PodScheduled"), "message"),
                              "didn't match Pod's node affinity/selector"));
    patch_nodes(world, "{\"metadata\":{\"labels\":{\"zone\":\"moon\"}}}");
    rig_run(world, 120);
    cr_assert_neq(sim_json_text(rig_get(world, 0, "pods", "picky"), "spec.nodeName")[0], '\0');
    sim_world_free(world);
}
