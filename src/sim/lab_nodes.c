/* sim/lab_nodes.c - nodes as GKE hands them over, their device classes and slices. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/str.h"
#include "sim/behaviour.h"
#include "sim/lab_objects.h"
#include "sim/shape.h"

#define VERSION "v1.34.1-gke.1829001"

/* Capacity less what GKE keeps for the system and for evictions. */
static json_t *allocatable_of(const json_t *capacity, int index)
{
    json_t *allocatable = json_copy((json_t *)(uintptr_t)capacity);
    bool is_small = index == 0;
    json_object_set_new(allocatable, "cpu", json_string(is_small ? "15890m" : "179480m"));
    json_object_set_new(allocatable, "memory",
                        json_string(is_small ? "60055600Ki" : "727364656Ki"));
    json_object_set_new(allocatable, "ephemeral-storage", json_string("47060071478"));
    return allocatable;
}

static json_t *node_status(struct sim_region *region, const char *name, int index, bool has_tpu)
{
    char ip[SIM_IP_SIZE];
    char now[SIM_TIME_SIZE];
    sim_region_node_ip(region, 3 + index, ip);
    sim_shape_time(region->world, now);
    uint64_t id = tg_hash_str(name);
    json_t *status = sim_shape(
        "{'addresses':[{'type':'InternalIP','address':'%s'},{'type':'Hostname','address':'%s'}],"
        "'nodeInfo':{'kubeletVersion':'" VERSION "','containerRuntimeVersion':'containerd://2.0.6',"
        "'osImage':'Container-Optimized OS from "
        "Google','operatingSystem':'linux','architecture':'amd64',"
        "'kernelVersion':'6.6.97+','machineID':'%016" PRIx64 "%016" PRIx64
        "','systemUUID':'%08" PRIx32 "-%04x-%04x-%04x-%012" PRIx64 "','bootID':'%08" PRIx32
        "-%04x-4%03x-8%03x-%012" PRIx64 "','kubeProxyVersion':''}}",
        ip, name, id, ~id, (uint32_t)id, (unsigned)(id >> 32) & 0xffffu, (unsigned)(id >> 48),
        (unsigned)id & 0xffffu, id & UINT64_C(0xffffffffffff), (uint32_t)~id,
        (unsigned)(id >> 16) & 0xffffu, (unsigned)id & 0xfffu, (unsigned)(id >> 8) & 0xfffu,
        ~id & UINT64_C(0xffffffffffff));
    json_t *room = index == 0 ? sim_shape("{'cpu':'16','memory':'65843248Ki','ephemeral-storage':'"
                                          "98831908Ki','pods':'110'}")
                              : sim_shape("{'cpu':'180','memory':'743131824Ki','ephemeral-storage':"
                                          "'98831908Ki','pods':'110',"
                                          "'google.com/tpu':'4'}");
    if (index == 1 && !has_tpu) { /* until the device plug-in has registered */
        json_object_del(room, "google.com/tpu");
    }
    json_object_set_new(status, "capacity", room);
    json_object_set_new(status, "allocatable", allocatable_of(room, index));
    static const struct {
        const char *type;
        bool is_true;
        const char *reason;
        const char *message;
    } conditions[] = {
        {"KernelDeadlock", false, "KernelHasNoDeadlock", "kernel has no deadlock"},
        {"ReadonlyFilesystem", false, "FilesystemIsNotReadOnly", "Filesystem is not read-only"},
        {"FrequentKubeletRestart", false, "NoFrequentKubeletRestart",
         "kubelet is functioning properly"},
        {"NetworkUnavailable", false, "RouteCreated", "NodeController create implicit route"},
        {"MemoryPressure", false, "KubeletHasSufficientMemory",
         "kubelet has sufficient memory available"},
        {"DiskPressure", false, "KubeletHasNoDiskPressure", "kubelet has no disk pressure"},
        {"PIDPressure", false, "KubeletHasSufficientPID", "kubelet has sufficient PID available"},
        {"Ready", true, "KubeletReady", "kubelet is posting ready status"},
    };
    for (size_t i = 0; i < sizeof conditions / sizeof conditions[0]; i++) {
        sim_shape_condition(region->world, status, conditions[i].type, conditions[i].is_true,
                            conditions[i].reason, conditions[i].message,
                            json_pack("{s:s}", "lastHeartbeatTime", now));
    }
    return status;
}

