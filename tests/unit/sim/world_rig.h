/* tests/unit/sim/world_rig.h - small worlds for tests of the simulator's behaviour. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_TESTS_UNIT_SIM_WORLD_RIG_H
#define TG_TESTS_UNIT_SIM_WORLD_RIG_H

#include <criterion/criterion.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fmt.h"
#include "sim/controllers.h"
#include "sim/json_path.h"
#include "sim/store.h"
#include "sim/truth.h"
#include "sim/world.h"

#define RIG_START_US (INT64_C(1767225600) * TG_US_PER_S) /* 2026-01-01T00:00:00Z */

static inline struct sim_world *rig_world(uint64_t seed, int regions, bool is_built)
{
    struct sim_config config = {
        .seed = seed,
        .regions = regions,
        .is_built = is_built,
        .start_wall_us = RIG_START_US,
        .has_trace = true,
    };
    struct tg_err err = TG_ERR_INIT;
    struct sim_world *world = sim_world_new(&config, &err);
    cr_assert_not_null(world, "%s", err.msg);
    return world;
}

/* Runs on for so many seconds and checks the invariants. */
static inline void rig_run(struct sim_world *world, int64_t seconds)
{
    sim_world_run_until(world, sim_world_now_us(world) + seconds * TG_US_PER_S);
    sim_world_check(world);
}

static inline struct sim_store *rig_store(struct sim_world *world, int region)
{
    return sim_region_store(sim_world_region(world, region));
}

static inline json_t *rig_get(struct sim_world *world, int region, const char *plural,
                              const char *name)
{
    const struct sim_resource *resource = sim_resource_by_plural(plural);
    return sim_store_get(rig_store(world, region), resource,
                         resource->is_namespaced ? "default" : "", name);
}

struct rig_search {
    const char *prefix;
    json_t *found;
    int count;
};

static inline bool rig_match(void *context, json_t *object)
{
    struct rig_search *search = context;
    if (strncmp(sim_json_text(object, "metadata.name"), search->prefix, strlen(search->prefix)) ==
        0) {
        search->found = search->found == NULL ? object : search->found;
        search->count++;
    }
    return true;
}

/* First object whose name starts so, NULL when there is none; count may be NULL. */
static inline json_t *rig_first(struct sim_world *world, int region, const char *plural,
                                const char *prefix, int *count)
{
    struct rig_search search = {prefix, NULL, 0};
    sim_store_each(rig_store(world, region), sim_resource_by_plural(plural), NULL, rig_match,
                   &search);
    if (count != NULL) {
        *count = search.count;
    }
    return search.found;
}

static inline json_t *rig_server_pod(struct sim_world *world, int region)
{
    return rig_first(world, region, "pods", "vllm-gemma-", NULL);
}

static inline void rig_scale(struct sim_world *world, int region, const char *deployment,
                             int replicas)
{
    json_t *next = json_deep_copy(rig_get(world, region, "deployments", deployment));
    json_object_set_new(json_object_get(next, "spec"), "replicas", json_integer(replicas));
    cr_assert_not_null(sim_store_update(rig_store(world, region),
                                        sim_resource_by_plural("deployments"), next, NULL));
}

static inline void rig_create_pod(struct sim_world *world, int region, json_t *pod)
{
    struct tg_err err = TG_ERR_INIT;
    cr_assert_not_null(
        sim_store_create(rig_store(world, region), sim_resource_by_plural("pods"), pod, &err), "%s",
        err.msg);
}

static inline json_t *rig_probe(const char *name, const char *target, const char *count_max)
{
    return json_pack("{s:{s:s,s:{s:s}},s:{s:s,s:[{s:s,s:s,s:[{s:s,s:s},{s:s,s:s}]}]}}", "metadata",
                     "name", name, "labels", "tidegate.dev/probe", "true", "spec", "restartPolicy",
                     "Never", "containers", "name", "probe", "image", "curlimages/curl:8.11.1",
                     "env", "name", "TIDEGATE_PROBE_TARGET", "value", target, "name",
                     "TIDEGATE_PROBE_COUNT_MAX", "value", count_max);
}

/* Whole log of a container so far; the caller frees. */
static inline char *rig_log(struct sim_world *world, int region, const char *pod,
                            const char *container)
{
    struct tg_err err = TG_ERR_INIT;
    struct sim_stream *stream =
        sim_pod_log(world, region, "default", pod, container, false, false, 0, -1, &err);
    cr_assert_not_null(stream, "%s", err.msg);
    size_t cap = (size_t)8 << 20;
    char *text = malloc(cap);
    size_t len = 0;
    bool is_end = false;
    while (!is_end) {
        len += stream->read(stream, text + len, cap - 1 - len, &is_end);
    }
    text[len] = '\0';
    stream->free(stream);
    return text;
}

static inline int rig_count_text(const char *text, const char *needle)
{
    int count = 0;
    for (const char *at = strstr(text, needle); at != NULL; at = strstr(at + 1, needle)) {
        count++;
    }
    return count;
}

#endif
