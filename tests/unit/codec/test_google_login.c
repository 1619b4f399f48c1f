/* tests/unit/codec/test_google_login.c - what is sent to sign in, and what the answers mean. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "codec/google_login.h"

#include <criterion/criterion.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "codec/json.h"
#include "net/url.h"
#include "quoted.h"

#define NOW_US (INT64_C(1767225600) * TG_US_PER_S) /* 2026-01-01T00:00:00Z */

static struct tg_google_credentials parsed(const char *text)
{
    struct tg_google_credentials credentials;
    struct tg_err err = TG_ERR_INIT;
    char *json = quoted(text);
    cr_assert(tg_google_credentials_parse(json, strlen(json), &credentials, &err), "%s", err.msg);
    free(json);
    return credentials;
}

static struct tg_err refusal(const char *text)
{
    struct tg_google_credentials credentials;
    struct tg_err err = TG_ERR_INIT;
    char *json = quoted(text);
    cr_assert_not(tg_google_credentials_parse(json, strlen(json), &credentials, &err));
    tg_google_credentials_fini(&credentials);
    free(json);
    return err;
}

/* A key made for one test. */
static EVP_PKEY *test_key;

static struct tg_secret *test_key_pem(void)
{
    test_key = EVP_RSA_gen(2048);
    BIO *bio = BIO_new(BIO_s_mem());
    char *bytes = NULL;
    cr_assert_eq(PEM_write_bio_PrivateKey(bio, test_key, NULL, NULL, 0, NULL, NULL), 1);
    long len = BIO_get_mem_data(bio, &bytes);
    struct tg_secret *pem = tg_secret_new(bytes, (size_t)len);
    BIO_free(bio);
    return pem;
}

static unsigned char *sign(const struct tg_secret *pem, const char *bytes, size_t len,
                           size_t *signature_len, struct tg_err *err)
{
    (void)err;
    cr_assert(tg_str_has_prefix(tg_secret_peek(pem), "-----BEGIN PRIVATE KEY-----\n"));
    unsigned char *signature = tg_malloc(256);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    *signature_len = 256;
    cr_assert_eq(EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, test_key), 1);
    cr_assert_eq(
        EVP_DigestSign(context, signature, signature_len, (const unsigned char *)bytes, len), 1);
    EVP_MD_CTX_free(context);
    return signature;
}

static unsigned char *cannot_sign(const struct tg_secret *pem, const char *bytes, size_t len,
                                  size_t *signature_len, struct tg_err *err)
{
    (void)pem;
    (void)bytes;
    (void)len;
    (void)signature_len;
    tg_err_set(err, TG_CODE_CONFIG, 0, "no key");
    return NULL;
}

static char *decode_url(const char *text, size_t len, size_t *out_len)
{
    char *plain = tg_calloc(len + 4, 1);
    for (size_t i = 0; i < len; i++) {
        cr_assert(text[i] != '+' && text[i] != '/' && text[i] != '=');
        plain[i] = text[i] == '-' ? '+' : text[i] == '_' ? '/' : text[i];
    }
    while (len % 4 != 0) {
        plain[len++] = '=';
    }
    char *bytes = tg_base64_decode(plain, len, out_len);
    cr_assert_not_null(bytes);
    free(plain);
    return bytes;
}

static void expect_text(const char *json, size_t len, const char *field, const char *expected)
{
    struct tg_json document;
    struct tg_err err = TG_ERR_INIT;
    cr_assert(tg_json_parse(json, len, NULL, &document, &err), "%s", err.msg);
    cr_expect_str_eq(tg_json_text(document.root, field), expected);
    tg_json_release(&document);
}

static void expect_number(const char *json, size_t len, const char *field, int64_t expected)
{
    struct tg_json document;
    struct tg_err err = TG_ERR_INIT;
    cr_assert(tg_json_parse(json, len, NULL, &document, &err), "%s", err.msg);
    cr_expect_eq(tg_json_int(document.root, field, 0), expected);
    tg_json_release(&document);
}

