/* sim/gcp_storage.c - the Cloud Storage JSON API: buckets, and which of its methods is meant. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim/fault.h"
#include "sim/gcp_http.h"
#include "sim/gcp_list.h"
#include "sim/gcp_object.h"
#include "sim/gcp_store.h"
#include "sim/json_path.h"
#include "sim/lab_objects.h"
#include "sim/query.h"
#include "sim/shape.h"

#define PAGE_MAX 1000

static json_t *fail(struct sim_gcp_call *call, int code, const char *reason, const char *message)
{
    return sim_gcp_reason(sim_gcp_error(call, code, "", "%s", message), "global", reason);
}

static bool is_bucket_name(const char *name)
{
    size_t len = strlen(name);
    return len >= 3 && len <= 63 &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-_.") == len && name[0] != '-' &&
           name[len - 1] != '-';
}

static json_t *no_content(struct sim_gcp_call *call)
{
    *call->status = 204;
    return json_object();
}

/* ---- buckets ---- */

#define FOREIGN "foreign-bucket/"

void sim_gcp_take_bucket_name(struct sim_world *world, const char *name)
{
    char *path = tg_asprintf(FOREIGN "%s", name);
    sim_gcp_put(world, path, json_object());
    free(path);
}

static bool is_foreign(struct sim_world *world, const char *name)
{
    return sim_gcp_find(world, FOREIGN "%s", name) != NULL ||
           (sim_gcp_find(world, "bucket/%s", name) == NULL &&
            sim_fault_in_force(world, SIM_FAULT_NAME_TAKEN, SIM_SERVER_GCP) != NULL);
}

static json_t *insert_bucket(struct sim_gcp_call *call)
{
    struct sim_world *world = call->world;
    char name[SIM_GCP_SEGMENT_SIZE];
    char now[SIM_TIME_SIZE];
    char etag[24];
    tg_str_copy(name, sizeof name, sim_json_text(call->body, "name"));
    if (!is_bucket_name(name)) {
        return sim_gcp_error(call, 400, "INVALID_ARGUMENT", "Invalid bucket name: '%s'", name);
    }
    if (sim_gcp_find(world, "bucket/%s", name) != NULL) {
        return fail(
            call, 409, "conflict",
            "Your previous request to create the named bucket succeeded and you already own "
            "it.");
    }
    if (is_foreign(world, name)) {
        return fail(call, 409, "conflict",
                    "The requested bucket name is not available. The bucket namespace is shared by "
                    "all users of the system. Please select a different name and try again.");
    }
    json_t *document = json_deep_copy(call->body);
    json_t *fixed = sim_shape("{'kind':'storage#bucket','id':'%s','selfLink':'https://"
                              "www.googleapis.com/storage/v1/b/%s',"
                              "'projectNumber':'%" PRIu64
                              "','timeCreated':'%s','updated':'%s','metageneration':'1',"
                              "'etag':'%s','softDeletePolicy':{'retentionDurationSeconds':'604800',"
                              "'effectiveTime':'%s'}}",
                              name, name, sim_lab_project_number(world), sim_gcp_now(world, now),
                              now, sim_gcp_fingerprint(world, etag), now);
    json_object_update(document, fixed);
    json_decref(fixed);
    sim_json_default(document, "location", json_string("US"));
    sim_json_default(document, "locationType", json_string("multi-region"));
    sim_json_default(document, "storageClass", json_string("STANDARD"));
    sim_json_default(document, "rpo", json_string("DEFAULT"));
    json_t *iam = sim_json_make_object(document, "iamConfiguration");
    sim_json_default(iam, "publicAccessPrevention", json_string("inherited"));
    char *path = tg_asprintf("bucket/%s", name);
    json_t *answer = sim_gcp_shown(document);
    sim_gcp_put(world, path, document);
    free(path);
    return answer;
}

static json_t *list_buckets(struct sim_gcp_call *call)
{
    json_t *error = NULL;
    json_t *items = sim_gcp_children(call->world, "bucket");
    json_t *answer = json_pack("{s:s}", "kind", "storage#buckets");
    const char *prefix = sim_query_text(call->params, "prefix");
    for (size_t i = json_array_size(items); i > 0; i--) {
        if (!tg_str_has_prefix(sim_json_text(json_array_get(items, i - 1), "name"), prefix)) {
            json_array_remove(items, i - 1);
        }
    }
    if (!sim_gcp_page(call, items, "maxResults", PAGE_MAX, answer, &error)) {
        json_decref(answer);
        answer = error;
    } else if (json_array_size(items) > 0) {
        json_object_set(answer, "items", items);
    }
    json_decref(items);
    return answer;
}

static bool stop_at_first(void *context, const char *path, json_t *document)
{
    bool *is_found = context;
    (void)path;
    (void)document;
    *is_found = true;
    return false;
}

