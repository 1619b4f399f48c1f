/* command_sim.c - `tidegate sim`: serves a simulated world, its own or a fork of another, until it
 * is told to end; and prints the numbers that it assumes. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/world_control.h"
#include "base/i18n.h"
#include "base/mem.h"
#include "base/str.h"
#include "codec/json.h"
#include "codec/yaml.h"
#include "commands.h"
#include "io/clock_real.h"
#include "io/read_file.h"
#include "io/sig.h"
#include "sim/params.h"
#include "sim/script.h"
#include "sim/server.h"

#define FILE_BYTES_MAX   (1024 * 1024)
#define SCRIPT_BYTES_MAX (256 * 1024 * 1024)

/* ---- parameters ---- */

static bool set_from_node(const char *path, const char *name, const struct tg_yaml_node *node,
                          struct sim_params *params, struct tg_err *err)
{
    struct tg_err why = TG_ERR_INIT;
    if (node->kind == TG_YAML_SCALAR) {
        return sim_params_set_text(params, name, node->text, &why) ||
               tg_yaml_fail(path, node, err, "%s", why.msg);
    }
    /* in the form of assets/sim: parts, and words about them */
    static const char *const parts[] = {"value", "median", "p95", "cap", "low", "high"};
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        const char *text = tg_yaml_text(node, parts[i]);
        char *part = i == 0 ? tg_strdup(name) : tg_asprintf("%s.%s", name, parts[i]);
        bool is_ok = text == NULL || sim_params_set_text(params, part, text, &why);
        free(part);
        if (!is_ok) {
            return tg_yaml_fail(path, node, err, "%s", why.msg);
        }
    }
    return true;
}

static bool set_from_file(const char *path, struct sim_params *params, struct tg_err *err)
{
    size_t len = 0;
    char *text = tg_read_file(path, FILE_BYTES_MAX, &len, err);
    struct tg_yaml *yaml = text == NULL ? NULL : tg_yaml_parse(path, text, len, err);
    free(text);
    if (yaml == NULL) {
        return false;
    }
    const struct tg_yaml_node *root = tg_yaml_root(yaml);
    bool is_ok = root->kind == TG_YAML_MAP || tg_yaml_fail(path, root, err, "parameters are a map");
    for (size_t i = 0; i < root->count && is_ok; i++) {
        is_ok = set_from_node(path, root->keys[i]->text, root->items[i], params, err);
    }
    tg_yaml_free(yaml);
    return is_ok;
}

bool command_params(const struct cli *cli, struct sim_params *params, struct tg_err *err)
{
    if (cli->param_file != NULL && !set_from_file(cli->param_file, params, err)) {
        return false;
    }
    for (size_t i = 0; i < cli->params_count; i++) {
        const char *word = cli->params[i];
        size_t len = strcspn(word, "=");
        char *name = tg_strndup(word, len);
        bool is_ok = word[len] == '=' ? sim_params_set_text(params, name, word + len + 1, err)
                                      : tg_err_set(err, TG_CODE_USAGE, 0,
                                                   "--param: '%s' is not NAME=VALUE", word);
        free(name);
        if (!is_ok) {
            err->code = TG_CODE_USAGE;
            return false;
        }
    }
    return true;
}

/* The defaults, with what the command line overrides. */
static int print_params(const struct cli *cli)
{
    struct tg_err err = TG_ERR_INIT;
    struct sim_params params;
    sim_params_init(&params);
    if (!command_params(cli, &params, &err)) {
        return command_fail(&err);
    }
    for (const struct sim_param_info *info = sim_param_table; info->name != NULL; info++) {
        printf("%-34s %14" PRId64 " %-9s %c %s\n", info->name, sim_params_get(&params, info),
               info->unit, info->confidence, info->source);
    }
    return CLI_EXIT_OK;
}

/* ---- forks ---- */

struct fork_source {
    struct tg_buf script;
    char *project;
    int64_t until_us;
};

/* Asks the world in --source for its script up to --at, and takes its configuration. */
static bool take_fork(const struct cli *cli, struct fork_source *fork, struct sim_config *world,
                      struct sim_params *params, struct tg_err *err)
{
    int status = 0;
    char *path = cli->at == NULL ? tg_strdup("/tidegate.dev/v1/script")
                                 : tg_asprintf("/tidegate.dev/v1/script?at=%s", cli->at);
    bool is_ok = command_ask_world(cli->source, "GET", path, NULL, &fork->script, &status, err);
    free(path);
    const char *text = tg_buf_text(&fork->script);
    size_t len = fork->script.len;
    struct tg_json document;
    if (!is_ok || !tg_json_parse(text, len, NULL, &document, err)) {
        return false;
    }
    fork->until_us = tg_json_int(document.root, "untilUs", 0);
    if (status != 200) {
        tg_err_set(err, TG_CODE_INVALID, status, "%s",
                   tg_json_text(document.root, "error/message"));
    } else if (!tg_json_bool(document.root, "exact")) {
        fprintf(stderr, "%s\n",
                _("A session of exec or port-forward is not in the script: the fork is like the "
                  "world, not equal to it."));
    }
    tg_json_release(&document);
    return status == 200 && sim_script_config(text, len, world, params, &fork->project, err);
}

/* ---- serving ---- */

static int serve(const struct cli *cli, const struct sim_server_config *config)
{
    struct tg_err err = TG_ERR_INIT;
    command_watch_signals();
    struct sim_server *server = sim_server_start(config, &err);
    if (server == NULL) {
        return command_fail(&err);
    }
    printf("ready: kubectl --kubeconfig %s get pods; Google Cloud at %s; environment in %s/env\n",
           sim_server_kubeconfig_path(server), sim_server_gcp_url(server), cli->dir);
    fflush(stdout);
    while (command_signal_count() == 0) {
        command_wait_signal(-1);
    }
    sim_server_stop(server);
    return CLI_EXIT_OK;
}

static int serve_world(const struct cli *cli, bool is_fork)
{
    struct tg_err err = TG_ERR_INIT;
    struct tg_clock clock = tg_clock_real();
    struct sim_params params;
    struct fork_source fork = {.project = NULL};
    tg_buf_init(&fork.script, SCRIPT_BYTES_MAX);
    sim_params_init(&params);
    struct sim_server_config config = {
        .world = {.seed = cli->seed,
                  .regions = cli->regions,
                  .is_built = !cli->is_empty,
                  .start_wall_us = tg_clock_wall_us(&clock)},
        .dir = cli->dir,
        .listen = cli->listen != NULL ? cli->listen : "127.0.0.1:0",
        .speed = cli->speed > 0 ? cli->speed : 1.0,
        .clock = clock,
    };
    bool is_ok = !is_fork || take_fork(cli, &fork, &config.world, &params, &err);
    is_ok = is_ok && command_params(cli, &params, &err);
    config.world.params = &params;
    if (is_fork) {
        config.script = tg_buf_text(&fork.script);
        config.script_len = fork.script.len;
        config.script_until_us = fork.until_us;
    }
    int status = is_ok ? serve(cli, &config) : command_fail(&err);
    tg_buf_fini(&fork.script);
    free(fork.project);
    return status;
}

int command_sim(const struct cli *cli)
{
    const char *word = cli->words_count > 0 ? cli->words[0] : "";
    if (word[0] == '\0' || tg_str_eq(word, "fork")) {
        return serve_world(cli, word[0] != '\0');
    }
    if (tg_str_eq(word, "params") && cli->dir == NULL) {
        return print_params(cli);
    }
    if (tg_str_eq(word, "swarm")) {
        return command_swarm(cli);
    }
    return command_world(cli);
}
