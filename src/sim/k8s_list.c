/* sim/k8s_list.c - list answers: selectors, pages, consistent snapshots, encodings. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "sim/k8s_list.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim/json_path.h"
#include "sim/k8s_options.h"
#include "sim/k8s_status.h"
#include "sim/query.h"

/* ---- encodings ---- */

/* Value of a media range's parameter; "" when absent. */
static void parameter(const char *range, size_t len, const char *name, char *out, size_t size)
{
    out[0] = '\0';
    size_t name_len = strlen(name);
    for (size_t i = 0; i + name_len < len; i++) {
        bool is_start = range[i] == ';';
        size_t at = i + 1;
        while (is_start && at < len && range[at] == ' ') {
            at++;
        }
        if (is_start && at + name_len < len && strncmp(range + at, name, name_len) == 0 &&
            range[at + name_len] == '=') {
            at += name_len + 1;
            size_t value_len = strcspn(range + at, ";, ");
            snprintf(out, size, "%.*s", (int)value_len, range + at);
            return;
        }
    }
}

/* False: this range is nothing that is produced here. */
static bool encoding_of_range(const char *range, size_t len, enum sim_encoding *encoding)
{
    size_t type_len = strcspn(range, ";,");
    if (type_len > len) {
        type_len = len;
    }
    while (type_len > 0 && range[type_len - 1] == ' ') {
        type_len--;
    }
    static const char *const types[] = {"application/json", "application/*", "*/*"};
    bool is_json = false;
    for (size_t i = 0; i < TG_COUNT(types); i++) {
        is_json = is_json || (strlen(types[i]) == type_len && !strncmp(range, types[i], type_len));
    }
    char as[64];
    parameter(range, len, "as", as, sizeof as);
    if (!is_json) {
        return false;
    }
    if (tg_str_eq(as, "Table")) {
        *encoding = SIM_ENCODING_TABLE;
    } else if (tg_str_has_prefix(as, "PartialObjectMetadata")) {
        *encoding = SIM_ENCODING_PARTIAL;
    } else if (as[0] == '\0') {
        *encoding = SIM_ENCODING_PLAIN;
    } else {
        return false;
    }
    return true;
}

bool sim_encoding_from_accept(const char *accept, const char *include_object,
                              enum sim_encoding *encoding)
{
    *encoding = SIM_ENCODING_PLAIN;
    bool is_found = accept[0] == '\0';
    while (*accept != '\0' && !is_found) {
        accept += strspn(accept, ", ");
        size_t len = strcspn(accept, ",");
        is_found = len > 0 && encoding_of_range(accept, len, encoding);
        accept += len;
    }
    if (*encoding == SIM_ENCODING_TABLE && tg_str_eq(include_object, "Object")) {
        *encoding = SIM_ENCODING_TABLE_OBJECT;
    } else if (*encoding == SIM_ENCODING_TABLE && tg_str_eq(include_object, "None")) {
        *encoding = SIM_ENCODING_TABLE_BARE;
    }
    return is_found;
}

const char *sim_k8s_group_version(const struct sim_resource *resource, char *out, size_t size)
{
    bool is_core = resource->group[0] == '\0';
    snprintf(out, size, "%s%s%s", resource->group, is_core ? "" : "/", resource->version);
    return out;
}

/* ---- collections ---- */

bool sim_collection_init(struct sim_collection *collection, struct sim_store *store,
                         const struct sim_resource *resource, const char *ns, const char *name,
                         const json_t *query, enum sim_encoding encoding,
                         struct sim_response *response)
{
    *collection = (struct sim_collection){
        .store = store,
        .resource = resource,
        .ns = tg_strdup(ns),
        .name = tg_strdup(name),
        .encoding = encoding,
    };
    struct tg_err err = TG_ERR_INIT;
    if (!sim_selector_parse_labels(&collection->labels, sim_query_text(query, "labelSelector"),
                                   &err) ||
        !sim_selector_parse_fields(&collection->fields, sim_query_text(query, "fieldSelector"),
                                   resource, &err)) {
        sim_k8s_fail(response, 400, NULL, "%s", err.msg);
        sim_collection_fini(collection);
        return false;
    }
    return true;
}

void sim_collection_fini(struct sim_collection *collection)
{
    free(collection->ns);
    free(collection->name);
    sim_selector_fini(&collection->labels);
    sim_selector_fini(&collection->fields);
    *collection = (struct sim_collection){.store = NULL};
}

bool sim_collection_has(const struct sim_collection *collection, const json_t *object)
{
    if (collection->ns != NULL &&
        !tg_str_eq(collection->ns, sim_json_text(object, "metadata.namespace"))) {
        return false;
    }
    if (collection->name != NULL &&
        !tg_str_eq(collection->name, sim_json_text(object, "metadata.name"))) {
        return false;
    }
    return sim_selector_matches_labels(&collection->labels, object) &&
           sim_selector_matches_fields(&collection->fields, object);
}

