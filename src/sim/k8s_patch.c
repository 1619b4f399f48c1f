/* sim/k8s_patch.c - merge patch and strategic merge patch. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "sim/k8s_patch.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim/json_path.h"

#define GO_TEXT_MAX   65536u
#define ORDER_PREFIX  "$setElementOrder/"
#define DELETE_PREFIX "$deleteFromPrimitiveList/"

json_t *sim_patch_merge(const json_t *target, json_t *patch)
{
    if (!json_is_object(patch)) {
        return json_deep_copy(patch);
    }
    json_t *result = json_is_object(target) ? json_deep_copy(target) : json_object();
    const char *key;
    json_t *value;
    json_object_foreach(patch, key, value)
    {
        if (json_is_null(value)) {
            json_object_del(result, key);
        } else {
            json_object_set_new(result, key, sim_patch_merge(json_object_get(result, key), value));
        }
    }
    return result;
}

/* The member that tells elements of a list apart; NULL when an element lacks it. */
static const json_t *element_key(const struct sim_field *rule, const json_t *element)
{
    return tg_str_eq(rule->strategic, "=") ? element : json_object_get(element, rule->strategic);
}

/* The field of a list that is merged element by element, NULL when it is replaced as a whole. */
static const struct sim_field *merge_rule(const struct sim_field *message, const char *list)
{
    const struct sim_field *field = sim_schema_field(message, list);
    bool is_merged = field != NULL && field->shape == SIM_FIELD_LIST && field->strategic[0] != '\0';
    return is_merged ? field : NULL;
}

/* Index of the element with this key, or -1. */
static int find_element(const struct sim_field *rule, const json_t *list, const json_t *key)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *have = element_key(rule, json_array_get(list, i));
        if (have != NULL && json_equal(have, key)) {
            return (int)i;
        }
    }
    return -1;
}

static bool merge_object(const struct sim_field *message, json_t *target, json_t *patch,
                         struct tg_err *err);

char *sim_patch_text(const json_t *value)
{
    if (json_is_string(value)) {
        return tg_strdup(json_string_value(value));
    }
    if (!json_is_object(value) && !json_is_array(value)) {
        return json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    }
    struct tg_buf text;
    tg_buf_init(&text, GO_TEXT_MAX);
    tg_buf_puts(&text, json_is_object(value) ? "map[" : "[");
    const char *key;
    json_t *inner;
    size_t count = 0;
    json_object_foreach((json_t *)(uintptr_t)value, key, inner)
    {
        char *shown = sim_patch_text(inner);
        tg_buf_printf(&text, "%s%s:%s", count++ == 0 ? "" : " ", key, shown);
        free(shown);
    }
    for (size_t i = 0; i < json_array_size(value); i++) {
        char *shown = sim_patch_text(json_array_get(value, i));
        tg_buf_printf(&text, "%s%s", i == 0 ? "" : " ", shown);
        free(shown);
    }
    tg_buf_putc(&text, ']');
    return tg_buf_take(&text, NULL);
}

/* Merges one element of a patch's list into list. */
static bool merge_element(const struct sim_field *rule, json_t *list, json_t *element,
                          struct tg_err *err)
{
    const json_t *key = element_key(rule, element);
    if (key == NULL) {
        char *shown = sim_patch_text(element);
        tg_err_set(err, TG_CODE_INVALID, 500, "map: %.150s does not contain declared merge key: %s",
                   shown, rule->strategic);
        free(shown);
        return false;
    }
    int at = find_element(rule, list, key);
    const char *directive = sim_json_text(element, "$patch");
    if (tg_str_eq(directive, "delete")) {
        if (at >= 0) {
            json_array_remove(list, (size_t)at);
        }
        return true;
    }
    if (at < 0) {
        json_t *fresh = json_is_object(element) ? json_object() : json_deep_copy(element);
        json_array_append_new(list, fresh);
        return !json_is_object(element) ||
               merge_object(sim_schema_inner(rule), fresh, element, err);
    }
    return !json_is_object(element) ||
           merge_object(sim_schema_inner(rule), json_array_get(list, (size_t)at), element, err);
}

static bool merge_list(const struct sim_field *rule, json_t *list, const json_t *patch,
                       struct tg_err *err)
{
    for (size_t i = 0; i < json_array_size(patch); i++) {
        json_t *element = json_array_get(patch, i);
        if (json_is_object(element) && tg_str_eq(sim_json_text(element, "$patch"), "replace") &&
            element_key(rule, element) == NULL) {
            json_array_clear(list);
        } else if (!merge_element(rule, list, element, err)) {
            return false;
        }
    }
    return true;
}

/* Index of the element of list that is the same one as element, or -1. */
static int find_same(const struct sim_field *rule, const json_t *list, const json_t *element)
{
    const json_t *key = element_key(rule, element);
    return key == NULL ? -1 : find_element(rule, list, key);
}

/* Puts list into the order of a patch: what order names (whole elements, or as $setElementOrder has
 * them) stands as it does there; the others are woven in where they stood in original, behind the
 * named ones when that tells nothing. */
