/* tests/unit/sim/test_k8s_verbs.c - create, get, update, patch, scale, delete, and how they are
 * refused. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <criterion/criterion.h>

#include "sim_client.h"

#define MERGE_TYPE     "application/merge-patch+json"
#define STRATEGIC_TYPE "application/strategic-merge-patch+json"

static json_t *create(struct sim_world *world, const char *target, const char *body, int *status)
{
    return ask_json(
        world,
        (struct ask){
            .method = "POST", .target = target, .body = body, .content_type = "application/json"},
        status);
}

static json_t *patch(struct sim_world *world, const char *target, const char *type,
                     const char *body, int *status)
{
    return ask_json(
        world,
        (struct ask){.method = "PATCH", .target = target, .body = body, .content_type = type},
        status);
}

static struct sim_world *world_with_deployment(void)
{
    struct sim_world *world = empty_world();
    int status;
    json_decref(create(world, DEPLOYMENTS, DEPLOYMENT_BODY, &status));
    cr_assert_eq(status, 201);
    return world;
}

/* Checks status and reason of an answer, which is freed. */
static void check_refusal(json_t *answer, const int *status, int wanted, const char *reason)
{
    cr_assert_eq(*status, wanted, "%d instead of %d", *status, wanted);
    cr_assert_str_eq(sim_json_text(answer, "kind"), "Status");
    cr_assert_str_eq(sim_json_text(answer, "status"), "Failure");
    cr_assert_str_eq(sim_json_text(answer, "reason"), reason);
    cr_assert_eq(sim_json_int(answer, "code", 0), wanted);
    json_decref(answer);
}

Test(k8s_verbs, create_fills_defaults_and_drops_status)
{
    struct sim_world *world = empty_world();
    int status;
    json_t *made =
        create(world, "/apis/gateway.networking.k8s.io/v1/namespaces/default/gateways",
               "{\"metadata\":{\"name\":\"g\"},\"spec\":{},\"status\":{\"x\":1}}", &status);
    cr_assert_eq(status, 201);
    cr_assert_eq(sim_json_int(made, "status.x", 0), 0);
    json_decref(made);
    made = create(world, DEPLOYMENTS, DEPLOYMENT_BODY, &status);
    cr_assert_str_eq(sim_json_text(made, "spec.strategy.type"), "RollingUpdate");
    cr_assert_eq(sim_json_int(made, "spec.progressDeadlineSeconds", 0), 600);
    cr_assert_str_eq(sim_json_text(made, "spec.template.spec.restartPolicy"), "Always");
    cr_assert_eq(sim_json_int(made, "metadata.generation", 0), 1);
    json_decref(made);
    sim_world_free(world);
}

Test(k8s_verbs, create_is_refused)
{
    struct sim_world *world = world_with_deployment();
    int status;
    check_refusal(create(world, DEPLOYMENTS, DEPLOYMENT_BODY, &status), &status, 409,
                  "AlreadyExists");
    check_refusal(create(world, DEPLOYMENTS, "{", &status), &status, 400, "BadRequest");
    check_refusal(create(world, DEPLOYMENTS, "{\"kind\":\"Pod\"}", &status), &status, 400,
                  "BadRequest");
    check_refusal(create(world, CONFIGS, "{\"metadata\":{\"name\":\"Bad_Name\"}}", &status),
                  &status, 422, "Invalid");
    check_refusal(create(world, CONFIGS, "{\"metadata\":{}}", &status), &status, 422, "Invalid");
    check_refusal(create(world, "/api/v1/namespaces/nowhere/configmaps",
                         "{\"metadata\":{\"name\":\"x\"}}", &status),
                  &status, 404, "NotFound");
    check_refusal(
        create(world, CONFIGS, "{\"metadata\":{\"name\":\"x\",\"namespace\":\"y\"}}", &status),
        &status, 400, "BadRequest");
    json_t *answer = ask_json(world,
                              (struct ask){.method = "POST",
                                           .target = "/api/v1/namespaces/default/secrets",
                                           .body = "k8s",
                                           .content_type = "application/vnd.kubernetes.protobuf"},
                              &status);
    check_refusal(answer, &status, 400, "BadRequest");
    sim_world_free(world);
}

