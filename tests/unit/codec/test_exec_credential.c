/* tests/unit/codec/test_exec_credential.c - what plug-ins are told and print. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "codec/exec_credential.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "tests/unit/codec/quoted.h"

#define V1      "client.authentication.k8s.io/v1"
#define WALL_US (INT64_C(1700000000) * TG_US_PER_S) /* 2023-11-14T22:13:20Z */

static struct tg_token_grant grant;
static int64_t life_us;

static struct tg_err parse(const char *text)
{
    struct tg_err err = TG_ERR_INIT;
    char *json = quoted(text);
    bool is_ok = tg_exec_credential_parse(json, strlen(json), V1, WALL_US, &grant, &life_us, &err);
    cr_assert_eq(is_ok, err.code == TG_CODE_NONE);
    free(json);
    return err;
}

#define HEAD "{'apiVersion':'" V1 "','kind':'ExecCredential','status':"

Test(exec_credential, a_token_with_an_end)
{
    struct tg_err err =
        parse(HEAD "{'token':'ya29.x','expirationTimestamp':'2023-11-14T23:13:20Z'}}");
    cr_assert_eq(err.code, TG_CODE_NONE, "%s", err.msg);
    cr_expect_str_eq(tg_secret_peek(grant.token), "ya29.x");
    cr_expect_null(grant.client_cert_pem);
    cr_expect_eq(life_us, 3600 * TG_US_PER_S);
    tg_token_grant_fini(&grant);
}

Test(exec_credential, a_certificate_without_an_end)
{
    struct tg_err err = parse(HEAD "{'clientCertificateData':'CERT','clientKeyData':'KEY'}}");
    cr_assert_eq(err.code, TG_CODE_NONE, "%s", err.msg);
    cr_expect_null(grant.token);
    cr_expect_str_eq(grant.client_cert_pem, "CERT");
    cr_expect_str_eq(tg_secret_peek(grant.client_key_pem), "KEY");
    cr_expect_eq(life_us, TG_TIME_NEVER);
    tg_token_grant_fini(&grant);
}

Test(exec_credential, what_is_none_is_refused_without_quoting_it)
{
    static const char *const bad[] = {
        "planted",
        "{'kind':'ExecCredential','apiVersion':'client.authentication.k8s.io/v1beta1',"
        "'status':{'token':'planted'}}",
        "{'kind':'Secret','apiVersion':'" V1 "','status':{'token':'planted'}}",
        HEAD "{}}",
        HEAD "{'token':'planted token'}}",
        HEAD "{'token':'planted\\n'}}",
        HEAD "{'clientCertificateData':'planted'}}",
        HEAD "{'clientKeyData':'planted'}}",
        HEAD "{'token':'planted','expirationTimestamp':'soon'}}",
        HEAD "{'token':'planted','expirationTimestamp':'2023-11-14T22:13:20Z'}}",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct tg_err err = parse(bad[i]);
        cr_expect_neq(err.code, TG_CODE_NONE, "%s", bad[i]);
        cr_expect_null(strstr(err.msg, "planted"), "%s", err.msg);
    }
}

Test(exec_credential, plug_ins_are_told_that_nobody_is_at_the_terminal)
{
    char *info = tg_exec_info(V1, NULL, NULL);
    cr_expect_str_eq(info, "{\"apiVersion\": \"" V1 "\",\"kind\": \"ExecCredential\","
                           "\"spec\": {\"interactive\": false}}");
    free(info);
}

Test(exec_credential, the_cluster_is_told_when_the_kubeconfig_says_so)
{
    char url[] = "https://10.0.0.1";
    char pem[] = "PEM";
    struct tg_http_endpoint endpoint = {.base_url = url, .ca_pem = pem};
    char *info = tg_exec_info(V1, &endpoint, "{\"audience\":\"a\"}");
    cr_expect_not_null(strstr(info, "\"cluster\": {\"server\": \"https://10.0.0.1\","
                                    "\"certificate-authority-data\": \"UEVN\","
                                    "\"config\":{\"audience\":\"a\"}},\"interactive\": false"),
                       "%s", info);
    free(info);
}
