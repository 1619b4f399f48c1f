/* sim/gcp_policy.c - IAM: policies with etags, and who may use a bucket. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim/gcp_permission.h"
#include "sim/gcp_store.h"
#include "sim/json_path.h"
#include "sim/params.h"
#include "sim/query.h"
#include "sim/shape.h"

/* ---- policies ---- */

static json_t *policy_at(struct sim_world *world, const char *path)
{
    json_t *policy = sim_gcp_find(world, "%s", path);
    if (policy == NULL) {
        char etag[24];
        policy = json_pack("{s:i,s:s,s:[]}", "version", 1, "etag", sim_gcp_fingerprint(world, etag),
                           "bindings");
        sim_gcp_put(world, path, policy);
    }
    return policy;
}

static bool has_member(const json_t *policy, const char *role, const char *member)
{
    size_t i;
    json_t *binding;
    json_array_foreach(json_object_get(policy, "bindings"), i, binding)
    {
        size_t m;
        json_t *one;
        if (!tg_str_eq(sim_json_text(binding, "role"), role)) {
            continue;
        }
        json_array_foreach(json_object_get(binding, "members"), m, one)
        {
            if (json_is_string(one) && tg_str_eq_nocase(json_string_value(one), member)) {
                return true;
            }
        }
    }
    return false;
}

/* Notes since when each binding stands, so that it works only some time later. */
static json_t *stamp_members(struct sim_world *world, const json_t *before, const json_t *bindings)
{
    json_t *since = json_object();
    json_int_t now_us = (json_int_t)sim_world_now_us(world);
    size_t i;
    json_t *binding;
    json_array_foreach(bindings, i, binding)
    {
        const char *role = sim_json_text(binding, "role");
        size_t m;
        json_t *member;
        json_array_foreach(json_object_get(binding, "members"), m, member)
        {
            if (!json_is_string(member)) {
                continue;
            }
            char *key = tg_asprintf("%s %s", role, json_string_value(member));
            const json_t *old = json_object_get(json_object_get(before, "_since"), key);
            bool is_new = !has_member(before, role, json_string_value(member));
            if (old != NULL || is_new) { /* what a project began with has no time */
                json_object_set_new(since, key,
                                    json_integer(is_new ? now_us : json_integer_value(old)));
            }
            free(key);
        }
    }
    return since;
}

/* Why a member cannot be bound, NULL: it can. The caller frees. */
static char *refuse_member(struct sim_world *world, const char *member)
{
    static const char *const kinds[] = {
        "user:", "serviceAccount:", "group:", "domain:", "principal:", "principalSet:", "deleted:"};
    bool is_known = tg_str_eq(member, "allUsers") || tg_str_eq(member, "allAuthenticatedUsers");
    for (size_t i = 0; i < TG_COUNT(kinds); i++) {
        is_known = is_known || tg_str_has_prefix(member, kinds[i]);
    }
    if (!is_known) {
        return tg_asprintf("Invalid member %.200s", member);
    }
    char *own = tg_asprintf("@%s.iam.gserviceaccount.com", sim_gcp_project(world));
    bool is_own = tg_str_has_prefix(member, "serviceAccount:") && tg_str_has_suffix(member, own);
    free(own);
    const char *email = strchr(member, ':');
    if (is_own && sim_gcp_find(world, "iam/%s", email + 1) == NULL) {
        return tg_asprintf("Service account %s does not exist.", email + 1);
    }
    char *pool = tg_asprintf("%s.svc.id.goog", sim_gcp_project(world));
    bool is_workload = tg_str_has_prefix(member, "serviceAccount:") && strchr(member, '[') != NULL;
    bool has_pool = !is_workload || sim_world_params(world)->has_pool_check == 0 ||
                    sim_gcp_find(world, "pool/%s", pool) != NULL;
    char *why = has_pool ? NULL
                         : tg_asprintf("Identity Pool does not exist (%s). Please check that you "
                                       "specified a valid resource name as returned in the `name` "
                                       "attribute in the configuration API.",
                                       pool);
    free(pool);
    return why;
}

/* The call's error for the first new member that cannot be bound; NULL: none. */
static json_t *refuse_bindings(struct sim_gcp_call *call, const json_t *before,
                               const json_t *bindings)
{
    size_t i;
    json_t *binding;
    json_array_foreach(bindings, i, binding)
    {
        size_t m;
        json_t *member;
        json_array_foreach(json_object_get(binding, "members"), m, member)
        {
            const char *text = json_is_string(member) ? json_string_value(member) : "";
            if (has_member(before, sim_json_text(binding, "role"), text)) {
                continue;
            }
            char *why = refuse_member(call->world, text);
            if (why != NULL) {
                json_t *error = sim_gcp_error(call, 400, "INVALID_ARGUMENT", "%s", why);
                free(why);
                return error;
            }
        }
    }
    return NULL;
}

