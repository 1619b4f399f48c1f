/* sim/store_deletion.c - when what is deleted goes. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "sim/store_deletion.h"

#include "base/str.h"
#include "sim/json_path.h"

#define POD_GRACE_S 30

bool sim_store_is_namespace(const struct sim_resource *resource)
{
    return resource->group[0] == '\0' && tg_str_eq(resource->kind, "Namespace");
}

bool sim_store_is_finished(const struct sim_resource *resource, const json_t *object)
{
    const json_t *metadata = json_object_get(object, "metadata");
    bool is_held =
        sim_store_is_namespace(resource) && sim_json_count(object, "spec.finalizers") > 0;
    return !is_held && json_object_get(metadata, "deletionTimestamp") != NULL &&
           sim_json_count(metadata, "finalizers") == 0 &&
           sim_json_int(metadata, "deletionGracePeriodSeconds", 0) == 0;
}

int64_t sim_store_grace_s(const struct sim_resource *resource, const json_t *object,
                          int64_t grace_s)
{
    if (resource->group[0] != '\0' || !tg_str_eq(resource->plural, "pods")) {
        return 0;
    }
    const char *phase = sim_json_text(object, "status.phase");
    if (sim_json_text(object, "spec.nodeName")[0] == '\0' || tg_str_eq(phase, "Succeeded") ||
        tg_str_eq(phase, "Failed")) {
        return 0;
    }
    if (grace_s >= 0) {
        return grace_s;
    }
    return sim_json_int(object, "spec.terminationGracePeriodSeconds", POD_GRACE_S);
}
