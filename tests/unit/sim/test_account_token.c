/* tests/unit/sim/test_account_token.c - tokens of service accounts: made, used, bound, expired. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <criterion/criterion.h>

#include "base/clock.h"
#include "tests/unit/sim/sim_client.h"

#define TOKEN   "/api/v1/namespaces/default/serviceaccounts/default/token"
#define PODS    "/api/v1/namespaces/default/pods"
#define REVIEWS "/apis/authentication.k8s.io/v1/"

static struct sim_world *guarded_world(void)
{
    struct sim_world *world = empty_world();
    sim_front_set_token(world, 0, "owner");
    return world;
}

/* The token of an answer to body, ready for a header; the caller frees. */
static char *bearer(struct sim_world *world, const char *body)
{
    int status = 0;
    json_t *answer = ask_json(
        world,
        (struct ask){
            .method = "POST", .target = TOKEN, .authorization = "Bearer owner", .body = body},
        &status);
    cr_assert_eq(status, 201);
    const char *token = sim_json_text(answer, "status.token");
    cr_assert_neq(token[0], '\0');
    char *header = malloc(strlen(token) + 8);
    sprintf(header, "Bearer %s", token);
    json_decref(answer);
    return header;
}

static int read_as(struct sim_world *world, const char *header)
{
    return ask_status(world, (struct ask){.target = PODS, .authorization = header});
}

Test(account_token, stands_for_its_account_with_the_roles_bound_to_it)
{
    struct sim_world *world = guarded_world();
    char *header = bearer(world, "{}");
    int status = 0;
    json_t *refusal =
        ask_json(world, (struct ask){.target = PODS, .authorization = header}, &status);
    cr_assert_eq(status, 403);
    cr_assert_str_eq(
        sim_json_text(refusal, "message"),
        "pods is forbidden: User \"system:serviceaccount:default:default\" cannot list "
        "resource \"pods\" in API group \"\" in the namespace \"default\"");
    json_decref(refusal);
    status = ask_status(
        world,
        (struct ask){
            .method = "POST",
            .target = "/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings",
            .authorization = "Bearer owner",
            .body = "{\"metadata\":{\"name\":\"b\"},\"roleRef\":{\"apiGroup\":"
                    "\"rbac.authorization.k8s.io\",\"kind\":\"ClusterRole\",\"name\":\"view\"},"
                    "\"subjects\":[{\"kind\":\"Group\",\"apiGroup\":\"rbac.authorization.k8s.io\","
                    "\"name\":\"system:serviceaccounts:default\"}]}"});
    cr_assert_eq(status, 201);
    cr_assert_eq(read_as(world, header), 200);
    free(header);
    sim_world_free(world);
}

Test(account_token, ends_with_its_time_and_with_its_account)
{
    struct sim_world *world = guarded_world();
    char *brief = bearer(world, "{\"spec\":{\"expirationSeconds\":600}}");
    char *hour = bearer(world, "{}");
    sim_world_run_until(world, 599 * TG_US_PER_S);
    cr_assert_eq(read_as(world, brief), 403);
    sim_world_run_until(world, 600 * TG_US_PER_S);
    cr_assert_eq(read_as(world, brief), 401);
    cr_assert_eq(read_as(world, hour), 403);
    ask_status(world, (struct ask){.method = "DELETE",
                                   .target = "/api/v1/namespaces/default/serviceaccounts/default",
                                   .authorization = "Bearer owner"});
    cr_assert_eq(read_as(world, hour), 401);
    free(brief);
    free(hour);
    sim_world_free(world);
}

Test(account_token, bound_to_an_object_goes_with_it)
{
    struct sim_world *world = guarded_world();
    json_t *secret = json_pack("{s:{s:s, s:s}}", "metadata", "name", "s", "namespace", "default");
    sim_store_create(store_of(world, 0), sim_resource_by_plural("secrets"), secret, NULL);
    char *header = bearer(world, "{\"spec\":{\"boundObjectRef\":{\"kind\":\"Secret\","
                                 "\"apiVersion\":\"v1\",\"name\":\"s\"}}}");
    cr_assert_eq(read_as(world, header), 403);
    sim_store_remove(store_of(world, 0), sim_resource_by_plural("secrets"), "default", "s");
    cr_assert_eq(read_as(world, header), 401);
    free(header);
    sim_world_free(world);
}

