/* tests/unit/sim/test_gcp.c - Google Cloud's answers in the shapes that its clients read. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <criterion/criterion.h>

#include "base/assert.h"
#include "base/clock.h"
#include "base/mem.h"
#include "sim/gcp_state.h"
#include "tests/unit/sim/world_rig.h"

#define P "/compute/v1/projects/demo-4711"

static json_t *get(struct sim_world *world, const char *path, int expected)
{
    int status = 0;
    json_t *answer = sim_gcp_get(world, "GET", path, "", NULL, &status);
    cr_assert_not_null(answer, "%s", path);
    cr_expect_eq(status, expected, "%s: %d", path, status);
    return answer;
}

/* Elements of the list under key; path may carry a query. */
static size_t count(struct sim_world *world, const char *path, const char *key)
{
    int status = 0;
    const char *query = strchr(path, '?');
    char *plain = strndup(path, strcspn(path, "?"));
    json_t *answer =
        sim_gcp_get(world, "GET", plain, query == NULL ? "" : query + 1, NULL, &status);
    cr_expect_eq(status, 200, "%s: %d", path, status);
    free(plain);
    size_t size = json_array_size(json_object_get(answer, key));
    json_decref(answer);
    return size;
}

Test(sim_gcp, the_lab_is_listed_as_the_apis_list_it)
{
    struct sim_world *world = rig_world(1, 2, true);
    cr_expect_eq(count(world, P "/global/networks", "items"), 1);
    cr_expect_eq(count(world, P "/regions/us-east5/subnetworks", "items"), 2);
    /* the lab's two, two of the gateway's, and service discovery's for each cluster */
    cr_expect_eq(count(world, P "/global/firewalls", "items"), 6);
    cr_expect_eq(count(world, P "/global/forwardingRules", "items"), 2);
    cr_expect_eq(count(world, P "/global/backendServices", "items"), 1);
    cr_expect_eq(count(world, P "/zones/us-east5-b/networkEndpointGroups", "items"), 1);
    cr_expect_eq(count(world, "/v1/projects/demo-4711/locations/-/clusters", "clusters"), 2);
    cr_expect_eq(
        count(world, "/v1/projects/demo-4711/locations/us-east5-b/clusters/gke-us-east5/nodePools",
              "nodePools"),
        2);
    cr_expect_eq(count(world, "/v1/projects/demo-4711/locations/global/memberships", "resources"),
                 2);
    cr_expect_eq(count(world, "/v1/projects/demo-4711/locations/global/features", "resources"), 2);
    cr_expect_eq(count(world, "/storage/v1/b", "items"), 1);
    cr_expect_eq(count(world, "/storage/v1/b/demo-4711-gemma-weights/o", "items"), 15);
    cr_expect_eq(count(world, "/v1/projects/demo-4711/serviceAccounts", "accounts"), 1);
    cr_expect_geq(count(world, "/v1/projects/demo-4711/services", "services"), 8);
    sim_world_free(world);
}

Test(sim_gcp, single_objects_have_the_fields_that_clients_need)
{
    struct sim_world *world = rig_world(1, 2, true);
    json_t *address = get(world, P "/regions/us-east5/addresses/gemma-gateway-ip-us-east5", 200);
    cr_expect_str_eq(sim_json_text(address, "address"), "10.0.2.7");
    cr_expect_str_eq(sim_json_text(address, "status"), "IN_USE");
    json_decref(address);
    json_t *project = get(world, "/v1/projects/demo-4711", 200);
    cr_expect_str_eq(sim_json_text(project, "lifecycleState"), "ACTIVE");
    json_decref(project);
    sim_gcp_set_cluster_access(world, 1, "127.0.0.1:4433", "Q0E=");
    json_t *cluster = get(
        world, "/v1/projects/demo-4711/locations/europe-west4-a/clusters/gke-europe-west4", 200);
    cr_expect_str_eq(sim_json_text(cluster, "status"), "RUNNING");
    cr_expect_str_eq(sim_json_text(cluster, "zone"), "europe-west4-a");
    cr_expect_str_eq(sim_json_text(cluster, "endpoint"), "127.0.0.1:4433");
    cr_expect_str_eq(sim_json_text(cluster, "masterAuth.clusterCaCertificate"), "Q0E=");
    json_decref(cluster);
    json_t *addresses = get(world, P "/aggregated/addresses", 200);
    const json_t *scope =
        json_object_get(json_object_get(addresses, "items"), "regions/europe-west4");
    cr_expect_str_eq(
        sim_json_text(json_array_get(json_object_get(scope, "addresses"), 0), "address"),
        "10.0.1.9");
    json_decref(addresses);
    sim_world_free(world);
}

