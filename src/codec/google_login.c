/* codec/google_login.c - credentials, forms with a refresh token or a signed assertion, and what
 * comes back. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "codec/google_login.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/json_out.h"
#include "base/mem.h"
#include "base/str.h"
#include "codec/json.h"
#include "net/url.h"

#define SCOPE            "https://www.googleapis.com/auth/cloud-platform"
#define JWT_BEARER       "urn:ietf:params:oauth:grant-type:jwt-bearer"
#define ASSERTION_S      3600
#define FORM_LEN_MAX     (64u * 1024)
#define LIFE_MAX_S       (12 * 3600)
#define UNTOLD_LIFE_US   (300 * TG_US_PER_S) /* gcloud tells no end for a token it was given */
#define REST_OF_LIFE_MIN TG_US_PER_S

/* ---- credentials ---- */

static struct tg_secret *secret_at(const json_t *root, const char *field)
{
    const char *text = tg_json_text(root, field);
    return text[0] == '\0' ? NULL : tg_secret_new(text, strlen(text));
}

static char *text_at(const json_t *root, const char *field)
{
    const char *text = tg_json_text(root, field);
    return text[0] == '\0' ? NULL : tg_strdup(text);
}

static bool need(const void *value, const char *field, struct tg_err *err)
{
    return value != NULL ||
           tg_err_set(err, TG_CODE_CONFIG, 0, "the credentials have no \"%s\"", field);
}

static bool read_user(const json_t *root, struct tg_google_credentials *out, struct tg_err *err)
{
    out->account = TG_GOOGLE_USER;
    out->name = text_at(root, "client_id");
    out->secret = secret_at(root, "client_secret");
    out->refresh_token = secret_at(root, "refresh_token");
    return need(out->name, "client_id", err) && need(out->secret, "client_secret", err) &&
           need(out->refresh_token, "refresh_token", err);
}

static bool read_service_account(const json_t *root, struct tg_google_credentials *out,
                                 struct tg_err *err)
{
    out->account = TG_GOOGLE_SERVICE_ACCOUNT;
    out->name = text_at(root, "client_email");
    out->secret = secret_at(root, "private_key");
    out->key_id = tg_strdup(tg_json_text(root, "private_key_id"));
    out->project = text_at(root, "project_id");
    return need(out->name, "client_email", err) && need(out->secret, "private_key", err);
}

static bool read_credentials(const json_t *root, struct tg_google_credentials *out,
                             struct tg_err *err)
{
    const char *type = tg_json_text(root, "type");
    out->token_uri = text_at(root, "token_uri");
    out->quota_project = text_at(root, "quota_project_id");
    if (out->token_uri == NULL) {
        out->token_uri = tg_strdup(TG_GOOGLE_TOKEN_URI);
    } else if (!tg_str_has_prefix(out->token_uri, "https://")) {
        return tg_err_set(err, TG_CODE_CONFIG, 0, "\"token_uri\" of the credentials is not https");
    }
    if (tg_str_eq(type, "authorized_user")) {
        return read_user(root, out, err);
    }
    if (tg_str_eq(type, "service_account")) {
        return read_service_account(root, out, err);
    }
    if (type[0] != '\0') {
        static const char *const known[] = {"external_account", "external_account_authorized_user",
                                            "impersonated_service_account", "gdch_service_account"};
        const char *name = "a type that is not known here";
        for (size_t i = 0; i < TG_COUNT(known); i++) {
            name = tg_str_eq(type, known[i]) ? known[i] : name;
        }
        return tg_err_set(err, TG_CODE_STATE, 0, "credentials of %s are gcloud's to read", name);
    }
    return tg_err_set(err, TG_CODE_CONFIG, 0,
                      "the file is no credentials: it has no \"type\", such as authorized_user");
}

bool tg_google_credentials_parse(const char *json, size_t len,
                                 struct tg_google_credentials *credentials, struct tg_err *err)
{
    struct tg_json document;
    struct tg_err why = TG_ERR_INIT;
    *credentials = (struct tg_google_credentials){0};
    if (!tg_json_parse(json, len, NULL, &document, &why)) {
        /* The parser's own words quote the text beside the mistake. */
        return tg_err_set(err, TG_CODE_CONFIG, 0, "the credentials are not JSON");
    }
    bool is_ok = read_credentials(document.root, credentials, err);
    tg_json_release_secret(&document);
    return is_ok;
}

