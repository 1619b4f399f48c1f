/* sim/gcp_token.c - the token endpoint: refresh tokens and signed assertions become access tokens.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "sim/gcp_token.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim/certificate.h"
#include "sim/gcp_store.h"
#include "sim/json_path.h"
#include "sim/k8s_status.h"
#include "sim/params.h"
#include "sim/query.h"

#define AUDIENCE       "https://oauth2.googleapis.com/token"
#define SCOPE          "https://www.googleapis.com/auth/cloud-platform"
#define ASSERTION_S    3600
#define ASSERTION_SIZE 8192

void sim_gcp_set_sign_in(struct sim_world *world, const char *token_url, const char *refresh_token)
{
    sim_gcp_put(world, "sign-in",
                json_pack("{s:s,s:s}", "url", token_url, "refresh", refresh_token));
}

const char *sim_gcp_token_url(struct sim_world *world)
{
    const char *url = sim_json_text(sim_gcp_find(world, "sign-in"), "url");
    return url[0] == '\0' ? AUDIENCE : url;
}

json_t *sim_gcp_token_issue(struct sim_world *world, const char *principal)
{
    int64_t lifetime_us = sim_world_params(world)->token_lifetime_us;
    char *token =
        tg_asprintf("sim-gcp-%016" PRIx64 "%016" PRIx64, sim_world_draw(world, principal, "token"),
                    sim_world_draw(world, principal, "token"));
    char *path = tg_asprintf("token/%s", token);
    sim_gcp_put(world, path,
                json_pack("{s:s,s:I}", "principal", principal, "until",
                          (json_int_t)(sim_world_now_us(world) + lifetime_us)));
    json_t *answer = json_pack("{s:s,s:I,s:s}", "access_token", token, "expires_in",
                               (json_int_t)(lifetime_us / TG_US_PER_S - 1), "token_type", "Bearer");
    free(path);
    free(token);
    return answer;
}

static const json_t *live_token(struct sim_world *world, const char *token)
{
    const json_t *document = sim_gcp_find(world, "token/%s", token);
    bool is_live = document != NULL && sim_world_now_us(world) < sim_json_int(document, "until", 0);
    return is_live ? document : NULL;
}

const char *sim_gcp_token_principal(struct sim_world *world, const char *token)
{
    const json_t *document = live_token(world, token);
    const char *principal = sim_json_text(document, "principal");
    const char *email = strchr(principal, ':');
    if (tg_str_has_prefix(principal, "serviceAccount:") &&
        (sim_gcp_find(world, "iam/%s", email + 1) == NULL ||
         sim_json_is_true(sim_gcp_find(world, "iam/%s", email + 1), "disabled"))) {
        return NULL;
    }
    return document == NULL ? NULL : principal;
}

/* ---- assertions ---- */

/* base64url without padding. The caller frees; NULL when it is none. */
static char *decode_url(const char *text, size_t len, size_t *out_len)
{
    if (len > ASSERTION_SIZE) {
        return NULL;
    }
    char *plain = tg_malloc(len + 4);
    for (size_t i = 0; i < len; i++) {
        plain[i] = text[i] == '-' ? '+' : text[i] == '_' ? '/' : text[i];
    }
    size_t padded = len;
    while (padded % 4 != 0) {
        plain[padded++] = '=';
    }
    char *bytes = tg_base64_decode(plain, padded, out_len);
    free(plain);
    return bytes;
}

static json_t *decode_part(const char *text, size_t len)
{
    size_t out_len = 0;
    char *bytes = decode_url(text, len, &out_len);
    json_t *part = bytes == NULL ? NULL : json_loadb(bytes, out_len, 0, NULL);
    free(bytes);
    return part;
}

static bool is_signed(struct sim_world *world, const char *email, const char *key_id,
                      const char *assertion, size_t signed_len, const char *signature)
{
    const json_t *key = sim_gcp_find(world, "key/%s/%s", email, key_id);
    size_t len = 0;
    char *bytes = decode_url(signature, strlen(signature), &len);
    bool is_good = key != NULL && bytes != NULL &&
                   sim_certificates_is_signed(sim_json_text(key, "_public"), assertion, signed_len,
                                              bytes, len);
    free(bytes);
    return is_good;
}

/* What is wrong with the assertion, NULL: nothing; email gets the account's address. */
static const char *refuse_assertion(struct sim_world *world, const char *assertion, char *email,
                                    size_t size)
{
    const char *dot = strchr(assertion, '.');
    const char *second = dot == NULL ? NULL : strchr(dot + 1, '.');
    if (second == NULL) {
        return "Bad Request";
    }
    json_t *header = decode_part(assertion, (size_t)(dot - assertion));
    json_t *claims = decode_part(dot + 1, (size_t)(second - dot - 1));
    const char *wrong = NULL;
    tg_str_copy(email, size, sim_json_text(claims, "iss"));
    const char *audience = sim_json_text(claims, "aud");
    int64_t issued_s = sim_json_int(claims, "iat", 0);
    int64_t lasts_s = sim_json_int(claims, "exp", 0) - issued_s;
    if (sim_gcp_find(world, "iam/%s", email) == NULL) {
        wrong = "Invalid grant: account not found";
    } else if (!tg_str_eq(audience, AUDIENCE) && !tg_str_eq(audience, sim_gcp_token_url(world))) {
        wrong = "Invalid JWT: Failed audience check.";
    } else if (lasts_s <= 0 || lasts_s > ASSERTION_S) {
        /* only its length is judged: the client's clock is not this world's */
        wrong = "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable "
                "timeframe. Check your iat and exp values in the JWT claim.";
    } else if (!is_signed(world, email, sim_json_text(header, "kid"), assertion,
                          (size_t)(second - assertion), second + 1)) {
        wrong = "Invalid JWT Signature.";
    }
    json_decref(header);
    json_decref(claims);
    return wrong;
}

