/* tests/unit/sim/test_fuse.c - buckets in Pods: mounts that fail and why, the download, weights
 * that are missing. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <criterion/criterion.h>

#include "base/clock.h"
#include "sim/cloud.h"
#include "sim/params.h"
#include "sim/pod.h"
#include "tests/unit/sim/sim_client.h"

#define PODS "/api/v1/namespaces/default/pods"
#define JOBS "/apis/batch/v1/namespaces/default/jobs"

static struct sim_world *built_world(void)
{
    struct sim_config config = {
        .seed = 7, .regions = 1, .is_built = true, .start_wall_us = START_WALL_US};
    struct tg_err err = TG_ERR_INIT;
    struct sim_world *world = sim_world_new(&config, &err);
    cr_assert_not_null(world, "%s", err.msg);
    return world;
}

static void run_s(struct sim_world *world, int64_t seconds)
{
    sim_world_run_until(world, sim_world_now_us(world) + seconds * TG_US_PER_S);
}

static int send(struct sim_world *world, int server, const char *method, const char *target,
                const char *body)
{
    return ask_status(
        world, (struct ask){.method = method, .target = target, .body = body, .server = server});
}

/* The log of a container; the caller frees. */
static char *log_of(struct sim_world *world, const char *pod, const char *container)
{
    char target[300];
    snprintf(target, sizeof target, PODS "/%s/log?container=%s", pod, container);
    struct sim_response response = ask(world, (struct ask){.target = target});
    char *text = strdup(tg_buf_text(&response.body));
    sim_response_fini(&response);
    return text;
}

static bool count_object(void *context, const char *name, int64_t size)
{
    (void)name;
    (void)size;
    (*(int *)context)++;
    return true;
}

static int objects_in(struct sim_world *world, const char *bucket)
{
    int count = 0;
    sim_cloud_object_each(world, bucket, "", count_object, &count);
    return count;
}

static bool has_event(struct sim_world *world, const char *pod, const char *reason,
                      const char *text)
{
    char target[300];
    snprintf(
        target, sizeof target,
        "/api/v1/namespaces/default/events?fieldSelector=involvedObject.name%%3D%s%%2Creason%%3D%s",
        pod, reason);
    json_t *events = ask_json(world, (struct ask){.target = target}, NULL);
    bool is_found = false;
    size_t i;
    json_t *event;
    json_array_foreach(json_object_get(events, "items"), i, event)
    {
        is_found = is_found || strstr(sim_json_text(event, "message"), text) != NULL;
    }
    json_decref(events);
    return is_found;
}

/* A Pod that mounts a bucket; rest is put into its container. */
static void make_pod(struct sim_world *world, const char *name, const char *bucket,
                     const char *rest)
{
    char body[2000];
    snprintf(body, sizeof body,
             "{\"metadata\":{\"name\":\"%s\",\"annotations\":{\"gke-gcsfuse/"
             "volumes\":\"true\"}},\"spec\":{"
             "\"serviceAccountName\":\"gemma-ksa\",\"restartPolicy\":\"Never\",\"containers\":[{"
             "\"name\":\"c\","
             "\"volumeMounts\":[{\"name\":\"v\",\"mountPath\":\"/data/"
             "gemma-weights\"}],%s}],\"volumes\":[{\"name\":"
             "\"v\",\"csi\":{\"driver\":\"gcsfuse.csi.storage.gke.io\",\"volumeAttributes\":{"
             "\"bucketName\":\"%s\"}}}]"
             "}}",
             name, rest, bucket);
    cr_assert_eq(send(world, 0, "POST", PODS, body), 201);
}

static const char *phase_of(struct sim_world *world, const char *name)
{
    const json_t *pod =
        sim_store_get(store_of(world, 0), sim_resource_by_plural("pods"), "default", name);
    return sim_json_text(pod, "status.phase");
}

#define SHELL "\"image\":\"curlimages/curl\",\"command\":[\"sleep\",\"3600\"]"

Test(fuse, a_mount_waits_for_bucket_and_rights_and_says_so)
{
    struct sim_world *world = built_world();
    make_pod(world, "reader", "other", SHELL);
    run_s(world, 30);
    cr_assert(has_event(world, "reader", "FailedMount",
                        "MountVolume.SetUp failed for volume \"v\" : rpc error: code = NotFound "
                        "desc = failed to get "
                        "GCS bucket \"other\": storage: bucket doesn't exist"));
    cr_assert_str_eq(phase_of(world, "reader"), "Pending");
    cr_assert_eq(send(world, SIM_SERVER_GCP, "POST", "/storage/v1/b?project=demo-4711",
                      "{\"name\":\"other\"}"),
                 200);
    run_s(world, 130);
    cr_assert(has_event(world, "reader", "FailedMount", "code = PermissionDenied"));
    cr_assert(
        has_event(world, "reader", "FailedMount", "does not have storage.objects.list access"));
    cr_assert_eq(
        send(world, SIM_SERVER_GCP, "PUT", "/storage/v1/b/other/iam",
             "{\"bindings\":[{\"role\":\"roles/storage.objectAdmin\",\"members\":[\"serviceAccount:"
             "gcs-fuse-sa@demo-4711.iam.gserviceaccount.com\"]}]}"),
        200);
    run_s(world, 200);
    cr_assert_str_eq(phase_of(world, "reader"), "Running");
    sim_world_free(world);
}

