/* sim/program_curl.c - curl as people use it from a Pod: to the gateway's addresses through its
 * data path, to Pods and Services inside the cluster; anything else does not resolve.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim/behaviour.h"
#include "sim/chat.h"
#include "sim/controllers.h"
#include "sim/gateway.h"
#include "sim/json_path.h"
#include "sim/process.h"
#include "sim/selector.h"

#define VERSION "8.11.0"
#define CHAT    "/v1/chat/completions"

enum {
    CURL_OK = 0,
    CURL_USAGE = 2,
    CURL_RESOLVE = 6,
    CURL_CONNECT = 7,
    CURL_HTTP = 22,
    CURL_TIMEOUT = 28,
    CURL_EMPTY = 52,
    CURL_RESET = 56
};

struct curl {
    struct sim_process *process;
    bool is_silent;
    bool is_error_shown;
    bool is_head_shown;
    bool is_fail;
    bool is_output_off;
    const char *method; /* NULL: GET, or POST with data */
    struct tg_buf data;
    bool has_data;
    const char *format; /* -w, NULL when absent */
    int64_t timeout_us;
    const char *url;
    char host[128];
    int port;
    char path[1024];
    /* result */
    int status;
    char content_type[128];
    struct tg_buf body;
    int64_t start_us;
    int64_t first_us;
    struct sim_chat chat;
    uint64_t event;
};

static void curl_free(void *state)
{
    struct curl *curl = state;
    sim_world_cancel(curl->process->world, curl->event);
    sim_chat_fini(&curl->chat);
    tg_buf_fini(&curl->data);
    tg_buf_fini(&curl->body);
    free(curl);
}

/* ---- what is printed ---- */

static void print_format(struct curl *curl, int64_t total_us)
{
    struct sim_process *process = curl->process;
    const char *at = curl->format;
    while (at != NULL && *at != '\0') {
        if (at[0] == '\\' && (at[1] == 'n' || at[1] == 't')) {
            sim_process_print(process, 1, "%c", at[1] == 'n' ? '\n' : '\t');
            at += 2;
            continue;
        }
        size_t len = at[0] == '%' && at[1] == '{' ? strcspn(at, "}") : 0;
        if (len == 0 || at[len] == '\0') {
            sim_process_write(process, 1, at++, 1);
            continue;
        }
        char *name = tg_strndup(at + 2, len - 2);
        int64_t time_us = tg_str_eq(name, "time_starttransfer") ? curl->first_us : total_us;
        if (tg_str_eq(name, "http_code") || tg_str_eq(name, "response_code")) {
            sim_process_print(process, 1, "%03d", curl->status);
        } else if (tg_str_has_prefix(name, "time_")) {
            sim_process_print(process, 1, "%" PRId64 ".%06" PRId64, time_us / TG_US_PER_S,
                              time_us % TG_US_PER_S);
        } else if (tg_str_eq(name, "remote_ip")) {
            sim_process_print(process, 1, "%s", curl->host);
        } else if (tg_str_eq(name, "size_download")) {
            sim_process_print(process, 1, "%zu", curl->body.len);
        }
        free(name);
        at += len + 1;
    }
}

static void finish(struct curl *curl, int code, const char *message)
{
    struct sim_process *process = curl->process;
    int64_t total_us = sim_world_now_us(process->world) - curl->start_us;
    if (code == CURL_OK && curl->is_fail && curl->status >= 400) {
        code = CURL_HTTP;
    }
    if (!curl->is_silent) {
        sim_process_print(process, 2,
                          "  %% Total    %% Received %% Xferd  Average Speed   Time    Time     "
                          "Time  Current\n                                 Dload  Upload   Total   "
                          "Spent    Left  Speed\n");
    }
    if (code == CURL_OK && curl->is_head_shown) {
        sim_process_print(process, 1,
                          "HTTP/1.1 %d\r\ncontent-type: %s\r\ncontent-length: %zu\r\n\r\n",
                          curl->status, curl->content_type, curl->body.len);
    }
    if (code == CURL_OK && !curl->is_output_off) {
        sim_process_write(process, 1, tg_buf_text(&curl->body), curl->body.len);
    }
    if (code != CURL_OK && (!curl->is_silent || curl->is_error_shown)) {
        if (code == CURL_HTTP) {
            sim_process_print(process, 2, "curl: (22) The requested URL returned error: %d\n",
                              curl->status);
        } else {
            sim_process_print(process, 2, "curl: (%d) %s\n", code, message);
        }
    }
    print_format(curl, total_us);
    process->request = 0;
    sim_process_done(process, code);
}

