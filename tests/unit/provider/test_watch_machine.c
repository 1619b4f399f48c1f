/* tests/unit/provider/test_watch_machine.c - list and watch by the rules of the model notes C.1. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "provider/k8s_watch.h"
#include "tests/unit/provider/provider_rig.h"

static int64_t step(void *machine, int64_t now_us)
{
    return tg_k8s_watch_step(machine, now_us);
}

static bool take_event(void *machine, const struct tg_transport_event *event, int64_t now_us)
{
    return tg_k8s_watch_event(machine, event, now_us);
}

static struct provider_rig *rig_open(enum tg_kind kind)
{
    struct provider_rig *rig = rig_new();
    rig->machine = tg_k8s_watch_new(&rig->context, kind);
    rig->step = step;
    rig->event = take_event;
    rig_step(rig);
    return rig;
}

static void rig_end_of(struct provider_rig *rig)
{
    tg_k8s_watch_free(rig->machine);
    rig_close(rig);
}

#define LIST(version, items) \
    "{'kind':'PodList','metadata':{'resourceVersion':'" version "'},'items':[" items "]}"
#define POD(name, version) "{'metadata':{'name':'" name "','resourceVersion':'" version "'}}"
#define GONE \
    "{'kind':'Status','status':'Failure','reason':'Expired','message':'too old','code':410}"

/* Listed at version 100 with one Pod, and the watch has its headers. */
static struct provider_rig *rig_watching(void)
{
    struct provider_rig *rig = rig_open(TG_KIND_POD);
    rig_answer(rig, 200, LIST("100", POD("a", "90")));
    rig_headers(rig, 200, 0);
    rig_forget(rig);
    return rig;
}

Test(watch, lists_then_watches_from_there)
{
    struct provider_rig *rig = rig_open(TG_KIND_POD);
    cr_assert_str_eq(rig->path, "/api/v1/pods?limit=500");
    cr_assert_eq(rig_phase(rig), TG_KIND_PHASE_LISTING);
    rig_answer(rig, 200, LIST("100", POD("a", "90") "," POD("b", "91")));
    const struct tg_msg *list = rig_newest(rig, TG_MSG_REPLACE);
    cr_assert_eq(list->as.replace.count, 2);
    cr_assert_str_eq(list->as.replace.items[1]->name, "b");
    cr_assert_eq(rig_phase(rig), TG_KIND_PHASE_LIVE);
    cr_assert(strncmp(rig->path, "/api/v1/pods?watch=1&", 21) == 0, "%s", rig->path);
    cr_assert_not_null(strstr(rig->path, "resourceVersion=100&"));
    cr_assert_not_null(strstr(rig->path, "allowWatchBookmarks=true"));
    cr_assert_eq(rig->idle_us, 90 * SECOND, "half-open connections end by silence");
    rig_end_of(rig);
}

Test(watch, pages_are_one_list)
{
    struct provider_rig *rig = rig_open(TG_KIND_POD);
    rig_answer(
        rig, 200,
        "{'metadata':{'resourceVersion':'100','continue':'to/ken='},'items':[" POD("a", "1") "]}");
    cr_assert_null(rig_newest(rig, TG_MSG_REPLACE), "half a list shows nothing as gone");
    cr_assert_str_eq(rig->path, "/api/v1/pods?limit=500&continue=to%2Fken%3D");
    rig_answer(rig, 200, LIST("100", POD("b", "2")));
    cr_assert_eq(rig_newest(rig, TG_MSG_REPLACE)->as.replace.count, 2);
    rig_end_of(rig);
}

Test(watch, a_list_that_expires_between_pages_starts_over)
{
    struct provider_rig *rig = rig_open(TG_KIND_POD);
    rig_answer(rig, 200,
               "{'metadata':{'resourceVersion':'100','continue':'t'},'items':[" POD("a", "1") "]}");
    rig_answer(rig, 410, GONE);
    cr_assert_str_eq(rig->path, "/api/v1/pods?limit=500", "at once, from the first page");
    rig_answer(rig, 200, LIST("200", POD("b", "2")));
    cr_assert_eq(rig_newest(rig, TG_MSG_REPLACE)->as.replace.count, 1, "without the old page");
    rig_end_of(rig);
}

