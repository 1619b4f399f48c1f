/* sim/world.c - virtual clock, event heap, keyed randomness, trace and checkers. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "sim/world.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/clock.h"
#include "base/heap.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim/behaviour.h"
#include "sim/controllers.h"
#include "sim/params.h"
#include "sim/region.h"
#include "sim/share.h"

#define WORLD_MAGIC   0x57524c44u
#define EVENTS_MAX    ((size_t)1 << 22)
#define TRACE_LEN_MAX ((size_t)64 << 20)
#define CHECKS_MAX    16
#define HASH_PRIME    UINT64_C(1099511628211)
#define HASH_BASIS    UINT64_C(14695981039346656037)

struct event {
    sim_action *action;
    void *data;
    void (*free_data)(void *data);
    uint64_t heap_id;
    uint32_t generation; /* of the slot: an old id never cancels a new event */
    uint32_t next_free;
    bool is_used;
};

struct draw_count {
    uint64_t count;
};

struct sim_world {
    uint32_t magic;
    struct sim_config config;
    char *project;
    struct sim_params params;
    int64_t now_us;
    struct tg_heap *heap;
    struct event **slots;
    uint32_t slot_count;
    uint32_t slot_free; /* first free slot + 1, 0: none */
    uint64_t event_count;
    struct tg_map *draws; /* entity \1 purpose -> struct draw_count */
    struct tg_buf trace;
    uint64_t trace_hash;
    sim_check *checks[CHECKS_MAX];
    int check_count;
    bool is_stopping_when_broken;
    const char *broken;
    struct sim_region *regions;
    struct sim_share *share;
    struct sim_behaviour *behaviour;
};

static bool config_is_valid(const struct sim_config *config, struct tg_err *err)
{
    if (config->regions < 1 || config->regions > SIM_REGIONS_MAX) {
        return tg_err_set(err, TG_CODE_INVALID, 0, "regions must be 1 to %d, not %d",
                          SIM_REGIONS_MAX, config->regions);
    }
    return true;
}

struct sim_world *sim_world_new(const struct sim_config *config, struct tg_err *err)
{
    if (!config_is_valid(config, err)) {
        return NULL;
    }
    struct sim_params params;
    sim_params_init(&params);
    if (!sim_params_check(config->params == NULL ? &params : config->params, err)) {
        return NULL;
    }
    struct sim_world *world = TG_NEW(struct sim_world);
    world->magic = WORLD_MAGIC;
    world->config = *config;
    world->project = tg_strdup(config->project == NULL ? "demo-4711" : config->project);
    world->config.project = world->project;
    world->params = config->params == NULL ? params : *config->params;
    world->config.params = NULL; /* the caller's may go */
    world->heap = tg_heap_new(EVENTS_MAX);
    world->draws = tg_map_new(free);
    world->trace_hash = HASH_BASIS;
    tg_buf_init(&world->trace, TRACE_LEN_MAX);
    world->share = sim_share_new();
    world->regions = tg_calloc((size_t)config->regions, sizeof *world->regions);
    for (int i = 0; i < config->regions; i++) {
        sim_region_init(&world->regions[i], world, i);
    }
    bool is_standing = sim_controllers_start(world);
    tg_assert(world->now_us == 0);
    if (!is_standing) {
        sim_world_free(world);
        tg_err_set(err, TG_CODE_INVALID, 0,
                   "with these parameters the lab does not come to stand, so "
                   "no world can be built of it (an empty one can)");
        return NULL;
    }
    return world;
}

static void drop_events(struct sim_world *world)
{
    for (uint32_t i = 0; i < world->slot_count; i++) {
        struct event *event = world->slots[i];
        if (event->is_used && event->free_data != NULL) {
            event->free_data(event->data);
        }
        free(event);
    }
    free(world->slots);
    tg_heap_free(world->heap);
}

