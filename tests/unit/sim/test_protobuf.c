/* tests/unit/sim/test_protobuf.c - bodies as typed clients send them, and fields that kinds lack.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <criterion/criterion.h>

#include "sim/json_path.h"
#include "sim/k8s_protobuf.h"
#include "sim/k8s_strict.h"

/* Secret x with label app=y, hf_token=hf_1, type Opaque. */
static const char secret[] =
    "\153\070\163\000\012\014\012\002\166\061\022\006\123\145\143\162\145\164\022\051\012\015"
    "\012\001\170\132\010\012\003\141\160\160\022\001\171\022\020\012\010\150\146\137\164\157"
    "\153\145\156\022\004\150\146\137\061\032\006\117\160\141\161\165\145\032\000\042\000";

/* Deployment d: replicas 0, selector a=b, one container; every string that is empty is there. */
static const char deployment[] =
    "\153\070\163\000\012\025\012\007\141\160\160\163\057\166\061\022\012\104\145\160\154\157"
    "\171\155\145\156\164\022\064\012\005\012\001\144\022\000\022\051\010\000\022\010\012\006"
    "\012\001\141\022\001\142\032\033\012\010\132\006\012\001\141\022\001\142\022\017\022\013"
    "\012\001\143\022\003\151\155\147\220\001\000\040\000\032\000";

static json_t *decode(const char *bytes, size_t len, int status)
{
    struct tg_err err = TG_ERR_INIT;
    json_t *object = sim_protobuf_decode(bytes, len, &err);
    if (status == 0) {
        cr_assert_not_null(object, "%s", err.msg);
    } else {
        cr_assert_null(object);
        cr_assert_eq(err.detail, status, "%d %s", err.detail, err.msg);
    }
    return object;
}

static void check(json_t *object, const char *wanted)
{
    json_t *want = json_loads(wanted, 0, NULL);
    char *text = json_dumps(object, JSON_COMPACT);
    cr_assert(json_equal(object, want), "%s instead of %s", text, wanted);
    free(text);
    json_decref(want);
    json_decref(object);
}

Test(protobuf, a_secret)
{
    check(decode(secret, sizeof secret - 1, 0),
          "{\"kind\":\"Secret\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"x\",\"labels\":{"
          "\"app\":\"y\"}},\"data\":{\"hf_token\":\"aGZfMQ==\"},\"type\":\"Opaque\"}");
}

Test(protobuf, zeros_that_mean_something_stay)
{
    check(decode(deployment, sizeof deployment - 1, 0),
          "{\"kind\":\"Deployment\",\"apiVersion\":\"apps/v1\",\"metadata\":{\"name\":\"d\"},"
          "\"spec\":{\"replicas\":0,\"selector\":{\"matchLabels\":{\"a\":\"b\"}},\"template\":{"
          "\"metadata\":{\"labels\":{\"a\":\"b\"}},\"spec\":{\"containers\":[{\"name\":\"c\","
          "\"image\":\"img\"}],\"terminationGracePeriodSeconds\":0}}}}");
}

Test(protobuf, half_a_body_is_refused)
{
    for (size_t len = 0; len + 4 < sizeof secret - 1; len++) {
        struct tg_err err = TG_ERR_INIT;
        json_t *object = sim_protobuf_decode(secret, len, &err);
        cr_assert(object == NULL || len < 60, "%zu bytes were enough", len);
        json_decref(object);
    }
    decode("k8s", 3, 400);
    decode("{}", 2, 400);
}

Test(protobuf, kinds_that_are_not_known_are_another_media_type)
{
    decode("k8s\0\012\012\012\002v1\022\004Nope", 16, 415);
}

static void check_fields(const char *plural, const char *text, bool is_strict, const char *wanted)
{
    struct tg_err err = TG_ERR_INIT;
    json_t *object = json_loads(text, 0, NULL);
    cr_assert_not_null(object);
    bool is_good = sim_k8s_check_fields(sim_resource_by_plural(plural), object, is_strict, &err);
    cr_assert_eq(is_good, wanted == NULL, "%s", err.msg);
    if (wanted != NULL) {
        cr_assert_not_null(strstr(err.msg, wanted), "%s", err.msg);
    }
    json_decref(object);
}

Test(strict, fields_that_a_kind_lacks)
{
    static const char body[] =
        "{\"kind\":\"Pod\",\"spec\":{\"containers\":[{\"name\":\"a\",\"img\":1}]},\"x\":2}";
    check_fields("pods", body, false, NULL);
    check_fields("pods", body, true,
                 "strict decoding error: unknown field \"spec.containers[0].img\", unknown field "
                 "\"x\"");
    check_fields("gateways", "{\"spec\":{\"whatever\":1}}", true, NULL);
}

Test(strict, inline_members_stand_where_go_has_them)
{
    check_fields("pods",
                 "{\"spec\":{\"containers\":[{\"readinessProbe\":{\"httpGet\":{\"port\":\"x\"}}}],"
                 "\"volumes\":[{\"name\":\"v\",\"emptyDir\":{}}]}}",
                 true, NULL);
}

Test(strict, types_are_checked_always)
{
    check_fields(
        "deployments", "{\"spec\":{\"replicas\":\"2\"}}", false,
        "cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32");
    check_fields("pods", "{\"spec\":{\"containers\":{}}}", false, "cannot unmarshal object");
    check_fields("pods", "{\"metadata\":{\"labels\":{\"a\":1}}}", false, "metadata.labels");
    check_fields("gateways", "{\"metadata\":[]}", false, "cannot unmarshal array");
    check_fields("pods", "{\"metadata\":null,\"spec\":{\"containers\":null}}", false, NULL);
}
