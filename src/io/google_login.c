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
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "codec/google_login.h"
#include "io/capture.h"
#include "io/curl_transport.h"
#include "io/read_file.h"
#include "io/rs256.h"
#include "io/token_keeper.h"

#define CREDENTIALS_LEN_MAX (64u * 1024)
#define ANSWER_LEN_MAX      (64u * 1024)
#define REQUEST_US          (15 * TG_US_PER_S)
#define GCLOUD_US           (30 * TG_US_PER_S)
#define SLEEP_US            (60 * TG_US_PER_S)
#define LOOK_US             (2 * TG_US_PER_S) /* while somebody has to sign in first */
#define METADATA_PATH       "/computeMetadata/v1/instance/service-accounts/default/token"

/* What a sign-in changes on the disk: Google's libraries' file, the named one, gcloud's accounts.
 */
#define FILES_COUNT 3

struct file_mark {
    struct timespec changed;
    off_t size;
    ino_t inode; /* 0: there is none */
};

struct tg_google_login {
    struct tg_token_keeper *keeper;
    pthread_t thread;
    struct tg_clock clock;
    struct tg_google_places places;
    int stop_fd; /* readable when it is to end: for what waits without a transport */
    atomic_bool is_stopping;

    /* The thread's alone, but for wake(). */
    struct tg_transport *transport;
    struct tg_http_endpoint google;
    struct tg_http_endpoint metadata;
    uint64_t exchange; /* 0: none under way */
    uint64_t exchanges;
    int status;
    struct tg_buf answer;
    char *answer_quota_project;
    char *gcloud_accounts; /* gcloud's own store; NULL: not known where */
    struct file_mark marks[FILES_COUNT];
};

static void wake(void *context)
{
    struct tg_google_login *login = context;
    login->transport->ops->wake(login->transport);
}

/* ---- ends of a try ---- */

