/* tests/unit/sim/test_share.c - equal values kept once, and values as text. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "sim/json_write.h"
#include "sim/share.h"
#include "tests/unit/sim/world_rig.h"

static json_t *parsed(const char *text)
{
    json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);
    cr_assert_not_null(value, "%s", text);
    return value;
}

Test(share, equal_values_become_one)
{
    struct sim_share *share = sim_share_new();
    json_t *a = parsed("{\"spec\":{\"image\":\"busybox\",\"ports\":[1,2.5,true,null]},\"n\":1}");
    json_t *b = parsed("{\"spec\":{\"image\":\"busybox\",\"ports\":[1,2.5,true,null]},\"n\":2}");
    json_t *shared_a = sim_share_value(share, a);
    json_t *shared_b = sim_share_value(share, b);
    cr_assert(json_equal(shared_a, a));
    cr_assert(json_equal(shared_b, b), "what differs stays apart");
    cr_assert_eq(json_object_get(shared_a, "spec"), json_object_get(shared_b, "spec"));
    cr_assert_neq(json_object_get(a, "spec"), json_object_get(b, "spec"),
                  "nobody's value is changed");
    json_decref(a);
    json_decref(b);
    json_decref(shared_a);
    json_decref(shared_b);
    sim_share_free(share);
}

Test(share, order_of_members_is_kept_apart)
{
    struct sim_share *share = sim_share_new();
    json_t *a = parsed("{\"x\":1,\"y\":2}");
    json_t *b = parsed("{\"y\":2,\"x\":1}");
    json_t *shared_a = sim_share_value(share, a);
    json_t *shared_b = sim_share_value(share, b);
    cr_assert_neq(shared_a, shared_b, "their texts differ");
    json_decref(a);
    json_decref(b);
    json_decref(shared_a);
    json_decref(shared_b);
    sim_share_free(share);
}

Test(share, what_nobody_has_is_let_go)
{
    struct sim_share *share = sim_share_new();
    for (int i = 0; i < 100000; i++) {
        json_t *value = json_pack("{s:i,s:[s]}", "number", i, "list", "same");
        json_decref(sim_share_value(share, value));
        json_decref(value);
    }
    cr_assert_lt(sim_share_count(share), 5000u, "%zu values are kept for nobody",
                 sim_share_count(share));
    sim_share_free(share);
}

Test(share, pods_of_one_shape_have_their_values_in_common)
{
    struct sim_world *world = rig_world(1, 1, false);
    struct sim_store *store = sim_region_store(sim_world_region(world, 0));
    const struct sim_resource *pods = sim_resource_find("", "v1", "pods");
    struct tg_err err = TG_ERR_INIT;
    json_t *made[2];
    for (int i = 0; i < 2; i++) {
        json_t *pod = parsed("{\"metadata\":{\"labels\":{\"app\":\"a\"}},\"spec\":{\"containers\":"
                             "[{\"name\":\"c\",\"image\":\"busybox\"}]}}");
        json_object_set_new(json_object_get(pod, "metadata"), "name",
                            json_string(i == 0 ? "one" : "two"));
        made[i] = sim_store_create(store, pods, pod, &err);
        cr_assert_not_null(made[i], "%s", err.msg);
    }
    cr_assert_eq(json_object_get(made[0], "spec"), json_object_get(made[1], "spec"));
    cr_assert_eq(sim_json_at(made[0], "metadata.labels"), sim_json_at(made[1], "metadata.labels"));
    json_t *status = parsed("{\"phase\":\"Running\"}");
    json_t *next = sim_store_set_status(store, pods, "default", "one", status, &err);
    cr_assert_eq(json_object_get(next, "spec"), json_object_get(made[1], "spec"),
                 "and keep them when something else changes");
    sim_world_free(world);
}

/* ---- text ---- */

static void check_text(const char *text)
{
    json_t *value = parsed(text);
    char *expected = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    struct tg_buf out;
    tg_buf_init(&out, 4096);
    sim_json_write(&out, value);
    cr_expect_str_eq(tg_buf_text(&out), expected);
    tg_buf_fini(&out);
    free(expected);
    json_decref(value);
}

Test(json_write, writes_what_jansson_writes)
{
    static const char *const texts[] = {
        "{}",
        "[]",
        "[[],{}]",
        "{\"a\":{\"b\":[1,-2,0,9223372036854775807,-9223372036854775808]},\"c\":null}",
        "[true,false,1.0,0.1,-1e300,1.5e-7,123456789.123]",
        "\"plain\"",
        "[\"quote \\\" slash / back \\\\ \\b\\f\\n\\r\\t\\u0001\\u001f\\u007f\"]",
        "{\"key\\n\":\"\"}",
        "[\"\\u6f6e\\u9580 \\ud83c\\udf0a\"]",
    };
    for (size_t i = 0; i < TG_COUNT(texts); i++) {
        check_text(texts[i]);
    }
    json_t *zero = json_stringn("a\0b", 3);
    struct tg_buf out;
    tg_buf_init(&out, 64);
    sim_json_write(&out, zero);
    cr_assert_str_eq(tg_buf_text(&out), "\"a\\u0000b\"");
    tg_buf_reset(&out);
    json_t *object = json_pack("{s:s,s:s,s:i}", "kind", "Pod", "apiVersion", "v1", "n", 1);
    sim_json_write_without(&out, object, "kind", "apiVersion");
    cr_assert_str_eq(tg_buf_text(&out), "{\"n\":1}");
    tg_buf_fini(&out);
    json_decref(object);
    json_decref(zero);
}
