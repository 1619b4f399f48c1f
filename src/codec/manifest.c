/* codec/manifest.c - downloaded YAML to the body of a request. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "codec/manifest.h"

#include <stdbool.h>
#include <string.h>

#include "base/buf.h"
#include "base/str.h"
#include "codec/yaml.h"
#include "codec/yaml_json.h"

#define BODY_MAX (1024u * 1024)

static bool is_wanted(const struct tg_yaml_node *document, const struct tg_desired *wanted)
{
    return tg_str_eq(tg_yaml_text(document, "apiVersion"), wanted->collection) &&
           tg_str_eq(tg_yaml_text(document, "kind"), wanted->kind) &&
           tg_str_eq(tg_yaml_text(tg_yaml_get(document, "metadata"), "name"), wanted->name);
}

/* All members but status. */
static bool put_document(const struct tg_yaml_node *document, struct tg_buf *out)
{
    bool needs_comma = false;
    bool is_ok = tg_buf_putc(out, '{');
    for (size_t i = 0; i < document->count && is_ok; i++) {
        if (tg_str_eq(document->keys[i]->text, "status")) {
            continue;
        }
        /* A key that is quoted by its reader: no name of an object's member has a quote in it. */
        is_ok = strpbrk(document->keys[i]->text, "\"\\") == NULL &&
                tg_buf_printf(out, "%s\"%s\":", needs_comma ? "," : "", document->keys[i]->text) &&
                tg_yaml_to_json(document->items[i], out);
        needs_comma = true;
    }
    return is_ok && tg_buf_putc(out, '}');
}

char *tg_manifest_body(const char *name, const char *text, size_t len,
                       const struct tg_desired *wanted, struct tg_err *err)
{
    struct tg_yaml *yaml = tg_yaml_parse_stream(name, text, len, err);
    if (yaml == NULL) {
        return NULL;
    }
    struct tg_buf body;
    tg_buf_init(&body, BODY_MAX);
    const struct tg_yaml_node *root = tg_yaml_root(yaml);
    bool is_ok = root->count == 1 && root->items[0]->kind == TG_YAML_MAP;
    if (!is_ok || !is_wanted(root->items[0], wanted)) {
        is_ok = tg_yaml_fail(name, root, err, "%s %s alone is expected here", wanted->kind,
                             wanted->name);
    } else if (!put_document(root->items[0], &body)) {
        is_ok = tg_yaml_fail(name, root, err, "larger than %u bytes", BODY_MAX);
    }
    tg_yaml_free(yaml);
    if (!is_ok) {
        tg_buf_fini(&body);
        return NULL;
    }
    return tg_buf_take(&body, NULL);
}