Test(watch, lines_become_messages_and_move_the_version)
{
    struct provider_rig *rig = rig_watching();
    rig_data(rig, "{'type':'ADDED','object':" POD("b", "101") "}\n{'type':'MODI");
    rig_data(rig, "FIED','object':" POD("b", "102") "}\n");
    cr_assert_eq(rig_newest(rig, TG_MSG_PUT)->as.obj->resource_version[2], '2');
    rig_data(rig, "{'type':'DELETED','object':" POD("b", "103") "}\n");
    cr_assert_str_eq(rig_newest(rig, TG_MSG_DELETE)->as.obj->name, "b");
    rig_data(rig, "{'type':'BOOKMARK','object':{'metadata':{'resourceVersion':'150'}}}\n");
    rig->now_us += 400 * SECOND;
    rig_end(rig, TG_CODE_NONE); /* the server's own time limit */
    cr_assert_not_null(strstr(rig->path, "resourceVersion=150&"), "%s", rig->path);
    cr_assert_eq(rig->submitted, 3, "no list in between");
    rig_end_of(rig);
}

Test(watch, a_broken_stream_goes_on_from_where_it_was)
{
    struct provider_rig *rig = rig_watching();
    rig_data(rig, "{'type':'ADDED','object':" POD("b", "101") "}\n");
    rig->now_us += 10 * SECOND;
    rig_end(rig, TG_CODE_BROKEN);
    cr_assert_eq(rig_phase(rig), TG_KIND_PHASE_RETRYING);
    int64_t waited_us = rig_wait(rig);
    cr_assert(waited_us >= 800000 && waited_us < 1600000, "%lld", (long long)waited_us);
    cr_assert_not_null(strstr(rig->path, "watch=1"));
    cr_assert_not_null(strstr(rig->path, "resourceVersion=101&"));
    rig_headers(rig, 200, 0);
    cr_assert_eq(rig_phase(rig), TG_KIND_PHASE_LIVE);
    rig_end_of(rig);
}

Test(watch, history_that_is_gone_is_listed_afresh_at_once)
{
    struct provider_rig *rig = rig_watching();
    rig->now_us += 60 * SECOND;
    rig_data(rig, "{'type':'ERROR','object':" GONE "}\n");
    cr_assert_eq(rig->cancelled, rig->exchange);
    rig_step(rig);
    cr_assert_str_eq(rig->path, "/api/v1/pods?limit=500");
    cr_assert_null(rig_newest(rig, TG_MSG_KIND_PHASE), "nothing was lost");
    rig_answer(rig, 200, LIST("200", POD("b", "150")));
    cr_assert_eq(rig_newest(rig, TG_MSG_REPLACE)->as.replace.count, 1);
    cr_assert_not_null(strstr(rig->path, "resourceVersion=200&"));
    rig_end_of(rig);
}

/* A server whose history is always gone must not be asked without pause. */
Test(watch, history_that_is_gone_again_and_again_is_waited_for)
{
    struct provider_rig *rig = rig_watching();
    int64_t waited_us = 0;
    for (int round = 0; round < 6; round++) {
        rig_data(rig, "{'type':'ERROR','object':" GONE "}\n");
        rig_step(rig);
        if (rig->wake_us != TG_TIME_NEVER) {
            waited_us += rig_wait(rig);
        }
        rig_answer(rig, 200, LIST("100", POD("a", "90")));
        rig_headers(rig, 200, 0);
    }
    cr_assert_geq(waited_us, 10 * SECOND, "six rounds took %lld us", (long long)waited_us);
    rig_end_of(rig);
}

