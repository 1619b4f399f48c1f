/* sim/fault.h - the fault table: what goes wrong in a world, where, how often and for how long.
 *
 * One mechanism for both fronts: faults of answers live where a request becomes a response
 * (sim/front.c), faults of streams where a stream is read, faults of the world where the world
 * decides. Whether a fault strikes is drawn from a stream of its own, named by its id, so that one
 * more fault never changes what another does; a world without faults draws nothing here.
 *
 * Thread: the world's. Ownership: the world owns its table; what is returned is borrowed until the
 * table changes.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_SIM_FAULT_H
#define TG_SIM_FAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "sim/world.h"

enum sim_fault_kind {
#define SIM_FAULT(id, name, place, unit, value, help) SIM_FAULT_##id,
#include "sim/fault.def"
#undef SIM_FAULT
    SIM_FAULT_KIND_COUNT
};

enum sim_fault_place { SIM_FAULT_PLACE_RESPONSE, SIM_FAULT_PLACE_STREAM, SIM_FAULT_PLACE_WORLD };

enum sim_fault_unit {
    SIM_FAULT_UNIT_NONE,
    SIM_FAULT_UNIT_CODE,
    SIM_FAULT_UNIT_TIME,
    SIM_FAULT_UNIT_BYTES,
    SIM_FAULT_UNIT_COUNT,
    SIM_FAULT_UNIT_PERCENT,
    SIM_FAULT_UNIT_RATE,
};

struct sim_fault_info {
    const char *name;
    enum sim_fault_place place;
    enum sim_fault_unit unit;
    int64_t value;    /* when none is given */
    const char *help; /* untranslated, marked N_ */
};

#define SIM_FAULTS_MAX      256
#define SIM_FAULT_ID_SIZE   48
#define SIM_FAULT_TEXT_SIZE 160
#define SIM_FAULT_CLUSTERS  (-10) /* region: every cluster */
#define SIM_FAULT_EVERY     (-11) /* region: every cluster and Google Cloud */
#define SIM_FAULT_FOREVER   INT64_C(-1)

/* One fault as it is asked for. Zero and "" mean: not said. */
struct sim_fault_spec {
    char id[SIM_FAULT_ID_SIZE]; /* "": KIND-N with the number of this kind */
    enum sim_fault_kind kind;
    int region; /* index, SIM_SERVER_GCP, SIM_FAULT_CLUSTERS or SIM_FAULT_EVERY */
    char route[SIM_FAULT_TEXT_SIZE]; /* "PATCH *deployments*": a verb, then a path with stars; verbs
                                        LIST and WATCH tell the two GETs apart; "": every request */
    char object[SIM_FAULT_TEXT_SIZE]; /* name with stars of the Pod or resource struck; "": any */
    int64_t after_us;                 /* begins so much later */
    int64_t duration_us;              /* 0: until it is removed */
    int64_t rate_ppm;                 /* of the occasions; 0: of all */
    int64_t skip;                     /* occasions that pass first */
    int64_t times;                    /* strikes and is over; 0: no such limit */
    int64_t value;                    /* in the kind's unit */
    bool has_value;
    int64_t retry_after_s; /* with STATUS */
};

struct sim_fault {
    struct sim_fault_spec spec;
    uint64_t order; /* of making */
    int64_t start_us;
    int64_t end_us; /* TG_TIME_NEVER: none */
    bool is_paused;
    bool is_begun;
    bool is_over;
    uint64_t occasions; /* that it looked at */
    uint64_t strikes;
    uint64_t begin_event;
    uint64_t end_event;
    uint64_t repeat_event; /* of kinds that act again and again */
    bool is_low;           /* FLAP: the port is shut at present */
};

struct sim_faults;

struct sim_faults *sim_faults_new(void);
void sim_faults_free(struct sim_world *world, struct sim_faults *faults);

const struct sim_fault_info *sim_fault_info(enum sim_fault_kind kind);

/* Kind by its name; SIM_FAULT_KIND_COUNT when there is none. */
enum sim_fault_kind sim_fault_kind_of(const char *name);

/* A spec of this kind with the rest unsaid, for every cluster (for Google Cloud where the kind is
 * about it). */
struct sim_fault_spec sim_fault_spec_of(enum sim_fault_kind kind);

/* Sets one word of a spec, such as "for" to "60s", as people and the admin API write it: id,
 * region, route, object, after, for, rate, skip, times, value, code, retry-after. INVALID when the
 * word or its value is not understood. */
bool sim_fault_spec_set(struct sim_world *world, struct sim_fault_spec *spec, const char *word,
                        const char *value, struct tg_err *err);

/* Puts a fault into the table. NULL and err: CONFLICT when the id is taken, INVALID, LIMIT. */
const struct sim_fault *sim_fault_add(struct sim_world *world, const struct sim_fault_spec *spec,
                                      struct tg_err *err);

/* Ends it and takes it out; false when there is none of that id. */
bool sim_fault_remove(struct sim_world *world, const char *id);
void sim_fault_clear(struct sim_world *world);
bool sim_fault_pause(struct sim_world *world, const char *id, bool is_paused);

/* Faults in order of making; NULL past the end. */
const struct sim_fault *sim_fault_at(struct sim_world *world, size_t i);

/* How many are in the table and not over. */
size_t sim_fault_count(struct sim_world *world);

/* ---- for those who decide ---- */

/* The newest fault of this kind in force in the region (or Google Cloud), NULL when none is. Counts
 * nothing: for states. */
const struct sim_fault *sim_fault_in_force(struct sim_world *world, enum sim_fault_kind kind,
                                           int region);

/* An occasion for this kind came: the fault that strikes at it, NULL when none does. object names
 * what would be struck ("" or NULL: nothing with a name). */
const struct sim_fault *sim_fault_strikes(struct sim_world *world, enum sim_fault_kind kind,
                                          int region, const char *object);

/* The same for a request: route is "VERB /path". */
const struct sim_fault *sim_fault_strikes_route(struct sim_world *world, enum sim_fault_kind kind,
                                                int server, const char *route);

/* The same for faults that name a route, alone. */
const struct sim_fault *sim_fault_strikes_named(struct sim_world *world, enum sim_fault_kind kind,
                                                int server, const char *route);

/* True when any fault of answers or streams is in the table: cheap, asked for each request. */
bool sim_fault_has_routes(struct sim_world *world);

/* How many faults have begun so far, one that goes on after a pause counted again. */
uint64_t sim_fault_begun(struct sim_world *world);

/* True when text has the form of pattern, in which a star stands for anything. */
bool sim_fault_is_like(const char *pattern, const char *text);

/* ---- between the files of this part ---- */

struct sim_faults *sim_world_faults(struct sim_world *world);

/* A fault of the world begins or ends (sim/fault_world.c). */
void sim_fault_begin(struct sim_world *world, struct sim_fault *fault);
void sim_fault_finish(struct sim_world *world, struct sim_fault *fault);

/* True when it is over as soon as it began: what it does is done once. */
bool sim_fault_is_momentary(const struct sim_fault_spec *spec);

/* Streams look at the table again (sim/fault_stream.c). */
void sim_fault_wake_streams(struct sim_world *world);

#endif
