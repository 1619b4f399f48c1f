/* sim/gcp_storage.c - the Cloud Storage JSON API: buckets, their policies, and objects by name and
 * size (of what is uploaded only the length is kept).
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
#include "sim/lab_objects.h"
#include "sim/query.h"
#include "sim/shape.h"

#define PAGE_MAX 1000

static json_t *fail(struct sim_gcp_call *call, int code, const char *reason, const char *message)
{
    json_t *error =
        sim_gcp_error(call, code, code == 404 ? "NOT_FOUND" : "ALREADY_EXISTS", "%s", message);
    json_object_set_new(json_array_get(sim_json_at(error, "error.errors"), 0), "reason",
                        json_string(reason));
    return error;
}

static json_t *no_content(struct sim_gcp_call *call)
{
    *call->status = 204;
    return json_object();
}

/* ---- buckets ---- */

static json_t *insert_bucket(struct sim_gcp_call *call)
{
    struct sim_world *world = call->world;
    char name[SIM_GCP_SEGMENT_SIZE];
    char now[SIM_TIME_SIZE];
    char etag[24];
    tg_str_copy(name, sizeof name, sim_json_text(call->body, "name"));
    if (name[0] == '\0') {
        return sim_gcp_error(call, 400, "INVALID_ARGUMENT", "Required parameter: name");
    }
    if (sim_gcp_find(world, "bucket/%s", name) != NULL) {
        return fail(call, 409, "conflict",
                    "Your previous request to create the named bucket succeeded and you already "
                    "own it.");
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
    json_t *items = sim_gcp_children(call->world, "bucket");
    json_t *answer = json_pack("{s:s}", "kind", "storage#buckets");
    if (json_array_size(items) > 0) {
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

static json_t *patch_bucket(struct sim_gcp_call *call, const char *name)
{
    char *path = tg_asprintf("bucket/%s", name);
    json_t *next = json_deep_copy(sim_gcp_find(call->world, "%s", path));
    json_t *changes = json_deep_copy(call->body);
    json_object_update(next, changes);
    json_decref(changes);
    json_t *answer = sim_gcp_shown(next);
    sim_gcp_put(call->world, path, next);
    free(path);
    return answer;
}

/* ---- objects ---- */

struct listing {
    json_t *items;
    json_t *prefixes;
    const char *prefix;
    const char *delimiter;
    const char *after; /* page token: the last name of the page before */
    size_t skip;       /* length of "object/BUCKET/" */
    char last[512];
    bool is_more;
};

static bool add_object(void *context, const char *path, json_t *document)
{
    struct listing *listing = context;
    const char *name = path + listing->skip;
    if (!tg_str_has_prefix(name, listing->prefix) || strcmp(name, listing->after) <= 0) {
        return true;
    }
    if (json_array_size(listing->items) + json_array_size(listing->prefixes) >= PAGE_MAX) {
        listing->is_more = true;
        return false;
    }
    tg_str_copy(listing->last, sizeof listing->last, name);
    const char *rest = name + strlen(listing->prefix);
    const char *cut = listing->delimiter[0] == '\0' ? NULL : strstr(rest, listing->delimiter);
    if (cut == NULL) {
        json_array_append_new(listing->items, sim_gcp_shown(document));
        return true;
    }
    json_t *folder = json_stringn(name, (size_t)(cut - name) + strlen(listing->delimiter));
    size_t count = json_array_size(listing->prefixes);
    if (count == 0 || !json_equal(json_array_get(listing->prefixes, count - 1), folder)) {
        json_array_append(listing->prefixes, folder);
    }
    json_decref(folder);
    return true;
}

static json_t *list_objects(struct sim_gcp_call *call, const char *bucket)
{
    json_t *query = sim_query_parse(call->query == NULL ? "" : call->query);
    char *path = tg_asprintf("object/%s/", bucket);
    struct listing listing = {.items = json_array(),
                              .prefixes = json_array(),
                              .prefix = sim_query_text(query, "prefix"),
                              .delimiter = sim_query_text(query, "delimiter"),
                              .after = sim_query_text(query, "pageToken"),
                              .skip = strlen(path)};
    sim_gcp_each(call->world, path, add_object, &listing);
    free(path);
    json_t *answer = json_pack("{s:s}", "kind", "storage#objects");
    if (json_array_size(listing.items) > 0) {
        json_object_set(answer, "items", listing.items);
    }
    if (json_array_size(listing.prefixes) > 0) {
        json_object_set(answer, "prefixes", listing.prefixes);
    }
    if (listing.is_more) {
        json_object_set_new(answer, "nextPageToken", json_string(listing.last));
    }
    json_decref(listing.items);
    json_decref(listing.prefixes);
    json_decref(query);
    return answer;
}

bool sim_cloud_object_put(struct sim_world *world, const char *bucket, const char *name,
                          int64_t size)
{
    char now[SIM_TIME_SIZE];
    if (sim_gcp_find(world, "bucket/%s", bucket) == NULL || name[0] == '\0') {
        return false;
    }
    json_t *document = json_pack(
        "{s:s,s:s,s:s,s:o,s:s,s:s,s:s,s:s,s:s}", "kind", "storage#object", "name", name, "bucket",
        bucket, "size", json_sprintf("%" PRId64, size), "timeCreated", sim_gcp_now(world, now),
        "updated", now, "generation", "1", "metageneration", "1", "storageClass", "STANDARD");
    if (document == NULL) {
        return false; /* a name that is no text */
    }
    json_object_set_new(document, "id", json_sprintf("%s/%s/1", bucket, name));
    json_object_set_new(document, "contentType", json_string("application/octet-stream"));
    char *path = tg_asprintf("object/%s/%s", bucket, name);
    sim_gcp_put(world, path, document);
    free(path);
    return true;
}

struct visit {
    bool (*visit)(void *context, const char *name, int64_t size);
    void *context;
    const char *prefix;
    size_t skip;
};

static bool visit_object(void *context, const char *path, json_t *document)
{
    struct visit *visit = context;
    int64_t size = 0;
    const char *name = path + visit->skip;
    tg_str_to_int64(sim_json_text(document, "size"), 0, INT64_MAX, &size);
    return !tg_str_has_prefix(name, visit->prefix) || visit->visit(visit->context, name, size);
}

void sim_cloud_object_each(struct sim_world *world, const char *bucket, const char *prefix,
                           bool (*visit)(void *context, const char *name, int64_t size),
                           void *context)
{
    char *path = tg_asprintf("object/%s/", bucket);
    struct visit all = {visit, context, prefix, strlen(path)};
    sim_gcp_each(world, path, visit_object, &all);
    free(path);
}

static json_t *one_object(struct sim_gcp_call *call, const char *bucket, const char *name)
{
    char *path = tg_asprintf("object/%s/%s", bucket, name);
    const json_t *document = sim_gcp_find(call->world, "%s", path);
    json_t *answer = NULL;
    if (document == NULL) {
        answer = fail(call, 404, "notFound", "No such object.");
    } else if (tg_str_eq(call->method, "DELETE")) {
        sim_gcp_drop(call->world, path);
        answer = no_content(call);
    } else {
        answer = sim_gcp_shown(document);
    }
    free(path);
    return answer;
}

/* The name of an object is all that follows "o/", slashes too. The caller frees. */
static char *object_name(const struct sim_gcp_call *call)
{
    struct tg_buf name;
    tg_buf_init(&name, 4096);
    for (int i = 3; i < call->count; i++) {
        tg_buf_printf(&name, "%s%s", i == 3 ? "" : "/", sim_gcp_segment(call, i));
    }
    return tg_buf_take(&name, NULL);
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
    if (document == NULL) {
        return fail(call, 404, "notFound", "The specified bucket does not exist.");
    }
    if (call->count == 2) {
        return tg_str_eq(call->method, "DELETE") ? delete_bucket(call, bucket)
               : tg_str_eq(call->method, "PATCH") || tg_str_eq(call->method, "PUT")
                   ? patch_bucket(call, bucket)
                   : sim_gcp_shown(document);
    }
    if (tg_str_eq(part, "iam")) {
        return sim_gcp_bucket_policy(call, bucket);
    }
    if (tg_str_eq(part, "anywhereCaches")) {
        return json_object();
    }
    if (!tg_str_eq(part, "o")) {
        return NULL;
    }
    if (call->count == 3) {
        return list_objects(call, bucket);
    }
    char *name = object_name(call);
    json_t *answer = one_object(call, bucket, name);
    free(name);
    return answer;
}
