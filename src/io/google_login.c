/* io/google_login.c - the thread that keeps one access token fresh. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "io/google_login.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/rng.h"
#include "base/str.h"
#include "codec/google_login.h"
#include "io/capture.h"
#include "io/curl_transport.h"
#include "io/read_file.h"
#include "io/rs256.h"
#include "net/backoff.h"

#define CREDENTIALS_LEN_MAX (64u * 1024)
#define ANSWER_LEN_MAX      (64u * 1024)
#define REQUEST_US          (15 * TG_US_PER_S)
#define GCLOUD_US           (30 * TG_US_PER_S)
#define SLEEP_US            (60 * TG_US_PER_S)
#define RETRY_BASE_US       TG_US_PER_S
#define RETRY_CAP_US        (60 * TG_US_PER_S)
#define REFUSED_RETRY_US    (30 * TG_US_PER_S) /* somebody has to sign in first */
#define EARLY_EVERY_US      (60 * TG_US_PER_S)
#define EARLIEST_PERCENT    75
#define LATEST_PERCENT      80
#define METADATA_PATH       "/computeMetadata/v1/instance/service-accounts/default/token"

struct tg_google_login {
    struct tg_token_source base;
    pthread_t thread;
    struct tg_clock clock;
    struct tg_google_places places;
    int stop_fd; /* readable when it is to end: for what waits without a transport */
    atomic_bool is_stopping;

    /* The thread's alone, but for wake(). */
    struct tg_transport *transport;
    struct tg_http_endpoint google;
    struct tg_http_endpoint metadata;
    struct tg_backoff backoff;
    struct tg_rng rng;
    uint64_t exchange; /* 0: none under way */
    uint64_t exchanges;
    int status;
    struct tg_buf answer;
    char *answer_quota_project;

    pthread_mutex_t lock; /* over what follows */
    struct tg_secret *token;
    char *quota_project;
    uint64_t serial;
    uint64_t refused_serial; /* the token that a server refused and that is being replaced */
    int64_t until_us;        /* end of the token's life */
    int64_t due_us;          /* next try */
    int64_t early_us;        /* when the last early try was asked for; 0: never */
    bool is_trying;
    struct tg_err err; /* of the last try; NONE before the first and after a good one */
    struct tg_token_listener *listeners;
};

static struct tg_google_login *login_of(struct tg_token_source *source)
{
    return (struct tg_google_login *)source;
}

static void wake(struct tg_google_login *login)
{
    login->transport->ops->wake(login->transport);
}

/* ---- the source: any thread ---- */

static enum tg_token_answer get(struct tg_token_source *source, struct tg_token_grant *grant,
                                struct tg_err *err)
{
    struct tg_google_login *login = login_of(source);
    enum tg_token_answer answer = TG_TOKEN_PENDING;
    int64_t now_us = tg_clock_monotonic_us(&login->clock);
    *grant = (struct tg_token_grant){0};
    pthread_mutex_lock(&login->lock);
    if (login->token != NULL && now_us < login->until_us &&
        login->serial != login->refused_serial) {
        grant->token = tg_secret_new(tg_secret_peek(login->token), tg_secret_len(login->token));
        grant->quota_project = tg_strdup(login->quota_project);
        grant->serial = login->serial;
        answer = TG_TOKEN_READY;
    } else if (!login->is_trying && login->due_us <= now_us) {
        wake(login); /* it slept with the machine */
    } else if (!login->is_trying) {
        *err = login->err;
        answer = TG_TOKEN_FAILED;
    }
    pthread_mutex_unlock(&login->lock);
    return answer;
}

