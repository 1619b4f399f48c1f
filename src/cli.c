/* cli.c - parses the command line by src/option.def and prints the help made from it. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "cli.h"

#include <string.h>

#include "base/assert.h"
#include "base/i18n.h"
#include "base/str.h"
#include "plan/run.h"

enum option_id {
#define TG_OPTION(id, name, argument, commands, help) OPTION_##id,
#include "option.def"
#undef TG_OPTION
    OPTION_COUNT
};

struct option_info {
    const char *name;
    const char *argument; /* "" when it takes none */
    const char *commands;
    const char *help;
};

static const struct option_info options[] = {
#define TG_OPTION(id, name, argument, commands, help) {name, argument, commands, help},
#include "option.def"
#undef TG_OPTION
};

struct command_info {
    const char *name;
    enum cli_command command;
    char letter; /* in option.def; 0: takes no options */
    const char *usage;
    const char *help;
};

static const struct command_info commands[] = {
    {"", CLI_COMMAND_CONSOLE, 'c', "", N_("Open the console on the clusters of a kubeconfig")},
    {"demo", CLI_COMMAND_DEMO, 'd', "", N_("Open the console on a simulated world of its own")},
    {"sim", CLI_COMMAND_SIM, 's', "[COMMAND]",
     N_("Serve a simulated world over HTTPS, or command one")},
    {"status", CLI_COMMAND_STATUS, 't', "", N_("Print what the panes show")},
    {"drill", CLI_COMMAND_DRILL, 'f', "scale0", N_("Run a failover drill and print its verdict")},
    {"restore", CLI_COMMAND_RESTORE, 'r', "", N_("Restore what an interrupted drill left behind")},
    {"up", CLI_COMMAND_UP, 'u', "",
     N_("Stand the lab up, step by step, and go on where it stopped")},
    {"down", CLI_COMMAND_DOWN, 'w', "",
     N_("Take the lab down and look that nothing billed is left")},
    {"doctor", CLI_COMMAND_DOCTOR, 'o', "",
     N_("Look for what stands in the lab's way, before anything is made")},
    {"help", CLI_COMMAND_HELP, 0, "", N_("Show this help")},
    {"version", CLI_COMMAND_VERSION, 0, "", N_("Show the version")},
};

static const struct command_info *command_by_name(const char *name)
{
    for (size_t i = 0; i < TG_COUNT(commands); i++) {
        if (tg_str_eq(commands[i].name, name)) {
            return &commands[i];
        }
    }
    return NULL;
}

static bool parse_int(const char *name, const char *text, int64_t min, int64_t max, int *value,
                      struct tg_err *err)
{
    int64_t number = 0;
    if (!tg_str_to_int64(text, min, max, &number)) {
        return tg_err_set(err, TG_CODE_USAGE, 0,
                          "--%s: '%s' is not a whole number from %lld to %lld", name, text,
                          (long long)min, (long long)max);
    }
    *value = (int)number;
    return true;
}

static bool parse_color(const char *text, struct tg_err *err)
{
    if (tg_str_eq(text, "auto") || tg_str_eq(text, "always") || tg_str_eq(text, "never")) {
        return true;
    }
    return tg_err_set(err, TG_CODE_USAGE, 0, "--color: '%s' is not auto, always or never", text);
}

static bool parse_mode(struct cli *cli, const char *text, struct tg_err *err)
{
    return tg_run_mode_by_name(text, &cli->mode) ||
           tg_err_set(err, TG_CODE_USAGE, 0, "--mode: '%s' is not native, commands or by-hand",
                      text);
}

static bool parse_stockout(const char *text, struct tg_err *err)
{
    return tg_run_stockout_by_name(text) < TG_RUN_STOCKOUT_COUNT ||
           tg_err_set(err, TG_CODE_USAGE, 0,
                      "--on-stockout: '%s' is not retry, zone, region or stop", text);
}

