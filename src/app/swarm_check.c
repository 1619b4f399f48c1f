/* app/swarm_check.c - the console's word against the world's truth. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "app/swarm_check.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/str.h"
#include "plan/record.h"
#include "sim/controllers.h"
#include "sim/json_path.h"
#include "sim/store.h"
#include "sim/truth.h"

/* How old what the console knows may be: a stream may be silent for 90 s before it is given up. */
#define LAG_MAX_US (120 * TG_US_PER_S)

/* ---- restored ---- */

static const char *check_restored(struct tg_swarm_check *check)
{
    const struct tg_drill *drill = check->app->drill;
    int64_t now_us = sim_world_wall_us(check->world);
    if (drill == NULL) {
        check->serving_us = 0;
        check->restored_us = 0;
        return NULL;
    }
    if (sim_truth_is_in_rotation(check->world, drill->config.target)) {
        check->serving_us = now_us;
    }
    const struct tg_trace *trace = &drill->trace;
    if (trace->restored_us == 0 || trace->restored_us == check->restored_us) {
        return NULL;
    }
    check->restored_us = trace->restored_us;
    int64_t lag_us = now_us - check->serving_us;
    check->lag_us = lag_us > check->lag_us ? lag_us : check->lag_us;
    bool is_proved = check->serving_us >= trace->restore_acked_us && lag_us <= LAG_MAX_US;
    return is_proved ? NULL : "the console says restored, and the region does not serve";
}

/* ---- the journal ---- */

/* The drill whose mark the world carries, "" when none. */
static const char *mark_of(struct sim_world *world, const char *name)
{
    const struct sim_resource *deployments = sim_resource_find("apps", "v1", "deployments");
    for (int r = 0; r < sim_world_region_count(world); r++) {
        const json_t *deployment = sim_store_get(sim_region_store(sim_world_region(world, r)),
                                                 deployments, "default", name);
        const char *mark = json_string_value(
            json_object_get(sim_json_at(deployment, "metadata.annotations"), "tidegate.dev/drill"));
        if (mark != NULL) {
            return mark;
        }
    }
    return "";
}

static bool has_record(const struct tg_record *records, size_t count, enum tg_record_kind kind)
{
    for (size_t i = 0; i < count; i++) {
        if (records[i].kind == kind) {
            return true;
        }
    }
    return false;
}

/* A drill taken up from the first count records: it holds the fault from the INTENT on until the
 * proof. */
static bool leads_back(const struct tg_swarm_check *check, const struct tg_record *records,
                       size_t count)
{
    struct tg_err err = TG_ERR_INIT;
    struct tg_drill_config config = tg_drill_config_default();
    uint64_t next_call_id = 1;
    config.target = check->app->drill == NULL ? 0 : check->app->drill->config.target;
    config.client_target = config.target;
    struct tg_drill *drill = tg_drill_reopen(records, count, &config, &next_call_id, &err);
    bool must_hold = false;
    for (size_t i = 0; i < count; i++) {
        char what[32];
        must_hold =
            must_hold || (records[i].kind == TG_RECORD_INTENT &&
                          tg_record_get_text(records[i].payload, "what", what, sizeof(what)) &&
                          tg_str_eq(what, "scale_down"));
    }
    must_hold = must_hold && !has_record(records, count, TG_RECORD_VERIFY);
    bool is_good = drill != NULL && tg_drill_holds_fault(drill) == must_hold &&
                   (!must_hold || drill->original_replicas > 0);
    tg_drill_free(drill);
    return is_good;
}

static const char *check_records(const struct tg_swarm_check *check, const char *mark)
{
    struct tg_err err = TG_ERR_INIT;
    struct tg_record *records = NULL;
    size_t count = 0;
    if (!tg_journal_open_run(check->app->journal, TG_RUN_DRILL, &records, &count, &err)) {
        return "the journal cannot be read";
    }
    const char *broken = NULL;
    for (size_t i = 1; i <= count && broken == NULL; i++) {
        if (!leads_back(check, records, i)) {
            broken = "the journal, cut after a record, does not lead back";
        }
    }
    bool is_known = count > 0 && tg_str_eq(records[0].run_id, mark) &&
                    has_record(records, count, TG_RECORD_INTENT);
    if (broken == NULL && mark[0] != '\0' && !is_known && !check->is_waived) {
        broken = "a drill changed the world, and the journal does not know";
    }
    tg_journal_records_free(records, count);
    return broken;
}

static const char *check_journal(struct tg_swarm_check *check)
{
    if (check->app->journal == NULL) {
        return NULL;
    }
    const char *mark = mark_of(check->world, check->app->lab->deployment);
    int64_t records = tg_journal_count(check->app->journal);
    if (records == check->records && tg_str_eq(mark, check->marked)) {
        return NULL;
    }
    check->records = records;
    tg_str_copy(check->marked, sizeof(check->marked), mark);
    return check_records(check, mark);
}

/* ---- one drill ---- */

static const char *check_second(const struct tg_swarm_check *check)
{
    struct tg_err err = TG_ERR_INIT;
    struct tg_app *app = check->app;
    bool is_open = app->drill != NULL && !tg_drill_is_over(app->drill);
    if (!is_open || app->journal == NULL) {
        return NULL;
    }
    return tg_app_drill_start(app, tg_app_primary_target(app), &err)
               ? "a second drill starts while one is open"
               : NULL;
}

const char *tg_swarm_check_step(struct tg_swarm_check *check)
{
    const char *broken = check_restored(check);
    broken = broken == NULL ? check_journal(check) : broken;
    return broken == NULL ? check_second(check) : broken;
}
