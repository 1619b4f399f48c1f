/* io/token_keeper.c - a credential, its age, and who waits for it. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "io/token_keeper.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/rng.h"
#include "net/backoff.h"

#define RETRY_BASE_US    TG_US_PER_S
#define RETRY_CAP_US     (60 * TG_US_PER_S)
#define REFUSED_RETRY_US (30 * TG_US_PER_S) /* somebody has to sign in first */
#define EARLY_EVERY_US   (60 * TG_US_PER_S)
#define EARLIEST_PERCENT 75
#define LATEST_PERCENT   80

struct tg_token_keeper {
    struct tg_token_source base;
    struct tg_clock clock;
    void (*wake)(void *context);
    void *context;

    pthread_mutex_t lock; /* over what follows */
    struct tg_backoff backoff;
    struct tg_rng rng;
    struct tg_token_grant kept; /* its serial counts; 0: there was none yet */
    uint64_t refused_serial;    /* what a server refused and what is being replaced */
    int64_t until_us;           /* end of its life */
    int64_t due_us;             /* next try */
    int64_t early_us;           /* when the last early try was asked for */
    bool was_early;
    bool is_trying;
    struct tg_err err; /* of the last try; NONE before the first and after a good one */
    struct tg_token_listener *listeners;
};

static struct tg_token_keeper *keeper_of(struct tg_token_source *source)
{
    return (struct tg_token_keeper *)source;
}

static struct tg_secret *copy_secret(const struct tg_secret *secret)
{
    return secret == NULL ? NULL : tg_secret_new(tg_secret_peek(secret), tg_secret_len(secret));
}

/* ---- the source ---- */

static enum tg_token_answer get(struct tg_token_source *source, struct tg_token_grant *grant,
                                struct tg_err *err)
{
    struct tg_token_keeper *keeper = keeper_of(source);
    enum tg_token_answer answer = TG_TOKEN_PENDING;
    int64_t now_us = tg_clock_monotonic_us(&keeper->clock);
    *grant = (struct tg_token_grant){0};
    pthread_mutex_lock(&keeper->lock);
    const struct tg_token_grant *kept = &keeper->kept;
    if (kept->serial > 0 && now_us < keeper->until_us && kept->serial != keeper->refused_serial) {
        grant->token = copy_secret(kept->token);
        grant->client_cert_pem = tg_strdup(kept->client_cert_pem);
        grant->client_key_pem = copy_secret(kept->client_key_pem);
        grant->quota_project = tg_strdup(kept->quota_project);
        grant->serial = kept->serial;
        answer = TG_TOKEN_READY;
    } else if (!keeper->is_trying && keeper->due_us <= now_us) {
        keeper->wake(keeper->context); /* it slept with the machine */
    } else if (!keeper->is_trying) {
        *err = keeper->err;
        answer = TG_TOKEN_FAILED;
    }
    pthread_mutex_unlock(&keeper->lock);
    return answer;
}

static bool refused(struct tg_token_source *source, uint64_t serial)
{
    struct tg_token_keeper *keeper = keeper_of(source);
    int64_t now_us = tg_clock_monotonic_us(&keeper->clock);
    pthread_mutex_lock(&keeper->lock);
    bool is_worth_another = serial != keeper->kept.serial || serial == keeper->refused_serial;
    /* A server that refuses every token must not keep us asking for more of them. */
    if (!is_worth_another && (!keeper->was_early || now_us - keeper->early_us >= EARLY_EVERY_US)) {
        keeper->was_early = true;
        keeper->early_us = now_us;
        keeper->refused_serial = serial;
        keeper->due_us = now_us;
        is_worth_another = true;
        keeper->wake(keeper->context);
    }
    pthread_mutex_unlock(&keeper->lock);
    return is_worth_another;
}

static void listen_to(struct tg_token_source *source, struct tg_token_listener *listener)
{
    struct tg_token_keeper *keeper = keeper_of(source);
    pthread_mutex_lock(&keeper->lock);
    listener->before = NULL;
    listener->after = keeper->listeners;
    if (keeper->listeners != NULL) {
        keeper->listeners->before = listener;
    }
    keeper->listeners = listener;
    pthread_mutex_unlock(&keeper->lock);
}

static void forget(struct tg_token_source *source, struct tg_token_listener *listener)
{
    struct tg_token_keeper *keeper = keeper_of(source);
    pthread_mutex_lock(&keeper->lock);
    if (listener->before == NULL) {
        keeper->listeners = listener->after;
    } else {
        listener->before->after = listener->after;
    }
    if (listener->after != NULL) {
        listener->after->before = listener->before;
    }
    pthread_mutex_unlock(&keeper->lock);
}

