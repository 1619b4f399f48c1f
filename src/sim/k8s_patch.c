/* sim/k8s_patch.c - merge patch and strategic merge patch. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "sim/k8s_patch.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim/json_path.h"

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

/* Merges one element of a patch's list into list. */
static bool merge_element(const struct sim_field *rule, json_t *list, json_t *element,
                          struct tg_err *err)
{
    const json_t *key = element_key(rule, element);
    if (key == NULL) {
        return tg_err_set(err, TG_CODE_INVALID, 400,
                          "map: %s does not contain declared merge key: %s", rule->name,
                          rule->strategic);
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

/* Puts the elements of list that order names into its order, in front; the others follow as they
 * were. */
static void order_list(const struct sim_field *rule, json_t *list, const json_t *order)
{
    size_t front = 0;
    for (size_t i = 0; i < json_array_size(order); i++) {
        json_t *wanted = json_array_get(order, i);
        const json_t *key = json_is_object(wanted) ? element_key(rule, wanted) : wanted;
        int at = key == NULL ? -1 : find_element(rule, list, key);
        if (at < 0 || (size_t)at < front) {
            continue;
        }
        json_t *element = json_incref(json_array_get(list, (size_t)at));
        json_array_remove(list, (size_t)at);
        json_array_insert_new(list, front++, element);
    }
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

static bool merge_member(const struct sim_field *message, json_t *target, const char *key,
                         json_t *value, struct tg_err *err)
{
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
        return merge_list(rule, have, value, err);
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
            is_good = merge_member(message, target, key, value, err);
        }
    }
    json_object_foreach(patch, key, value)
    {
        if (tg_str_has_prefix(key, DELETE_PREFIX)) {
            delete_from_list(json_object_get(target, key + strlen(DELETE_PREFIX)), value);
        } else if (tg_str_has_prefix(key, ORDER_PREFIX)) {
            const char *list = key + strlen(ORDER_PREFIX);
            const struct sim_field *rule = merge_rule(message, list);
            if (rule != NULL) {
                order_list(rule, json_object_get(target, list), value);
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
