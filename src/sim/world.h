/* sim/world.h - the simulated world's core: virtual clock, event heap, named randomness, trace,
 * checkers, truth.
 *
 * A world is single-threaded and deterministic: same configuration and same requests at the same
 * virtual times give the same trace, byte for byte. It holds one struct sim_store for each cluster
 * (sim/store.h), one for Google Cloud, and what the subsystems hang on it. Nothing here reads a
 * real clock.
 *
 * Thread: owner only (sim/server.h gives it a thread; the direct transport uses it on the
 * caller's). Ownership: the world owns everything below it.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_SIM_WORLD_H
#define TG_SIM_WORLD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/rng.h"

#define SIM_REGIONS_MAX 1000

struct sim_config {
    uint64_t seed;
    int regions;   /* 1..SIM_REGIONS_MAX; first two: the lab's us-east5 (config cluster) and
                      europe-west4 */
    bool is_built; /* true: the whole lab stands and serves at start; false: an empty project */
    int64_t start_wall_us; /* wall time of virtual time 0 (fixed in tests) */
    const char *project;   /* NULL: "demo-4711" */
    bool has_trace;        /* keep the trace text (bounded); the trace hash is kept always */
    const struct sim_params *params; /* copied; NULL: the defaults of assets/sim */
};

struct sim_params;
struct sim_world;
struct sim_store;
struct sim_region;

struct sim_world *sim_world_new(const struct sim_config *config, struct tg_err *err);
void sim_world_free(struct sim_world *world);

/* Virtual time: microseconds since the world's start; and the wall time it stands for. */
int64_t sim_world_now_us(const struct sim_world *world);
int64_t sim_world_wall_us(const struct sim_world *world);
const struct sim_config *sim_world_config(const struct sim_world *world);

/* Time of the next event, TG_TIME_NEVER when none. */
int64_t sim_world_next_us(const struct sim_world *world);

/* Runs every event due up to and including until_us in order, then sets the clock to it. */
void sim_world_run_until(struct sim_world *world, int64_t until_us);

/* Events run so far (for the benchmark and for tests). */
uint64_t sim_world_event_count(const struct sim_world *world);

/* Schedules action(world, data) at time_us (>= now). Lower priority runs first within one instant.
 * The entity text names whose event it is in the trace (copied, may be NULL: not traced). free_data
 * (may be NULL) runs after the action or when the event is dropped. Returns an id for
 * sim_world_cancel(). */
typedef void sim_action(struct sim_world *world, void *data);
uint64_t sim_world_at(struct sim_world *world, int64_t time_us, int32_t priority,
                      sim_action *action, void *data, void (*free_data)(void *data));
bool sim_world_cancel(struct sim_world *world, uint64_t id);

/* One draw for (entity, purpose): independent of every other, the n-th time this pair is asked for.
 */
uint64_t sim_world_draw(struct sim_world *world, const char *entity, const char *purpose);
int64_t sim_world_draw_lognormal(struct sim_world *world, const char *entity, const char *purpose,
                                 int64_t median_us, int64_t p95_us, int64_t cap_us);

/* Appends "[  12.345678] entity > text" to the trace and folds it into the hash. */
void sim_world_trace(struct sim_world *world, const char *entity, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
const char *sim_world_trace_text(const struct sim_world *world);
uint64_t sim_world_trace_hash(const struct sim_world *world);

/* Invariant checkers run after every event in checking builds and on demand; the first broken one
 * is reported by assertion with its text. check returns NULL when all is well, else what is wrong
 * (static or world-owned). */
typedef const char *sim_check(struct sim_world *world);
void sim_world_add_check(struct sim_world *world, sim_check *check);
void sim_world_check(struct sim_world *world);

/* From now on the checkers run after every event, and the first broken one ends the world's time
 * instead of the program: nothing happens any more, and sim_world_broken() tells which it was
 * (NULL: none yet; static or world-owned). */
void sim_world_stop_when_broken(struct sim_world *world);
const char *sim_world_broken(const struct sim_world *world);

/* Regions in the order of sim_config; the config cluster is region 0. */
int sim_world_region_count(const struct sim_world *world);
struct sim_region *sim_world_region(struct sim_world *world, int index);

#endif
