/* tests/unit/codec/test_pod_status.c - STATUS and READY of a Pod as kubectl prints them. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "codec/k8s.h"
#include "quoted.h"

#define SIDECAR "{'name':'gke-gcsfuse-sidecar','restartPolicy':'Always'}"
#define SIDECAR_RUN \
    "{'name':'gke-gcsfuse-sidecar','ready':true,'started':true,'state':{'running':{}}}"
#define READY(word) \
    "'conditions':[{'type':'PodScheduled','status':'True'},{'type':'Ready','status':'" word "'}]"

/* status is what the Pod should be told as, ready such as "1/2". */
static void check(const char *metadata, const char *spec, const char *pod_status,
                  const char *status, const char *ready)
{
    struct tg_err err = TG_ERR_INIT;
    char *text = tg_asprintf("{'kind':'Pod','metadata':{'name':'p'%s},'spec':{%s},'status':{%s}}",
                             metadata, spec, pod_status);
    char *json = quoted(text);
    struct tg_obj *obj = tg_k8s_decode(TG_KIND_POD, json, strlen(json), &err);
    cr_assert_not_null(obj, "%s: %s", err.msg, json);
    char *counts = tg_asprintf("%d/%d", obj->as.pod.ready_count, obj->as.pod.total_count);
    cr_assert_str_eq(obj->as.pod.status, status);
    cr_assert_str_eq(counts, ready, "%s of %s: %s", counts, ready, json);
    free(counts);
    tg_obj_unref(obj);
    free(json);
    free(text);
}

static void check_main(const char *phase, const char *container_status, const char *status,
                       const char *ready)
{
    char *text =
        tg_asprintf("'phase':'%s','containerStatuses':[{'name':'c',%s}]", phase, container_status);
    check("", "'containers':[{'name':'c'}]", text, status, ready);
    free(text);
}

Test(pod_status, running)
{
    check_main("Running", "'ready':true,'started':true,'state':{'running':{}}", "Running", "1/1");
    check_main("Running", "'ready':false,'started':true,'state':{'running':{}}", "Running", "0/1");
}

Test(pod_status, pending_before_the_kubelet_says_anything)
{
    check("", "'containers':[{'name':'c'},{'name':'d'}]", "'phase':'Pending'", "Pending", "0/2");
}

Test(pod_status, waiting_tells_its_reason)
{
    check_main("Pending", "'state':{'waiting':{'reason':'ContainerCreating'}}", "ContainerCreating",
               "0/1");
    check_main("Pending", "'state':{'waiting':{'reason':'ImagePullBackOff','message':'m'}}",
               "ImagePullBackOff", "0/1");
    check_main("Running",
               "'ready':false,'restartCount':7,'state':{'waiting':{'reason':"
               "'CrashLoopBackOff'}},'lastState':{'terminated':{'exitCode':1}}",
               "CrashLoopBackOff", "0/1");
    check_main("Pending", "'state':{'waiting':{}}", "Pending", "0/1");
}

Test(pod_status, terminated_tells_reason_signal_or_exit_code)
{
    check_main("Succeeded", "'state':{'terminated':{'exitCode':0,'reason':'Completed'}}",
               "Completed", "0/1");
    check_main("Failed", "'state':{'terminated':{'exitCode':1,'reason':'Error'}}", "Error", "0/1");
    check_main("Failed", "'state':{'terminated':{'exitCode':137,'signal':9}}", "Signal:9", "0/1");
    check_main("Failed", "'state':{'terminated':{'exitCode':3}}", "ExitCode:3", "0/1");
    check_main("Failed", "'state':{'terminated':{'exitCode':3,'signal':0}}", "ExitCode:3", "0/1");
}

Test(pod_status, the_first_container_in_trouble_names_it)
{
    check("", "'containers':[{'name':'c'},{'name':'d'},{'name':'e'}]",
          "'phase':'Running','containerStatuses':[{'name':'c','ready':true,'state':{'running':{}}},"
          "{'name':'d','state':{'terminated':{'exitCode':1,'reason':'Error'}}},"
          "{'name':'e','state':{'waiting':{'reason':'CrashLoopBackOff'}}}]",
          "Error", "1/3");
}