/* ---- pages ---- */

struct page {
    const struct sim_collection *collection;
    const char *after_ns; /* NULL: from the start */
    const char *after_name;
    size_t limit;     /* 0: none */
    json_t **objects; /* borrowed from the store or from the snapshot */
    size_t count;
    size_t cap;
    size_t left; /* matching objects past the limit */
};

static bool add_to_page(void *context, json_t *object)
{
    struct page *page = context;
    if (page->after_ns != NULL) {
        int order = strcmp(sim_json_text(object, "metadata.namespace"), page->after_ns);
        if (order == 0) {
            order = strcmp(sim_json_text(object, "metadata.name"), page->after_name);
        }
        if (order <= 0) {
            return true;
        }
    }
    if (!sim_collection_has(page->collection, object)) {
        return true;
    }
    if (page->limit > 0 && page->count == page->limit) {
        page->left++;
        return true;
    }
    if (page->count == page->cap) {
        page->cap = page->cap == 0 ? 64 : page->cap * 2;
        page->objects = tg_realloc_array(page->objects, page->cap, sizeof *page->objects);
    }
    page->objects[page->count++] = object;
    return true;
}

struct snapshot {
    const struct sim_resource *resource;
    struct tg_map *objects; /* "namespace\x01name" to object, references held */
    struct tg_map *seen;    /* keys whose state at the wanted version is settled */
};

static void drop_object(void *value)
{
    json_decref(value);
}

static char *snapshot_key(const json_t *object)
{
    return tg_asprintf("%s\x01%s", sim_json_text(object, "metadata.namespace"),
                       sim_json_text(object, "metadata.name"));
}

static bool copy_object(void *context, json_t *object)
{
    struct snapshot *snapshot = context;
    char *key = snapshot_key(object);
    tg_map_put(snapshot->objects, key, json_incref(object));
    free(key);
    return true;
}

/* The first change after the version tells the state at the version. */
static bool undo_change(void *context, const struct sim_change *change)
{
    struct snapshot *snapshot = context;
    if (change->resource != sim_resource_storage(snapshot->resource)) {
        return true;
    }
    char *key = snapshot_key(change->object);
    if (tg_map_get(snapshot->seen, key) == NULL) {
        tg_map_put(snapshot->seen, key, snapshot);
        if (change->previous == NULL) {
            tg_map_remove(snapshot->objects, key);
        } else {
            tg_map_put(snapshot->objects, key, json_incref(change->previous));
        }
    }
    free(key);
    return true;
}

/* The collection's resource as it was at version; NULL with EXPIRED when history does not reach
 * back. */
static struct tg_map *objects_at(const struct sim_collection *collection, uint64_t version,
                                 struct tg_err *err)
{
    struct snapshot snapshot = {collection->resource, tg_map_new(drop_object), tg_map_new(NULL)};
    sim_store_each(collection->store, collection->resource, collection->ns, copy_object, &snapshot);
    bool is_good = sim_store_changes_since(collection->store, version, undo_change, &snapshot, err);
    tg_map_free(snapshot.seen);
    if (!is_good) {
        tg_map_free(snapshot.objects);
        return NULL;
    }
    return snapshot.objects;
}

/* ---- continue tokens: base64url of {"v":"meta.k8s.io/v1","rv":N,"start":"namespace/name"} ---- */

static char *token_of(uint64_t version, const json_t *last)
{
    json_t *value =
        json_pack("{s:s, s:I, s:o}", "v", "meta.k8s.io/v1", "rv", (json_int_t)version, "start",
                  json_sprintf("%s/%s", sim_json_text(last, "metadata.namespace"),
                               sim_json_text(last, "metadata.name")));
    char *text = json_dumps(value, JSON_COMPACT);
    char *token = tg_base64_encode(text, strlen(text));
    for (char *c = token; *c != '\0'; c++) {
        *c = (char)(*c == '+' ? '-' : *c == '/' ? '_' : *c);
    }
    token[strcspn(token, "=")] = '\0';
    free(text);
    json_decref(value);
    return token;
}

/* False when the token is not one. *version is 0 for an inconsistent continuation. *start as in the
 * token; the caller frees. */
static bool token_parse(const char *token, uint64_t *version, char **start)
{
    char *padded = tg_asprintf("%s%s", token, &"==="[3 - (4 - strlen(token) % 4) % 4]);
    for (char *c = padded; *c != '\0'; c++) {
        *c = (char)(*c == '-' ? '+' : *c == '_' ? '/' : *c);
    }
    size_t len = 0;
    char *text = tg_base64_decode(padded, strlen(padded), &len);
    free(padded);
    json_t *value = text == NULL ? NULL : json_loadb(text, len, 0, NULL);
    free(text);
    int64_t number = sim_json_int(value, "rv", INT64_MIN);
    const char *path = sim_json_text(value, "start");
    bool is_good = tg_str_eq(sim_json_text(value, "v"), "meta.k8s.io/v1") && number != INT64_MIN &&
                   strchr(path, '/') != NULL;
    if (is_good) {
        *version = number > 0 ? (uint64_t)number : 0;
        *start = tg_strdup(path);
    }
    json_decref(value);
    return is_good;
}

