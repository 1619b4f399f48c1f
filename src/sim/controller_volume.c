/* sim/controller_volume.c - claims find their volumes, or have them made; volumes are let go. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim/behaviour.h"
#include "sim/gcp_state.h"
#include "sim/json_path.h"
#include "sim/pod.h"
#include "sim/quantity.h"
#include "sim/selector.h"
#include "sim/shape.h"
#include "sim/volume.h"

#define COMPONENT     "persistentvolume-controller"
#define DISK_DRIVER   "pd.csi.storage.gke.io"
#define OLD_DRIVER    "kubernetes.io/gce-pd"
#define BOUND         "pv.kubernetes.io/bound-by-controller"
#define COMPLETED     "pv.kubernetes.io/bind-completed"
#define PROVISIONED   "pv.kubernetes.io/provisioned-by"
#define DEFAULT_CLASS "storageclass.kubernetes.io/is-default-class"

/* ---- storage classes ---- */

void sim_volume_create_classes(struct sim_region *region)
{
    static const struct {
        const char *name;
        const char *type;
        const char *provisioner;
        const char *mode;
    } classes[] = {
        {"premium-rwo", "pd-ssd", DISK_DRIVER, "WaitForFirstConsumer"},
        {"standard", "pd-standard", OLD_DRIVER, "Immediate"},
        {"standard-rwo", "pd-balanced", DISK_DRIVER, "WaitForFirstConsumer"},
    };
    for (size_t i = 0; i < TG_COUNT(classes); i++) {
        json_t *class = sim_shape(
            "{'metadata':{'name':'%s','labels':{'addonmanager.kubernetes.io/mode':"
            "'EnsureExists'},'annotations':{}},'provisioner':'%s','parameters':{'type':'%s'},"
            "'reclaimPolicy':'Delete','allowVolumeExpansion':true,'volumeBindingMode':'%s'}",
            classes[i].name, classes[i].provisioner, classes[i].type, classes[i].mode);
        if (tg_str_eq(classes[i].name, "standard-rwo")) {
            json_object_set_new(sim_json_at(class, "metadata.annotations"), DEFAULT_CLASS,
                                json_string("true"));
        }
        sim_shape_create(region->store, sim_world_kinds(region->world)->storage_class, class);
    }
}

struct default_class {
    const char *name;
};

static bool find_default(void *context, json_t *class)
{
    struct default_class *found = context;
    const json_t *mark = json_object_get(sim_json_at(class, "metadata.annotations"), DEFAULT_CLASS);
    if (tg_str_eq(json_string_value(mark), "true")) {
        found->name = sim_json_text(class, "metadata.name");
    }
    return true;
}

void sim_volume_admit(struct sim_region *region, const struct sim_resource *resource,
                      json_t *object)
{
    const struct sim_kinds *kinds = sim_world_kinds(region->world);
    bool is_claim = resource == kinds->volume_claim;
    if (!is_claim && resource != kinds->volume) {
        return;
    }
    json_t *metadata = sim_json_make_object(object, "metadata");
    sim_json_default(metadata, "finalizers",
                     json_pack("[s]", is_claim ? "kubernetes.io/pvc-protection"
                                               : "kubernetes.io/pv-protection"));
    json_t *spec = json_object_get(object, "spec");
    struct default_class found = {NULL};
    if (is_claim) {
        sim_store_each(region->store, kinds->storage_class, NULL, find_default, &found);
    }
    if (found.name != NULL && json_is_object(spec)) {
        sim_json_default(spec, "storageClassName", json_string(found.name));
    }
}

/* ---- claims and the Pods that use them ---- */

static bool uses_claim(const json_t *pod, const char *claim)
{
    size_t i;
    json_t *volume;
    json_array_foreach(sim_json_at(pod, "spec.volumes"), i, volume)
    {
        if (tg_str_eq(sim_json_text(volume, "persistentVolumeClaim.claimName"), claim)) {
            return true;
        }
    }
    return false;
}

struct users {
    const char *claim;
    bool is_used;
};

static bool find_user(void *context, json_t *pod)
{
    struct users *users = context;
    const char *phase = sim_json_text(pod, "status.phase");
    users->is_used = !tg_str_eq(phase, "Succeeded") && !tg_str_eq(phase, "Failed") &&
                     uses_claim(pod, users->claim);
    return !users->is_used;
}

