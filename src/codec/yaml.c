/* codec/yaml.c - libyaml's events to a tree with places. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "codec/yaml.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/mem.h"
#include "base/str.h"

#define DEPTH_MAX 64
#define NODES_MAX 200000

struct tg_yaml {
    struct tg_yaml_node *root;
    size_t nodes;
};

struct builder {
    const char *name;
    struct tg_yaml *yaml;
    struct tg_yaml_node *stack[DEPTH_MAX];
    struct tg_yaml_node *pending[DEPTH_MAX];
    int depth;
    bool is_stream;
};

static void free_node(struct tg_yaml_node *node)
{
    if (node == NULL) {
        return;
    }
    for (size_t i = 0; i < node->count; i++) {
        free_node(node->items[i]); /* depth is bounded by DEPTH_MAX */
        if (node->keys != NULL) {
            free_node(node->keys[i]);
        }
    }
    free(node->items);
    free(node->keys);
    if (node->text != NULL) {
        explicit_bzero(node->text, strlen(node->text)); /* a kubeconfig holds tokens */
    }
    free(node->text);
    free(node);
}

void tg_yaml_free(struct tg_yaml *yaml)
{
    if (yaml != NULL) {
        free_node(yaml->root);
        free(yaml);
    }
}

bool tg_yaml_fail(const char *name, const struct tg_yaml_node *node, struct tg_err *err,
                  const char *format, ...)
{
    char what[200];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof(what), format, args);
    va_end(args);
    return tg_err_set(err, TG_CODE_CONFIG, 0, "%s:%d:%d: %s", name, node->line, node->column, what);
}

static struct tg_yaml_node *new_node(enum tg_yaml_kind kind, const yaml_mark_t *mark)
{
    struct tg_yaml_node *node = TG_NEW(struct tg_yaml_node);
    node->kind = kind;
    node->line = (int)mark->line + 1;
    node->column = (int)mark->column + 1;
    return node;
}

/* The arrays have a power of two of places, so that a long list is not copied for each node. */
static void make_room(struct tg_yaml_node *parent)
{
    if ((parent->count & (parent->count - 1)) != 0) {
        return;
    }
    size_t places = parent->count == 0 ? 1 : parent->count * 2;
    parent->items = tg_realloc_array(parent->items, places, sizeof(struct tg_yaml_node *));
    if (parent->kind == TG_YAML_MAP) {
        parent->keys = tg_realloc_array(parent->keys, places, sizeof(struct tg_yaml_node *));
    }
}

/* Puts a node where it belongs: at the top, into the list, or as key or value of the map. */
static bool attach(struct builder *builder, struct tg_yaml_node *node, struct tg_err *err)
{
    if (++builder->yaml->nodes > NODES_MAX) {
        bool is_ok = tg_yaml_fail(builder->name, node, err, "more than %d nodes", NODES_MAX);
        free_node(node);
        return is_ok;
    }
    if (builder->depth == 0) {
        builder->yaml->root = node;
        return true;
    }
    struct tg_yaml_node *parent = builder->stack[builder->depth - 1];
    struct tg_yaml_node **key = &builder->pending[builder->depth - 1];
    if (parent->kind == TG_YAML_MAP && *key == NULL) {
        if (node->kind != TG_YAML_SCALAR) {
            tg_yaml_fail(builder->name, node, err, "a key must be plain text");
            free_node(node);
            return false;
        }
        if (tg_yaml_get(parent, node->text) != NULL) {
            tg_yaml_fail(builder->name, node, err, "the key '%s' stands twice", node->text);
            free_node(node);
            return false;
        }
        *key = node;
        return true;
    }
    make_room(parent);
    parent->items[parent->count] = node;
    if (parent->kind == TG_YAML_MAP) {
        parent->keys[parent->count] = *key;
        *key = NULL;
    }
    parent->count++;
    return true;
}

static bool open_node(struct builder *builder, enum tg_yaml_kind kind, const yaml_event_t *event,
                      struct tg_err *err)
{
    struct tg_yaml_node *node = new_node(kind, &event->start_mark);
    if (builder->depth == DEPTH_MAX) {
        tg_yaml_fail(builder->name, node, err, "nested deeper than %d", DEPTH_MAX);
        free_node(node);
        return false;
    }
    if (!attach(builder, node, err)) {
        return false;
    }
    builder->pending[builder->depth] = NULL;
    builder->stack[builder->depth++] = node;
    return true;
}

static bool has_anchor(const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        return event->data.scalar.anchor != NULL;
    case YAML_SEQUENCE_START_EVENT:
        return event->data.sequence_start.anchor != NULL;
    case YAML_MAPPING_START_EVENT:
        return event->data.mapping_start.anchor != NULL;
    default:
        return false;
    }
}