Test(account_token, for_somebody_else_opens_nothing_here)
{
    struct sim_world *world = guarded_world();
    char *header = bearer(world, "{\"spec\":{\"audiences\":[\"vault\"]}}");
    cr_assert_eq(read_as(world, header), 401);
    free(header);
    sim_world_free(world);
}

Test(account_token, refuses_what_a_real_server_refuses)
{
    static const struct {
        const char *body;
        int status;
        const char *message;
    } cases[] = {
        {"{\"spec\":{\"expirationSeconds\":60}}", 422,
         "TokenRequest.authentication.k8s.io \"\" is invalid: spec.expirationSeconds: Invalid "
         "value: 60: may not specify a duration less than 10 minutes"},
        {"{\"spec\":{\"boundObjectRef\":{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"name\":\"n\"}}}",
         404, "pods \"n\" not found"},
        {"{\"spec\":{\"boundObjectRef\":{\"kind\":\"Service\",\"apiVersion\":\"v1\"}}}", 400,
         "cannot bind token to object of type /v1, Kind=Service"},
    };
    struct sim_world *world = empty_world();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int status = 0;
        json_t *answer = ask_json(
            world, (struct ask){.method = "POST", .target = TOKEN, .body = cases[i].body}, &status);
        cr_assert_eq(status, cases[i].status);
        cr_assert_str_eq(sim_json_text(answer, "message"), cases[i].message);
        json_decref(answer);
    }
    cr_assert_eq(ask_status(world, (struct ask){.target = TOKEN}), 405);
    sim_world_free(world);
}

Test(account_token, is_the_same_in_the_same_world)
{
    char *first = NULL;
    for (int i = 0; i < 2; i++) {
        struct sim_world *world = guarded_world();
        char *header = bearer(world, "{}");
        char *second = bearer(world, "{}");
        cr_assert_str_neq(header, second, "no token is given out twice");
        free(second);
        if (first == NULL) {
            first = header;
        } else {
            cr_assert_str_eq(first, header);
            free(header);
        }
        sim_world_free(world);
    }
    free(first);
}

Test(account_token, reviews_tell_who_bears_it)
{
    struct sim_world *world = guarded_world();
    char *header = bearer(world, "{}");
    json_t *self = ask_json(world,
                            (struct ask){.method = "POST",
                                         .target = REVIEWS "selfsubjectreviews",
                                         .authorization = header,
                                         .body = "{}"},
                            NULL);
    cr_assert_str_eq(sim_json_text(self, "status.userInfo.username"),
                     "system:serviceaccount:default:default");
    cr_assert_eq(sim_json_count(self, "status.userInfo.groups"), 3);
    cr_assert_neq(sim_json_text(self, "status.userInfo.uid")[0], '\0');
    json_decref(self);
    char body[2048];
    snprintf(body, sizeof body, "{\"spec\":{\"token\":\"%s\"}}", header + strlen("Bearer "));
    json_t *review = ask_json(world,
                              (struct ask){.method = "POST",
                                           .target = REVIEWS "tokenreviews",
                                           .authorization = "Bearer owner",
                                           .body = body},
                              NULL);
    cr_assert(sim_json_is_true(review, "status.authenticated"));
    json_decref(review);
    review = ask_json(world,
                      (struct ask){.method = "POST",
                                   .target = REVIEWS "tokenreviews",
                                   .authorization = "Bearer owner",
                                   .body = "{\"spec\":{\"token\":\"x\"}}"},
                      NULL);
    cr_assert_str_eq(sim_json_text(review, "status.error"), "invalid bearer token");
    json_decref(review);
    free(header);
    sim_world_free(world);
}

Test(account_token, who_acts_as_an_account_has_its_groups)
{
    struct sim_world *world = empty_world();
    struct sim_request request = {.method = "POST",
                                  .path = REVIEWS "selfsubjectreviews",
                                  .query = "",
                                  .accept = "",
                                  .content_type = "",
                                  .authorization = "",
                                  .user_agent = "",
                                  .impersonate_user = "system:serviceaccount:default:a",
                                  .body = "{}",
                                  .body_len = 2};
    struct sim_response response;
    sim_front_handle(world, &request, &response);
    cr_assert_not_null(strstr(tg_buf_text(&response.body), "system:serviceaccounts:default"));
    sim_response_fini(&response);
    sim_world_free(world);
}
