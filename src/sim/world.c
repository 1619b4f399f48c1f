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

#define WORLD_MAGIC     0x57524c44u
#define EVENTS_MAX      ((size_t)1 << 22)
#define TRACE_LEN_MAX   ((size_t)64 << 20)
#define CHECKS_MAX      16
#define HASH_PRIME      UINT64_C(1099511628211)
#define HASH_BASIS      UINT64_C(14695981039346656037)

struct event {
    sim_action *action;
    void *data;
    void (*free_data)(void *data);
    uint64_t id;
};

struct sim_world {
    uint32_t magic;
    struct sim_config config;
    char *project;
    struct sim_params params;
    int64_t now_us;
    struct tg_heap *heap;
    struct tg_map *pending; /* none: events are found through the heap's ids */
    struct event **events;  /* slots by id, see slot_of() */
    size_t event_cap;
    uint64_t event_count;
    struct tg_map *draws;   /* "entity\1purpose" -> struct draw_count */
    struct tg_buf trace;
    uint64_t trace_hash;
    sim_check *checks[CHECKS_MAX];
    int check_count;
    struct sim_region *regions;
    struct sim_behaviour *behaviour;
};

struct draw_count {
    uint64_t entity_hash;
    uint64_t count;
};
