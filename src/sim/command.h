/* sim/command.h - the main command of plain Pods, its log, and those who are attached to it.
 *
 * Thread: the world's.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_SIM_COMMAND_H
#define TG_SIM_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

#include "sim/pod.h"
#include "sim/process.h"

struct sim_command;
struct sim_attachment;

/* Starts what the Pod's main container runs. A command that the simulation does not know runs
 * without doing anything until it is told to stop, and its log says so. */
void sim_command_start(struct sim_pod *pod);

/* Starts what a container of the Pod runs by its spec (JSON), or a shell when the spec names no
 * command. False when that is not simulated. */
bool sim_command_start_in(struct sim_pod *pod, struct sim_container *container, const json_t *spec);

/* Forgets what runs in a container, and empties the slot. Those attached learn the end. */
void sim_command_stop_in(struct sim_command **slot, int code);

/* Forgets it: the Pod's containers are gone. Those attached learn the end. */
void sim_command_stop(struct sim_pod *pod, int code);

/* Follows the output of a container of the Pod from now on, of any role; io->exited is called at
 * its end. The caller detaches. */
struct sim_attachment *sim_command_attach(struct sim_pod *pod,
                                          const struct sim_container *container,
                                          const struct sim_process_io *io);
void sim_command_detach(struct sim_attachment *attachment);

/* Standard input for the command, when it reads one. */
void sim_command_input(struct sim_attachment *attachment, const char *bytes, size_t len);

#endif
