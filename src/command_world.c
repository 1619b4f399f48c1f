/* command_world.c - `tidegate sim fault ...`, `sim speed`, `sim step` and the like: what is asked
 * of a simulated world that runs already, over HTTPS. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/world_control.h"
#include "base/i18n.h"
#include "base/mem.h"
#include "base/str.h"
#include "commands.h"
#include "io/clock_real.h"
#include "io/curl_transport.h"
#include "io/read_file.h"

#define FILE_BYTES_MAX   (1024 * 1024)
#define ANSWER_BYTES_MAX (128 * 1024 * 1024)
#define DEADLINE_US      (60 * TG_US_PER_S)
#define STEP_POLL_US     (50 * TG_US_PER_MS)

/* Value of "export NAME='VALUE'" in the text of an env file; the caller frees. */
static char *exported(const char *text, const char *name)
{
    char *start = tg_asprintf("export %s='", name);
    const char *at = strstr(text, start);
    char *value = NULL;
    if (at != NULL) {
        at += strlen(start);
        value = tg_strndup(at, strcspn(at, "'\n"));
    }
    free(start);
    return value;
}

static char *read_in(const char *dir, const char *name, size_t *len, struct tg_err *err)
{
    char *path = tg_asprintf("%s/%s", dir, name);
    char *text = tg_read_file(path, FILE_BYTES_MAX, len, err);
    free(path);
    return text;
}

/* What DIR says about the world that is served there. */
static bool open_endpoint(const char *dir, struct tg_http_endpoint *endpoint, struct tg_err *err)
{
    size_t len = 0;
    *endpoint = (struct tg_http_endpoint){0};
    char *env = read_in(dir, "env", &len, err);
    char *token = env == NULL ? NULL : read_in(dir, "gcp-token", &len, err);
    endpoint->ca_pem = token == NULL ? NULL : read_in(dir, "ca.pem", &len, err);
    if (endpoint->ca_pem != NULL) {
        size_t token_len = strcspn(token, "\r\n");
        endpoint->bearer_token = tg_secret_new(token, token_len);
        explicit_bzero(token, token_len);
        endpoint->base_url = exported(env, "TIDEGATE_GCP_ENDPOINT");
    }
    free(token);
    free(env);
    if (endpoint->ca_pem != NULL && endpoint->base_url == NULL) {
        return tg_err_set(err, TG_CODE_CONFIG, 0, "%s/env: names no TIDEGATE_GCP_ENDPOINT", dir);
    }
    return endpoint->ca_pem != NULL;
}

struct exchange {
    struct tg_buf *answer;
    int status;
    bool is_over;
    struct tg_err err;
};

static void take_event(void *context, const struct tg_transport_event *event)
{
    struct exchange *exchange = context;
    if (event->kind == TG_TRANSPORT_DATA) {
        tg_buf_append(exchange->answer, event->data, event->len);
    } else if (event->kind == TG_TRANSPORT_DONE) {
        exchange->is_over = true;
        exchange->status = event->status;
        exchange->err = event->err;
    }
}

bool command_ask_world(const char *dir, const char *method, const char *path, const char *body,
                       struct tg_buf *answer, int *status, struct tg_err *err)
{
    struct tg_http_endpoint endpoint;
    if (!open_endpoint(dir, &endpoint, err)) {
        tg_http_endpoint_fini(&endpoint);
        return false;
    }
    struct tg_transport *transport = tg_curl_transport_new(tg_clock_real(), err);
    if (transport == NULL) {
        tg_http_endpoint_fini(&endpoint);
        return false;
    }
    struct tg_http_request request = {
        .endpoint = &endpoint,
        .method = method,
        .path = tg_strdup(path),
        .body = tg_strdup(body),
        .body_len = body == NULL ? 0 : strlen(body),
        .deadline_us = DEADLINE_US,
        .body_len_max = ANSWER_BYTES_MAX,
    };
    struct exchange exchange = {.answer = answer, .err = TG_ERR_INIT};
    struct tg_transport_sink sink = {take_event, &exchange};
    transport->ops->submit(transport, 1, &request);
    tg_http_request_fini(&request);
    while (!exchange.is_over) {
        transport->ops->poll(transport, TG_US_PER_S, &sink);
    }
    transport->ops->free(transport);
    tg_http_endpoint_fini(&endpoint);
    *status = exchange.status;
    *err = exchange.err;
    return exchange.err.code == TG_CODE_NONE;
}

static bool exchange_once(const struct cli *cli, const struct tg_world_request *request,
                          struct tg_buf *answer, int *status, struct tg_err *err)
{
    tg_buf_reset(answer);
    return command_ask_world(cli->dir, request->method, request->path, request->body, answer,
                             status, err);
}

/* A step is over when the world says so. */
static bool wait_for_step(const struct cli *cli, struct tg_buf *answer, int *status,
                          struct tg_err *err)
{
    const struct tg_world_request look = {.method = "GET", .path = TG_WORLD_PATH};
    while (tg_world_answer_is_stepping(tg_buf_text(answer), answer->len)) {
        command_wait_signal(STEP_POLL_US);
        if (command_signal_count() > 0 || !exchange_once(cli, &look, answer, status, err)) {
            return false;
        }
    }
    return true;
}

int command_world(const struct cli *cli)
{
    struct tg_err err = TG_ERR_INIT;
    struct tg_world_request request;
    struct tg_buf answer;
    struct tg_buf text;
    int status = 0;
    if (!tg_world_request_parse(cli->words, cli->words_count, &request, &err)) {
        return command_fail(&err);
    }
    command_watch_signals();
    tg_buf_init(&answer, ANSWER_BYTES_MAX);
    tg_buf_init(&text, ANSWER_BYTES_MAX);
    bool is_ok = exchange_once(cli, &request, &answer, &status, &err) &&
                 wait_for_step(cli, &answer, &status, &err) &&
                 tg_world_answer_text(status, tg_buf_text(&answer), answer.len, &text, &err);
    int result = is_ok ? CLI_EXIT_OK : CLI_EXIT_ENVIRONMENT;
    if (is_ok) {
        fputs(cli->is_json ? tg_buf_text(&answer) : tg_buf_text(&text), stdout);
        if (cli->is_json) {
            putchar('\n');
        }
    } else if (command_signal_count() > 0) {
        result = CLI_EXIT_ABORTED;
    } else {
        result = command_fail(&err);
    }
    tg_buf_fini(&answer);
    tg_buf_fini(&text);
    tg_world_request_fini(&request);
    return result;
}
