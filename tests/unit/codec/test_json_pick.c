/* tests/unit/codec/test_json_pick.c - JSON text without what nobody reads. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "codec/json_pick.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "quoted.h"

static const struct tg_json_wanted leaf[] = {{"name", 4, NULL}, {"uid", 3, NULL}, {"", 0, NULL}};
static const struct tg_json_wanted nothing[] = {{"", 0, NULL}};
static const struct tg_json_wanted wanted[] = {
    {"kind", 4, NULL},     {"metadata", 8, leaf}, {"items", 5, leaf},
    {"empty", 5, nothing}, {"spec", 4, NULL},     {"", 0, NULL},
};

/* What is picked of text, with apostrophes for quotation marks; NULL when it is refused. */
static char *left_of(const char *text, size_t len, int depth_max)
{
    char *json = quoted(text);
    char *room = tg_malloc(len); /* exactly as much as promised */
    memcpy(room, json, len);
    json_t *value = tg_json_pick(room, len, wanted, depth_max);
    free(room);
    free(json);
    char *left = value != NULL ? json_dumps(value, JSON_COMPACT) : NULL;
    json_decref(value);
    for (char *at = left; at != NULL && *at != '\0'; at++) {
        *at = *at == '"' ? '\'' : *at;
    }
    return left;
}

static void check(const char *text, const char *expected)
{
    char *left = left_of(text, strlen(text), 64);
    if (expected == NULL) {
        cr_assert_null(left, "%s was not refused", text);
    } else {
        cr_assert_not_null(left, "%s was refused", text);
        cr_assert_str_eq(left, expected);
    }
    free(left);
}

Test(json_pick, unwanted_members_go_and_wanted_stay)
{
    check("{'apiVersion':'v1','kind':'Pod','metadata':{'name':'a','labels':{'x':'y'},'uid':'u'}}",
          "{'kind':'Pod','metadata':{'name':'a','uid':'u'}}");
    check("{'kind':'Pod','apiVersion':'v1'}", "{'kind':'Pod'}");
    check("{'a':1,'b':2}", "{}");
    check("{}", "{}");
}

Test(json_pick, a_member_wanted_whole_keeps_all_that_is_below)
{
    check("{'spec':{'x':[1,{'y':[true,null,-1.5e3]}],'z':{}},'w':1}",
          "{'spec':{'x':[1,{'y':[true,null,-1500.0]}],'z':{}}}");
}

Test(json_pick, arrays_are_transparent)
{
    check("{'items':[{'name':'a','x':1},{'x':2},[{'y':3,'uid':'u'}],4,'five',null,[]]}",
          "{'items':[{'name':'a'},{},[{'uid':'u'}],4,'five',null,[]]}");
}

Test(json_pick, a_member_of_which_nothing_is_wanted_is_still_there)
{
    check("{'empty':{'startedAt':'now','x':{}}}", "{'empty':{}}");
}

Test(json_pick, a_table_meets_other_types_as_they_are)
{
    check("{'metadata':'Failure','items':null,'empty':7}",
          "{'metadata':'Failure','items':null,'empty':7}");
}

Test(json_pick, dropped_texts_may_hold_brackets_commas_and_escapes)
{
    check("{'x':'}],{[','kind':'Pod'}", "{'kind':'Pod'}");
    check("{'x':'\\'}','kind':'Pod'}", "{'kind':'Pod'}");
    check("{'x':'\\\\','kind':'Pod'}", "{'kind':'Pod'}");
    check("{'x':{'f:a':{'\\'}{':[{},'}']}},'kind':'Pod'}", "{'kind':'Pod'}");
    check("{'x':[1,'],',[2]],'kind':'\\\\\\''}", "{'kind':'\\\\\\''}");
}

Test(json_pick, a_name_with_escapes_may_be_any_name_and_stays)
{
    check("{'k\\u0069nd':'Pod','x':1}", "{'kind':'Pod'}");
    check("{'metadata':{'n\\u0061me':{'x':1},'y':1}}", "{'metadata':{'name':{'x':1}}}");
}

Test(json_pick, names_are_matched_whole)
{
    check("{'kin':1,'kinds':2,'':3,'Kind':4,'kind':5}", "{'kind':5}");
}

