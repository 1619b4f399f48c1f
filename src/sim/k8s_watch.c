/* sim/k8s_watch.c - watch streams. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "sim/k8s_watch.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim/face.h"
#include "sim/json_path.h"
#include "sim/k8s_options.h"
#include "sim/k8s_status.h"
#include "sim/query.h"

#define WATCH_MAGIC        0x57415443u
#define BOOKMARK_PERIOD_US (60 * TG_US_PER_S)
#define BOOKMARK_LEAD_US   (2 * TG_US_PER_S)
#define TIMEOUT_MIN_S      1800
#define QUEUE_BYTES_MAX    (64u * 1024 * 1024)
#define LINE_MAX_BYTES     (16u * 1024 * 1024)
#define EVENT_PRIORITY     1000 /* within one instant, after what the world does */

enum item_kind { ITEM_ADDED, ITEM_MODIFIED, ITEM_DELETED, ITEM_BOOKMARK, ITEM_ERROR };

struct item {
    struct item *next;
    enum item_kind kind;
    bool is_initial_end;
    uint64_t version;
    struct sim_text *text; /* NULL for bookmarks */
};

struct watch {
    struct sim_stream stream; /* first: the front sees only this */
    uint32_t magic;
    struct watch *next; /* of the same store, in order of birth */
    struct sim_collection collection;
    bool has_bookmarks;
    bool has_columns; /* column definitions were sent: later rows come without */
    bool is_ended;
    struct item *first;
    struct item *last;
    size_t queued_bytes;
    struct tg_buf line; /* of the item being sent */
    size_t line_at;
    int64_t end_us; /* of its timeout */
    uint64_t bookmark_event;
    uint64_t timeout_event;
};

/* Texts of the change that is being handed round: [encoding][0: new state, 1: previous state with
 * the new version]. */
struct texts {
    const struct sim_resource *view; /* for which they were made */
    struct sim_text *made[SIM_ENCODING_COUNT][2];
};

static void texts_fini(struct texts *texts)
{
    for (size_t e = 0; e < SIM_ENCODING_COUNT; e++) {
        sim_text_drop(texts->made[e][0]);
        sim_text_drop(texts->made[e][1]);
    }
}

static struct sim_text *make_text(struct sim_store *store, const struct sim_resource *resource,
                                  json_t *object, enum sim_encoding encoding)
{
    if (encoding == SIM_ENCODING_PLAIN) {
        return sim_store_text(store, resource, object);
    }
    int64_t now_us = sim_world_wall_us(sim_store_world(store));
    json_t *shown = encoding == SIM_ENCODING_PARTIAL
                        ? sim_table_partial(object)
                        : sim_table_row(resource, object, encoding, now_us);
    struct sim_text *text = sim_text_of_json(shown, NULL, NULL);
    json_decref(shown);
    return text;
}

/* The text of a change's new or previous state, made at most once; borrowed. */
static struct sim_text *change_text(struct texts *texts, const struct sim_collection *collection,
                                    const struct sim_change *change, bool is_previous)
{
    enum sim_encoding encoding = collection->encoding;
    if (texts->view != collection->resource) { /* another version has columns of its own */
        texts_fini(texts);
        *texts = (struct texts){.view = collection->resource};
    }
    struct sim_text **slot = &texts->made[encoding][is_previous];
    if (*slot == NULL) {
        json_t *object = is_previous
                             ? sim_json_with_version(change->previous, change->resource_version)
                             : json_incref(change->object);
        *slot = make_text(collection->store, collection->resource, object, encoding);
        json_decref(object);
    }
    return *slot;
}

static void notify(const struct watch *watch)
{
    if (watch->stream.notify != NULL) {
        watch->stream.notify(watch->stream.notify_context);
    }
}

/* Takes the reference to text. */
static void push(struct watch *watch, enum item_kind kind, struct sim_text *text, uint64_t version)
{
    struct item *item = TG_NEW(struct item);
    item->kind = kind;
    item->text = text;
    item->version = version;
    if (watch->last == NULL) {
        watch->first = item;
    } else {
        watch->last->next = item;
    }
    watch->last = item;
    watch->queued_bytes += text == NULL ? 0 : text->len;
    if (watch->queued_bytes > QUEUE_BYTES_MAX) {
        watch->is_ended = true; /* a reader this slow lists afresh: as real servers do */
    }
}

