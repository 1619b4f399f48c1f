/* tests/unit/sim/test_direct.c - the transport without sockets keeps the promises of
 * net/transport.h. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <criterion/criterion.h>

#include "base/clock.h"
#include "base/mem.h"
#include "net/transport.h"
#include "sim/direct.h"
#include "sim/fault.h"
#include "sim/gcp_store.h"
#include "sim_client.h"

struct client {
    struct sim_world *world;
    struct tg_transport *transport;
    struct tg_http_endpoint endpoint;
    struct tg_buf log;  /* "1H200 1D 1E0 " for headers, data, end with code */
    struct tg_buf data; /* all bytes */
    uint64_t cancel_at_headers;
};

static void on_event(void *context, const struct tg_transport_event *event)
{
    struct client *client = context;
    unsigned long long id = event->id;
    switch (event->kind) {
    case TG_TRANSPORT_HEADERS:
        tg_buf_printf(&client->log, "%lluH%d ", id, event->status);
        cr_assert_eq(strncmp(event->world, "simulated; seed=7;", 18), 0);
        cr_assert_eq(event->server_date_us % TG_US_PER_S, 0);
        if (client->cancel_at_headers == event->id) {
            client->transport->ops->cancel(client->transport, event->id);
        }
        break;
    case TG_TRANSPORT_DATA:
        tg_buf_printf(&client->log, "%lluD ", id);
        tg_buf_append(&client->data, event->data, event->len);
        break;
    case TG_TRANSPORT_DONE:
        tg_buf_printf(&client->log, "%lluE%d ", id, (int)event->err.code);
        break;
    }
}

static void begin(struct client *client, const char *url)
{
    *client = (struct client){.world = empty_world()};
    client->transport = sim_direct_new(client->world);
    client->endpoint.base_url = tg_strdup(url);
    tg_buf_init(&client->log, 65536);
    tg_buf_init(&client->data, 16u * 1024 * 1024);
}

static void end(struct client *client)
{
    client->transport->ops->free(client->transport);
    tg_http_endpoint_fini(&client->endpoint);
    tg_buf_fini(&client->log);
    tg_buf_fini(&client->data);
    sim_world_free(client->world);
}

static void submit(struct client *client, uint64_t id, const char *path, bool is_stream,
                   size_t len_max)
{
    struct tg_http_request request = {
        .endpoint = &client->endpoint,
        .method = "GET",
        .path = tg_strdup(path),
        .is_stream = is_stream,
        .body_len_max = len_max,
        .idle_deadline_us = is_stream ? 90 * TG_US_PER_S : 0,
    };
    client->transport->ops->submit(client->transport, id, &request);
    cr_assert_null(request.path, "the request moves");
}

static void poll_now(struct client *client)
{
    struct tg_transport_sink sink = {on_event, client};
    client->transport->ops->poll(client->transport, 0, &sink);
}

static void check_log(struct client *client, const char *wanted)
{
    cr_assert_str_eq(tg_buf_text(&client->log), wanted);
    tg_buf_reset(&client->log);
}

Test(direct, exchanges_end_in_the_order_they_began)
{
    struct client client;
    begin(&client, "sim://0");
    submit(&client, 5, "/livez", false, 1000);
    submit(&client, 3, "/version", false, 1000);
    check_log(&client, "");
    poll_now(&client);
    check_log(&client, "5H200 5D 5E0 3H200 3D 3E0 ");
    poll_now(&client);
    check_log(&client, "");
    end(&client);
}

Test(direct, watch_delivers_at_the_next_poll)
{
    struct client client;
    begin(&client, "sim://0");
    submit(&client, 1, CONFIGS "?watch=1&labelSelector=app%3Da", true, 1 << 20);
    poll_now(&client);
    check_log(&client, "1H200 ");
    make_config(client.world, "x", "a", "1");
    poll_now(&client);
    check_log(&client, "1D ");
    cr_assert_not_null(strstr(tg_buf_text(&client.data), "\"type\":\"ADDED\""));
    client.transport->ops->cancel(client.transport, 1);
    make_config(client.world, "y", "a", "1");
    poll_now(&client);
    check_log(&client, "");
    end(&client);
}

Test(direct, cancel_from_within_an_event_silences)
{
    struct client client;
    begin(&client, "sim://0");
    client.cancel_at_headers = 1;
    submit(&client, 1, "/version", false, 1000);
    poll_now(&client);
    check_log(&client, "1H200 ");
    end(&client);
}

Test(direct, silence_and_ceilings_end_an_exchange)
{
    struct client client;
    char wanted[64];
    begin(&client, "sim://1");
    submit(&client, 1, CONFIGS "?watch=1&labelSelector=app%3Da&timeoutSeconds=3600", true, 1 << 20);
    submit(&client, 2, "/version", false, 10);
    submit(&client, 3, "/version", true, 0);
    poll_now(&client);
    snprintf(wanted, sizeof wanted, "1H200 2H200 2E%d 3E%d ", TG_CODE_LIMIT, TG_CODE_LIMIT);
    check_log(&client, wanted);
    sim_world_run_until(client.world, sim_world_now_us(client.world) + 90 * TG_US_PER_S);
    poll_now(&client);
    snprintf(wanted, sizeof wanted, "1E%d ", TG_CODE_TIMEOUT);
    check_log(&client, wanted);
    end(&client);
}