Test(json_pick, blanks_do_not_matter)
{
    check(" \n{ 'a' : 1 ,\t'kind' :\r\n 'Pod' , 'metadata' : { 'x' : [ ] , 'name' : 'a b' } } \n",
          "{'kind':'Pod','metadata':{'name':'a b'}}");
    check("{ 'items' : [ { 'x' : 1 } , { 'uid' : '' } ] }", "{'items':[{},{'uid':''}]}");
}

Test(json_pick, of_duplicates_the_last_wins)
{
    check("{'kind':'a','x':1,'kind':'b'}", "{'kind':'b'}");
}

/* Text that is not plain is jansson's to judge, wherever it stands. */
Test(json_pick, picks_what_the_parser_reads_and_refuses_what_it_refuses)
{
    const char *texts[] = {
        "{'kind':'\\u00e9\\n\\ud83d\\ude00'}",
        "{'kind':'\xe8\x87\xba\xe7\x81\xa3'}",
        "{'\xe8\x87\xba':['\\u81fa']}",
        "{'kind':'\xff'}",
        "{'kind':'\xc3'}",
        "{'kind':'\x01'}",
        "{'kind':'a\nb'}",
        "{'kind':'\\x'}",
        "{'kind':'\\ud83d'}",
        "{'kind':'a\\u0000b'}",
        "{'a\\u0000b':1}",
        "{'\\q':1}",
        "{'\x01':1}",
        "{'':{'':[]}}",
        "{'kind':-0}",
        "{'kind':01}",
        "{'kind':1.}",
        "{'kind':+1}",
        "{'kind':1e400}",
        "{'kind':9223372036854775807}",
        "{'kind':9223372036854775808}",
        "{'kind':nul}",
        "{'kind':nulls}",
        "{'kind':true false}",
        "{'kind':NaN}",
        "[1,2.5e-3,'x',[],{}]",
        "[1 2]",
        "[1,]",
        "{'kind':\x7f}",
        "{'kind':'\x7f'}",
        "'kind'",
        "7",
        "",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        char *json = quoted(texts[i]);
        json_t *read = json_loadb(json, strlen(json), JSON_ALLOW_NUL, NULL);
        json_t *picked = tg_json_pick(json, strlen(json), NULL, 64);
        cr_assert_eq(read == NULL, picked == NULL, "%s", json);
        cr_assert(read == NULL || json_equal(read, picked), "%s", json);
        json_decref(read);
        json_decref(picked);
        free(json);
    }
}

Test(json_pick, truncated_text_is_refused_wherever_it_ends)
{
    const char *text = "{'x':{'y':['\\'a']},'kind':'Pod','metadata':{'name':'a','z':1},"
                       "'items':[{'uid':'u'},{'w':2}]}";
    size_t len = strlen(text);
    for (size_t cut = 1; cut < len; cut++) {
        cr_assert_null(left_of(text, cut, 64), "the first %zu bytes were taken", cut);
    }
    char *left = left_of(text, len, 64);
    cr_assert_str_eq(left, "{'kind':'Pod','metadata':{'name':'a'},'items':[{'uid':'u'},{}]}");
    free(left);
}

Test(json_pick, malformed_text_is_refused)
{
    check("{'kind' 'Pod'}", NULL);
    check("{'kind':}", NULL);
    check("{'kind':'Pod',}", NULL);
    check("{'kind':'Pod'", NULL);
    check("{'kind':'Pod']", NULL);
    check("{kind:'Pod'}", NULL);
    check("{'kind':'Pod'}}", NULL);
    check("{'kind':'Pod'} x", NULL);
    check("{'items':[,]}", NULL);
    check("{'items':[{}", NULL);
    check(" ", NULL);
}

Test(json_pick, depth_max_counts_every_bracket)
{
    const char *walked = "{'items':[[{'name':1}]]}";
    const char *copied = "{'spec':[[{}]]}";
    const char *dropped = "{'x':[[{}]]}";
    const char *all[] = {walked, copied, dropped};
    const char *expected[] = {walked, copied, "{}"};
    for (size_t i = 0; i < 3; i++) {
        cr_assert_null(left_of(all[i], strlen(all[i]), 3), "%s", all[i]);
        char *left = left_of(all[i], strlen(all[i]), 4);
        cr_assert_not_null(left, "%s", all[i]);
        cr_assert_str_eq(left, expected[i]);
        free(left);
    }
}