Test(sim_gcp, unknown_things_are_404_and_other_projects_403)
{
    struct sim_world *world = rig_world(1, 2, true);
    json_t *error = get(world, P "/global/networks/none", 404);
    cr_expect_eq(sim_json_int(error, "error.code", 0), 404);
    cr_expect_not_null(strstr(sim_json_text(error, "error.message"), "was not found"));
    json_decref(error);
    json_decref(get(world, "/v1/projects/demo-4711/locations/x/clusters/y", 404));
    json_decref(get(world, "/storage/v1/b/other", 404));
    json_decref(get(world, "/compute/v1/projects/other/global/networks", 403));
    int status = 0;
    cr_expect_null(sim_gcp_get(world, "GET", P "/global/nonsense", "", NULL, &status));
    sim_world_free(world);
}

static json_t *health(struct sim_world *world, const char *group)
{
    json_t *services = get(world, P "/global/backendServices", 200);
    const json_t *service = json_array_get(json_object_get(services, "items"), 0);
    char path[300];
    snprintf(path, sizeof path, P "/global/backendServices/%s/getHealth",
             sim_json_text(service, "name"));
    json_t *body = json_pack("{s:s}", "group", group);
    int status = 0;
    json_t *answer = sim_gcp_get(world, "POST", path, "", body, &status);
    cr_expect_eq(status, 200);
    json_decref(body);
    json_decref(services);
    return answer;
}

Test(sim_gcp, backend_health_is_the_proxies_view_with_its_delay)
{
    struct sim_world *world = rig_world(1, 2, true);
    json_t *services = get(world, P "/global/backendServices", 200);
    const json_t *backend = json_array_get(
        sim_json_at(json_array_get(json_object_get(services, "items"), 0), "backends"), 0);
    char *group = strdup(sim_json_text(backend, "group"));
    json_decref(services);
    cr_expect_not_null(strstr(group, "zones/us-east5-b/networkEndpointGroups/"));

    json_t *answer = health(world, group);
    cr_expect_str_eq(
        sim_json_text(json_array_get(json_object_get(answer, "healthStatus"), 0), "healthState"),
        "HEALTHY");
    json_decref(answer);
    rig_scale(world, 0, "vllm-gemma", 0);
    rig_run(world, 3);
    answer = health(world, group);
    cr_expect_str_eq(
        sim_json_text(json_array_get(json_object_get(answer, "healthStatus"), 0), "healthState"),
        "HEALTHY", "not told yet");
    json_decref(answer);
    rig_run(world, 120);
    answer = health(world, group);
    cr_expect_null(json_object_get(answer, "healthStatus"), "an empty group has no states");
    json_decref(answer);
    free(group);
    sim_world_free(world);
}

static json_t *post(struct sim_world *world, const char *path, json_t *body, int expected)
{
    int status = 0;
    json_t *answer = sim_gcp_get(world, "POST", path, "", body, &status);
    json_decref(body);
    cr_assert_not_null(answer, "%s", path);
    cr_expect_eq(status, expected, "%s: %d %s", path, status,
                 sim_json_text(answer, "error.message"));
    return answer;
}

/* Enables the lab's APIs and waits for them. */
static void enable_all(struct sim_world *world)
{
    json_t *names = json_pack("{s:[s,s,s]}", "serviceIds", "compute.googleapis.com",
                              "container.googleapis.com", "gkehub.googleapis.com");
    json_decref(
        post(world, "/serviceusage/v1/projects/demo-4711/services:batchEnable", names, 200));
    rig_run(world, 600);
}

Test(sim_gcp, an_empty_project_has_empty_lists)
{
    struct sim_world *world = rig_world(1, 2, false);
    cr_expect_eq(count(world, "/v1/projects/demo-4711/services?filter=state:ENABLED", "services"),
                 2);
    enable_all(world);
    cr_expect_eq(count(world, P "/global/networks", "items"), 0);
    cr_expect_eq(count(world, "/v1/projects/demo-4711/locations/-/clusters", "clusters"), 0);
    cr_expect_eq(count(world, "/v1/projects/demo-4711/locations/global/memberships", "resources"),
                 0);
    cr_expect_eq(count(world, "/storage/v1/b", "items"), 0);
    json_decref(get(world, P "/aggregated/addresses", 200));
    json_decref(get(world, "/v1/projects/demo-4711", 200));
    sim_world_free(world);
}