/* ---- requests ---- */

/* The token endpoint has errors of its own: a word and a sentence. */
static void refuse(struct sim_response *response, int status, const char *error, const char *text)
{
    sim_k8s_reply(response, status,
                  json_pack("{s:s,s:s}", "error", error, "error_description", text));
}

static void grant(struct sim_world *world, const json_t *form, struct sim_response *response)
{
    const char *type = sim_query_text(form, "grant_type");
    char email[256];
    if (tg_str_eq(type, "refresh_token")) {
        const char *known = sim_json_text(sim_gcp_find(world, "sign-in"), "refresh");
        if (known[0] == '\0' || !tg_str_eq(known, sim_query_text(form, "refresh_token"))) {
            refuse(response, 400, "invalid_grant", "Token has been expired or revoked.");
            return;
        }
        json_t *answer = sim_gcp_token_issue(world, SIM_GCP_OPERATOR);
        json_object_set_new(answer, "scope",
                            json_string(SCOPE " https://www.googleapis.com/auth/userinfo.email "
                                              "openid"));
        sim_k8s_reply(response, 200, answer);
    } else if (tg_str_eq(type, "urn:ietf:params:oauth:grant-type:jwt-bearer")) {
        const char *wrong =
            refuse_assertion(world, sim_query_text(form, "assertion"), email, sizeof email);
        if (wrong != NULL) {
            refuse(response, 400, "invalid_grant", wrong);
            return;
        }
        char *principal = tg_asprintf("serviceAccount:%s", email);
        sim_k8s_reply(response, 200, sim_gcp_token_issue(world, principal));
        free(principal);
    } else {
        refuse(response, 400, "unsupported_grant_type",
               "Invalid grant_type: use refresh_token or "
               "the JWT bearer grant.");
    }
}

static void show_token(struct sim_world *world, const struct sim_request *request,
                       const json_t *query, struct sim_response *response)
{
    bool is_user = strstr(request->path, "userinfo") != NULL;
    const char *token = sim_query_text(query, "access_token");
    if (token[0] == '\0' && tg_str_has_prefix(request->authorization, "Bearer ")) {
        token = request->authorization + strlen("Bearer ");
    }
    const char *main_token = sim_front_token(world, SIM_SERVER_GCP);
    /* a world without tokens is everybody's */
    bool is_main = tg_str_eq(token, main_token != NULL ? main_token : "");
    const char *principal = is_main ? SIM_GCP_OPERATOR : sim_gcp_token_principal(world, token);
    if (principal == NULL) {
        refuse(response, is_user ? 401 : 400, is_user ? "invalid_request" : "invalid_token",
               is_user ? "Invalid Credentials" : "Invalid Value");
        return;
    }
    const char *email = strchr(principal, ':') + 1;
    char id[24];
    sim_gcp_id("account", email, id);
    int64_t left_us =
        is_main ? sim_world_params(world)->token_lifetime_us
                : sim_json_int(live_token(world, token), "until", 0) - sim_world_now_us(world);
    json_t *answer =
        json_pack("{s:s,s:s,s:s}", "sub", id, "email", email, "email_verified", "true");
    if (!is_user) {
        json_object_set_new(answer, "aud", json_string(id));
        json_object_set_new(answer, "azp", json_string(id));
        json_object_set_new(answer, "scope", json_string(SCOPE));
        json_object_set_new(answer, "expires_in", json_sprintf("%" PRId64, left_us / TG_US_PER_S));
        json_object_set_new(answer, "access_type", json_string("online"));
    }
    sim_k8s_reply(response, 200, answer);
}

bool sim_gcp_is_sign_in(const char *path)
{
    static const char *const ends[] = {"/token", "/tokeninfo", "/userinfo", "/revoke"};
    for (size_t i = 0; i < TG_COUNT(ends); i++) {
        if (tg_str_has_suffix(path, ends[i]) && strstr(path, "/projects/") == NULL &&
            strstr(path, "/b/") == NULL) {
            return true;
        }
    }
    return false;
}

void sim_gcp_sign_in(struct sim_world *world, const struct sim_request *request,
                     struct sim_response *response)
{
    json_t *query = sim_query_parse(request->query);
    if (tg_str_has_suffix(request->path, "info")) {
        show_token(world, request, query, response);
    } else if (!tg_str_eq(request->method, "POST")) {
        refuse(response, 405, "invalid_request", "The request must be a POST.");
    } else if (tg_str_has_suffix(request->path, "/revoke")) {
        sim_k8s_reply(response, 200, json_object());
    } else {
        char *text = tg_strndup(request->body_len == 0 ? "" : request->body, request->body_len);
        json_t *form = sim_query_parse(text);
        free(text);
        grant(world, form, response);
        json_decref(form);
    }
    json_decref(query);
}