/* ---- through the gateway ---- */

static void set_body(struct curl *curl, int status, const char *content_type, const char *text)
{
    curl->status = status;
    tg_str_copy(curl->content_type, sizeof curl->content_type, content_type);
    tg_buf_reset(&curl->body);
    tg_buf_puts(&curl->body, text);
}

static void set_chat(struct curl *curl)
{
    if (curl->chat.error == NULL && curl->chat.is_stream) {
        set_body(curl, 200, "text/event-stream; charset=utf-8", "");
        for (int64_t i = 0; sim_chat_event(&curl->chat, i, &curl->body); i++) {
        }
        return;
    }
    json_t *answer = sim_chat_answer(&curl->chat);
    char *text = json_dumps(answer, JSON_COMPACT);
    set_body(curl, curl->chat.status, "application/json", text);
    free(text);
    json_decref(answer);
}

static void gateway_answered(struct sim_world *world, void *context,
                             const struct sim_gateway_result *result)
{
    struct curl *curl = context;
    (void)world;
    curl->first_us = result->ttfb_us;
    curl->process->request = 0;
    char message[200];
    if (result->curl_code != 0) {
        const char *const texts[] = {"Failed to connect to %s port %d: Connection refused",
                                     "Operation timed out", "Empty reply from server",
                                     "Recv failure: Connection reset by peer"};
        int i = result->curl_code == CURL_CONNECT   ? 0
                : result->curl_code == CURL_TIMEOUT ? 1
                : result->curl_code == CURL_EMPTY   ? 2
                                                    : 3;
        if (i == 0) {
            snprintf(message, sizeof message, "Failed to connect to %s port %d: Connection refused",
                     curl->host, curl->port);
        } else {
            tg_str_copy(message, sizeof message, texts[i]);
        }
        finish(curl, result->curl_code, message);
        return;
    }
    if (result->status == 200) {
        set_chat(curl);
    } else if (result->status == 504) {
        set_body(curl, 504, "text/plain", "stream timeout");
    } else if (result->served_region >= 0) {
        set_body(curl, result->status, "text/plain",
                 "inference gateway: ServiceUnavailable - failed to find candidate pods for "
                 "serving the request");
    } else {
        set_body(curl, result->status, "text/plain", "no healthy upstream");
    }
    finish(curl, CURL_OK, "");
}

static void answered_early(struct sim_world *world, void *data)
{
    struct curl *curl = data;
    curl->event = 0;
    curl->first_us = sim_world_now_us(world) - curl->start_us;
    finish(curl, CURL_OK, "");
}

/* What is known without asking a model server comes back after the way there and back. */
static int answer_early(struct curl *curl, int64_t after_us)
{
    struct sim_world *world = curl->process->world;
    curl->event = sim_world_at(world, sim_world_now_us(world) + after_us, SIM_PRIORITY_CLIENT,
                               answered_early, curl, NULL);
    return SIM_PROGRAM_PENDING;
}

