/* sim/custom_schema.c - objects of CustomResourceDefinitions against their structural schema. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "sim/custom_schema.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/utf8.h"
#include "sim/json_path.h"
#include "sim/k8s_status.h"
#include "sim/pattern.h"

#define PATH_SIZE        512
#define UNKNOWN_MAX      4096u
#define MESSAGES_MAX     65536u
#define PATTERN_WORK_MAX INT64_C(5000000) /* steps for one object: no honest one takes them */

static bool keeps_unknown(const json_t *schema)
{
    return schema == NULL ||
           json_is_true(json_object_get(schema, "x-kubernetes-preserve-unknown-fields"));
}

static void below(char out[PATH_SIZE], const char *path, const char *key)
{
    snprintf(out, PATH_SIZE, "%.240s%s%.240s", path, path[0] == '\0' ? "" : ".", key);
}

static void below_index(char out[PATH_SIZE], const char *path, size_t index)
{
    snprintf(out, PATH_SIZE, "%.480s[%zu]", path, index);
}

/* What every object has, whatever its schema says. */
static bool is_of_every_kind(const char *path, const char *key)
{
    return path[0] == '\0' &&
           (tg_str_eq(key, "apiVersion") || tg_str_eq(key, "kind") || tg_str_eq(key, "metadata"));
}

/* Schema of a member; NULL when there is none. Borrowed. */
static json_t *member_schema(const json_t *schema, const char *key)
{
    json_t *named = json_object_get(json_object_get(schema, "properties"), key);
    json_t *any = json_object_get(schema, "additionalProperties");
    return named != NULL ? named : json_is_object(any) ? any : NULL;
}

/* ---- pruning ---- */

static void prune(const json_t *schema, json_t *value, const char *path, struct tg_buf *unknown)
{
    char deeper[PATH_SIZE];
    if (json_is_array(value)) {
        size_t i;
        json_t *item;
        json_array_foreach(value, i, item)
        {
            below_index(deeper, path, i);
            prune(json_object_get(schema, "items"), item, deeper, unknown);
        }
        return;
    }
    const char *key;
    json_t *member;
    void *next;
    json_object_foreach_safe(value, next, key, member)
    {
        const json_t *inner = member_schema(schema, key);
        below(deeper, path, key);
        if (is_of_every_kind(path, key)) {
            continue;
        }
        if (inner == NULL && !keeps_unknown(schema) &&
            !json_is_true(json_object_get(schema, "additionalProperties"))) {
            tg_buf_printf(unknown, "%sunknown field \"%s\"", unknown->len == 0 ? "" : ", ", deeper);
            json_object_del(value, key);
        } else if (inner != NULL) {
            prune(inner, member, deeper, unknown);
        }
    }
}

char *sim_custom_prune(const struct sim_resource *resource, json_t *object)
{
    if (resource->schema == NULL) {
        return NULL;
    }
    struct tg_buf unknown;
    tg_buf_init(&unknown, UNKNOWN_MAX);
    prune(resource->schema, object, "", &unknown);
    char *text = unknown.len == 0 ? NULL : tg_strdup(tg_buf_text(&unknown));
    tg_buf_fini(&unknown);
    return text;
}

/* ---- defaults ---- */

static void fill(const json_t *schema, json_t *value)
{
    const char *key;
    json_t *inner;
    if (json_is_array(value)) {
        size_t i;
        json_t *item;
        json_array_foreach(value, i, item)
        {
            fill(json_object_get(schema, "items"), item);
        }
        return;
    }
    if (!json_is_object(value)) {
        return;
    }
    json_object_foreach(json_object_get(schema, "properties"), key, inner)
    {
        json_t *preset = json_object_get(inner, "default");
        bool is_null = json_is_null(json_object_get(value, key)) &&
                       !json_is_true(json_object_get(inner, "nullable"));
        if (preset != NULL && (json_object_get(value, key) == NULL || is_null)) {
            json_object_set_new(value, key, json_deep_copy(preset));
        }
        fill(inner, json_object_get(value, key));
    }
    json_t *rest = json_object_get(schema, "additionalProperties");
    json_t *member;
    if (json_is_object(rest)) {
        json_object_foreach(value, key, member)
        {
            fill(rest, member);
        }
    }
}

void sim_custom_default(const struct sim_resource *resource, json_t *object)
{
    if (resource->schema != NULL) {
        fill(resource->schema, object);
    }
}

