/* tests/unit/sim/test_selector.c - label and field selectors. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <criterion/criterion.h>

#include "sim/selector.h"

static bool matches(const char *text, const char *labels)
{
    struct sim_selector selector;
    struct tg_err err = TG_ERR_INIT;
    cr_assert(sim_selector_parse_labels(&selector, text, &err), "%s", err.msg);
    json_t *object = json_pack("{s:{s:o}}", "metadata", "labels", json_loads(labels, 0, NULL));
    bool is_match = sim_selector_matches_labels(&selector, object);
    json_decref(object);
    sim_selector_fini(&selector);
    return is_match;
}

Test(selector, labels)
{
    const char *labels = "{\"a\":\"b\",\"tier\":\"web\",\"n\":\"5\"}";
    cr_assert(matches("", labels));
    cr_assert(matches("a=b", labels));
    cr_assert(matches("a==b, tier = web", labels));
    cr_assert_not(matches("a=c", labels));
    cr_assert(matches("a!=c", labels));
    cr_assert(matches("missing!=c", labels), "an absent label is different from any value");
    cr_assert(matches("tier in (db, web)", labels));
    cr_assert_not(matches("tier notin (db,web)", labels));
    cr_assert(matches("missing notin (x)", labels));
    cr_assert(matches("tier", labels));
    cr_assert(matches("!missing,tier", labels));
    cr_assert_not(matches("!tier", labels));
    cr_assert(matches("n>4", labels));
    cr_assert_not(matches("n<5", labels));
}

Test(selector, labels_that_are_not_a_selector)
{
    static const char *const bad[] = {"a in b", "a in (b", "=b", "a,", ",a", "a b", "a in (b))"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct sim_selector selector;
        struct tg_err err = TG_ERR_INIT;
        cr_assert_not(sim_selector_parse_labels(&selector, bad[i], &err), "%s", bad[i]);
        cr_assert_eq(err.detail, 400);
        cr_assert_eq(selector.count, 0);
    }
}

Test(selector, fields)
{
    const struct sim_resource *pods = sim_resource_by_plural("pods");
    struct sim_selector selector;
    struct tg_err err = TG_ERR_INIT;
    json_t *pod =
        json_pack("{s:{s:s}, s:{s:s}}", "metadata", "name", "p", "status", "phase", "Running");
    cr_assert(sim_selector_parse_fields(
        &selector, "metadata.name=p,status.phase!=Pending,spec.nodeName=", pods, &err));
    cr_assert(sim_selector_matches_fields(&selector, pod));
    sim_selector_fini(&selector);
    cr_assert(sim_selector_parse_fields(&selector, "metadata.name==q", pods, &err));
    cr_assert_not(sim_selector_matches_fields(&selector, pod));
    sim_selector_fini(&selector);
    json_decref(pod);
}

Test(selector, fields_of_a_kind_are_known)
{
    struct sim_selector selector;
    struct tg_err err = TG_ERR_INIT;
    cr_assert_not(sim_selector_parse_fields(&selector, "status.phase=x",
                                            sim_resource_by_plural("gateways"), &err));
    cr_assert_str_eq(err.msg, "field label not supported: status.phase");
    cr_assert(sim_selector_parse_fields(&selector, "involvedObject.uid=x,type=Warning",
                                        sim_resource_by_plural("events"), &err));
    sim_selector_fini(&selector);
}

Test(selector, text_of_a_label_selector)
{
    json_t *value =
        json_loads("{\"matchLabels\":{\"a\":\"b\"},\"matchExpressions\":[{\"key\":\"c\","
                   "\"operator\":\"In\",\"values\":[\"x\",\"y\"]},{\"key\":\"d\","
                   "\"operator\":\"Exists\"}]}",
                   0, NULL);
    char *text = sim_selector_text_of_json(value);
    cr_assert_str_eq(text, "a=b,c in (x,y),d");
    free(text);
    json_decref(value);
}
