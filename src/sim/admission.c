/* sim/admission.c - what a GKE cluster adds to a Pod before it is stored. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/assert.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim/behaviour.h"
#include "sim/json_path.h"
#include "sim/k8s_admit.h"
#include "sim/shape.h"

#define SIDECAR_IMAGE "gke.gcr.io/gcs-fuse-csi-driver-sidecar-mounter:v1.17.2-gke.0"

static bool asks_for_tpu(const json_t *spec)
{
    const json_t *containers = json_object_get(spec, "containers");
    size_t i;
    json_t *container;
    json_array_foreach(containers, i, container)
    {
        if (json_object_get(sim_json_at(container, "resources.limits"), "google.com/tpu") != NULL) {
            return true;
        }
    }
    return false;
}

static json_t *member_array(json_t *object, const char *key)
{
    json_t *array = json_object_get(object, key);
    if (!json_is_array(array)) {
        array = json_array();
        json_object_set_new(object, key, array);
    }
    return array;
}

static void add_sidecar(json_t *spec)
{
    json_t *sidecar = sim_shape(
        "{'name':'gke-gcsfuse-sidecar','image':'" SIDECAR_IMAGE
        "','imagePullPolicy':'IfNotPresent',"
        "'args':['--v=5'],'env':[{'name':'NATIVE_SIDECAR','value':'TRUE'}],'restartPolicy':'Always'"
        ","
        "'resources':{'requests':{'cpu':'250m','memory':'256Mi','ephemeral-storage':'5Gi'}},"
        "'volumeMounts':[{'name':'gke-gcsfuse-tmp','mountPath':'/gcsfuse-tmp'},"
        "{'name':'gke-gcsfuse-buffer','mountPath':'/gcsfuse-buffer'},"
        "{'name':'gke-gcsfuse-cache','mountPath':'/gcsfuse-cache'}]}");
    json_array_insert_new(member_array(spec, "initContainers"), 0, sidecar);
    static const char *const volumes[] = {"gke-gcsfuse-tmp", "gke-gcsfuse-buffer",
                                          "gke-gcsfuse-cache"};
    for (size_t i = 0; i < sizeof volumes / sizeof volumes[0]; i++) {
        json_array_append_new(member_array(spec, "volumes"),
                              sim_shape("{'name':'%s','emptyDir':{}}", volumes[i]));
    }
}

/* ---- the account's token ---- */

static json_t *token_source(struct sim_world *world)
{
    struct sim_behaviour *behaviour = sim_world_behaviour(world);
    if (behaviour->token_volume ==
        NULL) { /* one for all Pods of the world: nothing stored is changed in place */
        behaviour->token_volume = sim_shape(
            "{'defaultMode':420,'sources':[{'serviceAccountToken':{'expirationSeconds':3607,'path':"
            "'token'}},{'configMap':{'items':[{'key':'ca.crt','path':'ca.crt'}],'name':"
            "'kube-root-ca.crt'}},{'downwardAPI':{'items':[{'fieldRef':{'apiVersion':'v1',"
            "'fieldPath':'metadata.namespace'},'path':'namespace'}]}}]}");
    }
    return behaviour->token_volume;
}

static void mount_token(json_t *containers, const char *volume)
{
    size_t i;
    json_t *container;
    json_array_foreach(containers, i, container)
    {
        json_array_append_new(member_array(container, "volumeMounts"),
                              sim_shape("{'mountPath':'/var/run/secrets/kubernetes.io/"
                                        "serviceaccount','name':'%s','readOnly':true}",
                                        volume));
    }
}

/* Five characters as the API server appends to names. */
static void random_suffix(struct sim_region *region, const json_t *pod, char out[6])
{
    static const char letters[] = "bcdfghjklmnpqrstvwxz2456789";
    const char *name = sim_json_text(pod, "metadata.name");
    char *entity =
        tg_asprintf("%s/%s/%s", region->cluster, sim_json_text(pod, "metadata.namespace"),
                    name[0] == '\0' ? sim_json_text(pod, "metadata.generateName") : name);
    uint64_t draw = sim_world_draw(region->world, entity, "token-volume");
    free(entity);
    for (int i = 0; i < 5; i++) {
        out[i] = letters[draw % (sizeof letters - 1)];
        draw /= sizeof letters - 1;
    }
    out[5] = '\0';
}