Test(pod_status, completed_beside_a_running_container_is_running_when_the_pod_is_ready)
{
    const char *spec = "'containers':[{'name':'c'},{'name':'d'}]";
    const char *containers =
        "'phase':'Running','containerStatuses':[{'name':'c','state':{'terminated':"
        "{'exitCode':0,'reason':'Completed'}}},{'name':'d','ready':true,'state':{'running':{}}}]";
    char *is_ready = tg_asprintf("%s,%s", containers, READY("True"));
    char *is_unready = tg_asprintf("%s,%s", containers, READY("False"));

    check("", spec, is_ready, "Running", "1/2");
    check("", spec, is_unready, "NotReady", "1/2");
    check("", spec, containers, "NotReady", "1/2");
    free(is_ready);
    free(is_unready);
}

Test(pod_status, init_containers_count_up)
{
    const char *spec = "'containers':[{'name':'c'}],'initContainers':[{'name':'a'},{'name':'b'}]";
    const char *waiting = "'containerStatuses':[{'name':'c','state':{'waiting':{'reason':"
                          "'PodInitializing'}}}]";
    char *first = tg_asprintf("'phase':'Pending',%s,'initContainerStatuses':[{'name':'a','state':"
                              "{'running':{}}},{'name':'b','state':{'waiting':{'reason':"
                              "'PodInitializing'}}}]",
                              waiting);
    char *second = tg_asprintf("'phase':'Pending',%s,'initContainerStatuses':[{'name':'a','state':"
                               "{'terminated':{'exitCode':0,'reason':'Completed'}}},{'name':'b',"
                               "'state':{'waiting':{'reason':'PodInitializing'}}}]",
                               waiting);
    char *done = tg_asprintf("'phase':'Pending',%s,'initContainerStatuses':[{'name':'a','state':"
                             "{'terminated':{'exitCode':0}}},{'name':'b','state':{'terminated':"
                             "{'exitCode':0}}}]",
                             waiting);

    check("", spec, first, "Init:0/2", "0/1");
    check("", spec, second, "Init:1/2", "0/1");
    check("", spec, done, "PodInitializing", "0/1");
    free(first);
    free(second);
    free(done);
}

static void check_init(const char *state, const char *status)
{
    char *text = tg_asprintf("'phase':'Pending','initContainerStatuses':[{'name':'a','state':{%s}}"
                             "],'containerStatuses':[{'name':'c','state':{'waiting':{'reason':"
                             "'PodInitializing'}}}]",
                             state);
    check("", "'containers':[{'name':'c'}],'initContainers':[{'name':'a'}]", text, status, "0/1");
    free(text);
}

Test(pod_status, init_containers_in_trouble)
{
    check_init("'running':{}", "Init:0/1");
    check_init("'terminated':{'exitCode':1,'reason':'Error'}", "Init:Error");
    check_init("'terminated':{'exitCode':2}", "Init:ExitCode:2");
    check_init("'terminated':{'exitCode':137,'signal':9}", "Init:Signal:9");
    check_init("'waiting':{'reason':'CrashLoopBackOff'}", "Init:CrashLoopBackOff");
    check_init("'waiting':{'reason':'ImagePullBackOff'}", "Init:ImagePullBackOff");
    check_init("'waiting':{}", "Init:0/1");
}

Test(pod_status, a_started_sidecar_counts_as_a_container)
{
    const char *spec = "'containers':[{'name':'vllm'}],'initContainers':[" SIDECAR "]";

    check("", spec,
          "'phase':'Running','initContainerStatuses':[" SIDECAR_RUN "],'containerStatuses':["
          "{'name':'vllm','ready':true,'state':{'running':{}}}]",
          "Running", "2/2");
    check("", spec,
          "'phase':'Pending','initContainerStatuses':[" SIDECAR_RUN "],'containerStatuses':["
          "{'name':'vllm','state':{'waiting':{'reason':'ErrImagePull'}}}]",
          "ErrImagePull", "1/2");
}

Test(pod_status, a_sidecar_counts_before_it_is_started)
{
    const char *spec = "'containers':[{'name':'vllm'}],'initContainers':[" SIDECAR "]";

    check("", spec, "'phase':'Pending'", "Pending", "0/2");
    check("", spec,
          "'phase':'Pending','initContainerStatuses':[{'name':'gke-gcsfuse-sidecar','ready':false,"
          "'started':false,'state':{'waiting':{'reason':'PodInitializing'}}}],'containerStatuses':"
          "[{'name':'vllm','state':{'waiting':{'reason':'PodInitializing'}}}]",
          "Init:0/1", "0/2");
}