/* What the change means to this watch, if anything. */
static bool offer(struct watch *watch, struct texts *texts, const struct sim_change *change)
{
    const struct sim_collection *collection = &watch->collection;
    if (watch->is_ended || change->resource != sim_resource_storage(collection->resource)) {
        return false;
    }
    bool was_in = change->previous != NULL && sim_collection_has(collection, change->previous);
    bool is_in = change->type != SIM_DELETED && sim_collection_has(collection, change->object);
    if (!was_in && !is_in) {
        return false;
    }
    enum item_kind kind = !is_in ? ITEM_DELETED : was_in ? ITEM_MODIFIED : ITEM_ADDED;
    bool is_previous = kind == ITEM_DELETED && change->type != SIM_DELETED;
    struct sim_text *text = change_text(texts, collection, change, is_previous);
    push(watch, kind, sim_text_keep(text), change->resource_version);
    return true;
}

static void on_change(void *context, struct sim_store *store, const struct sim_change *change)
{
    (void)store;
    struct sim_face *face = context;
    struct texts texts = {.view = NULL};
    for (struct watch *watch = face->watches; watch != NULL; watch = watch->next) {
        if (offer(watch, &texts, change)) {
            notify(watch);
        }
    }
    texts_fini(&texts);
}

/* ---- reading ---- */

/* The row that carries the annotation of the end of the initial events; none for other bookmarks.
 */
static void put_mark(struct watch *watch, const struct item *item)
{
    if (!item->is_initial_end) {
        return;
    }
    json_t *object = json_pack("{s:{s:o, s:{s:s}}}", "metadata", "resourceVersion",
                               json_sprintf("%" PRIu64, item->version), "annotations",
                               "k8s.io/initial-events-end", "true");
    json_t *row = sim_table_row(watch->collection.resource, object, watch->collection.encoding,
                                sim_world_wall_us(sim_store_world(watch->collection.store)));
    struct sim_text *text = sim_text_of_json(row, NULL, NULL);
    tg_buf_append(&watch->line, text->bytes, text->len);
    sim_text_drop(text);
    json_decref(row);
    json_decref(object);
}

static void compose_bookmark(struct watch *watch, const struct item *item, const char *version)
{
    const struct sim_resource *resource = watch->collection.resource;
    enum sim_encoding encoding = watch->collection.encoding;
    const char *annotations =
        item->is_initial_end ? ",\"annotations\":{\"k8s.io/initial-events-end\":\"true\"}" : "";
    struct tg_buf *line = &watch->line;
    tg_buf_puts(line, "{\"type\":\"BOOKMARK\",\"object\":");
    if (encoding == SIM_ENCODING_PLAIN || encoding == SIM_ENCODING_PARTIAL) {
        bool is_plain = encoding == SIM_ENCODING_PLAIN;
        tg_buf_printf(line,
                      "{\"kind\":\"%s\",\"apiVersion\":\"%s\",\"metadata\":{\"resourceVersion\":"
                      "\"%" PRIu64 "\"%s}}}\n",
                      is_plain ? resource->kind : "PartialObjectMetadata",
                      is_plain ? version : "meta.k8s.io/v1", item->version, annotations);
    } else {
        tg_buf_printf(line,
                      "{\"kind\":\"Table\",\"apiVersion\":\"meta.k8s.io/v1\",\"metadata\":"
                      "{\"resourceVersion\":\"%" PRIu64 "\"},\"columnDefinitions\":null,\"rows\":[",
                      item->version);
        put_mark(watch, item);
        tg_buf_puts(line, "]}}\n");
    }
}

static void compose_table(struct watch *watch, const struct item *item)
{
    struct tg_buf *line = &watch->line;
    tg_buf_printf(line,
                  "{\"kind\":\"Table\",\"apiVersion\":\"meta.k8s.io/v1\",\"metadata\":"
                  "{\"resourceVersion\":\"%" PRIu64 "\"},\"columnDefinitions\":",
                  item->version);
    if (watch->has_columns) {
        tg_buf_puts(line, "null");
    } else {
        json_t *definitions = sim_table_definitions(watch->collection.resource);
        char *text = json_dumps(definitions, JSON_COMPACT);
        tg_buf_puts(line, text);
        free(text);
        json_decref(definitions);
        watch->has_columns = true;
    }
    tg_buf_puts(line, ",\"rows\":[");
    tg_buf_append(line, item->text->bytes, item->text->len);
    tg_buf_puts(line, "]}}\n");
}