static bool is_used(struct sim_region *region, const char *ns, const char *claim)
{
    struct users users = {claim, false};
    sim_store_each(region->store, sim_world_kinds(region->world)->pod, ns, find_user, &users);
    return users.is_used;
}

static bool is_bound(const json_t *claim)
{
    return tg_str_eq(sim_json_text(claim, "status.phase"), "Bound");
}

const json_t *sim_volume_of_claim(struct sim_region *region, const char *ns, const char *claim)
{
    const struct sim_kinds *kinds = sim_world_kinds(region->world);
    const json_t *object = sim_store_get(region->store, kinds->volume_claim, ns, claim);
    return is_bound(object) ? sim_store_get(region->store, kinds->volume, "",
                                            sim_json_text(object, "spec.volumeName"))
                            : NULL;
}

bool sim_volume_is_ready(struct sim_region *region, const json_t *pod, char *why, size_t size)
{
    size_t i;
    json_t *volume;
    json_array_foreach(sim_json_at(pod, "spec.volumes"), i, volume)
    {
        const char *name = sim_json_text(volume, "persistentVolumeClaim.claimName");
        const json_t *claim =
            name[0] == '\0'
                ? NULL
                : sim_store_get(region->store, sim_world_kinds(region->world)->volume_claim,
                                sim_json_text(pod, "metadata.namespace"), name);
        if (name[0] != '\0' && claim == NULL) {
            snprintf(why, size, "persistentvolumeclaim \"%.100s\" not found", name);
            return false;
        }
        if (claim != NULL && !is_bound(claim)) {
            snprintf(why, size, "pod has unbound immediate PersistentVolumeClaims");
            return false;
        }
    }
    return true;
}

/* ---- binding ---- */

static int64_t amount(const json_t *object, const char *path)
{
    int64_t milli = 0;
    sim_quantity_milli(sim_json_at(object, path), &milli);
    return milli;
}

static bool has_modes(const json_t *volume, const json_t *claim)
{
    size_t i;
    json_t *wanted;
    json_array_foreach(sim_json_at(claim, "spec.accessModes"), i, wanted)
    {
        const json_t *modes = sim_json_at(volume, "spec.accessModes");
        bool is_there = false;
        for (size_t m = 0; m < json_array_size(modes); m++) {
            is_there = is_there || json_equal(json_array_get(modes, m), wanted);
        }
        if (!is_there) {
            return false;
        }
    }
    return true;
}

/* Is the volume kept for this claim (1), for nobody (0), or for another one (-1)? */
static int kept_for(const json_t *volume, const json_t *claim)
{
    const json_t *ref = sim_json_at(volume, "spec.claimRef");
    const char *uid = sim_json_text(ref, "uid");
    if (ref == NULL) {
        return 0;
    }
    bool is_named =
        tg_str_eq(sim_json_text(ref, "name"), sim_json_text(claim, "metadata.name")) &&
        tg_str_eq(sim_json_text(ref, "namespace"), sim_json_text(claim, "metadata.namespace"));
    bool is_same = uid[0] == '\0' || tg_str_eq(uid, sim_json_text(claim, "metadata.uid"));
    return is_named && is_same ? 1 : -1;
}

static bool suits(const json_t *volume, const json_t *claim)
{
    struct sim_selector selector;
    sim_selector_from_json(&selector, sim_json_at(claim, "spec.selector"));
    bool is_selected = sim_selector_matches_labels(&selector, volume);
    sim_selector_fini(&selector);
    return is_selected && has_modes(volume, claim) &&
           tg_str_eq(sim_json_text(volume, "spec.storageClassName"),
                     sim_json_text(claim, "spec.storageClassName")) &&
           tg_str_eq(sim_json_text(volume, "spec.volumeMode"),
                     sim_json_text(claim, "spec.volumeMode")) &&
           amount(volume, "spec.capacity.storage") >=
               amount(claim, "spec.resources.requests.storage") &&
           sim_json_at(volume, "metadata.deletionTimestamp") == NULL;
}

struct choice {
    const json_t *claim;
    json_t *best;
};

