/* tests/unit/sim/test_k8s_discovery.c - discovery, version, schema index, health. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <criterion/criterion.h>

#include "sim_client.h"

#define AGGREGATED                                                          \
    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList," \
    "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json"

Test(k8s_discovery, aggregated_answers_name_themselves)
{
    struct sim_world *world = empty_world();
    struct sim_response response =
        ask(world, (struct ask){.target = "/apis", .accept = AGGREGATED});
    cr_assert_str_eq(response.content_type,
                     "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList");
    sim_response_fini(&response);
    response = ask(world, (struct ask){.target = "/api",
                                       .accept = "application/json;g=apidiscovery.k8s.io;v=v2beta1;"
                                                 "as=APIGroupDiscoveryList"});
    cr_assert_not_null(strstr(response.content_type, "v=v2beta1;"));
    json_t *list = json_loads(tg_buf_text(&response.body), 0, NULL);
    cr_assert_str_eq(sim_json_text(list, "apiVersion"), "apidiscovery.k8s.io/v2beta1");
    json_decref(list);
    sim_response_fini(&response);
    sim_world_free(world);
}

Test(k8s_discovery, every_resource_is_told_once_in_both_forms)
{
    struct sim_world *world = empty_world();
    for (const struct sim_resource *r = sim_resources; r->plural != NULL; r++) {
        char target[200];
        bool is_core = r->group[0] == '\0';
        snprintf(target, sizeof target, "%s%s%s%s", is_core ? "/api/" : "/apis/", r->group,
                 is_core ? "" : "/", r->version);
        json_t *list = ask_json(world, (struct ask){.target = target}, NULL);
        size_t i;
        json_t *item;
        int found = 0;
        json_array_foreach(json_object_get(list, "resources"), i, item)
        {
            found += strcmp(sim_json_text(item, "name"), r->plural) == 0;
        }
        bool is_users =
            strcmp(r->plural, "inferenceobjectives") == 0; /* until the lab defines it */
        cr_assert_eq(found, is_users ? 0 : 1, "%s %s", target, r->plural);
        json_decref(list);
    }
    json_t *groups = ask_json(world, (struct ask){.target = "/apis", .accept = AGGREGATED}, NULL);
    size_t i;
    json_t *group;
    size_t total = 0;
    json_array_foreach(json_object_get(groups, "items"), i, group)
    {
        size_t v;
        json_t *version;
        cr_assert_str_neq(sim_json_text(group, "metadata.name"), "");
        json_array_foreach(json_object_get(group, "versions"), v, version)
        {
            total += json_array_size(json_object_get(version, "resources"));
        }
    }
    size_t served = 0;
    for (const struct sim_resource *r = sim_resources; r->plural != NULL; r++) {
        served += r->group[0] != '\0';
    }
    cr_assert_eq(total, served - 1 + 9,
                 "the lab defines one; six reviews, two metrics and an old version are virtual");
    json_decref(groups);
    sim_world_free(world);
}

Test(k8s_discovery, version_schema_and_health)
{
    struct sim_world *world = empty_world();
    json_t *answer = ask_json(world, (struct ask){.target = "/version"}, NULL);
    cr_assert_str_eq(sim_json_text(answer, "gitVersion"), "v1.34.1-gke.1829001");
    json_decref(answer);
    answer = ask_json(world, (struct ask){.target = "/openapi/v3"}, NULL);
    cr_assert_not_null(
        json_object_get(json_object_get(answer, "paths"), "apis/resource.k8s.io/v1"));
    json_decref(answer);
    answer = ask_json(world, (struct ask){.target = "/openapi/v3/apis/apps/v1?hash=x"}, NULL);
    json_t *path = json_object_get(json_object_get(answer, "paths"),
                                   "/apis/apps/v1/namespaces/{namespace}/deployments/{name}");
    cr_assert_str_eq(sim_json_text(path, "patch.x-kubernetes-group-version-kind.kind"),
                     "Deployment");
    json_decref(answer);
    struct sim_response response = ask(world, (struct ask){.target = "/readyz"});
    cr_assert_str_eq(tg_buf_text(&response.body), "ok");
    sim_response_fini(&response);
    sim_world_free(world);
}

Test(k8s_discovery, access_reviews_understand_protobuf_questions)
{
    struct sim_world *world = empty_world();
    /* {"spec":{"resourceAttributes":{"namespace":"default","verb":"list","resource":"pods"}}} */
    static const char body[] =
        "\153\070\163\000\012\062\012\027\141\165\164\150\157\162\151\172\141\164\151\157\156\056"
        "\153\070\163\056\151\157\057\166\061\022\027\123\145\154\146\123\165\142\152\145\143\164"
        "\101\143\143\145\163\163\122\145\166\151\145\167\022\031\022\027\012\025\012\007\144\145"
        "\146\141\165\154\164\022\004\154\151\163\164\052\004\160\157\144\163";
    struct sim_request request = {
        .method = "POST",
        .path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
        .query = "",
        .accept = "",
        .content_type = "application/vnd.kubernetes.protobuf",
        .authorization = "",
        .user_agent = "test",
        .body = body,
        .body_len = sizeof body - 1,
    };
    struct sim_response response;
    sim_front_handle(world, &request, &response);
    cr_assert_eq(response.status, 201);
    json_t *answer = json_loads(tg_buf_text(&response.body), 0, NULL);
    cr_assert(sim_json_is_true(answer, "status.allowed"));
    cr_assert_str_eq(sim_json_text(answer, "spec.resourceAttributes.resource"), "pods");
    json_decref(answer);
    sim_response_fini(&response);
    sim_world_free(world);
}

Test(k8s_discovery, older_clients_get_an_openapi_v2_document)
{
    struct sim_world *world = empty_world();
    struct sim_response response =
        ask(world,
            (struct ask){.target = "/openapi/v2",
                         .accept = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"});
    cr_assert_eq(response.status, 200);
    cr_assert_eq(memcmp(response.body.data,
                        "\x0a\x03"
                        "2.0"
                        "\x12",
                        6),
                 0);
    cr_assert_eq(response.body.len, 7u + (size_t)response.body.data[6] + 4u, "the lengths add up");
    sim_response_fini(&response);
    sim_world_free(world);
}
