/* sim/resource.c - the table of served resources and look-ups in it. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <string.h>

#include "base/str.h"
#include "sim/store.h"

enum { N = 1, S = 2, C = 4, B = 8, G = 16 };

#define SIM_RESOURCE(group, version, plural, singular, kind, short_names, categories, flags) \
    {group,                                                                                  \
     version,                                                                                \
     plural,                                                                                 \
     singular,                                                                               \
     kind,                                                                                   \
     kind "List",                                                                            \
     short_names,                                                                            \
     categories,                                                                             \
     ((flags)&N) != 0,                                                                       \
     ((flags)&S) != 0,                                                                       \
     ((flags)&C) != 0,                                                                       \
     ((flags)&B) != 0,                                                                       \
     ((flags)&G) != 0,                                                                       \
     NULL,                                                                                   \
     0,                                                                                      \
     NULL,                                                                                   \
     NULL,                                                                                   \
     false},

const struct sim_resource sim_resources[] = {
#include "sim/resource.def"
    {.plural = NULL},
};

#undef SIM_RESOURCE

const struct sim_resource *sim_resource_find(const char *group, const char *version,
                                             const char *plural)
{
    for (const struct sim_resource *r = sim_resources; r->plural != NULL; r++) {
        if (tg_str_eq(r->plural, plural) && tg_str_eq(r->group, group) &&
            tg_str_eq(r->version, version)) {
            return r;
        }
    }
    return NULL;
}

const struct sim_resource *sim_resource_by_plural(const char *plural)
{
    for (const struct sim_resource *r = sim_resources; r->plural != NULL; r++) {
        if (tg_str_eq(r->plural, plural)) {
            return r;
        }
    }
    return NULL;
}

const struct sim_resource *sim_resource_storage(const struct sim_resource *resource)
{
    return resource->storage == NULL ? resource : resource->storage;
}
