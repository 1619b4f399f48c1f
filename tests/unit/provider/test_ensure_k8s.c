/* tests/unit/provider/test_ensure_k8s.c - Kubernetes objects: applied in our name, never in
 * another's, and gone only when they are gone. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "tests/unit/provider/ensure_rig.h"

#define APPS                                                                                       \
    "{'kind':'APIResourceList','groupVersion':'apps/v1','resources':[{'name':'deployments/scale'," \
    "'kind':'Scale','namespaced':true},{'name':'deployments','kind':'Deployment',"                 \
    "'namespaced':true}]}"
#define ABSENT   "{'kind':'Status','code':404,'reason':'NotFound','message':'not found'}"
#define METADATA "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"

static struct tg_desired *object(const char *version, const char *kind, const char *name)
{
    struct tg_desired *desired =
        ensure_object(TG_API_KUBERNETES, version, name, "{'spec':{'replicas':1}}");
    desired->kind = tg_strdup(kind);
    desired->ns = tg_strdup("default");
    return desired;
}

static struct provider_rig *open_deployment(enum tg_call_kind kind)
{
    struct provider_rig *rig = ensure_open(kind, object("apps/v1", "Deployment", "vllm"));
    EXPECT_ASKED(rig, "GET", "/apis/apps/v1");
    rig_answer(rig, 200, APPS);
    return rig;
}

Test(ensure_k8s, an_object_is_applied_in_our_name)
{
    struct provider_rig *rig = open_deployment(TG_CALL_ENSURE);
    EXPECT_ASKED(rig, "GET", "/apis/apps/v1/namespaces/default/deployments/vllm");
    cr_assert_str_eq(rig->accept, METADATA);
    rig_answer(rig, 404, ABSENT);
    EXPECT_ASKED(rig, "PATCH",
                 "/apis/apps/v1/namespaces/default/deployments/vllm"
                 "?fieldManager=tidegate&force=false");
    cr_assert_str_eq(rig->content_type, "application/apply-patch+yaml");
    cr_assert_str_eq(rig->body, "{\"spec\":{\"replicas\":1},\"apiVersion\":\"apps/v1\","
                                "\"kind\":\"Deployment\",\"metadata\":{\"name\":\"vllm\","
                                "\"namespace\":\"default\"}}");
    rig_answer(rig, 201, "{'metadata':{'resourceVersion':'5'}}");
    cr_assert_eq(ensure_ended(rig), TG_ENSURED_CREATED);
    ensure_close(rig);
}

static enum tg_ensured applied_over(const char *before, const char *after)
{
    struct provider_rig *rig = open_deployment(TG_CALL_ENSURE);
    rig_answer(rig, 200, before);
    rig_answer(rig, 200, after);
    enum tg_ensured ensured = ensure_ended(rig);
    ensure_close(rig);
    return ensured;
}

Test(ensure_k8s, what_did_not_change_was_found)
{
    cr_assert_eq(applied_over("{'metadata':{'resourceVersion':'5'}}",
                              "{'metadata':{'resourceVersion':'5'}}"),
                 TG_ENSURED_FOUND);
    cr_assert_eq(applied_over("{'metadata':{'resourceVersion':'5'}}",
                              "{'metadata':{'resourceVersion':'6'}}"),
                 TG_ENSURED_CHANGED);
}

/* What another manager set is not taken from it: it is said who, and which fields. */
Test(ensure_k8s, fields_of_others_are_a_conflict)
{
    struct provider_rig *rig = open_deployment(TG_CALL_ENSURE);
    rig_answer(rig, 200, "{'metadata':{'resourceVersion':'5'}}");
    rig_answer(rig, 409,
               "{'kind':'Status','code':409,'reason':'Conflict','message':'Apply failed',"
               "'details':{'causes':["
               "{'reason':'FieldManagerConflict','message':'conflict with \\u0022kubectl\\u0022 "
               "using apps/v1','field':'.spec.replicas'},"
               "{'reason':'FieldManagerConflict','message':'conflict with \\u0022kubectl\\u0022 "
               "using apps/v1','field':'.spec.paused'},"
               "{'reason':'FieldManagerConflict','message':'conflict with \\u0022helm\\u0022 "
               "using apps/v1','field':'.spec.template'}]}}");
    cr_assert_eq(ensure_err(rig)->code, TG_CODE_CONFLICT);
    cr_assert_str_eq(ensure_err(rig)->msg, "Deployment vllm: kubectl owns .spec.replicas, "
                                           ".spec.paused; helm owns .spec.template");
    ensure_close(rig);
}

