/* tests/unit/sim/test_patch.c - merge, strategic merge and JSON patch. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <criterion/criterion.h>
#include <string.h>

#include "sim/json_path.h"
#include "sim/k8s_patch.h"

/* STRATEGIC: of a Pod's spec, STRATEGIC_POD: of a Pod. */
enum way { MERGE, STRATEGIC, STRATEGIC_POD, JSON };

/* Checks that patch makes wanted out of target; wanted NULL: it is refused with this HTTP status.
 */
static void check(enum way way, const char *target_text, const char *patch_text, const char *wanted,
                  int status)
{
    json_t *target = json_loads(target_text, 0, NULL);
    json_t *before = json_deep_copy(target);
    json_t *patch = json_loads(patch_text, JSON_DECODE_ANY, NULL);
    cr_assert_not_null(target);
    cr_assert_not_null(patch, "%s", patch_text);
    struct tg_err err = TG_ERR_INIT;
    json_t *result = way == MERGE ? sim_patch_merge(target, patch)
                     : way != JSON
                         ? sim_patch_strategic(
                               sim_schema_message(way == STRATEGIC ? "core.PodSpec" : "core.Pod"),
                               target, patch, &err)
                         : sim_patch_json(target, patch, &err);
    cr_assert(json_equal(target, before), "the target was changed");
    if (wanted == NULL) {
        cr_assert_null(result);
        cr_assert_eq(err.detail, status, "%d %s", err.detail, err.msg);
    } else {
        json_t *want = json_loads(wanted, 0, NULL);
        char *text = json_dumps(result, JSON_COMPACT);
        cr_assert_not_null(want);
        cr_assert(json_equal(result, want), "%s instead of %s", text, wanted);
        free(text);
        json_decref(want);
    }
    json_decref(result);
    json_decref(target);
    json_decref(before);
    json_decref(patch);
}

Test(patch, merge)
{
    check(MERGE, "{\"a\":1,\"b\":{\"c\":2,\"d\":3},\"l\":[1,2]}",
          "{\"a\":null,\"b\":{\"c\":4},\"l\":[3],\"n\":{\"x\":null,\"y\":1}}",
          "{\"b\":{\"c\":4,\"d\":3},\"l\":[3],\"n\":{\"y\":1}}", 0);
}

Test(patch, strategic_merges_lists_by_key)
{
    check(STRATEGIC,
          "{\"containers\":[{\"name\":\"a\",\"image\":\"1\",\"env\":[{\"name\":\"X\",\"value\":"
          "\"1\"}]},{\"name\":\"b\",\"image\":\"1\"}]}",
          "{\"containers\":[{\"name\":\"a\",\"image\":\"2\",\"env\":[{\"name\":\"Y\",\"value\":"
          "\"2\"}]}]}",
          "{\"containers\":[{\"name\":\"a\",\"image\":\"2\",\"env\":[{\"name\":\"Y\",\"value\":"
          "\"2\"},{\"name\":\"X\",\"value\":\"1\"}]},{\"name\":\"b\",\"image\":\"1\"}]}",
          0);
    check(STRATEGIC,
          "{\"containers\":[{\"name\":\"c\",\"ports\":[{\"containerPort\":80,\"name\":\"x\"}]}]}",
          "{\"containers\":[{\"name\":\"c\",\"ports\":[{\"containerPort\":80,\"name\":\"y\"},{"
          "\"containerPort\":81}]}]}",
          "{\"containers\":[{\"name\":\"c\",\"ports\":[{\"containerPort\":80,\"name\":\"y\"},{"
          "\"containerPort\":81}]}]}",
          0);
    check(STRATEGIC, "{\"conditions\":[{\"type\":\"Ready\",\"status\":\"False\"}]}",
          "{\"conditions\":[{\"type\":\"Ready\",\"status\":\"True\"}]}",
          "{\"conditions\":[{\"type\":\"Ready\",\"status\":\"True\"}]}", 0);
    check(STRATEGIC, "{\"args\":[\"a\",\"b\"]}", "{\"args\":[\"c\"]}", "{\"args\":[\"c\"]}", 0);
}

