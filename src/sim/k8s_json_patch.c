/* sim/k8s_json_patch.c - JSON patch (RFC 6902). */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "sim/json_path.h"
#include "sim/k8s_patch.h"

#define OPERATIONS_MAX 10000u

/* Where a JSON pointer leads: the container and the last step in it. */
struct place {
    json_t *container; /* borrowed; NULL: the document itself or a path that does not exist */
    char *step;        /* unescaped; owned */
    bool is_document;
};

/* Next step of a JSON pointer, unescaped; *at moves past it. The caller frees. */
static char *take_step(const char **at)
{
    (*at)++; /* the slash */
    size_t len = strcspn(*at, "/");
    char *step = tg_malloc(len + 1);
    size_t used = 0;
    for (size_t i = 0; i < len; i++) {
        char c = (*at)[i];
        if (c == '~' && i + 1 < len) {
            c = (*at)[++i] == '1' ? '/' : '~';
        }
        step[used++] = c;
    }
    step[used] = '\0';
    *at += len;
    return step;
}

static json_t *child(json_t *container, const char *step)
{
    int64_t index;
    if (json_is_array(container)) {
        bool is_index = tg_str_to_int64(step, 0, INT32_MAX, &index);
        return is_index ? json_array_get(container, (size_t)index) : NULL;
    }
    return json_object_get(container, step);
}

static struct place find_place(json_t *document, const char *pointer)
{
    struct place place = {document, NULL, pointer[0] == '\0'};
    if (place.is_document || pointer[0] != '/') {
        place.container = NULL;
        return place;
    }
    const char *at = pointer;
    place.step = take_step(&at);
    while (*at == '/') {
        place.container = child(place.container, place.step);
        free(place.step);
        place.step = take_step(&at);
    }
    return place;
}

static json_t *value_at(json_t *document, const char *pointer)
{
    struct place place = find_place(document, pointer);
    json_t *value = place.is_document         ? document
                    : place.container == NULL ? NULL
                                              : child(place.container, place.step);
    free(place.step);
    return value;
}

/* Steals value. */
static bool add_at(json_t **document, const char *pointer, json_t *value, bool is_replace)
{
    struct place place = find_place(*document, pointer);
    bool is_good = true;
    int64_t index;
    if (place.is_document) {
        json_decref(*document);
        *document = json_incref(value);
    } else if (json_is_object(place.container)) {
        is_good = !is_replace || json_object_get(place.container, place.step) != NULL;
        if (is_good) {
            json_object_set(place.container, place.step, value);
        }
    } else if (json_is_array(place.container)) {
        size_t size = json_array_size(place.container);
        if (!is_replace && tg_str_eq(place.step, "-")) {
            json_array_append(place.container, value);
        } else if (!tg_str_to_int64(place.step, 0, INT32_MAX, &index) || (size_t)index > size ||
                   (is_replace && (size_t)index == size)) {
            is_good = false;
        } else if (is_replace) {
            json_array_set(place.container, (size_t)index, value);
        } else {
            json_array_insert(place.container, (size_t)index, value);
        }
    } else {
        is_good = false;
    }
    free(place.step);
    json_decref(value);
    return is_good;
}

static bool remove_at(json_t *document, const char *pointer)
{
    struct place place = find_place(document, pointer);
    int64_t index;
    bool is_good = false;
    if (json_is_object(place.container)) {
        is_good = json_object_del(place.container, place.step) == 0;
    } else if (json_is_array(place.container) &&
               tg_str_to_int64(place.step, 0, INT32_MAX, &index)) {
        is_good = json_array_remove(place.container, (size_t)index) == 0;
    }
    free(place.step);
    return is_good;
}

static bool apply_one(json_t **document, const json_t *operation)
{
    const char *name = sim_json_text(operation, "op");
    const char *path = sim_json_text(operation, "path");
    const char *from = sim_json_text(operation, "from");
    json_t *value = json_object_get(operation, "value");
    if (tg_str_eq(name, "test")) {
        json_t *have = value_at(*document, path);
        return value != NULL && have != NULL && json_equal(have, value);
    }
    if (tg_str_eq(name, "remove")) {
        return remove_at(*document, path);
    }
    if (tg_str_eq(name, "add") || tg_str_eq(name, "replace")) {
        return value != NULL &&
               add_at(document, path, json_deep_copy(value), tg_str_eq(name, "replace"));
    }
    if (tg_str_eq(name, "move") || tg_str_eq(name, "copy")) {
        json_t *source = value_at(*document, from);
        if (source == NULL) {
            return false;
        }
        json_t *copy = json_deep_copy(source);
        if (tg_str_eq(name, "move") && !remove_at(*document, from)) {
            json_decref(copy);
            return false;
        }
        return add_at(document, path, copy, false);
    }
    return false;
}

json_t *sim_patch_json(const json_t *target, const json_t *operations, struct tg_err *err)
{
    if (!json_is_array(operations) || json_array_size(operations) > OPERATIONS_MAX) {
        if (json_is_array(operations)) {
            tg_err_set(
                err, TG_CODE_INVALID, 413,
                "Request entity too large: The allowed maximum operations in a JSON patch is "
                "%u, got %zu",
                OPERATIONS_MAX, json_array_size(operations));
        } else {
            tg_err_set(err, TG_CODE_INVALID, 400,
                       "error decoding patch: json: cannot unmarshal object into Go value of type "
                       "[]handlers.jsonPatchOp");
        }
        return NULL;
    }
    json_t *document = json_deep_copy(target);
    for (size_t i = 0; i < json_array_size(operations); i++) {
        const json_t *operation = json_array_get(operations, i);
        if (!apply_one(&document, operation)) {
            tg_err_set(err, TG_CODE_INVALID, 422,
                       "the server rejected our request due to an error in our request");
            json_decref(document);
            return NULL;
        }
    }
    return document;
}