/* A definition that was applied a moment ago is not served at once. */
Test(ensure_k8s, a_kind_that_is_not_there_yet_is_waited_for)
{
    struct provider_rig *rig = ensure_open(TG_CALL_ENSURE, object("x.io/v1", "Thing", "a"));
    EXPECT_ASKED(rig, "GET", "/apis/x.io/v1");
    rig_answer(rig, 404, ABSENT);
    cr_assert_str_eq(ensure_told(rig), "the server knows no Thing in x.io/v1 yet");
    rig_wait(rig);
    rig_answer(rig, 200, "{'resources':[{'name':'others','kind':'Other','namespaced':true}]}");
    rig_wait(rig);
    EXPECT_ASKED(rig, "GET", "/apis/x.io/v1");
    rig_answer(rig, 200, "{'resources':[{'name':'things','kind':'Thing','namespaced':false}]}");
    EXPECT_ASKED(rig, "GET", "/apis/x.io/v1/things/a");
    ensure_close(rig);
}

/* The second of a kind needs no discovery. */
Test(ensure_k8s, discovery_is_remembered)
{
    struct provider_rig *rig = open_deployment(TG_CALL_ENSURE);
    struct tg_call *second = tg_call_new(TG_CALL_ENSURE, 0);
    second->id = CALL_ID + 1;
    second->desired = object("apps/v1", "Deployment", "second");
    tg_ensures_start(rig->machine, second, rig->now_us);
    EXPECT_ASKED(rig, "GET", "/apis/apps/v1/namespaces/default/deployments/second");
    ensure_close(rig);
}

Test(ensure_k8s, what_holds_an_object_is_told)
{
    struct provider_rig *rig = open_deployment(TG_CALL_REMOVE);
    EXPECT_ASKED(rig, "DELETE", "/apis/apps/v1/namespaces/default/deployments/vllm");
    cr_assert_str_eq(rig->body, "{\"kind\":\"DeleteOptions\",\"apiVersion\":\"v1\","
                                "\"propagationPolicy\":\"Background\"}");
    rig_answer(rig, 200, "{'kind':'Status','status':'Success'}");
    rig_answer(rig, 200,
               "{'metadata':{'deletionTimestamp':'2026-01-01T00:00:00Z',"
               "'finalizers':['networking.gke.io/gateway','x.io/y']}}");
    cr_assert_str_eq(ensure_told(rig), "Deployment vllm is being deleted, held by "
                                       "networking.gke.io/gateway, x.io/y");
    rig_wait(rig);
    EXPECT_ASKED(rig, "GET", "/apis/apps/v1/namespaces/default/deployments/vllm");
    rig_answer(rig, 404, ABSENT);
    cr_assert_eq(ensure_ended(rig), TG_ENSURED_REMOVED);
    ensure_close(rig);
}

Test(ensure_k8s, a_kind_that_went_has_no_objects)
{
    struct provider_rig *rig = ensure_open(TG_CALL_REMOVE, object("x.io/v1", "Thing", "a"));
    rig_answer(rig, 404, ABSENT);
    cr_assert_eq(ensure_ended(rig), TG_ENSURED_ABSENT);
    ensure_close(rig);
}

/* The value is in the body of the apply, which is wiped, and nowhere else; the answer is asked for
 * without it; a server that repeats it in an error is not believed to be discreet. */
Test(ensure_k8s, a_secret_is_in_one_body_only)
{
    struct tg_desired *secret = object("v1", "Secret", "hf");
    free(secret->body);
    secret->body = ensure_json("{'type':'Opaque','data':{'note':'YQ=='}}");
    secret->secret = tg_secret_new("hf_planted_token", strlen("hf_planted_token"));
    secret->secret_key = tg_strdup("hf_token");
    struct provider_rig *rig = ensure_open(TG_CALL_ENSURE, secret);
    rig_answer(rig, 200, "{'resources':[{'name':'secrets','kind':'Secret','namespaced':true}]}");
    EXPECT_ASKED(rig, "GET", "/api/v1/namespaces/default/secrets/hf");
    cr_assert_str_eq(rig->accept, METADATA);
    cr_assert_not(rig->is_body_secret);
    rig_answer(rig, 404, ABSENT);
    cr_assert_str_eq(rig->body,
                     "{\"type\":\"Opaque\",\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":"
                     "{\"name\":\"hf\",\"namespace\":\"default\"},\"data\":{\"note\":\"YQ==\","
                     "\"hf_token\":\"aGZfcGxhbnRlZF90b2tlbg==\"}}");
    cr_assert(rig->is_body_secret);
    cr_assert_str_eq(rig->accept, METADATA);
    rig_answer(rig, 422,
               "{'kind':'Status','code':422,'reason':'Invalid','message':'hf_planted_token?'}");
    cr_assert_eq(ensure_err(rig)->code, TG_CODE_INVALID);
    cr_assert_str_eq(ensure_err(rig)->msg, "Invalid: ***?");
    ensure_close(rig);
}