/* ---- answers ---- */

static void put_object(struct tg_buf *body, struct sim_store *store,
                       const struct sim_resource *resource, json_t *object,
                       enum sim_encoding encoding, bool has_kind)
{
    struct sim_text *text;
    int64_t now_us = sim_world_wall_us(sim_store_world(store));
    char version[128];
    json_t *shown = NULL;
    switch (encoding) {
    case SIM_ENCODING_PLAIN:
        text = sim_store_text(store, resource, object);
        if (has_kind) {
            tg_buf_printf(body, "{\"kind\":\"%s\",\"apiVersion\":\"%s\",", resource->kind,
                          sim_k8s_group_version(resource, version, sizeof version));
        }
        tg_buf_append(body, text->bytes + (has_kind ? 1 : 0), text->len - (has_kind ? 1 : 0));
        break;
    case SIM_ENCODING_PARTIAL:
        shown = sim_table_partial(object);
        text = sim_text_of_json(shown, NULL, NULL);
        tg_buf_append(body, text->bytes, text->len);
        break;
    default:
        shown = sim_table_row(resource, object, encoding, now_us);
        text = sim_text_of_json(shown, NULL, NULL);
        tg_buf_append(body, text->bytes, text->len);
        break;
    }
    sim_text_drop(text);
    json_decref(shown);
}

static void put_table_head(struct tg_buf *body, const struct sim_resource *resource,
                           const char *metadata)
{
    json_t *definitions = sim_table_definitions(resource);
    char *columns = json_dumps(definitions, JSON_COMPACT);
    tg_buf_printf(body,
                  "{\"kind\":\"Table\",\"apiVersion\":\"meta.k8s.io/v1\",\"metadata\":%s,"
                  "\"columnDefinitions\":",
                  metadata);
    tg_buf_puts(body, columns);
    tg_buf_puts(body, ",\"rows\":[");
    free(columns);
    json_decref(definitions);
}

static void answer_json(struct sim_response *response, int code)
{
    response->status = code;
    snprintf(response->content_type, sizeof response->content_type, "application/json");
    if (response->body.is_full) {
        tg_buf_reset(&response->body);
        response->body.is_full = false;
        sim_k8s_fail(response, 500, NULL, "the answer is larger than this server makes");
    }
}

static void reply_page(const struct page *page, uint64_t version, struct sim_response *response)
{
    const struct sim_resource *resource = page->collection->resource;
    enum sim_encoding encoding = page->collection->encoding;
    json_t *metadata = json_pack("{s:o}", "resourceVersion", json_sprintf("%" PRIu64, version));
    if (page->left > 0) {
        char *token = token_of(version, page->objects[page->count - 1]);
        json_object_set_new(metadata, "continue", json_string(token));
        free(token);
        bool is_selected = page->collection->labels.count + page->collection->fields.count > 0;
        if (!is_selected) {
            json_object_set_new(metadata, "remainingItemCount",
                                json_integer((json_int_t)page->left));
        }
    }
    char *metadata_text = json_dumps(metadata, JSON_COMPACT);
    char group_version[128];
    sim_k8s_group_version(resource, group_version, sizeof group_version);
    struct tg_buf *body = &response->body;
    if (encoding == SIM_ENCODING_PLAIN) {
        tg_buf_printf(body, "{\"kind\":\"%s\",\"apiVersion\":\"%s\",\"metadata\":%s,\"items\":[",
                      resource->list_kind, group_version, metadata_text);
    } else if (encoding == SIM_ENCODING_PARTIAL) {
        tg_buf_printf(body,
                      "{\"kind\":\"PartialObjectMetadataList\",\"apiVersion\":\"meta.k8s.io/v1\","
                      "\"metadata\":%s,\"items\":[",
                      metadata_text);
    } else {
        put_table_head(body, resource, metadata_text);
    }
    for (size_t i = 0; i < page->count; i++) {
        if (i > 0) {
            tg_buf_putc(body, ',');
        }
        /* items of built-in kinds carry no kind, those of custom resources do: as real servers
         * answer */
        put_object(body, page->collection->store, resource, page->objects[i], encoding,
                   !resource->is_strategic);
    }
    tg_buf_puts(body, "]}");
    answer_json(response, 200);
    free(metadata_text);
    json_decref(metadata);
}

