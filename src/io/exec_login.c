/* io/exec_login.c - threads that run plug-ins when their credentials are due. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "io/exec_login.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "codec/exec_credential.h"
#include "io/capture.h"
#include "io/token_keeper.h"

#define THREADS_MAX    4
#define PRINTED_MAX    (256u * 1024)
#define PLUGIN_US      (60 * TG_US_PER_S)
#define SLEEP_US       (60 * TG_US_PER_S)
#define HINT_LEN_SHOWN 100

struct login {
    struct tg_token_keeper *keeper;
    struct tg_kube_exec *exec;
    bool is_running; /* a thread has its child; under the lock */
};

struct tg_exec_logins {
    struct tg_clock clock;
    int stop_fd; /* readable when all is to end */
    pthread_t threads[THREADS_MAX];
    int threads_count;

    pthread_mutex_t lock; /* over what follows; never taken by who holds the alarm's */
    struct login **items;
    size_t count;
    bool is_stopping;

    pthread_mutex_t alarm_lock; /* the last to be taken: wake() comes with a keeper's lock held */
    pthread_cond_t alarm;
    uint64_t alarms;
};

static void wake(void *context)
{
    struct tg_exec_logins *logins = context;
    pthread_mutex_lock(&logins->alarm_lock);
    logins->alarms++;
    pthread_cond_broadcast(&logins->alarm);
    pthread_mutex_unlock(&logins->alarm_lock);
}

/* ---- one try ---- */

static bool run_plugin(const struct tg_exec_logins *logins, const struct tg_kube_exec *exec,
                       struct tg_token_grant *grant, int64_t *life_us, struct tg_err *err)
{
    struct tg_capture capture = {(const char *const *)exec->argv, PLUGIN_US, logins->stop_fd,
                                 (const char *const *)exec->environment};
    struct tg_buf out;
    tg_buf_init_secret(&out, PRINTED_MAX);
    bool is_run = tg_capture_run(&capture, &out, err);
    bool is_ok =
        is_run && tg_exec_credential_parse(tg_buf_text(&out), out.len, exec->api_version,
                                           tg_clock_wall_us(&logins->clock), grant, life_us, err);
    tg_buf_fini(&out);
    if (is_run && !is_ok) {
        return tg_err_wrap(err, "the plug-in %.60s", exec->argv[0]);
    }
    if (!is_ok && err->code == TG_CODE_NOT_FOUND) {
        const char *hint = exec->install_hint != NULL ? exec->install_hint : "install it";
        tg_err_set(err, TG_CODE_UNAUTHORIZED, 0, "the plug-in %.60s is not there: %.*s",
                   exec->argv[0], HINT_LEN_SHOWN, hint);
    } else if (!is_ok && err->code == TG_CODE_STATE) {
        err->code = TG_CODE_UNAUTHORIZED;
    }
    return is_ok;
}

static void try_once(struct tg_exec_logins *logins, struct login *login)
{
    struct tg_token_grant grant = {0};
    struct tg_err err = TG_ERR_INIT;
    int64_t life_us = 0;
    tg_token_keeper_begin(login->keeper);
    if (run_plugin(logins, login->exec, &grant, &life_us, &err)) {
        tg_token_keeper_succeed(login->keeper, &grant, life_us);
    } else {
        tg_token_keeper_fail(login->keeper, &err);
    }
}

/* ---- the threads ---- */

/* The plug-in that is due first and that nobody runs, NULL when there is none; *due_us is when.
 * Under the lock. */
static struct login *first_due(struct tg_exec_logins *logins, int64_t *due_us)
{
    struct login *first = NULL;
    *due_us = TG_TIME_NEVER;
    for (size_t i = 0; i < logins->count; i++) {
        struct login *login = logins->items[i];
        int64_t its_us = tg_token_keeper_due_us(login->keeper);
        if (!login->is_running && its_us < *due_us) {
            *due_us = its_us;
            first = login;
        }
    }
    return first;
}

static uint64_t alarms_now(struct tg_exec_logins *logins)
{
    pthread_mutex_lock(&logins->alarm_lock);
    uint64_t alarms = logins->alarms;
    pthread_mutex_unlock(&logins->alarm_lock);
    return alarms;
}

/* At most wait_us, unless an alarm came since seen or comes. */
static void sleep_until_alarm(struct tg_exec_logins *logins, uint64_t seen, int64_t wait_us)
{
    struct timespec until;
    int64_t bounded_us = wait_us > SLEEP_US ? SLEEP_US : wait_us;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += (time_t)(bounded_us / TG_US_PER_S);
    until.tv_nsec += (long)(bounded_us % TG_US_PER_S * 1000);
    if (until.tv_nsec >= 1000000000L) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000L;
    }
    pthread_mutex_lock(&logins->alarm_lock);
    while (logins->alarms == seen &&
           pthread_cond_timedwait(&logins->alarm, &logins->alarm_lock, &until) == 0) {
    }
    pthread_mutex_unlock(&logins->alarm_lock);
}