static void compose(struct watch *watch, const struct item *item)
{
    static const char *const words[] = {"ADDED", "MODIFIED", "DELETED", "BOOKMARK", "ERROR"};
    const struct sim_resource *resource = watch->collection.resource;
    char version[128];
    sim_k8s_group_version(resource, version, sizeof version);
    struct tg_buf *line = &watch->line;
    if (item->kind == ITEM_BOOKMARK) {
        compose_bookmark(watch, item, version);
        return;
    }
    tg_buf_printf(line, "{\"type\":\"%s\",\"object\":", words[item->kind]);
    enum sim_encoding encoding = watch->collection.encoding;
    if (item->kind == ITEM_ERROR || encoding == SIM_ENCODING_PARTIAL) {
        tg_buf_append(line, item->text->bytes, item->text->len);
        tg_buf_puts(line, "}\n");
    } else if (encoding == SIM_ENCODING_PLAIN) {
        tg_buf_printf(line, "{\"kind\":\"%s\",\"apiVersion\":\"%s\",", resource->kind, version);
        tg_buf_append(line, item->text->bytes + 1, item->text->len - 1);
        tg_buf_puts(line, "}\n");
    } else {
        compose_table(watch, item);
    }
}

static size_t watch_read(struct sim_stream *stream, char *out, size_t size, bool *is_end)
{
    struct watch *watch = (struct watch *)stream;
    TG_MAGIC_CHECK(watch, WATCH_MAGIC);
    size_t used = 0;
    while (used < size) {
        if (watch->line_at == watch->line.len) {
            struct item *item = watch->first;
            if (item == NULL) {
                break;
            }
            tg_buf_reset(&watch->line);
            watch->line_at = 0;
            compose(watch, item);
            watch->first = item->next;
            watch->last = item->next == NULL ? NULL : watch->last;
            watch->queued_bytes -= item->text == NULL ? 0 : item->text->len;
            sim_text_drop(item->text);
            free(item);
        }
        size_t len = watch->line.len - watch->line_at;
        len = len > size - used ? size - used : len;
        memcpy(out + used, watch->line.data + watch->line_at, len);
        watch->line_at += len;
        used += len;
    }
    *is_end = watch->is_ended && watch->first == NULL && watch->line_at == watch->line.len;
    return used;
}

static void watch_free(struct sim_stream *stream)
{
    struct watch *watch = (struct watch *)stream;
    TG_MAGIC_CHECK(watch, WATCH_MAGIC);
    struct sim_store *store = watch->collection.store;
    struct sim_world *world = sim_store_world(store);
    sim_world_cancel(world, watch->bookmark_event);
    sim_world_cancel(world, watch->timeout_event);
    struct sim_face *face = sim_face_of(store);
    struct watch **at = &face->watches;
    while (*at != NULL && *at != watch) {
        at = &(*at)->next;
    }
    if (*at != NULL) {
        *at = watch->next;
    }
    while (watch->first != NULL) {
        struct item *item = watch->first;
        watch->first = item->next;
        sim_text_drop(item->text);
        free(item);
    }
    tg_buf_fini(&watch->line);
    sim_collection_fini(&watch->collection);
    watch->magic = 0;
    free(watch);
}

/* ---- time ---- */

static void push_bookmark(struct watch *watch, bool is_initial_end)
{
    push(watch, ITEM_BOOKMARK, NULL, sim_store_resource_version(watch->collection.store));
    watch->last->is_initial_end = is_initial_end;
}

static void on_bookmark(struct sim_world *world, void *data);

/* Every minute, and two seconds before the end; a watch that is shorter gets none. */
static void plan_bookmark(struct watch *watch, int64_t now_us)
{
    int64_t last_us = watch->end_us - BOOKMARK_LEAD_US;
    int64_t at_us = now_us + BOOKMARK_PERIOD_US < last_us ? now_us + BOOKMARK_PERIOD_US : last_us;
    if (at_us > now_us) {
        watch->bookmark_event = sim_world_at(sim_store_world(watch->collection.store), at_us,
                                             EVENT_PRIORITY, on_bookmark, watch, NULL);
    }
}

static void on_bookmark(struct sim_world *world, void *data)
{
    struct watch *watch = data;
    TG_MAGIC_CHECK(watch, WATCH_MAGIC);
    watch->bookmark_event = 0;
    if (watch->is_ended) {
        return;
    }
    push_bookmark(watch, false);
    plan_bookmark(watch, sim_world_now_us(world));
    notify(watch);
}

static void on_timeout(struct sim_world *world, void *data)
{
    (void)world;
    struct watch *watch = data;
    TG_MAGIC_CHECK(watch, WATCH_MAGIC);
    watch->timeout_event = 0;
    watch->is_ended = true;
    notify(watch);
}

