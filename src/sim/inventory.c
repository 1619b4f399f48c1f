/* sim/inventory.c - counts what stands, from the documents themselves. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "sim/inventory.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim/cluster.h"
#include "sim/gcp_store.h"
#include "sim/json_path.h"

struct inventory {
    json_t *things;
    json_int_t soft_deleted;
    json_int_t kept;
};

static void add(struct inventory *inventory, const char *kind, const char *name, const char *place)
{
    json_array_append_new(inventory->things, json_pack("{s:s,s:o,s:s}", "kind", kind, "name",
                                                       sim_json_string(name), "place", place));
}

/* Each member of a policy's roles but the owner that every project begins with. */
static void add_roles(struct inventory *inventory, const char *path, const json_t *policy)
{
    size_t i;
    json_t *binding;
    json_array_foreach(json_object_get(policy, "bindings"), i, binding)
    {
        size_t m;
        json_t *member;
        const char *role = sim_json_text(binding, "role");
        json_array_foreach(json_object_get(binding, "members"), m, member)
        {
            if (!tg_str_eq(role, "roles/owner")) {
                char *name = tg_asprintf("%s %s", role, json_string_value(member));
                add(inventory, "roles", name, path + strlen("policy/"));
                free(name);
            }
        }
    }
}

/* The last folder of a path names the kind, what stands before it the place. */
static void add_by_folder(struct inventory *inventory, const char *path)
{
    const char *name = sim_gcp_last(path);
    char *folder = tg_strndup(path, (size_t)(name - path) - 1);
    const char *kind = sim_gcp_last(folder);
    char *place = tg_strndup(folder, kind == folder ? 0 : (size_t)(kind - folder) - 1);
    add(inventory, kind, name, place);
    free(place);
    free(folder);
}

static bool count(void *context, const char *path, json_t *document)
{
    static const struct {
        const char *prefix;
        const char *kind; /* NULL: by its folder */
    } kinds[] = {
        {"bucket/", "buckets"}, {"compute/", NULL}, {"hub/", NULL},
        {"iam/", "accounts"},   {"key/", "keys"},   {"object/", "objects"},
    };
    struct inventory *inventory = context;
    if (tg_str_has_prefix(path, "policy/")) {
        add_roles(inventory, path, document);
    } else if (tg_str_has_prefix(path, "container/")) {
        bool is_pool = strstr(path, "/nodePools/") != NULL;
        add(inventory, is_pool ? "nodePools" : "clusters", sim_gcp_last(path), path);
    } else if (tg_str_has_prefix(path, "trash/")) {
        inventory->soft_deleted++;
    } else if (tg_str_has_prefix(path, "service/")) {
        inventory->kept++;
    }
    for (size_t i = 0; i < TG_COUNT(kinds); i++) {
        if (tg_str_has_prefix(path, kinds[i].prefix) && kinds[i].kind != NULL) {
            add(inventory, kinds[i].kind, path + strlen(kinds[i].prefix), "");
        } else if (tg_str_has_prefix(path, kinds[i].prefix)) {
            add_by_folder(inventory, path);
        }
    }
    return true;
}

json_t *sim_inventory(struct sim_world *world)
{
    struct inventory inventory = {.things = json_array()};
    sim_gcp_each(world, "", count, &inventory);
    /* An API server that goes on without its document would be one that nobody pays for, and
     * nobody can remove. */
    for (int i = 0; i < sim_world_region_count(world); i++) {
        const struct sim_region *region = sim_world_region(world, i);
        if (sim_cluster_is_serving(region)) {
            add(&inventory, "apiServers", region->cluster, region->zone);
        }
    }
    return json_pack("{s:o,s:I,s:I}", "things", inventory.things, "softDeleted",
                     inventory.soft_deleted, "kept", inventory.kept);
}
