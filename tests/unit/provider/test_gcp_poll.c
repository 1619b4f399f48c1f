/* tests/unit/provider/test_gcp_poll.c - Google Cloud's collections, page by page, at their pace. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "provider/gcp_poll.h"
#include "tests/unit/provider/provider_rig.h"

static bool take_event(void *machine, const struct tg_transport_event *event, int64_t now_us)
{
    return tg_gcp_poll_event(machine, event, now_us);
}

static int64_t step(void *machine, int64_t now_us)
{
    return tg_gcp_poll_step(machine, now_us);
}

static struct provider_rig *open_poll(enum tg_kind kind)
{
    static char project[] = "demo-4711";
    static char url[] = "sim://gcp";
    struct provider_rig *rig = rig_new();
    rig->context.config.project = project;
    rig->context.config.endpoint.base_url = url;
    rig->machine = tg_gcp_poll_new(&rig->context, kind);
    rig->step = step;
    rig->event = take_event;
    rig_step(rig);
    return rig;
}

/* Each kind has its own moment within its interval, so that they take turns. */
static bool is_about(int64_t wait_us, int64_t interval_us)
{
    return wait_us >= interval_us / 2 && wait_us < interval_us * 3 / 2;
}

static void close_poll(struct provider_rig *rig)
{
    tg_gcp_poll_free(rig->machine);
    rig_close(rig);
}

Test(gcp_poll, pages_are_one_list_and_come_again)
{
    struct provider_rig *rig = open_poll(TG_KIND_GCP_NETWORK);
    cr_assert_str_eq(rig->path, "/compute/v1/projects/demo-4711/global/networks");
    rig_answer(rig, 200, "{'items':[{'id':'1','name':'a','mtu':8896}],'nextPageToken':'p/2'}");
    cr_assert_null(rig_newest(rig, TG_MSG_REPLACE));
    cr_assert_str_eq(rig->path, "/compute/v1/projects/demo-4711/global/networks?pageToken=p%2F2");
    rig_answer(rig, 200, "{'items':[{'id':'2','name':'b','mtu':1460}]}");
    const struct tg_msg *list = rig_newest(rig, TG_MSG_REPLACE);
    cr_assert_eq(list->as.replace.count, 2);
    cr_assert_eq(list->as.replace.items[0]->as.gcp.number, 8896);
    cr_assert_eq(rig_phase(rig), TG_KIND_PHASE_LIVE);
    cr_assert(is_about(rig_wait(rig), 15 * SECOND));
    cr_assert_str_eq(rig->path, "/compute/v1/projects/demo-4711/global/networks");
    close_poll(rig);
}

/* Health is asked for each network endpoint group of each service of the gateway. */
Test(gcp_poll, backends_are_asked_for_their_health)
{
    struct provider_rig *rig = open_poll(TG_KIND_GCP_BACKEND);
    rig_answer(rig, 200,
               "{'items':[{'name':'gkemcg1-default-gemma-pool-8000-x','backends':["
               "{'group':'https://c/projects/p/zones/us-east5-b/networkEndpointGroups/n1'},"
               "{'group':'https://c/projects/p/zones/europe-west4-a/networkEndpointGroups/n2'}]},"
               "{'name':'unrelated','backends':[{'group':'https://c/zones/z/g'}]}]}");
    cr_assert_str_eq(rig->method, "POST");
    cr_assert_str_eq(rig->path, "/compute/v1/projects/demo-4711/global/backendServices/"
                                "gkemcg1-default-gemma-pool-8000-x/getHealth");
    cr_assert_not_null(strstr(rig->body, "networkEndpointGroups/n1"));
    rig_answer(rig, 200,
               "{'healthStatus':[{'ipAddress':'10.0.0.1','port':8000,"
               "'healthState':'HEALTHY'}]}");
    cr_assert_not_null(strstr(rig->body, "networkEndpointGroups/n2"));
    rig_answer(rig, 200,
               "{'healthStatus':[{'ipAddress':'10.0.0.2','port':8000,"
               "'healthState':'UNHEALTHY'}]}");
    const struct tg_msg *list = rig_newest(rig, TG_MSG_REPLACE);
    cr_assert_eq(list->as.replace.count, 2);
    cr_assert_str_eq(list->as.replace.items[0]->as.gcp.location, "us-east5-b");
    cr_assert_str_eq(list->as.replace.items[1]->as.gcp.status, "UNHEALTHY");
    cr_assert(is_about(rig_wait(rig), 10 * SECOND), "health comes more often than the rest");
    close_poll(rig);
}

