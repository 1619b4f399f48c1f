/* integration/rig_support.h - rigs with the built-in lab, and waiting for a drill, for the
 * whole-program tests. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TESTS_INTEGRATION_RIG_SUPPORT_H
#define TESTS_INTEGRATION_RIG_SUPPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "app/provision.h"
#include "app/rig.h"
#include "app/session.h"
#include "sim/server.h"

#define MINUTE_US (60 * TG_US_PER_S)

/* The lab that is built into the program. */
struct tg_lab *rig_lab(void);

/* The same with this many of the simulated world's regions, the first being the built-in ones. */
struct tg_lab *rig_lab_of(int regions);

/* A rig on the built two-region lab with this seed; journal may be NULL. */
struct tg_rig *rig_new(uint64_t seed, const char *journal);

/* The same on an empty project, where the lab is stood up. */
struct tg_rig *rig_empty(uint64_t seed, const char *journal);
struct tg_rig *rig_empty_of(int regions, uint64_t seed, const char *journal);

/* Every kind of Google Cloud was looked at; the run is over. */
bool rig_project_is_seen(const struct tg_app *app);
bool rig_run_is_over(const struct tg_app *app);

/* Stands the lab up, or takes it down, up to a step (NULL: all), and runs it to its end, at most a
 * day of virtual time. The token is hf_planted_0123456789. */
void rig_provision(struct tg_rig *rig, enum tg_run_direction direction, const char *until);

/* Lets the rig settle until both regions are seen serving; fails the test otherwise. */
void rig_wait_until_serving(struct tg_rig *rig);

/* Starts the drill and runs it to its end, at most an hour of virtual time. Returns the finished
 * drill. */
const struct tg_drill *rig_run_drill(struct tg_rig *rig);

bool rig_drill_is_over(const struct tg_app *app);

/* A path in a fresh temporary directory, static storage. */
const char *rig_journal_path(void);

/* spec.replicas of the lab's Deployment in region 0, read from the world itself. */
int rig_true_replicas(struct sim_world *world);

/* From now on the rig's program is one that dies when its journal has this many records: what it
 * would send after that never leaves it. One rig at a time. */
void rig_die_at(struct tg_rig *rig, int64_t records);

/* Whether it is this rig's program that will. */
bool rig_is_dying(const struct tg_rig *rig);

/* Whether the program of rig_die_at() is dead. */
bool rig_has_died(const struct tg_app *app);

/* ---- over sockets ---- */

#define RIG_LONG_US (60 * TG_US_PER_S) /* a bound for a broken machine, never waited for */

/* A simulated world over TLS on loopback, as long as a test lasts; one at a time. */
struct rig_server {
    char dir[64]; /* its files, and the test's own */
    struct sim_server *server;
    struct tg_clock clock;
};
extern struct rig_server rig_server;

/* For .init and .fini: two regions, built; libcurl is set up and taken down with it. */
void rig_server_start(void);
void rig_server_stop(void);

/* A path beside the world's files. The caller frees. */
char *rig_server_path(const char *name);

void rig_write_file(const char *path, const char *text, mode_t mode);

/* Lets the session hear what comes until is_seen(model), for RIG_LONG_US at most; what it said
 * last. */
bool rig_session_wait(struct tg_session *session, bool (*is_seen)(const struct tg_model *model));

#endif