void tg_google_credentials_fini(struct tg_google_credentials *credentials)
{
    free(credentials->token_uri);
    free(credentials->quota_project);
    free(credentials->project);
    free(credentials->name);
    free(credentials->key_id);
    tg_secret_free(credentials->secret);
    tg_secret_free(credentials->refresh_token);
    *credentials = (struct tg_google_credentials){0};
}

/* ---- requests ---- */

static void put_field(struct tg_buf *form, const char *name, const char *value)
{
    tg_buf_printf(form, "%s%s=", form->len > 0 ? "&" : "", name);
    tg_url_escape(form, value);
}

/* Base64 for addresses (RFC 4648, 5), without padding. */
static void put_base64url(struct tg_buf *out, const void *bytes, size_t len)
{
    char *plain = tg_base64_encode(bytes, len);
    for (const char *at = plain; *at != '\0' && *at != '='; at++) {
        tg_buf_putc(out, *at == '+' ? '-' : *at == '/' ? '_' : *at);
    }
    free(plain);
}

/* Header and claims: what is signed. */
static void put_claims(struct tg_buf *out, const struct tg_google_credentials *credentials,
                       int64_t wall_us)
{
    struct tg_buf part;
    struct tg_json_out json = {&part, false};
    int64_t now_s = wall_us / TG_US_PER_S;
    tg_buf_init(&part, FORM_LEN_MAX);
    tg_json_open(&json, NULL, '{');
    tg_json_put_text(&json, "typ", "JWT");
    tg_json_put_text(&json, "alg", "RS256");
    if (credentials->key_id[0] != '\0') {
        tg_json_put_text(&json, "kid", credentials->key_id);
    }
    tg_json_close(&json, '}');
    put_base64url(out, tg_buf_text(&part), part.len);
    tg_buf_putc(out, '.');
    tg_buf_reset(&part);
    json.needs_comma = false;
    tg_json_open(&json, NULL, '{');
    tg_json_put_text(&json, "iss", credentials->name);
    tg_json_put_text(&json, "scope", SCOPE);
    /* Google's own address, also where the request goes to another. */
    tg_json_put_text(&json, "aud", TG_GOOGLE_TOKEN_URI);
    tg_json_put_int(&json, "iat", now_s);
    tg_json_put_int(&json, "exp", now_s + ASSERTION_S);
    tg_json_close(&json, '}');
    put_base64url(out, tg_buf_text(&part), part.len);
    tg_buf_fini(&part);
}

static bool put_assertion(struct tg_buf *form, const struct tg_google_credentials *credentials,
                          int64_t wall_us, tg_google_sign sign, struct tg_err *err)
{
    struct tg_buf assertion;
    size_t len = 0;
    tg_buf_init_secret(&assertion, FORM_LEN_MAX);
    put_claims(&assertion, credentials, wall_us);
    unsigned char *signature =
        sign(credentials->secret, tg_buf_text(&assertion), assertion.len, &len, err);
    if (signature != NULL) {
        tg_buf_putc(&assertion, '.');
        put_base64url(&assertion, signature, len);
        put_field(form, "assertion", tg_buf_text(&assertion));
    }
    free(signature);
    tg_buf_fini(&assertion);
    return signature != NULL;
}

char *tg_google_login_body(const struct tg_google_credentials *credentials, int64_t wall_us,
                           tg_google_sign sign, size_t *len, struct tg_err *err)
{
    struct tg_buf form;
    bool is_ok = true;
    tg_buf_init_secret(&form, FORM_LEN_MAX);
    if (credentials->account == TG_GOOGLE_USER) {
        put_field(&form, "grant_type", "refresh_token");
        put_field(&form, "client_id", credentials->name);
        put_field(&form, "client_secret", tg_secret_peek(credentials->secret));
        put_field(&form, "refresh_token", tg_secret_peek(credentials->refresh_token));
    } else {
        put_field(&form, "grant_type", JWT_BEARER);
        is_ok = put_assertion(&form, credentials, wall_us, sign, err);
    }
    if (is_ok && form.is_full) {
        is_ok = tg_err_set(err, TG_CODE_CONFIG, 0, "the credentials are too long");
    }
    if (!is_ok) {
        tg_buf_fini(&form);
        return NULL;
    }
    return tg_buf_take(&form, len);
}

