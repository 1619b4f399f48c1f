/* tests/unit/codec/test_k8s_wanted.c - the kinds of which there are many: every field that is read
 * survives the pruning of what is not. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "codec/k8s_wanted.h"

#include "routes.h"

static const char node_text[] =
    "{'kind':'Node','apiVersion':'v1','metadata':{'name':'gke-tpu-1','uid':'node-uid',"
    "'resourceVersion':'4711','generation':3,'creationTimestamp':'2026-01-01T00:00:00Z',"
    "'labels':{'cloud.google.com/gke-tpu-accelerator':'tpu-v6e-slice',"
    "'cloud.google.com/gke-tpu-topology':'2x2','cloud.google.com/gke-nodepool':'tpu-v6e-pool',"
    "'topology.kubernetes.io/region':'us-east5','topology.kubernetes.io/zone':'us-east5-b',"
    "'node.kubernetes.io/instance-type':'ct6e-standard-4t'},"
    "'annotations':{'container.googleapis.com/instance_id':'1'}," MANAGED_FIELDS "},"
    "'spec':{'podCIDR':'10.4.0.0/24','providerID':'gce://p/us-east5-b/gke-tpu-1',"
    "'unschedulable':true,'taints':[{'key':'google.com/tpu','value':'present'}]},"
    "'status':{'capacity':{'cpu':'180','google.com/tpu':'4','memory':'700Gi'},"
    "'allocatable':{'cpu':'179','google.com/tpu':'3','pods':'110'},"
    "'conditions':[{'type':'MemoryPressure','status':'False','reason':'Enough','message':'ok',"
    "'lastHeartbeatTime':'2026-01-01T01:00:00Z','lastTransitionTime':'2026-01-01T00:00:05Z'},"
    "{'type':'Ready','status':'True','reason':'KubeletReady','message':'kubelet is posting',"
    "'lastTransitionTime':'2026-01-01T00:00:10Z'}],"
    "'addresses':[{'type':'Hostname','address':'host'},"
    "{'type':'InternalIP','address':'10.0.0.5'},{'type':'ExternalIP','address':'34.1.2.3'}],"
    "'daemonEndpoints':{'kubeletEndpoint':{'Port':10250}},"
    "'nodeInfo':{'machineID':'x','kernelVersion':'6.6','kubeletVersion':'v1.34.1-gke.1'},"
    "'images':[{'names':['a','b'],'sizeBytes':123456}]}}";

static void check_node(const struct tg_obj *obj)
{
    const struct tg_node *node = &obj->as.node;
    cr_assert_eq(obj->kind, TG_KIND_NODE);
    cr_assert_str_eq(obj->ns, "");
    cr_assert_str_eq(obj->name, "gke-tpu-1");
    cr_assert_str_eq(obj->uid, "node-uid");
    cr_assert_str_eq(obj->resource_version, "4711");
    cr_assert_eq(obj->generation, 3);
    cr_assert_eq(obj->created_us, T0_US);
    cr_assert_eq(obj->deleted_us, 0);
    cr_assert_eq(obj->labels_count, 6);
    cr_assert_str_eq(tg_obj_label(obj, "topology.kubernetes.io/zone"), "us-east5-b");
    cr_assert_null(tg_obj_label(obj, "absent"));
    cr_assert(node->is_ready);
    cr_assert(node->is_unschedulable);
    cr_assert_eq(node->tpu_capacity, 4);
    cr_assert_eq(node->tpu_allocatable, 3);
    cr_assert_str_eq(node->tpu_accelerator, "tpu-v6e-slice");
    cr_assert_str_eq(node->tpu_topology, "2x2");
    cr_assert_str_eq(node->node_pool, "tpu-v6e-pool");
    cr_assert_str_eq(node->region, "us-east5");
    cr_assert_str_eq(node->zone, "us-east5-b");
    cr_assert_str_eq(node->instance_type, "ct6e-standard-4t");
    cr_assert_str_eq(node->kubelet_version, "v1.34.1-gke.1");
    cr_assert_str_eq(node->internal_ip, "10.0.0.5");
    cr_assert_eq(node->conditions.count, 2);
    cr_assert_str_eq(node->conditions.items[0].type, "MemoryPressure");
    cr_assert_str_eq(node->conditions.items[0].status, "False");
    cr_assert_eq(node->conditions.items[0].since_us, T0_US + 5 * S_US);
    cr_assert_str_eq(node->conditions.items[1].reason, "KubeletReady");
    cr_assert_str_eq(node->conditions.items[1].message, "kubelet is posting");
    cr_assert_eq(node->conditions.items[1].since_us, T0_US + 10 * S_US);
}

Test(k8s_wanted, node)
{
    check_on_every_route(TG_KIND_NODE, node_text, check_node);
}

static const char pod_text[] =
    "{'kind':'Pod','apiVersion':'v1','metadata':{'name':'vllm-gemma-1','generateName':'vllm-',"
    "'namespace':'default','uid':'pod-uid','resourceVersion':'812','generation':2,"
    "'creationTimestamp':'2026-01-01T00:00:01Z','deletionTimestamp':'2026-01-01T00:10:00Z',"
    "'deletionGracePeriodSeconds':30,'labels':{'app':'gemma-server','pod-template-hash':'5f'},"
    "'annotations':{'gke-gcsfuse/volumes':'true'}," MANAGED_FIELDS "},"
    "'spec':{'nodeName':'gke-tpu-1','restartPolicy':'Always','nodeSelector':{'a':'b'},"
    "'resourceClaims':[{'name':'rdma','resourceClaimTemplateName':'all'}],"
    "'initContainers':[{'name':'gke-gcsfuse-sidecar','image':'fuse','restartPolicy':'Always',"
    "'env':[{'name':'NATIVE_SIDECAR','value':'TRUE'}],'resources':{'limits':{'cpu':'1'}}},"
    "{'name':'prefetch','image':'fuse'}],"
    "'containers':[{'name':'vllm','image':'vllm-tpu','args':['--model','}],{['],"
    "'resources':{'requests':{'google.com/tpu':'9'},'limits':{'google.com/tpu':'4'},"
    "'claims':[{'name':'rdma'}]},'volumeMounts':[{'name':'data','mountPath':'/data'}]},"
    "{'name':'helper','resources':{'limits':{'cpu':'1','google.com/tpu':1}}}],"
    "'volumes':[{'name':'data','csi':{'driver':'gcsfuse.csi.storage.gke.io'}}]},"
    "'status':{'phase':'Running','qosClass':'Burstable','hostIP':'10.0.0.5',"
    "'podIP':'10.4.0.9','podIPs':[{'ip':'10.4.0.9'}],'startTime':'2026-01-01T00:00:02Z',"
    "'resourceClaimStatuses':[{'name':'rdma','resourceClaimName':'vllm-gemma-1-rdma-x7'}],"
    "'conditions':[{'type':'Initialized','status':'True','lastProbeTime':null,"
    "'lastTransitionTime':'2026-01-01T00:00:03Z'},"
    "{'type':'Ready','status':'True','lastTransitionTime':'2026-01-01T00:00:04Z'},"
    "{'type':'DisruptionTarget','status':'False','reason':'why','message':'text \\'q\\''}],"
    "'initContainerStatuses':[{'name':'gke-gcsfuse-sidecar','state':{'running':"
    "{'startedAt':'2026-01-01T00:00:03Z'}},'lastState':{'terminated':{'exitCode':9}},"
    "'ready':true,'started':true,'restartCount':2,'image':'fuse','imageID':'sha256:1'},"
    "{'name':'prefetch','state':{'terminated':{'exitCode':0,'reason':'Completed',"
    "'startedAt':'2026-01-01T00:00:03Z','containerID':'containerd://1'}},'ready':true,"
    "'started':false,'restartCount':0}],"
    "'containerStatuses':[{'name':'vllm','state':{'running':{'startedAt':"
    "'2026-01-01T00:00:04Z'}},'lastState':{},'ready':true,'started':true,'restartCount':3,"
    "'containerID':'containerd://2','resources':{}},"
    "{'name':'helper','state':{'waiting':{'reason':'ImagePullBackOff','message':'Back-off'}},"
    "'lastState':{},'ready':false,'started':false,'restartCount':1}]}}";

static void check_container(const struct tg_container *container, const char *name,
                            const char *state, const char *reason)
{
    cr_assert_str_eq(container->name, name);
    cr_assert_str_eq(container->state, state);
    cr_assert_str_eq(container->reason, reason);
}

static void check_pod(const struct tg_obj *obj)
{
    const struct tg_pod *pod = &obj->as.pod;
    cr_assert_eq(obj->kind, TG_KIND_POD);
    cr_assert_str_eq(obj->ns, "default");
    cr_assert_str_eq(obj->name, "vllm-gemma-1");
    cr_assert_str_eq(obj->uid, "pod-uid");
    cr_assert_str_eq(obj->resource_version, "812");
    cr_assert_eq(obj->generation, 2);
    cr_assert_eq(obj->created_us, T0_US + S_US);
    cr_assert_eq(obj->deleted_us, T0_US + 600 * S_US);
    cr_assert_eq(obj->labels_count, 2);
    cr_assert_str_eq(tg_obj_label(obj, "pod-template-hash"), "5f");
    cr_assert_str_eq(pod->phase, "Running");
    cr_assert_str_eq(pod->status, "Terminating");
    cr_assert_str_eq(pod->node_name, "gke-tpu-1");
    cr_assert_str_eq(pod->pod_ip, "10.4.0.9");
    cr_assert_str_eq(pod->app, "gemma-server");
    cr_assert_str_eq(pod->claim_name, "vllm-gemma-1-rdma-x7");
    cr_assert_eq(pod->tpu_chips, 5);
    cr_assert(pod->is_ready);
    cr_assert_eq(pod->ready_count, 2);
    cr_assert_eq(pod->total_count, 3);
    cr_assert_eq(pod->restarts, 6);
    cr_assert_eq(pod->conditions.count, 3);
    cr_assert_eq(pod->conditions.items[1].since_us, T0_US + 4 * S_US);
    cr_assert_str_eq(pod->conditions.items[2].reason, "why");
    cr_assert_str_eq(pod->conditions.items[2].message, "text \"q\"");
    cr_assert_eq(pod->conditions.items[2].since_us, 0);
}

static void check_pod_containers(const struct tg_obj *obj)
{
    const struct tg_pod *pod = &obj->as.pod;
    cr_assert_eq(pod->containers_count, 4);
    check_container(&pod->containers[0], "gke-gcsfuse-sidecar", "running", "");
    cr_assert(pod->containers[0].is_init);
    cr_assert(pod->containers[0].is_ready);
    cr_assert_eq(pod->containers[0].restarts, 2);
    check_container(&pod->containers[1], "prefetch", "terminated", "Completed");
    cr_assert(pod->containers[1].is_init);
    check_container(&pod->containers[2], "vllm", "running", "");
    cr_assert_not(pod->containers[2].is_init);
    cr_assert_eq(pod->containers[2].restarts, 3);
    check_container(&pod->containers[3], "helper", "waiting", "ImagePullBackOff");
    cr_assert_str_eq(pod->containers[3].message, "Back-off");
    cr_assert_not(pod->containers[3].is_ready);
}

Test(k8s_wanted, pod)
{
    check_on_every_route(TG_KIND_POD, pod_text, check_pod);
}

Test(k8s_wanted, containers_of_a_pod)
{
    check_on_every_route(TG_KIND_POD, pod_text, check_pod_containers);
}

static void check_failed_pod(const struct tg_obj *obj)
{
    const struct tg_pod *pod = &obj->as.pod;
    cr_assert_str_eq(pod->phase, "Failed");
    cr_assert_str_eq(pod->status, "OOMKilled");
    cr_assert_eq(pod->containers_count, 2);
    cr_assert_eq(pod->containers[0].exit_code, 137);
    cr_assert_str_eq(pod->containers[0].message, "out of memory");
    cr_assert_eq(pod->containers[1].exit_code, 1);
    cr_assert_not(pod->is_ready);
}

Test(k8s_wanted, pod_whose_containers_ended)
{
    check_on_every_route(
        TG_KIND_POD,
        "{'metadata':{'name':'a','namespace':'b'},'spec':{'containers':[{'name':'c'},"
        "{'name':'d'}]},'status':{'phase':'Failed','message':'x','containerStatuses':["
        "{'name':'c','state':{'terminated':{'exitCode':137,'reason':'OOMKilled',"
        "'message':'out of memory','finishedAt':'2026-01-01T00:00:00Z'}}},"
        "{'name':'d','state':{'terminated':{'exitCode':1,'reason':'Error'}}}]}}",
        check_failed_pod);
}

static void check_signalled_pod(const struct tg_obj *obj)
{
    cr_assert_str_eq(obj->as.pod.status, "Signal:9");
}

static void check_evicted_pod(const struct tg_obj *obj)
{
    cr_assert_str_eq(obj->as.pod.phase, "Failed");
    cr_assert_str_eq(obj->as.pod.status, "Evicted");
}

Test(k8s_wanted, what_decides_about_a_pods_status)
{
    check_on_every_route(
        TG_KIND_POD,
        "{'metadata':{'name':'a'},'spec':{'containers':[{'name':'c'}]},'status':{'phase':"
        "'Failed','containerStatuses':[{'name':'c','state':{'terminated':{'exitCode':137,"
        "'signal':9}}}]}}",
        check_signalled_pod);
    check_on_every_route(TG_KIND_POD,
                         "{'metadata':{'name':'a'},'status':{'phase':'Failed','reason':'Evicted',"
                         "'message':'The node was low on resource'}}",
                         check_evicted_pod);
}

static const char deployment_text[] =
    "{'kind':'Deployment','apiVersion':'apps/v1','metadata':{'name':'vllm-gemma',"
    "'namespace':'default','uid':'deployment-uid','resourceVersion':'99','generation':7,"
    "'creationTimestamp':'2026-01-01T00:00:00Z','labels':{'app':'gemma-server'},"
    "'annotations':{'deployment.kubernetes.io/revision':'2','tidegate.dev/drill':'d-17',"
    "'tidegate.dev/original-replicas':'2',"
    "'kubectl.kubernetes.io/last-applied-configuration':'{\\'kind\\':\\'Pod\\'}'}," MANAGED_FIELDS
    "},'spec':{'replicas':0,'paused':true,'progressDeadlineSeconds':600,"
    "'selector':{'matchLabels':{'app':'gemma-server'}},'template':{'metadata':{'name':'wrong'},"
    "'spec':{'replicas':77,'containers':[{'name':'vllm'}]}},'strategy':{'type':'Recreate'}},"
    "'status':{'observedGeneration':6,'replicas':5,'updatedReplicas':4,'readyReplicas':3,"
    "'availableReplicas':2,'unavailableReplicas':1,'conditions':[{'type':'Available',"
    "'status':'False','reason':'MinimumReplicasUnavailable','message':'has no minimum',"
    "'lastUpdateTime':'2026-01-01T09:00:00Z','lastTransitionTime':'2026-01-01T00:01:00Z'}]}}";

static void check_deployment(const struct tg_obj *obj)
{
    const struct tg_deployment *deployment = &obj->as.deployment;
    cr_assert_eq(obj->kind, TG_KIND_DEPLOYMENT);
    cr_assert_str_eq(obj->ns, "default");
    cr_assert_str_eq(obj->name, "vllm-gemma");
    cr_assert_str_eq(obj->uid, "deployment-uid");
    cr_assert_str_eq(obj->resource_version, "99");
    cr_assert_eq(obj->generation, 7);
    cr_assert_eq(obj->created_us, T0_US);
    cr_assert_eq(deployment->replicas_desired, 0);
    cr_assert_eq(deployment->replicas, 5);
    cr_assert_eq(deployment->updated, 4);
    cr_assert_eq(deployment->ready, 3);
    cr_assert_eq(deployment->available, 2);
    cr_assert_eq(deployment->observed_generation, 6);
    cr_assert(deployment->is_paused);
    cr_assert_str_eq(deployment->drill, "d-17");
    cr_assert_str_eq(deployment->original_replicas, "2");
    cr_assert_eq(deployment->conditions.count, 1);
    cr_assert_str_eq(deployment->conditions.items[0].type, "Available");
    cr_assert_str_eq(deployment->conditions.items[0].status, "False");
    cr_assert_str_eq(deployment->conditions.items[0].reason, "MinimumReplicasUnavailable");
    cr_assert_str_eq(deployment->conditions.items[0].message, "has no minimum");
    cr_assert_eq(deployment->conditions.items[0].since_us, T0_US + 60 * S_US);
}

Test(k8s_wanted, deployment)
{
    check_on_every_route(TG_KIND_DEPLOYMENT, deployment_text, check_deployment);
}

static void check_bare_deployment(const struct tg_obj *obj)
{
    cr_assert_eq(obj->as.deployment.replicas_desired, 1); /* as the API server would default */
    cr_assert_eq(obj->as.deployment.ready, 0);
    cr_assert_not(obj->as.deployment.is_paused);
    cr_assert_str_eq(obj->as.deployment.drill, "");
    cr_assert_str_eq(obj->as.deployment.original_replicas, "");
    cr_assert_str_eq(obj->uid, "");
    cr_assert_eq(obj->labels_count, 0);
}

Test(k8s_wanted, a_deployment_of_which_the_server_says_nothing)
{
    check_on_every_route(TG_KIND_DEPLOYMENT, "{'metadata':{'name':'a'}}", check_bare_deployment);
}

Test(k8s_wanted, an_object_of_another_kind_or_without_a_name_is_refused)
{
    static const char *const refused[] = {
        "{'kind':'Pod','metadata':{'name':'a'}}",
        "{'kind':'Node','metadata':{'namespace':'a'}}",
        "{'kind':'Node','metadata':{'name':7}}",
        "{'kind':'Node','metadata':[]}",
        "[{'metadata':{'name':'a'}}]",
        "{}",
        "{'metadata':{'name':'a'}",
    };
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        struct tg_err err = TG_ERR_INIT;
        char *json = quoted(refused[i]);
        cr_assert_null(tg_k8s_decode(TG_KIND_NODE, json, strlen(json), &err), "%s", json);
        cr_assert_eq(err.code, TG_CODE_PROTOCOL, "%s", json);
        free(json);
    }
}
