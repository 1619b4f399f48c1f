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
    atomic_bool is_stopping;
    uint64_t next_exchange_id;
    size_t count;
    struct tg_provider **providers;
    int *indexes; /* target of each provider */
    int64_t *wake_us;
    int64_t now_us;
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

static void take_calls(struct tg_worker *worker)
{
    struct tg_call *call;
    while ((call = tg_queue_take(worker->calls)) != NULL) {
        for (size_t i = 0; i < worker->count; i++) {
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

static void free_worker(struct tg_worker *worker)
{
    for (size_t i = 0; i < worker->count; i++) {
        tg_provider_free(worker->providers[i]);
    }
    if (worker->transport != NULL) {
        worker->transport->ops->free(worker->transport);
    }
    tg_queue_free(worker->calls);
    free(worker->providers);
    free(worker->indexes);
    free(worker->wake_us);
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
    worker->transport = tg_curl_transport_new(clock, err);
    worker->providers = tg_calloc(count, sizeof(struct tg_provider *));
    worker->indexes = tg_calloc(count, sizeof(int));
    worker->wake_us = tg_calloc(count, sizeof(int64_t));
    if (worker->transport == NULL) {
        free_worker(worker);
        return NULL;
    }
    struct tg_emitter emitter = {emit, worker};
    for (size_t i = 0; i < count; i++) {
        worker->indexes[i] = configs[i].index;
        worker->providers[i] =
            tg_provider_new(&configs[i], worker->transport, &emitter, &worker->next_exchange_id);
        worker->count++;
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
