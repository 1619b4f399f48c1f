/* codec/json.c - bounded reading of JSON. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "codec/json.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/fmt.h"
#include "base/mem.h"
#include "base/str.h"
#include "codec/json_pick.h"

#define VALUES_SIZE_MIN ((size_t)256 * 1024)
#define VALUES_SIZE_FACTOR                                                 \
    48 /* of memory for each byte of text: ordinary objects take about six \
        */

/* Nesting is judged before parsing, without recursion, so that a hostile document cannot use up the
 * stack. */
static bool is_depth_allowed(const char *bytes, size_t len)
{
    int depth = 0;
    bool is_in_text = false;
    for (size_t i = 0; i < len; i++) {
        char byte = bytes[i];
        if (is_in_text) {
            if (byte == '\\') {
                i++;
            } else if (byte == '"') {
                is_in_text = false;
            }
        } else if (byte == '"') {
            is_in_text = true;
        } else if (byte == '{' || byte == '[') {
            if (++depth > TG_JSON_DEPTH_MAX) {
                return false;
            }
        } else if (byte == '}' || byte == ']') {
            depth--;
        }
    }
    return true;
}

/* The document that this thread is reading takes its memory from here; everything else that uses
 * jansson (writing bodies, the simulator) takes it from malloc(). */
static _Thread_local struct tg_arena *reading;
static _Thread_local bool is_full;

static void *take(size_t size)
{
    if (reading == NULL) {
        return tg_malloc(size);
    }
    void *block = tg_arena_try_alloc(reading, size);
    is_full = is_full || block == NULL;
    return block;
}

static void give_back(void *block)
{
    if (reading == NULL) {
        free(block);
    }
}

void tg_json_setup(void)
{
    static bool is_done;
    if (!is_done) {
        json_set_alloc_funcs(take, give_back);
        is_done = true;
    }
}

/* The values of the text, made in the arena of this thread's document. What cannot be picked is
 * read whole, so that jansson says what is wrong with it. */
static const json_t *read_values(const char *bytes, size_t len, const struct tg_json_wanted *wanted,
                                 struct tg_err *err)
{
    const json_t *root = tg_json_pick(bytes, len, wanted, TG_JSON_DEPTH_MAX);
    if (root != NULL || is_full) {
        return root;
    }
    if (!is_depth_allowed(bytes, len)) {
        tg_err_set(err, TG_CODE_LIMIT, 0, "JSON nested deeper than %d", TG_JSON_DEPTH_MAX);
        return NULL;
    }
    json_error_t why;
    /* A NUL in somebody's text ends that text early; refusing it would cost the whole list. */
    root = json_loadb(bytes, len, JSON_ALLOW_NUL, &why);
    if (root == NULL) {
        tg_err_set(err, TG_CODE_PROTOCOL, 0, "not JSON: line %d, column %d: %s", why.line,
                   why.column, why.text);
    }
    return root;
}

bool tg_json_parse(const char *bytes, size_t len, const struct tg_json_wanted *wanted,
                   struct tg_json *document, struct tg_err *err)
{
    tg_json_setup();
    *document = (struct tg_json){0};
    if (len > TG_JSON_SIZE_MAX) {
        return tg_err_set(err, TG_CODE_LIMIT, 0, "JSON longer than %zu bytes", TG_JSON_SIZE_MAX);
    }
    document->arena = tg_arena_new(VALUES_SIZE_MIN + len * VALUES_SIZE_FACTOR);
    is_full = false;
    reading = document->arena;
    document->root = read_values(bytes, len, wanted, err);
    reading = NULL;
    if (document->root != NULL) {
        return true;
    }
    tg_json_release(document);
    return is_full ? tg_err_set(err, TG_CODE_LIMIT, 0, "JSON whose values take too much memory")
                   : false;
}

void tg_json_release(struct tg_json *document)
{
    tg_arena_free(document->arena);
    *document = (struct tg_json){0};
}

void tg_json_release_secret(struct tg_json *document)
{
    if (document->arena != NULL) {
        tg_arena_wipe(document->arena);
    }
    tg_json_release(document);
}

const json_t *tg_json_at(const json_t *object, const char *path)
{
    while (object != NULL && *path != '\0') {
        size_t len = strcspn(path, "/");
        object = json_object_getn(object, path, len);
        path += len + (path[len] == '/' ? 1 : 0);
    }
    return object;
}

const char *tg_json_text(const json_t *object, const char *path)
{
    const char *text = json_string_value(tg_json_at(object, path));
    return text != NULL ? text : "";
}

int64_t tg_json_int(const json_t *object, const char *path, int64_t fallback)
{
    const json_t *value = tg_json_at(object, path);
    int64_t number = fallback;
    if (json_is_integer(value)) {
        return json_integer_value(value);
    }
    if (json_is_string(value)) {
        (void)tg_str_to_int64(json_string_value(value), INT64_MIN, INT64_MAX, &number);
    }
    return number;
}

bool tg_json_bool(const json_t *object, const char *path)
{
    return json_is_true(tg_json_at(object, path));
}

int64_t tg_json_time(const json_t *object, const char *path)
{
    int64_t wall_us = 0;
    return tg_parse_rfc3339(tg_json_text(object, path), &wall_us) ? wall_us : 0;
}
