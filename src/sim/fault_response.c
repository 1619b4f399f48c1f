/* sim/fault_response.c - faults of answers: in a request's place, and on what came of it. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "sim/fault_response.h"

#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/clock.h"
#include "base/str.h"
#include "sim/gcp_http.h"
#include "sim/gcp_permission.h"
#include "sim/gcp_token.h"
#include "sim/k8s_api.h"
#include "sim/k8s_status.h"

const char *sim_fault_route(const struct sim_request *request, char *out, size_t size)
{
    const char *verb = request->method;
    if (request->server != SIM_SERVER_GCP && tg_str_eq(verb, "GET")) {
        const char *watch = strstr(request->query, "watch=");
        bool is_watch = watch != NULL && (watch[6] == '1' || watch[6] == 't');
        verb = is_watch ? "WATCH" : "LIST";
    }
    snprintf(out, size, "%s %s", verb, request->path);
    return out;
}

/* ---- in the request's place ---- */

static const char *gcp_status(int code)
{
    switch (code) {
    case 400:
    case 422:
        return "INVALID_ARGUMENT";
    case 401:
        return "UNAUTHENTICATED";
    case 403:
        return "PERMISSION_DENIED";
    case 404:
        return "NOT_FOUND";
    case 409:
        return "ABORTED";
    case 429:
        return "RESOURCE_EXHAUSTED";
    case 503:
        return "UNAVAILABLE";
    case 504:
        return "DEADLINE_EXCEEDED";
    default:
        return "INTERNAL";
    }
}

/* What an API server says with a status. */
static const char *cluster_message(int code)
{
    switch (code) {
    case 401:
        return "Unauthorized";
    case 404:
        return "the server could not find the requested resource";
    case 409:
        return "Operation cannot be fulfilled: the object has been modified; please apply your "
               "changes to the latest version and try again";
    case 410:
        return "too old resource version";
    case 422:
        return "the object is invalid: spec.replicas: Invalid value: -1: must be greater than or "
               "equal to 0";
    case 429:
        return "the server has received too many requests and has asked us to try again later";
    case 500:
        return "Internal error occurred: etcdserver: request timed out";
    case 503:
        return "the server is currently unable to handle the request";
    case 504:
        return "Timeout: request did not complete within the allotted timeout";
    default:
        return "a fault of the simulated world";
    }
}

static const char *gcp_message(int code)
{
    switch (code) {
    case 400:
    case 422:
        return "Request contains an invalid argument.";
    case 401:
        return "Request had invalid authentication credentials. Expected OAuth 2 access token, "
               "login "
               "cookie or other valid authentication credential.";
    case 403:
        return "The caller does not have permission";
    case 404:
        return "Requested entity was not found.";
    case 409:
        return "The operation was aborted.";
    case 429:
        return "Quota exceeded for quota metric 'Queries' and limit 'Queries per minute' of the "
               "service.";
    case 503:
        return "The service is currently unavailable.";
    case 504:
        return "Deadline expired before operation could complete.";
    default:
        return "Internal error encountered.";
    }
}

static void fail(struct sim_world *world, const struct sim_request *request,
                 struct sim_response *response, int code)
{
    if (request->server != SIM_SERVER_GCP) {
        sim_k8s_fail(response, code, NULL, "%s", cluster_message(code));
        return;
    }
    struct sim_gcp_call call = {.world = world, .method = request->method, .status = &code};
    sim_gcp_read_path(&call, request->path);
    json_t *error = sim_gcp_error(&call, code, gcp_status(code), "%s", gcp_message(code));
    sim_k8s_reply(response, code, error);
    tg_str_copy(response->content_type, sizeof response->content_type,
                "application/json; charset=UTF-8");
}

static void page(struct sim_response *response)
{
    response->status = 200;
    tg_str_copy(response->content_type, sizeof response->content_type, "text/html; charset=utf-8");
    tg_buf_puts(&response->body, "<!DOCTYPE html><html><head><title>Sign in</title></head><body>"
                                 "<h1>Welcome to the hotel</h1></body></html>\n");
}

/* How the connection ends without an answer, by kind. */
static enum sim_connection connection_of(enum sim_fault_kind kind)
{
    switch ((int)kind) {
    case SIM_FAULT_REFUSE:
        return SIM_CONNECTION_REFUSED;
    case SIM_FAULT_DNS:
        return SIM_CONNECTION_NO_NAME;
    case SIM_FAULT_TLS:
    case SIM_FAULT_TLS_EXPIRED:
    case SIM_FAULT_TLS_HOST:
    case SIM_FAULT_TLS_OLD:
    case SIM_FAULT_TLS_STALL:
        return SIM_CONNECTION_NO_TRUST;
    case SIM_FAULT_RESET:
        return SIM_CONNECTION_RESET;
    case SIM_FAULT_STALL:
        return SIM_CONNECTION_STALLED;
    default:
        return SIM_CONNECTION_OK;
    }
}