Test(patch, strategic_directives)
{
    check(STRATEGIC, "{\"volumes\":[{\"name\":\"a\"},{\"name\":\"b\"}]}",
          "{\"volumes\":[{\"name\":\"a\",\"$patch\":\"delete\"}]}",
          "{\"volumes\":[{\"name\":\"b\"}]}", 0);
    check(STRATEGIC, "{\"volumes\":[{\"name\":\"a\"},{\"name\":\"b\"}]}",
          "{\"volumes\":[{\"$patch\":\"replace\"},{\"name\":\"c\"}]}",
          "{\"volumes\":[{\"name\":\"c\"}]}", 0);
    check(STRATEGIC, "{\"imagePullSecrets\":[{\"name\":\"a\"},{\"name\":\"b\"}]}",
          "{\"$setElementOrder/"
          "imagePullSecrets\":[{\"name\":\"c\"},{\"name\":\"b\"},{\"name\":\"a\"}],"
          "\"imagePullSecrets\":[{\"name\":\"c\"}]}",
          "{\"imagePullSecrets\":[{\"name\":\"c\"},{\"name\":\"b\"},{\"name\":\"a\"}]}", 0);
    check(STRATEGIC, "{\"strategy\":{\"type\":\"RollingUpdate\",\"rollingUpdate\":{\"x\":1}}}",
          "{\"strategy\":{\"$retainKeys\":[\"type\"],\"type\":\"Recreate\"}}",
          "{\"strategy\":{\"type\":\"Recreate\"}}", 0);
    check(STRATEGIC_POD, "{\"metadata\":{\"finalizers\":[\"a\",\"b\"]}}",
          "{\"metadata\":{\"$deleteFromPrimitiveList/finalizers\":[\"a\"],\"finalizers\":[\"c\"]}}",
          "{\"metadata\":{\"finalizers\":[\"c\",\"b\"]}}", 0);
    check(STRATEGIC, "{\"spec\":{\"a\":1}}", "{\"spec\":{\"$patch\":\"replace\",\"b\":2}}",
          "{\"spec\":{\"b\":2}}", 0);
}

Test(patch, strategic_order_is_that_of_the_patch)
{
    check(STRATEGIC, "{\"containers\":[{\"name\":\"a\"},{\"name\":\"b\"}]}",
          "{\"containers\":[{\"name\":\"c\"}]}",
          "{\"containers\":[{\"name\":\"c\"},{\"name\":\"a\"},{\"name\":\"b\"}]}", 0);
    check(STRATEGIC, "{\"containers\":[{\"name\":\"a\"},{\"name\":\"b\"},{\"name\":\"c\"}]}",
          "{\"$setElementOrder/containers\":[{\"name\":\"c\"},{\"name\":\"b\"}]}",
          "{\"containers\":[{\"name\":\"a\"},{\"name\":\"c\"},{\"name\":\"b\"}]}", 0);
}

Test(patch, strategic_needs_keys)
{
    check(STRATEGIC, "{\"containers\":[]}", "{\"containers\":[{\"image\":\"x\"}]}", NULL, 500);
    check(STRATEGIC, "{}", "[1]", NULL, 400);
}

Test(patch, json_replaces_only_what_is_there)
{
    check(JSON, "{\"a\":[]}", "[{\"op\":\"replace\",\"path\":\"/a/0\",\"value\":1}]", NULL, 422);
    check(JSON, "{\"a\":[1]}", "[{\"op\":\"replace\",\"path\":\"/a/1\",\"value\":1}]", NULL, 422);
    check(JSON, "{\"a\":[1]}", "[{\"op\":\"add\",\"path\":\"/a/2\",\"value\":1}]", NULL, 422);
}

Test(patch, json)
{
    check(JSON, "{\"a\":{\"b\":[1,2,3]},\"x/y\":1}",
          "[{\"op\":\"test\",\"path\":\"/a/b/0\",\"value\":1},"
          "{\"op\":\"remove\",\"path\":\"/a/b/1\"},"
          "{\"op\":\"add\",\"path\":\"/a/b/-\",\"value\":9},"
          "{\"op\":\"replace\",\"path\":\"/x~1y\",\"value\":2},"
          "{\"op\":\"copy\",\"from\":\"/a/b/0\",\"path\":\"/c\"},"
          "{\"op\":\"move\",\"from\":\"/c\",\"path\":\"/d\"}]",
          "{\"a\":{\"b\":[1,3,9]},\"x/y\":2,\"d\":1}", 0);
    check(JSON, "{\"a\":1}", "[{\"op\":\"test\",\"path\":\"/a\",\"value\":2}]", NULL, 422);
    check(JSON, "{\"a\":1}", "[{\"op\":\"replace\",\"path\":\"/b\",\"value\":2}]", NULL, 422);
    check(JSON, "{\"a\":1}", "[{\"op\":\"remove\",\"path\":\"/b/c\"}]", NULL, 422);
    check(JSON, "{\"a\":1}", "{\"op\":\"test\"}", NULL, 400);
}
