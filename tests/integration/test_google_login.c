/* integration/test_google_login.c - the login to Google Cloud against a simulated one over TLS: the
 * token endpoint, the metadata server, a refused token, and where the tokens never show. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/session.h"
#include "base/assert.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "codec/google_login.h"
#include "codec/json.h"
#include "io/curl_transport.h"
#include "io/google_login.h"
#include "io/read_file.h"
#include "tests/integration/rig_support.h"

#define FILE_MAX (1024 * 1024)
/* Value of an exported variable in the world's file env. The caller frees. */
static char *exported(const char *name)
{
    struct tg_err err = TG_ERR_INIT;
    size_t len = 0;
    char *path = rig_server_path("env");
    char *text = tg_read_file(path, FILE_MAX, &len, &err);
    char *start = tg_asprintf("export %s='", name);
    const char *at = text == NULL ? NULL : strstr(text, start);
    cr_assert_not_null(at, "%s is not in env", name);
    at += strlen(start);
    char *value = tg_strndup(at, strcspn(at, "'"));
    free(start);
    free(text);
    free(path);
    return value;
}

/* The one that the world's user has. The caller frees. */
static char *refresh_token(void)
{
    struct tg_google_credentials credentials;
    struct tg_err err = TG_ERR_INIT;
    size_t len = 0;
    char *path = rig_server_path("gcp-user.json");
    char *json = tg_read_file(path, FILE_MAX, &len, &err);
    cr_assert(tg_google_credentials_parse(json, len, &credentials, &err), "%s", err.msg);
    char *token = tg_strdup(tg_secret_peek(credentials.refresh_token));
    tg_google_credentials_fini(&credentials);
    free(json);
    free(path);
    return token;
}

static struct tg_google_login *sign_in(struct tg_google_places places)
{
    struct tg_err err = TG_ERR_INIT;
    struct tg_google_login *login = tg_google_login_start(
        &places, sim_server_ca_pem(rig_server.server), rig_server.clock, &err);
    cr_assert_not_null(login, "%s", err.msg);
    return login;
}

/* One exchange as a provider would do it. */
struct exchange {
    int status;
    bool is_done;
    struct tg_err err;
    struct tg_buf body;
};

static void take_event(void *context, const struct tg_transport_event *event)
{
    struct exchange *exchange = context;
    if (event->kind == TG_TRANSPORT_HEADERS) {
        exchange->status = event->status;
    } else if (event->kind == TG_TRANSPORT_DATA) {
        tg_buf_append(&exchange->body, event->data, event->len);
    } else {
        exchange->is_done = true;
        exchange->err = event->err;
    }
}

static struct exchange ask(struct tg_google_login *login, const char *method, char *path)
{
    struct tg_err err = TG_ERR_INIT;
    struct exchange exchange = {0};
    tg_buf_init(&exchange.body, FILE_MAX);
    struct tg_transport *transport = tg_curl_transport_new(rig_server.clock, &err);
    struct tg_http_endpoint endpoint = {
        .base_url = tg_strdup(sim_server_gcp_url(rig_server.server)),
        .ca_pem = tg_strdup(sim_server_ca_pem(rig_server.server)),
        .token_source = tg_google_login_source(login),
        .names_quota_project = true,
    };
    struct tg_http_request request = {
        .endpoint = &endpoint,
        .method = method,
        .path = path,
        .header_deadline_us = RIG_LONG_US,
        .deadline_us = RIG_LONG_US,
        .body_len_max = FILE_MAX,
    };
    struct tg_transport_sink sink = {take_event, &exchange};
    transport->ops->submit(transport, 1, &request);
    while (!exchange.is_done) {
        transport->ops->poll(transport, RIG_LONG_US, &sink);
    }
    transport->ops->free(transport);
    tg_http_endpoint_fini(&endpoint);
    return exchange;
}

static struct exchange ask_project(struct tg_google_login *login)
{
    return ask(login, "GET",
               tg_asprintf("/compute/v1/projects/%s/global/networks",
                           sim_server_project(rig_server.server)));
}

