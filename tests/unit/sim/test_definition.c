/* tests/unit/sim/test_definition.c - CustomResourceDefinitions: established after a while, served,
 * pruned and checked, and gone with their objects. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <criterion/criterion.h>

#include "base/clock.h"
#include "sim/jsonpath.h"
#include "tests/unit/sim/sim_client.h"

#define DEFINITIONS "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
#define WIDGETS     "/apis/example.com/v1/namespaces/default/widgets"
#define AS_TABLE    "application/json;as=Table;v=v1;g=meta.k8s.io"

static const char widget_definition[] =
    "{\"apiVersion\":\"apiextensions.k8s.io/"
    "v1\",\"kind\":\"CustomResourceDefinition\",\"metadata\":{\"name\":"
    "\"widgets.example.com\"},\"spec\":{\"group\":\"example.com\",\"scope\":\"Namespaced\","
    "\"names\":{\"plural\":"
    "\"widgets\",\"kind\":\"Widget\",\"shortNames\":[\"wd\"]},\"versions\":[{\"name\":\"v1\","
    "\"served\":true,"
    "\"storage\":true,\"subresources\":{\"status\":{}},\"additionalPrinterColumns\":[{\"name\":"
    "\"Size\",\"type\":"
    "\"integer\",\"jsonPath\":\".spec.size\"},{\"name\":\"Ready\",\"type\":\"string\",\"jsonPath\":"
    "\".status.conditions[?(@.type==\\\"Ready\\\")].status\"}],\"schema\":{\"openAPIV3Schema\":{"
    "\"type\":\"object\","
    "\"properties\":{\"spec\":{\"type\":\"object\",\"required\":[\"size\"],\"properties\":{"
    "\"size\":{\"type\":"
    "\"integer\",\"minimum\":1},\"mode\":{\"type\":\"string\",\"enum\":[\"a\",\"b\"],\"default\":"
    "\"a\"}}},\"status\":{"
    "\"type\":\"object\",\"x-kubernetes-preserve-unknown-fields\":true}}}}},{\"name\":\"v2\","
    "\"served\":true,"
    "\"storage\":false,\"schema\":{\"openAPIV3Schema\":{\"type\":\"object\",\"x-kubernetes-"
    "preserve-unknown-fields\":"
    "true}}}]}}";

static int post(struct sim_world *world, const char *target, const char *body)
{
    return ask_status(world, (struct ask){.method = "POST", .target = target, .body = body});
}

static void wait_ms(struct sim_world *world, int64_t ms)
{
    sim_world_run_until(world, sim_world_now_us(world) + ms * 1000);
}

static struct sim_world *widget_world(void)
{
    struct sim_world *world = empty_world();
    cr_assert_eq(post(world, DEFINITIONS, widget_definition), 201);
    wait_ms(world, 1000);
    return world;
}

Test(definition, is_served_once_established_and_known_to_discovery)
{
    struct sim_world *world = empty_world();
    cr_assert_eq(ask_status(world, (struct ask){.target = WIDGETS}), 404);
    cr_assert_eq(post(world, DEFINITIONS, widget_definition), 201);
    cr_assert_eq(ask_status(world, (struct ask){.target = WIDGETS}), 404, "not yet");
    wait_ms(world, 1000);
    cr_assert_eq(ask_status(world, (struct ask){.target = WIDGETS}), 200);
    json_t *definition =
        ask_json(world, (struct ask){.target = DEFINITIONS "/widgets.example.com"}, NULL);
    cr_assert_str_eq(sim_json_text(sim_json_condition(definition, "Established"), "status"),
                     "True");
    cr_assert_str_eq(sim_json_text(definition, "status.acceptedNames.listKind"), "WidgetList");
    json_decref(definition);
    json_t *list = ask_json(world, (struct ask){.target = "/apis/example.com/v1"}, NULL);
    cr_assert_str_eq(sim_json_text(json_array_get(json_object_get(list, "resources"), 0), "kind"),
                     "Widget");
    json_decref(list);
    int status = 0;
    json_t *document =
        ask_json(world, (struct ask){.target = "/openapi/v3/apis/example.com/v1"}, &status);
    cr_assert_eq(status, 200);
    cr_assert_not_null(
        json_object_get(sim_json_at(document, "components.schemas"), "com.example.v1.Widget"));
    json_decref(document);
    sim_world_free(world);
}

Test(definition, objects_are_defaulted_checked_and_shown_with_its_columns)
{
    struct sim_world *world = widget_world();
    cr_assert_eq(
        post(world, WIDGETS, "{\"metadata\":{\"name\":\"w\"},\"spec\":{\"size\":3,\"other\":1}}"),
        201);
    json_t *widget = ask_json(world, (struct ask){.target = WIDGETS "/w"}, NULL);
    cr_assert_str_eq(sim_json_text(widget, "spec.mode"), "a");
    cr_assert_null(sim_json_at(widget, "spec.other"), "unknown fields are pruned");
    json_decref(widget);
    widget = ask_json(
        world, (struct ask){.target = "/apis/example.com/v2/namespaces/default/widgets/w"}, NULL);
    cr_assert_str_eq(sim_json_text(widget, "apiVersion"), "example.com/v2");
    json_decref(widget);
    json_t *table = ask_json(world, (struct ask){.target = WIDGETS, .accept = AS_TABLE}, NULL);
    json_t *cells = sim_json_at(json_array_get(json_object_get(table, "rows"), 0), "cells");
    cr_assert_eq(json_array_size(cells), 3);
    cr_assert_eq(json_integer_value(json_array_get(cells, 1)), 3);
    cr_assert(json_is_null(json_array_get(cells, 2)));
    json_decref(table);
    int status = 0;
    json_t *refusal = ask_json(
        world,
        (struct ask){.method = "POST",
                     .target = WIDGETS,
                     .body =
                         "{\"metadata\":{\"name\":\"x\"},\"spec\":{\"size\":0,\"mode\":\"c\"}}"},
        &status);
    cr_assert_eq(status, 422);
    cr_assert_str_eq(sim_json_text(refusal, "message"),
                     "Widget.example.com \"x\" is invalid: [spec.size: Invalid value: 0: spec.size "
                     "in body should be "
                     "greater than or equal to 1, spec.mode: Unsupported value: \"c\": supported "
                     "values: \"a\", \"b\"]");
    json_decref(refusal);
    refusal = ask_json(
        world,
        (struct ask){.method = "POST",
                     .target = WIDGETS "?fieldValidation=Strict",
                     .body = "{\"metadata\":{\"name\":\"x\"},\"spec\":{\"size\":1,\"sise\":1}}"},
        &status);
    cr_assert_eq(status, 400);
    cr_assert_not_null(strstr(sim_json_text(refusal, "message"), "unknown field \"spec.sise\""));
    json_decref(refusal);
    sim_world_free(world);
}

Test(definition, takes_its_objects_along_when_it_goes)
{
    struct sim_world *world = widget_world();
    cr_assert_eq(post(world, WIDGETS, "{\"metadata\":{\"name\":\"w\"},\"spec\":{\"size\":3}}"),
                 201);
    json_t *left = ask_json(
        world, (struct ask){.method = "DELETE", .target = DEFINITIONS "/widgets.example.com"},
        NULL);
    cr_assert_str_eq(json_string_value(json_array_get(sim_json_at(left, "metadata.finalizers"), 0)),
                     "customresourcecleanup.apiextensions.k8s.io");
    cr_assert_str_eq(sim_json_text(sim_json_condition(left, "Terminating"), "reason"),
                     "InstanceDeletionInProgress");
    json_decref(left);
    cr_assert_eq(post(world, WIDGETS, "{\"metadata\":{\"name\":\"v\"},\"spec\":{\"size\":3}}"),
                 405);
    wait_ms(world, 2000);
    cr_assert_eq(ask_status(world, (struct ask){.target = DEFINITIONS "/widgets.example.com"}),
                 404);
    cr_assert_eq(ask_status(world, (struct ask){.target = WIDGETS}), 404);
    cr_assert_eq(post(world, DEFINITIONS, widget_definition), 201);
    wait_ms(world, 1000);
    cr_assert_eq(ask_status(world, (struct ask){.target = WIDGETS "/w"}), 404);
    cr_assert_eq(post(world, WIDGETS, "{\"metadata\":{\"name\":\"w\"},\"spec\":{\"size\":3}}"),
                 201);
    sim_world_free(world);
}

Test(definition, a_name_must_be_plural_and_group)
{
    struct sim_world *world = empty_world();
    cr_assert_eq(post(world, DEFINITIONS,
                      "{\"metadata\":{\"name\":\"x.example.com\"},\"spec\":{\"group\":\"example."
                      "com\",\"names\":{"
                      "\"plural\":\"widgets\",\"kind\":\"Widget\"},\"versions\":[]}}"),
                 422);
    sim_world_free(world);
}

Test(definition, the_users_kinds_are_unknown_until_the_user_defines_them)
{
    struct sim_world *world = empty_world();
    cr_assert_eq(
        ask_status(world, (struct ask){.target = "/apis/gateway.networking.k8s.io/v1/gateways"}),
        200);
    cr_assert_eq(
        ask_status(
            world,
            (struct ask){.target =
                             "/apis/inference.networking.x-k8s.io/v1alpha2/inferenceobjectives"}),
        404);
    sim_world_free(world);
}

Test(definition, columns_of_gke_are_those_of_its_definitions)
{
    struct sim_world *world = empty_world();
    const char gateways[] = "/apis/gateway.networking.k8s.io/v1/namespaces/default/gateways";
    struct tg_err err = TG_ERR_INIT;
    json_t *gateway = json_loads(
        "{\"metadata\":{\"name\":\"g\"},\"spec\":{\"gatewayClassName\":\"c\"},\"status\":{"
        "\"addresses\":[{\"value\":\"10.0.0.2\"},{\"value\":\"10.1.0.2\"}],"
        "\"conditions\":[{\"type\":\"Programmed\",\"status\":\"True\"}]}}",
        0, NULL);
    cr_assert_not_null(
        sim_store_create(store_of(world, 0), sim_resource_by_plural("gateways"), gateway, &err));
    json_t *table = ask_json(world, (struct ask){.target = gateways, .accept = AS_TABLE}, NULL);
    json_t *cells = sim_json_at(json_array_get(json_object_get(table, "rows"), 0), "cells");
    static const char *const expected[] = {"g", "c", "10.0.0.2 10.1.0.2", "True", "0s"};
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        cr_assert_str_eq(json_string_value(json_array_get(cells, i)), expected[i]);
    }
    json_decref(table);
    sim_world_free(world);
}

static void check_path(const char *path, const char *expected)
{
    json_t *object = json_loads(
        "{\"a\":{\"b.c\":\"dot\",\"list\":[{\"type\":\"X\",\"n\":1},{\"type\":\"Y\",\"n\":2}]},"
        "\"t\":true}",
        0, NULL);
    char *text = sim_jsonpath_text(object, path);
    cr_expect_str_eq(text == NULL ? "(nothing)" : text, expected, "%s", path);
    free(text);
    json_decref(object);
}

Test(jsonpath, reads_what_printer_columns_use)
{
    check_path(".a.list[*].type", "X Y");
    check_path("{.a.list[?(@.type==\"Y\")].n}", "2");
    check_path(".a.list[?(@.type!='Y')].n", "1");
    check_path(".a['b.c']", "dot");
    check_path(".a.b\\.c", "dot");
    check_path("$.a.list[-1].n", "2");
    check_path(".a.list[5].n", "(nothing)");
    check_path(".t", "true");
    check_path(".a.missing", "(nothing)");
    check_path(".a.list[", "(nothing)");
    check_path(".a.list[?(", "(nothing)");
    check_path(".a.list[?(@.type==\"X\"", "(nothing)");
}
