/* sim/field_set.c - trees of fields: made from objects, compared, and carried out. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "sim/field_set.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim/json_path.h"

#define PATH_SIZE 1024

/* How a member's value is made up. */
enum shape { LEAF, OBJECT, MAP, KEYED, SET };

static enum shape shape_of(const struct sim_field *field, const json_t *value)
{
    if (field == NULL) {
        return json_is_object(value) ? OBJECT : LEAF;
    }
    if (field->shape == SIM_FIELD_LIST) {
        return !json_is_array(value) || field->apply[0] == '\0' ? LEAF
               : field->apply[0] == '='                         ? SET
                                                                : KEYED;
    }
    if (field->apply[0] == '!' || !json_is_object(value)) {
        return LEAF;
    }
    if (field->shape == SIM_FIELD_MAP) {
        return MAP;
    }
    return field->type == SIM_FIELD_MESSAGE ? OBJECT : LEAF;
}

json_t *sim_field_keys(const struct sim_field *field, const json_t *element)
{
    json_t *keys = json_object();
    const char *at = field->apply;
    while (*at != '\0') {
        size_t len = strcspn(at, ",");
        char *name = tg_strndup(at, len);
        json_t *value = json_object_get(element, name);
        const struct sim_field *key = sim_schema_field(sim_schema_inner(field), name);
        if (value != NULL && !json_is_null(value)) {
            json_object_set(keys, name, value);
        } else if (tg_str_eq(name, "protocol")) {
            json_object_set_new(keys, name, json_string("TCP"));
        } else if (key != NULL && key->type == SIM_FIELD_STRING) {
            json_object_set_new(keys, name, json_string(""));
        } else if (key != NULL && key->type == SIM_FIELD_INTEGER) {
            json_object_set_new(keys, name, json_integer(0));
        }
        free(name);
        at += len + (at[len] == ',' ? 1 : 0);
    }
    return keys;
}

/* "k:{...}" of a list's element; NULL when it has none of the keys. The caller frees. */
static char *key_of(const struct sim_field *field, const json_t *element)
{
    json_t *keys = sim_field_keys(field, element);
    char *text = json_dumps(keys, JSON_COMPACT | JSON_SORT_KEYS);
    char *key = json_object_size(keys) == 0 ? NULL : tg_asprintf("k:%s", text);
    free(text);
    json_decref(keys);
    return key;
}

/* True when a member that is not there counts as value: its default. */
static bool is_default(const char *name, const json_t *value)
{
    return tg_str_eq(name, "protocol") ? tg_str_eq(json_string_value(value), "TCP")
           : json_is_string(value)     ? json_string_length(value) == 0
                                       : json_is_integer(value) && json_integer_value(value) == 0;
}

static char *value_key(const json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_SORT_KEYS);
    char *key = tg_asprintf("v:%s", text);
    free(text);
    return key;
}

/* The element of list that a "k:" or "v:" key means; NULL when there is none. Borrowed. */
static json_t *element_of(const json_t *list, const char *key, size_t *index)
{
    json_t *wanted = json_loads(key + 2, JSON_DECODE_ANY, NULL);
    json_t *found = NULL;
    size_t i;
    json_t *element;
    json_array_foreach(list, i, element)
    {
        bool is_same = key[0] == 'v' ? json_equal(element, wanted) : true;
        const char *name;
        json_t *value;
        if (key[0] == 'k') {
            json_object_foreach(wanted, name, value)
            {
                const json_t *have = json_object_get(element, name);
                is_same =
                    is_same && (have == NULL ? is_default(name, value) : json_equal(have, value));
            }
        }
        if (is_same) {
            found = element;
            *index = i;
            break;
        }
    }
    json_decref(wanted);
    return found;
}

/* What a member of a set means in value; borrowed. */
static json_t *child_of(const json_t *value, const char *key)
{
    size_t index;
    return key[0] == 'f'   ? json_object_get(value, key + 2)
           : key[0] == '.' ? NULL
                           : element_of(value, key, &index);
}

/* ---- made from objects ---- */

static json_t *set_of_message(const struct sim_field *message, const json_t *object);

static void put_member(json_t *set, const char *name, json_t *value)
{
    char *key = tg_asprintf("f:%s", name);
    json_object_set_new(set, key, value);
    free(key);
}

static json_t *set_of_value(const struct sim_field *field, const json_t *value)
{
    json_t *set = json_object();
    const char *name;
    json_t *member;
    size_t i;
    switch (shape_of(field, value)) {
    case LEAF:
        break;
    case OBJECT:
        json_decref(set);
        return set_of_message(field == NULL ? NULL : sim_schema_inner(field), value);
    case MAP:
        json_object_foreach((json_t *)(uintptr_t)value, name, member)
        {
            put_member(set, name, json_object());
        }
        break;
    case KEYED:
        json_array_foreach(value, i, member)
        {
            char *key = key_of(field, member);
            if (key != NULL) {
                json_t *inner = set_of_message(sim_schema_inner(field), member);
                json_object_set_new(inner, ".", json_object());
                json_object_set_new(set, key, inner);
            }
            free(key);
        }
        break;
    case SET:
        json_array_foreach(value, i, member)
        {
            char *key = value_key(member);
            json_object_set_new(set, key, json_object());
            free(key);
        }
        break;
    }
    return set;
}

