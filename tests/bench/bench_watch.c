/* bench/bench_watch.c - watch events per second through decode and reduce, with 10,000 Pods held.
 *
 * Goal: 50,000 events a second on one core, under 60 MB. The document is a Pod of the lab's
 * workload without managedFields, as the simulator sends it, and once more with as many
 * managedFields as a GKE API server adds.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <malloc.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "codec/k8s.h"
#include "model/reduce.h"
#include "tests/bench/bench.h"

#define PODS     10000
#define VERSIONS 20

/* What the API server notes of who wrote which field: of such a Pod about as much as all the rest.
 */
#define ENTRY                                                                                      \
    "{\"manager\":\"kubelet\",\"operation\":\"Update\",\"apiVersion\":\"v1\",\"time\":\"2026-01-"  \
    "01T00:"                                                                                       \
    "01:09Z\",\"fieldsType\":\"FieldsV1\",\"fieldsV1\":{\"f:status\":{\"f:conditions\":{\"k:{"     \
    "\\\"type\\\""                                                                                 \
    ":\\\"Ready\\\"}\":{\".\":{},\"f:lastProbeTime\":{},\"f:lastTransitionTime\":{},\"f:status\":" \
    "{},"                                                                                          \
    "\"f:type\":{}}},\"f:containerStatuses\":{},\"f:hostIP\":{},\"f:phase\":{},\"f:podIP\":{},"    \
    "\"f:podIPs\":{\".\":{},\"k:{\\\"ip\\\":\\\"10.4.0.9\\\"}\":{\".\":{},\"f:ip\":{}}},\"f:"      \
    "startTime\":"                                                                                 \
    "{}}},\"subresource\":\"status\"}"
#define MANAGED_FIELDS "\"managedFields\":[" ENTRY "," ENTRY "," ENTRY "," ENTRY "],"

static char *make_line(int pod, int version, bool has_managed_fields, size_t *len)
{
    char *line = tg_asprintf(
        "{\"type\":\"%s\",\"object\":{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"metadata\":{%s"
        "\"name\":"
        "\"vllm-gemma-7c9f8d6b5-%05d\",\"generateName\":\"vllm-gemma-7c9f8d6b5-\",\"namespace\":"
        "\"default\",\"uid\":\"5f7c2f1e-0000-4000-8000-%012d\",\"resourceVersion\":\"%d\","
        "\"creationTimestamp\":\"2026-01-01T00:00:00Z\",\"labels\":{\"app\":\"gemma-server\","
        "\"pod-template-hash\":\"7c9f8d6b5\"},\"annotations\":{\"gke-gcsfuse/volumes\":\"true\"},"
        "\"ownerReferences\":[{\"apiVersion\":\"apps/v1\",\"kind\":\"ReplicaSet\",\"name\":"
        "\"vllm-gemma-7c9f8d6b5\",\"uid\":\"11111111-2222-4333-8444-555555555555\",\"controller\":"
        "true,"
        "\"blockOwnerDeletion\":true}]},\"spec\":{\"nodeName\":\"gke-tpu-%d\",\"containers\":[{"
        "\"name\":"
        "\"vllm-tpu\",\"image\":\"vllm/vllm-tpu:latest\",\"resources\":{\"limits\":{\"google.com/"
        "tpu\":"
        "\"4\"},\"requests\":{\"google.com/"
        "tpu\":\"4\"},\"claims\":[{\"name\":\"netdev\"}]},\"ports\":[{"
        "\"containerPort\":8000,\"protocol\":\"TCP\"}]}],\"initContainers\":[{\"name\":"
        "\"gke-gcsfuse-sidecar\",\"image\":\"gcs-fuse-csi-driver-sidecar-mounter:v1.8.9\","
        "\"restartPolicy\":\"Always\"}],\"resourceClaims\":[{\"name\":\"netdev\","
        "\"resourceClaimTemplateName\":\"all-netdev\"}]},\"status\":{\"phase\":\"Running\","
        "\"conditions\":"
        "[{\"type\":\"PodScheduled\",\"status\":\"True\",\"lastTransitionTime\":\"2026-01-01T00:00:"
        "01Z\"},"
        "{\"type\":\"Initialized\",\"status\":\"True\",\"lastTransitionTime\":\"2026-01-01T00:00:"
        "09Z\"},"
        "{\"type\":\"ContainersReady\",\"status\":\"%s\",\"lastTransitionTime\":\"2026-01-01T00:01:"
        "09Z\"},"
        "{\"type\":\"Ready\",\"status\":\"%s\",\"lastTransitionTime\":\"2026-01-01T00:01:09Z\"}],"
        "\"podIP\":"
        "\"10.4.0.9\",\"hostIP\":\"10.0.2.3\",\"startTime\":\"2026-01-01T00:00:01Z\","
        "\"containerStatuses\":"
        "[{\"name\":\"vllm-tpu\",\"image\":\"vllm/vllm-tpu:latest\",\"imageID\":\"docker.io/vllm/"
        "vllm-tpu@"
        "sha256:0123456789abcdef\",\"ready\":true,\"started\":true,\"restartCount\":0,\"state\":{"
        "\"running\":{\"startedAt\":\"2026-01-01T00:01:08Z\"}}}],\"initContainerStatuses\":[{"
        "\"name\":"
        "\"gke-gcsfuse-sidecar\",\"image\":\"x\",\"ready\":true,\"started\":true,\"restartCount\":"
        "0,"
        "\"state\":{\"running\":{\"startedAt\":\"2026-01-01T00:00:08Z\"}}}],"
        "\"resourceClaimStatuses\":[{"
        "\"name\":\"netdev\",\"resourceClaimName\":\"vllm-gemma-7c9f8d6b5-%05d-netdev-8qk2p\"}]}}}",
        version == 0 ? "ADDED" : "MODIFIED", has_managed_fields ? MANAGED_FIELDS : "", pod, pod,
        version * PODS + pod + 1, pod, version % 2 ? "False" : "True",
        version % 2 ? "False" : "True", pod);
    *len = strlen(line);
    return line;
}