static bool refused(struct tg_token_source *source, uint64_t serial)
{
    struct tg_google_login *login = login_of(source);
    int64_t now_us = tg_clock_monotonic_us(&login->clock);
    pthread_mutex_lock(&login->lock);
    bool is_worth_another = serial != login->serial || serial == login->refused_serial;
    /* A server that refuses every token must not keep us asking for more of them. */
    if (!is_worth_another && (login->early_us == 0 || now_us - login->early_us >= EARLY_EVERY_US)) {
        login->early_us = now_us;
        login->refused_serial = serial;
        login->due_us = now_us;
        is_worth_another = true;
        wake(login);
    }
    pthread_mutex_unlock(&login->lock);
    return is_worth_another;
}

static void listen_to(struct tg_token_source *source, struct tg_token_listener *listener)
{
    struct tg_google_login *login = login_of(source);
    pthread_mutex_lock(&login->lock);
    listener->before = NULL;
    listener->after = login->listeners;
    if (login->listeners != NULL) {
        login->listeners->before = listener;
    }
    login->listeners = listener;
    pthread_mutex_unlock(&login->lock);
}

static void forget(struct tg_token_source *source, struct tg_token_listener *listener)
{
    struct tg_google_login *login = login_of(source);
    pthread_mutex_lock(&login->lock);
    if (listener->before == NULL) {
        login->listeners = listener->after;
    } else {
        listener->before->after = listener->after;
    }
    if (listener->after != NULL) {
        listener->after->before = listener->before;
    }
    pthread_mutex_unlock(&login->lock);
}

/* ---- ends of a try ---- */

/* Under the lock. */
static void tell_listeners(struct tg_google_login *login)
{
    login->is_trying = false;
    for (struct tg_token_listener *at = login->listeners; at != NULL; at = at->after) {
        at->changed(at->context);
    }
}

static void succeed(struct tg_google_login *login, struct tg_google_token *token)
{
    int64_t now_us = tg_clock_monotonic_us(&login->clock);
    int64_t percent = tg_rng_between(&login->rng, EARLIEST_PERCENT, LATEST_PERCENT);
    tg_backoff_reset(&login->backoff);
    pthread_mutex_lock(&login->lock);
    tg_secret_free(login->token);
    free(login->quota_project);
    login->token = token->token;
    login->quota_project = login->answer_quota_project;
    login->answer_quota_project = NULL;
    login->serial++;
    login->until_us = now_us + token->life_us;
    login->due_us = now_us + token->life_us / 100 * percent;
    login->err = (struct tg_err)TG_ERR_INIT;
    tell_listeners(login);
    pthread_mutex_unlock(&login->lock);
}

static void fail(struct tg_google_login *login, const struct tg_err *err)
{
    bool is_transient = tg_code_is_transient(err->code);
    int64_t wait_us =
        tg_backoff_next(&login->backoff, &login->rng, is_transient ? 0 : REFUSED_RETRY_US);
    pthread_mutex_lock(&login->lock);
    login->due_us = tg_clock_monotonic_us(&login->clock) + wait_us;
    login->err = *err;
    tg_redact_in_place(login->err.msg);
    tell_listeners(login);
    pthread_mutex_unlock(&login->lock);
}

static void take_event(void *context, const struct tg_transport_event *event)
{
    struct tg_google_login *login = context;
    struct tg_google_token token;
    struct tg_err err = event->err;
    if (event->id != login->exchange) {
        return;
    }
    switch (event->kind) {
    case TG_TRANSPORT_HEADERS:
        login->status = event->status;
        break;
    case TG_TRANSPORT_DATA:
        (void)tg_buf_append(&login->answer, event->data, event->len);
        break;
    case TG_TRANSPORT_DONE:
        login->exchange = 0;
        if (err.code != TG_CODE_NONE) {
            tg_err_wrap(&err, "signing in to Google");
            fail(login, &err);
        } else if (tg_google_read_token(login->status, tg_buf_text(&login->answer),
                                        login->answer.len, &token, &err)) {
            succeed(login, &token);
        } else {
            fail(login, &err);
        }
        tg_buf_fini(&login->answer);
        break;
    }
}

/* ---- a try ---- */