static bool parse_speed(struct cli *cli, const char *text, struct tg_err *err)
{
    if (!tg_str_to_double(text, &cli->speed) || cli->speed <= 0 || cli->speed > 1000) {
        return tg_err_set(err, TG_CODE_USAGE, 0, "--speed: '%s' is not above 0 and up to 1000",
                          text);
    }
    return true;
}

static bool parse_seed(struct cli *cli, const char *text, struct tg_err *err)
{
    int64_t seed = 0;
    if (!tg_str_to_int64(text, 0, INT64_MAX, &seed)) {
        return tg_err_set(err, TG_CODE_USAGE, 0, "--seed: '%s' is not a whole number", text);
    }
    cli->seed = (uint64_t)seed;
    return true;
}

static bool add_context(struct cli *cli, const char *name, struct tg_err *err)
{
    if (cli->contexts_count == CLI_CONTEXTS_MAX) {
        return tg_err_set(err, TG_CODE_USAGE, 0, "--context: more than %d", CLI_CONTEXTS_MAX);
    }
    cli->contexts[cli->contexts_count++] = name;
    return true;
}

static bool add_param(struct cli *cli, const char *text, struct tg_err *err)
{
    if (cli->params_count == CLI_PARAMS_MAX) {
        return tg_err_set(err, TG_CODE_USAGE, 0, "--param: more than %d", CLI_PARAMS_MAX);
    }
    cli->params[cli->params_count++] = text;
    return true;
}

/* "1..1000", or one alone. */
static bool parse_seeds(struct cli *cli, const char *text, struct tg_err *err)
{
    char first[24];
    const char *dots = strstr(text, "..");
    size_t len = dots == NULL ? strlen(text) : (size_t)(dots - text);
    int64_t low = -1;
    int64_t high = -1;
    snprintf(first, sizeof(first), "%.*s", (int)(len < sizeof(first) ? len : 0), text);
    if (!tg_str_to_int64(first, 0, INT64_MAX, &low) ||
        !tg_str_to_int64(dots == NULL ? first : dots + 2, low, INT64_MAX, &high)) {
        return tg_err_set(err, TG_CODE_USAGE, 0, "--seeds: '%s' is not A..B with A up to B", text);
    }
    cli->seed_first = (uint64_t)low;
    cli->seed_last = (uint64_t)high;
    return true;
}

static void apply_to_preflight(struct cli *cli, enum option_id id, const char *value)
{
    cli->hf_endpoint = id == OPTION_HF_ENDPOINT ? value : cli->hf_endpoint;
    cli->fixes = id == OPTION_FIX ? value : cli->fixes;
    cli->is_hub_left_out = cli->is_hub_left_out || id == OPTION_SKIP_HUB;
    cli->has_tools = cli->has_tools || id == OPTION_TOOLS;
    cli->is_despite_doctor = cli->is_despite_doctor || id == OPTION_DESPITE_DOCTOR;
}