/* What is kept for the claim comes before the smallest that is free. */
static bool consider(void *context, json_t *volume)
{
    struct choice *choice = context;
    int kept = kept_for(volume, choice->claim);
    if (kept < 0 || !suits(volume, choice->claim)) {
        return true;
    }
    bool is_better =
        choice->best == NULL || kept > kept_for(choice->best, choice->claim) ||
        (kept == kept_for(choice->best, choice->claim) &&
         amount(volume, "spec.capacity.storage") < amount(choice->best, "spec.capacity.storage"));
    if (is_better) {
        choice->best = volume;
    }
    return true;
}

static void annotate(json_t *object, const char *key)
{
    json_t *metadata = sim_json_make_object(object, "metadata");
    json_object_set_new(sim_json_make_object(metadata, "annotations"), key, json_string("yes"));
}

static void set_phase(struct sim_world *world, json_t *volume, const char *phase)
{
    char now[SIM_TIME_SIZE];
    json_t *status = sim_json_make_object(volume, "status");
    if (!tg_str_eq(sim_json_text(status, "phase"), phase)) {
        json_object_set_new(status, "phase", json_string(phase));
        json_object_set_new(status, "lastPhaseTransitionTime",
                            json_string(sim_shape_time(world, now)));
    }
}

static void bind(struct sim_region *region, const json_t *claim, const json_t *volume)
{
    const struct sim_kinds *kinds = sim_world_kinds(region->world);
    bool is_ours = kept_for(volume, claim) == 0;
    json_t *next = json_deep_copy(volume);
    json_t *spec = sim_json_make_object(next, "spec");
    json_object_set_new(spec, "claimRef",
                        json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "kind", "PersistentVolumeClaim",
                                  "namespace", sim_json_text(claim, "metadata.namespace"), "name",
                                  sim_json_text(claim, "metadata.name"), "uid",
                                  sim_json_text(claim, "metadata.uid"), "apiVersion", "v1",
                                  "resourceVersion",
                                  sim_json_text(claim, "metadata.resourceVersion")));
    if (is_ours) {
        annotate(next, BOUND);
    }
    set_phase(region->world, next, "Bound");
    json_t *taker = json_deep_copy(claim);
    annotate(taker, COMPLETED);
    if (sim_json_text(claim, "spec.volumeName")[0] == '\0') {
        annotate(taker, BOUND);
    }
    json_object_set(sim_json_make_object(taker, "spec"), "volumeName",
                    sim_json_at(volume, "metadata.name"));
    json_object_set_new(taker, "status",
                        json_pack("{s:s, s:O, s:O}", "phase", "Bound", "accessModes",
                                  sim_json_at(volume, "spec.accessModes"), "capacity",
                                  sim_json_at(volume, "spec.capacity")));
    sim_store_update(region->store, kinds->volume, next, NULL);
    sim_store_update(region->store, kinds->volume_claim, taker, NULL);
    sim_scheduler_kick(region);
}

/* ---- provisioning ---- */

static void provision(struct sim_region *region, const char *ns, const char *name)
{
    const struct sim_kinds *kinds = sim_world_kinds(region->world);
    json_t *claim = json_incref(sim_store_get(region->store, kinds->volume_claim, ns, name));
    const json_t *class = claim == NULL
                              ? NULL
                              : sim_store_get(region->store, kinds->storage_class, "",
                                              sim_json_text(claim, "spec.storageClassName"));
    if (class == NULL || is_bound(claim) ||
        sim_json_at(claim, "metadata.deletionTimestamp") != NULL) {
        json_decref(claim);
        return;
    }
    char *volume_name = tg_asprintf("pvc-%s", sim_json_text(claim, "metadata.uid"));
    json_t *volume = sim_shape(
        "{'metadata':{'name':'%s','annotations':{'" PROVISIONED "':'%s'}},'spec':{"
        "'accessModes':[],'persistentVolumeReclaimPolicy':'%s','storageClassName':'%s',"
        "'csi':{'driver':'" DISK_DRIVER "','fsType':'ext4','volumeHandle':"
        "'projects/%s/zones/%s/disks/%s'},'claimRef':{'kind':'PersistentVolumeClaim',"
        "'apiVersion':'v1','namespace':'%s','name':'%s','uid':'%s'}},'status':{'phase':"
        "'Pending'}}",
        volume_name, sim_json_text(class, "provisioner"), sim_json_text(class, "reclaimPolicy"),
        sim_json_text(class, "metadata.name"), sim_gcp_project(region->world), region->zone,
        volume_name, ns, name, sim_json_text(claim, "metadata.uid"));
    json_t *spec = json_object_get(volume, "spec");
    json_object_set(spec, "accessModes", sim_json_at(claim, "spec.accessModes"));
    json_object_set_new(spec, "capacity",
                        json_deep_copy(sim_json_at(claim, "spec.resources.requests")));
    if (sim_store_get(region->store, kinds->volume, "", volume_name) == NULL) {
        sim_event_record(region, claim, "Normal", "ProvisioningSucceeded", DISK_DRIVER,
                         "Successfully provisioned volume %s", volume_name);
        sim_volume_admit(region, kinds->volume, volume);
        sim_shape_create(region->store, kinds->volume, volume);
    } else {
        json_decref(volume);
    }
    const json_t *made = sim_store_get(region->store, kinds->volume, "", volume_name);
    bind(region, claim, made);
    free(volume_name);
    json_decref(claim);
}

