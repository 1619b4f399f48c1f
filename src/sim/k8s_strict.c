/* sim/k8s_strict.c - walks an object beside the table of its fields. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "sim/k8s_strict.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim/schema.h"

#define UNKNOWN_MAX 16
#define PATH_SIZE   512

struct check {
    const struct sim_resource *resource;
    struct tg_buf unknown; /* "unknown field \"spec.x\", ..." */
    int unknown_count;
    const char *owner; /* name of the message in which the walk is */
    struct tg_err *err;
};

static const char *go_name(enum sim_field_type type)
{
    switch (type) {
    case SIM_FIELD_BOOL:
        return "bool";
    case SIM_FIELD_INTEGER:
        return "int32";
    case SIM_FIELD_NUMBER:
        return "float64";
    case SIM_FIELD_BYTES:
        return "[]uint8";
    default:
        return "string";
    }
}

static const char *json_name(const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return "object";
    case JSON_ARRAY:
        return "array";
    case JSON_STRING:
        return "string";
    case JSON_INTEGER:
    case JSON_REAL:
        return "number";
    default:
        return "bool";
    }
}

static bool fail(struct check *check, const char *path, const json_t *value, const char *wanted)
{
    const char *kind = check->resource->kind;
    return tg_err_set(check->err, TG_CODE_INVALID, 400,
                      "%s in version \"%s\" cannot be handled as a %s: json: cannot unmarshal %s "
                      "into Go struct field %s.%s of type %s",
                      kind, check->resource->version, kind, json_name(value), check->owner, path,
                      wanted);
}

static bool check_message(struct check *check, const struct sim_field *message,
                          const json_t *object, const char *path);

static bool is_right_type(enum sim_field_type type, const json_t *value)
{
    switch (type) {
    case SIM_FIELD_STRING:
    case SIM_FIELD_BYTES:
    case SIM_FIELD_TIME:
    case SIM_FIELD_MICRO_TIME:
    case SIM_FIELD_DURATION:
        return json_is_string(value);
    case SIM_FIELD_BOOL:
        return json_is_boolean(value);
    case SIM_FIELD_INTEGER:
        return json_is_integer(value);
    case SIM_FIELD_NUMBER:
        return json_is_number(value);
    case SIM_FIELD_QUANTITY:
    case SIM_FIELD_INT_OR_STRING:
        return json_is_string(value) || json_is_number(value);
    case SIM_FIELD_STRINGS:
        return json_is_array(value);
    case SIM_FIELD_MESSAGE:
        return json_is_object(value);
    case SIM_FIELD_ANY:
        return true;
    }
    return true;
}

static bool check_value(struct check *check, const struct sim_field *field, const json_t *value,
                        const char *path)
{
    if (json_is_null(value)) {
        return true;
    }
    if (!is_right_type(field->type, value)) {
        return fail(check, path, value,
                    field->type == SIM_FIELD_MESSAGE ? field->message : go_name(field->type));
    }
    if (field->type != SIM_FIELD_MESSAGE) {
        return true;
    }
    const char *owner = check->owner;
    const char *dot = strchr(field->message, '.');
    check->owner = dot == NULL ? field->message : dot + 1;
    bool is_good = check_message(check, sim_schema_inner(field), value, path);
    check->owner = owner;
    return is_good;
}

static bool check_field(struct check *check, const struct sim_field *field, const json_t *value,
                        const char *path)
{
    char below[PATH_SIZE];
    if (json_is_null(value)) {
        return true;
    }
    if (field->shape == SIM_FIELD_LIST) {
        size_t i;
        json_t *item;
        if (!json_is_array(value)) {
            return fail(check, path, value, "[]");
        }
        json_array_foreach(value, i, item)
        {
            snprintf(below, sizeof below, "%.400s[%zu]", path, i);
            if (!check_value(check, field, item, below)) {
                return false;
            }
        }
        return true;
    }
    if (field->shape == SIM_FIELD_MAP) {
        const char *key;
        json_t *item;
        if (!json_is_object(value)) {
            return fail(check, path, value, "map[string]string");
        }
        json_object_foreach((json_t *)(uintptr_t)value, key, item)
        {
            bool is_plain = field->type != SIM_FIELD_MESSAGE; /* is told as the map's own type */
            snprintf(below, sizeof below, "%.240s.%.240s", path, key);
            if (!check_value(check, field, item, is_plain ? path : below)) {
                return false;
            }
        }
        return true;
    }
    return check_value(check, field, value, path);
}