static void add_token(struct sim_region *region, const json_t *pod, json_t *spec)
{
    const json_t *wanted = json_object_get(spec, "automountServiceAccountToken");
    if (wanted != NULL && !json_is_true(wanted)) {
        return;
    }
    char suffix[6];
    char volume[32];
    random_suffix(region, pod, suffix);
    snprintf(volume, sizeof volume, "kube-api-access-%s", suffix);
    mount_token(json_object_get(spec, "initContainers"), volume);
    mount_token(json_object_get(spec, "containers"), volume);
    json_array_append_new(
        member_array(spec, "volumes"),
        json_pack("{s:s, s:O}", "name", volume, "projected", token_source(region->world)));
}

/* ---- class of service ---- */

struct service_class {
    bool has_any;    /* a request or limit of CPU or memory somewhere */
    bool is_limited; /* limits of both everywhere, and no request below them */
};

static void classify(const json_t *containers, struct service_class *class)
{
    static const char *const names[] = {"cpu", "memory"};
    size_t i;
    json_t *container;
    json_array_foreach(containers, i, container)
    {
        for (size_t n = 0; n < TG_COUNT(names); n++) {
            json_t *limit = json_object_get(sim_json_at(container, "resources.limits"), names[n]);
            json_t *request =
                json_object_get(sim_json_at(container, "resources.requests"), names[n]);
            class->has_any = class->has_any || limit != NULL || request != NULL;
            class->is_limited = class->is_limited && limit != NULL &&
                                (request == NULL || json_equal(limit, request));
        }
    }
}

const char *sim_pod_qos(const json_t *pod)
{
    struct service_class class = {false, true};
    classify(sim_json_at(pod, "spec.containers"), &class);
    classify(sim_json_at(pod, "spec.initContainers"), &class);
    return !class.has_any ? "BestEffort" : class.is_limited ? "Guaranteed" : "Burstable";
}

/* ---- Pods and Jobs ---- */

static bool has_element(const json_t *list, const json_t *wanted)
{
    size_t i;
    json_t *element;
    json_array_foreach(list, i, element)
    {
        if (json_equal(element, wanted)) {
            return true;
        }
    }
    return false;
}

static void tolerate(json_t *tolerations, const char *key, const char *effect, bool is_for_a_while)
{
    json_t *toleration =
        json_pack("{s:s, s:s, s:s}", "key", key, "operator", "Exists", "effect", effect);
    if (is_for_a_while) {
        json_object_set_new(toleration, "tolerationSeconds", json_integer(300));
    }
    if (!has_element(tolerations, toleration)) {
        json_array_append(tolerations, toleration);
    }
    json_decref(toleration);
}

void sim_admission_pod(struct sim_region *region, json_t *pod)
{
    json_t *spec = sim_json_make_object(pod, "spec");
    sim_k8s_default(sim_world_kinds(region->world)->pod, pod);
    if (sim_json_text(spec, "serviceAccountName")[0] == '\0') {
        json_object_set_new(spec, "serviceAccountName", json_string("default"));
        json_object_set_new(spec, "serviceAccount", json_string("default"));
    }
    sim_json_default(spec, "priority", json_integer(0));
    sim_json_default(spec, "preemptionPolicy", json_string("PreemptLowerPriority"));
    json_t *tolerations = member_array(spec, "tolerations");
    if (asks_for_tpu(spec)) {
        tolerate(tolerations, "google.com/tpu", "NoSchedule", false);
    }
    tolerate(tolerations, "node.kubernetes.io/not-ready", "NoExecute", true);
    tolerate(tolerations, "node.kubernetes.io/unreachable", "NoExecute", true);
    const json_t *annotations = sim_json_at(pod, "metadata.annotations");
    const char *wants_fuse = json_string_value(json_object_get(annotations, "gke-gcsfuse/volumes"));
    if (tg_str_eq(wants_fuse, "true")) {
        add_sidecar(spec);
    }
    add_token(region, pod, spec);
    json_object_set_new(pod, "status",
                        sim_shape("{'phase':'Pending','qosClass':'%s'}", sim_pod_qos(pod)));
}

void sim_admission_job(struct sim_region *region, json_t *job)
{
    const struct sim_resource *kind = sim_world_kinds(region->world)->job;
    sim_store_stamp(region->store, kind, job); /* its selector is made of its uid */
    sim_k8s_default(kind, job);
}