static void start_clocks(struct watch *watch, const json_t *query)
{
    struct sim_world *world = sim_store_world(watch->collection.store);
    int64_t now_us = sim_world_now_us(world);
    int64_t timeout_s = sim_query_int(query, "timeoutSeconds", 0);
    if (timeout_s <= 0 || timeout_s > INT32_MAX) {
        const char *entity = sim_store_name(watch->collection.store);
        uint64_t draw = sim_world_draw(world, entity, "watch timeout");
        timeout_s = TIMEOUT_MIN_S + (int64_t)(draw % TIMEOUT_MIN_S);
    }
    watch->timeout_event = sim_world_at(world, now_us + timeout_s * TG_US_PER_S, EVENT_PRIORITY,
                                        on_timeout, watch, NULL);
    watch->end_us = now_us + timeout_s * TG_US_PER_S;
    if (watch->has_bookmarks) {
        plan_bookmark(watch, now_us);
    }
}

/* ---- starting ---- */

static bool push_existing(void *context, json_t *object)
{
    struct watch *watch = context;
    if (sim_collection_has(&watch->collection, object)) {
        push(watch, ITEM_ADDED,
             make_text(watch->collection.store, watch->collection.resource, object,
                       watch->collection.encoding),
             sim_store_resource_version(watch->collection.store));
    }
    return true;
}

static bool push_past(void *context, const struct sim_change *change)
{
    struct watch *watch = context;
    struct texts texts = {.view = NULL};
    offer(watch, &texts, change);
    texts_fini(&texts);
    return true;
}

static void push_error(struct watch *watch, const struct tg_err *err)
{
    json_t *status = sim_k8s_status(410, NULL, err->msg, NULL);
    push(watch, ITEM_ERROR, sim_text_of_json(status, NULL, NULL), 0);
    json_decref(status);
    watch->is_ended = true;
}

static struct watch *watch_new(struct sim_collection *collection, const json_t *query)
{
    struct watch *watch = TG_NEW(struct watch);
    watch->magic = WATCH_MAGIC;
    watch->stream.read = watch_read;
    watch->stream.free = watch_free;
    watch->collection = *collection;
    *collection = (struct sim_collection){.store = NULL};
    watch->has_bookmarks = sim_query_is_true(query, "allowWatchBookmarks");
    tg_buf_init(&watch->line, LINE_MAX_BYTES);
    struct sim_face *face = sim_face_of(watch->collection.store);
    if (face->observer == 0) {
        face->observer = sim_store_observe(watch->collection.store, on_change, face);
    }
    struct watch **at = &face->watches;
    while (*at != NULL) {
        at = &(*at)->next;
    }
    *at = watch;
    return watch;
}

/* False with *response filled when the options are refused. */
static bool check_options(const struct sim_collection *collection, const json_t *query,
                          int64_t *version, struct sim_response *response)
{
    if (!sim_k8s_check_list_options(query, true, version, response)) {
        return false;
    }
    uint64_t current = sim_store_resource_version(collection->store);
    if ((uint64_t)*version > current) {
        sim_k8s_fail(response, 504, NULL,
                     "Timeout: Too large resource version: %" PRId64 ", current: %" PRIu64,
                     *version, current);
        return false;
    }
    return true;
}

void sim_k8s_watch(struct sim_collection *collection, const json_t *query,
                   struct sim_response *response)
{
    int64_t version;
    if (!check_options(collection, query, &version, response)) {
        sim_collection_fini(collection);
        return;
    }
    const char *initial = sim_query_text(query, "sendInitialEvents");
    bool is_list = sim_query_is_true(query, "sendInitialEvents");
    struct watch *watch = watch_new(collection, query);
    struct sim_store *store = watch->collection.store;
    if (is_list || (version == 0 && initial[0] == '\0')) {
        sim_store_each(store, watch->collection.resource, watch->collection.ns, push_existing,
                       watch);
        if (is_list && watch->has_bookmarks) {
            push_bookmark(watch, true);
        }
    } else if (version > 0) {
        struct tg_err err = TG_ERR_INIT;
        if (!sim_store_changes_since(store, (uint64_t)version, push_past, watch, &err)) {
            push_error(watch, &err);
        }
    }
    start_clocks(watch, query);
    response->status = 200;
    snprintf(response->content_type, sizeof response->content_type, "application/json");
    response->stream = &watch->stream;
}

size_t sim_k8s_watch_count(const struct sim_store *store)
{
    const struct sim_face *face = sim_store_face(store);
    size_t count = 0;
    for (const struct watch *w = face == NULL ? NULL : face->watches; w != NULL; w = w->next) {
        count++;
    }
    return count;
}
