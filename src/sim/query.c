/* sim/query.c - the query part of a URL. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "sim/query.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/utf8.h"

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

char *sim_query_decode(const char *text, size_t len, bool is_form)
{
    char *out = tg_malloc(len + 1);
    size_t used = 0;
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        if (c == '%' && i + 2 < len && hex_digit(text[i + 1]) >= 0 && hex_digit(text[i + 2]) >= 0) {
            c = (char)(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
            i += 2;
        } else if (c == '+' && is_form) {
            c = ' ';
        }
        if (c != '\0') {
            out[used++] = c;
        }
    }
    out[used] = '\0';
    return out;
}

/* Takes the next "name=value" off the query; both are the caller's to free. False at the end. */
static bool next_pair(const char **query, char **name, char **value)
{
    const char *at = *query;
    if (*at == '\0') {
        return false;
    }
    size_t len = strcspn(at, "&");
    size_t name_len = strcspn(at, "=&");
    *name = sim_query_decode(at, name_len, true);
    const char *raw = name_len < len ? at + name_len + 1 : "";
    *value = sim_query_decode(raw, name_len < len ? len - name_len - 1 : 0, true);
    *query = at + len + (at[len] == '&' ? 1 : 0);
    return true;
}

json_t *sim_query_parse(const char *query)
{
    json_t *object = json_object();
    char *name;
    char *value;
    while (next_pair(&query, &name, &value)) {
        if (tg_utf8_is_valid(name, strlen(name)) && tg_utf8_is_valid(value, strlen(value)) &&
            json_object_get(object, name) == NULL) {
            json_object_set_new(object, name, json_string(value));
        }
        free(name);
        free(value);
    }
    return object;
}

json_t *sim_query_list(const char *query, const char *wanted)
{
    json_t *list = json_array();
    char *name;
    char *value;
    while (next_pair(&query, &name, &value)) {
        if (tg_str_eq(name, wanted) && tg_utf8_is_valid(value, strlen(value))) {
            json_array_append_new(list, json_string(value));
        }
        free(name);
        free(value);
    }
    return list;
}

const char *sim_query_text(const json_t *query, const char *name)
{
    const char *text = json_string_value(json_object_get(query, name));
    return text == NULL ? "" : text;
}

bool sim_query_is_true(const json_t *query, const char *name)
{
    const json_t *value = json_object_get(query, name);
    const char *text = json_string_value(value);
    return text != NULL && !tg_str_eq(text, "0") && !tg_str_eq_nocase(text, "false");
}

int64_t sim_query_int(const json_t *query, const char *name, int64_t otherwise)
{
    int64_t value = otherwise;
    tg_str_to_int64(sim_query_text(query, name), 0, INT64_MAX, &value);
    return value;
}
