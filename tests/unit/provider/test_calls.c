/* tests/unit/provider/test_calls.c - what the UI thread asks of a cluster, as requests, and the
 * answers. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "provider/calls.h"
#include "tests/unit/provider/provider_rig.h"

static bool take_event(void *machine, const struct tg_transport_event *event, int64_t now_us)
{
    return tg_calls_event(machine, event, now_us);
}

static int64_t step(void *machine, int64_t now_us)
{
    (void)machine;
    (void)now_us;
    return TG_TIME_NEVER;
}

static struct provider_rig *open_calls(void)
{
    struct provider_rig *rig = rig_new();
    rig->machine = tg_calls_new(&rig->context);
    rig->step = step;
    rig->event = take_event;
    return rig;
}

static void close_calls(struct provider_rig *rig)
{
    tg_calls_free(rig->machine);
    rig_close(rig);
}

static struct tg_call *call_of(enum tg_call_kind kind, enum tg_kind resource, const char *name)
{
    struct tg_call *call = tg_call_new(kind, 0);
    call->id = 7;
    call->resource = resource;
    call->ns = tg_strdup("default");
    call->name = tg_strdup(name);
    return call;
}

static const struct tg_msg *done(const struct provider_rig *rig)
{
    const struct tg_msg *msg = rig_newest(rig, TG_MSG_CALL_DONE);
    cr_assert_not_null(msg);
    cr_assert_eq(msg->as.call.call_id, 7);
    return msg;
}

/* Replicas and the mark of who holds them change in one request, with both preconditions. */
Test(calls, scaling_is_one_patch_with_its_preconditions)
{
    struct provider_rig *rig = open_calls();
    struct tg_call *call = call_of(TG_CALL_SCALE, TG_KIND_DEPLOYMENT, "vllm-gemma");
    call->replicas = 0;
    call->drill_id = tg_strdup("scale0-1");
    call->original_replicas = 3;
    call->uid = tg_strdup("u-1");
    call->resource_version = tg_strdup("55");
    tg_calls_start(rig->machine, call, rig->now_us);
    cr_assert_str_eq(rig->method, "PATCH");
    cr_assert_str_eq(
        rig->path, "/apis/apps/v1/namespaces/default/deployments/vllm-gemma?fieldManager=tidegate");
    cr_assert_str_eq(rig->content_type, "application/merge-patch+json");
    cr_assert_str_eq(rig->body,
                     "{\"metadata\":{\"annotations\":{\"tidegate.dev/drill\":\"scale0-1\","
                     "\"tidegate.dev/original-replicas\":\"3\"},\"uid\":\"u-1\","
                     "\"resourceVersion\":\"55\"},\"spec\":{\"replicas\":0}}");
    rig_answer(rig, 409, "{'kind':'Status','code':409,'reason':'Conflict','message':'changed'}");
    cr_assert_eq(done(rig)->as.call.err.code, TG_CODE_CONFLICT);
    cr_assert_eq(done(rig)->as.call.status, 409);
    close_calls(rig);
}

Test(calls, restoring_takes_both_marks_away)
{
    struct provider_rig *rig = open_calls();
    struct tg_call *call = call_of(TG_CALL_SCALE, TG_KIND_DEPLOYMENT, "vllm-gemma");
    call->replicas = 3;
    tg_calls_start(rig->machine, call, rig->now_us);
    cr_assert_str_eq(rig->body, "{\"metadata\":{\"annotations\":{\"tidegate.dev/drill\":null,"
                                "\"tidegate.dev/original-replicas\":null}},"
                                "\"spec\":{\"replicas\":3}}");
    rig_answer(rig, 200,
               "{'kind':'Deployment','metadata':{'name':'vllm-gemma'},"
               "'spec':{'replicas':3}}");
    cr_assert_eq(done(rig)->as.call.err.code, TG_CODE_NONE);
    cr_assert_eq(done(rig)->as.call.obj->as.deployment.replicas_desired, 3);
    close_calls(rig);
}

Test(calls, permission_is_asked_for_as_ourselves)
{
    struct provider_rig *rig = open_calls();
    struct tg_call *call = call_of(TG_CALL_ACCESS_REVIEW, TG_KIND_DEPLOYMENT, "vllm-gemma");
    call->verb = tg_strdup("patch");
    tg_calls_start(rig->machine, call, rig->now_us);
    cr_assert_str_eq(rig->path, "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews");
    cr_assert_not_null(strstr(rig->body, "\"verb\":\"patch\""));
    cr_assert_not_null(strstr(rig->body, "\"group\":\"apps\""));
    rig_answer(rig, 201, "{'kind':'SelfSubjectAccessReview','status':{'allowed':false}}");
    cr_assert_not(done(rig)->as.call.is_allowed, "allowed is false, or not there");
    rig_forget(rig);
    call = call_of(TG_CALL_ACCESS_REVIEW, TG_KIND_DEPLOYMENT, "vllm-gemma");
    call->verb = tg_strdup("patch");
    tg_calls_start(rig->machine, call, rig->now_us);
    rig_answer(rig, 201, "{'kind':'SelfSubjectAccessReview','status':{'allowed':true}}");
    cr_assert(done(rig)->as.call.is_allowed);
    close_calls(rig);
}