static void submit(struct tg_google_login *login, struct tg_http_request *request)
{
    request->deadline_us = REQUEST_US;
    request->header_deadline_us = REQUEST_US;
    request->body_len_max = ANSWER_LEN_MAX;
    login->exchange = ++login->exchanges;
    login->status = 0;
    tg_buf_init_secret(&login->answer, ANSWER_LEN_MAX);
    login->transport->ops->submit(login->transport, login->exchange, request);
}

static bool ask_token_endpoint(struct tg_google_login *login,
                               struct tg_google_credentials *credentials, struct tg_err *err)
{
    size_t len = 0;
    char *body = tg_google_login_body(credentials, tg_clock_wall_us(&login->clock), tg_rs256_sign,
                                      &len, err);
    if (body == NULL) {
        return false;
    }
    /* "//host/path": the request names its own host. */
    struct tg_http_request request = {
        .endpoint = &login->google,
        .method = "POST",
        .path = tg_strdup(credentials->token_uri + strlen("https:")),
        .content_type = tg_strdup("application/x-www-form-urlencoded"),
        .body = body,
        .body_len = len,
        .is_body_secret = true,
    };
    login->answer_quota_project = tg_strdup(credentials->quota_project);
    submit(login, &request);
    return true;
}

static bool try_file(struct tg_google_login *login, const char *path, struct tg_err *err)
{
    struct tg_google_credentials credentials = {0};
    size_t len = 0;
    char *json = tg_read_secret_file(path, CREDENTIALS_LEN_MAX, &len, err);
    if (json == NULL) {
        return false;
    }
    bool is_ok = tg_google_credentials_parse(json, len, &credentials, err) &&
                 ask_token_endpoint(login, &credentials, err);
    tg_google_credentials_fini(&credentials);
    explicit_bzero(json, len);
    free(json);
    return is_ok || tg_err_wrap(err, "%s", path);
}

static void ask_metadata_server(struct tg_google_login *login)
{
    struct tg_http_request request = {
        .endpoint = &login->metadata,
        .method = "GET",
        .path = tg_strdup(METADATA_PATH),
        .extra = "Metadata-Flavor: Google",
    };
    submit(login, &request);
}

/* gcloud signs in for kinds of accounts that are not known here; its own store is its own. */
static bool ask_gcloud(struct tg_google_login *login, struct tg_err *err)
{
    /* gcloud keeps a token of its own, whose end must not come before our next try. */
    static const char *const argv[] = {"gcloud",        "config",           "config-helper",
                                       "--format=json", "--min-expiry=15m", NULL};
    struct tg_capture capture = {argv, GCLOUD_US, login->stop_fd};
    struct tg_google_token token = {0};
    struct tg_buf out;
    tg_buf_init_secret(&out, ANSWER_LEN_MAX);
    bool is_ok = tg_capture_run(&capture, &out, err) &&
                 tg_google_read_helper(tg_buf_text(&out), out.len, tg_clock_wall_us(&login->clock),
                                       &token, err);
    tg_buf_fini(&out);
    if (is_ok) {
        succeed(login, &token);
    } else if (err->code == TG_CODE_NOT_FOUND) {
        tg_err_set(err, TG_CODE_UNAUTHORIZED, 0,
                   "no credentials for Google Cloud were found; run: " TG_GOOGLE_LOGIN_COMMAND);
    } else if (err->code == TG_CODE_STATE) {
        tg_err_set(err, TG_CODE_UNAUTHORIZED, err->detail, "%.140s; run: " TG_GOOGLE_LOGIN_COMMAND,
                   err->msg);
    }
    return is_ok;
}