Test(k8s_verbs, get_and_unknown_things)
{
    struct sim_world *world = world_with_deployment();
    int status;
    json_t *answer = ask_json(world, (struct ask){.target = DEPLOYMENTS "/web"}, &status);
    cr_assert_eq(status, 200);
    cr_assert_str_eq(sim_json_text(answer, "kind"), "Deployment");
    json_decref(answer);
    answer = ask_json(world, (struct ask){.target = DEPLOYMENTS "/nope"}, &status);
    cr_assert_str_eq(sim_json_text(answer, "message"), "deployments.apps \"nope\" not found");
    cr_assert_str_eq(sim_json_text(answer, "details.kind"), "deployments");
    check_refusal(answer, &status, 404, "NotFound");
    check_refusal(ask_json(world, (struct ask){.target = "/apis/apps/v1/things"}, &status), &status,
                  404, "NotFound");
    cr_assert_eq(ask_status(world, (struct ask){.target = "/apis/x/v1/things"}), 404);
    check_refusal(ask_json(world, (struct ask){.method = "PUT", .target = DEPLOYMENTS}, &status),
                  &status, 405, "MethodNotAllowed");
    cr_assert_eq(ask_status(world, (struct ask){.target = "/nothing"}), 404);
    cr_assert_eq(ask_status(world, (struct ask){.target = "/openapi/v2"}), 200);
    sim_world_free(world);
}

Test(k8s_verbs, put_with_a_stale_version_conflicts)
{
    struct sim_world *world = empty_world();
    make_config(world, "x", "a", "1");
    json_t *old = ask_json(world, (struct ask){.target = CONFIGS "/x"}, NULL);
    change_config(world, "x", "a", "2");
    char *body = json_dumps(old, 0);
    int status;
    json_t *answer = ask_json(
        world,
        (struct ask){.method = "PUT", .target = CONFIGS "/x", .body = body, .content_type = ""},
        &status);
    cr_assert_not_null(
        strstr(sim_json_text(answer, "message"), "Operation cannot be fulfilled on configmaps"));
    check_refusal(answer, &status, 409, "Conflict");
    free(body);
    json_decref(old);
    sim_world_free(world);
}

Test(k8s_verbs, patches)
{
    struct sim_world *world = world_with_deployment();
    int status;
    json_t *answer = patch(world, DEPLOYMENTS "/web", STRATEGIC_TYPE,
                           "{\"spec\":{\"template\":{\"spec\":{\"containers\":[{\"name\":\"c\","
                           "\"image\":\"i:2\"}]}}},\"status\":{\"replicas\":9}}",
                           &status);
    cr_assert_eq(status, 200);
    json_t *container = json_array_get(sim_json_at(answer, "spec.template.spec.containers"), 0);
    cr_assert_str_eq(sim_json_text(container, "image"), "i:2");
    cr_assert_eq(sim_json_int(answer, "metadata.generation", 0), 2);
    cr_assert_eq(sim_json_int(answer, "status.replicas", 0), 0, "status is another subresource");
    json_decref(answer);
    answer = patch(world, DEPLOYMENTS "/web/status", MERGE_TYPE,
                   "{\"spec\":{\"replicas\":7},\"status\":{\"replicas\":1}}", &status);
    cr_assert_eq(sim_json_int(answer, "status.replicas", 0), 1);
    cr_assert_eq(sim_json_int(answer, "spec.replicas", 0), 2);
    json_decref(answer);
    answer = patch(world, DEPLOYMENTS "/web?dryRun=All", MERGE_TYPE,
                   "{\"metadata\":{\"labels\":{\"a\":\"b\"}}}", &status);
    cr_assert_str_eq(sim_json_text(answer, "metadata.labels.a"), "b");
    json_decref(answer);
    answer = ask_json(world, (struct ask){.target = DEPLOYMENTS "/web"}, NULL);
    cr_assert_null(sim_json_at(answer, "metadata.labels.a"));
    json_decref(answer);
    check_refusal(patch(world, DEPLOYMENTS "/web", "text/plain", "{}", &status), &status, 415,
                  "UnsupportedMediaType");
    check_refusal(patch(world, DEPLOYMENTS "/web", MERGE_TYPE,
                        "{\"metadata\":{\"resourceVersion\":\"1\"}}", &status),
                  &status, 409, "Conflict");
    check_refusal(patch(world, DEPLOYMENTS "/web", MERGE_TYPE,
                        "{\"spec\":{\"selector\":{\"matchLabels\":{\"x\":\"y\"}},\"template\":{"
                        "\"metadata\":{\"labels\":{\"x\":\"y\"}}}}}",
                        &status),
                  &status, 422, "Invalid");
    sim_world_free(world);
}

