/* app/swarm.c - plans, runs and shrinks. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "app/swarm.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/rig.h"
#include "app/swarm_check.h"
#include "base/assert.h"
#include "base/assets.h"
#include "base/rng.h"
#include "base/str.h"
#include "codec/lab_file.h"
#include "model/kind.h"
#include "model/select.h"
#include "sim/controllers.h"
#include "sim/front.h"
#include "sim/store.h"
#include "sim/truth.h"

#define QUANTUM_US      (500 * TG_US_PER_MS)
#define START_WALL_US   (INT64_C(1767225600) * TG_US_PER_S)
#define DRILL_AT_US     (60 * TG_US_PER_S)
#define FAULTS_FROM_S   20
#define FAULTS_UNTIL_US (900 * TG_US_PER_S)
#define HEAL_MAX_US     (5400 * TG_US_PER_S) /* a node comes in 35 min, a server boots in 30 */
#define OPERATOR_US     (1500 * TG_US_PER_S) /* an operator looks at a drill that takes so long */
#define QUIET_US        (200 * TG_US_PER_S)  /* the console's longest silence, and what follows */
#define DEPLOYMENT      "vllm-gemma"

/* ---- plans ---- */

/* Kinds that a swarm may pick, and the least and largest value that it gives; 0, 0: the kind's own.
 */
static const struct choice {
    enum sim_fault_kind kind;
    int64_t low;
    int64_t high;
    bool is_rated; /* strikes some of its occasions */
} choices[] = {
    {SIM_FAULT_STATUS, 500, 504, true},
    {SIM_FAULT_STATUS, 429, 429, true},
    {SIM_FAULT_TOKEN, 0, 0, true},
    {SIM_FAULT_DENY, 0, 0, true},
    {SIM_FAULT_DELAY, 100000, 20000000, true},
    {SIM_FAULT_STALL, 0, 0, true},
    {SIM_FAULT_TRICKLE, 1, 4000, true},
    {SIM_FAULT_TRUNCATE, 0, 4000, true},
    {SIM_FAULT_RESET, 0, 0, true},
    {SIM_FAULT_LOST, 0, 0, true},
    {SIM_FAULT_REFUSE, 0, 0, true},
    {SIM_FAULT_DNS, 0, 0, true},
    {SIM_FAULT_TLS, 0, 0, true},
    {SIM_FAULT_HEADERS, 1000, 70000, true},
    {SIM_FAULT_HTML, 0, 0, true},
    {SIM_FAULT_BOMB, 80000000, 120000000, true},
    {SIM_FAULT_MALFORMED, 0, 0, true},
    {SIM_FAULT_HUGE, 100000, 5000000, true},
    {SIM_FAULT_DEEP, 10, 3000, true},
    {SIM_FAULT_DUPLICATE_KEYS, 0, 0, true},
    {SIM_FAULT_NUMBERS, 0, 0, true},
    {SIM_FAULT_UTF8, 0, 0, true},
    {SIM_FAULT_CONTROLS, 0, 0, true},
    {SIM_FAULT_WRONG_KIND, 0, 0, true},
    {SIM_FAULT_LONG_LINE, 0, 0, true},
    {SIM_FAULT_BINARY, 0, 0, true},
    {SIM_FAULT_CUT, 0, 0, true},
    {SIM_FAULT_SILENCE, 0, 0, true},
    {SIM_FAULT_EXPIRE, 0, 0, true},
    {SIM_FAULT_REPEAT, 0, 0, true},
    {SIM_FAULT_REGION_DOWN, 0, 0, false},
    {SIM_FAULT_REGION_SLOW, 100000, 3000000, false},
    {SIM_FAULT_CONFIG_DOWN, 0, 0, false},
    {SIM_FAULT_RTT, 50000, 1000000, false},
    {SIM_FAULT_PARTITION, 0, 0, false},
    {SIM_FAULT_FIREWALL, 0, 0, false},
    {SIM_FAULT_PICKER, 0, 0, false},
    {SIM_FAULT_SLOW, 120, 2000, false},
    {SIM_FAULT_ZOMBIE, 0, 0, false},
    {SIM_FAULT_FLAP, 2000000, 60000000, false},
    {SIM_FAULT_NO_METRIC, 0, 0, false},
    {SIM_FAULT_LOAD, 500, 8000, false},
    {SIM_FAULT_GATEWAY, 0, 0, false},
    {SIM_FAULT_EXIT, 1, 139, true},
    {SIM_FAULT_KV_TOO_SMALL, 0, 0, true},
    {SIM_FAULT_EVICT, 0, 0, true},
    {SIM_FAULT_BUCKET, 0, 0, true},
    {SIM_FAULT_CLAIM, 0, 0, false},
    {SIM_FAULT_NODE_LOST, 0, 0, false},
    {SIM_FAULT_STOCKOUT, 0, 0, false},
    {SIM_FAULT_POD_KILL, 0, 0, false},
    {SIM_FAULT_CONTEST, 0, 0, false},
    {SIM_FAULT_RECREATE, 0, 0, false},
};

