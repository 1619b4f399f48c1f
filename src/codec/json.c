/* codec/json.c - bounded reading of JSON. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "codec/json.h"

#include <string.h>

#include "base/fmt.h"
#include "base/str.h"

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

json_t *tg_json_parse(const char *bytes, size_t len, struct tg_err *err)
{
    json_error_t why;
    if (!is_depth_allowed(bytes, len)) {
        tg_err_set(err, TG_CODE_LIMIT, 0, "JSON nested deeper than %d", TG_JSON_DEPTH_MAX);
        return NULL;
    }
    json_t *document = json_loadb(bytes, len, 0, &why);
    if (document == NULL) {
        tg_err_set(err, TG_CODE_PROTOCOL, 0, "not JSON: line %d, column %d: %s", why.line,
                   why.column, why.text);
    }
    return document;
}

const json_t *tg_json_at(const json_t *object, const char *path)
{
    char key[128];
    while (object != NULL && *path != '\0') {
        size_t len = strcspn(path, "/");
        if (len >= sizeof(key)) {
            return NULL;
        }
        memcpy(key, path, len);
        key[len] = '\0';
        object = json_object_get(object, key);
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
