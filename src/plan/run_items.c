/* plan/run_items.c - things in places. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "plan/run_items.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/rng.h"
#include "base/str.h"
#include "plan/progress.h"

#define BODY_MAX     (512 * 1024)
#define NAME_LEN_MAX 1024

#define RETRY_FIRST_US    (2 * TG_US_PER_S)
#define RETRY_MAX_US      (60 * TG_US_PER_S)
#define STOCKOUT_FIRST_US (120 * TG_US_PER_S)
#define STOCKOUT_MAX_US   (900 * TG_US_PER_S)
#define OTHER_ZONE_US     (5 * TG_US_PER_S)
#define RETRY_GRANT_US    (10 * TG_US_PER_S)
#define GRANT_TAKES_US    (600 * TG_US_PER_S) /* roles and APIs work everywhere by then */

static const struct tg_lab_make *make_of(const struct tg_run *run, const struct tg_run_item *item)
{
    return &run->config.lab->steps[item->step].makes[item->make];
}

static char *expand(const struct tg_run *run, const char *text, int region,
                    const struct tg_model *model)
{
    if (text == NULL) {
        return NULL;
    }
    const struct tg_lab *lab = run->config.lab;
    char number[24] = "";
    const struct tg_target *gcp = model != NULL ? tg_model_gcp(model) : NULL;
    if (gcp != NULL && gcp->kinds[TG_KIND_GCP_PROJECT].store.count > 0) {
        int64_t value = gcp->kinds[TG_KIND_GCP_PROJECT].store.items[0]->as.gcp.number;
        snprintf(number, sizeof(number), "%lld", (long long)value);
    }
    struct tg_lab_place place = {
        .lab = lab,
        .region = region >= 0 ? &lab->regions[region] : NULL,
        .project = run->config.project,
        .project_number = number[0] != '\0' && number[0] != '0' ? number : NULL,
    };
    struct tg_buf out;
    tg_buf_init(&out, BODY_MAX);
    tg_lab_expand(text, &place, &out);
    return tg_buf_take(&out, NULL);
}

/* ---- which there are ---- */

static struct tg_run_item *add_item(struct tg_run *run, int step, int make, int region)
{
    run->items = tg_realloc_array(run->items, run->items_count + 1, sizeof(*run->items));
    struct tg_run_item *item = &run->items[run->items_count++];
    *item = (struct tg_run_item){.step = step, .make = make, .region = region, .percent = -1};
    return item;
}

/* "Network/tpu-gke-dranet-vpc": Google's collections are lower-case plurals. */
static char *title(const struct tg_run *run, const struct tg_lab_make *make, int region)
{
    char *name = expand(run, make->name, region, NULL);
    const char *collection = strrchr(make->collection, '/');
    const char *kind = make->kind != NULL                       ? make->kind
                       : make->form == TG_FORM_ROLE             ? "role"
                       : make->form == TG_FORM_SERVICE          ? "API"
                       : make->form == TG_FORM_SERVICE_IDENTITY ? "agent"
                       : make->api == TG_API_STORAGE            ? "buckets"
                       : collection != NULL                     ? collection + 1
                                                                : make->collection;
    char *text = region >= 0
                     ? tg_asprintf("%s/%s in %s", kind, name, run->config.lab->regions[region].name)
                     : tg_asprintf("%s/%s", kind, name);
    free(name);
    return text;
}

static void add_make(struct tg_run *run, int step, int index, bool is_removal)
{
    const struct tg_lab *lab = run->config.lab;
    const struct tg_lab_make *make = &lab->steps[step].makes[index];
    bool is_everywhere =
        make->where == TG_LAB_WHERE_REGIONS || make->where == TG_LAB_WHERE_EACH_REGION_GCP;
    size_t places = is_everywhere ? lab->regions_count : 1;
    for (size_t i = 0; i < places; i++) {
        int region = is_everywhere ? (int)i : -1;
        struct tg_run_item *item = add_item(run, step, index, region);
        item->is_removal = is_removal;
        item->name = title(run, make, region);
    }
}