static void pick_fault(struct tg_rng *rng, int regions, size_t number, struct sim_fault_spec *spec)
{
    const struct choice *choice = &choices[tg_rng_below(rng, TG_COUNT(choices))];
    *spec = sim_fault_spec_of(choice->kind);
    snprintf(spec->id, sizeof(spec->id), "swarm-%zu", number);
    spec->after_us = tg_rng_between(rng, FAULTS_FROM_S, 500) * TG_US_PER_S;
    spec->duration_us = tg_rng_between(rng, 5, 300) * TG_US_PER_S;
    uint64_t place = tg_rng_below(rng, (uint64_t)regions + 2);
    if (place < (uint64_t)regions) {
        spec->region = (int)place;
    } else if (sim_fault_info(choice->kind)->place == SIM_FAULT_PLACE_RESPONSE) {
        spec->region = place == (uint64_t)regions ? SIM_SERVER_GCP : SIM_FAULT_EVERY;
    }
    int64_t rate_ppm = tg_rng_between(rng, 1, 20) * 50000;
    spec->rate_ppm = choice->is_rated ? rate_ppm : 0;
    int64_t value = tg_rng_between(rng, choice->low, choice->high);
    spec->has_value = choice->high > 0;
    spec->value = value;
    int64_t times = tg_rng_between(rng, 1, 40);
    spec->times = choice->is_rated && tg_rng_chance(rng, 300000) ? times : 0;
}

void tg_swarm_plan(uint64_t seed, struct tg_swarm_plan *plan)
{
    struct tg_rng rng = tg_rng_named(seed, "swarm");
    *plan = (struct tg_swarm_plan){.seed = seed};
    plan->regions = tg_rng_chance(&rng, 700000) ? 2 : (int)tg_rng_between(&rng, 3, 5);
    plan->has_drill = tg_rng_chance(&rng, 800000);
    plan->faults_count = (size_t)tg_rng_between(&rng, 1, 10);
    for (size_t i = 0; i < plan->faults_count; i++) {
        pick_fault(&rng, plan->regions, i, &plan->faults[i]);
    }
}

static void put_time(struct tg_buf *out, const char *word, int64_t time_us)
{
    bool is_whole = time_us % TG_US_PER_S == 0;
    tg_buf_printf(out, " %s=%" PRId64 "%s", word, is_whole ? time_us / TG_US_PER_S : time_us,
                  is_whole ? "s" : "us");
}