static void expect_let_in(struct tg_google_login *login)
{
    struct exchange exchange = ask_project(login);
    cr_expect_eq(exchange.err.code, TG_CODE_NONE, "%s", exchange.err.msg);
    cr_expect_eq(exchange.status, 200, "%s", tg_buf_text(&exchange.body));
    tg_buf_fini(&exchange.body);
}

static uint64_t serial_of(struct tg_google_login *login)
{
    struct tg_token_source *source = tg_google_login_source(login);
    struct tg_token_grant grant;
    struct tg_err err = TG_ERR_INIT;
    cr_assert_eq(source->ops->get(source, &grant, &err), TG_TOKEN_READY, "%s", err.msg);
    uint64_t serial = grant.serial;
    tg_token_grant_fini(&grant);
    return serial;
}

Test(google_login, a_users_refresh_token_opens_the_project, .init = rig_server_start,
     .fini = rig_server_stop)
{
    struct tg_google_login *login =
        sign_in((struct tg_google_places){.usual_file = rig_server_path("gcp-user.json")});
    expect_let_in(login); /* sent before there is a token: it waits */
    expect_let_in(login);
    cr_expect_eq(serial_of(login), 1, "one token serves many requests");
    tg_google_login_stop(login);
}

/* A key of the lab's service account, as the API hands it out once. */
static char *write_key(struct tg_google_login *owner)
{
    const char *project = sim_server_project(rig_server.server);
    struct exchange exchange =
        ask(owner, "POST",
            tg_asprintf("/iam/v1/projects/%s/serviceAccounts/gcs-fuse-sa@%s.iam.gserviceaccount.com"
                        "/keys",
                        project, project));
    struct tg_json document;
    struct tg_err err = TG_ERR_INIT;
    cr_assert_eq(exchange.status, 200, "%s", tg_buf_text(&exchange.body));
    cr_assert(tg_json_parse(tg_buf_text(&exchange.body), exchange.body.len, NULL, &document, &err));
    const char *data = tg_json_text(document.root, "privateKeyData");
    size_t len = 0;
    char *key = tg_base64_decode(data, strlen(data), &len);
    cr_assert_not_null(key);
    char *path = rig_server_path("key.json");
    rig_write_file(path, key, 0600);
    free(key);
    tg_json_release(&document);
    tg_buf_fini(&exchange.body);
    return path;
}

Test(google_login, a_service_accounts_key_signs_in, .init = rig_server_start,
     .fini = rig_server_stop)
{
    struct tg_google_login *owner =
        sign_in((struct tg_google_places){.usual_file = rig_server_path("gcp-user.json")});
    struct tg_google_login *login =
        sign_in((struct tg_google_places){.named_file = write_key(owner)});
    struct exchange exchange = ask_project(login);
    cr_expect_eq(exchange.err.code, TG_CODE_NONE, "%s", exchange.err.msg);
    cr_expect_eq(exchange.status, 403, "known, and without rights: %s",
                 tg_buf_text(&exchange.body));
    tg_buf_fini(&exchange.body);
    tg_google_login_stop(login);
    tg_google_login_stop(owner);
}

static bool contains(const char *path, const char *needle)
{
    struct tg_err err = TG_ERR_INIT;
    size_t len = 0;
    char *bytes = tg_read_file(path, 64 * FILE_MAX, &len, &err);
    bool is_there = bytes != NULL && memmem(bytes, len, needle, strlen(needle)) != NULL;
    free(bytes);
    return is_there;
}

static bool sees_clusters(const struct tg_model *model)
{
    return model->targets_count == 3 &&
           model->targets[1]->kinds[TG_KIND_POD].phase == TG_KIND_PHASE_LIVE &&
           model->targets[2]->kinds[TG_KIND_POD].phase == TG_KIND_PHASE_LIVE;
}

