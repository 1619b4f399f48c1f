/* sim/admission.c - what a GKE cluster adds to a Pod before it is stored. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <stdio.h>

#include "base/str.h"
#include "sim/behaviour.h"
#include "sim/json_path.h"
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

void sim_admission_pod(json_t *pod)
{
    json_t *spec = sim_json_make_object(pod, "spec");
    sim_json_default(spec, "restartPolicy", json_string("Always"));
    sim_json_default(spec, "terminationGracePeriodSeconds", json_integer(30));
    sim_json_default(spec, "dnsPolicy", json_string("ClusterFirst"));
    sim_json_default(spec, "serviceAccountName", json_string("default"));
    sim_json_default(spec, "schedulerName", json_string("default-scheduler"));
    sim_json_default(spec, "priority", json_integer(0));
    json_t *tolerations = member_array(spec, "tolerations");
    if (asks_for_tpu(spec)) {
        json_array_append_new(tolerations, sim_shape("{'key':'google.com/tpu','operator':'Exists',"
                                                     "'effect':'NoSchedule'}"));
    }
    json_array_append_new(tolerations,
                          sim_shape("{'key':'node.kubernetes.io/not-ready','operator':'Exists',"
                                    "'effect':'NoExecute','tolerationSeconds':300}"));
    const json_t *annotations = sim_json_at(pod, "metadata.annotations");
    const char *wants_fuse = json_string_value(json_object_get(annotations, "gke-gcsfuse/volumes"));
    if (tg_str_eq(wants_fuse, "true")) {
        add_sidecar(spec);
    }
    json_object_set_new(pod, "status",
                        sim_shape("{'phase':'Pending','qosClass':'%s'}",
                                  asks_for_tpu(spec) ? "Burstable" : "BestEffort"));
}
