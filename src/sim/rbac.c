/* sim/rbac.c - RBAC over the roles and bindings in a cluster's store. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "sim/rbac.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim/json_path.h"
#include "sim/k8s_status.h"

#define GROUP          "rbac.authorization.k8s.io"
#define PERMISSION_MAX 256u

static const struct sim_resource *kind(const char *plural)
{
    const struct sim_resource *resource = sim_resource_find(GROUP, "v1", plural);
    tg_assert(resource != NULL);
    return resource;
}

/* ---- rules ---- */

static bool has_text(const json_t *texts, const char *wanted)
{
    size_t i;
    json_t *text;
    json_array_foreach(texts, i, text)
    {
        const char *value = json_string_value(text);
        if (tg_str_eq(value, wanted) || tg_str_eq(value, "*")) {
            return true;
        }
    }
    return false;
}

static bool covers_path(const json_t *urls, const char *path)
{
    size_t i;
    json_t *url;
    json_array_foreach(urls, i, url)
    {
        const char *text = json_is_string(url) ? json_string_value(url) : "";
        size_t len = strlen(text);
        bool is_prefix = len > 0 && text[len - 1] == '*';
        if (is_prefix ? strncmp(text, path, len - 1) == 0 : tg_str_eq(text, path)) {
            return true;
        }
    }
    return false;
}

static bool covers_resource(const json_t *resources, const struct sim_access *access)
{
    if (access->subresource[0] == '\0') {
        return has_text(resources, access->resource);
    }
    char *both = tg_asprintf("%s/%s", access->resource, access->subresource);
    char *any = tg_asprintf("*/%s", access->subresource);
    bool is_covered = has_text(resources, both) || has_text(resources, any);
    free(both);
    free(any);
    return is_covered;
}

static bool covers(const json_t *rule, const struct sim_access *access)
{
    if (!has_text(json_object_get(rule, "verbs"), access->verb)) {
        return false;
    }
    if (access->resource == NULL) {
        return covers_path(json_object_get(rule, "nonResourceURLs"), access->path);
    }
    const json_t *names = json_object_get(rule, "resourceNames");
    return has_text(json_object_get(rule, "apiGroups"), access->group) &&
           covers_resource(json_object_get(rule, "resources"), access) &&
           (json_array_size(names) == 0 || has_text(names, access->name));
}

/* ---- bindings ---- */

static bool binds(const json_t *binding, const struct sim_identity *who)
{
    size_t i;
    json_t *subject;
    json_array_foreach(json_object_get(binding, "subjects"), i, subject)
    {
        const char *subject_kind = sim_json_text(subject, "kind");
        const char *name = sim_json_text(subject, "name");
        if (tg_str_eq(subject_kind, "User") && tg_str_eq(name, who->user)) {
            return true;
        }
        if (tg_str_eq(subject_kind, "Group") && has_text(who->groups, name)) {
            return true;
        }
        if (tg_str_eq(subject_kind, "ServiceAccount")) {
            char *account = tg_asprintf("system:serviceaccount:%s:%s",
                                        sim_json_text(subject, "namespace"), name);
            bool is_same = tg_str_eq(account, who->user);
            free(account);
            if (is_same) {
                return true;
            }
        }
    }
    return false;
}

/* Calls visit with each rule that holds for who; ns NULL: those of the whole cluster only. */
struct walk {
    struct sim_store *store;
    const struct sim_identity *who;
    bool (*visit)(void *context, const json_t *binding, const json_t *rule);
    void *context;
    bool is_over;
};

static bool walk_binding(void *context, json_t *binding)
{
    struct walk *walk = context;
    if (!binds(binding, walk->who)) {
        return true;
    }
    bool is_cluster_role = tg_str_eq(sim_json_text(binding, "roleRef.kind"), "ClusterRole");
    json_t *role =
        sim_store_get(walk->store, kind(is_cluster_role ? "clusterroles" : "roles"),
                      is_cluster_role ? "" : sim_json_text(binding, "metadata.namespace"),
                      sim_json_text(binding, "roleRef.name"));
    size_t i;
    json_t *rule;
    json_array_foreach(json_object_get(role, "rules"), i, rule)
    {
        if (!walk->visit(walk->context, binding, rule)) {
            walk->is_over = true;
            return false;
        }
    }
    return true;
}

static void walk_rules(struct walk *walk, const char *ns)
{
    sim_store_each(walk->store, kind("clusterrolebindings"), NULL, walk_binding, walk);
    if (!walk->is_over && ns != NULL && ns[0] != '\0') {
        sim_store_each(walk->store, kind("rolebindings"), ns, walk_binding, walk);
    }
}

struct question {
    const struct sim_access *access;
    const struct sim_identity *who;
    bool is_allowed;
    char *reason;
};

static bool ask_rule(void *context, const json_t *binding, const json_t *rule)
{
    struct question *question = context;
    if (!covers(rule, question->access)) {
        return true;
    }
    const char *ns = sim_json_text(binding, "metadata.namespace");
    const char *name = sim_json_text(binding, "metadata.name");
    question->is_allowed = true;
    question->reason =
        tg_asprintf("RBAC: allowed by %s \"%s%s%s\" of %s \"%s\" to User \"%s\"",
                    ns[0] == '\0' ? "ClusterRoleBinding" : "RoleBinding", name,
                    ns[0] == '\0' ? "" : "/", ns, sim_json_text(binding, "roleRef.kind"),
                    sim_json_text(binding, "roleRef.name"), question->who->user);
    return false;
}

