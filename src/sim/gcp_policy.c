/* sim/gcp_policy.c - IAM: policies with etags, service accounts, and who may use a bucket.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim/gcp_store.h"
#include "sim/json_path.h"
#include "sim/params.h"
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
            json_object_set_new(since, key,
                                json_integer(old == NULL ? now_us : json_integer_value(old)));
            free(key);
        }
    }
    return since;
}

/* Replaces the policy when the etag is the present one; the answer. */
static json_t *set_policy(struct sim_gcp_call *call, const char *path, const json_t *asked)
{
    json_t *policy = policy_at(call->world, path);
    const char *etag = sim_json_text(asked, "etag");
    char fresh[24];
    if (etag[0] != '\0' && !tg_str_eq(etag, sim_json_text(policy, "etag"))) {
        return sim_gcp_error(call, 409, "ABORTED",
                             "There were concurrent policy changes. Please retry the whole "
                             "read-modify-write with exponential backoff.");
    }
    const json_t *bindings = json_object_get(asked, "bindings");
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
        answer = json_pack("{s:s,s:[s,s]}", "kind", "storage#testIamPermissionsResponse",
                           "permissions", "storage.buckets.get", "storage.objects.list");
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

json_t *sim_gcp_project_policy(struct sim_gcp_call *call, const char *verb)
{
    if (tg_str_eq(verb, "getIamPolicy")) {
        return sim_gcp_shown(policy_at(call->world, "policy/project"));
    }
    if (tg_str_eq(verb, "setIamPolicy")) {
        return set_policy(call, "policy/project", json_object_get(call->body, "policy"));
    }
    if (tg_str_eq(verb, "testIamPermissions")) {
        const json_t *asked = json_object_get(call->body, "permissions");
        return json_pack("{s:o}", "permissions",
                         json_is_array(asked) ? json_deep_copy(asked) : json_array());
    }
    return NULL;
}

/* ---- service accounts ---- */

static json_t *create_account(struct sim_gcp_call *call)
{
    struct sim_world *world = call->world;
    const char *project = sim_gcp_project(world);
    const char *id = sim_json_text(call->body, "accountId");
    char number[24];
    char etag[24];
    if (strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789-") != strlen(id) || strlen(id) < 6 ||
        strlen(id) > 30) {
        return sim_gcp_error(call, 400, "INVALID_ARGUMENT",
                             "The account ID \"%.60s\" does not have a length between 6 and 30.",
                             id);
    }
    char *email = tg_asprintf("%s@%s.iam.gserviceaccount.com", id, project);
    if (sim_gcp_find(world, "iam/%s", email) != NULL) {
        free(email);
        return sim_gcp_error(call, 409, "ALREADY_EXISTS",
                             "Service account %s already exists within project projects/%s.", id,
                             project);
    }
    json_t *document = sim_shape(
        "{'name':'projects/%s/serviceAccounts/%s','email':'%s','projectId':'%s','uniqueId':'%s',"
        "'oauth2ClientId':'%s','etag':'%s'}",
        project, email, email, project, sim_gcp_id("account", email, number), number,
        sim_gcp_fingerprint(world, etag));
    const char *shown = sim_json_text(call->body, "serviceAccount.displayName");
    if (shown[0] != '\0') {
        json_object_set_new(document, "displayName", json_string(shown));
    }
    char *path = tg_asprintf("iam/%s", email);
    sim_gcp_put(world, path, document);
    free(path);
    free(email);
    return sim_gcp_shown(document);
}

json_t *sim_gcp_iam(struct sim_gcp_call *call)
{
    const char *email = sim_gcp_segment(call, 3);
    if (!tg_str_eq(sim_gcp_segment(call, 2), "serviceAccounts") || call->count > 4) {
        return NULL;
    }
    if (email[0] == '\0') {
        if (tg_str_eq(call->method, "POST")) {
            return create_account(call);
        }
        json_t *accounts = sim_gcp_children(call->world, "iam");
        json_t *answer = json_object();
        if (json_array_size(accounts) > 0) {
            json_object_set(answer, "accounts", accounts);
        }
        json_decref(accounts);
        return answer;
    }
    const json_t *document = sim_gcp_find(call->world, "iam/%s", email);
    if (document == NULL) {
        return sim_gcp_error(call, 404, "NOT_FOUND", "Unknown service account");
    }
    if (tg_str_eq(call->method, "DELETE")) {
        char *path = tg_asprintf("iam/%s", email);
        sim_gcp_drop(call->world, path);
        free(path);
        return json_object();
    }
    return sim_gcp_shown(document);
}

/* ---- what is allowed ---- */

/* True when member has had role for as long as it takes to work. */
static bool is_effective(struct sim_world *world, const json_t *policy, const char *role,
                         const char *member)
{
    char *key = tg_asprintf("%s %s", role, member);
    int64_t since_us = 0;
    const json_t *since = json_object_get(json_object_get(policy, "_since"), key);
    if (since != NULL) {
        since_us = json_integer_value(since);
    }
    free(key);
    return has_member(policy, role, member) &&
           sim_world_now_us(world) - since_us >= sim_world_params(world)->iam_propagation_us;
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
                   is_effective(world, sim_gcp_find(world, "policy/project"),
                                "roles/iam.workloadIdentityUser", identity);
    free(identity);
    if (!may_act) {
        return SIM_ACCESS_NO_IDENTITY;
    }
    char *member = tg_asprintf("serviceAccount:%s", email);
    const json_t *policy = sim_gcp_find(world, "policy/bucket/%s", bucket);
    bool may_use = false;
    for (size_t i = 0; i < TG_COUNT(roles); i++) {
        may_use = may_use || is_effective(world, policy, roles[i], member);
    }
    free(member);
    return may_use ? SIM_ACCESS_OK : SIM_ACCESS_DENIED;
}
