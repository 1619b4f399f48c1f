/* tests/unit/codec/test_k8s_status.c - what a refused request is told as. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "codec/k8s.h"
#include "quoted.h"

static struct tg_err status_of(int http_status, const char *text)
{
    struct tg_err err = TG_ERR_INIT;
    char *body = quoted(text);
    tg_k8s_decode_status(http_status, body, strlen(body), &err);
    free(body);
    return err;
}

Test(k8s_status, a_status_object_tells_reason_and_message)
{
    struct tg_err err = status_of(
        404, "{'kind':'Status','apiVersion':'v1','metadata':{},'status':'Failure','message':"
             "'deployments.apps \\'vllm\\' not found','reason':'NotFound','details':{'name':"
             "'vllm','group':'apps','kind':'deployments'},'code':404}");
    cr_assert_eq(err.code, TG_CODE_NOT_FOUND);
    cr_assert_eq(err.detail, 404);
    cr_assert_str_eq(err.msg, "NotFound: deployments.apps \"vllm\" not found");
}

Test(k8s_status, each_http_status_has_its_code)
{
    static const struct {
        int http_status;
        enum tg_code code;
    } cases[] = {
        {401, TG_CODE_UNAUTHORIZED}, {403, TG_CODE_FORBIDDEN}, {404, TG_CODE_NOT_FOUND},
        {409, TG_CODE_CONFLICT},     {410, TG_CODE_EXPIRED},   {422, TG_CODE_INVALID},
        {429, TG_CODE_RATE_LIMITED}, {500, TG_CODE_SERVER},    {503, TG_CODE_SERVER},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char *text = tg_asprintf("{'kind':'Status','message':'m','reason':'r','code':%d}",
                                 cases[i].http_status);
        struct tg_err with = status_of(cases[i].http_status, text);
        struct tg_err without = status_of(cases[i].http_status, "");
        free(text);
        cr_assert_eq(with.code, cases[i].code, "%d with a Status", cases[i].http_status);
        cr_assert_eq(without.code, cases[i].code, "%d with nothing", cases[i].http_status);
        cr_assert_eq(without.detail, cases[i].http_status);
    }
}

Test(k8s_status, the_code_in_the_body_goes_before_the_answers)
{
    struct tg_err err = status_of(200, "{'kind':'Status','reason':'Forbidden','code':403}");
    cr_assert_eq(err.code, TG_CODE_FORBIDDEN);
    cr_assert_eq(err.detail, 403);
}

Test(k8s_status, a_status_without_a_code_has_the_answers)
{
    struct tg_err err = status_of(409, "{'kind':'Status','message':'changed'}");
    cr_assert_eq(err.code, TG_CODE_CONFLICT);
    cr_assert_eq(err.detail, 409);
    cr_assert_str_eq(err.msg, "changed");
}

Test(k8s_status, expired_tokens_are_expired_whatever_the_number)
{
    cr_assert_eq(status_of(400, "{'kind':'Status','reason':'Expired','code':400}").code,
                 TG_CODE_EXPIRED);
    cr_assert_eq(status_of(410, "{'kind':'Status','reason':'Gone','code':410}").code,
                 TG_CODE_EXPIRED);
}

Test(k8s_status, any_other_text_is_told_to_its_first_line)
{
    cr_assert_str_eq(status_of(502, "upstream connect error\nsecond line").msg,
                     "HTTP 502: upstream connect error");
    cr_assert_str_eq(status_of(502, "one\r\ntwo").msg, "HTTP 502: one");
    cr_assert_str_eq(status_of(503, "").msg, "HTTP 503: ");
    cr_assert_str_eq(status_of(500, "{broken").msg, "HTTP 500: {broken");
    cr_assert_str_eq(status_of(404, "{'kind':'Pod'}").msg, "HTTP 404: {\"kind\":\"Pod\"}");
}

Test(k8s_status, a_long_text_is_cut)
{
    char text[1001];
    memset(text, 'x', 1000);
    text[1000] = '\0';
    cr_assert_eq(strlen(status_of(500, text).msg), strlen("HTTP 500: ") + 160);
}

Test(k8s_status, a_body_that_does_not_end_in_nul_is_read_to_its_length)
{
    struct tg_err err = TG_ERR_INIT;
    char body[3] = {'b', 'a', 'd'};
    tg_k8s_decode_status(500, body, sizeof(body), &err);
    cr_assert_str_eq(err.msg, "HTTP 500: bad");
}

Test(k8s_status, an_access_review_says_yes_only_when_it_says_so)
{
    static const struct {
        const char *text;
        bool is_allowed;
    } cases[] = {
        {"{'kind':'SelfSubjectAccessReview','status':{'allowed':true,'reason':'RBAC'}}", true},
        {"{'status':{'allowed':false,'denied':true}}", false},
        {"{'status':{}}", false},
        {"{'status':{'allowed':'true'}}", false},
        {"{'allowed':true}", false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct tg_err err = TG_ERR_INIT;
        char *json = quoted(cases[i].text);
        cr_assert_eq(tg_k8s_decode_allowed(json, strlen(json), &err), cases[i].is_allowed, "%s",
                     json);
        cr_assert_eq(err.code, TG_CODE_NONE);
        free(json);
    }
    struct tg_err err = TG_ERR_INIT;
    cr_assert_not(tg_k8s_decode_allowed("<html>", 6, &err));
    cr_assert_eq(err.code, TG_CODE_PROTOCOL);
}
