/* command_swarm.c - `tidegate sim swarm`: one world for each seed, with the faults that the seed
 * picks; what breaks is shrunk and printed as commands. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/swarm.h"
#include "base/i18n.h"
#include "base/json_out.h"
#include "base/mem.h"
#include "commands.h"

#define LINE_BYTES_MAX (64 * 1024)

static void put_plan(const struct tg_swarm_plan *plan, struct tg_json_out *json)
{
    tg_json_open(json, "faults", '[');
    for (size_t i = 0; i < plan->faults_count; i++) {
        struct tg_buf text;
        tg_buf_init(&text, LINE_BYTES_MAX);
        tg_swarm_fault_text(&plan->faults[i], &text);
        tg_json_put_text(json, NULL, tg_buf_text(&text));
        tg_buf_fini(&text);
    }
    tg_json_close(json, ']');
}

static void print_json(const struct tg_swarm_plan *plan, const struct tg_swarm_result *result,
                       int runs)
{
    char hash[24];
    char seed[24];
    struct tg_buf line;
    tg_buf_init(&line, LINE_BYTES_MAX);
    struct tg_json_out json = {&line, false};
    snprintf(hash, sizeof(hash), "%016" PRIx64, result->trace_hash);
    snprintf(seed, sizeof(seed), "%" PRIu64, plan->seed);
    tg_json_open(&json, NULL, '{');
    tg_json_put_text(&json, "seed", seed);
    tg_json_put_int(&json, "regions", plan->regions);
    tg_json_put_bool(&json, "drill", plan->has_drill);
    tg_json_put_bool(&json, "ok", result->is_ok);
    tg_json_put_text(&json, "broken", result->broken);
    tg_json_put_seconds(&json, "at_s", result->at_us);
    tg_json_put_seconds(&json, "healed_s", result->healed_us);
    tg_json_put_seconds(&json, "lag_s", result->lag_us);
    tg_json_put_text(&json, "verdict", tg_verdict_name(result->verdict));
    tg_json_put_text(&json, "trace", hash);
    tg_json_put_int(&json, "shrink_runs", runs);
    put_plan(plan, &json);
    tg_json_close(&json, '}');
    puts(tg_buf_text(&line));
    fflush(stdout);
    tg_buf_fini(&line);
}

static void print_failure(const struct tg_swarm_plan *plan, const struct tg_swarm_result *result,
                          int runs)
{
    printf(_("seed %llu breaks at %lld s: %s\n"), (unsigned long long)plan->seed,
           (long long)(result->at_us / TG_US_PER_S), result->broken);
    printf(_("  shrunk to %zu faults in %d runs; %d regions, %s:\n"), plan->faults_count, runs,
           plan->regions, plan->has_drill ? _("with a drill") : _("without a drill"));
    for (size_t i = 0; i < plan->faults_count; i++) {
        struct tg_buf text;
        tg_buf_init(&text, LINE_BYTES_MAX);
        tg_swarm_fault_text(&plan->faults[i], &text);
        printf("    tidegate sim fault add %s\n", tg_buf_text(&text));
        tg_buf_fini(&text);
    }
    fflush(stdout);
}

/* Runs one seed; true when all held. */
static bool run_seed(const struct cli *cli, uint64_t seed, const struct tg_swarm_config *config)
{
    struct tg_swarm_plan plan;
    int runs = 0;
    tg_swarm_plan(seed, &plan);
    struct tg_swarm_result result = tg_swarm_run(&plan, config);
    if (!result.is_ok) {
        runs = tg_swarm_shrink(&plan, config, result.broken);
    }
    if (cli->is_json) {
        print_json(&plan, &result, runs);
    } else if (!result.is_ok) {
        print_failure(&plan, &result, runs);
    }
    return result.is_ok;
}

int command_swarm(const struct cli *cli)
{
    struct tg_err err = TG_ERR_INIT;
    struct sim_params params;
    char dir[] = "/tmp/tidegate-swarm-XXXXXX";
    sim_params_init(&params);
    if (!command_params(cli, &params, &err)) {
        return command_fail(&err);
    }
    if (mkdtemp(dir) == NULL) {
        tg_err_set(&err, TG_CODE_IO, 0, "%s", dir);
        return command_fail(&err);
    }
    command_watch_signals();
    char *journal = tg_asprintf("%s/journal.db", dir);
    struct tg_swarm_config config = {.params = &params, .journal = journal};
    uint64_t failed = 0;
    uint64_t done = 0;
    for (uint64_t seed = cli->seed_first; command_signal_count() == 0; seed++) {
        failed += run_seed(cli, seed, &config) ? 0 : 1;
        done++;
        if (seed == cli->seed_last) {
            break;
        }
    }
    if (!cli->is_json) {
        printf(_("%llu seeds, %llu broke what must hold.\n"), (unsigned long long)done,
               (unsigned long long)failed);
    }
    rmdir(dir);
    free(journal);
    return failed > 0                   ? CLI_EXIT_FAILED
           : command_signal_count() > 0 ? CLI_EXIT_ABORTED
                                        : CLI_EXIT_OK;
}