static void *run(void *context)
{
    struct tg_exec_logins *logins = context;
    for (;;) {
        int64_t due_us = TG_TIME_NEVER;
        uint64_t seen = alarms_now(logins);
        pthread_mutex_lock(&logins->lock);
        bool is_stopping = logins->is_stopping;
        struct login *login = first_due(logins, &due_us);
        int64_t now_us = tg_clock_monotonic_us(&logins->clock);
        bool is_due = login != NULL && due_us <= now_us && !is_stopping;
        if (is_due) {
            login->is_running = true;
        }
        pthread_mutex_unlock(&logins->lock);
        if (is_stopping) {
            return NULL;
        }
        if (!is_due) {
            sleep_until_alarm(logins, seen, due_us == TG_TIME_NEVER ? SLEEP_US : due_us - now_us);
            continue;
        }
        try_once(logins, login);
        pthread_mutex_lock(&logins->lock);
        login->is_running = false;
        pthread_mutex_unlock(&logins->lock);
        wake(logins); /* somebody may have slept past what this one is due for next */
    }
}

static bool start_thread(struct tg_exec_logins *logins, struct tg_err *err)
{
    sigset_t all;
    sigset_t before;
    sigfillset(&all); /* signals are the main thread's business */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int result = pthread_create(&logins->threads[logins->threads_count], NULL, run, logins);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (result != 0) {
        return tg_err_set(err, TG_CODE_INTERNAL, result, "a thread cannot be started");
    }
    logins->threads_count++;
    return true;
}

/* ---- life ---- */

static bool is_same_list(char *const *a, char *const *b)
{
    size_t i = 0;
    while (a[i] != NULL && tg_str_eq(a[i], b[i])) {
        i++;
    }
    return a[i] == NULL && b[i] == NULL;
}

static void free_login(struct login *login)
{
    tg_token_keeper_free(login->keeper);
    tg_kube_exec_free(login->exec);
    free(login);
}

struct tg_exec_logins *tg_exec_logins_new(struct tg_clock clock, struct tg_err *err)
{
    struct tg_exec_logins *logins = TG_NEW(struct tg_exec_logins);
    pthread_condattr_t attributes;
    logins->clock = clock;
    logins->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (logins->stop_fd < 0) {
        free(logins);
        tg_err_set(err, TG_CODE_INTERNAL, 0, "an event descriptor cannot be made");
        return NULL;
    }
    pthread_mutex_init(&logins->lock, NULL);
    pthread_mutex_init(&logins->alarm_lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&logins->alarm, &attributes);
    pthread_condattr_destroy(&attributes);
    return logins;
}

void tg_exec_logins_free(struct tg_exec_logins *logins)
{
    const uint64_t one = 1;
    if (logins == NULL) {
        return;
    }
    pthread_mutex_lock(&logins->lock);
    logins->is_stopping = true;
    pthread_mutex_unlock(&logins->lock);
    (void)!write(logins->stop_fd, &one, sizeof(one));
    wake(logins);
    for (int i = 0; i < logins->threads_count; i++) {
        pthread_join(logins->threads[i], NULL);
    }
    for (size_t i = 0; i < logins->count; i++) {
        free_login(logins->items[i]);
    }
    free(logins->items);
    close(logins->stop_fd);
    pthread_mutex_destroy(&logins->lock);
    pthread_mutex_destroy(&logins->alarm_lock);
    pthread_cond_destroy(&logins->alarm);
    free(logins);
}

/* Under the lock, but the items never go: whoever waits for them is told by their keepers. */
static struct login *find_same(const struct tg_exec_logins *logins, const struct tg_kube_exec *exec)
{
    for (size_t i = 0; i < logins->count; i++) {
        const struct tg_kube_exec *known = logins->items[i]->exec;
        if (tg_str_eq(known->api_version, exec->api_version) &&
            is_same_list(known->argv, exec->argv) &&
            is_same_list(known->environment, exec->environment)) {
            return logins->items[i];
        }
    }
    return NULL;
}

struct tg_token_source *tg_exec_logins_add(struct tg_exec_logins *logins,
                                           const struct tg_kube_exec *exec, struct tg_err *err)
{
    pthread_mutex_lock(&logins->lock);
    struct login *login = find_same(logins, exec);
    if (login == NULL) {
        login = TG_NEW(struct login);
        login->exec = tg_kube_exec_copy(exec);
        login->keeper = tg_token_keeper_new(
            logins->clock, tg_hash_str(exec->argv[0]) ^ (uint64_t)getpid() ^ logins->count, wake,
            logins);
        logins->items = tg_realloc_array(logins->items, logins->count + 1, sizeof(struct login *));
        logins->items[logins->count++] = login;
    }
    bool needs_thread =
        logins->threads_count < THREADS_MAX && (size_t)logins->threads_count < logins->count;
    pthread_mutex_unlock(&logins->lock);
    if (needs_thread && !start_thread(logins, err) && logins->threads_count == 0) {
        return NULL;
    }
    wake(logins);
    return tg_token_keeper_source(login->keeper);
}
