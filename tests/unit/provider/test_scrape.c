/* tests/unit/provider/test_scrape.c - who is scraped, how often, and what a failure means. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "provider/scrape.h"
#include "tests/unit/provider/provider_rig.h"

static bool take_event(void *machine, const struct tg_transport_event *event, int64_t now_us)
{
    return tg_scrape_event(machine, event, now_us);
}

static int64_t step(void *machine, int64_t now_us)
{
    return tg_scrape_step(machine, now_us);
}

static struct provider_rig *open_scrape(void)
{
    static char label[] = "gemma-server";
    struct provider_rig *rig = rig_new();
    rig->context.config.app_label = label;
    rig->machine = tg_scrape_new(&rig->context);
    rig->step = step;
    rig->event = take_event;
    rig_step(rig);
    return rig;
}

static void close_scrape(struct provider_rig *rig)
{
    tg_scrape_free(rig->machine);
    rig_close(rig);
}

static void see(struct provider_rig *rig, enum tg_msg_kind kind, const char *app, const char *phase,
                const char *address)
{
    struct tg_obj draft = {.kind = TG_KIND_POD,
                           .ns = "default",
                           .name = "vllm-a",
                           .uid = "u",
                           .as.pod = {.phase = phase, .app = app, .pod_ip = address}};
    struct tg_msg *msg = tg_msg_new(kind, 0, rig->now_us);
    msg->resource = TG_KIND_POD;
    msg->as.obj = tg_obj_new(&draft);
    tg_scrape_observe(rig->machine, msg);
    tg_msg_free(msg);
    rig_step(rig);
}

Test(scrape, a_model_server_is_asked_through_the_api_server_each_two_seconds)
{
    struct provider_rig *rig = open_scrape();
    cr_assert_eq(rig->wake_us, TG_TIME_NEVER, "nobody to ask");
    see(rig, TG_MSG_PUT, "gemma-server", "Running", "10.4.0.9");
    cr_assert_str_eq(rig->path, "/api/v1/namespaces/default/pods/http:vllm-a:8000/proxy/metrics");
    rig_answer(rig, 200, "vllm:num_requests_running{model_name=\"m\"} 3\n");
    const struct tg_msg *msg = rig_newest(rig, TG_MSG_METRICS);
    cr_assert_str_eq(msg->as.metrics.pod, "vllm-a");
    cr_assert(msg->as.metrics.sample.is_serving);
    cr_assert_eq(msg->as.metrics.sample.running, 3);
    cr_assert_eq(rig_wait(rig), 2 * SECOND);
    cr_assert_eq(rig->submitted, 2);
    close_scrape(rig);
}

/* Nobody asks it anything: its figures stand still, and are asked for half as often, until the
 * first request or failure. */
Test(scrape, an_idle_server_is_asked_less_often)
{
    static const char idle[] = "vllm:num_requests_running{m='x'} 0\n"
                               "vllm:request_success_total{m='x'} 7\n";
    static const char busy[] = "vllm:num_requests_running{m='x'} 0\n"
                               "vllm:request_success_total{m='x'} 8\n";
    struct provider_rig *rig = open_scrape();
    see(rig, TG_MSG_PUT, "gemma-server", "Running", "10.4.0.9");
    rig_answer(rig, 200, idle);
    cr_assert_eq(rig_wait(rig), 2 * SECOND, "one scrape tells nothing");
    rig_answer(rig, 200, idle);
    rig_wait(rig);
    rig_answer(rig, 200, busy);
    cr_assert_eq(rig_wait(rig), 6 * SECOND, "the pace of the scrape before");
    rig_answer(rig, 200, busy);
    cr_assert_eq(rig_wait(rig), 2 * SECOND);
    rig_headers(rig, 503, 0);
    rig_end(rig, TG_CODE_NONE);
    rig_wait(rig);
    rig_headers(rig, 503, 0);
    rig_end(rig, TG_CODE_NONE);
    cr_assert_eq(rig_wait(rig), 2 * SECOND, "a server that does not answer is watched closely");
    close_scrape(rig);
}

/* A slow answer is waited for: never two requests to one Pod at a time. */
Test(scrape, one_request_at_a_time)
{
    struct provider_rig *rig = open_scrape();
    see(rig, TG_MSG_PUT, "gemma-server", "Running", "10.4.0.9");
    rig->now_us += 10 * SECOND;
    rig_step(rig);
    cr_assert_eq(rig->submitted, 1);
    close_scrape(rig);
}

Test(scrape, others_are_not_asked)
{
    struct provider_rig *rig = open_scrape();
    see(rig, TG_MSG_PUT, "kube-dns", "Running", "10.4.0.9");
    see(rig, TG_MSG_PUT, "gemma-server", "Pending", "");
    see(rig, TG_MSG_PUT, "gemma-server", "Running", "");
    cr_assert_eq(rig->submitted, 0);
    close_scrape(rig);
}

/* Refused by the Pod is an answer: it does not serve. No contact is none. */
Test(scrape, not_serving_is_not_unreachable)
{
    struct provider_rig *rig = open_scrape();
    see(rig, TG_MSG_PUT, "gemma-server", "Running", "10.4.0.9");
    rig_answer(rig, 503,
               "{'kind':'Status','code':503,'reason':'ServiceUnavailable',"
               "'message':'connection refused'}");
    const struct tg_msg *msg = rig_newest(rig, TG_MSG_METRICS);
    cr_assert_not(msg->as.metrics.sample.is_serving);
    cr_assert_eq(msg->as.metrics.err.code, TG_CODE_SERVER);
    rig_wait(rig);
    rig_end(rig, TG_CODE_TIMEOUT);
    cr_assert_eq(rig_newest(rig, TG_MSG_METRICS)->as.metrics.err.code, TG_CODE_TIMEOUT);
    rig_wait(rig);
    rig_answer(rig, 200, "<html>");
    cr_assert_eq(rig_newest(rig, TG_MSG_METRICS)->as.metrics.err.code, TG_CODE_PROTOCOL);
    close_scrape(rig);
}

Test(scrape, who_is_gone_is_not_asked_again_and_its_answer_not_taken)
{
    struct provider_rig *rig = open_scrape();
    see(rig, TG_MSG_PUT, "gemma-server", "Running", "10.4.0.9");
    uint64_t exchange = rig->exchange;
    see(rig, TG_MSG_DELETE, "gemma-server", "Running", "10.4.0.9");
    cr_assert_eq(rig->cancelled, exchange);
    rig->now_us += 60 * SECOND;
    rig_step(rig);
    cr_assert_eq(rig->submitted, 1);
    struct tg_msg *list = tg_msg_new(TG_MSG_REPLACE, 0, rig->now_us);
    list->resource = TG_KIND_POD;
    see(rig, TG_MSG_PUT, "gemma-server", "Running", "10.4.0.9");
    tg_scrape_observe(rig->machine, list);
    tg_msg_free(list);
    cr_assert_eq(rig->cancelled, rig->exchange, "a list without it");
    close_scrape(rig);
}
