/* codec/json_yaml.c - a JSON tree to YAML's block style. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "codec/json_yaml.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/assert.h"
#include "base/str.h"

#define INDENT 2

static void put_indent(int depth, struct tg_buf *out)
{
    for (int i = 0; i < depth * INDENT; i++) {
        tg_buf_putc(out, ' ');
    }
}

/* What YAML 1.1 or 1.2 takes for something else than text. */
static bool is_word_of_yaml(const char *text)
{
    static const char *const words[] = {"true", "false", "null", "yes", "no",
                                        "on",   "off",   "y",    "n"};
    for (size_t i = 0; i < TG_COUNT(words); i++) {
        if (strcasecmp(text, words[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* Plain only where nothing of it could be read otherwise: most names, paths and images. */
static bool is_plain(const char *text)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    static const char others[] = "0123456789_./@-={}:";
    size_t len = strlen(text);
    if (len == 0 || is_word_of_yaml(text) || text[len - 1] == ':') {
        return false;
    }
    bool is_option = tg_str_has_prefix(text, "--") && strchr(letters, text[2]) != NULL;
    bool is_path = text[0] == '/';
    if (text[2 * is_option] == '\0' || (!is_option && !is_path && !strchr(letters, text[0]))) {
        return false;
    }
    for (const char *at = text; *at != '\0'; at++) {
        if (strchr(letters, *at) == NULL && strchr(others, *at) == NULL) {
            return false;
        }
    }
    return true;
}

/* Lines that a literal block holds as they are: it begins with text, so that its depth is seen. */
static bool is_block(const char *text)
{
    const char *end = strchr(text, '\n');
    if (end == NULL || text[0] == '\n' || text[0] == ' ' || text[0] == '\t') {
        return false;
    }
    for (const char *at = text; *at != '\0'; at++) {
        unsigned char byte = (unsigned char)*at;
        if ((byte < 0x20 && byte != '\n') || byte == 0x7f) {
            return false;
        }
    }
    return true;
}

static void put_block(const char *text, int depth, struct tg_buf *out)
{
    size_t len = strlen(text);
    bool has_end = text[len - 1] == '\n';
    bool has_more = has_end && len > 1 && text[len - 2] == '\n';
    tg_buf_puts(out, has_more ? "|+\n" : has_end ? "|\n" : "|-\n");
    while (*text != '\0') {
        size_t line = strcspn(text, "\n");
        if (line > 0) {
            put_indent(depth, out);
        }
        tg_buf_append(out, text, line);
        tg_buf_putc(out, '\n');
        text += line + (text[line] == '\n' ? 1 : 0);
    }
}

static void put_scalar(const json_t *value, int depth, struct tg_buf *out)
{
    const char *text = json_string_value(value);
    if (text != NULL && is_block(text)) {
        tg_buf_putc(out, ' ');
        put_block(text, depth, out);
        return;
    }
    if (text != NULL && is_plain(text)) {
        tg_buf_printf(out, " %s\n", text);
        return;
    }
    /* JSON's own form is YAML too: numbers, words, quoted text, and what is empty */
    char *own = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    tg_buf_printf(out, " %s\n", own);
    free(own);
}

static void put_map(const json_t *map, int depth, bool is_after_dash, struct tg_buf *out);

static bool is_nested(const json_t *value)
{
    return json_object_size(value) > 0 || json_array_size(value) > 0;
}

static void put_list(const json_t *list, int depth, struct tg_buf *out)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *item = json_array_get(list, i);
        put_indent(depth, out);
        tg_buf_putc(out, '-');
        if (json_object_size(item) > 0) {
            tg_buf_putc(out, ' ');
            put_map(item, depth + 1, true, out);
        } else if (json_array_size(item) > 0) {
            tg_buf_putc(out, '\n');
            put_list(item, depth + 1, out);
        } else {
            put_scalar(item, depth + 1, out);
        }
    }
}

static void put_key(const char *key, struct tg_buf *out)
{
    if (is_plain(key) && strchr(key, ':') == NULL) {
        tg_buf_printf(out, "%s:", key);
        return;
    }
    json_t *text = json_string(key);
    char *quoted = json_dumps(text, JSON_ENCODE_ANY);
    tg_buf_printf(out, "%s:", quoted);
    free(quoted);
    json_decref(text);
}

static void put_map(const json_t *map, int depth, bool is_after_dash, struct tg_buf *out)
{
    const char *key;
    json_t *value;
    bool is_first = true;
    json_object_foreach((json_t *)(uintptr_t)map, key, value)
    {
        if (!is_first || !is_after_dash) {
            put_indent(depth, out);
        }
        is_first = false;
        put_key(key, out);
        if (!is_nested(value)) {
            put_scalar(value, depth + 1, out);
        } else if (json_is_object(value)) {
            tg_buf_putc(out, '\n');
            put_map(value, depth + 1, false, out);
        } else {
            tg_buf_putc(out, '\n');
            put_list(value, depth, out); /* at its key's own depth, as Kubernetes' people write */
        }
    }
}

bool tg_json_to_yaml(const json_t *object, struct tg_buf *out)
{
    put_map(object, 0, false, out);
    return !out->is_full;
}