/* A whole session on a project that is known by its name alone: clusters are opened through it. */
Test(google_login, a_session_signs_in_and_writes_no_token, .init = rig_server_start,
     .fini = rig_server_stop)
{
    struct tg_err err = TG_ERR_INIT;
    char *journal = rig_server_path("journal.db");
    char *user = rig_server_path("gcp-user.json");
    setenv("GOOGLE_APPLICATION_CREDENTIALS", user, 1);
    struct tg_session_config config = {
        .clock = rig_server.clock,
        .lab = rig_lab(),
        .project = sim_server_project(rig_server.server),
        .gcp_endpoint = sim_server_gcp_url(rig_server.server),
        .gcp_ca_pem = sim_server_ca_pem(rig_server.server),
        .journal = journal,
        .is_armed = true,
        .workers_max = 1,
    };
    struct tg_session *session = tg_session_start(&config, &err);
    cr_assert_not_null(session, "%s", err.msg);
    cr_expect(rig_session_wait(session, sees_clusters),
              "the clusters of the project are not watched");
    cr_expect_eq(session->workers_count, 1, "clusters that come later keep to --workers");
    struct tg_token_source *source = tg_google_login_source(session->login);
    struct tg_token_grant grant;
    cr_assert_eq(source->ops->get(source, &grant, &err), TG_TOKEN_READY);
    char *log = rig_server_path("journal.db-wal");
    const char *const places[] = {journal, log, "/proc/self/cmdline", "/proc/self/environ"};
    for (size_t i = 0; i < TG_COUNT(places); i++) {
        cr_expect_not(contains(places[i], tg_secret_peek(grant.token)), "a token in %s", places[i]);
    }
    tg_token_grant_fini(&grant);
    tg_session_stop(session);
    free(log);
    free(user);
    free(journal);
}

Test(google_login, the_metadata_server_opens_the_project, .init = rig_server_start,
     .fini = rig_server_stop)
{
    struct tg_google_login *login =
        sign_in((struct tg_google_places){.usual_file = rig_server_path("no-such-file"),
                                          .metadata_host = exported("GCE_METADATA_HOST")});
    expect_let_in(login);
    tg_google_login_stop(login);
}

/* What the world's clock really reads: it may have fallen behind the speed that it is to have. */
static int64_t world_wall_us(void)
{
    static const char member[] = "\"wallUs\":";
    struct tg_buf answer;
    int status = 0;
    tg_buf_init(&answer, FILE_MAX);
    sim_server_ask(rig_server.server, "GET", "/tidegate.dev/v1/world", NULL, &answer, &status);
    const char *at = strstr(tg_buf_text(&answer), member);
    cr_assert(status == 200 && at != NULL, "%d %s", status, tg_buf_text(&answer));
    int64_t wall_us = strtoll(at + strlen(member), NULL, 10);
    tg_buf_fini(&answer);
    return wall_us;
}

/* The world's clock runs ahead, so that the token ends there long before its end here. */
Test(google_login, a_refused_token_is_replaced_and_the_request_sent_again, .init = rig_server_start,
     .fini = rig_server_stop)
{
    struct tg_google_login *login =
        sign_in((struct tg_google_places){.usual_file = rig_server_path("gcp-user.json")});
    expect_let_in(login);
    int64_t until_us = world_wall_us() + 2 * 3600 * TG_US_PER_S;
    sim_server_set_speed(rig_server.server, 100000);
    while (world_wall_us() < until_us) {
        usleep(1000);
    }
    sim_server_set_speed(rig_server.server, 1);
    expect_let_in(login);
    cr_expect_eq(serial_of(login), 2, "one early renewal");
    tg_google_login_stop(login);
}

Test(google_login, a_revoked_login_says_what_to_run, .init = rig_server_start,
     .fini = rig_server_stop)
{
    char *path = rig_server_path("revoked.json");
    char *text = tg_asprintf("{\"type\":\"authorized_user\",\"client_id\":\"c\","
                             "\"client_secret\":\"planted-client-secret\","
                             "\"refresh_token\":\"planted-refresh-token\","
                             "\"token_uri\":\"%s/token\"}",
                             sim_server_gcp_url(rig_server.server));
    rig_write_file(path, text, 0600);
    struct tg_google_login *login =
        sign_in((struct tg_google_places){.named_file = tg_strdup(path)});
    struct exchange exchange = ask_project(login);
    cr_expect_eq(exchange.err.code, TG_CODE_UNAUTHORIZED);
    cr_expect_eq(exchange.status, 0, "nothing is sent without a token");
    cr_expect_not_null(strstr(exchange.err.msg, "gcloud auth application-default login"), "%s",
                       exchange.err.msg);
    cr_expect_null(strstr(exchange.err.msg, "planted"), "%s", exchange.err.msg);
    tg_buf_fini(&exchange.body);
    tg_google_login_stop(login);
    free(text);
    free(path);
}

