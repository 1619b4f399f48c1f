/* tests/unit/codec/test_k8s_text.c - an object as a person reads it. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "codec/k8s.h"
#include "quoted.h"

static char *text_of(const char *text)
{
    struct tg_err err = TG_ERR_INIT;
    char *json = quoted(text);
    char *lines = tg_k8s_text(json, strlen(json), &err);
    cr_assert_not_null(lines, "%s", err.msg);
    free(json);
    return lines;
}

static void check(const char *text, const char *expected)
{
    char *lines = text_of(text);
    cr_assert_str_eq(lines, expected);
    free(lines);
}

Test(k8s_text, members_stand_in_their_order)
{
    check("{'kind':'Pod','apiVersion':'v1','metadata':{'name':'a','labels':{'b':'c'}}}",
          "kind: Pod\napiVersion: v1\nmetadata:\n  name: a\n  labels:\n    b: c\n");
}

Test(k8s_text, scalars)
{
    check("{'a':1,'b':-2,'c':true,'d':false,'e':null,'f':1.5,'g':'','h':'x y'}",
          "a: 1\nb: -2\nc: true\nd: false\ne: null\nf: 1.5\ng: \"\"\nh: x y\n");
}

Test(k8s_text, empty_maps_and_lists)
{
    check("{'a':{},'b':[],'c':[{}]}", "a: {}\nb: []\nc:\n  - {}\n");
}

Test(k8s_text, lists)
{
    check("{'args':['--a','b'],'ports':[{'port':80}]}",
          "args:\n  - --a\n  - b\nports:\n  -\n    port: 80\n");
}

Test(k8s_text, texts_of_several_lines_are_blocks)
{
    check("{'script':'one\\n  two\\n','after':1}", "script: |\n  one\n    two\nafter: 1\n");
    check("{'list':['a\\nb']}", "list:\n  - |\n    a\n    b\n");
}

Test(k8s_text, managed_fields_and_the_last_applied_text_are_left_out)
{
    char *lines =
        text_of("{'kind':'Deployment','metadata':{'name':'a','managedFields':[{'manager':'kubectl',"
                "'fieldsV1':{'f:spec':{}}}],'annotations':{'keep':'me',"
                "'kubectl.kubernetes.io/last-applied-configuration':'{\\'secret\\':1}'}},"
                "'spec':{'managedFields':'kept'}}");
    cr_assert_str_eq(lines, "kind: Deployment\nmetadata:\n  name: a\n  annotations:\n"
                            "    keep: me\nspec:\n  managedFields: kept\n");
    free(lines);
}

Test(k8s_text, the_data_of_a_secret_is_never_shown)
{
    char *lines = text_of("{'kind':'Secret','metadata':{'name':'hf','annotations':{"
                          "'kubectl.kubernetes.io/last-applied-configuration':'c2VjcmV0'}},"
                          "'data':{'token':'c2VjcmV0'},'stringData':{'plain':'c2VjcmV0'},"
                          "'type':'Opaque'}");
    cr_assert_null(strstr(lines, "c2VjcmV0"), "%s", lines);
    cr_assert_not_null(strstr(lines, "name: hf\n"));
    cr_assert_not_null(strstr(lines, "type: Opaque\n"));
    free(lines);
}

Test(k8s_text, the_data_of_another_kind_is_shown)
{
    check("{'kind':'ConfigMap','data':{'token':'x'}}", "kind: ConfigMap\ndata:\n  token: x\n");
}

Test(k8s_text, of_duplicate_kinds_the_last_decides)
{
    char *lines = text_of("{'kind':'ConfigMap','data':{'t':'c2VjcmV0'},'kind':'Secret'}");
    cr_assert_null(strstr(lines, "c2VjcmV0"), "%s", lines);
    free(lines);
}

Test(k8s_text, what_is_no_json_is_told)
{
    struct tg_err err = TG_ERR_INIT;
    cr_assert_null(tg_k8s_text("<html>", 6, &err));
    cr_assert_eq(err.code, TG_CODE_PROTOCOL);
}