/* Replaces the policy when the etag is the present one; the answer. */
static json_t *set_policy(struct sim_gcp_call *call, const char *path, const json_t *asked)
{
    json_t *policy = policy_at(call->world, path);
    const char *etag = sim_json_text(asked, "etag");
    char fresh[24];
    if (etag[0] != '\0' && !tg_str_eq(etag, sim_json_text(policy, "etag"))) {
        if (tg_str_eq(call->service, "storage")) {
            return sim_gcp_error(call, 412, "FAILED_PRECONDITION",
                                 "At least one of the pre-conditions you specified did not hold.");
        }
        return sim_gcp_error(call, 409, "ABORTED",
                             "There were concurrent policy changes. Please retry the whole "
                             "read-modify-write with exponential backoff.");
    }
    const json_t *bindings = json_object_get(asked, "bindings");
    json_t *error = refuse_bindings(call, policy, bindings);
    if (error != NULL) {
        return error;
    }
    json_t *next =
        json_pack("{s:I,s:s,s:o}", "version", (json_int_t)sim_json_int(asked, "version", 1), "etag",
                  sim_gcp_fingerprint(call->world, fresh), "bindings",
                  json_is_array(bindings) ? json_deep_copy(bindings) : json_array());
    json_object_set_new(next, "_since", stamp_members(call->world, policy, bindings));
    sim_gcp_put(call->world, path, next);
    return sim_gcp_shown(next);
}

json_t *sim_gcp_bucket_policy(struct sim_gcp_call *call, const char *bucket)
{
    char *path = tg_asprintf("policy/bucket/%s", bucket);
    json_t *answer = NULL;
    if (tg_str_eq(sim_gcp_segment(call, 3), "testPermissions")) {
        json_t *asked = sim_query_list(call->query == NULL ? "" : call->query, "permissions");
        answer = sim_gcp_test_permissions(call, asked, bucket);
        json_object_set_new(answer, "kind", json_string("storage#testIamPermissionsResponse"));
        json_decref(asked);
    } else {
        answer = tg_str_eq(call->method, "PUT") ? set_policy(call, path, call->body)
                                                : sim_gcp_shown(policy_at(call->world, path));
        if (*call->status < 400) {
            json_object_set_new(answer, "kind", json_string("storage#policy"));
            json_object_set_new(answer, "resourceId",
                                json_sprintf("projects/_/buckets/%s", bucket));
        }
    }
    free(path);
    return answer;
}

json_t *sim_gcp_policy(struct sim_gcp_call *call, const char *path, const char *verb)
{
    if (tg_str_eq(verb, "getIamPolicy")) {
        return sim_gcp_shown(policy_at(call->world, path));
    }
    if (tg_str_eq(verb, "setIamPolicy")) {
        return set_policy(call, path, json_object_get(call->body, "policy"));
    }
    if (tg_str_eq(verb, "testIamPermissions")) {
        return sim_gcp_test_permissions(call, json_object_get(call->body, "permissions"), NULL);
    }
    return NULL;
}

void sim_gcp_policy_seed(struct sim_world *world)
{
    json_t *policy = policy_at(world, "policy/project");
    json_array_append_new(
        json_object_get(policy, "bindings"),
        json_pack("{s:s,s:[s]}", "role", "roles/owner", "members", SIM_GCP_OPERATOR));
}

/* ---- what is allowed ---- */

bool sim_gcp_policy_is_effective(struct sim_world *world, const json_t *policy, const char *role,
                                 const char *member)
{
    char *key = tg_asprintf("%s %s", role, member);
    const json_t *since = json_object_get(json_object_get(policy, "_since"), key);
    free(key);
    return has_member(policy, role, member) &&
           (since == NULL || sim_world_now_us(world) - json_integer_value(since) >=
                                 sim_world_params(world)->iam_propagation_us);
}

enum sim_cloud_access sim_cloud_bucket_access(struct sim_world *world, const char *bucket,
                                              const char *ns, const char *ksa, const char *email)
{
    static const char *const roles[] = {"roles/storage.objectAdmin", "roles/storage.objectUser",
                                        "roles/storage.objectViewer", "roles/storage.admin"};
    if (sim_gcp_find(world, "bucket/%s", bucket) == NULL) {
        return SIM_ACCESS_NO_BUCKET;
    }
    char *identity =
        tg_asprintf("serviceAccount:%s.svc.id.goog[%s/%s]", sim_gcp_project(world), ns, ksa);
    bool may_act = sim_gcp_find(world, "iam/%s", email) != NULL &&
                   sim_gcp_policy_is_effective(world, sim_gcp_find(world, "policy/project"),
                                               "roles/iam.workloadIdentityUser", identity);
    free(identity);
    if (!may_act) {
        return SIM_ACCESS_NO_IDENTITY;
    }
    char *member = tg_asprintf("serviceAccount:%s", email);
    const json_t *policy = sim_gcp_find(world, "policy/bucket/%s", bucket);
    bool may_use = false;
    for (size_t i = 0; i < TG_COUNT(roles); i++) {
        may_use = may_use || sim_gcp_policy_is_effective(world, policy, roles[i], member);
    }
    free(member);
    return may_use ? SIM_ACCESS_OK : SIM_ACCESS_DENIED;
}