void tg_run_items_add(struct tg_run *run, int step, bool is_removal,
                      const struct tg_run_event *event)
{
    const struct tg_lab_step *of = &run->config.lab->steps[step];
    if (!is_removal) {
        const struct tg_obj *job =
            event->model != NULL ? tg_progress_job(run->config.lab, (size_t)step, event->model)
                                 : NULL;
        for (size_t i = 0; i < of->makes_count; i++) {
            if (!tg_lab_make_is_wanted(&of->makes[i], run->config.fixes)) {
                continue;
            }
            /* A Job runs once: one that ended, and did not bring what the step is for, goes first.
             */
            if (job != NULL && tg_progress_has_ended(job) && of->makes[i].kind != NULL &&
                tg_str_eq(of->makes[i].kind, "Job")) {
                add_make(run, step, (int)i, true);
            }
            add_make(run, step, (int)i, false);
        }
        return;
    }
    tg_run_items_add_leftovers(run, step, event->model);
    for (size_t i = of->makes_count; i > 0; i--) {
        if (!of->makes[i - 1].is_kept) {
            add_make(run, step, (int)i - 1, true);
        }
    }
}

bool tg_run_items_add_passing(struct tg_run *run, int step)
{
    const struct tg_lab_step *of = &run->config.lab->steps[step];
    bool has_any = false;
    for (size_t i = 0; i < of->makes_count; i++) {
        if (of->makes[i].is_passing) {
            add_make(run, step, (int)i, true);
            has_any = true;
        }
    }
    return has_any;
}

static bool is_item(const struct tg_run *run, const char *collection, const char *name)
{
    for (size_t i = 0; i < run->items_count; i++) {
        const struct tg_desired *leftover = run->items[i].leftover;
        if (leftover != NULL && run->items[i].state != TG_RUN_ITEM_DONE &&
            tg_str_eq(leftover->collection, collection) && tg_str_eq(leftover->name, name)) {
            return true;
        }
    }
    return false;
}

bool tg_run_items_match(const char *pattern, const char *name)
{
    size_t len = strlen(pattern);
    return len > 0 && pattern[len - 1] == '*' ? strncmp(pattern, name, len - 1) == 0
                                              : tg_str_eq(pattern, name);
}

size_t tg_run_items_add_leftovers(struct tg_run *run, int step, const struct tg_model *model)
{
    const struct tg_lab_step *of = &run->config.lab->steps[step];
    const struct tg_target *gcp = tg_model_gcp(model);
    size_t added = 0;
    for (size_t l = 0; gcp != NULL && l < of->leftovers_count; l++) {
        const struct tg_lab_leftover *leftover = &of->leftovers[l];
        const struct tg_store *store = &gcp->kinds[leftover->kind].store;
        char *collection = expand(run, leftover->collection, -1, model);
        for (size_t i = 0; i < store->count; i++) {
            const struct tg_obj *obj = store->items[i];
            if (!tg_run_items_match(leftover->name, obj->name) ||
                !tg_str_eq(obj->as.gcp.parent, leftover->parent) ||
                is_item(run, collection, obj->name)) {
                continue;
            }
            struct tg_run_item *item = add_item(run, step, -1, -1);
            item->is_removal = true;
            item->name = tg_asprintf("%s/%s", tg_kind_info(leftover->kind)->name, obj->name);
            item->leftover = tg_desired_new(TG_API_COMPUTE, TG_FORM_OBJECT);
            item->leftover->collection = tg_strdup(collection);
            item->leftover->name = tg_strdup(obj->name);
            added++;
        }
        free(collection);
    }
    return added;
}

/* ---- order and place ---- */

/* The step will make nothing more, and what failed or hangs in it must not keep a token in the
 * cluster; only an answer still awaited for the same thing is waited for. */
static bool is_turn_given_up(const struct tg_run *run, const struct tg_run_item *item)
{
    if (!item->is_removal) {
        return false;
    }
    for (const struct tg_run_item *before = run->items; before != item; before++) {
        if (before->step == item->step && before->make == item->make &&
            before->region == item->region &&
            (before->state == TG_RUN_ITEM_ASKED || before->state == TG_RUN_ITEM_INTENT)) {
            return false;
        }
    }
    return true;
}

/* Items of one step come in the order of its list, each region for itself; APIs are enabled side by
 * side, and what was left behind waits for nothing: it is what others wait for. */