static void order_list(const struct sim_field *rule, json_t *list, const json_t *order,
                       const json_t *original)
{
    json_t *named = json_array();
    json_t *others = json_array();
    for (size_t i = 0; i < json_array_size(order); i++) {
        const json_t *wanted = json_array_get(order, i);
        int at = find_same(rule, list, wanted);
        if (at >= 0 && find_same(rule, named, wanted) < 0) {
            json_array_append(named, json_array_get(list, (size_t)at));
        }
    }
    for (size_t i = 0; i < json_array_size(list); i++) {
        json_t *element = json_array_get(list, i);
        if (find_same(rule, named, element) < 0) {
            json_array_append(others, element);
        }
    }
    json_array_clear(list);
    size_t n = 0;
    size_t o = 0;
    while (n < json_array_size(named) || o < json_array_size(others)) {
        json_t *left = json_array_get(others, o);
        json_t *right = json_array_get(named, n);
        int left_at = left == NULL ? -1 : find_same(rule, original, left);
        int right_at = right == NULL ? -1 : find_same(rule, original, right);
        bool is_before = left_at >= 0 && right_at >= 0 && left_at < right_at;
        if (left != NULL && (right == NULL || is_before)) {
            json_array_append(list, left);
            o++;
        } else {
            json_array_append(list, right);
            n++;
        }
    }
    json_decref(named);
    json_decref(others);
}

static void delete_from_list(json_t *list, const json_t *gone)
{
    for (size_t g = 0; g < json_array_size(gone); g++) {
        for (size_t i = json_array_size(list); i > 0; i--) {
            if (json_equal(json_array_get(list, i - 1), json_array_get(gone, g))) {
                json_array_remove(list, i - 1);
            }
        }
    }
}

static void retain_keys(json_t *target, const json_t *keys)
{
    void *next;
    const char *key;
    json_t *value;
    json_object_foreach_safe(target, next, key, value)
    {
        bool is_kept = false;
        for (size_t i = 0; i < json_array_size(keys); i++) {
            is_kept = is_kept || tg_str_eq(json_string_value(json_array_get(keys, i)), key);
        }
        if (!is_kept) {
            json_object_del(target, key);
        }
    }
}

/* The order that a patch wants for one of its lists; without its own word, that of its elements. */
static const json_t *order_of(const json_t *patch, const char *list)
{
    char *key = tg_asprintf(ORDER_PREFIX "%s", list);
    const json_t *order = json_object_get(patch, key);
    free(key);
    return order != NULL ? order : json_object_get(patch, list);
}

static bool merge_member(const struct sim_field *message, json_t *target, const json_t *patch,
                         const char *key, struct tg_err *err)
{
    json_t *value = json_object_get(patch, key);
    json_t *have = json_object_get(target, key);
    const struct sim_field *rule = merge_rule(message, key);
    if (json_is_null(value)) {
        json_object_del(target, key);
    } else if (json_is_object(value)) {
        const struct sim_field *field = sim_schema_field(message, key);
        const struct sim_field *inner =
            field == NULL || field->shape == SIM_FIELD_MAP ? NULL : sim_schema_inner(field);
        return merge_object(inner, sim_json_make_object(target, key), value, err);
    } else if (json_is_array(value) && rule != NULL) {
        if (!json_is_array(have)) {
            have = json_array();
            json_object_set_new(target, key, have);
        }
        json_t *original = json_copy(have);
        bool is_good = merge_list(rule, have, value, err);
        order_list(rule, have, order_of(patch, key), original);
        json_decref(original);
        return is_good;
    } else {
        json_object_set_new(target, key, json_deep_copy(value));
    }
    return true;
}

/* Merges patch into target, which is changed; it nests as deep as the objects do (the parser's
 * limit). */
static bool merge_object(const struct sim_field *message, json_t *target, json_t *patch,
                         struct tg_err *err)
{
    const char *directive = sim_json_text(patch, "$patch");
    if (tg_str_eq(directive, "replace") || tg_str_eq(directive, "delete")) {
        json_object_clear(target);
        if (tg_str_eq(directive, "delete")) {
            return true;
        }
    }
    const json_t *kept = json_object_get(patch, "$retainKeys");
    if (kept != NULL) {
        retain_keys(target, kept);
    }
    const char *key;
    json_t *value;
    bool is_good = true;
    json_object_foreach(patch, key, value)
    {
        if (key[0] != '$' && is_good) {
            is_good = merge_member(message, target, patch, key, err);
        }
    }
    json_object_foreach(patch, key, value)
    {
        if (tg_str_has_prefix(key, DELETE_PREFIX)) {
            delete_from_list(json_object_get(target, key + strlen(DELETE_PREFIX)), value);
        } else if (tg_str_has_prefix(key, ORDER_PREFIX)) {
            const char *list = key + strlen(ORDER_PREFIX);
            const struct sim_field *rule = merge_rule(message, list);
            json_t *have = json_object_get(target, list);
            if (rule != NULL && json_object_get(patch, list) == NULL && json_is_array(have)) {
                json_t *original = json_copy(have);
                order_list(rule, have, value, original);
                json_decref(original);
            }
        }
    }
    return is_good;
}

json_t *sim_patch_strategic(const struct sim_field *message, const json_t *target, json_t *patch,
                            struct tg_err *err)
{
    if (!json_is_object(patch)) {
        tg_err_set(err, TG_CODE_INVALID, 400, "the patch is not an object");
        return NULL;
    }
    json_t *result = json_deep_copy(target);
    if (!merge_object(message, result, patch, err)) {
        json_decref(result);
        return NULL;
    }
    return result;
}
