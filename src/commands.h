/* commands.h - what each command of the command line does, and what they share.
 *
 * Thread: main.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_COMMANDS_H
#define TG_COMMANDS_H

#include <stdio.h>

#include "app/session.h"
#include "app/tour.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "cli.h"

struct sim_params;
struct sim_server;

/* Each returns the exit status of the program and prints what goes wrong to standard error. */
int command_console(const struct cli *cli);
int command_demo(const struct cli *cli);
int command_sim(const struct cli *cli);
int command_status(const struct cli *cli);
int command_drill(const struct cli *cli);
int command_restore(const struct cli *cli);
int command_provision(const struct cli *cli); /* up and down */
int command_doctor(const struct cli *cli);

/* Parts of `sim`: what is asked of a world that runs in --dir, and runs of many worlds. */
int command_world(const struct cli *cli);
int command_swarm(const struct cli *cli);

/* One request to the own API of the world that is served in dir; appends the answer. False and err
 * when there was none. */
bool command_ask_world(const char *dir, const char *method, const char *path, const char *body,
                       struct tg_buf *answer, int *status, struct tg_err *err);

/* Overrides *params by --param-file and --param; USAGE or CONFIG when they name no number. */
bool command_params(const struct cli *cli, struct sim_params *params, struct tg_err *err);

/* A preflight to its end; wanted says of what, the command line the rest. Its findings are the
 * app's. CANCELLED when a signal came first. */
bool command_examine(struct tg_session *session, const struct cli *cli,
                     const struct tg_doctor_config *wanted, struct tg_err *err);

/* The token that the first line of the file holds; NULL and err. The caller frees. */
struct tg_secret *command_read_token(const char *path, struct tg_err *err);

/* Prints lines that may hold servers' words, each made safe for the terminal; the buffer ends. */
void command_print_lines(struct tg_buf *out, FILE *to);

/* The language of the lab file's texts: LANGUAGE when it chooses, as gettext does. */
const char *command_language(void);

/* Prints "tidegate: sentence: message (hint)" and returns the exit status that fits the error's
 * code. */
int command_fail(const struct tg_err *err);

/* The lab of --lab, else the built-in one; NULL and err with file:line:column. */
struct tg_lab *command_load_lab(const struct cli *cli, struct tg_err *err);

/* Whether a kubeconfig's plug-in may be run: --allow-exec, consent given before, else a question at
 * the terminal, whose yes is remembered. context is a const struct cli. False and err (CONFIG). */
bool command_may_exec(void *context, const struct tg_kube_exec *exec, struct tg_err *err);

/* The text of that lab's file; the caller frees. NULL and err (IO). */
char *command_lab_text(const struct cli *cli, size_t *len, struct tg_err *err);

/* The first region for which there were no machines and that the lab names others for; NULL. */
const struct tg_lab_region *command_region_without_machines(const struct tg_run *run);

/* Writes the lab with such a region instead of that one into the state directory and returns the
 * file's path, which the caller frees. NULL and err: NOT_FOUND without one, IO. */
char *command_write_other_region(const struct cli *cli, const struct tg_app *app,
                                 struct tg_err *err);

/* A session on the clusters that the command line names. */
struct tg_session *command_start_session(const struct cli *cli, struct tg_err *err);

/* Waits for messages or timeout_us at most (-1: for ever), then pumps. True when a screen may
 * differ. */
bool command_wait(struct tg_session *session, int64_t timeout_us);

/* True when every target has answered, or is known not to, and every Ready Pod was asked whether it
 * serves: what is printed or judged then is worth it. */
bool command_is_settled(const struct tg_app *app);

/* From now on INT, TERM and HUP (and those of the terminal) are read instead of ending the process.
 */
void command_watch_signals(void);

/* False for a signal to end that only repeats the one before: timeout, sudo and terminals send to
 * the process and to its group, and a terminal that goes away is told of more than once. Main
 * thread. */
bool command_is_new_wish(int number);

/* How many wishes to end came so far. */
int command_signal_count(void);

/* The descriptor they come through, -1 before command_watch_signals(); and waiting for nothing but
 * them. */
int command_signal_fd(void);
void command_wait_signal(int64_t timeout_us);

/* A drill or a restore without screens, until it is over: prints its story as lines to standard
 * error (or output when is_story_wanted), obeys signals (first: restore and end; second: end).
 * Returns the exit status. */
int command_run_drill(struct tg_session *session, const struct cli *cli, bool is_story_wanted);

/* Tells of the app's run in lines on out, one whenever a step is otherwise than told before; made
 * when the run has begun, freed before another begins. */
struct command_teller;
struct command_teller *command_teller_new(const struct tg_app *app, FILE *out);
void command_teller_tell(struct command_teller *teller);
void command_teller_free(struct command_teller *teller); /* NULL allowed */

/* The demonstration that runs by itself (app/tour.h), without screens, on an empty world of its
 * own. Returns the exit status. */
int command_run_tour(struct tg_session *session, const struct cli *cli,
                     const struct tg_tour_config *config);

/* The console on a running session; server is the embedded world or NULL, tour what runs in it by
 * itself or NULL. Returns the exit status. */
int loop_run(struct tg_session *session, const struct cli *cli, struct sim_server *server,
             const struct tg_tour_config *tour);

#endif