Test(k8s_verbs, strategic_patch_of_a_custom_resource_is_no_media_type)
{
    struct sim_world *world = empty_world();
    const char *target = "/apis/gateway.networking.k8s.io/v1/namespaces/default/gateways";
    int status;
    json_decref(create(world, target, "{\"metadata\":{\"name\":\"g\"},\"spec\":{}}", &status));
    char one[160];
    snprintf(one, sizeof one, "%s/g", target);
    check_refusal(patch(world, one, STRATEGIC_TYPE, "{}", &status), &status, 415,
                  "UnsupportedMediaType");
    sim_world_free(world);
}

Test(k8s_verbs, scale)
{
    struct sim_world *world = world_with_deployment();
    int status;
    json_t *scale = ask_json(world, (struct ask){.target = DEPLOYMENTS "/web/scale"}, &status);
    cr_assert_str_eq(sim_json_text(scale, "kind"), "Scale");
    cr_assert_eq(sim_json_int(scale, "spec.replicas", 0), 2);
    cr_assert_str_eq(sim_json_text(scale, "status.selector"), "app=web");
    json_decref(scale);
    scale =
        patch(world, DEPLOYMENTS "/web/scale", MERGE_TYPE, "{\"spec\":{\"replicas\":0}}", &status);
    cr_assert_eq(status, 200);
    cr_assert_null(sim_json_at(scale, "spec.replicas"), "zero is left out");
    json_decref(scale);
    json_t *deployment = ask_json(world, (struct ask){.target = DEPLOYMENTS "/web"}, NULL);
    cr_assert_eq(sim_json_int(deployment, "spec.replicas", 9), 0);
    json_decref(deployment);
    check_refusal(
        patch(world, DEPLOYMENTS "/web/scale", MERGE_TYPE, "{\"spec\":{\"replicas\":-1}}", &status),
        &status, 422, "Invalid");
    check_refusal(patch(world, DEPLOYMENTS "/web/scale", MERGE_TYPE,
                        "{\"metadata\":{\"resourceVersion\":\"1\"},\"spec\":{\"replicas\":1}}",
                        &status),
                  &status, 409, "Conflict");
    sim_world_free(world);
}

Test(k8s_verbs, delete_answers_and_preconditions)
{
    struct sim_world *world = empty_world();
    make_config(world, "x", "a", "1");
    int status;
    json_t *answer = ask_json(world,
                              (struct ask){.method = "DELETE",
                                           .target = CONFIGS "/x",
                                           .body = "{\"preconditions\":{\"uid\":\"other\"}}",
                                           .content_type = "application/json"},
                              &status);
    check_refusal(answer, &status, 409, "Conflict");
    answer = ask_json(world, (struct ask){.method = "DELETE", .target = CONFIGS "/x?dryRun=All"},
                      &status);
    cr_assert_eq(status, 200);
    json_decref(answer);
    answer = ask_json(world, (struct ask){.method = "DELETE", .target = CONFIGS "/x"}, &status);
    cr_assert_eq(status, 200);
    cr_assert_str_eq(sim_json_text(answer, "status"), "Success");
    cr_assert_str_neq(sim_json_text(answer, "details.uid"), "");
    json_decref(answer);
    cr_assert_eq(ask_status(world, (struct ask){.method = "DELETE", .target = CONFIGS "/x"}), 404);
    sim_world_free(world);
}