Test(watch, failing_again_waits_longer_and_never_less_than_asked)
{
    struct provider_rig *rig = rig_open(TG_KIND_POD);
    int64_t first_us = 0;
    for (int i = 0; i < 6; i++) {
        rig_headers(rig, 500, 0);
        rig_end(rig, TG_CODE_NONE);
        const struct tg_msg *phase = rig_newest(rig, TG_MSG_KIND_PHASE);
        cr_assert_eq(phase->as.phase.attempts, i + 1);
        cr_assert_eq(phase->as.phase.retry_at_us, rig->wake_us);
        int64_t waited_us = rig_wait(rig);
        first_us = i == 0 ? waited_us : first_us;
        cr_assert(i < 5 || waited_us >= 20 * SECOND);
    }
    cr_assert_lt(first_us, 2 * SECOND);
    rig_headers(rig, 429, 120 * SECOND);
    rig_end(rig, TG_CODE_NONE);
    cr_assert_geq(rig_wait(rig), 120 * SECOND);
    rig_end(rig, TG_CODE_CONNECT);
    cr_assert_lt(rig_wait(rig), 120 * SECOND, "asked for once, waited for once");
    rig_end_of(rig);
}

Test(watch, refused_credentials_are_denied_not_lost)
{
    struct provider_rig *rig = rig_open(TG_KIND_POD);
    rig_answer(rig, 401, "{'kind':'Status','code':401,'reason':'Unauthorized','message':'no'}");
    const struct tg_msg *phase = rig_newest(rig, TG_MSG_KIND_PHASE);
    cr_assert_eq(phase->as.phase.phase, TG_KIND_PHASE_DENIED);
    cr_assert_eq(phase->as.phase.err.code, TG_CODE_UNAUTHORIZED);
    rig_end_of(rig);
}

/* Who may not list the whole cluster may still list the lab's namespace. */
Test(watch, forbidden_falls_back_to_the_namespace)
{
    struct provider_rig *rig = rig_open(TG_KIND_POD);
    rig_answer(rig, 403, "{'kind':'Status','code':403,'reason':'Forbidden','message':'no'}");
    cr_assert_str_eq(rig->path, "/api/v1/namespaces/default/pods?limit=500");
    rig_answer(rig, 403, "{'kind':'Status','code':403,'reason':'Forbidden','message':'no'}");
    cr_assert_eq(rig_phase(rig), TG_KIND_PHASE_DENIED);
    rig_wait(rig);
    cr_assert_str_eq(rig->path, "/api/v1/pods?limit=500", "rights may have come");
    rig->context.config.ns = (char[]){"team"};
    rig_answer(rig, 403, "{'kind':'Status','code':403,'reason':'Forbidden','message':'no'}");
    cr_assert_str_eq(rig->path, "/api/v1/namespaces/team/pods?limit=500", "as the context says");
    rig_end_of(rig);
    rig = rig_open(TG_KIND_NODE);
    rig_answer(rig, 403, "{'kind':'Status','code':403,'reason':'Forbidden','message':'no'}");
    cr_assert_eq(rig_phase(rig), TG_KIND_PHASE_DENIED, "Nodes have no namespace");
    rig_end_of(rig);
}

Test(watch, a_kind_that_the_server_lacks_is_looked_for_each_minute)
{
    struct provider_rig *rig = rig_open(TG_KIND_INFERENCE_POOL);
    rig_headers(rig, 404, 0);
    rig_data(rig, "404 page not found");
    rig_end(rig, TG_CODE_NONE);
    cr_assert_eq(rig_phase(rig), TG_KIND_PHASE_ABSENT);
    cr_assert_eq(rig_newest(rig, TG_MSG_REPLACE)->as.replace.count, 0);
    cr_assert_eq(rig_wait(rig), 60 * SECOND);
    rig_answer(rig, 200, LIST("7", ""));
    cr_assert_eq(rig_phase(rig), TG_KIND_PHASE_LIVE);
    rig_end_of(rig);
}