void sim_world_free(struct sim_world *world)
{
    if (world == NULL) {
        return;
    }
    TG_MAGIC_CHECK(world, WORLD_MAGIC);
    sim_controllers_stop(world);
    drop_events(world);
    for (int i = 0; i < world->config.regions; i++) {
        sim_region_fini(&world->regions[i]);
    }
    free(world->regions);
    sim_share_free(world->share);
    tg_map_free(world->draws);
    tg_buf_fini(&world->trace);
    free(world->project);
    world->magic = 0;
    free(world);
}

int64_t sim_world_now_us(const struct sim_world *world)
{
    return world->now_us;
}

int64_t sim_world_wall_us(const struct sim_world *world)
{
    return world->config.start_wall_us + world->now_us;
}

const struct sim_config *sim_world_config(const struct sim_world *world)
{
    return &world->config;
}

struct sim_params *sim_world_params(struct sim_world *world)
{
    return &world->params;
}

void sim_world_begin_at(struct sim_world *world, int64_t now_us)
{
    tg_assert(world->event_count == 0 && tg_heap_count(world->heap) == 0);
    world->now_us = now_us;
}

/* ---- events ---- */

int64_t sim_world_next_us(const struct sim_world *world)
{
    const struct tg_heap_entry *entry = tg_heap_peek(world->heap);
    return entry == NULL ? TG_TIME_NEVER : entry->time_us;
}

static uint32_t take_slot(struct sim_world *world)
{
    if (world->slot_free != 0) {
        uint32_t slot = world->slot_free - 1;
        world->slot_free = world->slots[slot]->next_free;
        return slot;
    }
    world->slots = tg_realloc_array(world->slots, world->slot_count + 1, sizeof(struct event *));
    world->slots[world->slot_count] = TG_NEW(struct event);
    return world->slot_count++;
}

static void give_slot(struct sim_world *world, uint32_t slot)
{
    struct event *event = world->slots[slot];
    event->is_used = false;
    event->generation++;
    event->next_free = world->slot_free;
    world->slot_free = slot + 1;
}

uint64_t sim_world_at(struct sim_world *world, int64_t time_us, int32_t priority,
                      sim_action *action, void *data, void (*free_data)(void *data))
{
    TG_MAGIC_CHECK(world, WORLD_MAGIC);
    tg_assert(time_us >= world->now_us);
    uint32_t slot = take_slot(world);
    struct event *event = world->slots[slot];
    event->action = action;
    event->data = data;
    event->free_data = free_data;
    event->is_used = true;
    event->heap_id = tg_heap_add(world->heap, time_us, priority, (void *)(uintptr_t)(slot + 1));
    return ((uint64_t)event->generation << 32) | (slot + 1);
}

bool sim_world_cancel(struct sim_world *world, uint64_t id)
{
    uint32_t slot = (uint32_t)(id & UINT32_MAX);
    if (slot == 0 || slot > world->slot_count) {
        return false;
    }
    struct event *event = world->slots[slot - 1];
    if (!event->is_used || event->generation != (uint32_t)(id >> 32)) {
        return false;
    }
    bool was_there = tg_heap_remove(world->heap, event->heap_id);
    tg_assert(was_there);
    if (event->free_data != NULL) {
        event->free_data(event->data);
    }
    give_slot(world, slot - 1);
    return true;
}

static const char *first_broken(struct sim_world *world)
{
    for (int i = 0; i < world->check_count; i++) {
        const char *broken = world->checks[i](world);
        if (broken != NULL) {
            return broken;
        }
    }
    return NULL;
}

void sim_world_run_until(struct sim_world *world, int64_t until_us)
{
    TG_MAGIC_CHECK(world, WORLD_MAGIC);
    while (sim_world_next_us(world) <= until_us && world->broken == NULL) {
        struct tg_heap_entry entry;
        tg_heap_pop(world->heap, &entry);
        tg_assert(entry.time_us >= world->now_us);
        world->now_us = entry.time_us;
        uint32_t slot = (uint32_t)(uintptr_t)entry.data - 1;
        struct event event = *world->slots[slot];
        give_slot(world, slot);
        event.action(world, event.data);
        if (event.free_data != NULL) {
            event.free_data(event.data);
        }
        world->event_count++;
        if (world->is_stopping_when_broken) {
            world->broken = first_broken(world);
        }
#ifdef TG_CHECKING
        sim_world_check(world);
#endif
    }
    if (until_us > world->now_us) {
        world->now_us = until_us;
    }
}