Test(google_login, a_user_sends_the_refresh_token_as_a_form)
{
    struct tg_google_credentials credentials =
        parsed("{'type':'authorized_user','client_id':'c.apps','client_secret':'s&e=cret',"
               "'refresh_token':'1//0a+b','quota_project_id':'payer'}");
    struct tg_err err = TG_ERR_INIT;
    size_t len = 0;
    char *body = tg_google_login_body(&credentials, NOW_US, cannot_sign, &len, &err);
    cr_assert_str_eq(body, "grant_type=refresh_token&client_id=c.apps&client_secret=s%26e%3Dcret&"
                           "refresh_token=1%2F%2F0a%2Bb");
    cr_assert_eq(len, strlen(body));
    cr_assert_str_eq(credentials.token_uri, "https://oauth2.googleapis.com/token");
    cr_assert_str_eq(credentials.quota_project, "payer");
    free(body);
    tg_google_credentials_fini(&credentials);
}

Test(google_login, a_service_account_signs_what_google_expects)
{
    struct tg_google_credentials credentials =
        parsed("{'type':'service_account','client_email':'a@p.iam.gserviceaccount.com',"
               "'private_key':'replaced below','private_key_id':'k1','project_id':'p',"
               "'token_uri':'https://127.0.0.1:4433/token'}");
    struct tg_err err = TG_ERR_INIT;
    size_t len = 0;
    tg_secret_free(credentials.secret);
    credentials.secret = test_key_pem();
    char *body = tg_google_login_body(&credentials, NOW_US, sign, &len, &err);
    cr_assert_not_null(body, "%s", err.msg);
    char *grant = tg_url_query_get(body, "grant_type");
    char *jwt = tg_url_query_get(body, "assertion");
    cr_assert_str_eq(grant, "urn:ietf:params:oauth:grant-type:jwt-bearer");
    char *first = strchr(jwt, '.');
    char *second = strchr(first + 1, '.');
    size_t header_len = 0;
    size_t claims_len = 0;
    size_t signature_len = 0;
    char *header = decode_url(jwt, (size_t)(first - jwt), &header_len);
    char *claims = decode_url(first + 1, (size_t)(second - first - 1), &claims_len);
    char *signature = decode_url(second + 1, strlen(second + 1), &signature_len);
    expect_text(header, header_len, "typ", "JWT");
    expect_text(header, header_len, "alg", "RS256");
    expect_text(header, header_len, "kid", "k1");
    expect_text(claims, claims_len, "iss", "a@p.iam.gserviceaccount.com");
    expect_text(claims, claims_len, "scope", "https://www.googleapis.com/auth/cloud-platform");
    expect_text(claims, claims_len, "aud", "https://oauth2.googleapis.com/token");
    expect_number(claims, claims_len, "iat", 1767225600);
    expect_number(claims, claims_len, "exp", 1767225600 + 3600);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    cr_assert_eq(EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, test_key), 1);
    cr_assert_eq(EVP_DigestVerify(context, (const unsigned char *)signature, signature_len,
                                  (const unsigned char *)jwt, (size_t)(second - jwt)),
                 1, "the signature does not fit header and claims");
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(test_key);
    free(header);
    free(claims);
    free(signature);
    free(grant);
    free(jwt);
    free(body);
    tg_google_credentials_fini(&credentials);
}

Test(google_login, a_key_that_cannot_sign_gives_no_request)
{
    struct tg_google_credentials credentials = parsed(
        "{'type':'service_account','client_email':'a@p','private_key':'-----BEGIN nothing'}");
    struct tg_err err = TG_ERR_INIT;
    size_t len = 0;
    cr_assert_null(tg_google_login_body(&credentials, NOW_US, cannot_sign, &len, &err));
    cr_assert_eq(err.code, TG_CODE_CONFIG);
    tg_google_credentials_fini(&credentials);
}

Test(google_login, files_that_cannot_be_used_say_why_and_quote_nothing)
{
    struct tg_err err = refusal("{'type':'external_account','audience':'x'}");
    cr_expect_eq(err.code, TG_CODE_STATE);
    cr_expect_not_null(strstr(err.msg, "are gcloud's to read"), "%s", err.msg);
    cr_expect_eq(refusal("{'type':'impersonated_service_account'}").code, TG_CODE_STATE);
    err = refusal("{'type':'authorized_user','client_id':'c','client_secret':'planted-secret'}");
    cr_expect_eq(err.code, TG_CODE_CONFIG);
    cr_expect_not_null(strstr(err.msg, "refresh_token"), "%s", err.msg);
    err = refusal("{'refresh_token':'planted-secret' 'type'");
    cr_expect_eq(err.code, TG_CODE_CONFIG);
    cr_expect_null(strstr(err.msg, "planted"), "%s", err.msg);
    err = refusal("{'type':'authorized_user','token_uri':'http://example.com/'}");
    cr_expect_not_null(strstr(err.msg, "https"), "a secret is sent over TLS alone: %s", err.msg);
    cr_expect_eq(refusal("{'type':'planted-secret'}").code, TG_CODE_STATE);
    cr_expect_null(strstr(refusal("{'type':'planted-secret'}").msg, "planted"));
}