static int ask_gateway(struct curl *curl, int front)
{
    struct sim_process *process = curl->process;
    struct sim_world *world = process->world;
    int client = process->pod->region->index;
    int64_t round_us =
        2 * sim_region_rtt_us(world, client, front) + sim_world_params(world)->proxy_answer_us;
    if (!tg_str_eq(curl->path, CHAT) || (curl->method == NULL && !curl->has_data)) {
        /* the route sends everything to the pool; the picker wants a model in a JSON body */
        set_body(curl, 400, "text/plain",
                 "inference gateway: BadRequest - model not found in request body");
        return answer_early(curl, round_us);
    }
    sim_chat_read(&curl->chat, world, process->pod->entity, tg_buf_text(&curl->data),
                  curl->data.len);
    json_t *request = json_loadb(tg_buf_text(&curl->data), curl->data.len, 0, NULL);
    bool has_model = sim_json_text(request, "model")[0] != '\0';
    json_decref(request);
    if (!has_model) {
        set_body(curl, 400, "text/plain",
                 "inference gateway: BadRequest - model not found in request body");
        return answer_early(curl, round_us);
    }
    if (curl->chat.error != NULL) {
        set_chat(curl);
        return answer_early(curl, round_us);
    }
    process->request =
        sim_gateway_request(world, client, front, curl->chat.prompt_tokens,
                            curl->chat.output_tokens, curl->timeout_us, gateway_answered, curl);
    return SIM_PROGRAM_PENDING;
}

/* ---- inside the cluster ---- */

struct search {
    const char *ip;
    const char *service;
    const char *ns;
    json_t *found; /* borrowed */
};

static bool has_pod_ip(void *context, json_t *pod)
{
    struct search *search = context;
    if (tg_str_eq(sim_json_text(pod, "status.podIP"), search->ip)) {
        search->found = pod;
    }
    return search->found == NULL;
}

static bool is_service_named(void *context, json_t *service)
{
    struct search *search = context;
    const char *name = sim_json_text(service, "metadata.name");
    const char *ns = sim_json_text(service, "metadata.namespace");
    size_t len = strlen(name);
    bool is_name =
        tg_str_has_prefix(search->service, name) &&
        (search->service[len] == '\0'
             ? tg_str_eq(ns, search->ns)
             : search->service[len] == '.' && tg_str_has_prefix(search->service + len + 1, ns));
    if (is_name || tg_str_eq(sim_json_text(service, "spec.clusterIP"), search->service)) {
        search->found = service;
    }
    return search->found == NULL;
}

struct choice {
    struct sim_selector selector;
    json_t *pod; /* borrowed */
};

static bool is_ready_endpoint(void *context, json_t *pod)
{
    struct choice *choice = context;
    const json_t *ready = sim_json_condition(pod, "Ready");
    if (sim_selector_matches_labels(&choice->selector, pod) &&
        tg_str_eq(sim_json_text(ready, "status"), "True") &&
        sim_json_at(pod, "metadata.deletionTimestamp") == NULL) {
        choice->pod = pod;
    }
    return choice->pod == NULL;
}

/* The first ready Pod behind a Service; changes the port to the Pod's. Borrowed, NULL: none. */
static json_t *endpoint_of(struct sim_region *region, json_t *service, int *port)
{
    struct choice choice = {{NULL, 0}, NULL};
    size_t i;
    json_t *item;
    json_array_foreach(sim_json_at(service, "spec.ports"), i, item)
    {
        if (sim_json_int(item, "port", 0) == *port) {
            *port = (int)sim_json_int(item, "targetPort", *port);
            break;
        }
    }
    json_t *wrapped = json_pack("{s:O*}", "matchLabels", sim_json_at(service, "spec.selector"));
    sim_selector_from_json(&choice.selector, wrapped);
    json_decref(wrapped);
    sim_store_each(region->store, sim_world_kinds(region->world)->pod,
                   sim_json_text(service, "metadata.namespace"), is_ready_endpoint, &choice);
    sim_selector_fini(&choice.selector);
    return choice.pod;
}

