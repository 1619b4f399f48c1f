/* sim/jsonpath.c - JSONPath as far as printer columns use it. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "sim/jsonpath.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"

#define NAME_SIZE 256
#define TEXT_MAX  16384u

/* Copies a name up to one of the characters in stop; *path moves behind it. False when it does not
 * fit. */
static bool read_name(const char **path, const char *stop, char name[NAME_SIZE])
{
    size_t len = 0;
    const char *at = *path;
    while (*at != '\0' && strchr(stop, *at) == NULL) {
        at += *at == '\\' && at[1] != '\0' ? 1 : 0;
        if (len + 1 >= NAME_SIZE) {
            return false;
        }
        name[len++] = *at++;
    }
    name[len] = '\0';
    *path = at;
    return true;
}

static json_t *members_named(const json_t *values, const char *name)
{
    json_t *found = json_array();
    size_t i;
    json_t *value;
    json_array_foreach(values, i, value)
    {
        json_t *member = json_object_get(value, name);
        if (member != NULL) {
            json_array_append(found, member);
        }
    }
    return found;
}

static json_t *members_all(const json_t *values)
{
    json_t *found = json_array();
    size_t i;
    json_t *value;
    json_array_foreach(values, i, value)
    {
        const char *key;
        json_t *member;
        json_object_foreach(value, key, member)
        {
            json_array_append(found, member);
        }
        if (json_is_array(value)) {
            json_array_extend(found, value);
        }
    }
    return found;
}

static json_t *elements_at(const json_t *values, int64_t index)
{
    json_t *found = json_array();
    size_t i;
    json_t *value;
    json_array_foreach(values, i, value)
    {
        int64_t count = (int64_t)json_array_size(value);
        int64_t at = index < 0 ? count + index : index;
        if (at >= 0 && at < count) {
            json_array_append(found, json_array_get(value, (size_t)at));
        }
    }
    return found;
}

static bool is_text_of(const json_t *value, const char *text)
{
    if (json_is_string(value)) {
        return tg_str_eq(json_string_value(value), text);
    }
    char *other = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    bool is_same = tg_str_eq(other, text);
    free(other);
    return is_same;
}

/* filter is "@.type==\"Ready\"": elements of the arrays for which it holds. */
static json_t *elements_where(const json_t *values, const char *filter)
{
    json_t *found = json_array();
    const char *equal = strstr(filter, "==");
    const char *unequal = strstr(filter, "!=");
    const char *mark = equal != NULL ? equal : unequal;
    if (filter[0] != '@' || mark == NULL) {
        return found;
    }
    char *path = tg_strndup(filter + 1, (size_t)(mark - filter - 1));
    char *wanted = tg_strdup(mark + 2 + strspn(mark + 2, " \"'"));
    size_t len = strlen(wanted);
    while (len > 0 && strchr(" \"'", wanted[len - 1]) != NULL) {
        wanted[--len] = '\0';
    }
    path[strcspn(path, " ")] = '\0';
    size_t i;
    json_t *value;
    json_array_foreach(values, i, value)
    {
        size_t e;
        json_t *element;
        json_array_foreach(value, e, element)
        {
            json_t *inner = sim_jsonpath(element, path);
            bool is_same =
                json_array_size(inner) > 0 && is_text_of(json_array_get(inner, 0), wanted);
            if (json_array_size(inner) > 0 && is_same == (equal != NULL)) {
                json_array_append(found, element);
            }
            json_decref(inner);
        }
    }
    free(path);
    free(wanted);
    return found;
}

/* What stands in brackets, *path behind the opening one. NULL when it is not understood. */
static json_t *step_bracket(const json_t *values, const char **path)
{
    char name[NAME_SIZE];
    const char *at = *path;
    json_t *found = NULL;
    if (*at == '\'' || *at == '"') {
        const char quote[2] = {*at, '\0'};
        at++;
        if (!read_name(&at, quote, name) || *at != quote[0] || at[1] != ']') {
            return NULL;
        }
        found = members_named(values, name);
        *path = at + 2;
        return found;
    }
    bool is_filter = tg_str_has_prefix(at, "?(");
    at += is_filter ? 2 : 0;
    if (!read_name(&at, is_filter ? ")" : "]", name) || *at == '\0') {
        return NULL;
    }
    at += is_filter ? 1 : 0;
    if (*at != ']') {
        return NULL;
    }
    *path = at + 1;
    int64_t index = 0;
    if (is_filter) {
        return elements_where(values, name);
    }
    if (tg_str_eq(name, "*")) {
        return members_all(values);
    }
    return tg_str_to_int64(name, -1000000, 1000000, &index) ? elements_at(values, index) : NULL;
}

static json_t *step_name(const json_t *values, const char **path)
{
    char name[NAME_SIZE];
    if (!read_name(path, ".[}", name) || name[0] == '\0') {
        return NULL;
    }
    return tg_str_eq(name, "*") ? members_all(values) : members_named(values, name);
}

json_t *sim_jsonpath(json_t *object, const char *path)
{
    json_t *values = json_pack("[O]", object);
    path += *path == '{' ? 1 : 0;
    path += *path == '$' ? 1 : 0;
    while (values != NULL && *path != '\0' && *path != '}') {
        json_t *next = NULL;
        if (*path == '[') {
            path++;
            next = step_bracket(values, &path);
        } else if (*path == '.' && path[1] != '[') {
            path++;
            next = step_name(values, &path);
        } else if (*path == '.') {
            path++;
            continue;
        }
        json_decref(values);
        values = next;
    }
    return values == NULL ? json_array() : values;
}

char *sim_jsonpath_text(json_t *object, const char *path)
{
    json_t *values = sim_jsonpath(object, path);
    if (json_array_size(values) == 0) {
        json_decref(values);
        return NULL;
    }
    struct tg_buf buf;
    tg_buf_init(&buf, TEXT_MAX);
    size_t i;
    json_t *value;
    json_array_foreach(values, i, value)
    {
        char *text =
            json_is_string(value) ? NULL : json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
        tg_buf_puts(&buf, i == 0 ? "" : " ");
        tg_buf_puts(&buf, text == NULL ? json_string_value(value) : text);
        free(text);
    }
    char *text = tg_strdup(tg_buf_text(&buf));
    tg_buf_fini(&buf);
    json_decref(values);
    return text;
}
