/* tests/unit/codec/test_json_match.c - what is no difference, and what is one. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "codec/json_match.h"
#include "tests/unit/codec/quoted.h"

static json_t *document(const char *text)
{
    struct tg_err err = TG_ERR_INIT;
    char *json = quoted(text);
    json_t *draft = tg_json_draft(json, &err);
    cr_assert_not_null(draft, "%s: %s", text, err.msg);
    free(json);
    return draft;
}

static void expect_same(const char *wanted, const char *found)
{
    struct tg_json_difference difference = {0};
    json_t *a = document(wanted);
    json_t *b = document(found);
    cr_expect(tg_json_match(a, b, &difference), "%s is not %s: %s", wanted, found, difference.text);
    json_decref(a);
    json_decref(b);
}

static void expect_different(const char *wanted, const char *found, const char *member,
                             const char *text)
{
    struct tg_json_difference difference = {0};
    json_t *a = document(wanted);
    json_t *b = document(found);
    cr_expect_not(tg_json_match(a, b, &difference), "%s is not %s", wanted, found);
    cr_expect_str_eq(difference.member, member);
    cr_expect_str_eq(difference.text, text);
    cr_expect_not(tg_json_match(a, b, NULL));
    json_decref(a);
    json_decref(b);
}

Test(json_match, members_that_nobody_wanted_are_no_difference)
{
    expect_same("{}", "{'a':1}");
    expect_same("{'a':{'b':1}}", "{'a':{'b':1,'c':2},'d':3}");
}

/* 64-bit numbers travel as text, and zero values not at all. */
Test(json_match, numbers_and_zeroes_have_many_forms)
{
    expect_same("{'mtu':8896}", "{'mtu':'8896'}");
    expect_same("{'mtu':'8896'}", "{'mtu':8896}");
    expect_same("{'on':false,'n':0,'t':'','l':[],'o':{'deep':false},'x':null}", "{}");
    expect_same("{}", "{'on':false}");
    expect_different("{'on':true}", "{}", "on", "on is not set, wanted true");
    expect_different("{'on':false}", "{'on':true}", "on", "on is true, wanted false");
    expect_different("{'mtu':8896}", "{'mtu':'jumbo'}", "mtu", "mtu is \"jumbo\", wanted 8896");
    expect_different("{'l':[]}", "{'l':['a']}", "l", "l is [\"a\"], wanted []");
}

Test(json_match, resources_have_many_names)
{
    expect_same("{'n':'projects/p/global/networks/v'}",
                "{'n':'https://www.googleapis.com/compute/v1/projects/p/global/networks/v'}");
    expect_same("{'n':'projects/p/global/networks/v'}", "{'n':'v'}");
    expect_same("{'n':'projects/p/locations/global/memberships/m'}",
                "{'n':'projects/4711/locations/global/memberships/m'}");
    expect_different("{'n':'projects/p/global/networks/v'}",
                     "{'n':'https://x/projects/q/global/networks/v'}", "n",
                     "n is \"https://x/projects/q/global/networks/v\", wanted "
                     "\"projects/p/global/networks/v\"");
    expect_different("{'n':'projects/p/global/networks/v'}", "{'n':'w'}", "n",
                     "n is \"w\", wanted \"projects/p/global/networks/v\"");
    expect_different("{'n':'v'}", "{'n':'projects/p/global/networks/v'}", "n",
                     "n is \"projects/p/global/networks/v\", wanted \"v\"");
}

Test(json_match, lists_are_sets)
{
    expect_same("{'r':['b','a']}", "{'r':['a','b']}");
    expect_same("{'a':[{'p':'tcp','ports':['1','2']}]}",
                "{'a':[{'ports':['2','1'],'p':'tcp','extra':1}]}");
    expect_different("{'r':['a']}", "{'r':['a','b']}", "r", "r is [\"a\",\"b\"], wanted [\"a\"]");
    expect_different("{'a':[{'p':'tcp'}]}", "{'a':[{'p':'tcp'},{'p':'all'}]}", "a",
                     "a is [{\"p\":\"tcp\"},{\"p\":\"all\"}], wanted [{\"p\":\"tcp\"}]");
    expect_different("{'s':{'r':['a']}}", "{'s':{'r':'a'}}", "s.r", "s.r is \"a\", wanted [\"a\"]");
}

/* A message has room for so much; what is cut says so. */
Test(json_match, long_values_are_cut)
{
    struct tg_json_difference difference;
    json_t *wanted = document("{'t':'x'}");
    char long_text[4096];
    memset(long_text, 'a', sizeof(long_text) - 1);
    long_text[sizeof(long_text) - 1] = '\0';
    json_t *found = json_pack("{s:s}", "t", long_text);
    cr_assert_not(tg_json_match(wanted, found, &difference));
    cr_assert_not_null(strstr(difference.text, "aaa..., wanted \"x\""));
    json_decref(wanted);
    json_decref(found);
}

Test(json_match, what_is_made_joins_both_bodies)
{
    json_t *into = document("{'a':{'b':1,'c':2},'l':[1]}");
    json_t *from = document("{'a':{'c':3},'l':[2],'n':'x'}");
    tg_json_merge(into, from);
    char *text = tg_json_dump(into);
    cr_assert_str_eq(text, "{\"a\":{\"b\":1,\"c\":3},\"l\":[2],\"n\":\"x\"}");
    free(text);
    json_decref(from);
    struct tg_err err = TG_ERR_INIT;
    cr_assert_null(tg_json_draft("[1]", &err));
    cr_assert_eq(err.code, TG_CODE_INVALID);
}
