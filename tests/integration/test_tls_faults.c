/* integration/test_tls_faults.c - faults of TLS and names over sockets: what a client's own library
 * says of them is what the transport without sockets says. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <criterion/criterion.h>
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/mem.h"
#include "base/str.h"
#include "io/clock_real.h"
#include "io/read_file.h"
#include "net/transport.h"
#include "sim/direct.h"
#include "sim/fault.h"
#include "sim/front.h"
#include "sim/server.h"

static char dir[] = "/tmp/tidegate-tls-XXXXXX";
static struct sim_server *server;
static CURL *curl; /* one connection, kept as long as it lasts */

static void start_world(void)
{
    struct tg_err err = TG_ERR_INIT;
    cr_assert_not_null(mkdtemp(dir));
    curl_global_init(CURL_GLOBAL_DEFAULT);
    struct sim_server_config config = {
        .world = {.seed = 1, .regions = 1, .is_built = true},
        .dir = dir,
        .listen = "127.0.0.1:0",
        .speed = 1,
        .clock = tg_clock_real(),
    };
    server = sim_server_start(&config, &err);
    cr_assert_not_null(server, "%s", err.msg);
    curl = curl_easy_init();
    const char *pem = sim_server_ca_pem(server);
    struct curl_blob blob = {
        .data = (void *)(uintptr_t)pem, .len = strlen(pem), .flags = CURL_BLOB_COPY};
    curl_easy_setopt(curl, CURLOPT_CAINFO_BLOB, &blob);
    char *url = tg_asprintf("%s/token", sim_server_gcp_url(server));
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
    free(url);
}

static void stop_world(void)
{
    curl_easy_cleanup(curl);
    sim_server_stop(server);
    char *command = tg_asprintf("rm -r %s", dir);
    cr_assert_eq(system(command), 0);
    free(command);
    curl_global_cleanup();
}

/* What libcurl makes of a request; *message is static. */
static int asked(const char **message)
{
    static char text[CURL_ERROR_SIZE];
    text[0] = '\0';
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, text);
    int code = (int)curl_easy_perform(curl);
    *message = text;
    return code;
}

static void admin(const char *method, const char *path, const char *body, int wanted)
{
    struct tg_buf answer;
    int status = 0;
    tg_buf_init(&answer, 65536);
    sim_server_ask(server, method, path, body, &answer, &status);
    cr_assert_eq(status, wanted, "%s %s: %d %s", method, path, status, tg_buf_text(&answer));
    tg_buf_fini(&answer);
}

static void add_fault(const char *kind, const char *more)
{
    char *body = tg_asprintf("{\"kind\":\"%s\",\"id\":\"x\",\"region\":\"gcp\"%s}", kind, more);
    admin("POST", "/tidegate.dev/v1/faults", body, 200);
    free(body);
}

static void remove_fault(void)
{
    admin("DELETE", "/tidegate.dev/v1/faults/x", NULL, 200);
}

/* ---- without sockets ---- */

static void keep_error(void *context, const struct tg_transport_event *event)
{
    if (event->kind == TG_TRANSPORT_DONE) {
        *(struct tg_err *)context = event->err;
    }
}

static struct tg_err said_without_sockets(enum sim_fault_kind kind)
{
    struct sim_config config = {.seed = 1, .regions = 1, .start_wall_us = 1};
    struct tg_err err = TG_ERR_INIT;
    struct sim_world *world = sim_world_new(&config, &err);
    struct sim_fault_spec spec = sim_fault_spec_of(kind);
    spec.region = SIM_SERVER_GCP;
    cr_assert_not_null(sim_fault_add(world, &spec, &err), "%s", err.msg);
    struct tg_transport *transport = sim_direct_new(world);
    struct tg_http_endpoint endpoint = {.base_url = tg_strdup("sim://gcp")};
    struct tg_http_request request = {
        .endpoint = &endpoint, .method = "GET", .path = tg_strdup("/token"), .body_len_max = 1000};
    transport->ops->submit(transport, 1, &request);
    struct tg_transport_sink sink = {keep_error, &err};
    transport->ops->poll(transport, 0, &sink);
    transport->ops->free(transport);
    tg_http_endpoint_fini(&endpoint);
    sim_world_free(world);
    return err;
}

/* ---- both ---- */

