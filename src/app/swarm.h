/* app/swarm.h - swarm runs: a seed picks the topology, the faults, their rates and times; the whole
 * program drills in that world; what must always hold is checked after every step; and what broke
 * is shrunk to the faults that it takes.
 *
 * A run is a function of its plan: the same plan gives the same world, the same verdict and the
 * same trace hash. Taking a fault away changes no draw of the others (sim/fault.h), which is what
 * makes shrinking meaningful.
 *
 * Thread: any, one run at a time.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_APP_SWARM_H
#define TG_APP_SWARM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/app.h"
#include "base/buf.h"
#include "drill/score.h"
#include "sim/fault.h"
#include "sim/params.h"

#define TG_SWARM_FAULTS_MAX 16

struct tg_swarm_plan {
    uint64_t seed;
    int regions;
    bool has_drill;
    struct sim_fault_spec faults[TG_SWARM_FAULTS_MAX];
    size_t faults_count;
};

struct tg_swarm_config {
    const struct sim_params *params; /* NULL: the defaults */
    const char *journal; /* file of the drill's journal, written and removed; NULL: no drill */
    /* Called with each new world before anything happens in it; NULL: not. Tests plant bugs here.
     */
    void (*prepare)(void *context, struct sim_world *world);
    /* Called at each step, before what must hold is looked at; NULL: not. Tests plant bugs of the
     * console here. */
    void (*meddle)(void *context, struct tg_app *app);
    void *context;
};

struct tg_swarm_result {
    bool is_ok;
    char broken[240];  /* which invariant, "" when is_ok */
    int64_t at_us;     /* virtual time at which it was found; of the end when is_ok */
    int64_t healed_us; /* from the end of the last fault until every region served; -1: none did */
    int64_t lag_us;    /* longest from serving in truth to being called restored */
    uint64_t trace_hash;
    uint64_t events;
    enum tg_verdict verdict; /* OPEN when there was no drill */
};

/* What the seed picks. */
void tg_swarm_plan(uint64_t seed, struct tg_swarm_plan *plan);

struct tg_swarm_result tg_swarm_run(const struct tg_swarm_plan *plan,
                                    const struct tg_swarm_config *config);

/* Takes faults out of a failing plan, halves first, then single ones, while the same invariant
 * still breaks. Returns how many runs that took. */
int tg_swarm_shrink(struct tg_swarm_plan *plan, const struct tg_swarm_config *config,
                    const char *broken);

/* Appends the fault as `tidegate sim fault add` takes it. */
void tg_swarm_fault_text(const struct sim_fault_spec *spec, struct tg_buf *out);

#endif
