/* sim/gcp_store.c - the documents. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "sim/gcp_store.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim/behaviour.h"
#include "sim/shape.h"

static void free_document(void *document)
{
    json_decref(document);
}

static struct tg_map *documents(struct sim_world *world)
{
    struct sim_behaviour *behaviour = sim_world_behaviour(world);
    if (behaviour->cloud == NULL) {
        behaviour->cloud = tg_map_new(free_document);
    }
    return behaviour->cloud;
}

json_t *sim_gcp_find(struct sim_world *world, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *path = tg_vasprintf(format, args);
    va_end(args);
    json_t *found = tg_map_get(documents(world), path);
    free(path);
    return found;
}

void sim_gcp_put(struct sim_world *world, const char *path, json_t *document)
{
    tg_map_put(documents(world), path, document);
}

bool sim_gcp_drop(struct sim_world *world, const char *path)
{
    return tg_map_remove(documents(world), path);
}

void sim_gcp_each(struct sim_world *world, const char *prefix,
                  bool (*visit)(void *context, const char *path, json_t *document), void *context)
{
    const struct tg_map_node *node = tg_map_at_or_after(documents(world), prefix);
    while (node != NULL && tg_str_has_prefix(tg_map_node_key(node), prefix)) {
        if (!visit(context, tg_map_node_key(node), tg_map_node_value(node))) {
            return;
        }
        node = tg_map_next(node);
    }
}

struct children {
    size_t prefix_len;
    json_t *items;
};

static bool add_child(void *context, const char *path, json_t *document)
{
    struct children *children = context;
    if (strchr(path + children->prefix_len, '/') == NULL) {
        json_array_append_new(children->items, sim_gcp_shown(document));
    }
    return true;
}

json_t *sim_gcp_children(struct sim_world *world, const char *folder)
{
    char *prefix = tg_asprintf("%s/", folder);
    struct children children = {strlen(prefix), json_array()};
    sim_gcp_each(world, prefix, add_child, &children);
    free(prefix);
    return children.items;
}

json_t *sim_gcp_shown(const json_t *document)
{
    json_t *shown = document == NULL ? NULL : json_object();
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)document, key, value)
    {
        if (key[0] != '_') {
            json_object_set(shown, key, value);
        }
    }
    return shown;
}

const char *sim_gcp_now(struct sim_world *world, char *out)
{
    return sim_shape_time(world, out);
}

const char *sim_gcp_last(const char *link)
{
    const char *slash = strrchr(link, '/');
    return slash == NULL ? link : slash + 1;
}

const char *sim_gcp_fingerprint(struct sim_world *world, char out[24])
{
    uint64_t value = sim_world_draw(world, "cloud", "fingerprint");
    char *text = tg_base64_encode(&value, sizeof value);
    snprintf(out, 24, "%s", text);
    free(text);
    /* clients send it back in the alphabet for URLs: nothing in it differs between the two */
    for (char *c = out; *c != '\0'; c++) {
        *c = *c == '+' || *c == '/' ? 'x' : *c;
    }
    return out;
}
