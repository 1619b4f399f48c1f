/* tests/unit/codec/test_k8s_kinds.c - Events, claims, slices, gateway objects, leases and jobs:
 * every field that is read, by every way in which it arrives. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "routes.h"

static void check_core_event(const struct tg_obj *obj)
{
    const struct tg_event *event = &obj->as.event;
    cr_assert_eq(obj->kind, TG_KIND_EVENT);
    cr_assert_str_eq(obj->name, "vllm.17ab");
    cr_assert_str_eq(obj->ns, "default");
    cr_assert_str_eq(event->type, "Warning");
    cr_assert_str_eq(event->reason, "FailedScheduling");
    cr_assert_str_eq(event->message, "0/2 nodes: {Insufficient google.com/tpu}");
    cr_assert_str_eq(event->object_kind, "Pod");
    cr_assert_str_eq(event->object_namespace, "default");
    cr_assert_str_eq(event->object_name, "vllm-gemma-1");
    cr_assert_str_eq(event->object_uid, "pod-uid");
    cr_assert_str_eq(event->source, "default-scheduler");
    cr_assert_eq(event->count, 4);
    cr_assert_eq(event->first_us, T0_US);
    cr_assert_eq(event->last_us, T0_US + 90 * S_US);
}

Test(k8s_kinds, event_as_the_core_api_writes_it)
{
    check_on_every_route(
        TG_KIND_EVENT,
        "{'kind':'Event','apiVersion':'v1','metadata':{'name':'vllm.17ab','namespace':'default',"
        "'uid':'u','resourceVersion':'5','creationTimestamp':'2026-01-01T00:00:00Z'," MANAGED_FIELDS
        "},'involvedObject':{'kind':'Pod','namespace':'default','name':'vllm-gemma-1',"
        "'uid':'pod-uid','apiVersion':'v1','resourceVersion':'1','fieldPath':'spec'},"
        "'reason':'FailedScheduling','message':'0/2 nodes: {Insufficient google.com/tpu}',"
        "'source':{'component':'default-scheduler','host':'h'},"
        "'firstTimestamp':'2026-01-01T00:00:00Z','lastTimestamp':'2026-01-01T00:01:30Z',"
        "'count':4,'type':'Warning','eventTime':null,'reportingComponent':'other',"
        "'reportingInstance':''}",
        check_core_event);
}

static void check_new_event(const struct tg_obj *obj)
{
    const struct tg_event *event = &obj->as.event;
    cr_assert_str_eq(event->type, "Normal");
    cr_assert_str_eq(event->source, "kubelet");
    cr_assert_eq(event->count, 1);
    /* no firstTimestamp: the newest time is all there is */
    cr_assert_eq(event->last_us, T0_US + 120 * S_US + 250000);
    cr_assert_eq(event->first_us, T0_US + 120 * S_US + 250000);
}

Test(k8s_kinds, event_as_the_events_api_writes_it)
{
    check_on_every_route(
        TG_KIND_EVENT,
        "{'kind':'Event','metadata':{'name':'e','creationTimestamp':'2026-01-01T00:00:00Z'},"
        "'type':'Normal','reason':'Pulled','message':'m','firstTimestamp':null,"
        "'lastTimestamp':null,'eventTime':'2026-01-01T00:01:00.000000Z','source':{},"
        "'series':{'count':3,'lastObservedTime':'2026-01-01T00:02:00.250000Z'},"
        "'reportingComponent':'kubelet','action':'Pulling'}",
        check_new_event);
}

static void check_lone_event(const struct tg_obj *obj)
{
    cr_assert_eq(obj->as.event.last_us, T0_US + 60 * S_US);
    cr_assert_eq(obj->as.event.first_us, T0_US + 60 * S_US);
}

Test(k8s_kinds, event_that_happened_once)
{
    check_on_every_route(TG_KIND_EVENT,
                         "{'metadata':{'name':'e','creationTimestamp':'2026-01-01T00:00:01Z'},"
                         "'eventTime':'2026-01-01T00:01:00Z'}",
                         check_lone_event);
}