Test(k8s_verbs, delete_collection_honours_selectors)
{
    struct sim_world *world = empty_world();
    make_config(world, "x", "a", "1");
    make_config(world, "y", "b", "1");
    json_t *answer = ask_json(
        world, (struct ask){.method = "DELETE", .target = CONFIGS "?labelSelector=app%3Da"}, NULL);
    cr_assert_str_eq(sim_json_text(answer, "kind"), "ConfigMapList");
    cr_assert_eq(json_array_size(json_object_get(answer, "items")), 1);
    json_decref(answer);
    cr_assert_eq(ask_status(world, (struct ask){.target = CONFIGS "/x"}), 404);
    cr_assert_eq(ask_status(world, (struct ask){.target = CONFIGS "/y"}), 200);
    sim_world_free(world);
}

Test(k8s_verbs, pod_subresources_that_are_refused)
{
    struct sim_world *world = empty_world();
    const char *pods = "/api/v1/namespaces/default/pods";
    int status;
    json_decref(create(world, pods,
                       "{\"metadata\":{\"name\":\"p\"},\"spec\":{\"containers\":[{\"name\":\"a\","
                       "\"image\":\"i\"},{\"name\":\"b\",\"image\":\"i\"}]}}",
                       &status));
    cr_assert_eq(status, 201);
    json_t *answer =
        ask_json(world, (struct ask){.target = "/api/v1/namespaces/default/pods/p/log"}, &status);
    cr_assert_str_eq(sim_json_text(answer, "message"),
                     "a container name must be specified for pod p, choose one of: [a b]");
    check_refusal(answer, &status, 400, "BadRequest");
    check_refusal(
        ask_json(world, (struct ask){.target = "/api/v1/namespaces/default/pods/p/log?container=z"},
                 &status),
        &status, 400, "BadRequest");
    cr_assert_eq(
        ask_status(world, (struct ask){.target = "/api/v1/namespaces/default/pods/p/exec"}), 400);
    cr_assert_eq(
        ask_status(world, (struct ask){.target = "/api/v1/namespaces/default/pods/p/nonsense"}),
        404);
    cr_assert_eq(
        ask_status(world, (struct ask){.target = "/api/v1/namespaces/default/pods/q:80/proxy/"}),
        404);
    sim_world_free(world);
}

static bool count_one(void *context, json_t *object)
{
    (void)object;
    *(int *)context += 1;
    return true;
}

/* A patch of the replicas leaves the template as it is: no new ReplicaSet, no rolled Pods. */
Test(sim_verbs, a_patch_beside_the_template_does_not_roll_the_pods)
{
    static const char *const bodies[] = {"{\"spec\":{\"replicas\":0}}",
                                         "{\"spec\":{\"replicas\":1}}"};
    struct sim_config config = {
        .seed = 7, .regions = 1, .is_built = true, .start_wall_us = START_WALL_US};
    struct tg_err err = TG_ERR_INIT;
    struct sim_world *world = sim_world_new(&config, &err);
    cr_assert_not_null(world, "%s", err.msg);
    for (size_t i = 0; i < 2; i++) {
        struct ask patch = {.method = "PATCH",
                            .target = DEPLOYMENTS "/vllm-gemma",
                            .body = bodies[i],
                            .content_type = "application/merge-patch+json"};
        cr_assert_eq(ask_status(world, patch), 200);
        sim_world_run_until(world, sim_world_now_us(world) + 60000000);
    }
    int sets = 0;
    sim_store_each(store_of(world, 0), sim_resource_by_plural("replicasets"), "default", count_one,
                   &sets);
    cr_assert_eq(sets, 2, "one of vllm-gemma and one of the endpoint picker, not %d", sets);
    sim_world_free(world);
}
