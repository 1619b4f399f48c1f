/* sim/process.h - a command that runs in a container: what exec starts, and the main command of
 * plain Pods.
 *
 * A small POSIX-like shell and a handful of programs (sim/program.c), in virtual time: sleep and
 * curl take as long as they would. What is not simulated says so and fails.
 *
 * Thread: the world's. Ownership: whoever starts a process frees it; it also ends (exit code 137)
 * when its container does.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_SIM_PROCESS_H
#define TG_SIM_PROCESS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "sim/pod.h"

struct sim_process;

struct sim_process_io {
    /* Bytes on file descriptor 1 or 2. */
    void (*output)(void *context, int fd, const char *bytes, size_t len);
    /* It is over; nothing is called any more. Called at most once, never from within start. */
    void (*exited)(void *context, int code);
    void *context;
};

struct sim_process_spec {
    const char *const *words; /* the command and its arguments */
    int count;
    bool has_input; /* standard input stays open until sim_process_input_end() */
    bool is_terminal;
};

/* Starts a command. NULL with err (NOT_FOUND: "executable file not found in $PATH") when the
 * container's image has no such program. */
struct sim_process *sim_process_start(struct sim_pod *pod, const struct sim_container *container,
                                      const struct sim_process_spec *spec,
                                      const struct sim_process_io *io, struct tg_err *err);

/* Ends it without another call of its io. NULL allowed. */
void sim_process_free(struct sim_process *process);

/* True when it ended because its script asks for what the shell does not simulate. */
bool sim_process_is_refused(const struct sim_process *process);

void sim_process_input(struct sim_process *process, const char *bytes, size_t len);
void sim_process_input_end(struct sim_process *process);

/* All processes of the Pod's containers are killed: each tells its end. */
void sim_process_kill_all(struct sim_pod *pod);

/* ---- shared by the files of this part ---- */

#define SIM_PROGRAM_PENDING (-1) /* the program goes on and will call sim_process_done() */

struct sim_process {
    struct sim_process *sibling; /* of the same Pod */
    struct sim_pod *pod;         /* NULL once the Pod's containers are gone */
    struct sim_world *world;
    const struct sim_container *container;
    struct sim_process_io io;
    json_t *variables; /* environment, name to text */
    json_t *words;     /* of the command under way */
    bool has_input;
    bool is_terminal;
    bool is_input_over;
    bool is_reading;     /* the program wants what comes on standard input (cat) */
    bool is_shell;       /* words come from script */
    bool is_interactive; /* script grows with standard input */
    bool is_output_off;  /* of the command under way: > /dev/null */
    bool is_errors_off;
    struct tg_buf script; /* rest of the shell's script */
    struct tg_buf line;   /* of a terminal, while it is typed */
    int connector;        /* between the last command and the next: the shell's own */
    int code;             /* of the last command, $? */
    bool is_running;      /* a command is under way */
    bool is_over;
    bool is_refused; /* the shell met what is not simulated */
    uint64_t event;
    uint64_t end_event;
    uint64_t request; /* of the gateway */
    void *state;      /* of the command under way (curl) */
    void (*free_state)(void *state);
};

/* A command under way ended. */
void sim_process_done(struct sim_process *process, int code);

void sim_process_print(struct sim_process *process, int fd, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void sim_process_write(struct sim_process *process, int fd, const char *bytes, size_t len);

/* Value of an environment variable, "" when unset; borrowed. */
const char *sim_process_variable(const struct sim_process *process, const char *name);

/* Word number i of the command under way, NULL past the end; borrowed. */
const char *sim_process_word(const struct sim_process *process, size_t i);

/* True when the container's image has this program. */
bool sim_program_exists(const struct sim_container *container, const char *name);

/* Runs the command under way (sim_process_word); an exit code or SIM_PROGRAM_PENDING. */
int sim_program_run(struct sim_process *process);

/* curl, as far as people use it against HTTP servers (sim/program_curl.c). */
int sim_program_curl(struct sim_process *process);

/* Parsed and expanded next command of the script. */
enum sim_shell_result {
    SIM_SHELL_COMMAND,
    SIM_SHELL_EMPTY,
    SIM_SHELL_INCOMPLETE,
    SIM_SHELL_BROKEN
};

/* Takes the next command off script into process->words (a new array), skipping what && and ||
 * skip (sim/shell.c). */
enum sim_shell_result sim_shell_next(struct sim_process *process);

#endif