/* Service Usage names its operations without a project: whoever follows one finds it. */
Test(sim_gcp, an_enabled_service_has_an_operation_that_ends)
{
    struct sim_world *world = rig_world(1, 2, false);
    int status = 0;
    json_t *body = json_object();
    json_t *begun = sim_gcp_get(world, "POST",
                                "/v1beta1/projects/demo-4711/services/gkehub.googleapis.com:enable",
                                "", body, &status);
    char *path = tg_asprintf("/v1beta1/%s", sim_json_text(begun, "name"));
    json_decref(get(world, path, 200));
    sim_world_run_until(world, sim_world_now_us(world) + 600 * TG_US_PER_S);
    json_t *ended = get(world, path, 200);
    cr_expect(json_is_true(json_object_get(ended, "done")));
    json_decref(ended);
    json_decref(begun);
    json_decref(body);
    free(path);
    sim_world_free(world);
}

Test(sim_gcp, what_the_fleet_adds_is_no_difference_to_what_was_asked_for)
{
    struct sim_world *world = rig_world(1, 2, true);
    json_t *cluster =
        get(world, "/v1/projects/demo-4711/locations/us-east5-b/clusters/gke-us-east5", 200);
    cr_expect(json_is_true(sim_json_at(cluster, "fleet.preRegistered")));
    json_decref(cluster);
    json_t *membership = get(
        world, "/gkehub/v1beta/projects/demo-4711/locations/global/memberships/gke-us-east5", 200);
    cr_expect_null(json_object_get(membership, "authority"), "nobody asked for one");
    json_decref(membership);
    sim_world_free(world);
}

Test(sim_gcp, an_api_refuses_until_it_is_enabled)
{
    struct sim_world *world = rig_world(1, 2, false);
    json_t *refused = get(world, P "/global/networks", 403);
    cr_expect_not_null(
        strstr(sim_json_text(refused, "error.message"), "Compute Engine API has not been used"));
    const json_t *error = json_array_get(sim_json_at(refused, "error.errors"), 0);
    cr_expect_str_eq(sim_json_text(error, "reason"), "accessNotConfigured");
    const json_t *info = json_array_get(sim_json_at(refused, "error.details"), 1);
    cr_expect_str_eq(sim_json_text(info, "reason"), "SERVICE_DISABLED");
    cr_expect_str_eq(sim_json_text(info, "metadata.service"), "compute.googleapis.com");
    json_decref(refused);
    json_decref(get(world, "/v1/projects/demo-4711/locations/-/clusters", 403));
    json_decref(get(world, "/v1/projects/demo-4711/locations/global/memberships", 403));
    json_decref(get(world, "/storage/v1/b", 200));

    json_decref(post(world, "/v1/projects/demo-4711/services/compute.googleapis.com:enable",
                     json_object(), 200));
    json_decref(get(world, P "/global/networks", 403));
    rig_run(world, 600);
    json_decref(get(world, P "/global/networks", 200));
    json_decref(get(world, "/v1/projects/demo-4711/locations/-/clusters", 403));
    sim_world_free(world);
}

static json_t *request(struct sim_world *world, const char *method, const char *path, json_t *body,
                       int expected)
{
    int status = 0;
    json_t *answer = sim_gcp_get(world, method, path, "", body, &status);
    json_decref(body);
    cr_assert_not_null(answer, "%s", path);
    cr_expect_eq(status, expected, "%s %s: %d", method, path, status);
    return answer;
}

/* The operation's state when it has ended. */
static json_t *ended(struct sim_world *world, json_t *operation)
{
    char path[256];
    snprintf(path, sizeof path, P "/global/operations/%s", sim_json_text(operation, "name"));
    json_decref(operation);
    rig_run(world, 600);
    return get(world, path, 200);
}