static bool check_message(struct check *check, const struct sim_field *message,
                          const json_t *object, const char *path)
{
    const char *key;
    json_t *value;
    bool is_top = path[0] == '\0';
    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        char below[PATH_SIZE];
        snprintf(below, sizeof below, "%.240s%s%.240s", path, is_top ? "" : ".", key);
        const struct sim_field *field = sim_schema_field(message, key);
        if (field == NULL) {
            bool is_type = is_top && (tg_str_eq(key, "kind") || tg_str_eq(key, "apiVersion"));
            if (!is_type && message != NULL && check->unknown_count++ < UNKNOWN_MAX) {
                tg_buf_printf(&check->unknown, "%sunknown field \"%s\"",
                              check->unknown.len == 0 ? "" : ", ", below);
            }
        } else if (!check_field(check, field, value, below)) {
            return false;
        }
    }
    return true;
}

bool sim_k8s_check_fields(const struct sim_resource *resource, const json_t *object, bool is_strict,
                          struct tg_err *err)
{
    const struct sim_field *message = sim_schema_of(resource);
    const json_t *metadata = json_object_get(object, "metadata");
    struct check check = {.resource = resource, .owner = resource->kind, .err = err};
    tg_buf_init(&check.unknown, UNKNOWN_MAX * (PATH_SIZE + 32));
    bool is_good = true;
    if (message != NULL) {
        is_good = check_message(&check, message, object, "");
    } else if (metadata != NULL) { /* which every kind has */
        is_good =
            json_is_object(metadata)
                ? check_message(&check, sim_schema_message("meta.ObjectMeta"), metadata, "metadata")
                : fail(&check, "metadata", metadata, "ObjectMeta");
    }
    if (is_good && is_strict && check.unknown_count > 0) {
        const char *kind = resource->kind;
        is_good = tg_err_set(err, TG_CODE_INVALID, 400,
                             "%s in version \"%s\" cannot be handled as a %s: strict decoding "
                             "error: %s",
                             kind, resource->version, kind, tg_buf_text(&check.unknown));
    }
    tg_buf_fini(&check.unknown);
    return is_good;
}

static void prune_message(const struct sim_field *message, json_t *object, bool is_top);

static void prune_value(const struct sim_field *field, json_t *value)
{
    const struct sim_field *inner = sim_schema_inner(field);
    size_t i;
    json_t *item;
    const char *key;
    if (inner == NULL) {
        return;
    }
    if (field->shape == SIM_FIELD_LIST) {
        json_array_foreach(value, i, item)
        {
            prune_message(inner, item, false);
        }
    } else if (field->shape == SIM_FIELD_MAP) {
        json_object_foreach(value, key, item)
        {
            prune_message(inner, item, false);
        }
    } else {
        prune_message(inner, value, false);
    }
}

static void prune_message(const struct sim_field *message, json_t *object, bool is_top)
{
    void *next;
    const char *key;
    json_t *value;
    json_object_foreach_safe(object, next, key, value)
    {
        const struct sim_field *field = sim_schema_field(message, key);
        if (json_is_null(value)) {
            json_object_del(object, key); /* null is what a field is that is not there */
        } else if (field != NULL) {
            prune_value(field, value);
        } else if (!is_top || (!tg_str_eq(key, "kind") && !tg_str_eq(key, "apiVersion"))) {
            json_object_del(object, key);
        }
    }
}

void sim_k8s_prune(const struct sim_resource *resource, json_t *object)
{
    const struct sim_field *message = sim_schema_of(resource);
    if (message != NULL) {
        prune_message(message, object, true);
    }
}