static void try_once(struct tg_google_login *login)
{
    const struct tg_google_places *places = &login->places;
    struct tg_err err = TG_ERR_INIT;
    bool is_ok = true;
    pthread_mutex_lock(&login->lock);
    login->is_trying = true;
    pthread_mutex_unlock(&login->lock);
    free(login->answer_quota_project);
    login->answer_quota_project = NULL;
    if (places->named_file != NULL) {
        is_ok = try_file(login, places->named_file, &err);
    } else if (places->usual_file != NULL && access(places->usual_file, F_OK) == 0) {
        is_ok = try_file(login, places->usual_file, &err);
    } else if (places->metadata_host != NULL) {
        ask_metadata_server(login);
    } else {
        is_ok = ask_gcloud(login, &err);
    }
    if (!is_ok) {
        fail(login, &err);
    }
}

static void *run(void *context)
{
    struct tg_google_login *login = context;
    struct tg_transport_sink sink = {take_event, login};
    while (!atomic_load(&login->is_stopping)) {
        int64_t now_us = tg_clock_monotonic_us(&login->clock);
        pthread_mutex_lock(&login->lock);
        int64_t wait_us = login->due_us - now_us;
        pthread_mutex_unlock(&login->lock);
        if (login->exchange == 0 && wait_us <= 0) {
            try_once(login);
            continue;
        }
        wait_us = login->exchange != 0 || wait_us > SLEEP_US ? SLEEP_US : wait_us;
        login->transport->ops->poll(login->transport, wait_us, &sink);
    }
    return NULL;
}

/* ---- life ---- */

static void free_login(struct tg_google_login *login)
{
    if (login->transport != NULL) {
        login->transport->ops->free(login->transport);
    }
    tg_http_endpoint_fini(&login->google);
    tg_http_endpoint_fini(&login->metadata);
    tg_google_places_fini(&login->places);
    tg_buf_fini(&login->answer);
    free(login->answer_quota_project);
    tg_secret_free(login->token);
    free(login->quota_project);
    if (login->stop_fd >= 0) {
        close(login->stop_fd);
    }
    pthread_mutex_destroy(&login->lock);
    free(login);
}

static int start_thread(struct tg_google_login *login)
{
    sigset_t all;
    sigset_t before;
    sigfillset(&all); /* signals are the main thread's business */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int result = pthread_create(&login->thread, NULL, run, login);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return result;
}

struct tg_google_login *tg_google_login_start(struct tg_google_places *places, const char *ca_pem,
                                              struct tg_clock clock, struct tg_err *err)
{
    static const struct tg_token_source_ops ops = {get, refused, listen_to, forget};
    struct tg_google_login *login = TG_NEW(struct tg_google_login);
    login->base.ops = &ops;
    login->clock = clock;
    login->places = *places;
    *places = (struct tg_google_places){0};
    login->backoff = tg_backoff_of(RETRY_BASE_US, RETRY_CAP_US, TG_TIME_NEVER);
    login->rng = tg_rng_named((uint64_t)tg_clock_wall_us(&clock) ^ (uint64_t)getpid(), "login");
    tg_buf_init(&login->answer, ANSWER_LEN_MAX);
    login->google.ca_pem = tg_strdup(ca_pem);
    if (login->places.metadata_host != NULL) {
        login->metadata.base_url = tg_asprintf("http://%s", login->places.metadata_host);
        login->metadata.is_metadata_server = true;
    }
    login->is_trying = true; /* who asks before the first try waits for it */
    pthread_mutex_init(&login->lock, NULL);
    login->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    login->transport = tg_curl_transport_new(clock, err);
    if (login->transport == NULL || login->stop_fd < 0 || start_thread(login) != 0) {
        if (login->transport != NULL) {
            tg_err_set(err, TG_CODE_INTERNAL, 0, "a thread cannot be started");
        }
        free_login(login);
        return NULL;
    }
    return login;
}

void tg_google_login_stop(struct tg_google_login *login)
{
    const uint64_t one = 1;
    if (login == NULL) {
        return;
    }
    atomic_store(&login->is_stopping, true);
    (void)!write(login->stop_fd, &one, sizeof(one));
    wake(login);
    pthread_join(login->thread, NULL);
    free_login(login);
}

struct tg_token_source *tg_google_login_source(struct tg_google_login *login)
{
    return &login->base;
}