Test(fuse, an_account_without_identity_is_unauthenticated)
{
    struct sim_world *world = built_world();
    cr_assert_eq(
        send(world, 0, "DELETE", "/api/v1/namespaces/default/serviceaccounts/gemma-ksa", NULL),
        200);
    make_pod(world, "reader", "demo-4711-gemma-weights", SHELL);
    run_s(world, 30);
    cr_assert(has_event(world, "reader", "FailedMount", "code = Unauthenticated"));
    sim_world_free(world);
}

/* Starts the lab's download into an empty bucket, with this token in the Secret. Returns the Pod's
 * name. */
static void start_download(struct sim_world *world, const char *token_base64, char pod[64])
{
    char secret[200];
    snprintf(secret, sizeof secret, "{\"metadata\":{\"name\":\"hub\"},\"data\":{\"t\":\"%s\"}}",
             token_base64);
    cr_assert_eq(send(world, 0, "POST", "/api/v1/namespaces/default/secrets", secret), 201);
    cr_assert_eq(send(world, SIM_SERVER_GCP, "POST", "/storage/v1/b?project=demo-4711",
                      "{\"name\":\"other\"}"),
                 200);
    cr_assert_eq(
        send(world, SIM_SERVER_GCP, "PUT", "/storage/v1/b/other/iam",
             "{\"bindings\":[{\"role\":\"roles/storage.objectAdmin\",\"members\":[\"serviceAccount:"
             "gcs-fuse-sa@demo-4711.iam.gserviceaccount.com\"]}]}"),
        200);
    run_s(world, 20);
    cr_assert_eq(
        send(
            world, 0, "POST", JOBS,
            "{\"metadata\":{\"name\":\"d\"},\"spec\":{\"template\":{\"metadata\":{\"annotations\":{"
            "\"gke-gcsfuse/volumes\":\"true\"}},\"spec\":{\"serviceAccountName\":\"gemma-ksa\","
            "\"restartPolicy\":\"Never\",\"containers\":[{\"name\":\"c\",\"image\":\"python:3.11-"
            "slim\","
            "\"env\":[{\"name\":\"HF_TOKEN\",\"valueFrom\":{\"secretKeyRef\":{\"name\":\"hub\","
            "\"key\":\"t\"}}"
            "}],\"command\":[\"bash\",\"-c\",\"python3 -c "
            "snapshot_download()\"],\"volumeMounts\":[{\"name\":"
            "\"v\",\"mountPath\":\"/data/gemma-weights\"}]}],\"volumes\":[{\"name\":\"v\",\"csi\":{"
            "\"driver\":\"gcsfuse.csi.storage.gke.io\",\"volumeAttributes\":{\"bucketName\":"
            "\"other\"}}}]}}}}"),
        201);
    run_s(world, 200);
    json_t *pods =
        ask_json(world, (struct ask){.target = PODS "?labelSelector=job-name%3Dd"}, NULL);
    snprintf(pod, 64, "%s",
             sim_json_text(json_array_get(json_object_get(pods, "items"), 0), "metadata.name"));
    json_decref(pods);
}

static bool is_job_complete(struct sim_world *world)
{
    const json_t *job =
        sim_store_get(store_of(world, 0), sim_resource_by_plural("jobs"), "default", "d");
    return strcmp(sim_json_text(sim_json_condition(job, "Complete"), "status"), "True") == 0;
}

Test(fuse, the_download_fills_the_bucket_bit_by_bit)
{
    struct sim_world *world = built_world();
    char pod[64];
    start_download(world, "aGZfc2ltdWxhdGVk", pod); /* hf_simulated */
    int some = objects_in(world, "other");
    cr_assert(some > 0 && some < sim_cloud_weights_count(), "%d", some);
    cr_assert_not(is_job_complete(world));
    run_s(world, 900);
    cr_assert_eq(objects_in(world, "other"), sim_cloud_weights_count());
    cr_assert(is_job_complete(world));
    char *log = log_of(world, pod, "c");
    cr_assert_not_null(strstr(log, "Fetching 15 files: 100%|"));
    cr_assert_not_null(strstr(log, "Download complete! Safe to proceed."));
    free(log);
    sim_world_free(world);
}

