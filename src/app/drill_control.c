/* app/drill_control.c - starts drills from the lab and takes up those that the journal holds open.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/app.h"
#include "base/fmt.h"
#include "base/mem.h"
#include "base/str.h"

#include "model/select.h"
#include "plan/record.h"

int tg_app_primary_target(const struct tg_app *app)
{
    const char *wanted = app->lab->primary_region;
    for (size_t i = 0; i < app->model->targets_count; i++) {
        const struct tg_target *target = app->model->targets[i];
        if (target->type == TG_TARGET_CLUSTER && target->removed_us == 0 && wanted != NULL &&
            tg_str_eq(target->region, wanted)) {
            return target->index;
        }
    }
    return -1;
}

static int config_target(const struct tg_app *app, int otherwise)
{
    for (size_t i = 0; i < app->model->targets_count; i++) {
        const struct tg_target *target = app->model->targets[i];
        if (target->type == TG_TARGET_CLUSTER && target->removed_us == 0 &&
            app->lab->config_cluster != NULL &&
            tg_str_eq(target->cluster, app->lab->config_cluster)) {
            return target->index;
        }
    }
    return otherwise;
}

/* The address a client in that region calls: the reserved one by its name, else the Gateway's
 * first. */
static const char *gateway_address(const struct tg_app *app, int client_target, char *out,
                                   size_t size)
{
    const struct tg_target *gcp = tg_model_gcp(app->model);
    const struct tg_target *client = tg_model_target(app->model, client_target);
    const struct tg_lab_region *region = tg_lab_region(app->lab, client->region);
    if (gcp != NULL && region != NULL) {
        const struct tg_store *store = &gcp->kinds[TG_KIND_GCP_ADDRESS].store;
        for (size_t i = 0; i < store->count; i++) {
            if (tg_str_eq(store->items[i]->name, region->address_name)) {
                tg_str_copy(out, size, store->items[i]->as.gcp.address);
                return out;
            }
        }
    }
    size_t count = 0;
    struct tg_gateway_row *rows =
        tg_select_gateways(app->model, tg_clock_monotonic_us(&app->clock), &count);
    out[0] = '\0';
    for (size_t i = 0; i < count && out[0] == '\0'; i++) {
        if (tg_str_eq(rows[i].gateway->name, app->lab->gateway)) {
            const char *addresses = rows[i].gateway->as.gateway.addresses;
            size_t len = strcspn(addresses, ",");
            snprintf(out, size, "%.*s", (int)len, addresses);
        }
    }
    free(rows);
    return out;
}

static void make_id(const struct tg_app *app, char *out, size_t size)
{
    char stamp[40];
    tg_fmt_compact(stamp, sizeof(stamp), tg_app_lab_us(app));
    snprintf(out, size, "scale0-%s", stamp);
}

bool tg_app_drill_start(struct tg_app *app, int target, struct tg_err *err)
{
    if (app->journal == NULL) {
        return tg_err_set(err, TG_CODE_LOCKED, 0, "another tidegate holds the journal");
    }
    if (!app->is_armed) {
        return tg_err_set(err, TG_CODE_READ_ONLY, 0, "the session is not armed");
    }
    if (app->is_restore_offered || (app->drill != NULL && !tg_drill_is_over(app->drill))) {
        return tg_err_set(err, TG_CODE_STATE, 0, "a drill is open; restore it first");
    }
    if (target < 0) {
        return tg_err_set(err, TG_CODE_NOT_FOUND, 0, "the primary region %s is not watched",
                          app->lab->primary_region);
    }
    char id[48];
    char address[64];
    struct tg_drill_config config = tg_drill_config_default();
    make_id(app, id, sizeof(id));
    config.id = id;
    config.kind = "scale0";
    config.target = target;
    config.client_target = config_target(app, target);
    config.ns = app->lab->namespace_name;
    config.deployment = app->lab->deployment;
    config.app_label = app->lab->app_label;
    config.model = app->lab->model;
    config.gateway_address = gateway_address(app, config.client_target, address, sizeof(address));
    tg_drill_free(app->drill);
    app->drill = tg_drill_new(&config, &app->next_call_id);
    app->drill_wake_lab_us = 0;
    tg_app_tick(app);
    return true;
}