static bool is_cut_off(struct sim_world *world, int server)
{
    return server != SIM_SERVER_GCP &&
           (sim_fault_in_force(world, SIM_FAULT_REGION_DOWN, server) != NULL ||
            sim_fault_in_force(world, SIM_FAULT_CONFIG_DOWN, server) != NULL);
}

static const struct {
    enum sim_fault_kind kind;
    enum sim_tls tls;
} handshakes[] = {{SIM_FAULT_TLS, SIM_TLS_UNKNOWN},
                  {SIM_FAULT_TLS_EXPIRED, SIM_TLS_EXPIRED},
                  {SIM_FAULT_TLS_HOST, SIM_TLS_HOST},
                  {SIM_FAULT_TLS_OLD, SIM_TLS_OLD},
                  {SIM_FAULT_TLS_STALL, SIM_TLS_STALL}};

static enum sim_tls tls_of(enum sim_fault_kind kind)
{
    for (size_t i = 0; i < TG_COUNT(handshakes); i++) {
        if (handshakes[i].kind == kind) {
            return handshakes[i].tls;
        }
    }
    return SIM_TLS_SOUND;
}

enum sim_tls sim_fault_handshake(struct sim_world *world, int server)
{
    for (size_t i = 0; i < TG_COUNT(handshakes) && sim_fault_has_routes(world); i++) {
        if (sim_fault_strikes_route(world, handshakes[i].kind, server, "CONNECT /") != NULL) {
            return handshakes[i].tls;
        }
    }
    return SIM_TLS_SOUND;
}

bool sim_fault_hides_name(struct sim_world *world, int server)
{
    const struct sim_fault *fault = sim_fault_in_force(world, SIM_FAULT_DNS, server);
    return fault != NULL && fault->spec.route[0] == '\0';
}

bool sim_fault_breaks_tls(struct sim_world *world, int server)
{
    for (size_t i = 0; i < TG_COUNT(handshakes) && sim_fault_has_routes(world); i++) {
        const struct sim_fault *fault = sim_fault_in_force(world, handshakes[i].kind, server);
        if (fault != NULL && fault->spec.route[0] == '\0') {
            return true;
        }
    }
    return false;
}

/* Whether the request is an occasion of faults of that kind which name no route: who signs in has
 * no token yet, roles do not keep from discovery, and only what creates takes quota. */
static bool is_occasion(enum sim_fault_kind kind, const struct sim_request *request)
{
    bool is_gcp = request->server == SIM_SERVER_GCP;
    switch ((int)kind) {
    case SIM_FAULT_TOKEN:
        return !is_gcp || !sim_gcp_is_sign_in(request->path);
    case SIM_FAULT_DENY:
        return is_gcp ? !sim_gcp_is_sign_in(request->path) : sim_k8s_is_resource(request->path);
    default:
        return true;
    }
}

static const struct sim_fault *struck_by(struct sim_world *world, enum sim_fault_kind kind,
                                         const struct sim_request *request, bool only_named)
{
    char route[700];
    sim_fault_route(request, route, sizeof route);
    if (kind == SIM_FAULT_QUOTA &&
        (request->server != SIM_SERVER_GCP || !sim_gcp_creates(world, request))) {
        return NULL;
    }
    return only_named || !is_occasion(kind, request)
               ? sim_fault_strikes_named(world, kind, request->server, route)
               : sim_fault_strikes_route(world, kind, request->server, route);
}

/* True when the fault's answer is the request's. */
static bool answer(struct sim_world *world, const struct sim_fault *fault,
                   struct sim_request *request, struct sim_response *response)
{
    int64_t code = fault->spec.value < 200 ? 503 : fault->spec.value;
    switch ((int)fault->spec.kind) {
    case SIM_FAULT_DENY:
        request->refusal = SIM_REFUSAL_DENIED;
        return false;
    case SIM_FAULT_QUOTA:
        request->refusal = SIM_REFUSAL_QUOTA;
        return false;
    case SIM_FAULT_TOKEN:
        fail(world, request, response, 401);
        return true;
    case SIM_FAULT_HTML:
        page(response);
        return true;
    default:
        fail(world, request, response, (int)code);
        response->retry_after_s = (int)fault->spec.retry_after_s;
        return true;
    }
}

bool sim_fault_before(struct sim_world *world, struct sim_request *request,
                      struct sim_response *response)
{
    static const enum sim_fault_kind kinds[] = {
        SIM_FAULT_DNS,      SIM_FAULT_REFUSE,  SIM_FAULT_TLS,       SIM_FAULT_TLS_EXPIRED,
        SIM_FAULT_TLS_HOST, SIM_FAULT_TLS_OLD, SIM_FAULT_TLS_STALL, SIM_FAULT_RESET,
        SIM_FAULT_STALL,    SIM_FAULT_TOKEN,   SIM_FAULT_HTML,      SIM_FAULT_STATUS,
        SIM_FAULT_DENY,     SIM_FAULT_QUOTA};
    if (is_cut_off(world, request->server)) {
        bool is_dark = sim_fault_in_force(world, SIM_FAULT_REGION_DOWN, request->server) != NULL;
        response->damage.connection = is_dark ? SIM_CONNECTION_STALLED : SIM_CONNECTION_REFUSED;
        response->status = 503;
        return true;
    }
    for (size_t i = 0; i < TG_COUNT(kinds) && request->refusal == SIM_REFUSAL_NONE; i++) {
        enum sim_tls tls = tls_of(kinds[i]);
        const struct sim_fault *fault =
            struck_by(world, kinds[i], request, request->has_shaken && tls != SIM_TLS_SOUND);
        if (fault == NULL) {
            continue;
        }
        response->damage.connection = connection_of(kinds[i]);
        if (response->damage.connection != SIM_CONNECTION_OK) {
            response->damage.tls = tls;
            response->status = 503;
            return true;
        }
        if (answer(world, fault, request, response)) {
            return true;
        }
    }
    return false;
}

