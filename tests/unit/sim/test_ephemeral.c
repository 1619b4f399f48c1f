/* tests/unit/sim/test_ephemeral.c - what kubectl debug adds to a running Pod. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "tests/unit/sim/sim_client.h"
#include "tests/unit/sim/world_rig.h"

#define PODS      "/api/v1/namespaces/default/pods"
#define STRATEGIC "application/strategic-merge-patch+json"

static struct sim_world *tool_world(void)
{
    struct sim_world *world = rig_world(6, 1, true);
    int status = ask_status(
        world, (struct ask){.method = "POST",
                            .target = PODS,
                            .body = "{\"metadata\":{\"name\":\"tool\"},\"spec\":{\"containers\":[{"
                                    "\"name\":\"c\",\"image\":\"i\",\"command\":[\"sleep\","
                                    "\"36000\"]}]}}"});
    cr_assert_eq(status, 201);
    rig_run(world, 60);
    return world;
}

/* Adds containers (JSON); the caller checks the answer's message when status is a refusal. */
static json_t *add(struct sim_world *world, const char *containers, int status)
{
    char body[1024];
    snprintf(body, sizeof body, "{\"spec\":{\"ephemeralContainers\":[%s]}}", containers);
    int got = 0;
    json_t *answer = ask_json(world,
                              (struct ask){.method = "PATCH",
                                           .target = PODS "/tool/ephemeralcontainers",
                                           .content_type = STRATEGIC,
                                           .body = body},
                              &got);
    cr_assert_eq(got, status, "%d: %s", got, sim_json_text(answer, "message"));
    return answer;
}

static const json_t *state(struct sim_world *world, size_t i)
{
    const json_t *statuses =
        sim_json_at(rig_get(world, 0, "pods", "tool"), "status.ephemeralContainerStatuses");
    return json_object_get(json_array_get(statuses, i), "state");
}

Test(ephemeral, runs_its_command_beside_the_others)
{
    struct sim_world *world = tool_world();
    json_decref(add(world,
                    "{\"name\":\"d\",\"image\":\"busybox\",\"command\":[\"sh\",\"-c\",\"echo hi; "
                    "exit 3\"]}",
                    200));
    cr_assert_str_eq(sim_json_text(state(world, 0), "waiting.reason"), "ContainerCreating");
    rig_run(world, 60);
    cr_assert_eq(sim_json_int(state(world, 0), "terminated.exitCode", -1), 3);
    char *log = rig_log(world, 0, "tool", "d");
    cr_assert_str_eq(log, "hi\n");
    free(log);
    cr_assert_str_eq(sim_json_text(rig_get(world, 0, "pods", "tool"), "status.phase"), "Running");
    sim_world_free(world);
}

Test(ephemeral, a_shell_waits_for_its_user_and_ends_with_the_pod)
{
    struct sim_world *world = tool_world();
    json_decref(
        add(world, "{\"name\":\"d\",\"image\":\"busybox\",\"stdin\":true,\"tty\":true}", 200));
    rig_run(world, 60);
    cr_assert_not_null(json_object_get(state(world, 0), "running"));
    ask_status(world, (struct ask){.method = "DELETE", .target = PODS "/tool"});
    rig_run(world, 120);
    cr_assert_null(rig_get(world, 0, "pods", "tool"));
    sim_world_free(world);
}

Test(ephemeral, refuses_what_a_real_server_refuses)
{
    static const struct {
        const char *containers;
        const char *message;
    } cases[] = {
        {"{\"name\":\"c\",\"image\":\"busybox\"}",
         "Pod \"tool\" is invalid: spec.ephemeralContainers[0].name: Duplicate value: \"c\""},
        {"{\"name\":\"e\",\"image\":\"busybox\",\"targetContainerName\":\"zz\",\"ports\":[{"
         "\"containerPort\":1}]}",
         "Pod \"tool\" is invalid: [spec.ephemeralContainers[0].targetContainerName: Not found: "
         "\"zz\", spec.ephemeralContainers[0].ports: Forbidden: cannot be set for an Ephemeral "
         "Container]"},
        {"{\"name\":\"f\"}",
         "Pod \"tool\" is invalid: spec.ephemeralContainers[0].image: Required value"},
    };
    struct sim_world *world = tool_world();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        json_t *answer = add(world, cases[i].containers, 422);
        cr_assert_str_eq(sim_json_text(answer, "message"), cases[i].message);
        json_decref(answer);
    }
    json_decref(add(world, "{\"name\":\"d\",\"image\":\"busybox\"}", 200));
    json_t *answer = add(world, "{\"name\":\"d\",\"image\":\"other\"}", 422);
    cr_assert_not_null(strstr(sim_json_text(answer, "message"),
                              "Forbidden: existing ephemeral containers \"d\" may not be changed"));
    json_decref(answer);
    sim_world_free(world);
}

Test(ephemeral, the_pods_own_path_cannot_add_one)
{
    struct sim_world *world = tool_world();
    int status = ask_status(
        world, (struct ask){.method = "PATCH",
                            .target = PODS "/tool",
                            .content_type = STRATEGIC,
                            .body = "{\"spec\":{\"ephemeralContainers\":[{\"name\":\"d\",\"image\":"
                                    "\"busybox\"}]}}"});
    cr_assert_eq(status, 422);
    sim_world_free(world);
}
