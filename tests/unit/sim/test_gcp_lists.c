/* tests/unit/sim/test_gcp_lists.c - filters, pages, order, partial answers, and requests made
 * twice. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "sim/gcp_list.h"
#include "tests/unit/sim/gcp_rig.h"

static bool wants(const char *filter, const char *item)
{
    bool is_valid = false;
    json_t *object = json_loads(item, 0, NULL);
    bool is_wanted = sim_gcp_is_wanted(filter, object, &is_valid);
    cr_expect(is_valid, "%s", filter);
    json_decref(object);
    return is_wanted;
}

Test(gcp_lists, filters_as_gcloud_sends_them)
{
    const char *vpc = "{\"name\":\"tpu-gke-dranet-vpc\",\"mtu\":8896,\"auto\":false}";
    cr_expect(wants("name eq \".*\\btpu\\-gke\\-dranet\\-vpc\\b.*\"", vpc));
    cr_expect_not(wants("name eq \".*\\bdranet\\-vp\\b.*\"", vpc), "a word ends where it ends");
    cr_expect(wants("name eq \".*(^tpu-gke).*\"", vpc));
    cr_expect_not(wants("name ne \".*(^tpu-gke).*\"", vpc));
    cr_expect(wants("(name eq \".*vpc\") (mtu eq 8896)", vpc));
    cr_expect_not(wants("(name eq \".*vpc\") (mtu eq 1460)", vpc));
    cr_expect(wants("auto eq false", vpc));
}

Test(gcp_lists, filters_of_the_newer_grammar)
{
    const char *item = "{\"name\":\"a\",\"n\":5,\"tags\":[\"x\",\"y\"],\"at\":{\"zone\":\"z\"}}";
    cr_expect(wants("name = a AND n > 4", item));
    cr_expect(wants("name=\"b\" OR n>=5", item));
    cr_expect_not(wants("NOT (name=\"a\")", item));
    cr_expect(wants("-name=b", item));
    cr_expect(wants("tags:y AND at.zone=z", item));
    cr_expect(wants("at:* n<6", item));
    cr_expect(wants("name=a name=a OR name=b", item), "OR binds closer");
    cr_expect_not(wants("missing=1", item));
    cr_expect(wants("missing!=1", item));
    static const char *const wrong[] = {"name", "name=\"a", "(name=a", "name eq \"(\"", "=a"};
    for (size_t i = 0; i < TG_COUNT(wrong); i++) {
        bool is_valid = true;
        json_t *object = json_loads(item, 0, NULL);
        sim_gcp_is_wanted(wrong[i], object, &is_valid);
        cr_expect_not(is_valid, "%s", wrong[i]);
        json_decref(object);
    }
}

Test(gcp_lists, a_malformed_filter_is_refused)
{
    struct sim_world *world = rig_world(1, 2, true);
    rig_do(world, "GET", RIG_COMPUTE "/global/firewalls?filter=name%20eq", NULL, 400);
    cr_expect_eq(rig_count(world,
                           RIG_COMPUTE "/global/firewalls?filter=name%20eq%20%22.*(mcsd).*%22",
                           "items"),
                 2);
    sim_world_free(world);
}

Test(gcp_lists, pages_hold_everything_once)
{
    struct sim_world *world = rig_world(1, 2, true);
    char target[300] = RIG_COMPUTE "/global/firewalls?maxResults=2";
    char before[120] = "";
    size_t total = 0;
    int pages = 0;
    for (; pages < 10; pages++) {
        json_t *page = rig_ask(world, "GET", target, NULL, 200);
        size_t i;
        json_t *item;
        json_array_foreach(json_object_get(page, "items"), i, item)
        {
            cr_expect(strcmp(before, sim_json_text(item, "name")) < 0, "in order");
            tg_str_copy(before, sizeof before, sim_json_text(item, "name"));
            total++;
        }
        char token[64];
        tg_str_copy(token, sizeof token, sim_json_text(page, "nextPageToken"));
        json_decref(page);
        if (token[0] == '\0') {
            break;
        }
        snprintf(target, sizeof target, RIG_COMPUTE "/global/firewalls?maxResults=2&pageToken=%s",
                 token);
    }
    cr_expect_eq(total, 6);
    cr_expect_eq(pages, 2);
    rig_do(world, "GET", RIG_COMPUTE "/global/firewalls?pageToken=nonsense", NULL, 400);
    sim_world_free(world);
}

Test(gcp_lists, order_and_partial_answers)
{
    struct sim_world *world = rig_world(1, 2, true);
    json_t *answer = rig_ask(world, "GET",
                             RIG_COMPUTE "/global/firewalls?orderBy=name%20desc&fields="
                                         "items/name,items(allowed/IPProtocol),nextPageToken",
                             NULL, 200);
    const json_t *first = json_array_get(json_object_get(answer, "items"), 0);
    cr_expect_eq(json_object_size(answer), 1);
    cr_expect_str_eq(sim_json_text(first, "name"), "tpu-gke-dranet-allow-internal");
    cr_expect_eq(json_object_size(first), 2);
    cr_expect_str_eq(
        sim_json_text(json_array_get(json_object_get(first, "allowed"), 0), "IPProtocol"), "all");
    json_decref(answer);
    sim_world_free(world);
}

Test(gcp_lists, empty_scopes_warn_and_zones_offer_what_they_have)
{
    struct sim_world *world = rig_world(1, 2, true);
    json_t *answer = rig_ask(
        world, "GET", RIG_COMPUTE "/aggregated/machineTypes?filter=name%3D%22ct6e-standard-4t%22",
        NULL, 200);
    const json_t *items = json_object_get(answer, "items");
    cr_expect_eq(sim_json_count(json_object_get(items, "zones/us-east5-b"), "machineTypes"), 1);
    cr_expect_eq(sim_json_count(json_object_get(items, "zones/europe-west4-a"), "machineTypes"), 1);
    cr_expect_str_eq(sim_json_text(json_object_get(items, "zones/europe-west4-b"), "warning.code"),
                     "NO_RESULTS_ON_PAGE");
    json_decref(answer);
    rig_do(world, "GET", RIG_COMPUTE "/zones/europe-west4-b/machineTypes/ct6e-standard-4t", NULL,
           404);
    rig_do(world, "GET", RIG_COMPUTE "/zones/europe-west4-b/machineTypes/e2-standard-16", NULL,
           200);
    cr_expect_eq(rig_count(world, RIG_COMPUTE "/zones/us-east5-b/instances", "items"), 2);
    cr_expect_eq(rig_count(world, RIG_COMPUTE "/regions/us-east5/operations", "items"), 3);
    sim_world_free(world);
}

Test(gcp_lists, a_request_id_makes_a_change_once)
{
    struct sim_world *world = rig_project();
    const char *target = RIG_COMPUTE "/global/networks?requestId=11111111-2222";
    json_t *first = rig_ask(world, "POST", target, json_pack("{s:s}", "name", "vpc"), 200);
    json_t *second = rig_ask(world, "POST", target, json_pack("{s:s}", "name", "vpc"), 200);
    cr_expect_str_eq(sim_json_text(first, "name"), sim_json_text(second, "name"));
    json_decref(first);
    json_decref(second);
    json_t *other = rig_ask(world, "POST", RIG_COMPUTE "/global/networks",
                            json_pack("{s:s}", "name", "vpc"), 409);
    cr_expect_str_eq(rig_reason(other), "alreadyExists");
    cr_expect_null(json_object_get(json_object_get(other, "error"), "status"),
                   "Compute Engine writes the old style");
    json_decref(other);
    sim_world_free(world);
}

Test(gcp_lists, what_is_not_ready_cannot_be_used_yet)
{
    struct sim_world *world = rig_project();
    rig_do(world, "POST", RIG_COMPUTE "/global/networks", json_pack("{s:s}", "name", "vpc"), 200);
    json_t *subnet = json_pack("{s:s,s:s,s:s}", "name", "nodes", "ipCidrRange", "10.0.2.0/24",
                               "network", "projects/demo-4711/global/networks/vpc");
    json_t *early = rig_ask(world, "POST", RIG_COMPUTE "/regions/us-east5/subnetworks",
                            json_incref(subnet), 400);
    cr_expect_str_eq(rig_reason(early), "resourceNotReady");
    json_decref(early);
    rig_run(world, 300);
    rig_do(world, "POST", RIG_COMPUTE "/regions/us-east5/subnetworks", subnet, 200);
    rig_run(world, 300);
    rig_do(world, "DELETE", RIG_COMPUTE "/regions/us-east5/subnetworks/nodes", NULL, 200);
    json_t *again =
        rig_ask(world, "DELETE", RIG_COMPUTE "/regions/us-east5/subnetworks/nodes", NULL, 400);
    cr_expect_str_eq(rig_reason(again), "resourceNotReady");
    json_decref(again);
    sim_world_free(world);
}

Test(gcp_lists, odd_names_are_refused_and_long_ones_cut_at_characters)
{
    struct sim_world *world = rig_world(1, 2, true);
    static const char *const odd[] = {"a'b", "a\"b\\\\", "A", "", "-a", "a-"};
    for (size_t i = 0; i < TG_COUNT(odd); i++) {
        rig_do(world, "POST", RIG_CLUSTERS "/gke-us-east5/nodePools",
               json_pack("{s:{s:s}}", "nodePool", "name", odd[i]), 400);
        rig_do(world, "POST", RIG_COMPUTE "/global/networks", json_pack("{s:s}", "name", odd[i]),
               400);
    }
    rig_do(world, "POST",
           "/gkehub/v1/projects/demo-4711/locations/global/features?featureId=a%27b%22",
           json_object(), 400);
    char target[1200] = RIG_COMPUTE "/global/networks?filter=";
    for (int i = 0; i < 300; i++) {
        strcat(target, i == 0 ? "x" : i % 2 == 1 ? "\xc3" : "\xa4");
    }
    strcat(target, "\xa4");
    rig_do(world, "GET", target, NULL, 400);
    sim_world_free(world);
}

Test(gcp_lists, a_nodes_labels_may_say_anything)
{
    struct sim_world *world = rig_world(1, 2, true);
    const struct sim_region *region = sim_world_region(world, 0);
    struct tg_err err = TG_ERR_INIT;
    json_t *node = json_deep_copy(rig_get(world, 0, "nodes", region->tpu_node));
    json_object_set_new(sim_json_at(node, "metadata.labels"), "node.kubernetes.io/instance-type",
                        json_string("o'\"dd\\"));
    json_object_del(json_object_get(node, "metadata"), "resourceVersion");
    sim_store_update(rig_store(world, 0), sim_world_kinds(world)->node, node, &err);
    cr_expect_eq(rig_count(world, RIG_COMPUTE "/zones/us-east5-b/instances", "items"), 2);
    sim_world_free(world);
}
