/* app/witness.c - whom to ask, and when. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "app/witness.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/str.h"
#include "model/select.h"

#define AGAIN_US (5 * TG_US_PER_S)

/* A call under way, or of a log that ended. */
struct tg_witness_call {
    uint64_t id;
    enum tg_call_kind kind;
    int target;
    char *ns;
    char *pod;
    bool is_wanted; /* in this tick */
    bool is_ended;
    int64_t ended_us;
};

static struct tg_witness_call *find(const struct tg_app *app, enum tg_call_kind kind, int target,
                                    const struct tg_obj *pod)
{
    for (size_t i = 0; i < app->witness_calls_count; i++) {
        struct tg_witness_call *call = &app->witness_calls[i];
        if (call->kind == kind && call->target == target && tg_str_eq(call->ns, pod->ns) &&
            tg_str_eq(call->pod, pod->name)) {
            return call;
        }
    }
    return NULL;
}

static void forget(struct tg_app *app, struct tg_witness_call *call)
{
    free(call->ns);
    free(call->pod);
    *call = app->witness_calls[--app->witness_calls_count];
}

static void begin(struct tg_app *app, enum tg_call_kind kind, int target, const struct tg_obj *pod)
{
    struct tg_call *call = tg_call_new(kind, target);
    call->id = app->next_call_id++;
    call->resource = TG_KIND_POD;
    call->ns = tg_strdup(pod->ns);
    call->name = tg_strdup(pod->name);
    call->container = tg_strdup(tg_pod_main_container(&pod->as.pod));
    app->witness_calls = tg_realloc_array(app->witness_calls, app->witness_calls_count + 1,
                                          sizeof(*app->witness_calls));
    app->witness_calls[app->witness_calls_count++] =
        (struct tg_witness_call){.id = call->id,
                                 .kind = kind,
                                 .target = target,
                                 .ns = tg_strdup(pod->ns),
                                 .pod = tg_strdup(pod->name),
                                 .is_wanted = true};
    tg_app_send(app, call);
}

void tg_app_witness_handle(struct tg_app *app, const struct tg_msg *msg)
{
    for (size_t i = 0; i < app->witness_calls_count && msg->kind == TG_MSG_CALL_DONE; i++) {
        struct tg_witness_call *call = &app->witness_calls[i];
        if (call->id != msg->as.call.call_id) {
            continue;
        }
        call->is_ended = true;
        call->ended_us = msg->at_us;
        if (call->kind == TG_CALL_LIST_INTERFACES) {
            forget(app, call);
        }
        return;
    }
}

void tg_app_witness_fini(struct tg_app *app)
{
    while (app->witness_calls_count > 0) {
        forget(app, &app->witness_calls[0]);
    }
    free(app->witness_calls);
    app->witness_calls = NULL;
}

/* ---- interfaces ---- */

static bool ask(struct tg_app *app, const struct tg_proof_row *row)
{
    if (find(app, TG_CALL_LIST_INTERFACES, row->target, row->pod) != NULL) {
        return false;
    }
    begin(app, TG_CALL_LIST_INTERFACES, row->target, row->pod);
    return true;
}

size_t tg_app_prove(struct tg_app *app)
{
    size_t count = 0;
    size_t asked = 0;
    struct tg_proof_row *rows =
        tg_select_proofs(app->model, tg_clock_monotonic_us(&app->clock), &count);
    for (size_t i = 0; i < count; i++) {
        asked += ask(app, &rows[i]) ? 1 : 0;
    }
    free(rows);
    return asked;
}

bool tg_app_is_proving(const struct tg_app *app)
{
    for (size_t i = 0; i < app->witness_calls_count; i++) {
        if (app->witness_calls[i].kind == TG_CALL_LIST_INTERFACES) {
            return true;
        }
    }
    return false;
}

/* Its things stand and its conditions are observed; what remains is the Pods' own word. */
static bool is_proof_due(const struct tg_app *app)
{
    for (size_t i = 0; i < app->lab->steps_count; i++) {
        if (app->lab->steps[i].proves_interfaces && app->run->steps[i].state == TG_RUN_WAITING &&
            app->steps[i].conditions_met == app->steps[i].conditions_total) {
            return true;
        }
    }
    return false;
}

static void ask_for_proofs(struct tg_app *app, int64_t now_us)
{
    size_t count = 0;
    struct tg_proof_row *rows = tg_select_proofs(app->model, now_us, &count);
    for (size_t i = 0; i < count; i++) {
        bool is_open = rows[i].proof == TG_PROOF_FAILED || rows[i].proof == TG_PROOF_DIFFERS;
        if (rows[i].proof == TG_PROOF_NOT_ASKED ||
            (is_open && now_us - rows[i].tried_us >= AGAIN_US)) {
            (void)ask(app, &rows[i]);
        }
    }
    free(rows);
}