bool sim_fault_before_part(struct sim_world *world, struct sim_request *request,
                           struct sim_response *response)
{
    static const enum sim_fault_kind kinds[] = {SIM_FAULT_TOKEN, SIM_FAULT_STATUS, SIM_FAULT_DENY,
                                                SIM_FAULT_QUOTA};
    for (size_t i = 0; i < TG_COUNT(kinds) && request->refusal == SIM_REFUSAL_NONE; i++) {
        const struct sim_fault *fault = struck_by(world, kinds[i], request, true);
        if (fault != NULL && answer(world, fault, request, response)) {
            return true;
        }
    }
    return false;
}

/* ---- on what came of it ---- */

static void change_text(struct sim_world *world, const struct sim_request *request,
                        const char *route, struct sim_response *response)
{
    if (response->stream != NULL) {
        return; /* line by line, as it is read */
    }
    bool is_log = tg_str_has_suffix(request->path, "/log");
    for (int kind = SIM_FAULT_MALFORMED; kind <= SIM_FAULT_BINARY; kind++) {
        bool is_for_logs = kind == SIM_FAULT_LONG_LINE || kind == SIM_FAULT_BINARY;
        if (is_for_logs != is_log) {
            continue;
        }
        const struct sim_fault *fault =
            sim_fault_strikes_route(world, (enum sim_fault_kind)kind, request->server, route);
        if (fault != NULL) {
            struct tg_buf changed;
            tg_buf_init(&changed, SIM_RESPONSE_BODY_MAX);
            sim_fault_write(fault, tg_buf_text(&response->body), response->body.len, &changed);
            tg_buf_fini(&response->body);
            response->body = changed;
        }
    }
}

static const struct sim_fault *strike(struct sim_world *world, enum sim_fault_kind kind,
                                      const struct sim_request *request, const char *route)
{
    return sim_fault_strikes_route(world, kind, request->server, route);
}

static void delay(struct sim_world *world, const struct sim_request *request, const char *route,
                  struct sim_response *response)
{
    const struct sim_fault *fault = strike(world, SIM_FAULT_DELAY, request, route);
    const struct sim_fault *slow =
        request->server == SIM_SERVER_GCP
            ? NULL
            : sim_fault_in_force(world, SIM_FAULT_REGION_SLOW, request->server);
    response->damage.delay_us =
        (fault == NULL ? 0 : fault->spec.value) + (slow == NULL ? 0 : slow->spec.value);
}

static void change_body(struct sim_world *world, const struct sim_request *request,
                        const char *route, struct sim_response *response)
{
    const struct sim_fault *bomb = strike(world, SIM_FAULT_BOMB, request, route);
    if (bomb != NULL && response->stream == NULL) {
        tg_buf_reset(&response->body);
        sim_fault_write_bomb(bomb->spec.value, &response->body);
        response->damage.unpacked_len = bomb->spec.value;
    }
    const struct sim_fault *slow = strike(world, SIM_FAULT_TRICKLE, request, route);
    const struct sim_fault *cut = strike(world, SIM_FAULT_TRUNCATE, request, route);
    if ((slow != NULL || cut != NULL) && response->stream == NULL && response->channel == NULL) {
        int64_t rate = slow == NULL ? 0 : slow->spec.value > 0 ? slow->spec.value : 1;
        sim_fault_slow_body(world, response, rate, cut == NULL ? -1 : cut->spec.value);
    }
}

void sim_fault_after(struct sim_world *world, const struct sim_request *request,
                     struct sim_response *response)
{
    char route[700];
    sim_fault_route(request, route, sizeof route);
    if (strike(world, SIM_FAULT_LOST, request, route) != NULL) {
        response->damage.connection = SIM_CONNECTION_RESET;
        return;
    }
    delay(world, request, route, response);
    const struct sim_fault *clock = strike(world, SIM_FAULT_CLOCK, request, route);
    response->damage.clock_us = clock == NULL ? 0 : clock->spec.value;
    const struct sim_fault *headers = strike(world, SIM_FAULT_HEADERS, request, route);
    response->damage.header_bytes = headers == NULL ? 0 : (size_t)headers->spec.value;
    change_text(world, request, route, response);
    change_body(world, request, route, response);
}