Test(pod_status, an_init_container_after_a_sidecar_is_the_second)
{
    check("", "'containers':[{'name':'vllm'}],'initContainers':[" SIDECAR ",{'name':'prefetch'}]",
          "'phase':'Pending','initContainerStatuses':[" SIDECAR_RUN ",{'name':'prefetch','state':"
          "{'running':{}}}],'containerStatuses':[{'name':'vllm','state':{'waiting':{'reason':"
          "'PodInitializing'}}}]",
          "Init:1/2", "1/2");
}

Test(pod_status, a_reason_of_the_pod_goes_before_its_phase)
{
    check("", "'containers':[{'name':'c'}]", "'phase':'Failed','reason':'Evicted'", "Evicted",
          "0/1");
}

Test(pod_status, deletion_goes_before_everything)
{
    const char *deleted = ",'deletionTimestamp':'2026-01-01T00:00:00Z'";
    const char *spec = "'containers':[{'name':'c'}]";
    const char *running =
        "'phase':'Running','containerStatuses':[{'name':'c','ready':true,'state':{'running':{}}}]";

    check(deleted, spec, running, "Terminating", "1/1");
    check(deleted, spec, "'phase':'Pending'", "Terminating", "0/1");
    check(deleted, spec, "'phase':'Running','reason':'NodeLost'", "Unknown", "0/1");
    check("", spec, "'phase':'Running','reason':'NodeLost'", "NodeLost", "0/1");
}

/* As a real API server's table has it. */
Test(pod_status, a_pod_that_is_over_keeps_its_end_while_it_is_deleted)
{
    const char *deleted = ",'deletionTimestamp':'2026-01-01T00:00:00Z'";
    const char *spec = "'containers':[{'name':'c'}]";
    check(deleted, spec,
          "'phase':'Succeeded','containerStatuses':[{'name':'c','state':{'terminated':{"
          "'exitCode':0,'reason':'Completed'}}}]",
          "Completed", "0/1");
    check(deleted, spec, "'phase':'Failed','reason':'Evicted'", "Evicted", "0/1");
}

Test(pod_status, only_what_runs_is_ready)
{
    check("", "'containers':[{'name':'c'}]",
          "'phase':'Running','containerStatuses':[{'name':'c','ready':true,'state':{'waiting':{"
          "'reason':'CrashLoopBackOff'}}}]",
          "CrashLoopBackOff", "0/1");
}

Test(pod_status, a_gated_pod_is_not_just_pending)
{
    check("", "'containers':[{'name':'c'}]",
          "'phase':'Pending','conditions':[{'type':'PodScheduled','status':'False','reason':"
          "'SchedulingGated'}]",
          "SchedulingGated", "0/1");
}

static int restarts_of(const char *conditions)
{
    struct tg_err err = TG_ERR_INIT;
    char *text = tg_asprintf(
        "{'kind':'Pod','metadata':{'name':'p'},'spec':{'containers':[{'name':'c'}],"
        "'initContainers':[{'name':'i'},{'name':'s','restartPolicy':'Always'}]},'status':{"
        "'conditions':[%s],'initContainerStatuses':[{'name':'i','restartCount':4,'state':{"
        "'terminated':{'exitCode':0}}},{'name':'s','restartCount':2,'state':{'waiting':{'reason':"
        "'CrashLoopBackOff'}}}],'containerStatuses':[{'name':'c','restartCount':1,'state':{"
        "'running':{}}}]}}",
        conditions);
    char *json = quoted(text);
    struct tg_obj *obj = tg_k8s_decode(TG_KIND_POD, json, strlen(json), &err);
    cr_assert_not_null(obj, "%s", err.msg);
    int restarts = obj->as.pod.restarts;
    tg_obj_unref(obj);
    free(json);
    free(text);
    return restarts;
}

Test(pod_status, restarts_are_those_of_init_containers_until_it_is_initialized)
{
    cr_assert_eq(restarts_of(""), 6);
    cr_assert_eq(restarts_of("{'type':'Initialized','status':'True'}"), 3, "sidecars count on");
}