/* ---- validation ---- */

struct faults {
    json_t *causes;
    struct tg_buf text; /* "a, b" */
    int64_t work;       /* that patterns may still take */
};

static void add_fault(struct faults *faults, const char *path, const char *reason,
                      const char *format, ...) __attribute__((format(printf, 4, 5)));

static void add_fault(struct faults *faults, const char *path, const char *reason,
                      const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *message = tg_vasprintf(format, args);
    va_end(args);
    tg_buf_printf(&faults->text, "%s%s: %s", faults->text.len == 0 ? "" : ", ", path, message);
    json_array_append_new(faults->causes, json_pack("{s:s, s:s, s:s}", "reason", reason, "message",
                                                    message, "field", path));
    free(message);
}

static const char *type_of(const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return "object";
    case JSON_ARRAY:
        return "array";
    case JSON_STRING:
        return "string";
    case JSON_INTEGER:
        return "integer";
    case JSON_REAL:
        return "number";
    case JSON_TRUE:
    case JSON_FALSE:
        return "boolean";
    case JSON_NULL:
        return "null";
    }
    TG_UNREACHABLE("no other type of JSON");
}

static bool has_type(const json_t *schema, const json_t *value)
{
    const char *type = sim_json_text(schema, "type");
    if (type[0] == '\0' || tg_str_eq(type, type_of(value))) {
        return type[0] != '\0' ||
               !json_is_true(json_object_get(schema, "x-kubernetes-int-or-string")) ||
               json_is_string(value) || json_is_integer(value);
    }
    return tg_str_eq(type, "number") && json_is_integer(value);
}

static void check_pattern(struct faults *faults, const char *pattern, const char *text,
                          const char *path)
{
    switch (sim_pattern_find(pattern, text, &faults->work)) {
    case SIM_PATTERN_MATCHES:
    case SIM_PATTERN_UNKNOWN: /* what is not understood is not judged */
        break;
    case SIM_PATTERN_DIFFERS:
        add_fault(faults, path, "FieldValueInvalid",
                  "Invalid value: \"%s\": %s in body should match '%s'", text, path, pattern);
        break;
    case SIM_PATTERN_TOO_LONG:
        add_fault(faults, path, "FieldValueInvalid",
                  "(simulated) the patterns of this kind's schema take too long for this object");
        break;
    }
}

static void check_text(struct faults *faults, const json_t *schema, const json_t *value,
                       const char *path)
{
    const char *text = json_string_value(value);
    int64_t len = (int64_t)json_string_length(value);
    int64_t longest = sim_json_int(schema, "maxLength", INT64_MAX);
    int64_t shortest = sim_json_int(schema, "minLength", 0);
    if (len > longest) {
        add_fault(faults, path, "FieldValueTooLong", "Too long: may not be more than %lld bytes",
                  (long long)longest);
    }
    if (len < shortest) {
        add_fault(faults, path, "FieldValueInvalid",
                  "Invalid value: \"%s\": %s in body should be at least %lld chars long", text,
                  path, (long long)shortest);
    }
    const char *pattern = sim_json_text(schema, "pattern");
    if (pattern[0] != '\0') {
        check_pattern(faults, pattern, text, path);
    }
}

static void check_number(struct faults *faults, const json_t *schema, const json_t *value,
                         const char *path)
{
    const json_t *least = json_object_get(schema, "minimum");
    const json_t *most = json_object_get(schema, "maximum");
    double number = json_number_value(value);
    if (json_is_number(least) && number < json_number_value(least)) {
        add_fault(faults, path, "FieldValueInvalid",
                  "Invalid value: %g: %s in body should be greater than or equal to %g", number,
                  path, json_number_value(least));
    }
    if (json_is_number(most) && number > json_number_value(most)) {
        add_fault(faults, path, "FieldValueInvalid",
                  "Invalid value: %g: %s in body should be less than or equal to %g", number, path,
                  json_number_value(most));
    }
}

