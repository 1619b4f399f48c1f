/* sim/gcp_object.c - objects of Cloud Storage: listed, shown, copied, deleted, restored. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "sim/gcp_object.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/utf8.h"
#include "sim/gcp_http.h"
#include "sim/gcp_store.h"
#include "sim/json_path.h"
#include "sim/query.h"
#include "sim/shape.h"

#define PAGE_MAX      1000
#define NAME_SIZE     1025
#define SOFT_DELETE_S (7 * 86400)

/* ---- written ---- */

static void set_checksums(json_t *document, uint32_t crc, const unsigned char *md5)
{
    unsigned char bytes[] = {(unsigned char)(crc >> 24), (unsigned char)(crc >> 16),
                             (unsigned char)(crc >> 8), (unsigned char)crc};
    char *text = tg_base64_encode(bytes, sizeof bytes);
    json_object_set_new(document, "crc32c", json_string(text));
    free(text);
    text = tg_base64_encode(md5, SIM_MD5_SIZE);
    json_object_set_new(document, "md5Hash", json_string(text));
    free(text);
}

void sim_gcp_object_sum(struct sim_object_write *write, const void *bytes, size_t len)
{
    struct sim_md5 md5;
    sim_md5_begin(&md5);
    sim_md5_add(&md5, bytes, len);
    sim_md5_end(&md5, write->md5);
    write->crc32c = sim_crc32c(0, bytes, len);
    write->has_checksums = true;
}

uint32_t sim_crc32c(uint32_t before, const void *bytes, size_t len)
{
    /* four bits at a time of the reflected polynomial 0x82f63b78 */
    static const uint32_t table[16] = {
        0x00000000u, 0x105ec76fu, 0x20bd8edeu, 0x30e349b1u, 0x417b1dbcu, 0x5125dad3u,
        0x61c69362u, 0x7198540du, 0x82f63b78u, 0x92a8fc17u, 0xa24bb5a6u, 0xb21572c9u,
        0xc38d26c4u, 0xd3d3e1abu, 0xe330a81au, 0xf36e6f75u,
    };
    const unsigned char *at = bytes;
    uint32_t crc = ~before;
    for (size_t i = 0; i < len; i++) {
        crc ^= at[i];
        crc = (crc >> 4) ^ table[crc & 15u];
        crc = (crc >> 4) ^ table[crc & 15u];
    }
    return ~crc;
}

/* The object goes where it can be restored from for a week. */
static void discard(struct sim_world *world, const char *bucket, const char *name)
{
    char text[SIM_TIME_SIZE];
    const json_t *document = sim_gcp_find(world, "object/%s/%s", bucket, name);
    if (document == NULL) {
        return;
    }
    json_t *old = json_deep_copy(document);
    int64_t wall_us = sim_world_wall_us(world);
    json_object_set_new(old, "softDeleteTime", json_string(sim_shape_time_at(wall_us, text)));
    json_object_set_new(
        old, "hardDeleteTime",
        json_string(sim_shape_time_at(wall_us + SOFT_DELETE_S * TG_US_PER_S, text)));
    json_object_set_new(old, "_until",
                        json_integer((json_int_t)(wall_us + SOFT_DELETE_S * TG_US_PER_S)));
    char *path = tg_asprintf("trash/%s/%s#%s", bucket, name, sim_json_text(old, "generation"));
    sim_gcp_put(world, path, old);
    free(path);
    path = tg_asprintf("object/%s/%s", bucket, name);
    sim_gcp_drop(world, path);
    free(path);
}

/* Later than that of the object that stands there. */
static int64_t next_generation(struct sim_world *world, const char *bucket, const char *name)
{
    int64_t before = 0;
    int64_t now = sim_world_wall_us(world);
    tg_str_to_int64(sim_json_text(sim_gcp_find(world, "object/%s/%s", bucket, name), "generation"),
                    0, INT64_MAX - 1, &before);
    return now > before ? now : before + 1;
}

static void set_given(json_t *document, const json_t *metadata)
{
    static const char *const members[] = {
        "contentType",        "metadata",        "cacheControl", "contentEncoding",
        "contentDisposition", "contentLanguage", "storageClass"};
    for (size_t i = 0; i < TG_COUNT(members); i++) {
        const json_t *value = json_object_get(metadata, members[i]);
        if (value != NULL && !json_is_null(value)) {
            json_object_set_new(document, members[i], json_deep_copy(value));
        }
    }
}