static json_t *set_of_message(const struct sim_field *message, const json_t *object)
{
    json_t *set = json_object();
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)object, name, value)
    {
        put_member(set, name, set_of_value(sim_schema_field(message, name), value));
    }
    return set;
}

json_t *sim_field_set_of(const struct sim_field *message, const json_t *object)
{
    static const char *const owned[] = {"labels", "annotations", "finalizers", "ownerReferences"};
    const struct sim_field *meta = sim_schema_message("meta.ObjectMeta");
    json_t *set = json_object();
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)object, name, value)
    {
        if (tg_str_eq(name, "apiVersion") || tg_str_eq(name, "kind")) {
            continue;
        }
        if (!tg_str_eq(name, "metadata")) {
            put_member(set, name, set_of_value(sim_schema_field(message, name), value));
            continue;
        }
        json_t *metadata = json_object();
        for (size_t i = 0; i < TG_COUNT(owned); i++) {
            const json_t *part = json_object_get(value, owned[i]);
            if (part != NULL && !json_is_null(part)) {
                put_member(metadata, owned[i],
                           set_of_value(sim_schema_field(meta, owned[i]), part));
            }
        }
        if (json_object_size(metadata) > 0) {
            put_member(set, "metadata", json_incref(metadata));
        }
        json_decref(metadata);
    }
    return set;
}

/* ---- algebra ---- */

bool sim_field_set_is_empty(const json_t *set)
{
    return json_object_size(set) == 0;
}

json_t *sim_field_set_union(const json_t *a, const json_t *b)
{
    json_t *result = a == NULL ? json_object() : json_deep_copy(a);
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)b, key, value)
    {
        json_object_set_new(result, key, sim_field_set_union(json_object_get(result, key), value));
    }
    return result;
}

/* A leaf of b takes away all that a has below it. */
json_t *sim_field_set_minus(const json_t *a, const json_t *b)
{
    json_t *result = json_object();
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)a, key, value)
    {
        const json_t *other = json_object_get(b, key);
        if (other == NULL) {
            json_object_set_new(result, key, json_deep_copy(value));
        } else if (json_object_size(other) > 0 && json_object_size(value) > 0) {
            json_t *rest = sim_field_set_minus(value, other);
            bool is_place = json_object_size(rest) == 1 && json_object_get(rest, ".") != NULL;
            if (is_place) { /* the place alone is a leaf */
                json_object_set_new(result, key, json_object());
            } else if (json_object_size(rest) > 0) {
                json_object_set(result, key, rest);
            }
            json_decref(rest);
        }
    }
    return result;
}

/* True for what is not even there, as an empty value, before it is set: its appearance has an owner
 * of its own ("."). message NULL: of a custom resource. */
static bool is_optional(const struct sim_field *message, const char *name)
{
    const struct sim_field *field = sim_schema_field(message, name);
    if (field == NULL) {
        return !tg_str_eq(name, "metadata");
    }
    return field->shape == SIM_FIELD_MAP || field->shape == SIM_FIELD_POINTER ||
           (field->shape == SIM_FIELD_LIST && !tg_str_eq(name, "containers"));
}

static json_t *changed_in(const struct sim_field *message, const json_t *set, const json_t *before,
                          const json_t *after)
{
    json_t *result = json_object();
    const char *key;
    json_t *below;
    json_object_foreach((json_t *)(uintptr_t)set, key, below)
    {
        if (key[0] == '.') {
            if (before == NULL) {
                json_object_set_new(result, key, json_object());
            }
            continue;
        }
        const json_t *was = child_of(before, key);
        const json_t *is = child_of(after, key);
        if (json_object_size(below) == 0) {
            if (was == NULL || is == NULL || !json_equal(was, is)) {
                json_object_set_new(result, key, json_object());
            }
            continue;
        }
        bool is_member = key[0] == 'f';
        const struct sim_field *field = is_member ? sim_schema_field(message, key + 2) : NULL;
        const struct sim_field *inner_message = !is_member      ? message
                                                : field == NULL ? NULL
                                                                : sim_schema_inner(field);
        /* below what is new as a whole everything is; else some members are there, if empty */
        bool is_new = was == NULL && is_member && (before == NULL || is_optional(message, key + 2));
        json_t *nothing = json_object();
        json_t *inner = changed_in(inner_message, below,
                                   was == NULL && is_member && !is_new ? nothing : was, is);
        json_decref(nothing);
        if (is_new) {
            json_object_set_new(inner, ".", json_object());
        }
        if (json_object_size(inner) > 0) {
            json_object_set(result, key, inner);
        }
        json_decref(inner);
    }
    return result;
}