bool tg_run_items_is_turn(const struct tg_run *run, const struct tg_run_item *item)
{
    if (run->steps[item->step].given_up_lab_us != 0) {
        return is_turn_given_up(run, item);
    }
    if (item->make < 0 || make_of(run, item)->form == TG_FORM_SERVICE) {
        return true;
    }
    for (const struct tg_run_item *before = run->items; before != item; before++) {
        bool is_beside = before->make == item->make && before->region != item->region;
        bool is_elsewhere =
            before->region >= 0 && item->region >= 0 && before->region != item->region;
        if (before->step == item->step && before->state != TG_RUN_ITEM_DONE && !is_beside &&
            !is_elsewhere) {
            return false;
        }
    }
    return true;
}

int tg_run_items_target(const struct tg_run *run, const struct tg_run_item *item,
                        const struct tg_model *model)
{
    enum tg_lab_where where = item->make < 0 ? TG_LAB_WHERE_GCP : make_of(run, item)->where;
    if (where == TG_LAB_WHERE_GCP || where == TG_LAB_WHERE_EACH_REGION_GCP) {
        const struct tg_target *gcp = tg_model_gcp(model);
        return gcp != NULL ? gcp->index : -1;
    }
    const char *cluster = item->region >= 0 ? run->config.lab->regions[item->region].cluster
                                            : run->config.lab->config_cluster;
    if (tg_verify_is_cluster_absent(model, cluster)) {
        return item->is_removal ? -2 : -1;
    }
    const struct tg_target *target = tg_verify_cluster(model, cluster);
    return target != NULL ? target->index : -1;
}

/* ---- asking ---- */

/* The same for the same thing of the same run, so that a request that is sent again after a restart
 * is the same request. Version 4 in form (RFC 9562). */
static char *request_id(const struct tg_run *run, const struct tg_run_item *item)
{
    char *text = tg_asprintf("%s %d %s %s %d", run->config.id, item->step,
                             item->is_removal ? "remove" : "ensure", item->name, item->attempts);
    struct tg_rng rng = tg_rng_named(0, text);
    free(text);
    uint64_t a = tg_rng_next(&rng);
    uint64_t b = tg_rng_next(&rng);
    return tg_asprintf("%08x-%04x-4%03x-%04x-%012llx", (unsigned)(a >> 32),
                       (unsigned)(a >> 16) & 0xffffu, (unsigned)a & 0xfffu,
                       0x8000u | ((unsigned)(b >> 48) & 0x3fffu),
                       (unsigned long long)(b & 0xffffffffffffull));
}

static const struct tg_secret *secret_named(const struct tg_run *run, const char *name)
{
    for (size_t i = 0; i < run->config.secrets_count; i++) {
        if (tg_str_eq(run->config.secrets[i].name, name)) {
            return run->config.secrets[i].value;
        }
    }
    return NULL;
}

static bool has_unknown(const struct tg_desired *desired)
{
    return strstr(desired->name, "{project_number}") != NULL ||
           (desired->body != NULL && strstr(desired->body, "{project_number}") != NULL);
}

/* Another zone than the cluster's: named when it is made. Bodies are JSON objects as text. */
static void put_zone(struct tg_desired *desired, const char *zone_list, const char *zone)
{
    const char *rest = desired->create_body != NULL ? desired->create_body + 1 : "}";
    char *body =
        tg_asprintf("{\"%s\":[\"%s\"]%s%s", zone_list, zone, *rest == '}' ? "" : ",", rest);
    free(desired->create_body);
    desired->create_body = body;
}