uint64_t sim_world_event_count(const struct sim_world *world)
{
    return world->event_count;
}

/* ---- randomness ---- */

uint64_t sim_world_draw(struct sim_world *world, const char *entity, const char *purpose)
{
    char key[512];
    snprintf(key, sizeof key, "%.300s\1%.100s", entity, purpose);
    struct draw_count *draws = tg_map_get(world->draws, key);
    if (draws == NULL) {
        draws = TG_NEW(struct draw_count);
        tg_map_put(world->draws, key, draws);
    }
    return tg_rng_keyed(world->config.seed, entity, purpose, draws->count++);
}

int64_t sim_world_draw_lognormal(struct sim_world *world, const char *entity, const char *purpose,
                                 int64_t median_us, int64_t p95_us, int64_t cap_us)
{
    uint64_t draw = sim_world_draw(world, entity, purpose);
    return tg_rng_lognormal_from(draw, median_us, p95_us, cap_us);
}

/* ---- trace ---- */

static void fold(struct sim_world *world, const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        world->trace_hash = (world->trace_hash ^ (unsigned char)bytes[i]) * HASH_PRIME;
    }
}

void sim_world_trace(struct sim_world *world, const char *entity, const char *format, ...)
{
    char line[640];
    int64_t now_us = world->now_us;
    int64_t positive_us = now_us < 0 ? -now_us : now_us;
    int head = snprintf(line, sizeof line, "[%s%4" PRId64 ".%06" PRId64 "] %.120s > ",
                        now_us < 0 ? "-" : " ", positive_us / TG_US_PER_S,
                        positive_us % TG_US_PER_S, entity);
    tg_assert(head > 0 && (size_t)head < sizeof line);
    va_list args;
    va_start(args, format);
    vsnprintf(line + head, sizeof line - (size_t)head - 1, format, args);
    va_end(args);
    size_t len = strlen(line);
    line[len++] = '\n';
    fold(world, line, len);
    if (world->config.has_trace) {
        tg_buf_append(&world->trace, line,
                      len); /* a full trace only stops growing: the hash goes on */
    }
}

const char *sim_world_trace_text(const struct sim_world *world)
{
    return tg_buf_text(&world->trace);
}

uint64_t sim_world_trace_hash(const struct sim_world *world)
{
    return world->trace_hash;
}

/* ---- checkers ---- */

void sim_world_add_check(struct sim_world *world, sim_check *check)
{
    tg_assert(world->check_count < CHECKS_MAX);
    world->checks[world->check_count++] = check;
}

void sim_world_check(struct sim_world *world)
{
    const char *broken = first_broken(world);
    if (broken != NULL) {
        tg_assert_fail(broken, __FILE__, __LINE__, __func__);
    }
}

void sim_world_stop_when_broken(struct sim_world *world)
{
    world->is_stopping_when_broken = true;
}

const char *sim_world_broken(const struct sim_world *world)
{
    return world->broken;
}

/* ---- parts ---- */

int sim_world_region_count(const struct sim_world *world)
{
    return world->config.regions;
}

struct sim_region *sim_world_region(struct sim_world *world, int index)
{
    tg_assert(index >= 0 && index < world->config.regions);
    return &world->regions[index];
}

struct sim_share *sim_world_share(struct sim_world *world)
{
    return world->share;
}

struct sim_behaviour *sim_world_behaviour(struct sim_world *world)
{
    return world->behaviour;
}

void sim_world_set_behaviour(struct sim_world *world, struct sim_behaviour *behaviour)
{
    world->behaviour = behaviour;
}