/* The world lets its own project be billed and no other: so it tells whether it was told. */
Test(google_login, the_quota_project_of_the_credentials_is_named, .init = rig_server_start,
     .fini = rig_server_stop)
{
    char *path = rig_server_path("payer.json");
    char *refresh = refresh_token();
    static const int expected[] = {200, 403};
    const char *const payers[] = {sim_server_project(rig_server.server), "somebody-else"};
    for (size_t i = 0; i < TG_COUNT(payers); i++) {
        char *text = tg_asprintf("{\"type\":\"authorized_user\",\"client_id\":\"c\","
                                 "\"client_secret\":\"simulated\",\"refresh_token\":\"%s\","
                                 "\"token_uri\":\"%s/token\",\"quota_project_id\":\"%s\"}",
                                 refresh, sim_server_gcp_url(rig_server.server), payers[i]);
        rig_write_file(path, text, 0600);
        struct tg_google_login *login =
            sign_in((struct tg_google_places){.named_file = tg_strdup(path)});
        struct exchange exchange = ask_project(login);
        cr_expect_eq(exchange.status, expected[i], "%s", tg_buf_text(&exchange.body));
        cr_expect_eq(strstr(tg_buf_text(&exchange.body), "use project somebody-else") != NULL,
                     i == 1);
        tg_buf_fini(&exchange.body);
        tg_google_login_stop(login);
        free(text);
    }
    free(refresh);
    free(path);
}

Test(google_login, a_file_that_is_named_must_be_there, .init = rig_server_start,
     .fini = rig_server_stop)
{
    struct tg_google_login *login =
        sign_in((struct tg_google_places){.named_file = rig_server_path("no-such-file"),
                                          .metadata_host = exported("GCE_METADATA_HOST")});
    struct exchange exchange = ask_project(login);
    cr_expect_eq(exchange.err.code, TG_CODE_IO, "%s", exchange.err.msg);
    tg_buf_fini(&exchange.body);
    tg_google_login_stop(login);
}

/* gcloud is a script here that writes down what it was started with. */
static void put_gcloud_in_path(const char *script)
{
    char *path = rig_server_path("gcloud-bin");
    cr_assert_eq(mkdir(path, 0700), 0);
    char *program = tg_asprintf("%s/gcloud", path);
    rig_write_file(program, script, 0700);
    char *list = tg_asprintf("%s:%s", path, getenv("PATH"));
    setenv("PATH", list, 1);
    free(list);
    free(program);
    free(path);
}

Test(google_login, gcloud_is_the_last_resort, .init = rig_server_start, .fini = rig_server_stop)
{
    char *seen = rig_server_path("seen");
    char *script = tg_asprintf("#!/bin/sh\n{ echo \"$@\"; env; } >%s\n"
                               "printf '{\"credential\":{\"access_token\":\"%s\","
                               "\"token_expiry\":null}}'\n",
                               seen, sim_server_gcp_token(rig_server.server));
    put_gcloud_in_path(script);
    struct tg_google_login *login = sign_in((struct tg_google_places){0});
    expect_let_in(login);
    struct tg_err err = TG_ERR_INIT;
    size_t len = 0;
    char *text = tg_read_file(seen, FILE_MAX, &len, &err);
    cr_assert_not_null(text, "%s", err.msg);
    cr_expect(tg_str_has_prefix(text, "config config-helper --format=json --min-expiry=15m\n"));
    cr_expect_null(strstr(text, sim_server_gcp_token(rig_server.server)),
                   "a child is given a token");
    tg_google_login_stop(login);
    free(text);
    free(script);
    free(seen);
}

/* Kinds of files that are not read here are gcloud's to read, whichever place they were found in.
 */