const json_t *sim_gcp_object_write(struct sim_world *world, const struct sim_object_write *write)
{
    char now[SIM_TIME_SIZE];
    char etag[24];
    if (sim_gcp_find(world, "bucket/%s", write->bucket) == NULL || write->name[0] == '\0' ||
        strlen(write->name) >= NAME_SIZE || !tg_utf8_is_valid(write->name, strlen(write->name))) {
        return NULL;
    }
    int64_t generation = next_generation(world, write->bucket, write->name);
    json_t *document = json_pack(
        "{s:s,s:s,s:s,s:o,s:s,s:s,s:s,s:o,s:s,s:s,s:s,s:s}", "kind", "storage#object", "name",
        write->name, "bucket", write->bucket, "size", json_sprintf("%" PRId64, write->size),
        "timeCreated", sim_gcp_now(world, now), "updated", now, "timeStorageClassUpdated", now,
        "generation", json_sprintf("%" PRId64, generation), "metageneration", "1", "storageClass",
        "STANDARD", "contentType", "application/octet-stream", "etag",
        sim_gcp_fingerprint(world, etag));
    set_given(document, write->metadata);
    json_object_set_new(document, "id",
                        json_sprintf("%s/%s/%" PRId64, write->bucket, write->name, generation));
    json_object_set_new(document, "selfLink",
                        json_sprintf("https://www.googleapis.com/storage/v1/b/%s/o/%s",
                                     write->bucket, write->name));
    json_object_set_new(document, "mediaLink",
                        json_sprintf("https://storage.googleapis.com/download/storage/v1/b/%s/o/%s"
                                     "?generation=%" PRId64 "&alt=media",
                                     write->bucket, write->name, generation));
    if (write->has_checksums) {
        set_checksums(document, write->crc32c, write->md5);
    }
    if (write->bytes != NULL && (size_t)write->size <= SIM_OBJECT_KEPT_MAX) {
        char *kept = tg_base64_encode(write->bytes, (size_t)write->size);
        json_object_set_new(document, "_bytes", json_string(kept));
        free(kept);
    }
    discard(world, write->bucket, write->name);
    char *path = tg_asprintf("object/%s/%s", write->bucket, write->name);
    sim_gcp_put(world, path, document);
    free(path);
    return document;
}