static int ask_cluster(struct curl *curl)
{
    struct sim_process *process = curl->process;
    struct sim_region *region = process->pod->region;
    const struct sim_kinds *kinds = sim_world_kinds(region->world);
    struct search search = {
        .ip = curl->host, .service = curl->host, .ns = process->pod->ns, .found = NULL};
    int port = curl->port;
    sim_store_each(region->store, kinds->pod, NULL, has_pod_ip, &search);
    json_t *pod = search.found;
    if (pod == NULL) {
        sim_store_each(region->store, kinds->service, NULL, is_service_named, &search);
        pod = search.found == NULL ? NULL : endpoint_of(region, search.found, &port);
    }
    char message[300];
    if (search.found == NULL && curl->host[strspn(curl->host, "0123456789.")] != '\0') {
        snprintf(message, sizeof message, "Could not resolve host: %s", curl->host);
        finish(curl, CURL_RESOLVE, message);
        return SIM_PROGRAM_PENDING;
    }
    struct sim_response response = {.status = 0};
    tg_buf_init(&response.body, SIM_RESPONSE_BODY_MAX);
    struct tg_err err = TG_ERR_INIT;
    char *ns = tg_strdup(sim_json_text(pod, "metadata.namespace"));
    char *name = tg_strdup(sim_json_text(pod, "metadata.name"));
    const char *method = curl->method != NULL ? curl->method : curl->has_data ? "POST" : "GET";
    bool is_answered = pod != NULL && sim_pod_http(region->world, region->index, ns, name, port,
                                                   method, curl->path, tg_buf_text(&curl->data),
                                                   curl->data.len, &response, &err);
    free(ns);
    free(name);
    if (!is_answered) {
        snprintf(message, sizeof message,
                 "Failed to connect to %s port %d after 0 ms: Could not connect to server",
                 curl->host, curl->port);
        sim_response_fini(&response);
        finish(curl, CURL_CONNECT, message);
        return SIM_PROGRAM_PENDING;
    }
    curl->status = response.status;
    tg_str_copy(curl->content_type, sizeof curl->content_type, response.content_type);
    tg_buf_append(&curl->body, tg_buf_text(&response.body), response.body.len);
    sim_response_fini(&response);
    return answer_early(curl, sim_world_params(curl->process->world)->local_answer_us);
}

/* ---- command line ---- */

static bool parse_url(struct curl *curl)
{
    const char *at = curl->url;
    const char *scheme = strstr(at, "://");
    bool is_https = tg_str_has_prefix(at, "https://");
    at = scheme == NULL ? at : scheme + strlen("://");
    size_t len = strcspn(at, ":/?");
    if (len == 0 || len >= sizeof curl->host) {
        return false;
    }
    tg_str_copy(curl->host, sizeof curl->host, at);
    curl->host[len] = '\0';
    at += len;
    curl->port = is_https ? 443 : 80;
    if (*at == ':') {
        char number[8] = "";
        size_t digits = strcspn(at + 1, "/?");
        int64_t port = 0;
        tg_str_copy(number, sizeof number, at + 1);
        number[digits < sizeof number - 1 ? digits : sizeof number - 1] = '\0';
        if (!tg_str_to_int64(number, 1, 65535, &port)) {
            return false;
        }
        curl->port = (int)port;
        at += 1 + digits;
    }
    tg_str_copy(curl->path, sizeof curl->path, *at == '\0' ? "/" : at);
    return true;
}

/* Flags of one letter in word ("-sS"); the letter of an option that takes a value, or '\0'. */
static char short_flags(struct curl *curl, const char *word, const char **value)
{
    for (const char *at = word + 1; *at != '\0'; at++) {
        curl->is_silent = curl->is_silent || *at == 's';
        curl->is_error_shown = curl->is_error_shown || *at == 'S';
        curl->is_head_shown = curl->is_head_shown || *at == 'i';
        curl->is_fail = curl->is_fail || *at == 'f';
        if (strchr("XHdowmu", *at) != NULL) {
            *value = at[1] == '\0' ? NULL : at + 1;
            return *at;
        }
        if (strchr("sSifkNLvg", *at) == NULL) {
            return '?';
        }
    }
    return '\0';
}

