/* integration/test_exec_sockets.c - connections that leave HTTP, over libcurl: to whom they are
 * made, with which credentials, and how they end. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "io/curl_transport.h"
#include "io/kubeconfig.h"
#include "tests/integration/rig_support.h"

static struct tg_kubeconfig kubeconfig;

static void start_world(void)
{
    struct tg_err err = TG_ERR_INIT;
    rig_server_start();
    cr_assert(tg_kubeconfig_load(&kubeconfig, sim_server_kubeconfig_path(rig_server.server), &err));
}

static void stop_world(void)
{
    tg_kubeconfig_fini(&kubeconfig);
    rig_server_stop();
}

TestSuite(exec_sockets, .init = start_world, .fini = stop_world, .timeout = 120);

struct seen {
    int status;
    bool is_done;
    struct tg_err err;
    struct tg_buf data;
    char accept[64];
    char protocol[64];
};

static void take(void *context, const struct tg_transport_event *event)
{
    struct seen *seen = context;
    switch (event->kind) {
    case TG_TRANSPORT_HEADERS:
        seen->status = event->status;
        snprintf(seen->accept, sizeof(seen->accept), "%s", event->websocket_accept);
        snprintf(seen->protocol, sizeof(seen->protocol), "%s", event->websocket_protocol);
        break;
    case TG_TRANSPORT_DATA:
        tg_buf_append(&seen->data, event->data, event->len);
        break;
    case TG_TRANSPORT_DONE:
        seen->is_done = true;
        seen->err = event->err;
        break;
    }
}

/* Runs until it is over, or has given so many bytes. */
static void run(struct tg_transport *transport, struct seen *seen, size_t bytes)
{
    struct tg_transport_sink sink = {take, seen};
    int64_t until_us = tg_clock_monotonic_us(&rig_server.clock) + RIG_LONG_US;
    while (!seen->is_done && (bytes == 0 || seen->data.len < bytes) &&
           tg_clock_monotonic_us(&rig_server.clock) < until_us) {
        transport->ops->poll(transport, 100 * TG_US_PER_MS, &sink);
    }
}

static void ask(struct tg_transport *transport, const struct tg_http_endpoint *endpoint,
                const char *path, struct seen *seen)
{
    struct tg_http_request request = {
        .endpoint = endpoint,
        .method = "GET",
        .path = tg_strdup(path),
        .websocket_key = tg_strdup("dGhlIHNhbXBsZSBub25jZQ=="),
        .websocket_protocols = "v5.channel.k8s.io",
        .body_len_max = 65536,
        .deadline_us = 20 * TG_US_PER_S,
    };
    *seen = (struct seen){.status = 0};
    tg_buf_init(&seen->data, 65536);
    transport->ops->submit(transport, 7, &request);
}

/* Name of a running model server, by an ordinary request on the same transport. */
static char *pod_name(struct tg_transport *transport, const struct tg_http_endpoint *endpoint)
{
    struct seen seen = {.status = 0};
    struct tg_http_request request = {
        .endpoint = endpoint,
        .method = "GET",
        .path = tg_strdup("/api/v1/namespaces/default/pods?labelSelector=app%3Dgemma-server"),
        .accept = tg_strdup("application/json;as=Table;g=meta.k8s.io;v=v1"),
        .body_len_max = 1024 * 1024,
        .deadline_us = 20 * TG_US_PER_S,
    };
    tg_buf_init(&seen.data, 1024 * 1024);
    transport->ops->submit(transport, 3, &request);
    run(transport, &seen, 0);
    const char *at = strstr(tg_buf_text(&seen.data), "\"cells\":[\"vllm-gemma-");
    cr_assert_not_null(at, "%d %s", seen.status, seen.err.msg);
    at += strlen("\"cells\":[\"");
    char *name = tg_strndup(at, strcspn(at, "\""));
    tg_buf_fini(&seen.data);
    return name;
}

static struct tg_transport *new_transport(void)
{
    struct tg_err err = TG_ERR_INIT;
    struct tg_transport *transport = tg_curl_transport_new(rig_server.clock, &err);
    cr_assert_not_null(transport, "%s", err.msg);
    return transport;
}

static char *exec_path(const char *pod, const char *command)
{
    return tg_asprintf("/api/v1/namespaces/default/pods/%s/exec?%s&container=vllm-tpu&stdout=true",
                       pod, command);
}

