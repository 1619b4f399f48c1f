/* tests/unit/codec/test_k8s_watch_line.c - lines of a watch. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "codec/k8s.h"
#include "quoted.h"

static bool decode(enum tg_kind kind, const char *text, struct tg_k8s_watch_line *line,
                   struct tg_err *err)
{
    char *json = quoted(text);
    bool is_ok = tg_k8s_decode_watch_line(kind, json, strlen(json), line, err);
    free(json);
    return is_ok;
}

static struct tg_k8s_watch_line must_decode(enum tg_kind kind, const char *text)
{
    struct tg_k8s_watch_line line;
    struct tg_err err = TG_ERR_INIT;
    cr_assert(decode(kind, text, &line, &err), "%s", err.msg);
    cr_assert_eq(err.code, TG_CODE_NONE);
    return line;
}

static void check_change(const char *type, enum tg_k8s_watch_type expected)
{
    char *text = tg_asprintf("{'type':'%s','object':{'kind':'Deployment','apiVersion':'apps/v1',"
                             "'metadata':{'name':'vllm-gemma','namespace':'default',"
                             "'resourceVersion':'812'},'spec':{'replicas':2}}}",
                             type);
    struct tg_k8s_watch_line line = must_decode(TG_KIND_DEPLOYMENT, text);
    free(text);
    cr_assert_eq(line.type, expected);
    cr_assert_str_eq(line.resource_version, "812");
    cr_assert_str_eq(line.obj->name, "vllm-gemma");
    cr_assert_str_eq(line.obj->resource_version, "812");
    cr_assert_eq(line.obj->as.deployment.replicas_desired, 2);
    cr_assert_eq(line.err.code, TG_CODE_NONE);
    tg_obj_unref(line.obj);
}

Test(k8s_watch_line, added)
{
    check_change("ADDED", TG_K8S_ADDED);
}

Test(k8s_watch_line, modified)
{
    check_change("MODIFIED", TG_K8S_MODIFIED);
}

Test(k8s_watch_line, deleted_has_the_last_state)
{
    check_change("DELETED", TG_K8S_DELETED);
}

Test(k8s_watch_line, a_bookmark_moves_the_version_and_has_no_object)
{
    struct tg_k8s_watch_line line = must_decode(
        TG_KIND_POD, "{'type':'BOOKMARK','object':{'kind':'Pod','apiVersion':'v1','metadata':"
                     "{'resourceVersion':'12746','creationTimestamp':null,'annotations':"
                     "{'k8s.io/initial-events-end':'true'}},'spec':{'containers':null}}}");
    cr_assert_eq(line.type, TG_K8S_BOOKMARK);
    cr_assert_null(line.obj);
    cr_assert_str_eq(line.resource_version, "12746");
}

Test(k8s_watch_line, an_expired_version_asks_for_a_fresh_list)
{
    static const enum tg_kind kinds[] = {TG_KIND_POD, TG_KIND_NODE, TG_KIND_DEPLOYMENT,
                                         TG_KIND_GATEWAY};
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        struct tg_k8s_watch_line line = must_decode(
            kinds[i], "{'type':'ERROR','object':{'kind':'Status','apiVersion':'v1','metadata':{},"
                      "'status':'Failure','message':'too old resource version: 1 (5)',"
                      "'reason':'Expired','code':410}}\n");
        cr_assert_eq(line.type, TG_K8S_ERROR);
        cr_assert_null(line.obj);
        cr_assert_eq(line.err.code, TG_CODE_EXPIRED);
        cr_assert_eq(line.err.detail, 410);
        cr_assert_str_eq(line.err.msg, "Expired: too old resource version: 1 (5)");
        cr_assert(tg_code_is_transient(line.err.code));
    }
}

Test(k8s_watch_line, another_error_is_told_as_the_server_says)
{
    struct tg_k8s_watch_line line = must_decode(
        TG_KIND_POD, "{'type':'ERROR','object':{'kind':'Status','status':'Failure','message':"
                     "'etcdserver: no leader','reason':'InternalError','code':500}}");
    cr_assert_eq(line.type, TG_K8S_ERROR);
    cr_assert_eq(line.err.code, TG_CODE_SERVER);
    cr_assert_eq(line.err.detail, 500);
    cr_assert_str_eq(line.err.msg, "InternalError: etcdserver: no leader");
}

Test(k8s_watch_line, an_error_without_a_status_is_the_servers)
{
    struct tg_k8s_watch_line line = must_decode(TG_KIND_POD, "{'type':'ERROR','object':{}}");
    cr_assert_eq(line.type, TG_K8S_ERROR);
    cr_assert_eq(line.err.code, TG_CODE_SERVER);
}

Test(k8s_watch_line, an_unknown_type_is_ignored)
{
    static const char *const texts[] = {
        "{'type':'SHRUG','object':{'kind':'Pod','metadata':{'name':'a','resourceVersion':'4'}}}",
        "{'type':'added','object':{'metadata':{'name':'a'}}}",
        "{'object':{'metadata':{'name':'a'}}}",
        "{}",
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct tg_k8s_watch_line line = must_decode(TG_KIND_POD, texts[i]);
        cr_assert_eq(line.type, TG_K8S_OTHER);
        cr_assert_null(line.obj);
    }
}

Test(k8s_watch_line, a_malformed_line_is_a_protocol_error)
{
    static const char *const texts[] = {
        "",
        "{'type':'ADDED','object':{'metadata':{'name':'a'}}",
        "{'type':'ADDED'}",
        "{'type':'ADDED','object':null}",
        "{'type':'MODIFIED','object':{'metadata':{}}}",
        "{'type':'DELETED','object':{'kind':'Node','metadata':{'name':'a'}}}",
        "{'type':'ADDED','object':{'metadata':{'name':'a'}}}{}",
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct tg_k8s_watch_line line;
        struct tg_err err = TG_ERR_INIT;
        cr_assert_not(decode(TG_KIND_POD, texts[i], &line, &err), "%s", texts[i]);
        cr_assert_eq(err.code, TG_CODE_PROTOCOL, "%s", texts[i]);
        cr_assert_null(line.obj);
    }
}