/* The claim has no volume: has its class one made, or what does it wait for? */
static void look_for_more(struct sim_region *region, const json_t *claim)
{
    const char *ns = sim_json_text(claim, "metadata.namespace");
    const char *name = sim_json_text(claim, "metadata.name");
    const char *class_name = sim_json_text(claim, "spec.storageClassName");
    const json_t *class =
        sim_store_get(region->store, sim_world_kinds(region->world)->storage_class, "", class_name);
    const char *provisioner = sim_json_text(class, "provisioner");
    if (class_name[0] == '\0') {
        sim_event_record(region, claim, "Normal", "FailedBinding", COMPONENT,
                         "no persistent volumes available for this claim and no storage class is "
                         "set");
    } else if (class == NULL) {
        sim_event_record(region, claim, "Warning", "ProvisioningFailed", COMPONENT,
                         "storageclass.storage.k8s.io \"%s\" not found", class_name);
    } else if (tg_str_eq(sim_json_text(class, "volumeBindingMode"), "WaitForFirstConsumer") &&
               !is_used(region, ns, name)) {
        sim_event_record(region, claim, "Normal", "WaitForFirstConsumer", COMPONENT,
                         "waiting for first consumer to be created before binding");
    } else {
        sim_event_record(region, claim, "Normal", "ExternalProvisioning", COMPONENT,
                         "Waiting for a volume to be created either by the external provisioner "
                         "'%s' or manually by the system administrator. If volume creation is "
                         "delayed, please verify that the provisioner is running and correctly "
                         "registered.",
                         provisioner);
        if (tg_str_eq(provisioner, DISK_DRIVER) || tg_str_eq(provisioner, OLD_DRIVER)) {
            sim_controllers_poke(region, "provision", provision, ns, name,
                                 &sim_world_params(region->world)->volume_provision);
        }
    }
}

static void let_go(struct sim_region *region, const struct sim_resource *kind, const json_t *object)
{
    json_t *next = json_deep_copy(object);
    json_object_del(sim_json_make_object(next, "metadata"), "finalizers");
    sim_store_update(region->store, kind, next, NULL);
}

static void sync_claim(struct sim_region *region, const char *ns, const char *name)
{
    const struct sim_kinds *kinds = sim_world_kinds(region->world);
    json_t *claim = json_incref(sim_store_get(region->store, kinds->volume_claim, ns, name));
    const char *wanted = sim_json_text(claim, "spec.volumeName");
    if (claim == NULL || is_bound(claim) ||
        sim_json_at(claim, "metadata.deletionTimestamp") != NULL) {
        if (claim != NULL && sim_json_at(claim, "metadata.deletionTimestamp") != NULL &&
            !is_used(region, ns, name)) {
            let_go(region, kinds->volume_claim, claim);
        }
    } else if (wanted[0] != '\0') {
        const json_t *volume = sim_store_get(region->store, kinds->volume, "", wanted);
        if (volume != NULL && kept_for(volume, claim) >= 0 && suits(volume, claim)) {
            bind(region, claim, volume);
        } else if (volume != NULL) {
            sim_event_record(region, claim, "Warning", "FailedBinding", COMPONENT,
                             kept_for(volume, claim) < 0
                                 ? "volume \"%s\" already bound to a different claim."
                                 : "volume \"%s\" does not satisfy the claim",
                             wanted);
        }
    } else {
        struct choice choice = {claim, NULL};
        sim_store_each(region->store, kinds->volume, NULL, consider, &choice);
        if (choice.best != NULL) {
            bind(region, claim, choice.best);
        } else {
            look_for_more(region, claim);
        }
    }
    json_decref(claim);
}

