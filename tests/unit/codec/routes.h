/* tests/unit/codec/routes.h - one Kubernetes object by every way in which it can arrive: alone, in
 * a list, as a line of a watch, each without the members that nobody reads; and whole.
 *
 * What the decoder reads and codec/k8s_wanted.c forgets is missing on the first three and there on
 * the last: the same asserts on all four find it.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_TESTS_ROUTES_H
#define TG_TESTS_ROUTES_H

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "codec/json.h"
#include "codec/k8s.h"
#include "codec/k8s_object.h"
#include "quoted.h"

#define T0_US INT64_C(1767225600000000) /* 2026-01-01T00:00:00Z */
#define S_US  INT64_C(1000000)

/* What an API server adds to every object, and tidegate shows nowhere. */
#define MANAGED_FIELDS                                                                          \
    "'managedFields':[{'manager':'kubectl','operation':'Update','apiVersion':'v1',"             \
    "'time':'2020-02-02T00:00:00Z','fieldsType':'FieldsV1','fieldsV1':{'f:metadata':{'f:name':" \
    "{},'f:labels':{'.':{},'k:{\\'type\\':\\'Ready\\'}':{'f:status':{}}}},'f:status':"          \
    "{'f:phase':{},'f:conditions':{}}},'name':'wrong','uid':'wrong'}],"                         \
    "'ownerReferences':[{'kind':'ReplicaSet','name':'owner','uid':'owner-uid'}],"               \
    "'finalizers':['kubernetes'],'selfLink':'/wrong'"

typedef void route_check(const struct tg_obj *obj);

static inline void check_alone(enum tg_kind kind, const char *json, route_check *check)
{
    struct tg_err err = TG_ERR_INIT;
    struct tg_obj *obj = tg_k8s_decode(kind, json, strlen(json), &err);
    cr_assert_not_null(obj, "alone: %s", err.msg);
    check(obj);
    tg_obj_unref(obj);
}

static inline void check_whole(enum tg_kind kind, const char *json, route_check *check)
{
    struct tg_err err = TG_ERR_INIT;
    struct tg_json document;
    cr_assert(tg_json_parse(json, strlen(json), NULL, &document, &err), "whole: %s", err.msg);
    struct tg_obj *obj = tg_k8s_object(kind, document.root, &err);
    tg_json_release(&document);
    cr_assert_not_null(obj, "whole: %s", err.msg);
    check(obj);
    tg_obj_unref(obj);
}

static inline void check_in_list(enum tg_kind kind, const char *json, route_check *check)
{
    struct tg_err err = TG_ERR_INIT;
    struct tg_k8s_list list;
    char *text = tg_asprintf("{\"kind\":\"List\",\"apiVersion\":\"v1\",\"metadata\":"
                             "{\"resourceVersion\":\"9\"},\"items\":[%s]}",
                             json);
    cr_assert(tg_k8s_decode_list(kind, text, strlen(text), &list, &err), "list: %s", err.msg);
    free(text);
    cr_assert_eq(list.count, 1);
    cr_assert_eq(list.rejected, 0);
    check(list.items[0]);
    tg_obj_unref(list.items[0]);
    free(list.items);
}

static inline void check_in_line(enum tg_kind kind, const char *json, route_check *check)
{
    struct tg_err err = TG_ERR_INIT;
    struct tg_k8s_watch_line line;
    char *text = tg_asprintf("{\"type\":\"MODIFIED\",\"object\":%s}\n", json);
    cr_assert(tg_k8s_decode_watch_line(kind, text, strlen(text), &line, &err), "%s", err.msg);
    free(text);
    cr_assert_eq(line.type, TG_K8S_MODIFIED);
    check(line.obj);
    tg_obj_unref(line.obj);
}

/* Runs check on the object by all four ways; text has apostrophes for quotation marks. */
static inline void check_on_every_route(enum tg_kind kind, const char *text, route_check *check)
{
    char *json = quoted(text);
    check_alone(kind, json, check);
    check_whole(kind, json, check);
    check_in_list(kind, json, check);
    check_in_line(kind, json, check);
    free(json);
}

#endif