void tg_swarm_fault_text(const struct sim_fault_spec *spec, struct tg_buf *out)
{
    const struct sim_fault_info *info = sim_fault_info(spec->kind);
    tg_buf_printf(out, "%s id=%s", info->name, spec->id);
    if (spec->region >= 0) {
        tg_buf_printf(out, " region=%d", spec->region);
    } else {
        tg_buf_printf(out, " region=%s",
                      spec->region == SIM_SERVER_GCP    ? "gcp"
                      : spec->region == SIM_FAULT_EVERY ? "all"
                                                        : "clusters");
    }
    if (spec->has_value && info->unit == SIM_FAULT_UNIT_TIME) {
        put_time(out, "value", spec->value);
    } else if (spec->has_value) {
        tg_buf_printf(out, " value=%" PRId64, spec->value);
    }
    put_time(out, "after", spec->after_us);
    put_time(out, "for", spec->duration_us);
    if (spec->rate_ppm > 0) {
        tg_buf_printf(out, " rate=%" PRId64 ".%04" PRId64 "%%", spec->rate_ppm / 10000,
                      spec->rate_ppm % 10000);
    }
    if (spec->times > 0) {
        tg_buf_printf(out, " times=%" PRId64, spec->times);
    }
}

/* ---- runs ---- */

struct run {
    const struct tg_swarm_plan *plan;
    const struct tg_swarm_config *config;
    struct tg_swarm_result *result;
    struct tg_rig *rig;
    struct sim_world *world;
    struct tg_swarm_check check;
};

static bool break_at(struct run *run, const char *broken)
{
    if (run->result->broken[0] == '\0') {
        tg_str_copy(run->result->broken, sizeof(run->result->broken), broken);
        run->result->at_us = sim_world_now_us(run->world);
    }
    return false;
}

/* Lets time pass; false when an invariant of the world broke. */
static bool pass(struct run *run, int64_t duration_us)
{
    tg_rig_run(run->rig, duration_us, NULL);
    const char *broken = sim_world_broken(run->world);
    return run->result->broken[0] == '\0' && (broken == NULL || break_at(run, broken));
}

static bool on_step(void *context)
{
    struct run *run = context;
    if (run->config->meddle != NULL) {
        run->config->meddle(run->config->context, run->check.app);
    }
    const char *broken = tg_swarm_check_step(&run->check);
    return broken == NULL || break_at(run, broken);
}

static int64_t replicas(struct run *run)
{
    struct sim_store *store = sim_region_store(sim_world_region(run->world, 0));
    const json_t *deployment =
        sim_store_get(store, sim_resource_find("apps", "v1", "deployments"), "default", DEPLOYMENT);
    return json_integer_value(json_object_get(json_object_get(deployment, "spec"), "replicas"));
}

static bool are_all_serving(struct run *run)
{
    for (int r = 0; r < run->plan->regions; r++) {
        if (!sim_truth_is_in_rotation(run->world, r)) {
            return false;
        }
    }
    return true;
}

static bool is_contested(const struct tg_swarm_plan *plan)
{
    for (size_t i = 0; i < plan->faults_count; i++) {
        if (plan->faults[i].kind == SIM_FAULT_CONTEST ||
            plan->faults[i].kind == SIM_FAULT_RECREATE) {
            return true;
        }
    }
    return false;
}

static bool check_drill(struct run *run)
{
    const struct tg_app *app = tg_rig_app(run->rig);
    const struct tg_drill *drill = app->drill;
    if (drill == NULL || !tg_drill_is_over(drill)) {
        return true;
    }
    const struct tg_availability *whole = &drill->score.whole;
    size_t counted = whole->ok + whole->fail + whole->late + whole->lost + whole->skipped;
    if (drill->score.verdict == TG_VERDICT_PASS && counted == 0) {
        return break_at(run, "a drill passes without a slot that was counted");
    }
    if (counted > drill->trace.count) {
        return break_at(run, "a drill counts more slots than were due");
    }
    if (drill->score.verdict == TG_VERDICT_PASS && replicas(run) != 1 && !is_contested(run->plan)) {
        return break_at(run, "a drill passed and left other replicas than it found");
    }
    return true;
}

/* What an operator does next: a Deployment that somebody made anew is not the drill's to touch, so
 * the operator scales it and says so; a drill that goes on is told to end. */