/* ---- answers ---- */

static bool take_token(const char *text, int64_t life_us, struct tg_google_token *token,
                       struct tg_err *err)
{
    if (text[0] == '\0' || text[strspn(text, "!\"#$%&'()*+,-./0123456789:;<=>?@"
                                             "ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`"
                                             "abcdefghijklmnopqrstuvwxyz{|}~")] != '\0') {
        return tg_err_set(err, TG_CODE_PROTOCOL, 0, "the answer has no token that can be sent");
    }
    if (life_us < REST_OF_LIFE_MIN) {
        return tg_err_set(err, TG_CODE_UNAUTHORIZED, 0, "the token that was given has ended");
    }
    token->token = tg_secret_new(text, strlen(text));
    token->life_us = life_us;
    return true;
}

/* A refusal in the words of RFC 6749, 5.2. */
static bool set_refusal(int status, const json_t *root, struct tg_err *err)
{
    const char *error = tg_json_text(root, "error");
    const char *text = tg_json_text(root, "error_description");
    enum tg_code code = tg_code_from_http_status(status);
    if (tg_str_eq(error, "invalid_grant")) {
        /* Google's words before the advice: an account that is gone or a clock that is wrong gets
         * the same error. */
        tg_err_set(err, TG_CODE_UNAUTHORIZED, status,
                   "the login is not accepted (%.100s); run: " TG_GOOGLE_LOGIN_COMMAND,
                   text[0] != '\0' ? text : "expired or revoked");
    } else if (tg_code_is_transient(code)) {
        tg_err_set(err, code, status, "Google's sign-in answers %d: %.120s", status,
                   text[0] != '\0' ? text : error);
    } else {
        tg_err_set(err, status == 403 ? TG_CODE_FORBIDDEN : TG_CODE_UNAUTHORIZED, status,
                   "signing in to Google was refused: %.60s%s%.120s", error,
                   error[0] != '\0' && text[0] != '\0' ? ": " : "", text);
    }
    tg_redact_in_place(err->msg);
    return false;
}

bool tg_google_read_token(int http_status, const char *json, size_t len,
                          struct tg_google_token *token, struct tg_err *err)
{
    struct tg_json document;
    struct tg_err why = TG_ERR_INIT;
    *token = (struct tg_google_token){0};
    if (!tg_json_parse(json, len, NULL, &document, &why)) {
        return http_status == 200
                   ? tg_err_set(err, TG_CODE_PROTOCOL, 0, "the sign-in's answer is not JSON")
                   : set_refusal(http_status, NULL, err);
    }
    bool is_ok = false;
    if (http_status == 200) {
        int64_t life_s = tg_json_int(document.root, "expires_in", 0);
        life_s = life_s > LIFE_MAX_S ? LIFE_MAX_S : life_s;
        is_ok = take_token(tg_json_text(document.root, "access_token"), life_s * TG_US_PER_S, token,
                           err);
    } else {
        set_refusal(http_status, document.root, err);
    }
    tg_json_release_secret(&document);
    return is_ok;
}

bool tg_google_read_printed(const char *text, size_t len, struct tg_google_token *token,
                            struct tg_err *err)
{
    *token = (struct tg_google_token){0};
    char *line = tg_strndup(text, len);
    line[strcspn(line, "\r\n")] = '\0';
    bool is_ok = take_token(line, UNTOLD_LIFE_US, token, err);
    explicit_bzero(line, strlen(line));
    free(line);
    return is_ok;
}

bool tg_google_read_helper(const char *json, size_t len, int64_t wall_us,
                           struct tg_google_token *token, struct tg_err *err)
{
    struct tg_json document;
    struct tg_err why = TG_ERR_INIT;
    *token = (struct tg_google_token){0};
    if (!tg_json_parse(json, len, NULL, &document, &why)) {
        return tg_err_set(err, TG_CODE_PROTOCOL, 0, "what gcloud printed is not JSON");
    }
    int64_t until_us = tg_json_time(document.root, "credential/token_expiry");
    bool is_ok = take_token(tg_json_text(document.root, "credential/access_token"),
                            until_us == 0 ? UNTOLD_LIFE_US : until_us - wall_us, token, err);
    tg_json_release_secret(&document);
    return is_ok;
}
