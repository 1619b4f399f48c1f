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
#include <time.h>

#include "base/mem.h"
#include "codec/k8s.h"
#include "model/reduce.h"

#define PODS   10000
#define EVENTS 200000

static double now_s(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static double resident_mib(void)
{
    long pages = 0;
    FILE *statm = fopen("/proc/self/statm", "r");
    if (statm == NULL || fscanf(statm, "%*d %ld", &pages) != 1) {
        pages = 0;
    }
    if (statm != NULL) {
        fclose(statm);
    }
    return (double)pages * 4096 / 1048576;
}

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

/* Prints events per second, bytes of an event, and what all Pods take in memory. */
static bool measure(const char *name, bool has_managed_fields)
{
    struct tg_model *model = tg_model_new();
    int target = tg_model_add_cluster(model, "gke_demo-4711_us-east5-b_gke-us-east5");
    char **lines = tg_calloc(PODS, sizeof(char *));
    size_t *lens = tg_calloc(PODS, sizeof(size_t));
    double before_mib = resident_mib();
    size_t bytes = 0;
    double spent = 0;
    for (int event = 0; event < EVENTS; event++) {
        int pod = event % PODS;
        for (int i = 0; pod == 0 && i < PODS; i++) {
            free(lines[i]);
            lines[i] = make_line(i, event / PODS, has_managed_fields, &lens[i]);
        }
        bytes += lens[pod];
        double from = now_s();
        struct tg_err err = TG_ERR_INIT;
        struct tg_k8s_watch_line line;
        if (!tg_k8s_decode_watch_line(TG_KIND_POD, lines[pod], lens[pod], &line, &err)) {
            fprintf(stderr, "%s\n", err.msg);
            return false;
        }
        struct tg_msg *msg = tg_msg_new(TG_MSG_PUT, target, event);
        msg->resource = TG_KIND_POD;
        msg->as.obj = line.obj;
        tg_reduce(model, msg);
        tg_msg_free(msg);
        spent += now_s() - from;
    }
    for (int i = 0; i < PODS; i++) {
        free(lines[i]);
    }
    malloc_trim(0);
    printf("%s_events_per_second %.0f\n", name, EVENTS / spent);
    printf("%s_event_bytes %zu\n", name, bytes / EVENTS);
    printf("%s_pods_held %zu\n", name, model->targets[target]->kinds[TG_KIND_POD].store.count);
    if (!has_managed_fields) { /* a second model lives in what the first left */
        printf("%s_pods_resident_mib %.1f\n", name, resident_mib() - before_mib);
    }
    free(lines);
    free(lens);
    tg_model_free(model);
    return true;
}

int main(void)
{
    return measure("watch", false) && measure("watch_with_managed_fields", true) ? 0 : 1;
}
