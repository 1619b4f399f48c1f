/* codec/k8s_text.c - an object as readable lines for the detail view. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <jansson.h>
#include <string.h>

#include "base/buf.h"
#include "base/str.h"
#include "codec/json.h"
#include "codec/k8s.h"

#define TEXT_MAX     (4 * 1024 * 1024)
#define LAST_APPLIED "kubectl.kubernetes.io/last-applied-configuration"

static void put_value(struct tg_buf *out, const json_t *value, int indent);

static void put_indent(struct tg_buf *out, int indent)
{
    for (int i = 0; i < indent; i++) {
        tg_buf_puts(out, "  ");
    }
}

static void put_scalar(struct tg_buf *out, const json_t *value)
{
    if (json_is_string(value)) {
        const char *text = json_string_value(value);
        if (strchr(text, '\n') != NULL) {
            tg_buf_puts(out, "|");
        } else {
            tg_buf_printf(out, "%s", *text == '\0' ? "\"\"" : text);
        }
    } else if (json_is_integer(value)) {
        tg_buf_printf(out, "%lld", (long long)json_integer_value(value));
    } else if (json_is_real(value)) {
        tg_buf_printf(out, "%g", json_real_value(value));
    } else {
        tg_buf_puts(out, json_is_true(value) ? "true" : json_is_false(value) ? "false" : "null");
    }
    tg_buf_putc(out, '\n');
}

static void put_block(struct tg_buf *out, const char *text, int indent)
{
    while (*text != '\0') {
        size_t len = strcspn(text, "\n");
        put_indent(out, indent);
        tg_buf_append(out, text, len);
        tg_buf_putc(out, '\n');
        text += len + (text[len] == '\n' ? 1 : 0);
    }
}

/* What follows "key:" or "-": on the same line for scalars, below for the rest. */
static void put_after(struct tg_buf *out, const json_t *value, int indent)
{
    bool is_empty = json_is_object(value) ? json_object_size(value) == 0
                                          : json_is_array(value) && json_array_size(value) == 0;
    if (is_empty) {
        tg_buf_puts(out, json_is_object(value) ? " {}\n" : " []\n");
    } else if (json_is_object(value) || json_is_array(value)) {
        tg_buf_putc(out, '\n');
        put_value(out, value, indent);
    } else {
        tg_buf_putc(out, ' ');
        put_scalar(out, value);
        if (json_is_string(value) && strchr(json_string_value(value), '\n') != NULL) {
            put_block(out, json_string_value(value), indent);
        }
    }
}

/* Depth is bounded by the parser (TG_JSON_DEPTH_MAX). */
static void put_value(struct tg_buf *out, const json_t *value, int indent)
{
    const char *key;
    json_t *member;
    if (json_is_array(value)) {
        for (size_t i = 0; i < json_array_size(value); i++) {
            put_indent(out, indent);
            tg_buf_putc(out, '-');
            put_after(out, json_array_get(value, i), indent + 1);
        }
        return;
    }
    json_object_foreach((json_t *)(uintptr_t)value, key, member)
    {
        put_indent(out, indent);
        tg_buf_printf(out, "%s:", key);
        put_after(out, member, indent + 1);
    }
}

char *tg_k8s_text(const char *json, size_t len, struct tg_err *err)
{
    struct tg_json read;
    if (!tg_json_parse(json, len, NULL, &read, err)) {
        return NULL;
    }
    json_t *document = json_deep_copy(read.root);
    tg_json_release(&read);
    json_t *metadata = json_object_get(document, "metadata");
    json_object_del(metadata, "managedFields");
    json_object_del(json_object_get(metadata, "annotations"), LAST_APPLIED);
    if (tg_str_eq(tg_json_text(document, "kind"), "Secret")) {
        json_object_del(document, "data");
        json_object_del(document, "stringData");
    }
    struct tg_buf out;
    tg_buf_init(&out, TEXT_MAX);
    put_value(&out, document, 0);
    json_decref(document);
    return tg_buf_take(&out, NULL);
}
