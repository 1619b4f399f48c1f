/* tests/unit/codec/test_k8s_list.c - pages of lists. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/k8s.h"
#include "quoted.h"

static bool decode(enum tg_kind kind, const char *text, struct tg_k8s_list *list,
                   struct tg_err *err)
{
    char *json = quoted(text);
    bool is_ok = tg_k8s_decode_list(kind, json, strlen(json), list, err);
    free(json);
    return is_ok;
}

static struct tg_k8s_list must_decode(enum tg_kind kind, const char *text)
{
    struct tg_k8s_list list;
    struct tg_err err = TG_ERR_INIT;
    cr_assert(decode(kind, text, &list, &err), "%s", err.msg);
    cr_assert_eq(err.code, TG_CODE_NONE);
    return list;
}

static void release(struct tg_k8s_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        tg_obj_unref(list->items[i]);
    }
    free(list->items);
    free(list->continue_token);
}

Test(k8s_list, items_come_in_order_with_the_lists_version)
{
    struct tg_k8s_list list = must_decode(
        TG_KIND_POD, "{'kind':'PodList','apiVersion':'v1','metadata':{'resourceVersion':'10245'},"
                     "'items':[{'metadata':{'name':'b','namespace':'x'}},"
                     "{'metadata':{'name':'a','namespace':'y'},'kind':'Pod'}]}");
    cr_assert_eq(list.count, 2);
    cr_assert_eq(list.rejected, 0);
    cr_assert_str_eq(list.items[0]->name, "b");
    cr_assert_str_eq(list.items[1]->name, "a");
    cr_assert_str_eq(list.items[1]->ns, "y");
    cr_assert_str_eq(list.resource_version, "10245");
    cr_assert_null(list.continue_token);
    release(&list);
}

Test(k8s_list, a_page_that_is_not_the_last_has_a_token)
{
    struct tg_k8s_list list = must_decode(
        TG_KIND_NODE, "{'metadata':{'resourceVersion':'7','continue':'eyJ2IjoibWV0YS5rOHMuaW8',"
                      "'remainingItemCount':12},'items':[{'metadata':{'name':'n'}}]}");
    cr_assert_str_eq(list.continue_token, "eyJ2IjoibWV0YS5rOHMuaW8");
    cr_assert_eq(list.count, 1);
    release(&list);
}

Test(k8s_list, an_empty_token_is_no_token)
{
    struct tg_k8s_list list =
        must_decode(TG_KIND_LEASE, "{'metadata':{'resourceVersion':'7','continue':''},'items':[]}");
    cr_assert_null(list.continue_token);
    cr_assert_eq(list.count, 0);
    release(&list);
}

Test(k8s_list, items_null_is_an_empty_list)
{
    struct tg_k8s_list list =
        must_decode(TG_KIND_DEPLOYMENT, "{'metadata':{'resourceVersion':'7'},'items':null}");
    cr_assert_eq(list.count, 0);
    cr_assert_eq(list.rejected, 0);
    cr_assert_str_eq(list.resource_version, "7");
    release(&list);
}

Test(k8s_list, what_cannot_be_decoded_is_counted_and_the_rest_is_kept)
{
    struct tg_k8s_list list = must_decode(
        TG_KIND_POD, "{'metadata':{'resourceVersion':'7'},'items':[{'metadata':{'name':'a'}},"
                     "{'metadata':{'namespace':'nameless'}},{'kind':'Node','metadata':{'name':'n'}"
                     "},'text',null,{'metadata':{'name':'z'}}]}");
    cr_assert_eq(list.count, 2);
    cr_assert_eq(list.rejected, 4);
    cr_assert_str_eq(list.items[0]->name, "a");
    cr_assert_str_eq(list.items[1]->name, "z");
    release(&list);
}

Test(k8s_list, an_objects_own_version_is_not_the_lists)
{
    struct tg_k8s_list list =
        must_decode(TG_KIND_EVENT, "{'items':[{'metadata':{'name':'e','resourceVersion':'3'}}],"
                                   "'metadata':{'resourceVersion':'9'}}");
    cr_assert_str_eq(list.resource_version, "9");
    cr_assert_str_eq(list.items[0]->resource_version, "3");
    release(&list);
}

Test(k8s_list, a_thousand_items_are_read)
{
    struct tg_k8s_list list;
    struct tg_err err = TG_ERR_INIT;
    char *json = tg_malloc(200000);
    size_t used = (size_t)snprintf(json, 200000, "{\"items\":[");
    for (int i = 0; i < 1000; i++) {
        used +=
            (size_t)snprintf(json + used, 200000 - used,
                             "%s{\"metadata\":{\"name\":\"pod-%d\",\"labels\":{\"app\":\"a\"}}}",
                             i > 0 ? "," : "", i);
    }
    used += (size_t)snprintf(json + used, 200000 - used, "]}");

    cr_assert(tg_k8s_decode_list(TG_KIND_POD, json, used, &list, &err), "%s", err.msg);
    free(json);
    cr_assert_eq(list.count, 1000);
    cr_assert_str_eq(list.items[999]->name, "pod-999");
    cr_assert_str_eq(list.items[999]->as.pod.app, "a");
    release(&list);
}

Test(k8s_list, what_is_no_list_is_a_protocol_error)
{
    static const char *const broken[] = {
        "{'kind':'Pod','metadata':{'name':'a'}}",
        "{'items':{}}",
        "{'items':'x'}",
        "[]",
        "{'items':[{'metadata':{'name':'a'}}",
        "<html>",
        "",
    };
    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
        struct tg_k8s_list list;
        struct tg_err err = TG_ERR_INIT;
        cr_assert_not(decode(TG_KIND_POD, broken[i], &list, &err), "%s", broken[i]);
        cr_assert_eq(err.code, TG_CODE_PROTOCOL, "%s", broken[i]);
        cr_assert_null(list.items);
        cr_assert_null(list.continue_token);
    }
}

/* Whoever can write an Event must not be able to blind everybody who lists them. */
Test(k8s_list, a_nul_in_one_text_does_not_cost_the_list)
{
    struct tg_k8s_list list =
        must_decode(TG_KIND_EVENT, "{'metadata':{'resourceVersion':'9'},'items':["
                                   "{'metadata':{'name':'a'},'message':'before\\u0000after'},"
                                   "{'metadata':{'name':'b'},'message':'whole'}]}");
    cr_assert_eq(list.count, 2);
    cr_assert_str_eq(list.items[0]->as.event.message, "before");
    cr_assert_str_eq(list.items[1]->as.event.message, "whole");
    release(&list);
}