static int target_by_name(const struct tg_app *app, const char *name)
{
    for (size_t i = 0; i < app->model->targets_count; i++) {
        if (app->model->targets[i]->removed_us == 0 &&
            tg_str_eq(app->model->targets[i]->name, name)) {
            return app->model->targets[i]->index;
        }
    }
    return -1;
}

/* Finds the targets that the open drill's PLAN names, by context name. */
static bool open_config(const struct tg_app *app, const struct tg_record *records, size_t count,
                        struct tg_drill_config *config, struct tg_err *err)
{
    char context[256];
    *config = tg_drill_config_default();
    for (size_t i = 0; i < count; i++) {
        if (records[i].kind != TG_RECORD_PLAN) {
            continue;
        }
        if (!tg_record_get_text(records[i].payload, "context", context, sizeof(context))) {
            return tg_err_set(err, TG_CODE_PROTOCOL, 0, "drill %s: no context in its plan",
                              records[i].run_id);
        }
        config->target = target_by_name(app, context);
        if (config->target < 0) {
            return tg_err_set(err, TG_CODE_NOT_FOUND, 0,
                              "drill %s was on context %s, which is not watched now",
                              records[i].run_id, context);
        }
        config->client_target = config->target;
        if (tg_record_get_text(records[i].payload, "client_context", context, sizeof(context)) &&
            target_by_name(app, context) >= 0) {
            config->client_target = target_by_name(app, context);
        }
        return true;
    }
    return tg_err_set(err, TG_CODE_PROTOCOL, 0, "the open drill has no plan record");
}

bool tg_app_restore(struct tg_app *app, struct tg_err *err)
{
    if (app->journal == NULL) {
        return tg_err_set(err, TG_CODE_LOCKED, 0, "another tidegate holds the journal");
    }
    struct tg_record *records = NULL;
    size_t count = 0;
    if (!tg_journal_open_run(app->journal, TG_RUN_DRILL, &records, &count, err)) {
        return false;
    }
    if (count == 0) {
        app->is_restore_offered = false;
        return tg_err_set(err, TG_CODE_NOT_FOUND, 0, "no drill is open");
    }
    struct tg_drill_config config;
    struct tg_drill *drill = NULL;
    if (open_config(app, records, count, &config, err)) {
        drill = tg_drill_reopen(records, count, &config, &app->next_call_id, err);
    }
    tg_journal_records_free(records, count);
    if (drill == NULL) {
        return false;
    }
    tg_drill_free(app->drill);
    app->drill = drill;
    app->is_restore_offered = false;
    app->drill_wake_lab_us = 0;
    tg_app_tick(app);
    return true;
}

bool tg_app_waive(struct tg_app *app, const char *reason, struct tg_err *err)
{
    if (app->journal == NULL) {
        return tg_err_set(err, TG_CODE_LOCKED, 0, "another tidegate holds the journal");
    }
    struct tg_record *records = NULL;
    size_t count = 0;
    if (!tg_journal_open_run(app->journal, TG_RUN_DRILL, &records, &count, err)) {
        return false;
    }
    if (count == 0) {
        return tg_err_set(err, TG_CODE_NOT_FOUND, 0, "no drill is open");
    }
    struct tg_record waive = {.kind = TG_RECORD_WAIVE,
                              .run_id = records[0].run_id,
                              .payload = tg_record_new_text("reason", reason)};
    bool is_done = tg_journal_append(app->journal, &waive, err) > 0;
    free(waive.payload);
    tg_journal_records_free(records, count);
    if (is_done) {
        app->is_restore_offered = false;
        tg_drill_free(app->drill);
        app->drill = NULL;
    }
    return is_done;
}