/* One line that cannot be read is not the end; three in a row are. */
/* Standing a lab up makes kinds: what waits for one does not wait a minute. */
Test(watch, a_kind_that_was_just_made_is_looked_for_when_asked)
{
    struct provider_rig *rig = rig_open(TG_KIND_INFERENCE_POOL);
    rig_headers(rig, 404, 0);
    rig_data(rig, "404 page not found");
    rig_end(rig, TG_CODE_NONE);
    cr_assert_eq(rig_phase(rig), TG_KIND_PHASE_ABSENT);
    int asked = (int)rig->submitted;
    tg_k8s_watch_hasten(rig->machine);
    rig_step(rig);
    cr_assert_eq((int)rig->submitted, asked + 1);
    tg_k8s_watch_hasten(rig->machine);
    rig_step(rig);
    cr_assert_eq((int)rig->submitted, asked + 1, "it is being asked already");
    rig_end_of(rig);
}

Test(watch, lines_that_cannot_be_read)
{
    struct provider_rig *rig = rig_watching();
    rig_data(rig, "{'type':'ADDED','object':{'metadata':{}}}\n");
    rig_data(rig, "not json\n{'type':'ADDED','object':" POD("b", "101") "}\n");
    cr_assert_not_null(rig_newest(rig, TG_MSG_PUT));
    cr_assert_eq(rig->cancelled, 0);
    rig_data(rig, "x\ny\nz\n");
    cr_assert_eq(rig->cancelled, rig->exchange);
    rig_step(rig);
    rig_wait(rig);
    cr_assert_str_eq(rig->path, "/api/v1/pods?limit=500");
    rig_end_of(rig);
}

/* A watch that the server ends goes on from where it was; after ten minutes everything is listed
 * once more, and what the stream lost or made up is put right. */
Test(watch, what_a_watch_told_is_audited_by_a_list)
{
    struct provider_rig *rig = rig_open(TG_KIND_POD);
    rig_answer(rig, 200, LIST("100", POD("a", "90")));
    rig->now_us += 400 * SECOND;
    rig_headers(rig, 200, 0);
    rig_data(rig, "{'type':'BOOKMARK','object':{'metadata':{'resourceVersion':'120'}}}\n");
    rig_end(rig, TG_CODE_NONE);
    cr_assert(strncmp(rig->path, "/api/v1/pods?watch=1&", 21) == 0, "%s", rig->path);
    rig->now_us += 400 * SECOND;
    rig_headers(rig, 200, 0);
    rig_data(rig, "{'type':'BOOKMARK','object':{'metadata':{'resourceVersion':'130'}}}\n");
    rig_end(rig, TG_CODE_NONE);
    cr_assert_str_eq(rig->path, "/api/v1/pods?limit=500");
    cr_assert_eq(rig_phase(rig), TG_KIND_PHASE_LIVE, "nothing is wrong meanwhile");
    rig_end_of(rig);
}

/* A proxy's login page is not a list. */
Test(watch, an_answer_that_is_not_json_is_retried)
{
    struct provider_rig *rig = rig_open(TG_KIND_POD);
    struct tg_transport_event event = {.kind = TG_TRANSPORT_HEADERS,
                                       .id = rig->exchange,
                                       .status = 200,
                                       .content_type = "text/html",
                                       .world = ""};
    rig->event(rig->machine, &event, rig->now_us);
    rig_data(rig, "<html>");
    rig_end(rig, TG_CODE_NONE);
    cr_assert_eq(rig_phase(rig), TG_KIND_PHASE_RETRYING);
    rig_end_of(rig);
}

Test(watch, watches_that_end_at_once_are_not_reopened_in_a_rush)
{
    struct provider_rig *rig = rig_watching();
    rig_end(rig, TG_CODE_NONE);
    cr_assert_eq(rig_phase(rig), TG_KIND_PHASE_RETRYING);
    cr_assert_geq(rig_wait(rig), 800000);
    rig_end_of(rig);
}

Test(watch, events_of_other_exchanges_are_not_taken)
{
    struct provider_rig *rig = rig_watching();
    struct tg_transport_event event = {.kind = TG_TRANSPORT_DONE, .id = rig->exchange + 1};
    cr_assert_not(rig->event(rig->machine, &event, rig->now_us));
    rig_end_of(rig);
}
