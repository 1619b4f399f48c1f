/* cli.h - the command line as values, parsed from the table src/option.def.
 *
 * Thread: main, at start. Ownership: texts point into argv or the environment.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_CLI_H
#define TG_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"
#include "plan/run.h"

enum cli_command {
    CLI_COMMAND_CONSOLE,
    CLI_COMMAND_DEMO,
    CLI_COMMAND_SIM,
    CLI_COMMAND_STATUS,
    CLI_COMMAND_DRILL,
    CLI_COMMAND_RESTORE,
    CLI_COMMAND_UP,
    CLI_COMMAND_DOWN,
    CLI_COMMAND_DOCTOR,
    CLI_COMMAND_HELP,
    CLI_COMMAND_VERSION,
};

/* Exit statuses of the program; those of `drill` are in drill/score.h. */
enum cli_exit {
    CLI_EXIT_OK = 0,
    CLI_EXIT_FAILED = 1,      /* the objective was not met */
    CLI_EXIT_USAGE = 2,       /* command line or configuration */
    CLI_EXIT_ENVIRONMENT = 3, /* the world outside did not answer */
    CLI_EXIT_ABORTED = 4,
    CLI_EXIT_INCONCLUSIVE = 5,
};

#define CLI_CONTEXTS_MAX 1024
#define CLI_WORDS_MAX    32
#define CLI_PARAMS_MAX   256

struct cli {
    enum cli_command command;
    const char *argument;             /* of drill: "scale0" */
    const char *words[CLI_WORDS_MAX]; /* of sim: "fault", "add", ... */
    size_t words_count;
    const char *kubeconfig;
    const char *contexts[CLI_CONTEXTS_MAX];
    size_t contexts_count;
    bool is_exec_allowed;
    const char *lab;
    bool is_armed;
    const char *project;
    const char *gcp_endpoint;
    const char *gcp_ca;
    const char *gcp_token_file;
    const char *state_dir;
    int workers;
    const char *color;
    bool is_plain;
    bool is_json;
    bool is_watch;
    bool is_prove;
    int timeout_s;
    const char *waive_reason;
    const char *from;
    const char *until;
    const char *hf_token_file;
    const char *on_stockout; /* NULL: retry */
    const char *fixes;       /* "all", or names separated by commas */
    const char *hf_endpoint; /* the Hugging Face hub's; NULL: its own */
    bool is_hub_left_out;
    bool has_tools;
    bool is_despite_doctor;
    enum tg_run_mode mode; /* of up and down, also in the console */
    bool is_dry_run;
    bool is_yes;
    const char *dir;
    const char *listen;
    bool is_empty;
    bool is_auto; /* of demo: the tour */
    double speed; /* 0: the command's default */
    uint64_t seed;
    int regions;
    const char *params[CLI_PARAMS_MAX]; /* NAME=VALUE */
    size_t params_count;
    const char *param_file;
    const char *source; /* of sim fork: the directory of the other world */
    const char *at;
    uint64_t seed_first; /* of sim swarm */
    uint64_t seed_last;
};

/* Parses argv. False with USAGE and a message that names the word; the caller prints it and ends
 * with status 2. */
bool cli_parse(struct cli *cli, int argc, char **argv, struct tg_err *err);

/* Prints the help made from the tables. */
void cli_print_help(FILE *out);

#endif