static void succeed(struct tg_google_login *login, struct tg_google_token *token)
{
    /* As for Google's libraries, the environment's word counts before the file's. */
    const char *payer = login->places.quota_project != NULL ? login->places.quota_project
                                                            : login->answer_quota_project;
    struct tg_token_grant grant = {.token = token->token, .quota_project = tg_strdup(payer)};
    tg_token_keeper_succeed(login->keeper, &grant, token->life_us);
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
            tg_token_keeper_fail(login->keeper, &err);
        } else if (tg_google_read_token(login->status, tg_buf_text(&login->answer),
                                        login->answer.len, &token, &err)) {
            succeed(login, &token);
        } else {
            tg_token_keeper_fail(login->keeper, &err);
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

/* Runs gcloud, whose own store is its own. *out is the caller's to finish. */
static bool run_gcloud(struct tg_google_login *login, const char *const *argv,
                       const char *const *environment, struct tg_buf *out, struct tg_err *err)
{
    struct tg_capture capture = {argv, GCLOUD_US, login->stop_fd, environment};
    tg_buf_init_secret(out, ANSWER_LEN_MAX);
    if (tg_capture_run(&capture, out, err)) {
        return true;
    }
    if (err->code == TG_CODE_STATE) {
        tg_err_set(err, TG_CODE_UNAUTHORIZED, err->detail, "%.140s; run: " TG_GOOGLE_LOGIN_COMMAND,
                   err->msg);
    }
    return false;
}

/* Workload identity federation, impersonation and what else comes to be: gcloud knows how. */
static bool ask_gcloud_for_file(struct tg_google_login *login, const char *path, struct tg_err *err)
{
    static const char *const argv[] = {"gcloud", "auth", "application-default",
                                       "print-access-token", NULL};
    char *named = tg_asprintf("GOOGLE_APPLICATION_CREDENTIALS=%s", path);
    const char *const environment[] = {named, NULL};
    struct tg_google_token token = {0};
    struct tg_err why = *err;
    struct tg_buf out;
    bool is_ok = run_gcloud(login, argv, environment, &out, err) &&
                 tg_google_read_printed(tg_buf_text(&out), out.len, &token, err);
    tg_buf_fini(&out);
    free(named);
    if (is_ok) {
        succeed(login, &token);
    } else if (err->code == TG_CODE_NOT_FOUND) {
        tg_err_set(err, TG_CODE_UNAUTHORIZED, 0, "%.120s, and gcloud is not installed", why.msg);
    }
    return is_ok;
}

static bool try_file(struct tg_google_login *login, const char *path, struct tg_err *err)
{
    struct tg_google_credentials credentials = {0};
    size_t len = 0;
    char *json = tg_read_secret_file(path, CREDENTIALS_LEN_MAX, &len, err);
    if (json == NULL) {
        return false;
    }
    bool is_known = tg_google_credentials_parse(json, len, &credentials, err);
    explicit_bzero(json, len);
    free(json);
    bool is_ok = is_known ? ask_token_endpoint(login, &credentials, err)
                          : err->code == TG_CODE_STATE && ask_gcloud_for_file(login, path, err);
    tg_google_credentials_fini(&credentials);
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

/* gcloud signs in for kinds of accounts that are not known here. */
static bool ask_gcloud(struct tg_google_login *login, struct tg_err *err)
{
    /* gcloud keeps a token of its own, whose end must not come before our next try. */
    static const char *const argv[] = {"gcloud",        "config",           "config-helper",
                                       "--format=json", "--min-expiry=15m", NULL};
    struct tg_google_token token = {0};
    struct tg_buf out;
    bool is_ok = run_gcloud(login, argv, NULL, &out, err) &&
                 tg_google_read_helper(tg_buf_text(&out), out.len, tg_clock_wall_us(&login->clock),
                                       &token, err);
    tg_buf_fini(&out);
    if (is_ok) {
        succeed(login, &token);
    } else if (err->code == TG_CODE_NOT_FOUND) {
        tg_err_set(err, TG_CODE_UNAUTHORIZED, 0,
                   "no credentials for Google Cloud were found; run: " TG_GOOGLE_LOGIN_COMMAND);
    }
    return is_ok;
}

/* True when a file that signing in writes is not as it was at the last look. */
static bool have_files_changed(struct tg_google_login *login)
{
    const char *const paths[FILES_COUNT] = {login->places.named_file, login->places.usual_file,
                                            login->gcloud_accounts};
    bool is_changed = false;
    for (size_t i = 0; i < FILES_COUNT; i++) {
        struct stat status;
        struct file_mark mark = {0};
        if (paths[i] != NULL && stat(paths[i], &status) == 0) {
            mark = (struct file_mark){status.st_mtim, status.st_size, status.st_ino};
        }
        is_changed = is_changed || mark.inode != login->marks[i].inode ||
                     mark.size != login->marks[i].size ||
                     mark.changed.tv_sec != login->marks[i].changed.tv_sec ||
                     mark.changed.tv_nsec != login->marks[i].changed.tv_nsec;
        login->marks[i] = mark;
    }
    return is_changed;
}

static void try_once(struct tg_google_login *login)
{
    const struct tg_google_places *places = &login->places;
    struct tg_err err = TG_ERR_INIT;
    bool is_ok = true;
    tg_token_keeper_begin(login->keeper);
    (void)have_files_changed(login); /* from now on */
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
        tg_token_keeper_fail(login->keeper, &err);
    }
}

static void *run(void *context)
{
    struct tg_google_login *login = context;
    struct tg_transport_sink sink = {take_event, login};
    while (!atomic_load(&login->is_stopping)) {
        int64_t wait_us =
            tg_token_keeper_due_us(login->keeper) - tg_clock_monotonic_us(&login->clock);
        bool is_idle = login->exchange == 0;
        if (is_idle && wait_us <= 0) {
            try_once(login);
            continue;
        }
        int64_t longest_us = SLEEP_US;
        if (is_idle && tg_token_keeper_needs_help(login->keeper)) {
            longest_us = LOOK_US;
            if (have_files_changed(login)) {
                tg_token_keeper_hurry(login->keeper);
                continue;
            }
        }
        wait_us = !is_idle || wait_us > longest_us ? longest_us : wait_us;
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
    free(login->gcloud_accounts);
    tg_token_keeper_free(login->keeper);
    if (login->stop_fd >= 0) {
        close(login->stop_fd);
    }
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

/* gcloud keeps its accounts beside the file for Google's libraries. */
static char *accounts_beside(const char *usual_file)
{
    const char *slash = usual_file == NULL ? NULL : strrchr(usual_file, '/');
    return slash == NULL
               ? NULL
               : tg_asprintf("%.*s/credentials.db", (int)(slash - usual_file), usual_file);
}

struct tg_google_login *tg_google_login_start(struct tg_google_places *places, const char *ca_pem,
                                              struct tg_clock clock, struct tg_err *err)
{
    struct tg_google_login *login = TG_NEW(struct tg_google_login);
    login->clock = clock;
    login->places = *places;
    *places = (struct tg_google_places){0};
    login->keeper = tg_token_keeper_new(
        clock, (uint64_t)tg_clock_wall_us(&clock) ^ (uint64_t)getpid(), wake, login);
    login->gcloud_accounts = accounts_beside(login->places.usual_file);
    tg_buf_init(&login->answer, ANSWER_LEN_MAX);
    login->google.ca_pem = tg_strdup(ca_pem);
    if (login->places.metadata_host != NULL) {
        login->metadata.base_url = tg_asprintf("http://%s", login->places.metadata_host);
        login->metadata.is_metadata_server = true;
    }
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
    return tg_token_keeper_source(login->keeper);
}
