/* io/worker.c - the thread of a worker. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "io/worker.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/mem.h"
#include "io/curl_transport.h"

#define CALLS_MAX 1024

struct tg_worker {
    pthread_t thread;
    struct tg_clock clock;
    struct tg_transport *transport;
    struct tg_queue *inbox;
    struct tg_queue *calls;
    struct tg_queue *changes; /* struct change */
    atomic_bool is_stopping;
    uint64_t next_exchange_id;
    size_t count;
    struct tg_provider **providers;
    int *indexes; /* target of each provider */
    int64_t *wake_us;
    bool *is_parked; /* of a target that is gone */
    int64_t now_us;
};

/* A target that comes or goes. */
struct change {
    struct tg_target_config config; /* when it comes */
    int removed;                    /* -1: it comes */
};

/* A closed inbox means that the program is ending: the message has no reader any more. */
static void emit(void *context, struct tg_msg *msg)
{
    struct tg_worker *worker = context;
    if (!tg_queue_push(worker->inbox, msg)) {
        tg_msg_free(msg);
    }
}

static void take_event(void *context, const struct tg_transport_event *event)
{
    struct tg_worker *worker = context;
    worker->now_us = tg_clock_monotonic_us(&worker->clock);
    for (size_t i = 0; i < worker->count; i++) {
        if (tg_provider_event(worker->providers[i], event, worker->now_us)) {
            worker->wake_us[i] = 0;
            return;
        }
    }
}

static void add_provider(struct tg_worker *worker, struct tg_target_config *config)
{
    struct tg_emitter emitter = {emit, worker};
    size_t count = worker->count + 1;
    worker->providers = tg_realloc_array(worker->providers, count, sizeof(struct tg_provider *));
    worker->indexes = tg_realloc_array(worker->indexes, count, sizeof(int));
    worker->wake_us = tg_realloc_array(worker->wake_us, count, sizeof(int64_t));
    worker->is_parked = tg_realloc_array(worker->is_parked, count, sizeof(bool));
    worker->is_parked[worker->count] = false;
    worker->indexes[worker->count] = config->index;
    worker->wake_us[worker->count] = 0;
    worker->providers[worker->count] =
        tg_provider_new(config, worker->transport, &emitter, &worker->next_exchange_id);
    worker->count = count;
}

/* It is not stepped any more, and so asks nothing; what is under way ends by itself. */
static void park_provider(struct tg_worker *worker, int target)
{
    for (size_t i = 0; i < worker->count; i++) {
        worker->is_parked[i] = worker->is_parked[i] || worker->indexes[i] == target;
    }
}

static void take_changes(struct tg_worker *worker)
{
    struct change *change;
    while ((change = tg_queue_take(worker->changes)) != NULL) {
        if (change->removed >= 0) {
            park_provider(worker, change->removed);
        } else {
            add_provider(worker, &change->config);
        }
        free(change);
    }
}

static void refuse_call(struct tg_worker *worker, const struct tg_call *call)
{
    struct tg_msg *msg = tg_msg_new(TG_MSG_CALL_DONE, call->target, worker->now_us);
    msg->as.call.call_id = call->id;
    tg_err_set(&msg->as.call.err, TG_CODE_NOT_FOUND, 0, "the cluster was deleted");
    emit(worker, msg);
}

static void take_calls(struct tg_worker *worker)
{
    struct tg_call *call;
    while ((call = tg_queue_take(worker->calls)) != NULL) {
        for (size_t i = 0; i < worker->count; i++) {
            if (worker->indexes[i] == call->target && worker->is_parked[i]) {
                refuse_call(worker, call);
                break;
            }
            if (worker->indexes[i] == call->target) {
                tg_provider_call(worker->providers[i], call, worker->now_us);
                worker->wake_us[i] = 0;
                call = NULL;
                break;
            }
        }
        tg_call_free(call);
    }
}

static int64_t step_providers(struct tg_worker *worker)
{
    int64_t wake_us = TG_TIME_NEVER;
    for (size_t i = 0; i < worker->count; i++) {
        if (worker->is_parked[i]) {
            continue;
        }
        if (worker->wake_us[i] <= worker->now_us) {
            worker->wake_us[i] = tg_provider_step(worker->providers[i], worker->now_us);
        }
        wake_us = worker->wake_us[i] < wake_us ? worker->wake_us[i] : wake_us;
    }
    return wake_us;
}