struct batch {
    char *lines[PODS];
    size_t lens[PODS];
};

static void fill(struct batch *batch, int version, bool has_managed_fields)
{
    for (int i = 0; i < PODS; i++) {
        free(batch->lines[i]);
        batch->lines[i] = make_line(i, version, has_managed_fields, &batch->lens[i]);
    }
}

static bool fold(struct tg_model *model, int target, const char *text, size_t len)
{
    struct tg_err err = TG_ERR_INIT;
    struct tg_k8s_watch_line line;
    if (!tg_k8s_decode_watch_line(TG_KIND_POD, text, len, &line, &err)) {
        fprintf(stderr, "%s\n", err.msg);
        return false;
    }
    struct tg_msg *msg = tg_msg_new(TG_MSG_PUT, target, 1);
    msg->resource = TG_KIND_POD;
    msg->as.obj = line.obj;
    tg_reduce(model, msg);
    tg_msg_free(msg);
    return true;
}

static bool measure(const char *name, bool has_managed_fields)
{
    static struct batch batch;
    struct tg_model *model = tg_model_new();
    int target = tg_model_add_cluster(model, "gke_demo-4711_us-east5-b_gke-us-east5");
    double before_mib = bench_resident_mib();
    struct bench_time spent = {0};
    for (int version = 0; version < VERSIONS; version++) {
        fill(&batch, version, has_managed_fields);
        struct bench_time from = bench_now();
        for (int i = 0; i < PODS; i++) {
            if (!fold(model, target, batch.lines[i], batch.lens[i])) {
                return false;
            }
        }
        struct bench_time took = bench_since(from);
        spent.wall_s += took.wall_s;
        spent.cpu_s += took.cpu_s;
    }
    char what[100];
    snprintf(what, sizeof what, "watch events decoded and reduced, %s of %zu bytes", name,
             batch.lens[0]);
    bench_speed(what, (double)PODS * VERSIONS, spent, 50000);
    for (int i = 0; i < PODS; i++) {
        free(batch.lines[i]);
        batch.lines[i] = NULL;
    }
    malloc_trim(0);
    if (!has_managed_fields) { /* a second model lives in what the first left */
        bench_amount("  memory of the 10,000 Pods held", bench_resident_mib() - before_mib, "MiB",
                     60);
    }
    tg_model_free(model);
    return true;
}

int main(void)
{
    return measure("Pods", false) && measure("with managedFields", true) ? 0 : 1;
}