/* ---- whoever fetches ---- */

/* Under the lock. */
static void end_try(struct tg_token_keeper *keeper)
{
    keeper->is_trying = false;
    for (struct tg_token_listener *at = keeper->listeners; at != NULL; at = at->after) {
        at->changed(at->context);
    }
}

static int64_t after(int64_t now_us, int64_t wait_us)
{
    return wait_us > TG_TIME_NEVER - now_us ? TG_TIME_NEVER : now_us + wait_us;
}

void tg_token_keeper_begin(struct tg_token_keeper *keeper)
{
    pthread_mutex_lock(&keeper->lock);
    keeper->is_trying = true;
    pthread_mutex_unlock(&keeper->lock);
}

void tg_token_keeper_succeed(struct tg_token_keeper *keeper, struct tg_token_grant *grant,
                             int64_t life_us)
{
    int64_t now_us = tg_clock_monotonic_us(&keeper->clock);
    pthread_mutex_lock(&keeper->lock);
    int64_t percent = tg_rng_between(&keeper->rng, EARLIEST_PERCENT, LATEST_PERCENT);
    tg_backoff_reset(&keeper->backoff);
    grant->serial = keeper->kept.serial + 1;
    tg_token_grant_fini(&keeper->kept);
    keeper->kept = *grant;
    *grant = (struct tg_token_grant){0};
    keeper->until_us = after(now_us, life_us);
    keeper->due_us =
        life_us == TG_TIME_NEVER ? TG_TIME_NEVER : after(now_us, life_us / 100 * percent);
    keeper->err = (struct tg_err)TG_ERR_INIT;
    end_try(keeper);
    pthread_mutex_unlock(&keeper->lock);
}

void tg_token_keeper_fail(struct tg_token_keeper *keeper, const struct tg_err *err)
{
    bool is_transient = tg_code_is_transient(err->code);
    pthread_mutex_lock(&keeper->lock);
    int64_t wait_us =
        tg_backoff_next(&keeper->backoff, &keeper->rng, is_transient ? 0 : REFUSED_RETRY_US);
    keeper->due_us = after(tg_clock_monotonic_us(&keeper->clock), wait_us);
    keeper->err = *err;
    tg_redact_in_place(keeper->err.msg);
    end_try(keeper);
    pthread_mutex_unlock(&keeper->lock);
}

int64_t tg_token_keeper_due_us(struct tg_token_keeper *keeper)
{
    pthread_mutex_lock(&keeper->lock);
    int64_t due_us = keeper->due_us;
    pthread_mutex_unlock(&keeper->lock);
    return due_us;
}

bool tg_token_keeper_needs_help(struct tg_token_keeper *keeper)
{
    pthread_mutex_lock(&keeper->lock);
    bool needs_help = keeper->err.code != TG_CODE_NONE && !tg_code_is_transient(keeper->err.code);
    pthread_mutex_unlock(&keeper->lock);
    return needs_help;
}

void tg_token_keeper_hurry(struct tg_token_keeper *keeper)
{
    pthread_mutex_lock(&keeper->lock);
    tg_backoff_reset(&keeper->backoff);
    keeper->due_us = tg_clock_monotonic_us(&keeper->clock);
    keeper->wake(keeper->context);
    pthread_mutex_unlock(&keeper->lock);
}

/* ---- life ---- */

struct tg_token_keeper *tg_token_keeper_new(struct tg_clock clock, uint64_t seed,
                                            void (*wake)(void *context), void *context)
{
    static const struct tg_token_source_ops ops = {get, refused, listen_to, forget};
    struct tg_token_keeper *keeper = TG_NEW(struct tg_token_keeper);
    keeper->base.ops = &ops;
    keeper->clock = clock;
    keeper->wake = wake;
    keeper->context = context;
    keeper->backoff = tg_backoff_of(RETRY_BASE_US, RETRY_CAP_US, TG_TIME_NEVER);
    keeper->rng = tg_rng_named(seed, "login");
    keeper->due_us = tg_clock_monotonic_us(&keeper->clock);
    keeper->is_trying = true; /* who asks before the first try waits for it */
    pthread_mutex_init(&keeper->lock, NULL);
    return keeper;
}

void tg_token_keeper_free(struct tg_token_keeper *keeper)
{
    if (keeper != NULL) {
        tg_token_grant_fini(&keeper->kept);
        pthread_mutex_destroy(&keeper->lock);
        free(keeper);
    }
}

struct tg_token_source *tg_token_keeper_source(struct tg_token_keeper *keeper)
{
    return &keeper->base;
}
