/* sim/store_generation.c - which changes are wishes. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "sim/store_generation.h"

#include "base/assert.h"
#include "base/str.h"
#include "sim/json_path.h"

/* Without what controllers write that is no wish of anybody: a Pod's node, a Deployment's revision.
 * New reference. */
static json_t *wishes_of(const json_t *members, const char *dropped)
{
    json_t *wishes = json_object();
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)members, key, value)
    {
        if (!tg_str_has_prefix(key, dropped)) {
            json_object_set(wishes, key, value);
        }
    }
    return wishes;
}

static bool is_changed(const json_t *next, const json_t *current, const char *path,
                       const char *dropped)
{
    json_t *a = wishes_of(sim_json_at(next, path), dropped);
    json_t *b = wishes_of(sim_json_at(current, path), dropped);
    bool is_same = json_equal(a, b);
    json_decref(a);
    json_decref(b);
    return !is_same;
}

bool sim_store_is_new_generation(const struct sim_resource *resource, const json_t *next,
                                 const json_t *current)
{
    if (tg_str_eq(resource->kind, "Pod") && resource->group[0] == '\0') {
        return is_changed(next, current, "spec", "nodeName");
    }
    if (tg_str_eq(resource->kind, "EndpointSlice")) {
        static const char *const parts[] = {"endpoints", "ports", "metadata.labels"};
        bool is_other = false;
        for (size_t i = 0; i < TG_COUNT(parts); i++) {
            const json_t *a = sim_json_at(next, parts[i]);
            const json_t *b = sim_json_at(current, parts[i]);
            is_other = is_other || (a == NULL) != (b == NULL) || (a != NULL && !json_equal(a, b));
        }
        return is_other;
    }
    bool is_deployment =
        tg_str_eq(resource->kind, "Deployment") && tg_str_eq(resource->group, "apps");
    return !json_equal(json_object_get(next, "spec"), json_object_get(current, "spec")) ||
           (is_deployment &&
            is_changed(next, current, "metadata.annotations", "deployment.kubernetes.io/"));
}