static void check_claim(const struct tg_obj *obj)
{
    const struct tg_resource_claim *claim = &obj->as.resource_claim;
    cr_assert_eq(obj->kind, TG_KIND_RESOURCE_CLAIM);
    cr_assert_str_eq(claim->pod_claim_name, "rdma");
    cr_assert_str_eq(claim->device_class, "dranet-netdev");
    cr_assert_str_eq(claim->reserved_for, "vllm-gemma-1");
    cr_assert(claim->is_allocated);
    cr_assert_eq(claim->devices_count, 2);
    cr_assert_str_eq(claim->devices[0].driver, "dra.net");
    cr_assert_str_eq(claim->devices[0].pool, "gke-tpu-1");
    cr_assert_str_eq(claim->devices[0].device, "pci-0000-04-00-0");
    cr_assert_str_eq(claim->devices[0].interface_name, "eth1");
    cr_assert_str_eq(claim->devices[0].address, "10.0.2.9/32");
    cr_assert_str_eq(claim->devices[0].mac, "42:01:0a:00:02:09");
    cr_assert(claim->devices[0].is_ready);
    /* allocated, and the driver has not reported */
    cr_assert_str_eq(claim->devices[1].device, "pci-0000-05-00-0");
    cr_assert_str_eq(claim->devices[1].interface_name, "");
    cr_assert_str_eq(claim->devices[1].address, "");
    cr_assert_str_eq(claim->devices[1].mac, "");
    cr_assert_not(claim->devices[1].is_ready);
}

Test(k8s_kinds, resource_claim)
{
    check_on_every_route(
        TG_KIND_RESOURCE_CLAIM,
        "{'kind':'ResourceClaim','apiVersion':'resource.k8s.io/v1','metadata':{'name':'c',"
        "'namespace':'default','annotations':{'resource.kubernetes.io/pod-claim-name':'rdma',"
        "'x':'y'}," MANAGED_FIELDS "},'spec':{'devices':{'requests':[{'name':'nic','exactly':"
        "{'deviceClassName':'dranet-netdev','allocationMode':'All'}}]}},"
        "'status':{'reservedFor':[{'resource':'pods','name':'vllm-gemma-1','uid':'pod-uid'}],"
        "'allocation':{'devices':{'results':[{'request':'nic','driver':'dra.net','pool':"
        "'gke-tpu-1','device':'pci-0000-04-00-0'},{'request':'nic','driver':'dra.net','pool':"
        "'gke-tpu-1','device':'pci-0000-05-00-0'}]},'nodeSelector':{'nodeSelectorTerms':[]}},"
        "'devices':[{'driver':'dra.net','pool':'gke-tpu-2','device':'pci-0000-05-00-0',"
        "'networkData':{'interfaceName':'wrong'}},"
        "{'driver':'dra.net','pool':'gke-tpu-1','device':'pci-0000-04-00-0',"
        "'conditions':[{'type':'NetworkReady','status':'False'},{'type':'Ready','status':'True'}],"
        "'networkData':{'interfaceName':'eth1','ips':['10.0.2.9/32','fd00::9/128'],"
        "'hardwareAddress':'42:01:0a:00:02:09'}}]}}",
        check_claim);
}

static void check_free_claim(const struct tg_obj *obj)
{
    const struct tg_resource_claim *claim = &obj->as.resource_claim;
    cr_assert_str_eq(claim->device_class, "old-class");
    cr_assert_str_eq(claim->reserved_for, "");
    cr_assert_not(claim->is_allocated);
    cr_assert_eq(claim->devices_count, 0);
}

Test(k8s_kinds, resource_claim_of_the_beta_that_nobody_holds)
{
    check_on_every_route(TG_KIND_RESOURCE_CLAIM,
                         "{'metadata':{'name':'c'},'spec':{'devices':{'requests':[{'name':'nic',"
                         "'deviceClassName':'old-class'}]}},'status':{}}",
                         check_free_claim);
}