/* A Pod that is gone already is as deleted as can be. */
Test(calls, deleting_what_is_gone_is_done)
{
    struct provider_rig *rig = open_calls();
    struct tg_call *call = call_of(TG_CALL_DELETE_POD, TG_KIND_POD, "tidegate-probe");
    call->uid = tg_strdup("u-9");
    tg_calls_start(rig->machine, call, rig->now_us);
    cr_assert_str_eq(rig->method, "DELETE");
    cr_assert_not_null(strstr(rig->body, "u-9"), "another Pod of that name is left alone");
    rig_answer(rig, 404, "{'kind':'Status','code':404,'reason':'NotFound','message':'gone'}");
    cr_assert_eq(done(rig)->as.call.err.code, TG_CODE_NONE);
    close_calls(rig);
}

Test(calls, a_log_comes_in_whole_lines)
{
    struct provider_rig *rig = open_calls();
    struct tg_call *call = call_of(TG_CALL_FOLLOW_LOG, TG_KIND_POD, "tidegate-probe");
    tg_calls_start(rig->machine, call, rig->now_us);
    cr_assert(rig->is_stream);
    cr_assert(strncmp(rig->path, "/api/v1/namespaces/default/pods/tidegate-probe/log?", 51) == 0,
              "%s", rig->path);
    cr_assert_not_null(strstr(rig->path, "follow=true"));
    rig_headers(rig, 200, 0);
    rig_data(rig, "one\ntw");
    const struct tg_msg *lines = rig_newest(rig, TG_MSG_LOG_LINES);
    cr_assert_eq(lines->as.log.len, 4);
    cr_assert(memcmp(lines->as.log.text, "one\n", 4) == 0);
    rig_data(rig, "o\nthree\n");
    lines = rig_newest(rig, TG_MSG_LOG_LINES);
    cr_assert(memcmp(lines->as.log.text, "two\nthree\n", 10) == 0);
    rig_end(rig, TG_CODE_NONE);
    cr_assert_eq(done(rig)->as.call.err.code, TG_CODE_NONE);
    close_calls(rig);
}

Test(calls, a_cancelled_one_says_nothing_more)
{
    struct provider_rig *rig = open_calls();
    tg_calls_start(rig->machine, call_of(TG_CALL_FOLLOW_LOG, TG_KIND_POD, "p"), rig->now_us);
    uint64_t exchange = rig->exchange;
    struct tg_call *cancel = tg_call_new(TG_CALL_CANCEL, 0);
    cancel->cancel_id = 7;
    tg_calls_start(rig->machine, cancel, rig->now_us);
    cr_assert_eq(rig->cancelled, exchange);
    struct tg_transport_event event = {.kind = TG_TRANSPORT_DONE, .id = exchange};
    cr_assert_not(rig->event(rig->machine, &event, rig->now_us));
    cr_assert_null(rig_newest(rig, TG_MSG_CALL_DONE));
    close_calls(rig);
}

Test(calls, no_answer_is_told_as_such)
{
    struct provider_rig *rig = open_calls();
    tg_calls_start(rig->machine, call_of(TG_CALL_GET, TG_KIND_DEPLOYMENT, "d"), rig->now_us);
    rig_end(rig, TG_CODE_TIMEOUT);
    cr_assert_eq(done(rig)->as.call.err.code, TG_CODE_TIMEOUT);
    cr_assert_eq(done(rig)->as.call.status, 0);
    cr_assert_null(done(rig)->as.call.obj);
    close_calls(rig);
}

/* Only these may need an armed session. */
Test(calls, which_calls_change_something)
{
    cr_assert(tg_call_is_write(TG_CALL_SCALE));
    cr_assert(tg_call_is_write(TG_CALL_CREATE_PROBE));
    cr_assert(tg_call_is_write(TG_CALL_DELETE_POD));
    cr_assert_not(tg_call_is_write(TG_CALL_GET));
    cr_assert_not(tg_call_is_write(TG_CALL_GET_TEXT));
    cr_assert_not(tg_call_is_write(TG_CALL_FOLLOW_LOG));
    cr_assert_not(tg_call_is_write(TG_CALL_ACCESS_REVIEW));
}

/* A public file is asked for without what opens the target, wherever it is. */
Test(calls, a_download_carries_no_credentials)
{
    struct provider_rig *rig = rig_new();
    rig->context.config.endpoint.base_url = tg_strdup("https://10.0.0.1:6443");
    rig->context.config.endpoint.bearer_token = tg_secret_new("planted-token", 13);
    rig->machine = tg_calls_new(&rig->context);
    rig->step = step;
    rig->event = take_event;
    tg_calls_start(rig->machine, call_of(TG_CALL_DOWNLOAD, 0, "https://files.example/a/b.yaml"),
                   rig->now_us);
    cr_expect_str_eq(rig->path, "//files.example/a/b.yaml");
    cr_expect_str_eq(rig->base_url, "");
    cr_expect_not(rig->has_credentials);
    rig_answer(rig, 200, "text");
    cr_expect_str_eq(done(rig)->as.call.text, "text");
    cr_expect_eq(done(rig)->as.call.len, 4);
    tg_calls_start(rig->machine, call_of(TG_CALL_DOWNLOAD, 0, "https://10.0.0.1:6443/a/b.yaml"),
                   rig->now_us);
    cr_expect_str_eq(rig->path, "/a/b.yaml");
    cr_expect_str_eq(rig->base_url, "https://10.0.0.1:6443");
    cr_expect_not(rig->has_credentials);
    rig_answer(rig, 404, "");
    cr_expect_eq((int)done(rig)->as.call.err.code, (int)TG_CODE_NOT_FOUND);
    tg_http_endpoint_fini(&rig->context.config.endpoint);
    close_calls(rig);
}
