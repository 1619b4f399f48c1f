/* sim/garbage.c - background deletion of what an object that went away owned. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <stdlib.h>

#include "base/assert.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim/behaviour.h"
#include "sim/json_path.h"

struct search {
    const char *uid;
    char **names;
    char **spaces;
    size_t count;
};

static bool collect_owned(void *context, json_t *object)
{
    struct search *search = context;
    const json_t *owners = sim_json_at(object, "metadata.ownerReferences");
    size_t i;
    json_t *owner;
    json_array_foreach(owners, i, owner)
    {
        if (tg_str_eq(sim_json_text(owner, "uid"), search->uid)) {
            search->names = tg_realloc_array(search->names, search->count + 1, sizeof(char *));
            search->spaces = tg_realloc_array(search->spaces, search->count + 1, sizeof(char *));
            search->names[search->count] = tg_strdup(sim_json_text(object, "metadata.name"));
            search->spaces[search->count] = tg_strdup(sim_json_text(object, "metadata.namespace"));
            search->count++;
            break;
        }
    }
    return true;
}

static void delete_owned(struct sim_region *region, const struct sim_resource *resource,
                         const char *uid)
{
    struct search search = {uid, NULL, NULL, 0};
    sim_store_each(region->store, resource, NULL, collect_owned, &search);
    for (size_t i = 0; i < search.count; i++) {
        sim_store_delete(region->store, resource, search.spaces[i], search.names[i], -1, NULL);
        free(search.names[i]);
        free(search.spaces[i]);
    }
    free(search.names);
    free(search.spaces);
}

static void collect(struct sim_region *region, const char *ns, const char *uid)
{
    const struct sim_kinds *kinds = sim_world_kinds(region->world);
    (void)ns;
    delete_owned(region, kinds->replica_set, uid);
    delete_owned(region, kinds->pod, uid);
    delete_owned(region, kinds->config_map, uid);
}

void sim_garbage_changed(struct sim_region *region, const struct sim_change *change)
{
    tg_assert(change->type == SIM_DELETED);
    sim_controllers_poke(region, "garbage", collect,
                         sim_json_text(change->object, "metadata.namespace"),
                         sim_json_text(change->object, "metadata.uid"),
                         &sim_world_params(region->world)->garbage_collect);
}