static bool take_event(struct builder *builder, const yaml_event_t *event, struct tg_err *err)
{
    struct tg_yaml_node at = {.line = (int)event->start_mark.line + 1,
                              .column = (int)event->start_mark.column + 1};
    if (has_anchor(event)) {
        return tg_yaml_fail(builder->name, &at, err, "anchors are not allowed");
    }
    switch (event->type) {
    case YAML_SCALAR_EVENT: {
        struct tg_yaml_node *node = new_node(TG_YAML_SCALAR, &event->start_mark);
        node->text = tg_strndup((const char *)event->data.scalar.value, event->data.scalar.length);
        node->is_quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
        if (builder->is_stream && builder->depth == 1 && !node->is_quoted && *node->text == '\0') {
            free_node(node); /* a document of nothing but comments */
            return true;
        }
        return attach(builder, node, err);
    }
    case YAML_SEQUENCE_START_EVENT:
        return open_node(builder, TG_YAML_LIST, event, err);
    case YAML_MAPPING_START_EVENT:
        return open_node(builder, TG_YAML_MAP, event, err);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        builder->depth--;
        return true;
    case YAML_ALIAS_EVENT:
        return tg_yaml_fail(builder->name, &at, err, "aliases are not allowed");
    case YAML_DOCUMENT_START_EVENT:
        return builder->is_stream || builder->yaml->root == NULL ||
               tg_yaml_fail(builder->name, &at, err, "more than one document");
    default:
        return true;
    }
}

static bool run_parser(struct builder *builder, yaml_parser_t *parser, struct tg_err *err)
{
    for (;;) {
        yaml_event_t event;
        if (!yaml_parser_parse(parser, &event)) {
            struct tg_yaml_node at = {.line = (int)parser->problem_mark.line + 1,
                                      .column = (int)parser->problem_mark.column + 1};
            return tg_yaml_fail(builder->name, &at, err, "%s",
                                parser->problem != NULL ? parser->problem : "not YAML");
        }
        bool is_end = event.type == YAML_STREAM_END_EVENT;
        bool is_ok = take_event(builder, &event, err);
        if (event.type == YAML_SCALAR_EVENT) {
            explicit_bzero(event.data.scalar.value, event.data.scalar.length);
        }
        yaml_event_delete(&event);
        if (is_end || !is_ok) {
            return is_ok;
        }
    }
}

static struct tg_yaml *parse(const char *name, const char *bytes, size_t len, bool is_stream,
                             struct tg_err *err)
{
    struct builder builder = {.name = name, .yaml = TG_NEW(struct tg_yaml), .is_stream = is_stream};
    if (is_stream) {
        builder.yaml->root = TG_NEW(struct tg_yaml_node);
        *builder.yaml->root = (struct tg_yaml_node){.kind = TG_YAML_LIST, .line = 1, .column = 1};
        builder.stack[builder.depth++] = builder.yaml->root;
    }
    yaml_parser_t parser;
    if (!yaml_parser_initialize(&parser)) {
        tg_err_set(err, TG_CODE_INTERNAL, 0, "libyaml does not start");
        tg_yaml_free(builder.yaml);
        return NULL;
    }
    yaml_parser_set_input_string(&parser, (const unsigned char *)bytes, len);
    bool is_ok = run_parser(&builder, &parser, err);
    yaml_parser_delete(&parser);
    if (!is_ok) {
        for (int i = 0; i < builder.depth; i++) {
            free_node(builder.pending[i]);
        }
        tg_yaml_free(builder.yaml);
        return NULL;
    }
    if (builder.yaml->root == NULL) {
        builder.yaml->root = TG_NEW(struct tg_yaml_node);
        *builder.yaml->root = (struct tg_yaml_node){.kind = TG_YAML_MAP, .line = 1, .column = 1};
    }
    return builder.yaml;
}

struct tg_yaml *tg_yaml_parse(const char *name, const char *bytes, size_t len, struct tg_err *err)
{
    return parse(name, bytes, len, false, err);
}

struct tg_yaml *tg_yaml_parse_stream(const char *name, const char *bytes, size_t len,
                                     struct tg_err *err)
{
    return parse(name, bytes, len, true, err);
}

const struct tg_yaml_node *tg_yaml_root(const struct tg_yaml *yaml)
{
    return yaml->root;
}

const struct tg_yaml_node *tg_yaml_get(const struct tg_yaml_node *node, const char *key)
{
    for (size_t i = 0; node != NULL && node->kind == TG_YAML_MAP && i < node->count; i++) {
        if (tg_str_eq(node->keys[i]->text, key)) {
            return node->items[i];
        }
    }
    return NULL;
}

const char *tg_yaml_text(const struct tg_yaml_node *node, const char *key)
{
    const struct tg_yaml_node *value = tg_yaml_get(node, key);
    return value != NULL && value->kind == TG_YAML_SCALAR ? value->text : NULL;
}