static void finish_drill(struct run *run)
{
    struct tg_app *app = tg_rig_app(run->rig);
    struct tg_err err = TG_ERR_INIT;
    if (app->drill != NULL && app->drill->state == TG_DRILL_NEEDS_RESTORE) {
        struct sim_fault_spec spec = sim_fault_spec_of(SIM_FAULT_SCALE);
        spec.value = 1;
        spec.has_value = true;
        spec.region = 0;
        sim_fault_add(run->world, &spec, &err);
        run->check.is_waived = tg_app_waive(app, "operator", &err);
    } else if (app->drill != NULL && !tg_drill_is_over(app->drill)) {
        tg_app_drill_abort(app, "operator");
    }
}

static bool heal(struct run *run)
{
    int64_t start_us = sim_world_now_us(run->world);
    int64_t told_us = start_us;
    run->result->healed_us = -1;
    while (sim_world_now_us(run->world) - start_us < HEAL_MAX_US) {
        if (!pass(run, 10 * TG_US_PER_S) || !check_drill(run)) {
            return false;
        }
        const struct tg_app *app = tg_rig_app(run->rig);
        bool is_drill_over = app->drill == NULL || tg_drill_is_over(app->drill);
        if (are_all_serving(run) && is_drill_over && replicas(run) > 0) {
            run->result->healed_us = sim_world_now_us(run->world) - start_us;
            return true;
        }
        if (sim_world_now_us(run->world) - told_us > OPERATOR_US) {
            told_us = sim_world_now_us(run->world);
            finish_drill(run);
        }
    }
    const struct tg_app *app = tg_rig_app(run->rig);
    if (app->drill != NULL && !tg_drill_is_over(app->drill)) {
        return break_at(run, "a drill does not end after the faults are over");
    }
    return break_at(run, replicas(run) == 0 ? "a region stays scaled to zero after a drill"
                                            : "a region does not heal after the faults are over");
}

/* After a quiet while the console shows the Pods that are there, no more and no less. */
static bool check_view(struct run *run)
{
    if (!pass(run, QUIET_US)) {
        return false;
    }
    const struct tg_model *model = tg_rig_app(run->rig)->model;
    for (int r = 0; r < run->plan->regions; r++) {
        struct sim_store *store = sim_region_store(sim_world_region(run->world, r));
        size_t there = sim_store_count(store, sim_resource_by_plural("pods"));
        size_t seen = 0;
        const struct tg_target *target = tg_model_target(model, r);
        seen = target->kinds[TG_KIND_POD].store.count;
        if (seen != there) {
            return break_at(run, "the console shows other Pods than there are");
        }
    }
    return true;
}

static bool go(struct run *run)
{
    struct tg_app *app = tg_rig_app(run->rig);
    struct tg_err err = TG_ERR_INIT;
    if (!pass(run, DRILL_AT_US)) {
        return false;
    }
    if (run->plan->has_drill && run->config->journal != NULL) {
        tg_app_drill_start(app, tg_app_primary_target(app), &err); /* refused: no drill then */
    }
    while (sim_world_now_us(run->world) < FAULTS_UNTIL_US) {
        if (!pass(run, 10 * TG_US_PER_S) || !check_drill(run)) {
            return false;
        }
    }
    sim_fault_clear(run->world);
    return heal(run) && check_view(run);
}

static struct tg_lab *built_in_lab(void)
{
    struct tg_err err = TG_ERR_INIT;
    const struct tg_asset *asset = tg_asset_get("labs/gemma-two-region.yaml");
    struct tg_lab *lab = tg_lab_parse(asset->path, asset->text, asset->len, &err);
    tg_assert(lab != NULL);
    return lab;
}

static void remove_journal(const char *path)
{
    static const char *const endings[] = {"", "-wal", "-shm", ".lock"};
    for (size_t i = 0; path != NULL && i < TG_COUNT(endings); i++) {
        char name[1024];
        snprintf(name, sizeof(name), "%s%s", path, endings[i]);
        remove(name);
    }
}