void sim_field_set_diff(const struct sim_field *message, const json_t *before, const json_t *after,
                        json_t **changed, json_t **removed)
{
    json_t *old = before == NULL ? json_object() : sim_field_set_of(message, before);
    json_t *new = sim_field_set_of(message, after);
    json_t *nothing = json_object();
    *changed = changed_in(message, new, before == NULL ? nothing : before, after);
    json_decref(nothing);
    *removed = sim_field_set_minus(old, new);
    json_decref(old);
    json_decref(new);
}

/* ".spec.containers[name=\"a\"].image" with one more step. */
static void step_path(const char *path, const char *key, char out[PATH_SIZE])
{
    if (key[0] == 'f') {
        snprintf(out, PATH_SIZE, "%.500s.%.500s", path, key + 2);
        return;
    }
    if (key[0] == 'v') {
        snprintf(out, PATH_SIZE, "%.500s[=%.500s]", path, key + 2);
        return;
    }
    struct tg_buf text;
    tg_buf_init(&text, PATH_SIZE);
    json_t *keys = json_loads(key + 2, 0, NULL);
    const char *name;
    json_t *value;
    json_object_foreach(keys, name, value)
    {
        char *shown = json_dumps(value, JSON_ENCODE_ANY);
        tg_buf_printf(&text, "%s%s=%s", text.len == 0 ? "" : ",", name, shown);
        free(shown);
    }
    snprintf(out, PATH_SIZE, "%.500s[%.500s]", path, tg_buf_text(&text));
    json_decref(keys);
    tg_buf_fini(&text);
}

struct conflicts {
    sim_field_visit *visit;
    void *context;
};

static void find_conflicts(const json_t *mine, const json_t *theirs, const json_t *wanted,
                           const json_t *live, const char *path, const struct conflicts *conflicts)
{
    const char *key;
    json_t *below;
    json_object_foreach((json_t *)(uintptr_t)mine, key, below)
    {
        const json_t *other = json_object_get(theirs, key);
        if (other == NULL || key[0] == '.') {
            continue;
        }
        char next[PATH_SIZE];
        step_path(path, key, next);
        const json_t *want = child_of(wanted, key);
        const json_t *have = child_of(live, key);
        bool is_leaf = json_object_size(below) == 0 || json_object_size(other) == 0;
        if (!is_leaf) {
            find_conflicts(below, other, want, have, next, conflicts);
        } else if (want != NULL && have != NULL && !json_equal(want, have)) {
            conflicts->visit(conflicts->context, next);
        }
    }
}

void sim_field_set_conflicts(const json_t *mine, const json_t *theirs, const json_t *wanted,
                             const json_t *live, sim_field_visit *visit, void *context)
{
    struct conflicts conflicts = {visit, context};
    find_conflicts(mine, theirs, wanted, live, "", &conflicts);
}

/* ---- carried out ---- */

void sim_field_set_remove(const json_t *set, json_t *object)
{
    const char *key;
    json_t *below;
    json_object_foreach((json_t *)(uintptr_t)set, key, below)
    {
        json_t *child = key[0] == '.' ? NULL : child_of(object, key);
        bool is_whole = json_object_size(below) == 0 || json_object_get(below, ".") != NULL;
        size_t index = 0;
        if (child == NULL) {
            continue;
        }
        if (!is_whole) {
            sim_field_set_remove(below, child);
            if (key[0] == 'f' && json_is_object(child) && json_object_size(child) == 0) {
                json_object_del(object, key + 2);
            }
        } else if (key[0] == 'f') {
            json_object_del(object, key + 2);
        } else if (element_of(object, key, &index) != NULL) {
            json_array_remove(object, index);
        }
    }
}

static json_t *merge_value(const struct sim_field *field, const json_t *live, const json_t *applied)
{
    const char *name;
    json_t *member;
    size_t i;
    enum shape shape = shape_of(field, applied);
    if (live == NULL || shape == LEAF || json_typeof(live) != json_typeof(applied)) {
        return json_deep_copy(applied);
    }
    if (shape == OBJECT) {
        return sim_field_merge(field == NULL ? NULL : sim_schema_inner(field), live, applied);
    }
    json_t *result = json_deep_copy(live);
    if (shape == MAP) {
        json_object_foreach((json_t *)(uintptr_t)applied, name, member)
        {
            json_object_set_new(result, name, json_deep_copy(member));
        }
        return result;
    }
    json_array_foreach(applied, i, member)
    {
        char *key = shape == SET ? value_key(member) : key_of(field, member);
        size_t index = 0;
        json_t *have = key == NULL ? NULL : element_of(result, key, &index);
        if (have == NULL) {
            json_array_append_new(result, json_deep_copy(member));
        } else if (shape == KEYED) {
            json_array_set_new(result, index,
                               sim_field_merge(sim_schema_inner(field), have, member));
        }
        free(key);
    }
    return result;
}

json_t *sim_field_merge(const struct sim_field *message, const json_t *live, const json_t *applied)
{
    json_t *result = json_deep_copy(live);
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)applied, name, value)
    {
        if (!json_is_null(value)) {
            json_object_set_new(
                result, name,
                merge_value(sim_schema_field(message, name), json_object_get(live, name), value));
        }
    }
    return result;
}
