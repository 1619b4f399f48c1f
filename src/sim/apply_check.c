/* sim/apply_check.c - typed values of applied configurations. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "sim/apply_check.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/str.h"
#include "sim/field_set.h"

#define PATH_SIZE 480

static bool check_message(const struct sim_field *message, const json_t *object, const char *path,
                          struct tg_err *err);

/* "[name=\"c\"]", "[=\"a\"]" of a value of a set. The caller frees. */
static char *key_text(const json_t *keys)
{
    struct tg_buf text;
    tg_buf_init(&text, PATH_SIZE);
    char *sorted = json_dumps(keys, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
    if (!json_is_object(keys)) {
        tg_buf_printf(&text, "[=%s]", sorted);
    } else {
        json_t *in_order = json_loads(sorted, 0, NULL);
        const char *name;
        json_t *value;
        json_object_foreach(in_order, name, value)
        {
            char *shown = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
            tg_buf_printf(&text, "%s%s=%s", text.len == 0 ? "[" : ",", name, shown);
            free(shown);
        }
        tg_buf_puts(&text, "]");
        json_decref(in_order);
    }
    free(sorted);
    return tg_buf_take(&text, NULL);
}

static bool fail(struct tg_err *err, const char *path, const char *what)
{
    return tg_err_set(err, TG_CODE_INVALID, 500, "%s: %s", path, what);
}

/* Adds the key of an element to those seen; false when it is there already. */
static bool see(json_t *seen, const char *path, const json_t *keys, struct tg_err *err)
{
    char *text = key_text(keys);
    bool is_new = json_object_get(seen, text) == NULL;
    if (is_new) {
        json_object_set_new(seen, text, json_true());
    } else {
        tg_err_set(err, TG_CODE_INVALID, 500, "%s: duplicate entries for key %s", path, text);
    }
    free(text);
    return is_new;
}

static bool check_keyed(const struct sim_field *field, json_t *seen, const json_t *element,
                        size_t index, const char *path, struct tg_err *err)
{
    char what[120];
    if (!json_is_object(element)) {
        snprintf(what, sizeof what, "element %zu: associative list with keys may not have %s",
                 index, json_is_null(element) ? "a null element" : "non-map elements");
        return fail(err, path, what);
    }
    json_t *keys = sim_field_keys(field, element);
    char *text = key_text(keys);
    char *below = tg_asprintf("%s%s", path, text);
    bool is_good =
        check_message(sim_schema_inner(field), element, below, err) && see(seen, path, keys, err);
    free(below);
    free(text);
    json_decref(keys);
    return is_good;
}

static bool check_list(const struct sim_field *field, const json_t *list, const char *path,
                       struct tg_err *err)
{
    bool is_set = field->apply[0] == '=';
    json_t *seen = json_object();
    bool is_good = true;
    size_t i;
    json_t *element;
    json_array_foreach(list, i, element)
    {
        is_good = is_good && (is_set ? see(seen, path, element, err)
                                     : check_keyed(field, seen, element, i, path, err));
    }
    json_decref(seen);
    return is_good;
}

static bool check_scalar(const struct sim_field *field, const json_t *value, const char *path,
                         struct tg_err *err)
{
    if (field->shape != SIM_FIELD_ONE && field->shape != SIM_FIELD_POINTER) {
        return true;
    }
    if (field->type == SIM_FIELD_INTEGER && !json_is_number(value)) {
        return fail(err, path,
                    json_is_string(value) ? "expected numeric (int or float), got string"
                                          : "expected numeric (int or float)");
    }
    if (field->type == SIM_FIELD_STRING && !json_is_string(value)) {
        char *shown = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
        tg_err_set(err, TG_CODE_INVALID, 500,
                   "%s: expected string, got &value.valueUnstructured{Value:%s}", path, shown);
        free(shown);
        return false;
    }
    return true;
}

static bool check_value(const struct sim_field *field, const json_t *value, const char *path,
                        struct tg_err *err)
{
    if (json_is_null(value)) {
        return true;
    }
    if (field->shape == SIM_FIELD_LIST && field->apply[0] != '\0') {
        return json_is_array(value) ? check_list(field, value, path, err)
                                    : fail(err, path, "expected list");
    }
    if (field->type == SIM_FIELD_MESSAGE && field->shape != SIM_FIELD_MAP &&
        field->shape != SIM_FIELD_LIST && json_is_object(value)) {
        return check_message(sim_schema_inner(field), value, path, err);
    }
    return check_scalar(field, value, path, err);
}

static bool check_message(const struct sim_field *message, const json_t *object, const char *path,
                          struct tg_err *err)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)object, name, value)
    {
        const struct sim_field *field = sim_schema_field(message, name);
        char *below = tg_asprintf("%s.%s", path, name);
        bool is_good = field == NULL || check_value(field, value, below, err);
        free(below);
        if (!is_good) {
            return false;
        }
    }
    return true;
}

bool sim_apply_check(const struct sim_field *message, const json_t *applied, struct tg_err *err)
{
    const json_t *metadata = json_object_get(applied, "metadata");
    return check_message(message, applied, "", err) &&
           (!json_is_object(metadata) || message == NULL ||
            check_message(sim_schema_message("meta.ObjectMeta"), metadata, ".metadata", err));
}
