/* sim/rbac_roles.c - the roles and bindings that a cluster has from the start. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim/behaviour.h"
#include "sim/rbac.h"
#include "sim/shape.h"

#define READ "get,list,watch"

/* What a console needs by what it does: look, drill, provision. */
const struct sim_role_user sim_role_users[] = {
    {"viewer", "viewer@example.com", "tidegate-viewer", NULL, NULL},
    {"driller", "driller@example.com", "tidegate-driller", "default", "tidegate-probe"},
    {"provisioner", "provisioner@example.com", "cluster-admin", NULL, NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

/* Rules of the roles; groups, resources and verbs comma-separated; resources "/..." are paths. */
static const struct {
    const char *role;
    const char *groups;
    const char *resources;
    const char *verbs;
} rules[] = {
    {"cluster-admin", "*", "*", "*"},
    {"cluster-admin", "", "/*", "*"},
    {"system:basic-user", "authorization.k8s.io",
     "selfsubjectaccessreviews,selfsubjectrulesreviews", "create"},
    {"system:basic-user", "authentication.k8s.io", "selfsubjectreviews", "create"},
    {"system:discovery", "",
     "/api,/api/*,/apis,/apis/*,/healthz,/livez,/openapi,/openapi/*,/readyz,/version,/version/",
     "get"},
    {"system:public-info-viewer", "", "/healthz,/livez,/readyz,/version,/version/", "get"},
    {"view", "",
     "configmaps,events,namespaces,persistentvolumeclaims,persistentvolumeclaims/status,pods,pods/"
     "log,pods/status,serviceaccounts,services,services/status",
     READ},
    {"view", "apps",
     "daemonsets,daemonsets/status,deployments,deployments/scale,deployments/"
     "status,replicasets,replicasets/scale,"
     "replicasets/status",
     READ},
    {"view", "autoscaling", "horizontalpodautoscalers,horizontalpodautoscalers/status", READ},
    {"view", "batch", "jobs,jobs/status", READ},
    {"view", "discovery.k8s.io", "endpointslices", READ},
    {"view", "metrics.k8s.io", "pods,nodes", READ},
    {"view", "policy", "poddisruptionbudgets,poddisruptionbudgets/status", READ},
    {"edit", "",
     "configmaps,events,persistentvolumeclaims,pods,pods/attach,pods/exec,pods/log,pods/"
     "portforward,pods/proxy,pods/"
     "eviction,secrets,"
     "serviceaccounts,serviceaccounts/token,services,services/proxy,namespaces",
     "*"},
    {"edit", "apps", "daemonsets,deployments,deployments/scale,replicasets,replicasets/scale", "*"},
    {"edit", "autoscaling", "horizontalpodautoscalers", "*"},
    {"edit", "batch", "jobs", "*"},
    {"edit", "coordination.k8s.io", "leases", "*"},
    {"edit", "policy", "poddisruptionbudgets", "*"},
    {"tidegate-viewer", "", "events,namespaces,nodes,pods,services", READ},
    {"tidegate-viewer", "apps", "daemonsets,deployments,replicasets", READ},
    {"tidegate-viewer", "batch", "jobs", READ},
    {"tidegate-viewer", "coordination.k8s.io", "leases", READ},
    {"tidegate-viewer", "discovery.k8s.io", "endpointslices", READ},
    {"tidegate-viewer", "resource.k8s.io",
     "deviceclasses,resourceclaims,resourceclaimtemplates,resourceslices", READ},
    {"tidegate-viewer",
     "autoscaling.gke.io,gateway.networking.k8s.io,inference.networking.k8s.io,inference."
     "networking.x-k8s.io,"
     "monitoring.googleapis.com,networking.gke.io",
     "*", READ},
    {"tidegate-viewer", "apiextensions.k8s.io", "customresourcedefinitions", READ},
    {"tidegate-viewer", "metrics.k8s.io", "nodes,pods", "get,list"},
    {"tidegate-driller", "apps", "deployments", "patch"},
    {"tidegate-driller", "apps", "deployments/scale", "get,patch,update"},
    {"tidegate-driller", "", "pods/log,pods/proxy", "get"},
    {"tidegate-driller", "coordination.k8s.io", "leases", "create,get,list,patch,update,watch"},
    {"tidegate-probe", "", "pods", "create,delete"},
};

static const struct {
    const char *name;
    const char *role;
    const char *subject_kind;
    const char *subject;
} bindings[] = {
    {"cluster-admin", "cluster-admin", "Group", "system:masters"},
    {"system:basic-user", "system:basic-user", "Group", "system:authenticated"},
    {"system:discovery", "system:discovery", "Group", "system:authenticated"},
    {"system:public-info-viewer", "system:public-info-viewer", "Group", "system:authenticated"},
    {"tidegate-driller-views", "tidegate-viewer", "User", "driller@example.com"},
};

static json_t *texts_of(const char *comma_list)
{
    json_t *list = json_array();
    do {
        size_t len = strcspn(comma_list, ",");
        json_array_append_new(list, json_stringn(comma_list, len));
        comma_list += len + (comma_list[len] == ',' ? 1 : 0);
    } while (*comma_list != '\0');
    return list;
}

static json_t *rules_of(const char *role)
{
    json_t *list = json_array();
    for (size_t i = 0; i < TG_COUNT(rules); i++) {
        if (!tg_str_eq(rules[i].role, role)) {
            continue;
        }
        bool is_path = rules[i].resources[0] == '/';
        json_t *rule = json_pack("{s:o}", "verbs", texts_of(rules[i].verbs));
        if (!is_path) {
            json_object_set_new(rule, "apiGroups", texts_of(rules[i].groups));
        }
        json_object_set_new(rule, is_path ? "nonResourceURLs" : "resources",
                            texts_of(rules[i].resources));
        json_array_append_new(list, rule);
    }
    return list;
}

/* One role's rules for all clusters of the world. Borrowed. */
static json_t *shared_rules(struct sim_world *world, const char *role)
{
    struct sim_behaviour *behaviour = sim_world_behaviour(world);
    if (behaviour->role_rules == NULL) {
        behaviour->role_rules = json_object();
    }
    json_t *found = json_object_get(behaviour->role_rules, role);
    if (found == NULL) {
        found = rules_of(role);
        json_object_set_new(behaviour->role_rules, role, found);
    }
    return found;
}

static json_t *metadata_of(const char *name, const char *ns)
{
    json_t *metadata = json_pack("{s:s}", "name", name);
    if (ns != NULL) {
        json_object_set_new(metadata, "namespace", json_string(ns));
    }
    if (!tg_str_has_prefix(name, "tidegate-")) {
        json_object_set_new(metadata, "labels",
                            json_pack("{s:s}", "kubernetes.io/bootstrapping", "rbac-defaults"));
    }
    return metadata;
}

static void bind(struct sim_region *region, const char *name, const char *ns, const char *role,
                 const char *subject_kind, const char *subject)
{
    const struct sim_resource *resource = sim_resource_find(
        "rbac.authorization.k8s.io", "v1", ns == NULL ? "clusterrolebindings" : "rolebindings");
    sim_shape_create(region->store, resource,
                     json_pack("{s:o, s:{s:s, s:s, s:s}, s:[{s:s, s:s, s:s}]}", "metadata",
                               metadata_of(name, ns), "roleRef", "apiGroup",
                               "rbac.authorization.k8s.io", "kind", "ClusterRole", "name", role,
                               "subjects", "apiGroup", "rbac.authorization.k8s.io", "kind",
                               subject_kind, "name", subject));
}

void sim_rbac_create(struct sim_region *region)
{
    const struct sim_resource *roles =
        sim_resource_find("rbac.authorization.k8s.io", "v1", "clusterroles");
    for (size_t i = 0; i < TG_COUNT(rules); i++) {
        if (i == 0 || !tg_str_eq(rules[i].role, rules[i - 1].role)) {
            sim_shape_create(region->store, roles,
                             json_pack("{s:o, s:O}", "metadata", metadata_of(rules[i].role, NULL),
                                       "rules", shared_rules(region->world, rules[i].role)));
        }
    }
    for (size_t i = 0; i < TG_COUNT(bindings); i++) {
        bind(region, bindings[i].name, NULL, bindings[i].role, bindings[i].subject_kind,
             bindings[i].subject);
    }
    for (const struct sim_role_user *u = sim_role_users; u->name != NULL; u++) {
        char *name = tg_asprintf("tidegate-%s", u->name);
        bind(region, name, NULL, u->role, "User", u->user);
        if (u->namespace != NULL) {
            bind(region, u->role_in_namespace, u->namespace, u->role_in_namespace, "User", u->user);
        }
        free(name);
    }
}