Test(google_login, gcloud_reads_what_is_not_read_here, .init = rig_server_start,
     .fini = rig_server_stop)
{
    char *path = rig_server_path("federation.json");
    char *script =
        tg_asprintf("#!/bin/sh\n[ \"$*\" = 'auth application-default print-access-token' ] &&\n"
                    "[ \"$GOOGLE_APPLICATION_CREDENTIALS\" = '%s' ] && echo '%s'\n",
                    path, sim_server_gcp_token(rig_server.server));
    rig_write_file(path, "{\"type\":\"external_account\",\"audience\":\"x\"}", 0600);
    put_gcloud_in_path(script);
    struct tg_google_login *login =
        sign_in((struct tg_google_places){.usual_file = tg_strdup(path)});
    expect_let_in(login);
    tg_google_login_stop(login);
    free(script);
    free(path);
}

Test(google_login, the_environment_names_the_payer_before_the_file, .init = rig_server_start,
     .fini = rig_server_stop)
{
    struct tg_google_login *login =
        sign_in((struct tg_google_places){.usual_file = rig_server_path("gcp-user.json"),
                                          .quota_project = tg_strdup("somebody-else")});
    struct exchange exchange = ask_project(login);
    cr_expect_eq(exchange.status, 403);
    cr_expect_not_null(strstr(tg_buf_text(&exchange.body), "use project somebody-else"));
    tg_buf_fini(&exchange.body);
    tg_google_login_stop(login);
}

/* Runs so slowly that nothing that is only waited for comes within a test. */
static int64_t slow_us(void *context)
{
    (void)context;
    return tg_clock_monotonic_us(&rig_server.clock) / 20;
}

static int64_t wall_us(void *context)
{
    (void)context;
    return tg_clock_wall_us(&rig_server.clock);
}

/* The next try would be half a minute away: what counts is that somebody signed in meanwhile. */
Test(google_login, signing_in_after_a_refusal_is_noticed, .init = rig_server_start,
     .fini = rig_server_stop)
{
    char *path = rig_server_path("mine.json");
    char *good = rig_server_path("gcp-user.json");
    struct tg_err err = TG_ERR_INIT;
    size_t len = 0;
    rig_write_file(path, "{\"type\":\"authorized_user\"}", 0600);
    struct tg_google_places places = {.usual_file = tg_strdup(path)};
    struct tg_clock slow = {slow_us, wall_us, NULL};
    struct tg_google_login *login =
        tg_google_login_start(&places, sim_server_ca_pem(rig_server.server), slow, &err);
    cr_assert_not_null(login, "%s", err.msg);
    struct exchange exchange = ask_project(login);
    cr_expect_eq(exchange.err.code, TG_CODE_CONFIG, "%s", exchange.err.msg);
    tg_buf_fini(&exchange.body);
    char *text = tg_read_file(good, FILE_MAX, &len, &err);
    rig_write_file(path, text, 0600);
    int64_t until_us = tg_clock_monotonic_us(&rig_server.clock) + RIG_LONG_US;
    int status = 0;
    while (status != 200 && tg_clock_monotonic_us(&rig_server.clock) < until_us) {
        exchange = ask_project(login);
        status = exchange.status;
        tg_buf_fini(&exchange.body);
        usleep(20000);
    }
    cr_expect_eq(status, 200);
    tg_google_login_stop(login);
    free(text);
    free(good);
    free(path);
}

Test(google_login, without_any_credentials_it_says_how_to_get_them, .init = rig_server_start,
     .fini = rig_server_stop)
{
    put_gcloud_in_path("#!/bin/sh\necho 'ERROR: (gcloud.config.config-helper) You do not currently "
                       "have an active account selected.' >&2\nexit 1\n");
    struct tg_google_login *login = sign_in((struct tg_google_places){0});
    struct exchange exchange = ask_project(login);
    cr_expect_eq(exchange.err.code, TG_CODE_UNAUTHORIZED);
    cr_expect_not_null(strstr(exchange.err.msg, "active account"), "%s", exchange.err.msg);
    cr_expect_not_null(strstr(exchange.err.msg, "application-default login"), "%s",
                       exchange.err.msg);
    tg_buf_fini(&exchange.body);
    tg_google_login_stop(login);
}

Test(google_login, it_ends_at_once_while_gcloud_hangs, .init = rig_server_start,
     .fini = rig_server_stop)
{
    put_gcloud_in_path("#!/bin/sh\nexec sleep 600\n");
    tg_google_login_stop(sign_in((struct tg_google_places){0}));
}
