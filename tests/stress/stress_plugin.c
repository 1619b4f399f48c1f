/* stress/stress_plugin.c - credentials of exec plug-ins that many threads ask for at once, for
 * ThreadSanitizer: before the first one, while they are refused and renewed, and while they end.
 *
 * A plain program, since Criterion cannot start under ThreadSanitizer.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/assert.h"
#include "codec/json.h"
#include "io/clock_real.h"
#include "io/exec_login.h"

#define PLUGINS  6
#define THREADS  4
#define ROUNDS   40
#define LIMIT_US (60 * TG_US_PER_S)

static struct tg_token_source *sources[PLUGINS];
static atomic_int granted;

static struct tg_token_source *add(struct tg_exec_logins *logins, int number)
{
    char file[] = "/kube/config";
    char version[] = "client.authentication.k8s.io/v1";
    char shell[] = "sh";
    char option[] = "-c";
    char script[] = "echo '{\"kind\":\"ExecCredential\",\"apiVersion\":"
                    "\"client.authentication.k8s.io/v1\",\"status\":{\"token\":\"stress-token\"}}'";
    char name[8];
    char *argv[] = {shell, option, script, name, NULL};
    char *environment[] = {NULL};
    struct tg_kube_exec exec = {file, version, argv, environment, NULL};
    struct tg_err err = TG_ERR_INIT;
    snprintf(name, sizeof(name), "%d", number);
    struct tg_token_source *source = tg_exec_logins_add(logins, &exec, &err);
    tg_assert(source != NULL);
    return source;
}

static void count_change(void *context)
{
    atomic_fetch_add((atomic_int *)context, 1);
}

/* Asks until it is given one, as a transport does, then says that a server refused it. */
static void *ask(void *context)
{
    (void)context;
    struct tg_clock clock = tg_clock_real();
    int64_t until_us = tg_clock_monotonic_us(&clock) + LIMIT_US;
    for (int round = 0; round < ROUNDS; round++) {
        struct tg_token_source *source = sources[round % PLUGINS];
        atomic_int changes = 0;
        struct tg_token_listener listener = {.changed = count_change, .context = &changes};
        struct tg_token_grant grant;
        struct tg_err err = TG_ERR_INIT;
        source->ops->listen(source, &listener);
        while (source->ops->get(source, &grant, &err) != TG_TOKEN_READY &&
               tg_clock_monotonic_us(&clock) < until_us) {
            usleep(1000);
        }
        source->ops->forget(source, &listener);
        if (grant.serial > 0) {
            atomic_fetch_add(&granted, 1);
            (void)source->ops->refused(source, grant.serial);
        }
        tg_token_grant_fini(&grant);
    }
    return NULL;
}

int main(void)
{
    struct tg_err err = TG_ERR_INIT;
    pthread_t threads[THREADS];
    tg_json_setup();
    struct tg_exec_logins *logins = tg_exec_logins_new(tg_clock_real(), &err);
    tg_assert(logins != NULL);
    for (int i = 0; i < PLUGINS; i++) {
        sources[i] = add(logins, i);
    }
    for (int i = 0; i < THREADS; i++) {
        tg_assert(pthread_create(&threads[i], NULL, ask, NULL) == 0);
    }
    for (int i = 0; i < THREADS; i++) {
        tg_assert(pthread_join(threads[i], NULL) == 0);
    }
    tg_exec_logins_free(logins);
    for (int i = 0; i < 5; i++) {
        logins = tg_exec_logins_new(tg_clock_real(), &err);
        add(logins, i);
        tg_exec_logins_free(logins);
    }
    if (atomic_load(&granted) != THREADS * ROUNDS) {
        fprintf(stderr, "stress_plugin: %d granted\n", atomic_load(&granted));
        return 1;
    }
    return 0;
}
