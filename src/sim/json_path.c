/* sim/json_path.c - dotted paths into JSON objects. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "sim/json_path.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/utf8.h"

json_t *sim_json_at(const json_t *object, const char *path)
{
    const json_t *at = object;
    while (at != NULL && *path != '\0') {
        size_t len = strcspn(path, ".");
        at = json_object_getn(at, path, len);
        path += len;
        if (*path == '.') {
            path++;
        }
    }
    union {
        const json_t *in;
        json_t *out;
    } borrowed = {at};
    return borrowed.out;
}

const char *sim_json_text(const json_t *object, const char *path)
{
    const char *text = json_string_value(sim_json_at(object, path));
    return text == NULL ? "" : text;
}

int64_t sim_json_int(const json_t *object, const char *path, int64_t otherwise)
{
    const json_t *value = sim_json_at(object, path);
    return json_is_integer(value) ? json_integer_value(value) : otherwise;
}

bool sim_json_is_true(const json_t *object, const char *path)
{
    return json_is_true(sim_json_at(object, path));
}

size_t sim_json_count(const json_t *object, const char *path)
{
    return json_array_size(sim_json_at(object, path));
}

json_t *sim_json_make_object(json_t *object, const char *key)
{
    json_t *member = json_object_get(object, key);
    if (!json_is_object(member)) {
        member = json_object();
        json_object_set_new(object, key, member);
    }
    return member;
}

json_t *sim_json_string(const char *text)
{
    json_t *string = json_string(text);
    if (string != NULL) {
        return string;
    }
    size_t left = strlen(text);
    char *clean = tg_malloc(left * 3 + 1);
    char *out = clean;
    while (left > 0) {
        uint32_t codepoint;
        size_t len = tg_utf8_decode(text, left, &codepoint);
        out += tg_utf8_encode(codepoint, out);
        text += len;
        left -= len;
    }
    string = json_stringn(clean, (size_t)(out - clean));
    tg_assert(string != NULL);
    free(clean);
    return string;
}

void sim_json_default(json_t *object, const char *key, json_t *value)
{
    const json_t *member = json_object_get(object, key);
    if (member == NULL || json_is_null(member)) {
        json_object_set_new(object, key, value);
    } else {
        json_decref(value);
    }
}

json_t *sim_json_condition(const json_t *object, const char *type)
{
    json_t *conditions = sim_json_at(object, "status.conditions");
    size_t i;
    json_t *condition;
    json_array_foreach(conditions, i, condition)
    {
        if (tg_str_eq(json_string_value(json_object_get(condition, "type")), type)) {
            return condition;
        }
    }
    return NULL;
}

json_t *sim_json_with_version(json_t *object, uint64_t resource_version)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRIu64, resource_version);
    json_t *copy = json_copy(object);
    json_t *metadata = json_object_get(object, "metadata");
    metadata = json_is_object(metadata) ? json_copy(metadata) : json_object();
    json_object_set_new(metadata, "resourceVersion", json_string(text));
    json_object_set_new(copy, "metadata", metadata);
    return copy;
}
