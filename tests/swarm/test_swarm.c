/* swarm/test_swarm.c - a small swarm must hold; a planted bug must be found and shrunk to what it
 * takes; and each invariant between console, journal and world must see what breaks it. A plain
 * program: it reports in TAP. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/swarm.h"
#include "base/assert.h"
#include "base/clock.h"
#include "base/str.h"
#include "codec/json.h"
#include "sim/behaviour.h"
#include "sim/controllers.h"
#include "sim/json_path.h"
#include "sim/pod.h"
#include "sim/store.h"
#include "sim/vllm.h"

#define SEEDS_DEFAULT 24
#define SEEDS_MAX     100000
#define BUG_SEEDS_MAX 400
#define SHRUNK_TO_MAX 2

#define OUTPUT "--output=tap:" /* as Criterion's programs are told (tests/run-criterion) */

static FILE *out;
static int count;
static int failed;

static void report(bool is_ok, const char *what)
{
    count++;
    failed += is_ok ? 0 : 1;
    fprintf(out, "%s %d - %s\n", is_ok ? "ok" : "not ok", count, what);
}

static void say(const struct tg_swarm_plan *plan, const struct tg_swarm_result *result)
{
    fprintf(out, "# seed %llu at %lld s: %s\n", (unsigned long long)plan->seed,
            (long long)(result->at_us / TG_US_PER_S), result->broken);
    for (size_t i = 0; i < plan->faults_count; i++) {
        struct tg_buf text;
        tg_buf_init(&text, 65536);
        tg_swarm_fault_text(&plan->faults[i], &text);
        fprintf(out, "#   %s\n", tg_buf_text(&text));
        tg_buf_fini(&text);
    }
}

static int64_t seeds_wanted(void)
{
    const char *text = getenv("SEEDS");
    int64_t seeds = SEEDS_DEFAULT;
    if (text != NULL) {
        tg_str_to_int64(text, 1, SEEDS_MAX, &seeds);
    }
    return seeds;
}

static void run_swarm(const struct tg_swarm_config *config)
{
    bool is_ok = true;
    int64_t seeds = seeds_wanted();
    for (int64_t seed = 1; seed <= seeds; seed++) {
        struct tg_swarm_plan plan;
        tg_swarm_plan((uint64_t)seed, &plan);
        struct tg_swarm_result result = tg_swarm_run(&plan, config);
        if (!result.is_ok) {
            tg_swarm_shrink(&plan, config, result.broken);
            say(&plan, &result);
            is_ok = false;
        }
    }
    report(is_ok, "what must hold holds in every seed's world");
}

static void run_twice(const struct tg_swarm_config *config)
{
    struct tg_swarm_plan plan;
    tg_swarm_plan(4, &plan);
    struct tg_swarm_result a = tg_swarm_run(&plan, config);
    struct tg_swarm_result b = tg_swarm_run(&plan, config);
    report(a.trace_hash == b.trace_hash && a.events == b.events && a.verdict == b.verdict,
           "the same seed gives the same world");
}

/* ---- the planted bug ---- */

/* When a Pod of a model server is evicted, its ReplicaSet is taken away under it: as a controller
 * would that mistakes one for the other. Nobody collects the orphan, and the checkers see it. */
static void mistake(void *context, struct sim_store *store, const struct sim_change *change)
{
    (void)context;
    if (change->type != SIM_MODIFIED || change->resource != sim_resource_find("", "v1", "pods") ||
        !tg_str_eq(sim_json_text(change->object, "status.reason"), "Evicted")) {
        return;
    }
    json_t *next = json_deep_copy(change->object);
    json_t *owner =
        json_array_get(json_object_get(json_object_get(next, "metadata"), "ownerReferences"), 0);
    if (owner == NULL || tg_str_eq(sim_json_text(owner, "name"), "lost")) {
        json_decref(next);
        return;
    }
    json_object_set_new(owner, "name", json_string("lost"));
    sim_store_update(store, change->resource, next, NULL);
}

static void plant(void *context, struct sim_world *world)
{
    (void)context;
    for (int r = 0; r < sim_world_region_count(world); r++) {
        sim_store_observe(sim_region_store(sim_world_region(world, r)), mistake, NULL);
    }
}

static bool is_about_eviction(const struct tg_swarm_plan *plan)
{
    for (size_t i = 0; i < plan->faults_count; i++) {
        if (plan->faults[i].kind == SIM_FAULT_EVICT) {
            return true;
        }
    }
    return false;
}

static void find_planted(const struct tg_swarm_config *clean)
{
    struct tg_swarm_config config = *clean;
    config.prepare = plant;
    for (uint64_t seed = 1; seed <= BUG_SEEDS_MAX; seed++) {
        struct tg_swarm_plan plan;
        tg_swarm_plan(seed, &plan);
        if (!is_about_eviction(&plan) || plan.faults_count < 4) {
            continue; /* the others cannot meet it; this saves their time only */
        }
        struct tg_swarm_result result = tg_swarm_run(&plan, &config);
        if (result.is_ok) {
            continue;
        }
        size_t before = plan.faults_count;
        int runs = tg_swarm_shrink(&plan, &config, result.broken);
        fprintf(out, "# seed %llu: %zu faults shrunk to %zu in %d runs\n", (unsigned long long)seed,
                before, plan.faults_count, runs);
        say(&plan, &result);
        report(tg_str_eq(result.broken, "a Pod outlives its owner and nobody collects it"),
               "a planted bug is found");
        report(plan.faults_count <= SHRUNK_TO_MAX && is_about_eviction(&plan),
               "and shrunk to the faults that it takes");
        report(tg_swarm_run(&plan, clean).is_ok, "without the bug the same faults break nothing");
        return;
    }
    report(false, "a planted bug is found");
}