/* What has health changes with the Gateway only: it is asked for as seldom as other things are. */
Test(gcp_poll, backends_are_not_listed_each_time_their_health_is_asked_for)
{
    struct provider_rig *rig = open_poll(TG_KIND_GCP_BACKEND);
    const char *services = "{'items':[{'name':'gkemcg1-default-gemma-pool-8000-x','backends':["
                           "{'group':'https://c/zones/us-east5-b/networkEndpointGroups/n1'}]}]}";
    rig_answer(rig, 200, services);
    int listed = 0;
    for (int round = 0; round < 10; round++) {
        rig_answer(rig, 200,
                   "{'healthStatus':[{'ipAddress':'10.0.0.1','port':8000,"
                   "'healthState':'HEALTHY'}]}");
        cr_assert_eq(rig_newest(rig, TG_MSG_REPLACE)->as.replace.count, 1);
        cr_assert_lt(rig_wait(rig), 15 * SECOND);
        if (strcmp(rig->method, "GET") == 0) {
            listed++;
            rig_answer(rig, 200, services);
        }
    }
    cr_assert_geq(listed, 1, "a new service is found");
    cr_assert_leq(listed, 8);
    close_poll(rig);
}

Test(gcp_poll, refusals_keep_what_was_seen)
{
    struct provider_rig *rig = open_poll(TG_KIND_GCP_ADDRESS);
    rig_answer(rig, 403, "{'error':{'code':403,'message':'denied','status':'PERMISSION_DENIED'}}");
    cr_assert_eq(rig_phase(rig), TG_KIND_PHASE_DENIED);
    cr_assert_null(rig_newest(rig, TG_MSG_REPLACE));
    cr_assert_eq(rig_wait(rig), 60 * SECOND);
    rig_end(rig, TG_CODE_TIMEOUT);
    cr_assert_eq(rig_phase(rig), TG_KIND_PHASE_RETRYING);
    cr_assert_lt(rig_wait(rig), 10 * SECOND);
    rig_headers(rig, 429, 45 * SECOND);
    rig_end(rig, TG_CODE_NONE);
    cr_assert_geq(rig_wait(rig), 45 * SECOND);
    close_poll(rig);
}

/* A drill asks before it is due; a server that refuses is not pressed. */
Test(gcp_poll, a_hastened_round_is_due_at_once_unless_refused)
{
    struct provider_rig *rig = open_poll(TG_KIND_GCP_NETWORK);
    rig_answer(rig, 200, "{'items':[{'id':'1','name':'a'}]}");
    int asked = (int)rig->submitted;
    tg_gcp_poll_hasten(rig->machine);
    rig_step(rig);
    cr_assert_eq((int)rig->submitted, asked + 1);
    rig_headers(rig, 429, 45 * SECOND);
    rig_end(rig, TG_CODE_NONE);
    tg_gcp_poll_hasten(rig->machine);
    rig_step(rig);
    cr_assert_eq((int)rig->submitted, asked + 1);
    close_poll(rig);
}

/* What an API would hold is missing, not hidden, until the API is enabled; and then seen at once.
 */
Test(gcp_poll, an_api_that_is_not_enabled_holds_nothing)
{
    struct provider_rig *rig = open_poll(TG_KIND_GCP_NETWORK);
    rig_answer(rig, 403,
               "{'error':{'code':403,'message':'not enabled','status':'PERMISSION_DENIED','errors'"
               ":[{'reason':'accessNotConfigured'}]}}");
    cr_assert_eq(rig_phase(rig), TG_KIND_PHASE_ABSENT);
    int asked = (int)rig->submitted;
    tg_gcp_poll_hasten(rig->machine);
    rig_step(rig);
    cr_assert_eq((int)rig->submitted, asked + 1);
    rig_answer(rig, 200, "{'items':[{'id':'1','name':'a'}]}");
    cr_assert_eq(rig_phase(rig), TG_KIND_PHASE_LIVE);
    close_poll(rig);
}

Test(gcp_poll, half_a_round_is_not_shown)
{
    struct provider_rig *rig = open_poll(TG_KIND_GCP_NETWORK);
    rig_answer(rig, 200, "{'items':[{'id':'1','name':'a'}],'nextPageToken':'t'}");
    rig_end(rig, TG_CODE_BROKEN);
    cr_assert_null(rig_newest(rig, TG_MSG_REPLACE));
    rig_wait(rig);
    cr_assert_null(strstr(rig->path, "pageToken"), "from the first page again");
    close_poll(rig);
}

/* Without a stated endpoint each API is asked at its own host. */
Test(gcp_poll, hosts_of_google)
{
    static char project[] = "p";
    struct provider_rig *rig = rig_new();
    rig->context.config.project = project;
    rig->machine = tg_gcp_poll_new(&rig->context, TG_KIND_GCP_MEMBERSHIP);
    rig->step = step;
    rig->event = take_event;
    rig_step(rig);
    cr_assert_str_eq(rig->path,
                     "//gkehub.googleapis.com/v1/projects/p/locations/global/memberships");
    close_poll(rig);
}