static void check_slice(const struct tg_obj *obj)
{
    const struct tg_resource_slice *slice = &obj->as.resource_slice;
    cr_assert_eq(obj->kind, TG_KIND_RESOURCE_SLICE);
    cr_assert_str_eq(slice->driver, "dra.net");
    cr_assert_str_eq(slice->node_name, "gke-tpu-1");
    cr_assert_str_eq(slice->pool, "pool-1");
    cr_assert_eq(slice->pool_generation, 3);
    cr_assert_eq(slice->pool_slice_count, 2);
    cr_assert_eq(slice->devices_count, 2);
    const struct tg_slice_device *device = &slice->devices[0];
    cr_assert_str_eq(device->name, "pci-0000-04-00-0");
    cr_assert_str_eq(device->interface_name, "eth1");
    cr_assert_str_eq(device->mac, "42:01:0a:00:02:09");
    cr_assert_str_eq(device->address, "10.0.2.9/32");
    cr_assert_str_eq(device->pci_address, "0000:04:00.0");
    cr_assert_str_eq(device->network, "tpu-net");
    cr_assert_eq(device->mtu, 8896);
    cr_assert(device->is_rdma);
    cr_assert(device->is_up);
    device = &slice->devices[1];
    cr_assert_str_eq(device->name, "eth2");
    cr_assert_str_eq(device->interface_name, "eth2");
    cr_assert_eq(device->mtu, 1460);
    cr_assert_not(device->is_rdma);
    cr_assert_not(device->is_up);
    cr_assert_str_eq(device->network, "");
}

Test(k8s_kinds, resource_slice)
{
    check_on_every_route(
        TG_KIND_RESOURCE_SLICE,
        "{'kind':'ResourceSlice','metadata':{'name':'s'," MANAGED_FIELDS "},'spec':{"
        "'driver':'dra.net','nodeName':'gke-tpu-1','pool':{'name':'pool-1','generation':3,"
        "'resourceSliceCount':2},'devices':[{'name':'pci-0000-04-00-0','attributes':{"
        "'dra.net/ifName':{'string':'eth1'},'dra.net/mac':{'string':'42:01:0a:00:02:09'},"
        "'dra.net/ipv4':{'string':'10.0.2.9/32'},'dra.net/pciAddress':{'string':'0000:04:00.0'},"
        "'gce.dra.net/networkName':{'string':'tpu-net'},'dra.net/mtu':{'int':8896},"
        "'dra.net/rdma':{'bool':true},'dra.net/state':{'string':'up'},"
        "'dra.net/numaNode':{'int':1}}},{'name':'eth2','basic':{'attributes':{"
        "'ifName':{'string':'eth2'},'mtu':{'int':1460},'rdma':{'bool':false},"
        "'state':{'string':'down'}}}}]}}",
        check_slice);
}

static void check_gateway(const struct tg_obj *obj)
{
    const struct tg_gateway *gateway = &obj->as.gateway;
    cr_assert_eq(obj->kind, TG_KIND_GATEWAY);
    cr_assert_eq(obj->generation, 2);
    cr_assert_eq(obj->deleted_us, T0_US + 9 * S_US);
    cr_assert_str_eq(gateway->class_name, "gke-l7-cross-regional-internal-managed-mc");
    cr_assert_str_eq(gateway->addresses_wanted, "ip-us,ip-eu");
    cr_assert_str_eq(gateway->addresses, "10.0.0.7,10.1.0.7");
    cr_assert_eq(gateway->attached_routes, 3);
    cr_assert_str_eq(gateway->backend_services, "/projects/1/global/backendServices/gkemcg1-a");
    cr_assert_eq(gateway->conditions.count, 2);
    cr_assert_str_eq(gateway->conditions.items[1].type, "Programmed");
    cr_assert_str_eq(gateway->conditions.items[1].status, "Unknown");
    cr_assert_str_eq(gateway->conditions.items[1].reason, "Pending");
    cr_assert_eq(gateway->conditions.items[1].since_us, T0_US + 3 * S_US);
}