bool sim_cloud_object_put(struct sim_world *world, const char *bucket, const char *name,
                          int64_t size, const char *bytes)
{
    struct sim_object_write write = {.bucket = bucket, .name = name, .size = size, .bytes = bytes};
    if (bytes != NULL) {
        sim_gcp_object_sum(&write, bytes, (size_t)size);
    }
    return sim_gcp_object_write(world, &write) != NULL;
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

/* ---- preconditions ---- */

static bool holds(const struct sim_gcp_call *call, const char *name, bool is_negated,
                  const char *value)
{
    const char *asked = sim_query_text(call->params, name);
    if (asked[0] == '\0') {
        return true;
    }
    return tg_str_eq(asked, value) != is_negated;
}

bool sim_gcp_storage_may(const struct sim_gcp_call *call, const json_t *document)
{
    const char *generation = document == NULL ? "0" : sim_json_text(document, "generation");
    const char *meta = sim_json_text(document, "metageneration");
    return holds(call, "ifGenerationMatch", false, generation) &&
           holds(call, "ifGenerationNotMatch", true, generation) &&
           holds(call, "ifMetagenerationMatch", false, meta) &&
           holds(call, "ifMetagenerationNotMatch", true, meta);
}

json_t *sim_gcp_storage_refuse(struct sim_gcp_call *call, const json_t *document)
{
    return sim_gcp_storage_may(call, document)
               ? NULL
               : sim_gcp_error(call, 412, "FAILED_PRECONDITION",
                               "At least one of the pre-conditions you specified did not hold.");
}

/* ---- listed ---- */

struct listing {
    json_t *items;
    json_t *prefixes;
    const char *prefix;
    const char *delimiter;
    const char *start;
    const char *end;
    char *after; /* the last name of the page before */
    size_t skip; /* length of "object/BUCKET/" */
    size_t max;
    int64_t wall_us;
    char last[NAME_SIZE + 32];
    bool is_more;
};

static bool is_inside(const struct listing *listing, const char *name)
{
    return tg_str_has_prefix(name, listing->prefix) && strcmp(name, listing->after) > 0 &&
           (listing->start[0] == '\0' || strcmp(name, listing->start) >= 0) &&
           (listing->end[0] == '\0' || strcmp(name, listing->end) < 0);
}

static bool add_object(void *context, const char *path, json_t *document)
{
    struct listing *listing = context;
    const char *name = path + listing->skip;
    const char *rest = name + strlen(listing->prefix);
    if (!is_inside(listing, name) ||
        sim_json_int(document, "_until", INT64_MAX) < listing->wall_us) {
        return true;
    }
    const char *cut = listing->delimiter[0] == '\0' ? NULL : strstr(rest, listing->delimiter);
    json_t *folder = NULL;
    if (cut != NULL) {
        folder = json_stringn(name, (size_t)(cut - name) + strlen(listing->delimiter));
        size_t count = json_array_size(listing->prefixes);
        bool is_known =
            count > 0 && json_equal(json_array_get(listing->prefixes, count - 1), folder);
        bool was_before = tg_str_has_prefix(listing->after, json_string_value(folder));
        if (is_known || was_before) {
            tg_str_copy(listing->last, sizeof listing->last, name);
            json_decref(folder);
            return true;
        }
    }
    if (json_array_size(listing->items) + json_array_size(listing->prefixes) >= listing->max) {
        listing->is_more = true;
        json_decref(folder);
        return false;
    }
    tg_str_copy(listing->last, sizeof listing->last, name);
    if (folder != NULL) {
        json_array_append_new(listing->prefixes, folder);
    } else {
        json_array_append_new(listing->items, sim_gcp_shown(document));
    }
    return true;
}

static json_t *list_objects(struct sim_gcp_call *call, const char *bucket)
{
    const json_t *query = call->params;
    bool is_trash = sim_query_is_true(query, "softDeleted");
    char *path = tg_asprintf("%s/%s/", is_trash ? "trash" : "object", bucket);
    const char *token = sim_query_text(query, "pageToken");
    size_t after_len;
    int64_t max = sim_query_int(query, "maxResults", PAGE_MAX);
    struct listing listing = {.items = json_array(),
                              .prefixes = json_array(),
                              .prefix = sim_query_text(query, "prefix"),
                              .delimiter = sim_query_text(query, "delimiter"),
                              .start = sim_query_text(query, "startOffset"),
                              .end = sim_query_text(query, "endOffset"),
                              .after = tg_base64_decode(token, strlen(token), &after_len),
                              .skip = strlen(path),
                              .max = max <= 0 || max > PAGE_MAX ? PAGE_MAX : (size_t)max,
                              .wall_us = sim_world_wall_us(call->world)};
    json_t *answer = json_pack("{s:s}", "kind", "storage#objects");
    if (listing.after == NULL) {
        json_decref(answer);
        answer = sim_gcp_error(call, 400, "INVALID_ARGUMENT", "Invalid pageToken.");
    } else {
        sim_gcp_each(call->world, path, add_object, &listing);
    }
    if (json_array_size(listing.items) > 0) {
        json_object_set(answer, "items", listing.items);
    }
    if (json_array_size(listing.prefixes) > 0) {
        json_object_set(answer, "prefixes", listing.prefixes);
    }
    if (listing.is_more) {
        char *next = tg_base64_encode(listing.last, strlen(listing.last));
        json_object_set_new(answer, "nextPageToken", json_string(next));
        free(next);
    }
    free(listing.after);
    free(path);
    json_decref(listing.items);
    json_decref(listing.prefixes);
    return answer;
}

/* ---- one object ---- */

static json_t *missing(struct sim_gcp_call *call, const char *bucket, const char *name)
{
    return sim_gcp_error(call, 404, "NOT_FOUND", "No such object: %s/%s", bucket, name);
}

static json_t *copy(struct sim_gcp_call *call, const json_t *document, const char *to,
                    bool is_rewrite)
{
    char bucket[SIM_GCP_SEGMENT_SIZE];
    const char *name = strstr(to, "/o/");
    if (name == NULL) {
        return NULL;
    }
    snprintf(bucket, sizeof bucket, "%.*s", (int)(name - to), to);
    name += strlen("/o/");
    json_t *refusal =
        sim_gcp_storage_refuse(call, sim_gcp_find(call->world, "object/%s/%s", bucket, name));
    if (refusal != NULL) {
        return refusal;
    }
    int64_t size = 0;
    size_t kept_len = 0;
    tg_str_to_int64(sim_json_text(document, "size"), 0, INT64_MAX, &size);
    const char *kept = sim_json_text(document, "_bytes");
    char *bytes = tg_base64_decode(kept, strlen(kept), &kept_len);
    struct sim_object_write write = {.bucket = bucket,
                                     .name = name,
                                     .metadata =
                                         json_object_size(call->body) > 0 ? call->body : document,
                                     .size = size,
                                     .bytes = kept[0] == '\0' && size > 0 ? NULL : bytes};
    if (write.bytes != NULL) {
        sim_gcp_object_sum(&write, bytes, kept_len);
    }
    const json_t *written = sim_gcp_object_write(call->world, &write);
    free(bytes);
    if (written == NULL) {
        return sim_gcp_error(call, 404, "NOT_FOUND", "The specified bucket does not exist.");
    }
    json_t *resource = sim_gcp_shown(written);
    if (!is_rewrite) {
        return resource;
    }
    return json_pack("{s:s,s:o,s:o,s:b,s:o}", "kind", "storage#rewriteResponse",
                     "totalBytesRewritten", json_sprintf("%" PRId64, size), "objectSize",
                     json_sprintf("%" PRId64, size), "done", 1, "resource", resource);
}

static json_t *patch(struct sim_gcp_call *call, const char *path)
{
    char now[SIM_TIME_SIZE];
    int64_t meta = 0;
    json_t *next = json_deep_copy(sim_gcp_find(call->world, "%s", path));
    tg_str_to_int64(sim_json_text(next, "metageneration"), 0, INT64_MAX - 1, &meta);
    set_given(next, call->body);
    json_object_set_new(next, "metageneration", json_sprintf("%" PRId64, meta + 1));
    json_object_set_new(next, "updated", json_string(sim_gcp_now(call->world, now)));
    json_t *answer = sim_gcp_shown(next);
    sim_gcp_put(call->world, path, next);
    return answer;
}

static json_t *restore(struct sim_gcp_call *call, const char *bucket, const char *name)
{
    const char *generation = sim_query_text(call->params, "generation");
    char *from = tg_asprintf("trash/%s/%s#%s", bucket, name, generation);
    const json_t *document = sim_gcp_find(call->world, "%s", from);
    json_t *answer = NULL;
    if (document == NULL) {
        answer = missing(call, bucket, name);
    } else {
        json_t *back = json_deep_copy(document);
        static const char *const gone[] = {"softDeleteTime", "hardDeleteTime", "_until"};
        for (size_t i = 0; i < TG_COUNT(gone); i++) {
            json_object_del(back, gone[i]);
        }
        discard(call->world, bucket, name);
        json_object_set_new(back, "generation",
                            json_sprintf("%" PRId64, sim_world_wall_us(call->world)));
        char *to = tg_asprintf("object/%s/%s", bucket, name);
        answer = sim_gcp_shown(back);
        sim_gcp_put(call->world, to, back);
        sim_gcp_drop(call->world, from);
        free(to);
    }
    free(from);
    return answer;
}

/* Cuts "/rewriteTo/b/..." off the name; what follows the mark, NULL when it is not there. */
static const char *cut_verb(char *name, const char *mark)
{
    char *at = strstr(name, mark);
    if (at == NULL) {
        return NULL;
    }
    *at = '\0';
    return at + strlen(mark);
}

static json_t *on_object(struct sim_gcp_call *call, const char *bucket, char *name)
{
    bool is_post = tg_str_eq(call->method, "POST");
    const char *rewrite = is_post ? cut_verb(name, "/rewriteTo/b/") : NULL;
    const char *copy_to = is_post && rewrite == NULL ? cut_verb(name, "/copyTo/b/") : NULL;
    if (is_post && tg_str_has_suffix(name, "/restore")) {
        name[strlen(name) - strlen("/restore")] = '\0';
        return restore(call, bucket, name);
    }
    bool is_trash = sim_query_is_true(call->params, "softDeleted");
    char *path = is_trash ? tg_asprintf("trash/%s/%s#%s", bucket, name,
                                        sim_query_text(call->params, "generation"))
                          : tg_asprintf("object/%s/%s", bucket, name);
    const json_t *document = sim_gcp_find(call->world, "%s", path);
    const char *generation = sim_query_text(call->params, "generation");
    bool is_other =
        generation[0] != '\0' && !tg_str_eq(generation, sim_json_text(document, "generation"));
    json_t *answer = NULL;
    if (document == NULL || is_other) {
        answer = missing(call, bucket, name);
    } else if (rewrite != NULL || copy_to != NULL) {
        answer = copy(call, document, rewrite != NULL ? rewrite : copy_to, rewrite != NULL);
    } else if ((answer = sim_gcp_storage_refuse(call, document)) != NULL) {
        /* refused */
    } else if (tg_str_eq(call->method, "DELETE")) {
        discard(call->world, bucket, name);
        *call->status = 204;
        answer = json_object();
    } else if (tg_str_eq(call->method, "PATCH") || tg_str_eq(call->method, "PUT")) {
        answer = patch(call, path);
    } else if (tg_str_eq(sim_query_text(call->params, "alt"), "media")) {
        answer = sim_gcp_download(call, document);
    } else {
        answer = sim_gcp_shown(document);
    }
    free(path);
    return answer;
}

json_t *sim_gcp_objects(struct sim_gcp_call *call, const char *bucket)
{
    if (call->count == 3) {
        return list_objects(call, bucket);
    }
    /* b/BUCKET/o/NAME: the name is all that follows, slashes too */
    const char *at = strstr(call->rest, "/o/");
    char *name = tg_strdup(at == NULL ? "" : at + strlen("/o/"));
    json_t *answer = on_object(call, bucket, name);
    free(name);
    return answer;
}
