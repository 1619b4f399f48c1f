/* sim/lab_workload.c - the lab's sections 5 and 6: downloader, model server and what goes with
 * them. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "base/str.h"
#include "sim/behaviour.h"
#include "sim/lab_objects.h"
#include "sim/shape.h"

static void service_account(struct sim_region *region)
{
    sim_shape_create(
        region->store, sim_world_kinds(region->world)->service_account,
        sim_shape("{'metadata':{'name':'gemma-ksa','namespace':'default','annotations':"
                  "{'iam.gke.io/gcp-service-account':'gcs-fuse-sa@%s.iam.gserviceaccount.com'}}}",
                  sim_world_config(region->world)->project));
}

/* Where the operator's Hugging Face token would be: hf_simulated. */
static void secret(struct sim_region *region)
{
    sim_shape_create(
        region->store, sim_world_kinds(region->world)->secret,
        sim_shape("{'metadata':{'name':'hf-secret','namespace':'default'},'type':'Opaque',"
                  "'data':{'hf_token':'aGZfc2ltdWxhdGVk'}}"));
}

/* Sets the last word of the first container's bash -c command. */
static void set_script(json_t *template, const char *script)
{
    json_t *spec = json_object_get(template, "spec");
    json_t *container = json_array_get(json_object_get(spec, "containers"), 0);
    json_array_append_new(json_object_get(container, "command"), json_string(script));
}

void sim_lab_downloader(struct sim_region *region)
{
    static const char script[] =
        "pip install -U huggingface_hub\n"
        "echo \"Downloading Gemma 3 directly to GCS bucket...\"\n"
        "python3 -c \"from huggingface_hub import snapshot_download; import os; "
        "snapshot_download(repo_id='google/gemma-3-27b-it', local_dir='/data/gemma-weights', "
        "token=os.environ['HF_TOKEN'])\"\n"
        "echo \"Download complete! Safe to proceed.\"\n";
    service_account(region);
    secret(region);
    json_t *job = sim_shape(
        "{'metadata':{'name':'model-downloader','namespace':'default'},'spec':{'backoffLimit':1,'"
        "completions':1,"
        "'parallelism':1,'template':{'metadata':{'annotations':{'gke-gcsfuse/volumes':'true'}},"
        "'spec':{'serviceAccountName':'gemma-ksa','restartPolicy':'Never','containers':[{'name':'"
        "downloader',"
        "'image':'python:3.11-slim','env':[{'name':'HF_TOKEN','valueFrom':{'secretKeyRef':{'name':'"
        "hf-secret',"
        "'key':'hf_token'}}}],'command':['bash','-c'],'volumeMounts':[{'name':'gcs-fuse-volume',"
        "'mountPath':'/data/gemma-weights'}]}],'volumes':[{'name':'gcs-fuse-volume','csi':{"
        "'driver':'gcsfuse.csi.storage.gke.io','volumeAttributes':{'bucketName':'%s-gemma-weights'}"
        "}}]}}}}",
        sim_world_config(region->world)->project);
    set_script(json_object_get(json_object_get(job, "spec"), "template"), script);
    sim_admission_job(region, job);
    sim_shape_create(region->store, sim_world_kinds(region->world)->job, job);
}

static json_t *server_deployment(const char *project)
{
    static const char script[] = "export PYTHONUNBUFFERED=1\n"
                                 "echo \"Booting vLLM instantly from local GCS FUSE mount...\"\n"
                                 "\n"
                                 "python3 -m vllm.entrypoints.openai.api_server \\\n"
                                 "  --model /data/gemma-weights \\\n"
                                 "  --tensor-parallel-size 4 \\\n"
                                 "  --port 8000\n";
    json_t *deployment = sim_shape(
        "{'metadata':{'name':'vllm-gemma','namespace':'default','labels':{'app':'gemma-server'}},"
        "'spec':{'replicas':1,'selector':{'matchLabels':{'app':'gemma-server'}},'strategy':{'type':"
        "'RollingUpdate',"
        "'rollingUpdate':{'maxSurge':'25%%','maxUnavailable':'25%%'}},'revisionHistoryLimit':10,"
        "'progressDeadlineSeconds':600,'template':{'metadata':{'labels':{'app':'gemma-server'},"
        "'annotations':{'gke-gcsfuse/volumes':'true'}},'spec':{'serviceAccountName':'gemma-ksa',"
        "'terminationGracePeriodSeconds':30,'nodeSelector':{'cloud.google.com/"
        "gke-tpu-accelerator':'tpu-v6e-slice',"
        "'cloud.google.com/gke-tpu-topology':'2x2'},'resourceClaims':[{'name':'netdev',"
        "'resourceClaimTemplateName':'all-netdev'}],'containers':[{'name':'vllm-tpu',"
        "'image':'vllm/vllm-tpu:latest','imagePullPolicy':'Always','command':['bash','-c'],"
        "'ports':[{'containerPort':8000,'protocol':'TCP'}],'resources':{'requests':{'google.com/"
        "tpu':'4'},"
        "'limits':{'google.com/"
        "tpu':'4'},'claims':[{'name':'netdev'}]},'volumeMounts':[{'name':'dshm',"
        "'mountPath':'/dev/shm'},{'name':'gcs-fuse-volume','mountPath':'/data/"
        "gemma-weights','readOnly':true}]}],"
        "'volumes':[{'name':'dshm','emptyDir':{'medium':'Memory'}},{'name':'gcs-fuse-volume','csi':"
        "{"
        "'driver':'gcsfuse.csi.storage.gke.io','readOnly':true,'volumeAttributes':{'bucketName':'%"
        "s-gemma-weights',"
        "'mountOptions':'implicit-dirs','fileCacheCapacity':'100Gi','fileCacheForRangeRead':'true'}"
        "}}]}}}}",
        project);
    set_script(json_object_get(json_object_get(deployment, "spec"), "template"), script);
    return deployment;
}

void sim_lab_workload(struct sim_region *region)
{
    const struct sim_kinds *kinds = sim_world_kinds(region->world);
    if (region->index != 0) { /* the config cluster has them from the downloader on */
        service_account(region);
        secret(region);
    }
    sim_shape_create(
        region->store, kinds->claim_template,
        sim_shape(
            "{'metadata':{'name':'all-netdev','namespace':'default'},'spec':{'spec':{'devices':"
            "{'requests':[{'name':'req-netdev','exactly':{'deviceClassName':'netdev.google.com',"
            "'allocationMode':'All'}}]}}}}"));
    sim_shape_create(region->store, kinds->deployment,
                     server_deployment(sim_world_config(region->world)->project));
    sim_shape_create(region->store, kinds->service,
                     sim_shape("{'metadata':{'name':'vllm-gemma-service','namespace':'default'},'"
                               "spec':{'type':'ClusterIP',"
                               "'clusterIP':'34.118.224.%d','clusterIPs':['34.118.224.%d'],'"
                               "selector':{'app':'gemma-server'},"
                               "'ports':[{'protocol':'TCP','port':8000,'targetPort':8000}]},'"
                               "status':{'loadBalancer':{}}}",
                               20 + region->index % 200, 20 + region->index % 200));
    sim_shape_create(
        region->store, kinds->pod_monitoring,
        sim_shape(
            "{'metadata':{'name':'vllm-gemma-monitoring','namespace':'default'},'spec':{'selector':"
            "{'matchLabels':{'app':'gemma-server'}},'endpoints':[{'port':8000,'interval':'15s',"
            "'path':'/metrics'}]},'status':{'observedGeneration':1}}"));
}
