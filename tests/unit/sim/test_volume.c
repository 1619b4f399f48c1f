/* tests/unit/sim/test_volume.c - volumes and claims: binding, provisioning, release, and a bucket
 * that is mounted by a claim. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "tests/unit/sim/sim_client.h"
#include "tests/unit/sim/world_rig.h"

#define VOLUMES "/api/v1/persistentvolumes"
#define CLAIMS  "/api/v1/namespaces/default/persistentvolumeclaims"
#define PODS    "/api/v1/namespaces/default/pods"

static void post(struct sim_world *world, const char *target, const char *body)
{
    int got = 0;
    json_t *answer =
        ask_json(world, (struct ask){.method = "POST", .target = target, .body = body}, &got);
    cr_assert_eq(got, 201, "%d: %s", got, sim_json_text(answer, "message"));
    json_decref(answer);
}

static const char *phase(struct sim_world *world, const char *plural, const char *name)
{
    return sim_json_text(rig_get(world, 0, plural, name), "status.phase");
}

/* The volume of a bucket and its claim, as GKE's documentation has them. */
static void make_bucket_claim(struct sim_world *world, const char *bucket)
{
    char body[1024];
    snprintf(body, sizeof body,
             "{\"metadata\":{\"name\":\"weights\"},\"spec\":{\"accessModes\":[\"ReadWriteMany\"],"
             "\"capacity\":{\"storage\":\"64Gi\"},\"storageClassName\":\"dummy\",\"mountOptions\":"
             "[\"implicit-dirs\"],\"csi\":{\"driver\":\"gcsfuse.csi.storage.gke.io\","
             "\"volumeHandle\":\"%s\"},\"claimRef\":{\"name\":\"weights\",\"namespace\":"
             "\"default\"}}}",
             bucket);
    post(world, VOLUMES, body);
    post(world, CLAIMS,
         "{\"metadata\":{\"name\":\"weights\"},\"spec\":{\"accessModes\":[\"ReadWriteMany\"],"
         "\"resources\":{\"requests\":{\"storage\":\"64Gi\"}},\"storageClassName\":\"dummy\","
         "\"volumeName\":\"weights\"}}");
}

static void make_reader(struct sim_world *world, const char *claim)
{
    char body[1024];
    snprintf(body, sizeof body,
             "{\"metadata\":{\"name\":\"reader\",\"annotations\":{\"gke-gcsfuse/volumes\":"
             "\"true\"}},\"spec\":{\"serviceAccountName\":\"gemma-ksa\",\"containers\":[{\"name\":"
             "\"c\",\"image\":\"i\",\"volumeMounts\":[{\"name\":\"v\",\"mountPath\":\"/data\"}]}],"
             "\"volumes\":[{\"name\":\"v\",\"persistentVolumeClaim\":{\"claimName\":\"%s\"}}]}}",
             claim);
    post(world, PODS, body);
}

Test(volume, a_bucket_is_mounted_by_its_claim)
{
    struct sim_world *world = rig_world(4, 1, true);
    make_bucket_claim(world, "demo-4711-gemma-weights");
    rig_run(world, 5);
    cr_assert_str_eq(phase(world, "persistentvolumes", "weights"), "Bound");
    cr_assert_str_eq(phase(world, "persistentvolumeclaims", "weights"), "Bound");
    cr_assert_str_eq(sim_json_text(rig_get(world, 0, "persistentvolumeclaims", "weights"),
                                   "status.capacity.storage"),
                     "64Gi");
    make_reader(world, "weights");
    rig_run(world, 60);
    cr_assert_str_eq(phase(world, "pods", "reader"), "Running");
    sim_world_free(world);
}

struct told {
    const char *words;
    bool is_found;
};

static bool find_told(void *context, json_t *event)
{
    struct told *told = context;
    told->is_found = told->is_found || strstr(sim_json_text(event, "message"), told->words) != NULL;
    return true;
}

Test(volume, a_bucket_that_is_not_there_keeps_the_pod_waiting)
{
    struct sim_world *world = rig_world(4, 1, true);
    make_bucket_claim(world, "nothing");
    make_reader(world, "weights");
    rig_run(world, 60);
    cr_assert_str_eq(phase(world, "pods", "reader"), "Pending");
    struct told told = {"bucket doesn't exist", false};
    sim_store_each(rig_store(world, 0), sim_resource_by_plural("events"), NULL, find_told, &told);
    cr_assert(told.is_found);
    sim_world_free(world);
}

Test(volume, a_pod_waits_for_its_claim)
{
    struct sim_world *world = rig_world(4, 1, true);
    make_reader(world, "weights");
    rig_run(world, 15);
    const json_t *scheduled =
        sim_json_condition(rig_get(world, 0, "pods", "reader"), "PodScheduled");
    cr_assert_not_null(strstr(sim_json_text(scheduled, "message"),
                              "0/2 nodes are available: persistentvolumeclaim \"weights\" not "
                              "found. preemption:"));
    make_bucket_claim(world, "demo-4711-gemma-weights");
    rig_run(world, 60);
    cr_assert_str_eq(phase(world, "pods", "reader"), "Running");
    sim_world_free(world);
}

