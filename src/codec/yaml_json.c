/* codec/yaml_json.c - YAML nodes to JSON text. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "codec/yaml_json.h"

#include <string.h>

#include "base/json_out.h"
#include "base/str.h"

/* True for a whole number as JSON writes it: no leading zeros, no plus, no hexadecimal. */
static bool is_whole(const char *text)
{
    const char *digits = text + (*text == '-' ? 1 : 0);
    return *digits != '\0' && digits[strspn(digits, "0123456789")] == '\0' &&
           (*digits != '0' || digits[1] == '\0');
}

static void put_scalar(struct tg_json_out *json, const char *name, const struct tg_yaml_node *node)
{
    const char *text = node->text;
    int64_t whole = 0;
    if (node->is_quoted) {
        tg_json_put_text(json, name, text);
    } else if (*text == '\0' || tg_str_eq(text, "null") || tg_str_eq(text, "~")) {
        tg_json_put_null(json, name);
    } else if (tg_str_eq(text, "true") || tg_str_eq(text, "false")) {
        tg_json_put_bool(json, name, tg_str_eq(text, "true"));
    } else if (is_whole(text) && tg_str_to_int64(text, INT64_MIN, INT64_MAX, &whole)) {
        tg_json_put_int(json, name, whole);
    } else {
        tg_json_put_text(json, name, text);
    }
}

/* Depth is bounded by the parser. */
static void put_node(struct tg_json_out *json, const char *name, const struct tg_yaml_node *node)
{
    if (node->kind == TG_YAML_SCALAR) {
        put_scalar(json, name, node);
        return;
    }
    bool is_map = node->kind == TG_YAML_MAP;
    tg_json_open(json, name, is_map ? '{' : '[');
    for (size_t i = 0; i < node->count; i++) {
        put_node(json, is_map ? node->keys[i]->text : NULL, node->items[i]);
    }
    tg_json_close(json, is_map ? '}' : ']');
}

bool tg_yaml_to_json(const struct tg_yaml_node *node, struct tg_buf *out)
{
    struct tg_json_out json = {.out = out};
    put_node(&json, NULL, node);
    return !out->is_full;
}