bool sim_rbac_allows(struct sim_store *store, const struct sim_identity *who,
                     const struct sim_access *access, char **reason)
{
    struct question question = {.access = access, .who = who};
    if (tg_str_eq(who->user, SIM_OWNER)) {
        question.is_allowed = true;
        question.reason = reason == NULL ? NULL : tg_strdup("access granted by IAM permissions.");
    } else {
        struct walk walk = {store, who, ask_rule, &question, false};
        walk_rules(&walk, access->ns);
    }
    if (reason != NULL) {
        *reason = question.reason;
    } else {
        free(question.reason);
    }
    return question.is_allowed;
}

struct rules {
    json_t *resources;
    json_t *paths;
};

static bool list_rule(void *context, const json_t *binding, const json_t *rule)
{
    struct rules *rules = context;
    (void)binding;
    bool is_path = json_object_get(rule, "nonResourceURLs") != NULL;
    json_array_append(is_path ? rules->paths : rules->resources, (json_t *)(uintptr_t)rule);
    return true;
}

json_t *sim_rbac_rules(struct sim_store *store, const struct sim_identity *who, const char *ns)
{
    struct rules rules = {json_array(), json_array()};
    struct walk walk = {store, who, list_rule, &rules, false};
    walk_rules(&walk, ns);
    /* as on GKE, whose second authorizer (IAM) cannot be asked for a list */
    return json_pack("{s:o, s:o, s:b, s:s}", "resourceRules", rules.resources, "nonResourceRules",
                     rules.paths, "incomplete", 1, "evaluationError",
                     "webhook authorizer does not support user rule resolution");
}

/* ---- refusals ---- */

static const char *iam_verb(const struct sim_access *access)
{
    static const struct {
        const char *subresource;
        const char *verb;
    } special[] = {{"log", "getLogs"},   {"exec", "exec"},
                   {"attach", "attach"}, {"portforward", "portForward"},
                   {"proxy", "proxy"},   {"eviction", "evict"}};
    for (size_t i = 0; i < TG_COUNT(special); i++) {
        if (tg_str_eq(access->subresource, special[i].subresource)) {
            return special[i].verb;
        }
    }
    bool is_status = tg_str_eq(access->subresource, "status");
    bool is_scale = tg_str_eq(access->subresource, "scale");
    bool is_read = tg_str_eq(access->verb, "get");
    if (is_status || is_scale) {
        return is_status ? is_read ? "getStatus" : "updateStatus"
               : is_read ? "getScale"
                         : "updateScale";
    }
    return tg_str_eq(access->verb, "watch")              ? "list"
           : tg_str_eq(access->verb, "patch")            ? "update"
           : tg_str_eq(access->verb, "deletecollection") ? "delete"
                                                         : access->verb;
}

/* "container.replicaSets.list"; kinds that definitions bring are third-party objects to IAM. The
 * caller frees. */
static char *iam_permission(const struct sim_access *access)
{
    const struct sim_resource *resource = NULL;
    for (const struct sim_resource *r = sim_resources; r->plural != NULL; r++) {
        if (r->is_strategic && tg_str_eq(r->plural, access->resource) &&
            tg_str_eq(r->group, access->group)) {
            resource = r;
        }
    }
    if (resource == NULL) {
        return tg_asprintf("container.thirdPartyObjects.%s", iam_verb(access));
    }
    char *name = tg_strdup(resource->plural);
    for (size_t i = 1; name[i] != '\0' && resource->kind[i] != '\0'; i++) {
        if (resource->kind[i] >= 'A' && resource->kind[i] <= 'Z') {
            name[i] = resource->kind[i];
        }
    }
    char *permission = tg_asprintf("container.%s.%s", name, iam_verb(access));
    free(name);
    return permission;
}

void sim_rbac_refuse(struct sim_response *response, const struct sim_identity *who,
                     const struct sim_access *access)
{
    if (access->resource == NULL) {
        sim_k8s_fail(response, 403, NULL, "forbidden: User \"%s\" cannot %s path \"%s\"", who->user,
                     access->verb, access->path);
        return;
    }
    bool has_name = access->name[0] != '\0';
    bool is_core = access->group[0] == '\0';
    bool has_sub = access->subresource[0] != '\0';
    char *place = access->ns[0] == '\0' ? tg_strdup("at the cluster scope")
                                        : tg_asprintf("in the namespace \"%s\"", access->ns);
    /* IAM is asked about people only; the cluster's own users it does not know */
    char *permission = iam_permission(access);
    char *hint = tg_str_has_prefix(who->user, "system:")
                     ? tg_strdup("")
                     : tg_asprintf(": requires one of [\"%s\"] permission(s).", permission);
    char *message =
        tg_asprintf("%s%s%s%s%s%s is forbidden: User \"%s\" cannot %s resource \"%s%s%s\" in API "
                    "group \"%s\" %s%s",
                    access->resource, is_core ? "" : ".", access->group, has_name ? " \"" : "",
                    access->name, has_name ? "\"" : "", who->user, access->verb, access->resource,
                    has_sub ? "/" : "", access->subresource, access->group, place, hint);
    const struct sim_resource named = {.plural = access->resource, .group = access->group};
    sim_k8s_reply(response, 403,
                  sim_k8s_status(403, NULL, message, sim_k8s_details(&named, access->name)));
    free(message);
    free(hint);
    free(permission);
    free(place);
}