Test(volume, the_default_class_makes_a_disk_for_the_first_pod)
{
    struct sim_world *world = rig_world(4, 1, true);
    post(world, CLAIMS,
         "{\"metadata\":{\"name\":\"disk\"},\"spec\":{\"accessModes\":[\"ReadWriteOnce\"],"
         "\"resources\":{\"requests\":{\"storage\":\"10Gi\"}}}}");
    rig_run(world, 10);
    cr_assert_str_eq(phase(world, "persistentvolumeclaims", "disk"), "Pending");
    cr_assert_str_eq(
        sim_json_text(rig_get(world, 0, "persistentvolumeclaims", "disk"), "spec.storageClassName"),
        "standard-rwo");
    cr_assert_str_eq(sim_json_text(rig_first(world, 0, "events", "disk.", NULL), "reason"),
                     "WaitForFirstConsumer");
    make_reader(world, "disk");
    rig_run(world, 60);
    cr_assert_str_eq(phase(world, "pods", "reader"), "Running");
    const json_t *volume = rig_first(world, 0, "persistentvolumes", "pvc-", NULL);
    cr_assert_str_eq(sim_json_text(volume, "status.phase"), "Bound");
    cr_assert_eq(ask_status(world, (struct ask){.method = "DELETE", .target = CLAIMS "/disk"}),
                 200);
    rig_run(world, 10);
    cr_assert_not_null(rig_get(world, 0, "persistentvolumeclaims", "disk"), "it is in use");
    ask_status(world, (struct ask){.method = "DELETE", .target = PODS "/reader"});
    rig_run(world, 60);
    cr_assert_null(rig_get(world, 0, "persistentvolumeclaims", "disk"));
    cr_assert_null(rig_first(world, 0, "persistentvolumes", "pvc-", NULL),
                   "its class deletes what it made");
    sim_world_free(world);
}

Test(volume, a_kept_volume_is_released_and_bound_by_nobody_else)
{
    struct sim_world *world = rig_world(4, 1, true);
    make_bucket_claim(world, "demo-4711-gemma-weights");
    rig_run(world, 5);
    ask_status(world, (struct ask){.method = "DELETE", .target = CLAIMS "/weights"});
    rig_run(world, 5);
    cr_assert_str_eq(phase(world, "persistentvolumes", "weights"), "Released");
    cr_assert_eq(ask_status(world, (struct ask){.method = "DELETE", .target = VOLUMES "/weights"}),
                 200);
    rig_run(world, 5);
    cr_assert_null(rig_get(world, 0, "persistentvolumes", "weights"));
    sim_world_free(world);
}

Test(volume, the_smallest_that_suits_is_taken)
{
    static const char *const sizes[] = {"30Gi", "10Gi", "20Gi", "5Gi"};
    struct sim_world *world = rig_world(4, 1, true);
    for (size_t i = 0; i < 4; i++) {
        char body[512];
        snprintf(body, sizeof body,
                 "{\"metadata\":{\"name\":\"v%zu\"},\"spec\":{\"accessModes\":[\"ReadWriteOnce\"],"
                 "\"capacity\":{\"storage\":\"%s\"},\"hostPath\":{\"path\":\"/x\"}}}",
                 i, sizes[i]);
        post(world, VOLUMES, body);
    }
    post(world, CLAIMS,
         "{\"metadata\":{\"name\":\"c\"},\"spec\":{\"accessModes\":[\"ReadWriteOnce\"],"
         "\"storageClassName\":\"\",\"resources\":{\"requests\":{\"storage\":\"8Gi\"}}}}");
    rig_run(world, 5);
    cr_assert_str_eq(
        sim_json_text(rig_get(world, 0, "persistentvolumeclaims", "c"), "spec.volumeName"), "v1");
    cr_assert_str_eq(phase(world, "persistentvolumes", "v0"), "Available");
    sim_world_free(world);
}

Test(volume, refuses_what_a_real_server_refuses)
{
    static const struct {
        const char *target;
        const char *body;
        const char *message;
    } cases[] = {
        {CLAIMS, "{\"metadata\":{\"name\":\"e\"},\"spec\":{}}",
         "PersistentVolumeClaim \"e\" is invalid: [spec.accessModes: Required value: at least 1 "
         "access mode is required, spec.resources[storage]: Required value]"},
        {VOLUMES, "{\"metadata\":{\"name\":\"e\"},\"spec\":{}}",
         "PersistentVolume \"e\" is invalid: [spec.accessModes: Required value, spec.capacity: "
         "Required value, spec.capacity: Unsupported value: null: supported values: \"storage\", "
         "spec: Required value: must specify a volume type]"},
    };
    struct sim_world *world = empty_world();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int status = 0;
        json_t *answer = ask_json(
            world, (struct ask){.method = "POST", .target = cases[i].target, .body = cases[i].body},
            &status);
        cr_assert_eq(status, 422);
        cr_assert_str_eq(sim_json_text(answer, "message"), cases[i].message);
        json_decref(answer);
    }
    sim_world_free(world);
}
