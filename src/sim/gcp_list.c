/* sim/gcp_list.c - order, pages and partial answers of Google's list methods. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "sim/gcp_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "sim/json_path.h"
#include "sim/query.h"

#define TOKEN_PREFIX "page:"

/* ---- order ---- */

struct order {
    char field[64];
    bool is_descending;
};

static int compare(const json_t *a, const json_t *b, const struct order *order)
{
    int by_field = strcmp(sim_json_text(a, order->field), sim_json_text(b, order->field));
    if (by_field == 0) {
        return strcmp(sim_json_text(a, "name"), sim_json_text(b, "name"));
    }
    return order->is_descending ? -by_field : by_field;
}

void sim_gcp_order(const struct sim_gcp_call *call, json_t *items)
{
    struct order order = {.field = "name"};
    const char *asked = sim_query_text(call->params, "orderBy");
    size_t len = strcspn(asked, " ,");
    if (len > 0 && len < sizeof order.field) {
        snprintf(order.field, sizeof order.field, "%.*s", (int)len, asked);
        order.is_descending = strstr(asked, " desc") != NULL;
    }
    /* Insertion keeps it stable; lists of the API are short. */
    for (size_t i = 1; i < json_array_size(items); i++) {
        json_t *item = json_incref(json_array_get(items, i));
        size_t at = i;
        while (at > 0 && compare(json_array_get(items, at - 1), item, &order) > 0) {
            at--;
        }
        if (at < i) {
            json_array_remove(items, i);
            json_array_insert(items, at, item);
        }
        json_decref(item);
    }
}

/* ---- pages ---- */

static bool read_token(const char *token, size_t *start)
{
    size_t len = 0;
    int64_t value = 0;
    *start = 0;
    if (token[0] == '\0') {
        return true;
    }
    char *text = tg_base64_decode(token, strlen(token), &len);
    bool is_good = text != NULL && tg_str_has_prefix(text, TOKEN_PREFIX) &&
                   tg_str_to_int64(text + strlen(TOKEN_PREFIX), 0, INT32_MAX, &value);
    free(text);
    *start = (size_t)value;
    return is_good;
}

bool sim_gcp_page(struct sim_gcp_call *call, json_t *items, const char *size_name, size_t max,
                  json_t *answer, json_t **error)
{
    size_t start;
    if (!read_token(sim_query_text(call->params, "pageToken"), &start)) {
        *error = sim_gcp_error(call, 400, "INVALID_ARGUMENT",
                               "Invalid value for field 'pageToken': '%s'.",
                               sim_query_text(call->params, "pageToken"));
        return false;
    }
    int64_t asked = sim_query_int(call->params, size_name, 0);
    size_t size = asked <= 0 || (size_t)asked > max ? max : (size_t)asked;
    size_t total = json_array_size(items);
    size_t end = start + size < total ? start + size : total;
    while (json_array_size(items) > end) {
        json_array_remove(items, json_array_size(items) - 1);
    }
    for (size_t i = 0; i < start && json_array_size(items) > 0; i++) {
        json_array_remove(items, 0);
    }
    if (end < total) {
        char text[40];
        snprintf(text, sizeof text, TOKEN_PREFIX "%zu", end);
        char *token = tg_base64_encode(text, strlen(text));
        json_object_set_new(answer, "nextPageToken", json_string(token));
        free(token);
    }
    return true;
}

/* ---- partial answers ---- */

static json_t *cut(const json_t *value, const char **mask, int depth);

/* Length of a mask's part up to the comma or parenthesis that ends it. */
static size_t part_len(const char *mask)
{
    int open = 0;
    size_t len = 0;
    for (; mask[len] != '\0'; len++) {
        if (mask[len] == '(') {
            open++;
        } else if (mask[len] == ')' && open-- == 0) {
            break;
        } else if (mask[len] == ',' && open == 0) {
            break;
        }
    }
    return len;
}

/* What lies below a name of the mask: the whole value, or its cut. */
static json_t *below(const json_t *value, const char *rest, int depth)
{
    if (*rest == '/') {
        rest++;
        return cut(value, &rest, depth + 1);
    }
    if (*rest == '(') {
        rest++;
        return cut(value, &rest, depth + 1);
    }
    return json_deep_copy(value);
}

/* Adds to into what another part of the mask left of the same value. */
static void join(json_t *into, const json_t *more)
{
    const char *key;
    json_t *value;
    size_t i;
    json_object_foreach((json_t *)(uintptr_t)more, key, value)
    {
        json_t *before = json_object_get(into, key);
        if (before == NULL) {
            json_object_set(into, key, value);
        } else {
            join(before, value);
        }
    }
    json_array_foreach(more, i, value)
    {
        join(json_array_get(into, i), value);
    }
}

/* Adds what one part of the mask names to out. */
static void take(const json_t *object, const char *part, json_t *out, int depth)
{
    size_t len = strcspn(part, "/(,)");
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        bool is_named =
            (len == 1 && part[0] == '*') || (strlen(key) == len && strncmp(key, part, len) == 0);
        if (!is_named) {
            continue;
        }
        json_t *kept = below(value, part + len, depth);
        json_t *before = json_object_get(out, key);
        if (before == NULL) {
            json_object_set_new(out, key, kept);
        } else {
            join(before, kept);
            json_decref(kept);
        }
    }
}

static json_t *cut(const json_t *value, const char **mask, int depth)
{
    if (depth > 20) {
        return json_deep_copy(value);
    }
    if (json_is_array(value)) {
        json_t *list = json_array();
        size_t i;
        json_t *item;
        const char *same = *mask;
        json_array_foreach(value, i, item)
        {
            *mask = same;
            json_array_append_new(list, cut(item, mask, depth + 1));
        }
        return list;
    }
    if (!json_is_object(value)) {
        return json_deep_copy(value);
    }
    json_t *out = json_object();
    const char *at = *mask;
    while (*at != '\0' && *at != ')') {
        char part[512];
        size_t len = part_len(at);
        snprintf(part, sizeof part, "%.*s", (int)len, at);
        take(value, part, out, depth);
        at += len;
        at += *at == ',' ? 1 : 0;
    }
    *mask = at;
    return out;
}

json_t *sim_gcp_partial(const struct sim_gcp_call *call, json_t *answer)
{
    const char *mask = sim_query_text(call->params, "fields");
    if (mask[0] == '\0' || !json_is_object(answer)) {
        return answer;
    }
    json_t *kept = cut(answer, &mask, 0);
    json_decref(answer);
    return kept;
}
