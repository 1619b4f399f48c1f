/* tests/unit/sim/test_rbac.c - who may do what: users with roles, reviews, impersonation, refusals.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <criterion/criterion.h>

#include "tests/unit/sim/sim_client.h"

#define PODS    "/api/v1/namespaces/default/pods"
#define REVIEWS "/apis/authorization.k8s.io/v1/"

static struct sim_world *people_world(void)
{
    struct sim_world *world = empty_world();
    sim_front_add_user(world, 0, "look", "viewer@example.com");
    sim_front_add_user(world, 0, "drill", "driller@example.com");
    sim_front_add_user(world, 0, "all", "provisioner@example.com");
    return world;
}

static int status_as(struct sim_world *world, const char *who, const char *method,
                     const char *target)
{
    return ask_status(world,
                      (struct ask){.method = method, .target = target, .authorization = who});
}

Test(rbac, each_role_does_what_it_is_for)
{
    struct sim_world *world = people_world();
    const char scale[] = "/apis/apps/v1/namespaces/default/deployments/x/scale";
    cr_assert_eq(status_as(world, "Bearer look", "GET", PODS), 200);
    cr_assert_eq(status_as(world, "Bearer look", "GET", "/api"), 200);
    cr_assert_eq(status_as(world, "Bearer look", "GET", "/api/v1/namespaces/default/secrets"), 403);
    cr_assert_eq(status_as(world, "Bearer look", "PATCH", scale), 403);
    cr_assert_eq(status_as(world, "Bearer drill", "PATCH", scale), 404, "allowed, and not there");
    cr_assert_eq(status_as(world, "Bearer drill", "GET", PODS), 200);
    cr_assert_eq(status_as(world, "Bearer drill", "DELETE", PODS "/x"), 404);
    cr_assert_eq(
        status_as(world, "Bearer drill", "DELETE", "/api/v1/namespaces/kube-system/pods/x"), 403);
    cr_assert_eq(status_as(world, "Bearer drill", "DELETE", PODS), 403,
                 "a collection is another verb");
    cr_assert_eq(status_as(world, "Bearer all", "GET", "/api/v1/namespaces/default/secrets"), 200);
    cr_assert_eq(status_as(world, "Bearer all", "DELETE", "/api/v1/namespaces/kube-system/pods/x"),
                 404);
    sim_world_free(world);
}

Test(rbac, a_refusal_names_user_verb_resource_and_permission)
{
    struct sim_world *world = people_world();
    int status = 0;
    json_t *answer =
        ask_json(world,
                 (struct ask){.method = "DELETE",
                              .target = "/apis/apps/v1/namespaces/default/replicasets/r",
                              .authorization = "Bearer look"},
                 &status);
    cr_assert_eq(status, 403);
    cr_assert_str_eq(sim_json_text(answer, "reason"), "Forbidden");
    cr_assert_str_eq(
        sim_json_text(answer, "message"),
        "replicasets.apps \"r\" is forbidden: User \"viewer@example.com\" cannot delete resource "
        "\"replicasets\" in API group \"apps\" in the namespace \"default\": requires one of "
        "[\"container.replicaSets.delete\"] permission(s).");
    cr_assert_str_eq(sim_json_text(answer, "details.kind"), "replicasets");
    json_decref(answer);
    sim_world_free(world);
}

static bool is_allowed(struct sim_world *world, const char *who, const char *attributes)
{
    char body[512];
    snprintf(body, sizeof body, "{\"spec\":{%s}}", attributes);
    int status = 0;
    json_t *answer = ask_json(world,
                              (struct ask){.method = "POST",
                                           .target = REVIEWS "selfsubjectaccessreviews",
                                           .authorization = who,
                                           .body = body},
                              &status);
    cr_assert_eq(status, 201);
    bool is_yes = json_is_true(sim_json_at(answer, "status.allowed"));
    json_decref(answer);
    return is_yes;
}

Test(rbac, reviews_answer_what_requests_meet)
{
    struct sim_world *world = people_world();
    const char scale[] =
        "\"resourceAttributes\":{\"namespace\":\"default\",\"verb\":\"patch\",\"group\":\"apps\","
        "\"resource\":\"deployments\",\"subresource\":\"scale\"}";
    cr_assert_not(is_allowed(world, "Bearer look", scale));
    cr_assert(is_allowed(world, "Bearer drill", scale));
    cr_assert(is_allowed(world, "", scale), "the project's owner may do everything");
    cr_assert(is_allowed(world, "Bearer look",
                         "\"nonResourceAttributes\":{\"verb\":\"get\",\"path\":\"/apis/apps\"}"));
    cr_assert_not(is_allowed(world, "Bearer look",
                             "\"nonResourceAttributes\":{\"verb\":\"get\",\"path\":\"/x\"}"));
    json_t *rules = ask_json(world,
                             (struct ask){.method = "POST",
                                          .target = REVIEWS "selfsubjectrulesreviews",
                                          .authorization = "Bearer drill",
                                          .body = "{\"spec\":{\"namespace\":\"default\"}}"},
                             NULL);
    char *text = json_dumps(rules, JSON_COMPACT | JSON_SORT_KEYS);
    cr_assert_not_null(strstr(text, "\"resources\":[\"deployments/scale\"]"));
    cr_assert(json_is_true(sim_json_at(rules, "status.incomplete")), "IAM cannot be listed");
    free(text);
    json_decref(rules);
    sim_world_free(world);
}

Test(rbac, a_binding_taken_away_is_felt_at_once)
{
    struct sim_world *world = people_world();
    cr_assert_eq(status_as(world, "Bearer look", "GET", PODS), 200);
    cr_assert_eq(
        status_as(world, "", "DELETE",
                  "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/tidegate-viewer"),
        200);
    cr_assert_eq(status_as(world, "Bearer look", "GET", PODS), 403);
    sim_world_free(world);
}

static int status_impersonating(struct sim_world *world, const char *who, const char *user)
{
    struct sim_request request = {.method = "GET",
                                  .path = "/api/v1/namespaces/default/secrets",
                                  .query = "",
                                  .accept = "",
                                  .content_type = "",
                                  .authorization = who,
                                  .user_agent = "test",
                                  .impersonate_user = user,
                                  .body = ""};
    struct sim_response response;
    sim_front_handle(world, &request, &response);
    int status = response.status;
    sim_response_fini(&response);
    return status;
}

Test(rbac, only_who_may_becomes_somebody_else)
{
    struct sim_world *world = people_world();
    cr_assert_eq(status_impersonating(world, "", NULL), 200);
    cr_assert_eq(status_impersonating(world, "", "viewer@example.com"), 403);
    cr_assert_eq(status_impersonating(world, "Bearer look", "provisioner@example.com"), 403);
    cr_assert_eq(status_impersonating(world, "Bearer all", "provisioner@example.com"), 200);
    sim_world_free(world);
}