static json_t *delete_bucket(struct sim_gcp_call *call, const char *name)
{
    bool is_found = false;
    char *prefix = tg_asprintf("object/%s/", name);
    sim_gcp_each(call->world, prefix, stop_at_first, &is_found);
    free(prefix);
    if (is_found) {
        return fail(call, 409, "conflict", "The bucket you tried to delete is not empty.");
    }
    char *path = tg_asprintf("bucket/%s", name);
    sim_gcp_drop(call->world, path);
    free(path);
    path = tg_asprintf("policy/bucket/%s", name);
    sim_gcp_drop(call->world, path);
    free(path);
    return no_content(call);
}

/* What the changes say, null taking a member away. */
static void merge(json_t *into, const json_t *changes)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)changes, key, value)
    {
        json_t *before = json_object_get(into, key);
        if (json_is_null(value)) {
            json_object_del(into, key);
        } else if (json_is_object(value) && json_is_object(before)) {
            merge(before, value);
        } else {
            json_object_set_new(into, key, json_deep_copy(value));
        }
    }
}

static json_t *patch_bucket(struct sim_gcp_call *call, const char *name)
{
    char now[SIM_TIME_SIZE];
    char etag[24];
    char *path = tg_asprintf("bucket/%s", name);
    json_t *next = json_deep_copy(sim_gcp_find(call->world, "%s", path));
    int64_t generation = 0;
    tg_str_to_int64(sim_json_text(next, "metageneration"), 0, INT64_MAX - 1, &generation);
    if (!sim_gcp_storage_may(call, next)) {
        json_decref(next);
        free(path);
        return sim_gcp_error(call, 412, "FAILED_PRECONDITION",
                             "At least one of the pre-conditions you specified did not hold.");
    }
    merge(next, call->body);
    json_object_set_new(next, "metageneration", json_sprintf("%" PRId64, generation + 1));
    json_object_set_new(next, "updated", json_string(sim_gcp_now(call->world, now)));
    json_object_set_new(next, "etag", json_string(sim_gcp_fingerprint(call->world, etag)));
    json_t *answer = sim_gcp_shown(next);
    sim_gcp_put(call->world, path, next);
    free(path);
    return answer;
}

/* Parts of a bucket that this world's buckets never have, and what tells their layout. */
static json_t *other_part(struct sim_gcp_call *call, const json_t *bucket, const char *part)
{
    if (tg_str_eq(part, "storageLayout")) {
        return json_pack("{s:s,s:s,s:s,s:s,s:{s:b}}", "kind", "storage#storageLayout", "bucket",
                         sim_json_text(bucket, "name"), "location",
                         sim_json_text(bucket, "location"), "locationType",
                         sim_json_text(bucket, "locationType"), "hierarchicalNamespace", "enabled",
                         0);
    }
    static const char *const empty[] = {"anywhereCaches", "managedFolders", "folders",
                                        "notificationConfigs"};
    for (size_t i = 0; i < TG_COUNT(empty); i++) {
        if (tg_str_eq(empty[i], part) && tg_str_eq(call->method, "GET")) {
            return json_pack("{s:o}", "kind", json_sprintf("storage#%s", part));
        }
    }
    return NULL;
}

static json_t *bucket_itself(struct sim_gcp_call *call, const char *bucket, const json_t *document)
{
    if (tg_str_eq(call->method, "DELETE")) {
        return delete_bucket(call, bucket);
    }
    bool is_change = tg_str_eq(call->method, "PATCH") || tg_str_eq(call->method, "PUT");
    return is_change ? patch_bucket(call, bucket) : sim_gcp_shown(document);
}

json_t *sim_gcp_storage(struct sim_gcp_call *call)
{
    const char *bucket = sim_gcp_segment(call, 1);
    const char *part = sim_gcp_segment(call, 2);
    if (!tg_str_eq(sim_gcp_segment(call, 0), "b")) {
        return NULL;
    }
    if (call->count == 1) {
        return tg_str_eq(call->method, "POST") ? insert_bucket(call) : list_buckets(call);
    }
    const json_t *document = sim_gcp_find(call->world, "bucket/%s", bucket);
    if (is_foreign(call->world, bucket)) {
        return fail(call, 403, "forbidden",
                    "operator@example.com does not have storage.buckets.get access to the Google "
                    "Cloud Storage bucket. Permission 'storage.buckets.get' denied on resource (or "
                    "it may not exist).");
    }
    if (document == NULL) {
        return fail(call, 404, "notFound", "The specified bucket does not exist.");
    }
    if (call->count == 2) {
        return bucket_itself(call, bucket, document);
    }
    if (tg_str_eq(part, "iam")) {
        return sim_gcp_bucket_policy(call, bucket);
    }
    if (!tg_str_eq(part, "o")) {
        return other_part(call, document, part);
    }
    if (call->request != NULL && sim_gcp_is_upload(call->request->path)) {
        return sim_gcp_upload(call, bucket);
    }
    return sim_gcp_objects(call, bucket);
}
