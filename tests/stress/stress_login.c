/* stress/stress_login.c - one login that many threads ask at once, for ThreadSanitizer: before its
 * first token, with it, when a server refuses it, and while it ends.
 *
 * A plain program, since Criterion cannot start under ThreadSanitizer.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/assert.h"
#include "base/mem.h"
#include "codec/json.h"
#include "io/clock_real.h"
#include "io/curl_transport.h"
#include "io/google_login.h"
#include "sim/server.h"

#define THREADS   4
#define REQUESTS  40
#define LIMIT_US  (60 * TG_US_PER_S)
#define BYTES_MAX (1024 * 1024)

static struct sim_server *server;
static struct tg_google_login *login;
static atomic_int answered;
static atomic_int refused;

static void take_event(void *context, const struct tg_transport_event *event)
{
    int *left = context;
    if (event->kind == TG_TRANSPORT_DONE) {
        (*left)--;
        atomic_fetch_add(event->status == 200 ? &answered : &refused, 1);
    }
}

static void *ask(void *context)
{
    (void)context;
    struct tg_err err = TG_ERR_INIT;
    struct tg_transport *transport = tg_curl_transport_new(tg_clock_real(), &err);
    struct tg_http_endpoint endpoint = {
        .base_url = tg_strdup(sim_server_gcp_url(server)),
        .ca_pem = tg_strdup(sim_server_ca_pem(server)),
        .token_source = tg_google_login_source(login),
    };
    int left = REQUESTS;
    struct tg_transport_sink sink = {take_event, &left};
    tg_assert(transport != NULL);
    for (uint64_t id = 1; id <= REQUESTS; id++) {
        struct tg_http_request request = {
            .endpoint = &endpoint,
            .method = "GET",
            .path =
                tg_asprintf("/compute/v1/projects/%s/global/networks", sim_server_project(server)),
            .deadline_us = LIMIT_US,
            .body_len_max = BYTES_MAX,
        };
        transport->ops->submit(transport, id, &request);
        transport->ops->poll(transport, 0, &sink);
        if (id % 2 == 0) {
            while (left > REQUESTS - (int)id) {
                transport->ops->poll(transport, LIMIT_US, &sink);
            }
        }
    }
    transport->ops->free(transport);
    tg_http_endpoint_fini(&endpoint);
    return NULL;
}

static void ask_from_many(void)
{
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        tg_assert(pthread_create(&threads[i], NULL, ask, NULL) == 0);
    }
    for (int i = 0; i < THREADS; i++) {
        tg_assert(pthread_join(threads[i], NULL) == 0);
    }
}

static struct tg_google_login *sign_in(const char *directory, struct tg_err *err)
{
    struct tg_google_places places = {.named_file = tg_asprintf("%s/gcp-user.json", directory)};
    return tg_google_login_start(&places, sim_server_ca_pem(server), tg_clock_real(), err);
}

int main(void)
{
    struct tg_err err = TG_ERR_INIT;
    char directory[] = "/tmp/tidegate-stress-XXXXXX";
    tg_json_setup();
    if (!tg_curl_global_init(&err) || mkdtemp(directory) == NULL) {
        return 1;
    }
    struct sim_server_config config = {
        .world = {.seed = 1, .regions = 2, .is_built = true},
        .dir = directory,
        .listen = "127.0.0.1:0",
        .speed = 1,
        .clock = tg_clock_real(),
    };
    server = sim_server_start(&config, &err);
    login = server != NULL ? sign_in(directory, &err) : NULL;
    if (login == NULL) {
        fprintf(stderr, "stress_login: %s\n", err.msg);
        return 1;
    }
    ask_from_many();
    /* The world's clock runs ahead: its tokens end before anybody here expects it. */
    int64_t until_us = sim_server_wall_us(server) + 2 * 3600 * TG_US_PER_S;
    sim_server_set_speed(server, 100000);
    while (sim_server_wall_us(server) < until_us) {
    }
    sim_server_set_speed(server, 1);
    ask_from_many();
    tg_google_login_stop(login);
    for (int i = 0; i < 5; i++) {
        tg_google_login_stop(sign_in(directory, &err));
    }
    sim_server_stop(server);
    tg_curl_global_fini();
    if (atomic_load(&answered) != 2 * THREADS * REQUESTS) {
        fprintf(stderr, "stress_login: %d answered, %d refused\n", atomic_load(&answered),
                atomic_load(&refused));
        return 1;
    }
    return 0;
}