static bool apply(struct cli *cli, enum option_id id, const char *value, struct tg_err *err)
{
    /* tidy: table */
    const char *name = options[id].name;
    switch (id) {
    case OPTION_KUBECONFIG:
        cli->kubeconfig = value;
        return true;
    case OPTION_CONTEXT:
        return add_context(cli, value, err);
    case OPTION_ALLOW_EXEC:
        cli->is_exec_allowed = true;
        return true;
    case OPTION_LAB:
        cli->lab = value;
        return true;
    case OPTION_ARM:
        cli->is_armed = true;
        return true;
    case OPTION_PROJECT:
        cli->project = value;
        return true;
    case OPTION_GCP_ENDPOINT:
        cli->gcp_endpoint = value;
        return true;
    case OPTION_GCP_CA:
        cli->gcp_ca = value;
        return true;
    case OPTION_GCP_TOKEN_FILE:
        cli->gcp_token_file = value;
        return true;
    case OPTION_STATE_DIR:
        cli->state_dir = value;
        return true;
    case OPTION_WORKERS:
        return parse_int(name, value, 1, 64, &cli->workers, err);
    case OPTION_COLOR:
        cli->color = value;
        return parse_color(value, err);
    case OPTION_PLAIN:
        cli->is_plain = true;
        return true;
    case OPTION_JSON:
        cli->is_json = true;
        return true;
    case OPTION_PROVE:
        cli->is_prove = true;
        return true;
    case OPTION_WATCH:
        cli->is_watch = true;
        return true;
    case OPTION_TIMEOUT:
        return parse_int(name, value, 0, 86400, &cli->timeout_s, err);
    case OPTION_REASON:
        cli->waive_reason = value;
        return true;
    case OPTION_FROM:
    case OPTION_UNTIL:
        *(id == OPTION_FROM ? &cli->from : &cli->until) = value;
        return true;
    case OPTION_MODE:
        return parse_mode(cli, value, err);
    case OPTION_DRY_RUN:
    case OPTION_YES:
        *(id == OPTION_YES ? &cli->is_yes : &cli->is_dry_run) = true;
        return true;
    case OPTION_ON_STOCKOUT:
        cli->on_stockout = value;
        return parse_stockout(value, err);
    case OPTION_HF_TOKEN_FILE:
        cli->hf_token_file = value;
        return true;
    case OPTION_HF_ENDPOINT:
    case OPTION_SKIP_HUB:
    case OPTION_FIX:
    case OPTION_TOOLS:
    case OPTION_DESPITE_DOCTOR:
        apply_to_preflight(cli, id, value);
        return true;
    case OPTION_DIR:
        cli->dir = value;
        return true;
    case OPTION_LISTEN:
        cli->listen = value;
        return true;
    case OPTION_BUILT:
    case OPTION_EMPTY:
        cli->is_empty = id == OPTION_EMPTY;
        return true;
    case OPTION_AUTO:
        cli->is_auto = true;
        cli->is_empty = true; /* it begins with nothing */
        return true;
    case OPTION_SPEED:
        return parse_speed(cli, value, err);
    case OPTION_SEED:
        return parse_seed(cli, value, err);
    case OPTION_REGIONS:
        return parse_int(name, value, 1, 1000, &cli->regions, err);
    case OPTION_PARAM:
        return add_param(cli, value, err);
    case OPTION_PARAM_FILE:
        cli->param_file = value;
        return true;
    case OPTION_SOURCE:
        cli->source = value;
        return true;
    case OPTION_AT:
        cli->at = value;
        return true;
    case OPTION_SEEDS:
        return parse_seeds(cli, value, err);
    case OPTION_HELP:
    case OPTION_VERSION:
        cli->command = id == OPTION_HELP ? CLI_COMMAND_HELP : CLI_COMMAND_VERSION;
        return true;
    case OPTION_COUNT:
        break;
    }
    TG_UNREACHABLE("an option outside the table");
}

static bool parse_option(struct cli *cli, const struct command_info *command, int argc, char **argv,
                         int *index, struct tg_err *err)
{
    const char *word = argv[*index] + 2;
    size_t len = strcspn(word, "=");
    for (size_t i = 0; i < TG_COUNT(options); i++) {
        if (strlen(options[i].name) != len || strncmp(options[i].name, word, len) != 0) {
            continue;
        }
        if (command->letter == 0 || strchr(options[i].commands, command->letter) == NULL) {
            return tg_err_set(err, TG_CODE_USAGE, 0, "--%s does not belong to 'tidegate %s'",
                              options[i].name, command->name);
        }
        bool has_value = word[len] == '=';
        const char *value = has_value ? word + len + 1 : NULL;
        if (options[i].argument[0] == '\0') {
            if (has_value) {
                return tg_err_set(err, TG_CODE_USAGE, 0, "--%s takes no argument", options[i].name);
            }
        } else if (!has_value) {
            if (*index + 1 >= argc) {
                return tg_err_set(err, TG_CODE_USAGE, 0, "--%s needs %s", options[i].name,
                                  options[i].argument);
            }
            value = argv[++*index];
        }
        return apply(cli, (enum option_id)i, value, err);
    }
    return tg_err_set(err, TG_CODE_USAGE, 0, "unknown option %s", argv[*index]);
}