static void run_plan(struct run *run, struct tg_swarm_result *result)
{
    struct tg_err err = TG_ERR_INIT;
    sim_world_stop_when_broken(run->world);
    for (size_t i = 0; i < run->plan->faults_count; i++) {
        const struct sim_fault *fault = sim_fault_add(run->world, &run->plan->faults[i], &err);
        tg_assert(fault != NULL);
    }
    if (run->config->prepare != NULL) {
        run->config->prepare(run->config->context, run->world);
    }
    result->is_ok = go(run);
    result->lag_us = run->check.lag_us;
    const struct tg_drill *drill = tg_rig_app(run->rig)->drill;
    result->verdict = drill == NULL ? TG_VERDICT_OPEN : drill->score.verdict;
    result->trace_hash = sim_world_trace_hash(run->world);
    result->events = sim_world_event_count(run->world);
    if (result->is_ok) {
        result->at_us = sim_world_now_us(run->world);
    }
}

struct tg_swarm_result tg_swarm_run(const struct tg_swarm_plan *plan,
                                    const struct tg_swarm_config *config)
{
    struct tg_err err = TG_ERR_INIT;
    struct tg_swarm_result result = {.is_ok = false, .healed_us = -1};
    struct tg_rig_config rig = {.world = {.seed = plan->seed,
                                          .regions = plan->regions,
                                          .is_built = true,
                                          .start_wall_us = START_WALL_US,
                                          .params = config->params},
                                .lab = built_in_lab(),
                                .journal = plan->has_drill ? config->journal : NULL,
                                .quantum_us = QUANTUM_US};
    remove_journal(config->journal);
    struct run run = {.plan = plan, .config = config, .result = &result};
    rig.on_step = on_step;
    rig.context = &run;
    run.rig = tg_rig_new(&rig, &err);
    if (run.rig == NULL) {
        snprintf(result.broken, sizeof(result.broken), "the world does not start: %.200s", err.msg);
        return result;
    }
    run.world = tg_rig_world(run.rig);
    run.check = (struct tg_swarm_check){.world = run.world, .app = tg_rig_app(run.rig)};
    run_plan(&run, &result);
    tg_rig_free(run.rig);
    remove_journal(config->journal);
    return result;
}

/* ---- shrinking ---- */

static bool still_breaks(const struct tg_swarm_plan *plan, const struct tg_swarm_config *config,
                         const char *broken, int *runs)
{
    ++*runs;
    struct tg_swarm_result result = tg_swarm_run(plan, config);
    return !result.is_ok && tg_str_eq(result.broken, broken);
}

/* The plan without count faults from first on. */
static struct tg_swarm_plan without(const struct tg_swarm_plan *plan, size_t first, size_t count)
{
    struct tg_swarm_plan smaller = *plan;
    smaller.faults_count -= count;
    memmove(&smaller.faults[first], &plan->faults[first + count],
            (plan->faults_count - first - count) * sizeof(plan->faults[0]));
    return smaller;
}

int tg_swarm_shrink(struct tg_swarm_plan *plan, const struct tg_swarm_config *config,
                    const char *broken)
{
    int runs = 0;
    for (size_t size = (plan->faults_count + 1) / 2; size > 0 && plan->faults_count > 0;) {
        bool is_smaller = false;
        for (size_t first = 0; first < plan->faults_count;) {
            size_t left = plan->faults_count - first;
            struct tg_swarm_plan smaller = without(plan, first, size < left ? size : left);
            if (still_breaks(&smaller, config, broken, &runs)) {
                *plan = smaller;
                is_smaller = true;
            } else {
                first += size;
            }
        }
        if (size > 1) {
            size = (size + 1) / 2;
        } else if (!is_smaller) {
            break;
        }
    }
    return runs;
}