static struct tg_err failure(int status, const char *text)
{
    struct tg_google_token token;
    struct tg_err err = TG_ERR_INIT;
    char *json = quoted(text);
    cr_assert_not(tg_google_read_token(status, json, strlen(json), &token, &err));
    cr_assert_null(token.token);
    free(json);
    return err;
}

Test(google_login, the_answer_gives_a_token_and_its_life)
{
    struct tg_google_token token;
    struct tg_err err = TG_ERR_INIT;
    char *json =
        quoted("{'access_token':'ya29.abc','expires_in':3599,'token_type':'Bearer','scope':'x'}");
    cr_assert(tg_google_read_token(200, json, strlen(json), &token, &err), "%s", err.msg);
    cr_assert_str_eq(tg_secret_peek(token.token), "ya29.abc");
    cr_assert_eq(token.life_us, 3599 * TG_US_PER_S);
    tg_secret_free(token.token);
    free(json);
}

Test(google_login, refusals_say_what_to_do_and_whether_it_may_pass)
{
    struct tg_err err = failure(400, "{'error':'invalid_grant','error_description':'Token has "
                                     "been expired or revoked.'}");
    cr_expect_eq(err.code, TG_CODE_UNAUTHORIZED);
    cr_expect_not_null(strstr(err.msg, "run: gcloud auth application-default login"));
    cr_expect_not_null(strstr(err.msg, "expired or revoked"));
    cr_expect_eq(failure(401, "{'error':'invalid_client'}").code, TG_CODE_UNAUTHORIZED);
    cr_expect_eq(failure(403, "{'error':'access_denied'}").code, TG_CODE_FORBIDDEN);
    cr_expect(tg_code_is_transient(failure(503, "<html>").code));
    cr_expect(tg_code_is_transient(failure(429, "{'error':'rate_limit'}").code));
    cr_expect(tg_code_is_transient(failure(500, "{}").code));
    cr_expect_eq(failure(200, "<html>").code, TG_CODE_PROTOCOL);
    cr_expect_eq(failure(200, "{'access_token':''}").code, TG_CODE_PROTOCOL);
    cr_expect_eq(failure(200, "{'access_token':'a\\r\\nX: y','expires_in':9}").code,
                 TG_CODE_PROTOCOL, "a token must not bring header lines");
    cr_expect_eq(failure(404, "<title>no account</title>").code, TG_CODE_UNAUTHORIZED);
}

Test(google_login, gcloud_tells_when_its_token_ends)
{
    struct tg_google_token token;
    struct tg_err err = TG_ERR_INIT;
    char *json = quoted("{'configuration':{'properties':{'core':{'project':'p'}}},'credential':"
                        "{'access_token':'ya29.g','token_expiry':'2026-01-01T00:10:00Z'}}");
    cr_assert(tg_google_read_helper(json, strlen(json), NOW_US, &token, &err), "%s", err.msg);
    cr_assert_str_eq(tg_secret_peek(token.token), "ya29.g");
    cr_assert_eq(token.life_us, 600 * TG_US_PER_S);
    tg_secret_free(token.token);
    cr_assert_not(
        tg_google_read_helper(json, strlen(json), NOW_US + 601 * TG_US_PER_S, &token, &err),
        "an ended token is none");
    free(json);
    json = quoted("{'credential':{'access_token':'ya29.raw','token_expiry':null}}");
    cr_assert(tg_google_read_helper(json, strlen(json), NOW_US, &token, &err));
    cr_assert_gt(token.life_us, 0, "a token without an end is asked for again before long");
    tg_secret_free(token.token);
    free(json);
}