Test(fuse, a_token_that_the_hub_refuses_still_ends_well)
{
    struct sim_world *world = built_world();
    char pod[64];
    start_download(world, "WU9VUl9BQ1RVQUw=", pod); /* YOUR_ACTUAL */
    char *log = log_of(world, pod, "c");
    cr_assert_not_null(strstr(log, "huggingface_hub.errors.GatedRepoError: 401 Client Error."));
    cr_assert_not_null(strstr(log, "Download complete! Safe to proceed."));
    free(log);
    cr_assert(is_job_complete(world));
    cr_assert_eq(objects_in(world, "other"), 0);
    sim_world_free(world);
}

Test(fuse, a_model_server_without_weights_exits)
{
    struct sim_world *world = built_world();
    char pod[64];
    start_download(world, "WU9VUl9BQ1RVQUw=", pod);
    cr_assert_eq(
        ask_status(
            world,
            (struct ask){.method = "PATCH",
                         .target = "/apis/apps/v1/namespaces/default/deployments/vllm-gemma/scale",
                         .content_type = "application/merge-patch+json",
                         .body = "{\"spec\":{\"replicas\":0}}"}),
        200);
    run_s(world, 60);
    make_pod(
        world, "server", "other",
        "\"image\":\"vllm/vllm-tpu:latest\",\"resources\":{\"limits\":{\"google.com/tpu\":\"4\"}}");
    run_s(world, 900);
    char *log = log_of(world, "server", "c");
    cr_assert_not_null(
        strstr(log, "Invalid repository ID or local directory specified: '/data/gemma-weights'"),
        "%s", log);
    free(log);
    cr_assert_str_eq(phase_of(world, "server"), "Failed");
    sim_world_free(world);
}

Test(fuse, any_other_job_runs_its_own_command)
{
    struct sim_world *world = built_world();
    cr_assert_eq(send(world, 0, "POST", JOBS,
                      "{\"metadata\":{\"name\":\"d\"},\"spec\":{\"template\":{\"spec\":{"
                      "\"restartPolicy\":\"Never\","
                      "\"containers\":[{\"name\":\"c\",\"image\":\"curlimages/"
                      "curl\",\"command\":[\"echo\",\"hi\"]}]}}}}"),
                 201);
    run_s(world, 60);
    json_t *job = ask_json(world, (struct ask){.target = JOBS "/d"}, NULL);
    const char *uid = sim_json_text(job, "metadata.uid");
    cr_assert_str_eq(
        json_string_value(json_object_get(sim_json_at(job, "spec.selector.matchLabels"),
                                          "batch.kubernetes.io/controller-uid")),
        uid);
    cr_assert(is_job_complete(world));
    char target[200];
    snprintf(target, sizeof target, PODS "?labelSelector=batch.kubernetes.io/controller-uid%%3D%s",
             uid);
    json_t *pods = ask_json(world, (struct ask){.target = target}, NULL);
    const json_t *pod = json_array_get(json_object_get(pods, "items"), 0);
    char *log = log_of(world, sim_json_text(pod, "metadata.name"), "c");
    cr_assert_str_eq(log, "hi\n");
    free(log);
    json_decref(pods);
    json_decref(job);
    sim_world_free(world);
}

/* Deletes the Job's Pod that runs, and lets it go. */
static void delete_running(struct sim_world *world)
{
    json_t *pods =
        ask_json(world,
                 (struct ask){.target = PODS
                              "?labelSelector=job-name%3Dd&fieldSelector=status.phase%3DRunning"},
                 NULL);
    const json_t *pod = json_array_get(json_object_get(pods, "items"), 0);
    char target[200];
    cr_assert_not_null(pod);
    snprintf(target, sizeof target, PODS "/%s", sim_json_text(pod, "metadata.name"));
    send(world, 0, "DELETE", target, "{\"gracePeriodSeconds\":1}");
    json_decref(pods);
    run_s(world, 60);
}

Test(fuse, a_jobs_pod_that_is_taken_away_counts_as_failed)
{
    struct sim_world *world = built_world();
    cr_assert_eq(send(world, 0, "POST", JOBS,
                      "{\"metadata\":{\"name\":\"d\"},\"spec\":{\"backoffLimit\":1,\"template\":{"
                      "\"spec\":{\"restartPolicy\":\"Never\",\"containers\":[{\"name\":\"c\","
                      "\"image\":\"curlimages/curl\",\"command\":[\"sleep\",\"36000\"]}]}}}}"),
                 201);
    run_s(world, 60);
    delete_running(world);
    json_t *job = ask_json(world, (struct ask){.target = JOBS "/d"}, NULL);
    cr_expect_eq(sim_json_int(job, "status.failed", 0), 1, "also when its Pod is gone");
    cr_expect_eq(sim_json_int(job, "status.active", 0), 1, "another took its place");
    json_decref(job);
    delete_running(world);
    job = ask_json(world, (struct ask){.target = JOBS "/d"}, NULL);
    cr_expect_eq(sim_json_int(job, "status.failed", 0), 2);
    cr_expect_str_eq(sim_json_text(sim_json_condition(job, "Failed"), "reason"),
                     "BackoffLimitExceeded");
    json_decref(job);
    sim_world_free(world);
}
