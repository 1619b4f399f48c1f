/* codec/exec_credential.c - ExecCredential, both ways. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "codec/exec_credential.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/json_out.h"
#include "base/mem.h"
#include "base/str.h"
#include "codec/json.h"

#define GROUP        "client.authentication.k8s.io/"
#define INFO_LEN_MAX (512u * 1024)
#define REST_MIN_US  TG_US_PER_S

bool tg_exec_is_known_version(const char *api_version)
{
    return tg_str_eq(api_version, GROUP "v1") || tg_str_eq(api_version, GROUP "v1beta1");
}

static void put_cluster(struct tg_json_out *json, const struct tg_http_endpoint *cluster,
                        const char *config)
{
    tg_json_open(json, "cluster", '{');
    tg_json_put_text(json, "server", cluster->base_url);
    if (cluster->tls_server_name != NULL) {
        tg_json_put_text(json, "tls-server-name", cluster->tls_server_name);
    }
    if (cluster->ca_pem != NULL) {
        char *authority = tg_base64_encode(cluster->ca_pem, strlen(cluster->ca_pem));
        tg_json_put_text(json, "certificate-authority-data", authority);
        free(authority);
    }
    if (config != NULL) {
        tg_buf_printf(json->out, ",\"config\":%s", config);
    }
    tg_json_close(json, '}');
}

char *tg_exec_info(const char *api_version, const struct tg_http_endpoint *cluster,
                   const char *config)
{
    struct tg_buf out;
    struct tg_json_out json = {&out, false};
    tg_buf_init(&out, INFO_LEN_MAX);
    tg_json_open(&json, NULL, '{');
    tg_json_put_text(&json, "apiVersion", api_version);
    tg_json_put_text(&json, "kind", "ExecCredential");
    tg_json_open(&json, "spec", '{');
    if (cluster != NULL) {
        put_cluster(&json, cluster, config);
    }
    tg_json_put_bool(&json, "interactive", false);
    tg_json_close(&json, '}');
    tg_json_close(&json, '}');
    return tg_buf_take(&out, NULL);
}

static struct tg_secret *secret_at(const json_t *root, const char *path)
{
    const char *text = tg_json_text(root, path);
    return text[0] == '\0' ? NULL : tg_secret_new(text, strlen(text));
}

static bool is_sendable(const char *token)
{
    for (const char *at = token; *at != '\0'; at++) {
        if (*at <= ' ' || *at > '~') {
            return false;
        }
    }
    return true;
}

static bool read_status(const json_t *root, const char *api_version, int64_t wall_us,
                        struct tg_token_grant *grant, int64_t *life_us, struct tg_err *err)
{
    const char *token = tg_json_text(root, "status/token");
    const char *certificate = tg_json_text(root, "status/clientCertificateData");
    const char *until = tg_json_text(root, "status/expirationTimestamp");
    int64_t until_us = tg_json_time(root, "status/expirationTimestamp");
    if (!tg_str_eq(tg_json_text(root, "kind"), "ExecCredential") ||
        !tg_str_eq(tg_json_text(root, "apiVersion"), api_version)) {
        return tg_err_set(err, TG_CODE_PROTOCOL, 0, "it prints no ExecCredential of %s",
                          api_version);
    }
    if (!is_sendable(token)) {
        return tg_err_set(err, TG_CODE_PROTOCOL, 0, "its token cannot be sent");
    }
    if ((certificate[0] == '\0') != (tg_json_text(root, "status/clientKeyData")[0] == '\0')) {
        return tg_err_set(err, TG_CODE_PROTOCOL, 0,
                          "it prints a client certificate without its key, or a key alone");
    }
    if (token[0] == '\0' && certificate[0] == '\0') {
        return tg_err_set(err, TG_CODE_PROTOCOL, 0,
                          "it prints neither a token nor a client certificate");
    }
    if (until[0] != '\0' && until_us == 0) {
        return tg_err_set(err, TG_CODE_PROTOCOL, 0, "its expirationTimestamp is no time");
    }
    *life_us = until_us == 0 ? TG_TIME_NEVER : until_us - wall_us;
    if (*life_us < REST_MIN_US) {
        return tg_err_set(err, TG_CODE_UNAUTHORIZED, 0,
                          "the credential that it prints has ended; is this clock right?");
    }
    grant->token = secret_at(root, "status/token");
    grant->client_cert_pem = certificate[0] == '\0' ? NULL : tg_strdup(certificate);
    grant->client_key_pem = secret_at(root, "status/clientKeyData");
    return true;
}

bool tg_exec_credential_parse(const char *json, size_t len, const char *api_version,
                              int64_t wall_us, struct tg_token_grant *grant, int64_t *life_us,
                              struct tg_err *err)
{
    struct tg_json document;
    struct tg_err why = TG_ERR_INIT;
    *grant = (struct tg_token_grant){0};
    *life_us = 0;
    if (!tg_json_parse(json, len, NULL, &document, &why)) {
        /* The parser's own words quote the text beside the mistake. */
        return tg_err_set(err, TG_CODE_PROTOCOL, 0, "what it prints is not JSON");
    }
    bool is_ok = read_status(document.root, api_version, wall_us, grant, life_us, err);
    tg_json_release_secret(&document);
    return is_ok;
}