Test(tls_faults, the_handshake_fails_as_the_client_would_see_it, .init = start_world,
     .fini = stop_world, .timeout = 120)
{
    static const struct {
        const char *name;
        enum sim_fault_kind kind;
        int code;
        const char *message;
    } faults[] = {
        {"tls", SIM_FAULT_TLS, CURLE_PEER_FAILED_VERIFICATION, "unable to get local issuer"},
        {"tls-expired", SIM_FAULT_TLS_EXPIRED, CURLE_PEER_FAILED_VERIFICATION,
         "certificate has expired"},
        {"tls-host", SIM_FAULT_TLS_HOST, CURLE_PEER_FAILED_VERIFICATION,
         "no alternative certificate subject name matches"},
        {"tls-old", SIM_FAULT_TLS_OLD, CURLE_SSL_CONNECT_ERROR, "SSL routines"},
    };
    const char *message;
    cr_assert_eq(asked(&message), CURLE_OK, "%s", message);
    for (size_t i = 0; i < TG_COUNT(faults); i++) {
        add_fault(faults[i].name, "");
        int code = asked(&message); /* the connection from before does not go on either */
        cr_expect_eq(code, faults[i].code, "%s: %d %s", faults[i].name, code, message);
        cr_expect_not_null(strstr(message, faults[i].message), "%s: %s", faults[i].name, message);
        struct tg_err err = said_without_sockets(faults[i].kind);
        cr_expect_eq(err.code, TG_CODE_TLS);
        cr_expect_eq(err.detail, faults[i].code);
        cr_expect_not_null(strstr(err.msg, faults[i].message), "%s: %s", faults[i].name, err.msg);
        remove_fault();
        cr_expect_eq(asked(&message), CURLE_OK, "%s is over: %s", faults[i].name, message);
    }
}

/* A server that takes the connection and says nothing is left by the client's own deadline alone.
 */
Test(tls_faults, a_handshake_may_never_be_answered, .init = start_world, .fini = stop_world,
     .timeout = 120)
{
    const char *message;
    add_fault("tls-stall", "");
    curl_easy_setopt(curl, CURLOPT_FRESH_CONNECT, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, 300L);
    int code = asked(&message);
    cr_expect_eq(code, CURLE_OPERATION_TIMEDOUT, "%d %s", code, message);
    remove_fault();
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, 0L);
    cr_expect_eq(asked(&message), CURLE_OK, "it is over: %s", message);
    struct tg_err err = said_without_sockets(SIM_FAULT_TLS_STALL);
    cr_expect_eq(err.code, TG_CODE_NONE, "no answer at all: %s", err.msg);
}

Test(tls_faults, a_route_of_its_own_breaks_the_next_handshake, .init = start_world,
     .fini = stop_world, .timeout = 120)
{
    const char *message;
    add_fault("tls", ",\"route\":\"* /token\",\"times\":1");
    int code = asked(&message);
    if (code != CURLE_PEER_FAILED_VERIFICATION) { /* libcurl may try again by itself, or not */
        cr_assert_eq(code, CURLE_GOT_NOTHING, "%d %s", code, message);
        cr_assert_eq(asked(&message), CURLE_PEER_FAILED_VERIFICATION, "%s", message);
    }
    cr_assert_eq(asked(&message), CURLE_OK, "%s", message);
}

/* What the kubeconfig says of the only cluster's server. The caller frees. */
static char *server_in_kubeconfig(void)
{
    struct tg_err err = TG_ERR_INIT;
    size_t len = 0;
    char *text = tg_read_file(sim_server_kubeconfig_path(server), 1 << 20, &len, &err);
    cr_assert_not_null(text, "%s", err.msg);
    const char *at = strstr(text, "server: ");
    cr_assert_not_null(at);
    at += strlen("server: ");
    char *url = tg_strndup(at, strcspn(at, "\n"));
    free(text);
    return url;
}

/* The server's thread writes it: looks until it says so. */
static void await_server(const char *wanted)
{
    for (int i = 0; i < 6000; i++) {
        char *url = server_in_kubeconfig();
        bool is_there = strstr(url, wanted) != NULL;
        free(url);
        if (is_there) {
            return;
        }
        usleep(10000);
    }
    cr_assert_fail("the kubeconfig never says %s", wanted);
}

Test(tls_faults, a_hidden_name_is_one_that_clients_cannot_resolve, .init = start_world,
     .fini = stop_world, .timeout = 120)
{
    await_server("https://127.0.0.1:");
    admin("POST", "/tidegate.dev/v1/faults", "{\"kind\":\"dns\",\"id\":\"x\",\"region\":0}", 200);
    await_server("https://gke-us-east5.invalid:");
    char *url = server_in_kubeconfig();
    const char *message;
    curl_easy_setopt(curl, CURLOPT_URL, url);
    cr_assert_eq(asked(&message), CURLE_COULDNT_RESOLVE_HOST, "%s", message);
    free(url);
    remove_fault();
    await_server("https://127.0.0.1:");
}

Test(tls_faults, a_name_that_is_not_found_is_told_as_libcurl_does)
{
    struct tg_err err = said_without_sockets(SIM_FAULT_DNS);
    cr_assert_eq(err.code, TG_CODE_DNS);
    cr_assert_eq(err.detail, CURLE_COULDNT_RESOLVE_HOST);
    cr_assert_str_eq(err.msg, "Could not resolve host: googleapis.com");
}