static struct tg_desired *desired_of(const struct tg_run *run, const struct tg_run_item *item,
                                     const struct tg_model *model, struct tg_err *err)
{
    if (item->leftover != NULL) {
        return tg_desired_copy(item->leftover);
    }
    const struct tg_lab_make *make = make_of(run, item);
    struct tg_desired *desired = tg_desired_new(make->api, make->form);
    desired->collection = expand(run, make->collection, item->region, model);
    desired->kind = make->kind != NULL ? tg_strdup(make->kind) : NULL;
    desired->ns = make->ns != NULL ? tg_strdup(make->ns) : NULL;
    desired->name = expand(run, make->name, item->region, model);
    if (make->source_url != NULL && !item->is_removal) {
        desired->source_url = tg_strdup(make->source_url);
        desired->source_sha256 = tg_strdup(make->source_sha256);
    } else {
        desired->body = expand(run, tg_lab_make_body(make, run->config.fixes), item->region, model);
    }
    desired->create_body = expand(run, make->create_body, item->region, model);
    desired->has_content = make->has_content;
    desired->is_remade = make->zone_list != NULL;
    if (item->place > 0) {
        put_zone(desired, make->zone_list, tg_run_item_zone(run, item));
    }
    desired->is_only_ours = make->is_only_ours;
    desired->request_id = request_id(run, item);
    if (make->secret != NULL && !item->is_removal) {
        const struct tg_secret *secret = secret_named(run, make->secret);
        if (secret == NULL) {
            tg_err_set(err, TG_CODE_CONFIG, 0, "%s is needed and was not given", make->secret);
            tg_desired_free(desired);
            return NULL;
        }
        desired->secret = tg_secret_new(tg_secret_peek(secret), tg_secret_len(secret));
        desired->secret_key = tg_strdup(make->secret_key);
    }
    if (has_unknown(desired)) {
        tg_err_set(err, TG_CODE_TIMEOUT, 0, "the project's number is not observed yet");
        tg_desired_free(desired);
        return NULL;
    }
    return desired;
}

struct tg_call *tg_run_items_call(struct tg_run *run, const struct tg_run_item *item, int target,
                                  const struct tg_model *model, struct tg_err *err)
{
    struct tg_desired *desired = desired_of(run, item, model, err);
    if (desired == NULL) {
        return NULL;
    }
    struct tg_call *call = tg_call_new(item->is_removal ? TG_CALL_REMOVE : TG_CALL_ENSURE, target);
    call->id = (*run->next_call_id)++;
    call->desired = desired;
    return call;
}

/* ---- answers ---- */

/* No machines: what the operator wants done then. */
static void take_stockout(struct tg_run *run, struct tg_run_item *item,
                          const struct tg_run_event *event)
{
    enum tg_run_stockout policy = run->config.on_stockout;
    size_t zones = item->region >= 0 && item->make >= 0 && make_of(run, item)->zone_list != NULL
                       ? run->config.lab->regions[item->region].spare_zones_count
                       : 0;
    int64_t wait_us = STOCKOUT_FIRST_US << (item->stockouts < 4 ? item->stockouts - 1 : 3);
    if (policy == TG_RUN_STOCKOUT_STOP || policy == TG_RUN_STOCKOUT_REGION) {
        item->state = TG_RUN_ITEM_FAILED;
        item->ended_lab_us = event->lab_us;
        return;
    }
    if (policy == TG_RUN_STOCKOUT_ZONE && zones > 0) {
        item->place = (item->place + 1) % ((int)zones + 1);
        wait_us = item->place != 0 ? OTHER_ZONE_US : wait_us;
    }
    item->retry_lab_us = event->lab_us + (wait_us < STOCKOUT_MAX_US ? wait_us : STOCKOUT_MAX_US);
}

const char *tg_run_item_zone(const struct tg_run *run, const struct tg_run_item *item)
{
    if (item->region < 0 || item->make < 0 || make_of(run, item)->zone_list == NULL) {
        return NULL;
    }
    const struct tg_lab_region *region = &run->config.lab->regions[item->region];
    return item->place == 0 ? region->zone : region->spare_zones[item->place - 1];
}

/* What went wrong is tried again, or is final; the step's deadline ends all trying. */
static void take_failure(struct tg_run *run, struct tg_run_item *item,
                         const struct tg_run_event *event)
{
    enum tg_code code = item->err.code;
    bool is_granted_lately =
        run->granted_lab_us != 0 && event->lab_us - run->granted_lab_us < GRANT_TAKES_US;
    bool is_denied = code == TG_CODE_FORBIDDEN || code == TG_CODE_DISABLED;
    int64_t wait_us = RETRY_FIRST_US << (item->attempts < 5 ? item->attempts : 5);
    wait_us = wait_us < RETRY_MAX_US ? wait_us : RETRY_MAX_US;
    item->attempts++;
    item->state = TG_RUN_ITEM_WAITING;
    if (code == TG_CODE_STOCKOUT) {
        item->stockouts++;
        item->stockout_lab_us = item->stockouts == 1 ? event->lab_us : item->stockout_lab_us;
        take_stockout(run, item, event);
    } else if (is_denied && is_granted_lately) {
        item->retry_lab_us = event->lab_us + RETRY_GRANT_US;
    } else if (tg_code_is_transient(code) || code == TG_CODE_STATE) {
        item->retry_lab_us = event->lab_us + wait_us;
        if (code == TG_CODE_IN_USE) {
            tg_run_items_add_leftovers(run, item->step, event->model);
        }
    } else {
        item->state = TG_RUN_ITEM_FAILED;
        item->ended_lab_us = event->lab_us;
    }
}

