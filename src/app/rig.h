/* app/rig.h - an app, its providers and a simulated world on one thread and one virtual clock: the
 * whole program without sockets, threads or waiting.
 *
 * What tests, the seed sweep and the headless benchmark run: the same engine, the same codecs and
 * the same server as in production, joined by the direct transport (sim/direct.h). Each step lets
 * the world run for a quantum, delivers what it answered, and lets the app and the providers act on
 * it; same seed, same steps.
 *
 * Thread: one.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_APP_RIG_H
#define TG_APP_RIG_H

#include <stdbool.h>
#include <stdint.h>

#include "app/app.h"
#include "net/transport.h"
#include "sim/world.h"

struct tg_rig;

struct tg_rig_config {
    struct sim_config world;
    struct tg_lab *lab;  /* moved in */
    const char *journal; /* path, NULL: none */
    int64_t kill_after;  /* for the kill tests: SIGKILL after so many durable records; 0: never */
    int64_t quantum_us;  /* 0: 100 ms */
    /* Called after each step, when everybody has acted on it; false ends the run. NULL: not. */
    bool (*on_step)(void *context);
    void *context;
    int64_t speed; /* lab seconds in one of ours; 0: 1 */
};

/* NULL and err when the world or the journal cannot be made. */
struct tg_rig *tg_rig_new(const struct tg_rig_config *config, struct tg_err *err);

/* A rig on a world that already exists (after a restart of the program the world is still there);
 * the world stays the caller's. */
struct tg_rig *tg_rig_attach(const struct tg_rig_config *config, struct sim_world *world,
                             struct tg_err *err);
void tg_rig_free(struct tg_rig *rig);

struct tg_app *tg_rig_app(struct tg_rig *rig);
struct sim_world *tg_rig_world(struct tg_rig *rig);

/* What all its requests go through; the rig's. A test may put its own ops before the real ones. */
struct tg_transport *tg_rig_transport(struct tg_rig *rig);

/* Lets virtual time pass until is_done(app) or limit_us of it went by; true when is_done said so.
 * NULL: the time alone. */
bool tg_rig_run(struct tg_rig *rig, int64_t limit_us, bool (*is_done)(const struct tg_app *app));

#endif