Test(sim_gcp, a_network_in_use_fails_to_go_while_its_operation_runs)
{
    struct sim_world *world = rig_world(1, 2, false);
    enable_all(world);
    json_decref(
        ended(world, post(world, P "/global/networks", json_pack("{s:s}", "name", "vpc"), 200)));
    json_decref(ended(world, post(world, P "/global/firewalls",
                                  json_pack("{s:s,s:s}", "name", "ghost", "network",
                                            "projects/demo-4711/global/networks/vpc"),
                                  200)));
    json_t *operation = ended(world, request(world, "DELETE", P "/global/networks/vpc", NULL, 200));
    const json_t *error = json_array_get(sim_json_at(operation, "error.errors"), 0);
    cr_expect_str_eq(sim_json_text(operation, "status"), "DONE");
    cr_expect_str_eq(sim_json_text(error, "code"), "RESOURCE_IN_USE_BY_ANOTHER_RESOURCE");
    cr_expect_not_null(strstr(sim_json_text(error, "message"),
                              "is already being used by 'projects/demo-4711/global/firewalls/"
                              "ghost'"));
    json_decref(operation);
    json_decref(get(world, P "/global/networks/vpc", 200));
    json_decref(ended(world, request(world, "DELETE", P "/global/firewalls/ghost", NULL, 200)));
    json_decref(ended(world, request(world, "DELETE", P "/global/networks/vpc", NULL, 200)));
    json_decref(get(world, P "/global/networks/vpc", 404));
    sim_world_free(world);
}

Test(sim_gcp, a_stale_fingerprint_changes_nothing)
{
    static const char path[] = P "/regions/us-east5/addresses/gemma-gateway-ip-us-east5";
    struct sim_world *world = rig_world(1, 2, true);
    json_t *address = get(world, path, 200);
    char *old = strdup(sim_json_text(address, "labelFingerprint"));
    json_decref(address);
    char labels[200];
    snprintf(labels, sizeof labels, "%s/setLabels", path);
    json_decref(post(world, labels,
                     json_pack("{s:{s:s},s:s}", "labels", "a", "1", "labelFingerprint", old), 200));
    json_t *refused =
        post(world, labels, json_pack("{s:{s:s},s:s}", "labels", "a", "2", "labelFingerprint", old),
             412);
    cr_expect_str_eq(
        sim_json_text(json_array_get(sim_json_at(refused, "error.errors"), 0), "reason"),
        "conditionNotMet");
    json_decref(refused);
    address = get(world, path, 200);
    cr_expect_str_eq(sim_json_text(address, "labels.a"), "1");
    json_decref(address);
    free(old);
    sim_world_free(world);
}

Test(sim_gcp, a_busy_cluster_says_so_in_the_word_by_which_clients_wait)
{
    struct sim_world *world = rig_world(1, 2, true);
    static const char pools[] =
        "/v1/projects/demo-4711/locations/us-east5-b/clusters/gke-us-east5/nodePools";
    json_decref(post(world, pools, json_pack("{s:{s:s}}", "nodePool", "name", "more"), 200));
    json_t *refused =
        post(world, pools, json_pack("{s:{s:s}}", "nodePool", "name", "another"), 400);
    cr_expect_str_eq(
        sim_json_text(json_array_get(sim_json_at(refused, "error.errors"), 0), "reason"),
        "failedPrecondition");
    json_decref(refused);
    sim_world_free(world);
}

Test(sim_gcp, a_subnet_goes_while_another_regions_cluster_uses_its_namesake)
{
    static const char *const subnets[] = {P "/regions/europe-west4/subnetworks",
                                          P "/regions/us-east5/subnetworks"};
    struct sim_world *world = rig_world(1, 2, false);
    enable_all(world);
    json_decref(
        ended(world, post(world, P "/global/networks", json_pack("{s:s}", "name", "vpc"), 200)));
    for (size_t i = 0; i < TG_COUNT(subnets); i++) {
        json_decref(post(world, subnets[i],
                         json_pack("{s:s,s:s,s:s}", "name", "nodes", "ipCidrRange", "10.0.1.0/24",
                                   "network", "projects/demo-4711/global/networks/vpc"),
                         200));
    }
    json_decref(post(world, "/v1/projects/demo-4711/locations/us-east5-b/clusters",
                     json_pack("{s:{s:s,s:s,s:s}}", "cluster", "name", "gke-us-east5", "network",
                               "vpc", "subnetwork", "nodes"),
                     200));
    rig_run(world, 1200);
    json_decref(request(world, "DELETE", P "/regions/us-east5/subnetworks/nodes", NULL, 400));
    json_decref(request(world, "DELETE", P "/regions/europe-west4/subnetworks/nodes", NULL, 200));
    sim_world_free(world);
}
