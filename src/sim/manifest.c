/* sim/manifest.c - what a model server's Pod asks for. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "sim/manifest.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "sim/behaviour.h"
#include "sim/json_path.h"

#define GIB ((int64_t)1 << 30)

static const json_t *object_of(const struct sim_pod *pod)
{
    return sim_store_get(pod->region->store, sim_world_kinds(pod->world)->pod, pod->ns, pod->name);
}

static const json_t *main_container(const struct sim_pod *pod)
{
    return json_array_get(sim_json_at(object_of(pod), "spec.containers"), 0);
}

bool sim_manifest_has_probe(const struct sim_pod *pod)
{
    return json_object_get(main_container(pod), "readinessProbe") != NULL;
}

int64_t sim_manifest_max_model_len(const struct sim_pod *pod)
{
    static const char option[] = "--max-model-len";
    size_t i;
    json_t *word;
    json_array_foreach(json_object_get(main_container(pod), "command"), i, word)
    {
        const char *at = json_is_string(word) ? strstr(json_string_value(word), option) : NULL;
        if (at != NULL) {
            at += strlen(option);
            return strtoll(at + strspn(at, " ="), NULL, 10);
        }
    }
    return 0;
}

int64_t sim_manifest_cache_bytes(const struct sim_pod *pod)
{
    const json_t *annotations = sim_json_at(object_of(pod), "metadata.annotations");
    const json_t *limit = json_object_get(annotations, "gke-gcsfuse/ephemeral-storage-limit");
    return json_is_string(limit) ? strtoll(json_string_value(limit), NULL, 10) * GIB : 0;
}