static void *run(void *context)
{
    struct tg_worker *worker = context;
    struct tg_transport_sink sink = {take_event, worker};
    while (!atomic_load(&worker->is_stopping)) {
        worker->now_us = tg_clock_monotonic_us(&worker->clock);
        take_changes(worker);
        take_calls(worker);
        int64_t wake_us = step_providers(worker);
        int64_t wait_us = wake_us == TG_TIME_NEVER   ? 60 * TG_US_PER_S
                          : wake_us > worker->now_us ? wake_us - worker->now_us
                                                     : 0;
        worker->transport->ops->poll(worker->transport, wait_us, &sink);
    }
    return NULL;
}

static void free_call(void *item)
{
    tg_call_free(item);
}

static void free_change(void *item)
{
    struct change *change = item;
    tg_target_config_fini(&change->config);
    free(change);
}

static void free_worker(struct tg_worker *worker)
{
    for (size_t i = 0; i < worker->count; i++) {
        tg_provider_free(worker->providers[i]);
    }
    if (worker->transport != NULL) {
        worker->transport->ops->free(worker->transport);
    }
    tg_queue_free(worker->calls);
    tg_queue_free(worker->changes);
    free(worker->providers);
    free(worker->indexes);
    free(worker->wake_us);
    free(worker->is_parked);
    free(worker);
}

struct tg_worker *tg_worker_start(struct tg_target_config *configs, size_t count,
                                  struct tg_queue *inbox, struct tg_clock clock, struct tg_err *err)
{
    struct tg_worker *worker = TG_NEW(struct tg_worker);
    worker->clock = clock;
    worker->inbox = inbox;
    worker->next_exchange_id = 1;
    worker->calls = tg_queue_new(CALLS_MAX, free_call);
    worker->changes = tg_queue_new(CALLS_MAX, free_change);
    worker->transport = tg_curl_transport_new(clock, err);
    if (worker->transport == NULL) {
        free_worker(worker);
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        add_provider(worker, &configs[i]);
    }
    /* Signals are the main thread's business. */
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int result = pthread_create(&worker->thread, NULL, run, worker);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (result != 0) {
        tg_err_set(err, TG_CODE_INTERNAL, result, "a thread cannot be started");
        free_worker(worker);
        return NULL;
    }
    return worker;
}

static void change(struct tg_worker *worker, struct change *change)
{
    if (!tg_queue_try_push(worker->changes, change)) {
        free_change(change); /* as many as there are calls: the program is ending */
    }
    worker->transport->ops->wake(worker->transport);
}

void tg_worker_add(struct tg_worker *worker, struct tg_target_config *config)
{
    struct change *one = TG_NEW(struct change);
    one->config = *config;
    one->removed = -1;
    *config = (struct tg_target_config){0};
    change(worker, one);
}

void tg_worker_remove(struct tg_worker *worker, int target)
{
    struct change *one = TG_NEW(struct change);
    one->removed = target;
    change(worker, one);
}

void tg_worker_call(struct tg_worker *worker, struct tg_call *call)
{
    if (!tg_queue_try_push(worker->calls, call)) {
        struct tg_msg *msg =
            tg_msg_new(TG_MSG_CALL_DONE, call->target, tg_clock_monotonic_us(&worker->clock));
        msg->as.call.call_id = call->id;
        tg_err_set(&msg->as.call.err, TG_CODE_LIMIT, 0, "too many calls are waiting");
        tg_call_free(call);
        if (!tg_queue_try_push(worker->inbox, msg)) {
            tg_msg_free(msg);
        }
        return;
    }
    worker->transport->ops->wake(worker->transport);
}

void tg_worker_stop(struct tg_worker *worker)
{
    if (worker == NULL) {
        return;
    }
    atomic_store(&worker->is_stopping, true);
    worker->transport->ops->wake(worker->transport);
    pthread_join(worker->thread, NULL);
    free_worker(worker);
}
