/* plan/progress.c - rows of steps. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "plan/progress.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fmt.h"
#include "base/i18n.h"
#include "base/mem.h"
#include "base/str.h"
#include "plan/progress_rows.h"

#define LATE_US       (60 * TG_US_PER_S) /* a bucket without its shards so long after its Job */
#define LIST_TAKES_US (2 * TG_US_PER_S)  /* from the asking for a bucket's objects to their list */

struct tg_progress_row *tg_progress_add(struct tg_progress *progress, enum tg_severity severity,
                                        int target, const char *kind, const char *name,
                                        const char *phase)
{
    progress->rows = tg_realloc_array(progress->rows, progress->count + 1, sizeof(*progress->rows));
    struct tg_progress_row *row = &progress->rows[progress->count++];
    *row = (struct tg_progress_row){.severity = severity, .target = target};
    if (kind != NULL) {
        snprintf(row->object, sizeof(row->object), "%.40s/%.70s", kind, name);
    }
    tg_str_copy(row->phase, sizeof(row->phase), phase);
    return row;
}

void tg_progress_say(struct tg_progress_row *row, const char *format, ...)
{
    char text[sizeof(row->detail)];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    size_t len = strlen(row->detail);
    if (text[0] != '\0') {
        snprintf(row->detail + len, sizeof(row->detail) - len, "%s%s", len > 0 ? "; " : "", text);
    }
}

/* The newest Event about an object. */
const struct tg_obj *tg_progress_event(const struct tg_target *target, const char *kind,
                                       const char *ns, const char *name)
{
    const struct tg_obj *newest = NULL;
    const struct tg_store *events = &target->kinds[TG_KIND_EVENT].store;
    for (size_t i = 0; i < events->count; i++) {
        const struct tg_event *event = &events->items[i]->as.event;
        if (tg_str_eq(event->object_name, name) && tg_str_eq(event->object_kind, kind) &&
            tg_str_eq(event->object_namespace, ns) &&
            (newest == NULL || event->last_us >= newest->as.event.last_us)) {
            newest = events->items[i];
        }
    }
    return newest;
}

void tg_progress_say_event(struct tg_progress_row *row, const struct tg_obj *event,
                           const char *said, int64_t lab_us)
{
    if (event == NULL) {
        return;
    }
    char age[24];
    tg_fmt_age(age, sizeof(age), lab_us - event->as.event.last_us);
    if (*said != '\0' && strstr(event->as.event.message, said) != NULL) {
        tg_progress_say(row, "Event %s %s ago says so too", event->as.event.reason, age);
    } else {
        tg_progress_say(row, "Event %s %s ago: %s", event->as.event.reason, age,
                        event->as.event.message);
    }
    if (row->severity == TG_SEVERITY_INFO && tg_str_eq(event->as.event.type, "Warning")) {
        row->severity = TG_SEVERITY_WARN;
    }
}

/* ---- the Job ---- */

static const struct tg_lab_make *job_make(const struct tg_lab_step *step)
{
    for (size_t i = 0; i < step->makes_count; i++) {
        if (step->makes[i].kind != NULL && tg_str_eq(step->makes[i].kind, "Job")) {
            return &step->makes[i];
        }
    }
    return NULL;
}

const struct tg_obj *tg_progress_job(const struct tg_lab *lab, size_t step,
                                     const struct tg_model *model)
{
    const struct tg_lab_make *make = job_make(&lab->steps[step]);
    const struct tg_target *target =
        make != NULL ? tg_verify_cluster(model, lab->config_cluster) : NULL;
    return target == NULL ? NULL
                          : tg_store_get(&target->kinds[TG_KIND_JOB].store,
                                         make->ns != NULL ? make->ns : "default", make->name);
}

static const struct tg_condition *end_of(const struct tg_obj *job)
{
    static const char *const types[] = {"Complete", "Failed"};
    for (size_t i = 0; i < 2; i++) {
        const struct tg_condition *condition = tg_obj_condition(job, types[i]);
        if (condition != NULL && tg_str_eq(condition->status, "True")) {
            return condition;
        }
    }
    return NULL;
}

bool tg_progress_has_ended(const struct tg_obj *job)
{
    return end_of(job) != NULL;
}

static bool is_of_job(const struct tg_obj *pod, const char *job)
{
    const char *label = tg_obj_label(pod, "job-name");
    return label != NULL && tg_str_eq(label, job);
}