void sim_k8s_reply_object(struct sim_response *response, int code, struct sim_store *store,
                          const struct sim_resource *resource, json_t *object,
                          enum sim_encoding encoding)
{
    struct tg_buf *body = &response->body;
    bool is_table = encoding != SIM_ENCODING_PLAIN && encoding != SIM_ENCODING_PARTIAL;
    if (is_table) {
        char *metadata = tg_asprintf("{\"resourceVersion\":\"%s\"}",
                                     sim_json_text(object, "metadata.resourceVersion"));
        put_table_head(body, resource, metadata);
        free(metadata);
    }
    put_object(body, store, resource, object, encoding, true);
    if (is_table) {
        tg_buf_puts(body, "]}");
    }
    answer_json(response, code);
}

/* What a list request asks about versions. */
struct list_options {
    uint64_t version; /* 0: the present */
    char *start;      /* NULL: from the beginning */
    size_t limit;
};

static void fail_too_new(struct sim_response *response, uint64_t asked, uint64_t current)
{
    json_t *details =
        json_pack("{s:[{s:s, s:s}], s:i}", "causes", "reason", "ResourceVersionTooLarge", "message",
                  "Too large resource version", "retryAfterSeconds", 1);
    char *message = tg_asprintf(
        "Timeout: Too large resource version: %" PRIu64 ", current: %" PRIu64, asked, current);
    sim_k8s_reply(response, 504, sim_k8s_status(504, NULL, message, details));
    response->retry_after_s = 1;
    free(message);
}

static bool read_options(const struct sim_collection *collection, const json_t *query,
                         struct list_options *options, struct sim_response *response)
{
    int64_t version;
    if (!sim_k8s_check_list_options(query, false, &version, response)) {
        return false;
    }
    const char *token = sim_query_text(query, "continue");
    bool is_exact = tg_str_eq(sim_query_text(query, "resourceVersionMatch"), "Exact");
    options->limit = (size_t)sim_query_int(query, "limit", 0);
    if (token[0] != '\0') {
        if (!token_parse(token, &options->version, &options->start)) {
            sim_k8s_fail(response, 400, NULL, "invalid continue token: continue key is not valid");
            return false;
        }
        return true;
    }
    uint64_t current = sim_store_resource_version(collection->store);
    if ((uint64_t)version > current) {
        fail_too_new(response, (uint64_t)version, current);
        return false;
    }
    options->version = is_exact ? (uint64_t)version : 0;
    if (tg_str_eq(sim_query_text(query, "resourceVersion"), "0")) {
        options->limit = 0; /* served from the cache, which knows no pages */
    }
    return true;
}

static void fail_expired(struct sim_response *response, const char *start)
{
    json_t *status = sim_k8s_status(
        410, NULL,
        "The provided continue parameter is too old to display a consistent list result. You can "
        "start a new list without the continue parameter, or use the continue token in this "
        "response to retrieve the remainder of the results.",
        NULL);
    if (start != NULL) {
        const char *slash = strchr(start, '/');
        json_t *last = json_pack("{s:{s:s%, s:s}}", "metadata", "namespace", start,
                                 (size_t)(slash - start), "name", slash + 1);
        char *token = token_of(0, last);
        json_object_set_new(json_object_get(status, "metadata"), "continue", json_string(token));
        free(token);
        json_decref(last);
    }
    sim_k8s_reply(response, 410, status);
}

static void list_page(const struct sim_collection *collection, struct list_options *options,
                      struct sim_response *response)
{
    struct page page = {.collection = collection, .limit = options->limit};
    if (options->start != NULL) {
        char *slash = strchr(options->start, '/');
        *slash = '\0';
        page.after_ns = options->start;
        page.after_name = slash + 1;
    }
    uint64_t current = sim_store_resource_version(collection->store);
    uint64_t version = options->version == 0 ? current : options->version;
    struct tg_map *snapshot = NULL;
    if (version == current) {
        sim_store_each(collection->store, collection->resource, collection->ns, add_to_page, &page);
    } else {
        struct tg_err err = TG_ERR_INIT;
        snapshot = objects_at(collection, version, &err);
        const struct tg_map_node *node = snapshot == NULL ? NULL : tg_map_first(snapshot);
        for (; node != NULL; node = tg_map_next(node)) {
            add_to_page(&page, tg_map_node_value(node));
        }
    }
    if (version != current && snapshot == NULL) {
        if (options->start != NULL) {
            options->start[strlen(options->start)] = '/';
        }
        fail_expired(response, options->start);
    } else {
        reply_page(&page, version, response);
    }
    tg_map_free(snapshot);
    free(page.objects);
}

void sim_k8s_list(const struct sim_collection *collection, const json_t *query,
                  struct sim_response *response)
{
    struct list_options options = {.start = NULL};
    if (read_options(collection, query, &options, response)) {
        list_page(collection, &options, response);
    }
    free(options.start);
}