Test(exec_sockets, bytes_go_both_ways_until_one_side_closes)
{
    struct seen seen;
    struct tg_transport *transport = new_transport();
    const struct tg_http_endpoint *endpoint = &kubeconfig.contexts[0].endpoint;
    char *pod = pod_name(transport, endpoint);
    char *path = exec_path(pod, "command=ls&command=%2Fsys%2Fclass%2Fnet");
    ask(transport, endpoint, path, &seen);
    run(transport, &seen, 60);
    cr_assert_eq(seen.status, 101, "%d %s", seen.status, seen.err.msg);
    cr_assert_str_eq(seen.accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    cr_assert_str_eq(seen.protocol, "v5.channel.k8s.io");
    /* a ping, masked with zeroes, and then the close frame */
    size_t before = seen.data.len;
    transport->ops->send(transport, 7, "\x89\x82\0\0\0\0hi\x88\x82\0\0\0\0\x03\xe8", 16);
    run(transport, &seen, 0);
    cr_assert(seen.is_done);
    cr_assert_eq(seen.err.code, TG_CODE_NONE, "%s", seen.err.msg);
    cr_assert_geq(seen.data.len, before);
    transport->ops->send(transport, 7, "x", 1); /* to nobody */
    free(path);
    free(pod);
    tg_buf_fini(&seen.data);
    transport->ops->free(transport);
}

/* Whoever is not the server that the kubeconfig means gets no token and no request. */
Test(exec_sockets, the_server_is_verified_before_a_word_is_said)
{
    struct seen seen;
    struct tg_transport *transport = new_transport();
    struct tg_http_endpoint stranger = kubeconfig.contexts[0].endpoint;
    stranger.ca_pem = NULL; /* the system's authorities do not know it */
    ask(transport, &stranger, "/api/v1/namespaces/default/pods/p/exec?command=ls", &seen);
    run(transport, &seen, 0);
    cr_assert(seen.is_done);
    cr_assert_eq(seen.err.code, TG_CODE_TLS, "%d %s", (int)seen.err.code, seen.err.msg);
    cr_assert_eq(seen.status, 0);
    tg_buf_fini(&seen.data);
    stranger = kubeconfig.contexts[0].endpoint;
    static char other[] = "another.example";
    stranger.tls_server_name = other;
    ask(transport, &stranger, "/api/v1/namespaces/default/pods/p/exec?command=ls", &seen);
    run(transport, &seen, 0);
    cr_assert_eq(seen.err.code, TG_CODE_TLS, "%d %s", (int)seen.err.code, seen.err.msg);
    tg_buf_fini(&seen.data);
    transport->ops->free(transport);
}

Test(exec_sockets, an_answer_that_is_no_upgrade_comes_whole)
{
    struct seen seen;
    struct tg_transport *transport = new_transport();
    struct tg_http_endpoint nobody = kubeconfig.contexts[0].endpoint;
    ask(transport, &nobody, "/api/v1/namespaces/default/pods/no-such-pod/exec?command=ls", &seen);
    run(transport, &seen, 0);
    cr_assert_eq(seen.status, 404, "%s", seen.err.msg);
    cr_assert_not_null(strstr(tg_buf_text(&seen.data), "not found"));
    tg_buf_fini(&seen.data);
    nobody.bearer_token = NULL;
    ask(transport, &nobody, "/api/v1/namespaces/default/pods/no-such-pod/exec?command=ls", &seen);
    run(transport, &seen, 0);
    cr_assert_eq(seen.status, 401, "%s", seen.err.msg);
    cr_assert_eq(seen.err.code, TG_CODE_NONE);
    tg_buf_fini(&seen.data);
    transport->ops->free(transport);
}

/* A server that says nothing, one that says too much, and a question that nobody wants any more. */
Test(exec_sockets, silence_floods_and_cancelling_end)
{
    struct seen seen;
    struct tg_buf answer;
    int status = 0;
    struct tg_transport *transport = new_transport();
    const struct tg_http_endpoint *endpoint = &kubeconfig.contexts[0].endpoint;
    char *pod = pod_name(transport, endpoint);
    char *path = exec_path(pod, "command=cat"); /* waits for input that never comes */
    ask(transport, endpoint, path, &seen);
    run(transport, &seen, 2);
    cr_assert_eq(seen.status, 101);
    transport->ops->cancel(transport, 7);
    struct tg_transport_sink sink = {take, &seen};
    transport->ops->poll(transport, 0, &sink);
    cr_assert_not(seen.is_done, "what is cancelled is silent");
    tg_buf_fini(&seen.data);
    tg_buf_init(&answer, 65536);
    sim_server_ask(rig_server.server, "POST", "/tidegate.dev/v1/faults",
                   "{\"kind\":\"reset\",\"region\":\"us-east5\",\"route\":\"*/exec\"}", &answer,
                   &status);
    cr_assert_eq(status, 200, "%s", tg_buf_text(&answer));
    tg_buf_fini(&answer);
    ask(transport, endpoint, path, &seen);
    run(transport, &seen, 0);
    cr_assert_eq(seen.err.code, TG_CODE_BROKEN, "%d %s", (int)seen.err.code, seen.err.msg);
    cr_assert_eq(seen.status, 0);
    tg_buf_fini(&seen.data);
    free(path);
    free(pod);
    transport->ops->free(transport);
}