/* What the newest Pod of a Job logged, or NULL. */
static const struct tg_log_digest *log_of_job(const struct tg_target *target, const char *job)
{
    const struct tg_obj *newest = NULL;
    const struct tg_store *pods = &target->kinds[TG_KIND_POD].store;
    for (size_t i = 0; i < pods->count; i++) {
        if (is_of_job(pods->items[i], job) &&
            (newest == NULL || pods->items[i]->created_us > newest->created_us)) {
            newest = pods->items[i];
        }
    }
    const struct tg_witness *witness =
        newest != NULL ? tg_target_witness(target, newest->ns, newest->name) : NULL;
    return witness != NULL ? witness->log : NULL;
}

static const struct tg_obj *bucket_of(const struct tg_lab *lab, size_t step,
                                      const struct tg_model *model)
{
    const struct tg_target *gcp = tg_model_gcp(model);
    for (size_t i = 0; gcp != NULL && i < lab->steps[step].conditions_count; i++) {
        const struct tg_lab_condition *condition = &lab->steps[step].conditions[i];
        struct tg_lab_place place = {.lab = lab, .project = gcp->name};
        struct tg_buf name;
        if (condition->kind != TG_KIND_GCP_BUCKET) {
            continue;
        }
        tg_buf_init(&name, 256);
        tg_lab_expand(condition->name, &place, &name);
        const struct tg_obj *bucket =
            tg_store_get(&gcp->kinds[TG_KIND_GCP_BUCKET].store, "", tg_buf_text(&name));
        tg_buf_fini(&name);
        return bucket;
    }
    return NULL;
}

/* A list of the bucket that began after the Job's end was seen shows all that it brought. */
static bool is_bucket_listed_since(const struct tg_model *model, int64_t ended_us)
{
    const struct tg_target *gcp = tg_model_gcp(model);
    return gcp != NULL && gcp->kinds[TG_KIND_GCP_BUCKET].synced_us > ended_us + LIST_TAKES_US;
}

bool tg_progress_is_hopeless(const struct tg_lab *lab, size_t step, const struct tg_model *model,
                             int64_t since_lab_us, int64_t now_us, int64_t *ended_us,
                             struct tg_err *err)
{
    const struct tg_obj *job = tg_progress_job(lab, step, model);
    const struct tg_condition *end = job != NULL ? end_of(job) : NULL;
    if (end == NULL || end->since_us < since_lab_us) {
        return false;
    }
    const struct tg_obj *bucket = bucket_of(lab, step, model);
    bool is_complete = bucket != NULL && tg_weights_are_complete(&bucket->as.gcp.weights);
    *ended_us = *ended_us == 0 ? now_us : *ended_us;
    if (is_complete || !is_bucket_listed_since(model, *ended_us)) {
        return false;
    }
    const struct tg_target *target = tg_verify_cluster(model, lab->config_cluster);
    const struct tg_log_digest *log = log_of_job(target, job->name);
    int there = bucket != NULL ? bucket->as.gcp.weights.shards : 0;
    const char *words = log == NULL               ? "its log was not read"
                        : log->failure[0] != '\0' ? log->failure
                        : log->last_count > 0     ? log->last[log->last_count - 1]
                                                  : "it said nothing";
    tg_err_set(err, TG_CODE_STATE, 0, "Job %s ended (%s%s) with %d shards in the bucket: %.140s",
               job->name, end->type,
               log != NULL && log->phase == TG_LOG_DOWNLOAD_OVER ? ", 'Download complete!'" : "",
               there, words);
    return true;
}

/* ---- the weights ---- */

static void add_bucket(struct tg_progress *progress, size_t step)
{
    const struct tg_obj *bucket = bucket_of(progress->lab, step, progress->model);
    const struct tg_target *gcp = tg_model_gcp(progress->model);
    if (bucket == NULL) {
        return;
    }
    static const char *const judges[] = {"nothing to judge them by yet",
                                         "judged by the names of the shards",
                                         "judged by model.safetensors.index.json"};
    char there[24];
    char all[24];
    const struct tg_weights *weights = &bucket->as.gcp.weights;
    bool is_complete = tg_weights_are_complete(weights);
    struct tg_progress_row *row =
        tg_progress_add(progress, is_complete ? TG_SEVERITY_OK : TG_SEVERITY_INFO, gcp->index,
                        "Bucket", bucket->name, is_complete ? N_("complete") : N_("filling"));
    row->done = weights->bytes;
    row->total = weights->bytes_expected;
    tg_fmt_bytes(there, sizeof(there), (uint64_t)weights->bytes);
    tg_fmt_bytes(all, sizeof(all), (uint64_t)weights->bytes_expected);
    if (weights->shards_expected > 0) {
        tg_progress_say(row, "%d of %d shards, %s%s%s in %lld objects", weights->shards,
                        weights->shards_expected, there, weights->bytes_expected > 0 ? " of " : "",
                        weights->bytes_expected > 0 ? all : "", (long long)bucket->as.gcp.number);
    } else {
        tg_progress_say(row, "%lld objects and no shard", (long long)bucket->as.gcp.number);
    }
    tg_progress_say(row, "%s", judges[weights->judge]);
}