/* ---- volumes ---- */

/* Is the claim that the volume is bound to gone? */
static bool is_released(struct sim_region *region, const json_t *volume)
{
    const char *uid = sim_json_text(volume, "spec.claimRef.uid");
    const json_t *claim = sim_store_get(region->store, sim_world_kinds(region->world)->volume_claim,
                                        sim_json_text(volume, "spec.claimRef.namespace"),
                                        sim_json_text(volume, "spec.claimRef.name"));
    return uid[0] != '\0' &&
           (claim == NULL || !tg_str_eq(sim_json_text(claim, "metadata.uid"), uid));
}

static void sync_volume(struct sim_region *region, const char *ns, const char *name)
{
    const struct sim_resource *kind = sim_world_kinds(region->world)->volume;
    json_t *volume = json_incref(sim_store_get(region->store, kind, ns, name));
    if (volume == NULL) {
        return;
    }
    bool is_leaving = sim_json_at(volume, "metadata.deletionTimestamp") != NULL;
    bool is_free = is_released(region, volume);
    const char *phase = sim_json_text(volume, "status.phase");
    if (is_leaving) {
        if (is_free || !tg_str_eq(phase, "Bound")) {
            let_go(region, kind, volume);
        }
    } else if (is_free &&
               tg_str_eq(sim_json_text(volume, "spec.persistentVolumeReclaimPolicy"), "Delete")) {
        sim_store_delete(region->store, kind, "", name, 0, NULL);
    } else if (is_free || tg_str_eq(phase, "Pending")) {
        json_t *next = json_deep_copy(volume);
        set_phase(region->world, next, is_free ? "Released" : "Available");
        sim_store_update(region->store, kind, next, NULL);
    }
    json_decref(volume);
}

/* ---- what happens to them ---- */

static void poke(struct sim_region *region, const char *kind, sim_sync *sync, const json_t *object)
{
    sim_controllers_poke(region, kind, sync, sim_json_text(object, "metadata.namespace"),
                         sim_json_text(object, "metadata.name"),
                         &sim_world_params(region->world)->controller_react);
}

static bool poke_claim(void *context, json_t *claim)
{
    if (!is_bound(claim)) {
        poke(context, "claim-of-volume", sync_claim, claim);
    }
    return true;
}

void sim_volume_claim_changed(struct sim_region *region, const struct sim_change *change)
{
    const char *volume = sim_json_text(change->object, "spec.volumeName");
    if (change->type == SIM_DELETED && volume[0] != '\0') {
        sim_controllers_poke(region, "volume", sync_volume, "", volume,
                             &sim_world_params(region->world)->controller_react);
    } else if (change->type != SIM_DELETED) {
        poke(region, "claim-of-volume", sync_claim, change->object);
    }
}

void sim_volume_changed(struct sim_region *region, const struct sim_change *change)
{
    if (change->type != SIM_DELETED) {
        poke(region, "volume", sync_volume, change->object);
    }
    if (change->type == SIM_ADDED) { /* somebody may be waiting for it */
        sim_store_each(region->store, sim_world_kinds(region->world)->volume_claim, NULL,
                       poke_claim, region);
    }
}

void sim_volume_pod_changed(struct sim_region *region, const struct sim_change *change)
{
    const char *ns = sim_json_text(change->object, "metadata.namespace");
    size_t i;
    json_t *volume;
    if (change->type == SIM_MODIFIED) {
        return; /* the first use and the last one matter */
    }
    json_array_foreach(sim_json_at(change->object, "spec.volumes"), i, volume)
    {
        const char *name = sim_json_text(volume, "persistentVolumeClaim.claimName");
        if (name[0] != '\0') {
            sim_controllers_poke(region, "claim-of-volume", sync_claim, ns, name,
                                 &sim_world_params(region->world)->controller_react);
        }
    }
}