Test(direct, servers_are_named_by_the_url)
{
    struct client client;
    char wanted[64];
    begin(&client, "sim://7");
    submit(&client, 1, "/version", false, 1000);
    poll_now(&client);
    snprintf(wanted, sizeof wanted, "1E%d ", TG_CODE_CONNECT);
    check_log(&client, wanted);
    tg_str_replace(&client.endpoint.base_url, "sim://0/api");
    submit(&client, 2, "/v1/namespaces/default/configmaps", false, 100000);
    poll_now(&client);
    check_log(&client, "2H200 2D 2E0 ");
    end(&client);
}

Test(direct, tokens_travel)
{
    struct client client;
    begin(&client, "sim://0");
    sim_front_set_token(client.world, 0, "0123456789abcdef");
    submit(&client, 1, CONFIGS, false, 100000);
    poll_now(&client);
    check_log(&client, "1H401 1D 1E0 ");
    client.endpoint.bearer_token = tg_secret_new("0123456789abcdef", 16);
    submit(&client, 2, CONFIGS, false, 100000);
    poll_now(&client);
    check_log(&client, "2H200 2D 2E0 ");
    end(&client);
}

/* ---- a call that waits ---- */

#define COMPUTE "/compute/v1/projects/demo-4711/global"

static char *begin_network(struct client *client, const char *name)
{
    int status = 0;
    json_t *body = json_pack("{s:s,s:b}", "name", name, "autoCreateSubnetworks", 0);
    json_t *begun = sim_gcp_get(client->world, "POST", COMPUTE "/networks", "", body, &status);
    cr_assert_eq(status, 200, "%s", sim_json_text(begun, "error.message"));
    char *path = tg_asprintf(COMPUTE "/operations/%s/wait", sim_json_text(begun, "name"));
    json_decref(begun);
    json_decref(body);
    return path;
}

static void submit_wait(struct client *client, uint64_t id, char *path)
{
    struct tg_http_request request = {
        .endpoint = &client->endpoint, .method = "POST", .path = path, .body_len_max = 65536};
    client->transport->ops->submit(client->transport, id, &request);
}

/* Lets seconds pass one by one until something is told; how many went by. */
static int64_t wait_for_answer(struct client *client)
{
    for (int64_t second = 0; second <= 300; second++) {
        poll_now(client);
        if (client->log.len > 0) {
            return second;
        }
        sim_world_run_until(client->world, sim_world_now_us(client->world) + TG_US_PER_S);
    }
    cr_assert_fail("no answer in five minutes");
    return -1;
}

Test(direct, wait_answers_when_the_operation_is_done)
{
    struct client client;
    begin(&client, "sim://gcp");
    sim_gcp_enable_service(client.world, "compute.googleapis.com");
    sim_world_run_until(client.world, 600 * TG_US_PER_S);
    submit_wait(&client, 1, begin_network(&client, "a"));
    poll_now(&client);
    check_log(&client, ""); /* making a network takes many seconds */
    int64_t waited_s = wait_for_answer(&client);
    cr_assert_gt(waited_s, 2);
    cr_assert_lt(waited_s, 120);
    check_log(&client, "1H200 1D 1E0 ");
    cr_assert_not_null(strstr(tg_buf_text(&client.data), "\"status\":\"DONE\""), "%s",
                       tg_buf_text(&client.data));
    char *path = begin_network(&client, "b");
    submit_wait(&client, 2, tg_strdup(path));
    wait_for_answer(&client);
    tg_buf_reset(&client.log);
    submit_wait(&client, 3, path);
    cr_assert_eq(wait_for_answer(&client), 0, "what is done is answered at once");
    end(&client);
}

Test(direct, wait_gives_up_after_two_minutes)
{
    struct client client;
    struct tg_err err = TG_ERR_INIT;
    begin(&client, "sim://gcp");
    sim_gcp_enable_service(client.world, "compute.googleapis.com");
    sim_world_run_until(client.world, 600 * TG_US_PER_S);
    struct sim_fault_spec spec = sim_fault_spec_of(SIM_FAULT_OPERATION_HANG);
    cr_assert_not_null(sim_fault_add(client.world, &spec, &err), "%s", err.msg);
    submit_wait(&client, 1, begin_network(&client, "a"));
    cr_assert_eq(wait_for_answer(&client), 120);
    check_log(&client, "1H200 1D 1E0 ");
    cr_assert_not_null(strstr(tg_buf_text(&client.data), "\"status\":\"RUNNING\""), "%s",
                       tg_buf_text(&client.data));
    submit_wait(&client, 2, begin_network(&client, "b"));
    poll_now(&client);
    client.transport->ops->cancel(client.transport, 2);
    sim_world_run_until(client.world, sim_world_now_us(client.world) + 300 * TG_US_PER_S);
    poll_now(&client);
    check_log(&client, "");
    end(&client);
}