static void check_enum(struct faults *faults, const json_t *schema, const json_t *value,
                       const char *path)
{
    const json_t *allowed = json_object_get(schema, "enum");
    struct tg_buf names;
    size_t i;
    json_t *item;
    bool is_known = !json_is_array(allowed);
    tg_buf_init(&names, MESSAGES_MAX);
    json_array_foreach(allowed, i, item)
    {
        char *text = json_dumps(item, JSON_COMPACT | JSON_ENCODE_ANY);
        is_known = is_known || json_equal(item, value);
        tg_buf_puts(&names, i == 0 ? "" : ", ");
        tg_buf_puts(&names, text);
        free(text);
    }
    if (!is_known) {
        char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
        add_fault(faults, path, "FieldValueNotSupported",
                  "Unsupported value: %s: supported values: %s", text, tg_buf_text(&names));
        free(text);
    }
    tg_buf_fini(&names);
}

static void check(struct faults *faults, const json_t *schema, const json_t *value,
                  const char *path);

static void check_array(struct faults *faults, const json_t *schema, const json_t *value,
                        const char *path)
{
    int64_t count = (int64_t)json_array_size(value);
    int64_t most = sim_json_int(schema, "maxItems", INT64_MAX);
    int64_t least = sim_json_int(schema, "minItems", 0);
    if (count > most) {
        add_fault(faults, path, "FieldValueTooMany", "Too many: %lld: must have at most %lld items",
                  (long long)count, (long long)most);
    }
    if (count < least) {
        add_fault(faults, path, "FieldValueInvalid",
                  "Invalid value: %lld: %s in body should have at least %lld items",
                  (long long)count, path, (long long)least);
    }
    size_t i;
    json_t *item;
    json_array_foreach(value, i, item)
    {
        char deeper[PATH_SIZE];
        below_index(deeper, path, i);
        check(faults, json_object_get(schema, "items"), item, deeper);
    }
}

static void check_object(struct faults *faults, const json_t *schema, const json_t *value,
                         const char *path)
{
    char deeper[PATH_SIZE];
    size_t i;
    json_t *name;
    json_array_foreach(json_object_get(schema, "required"), i, name)
    {
        if (json_is_string(name) && json_object_get(value, json_string_value(name)) == NULL) {
            below(deeper, path, json_string_value(name));
            add_fault(faults, deeper, "FieldValueRequired", "Required value");
        }
    }
    const char *key;
    json_t *member;
    json_object_foreach((json_t *)(uintptr_t)value, key, member)
    {
        const json_t *inner = member_schema(schema, key);
        below(deeper, path, key);
        if (inner != NULL && !is_of_every_kind(path, key)) {
            check(faults, inner, member, deeper);
        }
    }
}

static void check(struct faults *faults, const json_t *schema, const json_t *value,
                  const char *path)
{
    if (schema == NULL ||
        (json_is_null(value) && json_is_true(json_object_get(schema, "nullable")))) {
        return;
    }
    if (!has_type(schema, value)) {
        const char *found = type_of(value);
        const char *type = sim_json_text(schema, "type");
        add_fault(faults, path, "FieldValueTypeInvalid",
                  "Invalid value: \"%s\": %s in body must be of type %s: \"%s\"", found, path,
                  type[0] == '\0' ? "integer,string" : type, found);
        return;
    }
    check_enum(faults, schema, value, path);
    if (json_is_object(value)) {
        check_object(faults, schema, value, path);
    } else if (json_is_array(value)) {
        check_array(faults, schema, value, path);
    } else if (json_is_string(value)) {
        check_text(faults, schema, value, path);
    } else if (json_is_number(value)) {
        check_number(faults, schema, value, path);
    }
}

bool sim_custom_validate(const struct sim_resource *resource, const json_t *object,
                         struct sim_response *response)
{
    struct faults faults = {.causes = json_array(), .work = PATTERN_WORK_MAX};
    tg_buf_init(&faults.text, MESSAGES_MAX);
    check(&faults, resource->schema, object, "");
    size_t count = json_array_size(faults.causes);
    if (count > 0) {
        const char *name = sim_json_text(object, "metadata.name");
        json_t *details = sim_k8s_details(resource, name);
        json_object_set_new(details, "kind", json_string(resource->kind));
        json_object_set(details, "causes", faults.causes);
        char *message =
            tg_asprintf("%s.%s \"%s\" is invalid: %s%s%s", resource->kind, resource->group, name,
                        count > 1 ? "[" : "", tg_buf_text(&faults.text), count > 1 ? "]" : "");
        sim_k8s_reply(response, 422, sim_k8s_status(422, NULL, message, details));
        free(message);
    }
    json_decref(faults.causes);
    tg_buf_fini(&faults.text);
    return count == 0;
}