static bool check_arguments(const struct cli *cli, struct tg_err *err)
{
    if (cli->command == CLI_COMMAND_DRILL && !tg_str_eq(cli->argument, "scale0")) {
        return tg_err_set(err, TG_CODE_USAGE, 0, "which drill? there is: scale0");
    }
    if (cli->command != CLI_COMMAND_DRILL && cli->argument != NULL) {
        return tg_err_set(err, TG_CODE_USAGE, 0, "unexpected word '%s'", cli->argument);
    }
    const char *word = cli->words_count > 0 ? cli->words[0] : "";
    bool needs_dir = !tg_str_eq(word, "params") && !tg_str_eq(word, "swarm");
    if (cli->command == CLI_COMMAND_SIM && cli->dir == NULL && needs_dir) {
        return tg_err_set(err, TG_CODE_USAGE, 0, "sim needs --dir DIR");
    }
    if (tg_str_eq(word, "fork") && cli->source == NULL) {
        return tg_err_set(err, TG_CODE_USAGE, 0,
                          "sim fork needs --source DIR, the world's that is forked");
    }
    return true;
}

bool cli_parse(struct cli *cli, int argc, char **argv, struct tg_err *err)
{
    *cli = (struct cli){.workers = 8,
                        .timeout_s = 10,
                        .seed = 1,
                        .regions = 2,
                        .color = "auto",
                        .seed_first = 1,
                        .seed_last = 20};
    const struct command_info *command = &commands[0];
    int index = 1;
    if (argc > 1 && argv[1][0] != '-') {
        command = command_by_name(argv[1]);
        if (command == NULL) {
            return tg_err_set(err, TG_CODE_USAGE, 0, "unknown command '%s'", argv[1]);
        }
        index = 2;
    }
    cli->command = command->command;
    for (; index < argc; index++) {
        if (tg_str_eq(argv[index], "-h")) {
            cli->command = CLI_COMMAND_HELP;
        } else if (tg_str_has_prefix(argv[index], "--")) {
            if (!parse_option(cli, command, argc, argv, &index, err)) {
                return false;
            }
        } else if (cli->command == CLI_COMMAND_SIM && cli->words_count < CLI_WORDS_MAX) {
            cli->words[cli->words_count++] = argv[index];
        } else if (argv[index][0] == '-' || cli->argument != NULL) {
            return tg_err_set(err, TG_CODE_USAGE, 0, "unexpected word '%s'", argv[index]);
        } else {
            cli->argument = argv[index];
        }
    }
    return check_arguments(cli, err);
}

void cli_print_help(FILE *out)
{
    fprintf(out, "%s\n\n",
            _("tidegate watches, breaks and heals a multi-cluster GKE inference gateway."));
    for (size_t i = 0; i < TG_COUNT(commands); i++) {
        char usage[64];
        snprintf(usage, sizeof(usage), "tidegate%s%s%s%s", commands[i].name[0] ? " " : "",
                 commands[i].name, commands[i].usage[0] ? " " : "", commands[i].usage);
        fprintf(out, "  %-24s %s\n", usage, _(commands[i].help));
    }
    for (size_t c = 0; c < TG_COUNT(commands); c++) {
        if (commands[c].letter == 0) {
            continue;
        }
        fprintf(out, "\ntidegate%s%s:\n", commands[c].name[0] ? " " : "", commands[c].name);
        for (size_t i = 0; i < TG_COUNT(options); i++) {
            if (strchr(options[i].commands, commands[c].letter) == NULL) {
                continue;
            }
            char option[48];
            snprintf(option, sizeof(option), "--%s%s%s", options[i].name,
                     options[i].argument[0] ? " " : "", options[i].argument);
            fprintf(out, "  %-24s %s\n", option, _(options[i].help));
        }
    }
    fprintf(out, "\n%s\n",
            _("Exit status: 0 done or PASS, 1 FAIL, 2 usage or configuration, 3 environment, "
              "4 aborted, 5 inconclusive."));
}