Test(k8s_kinds, gateway)
{
    check_on_every_route(
        TG_KIND_GATEWAY,
        "{'kind':'Gateway','apiVersion':'gateway.networking.k8s.io/v1','metadata':{'name':'g',"
        "'namespace':'default','generation':2,'deletionTimestamp':'2026-01-01T00:00:09Z',"
        "'annotations':{'networking.gke.io/backend-services':"
        "'/projects/1/global/backendServices/gkemcg1-a','networking.gke.io/"
        "forwarding-rules':'x'}," MANAGED_FIELDS "},'spec':{"
        "'gatewayClassName':'gke-l7-cross-regional-internal-managed-mc','addresses':["
        "{'type':'networking.gke.io/named-address-with-region','value':'ip-us'},"
        "{'type':'networking.gke.io/named-address-with-region','value':'ip-eu'}],"
        "'listeners':[{'name':'http','protocol':'HTTP','port':80}]},"
        "'status':{'addresses':[{'type':'IPAddress','value':'10.0.0.7'},{'value':'10.1.0.7'}],"
        "'listeners':[{'name':'http','attachedRoutes':1,'conditions':[{'type':'Programmed',"
        "'status':'True'}]},{'name':'https','attachedRoutes':2}],"
        "'conditions':[{'type':'Accepted','status':'True'},{'type':'Programmed','status':'Unknown',"
        "'reason':'Pending','message':'Waiting','observedGeneration':2,"
        "'lastTransitionTime':'2026-01-01T00:00:03Z'}]}}",
        check_gateway);
}

static void check_route(const struct tg_obj *obj)
{
    const struct tg_http_route *route = &obj->as.http_route;
    cr_assert_eq(obj->kind, TG_KIND_HTTP_ROUTE);
    cr_assert_str_eq(route->parent, "cross-region-gateway");
    cr_assert_str_eq(route->backend_kind, "GCPInferencePoolImport");
    cr_assert_str_eq(route->backend_name, "gemma-pool");
    cr_assert_eq(route->backend_port, 8000);
    cr_assert_eq(route->conditions.count, 2);
    cr_assert_str_eq(tg_obj_condition(obj, "Accepted")->status, "True");
    cr_assert_str_eq(tg_obj_condition(obj, "resolvedrefs")->status, "False");
    cr_assert_str_eq(tg_obj_condition(obj, "ResolvedRefs")->reason, "BackendNotFound");
}

Test(k8s_kinds, http_route)
{
    check_on_every_route(
        TG_KIND_HTTP_ROUTE,
        "{'kind':'HTTPRoute','metadata':{'name':'r','namespace':'default'," MANAGED_FIELDS "},"
        "'spec':{'parentRefs':[{'kind':'Gateway','name':'cross-region-gateway'},{'name':'b'}],"
        "'rules':[{'matches':[{'path':{'type':'PathPrefix','value':'/'}}],'backendRefs':["
        "{'group':'networking.gke.io','kind':'GCPInferencePoolImport','name':'gemma-pool',"
        "'port':8000,'weight':1},{'name':'second'}]}]},'status':{'parents':[{'controllerName':'x',"
        "'parentRef':{'name':'cross-region-gateway'},'conditions':[{'type':'Accepted',"
        "'status':'True','reason':'Accepted'},{'type':'ResolvedRefs','status':'False',"
        "'reason':'BackendNotFound'}]},{'conditions':[{'type':'Accepted','status':'False'}]}]}}",
        check_route);
}