static void add_last_lines(struct tg_progress *progress, int target,
                           const struct tg_log_digest *log)
{
    for (int i = 0; i < log->last_count; i++) {
        struct tg_progress_row *row =
            tg_progress_add(progress, TG_SEVERITY_WARN, target, NULL, NULL, "log");
        tg_progress_say(row, "%s", log->last[i]);
    }
}

static void add_download(struct tg_progress *progress, const struct tg_target *target,
                         const struct tg_obj *pod, bool is_over)
{
    const struct tg_witness *witness = tg_target_witness(target, pod->ns, pod->name);
    const struct tg_log_digest *log = witness != NULL ? witness->log : NULL;
    if (log == NULL) {
        struct tg_progress_row *row = tg_progress_add(progress, TG_SEVERITY_INFO, target->index,
                                                      "Pod", pod->name, pod->as.pod.status);
        tg_progress_say_event(row, tg_progress_event(target, "Pod", pod->ns, pod->name), "",
                              progress->lab_us);
        return;
    }
    bool has_failed = log->failure[0] != '\0' && log->phase >= TG_LOG_DOWNLOAD && is_over;
    struct tg_progress_row *row = tg_progress_add(
        progress, has_failed ? TG_SEVERITY_FAIL : TG_SEVERITY_INFO, target->index, "Pod", pod->name,
        log->phase == TG_LOG_DOWNLOAD        ? N_("downloading")
        : log->phase == TG_LOG_DOWNLOAD_OVER ? N_("says that it is complete")
        : log->phase == TG_LOG_SETUP         ? N_("installing")
                                             : N_("started"));
    if (log->total > 0) {
        tg_progress_say(row, "%d of %d files, %d%%", log->done, log->total, log->percent);
    }
    tg_progress_say(row, "%s", log->failure);
    if (has_failed) {
        add_last_lines(progress, target->index, log);
    }
}

static void add_job(struct tg_progress *progress, size_t step)
{
    const struct tg_obj *job = tg_progress_job(progress->lab, step, progress->model);
    const struct tg_target *target =
        tg_verify_cluster(progress->model, progress->lab->config_cluster);
    if (job == NULL || target == NULL) {
        return;
    }
    const struct tg_condition *end = end_of(job);
    const struct tg_obj *bucket = bucket_of(progress->lab, step, progress->model);
    bool is_complete = bucket != NULL && tg_weights_are_complete(&bucket->as.gcp.weights);
    bool is_given_up = progress->run != NULL && progress->run->steps[step].err.code != TG_CODE_NONE;
    bool is_late =
        end != NULL && !is_complete && (is_given_up || progress->lab_us - end->since_us > LATE_US);
    enum tg_severity severity = is_late                      ? TG_SEVERITY_FAIL
                                : end != NULL && is_complete ? TG_SEVERITY_OK
                                                             : TG_SEVERITY_INFO;
    struct tg_progress_row *row =
        tg_progress_add(progress, severity, target->index, "Job", job->name,
                        end != NULL ? end->type : N_("running"));
    if (end != NULL && !is_complete) {
        tg_progress_say(row, is_late ? "it ended, and its shards are not all there"
                                     : "it ended; the bucket is looked at again");
    }
    tg_progress_say(row, "%s", end != NULL ? end->message : "");
    const struct tg_store *pods = &target->kinds[TG_KIND_POD].store;
    for (size_t i = 0; i < pods->count; i++) {
        if (is_of_job(pods->items[i], job->name)) {
            add_download(progress, target, pods->items[i], is_late);
        }
    }
}

/* A later item of the run removes what this one made. */
static bool is_taken_away(const struct tg_run *run, size_t index)
{
    const struct tg_run_item *item = &run->items[index];
    for (size_t i = index + 1; i < run->items_count; i++) {
        if (run->items[i].step == item->step && run->items[i].make == item->make &&
            run->items[i].is_removal) {
            return true;
        }
    }
    return false;
}

