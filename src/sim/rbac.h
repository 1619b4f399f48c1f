/* sim/rbac.h - who asks, and whether the cluster lets them: RBAC over the roles and bindings in its
 * store, beside the project's owner, whom Google Cloud's IAM lets do everything.
 *
 * Not simulated: that nobody may hand out more than they have (escalation), aggregated
 * ClusterRoles.
 *
 * Thread: the world's.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_SIM_RBAC_H
#define TG_SIM_RBAC_H

#include <jansson.h>
#include <stdbool.h>

#include "sim/front.h"
#include "sim/region.h"
#include "sim/store.h"

#define SIM_OWNER "operator@example.com"

/* People beside the owner for whom each cluster has a role; ended by name == NULL. */
struct sim_role_user {
    const char *name;      /* "viewer": the user of the kubeconfig */
    const char *user;      /* "viewer@example.com": what the cluster calls them */
    const char *role;      /* ClusterRole */
    const char *namespace; /* where role_in_namespace is bound, NULL when there is none */
    const char *role_in_namespace;
};
extern const struct sim_role_user sim_role_users[];

struct sim_identity {
    const char *user;
    json_t *groups;      /* array of texts; borrowed */
    const char *uid;     /* NULL: none */
    const json_t *extra; /* what else is known of them; NULL: nothing */
};

/* One question: may the identity do this? Without resource it is about path. */
struct sim_access {
    const char *verb; /* "get", "list", "watch", "create", "update", "patch", "delete",
                         "deletecollection" */
    const char *group;
    const char *resource;    /* plural; NULL: path is meant */
    const char *subresource; /* "" when none */
    const char *ns;          /* "" for cluster scope and all namespaces */
    const char *name;        /* "" when none */
    const char *path;
};

/* True when it is allowed; reason (may be NULL) gets a text that the caller frees, or NULL. */
bool sim_rbac_allows(struct sim_store *store, const struct sim_identity *who,
                     const struct sim_access *access, char **reason);

/* Answers with 403 in the API server's and GKE's words. */
void sim_rbac_refuse(struct sim_response *response, const struct sim_identity *who,
                     const struct sim_access *access);

/* Rules that hold for the identity in a namespace, as SelfSubjectRulesReview lists them; a new
 * status. */
json_t *sim_rbac_rules(struct sim_store *store, const struct sim_identity *who, const char *ns);

/* Roles and bindings that a cluster has from the start. */
void sim_rbac_create(struct sim_region *region);

#endif