void sim_lab_node(struct sim_region *region, int index, bool has_tpu)
{
    const char *name = index == 0 ? region->default_node : region->tpu_node;
    struct sim_world *world = region->world;
    const struct sim_kinds *kinds = sim_world_kinds(world);
    json_t *node = sim_shape(
        "{'metadata':{'name':'%s','labels':{'beta.kubernetes.io/arch':'amd64','kubernetes.io/"
        "arch':'amd64',"
        "'kubernetes.io/os':'linux','kubernetes.io/hostname':'%s','topology.kubernetes.io/"
        "region':'%s',"
        "'topology.kubernetes.io/zone':'%s','cloud.google.com/gke-boot-disk':'pd-balanced',"
        "'cloud.google.com/gke-container-runtime':'containerd','cloud.google.com/"
        "gke-os-distribution':"
        "'cos','cloud.google.com/gke-provisioning':'standard','iam.gke.io/gke-metadata-server-"
        "enabled':'true','cloud.google.com/gke-nodepool':'%s',"
        "'node.kubernetes.io/instance-type':'%s'}},"
        "'spec':{'providerID':'gce://%s/%s/%s','podCIDR':'10.%u.%u.0/24'}}",
        name, name, region->name, region->zone, index == 0 ? "default-pool" : "tpu-v6e-pool",
        index == 0 ? "e2-standard-16" : "ct6e-standard-4t", sim_world_config(world)->project,
        region->zone, name, (unsigned)(region->pod_network >> 16) & 0xffu,
        ((unsigned)(region->pod_network >> 8) & 0xffu) + (unsigned)index);
    if (index == 1) {
        json_t *labels = sim_shape("{'cloud.google.com/gke-tpu-accelerator':'tpu-v6e-slice',"
                                   "'cloud.google.com/gke-tpu-topology':'2x2','cloud.google.com/"
                                   "gke-accelerator-count':'4',"
                                   "'cloud.google.com/gke-networking-dra-driver':'true',"
                                   "'gke.networks.io/accelerator-network-profile':'auto'}");
        json_object_update(json_object_get(json_object_get(node, "metadata"), "labels"), labels);
        json_decref(labels);
        json_object_set_new(
            json_object_get(node, "spec"), "taints",
            sim_shape("[{'key':'google.com/tpu','value':'present','effect':'NoSchedule'}]"));
    }
    json_object_set_new(node, "status", node_status(region, name, index, has_tpu));
    sim_shape_create(region->store, kinds->node, node);
    char now[SIM_TIME_SIZE];
    sim_shape_micro_time(world, now);
    sim_shape_create(
        region->store, kinds->lease,
        sim_shape(
            "{'metadata':{'name':'%s','namespace':'kube-node-lease'},'spec':{'holderIdentity':'%s',"
            "'leaseDurationSeconds':40,'acquireTime':'%s','renewTime':'%s'}}",
            name, name, now, now));
    sim_kubelet_start_node(region, name);
    const json_t *made = sim_store_get(region->store, kinds->node, "", name);
    sim_event_record(region, made, "Normal", "Starting", "kubelet", "Starting kubelet.");
    sim_event_record(region, made, "Normal", "NodeReady", "kubelet",
                     "Node %s status is now: NodeReady", name);
    sim_event_record(region, made, "Normal", "RegisteredNode", "node-controller",
                     "Node %s event: Registered Node %s in Controller", name, name);
}

static json_t *device(const struct sim_region *region, int i)
{
    char ip[SIM_IP_SIZE];
    unsigned bus = 0x91u + (unsigned)i;
    int host = 20 + i;
    return sim_shape(
        "{'name':'pci-0000-%02x-00-0','attributes':{'dra.net/ifName':{'string':'eth%d'},"
        "'dra.net/pciAddress':{'string':'0000:%02x:00.0'},'dra.net/pciVendor':{'string':'Google, "
        "Inc.'},"
        "'dra.net/pciDevice':{'string':'Compute Engine Virtual Ethernet [gVNIC]'},"
        "'dra.net/mac':{'string':'42:01:0a:%02x:%02x:%02x'},'dra.net/ipv4':{'string':'%s'},"
        "'dra.net/encapsulation':{'string':'ether'},'dra.net/state':{'string':'up'},'dra.net/"
        "type':{'string':'device'},"
        "'dra.net/mtu':{'int':8896},'dra.net/numaNode':{'int':%d},'dra.net/rdma':{'bool':false},"
        "'dra.net/sriov':{'bool':false},'dra.net/virtual':{'bool':false},'dra.net/"
        "ebpf':{'bool':false},"
        "'gce.dra.net/machineType':{'string':'ct6e-standard-4t'},'gce.dra.net/"
        "networkName':{'string':'%s-net-%d'},"
        "'gce.dra.net/networkProjectNumber':{'int':%" PRIu64 "},"
        "'resource.kubernetes.io/pcieRoot':{'string':'pci0000:%02x'}}}",
        bus, i + 1, bus, (unsigned)region->network_high, (unsigned)region->network_low,
        (unsigned)host, sim_region_node_ip(region, host, ip), i, region->cluster, i + 1,
        sim_lab_project_number(region->world), bus - 1);
}

static void create_class(struct sim_region *region, const char *name, const char *expression)
{
    const struct sim_resource *kind = sim_world_kinds(region->world)->device_class;
    if (sim_store_get(region->store, kind, "", name) != NULL) {
        return; /* the driver left it behind when an earlier node went */
    }
    json_t *class = json_pack("{s:{s:s},s:{s:[{s:{s:s}}]}}", "metadata", "name", name, "spec",
                              "selectors", "cel", "expression", expression);
    sim_shape_create(region->store, kind, class);
}

void sim_lab_devices(struct sim_region *region)
{
    const struct sim_kinds *kinds = sim_world_kinds(region->world);
    struct tg_err err = TG_ERR_INIT;
    json_t *status = node_status(region, region->tpu_node, 1, true);
    sim_store_set_status(region->store, kinds->node, "", region->tpu_node, status, &err);
    create_class(region, "netdev.google.com", "device.driver == 'dra.net'");
    create_class(region, "mrdma.google.com",
                 "device.driver == 'dra.net' && device.attributes['dra.net'].rdma");
    json_t *slice = sim_shape(
        "{'metadata':{'generateName':'%s-dra.net-'},'spec':{'driver':'dra.net','nodeName':'%s',"
        "'pool':{'name':'%s','generation':1,'resourceSliceCount':1},'devices':[]}}",
        region->tpu_node, region->tpu_node, region->tpu_node);
    json_t *devices = json_object_get(json_object_get(slice, "spec"), "devices");
    json_array_append_new(devices, device(region, 0));
    json_array_append_new(devices, device(region, 1));
    sim_shape_create(region->store, kinds->slice, slice);
}