/* What carries a secret for the time of the step alone: whether it is gone again. */
static void add_secrets(struct tg_progress *progress, int step)
{
    const struct tg_run *run = progress->run;
    for (size_t i = 0; run != NULL && i < run->items_count; i++) {
        const struct tg_run_item *item = &run->items[i];
        if (item->step != step || item->make < 0 ||
            !progress->lab->steps[step].makes[item->make].is_passing || is_taken_away(run, i)) {
            continue;
        }
        bool is_done = item->state == TG_RUN_ITEM_DONE;
        const char *phase = item->is_removal ? (is_done ? N_("deleted") : N_("being deleted"))
                                             : (is_done ? N_("there") : N_("being made"));
        struct tg_progress_row *row = tg_progress_add(
            progress, item->is_removal && is_done ? TG_SEVERITY_OK : TG_SEVERITY_INFO, -1, NULL,
            NULL, phase);
        tg_str_copy(row->object, sizeof(row->object), item->name);
        if (item->is_removal && is_done) {
            tg_progress_say(row, "asked for again: the server has none");
        } else if (item->err.code != TG_CODE_NONE) {
            tg_progress_say(row, "%s", item->err.msg);
        }
    }
}

/* ---- the whole ---- */

struct tg_progress_row *tg_progress_rows(const struct tg_lab *lab, size_t step,
                                         const struct tg_model *model, const struct tg_run *run,
                                         int64_t now_us, int64_t lab_us, size_t *count)
{
    struct tg_progress progress = {
        .lab = lab, .model = model, .run = run, .now_us = now_us, .lab_us = lab_us};
    const struct tg_lab_step *of = &lab->steps[step];
    if (job_make(of) != NULL) {
        add_bucket(&progress, step);
        add_job(&progress, step);
        add_secrets(&progress, (int)step);
    }
    for (size_t i = 0; i < of->conditions_count; i++) {
        if (of->conditions[i].kind == TG_KIND_DEPLOYMENT) {
            tg_progress_add_pods(&progress);
            break;
        }
    }
    tg_progress_add_gateway(&progress, of);
    *count = progress.count;
    return progress.rows;
}

void tg_progress_json(struct tg_json_out *json, const struct tg_lab *lab, size_t step,
                      const struct tg_model *model, const struct tg_run *run, int64_t now_us,
                      int64_t lab_us)
{
    static const char *const severities[] = {"info", "ok", "warn", "fail"};
    size_t count = 0;
    struct tg_progress_row *rows = tg_progress_rows(lab, step, model, run, now_us, lab_us, &count);
    tg_json_open(json, "progress", '[');
    for (size_t i = 0; i < count; i++) {
        tg_json_open(json, NULL, '{');
        tg_json_put_text(json, "object", rows[i].object[0] != '\0' ? rows[i].object : NULL);
        tg_json_put_text(json, "region",
                         rows[i].target >= 0 ? tg_model_target(model, rows[i].target)->label
                                             : NULL);
        tg_json_put_text(json, "severity", severities[rows[i].severity]);
        tg_json_put_text(json, "phase", rows[i].phase);
        tg_json_put_text(json, "detail", rows[i].detail[0] != '\0' ? rows[i].detail : NULL);
        if (rows[i].total > 0) {
            tg_json_put_int(json, "done", rows[i].done);
            tg_json_put_int(json, "total", rows[i].total);
        }
        tg_json_close(json, '}');
    }
    tg_json_close(json, ']');
    free(rows);
}

/* Whether the row is of a kind that the step itself waits for. */
static bool is_own(const struct tg_lab_step *step, const struct tg_progress_row *row)
{
    for (size_t i = 0; i < step->conditions_count; i++) {
        const char *kind = tg_kind_info(step->conditions[i].kind)->name;
        if (tg_str_has_prefix(row->object, kind) && row->object[strlen(kind)] == '/') {
            return true;
        }
    }
    return false;
}

bool tg_progress_reason(const struct tg_lab *lab, size_t step, const struct tg_model *model,
                        const struct tg_run *run, int64_t now_us, int64_t lab_us, char *out,
                        size_t size)
{
    size_t count = 0;
    int worst_weight = 0;
    const struct tg_progress_row *worst = NULL;
    struct tg_progress_row *rows = tg_progress_rows(lab, step, model, run, now_us, lab_us, &count);
    for (size_t i = 0; i < count; i++) {
        bool is_told = rows[i].object[0] != '\0' && rows[i].detail[0] != '\0' &&
                       rows[i].severity != TG_SEVERITY_OK;
        int weight = (int)rows[i].severity + (is_own(&lab->steps[step], &rows[i]) ? 10 : 1);
        if (is_told && weight > worst_weight) {
            worst = &rows[i];
            worst_weight = weight;
        }
    }
    if (worst != NULL) {
        /* The kind alone: names are long, and stand in the rows. */
        snprintf(out, size, "%.*s %s%s%s: %s", (int)strcspn(worst->object, "/"), worst->object,
                 worst->phase, worst->target >= 0 ? " in " : "",
                 worst->target >= 0 ? tg_model_target(model, worst->target)->label : "",
                 worst->detail);
    }
    free(rows);
    return worst != NULL;
}