/* ---- one planted violation for each invariant ---- */

static const char *journal_path;

/* A block of the cache is forgotten when a sequence ends. */
static void leak_block(struct sim_world *world, void *data)
{
    (void)data;
    const struct sim_region *region = sim_world_region(world, 0);
    for (const struct tg_map_node *n = tg_map_first(region->pods); n; n = tg_map_next(n)) {
        const struct sim_pod *pod = tg_map_node_value(n);
        if (pod->vllm != NULL) {
            ++*sim_vllm_blocks_used(pod->vllm);
        }
    }
}

static void plant_leak(void *context, struct sim_world *world)
{
    (void)context;
    sim_world_at(world, 90 * TG_US_PER_S, 0, leak_block, NULL, NULL);
}

static void mark(struct sim_store *store, const char *name, const char *drill)
{
    const struct sim_resource *deployments = sim_resource_find("apps", "v1", "deployments");
    json_t *next = json_deep_copy(sim_store_get(store, deployments, "default", name));
    json_t *annotations = sim_json_make_object(json_object_get(next, "metadata"), "annotations");
    json_object_set_new(annotations, "tidegate.dev/drill", json_string(drill));
    sim_store_update(store, deployments, next, NULL);
}

/* Another console begins a drill on the other region as soon as there is one. */
static void begin_second(void *context, struct sim_store *store, const struct sim_change *change)
{
    struct sim_world *world = context;
    (void)store;
    const json_t *annotations = sim_json_at(change->object, "metadata.annotations");
    if (json_object_get(annotations, "tidegate.dev/drill") != NULL) {
        mark(sim_region_store(sim_world_region(world, 1)), "vllm-gemma", "scale0-of-another");
    }
}

static void plant_second(void *context, struct sim_world *world)
{
    (void)context;
    sim_store_observe(sim_region_store(sim_world_region(world, 0)), begin_second, world);
}

/* Takes the rollout for the proof. */
static void boast(void *context, struct tg_app *app)
{
    (void)context;
    if (app->drill != NULL && app->drill->trace.restore_acked_us > 0 &&
        app->drill->trace.restored_us == 0) {
        app->drill->trace.restored_us = tg_app_lab_us(app);
    }
}

static void change_journal(const char *sql)
{
    sqlite3 *database = NULL;
    int result = sqlite3_open(journal_path, &database);
    tg_assert(result == SQLITE_OK);
    result = sqlite3_exec(database, sql, NULL, NULL, NULL);
    tg_assert(result == SQLITE_OK);
    sqlite3_close(database);
}

/* Acts before what it does is written down. */
static void forget_intent(void *context, struct tg_app *app)
{
    (void)context;
    if (app->drill != NULL && tg_drill_holds_fault(app->drill)) {
        change_journal("DELETE FROM record WHERE kind='INTENT'");
    }
}

static void spoil_plan(void *context, struct tg_app *app)
{
    (void)context;
    if (app->drill != NULL && app->drill->state == TG_DRILL_BASELINE) {
        change_journal("UPDATE record SET payload='{}' WHERE kind='PLAN'");
    }
}

static void find_each(const struct tg_swarm_config *clean)
{
    static const struct {
        const char *broken;
        void (*prepare)(void *context, struct sim_world *world);
        void (*meddle)(void *context, struct tg_app *app);
    } plants[] = {
        {"the blocks of a KV cache that are in use are not those of its sequences", plant_leak,
         NULL},
        {"two drills are open in one fleet", plant_second, NULL},
        {"the console says restored, and the region does not serve", NULL, boast},
        {"a drill changed the world, and the journal does not know", NULL, forget_intent},
        {"the journal, cut after a record, does not lead back", NULL, spoil_plan},
    };
    const struct tg_swarm_plan plan = {.seed = 1, .regions = 2, .has_drill = true};
    report(tg_swarm_run(&plan, clean).is_ok, "a drill in peace breaks nothing");
    for (size_t i = 0; i < TG_COUNT(plants); i++) {
        struct tg_swarm_config config = *clean;
        config.prepare = plants[i].prepare;
        config.meddle = plants[i].meddle;
        struct tg_swarm_result result = tg_swarm_run(&plan, &config);
        if (!tg_str_eq(result.broken, plants[i].broken)) {
            say(&plan, &result);
        }
        report(tg_str_eq(result.broken, plants[i].broken), plants[i].broken);
    }
}

int main(int argc, char **argv)
{
    out = stdout;
    for (int i = 1; i < argc; i++) {
        if (tg_str_has_prefix(argv[i], OUTPUT)) {
            out = fopen(argv[i] + strlen(OUTPUT), "w");
        }
    }
    tg_assert(out != NULL);
    char dir[] = "/tmp/tidegate-test-XXXXXX";
    char journal[128];
    if (mkdtemp(dir) == NULL) {
        return 99;
    }
    snprintf(journal, sizeof(journal), "%s/journal.db", dir);
    tg_json_setup();
    journal_path = journal;
    struct tg_swarm_config config = {.journal = journal};
    run_swarm(&config);
    run_twice(&config);
    find_planted(&config);
    find_each(&config);
    rmdir(dir);
    fprintf(out, "1..%d\n", count);
    if (out != stdout) {
        fclose(out);
    }
    return failed == 0 ? 0 : 1;
}
