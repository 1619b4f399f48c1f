/* codec/yaml.h - YAML as a small tree in which every node knows its line and column.
 *
 * Limits: size by the caller, depth 64, 200,000 nodes; anchors and aliases are refused (nothing we
 * read needs them, and they are how a small file becomes a large one); one document.
 *
 * Thread: any. Ownership: nodes belong to the tree.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_CODEC_YAML_H
#define TG_CODEC_YAML_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

enum tg_yaml_kind { TG_YAML_SCALAR, TG_YAML_LIST, TG_YAML_MAP };

struct tg_yaml_node {
    enum tg_yaml_kind kind;
    int line; /* from 1 */
    int column;
    char *text;                  /* SCALAR */
    bool is_quoted;              /* SCALAR: text even when it reads like a number */
    struct tg_yaml_node **items; /* LIST: items; MAP: values */
    struct tg_yaml_node **keys;  /* MAP: scalars, as many as items */
    size_t count;
};

struct tg_yaml;

/* Parses len bytes; NULL and err (CONFIG) as "name:line:column: what". */
struct tg_yaml *tg_yaml_parse(const char *name, const char *bytes, size_t len, struct tg_err *err);

/* The same for a stream of documents, as manifests are: the top node is a LIST of them; empty ones
 * are left out. */
struct tg_yaml *tg_yaml_parse_stream(const char *name, const char *bytes, size_t len,
                                     struct tg_err *err);
void tg_yaml_free(struct tg_yaml *yaml);

/* The top node; never NULL (an empty file is an empty map). */
const struct tg_yaml_node *tg_yaml_root(const struct tg_yaml *yaml);

/* Value of key in a map, NULL when absent or node is NULL or no map. */
const struct tg_yaml_node *tg_yaml_get(const struct tg_yaml_node *node, const char *key);

/* Scalar text of key, NULL when absent or not a scalar; borrowed. */
const char *tg_yaml_text(const struct tg_yaml_node *node, const char *key);

/* Sets err to "name:line:column: what" for a node (CONFIG) and returns false. */
bool tg_yaml_fail(const char *name, const struct tg_yaml_node *node, struct tg_err *err,
                  const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif
