/* sim/gcp_http.c - requests to Google Cloud's server: what is JSON, and what is not. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "sim/gcp_http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/str.h"
#include "sim/fault_response.h"
#include "sim/gcp_token.h"
#include "sim/k8s_status.h"
#include "sim/query.h"

#define BOUNDARY_SIZE 96
#define BATCH_MAX     100

static const char *const content_type_json = "application/json; charset=UTF-8";

void sim_gcp_fail(struct sim_response *response, int code, const char *status, const char *message)
{
    sim_k8s_reply(response, code,
                  json_pack("{s:{s:i, s:s, s:s}}", "error", "code", code, "message", message,
                            "status", status));
    tg_str_copy(response->content_type, sizeof response->content_type, content_type_json);
}

bool sim_gcp_is_upload(const char *path)
{
    return tg_str_has_prefix(path, "/upload/") || tg_str_has_prefix(path, "/resumable/upload/");
}

/* ---- multipart bodies ---- */

/* "--BOUNDARY" of a content type; "" when it names none. */
static const char *delimiter_of(const char *content_type, char out[BOUNDARY_SIZE])
{
    const char *mark = strstr(content_type, "boundary=");
    out[0] = '\0';
    if (mark != NULL) {
        mark += strlen("boundary=");
        bool is_quoted = *mark == '"' || *mark == '\'';
        mark += is_quoted ? 1 : 0;
        size_t len = strcspn(mark, is_quoted ? "\"'" : "; \t\r\n");
        if (len > 0 && len < BOUNDARY_SIZE - 3) {
            snprintf(out, BOUNDARY_SIZE, "--%.*s", (int)len, mark);
        }
    }
    return out;
}

static const char *find(const char *in, size_t len, const char *what)
{
    size_t what_len = strlen(what);
    return what_len == 0 || len < what_len ? NULL : memmem(in, len, what, what_len);
}

bool sim_gcp_next_part(const char *content_type, const char **at, size_t *left,
                       struct sim_gcp_part *part)
{
    char delimiter[BOUNDARY_SIZE];
    delimiter_of(content_type, delimiter);
    const char *end = *at + *left;
    const char *start = find(*at, *left, delimiter);
    if (start == NULL) {
        return false;
    }
    start += strlen(delimiter);
    const char *next = find(start, (size_t)(end - start), delimiter);
    if (next == NULL) {
        return false; /* the last one, which ends with "--" */
    }
    *at = next;
    *left = (size_t)(end - next);
    start += start < next && *start == '\r' ? 1 : 0;
    start += start < next && *start == '\n' ? 1 : 0;
    size_t len = (size_t)(next - start);
    const char *gap = find(start, len, "\r\n\r\n");
    size_t gap_len = 4;
    const char *short_gap = find(start, len, "\n\n");
    if (gap == NULL || (short_gap != NULL && short_gap < gap)) {
        gap = short_gap;
        gap_len = 2;
    }
    if (gap == NULL) {
        return false;
    }
    part->head = start;
    part->head_len = (size_t)(gap - start);
    part->body = gap + gap_len;
    const char *body_end = next;
    body_end -= body_end > part->body && body_end[-1] == '\n' ? 1 : 0;
    body_end -= body_end > part->body && body_end[-1] == '\r' ? 1 : 0;
    part->body_len = (size_t)(body_end - part->body);
    return true;
}

const char *sim_gcp_part_header(const struct sim_gcp_part *part, const char *name, char *out,
                                size_t size)
{
    const char *at = part->head;
    const char *end = at + part->head_len;
    size_t name_len = strlen(name);
    out[0] = '\0';
    while (at < end) {
        const char *line_end = memchr(at, '\n', (size_t)(end - at));
        line_end = line_end == NULL ? end : line_end;
        size_t len = (size_t)(line_end - at);
        if (len > name_len && strncasecmp(at, name, name_len) == 0 && at[name_len] == ':') {
            const char *value = at + name_len + 1;
            value += strspn(value, " ");
            size_t value_len = value < line_end ? strcspn(value, "\r\n") : 0;
            snprintf(out, size, "%.*s", (int)value_len, value);
            return out;
        }
        at = line_end + 1;
    }
    return out;
}

/* ---- one call ---- */

/* The answer of a call, its status in *status; NULL: the response is filled already. */
static json_t *ask(struct sim_world *world, const char *principal,
                   const struct sim_request *request, const char *body_text, size_t body_len,
                   struct sim_response *response, int *status)
{
    struct sim_gcp_call call = {.world = world,
                                .method = request->method,
                                .query = request->query,
                                .principal = principal,
                                .request = request,
                                .response = response,
                                .status = status};
    json_t *body = NULL;
    bool is_upload = sim_gcp_is_upload(request->path);
    *status = 200;
    if (body_len > 0 && !is_upload) {
        body = json_loadb(body_text, body_len, 0, NULL);
        if (body == NULL) {
            *status = 400;
            return json_pack("{s:{s:i,s:s,s:s}}", "error", "code", 400, "message",
                             "Invalid JSON payload received.", "status", "INVALID_ARGUMENT");
        }
    }
    call.body = body;
    json_t *answer = sim_gcp_ask(&call, request->path);
    if (answer == NULL && !call.has_answered) {
        *status = 404;
        answer =
            json_pack("{s:{s:i,s:s,s:s}}", "error", "code", 404, "message",
                      "The requested URL was not found on this server.", "status", "NOT_FOUND");
    }
    json_decref(body);
    return answer;
}

/* ---- batches ---- */

/* One request of a batch. */
struct part_call {
    char id[160];
    char method[16];
    char *path;
    char target[2048];
    struct sim_request request;
};

static void read_part(const struct sim_gcp_part *part, const struct sim_request *outer,
                      struct part_call *call)
{
    const char *at = part->body;
    const char *end = at + part->body_len;
    *call = (struct part_call){.id = ""};
    sim_gcp_part_header(part, "Content-ID", call->id, sizeof call->id);
    size_t line_len = 0;
    while (line_len < part->body_len && at[line_len] != '\r' && at[line_len] != '\n') {
        line_len++;
    }
    char *line = tg_strndup(at, line_len);
    sscanf(line, "%15s %2047s", call->method, call->target);
    free(line);
    const char *body = find(at, part->body_len, "\r\n\r\n");
    size_t gap = 4;
    if (body == NULL) {
        body = find(at, part->body_len, "\n\n");
        gap = 2;
    }
    body = body == NULL ? end : body + gap;
    const char *host = strstr(call->target, "://");
    const char *path = host == NULL ? call->target : strchr(host + 3, '/');
    path = path == NULL ? "/" : path;
    size_t path_len = strcspn(path, "?");
    call->path = sim_query_decode(path, path_len, false);
    call->request = (struct sim_request){.server = SIM_SERVER_GCP,
                                         .method = call->method,
                                         .path = call->path,
                                         .query = path[path_len] == '?' ? path + path_len + 1 : "",
                                         .accept = "",
                                         .content_type = "application/json",
                                         .authorization = "",
                                         .user_agent = "",
                                         .body = body,
                                         .body_len = (size_t)(end - body),
                                         .has_waited = outer->has_waited,
                                         .refusal = outer->refusal};
}

static char *answer_of(struct sim_world *world, const char *principal, struct part_call *call,
                       int *status)
{
    struct sim_response response = {.status = 0};
    tg_buf_init(&response.body, SIM_RESPONSE_BODY_MAX);
    char *text;
    if (sim_fault_before_part(world, &call->request, &response)) {
        *status = response.status;
        text = tg_strdup(tg_buf_text(&response.body));
    } else {
        json_t *answer = ask(world, principal, &call->request, call->request.body,
                             call->request.body_len, NULL, status);
        text = answer == NULL ? tg_strdup("") : json_dumps(answer, JSON_INDENT(2));
        json_decref(answer);
    }
    sim_response_fini(&response);
    return text;
}

/* Answers one request of a batch and appends it to out. */
static void answer_part(struct sim_world *world, const char *principal, struct part_call *call,
                        const char *delimiter, struct tg_buf *out)
{
    int status = 200;
    char *text = answer_of(world, principal, call, &status);
    size_t id_len = strlen(call->id);
    bool has_id = id_len > 2 && call->id[0] == '<';
    tg_buf_printf(
        out, "%s\r\nContent-Type: application/http\r\nContent-ID: <response-%.*s>\r\n\r\n",
        delimiter, has_id ? (int)(id_len - 2) : (int)id_len, has_id ? call->id + 1 : call->id);
    tg_buf_printf(out, "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n\r\n", status,
                  status < 300 ? "OK" : "Error", content_type_json, strlen(text));
    tg_buf_puts(out, text);
    tg_buf_puts(out, "\r\n");
    free(text);
}

/* How long a batch of waits waits: as long as the longest of them. 0: not at all, or something else
 * is in it, which is not to be kept waiting. */
static int64_t wait_of(struct sim_world *world, const char *principal,
                       const struct sim_request *request)
{
    const char *at = request->body;
    size_t left = request->body_len;
    struct sim_gcp_part part;
    int64_t wait_us = 0;
    bool is_all = true;
    for (int count = 0; count < BATCH_MAX && left > 0 && is_all &&
                        sim_gcp_next_part(request->content_type, &at, &left, &part);
         count++) {
        struct part_call call;
        read_part(&part, request, &call);
        is_all = tg_str_eq(call.method, "POST") && tg_str_has_suffix(call.path, "/wait");
        if (is_all) {
            struct sim_response response = {.status = 0};
            int status = 200;
            tg_buf_init(&response.body, SIM_RESPONSE_BODY_MAX);
            json_decref(ask(world, principal, &call.request, NULL, 0, &response, &status));
            wait_us = response.wait_us > wait_us ? response.wait_us : wait_us;
            sim_response_fini(&response);
        }
        free(call.path);
    }
    return is_all ? wait_us : 0;
}

static void batch(struct sim_world *world, const char *principal, const struct sim_request *request,
                  struct sim_response *response)
{
    const char *delimiter = "--batch_simulated";
    const char *at = request->body;
    size_t left = request->body_len;
    struct sim_gcp_part part;
    int count = 0;
    response->wait_us = request->has_waited ? 0 : wait_of(world, principal, request);
    if (response->wait_us > 0) {
        response->status = 200;
        return;
    }
    while (count < BATCH_MAX && left > 0 &&
           sim_gcp_next_part(request->content_type, &at, &left, &part)) {
        struct part_call call;
        read_part(&part, request, &call);
        answer_part(world, principal, &call, delimiter, &response->body);
        free(call.path);
        count++;
    }
    if (count == 0) {
        sim_gcp_fail(response, 400, "INVALID_ARGUMENT", "Failed to parse batch request.");
        return;
    }
    tg_buf_printf(&response->body, "%s--\r\n", delimiter);
    response->status = 200;
    snprintf(response->content_type, sizeof response->content_type, "multipart/mixed; boundary=%s",
             delimiter + 2);
}

void sim_gcp_handle(struct sim_world *world, const char *principal,
                    const struct sim_request *request, struct sim_response *response)
{
    if (sim_gcp_is_sign_in(request->path)) {
        sim_gcp_sign_in(world, request, response);
        return;
    }
    if (tg_str_has_prefix(request->path, "/batch")) {
        batch(world, principal, request, response);
        return;
    }
    int status = 200;
    json_t *answer =
        ask(world, principal, request, request->body, request->body_len, response, &status);
    if (answer == NULL) {
        return; /* filled by whoever answered with other than JSON */
    }
    if (status == 204) {
        json_decref(answer);
        response->status = 204;
    } else {
        sim_k8s_reply(response, status, answer);
    }
    tg_str_copy(response->content_type, sizeof response->content_type, content_type_json);
}