/* ---- logs ---- */

static const struct tg_container *main_container(const struct tg_pod *pod)
{
    const char *name = tg_pod_main_container(pod);
    for (size_t i = 0; i < pod->containers_count; i++) {
        if (tg_str_eq(pod->containers[i].name, name)) {
            return &pod->containers[i];
        }
    }
    return NULL;
}

/* There is a log from the container's start to its end; one that broke off is read afresh, and so
 * is that of a container that was started again. */
static void want_log(struct tg_app *app, const struct tg_target *target, const struct tg_obj *pod,
                     int64_t now_us)
{
    const struct tg_container *container = main_container(&pod->as.pod);
    bool is_running = container != NULL && tg_str_eq(container->state, "running");
    struct tg_witness_call *call = find(app, TG_CALL_DIGEST_LOG, target->index, pod);
    if (call == NULL && container != NULL &&
        (is_running || tg_str_eq(container->state, "terminated"))) {
        begin(app, TG_CALL_DIGEST_LOG, target->index, pod);
    } else if (call != NULL) {
        call->is_wanted = true;
        const struct tg_witness *witness = tg_target_witness(target, pod->ns, pod->name);
        bool is_whole = witness != NULL && witness->log != NULL && witness->log->is_ended &&
                        witness->log->err.code == TG_CODE_NONE;
        if (call->is_ended && (is_running || !is_whole) && now_us - call->ended_us >= AGAIN_US) {
            forget(app, call);
        }
    }
}

static bool is_of_job(const struct tg_obj *pod, const char *job)
{
    const char *label = tg_obj_label(pod, "job-name");
    return label != NULL && tg_str_eq(label, job);
}

static void want_logs_in(struct tg_app *app, const char *cluster, const char *job, int64_t now_us)
{
    const struct tg_target *target = tg_verify_cluster(app->model, cluster);
    for (size_t i = 0; target != NULL && i < target->kinds[TG_KIND_POD].store.count; i++) {
        const struct tg_obj *pod = target->kinds[TG_KIND_POD].store.items[i];
        bool is_meant = job != NULL ? is_of_job(pod, job)
                                    : tg_str_eq(pod->as.pod.app, app->lab->app_label) &&
                                          tg_str_eq(pod->as.pod.phase, "Running");
        if (is_meant && pod->deleted_us == 0) {
            want_log(app, target, pod, now_us);
        }
    }
}

/* Of a step under way: the logs of its Job, or of the model servers that it waits for. */
static void want_logs_of(struct tg_app *app, const struct tg_lab_step *step, int64_t now_us)
{
    for (size_t i = 0; i < step->makes_count; i++) {
        if (step->makes[i].kind != NULL && tg_str_eq(step->makes[i].kind, "Job")) {
            want_logs_in(app, app->lab->config_cluster, step->makes[i].name, now_us);
        }
    }
    for (size_t c = 0; c < step->conditions_count; c++) {
        for (size_t r = 0; r < app->lab->regions_count; r++) {
            if (step->conditions[c].kind == TG_KIND_DEPLOYMENT) {
                want_logs_in(app, app->lab->regions[r].cluster, NULL, now_us);
            }
        }
    }
}

static void drop_unwanted_logs(struct tg_app *app)
{
    for (size_t i = app->witness_calls_count; i > 0; i--) {
        struct tg_witness_call *call = &app->witness_calls[i - 1];
        if (call->kind != TG_CALL_DIGEST_LOG || call->is_wanted) {
            continue;
        }
        if (!call->is_ended) {
            struct tg_call *cancel = tg_call_new(TG_CALL_CANCEL, call->target);
            cancel->id = app->next_call_id++;
            cancel->cancel_id = call->id;
            tg_app_send(app, cancel);
        }
        forget(app, call);
    }
}

void tg_app_witness_tick(struct tg_app *app)
{
    int64_t now_us = tg_clock_monotonic_us(&app->clock);
    bool is_up = app->run != NULL && !app->run->is_over && app->run->config.direction == TG_RUN_UP;
    for (size_t i = 0; i < app->witness_calls_count; i++) {
        app->witness_calls[i].is_wanted = false;
    }
    for (size_t i = 0; is_up && i < app->lab->steps_count; i++) {
        enum tg_run_state state = app->run->steps[i].state;
        if (state == TG_RUN_MAKING || state == TG_RUN_WAITING) {
            want_logs_of(app, &app->lab->steps[i], now_us);
        }
    }
    drop_unwanted_logs(app);
    if (is_up && is_proof_due(app)) {
        ask_for_proofs(app, now_us);
    }
}
