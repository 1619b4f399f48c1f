/* codec/google_login.h - signing in to Google: files of credentials, requests for tokens and their
 * answers.
 *
 * Bodies and answers hold secrets: whoever has their bytes wipes them. Errors never quote what was
 * read from a file, and of an answer only Google's own words for the failure.
 *
 * Thread: any; pure.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_CODEC_GOOGLE_LOGIN_H
#define TG_CODEC_GOOGLE_LOGIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/secret.h"

#define TG_GOOGLE_TOKEN_URI     "https://oauth2.googleapis.com/token"
#define TG_GOOGLE_LOGIN_COMMAND "gcloud auth application-default login"

enum tg_google_account {
    TG_GOOGLE_USER,            /* authorized_user: a refresh token */
    TG_GOOGLE_SERVICE_ACCOUNT, /* a key that signs */
};

struct tg_google_credentials {
    enum tg_google_account account;
    char *token_uri;                 /* https */
    char *quota_project;             /* NULL: none is named */
    char *project;                   /* the service account's own; NULL: none */
    char *name;                      /* client_id, or client_email */
    char *key_id;                    /* service account; "" when there is none */
    struct tg_secret *secret;        /* client_secret, or the private key as PEM */
    struct tg_secret *refresh_token; /* user */
};

/* Reads a file that gcloud wrote, or the key of a service account. False and err: CONFIG when a
 * field is missing or it is no such file; STATE for kinds that gcloud is asked for. Released with
 * tg_google_credentials_fini(), also after a failure. */
bool tg_google_credentials_parse(const char *json, size_t len,
                                 struct tg_google_credentials *credentials, struct tg_err *err);
void tg_google_credentials_fini(struct tg_google_credentials *credentials);

/* Signs bytes with RSA and SHA-256 by a PEM key. Returns the signature (the caller frees), NULL and
 * err otherwise. */
typedef unsigned char *(*tg_google_sign)(const struct tg_secret *pem_key, const char *bytes,
                                         size_t len, size_t *signature_len, struct tg_err *err);

/* The form to POST to token_uri at wall_us. The caller wipes and frees; NULL and err when the key
 * cannot sign (CONFIG). */
char *tg_google_login_body(const struct tg_google_credentials *credentials, int64_t wall_us,
                           tg_google_sign sign, size_t *len, struct tg_err *err);

struct tg_google_token {
    struct tg_secret *token;
    int64_t life_us; /* from the answer on; > 0 */
};

/* Reads the answer of a token endpoint or of the metadata server; the token is the caller's. False
 * and err: UNAUTHORIZED when the login is not accepted any more (with what to run), transient codes
 * when the same may succeed later, PROTOCOL when it is no such answer. */
bool tg_google_read_token(int http_status, const char *json, size_t len,
                          struct tg_google_token *token, struct tg_err *err);

/* The same for what `gcloud config config-helper --format=json` printed at wall_us: it tells when
 * its token ends. */
bool tg_google_read_helper(const char *json, size_t len, int64_t wall_us,
                           struct tg_google_token *token, struct tg_err *err);

/* The same for a token alone on a line, as `gcloud auth application-default print-access-token`
 * prints it: a short life is assumed. */
bool tg_google_read_printed(const char *text, size_t len, struct tg_google_token *token,
                            struct tg_err *err);

#endif