static void check_inference_pool(const struct tg_obj *obj)
{
    const struct tg_inference_pool *pool = &obj->as.inference_pool;
    cr_assert_eq(obj->kind, TG_KIND_INFERENCE_POOL);
    cr_assert_str_eq(pool->selector_app, "gemma-server");
    cr_assert_eq(pool->target_port, 8000);
    cr_assert_str_eq(pool->picker, "gemma-pool-epp");
    cr_assert_str_eq(pool->failure_mode, "FailOpen");
    cr_assert(pool->is_exported);
    cr_assert_eq(pool->conditions.count, 1);
    cr_assert_str_eq(pool->conditions.items[0].type, "Accepted");
}

Test(k8s_kinds, inference_pool)
{
    check_on_every_route(
        TG_KIND_INFERENCE_POOL,
        "{'kind':'InferencePool','metadata':{'name':'gemma-pool','namespace':'default',"
        "'annotations':{'networking.gke.io/export':'True'}," MANAGED_FIELDS "},'spec':{"
        "'selector':{'matchLabels':{'app':'gemma-server'}},'targetPorts':[{'number':8000}],"
        "'endpointPickerRef':{'kind':'Service','name':'gemma-pool-epp','port':{'number':9002},"
        "'failureMode':'FailOpen'}},'status':{'parents':[{'conditions':[{'type':'Accepted',"
        "'status':'True'}],'parentRef':{'name':'g'}}]}}",
        check_inference_pool);
}

static void check_lease(const struct tg_obj *obj)
{
    cr_assert_eq(obj->kind, TG_KIND_LEASE);
    cr_assert_str_eq(obj->ns, "kube-node-lease");
    cr_assert_str_eq(obj->as.lease.holder, "gke-tpu-1");
    cr_assert_eq(obj->as.lease.duration_s, 40);
    cr_assert_eq(obj->as.lease.renewed_us, T0_US + 8 * S_US + 123456);
}

Test(k8s_kinds, lease)
{
    check_on_every_route(TG_KIND_LEASE,
                         "{'kind':'Lease','metadata':{'name':'gke-tpu-1','namespace':'kube-node-"
                         "lease'," MANAGED_FIELDS
                         "},'spec':{'holderIdentity':'gke-tpu-1','leaseDurationSeconds':40,"
                         "'renewTime':'2026-01-01T00:00:08.123456Z','leaseTransitions':1}}",
                         check_lease);
}

static void check_job(const struct tg_obj *obj)
{
    cr_assert_eq(obj->kind, TG_KIND_JOB);
    cr_assert_eq(obj->as.plain.succeeded, 1);
    cr_assert_eq(obj->as.plain.failed, 2);
    cr_assert_eq(obj->as.plain.active, 3);
    cr_assert_eq(obj->as.plain.conditions.count, 1);
    cr_assert_str_eq(obj->as.plain.conditions.items[0].type, "Complete");
}

Test(k8s_kinds, job)
{
    check_on_every_route(
        TG_KIND_JOB,
        "{'kind':'Job','metadata':{'name':'download','namespace':'default'," MANAGED_FIELDS "},"
        "'spec':{'template':{'spec':{'containers':[]}}},'status':{'succeeded':1,'failed':2,"
        "'active':3,'conditions':[{'type':'Complete','status':'True'}]}}",
        check_job);
}

Test(k8s_kinds, an_object_of_another_kind_is_refused)
{
    static const enum tg_kind kinds[] = {TG_KIND_EVENT, TG_KIND_GATEWAY, TG_KIND_JOB, TG_KIND_POD,
                                         TG_KIND_DEPLOYMENT};
    const char *json = "{\"kind\":\"Node\",\"metadata\":{\"name\":\"a\"}}";
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        struct tg_err err = TG_ERR_INIT;
        cr_assert_null(tg_k8s_decode(kinds[i], json, strlen(json), &err));
        cr_assert_eq(err.code, TG_CODE_PROTOCOL);
        cr_assert_not_null(strstr(err.msg, "Node"), "%s", err.msg);
    }
}