static bool is_waiting_for_machines(const struct tg_run_item *item)
{
    return item->state == TG_RUN_ITEM_WAITING && item->err.code == TG_CODE_STOCKOUT;
}

void tg_run_items_choose_stockout(struct tg_run *run, const struct tg_run_event *event)
{
    for (size_t i = 0; i < run->items_count; i++) {
        if (is_waiting_for_machines(&run->items[i])) {
            take_stockout(run, &run->items[i], event);
            run->items[i].retry_lab_us = event->lab_us;
        }
    }
}

void tg_run_items_try_now(struct tg_run *run, const struct tg_run_event *event)
{
    for (size_t i = 0; i < run->items_count; i++) {
        if (is_waiting_for_machines(&run->items[i])) {
            run->items[i].retry_lab_us = event->lab_us;
        }
    }
}

void tg_run_items_answer(struct tg_run *run, struct tg_run_item *item,
                         const struct tg_run_event *event)
{
    const struct tg_msg *msg = event->msg;
    if (msg->kind == TG_MSG_CALL_PROGRESS) {
        tg_str_copy(item->progress, sizeof(item->progress),
                    msg->as.progress.text != NULL ? msg->as.progress.text : "");
        item->percent = msg->as.progress.percent;
        return;
    }
    item->call = 0;
    item->progress[0] = '\0';
    item->percent = -1;
    item->err = msg->as.call.err;
    if (item->err.code != TG_CODE_NONE) {
        take_failure(run, item, event);
        return;
    }
    item->state = TG_RUN_ITEM_DONE;
    item->ensured = msg->as.call.ensured;
    item->ended_lab_us = event->lab_us;
    bool is_grant = item->make >= 0 && (make_of(run, item)->form == TG_FORM_ROLE ||
                                        make_of(run, item)->form == TG_FORM_SERVICE);
    if (is_grant && item->ensured == TG_ENSURED_CREATED) {
        run->granted_lab_us = event->lab_us;
    }
}

static struct tg_run_item *row_of(struct tg_run *run, int step, const struct tg_tool_line *line)
{
    for (size_t i = 0; i < run->items_count; i++) {
        if (run->items[i].step == step && tg_str_eq(run->items[i].name, line->resource)) {
            return &run->items[i];
        }
    }
    struct tg_run_item *item = add_item(run, step, -1, -1);
    item->name = tg_strdup(line->resource);
    return item;
}

void tg_run_items_told(struct tg_run *run, int step, const struct tg_tool_line *line,
                       int64_t lab_us)
{
    struct tg_run_item *item = row_of(run, step, line);
    item->is_removal = line->ensured == TG_ENSURED_REMOVED;
    item->progress[0] = '\0';
    item->started_lab_us = item->started_lab_us != 0 ? item->started_lab_us : lab_us;
    switch (line->action) {
    case TG_TOOL_GOES_ON:
        snprintf(item->progress, sizeof(item->progress), "%d s", line->seconds);
        item->state = TG_RUN_ITEM_ASKED;
        break;
    case TG_TOOL_BEGINS:
        item->state = TG_RUN_ITEM_ASKED;
        item->err = (struct tg_err)TG_ERR_INIT;
        break;
    case TG_TOOL_FINISHED:
        item->state = TG_RUN_ITEM_DONE;
        item->ensured = line->ensured;
        item->ended_lab_us = lab_us;
        break;
    case TG_TOOL_FAILED:
        item->state = TG_RUN_ITEM_FAILED;
        item->ended_lab_us = lab_us;
        tg_err_set(&item->err, TG_CODE_STATE, 0, "%s", line->text);
        break;
    case TG_TOOL_PLANS:
    case TG_TOOL_SAYS:
    case TG_TOOL_LOCKED:
        item->state = TG_RUN_ITEM_WAITING;
        break;
    }
}