static char long_option(struct curl *curl, const char *word)
{
    static const struct {
        const char *name;
        char letter;
    } options[] = {{"--request", 'X'},   {"--header", 'H'},   {"--data", 'd'},
                   {"--data-raw", 'd'},  {"--json", 'd'},     {"--output", 'o'},
                   {"--write-out", 'w'}, {"--max-time", 'm'}, {"--connect-timeout", 'c'},
                   {"--retry", 'c'},     {"--url", 'U'}};
    curl->is_silent = curl->is_silent || tg_str_eq(word, "--silent");
    curl->is_error_shown = curl->is_error_shown || tg_str_eq(word, "--show-error");
    curl->is_head_shown = curl->is_head_shown || tg_str_eq(word, "--include");
    curl->is_fail = curl->is_fail || tg_str_eq(word, "--fail");
    for (size_t i = 0; i < TG_COUNT(options); i++) {
        if (tg_str_eq(word, options[i].name)) {
            return options[i].letter;
        }
    }
    return '\0';
}

static void apply(struct curl *curl, char letter, const char *value)
{
    double seconds = 0;
    switch (letter) {
    case 'X':
        curl->method = value;
        break;
    case 'd':
        curl->has_data = true;
        tg_buf_puts(&curl->data, value);
        break;
    case 'o':
        curl->is_output_off = true;
        break;
    case 'w':
        curl->format = value;
        break;
    case 'm':
        if (tg_str_to_double(value, &seconds) && seconds > 0 && seconds < 1e6) {
            curl->timeout_us = (int64_t)(seconds * 1e6);
        }
        break;
    case 'U':
        curl->url = value;
        break;
    default: /* headers and connection limits change nothing here */
        break;
    }
}

/* False with a message printed when the command line cannot be understood. */
static bool parse(struct curl *curl)
{
    struct sim_process *process = curl->process;
    for (size_t i = 1; sim_process_word(process, i) != NULL; i++) {
        const char *word = sim_process_word(process, i);
        const char *value = NULL;
        char letter = '\0';
        if (tg_str_has_prefix(word, "--")) {
            letter = long_option(curl, word);
        } else if (word[0] == '-' && word[1] != '\0') {
            letter = short_flags(curl, word, &value);
        } else {
            curl->url = word;
            continue;
        }
        if (letter == '?') {
            sim_process_print(process, 2, "curl: option %s: is not simulated\n", word);
            return false;
        }
        if (letter != '\0' && value == NULL) {
            value = sim_process_word(process, ++i);
            if (value == NULL) {
                sim_process_print(process, 2, "curl: option %s: requires parameter\n", word);
                return false;
            }
        }
        if (letter != '\0') {
            apply(curl, letter, value);
        }
    }
    return true;
}

int sim_program_curl(struct sim_process *process)
{
    if (tg_str_eq(sim_process_word(process, 1), "--version")) {
        sim_process_print(process, 1, "curl " VERSION " (x86_64-alpine-linux-musl) (simulated)\n");
        return CURL_OK;
    }
    struct curl *curl = TG_NEW(struct curl);
    curl->process = process;
    curl->start_us = sim_world_now_us(process->world);
    tg_buf_init(&curl->data, (size_t)3 << 20);
    tg_buf_init(&curl->body, (size_t)16 << 20);
    process->state = curl;
    process->free_state = curl_free;
    if (!parse(curl)) {
        return CURL_USAGE;
    }
    if (curl->url == NULL || !parse_url(curl)) {
        sim_process_print(process, 2,
                          curl->url == NULL ? "curl: (2) no URL specified\n"
                                            : "curl: (3) URL rejected: Malformed input\n");
        return curl->url == NULL ? CURL_USAGE : 3;
    }
    int front = sim_region_of_vip(process->world, curl->host);
    if (front >= 0 && curl->port == 80 && sim_gateway_is_programmed(process->world)) {
        return ask_gateway(curl, front);
    }
    return ask_cluster(curl);
}
