/* sim/store.h - the object store of one simulated API server: JSON objects, one rising
 * resourceVersion, watchers.
 *
 * The store knows metadata (uid, resourceVersion, generation, creationTimestamp, deletionTimestamp,
 * finalizers, ownerReferences) and history for watches; it does not know what any kind means:
 * controllers (sim/controllers.h) do, and the HTTP face (sim/k8s_api.h) does verbs, selectors and
 * patches. Objects are jansson values that the store owns and never changes in place: an update
 * replaces the value, so a borrowed json_t stays valid while referenced (json_incref) and a watcher
 * can hold old states.
 *
 * Thread: the world's. Errors: struct tg_err with the code that the HTTP status follows from
 * (NOT_FOUND, CONFLICT, INVALID, EXPIRED).
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_SIM_STORE_H
#define TG_SIM_STORE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "sim/text.h"
#include "sim/world.h"

struct sim_store;
struct sim_column;
struct sim_definitions;

/* One resource served: from the table of sim/resource.def, or a version of a
 * CustomResourceDefinition (sim/definition.h). */
struct sim_resource {
    const char *group; /* "" for core */
    const char *version;
    const char *plural;
    const char *singular;
    const char *kind;
    const char *list_kind;
    const char *short_names; /* comma-separated, "" when none */
    const char *categories;  /* "all" or "" */
    bool is_namespaced;
    bool has_status; /* a status subresource: spec writes do not touch status and the other way
                        round */
    bool has_scale;
    bool is_strategic;   /* built-in type: strategic merge patch allowed */
    bool has_generation; /* metadata.generation grows when spec changes */

    /* Of versions of CustomResourceDefinitions only. */
    const struct sim_resource *storage; /* where the objects are kept; NULL: here */
    size_t slot;                        /* place in its store, 0 for the table's resources */
    const struct sim_column *columns;
    const json_t *schema; /* openAPIV3Schema, NULL when it has none */
    bool is_terminating;  /* its definition is being deleted: nothing new may be created */
};

/* The resource under which the store keeps objects of resource, and by which changes name it. */
const struct sim_resource *sim_resource_storage(const struct sim_resource *resource);

/* Table, ended by plural == NULL; and look-ups (NULL when not served). */
extern const struct sim_resource sim_resources[];
const struct sim_resource *sim_resource_find(const char *group, const char *version,
                                             const char *plural);
const struct sim_resource *sim_resource_by_plural(const char *plural);

struct sim_store *sim_store_new(struct sim_world *world, const char *name);
void sim_store_free(struct sim_store *store);

/* Name of the cluster ("gke-us-east5"), the world it is in, and the current resourceVersion. */
const char *sim_store_name(const struct sim_store *store);
struct sim_world *sim_store_world(struct sim_store *store);
uint64_t sim_store_resource_version(const struct sim_store *store);

/* Borrowed object or NULL; ns is "" for cluster-scoped resources. */
json_t *sim_store_get(struct sim_store *store, const struct sim_resource *resource, const char *ns,
                      const char *name);

/* Objects of a resource in (namespace, name) order, ns NULL for all; calls visit until it returns
 * false. The store must not be changed by visit. */
void sim_store_each(struct sim_store *store, const struct sim_resource *resource, const char *ns,
                    bool (*visit)(void *context, json_t *object), void *context);
size_t sim_store_count(struct sim_store *store, const struct sim_resource *resource);

/* Creates object (reference taken from the caller, "steals"); fills metadata (uid, resourceVersion,
 * creationTimestamp, generation, namespace, name from generateName; a uid that is there
 * stays). CONFLICT with detail 409 when
 * the name exists. Result borrowed. */
json_t *sim_store_create(struct sim_store *store, const struct sim_resource *resource,
                         json_t *object, struct tg_err *err);

/* Gives an object to be created its name (of generateName), uid and creationTimestamp, which
 * sim_store_create() then keeps; what was there of the latter two is dropped. */
void sim_store_stamp(struct sim_store *store, const struct sim_resource *resource, json_t *object);

/* Replaces the object of the same name by object (stolen): immutable metadata is kept,
 * resourceVersion rises unless nothing changed, generation rises when spec changed. When object
 * carries metadata.resourceVersion it must be the current one, else CONFLICT. An object whose
 * deletionTimestamp is set and whose finalizers are gone (and whose grace is over, for Pods: see
 * sim_store_remove) disappears. Result borrowed, NULL on error, or with err NONE when it
 * disappeared. */
json_t *sim_store_update(struct sim_store *store, const struct sim_resource *resource,
                         json_t *object, struct tg_err *err);

/* Writes only object.status (the status subresource and controllers): status (stolen) replaces what
 * was there. Result borrowed, NULL on error. */
json_t *sim_store_set_status(struct sim_store *store, const struct sim_resource *resource,
                             const char *ns, const char *name, json_t *status, struct tg_err *err);

/* Deletion as the API server does it: with grace (Pods, grace_s > 0) or finalizers the object is
 * only marked (deletionTimestamp, deletionGracePeriodSeconds) and controllers finish; else it goes.
 * grace_s -1: the object's own. */
bool sim_store_delete(struct sim_store *store, const struct sim_resource *resource, const char *ns,
                      const char *name, int64_t grace_s, struct tg_err *err);

/* Takes the object away for good (kubelet after grace, garbage collection). False when there is
 * none. */
bool sim_store_remove(struct sim_store *store, const struct sim_resource *resource, const char *ns,
                      const char *name);

/* One change, as history and observers see it. */
enum sim_change_type { SIM_ADDED, SIM_MODIFIED, SIM_DELETED };
struct sim_change {
    uint64_t resource_version;
    enum sim_change_type type;
    const struct sim_resource *resource;
    json_t *object; /* new state (for DELETED: the last one, with the deletion's resourceVersion) */
    json_t *previous; /* state before, NULL for ADDED: selectors need it */
};

/* Changes after resource_version in order: visit returns false to stop. Returns false with EXPIRED
 * when history is compacted past it. History is bounded (default 10,000 changes); compact() drops
 * all of it. */
bool sim_store_changes_since(struct sim_store *store, uint64_t resource_version,
                             bool (*visit)(void *context, const struct sim_change *change),
                             void *context, struct tg_err *err);
void sim_store_compact(struct sim_store *store);

/* Observers run right after each change, on the world's thread, in the order they were added. They
 * may change the store again (nested changes are observed after the current one). Watch streams and
 * controllers hang on this. */
typedef void sim_observer(void *context, struct sim_store *store, const struct sim_change *change);
uint64_t sim_store_observe(struct sim_store *store, sim_observer *observer, void *context);
void sim_store_unobserve(struct sim_store *store, uint64_t id);

/* Text of one object of the store without its kind and apiVersion ("{\"metadata\":...}"),
 * serialised at most once for each state; a new reference. object may also be an older state (then
 * it is serialised afresh). */
struct sim_text *sim_store_text(struct sim_store *store, const struct sim_resource *resource,
                                json_t *object);

/* Oldest resourceVersion that sim_store_changes_since() still accepts. */
uint64_t sim_store_oldest_version(const struct sim_store *store);

/* A place for objects of a resource that is not in the table; see struct sim_resource. */
size_t sim_store_add_slot(struct sim_store *store);

/* The CustomResourceDefinitions that the store serves; of sim/definition.c. */
struct sim_definitions *sim_store_definitions(const struct sim_store *store);

/* Place for what the HTTP face keeps with a store (its watches); freed with the store by free_face.
 */
void sim_store_set_face(struct sim_store *store, void *face, void (*free_face)(void *face));
void *sim_store_face(const struct sim_store *store);

#endif
