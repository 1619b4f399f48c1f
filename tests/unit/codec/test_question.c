/* tests/unit/codec/test_question.c - answers as Google and the hub give them, as facts. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "codec/question.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/codec/quoted.h"

static struct tg_facts facts;
static struct tg_err err;

static bool read_answer(enum tg_question question, int status, const char *body)
{
    char *text = quoted(body);
    tg_facts_fini(&facts);
    err = (struct tg_err)TG_ERR_INIT;
    bool is_ok = tg_question_read(question, status, text, strlen(text), &facts, &err);
    free(text);
    return is_ok;
}

static void expect(size_t i, const char *name, const char *text, int64_t number)
{
    cr_assert_lt(i, facts.count);
    cr_assert_str_eq(facts.items[i].name, name);
    cr_assert_str_eq(facts.items[i].text, text);
    cr_assert_eq(facts.items[i].number, number);
}

Test(question, permissions_that_are_held)
{
    cr_assert(read_answer(TG_QUESTION_PERMISSIONS, 200, "{'permissions':['a.b.get','c.d.list']}"));
    expect(0, "a.b.get", "", 1);
    cr_assert_eq(facts.count, 2);
    cr_assert(read_answer(TG_QUESTION_PERMISSIONS, 200, "{}"), "none at all");
    cr_assert_eq(facts.count, 0);
}

Test(question, quota_in_both_of_its_forms)
{
    cr_assert(read_answer(TG_QUESTION_QUOTA, 200,
                          "{'consumerQuotaLimits':[{'quotaBuckets':[{'effectiveLimit':'0'},"
                          "{'effectiveLimit':'-1','dimensions':{'region':'us-east5','tpu_family':"
                          "'CT6E'}}]}]}"));
    expect(0, "", "", 0);
    expect(1, "us-east5", "CT6E", -1);
    cr_assert(read_answer(TG_QUESTION_QUOTA_INFO, 200,
                          "{'dimensionsInfos':[{'dimensions':{'region':'us-east5','tpu_family':"
                          "'CT6E'},'details':{'value':'4'}}]}"));
    expect(0, "us-east5", "CT6E", 4);
}

Test(question, what_is_left_of_a_regions_quota)
{
    cr_assert(read_answer(TG_QUESTION_REGION, 200,
                          "{'quotas':[{'metric':'CPUS','limit':72.0,'usage':16.0},{'metric':"
                          "'DISKS','limit':1,'usage':0}]}"));
    expect(0, "CPUS", "", 56);
    expect(1, "DISKS", "", 1);
}

Test(question, who_has_which_role)
{
    cr_assert(read_answer(TG_QUESTION_POLICY, 200,
                          "{'bindings':[{'role':'roles/owner','members':['user:a','user:b']}]}"));
    expect(1, "user:b", "roles/owner", 1);
}

Test(question, health_checks_as_they_are_in_force)
{
    cr_assert(read_answer(TG_QUESTION_HEALTH_CHECKS, 200,
                          "{'items':[{'name':'h','checkIntervalSec':15,'timeoutSec':15,"
                          "'healthyThreshold':1,'unhealthyThreshold':2,'httpHealthCheck':"
                          "{'requestPath':'/','port':8000}},{'name':'tcp','tcpHealthCheck':{}}]}"));
    expect(0, "h", "/:8000 every 15 s, timeout 15 s, 1 up, 2 down", 0);
    cr_assert_eq(facts.count, 1, "what asks no path is none of ours");
}

Test(question, the_hub_refuses_in_its_own_words)
{
    cr_assert(read_answer(TG_QUESTION_HUB_IDENTITY, 200,
                          "{'name':'me','auth':{'accessToken':{'role':'read'}}}"));
    expect(0, "name", "me", 0);
    expect(1, "role", "read", 0);
    cr_assert_not(read_answer(TG_QUESTION_HUB_IDENTITY, 401, "{'error':'Invalid credentials'}"));
    cr_assert_eq(err.code, TG_CODE_UNAUTHORIZED);
    cr_assert_str_eq(err.msg, "Invalid credentials");
    cr_assert_not(read_answer(TG_QUESTION_HUB_REPOSITORY, 403, ""));
    cr_assert_eq(err.code, TG_CODE_FORBIDDEN);
    cr_assert(read_answer(TG_QUESTION_HUB_REPOSITORY, 302, ""), "where the file is, is enough");
}

Test(question, what_is_no_json_is_no_answer)
{
    cr_assert_not(read_answer(TG_QUESTION_BILLING, 200, "<html>"));
    cr_assert_eq(err.code, TG_CODE_PROTOCOL);
    cr_assert_not(read_answer(TG_QUESTION_BILLING, 403, "<html>"));
    cr_assert_eq(err.code, TG_CODE_FORBIDDEN);
}
